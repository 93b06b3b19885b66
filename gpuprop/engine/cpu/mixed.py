"""Precision mixed on the cpu engine."""

import numpy as np
import numpy.typing as npt

from ...sgp4.constants import FIELDS
from ...sgp4.model import TEME, View
from ...typing import Columns
from ..buffers import on_cache_lines
from ..mixed import MixedSets
from .propagation import CpuPropagation, stride_of

LONGEST = 8  # doubles in the widest vector: precision mixed computes two of them at once


class MixedPropagation(CpuPropagation):
    """Constants of one set of satellites, for blocks of precision mixed.

    exact: the same satellites, also for states of pairs, which are always exact.
    """

    def __init__(self, exact: CpuPropagation) -> None:
        n = len(exact.constants)
        sets = MixedSets.of(exact.constants, exact._model.gravity)
        table = on_cache_lines((len(FIELDS), stride_of(n + LONGEST)), np.float64)
        epochs = on_cache_lines((table.shape[1],), np.int64)
        for row, given in zip(table, exact.table, strict=True):
            np.take(given, sets.order, out=row[:n])
        if n:
            table[:, n:] = table[:, n - 1 : n]
            epochs[:n], epochs[n:] = sets.constants.epoch_ns, sets.constants.epoch_ns[-1]
        super().__init__(exact._engine, exact._model, sets.constants, table, epochs)
        self._exact, self.mixed_count = exact, sets.size
        self._kernels = sets.kernels()
        phases = on_cache_lines(sets.table.phases.shape, np.float64)
        terms = on_cache_lines(sets.table.terms.shape, np.float32)
        phases[:], terms[:] = sets.table
        self._mixed_members = {"phases": phases, "terms": terms, **sets.members()}

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
        """Release the memory that is kept for later blocks and pairs."""
        super().close()
        self._exact.close()
