"""Search for the largest errors of precision mixed: element sets and instants that evolve.

    python bench/mixed_worst.py [--seconds 60] [--seed 1] [--json FILE]

For each gravity model, populations of element sets of the class mixed, each with an instant, are
varied and crossed; those with the largest errors live on (an evolution strategy). What counts is
the error of the position, and in another search that of the velocity. A random sample does not
find these errors: they add up roundings that seldom all have the same sign. No error may exceed
the bounds, and every status must be 0.
"""

import time
from collections.abc import Callable
from typing import TypeAlias

import machine
import numpy as np
import numpy.typing as npt

from gpuprop import Elements, Propagator
from gpuprop.sgp4.gravity import GRAVITY
from gpuprop.sgp4.mixed import BOUND_M, BOUND_MM_S, REACH_NS
from gpuprop.time.times import Times
from gpuprop.typing import Array

Instants: TypeAlias = npt.NDArray[np.int64]
NOW = np.datetime64("2024-01-01T00:00:00", "ns")
# The genes: mean motion, eccentricity, inclination, node, perigee, mean anomaly, log10 of the size
# of BSTAR and its sign, and the time since the epoch divided by the reach.
LOW = np.array([6.2, 0.0, 0.0, 0.0, 0.0, 0.0, -10.0, -1.0, -1.0])
HIGH = np.array([17.2, 0.05, 180.0, 360.0, 360.0, 360.0, 0.5, 1.0, 1.0])
PARENTS, CHILDREN, GENERATIONS = 150, 1500, 20
SPREAD_NS = 6000 * 10**9  # instants around that of the genes
INCLINATIONS = (0.0, 63.4349, 90.0, 116.565, 179.9)


def drawn(rng: np.random.Generator, n: int) -> Array:
    """Draw genes, also where many satellites are: low, nearly circular, special inclinations."""
    genes = rng.uniform(LOW, HIGH, (n, len(LOW)))
    some = rng.uniform(size=(3, n)) < 0.25
    genes[some[0], 0] = rng.uniform(15.0, 16.8, some[0].sum())
    genes[some[1], 1] = 10.0 ** rng.uniform(-9.0, -2.0, some[1].sum())
    genes[some[2], 2] = rng.choice(INCLINATIONS, some[2].sum())
    return genes


def errors(genes: Array, around: Instants, gravity: str) -> tuple[Array, Array]:
    """Errors (n_times, n) in m and mm/s; -1 for satellites that are not of the class."""
    since = (genes[:, 8] * REACH_NS).astype("timedelta64[ns]")
    elements = Elements(
        dict(
            NORAD_CAT_ID=np.arange(len(genes)) + 1,
            EPOCH=(NOW - since).astype("datetime64[us]"),
            MEAN_MOTION=genes[:, 0],
            ECCENTRICITY=genes[:, 1],
            INCLINATION=genes[:, 2],
            RA_OF_ASC_NODE=genes[:, 3],
            ARG_OF_PERICENTER=genes[:, 4],
            MEAN_ANOMALY=genes[:, 5],
            BSTAR=np.copysign(10.0 ** genes[:, 6], genes[:, 7]),
        )
    )
    times = Times(NOW.view(np.int64) + around)
    mixed = Propagator(elements, "cpu", gravity, precision="mixed", threads=1)
    a = mixed.states(times)
    b = Propagator(elements, "cpu", gravity, threads=1).states(times)
    near = np.abs(times.ns[:, None] - elements.epoch.astype("M8[ns]").view(np.int64)) <= REACH_NS
    assert not (a.status | b.status)[near & mixed.mixed].any(), "a status is not 0"
    found = (
        1e3 * np.linalg.norm(a.position - b.position, axis=-1),
        1e6 * np.linalg.norm(a.velocity - b.velocity, axis=-1),
    )
    position, velocity = (np.where(mixed.mixed & near, each, -1.0) for each in found)
    return position, velocity


def varied(rng: np.random.Generator, parents: Array) -> Array:
    """Vary some of the genes by small and large steps, cross parents, and draw a few anew."""
    n = CHILDREN
    one, two, three = (parents[rng.integers(0, len(parents), n)] for _ in range(3))
    changed = rng.uniform(size=one.shape) < rng.choice([0.15, 0.5, 1.0], (n, 1))
    step = 10.0 ** rng.uniform(-9.0, -0.5, (n, 1)) * (HIGH - LOW)
    children = one + rng.standard_normal(one.shape) * step * changed
    way = rng.uniform(size=(n, 1))
    children = np.where(way < 0.3, children + 0.7 * (two - three), children)
    crossed = (way > 0.8) & (rng.uniform(size=one.shape) < 0.5)
    children = np.where(crossed, two, children)
    children[:, 3:6] %= 360.0
    children = np.clip(children, LOW, HIGH)
    children[: n // 30] = drawn(rng, n // 30)
    return children


def search(
    rng: np.random.Generator, score: Callable[[Array, Instants], Array], seconds: float
) -> Array:
    """Return the score and the genes of the best found: islands first, then the best of all."""
    around = np.sort(rng.integers(-SPREAD_NS, SPREAD_NS, 25))
    end = time.monotonic() + seconds

    def evolved(parents: Array, until: float) -> Array:
        for _ in range(GENERATIONS if until == 0.0 else 10**9):
            children = varied(rng, parents[:, 1:]) if len(parents) else drawn(rng, CHILDREN)
            scores = score(children, around)
            best = scores.argmax(0)
            children[:, 8] = np.clip(children[:, 8] + around[best] / REACH_NS, -1.0, 1.0)
            both = np.concatenate((parents, np.column_stack((scores.max(0), children))))
            parents = both[np.argsort(-both[:, 0])[:PARENTS]]
            if until and time.monotonic() > until:
                break
        return parents

    none = np.empty((0, len(LOW) + 1))
    islands: list[Array] = []
    while time.monotonic() < end - seconds / 2 or not islands:
        islands.append(evolved(none, 0.0))
    everyone = np.concatenate(islands)
    best_of_all: Array = evolved(everyone[np.argsort(-everyone[:, 0])[:PARENTS]], end)[0]
    return best_of_all


def main() -> None:
    """Search in each gravity model for the largest errors of position and velocity."""
    parser = machine.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each search")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    results = []
    for gravity in GRAVITY:
        for which, (what, unit, bound) in enumerate(
            (("position", "m", BOUND_M), ("velocity", "mm/s", BOUND_MM_S))
        ):
            rng = np.random.default_rng(options.seed)

            def score(
                genes: Array, around: Instants, gravity: str = gravity, which: int = which
            ) -> Array:
                return errors(genes, around, gravity)[which]

            largest, *genes = search(rng, score, options.seconds).tolist()
            print(f"{gravity}, {what}: {largest:.3f} {unit} of {bound:g}")
            results.append(
                dict(gravity=gravity, what=what, unit=unit, largest=largest, genes=genes)
            )
            assert largest <= bound, "a bound does not hold"
    machine.report(results, options.json)


if __name__ == "__main__":
    main()
