"""Records that are being read: their columns, and the first fault of each bad record."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...elements.sets import Elements, Reject
from .columns import Ints, Mask, trimmed
from .errors import ElementsError

SHOWN = 160  # characters of a bad record that its Reject keeps

UNNUMBERED = "messages have no NORAD_CAT_ID: numbered 0"
MAX_RECORDS = 2_000_000  # in one source; the whole public catalogue has 30 thousand
MAX_REJECTED = 1_000_000

# Bounds of what SGP4 can propagate, inclusive. A circular orbit at the Earth's surface makes 17.04
# revolutions a day, so more than 20 is an error of transcription; angles may be written from -180
# to 180 as well as from 0 to 360.
BOUNDS = {
    "MEAN_MOTION": (np.nextafter(0.0, 1.0), 20.0, "above 0 and at most 20 rev/day"),
    "ECCENTRICITY": (0.0, np.nextafter(1.0, 0.0), "at least 0 and below 1"),
    "INCLINATION": (0.0, 180.0, "0 to 180 deg"),
    "RA_OF_ASC_NODE": (-360.0, 360.0, "-360 to 360 deg"),
    "ARG_OF_PERICENTER": (-360.0, 360.0, "-360 to 360 deg"),
    "MEAN_ANOMALY": (-360.0, 360.0, "-360 to 360 deg"),
    "NORAD_CAT_ID": (0, 2**31 - 1, "0 to 2147483647"),
}
# 1, 2 and 3 are SGP, SGP4 and SDP4 in the classic table; public element sets say 0. 4 is SGP4-XP, 6
# a special-perturbations vector.
SGP4_TYPES = (0, 1, 2, 3)


@dataclass(frozen=True)
class Place:
    """Where n records are in the file.

    `line` is (n,), 1-based; `text(i)` is the text of record i.
    """

    line: Ints
    text: Callable[[int], str]


def check_counts(records: int, rejected: int = 0) -> None:
    """Raise ElementsError for more records, or bad records, than are kept in memory."""
    if records > MAX_RECORDS:
        raise ElementsError(
            f"the source has more than {MAX_RECORDS:,} records, the most that can be read at once: "
            "split it"
        )
    if rejected > MAX_REJECTED:
        raise ElementsError(
            f"the source has more than {MAX_REJECTED:,} bad records: it is not a catalogue of "
            "element sets"
        )


def reject(line: int, text: str, reason: str) -> Reject:
    """Make the Reject of a bad record, with the beginning of its text."""
    return Reject(line, trimmed(text)[:SHOWN], reason)


def rejects(wrong: Mask, place: Place, reason: str | Callable[[int], str]) -> list[Reject]:
    """Make the Rejects of the records in the mask `wrong` (n,)."""
    at_fault = np.flatnonzero(wrong)
    check_counts(0, len(at_fault))
    return [
        reject(int(place.line[i]), place.text(i), reason if isinstance(reason, str) else reason(i))
        for i in at_fault.tolist()
    ]


def joined(blocks: Iterable[Elements]) -> Elements:
    """Join the blocks of a source that is converted one block at a time.

    So the characters of a large source are never all in memory as matrices.
    """
    parts: list[Elements] = []
    for block in blocks:
        parts.append(block)
        check_counts(0, sum(len(part.rejected) for part in parts))
    return Elements.concat(parts) if len(parts) > 1 else parts[0]


class Draft:
    """n records at `place`, not checked completely yet.

    A reader fills `fields` (OMM names, units of the file) and rejects bad records; `elements`
    checks the bounds and makes the Elements.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.fields: dict[str, npt.NDArray[Any]] = {}
        self.bad: Mask = np.zeros(len(place.line), bool)
        # which records have no catalogue number, and so 0
        self.unnumbered: Mask = np.zeros(len(place.line), bool)
        self.rejected: list[Reject] = []

    def refuse(
        self, wrong: Mask, reason: str | Callable[[int], str], place: Place | None = None
    ) -> None:
        """Reject the records in the mask `wrong` (n,) that are not rejected yet.

        `place` is the line with the fault, if it is not the first line of the record.
        """
        self.rejected += rejects(wrong & ~self.bad, place or self.place, reason)
        self.bad |= wrong
        check_counts(0, len(self.rejected))

    def elements(self, others: Iterable[Reject] = ()) -> Elements:
        """Make Elements of the good records; `rejected` has the bad ones and `others`, by line."""
        for name in BOUNDS:
            self._refuse_outside(name)
        kind = self.fields["EPHEMERIS_TYPE"]
        self.refuse(
            kind == 4, "EPHEMERIS_TYPE 4 is SGP4-XP: SGP4 would give wrong positions for it"
        )
        self.refuse(
            ~np.isin(kind, SGP4_TYPES),
            lambda i: f"EPHEMERIS_TYPE is {kind[i]}, not one of SGP4 (0 to 3)",
        )
        good = ~self.bad
        fields = {name: values[good] for name, values in self.fields.items()}
        rejected = tuple(sorted([*self.rejected, *others], key=lambda bad: bad.line))
        unnumbered = self.unnumbered[good]
        return (
            Elements(fields, rejected, (UNNUMBERED,), unnumbered[None, :])
            if unnumbered.any()
            else Elements(fields, rejected)
        )

    def _refuse_outside(self, name: str) -> None:
        values = self.fields[name]
        low, high, allowed = BOUNDS[name]
        self.refuse(
            (values < low) | (values > high), lambda i: f"{name} is {values[i]}, not {allowed}"
        )


def count_unnumbered(elements: Elements) -> Elements:
    """Put the count into the note about sets without a catalogue number.

    Called when all blocks are read.
    """
    assert elements.noted is not None
    if UNNUMBERED not in elements.notes:
        return elements
    count = int(elements.noted[elements.notes.index(UNNUMBERED)].sum())
    counted = f"{count} of {len(elements)} {UNNUMBERED}"
    notes = tuple(counted if note == UNNUMBERED else note for note in elements.notes)
    return Elements(elements.fields, elements.rejected, notes, elements.noted)


def objects(values: list[str]) -> npt.NDArray[Any]:
    """Make a column of text."""
    column = np.empty(len(values), object)
    column[:] = values
    return column
