"""The whole catalogue against python-sgp4, a week before and after each epoch: error codes, largest difference, for which object.

    python bench/accuracy.py [--days 7] [--steps 29] [--engine numpy] [--json FILE]

Satellites are taken day of epoch by day of epoch, at `steps` instants that reach `days` before and after.
"""

from typing import Any

import machine
import numpy as np
import workloads
from sgp4.api import SatrecArray

from gpuprop import Elements, Propagator, engines
from gpuprop.clock import as_times, julian

DAY = np.timedelta64(1, "D")


def compare_day(elements: Elements, engine: str, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Status of the engine and of python-sgp4, and distance in km, each (n_sats, n_times), of satellites whose epochs share a day."""
    middle = elements.epoch[0].astype("datetime64[D]") + np.timedelta64(12, "h")
    instants = middle + (offsets * 86_400e9).astype("timedelta64[ns]")
    code, truth, _ = SatrecArray(workloads.satrecs(elements)).sgp4(*julian(instants.astype("datetime64[ns]").astype(np.int64)))
    states = Propagator(elements, engine, threads=1).states(as_times(instants))
    return states.status.T, code, np.linalg.norm(states.position.transpose(1, 0, 2) - truth, axis=2)


def compare(elements: Elements, engine: str, days: float, steps: int) -> dict[str, Any]:
    """All of them. The status must be python-sgp4's wherever that is an error; otherwise it is 0, or 10 for what cannot be."""
    offsets = np.linspace(-days - 0.5, days + 0.5, steps)
    day = elements.epoch.astype("datetime64[D]")
    counts = dict(states=0, errors=0, wrong_errors=0, invented_errors=0, implausible=0)
    worst: list[tuple[float, int, float]] = []
    distances = []
    for each in np.unique(day):
        members = elements[day == each]
        status, code, distance = compare_day(members, engine, offsets)
        good = (code == 0) & (status == 0)
        counts["states"] += status.size
        counts["errors"] += int((code > 0).sum())
        counts["wrong_errors"] += int(((code > 0) & (status != code)).sum())
        counts["invented_errors"] += int(((code == 0) & (status != 0) & (status != 10)).sum())
        counts["implausible"] += int((status == 10).sum())
        distance = np.where(good, distance, 0.0)
        distances.append(distance[good])
        for j in np.argsort(distance.max(axis=1))[-5:]:
            worst.append((float(distance[j].max()), int(members.sat_id[j]), float(offsets[distance[j].argmax()])))
    error = np.concatenate(distances)
    quantiles = {name: float(np.quantile(error, q)) for name, q in (("median_km", 0.5), ("p99_km", 0.99), ("p999_km", 0.999))}
    largest = [dict(km=km, sat_id=sat_id, days_from_noon=round(offset, 2)) for km, sat_id, offset in sorted(worst, reverse=True)[:5]]
    return counts | quantiles | dict(largest=largest)


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--steps", type=int, default=29)
    parser.add_argument("--engine", choices=[report.name for report in engines().values() if report.usable], default="numpy")
    options = parser.parse_args()
    title, elements, _ = workloads.catalogue()
    with np.errstate(invalid="ignore"):
        result = compare(elements, options.engine, options.days, options.steps)
    print(f"{title}: {len(elements):,} satellites, {options.engine} against python-sgp4")
    for name, value in result.items():
        print(f"  {name}: {value}")
    machine.report(dict(workload=title, satellites=len(elements), engine=options.engine) | result, options.json)


if __name__ == "__main__":
    main()
