"""Nodes on a circle -> orbital planes: how many, how far apart, which are double."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...typing import Array

# Smallest angle between two planes. Operators keep the satellites of a plane within tenths of a
# degree.
APART_DEG = 1.0
# A group with less than a fifth of the satellites of a typical plane is not a plane: its satellites
# drift from one plane to another.
STRAY = 5
# Planes nearer than DOUBLE_DEG are two halves of one plane if the other gaps are DOUBLE_RATIO times
# as wide, and there are at least FEWEST of these gaps.
DOUBLE_DEG = 3.0
DOUBLE_RATIO = 3.0
FEWEST = 4


@dataclass(frozen=True, eq=False)
class Planes:
    """The orbital planes of n satellites of similar inclination.

    Parameters
    ----------
    node : (p,) float64
        Mean right ascension of the ascending node of each plane, deg, 0 to 360, rising.
    satellites : (p,) int64
        Number of satellites on each plane.
    plane_number : (n,) int64
        The plane of each satellite; -1 for strays.
    double : (p,) bool
        Planes of two or more neighbours that are much nearer to each other than to the others.
    """

    node: Array
    satellites: npt.NDArray[np.int64]
    plane_number: npt.NDArray[np.int64]
    double: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.node)

    @property
    def strays(self) -> int:
        """Number of satellites that are in no plane."""
        return int((self.plane_number < 0).sum())

    @property
    def spacing_deg(self) -> float:
        """Median distance in node from a plane to the next one; NaN for a single plane."""
        return float(np.median(_gaps(self.node))) if len(self) > 1 else float("nan")


def planes_of(node: Array, inclination_deg: float) -> Planes:
    """Find the planes of satellites whose nodes at one epoch are `node` (n,) deg.

    Neighbours on the circle belong to one plane if their planes are less than APART_DEG apart. That
    angle is the difference of the nodes times sin i: in the plane of the equator there is only one
    plane. Neighbours that form pairs are one plane: then the sorted gaps between planes have a step
    of DOUBLE_RATIO. Groups with few satellites are not planes: their satellites are strays.
    """
    tilt = max(float(np.sin(np.radians(inclination_deg))), 1e-9)
    half = _numbered(_grouped(node, APART_DEG / tilt), node)
    halves, half_sizes = _means(node, half), np.bincount(half)
    limit = _pairs(_gaps(halves[half_sizes * STRAY >= _typical(half_sizes)]), DOUBLE_DEG / tilt)
    whole = _grouped(halves, limit) if limit else np.arange(len(halves))
    sizes = np.bincount(whole[half])
    typical = _typical(sizes)
    double = np.bincount(whole[half_sizes * STRAY >= typical], minlength=len(sizes)) > 1
    kept = np.flatnonzero(sizes * STRAY >= typical)
    number = np.full(len(sizes), -1)
    order = np.argsort(_means(node, whole[half])[kept], kind="stable")
    number[kept[order]] = np.arange(len(kept))
    plane_number = number[whole[half]]
    return Planes(_means(node, plane_number), sizes[kept[order]], plane_number, double[kept[order]])


def _typical(sizes: npt.NDArray[np.int64]) -> int:
    """Return the size of the group of the median satellite."""
    return int(np.sort(np.repeat(sizes, sizes))[int(sizes.sum()) // 2]) if len(sizes) else 0


def _gaps(node: Array) -> Array:
    """Return the angle from each node to the next one on the circle, deg; nodes are rising."""
    return np.asarray(np.diff(node, append=node[:1] + 360.0))


def _grouped(node: Array, limit: float) -> npt.NDArray[np.int64]:
    """Return the group of each node, with a cut at every gap of more than `limit` deg."""
    order = np.argsort(node, kind="stable")
    cut = _gaps(node[order]) > limit
    group = (
        np.concatenate([[0], np.cumsum(cut[:-1])]).astype(np.int64)
        if len(node)
        else np.zeros(0, np.int64)
    )
    if len(group) and not cut[-1]:
        group[group == group[-1]] = 0  # the group lies on both sides of 0 deg
    of_each = np.empty(len(node), np.int64)
    of_each[order] = group
    return of_each


def _numbered(group: npt.NDArray[np.int64], node: Array) -> npt.NDArray[np.int64]:
    """Renumber the groups by their mean nodes."""
    return np.asarray(np.argsort(np.argsort(_means(node, group), kind="stable"))[group])


def _means(node: Array, group: npt.NDArray[np.int64]) -> Array:
    """Return the mean direction of each group, deg, 0 to 360."""
    inside = group >= 0
    direction = np.exp(1j * np.radians(node[inside]))
    total = np.bincount(group[inside], direction.real) + 1j * np.bincount(
        group[inside], direction.imag
    )
    angle = np.degrees(np.angle(total)) % 360.0
    return np.where(angle < 360.0, angle, 0.0)  # -1e-15 % 360 is 360


def _pairs(gaps: Array, nearest: float) -> float:
    """Return the distance below which neighbours are one plane; 0.0 if there are no pairs.

    It lies in the largest step of the sorted gaps.
    """
    gaps = np.sort(gaps)[::-1]
    if len(gaps) <= FEWEST:
        return 0.0
    ratio = gaps[:-1] / gaps[1:]
    wide = np.arange(1, len(gaps))  # number of gaps before the step
    allowed = (
        (gaps[1:] <= nearest)
        & (wide >= FEWEST)
        & (len(gaps) - wide <= 2 * wide)
        & (ratio >= DOUBLE_RATIO)
    )
    best = int(np.argmax(np.where(allowed, ratio, 0.0)))
    return float(np.sqrt(gaps[best] * gaps[best + 1])) if allowed[best] else 0.0
