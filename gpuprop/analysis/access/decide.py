"""When satellites rise, culminate and set: from candidates to instants.

Every instant is defined by cells of absolute time and exact states (cells.py). Most crossings and
culminations are found in a shorter way, which gives the same instants (estimates.py).
"""

from collections.abc import Iterator

from ...sgp4.access import CROSSING, CULMINATION, SUSPECT, UNKNOWN_STATES, Candidates
from .cells import Cells, Events, from_cells
from .cubic import Knots
from .estimates import cells_of, crossings, culminations, suspect_cells
from .exact import Exact

SUSPECTS, UNSURE = 8192, 1024  # intervals that are looked at together
CELLS = 100_000  # that are searched together


def decide(exact: Exact, knots: Knots, found: Candidates) -> Events:
    """Find all events of candidates. An event may be there twice, in any order."""

    def chosen(kind: int) -> Candidates:
        return found.chosen((found.kind & kind) > 0)

    crossed, unsure_crossings = crossings(exact, knots, chosen(CROSSING))
    tops, unsure_tops, at_edges = culminations(exact, knots, chosen(CULMINATION))
    events = [crossed, tops]
    lists: list[Cells] = [at_edges]
    for some in _parts(chosen(SUSPECT), SUSPECTS):
        lists.append(suspect_cells(exact, knots, some))
    # around a knot without a good state the culmination may be before the interval
    for unsure, before in (
        (unsure_tops, 1),
        (unsure_crossings, 0),
        (chosen(UNKNOWN_STATES), 1),
    ):
        for some in _parts(unsure, UNSURE):
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
