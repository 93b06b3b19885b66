"""Many satellites at many instants."""

from collections.abc import Iterable

import numpy.typing as npt

from ..typing import Array
from .julian import Codes, JulianPropagation
from .satrec import Satrec


class SatrecArray:
    """Many satellites, initialised at once and propagated together.

    The array copies what it needs: later changes of a Satrec have no effect on it.

    Parameters
    ----------
    satrecs : iterable of Satrec
        The satellites.

    Raises
    ------
    ValueError
        If an item is not a gpuprop.api.Satrec.
    """

    __slots__ = ("_propagation",)

    def __init__(self, satrecs: Iterable[Satrec]) -> None:
        satellites = []
        for i, satrec in enumerate(satrecs):
            if not isinstance(satrec, Satrec):
                raise ValueError(
                    f"every item must be a gpuprop.api.Satrec, but element {i} is: {satrec!r}"
                )
            satellites.append(satrec._satellite())
        self._propagation = JulianPropagation(satellites)

    def __len__(self) -> int:
        return len(self._propagation)

    def sgp4(self, jd: npt.ArrayLike, fr: npt.ArrayLike) -> tuple[Codes, Array, Array]:
        """Propagate m satellites to n instants.

        Parameters
        ----------
        jd : array_like, (n,)
            Julian dates (UTC), days: the first part of each instant.
        fr : array_like, (n,)
            The second part of each instant, days: usually the fraction of the day.

        Returns
        -------
        e : ndarray of uint8, (m, n)
            Error codes, 0 if there is none; SGP4_ERRORS explains them.
        r : ndarray of float64, (m, n, 3)
            Positions in TEME, km; NaN for the codes 1 to 4.
        v : ndarray of float64, (m, n, 3)
            Velocities in TEME, km/s; NaN for the codes 1 to 4.

        Raises
        ------
        ValueError
            If jd and fr differ in shape or have more than one dimension.
        """
        return self._propagation.states(jd, fr)
