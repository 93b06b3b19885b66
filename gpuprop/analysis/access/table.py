"""The table of passes: a row per pass, from rise to set."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ...frames import rotations, sun
from ...frames.tables import earth_table
from ...propagator import Propagator
from ...sgp4.access import local_position
from ...sgp4.earth_rotation import earth_rotation
from ...sgp4.frames import sunlight
from ...sgp4.orbit import NAN
from ...sgp4.trig import TWO_PI, atan2
from ...time.times import Times
from ...typing import Array, Bits
from ..events import MICROSECOND, sorted_by
from ..look_angles import Site
from ..tables import UTC, field
from .search import Passes

ROWS = 1 << 15  # made at a time
IN_CACHE = 1 << 13  # azimuths computed at a time
CLEAR = 1e-9  # between sines: more than rounding errors of elevations
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
    place = places[site].T
    n = len(order)

    # In a pass that begins or ends otherwise than by elevation, an end may be higher.
    top = np.where(top < 0, rise, top)
    us = np.concatenate((rise, top, set_us - 1))  # set is the first instant out of view
    seen = _local(propagator, np.tile(satellite, 3), place, us)
    at = _highest(seen, n) * n + np.arange(n)
    culmination = us[at]
    azimuths = _azimuth(seen)

    ns = culmination * MICROSECOND
    toward_sun = sun(ns, "none") if n else np.empty((0, 3))
    states = propagator.pair_states(satellite, Times(ns), "teme", velocity=False)
    with np.errstate(all="ignore"):
        lit = sunlight(toward_sun, *(each[:, None] for each in (states.x, states.y, states.z)))
    lit = lit[:, 0].astype(np.uint8)
    sun_elevation = sun_elevations(propagator, place, ns, toward_sun)
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
        np.degrees(azimuths[:n]),
        np.degrees(azimuths[at]),
        np.degrees(azimuths[2 * n :]),
        np.degrees(_elevation(seen[:, at])),
        _distance(seen[:, at]),
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


def _local(propagator: Propagator, satellite: Bits, place: Array, us: Bits) -> Array:
    """Compute east, north and up (3, m n), km, of pairs. place: (12, n), for each n of them."""
    states = propagator.pair_states(satellite, Times(us * MICROSECOND), "itrs", velocity=False)
    n = place.shape[1]
    x, y, z = (each.reshape(len(us) // n, n) for each in (states.x, states.y, states.z))
    with np.errstate(all="ignore"):
        return np.stack(local_position(place, x, y, z)).reshape(3, -1)


# These have the bits of look_from, without what the table does not need.
def _azimuth(seen: Array) -> Array:
    """Compute azimuths (n,), rad, in [0, 2 pi), of east, north and up (3, n)."""
    azimuth = np.empty(seen.shape[1])
    for first in range(0, len(azimuth), IN_CACHE):
        here = seen[:, first : first + IN_CACHE]
        east, north, _ = here
        part = atan2(east, north)
        part = np.where(part < 0.0, part + TWO_PI, part)
        part = np.where(part >= TWO_PI, 0.0, part)
        azimuth[first : first + IN_CACHE] = np.where(np.isnan(_distance(here)), NAN, part)
    return azimuth


def _elevation(seen: Array) -> Array:
    """Compute elevations (n,), rad."""
    east, north, up = seen
    elevation = atan2(up, np.sqrt(east * east + north * north))
    return np.where(np.isnan(_distance(seen)), NAN, elevation)


def _distance(seen: Array) -> Array:
    """Compute ranges (n,), km."""
    east, north, up = seen
    found: Array = np.sqrt((east * east + north * north) + up * up)
    return found


def _highest(seen: Array, n: int) -> Bits:
    """Say which is the highest of rise (0), culmination (1) and end (2) of passes, (n,).

    Of equal elevations the earliest is the highest. seen: (3, 3 n), all rises come first. The sines
    decide where they differ by far, and else the elevations.
    """
    sines = (seen[2] / _distance(seen)).reshape(3, n)
    near = np.flatnonzero(~(sines[1] > np.maximum(sines[0], sines[2]) + CLEAR))
    m = len(near)
    ends = _elevation(seen.reshape(3, 3, n)[:, :, near].reshape(3, 3 * m)).reshape(3, m)
    best = np.where(ends[0] > ends[1], 0, 1)
    best = np.where(ends[2] > ends[best, np.arange(m)], 2, best)
    best = np.where((best == 1) & (ends[0] == ends[1]), 0, best)
    found = np.ones(n, np.int64)
    found[near] = best
    return found


def sun_elevations(propagator: Propagator, place: Array, ns: Bits, toward_sun: Array) -> Array:
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
    seen = [(m[row] * x + m[row + 1] * y) + m[row + 2] * z for row in (0, 3, 6)]
    east, north, up = local_position(place, *seen)
    return np.degrees(atan2(up, np.sqrt(east * east + north * north)))
