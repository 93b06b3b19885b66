"""Element sets on the cpu engine: constants in memory, blocks of states and states of pairs."""

import ctypes
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ...sgp4.access import Candidates
from ...sgp4.access_events import BisectionRule, Brackets, EventSearch, Found
from ...sgp4.constants import FIELDS, ONE_DAY, Constants
from ...sgp4.earth_rotation import EarthTable
from ...sgp4.model import TEME, Model, View, column_dtypes
from ...time.units import DAY
from ...typing import Array, Columns
from .. import operations
from ..buffers import BufferPool, on_cache_lines
from ..host import HostPropagation, block_bytes
from .kernels import TASKS_PER_THREAD, TILE, WIDTHS, WORTH_A_TASK, library, pieces, task_list

MOST_A_TASK = 32768  # states of several tiles: only the first one waits for its constants
PAIRS_OF_A_TASK = 16384
EVENTS_OF_A_TASK = 8192
SHORT_SPAN = 4 * DAY  # of pairs, ns: a few steps of the integration of resonances
WORTH_STARTS = 2  # pairs of each satellite, for which its resonance is integrated beforehand
PAST_CACHES = 16 << 20  # bytes of a block that does not stay in the caches
LARGE_BLOCKS = 3  # that are in use at the same time


class Runner(Protocol):
    """How tasks run: the engine."""

    threads: int
    width: int


def stride_of(n: int) -> int:
    """Return the length of a row for n satellites.

    It holds whole vectors, also one that begins at the last satellite. It is an odd number of cache
    lines, because otherwise all rows could fall into the same set of the cache.
    """
    return ((n + 2 * WIDTHS[0] - 2) // 8 | 1) * 8


def _rows(table: Array, constants: Constants) -> Array:
    """Return the constants for PairJob (kernels/operations.def), in the order of the input.

    A row is the bits of the epoch, then the constants; it has whole cache lines.
    """
    n, length = len(constants), -(-(1 + len(FIELDS)) // 8) * 8
    rows = on_cache_lines((n, length), np.float64)
    rows[constants.order, 0] = constants.epoch_ns.view(np.float64)
    for begin, end in pieces(n, WORTH_A_TASK):
        rows[constants.order[begin:end], 1 : 1 + len(FIELDS)] = table[:, begin:end].T
    return rows


class CpuPropagation(HostPropagation):
    """Constants of one set of satellites, ready to be propagated."""

    # With one instant in a block, memory is the limit: the constants are read for every state.
    least_instants = 2

    def __init__(
        self,
        engine: Runner,
        model: Model,
        constants: Constants,
        table: Array,
        epochs: npt.NDArray[np.int64],
    ) -> None:
        self.constants = constants
        self._engine, self._model = engine, model
        self.table = table  # (len(FIELDS), stride)
        self._epoch_ns = epochs  # (stride,)
        self._kernels = operations.propagate_kernels(constants.bounds)
        self._mixed_members: dict[str, Any] = {}  # of PropagateJob, for precision mixed
        order = constants.order.astype(np.int64, copy=False)
        # None if it is the order of the input: then the kernels need not read it
        self._place = order if (order[1:] < order[:-1]).any() else None
        self._buffers = BufferPool(large=LARGE_BLOCKS)
        # for pairs, made when they are asked for: all constants of a satellite are adjacent
        self._by_satellite: Array | None = None
        self._tiles: dict[int, npt.NDArray[np.int64]] = {}  # by their satellites

    @property
    def block_bytes(self) -> int:  # type: ignore[override]
        """Size of a block, if the caller names none."""
        return block_bytes(self._engine.threads)

    def _tiles_of(self, size: int) -> npt.NDArray[np.int64]:
        """Split the satellites into tiles of `size`: (n_tiles, 3) kernel, first, last.

        Deep space comes first: its tiles are the most expensive, and the last task should be a
        cheap one.
        """
        if size not in self._tiles:
            tiles = [
                (operations.NUMBERS[kernel], first, last)
                for kernel, part in self._kernels
                for first, last in (
                    (i, min(i + size, part.stop)) for i in range(part.start, part.stop, size)
                )
            ]
            self._tiles[size] = np.array(tiles[::-1], np.int64).reshape(-1, 3)
        return self._tiles[size]

    def block(
        self, ns: npt.NDArray[np.int64], names: tuple[str, ...], view: View = TEME
    ) -> Columns:
        """Compute columns: see choice.Propagation."""
        out = self._buffers.columns((len(ns), len(self.constants)), column_dtypes(names))
        job = self._job(ns, out, view)
        library().run(self._engine.width, job, self._tasks(len(ns)), self._engine.threads)
        return out

    def _job(self, ns: npt.NDArray[np.int64], out: Columns, view: View) -> ctypes.Structure:
        """Make the argument of the kernels that compute the columns `out`."""
        rotation, sun = (
            None if values is None else np.ascontiguousarray(values)
            for values in (view.rotation, view.sun)
        )
        return operations.argument(
            "PropagateJob",
            **operations.model_members(self._model),
            constants=self.table,
            stride=self.table.shape[1],
            epoch_ns=self._epoch_ns,
            place=self._place,
            n_sats=len(self.constants),
            ns=np.ascontiguousarray(ns),
            rotation=rotation,
            geodetic=view.geodetic,
            sun=sun,
            streamed=sum(column.nbytes for column in out.values()) >= PAST_CACHES,
            **self._mixed_members,
            **out,
        )

    def pairs(
        self,
        index: npt.NDArray[np.int64],
        ns: npt.NDArray[np.int64],
        names: tuple[str, ...],
        view: View = TEME,
    ) -> Columns:
        """Compute pairs: see choice.Propagation."""
        out = self._buffers.columns((len(ns),), column_dtypes(names))
        job = self._pair_job(
            view,
            starts=self._starts(ns),
            index=np.ascontiguousarray(index),
            ns=np.ascontiguousarray(ns),
            **out,
        )
        tasks = task_list("pairs", [(0, len(self.constants))], pieces(len(ns), PAIRS_OF_A_TASK))
        library().run(self._engine.width, job, tasks, self._engine.threads)
        return out

    def _rows(self) -> Array:
        """Return the constants by satellite, for pairs."""
        rows = self._by_satellite  # another thread may release it meanwhile
        if rows is None:
            self._regimes = self.constants.regimes()
            rows = self._by_satellite = _rows(self.table, self.constants)
        return rows

    def _pair_job(self, view: View, **members: Any) -> ctypes.Structure:
        """Make the argument of kernels that compute states of pairs."""
        rows = self._rows()
        return operations.argument(
            "PairJob",
            **operations.model_members(self._model),
            constants=rows,
            regimes=self._regimes,
            **operations.view_members(view, np.ascontiguousarray),
            **members,
        )

    def events(
        self,
        found: Candidates,
        wanted: npt.NDArray[np.int64],
        search: EventSearch,
        earth: EarthTable,
    ) -> Found:
        """Search for events: see choice.Propagation."""
        out = Found(np.empty(len(wanted), np.int64), np.empty(len(wanted), np.uint8))
        knots = found.knot.min() - 1, found.knot.max() + 1
        edges = [search.knot_us + search.step_us * int(knot) for knot in knots]
        job = operations.argument(
            "EventJob",
            pairs=self._event_pairs(earth, edges),
            **operations.event_members(found, wanted, search, np.ascontiguousarray),
            found=out.us,
            certainty=out.certainty,
        )
        self._run_events("access_events", job, len(wanted))
        return out

    def bisect(
        self, brackets: Brackets, sites: Array, rule: BisectionRule, earth: EarthTable
    ) -> npt.NDArray[np.int64]:
        """Bisect brackets: see choice.Propagation."""
        members = operations.bisection_members(brackets, sites, rule, np.ascontiguousarray)
        pairs = self._event_pairs(earth, (brackets.low.min(), brackets.high.max()))
        job = operations.argument("BisectJob", pairs=pairs, **members)
        self._run_events("access_bisect", job, len(brackets.low))
        ends: npt.NDArray[np.int64] = members["high"]
        return ends

    def _event_pairs(self, earth: EarthTable, us: Sequence[int]) -> ctypes.Structure:
        """Make what computes states between two instants, microseconds since 1970."""
        starts = self._starts_at(int(us[0]) * 1000, int(us[1]) * 1000)
        return self._pair_job(View(earth=earth), starts=starts)

    def _run_events(self, kernel: str, job: ctypes.Structure, count: int) -> None:
        size = max(TILE, min(EVENTS_OF_A_TASK, -(-count // self._engine.threads)))
        tasks = task_list(kernel, [(0, len(self.constants))], pieces(count, size))
        library().run(self._engine.width, job, tasks, self._engine.threads)

    def _starts(self, ns: npt.NDArray[np.int64]) -> npt.NDArray[Any] | None:
        """Integrate the resonances to a short span of instants once, for all pairs.

        None if no satellite is in resonance, if pairs are so few that this costs more time, and for
        a longer span. Then the kernel sorts pairs of a satellite by time, and integrates on.
        """
        if not len(ns) or len(ns) < WORTH_STARTS * len(self.constants):
            return None
        earliest, latest = int(ns.min()), int(ns.max())
        return self._starts_at(earliest, latest) if latest - earliest <= SHORT_SPAN else None

    def _starts_at(self, earliest: int, latest: int) -> npt.NDArray[Any] | None:
        """Integrate the resonances to a span of instants, ns; None if no satellite has one."""
        resonant = {
            regime: part for regime, part in self.constants.bounds.items() if regime >= ONE_DAY
        }
        if not resonant:
            return None
        starts = np.zeros(len(self.constants), operations.dtype("Start"))
        job = operations.argument(
            "StartJob",
            constants=self.table,
            stride=self.table.shape[1],
            epoch_ns=self._epoch_ns,
            order=np.ascontiguousarray(self.constants.order, np.int64),
            earliest=earliest,
            latest=latest,
            starts=starts,
        )
        tasks = [
            task_list(
                f"starts_{operations.REGIME_NAMES[regime]}",
                [(part.start + a, part.start + b) for a, b in pieces(part.stop - part.start, TILE)],
            )
            for regime, part in resonant.items()
        ]
        library().run(self._engine.width, job, np.concatenate(tasks), self._engine.threads)
        return starts

    def close(self) -> None:
        """Release the memory that is kept for later blocks and pairs."""
        self._buffers, self._by_satellite = BufferPool(large=LARGE_BLOCKS), None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_by_satellite": None}

    def _tasks(self, n_times: int) -> npt.NDArray[np.int64]:
        """Split a block into tasks (n_tasks, members of Task).

        With few satellites the instants are split, too.
        """
        threads = self._engine.threads
        # Of many satellites and few instants, a task has several tiles of cpu.cpp.
        most = len(self.constants) // (TASKS_PER_THREAD * threads)
        size = TILE * max(1, min(MOST_A_TASK // max(1, n_times), most) // TILE)
        tiles, shares = self._tiles_of(size), 1
        if threads > 1 and len(tiles):
            wanted = -(-TASKS_PER_THREAD * threads // len(tiles))
            shares = max(1, min(wanted, n_times, n_times * len(self.constants) // WORTH_A_TASK))
        edges = np.arange(shares + 1) * n_times // shares
        instants = np.column_stack((edges[:-1], edges[1:], np.zeros_like(edges[1:])))
        tasks = np.hstack((np.repeat(tiles, shares, axis=0), np.tile(instants, (len(tiles), 1))))
        # Consecutive tasks lie far apart in the output: threads that work on adjacent tiles would
        # write to the same cache lines.
        share = -(-len(tasks) // threads)
        order = np.arange(share * threads).reshape(threads, share).T.ravel()
        return np.ascontiguousarray(tasks[order[order < len(tasks)]])
