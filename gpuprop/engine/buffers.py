"""Memory for blocks, taken back when the last array on it is gone: pages fresh from the system cost
more than the states in them.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..typing import Columns

# kept for what is to come: how many (computed, encoded, written), how large at most
KEPT_BLOCKS, KEPT_BYTES = 12, 64 << 20
CACHE_LINE = 64


class Piece(Protocol):
    """Some memory."""

    array: npt.NDArray[np.uint8]


class Plain:
    """Memory of this process."""

    def __init__(self, size: int) -> None:
        self.array = np.empty(size, np.uint8)


class Lease:
    """What the arrays on a piece hold on to: it ends with the last of them."""

    def __init__(self, piece: Any, home: "deque[Any] | None") -> None:
        self.__array_interface__ = piece.array.__array_interface__
        self.piece, self._home = piece, home

    def __del__(self) -> None:
        if self._home is not None:
            self._home.append(self.piece)


class Memory:
    """Pieces that `make` makes of a size in bytes. Threads may share it."""

    def __init__(self, make: Callable[[int], Piece] = Plain) -> None:
        self._make = make
        self._kept: deque[Piece] = deque(maxlen=KEPT_BLOCKS)

    def __reduce__(self) -> tuple[type["Memory"], tuple[Any]]:
        return Memory, (self._make,)

    def lease(self, size: int) -> Lease:
        """A piece of at least so many bytes."""
        if size > KEPT_BYTES:
            return Lease(self._make(size), None)
        for _ in range(len(self._kept)):
            try:
                # the last that was used, which is nearest to the processor
                piece = self._kept.pop()
            except IndexError:  # another thread has it
                break
            if size <= piece.array.size <= 2 * size:
                return Lease(piece, self._kept)
            self._kept.appendleft(piece)
        return Lease(self._make(size), self._kept)

    def columns(self, shape: tuple[int, ...], dtypes: dict[str, str]) -> Columns:
        """Columns of a shape and these types, with whatever values they had."""
        layout, size = laid_out(shape, dtypes)
        return columns_on(np.asarray(self.lease(size)), shape, layout)


Layout = dict[str, tuple[str, int]]  # column -> dtype, offset in bytes


def laid_out(shape: tuple[int, ...], dtypes: dict[str, str]) -> tuple[Layout, int]:
    """Where columns are in a piece of memory, and how large it has to be."""
    layout, size = {}, 0
    for name, dtype in dtypes.items():
        layout[name] = (dtype, size)
        size += -(-int(np.prod(shape)) * np.dtype(dtype).itemsize // CACHE_LINE) * CACHE_LINE
    return layout, size


def columns_on(memory: npt.NDArray[np.uint8], shape: tuple[int, ...], layout: Layout) -> Columns:
    """The columns in a piece of memory, which lives as long as any of them."""
    found = {}
    for name, (dtype, offset) in layout.items():
        nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        found[name] = memory[offset : offset + nbytes].view(dtype).reshape(shape)
    return found
