"""What frames cost: states/s of the cpu engine in each frame against TEME, in one run; and what is
computed once per instant.

    python bench/frames.py [--times 1000] [--runs 5] [--rounds 5] [--json FILE]

One core, position and velocity in float64, blocks as `snapshots` hands them out, the rotations of
the instants included. Validated first: each frame against gpuprop.convert of TEME.
"""

import os
import statistics
import time
from collections.abc import Callable

import machine
import numpy as np
import workloads

from gpuprop import Propagator, Site, convert, look_angles, time_grid
from gpuprop.frames import earth_orientation, rotations, sun
from gpuprop.frames import interpolation as nodes
from gpuprop.states import FRAMES

DAY_OF_SECONDS = 86_400
SITES = [Site(51.5, -0.1), Site(-15.8, -47.9, 1.2), Site(90.0, 0.0)]
TOLERANCE = 1e-8  # km, km/s, deg


def largest_error(propagator: Propagator, times, frame: str) -> float:
    """Between the states of a frame and those of TEME converted."""
    some = times[:: max(1, len(times) // 5)]
    found, expected = propagator.states(some, frame), convert(propagator.states(some), frame)
    error = 0.0
    for name in found.columns:
        off = np.abs(found.columns[name].astype(float) - expected.columns[name].astype(float))
        error = max(error, float(np.nanmax(np.minimum(off, 360.0 - off) if name == "lon" else off)))
    assert error < TOLERANCE, f"{frame} is {error} from TEME converted"
    return error


def seconds(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


def consume(propagator: Propagator, times, **options) -> None:
    for _ in propagator.snapshots(times, **options):
        pass


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    title, elements, _ = workloads.starlink()
    times = time_grid(
        elements.epoch.max().astype("datetime64[m]"), step="60s", duration=f"{60 * options.times}s"
    )
    propagator = Propagator(elements, "cpu", threads=1)
    jobs = {frame: dict(frame=frame) for frame in FRAMES} | {
        "teme, sunlit": dict(sunlit=True),
        "geodetic, sunlit": dict(frame="geodetic", sunlit=True),
    }
    errors = {frame: largest_error(propagator, times, frame) for frame in FRAMES}
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(options.rounds):
        for name, job in jobs.items():
            consume(propagator, times, **job)
            spent[name].append(
                statistics.median(
                    seconds(lambda job=job: consume(propagator, times, **job))
                    for _ in range(options.runs)
                )
            )
    states = len(elements) * len(times)
    rate = {name: states / statistics.median(each) for name, each in spent.items()}
    print(f"{title}: {len(elements):,} satellites x {len(times):,} instants, cpu engine, one core")
    print(f"{'':20}{'M states/s':>12}{'of TEME':>10}{'costs':>8}{'error':>11}")
    rows = []
    assert min(rate[frame] for frame in FRAMES) >= 0.65 * rate["teme"], (
        "a frame costs more than 35 % of the TEME rate"
    )
    for name, value in rate.items():
        share = value / rate["teme"]
        print(
            f"{name:20}{value / 1e6:12.1f}{share:10.3f}{1 - share:8.1%}{errors.get(name, 0.0):11.1e}"
        )
        rows.append(
            dict(
                name=name,
                states_per_second=round(value),
                of_teme=round(share, 3),
                error=errors.get(name),
            )
        )

    block = propagator.states(times[:20], "itrs")
    engine_seconds = statistics.median(
        seconds(lambda: look_angles(block, SITES, engine="cpu")) for _ in range(5)
    )
    looks = block.x.size * len(SITES) / engine_seconds
    print(f"look angles{looks / 1e6:21.1f} M satellites seen/s, one core")

    eop, ns = earth_orientation(), times.start_ns + np.arange(DAY_OF_SECONDS) * 1_000_000_000
    once = {}
    for name, job in {
        **{
            frame: lambda frame=frame: rotations(frame, ns, eop)
            for frame in ("pef", "itrs", "gcrs")
        },
        "sun": lambda: sun(ns, "none"),
    }.items():
        for cached in (nodes._precession_nutation_knots, nodes._apparent_sun_knots):
            cached.cache_clear()
        once[name] = [seconds(job), statistics.median(seconds(job) for _ in range(5))]
        print(
            f"{name:6} of {DAY_OF_SECONDS:,} instants: {once[name][0]:.3f} s the first time, then "
            f"{once[name][1]:.3f} s"
        )
    assert max(first for first, _ in once.values()) < 1.0, (
        "per-instant inputs take a second or more"
    )
    machine.report(
        dict(
            workload=title,
            satellites=len(elements),
            instants=len(times),
            rows=rows,
            looks_per_second=round(looks),
            seconds_for_86400_instants={
                name: dict(first=a, then=b) for name, (a, b) in once.items()
            },
        ),
        options.json,
    )


if __name__ == "__main__":
    main()
