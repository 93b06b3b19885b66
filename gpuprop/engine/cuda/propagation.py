"""Element sets on a GPU: resident constants, blocks of states and states of pairs."""

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...sgp4.constants import FIELDS, Constants
from ...sgp4.model import CODES, COORDINATES, TEME, Model, View, column_dtypes
from ...typing import Columns
from .. import operations
from .availability import explained
from .device import GRID_Y, Device, DeviceColumns
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

    def __init__(self, engine: Device, model: Model, constants: Constants) -> None:
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

    @property
    def mixed_count(self) -> int:
        """Number of satellites with precision mixed: the first ones in execution order."""
        return 0

    def _kernels(self) -> Iterable[tuple[str, slice]]:
        """Return the kernels that compute states, each with its slice of the execution order."""
        return (
            (f"propagate_{operations.REGIME_NAMES[regime]}", satellites)
            for regime, satellites in self.constants.bounds.items()
        )

    def _mixed_members(self) -> dict[str, Any]:
        """Return the members of PropagateJob for precision mixed."""
        return {}

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
                    if self._rank is None:
                        self._rank = cupy.asarray(self.constants.rank())
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
        for kernel, satellites in self._kernels():
            count = satellites.stop - satellites.start
            self._engine.launch(
                kernel,
                satellites,
                n_times,
                max(min(CHUNK, count * n_times // THREADS), 1, -(-n_times // GRID_Y)),
                **operations.model_members(self.model),
                **self._resident,
                **self._mixed_members(),
                stride=len(self.constants),
                n_sats=len(self.constants),
                ns=ns,
                rotation=view.rotation,
                geodetic=view.geodetic,
                sun=view.sun,
                **columns,
            )
