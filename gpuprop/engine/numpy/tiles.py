"""A block of states, computed tile by tile.

A tile is a number of satellites of one regime at a number of instants, small enough that the
temporary arrays stay in the cache.
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from ...sgp4.constants import DEEP_SPACE, HALF_DAY, NEAR_EARTH, ONE_DAY, Constants
from ...sgp4.deep_space import deep_space
from ...sgp4.earth_rotation import earth_rotation
from ...sgp4.frames import sunlight, to_frame
from ...sgp4.model import TEME, Model, View
from ...sgp4.near_earth import Inclination, Mean, near_earth
from ...sgp4.orbit import State, eccentric, orbit
from ...sgp4.resonance import Integrator
from ...typing import Array, Columns

TILE = 8192  # states; a temporary array then has 64 KiB
SATELLITES = {NEAR_EARTH: 1024}  # satellites of a tile: long rows near the Earth;
DEEP_SATELLITES = 128  # in deep space many instants, which share the integration from the epoch
RESONANT_PAIRS = 2048  # of a tile
NANOSECONDS_PER_MINUTE = 6.0e10
Minutes = Callable[[slice, "Group"], Array]


class Group:
    """The satellites of a tile, all of one regime."""

    def __init__(
        self,
        model: Model,
        constants: Constants,
        regime: int,
        satellites: slice | npt.NDArray[np.int64],
    ) -> None:
        self.model = model
        self.satellites = satellites  # in execution order
        self.place = constants.place(satellites)
        self.epoch_ns = constants.epoch_ns[satellites]
        self.constants = {name: values[satellites] for name, values in constants.values.items()}
        self._near_earth = regime == NEAR_EARTH
        self.resonant = (
            Integrator(self.constants, regime) if regime in (ONE_DAY, HALF_DAY) else None
        )

    def mean(self, t: Array) -> tuple[Mean, Inclination]:
        """Compute mean orbits at t (n_times, n_sats) minutes since their epochs."""
        if self._near_earth:
            return near_earth(self.constants, t)
        return deep_space(self.model.gravity, self.model.opsmode, self.resonant, self.constants, t)

    def states(self, t: Array) -> State:
        """Compute states at t (n_times, n_sats) minutes since their epochs."""
        mean, inclination = self.mean(t)
        return orbit(
            self.model.gravity,
            self.constants["rmax"],
            mean,
            inclination,
            eccentric(mean, inclination),
        )


def groups(model: Model, constants: Constants) -> list[Group]:
    """Split the satellites into groups."""
    found = []
    for regime, bounds in constants.bounds.items():
        width = SATELLITES.get(regime, DEEP_SATELLITES)
        for first in range(bounds.start, bounds.stop, width):
            found.append(
                Group(model, constants, regime, slice(first, min(first + width, bounds.stop)))
            )
    return found


def tiles(all_groups: Iterable[Group], n_times: int) -> list[tuple[Group, slice]]:
    """Split groups and instants into tiles."""
    found = []
    for group in all_groups:
        height = max(1, TILE // len(group.epoch_ns))
        found += [
            (group, slice(begin, min(begin + height, n_times)))
            for begin in range(0, n_times, height)
        ]
    return found


def shared_tiles(all_groups: list[Group], n_times: int) -> list[tuple[Group, slice]]:
    """Return the tiles of a block that any worker may take."""
    return tiles((group for group in all_groups if not group.resonant), n_times)


def own_tiles(
    all_groups: list[Group], n_times: int, share: int, shares: int
) -> list[tuple[Group, slice]]:
    """Return the tiles of a block that one worker of `shares` must take.

    A resonant group belongs to one worker, because otherwise each worker would integrate it from
    the epoch.
    """
    resonant = [group for group in all_groups if group.resonant]
    return tiles(resonant[share::shares], n_times)


def fill(
    all_groups: list[Group],
    ns: npt.NDArray[np.int64],
    out: Columns,
    view: View = TEME,
    some: Iterable[tuple[Group, slice]] | None = None,
) -> None:
    """Compute all tiles, or `some`, into the columns `out`, each (n_times, n_sats)."""

    def minutes(instants: slice, group: Group) -> Array:
        return np.asarray((ns[instants, None] - group.epoch_ns) / NANOSECONDS_PER_MINUTE)

    fill_minutes(tiles(all_groups, len(ns)) if some is None else some, minutes, out, view)


def fill_minutes(
    some: Iterable[tuple[Group, slice]], minutes: Minutes, out: Columns, view: View = TEME
) -> None:
    """Compute tiles at minutes(instants, group), (n_times, n_sats of the group), since epoch."""
    # A state that cannot be computed is NaN with a status: no warning of numpy is needed.
    with np.errstate(all="ignore"):
        for group, instants in some:
            state, seen = group.states(minutes(instants, group)), view.at(instants)
            if seen.sun is not None:
                out["sunlit"][instants, group.place] = sunlight(seen.sun, state.x, state.y, state.z)
            if seen.rotation is not None:
                state = to_frame(seen.rotation, seen.geodetic, state)
            for name in out.keys() - {"sunlit"}:
                out[name][instants, group.place] = getattr(state, name)


def fill_pairs(
    model: Model,
    constants: Constants,
    index: npt.NDArray[np.int64],
    ns: npt.NDArray[np.int64],
    out: Columns,
    view: View = TEME,
) -> None:
    """Compute pairs of a satellite (of the input) and an instant into columns, each (n,)."""
    satellites = constants.rank()[index]
    with np.errstate(all="ignore"):
        for regime, bounds in constants.bounds.items():
            chosen = np.flatnonzero((satellites >= bounds.start) & (satellites < bounds.stop))
            width = TILE
            if regime not in (NEAR_EARTH, DEEP_SPACE):
                # pairs of a tile take similar numbers of steps of the integration from the epoch
                away = np.abs(ns[chosen] - constants.epoch_ns[satellites[chosen]])
                chosen, width = chosen[np.argsort(away, kind="stable")], RESONANT_PAIRS
            for first in range(0, len(chosen), width):
                pairs = chosen[first : first + width]
                group = Group(model, constants, regime, satellites[pairs])
                t = (ns[pairs] - group.epoch_ns) / NANOSECONDS_PER_MINUTE
                # each pair is a satellite at one instant; then an instant with one satellite
                columns = [column.T for column in group.states(t[None, :])]
                state = State._make(columns)
                seen = view.at(pairs)
                if seen.earth is not None:
                    seen = seen._replace(rotation=earth_rotation(seen.earth, ns[pairs]))
                if seen.sun is not None:
                    out["sunlit"][pairs] = sunlight(seen.sun, state.x, state.y, state.z)[:, 0]
                if seen.rotation is not None:
                    state = to_frame(seen.rotation, seen.geodetic, state)
                for name in out.keys() - {"sunlit"}:
                    out[name][pairs] = getattr(state, name)[:, 0]
