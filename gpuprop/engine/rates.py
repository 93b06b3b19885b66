"""How many states a second an engine computes on some hardware: a small model.

The model has three uses, because their limits differ:

- device: blocks that stay where they are computed, and questions that are answered there. The limit
  is float64 arithmetic.
- host: blocks in the memory of the host. A GPU is also limited by its bus.
- pairs: single states, in the memory of the host, which decide answers.

Near-Earth states with velocities are counted. The constants of GPUs are measured on one GPU, an
H200 (bench/results/gpu-h200-2026-11-28.json, pairs-h200-2026-11-28.json). Those of cores are
measured on one CPU (bench/results/propagate-starlink-2026-11-26.json), with the ratios of the
widths from another and the time to share a block from a third. All else follows from them, and is
not measured.
"""

from dataclasses import dataclass
from typing import NamedTuple

from .host import block_bytes

STATE_BYTES = 49  # six float64 and a status

# Float64 additions or products that a multiprocessor begins in a cycle, by compute capability.
# Source: CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions".
FLOAT64_LANES = {
    (6, 0): 32, (7, 0): 32, (7, 2): 32, (8, 0): 32, (9, 0): 64, (10, 0): 64,
    (6, 1): 4, (6, 2): 4,
}  # fmt: skip
FEW_LANES = 2  # of every other one: GPUs for graphics

# Float64 instructions for which a state takes the time: 16.6e12 a second, 28.7e9 states a second.
CYCLES_OF_STATE = 579
PAIRS_PER_S = 25e6  # copies between pages of ordinary memory and a GPU are the limit
BUS_SHARE = 0.62  # of the bus's bits: 39 of 63 GB/s
# GT/s of a lane of PCI Express, where the system does not say: by the first number of the
# capability. 16 lanes are taken.
BUS_SPEED = {6: 8.0, 7: 8.0, 8: 16.0, 9: 32.0, 10: 32.0, 11: 32.0, 12: 32.0}

# States a second of a core, by the doubles in its vectors; 0: numpy.
CORE_STATES_PER_S = {8: 55e6, 4: 28e6, 2: 13e6, 0: 4.7e6}
PAIRS_SHARE = 0.7  # of a core's rate, for pairs in no order
# Seconds a core until all share a block: 16 cores took 1.6 ms for 2,048 x 128 states, of which 0.3
# ms are their rate. More cores are not all waited for.
SHARING_S, SHARING_CORES = 83e-6, 16


@dataclass(frozen=True)
class Gpu:
    """A GPU, as the system describes it.

    number: N of cuda:N. clock_hz: the highest clock. bus_gt_per_s: giga-transfers of all lanes of
    the bus; None if it is not known.
    """

    number: int
    name: str
    capability: tuple[int, int]
    multiprocessors: int
    clock_hz: float
    bus_gt_per_s: float | None = None


@dataclass(frozen=True)
class Cpu:
    """The cores that may be used.

    lanes: doubles in the vectors of the compiled kernels, or 0 without compiled kernels.
    """

    cores: int
    lanes: int


class Rates(NamedTuple):
    """States a second, by use."""

    device: float
    host: float
    pairs: float


def gpu_rates(gpu: Gpu) -> Rates:
    """Estimate the rates of one GPU."""
    lanes = FLOAT64_LANES.get(gpu.capability, FEW_LANES)
    device = gpu.multiprocessors * lanes * gpu.clock_hz / CYCLES_OF_STATE
    return Rates(device, min(device, bus_bytes_per_s(gpu) / STATE_BYTES), min(device, PAIRS_PER_S))


def bus_bytes_per_s(gpu: Gpu) -> float:
    """Estimate the bytes a second from a GPU to pinned memory of the host."""
    speed = gpu.bus_gt_per_s or 16 * BUS_SPEED.get(gpu.capability[0], max(BUS_SPEED.values()))
    return BUS_SHARE * speed * 1e9 / 8


def cpu_rates(cpu: Cpu) -> Rates:
    """Estimate the rates of all cores together."""
    rate = cpu.cores * CORE_STATES_PER_S[cpu.lanes]
    if not cpu.lanes:
        return Rates(rate, rate, rate)
    if cpu.cores > 1:
        states = block_bytes(cpu.cores) / STATE_BYTES
        rate = states / (states / rate + SHARING_S * min(cpu.cores, SHARING_CORES))
    return Rates(rate, rate, PAIRS_SHARE * rate)
