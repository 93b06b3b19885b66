"""Measure states per second of every engine usable here, and of every other library installed.

    python bench/propagate.py [--times 1000] [--runs 5] [--rounds 3] [--only starlink|catalogue]
    [--json FILE]

Two workloads: Starlink, and the whole catalogue with deep space; instants one minute apart from the
newest epoch on, position and velocity, float64. One core means that the process may run on one core
only. Engines and libraries take turns, round by round; the medians are compared. Other libraries
than python-sgp4 are timed by ../shared/bench/bench_peers.py, on the near-Earth sets of the same
file. peer_astroz.py times astroz on the whole catalogue, deep space included.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import machine
import numpy as np
import workloads
from sgp4.api import SatrecArray

from gpuprop import Elements, Propagator, engines, time_grid, walker
from gpuprop.time.times import Times
from gpuprop.time.units import julian

TOLERANCE_KM = 1e-6
PEERS = workloads.SHARED / "bench" / "bench_peers.py"
WORKLOADS = (workloads.starlink, workloads.catalogue)
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


def on(cores: int, job: Callable[[], Any]) -> Any:
    """Run a job on a number of cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, CORES[:cores])
    try:
        return job()
    finally:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, CORES)


def largest_error(elements: Elements, array: SatrecArray, times: Times, engine: str) -> float:
    """Largest distance (km) of an engine from python-sgp4 at every fiftieth instant.

    Raises AssertionError if an error code or a position is wrong. Only positions within a week of
    the epoch count. Later, drag terms of thousands of kilometres cancel, and rounding errors
    remain.
    """
    some = times[::50]
    code, truth, _ = array.sgp4(*julian(some.ns))
    states = Propagator(elements, engine).states(some)
    assert np.array_equal(states.status.T[code > 0], code[code > 0]), (
        "an error code differs from python-sgp4's"
    )
    fresh = np.abs(elements.epoch[:, None] - some.datetime64) <= np.timedelta64(7, "D")
    error = np.abs(states.position.transpose(1, 0, 2) - truth)[(states.status.T == 0) & fresh].max()
    assert error < TOLERANCE_KM, f"{engine} is {error} km from python-sgp4"
    return float(error)


def peer(name: str, catalogue: Path, count: int, cores: int, runs: int) -> dict[str, Any] | None:
    """Time another library in its own process; None if it is not installed or fails.

    A failure is reported on stderr.
    """
    command = [
        str(PEERS),
        name,
        str(catalogue),
        "--select",
        "STARLINK" if catalogue == workloads.ACTIVE else "",
    ]
    if name == "astroz" and catalogue == workloads.CATALOGUE:
        command = [str(Path(__file__).with_name("peer_astroz.py")), str(catalogue)]
    options = ["--times", str(count), "--threads", str(cores), "--runs", str(runs)]
    done = subprocess.run(
        [sys.executable, *command, *options], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found
    reason = done.stderr.strip().splitlines()[-1:]
    if not any("ModuleNotFoundError" in line for line in reason):
        print(f"{name} failed on {catalogue.name}: {' '.join(reason)}", file=sys.stderr)
    return None


def consume(propagator: Propagator, times: Times) -> None:
    """Compute all blocks and drop them."""
    for _ in propagator.snapshots(times):
        pass


def measure(title: str, elements: Elements, path: Path | None, options: Any) -> dict[str, Any]:
    """Time every engine and library on one workload."""
    count = options.times
    times = time_grid(
        elements.epoch.max().astype("datetime64[m]"), step="60s", duration=f"{60 * count}s"
    )
    array = SatrecArray(workloads.satrecs(elements))
    usable = [report.name for report in engines().values() if report.usable]
    errors: dict[str, float | None] = {
        engine: largest_error(elements, array, times, engine) * 1e3 for engine in usable
    }
    if path == workloads.ACTIVE:
        assert max(error or 0.0 for error in errors.values()) < 1e-5, (
            "more than 1e-5 m from python-sgp4"
        )

    jd, fr = julian(times.ns)
    chunk = max(1, 4_000_000 // len(elements))  # python-sgp4 allocates all it returns

    def sgp4() -> None:
        for first in range(0, count, chunk):
            array.sgp4(jd[first : first + chunk], fr[first : first + chunk])

    jobs: dict[tuple[str, int], Callable[[], Any]] = {("python-sgp4", 1): sgp4}
    for engine in usable:
        for cores in sorted({1, len(CORES)}):
            propagator = Propagator(elements, engine, threads=cores)
            jobs[engine, cores] = partial(consume, propagator, times)
            on(cores, jobs[engine, cores])  # warm up

    rates: dict[tuple[str, int], list[float]] = {}
    for _ in range(options.rounds):
        for (name, cores), job in jobs.items():
            for _ in range(options.runs):
                began = time.perf_counter()
                on(cores, job)
                rates.setdefault((name, cores), []).append(
                    len(elements) * count / (time.perf_counter() - began)
                )
        for name in ("astroz", "heyoka", "satkit"):
            for cores in sorted({1, len(CORES)}):
                if not (path and PEERS.is_file()):
                    continue
                found = on(cores, partial(peer, name, path, count, cores, options.runs))
                if found:
                    rates.setdefault((name, cores), []).append(found["states_per_second"])
                    # bench_peers.py also compares positions weeks from the epoch, where drag
                    # terms of thousands of kilometres cancel and rounding errors remain
                    stale = path == workloads.CATALOGUE and name != "astroz"
                    errors[name] = None if stale else found["max_error_m"]
    rate = {name: statistics.median(found) for name, found in rates.items()}
    peers = [name for name in ("python-sgp4", "astroz", "heyoka", "satkit") if (name, 1) in rate]
    print(f"\n{title}: {len(elements):,} satellites x {count:,} instants")
    print(
        f"{'':12}{'cores':>6}{'M states/s':>12}{'x one core':>12}{'error, m':>11}"
        + "".join(f"{'x ' + name:>15}" for name in peers)
    )
    rows = []
    for (name, cores), value in rate.items():
        ratios = {other: round(value / rate[other, 1], 3) for other in peers}
        row = dict(
            name=name,
            cores=cores,
            states_per_second=round(value),
            speedup=round(value / rate[name, 1], 3),
        )
        rows.append(row | dict(error_m=errors.get(name), ratio_to_one_core=ratios))
        error = errors.get(name)
        figures = f"{value / 1e6:12.2f}{row['speedup']:12.2f}" + (
            f"{error:11.1e}" if error is not None else f"{'':>11}"
        )
        print(
            f"{name:12}{cores:6}{figures}" + "".join(f"{ratio:15.2f}" for ratio in ratios.values())
        )
    return dict(workload=title, satellites=len(elements), instants=count, rows=rows)


def initialisation(runs: int) -> dict[str, Any]:
    """Seconds to initialise 30,000 element sets, on one core."""
    elements = walker("53:30000/100/1", 550.0)
    seconds: dict[str, float] = {}
    for engine in (report.name for report in engines().values() if report.usable):
        spent = []
        Propagator(elements, engine, threads=1)  # warm up
        for _ in range(runs):
            began = time.perf_counter()
            on(1, partial(Propagator, elements, engine, threads=1))
            spent.append(time.perf_counter() - began)
        seconds[engine] = statistics.median(spent)
        print(f"{engine}: 30,000 element sets initialised in {1e3 * seconds[engine]:.1f} ms")
    return dict(workload="initialisation of 30,000 element sets", seconds=seconds)


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", choices=[workload.__name__ for workload in WORKLOADS], help="one workload"
    )
    options = parser.parse_args()
    results = [
        measure(*workload(), options)
        for workload in WORKLOADS
        if options.only in (None, workload.__name__)
    ]
    results.append(initialisation(options.runs))
    machine.report(results, options.json)


if __name__ == "__main__":
    main()
