"""Compare filed shells with those that satellites occupy."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ...elements.sets import Elements, checked_elements
from ...messages import counted
from ...notebook import page
from ..presets import relatives
from .planes import Planes, planes_of
from .survey import ON_STATION, FlownShell, Survey, filed_shells, shells

# Operators fly within kilometres of a filed altitude, and some beside the filed inclination.
TOLERANCE_DEG, TOLERANCE_KM = 0.5, 10.0


@dataclass(frozen=True, eq=False)
class Filling:
    """One filed shell and the satellites on station in it.

    Parameters
    ----------
    filed : FlownShell
        The satellites of the filing.
    altitude_km : float
        The altitude filed.
    members : (n,) int64
        Indices of the satellites on station in the flown Elements, rising.
    planes : Planes
        The planes of these satellites.
    flown_km : tuple of float
        Lowest and highest of their altitudes; NaN without satellites.
    near : int
        Satellites of this altitude and inclination that are in no shell: raising, decaying or
        drifting.
    """

    filed: FlownShell
    altitude_km: float
    members: npt.NDArray[np.int64] = field(repr=False)
    planes: Planes = field(repr=False)
    flown_km: tuple[float, float]
    near: int

    @property
    def percent(self) -> float:
        """Satellites flown per hundred filed; more than 100 if more fly."""
        return 100.0 * len(self.members) / len(self.filed)


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """A filing compared with a survey.

    Parameters
    ----------
    fillings : tuple of Filling
        One for each filed shell.
    outside : tuple of FlownShell
        Flown shells that match no filed shell within the tolerances.
    tolerance_deg, tolerance_km : float
        The tolerances of inclination and altitude.
    """

    fillings: tuple[Filling, ...]
    outside: tuple[FlownShell, ...]
    tolerance_deg: float
    tolerance_km: float

    @property
    def satellites_filed(self) -> int:
        """Number of satellites in the filing."""
        return sum(len(each.filed) for each in self.fillings)

    @property
    def satellites_flown(self) -> int:
        """Number of satellites on station in filed shells."""
        return sum(len(each.members) for each in self.fillings)

    @property
    def percent(self) -> float:
        """Satellites flown per hundred filed."""
        return 100.0 * self.satellites_flown / max(self.satellites_filed, 1)

    def __repr__(self) -> str:
        return (
            f"<Comparison: {self.satellites_flown:,} of {self.satellites_filed:,} satellites "
            f"({self.percent:.1f} %) in {counted(len(self.fillings), 'filed shell')}; "
            f"{counted(len(self.outside), 'flown shell')} not filed>"
        )

    def _repr_html_(self) -> str:
        header = ("inclination, deg", "altitude, km", "filed", "flown", "%", "near")
        rows = [
            (
                f"{each.filed.inclination_deg:.2f}",
                f"{each.altitude_km:.1f}",
                f"{len(each.filed):,}",
                f"{len(each.members):,}",
                f"{each.percent:.1f}",
                f"{each.near:,}",
            )
            for each in self.fillings
        ]
        tolerances = f"{self.tolerance_deg:g} deg, {self.tolerance_km:g} km"
        return page(repr(self)[1:-1], {"tolerances": tolerances}, header, rows, "filed shells")


def filling(
    survey: Survey,
    filing: Elements,
    *,
    tolerance_deg: float = TOLERANCE_DEG,
    tolerance_km: float = TOLERANCE_KM,
    gravity: str = "wgs72",
) -> Comparison:
    """Compare the shells of a survey with a filing.

    Parameters
    ----------
    survey : Survey
        What flies, from `gpuprop.shells`.
    filing : Elements
        A constellation as filed, or another catalogue.
    tolerance_deg, tolerance_km : float
        Largest differences of inclination (deg) and altitude (km) between a flown shell and the
        filed shell that it fills.
    gravity : str
        Gravity model for the altitudes: `wgs72`, `wgs72old` or `wgs84`.

    Returns
    -------
    Comparison
        How much of each filed shell is filled, and which flown shells are not filed.

    Raises
    ------
    ValueError
        For a tolerance that is not positive, and an empty filing.

    Notes
    -----
    A flown shell fills the nearest filed one within both tolerances; distances count in units of
    the tolerances. Both altitudes are mean radii of SGP4's orbits minus the equatorial radius. An
    operator who takes a filed altitude for the semi-major axis flies up to 5 km from it by this
    measure (Starlink's 97.6 deg shell, filed at 560 km, flies at 564.7), well within the tolerance.
    """
    if not (tolerance_deg > 0.0 and tolerance_km > 0.0):
        raise ValueError(
            f"tolerances of {tolerance_deg} deg and {tolerance_km} km match nothing: give "
            "positive ones"
        )
    if not isinstance(survey, Survey):
        raise TypeError(f"survey must be a result of gpuprop.shells, not {type(survey).__name__}")
    if not len(checked_elements(filing, "filing")):
        raise ValueError("the filing has no satellites")
    synthetic = bool(filing.synthetic.all())
    wanted = filed_shells(filing, gravity) if synthetic else tuple(shells(filing, gravity=gravity))
    if not wanted:
        raise ValueError("the filing has no shell: its satellites are on different orbits")
    places = np.array([(shell.inclination_deg, shell.altitude_km) for shell in wanted])

    def nearest(inclination: npt.ArrayLike, altitude: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the number of the filed shell of each; -1 for none."""
        apart = (np.stack([inclination, altitude], axis=-1)[:, None] - places) / (
            tolerance_deg,
            tolerance_km,
        )
        within = (np.abs(apart) <= 1.0).all(axis=-1)
        distance = np.where(within, (apart**2).sum(axis=-1), np.inf)
        return np.where(within.any(axis=1), distance.argmin(axis=1), -1)

    of_shell = nearest(
        [shell.inclination_deg for shell in survey], [shell.altitude_km for shell in survey]
    )
    of_satellite = np.where(
        survey.state == ON_STATION, -1, nearest(survey.orbits.inclination, survey.orbits.altitude)
    )
    fillings = []
    for number, (shell, (_, altitude)) in enumerate(zip(wanted, places.tolist(), strict=True)):
        members = np.flatnonzero(np.isin(survey.shell_number, np.flatnonzero(of_shell == number)))
        flown = survey.orbits.altitude[members]
        fillings.append(
            Filling(
                filed=shell,
                altitude_km=altitude,
                members=members,
                planes=planes_of(survey.orbits.node[members], shell.inclination_deg),
                flown_km=(float(flown.min()), float(flown.max()))
                if len(members)
                else (float("nan"), float("nan")),
                near=int((of_satellite == number).sum()),
            )
        )
    outside = tuple(
        shell for shell, number in zip(survey, of_shell.tolist(), strict=True) if number < 0
    )
    return Comparison(tuple(fillings), outside, tolerance_deg, tolerance_km)


def fitting_better(survey: Survey, comparison: Comparison, name: str) -> list[tuple[str, int]]:
    """Return known constellations of the same system as `name` that match more satellites.

    Each comes with the number of satellites on station that match it within the tolerances of
    `comparison`, the largest first. If an operator does not fly what the filing says, another
    preset may match (qianfan-flown for qianfan). Empty if `name` is not a known constellation, for
    example a file.
    """
    found = []
    for other in relatives(name):
        fits = sum(
            len(flown)
            for flown in survey
            if any(
                abs(flown.inclination_deg - shell.inclination_deg) <= comparison.tolerance_deg
                and abs(flown.altitude_km - shell.altitude_km) <= comparison.tolerance_km
                for shell in other.shells
            )
        )
        if fits > comparison.satellites_flown:
            found.append((other.name, fits))
    return sorted(found, key=lambda each: -each[1])
