"""Element sets on a GPU: resident constants, blocks of states and states of pairs."""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from ...sgp4.access import Candidates
from ...sgp4.access_events import BisectionRule, Brackets, EventSearch, Found
from ...sgp4.constants import FIELDS, Constants
from ...sgp4.earth_rotation import EarthTable
from ...sgp4.model import CODES, COORDINATES, TEME, Model, View, column_dtypes
from ...typing import Array, Columns
from .. import operations
from ..host import BLOCK_BYTES
from .availability import explained
from .device import GRID_Y, Device, DeviceColumns, address
from .pinned import pinned_pool
from .streams import Room

CHUNK = 32  # most instants of a thread: enough that loading its constants costs little
# A few waves of the largest GPU. A thread gets fewer instants if there would be fewer threads.
THREADS = 1 << 19
# Device memory of a slice: its copy takes long compared with the start of a copy, and short
# compared with a block.
SLICE_BYTES = 16 << 20
PAIRS = 1 << 22  # on the device at a time
# A block that stays on the device: long enough that the GPU does not wait for Python.
DEVICE_BLOCK_BYTES = 1 << 30
SHARE = 16  # of the device's memory, the most that a block takes: one part in so many
STATE_BYTES = 50


class CudaPropagation:
    """Constants of one set of satellites, resident on a GPU and ready to be propagated."""

    least_instants = 1
    block_bytes = BLOCK_BYTES
    ahead = 2  # while one is computed or copied, Python prepares the next one
    mixed_count = 0  # see choice.Propagation

    def __init__(self, engine: Device, model: Model, constants: Constants) -> None:
        self.model = model
        self.constants = constants
        self._engine = engine
        self._kernels = operations.propagate_kernels(constants.bounds)
        self._mixed_members: dict[str, Any] = {}  # of PropagateJob, for precision mixed
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
            # a block that another thread waits for may still be copied from them
            self._engine.streams.copying.record().synchronize()
            self._slices, self._rank = [], None
            self._buffers = pinned_pool(self._engine.cupy)

    def block(
        self, ns: npt.NDArray[np.int64], names: tuple[str, ...], view: View = TEME
    ) -> Columns:
        """Compute columns: see choice.Propagation.

        They are computed slice by slice into two buffers of SLICE_BYTES (or one instant) on the
        device: while one is copied to the host, the other is computed. Another thread may give the
        GPU its work as soon as this one has done so, so that the bus does not wait between blocks.
        The host's arrays belong to the caller as long as any of them lives (see
        buffers.BufferPool).
        """
        copying = self._engine.streams.copying
        with explained(self._engine.cupy, self._engine.device):
            block = self._buffers.columns((len(ns), len(self.constants)), column_dtypes(names))
            if len(ns) and len(self.constants):
                try:
                    with self._one_at_a_time:
                        self._fill(ns, block, view)
                        copied = copying.record()
                    copied.synchronize()
                except BaseException:
                    copying.record().synchronize()  # the host's memory may be used again
                    raise
            return block

    def _two_slices(self) -> list[DeviceColumns]:
        n_sats = max(1, len(self.constants))
        rows = max(1, SLICE_BYTES // (STATE_BYTES * n_sats))
        return [self._engine.columns((rows, n_sats), (*COORDINATES, *CODES)) for _ in range(2)]

    def _fill(self, ns: npt.NDArray[np.int64], block: Columns, view: View) -> None:
        """Give the GPU the work of a block."""
        computing, copying = self._engine.streams.computing, self._engine.streams.copying
        # an earlier block may still be copied from the slices
        copied = [copying.record(), copying.record()]
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

    @property
    def device_block_bytes(self) -> int:
        """Size of a block that stays on the GPU, if the caller names none."""
        return min(DEVICE_BLOCK_BYTES, self._engine.memory_bytes // SHARE)

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
        cupy, computing = self._engine.cupy, self._engine.streams.computing
        with self._one_at_a_time, explained(cupy, self._engine.device):
            out = self._buffers.columns((len(ns),), column_dtypes(names))
            for first in range(0, len(ns), PAIRS):
                here = slice(first, first + PAIRS)
                with self._engine.streams.work():
                    columns = self._engine.columns((len(ns[here]),), names)
                    self._launch_pairs(index[here], ns[here], view.at(here), columns)
                    for name, column in columns.items():
                        column.get(stream=computing, out=out[name][here], blocking=False)
        return out

    def _launch_pairs(
        self,
        index: npt.NDArray[np.int64],
        ns: npt.NDArray[np.int64],
        view: View,
        columns: DeviceColumns,
    ) -> None:
        members = self._pair_members(view) | {
            "index": self._uploaded_array(index),
            "ns": self._uploaded_array(ns),
            **columns,
        }
        self._launch_each("pairs", len(ns), members)

    def _pair_members(self, view: View) -> dict[str, Any]:
        """Return the members of PairJob, without pairs and results."""
        if self._rank is None:
            self._rank = self._engine.cupy.asarray(self.constants.rank())
        return {
            **operations.model_members(self.model),
            "constants": self._resident["constants"],
            "stride": len(self.constants),
            "epoch_ns": self._resident["epoch_ns"],
            "rank": self._rank,
            **operations.view_members(view, self._uploaded_array),
        }

    def _launch_each(self, kernel: str, count: int, members: dict[str, Any]) -> None:
        """Start a kernel for the satellites of each regime, with a thread for each of `count`."""
        for regime, satellites in self.constants.bounds.items():
            self._engine.launch(
                f"{kernel}_{operations.REGIME_NAMES[regime]}",
                satellites,
                count,
                threads=(count, 1),
                **members,
            )

    def events(
        self,
        found: Candidates,
        wanted: npt.NDArray[np.int64],
        search: EventSearch,
        earth: EarthTable,
    ) -> Found:
        """Search for events: see choice.Propagation. No state leaves the GPU."""
        cupy = self._engine.cupy
        device, streams = self._engine.device, self._engine.streams
        with self._one_at_a_time, explained(cupy, device), streams.work():
            pairs = self._pair_members(View(earth=earth))
            members = operations.event_members(found, wanted, search, self._uploaded_array)
            members["pairs"] = operations.record("PairJob", pairs, address)
            us, certainty = cupy.empty(len(wanted), np.int64), cupy.empty(len(wanted), np.uint8)
            members |= {"found": us, "certainty": certainty}
            self._launch_each("events", len(wanted), members)
            return Found(us.get(), certainty.get())

    def bisect(
        self, brackets: Brackets, sites: Array, rule: BisectionRule, earth: EarthTable
    ) -> npt.NDArray[np.int64]:
        """Bisect brackets: see choice.Propagation. No state leaves the GPU."""
        device, streams = self._engine.device, self._engine.streams
        with self._one_at_a_time, explained(self._engine.cupy, device), streams.work():
            pairs = self._pair_members(View(earth=earth))
            members = operations.bisection_members(brackets, sites, rule, self._uploaded_array)
            members["pairs"] = operations.record("PairJob", pairs, address)
            self._launch_each("bisect", len(brackets.low), members)
            ends: npt.NDArray[np.int64] = members["high"].get()
            return ends

    def _uploaded_array(self, array: npt.NDArray[Any]) -> Any:
        return self._engine.cupy.asarray(np.ascontiguousarray(array))

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
        for kernel, satellites in self._kernels:
            count = satellites.stop - satellites.start
            self._engine.launch(
                kernel,
                satellites,
                n_times,
                max(min(CHUNK, count * n_times // THREADS), 1, -(-n_times // GRID_Y)),
                **operations.model_members(self.model),
                **self._resident,
                **self._mixed_members,
                stride=len(self.constants),
                n_sats=len(self.constants),
                ns=ns,
                rotation=view.rotation,
                geodetic=view.geodetic,
                sun=view.sun,
                **columns,
            )
