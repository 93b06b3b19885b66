"""Nodes on a circle to orbital planes: how many, how far apart, which are double."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...typing import Array

# between neighbours in node, as an angle between planes: satellites of one plane are kept to tenths
# of a degree
APART_DEG = 1.0
# a plane with less than a fifth of the satellites of a typical plane is no plane: they drift from
# one to another
STRAY = 5
DOUBLE_DEG = 3.0  # planes nearer than this may be two halves of one
DOUBLE_RATIO = 3.0  # if the planes that are not are this much further apart
FEWEST = 4  # gaps between such pairs, for that to be a pattern


@dataclass(frozen=True, eq=False)
class Planes:
    """The planes of n satellites of like inclination.

    node: (p,) deg, 0 to 360, rising: the mean node of each plane. satellites: (p,) how many each
    has. of: (n,) number of each satellite's plane, -1 for strays. double: (p,) bool, planes of two
    or more neighbours much nearer to each other than to the rest.
    """

    node: Array
    satellites: npt.NDArray[np.int64]
    of: npt.NDArray[np.int64]
    double: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.node)

    @property
    def strays(self) -> int:
        """Satellites that are in no plane."""
        return int((self.of < 0).sum())

    @property
    def spacing_deg(self) -> float:
        """Median distance in node from a plane to the next one; NaN for a single plane."""
        return float(np.median(_gaps(self.node))) if len(self) > 1 else float("nan")


def planes_of(node: Array, inclination_deg: float) -> Planes:
    """The planes of satellites whose nodes at one epoch are `node` (n,) deg.

    Neighbours on the circle belong to one plane where their planes are less than APART_DEG apart,
    which is the difference of the nodes times sin i: in the equator's plane there is but one.
    Neighbours that form pairs are one plane: there the gaps between planes, sorted, have a step of
    DOUBLE_RATIO. What is then left with few satellites is no plane: they are strays.
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
    of = number[whole[half]]
    return Planes(_means(node, of), sizes[kept[order]], of, double[kept[order]])


def _typical(sizes: npt.NDArray[np.int64]) -> int:
    """The size of the group of the median satellite."""
    return int(np.sort(np.repeat(sizes, sizes))[int(sizes.sum()) // 2]) if len(sizes) else 0


def _gaps(node: Array) -> Array:
    """From each node, rising, to the next one on the circle, deg."""
    return np.asarray(np.diff(node, append=node[:1] + 360.0))


def _grouped(node: Array, limit: float) -> npt.NDArray[np.int64]:
    """Which group each is in, cut wherever two neighbours on the circle are more than `limit` deg
    apart.
    """
    order = np.argsort(node, kind="stable")
    cut = _gaps(node[order]) > limit
    group = (
        np.concatenate([[0], np.cumsum(cut[:-1])]).astype(np.int64)
        if len(node)
        else np.zeros(0, np.int64)
    )
    if len(group) and not cut[-1]:
        group[group == group[-1]] = 0  # across 0 deg
    of = np.empty(len(node), np.int64)
    of[order] = group
    return of


def _numbered(of: npt.NDArray[np.int64], node: Array) -> npt.NDArray[np.int64]:
    """The groups numbered by their mean node."""
    return np.asarray(np.argsort(np.argsort(_means(node, of), kind="stable"))[of])


def _means(node: Array, of: npt.NDArray[np.int64]) -> Array:
    """Mean direction of each group, deg, 0 to 360."""
    inside = of >= 0
    turn = np.exp(1j * np.radians(node[inside]))
    total = np.bincount(of[inside], turn.real) + 1j * np.bincount(of[inside], turn.imag)
    angle = np.degrees(np.angle(total)) % 360.0
    return np.where(angle < 360.0, angle, 0.0)  # the remainder of -1e-15 is 360


def _pairs(gaps: Array, nearest: float) -> float:
    """The distance below which neighbours are one plane, by the step in the sorted gaps that is
    largest; 0.0 where there is none.
    """
    gaps = np.sort(gaps)[::-1]
    if len(gaps) <= FEWEST:
        return 0.0
    ratio = gaps[:-1] / gaps[1:]
    wide = np.arange(1, len(gaps))  # gaps before the step
    allowed = (
        (gaps[1:] <= nearest)
        & (wide >= FEWEST)
        & (len(gaps) - wide <= 2 * wide)
        & (ratio >= DOUBLE_RATIO)
    )
    best = int(np.argmax(np.where(allowed, ratio, 0.0)))
    return float(np.sqrt(gaps[best] * gaps[best + 1])) if allowed[best] else 0.0
