"""The report of a writer: satellites that a format cannot hold, and fields that lose something."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...elements.fields import OMM_FIELDS, PATTERN_FIELDS
from ...elements.sets import Elements
from ...errors import GpupropError
from ...messages import counted
from ...typing import Mask
from ..read.draft import BOUNDS, SGP4_TYPES
from ..read.epochs import FIRST_YEAR, LAST_YEAR

SHOWN = 20  # reasons in the message of an error
LONGEST = 1000  # characters of a text; the reader takes lines of up to 64 KiB
TEXTS = tuple(name for name, (dtype, _, _) in OMM_FIELDS.items() if dtype == "object")
NUMBERS = tuple(name for name, (dtype, _, _) in OMM_FIELDS.items() if dtype == "float64")
_LINE_END = re.compile(r"[\r\n]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Unwritable:
    """A satellite that a format cannot hold.

    Parameters
    ----------
    index : int
        Its position in the Elements.
    sat_id : int
        Its catalogue number.
    name : str
        Its name.
    reason : str
        Why it cannot be written.
    """

    index: int
    sat_id: int
    name: str
    reason: str

    def __str__(self) -> str:
        return f"satellite {self.sat_id}{f' {self.name!r}' if self.name else ''}: {self.reason}"


@dataclass(frozen=True)
class Loss:
    """A field whose values in the file differ from those of the Elements.

    Parameters
    ----------
    field : str
        The OMM name of the field.
    satellites : int
        How many satellites are affected.
    largest : float
        The largest difference, in `unit`; 0.0 if it is not a number.
    unit : str
        The unit of the field.
    how : str
        What happened, for example "is rounded to the decimals of a TLE".
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
    """What `write_elements` wrote.

    Parameters
    ----------
    path : Path
        The file.
    format : str
        Its format.
    satellites : int
        How many satellites are in it.
    bytes : int
        Its size.
    rejected : tuple of Unwritable
        The satellites that were left out (on_error="skip").
    losses : tuple of Loss
        The fields that the format does not hold exactly.
    """

    path: Path
    format: str
    satellites: int
    bytes: int
    rejected: tuple[Unwritable, ...] = field(repr=False)
    losses: tuple[Loss, ...] = field(repr=False)

    def to_dict(self) -> dict[str, object]:
        """Return the values that `gpuprop export --json` prints.

        Returns
        -------
        dict
            The attributes under their names, ready for JSON.
        """
        facts: dict[str, object] = dict(
            path=str(self.path), format=self.format, satellites=self.satellites, bytes=self.bytes
        )
        return facts | dict(
            rejected=[asdict(each) for each in self.rejected],
            losses=[asdict(loss) for loss in self.losses],
        )


def reason_lines(rejected: Sequence[Unwritable], most: int) -> list[str]:
    """Return a line for each reason, with the satellites that it is about.

    At most `most` reasons; one more line counts the other satellites.
    """
    groups: dict[str, list[Unwritable]] = {}
    for each in rejected:
        groups.setdefault(each.reason, []).append(each)
    lines = []
    for reason, (first, *others) in list(groups.items())[:most]:
        if others:
            range_ = f"{first.sat_id} to {others[-1].sat_id} ({len(others) + 1:,} of them)"
            lines.append(f"satellites {range_}: {reason}")
        else:
            lines.append(str(first))
    more = sum(len(group) for group in list(groups.values())[most:])
    return [*lines, f"and {more:,} more"] if more else lines


class WritingError(GpupropError, ValueError):
    """Satellites cannot be written in the requested format; the Elements themselves are valid.

    Parameters
    ----------
    message : str
        What is wrong and what to do.
    rejected : tuple of Unwritable
        These satellites, each with the reason.
    """

    def __init__(self, message: str, rejected: tuple[Unwritable, ...]) -> None:
        super().__init__(message)
        self.rejected = rejected


class Report:
    """What happens to `elements` when they are written in the format `kind`.

    It starts with what no format can hold. Then the writer of the format adds satellites that it
    refuses and fields that it rounds.

    Attributes
    ----------
    writable : (n,) bool
        The satellites that are not refused.
    rejected : list of Unwritable
        The others.
    losses : list of Loss
        Fields that are not written exactly.
    """

    def __init__(self, elements: Elements, kind: str) -> None:
        self.elements = elements
        self.kind = kind
        self.writable: Mask = np.ones(len(elements), bool)
        self.rejected: list[Unwritable] = []
        self.losses: list[Loss] = []
        self._refuse_unreadable()
        for name in PATTERN_FIELDS:
            self.note_loss(
                name,
                elements.fields[name].astype(np.int32) >= 0,
                "is left out: no format has a field for it",
                unit="",
            )

    def refuse(self, wrong: Mask, reason: str | Callable[[int], str]) -> None:
        """Refuse the satellites of the mask `wrong` (n,) that are not refused yet."""
        for i in np.flatnonzero(wrong & self.writable).tolist():
            why = reason if isinstance(reason, str) else reason(i)
            self.rejected.append(
                Unwritable(i, int(self.elements.sat_id[i]), self.elements.name[i], why)
            )
        self.writable &= ~wrong

    def note_loss(
        self, name: str, changed: Mask, how: str, by: npt.ArrayLike = 0.0, unit: str | None = None
    ) -> None:
        """Note that `name` is written with another value where `changed` (n,) is true.

        `how` says in words what happens, `by` (scalar or (n,)) by how much, in the field's unit.
        """
        affected = np.asarray(changed) & self.writable
        if affected.any():
            largest = float(np.broadcast_to(np.abs(by), affected.shape)[affected].max())
            self.losses.append(
                Loss(
                    name,
                    int(affected.sum()),
                    largest,
                    OMM_FIELDS[name][1] if unit is None else unit,
                    how,
                )
            )

    def error(self, path: str) -> WritingError:
        """Make one exception for all satellites that are refused."""
        self.rejected.sort(key=lambda refused: refused.index)
        lines = [
            f"{path}: {len(self.rejected):,} of {len(self.elements):,} satellites cannot be "
            f"written as {self.kind}"
        ]
        lines += [f"  {line}" for line in reason_lines(self.rejected, SHOWN)]
        if len(self.rejected) < len(self.elements):
            lines.append('To write the others, use on_error="skip" (--on-error skip).')
        return WritingError("\n".join(lines), tuple(self.rejected))

    def refuse_values(self, name: str, wrong: Mask, what: str) -> None:
        """Refuse the satellites of the mask `wrong` (n,); the reason is the value, then `what`."""
        values = self.elements.fields[name]
        self.refuse(wrong, lambda i: f"{name} is {values[i]}{what}")

    def _refuse_unreadable(self) -> None:
        """Refuse what `read_elements` refuses, and texts that do not fit in a line."""
        fields = self.elements.fields
        for name in NUMBERS:
            self.refuse_values(name, ~np.isfinite(fields[name]), ", not a finite number")
        for name, (low, high, allowed) in BOUNDS.items():
            values = fields[name].astype(np.float64)
            if name == "NORAD_CAT_ID":  # synthetic satellites have numbers beyond the catalogue's
                self.refuse_values(name, values < 0, ", a negative number")
            else:
                outside = (values < low) | (values > high)
                self.refuse_values(name, outside, f", not {allowed}")
        for name in ("ELEMENT_SET_NO", "REV_AT_EPOCH"):
            self.refuse_values(name, fields[name] == -(2**31), ", which is read as no number")
        wrong_type = ~np.isin(fields["EPHEMERIS_TYPE"], SGP4_TYPES)
        self.refuse_values("EPHEMERIS_TYPE", wrong_type, ", not one of SGP4 (0 to 3)")
        epoch = fields["EPOCH"]
        year = epoch.astype("datetime64[Y]").astype(np.int64) + 1970
        known = ~np.isnat(epoch) & (year >= FIRST_YEAR) & (year <= LAST_YEAR)
        self.refuse_values("EPOCH", ~known, f", not within {FIRST_YEAR} to {LAST_YEAR}")
        for name in TEXTS:
            self._refuse_texts(name)
        self.note_loss(
            "CLASSIFICATION_TYPE",
            fields["CLASSIFICATION_TYPE"] == "",
            "is blank and will be read as U",
        )

    def _refuse_texts(self, name: str) -> None:
        """Refuse the texts of a field that do not fit in one line."""
        texts = self.elements.fields[name]
        faults = [_fault(text) for text in texts.tolist()]
        wrong = np.array([fault != "" for fault in faults], bool)
        self.refuse(wrong, lambda i: f"{name} {faults[i]}: {str(texts[i])[:60]!r}")


def _fault(text: object) -> str:
    """Say why a text cannot be written; empty if it can."""
    if not isinstance(text, str):
        return "is not a text"
    if _LINE_END.search(text):
        return "holds a line end, and a record is one line"
    if text != text.strip():
        return "has blanks at its ends, which reading would remove"
    if _SURROGATE.search(text):
        return "is not Unicode"
    return f"is longer than {LONGEST} characters" if len(text) > LONGEST else ""
