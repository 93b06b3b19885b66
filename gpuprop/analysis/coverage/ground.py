"""Places on the ground as the kernels read them: rows of a grid, or bands of cells."""

import math
from typing import NamedTuple

import numpy as np

from ...frames import geodetic_site
from ...sgp4.coverage import PADDING, Ground
from ...sgp4.frames import WGS84_A, WGS84_E2
from ...sgp4.trig import sincos
from ...typing import Array, Bits

MOST_BANDS, MOST_BINS = 1800, 3600
# km: how far the vertical of a place passes from the centre of the Earth, at most a e^2 / (1 +
# sqrt(1 - e^2)) = 21.4
OFF_CENTRE = 21.5
BELOW = -1.0e9  # km: the plane of a row of padding, which no satellite is above


def grid_ground(n_rows: int, min_elevation_deg: float) -> Ground:
    """Make a grid of n_rows x 2 n_rows cells of geodetic latitude and longitude."""
    step = math.pi / n_rows
    sin, cos = sincos(np.radians(row_latitudes(n_rows)))
    sin_lon, cos_lon = sincos(np.radians(column_longitudes(n_rows)))
    prime = WGS84_A / np.sqrt(1.0 - WGS84_E2 * sin * sin)  # radius of curvature, km
    rxy, rz = prime * cos, (prime * (1.0 - WGS84_E2)) * sin
    plane = rxy * cos + rz * sin
    rows = np.zeros((6, n_rows + PADDING))
    rows[2] = -BELOW
    rows[:, :n_rows] = cos, sin, plane, 2.0 * rxy, 2.0 * rz, rxy * rxy + rz * rz
    columns = np.zeros((2, 2 * n_rows + PADDING))
    columns[:, : 2 * n_rows] = cos_lon, sin_lon
    return Ground(
        n_rows,
        2 * n_rows,
        2 * n_rows * n_rows,
        rows,
        south=-math.pi / 2.0,
        per_row=1.0 / step,
        per_column=1.0 / step,
        **_elevation(min_elevation_deg, plane)._asdict(),
        columns=columns,
    )


def row_latitudes(n_rows: int) -> Array:
    """Compute the latitudes of the centres of the rows of a grid, deg, from south to north."""
    return np.asarray((np.arange(n_rows) * 2.0 + (1.0 - n_rows)) * (90.0 / n_rows), np.float64)


def column_longitudes(n_rows: int) -> Array:
    """Compute the longitudes of the centres of the columns of a grid, deg, from -180 on."""
    whole = np.arange(2 * n_rows) * 2.0 + (1.0 - 2 * n_rows)
    return np.asarray(whole * (90.0 / n_rows), np.float64)


def cell_ground(
    lat_deg: Array, lon_deg: Array, height_km: Array, min_elevation_deg: float
) -> tuple[Ground, Bits]:
    """Sort places into bands of latitude.

    Returns the places, and the slot of each of them (n,).
    """
    n = len(lat_deg)
    latitude, longitude = np.radians(lat_deg), np.radians(np.mod(lon_deg + 180.0, 360.0))
    low, high = float(latitude.min()), float(latitude.max())
    # cells about as high as wide: as many bands as bins would hold one cell each
    n_rows = max(1, min(MOST_BANDS, round(math.sqrt(n / 2.0))))
    n_bins = max(1, min(MOST_BINS, 2 * n_rows))
    # a little wider than the places, so that every one is inside of its band
    south, height = low - 1.0e-9, (high - low + 2.0e-9) / n_rows
    band = np.clip(((latitude - south) / height).astype(np.int64), 0, n_rows - 1)
    bin_ = np.clip((longitude * (n_bins / (2.0 * np.pi))).astype(np.int64), 0, n_bins - 1)
    order = np.lexsort((longitude, bin_, band))
    slot = np.empty(n, np.int64)
    slot[order] = np.arange(n) + band[order]
    sites = geodetic_site(latitude, np.radians(lon_deg), height_km)
    n_slots = n + n_rows
    cells = np.zeros((6, n_slots + PADDING))
    cells[:, slot] = sites[:, [0, 1, 2, 9, 10, 11]].T
    per_bin = np.bincount(band * n_bins + bin_, minlength=n_rows * n_bins).reshape(n_rows, n_bins)
    bins = np.zeros((n_rows, n_bins + 1), np.int64)
    np.cumsum(per_bin, axis=1, out=bins[:, 1:])
    first = np.concatenate(([0], np.cumsum(bins[:, -1] + 1)))
    edges = south + height * np.arange(n_rows + 1)
    edges = np.clip(edges, -np.pi / 2.0, np.pi / 2.0)
    sin, cos = sincos(edges)
    rows = np.zeros((4, n_rows + PADDING))
    rows[:, :n_rows] = sin[:-1], np.abs(cos[:-1]), sin[1:], np.abs(cos[1:])
    plane = (sites[:, :3] * sites[:, 9:]).sum(axis=1)
    ground = Ground(
        n_rows,
        n_bins,
        n_slots,
        rows,
        south=south,
        per_row=1.0 / height,
        per_column=n_bins / (2.0 * np.pi),
        **_elevation(min_elevation_deg, plane)._asdict(),
        cells=cells,
        first=first,
        bins=bins,
    )
    return ground, slot


class _Elevation(NamedTuple):
    """The members of Ground that belong to the minimum elevation."""

    elevation: float
    sine: float
    reach: float
    inner_reach: float


def _elevation(min_elevation_deg: float, plane: Array) -> _Elevation:
    """Compute the members of Ground that belong to the minimum elevation.

    plane (n,): distance of the horizontal planes of all places from the centre, km.
    """
    elevation = math.radians(min_elevation_deg)
    [sine], [cosine] = sincos(np.array([elevation]))
    return _Elevation(
        elevation=elevation,
        sine=float(sine),
        reach=float(plane.min() * cosine - OFF_CENTRE * sine),
        inner_reach=float(plane.max() * cosine + OFF_CENTRE * sine),
    )
