"""Satellites around the limits of precision mixed, and instants around its reach."""

import numpy as np
import pytest
from state_samples import EPOCH, MINUTE

from gpuprop import Elements
from gpuprop.engine import cpu as engine_cpu
from gpuprop.engine.cpu import library
from gpuprop.sgp4.mixed import REACH_NS
from gpuprop.time.times import Times

DAY = 1440 * MINUTE
HAS_MIXED = bool(engine_cpu.usable()[0] and library().widths[0] in library().mixed)
needs_fma = pytest.mark.skipif(not HAS_MIXED, reason="this CPU has no FMA")


def near_the_limits(seed, n):
    """Element sets near the Earth, inside the class mixed and around its limits."""
    rng = np.random.default_rng(seed)
    inclination = rng.choice(
        [0.0, 0.001, 1.0, 63.4349, 90.0, 116.565, 179.0, 180.0, *[-1.0] * 4], n
    )
    angles = rng.choice([0.0, 90.0, 180.0, 270.0, -1.0, -1.0, -1.0], (3, n))
    eccentricity = rng.choice([0.0, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05], n) * rng.uniform(
        0, 1.05, n
    )
    bstar = np.exp(rng.uniform(np.log(1e-9), np.log(0.1), n)) * rng.choice([-1, 1, 1, 1], n)
    return Elements(
        dict(
            NORAD_CAT_ID=np.arange(n) + 1,
            EPOCH=np.full(n, EPOCH),
            MEAN_MOTION=rng.uniform(6.4, 16.5, n),
            ECCENTRICITY=eccentricity,
            INCLINATION=np.where(inclination < 0, rng.uniform(0, 180, n), inclination),
            RA_OF_ASC_NODE=np.where(angles[0] < 0, rng.uniform(0, 360, n), angles[0]),
            ARG_OF_PERICENTER=np.where(angles[1] < 0, rng.uniform(0, 360, n), angles[1]),
            MEAN_ANOMALY=np.where(angles[2] < 0, rng.uniform(0, 360, n), angles[2]),
            BSTAR=np.where(rng.uniform(size=n) < 0.05, 0.0, bstar),
        )
    )


def times(*ns):
    return Times(EPOCH.astype("datetime64[ns]").view(np.int64) + np.array(ns, np.int64))


def spread(seed, n, reach=REACH_NS):
    """Instants up to `reach` from the epoch, its ends and the epoch."""
    inside = np.random.default_rng(seed).integers(-reach, reach, n)
    return times(*inside, -reach, 0, reach)


def same_bits(a, b):
    return all(a.columns[name].tobytes() == b.columns[name].tobytes() for name in a.columns)
