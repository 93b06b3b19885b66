"""Engines: what turns constants and instants into states, and which of them runs here."""

import os
import re
from dataclasses import dataclass
from numbers import Integral
from typing import Protocol

import numpy as np
import numpy.typing as npt

from . import engine_cpu, engine_cuda
from .constants import Constants
from .engine_cpu import CpuEngine
from .engine_cuda import CudaEngine
from .engine_numpy import NumpyEngine
from .model import TEME, MeanElements, Model, View
from .typing import Array, Columns

ENGINE = re.compile(r"(?P<kind>auto|cpu|numpy)|cuda(?::(?P<gpu>[0-9]{1,4}))?")


class Propagation(Protocol):
    """Satellites loaded into an engine."""

    constants: Constants

    def block(self, ns: npt.NDArray[np.int64], names: tuple[str, ...], view: View = TEME) -> Columns:
        """The columns called `names` (x y z vx vy vz status sunlit), (n_times, n_sats) each, at ns (n_times,) nanoseconds since
        1970-01-01 UTC; where the view is geodetic, x, y and z are latitude (deg), longitude (deg) and height (km)."""

    def close(self) -> None:
        """Let go of processes, threads and buffers; they come back when they are needed."""


class Engine(Protocol):
    """A way to compute. All give the same bits."""

    name: str

    def load(self, model: Model, elements: MeanElements, epoch_ns: npt.NDArray[np.int64]) -> Propagation:
        """Initialise element sets."""

    def look_angles(self, columns: Columns, rotation: Array | None, sites: Array) -> Columns:
        """LOOK columns, (n_times, n_sites, n_sats) each, of states (n_times, n_sats); rotation (n_times, 12) takes them to ITRS, where
        they are already if it is None; sites (n_sites, 12)."""


@dataclass(frozen=True)
class EngineReport:
    """Whether an engine is usable here, and why (not)."""

    name: str
    usable: bool
    detail: str


def engines(gpu: int = 0) -> dict[str, EngineReport]:
    """What is usable here, and why the rest is not, fastest first; of several GPUs, number `gpu` is looked at."""
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
    """The engine called `name` (cuda:1 is the second GPU), or the fastest usable one for `auto`; None takes GPUPROP_ENGINE, else auto.

    Errors as open_engines.
    """
    return open_engines(name, threads, first=True)[0]


def open_engines(name: str | None = None, threads: int | None = None, *, first: bool = False) -> list[Engine]:
    """The same, as the engines that share the work: cuda without a number is every GPU that is visible (or the first alone).

    TypeError for a name that is no text; ValueError for a name that is not known, an engine that is not usable here, with the reason, and
    for threads that are not a whole number from one on.
    """
    if not isinstance(name, str | None):
        raise TypeError(f"engine {name!r} is not a name: use auto, cuda, cuda:1, cpu or numpy")
    origin, name = "" if name else " (of GPUPROP_ENGINE)", asked_for(name)
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, Integral) or threads < 1):
        raise ValueError(f"threads is {threads}: give a whole number, one or more, or none for all cores")
    match = ENGINE.fullmatch(name)
    known = engines(int(match["gpu"] or 0) if match else 0)
    if not match:
        raise ValueError(f"engine {name!r}{origin} is not known: use auto, {', '.join(known)}, or cuda:1 for the second GPU")
    kind = match["kind"] or "cuda"
    if kind != "auto" and not known[kind].usable:
        usable = ", ".join(report.name for report in known.values() if report.usable)
        raise ValueError(f"engine {name!r}{origin} is not usable here ({known[kind].detail}): use {usable}, or auto")
    if kind == "auto":
        kind = next(report.name for report in known.values() if report.usable)
    if kind == "cuda":
        numbers = [int(match["gpu"])] if match["gpu"] else range(1 if first else engine_cuda.count())
        return [CudaEngine(number) for number in numbers]
    cores = None if threads is None else int(threads)
    return [CpuEngine(cores) if kind == "cpu" else NumpyEngine(cores)]
