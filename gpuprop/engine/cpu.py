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
from ..sgp4.constants import FIELDS, Constants, execution_order, kernels_digest
from ..sgp4.gravity import Gravity
from ..sgp4.model import COORDINATES, LOOK, TEME, MeanElements, Model, View, column_dtypes
from ..typing import Array, Columns
from .buffers import BufferPool
from .prefetch import usable_cores

WIDTHS = (8, 4, 2)
INSTRUCTIONS = {8: "AVX-512", 4: "AVX2", 2: "the architecture's basic vectors"}
TILE = 64  # satellites of a task: cpu.cpp keeps their constants in the cache for all instants
TASKS_PER_THREAD = 8  # at least, so that no thread waits long for the last task
WORTH_A_TASK = 4096  # states; a task is not made smaller
REINSTALL = "pip install --force-reinstall --no-deps --no-cache-dir . in a clone of gpuprop"


class _Gravity(ctypes.Structure):
    """As Gravity in kernels/constants.cuh."""

    NAMES = ("radius", "xke", "j2", "j3oj2", "j4", "vkmpersec")
    _fields_ = [(name, ctypes.c_double) for name in NAMES]

    @classmethod
    def of(cls, gravity: Gravity) -> "_Gravity":
        return cls(*(getattr(gravity, name) for name in cls.NAMES))


class _Job(ctypes.Structure):
    """As Job in kernels/cpu.cpp, where the fields are explained."""

    _fields_ = [
        ("gravity", _Gravity),
        ("afspc", ctypes.c_int64),
        ("constants", ctypes.c_void_p),
        ("stride", ctypes.c_int64),
        ("epoch_ns", ctypes.c_void_p),
        ("place", ctypes.c_void_p),
        ("ns", ctypes.c_void_p),
        ("n_sats", ctypes.c_int64),
        ("rotation", ctypes.c_void_p),
        ("geodetic", ctypes.c_int64),
        ("sun", ctypes.c_void_p),
        ("out", ctypes.c_void_p * 6),
        ("status", ctypes.c_void_p),
        ("sunlit", ctypes.c_void_p),
        ("tasks", ctypes.c_void_p),
        ("n_tasks", ctypes.c_int64),
        ("next", ctypes.c_int64),
    ]


class _LookJob(ctypes.Structure):
    """As LookJob in kernels/cpu.cpp, where the fields are explained."""

    _fields_ = [
        ("rotation", ctypes.c_void_p),
        ("sites", ctypes.c_void_p),
        ("n_sites", ctypes.c_int64),
        ("n_sats", ctypes.c_int64),
        ("in_", ctypes.c_void_p * 6),
        ("out", ctypes.c_void_p * 4),
    ]


class _JulianJob(ctypes.Structure):
    """As JulianJob in kernels/cpu.cpp, where the fields are explained."""

    _fields_ = [
        ("gravity", _Gravity),
        ("afspc", ctypes.c_int64),
        ("constants", ctypes.c_void_p),
        ("stride", ctypes.c_int64),
        ("jd0", ctypes.c_void_p),
        ("fr0", ctypes.c_void_p),
        ("place", ctypes.c_void_p),
        ("jd", ctypes.c_void_p),
        ("fr", ctypes.c_void_p),
        ("n_times", ctypes.c_int64),
        ("r", ctypes.c_void_p),
        ("v", ctypes.c_void_p),
        ("status", ctypes.c_void_p),
    ]


class _Satellite(ctypes.Structure):
    """As Satellite in kernels/cpu.cpp."""

    _fields_ = [
        ("gravity", _Gravity),
        ("afspc", ctypes.c_int64),
        ("regime", ctypes.c_int64),
        ("constants", ctypes.c_double * len(FIELDS)),
    ]


_Elements = ctypes.c_double * 8  # MeanElements of one satellite
# as SatelliteState in kernels/cpu.cpp, whose status is the integer at place 6
_SatelliteState = ctypes.c_double * 10
_read_state = struct.Struct("6dq24x").unpack  # without the state of the resonance


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
        pointer, real = ctypes.c_void_p, ctypes.c_double
        self.satellite_initialise, self.satellite_state = (
            with_lock.gpuprop_satellite_initialise,
            with_lock.gpuprop_satellite_state,
        )
        self.satellite_initialise.argtypes, self.satellite_initialise.restype = (
            [pointer, pointer, pointer],
            None,
        )
        self.satellite_state.argtypes, self.satellite_state.restype = (
            [pointer, real, pointer, pointer],
            None,
        )
        bits = self._library.gpuprop_widths()
        # the widths that are compiled and that this CPU runs, the widest first
        self.widths = tuple(width for width in WIDTHS if bits >> width & 1)

    def initialise(
        self,
        width: int,
        model: Model,
        elements: Array,
        constants: Array | None = None,
        regimes: npt.NDArray[np.int64] | None = None,
    ) -> None:
        """Initialise elements (8, stride); stride is a multiple of 8.

        Writes constants (len(FIELDS), stride) and regimes (stride,), if given.
        """
        function = getattr(self._library, f"gpuprop_initialise_{width}")
        function.argtypes = [
            ctypes.c_void_p,
            ctypes.c_int64,
            ctypes.c_void_p,
            ctypes.c_int64,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        function.restype = None
        gravity = _Gravity.of(model.gravity)
        addresses = [None if array is None else array.ctypes.data for array in (constants, regimes)]
        function(
            ctypes.byref(gravity),
            model.opsmode == "a",
            elements.ctypes.data,
            elements.shape[1],
            *addresses,
        )

    def work(self, width: int) -> Any:
        """Return the C function that does tasks of a _Job until all are taken."""
        function = getattr(self._library, f"gpuprop_work_{width}")
        function.argtypes, function.restype = [ctypes.c_void_p], None
        return function

    def julian(self, width: int) -> Any:
        """Return the C function that computes satellites of one regime of a _JulianJob."""
        function = getattr(self._library, f"gpuprop_julian_{width}")
        function.argtypes, function.restype = (
            [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64],
            None,
        )
        return function

    def look(self, width: int) -> Any:
        """Return the C function that computes a range of instants of a _LookJob."""
        function = getattr(self._library, f"gpuprop_look_{width}")
        function.argtypes, function.restype = (
            [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64],
            None,
        )
        return function


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

    def __reduce__(self) -> tuple[type["CpuEngine"], tuple[int]]:
        """Pickle without the width: it is chosen again, for the CPU that loads the engine."""
        return CpuEngine, (self.threads,)

    def load(
        self, model: Model, elements: MeanElements, epoch_ns: npt.NDArray[np.int64]
    ) -> "CpuPropagation":
        """Initialise element sets, (n,) each, and keep their constants."""
        n, stride = len(epoch_ns), _stride(len(epoch_ns))
        # Execution order is known only when the regimes are. To initialise twice is cheaper than to
        # sort eighty columns.
        regimes = np.empty(stride, np.int64)
        library().initialise(self.width, model, _padded(elements, stride), regimes=regimes)
        order, bounds = execution_order(elements.ecco, regimes[:n])
        table = np.empty((len(FIELDS), stride))
        library().initialise(
            self.width,
            model,
            _padded([column[order] for column in elements], stride),
            constants=table,
        )
        constants = Constants(
            {name: row[:n] for name, row in zip(FIELDS, table, strict=True)},
            epoch_ns[order],
            order,
            bounds,
        )
        return CpuPropagation(self, model, constants, table)

    def look_angles(
        self, columns: Columns, rotation: Array | None, sites: Array
    ) -> dict[str, Array]:
        """Compute look angles: see choice.Engine."""
        n_times, n_sats = columns["x"].shape
        given = [np.ascontiguousarray(columns[name], np.float64) for name in COORDINATES]
        rotation = None if rotation is None else np.ascontiguousarray(rotation)
        sites = np.ascontiguousarray(sites)
        out = {name: np.empty((n_times, len(sites), n_sats)) for name in LOOK}
        job = _LookJob(
            rotation=None if rotation is None else rotation.ctypes.data,
            sites=sites.ctypes.data,
            n_sites=len(sites),
            n_sats=n_sats,
            in_=(ctypes.c_void_p * 6)(*(column.ctypes.data for column in given)),
            out=(ctypes.c_void_p * 4)(*(column.ctypes.data for column in out.values())),
        )
        job.arrays = (given, rotation, sites, out)
        look, edges = (
            library().look(self.width),
            [n_times * share // self.threads for share in range(self.threads + 1)],
        )
        shares = [(ctypes.byref(job), begin, end) for begin, end in pairwise(edges) if begin < end]
        helpers = [_pool(self.threads, os.getpid()).submit(look, *share) for share in shares[1:]]
        for share in shares[:1]:
            look(*share)
        for helper in helpers:
            helper.result()
        return out


def _stride(n: int) -> int:
    """Return the length of a row for n satellites.

    It holds whole vectors, also one that begins at the last satellite. It is an odd number of cache
    lines, because otherwise all rows could fall into the same set of the cache.
    """
    return ((n + 2 * WIDTHS[0] - 2) // 8 | 1) * 8


def _padded(columns: Iterable[npt.NDArray[Any]], stride: int) -> npt.NDArray[Any]:
    """Pad columns to (n_columns, stride) with copies of the last satellite.

    So a vector that reaches beyond the satellites has no further steps to take.
    """
    return np.array(
        [
            np.pad(column, (0, stride - len(column)), mode="edge" if len(column) else "constant")
            for column in columns
        ]
    )


class CpuPropagation:
    """Constants of one set of satellites, ready to be propagated."""

    def __init__(self, engine: CpuEngine, model: Model, constants: Constants, table: Array) -> None:
        self.constants = constants
        self._engine, self._model = engine, model
        self.table = table  # (len(FIELDS), stride)
        self._epoch_ns = _padded([constants.epoch_ns], table.shape[1])
        self._place = constants.order.astype(np.int64)
        self._buffers = BufferPool()
        # (n_tiles, 3) regime, first, last. Deep space comes first: its tiles are the most
        # expensive, and the last task should be a cheap one.
        tiles = [
            (code, i, min(i + TILE, part.stop))
            for code, part in constants.bounds.items()
            for i in range(part.start, part.stop, TILE)
        ]
        self._tiles = np.array(tiles[::-1], np.int64).reshape(-1, 3)

    def block(
        self, ns: npt.NDArray[np.int64], names: tuple[str, ...], view: View = TEME
    ) -> Columns:
        """Compute columns: see choice.Propagation."""
        out = self._buffers.columns((len(ns), len(self.constants)), column_dtypes(names))
        ns, tasks = np.ascontiguousarray(ns), self._tasks(len(ns))
        job = self._job(ns, tasks, out, view)
        work = library().work(self._engine.width)
        others = min(self._engine.threads, len(tasks)) - 1
        helpers = [
            _pool(self._engine.threads, os.getpid()).submit(work, ctypes.byref(job))
            for _ in range(others)
        ]
        try:
            work(ctypes.byref(job))
            for helper in helpers:
                helper.result()
        finally:
            job.next = len(tasks)  # after an interruption no thread takes another task
        return out

    def close(self) -> None:
        """Release the memory that is kept for later blocks."""
        self._buffers = BufferPool()

    def _job(
        self, ns: npt.NDArray[np.int64], tasks: npt.NDArray[np.int64], out: Columns, view: View
    ) -> _Job:
        """Describe the columns `out` to the C function."""
        rotation, sun = (
            None if values is None else np.ascontiguousarray(values)
            for values in (view.rotation, view.sun)
        )
        address = {name: column.ctypes.data for name, column in out.items()}
        job = _Job(
            gravity=_Gravity.of(self._model.gravity),
            afspc=self._model.opsmode == "a",
            constants=self.table.ctypes.data,
            stride=self.table.shape[1],
            epoch_ns=self._epoch_ns.ctypes.data,
            place=self._place.ctypes.data,
            ns=ns.ctypes.data,
            n_sats=len(self.constants),
            rotation=None if rotation is None else rotation.ctypes.data,
            geodetic=view.geodetic,
            sun=None if sun is None else sun.ctypes.data,
            out=(ctypes.c_void_p * 6)(*(address.get(name) for name in COORDINATES)),
            status=address.get("status"),
            sunlit=address.get("sunlit"),
            tasks=tasks.ctypes.data,
            n_tasks=len(tasks),
        )
        # The job keeps the arrays alive that it points to, also if the caller is interrupted.
        job.arrays = (self, ns, tasks, out, rotation, sun)
        return job

    def _tasks(self, n_times: int) -> npt.NDArray[np.int64]:
        """Split a block into tasks (n_tasks, 5): regime, first, last, begin, end.

        With few satellites the instants are split, too.
        """
        pieces = 1
        if self._engine.threads > 1 and len(self._tiles):
            wanted = -(-TASKS_PER_THREAD * self._engine.threads // len(self._tiles))
            pieces = max(1, min(wanted, n_times, n_times * len(self.constants) // WORTH_A_TASK))
        edges = np.arange(pieces + 1) * n_times // pieces
        instants = np.column_stack((edges[:-1], edges[1:]))
        tasks = np.hstack(
            (np.repeat(self._tiles, pieces, axis=0), np.tile(instants, (len(self._tiles), 1)))
        )
        # Consecutive tasks lie far apart in the output: threads that work on adjacent tiles would
        # write to the same cache lines.
        share = -(-len(tasks) // self._engine.threads)
        order = (
            np.arange(share * self._engine.threads).reshape(self._engine.threads, share).T.ravel()
        )
        return np.ascontiguousarray(tasks[order[order < len(tasks)]])


class CpuSatellite:
    """One satellite, ready to be propagated to one instant after another. Threads may share it.

    elements: one element set, with the fields of MeanElements. Raises CpuUnavailableError without
    compiled kernels.
    """

    __slots__ = ("_address", "_latest", "_propagate", "_satellite")

    def __init__(self, model: Model, elements: Iterable[float]) -> None:
        kernels = library()
        self._satellite = _Satellite(_Gravity.of(model.gravity), model.opsmode == "a")
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

    @property
    def table(self) -> Array:
        """The constants (len(FIELDS), 1)."""
        return np.ctypeslib.as_array(self._satellite.constants).reshape(-1, 1)

    def constant(self, name: str) -> float:
        """Return an initialised constant by its name in kernels/constants.def."""
        return float(self._satellite.constants[FIELDS.index(name)])


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
        self._bounds = bounds
        # keeps the arrays alive that the job points to
        self._arguments = (model, table, bounds, epoch, rows)
        self._job = _JulianJob(
            gravity=_Gravity.of(model.gravity),
            afspc=model.opsmode == "a",
            constants=table.ctypes.data,
            stride=table.shape[1],
            jd0=epoch[0].ctypes.data,
            fr0=epoch[1].ctypes.data,
            place=rows.ctypes.data,
        )
        self._work = library().julian(library().widths[0])

    def __reduce__(self) -> tuple[type["CpuJulian"], tuple[Any, ...]]:
        return CpuJulian, self._arguments

    def fill(self, jd: Array, fr: Array, out: JulianStates) -> None:
        """Write the states at jd + fr, each (n_times,), into the rows of these satellites."""
        jd, fr = np.ascontiguousarray(jd), np.ascontiguousarray(fr)
        # a copy: another thread may use these satellites at the same time
        job = _JulianJob.from_buffer_copy(self._job)
        job.jd, job.fr, job.n_times = jd.ctypes.data, fr.ctypes.data, len(jd)
        job.status, job.r, job.v = out.status.ctypes.data, out.r.ctypes.data, out.v.ctypes.data
        for regime, part in self._bounds.items():
            self._work(ctypes.byref(job), regime, part.start, part.stop)


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Return the threads that all propagations of a process share.

    process: a forked process must not use the threads of its parent.
    """
    return ThreadPoolExecutor(threads, "gpuprop-cpu")
