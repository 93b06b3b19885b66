"""What NVRTC makes of precision mixed: the operations that the source asks for and no others, and,
run on this CPU, the bits of the cpu engine.
"""

import re
import sys

import nvrtc
import pytest
from fake_cupy import FakeCupy, FromPtx
from mixed_samples import DAY, near_the_limits, needs_fma, same_bits, spread
from ptx import PtxError

from gpuprop import Propagator
from gpuprop.engine.cuda import device as cuda_device
from gpuprop.engine.cuda.source import OPTIONS, source

WRITTEN = {"add", "sub", "mul", "fma"}  # that round, in single.cuh
CUPY = "-ftz=true"  # CuPy adds it
ASM = "#ifdef __CUDA_ARCH__"  # in single.cuh: what is written out for a GPU


@pytest.mark.parametrize(
    "capability",
    [
        number if number == 90 else pytest.param(number, marks=pytest.mark.slow)
        for number in nvrtc.PROVED
    ],
)
@pytest.mark.parametrize("wheel", nvrtc.libraries())
def test_every_operation_on_float32_is_rounded_and_none_is_flushed(wheel, capability):
    """With CuPy's options, too: its -ftz=true would flush what a CPU keeps. A comparison may."""
    options = (f"--gpu-architecture=compute_{capability}", *OPTIONS, CUPY)
    found = nvrtc.entries(nvrtc.ptx(source(), options, wheel))["propagate_mixed"]
    words = {line.split()[0].rstrip(";") for line in found}
    floating = {word for word in words if ".f32" in word and not word.startswith((".", "ld."))}
    assert {word for word in floating if word.split(".")[0] in WRITTEN} == {
        f"{word}.rn.f32" for word in WRITTEN
    }
    others = {word for word in floating if word.split(".")[0] not in WRITTEN}
    assert others <= {
        "neg.f32",
        "mov.f32",
        "selp.f32",
        "setp.lt.ftz.f32",
        "cvt.rn.f32.s32",
        "cvt.rn.f32.u32",  # of numbers that are not negative
        "cvt.rzi.s32.f32",
        "cvt.f64.f32",
    }


@pytest.fixture
def bits(monkeypatch):
    """Whether the cuda engine, with the kernels that a function makes, has the bits of cpu."""

    def compare(kernels):
        elements, when = near_the_limits(21, 200), spread(6, 6, 9 * DAY)
        expected = Propagator(elements, "cpu", precision="mixed").states(when)
        monkeypatch.setattr(FakeCupy, "kernels", kernels)
        fake = FakeCupy()
        monkeypatch.setitem(sys.modules, "cupy", fake)
        found = Propagator(elements, "cuda:0", precision="mixed").states(when)
        fake.check_guards()
        return same_bits(expected, found)

    return compare


@needs_fma
@pytest.mark.parametrize(
    "capability",
    [
        number if number == 90 else pytest.param(number, marks=pytest.mark.slow)
        for number in nvrtc.PROVED
    ],
)
@pytest.mark.parametrize("wheel", nvrtc.libraries())
def test_the_ptx_has_the_bits_of_the_cpu(bits, wheel, capability):
    assert bits(FromPtx(wheel, capability))


class Plain(FromPtx):
    """The kernels with the operators of C++ in place of written instructions."""

    def __call__(self, code, options):
        assert code.count(ASM) == 1
        return super().__call__(code.replace(ASM, "#if 0"), options)


@needs_fma
@pytest.mark.slow
def test_contraction_is_found_by_these_states(bits, monkeypatch):
    """The control. Of the operators of C++ NVRTC makes fused operations if it may, and these states
    differ then; if it may not, they have the bits of the written instructions.
    """
    wheel = next(iter(nvrtc.libraries()))
    assert bits(Plain(wheel, 90))
    fused = ("--std=c++17", "--fmad=true")
    monkeypatch.setattr(cuda_device, "OPTIONS", fused)
    with pytest.raises(PtxError, match="may fuse it"):
        Plain(wheel, 90)(source(), fused)
    assert not bits(Plain(wheel, 90, may_be_fused=True))


def test_the_instructions_are_written_in_one_place():
    text = source()
    assert len(re.findall(r"\basm\(", text)) == 5 and text.count(ASM) == 1
