"""OMM as CSV, as CelesTrak and Space-Track serve it, or a table with the lines of a TLE.

Every line is one record, so that a missing quotation mark damages only its own line. The columns of
TLE lines have the names of JSON (json_keywords.SPELLINGS). They are read if a table does not have
all mean elements.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from ...elements.sets import Elements
from .columns import Bytes, Cells, Ints, Mask, decode
from .draft import Place, check_counts, joined, rejects
from .errors import ElementsError
from .json_keywords import LINES, NAMES, SPELLINGS
from .omm import MANDATORY, from_columns, is_keyword
from .omm_json import name_of
from .tle import from_texts

# Bytes that are split at a time; this bounds the memory for positions of separators.
BLOCK = 8 << 20
SEPARATORS = (",", ";", "\t")
QUOTE = ord('"')
MAX_TITLES = 10  # lines that may be above the header
MAX_TABLES = 1000  # headers that differ from the one before
# a line with two of these is a header
_HEADER_WORDS = {"EPOCH", "MEAN_MOTION", "ECCENTRICITY", "NORAD_CAT_ID"}
_REPEATED = tuple(  # every header that can be used contains one of these
    spelt.encode()
    for word in ("ECCENTRICITY", "LINE1", "LINE_1", "TLE1", "TLE_1")
    for spelt in (word, word.lower(), word.capitalize())
)
_BOTH = frozenset(LINES[1:])

Header = tuple[str, list[str]]


def read(data: bytes | bytearray, source: str, checksum: str) -> Elements:
    """Read every row of `data` (LF line ends); the bad ones are in `rejected`.

    Raises ElementsError if a header cannot be used. Lines above the header are a title and are
    skipped. A joined file has several headers, and each begins a new table.
    """
    lines = Cells.lines(data)
    nonblank = np.flatnonzero(lines.indent() < lines.length)
    headers = _headers(data, lines, nonblank, source)
    nonblank = np.setdiff1d(nonblank, [at for at, _ in headers], assume_unique=True)
    headers = [
        headers[0],
        *(this for before, this in itertools.pairwise(headers) if this[1] != before[1]),
    ]
    if len(headers) > MAX_TABLES:
        raise ElementsError(
            f"{source} has more than {MAX_TABLES:,} different CSV headers, the most that can be "
            "read at once: split it"
        )
    edges = np.searchsorted(nonblank, [*(at for at, _ in headers), len(lines)]).tolist()
    check_counts(edges[-1] - edges[0])
    if edges[-1] == edges[0]:
        raise ElementsError(
            f"{source} is a CSV header without any record: the query matched nothing"
        )

    def blocks() -> Iterator[Elements]:
        for (at, header), (begin, end) in zip(headers, itertools.pairwise(edges), strict=True):
            fault = _fault(header)
            rows = nonblank[begin:end]
            pieces = np.unique(
                np.searchsorted(lines.start[rows], np.arange(0, len(data) + BLOCK, BLOCK))
            )
            for a, b in itertools.pairwise(pieces.tolist()):
                reason = f"the CSV header above it (line {at + 1}) {fault}" if fault else ""
                yield (
                    _refused(lines, rows[a:b], reason)
                    if fault
                    else _block(lines, rows[a:b], header, checksum)
                )

    return joined(blocks())


def header_in(text: str) -> Header | None:
    """Return the separator and the names of the columns (upper case) of a header line.

    None if the line is not a header of element sets.
    """
    for separator in SEPARATORS:
        names = [SPELLINGS.get(name, name) for name in columns_of(text, separator)]
        if len(_HEADER_WORDS.intersection(names)) >= 2 or _BOTH.issubset(names):
            return separator, names
    return None


def columns_of(line: str, separator: str) -> list[str]:
    """Return the names of the columns; they contain neither separators nor quotation marks."""
    return [name.strip().strip('"').strip().upper() for name in line.split(separator)]


def _headers(
    data: bytes | bytearray, lines: Cells, nonblank: Ints, source: str
) -> list[tuple[int, Header]]:
    """Return every header with the index of its line.

    The first is among the first MAX_TITLES + 1 lines that are not blank, as recognise.py checked.
    """
    titles = nonblank[: MAX_TITLES + 1].tolist()
    first, header = next((at, found) for at in titles if (found := header_in(lines.text(at))))
    above = next(
        (
            at
            for at in titles
            if at < first and lines.text(at).count(header[0]) == len(header[1]) - 1
        ),
        None,
    )
    if above is not None:
        raise ElementsError(
            f"{source}, line {above + 1} is above the CSV header (line {first + 1}) and has "
            "as many fields: is it a record?"
        )
    if fault := _fault(header):
        raise ElementsError(f"{source}, line {first + 1}: the CSV header {fault}")
    again = ((at, header_in(lines.text(at))) for at in _lines_with(data, lines, first))
    return [(first, header), *((at, found) for at, found in again if found)]


def _lines_with(data: bytes | bytearray, lines: Cells, after: int) -> list[int]:
    """Return the lines below `after` that may be another header."""
    found = set()
    begin = int(lines.start[after] + lines.length[after])
    for keyword in _REPEATED:
        at = data.find(keyword, begin)
        while at >= 0:
            line = int(np.searchsorted(lines.start, at, "right")) - 1
            found.add(line)
            at = data.find(keyword, int(lines.start[line] + lines.length[line]))
    return sorted(found)


def _has_tle_lines(names: list[str]) -> bool:
    """Return whether the records of a table are read from their TLE lines."""
    return _BOTH.issubset(names) and not set(MANDATORY).issubset(names)


def _fault(header: Header) -> str:
    """Say why a header cannot be used; empty if it can."""
    _, names = header
    missing = [] if _has_tle_lines(names) else [name for name in MANDATORY if name not in names]
    twice = [
        name
        for name in dict.fromkeys(names)
        if (is_keyword(name) or name in _BOTH) and names.count(name) > 1
    ]
    if missing:
        other = sorted(_BOTH.difference(names))
        lines = f", or both lines of a TLE ({other[0]} is missing)" if len(other) == 1 else ""
        return f"has no {', '.join(missing)}: it must name the OMM keywords{lines}"
    return f"has {', '.join(twice)} more than once" if twice else ""


def _refused(lines: Cells, rows: Ints, reason: str) -> Elements:
    """Reject the rows of a table whose header cannot be used."""
    place = Place(rows + 1, lines[rows].text)
    return from_columns({}, Place(rows[:0], place.text)).elements(
        rejects(np.ones(len(rows), bool), place, reason)
    )


def _block(lines: Cells, rows: Ints, header: Header, checksum: str) -> Elements:
    """Convert some rows of a table."""
    separator, names = header
    base = int(lines.start[rows[0]])
    start = lines.start[rows] - base
    end = start + lines.length[rows]
    buffer = lines.buffer[base : base + int(end[-1])]
    commas, odd_quotes = _separators(buffer, start, end, ord(separator))

    owner = np.searchsorted(start, commas, "right") - 1
    count = np.bincount(owner, minlength=len(rows)) + 1
    good = (count == len(names)) & ~odd_quotes

    def miscounted(i: int) -> str:
        return (
            "a quotation mark without its partner"
            if odd_quotes[i]
            else f"{count[i]} fields, the header has {len(names)}"
        )

    rejected = rejects(~good, Place(rows + 1, lines[rows].text), miscounted)

    inner = commas[good[owner]].reshape(-1, len(names) - 1)
    starts = np.hstack([start[good, None], inner + 1])
    ends = np.hstack([inner, end[good, None]])
    doubled = np.flatnonzero((buffer[:-1] == QUOTE) & (buffer[1:] == QUOTE))
    used = set(NAMES) | _BOTH
    columns = {
        name: _column(buffer, starts[:, j], ends[:, j], doubled)
        for j, name in enumerate(names)
        if is_keyword(name) or name in used
    }
    kept = rows[good]
    place = Place(kept + 1, lines[kept].text)
    if _has_tle_lines(names):
        texts = {name: cells.texts() for name, cells in columns.items()}
        first, second, numbers = (
            texts.get(name, [""] * len(kept)) for name in (*sorted(_BOTH), "NORAD_CAT_ID")
        )
        records = [dict(zip(texts, row, strict=True)) for row in zip(*texts.values(), strict=True)]
        return from_texts(
            [name_of(record) for record in records], first, second, numbers, place, checksum
        ).elements(rejected)
    return from_columns(columns, place).elements(rejected)


def _separators(buffer: Bytes, start: Ints, end: Ints, separator: int) -> tuple[Ints, Mask]:
    """Find where fields end, and which lines have an odd number of quotation marks.

    A separator between quotation marks is text.
    """
    commas = np.flatnonzero(buffer == separator)
    # not those of a header between two rows
    commas = commas[commas < end[np.searchsorted(start, commas, "right") - 1]]
    quotes = np.flatnonzero(buffer == QUOTE)
    if not len(quotes):
        return commas, np.zeros(len(start), bool)
    first = np.searchsorted(quotes, start)  # quotation marks before each line
    before = np.searchsorted(quotes, commas) - first[np.searchsorted(start, commas, "right") - 1]
    return commas[before % 2 == 0], (np.searchsorted(quotes, end) - first) % 2 == 1


def _column(buffer: Bytes, start: Ints, end: Ints, doubled: Ints) -> Cells:
    """Return one field of every row, without its quotation marks.

    doubled: the positions of two quotation marks side by side.
    """
    last = max(len(buffer) - 1, 0)
    quoted = (
        (end - start >= 2)
        & (buffer[np.minimum(start, last)] == QUOTE)
        & (buffer[np.maximum(end - 1, 0)] == QUOTE)
    )
    cells = Cells(buffer, start + quoted, end - start - 2 * quoted)
    holds = quoted & (
        np.searchsorted(doubled, cells.start + cells.length - 1)
        > np.searchsorted(doubled, cells.start)
    )
    if not holds.any():
        return cells
    texts = (decode(cells.bytes(i)) for i in range(len(cells)))
    return Cells.of(
        [
            text.replace('""', '"') if inside else text
            for text, inside in zip(texts, holds.tolist(), strict=True)
        ]
    )
