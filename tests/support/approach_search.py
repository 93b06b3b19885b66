"""Close approaches by brute force: python-sgp4's states every few seconds, refined on ranges.

Nothing of gpuprop is used. Pairs near each other at a sample are found by comparing all, or by a
k-d tree of scipy; the minimum range is then found on ranges alone, by golden sections.
"""

import math

import numpy as np
from sgp4.api import SatrecArray

FASTEST = 16.5  # km/s, of two objects near the Earth
DAY = 86400.0
GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)


def all_pairs(positions, radius):
    """Pairs (n, 2) closer than a radius, by comparing all, row by row."""
    found = [np.empty((0, 2), int)]
    for i in range(len(positions) - 1):
        near = np.abs(positions[i + 1 :, 0] - positions[i, 0]) < radius
        rest = i + 1 + np.flatnonzero(near)
        d = positions[rest] - positions[i]
        close = rest[(d * d).sum(axis=1) < radius * radius]
        found.append(np.column_stack((np.full(len(close), i), close)))
    return np.concatenate(found)


def kd_tree(positions, radius):
    """The same by scipy's k-d tree."""
    from scipy.spatial import cKDTree

    return cKDTree(positions).query_pairs(radius, output_type="ndarray")


class Search:
    """Close approaches of satrecs (n,) in [start, start + seconds), start in two parts (jd, fr)."""

    def __init__(self, satrecs, start, seconds, threshold, step=4.0, neighbours=all_pairs):
        self.satrecs, self.start, self.seconds = satrecs, start, seconds
        self.threshold, self.step = threshold, step
        self.array = SatrecArray(satrecs)
        self.neighbours = neighbours

    def positions(self, t):
        """Positions, velocities and errors of all at some seconds: (n, m, 3), (n, m, 3), (n, m)."""
        jd = np.full(len(t), self.start[0])
        e, r, v = self.array.sgp4(jd, self.start[1] + np.asarray(t) / DAY)
        return r, v, e

    def range(self, i, j, t):
        """Range of a pair, km; infinite without good states."""
        e, a, _ = self.satrecs[i].sgp4(self.start[0], self.start[1] + t / DAY)
        f, b, _ = self.satrecs[j].sgp4(self.start[0], self.start[1] + t / DAY)
        return math.inf if e or f else math.dist(a, b)

    def speed(self, i, j, t):
        """Relative speed, km/s."""
        a = self.satrecs[i].sgp4(self.start[0], self.start[1] + t / DAY)[2]
        b = self.satrecs[j].sgp4(self.start[0], self.start[1] + t / DAY)[2]
        return math.dist(a, b)

    def least(self, i, j, low, high, tolerance=2e-5):
        """Least range in [low, high] by golden sections: (instant, range)."""
        a, b = low, high
        c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
        fc, fd = self.range(i, j, c), self.range(i, j, d)
        while b - a > tolerance:
            if fc <= fd:
                b, d, fd = d, c, fc
                c = b - GOLDEN * (b - a)
                fc = self.range(i, j, c)
            else:
                a, c, fc = c, d, fd
                d = a + GOLDEN * (b - a)
                fd = self.range(i, j, d)
        t = 0.5 * (a + b)
        return t, self.range(i, j, t)

    def approaches(self, at_once=64):
        """All minimum ranges below the threshold, inside the window: (i, j, t, range, speed)."""
        samples = np.arange(0.0, self.seconds + self.step, self.step)
        half = 0.5 * self.step
        radius = self.threshold + FASTEST * half
        found = {}
        for first in range(0, len(samples), at_once):
            times = samples[first : first + at_once]
            r, v, e = self.positions(times)
            for k, t in enumerate(times):
                good = np.flatnonzero(e[:, k] == 0)
                near = good[self.neighbours(r[good, k], radius)]
                d, u = r[near[:, 1], k] - r[near[:, 0], k], v[near[:, 1], k] - v[near[:, 0], k]
                # by a straight line, with much room: the bend of 2 s is metres, that of 8 s 100 m
                v2 = np.maximum((u * u).sum(axis=1), 1e-12)
                tau = np.clip(-(d * u).sum(axis=1) / v2, -half - 0.5, half + 0.5)
                miss = np.sqrt(((d + tau[:, None] * u) ** 2).sum(axis=1))
                for i, j in near[miss < self.threshold + 0.5].tolist():
                    self._refine(i, j, t, found)
        return sorted(
            (i, j, t, distance, self.speed(i, j, t)) for (i, j, _), (t, distance) in found.items()
        )

    def _refine(self, i, j, t, found):
        low, high = max(0.0, t - self.step), min(self.seconds, t + self.step)
        if high - low < 1e-3:
            return
        middle, least = self.least(i, j, low, high)
        inside = low + 1e-3 < middle < high - 1e-3
        if inside and least < self.threshold:
            found.setdefault((i, j, round(middle / 0.5)), (middle, least))
            found.pop((i, j, round(middle / 0.5) - 1), None) or found.pop(
                (i, j, round(middle / 0.5) + 1), None
            )
