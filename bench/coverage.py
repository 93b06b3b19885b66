"""Coverage against the states that it needs, and against brute force in numpy, in the same run.

10,000 satellites, 64,800 cells of one degree, a day at 30 s, 25 degrees. Before it times, it
compares counts with brute force, cell by cell; with --validate, for whole constellations at several
instants and minimum elevations, and the means with a formula on the ellipsoid.
"""

import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import machine
import numpy as np
import visible_by_latitude
import workloads

import gpuprop
from gpuprop import Elements, Propagator, Times, coverage, engines, time_grid
from gpuprop.analysis.coverage.places import as_places
from gpuprop.in_place import coverage_counter, on_one_device
from gpuprop.sgp4.coverage import CoverageRequest, Viewed, count_all

LEAST_DEG = 25.0
SATELLITES = 10_000
BRUTE_SATELLITES = 200  # brute force is measured with these at one instant
ELEVATIONS = (0.0, 10.0, 25.0, 89.0)


def first_of(elements: Elements, count: int) -> Elements:
    """Take satellites evenly from all."""
    return elements[np.unique(np.arange(count) * len(elements) // count)]


def workload(name: str) -> tuple[str, Elements]:
    """Make the satellites by name."""
    if name == "walker":
        return "Walker 53:10000/100/1 at 550 km", gpuprop.walker("53:10000/100/1", 550.0)
    if name == "active" and workloads.ACTIVE.is_file():
        elements = gpuprop.read_elements(workloads.ACTIVE).latest()
        return "10,000 active satellites of 2025-04-15", first_of(elements, SATELLITES)
    return "10,000 satellites of Guowang", first_of(gpuprop.constellation("guowang"), SATELLITES)


def viewed(states: gpuprop.States, k: int) -> Viewed:
    """Take the satellites with status 0 at instant k."""
    good = np.flatnonzero(states.status[k] == 0)
    return Viewed(
        states.x[k][good], states.y[k][good], states.z[k][good], np.zeros(len(good), np.int64)
    )


def check(title: str, elements: Elements, engine: str, least: float, times: Times) -> int:
    """AssertionError where a cell of one degree differs from brute force; return all pairs."""
    propagator = Propagator(elements, engine)
    states = propagator.states(times, "itrs", velocity=False)
    ground, slots = as_places("1deg").ground(least)
    pairs = 0
    for k in range(len(times)):
        request = CoverageRequest(ground)
        brute = count_all(request, viewed(states, k))[0][slots]
        counter = coverage_counter(propagator, request)
        columns = {name: column[k : k + 1] for name, column in states.columns.items()}
        counter.add(columns)
        found = counter.tallies()["most"][slots]
        assert np.array_equal(found, brute), (title, least, k)
        pairs += int(brute.sum())
    return pairs


def check_tables(elements: Elements, engine: str, times: Times) -> None:
    """AssertionError where a byte of a table differs from that of the numpy engine."""
    labels = np.where(np.arange(len(elements)) % 3 == 0, "a", "b")
    for grid in ("2deg", "h3:2"):
        tables = [
            coverage(
                Propagator(elements, name), times, grid, min_elevation_deg=LEAST_DEG, by=labels
            )
            for name in (engine, "numpy")
        ]
        for name in ("cells", "by_latitude"):
            one, other = (getattr(found, name) for found in tables)
            assert one.equals(other, check_metadata=True), (grid, name)


def validate(engine: str) -> list[dict[str, Any]]:
    """Compare whole constellations with brute force, and the mean with the formula."""
    sets = {name: gpuprop.constellation(name) for name in ("starlink-gen1", "oneweb", "guowang")}
    if workloads.CATALOGUE.is_file():
        catalogue = gpuprop.read_elements(workloads.CATALOGUE, on_error="skip").latest()
        sets["eccentric orbits of the catalogue"] = catalogue[catalogue.eccentricity > 0.1]
    rows = []
    for title, elements in sets.items():
        times = time_grid(elements.default_start, step="5h17min", duration="11h")
        for least in ELEVATIONS:
            pairs = check(title, elements, engine, least, times)
            rows.append(
                dict(
                    sets=title,
                    satellites=len(elements),
                    least_deg=least,
                    instants=len(times),
                    pairs=pairs,
                    cells_that_differ=0,
                )
            )
            print(
                f"{title}, {len(elements):,} satellites above {least:g} deg at {len(times)} "
                f"instants: {pairs:,} pairs, no cell differs from brute force"
            )
    rows.append(formula(engine))
    return rows


def formula(engine: str) -> dict[str, Any]:
    """Compare Starlink Gen1 by latitude with the formula on the ellipsoid."""
    propagator = Propagator(gpuprop.constellation("starlink-gen1"), engine)
    found = coverage(propagator, time_grid("2026-01-01", step="60s", duration="1d"))
    lat, area, mean = (
        found.by_latitude[name].to_numpy() for name in ("lat", "area_km2", "visible_mean")
    )
    expected = visible_by_latitude.visible_mean(visible_by_latitude.STARLINK_GEN1, lat, LEAST_DEG)
    world = float(np.average(mean, weights=area) / np.average(expected, weights=area) - 1.0)
    by_latitude = np.abs((mean + mean[::-1]) / (expected + expected[::-1]) - 1.0)
    assert abs(world) < 1e-4 and by_latitude.max() < 0.005
    print(
        f"Starlink Gen1 against the formula: world mean {world:+.1e}, mean of north and south by "
        f"latitude: median {np.median(by_latitude):.1e}, largest {by_latitude.max():.1e}"
    )
    return dict(
        sets="starlink-gen1",
        world_mean=world,
        by_latitude_median=float(np.median(by_latitude)),
        by_latitude_largest=float(by_latitude.max()),
    )


def seconds(jobs: dict[str, Callable[[], Any]], runs: int) -> dict[str, tuple[float, float]]:
    """Median time, and time of all cores, of each job; the jobs take turns."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for _ in range(runs + 1):
        for name, job in jobs.items():
            began = time.perf_counter(), time.process_time()
            job()
            spent[name].append((time.perf_counter() - began[0], time.process_time() - began[1]))
    return {
        name: (
            statistics.median(a for a, _ in found[1:]),
            statistics.median(b for _, b in found[1:]),
        )
        for name, found in spent.items()
    }


def states_alone(propagator: Propagator, times: Times) -> None:
    """Compute the states that coverage needs, where it needs them."""
    for _ in propagator.snapshots(times, "itrs", velocity=False, device=True):
        pass


def brute_seconds(elements: Elements, times: Times) -> float:
    """Measure brute force in numpy for a few satellites, and scale it to all states."""
    few = first_of(elements, BRUTE_SATELLITES)
    states = Propagator(few, "numpy").states(times[:1], "itrs", velocity=False)
    ground, _ = as_places("1deg").ground(LEAST_DEG)
    request, seen = CoverageRequest(ground), viewed(states, 0)
    count_all(request, seen)
    began = time.perf_counter()
    count_all(request, seen)
    return (time.perf_counter() - began) / len(seen.x) * len(elements) * len(times)


def growth(engine: str, threads: int | None, start: Any) -> list[dict[str, Any]]:
    """Measure how the time grows with satellites, cells and instants."""
    rows = []
    cases = [(n, "1deg", 240) for n in (1_250, 2_500, 5_000, 10_000, 20_000)]
    cases += [(5_000, grid, 240) for grid in ("4deg", "2deg", "0.5deg", "h3:2", "h3:3")]
    cases += [(5_000, "1deg", n) for n in (120, 480, 960)]
    for satellites, grid, instants in cases:
        elements = gpuprop.walker(f"53:{satellites}/50/1", 550.0)
        propagator = Propagator(elements, engine, threads=threads)
        times = Times.grid(start, 30_000_000_000, instants)
        places = as_places(grid)
        counter = coverage_counter(propagator, CoverageRequest(places.ground(LEAST_DEG)[0]))
        blocks = list(propagator.snapshots(times, "itrs", velocity=False, device=True))
        counter.add(blocks[0].columns)
        began = time.perf_counter()
        for block in blocks:
            counter.add(block.columns)
        spent = time.perf_counter() - began
        rows.append(
            dict(
                satellites=satellites,
                grid=grid,
                cells=len(places.lat),
                instants=instants,
                seconds=round(spent, 4),
                ns_per_state=round(spent / satellites / instants * 1e9, 1),
            )
        )
        what = f"{satellites:,} satellites, {grid} ({len(places.lat):,} cells)"
        print(f"{what}, {instants} instants: {spent:.3f} s, {rows[-1]['ns_per_state']} ns a state")
    return rows


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--validate", action="store_true", help="prove it with all satellites")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--instants", type=int, default=2880)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--engine", default="cpu")
    parser.add_argument("--sets", nargs="+", default=["walker", "active", "guowang"])
    parser.add_argument("--growth", action="store_true", help="with satellites, cells and time")
    options = parser.parse_args()
    if not engines()[options.engine].usable:
        parser.error(f"engine {options.engine} does not run here")
    results: dict[str, Any] = {"engine": options.engine, "rows": []}
    if options.validate:
        results["validation"] = validate(options.engine)
    for name in options.sets:
        title, elements = workload(name)
        start = elements.default_start
        times = time_grid(start, step="30s", duration=f"{30 * options.instants}s")
        check(title, first_of(elements, 1000), options.engine, LEAST_DEG, times[:2])
        check_tables(first_of(elements, 1000), options.engine, times[:7])
        propagator = Propagator(elements, options.engine, threads=options.threads)
        found = seconds(
            {
                "states": partial(states_alone, on_one_device(propagator), times),
                "coverage": partial(coverage, propagator, times, min_elevation_deg=LEAST_DEG),
            },
            options.runs,
        )
        brute = brute_seconds(elements, times)
        (states, states_cpu), (whole, whole_cpu) = found["states"], found["coverage"]
        row = dict(
            sets=title,
            satellites=len(elements),
            instants=len(times),
            states_s=round(states, 3),
            coverage_s=round(whole, 3),
            states_of_all_cores_s=round(states_cpu, 3),
            coverage_of_all_cores_s=round(whole_cpu, 3),
            times_the_states=round(whole / states, 2),
            of_all_cores_times_the_states=round(whole_cpu / states_cpu, 2),
            brute_force_s=round(brute),
            times_brute_force=round(brute / whole),
            peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )
        results["rows"].append(row)
        print(
            f"{title}: states {states:.2f} s, coverage {whole:.2f} s ({row['times_the_states']} "
            f"times; of all cores {row['of_all_cores_times_the_states']} times), brute force in "
            f"numpy {brute:,.0f} s ({row['times_brute_force']:,} times), {row['peak_mb']} MB"
        )
    if options.growth:
        results["growth"] = growth(options.engine, options.threads, 1_767_225_600_000_000_000)
    machine.report(results, options.json)


if __name__ == "__main__":
    main()
