"""Satellites to shells: many on like orbits, and who is on the way to them or from them.

Satellites on station crowd within kilometres of altitude and hundredths of a degree of inclination;
everything else is spread far thinner. So a satellite in a crowd is a seed, seeds are parted
wherever a gap in altitude or inclination lies between them, and what is left together is a shell.
The lengths below are those of station keeping, the same for every constellation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
import numpy.typing as npt

from ...elements.sets import Elements, checked_elements
from ...typing import Array, Mask
from .orbits import Orbits, orbits_of
from .planes import Planes, planes_of

Members = npt.NDArray[np.int64]

LEAST = 8  # satellites in a crowd
NEAR_KM, NEAR_DEG = 2.0, 0.02  # half the size of a crowd
# between shells: OneWeb's planes are 4 km above each other, Starlink's shells 10 km and 0.05 deg
# apart
GAP_KM, GAP_DEG = 5.0, 0.04
FILED_KM, FILED_DEG = 0.5, 0.005  # between shells of a filing
ROUND = 0.01  # eccentricity: a shell is thin
PASSING = 1.0  # km/day: what moves so fast is through a shell in days
SLOW = 0.1  # km/day: what moves more slowly is in no shell for other reasons
# from the inclination of a shell, for a satellite that is on its way there or from there
FAMILY_DEG = 0.2
FINE_KM, FINE_DEG = 0.01, 1e-4  # satellites closer than this count as one place

STATES = ("on station", "raising", "decaying", "drifting")
ON_STATION, RAISING, DECAYING, DRIFTING = range(4)


@dataclass(frozen=True, eq=False)
class FlownShell:
    """Satellites on station on like orbits.

    members: their places in the Elements, rising, so that `survey.elements[shell.members]` are the
    satellites. altitude_km: median of the altitudes (mean radius of SGP4's orbit minus the
    equatorial radius, as in presets and conditions); altitudes_km, inclinations_deg: the lowest and
    highest. semi_major_axis_km: median of SGP4's semi-major axes, which operators control; minus
    the equatorial radius it differs from the altitude by up to 5 km. planes: at the survey's epoch.
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
        """Median."""
        return float(np.median(self.planes.satellites)) if len(self.planes) else 0.0


@dataclass(frozen=True, eq=False)
class Between:
    """Satellites of like inclination as shells have, but in none of them.

    inclination_deg: median of those shells' inclinations, NaN for satellites of other inclinations.
    members: as in FlownShell, by state.
    """

    inclination_deg: float
    members: dict[str, Members] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Survey(Sequence[FlownShell]):
    """The shells of n satellites, by inclination and altitude, as a sequence; and everybody's
    state.

    elements: the n element sets that were surveyed, one for each satellite (Elements.latest of
    those given; a note says what was left out). of: (n,) each satellite's shell, -1 for none.
    state: (n,) index into STATES; `where(name)` gives a mask instead.
    """

    shells: tuple[FlownShell, ...]
    elements: Elements = field(repr=False)
    orbits: Orbits = field(repr=False)
    of: npt.NDArray[np.int64] = field(repr=False)
    state: npt.NDArray[np.uint8] = field(repr=False)

    @property
    def epoch(self) -> np.datetime64:
        """UTC: the median epoch of the element sets, to which the nodes are brought."""
        return np.datetime64(self.orbits.epoch_ns, "ns")

    def where(self, state: str) -> Mask:
        """Mask (n,) of the satellites that are `on station`, `raising`, `decaying` or `drifting`;
        ValueError for another word.
        """
        if state not in STATES:
            raise ValueError(f"state {state!r} is not one of {', '.join(STATES)}")
        return np.asarray(self.state == STATES.index(state))

    def between(self) -> tuple[Between, ...]:
        """Who is in no shell, by the shells' inclinations; last those of other inclinations."""
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

    @overload
    def __getitem__(self, index: int) -> FlownShell: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[FlownShell, ...]: ...
    def __getitem__(self, index: int | slice) -> FlownShell | tuple[FlownShell, ...]:
        return self.shells[index]

    def __iter__(self) -> Iterator[FlownShell]:
        return iter(self.shells)


def shells(elements: Elements, *, least: int = LEAST, gravity: str = "wgs72") -> Survey:
    """The shells that `elements` fill, found from their orbits alone, and which satellites are in
    none.

    least: satellites within 2 km and 0.02 deg of one of them make a shell begin there. Everybody
    else is raising or decaying, where the altitude changes by more than 0.1 km a day, or drifting.
    The result does not depend on the order of the satellites. Of several sets of one satellite the
    latest counts: the survey is of `survey.elements`.
    """
    elements = checked_elements(elements, "elements").latest()
    orbits = orbits_of(elements, gravity)
    settled = (
        (orbits.eccentricity < ROUND)
        & (np.abs(orbits.climb) <= PASSING)
        & np.isfinite(orbits.altitude)
    )
    candidates = np.flatnonzero(settled)
    seeds = candidates[
        _neighbours(orbits.altitude[candidates], orbits.inclination[candidates]) >= least
    ]
    groups = _by_inclination(_parted(seeds, orbits, GAP_KM, GAP_DEG), orbits)
    of = np.full(len(elements), -1, np.int64)
    for number, group in enumerate(groups):
        inside = settled & (of < 0)
        for values, near in ((orbits.altitude, NEAR_KM), (orbits.inclination, NEAR_DEG)):
            inside &= (values >= values[group].min() - near) & (
                values <= values[group].max() + near
            )
        of[inside] = number
    state = np.select(
        [of >= 0, orbits.climb > SLOW, orbits.climb < -SLOW],
        [ON_STATION, RAISING, DECAYING],
        DRIFTING,
    ).astype(np.uint8)
    found = tuple(_shell(np.flatnonzero(of == number), orbits) for number in range(len(groups)))
    return Survey(found, elements, orbits, of, state)


def filed(elements: Elements, gravity: str = "wgs72") -> tuple[FlownShell, ...]:
    """The shells of synthetic satellites, which lie on them exactly: one for each altitude and
    inclination.
    """
    orbits = orbits_of(elements, gravity)
    groups = _parted(np.arange(len(elements)), orbits, FILED_KM, FILED_DEG)
    return tuple(_shell(np.sort(group), orbits) for group in _by_inclination(groups, orbits))


def _neighbours(altitude: Array, inclination: Array) -> npt.NDArray[np.int64]:
    """How many satellites are within NEAR_KM and NEAR_DEG of each, itself included."""
    places = np.stack([np.round(inclination / FINE_DEG), np.round(altitude / FINE_KM)])
    # sorted by inclination
    (x, y), back, weight = np.unique(places, axis=1, return_inverse=True, return_counts=True)
    near_x, near_y = round(NEAR_DEG / FINE_DEG), round(NEAR_KM / FINE_KM)
    first, last = np.searchsorted(x, x - near_x), np.searchsorted(x, x + near_x, "right")
    counts = np.empty(len(x), np.int64)
    for i, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        counts[i] = weight[a:b][np.abs(y[a:b] - y[i]) <= near_y].sum()
    return np.asarray(counts[back.reshape(-1)])


def _parted(seeds: Members, orbits: Orbits, gap_km: float, gap_deg: float) -> list[Members]:
    """Parted at every gap in altitude or inclination, until no part has one."""
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
    """Numbers, rising with the inclination, that are the same where no gap of GAP_DEG lies between."""
    order = np.argsort(inclination, kind="stable")
    family = np.zeros(len(inclination), np.int64)
    family[order[1:]] = np.cumsum(np.diff(inclination[order]) > GAP_DEG)
    return family


def _by_inclination(groups: list[Members], orbits: Orbits) -> list[Members]:
    """In the order of tables: by inclination, those of one by altitude."""
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
