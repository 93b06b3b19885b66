"""The numpy engine: gpuprop.sgp4, spread over a block by tiles and worker processes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ...sgp4.access import AccessRule, Candidates, propose
from ...sgp4.access_events import BisectionRule, Brackets, EventSearch
from ...sgp4.constants import Constants
from ...sgp4.coverage import CoverageRequest
from ...sgp4.earth_rotation import EarthTable
from ...sgp4.frames import rotate
from ...sgp4.initialise import initialise
from ...sgp4.look_angles import look_from
from ...sgp4.model import COORDINATES, LOOK, TEME, MeanElements, Model, View, column_dtypes
from ...sgp4.orbit import State
from ...typing import Array, Columns
from ..host import HostPropagation
from ..mixed import unavailable
from ..prefetch import usable_cores
from ..screening import CandidatePairs, Screen
from . import workers
from .coverage import NumpyCoverage
from .screening import candidate_pairs
from .tiles import TILE, fill, fill_pairs, groups, shared_tiles

__all__ = ["NumpyEngine", "NumpyPropagation"]

# states: about a second of one core; starting the workers takes a third of one
WORTH_WORKERS = 4_000_000


class NumpyEngine:
    """Runs everywhere numpy does."""

    name = "numpy"

    def __init__(self, threads: int | None = None) -> None:
        self.threads = usable_cores(threads)

    def load(
        self, model: Model, elements: MeanElements, epoch_ns: npt.NDArray[np.int64]
    ) -> "NumpyPropagation":
        """Initialise element sets, (n,) each, and keep their constants."""
        if model.precision == "mixed":
            raise unavailable("engine numpy has none")
        with np.errstate(all="ignore"):
            values, regime = initialise(model.gravity, model.opsmode, elements)
        return NumpyPropagation(model, Constants.sort(values, regime, epoch_ns), self.threads)

    def look_angles(
        self, columns: Columns, rotation: Array | None, sites: Array
    ) -> dict[str, Array]:
        """Compute look angles: see choice.Engine."""
        shape = columns["x"].shape
        out = {name: np.empty((shape[0], len(sites), shape[1])) for name in LOOK}
        with np.errstate(all="ignore"):
            for k in range(0, shape[0], height := max(1, TILE // max(1, shape[1]))):
                here = slice(k, k + height)
                x, y, z, vx, vy, vz = (
                    np.asarray(columns[name][here], np.float64) for name in COORDINATES
                )
                state = State(x, y, z, vx, vy, vz, np.empty(0, np.uint8))
                state = state if rotation is None else rotate(rotation[here], state)
                for number, site in enumerate(sites):
                    for name, values in zip(LOOK, look_from(site, state), strict=True):
                        out[name][here, number] = values
        return out

    def candidate_pairs(self, columns: Columns, screen: Screen) -> CandidatePairs:
        """Find pairs that may come close: see choice.Engine."""
        return candidate_pairs(columns, screen)

    def access(self, columns: Columns, sites: Array, rule: AccessRule) -> Candidates:
        """Find candidates of passes: see choice.Engine."""
        with np.errstate(all="ignore"):
            return propose(columns, sites, rule)

    def coverage(self, request: CoverageRequest) -> NumpyCoverage:
        """Prepare to count satellites in view: see choice.Engine."""
        return NumpyCoverage(request)


class NumpyPropagation(HostPropagation):
    """Constants of one set of satellites, ready to be propagated."""

    def __init__(self, model: Model, constants: Constants, threads: int) -> None:
        self.model = model
        self.constants = constants
        self._groups = groups(model, constants)
        self._threads = threads
        self._workers: workers.Workers | None = None
        self._states = 0

    def block(
        self, ns: npt.NDArray[np.int64], names: tuple[str, ...], view: View = TEME
    ) -> Columns:
        """Compute columns: see choice.Propagation."""
        n_sats = len(self.constants)
        dtypes = column_dtypes(names)
        self._states += len(ns) * n_sats
        if self._threads > 1 and self._states > WORTH_WORKERS and workers.available():
            # a forked process must not use the workers of its parent
            if self._workers is None or not self._workers.usable:
                self._workers = workers.Workers(self._threads, self.model, self.constants)
            return self._workers.block(
                ns, n_sats, dtypes, view, len(shared_tiles(self._groups, len(ns)))
            )
        out = {name: np.empty((len(ns), n_sats), dtype) for name, dtype in dtypes.items()}
        fill(self._groups, ns, out, view=view)
        return out

    def pairs(
        self,
        index: npt.NDArray[np.int64],
        ns: npt.NDArray[np.int64],
        names: tuple[str, ...],
        view: View = TEME,
    ) -> Columns:
        """Compute pairs: see choice.Propagation."""
        out = {name: np.empty(len(ns), dtype) for name, dtype in column_dtypes(names).items()}
        fill_pairs(self.model, self.constants, index, ns, out, view)
        return out

    def events(
        self,
        found: Candidates,
        wanted: npt.NDArray[np.int64],
        search: EventSearch,
        earth: EarthTable,
    ) -> None:
        """Leave it to the twin: see choice.Propagation."""

    def bisect(
        self, brackets: Brackets, sites: Array, rule: BisectionRule, earth: EarthTable
    ) -> None:
        """Leave it to first_true: see choice.Propagation."""

    def close(self) -> None:
        """End the worker processes; they start again when they are needed."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_workers": None}
