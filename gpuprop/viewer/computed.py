"""Knots that a propagator computes, in the longest steps whose measured error is small."""

import numpy as np
import numpy.typing as npt

from ..propagator import Propagator
from ..time.times import Times
from ..time.units import MINUTE, SECOND
from ..typing import Array
from .knots import (
    FRACTIONS,
    LOW_ORBIT_STEP_NS,
    Budget,
    Knots,
    Track,
    Tracks,
    hermite,
    packed,
)

# Steps in units of that of low orbits, longest first; the short ones are for the perigees of
# eccentric orbits, and for satellites whose SGP4 velocity is not the derivative of the position.
FACTORS = (16.0, 8.0, 4.0, 2.0, 1.0, 0.5, 0.25)
TOLERANCE_M = 25.0
LONGER = 1.5  # times that of low orbits is the least of the longer steps: low orbits keep theirs
USUAL_NS, LEAST_NS = 90 * MINUTE, 10 * MINUTE
NEAR_EARTH = 6.4  # rev/day; SGP4 takes slower satellites as deep space
HIGH_ORBIT_STEP_NS = 4 * LOW_ORBIT_STEP_NS


def usual_duration(prop: Propagator, most_bytes: int) -> int:
    """Choose a duration in ns: 90 minutes, or less if the page would be too large."""
    budget = Budget(most_bytes, len(prop.elements))
    for minutes in range(USUAL_NS // MINUTE, LEAST_NS // MINUTE, -5):
        if budget.size(_estimated(prop, minutes * MINUTE)) <= 0.98 * most_bytes:
            return minutes * MINUTE
    return LEAST_NS


def _estimated(prop: Propagator, duration_ns: int) -> int:
    """Estimate the states of a page from the mean motions."""
    low = int((prop.elements.fields["MEAN_MOTION"].astype(np.float64) > NEAR_EARTH).sum())
    high = len(prop.elements) - low
    return low * (_intervals(duration_ns, 1.0) + 1) + high * (
        -(-duration_ns // HIGH_ORBIT_STEP_NS) + 1
    )


def _intervals(duration_ns: int, factor: float) -> int:
    return max(1, -(-duration_ns // int(LOW_ORBIT_STEP_NS * factor)))


def computed_tracks(prop: Propagator, start_ns: int, duration_ns: int, most_bytes: int) -> Tracks:
    """Compute the knots of all satellites.

    Parameters
    ----------
    prop : Propagator
        The satellites.
    start_ns, duration_ns : int
        The window, nanoseconds since 1970 UTC. The last knot is at its end or just after it.
    most_bytes : int
        Largest size of the page.

    Returns
    -------
    Tracks
        Each satellite in the track with the longest step whose error is at most 25 m, or else in
        the one with the shortest step.

    Raises
    ------
    UsageError
        If the page would be too large.

    Notes
    -----
    The error is the distance from the exact states at 1/4, 1/2 and 3/4 of every interval. It
    includes the rounding to float32 (0.5 m in low orbit).
    """
    elements, budget = prop.elements, Budget(most_bytes, len(prop.elements))
    if budget.size(_estimated(prop, duration_ns)) > 2 * most_bytes:
        budget.check(_estimated(prop, duration_ns), duration_ns)
    error = np.full(len(elements), np.nan)
    status = np.zeros(len(elements), np.uint8)
    tracks: list[Track] = []
    todo = np.arange(len(elements))
    usual = _intervals(duration_ns, 1.0)
    counts = sorted(
        count
        for count in {_intervals(duration_ns, factor) for factor in FACTORS}
        if count >= usual or duration_ns / count >= LONGER * LOW_ORBIT_STEP_NS
    )
    states = 0
    for count in counts:
        if not len(todo):
            break
        budget.check(states + len(todo) * (count + 1), duration_ns)
        step_ns = -(-duration_ns // count)
        grid = Times.grid(start_ns, step_ns, count + 1)
        some = (
            prop
            if len(todo) == len(elements)
            else Propagator(
                elements[todo],
                prop.engine,
                prop.model.gravity.name,
                prop.model.opsmode,
                threads=prop.threads,
            )
        )
        try:
            knots, worst = _knots(some, grid)
            found = _errors(some, grid, knots)
        finally:
            if some is not prop:
                some.close()
        done = ~(found > TOLERANCE_M)
        if count == counts[-1]:
            done[:] = True
        if done.any():
            members = todo[done]
            error[members], status[members] = found[done], worst[done]
            tracks.append(Track(members, grid.ns, np.ascontiguousarray(knots[:, done])))
            states += knots.shape[0] * len(members)
        todo = todo[~done]
    places = ", ".join(f"{fraction:g}" for fraction in FRACTIONS)
    return Tracks(tracks, error, status, f"against SGP4 at {places} of every interval")


def _knots(prop: Propagator, grid: Times) -> tuple[Knots, npt.NDArray[np.uint8]]:
    """Compute the knots (n_knots, n, 6), and the largest status of each satellite (n,)."""
    n = len(prop.elements)
    knots = np.empty((grid.count, n, 6), np.float32)
    worst = np.zeros(n, np.uint8)
    first = 0
    for block in prop.snapshots(grid):
        knots[first : first + len(block)] = packed(block.position, block.velocity)
        np.maximum(worst, block.status.max(axis=0), out=worst)
        first += len(block)
    return knots, worst


def _errors(prop: Propagator, grid: Times, knots: Knots) -> Array:
    """Measure the largest error of each satellite (n,), m; NaN where no state is good."""
    assert grid.step_ns is not None
    step_s = grid.step_ns / SECOND
    worst = np.full(len(prop.elements), np.nan)
    for fraction in FRACTIONS:
        shift = round(grid.step_ns * fraction)
        times = Times.grid(grid.start_ns + shift, grid.step_ns, grid.count - 1)
        first = 0
        for block in prop.snapshots(times, velocity=False):
            here = slice(first, first + len(block))
            after = slice(first + 1, first + len(block) + 1)
            drawn = hermite(knots[here], knots[after], step_s, shift / grid.step_ns)
            apart = 1000.0 * np.sqrt(((drawn - block.position) ** 2).sum(axis=-1))
            apart[block.status != 0] = np.nan
            # a knot of zeros has no position: the page draws nothing in its intervals
            gone = ~(knots[here].any(axis=-1) & knots[after].any(axis=-1))
            apart[gone] = np.nan
            worst = np.fmax(worst, np.fmax.reduce(apart, axis=0))
            first += len(block)
    return worst
