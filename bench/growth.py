"""How cost and memory grow with the number of satellites: cpu engine, near-Earth constellations.

Each run is a process of its own: initialisation, the kernels' own part of it, and `snapshots` with
the same number of states; the blocks are dropped. The sizes take turns, and the best run of each
counts. Processor time (of all threads, system included) is given too: it depends less on what else
the machine does. Memory is the largest resident size, element sets included, and its growth over
the second half of the run.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

import machine

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def one(count: int, states: int, instants: int | None) -> dict[str, Any]:
    """Measure one size, in this process."""
    from gpuprop import Propagator, time_grid, walker
    from gpuprop.engine import cpu

    elements = walker(f"53:{count}/{max(1, count // 1000)}/0", 550.0)
    kernels = 0.0
    run = cpu.Library.run

    def timed(*arguments: Any) -> None:
        nonlocal kernels
        began = time.perf_counter()
        run(*arguments)
        kernels += time.perf_counter() - began

    cpu.library()  # loaded once in a process
    cpu.Library.run = timed  # type: ignore[method-assign,assignment]
    began = time.perf_counter()
    propagator = Propagator(elements, "cpu")
    initialised = time.perf_counter() - began
    cpu.Library.run = run  # type: ignore[method-assign]
    n_times = max(8, states // count)
    times = time_grid(elements.epoch[0], step="10s", duration=f"{10 * n_times}s")
    for _block in propagator.snapshots(times[: n_times // 4], instants=instants):
        pass
    del _block  # else one more would be in use below
    began, busy = time.perf_counter(), time.process_time()
    seen = half = 0
    for block in propagator.snapshots(times, instants=instants):
        seen += len(block)
        if not half and seen >= n_times // 2:
            half = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent, busy = time.perf_counter() - began, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return dict(
        satellites=count,
        states=count * seen,
        states_per_second=round(count * n_times / spent),
        cpu_ns_per_state=round(1e9 * busy / (count * n_times), 2),
        initialisation_s=round(initialised, 4),
        of_the_kernels=round(initialised / kernels, 2),
        memory_mb=round(peak / 1024),
        growth_mb=round((peak - (half or peak)) / 1024),
    )


def best_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The least time of each kind, and the most memory."""
    least = ("cpu_ns_per_state", "initialisation_s", "of_the_kernels")
    best = max(runs, key=lambda row: float(row["states_per_second"]))
    return (
        best
        | {name: min(row[name] for row in runs) for name in least}
        | {name: max(row[name] for row in runs) for name in ("memory_mb", "growth_mb")}
    )


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--states", type=int, default=200_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--instants", type=int, default=None, help="of a block")
    parser.add_argument("--one", type=int, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one, options.states, options.instants)))
        return
    found: dict[int, list[dict[str, Any]]] = {count: [] for count in SIZES}
    for _ in range(options.rounds):
        for count, runs in found.items():
            command = [sys.executable, __file__, "--one", str(count)]
            command += ["--states", str(options.states)]
            if options.instants:
                command += ["--instants", str(options.instants)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            runs.append(json.loads(done.stdout))
    rows = [best_of(runs) for runs in found.values()]
    for row in rows:
        print(
            f"{row['satellites']:9,} satellites: {row['states_per_second'] / 1e6:6.1f} M/s, "
            f"{row['cpu_ns_per_state']:.2f} ns of a core a state, initialised in "
            f"{1e3 * row['initialisation_s']:.1f} ms ({row['of_the_kernels']} x the kernels), "
            f"{row['memory_mb']} MB (+{row['growth_mb']})"
        )
    machine.report(rows, options.json)


if __name__ == "__main__":
    main()
