"""Elements: N mean orbits as an immutable structure of arrays.

The fields have the names of the CCSDS Orbit Mean-Elements Message (OMM). They hold the values of
the file in its units (degrees, revolutions per day), so that they can be written back exactly. The
properties are in the units of the library (radians, radians per minute).
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..messages import shown
from ..sgp4.gravity import gravity_model
from ..time.instants import format_ns
from ..time.times import instant_ns
from ..time.units import MINUTE
from ..typing import Array, Instant, Mask
from .columns import Fields, complete_fields
from .conditions import Satellites, read_condition
from .description import html, title
from .fields import ARROW_TYPE, DEG, FIELDS, FIRST_SYNTHETIC_ID, REV_PER_DAY
from .identity import best_sets, new_numbers
from .satrecs import fields_of, satrecs_of
from .selection import (
    Patterns,
    SelectionError,
    SelectionWarning,
    as_patterns,
    find,
    operators_of,
    why_unused,
)

if TYPE_CHECKING:
    from sgp4.api import Satrec


@dataclass(frozen=True)
class Reject:
    """A record that could not be read.

    Parameters
    ----------
    line : int
        Number of the wrong line, from 1.
    text : str
        Text of the record, cut to 160 characters.
    reason : str
        What is wrong with it.
    """

    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}: {self.text!r}"


@dataclass(frozen=True, eq=False)
class Elements:
    """N element sets in the order given.

    `elements[mask]`, `elements[3:5]`, `elements[7]` and `elements[[1, 2]]` are Elements, too.

    Parameters
    ----------
    fields : mapping of str to (n,) array
        Values by OMM name (MEAN_MOTION, EPOCH, ...) in the units of the OMM, and `plane` and
        `slot`. Missing fields have a default. NORAD_CAT_ID, EPOCH, MEAN_MOTION, ECCENTRICITY and
        the four angles have none. The arrays are copied and read-only. An array with one value for
        all (np.broadcast_to) stays one, and takes no memory. OBJECT_NAME may be a function that
        makes the array, which is called when the names are first asked for.
    rejected : sequence of Reject
        Records of the source that could not be read. A selection has none.
    notes : tuple of str
        Facts about the satellites, such as their source and assumptions. They are written into the
        metadata of files that are made from these sets.
    noted : (n_notes, n) bool, optional
        Which satellites each note is about; all unless given. A selection keeps the notes about
        its satellites.
    source : (n,) str, optional
        What each set is from: the name of a file, of a constellation or of a pattern; empty if it
        is not known. Files have no column for it.

    Raises
    ------
    ValueError
        For a missing field without default, an unknown field, and a field of another length.
    TypeError
        For epochs that are not instants.
    """

    fields: Mapping[str, npt.NDArray[np.generic]]
    rejected: Sequence[Reject] = ()
    notes: tuple[str, ...] = ()
    noted: Mask | None = None
    source: npt.NDArray[np.object_] | None = None

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
        if not isinstance(self.fields, Fields):  # these are complete already, and are shared
            object.__setattr__(self, "fields", complete_fields(self.fields, n))
        object.__setattr__(self, "rejected", list(self.rejected))
        noted = np.ones((len(self.notes), n), bool) if self.noted is None else self.noted
        kept = [number for number, members in enumerate(noted) if members.any() or not n]
        object.__setattr__(self, "notes", tuple(self.notes[number] for number in kept))
        object.__setattr__(self, "noted", noted[kept])
        object.__setattr__(self, "source", _sources(self.source, n))

    # --- library units ---
    @property
    def sat_id(self) -> npt.NDArray[np.int32]:
        """Catalogue numbers, (n,)."""
        return self._integers("NORAD_CAT_ID")

    @property
    def name(self) -> npt.NDArray[np.object_]:
        """Names, (n,) str; empty if the source has none."""
        return self.fields["OBJECT_NAME"].astype(object, copy=False)

    @property
    def epoch(self) -> npt.NDArray[np.datetime64]:
        """Epochs, (n,) datetime64[ns], UTC."""
        return self.fields["EPOCH"].astype("datetime64[ns]", copy=False)

    @property
    def mean_motion(self) -> Array:
        """Kozai's mean motion as in the element set, (n,) rad/min."""
        return self._numbers("MEAN_MOTION") / REV_PER_DAY

    @property
    def eccentricity(self) -> Array:
        """Eccentricity, (n,)."""
        return self._numbers("ECCENTRICITY")

    @property
    def inclination(self) -> Array:
        """Inclination, (n,) rad."""
        return self._numbers("INCLINATION") * DEG

    @property
    def raan(self) -> Array:
        """Right ascension of the ascending node, (n,) rad."""
        return self._numbers("RA_OF_ASC_NODE") * DEG

    @property
    def argp(self) -> Array:
        """Argument of perigee, (n,) rad."""
        return self._numbers("ARG_OF_PERICENTER") * DEG

    @property
    def mean_anomaly(self) -> Array:
        """Mean anomaly, (n,) rad."""
        return self._numbers("MEAN_ANOMALY") * DEG

    @property
    def bstar(self) -> Array:
        """SGP4's drag term, (n,) 1/Earth radii."""
        return self._numbers("BSTAR")

    @property
    def operator(self) -> npt.NDArray[np.str_]:
        """Operator of each satellite, (n,) str, such as `starlink`; `other` if none is known.

        It is found from the names: `select("@starlink")` selects the satellites of `starlink`.
        Satellites of `iridium-next` are `iridium`.
        """
        return operators_of(self.name)

    @property
    def plane(self) -> npt.NDArray[np.int32]:
        """Plane of each satellite of a filed constellation, (n,), from 0; else -1.

        Every shell counts its own planes. Plane 0 is P01 in the names, and p in
        gpuprop.filings.shell.Shell.
        """
        return self._integers("plane")

    @property
    def slot(self) -> npt.NDArray[np.int32]:
        """Place of each satellite of a filed constellation in its plane, (n,), from 0; else -1.

        Slot 0 is S01 in the names.
        """
        return self._integers("slot")

    @property
    def median_epoch(self) -> np.datetime64:
        """Median of the epochs, UTC, datetime64[ns]; ValueError if there are no sets.

        The median does not change much if a few sets of planned manoeuvres are days ahead of the
        others. If there are sets of catalogues, only these count, because the epoch of a filed
        constellation is arbitrary.
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
        """Default start of `gpuprop propagate`: `median_epoch`, rounded up to the minute."""
        return np.datetime64(-(-int(self.median_epoch.astype(np.int64)) // MINUTE) * MINUTE, "ns")

    def _numbers(self, field: str) -> Array:
        return self.fields[field].astype(np.float64, copy=False)

    def _integers(self, field: str) -> npt.NDArray[np.int32]:
        return self.fields[field].astype(np.int32, copy=False)

    # --- as a sequence ---
    def __len__(self) -> int:
        return len(self.sat_id)

    def __repr__(self) -> str:
        return f"<Elements: {title(self)}>"

    def _repr_html_(self) -> str:
        return html(self)

    def __dir__(self) -> list[str]:
        """List the OMM fields, too: each is an attribute, in the units of the OMM."""
        return sorted({*super().__dir__(), *FIELDS})

    if not TYPE_CHECKING:  # for type checkers only the properties are there

        def __getattr__(self, name: str) -> npt.NDArray[np.generic]:
            """Return an OMM field, such as MEAN_MOTION in rev/day."""
            if name in FIELDS:
                return self.fields[name]
            raise AttributeError(
                f"element sets have no {name}; their fields are {', '.join(FIELDS)}"
            )

    def __getitem__(self, index: npt.ArrayLike | slice) -> "Elements":
        """Select satellites by a mask, an array of indices, a slice or one integer.

        TypeError for anything else. IndexError for an index out of range and for a mask of another
        length.
        """
        if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
            index = [int(index)]
        elif not isinstance(index, slice):
            array = np.asarray(index)
            if array.ndim != 1 or (array.dtype.kind not in "iub" and array.size):
                text = " ".join(repr(index).split())[:60]
                raise TypeError(
                    "elements[...] takes a whole number, a slice, an array of whole numbers or a "
                    f"mask (n,), not {text}"
                )
            index = array if array.size else array.astype(np.intp)
        assert self.noted is not None and self.source is not None
        return Elements(
            {name: array[index] for name, array in self.fields.items()},
            (),
            self.notes,
            self.noted[:, index],
            self.source[index],
        )

    def __reduce__(self) -> tuple[object, ...]:
        return Elements, (dict(self.fields), self.rejected, self.notes, self.noted, self.source)

    def __iter__(self) -> Iterator["Elements"]:
        return (self[i] for i in range(len(self)))

    @staticmethod
    def concat(parts: Iterable["Elements"]) -> "Elements":
        """Join element sets.

        Parameters
        ----------
        parts : iterable of Elements
            Element sets, at least one Elements.

        Returns
        -------
        Elements
            All sets in order, with the notes and the rejected records of all parts.

        Raises
        ------
        ValueError
            If there are no parts, or no numbers are left for synthetic satellites.
        TypeError
            If a part is not Elements.

        Notes
        -----
        Real satellites keep their catalogue numbers: the same number in several parts means several
        sets of one satellite (`latest`). Synthetic satellites of different parts are different
        satellites. If a part has a synthetic number that an earlier part uses for another
        satellite, all its synthetic satellites get new numbers after those of all other parts, in
        the order of their old ones. A note names them.
        """
        if not isinstance(parts, Iterable):
            raise TypeError(
                "concat takes several Elements, as in Elements.concat([a, b]), not "
                f"{type(parts).__name__} {shown(parts)}"
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
            np.concatenate([part.source for part in parts]),
        )

    def from_source(self, name: str) -> "Elements":
        """Return the same sets with `name` as the source of each.

        Parameters
        ----------
        name : str
            Name of a file, a constellation or a pattern.

        Returns
        -------
        Elements
            The sets, their notes and their rejected records.
        """
        source = np.broadcast_to(np.array(name, object), len(self))
        return Elements(self.fields, self.rejected, self.notes, self.noted, source)

    @staticmethod
    def from_satrecs(satrecs: Iterable[object]) -> "Elements":
        """Read element sets from satellites of python-sgp4.

        Parameters
        ----------
        satrecs : iterable of Satrec
            Satellites of python-sgp4 (compiled or in Python) or of gpuprop.api.

        Returns
        -------
        Elements
            The sets in order, without names. Each value is the decimal from which python-sgp4 makes
            the same double, so a catalogue that was read by it returns unchanged.

        Raises
        ------
        ValueError
            For a satellite without an epoch.
        TypeError
            For an object that is not a satellite.
        """
        return Elements(fields_of(satrecs))

    def select(self, patterns: Patterns) -> "Elements":
        """Select satellites by name, catalogue number or operator.

        Parameters
        ----------
        patterns : str, int, or several of them
            One or several patterns: a name (`STARLINK*`), a catalogue number (25544, text or a
            number) or an operator (`@guowang`). In a name only `*` and `?` are wildcards, brackets
            stand for themselves and case does not matter, so a name copied from a catalogue selects
            its satellite.

        Returns
        -------
        Elements
            The satellites that match at least one pattern, in order, with a note of the selection.

        Raises
        ------
        SelectionError
            If no pattern matches a satellite; the message has the nearest names. It is a
            ValueError. If only some patterns match none, that is a SelectionWarning.
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
        return self._noted(found.mask, f"selected by {' or '.join(patterns)}")

    def where(
        self, condition: str, *, start: Instant | None = None, gravity: str = "wgs72"
    ) -> "Elements":
        """Select satellites by a condition such as "altitude_km > 500 and inclination_deg < 60".

        Parameters
        ----------
        condition : str
            Quantities compared with numbers or 'text', with `< <= > >= == !=`, `in (...)`, `like`,
            `and`, `or`, `not` and parentheses. The quantities are altitude_km, apogee_km,
            perigee_km, inclination_deg, eccentricity, period_min, mean_motion (rev/day), raan_deg,
            bstar, sat_id, age_days, epoch, name and object_id.
        start : instant, optional
            Instant to which `age_days` is counted (negative for epochs after it), as `as_times`
            takes it; `default_start` of these sets unless given. It is never the present time, so
            the same element sets give the same satellites on every day.
        gravity : {"wgs72", "wgs72old", "wgs84"}
            Gravity model for altitudes.

        Returns
        -------
        Elements
            The satellites for which the condition holds, in order, with a note of the selection.

        Raises
        ------
        ConditionError
            If the condition cannot be read; the message has the column. It is a ValueError.
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
        mask = holds(Satellites(self.fields, at_ns, gravity_model(gravity)))
        return self._noted(mask, f"selected by {condition.strip()}{ages}")

    def latest(self) -> "Elements":
        """Keep one element set for each satellite: the newest.

        Returns
        -------
        Elements
            The sets that are kept, in the order in which they stand here. Of the sets of one
            satellite the one with the latest epoch is kept; if several have that epoch, the last of
            them. Synthetic satellites (`synthetic`) and sets without a catalogue number (number 0)
            are all kept. `notes` says how many sets were kept. If all are kept, the result is this
            object itself.

        Notes
        -----
        Two sets with the same catalogue number may be of different satellites (`shared_numbers`).
        The first rule that applies decides:

        1. Both have an OBJECT_ID, and it is the same: one satellite.
        2. Both have a name: one satellite if it is the same name, else two.
        3. Both have an OBJECT_ID (a different one), or their inclinations differ by more than one
           degree: two satellites.
        4. Otherwise: one satellite.
        """
        return self._one_per_satellite(
            np.zeros(len(self), np.uint64), "latest element set of each satellite"
        )

    def nearest(self, instant: Instant) -> "Elements":
        """Keep one element set for each satellite: the nearest in epoch to an instant.

        Parameters
        ----------
        instant : instant
            One instant, as `as_times` takes it.

        Returns
        -------
        Elements
            As `latest`. Of two sets that are equally near, before and after the instant, the one
            after it is kept; if several have the same epoch, the last of them.

        Raises
        ------
        TypeError, ValueError
            If it is not one instant.
        """
        ns, epochs = np.int64(instant_ns(instant)), self.epoch.view(np.int64)
        # as unsigned integers, differences never overflow
        distance = np.where(epochs > ns, epochs - ns, ns - epochs).view(np.uint64)
        return self._one_per_satellite(
            distance, f"element set of each satellite nearest to {format_ns(int(ns))}"
        )

    def _one_per_satellite(self, distance: npt.NDArray[np.uint64], what: str) -> "Elements":
        """Keep for each satellite the set with the smallest `distance`.

        Of several such sets the newest is kept; of several of these the last.
        """
        kept = np.concatenate([np.flatnonzero(self._has_no_own_number), *self._best_sets(distance)])
        if len(kept) == len(self):
            return self
        mask = np.zeros(len(self), bool)
        mask[kept] = True
        return self._noted(mask, what)

    @property
    def _has_no_own_number(self) -> Mask:
        """Sets whose number does not say which satellite they are of, (n,)."""
        return np.asarray(self.synthetic | (self.sat_id == 0))

    def _best_sets(self, distance: npt.NDArray[np.uint64]) -> list[npt.NDArray[np.intp]]:
        """Find the best set of each satellite: see best_sets."""
        return best_sets(self.fields, self._has_no_own_number, distance)

    def _noted(self, mask: Mask, what: str) -> "Elements":
        """Select sets, with a note that says which and how many."""
        chosen = self[mask]
        assert chosen.noted is not None
        note = f"{what}: {len(chosen):,} of {len(self):,}"
        noted = np.vstack([chosen.noted, np.ones((1, len(chosen)), bool)])
        return Elements(chosen.fields, (), (*chosen.notes, note), noted, chosen.source)

    @property
    def synthetic(self) -> Mask:
        """Which satellites are not real, (n,) bool.

        They have a plane of a filed constellation, or a number from 1,000,000,000 up.
        """
        return np.asarray((self.sat_id >= FIRST_SYNTHETIC_ID) | (self.plane >= 0))

    @property
    def duplicates(self) -> npt.NDArray[np.int32]:
        """Catalogue numbers that occur more than once."""
        numbers, counts = np.unique(self.sat_id, return_counts=True)
        return numbers[counts > 1]

    @property
    def shared_numbers(self) -> npt.NDArray[np.int32]:
        """Catalogue numbers that several different satellites have, (m,) int32.

        `latest` describes when two sets are of different satellites, and keeps a set of each.
        """
        _, *others = self._best_sets(np.zeros(len(self), np.uint64))
        return np.unique(self.sat_id[np.concatenate(others)]) if others else self.sat_id[:0]

    # --- conversion to other libraries ---
    def to_arrow(self) -> pa.Table:
        """Convert to an Arrow table.

        Returns
        -------
        pyarrow.Table
            N rows with the columns `sat_id`, the OMM fields in the units of the OMM (`unit` in the
            metadata of the field), `plane` and `slot`.
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

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export the table of `to_arrow` as Arrow's C stream: `polars.DataFrame(sats)` takes it."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_satrecs(self) -> list["Satrec"]:
        """Convert to satellites of python-sgp4.

        Returns
        -------
        list of sgp4.api.Satrec
            The satellites in order (WGS-72, improved mode). They hold everything but the name.

        Raises
        ------
        ImportError
            If python-sgp4 is not installed.
        ValueError
            For a catalogue number above 339999, which python-sgp4 cannot hold.
        """
        return satrecs_of(self.fields)


def checked_elements(value: object, what: str) -> Elements:
    """Return the value if it is Elements, else raise a TypeError that says how to make them.

    `what` is the name of the value in the message.
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


def _renumbered(parts: list[Elements]) -> list[Elements]:
    """Give synthetic satellites new numbers, as the notes of Elements.concat say."""
    parts = list(parts)
    for place, numbers, note in new_numbers(
        [part.sat_id for part in parts], [part.synthetic for part in parts]
    ):
        part = parts[place]
        assert part.noted is not None
        parts[place] = Elements(
            {**part.fields, "NORAD_CAT_ID": numbers},
            part.rejected,
            (*part.notes, note),
            np.vstack([part.noted, part.synthetic]),
            part.source,
        )
    return parts


def median_ns(instants: npt.NDArray[np.int64]) -> int:
    """Compute the median of integer nanoseconds, (n,), rounded down."""
    middle = [(len(instants) - 1) // 2, len(instants) // 2]
    low, high = np.partition(instants, middle)[middle].tolist()
    return int(low + (high - low) // 2)


def _sources(source: npt.NDArray[np.object_] | None, n: int) -> npt.NDArray[np.object_]:
    """Return the sources of n sets, read-only; one text for all of them takes no memory."""
    if source is None:
        return np.broadcast_to(np.array("", object), n)
    if np.shape(source) != (n,):
        raise ValueError(f"source has shape {np.shape(source)}, NORAD_CAT_ID has ({n},)")
    if isinstance(source, np.ndarray) and source.strides == (0,) and n:
        return np.broadcast_to(np.array(source[0], object), n)
    own = np.array(source, object)
    own.flags.writeable = False
    return own
