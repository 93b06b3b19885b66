"""The axes of a world map: coast lines, borders, ticks."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from ..geography.countries import regions
from ..geography.lines import pieces
from ..typing import Array

SOURCE = "coast lines and borders: Natural Earth"
NEAR_DEG = 0.12  # points nearer to each other than this are one on paper: a third of a point
WIDTHS = {False: 0.45, True: 0.3}  # of coast lines and borders, points
COLOURS = {False: "black", True: "0.2"}
PALE = {False: "0.55", True: "0.8"}  # where lines of their own matter more


def draw_world(ax: Axes, codes: Sequence[str] = (), *, pale: bool = False) -> None:
    """Draw coast lines and borders, and set limits and ticks: longitude and latitude, deg.

    Equal steps of longitude and latitude are equal lengths (plate carrée).

    codes: countries that get white outlines. pale: coast lines and borders in grey.
    """
    for region in regions(codes):
        _draw(ax, _path(region.outline()), 2, edgecolor="white", linewidth=1.6)
    for border in (False, True):
        look = dict(
            edgecolor=(PALE if pale else COLOURS)[border],
            linewidth=WIDTHS[border],
            joinstyle="round",
        )
        _draw(ax, _outlines(border), 3, **look)
    ax.set(xlim=(-180, 180), ylim=(-90, 90), aspect="equal")
    ax.set_xticks(range(-120, 121, 60), [degrees(x, "E", "W") for x in range(-120, 121, 60)])
    ax.set_yticks(range(-60, 61, 30), [degrees(y, "N", "S") for y in range(-60, 61, 30)])
    ax.tick_params(length=2.5, width=0.5)


def _draw(ax: Axes, path: Path, order: int, **look: Any) -> None:
    """Draw a path. Its points do not count for limits and layout: that would be slow."""
    patch = PathPatch(path, fill=False, zorder=order, **look)
    ax.add_artist(patch)
    patch.set_in_layout(False)


def degrees(value: int, positive: str, negative: str) -> str:
    """Return 60°N, 0°, 30°S."""
    return f"{abs(value)}°{(positive if value > 0 else negative) if value else ''}"


@functools.cache
def _outlines(border: bool) -> Path:
    """Return all coast lines, or all borders, as one path."""
    return _path(pieces(border))


def _path(pieces: list[Array]) -> Path:
    lines = [_thinned(piece) for piece in pieces]
    codes = np.full(sum(map(len, lines)), Path.LINETO)
    codes[np.cumsum([0, *map(len, lines[:-1])])] = Path.MOVETO
    return Path(np.concatenate(lines), codes)


def _thinned(piece: Array) -> Array:
    """Leave out points that lie near the point before. The ends are kept."""
    kept = [0]
    points = piece.tolist()
    x, y = points[0]
    for i, (x2, y2) in enumerate(points[1:-1], 1):
        if abs(x2 - x) + abs(y2 - y) > NEAR_DEG:
            kept.append(i)
            x, y = x2, y2
    return piece[[*kept, len(piece) - 1]]
