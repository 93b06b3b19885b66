"""Intervals between knots in which a satellite may rise, culminate or set at a site.

Twin of kernels/access.cuh; docs/access.md derives the bounds. A knot is an instant of a grid with
equal steps. An interval lies between two knots, and is judged by four: the two around it too.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..typing import Array, Bits, Columns, Mask

# bits of a kind
RISING = 1  # the elevation rises above the least one once, between the knots
SUSPECT = 2  # it may cross the least one any number of times
CULMINATION = 4  # the first knot is higher than both of its neighbours
UNKNOWN_STATES = 8  # a state of the four is missing or not good
SETTING = 16  # the elevation falls below the least one once

MU = 398600.8  # km^3/s^2
# km/s^2: largest acceleration in ITRS near the Earth (gravity 0.0098, Coriolis 0.0016), and what
# each kilometre of distance adds far from it (three times the square of the Earth's rotation)
ACCELERATION, ACCELERATION_PER_KM = 0.0135, 1.6e-8
LONGER = 1.01  # than its chord is a path of less than a fifth of a radian
EARTH_RADIUS = 6378.0  # km; a satellite below has decayed
DECAYED = 6
SEGMENTS = 4  # of a suspect interval


class AccessRule(NamedTuple):
    """What is looked for, and the knots."""

    cosine: float  # of the minimum elevation
    sine: float
    step: float  # s between knots
    first_known: int  # knots before it and after the last are only near their instants
    last_known: int


class Candidates(NamedTuple):
    """Intervals to look at more closely, in any order."""

    knot: Bits  # (n,) the knot at which the interval begins
    satellite: Bits  # (n,)
    site: Bits  # (n,)
    kind: Bits  # (n,) bits
    local: Array  # (n, 12) east, north, up (km) at the knots before, at, after, and after that

    @staticmethod
    def of(what: Bits, local: Array) -> "Candidates":
        """Make candidates of knot, satellite, site and kind (n, 4), and local (n, 12)."""
        return Candidates(what[:, 0], what[:, 1], what[:, 2], what[:, 3], local)

    def chosen(self, which: Mask | slice) -> "Candidates":
        """Return some of the candidates."""
        if isinstance(which, slice):
            return Candidates(*(getattr(self, name)[which] for name in self._fields))
        if which.all():
            return self
        return self.chosen_at(np.flatnonzero(which))  # to take them is faster than a mask

    def chosen_at(self, places: npt.NDArray[np.intp]) -> "Candidates":
        """Return some of the candidates, given by their places."""
        return Candidates(*(getattr(self, name).take(places, axis=0) for name in self._fields))


def local_position(site: Array, x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    """Compute east, north and up (km) of a position in ITRS, seen from a site (12,)."""
    dx, dy, dz = x - site[0], y - site[1], z - site[2]
    east = (site[3] * dx + site[4] * dy) + site[5] * dz
    north = (site[6] * dx + site[7] * dy) + site[8] * dz
    up = (site[9] * dx + site[10] * dy) + site[11] * dz
    return east, north, up


def height(east: Array, north: Array, up: Array) -> Array:
    """Compute the tangent of half of the elevation, which grows with the elevation."""
    level2 = east * east + north * north
    found: Array = up / (np.sqrt(level2 + up * up) + np.sqrt(level2))
    return found


class Cubics(NamedTuple):
    """Cubics ((d s + c) s + b) s + a, with s in knots."""

    a: Array
    b: Array
    c: Array
    d: Array

    def at(self, s: Array) -> Array:
        """Compute values."""
        found: Array = ((self.d * s + self.c) * s + self.b) * s + self.a
        return found

    def rate(self, s: Array) -> Array:
        """Compute derivatives, in a knot."""
        found: Array = (3.0 * self.d * s + 2.0 * self.c) * s + self.b
        return found

    def bend(self, s: Array) -> Array:
        """Compute second derivatives."""
        found: Array = 6.0 * self.d * s + 2.0 * self.c
        return found


def cubics_through(before: Array, here: Array, after: Array, last: Array) -> Cubics:
    """Interpolate between four knots."""
    third, sixth = 1.0 / 3.0, 1.0 / 6.0
    return Cubics(
        here,
        ((after - before * third) - here * 0.5) - last * sixth,
        (before + after) * 0.5 - here,
        (last - before) * sixth + (here - after) * 0.5,
    )


def propose(columns: Columns, sites: Array, rule: AccessRule, slab: int = 1 << 16) -> Candidates:
    """Find candidates among the intervals of a block, at sites (n_sites, 12).

    columns: x, y, z (km in ITRS) and status, (n_times, n_sats). An interval begins at each knot
    from the second to the one before the last two.
    """
    n_times, n_sats = columns["x"].shape
    rows = max(1, slab // max(1, n_sats))
    found = [
        each
        for first in range(1, n_times - 2, rows)
        for each in _propose_at(columns, sites, rule, first, min(first + rows, n_times - 2))
    ]
    if not found:
        return Candidates.of(np.empty((0, 4), np.int64), np.empty((0, 12)))
    return Candidates(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _propose_at(
    columns: Columns, sites: Array, rule: AccessRule, first: int, last: int
) -> list[Candidates]:
    """Find candidates among the intervals that begin at the knots first to last - 1."""
    x, y, z = (
        np.asarray(columns[name][first - 1 : last + 2], np.float64) for name in ("x", "y", "z")
    )
    status = columns["status"][first - 1 : last + 2]
    n = last - first
    dx, dy, dz = (each[2 : n + 2] - each[1 : n + 1] for each in (x, y, z))
    radius = np.sqrt(x * x + y * y + z * z)
    acceleration = ACCELERATION + ACCELERATION_PER_KM * radius[1 : n + 1]
    longest = LONGER * np.sqrt((dx * dx + dy * dy) + dz * dz) + acceleration * (
        rule.step * rule.step * 0.25
    )
    good = status == 0
    knots = np.arange(first, last)[:, None]
    known = (knots > rule.first_known) & (knots + 2 <= rule.last_known)
    all_good = ((good[:n] & good[1 : n + 1]) & (good[2 : n + 2] & good[3 : n + 3])) & known
    decayed = (status[1 : n + 1] == DECAYED) & (status[2 : n + 2] == DECAYED)
    risen = EARTH_RADIUS - acceleration * (rule.step * rule.step * 0.125)
    back = decayed & ((radius[1 : n + 1] > risen) | (radius[2 : n + 2] > risen))
    some_good = good[1 : n + 1] | good[2 : n + 2] | back | ~known
    found = []
    for number, site in enumerate(sites):
        up = (site[9] * (x - site[0]) + site[10] * (y - site[1])) + site[11] * (z - site[2])
        alive = ~(up[1 : n + 1] + up[2 : n + 2] + longest < 0.0) & some_good
        row, column = np.nonzero(alive)
        if not len(row):
            continue
        near = [
            local_position(site, *(each[row + at, column] for each in (x, y, z))) for at in range(4)
        ]
        kind = interval_kind(
            near,
            longest[row, column],
            acceleration[row, column],
            radius[1 : n + 1][row, column],
            all_good[row, column],
            rule,
        )
        chosen = kind > 0
        local = np.stack([each[chosen] for place in near for each in place], axis=-1)
        row, column = row[chosen], column[chosen]
        where = np.full(len(row), number)
        found.append(Candidates(row + first, column, where, kind[chosen], local))
    return found


def interval_kind(
    near: list[tuple[Array, Array, Array]],
    longest: Array,
    acceleration: Array,
    radius: Array,
    all_good: Mask,
    rule: AccessRule,
) -> Bits:
    """Compute the kind of intervals: 0 where nothing can happen.

    near: east, north and up at four knots. longest: bounds of the paths between the middle two, km.
    radius: distances from the centre of the Earth at the first of these, km.
    """
    (_, north0, up0), (east1, north1, up1) = near[1], near[2]
    east0 = near[1][0]
    cosine, sine = rule.cosine, rule.sine
    level0, level1 = (
        np.sqrt(east0 * east0 + north0 * north0),
        np.sqrt(east1 * east1 + north1 * north1),
    )
    # distances above the cone of the minimum elevation
    above0, above1 = cosine * up0 - sine * level0, cosine * up1 - sine * level1
    alive = ~(above0 + above1 + longest < 0.0)
    speed = longest / rule.step
    lowest = 0.5 * (level0 + level1 - longest)
    curve = rule.step * rule.step * 0.125
    sag = curve * (acceleration * (cosine + sine))
    bulge = np.where(lowest > 0.0, sag + curve * (sine * (speed * speed) / lowest), longest)
    is_up0, is_up1 = above0 >= 0.0, above1 >= 0.0
    larger = np.where(above0 > above1, above0, above1)
    smaller = np.where(above0 > above1, above1, above0)
    crossing = is_up0 != is_up1
    wide = np.where(bulge > sag, bulge, sag) * 4.0
    suspect = np.where(
        crossing,
        ~(larger - smaller > wide),
        np.where(is_up0, ~(smaller - sag > 0.0), ~(larger + bulge < 0.0)),
    )
    some = np.flatnonzero(suspect)
    if len(some):
        suspect[some] = may_touch(
            [np.stack(place)[:, some] for place in near],
            longest[some],
            acceleration[some],
            radius[some],
            rule,
        )
    # elevations are compared by the tangents, without a division
    before_east, before_north, before_up = near[0]
    level = np.sqrt(before_east * before_east + before_north * before_north)
    highest = is_up0 & (up0 * level > before_up * level0) & (up0 * level1 >= up1 * level0)
    kind = np.where(
        suspect, SUSPECT, np.where(crossing, np.where(is_up0, SETTING, RISING), 0)
    ) + np.where(highest, CULMINATION, 0)
    kind = np.where(all_good, kind, UNKNOWN_STATES)
    return np.where(alive, kind, 0).astype(np.int64)


def may_touch(
    near: list[Array], longest: Array, acceleration: Array, radius: Array, rule: AccessRule
) -> Mask:
    """Say whether paths between knots may touch the cone of the minimum elevation.

    They are near the cubic through four knots: a bound of its error and bounds of a path in a
    segment of the interval say how near. Arguments as interval_kind; near: (3, n) each.
    """
    path = cubics_through(*near)
    cosine, sine, step = rule.cosine, rule.sine, rule.step
    turned = (MU * (step * step)) / (radius * radius * radius)
    error = radius * (0.2 * (turned * turned) + 1.0e-10) + 1.0e-6
    seconds, scale = step / SEGMENTS, cosine + sine
    length = longest / SEGMENTS + acceleration * (step * step * 0.25)
    speed, straight = length / seconds, acceleration * scale
    found = np.zeros(len(radius), bool)
    level = above = np.empty(0)
    for k in range(SEGMENTS + 1):
        east, north, up = path.at(np.full(len(radius), k / SEGMENTS))
        next_level = np.sqrt(east * east + north * north)
        next_above = cosine * up - sine * next_level
        if k:
            low, high = np.minimum(above, next_above), np.maximum(above, next_above)
            nearest = np.minimum(level, next_level) - (length + 2.0 * error)
            bend = (straight + sine * (speed * speed) / nearest) * (seconds * seconds * 0.125)
            reach = np.where(nearest > 0.0, bend + error * scale, (length + error) * scale)
            found |= ~((low > reach) | (high < -reach))
        level, above = next_level, next_above
    return found
