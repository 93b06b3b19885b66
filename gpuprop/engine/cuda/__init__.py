"""The CUDA engine: kernels/propagate.cu on a GPU, through CuPy. Only this package imports CuPy.

source joins the kernels into one text, availability checks what is missing on this machine, streams
orders work and memory on the GPU, pinned holds the host's side of the copies.
"""

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...sgp4.access import AccessRule, Candidates
from ...sgp4.constants import FIELDS, Constants
from ...sgp4.model import CODES, COORDINATES, LOOK, TEME, MeanElements, Model, View, column_dtypes
from ...typing import Array, Columns
from .. import operations
from ..screening import CLASSES, CandidatePairs, Screen
from .availability import CudaError, CudaMissingError, check, count, explained, import_cupy, usable
from .pinned import pinned_pool
from .source import OPTIONS, source
from .streams import Room, Streams

__all__ = [
    "CudaEngine",
    "CudaError",
    "CudaMissingError",
    "CudaPropagation",
    "Room",
    "count",
    "usable",
]

BLOCK = 128  # threads of a block: the most that propagate.cu is compiled for
CHUNK = 32  # most instants of a thread: enough that loading its constants costs little
# A few waves of the largest GPU. A thread gets fewer instants if there would be fewer threads.
THREADS = 1 << 19
GRID_Y = 65535  # CUDA's limit
# Device memory of a slice: its copy takes long compared with the start of a copy, and short
# compared with a block.
SLICE_BYTES = 16 << 20
PAIRS = 1 << 22  # on the device at a time
STATE_BYTES = 50
INTEGERS = ("knot", "first", "second")  # of CandidatePairs
DeviceColumns = dict[str, Any]  # CuPy arrays by name


class CudaEngine:
    """Runs on one NVIDIA GPU.

    device: its number. Raises CudaError, with the fix, if it cannot be used.
    """

    name = "cuda"

    def __init__(self, device: int = 0) -> None:
        check(device)
        self.device = device
        self.cupy = import_cupy()
        with explained(self.cupy, device):
            module = self.cupy.RawModule(code=source(), options=OPTIONS)
            self.kernels = {name: module.get_function(name) for name in operations.KERNELS}
            self.streams = Streams.of(self.cupy)
        self._capacity = 1 << 16  # candidate pairs of a block

    def __reduce__(self) -> tuple[Any, ...]:
        return CudaEngine, (self.device,)

    def load(
        self, model: Model, elements: MeanElements, epoch_ns: npt.NDArray[np.int64]
    ) -> "CudaPropagation":
        """Initialise element sets, (n,) each, on the GPU, and keep their constants there."""
        n_sats = len(epoch_ns)
        with explained(self.cupy, self.device), self.streams.work():
            constants = self.cupy.empty((len(FIELDS), n_sats), np.float64)
            regimes = self.cupy.empty(n_sats, np.int64)
            if n_sats:
                self.launch(
                    "initialise_satellites",
                    slice(0, n_sats),
                    **operations.model_members(model),
                    elements=self.cupy.asarray(np.stack(elements)),
                    stride=n_sats,
                    constants=constants,
                    regimes=regimes,
                )
            values = dict(zip(FIELDS, constants.get(), strict=True))
            in_order = Constants.sort(values, regimes.get(), epoch_ns)
        return CudaPropagation(self, model, in_order)

    def launch(
        self,
        kernel: str,
        satellites: slice,
        n_times: int = 1,
        chunk: int = 1,
        *,
        threads: tuple[int, int] | None = None,
        begin: int = 0,
        **members: Any,
    ) -> None:
        """Start a kernel on the current stream.

        begin: the first instant. threads: of the grid, x and y; None: a thread for each satellite
        and chunk of instants.
        members: of the kernel's argument (operations.def), with CuPy arrays.
        """
        structure, first, last = operations.KERNELS[kernel], satellites.start, satellites.stop
        # Launch in propagate.cu; CuPy passes a host array of one element by value
        record = np.zeros(
            1, [("job", operations.dtype(structure)), ("task", operations.dtype("Task"))]
        )
        for name, value in operations.numbers(structure, members, _address):
            record["job"][name] = value
        record["task"] = (operations.NUMBERS[kernel], first, last, begin, n_times, chunk)
        x, y = threads or (last - first, -(-n_times // chunk))
        grid = -(-x // BLOCK), min(y, GRID_Y)
        self.kernels[kernel](grid, (BLOCK,), (record,))

    def room(self, shape: tuple[int, ...], names: Iterable[str]) -> Room:
        """Allocate columns with these names and one shape on the caller's current stream."""
        columns = self.columns(shape, names)
        return Room(columns, self.cupy.cuda.get_current_stream().record())

    def columns(self, shape: tuple[int, ...], names: Iterable[str]) -> DeviceColumns:
        """Allocate columns with these names and one shape on the current stream."""
        return {name: self.cupy.empty(shape, dtype) for name, dtype in column_dtypes(names).items()}

    def look_angles(
        self, columns: DeviceColumns, rotation: Array | None, sites: Array
    ) -> DeviceColumns:
        """Compute look angles: see choice.Engine.

        From CuPy arrays it makes CuPy arrays, which are finished, as those of
        CudaPropagation.device_block; the kernel runs after the pending work of the caller's current
        stream. From numpy arrays it makes numpy arrays.
        """
        cupy = self.cupy
        on_host = isinstance(columns["x"], np.ndarray)
        n_times, n_sats = columns["x"].shape
        with explained(cupy, self.device):
            out, free = self.room((n_times, len(sites), n_sats), LOOK)
            if n_times and n_sats and len(sites):
                with self.streams.work(free):
                    given = [columns[name] for name in COORDINATES]
                    if on_host:
                        given = [
                            cupy.asarray(np.ascontiguousarray(column, np.float64))
                            for column in given
                        ]
                    resident = [
                        None if values is None else cupy.asarray(np.ascontiguousarray(values))
                        for values in (rotation, sites)
                    ]
                    self.launch(
                        "look_angles",
                        slice(0, n_sats),
                        n_times,
                        rotation=resident[0],
                        sites=resident[1],
                        n_sites=len(sites),
                        n_sats=n_sats,
                        **dict(zip(COORDINATES, given, strict=True)),
                        **out,
                    )
            return {name: column.get() for name, column in out.items()} if on_host else out

    def access(self, columns: DeviceColumns, sites: Array, rule: AccessRule) -> Candidates:
        """Find candidates of passes: see choice.Engine. The states stay on the device.

        A first launch counts the candidates of every interval, a second one stores them.
        """
        cupy = self.cupy
        n_times, n_sats = columns["x"].shape
        begin, end = 1, max(1, n_times - 2)
        what, local = np.empty((0, 4), np.int64), np.empty((0, 12))
        if end == begin or not n_sats or not len(sites):
            return Candidates.of(what, local)
        with explained(cupy, self.device), self.streams.work():
            members: dict[str, Any] = dict(
                **rule._asdict(),
                sites=cupy.asarray(np.ascontiguousarray(sites)),
                n_sites=len(sites),
                n_sats=n_sats,
                **{name: cupy.asarray(columns[name]) for name in ("x", "y", "z", "status")},
                threads=(n_sats, end - begin),
                begin=begin,
            )
            counts = cupy.empty((end - begin, n_sats), np.int64)
            self.launch(
                "access_candidates", slice(0, n_sats), end, counts=counts, room=0, **members
            )
            places = np.cumsum(counts.get().ravel())
            room = int(places[-1])
            if room:
                counts = cupy.asarray(np.concatenate(([0], places[:-1])))
                what, local = cupy.empty((room, 4), np.int64), cupy.empty((room, 12), np.float64)
                members |= dict(counts=counts, room=room, what=what, local=local)
                self.launch("access_candidates", slice(0, n_sats), end, **members)
                what, local = what.get(), local.get()
            return Candidates.of(what, local)

    def candidate_pairs(self, columns: DeviceColumns, screen: Screen) -> CandidatePairs:
        """Find pairs that may come close: see choice.Engine. The states stay on the device."""
        cupy = self.cupy
        n_knots, n_sats = columns["x"].shape
        inner = n_knots - 2
        if inner < 1 or not n_sats:
            return CandidatePairs.none()
        slots = screen.index.cells + CLASSES + 1
        with explained(cupy, self.device), self.streams.work():
            integers = {
                name: cupy.empty((inner, n_sats), np.int32)
                for name in ("cell", "home", "rank", "order")
            }
            members: dict[str, Any] = dict(
                **screen.members(lambda array: cupy.asarray(np.ascontiguousarray(array))),
                n_sats=n_sats,
                **{name: cupy.asarray(columns[name]) for name in (*COORDINATES, "status")},
                start=cupy.asarray(np.zeros((inner, slots), np.int32)),
                rows=cupy.empty((inner, 10, n_sats), np.float64),
                **integers,
            )
            objects, each = slice(0, n_sats), (n_sats, inner)
            self.launch("screen_count", objects, inner, threads=each, **members)
            self.launch("screen_start", objects, inner, threads=(inner, 1), **members)
            self.launch("screen_place", objects, inner, threads=each, **members)
            while True:
                capacity = self._capacity
                found = {
                    name: cupy.empty(capacity, np.int64 if name in INTEGERS else np.float64)
                    for name in CandidatePairs._fields
                }
                count = cupy.asarray(np.zeros(1, np.int32))
                members |= dict(capacity=capacity, count=count, **found)
                self.launch("screen_join", objects, inner, threads=each, **members)
                total = int(count.get()[0])
                if total <= capacity:
                    return CandidatePairs._make(found[name][:total].get() for name in found)
                self._capacity = int(1.25 * total)  # again, with room for all


class CudaPropagation:
    """Constants of one set of satellites, resident on a GPU and ready to be propagated."""

    def __init__(self, engine: CudaEngine, model: Model, constants: Constants) -> None:
        self.model = model
        self.constants = constants
        self._engine = engine
        # states() and the thread behind snapshots() share the slices
        self._one_at_a_time = threading.Lock()
        self._buffers = pinned_pool(engine.cupy)
        self._rank: Any = None  # on the device, for pairs; made when it is needed
        with explained(engine.cupy, engine.device), engine.streams.computing:
            table = np.stack([constants.values[name] for name in FIELDS])
            arrays = dict(
                constants=table, epoch_ns=constants.epoch_ns, place=constants.order.astype(np.int64)
            )
            self._resident = {name: engine.cupy.asarray(array) for name, array in arrays.items()}
            # allocated here, so that a GPU without enough memory fails at once
            self._slices = self._two_slices()

    def __reduce__(self) -> tuple[Any, ...]:
        return CudaPropagation, (self._engine, self.model, self.constants)

    def close(self) -> None:
        """Release the buffers. They come back when they are needed."""
        with self._one_at_a_time:
            self._slices, self._rank = [], None
            self._buffers = pinned_pool(self._engine.cupy)

    def block(
        self, ns: npt.NDArray[np.int64], names: tuple[str, ...], view: View = TEME
    ) -> Columns:
        """Compute columns: see choice.Propagation.

        They are computed slice by slice into two buffers of SLICE_BYTES (or one instant) on the
        device: while one is copied to the host, the other is computed. The host's arrays belong to
        the caller as long as any of them lives (see buffers.BufferPool).
        """
        with self._one_at_a_time, explained(self._engine.cupy, self._engine.device):
            block = self._buffers.columns((len(ns), len(self.constants)), column_dtypes(names))
            if len(ns) and len(self.constants):
                self._fill(ns, block, view)
            return block

    def _two_slices(self) -> list[DeviceColumns]:
        n_sats = max(1, len(self.constants))
        rows = max(1, SLICE_BYTES // (STATE_BYTES * n_sats))
        return [self._engine.columns((rows, n_sats), (*COORDINATES, *CODES)) for _ in range(2)]

    def _fill(self, ns: npt.NDArray[np.int64], block: Columns, view: View) -> None:
        computing, copying = self._engine.streams.computing, self._engine.streams.copying
        copied = [copying.record(), copying.record()]
        try:
            with computing:
                self._slices = self._slices or self._two_slices()
                rows = len(self._slices[0]["x"])
                instants, seen = self._uploaded(ns, view)
                for number, first in enumerate(range(0, len(ns), rows)):
                    here = slice(first, min(first + rows, len(ns)))
                    columns = {
                        name: self._slices[number % 2][name][: here.stop - first] for name in block
                    }
                    computing.wait_event(copied[number % 2])
                    self._launch(instants[here], seen.at(here), columns)
                    copying.wait_event(computing.record())
                    for name, column in columns.items():
                        column.get(stream=copying, out=block[name][here], blocking=False)
                    copied[number % 2] = copying.record()
        finally:
            # also after an error, because the host's memory may be used again
            copying.record().synchronize()

    def room(self, n_times: int, names: tuple[str, ...]) -> Room:
        """Allocate a device block of n_times instants on the caller's current stream."""
        with explained(self._engine.cupy, self._engine.device):
            return self._engine.room((n_times, len(self.constants)), names)

    def device_block(
        self,
        ns: npt.NDArray[np.int64],
        names: tuple[str, ...],
        view: View = TEME,
        room: Room | None = None,
    ) -> DeviceColumns:
        """Compute columns as CuPy arrays on the GPU. They are finished: any stream may read them.

        room: memory for them, allocated on the consumer's thread; None allocates it here. It
        returns to the stream on which it was allocated, in order with that stream only: a consumer
        that reads on other streams must make that stream wait for them before it drops the arrays.
        """
        columns, free = room or self.room(len(ns), names)
        with explained(self._engine.cupy, self._engine.device):
            if len(ns) and len(self.constants):
                with self._engine.streams.work(free):
                    self._launch(*self._uploaded(ns, view), columns)
        return columns

    def pairs(
        self,
        index: npt.NDArray[np.int64],
        ns: npt.NDArray[np.int64],
        names: tuple[str, ...],
        view: View = TEME,
    ) -> Columns:
        """Compute pairs: see choice.Propagation. A part of them at a time is on the device."""
        cupy, dtypes = self._engine.cupy, column_dtypes(names)
        out = {name: np.empty(len(ns), dtype) for name, dtype in dtypes.items()}
        with self._one_at_a_time, explained(cupy, self._engine.device):
            for first in range(0, len(ns), PAIRS):
                here = slice(first, first + PAIRS)
                with self._engine.streams.work():
                    if self._rank is None:
                        self._rank = cupy.asarray(self.constants.rank())
                    columns = self._engine.columns((len(ns[here]),), names)
                    self._launch_pairs(index[here], ns[here], view.at(here), columns)
                    for name, column in columns.items():
                        out[name][here] = column.get()
        return out

    def _launch_pairs(
        self,
        index: npt.NDArray[np.int64],
        ns: npt.NDArray[np.int64],
        view: View,
        columns: DeviceColumns,
    ) -> None:
        asarray = self._engine.cupy.asarray
        members = {
            **operations.model_members(self.model),
            "constants": self._resident["constants"],
            "stride": len(self.constants),
            "epoch_ns": self._resident["epoch_ns"],
            "rank": self._rank,
            "index": asarray(np.ascontiguousarray(index)),
            "ns": asarray(np.ascontiguousarray(ns)),
            **operations.view_members(view, lambda array: asarray(np.ascontiguousarray(array))),
            **columns,
        }
        for regime, satellites in self.constants.bounds.items():
            self._engine.launch(
                f"pairs_{operations.REGIME_NAMES[regime]}",
                satellites,
                len(ns),
                threads=(len(ns), 1),
                **members,
            )

    def _uploaded(self, ns: npt.NDArray[np.int64], view: View) -> tuple[Any, View]:
        """Copy instants and view to the device."""
        asarray = self._engine.cupy.asarray
        rotation, sun = (
            None if values is None else asarray(values) for values in (view.rotation, view.sun)
        )
        return asarray(ns), View(rotation, view.geodetic, sun)

    def _launch(self, ns: Any, view: View, columns: DeviceColumns) -> None:
        """Start the kernels, one for each regime, on the current stream.

        Instants, view and columns are on the device.
        """
        n_times = len(ns)
        for regime, satellites in self.constants.bounds.items():
            count = satellites.stop - satellites.start
            self._engine.launch(
                f"propagate_{operations.REGIME_NAMES[regime]}",
                satellites,
                n_times,
                max(min(CHUNK, count * n_times // THREADS), 1, -(-n_times // GRID_Y)),
                **operations.model_members(self.model),
                **self._resident,
                stride=len(self.constants),
                n_sats=len(self.constants),
                ns=ns,
                rotation=view.rotation,
                geodetic=view.geodetic,
                sun=view.sun,
                **columns,
            )


def _address(array: Any) -> int:
    return int(array.data.ptr)
