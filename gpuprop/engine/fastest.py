"""What `auto` opens here: the engines that teams.choose takes, of those that start."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from . import cuda as engine_cuda
from .cpu import CpuEngine
from .cuda import CudaEngine, CudaError, CudaMissingError
from .cuda.hardware import gpu_of
from .hardware import cpu_here
from .mixed import PrecisionError
from .numpy import NumpyEngine
from .rates import Gpu
from .teams import USES, Choice, choose

LEFT_OUT = "cuda leaves out a GPU"  # the beginning of a warning
Result = TypeVar("Result")


@dataclass(frozen=True)
class Opened(Generic[Result]):
    """The engines that were opened: what `begin` returned for each.

    begun: of the engines for blocks that stay where they are, and for all uses that `others` does
    not have. others: use (teams.USES) -> of other engines. choice: why, if there is a GPU.
    """

    begun: list[Result]
    others: dict[str, list[Result]]
    choice: Choice | None = None


def choice_here(threads: int | None = None, gpu: int | None = None) -> Choice:
    """Return what `auto` takes here, before a GPU is started."""
    return choose(visible_gpus(gpu)[0], cpu_here(threads))


def visible_gpus(gpu: int | None = None) -> tuple[list[Gpu], list[str]]:
    """Describe all visible GPUs, or GPU `gpu` alone; and say why others do not answer."""
    found: list[Gpu] = []
    trouble: list[str] = []
    try:
        for number in [gpu] if gpu is not None else range(engine_cuda.count()):
            try:
                engine_cuda.check(number)
                found.append(gpu_of(number))
            except CudaMissingError:
                return [], []
            except CudaError as error:
                trouble.append(str(error))
    except CudaMissingError:
        return [], []
    except CudaError as error:
        trouble.append(str(error))
    return found, trouble


def fastest(
    begin: Callable[[Any], Result], gpu: int | None, threads: int | None, first: bool
) -> tuple[Opened[Result], str, list[str]]:
    """Open the fastest engines, and call `begin` with each: see choice.open_for_uses.

    Returns also a warning and its reasons, if GPUs are not used although they are there. A GPU
    that does not start is not chosen again; one that was left out may then be chosen.
    """
    gpus, trouble = visible_gpus(gpu)
    cpu = cpu_here(threads)
    host: Any = CpuEngine if cpu.lanes else NumpyEngine
    begun: dict[int, Result] = {}
    choice = choose(gpus, cpu)
    while missing := [number for number in _wanted(choice, first) if number not in begun]:
        try:
            begun[missing[0]] = begin(CudaEngine(missing[0]))
        except CudaError as error:
            if not isinstance(error, CudaMissingError):
                trouble.append(str(error))
            gpus = [each for each in gpus if each.number != missing[0]]
            choice = choose(gpus, cpu)
    why = choice if gpus else None
    on_gpus = [begun[number] for number in _wanted(choice, first)]
    if not on_gpus:
        opened = Opened([begin(host(threads))], {}, why)
        return opened, f"engine {host.name} is used instead of cuda", _once(trouble)
    of_host = [] if first else [use for use, name in choice.engines.items() if name != "cuda"]
    try:
        on_cpu = [begin(host(threads))] if of_host else []
    except PrecisionError:  # the GPUs have precision mixed, and compute pairs too
        of_host, on_cpu = [], []
        why = _gpus_alone(choice, host.name)
    trouble += [] if first else choice.left_out.values()
    return Opened(on_gpus, dict.fromkeys(of_host, on_cpu), why), LEFT_OUT, _once(trouble)


def _wanted(choice: Choice, first: bool) -> tuple[int, ...]:
    """Return the numbers of the GPUs to open."""
    if not first:
        return choice.gpus
    return choice.gpus[:1] if choice.engines["device"] == "cuda" else ()


def _gpus_alone(choice: Choice, host: str) -> Choice:
    """Return the choice for precision mixed if the engine of the host does not have it."""
    return replace(
        choice,
        engines=dict.fromkeys(USES, "cuda"),
        reasons={
            use: reason
            if choice.engines[use] == "cuda"
            else f"{USES[use]}: cuda, because engine {host} has no precision mixed here"
            for use, reason in choice.reasons.items()
        },
    )


def _once(reasons: list[str]) -> list[str]:
    return list(dict.fromkeys(reasons))
