"""Element sets: N mean orbits as an immutable structure of arrays, under the field names of the
CCSDS Orbit Mean-Elements Message.

The fields hold what the file said, in the file's units (degrees, revolutions per day), so that they
can be written back exactly; the properties give the library's units (radians, radians per minute).
"""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..messages import counted, shown
from ..sgp4.gravity import gravity_model
from ..time.instants import format_ns
from ..time.times import as_times, instant_ns
from ..time.units import MINUTE
from ..typing import Instant
from .conditions import Satellites, read_condition
from .fields import ARROW_TYPE, DEG, FIELDS, FIRST_SYNTHETIC_ID, LAST_ID, REV_PER_DAY
from .satrecs import fields_of, satrecs_of
from .selection import Patterns, SelectionError, SelectionWarning, as_patterns, find, why_unused

MOST_SHARED = 16  # satellites of one catalogue number that are told apart
# in inclination: more apart, sets without names and designators are of different satellites
ONE_ORBIT_DEG = 1.0
# launches count from 1: generators of element sets write 00000ABC
NO_LAUNCH = re.compile(r"(\d{4}-|\d\d)000")


@dataclass(frozen=True)
class Reject:
    """A record that could not be read: its line (1-based, of the line that is wrong), its text (cut
    to 160 characters) and the reason.
    """

    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}: {self.text!r}"


@dataclass(frozen=True, eq=False)
class Elements:
    """N element sets in the order given.

    fields: every name of OMM_FIELDS, plane and slot -> array (n,), read-only. Missing ones take the
    default; a missing one without default is a ValueError, as is a wrong length. rejected: the
    records of the source that could not be read (`read_elements(..., on_error="skip")`), a list; a
    selection has none. notes: facts about the satellites that belong into the metadata of what is
    made from them (source, assumptions). noted: (n_notes, n) bool, whom each note is about;
    everybody unless given. A selection keeps the notes about those it keeps.
    """

    fields: Mapping[str, npt.NDArray[Any]]
    rejected: Sequence[Reject] = ()
    notes: tuple[str, ...] = ()
    noted: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        unknown = set(self.fields) - set(FIELDS)
        if unknown:
            raise ValueError(f"unknown element fields: {', '.join(sorted(unknown))}")
        missing = [
            name
            for name, (_, _, default) in FIELDS.items()
            if default is None and name not in self.fields
        ]
        if missing:
            raise ValueError(f"element fields missing: {', '.join(missing)}")
        n = len(self.fields["NORAD_CAT_ID"])
        complete = {}
        for name, (dtype, _, default) in FIELDS.items():
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

    @property
    def plane(self) -> npt.NDArray[np.int32]:
        """Plane of each satellite of a filed constellation within its shell, (n,), counted from 0;
        -1 for satellites of catalogues.

        Plane 0 is P01 in the names, and p in gpuprop.filings.presets.Shell. Every shell counts its
        own planes.
        """
        return self.fields["plane"]

    @property
    def slot(self) -> npt.NDArray[np.int32]:
        """Place of each satellite of a filed constellation in its plane, (n,), counted from 0 (S01
        in its name); -1 as for `plane`.
        """
        return self.fields["slot"]

    @property
    def median_epoch(self) -> np.datetime64:
        """The median of the epochs, UTC, datetime64[ns]. ValueError if there are no sets.

        The median does not move when a few sets of planned manoeuvres are days ahead of the others.
        If there are sets of catalogues, only those count: the epoch of a filed constellation is
        arbitrary.
        """
        if not len(self):
            raise ValueError("there are no element sets, so there is no median epoch")
        catalogued = self.plane < 0
        return np.datetime64(
            median_ns(self.epoch.view(np.int64)[catalogued if catalogued.any() else slice(None)]),
            "ns",
        )

    @property
    def default_start(self) -> np.datetime64:
        """The default start of `gpuprop propagate`: `median_epoch`, rounded up to the minute."""
        return np.datetime64(-(-int(self.median_epoch.astype(np.int64)) // MINUTE) * MINUTE, "ns")

    # --- as a sequence ---
    def __len__(self) -> int:
        return len(self.sat_id)

    def __repr__(self) -> str:
        if not len(self):
            return "<Elements: 0 satellites>"
        first, last = (
            str(edge.astype("datetime64[s]")) + "Z" for edge in (self.epoch.min(), self.epoch.max())
        )
        return f"<Elements: {counted(len(self), 'satellite')}, epochs {first} to {last}, {len(self.rejected)} rejected>"

    def __getitem__(self, index: Any) -> "Elements":
        """The satellites chosen by a boolean mask, an index array, a slice or one integer (always
        an Elements).

        TypeError for anything else, IndexError for places that are not there and for a mask of
        another length.
        """
        if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
            index = [int(index)]
        elif not isinstance(index, slice):
            array = np.asarray(index)
            if array.ndim != 1 or (array.dtype.kind not in "iub" and array.size):
                shown = " ".join(repr(index).split())[:60]
                raise TypeError(
                    "elements[...] takes a whole number, a slice, an array of whole numbers or a "
                    f"mask (n,), not {shown}"
                )
            index = array if array.size else array.astype(np.intp)
        assert self.noted is not None
        return Elements(
            {name: array[index] for name, array in self.fields.items()},
            (),
            self.notes,
            self.noted[:, index],
        )

    def __reduce__(self) -> Any:
        return Elements, (dict(self.fields), self.rejected, self.notes, self.noted)

    def __iter__(self) -> Iterator["Elements"]:
        return (self[i] for i in range(len(self)))

    @staticmethod
    def concat(parts: Iterable["Elements"]) -> "Elements":
        """All satellites of `parts`, in order.

        Real satellites keep their catalogue numbers: the same number in several parts means several
        sets of one satellite (`latest`). Synthetic satellites of different parts are different
        satellites. If a part has a synthetic number that an earlier part uses for another
        satellite, all its synthetic satellites get new numbers after those of all other parts, in
        the order of their old ones. A note says which. ValueError for no parts, or if no numbers
        are left.
        """
        if not isinstance(parts, Iterable):
            raise TypeError(
                f"concat takes several Elements, as in Elements.concat([a, b]), not {type(parts).__name__} {parts!r}"[
                    :200
                ]
            )
        parts = _renumbered(
            [checked_elements(part, f"parts[{number}]") for number, part in enumerate(parts)]
        )
        if not parts:
            raise ValueError("nothing to concatenate")
        notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
        row = {note: number for number, note in enumerate(notes)}
        noted = np.zeros((len(notes), sum(map(len, parts))), bool)
        first = 0
        for part in parts:
            assert part.noted is not None
            for note, members in zip(part.notes, part.noted, strict=True):
                noted[row[note], first : first + len(part)] = members
            first += len(part)
        rejected = [reject for part in parts for reject in part.rejected]
        return Elements(
            {name: np.concatenate([part.fields[name] for part in parts]) for name in FIELDS},
            rejected,
            notes,
            noted,
        )

    @staticmethod
    def from_satrecs(satrecs: Iterable[Any]) -> "Elements":
        """The element sets of python-sgp4 satellites (compiled or in Python) or of
        gpuprop.api.Satrec, without names.

        Each value is the decimal that python-sgp4 makes the same double of, so a catalogue that
        went through it comes back as it was. ValueError for a satellite without an epoch, TypeError
        for what is no satellite of these.
        """
        return Elements(fields_of(satrecs))

    def select(self, patterns: "Patterns") -> "Elements":
        """The satellites that match a name, a catalogue number or an operator, or one of several of
        these.

        Parameters
        ----------
        patterns : str, int, or several of them
            `STARLINK*`: a name. Only `*` and `?` are wildcards, brackets stand for themselves and
            case does not matter, so a name copied from a catalogue selects its satellite. `25544`
            (text or a number): a catalogue number. `@guowang`: an operator.

        Returns
        -------
        Elements, in the order that they have here, with a note of what was selected.

        Raises
        ------
        SelectionError (a ValueError)
            If no pattern matches a satellite; the message has the nearest names. If only some of
            the patterns match none, that is a SelectionWarning.
        ValueError
            For no pattern, and for an unknown operator (gpuprop.elements.selection.operators).
        TypeError
            For a pattern that is neither text nor a whole number.
        """
        patterns = as_patterns(patterns)
        found = find(patterns, self.name, self.sat_id)
        if not found.mask.any():
            raise SelectionError(why_unused(found.unused, self.name.tolist()))
        if found.unused:
            warnings.warn(
                why_unused(found.unused, self.name.tolist()), SelectionWarning, stacklevel=2
            )
        return self._selected(found.mask, " or ".join(patterns))

    def where(
        self, condition: str, *, start: Instant | None = None, gravity: str = "wgs72"
    ) -> "Elements":
        """The satellites for which a condition holds, such as `altitude_km > 500 and
        inclination_deg < 60`.

        Names: those of conditions.QUANTITIES, with `< <= > >= == !=`, `in (...)`, `like`, `and`,
        `or`, `not` and parentheses. start: the instant that `age_days` is counted to (negative for
        epochs after it); default: `default_start` of these sets. It is never the clock's time, so
        the same element sets give the same satellites tomorrow. gravity: the model for altitudes. A
        note says what was selected. ConditionError (a ValueError), with the column, for what is not
        in that language.
        """
        if not isinstance(condition, str):
            raise TypeError(
                f"where takes one condition as text, such as 'altitude_km > 500', not {condition!r}"
            )
        holds = read_condition(condition)
        if not len(self):
            return self
        at_ns = instant_ns(self.default_start if start is None else start)
        ages = f" (age at {format_ns(at_ns)})" if "age_days" in condition.lower() else ""
        return self._selected(
            holds(Satellites(self.fields, at_ns, gravity_model(gravity))), condition.strip() + ages
        )

    def latest(self) -> "Elements":
        """One element set for each satellite: the newest.

        Returns
        -------
        Elements, in the order that the sets have here. Of sets with the same catalogue number the
        one with the latest epoch is kept; if several have that epoch, the last of them. Synthetic
        satellites (`synthetic`) and sets without a catalogue number (number 0) are all kept. A note
        says how many are left out; if none is, the result is this object itself.

        Notes
        -----
        Two sets with one number are of one satellite if they have the same OBJECT_ID. If one of
        them has no OBJECT_ID, or they have different ones, they are of one satellite if they have
        the same name. If one of them has no name either, they are of one satellite unless they have
        different OBJECT_IDs or their inclinations differ by more than one degree. Sets of different
        satellites with one number (`shared_numbers`) are all kept, the newest of each satellite.
        """
        return self._one_each(
            np.zeros(len(self), np.uint64), "latest element set of each satellite"
        )

    def nearest(self, instant: Instant) -> "Elements":
        """One element set for each satellite: the one whose epoch is nearest to an instant, before
        it or after it.

        Parameters
        ----------
        instant : as time_grid takes it

        Returns
        -------
        As `latest`. Of two sets that are equally near, before and after the instant, the one after
        it is kept; if several have the same epoch, the last of them.

        Raises
        ------
        TypeError, ValueError
            If it is not one instant.
        """
        ns, epochs = np.int64(instant_ns(instant)), self.epoch.view(np.int64)
        # as unsigned integers, differences never overflow
        distance = np.where(epochs > ns, epochs - ns, ns - epochs).view(np.uint64)
        return self._one_each(
            distance, f"element set of each satellite nearest to {format_ns(int(ns))}"
        )

    def _one_each(self, distance: npt.NDArray[np.uint64], what: str) -> "Elements":
        """For each satellite the set with the smallest `distance`; of several the newest; of
        several of these the last.
        """
        kept = np.concatenate([np.flatnonzero(self._is_unmerged), *self._best(distance)])
        if len(kept) == len(self):
            return self
        mask = np.zeros(len(self), bool)
        mask[kept] = True
        return self._noted(mask, what)

    @property
    def _is_unmerged(self) -> npt.NDArray[np.bool_]:
        """(n,) the sets whose number does not say which satellite they are of."""
        return np.asarray(self.synthetic | (self.sat_id == 0))

    def _best(self, distance: npt.NDArray[np.uint64]) -> list[npt.NDArray[np.intp]]:
        """Indices of the best set of each satellite, as _one_each says: first one of each number,
        then one of each number of which sets of other satellites are left, and so on. After
        MOST_SHARED satellites of one number all that are left are kept.
        """
        # stable: the best of each number is its last
        order = np.lexsort((self.epoch, ~distance, self.sat_id))
        order = order[~self._is_unmerged[order]]
        found: list[npt.NDArray[np.intp]] = []
        while len(order) and len(found) < MOST_SHARED:
            number = self.sat_id[order]
            last = np.append(np.flatnonzero(number[1:] != number[:-1]), len(order) - 1)
            best = order[np.repeat(last, np.diff(last, prepend=-1))]
            found.append(order[last])
            rest = best != order
            order, best = order[rest], best[rest]
            order = order[~_may_be_one(self[order], self[best])]
        return [*found, order]

    def _selected(self, mask: npt.NDArray[np.bool_], by: str) -> "Elements":
        return self._noted(mask, f"selected by {by}")

    def _noted(self, mask: npt.NDArray[np.bool_], what: str) -> "Elements":
        """The chosen sets, with a note of what they are and how many."""
        chosen = self[mask]
        assert chosen.noted is not None
        note = f"{what}: {len(chosen):,} of {len(self):,}"
        noted = np.vstack([chosen.noted, np.ones((1, len(chosen)), bool)])
        return Elements(chosen.fields, (), (*chosen.notes, note), noted)

    @property
    def synthetic(self) -> npt.NDArray[np.bool_]:
        """Which satellites are not real, (n,): they have a plane of a filed constellation, or a
        number from FIRST_SYNTHETIC_ID up.
        """
        return np.asarray((self.sat_id >= FIRST_SYNTHETIC_ID) | (self.plane >= 0))

    @property
    def duplicates(self) -> npt.NDArray[np.int32]:
        """Catalogue numbers that occur more than once (all of them are kept)."""
        numbers, counts = np.unique(self.sat_id, return_counts=True)
        return numbers[counts > 1]

    @property
    def shared_numbers(self) -> npt.NDArray[np.int32]:
        """Catalogue numbers that stand for several satellites, as `latest` tells them apart: all of
        these satellites are kept.
        """
        _, *others = self._best(np.zeros(len(self), np.uint64))
        return np.unique(self.sat_id[np.concatenate(others)]) if others else self.sat_id[:0]

    # --- out ---
    def to_arrow(self) -> pa.Table:
        """A table of N rows: `sat_id`, the OMM fields in file units, each with its `unit` in the
        field's metadata, `plane` and `slot`.
        """
        schema = [pa.field("sat_id", pa.int32(), nullable=False)]
        arrays = [pa.array(self.sat_id)]
        for name, (dtype, unit, _) in FIELDS.items():
            schema.append(
                pa.field(
                    name,
                    ARROW_TYPE[dtype],
                    nullable=False,
                    metadata={"unit": unit} if unit else None,
                )
            )
            values = self.fields[name]
            if dtype.startswith("datetime"):
                arrays.append(pa.array(values.view("int64"), pa.int64()).cast(ARROW_TYPE[dtype]))
            else:
                arrays.append(pa.array(values, ARROW_TYPE[dtype]))
        return pa.Table.from_arrays(arrays, schema=pa.schema(schema))

    def to_satrecs(self) -> list[Any]:
        """python-sgp4 satellites (sgp4.api.Satrec; WGS-72, improved mode), in order. They hold
        everything but the name.

        ImportError where python-sgp4 is not installed; ValueError for a catalogue number above
        339999, which it cannot hold.
        """
        return satrecs_of(self)


def checked_elements(value: Any, what: str) -> Elements:
    """The value, if it is Elements. If not, a TypeError that says how to make Elements. what: its
    name in the message.
    """
    if isinstance(value, Elements):
        return value
    hint = (
        f": gpuprop.constellation({value!r}) or gpuprop.read_elements({value!r}) makes them"
        if isinstance(value, str)
        else ""
    )
    raise TypeError(
        f"{what} must be gpuprop.Elements, not {type(value).__name__} {shown(value)}{hint}"
    )


def median_ns(instants: npt.NDArray[np.int64]) -> int:
    """The median of integer nanoseconds, (n,); the mean of the two middle ones is rounded down."""
    middle = [(len(instants) - 1) // 2, len(instants) // 2]
    low, high = np.partition(instants, middle)[middle].tolist()
    return int(low + (high - low) // 2)


def _may_be_one(a: Elements, b: Elements) -> npt.NDArray[np.bool_]:
    """Whether a[i] and b[i], which have one catalogue number, can be element sets of one satellite,
    (n,): as Elements.latest says.
    """
    ids = [
        np.array(
            ["" if NO_LAUNCH.match(text) else text.strip() for text in part.fields["OBJECT_ID"]],
            object,
        )
        for part in (a, b)
    ]
    names = [
        np.array([" ".join(text.upper().split()) for text in part.name], object) for part in (a, b)
    ]
    have_ids, have_names = ((pair[0] != "") & (pair[1] != "") for pair in (ids, names))
    near = np.abs(a.fields["INCLINATION"] - b.fields["INCLINATION"]) <= ONE_ORBIT_DEG
    same_id = have_ids & (ids[0] == ids[1])
    return np.asarray(same_id | np.where(have_names, names[0] == names[1], ~have_ids & near), bool)


def _epochs(values: Any) -> npt.NDArray[np.datetime64]:
    """Epochs in any form that as_times takes, as datetime64[ns]. TypeError and ValueError as there."""
    if isinstance(values, np.ndarray) and values.dtype == np.dtype("datetime64[ns]"):
        return values
    try:
        return as_times(values).datetime64
    except (TypeError, ValueError) as error:
        raise type(error)(f"EPOCH: {error}") from None


def _renumbered(parts: list[Elements]) -> list[Elements]:
    """The parts, with new numbers for synthetic satellites as Elements.concat says."""
    if not any(part.synthetic.any() for part in parts):
        return parts
    real = np.concatenate([part.sat_id[~part.synthetic] for part in parts])
    taken = {0, *real.tolist()}
    moved = []
    for place, part in enumerate(parts):
        own = part.sat_id[part.synthetic].tolist()
        if taken.isdisjoint(own):
            taken.update(own)
        else:
            moved.append(place)
    highest = max(taken)
    parts = list(parts)
    for place in moved:
        part, first = parts[place], max(FIRST_SYNTHETIC_ID, highest + 1)
        old, member = np.unique(part.sat_id[part.synthetic], return_inverse=True)
        last = first + len(old) - 1
        if last > LAST_ID:
            raise ValueError(
                f"no numbers are left for {len(old):,} synthetic satellites after {highest}: give "
                "another first_id"
            )
        numbers = part.sat_id.copy()
        numbers[part.synthetic] = (first + np.arange(len(old)))[member]
        highest = last
        note = (
            f"numbers of other satellites: sat_id {old[0]} to {old[-1]} are {first} to {last} here"
        )
        assert part.noted is not None
        noted = np.vstack([part.noted, part.synthetic])
        parts[place] = Elements(
            {**part.fields, "NORAD_CAT_ID": numbers}, part.rejected, (*part.notes, note), noted
        )
    return parts
