"""Element sets of every regime, instants around their epoch, and states compared bit for bit."""

import numpy as np

from gpuprop import Elements
from gpuprop.time.times import as_times

COLUMNS = ("x", "y", "z", "vx", "vy", "vz", "status")
MINUTE = 60_000_000_000
EPOCH = np.datetime64("2026-01-01T00:00:00", "ns")
FRAMES = ("teme", "pef", "itrs", "gcrs", "geodetic")


def equal(a, b):
    """Bit for bit, a NaN being equal to a NaN."""
    return all(
        np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True) for name in COLUMNS
    )


def random_elements(seed, n):
    """Element sets of every regime: low, eccentric, resonant, retrograde, equatorial, decaying."""
    rng = np.random.default_rng(seed)
    mean_motion = rng.choice([1.0027, 2.0056, 0.0], n) + rng.normal(0, 0.002, n)
    free = mean_motion < 0.5
    mean_motion[free] = rng.uniform(0.2, 16.6, free.sum())
    largest = 1.0 - (mean_motion / 17.1) ** (2 / 3)  # perigee above the ground
    eccentricity = (
        np.maximum(0.0, largest) * rng.choice([1e-4, 1e-2, 1.0], n) * rng.uniform(0, 1, n)
    )
    inclination = rng.choice([0.0, 0.01, 5.0, 11.4, 11.6, 63.4, 90.0, 177.0, -1.0], n)
    free = inclination < 0
    inclination[free] = rng.uniform(0, 180, free.sum())
    angles = rng.uniform(0, 360, (3, n))
    return Elements(
        dict(
            NORAD_CAT_ID=np.arange(n) + 1,
            EPOCH=np.full(n, EPOCH),
            MEAN_MOTION=mean_motion,
            ECCENTRICITY=eccentricity,
            INCLINATION=inclination,
            RA_OF_ASC_NODE=angles[0],
            ARG_OF_PERICENTER=angles[1],
            MEAN_ANOMALY=angles[2],
            BSTAR=rng.choice([0.0, 1e-5, 1e-3, -1e-4], n),
        )
    )


def instants(*minutes):
    return as_times(EPOCH + (np.array(minutes) * MINUTE).astype("timedelta64[ns]"))


TIMES = instants(-20160.0, -0.5, 0.0, 77.7, 1440.0)
