"""bench/executed.py counts each instruction that is executed, in the class that it belongs to."""

import ctypes

import executed
from fake_cupy import compiled

KERNEL = """
typedef double f64;
static f64 add_rn(f64 a, f64 b) { return a + b; }
static f64 sub_rn(f64 a, f64 b) { return a - b; }
static f64 mul_rn(f64 a, f64 b) { return a * b; }
static f64 fma_rn(f64 a, f64 b, f64 c) { return __builtin_fma(a, b, c); }
static f64 div_rn(f64 a, f64 b) { return a / b; }
static f64 sqrt_rn(f64 a) { return __builtin_sqrt(a); }
template <class A, class B> bool lt(A a, B b) { return a < b; }
template <class A, class B> bool num(A a, B b) { return a == a && b == b; }
struct kernel_job { };
extern "C" f64 kernel(f64 x, long turns) {
    for (long i = 0; lt(i, turns); i++) {
        x = add_rn(mul_rn(x, 0.5), 1.0);
        if (lt(x, 0.0)) x = div_rn(x, 3.0);
    }
    return num(x, x) ? fma_rn(x, x, sub_rn(x, sqrt_rn(2.0))) : x;
}
"""


def test_what_is_executed_is_counted_and_nothing_else():
    """Comparisons of integers, and branches that are not taken, do not count."""
    flags = ("-O1", "-Wno-unused", "-Wno-unused-function")
    counted, plain = compiled(executed.counting(KERNEL), *flags), compiled(KERNEL, *flags)
    for library in (counted, plain):
        library.kernel.argtypes, library.kernel.restype = (
            [ctypes.c_double, ctypes.c_long],
            ctypes.c_double,
        )
    counted.executed_of.restype = ctypes.c_long
    assert counted.kernel(7.25, 5) == plain.kernel(7.25, 5)
    found = {name: counted.executed_of(i) for i, name in enumerate(executed.CLASSES)}
    assert found == {"add": 6, "mul": 5, "fma": 1, "div": 0, "sqrt": 1, "compare": 6}
    counted.kernel(-100.0, 1)
    assert counted.executed_of(list(executed.CLASSES).index("div")) == 1
