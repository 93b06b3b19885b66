"""The cpu engine: kernels/, compiled at installation for vectors of 2, 4 and 8 satellites.

The widest vectors that this CPU runs are used. The kernels are C functions that are called through
ctypes, which releases the interpreter's lock: threads share a block by taking tasks from one list.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import gpuprop

from ..errors import GpupropError
from ..sgp4.access import AccessRule, Candidates
from ..sgp4.constants import FIELDS, ONE_DAY, Constants, execution_order, kernels_digest
from ..sgp4.coverage import CoverageRequest
from ..sgp4.model import COORDINATES, LOOK, TEME, MeanElements, Model, View, column_dtypes
from ..time.units import DAY
from ..typing import Array, Columns
from . import operations
from .buffers import BufferPool, on_cache_lines
from .cpu_coverage import CpuCoverage
from .host import HostPropagation
from .prefetch import usable_cores
from .screening import CandidatePairs, Screen

WIDTHS = (8, 4, 2)
INSTRUCTIONS = {8: "AVX-512", 4: "AVX2", 2: "the architecture's basic vectors"}
TILE = 64  # satellites of a task: cpu.cpp keeps their constants in the cache for all instants
TASKS_PER_THREAD = 8  # at least, so that no thread waits long for the last task
WORTH_A_TASK = 4096  # states; a task is not made smaller
MOST_A_TASK = 32768  # states of several tiles: only the first one waits for its constants
PAIRS_OF_A_TASK = 16384
SHORT_SPAN = 4 * DAY  # of pairs, ns: a few steps of the integration of resonances
WORTH_STARTS = 2  # pairs of each satellite, for which its resonance is integrated beforehand
PAST_CACHES = 16 << 20  # bytes of a block that does not stay in the caches
LARGE_BLOCKS = 3  # that are in use at the same time
REINSTALL = "pip install --force-reinstall --no-deps --no-cache-dir . in a clone of gpuprop"


_Elements = ctypes.c_double * len(MeanElements._fields)
_TaskList = operations.structure("TaskList")
_SatelliteState = operations.structure("SatelliteState")
# position, velocity and status of a _SatelliteState, without the state of the resonance
_read_state = struct.Struct("6dq24x").unpack


class JulianStates(NamedTuple):
    """Arrays for states in the layout of python-sgp4; C-contiguous."""

    status: npt.NDArray[np.uint8]  # (n_sats, n_times)
    r: Array  # (n_sats, n_times, 3) km
    v: Array  # (n_sats, n_times, 3) km/s


class CpuUnavailableError(GpupropError, RuntimeError):
    """The compiled kernels cannot be used here; the message names the fix."""


class Library:
    """The compiled kernels.

    CpuUnavailableError, with the reason and the fix, if there are none or if they were compiled
    from other sources.
    """

    def __init__(self) -> None:
        # An editable installation has two folders: the checkout, and the one with the library.
        found = [Path(folder) / "libgpuprop.so" for folder in gpuprop.__path__]
        path = next((path for path in found if path.is_file()), None)
        if path is None:
            raise CpuUnavailableError(
                "no compiled kernels in this installation: install g++ or clang++ and run "
                f"{REINSTALL}"
            )
        try:
            self._library = ctypes.CDLL(str(path))
        except OSError as error:
            raise CpuUnavailableError(
                f"the compiled kernels cannot be loaded ({error}): run {REINSTALL}"
            ) from error
        # Calls through PyDLL keep the interpreter's lock. These take a microsecond, of which
        # releasing the lock would cost a part.
        with_lock = ctypes.PyDLL(str(path))
        self._library.gpuprop_sources.restype = ctypes.c_char_p
        if self._library.gpuprop_sources().decode() != kernels_digest():
            raise CpuUnavailableError(
                "the compiled kernels are not those of kernels/: run pip install again (in a "
                "checkout: pip install -e .)"
            )
        self._library.gpuprop_widths.restype = ctypes.c_int64
        self._library.gpuprop_build.restype = ctypes.c_char_p
        self.build: str = self._library.gpuprop_build().decode()  # compiler, version and flags
        pointer, real, state = ctypes.c_void_p, ctypes.c_double, ctypes.POINTER(_SatelliteState)
        self.satellite_initialise, self.satellite_state = (
            with_lock.gpuprop_satellite_initialise,
            with_lock.gpuprop_satellite_state,
        )
        self.satellite_initialise.argtypes, self.satellite_initialise.restype = (
            [pointer, pointer, state],
            None,
        )
        self.satellite_state.argtypes, self.satellite_state.restype = (
            [pointer, real, state, state],
            None,
        )
        bits = self._library.gpuprop_widths()
        # the widths that are compiled and that this CPU runs, the widest first
        self.widths = tuple(width for width in WIDTHS if bits >> width & 1)
        # by width: the C function that does the tasks of a list
        self.work = {width: self._library[f"gpuprop_work_{width}"] for width in self.widths}
        for work in self.work.values():
            work.argtypes, work.restype = [pointer, pointer], None

    def run(
        self, width: int, job: ctypes.Structure, tasks: npt.NDArray[np.int64], threads: int
    ) -> None:
        """Do tasks (n_tasks, members of Task) of an operation, on several threads.

        job: the argument of the kernels of all tasks.
        """
        todo = _TaskList(tasks.ctypes.data, len(tasks), 0)
        work, arguments = self.work[width], (ctypes.byref(job), ctypes.byref(todo))
        others = min(threads, len(tasks)) - 1
        helpers = [_pool(threads, os.getpid()).submit(work, *arguments) for _ in range(others)]
        try:
            work(*arguments)
            for helper in helpers:
                helper.result()
        finally:
            todo.next = len(tasks)  # after an interruption no thread takes another task


def task_list(
    kernel: str,
    satellites: Iterable[tuple[int, int]],
    instants: Iterable[tuple[int, int]] = ((0, 0),),
) -> npt.NDArray[np.int64]:
    """List the tasks of a kernel: each piece of satellites at each piece of instants."""
    number, instants = operations.NUMBERS[kernel], list(instants)
    tasks = [(number, *piece, *when, 0) for piece in satellites for when in instants]
    return np.array(tasks, np.int64).reshape(-1, len(operations.STRUCTURES["Task"]))


def pieces(count: int, size: int) -> list[tuple[int, int]]:
    """Split 0 ... count into pieces of `size`, the last one shorter."""
    return [(first, min(first + size, count)) for first in range(0, count, size)]


@cache
def library() -> Library:
    """Load the library, once."""
    return Library()


def usable() -> tuple[bool, str]:
    """Say whether the compiled kernels run here, and how or why not."""
    try:
        widest = library().widths[0]
    except CpuUnavailableError as reason:
        return False, str(reason)
    return True, f"{widest} satellites at a time ({INSTRUCTIONS[widest]}), {usable_cores()} cores"


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
        n, stride = len(epoch_ns), _stride(len(epoch_ns))
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
        return CpuPropagation(self, model, constants, table, epochs)

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
        # One task gives candidates in the order of satellites: their exact states are then faster.
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


def _stride(n: int) -> int:
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
        engine: CpuEngine,
        model: Model,
        constants: Constants,
        table: Array,
        epochs: npt.NDArray[np.int64],
    ) -> None:
        self.constants = constants
        self._engine, self._model = engine, model
        self.table = table  # (len(FIELDS), stride)
        self._epoch_ns = epochs  # (stride,)
        order = constants.order.astype(np.int64, copy=False)
        # None if it is the order of the input: then the kernels need not read it
        self._place = order if (order[1:] < order[:-1]).any() else None
        self._buffers = BufferPool(large=LARGE_BLOCKS)
        # for pairs, made when they are asked for: all constants of a satellite are adjacent
        self._by_satellite: Array | None = None
        self._tiles: dict[int, npt.NDArray[np.int64]] = {}  # by their satellites

    def _tiles_of(self, size: int) -> npt.NDArray[np.int64]:
        """Split the satellites into tiles of `size`: (n_tiles, 3) kernel, first, last.

        Deep space comes first: its tiles are the most expensive, and the last task should be a
        cheap one.
        """
        if size not in self._tiles:
            tiles = [
                (operations.NUMBERS[f"propagate_{operations.REGIME_NAMES[regime]}"], first, last)
                for regime, part in self.constants.bounds.items()
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
        rows = self._by_satellite  # another thread may release it meanwhile
        if rows is None:
            self._regimes = self.constants.regimes()
            rows = self._by_satellite = _rows(self.table, self.constants)
        out = self._buffers.columns((len(ns),), column_dtypes(names))
        job = operations.argument(
            "PairJob",
            **operations.model_members(self._model),
            constants=rows,
            regimes=self._regimes,
            starts=self._starts(ns),
            index=np.ascontiguousarray(index),
            ns=np.ascontiguousarray(ns),
            **operations.view_members(view, np.ascontiguousarray),
            **out,
        )
        tasks = task_list("pairs", [(0, len(self.constants))], pieces(len(ns), PAIRS_OF_A_TASK))
        library().run(self._engine.width, job, tasks, self._engine.threads)
        return out

    def _starts(self, ns: npt.NDArray[np.int64]) -> npt.NDArray[Any] | None:
        """Integrate the resonances to a short span of instants once, for all pairs.

        None if no satellite is in resonance, if pairs are so few that this costs more time, and for
        a longer span. Then the kernel sorts pairs of a satellite by time, and integrates on.
        """
        resonant = {
            regime: part for regime, part in self.constants.bounds.items() if regime >= ONE_DAY
        }
        if not resonant or len(ns) < WORTH_STARTS * len(self.constants):
            return None
        earliest, latest = int(ns.min()), int(ns.max())
        if latest - earliest > SHORT_SPAN:
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
        tiles, pieces = self._tiles_of(size), 1
        if threads > 1 and len(tiles):
            wanted = -(-TASKS_PER_THREAD * threads // len(tiles))
            pieces = max(1, min(wanted, n_times, n_times * len(self.constants) // WORTH_A_TASK))
        edges = np.arange(pieces + 1) * n_times // pieces
        instants = np.column_stack((edges[:-1], edges[1:], np.zeros_like(edges[1:])))
        tasks = np.hstack((np.repeat(tiles, pieces, axis=0), np.tile(instants, (len(tiles), 1))))
        # Consecutive tasks lie far apart in the output: threads that work on adjacent tiles would
        # write to the same cache lines.
        share = -(-len(tasks) // threads)
        order = np.arange(share * threads).reshape(threads, share).T.ravel()
        return np.ascontiguousarray(tasks[order[order < len(tasks)]])


class CpuSatellite:
    """One satellite, ready to be propagated to one instant after another. Threads may share it.

    elements: one element set, with the fields of MeanElements. Raises CpuUnavailableError without
    compiled kernels.
    """

    __slots__ = ("_address", "_latest", "_propagate", "_satellite", "table")

    def __init__(self, model: Model, elements: Iterable[float]) -> None:
        kernels = library()
        self.table: Array = np.empty((len(FIELDS), 1))  # the constants
        self._satellite = operations.argument(
            "Satellite", **operations.model_members(model), constants=self.table
        )
        self._address = ctypes.addressof(self._satellite)
        self._latest = _SatelliteState()
        kernels.satellite_initialise(self._address, _Elements(*elements), self._latest)
        self._propagate = kernels.satellite_state

    def state(self, t: float) -> tuple[float, float, float, float, float, float, int]:
        """Compute x, y, z (km), vx, vy, vz (km/s) and status, t minutes after the epoch."""
        # a new object each time: another thread may use this satellite at the same time
        state = _SatelliteState()
        self._propagate(self._address, t, self._latest, state)
        self._latest = state
        return _read_state(state)

    @property
    def regime(self) -> int:
        """The regime, as in gpuprop.sgp4.constants."""
        return int(self._satellite.regime)

    def constant(self, name: str) -> float:
        """Return an initialised constant by its name in kernels/constants.def."""
        return float(self.table[FIELDS.index(name), 0])


class CpuJulian:
    """Satellites of one model, ready to be propagated to two-part Julian dates, as in python-sgp4.

    All arrays are in execution order. table: (len(FIELDS), stride) constants. bounds: regime ->
    slice. epoch: (2, n) Julian dates in two parts. rows: (n,) row of each satellite in the output.
    """

    def __init__(
        self,
        model: Model,
        table: Array,
        bounds: dict[int, slice],
        epoch: Array,
        rows: npt.NDArray[np.int64],
    ) -> None:
        epoch, rows = np.ascontiguousarray(epoch), np.ascontiguousarray(rows, np.int64)
        self._arguments = (model, table, bounds, epoch, rows)
        self._job = operations.argument(
            "JulianJob",
            **operations.model_members(model),
            constants=table,
            stride=table.shape[1],
            jd0=epoch[0],
            fr0=epoch[1],
            place=rows,
        )
        self._tasks = np.concatenate(
            [
                task_list(f"julian_{operations.REGIME_NAMES[regime]}", [(part.start, part.stop)])
                for regime, part in bounds.items()
            ]
        )
        self._list = _TaskList(self._tasks.ctypes.data, len(self._tasks), 0)
        self._work = library().work[library().widths[0]]

    def __reduce__(self) -> tuple[type["CpuJulian"], tuple[Any, ...]]:
        return CpuJulian, self._arguments

    def fill(self, jd: Array, fr: Array, out: JulianStates) -> None:
        """Write the states at jd + fr, each (n_times,), into the rows of these satellites."""
        jd, fr = np.ascontiguousarray(jd), np.ascontiguousarray(fr)
        # copies: another thread may use these satellites at the same time
        job = type(self._job).from_buffer_copy(self._job)
        job.jd, job.fr, job.n_times = jd.ctypes.data, fr.ctypes.data, len(jd)
        job.status, job.r, job.v = out.status.ctypes.data, out.r.ctypes.data, out.v.ctypes.data
        tasks = _TaskList.from_buffer_copy(self._list)
        self._work(ctypes.byref(job), ctypes.byref(tasks))


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Return the threads that all propagations of a process share.

    process: a forked process must not use the threads of its parent.
    """
    return ThreadPoolExecutor(threads, "gpuprop-cpu")
