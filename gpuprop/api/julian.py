"""Satellites of any models, propagated together to Julian dates in two parts.

Satrec and SatrecArray are both built on this module. It uses the compiled kernels, or else numpy
with the same bits.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ..engine.choice import requested_name
from ..engine.cpu import CpuEngine, CpuJulian, CpuSatellite, JulianStates, usable
from ..engine.numpy import NumpyEngine
from ..engine.numpy.tiles import Group, fill_minutes, groups, tiles
from ..sgp4.model import MeanElements, Model
from ..typing import Array, Columns

IMPLAUSIBLE = 10  # gpuprop.STATUS; python-sgp4 has no such code

Codes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.intp]


@cache
def compiled() -> bool:
    """Return whether the compiled kernels are used.

    They are if they are installed, unless GPUPROP_ENGINE is numpy.
    """
    return usable()[0] and requested_name(None) != "numpy"


class Satellite(NamedTuple):
    """What defines the states of one satellite at Julian dates."""

    model: Model
    elements: tuple[float, ...]  # in the order of MeanElements
    jd: float  # epoch, days, in two parts: SGP4 counts minutes from it
    fr: float


class _Part(Protocol):
    """Satellites of one model."""

    def fill(self, jd: Array, fr: Array, out: JulianStates) -> None:
        """Write the states at jd + fr, (n_times,) each, into the rows of these satellites."""


class JulianPropagation:
    """Satellites, initialised and ready to be propagated."""

    __slots__ = ("_length", "_parts")

    def __init__(self, satellites: Sequence[Satellite]) -> None:
        rows: dict[Model, list[int]] = {}
        for row, satellite in enumerate(satellites):
            rows.setdefault(satellite.model, []).append(row)
        part = _compiled_part if compiled() else _NumpyPart
        self._length = len(satellites)
        self._parts: list[_Part] = [
            part(model, [satellites[row] for row in indices], np.array(indices))
            for model, indices in rows.items()
        ]

    def __len__(self) -> int:
        return self._length

    def states(self, jd: npt.ArrayLike, fr: npt.ArrayLike) -> tuple[Codes, Array, Array]:
        """Return codes (m, n), positions and velocities (m, n, 3) of m satellites at n instants.

        The instants are the Julian dates jd + fr, (n,) each.
        """
        jd = np.atleast_1d(np.asarray(jd, np.float64))
        fr = np.atleast_1d(np.asarray(fr, np.float64))
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


def _compiled_part(model: Model, satellites: list[Satellite], rows: Rows) -> CpuJulian:
    """Initialise satellites of one model in the compiled kernels; rows: where they go."""
    epochs = _epochs(satellites)
    if len(satellites) == 1:  # faster to initialise than an engine
        one = CpuSatellite(model, satellites[0].elements)
        return CpuJulian(model, one.table, {one.regime: slice(0, 1)}, epochs, rows)
    propagation = CpuEngine(1).load(model, _elements(satellites), np.zeros(len(rows), np.int64))
    constants = propagation.constants
    order = constants.order
    return CpuJulian(model, propagation.table, constants.bounds, epochs[:, order], rows[order])


class _NumpyPart:
    """Satellites of one model in numpy: the twin of CpuJulian."""

    def __init__(self, model: Model, satellites: list[Satellite], rows: Rows) -> None:
        propagation = NumpyEngine(1).load(
            model, _elements(satellites), np.zeros(len(rows), np.int64)
        )
        constants = propagation.constants
        self._epoch = _epochs(satellites)[:, constants.order]
        self._groups = groups(model, replace(constants, order=rows[constants.order]))

    def fill(self, jd: Array, fr: Array, out: JulianStates) -> None:
        """Write the states at jd + fr, (n_times,) each, into the rows of these satellites."""
        e, r, v = out
        columns: Columns = {"status": e.T, "x": r[..., 0].T, "y": r[..., 1].T, "z": r[..., 2].T}
        columns |= {"vx": v[..., 0].T, "vy": v[..., 1].T, "vz": v[..., 2].T}
        jd0, fr0 = self._epoch

        def minutes(instants: slice, group: Group) -> Array:
            days = (jd[instants, None] - jd0[group.satellites]) * 1440.0
            return np.asarray(days + (fr[instants, None] - fr0[group.satellites]) * 1440.0)

        fill_minutes(tiles(self._groups, len(jd)), minutes, columns)


def _epochs(satellites: list[Satellite]) -> Array:
    """Return the two parts of the Julian date of each epoch, (2, n)."""
    return np.array(
        [[each.jd for each in satellites], [each.fr for each in satellites]], np.float64
    )


def _elements(satellites: list[Satellite]) -> MeanElements:
    """Return the mean elements, (n,) each."""
    return MeanElements(*np.array([each.elements for each in satellites]).T.copy())
