"""Right ascension, declination and rates of satellites from sites, against astropy and Skyfield."""

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import (
    GCRS,
    ITRS,
    CartesianRepresentation,
    EarthLocation,
    SphericalRepresentation,
)
from astropy.time import Time
from astropy.utils import iers
from skyfield.api import load, wgs84
from state_samples import random_elements

from gpuprop import Elements, Propagator, Site, as_times, look_angles, time_grid, walker
from gpuprop.analysis import look_angles as module
from gpuprop.analysis.topocentric import RADEC, RATES

SITES = [
    Site(-15.793889, -47.882778, 1.172, "Brasilia"),
    Site(51.1694, 71.4491, 0.347, "Astana"),
    Site(90.0, 0.0, name="north pole"),
    Site(-33.0, -180.0, 4.0),
]
TIMES = as_times(
    np.datetime64("2024-03-05T06:07:08.123456789") + np.arange(4) * np.timedelta64(7777777, "ms")
)
SATELLITES = Elements.concat(
    [
        walker("53:12/3/1", altitude_km=550.0, epoch="2024-03-05"),
        walker("5:4/1/0", altitude_km=35786.0, epoch="2024-03-05"),
    ]
)


@pytest.fixture(autouse=True)
def tables_of_the_package():
    with iers.conf.set_temp("auto_download", False):
        yield


def off(a, b, dec):
    """Angle between two right ascensions on the sky."""
    return np.abs((a - b + np.pi) % (2 * np.pi) - np.pi) * np.cos(dec)


def test_against_astropy():
    """Directions in GCRS axes: satellites and sites are turned from ITRS to GCRS by astropy.

    The distance of 0.43 mm in GCRS at 550 km (README) is 1e-9 rad.
    """
    states = Propagator(SATELLITES).states(TIMES, "itrs")
    found = look_angles(states, SITES, radec=True)
    for k, instant in enumerate(Time(TIMES.datetime64, scale="utc")):
        cartesian = CartesianRepresentation(states.position[k].T * u.km)
        satellites = ITRS(cartesian, obstime=instant).transform_to(GCRS(obstime=instant))
        for place, site in enumerate(SITES):
            location = EarthLocation.from_geodetic(
                site.longitude_deg, site.latitude_deg, site.height_km * u.km
            )
            origin, _ = location.get_gcrs_posvel(instant)
            seen = (satellites.cartesian - origin).represent_as(SphericalRepresentation)
            ra, dec = found.right_ascension[k, place], found.declination[k, place]
            assert off(seen.lon.rad, ra, dec).max() < 2e-10
            assert np.abs(seen.lat.rad - dec).max() < 2e-10
            assert np.abs(seen.distance.to_value(u.km) - found.range[k, place]).max() < 2e-6
            assert ((ra >= 0.0) & (ra < 2 * np.pi)).all()


def test_against_skyfield():
    """Skyfield's own SGP4, frames and sites; its Earth orientation is set to that of the states."""
    states = Propagator(SATELLITES).states(TIMES, "gcrs")
    found = look_angles(states, SITES, radec=True)
    ut1_utc, xp, yp, _ = (
        states.eop.at(TIMES.ns) if states.eop else Propagator(SATELLITES).eop.at(TIMES.ns)
    )
    dates, arcsecond = load.timescale(builtin=True), np.pi / 648000
    for k in range(len(TIMES)):
        dates.polar_motion_table = ([0.0, 1e7], [xp[k] / arcsecond] * 2, [yp[k] / arcsecond] * 2)
        whole, part = divmod(int(TIMES.ns[k]), 86_400_000_000_000)
        instant = dates.tt_jd(2440587.5 + whole, (part / 1e9 + 69.184) / 86400)
        instant.delta_t = 69.184 - ut1_utc[k]
        for place, site in enumerate(SITES):
            observer = wgs84.latlon(site.latitude_deg, site.longitude_deg, site.height_km * 1e3)
            line = states.position[k] - observer.at(instant).position.km
            ra, dec = found.right_ascension[k, place], found.declination[k, place]
            distance = np.linalg.norm(line, axis=1)
            assert np.abs(np.arcsin(line[:, 2] / distance) - dec).max() < 1e-9
            assert off(np.arctan2(line[:, 1], line[:, 0]), ra, dec).max() < 1e-9


def test_rates_are_the_changes_of_the_angles():
    """Central differences over a second. SGP4's velocity is not the change of its position: it is
    up to 3e-5 km/s off, at 550 km 6e-8 rad/s.
    """
    middle = TIMES.ns[1]
    times = as_times((middle + np.array([-5e8, 0, 5e8]).astype(np.int64)).view("datetime64[ns]"))
    found = look_angles(Propagator(SATELLITES).states(times), SITES, rates=True)
    el = found.elevation[1]
    seen = el > np.radians(-60)
    assert seen.sum() > 20
    along = (found.azimuth[2] - found.azimuth[0] + np.pi) % (2 * np.pi) - np.pi
    up = found.elevation[2] - found.elevation[0]
    size = 3e-7 * np.maximum(1.0, 550.0 / found.range[1])
    assert (np.abs(up - found.elevation_rate[1]) < size)[seen].all()
    across = np.abs(along - found.azimuth_rate[1]) * np.cos(el)
    assert (across < size)[seen].all()
    expected = np.hypot(found.elevation_rate, found.azimuth_rate * np.cos(found.elevation))
    assert np.allclose(found.angular_rate, expected, rtol=1e-12, atol=0.0)


def test_an_overhead_pass():
    """Straight overhead the angular rate is the relative speed across the line, over the range."""
    states = Propagator(SATELLITES).states(TIMES, "geodetic")
    site = Site(states.lat[2, 3], states.lon[2, 3])
    found = look_angles(states, site, rates=True)
    speed = np.linalg.norm(Propagator(SATELLITES).states(TIMES, "itrs").velocity[2, 3])
    level = np.sqrt(speed**2 - found.range_rate[2, 0, 3] ** 2)
    assert abs(found.angular_rate[2, 0, 3] - level / found.range[2, 0, 3]) < 1e-12
    geostationary = look_angles(states, SITES[0], rates=True).angular_rate[:, :, 12:]
    assert geostationary.max() < 2e-5  # at 5 degrees of inclination; a star has 7.3e-5


@pytest.mark.parametrize("portion", [1, 7, 100, 1 << 20])
def test_bits_do_not_depend_on_engine_frame_or_portion(engine, portion, monkeypatch):
    propagator = Propagator(random_elements(70, 33), "numpy", threads=1)
    times = time_grid("2026-01-01", duration="5min", step="60s")
    states = propagator.states(times, "itrs")
    expected = look_angles(states, SITES, engine="numpy", radec=True, rates=True)
    monkeypatch.setattr(module, "PORTION", portion)
    found = look_angles(states, SITES, engine=engine, radec=True, rates=True)
    listed = look_angles(
        states, SITES, engine=engine, radec=True, rates=True, min_elevation_deg=-20.0
    )
    t, n, s = np.nonzero(expected.elevation.transpose(0, 2, 1) >= np.radians(-20.0))
    assert listed.azimuth.shape == (len(t),) and len(t) > 100
    for name in (*expected.columns, *RADEC, *RATES):
        assert np.array_equal(getattr(found, name), getattr(expected, name), equal_nan=True)
        assert np.array_equal(getattr(listed, name), getattr(expected, name)[t, s, n])
    lost = np.isnan(expected.elevation)
    assert all(np.array_equal(np.isnan(expected.columns[name]), lost) for name in RADEC)
    # without velocities: no rates, but right ascension and declination
    still = look_angles(
        propagator.states(times, "itrs", velocity=False), SITES, radec=True, range_rate=False
    )
    assert np.array_equal(still.right_ascension, expected.right_ascension, equal_nan=True)
    with pytest.raises(ValueError, match="range_rate=False"):
        look_angles(replace(states, columns={"x": states.x}), SITES)
