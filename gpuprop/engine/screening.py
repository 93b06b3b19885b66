"""The index of the sky for screening: bands of latitude, cells of longitude, their neighbours.

The tables are the same for all knots of a run and for all engines. Positions that are sorted by
cell make ranges of cells contiguous in memory.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..typing import Array, Bits

# Classes of objects after the cells: those with a large angle, those compared with all, and those
# without a state around the knot.
FAST, WILD, DORMANT = 0, 1, 2
CLASSES = 3
# A share of the objects may have a larger angle than the cells are made for.
FAST_SHARE = 256
MARGIN = 1e-6  # rad, for rounding
# rad: an object with a larger angle is compared with all
WIDE = 0.3


@dataclass(frozen=True, eq=False)
class SkyIndex:
    """Cells of the sky and the ranges of cells in which the partners of an object can be.

    Attributes
    ----------
    angle : float
        Largest angle of an object in a cell, rad.
    wide : float
        Largest angle of a fast object, rad.
    first_cell : (n_bands + 1,) int64
        First cell of each band of latitude, from the south.
    near_first : (n_cells + 1,) int64
        First row of each cell in `near`.
    near : (n, 2) int64
        Ranges of cells (first, stop) that come after a cell and can hold partners of its objects:
        each pair of cells once.
    far_first : (n_cells + 1,) int64
        First row of each cell in `far`.
    far : (m, 2) int64
        Ranges of all cells that can hold partners of a fast object in a cell.
    """

    angle: float
    wide: float
    first_cell: Bits
    near_first: Bits
    near: Bits
    far_first: Bits
    far: Bits

    @property
    def bands(self) -> int:
        """Number of bands."""
        return len(self.first_cell) - 1

    @property
    def cells(self) -> int:
        """Number of cells."""
        return int(self.first_cell[-1])

    @staticmethod
    def of(angles: Array) -> "SkyIndex":
        """Make the index for objects with these angles, rad: a sample of them at one knot.

        NaN is an object without a state.
        """
        known = np.sort(np.minimum(angles[np.isfinite(angles)], WIDE))
        if not len(known):
            known = np.array([WIDE])
        # not many more cells than objects
        least = math.sqrt(0.5 * math.pi / len(known))
        # A little more: a sample at another knot is not the same.
        angle = min(max(1.02 * float(known[-1 - len(known) // FAST_SHARE]), least), WIDE)
        wide = min(max(2.0 * angle, 1.5 * float(known[-1])), WIDE)
        width = 2.0 * angle + MARGIN
        bands = max(1, math.floor(math.pi / width))
        edges = np.linspace(-0.5 * math.pi, 0.5 * math.pi, bands + 1)
        low = np.where(
            edges[:-1] * edges[1:] < 0.0, 0.0, np.minimum(abs(edges[:-1]), abs(edges[1:]))
        )
        counts = np.maximum(1, np.floor(2.0 * math.pi * np.cos(low) / width)).astype(np.int64)
        sky = _Sky(edges, np.concatenate(([0], np.cumsum(counts))), counts)
        near_first, near = _table(sky, 2.0 * angle + MARGIN, half=True)
        far_first, far = _table(sky, angle + wide + MARGIN, half=False)
        return SkyIndex(angle, wide, sky.first, near_first, near, far_first, far)


class _Sky(NamedTuple):
    edges: Array  # (n_bands + 1,) rad, of the bands
    first: Bits  # (n_bands + 1,) the first cell of each
    counts: Bits  # (n_bands,) cells of each


def _width(sky: _Sky, band: int, reach: float) -> float:
    """Compute the longest difference of longitude within `reach` of a point in a band, rad."""
    highest = max(abs(sky.edges[band]), abs(sky.edges[band + 1]))
    if highest + reach >= 0.5 * math.pi - 1e-3:
        return math.inf
    return math.asin(math.sin(reach) / math.cos(highest)) + MARGIN


def _table(sky: _Sky, reach: float, *, half: bool) -> tuple[Bits, Bits]:
    """List the ranges of cells within `reach` of each cell. half: each pair of cells once."""
    bands = len(sky.counts)
    height = math.pi / bands
    cells: list[Bits] = []
    ranges: list[Bits] = []
    # bands further apart than this are out of reach
    rows = min(bands - 1, 1 + math.floor(reach / height))
    for band in range(bands):
        own = np.arange(sky.counts[band])
        for other in range(band if half else max(0, band - rows), min(bands - 1, band + rows) + 1):
            width = min(_width(sky, band, reach), _width(sky, other, reach))
            if half and other == band:
                found = _following(int(sky.counts[band]), width)
            else:
                found = _around(int(sky.counts[band]), int(sky.counts[other]), width)
            for begin, end in found:
                some = end > begin
                cells.append(sky.first[band] + own[some])
                ranges.append(sky.first[other] + np.column_stack((begin, end))[some])
    owner = np.concatenate(cells)
    order = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[order], np.arange(sky.first[-1] + 1))
    return first.astype(np.int64), np.ascontiguousarray(np.concatenate(ranges)[order], np.int64)


Ranges = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]


def _following(count: int, width: float) -> Ranges:
    """Return the ranges after each of `count` cells of a band, so that each pair occurs once."""
    own = np.arange(count)
    ahead = count if width == math.inf else 1 + math.floor(width * count / (2.0 * math.pi))
    if 2 * ahead + 1 >= count:
        return [(own + 1, np.full(count, count))]
    stop = own + 1 + ahead
    return [(own + 1, np.minimum(stop, count)), (np.zeros_like(own), np.maximum(stop - count, 0))]


def _around(count: int, others: int, width: float) -> Ranges:
    """Return the ranges of `others` cells of a band near each of `count` cells of another."""
    own = np.arange(count)
    whole = [(np.zeros(count, np.int64), np.full(count, others))]
    if width == math.inf:
        return whole
    turn = 2.0 * math.pi
    begin = np.floor((own / count - width / turn) * others).astype(np.int64)
    end = np.floor(((own + 1) / count + width / turn) * others).astype(np.int64) + 1
    if (end - begin >= others).any():
        return whole
    # Begin in [0, others): a range beyond the last cell goes on at the first one.
    shift = np.floor_divide(begin, others) * others
    begin, end = begin - shift, end - shift
    return [(begin, np.minimum(end, others)), (np.zeros_like(own), np.maximum(end - others, 0))]


@dataclass(frozen=True, eq=False)
class Screen:
    """What a screening asks of an engine.

    Attributes
    ----------
    step : float
        Seconds between two knots.
    threshold : float
        km.
    index : SkyIndex
        The index of the sky.
    primary : (n_sats,) uint8 or None
        1 for objects of which a pair must have one; None for all pairs.
    """

    step: float
    threshold: float
    index: SkyIndex
    primary: npt.NDArray[np.uint8] | None = None

    def members(self, convert: Callable[[Any], Any] = lambda array: array) -> dict[str, Any]:
        """Return the members of ScreenJob that describe it; convert: makes arrays for an engine."""
        index = self.index
        arrays = {
            name: convert(getattr(index, name))
            for name in ("first_cell", "near_first", "near", "far_first", "far")
        }
        return {
            "step": self.step,
            "threshold": self.threshold,
            "angle": index.angle,
            "wide": index.wide,
            "bands": index.bands,
            "cells": index.cells,
            "primary": None if self.primary is None else convert(self.primary),
            **arrays,
        }


class CandidatePairs(NamedTuple):
    """Pairs that may come closer than the threshold around a knot, in any order."""

    knot: Bits  # its row in the block
    first: Bits  # satellite, in the order of the input
    second: Bits
    since: Array  # s from the knot: outside of since ... until they are not closer
    until: Array
    speed: Array  # km/s, about

    @staticmethod
    def none() -> "CandidatePairs":
        """Return no candidates."""
        whole, real = np.empty(0, np.int64), np.empty(0)
        return CandidatePairs(whole, whole, whole, real, real, real)

    @staticmethod
    def room(capacity: int) -> "CandidatePairs":
        """Allocate memory for candidates."""
        whole = [np.empty(capacity, np.int64) for _ in range(3)]
        return CandidatePairs._make([*whole, *(np.empty(capacity) for _ in range(3))])

    def at(self, which: npt.NDArray[np.intp] | slice) -> "CandidatePairs":
        """Return some of them."""
        return CandidatePairs._make(column[which] for column in self)

    @staticmethod
    def concat(parts: "list[CandidatePairs]") -> "CandidatePairs":
        """Put candidates together."""
        if not parts:
            return CandidatePairs.none()
        return CandidatePairs._make(map(np.concatenate, zip(*parts, strict=True)))
