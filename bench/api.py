"""Compare the speed of gpuprop.api with python-sgp4: single calls, arrays, and making satellites.

    python bench/api.py [--rounds 7] [--seconds 0.02] [--json FILE]

Both libraries get the same lines, or the same mean elements if the catalogue is absent, and run on
one core, in turns; the best time of each is compared. Everything is validated first: the error
codes must be equal, and good states must agree within a millimetre.
"""

import itertools
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import machine
import numpy as np
import sgp4.api as theirs
import workloads

import gpuprop.api as ours
from gpuprop.api.julian import compiled
from gpuprop.sgp4.constants import REGIMES

TOLERANCE_KM = 1e-6
# satellites, instants
SIZES = ((1, 1), (1, 1000), (10, 1), (10, 100), (100, 1), (100, 100), (10_000, 1), (10_000, 10))
LIBRARIES = (ours, theirs)
SGP4INIT = ("bstar", "ndot", "nddot", "ecco", "argpo", "inclo", "mo", "no_kozai", "nodeo")


def satellites(count: int) -> tuple[list[Any], list[Any]]:
    """Make `count` satellites of each library, spread evenly over the whole catalogue."""
    elements = workloads.catalogue()[1]
    some = elements[np.linspace(0, len(elements) - 1, count).astype(int)]
    reference = workloads.satrecs(some)
    copies = []
    for satrec in reference:
        copy = ours.Satrec()
        copy.sgp4init(ours.WGS72, "i", 1, *arguments(satrec))
        copy.jdsatepoch, copy.jdsatepochF = satrec.jdsatepoch, satrec.jdsatepochF
        copies.append(copy)
    return copies, reference


def arguments(satrec: Any) -> tuple[float, ...]:
    """Arguments of sgp4init after the catalogue number."""
    return (
        satrec.jdsatepoch + satrec.jdsatepochF - 2433281.5,
        *(getattr(satrec, name) for name in SGP4INIT),
    )


def validate(answers: list[Any], fresh: Any = True) -> float:
    """Return the distance (km) between two answers of (codes, positions, velocities).

    Raises AssertionError if a code differs or a good state is too far away. Only positions where
    `fresh` holds count: weeks from the epoch, drag terms of thousands of kilometres cancel, and
    rounding errors remain.
    """
    (e, r, _), (code, place, _) = answers
    assert np.array_equal(e, code), "an error code differs from python-sgp4's"
    distance = np.linalg.norm(np.asarray(r) - place, axis=-1)[(np.asarray(code) == 0) & fresh]
    assert (distance < TOLERANCE_KM).all(), f"{distance.max()} km from python-sgp4"
    return float(distance.max(initial=0.0))


def seconds(job: Callable[[], Any], least: float) -> float:
    """Seconds of one call, measured over as many calls as fill `least` seconds."""
    number = 1
    while True:
        began = time.perf_counter()
        for _ in itertools.repeat(None, number):
            job()
        spent = time.perf_counter() - began
        if spent >= least:
            return spent / number
        number *= 4


def compare(
    title: str,
    jobs: Sequence[Callable[[], Any]],
    options: Any,
    states: int = 1,
    error_km: float | None = None,
) -> dict[str, Any]:
    """Time a job with both libraries in turns; print the ratio of the best times."""
    best = [np.inf, np.inf]
    for _ in range(options.rounds):
        for i, job in enumerate(jobs):
            best[i] = min(best[i], seconds(job, options.seconds))
    mine, their = (1e6 * value for value in best)
    print(
        f"{title:52}{mine:12.2f}{their:14.2f}{mine / their:10.2f}"
        + (f"{1e3 * error_km:11.1e}" if error_km is not None else "")
    )
    error_m = None if error_km is None else 1e3 * error_km
    return dict(
        job=title,
        states=states,
        gpuprop_us=mine,
        python_sgp4_us=their,
        ratio=mine / their,
        error_m=error_m,
    )


def single_calls(options: Any) -> list[dict[str, Any]]:
    """Time calls for one state, for one satellite of each regime, within a day of its epoch."""
    rows = []
    chosen: dict[int, tuple[Any, Any]] = {}
    for pair in zip(*satellites(2000), strict=True):
        chosen.setdefault(pair[0]._ready().regime, pair)
    for regime, pair in sorted(chosen.items()):
        whole, parts = (
            pair[0].jdsatepoch,
            (pair[0].jdsatepochF + np.linspace(-1.0, 1.0, 16)).tolist(),
        )
        error = max(validate([satellite.sgp4(whole, part) for satellite in pair]) for part in parts)

        def job(
            satellite: Any, whole: float = whole, parts: list[float] = parts
        ) -> Callable[[], Any]:
            propagate, instants = satellite.sgp4, itertools.cycle(parts)
            return lambda: propagate(whole, next(instants))

        rows.append(
            compare(
                f"Satrec.sgp4, {REGIMES[regime]}",
                [job(satellite) for satellite in pair],
                options,
                1,
                error,
            )
        )
    return rows


def making(options: Any) -> list[dict[str, Any]]:
    """Time making a satellite, without and with its first state."""
    line1 = "1 25544U 98067A   19343.69339541  .00001764  00000-0  38792-4 0  9991"
    line2 = "2 25544  51.6439 211.2001 0007417  17.6667  85.6398 15.50103472202482"
    given = arguments(theirs.Satrec.twoline2rv(line1, line2))

    def initialised(library: Any) -> Any:
        satellite = library.Satrec()
        satellite.sgp4init(library.WGS72, "i", 25544, *given)
        return satellite

    jobs: dict[str, Callable[[Any], Any]] = {
        "Satrec.twoline2rv": lambda library: library.Satrec.twoline2rv(line1, line2),
        "Satrec.twoline2rv and its first state": lambda library: library.Satrec.twoline2rv(
            line1, line2
        ).sgp4(2458827.0, 0.5),
        "Satrec.sgp4init": initialised,
        "Satrec.sgp4init and its first state": lambda library: initialised(library).sgp4(
            2458827.0, 0.5
        ),
    }
    rows = []
    for title, job in jobs.items():
        rows.append(compare(title, [partial(job, library) for library in LIBRARIES], options))
    return rows


def arrays(options: Any) -> list[dict[str, Any]]:
    """Time SatrecArray: its states for several sizes, and making one."""
    rows = []
    mine, their = satellites(10_000)
    for n_sats, n_times in SIZES:
        some = [satrecs[:: len(satrecs) // n_sats][:n_sats] for satrecs in (mine, their)]
        made = [
            library.SatrecArray(satrecs) for library, satrecs in zip(LIBRARIES, some, strict=True)
        ]
        instants = np.full(n_times, 2460780.5), np.linspace(0.0, 0.5, n_times)
        fresh = np.array([[abs(satrec.jdsatepoch - 2460780.5) < 7.0] for satrec in some[1]])
        error = validate([array.sgp4(*instants) for array in made], fresh)
        title = f"SatrecArray of {n_sats:,}, {n_times:,} instant{'s' if n_times > 1 else ''}"
        jobs = [partial(array.sgp4, *instants) for array in made]
        rows.append(compare(title, jobs, options, n_sats * n_times, error))
    for n_sats in (1, 10_000):
        jobs = [
            partial(library.SatrecArray, satrecs[:n_sats])
            for library, satrecs in zip(LIBRARIES, (mine, their), strict=True)
        ]
        rows.append(compare(f"making a SatrecArray of {n_sats:,}", jobs, options))
    return rows


def main() -> None:
    parser = machine.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.02, help="least time of one measurement")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    print(
        "gpuprop.api with the compiled kernels"
        if compiled()
        else "gpuprop.api with numpy, without compiled kernels"
    )
    heads = f"{'gpuprop':>12}{'python-sgp4':>14}{'ratio':>10}{'error, m':>11}"
    print(f"\n{'microseconds a call, one core':52}{heads}")
    rows = [*single_calls(options), *making(options), *arrays(options)]
    machine.report(dict(compiled=compiled(), cores=1, rows=rows), options.json)


if __name__ == "__main__":
    main()
