"""What the page knows of the Earth: coast lines and borders, its rotation, and the Sun."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..frames import EarthOrientation, rotations, sun
from ..geography.lines import pieces
from ..time.units import HOUR, SECOND
from ..typing import Array

STEPS_PER_DEG = 100  # 1.1 km
TOLERANCE_DEG = 0.03
SMALLEST_DEG = 0.12  # closed lines that are smaller are left out
EARTH_RADIANS_PER_S = 7.292115e-5  # to count whole turns
GEOGRAPHY = "Natural Earth 1:50m (public domain; de facto boundaries), simplified to 3 km"


class Turning(NamedTuple):
    """The rotation from TEME to PEF: angle = angle_rad + rate_rad_s (t - start)."""

    angle_rad: float
    rate_rad_s: float


def lines(border: bool) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16]]:
    """Return coast lines or borders for the page.

    Parameters
    ----------
    border : bool
        Borders in place of coast lines.

    Returns
    -------
    points : (n, 2) int16
        Longitude and latitude in hundredths of a degree, line after line.
    lengths : (n_lines,) uint16
        Points of each line.
    """
    kept = []
    for piece in pieces(border):
        span = np.ptp(piece, axis=0).max()
        if span < SMALLEST_DEG and not border and (piece[0] == piece[-1]).all():
            continue
        kept.append(np.round(_simplified(piece) * STEPS_PER_DEG).astype(np.int16))
    lengths = np.array([len(piece) for piece in kept], np.uint16)
    return np.concatenate(kept), lengths


def _simplified(points: Array) -> Array:
    """Leave out points within TOLERANCE_DEG of the line (n, 2). Source: Douglas and Peucker 1973.

    A closed line is cut at the point that is farthest from its ends.
    """
    keep = np.zeros(len(points), bool)
    keep[[0, -1]] = True
    # a degree of longitude is shorter than one of latitude
    scale = np.array([max(0.05, math.cos(math.radians(float(points[:, 1].mean())))), 1.0])
    flat = points * scale
    todo = [(0, len(points) - 1)]
    while todo:
        first, last = todo.pop()
        if last - first < 2:
            continue
        chord = flat[last] - flat[first]
        offset = flat[first + 1 : last] - flat[first]
        length = math.hypot(*chord)
        distance = (
            np.abs(offset[:, 0] * chord[1] - offset[:, 1] * chord[0]) / length
            if length > TOLERANCE_DEG
            else np.hypot(*offset.T)
        )
        farthest = int(distance.argmax())
        if distance[farthest] > TOLERANCE_DEG:
            middle = first + 1 + farthest
            keep[middle] = True
            todo += [(first, middle), (middle, last)]
    simplified: Array = points[keep]
    return simplified


def turning(start_ns: int, stop_ns: int, eop: EarthOrientation) -> Turning:
    """Compute the rotation of the Earth in a window: linear between its ends."""
    matrix = rotations("pef", np.array([start_ns, stop_ns]), eop)
    begin, end = np.arctan2(matrix[:, 1], matrix[:, 0]).tolist()
    length_s = (stop_ns - start_ns) / SECOND
    expected = begin + EARTH_RADIANS_PER_S * length_s
    end += 2.0 * math.pi * round((expected - end) / (2.0 * math.pi))
    return Turning(begin, (end - begin) / length_s)


def sun_directions(start_ns: int, stop_ns: int) -> Array:
    """Compute the direction of the Sun at equal steps of at most 6 hours, (n, 3), TEME."""
    count = max(1, -(-(stop_ns - start_ns) // (6 * HOUR)))
    ns = start_ns + (stop_ns - start_ns) * np.arange(count + 1) // count
    position = sun(ns, "none")
    unit: Array = position / np.linalg.norm(position, axis=1, keepdims=True)
    return unit
