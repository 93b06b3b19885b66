"""Types that many packages share: arrays, columns, instants and durations."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Bits: TypeAlias = npt.NDArray[np.int64]

# The columns of a block by name (x y z or lat lon height, vx vy vz: float64; status, sunlit:
# uint8), each (n_times, n_sats). With device=True they are CuPy arrays, which have no types.
Columns: TypeAlias = dict[str, npt.NDArray[np.float64 | np.uint8]]


# --- instants and durations of other libraries, which are never imported for their types ---
class SupportsArray(Protocol):
    """What converts to a numpy array: of numpy, pandas, Polars and xarray."""

    def __array__(self) -> npt.NDArray[np.generic]:
        """Return the array."""
        ...


class ArrowScalar(Protocol):
    """A scalar of pyarrow."""

    def as_py(self) -> object:
        """Return the value as an object of Python."""
        ...


class ArrowArray(Protocol):
    """A column that exports itself through Arrow's C interface, in one piece."""

    def __arrow_c_array__(self) -> object:
        """Return the capsules of schema and array."""
        ...


class ArrowStream(Protocol):
    """A column that exports itself through Arrow's C interface, in pieces."""

    def __arrow_c_stream__(self) -> object:
        """Return the capsule of the stream."""
        ...


class AstropyTime(Protocol):
    """A Time or a TimeDelta of astropy: days in two doubles."""

    @property
    def jd1(self) -> object:
        """The larger part."""

    @property
    def jd2(self) -> object:
        """The rest."""


class SkyfieldTime(Protocol):
    """A Time of Skyfield: a Julian date of TT in two doubles."""

    @property
    def whole(self) -> object:
        """The larger part."""

    @property
    def tt_fraction(self) -> object:
        """The rest."""


Instant: TypeAlias = (
    str | datetime | date | np.datetime64 | SupportsArray | ArrowScalar | AstropyTime | SkyfieldTime
)
Instants: TypeAlias = Instant | Sequence[Instant] | ArrowArray | ArrowStream
Duration: TypeAlias = str | timedelta | np.timedelta64 | SupportsArray | ArrowScalar | AstropyTime
