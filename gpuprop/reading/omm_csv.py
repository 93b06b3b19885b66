"""OMM as CSV, as CelesTrak and Space-Track serve it. Every line is one record, so that an unbalanced quote spoils its own line only."""

import itertools

import numpy as np

from ..elements import Elements
from .columns import Bytes, Cells, Ints, Mask, decode
from .draft import Place, joined, limit, rejects
from .errors import ElementsError
from .omm import KEYWORDS, MANDATORY, from_columns

BLOCK = 8 << 20  # bytes tokenised at a time: bounds the memory that comma positions take
COMMA, QUOTE = ord(","), ord('"')


def read(data: bytes | bytearray, source: str) -> Elements:
    """Every row of `data` (LF line ends); the bad ones are in `rejected`. Raises ElementsError if the header cannot be used."""
    lines = Cells.lines(data)
    filled = np.flatnonzero(lines.indent() < lines.length)
    names = _usable(lines.text(int(filled[0])), source)
    rows = filled[1:]
    if not len(rows):
        raise ElementsError(f"{source} is a CSV header without any record: the query matched nothing")
    limit(len(rows))
    edges = np.unique(np.searchsorted(lines.start[rows], np.arange(0, len(data) + BLOCK, BLOCK)))
    return joined(_block(lines, rows[a:b], names) for a, b in itertools.pairwise(edges.tolist()))


def header(line: str) -> list[str]:
    """The names of the columns; a keyword holds neither commas nor quotation marks."""
    return [name.strip().strip('"').strip().upper() for name in line.split(",")]


def _usable(line: str, source: str) -> list[str]:
    names = header(line)
    missing = [name for name in MANDATORY if name not in names]
    twice = [name for name in KEYWORDS if names.count(name) > 1]
    if missing:
        raise ElementsError(f"{source}: the CSV header has no {', '.join(missing)}: it must name the OMM keywords")
    if twice:
        raise ElementsError(f"{source}: the CSV header has {', '.join(twice)} more than once")
    return names


def _block(lines: Cells, rows: Ints, names: list[str]) -> Elements:
    base = int(lines.start[rows[0]])
    start = lines.start[rows] - base
    end = start + lines.length[rows]
    buffer = lines.buffer[base : base + int(end[-1])]
    commas, odd_quotes = _commas(buffer, start, end)

    owner = np.searchsorted(start, commas, "right") - 1
    count = np.bincount(owner, minlength=len(rows)) + 1
    good = (count == len(names)) & ~odd_quotes

    def miscounted(i: int) -> str:
        return "a quotation mark without its second" if odd_quotes[i] else f"{count[i]} fields, the header has {len(names)}"

    rejected = rejects(~good, Place(rows + 1, lines[rows].text), miscounted)

    inner = commas[good[owner]].reshape(-1, len(names) - 1)
    starts = np.hstack([start[good, None], inner + 1])
    ends = np.hstack([inner, end[good, None]])
    doubled = np.flatnonzero((buffer[:-1] == QUOTE) & (buffer[1:] == QUOTE))
    columns = {name: _column(buffer, starts[:, j], ends[:, j], doubled) for j, name in enumerate(names) if name in KEYWORDS}
    kept = rows[good]
    return from_columns(columns, Place(kept + 1, lines[kept].text), rejected)


def _commas(buffer: Bytes, start: Ints, end: Ints) -> tuple[Ints, Mask]:
    """The commas that separate fields, and which lines have an odd number of quotation marks."""
    commas = np.flatnonzero(buffer == COMMA)
    quotes = np.flatnonzero(buffer == QUOTE)
    if not len(quotes):
        return commas, np.zeros(len(start), bool)
    first = np.searchsorted(quotes, start)  # quotation marks before each line
    before = np.searchsorted(quotes, commas) - first[np.searchsorted(start, commas, "right") - 1]
    return commas[before % 2 == 0], (np.searchsorted(quotes, end) - first) % 2 == 1


def _column(buffer: Bytes, start: Ints, end: Ints, doubled: Ints) -> Cells:
    """One field of every row, without its quotation marks. doubled: where two quotation marks stand together."""
    last = max(len(buffer) - 1, 0)
    quoted = (end - start >= 2) & (buffer[np.minimum(start, last)] == QUOTE) & (buffer[np.maximum(end - 1, 0)] == QUOTE)
    cells = Cells(buffer, start + quoted, end - start - 2 * quoted)
    holds = quoted & (np.searchsorted(doubled, cells.start + cells.length - 1) > np.searchsorted(doubled, cells.start))
    if not holds.any():
        return cells
    texts = (decode(cells.bytes(i)) for i in range(len(cells)))
    return Cells.of([text.replace('""', '"') if inside else text for text, inside in zip(texts, holds.tolist(), strict=True)])
