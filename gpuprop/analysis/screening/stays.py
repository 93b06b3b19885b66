"""Stays: unbroken times below the threshold, of pairs for which these may be long.

Cells of absolute time (multiples of CELL microseconds) are evaluated one by one: inside a cell, the
range has at most one extremum, and is monotone between it and the edges. That yields *pieces* of
stays; pieces of neighbouring cells are joined, and a stay that goes on beyond the cells that were
proposed is followed to both ends.
"""

from typing import NamedTuple

import numpy as np

from ...typing import Array, Bits, Mask
from ..events import SHORTEST, Places
from .instants import sign_change
from .ranges import Pairs

# microseconds, 33.6 s: extrema of a pair are minutes apart
CELL = 1 << 25
CELLS_AT_ONCE = 1 << 15  # of all pairs that are followed, in one round
MOST_AHEAD = 256  # cells of a pair in one round


class Window(NamedTuple):
    """What is screened, microseconds since 1970: [first, stop)."""

    first: int
    stop: int

    @property
    def last(self) -> int:
        """The last instant."""
        return self.stop - 1


class Pieces(NamedTuple):
    """Pieces of stays, (n,) each, [begin, end)."""

    pair: Places
    begin: Bits
    end: Bits
    goes_back: Mask  # it begins where its cell does, not at a crossing
    goes_on: Mask

    def at(self, which: Places | Mask | slice) -> "Pieces":
        """Return some of the pieces."""
        return Pieces._make(column[which] for column in self)

    @staticmethod
    def concat(parts: "list[Pieces]") -> "Pieces":
        """Put pieces together."""
        return Pieces._make(map(np.concatenate, zip(*parts, strict=True)))


class Minima(NamedTuple):
    """Least ranges below the threshold, (n,) each."""

    pair: Places
    instant: Bits
    squared: Array  # km^2

    @staticmethod
    def concat(parts: "list[Minima]") -> "Minima":
        """Put minima together."""
        return Minima._make(map(np.concatenate, zip(*parts, strict=True)))


class Stays(NamedTuple):
    """Whole stays, (n,) each, and the minimum ranges in them."""

    pair: Places
    enter: Bits
    leave: Bits
    enter_cut: Mask  # the window begins within the stay
    leave_cut: Mask
    minima: Minima  # sorted by pair and instant


def edges(cell: Bits, window: Window) -> tuple[Bits, Bits]:
    """Return the first and the last instant of cells inside the window."""
    return np.maximum(cell * CELL, window.first), np.minimum((cell + 1) * CELL, window.last)


def pieces_of(
    pairs: Pairs, pair: Places, cell: Bits, threshold2: float, window: Window
) -> tuple[Pieces, Minima]:
    """Evaluate cells of pairs, (n,) each; sorted by pair and cell, without repetitions.

    Returns the pieces of stays in them, and their minimum ranges.
    """
    begin, end = edges(cell, window)
    # the end of a cell is the beginning of the next one
    follows = np.zeros(len(cell), bool)
    follows[1:] = (pair[1:] == pair[:-1]) & (begin[1:] == end[:-1])
    alone = np.flatnonzero(~np.append(follows[1:], False))
    which = np.concatenate((pair, pair[alone]))
    instants = np.concatenate((begin, end[alone]))
    slope, depth = pairs.slope(which, instants), pairs.depth(which, instants, threshold2)
    n = len(cell)

    def at_end(values: Array) -> Array:
        result = np.append(values[1:n], np.nan)
        result[alone] = values[n:]
        return result

    slopes = slope[:n], at_end(slope)
    depths = depth[:n], at_end(depth)
    turns = np.flatnonzero((slopes[0] >= 0.0) != (slopes[1] >= 0.0))
    turns = turns[end[turns] > begin[turns]]
    extremum = sign_change(
        lambda some, t: pairs.slope(pair[turns[some]], t),
        begin[turns],
        end[turns],
        slopes[0][turns],
        slopes[1][turns],
    )
    # nodes: the beginning, the extremum or again the beginning, the end
    times = np.stack((begin, begin, end))
    values = np.stack((depths[0], depths[0], depths[1]))
    times[1, turns], values[1, turns] = (
        extremum,
        pairs.depth(pair[turns], extremum, threshold2),
    )
    below = values >= 0.0
    crossing = np.zeros((2, n), np.int64)
    for side in range(2):
        some = np.flatnonzero(below[side] != below[side + 1])
        crossing[side, some] = _crossings(
            pairs,
            pair[some],
            threshold2,
            times[side : side + 2, some],
            values[side : side + 2, some],
        )
    first, middle, last = below
    stop = np.where(~middle, crossing[0], np.where(last, end, crossing[1]))
    found = [
        _pieces(first, pair, begin, stop, first, middle & last),
        _pieces(~first & middle, pair, crossing[0], np.where(last, end, crossing[1]), first, last),
        _pieces(~middle & last, pair, crossing[1], end, middle, last),
    ]
    least = (slopes[1][turns] >= 0.0) & below[1, turns]
    minima = Minima(pair[turns[least]], extremum[least], threshold2 - values[1, turns[least]])
    return _sorted(Pieces.concat(found)), minima


def _crossings(pairs: Pairs, pair: Places, threshold2: float, times: Bits, depths: Array) -> Bits:
    """Find when pairs cross the threshold between two instants, (2, n)."""
    return sign_change(lambda some, t: pairs.depth(pair[some], t, threshold2), *times, *depths)


def _pieces(
    some: Mask, pair: Places, begin: Bits, end: Bits, goes_back: Mask, goes_on: Mask
) -> Pieces:
    return Pieces(pair, begin, end, goes_back, goes_on).at(some)


def _sorted(pieces: Pieces) -> Pieces:
    return pieces.at(np.lexsort((pieces.begin, pieces.pair)))


def _joined(pieces: Pieces) -> tuple[Pieces, Places]:
    """Join pieces that touch; they are sorted by pair and begin.

    Returns the number of the joined piece of each, too.
    """
    if not len(pieces.pair):
        return pieces, np.empty(0, np.intp)
    touches = (
        (pieces.pair[1:] == pieces.pair[:-1])
        & pieces.goes_on[:-1]
        & pieces.goes_back[1:]
        & (pieces.begin[1:] == pieces.end[:-1])
    )
    number = np.concatenate(([0], np.cumsum(~touches)))
    first = np.flatnonzero(np.append(True, ~touches))
    last = np.append(first[1:], len(number)) - 1
    return (
        Pieces(
            pieces.pair[first],
            pieces.begin[first],
            pieces.end[last],
            pieces.goes_back[first],
            pieces.goes_on[last],
        ),
        number,
    )


def find_stays(
    pairs: Pairs,
    pair: Places,
    cell: Bits,
    threshold2: float,
    window: Window,
    known: "Known | None" = None,
) -> Stays:
    """Find the whole stays that have an instant in one of these cells.

    pair, cell: (n,) sorted, without repetitions. Stays that begin in a known one are left out.
    """
    parts, minima = [], []
    for begin in range(0, max(1, len(cell)), CELLS_AT_ONCE):
        here = slice(begin, begin + CELLS_AT_ONCE)
        piece, least = pieces_of(pairs, pair[here], cell[here], threshold2, window)
        parts.append(piece)
        minima.append(least)
    stays, _ = _joined(_sorted(Pieces.concat(parts)))
    if known is not None:
        stays = stays.at(~known.contains(stays.pair, stays.begin))
    for forward in (False, True):
        stays, more = _followed(pairs, stays, threshold2, window, forward)
        minima += more
    # a stay that was followed from two of its cells is one stay
    keep = np.ones(len(stays.pair), bool)
    keep[1:] = (stays.pair[1:] != stays.pair[:-1]) | (stays.begin[1:] != stays.begin[:-1])
    stays = stays.at(keep)
    leave = np.where(stays.goes_on, window.stop, stays.end)
    long_enough = leave - stays.begin >= SHORTEST
    stays, leave = stays.at(long_enough), leave[long_enough]
    return Stays(
        stays.pair,
        stays.begin,
        leave,
        stays.goes_back,
        stays.goes_on,
        _inside(stays.pair, stays.begin, leave, Minima.concat(minima)),
    )


def _inside(pair: Places, enter: Bits, leave: Bits, minima: Minima) -> Minima:
    """Return the minima in the stays, sorted, each once; `pair` becomes the number of the stay."""
    key, keys = _keys(pair, enter, minima)
    keys, first = np.unique(keys, return_index=True)
    minima = Minima._make(column[first] for column in minima)
    stay = np.searchsorted(key, keys, side="right") - 1
    inside = stay >= 0
    inside[inside] = (pair[stay[inside]] == minima.pair[inside]) & (
        minima.instant[inside] < leave[stay[inside]]
    )
    return Minima(stay[inside], minima.instant[inside], minima.squared[inside])


def _keys(pair: Places, enter: Bits, minima: Minima) -> tuple[Bits, Bits]:
    """Return integers for stays and minima that are sorted as pair, then instant.

    Instants are replaced by their ranks, so that no product leaves 64 bits.
    """
    ranks = np.unique(np.concatenate((enter, minima.instant)), return_inverse=True)[1]
    keys = np.concatenate((pair, minima.pair)) * (len(ranks) + 1) + ranks
    return keys[: len(pair)], keys[len(pair) :]


def _followed(
    pairs: Pairs, stays: Pieces, threshold2: float, window: Window, forward: bool
) -> tuple[Pieces, list[Minima]]:
    """Follow stays beyond their cells, to their end or to their beginning."""
    minima: list[Minima] = []
    ahead = 1
    limit = window.last if forward else window.first
    while True:
        open_ = stays.goes_on if forward else stays.goes_back
        edge = stays.end if forward else stays.begin
        going = np.flatnonzero(open_ & (edge != limit))
        if not len(going):
            return stays, minima
        at_once = max(1, CELLS_AT_ONCE // ahead)
        rest = [stays.at(np.setdiff1d(np.arange(len(stays.pair)), going))]
        for begin in range(0, len(going), at_once):
            some = stays.at(going[begin : begin + at_once])
            steps = np.arange(ahead)
            if forward:
                cells = (some.end // CELL)[:, None] + steps
            else:
                cells = (-(-some.begin // CELL) - 1)[:, None] - steps
            owner = np.repeat(np.arange(len(some.pair)), ahead)
            cells = cells.ravel()
            inside = (cells * CELL < window.last) & ((cells + 1) * CELL > window.first)
            owner, cells = owner[inside], cells[inside]
            # Numbers of the stays stand for the pairs, so that no other stay of a pair is joined.
            order = np.lexsort((cells, owner))
            owner, cells = owner[order], cells[order]
            own = Pairs(pairs.propagator, pairs.first[some.pair], pairs.second[some.pair])
            found, least = pieces_of(own, owner, cells, threshold2, window)
            mine = Pieces(np.arange(len(some.pair)), *some[1:])
            both = Pieces.concat([found, mine])
            order = np.lexsort((both.begin, both.pair))
            joined, number = _joined(both.at(order))
            place = np.empty(len(order), np.intp)
            place[order] = number
            joined = joined.at(place[len(found.pair) :])
            rest.append(joined._replace(pair=some.pair[joined.pair]))
            minima.append(least._replace(pair=some.pair[least.pair]))
        stays = _sorted(Pieces.concat(rest))
        ahead = min(2 * ahead, MOST_AHEAD)


class Known(NamedTuple):
    """Stays that were found before and go on, sorted by pair: [begin, end)."""

    key: Bits  # of the pair: see decide
    begin: Bits
    end: Bits

    def contains(self, key: Bits, instant: Bits) -> Mask:
        """Say whether instants of pairs are in one of them; a pair has at most one."""
        if not len(self.key):
            return np.zeros(len(key), bool)
        place = np.minimum(np.searchsorted(self.key, key), len(self.key) - 1)
        return np.asarray(
            (self.key[place] == key) & (self.begin[place] <= instant) & (instant < self.end[place])
        )
