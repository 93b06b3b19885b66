"""HTML for notebooks: small tables of facts and of first rows.

No colour is given, so that the tables take those of the notebook, light or dark. All text is
escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

MOST_ROWS = 5  # of a preview
BORDER = "1px solid rgba(128, 128, 128, 0.4)"
CELL = "padding: 0.1em 0.7em; text-align: {align}; background: none; color: inherit;"


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
    parts = [f"<div><strong>{escape(title)}</strong>", _table((), facts.items())]
    if header:
        parts += [f"<div><em>{escape(caption)}</em></div>" if caption else "", _table(header, rows)]
    return "".join([*parts, "</div>"])


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    left, right = (CELL.format(align=align) for align in ("left", "right"))
    head = "".join(f'<th style="{right}">{escape(name)}</th>' for name in header)
    lines = [f'<tr style="border-bottom: {BORDER}">{head}</tr>'] if header else []
    for row in rows:
        style = right if header else left
        cells = "".join(f'<td style="{style}">{escape(str(value))}</td>' for value in row)
        lines.append(f'<tr style="background: none">{cells}</tr>')
    body = "".join(lines)
    return f'<table style="border-collapse: collapse; margin: 0.3em 0">{body}</table>'
