"""Compare whole catalogues with python-sgp4: error codes, distances, and the worst satellite.

    python bench/accuracy.py [--catalogue FILE ...] [--span 7 30] [--step 1] [--engine cpu]
    [--json FILE]

Every satellite is propagated from `span` days before its epoch to `span` days after it, every
`step` hours. Each state is in one of four groups:

- good: the status is 0 here and at every instant between here and the epoch;
- good again: the status is 0 here, but not at some instant between here and the epoch, where SGP4
  itself reported that the orbit has ended;
- decayed: status 6;
- implausible: status 10.

`near_180` tests SGP4 where it divides by 1 + cos i, with synthetic element sets of inclinations
near 180 degrees.
"""

from pathlib import Path
from typing import Any

import machine
import numpy as np
import workloads
from sgp4.api import SatrecArray

from gpuprop import Elements, Propagator, engines, read_elements
from gpuprop.time.times import as_times
from gpuprop.time.units import DAY, HOUR, julian
from gpuprop.typing import Array, Bits

GROUPS = ("good", "good_again", "decayed", "implausible")
QUANTILES = dict(median=0.5, p99=0.99, p999=0.999)


def differences(elements: Elements, engine: str, ns: Bits) -> tuple[Array, Array, Array, Array]:
    """Compare the states at the instants ns (n_times,) with python-sgp4's.

    Returns the status, python-sgp4's error code, and the distances in km and km/s, each
    (n_sats, n_times).
    """
    code, position, velocity = SatrecArray(workloads.satrecs(elements)).sgp4(*julian(ns))
    states = Propagator(elements, engine, threads=1).states(as_times(ns.view("datetime64[ns]")))
    apart = [
        np.linalg.norm(mine.transpose(1, 0, 2) - theirs, axis=2)
        for mine, theirs in ((states.position, position), (states.velocity, velocity))
    ]
    return states.status.T, code, *apart


def groups(status: Array, from_epoch: Bits) -> dict[str, Array]:
    """Masks (n_sats, n_times) of the states of each group.

    from_epoch is the time since each epoch; it increases along the second axis.
    """
    lost = status != 0
    after = np.logical_or.accumulate(lost & (from_epoch >= 0), axis=1)
    before = np.logical_or.accumulate((lost & (from_epoch < 0))[:, ::-1], axis=1)[:, ::-1]
    lost_between = np.where(from_epoch >= 0, after, before)
    return dict(
        good=~lost & ~lost_between,
        good_again=~lost & lost_between,
        decayed=status == 6,
        implausible=status == 10,
    )


def compare(elements: Elements, engine: str, span: float, step: float) -> dict[str, Any]:
    """Compare a catalogue with python-sgp4, the satellites of each day of epoch together.

    Where python-sgp4 reports an error, the status must be its code, and elsewhere 0 or 10;
    `wrong_errors` and `invented_errors` count the exceptions.
    """
    n = int(np.ceil((span + 0.5) * DAY / (step * HOUR)))
    offsets = (np.arange(-n, n + 1) * step * HOUR).astype(np.int64)
    day = elements.epoch.astype("datetime64[D]")
    counts = dict(states=0, satellites_lost=0, errors=0, wrong_errors=0, invented_errors=0)
    distances: dict[str, list[Array]] = {name: [] for name in GROUPS}
    largest: dict[str, dict[str, Any]] = {name: dict(km=0.0) for name in GROUPS}
    speed = dict.fromkeys(GROUPS, 0.0)
    for each in np.unique(day):
        members = elements[day == each]
        ns = each.astype("datetime64[ns]").view(np.int64) + DAY // 2 + offsets
        status, code, distance, faster = differences(members, engine, ns)
        from_epoch = ns - members.epoch.view(np.int64)[:, None]
        near = np.abs(from_epoch) <= span * DAY
        counts["states"] += int(near.sum())
        counts["satellites_lost"] += int((near & (status != 0)).any(axis=1).sum())
        counts["errors"] += int((near & (code > 0)).sum())
        counts["wrong_errors"] += int((near & (code > 0) & (status != code)).sum())
        counts["invented_errors"] += int(
            (near & (code == 0) & (status != 0) & (status != 10)).sum()
        )
        for name, chosen in groups(status, from_epoch).items():
            chosen = chosen & near & np.isfinite(distance)
            if not chosen.any():
                continue
            distances[name].append(distance[chosen].astype(np.float32))
            speed[name] = max(speed[name], float(faster[chosen].max()))
            i, k = np.unravel_index(np.argmax(np.where(chosen, distance, -1.0)), distance.shape)
            if distance[i, k] > largest[name]["km"]:
                largest[name] = dict(
                    km=float(distance[i, k]),
                    sat_id=int(members.sat_id[i]),
                    days=round(float(from_epoch[i, k] / DAY), 2),
                )
    found: dict[str, Any] = {}
    for name in GROUPS:
        km = np.concatenate([np.empty(0, np.float32), *distances[name]])
        found[name] = dict(states=len(km), largest=largest[name], largest_km_s=speed[name])
        found[name] |= {
            f"{quantile}_km": float(np.quantile(km, q))
            for quantile, q in QUANTILES.items()
            if len(km)
        }
    return counts | found


def near_180(engine: str) -> list[dict[str, Any]]:
    """Largest distance between the two libraries within a day of epoch, by inclination.

    There are 2,000 element sets near the Earth and 2,000 in deep space.
    """
    rng, n, rows = np.random.default_rng(30), 2_000, []
    epoch = np.datetime64("2026-01-01T00:00:00", "ns")
    ns = epoch.view(np.int64) + np.arange(-24, 25) * HOUR
    for regime, least, most in (("near Earth", 6.5, 16.0), ("deep space", 0.9, 6.3)):
        motion = rng.uniform(least, most, n)
        axis = (398_600.8 / (motion * 2.0 * np.pi / 86_400.0) ** 2) ** (1.0 / 3.0)
        # keeps perigees above 200 km
        eccentricity = rng.uniform(0.0, 1.0, n) * np.clip(1.0 - 6_600.0 / axis, 0.0, 0.8)
        angles = {
            name: rng.uniform(0.0, 360.0, n)
            for name in ("RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY")
        }
        fields = dict(
            NORAD_CAT_ID=np.arange(1, n + 1),
            EPOCH=np.full(n, epoch),
            MEAN_MOTION=motion,
            ECCENTRICITY=eccentricity,
            **angles,
        )
        for inclination in (180.0, 179.9999, 179.99, 179.9, 179.0, 170.0):
            elements = Elements(
                fields | dict(INCLINATION=np.full(n, inclination), BSTAR=np.full(n, 1e-5))
            )
            status, code, distance, _ = differences(elements, engine, ns)
            km = float(distance[(status == 0) & (code == 0)].max())
            rows.append(
                dict(regime=regime, inclination_deg=inclination, satellites=n, largest_km=km)
            )
    return rows


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Format the rows of docs/measured/accuracy.md: each group over all catalogues, by span.

    Medians and quantiles are those of the worst catalogue.
    """
    kinds = dict(
        good="status 0 at all instants since the epoch",
        good_again="status 0 after another status",
        decayed="status 6",
        implausible="status 10",
    )
    lines = []
    for group, title in kinds.items():
        cells = [title]
        for span in sorted({row["span_days"] for row in rows}):
            found = [
                row[group] for row in rows if row["span_days"] == span and row[group]["states"]
            ]
            worst = [
                max((each[name] for each in found), default=0.0)
                for name in ("median_km", "p999_km")
            ]
            largest = max((each["largest"]["km"] for each in found), default=0.0)
            cells += [
                f"{sum(each['states'] for each in found):,}",
                *(machine.length(km) if found else "-" for km in (*worst, largest)),
            ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument(
        "--catalogue",
        type=Path,
        nargs="+",
        help="files of element sets (default: the whole catalogue of April 2025)",
    )
    parser.add_argument(
        "--span", type=float, nargs="+", default=[7.0], help="days before and after the epoch"
    )
    parser.add_argument("--step", type=float, default=1.0, help="hours")
    usable = [report.name for report in engines().values() if report.usable]
    parser.add_argument("--engine", choices=usable, default="cpu" if "cpu" in usable else "numpy")
    options = parser.parse_args()
    if options.catalogue:
        catalogues = [(path.name, read_elements(path)) for path in options.catalogue]
    else:
        title, elements, path = workloads.catalogue()
        catalogues = [(path.name if path else title, elements)]
    rows = []
    with np.errstate(invalid="ignore"):
        for title, elements in catalogues:
            for span in options.span:
                row = dict(
                    catalogue=title,
                    satellites=len(elements),
                    span_days=span,
                    step_hours=options.step,
                )
                rows.append(row | compare(elements, options.engine, span, options.step))
                print(
                    f"{title}: {len(elements):,} satellites, {span:g} days before and after "
                    f"epoch, every {options.step:g} h"
                )
                for name, value in rows[-1].items():
                    if name not in row:
                        print(f"  {name}: {value}")
        retrograde = near_180(options.engine)
    print("", *table(rows), sep="\n")
    print("\nnear 180 degrees, a day before and after epoch")
    for each in retrograde:
        print(f"  {each['regime']}, {each['inclination_deg']} deg: {each['largest_km']:.1e} km")
    machine.report(dict(engine=options.engine, catalogues=rows, near_180=retrograde), options.json)
    assert not any(row["wrong_errors"] or row["invented_errors"] for row in rows), (
        "an error code is not python-sgp4's"
    )


if __name__ == "__main__":
    main()
