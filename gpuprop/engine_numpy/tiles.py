"""A block of states, computed tile by tile: so many satellites of one regime at so many instants that the temporaries stay in the cache."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..constants import NEAR_EARTH, Constants
from ..gravity import Gravity
from ..typing import Array, Columns
from .deep_space import deep_space
from .near_earth import near_earth
from .orbit import State, orbit

TILE = 8192  # states; temporaries of 64 KiB
SATELLITES = {NEAR_EARTH: 1024}  # satellites of a tile by regime: long rows near the Earth,
DEEP_SATELLITES = 128  # many instants in deep space, which share the integration from the epoch
NANOSECONDS_PER_MINUTE = 6.0e10


@dataclass(frozen=True)
class Model:
    """What turns an element set and an instant into a state."""

    gravity: Gravity
    opsmode: str


def propagate(model: Model, regime: int, c: dict[str, Array], t: Array) -> State:
    """States of satellites of one regime, t (n_times, n_sats) minutes since their epochs."""
    if regime == NEAR_EARTH:
        mean, inclination = near_earth(model.gravity, c, t)
    else:
        mean, inclination = deep_space(model.gravity, model.opsmode, regime, c, t)
    return orbit(model.gravity, c["rmax"], mean, inclination)


def tiles(constants: Constants, n_times: int) -> Iterator[tuple[int, slice, slice]]:
    """Regime, satellites (in the order of work) and instants of each tile of a block."""
    for regime, bounds in constants.bounds.items():
        width = SATELLITES.get(regime, DEEP_SATELLITES)
        for first in range(bounds.start, bounds.stop, width):
            last = min(first + width, bounds.stop)
            height = max(1, TILE // (last - first))
            for begin in range(0, n_times, height):
                yield regime, slice(first, last), slice(begin, min(begin + height, n_times))


def fill(model: Model, constants: Constants, ns: npt.NDArray[np.int64], out: Columns, share: int = 0, shares: int = 1) -> None:
    """Compute every `shares`-th tile, from tile `share` on, into the columns `out`, each (n_times, n_sats) in the order of the input."""
    satellites = slice(0, 0)
    with np.errstate(all="ignore"):  # a state that cannot be computed is NaN with a status, not a warning
        for number, (regime, sats, instants) in enumerate(tiles(constants, len(ns))):
            if number % shares != share:
                continue
            if sats != satellites:
                satellites = sats
                c = {name: values[sats] for name, values in constants.values.items()}
                epoch_ns = constants.epoch_ns[sats]
                place = constants.place(sats)
            state = propagate(model, regime, c, (ns[instants, None] - epoch_ns) / NANOSECONDS_PER_MINUTE)
            for name, column in out.items():
                column[instants, place] = getattr(state, name)
