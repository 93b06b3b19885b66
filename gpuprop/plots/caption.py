"""What captions say of satellites: where they are from, how many, their epochs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

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
    said = [_listed(names), counted(len(elements), "satellite"), epochs(elements)]
    return "; ".join(filter(None, said))


def facts_of(table: pa.Table) -> dict[str, Any]:
    """Read the metadata of a table of answers; nothing if it has none."""
    try:
        facts = json.loads((table.schema.metadata or {}).get(b"gpuprop", b"{}"))
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def of_table(facts: Mapping[str, object], named: str | None = None, count: bool = True) -> str:
    """Describe the satellites of a table of answers from its metadata: what they have of it.

    named: the sources or the file, in place of the sources of the metadata; count: say how many.
    """
    sources = facts.get("sources")
    names = [str(name) for name in sources] if isinstance(sources, list) else []
    number, own = facts.get("satellites"), facts.get("epochs")
    said = [_listed(names) if named is None else plain(named)]
    if count and isinstance(number, int):
        said.append(counted(number, "satellite"))
    if isinstance(own, dict) and {"first", "median", "last"} <= own.keys():
        first, median, last = (_second(own[name]) for name in ("first", "median", "last"))
        said.append(_span(first, last, median))
    return "; ".join(filter(None, said))


def _second(instant: object) -> str:
    """Write an instant of metadata without the fraction of its second."""
    return str(instant)[:20].removesuffix("Z").partition(".")[0]


def _listed(names: Sequence[str]) -> str:
    shown = [plain(name, SOURCE_CHARACTERS) for name in names[:MOST_SOURCES]]
    if len(names) > MOST_SOURCES:
        shown.append(f"{len(names) - MOST_SOURCES} more")
    return f"source: {', '.join(shown)}" if shown else ""


def epochs(elements: Elements) -> str:
    """Describe the epochs of element sets: one, or the first, the last and the median."""
    if not len(elements):
        return "no epoch"
    ordered = np.sort(elements.epoch.astype("datetime64[s]"))
    return _span(str(ordered[0]), str(ordered[-1]), str(ordered[len(ordered) // 2]))


def _span(first: str, last: str, median: str) -> str:
    if first == last:
        return f"epoch {first}Z"
    return f"epochs {first}Z to {last}Z, median {median}Z"
