"""The table of passes: a row per pass, from rise to set."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ...engine.choice import Engine
from ...frames import rotations, sun
from ...frames.tables import earth_table
from ...in_place import engine_of
from ...propagator import Propagator
from ...sgp4.access import local_position
from ...sgp4.earth_rotation import earth_rotation
from ...sgp4.frames import sunlight
from ...sgp4.model import COORDINATES
from ...time.times import Times
from ...typing import Array, Bits, Columns
from ..events import MICROSECOND, sorted_by
from ..look_angles import Site
from ..tables import UTC, field
from .search import Passes

ROWS = 1 << 15  # made at a time
# a site whose east, north and up are the coordinates themselves
ORIGIN = np.concatenate((np.zeros(3), np.eye(3).ravel()))[None, :]
LIT = 2  # the code of `sunlit` outside of the shadow
COLUMNS = pa.schema(
    [
        field("sat_id", pa.int32()),
        field("object_name", pa.string()),
        field("site", pa.string()),
        field("rise", UTC),
        field("culmination", UTC),
        field("set", UTC),
        field("duration_s", pa.float64(), "s"),
        field("rise_azimuth_deg", pa.float64(), "deg"),
        field("culmination_azimuth_deg", pa.float64(), "deg"),
        field("set_azimuth_deg", pa.float64(), "deg"),
        field("max_elevation_deg", pa.float64(), "deg"),
        field("culmination_range_km", pa.float64(), "km"),
        field("sunlit", pa.uint8()),
        field("site_sun_elevation_deg", pa.float64(), "deg"),
        field("rise_cut", pa.bool_()),
        field("set_cut", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Filters:
    """Which passes are kept.

    Parameters
    ----------
    min_duration_us : int
        Shortest duration, microseconds.
    sunlit : bool
        Keep passes that are sunlit at culmination.
    site_sun_below_deg : float or None
        Keep passes with the Sun below this elevation at the site at culmination, deg.
    """

    min_duration_us: int = 0
    sunlit: bool = False
    site_sun_below_deg: float | None = None


def tables_of(
    propagator: Propagator,
    sites: tuple[Site, ...],
    places: Array,
    passes: Passes,
    filters: Filters,
) -> Iterator[pa.Table]:
    """Make the table of passes, sorted by rise, site and number: yield at most ROWS rows of it.

    places: the sites, (n_sites, 12). The sites are sorted by name.
    """
    elements = propagator.elements
    order = sorted_by(passes.rise, passes.site, elements.sat_id[passes.satellite].astype(np.int64))
    order = order[(passes.set - passes.rise)[order] >= filters.min_duration_us]
    for first in range(0, len(order), ROWS):
        yield _rows(propagator, sites, places, passes, order[first : first + ROWS], filters)


def _rows(
    propagator: Propagator,
    sites: tuple[Site, ...],
    places: Array,
    passes: Passes,
    order: Bits,
    filters: Filters,
) -> pa.Table:
    satellite, site = passes.satellite[order], passes.site[order]
    rise, set_us, top = passes.rise[order], passes.set[order], passes.culmination[order]
    place = np.ascontiguousarray(places.T).take(site, axis=1)
    n = len(order)

    # In a pass that begins or ends otherwise than by elevation, an end may be higher.
    top = np.where(top < 0, rise, top)
    us = np.concatenate((rise, top, set_us - 1))  # set is the first instant out of view
    moved = propagator.pair_states(
        np.tile(satellite, 3), Times(us * MICROSECOND), "itrs", velocity=False
    )
    engine = engine_of(propagator, moved)
    seen = _looks(engine, place, *(each.reshape(3, n) for each in (moved.x, moved.y, moved.z)))
    azimuth, elevation, distance = (seen[name] for name in ("azimuth", "elevation", "range"))
    at = _highest(elevation), np.arange(n)
    culmination = us.reshape(3, n)[at]

    ns = culmination * MICROSECOND
    toward_sun = sun(ns, "none") if n else np.empty((0, 3))
    states = propagator.pair_states(satellite, Times(ns), "teme", velocity=False)
    with np.errstate(all="ignore"):
        lit = sunlight(toward_sun, *(each[:, None] for each in (states.x, states.y, states.z)))
    lit = lit[:, 0].astype(np.uint8)
    sun_elevation = _sun_elevations(propagator, engine, place, ns, toward_sun)
    keep = np.ones(n, bool)
    if filters.sunlit:
        keep &= lit == LIT
    if filters.site_sun_below_deg is not None:
        keep &= sun_elevation < filters.site_sun_below_deg
    elements = propagator.elements
    columns = [
        elements.sat_id[satellite],
        pa.array(elements.name, pa.string()).take(pa.array(satellite)),
        pa.array([each.name for each in sites], pa.string()).take(pa.array(site)),
        *(instants * MICROSECOND for instants in (rise, culmination, set_us)),
        (set_us - rise) / 1e6,
        np.degrees(azimuth[0]),
        np.degrees(azimuth[at]),
        np.degrees(azimuth[2]),
        np.degrees(elevation[at]),
        distance[at],
        lit,
        sun_elevation,
        passes.rise_cut[order],
        passes.set_cut[order],
    ]
    arrays = [
        each if isinstance(each, pa.Array | pa.ChunkedArray) else pa.array(each).cast(kind.type)
        for each, kind in zip(columns, COLUMNS, strict=True)
    ]
    found = pa.table(arrays, schema=COLUMNS)
    return found if keep.all() else found.filter(pa.array(keep))


def _looks(engine: Engine, place: Array, x: Array, y: Array, z: Array) -> dict[str, Array]:
    """Compute azimuth and elevation (rad), and range (km), (m, n), of positions (m, n) in ITRS.

    place: the site of each column, (12, n).
    """
    with np.errstate(all="ignore"):
        local = local_position(place, x, y, z)
    # velocities are not used
    columns: Columns = dict(zip(COORDINATES, (*local, *local), strict=True))
    found = engine.look_angles(columns, None, ORIGIN)
    return {name: each[:, 0] for name, each in found.items()}


def _highest(elevation: Array) -> Bits:
    """Say which is the highest of rise (0), culmination (1) and end (2) of passes, (n,).

    Of equal elevations the earliest is the highest. elevation: (3, n).
    """
    rise, top, end = elevation
    first = rise >= top
    return np.where(end > np.where(first, rise, top), 2, np.where(first, 0, 1))


def _sun_elevations(
    propagator: Propagator, engine: Engine, place: Array, ns: Bits, toward_sun: Array
) -> Array:
    """Compute elevations of the Sun, deg, geometric, at sites (12, n) and instants (n,).

    toward_sun: its positions in TEME (n, 3), km.
    """
    if not len(ns):
        return np.empty(0)
    eop = propagator.eop
    table = earth_table("itrs", ns, eop)
    rotation = rotations("itrs", ns, eop) if table is None else earth_rotation(table, ns)
    x, y, z = toward_sun.T
    m = rotation.T
    seen = [((m[row] * x + m[row + 1] * y) + m[row + 2] * z)[None] for row in (0, 3, 6)]
    elevation: Array = np.degrees(_looks(engine, place, *seen)["elevation"][0])
    return elevation
