"""Satellites for the interface of python-sgp4: one state, and two-part Julian dates."""

import ctypes
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...sgp4.constants import FIELDS
from ...sgp4.model import MeanElements, Model
from ...typing import Array
from .. import operations
from .kernels import SatelliteState, TaskList, library, task_list

_Elements = ctypes.c_double * len(MeanElements._fields)
_RESULTS = ("x", "y", "z", "vx", "vy", "vz", "status")
# the results in a SatelliteState, without the state of its resonance
_read_state = struct.Struct(
    "".join(
        "8x" if member not in _RESULTS else "d" if kind == "double" else "q"
        for member, kind in operations.STRUCTURES["SatelliteState"].items()
    )
).unpack


class JulianStates(NamedTuple):
    """Arrays for states in the layout of python-sgp4; C-contiguous."""

    status: npt.NDArray[np.uint8]  # (n_sats, n_times)
    r: Array  # (n_sats, n_times, 3) km
    v: Array  # (n_sats, n_times, 3) km/s


class CpuSatellite:
    """One satellite, ready to be propagated to one instant after another. Threads may share it.

    elements: one element set, with the fields of MeanElements. Raises CpuUnavailableError without
    compiled kernels.
    """

    __slots__ = ("_address", "_latest", "_propagate", "_satellite", "table")

    def __init__(self, model: Model, elements: Iterable[float]) -> None:
        kernels = library()
        self.table: Array = np.empty((len(FIELDS), 1))  # the constants
        self._satellite = operations.argument(
            "Satellite", **operations.model_members(model), constants=self.table
        )
        self._address = ctypes.addressof(self._satellite)
        self._latest = SatelliteState()
        kernels.satellite_initialise(self._address, _Elements(*elements), self._latest)
        self._propagate = kernels.satellite_state

    def state(self, t: float) -> tuple[float, float, float, float, float, float, int]:
        """Compute x, y, z (km), vx, vy, vz (km/s) and status, t minutes after the epoch."""
        # a new object each time: another thread may use this satellite at the same time
        state = SatelliteState()
        self._propagate(self._address, t, self._latest, state)
        self._latest = state
        return _read_state(state)

    @property
    def regime(self) -> int:
        """The regime, as in gpuprop.sgp4.constants."""
        return int(self._satellite.regime)

    def constant(self, name: str) -> float:
        """Return an initialised constant by its name in kernels/constants.def."""
        return float(self.table[FIELDS.index(name), 0])


class CpuJulian:
    """Satellites of one model, ready to be propagated to two-part Julian dates, as in python-sgp4.

    All arrays are in execution order. table: (len(FIELDS), stride) constants. bounds: regime ->
    slice. epoch: (2, n) Julian dates in two parts. rows: (n,) row of each satellite in the output.
    """

    def __init__(
        self,
        model: Model,
        table: Array,
        bounds: dict[int, slice],
        epoch: Array,
        rows: npt.NDArray[np.int64],
    ) -> None:
        epoch, rows = np.ascontiguousarray(epoch), np.ascontiguousarray(rows, np.int64)
        self._arguments = (model, table, bounds, epoch, rows)
        self._job = operations.argument(
            "JulianJob",
            **operations.model_members(model),
            constants=table,
            stride=table.shape[1],
            jd0=epoch[0],
            fr0=epoch[1],
            place=rows,
        )
        self._tasks = np.concatenate(
            [
                task_list(f"julian_{operations.REGIME_NAMES[regime]}", [(part.start, part.stop)])
                for regime, part in bounds.items()
            ]
        )
        self._list = TaskList(self._tasks.ctypes.data, len(self._tasks), 0)
        self._work = library().work[library().widths[0]]

    def __reduce__(self) -> tuple[type["CpuJulian"], tuple[Any, ...]]:
        return CpuJulian, self._arguments

    def fill(self, jd: Array, fr: Array, out: JulianStates) -> None:
        """Write the states at jd + fr, each (n_times,), into the rows of these satellites."""
        jd, fr = np.ascontiguousarray(jd), np.ascontiguousarray(fr)
        # copies: another thread may use these satellites at the same time
        job = type(self._job).from_buffer_copy(self._job)
        job.jd, job.fr, job.n_times = jd.ctypes.data, fr.ctypes.data, len(jd)
        job.status, job.r, job.v = out.status.ctypes.data, out.r.ctypes.data, out.v.ctypes.data
        tasks = TaskList.from_buffer_copy(self._list)
        self._work(ctypes.byref(job), ctypes.byref(tasks))
