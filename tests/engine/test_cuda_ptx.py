"""What NVRTC makes of the kernels, for every GPU that it knows: no contraction, calls or local
memory; division and square root correctly rounded; and, run on this CPU, every bit of the committed
digest.
"""

import re
import sys

import numpy as np
import nvrtc
import pytest
from fake_cupy import FakeCupy, FromPtx
from ptx import PtxError

from gpuprop import Propagator
from gpuprop.engine import digest
from gpuprop.engine.cuda import CudaEngine
from gpuprop.engine.cuda import device as cuda_device
from gpuprop.engine.cuda.source import OPTIONS, source
from gpuprop.engine.operations import KERNELS
from gpuprop.sgp4.constants import kernels_folder
from gpuprop.states import FRAMES

ENTRIES = set(KERNELS)
# PTX instructions on float64 that round: to nearest, or the bits differ
ROUNDED = {"add", "sub", "mul", "fma", "div", "rcp", "sqrt", "cvt"}
EVERY = nvrtc.every()
OF_INTEGERS = {"screen_start", "sum_counts", "tally_counts"}  # kernels without float64
FUSED = "__fma_rn(a, b, c)"  # in lane.cuh
EXACT = {"abs", "max", "min", "mov", "neg", "selp", "setp"}


def test_every_capability_from_the_lowest_on():
    for wheel in nvrtc.libraries():
        known = nvrtc.architectures(wheel)
        assert known[0] == (70 if wheel.endswith("cu12") else 75) and set(nvrtc.PROVED) <= set(
            known
        )


@pytest.mark.parametrize(
    ("wheel", "capability"),
    [each if each[1] == 90 else pytest.param(*each, marks=pytest.mark.slow) for each in EVERY],
)
def test_ptx(wheel, capability):
    found = nvrtc.entries(
        nvrtc.ptx(source(), (f"--gpu-architecture=compute_{capability}", *OPTIONS), wheel)
    )
    assert set(found) == ENTRIES
    for name, instructions in found.items():
        assert len(instructions) > (40 if name in OF_INTEGERS else 150)
        words = {line.split()[0].rstrip(";") for line in instructions}
        assert [word for word in words if word.startswith("call")] == []
        assert [line for line in instructions if ".local" in line] == []
        floating = {
            word for word in words if ".f64" in word and not word.startswith((".", "ld.", "st."))
        }
        rounding = {word for word in floating if word.split(".")[0] in ROUNDED}
        assert {word.split(".")[0] for word in floating - rounding} <= EXACT
        assert rounding <= {f"{word}.rn.f64" for word in ROUNDED} | {
            "cvt.rn.f64.s64",
            "cvt.rn.f64.s32",
            "cvt.rn.f64.u32",
            "cvt.f64.f32",  # exact
        }
        assert name == "propagate_mixed" or [word for word in words if ".f32" in word] == []
        assert name in OF_INTEGERS or {"div.rn.f64", "sqrt.rn.f64"} <= rounding


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wheel", "capability"), [(wheel, number) for wheel, number in EVERY if number in (75, 90, 120)]
)
def test_nothing_is_spilled(wheel, capability):
    """What the assembler does with the registers, which the PTX does not show."""
    _, messages = nvrtc.compiled(
        source(), (f"--gpu-architecture=sm_{capability}", "--ptxas-options=-v", *OPTIONS), wheel
    )
    spilled = re.findall(
        r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores",
        messages,
        re.DOTALL,
    )
    assert {name for name, *_ in spilled} == ENTRIES
    # initialise_satellites runs once a satellite, and NVRTC 13 spills a few of its values
    assert {(name, *figures) for name, *figures in spilled if name != "initialise_satellites"} == {
        (name, "0", "0") for name in ENTRIES - {"initialise_satellites"}
    }


@pytest.mark.parametrize(("wheel", "capability"), EVERY)
def test_the_only_fused_operations_are_those_of_the_source(wheel, capability):
    """The compiler makes none: without the one that lane.cuh asks for there are none left."""
    text = source()
    written = re.findall(r"\b(?:__fma_r\w|fma|__builtin_fma)\s*\(.*\)", text)
    assert written == [FUSED, *["__builtin_fma(a[i], b[i], c[i])"] * 2]  # the others are for CPUs
    found = nvrtc.entries(
        nvrtc.ptx(
            text.replace(FUSED, "(a * b + c)"),
            (f"--gpu-architecture=compute_{capability}", *OPTIONS),
            wheel,
        )
    )
    assert set(found) == ENTRIES
    assert {
        line.split()[0] for lines in found.values() for line in lines if line.startswith("fma")
    } == {"fma.rn.f32"}  # of precision mixed, which test_mixed_ptx.py looks at


def test_the_option_is_what_forbids_contraction():
    """The same test without --fmad=false: it would find them."""
    text = source().replace(FUSED, "(a * b + c)")
    found = nvrtc.entries(
        nvrtc.ptx(text, ("--gpu-architecture=compute_90", "--std=c++17"), EVERY[0][0])
    )
    assert any(line.startswith("fma.rn.f64") for line in found["propagate_near_earth"])


@pytest.fixture
def differences(monkeypatch):
    """What of the committed digest differs if the cuda engine runs the kernels that a function
    makes of their code and options.
    """

    def compute(kernels):
        monkeypatch.setattr(FakeCupy, "kernels", kernels)
        fake = FakeCupy()
        monkeypatch.setitem(sys.modules, "cupy", fake)
        found = digest.compare(digest.compute(CudaEngine()), digest.committed())
        fake.check_guards()
        propagating = {name for name in ENTRIES if name.startswith(("initialise", "propagate"))}
        propagating -= {"propagate_mixed", "propagate_beyond"}
        assert {name for name, *_ in fake.launches} == propagating
        return found

    return compute


@pytest.mark.parametrize("wheel", nvrtc.libraries())
def test_the_ptx_of_pairs(monkeypatch, wheel):
    """In every frame: the states of the grid."""
    monkeypatch.setattr(FakeCupy, "kernels", FromPtx(wheel, 90))
    fake = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", fake)
    elements, instants = digest.sets(3)
    index, times = (np.arange(4 * len(elements)) * 7919) % len(elements), instants[:4].repeat(736)
    propagator = Propagator(elements, "cuda")
    for frame in FRAMES:
        grid = Propagator(elements, "numpy").states(
            instants[:4].view("datetime64[ns]"), frame=frame, sunlit=True
        )
        pairs = propagator.pair_states(
            index, times.view("datetime64[ns]"), frame=frame, sunlit=True
        )
        for name, column in pairs.columns.items():
            expected = grid.columns[name][np.arange(4).repeat(736), index]
            assert column.tobytes() == expected.tobytes(), (frame, name)
    fake.check_guards()


@pytest.mark.parametrize(
    "capability",
    [
        number if number == 90 else pytest.param(number, marks=pytest.mark.slow)
        for number in nvrtc.PROVED
    ],
)
@pytest.mark.parametrize("wheel", nvrtc.libraries())
def test_the_ptx_computes_the_committed_digest(differences, wheel, capability):
    assert differences(FromPtx(wheel, capability)) == []


@pytest.mark.slow
@pytest.mark.parametrize("wheel", nvrtc.libraries())
def test_the_ptx_of_every_other_capability(differences, wheel):
    """It is the PTX of one of the four, line by line, or it computes the digest as well."""
    same = {FromPtx(wheel, capability)(source(), OPTIONS) for capability in nvrtc.PROVED}
    for capability in nvrtc.architectures(wheel):
        kernels = FromPtx(wheel, capability)
        if kernels(source(), OPTIONS) not in same:
            assert differences(kernels) == []


@pytest.mark.slow
def test_contraction_is_found_by_the_digest(differences, monkeypatch):
    """The control: PTX that was compiled with contraction computes other positions in every regime
    and part (942 values in all differ with NVRTC 12.9 for 9.0), and the translator refuses it
    unless it is told to go on.
    """
    fused = ("--std=c++17", "--fmad=true")
    monkeypatch.setattr(cuda_device, "OPTIONS", fused)
    wheel = EVERY[0][0]
    with pytest.raises(PtxError, match="may fuse it"):
        FromPtx(wheel, 90)(source(), fused)
    found = set(differences(FromPtx(wheel, 90, may_be_fused=True)))
    expected = {
        f"{name}, {regime}, columns, x differs"
        for name, part in digest.committed().items()
        for regime in part
        if regime != "constants"
    }
    assert expected <= found


def test_a_message_names_file_and_line():
    text = source()
    at = (kernels_folder() / "orbit.cuh").read_text().splitlines().index(
        "FN SinCos kepler(Real u, Real axnl, Real aynl) {"
    ) + 1
    assert 'include "' not in text and "#pragma once" not in text
    broken = text.replace("FN SinCos kepler(", "FN Unheard kepler(")
    with pytest.raises(AssertionError, match=rf"orbit\.cuh\({at}\): error.*Unheard"):
        nvrtc.ptx(broken, ("--gpu-architecture=compute_90", *OPTIONS), EVERY[0][0])
