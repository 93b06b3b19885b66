"""How many satellites are in view of sites, in bins of time, from exact rises and sets."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..analysis.access.passes import Progress, passes_in
from ..analysis.access.question import ask
from ..analysis.site import Site
from ..propagator import Propagator
from ..time.units import DAY
from ..typing import Array, Bits

MOST_PASSES = 2_000_000  # in a table at a time
PASSES_A_DAY = 8  # of a satellite over a site, about: for the size of tables alone
BINS = 144  # in a window: ten minutes of a day


class Counts(NamedTuple):
    """How many satellites of one label a site has in view, in each bin (n,)."""

    fewest: Array
    mean: Array
    most: Array


class Intervals(NamedTuple):
    """Passes: from rise to set, ns, and which of the sites and labels each belongs to, (n,)."""

    rise: Bits
    last: Bits
    sites: list[str]
    place: npt.NDArray[np.int16]
    group: Bits


class Race(NamedTuple):
    """What a picture of the race shows.

    counts has those of each label for each site, in the order of both. edges_ns: the ends of the
    bins (n + 1,).
    """

    sites: tuple[str, ...]
    labels: tuple[str, ...]
    edges_ns: Bits
    counts: list[list[Counts]]


def intervals_of(
    prop: Propagator,
    places: tuple[Site, ...],
    group: Bits,
    begin: int,
    end: int,
    least: float,
    progress: Progress | None,
) -> list[Intervals]:
    """Find the intervals of the passes of a window, in spans of bounded tables.

    group: the label of each satellite (n_sats,), as an index.
    """
    elements = prop.elements
    window = np.datetime64(begin, "ns"), np.datetime64(end, "ns")
    asked = ask(prop, places, *window, None, least)
    first, stop = asked.window  # microseconds
    a_day = len(elements) * len(places) * PASSES_A_DAY
    spans = max(1, math.ceil(a_day * (end - begin) / DAY / MOST_PASSES))
    edges = [first + (stop - first) * number // spans for number in range(spans + 1)]
    order = np.argsort(elements.sat_id, kind="stable")
    names = tuple(site.name for site in places)
    found = []
    for since, until in itertools.pairwise(edges):

        def tell(done: float, _: float, since: int = since) -> None:
            if progress is not None:
                progress((since - first) / 1e6 + done, (stop - first) / 1e6)

        passes = passes_in(prop, asked, since, until, progress=tell)
        at = np.searchsorted(elements.sat_id, passes["sat_id"].to_numpy(), sorter=order)
        found.append(interval_of(passes, names, group[order[at]]))
    return found


def interval_of(passes: pa.Table, sites: Sequence[str], group: Bits) -> Intervals:
    """Return what a table of passes (n) holds. group: the label of each pass (n,), an index."""
    encoded = passes["site"].combine_chunks().dictionary_encode()
    number_of = {name: number for number, name in enumerate(sites)}
    numbers = np.array([number_of[name] for name in encoded.dictionary.to_pylist()], np.int16)
    place = numbers[encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)]
    rise, last = (passes[name].to_numpy().astype(np.int64) for name in ("rise", "set"))
    return Intervals(rise, last, list(sites), place, group)


def counted(
    found: Sequence[Intervals],
    labels: tuple[str, ...],
    sites: tuple[str, ...],
    begin_ns: int,
    end_ns: int,
) -> Race:
    """Count the satellites in view in bins of a window, from instants of rise and set.

    Parameters
    ----------
    found
        The passes.
    labels, sites
        All labels and sites, in the order of the picture.
    begin_ns, end_ns
        The window, ns since 1970 UTC.

    Returns
    -------
    Race
        The fewest, the mean and the most of each bin.
    """
    edges = begin_ns + np.arange(BINS + 1, dtype=np.int64) * (end_ns - begin_ns) // BINS
    counts = []
    for site in sites:
        of_site = []
        for label in range(len(labels)):
            rise, last = [], []
            for each in found:
                mine = (each.place == each.sites.index(site)) & (each.group == label)
                rise.append(each.rise[mine])
                last.append(each.last[mine])
            of_site.append(in_bins(np.concatenate(rise), np.concatenate(last), edges))
        counts.append(of_site)
    return Race(sites, labels, edges, counts)


def in_bins(rise: Bits, last: Bits, edges: Bits) -> Counts:
    """Count the intervals [rise, last) that are open, in each bin."""
    # steps of the count: the instants at which it changes, and its value from there on
    instants, back = np.unique(np.concatenate((edges, rise, last)), return_inverse=True)
    back = back.ravel()
    change = np.zeros(len(instants), np.int64)
    n = len(edges)
    np.add.at(change, back[n : n + len(rise)], 1)
    np.add.at(change, back[n + len(rise) :], -1)
    value = np.cumsum(change)
    first = back[:n]  # the place of each edge among the instants
    inside, start = slice(first[0], first[-1]), first[:-1] - first[0]
    values = value[inside]
    lengths = np.diff(instants)[inside].astype(np.float64)
    area = np.add.reduceat(values * lengths, start)
    return Counts(
        np.minimum.reduceat(values, start).astype(np.float64),
        area / np.diff(edges),
        np.maximum.reduceat(values, start).astype(np.float64),
    )
