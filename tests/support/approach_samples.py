"""Element sets whose SGP4 state at an instant is a given one: approaches that are planned.

Newton's method on the mean elements, with python-sgp4 and finite differences. Nothing of gpuprop
computes here.
"""

import math

import numpy as np
from sgp4.api import WGS72, Satrec

from gpuprop import Elements

MU = 398600.8
RADIUS = 6378.135
REV_PER_DAY = 1440.0 / (2.0 * math.pi)  # of rad/min
JD_1970 = 2440587.5
EPOCH_1949 = 2433281.5  # of sgp4init
START = 1_767_225_611_234_567  # microseconds since 1970, on no grid
SECOND = 1_000_000
WEIGHTS = np.array([1.0, 1.0, 1.0, 1000.0, 1000.0, 1000.0])


def satrec(mean, epoch_us):
    """A Satrec from n (rad/min), e cos w, e sin w, i, node, w + M (rad)."""
    n, ex, ey, inclination, node, argument = mean
    e, w = math.hypot(ex, ey), math.atan2(ey, ex)
    made = Satrec()
    days = epoch_us / 86_400e6 + JD_1970 - EPOCH_1949
    turn = 2.0 * math.pi
    made.sgp4init(
        WGS72, "i", 1, days, 0.0, 0.0, 0.0, e, w % turn, inclination, (argument - w) % turn, n,
        node % turn,
    )  # fmt: skip
    return made


def at_epoch(mean, epoch_us):
    error, r, v = satrec(mean, epoch_us).sgp4_tsince(0.0)
    assert not error
    return np.array([*r, *v])


def osculating(state):
    """Mean elements for a first guess: the osculating ones."""
    r, v = state[:3], state[3:]
    h = np.cross(r, v)
    e = np.cross(v, h) / MU - r / np.linalg.norm(r)
    a = 1.0 / (2.0 / np.linalg.norm(r) - v @ v / MU)
    inclination = math.acos(h[2] / np.linalg.norm(h))
    node = math.atan2(h[0], -h[1])
    towards = np.array([math.cos(node), math.sin(node), 0.0])
    beside = np.cross(h, towards) / np.linalg.norm(h)
    ex, ey = e @ towards, e @ beside
    size, w = math.hypot(ex, ey), math.atan2(ey, ex)
    true = math.atan2(r @ beside, r @ towards) - w
    anomaly = 2.0 * math.atan2(
        math.sqrt(1.0 - size) * math.sin(true / 2), math.sqrt(1.0 + size) * math.cos(true / 2)
    )
    n = math.sqrt(MU / a**3) * 60.0
    return np.array([n, ex, ey, inclination, node, w + anomaly - size * math.sin(anomaly)])


def mean_of(state, epoch_us):
    """Mean elements whose state at the epoch is (x, y, z, vx, vy, vz), to a micrometre or so."""
    state = np.asarray(state, float)
    mean = osculating(state)
    steps = np.array([1e-7, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6])
    for _ in range(12):
        wrong = (at_epoch(mean, epoch_us) - state) * WEIGHTS
        if np.abs(wrong).max() < 1e-9:
            break
        columns = [
            (at_epoch(mean + d, epoch_us) - at_epoch(mean - d, epoch_us)) * WEIGHTS / (2 * d[k])
            for k, d in enumerate(np.diag(steps))
        ]
        mean = mean - np.linalg.solve(np.column_stack(columns), wrong)
    assert np.abs(wrong).max() < 1e-6, "no element set has this state"
    return mean


def elements_of(means, epochs_us, first=1):
    """Element sets, numbered from `first`."""
    means, n = np.asarray(means, float), len(means)
    e, w = np.hypot(means[:, 1], means[:, 2]), np.arctan2(means[:, 2], means[:, 1])
    return Elements(
        dict(
            NORAD_CAT_ID=np.arange(n) + first,
            OBJECT_NAME=np.array([f"OBJECT {k}" for k in range(first, first + n)], object),
            EPOCH=np.asarray(epochs_us).astype("datetime64[us]").astype("datetime64[ns]"),
            MEAN_MOTION=means[:, 0] * REV_PER_DAY,
            ECCENTRICITY=e,
            INCLINATION=np.degrees(means[:, 3]),
            RA_OF_ASC_NODE=np.degrees(means[:, 4]) % 360.0,
            ARG_OF_PERICENTER=np.degrees(w) % 360.0,
            MEAN_ANOMALY=np.degrees(means[:, 5] - w) % 360.0,
            BSTAR=np.zeros(n),
        )
    )


def circular(longitude, latitude, heading, radius):
    """A state on a circle at a direction (deg), moving towards a heading (deg from north, east)."""
    lon, lat, turn = np.radians([longitude, latitude, heading])
    up = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
    north = np.array(
        [-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat)]
    )
    east = np.array([-math.sin(lon), math.cos(lon), 0.0])
    speed = math.sqrt(MU / radius)
    return np.concatenate((radius * up, speed * (math.cos(turn) * north + math.sin(turn) * east)))


def encounter(first, velocity, miss):
    """The state of a second object that passes the first at its epoch: range `miss` km.

    velocity: of the second, km/s. The offset is normal to the relative velocity.
    """
    relative = np.asarray(velocity) - first[3:]
    side = np.cross(relative, first[:3])
    side /= np.linalg.norm(side)
    return np.concatenate((first[:3] + miss * side, velocity))


def crowd(seed, n, spread_km=40.0):
    """Objects in a thin shell: eccentric, identical, in formation, and some that lose status."""
    rng = np.random.default_rng(seed)
    radius = 6928.0 + rng.uniform(-spread_km, spread_km, n)
    eccentricity = rng.choice([1e-4, 2e-3, 0.3, 0.7], n, p=[0.6, 0.3, 0.05, 0.05])
    radius = radius / (1.0 - eccentricity)
    radius[-8:], eccentricity[-8:] = 7000.0, 0.1  # below the surface at perigee
    angles = rng.uniform(0.0, 360.0, (4, n))
    inclination = rng.choice([0.5, 53.0, 63.4, 97.5, 170.0], n) + rng.normal(0, 0.2, n)
    bstar = np.zeros(n)
    bstar[-9] = 0.3
    fields = dict(
        NORAD_CAT_ID=rng.permutation(n) + 100,
        OBJECT_NAME=np.array([f"O {k}" for k in range(n)], object),
        EPOCH=np.full(n, np.datetime64(START - 3600 * SECOND, "us").astype("datetime64[ns]")),
        MEAN_MOTION=np.sqrt(MU / radius**3) * 60.0 * REV_PER_DAY,
        ECCENTRICITY=eccentricity,
        INCLINATION=np.abs(inclination),
        RA_OF_ASC_NODE=angles[0],
        ARG_OF_PERICENTER=angles[1],
        MEAN_ANOMALY=angles[2],
        BSTAR=bstar,
    )
    for name, values in fields.items():
        if name not in ("NORAD_CAT_ID", "OBJECT_NAME"):
            values[1] = values[0]  # identical orbits
            values[2] = values[0]
    fields["MEAN_ANOMALY"][2] += 0.05  # 6 km behind
    fields["RA_OF_ASC_NODE"][2] += 0.02
    return Elements(fields)
