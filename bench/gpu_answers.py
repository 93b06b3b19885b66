"""Time coverage, access and screening on a GPU, and compare their answers with another engine's.

    python bench/gpu_answers.py [--engine cuda] [--other cpu] [--json FILE]

Each answer must have the same bytes from both engines. The first call on each engine is not timed.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import machine
import workloads

import gpuprop
from gpuprop import Elements, Propagator, time_grid, walker

EPOCH = "2026-01-01T00:00:00Z"
CITIES = [(-15.79, -47.88), (51.17, 71.43), (3.14, 101.69), (13.76, 100.5), (31.23, 121.47)]


def synthetic(count: int) -> Elements:
    """Make a shell of `count` satellites at 550 km."""
    return walker(f"53:{count}/{count // 100}/1", altitude_km=550.0, epoch=EPOCH)


def timed(job: Callable[[], Any]) -> tuple[float, Any]:
    """Return the shorter time of two calls, and the last result."""
    best = float("inf")
    for _ in range(2):
        begun = time.perf_counter()
        found = job()
        best = min(best, time.perf_counter() - begun)
    return best, found


def same(ours: Any, theirs: Any) -> bool:
    """Compare tables, or results with several tables, in every column and in their metadata."""
    if hasattr(ours, "schema"):
        return bool(ours.equals(theirs, check_metadata=True))
    tables = ("cells", "by_latitude", "conjunctions", "companions")
    return all(
        same(getattr(ours, name), getattr(theirs, name)) for name in tables if hasattr(ours, name)
    )


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--engine", default="cuda")
    parser.add_argument("--other", default="cpu")
    parser.add_argument("--short", action="store_true", help="small jobs, to try the program")
    options = parser.parse_args()
    hours = 1 if options.short else 24
    title, catalogue, _ = workloads.catalogue()
    catalogue = catalogue.latest()
    shell, many = synthetic(10_000), synthetic(30_000)
    sites = [gpuprop.Site(lat, lon, name=f"{lat},{lon}") for lat, lon in CITIES]
    duration = f"{hours}h"
    start = catalogue.default_start
    jobs: dict[str, tuple[Elements, Callable[[Propagator], Any]]] = {
        f"coverage: 10,000 satellites, 64,800 cells, {duration} at 30 s": (
            shell,
            lambda each: gpuprop.coverage(each, time_grid(EPOCH, duration=duration, step="30s")),
        ),
        f"access: {title}, 5 sites, {duration}": (
            catalogue,
            lambda each: gpuprop.access(each, sites, start, duration=duration),
        ),
        f"screening: {title}, 5 km, {duration}": (
            catalogue,
            lambda each: gpuprop.screen(each, start, duration=duration),
        ),
        f"screening: shell of 30,000, 5 km, {duration}": (
            many,
            lambda each: gpuprop.screen(each, EPOCH, duration=duration),
        ),
    }
    rows = []
    for name, (elements, job) in jobs.items():
        spent, tables = {}, []
        for engine in (options.engine, options.other):
            propagator = Propagator(elements, engine)
            spent[engine], table = timed(partial(job, propagator))
            tables.append(table)
        if not same(*tables):
            sys.exit(f"{name}: {options.engine} and {options.other} differ")
        rows.append(dict(job=name, seconds=spent))
        ours, theirs = spent[options.engine], spent[options.other]
        print(
            f"{name}: {ours:.3f} s on {options.engine}, {theirs:.3f} s on {options.other} "
            f"({theirs / ours:.1f} x), the same bytes",
            flush=True,
        )
    machine.report(dict(engine=options.engine, other=options.other, rows=rows), options.json)


if __name__ == "__main__":
    main()
