"""The function `coverage`."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...geography import countries
from ...in_place import coverage_counter, on_one_device
from ...messages import shown
from ...propagator import Propagator
from ...sgp4.coverage import CoverageRequest
from ...time.durations import format_duration
from ...time.instants import format_ns
from ...time.times import Times, as_times
from ...typing import Instants
from ..tables import answer_metadata, check_one_set_each, named_sources
from .labels import ALL, as_labels
from .places import BYTES_OF_COUNT, MOST_CELLS, Grid, Places, as_places
from .result import Coverage
from .tables import (
    Region,
    cells_table,
    latitude_table,
    places_inside,
    region_table,
    values_of,
)


def coverage(
    prop: Propagator,
    times: Instants,
    grid: Grid = "1deg",
    *,
    min_elevation_deg: float = 25.0,
    regions: Sequence[str] | Sequence[Region] | str | None = None,
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
        `1deg`: cells of geodetic latitude and longitude, of any size that divides 180 degrees,
        down to 0.1.
        `h3:4`: the cells of that resolution of h3 (extra `h3`). A CSV of points, with the columns
        lat, lon (deg), and optionally name and height_km; or two arrays (n,) or one array (n, 2):
        latitudes and longitudes of points, deg.
    min_elevation_deg : float
        Minimum elevation above the horizontal plane of the WGS-84 ellipsoid, from 0 to below
        90 deg.
    regions : str or sequence of str, optional
        ISO 3166 alpha-3 codes of countries, such as ["BRA", "KAZ"] or "BRA,KAZ".
    by : {"operator", "source"} or (n_sats,) labels, optional
        Count the satellites of each label separately, and all together (`all`). With "operator",
        satellites of no known operator are `other`. "source" is `Elements.source`.
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
        length or missing ones, and a region without a cell centre inside (use a finer grid).
    TypeError
        For a propagator, a grid, a region or a label of another type.
    ImportError
        For a grid of h3 without the package h3.

    Notes
    -----
    A satellite counts if its state has status 0 and `up >= sin(minimum elevation) * range`, in the
    horizontal axes of the cell's centre on the ellipsoid. A gap is a run of instants without a
    satellite; its length is their number times the step. The tables are the same whatever the
    engine, the number of threads and the order of the satellites. Of several GPUs, the first one
    is used. docs/methods/coverage.md has the method.
    """
    if not isinstance(prop, Propagator):
        raise TypeError(
            f"prop must be a gpuprop.Propagator, not {type(prop).__name__} {shown(prop)}: write "
            "Propagator(elements)"
        )
    check_one_set_each(prop.elements, "coverage")
    instants = as_times(times)
    step_ns = checked_step(instants)
    least, places, inside = checked_question(grid, min_elevation_deg, regions)
    labels = as_labels(by, prop.elements)
    names = () if labels is None else (*labels.names, ALL)
    if len(places.lat) * max(1, len(names)) > MOST_CELLS:
        most_mb = MOST_CELLS * BYTES_OF_COUNT // 1_000_000
        raise ValueError(
            f"{len(places.lat):,} cells with {max(1, len(names)):,} labels are more than "
            f"{MOST_CELLS:,} counts, which take {most_mb:,} MB: use a coarser grid or fewer labels"
        )
    ground, slots = places.ground(least)
    request = CoverageRequest(
        ground,
        None if labels is None else labels.of,
        1 if labels is None else max(1, len(labels.names)),
    )
    tallies = _tallies(prop, instants, request, progress)
    values = values_of(tallies, slots, request.n_planes, instants.count, step_ns)
    metadata: dict[str, object] = {"sources": named_sources(prop.elements)}
    metadata |= answer_metadata(
        prop,
        instants,
        {
            "start": format_ns(instants.start_ns),
            "step": None if step_ns is None else format_duration(step_ns),
            "instants": instants.count,
            "grid": places.name,
            "min_elevation_deg": least,
            "labels": list(names),
        },
    )
    return Coverage(
        cells_table(places, names, values, metadata),
        latitude_table(places, names, values, metadata),
        region_table(places, inside, names, values, metadata),
        places.name,
        least,
        instants,
        names,
    )


def checked_question(
    grid: Grid,
    min_elevation_deg: float,
    regions: Sequence[str] | Sequence[Region] | str | None = None,
) -> tuple[float, Places, list[Region]]:
    """Check what is asked, before anything is read or computed; errors as of `coverage`.

    Returns the minimum elevation, the places, and the regions, each with a place inside.
    """
    least = _checked_elevation(min_elevation_deg)
    places = as_places(grid)
    inside = _regions(regions)
    for region in inside:
        places_inside(places, region)
    return least, places, inside


def _checked_elevation(value: float) -> float:
    """Return a minimum elevation as a float."""
    try:
        least = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"min_elevation_deg must be a number of degrees, not {value!r}") from None
    if not 0.0 <= least < 90.0:
        raise ValueError(
            f"min_elevation_deg is {least:g}: give 0 or more, and less than 90 degrees"
        )
    return least


def checked_step(times: Times) -> int | None:
    """Return the step of instants in ns; None for one instant. ValueError without one step."""
    if not times.count:
        raise ValueError("there are no instants: coverage needs one or more")
    if times.count == 1:
        return None
    if times.step_ns is not None:
        return times.step_ns
    steps = np.diff(times.ns)
    if steps.min() != steps.max() or steps[0] <= 0:
        wrong = int(np.argmax((steps != steps[0]) | (steps <= 0)))
        raise ValueError(
            "the instants are not in equal steps forward, which the lengths of gaps need (the one "
            f"after {np.datetime64(int(times.ns[wrong]), 'ns')}Z is not): make them with "
            "gpuprop.time_grid"
        )
    return int(steps[0])


def _regions(regions: Sequence[str] | Sequence[Region] | str | None) -> list[Region]:
    """Return regions, from codes of countries or from regions."""
    if regions is None:
        return []
    if isinstance(regions, str):
        regions = regions.replace(",", " ").split()
    if not isinstance(regions, Iterable):
        raise TypeError(_not_a_region(regions))
    given = list(regions)
    codes = [region for region in given if isinstance(region, str)]
    known = iter(countries.regions(codes) if codes else [])
    found: list[Region] = []
    for region in given:
        if isinstance(region, str):
            found.append(next(known))
        elif isinstance(region, Region):
            found.append(region)
        else:
            raise TypeError(_not_a_region(region))
    return found


def _not_a_region(value: object) -> str:
    return (
        f"regions: {shown(value)} ({type(value).__name__}) is no region: give codes of countries, "
        "such as ['BRA', 'KAZ'], or objects with code, name and contains(lat_deg, lon_deg)"
    )


def _tallies(
    prop: Propagator,
    times: Times,
    request: CoverageRequest,
    progress: Callable[[int, int], object] | None,
) -> dict[str, npt.NDArray[Any]]:
    """Count the satellites at all instants, block by block, where the states are."""
    counter, done = coverage_counter(prop, request), 0
    blocks = on_one_device(prop).snapshots(times, "itrs", velocity=False, device=True)
    try:
        for block in blocks:
            counter.add(block.columns)
            done += len(block)
            if progress is not None:
                progress(done, times.count)
    finally:
        blocks.close()
    return counter.tallies()
