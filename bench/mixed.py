"""Measure precision mixed: its errors, for how many satellites it holds, and what it saves.

    python bench/mixed.py [--instants 200] [--rounds 7] [--hours 6] [--errors] [--json FILE]

1. Errors: every catalogue of ../shared/data and every constellation of the project, against exact
   states, at instants within seven days of the epoch. All satellites get one epoch: near the Earth
   a state depends on the time since it alone. No error may exceed the bounds, and every status must
   be the exact one.
2. Bits: every width of vectors with FMA gives the same.
3. Time against exact, on one core, in turns: the kernels in blocks that stay in the cache, and
   blocks of the default size.
4. A screening that takes its candidates from mixed states: the tables must be the same bytes; its
   CPU time against the exact one.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import machine
import numpy as np
import workloads

from gpuprop import Elements, Propagator, constellation, constellations, read_elements, screen
from gpuprop.elements.mean_elements import mean_elements
from gpuprop.engine.cpu import CpuEngine, library
from gpuprop.sgp4.gravity import gravity_model
from gpuprop.sgp4.mixed import BOUND_M, BOUND_MM_S, CLASSES, REACH_NS, classify
from gpuprop.sgp4.model import COORDINATES, Model
from gpuprop.time.times import Times
from gpuprop.typing import Array

EPOCH = np.datetime64("2026-01-01T00:00:00", "ns")
MINUTE = 60_000_000_000
AT_ONCE = 1 << 20  # states
ECCENTRICITIES = (0.0, 0.002, 0.01, 0.02, 0.05)  # edges of the rows of the table of errors
SMALL = 1024  # satellites: a block of these stays in the cache


def sources() -> Iterator[tuple[str, Elements]]:
    """Yield every catalogue, and all constellations of the project together."""
    if workloads.DATA.is_dir():
        for path in sorted(workloads.DATA.iterdir()):
            if path.suffix in (".3le", ".2le", ".csv"):
                yield path.name, read_elements(path, on_error="skip")
    every = [constellation(name) for name in constellations()]
    yield f"{len(every)} constellations of the project", Elements.concat(every)


def errors(elements: Elements, instants: int) -> tuple[Array, Array, Array]:
    """Largest and median error of each satellite (m), and the largest of its velocity (mm/s)."""
    together = Elements(dict(elements.fields) | dict(EPOCH=np.full(len(elements), EPOCH)))
    exact, mixed = (Propagator(together, "cpu", precision=name) for name in ("exact", "mixed"))
    since = np.random.default_rng(len(elements)).integers(-REACH_NS, REACH_NS, instants)
    since[:2] = -REACH_NS, REACH_NS
    times = Times(np.sort(since) + EPOCH.view(np.int64))
    apart: list[Array] = []
    fastest = np.zeros(len(elements))
    for a, b in zip(
        *(
            prop.snapshots(times, instants=max(1, AT_ONCE // len(elements)))
            for prop in (exact, mixed)
        ),
        strict=True,
    ):
        assert np.array_equal(a.status, b.status), "a status differs"
        apart.append(1e3 * np.linalg.norm(a.position - b.position, axis=-1))
        fastest = np.fmax(fastest, 1e6 * np.linalg.norm(a.velocity - b.velocity, axis=-1).max(0))
    off = np.concatenate(apart)[:, mixed.mixed]
    return off.max(0), np.median(off, 0), fastest[mixed.mixed]


def classes(elements: Elements) -> dict[str, int]:
    """Count the satellites of each class."""
    constants = Propagator(elements, "cpu").constants
    found = np.bincount(classify(constants), minlength=len(CLASSES))
    return dict(zip(CLASSES, found.tolist(), strict=True))


def same_bits(elements: Elements) -> list[int]:
    """The widths with precision mixed. AssertionError unless they give the same bits."""
    model = Model(gravity_model("wgs72"), "i", "mixed")
    ns = elements.epoch.view(np.int64)
    instants = np.sort(ns)[:: max(1, len(ns) // 20)]
    found = [
        CpuEngine(1, width).load(model, mean_elements(elements), ns).block(instants, COORDINATES)
        for width in library().mixed
    ]
    for each in found[1:]:
        for name, column in each.items():
            assert column.tobytes() == found[0][name].tobytes(), "widths differ"
    return list(library().mixed)


def cpu_seconds(job: Callable[[], object]) -> float:
    began = time.process_time()
    job()
    return time.process_time() - began


def in_turns(jobs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median CPU seconds of each job; they run in turns."""
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for each in range(rounds + 1):
        for name, job in jobs.items():
            seconds = cpu_seconds(job)
            if each:  # the first time fills caches
                spent[name].append(seconds)
    return {name: statistics.median(each) for name, each in spent.items()}


def blocks(propagator: Propagator, times: Times, **options: Any) -> Callable[[], object]:
    def job() -> None:
        for _ in propagator.snapshots(times, **options):
            pass

    return job


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--instants", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--hours", type=int, default=6, help="of the screening")
    parser.add_argument("--errors", action="store_true", help="stop after the errors")
    options = parser.parse_args()
    results: dict[str, Any] = {"sources": [], "errors": [], "times": {}}

    print(f"{'':44}{'satellites':>11}" + "".join(f"{name:>14}" for name in CLASSES))
    ecco, largest, median, speed = [], [], [], []
    for name, elements in sources():
        found = classes(elements)
        shares = "".join(f"{found[each] / len(elements):14.2%}" for each in CLASSES)
        print(f"{name:44}{len(elements):11,}{shares}")
        results["sources"].append(dict(name=name, satellites=len(elements), classes=found))
        prop = Propagator(elements, "cpu", precision="mixed")
        off, middle, fast = errors(elements, options.instants)
        ecco.append(elements.eccentricity[prop.mixed])
        largest.append(off)
        median.append(middle)
        speed.append(fast)
    all_ecco, off, middle, fast = (np.concatenate(each) for each in (ecco, largest, median, speed))
    print(f"\n{'eccentricity':20}{'satellites':>12}{'median, m':>12}{'largest, m':>12}{'mm/s':>8}")
    edges = list(pairwise(ECCENTRICITIES))
    for low, high in [*edges, (0.0, 1.0)]:
        here = (all_ecco >= low) & (all_ecco <= high)
        row = dict(
            eccentricity=[low, high],
            satellites=int(here.sum()),
            median_m=float(np.median(middle[here])),
            largest_m=float(off[here].max()),
            largest_mm_s=float(fast[here].max()),
        )
        title = "all" if high == 1.0 else f"{low:g} to {high:g}"
        print(
            f"{title:20}{row['satellites']:12,}{row['median_m']:12.3f}{row['largest_m']:12.3f}"
            f"{row['largest_mm_s']:8.2f}"
        )
        results["errors"].append(row)
    assert off.max() <= BOUND_M and fast.max() <= BOUND_MM_S, "a bound does not hold"
    if options.errors:
        machine.report(results, options.json)
        return

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    title, elements, _ = workloads.catalogue()
    elements = elements.latest()
    results["widths"] = same_bits(elements)
    print(f"\nwidths {results['widths']}: the same bits\n\n{title}, CPU seconds, one core")
    near = elements[Propagator(elements, "cpu", precision="mixed").mixed]
    start = int(elements.default_start.astype("datetime64[ns]").astype(np.int64))
    cases: dict[str, tuple[Elements, Times, dict[str, Any]]] = {
        "mixed class, in the cache": (
            near[:SMALL],
            Times.grid(start, 15_000_000_000, 4000),
            dict(instants=64),
        ),
        "mixed class, default blocks": (near, Times.grid(start, MINUTE, 300), {}),
        "whole catalogue": (elements, Times.grid(start, MINUTE, 200), {}),
    }
    for name, (sets, times, how) in cases.items():
        jobs = {
            precision: blocks(Propagator(sets, "cpu", threads=1, precision=precision), times, **how)
            for precision in ("exact", "mixed")
        }
        shown(name, in_turns(jobs, options.rounds), results["times"])
    screened = {
        precision: Propagator(elements, "cpu", threads=1, precision=precision)
        for precision in ("exact", "mixed")
    }
    tables = {}

    def screening(precision: str) -> Callable[[], object]:
        def job() -> None:
            tables[precision] = screen(
                screened[precision], np.datetime64(start, "ns"), duration=f"{options.hours}h"
            )

        return job

    jobs = {precision: screening(precision) for precision in screened}
    spent = in_turns(jobs, max(1, options.rounds // 3))
    for name in ("conjunctions", "companions"):
        a, b = (getattr(tables[precision], name) for precision in screened)
        assert a.equals(b, check_metadata=True), f"the {name} differ"
    shown(f"screening, {options.hours} h", spent, results["times"])
    machine.report(results, options.json)


def shown(name: str, spent: dict[str, float], results: dict[str, Any]) -> None:
    """Print and keep the seconds of both precisions, and their ratio."""
    ratio = spent["exact"] / spent["mixed"]
    print(f"{name:30}{spent['exact']:10.3f}{spent['mixed']:10.3f}   exact / mixed {ratio:.2f}")
    results[name] = dict(**spent, ratio=round(ratio, 3))


if __name__ == "__main__":
    main()
