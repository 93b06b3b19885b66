"""Coverage against brute force on real satellites and on the worst ones, and against a formula."""

import numpy as np
import pytest
import visible_by_latitude
from coverage_checks import viewed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gpuprop
from gpuprop import Propagator, coverage, read_elements, time_grid
from gpuprop.analysis.coverage.places import as_places
from gpuprop.engine.cpu import CpuEngine, library, usable
from gpuprop.engine.numpy import NumpyEngine
from gpuprop.sgp4.coverage import CoverageRequest, Viewed, count_all
from gpuprop.sgp4.frames import WGS84_A

needs_kernels = pytest.mark.skipif(not usable()[0], reason=usable()[1])


def engines():
    widths = library().widths if usable()[0] else ()
    return [NumpyEngine(1), *(CpuEngine(1, width) for width in widths)]


def counts_by(engine, request, seen: Viewed):
    """Counts of one instant, (size,), in which the tally `most` is the count itself."""
    counter = engine.coverage(request)
    columns = {name: getattr(seen, name)[None] for name in ("x", "y", "z")}
    counter.add(columns | dict(status=np.zeros((1, len(seen.x)), np.uint8)))
    tallies = counter.tallies()
    assert np.array_equal(tallies["least"], tallies["most"])
    return tallies["most"]


def check_against_brute_force(grid, least, seen):
    ground, slots = as_places(grid).ground(least)
    request = CoverageRequest(ground)
    expected = count_all(request, seen)[0][slots]
    for engine in engines():
        assert np.array_equal(counts_by(engine, request, seen)[slots], expected), engine.name
    return expected


# --- satellites where rounding decides ---
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_satellites_exactly_at_the_least_elevation_of_a_place(data):
    """At the minimum elevation of some place, or over a pole, a place or the date line."""
    least = data.draw(st.sampled_from([0.0, 1e-9, 5.0, 25.0, 60.0, 89.0, 89.999]))
    rows = data.draw(st.sampled_from([1, 2, 3, 9, 45, 180]))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    grid = f"{180 / rows:g}deg" if data.draw(st.booleans()) else _points(rng)
    ground, slots = as_places(grid).ground(least)
    n = 40
    px, py, pz, ux, uy, uz = ground.place_of_slot[:, rng.choice(slots, n)]
    up = np.stack([ux, uy, uz])
    east = np.cross(np.broadcast_to([[0.0], [0.0], [1.0]], up.shape), up, axis=0)
    east /= np.maximum(np.linalg.norm(east, axis=0), 1e-300)
    north = np.cross(up, east, axis=0)
    azimuth = rng.choice([0.0, 0.5, 1.0, 1.5, *rng.uniform(0, 2, 3)], n) * np.pi
    angle = np.radians(rng.choice([least, 90.0], n, p=[0.8, 0.2]))
    direction = np.cos(angle) * (np.sin(azimuth) * east + np.cos(azimuth) * north)
    direction += np.sin(angle) * up
    distance = rng.choice([200.0, 1200.0, 36000.0, 400000.0], n) * rng.uniform(1, 1.2, n)
    x, y, z = np.stack([px, py, pz]) + distance * direction
    # On the axis of the Earth, or beside it, a whole parallel is at the minimum elevation.
    rxy, latitude = np.hypot(px, py), np.arctan2(np.abs(uz), np.hypot(ux, uy))
    slope = np.cos(np.radians(least)) * np.sin(latitude) - np.sin(np.radians(least)) * np.cos(
        latitude
    )
    axis = (rng.random(n) < 0.3) & (slope > 0.01)
    along = np.sign(uz) * np.cos(np.radians(least)) * north + np.sin(np.radians(least)) * up
    height = pz + rxy / np.where(axis, slope, 1.0) * along[2]
    beside = rng.choice([0.0, 1e-17, 1e-16, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3], n)
    x, y = np.where(axis, beside * px, x), np.where(axis, beside * py, y)
    z = np.where(axis, height, z)
    y = np.where(rng.random(n) < 0.1, 0.0, y)
    # not inside of the Earth, where no state with status 0 is
    scale = np.maximum(1.0, (WGS84_A + 50.0) / np.sqrt(x * x + y * y + z * z))
    check_against_brute_force(
        grid, least, Viewed(x * scale, y * scale, z * scale, np.zeros(n, np.int64))
    )


def _points(rng):
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, 60)))
    lon = rng.choice([-180.0, 180.0, 0.0, 90.0, 13.7], 60)
    lat[:4] = [90.0, -90.0, 90.0 - 1e-7, 1e-7 - 90.0]
    lat[4:8] = [89.9999999999, 60.0, 60.0, 60.0]
    lon[5:8] = [179.9999999999, -179.9999999999, -180.0]
    return lat, lon


# --- real satellites ---
@pytest.fixture(scope="module")
def eccentric(shared_data):
    """The eccentric orbits of the catalogue: Molniya, transfer orbits, decaying ones."""
    catalogue = read_elements(shared_data / "spacetrack_full_2025-04-15.2le", on_error="skip")
    return catalogue[catalogue.eccentricity > 0.2].latest()


def samples(request, name):
    if name == "eccentric":
        return request.getfixturevalue("eccentric")[::4]
    return gpuprop.constellation(name)[:: {"starlink-gen1": 15, "oneweb": 3, "guowang": 40}[name]]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["starlink-gen1", "oneweb", "guowang", "eccentric"])
@pytest.mark.parametrize("least", [0.0, 10.0, 25.0, 89.0])
def test_every_cell_of_one_degree_equals_brute_force(request, name, least):
    """bench/coverage.py --validate does the same with all satellites."""
    elements = samples(request, name)
    times = time_grid(elements.default_start, step="5h17min", duration="10h")
    states = Propagator(elements, "numpy").states(times, "itrs", velocity=False)
    for k in range(len(times)):
        expected = check_against_brute_force("1deg", least, viewed(states, k))
        assert expected.any()


def pairs_by_satellite(states, grid, least):
    """Pairs of a place and a satellite in view, counted satellite by satellite from look angles."""
    places = as_places(grid)
    sites = [gpuprop.Site(lat, lon) for lat, lon in zip(places.lat, places.lon, strict=True)]
    total = 0
    for k in range(len(states.times)):
        columns = {name: column[k : k + 1] for name, column in states.columns.items()}
        block = gpuprop.States(states.times[k : k + 1], states.sat_id, "itrs", columns)
        elevation = gpuprop.look_angles(block, sites, engine="numpy").elevation[0]
        total += int((elevation[:, block.status[0] == 0] >= np.radians(least)).sum())
    return total


def test_pairs_by_cell_are_those_by_satellite():
    """By the elevation of look_angles, which has its own formula."""
    elements = gpuprop.constellation("oneweb")[::4]
    times = time_grid("2026-01-01", step="1h", duration="2h")
    found = coverage(Propagator(elements), times, "5deg", min_elevation_deg=15.0)
    states = Propagator(elements).states(times, "itrs")
    by_cell = round(float(np.sum(found.cells["visible_mean"].to_numpy() * 2)))
    assert by_cell == pairs_by_satellite(states, "5deg", 15.0) > 10_000


# --- the formula ---
@pytest.mark.slow
@needs_kernels
def test_the_formula_on_the_ellipsoid():
    """The mean over the world, and by latitude over north and south (which J3 makes different)."""
    propagator = Propagator(gpuprop.constellation("starlink-gen1"))
    found = coverage(propagator, time_grid("2026-01-01", step="2min", duration="1d"))
    lat, area, mean = (
        found.by_latitude[name].to_numpy() for name in ("lat", "area_km2", "visible_mean")
    )
    north = lat > 0
    formula = visible_by_latitude.visible_mean(
        visible_by_latitude.STARLINK_GEN1, lat[north], 25.0, points=1001
    )
    both = (mean[north] + mean[~north][::-1]) / 2.0
    world = np.average(both, weights=area[north]) / np.average(formula, weights=area[north])
    assert abs(world - 1.0) < 1e-4
    assert np.abs(both / formula - 1.0).max() < 0.005
