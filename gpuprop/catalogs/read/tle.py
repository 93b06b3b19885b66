"""Two-line element sets, with or without a name line before them.

Columns: https://www.space-track.org/documentation#tle; Alpha-5 numbers: #tle-alpha5 there.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ...elements.sets import Elements, Reject
from ...elements.tle_format import ALPHA5, TLE_EPOCH_STEP, four_digit_year
from .columns import (
    DOT,
    NO_BLANK,
    SPACE,
    ZERO,
    Bytes,
    Cells,
    Ints,
    Mask,
    decimals,
    digits,
    integers,
    leading_zeros,
    trimmed,
)
from .draft import Draft, Place, check_counts, joined, objects, rejects
from .epochs import day_of_year_epochs

WIDTH = 69
CHECKSUM = WIDTH - 1
SIGNS = (ord("+"), ord("-"))
NAME, LINE_1, LINE_2 = 0, 1, 2
BLOCK = 100_000  # sets converted at a time

# 0-based columns that have a blank or a decimal point in every set. A missing or doubled character
# moves them.
BLANKS = {LINE_1: [1, 8, 17, 32, 43, 52, 61, 63], LINE_2: [1, 7, 16, 25, 33, 42, 51]}
POINTS = {LINE_1: [23, 34], LINE_2: [11, 20, 37, 46, 54]}
# Some files write angles below 100 deg with five decimals, which fill the field: `53.00000` instead
# of ` 53.0000`. Column of the point in line 2 -> the field.
ANGLES = {11: (8, 16), 20: (17, 25), 37: (34, 42), 46: (43, 51)}
DECIMALS = {
    "INCLINATION": (LINE_2, 8, 16),
    "RA_OF_ASC_NODE": (LINE_2, 17, 25),
    "ARG_OF_PERICENTER": (LINE_2, 34, 42),
    "MEAN_ANOMALY": (LINE_2, 43, 51),
    "MEAN_MOTION": (LINE_2, 52, 63),
    "MEAN_MOTION_DOT": (LINE_1, 33, 43),
}
EXPONENTIALS = {"MEAN_MOTION_DDOT": (44, 52), "BSTAR": (53, 61)}
INTEGERS = {
    "EPHEMERIS_TYPE": (LINE_1, 62, 63, 0),
    "ELEMENT_SET_NO": (LINE_1, 64, 68, 999),
    "REV_AT_EPOCH": (LINE_2, 63, 68, 0),
}

_ALPHA5 = np.full(256, -1, np.int64)  # by character; a leading blank counts as zero
_ALPHA5[list(ALPHA5.encode())] = np.arange(len(ALPHA5))
_HEADER = re.compile(r"([0-9]{1,6}) ([0-9]{1,6})")
_WEIGHT = np.zeros(256, np.int64)  # what a character adds to the checksum
_WEIGHT[list(b"0123456789")] = np.arange(10)
_WEIGHT[ord("-")] = 1


def read(data: bytes | bytearray, source: str, checksum: str) -> Elements:
    """Read every set of `data` (LF line ends); the bad ones are in `rejected`.

    checksum: verify or ignore.
    """
    lines = Cells.lines(data)
    first, second, name, strays = _pair(lines)
    check_counts(len(first) + len(strays))
    notes = _take_header(lines, strays, name, len(first))

    def blocks() -> Iterator[Elements]:
        for begin in range(0, max(len(first), 1), BLOCK):
            block = slice(begin, begin + BLOCK)
            last = first[begin + BLOCK] if begin + BLOCK < len(first) else len(lines)
            inside = [stray for stray in strays if stray.line <= last]
            del strays[: len(inside)]
            one, two = lines[first[block]], lines[second[block]]
            sets = _Sets(
                one, two, Place(first[block] + 1, one.text), Place(second[block] + 1, two.text)
            )
            yield sets.read(_names(lines, name[block]), checksum).elements(inside)

    elements = joined(blocks())
    return Elements(elements.fields, elements.rejected, notes) if notes else elements


def from_texts(
    names: list[str],
    first: list[str],
    second: list[str],
    numbers: list[str],
    place: Place,
    checksum: str,
) -> Draft:
    """Convert sets whose lines are texts in the records at `place`.

    numbers: the catalogue numbers beside the lines in the records, or blank.
    """
    lines = {
        line: Cells.of([trimmed(text) for text in texts])
        for line, texts in ((LINE_1, first), (LINE_2, second))
    }
    sets = _Sets(lines[LINE_1], lines[LINE_2], place, place)
    for line, cells in lines.items():
        sets.draft.refuse(cells.length == 0, f"line {line} of the set is missing")
        sets.draft.refuse(
            sets.text[line][:, 0] != ZERO + line, f"this is not line {line} of a two-line set"
        )
    draft = sets.read(names, checksum)
    given, good, blank = integers(Cells.of(numbers).fitted()[0])
    number = draft.fields["NORAD_CAT_ID"]
    other = ~blank & ~(good & (given == number))
    draft.refuse(
        other,
        lambda i: f"NORAD_CAT_ID is {numbers[i][:40]!r}, but the lines are of object {number[i]}",
    )
    return draft


def _pair(lines: Cells) -> tuple[Ints, Ints, Ints, list[Reject]]:
    """Find the lines 1, lines 2 and name lines (-1 for none) that belong together.

    The last value returned has every other line that is neither blank nor a comment.
    """
    indent = lines.indent()
    stripped = Cells(lines.buffer, lines.start + indent, lines.length - indent)
    kept = np.flatnonzero((stripped.length > 0) & (stripped.matrix(1)[:, 0] != ord("#")))

    # A name may begin with "1 " too. A line of a set is long, or has the digits of its number.
    body = stripped[kept].matrix(7)
    is_set = (body[:, 1] == SPACE) & (
        (stripped.length[kept] > 40)
        | digits(leading_zeros(body[:, 3:7]))[1] & (body[:, 6] != SPACE)
    )
    is_set &= np.isin(body[:, 0], (ord("1"), ord("2")))
    moved = is_set & (indent[kept] > 0)
    kind = np.where(is_set & ~moved, body[:, 0] - ZERO, NAME)
    after = np.append(kind[1:], NAME)
    before = np.insert(kind[:-1], 0, NAME)

    pairs = np.flatnonzero((kind == LINE_1) & (after == LINE_2))
    unpaired = {
        "line 1 without its line 2": (kind == LINE_1) & (after != LINE_2),
        "line 2 without its line 1": (kind == LINE_2) & (before != LINE_1),
        "name without an element set": (kind == NAME) & (after == NAME),
    }
    near = (
        moved
        | (kind == LINE_1) & np.append(moved[1:], False)
        | (kind == LINE_2) & np.insert(moved[:-1], 0, False)
    )
    strays: list[Reject] = []
    place = Place(kept + 1, lines[kept].text)
    for reason, mask in unpaired.items():
        strays += rejects(mask & ~near, place, reason)
        strays += rejects(
            mask & near,
            place,
            f"{reason}: the lines of a set begin in column 1, without blanks before them",
        )
    strays.sort(key=lambda stray: stray.line)
    second = moved & (before == LINE_1)  # reported with its line 1, so not the name of the next set
    named = (pairs > 0) & (kind[pairs - 1] == NAME) & ~second[pairs - 1]
    return kept[pairs], kept[pairs + 1], np.where(named, kept[pairs - 1], -1), strays


def _take_header(lines: Cells, strays: list[Reject], name: Ints, count: int) -> tuple[str, ...]:
    """Drop the first line of hypatia's tles.txt: the numbers of planes and of satellites in each.

    Returns a note if they do not match the file.
    """
    header = _HEADER.fullmatch(strays[0].text) if strays and count and name[0] >= 0 else None
    if (
        not header
        or strays[0].line > name[0]
        or lines.length[: strays[0].line - 1].any()
        or lines.length[strays[0].line : name[0]].any()
    ):
        return ()
    del strays[0]
    planes, each = int(header[1]), int(header[2])
    if planes * each == count:
        return ()
    return (
        f"the first line says {planes} planes of {each}, that is {planes * each} satellites, but "
        f"the file holds {count}",
    )


class _Sets:
    """n sets as two matrices of characters, (n, 69) each, and the draft made of them."""

    def __init__(
        self, first: Cells, second: Cells, first_place: Place, second_place: Place
    ) -> None:
        self.cells = {LINE_1: first, LINE_2: second}
        self.text = {line: cells.matrix(WIDTH) for line, cells in self.cells.items()}
        self.place = {LINE_1: first_place, LINE_2: second_place}
        self.draft = Draft(first_place)

    def read(self, names: list[str], checksum: str) -> Draft:
        """Convert all fields."""
        fields = self.draft.fields
        self._layout()
        fields["NORAD_CAT_ID"] = self._numbers()
        fields["EPOCH"] = self._epochs()
        for field, (line, start, stop) in DECIMALS.items():
            fields[field] = self._decimal(
                field, line, start, stop, _fixed_point(self.text[line][:, start:stop])
            )
        lead = self.text[LINE_1][:, 33]  # a blank, a sign or 0: in the checksum "1" counts as "-"
        self._refuse_field(~np.isin(lead, (*SIGNS, SPACE, ZERO)), "MEAN_MOTION_DOT", LINE_1, 33, 43)
        fields["ECCENTRICITY"] = self._decimal(
            "ECCENTRICITY", LINE_2, 26, 33, _assumed_point(self.text[LINE_2][:, 26:33])
        )
        for field, (start, stop) in EXPONENTIALS.items():
            fields[field] = self._decimal(
                field, LINE_1, start, stop, _exponential(self.text[LINE_1][:, start:stop])
            )
        for field, (line, start, stop, default) in INTEGERS.items():
            values, good, blank = integers(self.text[line][:, start:stop])
            fields[field] = np.where(blank, default, values).astype(np.int32)
            self._refuse_field(~(good & (values >= 0)) & ~blank, field, line, start, stop)
        fields["CLASSIFICATION_TYPE"] = objects(
            [code.strip() or "U" for code in self.text[LINE_1][:, 7].tobytes().decode("latin-1")]
        )
        fields["OBJECT_ID"] = objects(_designators(self.text[LINE_1][:, 9:17]))
        fields["OBJECT_NAME"] = objects(names)
        if checksum == "verify":
            for line in (LINE_1, LINE_2):
                self._verify(line)
        return self.draft

    def _layout(self) -> None:
        """Refuse lines with a wrong length or with characters in the wrong columns."""
        used = {
            line: WIDTH - (text[:, ::-1] != SPACE).argmax(axis=1)
            for line, text in self.text.items()
        }
        for line in (LINE_1, LINE_2):
            self._refuse_spaces(line)
            self._refuse_cut(line, used[line])
        for line, other in ((LINE_1, LINE_2), (LINE_2, LINE_1)):
            short = (used[line] == CHECKSUM) & (used[other] > CHECKSUM)
            reason = (
                f"line {line} has 68 columns and line {other} has 69: a character or the checksum "
                "is missing"
            )
            self.draft.refuse(short, reason, self.place[line])
        for line, text in self.text.items():
            moved = np.asarray((text[:, BLANKS[line]] != SPACE).any(axis=1))
            for point in POINTS[line]:
                off = text[:, point] != DOT
                if line == LINE_2 and point in ANGLES and off.any():
                    start, stop = ANGLES[point]
                    off &= (text[:, point - 1] != DOT) | (text[:, start:stop] == SPACE).any(axis=1)
                moved |= off
            reason = (
                f"line {line} has its blanks or decimal points in the wrong columns: a character "
                "is missing or too many, or changed"
            )
            self.draft.refuse(moved, reason, self.place[line])
            after = self.cells[line].matrix(WIDTH + 1)[:, WIDTH]
            longer = (self.cells[line].length == WIDTH + 1) & (after >= ZERO) & (after < ZERO + 10)
            self.draft.refuse(
                longer, f"line {line} has 70 columns: a character is too many", self.place[line]
            )
        # in the checksum "-" counts as 1
        signed = np.asarray(np.isin(self.text[LINE_2][:, 8:63], SIGNS).any(axis=1))
        self.draft.refuse(signed, "line 2 holds a sign: its numbers have none", self.place[LINE_2])

    def _refuse_cut(self, line: int, used: Ints) -> None:
        self.draft.refuse(
            used < CHECKSUM,
            lambda i: f"line {line} is cut: {used[i]} columns instead of 69",
            self.place[line],
        )

    def _refuse_spaces(self, line: int) -> None:
        """Refuse lines with no-break spaces and similar characters.

        Web pages and word processors write them instead of blanks.
        """
        spaces = np.zeros(len(self.draft.bad), bool)
        for i in np.flatnonzero((self.text[line] >= 128).any(axis=1)).tolist():
            spaces[i] = NO_BLANK.search(self.cells[line].text(i)) is not None
        reason = (
            f"line {line} holds no-break spaces (U+00A0) or other spaces that are not blanks: "
            "replace them with blanks"
        )
        self.draft.refuse(spaces, reason, self.place[line])

    def _numbers(self) -> Ints:
        numbers = {}
        for line, text in self.text.items():
            characters = leading_zeros(text[:, 2:7])
            high = _ALPHA5[characters[:, 0]]
            low, good = digits(characters[:, 1:])
            numbers[line] = high * 10_000 + low
            self._refuse_field(
                (high < 0) | ~good | (text[:, 6] == SPACE), "the catalogue number", line, 2, 7
            )
        one, two = numbers[LINE_1], numbers[LINE_2]
        self.draft.refuse(
            one != two,
            lambda i: f"line 1 is of object {one[i]}, line 2 of object {two[i]}",
            self.place[LINE_2],
        )
        return one

    def _epochs(self) -> npt.NDArray[Any]:
        text = self.text[LINE_1]
        year, year_good = digits(leading_zeros(text[:, 18:20]))
        day, day_good = digits(leading_zeros(text[:, 20:23]))
        fraction, fraction_good = digits(text[:, 24:32])
        self._refuse_field(~(year_good & day_good & fraction_good), "EPOCH", LINE_1, 18, 32)
        year = four_digit_year(year)
        epoch, good = day_of_year_epochs(year, day, fraction * TLE_EPOCH_STEP)
        self.draft.refuse(~good, lambda i: f"EPOCH: the year {year[i]} has no day {day[i]}")
        return epoch.view("datetime64[ns]")

    def _decimal(
        self, field: str, line: int, start: int, stop: int, text: Bytes
    ) -> npt.NDArray[Any]:
        values, good, blank = decimals(text)
        # some writers leave it blank; SGP4 does not use it
        absent = blank & (field == "MEAN_MOTION_DDOT")
        self._refuse_field(~good & ~absent, field, line, start, stop)
        return np.where(absent, 0.0, values)

    def _refuse_field(self, wrong: Mask, field: str, line: int, start: int, stop: int) -> None:
        def reason(i: int) -> str:
            shown = self.text[line][i, start:stop].tobytes().decode("latin-1")
            return (
                f"{field} (line {line}, columns {start + 1} to {stop}) is not a number: {shown!r}"
            )

        self.draft.refuse(wrong, reason, self.place[line])

    def _verify(self, line: int) -> None:
        """Refuse lines with a wrong checksum."""
        text = self.text[line]
        total = _WEIGHT[text[:, :CHECKSUM]].sum(axis=1) % 10
        said = text[:, CHECKSUM]
        wrong = (said != SPACE) & (said != total + ZERO)
        self.draft.refuse(
            wrong,
            lambda i: (
                f"checksum of line {line} is {chr(said[i])!r}, its characters give {total[i]}"
            ),
            self.place[line],
        )


def _names(lines: Cells, name: Ints) -> list[str]:
    """Return the names on the lines `name` (-1 for none), without the 0 of Space-Track."""
    names = lines[np.maximum(name, 0)].texts()
    return [
        text.removeprefix("0 ").strip() if line >= 0 else ""
        for text, line in zip(names, name.tolist(), strict=True)
    ]


def _fixed_point(text: Bytes) -> Bytes:
    """Make exponents invalid: the checksum does not notice an `E`, which counts as 0."""
    return np.where((text | 32) == ord("e"), np.uint8(ord("?")), text)


def _sign(text: Bytes) -> Bytes:
    """Replace a blank by `+`, and anything that is not a sign by an invalid character."""
    sign = np.where(text == SPACE, np.uint8(ord("+")), text)
    return np.where(np.isin(sign, SIGNS), sign, np.uint8(ord("?")))


def _assumed_point(text: Bytes) -> Bytes:
    """Write `1859667` as `.1859667`; every place needs its digit."""
    places = leading_zeros(text)
    places = np.where(places == SPACE, np.uint8(ord("?")), places)
    return np.hstack([np.full((len(text), 1), DOT, np.uint8), places])


def _exponential(text: Bytes) -> Bytes:
    """Write ` 28098-4` as `+.28098E-4`; a blank field stays blank."""
    sign, exponent_sign = _sign(text[:, :1]), _sign(text[:, 6:7])
    point, e = (np.full((len(text), 1), ord(character), np.uint8) for character in ".E")
    number = np.hstack([sign, point, leading_zeros(text[:, 1:6]), e, exponent_sign, text[:, 7:8]])
    return np.where((text == SPACE).all(axis=1)[:, None], np.uint8(SPACE), number)


def _designators(text: Bytes) -> list[str]:
    """Write `98067A` as `1998-067A`; anything else stays."""
    year, year_good = digits(text[:, :2])
    _, number_good = digits(text[:, 2:5])
    full = four_digit_year(year).tolist()
    known = (year_good & number_good).tolist()
    raw = text.tobytes().decode("latin-1")
    width = text.shape[1]
    pieces = [raw[at : at + width].rstrip() for at in range(0, len(raw), width)]
    return [
        f"{y}-{piece[2:]}" if k else piece.strip()
        for piece, y, k in zip(pieces, full, known, strict=True)
    ]
