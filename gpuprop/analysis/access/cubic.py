"""Paths of satellites between knots, as cubics in east, north and up."""

from typing import NamedTuple

import numpy as np

from ...typing import Array, Bits
from ..events import Places

TURN_STEPS = 6


class Cubic(NamedTuple):
    """East, north and up (km) between knots: the cubic through four knots.

    A coefficient is (3, n, 1); s (n, m) counts knots from the second of the four.
    """

    a: Array
    b: Array
    c: Array
    d: Array

    @staticmethod
    def of(local: Array) -> "Cubic":
        """Interpolate between knots. local: (n, 12), as in Candidates."""
        before, here, after, last = local.T.copy().reshape(4, 3, -1, 1)
        return Cubic(
            here,
            after - before / 3 - here / 2 - last / 6,
            (before + after) / 2 - here,
            (last - before) / 6 + (here - after) / 2,
        )

    def chosen(self, which: Places) -> "Cubic":
        """Return the cubics of some candidates."""
        return Cubic(*(each[:, which] for each in self))

    def at(self, s: Array) -> Array:
        """Compute positions (3, n, m)."""
        found: Array = ((self.d * s + self.c) * s + self.b) * s + self.a
        return found

    def rate(self, s: Array) -> Array:
        """Compute their derivatives (3, n, m), km a knot."""
        found: Array = (3 * self.d * s + 2 * self.c) * s + self.b
        return found

    def climb(self, s: Array) -> Array:
        """Compute a number (n, m) with the sign of the rate of the elevation."""
        (east, north, up), (east_rate, north_rate, up_rate) = self.at(s), self.rate(s)
        found: Array = up_rate * (east * east + north * north) - up * (
            east * east_rate + north * north_rate
        )
        return found


class Knots(NamedTuple):
    """The grid of knots that candidates count."""

    first: int  # us
    step: int  # us

    def us(self, knot: Array | Bits) -> Array:
        """Return instants of knots, which need not be whole, microseconds."""
        found: Array = self.first + np.asarray(knot, np.float64) * self.step
        return found


def turning_point(path: Cubic, low: Array, high: Array) -> Array:
    """Find where elevations stop to rise, (n, 1) knots, by the Illinois method.

    They rise at low, and fall at high; if not, the result is one of these.
    """
    at_low, at_high = path.climb(low), path.climb(high)
    for _ in range(TURN_STEPS):
        with np.errstate(all="ignore"):
            s = high - at_high * (high - low) / (at_high - at_low)
        s = np.where((s >= low) & (s <= high), s, 0.5 * (low + high))
        at = path.climb(s)
        rises_there = at > 0.0
        at_high = np.where(rises_there, 0.5 * at_high, at)
        at_low = np.where(rises_there, at, 0.5 * at_low)
        low, high = np.where(rises_there, s, low), np.where(rises_there, high, s)
    return s
