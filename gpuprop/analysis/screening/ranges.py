"""Exact squared ranges of pairs of satellites, from exact states of (satellite, instant) pairs."""

from typing import NamedTuple

import numpy as np

from ...propagator import Propagator
from ...time.times import Times
from ...typing import Array, Bits, Mask
from ..events import MICROSECOND, SPAN, Places

AT_ONCE = 1 << 17  # ranges that are computed at once: bounds the memory


class Geometry(NamedTuple):
    """Pairs at instants, (n,) each."""

    range: Array  # km
    speed: Array  # km/s, relative
    radial: Array  # km, of the second seen from the first, in the first's axes
    in_track: Array
    cross_track: Array


class Pairs:
    """Pairs of satellites whose ranges are asked for.

    first, second: (n,) positions in the element sets of the propagator.
    """

    def __init__(self, propagator: Propagator, first: Bits, second: Bits) -> None:
        self.propagator, self.first, self.second = propagator, first, second

    def __len__(self) -> int:
        return len(self.first)

    def squared(self, which: Places, instants: Bits) -> tuple[Array, Mask]:
        """Compute squared ranges (km^2) of the pairs `which` at instants (us), (m,) each.

        The second result says whether both states have the status 0.
        """
        squared, good = np.empty(len(which)), np.empty(len(which), bool)
        for begin in range(0, len(which), AT_ONCE):
            here = slice(begin, begin + AT_ONCE)
            satellites = np.concatenate((self.first[which[here]], self.second[which[here]]))
            ns = np.tile(instants[here] * MICROSECOND, 2)
            states = self.propagator.pair_states(satellites, Times(ns), velocity=False)
            n = len(ns) // 2
            total = np.zeros(n)
            with np.errstate(all="ignore"):
                for name in ("x", "y", "z"):
                    column = states.columns[name]
                    difference = column[n:] - column[:n]
                    total += difference * difference
            squared[here] = total
            status = states.status == 0
            good[here] = status[:n] & status[n:]
        return squared, good

    def slope(self, which: Places, instants: Bits) -> Array:
        """Compute q(t + SPAN) - q(t - SPAN) of the squared ranges q, km^2.

        Its sign says whether the range increases. NaN counts as decreasing.
        """
        both = np.concatenate((instants - SPAN, instants + SPAN))
        squared, _ = self.squared(np.concatenate((which, which)), both)
        before, after = np.split(squared, 2)
        return np.asarray(after - before)

    def depth(self, which: Places, instants: Bits, threshold2: float) -> Array:
        """Compute threshold^2 - q, km^2, not negative inside a stay; NaN without good states.

        A range that is equal to the threshold is not below it.
        """
        squared, good = self.squared(which, instants)
        depth = threshold2 - squared
        depth = np.where(depth > 0.0, depth, np.minimum(depth, -1e-300))
        return np.where(good, depth, np.nan)

    def geometry(self, which: Places, instants: Bits) -> Geometry:
        """Compute ranges, relative speeds and relative positions at instants (us).

        Axes of the first: radial along its position, cross-track along its angular momentum,
        in-track completes them.
        """
        parts = []
        for begin in range(0, max(1, len(which)), AT_ONCE):
            here = slice(begin, begin + AT_ONCE)
            satellites = np.concatenate((self.first[which[here]], self.second[which[here]]))
            ns = np.tile(instants[here] * MICROSECOND, 2)
            states = self.propagator.pair_states(satellites, Times(ns))
            n = len(ns) // 2
            columns = [states.columns[name] for name in ("x", "y", "z", "vx", "vy", "vz")]
            x, y, z, vx, vy, vz = (column[:n] for column in columns)
            dx, dy, dz, du, dv, dw = (column[n:] - column[:n] for column in columns)
            hx, hy, hz = y * vz - z * vy, z * vx - x * vz, x * vy - y * vx
            r = np.sqrt(x * x + y * y + z * z)
            h = np.sqrt(hx * hx + hy * hy + hz * hz)
            tx, ty, tz = hy * z - hz * y, hz * x - hx * z, hx * y - hy * x
            parts.append(
                Geometry(
                    np.sqrt(dx * dx + dy * dy + dz * dz),
                    np.sqrt(du * du + dv * dv + dw * dw),
                    (dx * x + dy * y + dz * z) / r,
                    (dx * tx + dy * ty + dz * tz) / (h * r),
                    (dx * hx + dy * hy + dz * hz) / h,
                )
            )
        return Geometry._make(map(np.concatenate, zip(*parts, strict=True)))
