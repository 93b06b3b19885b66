"""Precision mixed on the engines cpu and cuda: which satellites have it, and their order.

gpuprop/sgp4/mixed.py says for which satellites it holds, and computes their constants.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import GpupropError
from ..sgp4.constants import NEAR_EARTH, Constants
from ..sgp4.gravity import Gravity
from ..sgp4.mixed import REACH_NS, MixedTable, classify, mixed_table
from . import operations

PARTS = 16  # a row of constants is a multiple of this, which every vector of a CPU divides


class PrecisionError(GpupropError, ValueError):
    """Precision mixed is not available, or not enough; the message says what to use."""


def unavailable(reason: str) -> PrecisionError:
    """Return the error of an engine that does not have precision mixed."""
    return PrecisionError(
        f"precision mixed is not available here ({reason}): use engine cpu on a CPU with FMA, "
        "or cuda, or precision exact, which every engine has"
    )


class MixedSets(NamedTuple):
    """Satellites in the execution order of precision mixed: those that have it come first."""

    constants: Constants
    order: npt.NDArray[np.intp]  # (n,) from this order to that of precision exact
    size: int  # satellites with precision mixed
    table: MixedTable  # their constants; rows end with copies of the last satellite

    @staticmethod
    def of(exact: Constants, gravity: Gravity) -> "MixedSets":
        """Sort satellites, and compute the constants of those with precision mixed."""
        held = classify(exact) == 0
        order = np.argsort(~held, kind="stable")
        count = int(held.sum())
        values = {name: row[order] for name, row in exact.values.items()}
        sorted_ = Constants(values, exact.epoch_ns[order], exact.order[order], exact.bounds)
        table = mixed_table(gravity, {name: row[:count] for name, row in values.items()})
        stride = -(-count // PARTS) * PARTS
        which = np.minimum(np.arange(stride), max(0, count - 1))
        return MixedSets(
            sorted_, order, count, MixedTable(table.phases[:, which], table.terms[:, which])
        )

    def kernels(self) -> list[tuple[str, slice]]:
        """Return the kernels that compute states, each with its slice of the execution order."""
        bounds = dict(self.constants.bounds)
        near = bounds.pop(NEAR_EARTH, slice(0, 0))
        if self.size < near.stop:  # those near the Earth without precision mixed
            bounds = {NEAR_EARTH: slice(self.size, near.stop), **bounds}
        mixed = [("propagate_mixed", slice(0, self.size))] if self.size else []
        return mixed + operations.propagate_kernels(bounds)

    def members(self) -> dict[str, object]:
        """Return the members of PropagateJob for precision mixed, without the arrays."""
        return {"mixed_stride": self.table.phases.shape[1], "reach": REACH_NS}
