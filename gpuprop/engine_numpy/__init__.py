"""The numpy engine: SGP4 and SDP4 as vectorised numpy, the readable twin of kernels/ (same names, same order of operations).

trig, initialise, near_earth, lunar_solar, resonance, deep_space and orbit hold the mathematics; tiles and workers spread it over a block.
"""

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from ..constants import Constants
from ..model import MeanElements, Model
from ..typing import Columns
from . import workers
from .initialise import initialise
from .tiles import fill, groups

__all__ = ["NumpyEngine", "NumpyPropagation"]

WORTH_WORKERS = 4_000_000  # states: about a second of one core; starting the workers takes a third of one


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class NumpyEngine:
    """Runs everywhere numpy does."""

    name = "numpy"

    def __init__(self, threads: int | None = None) -> None:
        self.threads = min(threads or usable_cores(), usable_cores())

    def load(self, model: Model, elements: MeanElements, epoch_ns: npt.NDArray[np.int64]) -> "NumpyPropagation":
        """Initialise element sets, (n,) each, and keep their constants."""
        with np.errstate(all="ignore"):
            values, regime = initialise(model.gravity, model.opsmode, elements)
        return NumpyPropagation(model, Constants.sort(values, regime, epoch_ns), self.threads)


class NumpyPropagation:
    """Constants of one set of satellites, ready to be propagated."""

    def __init__(self, model: Model, constants: Constants, threads: int) -> None:
        self.model = model
        self.constants = constants
        self._groups = groups(model, constants)
        self._threads = threads
        self._workers: workers.Workers | None = None
        self._states = 0

    def block(self, ns: npt.NDArray[np.int64], names: tuple[str, ...]) -> Columns:
        """The columns called `names`, (n_times, n_sats) each, at ns (n_times,) nanoseconds since 1970-01-01 UTC."""
        n_sats = len(self.constants)
        dtypes = {name: "uint8" if name == "status" else "float64" for name in names}
        self._states += len(ns) * n_sats
        if self._threads > 1 and self._states > WORTH_WORKERS and workers.available():
            if self._workers is None or self._workers.pid != os.getpid():  # a fork must not speak to its parent's workers
                self._workers = workers.Workers(self._threads, self.model, self.constants)
            return self._workers.block(ns, n_sats, dtypes)
        out = {name: np.empty((len(ns), n_sats), dtype) for name, dtype in dtypes.items()}
        fill(self._groups, ns, out)
        return out

    def close(self) -> None:
        """End the worker processes; they start again when they are needed."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_workers": None}
