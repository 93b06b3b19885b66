"""Snapshots: the states of all satellites at many instants, a bounded block at a time."""

import os
from collections.abc import Generator
from itertools import cycle
from typing import Any

import numpy as np

from . import frames
from .elements.mean_elements import mean_elements
from .elements.sets import Elements, checked_elements
from .engine.choice import Engine, Propagation, open_engines
from .engine.prefetch import ahead, usable_cores
from .frames import EarthOrientation, earth_orientation
from .frames.interpolation import tt_ns
from .frames.tables import earth_table
from .sgp4.constants import Constants
from .sgp4.gravity import gravity_model
from .sgp4.model import TEME, Model, View
from .states import POSITION, States, column_names, position_names
from .time.times import MOST_LISTED, Times, as_times
from .typing import Bits

# the three blocks in hand stay near the processor: larger ones are up to a tenth slower
BLOCK_BYTES = 32 << 20


class Propagator:
    """SGP4 for all satellites of `elements` at once.

    engine: `auto`, `cuda` (every GPU; `cuda:1`: the second one alone), `cpu` or `numpy` (default:
    GPUPROP_ENGINE, else auto). `auto` takes the fastest that starts; if a GPU does not start, it
    runs without it and says why (EngineWarning). gravity: wgs72 (what element sets are made with),
    wgs72old, wgs84. opsmode: `i` (improved) or `a` (as AFSPC). threads: cores to use, default all
    that the process may run on. eop: the Earth orientation behind the frames other than teme: None
    for the tables that astropy-iers-data ships, a file (finals2000A.all, EOP C04), `none` (UT1 =
    UTC, no polar motion), or an EarthOrientation. Raises ValueError for an unknown name, an engine
    that is not usable here or a file that is not such a table, CudaError if a GPU that was chosen
    by name does not start.

    A state depends on its element set, its instant and the Earth orientation alone. Source: AIAA
    2006-6753, Spacetrack Reports 3 and 6.
    """

    def __init__(
        self,
        elements: Elements,
        engine: str | None = None,
        gravity: str = "wgs72",
        opsmode: str = "i",
        *,
        threads: int | None = None,
        eop: str | os.PathLike[str] | EarthOrientation | None = None,
    ) -> None:
        self.elements = checked_elements(elements, "elements")
        self._eop = earth_orientation(eop) if eop is not None else None
        self.model = Model(gravity_model(gravity), opsmode)
        self._epoch_ns = elements.epoch.view(np.int64)
        mean = mean_elements(elements)

        def load(engine: Engine) -> tuple[Engine, Propagation]:
            return engine, engine.load(self.model, mean, self._epoch_ns)

        opened = open_engines(load, engine, threads)
        self.threads = usable_cores(threads)
        self._engine = opened[0][0]
        # of several GPUs, each has all satellites
        self._propagations = [propagation for _, propagation in opened]

    @property
    def engine(self) -> str:
        """The name of the engine in use."""
        return self._engine.name

    @property
    def eop(self) -> EarthOrientation:
        """The Earth orientation in use; the packaged tables are read when they are needed."""
        if self._eop is None:
            self._eop = earth_orientation()
        return self._eop

    @property
    def constants(self) -> Constants:
        """The initialised constants, sorted by regime."""
        return self._propagations[0].constants

    def __repr__(self) -> str:
        model = f"{self.model.gravity.name}, opsmode {self.model.opsmode}"
        return f"<Propagator: {len(self.elements):,} satellites, engine {self.engine}, {model}>"

    def states(
        self,
        times: Any,
        frame: str = "teme",
        velocity: bool = True,
        *,
        sunlit: bool = False,
        device: bool = False,
    ) -> States:
        """All states at some instants, in one block. For many instants use `snapshots`, which
        bounds the memory.

        Parameters
        ----------
        times : (n_times,) instants
            Anything that `as_times` takes.
        frame : str
            teme, pef, itrs, gcrs or geodetic.
        velocity : bool
            Compute velocities, too.
        sunlit : bool
            Compute whether the Sun shines on each satellite, too.
        device : bool
            Leave the columns where they were computed: CuPy arrays (DLPack,
            __cuda_array_interface__) from a GPU, else numpy arrays.

        Returns
        -------
        States
            Columns (n_times, n_sats): km, km/s; deg and km in the frame geodetic.

        Raises
        ------
        ValueError
            For an unknown frame, for instants that cannot be computed in it, and for a grid of more
            than 100,000,000 instants.
        CudaError
            If the GPU fails, or does not have enough memory.

        Notes
        -----
        With device=True on a GPU:

        - The arrays are finished: any stream, thread or library may read them at once. DLPack's
          `stream` may be anything, also -1.
        - Their memory belongs to CuPy's current stream (of this thread, on that GPU) at the time of
          the call; for `snapshots`, at the time when the next block is asked for. Work on that
          stream may still read the arrays when the last reference to them is dropped: their memory
          is not written again before that work is done.
        - A consumer that reads them on another stream must make the first stream wait before it
          drops the last reference and asks for the next block. This is true for other libraries,
          too: DLPack orders the beginning of a use, not its end. So::

              cupy.cuda.get_current_stream().wait_event(other.record())

          Or it makes the other stream the current one (``with other:``) around the whole loop over
          `snapshots`.
        """
        times = self._checked(times, frame, sunlit)
        if times.is_grid and times.count > MOST_LISTED:
            raise ValueError(
                f"{times.count:,} instants in one block, which holds at most {MOST_LISTED:,}: use "
                "snapshots, or a longer step"
            )
        names, propagation = column_names(velocity, sunlit), self._propagations[0]
        return self._block(
            propagation,
            times,
            propagation.room(len(times), names) if device else None,
            frame,
            names,
            device,
        )

    def snapshots(
        self,
        times: Any,
        frame: str = "teme",
        velocity: bool = True,
        *,
        sunlit: bool = False,
        block_bytes: int = BLOCK_BYTES,
        instants: int | None = None,
        device: bool = False,
    ) -> Generator[States, None, None]:
        """The same as `states`, as blocks of consecutive instants. The next block is computed while
        the caller uses this one.

        Several GPUs take turns. Wrong arguments raise here, not at the first block.

        Parameters
        ----------
        times, frame, velocity, sunlit
            As for `states`.
        block_bytes : int
            Largest size of a block in bytes. A block has at least one instant.
        instants : int, optional
            Instants in a block, in place of block_bytes.
        device : bool
            As for `states`. Its notes say what a consumer of arrays on a GPU must do.

        Yields
        ------
        States
            Columns (n_instants, n_sats), in the order of time.

        Raises
        ------
        ValueError, CudaError
            As for `states`; a grid may have any number of instants, a block of it at most
            100,000,000.
        """
        if instants is not None and instants < 1:
            raise ValueError(f"blocks of {instants} instants: give one or more")
        instants = instants or self.instants(block_bytes, velocity, sunlit)
        times = self._checked(times, frame, sunlit)
        if times.is_grid and min(times.count, instants) > MOST_LISTED:
            raise ValueError(
                f"{instants:,} instants in one block, which holds at most {MOST_LISTED:,}: give "
                "fewer instants (block_bytes)"
            )
        return self._blocks(times, instants, frame, velocity, sunlit, device)

    def pair_states(
        self,
        index: Any,
        times: Any,
        frame: str = "teme",
        velocity: bool = True,
        *,
        sunlit: bool = False,
    ) -> States:
        """Compute one state for each pair of a satellite and an instant.

        Parameters
        ----------
        index : (n,) integers
            The satellite of each pair: its position in the element sets, from 0.
        times : (n,) instants
            The instant of each pair: anything that `as_times` takes. Pairs may come in any order
            and more than once; pairs that are sorted by satellite are faster.
        frame : str
            As for `states`.
        velocity : bool
            As for `states`.
        sunlit : bool
            As for `states`.

        Returns
        -------
        States
            Columns (n,), in the order of the pairs, with the bits of `states`; `index` and `sat_id`
            are (n,), too.

        Raises
        ------
        TypeError
            If index is not integers.
        ValueError
            If index and times differ in length, if a position is outside of the element sets, and
            as for `states`.
        CudaError
            If the GPU fails, or does not have enough memory.
        """
        satellites = np.asarray(index)
        if satellites.ndim != 1 or not (
            np.issubdtype(satellites.dtype, np.integer) or not satellites.size
        ):
            raise TypeError(
                f"index must be a row of integers, not {satellites.dtype} of shape "
                f"{satellites.shape}"
            )
        satellites = satellites.astype(np.int64, copy=False)
        instants: Times = as_times(times)
        if len(satellites) != instants.count:
            raise ValueError(
                f"index has {len(satellites):,} satellites, and times {instants.count:,} instants: "
                "give one of each for every pair"
            )
        if satellites.size:
            low, high = int(satellites.min()), int(satellites.max())
            if low < 0 or high >= len(self.elements):
                raise ValueError(
                    f"index {low if low < 0 else high} is outside of the {len(self.elements):,} "
                    "element sets, which are counted from 0"
                )
        ns = instants.ns
        edges = np.array([ns.min(), ns.max()]) if len(ns) else ns
        self._checked(Times(edges), frame, sunlit)
        names = column_names(velocity, sunlit)
        seen = pair_view(ns, frame, self.eop if frame != "teme" else None, sunlit)
        columns = self._propagations[0].pairs(satellites, ns, names, seen)
        renamed = dict(zip(POSITION, position_names(frame), strict=True))
        return States(
            instants,
            self.elements.sat_id.take(satellites),
            frame,
            {renamed.get(name, name): columns[name] for name in names},
            self._eop,
            satellites,
        )

    def close(self) -> None:
        """Let go of what the engine holds (worker processes); the propagator can still be used."""
        for propagation in self._propagations:
            propagation.close()

    def __enter__(self) -> "Propagator":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _blocks(
        self, times: Times, instants: int, frame: str, velocity: bool, sunlit: bool, device: bool
    ) -> Generator[States, None, None]:
        names = column_names(velocity, sunlit)
        pieces = (times[first : first + instants] for first in range(0, times.count, instants))
        # This generator runs on the consumer's thread, so the memory is taken on the consumer's
        # stream.
        turns = (
            (propagation, piece, propagation.room(len(piece), names) if device else None)
            for propagation, piece in zip(cycle(self._propagations), pieces)
        )
        return ahead(
            lambda turn: self._block(*turn, frame, names, device),
            turns,
            len(self._propagations),
            "snapshots",
        )

    def instants(self, block_bytes: int, velocity: bool = True, sunlit: bool = False) -> int:
        """Instants in a block of block_bytes, at least one."""
        state_bytes = 8 * (6 if velocity else 3) + 1 + sunlit
        return max(1, block_bytes // max(1, len(self.elements) * state_bytes))

    def _checked(self, times: Any, frame: str, sunlit: bool) -> Times:
        instants: Times = as_times(times)
        check_reach(instants, frame, self.eop if frame != "teme" else None, sunlit)
        ends = instants.edges
        if not len(ends):
            return instants
        epochs = (
            [int(edge) for edge in (self._epoch_ns.min(), self._epoch_ns.max())]
            if len(self._epoch_ns)
            else []
        )
        if any(
            abs(int(instant) - epoch) >= 1 << 63
            for epoch in epochs
            for instant in (ends.min(), ends.max())
        ):
            raise ValueError(
                "an instant is more than 292 years from an epoch: nanoseconds since epoch do not "
                "fit 64 bits"
            )
        return instants

    def _block(
        self,
        propagation: Propagation,
        times: Times,
        room: object,
        frame: str,
        names: tuple[str, ...],
        device: bool,
    ) -> States:
        seen = view(times.ns, frame, self.eop if frame != "teme" else None, "sunlit" in names)
        columns = (
            propagation.device_block(times.ns, names, seen, room)
            if device
            else propagation.block(times.ns, names, seen)
        )
        renamed = dict(zip(POSITION, position_names(frame), strict=True))
        return States(
            times,
            self.elements.sat_id,
            frame,
            {renamed.get(name, name): columns[name] for name in names},
            self._eop,
        )


def check_reach(times: Times, frame: str, eop: EarthOrientation | None, sunlit: bool) -> None:
    """ValueError for a frame that is not known, and for instants at which it, or the Sun, cannot be
    computed. eop: None in teme.
    """
    position_names(frame)
    try:
        if eop is not None:
            eop.at(times.edges)
        if frame == "gcrs" or sunlit:
            tt_ns(times.edges)
    except ValueError as error:
        raise ValueError(f"{'sunlit' if frame == 'teme' else f'frame {frame}'}: {error}") from error


def view(ns: Bits, frame: str, eop: EarthOrientation | None, sunlit: bool = False) -> View:
    """What the engines need of a frame and of the Sun at instants (n_times,)."""
    if frame == "teme" and not sunlit:
        return TEME
    rotation = (
        None
        if frame == "teme"
        else frames.rotations("itrs" if frame == "geodetic" else frame, ns, eop)
    )
    # How far the Earth has turned moves the Sun in TEME by less than 1e-11 rad: no table limits it.
    return View(rotation, frame == "geodetic", frames.sun(ns, "none") if sunlit else None)


def pair_view(ns: Bits, frame: str, eop: EarthOrientation | None, sunlit: bool) -> View:
    """What the engines need of a frame and of the Sun for pairs at instants (n,).

    In the Earth-fixed frames the engine computes the rotation of each pair from a table.
    """
    geodetic = frame == "geodetic"
    earth = None if eop is None else earth_table("itrs" if geodetic else frame, ns, eop)
    if earth is None:
        return view(ns, frame, eop, sunlit)
    return View(None, geodetic, frames.sun(ns, "none") if sunlit else None, earth)
