"""What captions say of satellites: where they are from, how many, their epochs."""

import numpy as np

from ..elements.sets import Elements
from ..messages import counted
from .paper import plain

MOST_SOURCES = 8
SOURCE_CHARACTERS = 60


def of_satellites(elements: Elements, source: str | None = None) -> str:
    """Describe element sets in one sentence without an end.

    source: where they are from, in place of `Elements.source`.
    """
    if source is not None:
        names = [source]
    else:
        assert elements.source is not None
        names = [str(name) for name in dict.fromkeys(elements.source.tolist()) if name]
    shown = [plain(name, SOURCE_CHARACTERS) for name in names[:MOST_SOURCES]]
    if len(names) > MOST_SOURCES:
        shown.append(f"{len(names) - MOST_SOURCES} more")
    facts = [f"source: {', '.join(shown)}"] if shown else []
    return "; ".join([*facts, counted(len(elements), "satellite"), epochs(elements)])


def epochs(elements: Elements) -> str:
    """Describe the epochs of element sets: one, or the first, the last and the median."""
    if not len(elements):
        return "no epoch"
    ordered = np.sort(elements.epoch.astype("datetime64[s]"))
    if ordered[0] == ordered[-1]:
        return f"epoch {ordered[0]}Z"
    middle = ordered[len(ordered) // 2]
    return f"epochs {ordered[0]}Z to {ordered[-1]}Z, median {middle}Z"
