"""The interface of an engine, and how engines are opened by name."""

import os
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ..sgp4.access import AccessRule, Candidates
from ..sgp4.access_events import BisectionRule, Brackets, EventSearch, Found
from ..sgp4.constants import Constants
from ..sgp4.coverage import CoverageRequest
from ..sgp4.earth_rotation import EarthTable
from ..sgp4.model import TEME, MeanElements, Model, View
from ..typing import Array, Columns
from . import cpu as engine_cpu
from . import cuda as engine_cuda
from .cpu import CpuEngine
from .cuda import CudaEngine
from .cuda.hardware import gpu_of
from .fastest import LEFT_OUT, Opened, fastest
from .numpy import NumpyEngine
from .screening import CandidatePairs, Screen
from .teams import team

ENGINE = re.compile(r"(?P<kind>cpu|numpy|(?:auto|cuda)(?::(?P<gpu>[0-9]{1,4}))?)")
Result = TypeVar("Result")


class EngineWarning(UserWarning):
    """A GPU does not start, or would slow the others, and the work is done without it."""


class Propagation(Protocol):
    """Element sets that are loaded into an engine."""

    constants: Constants
    least_instants: int  # that a block should have, because fewer cost more time a state
    ahead: int  # blocks that are computed while the caller uses one

    @property
    def block_bytes(self) -> int:
        """Size of a block in the memory of the host, if the caller names none."""

    @property
    def mixed_count(self) -> int:
        """Number of satellites with precision mixed: the first ones in execution order."""

    @property
    def device_block_bytes(self) -> int | None:
        """Size of a block that stays on a GPU, if the caller names none; else None."""

    def block(
        self, ns: npt.NDArray[np.int64], names: tuple[str, ...], view: View = TEME
    ) -> Columns:
        """Compute the columns `names` (x y z vx vy vz status sunlit), each (n_times, n_sats).

        ns (n_times,): nanoseconds since 1970-01-01 UTC. In a geodetic view x, y and z are latitude
        (deg), longitude (deg) and height (km).
        """

    def room(self, n_times: int, names: tuple[str, ...]) -> object:
        """Allocate a block that stays on a GPU, on the caller's current stream; else None."""

    def device_block(
        self,
        ns: npt.NDArray[np.int64],
        names: tuple[str, ...],
        view: View = TEME,
        room: Any = None,
    ) -> Columns:
        """Compute columns as `block`, and leave them where they are computed.

        From a GPU they are CuPy arrays. room: memory for them, from `room`; None allocates it.
        """

    def pairs(
        self,
        index: npt.NDArray[np.int64],
        ns: npt.NDArray[np.int64],
        names: tuple[str, ...],
        view: View = TEME,
    ) -> Columns:
        """Compute the columns `names`, each (n,), of pairs of a satellite and an instant.

        index (n,): positions in the input. ns (n,): instants. The arrays of the view have a row for
        each pair.
        """

    def events(
        self,
        found: Candidates,
        wanted: npt.NDArray[np.int64],
        search: EventSearch,
        earth: EarthTable,
    ) -> Found | None:
        """Search for events of candidates: see gpuprop.sgp4.access_events.search_events.

        None: the engine leaves it to that function. There is at least one candidate.
        """

    def bisect(
        self, brackets: Brackets, sites: Array, rule: BisectionRule, earth: EarthTable
    ) -> npt.NDArray[np.int64] | None:
        """Bisect brackets in integers, and return their ends: see gpuprop.analysis.events.

        None: the engine leaves it to first_true there. There is at least one bracket.
        """

    def close(self) -> None:
        """Release processes, threads and buffers. They come back when they are needed."""


class CoverageCounter(Protocol):
    """Counts the satellites in view of places, block after block."""

    def add(self, columns: Columns) -> None:
        """Add consecutive instants: x, y, z (ITRS, km) and status, each (n_times, n_sats).

        Only states with status 0 count. Blocks come in the order of time.
        """

    def tallies(self) -> dict[str, npt.NDArray[Any]]:
        """Return the tallies so far (gpuprop.sgp4.coverage.TALLIES), each (n_planes * n_slots,)."""


class Engine(Protocol):
    """A way to compute. All engines return the same bits."""

    name: str

    def load(
        self, model: Model, elements: MeanElements, epoch_ns: npt.NDArray[np.int64]
    ) -> Propagation:
        """Initialise element sets."""

    def look_angles(
        self, columns: Columns, rotation: Array | None, sites: Array
    ) -> dict[str, Array]:
        """Compute the LOOK columns, each (n_times, n_sites, n_sats), of states (n_times, n_sats).

        rotation (n_times, 12): from the frame of the states to ITRS; None if they are in ITRS.
        sites (n_sites, 12): see gpuprop.sgp4.look_angles.look_from.
        """

    def candidate_pairs(self, columns: Columns, screen: Screen) -> CandidatePairs:
        """Find the pairs that may come closer than a threshold around each knot of a block.

        columns: states (n_knots, n_sats) in TEME at knots in steps of screen.step, with velocities
        and status. The first and the last knot are neighbours only. All engines find a superset of
        the close pairs; rounding may make the rest differ.
        """

    def access(self, columns: Columns, sites: Array, rule: AccessRule) -> Candidates:
        """Find candidates of passes: see gpuprop.sgp4.access.propose. Their order is arbitrary."""

    def coverage(self, request: CoverageRequest) -> CoverageCounter:
        """Prepare to count the satellites in view of places."""


@dataclass(frozen=True)
class EngineReport:
    """Whether an engine is usable here, and why (not).

    Parameters
    ----------
    name : str
        Name of the engine: `cuda`, `cpu` or `numpy`.
    usable : bool
        Whether it can be used here.
    detail : str
        What was found (vectors, cores, GPU), or what is missing and how to get it.
    """

    name: str
    usable: bool
    detail: str


def engines(gpu: int = 0) -> dict[str, EngineReport]:
    """Say which engines are usable here, and why the others are not.

    Parameters
    ----------
    gpu : int
        The number of the GPU that is checked for the engine cuda.

    Returns
    -------
    dict of str to EngineReport
        The fastest engine first. Each report has `name`, `usable` and `detail`: what was found, or
        what is missing and how to get it.
    """
    found = {
        "cuda": engine_cuda.usable(gpu),
        "cpu": engine_cpu.usable(),
        "numpy": (True, f"numpy {np.__version__}, {NumpyEngine().threads} cores"),
    }
    return {name: EngineReport(name, *usable) for name, usable in found.items()}


def requested_name(name: str | None) -> str:
    """Return the requested engine: `name`, else GPUPROP_ENGINE, else auto."""
    return (name or os.environ.get("GPUPROP_ENGINE") or "auto").strip().lower()


def open_engine(name: str | None = None, threads: int | None = None) -> Engine:
    """Open one engine, with the names, errors and warnings of open_engines."""
    return open_engines(lambda engine: engine, name, threads, first=True)[0]


def open_engines(
    begin: Callable[[Engine], Result],
    name: str | None = None,
    threads: int | None = None,
    *,
    first: bool = False,
) -> list[Result]:
    """Open the engines that share the work, and call `begin` with each: see `open_for_uses`.

    first: of several GPUs, open only the first one that starts; auto takes the engine that is
    fastest for blocks that stay where they are.
    """
    return open_for_uses(begin, name, threads, first=first).begun


def open_for_uses(
    begin: Callable[[Engine], Result],
    name: str | None = None,
    threads: int | None = None,
    *,
    first: bool = False,
) -> Opened[Result]:
    """Open the engines for each use, and call `begin` with each.

    Parameters
    ----------
    begin : callable
        The first work of an engine, such as loading element sets. An engine that raises CudaError
        here counts as one that does not start.
    name : str, optional
        auto, cuda (every visible GPU), cuda:1 (the second GPU alone), cpu or numpy. auto takes for
        each use what `teams.choose` estimates as the fastest, of what starts; auto:1 looks only at
        the second GPU. auto and cuda leave out a GPU that would slow the others. Default:
        GPUPROP_ENGINE, else auto.
    threads : int, optional
        Cores to use. Default: all.
    first : bool
        Open one engine, for one use.

    Returns
    -------
    Opened
        What `begin` returned, for each engine.

    Raises
    ------
    TypeError
        For a name that is not text.
    ValueError
        For an unknown name, for an engine given by name that is not usable here (with the
        reason), and for threads that are not a positive whole number.
    CudaError
        If a GPU given by name does not start. The message names the fix.

    Warns
    -----
    EngineWarning
        If a GPU of this machine does not start and `auto` runs without it, or if a GPU is left
        out, with the reason. A machine without a GPU or without CuPy gives no warning.
    """
    if not isinstance(name, str | None):
        raise TypeError(f"engine {name!r} is not a name: use auto, cuda, cuda:1, cpu or numpy")
    origin, name = "" if name else " (of GPUPROP_ENGINE)", requested_name(name)
    if threads is not None and (
        isinstance(threads, bool) or not isinstance(threads, Integral) or threads < 1
    ):
        raise ValueError(
            f"threads is {threads}: give a whole number, one or more, or none for all cores"
        )
    cores = None if threads is None else int(threads)
    match = ENGINE.fullmatch(name)
    if not match:
        raise ValueError(
            f"engine {name!r}{origin} is not known: use auto, {', '.join(engines())}, or cuda:1 "
            "for the second GPU"
        )
    kind, gpu = match["kind"].partition(":")[0], None if match["gpu"] is None else int(match["gpu"])
    if kind == "auto":
        opened, what, why = fastest(begin, gpu, cores, first)
        _warn(what, why)
        return opened
    # Only the engine that was asked for: to look for a GPU takes milliseconds.
    checks = {"cuda": lambda: engine_cuda.usable(gpu or 0), "cpu": engine_cpu.usable}
    fine, detail = checks[kind]() if kind in checks else (True, "")
    if not fine:
        usable = ", ".join(report.name for report in engines(gpu or 0).values() if report.usable)
        raise ValueError(
            f"engine {name!r}{origin} is not usable here ({detail}): use {usable}, or auto"
        )
    if kind != "cuda":
        return Opened([begin(CpuEngine(cores) if kind == "cpu" else NumpyEngine(cores))], {})
    if gpu is not None or first:
        return Opened([begin(CudaEngine(gpu or 0))], {})
    members, left_out = team([gpu_of(number) for number in range(engine_cuda.count())])
    begun = [begin(CudaEngine(each.number)) for each in members]
    _warn(LEFT_OUT, list(left_out.values()))
    return Opened(begun, {})


def _warn(what: str, reasons: list[str]) -> None:
    """Warn that GPUs are not used, if there are reasons."""
    if reasons:
        warnings.warn(f"{what}: {'; '.join(reasons)}", EngineWarning, stacklevel=_outside())


def _outside() -> int:
    """Return the stacklevel that points a warning of the caller to the code that called gpuprop."""
    level, frame = 1, sys._getframe(1)
    while (
        frame.f_back is not None
        and frame.f_globals.get("__name__", "").partition(".")[0] == __name__.partition(".")[0]
    ):
        level, frame = level + 1, frame.f_back
    return level
