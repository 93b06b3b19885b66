"""Types that many packages share: arrays and columns, and the words that options take."""

from typing import Any

import numpy as np
import numpy.typing as npt

from .literals import Compression as Compression
from .literals import DType as DType
from .literals import Engine as Engine
from .literals import FileFormat as FileFormat
from .literals import Frame as Frame
from .literals import OpsMode as OpsMode
from .literals import Scale as Scale

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.int64]

# The columns of a block by name (x y z or lat lon height, vx vy vz, status, sunlit), each (n_times,
# n_sats).
Columns = dict[str, npt.NDArray[Any]]
