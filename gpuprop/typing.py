"""Names for the arrays that travel between the rooms."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.int64]

# The columns of a block by name (x y z or lat lon height, vx vy vz, status, sunlit), each (n_times,
# n_sats).
Columns = dict[str, npt.NDArray[Any]]
