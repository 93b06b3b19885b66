"""Many satellites at many instants."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..engine_numpy import NumpyEngine
from ..engine_numpy.tiles import Group, fill_minutes, groups, tiles
from ..model import Model
from ..typing import Array, Columns
from .satrec import IMPLAUSIBLE, Codes, Satrec, mean_elements


class SatrecArray:
    """Many satellites, initialised at once and propagated together. It copies what it needs: later changes of a Satrec do not reach it."""

    __slots__ = ("_empty", "_epoch", "_length", "_parts")

    def __init__(self, satrecs: Iterable[Satrec]) -> None:
        satrecs = list(satrecs)
        members: dict[Model, list[int]] = {}
        for i, satrec in enumerate(satrecs):
            if not isinstance(satrec, Satrec):
                raise ValueError(f"every item must be a gpuprop.api.Satrec, but element {i} is: {satrec!r}")
            members.setdefault(satrec._model, []).append(i)
        self._length = len(satrecs)
        self._epoch = np.array([(satrec.jdsatepoch, satrec.jdsatepochF) for satrec in satrecs]).reshape(-1, 2)
        self._empty = np.array([satrec.no_kozai == 0.0 for satrec in satrecs], bool)
        self._parts = []
        for model, indices in members.items():
            elements = mean_elements([satrecs[i]._orbit for i in indices])
            constants = NumpyEngine(1).load(model, elements, np.zeros(len(indices), np.int64)).constants
            constants = replace(constants, order=np.array(indices)[constants.order])
            self._parts.append((groups(model, constants), self._epoch[constants.order].T))

    def __len__(self) -> int:
        return self._length

    def sgp4(self, jd: npt.ArrayLike, fr: npt.ArrayLike) -> tuple[Codes, Array, Array]:
        """Error codes (m, n), positions (m, n, 3) km and velocities (m, n, 3) km/s of m satellites at n Julian dates jd + fr, (n,) each.

        NaN for the codes 1 to 4. ValueError if jd and fr differ in shape or are not one-dimensional.
        """
        jd, fr = np.atleast_1d(np.asarray(jd, np.float64)), np.atleast_1d(np.asarray(fr, np.float64))
        if jd.shape != fr.shape or jd.ndim != 1:
            raise ValueError(f"jd and fr must have the same shape and one dimension: they have {jd.shape} and {fr.shape}")
        lost = ~(np.isfinite(jd) & np.isfinite(fr))  # the steps of a resonance cannot be counted; SGP4 gives NaN and no error
        shape = (self._length, len(jd))
        e, r, v = np.empty(shape, np.uint8), np.empty((*shape, 3)), np.empty((*shape, 3))
        columns: Columns = {"status": e.T, "x": r[..., 0].T, "y": r[..., 1].T, "z": r[..., 2].T}
        columns |= {"vx": v[..., 0].T, "vy": v[..., 1].T, "vz": v[..., 2].T}
        for part, (jd0, fr0) in self._parts:

            def minutes(instants: slice, group: Group, jd0: Array = jd0, fr0: Array = fr0) -> Array:
                whole = (jd[instants, None] - jd0[group.satellites]) * 1440.0
                t = whole + (fr[instants, None] - fr0[group.satellites]) * 1440.0
                return np.where(lost[instants, None], 0.0, t) if lost.any() else np.asarray(t)

            fill_minutes(tiles(part, len(jd)), minutes, columns)
        e[e == IMPLAUSIBLE] = 0
        e[self._empty] = 2
        e[:, lost], r[:, lost], v[:, lost] = 0, np.nan, np.nan
        return e, r, v
