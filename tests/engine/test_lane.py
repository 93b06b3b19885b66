"""The float64 operations of lane.cuh that a GPU replaces by cheaper ones have the same bits."""

import ctypes
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from fake_cupy import SHIM, compiled

from gpuprop.engine.cuda.source import source

PROGRAM = """
#include <cstdint>
#include <cstring>
{shim}
{lane}
static uint64_t state;
static uint64_t word() {{  // splitmix64
    uint64_t z = state += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}}
static double number() {{
    uint64_t bits = word();
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}}
static bool same(double a, double b) {{ return !memcmp(&a, &b, sizeof a); }}
using namespace gpuprop;
extern "C" long wrong_minutes(long cases) {{
    long wrong = 0;
    state = 1;
    for (long i = 0; i < cases; i++) {{
        long long ns = (long long)(word() >> i % 64) * (i % 2 ? 1 : -1);
        long long near = ns / 30000000000 * 30000000000 + i % 7 - 3;  // halves and whole minutes
        wrong += !same(minutes(ns), double(ns) / 6.0e10);
        wrong += !same(minutes(near), double(near) / 6.0e10);
    }}
    const long long largest = 0x7fffffffffffffff;
    for (long long i = 0; i < 100000; i++)  // around zero, and the longest spans of time
        for (int j = 0; j < 4; j++) {{
            const long long edges[] = {{i, -i, largest - i, -largest - 1 + i}}, ns = edges[j];
            wrong += !same(minutes(ns), double(ns) / 6.0e10);
        }}
    return wrong;
}}
extern "C" long wrong_quotients(long cases) {{
    const double divisors[] = {{6.0e10, 8.64e13, 86400.0, 36525.0}};
    long wrong = 0;
    state = 4;
    for (long i = 0; i < cases; i++) {{
        double b = divisors[i % 4], a = number();
        if (i % 3) a = b * (double(word() >> 11 >> i % 53) + 0.5 * (i % 2)) * 0x1p-20;  // halves
        double size = a < 0.0 ? -a : a;
        if (!(size > 1e-250 && size < 1e250)) continue;
        uint64_t bits;
        memcpy(&bits, &a, sizeof a);
        bits += i % 5 - 2;
        memcpy(&a, &bits, sizeof a);
        wrong += !same(quotient(a, b), a / b);
    }}
    for (double b : divisors) wrong += !same(quotient(0.0, b), 0.0) + !same(quotient(-0.0, b), 0.0);
    return wrong;
}}
extern "C" long wrong_halves(long cases) {{
    long wrong = 0;
    state = 2;
    for (long i = 0; i < cases; i++) {{
        double z = number(), a = i % 2 ? 1.0 : number();
        if (i % 8 == 1) z *= 0x1p-1022;  // subnormal or zero, beside 1
        if (z != z || a != a || (a != 1.0 && z < 1e-300 && z > -1e-300)) continue;
        wrong += !same(minus_half(a, z), a - 0.5 * z);
    }}
    return wrong;
}}
extern "C" long wrong_comparisons(long cases) {{
    const double limits[] = {{9.5367431640625e-7, 2.44140625e-4, 1.0e-8, 1.0e26}};
    long wrong = 0;
    state = 3;
    for (long i = 0; i < cases; i++) {{
        double limit = limits[i % 4], x = i % 3 ? number() : limit;
        uint64_t bits;
        memcpy(&bits, &x, sizeof x);
        bits += i % 5 - 2;  // neighbours of the limit
        memcpy(&x, &bits, sizeof x);
        if (x != x) continue;
        double size = x < 0.0 ? -x : x;
        wrong += above(size, limit) != (size > limit);
        wrong += not_below(size, limit) != (size >= limit);
        wrong += reaches(x, limit) != (size >= limit);
    }}
    double nan = not_a_number();
    return wrong + !not_below(nan, 1.0) + !reaches(nan, 1.0);
}}
"""


def count(name: str, cases: int) -> int:
    text = PROGRAM.format(shim=Path(SHIM).read_text(), lane=source("lane.cuh"))
    function = getattr(compiled(text, "-O2", "-Wno-unused"), name)
    function.argtypes, function.restype = [ctypes.c_long], ctypes.c_long
    return int(function(cases))


def test_minutes_are_the_quotient():
    assert count("wrong_minutes", 5_000_000) == 0


def test_quotients_of_constants_are_correctly_rounded():
    assert count("wrong_quotients", 8_000_000) == 0


@pytest.mark.parametrize("divisor", [60_000_000_000, 86_400_000_000_000, 86_400, 36_525])
def test_the_condition_of_the_correction_holds(divisor):
    """The proof that a quotient is correctly rounded, for every number, needs this alone.

    The reciprocal is the nearest double, in error by less than half of 2^-53, relatively; so the
    rounded product is in error by less than one unit in the last place, and Markstein's theorem
    gives the rounded quotient (P. W. Markstein, IBM Journal of Research and Development 34, 1990).
    """
    reciprocal = Fraction(1.0 / divisor)
    error = abs(reciprocal * divisor - 1)
    assert error < Fraction(1, 2**54)
    below, above = (Fraction(np.nextafter(1.0 / divisor, to)) for to in (0.0, 1.0))
    assert all(error < abs(other * divisor - 1) for other in (below, above))


def test_quotients_next_to_a_half_are_correctly_rounded():
    """The hardest cases: quotients that miss the middle between two doubles by least.

    With b = d * 2^k and d odd, a * 2^j = b * (2 q + 1) / 2 +- r for the smallest r. Exact integers
    tell how the quotient must be rounded.
    """
    hard = [
        (a, divisor)
        for divisor in (6 * 10**10, 864 * 10**11, 86400, 36525)
        for a in nearest_halves(divisor)
    ]
    text = PROGRAM.format(shim=Path(SHIM).read_text(), lane=source("lane.cuh"))
    text += 'extern "C" double one_quotient(double a, double b) { return quotient(a, b); }'
    function = compiled(text, "-O2", "-Wno-unused").one_quotient
    function.argtypes, function.restype = [ctypes.c_double, ctypes.c_double], ctypes.c_double
    for a, divisor in hard:
        assert function(a, divisor) == a / divisor, (a, divisor)


def nearest_halves(divisor: int) -> list[float]:
    """Return doubles whose quotients are next to the middle between two doubles."""
    odd = divisor
    while odd % 2 == 0:
        odd //= 2
    found = []
    for miss in range(1, 200):
        for shift in range(50, 54 + odd.bit_length()):
            # a 2^shift = odd (2 q + 1) +- miss, with 54 bits in 2 q + 1 and 53 in a
            for sign in (1, -1):
                middle = -sign * miss * pow(odd, -1, 1 << shift) % (1 << shift)
                for half in (middle, middle + (1 << shift)):
                    a, rest = divmod(odd * half + sign * miss, 1 << shift)
                    if half % 2 and half.bit_length() == 54 and not rest and 0 < a < 2**53:
                        found.append(float(a))
    assert len(found) > 20
    return found


def test_half_of_a_number_is_subtracted_exactly():
    assert count("wrong_halves", 2_000_000) == 0


def test_comparisons_of_bits():
    assert count("wrong_comparisons", 2_000_000) == 0
