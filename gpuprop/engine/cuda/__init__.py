"""The CUDA engine: kernels/propagate.cu on a GPU, through CuPy. Only this package imports CuPy.

source joins the kernels into one text; availability checks what is missing on this machine; device
starts kernels; propagation has the element sets; streams orders work and memory on the GPU; pinned
holds the host's side of the copies; coverage counts satellites in view; hardware describes a GPU.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ...sgp4.access import AccessRule, Candidates
from ...sgp4.constants import FIELDS, Constants
from ...sgp4.coverage import CoverageRequest
from ...sgp4.model import COORDINATES, LOOK, MeanElements, Model
from ...typing import Array
from .. import operations
from ..screening import CLASSES, CandidatePairs, Screen
from .availability import CudaError, CudaMissingError, check, count, explained, usable
from .coverage import CudaCoverage
from .device import GRID_Y, Device, DeviceColumns
from .mixed import MixedPropagation
from .propagation import CudaPropagation
from .streams import Room

__all__ = [
    "CudaEngine",
    "CudaError",
    "CudaMissingError",
    "CudaPropagation",
    "Room",
    "check",
    "count",
    "usable",
]

INTEGERS = ("knot", "first", "second")  # of CandidatePairs


class CudaEngine(Device):
    """Runs on one NVIDIA GPU.

    device: its number. Raises CudaError, with the fix, if it cannot be used.
    """

    name = "cuda"

    def __init__(self, device: int = 0) -> None:
        super().__init__(device)
        self._capacity = 1 << 16  # candidate pairs of a block

    def __reduce__(self) -> tuple[Any, ...]:
        return CudaEngine, (self.device,)

    def load(
        self, model: Model, elements: MeanElements, epoch_ns: npt.NDArray[np.int64]
    ) -> "CudaPropagation":
        """Initialise element sets, (n,) each, on the GPU, and keep their constants there."""
        n_sats = len(epoch_ns)
        with explained(self.cupy, self.device), self.streams.work():
            constants = self.cupy.empty((len(FIELDS), n_sats), np.float64)
            regimes = self.cupy.empty(n_sats, np.int64)
            if n_sats:
                self.launch(
                    "initialise_satellites",
                    slice(0, n_sats),
                    **operations.model_members(model),
                    elements=self.cupy.asarray(np.stack(elements)),
                    stride=n_sats,
                    constants=constants,
                    regimes=regimes,
                )
            values = dict(zip(FIELDS, constants.get(), strict=True))
            in_order = Constants.sort(values, regimes.get(), epoch_ns)
        exact = CudaPropagation(self, model, in_order)
        return MixedPropagation(exact) if model.precision == "mixed" else exact

    def look_angles(
        self, columns: DeviceColumns, rotation: Array | None, sites: Array
    ) -> DeviceColumns:
        """Compute look angles: see choice.Engine.

        From CuPy arrays it makes CuPy arrays, which are finished, as those of
        CudaPropagation.device_block; the kernel runs after the pending work of the caller's current
        stream. From numpy arrays it makes numpy arrays.
        """
        cupy = self.cupy
        on_host = isinstance(columns["x"], np.ndarray)
        n_times, n_sats = columns["x"].shape
        with explained(cupy, self.device):
            out, free = self.room((n_times, len(sites), n_sats), LOOK)
            if n_times and n_sats and len(sites):
                with self.streams.work(free):
                    given = [columns[name] for name in COORDINATES]
                    if on_host:
                        given = [
                            cupy.asarray(np.ascontiguousarray(column, np.float64))
                            for column in given
                        ]
                    resident = [
                        None if values is None else cupy.asarray(np.ascontiguousarray(values))
                        for values in (rotation, sites)
                    ]
                    self.launch(
                        "look_angles",
                        slice(0, n_sats),
                        n_times,
                        rotation=resident[0],
                        sites=resident[1],
                        n_sites=len(sites),
                        n_sats=n_sats,
                        **dict(zip(COORDINATES, given, strict=True)),
                        **out,
                    )
            return {name: column.get() for name, column in out.items()} if on_host else out

    def access(self, columns: DeviceColumns, sites: Array, rule: AccessRule) -> Candidates:
        """Find candidates of passes: see choice.Engine. The states stay on the device.

        A first launch counts the candidates of every interval, a second one stores them.
        """
        cupy = self.cupy
        n_times, n_sats = columns["x"].shape
        begin, end = 1, max(1, n_times - 2)
        what, local = np.empty((0, 4), np.int64), np.empty((0, 12))
        if end == begin or not n_sats or not len(sites):
            return Candidates.of(what, local)
        chunk = -(-(end - begin) // GRID_Y)
        with explained(cupy, self.device), self.streams.work():
            members: dict[str, Any] = dict(
                **rule._asdict(),
                sites=cupy.asarray(np.ascontiguousarray(sites)),
                n_sites=len(sites),
                n_sats=n_sats,
                **{name: cupy.asarray(columns[name]) for name in ("x", "y", "z", "status")},
                threads=(n_sats, -(-(end - begin) // chunk)),
                begin=begin,
                chunk=chunk,
            )
            counts = cupy.empty((end - begin, n_sats), np.int64)
            self.launch(
                "access_candidates", slice(0, n_sats), end, counts=counts, room=0, **members
            )
            places = np.cumsum(counts.get().ravel())
            room = int(places[-1])
            if room:
                counts = cupy.asarray(np.concatenate(([0], places[:-1])))
                what, local = cupy.empty((room, 4), np.int64), cupy.empty((room, 12), np.float64)
                members |= dict(counts=counts, room=room, what=what, local=local)
                self.launch("access_candidates", slice(0, n_sats), end, **members)
                what, local = what.get(), local.get()
            return Candidates.of(what, local)

    def coverage(self, request: CoverageRequest) -> CudaCoverage:
        """Prepare to count satellites in view: see choice.Engine."""
        return CudaCoverage(self, request)

    def candidate_pairs(self, columns: DeviceColumns, screen: Screen) -> CandidatePairs:
        """Find pairs that may come close: see choice.Engine. The states stay on the device."""
        cupy = self.cupy
        n_knots, n_sats = columns["x"].shape
        inner = n_knots - 2
        if inner < 1 or not n_sats:
            return CandidatePairs.none()
        slots = screen.index.cells + CLASSES + 1
        with explained(cupy, self.device), self.streams.work():
            integers = {
                name: cupy.empty((inner, n_sats), np.int32)
                for name in ("cell", "home", "rank", "order")
            }
            members: dict[str, Any] = dict(
                **screen.members(lambda array: cupy.asarray(np.ascontiguousarray(array))),
                n_sats=n_sats,
                **{name: cupy.asarray(columns[name]) for name in (*COORDINATES, "status")},
                start=cupy.asarray(np.zeros((inner, slots), np.int32)),
                rows=cupy.empty((inner, 10, n_sats), np.float64),
                **integers,
            )
            objects, each = slice(0, n_sats), (n_sats, inner)
            self.launch("screen_count", objects, inner, threads=each, **members)
            self.launch("screen_start", objects, inner, threads=(inner, 1), **members)
            self.launch("screen_place", objects, inner, threads=each, **members)
            while True:
                capacity = self._capacity
                found = {
                    name: cupy.empty(capacity, np.int64 if name in INTEGERS else np.float64)
                    for name in CandidatePairs._fields
                }
                count = cupy.asarray(np.zeros(1, np.int32))
                members |= dict(capacity=capacity, count=count, **found)
                self.launch("screen_join", objects, inner, threads=each, **members)
                total = int(count.get()[0])
                if total <= capacity:
                    return CandidatePairs._make(found[name][:total].get() for name in found)
                self._capacity = int(1.25 * total)  # again, with room for all
