"""Snapshots: the states of all satellites at many instants, a bounded block at a time."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .clock import JD_1950, Times, as_times, julian
from .constants import Constants
from .elements import Elements
from .engine import open_engine
from .engine_cuda import CudaPropagation
from .gravity import gravity_model
from .model import MeanElements, Model
from .typing import Array

FRAMES = ("teme",)
COORDINATES = ("x", "y", "z", "vx", "vy", "vz")
BLOCK_BYTES = 64 << 20

STATUS = {
    0: "good",
    1: "mean eccentricity outside [-0.001, 1): no position",
    2: "mean motion is not positive: no position",
    3: "eccentricity with lunar-solar periodics outside [0, 1]: no position",
    4: "semi-latus rectum is negative: no position",
    5: "not used (SGP4's code for sub-orbital epoch elements)",
    6: "the satellite has decayed: it is below the Earth's surface",
    10: "SGP4 reports no error, but distance or speed is impossible for the element set",
}


@dataclass(frozen=True, eq=False)
class States:
    """Positions and velocities of n_sats satellites at n_times instants, float64, in `frame`; columns are (n_times, n_sats).

    Position in km, velocity in km/s (None where it was not asked for), status as in gpuprop.STATUS: NaN for status 1 to 4.
    """

    times: Times
    sat_id: npt.NDArray[np.int32]  # (n_sats,)
    frame: str
    x: Array
    y: Array
    z: Array
    status: npt.NDArray[np.uint8]
    vx: Array | None = None
    vy: Array | None = None
    vz: Array | None = None

    @property
    def position(self) -> Array:
        """(n_times, n_sats, 3) km, a copy."""
        return np.stack((self.x, self.y, self.z), axis=-1)

    @property
    def velocity(self) -> Array:
        """(n_times, n_sats, 3) km/s, a copy; ValueError where it was not computed."""
        if self.vx is None or self.vy is None or self.vz is None:
            raise ValueError("velocity was not computed: ask for velocity=True")
        return np.stack((self.vx, self.vy, self.vz), axis=-1)

    def __len__(self) -> int:
        return len(self.times)


class Propagator:
    """SGP4 for all satellites of `elements` at once.

    engine: `auto`, `cuda` (`cuda:1`: the second GPU), `cpu` or `numpy` (default: GPUPROP_ENGINE, else auto). gravity: wgs72 (what
    element sets are made with), wgs72old, wgs84. opsmode: `i` (improved) or `a` (as AFSPC). threads: cores to use, default all that the
    process may run on.
    Raises ValueError for a name that is not known or an engine that is not usable here.

    A state depends on its element set and instant alone. Source: AIAA 2006-6753, Spacetrack Reports 3 and 6.
    """

    def __init__(
        self,
        elements: Elements,
        engine: str | None = None,
        gravity: str = "wgs72",
        opsmode: str = "i",
        *,
        threads: int | None = None,
    ) -> None:
        self.elements = elements
        self.model = Model(gravity_model(gravity), opsmode)
        self._engine = open_engine(engine, threads)
        self._epoch_ns = elements.epoch.view(np.int64)
        self._propagation = self._engine.load(self.model, mean_elements(elements), self._epoch_ns)

    @property
    def engine(self) -> str:
        """The name of the engine in use."""
        return self._engine.name

    @property
    def constants(self) -> Constants:
        """The initialised constants, sorted by regime."""
        return self._propagation.constants

    def __repr__(self) -> str:
        model = f"{self.model.gravity.name}, opsmode {self.model.opsmode}"
        return f"<Propagator: {len(self.elements):,} satellites, engine {self.engine}, {model}>"

    def states(self, times: Any, frame: str = "teme", velocity: bool = True, *, device: bool = False) -> States:
        """All states at `times` (anything `as_times` takes) in one block; `snapshots` bounds the memory.

        device: leave the columns where they were computed: CuPy arrays (DLPack, __cuda_array_interface__) from a GPU, numpy arrays else.
        """
        times = self._checked(times, frame)
        return self._block(times, frame, velocity, device)

    def snapshots(
        self,
        times: Any,
        frame: str = "teme",
        velocity: bool = True,
        *,
        block_bytes: int = BLOCK_BYTES,
        instants: int | None = None,
        device: bool = False,
    ) -> Generator[States, None, None]:
        """The same, as blocks of consecutive instants of at most block_bytes (one instant at the least), or of so many instants.

        The next block is computed while the caller uses this one. Wrong arguments are refused here, not at the first block.
        """
        if instants is not None and instants < 1:
            raise ValueError(f"blocks of {instants} instants: give one or more")
        return self._blocks(self._checked(times, frame), frame, velocity, instants or self.instants(block_bytes, velocity), device)

    def close(self) -> None:
        """Let go of what the engine holds (worker processes); the propagator can still be used."""
        self._propagation.close()

    def __enter__(self) -> "Propagator":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _blocks(self, times: Times, frame: str, velocity: bool, instants: int, device: bool) -> Generator[States, None, None]:
        pool = ThreadPoolExecutor(1, "gpuprop-snapshots")
        try:
            pending = None
            for first in range(0, times.count, instants):
                following = pool.submit(self._block, times[first : first + instants], frame, velocity, device)
                if pending is not None:
                    yield pending.result()
                pending = following
            if pending is not None:
                yield pending.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def instants(self, block_bytes: int, velocity: bool = True) -> int:
        """Instants in a block of block_bytes, at least one."""
        state_bytes = 8 * len(COORDINATES if velocity else COORDINATES[:3]) + 1
        return max(1, block_bytes // max(1, len(self.elements) * state_bytes))

    def _checked(self, times: Any, frame: str) -> Times:
        instants: Times = as_times(times)
        if frame not in FRAMES:
            raise ValueError(f"frame {frame!r} is not available: this version computes {', '.join(FRAMES)}")
        if instants.count and len(self._epoch_ns):
            ends = instants[:: instants.count - 1].ns if instants.is_grid and instants.count > 1 else instants.ns
            if max(int(ends.max()) - int(self._epoch_ns.min()), int(self._epoch_ns.max()) - int(ends.min())) >= 1 << 63:
                raise ValueError("an instant is more than 292 years from an epoch: nanoseconds since epoch do not fit 64 bits")
        return instants

    def _block(self, times: Times, frame: str, velocity: bool, device: bool) -> States:
        names = (*(COORDINATES if velocity else COORDINATES[:3]), "status")
        compute = self._propagation.block
        if device and isinstance(self._propagation, CudaPropagation):
            compute = self._propagation.device_block
        return States(times, self.elements.sat_id, frame, **compute(times.ns, names))


def mean_elements(elements: Elements) -> MeanElements:
    """Element sets in the units of SGP4's initialisation.

    The epoch passes through one double-precision Julian date, 40 microseconds coarse, as in the reference: the lunar-solar terms of the
    published vectors hold that rounding. Instants are counted from the exact epoch.
    """
    midnight, fraction = julian(elements.epoch.view(np.int64))
    return MeanElements(
        epoch=(midnight + fraction) - JD_1950,
        no_kozai=elements.mean_motion,
        ecco=elements.eccentricity,
        inclo=elements.inclination,
        nodeo=elements.raan,
        argpo=elements.argp,
        mo=elements.mean_anomaly,
        bstar=elements.bstar,
    )
