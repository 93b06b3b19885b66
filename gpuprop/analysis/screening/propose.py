"""Propose candidates: pairs that may come close, from states at knots on an absolute grid."""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...engine.numpy.screening import angles
from ...engine.screening import CandidatePairs, Screen, SkyIndex
from ...in_place import candidate_pairs
from ...propagator import Propagator
from ...sgp4.mixed import BOUND_M, BOUND_MM_S
from ...time.times import Times
from ...typing import Bits, Mask
from ..events import MICROSECOND
from .stays import Window

STEP = 60_000_000  # microseconds between two knots
BLOCK_BYTES = 48 << 20
GPU_BLOCKS = 8  # times as large on a GPU, where each launch costs time
STATE_BYTES = 49
# microseconds: the status of all satellites is looked at so often, for the summary
STATUS_STEP = 180_000_000
LEAST_KNOTS = 8  # of a block: the two at its ends are computed twice
MOST_KNOTS = 256
# candidates of a block: where they are dense, as in a cloud of fragments, it has fewer knots
MOST_CANDIDATES = 1 << 18
# candidates that are decided together: few calls of the engine, and little memory
ENOUGH = 1 << 16


class Batch(NamedTuple):
    """All candidates of a range of time [first, stop), microseconds since 1970."""

    first: int
    stop: int
    candidates: CandidatePairs
    knots: Bits  # the instant of each candidate's knot, microseconds
    lost: Mask  # (n_sats,) satellites without the status 0 at a knot every STATUS_STEP


@dataclass
class Proposer:
    """Finds the candidates of a window.

    step: microseconds between two knots, even. knots: of a block; None: by BLOCK_BYTES and
    MOST_CANDIDATES, after a block of one.
    """

    propagator: Propagator
    threshold: float
    primary: npt.NDArray[np.uint8] | None = None
    step: int = STEP
    knots: int | None = None
    enough: int = ENOUGH
    # candidates a knot in the last block; before the first one it is not known
    _density: int | None = field(default=None, init=False)

    def batches(self, window: Window) -> Generator[Batch, None, None]:
        """Yield the candidates of a window, in order of time."""
        half = self.step // 2
        first = (window.first + half) // self.step
        stop = (window.last + half) // self.step + 1
        n_sats = len(self.propagator.elements)
        blocks: deque[tuple[int, int]] = deque()  # begun, and not yet yielded
        parts: list[CandidatePairs] = []
        instants: list[Bits] = []
        lost = np.zeros(n_sats, bool)
        begun, count = first, 0
        # closed also if the caller stops earlier: no thread goes on
        with closing(
            candidate_pairs(
                self.propagator,
                self._times(first, stop, blocks),
                self._screen(first),
                threads=1,
            )
        ) as found:
            for candidates, status in found:
                begin, end = blocks.popleft()
                self._density = max(1, len(candidates.knot) // (end - begin))
                parts.append(candidates)
                instants.append((begin - 1 + candidates.knot) * self.step)
                knot = np.arange(begin, end) * self.step
                seen = (knot % STATUS_STEP == 0) & (knot >= window.first) & (knot <= window.last)
                lost |= (status[seen] != 0).any(axis=0)
                count += len(candidates.knot)
                if count < self.enough and end != stop:
                    continue
                yield Batch(
                    begun * self.step - half,
                    end * self.step - half,
                    CandidatePairs.concat(parts),
                    np.concatenate(instants),
                    lost,
                )
                parts, instants, lost = [], [], np.zeros(n_sats, bool)
                begun, count = end, 0

    def _times(self, first: int, stop: int, blocks: deque[tuple[int, int]]) -> Iterator[Times]:
        """Yield the instants of each block, and put its first and its last knot into `blocks`."""
        step = self.step * MICROSECOND
        most = self._most_knots()
        while first < stop:
            count = 1
            if self._density is not None:
                count = max(1, min(most, MOST_CANDIDATES // self._density))
            end = min(first + (self.knots or count), stop)
            blocks.append((first, end))
            yield Times.grid((first - 1) * step, step, end - first + 2)
            first = end

    def _most_knots(self) -> int:
        n_sats = len(self.propagator.elements)
        size = BLOCK_BYTES * (GPU_BLOCKS if "cuda" in self.propagator.engine else 1)
        return min(max(size // (STATE_BYTES * max(1, n_sats)), LEAST_KNOTS), MOST_KNOTS)

    def _screen(self, knot: int) -> Screen:
        """Make the index for the objects as they are at a knot."""
        step = self.step * MICROSECOND
        seconds = self.step * 1e-6
        threshold = self.threshold + 2.0 * precision_slack(self.propagator, seconds)
        states = self.propagator.states(Times.grid((knot - 1) * step, step, 3))
        index = SkyIndex.of(angles(states.columns, 1, seconds, threshold))
        return Screen(seconds, threshold, index, self.primary)


def precision_slack(propagator: Propagator, step: float) -> float:
    """Return what the slack of an object lacks if its states have precision mixed, km.

    Within half a step its path may be off by the bounds of position and velocity. The slack is
    twice a residual of two states (gpuprop.sgp4.screening.residual), which may come out smaller by
    the errors of both. A larger threshold adds half of its excess to each object's slack.
    """
    if propagator.precision == "exact":
        return 0.0
    position, velocity = 1e-3 * BOUND_M, 1e-6 * BOUND_MM_S
    path = position + 0.5 * step * velocity
    residual = 2.0 * position + step * velocity
    return path + 2.0 * residual
