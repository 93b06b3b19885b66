"""Engines: what turns constants and instants into states, and which of them runs here."""

import os
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .constants import Constants
from .engine_numpy import MeanElements, Model, NumpyEngine
from .typing import Columns


class Propagation(Protocol):
    """Satellites loaded into an engine."""

    constants: Constants

    def block(self, ns: npt.NDArray[np.int64], names: tuple[str, ...]) -> Columns:
        """The columns called `names`, (n_times, n_sats) each, at ns (n_times,) nanoseconds since 1970-01-01 UTC."""


class Engine(Protocol):
    """A way to compute. All give the same bits."""

    name: str

    def load(self, model: Model, elements: MeanElements, epoch_ns: npt.NDArray[np.int64]) -> Propagation:
        """Initialise element sets."""


@dataclass(frozen=True)
class EngineReport:
    """Whether an engine is usable here, and why (not)."""

    name: str
    usable: bool
    detail: str


def engines() -> dict[str, EngineReport]:
    """What is usable here, and why the rest is not, fastest first."""
    absent = "not part of this version of gpuprop"
    return {
        "cuda": EngineReport("cuda", False, absent),
        "cpu": EngineReport("cpu", False, absent),
        "numpy": EngineReport("numpy", True, f"numpy {np.__version__}, {NumpyEngine().threads} cores"),
    }


def open_engine(name: str | None = None, threads: int | None = None) -> Engine:
    """The engine called `name`, or the fastest usable one for `auto`; None takes GPUPROP_ENGINE, else auto.

    ValueError for a name that is not known or an engine that is not usable here, with the reason.
    """
    name = name or os.environ.get("GPUPROP_ENGINE") or "auto"
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}: give one or more, or None for all cores")
    known = engines()
    kind = name.partition(":")[0]
    if kind != "auto" and kind not in known:
        raise ValueError(f"engine {name!r} is not known: use auto, {', '.join(known)}")
    if kind != "auto" and not known[kind].usable:
        usable = ", ".join(report.name for report in known.values() if report.usable)
        raise ValueError(f"engine {name!r} is not usable here ({known[kind].detail}): use {usable}, or auto")
    return NumpyEngine(threads)
