"""What the model of rates must know of this CPU."""

import os
from pathlib import Path

from . import cpu as engine_cpu
from .prefetch import usable_cores
from .rates import Cpu

CORES = Path("/sys/devices/system/cpu")


def cpu_here(threads: int | None = None) -> Cpu:
    """Describe the cores that may be used, and the vectors of the compiled kernels."""
    lanes = engine_cpu.library().widths[0] if engine_cpu.usable()[0] else 0
    cores = physical_cores()
    return Cpu(cores if threads is None else min(threads, cores), lanes)


def physical_cores() -> int:
    """Count the cores that this process may run on.

    Two hardware threads of a core share its units for vectors, and count as one.
    """
    if not hasattr(os, "sched_getaffinity"):
        return usable_cores()
    try:
        return len(
            {
                (CORES / f"cpu{number}" / "topology" / "thread_siblings_list").read_text()
                for number in os.sched_getaffinity(0)
            }
        )
    except OSError:
        return usable_cores()
