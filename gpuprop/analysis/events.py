"""Instants of events: integer microseconds, decided by exact predicates on a fixed grid of cells.

A search proposes where an event may be; this module decides when it is. An instant is a function of
a bracket and of exact states alone: the brackets are cells of absolute time (multiples of CELL
microseconds since 1970) and extrema inside them. So what proposed an event leaves no trace in it.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..typing import Bits, Mask

MICROSECOND = 1000  # ns
# microseconds; a power of two. Inside a cell a function has at most one extremum.
CELL = 1 << 20
# Extrema are found from positions this many microseconds before and after: SGP4's velocity is not
# the derivative of its position.
SPAN = 1000
# microseconds: bisection for an extremum ends here, because rounding errors of float64 positions
# decide below; then a line between the two ends of the bracket gives the instant
EXTREMUM_STEP = 1 << 10
SHORTEST = 1000  # microseconds: a pass or a stay that is shorter is not reported

FEW = 2500  # brackets: to test seven instants of each at once is faster than three times one

Places: TypeAlias = npt.NDArray[np.intp]
# predicate(which, instants): whether something holds for the events `which` (m,) at instants (m,)
Predicate: TypeAlias = Callable[[Places, Bits], Mask]


def first_true(low: Bits, high: Bits, predicate: Predicate, step: int = 1) -> Bits:
    """Find the instants at which predicates become true, by bisection in integers.

    Parameters
    ----------
    low : (n,) int64
        Instants at which the predicates are false, microseconds since 1970. They are not tested.
    high : (n,) int64
        Later instants at which they are true. They are not tested.
    predicate : callable
        predicate(which, instants) returns (m,) booleans for the events `which` (m,), numbered from
        0 to n - 1, at instants (m,), microseconds.
    step : int
        Bisection ends when a bracket is not longer than this, microseconds.

    Returns
    -------
    (n,) int64
        The upper end of each last bracket. It depends on low, high and the predicate only.
    """
    low, high = low.copy(), high.copy()
    while len(open_ := np.flatnonzero(high - low > step)):
        if len(open_) <= FEW:
            _three_levels(low, high, open_, predicate, step)
            continue
        middle = (low[open_] + high[open_]) >> 1
        found = predicate(open_, middle)
        high[open_[found]] = middle[found]
        low[open_[~found]] = middle[~found]
    return high


def _three_levels(low: Bits, high: Bits, open_: Places, predicate: Predicate, step: int) -> None:
    """Halve brackets three times, with one call of the predicate for all seven instants."""
    edges = np.empty((9, len(open_)), np.int64)
    edges[0], edges[8] = low[open_], high[open_]
    for width in (4, 2, 1):
        for at in range(width, 9 - width, 2 * width):
            edges[at] = (edges[at - width] + edges[at + width]) >> 1
    found = predicate(np.tile(open_, 7), edges[1:8].ravel()).reshape(7, len(open_))
    first, last = np.zeros(len(open_), np.int64), np.full(len(open_), 8)
    column = np.arange(len(open_))
    for _ in range(3):
        going = edges[last, column] - edges[first, column] > step
        middle = (first + last) >> 1
        true = found[middle - 1, column]
        last = np.where(going & true, middle, last)
        first = np.where(going & ~true, middle, first)
    low[open_], high[open_] = edges[first, column], edges[last, column]


def sorted_by(*keys: Bits) -> Places:
    """Return the order (n,) that sorts by integers, the first of which counts most.

    Places with equal keys come in any order. One number that holds all keys is faster to sort.
    """
    if not len(keys[0]):
        return np.empty(0, np.intp)
    bits, packed = 0, np.zeros(len(keys[0]), np.int64)
    for key in keys:
        low = int(key.min())
        width = (int(key.max()) - low).bit_length()
        bits += width
        if bits > 62:
            return np.lexsort(keys[::-1])
        packed <<= width
        packed += key
        packed -= low
    return np.argsort(packed)


def cell_edges(instant: int, stop: int) -> Bits:
    """Return the edges of the cells that cover [instant, stop]: multiples of CELL."""
    return np.arange(instant // CELL, -(-stop // CELL) + 1, dtype=np.int64) * CELL
