"""Host memory for blocks: a fixed ring of pinned buffers, to which the GPU copies at the full speed
of the bus.
"""

import math
import weakref
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from ...sgp4.model import column_dtypes
from ...typing import Columns

# a block is being copied, one waits, one is written, and those between them are encoded
BUFFERS = 12
LARGEST = 64 << 20  # bytes: pinned memory cannot be swapped out, so that a huge block does without


class Ring:
    """At most BUFFERS pinned buffers, each lent until no array of its block is left.

    A block may be kept as long as its user likes: while all buffers are lent, for blocks above
    LARGEST, and where the system grants no pinned memory, memory is ordinary and the copy slower.
    CuPy's pool of pinned memory is not used: it returns nothing to the system.
    """

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy
        self._free: deque[Any] = deque([None] * BUFFERS)  # None: not allocated yet

    def columns(self, names: tuple[str, ...], shape: tuple[int, int]) -> Columns:
        """Uninitialised columns of a block."""
        dtypes = {name: np.dtype(dtype) for name, dtype in column_dtypes(names).items()}
        size = math.prod(shape)
        memory = self._take(size * sum(dtype.itemsize for dtype in dtypes.values()))
        found, offset = {}, 0
        # float64 first: it stays aligned
        for name in sorted(names, key=lambda name: -dtypes[name].itemsize):
            nbytes = size * dtypes[name].itemsize
            found[name] = memory[offset : offset + nbytes].view(dtypes[name]).reshape(shape)
            offset += nbytes
        return found

    def _take(self, nbytes: int) -> npt.NDArray[np.uint8]:
        if not 0 < nbytes <= LARGEST:
            return np.empty(nbytes, np.uint8)
        try:
            buffer = self._free.pop()
        except IndexError:
            return np.empty(nbytes, np.uint8)
        if buffer is None or buffer.size() < nbytes:
            try:
                buffer = self._cupy.cuda.PinnedMemoryPointer(
                    self._cupy.cuda.PinnedMemory(nbytes), 0
                )
            except self._cupy.cuda.runtime.CUDARuntimeError:
                self._free.append(buffer)
                return np.empty(nbytes, np.uint8)
        memory = np.frombuffer(buffer, np.uint8, nbytes)
        # every column is a view of this very array and keeps it alive
        weakref.finalize(memory, self._free.append, buffer)
        return memory
