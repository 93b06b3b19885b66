"""Orbit Mean-Elements Messages (CCSDS 502.0-B): columns of text under the standard's keywords to element sets. All four spellings end here."""

from collections.abc import Mapping, Sequence

import numpy as np

from gpuprop.elements import FIELDS, Elements, Reject
from gpuprop.reading.columns import SPACE, Cells, Mask, decimals, integers
from gpuprop.reading.draft import Draft, Place, objects, reject
from gpuprop.reading.instants import iso_epochs

# What a message may say about itself for SGP4 to be right for it; saying nothing is right too.
REQUIRED_CONTEXT = {
    "CENTER_NAME": ({"EARTH"}, "SGP4 is for orbits around the Earth"),
    "REF_FRAME": ({"TEME"}, "SGP4 elements are in TEME"),
    "TIME_SYSTEM": ({"UTC"}, "epochs are read as UTC"),
    "MEAN_ELEMENT_THEORY": ({"SGP4", "SGP", "SDP4", "SGP/SGP4", "SGP4/SDP4"}, "SGP4 would give wrong positions for it"),
}
KEYWORDS = (*FIELDS, *REQUIRED_CONTEXT)
MANDATORY = (
    "EPOCH",
    "MEAN_MOTION",
    "ECCENTRICITY",
    "INCLINATION",
    "RA_OF_ASC_NODE",
    "ARG_OF_PERICENTER",
    "MEAN_ANOMALY",
    "NORAD_CAT_ID",
    "BSTAR",
)
UNITS = {
    name: unit for name, (_, unit, _) in FIELDS.items() if unit in ("deg", "rev/day")
}  # the units that another spelling could well have

Record = Mapping[str, str]


def from_columns(columns: Mapping[str, Cells], place: Place, others: Sequence[Reject] = ()) -> Elements:
    """columns: keyword -> n cells, for the keywords that are there; a blank cell is a keyword that is not. Bad records are `rejected`."""
    draft = Draft(place)
    n = len(place.line)
    nothing = Cells(np.zeros(0, np.uint8), np.zeros(n, np.int64), np.zeros(n, np.int64))
    for name, (allowed, why) in REQUIRED_CONTEXT.items():
        if name in columns:
            _refuse_other(draft, name, columns[name], allowed, why)
    for name, (dtype, _, default) in FIELDS.items():
        cells = columns.get(name, nothing)
        if dtype == "object":
            draft.fields[name] = objects([text or default for text in cells.texts()])
        else:
            values, good, blank = _parse(dtype, cells)
            if name in MANDATORY:
                draft.refuse(blank, f"{name} is missing")
            else:
                values = np.where(blank, default, values).astype(dtype)
            draft.refuse(~good & ~blank, lambda i, n=name, c=cells, d=dtype: f"{n} is not {_NEED[d]}: {c.text(i)[:40]!r}")  # type: ignore[misc]
            draft.fields[name] = values
    return draft.elements(others)


def from_records(records: Sequence[Record], lines: Sequence[int], texts: Sequence[str], rejected: Sequence[Reject]) -> Elements:
    """records: keyword -> text, one mapping a message, which begins on its of `lines` with its of `texts`."""
    columns = {name: Cells.of([record.get(name, "") for record in records]) for name in KEYWORDS}
    return from_columns(columns, Place(np.array(lines, np.int64), lambda i: texts[i]), rejected)


def without_unit(name: str, value: str) -> str:
    """`51.59 [deg]` to `51.59`. Another unit than the standard's stays, and so is refused as no number."""
    if name not in FIELDS or FIELDS[name][0] == "object" or not value.endswith("]"):
        return value
    number, _, unit = value[:-1].partition("[")
    expected = UNITS.get(name)
    return value if expected and unit.strip().lower() != expected else number.strip()


class Messages:
    """Messages collected one by one from a format that is not a table."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.lines: list[int] = []
        self.texts: list[str] = []
        self.rejected: list[Reject] = []

    def add(self, record: Record, line: int, text: str) -> None:
        self.records.append(record)
        self.lines.append(line)
        self.texts.append(text)

    def reject(self, line: int, text: str, reason: str) -> None:
        self.rejected.append(reject(line, text, reason))

    def elements(self) -> Elements:
        return from_records(self.records, self.lines, self.texts, self.rejected)


_NEED = {"datetime64[ns]": "an instant such as 2026-09-20T13:39:33.839424", "float64": "a number", "int32": "a whole number"}


def _parse(dtype: str, cells: Cells) -> tuple[np.ndarray, Mask, Mask]:
    text, too_long = cells.fitted()
    if dtype == "datetime64[ns]":
        epoch, good = iso_epochs(cells)
        return epoch.view(dtype), good, (text == SPACE).all(axis=1) & ~too_long
    values, good, blank = decimals(text) if dtype == "float64" else integers(text)
    return values, good & ~too_long, blank & ~too_long


def _refuse_other(draft: Draft, name: str, cells: Cells, allowed: set[str], why: str) -> None:
    values, inverse = np.unique(np.array(cells.texts(), object).astype(str), return_inverse=True)
    wrong = np.array([bool(value) and value.upper() not in allowed for value in values.tolist()], bool)
    if wrong.any():
        draft.refuse(wrong[inverse], lambda i: f"{name} is {values[inverse[i]]!r}: {why}")
