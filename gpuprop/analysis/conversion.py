"""Conversion of computed states from one frame to another: blocks, and tables from files."""

import json
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..frames import EarthOrientation, EarthOrientationLike, between, earth_orientation, sun
from ..frames.eop import PREDICTED
from ..literals import Frame
from ..sgp4.frames import DEGREES, geodetic, itrs_of_geodetic, rotate
from ..sgp4.orbit import State
from ..states import VELOCITY, States, position_names, position_unit, state_columns
from ..time.times import Times, as_times
from ..typing import Array, Bits, Columns, Instants
from ..views import check_reach

CHUNK = 1 << 16  # rows of a table that are converted at once
Converted = TypeVar("Converted", States, pa.Table)


def convert(states: Converted, frame: Frame, *, eop: EarthOrientationLike = None) -> Converted:
    """Convert states to another frame.

    Parameters
    ----------
    states : States or pyarrow.Table
        A block, or a table that was read from snapshots. A table may have any rows in any order,
        with positions alone, too. Its metadata must have the frame.
    frame : {"teme", "pef", "itrs", "gcrs", "geodetic"}
        New frame.
    eop : EarthOrientation, str or path, optional
        Earth orientation, as Propagator takes it; that of the states unless given. For a table,
        that must be "none" or that of the installed astropy-iers-data.

    Returns
    -------
    States or pyarrow.Table
        The same states in the new frame, with the new frame in their metadata. Rows in float32 are
        computed in float64 and rounded once.

    Raises
    ------
    ValueError
        For a table without a frame in its metadata, or with another Earth orientation than those
        above; for columns that are missing, of another type or with nulls; for an unknown frame;
        for columns on a GPU; and for instants outside the Earth orientation.
    TypeError
        For anything but States and tables.

    Notes
    -----
    TEME to PEF is a rotation by the Greenwich mean sidereal time of 1982, PEF to ITRS polar motion
    (AIAA 2006-6753, appendix C). GCRS is computed from ITRS, by the Earth rotation angle and
    precession-nutation of IAU 2006/2000A (erfa.xys06a). Geodetic coordinates are on WGS-84.
    """
    position_names(frame)
    if isinstance(states, States):
        return _block(states, frame, eop)
    if isinstance(states, pa.Table):
        return _table(states, frame, eop)
    hint = ": take its to_table()" if hasattr(states, "to_table") else ""
    raise TypeError(
        f"convert takes the States of a block or a pyarrow.Table, not {type(states).__name__}{hint}"
    )


def sun_position(
    times: Instants, frame: Frame = "gcrs", *, eop: EarthOrientationLike = None
) -> Array:
    """Compute the geocentric apparent position of the Sun.

    Parameters
    ----------
    times : (n_times,) instants
        Anything that `as_times` takes.
    frame : {"gcrs", "teme", "pef", "itrs"}
        Frame of the positions.
    eop : EarthOrientation, str or path, optional
        Earth orientation for pef, itrs and gcrs, as `earth_orientation` takes it.

    Returns
    -------
    (n_times, 3) float64
        Positions in km. They include light time and aberration, so they are in the direction from
        which sunlight comes.

    Raises
    ------
    ValueError
        For an unknown frame and for geodetic; for instants before 1960 or outside the Earth
        orientation.

    Notes
    -----
    Source: erfa.epv00, good to 5 km from 1900 to 2100, and erfa.ab.
    """
    times, orientation = as_times(times), earth_orientation(eop)
    if frame == "geodetic":
        raise ValueError("the Sun has no geodetic position: use teme, pef, itrs or gcrs")
    check_reach(times, frame, None if frame == "teme" else orientation, True)
    x, y, z = sun(times.ns, "none").T[:, :, None]
    rotation = between("teme", frame, times.ns, orientation, orientation)
    nothing = np.zeros_like(x)
    state = State(x, y, z, nothing, nothing, nothing, np.empty(0, np.uint8))
    return np.concatenate((state if rotation is None else rotate(rotation, state))[:3], axis=1)


def _block(states: States, frame: Frame, eop: EarthOrientationLike) -> States:
    if not all(isinstance(column, np.ndarray) for column in states.columns.values()):
        raise ValueError(
            "these states are on a GPU: compute them without device=True, or directly in the frame "
            "that you need"
        )
    if frame == states.frame:
        return states
    own = earth_orientation(states.eop)
    new = own if eop is None else earth_orientation(eop)
    check_reach(states.times, frame, None if frame == "teme" else new, False)
    pairs = states.index is not None  # columns (n,): instants with one satellite each
    given = {name: column[:, None] if pairs else column for name, column in states.columns.items()}
    columns = _converted(given, states.frame, frame, states.times.ns, own, new)
    if pairs:
        columns = {name: column[:, 0] for name, column in columns.items()}
    rest = {
        name: column
        for name, column in states.columns.items()
        if name not in (*position_names(states.frame), *VELOCITY)
    }
    return replace(states, frame=frame, columns=columns | rest, eop=new)


def _converted(
    columns: Columns,
    origin: str,
    frame: str,
    ns: Bits,
    own: EarthOrientation,
    new: EarthOrientation,
) -> Columns:
    """Convert positions and, if there are any, velocities, (n_times, n) each, at ns (n_times,)."""
    x, y, z = (np.asarray(columns[name], np.float64) for name in position_names(origin))
    has_velocity = "vx" in columns
    vx, vy, vz = (
        (np.asarray(columns[name], np.float64) for name in VELOCITY)
        if has_velocity
        else (np.zeros(()),) * 3
    )
    with np.errstate(all="ignore"):  # NaN stays NaN
        if origin == "geodetic":
            x, y, z = itrs_of_geodetic(x / DEGREES, y / DEGREES, z)
        state = State(x, y, z, vx, vy, vz, np.empty(0, np.uint8))
        a, b = ("itrs" if name == "geodetic" else name for name in (origin, frame))
        rotation = between(a, b, ns, own, new)
        state = state if rotation is None else rotate(rotation, state)
        place = geodetic(state.x, state.y, state.z) if frame == "geodetic" else state[:3]
    found: Columns = dict(zip(position_names(frame), place, strict=True))
    return found | (dict(zip(VELOCITY, state[3:6], strict=True)) if has_velocity else {})


def _table(table: pa.Table, frame: str, eop: EarthOrientationLike) -> pa.Table:
    facts = frame_facts(table)
    origin = facts["frame"]
    if frame == origin:
        return table
    has_velocity = any(name in table.column_names for name in VELOCITY)
    old = (*position_names(origin), *(VELOCITY if has_velocity else ()))
    ns, given = (
        table_instants(table, origin),
        {name: table_numbers(table, name, origin) for name in old},
    )
    renamed = dict(zip(old, (*position_names(frame), *VELOCITY), strict=False))
    taken = [
        name for name in position_names(frame) if name in table.column_names and name not in old
    ]
    if taken:
        raise ValueError(
            f"the table, in the frame {origin}, has a column {taken[0]} already: drop it, or "
            "select the columns to be converted"
        )
    own, new = table_orientations(facts, eop)
    times = Times(ns)
    check_reach(times, frame, None if frame == "teme" else new, False)
    found = {renamed[name]: np.empty(len(ns), values.dtype) for name, values in given.items()}
    for first in range(0, len(ns), CHUNK):
        here = slice(first, first + CHUNK)
        rows = {name: values[here, None] for name, values in given.items()}
        for name, values in _converted(rows, origin, frame, ns[here], own, new).items():
            with np.errstate(over="ignore"):
                found[name][here] = values[:, 0]
    if "lon" in found:
        # a longitude just below 180 may be rounded to 180 in float32
        found["lon"][found["lon"] >= 180.0] -= 360.0
    fields = {field.name: field for field in state_columns(frame, "float64", has_velocity, False)}
    arrays, schema = [], []
    for field in table.schema:
        name = renamed.get(field.name, field.name)
        arrays.append(pa.array(found[name]) if name in found else table.column(field.name))
        schema.append(fields[name].with_type(field.type) if name in found else field)
    facts |= dict(frame=frame, earth_orientation=(own if frame == "teme" else new).described(ns))
    facts["units"] = facts.get("units", {}) | dict(position=position_unit(frame))
    metadata = (table.schema.metadata or {}) | {b"gpuprop": json.dumps(facts).encode()}
    return pa.Table.from_arrays(arrays, schema=pa.schema(schema, metadata=metadata))


def table_instants(table: pa.Table, frame: str) -> Bits:
    """Read the column `time`, (n,) ns since 1970 UTC."""
    column = table_column(table, "time", frame)
    if not pa.types.is_timestamp(column.type):
        raise ValueError(
            f"the column time is of type {column.type}, not a timestamp: it may be seconds or "
            "minutes; cast it to timestamp[ns, UTC]"
        )
    return np.asarray(column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64()).to_numpy())


def table_numbers(table: pa.Table, name: str, frame: str) -> npt.NDArray[Any]:
    """Read a column of coordinates, (n,), float64 or float32."""
    column = table_column(table, name, frame)
    if column.type not in (pa.float64(), pa.float32()):
        raise ValueError(
            f"the column {name} is of type {column.type}: coordinates are float64 or float32"
        )
    return np.asarray(column.to_numpy())


def table_column(table: pa.Table, name: str, frame: str) -> pa.ChunkedArray:
    """Read the column of a name. ValueError if there is not exactly one, or it has nulls."""
    count = table.column_names.count(name)
    if count != 1:
        raise ValueError(
            f"the table, in the frame {frame}, has {f'{count} columns' if count else 'no column'} "
            f"{name}"
        )
    column = table.column(name)
    if column.null_count:
        raise ValueError(
            f"the column {name} has {column.null_count} nulls: drop those rows (gpuprop writes "
            "NaN, not null, if there is no state)"
        )
    return column


def table_orientations(
    facts: dict[str, Any], eop: EarthOrientationLike
) -> tuple[EarthOrientation, EarthOrientation]:
    """Find the Earth orientation of a table and that of its conversion."""
    if eop is not None or facts["frame"] == "teme":
        new = earth_orientation(eop)
        return new, new
    made_with = str(facts.get("earth_orientation")).removesuffix(PREDICTED)
    for known in ("none", "iers"):
        if (found := earth_orientation(known)).source == made_with:
            return found, found
    raise ValueError(
        f"the table is in the frame {facts['frame']}, made with the Earth orientation "
        f"{made_with!r}, which is not available here: give it as eop=, or eop='iers' to use that "
        "of the installed astropy-iers-data instead"
    )


def frame_facts(table: pa.Table) -> dict[str, Any]:
    """Read the metadata of a table. ValueError if they do not have its frame."""
    try:
        facts: dict[str, Any] = json.loads((table.schema.metadata or {})[b"gpuprop"])
        position_names(facts["frame"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            "the table does not say which frame its states are in: its schema has no `gpuprop` "
            "metadata with a frame. open_snapshots and pyarrow.dataset keep these metadata; "
            "pandas, Polars and SQL drop them (replace_schema_metadata puts them back)"
        ) from error
    return facts
