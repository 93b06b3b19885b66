"""Precision mixed on the CUDA engine."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ...sgp4.model import TEME, View
from ...typing import Columns
from ..mixed import MixedSets
from .availability import explained
from .propagation import CudaPropagation


class MixedPropagation(CudaPropagation):
    """Constants of one set of satellites, resident on a GPU, for blocks of precision mixed.

    exact: the same satellites, also for states of pairs, which are always exact.
    """

    def __init__(self, exact: CudaPropagation) -> None:
        self._exact = exact
        sets = MixedSets.of(exact.constants, exact.model.gravity)
        super().__init__(exact._engine, exact.model, sets.constants)
        self.mixed_count, self._kernels = sets.size, sets.kernels()
        if sets.size:  # instants beyond the reach have a kernel of their own
            self._kernels.insert(1, ("propagate_beyond", slice(0, sets.size)))
        self._mixed_members = sets.members()
        cupy = self._engine.cupy
        with explained(cupy, self._engine.device), self._engine.streams.work():
            self._resident |= {
                "phases": cupy.asarray(np.ascontiguousarray(sets.table.phases)),
                "terms": cupy.asarray(np.ascontiguousarray(sets.table.terms)),
            }

    def __reduce__(self) -> tuple[Any, ...]:
        return MixedPropagation, (self._exact,)

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
