"""The function `coverage`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt

from ...propagator import Propagator
from ...typing import Instants
from .result import Coverage


def coverage(
    prop: Propagator,
    times: Instants,
    grid: Any = "1deg",
    *,
    min_elevation_deg: float = 25.0,
    regions: Sequence[Any] | str | None = None,
    by: str | Sequence[str] | npt.ArrayLike | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Coverage:
    """Count the satellites in view of every cell of a grid, at every instant.

    Parameters
    ----------
    prop : Propagator
        The satellites.
    times : (n_times,) instants
        Instants in equal steps, as `time_grid` makes them.
    grid : str, path, or arrays
        `1deg`: cells of geodetic latitude and longitude, of any size that divides 180 degrees.
        `h3:4`: the cells of that resolution of h3 (extra `h3`). A CSV of points, with the columns
        lat, lon (deg), and optionally name and height_km; or two arrays (n,) or one array (n, 2):
        latitudes and longitudes of points, deg.
    min_elevation_deg : float
        Least elevation above the horizontal plane of the WGS-84 ellipsoid, from 0 up to, not
        including, 90 deg.
    regions : str or sequence of str, optional
        ISO 3166 alpha-3 codes of countries, such as ["BRA", "KAZ"] or "BRA,KAZ".
    by : {"operator", "source"} or (n_sats,) labels, optional
        Count the satellites of each label apart, and all together (`all`). With "operator",
        satellites of no known operator are `other`.
    progress : callable, optional
        Called as progress(instants done, instants in all) after each block.

    Returns
    -------
    Coverage
        Tables by cell, by latitude and by region.

    Raises
    ------
    ValueError
        For a grid that cannot be read, an elevation out of range, instants that are not in equal
        steps, several element sets of one satellite (use `Elements.latest`), labels of another
        length, and a region without a cell centre inside (use a finer grid).
    """
    raise NotImplementedError
