"""The places that coverage is computed for: cells of a grid, cells of h3, points."""

import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ...messages import shown
from ...sgp4.coverage import Ground
from ...sgp4.frames import WGS84_B, WGS84_E2
from ...sgp4.trig import sincos
from ...typing import Array, Bits
from ..look_angles import Site
from ..tables import as_sites
from .ground import cell_ground, column_longitudes, grid_ground, row_latitudes

# arrays of latitudes and longitudes, one array (n, 2), or sites
Grid: TypeAlias = str | os.PathLike[str] | Site | Iterable[Site] | npt.ArrayLike
DEGREES = re.compile(r"(?P<number>[0-9]*\.?[0-9]+)\s*deg", re.ASCII)
H3 = re.compile(r"h3:(?P<resolution>[0-9]+)", re.ASCII)
MOST_CELLS = 8_000_000  # counts: cells times labels
BYTES_OF_COUNT = 110  # tallies, columns and places, at the peak
FINER_DEG = (1.0, 0.5, 0.25, 0.2, 0.1)  # grids that are proposed where another is too coarse
FINEST_DEG = FINER_DEG[-1]  # 6,480,000 cells
MOST_H3 = 5  # resolution: 2,016,842 cells
BAND_DEG = 1.0  # height of the bands of by_latitude, of places that are not in rows


@dataclass(frozen=True, eq=False)
class Places:
    """Places on the ground: n of them, in the order of the table.

    name: the grid, in words. lat, lon (n,): deg. weight (n,): area in km^2, or 1 for points.
    key: the name and the values of a column that identifies them, if they are not a grid. bands
    (n,): the latitude of the row of `by_latitude` they belong to, deg.
    """

    name: str
    lat: Array
    lon: Array
    weight: Array
    bands: Array
    key: tuple[str, list[str]] | None = None
    height_km: Array | None = None
    n_rows: int = 0  # of a grid by degrees

    @property
    def have_areas(self) -> bool:
        """Whether `weight` is an area."""
        return self.height_km is None

    def ground(self, min_elevation_deg: float) -> tuple[Ground, Bits]:
        """Return the places as the kernels read them, and the slot of each (n,)."""
        if self.n_rows:
            ground = grid_ground(self.n_rows, min_elevation_deg)
            slots = np.arange(ground.n_slots).reshape(ground.n_columns, ground.n_rows).T.ravel()
            return ground, slots
        height = np.zeros(len(self.lat)) if self.height_km is None else self.height_km
        return cell_ground(self.lat, self.lon, height, min_elevation_deg)


def as_places(grid: Grid) -> Places:
    """Return the places of a grid as `coverage` takes it: see there."""
    if isinstance(grid, str):
        text = grid.strip().lower()
        if match := DEGREES.fullmatch(text):
            return degree_cells(match["number"])
        if match := H3.fullmatch(text):
            return h3_cells(int(match["resolution"]))
        if not Path(grid).exists():
            raise ValueError(
                f"grid {shown(grid)} is not known, and there is no such file: use 1deg (any number "
                "that divides 180), h3:4, or a CSV with the columns name, lat, lon"
            )
    if isinstance(grid, str | os.PathLike | Site) or _are_sites(grid):
        return points(as_sites(grid))  # type: ignore[arg-type]
    return _points_of_arrays(grid)


def degree_cells(number: str) -> Places:
    """Make the cells of a grid of `number` degrees, of equal differences in latitude."""
    rows = Fraction(180) / Fraction(number) if Fraction(number) else Fraction(1, 3)
    if rows.denominator != 1:
        raise ValueError(
            f"grid {number}deg: {number} does not divide 180 degrees: use 1deg, 0.5deg, 2.5deg ..."
        )
    if rows > 180.0 / FINEST_DEG:
        raise ValueError(
            f"grid {number}deg: cells smaller than {FINEST_DEG} degrees are too many: use "
            f"{FINEST_DEG}deg or a coarser grid, or give the points that matter"
        )
    n = int(rows)
    sin, _ = sincos(np.radians((np.arange(n + 1) * 2.0 - n) * (90.0 / n)))
    zones = np.diff([_authalic(float(s)) for s in sin]) * (math.pi / n)
    lat = np.repeat(row_latitudes(n), 2 * n)
    return Places(
        f"{number}deg",
        lat,
        np.tile(column_longitudes(n), n),
        np.repeat(zones, 2 * n),
        lat,
        n_rows=n,
    )


def _authalic(sine: float) -> float:
    """Compute the area from the equator to a latitude on WGS-84, km^2 in a rad of longitude.

    Source: Snyder 1987, Map projections: a working manual, equation 3-12; a^2 (1 - e^2) = b^2.
    """
    e = math.sqrt(WGS84_E2)
    return (WGS84_B**2 / 2.0) * (sine / (1.0 - WGS84_E2 * sine * sine) + math.atanh(e * sine) / e)


def h3_cells(resolution: int) -> Places:
    """Make all cells of one resolution of h3, in the order of their numbers."""
    try:
        import h3.api.basic_int as h3
    except ImportError:
        raise ImportError("a grid of h3 needs the package h3: pip install 'gpuprop[h3]'") from None
    if resolution > MOST_H3:
        raise ValueError(
            f"grid h3:{resolution}: resolutions from 0 to {MOST_H3} are possible "
            f"(h3:{MOST_H3} has {h3.get_num_cells(MOST_H3):,} cells)"
        )
    cells = sorted(
        cell for base in h3.get_res0_cells() for cell in h3.cell_to_children(base, resolution)
    )
    lat, lon = np.array([h3.cell_to_latlng(cell) for cell in cells]).T
    lon = np.where(lon >= 180.0, lon - 360.0, lon)
    area = np.array([h3.cell_area(cell, "km^2") for cell in cells])
    names = [h3.int_to_str(cell) for cell in cells]
    return Places(f"h3:{resolution}", lat, lon, area, _bands(lat), ("cell", names))


def points(sites: Sequence[Site]) -> Places:
    """Make places of sites, in their order."""
    lat, lon, height = (
        np.array([getattr(site, field) for site in sites], np.float64)
        for field in ("latitude_deg", "longitude_deg", "height_km")
    )
    lon = np.where((lon < -180.0) | (lon >= 180.0), np.mod(lon + 180.0, 360.0) - 180.0, lon)
    names = [site.name for site in sites]
    return Places(
        "points", lat, lon, np.ones(len(lat)), _bands(lat), ("name", names), height_km=height
    )


def _are_sites(grid: object) -> bool:
    return isinstance(grid, Sequence) and bool(grid) and isinstance(grid[0], Site)


def _points_of_arrays(grid: Any) -> Places:
    """Make places of latitudes and longitudes, in their order."""
    try:
        array = np.asarray(grid, np.float64)
    except (TypeError, ValueError):
        array = np.empty(())
    if array.ndim == 2 and array.shape[1] == 2 and not isinstance(grid, tuple):
        array = array.T
    if array.ndim != 2 or array.shape[0] != 2 or not array.shape[1]:
        raise TypeError(
            f"grid must be 1deg, h3:4, a CSV of points, a tuple of latitudes and longitudes (n,), "
            f"or an array (n, 2), not {type(grid).__name__} {shown(grid)}"
        )
    return points(
        [Site(lat, lon, name=str(number)) for number, (lat, lon) in enumerate(array.T.tolist())]
    )


def _bands(lat: Array) -> Array:
    """Return the centre of the band of latitude of each place, deg."""
    last = 90.0 - BAND_DEG
    return np.asarray(np.clip(np.floor(lat / BAND_DEG) * BAND_DEG, -90.0, last) + BAND_DEG / 2.0)
