"""Look angles are the same from every engine and frame, and agree with skyfield."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from fake_cupy import FakeCupy
from skyfield.api import EarthSatellite, load, wgs84
from state_samples import TIMES, instants, random_elements

from gpuprop import Elements, Propagator, Site, convert, look_angles, walker
from gpuprop import frames as orientation
from gpuprop.time.times import as_times

SITES = [
    Site(0.0, 0.0),
    Site(90.0, 0.0, name="north pole"),
    Site(-90.0, 12.0, 2.8),
    Site(-15.793889, -47.882778, 1.172, "Brasilia"),
    Site(51.1694, 71.4491, 0.347, "Astana"),
    Site(13.7563, 179.9999999, 0.0),
    Site(-33.0, -180.0, 4.0),
]
ANGLES = ("azimuth", "elevation", "range", "range_rate")


def same(a, b):
    return all(
        np.array_equal(getattr(a, name).view(np.uint8), getattr(b, name).view(np.uint8))
        for name in ANGLES
    )


@pytest.mark.parametrize("n", [1, 7, 64, 1000])
@pytest.mark.parametrize("frame", ["teme", "itrs"])
def test_the_bits_are_those_of_numpy(engine, frame, n):
    states = Propagator(random_elements(50, n), "numpy", threads=1).states(TIMES, frame)
    expected = look_angles(states, SITES, engine="numpy")
    assert same(look_angles(states, SITES, engine=engine), expected)
    assert expected.azimuth.shape == (len(TIMES), len(SITES), n)
    lost = np.isnan(states.x)[:, None, :] & np.ones((1, len(SITES), 1), bool)
    for name in ANGLES:
        assert np.array_equal(np.isnan(getattr(expected, name)), lost)


def test_a_gpus_block_stays_there(kernels, monkeypatch):
    cupy = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    propagator = Propagator(random_elements(51, 300), "cuda:1")
    expected = look_angles(propagator.states(TIMES), SITES, engine="numpy")
    cupy.launches.clear()
    found = look_angles(propagator.states(TIMES, device=True), SITES)
    assert cupy.launches[-1][0] == "look_angles" and {device for *_, device in cupy.launches} == {1}
    assert all(
        np.array_equal(getattr(found, name).get(), getattr(expected, name), equal_nan=True)
        for name in ANGLES
    )
    with pytest.raises(ValueError, match="on a GPU"):
        convert(propagator.states(TIMES, device=True), "itrs")
    with pytest.raises(ValueError, match="geodetic states on a GPU"):
        look_angles(propagator.states(TIMES, "geodetic", device=True), SITES)
    cupy.check_guards()


@pytest.mark.parametrize("frame", ["pef", "itrs", "gcrs", "geodetic"])
def test_any_frame_gives_the_same_sky(frame):
    propagator = Propagator(walker("53:40/5/1", altitude_km=550.0))
    expected = look_angles(propagator.states(TIMES), SITES)
    found = look_angles(propagator.states(TIMES, frame), SITES)
    across = np.cos(expected.elevation) * np.abs(
        (found.azimuth - expected.azimuth + np.pi) % (2 * np.pi) - np.pi
    )
    assert across.max() < 1e-11 and np.abs(found.elevation - expected.elevation).max() < 1e-11
    assert (
        np.abs(found.range - expected.range).max() < 1e-8
        and np.abs(found.range_rate - expected.range_rate).max() < 1e-10
    )


def test_against_skyfield():
    """Within 1e-5 deg and 1 cm, given the same Earth orientation."""
    times = instants(*np.linspace(0.0, 2880.0, 60))
    table = orientation.earth_orientation()
    ut1_utc, xp, yp, _ = table.at(times.ns)
    some = walker("53:20/5/1", altitude_km=550.0)[::3]
    # as python-sgp4 can hold
    numbered = Elements(dict(some.fields) | dict(NORAD_CAT_ID=np.arange(len(some)) + 1))
    found = look_angles(Propagator(numbered).states(times), SITES)
    dates = load.timescale(builtin=True)
    for number, satrec in enumerate(numbered.to_satrecs()):
        satellite = EarthSatellite.from_satrec(satrec, dates)
        for place, site in enumerate(SITES):
            observer = wgs84.latlon(site.latitude_deg, site.longitude_deg, site.height_km * 1e3)
            for k in range(len(times)):
                arcsecond = np.pi / 648000
                dates.polar_motion_table = (
                    [0.0, 1e7],
                    [xp[k] / arcsecond] * 2,
                    [yp[k] / arcsecond] * 2,
                )
                whole, part = divmod(int(times.ns[k]), 86_400_000_000_000)
                instant = dates.tt_jd(2440587.5 + whole, (part / 1e9 + 69.184) / 86400)
                instant.delta_t = 69.184 - ut1_utc[k]
                elevation, azimuth, distance = (satellite - observer).at(instant).altaz()
                assert abs(distance.km - found.range[k, place, number]) < 1e-5
                assert abs(elevation.degrees - np.degrees(found.elevation[k, place, number])) < 1e-5
                off = (
                    azimuth.degrees - np.degrees(found.azimuth[k, place, number]) + 180
                ) % 360 - 180
                assert abs(off) * np.cos(elevation.radians) < 1e-5


def test_range_rate_is_the_change_of_range():
    """SGP4's own velocity is up to 3e-5 km/s off the change of its position."""
    ns = TIMES.ns[3] + np.array([-500_000_000, 0, 500_000_000])
    found = look_angles(
        Propagator(walker("53:40/5/1", altitude_km=550.0)).states(
            as_times(ns.view("datetime64[ns]"))
        ),
        SITES,
    )
    assert np.abs(found.range[2] - found.range[0] - found.range_rate[1]).max() < 5e-5


def test_straight_up():
    """A satellite on the vertical of a site, from its geodetic coordinates."""
    states = convert(Propagator(walker("53:40/5/1", altitude_km=550.0)).states(TIMES), "geodetic")
    for i in (0, 7, 21):
        under = Site(states.lat[2, i], states.lon[2, i])
        found = look_angles(states, under)
        assert abs(found.elevation[2, 0, i] - np.pi / 2) < 1e-7
        assert abs(found.range[2, 0, i] - states.height[2, i]) < 1e-8


def test_what_cannot_be_looked_at():
    propagator = Propagator(walker("53:40/5/1", altitude_km=550.0))
    with pytest.raises(ValueError, match="no site"):
        look_angles(propagator.states(TIMES), [])
    with pytest.raises(ValueError, match="velocity=True"):
        look_angles(propagator.states(TIMES, velocity=False), SITES)
    for site in ((91.0, 0.0), (0.0, 361.0), (float("nan"), 0.0), (0.0, 0.0, float("inf"))):
        with pytest.raises(
            ValueError, match=r"site '': (latitude|longitude|height)_(deg|km) .* is not"
        ):
            Site(*site)
    with pytest.raises(TypeError, match=r"is not a gpuprop\.Site"):
        look_angles(propagator.states(TIMES), [(10.0, 20.0)])
    with pytest.raises(TypeError, match="not dict"):
        look_angles({}, SITES)


@pytest.mark.parametrize("kind", [np.float32, ">f8"])
def test_columns_of_other_types(engine, kind):
    """float32 as read from files and other byte orders are converted, not taken for raw float64."""
    states = Propagator(walker("53:40/5/1", altitude_km=550.0)).states(TIMES, "itrs")
    other = replace(
        states,
        columns={
            name: np.asfortranarray(column.astype(kind)) for name, column in states.columns.items()
        },
    )
    exact = replace(
        states,
        columns={
            name: column.astype(kind).astype(float) for name, column in states.columns.items()
        },
    )
    assert same(look_angles(other, SITES, engine=engine), look_angles(exact, SITES, engine="numpy"))
