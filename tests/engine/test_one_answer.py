"""One answer: the engines return the same bits, each initialised constant by name and each state,
whatever the width of their vectors.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import xxhash
from published import element_sets

from gpuprop import read_elements
from gpuprop.elements.mean_elements import mean_elements
from gpuprop.engine import cuda as engine_cuda
from gpuprop.engine.cpu import CpuEngine, library, usable
from gpuprop.engine.cuda import CudaEngine
from gpuprop.engine.numpy import NumpyEngine
from gpuprop.sgp4.constants import FIELDS
from gpuprop.sgp4.gravity import GRAVITY
from gpuprop.sgp4.model import MeanElements, Model

COMMITTED = Path(__file__).with_name("one_answer.json")
COLUMNS = ("x", "y", "z", "vx", "vy", "vz", "status")
MINUTE, HOUR, DAY = 60_000_000_000, 3_600_000_000_000, 86_400_000_000_000
YEARS_20 = 7305 * DAY

needs_kernels = pytest.mark.skipif(not usable()[0], reason=usable()[1])

# Ranges of mean motion (rev/day), eccentricity, inclination (deg) and B*, and the shares that are
# drawn of each.
COHORTS = (
    (10, (11.0, 16.6), (0.0, 0.03), (0.0, 180.0), (-1e-4, 1e-3)),  # low orbits
    # simplified drag; decayed; drag run away
    (4, (15.8, 17.5), (0.0, 0.02), (0.0, 180.0), (0.0, 0.1)),
    # eccentric, near the Earth; 225 minutes
    (3, (6.3, 12.0), (0.0, 0.5), (0.0, 180.0), (0.0, 1e-2)),
    # where SGP4 divides by 1 + cos i
    (2, (11.0, 16.0), (0.0, 1e-4), (179.999, 180.0), (0.0, 1e-3)),
    (4, (0.01, 6.4), (0.0, 0.9), (0.0, 180.0), (0.0, 1e-3)),  # deep space
    (2, (0.5, 6.0), (0.0, 0.3), (0.0, 12.0), (0.0, 0.0)),  # low inclinations: Lyddane's
    (2, (0.95, 1.05), (0.0, 0.7), (0.0, 180.0), (0.0, 0.0)),  # one-day resonance
    (2, (1.9, 2.1), (0.5, 0.99), (0.0, 180.0), (0.0, 1e-3)),  # half-day resonance
    # mean motion taken below zero by it
    (1, (1.95, 2.05), (0.998, 0.9999), (0.0, 180.0), (0.0, 0.0)),
    # eccentricity taken out of [0, 1] by the Moon
    (1, (1e-5, 1e-4), (0.5, 0.6), (60.0, 70.0), (0.0, 0.0)),
    (1, (-1.0, 17.0), (-0.1, 1.3), (0.0, 180.0), (-0.1, 0.1)),  # no orbits
)


def same_bits(a, b):
    """Whether all bits are equal, signs of zeros and NaNs included."""
    return a.dtype == b.dtype and np.array_equal(a.view(np.uint8), b.view(np.uint8))


def same_constant(a, b):
    """As same_bits; but a constant that is no number may be so with either sign, which depends on
    the instruction that made it.
    """
    return same_bits(np.where(np.isnan(a), np.nan, a), np.where(np.isnan(b), np.nan, b))


def committed(name, given, results):
    """Compare a digest of results with the one that is committed for the same input (numpy's random
    streams are not promised to stay).

    GPUPROP_COMMIT_DIGESTS=1 commits what the numpy engine computes now.
    """
    digests = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else {}
    found = dict(zip(("input", "results"), (_hash(given), _hash(results)), strict=True))
    if os.environ.get("GPUPROP_COMMIT_DIGESTS"):
        COMMITTED.write_text(json.dumps(digests | {name: found}, indent=1, sort_keys=True) + "\n")
        return
    if digests[name]["input"] == found["input"]:
        assert digests[name] == found


def _hash(arrays):
    digest = xxhash.xxh3_128()
    for array in arrays:
        digest.update(
            np.ascontiguousarray(
                np.where(np.isnan(array), np.nan, array) if array.dtype == np.float64 else array
            ).tobytes()
        )
    return digest.hexdigest()


def compare(model, elements, epoch_ns, ns):
    """Compare the cpu engine at every width that runs here, and cuda where a GPU is, with numpy,
    and numpy with what is committed.

    Returns the status codes that occurred and the regimes.
    """
    expected = NumpyEngine(1).load(model, elements, epoch_ns)
    expected_states = expected.block(ns, COLUMNS)
    name = os.environ["PYTEST_CURRENT_TEST"].partition("::")[2].partition(" ")[0]
    values = [
        expected.constants.values[field][np.argsort(expected.constants.order)] for field in FIELDS
    ]
    committed(
        name, [*elements, epoch_ns, ns], [*values, *(expected_states[column] for column in COLUMNS)]
    )
    engines = [CpuEngine(1, width) for width in library().widths] + (
        [CudaEngine()] if engine_cuda.usable()[0] else []
    )
    for engine in engines:
        found = engine.load(model, elements, epoch_ns)
        assert found.constants.bounds == expected.constants.bounds
        assert np.array_equal(found.constants.order, expected.constants.order)
        constants, states = (
            (found.constants.values, expected.constants.values),
            (found.block(ns, COLUMNS), expected_states),
        )
        different = [
            name for name in FIELDS if not same_constant(*(values[name] for values in constants))
        ]
        different += [
            name for name in COLUMNS if not same_bits(*(columns[name] for columns in states))
        ]
        assert not different, f"{engine.name}, width {getattr(engine, 'width', 1)}"
    return set(np.unique(expected_states["status"]).tolist()), set(expected.constants.bounds)


def random_sets(seed, n, resonant=True):
    """Element sets in SGP4's units, drawn from all cohorts or from those without resonance."""
    rng = np.random.default_rng(seed)
    shares = np.array([share for share, *_ in COHORTS], float)
    if not resonant:
        shares[[4, 5, 6, 7, 8, 10]] = 0.0
    low, high = np.array([ranges for _, *ranges in COHORTS])[
        rng.choice(len(COHORTS), n, p=shares / shares.sum())
    ].transpose(2, 1, 0)
    no, ecco, inclo, bstar = rng.uniform(low, high)
    angles = rng.uniform(0.0, 2.0 * np.pi, (3, n))
    exact = rng.random(n) < 0.05
    angles[0, exact], ecco[exact] = 0.0, np.round(ecco[exact], 1)
    return MeanElements(  # type: ignore[call-arg]
        rng.uniform(0.0, 40_000.0, n),
        no * (2.0 * np.pi / 1440.0),
        ecco,
        np.radians(inclo),
        *angles,
        bstar,
    )


@needs_kernels
@pytest.mark.parametrize("opsmode", [pytest.param("a", marks=pytest.mark.slow), "i"])
@pytest.mark.parametrize(
    "gravity",
    [name if name == "wgs72" else pytest.param(name, marks=pytest.mark.slow) for name in GRAVITY],
)
def test_random_sets_of_every_regime_and_status(gravity, opsmode):
    """60,000 sets of each model, within forty days of their epochs."""
    model, n = Model(GRAVITY[gravity], opsmode), 60_000
    epoch_ns = np.random.default_rng(1).integers(-20 * DAY, 20 * DAY, n)
    statuses, regimes = compare(
        model, random_sets(2, n), epoch_ns, np.array([-20 * DAY, 7 * MINUTE + 1])
    )
    assert statuses == {0, 1, 2, 3, 4, 6, 10}
    assert regimes == {0, 1, 2, 3}


@pytest.mark.slow
@needs_kernels
def test_random_sets_twenty_years_away():
    model, n = Model(GRAVITY["wgs72"], "i"), 200_000
    epoch_ns = np.random.default_rng(3).integers(-YEARS_20, YEARS_20, n)
    statuses, _ = compare(model, random_sets(4, n, resonant=False), epoch_ns, np.array([0, HOUR]))
    assert statuses >= {0, 1, 4, 6, 10}


@needs_kernels
def test_deep_space_twenty_years_away():
    """Good orbits of 4 to 11 hours, Lyddane's low inclinations among them, which no resonance has
    to be followed for.
    """
    n = 20_000
    rng = np.random.default_rng(6)
    elements = random_sets(7, n)._replace(
        no_kozai=rng.uniform(2.2, 6.3, n) * (2.0 * np.pi / 1440.0), ecco=rng.uniform(0.0, 0.3, n)
    )
    elements = elements._replace(
        inclo=np.radians(rng.choice([3.0, 11.4, 11.6, 63.4, 177.0], n) + rng.uniform(-2, 2, n))
    )
    elements = elements._replace(bstar=np.zeros(n))
    statuses, regimes = compare(
        Model(GRAVITY["wgs72"], "i"),
        elements,
        rng.integers(-YEARS_20, YEARS_20, n),
        np.array([0, HOUR]),
    )
    assert 0 in statuses and regimes == {1}


@pytest.mark.slow
@needs_kernels
@pytest.mark.parametrize("years", [20, -20])
@pytest.mark.parametrize("mean_motion", [1.0027, 2.0056])
def test_resonance_twenty_years_away(mean_motion, years):
    """14,600 steps of integration; numpy takes them for a hundred satellites in the time of one."""
    elements = random_sets(5, 100)._replace(
        no_kozai=np.linspace(0.999, 1.001, 100) * mean_motion * (2.0 * np.pi / 1440.0)
    )
    elements = elements._replace(ecco=np.linspace(0.5, 0.75, 100), bstar=np.zeros(100))
    there = years // 20 * YEARS_20
    _, regimes = compare(
        Model(GRAVITY["wgs72"], "i"),
        elements,
        np.zeros(100, np.int64),
        np.array([there, there + HOUR]),
    )
    assert regimes == {2 if mean_motion < 1.5 else 3}


@needs_kernels
@pytest.mark.parametrize("name", MeanElements._fields[1:])
def test_elements_that_are_no_numbers(name):
    """A NaN, infinite, huge, zero or negative where the other elements are of a good orbit."""
    absurd = np.array([np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324, 0.0, -0.0, -1.0, 1.0])
    good = MeanElements(
        *(np.full(len(absurd), value) for value in (9000.0, 0.06, 0.01, 0.9, 1.0, 2.0, 3.0, 1e-4))
    )
    epoch_ns = np.zeros(len(absurd), np.int64)
    compare(
        Model(GRAVITY["wgs84"], "i"),
        good._replace(**{name: absurd}),
        epoch_ns,
        np.array([-DAY, 0, DAY]),
    )


@needs_kernels
def test_the_published_set():
    elements = element_sets()
    epoch_ns = elements.epoch.astype("datetime64[ns]").view(np.int64)
    ns = epoch_ns[0] + np.arange(-5, 6) * 97 * MINUTE
    assert compare(Model(GRAVITY["wgs72"], "a"), mean_elements(elements), epoch_ns, ns)[1] == {
        0,
        1,
        2,
        3,
    }


@needs_kernels
def test_the_whole_catalogue(shared_data):
    elements = read_elements(shared_data / "spacetrack_full_2025-04-15.2le")
    epoch_ns = elements.epoch.astype("datetime64[ns]").view(np.int64)
    noon = int(np.datetime64("2025-04-15T12:00:00", "ns").view(np.int64))
    ns = noon + np.array([-7, -1, 0, 3]) * DAY
    statuses, regimes = compare(Model(GRAVITY["wgs72"], "i"), mean_elements(elements), epoch_ns, ns)
    assert statuses >= {0, 6} and regimes == {0, 1, 2, 3}
