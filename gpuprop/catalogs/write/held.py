"""What a format cannot hold: element sets that are refused, one by one with the reason, and fields
that lose decimals.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...elements.fields import OMM_FIELDS, PATTERN_FIELDS
from ...elements.sets import Elements
from ...errors import GpupropError
from ...messages import counted
from ...typing import Mask
from ..read.draft import BOUNDS, SGP4_TYPES
from ..read.epochs import FIRST_YEAR, LAST_YEAR

SHOWN = 20
LONGEST = 1000  # characters of a text; the reader takes lines of up to 64 KiB
TEXTS = tuple(name for name, (dtype, _, _) in OMM_FIELDS.items() if dtype == "object")
NUMBERS = tuple(name for name, (dtype, _, _) in OMM_FIELDS.items() if dtype == "float64")
_LINE_END = re.compile(r"[\r\n]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Unwritable:
    """A satellite that a format cannot hold: its place in the Elements, its number and name, and
    why.
    """

    index: int
    sat_id: int
    name: str
    reason: str

    def __str__(self) -> str:
        return f"satellite {self.sat_id}{f' {self.name!r}' if self.name else ''}: {self.reason}"


@dataclass(frozen=True)
class Loss:
    """A field that a file holds otherwise than the Elements: for how many satellites, by how much
    at most (in `unit`), and how.
    """

    field: str
    satellites: int
    largest: float
    unit: str
    how: str

    def __str__(self) -> str:
        amount = (
            f", by up to {self.largest:.2g}{f' {self.unit}' if self.unit else ''}"
            if self.largest
            else ""
        )
        return f"{self.field} of {counted(self.satellites, 'satellite')} {self.how}{amount}"


@dataclass(frozen=True)
class Written:
    """What write_elements did. bytes: of the file. rejected: who was left out (on_error="skip").
    losses: what the format did not hold.
    """

    path: Path
    format: str
    satellites: int
    bytes: int
    rejected: tuple[Unwritable, ...] = field(repr=False)
    losses: tuple[Loss, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """What `gpuprop export --json` prints."""
        facts = dict(
            path=str(self.path), format=self.format, satellites=self.satellites, bytes=self.bytes
        )
        return facts | dict(
            rejected=[asdict(each) for each in self.rejected],
            losses=[asdict(loss) for loss in self.losses],
        )


def in_lines(rejected: Sequence[Unwritable], most: int) -> list[str]:
    """A line for each reason, with whom it is about; at most so many, and one that tells of the
    others.
    """
    about: dict[str, list[Unwritable]] = {}
    for refused in rejected:
        about.setdefault(refused.reason, []).append(refused)
    lines = []
    for reason, (first, *others) in list(about.items())[:most]:
        whom = (
            f"satellites {first.sat_id} to {others[-1].sat_id} ({len(others) + 1:,} of them)"
            if others
            else ""
        )
        lines.append(f"{whom}: {reason}" if whom else str(first))
    left = sum(len(group) for group in list(about.values())[most:])
    return [*lines, f"and {left:,} more"] if left else lines


class WritingError(GpupropError, ValueError):
    """Satellites that a format cannot hold, in `rejected`."""

    def __init__(self, message: str, rejected: tuple[Unwritable, ...]) -> None:
        super().__init__(message)
        self.rejected = rejected


class Ledger:
    """Who of `elements` can be written as `kind`; a writer refuses more, and tells of what it
    rounds.

    To begin with it refuses what no format brings back: what read_elements refuses, and texts that
    do not stand in one line.
    """

    def __init__(self, elements: Elements, kind: str) -> None:
        self.elements = elements
        self.kind = kind
        self.good: Mask = np.ones(len(elements), bool)
        self.rejected: list[Unwritable] = []
        self.losses: list[Loss] = []
        self._refuse_unreadable()
        for name in PATTERN_FIELDS:
            self.lose(
                name,
                elements.fields[name].astype(np.int32) >= 0,
                "is left out: no format has a field for it",
                unit="",
            )

    def refuse(self, wrong: Mask, reason: str | Callable[[int], str]) -> None:
        """Refuse the satellites of the mask `wrong` (n,) that are not refused yet."""
        for i in np.flatnonzero(wrong & self.good).tolist():
            why = reason if isinstance(reason, str) else reason(i)
            self.rejected.append(
                Unwritable(i, int(self.elements.sat_id[i]), self.elements.name[i], why)
            )
        self.good &= ~wrong

    def lose(
        self, name: str, changed: Mask, how: str, by: npt.ArrayLike = 0.0, unit: str | None = None
    ) -> None:
        """Note that `name` is written otherwise where `changed` (n,), and by how much."""
        told = np.asarray(changed) & self.good
        if told.any():
            largest = float(np.broadcast_to(np.abs(by), told.shape)[told].max())
            self.losses.append(
                Loss(
                    name,
                    int(told.sum()),
                    largest,
                    OMM_FIELDS[name][1] if unit is None else unit,
                    how,
                )
            )

    def error(self, path: str) -> WritingError:
        """The one exception for everybody refused."""
        self.rejected.sort(key=lambda refused: refused.index)
        lines = [
            f"{path}: {len(self.rejected):,} of {len(self.elements):,} satellites cannot be "
            f"written as {self.kind}"
        ]
        lines += [f"  {line}" for line in in_lines(self.rejected, SHOWN)]
        if len(self.rejected) < len(self.elements):
            lines.append('To write the others, use on_error="skip" (--on-error skip).')
        return WritingError("\n".join(lines), tuple(self.rejected))

    def _refuse_unreadable(self) -> None:
        fields = self.elements.fields
        for name in NUMBERS:
            self.refuse(
                ~np.isfinite(fields[name]), lambda i, name=name: f"{name} is {fields[name][i]}"
            )  # type: ignore[misc]
        for name, (low, high, allowed) in BOUNDS.items():
            values = fields[name].astype(np.float64)
            if name == "NORAD_CAT_ID":  # synthetic satellites have numbers beyond the catalogue's
                self.refuse(
                    values < 0,
                    lambda i: f"the catalogue number {fields['NORAD_CAT_ID'][i]} is negative",
                )
                continue
            outside = (values < low) | (values > high)
            self.refuse(
                outside,
                lambda i, name=name, allowed=allowed: f"{name} is {fields[name][i]}, not {allowed}",
            )  # type: ignore[misc]
        for name in ("ELEMENT_SET_NO", "REV_AT_EPOCH"):
            self.refuse(
                fields[name] == -(2**31), f"{name} is {-(2**31)}, which is read as no number"
            )
        kind = fields["EPHEMERIS_TYPE"]
        self.refuse(
            ~np.isin(kind, SGP4_TYPES), lambda i: f"EPHEMERIS_TYPE {kind[i]} is not SGP4's (0 to 3)"
        )
        epoch = fields["EPOCH"]
        year = epoch.astype("datetime64[Y]").astype(np.int64) + 1970
        known = ~np.isnat(epoch) & (year >= FIRST_YEAR) & (year <= LAST_YEAR)
        self.refuse(
            ~known, lambda i: f"EPOCH is {epoch[i]}, not within {FIRST_YEAR} to {LAST_YEAR}"
        )
        for name in TEXTS:
            faults = [_fault(text) for text in fields[name].tolist()]
            wrong = np.array([fault != "" for fault in faults], bool)
            self.refuse(
                wrong,
                lambda i, name=name, faults=faults: (
                    f"{name} {faults[i]}: {str(fields[name][i])[:60]!r}"
                ),
            )  # type: ignore[misc]
        self.lose(
            "CLASSIFICATION_TYPE",
            fields["CLASSIFICATION_TYPE"] == "",
            "is blank and will be read as U",
        )


def _fault(text: object) -> str:
    if not isinstance(text, str):
        return "is not a text"
    if _LINE_END.search(text):
        return "holds a line end, which no record does"
    if text != text.strip():
        return "has blanks around it, which do not come back"
    if _SURROGATE.search(text):
        return "is not Unicode"
    return f"is longer than {LONGEST} characters" if len(text) > LONGEST else ""
