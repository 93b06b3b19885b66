"""Passes: validated, then timed against Skyfield's find_events, on one core, in the same run.

    python bench/access.py [--json FILE]             a sample is validated, then ratios, growth and
                                                     memory: a minute or two
    python bench/access.py --validate [--json FILE]  200 satellites of the catalogue, 12 sites, two
                                                     days, at 0, 10, 25 and 40 degrees, against
                                                     the independent search of pass_search.py

Skyfield is timed on a sample of satellites and sites, and its time given per satellite, site and
day. Memory is the peak of a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from typing import Any

import machine
import numpy as np
import workloads
from pass_search import Search, differences
from skyfield.api import EarthSatellite, load, wgs84

from gpuprop import Elements, Propagator, Site, access

LEAST = [0.0, 10.0, 25.0, 40.0]
SITES = [
    Site(90.0, 0.0, 0.0, "north pole"),
    Site(-90.0, 0.0, 2.835, "south pole"),
    Site(0.0, -78.45, 2.85, "Quito"),
    Site(0.0, 0.0, 0.0, "equator"),
    Site(16.5, 180.0, 0.0, "date line"),
    Site(-17.8, -179.99, 0.0, "Fiji"),
    Site(31.1, 92.0, 5.0, "high plateau"),
    Site(-15.79, -47.88, 1.17, "Brasilia"),
    Site(51.17, 71.45, 0.35, "Astana"),
    Site(3.14, 101.69, 0.06, "Kuala Lumpur"),
    Site(13.75, 100.5, 0.0, "Bangkok"),
    Site(78.23, 15.39, 0.45, "Svalbard"),
]
TARGET = 200.0
TOLERANCE_S = 0.1
TURNS = 3


def validated(
    count: int, n_sites: int, hours: int, least: list[float], seed: int
) -> dict[str, Any]:
    """Compare passes of a sample of the catalogue with the independent search."""
    title, elements, _ = workloads.catalogue()
    elements = elements.latest()
    chosen = np.sort(np.random.default_rng(seed).choice(len(elements), count, replace=False))
    elements, sites = elements[chosen], SITES[:n_sites]
    propagator = Propagator(elements, threads=1)
    start = elements.default_start
    search = Search(start, hours * 3600.0, propagator.eop)
    began = time.perf_counter()
    expected = search.all(elements.to_satrecs(), sites, least)
    spent = time.perf_counter() - began
    rows = []
    for each in least:
        table = access(propagator, sites, start, duration=f"{hours}h", min_elevation_deg=each)
        here = {key[:2]: passes for key, passes in expected.items() if key[2] == each}
        numbers = [int(number) for number in elements.sat_id]
        wrong, largest = differences(table, numbers, sites, here, search)
        assert not wrong, wrong[:5]
        assert largest < TOLERANCE_S, largest
        rows.append(
            dict(min_elevation_deg=each, passes=table.num_rows, largest_difference_s=largest)
        )
        print(f"{each:4.0f} deg: {table.num_rows:,} passes, the same; largest {largest:.1e} s")
    return dict(
        title=title, satellites=count, sites=n_sites, hours=hours, search_s=spent, rows=rows
    )


def by_skyfield(
    elements: Elements, sites: list[Site], start: Any, least: float
) -> tuple[float, float]:
    """Seconds of find_events for a satellite, a site and a day: of the clock, of the CPU."""
    ts = load.timescale(builtin=True)
    day = start.astype("datetime64[us]").item()
    t0 = ts.utc(day.year, day.month, day.day, day.hour, day.minute, day.second)
    t1 = t0 + 1.0
    satellites = [EarthSatellite.from_satrec(each, ts) for each in elements.to_satrecs()]
    places = [
        wgs84.latlon(site.latitude_deg, site.longitude_deg, site.height_km * 1000.0)
        for site in sites
    ]
    satellites[0].find_events(places[0], t0, t1, least)
    began, began_cpu = time.perf_counter(), time.process_time()
    for satellite in satellites:
        for place in places:
            satellite.find_events(place, t0, t1, least)
    spent, spent_cpu = time.perf_counter() - began, time.process_time() - began_cpu
    each = 1.0 / (len(satellites) * len(places))
    return spent * each, spent_cpu * each


def timed(propagator: Propagator, sites: list[Site], start: Any, days: int, runs: int) -> Any:
    """Shortest times of some runs, s, of the clock and of the CPU, and the passes."""
    clock, cpu = [], []
    for _ in range(runs):
        began, began_cpu = time.perf_counter(), time.process_time()
        table = access(propagator, sites, start, duration=f"{days}d")
        clock.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    return min(clock), min(cpu), table.num_rows


def many_sites(count: int) -> list[Site]:
    """Sites spread evenly over the Earth."""
    k = np.arange(count) + 0.5
    latitudes = np.degrees(np.arcsin(1.0 - 2.0 * k / count))
    longitudes = (k * 137.50776405) % 360.0 - 180.0
    return [
        Site(float(a), float(b), 0.0, f"{number:04d}")
        for number, (a, b) in enumerate(zip(latitudes, longitudes, strict=True))
    ]


def peak(satellites: int, sites: int, minutes: int, into: str) -> dict[str, Any]:
    """Peak memory of a process that finds passes, as a table or into a directory."""
    command = [sys.executable, __file__, "--peak", f"{satellites},{sites},{minutes},{into}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def print_peak(text: str) -> None:
    """Find passes, and print the peak memory of this process."""
    *numbers, into = text.split(",")
    satellites, sites, minutes = map(int, numbers)
    propagator, start = workload(satellites, 1)
    began, began_cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        arguments = (propagator, many_sites(sites), start)
        if into == "directory":
            passes = len(access(*arguments, duration=f"{minutes}min", out=f"{folder}/out"))
        else:
            passes = access(*arguments, duration=f"{minutes}min").num_rows
    spent, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    facts = dict(satellites=satellites, sites=sites, minutes=minutes, into=into, passes=passes)
    print(json.dumps({**facts, "seconds": spent, "cpu_seconds": cpu, "peak_mb": kilobytes / 1024}))


def workload(satellites: int, threads: int | None) -> tuple[Propagator, Any]:
    """A propagator of evenly chosen satellites of the catalogue, and the start of the window."""
    _, elements, _ = workloads.catalogue()
    elements = elements.latest()
    chosen = np.linspace(0, len(elements) - 1, satellites).astype(int)
    return Propagator(elements[chosen], threads=threads), elements.default_start


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--validate", action="store_true", help="the whole comparison, minutes")
    parser.add_argument("--satellites", type=int, default=500)
    parser.add_argument("--sites", type=int, default=10)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--sample", type=int, default=20, help="satellites that Skyfield gets")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        print_peak(options.peak)
        return
    if options.validate:
        machine.report(validated(200, 12, 48, LEAST, 1), options.json)
        return
    results: dict[str, Any] = dict(validated=validated(20, 6, 12, [0.0, 10.0], 2))
    propagator, start = workload(options.satellites, 1)
    sites = many_sites(options.sites)
    few = np.linspace(0, options.satellites - 1, options.sample).astype(int)
    # In turns, so that a machine that is busy for a while disturbs both.
    turns = []
    for _ in range(TURNS):
        ours = timed(propagator, sites, start, 1, options.runs)
        turns.append((ours, by_skyfield(propagator.elements[few], sites, start, 10.0)))
    passes = turns[0][0][2]
    results["race"] = dict(
        engine=propagator.engine,
        threads=1,
        satellites=options.satellites,
        sites=options.sites,
        days=1,
        passes=passes,
        target=TARGET,
    )
    for place, name in enumerate(("wall", "cpu")):
        spent = min(ours[place] for ours, _ in turns)
        skyfield = min(theirs[place] for _, theirs in turns)
        each = spent / (options.satellites * options.sites)
        results["race"][name] = dict(
            seconds=spent,
            seconds_each=each,
            skyfield_seconds_each=skyfield,
            ratio=skyfield / each,
        )
        print(
            f"{options.satellites} satellites x {options.sites} sites x 1 day, {name} time: "
            f"{spent * 1e3:.0f} ms, {passes:,} passes; Skyfield {skyfield * 1e3:.2f} ms a "
            f"satellite, site and day: {skyfield / each:.0f} times (target {TARGET:.0f})"
        )
    growth = []
    for n, m, days in ((500, 10, 1), (2000, 10, 1), (500, 40, 1), (500, 10, 4)):
        propagator, start = workload(n, 1)
        spent, cpu, passes = timed(propagator, many_sites(m), start, days, 3)
        sizes = dict(satellites=n, sites=m, days=days, passes=passes)
        growth.append(dict(**sizes, seconds=spent, cpu_seconds=cpu))
        print(
            f"{n:,} x {m} x {days} d: {spent:.3f} s, CPU {cpu:.3f} s, "
            f"{cpu / passes * 1e6:.1f} us a pass"
        )
    results["growth"] = growth
    results["memory"] = [
        peak(500, 10, 24 * 60, "table"),
        peak(5000, 10, 24 * 60, "table"),
        peak(27000, 10, 12 * 60, "directory"),
        peak(27000, 100, 2 * 60, "directory"),
        peak(27000, 1000, 9, "directory"),  # two parts
    ]
    for row in results["memory"]:
        print(
            f"{row['satellites']:,} x {row['sites']} x {row['minutes']} min, {row['into']}: "
            f"{row['passes']:,} passes, {row['seconds']:.2f} s, CPU {row['cpu_seconds']:.2f} s, "
            f"peak {row['peak_mb']:.0f} MB"
        )
        assert row["peak_mb"] < 500, row
    machine.report(results, options.json)


if __name__ == "__main__":
    main()
