"""Shells filed against shells flown: how much of each is filled, and what flies outside the filing."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ...elements.sets import Elements, checked_elements
from ..presets import relatives
from .planes import Planes, planes_of
from .survey import ON_STATION, FlownShell, Survey, filed, shells

# operators keep kilometres to a filed altitude; some fly inclinations beside the filed one
TOLERANCE_DEG, TOLERANCE_KM = 0.5, 10.0


@dataclass(frozen=True, eq=False)
class Filling:
    """One filed shell and the satellites on station in it.

    filed: its satellites are those of the filing. altitude_km: as filed. members: places in the
    flown Elements, rising; planes: theirs. flown_km: lowest and highest of their altitudes, NaN
    where there is none. near: satellites of like altitude and inclination that are in no shell:
    raising, decaying or drifting.
    """

    filed: FlownShell
    altitude_km: float
    members: npt.NDArray[np.int64] = field(repr=False)
    planes: Planes = field(repr=False)
    flown_km: tuple[float, float]
    near: int

    @property
    def percent(self) -> float:
        """Satellites flown of a hundred filed; more than 100 where more fly."""
        return 100.0 * len(self.members) / len(self.filed)


@dataclass(frozen=True, eq=False)
class Comparison:
    """A filing against what flies. outside: flown shells that no filed shell matches within the
    tolerances.
    """

    fillings: tuple[Filling, ...]
    outside: tuple[FlownShell, ...]
    tolerance_deg: float
    tolerance_km: float

    @property
    def satellites_filed(self) -> int:
        return sum(len(each.filed) for each in self.fillings)

    @property
    def satellites_flown(self) -> int:
        """On station in filed shells."""
        return sum(len(each.members) for each in self.fillings)

    @property
    def percent(self) -> float:
        return 100.0 * self.satellites_flown / max(self.satellites_filed, 1)


def filling(
    survey: Survey,
    filing: Elements,
    *,
    tolerance_deg: float = TOLERANCE_DEG,
    tolerance_km: float = TOLERANCE_KM,
    gravity: str = "wgs72",
) -> Comparison:
    """How much of `filing` (a constellation as filed, or another catalogue) the satellites of
    `survey` fill.

    A flown shell fills the filed one that is nearest, of those within both tolerances; the
    distances count in units of the tolerances. Both altitudes are mean radii of SGP4's orbits minus
    the equatorial radius. An operator who takes a filed altitude for the semi-major axis flies up
    to 5 km from it by this measure (Starlink's 97.6 deg shell, filed at 560 km, flies at 564.7),
    well within the tolerance. ValueError for a tolerance that is not positive, and an empty filing.
    """
    if not (tolerance_deg > 0.0 and tolerance_km > 0.0):
        raise ValueError(
            f"tolerances of {tolerance_deg} deg and {tolerance_km} km match nothing: give "
            "positive ones"
        )
    if not isinstance(survey, Survey):
        raise TypeError(f"survey must be what gpuprop.shells gives, not {type(survey).__name__}")
    if not len(checked_elements(filing, "filing")):
        raise ValueError("the filing has no satellites")
    synthetic = bool(filing.synthetic.all())
    wanted = filed(filing, gravity) if synthetic else tuple(shells(filing, gravity=gravity))
    if not wanted:
        raise ValueError("what to compare with holds no shell")
    places = np.array([(shell.inclination_deg, shell.altitude_km) for shell in wanted])

    def nearest(inclination: npt.ArrayLike, altitude: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Number of the filed shell of each, -1 for none."""
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
        members = np.flatnonzero(np.isin(survey.of, np.flatnonzero(of_shell == number)))
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
    """Known constellations of the same system as `name` that match more satellites on station,
    within the tolerances of `comparison`.

    Each with the number of satellites that match it, the largest first. If what flies is not the
    filing, another preset may match (qianfan-flown for qianfan). Empty if `name` is not a known
    constellation, for example a file.
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
