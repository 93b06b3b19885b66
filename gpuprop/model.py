"""What every engine is given: the model, and mean elements in the units of SGP4's initialisation."""

from dataclasses import dataclass
from typing import NamedTuple

from .gravity import Gravity
from .typing import Array


@dataclass(frozen=True)
class Model:
    """What turns an element set and an instant into a state."""

    gravity: Gravity
    opsmode: str  # i: improved, a: as AFSPC

    def __post_init__(self) -> None:
        if self.opsmode not in ("i", "a"):
            raise ValueError(f"opsmode {self.opsmode!r} is not known: use i (improved) or a (as AFSPC)")


class MeanElements(NamedTuple):
    """One element set a lane, as SGP4 takes them."""

    epoch: Array  # days since 1949-12-31T00:00 UTC
    no_kozai: Array  # rad/min
    ecco: Array
    inclo: Array  # rad
    nodeo: Array  # rad
    argpo: Array  # rad
    mo: Array  # rad
    bstar: Array  # 1/er
