"""States of pairs of a satellite and an instant against states on a grid, in the same run.

A million pairs over the whole catalogue, at random instants of one day: in random order, and sorted
by satellite. Before it times, it compares pairs with the grid, bit by bit.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import machine
import numpy as np
import workloads

from gpuprop import Propagator, engines, time_grid
from gpuprop.literals import Frame

DAY_MINUTES = 1440


def seconds(jobs: dict[str, Callable[[], Any]], runs: int) -> dict[str, float]:
    """Median time of each job; the jobs take turns."""
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            spent[name].append(time.perf_counter() - began)
    return {name: statistics.median(found[1:]) for name, found in spent.items()}


def check(propagator: Propagator, index: Any, instants: Any, times: Any, frame: Frame) -> None:
    """AssertionError if a pair differs from the grid."""
    few, row = index[:20_000], instants[:20_000] % 50
    grid = propagator.states(times[:50], frame=frame)
    pairs = propagator.pair_states(few, times.datetime64[row], frame=frame)
    for name, column in pairs.columns.items():
        assert column.tobytes() == grid.columns[name][row, few].tobytes(), name


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--engine", default="cpu")
    options = parser.parse_args()
    title, elements, _ = workloads.catalogue()
    if not engines()[options.engine].usable:
        parser.error(f"engine {options.engine} does not run here")
    propagator = Propagator(elements, options.engine, threads=options.threads)
    start = elements.epoch.max().astype("datetime64[m]")
    times = time_grid(start, step="60s", duration="1d")
    rng = np.random.default_rng(1)
    index = rng.integers(0, len(elements), options.pairs)
    instants = rng.integers(0, DAY_MINUTES, options.pairs)
    when = times.datetime64[instants] + rng.integers(0, 60 * 10**9, options.pairs)
    order = np.argsort(index, kind="stable")
    sorted_index, sorted_when = index[order], when[order]
    rows = max(1, options.pairs // len(elements))
    print(f"{title}: {len(elements):,} satellites, {options.pairs:,} pairs, {options.engine}")
    results = []
    frames: tuple[Frame, ...] = ("teme", "itrs")
    for frame in frames:
        check(propagator, index, instants, times, frame)
        found = seconds(
            {
                "grid": partial(propagator.states, times[:rows], frame),
                "random": partial(propagator.pair_states, index, when, frame),
                "sorted": partial(propagator.pair_states, sorted_index, sorted_when, frame),
            },
            options.runs,
        )
        rates = {
            name: (rows * len(elements) if name == "grid" else options.pairs) / spent
            for name, spent in found.items()
        }
        row = dict(frame=frame, states_per_second={k: round(v) for k, v in rates.items()})
        row["of_the_grid"] = {k: round(rates[k] / rates["grid"], 3) for k in ("random", "sorted")}
        results.append(row)
        print(
            f"{frame}: grid {rates['grid'] / 1e6:.1f} M/s, "
            + ", ".join(
                f"{name} {rates[name] / 1e6:.1f} M/s ({rates[name] / rates['grid']:.2f})"
                for name in ("random", "sorted")
            )
        )
    machine.report(
        dict(title=title, pairs=options.pairs, engine=options.engine, rows=results), options.json
    )


if __name__ == "__main__":
    main()
