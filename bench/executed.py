"""The float64 instructions that the near-Earth kernel executes for a state.

They are counted by running the kernel's PTX on this CPU (tests/: the translator of PTX and the
double of CuPy), so that branches that are not taken do not count. Needs NVRTC and a C++ compiler,
but no GPU. A comparison counts, too: it uses the float64 units. A division or a square root counts
as one instruction, as in the PTX, although a GPU takes several.
"""

import ctypes
import re
import sys
from pathlib import Path
from typing import Any

import machine
import numpy as np
import workloads

from gpuprop import Elements, Propagator, time_grid

TESTS = Path(__file__).resolve().parent.parent / "tests"
CLASSES = {
    "add": ("add_rn", "sub_rn"),
    "mul": ("mul_rn",),
    "fma": ("fma_rn",),
    "div": ("div_rn", "rcp_rn"),
    "sqrt": ("sqrt_rn",),
    "compare": ("compare",),
}
COUNTERS = """
static thread_local long executed[{n}];
extern "C" long executed_of(int i) {{ return executed[i]; }}
{functions}
"""


def counting(cpp: str) -> str:
    """C++ of kernels that counts the instructions of each class (ptx.translate)."""
    names = {word: i for i, words in enumerate(CLASSES.values()) for word in words}
    split = re.search(r"^struct \w+_job", cpp, re.MULTILINE)
    assert split is not None
    head, kernels = cpp[: split.start()], cpp[split.start() :]
    functions = "\n".join(
        f"template <class... A> auto counted_{word}(A... a)"
        f" {{ executed[{i}]++; return {word}(a...); }}"
        for word, i in names.items()
        if word != "compare"
    )
    compare = names["compare"]
    functions += "\n" + "\n".join(
        f"template <class A, class B> auto counted_{word}(A a, B b) {{"
        f" if (sizeof(A) == 8 && __is_same(A, f64)) executed[{compare}]++; return {word}(a, b); }}"
        for word in (
            "eq",
            "ne",
            "lt",
            "le",
            "gt",
            "ge",
            "equ",
            "neu",
            "ltu",
            "leu",
            "gtu",
            "geu",
            "num",
            "nan",
        )
    )
    words = "|".join(
        [*(word for word in names if word != "compare"), "(?:eq|ne|lt|le|gt|ge)u?|num|nan"]
    )
    kernels = re.sub(rf"(?<![\w.])({words})\(", r"counted_\1(", kernels)
    return head + COUNTERS.format(n=len(CLASSES), functions=functions) + kernels


def executed(elements: Elements, n_times: int = 200, count: int = 256) -> dict[str, float]:
    """Instructions of each class for a state of near-Earth element sets, on average."""
    for folder in {path.parent for path in TESTS.rglob("*.py")}:
        sys.path.append(str(folder))
    import fake_cupy
    import nvrtc
    import ptx

    libraries: list[ctypes.CDLL] = []

    def kernels(code: str, options: tuple[str, ...]) -> ctypes.CDLL:
        wheel = list(nvrtc.libraries())[-1]
        text = nvrtc.ptx(code, ("--gpu-architecture=compute_90", *options), wheel)
        cpp = counting(ptx.translate(text))
        libraries.append(fake_cupy.compiled(cpp, "-O1", "-Wno-unused"))
        return libraries[-1]

    class Counting(fake_cupy.FakeCupy):
        pass

    Counting.kernels = staticmethod(kernels)
    before, sys.modules["cupy"] = sys.modules.get("cupy"), Counting()  # type: ignore[assignment,no-untyped-call]
    try:
        some = elements[np.linspace(0, len(elements) - 1, count).astype(int)]
        propagator = Propagator(some, "cuda")
        assert list(propagator.constants.bounds) == [0], "near-Earth element sets only"
        times = time_grid(some.epoch.max(), step="60s", duration=f"{n_times}min")
        library: Any = libraries[-1]
        library.executed_of.restype = ctypes.c_long
        first = [library.executed_of(i) for i in range(len(CLASSES))]
        propagator.states(times)
        last = [library.executed_of(i) for i in range(len(CLASSES))]
    finally:
        if before is None:
            del sys.modules["cupy"]
        else:
            sys.modules["cupy"] = before
    states = count * n_times
    return {name: (b - a) / states for name, a, b in zip(CLASSES, first, last, strict=True)}


def main() -> None:
    options = machine.arguments(__doc__).parse_args()
    title, elements, _ = workloads.starlink()
    found = executed(elements)
    total = sum(found.values())
    print(f"{title}: {total:.1f} float64 instructions a state")
    print(", ".join(f"{name} {value:.1f}" for name, value in found.items()))
    machine.report(dict(title=title, total=total, executed=found), options.json)


if __name__ == "__main__":
    main()
