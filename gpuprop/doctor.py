"""Check an installation: which engines run here, why the others do not, and whether they are right.

Each usable engine must reproduce the committed digest. Users run the doctor when something is
broken, so it continues after a probe that fails, and reports the reason in place of the fact.
"""

import ctypes
import math
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.console import RenderableType
from rich.table import Table

from .elements.mean_elements import mean_elements
from .engine import digest, mixed_digest
from .engine.choice import Engine, EngineWarning, Propagation, engines, open_engine, open_for_uses
from .engine.cpu import CpuEngine, library
from .engine.cuda import CudaError, availability
from .engine.cuda.source import OPTIONS
from .engine.fastest import choice_here
from .engine.prefetch import usable_cores
from .engine.rates import STATE_BYTES
from .engine.teams import USES, Choice, words
from .sgp4.gravity import GRAVITY
from .sgp4.model import Model
from .time.units import MINUTE
from .version import __version__

SHOWN = 8  # differences of an engine in the text; --json has all
SATELLITES, INSTANTS = 2048, 128  # of the block whose speed is measured; the instants at least
MEASURED_S = 0.25  # seconds that the measurement takes
AVX512 = {"avx512f", "avx512dq", "avx512vl"}  # the flags that kernels/widths.cpp tests
VECTORS = {  # doubles in a vector, and the flags of the CPU
    "SSE2": (2, {"sse2"}),
    "NEON": (2, {"asimd"}),
    "AVX2": (4, {"avx2"}),
    "AVX-512": (8, AVX512),
}
CPUINFO = Path("/proc/cpuinfo")
DRIVER = Path("/proc/driver/nvidia/version")
Fact = TypeVar("Fact")
REMEDY = (
    "Do not trust this installation: reinstall gpuprop. If that does not help, report what "
    "`gpuprop doctor --json` prints."
)


@dataclass(frozen=True)
class Verdict:
    """The result of one engine.

    detail: why it is not usable, or what it runs on. differences: where it fails to reproduce the
    digest; None if that was not tried.
    """

    engine: str
    usable: bool
    detail: str
    differences: list[str] | None = None
    states_per_second: float | None = None


@dataclass(frozen=True)
class Report:
    """What the doctor found. facts: values for JSON, None if there is nothing.

    trouble: why a job that names no engine fails. choice: what `auto` takes of what is visible, or
    why that is not known.
    """

    facts: dict[str, object]
    verdicts: list[Verdict]
    auto: str
    trouble: str = ""
    choice: Choice | str | None = None

    @property
    def healthy(self) -> bool:
        """Whether every usable engine reproduces the digest, and jobs find a usable engine."""
        return not self.trouble and not any(verdict.differences for verdict in self.verdicts)

    def to_dict(self) -> dict[str, object]:
        """Return the report for JSON."""
        verdicts = {
            each.engine: {name: value for name, value in vars(each).items() if name != "engine"}
            for each in self.verdicts
        }
        return dict(
            healthy=self.healthy,
            auto=self.auto,
            choice=self.choice.to_dict() if isinstance(self.choice, Choice) else self.choice,
            trouble=self.trouble,
            facts=self.facts,
            engines=verdicts,
        )

    def to_text(self) -> Iterator[RenderableType]:
        """Yield the report for a terminal, line by line and table by table."""
        facts = Table(box=None, show_header=False, pad_edge=False)
        for name, value in self.facts.items():
            facts.add_row(name, to_words(value))
        verdicts = Table(box=None, pad_edge=False)
        for heading in ("engine", "digest", "M states/s", ""):
            verdicts.add_column(heading, justify="right" if heading == "M states/s" else "left")
        for each in self.verdicts:
            proof = (
                ""
                if each.differences is None
                else "NOT REPRODUCED"
                if each.differences
                else "reproduced"
            )
            rate = "" if each.states_per_second is None else f"{each.states_per_second / 1e6:,.1f}"
            verdicts.add_row(each.engine, proof if each.usable else "not usable", rate, each.detail)
        yield from (facts, "", verdicts, "")
        if isinstance(self.choice, Choice) and self.choice.estimates:
            yield from choice_text(self.choice)
        for each in self.verdicts:
            for difference in (each.differences or [])[:SHOWN]:
                yield f"{each.engine}: {difference}"
            if len(each.differences or []) > SHOWN:
                yield f"{each.engine}: ... {len(each.differences or [])} differences"
        if self.trouble:
            yield f"Jobs that name no engine fail: {self.trouble}"
        elif self.healthy:
            yield f"auto is {self.auto}; every usable engine reproduces the committed digest."
        else:
            yield REMEDY


def choice_text(choice: Choice) -> Iterator[RenderableType]:
    """Yield the estimates, and why `auto` takes what it takes."""
    estimates = Table(box=None, pad_edge=False)
    for heading in ("estimate (a model, not measured here)", *USES.values()):
        estimates.add_column(heading, justify="right" if heading in USES.values() else "left")
    for each in choice.estimates:
        estimates.add_row(f"{each.engine}, {each.hardware}", *map(words, each.rates))
    yield from (estimates, "")
    for reason in (*choice.reasons.values(), *choice.left_out.values()):
        yield f"auto: {reason}"
    yield ""


def examine() -> Report:
    """Collect the facts and check every usable engine.

    What is missing or broken is in the report; it raises no error and no warning.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EngineWarning)  # the verdict on cuda has the same text
        return _examined()


def _examined() -> Report:
    verdicts = []
    for kind, report in engines().items():
        if report.usable:
            verdicts += [
                check_engine(name, report.detail if name == kind else "", make)
                for name, make in variants(kind).items()
            ]
        else:
            verdicts.append(Verdict(kind, False, report.detail))
    try:
        trouble = ""
        _engine_of_jobs(None)
    except Exception as error:  # any error of an engine is a result
        trouble = str(error)
    facts = {name: guarded(probe) for name, probe in PROBES.items()}
    auto = guarded(lambda: _engine_of_jobs("auto"))
    return Report(facts, verdicts, auto, trouble, guarded(choice_here))


def variants(kind: str) -> dict[str, Callable[[], Engine]]:
    """Return the engines of a kind that must be checked.

    The cpu engine has one for each width of vectors that this CPU runs, cuda one for each GPU.
    """
    found: dict[str, Callable[[], Engine]] = {kind: partial(open_engine, kind)}
    with suppress(Exception):  # check_engine() opens the engine, and reports the error
        if kind == "cpu":
            found |= {
                f"cpu, {width} lanes": partial(CpuEngine, width=width)
                for width in library().widths[1:]
            }
        if kind == "cuda":
            found |= {
                f"cuda:{index}": partial(open_engine, f"cuda:{index}")
                for index in range(1, len(_gpu_names()))
            }
    return found


def check_engine(name: str, detail: str, make: Callable[[], Engine]) -> Verdict:
    """Compare an engine with the committed digest; measure its speed if they agree."""
    try:
        engine = make()
        _start(engine)
    except CudaError as error:  # auto uses another engine then
        return Verdict(name, False, str(error))
    except Exception as error:
        return Verdict(name, True, detail, [f"{type(error).__name__}: {error}"])
    try:
        differences = digest.compare(digest.compute(engine), digest.committed())
        differences = differences or digest.compare_pairs(engine)
        differences = differences or mixed_digest.compare(engine)
        return Verdict(name, True, detail, differences, None if differences else speed(engine))
    except Exception as error:  # the other engines must still be checked
        return Verdict(name, True, detail, [f"{type(error).__name__}: {error}"])


def _start(engine: Engine) -> Propagation:
    """Load element sets, as a job does at its start."""
    elements, _ = digest.sets(1)
    circles = elements[digest.COHORT + np.arange(SATELLITES) % digest.COHORT]
    return engine.load(
        Model(GRAVITY["wgs72"], "i"), mean_elements(circles), circles.epoch.view(np.int64)
    )


def _engine_of_jobs(name: str | None) -> str:
    """Return the names of the engines that a job gets."""

    def begin(engine: Engine) -> str:
        _start(engine)
        return engine.name

    opened = open_for_uses(begin, name)
    names = {*opened.begun, *(each for others in opened.others.values() for each in others)}
    return ", ".join(sorted(names))


def speed(engine: Engine) -> float:
    """Return near-Earth states per second: position and velocity, in the memory of the host.

    The same block is computed several times; the fastest counts.
    """
    _, instants = digest.sets(1)
    propagation = _start(engine)
    count = max(INSTANTS, propagation.block_bytes // (SATELLITES * STATE_BYTES))
    grid = instants[0] + np.arange(count) * MINUTE
    propagation.block(grid, digest.COLUMNS)  # the first block allocates memory, starts threads
    spent, best = 0.0, math.inf
    while spent < MEASURED_S:
        begin = time.perf_counter()
        propagation.block(grid, digest.COLUMNS)
        seconds = time.perf_counter() - begin
        spent, best = spent + seconds, min(best, seconds)
    return SATELLITES * count / best


def to_words(value: object) -> str:
    """Return a fact as text for a terminal."""
    if isinstance(value, dict):
        return ", ".join(
            f"{name} {to_words(each)}" for name, each in value.items() if each is not None
        )
    if isinstance(value, (list, tuple)):
        return ", ".join(map(to_words, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def guarded(probe: Callable[[], Fact]) -> Fact | str:
    """Return what a probe finds, or why it fails."""
    try:
        return probe()
    except Exception as error:
        return f"not known ({type(error).__name__}: {error})"


def _cpuinfo(*names: str) -> str:
    """Return the first value in /proc/cpuinfo that has one of the names.

    Empty if there is none, as on a Mac.
    """
    if not CPUINFO.is_file():
        return ""
    lines = (line.partition(":") for line in CPUINFO.read_text().splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() in names), "")


def _vectors() -> dict[str, int] | None:
    """Return how many doubles this CPU computes at once, by the name of its instructions.

    None if /proc/cpuinfo has no flags.
    """
    flags = set(_cpuinfo("flags", "Features").split())
    return {name: lanes for name, (lanes, needed) in VECTORS.items() if needed <= flags} or None


def _kernels() -> dict[str, object]:
    return dict(lanes=sorted(library().widths), build=library().build)


def _driver() -> dict[str, object] | None:
    number = ctypes.c_int()
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    driver.cuDriverGetVersion(ctypes.byref(number))
    about = DRIVER.read_text().splitlines()[0] if DRIVER.is_file() else None
    return dict(cuda=f"{number.value // 1000}.{number.value % 1000 // 10}", about=about)


def _wheels() -> list[str]:
    return list(availability.installed_wheels())


def _cache() -> dict[str, object]:
    """Describe CuPy's cache; CUPY_CACHE_DIR names another folder."""
    folder = availability.cache_folder()
    return dict(path=str(folder), exists=os.path.isdir(folder), writable=os.access(folder, os.W_OK))


def _nvrtc() -> dict[str, object]:
    return dict(
        version=".".join(map(str, availability.import_cupy().cuda.nvrtc.getVersion())),
        options=list(OPTIONS),
    )


def _gpu_names() -> list[str]:
    return availability.gpu_names(availability.import_cupy())


PROBES: dict[str, Callable[[], object]] = {
    "gpuprop": lambda: dict(version=__version__, path=str(Path(__file__).parent)),
    "python": lambda: dict(version=platform.python_version(), path=sys.prefix),
    "packages": lambda: {name: version(name) for name in ("numpy", "pyarrow")},
    "system": platform.platform,
    "processor": lambda: (
        _cpuinfo("model name", "Model") or platform.processor() or platform.machine()
    ),
    "cores": lambda: dict(usable=usable_cores(), present=os.cpu_count()),
    "vectors": _vectors,
    "compiled kernels": _kernels,
    "NVIDIA driver": _driver,
    "CuPy": _wheels,
    "CuPy's cache": lambda: _cache() if _wheels() else None,
    "NVRTC": lambda: _nvrtc() if _wheels() else None,
    "GPUs": lambda: _gpu_names() if _wheels() else [],
    "GPUPROP_ENGINE": lambda: os.environ.get("GPUPROP_ENGINE"),
}
