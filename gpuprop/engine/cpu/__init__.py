"""The cpu engine: kernels/, compiled at installation for vectors of 2, 4 and 8 satellites.

The widest vectors that this CPU runs are used. The kernels are C functions that are called through
ctypes, which releases the interpreter's lock: threads share a block by taking tasks from one list.

kernels loads the library and runs tasks, propagation has the element sets, satellites what the
interface of python-sgp4 needs, coverage counts satellites in view.
"""

import ctypes
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ...sgp4.access import AccessRule, Candidates
from ...sgp4.constants import FIELDS, Constants, execution_order
from ...sgp4.coverage import CoverageRequest
from ...sgp4.model import COORDINATES, LOOK, MeanElements, Model, column_dtypes
from ...typing import Array, Columns
from .. import operations
from ..buffers import on_cache_lines
from ..mixed import unavailable
from ..prefetch import usable_cores
from ..screening import CandidatePairs, Screen
from .coverage import CpuCoverage
from .kernels import (
    TASKS_PER_THREAD,
    WORTH_A_TASK,
    CpuUnavailableError,
    Library,
    library,
    pieces,
    task_list,
    usable,
)
from .mixed import MixedPropagation
from .propagation import LARGE_BLOCKS, CpuPropagation, stride_of
from .satellites import CpuJulian, CpuSatellite, JulianStates

__all__ = [
    "LARGE_BLOCKS",
    "CpuEngine",
    "CpuJulian",
    "CpuPropagation",
    "CpuSatellite",
    "CpuUnavailableError",
    "JulianStates",
    "Library",
    "library",
    "usable",
]


class CpuEngine:
    """Runs if gpuprop was installed with a C++ compiler.

    width: satellites in a vector (2, 4 or 8); None takes the widest that this CPU runs. Every width
    gives the same bits. Raises CpuUnavailableError without compiled kernels, and ValueError for a
    width that is not compiled or that this CPU does not run.
    """

    name = "cpu"

    def __init__(self, threads: int | None = None, width: int | None = None) -> None:
        widths = library().widths
        if width is not None and (width not in widths or not isinstance(width, int)):
            raise ValueError(
                f"width {width} does not run here: use one of {', '.join(map(str, widths))}"
            )
        self.threads = usable_cores(threads)
        self.width = width or widths[0]
        self._capacity = 1 << 14  # candidates of a block

    def __reduce__(self) -> tuple[type["CpuEngine"], tuple[int]]:
        """Pickle without the width: it is chosen again, for the CPU that loads the engine."""
        return CpuEngine, (self.threads,)

    def load(
        self, model: Model, elements: MeanElements, epoch_ns: npt.NDArray[np.int64]
    ) -> "CpuPropagation":
        """Initialise element sets, (n,) each, and keep their constants."""
        if model.precision == "mixed" and self.width not in library().mixed:
            raise unavailable(
                f"engine cpu has none for vectors of {self.width}: this CPU has no fused "
                "multiply-add (FMA), or gpuprop was compiled without it"
            )
        n, stride = len(epoch_ns), stride_of(len(epoch_ns))
        # Execution order is known only when the regimes are. To compute them first is cheaper than
        # to sort eighty columns.
        regimes = np.empty(stride, np.int64)
        self._initialise("classify_satellites", model, elements, None, regimes=regimes)
        order, bounds = execution_order(elements.ecco, regimes[:n])
        # Near the Earth the constants of deep space are not written, and take no memory.
        table = on_cache_lines((len(FIELDS), stride), np.float64)
        self._initialise("initialise_satellites", model, elements, order, constants=table)
        epochs = on_cache_lines((stride,), np.int64)
        np.take(epoch_ns, order, out=epochs[:n])
        epochs[n:] = epochs[n - 1] if n else 0
        constants = Constants(
            {name: row[:n] for name, row in zip(FIELDS, table, strict=True)},
            epochs[:n],
            order,
            bounds,
        )
        exact = CpuPropagation(self, model, constants, table, epochs)
        return MixedPropagation(exact) if model.precision == "mixed" else exact

    def _initialise(
        self,
        kernel: str,
        model: Model,
        elements: MeanElements,
        order: npt.NDArray[np.intp] | None,
        **out: npt.NDArray[Any],
    ) -> None:
        """Compute constants (len(FIELDS), stride) or regimes (stride,) of element sets.

        order: from the output to the input, or None. stride is a multiple of every width. The last
        satellite fills the row: a vector beyond the satellites has no further steps to take.
        """
        n, stride = len(elements.ecco), next(iter(out.values())).shape[-1]
        if not n:
            return
        columns = [np.ascontiguousarray(column, np.float64) for column in elements]
        job = operations.argument(
            "InitialiseJob",
            **operations.model_members(model),
            fields=np.array([column.ctypes.data for column in columns]),
            order=None if order is None else np.ascontiguousarray(order, np.int64),
            n_sats=n,
            stride=stride,
            **out,
        )
        job.columns = columns  # they live as long as a thread works, also after an interruption
        tasks = task_list(kernel, pieces(stride, WORTH_A_TASK))
        library().run(self.width, job, tasks, self.threads)

    def look_angles(
        self, columns: Columns, rotation: Array | None, sites: Array
    ) -> dict[str, Array]:
        """Compute look angles: see choice.Engine."""
        n_times, n_sats = columns["x"].shape
        out = {name: np.empty((n_times, len(sites), n_sats)) for name in LOOK}
        job = operations.argument(
            "LookJob",
            rotation=None if rotation is None else np.ascontiguousarray(rotation),
            sites=np.ascontiguousarray(sites),
            n_sites=len(sites),
            n_sats=n_sats,
            **{name: np.ascontiguousarray(columns[name], np.float64) for name in COORDINATES},
            **out,
        )
        edges = [n_times * share // self.threads for share in range(self.threads + 1)]
        shares = [(begin, end) for begin, end in pairwise(edges) if begin < end]
        tasks = task_list("look_angles", [(0, n_sats)], shares)
        library().run(self.width, job, tasks, self.threads)
        return out

    def candidate_pairs(self, columns: Columns, screen: Screen) -> CandidatePairs:
        """Find pairs that may come close: see choice.Engine."""
        n_knots, n_sats = columns["x"].shape
        states = {
            name: np.ascontiguousarray(columns[name], dtype)
            for name, dtype in column_dtypes((*COORDINATES, "status")).items()
        }
        edges = np.linspace(1, n_knots - 1, self._shares(n_knots - 2) + 1).astype(int)
        tasks = task_list("screen", [(0, n_sats)], list(pairwise(edges.tolist())))
        capacity = self._capacity
        while n_knots > 2 and n_sats:
            count, failed = np.zeros(1, np.int32), np.zeros(1, np.int32)
            found = CandidatePairs.room(capacity)
            job = operations.argument(
                "ScreenJob",
                **screen.members(),
                n_sats=n_sats,
                **states,
                capacity=capacity,
                count=count,
                failed=failed,
                **found._asdict(),
            )
            library().run(self.width, job, tasks, self.threads)
            if failed[0]:
                raise MemoryError(f"screening {n_sats:,} satellites needs more memory")
            if count[0] <= capacity:
                return CandidatePairs._make(column[: count[0]].copy() for column in found)
            capacity = self._capacity = int(1.25 * count[0])
        return CandidatePairs.none()

    def _shares(self, knots: int) -> int:
        """Split knots into so many tasks: each begins with memory of its own."""
        return max(1, min(self.threads * (2 if self.threads > 1 else 1), knots))

    def access(self, columns: Columns, sites: Array, rule: AccessRule) -> Candidates:
        """Find candidates of passes: see choice.Engine."""
        n_times, n_sats = columns["x"].shape
        begin, end = 1, max(1, n_times - 2)
        # One task gives candidates in the order of the satellites: their exact states are faster.
        shares = TASKS_PER_THREAD * self.threads if self.threads > 1 else 1
        size = max(1, -(-(end - begin) // shares))
        instants = [(begin + low, begin + high) for low, high in pieces(end - begin, size)]
        tasks = task_list("access_candidates", [(0, n_sats)], instants)
        count, room = np.zeros(1, np.int64), 4096 + n_sats * len(sites) * (end - begin) // 32
        while True:
            count[0] = 0
            what, local = np.empty((room, 4), np.int64), np.empty((room, 12))
            job = operations.argument(
                "AccessJob",
                **rule._asdict(),
                sites=np.ascontiguousarray(sites),
                n_sites=len(sites),
                n_sats=n_sats,
                **{name: np.ascontiguousarray(columns[name]) for name in ("x", "y", "z", "status")},
                counts=count,
                room=room,
                what=what,
                local=local,
            )
            library().run(self.width, job, tasks, self.threads)
            if count[0] <= room:
                break
            room = int(count[0])
        return Candidates.of(what[: count[0]], local[: count[0]])

    def coverage(self, request: CoverageRequest) -> CpuCoverage:
        """Prepare to count satellites in view: see choice.Engine."""

        def work(
            kernel: str,
            job: ctypes.Structure,
            satellites: Iterable[tuple[int, int]],
            instants: Iterable[tuple[int, int]],
        ) -> None:
            library().run(self.width, job, task_list(kernel, satellites, instants), self.threads)

        return CpuCoverage(request, work, self.threads)
