"""The map of coverage, and the page with map and profile by latitude."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..time.durations import in_words
from ..time.instants import format_ns
from .caption import facts_of, of_table
from .cells import draw_cells
from .paper import LINES, TITLE_SIZE, WIDTH, MakeFigure, Page, fitted, look_of_line, plain, style
from .scale import (
    ALL,
    STEPS,
    Look,
    describe_bar,
    ends_of_bar,
    look_of,
    rows_of,
    values_of,
)
from .world import SOURCE, draw_world

if TYPE_CHECKING:
    from ..analysis.coverage import Coverage

LEFT, RIGHT, GAP = 0.42, 0.2, 0.12  # inches
TITLE, TICKS, BAR = 0.36, 0.22, 0.5
BEFORE_NAMES = 0.2  # inches: what a legend has on the left of its names


def coverage_map(
    coverage: "Coverage",
    column: str = "visible_mean",
    ax: Axes | None = None,
    *,
    constellation: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Axes:
    """Draw a world map of one column of coverage.

    Parameters
    ----------
    coverage
        What `gpuprop.coverage` returned, or what `read_coverage` read from its files.
    column
        A column of numbers of `coverage.cells`.
    ax
        Axes to draw into; a new figure unless given.
    constellation
        A label, if coverage was computed `by` labels. All satellites together unless given.
    vmin, vmax
        Values of the first and the last colour. Those of the map unless given. Shares in %.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, in longitude and latitude, deg, with a colour bar below.

    Raises
    ------
    UsageError
        For a column or a label that is not there.

    Notes
    -----
    Equal steps of longitude and latitude are equal lengths (plate carrée). Regions that coverage
    was computed for have white outlines. The colours are viridis, whose lightness grows evenly:
    they can be read with any colour vision, and printed in grey.
    """
    look = look_of(coverage, column, [constellation], vmin, vmax)
    with style(ax):
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(WIDTH, 4.6), layout="constrained")
        drawn = _draw_map(ax, coverage, look, constellation)
        place: dict[str, Any] = dict(location="bottom", shrink=0.7, aspect=40, pad=0.02)
        bar = ax.figure.colorbar(drawn, ax=ax, **place, **ends_of_bar(look))
        describe_bar(bar, look)
        title = fitted(_title(coverage, constellation), WIDTH - LEFT - RIGHT, TITLE_SIZE)
        ax.set_title(title, loc="left", parse_math=False)
    return ax


def coverage_page(
    coverage: "Coverage",
    column: str = "visible_mean",
    *,
    source: str | None = None,
    constellations: Sequence[str] | None = None,
    title: str | None = None,
    make: MakeFigure = Figure,
) -> Figure:
    """Draw a page: the map, the profile by latitude beside it, and a caption.

    Regions have white outlines. With labels (`by`), there is a map for each. All have the same
    colours, on a square-root scale if the greatest value is far above the median of a map. `other`,
    which may have many times as many satellites, does not set the scale if there are named ones:
    what is beyond it has the last colour, and the bar an arrow. The profile beside a row of maps
    has a line for each label; those of the row are coloured.

    Parameters
    ----------
    coverage
        What `gpuprop.coverage` returned, or what `read_coverage` read from its files.
    column
        A column of numbers of `coverage.cells`.
    source
        Where the satellites are from, for the caption, in place of the sources that the table
        names.
    constellations
        The labels that are shown, in this order. All but `all` unless given.
    title
        Instead of what is shown: the satellites above the minimum elevation.
    make
        Makes the figure: matplotlib.figure.Figure, or matplotlib.pyplot.figure.

    Returns
    -------
    matplotlib.figure.Figure
        7.5 inches wide: it fits on A4 and letter paper.

    Raises
    ------
    UsageError
        For a column or a label that is not there.
    """
    shown = [label for label in coverage.labels if label != ALL]
    if constellations is not None:
        shown = list(constellations)
    labels: list[str | None] = [*shown] or [None]
    look = look_of(coverage, column, labels)
    across = min(len(labels), 2)
    rows = math.ceil(len(labels) / across)
    beside = 1.35 if across == 1 else 1.0
    width = (WIDTH - LEFT - RIGHT - beside - across * GAP) / across
    row_height = TITLE + width / 2 if len(labels) > 1 else 0.2 + width / 2
    named = plain(title) if title is not None else _title(coverage, None)
    counted = len(shown) >= len(coverage.labels) - 1
    caption = _caption(coverage, source, counted)
    with style(None):
        page = Page(make, rows * row_height + TICKS + BAR, named, caption)
        drawn: Any = None
        first: Axes | None = None
        for row in range(rows):
            y = (row + 1) * row_height - width / 2
            here = labels[row * across : (row + 1) * across]
            for number, label in enumerate(here):
                ax = page.axes(LEFT + number * (width + GAP), y, width, width / 2)
                drawn = _draw_map(ax, coverage, look, label)
                ax.tick_params(
                    labelleft=number == 0, labelbottom=row * across + number + across >= len(labels)
                )
                if label is not None:
                    ax.set_title(fitted(plain(label, 200), width, 8.5), loc="left", pad=3)
            x = LEFT + across * (width + GAP)
            ax = page.axes(x, y, beside, width / 2, **({"sharex": first} if first else {}))
            first = first or ax
            _profile(ax, coverage, look, labels, here)
            ax.tick_params(labelbottom=row == rows - 1)
            if row == rows - 1:
                ax.set_xlabel(f"by latitude ({look.what.unit})", fontsize=7)
        span = across * (width + GAP) - GAP
        y = rows * row_height + TICKS + 0.06
        bar = page.figure.colorbar(
            drawn,
            cax=page.axes(LEFT + 0.15 * span, y, 0.7 * span, 0.09),
            orientation="horizontal",
            **ends_of_bar(look),
        )
        describe_bar(bar, look)
    return page.figure


def _draw_map(ax: Axes, coverage: "Coverage", look: Look, label: str | None) -> Any:
    cells = rows_of(coverage, coverage.cells, label)
    values = values_of(cells, look.column, look.what)
    drawn = draw_cells(ax, cells, values, look.colours, look.norm)
    regions = coverage.by_region
    codes = regions["region"].to_pylist() if regions.num_rows else []
    draw_world(ax, list(dict.fromkeys(codes)))
    return drawn


def _profile(
    ax: Axes,
    coverage: "Coverage",
    look: Look,
    labels: list[str | None],
    here: list[str | None],
) -> None:
    """Draw the means by latitude; for one constellation also the least and the greatest values.

    labels: all that are drawn; here: those that are coloured.
    """
    what = look.what
    for number, label in sorted(enumerate(labels), key=lambda each: each[1] in here):
        rows = rows_of(coverage, coverage.by_latitude, label).sort_by("lat")
        lat = rows["lat"].to_numpy()
        if len(labels) == 1 and what.low and what.high:
            low, high = (values_of(rows, name, what) for name in (what.low, what.high))
            ax.fill_betweenx(
                lat, low, high, color=LINES[0], alpha=0.2, linewidth=0, label="fewest to most"
            )
        line: dict[str, Any] = dict(color="0.8", linewidth=0.8)
        if label in here:
            room = ax.bbox.width / ax.figure.dpi - BEFORE_NAMES
            name = fitted(plain(label, 60), room, 6.5, 4) if label else "mean"
            line = dict(look_of_line(number), linewidth=1.1, label=name)
        marker = "." if len(lat) < 13 else ""
        ax.plot(values_of(rows, look.column, what), lat, marker=marker, **line)
    ax.set_xlim(left=0)
    ax.set_ylim(-90, 90)
    ax.set_yticks(range(-60, 61, 30))
    ax.xaxis.set_major_locator(MaxNLocator(3, steps=STEPS))
    ax.grid(alpha=0.3, linewidth=0.5)
    ax.tick_params(labelleft=False, length=2.5, width=0.5)
    if here != [None] or what.low:
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(-0.04, 1.0),
            fontsize=6.5,
            frameon=False,
            handlelength=2.0,
            labelspacing=0.2,
            borderpad=0.1,
        )


def _title(coverage: "Coverage", constellation: str | None) -> str:
    named = f"{plain(constellation, 60)}: " if constellation else ""
    if math.isnan(coverage.min_elevation_deg):
        return f"{named}Satellites in view"
    return f"{named}Satellites above {coverage.min_elevation_deg:g}° of elevation"


def _caption(coverage: "Coverage", source: str | None, counted: bool) -> list[str]:
    """Describe the satellites, the instants, and the lines on the map.

    counted: all satellites are shown, so that their number is worth saying.
    """
    times = coverage.times
    step = (times.step_ns or 0) if times.count > 1 else 0
    facts = of_table(facts_of(coverage.cells), source, counted)
    known = [f"grid: {plain(coverage.grid, 60)}", SOURCE]
    if times.count:
        span = f"{in_words(times.count * step)} " if step else ""
        known.insert(0, f"{span}from {format_ns(times.start_ns)}")
        known[0] += f", every {in_words(step)}" if step else ", one instant"
    return [facts, "; ".join(known)]
