"""Exact positions of satellites seen from sites: the states that decide."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...in_place import EventEngine, positions_between
from ...propagator import Propagator
from ...sgp4.access import Candidates, height, local_position
from ...sgp4.access_events import (
    EARTH_ROUNDING,
    ROUNDING,
    BisectionRule,
    Brackets,
    EventSearch,
    Found,
    search_events,
)
from ...typing import Array, Bits, Mask
from ..events import MICROSECOND, SPAN, Places, first_true

MOST_PAIRS = 1 << 20  # at a time


class Knots(NamedTuple):
    """The grid of knots that candidates count."""

    first: int  # us
    step: int  # us


class Exact:
    """Exact positions of pairs of satellites, seen from sites.

    Parameters
    ----------
    propagator : Propagator
        Computes the states.
    sites : (n_sites, 12) float64
        Sites, as geodetic_site makes them.
    tangent : float
        Of the minimum elevation.
    window : tuple of int
        The first and the last instant, microseconds since 1970. No state outside is asked for.
    """

    def __init__(
        self, propagator: Propagator, sites: Array, tangent: float, window: tuple[int, int]
    ) -> None:
        self.sites = sites
        self._columns = np.ascontiguousarray(sites.T)
        self.tangent = tangent
        self.first, self.last = window
        self._positions = positions_between(
            propagator, self.first * MICROSECOND, self.last * MICROSECOND
        )
        self._engine = EventEngine(propagator, self.first * MICROSECOND, self.last * MICROSECOND)
        elements = propagator.elements
        self.satellites = np.arange(len(elements))
        self._epoch_ns = elements.epoch.view(np.int64)
        self._epoch_us = elements.epoch.view(np.int64) / MICROSECOND
        self._turn_rate = elements.mean_motion / 60e6  # rad/us

    def events(self, knots: Knots, found: Candidates, wanted: Bits) -> Found:
        """Search for events of candidates: see gpuprop.sgp4.access_events.search_events."""
        search = EventSearch(
            self.tangent,
            knots.first,
            knots.step,
            self.first,
            self.last,
            self.sites,
            self._turn_rate / MICROSECOND,
        )
        quick = self._engine.events(found, wanted, search)
        if quick is not None:
            return quick
        return search_events(self.positions, self._epoch_ns, found, wanted, search)

    def bisected(self, brackets: Brackets, climbing: bool, step: int = 1) -> Bits:
        """Bisect brackets in integers, until they are not longer than `step`: their ends.

        climbing: find when elevations stop to rise or to fall; else when satellites come in view or
        go out of it.
        """
        rule = BisectionRule(self.tangent, self.first, self.last, climbing, step)
        quick = self._engine.bisected(brackets, self.sites, rule)
        if quick is not None:
            return quick

        def reached(which: Places, us: Bits) -> Mask:
            at = brackets.satellite[which], brackets.site[which], us
            holds = self.climbs(*at) if climbing else self.above(*at) >= 0.0
            return np.asarray(holds == brackets.goal[which])

        return first_true(brackets.low, brackets.high, reached, step)

    def differences(
        self, satellite: Bits, site: Bits, us: Bits, aside: Sequence[int | Bits]
    ) -> list[Array]:
        """Compute differences of heights over 2 SPAN at instants, moved by each of `aside`."""
        at = np.concatenate([us + each + span for each in aside for span in (-SPAN, SPAN)])
        np.clip(at, self.first, self.last, out=at)
        count = 2 * len(aside)
        positions = self.positions(np.tile(satellite, count), at).reshape(3, count, len(us))
        heights = height(*local_position(self.place(site), *positions))
        return list(heights[1::2] - heights[::2])

    def climbs(self, satellite: Bits, site: Bits, us: Bits) -> Mask:
        """Say whether elevations rise at instants."""
        rising: Mask = self.differences(satellite, site, us, (0,))[0] > 0.0
        return rising

    def above_and_climbs(self, satellite: Bits, site: Bits, us: Bits) -> tuple[Mask, Mask]:
        """Say whether satellites are in view, and whether elevations rise, at instants (n,)."""
        at = np.concatenate(
            [us, *(np.clip(us + span, self.first, self.last) for span in (-SPAN, SPAN))]
        )
        positions = self.positions(np.tile(satellite, 3), at).reshape(3, 3, len(us))
        east, north, up = local_position(self.place(site), *positions)
        level = np.sqrt(east[0] * east[0] + north[0] * north[0])
        before, after = height(east[1:], north[1:], up[1:])
        return up[0] - self.tangent * level >= 0.0, after - before > 0.0

    def local(self, satellite: Bits, site: Bits, us: Bits) -> tuple[Array, Array, Array]:
        """Compute east, north and up (km), each (n,): NaN unless the status is 0."""
        return local_position(self.place(site), *self.positions(satellite, us))

    def place(self, site: Bits) -> Array:
        """Return positions and axes of sites, (12, n)."""
        return self._columns.take(site, axis=1)

    def positions(self, satellite: Bits, us: Bits) -> npt.NDArray[np.float64]:
        """Compute positions in ITRS (3, n), km: NaN unless the status is 0."""
        found = np.empty((3, len(us)))
        for first in range(0, len(us), MOST_PAIRS):
            here = slice(first, first + MOST_PAIRS)
            index = satellite[here].astype(np.int64, copy=False)
            columns = self._positions(index, us[here] * MICROSECOND)
            for row, name in zip(found, ("x", "y", "z"), strict=True):
                row[here] = columns[name]
            bad = columns["status"] != 0
            if bad.any():
                found[:, here][:, bad] = np.nan
        return found

    def above(self, satellite: Bits, site: Bits, us: Bits) -> Array:
        """Compute how far satellites are above the minimum elevation (n,), km, measured upwards.

        A satellite is in view if this is 0 or more. It is NaN unless the status is 0.
        """
        return self.seen(self.place(site), self.positions(satellite, us))

    def seen(self, site: Array, position: Array) -> Array:
        """Compute the same for positions (3, ...), seen from a site (12,) or sites (12, n)."""
        east, north, up = local_position(site, *position)
        return up - self.tangent * np.sqrt(east * east + north * north)

    def height(self, satellite: Bits, site: Bits, us: Bits) -> Array:
        """Compute the tangent of half of the elevation (n,): NaN unless the status is 0."""
        return height(*self.local(satellite, site, us))

    def noise(self, satellite: Bits, us: Bits) -> Array:
        """Estimate the rounding errors of the directions to satellites (n,), rad.

        That of the angle along the orbit grows with the time since epoch.
        """
        turned = np.abs(us - self._epoch_us[satellite]) * self._turn_rate[satellite]
        return ROUNDING * (turned + 10.0) + EARTH_ROUNDING
