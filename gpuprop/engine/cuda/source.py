"""The kernels as one text for NVRTC: kernels/propagate.cu with what it includes written out.

CuPy's cache of compiled kernels sees the text and the options it is given, not the files that the
text includes: with one text, no change of a kernel can be answered with an old binary, and NVRTC
needs no path.
"""

import re
from pathlib import Path

from ...sgp4.constants import kernels_folder

# --fmad=false: no a * b + c in one rounding, which no other engine has. That is the only licence
# NVRTC takes with float64 unasked: its division and square root are correctly rounded. (CuPy itself
# adds -ftz=true, which is about float32 alone; there is none here.)
OPTIONS = ("--std=c++17", "--fmad=false")
INCLUDE = re.compile(r'#include "(.+)"$')


def source(name: str = "propagate.cu") -> str:
    """kernels/`name` with its includes written out, and #line so that a compiler's message names
    the file and line at fault.
    """
    return "\n".join(_lines(kernels_folder(), name, set())) + "\n"


def _lines(folder: Path, name: str, seen: set[str]) -> list[str]:
    text = (folder / name).read_text(encoding="utf-8")
    if name in seen:
        return []
    if "#pragma once" in text:
        seen.add(name)
    lines = [f'#line 1 "{name}"']
    for number, line in enumerate(text.splitlines(), 1):
        included = INCLUDE.match(line)
        if included:
            lines += [*_lines(folder, included[1], seen), f'#line {number + 1} "{name}"']
        else:
            lines.append("" if line == "#pragma once" else line)
    return lines
