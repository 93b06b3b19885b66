"""Satellites in view of places, counted on a GPU."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...sgp4.coverage import CoverageRequest
from ...typing import Columns
from .availability import explained

if TYPE_CHECKING:
    from . import CudaEngine

PASS_BYTES = 32 << 20  # counts of some instants: most of the second cache of a large GPU


class CudaCoverage:
    """Counts of a request, block after block: see choice.CoverageCounter.

    Counts and tallies stay on the device. Integers are added, so that the order of threads does not
    matter.
    """

    def __init__(self, engine: "CudaEngine", request: CoverageRequest) -> None:
        self._engine, self._request = engine, request
        self._begun = False
        cupy = engine.cupy
        with explained(cupy, engine.device), engine.streams.work():
            self._label = None if request.labels is None else cupy.asarray(request.labels)
            self._ground = {
                name: cupy.asarray(np.ascontiguousarray(value))
                if isinstance(value, np.ndarray)
                else value
                for name, value in request.ground.members().items()
            }
            self._tallies = {
                name: cupy.asarray(values) for name, values in request.empty_tallies().items()
            }
            self._counts: Any = None

    def add(self, columns: Columns) -> None:
        """Add consecutive instants, of numpy or CuPy arrays: see choice.CoverageCounter."""
        engine, request = self._engine, self._request
        n_times, n_sats = columns["x"].shape
        with explained(engine.cupy, engine.device), engine.streams.work():
            if self._counts is None:
                length = request.instants_of_a_pass(PASS_BYTES, n_sats)
                self._counts = engine.cupy.asarray(np.zeros((length, request.size), np.int32))
            given = {
                name: engine.cupy.asarray(np.ascontiguousarray(column))
                if isinstance(column, np.ndarray)
                else column
                for name, column in columns.items()
                if name in ("x", "y", "z", "status")
            }
            for first in range(0, n_times, len(self._counts)):
                here = slice(first, min(first + len(self._counts), n_times))
                self._add_pass({name: column[here] for name, column in given.items()}, n_sats)

    def _add_pass(self, columns: dict[str, Any], n_sats: int) -> None:
        """Count some instants and tally them, on the current stream."""
        request, ground = self._request, self._request.ground
        n_times = len(columns["x"])
        members = dict(
            **columns,
            **self._ground,
            label=self._label,
            n_sats=n_sats,
            counts=self._counts,
            n_labels=request.n_labels,
            n_planes=request.n_planes,
        )
        if n_sats:
            kernel = "cover_cells" if ground.columns is None else "cover_grid"
            self._engine.launch(kernel, slice(0, n_sats), n_times, **members)
            rows = ground.n_rows
            self._engine.launch(
                "sum_counts", slice(0, rows), n_times, threads=(rows, n_times), **members
            )
        self._engine.launch(
            "tally_counts",
            slice(0, request.size),
            n_times,
            threads=(request.size, 1),
            counts=self._counts,
            n_instants=n_times,
            size=request.size,
            is_first=not self._begun,
            **self._tallies,
        )
        self._begun = True

    def tallies(self) -> dict[str, npt.NDArray[Any]]:
        """Return what was counted, on the host: see choice.CoverageCounter."""
        with explained(self._engine.cupy, self._engine.device), self._engine.streams.work():
            return {name: values.get() for name, values in self._tallies.items()}
