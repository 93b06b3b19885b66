"""Element sets: N mean orbits as an immutable structure of arrays, under the field names of the CCSDS Orbit Mean-Elements Message.

The fields hold what the file said, in the file's units (degrees, revolutions per day), so that they can be written back exactly;
the properties give the library's units (radians, radians per minute).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .clock import Instant, as_times, format_ns, instant_ns
from .gravity import gravity_model

# name: (dtype, unit, default). The order is the order of columns in satellites.arrow.
OMM_FIELDS: dict[str, tuple[str, str, Any]] = {
    "OBJECT_NAME": ("object", "", ""),
    "OBJECT_ID": ("object", "", ""),
    "EPOCH": ("datetime64[ns]", "UTC", None),
    "MEAN_MOTION": ("float64", "rev/day", None),
    "ECCENTRICITY": ("float64", "", None),
    "INCLINATION": ("float64", "deg", None),
    "RA_OF_ASC_NODE": ("float64", "deg", None),
    "ARG_OF_PERICENTER": ("float64", "deg", None),
    "MEAN_ANOMALY": ("float64", "deg", None),
    "EPHEMERIS_TYPE": ("int32", "", 0),
    "CLASSIFICATION_TYPE": ("object", "", "U"),
    "NORAD_CAT_ID": ("int32", "", None),
    "ELEMENT_SET_NO": ("int32", "", 999),
    "REV_AT_EPOCH": ("int32", "", 0),
    "BSTAR": ("float64", "1/earth radii", 0.0),
    "MEAN_MOTION_DOT": ("float64", "rev/day^2", 0.0),
    "MEAN_MOTION_DDOT": ("float64", "rev/day^3", 0.0),
}
ARROW_TYPE = {"object": pa.string(), "datetime64[ns]": pa.timestamp("ns", "UTC"), "float64": pa.float64(), "int32": pa.int32()}
FIRST_SYNTHETIC_ID = 1_000_000_000  # interface: synthetic satellites never collide with a catalogue number
DEG = math.pi / 180.0
REV_PER_DAY = 1440.0 / (2.0 * math.pi)  # revolutions per day in one radian per minute


@dataclass(frozen=True)
class Reject:
    """A record that could not be read: its line (1-based, of the line that is wrong), its text (cut to 160 characters) and the reason."""

    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}: {self.text!r}"


@dataclass(frozen=True, eq=False)
class Elements:
    """N element sets in the order given.

    fields: every name of OMM_FIELDS -> array (n,), read-only. Missing ones take its default; a missing one without default is a
    ValueError, as is a wrong length.
    rejected: the records of the source that could not be read (`read_elements(..., on_error="skip")`), a list; a selection has none.
    notes: facts about the satellites that belong into the metadata of what is made from them (source, assumptions).
    noted: (n_notes, n) bool, whom each note is about; everybody unless given. A selection keeps the notes about those it keeps.
    """

    fields: Mapping[str, npt.NDArray[Any]]
    rejected: Sequence[Reject] = ()
    notes: tuple[str, ...] = ()
    noted: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        unknown = set(self.fields) - set(OMM_FIELDS)
        if unknown:
            raise ValueError(f"unknown element fields: {', '.join(sorted(unknown))}")
        missing = [name for name, (_, _, default) in OMM_FIELDS.items() if default is None and name not in self.fields]
        if missing:
            raise ValueError(f"element fields missing: {', '.join(missing)}")
        n = len(self.fields["NORAD_CAT_ID"])
        complete = {}
        for name, (dtype, _, default) in OMM_FIELDS.items():
            values = self.fields.get(name)
            if name == "EPOCH":
                values = _epochs(values)
            array = np.full(n, default, dtype) if values is None else np.array(values, dtype)
            if array.shape != (n,):
                raise ValueError(f"{name} has shape {array.shape}, NORAD_CAT_ID has ({n},)")
            array.flags.writeable = False
            complete[name] = array
        object.__setattr__(self, "fields", MappingProxyType(complete))
        object.__setattr__(self, "rejected", list(self.rejected))
        noted = np.ones((len(self.notes), n), bool) if self.noted is None else self.noted
        kept = [number for number, members in enumerate(noted) if members.any() or not n]
        object.__setattr__(self, "notes", tuple(self.notes[number] for number in kept))
        object.__setattr__(self, "noted", noted[kept])

    # --- library units ---
    @property
    def sat_id(self) -> npt.NDArray[np.int32]:
        """Catalogue numbers, (n,)."""
        return self.fields["NORAD_CAT_ID"]

    @property
    def name(self) -> npt.NDArray[np.object_]:
        """Names, (n,) str, empty where the source has none."""
        return self.fields["OBJECT_NAME"]

    @property
    def epoch(self) -> npt.NDArray[np.datetime64]:
        """Epochs, (n,) datetime64[ns], UTC."""
        return self.fields["EPOCH"]

    @property
    def mean_motion(self) -> npt.NDArray[np.float64]:
        """Kozai mean motion as in the element set, (n,) rad/min."""
        return np.asarray(self.fields["MEAN_MOTION"] / REV_PER_DAY)

    @property
    def eccentricity(self) -> npt.NDArray[np.float64]:
        return self.fields["ECCENTRICITY"]

    @property
    def inclination(self) -> npt.NDArray[np.float64]:
        """(n,) rad."""
        return np.asarray(self.fields["INCLINATION"] * DEG)

    @property
    def raan(self) -> npt.NDArray[np.float64]:
        """Right ascension of the ascending node, (n,) rad."""
        return np.asarray(self.fields["RA_OF_ASC_NODE"] * DEG)

    @property
    def argp(self) -> npt.NDArray[np.float64]:
        """Argument of perigee, (n,) rad."""
        return np.asarray(self.fields["ARG_OF_PERICENTER"] * DEG)

    @property
    def mean_anomaly(self) -> npt.NDArray[np.float64]:
        """(n,) rad."""
        return np.asarray(self.fields["MEAN_ANOMALY"] * DEG)

    @property
    def bstar(self) -> npt.NDArray[np.float64]:
        """SGP4's drag term, (n,) 1/Earth radii."""
        return self.fields["BSTAR"]

    # --- as a sequence ---
    def __len__(self) -> int:
        return len(self.sat_id)

    def __repr__(self) -> str:
        if not len(self):
            return "<Elements: 0 satellites>"
        first, last = (str(edge.astype("datetime64[s]")) + "Z" for edge in (self.epoch.min(), self.epoch.max()))
        return f"<Elements: {len(self):,} satellites, epochs {first} to {last}, {len(self.rejected)} rejected>"

    def __getitem__(self, index: Any) -> "Elements":
        """The satellites chosen by a boolean mask, an index array, a slice or one integer (always an Elements)."""
        if isinstance(index, (int, np.integer)):
            index = [int(index)]
        assert self.noted is not None
        return Elements({name: array[index] for name, array in self.fields.items()}, (), self.notes, self.noted[:, index])

    def __reduce__(self) -> Any:
        return Elements, (dict(self.fields), self.rejected, self.notes, self.noted)

    def __iter__(self) -> Iterator["Elements"]:
        return (self[i] for i in range(len(self)))

    @staticmethod
    def concat(parts: Iterable["Elements"]) -> "Elements":
        """All satellites of `parts`, in order."""
        parts = list(parts)
        if not parts:
            raise ValueError("nothing to concatenate")
        notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
        noted = np.zeros((len(notes), sum(map(len, parts))), bool)
        first = 0
        for part in parts:
            assert part.noted is not None
            for note, members in zip(part.notes, part.noted, strict=True):
                noted[notes.index(note), first : first + len(part)] = members
            first += len(part)
        rejected = [reject for part in parts for reject in part.rejected]
        return Elements({name: np.concatenate([part.fields[name] for part in parts]) for name in OMM_FIELDS}, rejected, notes, noted)

    @staticmethod
    def from_satrecs(satrecs: Iterable[Any]) -> "Elements":
        """The element sets of python-sgp4 satellites (compiled or in Python) or of gpuprop.api.Satrec, without names.

        Each value is the decimal that python-sgp4 makes the same double of, so a catalogue that went through it comes back as it was.
        ValueError for a satellite without an epoch.
        """
        from .satrecs import fields_of

        return Elements(fields_of(satrecs))

    def select(self, patterns: str | Sequence[str]) -> "Elements":
        """The satellites whose name matches a shell pattern (`STARLINK*`; case does not matter), are an operator's (`@guowang`), or one
        of several such. A note says what was selected. ValueError for an operator that is not known (gpuprop.selection.operators)."""
        from .selection import matching

        patterns = [patterns] if isinstance(patterns, str) else list(patterns)
        return self._selected(matching(patterns, self.name), " or ".join(patterns))

    def where(self, condition: str, *, start: Instant | None = None, gravity: str = "wgs72") -> "Elements":
        """The satellites for which a condition holds, such as `altitude_km > 500 and inclination_deg < 60`.

        Names: those of gpuprop.conditions.QUANTITIES, with `< <= > >= == !=`, `like`, `and`, `or`, `not` and parentheses.
        start: the instant that `age_days` is counted to (negative for epochs after it); unless given, the epoch that 99 of 100 sets here do
        not pass: about when the catalogue was made, while a few epochs of planned manoeuvres lie days ahead. Never the clock's time, so
        that the same element sets give the same satellites tomorrow. gravity: the model that altitudes are counted with.
        A note says what was selected. ConditionError (a ValueError), with the column, for what is not in that language.
        """
        from .conditions import Satellites, read_condition

        holds = read_condition(condition)
        if not len(self):
            return self
        at_ns = int(np.sort(self.epoch.view(np.int64))[math.ceil(0.99 * len(self)) - 1]) if start is None else instant_ns(start)
        ages = f" (age at {format_ns(at_ns)})" if "age_days" in condition.lower() else ""
        return self._selected(holds(Satellites(self.fields, at_ns, gravity_model(gravity))), condition.strip() + ages)

    def _selected(self, mask: npt.NDArray[np.bool_], by: str) -> "Elements":
        chosen = self[mask]
        assert chosen.noted is not None
        note = f"selected by {by}: {len(chosen):,} of {len(self):,}"
        noted = np.vstack([chosen.noted, np.ones((1, len(chosen)), bool)])
        return Elements(chosen.fields, (), (*chosen.notes, note), noted)

    @property
    def duplicates(self) -> npt.NDArray[np.int32]:
        """Catalogue numbers that occur more than once (all of them are kept)."""
        numbers, counts = np.unique(self.sat_id, return_counts=True)
        return numbers[counts > 1]

    # --- out ---
    def to_arrow(self) -> pa.Table:
        """A table of N rows: `sat_id`, then the OMM fields in file units, each with its `unit` in the field's metadata."""
        schema = [pa.field("sat_id", pa.int32(), nullable=False)]
        arrays = [pa.array(self.sat_id)]
        for name, (dtype, unit, _) in OMM_FIELDS.items():
            schema.append(pa.field(name, ARROW_TYPE[dtype], nullable=False, metadata={"unit": unit} if unit else None))
            values = self.fields[name]
            if dtype.startswith("datetime"):
                arrays.append(pa.array(values.view("int64"), pa.int64()).cast(ARROW_TYPE[dtype]))
            else:
                arrays.append(pa.array(values, ARROW_TYPE[dtype]))
        return pa.Table.from_arrays(arrays, schema=pa.schema(schema))

    def to_satrecs(self) -> list[Any]:
        """python-sgp4 satellites (sgp4.api.Satrec; WGS-72, improved mode), in order. They hold everything but the name.

        ImportError where python-sgp4 is not installed; ValueError for a catalogue number above 339999, which it cannot hold.
        """
        from .satrecs import satrecs_of

        return satrecs_of(self)


def _epochs(values: Any) -> npt.NDArray[np.datetime64]:
    """Epochs in any form that as_times takes, as datetime64[ns]. TypeError and ValueError as there."""
    if getattr(values, "dtype", None) == np.dtype("datetime64[ns]") and not np.isnat(values).any():
        return np.asarray(values)
    try:
        return as_times(values).datetime64
    except (TypeError, ValueError) as error:
        raise type(error)(f"EPOCH: {error}") from None
