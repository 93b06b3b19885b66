"""Positions and velocities at knots, between which the page interpolates.

The page draws the cubic Hermite curve of each interval: it has the position and the velocity of
both ends. Its error grows with the fourth power of the step, so that low orbits need a knot every
two minutes and the geostationary ring two an hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import UsageError
from ..messages import counted
from ..time.durations import in_words
from ..time.units import MINUTE, SECOND
from ..typing import Array, Bits

LOW_ORBIT_STEP_NS = 150 * SECOND
STATE_BYTES = 24  # six float32
TEXT = 4 / 3  # base64
PAGE_BYTES = 300_000  # the program, coast lines and borders
SATELLITE_BYTES = 50  # name, number, epoch, groups
FRACTIONS = (0.25, 0.5, 0.75)  # of an interval, at which the error is measured
Knots = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Track:
    """Satellites that have their knots at the same instants.

    Parameters
    ----------
    members : (n,) int64
        Indices of the satellites, rising.
    ns : (n_knots,) int64
        Instants of the knots, nanoseconds since 1970 UTC.
    knots : (n_knots, n, 6) float32
        Position in km and velocity in km/s, TEME. Six zeros where there is no position.
    """

    members: Bits
    ns: Bits
    knots: Knots

    @property
    def step_s(self) -> float:
        """The longest interval, s."""
        return float(np.diff(self.ns).max()) / SECOND


@dataclass(frozen=True, eq=False)
class Tracks:
    """The knots of all satellites of a page.

    Parameters
    ----------
    tracks : sequence of Track
        Every satellite is in one of them.
    error_m : (n_sats,) float64
        Largest measured error of the interpolation, m, over the instants with status 0. NaN where
        there is none.
    status : (n_sats,) uint8
        The largest status at a knot.
    measured : str
        How the error was measured, for the page.
    """

    tracks: Sequence[Track]
    error_m: Array
    status: npt.NDArray[np.uint8]
    measured: str


def hermite(begin: Knots, end: Knots, step_s: Array | float, fraction: float) -> Array:
    """Interpolate positions as the page does.

    Parameters
    ----------
    begin, end : (..., 6) float32
        Knots: position in km, velocity in km/s.
    step_s : float or array that broadcasts to (..., 1)
        Length of the intervals, s.
    fraction : float
        Place in the interval, from 0 to 1.

    Returns
    -------
    (..., 3) float64
        Positions, km.
    """
    u, w = fraction, 1.0 - fraction
    p, q = begin[..., :3].astype(np.float64), end[..., :3].astype(np.float64)
    v, z = begin[..., 3:].astype(np.float64), end[..., 3:].astype(np.float64)
    found: Array = (
        w * w * (1.0 + 2.0 * u) * p
        + u * u * (1.0 + 2.0 * w) * q
        + (w * w * u * v - u * u * w * z) * step_s
    )
    return found


def packed(position: Array, velocity: Array) -> Knots:
    """Join positions and velocities (..., 3) to knots (..., 6), with zeros for no position."""
    with np.errstate(over="ignore"):
        knots = np.concatenate([position, velocity], axis=-1).astype(np.float32)
    knots[~np.isfinite(knots).all(axis=-1)] = 0.0
    return knots


@dataclass(frozen=True)
class Budget:
    """How large a page may become.

    Parameters
    ----------
    most : int
        Bytes of the page.
    satellites : int
        Satellites in it.
    """

    most: int
    satellites: int

    def size(self, states: int) -> int:
        """Compute the bytes of a page with a number of states at knots."""
        fixed = PAGE_BYTES + SATELLITE_BYTES * self.satellites
        return fixed + int(states * STATE_BYTES * TEXT)

    def check(self, states: int, duration_ns: int) -> None:
        """Raise UsageError if the page would be too large. The message says what would fit."""
        size = self.size(states)
        if size <= self.most:
            return
        share = max(0.0, (self.most - self.size(0)) / (size - self.size(0)))
        # a knot more than intervals, and a margin for what is not estimated exactly
        intervals = int((-(-duration_ns // LOW_ORBIT_STEP_NS) + 1) * share * 0.99) - 1
        minutes = intervals * LOW_ORBIT_STEP_NS // MINUTE
        fits = [f"--duration {minutes}min"] if minutes >= 1 else []
        fewer = int(self.satellites * (self.most - PAGE_BYTES) / (size - PAGE_BYTES) * 0.99)
        fits += [f"{counted(fewer, 'satellite')} (--select, --where)"] if fewer > 0 else []
        fits += [f"--max-size {-(-size * 102 // 100_000_000)}MB"]
        raise UsageError(
            f"{counted(self.satellites, 'satellite')} for {in_words(duration_ns)} make a "
            f"page of {size / 1e6:,.1f} MB, and it may have {self.most / 1e6:g} MB. "
            f"What fits: {' or '.join(fits)}"
        )
