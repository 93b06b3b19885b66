"""What the engines that compute in the memory of the host have in common."""

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from ..sgp4.model import TEME, View
from ..typing import Columns
from .buffers import LARGE_BYTES

# Three blocks are in use at once and should stay in the cache of the processor: with larger ones
# runs take up to a tenth longer.
BLOCK_BYTES = 32 << 20
# But to share a block costs a time that does not depend on its size: 16 cores compute 32 MiB in a
# millisecond, and it took them another one to begin.
BYTES_OF_CORE = 8 << 20


def block_bytes(cores: int) -> int:
    """Return the size of a block of the compiled kernels: it grows with the cores, to a limit."""
    return min(max(BLOCK_BYTES, BYTES_OF_CORE * cores), LARGE_BYTES)


class HostPropagation(ABC):
    """A propagation that has no device: a device block is a block."""

    device_block_bytes = None
    least_instants = 1
    block_bytes = BLOCK_BYTES
    ahead = 1  # it has all cores
    mixed_count = 0  # see choice.Propagation

    @abstractmethod
    def block(
        self, ns: npt.NDArray[np.int64], names: tuple[str, ...], view: View = TEME
    ) -> Columns:
        """Compute columns: see choice.Propagation."""

    def room(self, n_times: int, names: tuple[str, ...]) -> None:
        """Return None: there is no device memory to allocate."""
        return None

    def device_block(
        self,
        ns: npt.NDArray[np.int64],
        names: tuple[str, ...],
        view: View = TEME,
        room: None = None,
    ) -> Columns:
        """Compute columns in the memory of the host."""
        return self.block(ns, names, view)
