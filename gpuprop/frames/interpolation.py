"""What is slow to compute and smooth in time: computed at nodes every 12 h of TT, and between them
by polynomials of eight nodes.

The nodes stand at fixed instants and are kept, so a value is a pure function of its instant.
Against direct evaluation over 1962 to 2027 (tests/frames/test_earth_orientation.py): X, Y and s
within 2e-13 rad, the Sun within 5 cm.
"""

import warnings
from collections.abc import Callable
from functools import lru_cache

import erfa
import numpy as np
import numpy.typing as npt

from ..time.instants import format_ns
from ..time.scales import MINUS_TAI, tai_minus_utc_ns
from ..time.units import DAY, JD_1970, LAST_NS
from ..typing import Array, Bits

STEP = DAY // 2
LATEST = 8 * STEP  # room for TT - UTC and the nodes after an instant
STENCIL = tuple(range(-3, 5))  # nodes around the interval from 0 to 1
BLOCK = 8  # nodes computed at once: 0.6 ms of precession-nutation
BLOCKS_KEPT = 32_768  # 359 years: 10 MB
AU = erfa.DAU * 1e-3  # km
SPEED_OF_LIGHT = 86_400.0 / erfa.AULT  # au/day


def tt_ns(ns: Bits) -> Bits:
    """Nanoseconds of TT since 1970-01-01T00:00:00 TT of UTC instants (n,). ValueError before 1960,
    and where 64 bits end in TT.
    """
    if (ns > LAST_NS - LATEST).any():
        raise ValueError(
            f"{format_ns(int(ns.max()))} is beyond the end of 64-bit nanoseconds in TT: stay "
            f"before {format_ns(LAST_NS - LATEST)}"
        )
    return ns + tai_minus_utc_ns(ns) + MINUS_TAI["tt"]


def precession_nutation(ns: Bits) -> Array:
    """X, Y of the celestial intermediate pole in GCRS and the CIO locator s, (3, n) rad, at UTC
    instants (n,).

    Source: IAU 2006/2000A_R06, erfa.xys06a; without the observed pole offsets dX, dY (0.3 mas).
    """
    return _interpolated(_precession_nutation_nodes, ns)


def sun_gcrs(ns: Bits, apparent: bool) -> Array:
    """Geocentric position of the Sun, (3, n) km in GCRS, at UTC instants (n,); apparent: as in
    rotations.sun.

    Source: erfa.epv00 (good to 5 km from 1900 to 2100), TT for TDB (below 2 ms: 60 m).
    """
    return _interpolated(_apparent_sun_nodes if apparent else _true_sun_nodes, ns)


def _interpolated(nodes: Callable[[int], Array], ns: Bits) -> Array:
    """(3, n): Lagrange's polynomial through the eight nodes around each instant; nodes: block
    number -> (BLOCK, 3).
    """
    tt = tt_ns(ns)
    node = tt // STEP
    u = (tt - node * STEP) / STEP  # [0, 1)
    first = (node + STENCIL[0]) // BLOCK
    last = (node + STENCIL[-1]) // BLOCK
    blocks = np.union1d(first, last)
    values = (
        np.concatenate([nodes(int(block)) for block in blocks]) if len(blocks) else np.empty((0, 3))
    )
    total = np.zeros((3, len(ns)))
    for j in STENCIL:
        weight = np.ones(len(ns))
        for k in STENCIL:
            if k != j:
                weight = weight * ((u - k) / (j - k))
        block = (node + j) // BLOCK
        row = np.searchsorted(blocks, block) * BLOCK + (node + j - block * BLOCK)
        total = total + weight * values[row].T
    return total


def _dates(block: int) -> tuple[Array, Array]:
    """Two-part Julian dates in TT of the nodes of a block: midnight, fraction."""
    node = np.arange(block * BLOCK, (block + 1) * BLOCK)
    return np.asarray(JD_1970 + node // 2, np.float64), np.asarray(node % 2 * 0.5, np.float64)


def _kept(values: npt.ArrayLike) -> Array:
    kept = np.ascontiguousarray(values, np.float64)
    kept.flags.writeable = False
    return kept


@lru_cache(BLOCKS_KEPT)
def _precession_nutation_nodes(block: int) -> Array:
    return _kept(np.stack(erfa.xys06a(*_dates(block)), axis=-1))


def _earth(date: Array, fraction: Array) -> tuple[Array, Array, Array]:
    """Heliocentric position, barycentric position (au) and barycentric velocity (au/day) of the
    Earth, (n, 3) each.
    """
    with warnings.catch_warnings():
        # before 1900 and after 2100 it is less exact
        warnings.filterwarnings("ignore", "ERFA function .*epv00", erfa.ErfaWarning)
        helio, bary = erfa.epv00(date, fraction)
    return helio["p"], bary["p"], bary["v"]


@lru_cache(BLOCKS_KEPT)
def _true_sun_nodes(block: int) -> Array:
    return _kept(_earth(*_dates(block))[0] * -AU)


@lru_cache(BLOCKS_KEPT)
def _apparent_sun_nodes(block: int) -> Array:
    """The Sun where it was when the light left it, in the direction from which the light arrives at
    the moving Earth.
    """
    date, fraction = _dates(block)
    _, earth, velocity = _earth(date, fraction)
    distance = np.ones(BLOCK)
    for _ in range(2):  # light time: 500 s, in which the Sun moves 6 km
        helio, bary, _ = _earth(date, fraction - distance / SPEED_OF_LIGHT)
        line = (bary - helio) - earth
        distance = np.sqrt((line * line).sum(axis=-1))
    beta = velocity / SPEED_OF_LIGHT
    direction = erfa.ab(
        line / distance[:, None], beta, distance, np.sqrt(1.0 - (beta * beta).sum(axis=-1))
    )
    return _kept(direction * (distance[:, None] * AU))
