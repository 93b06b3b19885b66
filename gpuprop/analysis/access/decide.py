"""When satellites rise, culminate and set: from candidates to instants.

Every instant is defined by the cells of `events` and exact states (`from_cells`). Most crossings
and culminations are found in a shorter way, which is taken only where it must give the same
instant: where rounding cannot change the answer at the neighbouring microseconds.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ...sgp4.access import (
    ACCELERATION,
    ACCELERATION_PER_KM,
    CROSSING,
    CULMINATION,
    LONGER,
    MU,
    SUSPECT,
    UNKNOWN_STATES,
    Candidates,
)
from ...typing import Array, Bits, Mask
from ..events import CELL, EXTREMUM_STEP, SPAN, Places, first_true, rises
from .exact import Exact

RISE, CULMINATE, SET = 0, 1, 2
ROUNDS = 3  # of a search for a crossing that takes one as a rule
NEWTON_STEPS, TURN_STEPS = 2, 6
# us: a culmination is first enclosed in twice the first of these; a slow one in twice the second
WIDTH, WIDE = 1 << 17, 1 << 24
SUSPECTS, UNSURE = 8192, 1024  # intervals that are looked at together
CELLS = 100_000  # that are searched together
SURE = 6.0  # times the rounding errors


class Events(NamedTuple):
    """Rises, culminations and sets, in any order."""

    satellite: Bits  # (n,)
    site: Bits  # (n,)
    us: Bits  # (n,) microseconds since 1970
    what: Bits  # (n,)

    def chosen(self, which: Mask | Places) -> "Events":
        """Return some of the events."""
        return Events(self.satellite[which], self.site[which], self.us[which], self.what[which])

    @staticmethod
    def joined(parts: Iterable["Events"]) -> "Events":
        """Join events, each once, sorted by site, satellite, instant and what."""
        all_ = Events.together(parts)
        most = int(all_.satellite.max(initial=0)) + 1
        pair, instant = all_.site * most + all_.satellite, all_.us * 4 + all_.what
        order = np.lexsort((instant, pair))
        new = np.ones(len(order), bool)
        new[1:] = (np.diff(pair[order]) != 0) | (np.diff(instant[order]) != 0)
        return all_.chosen(order[new])

    @staticmethod
    def together(parts: Iterable["Events"]) -> "Events":
        """Join events as they are."""
        columns = [np.concatenate(each) for each in zip(*parts, NO_EVENTS, strict=True)]
        return Events(*columns)


NO_EVENTS = Events(*(np.empty(0, np.int64) for _ in range(4)))


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
        before, here, after, last = local.reshape(-1, 4, 3, 1).transpose(1, 2, 0, 3)
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


def decide(exact: Exact, knots: Knots, found: Candidates) -> Events:
    """Find all events of candidates. An event may be there twice, in any order."""

    def chosen(kind: int) -> Candidates:
        return found.chosen((found.kind & kind) > 0)

    crossings, unsure_crossings = _crossings(exact, knots, chosen(CROSSING))
    tops, unsure_tops = _culminations(exact, knots, chosen(CULMINATION))
    events = [crossings, tops]
    lists: list[Cells] = []
    for some in _parts(chosen(SUSPECT), SUSPECTS):
        lists.append(_suspect_cells(exact, knots, some))
    # around a knot without a good state the culmination may be before the interval
    for unsure, before in (
        (unsure_tops, 1),
        (unsure_crossings, 0),
        (chosen(UNKNOWN_STATES), 1),
    ):
        for some in _parts(unsure, UNSURE):
            lists.append(_cells_of(exact, knots, some, -before, 1))
            if sum(len(cells[0]) for cells in lists) > CELLS:
                events.append(from_cells(exact, lists))
                lists.clear()
    events.append(from_cells(exact, lists))
    return Events.together(events)


def _parts(found: Candidates, size: int) -> Iterator[Candidates]:
    """Yield candidates, a bounded number at a time."""
    for first in range(0, len(found.knot), size):
        yield found.chosen(slice(first, first + size))


# --- the definition ---
Cells = tuple[Bits, Bits, Bits]  # satellites, sites, numbers of cells, (n,) each
NO_CELLS: Cells = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))


def from_cells(exact: Exact, cells: Iterable[Cells]) -> Events:
    """Find the events in cells, from exact states alone."""
    satellite, site, cell = (np.concatenate(each) for each in zip(*cells, NO_CELLS, strict=True))
    inside = ((cell + 1) * CELL > exact.first) & (cell * CELL < exact.last)
    satellite, site, cell = satellite[inside], site[inside], cell[inside]
    if not len(cell):
        return NO_EVENTS
    pair = site * (int(satellite.max()) + 1) + satellite
    order = np.lexsort((cell, pair))
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(pair[order]) > 0) | (np.diff(cell[order]) > 0)
    order = order[new]
    pair, satellite, site, cell = pair[order], satellite[order], site[order], cell[order]

    # The last edge of a cell is the first edge of the next one.
    alone = np.ones(len(cell), bool)
    alone[:-1] = (np.diff(pair) > 0) | (np.diff(cell) > 1)
    edges = np.concatenate((cell, cell[alone] + 1)) * CELL
    edges = np.clip(edges, exact.first, exact.last)
    who = np.concatenate((satellite, satellite[alone]))
    where = np.concatenate((site, site[alone]))
    after = np.arange(1, len(cell) + 1)
    after[alone] = len(cell) + np.arange(alone.sum())
    is_up, climbs = _state(exact, who, where, edges)
    low, high = edges[: len(cell)], edges[after]
    up_low, up_high = is_up[: len(cell)], is_up[after]
    climbs_low = climbs[: len(cell)]

    # an extremum in the cell
    turns = np.flatnonzero((climbs_low != climbs[after]) & (low < high))
    top = first_true(
        low[turns],
        high[turns],
        lambda which, us: (
            _climbs(exact, satellite[turns[which]], site[turns[which]], us)
            != climbs_low[turns[which]]
        ),
        EXTREMUM_STEP,
    )
    before = np.maximum(top - EXTREMUM_STEP, exact.first)
    at_before, at_top = _differences(
        exact, satellite[turns], site[turns], before, (0, top - before)
    )
    top = _between(before, top, at_before, at_top)
    up_top = exact.above(satellite[turns], site[turns], top) >= 0.0
    highest = up_top & climbs_low[turns]

    # crossings between the edges and the extremum
    straight = np.ones(len(cell), bool)
    straight[turns] = False
    pieces = np.concatenate((np.flatnonzero(straight), turns, turns))
    begin = np.concatenate((low[straight], low[turns], top))
    end = np.concatenate((high[straight], top, high[turns]))
    up_begin = np.concatenate((up_low[straight], up_low[turns], up_top))
    up_end = np.concatenate((up_high[straight], up_top, up_high[turns]))
    crosses = (up_begin != up_end) & (begin < end)
    pieces, begin, end, up_end = (each[crosses] for each in (pieces, begin, end, up_end))
    instant = first_true(
        begin,
        end,
        lambda which, us: (
            (exact.above(satellite[pieces[which]], site[pieces[which]], us) >= 0.0) == up_end[which]
        ),
    )
    places = np.concatenate((turns[highest], pieces))
    return Events(
        satellite[places],
        site[places],
        np.concatenate((top[highest], instant)),
        np.concatenate((np.full(highest.sum(), CULMINATE), np.where(up_end, RISE, SET))),
    )


def _climbs(exact: Exact, satellite: Bits, site: Bits, us: Bits) -> Mask:
    """Say whether elevations rise at instants."""
    return rises(
        lambda which, at: exact.height(satellite[which], site[which], at),
        np.arange(len(us)),
        us,
        exact.first,
        exact.last,
    )


def _state(exact: Exact, satellite: Bits, site: Bits, us: Bits) -> tuple[Mask, Mask]:
    """Say whether satellites are in view, and whether their elevations rise."""
    return exact.above(satellite, site, us) >= 0.0, _climbs(exact, satellite, site, us)


# --- shorter ways ---
def _crossings(exact: Exact, knots: Knots, found: Candidates) -> tuple[Events, Candidates]:
    """Find crossings, of which each candidate has one. Return also candidates without a result.

    An instant is sure if the satellite is on the two sides of the least elevation there and a
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
        who, where = (np.tile(each[todo], 2) for each in (found.satellite, found.site))
        before, after = np.split(exact.above(who, where, both), 2)
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
    """Compute how far positions (3, ...) are above the least elevation, and its rate."""
    east, north, up = position
    level = np.sqrt(east * east + north * north)
    above = up - exact.tangent * level
    if rate is None:
        return above, above
    with np.errstate(all="ignore"):
        return above, rate[2] - exact.tangent * (east * rate[0] + north * rate[1]) / level


def _culminations(
    exact: Exact, knots: Knots, found: Candidates, width: int = WIDTH
) -> tuple[Events, Candidates]:
    """Find culminations near knots. Return also candidates without a sure result.

    A culmination is enclosed by exact states, and estimated. Bisection in its cell then tests only
    instants near the estimate.
    """
    n = len(found.knot)
    if not n:
        return NO_EVENTS, found
    path = Cubic.of(found.local)
    s = _turn(path, np.full((n, 1), -1.0), np.ones((n, 1)))
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
    left, right = _differences(exact, satellite, site, near, (-width, width))
    sure = inside & (left > least) & (right < -least)
    with np.errstate(all="ignore"):
        fall = np.where(sure, (left - right) / (2.0 * width), 1.0)
        estimate = np.where(sure, near - width + left / fall, near)
        # near is rounded by half a step, and the line is not exact
        steps = np.ceil(np.maximum(1.0, 1.2 * least / (fall * EXTREMUM_STEP) + 0.7))
    sure &= steps * EXTREMUM_STEP < CELL / 2
    near = np.rint(estimate / EXTREMUM_STEP).astype(np.int64) * EXTREMUM_STEP
    away = np.where(sure, steps, 1.0).astype(np.int64) * EXTREMUM_STEP
    left, middle, right = _differences(exact, satellite, site, near, (-away, 0, away))
    sure &= (left > least) & (right < -least)
    cell = near // CELL
    off = near - cell * CELL
    sure &= (off > away) & (CELL - off > away)
    begin, end = cell * CELL, (cell + 1) * CELL
    sure &= (begin >= exact.first) & (end <= exact.last)
    top = np.where(middle > 0.0, near + EXTREMUM_STEP, near)
    wide = np.flatnonzero(sure & (away > EXTREMUM_STEP))
    top[wide] = first_true(
        begin[wide],
        end[wide],
        lambda each, us: ~_climbs(exact, satellite[wide[each]], site[wide[each]], us),
        EXTREMUM_STEP,
        near=near[wide].astype(np.float64),
        margin=away[wide].astype(np.float64),
    )
    at_before, at_top = np.where(middle > 0.0, (middle, right), (left, middle))
    at_before[wide], at_top[wide] = _differences(
        exact, satellite[wide], site[wide], top[wide], (-EXTREMUM_STEP, 0)
    )
    top = _between(top - EXTREMUM_STEP, top, at_before, at_top)
    which = np.flatnonzero(sure)
    up_there = exact.above(satellite[which], site[which], top[which]) >= 0.0
    there = which[up_there]
    tops = Events(satellite[there], site[there], top[there], np.full(len(there), CULMINATE))
    unsure = found.chosen(~sure)
    if width == WIDE or not len(unsure.knot):
        return tops, unsure
    slow, unsure = _culminations(exact, knots, unsure, WIDE)
    return Events.together([tops, slow]), unsure


def _between(before: Bits, top: Bits, at_before: Array, at_top: Array) -> Bits:
    """Return where differences of heights fall through zero, as a line, to a microsecond."""
    with np.errstate(all="ignore"):
        part = at_before / (at_before - at_top)
    part = np.where((part >= 0.0) & (part <= 1.0), part, 1.0)
    return before + np.rint(part * (top - before)).astype(np.int64)


def _differences(
    exact: Exact, satellite: Bits, site: Bits, us: Bits, aside: Sequence[int | Bits]
) -> list[Array]:
    """Compute differences of heights over 2 SPAN at instants, moved by each of `aside`."""
    at = np.concatenate([us + each + span for each in aside for span in (-SPAN, SPAN)])
    at = np.clip(at, exact.first, exact.last)
    count = 2 * len(aside)
    heights = exact.height(np.tile(satellite, count), np.tile(site, count), at)
    before, after = heights.reshape(len(aside), 2, len(us)).transpose(1, 0, 2)
    return list(after - before)


def _cells_of(exact: Exact, knots: Knots, found: Candidates, begin: int, end: int) -> Cells:
    """List all cells from `begin` to `end` knots after the first knot of candidates."""
    first = (knots.first + (found.knot + begin) * knots.step) // CELL
    count = (knots.step * (end - begin)) // CELL + 2
    cells = (first[:, None] + np.arange(count)).ravel()
    return np.repeat(found.satellite, count), np.repeat(found.site, count), cells


def _suspect_cells(exact: Exact, knots: Knots, found: Candidates) -> Cells:
    """List the cells of suspect intervals in which something may happen.

    docs/access.md derives the bounds of a path in a cell, and of the error of the cubic.
    """
    n = len(found.knot)
    if not n:
        return found.satellite, found.site, found.knot
    begin = knots.first + found.knot * knots.step
    first = begin // CELL
    count = knots.step // CELL + 2
    cells = first[:, None] + np.arange(count + 1)  # their edges
    path = Cubic.of(found.local)
    position = path.at((cells * CELL - begin[:, None]) / knots.step)
    level = np.sqrt(position[0] * position[0] + position[1] * position[1])
    above = position[2] - exact.tangent * level
    length, error, acceleration = _bounds(exact, knots, found)
    scale = 1.0 + exact.tangent
    seconds = CELL * 1e-6
    nearest = np.minimum(level[:, 1:], level[:, :-1]) - (length + 2.0 * error)
    with np.errstate(all="ignore"):
        turn = exact.tangent * (length / seconds) ** 2 / nearest
        bend = (acceleration * scale + turn) * (seconds * seconds / 8.0) + error * scale
    reach = np.where(nearest > 0.0, bend, (length + error) * scale)
    low = np.minimum(above[:, 1:], above[:, :-1])
    high = np.maximum(above[:, 1:], above[:, :-1])
    possible = (low <= reach) & (high >= -reach)

    # culminations in view
    starts, ends = path.climb(np.zeros((n, 1))), path.climb(np.ones((n, 1)))
    turning = np.flatnonzero(((starts > 0.0) & (ends <= 0.0))[:, 0])
    top = _turn(path.chosen(turning), np.zeros((len(turning), 1)), np.ones((len(turning), 1)))
    column = ((begin[turning] + top[:, 0] * knots.step) // CELL).astype(np.int64) - first[turning]
    for aside in (-1, 0, 1):
        at = np.clip(column + aside, 0, count - 1)
        possible[turning, at] |= high[turning, at] >= -reach[turning, at]
    row, column = np.nonzero(possible)
    return found.satellite[row], found.site[row], cells[row, column]


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


def _turn(path: Cubic, low: Array, high: Array) -> Array:
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


def in_view(exact: Exact, us: int) -> Mask:
    """Say which satellites are in view of which sites at an instant: (n_sites, n_sats)."""
    count = len(exact.satellites)
    position = exact.positions(exact.satellites, np.full(count, us))
    found = np.empty((len(exact.sites), count), bool)
    for number, site in enumerate(exact.sites):
        found[number] = exact.seen(site, position) >= 0.0
    return found


__all__ = ["CULMINATE", "RISE", "SET", "Events", "Knots", "decide", "from_cells", "in_view"]
