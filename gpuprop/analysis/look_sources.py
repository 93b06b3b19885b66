"""The states that look angles are computed of, a portion of bounded size at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..frames import EarthOrientation, EarthOrientationLike, between, earth_orientation
from ..sgp4.frames import DEGREES, itrs_of_geodetic
from ..states import GEODETIC, POSITION, UNITS, VELOCITY, States, position_names
from ..typing import Array, Bits, Columns
from .conversion import (
    frame_facts,
    table_column,
    table_instants,
    table_numbers,
    table_orientations,
)

NO_VELOCITY = (
    "{what} no velocities, which range rates and angular rates need: ask for velocity=True, or "
    "leave them out with range_rate=False"
)


@dataclass(frozen=True, eq=False)
class Portion:
    """States (n_times, n_sats) of a source.

    Attributes
    ----------
    ns : (n_times,) int64
        Their instants.
    columns : dict of str to (n_times, n_sats) array
        x y z, and vx vy vz if they are needed, in a Cartesian frame.
    rotation : (n_times, 12) float64 or None
        From that frame to ITRS; None if it is ITRS.
    instants : slice
        Which instants of a block these are.
    satellites : slice
        Which satellites of a block these are.
    stride : int
        n_sats if every state has its own satellite (rows of a table), 0 if all instants have the
        same.
    sat_id : (n_sats,) or (n_times n_sats,) int32
        Catalogue numbers.
    name : array of str or None
        Names, as many, if they are known.
    index : (n_sats,) or (n_times n_sats,) int64
        Positions in the element sets, or numbers of rows.
    """

    ns: Bits
    columns: Columns
    rotation: Array | None
    instants: slice
    satellites: slice
    stride: int
    sat_id: npt.NDArray[np.int32]
    name: npt.NDArray[np.object_] | None
    index: Bits

    def take(self, instants: Bits, satellites: Bits) -> npt.NDArray[np.int64]:
        """Return where the states are in sat_id, name and index."""
        return instants * self.stride + satellites

    def to_gcrs(self, eop: EarthOrientation) -> Array:
        """Compute the matrices from ITRS to GCRS, (n_times, 9)."""
        ns, inverse = np.unique(self.ns, return_inverse=True)
        rotation = between("itrs", "gcrs", ns, eop, eop)
        assert rotation is not None
        return rotation[inverse, :9]


class Source(Protocol):
    """States in portions. They can be read several times."""

    @property
    def metadata(self) -> dict[str, Any]:
        """Facts about the states."""

    @property
    def frame(self) -> str:
        """The frame of the states."""

    @property
    def eop(self) -> EarthOrientation:
        """Earth orientation of ITRS."""

    def portions(self, states: int) -> Iterator[Portion]:
        """Read all states in order, at most about so many at a time."""


@dataclass(frozen=True, eq=False)
class BlockSource:
    """A block of states."""

    block: States
    own: EarthOrientation
    eop: EarthOrientation
    needs_velocity: bool

    @property
    def metadata(self) -> dict[str, Any]:
        """Facts about the states."""
        return self.block.metadata

    @property
    def frame(self) -> str:
        """The frame of the states."""
        return self.block.frame

    def portions(self, states: int) -> Iterator[Portion]:
        """Read portions of whole instants, or of some satellites at one instant."""
        n_times, n_sats = len(self.block), len(self.block.sat_id)
        width = max(1, n_sats if on_gpu(self.block) else min(n_sats, states))
        height = max(1, states // max(1, n_sats))
        for first in range(0, n_times, height):
            instants = slice(first, min(n_times, first + height))
            for begin in range(0, n_sats, width):
                yield self.portion(instants, slice(begin, min(n_sats, begin + width)))

    def portion(self, instants: slice, satellites: slice) -> Portion:
        """Read some satellites at some instants. Columns on a GPU are not divided by satellites."""
        block = self.block
        ns = block.times[instants].ns
        columns = {
            name: block.columns[name][instants]
            for name in _columns(block.frame, self.needs_velocity)
        }
        if satellites != slice(0, len(block.sat_id)):
            columns = {name: column[:, satellites] for name, column in columns.items()}
        return Portion(
            ns,
            _cartesian(columns, block.frame),
            _to_itrs(block.frame, ns, self.own, self.eop),
            instants,
            satellites,
            0,
            block.sat_id[satellites],
            block.name[satellites],
            np.arange(satellites.start, satellites.stop),
        )


@dataclass(frozen=True, eq=False)
class RowSource:
    """Rows: states of pairs, a table or a dataset. Each has its own satellite and instant."""

    rows: "States | pa.Table | Any"
    frame: str
    metadata: dict[str, Any]
    own: EarthOrientation
    eop: EarthOrientation
    needs_velocity: bool

    def portions(self, states: int) -> Iterator[Portion]:
        """Read portions of rows; those of snapshots have whole instants if they are in order."""
        done = 0
        for ns, columns, sat_id, name, index in self._batches(states):
            columns = _cartesian(columns, self.frame)
            n_sats = _satellites(ns)
            instants = ns[::n_sats] if n_sats else ns
            knots, inverse = np.unique(instants, return_inverse=True)
            rotation = _to_itrs(self.frame, knots, self.own, self.eop)
            yield Portion(
                instants,
                {key: values.reshape(-1, n_sats) for key, values in columns.items()},
                None if rotation is None else rotation[inverse],
                slice(0, len(instants)),
                slice(0, n_sats),
                n_sats,
                sat_id,
                name,
                np.arange(done, done + len(ns)) if index is None else index,
            )
            done += len(ns)

    def _batches(
        self, states: int
    ) -> Iterator[
        tuple[
            Bits,
            Columns,
            npt.NDArray[np.int32],
            npt.NDArray[np.object_] | None,
            Bits | None,
        ]
    ]:
        wanted = _columns(self.frame, self.needs_velocity)
        if isinstance(self.rows, States):
            pairs = self.rows
            assert pairs.index is not None
            for first in range(0, len(pairs), max(1, states)):
                some = slice(first, first + max(1, states))
                columns = {name: pairs.columns[name][some] for name in wanted}
                yield (
                    pairs.times[some].ns,
                    columns,
                    pairs.sat_id[some],
                    None if pairs.elements is None else pairs.elements.name.take(pairs.index[some]),
                    pairs.index[some],
                )
            return
        named = "object_name" in self.rows.schema.names
        needed = ["time", "sat_id", *wanted, *(["object_name"] if named else [])]
        if isinstance(self.rows, pa.Table):
            batches = self.rows.select(needed).to_batches(max_chunksize=max(1, states))
        else:
            batches = self.rows.to_batches(
                columns=needed, batch_size=max(1, states), batch_readahead=1, fragment_readahead=1
            )
        for batch in batches:
            if not batch.num_rows:
                continue
            table = pa.Table.from_batches([batch])
            yield (
                table_instants(table, self.frame),
                {name: table_numbers(table, name, self.frame) for name in wanted},
                table_column(table, "sat_id", self.frame).to_numpy(),
                _texts(table.column("object_name")) if named else None,
                None,
            )


def source_of(states: object, eop: EarthOrientationLike, needs_velocity: bool) -> Source:
    """Find out what the states are. ValueError and TypeError as look_angles."""
    if isinstance(states, States):
        if needs_velocity and "vx" not in states.columns:
            raise ValueError(NO_VELOCITY.format(what="the block has"))
        own = earth_orientation(states.eop)
        new = own if eop is None else earth_orientation(eop)
        if states.index is None:
            return BlockSource(states, own, new, needs_velocity)
        return RowSource(states, states.frame, states.metadata, own, new, needs_velocity)
    schema = getattr(states, "schema", None)
    if not isinstance(schema, pa.Schema) or not hasattr(states, "to_batches"):
        hint = ": give its .dataset" if hasattr(states, "dataset") else ""
        raise TypeError(
            "look_angles takes the States of a block or of pairs, a pyarrow.Table or a dataset, "
            f"not {type(states).__name__}{hint}"
        )
    facts = frame_facts(states)
    frame = facts["frame"]
    if needs_velocity and "vx" not in schema.names:
        raise ValueError(NO_VELOCITY.format(what="the table has"))
    for name in ("time", "sat_id", *_columns(frame, needs_velocity)):
        count = schema.names.count(name)
        if count != 1:
            raise ValueError(
                f"the table, in the frame {frame}, has "
                f"{f'{count} columns' if count else 'no column'} {name}"
            )
    for name in _columns(frame, needs_velocity):
        unit = (schema.field(name).metadata or {}).get(b"unit", b"").decode()
        if unit not in ("", UNITS[name]):
            raise ValueError(
                f"the column {name} is in {unit}, as its metadata say: give it in {UNITS[name]}"
            )
    own, new = table_orientations(facts, eop)
    return RowSource(states, frame, facts, own, new, needs_velocity)


def on_gpu(states: States) -> bool:
    """Whether the columns of states are on a GPU."""
    return not all(isinstance(column, np.ndarray) for column in states.columns.values())


def _columns(frame: str, needs_velocity: bool) -> tuple[str, ...]:
    return (*position_names(frame), *(VELOCITY if needs_velocity else ()))


def _to_itrs(frame: str, ns: Bits, own: EarthOrientation, eop: EarthOrientation) -> Array | None:
    return None if frame == "geodetic" else between(frame, "itrs", ns, own, eop)


def _cartesian(columns: Columns, frame: str) -> Columns:
    """Turn latitude, longitude and height into positions in ITRS."""
    if frame != "geodetic":
        return columns
    lat, lon, height = (np.asarray(columns[name], np.float64) for name in GEODETIC)
    with np.errstate(all="ignore"):  # NaN stays NaN
        place = itrs_of_geodetic(lat / DEGREES, lon / DEGREES, height)
    return dict(zip(POSITION, place, strict=True)) | {
        name: columns[name] for name in VELOCITY if name in columns
    }


def _satellites(ns: Bits) -> int:
    """Return how many satellites each instant of sorted rows has; 1 if they differ."""
    edges = np.flatnonzero(ns[1:] != ns[:-1]) + 1
    lengths = np.diff(edges, prepend=0, append=len(ns))
    return int(lengths[0]) if len(lengths) and (lengths == lengths[0]).all() else 1


def _texts(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Read names; a null is an empty name."""
    if column.null_count:
        return np.array([text or "" for text in column.to_pylist()], object)
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    if pa.types.is_dictionary(whole.type):
        names: npt.NDArray[np.object_] = np.array(whole.dictionary.to_pylist(), object)
        chosen: npt.NDArray[np.intp] = whole.indices.to_numpy()
        return names[chosen]
    return np.array(whole.to_pylist(), object)
