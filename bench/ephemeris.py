"""Compare element sets of a Starlink satellite with its operator's ephemeris, and with later sets.

    python bench/ephemeris.py [--json FILE]

../shared/data/meme holds three days of the ephemeris (a state a minute, EME2000, which is taken for
GCRS: they differ by 23 milliarcseconds, 0.8 m here), the public element sets of the week (gp) and
the supplemental ones, which are fitted to the operator's ephemerides (sup). Each set whose epoch is
within 16 hours of the start of the ephemeris is propagated from its epoch on and compared in GCRS.
The same is done with TEME taken for GCRS, to show what this mistake costs. The ephemeris is the
operator's own forecast: compared with later sets, it is kilometres off after two days.

Then every set is propagated to the epochs of the later sets of its kind and compared with them.
This is the error of a set after one, two and three days, if sets are exact at their own epochs.
"""

import argparse
from pathlib import Path
from typing import Any

import machine
import numpy as np
import workloads

from gpuprop import Propagator, read_elements
from gpuprop.time.instants import parse_instant
from gpuprop.time.times import as_times
from gpuprop.time.units import HOUR

MEME = workloads.DATA / "meme"
NEAR = 16  # hours from the start of the ephemeris to the epochs of the sets compared
SPANS = ((0, 6), (6, 24), (24, 72))  # hours since epoch
LATER = ((20, 28), (44, 52), (68, 76))  # hours from the epoch of a set to that of a later one


def ephemeris(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a MEME file: instants (n,) ns UTC and positions (n, 3) km.

    After four lines of header it has a state and three lines of covariance for each instant.
    """
    ns, positions = [], []
    for line in path.read_text().splitlines()[4::4]:
        stamp, *numbers = line.split()
        ns.append(
            parse_instant(f"{stamp[:4]}-{stamp[4:7]}T{stamp[7:9]}:{stamp[9:11]}:{stamp[11:]}")
        )
        positions.append([float(number) for number in numbers[:3]])
    return np.array(ns), np.array(positions)


def against_later_sets(path: Path) -> list[dict[str, Any]]:
    """Compare the sets of a file with the later ones in it, at the epochs of the later ones."""
    elements = read_elements(path)
    elements = elements[np.argsort(elements.epoch)]
    epochs = elements.epoch.view(np.int64)
    # [i, j]: satellite j at the epoch of set i, km
    there = Propagator(elements).states(elements.epoch).position
    distance = np.linalg.norm(there - np.diagonal(there).T[:, None], axis=2)
    hours = (epochs[:, None] - epochs) / HOUR
    rows: list[dict[str, Any]] = []
    for first, last in LATER:
        within = distance[(hours >= first) & (hours < last)]
        rows.append(dict(sets=len(elements), hours=[first, last], pairs=len(within)))
        rows[-1] |= dict(
            median_km=round(float(np.median(within)), 3), largest_km=round(float(within.max()), 3)
        )
    return rows


def distances(row: dict[str, Any]) -> str:
    """Format the distances of a row."""
    return f"median {row['median_km']:8.3f} km, largest {row['largest_km']:8.3f} km"


def main() -> None:
    parser: argparse.ArgumentParser = machine.arguments(__doc__)
    options = parser.parse_args()
    if not MEME.is_dir():
        parser.error(f"{MEME} does not exist")
    ns, truth = ephemeris(next(MEME.glob("MEME_*")))
    times = as_times(ns.view("datetime64[ns]"))
    print(
        f"{len(ns):,} states from {times[0]} on, a satellite at "
        f"{np.linalg.norm(truth, axis=1).mean() - 6378.137:.0f} km"
    )
    rows: list[dict[str, Any]] = []
    for name in ("gp", "sup"):
        elements = read_elements(MEME / f"{name}_48430.txt")
        epochs = elements.epoch.view(np.int64)
        elements = elements[abs(epochs - ns[0]) <= NEAR * HOUR]
        propagator = Propagator(elements)
        age = (ns[:, None] - elements.epoch.view(np.int64)) / HOUR
        for frame in ("gcrs", "teme"):
            distance = np.linalg.norm(
                propagator.states(times, frame).position - truth[:, None], axis=2
            )
            for first, last in SPANS:
                within = distance[(age >= first) & (age < last)]
                row: dict[str, Any] = dict(
                    elements=name,
                    sets=len(elements),
                    frame=frame,
                    hours=[first, last],
                    states=len(within),
                    median_km=round(float(np.median(within)), 3),
                    largest_km=round(float(within.max()), 3),
                )
                rows.append(row)
                print(
                    f"{name:4} {len(elements):2} sets, {frame}, {first:2} to {last:2} h: "
                    f"{distances(row)} ({len(within):,} states)"
                )
    for name in ("gp", "sup"):
        for row in against_later_sets(MEME / f"{name}_48430.txt"):
            first, last = row["hours"]
            print(
                f"{name:4} {row['sets']:2} sets against later ones, {first} to {last} h: "
                f"{distances(row)} ({row['pairs']} pairs)"
            )
            rows.append(dict(elements=name, against="later sets") | row)
    machine.report(rows, options.json)


if __name__ == "__main__":
    main()
