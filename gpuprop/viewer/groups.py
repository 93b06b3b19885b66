"""What the colours of satellites mean: operator, shell, altitude, status."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..elements.altitudes import altitudes_km
from ..elements.selection import matching, operators
from ..elements.sets import Elements
from ..filings.survey import STATES, Survey, shells
from ..sgp4.gravity import gravity_model
from ..typing import Array, Bits

MOST = 20  # groups with a name of their own; the others are one group
ALTITUDE_KM = (400, 500, 600, 700, 900, 1_200, 2_000, 20_000, 35_586, 35_986)
NO_POSITION, DECAYED, IMPLAUSIBLE = (1, 2, 3, 4), 6, 10  # codes of gpuprop.STATUS


@dataclass(frozen=True, eq=False)
class Groups:
    """One way to colour satellites.

    Parameters
    ----------
    name : str
        `operator`, `shell`, `altitude` or `status`.
    labels : sequence of str
        The groups that have satellites.
    index : (n_sats,) uint8
        The group of each satellite.
    ordered : bool
        The groups are steps of a quantity: their colours are a scale.
    rest : int
        So many of the last groups are what remains: they are grey.
    """

    name: str
    labels: Sequence[str]
    index: npt.NDArray[np.uint8]
    ordered: bool = False
    rest: int = 0


def groups_of(elements: Elements, status: npt.NDArray[np.uint8], gravity: str) -> list[Groups]:
    """Find the groups of satellites.

    Parameters
    ----------
    elements : Elements
        The satellites, n_sats.
    status : (n_sats,) uint8
        Largest status code of each in the window.
    gravity : str
        Gravity model for altitudes and shells.

    Returns
    -------
    list of Groups
        By operator, shell, altitude and status.
    """
    survey = shells(elements, gravity=gravity)
    return [
        _by_operator(elements),
        _by_shell(elements, survey),
        _by_altitude(elements, gravity),
        _by_status(elements, survey, status),
    ]


def _largest(name: str, labels: Sequence[str], index: Bits, none: str, others: str) -> Groups:
    """Keep the largest groups. index: -1 for none. Groups of equal size are sorted by label."""
    counts = np.bincount(index[index >= 0], minlength=len(labels))
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda i: (-int(counts[i]), labels[i]))
    kept = order if len(order) <= MOST else order[: MOST - 1]
    shown = [labels[i] for i in kept]
    new = np.full(len(labels) + 1, len(shown))  # a group that is not kept; the last entry: none
    new[kept] = np.arange(len(kept))
    rest = 0
    if len(order) > len(kept):
        shown.append(others)
        rest += 1
    new[-1] = len(shown)
    if (index < 0).any():
        shown.append(none)
        rest += 1
    return Groups(name, shown, new[index].astype(np.uint8), rest=rest)


def _by_operator(elements: Elements) -> Groups:
    names = sorted({each.name for each in operators().values()})
    index = np.full(len(elements), -1)
    for number, name in enumerate(names):
        # the first operator counts: iridium before iridium-next, which it includes
        index[(index < 0) & matching(f"@{name}", elements.name)] = number
    return _largest("operator", names, index, "no operator known", "other operators")


def _by_shell(elements: Elements, survey: Survey) -> Groups:
    labels = [f"{shell.altitude_km:,.0f} km, {shell.inclination_deg:.1f}°" for shell in survey]
    unique = sorted(set(labels))  # shells of one label become one group
    number = np.array([*(unique.index(label) for label in labels), -1])
    found = number[_surveyed(elements, survey, survey.shell_number, -1)]
    return _largest("shell", unique, found, "in no shell", "other shells")


def _by_altitude(elements: Elements, gravity: str) -> Groups:
    fields = elements.fields
    altitude: Array = altitudes_km(
        fields["MEAN_MOTION"].astype(np.float64),
        fields["ECCENTRICITY"].astype(np.float64),
        fields["INCLINATION"].astype(np.float64),
        gravity_model(gravity),
    )[0]
    known = np.isfinite(altitude)
    index = np.searchsorted(np.array(ALTITUDE_KM, np.float64), altitude, "right")
    index[~known] = len(ALTITUDE_KM) + 1
    bounds = [f"{bound:,}" for bound in ALTITUDE_KM]
    labels = [
        f"below {bounds[0]} km",
        *(f"{low} to {high} km" for low, high in pairwise(bounds)),
        f"above {bounds[-1]} km",
        "no altitude",
    ]
    present = np.unique(index)
    return Groups(
        "altitude",
        [labels[i] for i in present],
        np.searchsorted(present, index).astype(np.uint8),
        True,
    )


def _by_status(elements: Elements, survey: Survey, status: npt.NDArray[np.uint8]) -> Groups:
    labels = [*STATES, "older element set", "decayed", "implausible state", "no position"]
    index = _surveyed(elements, survey, survey.state.astype(np.int64), len(STATES))
    index[status == DECAYED] = len(STATES) + 1
    index[status == IMPLAUSIBLE] = len(STATES) + 2
    index[np.isin(status, NO_POSITION)] = len(STATES) + 3
    present = np.unique(index)
    return Groups(
        "status", [labels[i] for i in present], np.searchsorted(present, index).astype(np.uint8)
    )


def _surveyed(elements: Elements, survey: Survey, values: Bits, other: int) -> Bits:
    """Return a value of the survey for each satellite; `other` for sets that are not the latest."""
    if len(survey.elements) == len(elements):
        return values.copy()
    place = {key: number for number, key in enumerate(_keys(survey.elements))}
    found = np.array([place.get(key, -1) for key in _keys(elements)])
    return np.where(found < 0, other, values[found])


def _keys(elements: Elements) -> list[tuple[object, ...]]:
    """Return what tells sets apart that `latest` chooses from."""
    fields = (elements.sat_id, elements.epoch.view(np.int64), elements.name, elements.mean_motion)
    return list(zip(*(field.tolist() for field in fields), strict=True))
