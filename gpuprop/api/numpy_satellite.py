"""One satellite in numpy.

It is used without the compiled kernels, and for the averages, which the kernels do not return.
"""

import copy
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..engine.numpy import NumpyEngine
from ..engine.numpy.tiles import Group
from ..sgp4.constants import DEEP_SPACE, NEAR_EARTH
from ..sgp4.lunar_solar import MOON_NAMES, SUN_NAMES
from ..sgp4.model import MeanElements, Model

TWO_PI = 2.0 * math.pi


class SinglyAveraged(NamedTuple):
    """Mean elements at an instant: with secular effects, without lunar-solar periodics."""

    am: float  # semi-major axis, Earth radii
    em: float  # eccentricity
    im: float  # inclination, rad
    Om: float  # right ascension of the ascending node, rad
    om: float  # argument of perigee, rad
    mm: float  # mean anomaly, rad
    nm: float  # mean motion, rad/min


class NumpySatellite:
    """One satellite, initialised: the twin of engine.cpu.CpuSatellite.

    elements: one element set, in the order of MeanElements.
    """

    __slots__ = ("_group", "_model", "regime")

    def __init__(self, model: Model, elements: Iterable[float]) -> None:
        columns = MeanElements(*(np.array([value]) for value in elements))
        constants = NumpyEngine(1).load(model, columns, np.zeros(1, np.int64)).constants
        self._model = model
        (self.regime,) = constants.bounds
        self._group = Group(model, constants, self.regime, slice(0, 1))
        # arrays of one element are four times slower than scalars
        self._group.constants = {name: value[0] for name, value in self._group.constants.items()}

    def state(self, t: float) -> tuple[float, float, float, float, float, float, int]:
        """Return x, y, z (km), vx, vy, vz (km/s) and status, t minutes after the epoch."""
        with np.errstate(all="ignore"):
            state = self._group.states(self._instant(t))
        x, y, z, vx, vy, vz = (float(part.item()) for part in state[:6])
        return x, y, z, vx, vy, vz, int(state.status.item())

    def constant(self, name: str) -> float:
        """Return an initialised constant by its name in kernels/constants.def."""
        return float(self._group.constants[name])

    def averages(self, t: float) -> SinglyAveraged:
        """Return the mean elements t minutes after the epoch."""
        group = copy.copy(self._group)
        # With lunar-solar amplitudes of zero the periodics are zero. The mean orbit does not depend
        # on the inclination, and 1 rad avoids Lyddane's case.
        if self.regime != NEAR_EARTH:
            scalars: Any = dict.fromkeys((*SUN_NAMES, *MOON_NAMES, "didt"), np.float64(0.0))
            scalars["inclo"] = np.float64(1.0)
            group.constants = {**group.constants, **scalars}
        with np.errstate(all="ignore"):
            mean, _ = group.mean(self._instant(t))
            nm = float(self._model.gravity.xke / np.float64(np.ravel(mean.am)[0]) ** 1.5)
        im = self.constant("inclo") + self.constant("didt") * t
        am, em, argpm, nodem, mm = (
            float(np.ravel(part)[0]) for part in (mean.am, mean.em, mean.argpm, mean.nodem, mean.mm)
        )
        xlm = _remainder(mm + argpm + nodem)
        argpm, nodem = _remainder(argpm), _remainder(nodem)
        return SinglyAveraged(am, em, im, nodem, argpm, _remainder(xlm - argpm - nodem), nm)

    def _instant(self, t: float) -> Any:
        """Return t as the engine needs it.

        Resonances need an array of two dimensions; for other orbits a scalar is much faster.
        """
        return np.float64(t) if self.regime <= DEEP_SPACE else np.array([[t]])


def _remainder(angle: float) -> float:
    """Return the angle (rad) without whole turns, NaN if it is not finite."""
    return math.fmod(angle, TWO_PI) if math.isfinite(angle) else math.nan
