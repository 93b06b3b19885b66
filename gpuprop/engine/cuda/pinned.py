"""Pinned host memory for blocks, to which a GPU copies at the full speed of the bus."""

from collections import deque
from typing import Any

import numpy as np

from ..buffers import KEPT_BLOCKS, KEPT_BYTES, BufferPool

BUFFERS = KEPT_BLOCKS  # of one pool, lent or kept
LARGEST = KEPT_BYTES  # larger blocks use ordinary memory, which can be swapped out


class PinnedBuffer:
    """Pinned memory of CuPy; the last reference frees it, and gives a slot back."""

    def __init__(self, cupy: Any, size: int, slots: "deque[None]") -> None:
        pointer = cupy.cuda.PinnedMemoryPointer(cupy.cuda.PinnedMemory(size), 0)
        self.array = np.frombuffer(pointer, np.uint8, size)
        self._slots = slots

    def __del__(self) -> None:
        if hasattr(self, "_slots"):  # else there is no pinned memory: the constructor failed
            del self.array
            self._slots.append(None)


def pinned_pool(cupy: Any) -> BufferPool:
    """Return a pool of pinned memory.

    It has at most BUFFERS pinned buffers, of at most LARGEST bytes each. Beyond that, and if the
    system grants no pinned memory, the memory is ordinary and the copy slower. CuPy's own pool of
    pinned memory is not used, because it returns nothing to the system.
    """
    slots: deque[None] = deque([None] * BUFFERS)

    def allocate(size: int) -> PinnedBuffer | None:
        if not 0 < size <= LARGEST:
            return None
        try:
            slots.pop()
        except IndexError:
            return None
        try:
            return PinnedBuffer(cupy, size, slots)
        except cupy.cuda.runtime.CUDARuntimeError:
            slots.append(None)
            return None

    return BufferPool(allocate)
