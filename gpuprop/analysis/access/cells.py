"""Events in cells of absolute time: the definition, from exact states alone."""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ...sgp4.access_events import Brackets
from ...typing import Array, Bits, Mask
from ..events import CELL, EXTREMUM_STEP, Places, sorted_by
from .exact import Exact

RISE, CULMINATE, SET = 0, 1, 2
Integers: TypeAlias = npt.NDArray[np.signedinteger[Any]]
Cells = tuple[Bits, Bits, Bits]  # satellites, sites, numbers of cells, (n,) each
NO_CELLS: Cells = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))


class Events(NamedTuple):
    """Rises, culminations and sets, in any order."""

    satellite: Integers  # (n,)
    site: Integers  # (n,)
    us: Bits  # (n,) microseconds since 1970
    what: Integers  # (n,)

    def chosen(self, which: Mask | Places) -> "Events":
        """Return some of the events."""
        return Events(self.satellite[which], self.site[which], self.us[which], self.what[which])

    def small(self, site: int = 0) -> "Events":
        """Return the same in fewer bytes, with numbers of sites from `site` on."""
        return Events(
            self.satellite.astype(np.int32),
            (self.site + site).astype(np.int32),
            self.us,
            self.what.astype(np.int8),
        )

    @staticmethod
    def joined(parts: Iterable["Events"]) -> "Events":
        """Join events, each once, sorted by site, satellite, instant and what."""
        all_ = Events.together(parts)
        most = int(all_.satellite.max(initial=0)) + 1
        pair, instant = all_.site.astype(np.int64) * most + all_.satellite, all_.us * 4 + all_.what
        order = sorted_by(pair, instant)
        new = np.ones(len(order), bool)
        new[1:] = (np.diff(pair[order]) != 0) | (np.diff(instant[order]) != 0)
        return all_.chosen(order[new])

    @staticmethod
    def together(parts: Iterable["Events"]) -> "Events":
        """Join events as they are."""
        columns = [np.concatenate(each) for each in zip(*parts, NO_EVENTS, strict=True)]
        return Events(*columns)


NO_EVENTS = Events(
    np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int8)
)


def from_cells(exact: Exact, cells: Iterable[Cells]) -> Events:
    """Find the events in cells, from exact states alone."""
    satellite, site, cell = (np.concatenate(each) for each in zip(*cells, NO_CELLS, strict=True))
    inside = ((cell + 1) * CELL > exact.first) & (cell * CELL < exact.last)
    satellite, site, cell = satellite[inside], site[inside], cell[inside]
    if not len(cell):
        return NO_EVENTS
    pair = satellite * (int(site.max()) + 1) + site  # states of one satellite are faster together
    order = sorted_by(pair, cell)
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(pair[order]) > 0) | (np.diff(cell[order]) > 0)
    order = order[new]
    pair, satellite, site, cell = pair[order], satellite[order], site[order], cell[order]

    # The last edge of a cell is the first edge of the next one.
    alone = np.ones(len(cell), bool)
    alone[:-1] = (np.diff(pair) > 0) | (np.diff(cell) > 1)
    edges = np.concatenate((cell, cell[alone] + 1)) * CELL
    edges = np.clip(edges, exact.first, exact.last)
    who = np.concatenate((satellite, satellite[alone]))
    where = np.concatenate((site, site[alone]))
    after = np.arange(1, len(cell) + 1)
    after[alone] = len(cell) + np.arange(alone.sum())
    is_up, climbs = exact.above_and_climbs(who, where, edges)
    low, high = edges[: len(cell)], edges[after]
    up_low, up_high = is_up[: len(cell)], is_up[after]
    climbs_low = climbs[: len(cell)]

    # an extremum in the cell
    turns = np.flatnonzero((climbs_low != climbs[after]) & (low < high))
    top = exact.bisected(
        Brackets(satellite[turns], site[turns], ~climbs_low[turns], low[turns], high[turns]),
        climbing=True,
        step=EXTREMUM_STEP,
    )
    before = np.maximum(top - EXTREMUM_STEP, exact.first)
    at_before, at_top = exact.differences(satellite[turns], site[turns], before, (0, top - before))
    top = falls_between(before, top, at_before, at_top)
    up_top = exact.above(satellite[turns], site[turns], top) >= 0.0
    highest = up_top & climbs_low[turns]

    # crossings between the edges and the extremum
    straight = np.ones(len(cell), bool)
    straight[turns] = False
    pieces = np.concatenate((np.flatnonzero(straight), turns, turns))
    begin = np.concatenate((low[straight], low[turns], top))
    end = np.concatenate((high[straight], top, high[turns]))
    up_begin = np.concatenate((up_low[straight], up_low[turns], up_top))
    up_end = np.concatenate((up_high[straight], up_top, up_high[turns]))
    crosses = (up_begin != up_end) & (begin < end)
    pieces, begin, end, up_end = (each[crosses] for each in (pieces, begin, end, up_end))
    instant = exact.bisected(
        Brackets(satellite[pieces], site[pieces], up_end, begin, end), climbing=False
    )
    places = np.concatenate((turns[highest], pieces))
    return Events(
        satellite[places],
        site[places],
        np.concatenate((top[highest], instant)),
        np.concatenate((np.full(highest.sum(), CULMINATE), np.where(up_end, RISE, SET))),
    )


def falls_between(before: Bits, top: Bits, at_before: Array, at_top: Array) -> Bits:
    """Return where differences of heights fall through zero, as a line, to a microsecond."""
    with np.errstate(all="ignore"):
        part = at_before / (at_before - at_top)
    part = np.where((part >= 0.0) & (part <= 1.0), part, 1.0)
    return before + np.rint(part * (top - before)).astype(np.int64)


def in_view(exact: Exact, us: int) -> Mask:
    """Say which satellites are in view of which sites at an instant: (n_sites, n_sats)."""
    count = len(exact.satellites)
    position = exact.positions(exact.satellites, np.full(count, us))
    found = np.empty((len(exact.sites), count), bool)
    for number, site in enumerate(exact.sites):
        found[number] = exact.seen(site, position) >= 0.0
    return found
