"""The cells in which events may be, where gpuprop.sgp4.access_events has no sure instant."""

import numpy as np

from ...sgp4.access import ACCELERATION, ACCELERATION_PER_KM, LONGER, MU, Candidates, Cubics
from ...sgp4.access_events import CLEAR, SPHERE, path_through
from ...typing import Array, Bits, Mask
from ..events import CELL, Places
from .cells import NO_CELLS, Cells
from .exact import Exact, Knots

AROUND = (0, 1, 16)  # cells before and after that of an estimate
TURN_STEPS = 6
ROW = 8  # cells in a row that are looked at together


def culmination_cells(
    exact: Exact, satellite: Bits, site: Bits, us: Bits, distance: Array
) -> tuple[Cells, Mask]:
    """List the cells in which culminations near estimates are. Return also which are enclosed.

    A culmination is enclosed if the elevation clearly rises where the first of its cells begins,
    and falls where the last one ends. us: estimates (n,). distance: about that of the satellites,
    km.
    """
    with np.errstate(all="ignore"):
        least = CLEAR * exact.noise(satellite, us) * (SPHERE + distance) / distance
    cell = us // CELL
    enclosed = np.zeros(len(us), bool)
    lists = [NO_CELLS]
    for around in AROUND:
        todo = np.flatnonzero(~enclosed)
        first, end = cell[todo] - around, cell[todo] + around + 1
        left, right = exact.differences(
            satellite[todo], site[todo], first * CELL, (0, (end - first) * CELL)
        )
        good = (left > least[todo]) & (right < -least[todo])
        good &= (first * CELL >= exact.first) & (end * CELL <= exact.last)
        enclosed[todo[good]] = True
        lists.append(_ranges(satellite[todo[good]], site[todo[good]], first[good], end[good] - 1))
    columns = [np.concatenate(each) for each in zip(*lists, strict=True)]
    return (columns[0], columns[1], columns[2]), enclosed


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
    path = _paths(found)
    bounds = _bounds(exact, knots, found)

    def extremes(which: Places, edges: Bits, width: int) -> tuple[Array, Array, Array]:
        """Bound paths between edges (m, k): low, high, and how far beyond, km (m, k - 1).

        edges: cells from the first of each, `width` from one to the next.
        """
        s = ((first[which, None] + edges) * CELL - begin[which, None]) / knots.step
        position = _chosen(path, which).at(s)
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
    starts, ends = _climb(path, np.zeros((n, 1))), _climb(path, np.ones((n, 1)))
    turning = np.flatnonzero(((starts > 0.0) & (ends <= 0.0))[:, 0])
    top = _turning_point(
        _chosen(path, turning), np.zeros((len(turning), 1)), np.ones((len(turning), 1))
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


def _paths(found: Candidates) -> Cubics:
    """Return the paths of candidates, with coefficients (3, n, 1) for several places on each."""
    path = path_through(np.ascontiguousarray(found.local.T))
    return Cubics(*(each[:, :, None] for each in path))


def _chosen(path: Cubics, which: Places) -> Cubics:
    return Cubics(*(each[:, which] for each in path))


def _climb(path: Cubics, s: Array) -> Array:
    """Compute a number (n, m) with the sign of the rate of the elevation."""
    (east, north, up), (east_rate, north_rate, up_rate) = path.at(s), path.rate(s)
    found: Array = up_rate * (east * east + north * north) - up * (
        east * east_rate + north * north_rate
    )
    return found


def _turning_point(path: Cubics, low: Array, high: Array) -> Array:
    """Find where elevations stop to rise, (n, 1) knots, by the Illinois method.

    They rise at low, and fall at high; if not, the result is one of these.
    """
    at_low, at_high = _climb(path, low), _climb(path, high)
    for _ in range(TURN_STEPS):
        with np.errstate(all="ignore"):
            s = high - at_high * (high - low) / (at_high - at_low)
        s = np.where((s >= low) & (s <= high), s, 0.5 * (low + high))
        at = _climb(path, s)
        rises_there = at > 0.0
        at_high = np.where(rises_there, 0.5 * at_high, at)
        at_low = np.where(rises_there, at, 0.5 * at_low)
        low, high = np.where(rises_there, s, low), np.where(rises_there, high, s)
    return s
