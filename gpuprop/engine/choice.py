"""Engines: what turns constants and instants into states, and which of them runs here."""

import os
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ..sgp4.constants import Constants
from ..sgp4.model import TEME, MeanElements, Model, View
from ..typing import Array, Columns
from . import cpu as engine_cpu
from . import cuda as engine_cuda
from .cpu import CpuEngine
from .cuda import CudaEngine, CudaError, CudaMissingError
from .numpy import NumpyEngine

ENGINE = re.compile(r"(?P<kind>cpu|numpy|(?:auto|cuda)(?::(?P<gpu>[0-9]{1,4}))?)")
Result = TypeVar("Result")


class EngineWarning(UserWarning):
    """A GPU does not start, and `auto` runs without it."""


class Propagation(Protocol):
    """Satellites loaded into an engine."""

    constants: Constants

    def block(
        self, ns: npt.NDArray[np.int64], names: tuple[str, ...], view: View = TEME
    ) -> Columns:
        """The columns called `names` (x y z vx vy vz status sunlit), (n_times, n_sats) each, at ns
        (n_times,) nanoseconds since 1970-01-01 UTC; where the view is geodetic, x, y and z are
        latitude (deg), longitude (deg) and height (km).
        """

    def close(self) -> None:
        """Let go of processes, threads and buffers; they come back when they are needed."""


class Engine(Protocol):
    """A way to compute. All give the same bits."""

    name: str

    def load(
        self, model: Model, elements: MeanElements, epoch_ns: npt.NDArray[np.int64]
    ) -> Propagation:
        """Initialise element sets."""

    def look_angles(
        self, columns: Columns, rotation: Array | None, sites: Array
    ) -> dict[str, Array]:
        """LOOK columns, (n_times, n_sites, n_sats) each, of states (n_times, n_sats); rotation
        (n_times, 12) takes them to ITRS, where they are already if it is None; sites (n_sites, 12).
        """


@dataclass(frozen=True)
class EngineReport:
    """Whether an engine is usable here, and why (not)."""

    name: str
    usable: bool
    detail: str


def engines(gpu: int = 0) -> dict[str, EngineReport]:
    """What is usable here, and why the rest is not, fastest first; of several GPUs, number `gpu` is
    looked at.
    """
    found = {
        "cuda": engine_cuda.usable(gpu),
        "cpu": engine_cpu.usable(),
        "numpy": (True, f"numpy {np.__version__}, {NumpyEngine().threads} cores"),
    }
    return {name: EngineReport(name, *usable) for name, usable in found.items()}


def asked_for(name: str | None) -> str:
    """The engine that is asked for: by name, else by GPUPROP_ENGINE, else auto."""
    return (name or os.environ.get("GPUPROP_ENGINE") or "auto").strip().lower()


def open_engine(name: str | None = None, threads: int | None = None) -> Engine:
    """The engine called `name` (cuda:1 is the second GPU), or the fastest that starts for `auto`;
    None takes GPUPROP_ENGINE, else auto.

    Errors and warnings as open_engines.
    """
    return open_engines(lambda engine: engine, name, threads, first=True)[0]


def open_engines(
    begin: Callable[[Engine], Result],
    name: str | None = None,
    threads: int | None = None,
    *,
    first: bool = False,
) -> list[Result]:
    """Open the engines that share the work, and call `begin` with each of them.

    Parameters
    ----------
    begin : callable
        The first work of an engine, such as loading element sets. An engine starts if this raises
        no CudaError.
    name : str, optional
        auto, cuda (every visible GPU), cuda:1 (the second GPU alone), cpu or numpy. auto takes the
        GPUs that start, else cpu, else numpy; auto:1 tries only the second GPU. Default:
        GPUPROP_ENGINE, else auto.
    threads : int, optional
        Cores to use. Default: all.
    first : bool
        Of several GPUs, take one alone: the first that starts.

    Returns
    -------
    list
        What `begin` returned, for each engine.

    Raises
    ------
    TypeError
        For a name that is not text.
    ValueError
        For an unknown name, for an engine asked for by name that is not usable here (with the
        reason), and for threads that are not a positive whole number.
    CudaError
        If a GPU asked for by name does not start. The message names the fix.

    Warns
    -----
    EngineWarning
        If a GPU of this machine does not start and `auto` runs without it, with the reason. A
        machine without a GPU or without CuPy gives no warning.
    """
    if not isinstance(name, str | None):
        raise TypeError(f"engine {name!r} is not a name: use auto, cuda, cuda:1, cpu or numpy")
    origin, name = "" if name else " (of GPUPROP_ENGINE)", asked_for(name)
    if threads is not None and (
        isinstance(threads, bool) or not isinstance(threads, Integral) or threads < 1
    ):
        raise ValueError(
            f"threads is {threads}: give a whole number, one or more, or none for all cores"
        )
    match = ENGINE.fullmatch(name)
    if not match:
        raise ValueError(
            f"engine {name!r}{origin} is not known: use auto, {', '.join(engines())}, or cuda:1 "
            "for the second GPU"
        )
    kind, gpu = match["kind"].partition(":")[0], None if match["gpu"] is None else int(match["gpu"])
    if kind == "auto":
        begun, trouble = _on_gpus_that_start(begin, gpu, first)
        kind = "cuda" if begun else "cpu" if engine_cpu.usable()[0] else "numpy"
        if trouble:
            what = "cuda leaves out a GPU" if begun else f"engine {kind} is used instead of cuda"
            warnings.warn(f"{what}: {'; '.join(trouble)}", EngineWarning, stacklevel=_outside())
        if begun:
            return begun
    known = engines(gpu or 0)
    if not known[kind].usable:
        usable = ", ".join(report.name for report in known.values() if report.usable)
        raise ValueError(
            f"engine {name!r}{origin} is not usable here ({known[kind].detail}): use {usable}, or "
            "auto"
        )
    if kind == "cuda":
        numbers = [gpu] if gpu is not None else range(1 if first else engine_cuda.count())
        return [begin(CudaEngine(number)) for number in numbers]
    cores = None if threads is None else int(threads)
    return [begin(CpuEngine(cores) if kind == "cpu" else NumpyEngine(cores))]


def _on_gpus_that_start(
    begin: Callable[[Engine], Result], gpu: int | None, first: bool
) -> tuple[list[Result], list[str]]:
    """What `begin` returned for each GPU that starts, and why others do not start."""
    begun: list[Result] = []
    trouble: list[str] = []
    try:
        numbers = [gpu] if gpu is not None else range(engine_cuda.count())
    except CudaMissingError:
        return begun, trouble
    except CudaError as error:
        return begun, [str(error)]
    for number in numbers:
        try:
            begun.append(begin(CudaEngine(number)))
        except CudaMissingError:
            break
        except CudaError as error:
            trouble.append(str(error))
        if begun and first:
            break
    return begun, list(dict.fromkeys(trouble))


def _outside() -> int:
    """The stacklevel with which a warning of this function's caller points to the code that called
    gpuprop.
    """
    level, frame = 1, sys._getframe(1)
    while (
        frame.f_back is not None
        and frame.f_globals.get("__name__", "").partition(".")[0] == __name__.partition(".")[0]
    ):
        level, frame = level + 1, frame.f_back
    return level
