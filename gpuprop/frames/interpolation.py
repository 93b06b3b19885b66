"""Precession-nutation and the Sun, which are slow to compute and smooth in time.

They are computed at knots every 12 h of TT and interpolated by polynomials through eight knots. The
knots are at fixed instants and their values are cached, so a value is a pure function of its
instant. The differences from direct evaluation from 1962 to 2027 are at most 2e-13 rad in X, Y and
s, and 5 cm for the Sun (tests/frames/test_earth_orientation.py).
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
RESERVE = 8 * STEP  # at the end of 64 bits: for TT - UTC and the knots after an instant
STENCIL = tuple(range(-3, 5))  # knots around the interval from 0 to 1
BLOCK = 8  # knots computed at once: 0.6 ms of precession-nutation
NEIGHBOURS = 4  # blocks that are all taken, without a look which of them are needed
BLOCKS_KEPT = 32_768  # 359 years: 10 MB
AU = erfa.DAU * 1e-3  # km
SPEED_OF_LIGHT = 86_400.0 / erfa.AULT  # au/day


def tt_ns(ns: Bits) -> Bits:
    """Convert UTC instants, (n,) ns, to nanoseconds of TT since 1970-01-01T00:00:00 TT.

    ValueError before 1960, and within four days of the end of 64-bit nanoseconds.
    """
    if (ns > LAST_NS - RESERVE).any():
        raise ValueError(
            f"{format_ns(int(ns.max()))} is beyond the end of 64-bit nanoseconds in TT: stay "
            f"before {format_ns(LAST_NS - RESERVE)}"
        )
    return ns + tai_minus_utc_ns(ns) + MINUS_TAI["tt"]


def precession_nutation(ns: Bits) -> Array:
    """Compute X, Y of the celestial pole in GCRS and the CIO locator s, (3, n) rad.

    `ns` are UTC instants, (n,). Source: IAU 2006/2000A_R06, erfa.xys06a, without the observed pole
    offsets dX, dY (0.3 mas).
    """
    return _interpolated((_precession_nutation_knots,), ns)


def pole_and_sun(ns: Bits, apparent: bool) -> tuple[Array, Array]:
    """Compute precession_nutation and the geocentric position of the Sun, (3, n) km in GCRS.

    `ns` are UTC instants, (n,); `apparent` as in rotations.sun. Source: erfa.epv00 (good to 5 km
    from 1900 to 2100), with TT in place of TDB (below 2 ms: 60 m).
    """
    found = _interpolated(
        (_precession_nutation_knots, _apparent_sun_knots if apparent else _true_sun_knots), ns
    )
    return found[:3], found[3:]


def _interpolated(quantities: tuple[Callable[[int], Array], ...], ns: Bits) -> Array:
    """Evaluate Lagrange's polynomials through the eight knots around each instant, (3 m, n).

    Each of m quantities returns the values of a block, (BLOCK, 3), by its number.
    """
    tt = tt_ns(ns)
    knot = tt // STEP
    u = (tt - knot * STEP) / STEP  # [0, 1)
    if not len(ns):
        return np.zeros((3 * len(quantities), 0))
    low = (int(knot.min()) + STENCIL[0]) // BLOCK
    high = (int(knot.max()) + STENCIL[-1]) // BLOCK
    short = high - low < NEIGHBOURS
    blocks = (
        np.arange(low, high + 1)
        if short
        else np.union1d((knot + STENCIL[0]) // BLOCK, (knot + STENCIL[-1]) // BLOCK)
    )
    columns = np.concatenate(
        [np.concatenate([knots(int(block)) for block in blocks]).T for knots in quantities]
    )
    away = {k: u - k for k in STENCIL}
    total = np.zeros((len(columns), len(ns)))
    for j in STENCIL:
        weight = np.ones(len(ns))
        for k in STENCIL:
            if k != j:
                weight *= away[k] / (j - k)
        if short:
            row = knot + (j - low * BLOCK)
        else:
            block = (knot + j) // BLOCK
            row = np.searchsorted(blocks, block) * BLOCK + (knot + j - block * BLOCK)
        total += weight * columns.take(row, axis=1)
    return total


def _dates(block: int) -> tuple[Array, Array]:
    """Compute Julian dates in TT of the knots of a block: midnight, fraction."""
    knot = np.arange(block * BLOCK, (block + 1) * BLOCK)
    return np.asarray(JD_1970 + knot // 2, np.float64), np.asarray(knot % 2 * 0.5, np.float64)


def _read_only(values: npt.ArrayLike) -> Array:
    array = np.ascontiguousarray(values, np.float64)
    array.flags.writeable = False
    return array


@lru_cache(BLOCKS_KEPT)
def _precession_nutation_knots(block: int) -> Array:
    return _read_only(np.stack(erfa.xys06a(*_dates(block)), axis=-1))


def _earth(date: Array, fraction: Array) -> tuple[Array, Array, Array]:
    """Compute position and velocity of the Earth, (n, 3) each.

    They are: position from the Sun (au), from the barycentre (au), barycentric velocity (au/day).
    """
    with warnings.catch_warnings():
        # it warns before 1900 and after 2100, where it is less accurate
        warnings.filterwarnings("ignore", "ERFA function .*epv00", erfa.ErfaWarning)
        helio, bary = erfa.epv00(date, fraction)
    return helio["p"], bary["p"], bary["v"]


@lru_cache(BLOCKS_KEPT)
def _true_sun_knots(block: int) -> Array:
    return _read_only(_earth(*_dates(block))[0] * -AU)


@lru_cache(BLOCKS_KEPT)
def _apparent_sun_knots(block: int) -> Array:
    """Compute where the Sun was when its light left it, with the aberration of that light."""
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
    return _read_only(direction * (distance[:, None] * AU))
