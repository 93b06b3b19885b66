"""Which engine and which GPUs are the fastest for each use, by the model of rates."""

from collections.abc import Sequence
from dataclasses import dataclass

from .rates import Cpu, Gpu, Rates, cpu_rates, gpu_rates

USES = {
    "device": "blocks that stay on a GPU, and answers",
    "host": "states in the memory of the host",
    "pairs": "single states",
}
# Blocks of each GPU that may wait for the block that is next in order, or be computed.
AHEAD = 2


@dataclass(frozen=True)
class Estimate:
    """What the model says of one engine: its name (cuda:N, cpu or numpy), hardware and rates."""

    engine: str
    hardware: str
    rates: Rates


@dataclass(frozen=True)
class Choice:
    """What `auto` takes.

    engines: use -> "cuda", "cpu" or "numpy". gpus: the numbers of the GPUs that work together, for
    each use with cuda. left_out: number -> why this GPU is not among them. reasons: use -> why.
    """

    engines: dict[str, str]
    gpus: tuple[int, ...]
    left_out: dict[int, str]
    reasons: dict[str, str]
    estimates: tuple[Estimate, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the choice for JSON, with states a second."""
        return dict(
            engines=self.engines,
            gpus=list(self.gpus),
            left_out={f"cuda:{number}": reason for number, reason in self.left_out.items()},
            reasons=self.reasons,
            estimates=[
                dict(engine=each.engine, hardware=each.hardware, **each.rates._asdict())
                for each in self.estimates
            ],
        )


def team_rate(rates: Sequence[float]) -> float:
    """Estimate the rate of GPUs that share blocks, from their rates.

    Blocks are used in order. While the slowest GPU computes one, the others can only compute those
    that may wait for it.
    """
    return min(sum(rates), AHEAD * len(rates) * min(rates)) if rates else 0.0


def team(gpus: Sequence[Gpu]) -> tuple[list[Gpu], dict[int, str]]:
    """Choose the GPUs that are the fastest together, the fastest first; and why others are not."""
    speed = {gpu.number: gpu_rates(gpu).device for gpu in gpus}
    fastest_first = sorted(gpus, key=lambda gpu: -speed[gpu.number])
    sizes = range(1, len(gpus) + 1)
    rate_of = {
        size: team_rate([speed[gpu.number] for gpu in fastest_first[:size]]) for size in sizes
    }
    size = max(sizes, key=lambda size: rate_of[size], default=0)
    members = fastest_first[:size]
    numbers = {gpu.number for gpu in members}
    left_out = {
        gpu.number: f"GPU {gpu.number} ({gpu.name}) is left out: with {words(speed[gpu.number])} "
        f"it would slow the others, which compute {words(rate_of[size])}"
        for gpu in gpus
        if gpu.number not in numbers
    }
    return members, left_out


def choose(gpus: Sequence[Gpu], cpu: Cpu) -> Choice:
    """Choose the fastest engine for each use.

    Of equal rates the GPU's counts for blocks that stay on it, the CPU's for the memory of the
    host.
    """
    members, left_out = team(gpus)
    host = "cpu" if cpu.lanes else "numpy"
    by_cpu = cpu_rates(cpu)
    engines, reasons = {}, {}
    for use, what in USES.items():
        each = [float(getattr(gpu_rates(gpu), use)) for gpu in members]
        ours, theirs = float(getattr(by_cpu, use)), team_rate(each)
        if use == "pairs":
            theirs = sum(each)  # each GPU takes a share, in no order
        cuda = bool(members) and (theirs >= ours if use == "device" else theirs > ours)
        engines[use] = "cuda" if cuda else host
        names = ", ".join(gpu.name for gpu in members)
        reasons[use] = (
            f"{what}: {engines[use]}, there is no GPU to use"
            if not members
            else f"{what}: cuda, {words(theirs)} on {names} against {words(ours)} on {_cores(cpu)}"
            if cuda
            else f"{what}: {host}, {words(ours)} on {_cores(cpu)} against {words(theirs)} on "
            f"{names}"
        )
    estimates = [
        *(Estimate(f"cuda:{gpu.number}", gpu.name, gpu_rates(gpu)) for gpu in gpus),
        Estimate(host, _cores(cpu), by_cpu),
    ]
    numbers = tuple(gpu.number for gpu in members) if "cuda" in engines.values() else ()
    return Choice(engines, numbers, left_out, reasons, tuple(estimates))


def words(rate: float) -> str:
    """Format states a second with two digits: 29 G states/s."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rate >= unit:
            return f"{float(f'{rate / unit:.2g}'):g} {name} states/s"
    return f"{rate:.2g} states/s"


def _cores(cpu: Cpu) -> str:
    kind = {8: "with AVX-512", 4: "with AVX2", 2: "with two lanes", 0: "with numpy"}[cpu.lanes]
    return f"{cpu.cores} core{'s' if cpu.cores > 1 else ''} {kind}"
