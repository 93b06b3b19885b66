"""Propagator: states of all satellites at many instants, a bounded block at a time."""

from collections.abc import Generator
from dataclasses import replace
from itertools import cycle

import numpy as np
import numpy.typing as npt

from .elements.mean_elements import mean_elements
from .elements.sets import Elements, checked_elements
from .engine.choice import Engine, Propagation, open_for_uses
from .engine.host import BLOCK_BYTES as BLOCK_BYTES
from .engine.prefetch import ahead, shared, usable_cores
from .frames import EarthOrientation, EarthOrientationLike, earth_orientation
from .frames.tables import DAY_1972
from .literals import Engine as EngineName
from .literals import Frame, OpsMode, Precision
from .sgp4.constants import Constants
from .sgp4.gravity import gravity_model
from .sgp4.model import Model, column_dtypes
from .states import POSITION, States, column_names, position_names
from .time.instants import format_ns
from .time.times import MOST_LISTED, Times, as_times
from .time.units import DAY
from .typing import Bits, Columns, Instants
from .views import check_reach, pair_view, view

AT_ONCE = 65536  # pairs that are checked: they stay in the cache
WORTH_A_GPU = 100_000  # pairs: fewer are not shared by several GPUs
START_1972 = DAY_1972 * DAY  # ns since 1970


class Propagator:
    """SGP4 for many satellites at once.

    Parameters
    ----------
    elements : Elements
        Element sets of the satellites.
    engine : {"auto", "cuda", "cpu", "numpy"}, optional
        Engine to use; the environment variable GPUPROP_ENGINE unless given, else `auto`. `auto`
        takes what is estimated as the fastest, of what starts: it may compute blocks for the host
        on the CPU, and answers and blocks with device=True on a GPU (`engine_reasons`). `cuda` uses
        every GPU, `cuda:1` the second one alone. Both leave out a GPU that would slow the others,
        and `auto` one that does not start; an EngineWarning gives the reason.
    gravity : {"wgs72", "wgs72old", "wgs84"}
        Gravity model. Element sets are made with wgs72.
    opsmode : {"i", "a"}
        Mode of operation: improved, or as AFSPC.
    threads : int, optional
        Cores to use; all that the process may run on unless given.
    eop : EarthOrientation, str or path, optional
        Earth orientation for the frames other than teme, as `earth_orientation` takes it: None for
        the tables that astropy-iers-data ships, a file (finals2000A.all, EOP C04), or "none" (UT1 =
        UTC, no polar motion).
    precision : {"exact", "mixed"}
        `mixed` is faster: positions are at most 1 m and velocities at most 10 mm/s from the exact
        ones within 7 days of the epoch. It needs the engine `cuda`, or `cpu` on a CPU with FMA.
        Satellites in deep space, with an eccentricity above 0.05 or with strong drag are exact (see
        `mixed`), and so are all states further than 7 days from the epoch, and `pair_states`.

    Raises
    ------
    ValueError
        For an unknown name, an engine that is not usable here, or a file that is not a table of
        Earth orientation; for precision mixed on an engine that does not have it.
    CudaError
        If a GPU that was chosen by name does not start.

    Notes
    -----
    A state depends on its element set, its instant, the precision and the Earth orientation alone.
    Every engine computes the same bits. Source: AIAA 2006-6753, Spacetrack Reports 3 and 6;
    docs/methods/mixed_precision.md for precision mixed.
    """

    def __init__(
        self,
        elements: Elements,
        engine: EngineName | None = None,
        gravity: str = "wgs72",
        opsmode: OpsMode = "i",
        *,
        threads: int | None = None,
        eop: EarthOrientationLike = None,
        precision: Precision = "exact",
    ) -> None:
        self.elements = checked_elements(elements, "elements")
        self._eop = earth_orientation(eop) if eop is not None else None
        self.model = Model(gravity_model(gravity), opsmode, precision)
        self._epoch_ns = elements.epoch.view(np.int64)
        mean = mean_elements(elements)

        def load(engine: Engine) -> tuple[Engine, Propagation]:
            return engine, engine.load(self.model, mean, self._epoch_ns)

        opened = open_for_uses(load, engine, threads)
        self.threads = usable_cores(threads)
        self._engines = [engine for engine, _ in opened.begun]
        self._engine = self._engines[0]
        # each of several GPUs has all satellites
        self._propagations = [propagation for _, propagation in opened.begun]
        # use (engine.teams.USES) -> engines that are faster for it
        self._others = opened.others
        self._choice = opened.choice

    @property
    def engine(self) -> str:
        """Name of the engine in use; `cpu, cuda` if `auto` uses both, for different things."""
        others = (engine.name for pairs in self._others.values() for engine, _ in pairs)
        return ", ".join(sorted({self._engine.name, *others}))

    @property
    def engine_reasons(self) -> list[str]:
        """Why `auto` uses these engines; empty if an engine was named or there is no GPU."""
        return list(self._choice.reasons.values()) if self._choice else []

    def _loaded(self, use: str) -> list[Propagation]:
        """Return the loaded element sets of the engines for a use: see engine.teams.USES."""
        others = self._others.get(use)
        return self._propagations if others is None else [loaded for _, loaded in others]

    @property
    def precision(self) -> Precision:
        """The precision of `states` and `snapshots`: exact or mixed."""
        return self.model.precision

    @property
    def mixed(self) -> npt.NDArray[np.bool_]:
        """Which satellites have precision mixed, (n_sats,); the others are exact."""
        first, held = self._propagations[0], np.zeros(len(self.elements), bool)
        held[first.constants.order[: first.mixed_count]] = True
        return held

    @property
    def eop(self) -> EarthOrientation:
        """Earth orientation in use. The packaged tables are read when they are needed."""
        if self._eop is None:
            self._eop = earth_orientation()
        return self._eop

    @property
    def constants(self) -> Constants:
        """Initialised constants, sorted by regime (near-Earth, deep space)."""
        return self._propagations[0].constants

    def __repr__(self) -> str:
        model = f"{self.model.gravity.name}, opsmode {self.model.opsmode}"
        if self.precision == "mixed":
            model += f", precision mixed for {int(self.mixed.sum()):,}"
        return f"<Propagator: {len(self.elements):,} satellites, engine {self.engine}, {model}>"

    def states(
        self,
        times: Instants,
        frame: Frame = "teme",
        velocity: bool = True,
        *,
        sunlit: bool = False,
        device: bool = False,
    ) -> States:
        """Compute all states at some instants, in one block.

        For many instants use `snapshots`, which bounds the memory.

        Parameters
        ----------
        times : (n_times,) instants
            Anything that `as_times` takes.
        frame : {"teme", "pef", "itrs", "gcrs", "geodetic"}
            Frame of the states.
        velocity : bool
            Compute velocities, too.
        sunlit : bool
            Compute whether the Sun shines on each satellite, too.
        device : bool
            Do not copy the columns from a GPU: they are CuPy arrays (DLPack,
            __cuda_array_interface__). Other engines return numpy arrays.

        Returns
        -------
        States
            Columns (n_times, n_sats) in km and km/s; deg and km in the frame geodetic.

        Raises
        ------
        ValueError
            For an unknown frame, for instants outside the Earth orientation or, in gcrs or with
            `sunlit`, before 1960, and for a grid of more than 100,000,000 instants.
        CudaError
            If the GPU fails, or does not have enough memory.

        Notes
        -----
        With device=True on a GPU:

        - The arrays are complete: any stream, thread or library may read them at once. The
          `stream` of DLPack may have any value, also -1.
        - Their memory belongs to the stream of CuPy that is current (in this thread, on that GPU)
          during the call; for `snapshots`, when the next block is requested. Work on that stream
          may still read the arrays when the last reference to them is dropped: their memory is
          not reused before that work is done.
        - If you read them on another stream, make the first stream wait before you drop the last
          reference or request the next block. This is true for other libraries, too, because
          DLPack synchronises the beginning of a use, not its end::

              cupy.cuda.get_current_stream().wait_event(other.record())

          Or make the other stream the current one (``with other:``) around the whole loop over
          `snapshots`.
        """
        times = self._checked(times, frame, sunlit)
        if times.is_grid and times.count > MOST_LISTED:
            raise ValueError(
                f"{times.count:,} instants in one block, which holds at most {MOST_LISTED:,}: use "
                "snapshots, or a longer step"
            )
        names = column_names(velocity, sunlit)
        propagation = self._loaded("device" if device else "host")[0]
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
        times: Instants,
        frame: Frame = "teme",
        velocity: bool = True,
        *,
        sunlit: bool = False,
        block_bytes: int | None = None,
        instants: int | None = None,
        device: bool = False,
    ) -> Generator[States, None, None]:
        """Compute the same as `states` in blocks of consecutive instants.

        The next block is computed while you use the current one; a GPU has two in work. Several
        GPUs take blocks as they become free. Wrong arguments raise an error in the call, not at the
        first block.

        Parameters
        ----------
        times : (n_times,) instants
            Anything that `as_times` takes.
        frame : {"teme", "pef", "itrs", "gcrs", "geodetic"}
            Frame of the states.
        velocity : bool
            Compute velocities, too.
        sunlit : bool
            Compute whether the Sun shines on each satellite, too.
        block_bytes : int, optional
            Largest size of a block in bytes. A block has at least one instant. Default: 32 MiB; on
            the engine `cpu` 8 MiB for each core if that is more, at most 128 MiB, and at least two
            instants; for a block that stays on a GPU 1 GiB, or a sixteenth of its memory if that is
            less.
        instants : int, optional
            Instants in a block, in place of block_bytes.
        device : bool
            Do not copy the columns from a GPU, as in `states`. Its notes have rules for the use of
            arrays on a GPU.

        Returns
        -------
        generator of States
            Blocks with columns (n_instants, n_sats), in the order of `times`.

        Raises
        ------
        ValueError, CudaError
            As for `states`. A grid may have any number of instants, but a block at most
            100,000,000.
        """
        if instants is not None and instants < 1:
            raise ValueError(f"blocks of {instants} instants: give one or more")
        if instants is None:
            size, least = block_bytes, 1
            if size is None:
                first = self._loaded("device" if device else "host")[0]
                size = (device and first.device_block_bytes) or first.block_bytes
                least = first.least_instants
            instants = max(least, self.instants(size, velocity, sunlit))
        times = self._checked(times, frame, sunlit)
        if times.is_grid and min(times.count, instants) > MOST_LISTED:
            raise ValueError(
                f"{instants:,} instants in one block, which holds at most {MOST_LISTED:,}: give "
                "fewer instants (block_bytes)"
            )
        return self._blocks(times, instants, frame, velocity, sunlit, device)

    def pair_states(
        self,
        index: npt.ArrayLike,
        times: Instants,
        frame: Frame = "teme",
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
        frame : {"teme", "pef", "itrs", "gcrs", "geodetic"}
            As for `states`.
        velocity : bool
            As for `states`.
        sunlit : bool
            As for `states`.

        Returns
        -------
        States
            Columns (n,), in the order of the pairs, with the bits of `states` of precision exact;
            `index` and `sat_id` are (n,), too.

        Raises
        ------
        TypeError
            If index is not integers.
        ValueError
            If index and times differ in length, if a position is masked or outside of the element
            sets, and as for `states`.
        CudaError
            If the GPU fails, or does not have enough memory.

        Notes
        -----
        All pairs are one block, in memory: about 60 bytes a pair, and 300 in gcrs, with sunlit, and
        before 1972 in an Earth-fixed frame. Give a hundred million pairs in several calls. Several
        GPUs share the pairs.
        """
        satellites = positions(index, len(self.elements))
        instants: Times = as_times(times)
        if len(satellites) != instants.count:
            raise ValueError(
                f"index has {len(satellites):,} satellites, and times {instants.count:,} instants: "
                "give one of each for every pair"
            )
        ns = instants.ns
        edges = extremes(ns)
        self._checked(Times(edges), frame, sunlit)
        names = column_names(velocity, sunlit)
        columns = self._pair_columns(satellites, ns, edges, frame, names)
        renamed = dict(zip(POSITION, position_names(frame), strict=True))
        return States(
            instants,
            self.elements.sat_id.take(satellites, mode="wrap"),  # they are checked already
            frame,
            {renamed.get(name, name): columns[name] for name in names},
            self._eop,
            satellites,
            self.elements,
            replace(self.model, precision="exact"),
        )

    def _pair_columns(
        self, satellites: Bits, ns: Bits, edges: Bits, frame: Frame, names: tuple[str, ...]
    ) -> Columns:
        """Compute the columns of pairs: on each GPU a share, and those before 1972 by themselves.

        Before 1972 the host computes the rotations to the Earth-fixed frames, which takes longer.
        """
        eop = self.eop if frame != "teme" else None
        propagations = self._loaded("pairs")

        def computed(propagation: Propagation, here: slice | Bits) -> Columns:
            index, when = satellites[here], ns[here]
            ends = edges if len(when) == len(ns) else extremes(when)
            seen = pair_view(when, ends, frame, eop, "sunlit" in names)
            return propagation.pairs(index, when, names, seen)

        pieces: list[slice | Bits] = [slice(None)]
        if frame not in ("teme", "gcrs") and len(ns) and edges[0] < START_1972 <= edges[1]:
            pieces = [np.flatnonzero(early) for early in (ns < START_1972, ns >= START_1972)]
        elif len(propagations) > 1:
            size = max(1, WORTH_A_GPU, -(-len(ns) // len(propagations)))
            pieces = [slice(first, first + size) for first in range(0, len(ns), size)] or pieces
        turns = zip(cycle(propagations), pieces)
        if len(pieces) == 1:
            return computed(*next(turns))
        columns = {name: np.empty(len(ns), kind) for name, kind in column_dtypes(names).items()}
        found = ahead(lambda turn: computed(*turn), turns, len(propagations), "pairs")
        for here, part in zip(pieces, found, strict=True):
            for name, column in columns.items():
                column[here] = part[name]
        return columns

    def close(self) -> None:
        """Stop the worker processes of the engine. The propagator can still be used."""
        others = (loaded for pairs in self._others.values() for _, loaded in pairs)
        for propagation in (*self._propagations, *others):
            propagation.close()

    def __enter__(self) -> "Propagator":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _blocks(
        self, times: Times, instants: int, frame: Frame, velocity: bool, sunlit: bool, device: bool
    ) -> Generator[States, None, None]:
        names = column_names(velocity, sunlit)
        pieces = (times[first : first + instants] for first in range(0, times.count, instants))
        propagations = self._loaded("device" if device else "host")

        # It is called in the caller's thread, so that memory is allocated on the caller's stream.
        def turn(propagation: Propagation, piece: Times) -> tuple[Propagation, Times, object]:
            return propagation, piece, propagation.room(len(piece), names) if device else None

        def block(turn: tuple[Propagation, Times, object]) -> States:
            return self._block(*turn, frame, names, device)

        each = propagations[0].ahead
        if len(propagations) > 1:
            return shared(block, pieces, propagations, turn, each, "snapshots")
        return ahead(block, (turn(propagations[0], piece) for piece in pieces), each, "snapshots")

    def instants(self, block_bytes: int, velocity: bool = True, sunlit: bool = False) -> int:
        """Compute how many instants a block has.

        Parameters
        ----------
        block_bytes : int
            Largest size of a block in bytes.
        velocity : bool
            Whether velocities are computed.
        sunlit : bool
            Whether the column `sunlit` is computed.

        Returns
        -------
        int
            Instants in a block, at least one.
        """
        state_bytes = 8 * (6 if velocity else 3) + 1 + sunlit
        return max(1, block_bytes // max(1, len(self.elements) * state_bytes))

    def _checked(self, times: Instants, frame: Frame, sunlit: bool) -> Times:
        instants = as_times(times)
        check_reach(instants, frame, self.eop if frame != "teme" else None, sunlit)
        ends = instants.edges
        if not len(ends) or not len(self._epoch_ns):
            return instants
        for number in (int(self._epoch_ns.argmin()), int(self._epoch_ns.argmax())):
            epoch = int(self._epoch_ns[number])
            if any(abs(int(instant) - epoch) >= 1 << 63 for instant in (ends.min(), ends.max())):
                raise ValueError(
                    f"an instant is more than 292 years from an epoch ({format_ns(epoch)}, sat_id "
                    f"{self.elements.sat_id[number]}): nanoseconds since epoch do not fit 64 bits"
                )
        return instants

    def _block(
        self,
        propagation: Propagation,
        times: Times,
        room: object,
        frame: Frame,
        names: tuple[str, ...],
        device: bool,
    ) -> States:
        to_frame = view(times.ns, frame, self.eop if frame != "teme" else None, "sunlit" in names)
        columns = (
            propagation.device_block(times.ns, names, to_frame, room)
            if device
            else propagation.block(times.ns, names, to_frame)
        )
        renamed = dict(zip(POSITION, position_names(frame), strict=True))
        return States(
            times,
            self.elements.sat_id,
            frame,
            {renamed.get(name, name): columns[name] for name in names},
            self._eop,
            elements=self.elements,
            model=self.model,
        )


def positions(index: npt.ArrayLike, n_sats: int) -> Bits:
    """Return a checked copy of the positions of satellites, (n,).

    A copy, because kernels read it without a check, and the caller may change its own array.
    """
    if np.ma.is_masked(index):
        raise ValueError(
            "index has masked values: leave these pairs out, of times too (index[~index.mask])"
        )
    given = np.asarray(index)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise TypeError(
            f"index must be a one-dimensional array of integers, not {given.dtype} of "
            f"shape {given.shape}"
        )
    satellites = np.empty(len(given), np.int64)
    for first in range(0, len(given), AT_ONCE):
        part = satellites[first : first + AT_ONCE]
        part[:] = given[first : first + AT_ONCE]
        # A negative index is a very large one without its sign.
        if part.view(np.uint64).max() >= n_sats:
            low, high = int(given.min()), int(given.max())
            raise ValueError(
                f"index {low if low < 0 else high} is outside of the {n_sats:,} element sets, "
                "which are counted from 0"
            )
    return satellites


def extremes(ns: Bits) -> Bits:
    """Return the earliest and the latest instant of (n,), or none."""
    parts = [ns[first : first + AT_ONCE] for first in range(0, len(ns), AT_ONCE)]
    ends = [(part.min(), part.max()) for part in parts]
    return np.array([min(end[0] for end in ends), max(end[1] for end in ends)]) if ends else ns
