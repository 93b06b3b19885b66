"""Many satellites at many instants."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..engine.cpu import CpuEngine, CpuJulian, CpuSatellite, JulianStates
from ..engine.numpy import NumpyEngine
from ..engine.numpy.tiles import Group, fill_minutes, groups, tiles
from ..sgp4.model import MeanElements, Model
from ..typing import Array, Columns
from .satrec import IMPLAUSIBLE, Codes, Satrec, compiled

Rows = npt.NDArray[np.intp]


class SatrecArray:
    """Many satellites, initialised at once and propagated together. It copies what it needs: later
    changes of a Satrec do not reach it.
    """

    __slots__ = ("_length", "_parts")

    def __init__(self, satrecs: Iterable[Satrec]) -> None:
        satrecs = list(satrecs)
        members: dict[Model, list[int]] = {}
        for i, satrec in enumerate(satrecs):
            if not isinstance(satrec, Satrec):
                raise ValueError(
                    f"every item must be a gpuprop.api.Satrec, but element {i} is: {satrec!r}"
                )
            members.setdefault(satrec._model, []).append(i)
        self._length = len(satrecs)
        part: Any = _compiled_part if compiled() else _NumpyPart
        self._parts = [
            part(model, [satrecs[i] for i in indices], np.array(indices))
            for model, indices in members.items()
        ]

    def __len__(self) -> int:
        return self._length

    def sgp4(self, jd: npt.ArrayLike, fr: npt.ArrayLike) -> tuple[Codes, Array, Array]:
        """Error codes (m, n), positions (m, n, 3) km and velocities (m, n, 3) km/s of m satellites
        at n Julian dates jd + fr, (n,) each.

        NaN for the codes 1 to 4. ValueError if jd and fr differ in shape or are not
        one-dimensional.
        """
        jd, fr = (
            np.atleast_1d(np.asarray(jd, np.float64)),
            np.atleast_1d(np.asarray(fr, np.float64)),
        )
        if jd.shape != fr.shape or jd.ndim != 1:
            raise ValueError(
                f"jd and fr must have the same shape and one dimension: they have {jd.shape} and "
                f"{fr.shape}"
            )
        shape = (self._length, len(jd))
        out = JulianStates(np.empty(shape, np.uint8), np.empty((*shape, 3)), np.empty((*shape, 3)))
        for part in self._parts:
            part.fill(jd, fr, out)
        out.status[out.status == IMPLAUSIBLE] = 0
        return out.status, out.r, out.v


def _compiled_part(model: Model, satrecs: list[Satrec], rows: Rows) -> CpuJulian:
    """Satellites of one model in the compiled kernels. rows: their places in the array."""
    epochs = _epochs(satrecs)
    if len(satrecs) == 1:
        satellite = CpuSatellite(model, satrecs[0]._orbit.elements())
        return CpuJulian(model, satellite.table, {satellite.regime: slice(0, 1)}, epochs, rows)
    propagation = CpuEngine(1).load(model, _elements(satrecs), np.zeros(len(satrecs), np.int64))
    order = propagation.constants.order
    return CpuJulian(
        model, propagation.table, propagation.constants.bounds, epochs[:, order], rows[order]
    )


class _NumpyPart:
    """Satellites of one model in numpy; as CpuJulian."""

    def __init__(self, model: Model, satrecs: list[Satrec], rows: Rows) -> None:
        constants = (
            NumpyEngine(1)
            .load(model, _elements(satrecs), np.zeros(len(satrecs), np.int64))
            .constants
        )
        self._epoch = _epochs(satrecs)[:, constants.order]
        self._groups = groups(model, replace(constants, order=rows[constants.order]))

    def fill(self, jd: Array, fr: Array, out: JulianStates) -> None:
        """Write the rows of these satellites."""
        e, r, v = out
        columns: Columns = {"status": e.T, "x": r[..., 0].T, "y": r[..., 1].T, "z": r[..., 2].T}
        columns |= {"vx": v[..., 0].T, "vy": v[..., 1].T, "vz": v[..., 2].T}
        jd0, fr0 = self._epoch

        def minutes(instants: slice, group: Group) -> Array:
            whole = (jd[instants, None] - jd0[group.satellites]) * 1440.0
            return np.asarray(whole + (fr[instants, None] - fr0[group.satellites]) * 1440.0)

        fill_minutes(tiles(self._groups, len(jd)), minutes, columns)


def _epochs(satrecs: list[Satrec]) -> Array:
    """(2, n): the two parts of the Julian date of each epoch."""
    return np.array(
        [[satrec.jdsatepoch for satrec in satrecs], [satrec.jdsatepochF for satrec in satrecs]],
        np.float64,
    )


def _elements(satrecs: list[Satrec]) -> MeanElements:
    """The mean elements of n satellites, (n,) each."""
    return MeanElements(*np.array([satrec._orbit.elements() for satrec in satrecs]).T.copy())
