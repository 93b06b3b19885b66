"""CandidatePairs of a screening in numpy: the twin of the loops in kernels/cpu.cpp."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ...sgp4.model import COORDINATES
from ...sgp4.screening import (
    Motion,
    Reach,
    approach,
    around_knot,
    direction,
    reach,
)
from ...typing import Array, Bits, Columns, Mask
from ..screening import CLASSES, DORMANT, FAST, WILD, CandidatePairs, Screen, SkyIndex

AT_ONCE = 1 << 20  # pairs that are compared at once
Places = npt.NDArray[np.intp]


def around(columns: Columns, knot: int, step: float) -> tuple[Motion, Array, Mask]:
    """Return the motion of all objects at a knot, their slack (km), and which have a state near it.

    The row of the knot must have a row before and after it. An object without a state at the knot,
    but with a good one at a neighbouring knot, gets that one, moved.
    """
    before, here, after = (
        Motion(*(np.asarray(columns[name][row], np.float64) for name in COORDINATES))
        for row in (knot - 1, knot, knot + 1)
    )
    good = [np.asarray(columns["status"][row]) == 0 for row in (knot - 1, knot, knot + 1)]
    motion, slack = around_knot(before, here, after, good[0], step)
    return motion, slack, good[0] | good[1] | good[2]


def angles(columns: Columns, knot: int, step: float, threshold: float) -> Array:
    """Compute the angle of every object at a knot, rad: NaN without a state. See SkyIndex.of."""
    with np.errstate(all="ignore"):
        motion, slack, awake = around(columns, knot, step)
        found = reach(motion, slack, 0.5 * step, threshold)
    return np.where(awake, found.angle, np.nan)


def candidate_pairs(columns: Columns, screen: Screen) -> CandidatePairs:
    """Find the candidates at all knots but the first and the last: see choice.Engine."""
    found = []
    with np.errstate(all="ignore"):
        for knot in range(1, len(columns["x"]) - 1):
            found += _at_knot(columns, knot, screen)
    return CandidatePairs.concat(found)


def _at_knot(columns: Columns, knot: int, screen: Screen) -> list[CandidatePairs]:
    half = 0.5 * screen.step
    motion, slack, awake = around(columns, knot, screen.step)
    bounds = reach(motion, slack, half, screen.threshold)
    home, cell = _cells(motion, bounds, awake, screen.index)
    order = np.argsort(cell, kind="stable")
    start = np.searchsorted(cell[order], np.arange(screen.index.cells + CLASSES + 1))
    motion = Motion(*(column[order] for column in motion))
    bounds = Reach(*(column[order] for column in bounds))
    slack = bounds.slack
    primary = None if screen.primary is None else screen.primary[order] != 0
    found = []
    for left, right in _pairs(home[order], start, screen.index):
        some = (bounds.low[left] <= bounds.high[right]) & (bounds.low[right] <= bounds.high[left])
        wild = start[screen.index.cells + WILD]
        some |= np.maximum(left, right) >= wild
        if primary is not None:
            some &= primary[left] | primary[right]
        a, b = left[some], right[some]
        near = approach(
            Motion(*(column[b] - column[a] for column in motion)),
            slack[a] + slack[b],
            np.maximum(bounds.gradient[a], bounds.gradient[b]),
            half,
            screen.threshold,
        )
        close = near.close
        i, j = order[a[close]], order[b[close]]
        found.append(
            CandidatePairs(
                np.full(len(i), knot),
                np.minimum(i, j),
                np.maximum(i, j),
                near.begin[close],
                near.end[close],
                near.speed[close],
            )
        )
    return found


def _cells(motion: Motion, bounds: Reach, awake: Mask, index: SkyIndex) -> tuple[Bits, Bits]:
    """Return the cell of each object in the sky, and the cell or class that it is sorted by."""
    latitude, longitude = direction(motion)
    bands = index.bands
    band = np.floor((latitude + 0.5 * np.pi) * (bands / np.pi))
    band = np.clip(np.nan_to_num(band), 0, bands - 1).astype(np.int64)
    counts = np.diff(index.first_cell)[band]
    place = np.floor((longitude + np.pi) * (counts / (2.0 * np.pi)))
    place = np.clip(np.nan_to_num(place), 0, counts - 1).astype(np.int64)
    home = index.first_cell[band] + place
    cell = np.where(bounds.angle <= index.angle, home, index.cells + FAST)
    cell = np.where(bounds.angle <= index.wide, cell, index.cells + WILD)
    return home, np.where(awake, cell, index.cells + DORMANT)


def _pairs(home: Bits, start: Places, index: SkyIndex) -> Iterator[tuple[Places, Places]]:
    """Yield the pairs to compare, as positions in sorted order, each pair once."""
    cells = index.cells
    fast, wild, dormant = (start[cells + each] for each in (FAST, WILD, DORMANT))
    everyone = np.arange(dormant)
    # the rest of the own cell, of the fast and of the wild objects
    ends = np.concatenate((start[home[:fast] + 1], np.full(wild - fast, wild)))
    yield from _expanded(everyone[:wild], everyone[:wild] + 1, ends)
    for objects, first, ranges in (
        (everyone[:fast], index.near_first, index.near),
        (everyone[fast:wild], index.far_first, index.far),
    ):
        of = home[objects]
        count = first[of + 1] - first[of]
        owner = np.repeat(objects, count)
        row = _counted(first[of], count)
        yield from _expanded(owner, start[ranges[row, 0]], start[ranges[row, 1]])
    for each in range(wild, dormant):
        others = np.delete(everyone[: each + 1], each)
        yield np.full(len(others), each), others


def _counted(first: npt.NDArray[np.int64], count: npt.NDArray[np.int64]) -> Places:
    """Return first ... first + count - 1 of each, one after another."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total) + np.repeat(first - (ends - count), count))


def _expanded(owner: Places, begin: Places, end: Places) -> Iterator[tuple[Places, Places]]:
    """Yield each owner with each position begin ... end - 1, at most about AT_ONCE at a time."""
    count = np.maximum(end - begin, 0)
    total = np.cumsum(count)
    if not len(total):
        return
    cuts = np.searchsorted(total, np.arange(0, total[-1], AT_ONCE) + AT_ONCE)
    for first, stop in zip((0, *cuts), (*cuts, len(owner)), strict=True):
        here = slice(first, stop)
        if count[here].sum():
            yield np.repeat(owner[here], count[here]), _counted(begin[here], count[here])
