"""Error codes of gpuprop.api against python-sgp4's, for thousands of random and absurd
initialisations.
"""

import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pytest
import sgp4.api as theirs

import gpuprop.api as ours
from gpuprop.api import satrec as ours_satrec
from gpuprop.api.numpy_satellite import NumpySatellite
from gpuprop.engine.cpu import CpuSatellite, usable
from gpuprop.sgp4.constants import DEEP_SPACE

HOSTILE = (
    math.nan,
    math.inf,
    -math.inf,
    1e300,
    1e30,
    -1e30,
    1e15,
    -1.0,
    0.0,
    -0.0,
    1.0,
    1.5,
    2.0,
    1e-300,
    5e-324,
    -5e-324,
)
TIMES = (0.0, 1440.0, -1e4, 1e5, 1e15, 1e30, -1e30, 1e300, 5e-324, math.inf, -math.inf, math.nan)
# minutes: python-sgp4 takes 720 minutes a step, and never comes back from infinity
FARTHEST_RESONANCE = 1e7

# Where the codes differ, with the reason. Status 10, which is gpuprop's alone, is 0 in gpuprop.api.
NAMED = {
    "no mean motion": (
        "2 here, which says why, for one that is not positive. SGP4 raises a negative number to a "
        "power of 2/3, or divides zero by NaN, and goes on to a state of NaN with code 0."
    ),
    "no angle left": (
        "Beyond 1e9 rad the last bits of a rate or an angle turn the satellite: whether it is "
        "above the ground is arbitrary."
    ),
    "no drag left": (
        "With B* beyond 1e9 the rounding of a sine is multiplied to an eccentricity beyond 1 (code "
        "1), where SGP4 may subtract equal sines; one that is not finite is multiplied by zero "
        "there. Either way SGP4 goes on to a state of NaN with code 0."
    ),
    "subnormal inclination": (
        "In deep space SGP4 divides by its sine, gets infinity, and goes on to a state of NaN with "
        "code 0. Such an orbit is level here."
    ),
}


class Orbit(NamedTuple):
    epoch: float
    bstar: float
    ndot: float
    nddot: float
    ecco: float
    argpo: float
    inclo: float
    mo: float
    no_kozai: float
    nodeo: float


def random_orbits(seed: int, n: int) -> list[Orbit]:
    """Any eccentricity from -0.1 to 3, most mean motions below 18 revolutions a day; every fourth
    one a satellite's.
    """
    rng = np.random.default_rng(seed)
    found = []
    for k in range(n):
        ecco = (
            rng.uniform(0.0, 1.0) ** 4
            if k % 4 == 0
            else rng.uniform(-0.1, rng.choice([0.1, 1.0, 3.0]))
        )
        no_kozai = rng.choice(
            [rng.uniform(0.0, 0.08), rng.uniform(0.05, 0.075), 10.0 ** rng.uniform(-6.0, 0.0)]
        )
        bstar = rng.choice([0.0, 1.0, -1.0]) * 10.0 ** rng.uniform(-6.0, 0.0)
        argpo, mo, nodeo = rng.uniform(0.0, 2.0 * math.pi, 3)
        inclo = rng.uniform(0.0, math.pi)
        found.append(
            Orbit(
                *map(
                    float,
                    (
                        rng.uniform(8000.0, 30000.0),
                        bstar,
                        0.0,
                        0.0,
                        ecco,
                        argpo,
                        inclo,
                        mo,
                        no_kozai,
                        nodeo,
                    ),
                )
            )
        )
    return found


def hostile_orbits(seed: int, n: int) -> list[Orbit]:
    """One element, or two, of each is a number of HOSTILE."""
    rng = np.random.default_rng(seed)
    found = []
    for k, orbit in enumerate(random_orbits(seed, n)):
        names = rng.choice(
            ["bstar", "ecco", "argpo", "inclo", "mo", "no_kozai", "nodeo"], 1 + k % 2, replace=False
        )
        found.append(
            orbit._replace(**{str(name): HOSTILE[rng.integers(len(HOSTILE))] for name in names})
        )
    return found


def both(orbit: Orbit) -> tuple[Any, Any]:
    satellites = ours.Satrec(), theirs.Satrec()
    for satellite in satellites:
        satellite.sgp4init(ours.WGS72, "i", 5, *orbit)
    return satellites


def name_of_difference(
    orbit: Orbit, satellite: Any, t: float, codes: tuple[int, int]
) -> str | None:
    """The name of the kind in NAMED that explains two different codes at t."""
    if orbit.no_kozai <= 0.0 and codes == (2, 0):
        return "no mean motion"
    if satellite.method == "d" and 0.0 < abs(orbit.inclo) < 1e-300 and codes[1] == 0:
        return "subnormal inclination"
    with np.errstate(all="ignore"):
        angles = np.array([orbit.argpo, orbit.mo, orbit.nodeo, orbit.inclo])
        rates = np.array([satellite.argpdot, satellite.mdot, satellite.nodedot, 0.0])
        if not (np.abs(angles + rates * t) < 1e9).all() and 2 not in codes:
            return "no angle left"
    if not abs(orbit.bstar) <= 1e9 and codes == (1, 0):
        return "no drag left"
    return None


def compare(orbits: list[Orbit], times: tuple[float, ...]) -> tuple[Counter[str], list[Any]]:
    """How many codes differ for each named reason, and those that differ for none."""
    named: Counter[str] = Counter()
    unnamed = []
    for orbit in orbits:
        satellite, reference = both(orbit)
        if satellite.error != reference.error and not name_of_difference(
            orbit, reference, 0.0, (satellite.error, reference.error)
        ):
            unnamed.append((orbit, "error", satellite.error, reference.error))
        resonant = satellite._initialised().regime > DEEP_SPACE
        for t in times:
            if resonant and not abs(t) <= FARTHEST_RESONANCE:
                continue
            (e, r, _), (code, place, _) = satellite.sgp4_tsince(t), reference.sgp4_tsince(t)
            if (
                e == code
                and (e in (1, 2, 3, 4)) <= bool(np.isnan(r).all())
                and (e or np.isnan(r).any() <= np.isnan(place).any())
            ):
                continue
            name = name_of_difference(orbit, reference, t, (e, code))
            if name:
                named[name] += 1
            else:
                unnamed.append((orbit, t, e, code))
    return named, unnamed


def test_random_initialisations():
    """6,000 sets, most of them no orbits, within a month of the epoch: every code is python-sgp4's
    but where an angle is lost.
    """
    named, unnamed = compare(random_orbits(1, 6000), (0.0, 1440.0, -1e4, 43200.0))
    assert unnamed == []
    assert set(named) <= {"no angle left"}
    assert named.total() < 10


def test_hostile_numbers():
    """Infinite, NaN, huge, negative, zero and subnormal elements and times."""
    level = Orbit(
        25785.35, 0.1923825, 0.0, 0.0, 0.9102743, 3.3599718, 5e-324, -1.0, 0.026784, 3.5073578
    )
    named, unnamed = compare([level, *hostile_orbits(2, 3000)], TIMES)
    assert unnamed == []
    assert set(named) == set(NAMED)  # every reason is needed


@pytest.mark.parametrize("ecco", [1.5, 2.0, math.inf, -1.5, -math.inf])
@pytest.mark.parametrize("no_kozai", [0.065, 0.0044, 0.0, math.nan])
def test_an_eccentricity_of_no_orbit(ecco, no_kozai):
    """Code 1 at every instant, as in python-sgp4; it was 0 with NaN."""
    orbit = random_orbits(3, 1)[0]._replace(ecco=ecco, no_kozai=no_kozai)
    satellite, reference = both(orbit)
    assert satellite.error == reference.error == 1
    for t in (0.0, 1440.0, -1e6, 1e30):
        e, r, v = satellite.sgp4_tsince(t)
        assert e == reference.sgp4_tsince(t)[0] == 1
        assert np.isnan((r, v)).all()


def test_below_the_ground_for_ever():
    """1e30 minutes from the epoch, without drag: the place on the orbit is lost, but all of the
    orbit is underground. It was 4.
    """
    for no_kozai in (0.08, 0.09, 0.1, 0.2):
        orbit = Orbit(25000.0, 0.0, 0.0, 0.0, 0.001, 1.0, 0.9, 2.0, no_kozai, 3.0)
        for satellite in both(orbit):
            assert [satellite.sgp4_tsince(t)[0] for t in (0.0, 1e15, 1e30, -1e30)] == [6] * 4


@pytest.mark.skipif(not usable()[0], reason=usable()[1])
def test_hostile_bits_are_the_same_without_kernels():
    """numpy and the compiled kernels, asked for the same satellite and instant; and the constants
    of both.
    """
    for orbit in hostile_orbits(4, 300) + random_orbits(5, 100):
        model = ours_satrec._model(ours.WGS72, "i")
        elements = ours_satrec.Orbit(*orbit).elements()
        compiled, twin = CpuSatellite(model, elements), NumpySatellite(model, elements)
        assert compiled.regime == twin.regime
        for name in ("ao", "argpdot", "mdot", "nodedot", "gsto", "bcc4", "rmax"):
            assert np.array_equal(compiled.constant(name), twin.constant(name), equal_nan=True), (
                name
            )
        for t in TIMES:
            assert np.array_equal(
                np.array(compiled.state(t)).view(np.int64), np.array(twin.state(t)).view(np.int64)
            ), (orbit, t)
