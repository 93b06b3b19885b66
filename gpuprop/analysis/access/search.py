"""Search a span of time for passes, a bounded block of knots and group of sites at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ...frames import geodetic_site
from ...in_place import engine_of, part_of
from ...propagator import BLOCK_BYTES, Propagator
from ...sgp4.access import AccessRule
from ...sgp4.trig import sincos
from ...time.times import Times
from ...typing import Array, Bits, Mask
from ..events import CELL, MICROSECOND, SHORTEST
from ..look_angles import Site
from .cells import CULMINATE, NO_EVENTS, RISE, Events, in_view
from .decide import decide
from .exact import Exact, Knots

STEP_S = 90  # between knots
# satellites x knots x sites that are searched at a time: a few percent of them are candidates
MOST_TRIPLES = 8_000_000
AROUND = 3  # knots of a block beyond the intervals that begin in it
HEIGHTS = 1 << 16  # that are computed at a time
AHEAD = 5  # intervals after a span in which satellites are followed first: a block has 8 knots


@dataclass(frozen=True)
class Passes:
    """Passes, in any order: (n,) each.

    satellite and site are positions among those given. Instants are microseconds since 1970.
    """

    satellite: Bits
    site: Bits
    rise: Bits
    set: Bits
    rise_cut: Mask
    set_cut: Mask
    culmination: Bits

    def at_sites(self, sites: Bits) -> "Passes":
        """Return the same with `sites`, (n_sites,), in place of the numbers of sites."""
        return replace(self, site=sites[self.site].astype(np.int32))


class Search:
    """A search for passes in a window.

    Parameters
    ----------
    propagator : Propagator
        Computes the states.
    sites : tuple of Site
        The sites.
    min_elevation_deg : float
        Minimum elevation, deg.
    window : tuple of int
        First instant and the instant after the last one, microseconds since 1970.
    step_s : int
        Seconds between knots. It changes no result.
    """

    def __init__(
        self,
        propagator: Propagator,
        sites: tuple[Site, ...],
        min_elevation_deg: float,
        window: tuple[int, int],
        step_s: int = STEP_S,
    ) -> None:
        self.propagator = propagator
        self.places = places_of(sites)
        self.window = window
        sine, cosine = (float(each[0]) for each in sincos(np.radians([min_elevation_deg])))
        self._sine, self._cosine = sine, cosine
        self._step = step_s * 1_000_000
        self._rooms = max(1, len(propagator.elements))
        self._reach = self._known_instants()
        self._exact: Exact | None = None  # of all satellites and sites

    @property
    def tangent(self) -> float:
        """Tangent of the minimum elevation."""
        return self._sine / self._cosine

    def exact(self, propagator: Propagator, sites: slice = slice(None)) -> Exact:
        """Make what decides about some of the sites."""
        first, stop = self.window
        all_ = propagator is self.propagator and len(self.places[sites]) == len(self.places)
        if all_ and self._exact is not None:
            return self._exact
        made = Exact(propagator, self.places[sites], self.tangent, (first, stop - 1))
        if all_:
            self._exact = made
        return made

    def _known_instants(self) -> tuple[int, int]:
        """Return the first and the last instant with states: the window, or more if possible."""
        first, stop = self.window
        wide = first - 3 * self._step, stop + 5 * self._step
        for reach in (wide, (first, stop - 1)):
            try:
                self.propagator.snapshots(
                    Times(np.array(reach, np.int64) * MICROSECOND), "itrs", False
                ).close()
            except ValueError:
                if reach is not wide:
                    raise
            else:
                return reach
        raise AssertionError

    # --- passes ---
    def passes(self, begin: int, end: int, tell: Callable[[int], None] | None = None) -> Passes:
        """Find the passes that rise in [begin, end), from rise to set.

        begin and end: microseconds, in the window. A pass that is in view when the window begins
        rises then. tell: is called with the instant up to which the search has come.
        """
        first, stop = self.window
        found = [self._risen(first)] if begin == first else []
        found += self._events(self.propagator, begin, end, tell)
        events = Events.joined(found)
        opened = _open(events, begin, end)
        later = []
        at, ahead = end, AHEAD * self._step
        while len(opened.satellite) and at < stop:
            chosen = np.unique(opened.satellite)
            followed = self._part_of(chosen)
            upto = min(stop, at + ahead)
            keys = opened.site.astype(np.int64) * self._rooms + opened.satellite
            more = [
                _of_pairs(each._replace(satellite=chosen[each.satellite]), keys, self._rooms)
                for each in self._events(followed, at, upto, tell)
            ]
            later += more
            opened = _open(Events.joined([opened, *more]), begin, end)
            at, ahead = upto, 2 * ahead  # fewer satellites are left
        return self._paired(Events.joined([events, *later]) if later else events, begin, end)

    def _part_of(self, satellites: Bits) -> Propagator:
        """Return a propagator of some of the satellites."""
        if len(satellites) == len(self.propagator.elements):
            return self.propagator
        return part_of(self.propagator, satellites)

    def _risen(self, instant: int) -> Events:
        """Return a rise for each pair that is in view at the first instant of the window."""
        seen = in_view(self.exact(self.propagator), instant)
        site, satellite = np.nonzero(seen)
        n = len(site)
        return Events(satellite, site, np.full(n, instant), np.full(n, RISE)).small()

    def _events(
        self,
        propagator: Propagator,
        begin: int,
        end: int,
        tell: Callable[[int], None] | None,
    ) -> Iterator[Events]:
        """Yield the events in [begin, end), and some around it, block by block."""
        n_sats = len(propagator.elements)
        # An event in a cell that reaches beyond the span is proposed by the interval around it, and
        # a culmination by the interval that begins at the highest knot, before or after it.
        knot, stop = (begin - CELL) // self._step, -(-(end + CELL) // self._step) + 1
        rows = max(8, min(propagator.instants(BLOCK_BYTES, False), stop - knot + AROUND))
        group = max(1, MOST_TRIPLES // (rows * max(1, n_sats)))
        low, high = self._reach
        while knot < stop:
            upto = min(stop, knot + rows - AROUND)
            knots = Knots((knot - 1) * self._step, self._step)
            us = knots.first + np.arange(upto - knot + AROUND, dtype=np.int64) * self._step
            known = np.flatnonzero((us >= low) & (us <= high))
            span = (int(known[0]), int(known[-1])) if len(known) else (len(us), -1)
            us = np.clip(us, low, high)
            block = propagator.states(Times(us * MICROSECOND), "itrs", False, device=True)
            rule = AccessRule(self._cosine, self._sine, self._step * 1e-6, *span)
            engine = engine_of(propagator, block)
            for site in range(0, len(self.places), group):
                here = slice(site, site + group)
                found = engine.access(block.columns, self.places[here], rule)
                events = decide(self.exact(propagator, here), knots, found)
                yield events.small(site)
            knot = upto
            if tell is not None:
                tell(min(knot * self._step, end))

    def _paired(self, events: Events, begin: int, end: int) -> Passes:
        """Pair rises with sets, and choose the culminations: for rises in [begin, end).

        events: each once, sorted by pair and instant, as Events.joined gives them.
        """
        first, stop = self.window
        is_top = events.what == CULMINATE
        turning = np.flatnonzero(~is_top)
        satellite, site, us, what = events.chosen(turning)
        risen = (what == RISE) & (us >= begin) & (us < end)
        has_set = np.zeros(len(us), bool)
        has_set[:-1] = (np.diff(satellite) == 0) & (np.diff(site) == 0)
        set_us = np.full(len(us), stop)
        set_us[:-1][has_set[:-1]] = us[1:][has_set[:-1]]
        risen &= set_us - us >= SHORTEST
        highest = self._highest(events, is_top, turning)
        return Passes(
            satellite[risen],
            site[risen],
            us[risen],
            set_us[risen],
            us[risen] == first,
            ~has_set[risen],
            highest[risen],
        )

    def _highest(self, events: Events, is_top: Mask, turning: Bits) -> Bits:
        """Choose the highest culmination after each rise, for all rises and sets: -1 for none.

        is_top: which events are culminations. turning: the places of the others.
        """
        found = np.full(len(turning), -1, np.int64)
        top = np.flatnonzero(is_top)
        owner = top - np.arange(1, len(top) + 1)  # the rise or set before each
        top, owner = top[owner >= 0], owner[owner >= 0]
        before = turning[owner]
        of_pass = (events.what[before] == RISE) & (events.site[before] == events.site[top])
        of_pass &= events.satellite[before] == events.satellite[top]
        top, owner = top[of_pass], owner[of_pass]
        alone = np.bincount(owner, minlength=len(turning))[owner] == 1
        found[owner[alone]] = events.us[top[alone]]
        top, owner = top[~alone], owner[~alone]
        if len(top):
            satellite, site, us, _ = events.chosen(top)
            exact = self.exact(self.propagator)
            some = (slice(first, first + HEIGHTS) for first in range(0, len(top), HEIGHTS))
            heights = np.concatenate(
                [exact.height(satellite[each], site[each], us[each]) for each in some]
            )
            best = np.lexsort((us, -heights, owner))
            new = np.ones(len(best), bool)
            new[1:] = np.diff(owner[best]) > 0
            found[owner[best[new]]] = us[best[new]]
        return found


def places_of(sites: tuple[Site, ...]) -> Array:
    """Compute positions and axes of sites, (n_sites, 12)."""
    coordinates = np.array(
        [(site.latitude_deg, site.longitude_deg, site.height_km) for site in sites]
    )
    latitudes, longitudes, heights = coordinates.reshape(-1, 3).T
    return geodetic_site(np.radians(latitudes), np.radians(longitudes), heights)


def _of_pairs(events: Events, keys: Bits, rooms: int) -> Events:
    """Return the events of some pairs, given as site * rooms + satellite."""
    chosen = np.isin(events.site.astype(np.int64) * rooms + events.satellite, keys)
    return events.chosen(chosen)


def _open(events: Events, begin: int, end: int) -> Events:
    """Return the rises in [begin, end) that no set follows."""
    turning = events.chosen(events.what != CULMINATE)
    if not len(turning.us):
        return NO_EVENTS
    last = np.ones(len(turning.us), bool)
    last[:-1] = (np.diff(turning.satellite) != 0) | (np.diff(turning.site) != 0)
    last &= (turning.what == RISE) & (turning.us >= begin) & (turning.us < end)
    return turning.chosen(last)
