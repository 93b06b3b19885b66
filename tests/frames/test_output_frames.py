"""Frames of the engines (rotation, geodetic coordinates, sunlight) agree with published figures,
other codes and each other.
"""

import erfa
import numpy as np
import pytest
from state_samples import EPOCH, FRAMES, TIMES, instants, random_elements

from gpuprop import Elements, Propagator, walker
from gpuprop import frames as orientation
from gpuprop.sgp4 import frames
from gpuprop.sgp4.orbit import State
from gpuprop.time.times import as_times, instant_ns

RNG = np.random.default_rng(20)
TWO_BODY_START = instant_ns("2020-01-01T11:30:00Z")
UMBRA = [  # GMAT's, entry and exit, of the orbit in two_body
    ("2020-01-01T11:43:39.068Z", "2020-01-01T12:16:44.181Z"),
    ("2020-01-01T15:05:58.227Z", "2020-01-01T15:39:04.946Z"),
]


def same(a, b):
    """The same columns, bit for bit, NaNs included."""
    return list(a.columns) == list(b.columns) and all(
        np.array_equal(a.columns[name].view(np.uint8), b.columns[name].view(np.uint8))
        for name in a.columns
    )


# --- one answer ---
@pytest.mark.parametrize("frame", FRAMES)
def test_the_bits_are_those_of_numpy_in_every_frame(engine, frame):
    """Every regime, lost and implausible states, satellites out of order."""
    elements = random_elements(40, 3000)
    expected = Propagator(elements, "numpy", threads=1).states(TIMES, frame, sunlit=True)
    assert set(np.unique(expected.status)) >= {0, 1, 6, 10} and set(np.unique(expected.sunlit)) == {
        0,
        1,
        2,
        255,
    }
    propagator = Propagator(elements, engine)
    assert same(propagator.states(TIMES, frame, sunlit=True), expected)
    alone = propagator.states(TIMES, frame, velocity=False)
    assert list(alone.columns) == [*list(expected.columns)[:3], "status"]
    assert all(
        np.array_equal(alone.columns[name], expected.columns[name], equal_nan=True)
        for name in alone.columns
    )


@pytest.mark.parametrize("frame", ["gcrs", "geodetic"])
def test_blocks_hold_the_same_states(engine, frame):
    elements, times = random_elements(41, 50), instants(*range(0, 3000, 7))
    propagator = Propagator(elements, engine)
    whole = propagator.states(times, frame, sunlit=True)
    blocks = list(propagator.snapshots(times, frame, sunlit=True, block_bytes=40_000))
    assert len(blocks) > 10
    for name, column in whole.columns.items():
        assert np.array_equal(
            np.concatenate([block.columns[name] for block in blocks]), column, equal_nan=True
        )


def test_worker_processes_are_given_the_frame(monkeypatch):
    from gpuprop.engine import numpy as engine_numpy

    elements = random_elements(42, 3000)
    expected = Propagator(elements, "numpy", threads=1).states(TIMES, "geodetic", sunlit=True)
    monkeypatch.setattr(engine_numpy, "WORTH_WORKERS", 0)
    with Propagator(elements, "numpy") as propagator:
        propagator._propagations[0]._threads = 2  # type: ignore[attr-defined]
        assert same(propagator.states(TIMES, "geodetic", sunlit=True), expected)


# --- what the frames are ---
def test_velocities_are_those_of_the_moving_axes(engine):
    """What differs between SGP4's velocity and the change of its position over a second is the same
    in every frame.
    """
    ns = TIMES.ns[3] + np.array([-500_000_000, 0, 500_000_000])
    propagator = Propagator(walker("53:40/5/1", altitude_km=550.0), engine)

    def rest(frame):
        states = propagator.states(as_times(ns.view("datetime64[ns]")), frame)
        return np.linalg.norm(states.position[2] - states.position[0] - states.velocity[1], axis=1)

    for frame in ("pef", "itrs", "gcrs"):
        # km/s; the Earth's rotation is 0.5 km/s there
        assert np.abs(rest(frame) - rest("teme")).max() < 3e-7, frame


def test_turned_but_not_stretched(engine):
    """Distances are those of TEME in every frame, and speeds in gcrs."""
    propagator = Propagator(random_elements(43, 300), engine)
    teme = propagator.states(TIMES)
    good = teme.status == 0
    for frame in ("pef", "itrs", "gcrs"):
        states = propagator.states(TIMES, frame)
        lengths = [np.linalg.norm(each.position, axis=2)[good] for each in (states, teme)]
        assert np.abs(lengths[0] / lengths[1] - 1).max() < 1e-15 * 4
        assert np.array_equal(states.status, teme.status)
    speeds = [np.linalg.norm(each.velocity, axis=2)[good] for each in (states, teme)]
    assert np.abs(speeds[0] / speeds[1] - 1).max() < 1e-15 * 4


def appendix_c(ut1_utc):
    """Position and velocity in ITRS of AIAA 2006-6753, appendix C, from the kernels' twin:
    2004-04-06T07:51:28.386009 UTC.
    """
    day = instant_ns("2004-04-06T00:00:00Z")
    ns = np.array([day + 28_288_386_009_000])
    part, lod = 28288.386009 / 86400, 0.0015563
    ut1 = ut1_utc + lod * np.array([part, part - 1.0])
    arcsecond = np.pi / 648000
    table = orientation.EarthOrientation(
        day + np.array([0, 86_400_000_000_000]),
        ut1,
        np.full(2, -0.140682 * arcsecond),
        np.full(2, 0.333309 * arcsecond),
    )
    teme = [
        np.array([[value]])
        for value in (
            5094.18016210,
            6127.64465950,
            6380.34453270,
            -4.746131487,
            0.785818041,
            5.531931288,
        )
    ]
    x, y, z, vx, vy, vz, _ = frames.rotate(
        orientation.rotations("itrs", ns, table),
        State(*teme, np.zeros((1, 1), np.uint8)),  # type: ignore[call-arg]
    )
    return np.array([x, y, z]).ravel(), np.array([vx, vy, vz]).ravel()


def test_the_worked_example_of_appendix_c():
    """The example's UT1 is one double, the Julian date 2453101.8274067831: 15 microseconds, 9 mm
    here, from UTC and its UT1 - UTC.
    """
    published = [-1033.47938300, 7901.29527540, 6380.35659580]
    rounded = (2453101.8274067831 - 2453101.5) * 86400 - 28288.386009
    assert round((rounded + 0.4399619) * 1e6) == 15
    position, velocity = appendix_c(rounded)
    assert np.abs(position - published).max() < 5e-8
    assert np.abs(velocity - [-3.225636520, -2.872451450, 5.531924446]).max() < 1e-9
    assert round(np.linalg.norm(appendix_c(-0.4399619)[0] - published) * 1e6) == 9  # mm


# --- geodetic ---
CORNERS = [
    (np.pi / 2, 0.0),
    (-np.pi / 2, 0.0),
    (0.0, np.pi),
    (0.0, -np.pi),
    (0.0, np.pi - 1e-15),
    (1e-9, 0.0),
    (-1e-300, 1.0),
    (1.57, 2.0),
]


@pytest.mark.parametrize("height", [-100.0, 0.0, 1.0, 550.0, 1000.0, 20_200.0, 35_786.0, 400_000.0])
def test_geodetic_against_erfa(height):
    """1e-12 rad and a micrometre, poles, equator and date line included; test_claims.py has the
    exact answer.
    """
    ellipsoid = (6378137.0, 1 / 298.257223563)
    latitude, longitude = np.concatenate(
        [
            np.array([np.arcsin(RNG.uniform(-1, 1, 50_000)), RNG.uniform(-np.pi, np.pi, 50_000)]).T,
            CORNERS,
        ]
    ).T
    xyz = erfa.gd2gce(*ellipsoid, longitude, latitude, np.full(len(latitude), height * 1e3))
    lat, lon, h = (column[0] for column in frames.geodetic(*(xyz.T[:, None] / 1e3)))
    assert lon.min() >= -180.0 and lon.max() < 180.0 and np.abs(lat).max() == 90.0
    # erfa's way back is 2e-11 rad off at 10,000 km, so it is asked near the Earth only, and its way
    # forth everywhere
    answers = [(longitude, latitude, height)] + (
        [[*erfa.gc2gde(*ellipsoid, xyz)]] if height <= 1000.0 else []
    )
    for theirs_lon, theirs_lat, theirs_h in answers:
        assert np.abs(np.radians(lat) - theirs_lat).max() < 1e-12
        turned = np.abs(np.radians(lon) - theirs_lon)[np.abs(lat) < 89.9999]
        assert np.minimum(turned, 2 * np.pi - turned).max() < 1e-12
        assert np.abs(h - theirs_h / (1 if np.isscalar(theirs_h) else 1e3)).max() < 1e-9  # km


def test_geodetic_and_itrs_are_the_same_places(engine):
    propagator = Propagator(random_elements(44, 300), engine)
    itrs, geodetic = (propagator.states(TIMES, frame) for frame in ("itrs", "geodetic"))
    good = itrs.status == 0
    longitude, latitude, height = (
        column[good] for column in (geodetic.lon, geodetic.lat, geodetic.height)
    )
    places = (
        erfa.gd2gce(
            6378137.0, 1 / 298.257223563, np.radians(longitude), np.radians(latitude), height * 1e3
        )
        / 1e3
    )
    assert np.abs(places - itrs.position[good]).max() < 1e-9 * 50
    assert np.array_equal(geodetic.velocity, itrs.velocity, equal_nan=True)
    with pytest.raises(ValueError, match="lat, lon and height"):
        _ = geodetic.position
    with pytest.raises(AttributeError, match=r"geodetic, have no x but lat, lon, height"):
        _ = geodetic.x


# --- sunlight ---
def two_body(seconds):
    """Positions in GCRS, (n, 3) km, of the orbit of GMAT's published eclipses, so long after
    2020-01-01T11:30:00 UTC.
    """
    a, e, mu = 7191.9, 0.02, 398600.4415
    i, raan, argp, nu = np.radians([98.0, 306.6, 314.1, 100.3])
    first = 2 * np.arctan(np.sqrt((1 - e) / (1 + e)) * np.tan(nu / 2))
    mean = first - e * np.sin(first) + np.sqrt(mu / a**3) * seconds
    anomaly = mean.copy()
    for _ in range(20):
        anomaly -= (anomaly - e * np.sin(anomaly) - mean) / (1 - e * np.cos(anomaly))
    node, across = (
        np.array([np.cos(raan), np.sin(raan), 0]),
        np.array([-np.sin(raan) * np.cos(i), np.cos(raan) * np.cos(i), np.sin(i)]),
    )
    p, q = np.cos(argp) * node + np.sin(argp) * across, -np.sin(argp) * node + np.cos(argp) * across
    return a * (
        (np.cos(anomaly) - e)[:, None] * p + (np.sqrt(1 - e * e) * np.sin(anomaly))[:, None] * q
    )


def light(ns):
    """Sunlight on that orbit, (n,)."""
    from_gcrs = orientation.rotations("gcrs", ns, None)[:, :9].reshape(-1, 3, 3)
    teme = np.einsum("nij,ni->nj", from_gcrs, two_body((ns - TWO_BODY_START) / 1e9))
    return frames.sunlight(orientation.sun(ns, None), *teme.T[:, :, None])[:, 0]


@pytest.mark.parametrize("edge", [edge for shadow in UMBRA for edge in shadow])
def test_umbra_against_gmat(edge):
    """Within 0.03 s; a spherical Earth would be 5.7 s off."""
    ns = instant_ns(edge) + np.arange(-2000, 2001) * 1_000_000
    dark = light(ns) == 0
    assert np.count_nonzero(np.diff(dark)) == 1
    assert abs(int(np.flatnonzero(np.diff(dark))[0]) - 2000) < 30


def test_penumbra_surrounds_umbra():
    ns = instant_ns(UMBRA[0][0]) + np.arange(-30_000, 30_000) * 1_000_000
    codes = light(ns)
    assert codes[0] == 2 and codes[-1] == 0 and set(codes) == {0, 1, 2}
    assert (np.diff(codes.astype(int)) <= 0).all()


def test_the_umbra_ends_where_the_sun_is_wider_than_the_earth():
    """Behind the Earth on the line to the Sun: dark at a million kilometres, a ring of light at two
    (the umbra is 1.38 million long).
    """
    sun = np.array([[1.496e8, 0.0, 0.0]])
    x = np.array([[-1.0e6, -1.3e6, -1.5e6, -2.0e6, 2.0e6, np.nan]])
    assert frames.sunlight(sun, x, 0.0 * x, 0.0 * x).tolist() == [[0, 0, 1, 1, 2, 255]]


def test_the_share_of_a_low_orbit_in_shadow(engine):
    """A circular orbit with the Sun in its plane is in umbra for about the angle that the Earth
    fills: 2 asin(a / r) of 360 degrees.
    """
    elements = Elements(
        dict(
            NORAD_CAT_ID=[1],
            EPOCH=[EPOCH],
            MEAN_MOTION=[15.0],
            ECCENTRICITY=[1e-4],
            INCLINATION=[0.0],
        )
        | {name: [0.0] for name in ("RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY", "BSTAR")}
    )
    equinox = as_times(
        np.datetime64("2026-03-20T00:00:00", "ns") + np.arange(28800) * np.timedelta64(10, "s")
    )
    states = Propagator(elements, engine).states(equinox, sunlit=True)
    share = np.mean(states.sunlit[:, 0] == 0)
    radius = np.linalg.norm(states.position, axis=2).mean()
    # penumbra, and the Sun's way off the equator
    assert abs(share - np.arcsin(6378.137 / radius) / np.pi) < 0.004


# --- refusals ---
def test_frames_that_are_not_known(engine):
    propagator = Propagator(random_elements(45, 2), engine)
    for ask in (propagator.states, propagator.snapshots):
        with pytest.raises(
            ValueError, match=r"frame 'mars' is not known: use teme, pef, itrs, gcrs or geodetic"
        ):
            ask(TIMES, "mars")


def test_instants_that_no_table_reaches(engine):
    late = as_times(["2150-01-01T00:00:00Z"])
    propagator = Propagator(random_elements(45, 2), engine)
    for ask in (propagator.states, propagator.snapshots):
        with pytest.raises(ValueError, match=r"2150-01-01T00:00:00Z.*--eop none"):
            ask(late, "itrs")
    assert propagator.states(late, "teme", sunlit=True).sunlit.shape == (1, 2)
    assert Propagator(random_elements(45, 2), engine, eop="none").states(
        late, "itrs"
    ).status.shape == (1, 2)
