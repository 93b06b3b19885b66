"""Which element sets are of one satellite, and which numbers satellites without one get."""

import re
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from ..typing import Mask
from .fields import FIRST_SYNTHETIC_ID, LAST_ID

MOST_SHARED = 16  # satellites with one catalogue number that `latest` distinguishes
# Sets without names and designators are of different satellites if their inclinations differ more.
ONE_ORBIT_DEG = 1.0
# Launches are counted from 1, but programs that generate element sets write 00000ABC.
NO_LAUNCH = re.compile(r"(\d{4}-|\d\d)000")


def best_sets(
    fields: Mapping[str, npt.NDArray[np.generic]],
    no_own_number: Mask,
    distance: npt.NDArray[np.uint64],
) -> list[npt.NDArray[np.intp]]:
    """Find for each satellite the set with the smallest distance (n,); of several, the newest.

    fields: NORAD_CAT_ID, EPOCH, OBJECT_ID, OBJECT_NAME and INCLINATION, (n,) each. no_own_number:
    sets whose number does not say which satellite they are of, and which are left out.

    The first array has the index of one set for each number; the second has one for each number
    that has sets of another satellite, too; and so on. After MOST_SHARED satellites with one
    number, the last array has all sets that remain.
    """
    numbers = fields["NORAD_CAT_ID"]
    # The sort is stable, so the best set of each number is the last one.
    order = np.lexsort((fields["EPOCH"], ~distance, numbers))
    order = order[~no_own_number[order]]
    found: list[npt.NDArray[np.intp]] = []
    while len(order) and len(found) < MOST_SHARED:
        number = numbers[order]
        last = np.append(np.flatnonzero(number[1:] != number[:-1]), len(order) - 1)
        best = order[np.repeat(last, np.diff(last, prepend=-1))]
        found.append(order[last])
        rest = best != order
        order, best = order[rest], best[rest]
        if len(order):  # else the names need not be made
            order = order[~_may_be_same_satellite(fields, order, best)]
    return [*found, order]


def _may_be_same_satellite(
    fields: Mapping[str, npt.NDArray[np.generic]],
    a: npt.NDArray[np.intp],
    b: npt.NDArray[np.intp],
) -> Mask:
    """Compute whether the sets a[i] and b[i], with one catalogue number, may be of one satellite.

    The rule is in the notes of Elements.latest.
    """
    ids = [
        np.array(
            ["" if NO_LAUNCH.match(text) else text.strip() for text in fields["OBJECT_ID"][index]],
            object,
        )
        for index in (a, b)
    ]
    names = [
        np.array([" ".join(text.upper().split()) for text in fields["OBJECT_NAME"][index]], object)
        for index in (a, b)
    ]
    have_ids, have_names = ((pair[0] != "") & (pair[1] != "") for pair in (ids, names))
    inclinations = (fields["INCLINATION"][index].astype(np.float64) for index in (a, b))
    near = np.abs(np.subtract(*inclinations)) <= ONE_ORBIT_DEG
    same_id = have_ids & (ids[0] == ids[1])
    return np.asarray(same_id | np.where(have_names, names[0] == names[1], ~have_ids & near), bool)


def new_numbers(
    sat_ids: list[npt.NDArray[np.int32]], synthetic: list[Mask]
) -> Iterator[tuple[int, npt.NDArray[np.int32], str]]:
    """Yield the parts whose synthetic satellites get new numbers: place, sat_id and a note.

    The rule is in the notes of Elements.concat. ValueError if no numbers are left.
    """
    if not any(members.any() for members in synthetic):
        return
    taken = {0}
    for numbers, members in zip(sat_ids, synthetic, strict=True):
        taken.update(numbers[~members].tolist())
    moved = []
    for place, (numbers, members) in enumerate(zip(sat_ids, synthetic, strict=True)):
        own = numbers[members].tolist()
        if taken.isdisjoint(own):
            taken.update(own)
        else:
            moved.append(place)
    highest = max(taken)
    for place in moved:
        first = max(FIRST_SYNTHETIC_ID, highest + 1)
        old, member = np.unique(sat_ids[place][synthetic[place]], return_inverse=True)
        last = first + len(old) - 1
        if last > LAST_ID:
            raise ValueError(
                f"no numbers are left for {len(old):,} synthetic satellites after {highest}: give "
                "another first_id"
            )
        numbers = sat_ids[place].copy()
        numbers[synthetic[place]] = (first + np.arange(len(old)))[member]
        highest = last
        yield (
            place,
            numbers,
            f"numbers of other satellites: sat_id {old[0]} to {old[-1]} are {first} to {last} here",
        )
