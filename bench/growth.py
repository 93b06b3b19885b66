"""How cost and memory grow with the number of satellites: cpu engine, near-Earth constellations.

Each size runs in a process of its own: initialisation, the kernels' own part of it, and a run of
`snapshots` with about the same number of states; the blocks are dropped. Memory is the largest
resident size, element sets included, and its growth over the second half of the run.
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
    from gpuprop.propagator import BLOCK_BYTES

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
    n_times = max(4, states // count)
    times = time_grid(elements.epoch[0], step="10s", duration=f"{10 * n_times}s")
    for _ in propagator.snapshots(times[: n_times // 4 or 1], instants=instants):
        pass
    began = time.perf_counter()
    half = 0
    for done, _ in enumerate(propagator.snapshots(times, instants=instants)):
        if not half and done * (instants or propagator.instants(BLOCK_BYTES)) >= n_times // 2:
            half = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return dict(
        satellites=count,
        states_per_second=round(count * n_times / spent),
        initialisation_s=round(initialised, 4),
        of_the_kernels=round(initialised / kernels, 2),
        memory_mb=round(peak / 1024),
        growth_mb=round((peak - (half or peak)) / 1024),
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
    rows = []
    for count in SIZES:
        command = [sys.executable, __file__, "--one", str(count), "--states", str(options.states)]
        if options.instants:
            command += ["--instants", str(options.instants)]
        found = [
            json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            for _ in range(options.rounds)
        ]
        best = max(found, key=lambda row: row["states_per_second"])
        rows.append(best)
        print(
            f"{count:9,} satellites: {best['states_per_second'] / 1e6:6.1f} M/s, initialised in "
            f"{1e3 * best['initialisation_s']:.0f} ms ({best['of_the_kernels']} x the kernels), "
            f"{best['memory_mb']} MB (+{best['growth_mb']})"
        )
    machine.report(rows, options.json)


if __name__ == "__main__":
    main()
