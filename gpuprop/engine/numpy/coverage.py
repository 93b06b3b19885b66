"""Satellites in view of places, counted by numpy."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ...sgp4.coverage import CoverageRequest, Viewed, count, tally
from ...typing import Columns


class NumpyCoverage:
    """Counts of a request, block after block: see choice.CoverageCounter."""

    def __init__(self, request: CoverageRequest) -> None:
        self._request = request
        self._tallies = request.empty_tallies()
        self._begun = False

    def add(self, columns: Columns) -> None:
        """Add consecutive instants: see choice.CoverageCounter."""
        labels = self._request.labels
        for x, y, z, status in zip(
            *(columns[name] for name in ("x", "y", "z", "status")), strict=True
        ):
            good = np.flatnonzero(status == 0)
            planes = np.zeros(len(good), np.int64) if labels is None else labels[good]
            counts = count(self._request, Viewed(x[good], y[good], z[good], planes))
            tally(self._tallies, counts.reshape(-1), not self._begun)
            self._begun = True

    def tallies(self) -> dict[str, npt.NDArray[Any]]:
        """Return what was counted: see choice.CoverageCounter."""
        return self._tallies
