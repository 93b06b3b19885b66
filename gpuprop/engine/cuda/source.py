"""The kernels as one text for NVRTC: kernels/propagate.cu with its includes written out.

CuPy's cache of compiled kernels compares the text and the options, but not the files that the text
includes. With one text a changed kernel is always compiled again, and NVRTC needs no path.
"""

import re
from pathlib import Path

from ...sgp4.constants import kernels_folder

# --fmad=false: a * b + c is rounded twice, as on the other engines. By default NVRTC changes
# nothing else of float64: division and square root are correctly rounded. (CuPy adds -ftz=true,
# which concerns only float32; the kernels have none.)
OPTIONS = ("--std=c++17", "--fmad=false")
INCLUDE = re.compile(r'#include "(.+)"$')


def source(name: str = "propagate.cu") -> str:
    """Join kernels/`name` and its includes.

    #line directives let the messages of the compiler name the right file and line.
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
