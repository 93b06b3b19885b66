"""Initialised constants of satellites, as a structure of arrays in execution order.

Execution order is sorted by regime, then by class of eccentricity, and otherwise keeps the order of
the input.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..typing import Array

# regimes: SGP4; SDP4 without and with resonance
NEAR_EARTH, DEEP_SPACE, ONE_DAY, HALF_DAY = 0, 1, 2, 3
REGIMES = (
    "near earth",
    "deep space",
    "deep space, one-day resonance",
    "deep space, half-day resonance",
)


def kernels_folder() -> Path:
    """Return the folder of the kernels: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "kernels"
    return inside if inside.is_dir() else package.parent / "kernels"


def kernels_digest() -> str:
    """Return the SHA-256 of the cpu engine's sources, as CMakeLists.txt computes it."""
    sources = (
        path for path in kernels_folder().iterdir() if path.suffix in (".cpp", ".cuh", ".def")
    )
    digests = (hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(sources))
    return hashlib.sha256("".join(digests).encode()).hexdigest()


FIELDS: tuple[str, ...] = tuple(
    re.findall(r"^FIELD\((\w+),", (kernels_folder() / "constants.def").read_text(), re.MULTILINE)
)


def execution_order(
    ecco: Array, regime: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.intp], dict[int, slice]]:
    """Return the execution order (n,) as positions in the input, and the slice of each regime."""
    # Satellites of similar eccentricity need similar numbers of Kepler steps. The classes are few,
    # so that a constellation keeps its order.
    key = regime.astype(np.uint8)
    for least in (0.012, 0.1, 0.5):
        key = 2 * key + ~(ecco < least)
    in_order = bool((key[1:] >= key[:-1]).all())
    order = np.arange(len(key)) if in_order else np.argsort(key, kind="stable")
    edges = np.append(0, np.cumsum(np.bincount(regime, minlength=len(REGIMES))))
    bounds = {
        code: slice(int(edges[code]), int(edges[code + 1]))
        for code in range(len(REGIMES))
        if edges[code] < edges[code + 1]
    }
    return order, bounds


@dataclass(frozen=True, eq=False)
class Constants:
    """Constants of SGP4, from the initialisation of n element sets, in execution order.

    Parameters
    ----------
    values : dict of str to (n,) float64
        Values by name. kernels/constants.def lists the names with units and meanings.
    epoch_ns : (n,) int64
        Epochs, nanoseconds since 1970-01-01 UTC.
    order : (n,) int64
        Position of each satellite in the input.
    bounds : dict of int to slice
        Which satellites of the execution order have a regime: 0 near the Earth, 1 deep space, 2
        and 3 deep space in resonance with one and two revolutions a day.
    """

    values: dict[str, Array]
    epoch_ns: npt.NDArray[np.int64]
    order: npt.NDArray[np.intp]
    bounds: dict[int, slice]

    @classmethod
    def sort(
        cls, values: dict[str, Array], regime: npt.NDArray[Any], epoch_ns: npt.NDArray[np.int64]
    ) -> "Constants":
        """Bring constants from the order of the input into execution order."""
        order, bounds = execution_order(values["ecco"], regime)
        return cls(
            {name: np.ascontiguousarray(values[name][order]) for name in FIELDS},
            epoch_ns[order],
            order,
            bounds,
        )

    def __len__(self) -> int:
        return len(self.order)

    def regimes(self) -> npt.NDArray[np.uint8]:
        """Return the regime of each satellite of the input, (n,)."""
        regimes = np.empty(len(self.order), np.uint8)
        for regime, satellites in self.bounds.items():
            regimes[self.order[satellites]] = regime
        return regimes

    def rank(self) -> npt.NDArray[np.int64]:
        """Return the place in execution order of each satellite of the input, (n,)."""
        rank = np.empty(len(self.order), np.int64)
        rank[self.order] = np.arange(len(self.order))
        return rank

    def place(self, satellites: slice | npt.NDArray[np.int64]) -> slice | npt.NDArray[np.intp]:
        """Return the positions in the input of some satellites; a slice if adjacent."""
        order = self.order[satellites]
        if len(order) and np.array_equal(order, np.arange(order[0], order[0] + len(order))):
            return slice(int(order[0]), int(order[0]) + len(order))
        return order
