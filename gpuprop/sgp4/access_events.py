"""The instants of most events between knots, from estimates and a few exact states.

Twin of kernels/access_events.cuh. An instant is given only where it must be the one that the
definition gives (gpuprop/analysis/access/cells.py), so that what proposed it leaves no trace.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..typing import Array, Bits, Mask
from .access import RISING, Candidates, Cubics, cubics_through, height, local_position

# the certainty of an instant: there is no event in view in the window; it is that of the
# definition; it is an estimate
OUTSIDE, SURE, UNSURE = 0, 1, 2
NEWTON_STEPS = 4  # on the cubic
ROUNDS = 2  # of a crossing, which takes one as a rule
CELL, SPAN, EXTREMUM_STEP = 1 << 20, 1000, 1 << 10  # microseconds: see gpuprop/analysis/events.py
CLEAR = 6.0  # times the rounding errors
ROUNDING = 4.0e-16  # of a number near one, twice
# rad: rounding of the Earth's rotation angle, which is computed from millions of seconds
EARTH_ROUNDING = 5.0e-14
SPHERE = 2.0 * 6400.0  # km: rounding errors are those of the Earth's radius and of the distance
FALL = 1.4  # times a clear difference: the change in a step that makes its sign sure one step on

# positions(satellites, microseconds) computes positions in ITRS (3, n), km: NaN unless status 0
Positions = Callable[[Bits, Bits], Array]


class EventSearch(NamedTuple):
    """What events are searched for."""

    tangent: float  # of the minimum elevation
    knot_us: int  # instant of the knot 0, microseconds since 1970
    step_us: int  # between knots
    first_us: int  # of the window
    last_us: int  # the last instant of the window
    sites: Array  # (n_sites, 12)
    turn_rate: Array  # (n_sats,) rad/ns: mean motions, for rounding errors


def path_through(local: Array) -> Cubics:
    """Interpolate east, north and up (3, n), km. local: (12, n), as in Candidates."""
    return cubics_through(*local.reshape(4, 3, -1))


def rounding(search: EventSearch, satellite: Bits, age_ns: Bits) -> Array:
    """Estimate rounding errors of directions (n,), rad. age_ns: since the epoch of the elements."""
    turned = np.abs(age_ns.astype(np.float64)) * search.turn_rate[satellite]
    return ROUNDING * (turned + 10.0) + EARTH_ROUNDING


def elevated(tangent: float, position: Array) -> Array:
    """Compute how far positions (3, n) are above the minimum elevation, km, measured upwards."""
    east, north, up = position
    found: Array = up - tangent * np.sqrt(east * east + north * north)
    return found


def crossing_on(tangent: float, path: Cubics, rises: Mask) -> tuple[Array, Array]:
    """Find where paths cross the minimum elevation once: s, and the slope there."""
    low, high = np.zeros(len(rises)), np.ones(len(rises))
    ends = [elevated(tangent, path.at(s)) for s in (low, high)]
    s = ends[0] / (ends[0] - ends[1])
    for turn in range(NEWTON_STEPS + 1):
        position, rate = path.at(s), path.rate(s)
        level = np.sqrt(position[0] * position[0] + position[1] * position[1])
        above = position[2] - tangent * level
        slope = rate[2] - tangent * ((position[0] * rate[0] + position[1] * rate[1]) / level)
        if turn == NEWTON_STEPS:
            break
        begins = (above < 0.0) == rises
        low, high = np.where(begins, s, low), np.where(begins, high, s)
        s = or_middle(s - above / slope, low, high)
    return s, slope


def or_middle(s: Array, low: Array, high: Array) -> Array:
    """Return s where it is between low and high, or the middle of these."""
    return np.where((s >= low) & (s <= high), s, 0.5 * (low + high))


def turning_on(path: Cubics, local: Array) -> tuple[Array, Array, Array]:
    """Find where elevations stop to rise: s, the distance there (km), and how heights bend.

    Between the knots before and after: the second derivative of the height, for s. local: (12, n).
    """
    before, here, after = (height(*each) for each in local.reshape(4, 3, -1)[:3])
    low, high = np.full(len(here), -1.0), np.ones(len(here))
    s = or_middle(0.5 * (after - before) / ((here - before) + (here - after)), low, high)
    for turn in range(NEWTON_STEPS + 1):
        (east, north, up), (east1, north1, up1) = path.at(s), path.rate(s)
        east2, north2, up2 = path.bend(s)
        level2 = east * east + north * north
        level_rate = east * east1 + north * north1
        level_bend = ((east1 * east1 + north1 * north1) + east * east2) + north * north2
        climb = up1 * level2 - up * level_rate
        climb_rate = (up2 * level2 + up1 * level_rate) - up * level_bend
        if turn == NEWTON_STEPS:
            break
        rises = climb > 0.0
        low, high = np.where(rises, s, low), np.where(rises, high, s)
        s = or_middle(s - climb / climb_rate, low, high)
    level, distance = np.sqrt(level2), np.sqrt(level2 + up * up)
    tangent = up / (distance + level)
    bend = (0.5 * (1.0 + tangent * tangent)) * (climb_rate / (level * (distance * distance)))
    return s, distance, bend


class Found(NamedTuple):
    """What was found: (m,) each."""

    us: Bits  # instants, microseconds since 1970
    certainty: npt.NDArray[np.uint8]  # OUTSIDE, SURE or UNSURE


def search_events(
    positions: Positions,
    epoch_ns: Bits,
    found: Candidates,
    wanted: Bits,
    search: EventSearch,
) -> Found:
    """Search for the events of candidates.

    Parameters
    ----------
    positions : callable
        Computes exact positions.
    epoch_ns : (n_sats,) int64
        Epochs of the element sets.
    found : Candidates
        Intervals.
    wanted : (m,) int64
        Twice the place of a candidate: its crossing. One more: its culmination.
    search : EventSearch
        What is searched for.

    Returns
    -------
    Found
        Instants, and how certain they are.
    """
    out = Found(np.empty(len(wanted), np.int64), np.empty(len(wanted), np.uint8))
    tops = (wanted & 1) == 1
    with np.errstate(all="ignore"):
        for which, kind in ((~tops, _crossings), (tops, _culminations)):
            some = found.chosen_at(wanted[which] >> 1)
            knot = search.knot_us + some.knot * search.step_us
            noise = rounding(search, some.satellite, knot * 1000 - epoch_ns[some.satellite])
            out.us[which], out.certainty[which] = kind(positions, some, knot, noise, search)
    return out


def _seen(positions: Positions, some: Candidates, search: EventSearch) -> Callable[[Bits], Array]:
    """Return a function of instants that computes exact east, north and up (3, n), km."""
    places = np.ascontiguousarray(search.sites.T).take(some.site, axis=1)
    return lambda us: np.stack(local_position(places, *positions(some.satellite, us)))


def _crossings(
    positions: Positions, some: Candidates, knot: Bits, noise: Array, search: EventSearch
) -> tuple[Bits, Bits]:
    """Find crossings.

    An instant is sure if the satellite is on the two sides of the minimum elevation there and a
    microsecond before, and moves by more than the rounding errors in a microsecond.
    """
    tangent, first, last = search.tangent, search.first_us, search.last_us
    seen = _seen(positions, some, search)
    local = np.ascontiguousarray(some.local.T)
    rises = (some.kind & RISING) != 0
    s, slope = crossing_on(tangent, path_through(local), rises)
    speed = slope / search.step_us  # km/us
    us = knot + np.rint(s * search.step_us).astype(np.int64)
    inside = (us > first - CELL) & (us < last + CELL)
    east, north, up = local[3:6]
    distance = SPHERE + np.sqrt((east * east + north * north) + up * up)
    least = (CLEAR * (1.0 + tangent)) * (noise * distance)
    open_ = inside & (np.abs(speed) > least)

    def moved(us: Bits, above: Array) -> Bits:
        ahead = -above / speed
        ahead = np.where(np.abs(ahead) < CELL, np.ceil(ahead), 0.0)
        return np.where(open_, np.clip(us + ahead.astype(np.int64), first + 1, last), us)

    us = np.clip(us, first + 1, last)
    us = moved(us, elevated(tangent, seen(us)))
    for _ in range(ROUNDS):
        if not open_.any():
            break
        before, after = elevated(tangent, seen(us - 1)), elevated(tangent, seen(us))
        done = ((before >= 0.0) != rises) & ((after >= 0.0) == rises)
        open_ &= ~(done & (before - before == 0.0) & (after - after == 0.0))
        us = moved(us, after)
    sure = (np.abs(speed) > least) & ~open_
    return us, np.where(inside, np.where(sure, SURE, UNSURE), OUTSIDE)


def _culminations(
    positions: Positions, some: Candidates, knot: Bits, noise: Array, search: EventSearch
) -> tuple[Bits, Bits]:
    """Find culminations.

    One step of Newton, with exact states, gives the step of time in which the elevation stops to
    rise. This is the bracket at which bisection ends, if the change within it is clear: then the
    signs at all other steps are sure.
    """
    first, last = search.first_us, search.last_us
    seen = _seen(positions, some, search)
    local = np.ascontiguousarray(some.local.T)
    s, distance, bend = turning_on(path_through(local), local)
    step = float(search.step_us)
    fall = -2.0 * SPAN / (step * step) * bend  # of the difference of heights, in a microsecond
    least = CLEAR * noise * ((SPHERE + distance) / distance)
    us = np.clip(knot + np.rint(s * step).astype(np.int64), first, last)
    sure = (us >= first + CELL) & (us <= last - CELL)

    def difference(us: Bits) -> Array:
        before, after = (height(*seen(np.clip(us + aside, first, last))) for aside in (-SPAN, SPAN))
        return after - before

    ahead = difference(us) / fall
    sure &= np.abs(ahead) < CELL / 2
    moved = us + np.rint(np.where(sure, ahead, 0.0)).astype(np.int64)
    us = np.where(sure, moved & -EXTREMUM_STEP, us)
    left, right = difference(us), difference(us + EXTREMUM_STEP)
    cell = us & -CELL
    sure &= (cell >= first) & (cell + CELL <= last)
    sure &= (left > 0.0) & (right <= 0.0) & (left - right > FALL * least)
    part = np.where(sure, left / (left - right), 0.0)
    us = us + np.rint(part * EXTREMUM_STEP).astype(np.int64)
    up = elevated(search.tangent, seen(np.clip(us, first, last))) >= 0.0
    return us, np.where(sure, np.where(up, SURE, OUTSIDE), UNSURE)


class BisectionRule(NamedTuple):
    """What is bisected."""

    tangent: float  # of the minimum elevation
    first_us: int  # of the window, microseconds since 1970
    last_us: int  # the last instant of the window
    climbing: bool  # whether the elevation rises; else whether the satellite is in view
    step_us: int  # a bracket that is not longer is done


class Brackets(NamedTuple):
    """Brackets of instants, (n,) each."""

    satellite: Bits
    site: Bits
    goal: Mask  # what it becomes
    low: Bits  # instants before, microseconds since 1970
    high: Bits  # instants after
