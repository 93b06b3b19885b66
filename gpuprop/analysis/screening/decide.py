"""Decide the events of candidates: conjunctions and companions, from exact states.

Most pairs fly by at kilometres per second: then the squared range is convex while they are near, a
stay has one minimum range, and the cell that holds it decides alone. The stays of all other pairs
are evaluated as a whole (`stays`).
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ...engine.screening import CandidatePairs
from ...propagator import Propagator
from ...sgp4.screening import MU
from ...typing import Bits, Mask
from ..events import Places
from .instants import sign_change
from .ranges import Pairs
from .stays import CELL, Known, Stays, Window, edges, find_stays

COMPANION_SPEED = 0.010  # km/s: pairs that are slower at their minimum range are companions
# km/s: SGP4's velocity differs from the derivative of its position by up to half of this
VELOCITY_MARGIN = 0.025
LOWEST = 6378.0  # km, radius
# microseconds: candidates are rounded, and an event may lie on the edge of a cell
ROUNDING = 1500
CELLS_AT_ONCE = 1 << 16
# candidates of a group that is decided at once: bounds the memory in dense clouds of fragments
GROUP = 1 << 17
# a stay shorter than this is evaluated as a whole, because it may be too short to report
BRIEF = 2e-3  # s


class Events(NamedTuple):
    """Conjunctions, (n,) each."""

    first: Bits  # satellites, in the order of the input; the first has the smaller number
    second: Bits
    tca: Bits  # microseconds since 1970
    at_edge: Mask

    def at(self, which: Places | Mask | slice) -> "Events":
        """Return some of them."""
        return Events._make(column[which] for column in self)

    @staticmethod
    def concat(parts: "list[Events]") -> "Events":
        """Put events together."""
        return Events._make(map(np.concatenate, zip(*parts, strict=True)))

    @staticmethod
    def none() -> "Events":
        """Return no events."""
        whole = np.empty(0, np.int64)
        return Events(whole, whole, whole, np.empty(0, bool))


class Companions(NamedTuple):
    """Stays at a low speed, (n,) each."""

    first: Bits
    second: Bits
    enter: Bits
    leave: Bits
    tca: Bits
    minima: Bits
    enter_cut: Mask
    leave_cut: Mask

    def at(self, which: Places | Mask | slice) -> "Companions":
        """Return some of them."""
        return Companions._make(column[which] for column in self)

    @staticmethod
    def concat(parts: "list[Companions]") -> "Companions":
        """Put companions together."""
        return Companions._make(map(np.concatenate, zip(*parts, strict=True)))

    @staticmethod
    def none() -> "Companions":
        """Return none."""
        whole, flag = np.empty(0, np.int64), np.empty(0, bool)
        return Companions._make([*[whole] * 6, flag, flag])


def fast_speed(threshold: float) -> float:
    """Compute the relative speed, km/s, above which a stay has exactly one minimum range.

    Squared range is convex while v > D sqrt(2 mu / r^3); twice that, at the lowest radius.
    """
    return 2.0 * threshold * math.sqrt(2.0 * MU / LOWEST**3) + VELOCITY_MARGIN


class Decider:
    """Decides candidates of one time range after the other.

    A range has the conjunctions whose TCA, and the companions whose ENTER is in it. Every range is
    a function of the satellites and the window alone. What is found of later ranges is kept, so
    that a stay of days is followed once.
    """

    def __init__(self, propagator: Propagator, threshold: float, window: Window) -> None:
        self._propagator, self._window = propagator, window
        self._threshold, self._threshold2 = threshold, threshold * threshold
        self._fast = fast_speed(threshold)
        self._sat_id = propagator.elements.sat_id.astype(np.int64)
        self._later = Events.none()  # conjunctions of stays that were followed
        self._known = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))

    def decide(
        self, found: CandidatePairs, knots: Bits, first: int, stop: int
    ) -> tuple[Events, Companions]:
        """Return the events of the range [first, stop), sorted.

        knots: the instant of each candidate's knot, microseconds. All candidates of the range are
        needed, and no others.
        """
        first, stop = max(first, self._window.first), min(stop, self._window.stop)
        events, companions = [self._later], [Companions.none()]
        for some in _groups(found):
            passes, stays = self._decided(found.at(some), knots[some], first, stop)
            events += passes
            companions.append(stays)
        self._forget(stop)
        return self._owned(Events.concat(events), Companions.concat(companions), first, stop)

    def _decided(
        self, found: CandidatePairs, knots: Bits, first: int, stop: int
    ) -> tuple[list[Events], Companions]:
        """Decide all candidates of some pairs. Events outside of the range may be among them."""
        pair, cell, slow = self._cells(found, knots, first, stop)
        key, index = np.unique(pair, return_inverse=True)
        pairs = Pairs(self._propagator, *self._ends(key))
        quick = np.flatnonzero(~slow)
        parts: list[Events] = []
        seeds = [(index[slow], cell[slow])]
        for begin in range(0, len(quick), CELLS_AT_ONCE):
            some = quick[begin : begin + CELLS_AT_ONCE]
            events, left = self._quick(pairs, index[some], cell[some])
            parts.append(events)
            for step in (-1, 0, 1):  # a status may have cut its stay off in another cell
                seeds.append((index[some][left], cell[some][left] + step))
        seed, seed_cell = self._unknown(
            key,
            np.concatenate([each for each, _ in seeds]),
            np.concatenate([each for _, each in seeds]),
        )
        if not len(seed):
            return parts, Companions.none()
        stays = find_stays(
            pairs, seed, seed_cell, self._threshold2, self._window, self._known_of(key)
        )
        events, companions = self._classified(pairs, stays)
        # a stay that begins later, in the last cell, is found again there
        goes_on = (stays.enter < stop) & (stays.leave > stop)
        self._remember(key[stays.pair[goes_on]], stays.enter[goes_on], stays.leave[goes_on])
        return [*parts, events], companions

    def _cells(
        self, found: CandidatePairs, knots: Bits, first: int, stop: int
    ) -> tuple[Bits, Bits, Mask]:
        """Return pair and cell of each cell in which a pair may be close, sorted, each once.

        The third result is whether it needs whole stays.
        """
        begin = knots + np.floor(found.since * 1e6).astype(np.int64) - ROUNDING
        end = knots + np.ceil(found.until * 1e6).astype(np.int64) + ROUNDING
        # an event at the edge of a cell belongs to the cell before it
        begin, end = np.maximum(begin, first - 1), np.minimum(end, stop - 1)
        some = begin <= end
        low, count = begin[some] // CELL, (end[some] // CELL) - (begin[some] // CELL) + 1
        a, b = found.first[some], found.second[some]
        swap = self._sat_id[a] > self._sat_id[b]
        pair = np.where(swap, b, a) * len(self._sat_id) + np.where(swap, a, b)
        total = np.cumsum(count)
        steps = np.arange(total[-1] if len(total) else 0) - np.repeat(total - count, count)
        cell = np.repeat(low, count) + steps
        pair = np.repeat(pair, count)
        slow = np.repeat(found.speed[some] < 2.0 * self._fast, count)
        # a window that ends within the cell cuts stays
        window = self._window
        slow |= (cell * CELL <= window.first) | ((cell + 1) * CELL >= window.last)
        order = np.lexsort((~slow, cell, pair))
        pair, cell, slow = pair[order], cell[order], slow[order]
        once = np.ones(len(pair), bool)
        once[1:] = (pair[1:] != pair[:-1]) | (cell[1:] != cell[:-1])
        return pair[once], cell[once], slow[once]

    def _ends(self, key: Bits) -> tuple[Bits, Bits]:
        return key // len(self._sat_id), key % len(self._sat_id)

    def _quick(self, pairs: Pairs, pair: Places, cell: Bits) -> tuple[Events, Mask]:
        """Decide cells of pairs that are fast. The second result is the cells that are not."""
        begin, end = edges(cell, self._window)
        n = len(cell)
        slope = pairs.slope(np.concatenate((pair, pair)), np.concatenate((begin, end)))
        before, after = slope[:n], slope[n:]
        left = ~(np.isfinite(before) & np.isfinite(after))
        turns = np.flatnonzero(~(before >= 0.0) & (after >= 0.0) & ~left)
        tca = sign_change(
            lambda some, t: pairs.slope(pair[turns[some]], t),
            begin[turns],
            end[turns],
            before[turns],
            after[turns],
        )
        depth = pairs.depth(pair[turns], tca, self._threshold2)
        # Without a good state, or with another one nearby, the stay has another end.
        lost = np.isnan(depth)
        left[turns[lost]] = True
        near = np.flatnonzero(depth >= 0.0)
        turns, tca, depth = turns[near], tca[near], depth[near]
        speed = pairs.geometry(pair[turns], tca).speed
        # a stay is shorter than this on each side
        half = np.ceil(1.1e6 * self._threshold / np.maximum(speed, self._fast)).astype(np.int64)
        around = np.concatenate((tca - half, tca + half))
        _, good = pairs.squared(np.tile(pair[turns], 2), around)
        odd = ~(good[: len(turns)] & good[len(turns) :])
        odd |= (speed < self._fast) | (depth < (speed * BRIEF) ** 2)
        left[turns[odd]] = True
        turns, tca = turns[~odd], tca[~odd]
        return (
            Events(
                pairs.first[pair[turns]], pairs.second[pair[turns]], tca, np.zeros(len(tca), bool)
            ),
            left,
        )

    def _classified(self, pairs: Pairs, stays: Stays) -> tuple[Events, Companions]:
        """Split stays into conjunctions, a row for each minimum range, and companions."""
        n, minima, window = len(stays.pair), stays.minima, self._window
        # Least ranges may also be at the ends: of a stay that is cut, or ends with a status.
        last = stays.leave - 1
        which = np.concatenate((stays.pair, stays.pair))
        squared, _ = pairs.squared(which, np.concatenate((stays.enter, last)))
        slope = pairs.slope(which, np.concatenate((stays.enter, last)))
        opens = stays.enter_cut & (slope[:n] >= 0.0)
        closes = stays.leave_cut & ~(slope[n:] >= 0.0)
        number = np.arange(n)
        stay = np.concatenate((number, number, minima.pair))
        instant = np.concatenate((stays.enter, last, minima.instant))
        value = np.concatenate((squared, minima.squared))
        order = np.lexsort((instant, value, stay))
        _, first = np.unique(stay[order], return_index=True)
        tca = instant[order[first]]
        slow = pairs.geometry(stays.pair, tca).speed < COMPANION_SPEED
        count = np.bincount(minima.pair, minlength=n)
        companions = Companions(
            pairs.first[stays.pair],
            pairs.second[stays.pair],
            stays.enter,
            stays.leave,
            tca,
            count.astype(np.int64),
            stays.enter_cut,
            stays.leave_cut,
        ).at(slow)
        # every stay has a row
        bare = ~slow & (count == 0) & ~opens & ~closes
        parts = [(minima.pair, minima.instant, np.zeros(len(minima.pair), bool))]
        for some, at, edge in (
            (opens, stays.enter, True),
            (closes, last, True),
            (bare, tca, False),
        ):
            chosen = np.flatnonzero(some)
            parts.append((chosen, at[chosen], np.full(len(chosen), edge)))
        stay, tca, at_edge = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        at_edge |= (tca == window.first) | (tca == window.last)
        kept = ~slow[stay]
        pair = stays.pair[stay[kept]]
        return (
            Events(pairs.first[pair], pairs.second[pair], tca[kept], at_edge[kept]),
            companions,
        )

    # --- stays that go on beyond a range ---
    def _remember(self, key: Bits, begin: Bits, end: Bits) -> None:
        columns = [
            np.concatenate(both) for both in zip(self._known, (key, begin, end), strict=True)
        ]
        order = np.argsort(columns[0], kind="stable")
        key, begin, end = (column[order] for column in columns)
        self._known = (key, begin, end)

    def _forget(self, stop: int) -> None:
        goes_on = self._known[2] > stop
        key, begin, end = (column[goes_on] for column in self._known)
        self._known = (key, begin, end)

    def _known_of(self, key: Bits) -> Known:
        """Return the known stays of pairs, by their positions in `key`."""
        known, begin, end = self._known
        place = np.searchsorted(key, known)
        there = place < len(key)
        there[there] = key[place[there]] == known[there]
        return Known(place[there], begin[there], end[there])

    def _unknown(self, key: Bits, pair: Places, cell: Bits) -> tuple[Places, Bits]:
        """Leave out cells inside known stays, and outside of the window. Sorted, each once."""
        order = np.lexsort((cell, pair))
        pair, cell = pair[order], cell[order]
        known = self._known_of(key)
        begin, end = edges(cell, self._window)
        new = ~(known.contains(pair, begin) & known.contains(pair, end)) & (begin < end)
        new[1:] &= (pair[1:] != pair[:-1]) | (cell[1:] != cell[:-1])
        return pair[new], cell[new]

    def _owned(
        self, events: Events, companions: Companions, first: int, stop: int
    ) -> tuple[Events, Companions]:
        numbers = self._sat_id
        order = np.lexsort((numbers[events.second], numbers[events.first], events.tca))
        events = events.at(order)
        once = np.ones(len(order), bool)
        once[1:] = (
            (events.tca[1:] != events.tca[:-1])
            | (events.first[1:] != events.first[:-1])
            | (events.second[1:] != events.second[:-1])
        )
        events = events.at(once)
        self._later = events.at(events.tca >= stop)
        order = np.lexsort(
            (numbers[companions.second], numbers[companions.first], companions.enter)
        )
        companions = companions.at(order)
        return (
            events.at((events.tca >= first) & (events.tca < stop)),
            companions.at((companions.enter >= first) & (companions.enter < stop)),
        )


def _groups(found: CandidatePairs) -> Iterator[Places | slice]:
    """Split candidates into groups of about GROUP; those of a pair are in one group."""
    if len(found.knot) <= GROUP:
        yield slice(None)
        return
    pair = (found.first << 32) | found.second
    order = np.argsort(pair, kind="stable")
    pair = pair[order]
    begin = 0
    while begin < len(pair):
        last = pair[min(begin + GROUP, len(pair)) - 1]
        end = int(np.searchsorted(pair, last, side="right"))
        yield order[begin:end]
        begin = end
