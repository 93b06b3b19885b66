"""A pool of memory for blocks.

Memory that is fresh from the system costs more time than the states in it: the system clears each
page when it is first written. So the memory of a block is used again.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..typing import Columns

# Most buffers that a pool keeps: for blocks that are computed, encoded or written at the same time.
KEPT_BLOCKS = 12
KEPT_BYTES = 64 << 20  # the largest of these buffers
LARGE_BYTES = 128 << 20  # the largest buffer that a pool for large blocks keeps
CACHE_LINE = 64  # bytes


def on_cache_lines(
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    make: Callable[[int, type], npt.NDArray[Any]] = np.zeros,
) -> npt.NDArray[Any]:
    """Make an array that begins at a cache line: of zeros, or with np.empty of any values.

    A vector of eight doubles that lies across two lines takes twice the time. Zeros take no memory
    until they are written.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = make(size + CACHE_LINE, np.uint8)
    first = -memory.ctypes.data % CACHE_LINE
    return memory[first : first + size].view(dtype).reshape(shape)


class Buffer(Protocol):
    """Some memory. It is freed with the last reference to this object."""

    array: npt.NDArray[np.uint8]


class OrdinaryBuffer:
    """Memory of this process."""

    def __init__(self, size: int) -> None:
        self.array = on_cache_lines((size,), np.uint8, np.empty)


class Lease:
    """The base of all arrays on a buffer: with the last of them the buffer returns to its pool."""

    def __init__(self, buffer: Any, pool: "deque[Any] | None") -> None:
        self.__array_interface__ = buffer.array.__array_interface__
        self.buffer, self._pool = buffer, pool

    def __del__(self) -> None:
        if self._pool is not None:
            self._pool.append(self.buffer)


class BufferPool:
    """Lends memory, and lends it again when no array uses it any more.

    - Memory belongs to the borrower as long as any array on it lives. There is nothing to give
      back, and no limit to what is lent.
    - What is lent has arbitrary contents.
    - The pool keeps at most KEPT_BLOCKS unused buffers of up to KEPT_BYTES, and `large` ones of
      up to LARGE_BYTES.
    - Threads may share a pool. A pickled pool is empty.

    allocate: makes a buffer of a size in bytes, or None if it has no memory of its kind. The pool
    then lends any kept buffer that is large enough; else it frees kept ones and tries again; in the
    end it lends ordinary memory, which it does not keep.
    """

    def __init__(
        self, allocate: Callable[[int], Buffer | None] = OrdinaryBuffer, large: int = 0
    ) -> None:
        self._allocate = allocate
        # A lease can end at any time, also inside a call on this pool: a deque needs no lock.
        self._kept: deque[Buffer] = deque(maxlen=KEPT_BLOCKS)
        self._kept_large: deque[Buffer] = deque(maxlen=large)

    def __reduce__(self) -> tuple[type["BufferPool"], tuple[Any, int | None]]:
        return BufferPool, (self._allocate, self._kept_large.maxlen)

    def lease(self, size: int) -> Lease:
        """Lend a buffer of at least `size` bytes."""
        kept, most = self._kept, KEPT_BYTES
        if size > KEPT_BYTES and self._kept_large.maxlen:
            kept, most = self._kept_large, LARGE_BYTES
        if not 0 < size <= most:
            return Lease(self._allocate(size) or OrdinaryBuffer(size), None)
        buffer = _take(kept, size, 2 * size) or self._allocate(size) or _take(kept, size, most)
        while buffer is None and _drop_oldest(kept):
            buffer = self._allocate(size)
        return Lease(OrdinaryBuffer(size), None) if buffer is None else Lease(buffer, kept)

    def columns(self, shape: tuple[int, ...], dtypes: dict[str, str]) -> Columns:
        """Lend columns of one shape, with a numpy type for each name."""
        layout, size = layout_of(shape, dtypes)
        return columns_on(np.asarray(self.lease(size)), shape, layout)


def _take(kept: deque[Buffer], least: int, most: int) -> Buffer | None:
    """Take the last used buffer with a size in this range, since it may be in the cache."""
    for _ in range(len(kept)):
        try:
            buffer = kept.pop()
        except IndexError:  # another thread took it
            break
        if least <= buffer.array.size <= most:
            return buffer
        kept.appendleft(buffer)
    return None


def _drop_oldest(kept: deque[Buffer]) -> bool:
    """Free the buffer that was used longest ago. Return False if there is none."""
    try:
        kept.popleft()
    except IndexError:
        return False
    return True


Layout = dict[str, tuple[str, int]]  # column -> numpy type, offset in bytes


def layout_of(shape: tuple[int, ...], dtypes: dict[str, str]) -> tuple[Layout, int]:
    """Place columns of one shape in a buffer: their layout, and the size of the buffer."""
    layout, size = {}, 0
    for name, dtype in dtypes.items():
        layout[name] = (dtype, size)
        size += -(-math.prod(shape) * np.dtype(dtype).itemsize // CACHE_LINE) * CACHE_LINE
    return layout, size


def columns_on(memory: npt.NDArray[np.uint8], shape: tuple[int, ...], layout: Layout) -> Columns:
    """Return columns on a piece of memory, which lives as long as any of them."""
    found = {}
    for name, (dtype, offset) in layout.items():
        nbytes = math.prod(shape) * np.dtype(dtype).itemsize
        found[name] = memory[offset : offset + nbytes].view(dtype).reshape(shape)
    return found
