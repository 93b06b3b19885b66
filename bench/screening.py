"""Screening: against brute force first, then its time as ratios in one run.

check    the closest approaches of the whole catalogue are those of a k-d tree over python-sgp4's
         states, refined on ranges (--check hour or mixed: the long comparisons of the docs)
engines  every engine that runs here gives the same tables, byte for byte
margin   how far the paths of satellites between two knots are from the integral of their
         velocities, as a share of the slack: the one assumption of recall
speed    a day of the catalogue against computing the states at its knots alone; and an hour
         against the k-d tree
growth   time = a objects + b pairs, from 3,000 to 100,000 objects (synthetic beyond the catalogue)
memory   the most that a process takes, with 30,000 and 100,000 objects
law      the number of conjunctions below 0.1, 0.5, 1, 2 and 5 km grows with the square
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import machine
import numpy as np
import workloads

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))
from approach_search import Search, kd_tree

from gpuprop import Elements, Propagator, Screened, engines, read_elements, screen
from gpuprop.engine.numpy.screening import around
from gpuprop.sgp4.screening import Motion, residual
from gpuprop.time.times import Times
from gpuprop.time.units import julian

STEP_S = 60
PARTS = ("check", "engines", "margin", "speed", "growth", "memory", "law")
CHILD = """
import resource, sys
sys.path.insert(0, {folder!r})
import screening
elements = screening.of_size({count})
screening.screened(screening.Propagator(elements), elements, {seconds}, 5.0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def of_size(count: int) -> Elements:
    """Make a set of objects: of the catalogue, and beyond it the same ones in other planes."""
    _, catalogue, _ = workloads.catalogue()
    catalogue = catalogue.latest()
    rng = np.random.default_rng(1)
    if count <= len(catalogue):
        return catalogue[np.sort(rng.choice(len(catalogue), count, replace=False))]
    index = np.arange(count) % len(catalogue)
    copies = index != np.arange(count)
    fields = {name: column[index].copy() for name, column in catalogue.fields.items()}
    for name in ("RA_OF_ASC_NODE", "MEAN_ANOMALY"):
        fields[name][copies] = rng.uniform(0.0, 360.0, copies.sum())
    fields["NORAD_CAT_ID"] = np.arange(1, count + 1)
    return Elements(fields)


def screened(
    prop: Propagator, elements: Elements, seconds: float, threshold: float, after: float = 0.0
) -> Screened:
    """Screen from some seconds after the default start."""
    start = elements.default_start + np.timedelta64(round(after * 1e6), "us")
    stop = start + np.timedelta64(round(seconds * 1e6), "us")
    return screen(prop, start, stop, threshold_km=threshold)


def timed(job: Any) -> tuple[float, float, Any]:
    """Wall and CPU seconds of a job, and its result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = job()
    return time.perf_counter() - wall, time.process_time() - cpu, result


# --- check ---
def check(which: str) -> dict[str, Any]:
    """AssertionError if an event is missed, invented, or another one than that of brute force."""
    seconds, threshold = (86_400.0 if which == "mixed" else 3600.0), 5.0
    if which == "quick":
        elements, seconds = of_size(4000), 900.0
    elif which == "mixed":
        elements = _mixed(3000)
    else:
        elements = read_elements(workloads.ACTIVE).latest()
    found = screened(Propagator(elements), elements, seconds, threshold)
    first = int(elements.default_start.astype("datetime64[us]").astype(int))
    truth = Search(
        elements.to_satrecs(), julian(first * 1000), seconds, threshold, neighbours=kd_tree
    )
    number = {int(each): k for k, each in enumerate(elements.sat_id)}
    rows: dict[frozenset[int], list[Any]] = {}
    for row in found.conjunctions.to_pylist():
        pair = frozenset((number[row["NORAD_CAT_ID_1"]], number[row["NORAD_CAT_ID_2"]]))
        if not row["AT_EDGE"]:
            rows.setdefault(pair, []).append(row)
    companions = {
        frozenset((number[row["NORAD_CAT_ID_1"]], number[row["NORAD_CAT_ID_2"]]))
        for row in found.companions.to_pylist()
    }
    worst = dict(range_m=0.0, tca_fast_ms=0.0, tca_slow_ms=0.0)
    events = 0
    for i, j, t, distance, speed in truth.approaches():
        pair = frozenset((i, j))
        if pair in companions and speed < 0.05:
            continue
        limit = 0.005 if speed > 0.5 else 0.2
        near = [
            (abs((row["TCA"].value // 1000 - first) / 1e6 - t), row) for row in rows.get(pair, [])
        ]
        near = [each for each in near if each[0] < limit]
        assert near, f"missed: {elements.sat_id[i]} {elements.sat_id[j]} at {t} s, {distance} km"
        late, row = min(near, key=lambda each: each[0])
        key = "tca_fast_ms" if speed > 0.5 else "tca_slow_ms"
        worst[key] = max(worst[key], float(1e3 * late))
        worst["range_m"] = max(worst["range_m"], 1e3 * abs(row["TCA_RANGE"] - distance))
        rows[pair].remove(row)
        events += 1
    invented = [row for left in rows.values() for row in left]
    assert not invented, f"invented: {invented[:3]}"
    assert worst["range_m"] < 5.0
    print(
        f"{which}: {len(elements):,} objects, {events:,} events, none missed or invented; {worst}"
    )
    return dict(objects=len(elements), events=events, seconds=seconds, **worst)


def _mixed(count: int) -> Elements:
    """Deep space, eccentric and decaying objects, and others."""
    catalogue = of_size(27_000)
    rng = np.random.default_rng(2)
    chosen = [
        np.argsort(-column, kind="stable")[: count // 6]
        for column in (catalogue.eccentricity, -catalogue.mean_motion, catalogue.mean_motion)
    ]
    others = rng.choice(len(catalogue), count, replace=False)
    return catalogue[np.unique(np.concatenate([*chosen, others]))[:count]]


def same_on_every_engine(seconds: float) -> dict[str, Any]:
    """AssertionError if two engines, or two orders of the input, give other tables."""
    elements = of_size(27_485)
    shuffled = elements[np.random.default_rng(5).permutation(len(elements))]
    first = None
    names = [name for name, report in engines().items() if report.usable]
    for name in names:
        for sets in (elements, shuffled):
            found = screened(Propagator(sets, name), elements, seconds, 5.0)
            tables = found.conjunctions, found.companions
            first = first or tables
            assert all(a.equals(b, check_metadata=True) for a, b in zip(tables, first, strict=True))
    assert first is not None
    print(f"engines: {', '.join(names)}: {first[0].num_rows:,} conjunctions, all the same")
    return dict(engines=names, conjunctions=first[0].num_rows, seconds=seconds)


# --- the one assumption ---
def margin(samples: int) -> dict[str, Any]:
    """Measure, at random instants between knots, the departure from the velocity's integral."""
    elements = of_size(27_000)
    prop = Propagator(elements)
    rng = np.random.default_rng(3)
    start = int(elements.default_start.astype("datetime64[s]").astype(int)) // STEP_S * STEP_S
    shares = []
    for _ in range(samples):
        knot = start + STEP_S * int(rng.integers(1, 1440))
        states = prop.states(Times.grid((knot - STEP_S) * 10**9, STEP_S * 10**9, 3))
        _, slack, _ = around(states.columns, 1, float(STEP_S))
        tau = float(rng.uniform(-0.5, 0.5)) * STEP_S
        there = prop.states(Times(np.array([round((knot + tau) * 1e9)])))
        here, other = (
            Motion(*(block.columns[name][row] for name in ("x", "y", "z", "vx", "vy", "vz")))
            for block, row in ((states, 1), (there, 0))
        )
        good = (states.status == 0).all(axis=0) & (there.status[0] == 0) & (slack < 4.0)
        with np.errstate(all="ignore"):
            shares.append((residual(here, other, tau) / slack)[good])
    share = np.concatenate(shares)
    found = dict(
        samples=len(share),
        largest=float(share.max()),
        **{f"p{q}": float(np.percentile(share, q)) for q in (50, 99, 99.99)},
    )
    print(f"margin: {found}: 1 would be the whole slack")
    return found


# --- time ---
def speed(runs: int, peer_seconds: float) -> dict[str, Any]:
    """A day of the catalogue against its states at knots; an hour against a k-d tree."""
    elements = of_size(27_485)
    prop = Propagator(elements)
    knots = Times.grid(int(elements.default_start.astype("datetime64[s]").astype(int)) * 10**9,
                       STEP_S * 10**9, 1440)  # fmt: skip

    def states() -> None:
        for _ in prop.snapshots(knots):
            pass

    screened(prop, elements, 3600.0, 5.0)
    spent = []
    for _ in range(runs):
        alone, day = timed(states), timed(lambda: screened(prop, elements, 86_400.0, 5.0))
        spent.append((day[0], day[1], day[0] / alone[0], day[1] / alone[1]))
    wall, cpu, of_states, of_cpu = np.median(spent, axis=0)
    found: dict[str, Any] = dict(
        objects=len(elements),
        engine=prop.engine,
        day_wall_s=round(float(wall), 2),
        day_cpu_s=round(float(cpu), 2),
        times_states_wall=round(float(of_states), 1),
        times_states_cpu=round(float(of_cpu), 1),
        conjunctions=day[2].conjunctions.num_rows,
        companions=day[2].companions.num_rows,
    )
    print(f"speed: {found}")
    if peer_seconds:
        first = int(elements.default_start.astype("datetime64[us]").astype(int))
        truth = Search(
            elements.to_satrecs(), julian(first * 1000), peer_seconds, 5.0, neighbours=kd_tree
        )
        hour = timed(lambda: screened(prop, elements, 3600.0, 5.0))
        peer = timed(truth.approaches)
        ratio = peer[0] * (3600.0 / peer_seconds) / hour[0]
        found |= dict(
            hour_wall_s=round(hour[0], 3), kd_tree_s=round(peer[0], 1),
            kd_tree_window_s=peer_seconds, times_faster=round(ratio),
        )  # fmt: skip
        print(f"an hour: {hour[0]:.2f} s; k-d tree: {ratio:.0f} times as long")
    return found


def growth(sizes: list[int], seconds: float) -> dict[str, Any]:
    """Fit CPU time = a objects + b pairs."""
    rows = []
    for count in sizes:
        elements = of_size(count)
        prop = Propagator(elements)
        screened(prop, elements, 120.0, 5.0)
        wall, cpu, result = timed(lambda p=prop, e=elements: screened(p, e, seconds, 5.0))
        pairs = result.conjunctions.num_rows
        rows.append(dict(objects=count, pairs=pairs, cpu_s=round(cpu, 3), wall_s=round(wall, 3)))
        print(rows[-1])
    design = np.array([[row["objects"], row["pairs"]] for row in rows], float)
    spent = np.array([row["cpu_s"] for row in rows])
    (a, b), *_ = np.linalg.lstsq(design, spent, rcond=None)
    left = float(np.abs(design @ (a, b) - spent).max() / spent.max())
    print(f"growth: {1e6 * a:.2f} us an object, {1e3 * b:.3f} ms a pair; residual {left:.1%}")
    return dict(rows=rows, seconds=seconds, a_s=float(a), b_s=float(b), residual=left)


def memory(seconds: float) -> dict[str, float]:
    """Measure the most memory that a process takes, MB."""
    found = {}
    for count in (30_000, 100_000):
        code = CHILD.format(folder=str(Path(__file__).parent), count=count, seconds=seconds)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        found[f"{count}"] = round(float(done.stdout.split()[-1]), 1)
    print(f"memory, MB: {found}")
    return found


def law() -> dict[str, Any]:
    """Compare the numbers of conjunctions with the square law, in standard deviations."""
    elements = of_size(27_485)
    found = screened(Propagator(elements), elements, 86_400.0, 5.0)
    distance = found.conjunctions.column("TCA_RANGE").to_numpy()
    counts = {limit: int((distance < limit).sum()) for limit in (0.1, 0.5, 1.0, 2.0, 5.0)}
    off = {}
    for limit, count in counts.items():
        share = (limit / 5.0) ** 2
        expected = share * counts[5.0]
        off[limit] = (count - expected) / max(1.0, np.sqrt(expected * (1.0 - share)))
    print("law: " + ", ".join(f"{k} km: {counts[k]:,} ({off[k]:+.1f} sigma)" for k in counts))
    return dict(counts=counts, sigmas={k: round(float(v), 2) for k, v in off.items()})


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--check", choices=("quick", "hour", "mixed"), default="quick")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-seconds", type=float, default=3600.0)
    parser.add_argument("--growth-seconds", type=float, default=3600.0)
    parser.add_argument("--samples", type=int, default=60)
    options = parser.parse_args()
    results: dict[str, Any] = {}
    jobs = {
        "check": lambda: check(options.check),
        "engines": lambda: same_on_every_engine(1800.0),
        "margin": lambda: margin(options.samples),
        "speed": lambda: speed(options.runs, options.peer_seconds),
        "growth": lambda: growth([3000, 10_000, 27_000, 50_000, 100_000], options.growth_seconds),
        "memory": lambda: memory(3600.0),
        "law": law,
    }
    for name in PARTS:
        if name in options.only:
            results[name] = jobs[name]()
    machine.report(results, options.json)


if __name__ == "__main__":
    main()
