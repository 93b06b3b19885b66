"""Orbit Mean-Elements Messages (CCSDS 502.0-B): texts under keywords -> element sets.

All spellings of keywords are already replaced by those of the standard.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ...elements.fields import OMM_FIELDS
from ...elements.sets import Elements, Reject
from .columns import SPACE, Cells, Mask, decimals, decode, integers, trimmed
from .draft import Draft, Place, check_counts, objects, reject
from .epochs import iso_epochs

# The accepted units of a field, the standard's first. A number in another unit is refused.
UNITS = {
    "EPOCH": ("utc",),
    "MEAN_MOTION": ("rev/day",),
    "ECCENTRICITY": ("", "1", "n/a"),
    **dict.fromkeys(
        ("INCLINATION", "RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY"), ("deg",)
    ),
    "BSTAR": ("1/er", "1/[er]", "1/earth radii", "1/[earth radii]"),
    "MEAN_MOTION_DOT": ("rev/day**2", "rev/day^2", "rev/day2"),
    "MEAN_MOTION_DDOT": ("rev/day**3", "rev/day^3", "rev/day3"),
}
# In older classes of Space-Track, EPOCH has whole seconds, and this keyword has the fraction.
MICROSECONDS = "EPOCH_MICROSECONDS"
_XP = "it is a term of SGP4-XP, and SGP4 would give wrong positions"
_PARTS = "the whole instant must be in EPOCH"
# Keywords that begin with this change the epoch; unknown ones are refused.
_OF_THE_EPOCH = "EPOCH_"

# Keywords that change the meaning of the elements: the values that SGP4 allows (in upper case; "0"
# stands for any zero), and the reason. A keyword may also be absent or blank.
CONTEXT: dict[str, tuple[tuple[str, ...], str]] = {
    "CENTER_NAME": (("EARTH",), "SGP4 is for orbits around the Earth"),
    "REF_FRAME": (("TEME", "TEMEOFDATE"), "SGP4 elements are in TEME"),
    "REF_FRAME_EPOCH": ((), "SGP4 elements are in TEME of date, not of a fixed epoch"),
    "TIME_SYSTEM": (("UTC",), "epochs are read as UTC"),
    "TIME_SCALE": (("UTC",), "epochs are read as UTC"),
    "TIMESYSTEM": (("UTC",), "epochs are read as UTC"),
    "TIMESCALE": (("UTC",), "epochs are read as UTC"),
    **{
        f"{begin}_{end}": (("DEG", "DEGREE", "DEGREES"), "angles are read in degrees")
        for begin in ("ANGLE", "ANGULAR")
        for end in ("UNIT", "UNITS")
    },
    "EPOCH_TIME_SYSTEM": (("UTC",), "epochs are read as UTC"),
    "EPOCH_TIME_SCALE": (("UTC",), "epochs are read as UTC"),
    "EPOCH_MILLISECONDS": (("0",), _PARTS),
    "EPOCH_NANOSECONDS": (("0",), _PARTS),
    "EPOCH_FRACTION": (("0",), _PARTS),
    "MEAN_ELEMENT_THEORY": (
        ("SGP4", "SGP", "SDP4", "SGP/SGP4", "SGP4/SDP4", "TLE"),
        "SGP4 would give wrong positions for it",
    ),
    "BTERM": (("0",), _XP),
    "AGOM": (("0",), _XP),
    **{
        f"{name}{ending}": (
            tuple(unit.upper() for unit in units),
            f"{name} is read in {units[0] or 'no unit'}",
        )
        for name, units in UNITS.items()
        for ending in ("_UNIT", "_UNITS")
    },
}
KEYWORDS = (*OMM_FIELDS, MICROSECONDS, *CONTEXT)
# The standard makes the number optional; Elements.notes says if it is absent or blank.
ABSENT = {"NORAD_CAT_ID": 0}
# BSTAR has a default here, but the standard requires it for SGP4.
MANDATORY = (
    *(
        name
        for name, (_, _, default) in OMM_FIELDS.items()
        if default is None and name not in ABSENT
    ),
    "BSTAR",
)
SHOWN = 800  # characters of a message in error messages, with line ends and indents


def from_columns(columns: Mapping[str, Cells], place: Place) -> Draft:
    """Convert the columns of n messages.

    columns: keyword -> n cells, for the keywords of the source. A blank cell means that the keyword
    is absent.
    """
    draft = Draft(place)
    n = len(place.line)
    nothing = Cells(np.zeros(0, np.uint8), np.zeros(n, np.int64), np.zeros(n, np.int64))
    for name in columns:
        if is_context(name):
            _refuse_other(draft, name, columns[name])
    for name in OMM_FIELDS:
        draft.fields[name] = _field(draft, name, columns.get(name, nothing))
    if MICROSECONDS in columns:
        _add_microseconds(draft, columns[MICROSECONDS])
    return draft


def is_keyword(name: str) -> bool:
    """Return whether a keyword (upper case) is read, or may make its record bad.

    All others are ignored.
    """
    return name in KEYWORDS or is_context(name)


def is_context(name: str) -> bool:
    """Return whether a keyword (upper case) may change what the elements mean."""
    return name in CONTEXT or (name.startswith(_OF_THE_EPOCH) and name != MICROSECONDS)


def without_unit(name: str, value: str) -> str:
    """Remove the unit of a value: `51.59 [deg]` becomes `51.59`.

    A unit that the standard does not allow stays; the value is then refused as no number.
    """
    if name not in OMM_FIELDS or OMM_FIELDS[name][0] == "object" or not value.endswith("]"):
        return value
    number, _, unit = value[:-1].partition("[")
    return number.strip() if unit.strip().lower() in UNITS.get(name, ()) else value


class Messages:
    """Messages collected one by one from a format that is not a table.

    `data` is the text, and (begin, end) a piece of it.
    """

    def __init__(self, data: str | bytes | bytearray) -> None:
        self.data = data
        self.records: list[dict[str, str]] = []
        self.lines: list[int] = []
        self.ranges: list[tuple[int, int]] = []
        self.rejected: list[Reject] = []
        # keyword -> (first message, end, text): the messages first to end - 1 share the text
        self.shared: dict[str, list[tuple[int, int, str]]] = {}

    @property
    def total(self) -> int:
        """Number of messages, good and bad."""
        return len(self.records) + len(self.rejected)

    def add(self, record: dict[str, str], line: int, begin: int, end: int) -> None:
        """Add a message: keyword -> text."""
        self._count()
        self.records.append(record)
        self.lines.append(line)
        self.ranges.append((begin, end))

    def reject(self, line: int, begin: int, end: int, reason: str) -> None:
        """Add a bad message."""
        self._count()
        self.rejected.append(reject(line, self.shown(begin, end), reason))

    def shown(self, begin: int, end: int) -> str:
        """Return a piece of the text as one line."""
        piece = self.data[begin : min(end, begin + SHOWN)]
        return " ".join(re.split("[ \t\n]+", piece if isinstance(piece, str) else decode(piece)))

    def place(self, chosen: Iterable[int]) -> Place:
        """Return the places of some of the messages."""
        chosen = list(chosen)
        return Place(
            np.array([self.lines[i] for i in chosen], np.int64),
            lambda i: self.shown(*self.ranges[chosen[i]]),
        )

    def share(self, name: str, text: str, first: int) -> None:
        """Give a keyword to all messages from number `first` on that do not have it yet.

        A message keeps its own text, or one that is shared among fewer messages. The text is stored
        once for all: nested objects would otherwise multiply the time and the memory.
        """
        if first < len(self.records):
            self.shared.setdefault(name, []).append((first, len(self.records), text))

    def texts(self, name: str, chosen: Iterable[int]) -> list[str]:
        """Return the text of a keyword in some of the messages; empty if absent."""
        given = [""] * len(self.records)
        # ranges of messages that have a text, in order; a range follows those inside it
        done: list[tuple[int, int]] = []
        for first, stop, text in self.shared.get(name, ()):
            end = stop
            while done and done[-1][0] >= first:
                begin, until = done.pop()
                given[until:end] = [text] * (end - until)
                end = begin
            given[first:end] = [text] * (end - first)
            done.append((first, stop))
        return [self.records[i].get(name, given[i]) for i in chosen]

    def draft(self, chosen: Iterable[int]) -> Draft:
        """Convert some of the messages from their OMM keywords."""
        chosen = list(chosen)
        return from_columns(_Columns(self, chosen), self.place(chosen))

    def elements(self) -> Elements:
        """Convert all messages from their OMM keywords."""
        return self.draft(range(len(self.records))).elements(self.rejected)

    def _count(self) -> None:
        check_counts(self.total + 1, len(self.rejected))


class _Columns(Mapping[str, Cells]):
    """The columns of some messages.

    A column is made on demand, so that they are not all in memory at once.
    """

    def __init__(self, messages: Messages, chosen: list[int]) -> None:
        present = set(messages.shared).union(*(messages.records[i] for i in chosen))
        self._messages, self._chosen, self._names = (
            messages,
            chosen,
            sorted(filter(is_keyword, present)),
        )

    def __getitem__(self, name: str) -> Cells:
        if name not in self._names:
            raise KeyError(name)
        return Cells.of(self._messages.texts(name, self._chosen))

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


_LEAP_SECOND = re.compile(r":60([.][0-9]*)?(Z|[+]00(:?00)?)?$")
_NEED = {
    "datetime64[ns]": "an instant such as 2026-09-20T13:39:33.839424",
    "float64": "a number",
    "int32": "a whole number",
}


def _field(draft: Draft, name: str, cells: Cells) -> npt.NDArray[Any]:
    dtype, _, default = OMM_FIELDS[name]
    if dtype == "object":
        return objects([text or default for text in cells.texts()])
    values, good, blank = _parse(dtype, cells)
    if name in MANDATORY:
        draft.refuse(blank, f"{name} is missing")
    else:
        values = np.where(blank, ABSENT.get(name, default), values).astype(dtype)
    if name in ABSENT:
        draft.unnumbered = blank
    draft.refuse(
        ~good & ~blank,
        lambda i: f"{name} is {_what_is_wrong(dtype, cells.text(i))}: {cells.text(i)[:40]!r}",
    )
    return values


def _what_is_wrong(dtype: str, text: str) -> str:
    if dtype == "datetime64[ns]" and _LEAP_SECOND.search(text):
        return (
            "in a leap second, which numpy's datetime64 does not have: write the instant as :59 or "
            "as 00:00:00 of the next day"
        )
    return f"not {_NEED[dtype]}"


def _parse(dtype: str, cells: Cells) -> tuple[npt.NDArray[Any], Mask, Mask]:
    text, too_long = cells.fitted()
    if dtype == "datetime64[ns]":
        epoch, good = iso_epochs(cells)
        return epoch.view(dtype), good, (text == SPACE).all(axis=1) & ~too_long
    values, good, blank = decimals(text) if dtype == "float64" else integers(text)
    return values, good & ~too_long, blank & ~too_long


def _add_microseconds(draft: Draft, cells: Cells) -> None:
    """Add the microseconds to an EPOCH of whole seconds.

    If EPOCH has a fraction, both must be equal.
    """
    count, good, blank = _parse("int32", cells)
    good &= (count >= 0) & (count < 1_000_000)
    draft.refuse(
        ~good & ~blank,
        lambda i: f"{MICROSECONDS} is not a whole number from 0 to 999999: {cells.text(i)[:40]!r}",
    )
    epoch = draft.fields["EPOCH"].view(np.int64)
    fraction = epoch % 1_000_000_000
    other = good & (fraction != 0) & (fraction // 1000 != count)
    draft.refuse(
        other, lambda i: f"{MICROSECONDS} is {count[i]}, but EPOCH has another fraction of a second"
    )
    draft.fields["EPOCH"] = (epoch + np.where(good & (fraction == 0), count * 1000, 0)).view(
        "datetime64[ns]"
    )


def _refuse_other(draft: Draft, name: str, cells: Cells) -> None:
    """Refuse the records whose value of a context keyword SGP4 does not allow."""
    allowed, why = CONTEXT.get(
        name, ((), f"this keyword is not known, and may change the epoch; {_PARTS}")
    )
    texts = cells.texts()
    others = {
        text
        for text in set(texts)
        if text and text.upper() not in allowed and not ("0" in allowed and _is_zero(text))
    }
    if others:
        draft.refuse(
            np.array([text in others for text in texts], bool),
            lambda i: f"{name} is {trimmed(texts[i])[:80]!r}: {why}",
        )


def _is_zero(text: str) -> bool:
    try:
        return float(text) == 0.0
    except ValueError:
        return False
