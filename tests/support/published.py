"""The published verification set of AIAA 2006-6753, as the sgp4 package ships it: 33 element sets,
666 states.
"""

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sgp4.api import Satrec

from gpuprop import Elements, read_elements

# the codes that the runs over the published times end with, in their order
ERRORS = [1, 1, 6, 6, 4, 3, 6]


class Case(NamedTuple):
    sat_id: int
    # (n, 7): minutes since epoch, km, km/s; the first row of 33334 repeats its predecessor's
    # (status 3)
    rows: npt.NDArray[np.float64]
    start_stop_step: tuple[float, float, float]


def text(name: str) -> str:
    return files("sgp4").joinpath(name).read_text()


@cache
def element_sets() -> Elements:
    """The 33 element sets; three of the made-up ones have wrong checksums on purpose."""
    return read_elements(text("SGP4-VER.TLE").encode(), checksum="ignore")


@cache
def satrecs() -> list[Satrec]:
    """The same as python-sgp4's objects."""
    lines = [line for line in text("SGP4-VER.TLE").splitlines() if line[:2] in ("1 ", "2 ")]
    return [
        Satrec.twoline2rv(first, second[:69])
        for first, second in zip(lines[::2], lines[1::2], strict=True)
    ]


@cache
def cases() -> list[Case]:
    spans = [
        [float(word) for word in line[69:].split()]
        for line in text("SGP4-VER.TLE").splitlines()
        if line.startswith("2 ")
    ]
    found: list[tuple[int, list[list[float]]]] = []
    for line in text("tcppver.out").splitlines():
        words = line.split()
        if words[1:] == ["xx"]:
            found.append((int(words[0]), []))
        elif words:
            found[-1][1].append([float(word) for word in words[:7]])
    return [
        Case(sat_id, np.array(rows), (span[0], span[1], span[2]))
        for (sat_id, rows), span in zip(found, spans, strict=True)
    ]
