"""Search sites in groups: memory stays small, and few satellites must be followed."""

from collections.abc import Callable, Iterator
from dataclasses import fields

import numpy as np

from ...propagator import Propagator
from ...typing import Array, Bits
from .question import Question
from .search import Passes, Search, places_of

# Satellites x sites that are searched at a time. All arrays of a search are a share of them.
MOST_PAIRS = 1_000_000


def found_in_groups(
    propagator: Propagator,
    asked: Question,
    begin: int,
    end: int,
    step_s: int,
    tell: Callable[[float], None] | None = None,
) -> Iterator[Passes]:
    """Find the passes that rise in [begin, end), microseconds, and yield them.

    What is yielded first comes first in the table: it rises earlier, or at the same instant over
    earlier sites. The groups change no result. tell: is called with the microseconds of the span
    that are done.
    """
    most = max(1, MOST_PAIRS // max(1, len(propagator.elements)))
    span = end - begin

    def found(group: Bits, begin: int, end: int, come: Callable[[int], None]) -> Passes:
        sites = tuple(asked.sites[site] for site in group)
        search = Search(propagator, sites, asked.min_elevation_deg, asked.window, step_s)
        return search.passes(begin, end, come).at_sites(group)

    # What is in view when the window begins rises then, and may be more than rises in hours: it
    # comes site by site. Groups are half as large: what never sets has many culminations.
    count, few = len(asked.sites), max(1, most // 2)
    if count > most and begin == asked.window[0]:
        for first in range(0, count, few):
            group = np.arange(first, min(first + few, count))
            yield found(group, begin, begin + 1, lambda us: None)
        begin += 1
        if begin == end:
            return

    groups = list(near_together(places_of(asked.sites)[:, :3], most))
    parts: list[Passes] = []
    for number, group in enumerate(groups):

        def come(us: int, number: int = number) -> None:
            if tell is not None:
                tell(span * (number + (us - begin) / (end - begin)) / len(groups))

        parts.append(found(group, begin, end, come))
    yield _joined(parts)


def near_together(positions: Array, most: int) -> Iterator[Bits]:
    """Divide positions (n, 3) into groups of at most `most`: yield their indices, sorted.

    A group is halved across its longest side. So the sites of a group see the same satellites: when
    a span ends, only these must be followed until they set.
    """
    todo = [np.arange(len(positions))]
    while todo:
        group = todo.pop()
        if len(group) <= most:
            yield np.sort(group)
            continue
        here = positions[group]
        side = int(np.argmax(np.ptp(here, axis=0)))
        group = group[np.argsort(here[:, side], kind="stable")]
        middle = len(group) // 2
        todo += [group[middle:], group[:middle]]


def _joined(parts: list[Passes]) -> Passes:
    """Join passes, column by column. The list is emptied: its arrays are not kept twice."""
    if len(parts) == 1:
        return parts.pop()
    columns = {each.name: [getattr(part, each.name) for part in parts] for each in fields(Passes)}
    parts.clear()
    return Passes(**{name: np.concatenate(columns.pop(name)) for name in list(columns)})
