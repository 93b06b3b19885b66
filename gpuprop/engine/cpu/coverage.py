"""Satellites in view of places, counted by the compiled kernels."""

import ctypes
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...sgp4.coverage import CoverageRequest
from ...typing import Columns
from .. import operations

PASS_BYTES = 8 << 20  # counts of some instants: they stay in the cache between the two kernels
MOST_BYTES = 128 << 20  # more than PASS_BYTES, if there would be less than an instant a thread
SLOTS_OF_A_TASK = 4096
# starts the tasks of a kernel: its name, its argument, pieces of slots, and of instants
Work = Callable[[str, ctypes.Structure, Iterable[tuple[int, int]], Iterable[tuple[int, int]]], None]


class CpuCoverage:
    """Counts of a request, block after block: see choice.CoverageCounter."""

    def __init__(self, request: CoverageRequest, work: Work, threads: int) -> None:
        self._request, self._work, self._threads = request, work, threads
        self._tallies = request.empty_tallies()
        self._counts: npt.NDArray[np.int32] | None = None
        self._begun = False

    def add(self, columns: Columns) -> None:
        """Add consecutive instants: see choice.CoverageCounter."""
        request, ground = self._request, self._request.ground
        x, y, z = (np.ascontiguousarray(columns[name], np.float64) for name in ("x", "y", "z"))
        status = np.ascontiguousarray(columns["status"])
        n_times, n_sats = x.shape
        if self._counts is None:
            least = min(self._threads, request.instants_of_a_pass(MOST_BYTES, n_sats))
            length = max(least, request.instants_of_a_pass(PASS_BYTES, n_sats))
            self._counts = np.zeros((length, request.size), np.int32)
        for first in range(0, n_times, len(self._counts)):
            here = slice(first, min(first + len(self._counts), n_times))
            instants = range(here.stop - first)
            job = operations.argument(
                "CoverageJob",
                x=x[here],
                y=y[here],
                z=z[here],
                status=status[here],
                label=request.labels,
                n_sats=n_sats,
                **ground.members(),
                counts=self._counts,
                n_labels=request.n_labels,
                n_planes=request.n_planes,
            )
            kernel = "cover_cells" if ground.columns is None else "cover_grid"
            self._work(kernel, job, [(0, n_sats)], [(k, k + 1) for k in instants])
            job = operations.argument(
                "TallyJob",
                counts=self._counts,
                n_instants=len(instants),
                size=request.size,
                is_first=not self._begun,
                **self._tallies,
            )
            slots = range(0, request.size, SLOTS_OF_A_TASK)
            ends = [(slot, min(slot + SLOTS_OF_A_TASK, request.size)) for slot in slots]
            self._work("tally_counts", job, ends, [(0, len(instants))])
            self._begun = True

    def tallies(self) -> dict[str, npt.NDArray[Any]]:
        """Return what was counted: see choice.CoverageCounter."""
        return self._tallies
