"""States per second of every engine that is usable here, against python-sgp4 in the same run.

    python bench/propagate.py [--times 1000] [--runs 5] [--json FILE]

Two workloads: Starlink, and the whole catalogue with deep space; instants one minute apart from the newest epoch on, position and velocity,
float64. One core means that the process may run on one core only. Runs of the contenders alternate; the medians are compared.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import machine
import numpy as np
import workloads
from sgp4.api import SatrecArray

from gpuprop import Elements, Propagator, engines, time_grid
from gpuprop.clock import Times, julian

TOLERANCE_KM = 1e-6
BLOCK_BYTES = 64 << 20
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


def on(cores: int, job: Callable[[], Any]) -> Any:
    """Run a job on so many cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, CORES[:cores])
    try:
        return job()
    finally:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, CORES)


def largest_error(elements: Elements, array: SatrecArray, times: Times, engine: str) -> float:
    """Kilometres between the engine and python-sgp4 at every fiftieth instant; raises if an error code or a position is wrong.

    Positions count within a week of the epoch: later, stale drag terms of thousands of kilometres cancel, and what is left is rounding.
    """
    some = times[::50]
    code, truth, _ = array.sgp4(*julian(some.ns))
    states = Propagator(elements, engine).states(some)
    assert np.array_equal(states.status.T[code > 0], code[code > 0]), "an error code differs from python-sgp4's"
    fresh = np.abs(elements.epoch[:, None] - some.datetime64) <= np.timedelta64(7, "D")
    error = np.abs(states.position.transpose(1, 0, 2) - truth)[(states.status.T == 0) & fresh].max()
    assert error < TOLERANCE_KM, f"{engine} is {error} km from python-sgp4"
    return float(error)


def consume(propagator: Propagator, times: Times) -> None:
    for _ in propagator.snapshots(times, block_bytes=BLOCK_BYTES):
        pass


def measure(title: str, elements: Elements, count: int, runs: int) -> dict[str, Any]:
    times = time_grid(elements.epoch.max().astype("datetime64[m]"), step="60s", duration=f"{60 * count}s")
    array = SatrecArray(workloads.satrecs(elements))
    usable = [report.name for report in engines().values() if report.usable]
    errors = {engine: largest_error(elements, array, times, engine) for engine in usable}

    jd, fr = julian(times.ns)
    chunk = max(1, 4_000_000 // len(elements))  # python-sgp4 allocates all it returns

    def sgp4() -> None:
        for first in range(0, count, chunk):
            array.sgp4(jd[first : first + chunk], fr[first : first + chunk])

    contenders: dict[tuple[str, int], Callable[[], Any]] = {("python-sgp4", 1): sgp4}
    for engine in usable:
        for cores in sorted({1, len(CORES)}):
            propagator = Propagator(elements, engine, threads=cores)
            on(cores, lambda p=propagator: consume(p, times))  # warm
            contenders[engine, cores] = lambda p=propagator: consume(p, times)
    seconds: dict[tuple[str, int], list[float]] = {name: [] for name in contenders}
    for _ in range(runs):
        for name, job in contenders.items():
            began = time.perf_counter()
            on(name[1], job)
            seconds[name].append(time.perf_counter() - began)
    states = len(elements) * count
    rate = {name: states / statistics.median(found) for name, found in seconds.items()}
    print(f"\n{title}: {len(elements):,} satellites x {count:,} instants")
    print(f"{'':14}{'cores':>6}{'M states/s':>12}{'x python-sgp4':>15}{'x one core':>12}{'error, m':>11}")
    rows = []
    for (engine, cores), value in rate.items():
        row = dict(engine=engine, cores=cores, states_per_second=round(value), ratio=round(value / rate["python-sgp4", 1], 3))
        row |= dict(speedup=round(value / rate[engine, 1], 3), error_m=errors.get(engine, 0.0) * 1e3)
        rows.append(row)
        figures = f"{value / 1e6:12.2f}{row['ratio']:15.2f}{row['speedup']:12.2f}{row['error_m']:11.1e}"
        print(f"{engine:14}{cores:6}{figures}")
    return dict(workload=title, satellites=len(elements), instants=count, runs=runs, rows=rows)


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    results = [measure(*workload(), options.times, options.runs) for workload in (workloads.starlink, workloads.catalogue)]
    machine.report(results, options.json)


if __name__ == "__main__":
    main()
