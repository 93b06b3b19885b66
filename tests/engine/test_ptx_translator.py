"""The translator of PTX: what each instruction computes, at the edges where C++ or another reading
would differ, and what it refuses.

The expected bits are those of IEEE 754 and of NVIDIA's "PTX ISA", worked out by hand.
"""

import ctypes
import re
from typing import NamedTuple

import numpy as np
import pytest
from fake_cupy import compiled
from ptx import FORMS, PtxError, translate

# what is loaded and stored for each kind of register
KINDS = {"p": "b16", "rs": "b16", "r": "b32", "rd": "b64", "f": "f32", "fd": "f64"}
HEADER = ".version 8.8\n.target sm_90\n.address_size 64\n"
REGISTERS = (
    ".reg .pred %p<9>;\n.reg .b16 %rs<9>;\n.reg .b32 %r<9>;\n.reg .b64 %rd<99>;\n"
    ".reg .f32 %f<9>;\n.reg .f64 %fd<9>;\n"
)
NAN, INFINITY = 0x7FF8000000000000, 0x7FF0000000000000
MINUS = 1 << 63


def module(body, size=16, header=HEADER):
    """PTX of one kernel; its body begins at line 15."""
    return (
        f"{header}\n.visible .entry kernel(\n.param .align 8 .b8 kernel_param_0[{size}]\n)\n"
        f"{{\n{REGISTERS}{body}\nret;\n}}\n"
    )


def bits(x):
    return np.float64(x).view(np.uint64).item()


def run(text, words, grid=(1, 1), block=1):
    """Run a kernel, given the words' address as its argument; what it returns as an entry point."""
    kernel = compiled(translate(text), "-O1", "-Wno-unused").run_kernel
    kernel.argtypes = (ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.c_long, ctypes.c_char_p)
    job = np.array([words.ctypes.data, len(words)], np.uint64).tobytes()
    return kernel(*grid, block, len(job), job)


class Case(NamedTuple):
    """An instruction, what is in registers before it (bits, or a float64), and what is in one after
    it.
    """

    instruction: str
    expected: int | float
    given: dict[str, int | float]


def case(instruction, expected, **given):
    return Case(instruction, expected, given)


CASES = [
    # float32, by its bits: one rounding, to nearest, ties to even; subnormal numbers stay
    case("add.rn.f32 %r0, %r1, %r2", 0x3F800000, r1=0x3F800000, r2=0x33800000),
    case("add.rn.f32 %r0, %r1, %r2", 0x3F800002, r1=0x3F800001, r2=0x33800000),
    case("sub.rn.f32 %r0, %r1, %r2", 0x3F800000, r1=0x3F800000, r2=0x33000000),
    case("sub.rn.f32 %r0, %r1, %r2", 0x00000001, r1=0x00800001, r2=0x00800000),
    case("mul.rn.f32 %r0, %r1, %r2", 0x00400000, r1=0x00800000, r2=0x3F000000),
    case("mul.rn.f32 %r0, %r1, %r2", 0x3F800002, r1=0x3F800001, r2=0x3F800001),
    case("fma.rn.f32 %r0, %r1, %r2, %r3", 0x28800000, r1=0x3F800001, r2=0x3F800001, r3=0xBF800002),
    case("neg.f32 %r0, %r1", 0x80000000, r1=0),
    case("mov.f32 %r0, 0f3DCCCCCD", 0x3DCCCCCD),
    case("selp.f32 %r0, %r1, %r2, %p1", 2, r1=1, r2=2, p1=0),
    case("cvt.rn.f32.s32 %r0, %r1", 0xCB800000, r1=0xFEFFFFFF),  # -16777217
    case("cvt.rn.f32.u32 %r0, %r1", 0x4F800000, r1=0xFFFFFFFF),
    case("cvt.rzi.s32.f32 %r0, %r1", 0xFFFFFFFE, r1=0xC039999A),  # -2.9
    case("cvt.rzi.s32.f32 %r0, %r1", 0x7FFFFFFF, r1=0x4F000000),  # 2^31
    case("cvt.rzi.s32.f32 %r0, %r1", 0, r1=0x7FC00000),
    case("cvt.f64.f32 %fd0, %r1", 2.0**-149, r1=1),
    # float64: one rounding, to nearest, ties to even
    case("add.rn.f64 %fd0, %fd1, %fd2", 1.0, fd1=1.0, fd2=2.0**-53),
    case("add.rn.f64 %fd0, %fd1, %fd2", 1 + 2.0**-51, fd1=1 + 2.0**-52, fd2=2.0**-53),
    case("sub.rn.f64 %fd0, %fd1, %fd2", 1.0, fd1=1.0, fd2=2.0**-54),
    case("sub.rn.f64 %fd0, %fd1, %fd2", 0.0, fd1=-0.0, fd2=-0.0),
    case("mul.rn.f64 %fd0, %fd1, %fd2", 1 + 2.0**-51, fd1=1 + 2.0**-52, fd2=1 + 2.0**-52),
    # subnormal
    case("mul.rn.f64 %fd0, %fd1, %fd2", 0x000FFFFFFFFFFFFF, fd1=0x001FFFFFFFFFFFFE, fd2=0.5),
    case("div.rn.f64 %fd0, %fd1, %fd2", 0x3FD5555555555555, fd1=1.0, fd2=3.0),
    case("div.rn.f64 %fd0, %fd1, %fd2", MINUS | INFINITY, fd1=1.0, fd2=-0.0),
    case("rcp.rn.f64 %fd0, %fd1", 0x3FD5555555555555, fd1=3.0),
    case("rcp.rn.f64 %fd0, %fd1", 0x3F94E5E0A72F0539, fd1=49.0),
    case("sqrt.rn.f64 %fd0, %fd1", 0x3FF6A09E667F3BCD, fd1=2.0),
    case("sqrt.rn.f64 %fd0, %fd1", -0.0, fd1=-0.0),
    case(
        "fma.rn.f64 %fd0, %fd1, %fd2, %fd3",
        2.0**-104,
        fd1=1 + 2.0**-52,
        fd2=1 + 2.0**-52,
        fd3=-(1 + 2.0**-51),
    ),
    case("neg.f64 %fd0, %fd1", -0.0, fd1=0.0),
    case("neg.f64 %fd0, %fd1", MINUS | NAN | 5, fd1=NAN | 5),
    case("abs.f64 %fd0, %fd1", 0.0, fd1=-0.0),
    case("neg.s64 %rd0, %rd1", MINUS, rd1=MINUS),
    case("neg.s64 %rd0, %rd1", 5, rd1=(1 << 64) - 5),
    case("neg.s32 %r0, %r1", 0xFFFFFFFB, r1=5),
    *(
        case(f"{word}.f64 %fd0, %fd1, %fd2", result, fd1=a, fd2=b)
        for word, a, b, result in (
            *(
                ("max", 1.0, 2.0, 2.0),
                ("max", 2.0, 1.0, 2.0),
                ("min", 1.0, 2.0, 1.0),
                ("min", 2.0, 1.0, 1.0),
            ),
            *(
                ("max", 0.0, -0.0, 0.0),
                ("max", -0.0, 0.0, 0.0),
                ("min", 0.0, -0.0, -0.0),
                ("min", -0.0, 0.0, -0.0),
            ),
            *(
                ("max", NAN, 1.0, 1.0),
                ("max", -1.0, NAN, -1.0),
                ("min", NAN, 1.0, 1.0),
                ("min", -1.0, NAN, -1.0),
            ),
            *(
                ("max", NAN, MINUS | NAN, 0x7FFFFFFFFFFFFFFF),
                ("min", MINUS | NAN, NAN, 0x7FFFFFFFFFFFFFFF),
            ),
        )
    ),
    case("abs.f64 %fd0, %fd1", NAN, fd1=MINUS | NAN),
    case("mov.f64 %fd0, 0d3FF0000000000001", 0x3FF0000000000001),
    case("mov.f64 %fd0, 0dFFF8000000000123", 0xFFF8000000000123),
    case("mov.b64 %rd0, 0dbff0000000000000", 0xBFF0000000000000),
    case("mov.b64 %rd0, %fd1", 0xFFF8000000000123, fd1=0xFFF8000000000123),
    # a signalling NaN keeps its bits
    case("mov.b64 %fd0, %rd1", 0x7FF0000000000001, rd1=0x7FF0000000000001),
    case("mov.f64 %fd0, %fd1", 0x7FF0000000000001, fd1=0x7FF0000000000001),
    # float64 in a register of bits
    case("add.rn.f64 %rd0, %rd1, 0d3FF0000000000000", 3.5, rd1=2.5),
    case(
        "selp.f64 %fd0, %fd1, 0d4000000000000000, %p1",
        0x7FF0000000000001,
        fd1=0x7FF0000000000001,
        p1=1,
    ),
    case("selp.f64 %fd0, %fd1, 0d4000000000000000, %p1", 2.0, fd1=1.0, p1=0),
    # integers wrap around
    case("add.s32 %r0, %r1, %r2", 0x80000000, r1=0x7FFFFFFF, r2=1),
    case("add.s64 %rd0, %rd1, -1", (1 << 64) - 1, rd1=0),
    case("add.u16 %rs0, %rs1, %rs2", 1, rs1=0xFFFF, rs2=2),
    case("sub.s64 %rd0, %rd1, %rd2", (1 << 63) - 1, rd1=1 << 63, rd2=1),
    case("mul.lo.s64 %rd0, %rd1, %rd1", (1 << 33) + 1, rd1=(1 << 32) + 1),
    case("mul.lo.s64 %rd0, %rd1, -8", (1 << 64) - 8, rd1=(1 << 61) + 1),
    # C++ would multiply two signed 32-bit integers, and overflow
    case("mul.lo.u16 %rs0, %rs1, %rs1", 1, rs1=0xFFFF),
    case("mad.lo.s64 %rd0, %rd1, %rd2, %rd3", 5, rd1=1 << 63, rd2=2, rd3=5),
    case("mad.lo.s32 %r0, %r1, 96, %r2", 0xFFFFFFFF, r1=0xFFFFFFFF, r2=95),
    case("mul.wide.u32 %rd0, %r1, %r2", 0xFFFFFFFE00000001, r1=0xFFFFFFFF, r2=0xFFFFFFFF),
    case("mul.wide.s32 %rd0, %r1, %r2", (1 << 64) - 7, r1=0xFFFFFFFF, r2=7),
    case("mul.wide.u16 %r0, %rs1, %rs1", 0xFFFE0001, rs1=0xFFFF),
    case("min.s64 %rd0, %rd1, %rd2", (1 << 64) - 1, rd1=(1 << 64) - 1, rd2=1),
    case("min.u64 %rd0, %rd1, %rd2", 1, rd1=(1 << 64) - 1, rd2=1),
    case("max.s32 %r0, %r1, %r2", 1, r1=0xFFFFFFFF, r2=1),
    case("max.u32 %r0, %r1, %r2", 0xFFFFFFFF, r1=0xFFFFFFFF, r2=1),
    # bits
    case("and.b64 %rd0, %rd1, -9223372036854775808", MINUS, rd1=(1 << 64) - 1),
    case("and.b64 %rd0, %rd1, 0x7fFFFFFFFFFFFFFF", (1 << 63) - 1, rd1=(1 << 64) - 1),
    case("or.b32 %r0, %r1, -2147483648", 0x80000001, r1=1),
    case("xor.b64 %rd0, %rd1, %rd2", 6, rd1=5, rd2=3),
    case("not.b16 %rs0, %rs1", 0xFFFE, rs1=1),
    case("shl.b64 %rd0, %rd1, 63", MINUS, rd1=3),
    case("shl.b64 %rd0, %rd1, 64", 0, rd1=1),
    case("shl.b32 %r0, %r1, %r2", 0, r1=1, r2=32),  # C++ leaves this undefined, an x86 shifts by 0
    case("shl.b32 %r0, %r1, %r2", 0, r1=1, r2=0x80000000),
    case("shr.u64 %rd0, %rd1, %r2", 0, rd1=(1 << 64) - 1, r2=64),
    case("shr.u32 %r0, %r1, 31", 1, r1=0x80000000),
    case("shr.s64 %rd0, %rd1, 200", (1 << 64) - 1, rd1=1 << 63),
    case("shr.s64 %rd0, %rd1, 200", 0, rd1=(1 << 63) - 1),
    case("shr.s32 %r0, %r1, 1", 0xC0000000, r1=0x80000000),
    case("shr.s16 %rs0, %rs1, 15", 0xFFFF, rs1=0x8000),
    # conversions
    case("cvt.u64.u32 %rd0, %r1", 0xFFFFFFFF, r1=0xFFFFFFFF),
    case("cvt.s64.s32 %rd0, %r1", (1 << 64) - 1, r1=0xFFFFFFFF),
    case("cvt.u64.s32 %rd0, %r1", (1 << 64) - 1, r1=0xFFFFFFFF),
    case("cvt.s64.u32 %rd0, %r1", 0xFFFFFFFF, r1=0xFFFFFFFF),
    case("cvt.u16.u32 %rs0, %r1", 0x2345, r1=0x12345),
    case("cvt.u32.u64 %r0, %rd1", 5, rd1=(7 << 32) + 5),
    case("cvt.rn.f64.s64 %fd0, %rd1", -1.0, rd1=(1 << 64) - 1),
    case("cvt.rn.f64.u64 %fd0, %rd1", 2.0**64, rd1=(1 << 64) - 1),
    case("cvt.rn.f64.s64 %fd0, %rd1", 2.0**53, rd1=2**53 + 1),
    case("cvt.rn.f64.s64 %fd0, %rd1", 2.0**53 + 4, rd1=2**53 + 3),
    case("cvt.rn.f64.u32 %fd0, %r1", 4294967295.0, r1=0xFFFFFFFF),
    case("cvt.rn.f64.s32 %fd0, %r1", -2147483648.0, r1=0x80000000),
    # selections, comparisons of integers, predicates
    case("selp.b32 %r0, %r1, -1, %p1", 0xFFFFFFFF, r1=1, p1=0),
    case("selp.u16 %rs0, 1, 0, %p1", 1, p1=1),
    case("selp.b64 %rd0, %rd1, %rd2, %p1", 7, rd1=7, rd2=8, p1=1),
    case("setp.lt.s64 %p0, %rd1, %rd2", 1, rd1=(1 << 64) - 1, rd2=0),
    case("setp.lt.u64 %p0, %rd1, %rd2", 0, rd1=(1 << 64) - 1, rd2=0),
    case("setp.lt.u32 %p0, %r1, 11", 0, r1=0xFFFFFFFF),
    case("setp.lt.s32 %p0, %r1, 11", 1, r1=0xFFFFFFFF),
    case("setp.ge.s16 %p0, %rs1, 0", 0, rs1=0x8000),
    case("setp.le.s64 %p0, %rd1, %rd1", 1, rd1=3),
    case("setp.gt.u16 %p0, %rs1, %rs2", 1, rs1=0x8000, rs2=1),
    case("setp.eq.b64 %p0, %rd1, -1", 1, rd1=(1 << 64) - 1),
    case("setp.eq.s32 %p0, %r1, -1", 1, r1=0xFFFFFFFF),
    case("setp.ne.b32 %p0, %r1, 4294967295", 0, r1=0xFFFFFFFF),
    case("mov.pred %p0, -1", 1),
    case("mov.pred %p0, 0", 0),
    case("and.pred %p0, %p1, %p2", 0, p1=1, p2=0),
    case("or.pred %p0, %p1, %p2", 1, p1=1, p2=0),
    case("xor.pred %p0, %p1, %p2", 0, p1=1, p2=1),
    case("not.pred %p0, %p1", 0, p1=1),
    case("@%p1 mov.b32 %r0, 7", 7, p1=1, r0=3),
    case("@%p1 mov.b32 %r0, 7", 3, p1=0, r0=3),
    case("@!%p1 mov.b32 %r0, 7", 7, p1=0, r0=3),
    case("@!%p1 mov.b32 %r0, 7", 3, p1=1, r0=3),
    case("mov.u32 %r0, %ntid.x", 1),
    case("mov.u32 %r0, %ctaid.y", 0),
]
# Comparisons of float64: with a number that is less, equal, greater, and with NaN on either side.
COMPARED = {
    "eq": (0, 1, 0),
    "ne": (1, 0, 1),
    "lt": (1, 0, 0),
    "le": (1, 1, 0),
    "gt": (0, 0, 1),
    "ge": (0, 1, 1),
}
COMPARISONS = {
    **{word: (*answers, 0) for word, answers in COMPARED.items()},
    **{f"{word}u": (*answers, 1) for word, answers in COMPARED.items()},
    "num": (1, 1, 1, 0),
    "nan": (0, 0, 0, 1),
}
PAIRS = {
    (1.0, 2.0): 0,
    (-0.0, 0.0): 1,
    (INFINITY, INFINITY): 1,
    (2.0, -1.0): 2,
    (NAN, 1.0): 3,
    (1.0, NAN): 3,
    (NAN, NAN): 3,
}
CASES += [
    case(f"setp.{word}.f64 %p0, %fd1, %fd2", answers[which], fd1=a, fd2=b)
    for word, answers in COMPARISONS.items()
    for (a, b), which in PAIRS.items()
]


def register(name):
    return KINDS[name.rstrip("0123456789")]


@pytest.fixture(scope="module")
def results():
    """What every case leaves in its register, computed by one kernel that loads all operands from
    memory.
    """
    words, lines = [], ["ld.param.u64 %rd90, [kernel_param_0];"]

    def place(value):
        words.append(bits(value) if isinstance(value, float) else value)
        return f"[%rd90+{8 * (len(words) - 1)}]"

    for instruction, _, given in CASES:
        for name, value in given.items():
            target = name.replace("p", "rs") if name.startswith("p") else name
            lines.append(f"ld.global.{register(name)} %{target}, {place(value)};")
            if name.startswith("p"):
                lines.append(f"setp.ne.b16 %{name}, %{target}, 0;")
        lines.append(f"{instruction};")
        result = re.search(  # type: ignore[index]
            r"%(\w+)",
            instruction.split(maxsplit=1)[1] if instruction.startswith("@") else instruction,
        )[1]
        if result.startswith("p"):
            lines.append(f"selp.b16 %rs0, 1, 0, %{result};")
            result = "rs0"
        lines.append(f"st.global.{register(result)} {place(0)}, %{result};")
    given = np.array(words, np.uint64)
    assert run(module("\n".join(lines)), given) == 1
    used = np.cumsum([len(given) + 1 for _, _, given in CASES]) - 1
    return given[used].tolist()


@pytest.mark.parametrize(
    "number",
    range(len(CASES)),
    ids=lambda number: f"{CASES[number].instruction} {CASES[number].given}",
)
def test_instruction(results, number):
    expected = CASES[number].expected
    assert results[number] == (bits(expected) if isinstance(expected, float) else expected)


def test_every_instruction_of_the_list_is_compiled():
    """An instruction that is listed but not in ptx_shim.h would otherwise be found only when NVRTC
    emits it.
    """
    names = {"pred": "%p1", "f32": "%f1", "f64": "%fd1"}
    names |= {
        f"{kind}{width}": f"%{letters}1"
        for width, letters in ((16, "rs"), (32, "r"), (64, "rd"))
        for kind in "sub"
    }
    lines = [
        f"{opcode} {', '.join(names[kind] for kind in (form.result, *form.operands))};"
        for opcode, form in FORMS.items()
    ]
    assert run(module("\n".join(lines)), np.zeros(1, np.uint64)) == 1


def test_widths_in_memory():
    """Narrow loads are extended by the sign of their type, narrow stores leave the bytes beside
    them alone.
    """
    body = """
        ld.param.u64 %rd1, [kernel_param_0];
        cvta.to.global.u64 %rd2, %rd1;
        ld.global.u8 %rs1, [%rd2+7];
        ld.global.s8 %rs2, [%rd2+7];
        ld.global.b8 %r1, [%rd2+7];
        ld.global.s8 %rd3, [%rd2+7];
        ld.global.s16 %r2, [%rd2+6];
        ld.global.u32 %rd4, [%rd2+4];
        ld.global.s32 %rd5, [%rd2+4];
        add.s64 %rd2, %rd2, 16;
        st.global.u16 [%rd2], %rs1;
        st.global.b16 [%rd2+2], %rs2;
        st.global.u32 [%rd2+4], %r1;
        st.global.b64 [%rd2+8], %rd3;
        st.global.u32 [%rd2+16], %r2;
        st.global.u64 [%rd2+24], %rd4;
        st.global.s64 [%rd2+32], %rd5;
        st.global.u8 [%rd2+41], %rs1;
        st.global.b8 [%rd2+42], %r2;
        st.global.f64 [%rd2+48], %rd3;
        ld.global.f64 %rd6, [%rd2+-16];
        st.global.b64 [%rd2+56], %rd6;
    """
    words = np.full(10, 0x1111111111111111, np.uint64)
    words[0] = 0x8070605040302010
    assert run(module(body), words) == 1
    assert [f"{word:016x}" for word in words.tolist()[2:]] == [
        "00000080ff800080",
        "ffffffffffffff80",
        "11111111ffff8070",
        "0000000080706050",
        "ffffffff80706050",
        "1111111111708011",
        "ffffffffffffff80",
        "8070605040302010",
    ]


def test_the_grid_loops_and_branches():
    """Each thread counts down from its number in the grid by a loop, and stores how often it went
    round.
    """
    body = """
        ld.param.u64 %rd1, [kernel_param_0];
        mov.b64 %rd9, kernel_param_0;
        ld.param.u64 %rd2, [%rd9+8];
        mov.u32 %r1, %ctaid.x;
        mov.u32 %r2, %ntid.x;
        mov.u32 %r3, %tid.x;
        mad.lo.s32 %r4, %r1, %r2, %r3;
        mov.u32 %r5, %ctaid.y;
        mov.u32 %r6, %nctaid.x;
        mul.lo.s32 %r6, %r6, %r2;
        mad.lo.s32 %r4, %r5, %r6, %r4;
        cvt.u64.u32 %rd3, %r4;
        setp.lt.u64 %p1, %rd3, %rd2;
        @!%p1 bra $L__BB0_9;
        shl.b64 %rd4, %rd3, 3;
        add.s64 %rd5, %rd1, %rd4;
        mov.u64 %rd6, 0;
        $L__BB0_1:
        setp.eq.s64 %p2, %rd3, 0;
        @%p2 bra $L__BB0_2;
        add.s64 %rd3, %rd3, -1;
        add.s64 %rd6, %rd6, 1;
        bra.uni $L__BB0_1;
        $L__BB0_2:
        st.global.u64 [%rd5], %rd6;
        $L__BB0_9:
    """
    words = np.full(23, 99, np.uint64)
    assert run(module(body), words, grid=(2, 3), block=4) == 1
    assert words.tolist() == list(range(23))


@pytest.mark.parametrize(
    "line",
    [
        "ld.global.f64 %fd1, [%rd1+4];",
        "ld.global.u16 %rs1, [%rd1+1];",
        "st.global.u32 [%rd1+2], %r1;",
        "ld.param.u64 %rd2, [kernel_param_0+16];",
        "ld.param.u64 %rd2, [kernel_param_0+12];",
        "ld.param.u64 %rd2, [kernel_param_0+-8];",
    ],
)
def test_what_a_gpu_would_not_run_is_found(line):
    """An address that is not aligned, or beyond the parameter, ends the kernel with the line of the
    PTX; nothing is written there.
    """
    words = np.array([1, 2], np.uint64)
    text = module(f"ld.param.u64 %rd1, [kernel_param_0];\n{line}")
    assert -run(text, words) == text.split("\n").index(line) + 1
    assert words.tolist() == [1, 2]


def test_sums_of_integers_in_memory():
    """Every thread adds, and gets what was there before."""
    words = np.array([7 << 32 | 5, 0], np.uint64)
    body = """
        ld.param.u64 %rd1, [kernel_param_0];
        atom.global.add.u32 %r1, [%rd1+4], -3;
        .pragma "nounroll";
        st.global.u32 [%rd1+8], %r1;
    """
    assert run(module(body), words, grid=(2, 1)) == 1
    assert words.tolist() == [1 << 32 | 5, 4]


def test_the_size_of_the_parameter_is_compared():
    assert run(module("", size=24), np.zeros(1, np.uint64)) == 0


REFUSED = {
    "frob.s64 %rd1, %rd2;": "instruction frob.s64 is not known",
    "mul.f64 %fd1, %fd2, %fd3;": "mul.f64 says no rounding, and the assembler may fuse it",
    "add.rz.f64 %fd1, %fd2, %fd3;": "instruction add.rz.f64 is not known",
    "fma.rm.f64 %fd1, %fd2, %fd3, %fd3;": "instruction fma.rm.f64 is not known",
    "div.full.f32 %r1, %r2, %r3;": "instruction div.full.f32 is not known",
    "rcp.approx.ftz.f64 %fd1, %fd2;": "instruction rcp.approx.ftz.f64 is not known",
    "mul.hi.u64 %rd1, %rd2, %rd3;": "instruction mul.hi.u64 is not known",
    "add.sat.s32 %r1, %r2, %r3;": "instruction add.sat.s32 is not known",
    "setp.lt.and.f64 %p1, %fd1, %fd2, %p2;": "instruction setp.lt.and.f64 is not known",
    "setp.lt.b64 %p1, %rd1, %rd2;": "instruction setp.lt.b64 is not known",
    "setp.ltu.s64 %p1, %rd1, %rd2;": "instruction setp.ltu.s64 is not known",
    "setp.lt.f64 %p1|%p2, %fd1, %fd2;": r"operand %p1\|%p2 is not known",
    "cvt.rzi.s64.f64 %rd1, %fd1;": "instruction cvt.rzi.s64.f64 is not known",
    "cvt.f64.s64 %fd1, %rd1;": "instruction cvt.f64.s64 is not known",
    "ld.volatile.global.f64 %fd1, [%rd1];": "instruction ld.volatile.global.f64 is not known",
    "ld.global.nc.f64 %fd1, [%rd1];": "instruction ld.global.nc.f64 is not known",
    "ld.local.f64 %fd1, [%rd1];": "instruction ld.local.f64 is not known",
    "ld.global.v2.f64 {%fd1, %fd2}, [%rd1];": "instruction ld.global.v2.f64 is not known",
    "st.shared.f64 [%rd1], %fd1;": "instruction st.shared.f64 is not known",
    "atom.global.add.u64 %rd1, [%rd2], 1;": "instruction atom.global.add.u64 is not known",
    "bar.sync 0;": "instruction bar.sync is not known",
    "call.uni (%r1), f, (%r2);": "instruction call.uni is not known",
    "add.s64 %rd1, %rd2;": "2 operands instead of 3",
    "ret %r1;": "1 operands instead of 0",
    "add.s64 %rd1, %rd2, %r3;": "%r3 is a register of type .b32, which holds no .s64",
    "add.s64 %rd1, %fd2, 1;": "%fd2 is a register of type .f64, which holds no .s64",
    "add.rn.f64 %fd1, %r2, %fd1;": "%r2 is a register of type .b32, which holds no .f64",
    "mov.b32 %rd1, %r1;": "%rd1 is a register of type .b64, which holds no .b32",
    "and.pred %p1, %p2, %rs1;": "%rs1 is a register of type .b16, which holds no .pred",
    "ld.global.u64 %r1, [%rd1];": "%r1 is a register of type .b32, which holds no .u64",
    "ld.global.u32 %fd1, [%rd1];": "%fd1 is a register of type .f64, which holds no .u32",
    "ld.global.u64 %rd1, [%r1];": "%r1 is a register of type .b32, which holds no .b64",
    "ld.global.u64 %rd1, [kernel_param_0];": "operand kernel_param_0 is not known",
    "ld.global.f64 %fd1, [_ZN7gpuprop2PIE];": "operand _ZN7gpuprop2PIE is not known",
    "ld.param.u64 %rd1, [other_param_0];": "operand other_param_0 is not known",
    "ld.global.u64 %rd1, [%rd1-8];": r"\[%rd1-8\] is not an address of a known form",
    "add.s64 %rd1, %rd99, 1;": "register %rd99 is not declared",
    "add.s64 %rd1, %rx1, 1;": "register %rx1 is not declared",
    "add.s64 %rd1, %rd01, 1;": "operand %rd01 is not known",
    "add.rn.f64 %fd1, %fd2, 1;": "operand 1 is not known",
    "add.rn.f64 %fd1, %fd2, 0f3F800000;": "operand 0f3F800000 is not known",
    "add.rn.f64 %fd1, %fd2, 0d3FF;": "operand 0d3FF is not known",
    "add.s64 %rd1, %rd2, 0d3FF0000000000000;": "operand 0d3FF0000000000000 is not known",
    "add.s64 %rd1, %rd2, 017;": "operand 017 is not known",
    "add.s32 %r1, %r2, 4294967296;": "4294967296 does not fit into .s32",
    "add.s32 %r1, %r2, -2147483649;": "-2147483649 does not fit into .s32",
    "mov.pred %p1, 2;": "2 is no predicate",
    "mov.u32 %r1, %laneid;": "operand %laneid is not known",
    "mov.u32 %r1, %tid.z;": "operand %tid.z is not known",
    "mov.u64 %rd1, %clock64;": "register %clock64 is not declared",
    "@%r1 bra $L__BB0_1;": "%r1 is a register of type .b32, which holds no .pred",
    "bra $L__BB0_7;": r"no label \$L__BB0_7 in kernel",
    "add.s64 %rd1, %rd2, 1": "neither an instruction, a label nor registers",
    "add.s64 %rd1, %rd2, 1; ret;": "neither an instruction, a label nor registers",
    ".reg .f16 %h<3>;": r"registers of type \.f16 are not known",
    ".reg .b32 %r<3>;": "registers %r are there already",
    ".local .align 8 .b8 depot[16];": "neither an instruction, a label nor registers",
    '.pragma "unroll";': "neither an instruction, a label nor registers",
    "{": "neither an instruction, a label nor registers",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_not_known_is_refused_with_its_line(line):
    body = f"add.s64 %rd1, %rd1, 1;\n$L__BB0_1:\n{line}"
    lines = module(body).split("\n")
    number = len(lines) - lines[::-1].index(line)
    with pytest.raises(
        PtxError,
        match=(
            f"^PTX line {number}: "
            f"{REFUSED[line]}.*{re.escape(line) if not line.startswith('bra') else ''}$"
        ),
    ):
        translate(module(body))


def test_a_label_twice():
    with pytest.raises(PtxError, match=r"^PTX line 18: this label is there already: \$L__BB0_1:$"):
        translate(module("$L__BB0_1:\nadd.s64 %rd1, %rd1, 1;\n\n$L__BB0_1:"))


@pytest.mark.parametrize(
    "line",
    [
        ".address_size 32",
        ".target sm_90, debug",
        ".target sm_90a",
        ".extern .shared .align 8 .b8 shared[];",
        ".const .align 8 .b8 table[64];",
        ".func (.param .b32 result) f()",
    ],
)
def test_what_is_not_known_outside_a_kernel_is_refused(line):
    with pytest.raises(
        PtxError, match=rf"^PTX line 4: not known outside a kernel.*: {re.escape(line)}$"
    ):
        translate(module("", header=f"{HEADER}{line}\n"))


def test_kernels_of_another_form_are_refused():
    text = module("")
    for old, new in (
        ("kernel_param_0[16]\n)", "kernel_param_0[16],\n.param .u64 kernel_param_1\n)"),
        (".align 8 .b8 kernel_param_0[16]", ".u64 kernel_param_0"),
        (")\n{", ")\n.reqntid 64\n{"),
        (".visible .entry", ".weak .entry"),
    ):
        changed = text.replace(old, new)
        assert changed != text
        with pytest.raises(PtxError, match=r"^PTX line 5: not known outside a kernel"):
            translate(changed)
    with pytest.raises(PtxError, match="no kernel"):
        translate(HEADER)


def test_comments_are_no_instructions():
    body = "// frob.s64 %rd1;\nmov.b64 %rd1, 5; // five\n"
    assert translate(module(body)).count("mov(") == translate(module("mov.b64 %rd1, 5;")).count(
        "mov("
    )


def test_without_rounding_only_where_it_is_asked_for():
    body = "mul.f64 %fd1, %fd2, %fd3;"
    assert "v_fd1 = mul_rn(v_fd2, v_fd3);" in translate(module(body), may_be_fused=True)
