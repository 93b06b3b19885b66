"""From one frame to another, for states that are computed already: blocks, and tables read back from files."""

import json
import os
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from . import orientation
from .arrow.plan import position_unit, state_columns, turned_by
from .clock import Times
from .engine_numpy.frames import geodetic, itrs_of_geodetic, rotate
from .engine_numpy.orbit import State
from .orientation import EarthOrientation, earth_orientation
from .snapshots import VELOCITY, States, position_names
from .typing import Array, Bits, Columns

CHUNK = 1 << 16  # rows of a table worked on at once
Eop = str | os.PathLike[str] | EarthOrientation | None
Converted = TypeVar("Converted", States, pa.Table)


def between(origin: str, frame: str, ns: Bits, eop: EarthOrientation) -> Array | None:
    """(n_times, 12), as orientation.rotations, from one Cartesian frame to another; None where they are the same."""
    if origin == frame:
        return None
    if origin == "teme":
        return orientation.rotations(frame, ns, eop)
    a = orientation.rotations(origin, ns, eop)
    to_teme, spin = a[:, :9].reshape(-1, 3, 3).transpose(0, 2, 1), a[:, 9:]
    if frame == "teme":
        matrix, own = to_teme, np.zeros_like(spin)
    else:
        b = orientation.rotations(frame, ns, eop)
        matrix, own = _product(b[:, :9].reshape(-1, 3, 3), to_teme), b[:, 9:]
    turned = (matrix[:, :, 0] * spin[:, :1] + matrix[:, :, 1] * spin[:, 1:2]) + matrix[:, :, 2] * spin[:, 2:]
    return np.ascontiguousarray(np.concatenate((matrix.reshape(-1, 9), own - turned), axis=1))


def _product(a: Array, b: Array) -> Array:
    """(n, 3, 3) times (n, 3, 3), in a fixed order of operations."""
    rows, columns = a[:, :, :, None], b[:, None, :, :]
    return np.asarray((rows[:, :, 0] * columns[:, :, 0] + rows[:, :, 1] * columns[:, :, 1]) + rows[:, :, 2] * columns[:, :, 2])


def convert(states: Converted, frame: str, eop: Eop = None) -> Converted:
    """The same states in another frame: a block (States) or a pyarrow Table that was read from snapshots.

    frame: teme, pef, itrs, gcrs or geodetic. eop: the Earth orientation, as Propagator takes it. The frame that the states are in is that
    of the block, or of the table's metadata, and is replaced there; a table may hold any rows, in any order, with positions alone too. Rows
    in float32 are computed in float64 and rounded once.
    ValueError for a table whose metadata do not say its frame or that lacks columns, for a frame that is not known, for columns that are
    on a GPU, and for instants that the Earth orientation does not reach.
    """
    position_names(frame)
    orientation_ = earth_orientation(eop)
    if isinstance(states, States):
        return _block(states, frame, orientation_)
    if isinstance(states, pa.Table):
        return _table(states, frame, orientation_)
    raise TypeError(f"convert takes the States of a block or a pyarrow.Table, not {type(states).__name__}")


def _block(states: States, frame: str, eop: EarthOrientation) -> States:
    if not all(isinstance(column, np.ndarray) for column in states.columns.values()):
        raise ValueError("these states are on a GPU: ask for them without device=True, or in the frame wanted to begin with")
    if frame == states.frame:
        return states
    columns = _converted(states.columns, states.frame, frame, states.times.ns, eop)
    rest = {name: column for name, column in states.columns.items() if name not in (*position_names(states.frame), *VELOCITY)}
    return States(states.times, states.sat_id, frame, columns | rest)


def _converted(columns: Columns, origin: str, frame: str, ns: Bits, eop: EarthOrientation) -> Columns:
    """Positions, and velocities where there are some, (n_times, n) each, at ns (n_times,)."""
    x, y, z = (np.asarray(columns[name], np.float64) for name in position_names(origin))
    moving = "vx" in columns
    vx, vy, vz = (np.asarray(columns[name], np.float64) for name in VELOCITY) if moving else (np.zeros(()),) * 3
    with np.errstate(all="ignore"):  # NaN stays NaN
        if origin == "geodetic":
            x, y, z = itrs_of_geodetic(x, y, z)
        state = State(x, y, z, vx, vy, vz, np.empty(0, np.uint8))
        a, b = ("itrs" if name == "geodetic" else name for name in (origin, frame))
        rotation = between(a, b, ns, eop)
        state = state if rotation is None else rotate(rotation, state)
        place = geodetic(state.x, state.y, state.z) if frame == "geodetic" else state[:3]
    found = dict(zip(position_names(frame), place, strict=True))
    return found | (dict(zip(VELOCITY, state[3:6], strict=True)) if moving else {})


def _table(table: pa.Table, frame: str, eop: EarthOrientation) -> pa.Table:
    facts = frame_facts(table)
    origin = facts["frame"]
    if frame == origin:
        return table
    names, moving = position_names(origin), "vx" in table.column_names
    needed = ("time", *names, *(VELOCITY if moving else ()))
    missing = [name for name in needed if name not in table.column_names]
    if missing:
        raise ValueError(f"the table, in the frame {origin}, has no column {', '.join(missing)}: read it with {', '.join(needed)}")
    ns = table.column("time").cast(pa.int64()).to_numpy()
    given = {name: table.column(name).to_numpy() for name in needed[1:]}
    dtype = given[names[0]].dtype
    found = {name: np.empty(len(ns), dtype) for name in (*position_names(frame), *(VELOCITY if moving else ()))}
    for first in range(0, len(ns), CHUNK):
        here = slice(first, first + CHUNK)
        rows = {name: values[here, None] for name, values in given.items()}
        for name, values in _converted(rows, origin, frame, ns[here], eop).items():
            with np.errstate(over="ignore"):
                found[name][here] = values[:, 0]
    fields = {field.name: field for field in state_columns(frame, str(dtype), moving, False)}
    renamed = dict(zip(names, position_names(frame), strict=True))
    arrays, schema = [], []
    for field in table.schema:
        name = renamed.get(field.name, field.name)
        arrays.append(pa.array(found[name]) if name in found else table.column(field.name))
        schema.append(fields[name] if name in found else field)
    times = Times(np.array([ns.min(), ns.max()])) if len(ns) else Times(ns)
    facts |= dict(frame=frame, earth_orientation=turned_by(frame, times, eop) or turned_by(origin, times, eop))
    facts["units"] = facts.get("units", {}) | dict(position=position_unit(frame))
    metadata = (table.schema.metadata or {}) | {b"gpuprop": json.dumps(facts).encode()}
    return pa.Table.from_arrays(arrays, schema=pa.schema(schema, metadata=metadata))


def frame_facts(table: pa.Table) -> dict[str, Any]:
    """What a table's metadata say, its frame included. ValueError where they do not."""
    try:
        facts: dict[str, Any] = json.loads((table.schema.metadata or {})[b"gpuprop"])
        position_names(facts["frame"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            "the table does not say which frame its states are in: its schema has no `gpuprop` metadata with a frame. Take it from "
            "open_snapshots or pyarrow.dataset, which keep them; pandas, Polars and SQL drop them (replace_schema_metadata puts them back)"
        ) from error
    return facts
