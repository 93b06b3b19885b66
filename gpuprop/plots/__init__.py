"""Pictures of answers, with matplotlib (extra `plot`). Nothing is downloaded.

coverage.py   the map of coverage, and the page with map and profile by latitude
cells.py      the cells of a grid as areas or points of a map
columns.py    what the columns of coverage mean, in words, with their units
world.py      the axes of a world map: coast lines, borders, ticks
paper.py      pictures as files: sizes of text, formats
"""

from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import GpupropError, UsageError

SUFFIXES = (".pdf", ".png", ".svg")


class PlotError(GpupropError, ImportError):
    """matplotlib, which draws the pictures, is not installed."""


def need_matplotlib() -> None:
    """Raise PlotError if matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise PlotError("a picture needs matplotlib: pip install 'gpuprop[plot]'")


def check_picture(path: str | PathLike[str]) -> None:
    """Raise UsageError unless the ending of a file says what picture it is."""
    if Path(path).suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{str(path)!r} is no picture: its name must end in {', '.join(SUFFIXES[:-1])} "
            f"or {SUFFIXES[-1]}"
        )


def coverage_map(coverage: Any, column: str = "visible_mean", ax: Any = None, **how: Any) -> Any:
    """Draw a world map: see `gpuprop.plots.coverage.coverage_map`."""
    need_matplotlib()
    from .coverage import coverage_map as draw

    return draw(coverage, column, ax, **how)


def coverage_page(coverage: Any, column: str = "visible_mean", **how: Any) -> Any:
    """Draw a page with map and profile: see `gpuprop.plots.coverage.coverage_page`."""
    need_matplotlib()
    from .coverage import coverage_page as draw

    return draw(coverage, column, **how)
