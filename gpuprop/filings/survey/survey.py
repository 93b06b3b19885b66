"""Satellites -> shells, and which satellites are on the way to a shell or from one.

Satellites on station have many neighbours within kilometres of altitude and hundredths of a degree
of inclination; all others have few. A satellite with enough neighbours is a seed. Seeds are
separated at every gap in altitude or inclination; the groups that remain are the shells. The
limits below follow from station keeping and are the same for every constellation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
import numpy.typing as npt

from ...elements.sets import Elements, checked_elements
from ...messages import counted
from ...notebook import page
from ...typing import Array, Mask
from .orbits import Orbits, orbits_of
from .planes import Planes, planes_of

Members = npt.NDArray[np.int64]

LEAST = 8  # satellites near a seed, itself included
NEAR_KM, NEAR_DEG = 2.0, 0.02  # two satellites this close are neighbours
# Gaps between shells. OneWeb's planes are 4 km above each other, Starlink's shells 10 km and 0.05
# deg apart.
GAP_KM, GAP_DEG = 5.0, 0.04
FILED_KM, FILED_DEG = 0.5, 0.005  # gaps between shells of a filing
MAX_ECCENTRICITY = 0.01  # satellites of more eccentric orbits are in no shell
PASSING = 1.0  # km/day; satellites that climb faster only pass through a shell
SLOW = 0.1  # km/day; satellites that climb more slowly are drifting, not raising or decaying
# A satellite this near to the inclination of a shell is on its way there or from there.
FAMILY_DEG = 0.2
FINE_KM, FINE_DEG = 0.01, 1e-4  # grid on which neighbours are counted

STATES = ("on station", "raising", "decaying", "drifting")
ON_STATION, RAISING, DECAYING, DRIFTING = range(4)


@dataclass(frozen=True, eq=False)
class FlownShell:
    """Satellites on station on similar orbits.

    Parameters
    ----------
    members : (n,) int64
        Indices in the Elements, rising: `survey.elements[shell.members]` are the satellites.
    inclination_deg : float
        Median inclination.
    inclinations_deg : tuple of float
        Lowest and highest inclination.
    altitude_km : float
        Median of the altitudes (mean radius of SGP4's orbit minus the equatorial radius, as in
        presets and conditions).
    altitudes_km : tuple of float
        Lowest and highest altitude.
    semi_major_axis_km : float
        Median of SGP4's semi-major axes, which operators control. Minus the equatorial radius it
        differs from the altitude by up to 5 km.
    planes : Planes
        The planes at the epoch of the survey.
    """

    members: Members = field(repr=False)
    inclination_deg: float
    inclinations_deg: tuple[float, float]
    altitude_km: float
    altitudes_km: tuple[float, float]
    semi_major_axis_km: float
    planes: Planes = field(repr=False)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def satellites_per_plane(self) -> float:
        """Median number of satellites on a plane."""
        return float(np.median(self.planes.satellites)) if len(self.planes) else 0.0


@dataclass(frozen=True, eq=False)
class Between:
    """Satellites with the inclination of some shells, but in none of them.

    Parameters
    ----------
    inclination_deg : float
        Median inclination of those shells; NaN for satellites of all other inclinations.
    members : dict of str to (n,) int64
        Indices as in FlownShell, by state.
    """

    inclination_deg: float
    members: dict[str, Members] = field(repr=False)


@dataclass(frozen=True, eq=False, repr=False)
class Survey(Sequence[FlownShell]):
    """The shells of n satellites, as a sequence, and the state of every satellite.

    Parameters
    ----------
    shells : tuple of FlownShell
        By inclination and altitude.
    elements : Elements
        The n element sets surveyed, one for each satellite (Elements.latest of those given; a note
        says what was left out).
    orbits : Orbits
        Their mean orbits.
    shell_number : (n,) int64
        The shell of each satellite; -1 for none.
    state : (n,) uint8
        Index into STATES; `where(name)` gives a mask instead.
    """

    shells: tuple[FlownShell, ...]
    elements: Elements
    orbits: Orbits
    shell_number: npt.NDArray[np.int64]
    state: npt.NDArray[np.uint8]

    @property
    def epoch(self) -> np.datetime64:
        """Epoch of the nodes, UTC: the median epoch of the element sets."""
        return np.datetime64(self.orbits.epoch_ns, "ns")

    def where(self, state: str) -> Mask:
        """Return a mask of the satellites in a state.

        Parameters
        ----------
        state : str
            `on station`, `raising`, `decaying` or `drifting`.

        Returns
        -------
        (n,) bool
            True for these satellites.

        Raises
        ------
        ValueError
            For any other word.
        """
        if state not in STATES:
            raise ValueError(f"state {state!r} is not one of {', '.join(STATES)}")
        return np.asarray(self.state == STATES.index(state))

    def between(self) -> tuple[Between, ...]:
        """Return the satellites in no shell, grouped by the inclinations of the shells.

        Returns
        -------
        tuple of Between
            The last one has the satellites of other inclinations.
        """
        middles = np.array([shell.inclination_deg for shell in self.shells])
        family = _families(middles)
        families = [
            float(np.median(middles[family == number]))
            for number in range(family.max(initial=-1) + 1)
        ]
        distance = np.abs(self.orbits.inclination[:, None] - np.array([*families, np.nan]))
        distance[:, -1] = FAMILY_DEG
        family = np.argmin(distance, axis=1)
        found = []
        for number, inclination in enumerate([*families, float("nan")]):
            members = {
                name: np.flatnonzero((family == number) & self.where(name)) for name in STATES[1:]
            }
            if any(map(len, members.values())):
                found.append(Between(inclination, members))
        return tuple(found)

    def __len__(self) -> int:
        return len(self.shells)

    def __repr__(self) -> str:
        states = ", ".join(f"{int(self.where(name).sum()):,} {name}" for name in STATES)
        return (
            f"<Survey: {counted(len(self.elements), 'satellite')} in "
            f"{counted(len(self.shells), 'shell')}; {states}>"
        )

    def _repr_html_(self) -> str:
        header = ("inclination, deg", "altitude, km", "satellites", "planes", "on a plane")
        rows = [
            (
                f"{shell.inclination_deg:.2f}",
                f"{shell.altitude_km:.1f}",
                f"{len(shell):,}",
                len(shell.planes),
                f"{shell.satellites_per_plane:g}",
            )
            for shell in self.shells
        ]
        epoch = np.datetime_as_string(self.epoch, unit="s") if len(self.elements) else "none"
        facts = {"epoch of the nodes, UTC": epoch}
        return page(repr(self)[1:-1], facts, header if rows else (), rows, "shells")

    @overload
    def __getitem__(self, index: int) -> FlownShell: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[FlownShell, ...]: ...
    def __getitem__(self, index: int | slice) -> FlownShell | tuple[FlownShell, ...]:
        return self.shells[index]

    def __iter__(self) -> Iterator[FlownShell]:
        return iter(self.shells)


def shells(elements: Elements, *, least: int = LEAST, gravity: str = "wgs72") -> Survey:
    """Find the shells that satellites occupy, from their orbits alone.

    Parameters
    ----------
    elements : Elements
        The satellites. If a satellite has several sets, the latest counts.
    least : int
        Smallest number of satellites, itself included, within 2 km and 0.02 deg of a satellite
        that begins a shell.
    gravity : str
        Gravity model for the orbits: `wgs72`, `wgs72old` or `wgs84`.

    Returns
    -------
    Survey
        The shells, and the state of every satellite. Those in no shell are raising or decaying if
        their altitude changes by more than 0.1 km a day, or else drifting. The result does not
        depend on the order of the satellites.
    """
    elements = checked_elements(elements, "elements").latest()
    orbits = orbits_of(elements, gravity)
    settled = (
        (orbits.eccentricity < MAX_ECCENTRICITY)
        & (np.abs(orbits.altitude_rate) <= PASSING)
        & np.isfinite(orbits.altitude)
    )
    candidates = np.flatnonzero(settled)
    seeds = candidates[
        _neighbours(orbits.altitude[candidates], orbits.inclination[candidates]) >= least
    ]
    groups = _by_inclination(_separated(seeds, orbits, GAP_KM, GAP_DEG), orbits)
    shell_number = np.full(len(elements), -1, np.int64)
    for number, group in enumerate(groups):
        inside = settled & (shell_number < 0)
        for values, near in ((orbits.altitude, NEAR_KM), (orbits.inclination, NEAR_DEG)):
            inside &= (values >= values[group].min() - near) & (
                values <= values[group].max() + near
            )
        shell_number[inside] = number
    state = np.select(
        [shell_number >= 0, orbits.altitude_rate > SLOW, orbits.altitude_rate < -SLOW],
        [ON_STATION, RAISING, DECAYING],
        DRIFTING,
    ).astype(np.uint8)
    found = tuple(
        _shell(np.flatnonzero(shell_number == number), orbits) for number in range(len(groups))
    )
    return Survey(found, elements, orbits, shell_number, state)


def filed_shells(elements: Elements, gravity: str = "wgs72") -> tuple[FlownShell, ...]:
    """Return the shells of synthetic satellites, one for each altitude and inclination.

    These satellites lie on their shells exactly.
    """
    orbits = orbits_of(elements, gravity)
    groups = _separated(np.arange(len(elements)), orbits, FILED_KM, FILED_DEG)
    return tuple(_shell(np.sort(group), orbits) for group in _by_inclination(groups, orbits))


def _neighbours(altitude: Array, inclination: Array) -> npt.NDArray[np.int64]:
    """Count the satellites within NEAR_KM and NEAR_DEG of each, itself included."""
    places = np.stack([np.round(inclination / FINE_DEG), np.round(altitude / FINE_KM)])
    # np.unique sorts by inclination
    (x, y), back, weight = np.unique(places, axis=1, return_inverse=True, return_counts=True)
    near_x, near_y = round(NEAR_DEG / FINE_DEG), round(NEAR_KM / FINE_KM)
    first, last = np.searchsorted(x, x - near_x), np.searchsorted(x, x + near_x, "right")
    counts = np.empty(len(x), np.int64)
    for i, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        counts[i] = weight[a:b][np.abs(y[a:b] - y[i]) <= near_y].sum()
    return np.asarray(counts[back.reshape(-1)])


def _separated(seeds: Members, orbits: Orbits, gap_km: float, gap_deg: float) -> list[Members]:
    """Separate at every gap in altitude or inclination, until no part has one."""
    parts, whole = [seeds] if len(seeds) else [], []
    while parts:
        part = parts.pop()
        for values, limit in ((orbits.altitude, gap_km), (orbits.inclination, gap_deg)):
            order = np.argsort(values[part], kind="stable")
            cuts = np.flatnonzero(np.diff(values[part][order]) > limit) + 1
            if len(cuts):
                parts += [part[piece] for piece in np.split(order, cuts)]
                break
        else:
            whole.append(part)
    return whole


def _families(inclination: Array) -> npt.NDArray[np.int64]:
    """Return a number for each inclination; those without a gap of GAP_DEG share it."""
    order = np.argsort(inclination, kind="stable")
    family = np.zeros(len(inclination), np.int64)
    family[order[1:]] = np.cumsum(np.diff(inclination[order]) > GAP_DEG)
    return family


def _by_inclination(groups: list[Members], orbits: Orbits) -> list[Members]:
    """Sort by inclination; shells of one inclination by altitude."""
    families = _families(np.array([np.median(orbits.inclination[group]) for group in groups]))
    altitudes = np.array([np.median(orbits.altitude[group]) for group in groups])
    return [groups[number] for number in np.lexsort((altitudes, families))]


def _shell(members: Members, orbits: Orbits) -> FlownShell:
    altitude, inclination = orbits.altitude[members], orbits.inclination[members]
    middle = float(np.median(inclination))
    return FlownShell(
        members=members,
        inclination_deg=middle,
        inclinations_deg=(float(inclination.min()), float(inclination.max())),
        altitude_km=float(np.median(altitude)),
        altitudes_km=(float(altitude.min()), float(altitude.max())),
        semi_major_axis_km=float(np.median(orbits.semi_major_axis[members])),
        planes=planes_of(orbits.node[members], middle),
    )
