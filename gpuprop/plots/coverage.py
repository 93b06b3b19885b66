"""The map of coverage, and the page with map and profile by latitude."""

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib
import numpy as np
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..errors import UsageError
from ..time.durations import in_words
from ..time.instants import format_ns
from .cells import draw_cells
from .columns import SATELLITES, Meaning, meaning
from .paper import TEXT
from .world import SOURCE, draw_world

if TYPE_CHECKING:
    from ..analysis.coverage import Coverage

ALL = "all"  # the label of all satellites together
OTHER = "other"  # the label of satellites of no known operator
# Okabe and Ito's colours, without the yellow: readers with any colour vision tell them apart
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
FAR_APART = 5.0  # from this ratio of medians on, maps with one scale need a square-root one
DARKEST = 0.15  # of viridis: darker colours would hide the black lines
STEPS = (1, 2, 2.5, 5, 10)  # of ticks
DASHES = ("-", "--", "-.", ":")
WIDTH = 7.5  # of a page, inches: it fits on A4 and letter paper
LEFT, RIGHT, GAP = 0.42, 0.2, 0.12
TOP, TITLE, TICKS, BAR, CAPTION = 0.26, 0.36, 0.22, 0.52, 0.42


class Look(NamedTuple):
    """The column that a picture shows, and its colours."""

    column: str
    what: Meaning
    colours: Colormap
    norm: Normalize
    extend: str = "neither"  # ends of the bar that get an arrow: there are values beyond
    only: str = ""  # what all cells have, instead of a scale


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
        What `gpuprop.coverage` returned.
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
    look = _look(coverage, column, [constellation], vmin, vmax)
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(WIDTH, 4.6), layout="constrained")
    drawn = _draw_map(ax, coverage, look, constellation)
    place: dict[str, Any] = dict(location="bottom", shrink=0.7, aspect=40, pad=0.02)
    bar = ax.figure.colorbar(drawn, ax=ax, **place, **_bar(look))
    _describe_bar(bar, look)
    ax.set_title(_title(coverage, constellation), loc="left")
    return ax


def coverage_page(
    coverage: "Coverage",
    column: str = "visible_mean",
    *,
    source: str | None = None,
    constellations: Sequence[str] | None = None,
) -> Figure:
    """Draw a page: the map, the profile by latitude beside it, and a caption.

    Regions have white outlines. With labels (`by`), there is a map for each. All have the same
    colours, on a square-root scale if their numbers differ much. `other`, which may have many times
    as many satellites, does not set the scale if there are named ones: what is beyond it has the
    last colour, and the bar an arrow. The profile beside a row of maps has a line for each label;
    those of the row are coloured.

    Parameters
    ----------
    coverage
        What `gpuprop.coverage` returned.
    column
        A column of numbers of `coverage.cells`.
    source
        Where the satellites are from, for the caption.
    constellations
        The labels that are shown, in this order. All but `all` unless given.

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
    look = _look(coverage, column, labels)
    across = min(len(labels), 2)
    rows = math.ceil(len(labels) / across)
    beside = 1.35 if across == 1 else 1.0
    width = (WIDTH - LEFT - RIGHT - beside - across * GAP) / across
    row_height = TITLE + width / 2 if len(labels) > 1 else 0.2 + width / 2
    height = TOP + rows * row_height + TICKS + BAR + CAPTION
    with matplotlib.rc_context(TEXT):
        figure = Figure(figsize=(WIDTH, height))

        def place(x: float, y: float, w: float, h: float, **how: Any) -> Axes:
            """Make axes at a place in inches, from the left and from the top."""
            return figure.add_axes((x / WIDTH, 1 - (y + h) / height, w / WIDTH, h / height), **how)

        drawn: Any = None
        first: Axes | None = None
        for row in range(rows):
            y = TOP + (row + 1) * row_height - width / 2
            here = labels[row * across : (row + 1) * across]
            for number, label in enumerate(here):
                ax = place(LEFT + number * (width + GAP), y, width, width / 2)
                drawn = _draw_map(ax, coverage, look, label)
                ax.tick_params(
                    labelleft=number == 0, labelbottom=row * across + number + across >= len(labels)
                )
                if label is not None:
                    ax.set_title(label, loc="left", pad=3)
            x = LEFT + across * (width + GAP)
            ax = place(x, y, beside, width / 2, **({"sharex": first} if first else {}))
            first = first or ax
            _profile(ax, coverage, look, labels, here)
            ax.tick_params(labelbottom=row == rows - 1)
            if row == rows - 1:
                ax.set_xlabel(f"by latitude ({look.what.unit})", fontsize=7)
        span = across * (width + GAP) - GAP
        y = TOP + rows * row_height + TICKS + 0.06
        bar = figure.colorbar(
            drawn,
            cax=place(LEFT + 0.15 * span, y, 0.7 * span, 0.09),
            orientation="horizontal",
            **_bar(look),
        )
        _describe_bar(bar, look)
        figure.text(0.12 / WIDTH, 1 - 0.1 / height, _title(coverage, None), fontsize=9.5, va="top")
        figure.text(
            0.12 / WIDTH,
            0.08 / height,
            _caption(coverage, source, len(shown) >= len(coverage.labels) - 1),
            fontsize=6.5,
            va="bottom",
            color="0.25",
            linespacing=1.3,
        )
    return figure


def _rows(coverage: "Coverage", table: Any, label: str | None) -> Any:
    """Return the rows of one label, of all satellites together for None."""
    if not coverage.labels:
        if label is None:
            return table
        raise UsageError(f"there is no constellation {label!r}: coverage was computed without by=")
    label = ALL if label is None else label
    if label not in {*coverage.labels, ALL}:
        raise UsageError(
            f"there is no constellation {label!r}: there are {', '.join(coverage.labels)}"
        )
    return table.filter(pc.equal(table["constellation"], label))


def _values(rows: Any, column: str, what: Meaning) -> Any:
    return rows[column].to_numpy().astype(np.float64) * what.scale


def _look(
    coverage: "Coverage",
    column: str,
    labels: list[str | None],
    vmin: float | None = None,
    vmax: float | None = None,
) -> Look:
    """Choose the colours of the values of some labels. `other` has those of the named ones."""
    what = meaning(column, coverage.cells)
    of = {label: _values(_rows(coverage, coverage.cells, label), column, what) for label in labels}
    every = np.concatenate(list(of.values()))
    every = every[np.isfinite(every)]
    each = [of[label] for label in labels if label != OTHER] or list(of.values())
    values = np.concatenate(each)
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if what.unit == "%":
        high = 100.0
    if 0 <= low < 0.5 * high or low == high:
        low = 0.0
    low, high = low if vmin is None else vmin, high if vmax is None else vmax
    below, above = bool((every < low).any()), bool((every > high).any())
    extend = "both" if below and above else "min" if below else "max" if above else "neither"
    if high <= low:
        high = low + 1.0
    if vmin is None and vmax is None and (not len(every) or ("gap" in column and not every.any())):
        # one value, of which a scale from 0 to 1 would say nothing
        colour = matplotlib.colormaps["viridis"](DARKEST) if len(every) else (0.85, 0.85, 0.85, 1.0)
        only = "no gaps" if len(every) else "not known"
        return Look(column, what, ListedColormap([colour]), Normalize(low, high), only=only)
    viridis = matplotlib.colormaps["viridis"](np.linspace(DARKEST, 1.0, 256))
    colours = ListedColormap(viridis, name=f"viridis from {DARKEST}").with_extremes(bad="0.85")
    middles = [float(np.median(some)) for some in each]
    if what.unit == SATELLITES and low == 0 and max(middles) > FAR_APART * min(middles):
        return Look(column, what, colours, PowerNorm(0.5, low, high), extend)
    return Look(column, what, colours, Normalize(low, high), extend)


def _draw_map(ax: Axes, coverage: "Coverage", look: Look, label: str | None) -> Any:
    cells = _rows(coverage, coverage.cells, label)
    values = _values(cells, look.column, look.what)
    drawn = draw_cells(ax, cells, values, look.colours, look.norm)
    regions = coverage.by_region
    codes = regions["region"].to_pylist() if regions.num_rows else []
    draw_world(ax, list(dict.fromkeys(codes)))
    return drawn


def _bar(look: Look) -> dict[str, Any]:
    """Return how a colour bar shows what is beyond its ends."""
    return dict(extend=look.extend, extendfrac=0.03)


def _describe_bar(bar: Any, look: Look) -> None:
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(length=2.5, width=0.5)
    if look.only:
        bar.set_ticks([])
        bar.set_label(f"{look.what.words}: {look.only}")
        return
    bar.set_label(look.what.label)
    bar.locator = MaxNLocator(7, steps=STEPS)
    if isinstance(look.norm, PowerNorm):
        bar.set_label(f"{look.what.label}, square-root scale")
        high = float(look.norm.vmax or 1)
        series = [step * 10.0**power for power in range(-2, 7) for step in (1, 2, 5)]
        ticks = [0.0, *(tick for tick in series if 0.008 * high <= tick <= high)]
        if ticks[-1] < 0.8 * high and high >= 10:  # what the last colour means
            ticks.append(math.floor(high))
        bar.set_ticks(ticks)
        bar.ax.xaxis.set_major_formatter("{x:g}")


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
        rows = _rows(coverage, coverage.by_latitude, label).sort_by("lat")
        lat = rows["lat"].to_numpy()
        if len(labels) == 1 and what.low and what.high:
            low, high = (_values(rows, name, what) for name in (what.low, what.high))
            ax.fill_betweenx(
                lat, low, high, color=LINES[0], alpha=0.2, linewidth=0, label="fewest to most"
            )
        style: dict[str, Any] = dict(color="0.8", linewidth=0.8)
        if label in here:
            style = dict(
                color=LINES[number % len(LINES)],
                linestyle=DASHES[number // len(LINES) % len(DASHES)],
                linewidth=1.1,
                label=_short(label) if label else "mean",
            )
        ax.plot(_values(rows, look.column, what), lat, marker="." if len(lat) < 13 else "", **style)
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
            handlelength=1.4,
            labelspacing=0.2,
            borderpad=0.1,
        )


def _short(label: str) -> str:
    """Cut a label that does not fit above the profile."""
    return label if len(label) <= 18 else f"{label[:15]}…"


def _title(coverage: "Coverage", constellation: str | None) -> str:
    named = f"{constellation}: " if constellation else ""
    return f"{named}Satellites above {coverage.min_elevation_deg:g}° of elevation"


def _caption(coverage: "Coverage", source: str | None, counted: bool) -> str:
    """Describe the satellites, the instants, and the lines on the map.

    counted: all satellites are shown, so that their number is worth saying.
    """
    about = json.loads((coverage.cells.schema.metadata or {}).get(b"gpuprop", b"{}"))
    times, step = coverage.times, coverage.times.step_ns or 0
    facts = [source] if source else []
    if counted and "satellites" in about:
        facts.append(f"{about['satellites']:,} satellites")
    instants = (
        f"{in_words(times.count * step)} from {format_ns(times.start_ns)}, every {in_words(step)}; "
        f"grid: {coverage.grid}; {SOURCE}"
    )
    return "\n".join(filter(None, ("; ".join(facts), instants)))
