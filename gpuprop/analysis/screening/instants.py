"""Instants at which a quantity of a pair changes sign: integer microseconds, from a bracket.

A bracketed secant in integers. An instant is a function of its bracket and of exact states alone,
so what proposed the bracket leaves no trace in it; brackets are cells of absolute time, and extrema
inside them. Beside bisection (`analysis.events`) it takes a third of the states, because the
squared range of a pair is nearly a parabola.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from ...typing import Array, Bits, Mask
from ..events import Places

SECANTS = 24  # steps before bisection takes over
# quantity(which, instants): the values (m,) of the pairs `which` at instants (m,), microseconds.
Quantity: TypeAlias = Callable[[Places, Bits], Array]


def sign_change(quantity: Quantity, low: Bits, high: Bits, at_low: Array, at_high: Array) -> Bits:
    """Find the first microsecond after a change of sign in each bracket.

    Parameters
    ----------
    quantity : callable
        Its sign is what changes: "not negative" or "negative", as which NaN counts.
    low, high : (n,) int64
        Brackets, microseconds since 1970, low < high.
    at_low, at_high : (n,) float64
        The quantity there; the signs differ.

    Returns
    -------
    (n,) int64
        Instants t in (low, high] with the sign of `high` at t and that of `low` at t - 1.

    Notes
    -----
    Illinois's variant of the false position: if an end stays twice, its value is halved. NaN and
    slow progress lead to bisection.
    """
    low, high = low.copy(), high.copy()
    f, g = at_low.astype(np.float64), at_high.astype(np.float64)
    sign = ~(f >= 0.0)  # whether the quantity is negative at the lower end
    kept = np.zeros(len(low), np.int8)  # the end that stayed: -1 the lower, 1 the upper
    step = 0
    open_ = np.flatnonzero(high - low > 1)
    while len(open_):
        a, b, fa, fb = low[open_], high[open_], f[open_], g[open_]
        middle = a + ((b - a) >> 1)
        if step < SECANTS:
            with np.errstate(all="ignore"):
                share = fa / (fa - fb)
                guess = np.rint(share * (b - a).astype(np.float64))
            usable = np.isfinite(guess) & (guess >= 0.0) & (guess <= (b - a))
            guess = np.where(usable, guess, 0.0).astype(np.int64)
            middle = np.where(usable, np.clip(a + guess, a + 1, b - 1), middle)
        value = quantity(open_, middle)
        lower: Mask = ~(value >= 0.0) == sign[open_]
        # of an end that stays for the second time the value counts half
        again = kept[open_]
        fb = np.where(lower & (again == 1), 0.5 * fb, fb)
        fa = np.where(~lower & (again == -1), 0.5 * fa, fa)
        low[open_] = np.where(lower, middle, a)
        high[open_] = np.where(lower, b, middle)
        f[open_] = np.where(lower, value, fa)
        g[open_] = np.where(lower, fb, value)
        kept[open_] = np.where(lower, 1, -1)
        open_ = open_[high[open_] - low[open_] > 1]
        step += 1
    return high
