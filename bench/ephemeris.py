"""What a user gets: element sets of a Starlink satellite against its operator's ephemeris of the
same days, and against later sets.

    python bench/ephemeris.py [--json FILE]

../shared/data/meme holds the ephemeris (EME2000, which is taken as GCRS: the two are 23
milliarcseconds, 0.8 m, apart; 3 days, a state a minute), the public element sets of the week (gp)
and the supplemental ones, which are fitted to the operator's ephemerides (sup). Each set with an
epoch within 16 hours of the ephemeris' start is propagated from its epoch on and compared in GCRS;
so is the mistake of taking TEME for GCRS. The ephemeris is the operator's own forecast: sets of
later epochs show it to be kilometres off after two days.

Then every set is propagated to the epochs of the later sets of its kind and compared with them: the
error of a set after one, two and three days, if sets are right at their own epochs.
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
    """Instants (n,) ns UTC and positions (n, 3) km of a MEME file: four lines of header, then a
    state and three lines of covariance for each instant.
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
    """Distance of the sets of a file from later sets in it, at the epoch of the later one."""
    elements = read_elements(path)
    elements = elements[np.argsort(elements.epoch)]
    epochs = elements.epoch.view(np.int64)
    there = Propagator(elements).states(elements.epoch).position  # (at the epoch of, satellite, 3)
    distance = np.linalg.norm(there - np.diagonal(there).T[:, None], axis=2)
    hours = (epochs[:, None] - epochs) / HOUR
    rows = []
    for first, last in LATER:
        within = distance[(hours >= first) & (hours < last)]
        rows.append(dict(sets=len(elements), hours=[first, last], pairs=len(within)))
        rows[-1] |= dict(
            median_km=round(float(np.median(within)), 3), largest_km=round(float(within.max()), 3)
        )
    return rows


def main() -> None:
    parser: argparse.ArgumentParser = machine.arguments(__doc__)
    options = parser.parse_args()
    if not MEME.is_dir():
        parser.error(f"{MEME} is not there")
    ns, truth = ephemeris(next(MEME.glob("MEME_*")))
    times = as_times(ns.view("datetime64[ns]"))
    print(
        f"{len(ns):,} states from {times[0]} on, a satellite at "
        f"{np.linalg.norm(truth, axis=1).mean() - 6378.137:.0f} km"
    )
    rows = []
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
                row = dict(
                    elements=name,
                    sets=len(elements),
                    frame=frame,
                    hours=[first, last],
                    states=len(within),
                    median_km=round(float(np.median(within)), 3),
                    largest_km=round(float(within.max()), 3),
                )
                rows.append(row)
                figures = f"median {row['median_km']:8.3f} km, largest {row['largest_km']:8.3f} km ({len(within):,} states)"
                print(
                    f"{name:4} {len(elements):2} sets, {frame}, {first:2} to {last:2} h: {figures}"
                )
    for name in ("gp", "sup"):
        for row in against_later_sets(MEME / f"{name}_48430.txt"):
            first, last = row["hours"]
            figures = f"median {row['median_km']:8.3f} km, largest {row['largest_km']:8.3f} km ({row['pairs']} pairs)"
            print(
                f"{name:4} {row['sets']:2} sets against later ones, {first} to {last} h: {figures}"
            )
            rows.append(dict(elements=name, against="later sets") | row)
    machine.report(rows, options.json)


if __name__ == "__main__":
    main()
