"""Pictures as files: sizes of text, formats, the same bytes for the same picture."""

import io
from os import PathLike
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

TEXT: Any = {
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.linewidth": 0.6,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "gpuprop",
    "pdf.fonttype": 42,
}
DATELESS: dict[str, dict[str, None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {},
}


def picture(figure: Figure, path: str | PathLike[str]) -> bytes:
    """Return a figure as PNG, SVG or PDF, by the ending of its file's name.

    The same figure gives the same bytes: there is no date in it.
    """
    form = Path(path).suffix.lower().removeprefix(".")
    file = io.BytesIO()
    with matplotlib.rc_context(TEXT):
        figure.savefig(file, format=form, dpi=200, metadata=DATELESS[form])
    return file.getvalue()
