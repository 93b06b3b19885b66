"""The input of every engine: the model, the view and the mean elements in SGP4's units."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..literals import OpsMode, Precision
from ..typing import Array
from .earth_rotation import EarthTable
from .gravity import Gravity


@dataclass(frozen=True)
class Model:
    """The choices that, with an element set and an instant, define a state.

    Parameters
    ----------
    gravity : Gravity
        The gravity model: the Earth's radius (km), mu, J2, J3 and J4.
    opsmode : {"i", "a"}
        The mode of SGP4: improved, or that of the Air Force (AFSPC).

    Raises
    ------
    ValueError
        For another mode.
    """

    gravity: Gravity
    opsmode: OpsMode  # i: improved, a: as AFSPC
    precision: Precision = "exact"  # mixed: see gpuprop.sgp4.mixed

    def __post_init__(self) -> None:
        if self.opsmode not in ("i", "a"):
            raise ValueError(
                f"opsmode {self.opsmode!r} is not known: use i (improved) or a (as AFSPC)"
            )
        if self.precision not in ("exact", "mixed"):
            raise ValueError(
                f"precision {self.precision!r} is not known: use exact, or mixed (at most 1 m off "
                "within 7 days of epoch)"
            )


class View(NamedTuple):
    """The requested frame and the Sun at n_times instants; by default TEME without sunlight."""

    rotation: Array | None = None  # (n_times, 12), TEME -> frame: see gpuprop.frames.rotations
    geodetic: bool = False  # latitude, longitude (deg) and height (km) instead of x, y, z
    sun: Array | None = None  # (n_times, 3) km in TEME, for the column `sunlit`
    earth: EarthTable | None = None  # for pairs: the rotation is computed from it

    def at(self, instants: slice | npt.NDArray[np.intp]) -> "View":
        """Return the view of some of the instants."""
        rotation, sun = (
            None if values is None else values[instants] for values in (self.rotation, self.sun)
        )
        return self._replace(rotation=rotation, sun=sun)


TEME = View()
COORDINATES = ("x", "y", "z", "vx", "vy", "vz")
CODES = ("status", "sunlit")  # the columns of uint8
LOOK = ("azimuth", "elevation", "range", "range_rate")  # rad, rad, km, km/s


def column_dtypes(names: Iterable[str]) -> dict[str, str]:
    """Return the numpy type of each column."""
    return {name: "uint8" if name in CODES else "float64" for name in names}


class MeanElements(NamedTuple):
    """Element sets in the units of SGP4, each field (n,)."""

    epoch: Array  # days since 1949-12-31T00:00 UTC
    no_kozai: Array  # rad/min
    ecco: Array
    inclo: Array  # rad
    nodeo: Array  # rad
    argpo: Array  # rad
    mo: Array  # rad
    bstar: Array  # 1/er
