"""The closest approach in a shell agrees with python-sgp4's states and chooses phasings."""

import math
from dataclasses import replace

import numpy as np
import pytest
from sgp4.api import SatrecArray
from walker_samples import satrec, shell_of

from gpuprop.analysis.spacing import closest_approach_km, widest_phasing
from gpuprop.filings import Shell
from gpuprop.filings.presets import constellations

SHELLS = {shell.id: shell for each in constellations().values() for shell in each.shells}


def brute_km(shell: Shell, reference: int, steps: int, revolutions: float = 1.0) -> float:
    """The least distance from the first `reference` satellites to all others, by python-sgp4,
    through a revolution.

    Between instants the relative motion is taken as straight, which is metres off where two pass
    each other.
    """
    sats = shell.elements(first_id=1)
    satellites = [satrec(sats, i, "wgs72") for i in range(len(sats))]
    # min, from node to node
    step = revolutions * 2.0 * math.pi / (satellites[0].mdot + satellites[0].argpdot) / steps
    minutes = step * np.arange(steps)
    first = satellites[0]
    errors, position, velocity = SatrecArray(satellites).sgp4(
        np.full(steps, first.jdsatepoch), first.jdsatepochF + minutes / 1440.0
    )
    assert not errors.any()
    least = math.inf
    for i in range(reference):
        # (n - 1, steps, 3)
        r, v = (np.delete(each - each[i], i, axis=0) for each in (position, velocity))
        # s
        when = np.clip(
            -(r * v).sum(axis=-1) / np.maximum((v * v).sum(axis=-1), 1e-12),
            -30.0 * step,
            30.0 * step,
        )
        least = min(least, float(np.linalg.norm(r + v * when[..., None], axis=-1).min()))
    return least


@pytest.mark.parametrize(
    "shell",
    [
        shell_of(planes=5, inclination_deg=53.0),
        shell_of(sats_per_plane=5, phasing=2, inclination_deg=70.0),
        shell_of(planes=8, sats_per_plane=3, phasing=2),
        shell_of(planes=3, sats_per_plane=7, inclination_deg=97.6),
        shell_of(raan_spread_deg=180.0, inclination_deg=86.4, phasing=3),
        shell_of(
            raan_step_deg=31.6, phase_deg=[0.0, 11.0], inclination_deg=86.4, sats_per_plane=11
        ),
        shell_of(sats_per_plane=[4, 4, 3], phasing=4, inclination_deg=53.0),
        shell_of(raan_deg=[0.0, 40.0, 130.0, 170.0, 250.0, 290.0], phase_step_deg=7.0),
        shell_of(sats_per_plane=1, phase_deg=[0.0, 30.0, 200.0]),
        shell_of(planes=1, sats_per_plane=40, phasing=0, inclination_deg=0.0),
        # planes that meet head on
        shell_of(
            planes=4, sats_per_plane=9, phasing=0, inclination_deg=90.0, raan_spread_deg=360.0
        ),
        shell_of(sats_per_plane=[5, 7], phasing=3, inclination_deg=120.0, altitude_km=5000.0),
    ],
    ids=lambda shell: shell.describe().split(":")[1].split("; status")[0],
)
def test_all_satellites_by_python_sgp4(shell: Shell) -> None:
    assert closest_approach_km(shell) == pytest.approx(brute_km(shell, shell.total, 720), abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "km"),
    [
        (replace(SHELLS["gw-a59-508"], phasing=3), 10.8),  # circles stay 25.6 km apart
        (SHELLS["starlink-g1-s2"], 7.1),  # circles meet
        (SHELLS["gw-a59-508"], 14.1),
        (SHELLS["starlink-g1-s1"], 41.5),
        (SHELLS["gw-asflown-50"], None),
    ],
    ids=lambda each: getattr(each, "id", ""),
)
def test_known_shells_by_python_sgp4(shell: Shell, km: float | None) -> None:
    """From one satellite to all others; if all planes are equal, that is the same for every
    satellite.
    """
    found = closest_approach_km(shell)
    reference = shell.total if shell.phase_deg else 1
    assert found == pytest.approx(brute_km(shell, reference, 360), abs=0.05)
    assert km is None or round(found, 1) == km


def test_an_ellipse_is_tried_with_every_argument_of_perigee() -> None:
    """The smallest distance at three arguments of perigee is at least the result, and near it."""
    shell = shell_of(
        altitude_km=math.nan,
        apogee_km=760.0,
        perigee_km=640.0,
        planes=6,
        sats_per_plane=6,
        phasing=2,
        inclination_deg=53.0,
    )
    found = closest_approach_km(shell)
    least = [
        brute_km(replace(shell, argp_deg=float(argp)), shell.total, 720)
        for argp in range(0, 360, 30)
    ]
    assert found - 0.05 <= min(least) < found + 2.0 < max(least)
    assert closest_approach_km(replace(shell, argp_deg=77.0)) == found  # perigee goes round anyway


def test_one_satellite_and_deep_space() -> None:
    assert closest_approach_km(shell_of(planes=1, sats_per_plane=1, phasing=0)) == math.inf
    high = shell_of(altitude_km=20200.0)
    assert math.isnan(closest_approach_km(high))
    with pytest.raises(ValueError, match="shell 'a' is in deep space"):
        widest_phasing(high)


@pytest.mark.parametrize(
    "shell",
    [
        shell_of(planes=12, sats_per_plane=10, inclination_deg=53.0),
        shell_of(planes=9, sats_per_plane=8, raan_spread_deg=180.0, inclination_deg=87.0),
        shell_of(planes=8, sats_per_plane=[5, 4], inclination_deg=70.0),
        replace(SHELLS["gw-2-50"], phasing=1),
    ],
    ids=["delta", "star", "planes of two sizes", "gw-2-50"],
)
def test_the_widest_phasing_is_the_first_best_of_all(shell: Shell) -> None:
    every = np.array([closest_approach_km(replace(shell, phasing=F)) for F in range(shell.planes)])
    assert widest_phasing(shell) == int(np.flatnonzero(every > every.max() - 1e-6)[0])


ASSUMED = [id for id, shell in SHELLS.items() if "phasing" in shell.assumed and shell.total > 1]
SMALL = [id for id in ASSUMED if SHELLS[id].planes <= 60 and not SHELLS[id].eccentricity]


@pytest.mark.slow
@pytest.mark.parametrize("id", SMALL)
def test_an_assumed_phasing_keeps_satellites_farthest_apart(id: str) -> None:
    shell = SHELLS[id]
    assert shell.phasing == widest_phasing(shell)


@pytest.mark.slow
@pytest.mark.parametrize("id", [id for id in ASSUMED if id not in SMALL])
def test_no_other_phasing_of_a_large_shell_is_wider(id: str) -> None:
    """A few phasings are tried; `widest_phasing`, which takes seconds for the largest shells, gave
    the values in the presets.
    """
    shell = SHELLS[id]
    others = (
        np.random.default_rng(12).choice(shell.planes, min(2, shell.planes), replace=False).tolist()
    )
    best = closest_approach_km(shell)
    assert all(closest_approach_km(replace(shell, phasing=F)) <= best + 1e-6 for F in others)
    assert shell.phasing == 0 or closest_approach_km(replace(shell, phasing=0)) < best - 1e-6


def test_distances_in_the_texts_of_presets_are_right() -> None:
    """Numbers in the texts of the presets: 2.7 km with the step that Schedule S has for Starlink's
    second shell, 7.1 with F = 54.
    """
    shell = SHELLS["starlink-g1-s2"]
    filed = closest_approach_km(replace(shell, phasing=None, phase_step_deg=12.35))
    conflict = next(
        text for text in constellations()["starlink-gen1"].conflicts if text.startswith("shell 2")
    )
    polar = SHELLS["oneweb-polar"]
    assert f"as near as {closest_approach_km(replace(polar, phasing=6)):.1f} km" in polar.note
    assert f"{filed:.1f} km" in conflict and f"{closest_approach_km(shell):.1f} km" in conflict
