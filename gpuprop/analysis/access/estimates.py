"""Shorter ways to events, and the cells in which events may be.

A shorter way is taken only where it must give the instant that the cells define: where rounding
cannot change the answer at the neighbouring microseconds.
"""

import numpy as np

from ...sgp4.access import ACCELERATION, ACCELERATION_PER_KM, LONGER, MU, Candidates
from ...typing import Array, Bits
from ..events import CELL, EXTREMUM_STEP, Places, first_true
from .cells import (
    CULMINATE,
    NO_CELLS,
    NO_EVENTS,
    RISE,
    SET,
    Cells,
    Events,
    climbing,
    falls_between,
    height_differences,
)
from .cubic import Cubic, Knots, turning_point
from .exact import Exact

ROUNDS = 3  # of a search for a crossing that takes one as a rule
NEWTON_STEPS = 2
# us: a culmination is first enclosed in twice the first of these; a slow one in twice the second
WIDTH, WIDE = 1 << 17, 1 << 24
ROW = 8  # cells in a row that are looked at together
SURE = 6.0  # times the rounding errors


def crossings(exact: Exact, knots: Knots, found: Candidates) -> tuple[Events, Candidates]:
    """Find crossings, of which each candidate has one. Return also candidates without a result.

    An instant is sure if the satellite is on the two sides of the minimum elevation there and a
    microsecond before, and moves by more than the rounding errors in a microsecond.
    """
    if not len(found.knot):
        return NO_EVENTS, found
    path = Cubic.of(found.local)
    ends = found.local[:, 3:9].T.reshape(2, 3, -1, 1)
    begin, end = (_above(exact, each)[0] for each in ends)
    rising = end[:, 0] > begin[:, 0]
    s = begin / (begin - end)
    for _ in range(NEWTON_STEPS):
        above, slope = _above(exact, path.at(s), path.rate(s))
        with np.errstate(all="ignore"):
            s = np.clip(s - above / slope, 0.0, 1.0)
    speed = slope[:, 0] / knots.step  # km/us
    near = knots.us(found.knot) + s[:, 0] * knots.step
    inside = (near > exact.first - CELL) & (near < exact.last + CELL)
    distance = np.sqrt((found.local[:, 3:6] ** 2).sum(axis=1)) + 2.0 * 6400.0
    noise = exact.noise(found.satellite, near.astype(np.int64)) * distance * (1.0 + exact.tangent)
    todo = np.flatnonzero(inside & (np.abs(speed) > SURE * noise))
    failed = inside.copy()
    instant = np.clip(near, exact.first + 1, exact.last).astype(np.int64)

    def corrected(at: Array, which: Places) -> Bits:
        with np.errstate(all="ignore"):
            ahead = np.ceil(-at / speed[which])
        ahead = np.where(np.abs(ahead) < CELL, ahead, 0.0)
        moved = instant[which] + ahead.astype(np.int64)
        return np.clip(moved, exact.first + 1, exact.last)

    at = exact.above(found.satellite[todo], found.site[todo], instant[todo])
    instant[todo] = corrected(at, todo)
    for _ in range(ROUNDS):
        if not len(todo):
            break
        both = np.concatenate((instant[todo] - 1, instant[todo]))
        positions = exact.positions(np.tile(found.satellite[todo], 2), both).reshape(3, 2, -1)
        before, after = exact.seen(exact.place(found.site[todo]), positions)
        done = ((before >= 0.0) != rising[todo]) & ((after >= 0.0) == rising[todo])
        done &= np.isfinite(before) & np.isfinite(after)
        failed[todo[done]] = False
        todo, after = todo[~done], after[~done]
        instant[todo] = corrected(after, todo)
    good = inside & ~failed
    return (
        Events(
            found.satellite[good],
            found.site[good],
            instant[good],
            np.where(rising[good], RISE, SET),
        ),
        found.chosen(failed),
    )


def _above(exact: Exact, position: Array, rate: Array | None = None) -> tuple[Array, Array]:
    """Compute how far positions (3, ...) are above the minimum elevation, and its rate."""
    east, north, up = position
    level = np.sqrt(east * east + north * north)
    above = up - exact.tangent * level
    if rate is None:
        return above, above
    with np.errstate(all="ignore"):
        return above, rate[2] - exact.tangent * (east * rate[0] + north * rate[1]) / level


def culminations(
    exact: Exact, knots: Knots, found: Candidates, width: int = WIDTH
) -> tuple[Events, Candidates, Cells]:
    """Find culminations near knots. Return also candidates without a sure result, and cells.

    A culmination is enclosed by exact states, and estimated. Bisection in its cell then tests only
    instants near the estimate. One that may be in one of several cells, or outside of the
    window, is in one of the cells that are returned.
    """
    n = len(found.knot)
    if not n:
        return NO_EVENTS, found, NO_CELLS
    path = Cubic.of(found.local)
    s = turning_point(path, np.full((n, 1), -1.0), np.ones((n, 1)))
    east, north, up = path.at(s)[..., 0]
    near = np.clip(
        knots.us(found.knot) + s[:, 0] * knots.step, exact.first + width, exact.last - width
    ).astype(np.int64)
    inside = near >= exact.first + width
    satellite, site = found.satellite, found.site

    # The difference of the heights before and after falls through zero: between two instants, as a
    # line, and then between the two neighbours of the nearest possible result.
    with np.errstate(all="ignore"):
        distance = np.sqrt(east * east + north * north + up * up)
        least = SURE * exact.noise(satellite, near) * (2.0 * 6400.0 + distance) / distance
    left, right = height_differences(exact, satellite, site, near, (-width, width))
    sure = inside & (left > least) & (right < -least)
    with np.errstate(all="ignore"):
        fall = np.where(sure, (left - right) / (2.0 * width), 1.0)
        estimate = np.where(sure, near - width + left / fall, near)
        # near is rounded by half a step, and the line is not exact
        steps = np.ceil(np.maximum(1.0, 1.2 * least / (fall * EXTREMUM_STEP) + 0.7))
    sure &= steps * EXTREMUM_STEP < max(CELL / 2, width)
    near = np.rint(estimate / EXTREMUM_STEP).astype(np.int64) * EXTREMUM_STEP
    away = np.where(sure, steps, 1.0).astype(np.int64) * EXTREMUM_STEP
    left, middle, right = height_differences(exact, satellite, site, near, (-away, 0, away))
    sure &= (left > least) & (right < -least)
    cell = near // CELL
    off = near - cell * CELL
    begin, end = cell * CELL, (cell + 1) * CELL
    within = (off > away) & (CELL - off > away) & (begin >= exact.first) & (end <= exact.last)
    edge = np.flatnonzero(sure & ~within)
    unsure = found.chosen(~sure)
    sure &= within
    first = (near[edge] - away[edge]) // CELL
    cells = _ranges(satellite[edge], site[edge], first, (near[edge] + away[edge]) // CELL)
    top = np.where(middle > 0.0, near + EXTREMUM_STEP, near)
    wide = np.flatnonzero(sure & (away > EXTREMUM_STEP))
    top[wide] = first_true(
        begin[wide],
        end[wide],
        lambda each, us: ~climbing(exact, satellite[wide[each]], site[wide[each]], us),
        EXTREMUM_STEP,
        near=near[wide].astype(np.float64),
        margin=away[wide].astype(np.float64),
    )
    at_before, at_top = np.where(middle > 0.0, (middle, right), (left, middle))
    at_before[wide], at_top[wide] = height_differences(
        exact, satellite[wide], site[wide], top[wide], (-EXTREMUM_STEP, 0)
    )
    top = falls_between(top - EXTREMUM_STEP, top, at_before, at_top)
    which = np.flatnonzero(sure)
    up_there = exact.above(satellite[which], site[which], top[which]) >= 0.0
    there = which[up_there]
    tops = Events(satellite[there], site[there], top[there], np.full(len(there), CULMINATE))
    if width == WIDE or not len(unsure.knot):
        return tops, unsure, cells
    slow, unsure, more = culminations(exact, knots, unsure, WIDE)
    both = [np.concatenate(each) for each in zip(cells, more, strict=True)]
    return Events.together([tops, slow]), unsure, (both[0], both[1], both[2])


def _ranges(satellite: Bits, site: Bits, first: Bits, last: Bits) -> Cells:
    """List the cells from first to last, (n,) each."""
    count = last - first + 1
    begins = np.cumsum(count) - count
    cells = np.arange(count.sum()) + np.repeat(first - begins, count)
    return np.repeat(satellite, count), np.repeat(site, count), cells


def cells_of(exact: Exact, knots: Knots, found: Candidates, begin: int, end: int) -> Cells:
    """List all cells from `begin` to `end` knots after the first knot of candidates."""
    first = (knots.first + (found.knot + begin) * knots.step) // CELL
    count = (knots.step * (end - begin)) // CELL + 2
    cells = (first[:, None] + np.arange(count)).ravel()
    return np.repeat(found.satellite, count), np.repeat(found.site, count), cells


def suspect_cells(exact: Exact, knots: Knots, found: Candidates) -> Cells:
    """List the cells of suspect intervals in which something may happen.

    Rows of cells are looked at before the cells in them. docs/methods/access.md derives the bounds
    of a path in a cell, and of the error of the cubic.
    """
    n = len(found.knot)
    if not n:
        return found.satellite, found.site, found.knot
    begin = knots.first + found.knot * knots.step
    first = begin // CELL
    count = knots.step // CELL + 2
    path = Cubic.of(found.local)
    bounds = _bounds(exact, knots, found)

    def extremes(which: Places, edges: Bits, width: int) -> tuple[Array, Array, Array]:
        """Bound paths between edges (m, k): low, high, and how far beyond, km (m, k - 1).

        edges: cells from the first of each, `width` from one to the next.
        """
        s = ((first[which, None] + edges) * CELL - begin[which, None]) / knots.step
        position = path.chosen(which).at(s)
        length, error, acceleration = (each[which] for each in bounds)
        level = np.sqrt(position[0] * position[0] + position[1] * position[1])
        above = position[2] - exact.tangent * level
        scale, seconds = 1.0 + exact.tangent, width * CELL * 1e-6
        length = length * width
        nearest = np.minimum(level[:, 1:], level[:, :-1]) - (length + 2.0 * error)
        with np.errstate(all="ignore"):
            turn = exact.tangent * (length / seconds) ** 2 / nearest
            bend = (acceleration * scale + turn) * (seconds * seconds / 8.0) + error * scale
        reach = np.where(nearest > 0.0, bend, (length + error) * scale)
        low = np.minimum(above[:, 1:], above[:, :-1])
        return low, np.maximum(above[:, 1:], above[:, :-1]), reach

    everyone = np.arange(n)
    rows = np.append(np.arange(0, count, ROW), count)
    low, high, reach = extremes(everyone, np.tile(rows, (n, 1)), ROW)
    who, row = np.nonzero((low <= reach) & (high >= -reach))
    edges = rows[row][:, None] + np.arange(ROW + 1)
    low, high, reach = extremes(who, edges, 1)
    place, column = np.nonzero((low <= reach) & (high >= -reach) & (edges[:, :-1] < count))
    crossed, cell = who[place], edges[place, column]

    # culminations in view
    starts, ends = path.climb(np.zeros((n, 1))), path.climb(np.ones((n, 1)))
    turning = np.flatnonzero(((starts > 0.0) & (ends <= 0.0))[:, 0])
    top = turning_point(
        path.chosen(turning), np.zeros((len(turning), 1)), np.ones((len(turning), 1))
    )
    at = ((begin[turning] + top[:, 0] * knots.step) // CELL).astype(np.int64) - first[turning]
    edges = at[:, None] + np.arange(-1, 3)  # of the cell and its neighbours
    low, high, reach = extremes(turning, edges, 1)
    inside = (edges[:, :-1] >= 0) & (edges[:, :-1] < count)
    place, column = np.nonzero((high >= -reach) & inside)
    who = np.concatenate((crossed, turning[place]))
    cells = first[who] + np.concatenate((cell, edges[place, column]))
    return found.satellite[who], found.site[who], cells


def _bounds(exact: Exact, knots: Knots, found: Candidates) -> tuple[Array, Array, Array]:
    """Bound paths in a cell (km), errors of the cubic (km) and accelerations (km/s^2): (n, 1)."""
    seconds = knots.step * 1e-6
    here, after = found.local[:, 3:6], found.local[:, 6:9]
    chord = np.sqrt(((after - here) ** 2).sum(axis=1))
    place = exact.sites[found.site]
    axes = place[:, 3:].reshape(-1, 3, 3)
    radius = np.sqrt((((here[:, None, :] @ axes)[:, 0] + place[:, :3]) ** 2).sum(axis=1))
    acceleration = ACCELERATION + ACCELERATION_PER_KM * radius
    length = (LONGER * chord / seconds + acceleration * seconds / 2) * (CELL * 1e-6)
    error = radius * (0.2 * (MU * seconds**2 / radius**3) ** 2 + 1e-10) + 1e-6
    return length[:, None], error[:, None], acceleration[:, None]
