"""Precision mixed on the CUDA engine."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ...sgp4.model import TEME, View
from ...typing import Columns
from .. import operations
from ..mixed import MixedSets
from .availability import explained
from .propagation import CudaPropagation


class MixedPropagation(CudaPropagation):
    """Constants of one set of satellites, resident on a GPU, for blocks of precision mixed.

    exact: the same satellites, also for states of pairs, which are always exact.
    """

    def __init__(self, exact: CudaPropagation) -> None:
        self._exact = exact
        self._sets = MixedSets.of(exact.constants, exact.model.gravity)
        super().__init__(exact._engine, exact.model, self._sets.constants)
        cupy = self._engine.cupy
        with explained(cupy, self._engine.device), self._engine.streams.work():
            self._resident |= {
                "phases": cupy.asarray(np.ascontiguousarray(self._sets.table.phases)),
                "terms": cupy.asarray(np.ascontiguousarray(self._sets.table.terms)),
            }

    def __reduce__(self) -> tuple[Any, ...]:
        return MixedPropagation, (self._exact,)

    @property
    def mixed_count(self) -> int:
        """Number of satellites with precision mixed: the first ones in execution order."""
        return self._sets.size

    def _kernels(self) -> list[tuple[str, slice]]:
        """Return the kernels; instants beyond the reach have one of their own."""
        kernels = self._sets.kernels(operations.REGIME_NAMES)
        if self._sets.size:
            kernels.insert(1, ("propagate_beyond", slice(0, self._sets.size)))
        return kernels

    def _mixed_members(self) -> dict[str, Any]:
        return self._sets.members()

    def pairs(
        self,
        index: npt.NDArray[np.int64],
        ns: npt.NDArray[np.int64],
        names: tuple[str, ...],
        view: View = TEME,
    ) -> Columns:
        """Compute exact states of pairs: see choice.Propagation."""
        return self._exact.pairs(index, ns, names, view)

    def close(self) -> None:
        """Release the buffers. They come back when they are needed."""
        super().close()
        self._exact.close()
