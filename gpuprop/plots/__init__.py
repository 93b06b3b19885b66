"""Pictures of answers, with matplotlib (extra `plot`). Nothing is downloaded.

coverage.py        the map of coverage, and the page with map and profile by latitude
coverage_table.py  a table of coverage, read from its file
scale.py           the column that a map shows, its values and its colours
cells.py           the cells of a grid as areas or points of a map
columns.py         what the columns of coverage mean, in words, with their units
track.py           ground tracks
dome.py            the sky over a site: its passes on a polar plot
pass_list.py       the list of passes beside the sky
orbits.py          shells: altitude against inclination and node
day.py             the race: satellites in view of sites through a day
counts.py          how many satellites are in view of sites, in bins of time
world.py           the axes of a world map: coast lines, borders, ticks
labels.py          labels that hide neither each other nor other text
caption.py         what captions say of satellites
clock.py           marks in time
window.py          the window of time that a picture shows
paper.py           one style, text, pages, files

The functions that draw are imported when they are asked for: only then is matplotlib needed.
"""

from importlib import import_module
from importlib.util import find_spec
from os import PathLike
from pathlib import Path

from ..errors import GpupropError, UsageError

# Type checkers treat it as true.
TYPE_CHECKING = False

SUFFIXES = (".pdf", ".png", ".svg")
_MODULES = {
    "coverage_map": "coverage",
    "coverage_page": "coverage",
    "ground_track": "track",
    "race": "day",
    "race_of_passes": "day",
    "read_coverage": "coverage_table",
    "shells": "orbits",
    "sky": "dome",
}
__all__ = [
    "PlotError",
    "check_picture",
    "coverage_map",
    "coverage_page",
    "ground_track",
    "need_matplotlib",
    "race",
    "race_of_passes",
    "read_coverage",
    "shells",
    "sky",
]


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


if TYPE_CHECKING:
    from .coverage import coverage_map, coverage_page
    from .coverage_table import read_coverage
    from .day import race, race_of_passes
    from .dome import sky
    from .orbits import shells
    from .track import ground_track
else:

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module 'gpuprop.plots' has no attribute {name!r}")
        need_matplotlib()
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
