"""Time jaxsgp4's published workload, 9,341 Starlink satellites x 1,000 instants, beside gpuprop.

    python bench/peer_jaxsgp4.py [--engine cuda] [--satellites 9341] [--instants 1000] [--json FILE]

Needs jax and jaxsgp4 (`pip install 'jax[cuda13]' jaxsgp4`). Published: 3.8 ms on an A100, float32,
near-Earth alone, without the compilation and without copies. The same is timed here: minutes after
each epoch, one call that is compiled before, states that stay where they are computed. jaxsgp4 is
timed in float32 and in float64, and both are compared with gpuprop's states.
"""

import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import machine
import numpy as np
import workloads

from gpuprop import Elements, Propagator
from gpuprop.time.units import MINUTE

RUNS = 7
STEP_MIN = 1.0


def seconds(job: Callable[[], Any]) -> float:
    """Median seconds of a job, after one that is not counted."""
    job()
    found = []
    for _ in range(RUNS):
        began = time.perf_counter()
        job()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def theirs(elements: Elements, minutes: Any, wide: bool) -> tuple[float, Any, str]:
    """Return jaxsgp4's seconds, positions (n_sats, n_times, 3) and device."""
    import jax

    jax.config.update("jax_enable_x64", wide)
    from jaxsgp4 import Satellite, sgp4

    kind = np.float64 if wide else np.float32
    degrees = np.degrees
    days = (elements.epoch - elements.epoch.astype("datetime64[Y]")) / np.timedelta64(1, "D") + 1.0
    satellites = Satellite(
        *(
            jax.numpy.asarray(column, kind)
            for column in (
                elements.mean_motion * 1440.0 / (2.0 * np.pi),
                elements.eccentricity,
                degrees(elements.inclination),
                degrees(elements.argp),
                degrees(elements.raan),
                degrees(elements.mean_anomaly),
                elements.bstar,
                days,
                elements.epoch.astype("datetime64[Y]").astype(int) + 1970,
            )
        )
    )
    at = jax.numpy.asarray(minutes, kind)
    function = jax.jit(jax.vmap(jax.vmap(sgp4, (None, 0)), (0, None)))
    spent = seconds(lambda: jax.block_until_ready(function(satellites, at)))
    states, _ = function(satellites, at)
    return spent, np.asarray(states[..., :3]), str(jax.devices()[0])


def ours(elements: Elements, n_times: int, engine: str) -> tuple[float, Propagator]:
    """Return gpuprop's seconds for the same number of states, which stay where they are."""
    propagator = Propagator(elements, engine)
    instants = elements.epoch.max() + (np.arange(n_times) * MINUTE).astype("timedelta64[ns]")
    return seconds(lambda: propagator.states(instants, device=True)), propagator


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--engine", default="cuda")
    parser.add_argument("--satellites", type=int, default=9341)
    parser.add_argument("--instants", type=int, default=1000)
    options = parser.parse_args()
    missing = [name for name in ("jax", "jaxsgp4") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"nothing was measured: {' and '.join(missing)} are not installed")
    title, starlink, _ = workloads.starlink()
    elements = starlink[np.resize(np.arange(len(starlink)), options.satellites)]
    minutes = STEP_MIN * np.arange(options.instants)
    mine, propagator = ours(elements, options.instants, options.engine)
    count = options.satellites * options.instants
    rows = [dict(name=f"gpuprop, {options.engine}", seconds=mine, states_per_s=count / mine)]
    chosen = np.arange(0, min(options.satellites, len(starlink)), 97)
    index = np.repeat(chosen, options.instants)
    after = np.tile((minutes * MINUTE).astype("timedelta64[ns]"), len(chosen))
    exact = propagator.pair_states(index, elements.epoch[index] + after).position
    for wide in (False, True):
        spent, positions, device = theirs(elements, minutes, wide)
        error = np.linalg.norm(positions[chosen].reshape(-1, 3) - exact, axis=1)
        row: dict[str, Any] = dict(
            name=f"jaxsgp4, {'float64' if wide else 'float32'}, {device}",
            seconds=spent,
            states_per_s=count / spent,
            largest_error_m=1e3 * float(np.nanmax(error)),
        )
        assert np.nanmedian(error) < 2.0, "jaxsgp4 was given other orbits"
        rows.append(row)
    print(f"{title}: {options.satellites:,} x {options.instants:,}")
    for row in rows:
        error_m = (
            f", {row['largest_error_m']:.2g} m off at most" if "largest_error_m" in row else ""
        )
        print(
            f"{row['name']}: {1e3 * float(row['seconds']):.2f} ms, "
            f"{float(row['states_per_s']) / 1e6:,.0f} M states/s{error_m}"
        )
    machine.report(dict(title=title, rows=rows), options.json)


if __name__ == "__main__":
    main()
