"""When satellites rise, culminate and set: from candidates to instants.

Every instant is defined by cells of absolute time and exact states (cells.py). Most crossings and
culminations are found in a shorter way, which gives the same instants (sgp4/access_events.py).
"""

from collections.abc import Iterator

import numpy as np

from ...sgp4.access import (
    CULMINATION,
    RISING,
    SETTING,
    SUSPECT,
    UNKNOWN_STATES,
    Candidates,
)
from ...sgp4.access_events import SURE, UNSURE
from .cells import CULMINATE, RISE, SET, Cells, Events, from_cells
from .estimates import cells_of, culmination_cells, suspect_cells
from .exact import Exact, Knots

SUSPECTS, ONE_BY_ONE = 8192, 1024  # intervals that are looked at together
CELLS = 100_000  # that are searched together


def decide(exact: Exact, knots: Knots, found: Candidates) -> Events:
    """Find all events of candidates. An event may be there twice, in any order."""
    crossings = np.flatnonzero(found.kind & (RISING | SETTING))
    tops = np.flatnonzero(found.kind & CULMINATION)
    instants = exact.events(knots, found, np.concatenate((2 * crossings, 2 * tops + 1)))
    place = np.concatenate((crossings, tops))
    what = np.full(len(place), CULMINATE)
    what[: len(crossings)] = np.where(found.kind[crossings] & RISING, RISE, SET)
    sure = np.flatnonzero(instants.certainty == SURE)
    events = [
        Events(found.satellite[place[sure]], found.site[place[sure]], instants.us[sure], what[sure])
    ]

    unsure = np.flatnonzero(instants.certainty == UNSURE)
    unsure_crossings = found.chosen_at(place[unsure[unsure < len(crossings)]])
    unsure = unsure[unsure >= len(crossings)]
    unsure_tops = found.chosen_at(place[unsure])
    distance = np.sqrt((unsure_tops.local[:, 3:6] ** 2).sum(axis=1))
    cells, enclosed = culmination_cells(
        exact, unsure_tops.satellite, unsure_tops.site, instants.us[unsure], distance
    )
    lists: list[Cells] = [cells]
    for some in _parts(found.chosen((found.kind & SUSPECT) > 0), SUSPECTS):
        lists.append(suspect_cells(exact, knots, some))
    # around a knot without a good state the culmination may be before the interval
    for rest, before in (
        (unsure_tops.chosen(~enclosed), 1),
        (unsure_crossings, 0),
        (found.chosen((found.kind & UNKNOWN_STATES) > 0), 1),
    ):
        for some in _parts(rest, ONE_BY_ONE):
            lists.append(cells_of(exact, knots, some, -before, 1))
            if sum(len(cells[0]) for cells in lists) > CELLS:
                events.append(from_cells(exact, lists))
                lists.clear()
    events.append(from_cells(exact, lists))
    return Events.together(events)


def _parts(found: Candidates, size: int) -> Iterator[Candidates]:
    """Yield candidates, a bounded number at a time."""
    for first in range(0, len(found.knot), size):
        yield found.chosen(slice(first, first + size))
