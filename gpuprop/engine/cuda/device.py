"""A GPU: its kernels, and memory and work on it."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from ...sgp4.model import column_dtypes
from .. import operations
from .availability import check, explained, import_cupy
from .source import OPTIONS, source
from .streams import Room, Streams

BLOCK = 128  # threads of a block: the most that propagate.cu is compiled for
GRID_Y = 65535  # CUDA's limit
DeviceColumns = dict[str, Any]  # CuPy arrays by name


class Device:
    """One NVIDIA GPU.

    device: its number. Raises CudaError, with the fix, if it cannot be used.
    """

    def __init__(self, device: int = 0) -> None:
        check(device)
        self.device = device
        self.cupy = import_cupy()
        with explained(self.cupy, device):
            module = self.cupy.RawModule(code=source(), options=OPTIONS)
            self.kernels = {name: module.get_function(name) for name in operations.KERNELS}
            self.streams = Streams.of(self.cupy)
            properties = self.cupy.cuda.runtime.getDeviceProperties(device)
        self.memory_bytes = int(properties["totalGlobalMem"])

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
        record = np.zeros(1, _argument(structure))
        record["job"] = operations.record(structure, members, address)
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


@cache
def _argument(structure: str) -> np.dtype[Any]:
    """Return the type of Launch in propagate.cu; CuPy passes an array of one element by value."""
    return np.dtype([("job", operations.dtype(structure)), ("task", operations.dtype("Task"))])


def address(array: Any) -> int:
    """Return the address of an array on the device."""
    return int(array.data.ptr)
