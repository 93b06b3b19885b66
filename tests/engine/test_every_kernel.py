"""The same proofs for every CUDA kernel: whole questions with odd sizes, on the double of CuPy with
guard zones, with the kernels as they are written and with NVRTC's PTX of them for four
architectures; a control with contraction; and registers and spills, from the assembler.
"""

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import nvrtc
import pytest
from fake_cupy import FakeCupy, FromPtx, from_source
from mixed_samples import needs_fma
from published import element_sets
from state_samples import random_elements
from variants import registers

import gpuprop
from gpuprop import Elements, Propagator, Site, time_grid, walker
from gpuprop.engine.cuda import device as cuda_device
from gpuprop.engine.cuda import propagation as cuda_propagation
from gpuprop.engine.cuda.source import source
from gpuprop.engine.operations import KERNELS

START = "2026-01-01T00:00:00Z"
SITES = [Site(-15.79, -47.88, name="Brasilia"), Site(69.65, 18.96, name="Tromso")]
POINTS = ([-15.8, 51.2, 0.0, 89.9], [-47.9, 71.4, 180.0, 0.0])
ARCHITECTURES = (80, 90, 100, 120)
SPILLS = {"initialise_satellites"}  # it runs once a satellite; NVRTC 13 may spill a few values


@cache
def shell() -> Elements:
    """33 satellites, not a multiple of a warp; some of the two shells begin near each other."""
    low, high = (
        walker(pattern, altitude_km=km, epoch=START)
        for pattern, km in (("53:15/3/1", 550.0), ("53:18/3/1", 551.0))
    )
    return Elements.concat([low, high])


@cache
def every_regime() -> Elements:
    """The published element sets: near-Earth, deep space, and both resonances."""
    return element_sets()


@cache
def mixed_regimes() -> Elements:
    """Random orbits of every regime, all with one epoch."""
    return random_elements(11, 60)


def states(engine: str) -> list[bytes]:
    elements = every_regime()
    times = time_grid(elements.epoch.max(), step="97min", duration="679min")
    found = Propagator(elements, engine).states(times, "itrs", sunlit=True)
    return [column.tobytes() for column in found.columns.values()]


def pairs(engine: str) -> list[bytes]:
    elements = every_regime()
    index = np.arange(257) * 7919 % len(elements)
    times = elements.epoch[index] + (np.arange(257) * 3_600_000_000_007).astype("timedelta64[ns]")
    found = Propagator(elements, engine).pair_states(index, times, "geodetic")
    return [column.tobytes() for column in found.columns.values()]


def directions(engine: str) -> list[bytes]:
    propagator = Propagator(shell(), "numpy", threads=1)
    block = propagator.states(time_grid(START, step="61s", duration="427s"))
    found = gpuprop.look_angles(block, SITES, engine=engine)
    return [found.azimuth.tobytes(), found.range.tobytes(), found.range_rate.tobytes()]


def passes(engine: str) -> list[object]:
    return gpuprop.access(Propagator(shell(), engine), SITES, START, duration="2h").to_pylist()


def passes_of_every_regime(engine: str) -> list[object]:
    propagator = Propagator(mixed_regimes(), engine)
    start = mixed_regimes().epoch[0]
    return gpuprop.access(propagator, SITES, start, duration="5h").to_pylist()


def grid(engine: str) -> list[object]:
    times = time_grid(START, step="61s", duration="427s")
    labels = np.arange(33) % 3
    return gpuprop.coverage(
        Propagator(shell(), engine), times, "15deg", by=labels
    ).cells.to_pylist()


def points(engine: str) -> list[object]:
    times = time_grid(START, step="61s", duration="427s")
    return gpuprop.coverage(Propagator(shell(), engine), times, POINTS).cells.to_pylist()


def meetings(engine: str) -> list[object]:
    found = gpuprop.screen(Propagator(shell(), engine), START, duration="2h", threshold_km=50.0)
    return found.conjunctions.to_pylist() + found.companions.to_pylist()


def mixed_precision(engine: str) -> list[bytes]:
    """Within 7 days of the epoch, and beyond; the engine numpy does not have it."""
    propagator = Propagator(shell(), "cpu" if engine == "numpy" else engine, precision="mixed")
    found = propagator.states(time_grid(START, step="51h", duration="14d"), "itrs", sunlit=True)
    return [column.tobytes() for column in found.columns.values()]


REGIMES = ("near_earth", "deep_space", "one_day", "half_day")
PROPAGATE, PAIRS, EVENTS, BISECT = (
    [f"{what}_{each}" for each in REGIMES] for what in ("propagate", "pairs", "events", "bisect")
)
NEAR = ["initialise_satellites", "propagate_near_earth"]
# question -> the kernels that it must run
PROOFS = {
    states: {"initialise_satellites", *PROPAGATE},
    pairs: {"initialise_satellites", *PAIRS},
    directions: {"look_angles"},
    passes: {
        *NEAR, "pairs_near_earth", "access_candidates", "look_angles", EVENTS[0], BISECT[0],
    },
    mixed_precision: {"initialise_satellites", "propagate_mixed", "propagate_beyond"},
    passes_of_every_regime: {
        "initialise_satellites", "access_candidates", "look_angles", *PROPAGATE, *PAIRS,
        *EVENTS, *BISECT,
    },
    grid: {*NEAR, "cover_grid", "sum_counts", "tally_counts"},
    points: {*NEAR, "cover_cells", "sum_counts", "tally_counts"},
    meetings: {*NEAR, "pairs_near_earth", "screen_count", "screen_start", "screen_place",
               "screen_join"},
}  # fmt: skip
ASKED = [
    pytest.param(each, marks=needs_fma) if each is mixed_precision else each for each in PROOFS
]
OF_BITS = (states, pairs, directions)  # whose answer is the bits of a kernel


@cache
def expected(question):
    answer = question("numpy")
    assert len(answer) > 2
    return answer


def asked(monkeypatch, question, kernels, **options):
    """The answer of the cuda engine, and the kernels that ran, which wrote beside no buffer."""
    monkeypatch.setattr(FakeCupy, "kernels", kernels)
    fake = FakeCupy(gpus=("Fake A",), **options)
    monkeypatch.setitem(sys.modules, "cupy", fake)
    answer = question("cuda:0")
    fake.check_guards()
    return answer, {name for name, *_ in fake.launches}


def test_every_kernel_has_its_proof():
    """A new kernel must be in a question, or this fails."""
    assert set().union(*PROOFS.values()) == set(KERNELS)


@pytest.mark.parametrize("question", ASKED, ids=lambda each: each.__name__)
@pytest.mark.parametrize("eager", [(), (0,), (1,)], ids=["late", "computing", "copying"])
def test_questions_in_any_order_of_the_streams(monkeypatch, question, eager):
    monkeypatch.setattr(cuda_propagation, "SLICE_BYTES", 3 * 33 * cuda_propagation.STATE_BYTES)
    answer, ran = asked(monkeypatch, question, staticmethod(from_source), eager=eager)
    assert ran == PROOFS[question] and answer == expected(question)


@pytest.mark.parametrize("question", ASKED, ids=lambda each: each.__name__)
@pytest.mark.parametrize(
    "capability",
    [each if each == 90 else pytest.param(each, marks=pytest.mark.slow) for each in ARCHITECTURES],
)
def test_questions_by_the_ptx(monkeypatch, question, capability):
    answer, ran = asked(monkeypatch, question, FromPtx(capability=capability))
    assert ran == PROOFS[question] and answer == expected(question)


@pytest.mark.slow
@pytest.mark.parametrize("question", OF_BITS, ids=lambda each: each.__name__)
def test_contraction_changes_the_bits(monkeypatch, question):
    """The control of the questions whose answers are bits of a kernel."""
    monkeypatch.setattr(cuda_device, "OPTIONS", ("--std=c++17", "--fmad=true"))
    answer, _ = asked(monkeypatch, question, FromPtx(may_be_fused=True))
    assert answer != expected(question)


def test_contraction_would_change_every_kernel_with_float64():
    """The control of all: without --fmad=false the compiler fuses operations in each of them."""
    counts = []
    for option in ("--fmad=false", "--fmad=true"):
        text = nvrtc.ptx(
            source(),
            ("--gpu-architecture=compute_90", "--std=c++17", option),
            list(nvrtc.libraries())[-1],
        )
        bodies = [each.partition("(") for each in text.split(".entry ")[1:]]
        counts.append({name: body.count("fma.rn.f64") for name, _, body in bodies})
    strict, fused = counts
    assert set(strict) == set(KERNELS)
    assert {name for name in KERNELS if fused[name] > strict[name]} == set(KERNELS) - {
        "screen_start", "sum_counts", "tally_counts",
    }  # fmt: skip


def test_nothing_that_propagates_spills():
    """bench/variants/registers.json is of these kernels, and has every one of them."""
    found = json.loads(Path(registers.__file__).with_suffix(".json").read_text())["results"]
    assert found["digest"] == registers.digest(), (
        "the kernels have changed: run python bench/variants/registers.py --json "
        "bench/variants/registers.json"
    )
    assert {f"sm_{each}" for each in ARCHITECTURES} <= set(found["kernels"])
    for architecture, kernels in found["kernels"].items():
        assert set(kernels) == set(KERNELS), architecture
        spilled = {name for name, figures in kernels.items() if figures["spilled"]}
        assert spilled <= SPILLS, (architecture, spilled)
        assert all(
            figures["registers"] <= 255 and figures["instructions"] > 50
            for figures in kernels.values()
        )
