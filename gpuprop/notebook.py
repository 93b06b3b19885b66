"""HTML for notebooks: small tables of facts and of first rows.

No colour is given, so that the tables take those of the notebook, light or dark. All text is
escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from .messages import printable

MOST_ROWS = 5  # of a preview
BORDER = "1px solid rgba(128, 128, 128, 0.4)"
TABLE = "border-collapse: collapse; margin: 0.3em 0; background: none; color: inherit;"
CELL = "padding: 0.1em 0.7em; background: none; color: inherit; text-align: "
FACT = f"{CELL}left; vertical-align: top;"
NUMBER = f"{CELL}right; white-space: nowrap;"


def page(
    title: str,
    facts: Mapping[str, object],
    header: Sequence[str] = (),
    rows: Iterable[Sequence[object]] = (),
    caption: str = "",
) -> str:
    """Make the HTML of an object.

    Parameters
    ----------
    title : str
        What it is, in one line.
    facts : dict
        A line for each: its name and value.
    header : sequence of str
        Names of the columns of a preview; no preview unless given.
    rows : iterable
        The rows of the preview.
    caption : str
        What the preview shows.

    Returns
    -------
    str
        HTML.
    """
    parts = [f"<div><strong>{escape(printable(title))}</strong>", _table((), facts.items())]
    if header:
        parts += [f"<div><em>{escape(caption)}</em></div>" if caption else "", _table(header, rows)]
    return "".join([*parts, "</div>"])


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f'<th style="{NUMBER}">{escape(name)}</th>' for name in header)
    lines = [f'<tr style="background: none; border-bottom: {BORDER}">{head}</tr>'] if header else []
    style = NUMBER if header else FACT
    for row in rows:
        cells = "".join(f'<td style="{style}">{escape(_shown(value))}</td>' for value in row)
        lines.append(f'<tr style="background: none">{cells}</tr>')
    return f'<table style="{TABLE}">{"".join(lines)}</table>'


def _shown(value: object) -> str:
    """Write a value; numbers in as many digits as fit a preview."""
    return f"{value:.8g}" if isinstance(value, float) else printable(str(value))  # numpy's, too
