"""Orbit Mean-Elements Messages (CCSDS 502.0-B): columns of text under the standard's keywords to element sets. All spellings end here."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..elements import OMM_FIELDS, Elements, Reject
from .columns import SPACE, Cells, Mask, decimals, integers
from .draft import Draft, Place, limit, objects, reject
from .instants import iso_epochs

# What a message may say about itself for SGP4 to be right for it; saying nothing is right too.
REQUIRED_CONTEXT = {
    "CENTER_NAME": ({"EARTH"}, "SGP4 is for orbits around the Earth"),
    "REF_FRAME": ({"TEME"}, "SGP4 elements are in TEME"),
    "TIME_SYSTEM": ({"UTC"}, "epochs are read as UTC"),
    "MEAN_ELEMENT_THEORY": ({"SGP4", "SGP", "SDP4", "SGP/SGP4", "SGP4/SDP4"}, "SGP4 would give wrong positions for it"),
}
KEYWORDS = (*OMM_FIELDS, *REQUIRED_CONTEXT)
MANDATORY = (*(name for name, (_, _, default) in OMM_FIELDS.items() if default is None), "BSTAR")  # the standard demands BSTAR for SGP4
ABSENT = {"NORAD_CAT_ID": "0"}  # the standard makes the number optional; that it is absent is told in Elements.notes
OTHER_UNITS = ("deg", "rev/day")  # fields in these could well be in others

Record = Mapping[str, str]


def from_columns(columns: Mapping[str, Cells], place: Place, others: Sequence[Reject] = ()) -> Elements:
    """columns: keyword -> n cells, for the keywords that are there; a blank cell is a keyword that is not. Bad records are `rejected`."""
    draft = Draft(place)
    n = len(place.line)
    nothing = Cells(np.zeros(0, np.uint8), np.zeros(n, np.int64), np.zeros(n, np.int64))
    for name, (allowed, why) in REQUIRED_CONTEXT.items():
        if name in columns:
            _refuse_other(draft, name, columns[name], allowed, why)
    for name in OMM_FIELDS:
        draft.fields[name] = _field(draft, name, columns.get(name, nothing))
    return draft.elements(others)


def from_records(records: Sequence[Record], lines: Sequence[int], texts: Sequence[str], rejected: Sequence[Reject]) -> Elements:
    """records: keyword -> text, one mapping a message, which begins on its of `lines` with its of `texts`."""
    columns = {name: Cells.of([record.get(name, ABSENT.get(name, "")) for record in records]) for name in KEYWORDS}
    elements = from_columns(columns, Place(np.array(lines, np.int64), lambda i: _one_line(texts[i])), rejected)
    unnumbered = sum("NORAD_CAT_ID" not in record for record in records)
    note = f"{unnumbered} of {len(records)} messages have no NORAD_CAT_ID: numbered 0"
    return Elements(elements.fields, elements.rejected, (note,)) if unnumbered else elements


def without_unit(name: str, value: str) -> str:
    """`51.59 [deg]` to `51.59`. Another unit than the standard's stays, and so is refused as no number."""
    if name not in OMM_FIELDS or OMM_FIELDS[name][0] == "object" or not value.endswith("]"):
        return value
    number, _, unit = value[:-1].partition("[")
    expected = OMM_FIELDS[name][1]
    return value if expected in OTHER_UNITS and unit.strip().lower() != expected else number.strip()


class Messages:
    """Messages collected one by one from a format that is not a table."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.lines: list[int] = []
        self.texts: list[str] = []
        self.rejected: list[Reject] = []

    @property
    def total(self) -> int:
        return len(self.records) + len(self.rejected)

    def add(self, record: Record, line: int, text: str) -> None:
        self._count()
        self.records.append(record)
        self.lines.append(line)
        self.texts.append(text)

    def reject(self, line: int, text: str, reason: str) -> None:
        self._count()
        self.rejected.append(reject(line, _one_line(text), reason))

    def elements(self) -> Elements:
        return from_records(self.records, self.lines, self.texts, self.rejected)

    def _count(self) -> None:
        limit(self.total + 1, len(self.rejected))


def _one_line(text: str) -> str:
    return " ".join(text.split())


_LEAP_SECOND = re.compile(r":60([.][0-9]*)?(Z|[+]00:00)?$")
_NEED = {"datetime64[ns]": "an instant such as 2026-09-20T13:39:33.839424", "float64": "a number", "int32": "a whole number"}


def _field(draft: Draft, name: str, cells: Cells) -> npt.NDArray[Any]:
    dtype, _, default = OMM_FIELDS[name]
    if dtype == "object":
        return objects([text or default for text in cells.texts()])
    values, good, blank = _parse(dtype, cells)
    if name in MANDATORY:
        draft.refuse(blank, f"{name} is missing")
    else:
        values = np.where(blank, default, values).astype(dtype)
    draft.refuse(~good & ~blank, lambda i: f"{name} is {_what_is_wrong(dtype, cells.text(i))}: {cells.text(i)[:40]!r}")
    return values


def _what_is_wrong(dtype: str, text: str) -> str:
    if dtype == "datetime64[ns]" and _LEAP_SECOND.search(text):
        return "in a leap second, which numpy's datetime64 does not have: write the instant as :59 or as 00:00:00 of the next day"
    return f"not {_NEED[dtype]}"


def _parse(dtype: str, cells: Cells) -> tuple[npt.NDArray[Any], Mask, Mask]:
    text, too_long = cells.fitted()
    if dtype == "datetime64[ns]":
        epoch, good = iso_epochs(cells)
        return epoch.view(dtype), good, (text == SPACE).all(axis=1) & ~too_long
    values, good, blank = decimals(text) if dtype == "float64" else integers(text)
    return values, good & ~too_long, blank & ~too_long


def _refuse_other(draft: Draft, name: str, cells: Cells, allowed: set[str], why: str) -> None:
    texts = cells.texts()
    others = {text for text in set(texts) if text and text.upper() not in allowed}
    if others:
        draft.refuse(np.array([text in others for text in texts], bool), lambda i: f"{name} is {texts[i]!r}: {why}")
