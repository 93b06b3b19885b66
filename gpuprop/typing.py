"""Names for the types that many packages share: arrays, columns, and the words that options take."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.int64]

# The columns of a block by name (x y z or lat lon height, vx vy vz, status, sunlit), each (n_times,
# n_sats).
Columns = dict[str, npt.NDArray[Any]]

Frame = Literal["teme", "pef", "itrs", "gcrs", "geodetic"]
Scale = Literal["utc", "tai", "tt", "gps"]
Engine = Literal["auto", "numpy", "cpu", "cuda"]
OpsMode = Literal["i", "a"]
DType = Literal["float64", "float32"]
FileFormat = Literal["arrow", "parquet"]
Compression = Literal["none", "lz4", "zstd"]
