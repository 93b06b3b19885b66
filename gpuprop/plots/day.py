"""The race: how many satellites of each constellation every site has in view through a day."""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..analysis.access.passes import Progress
from ..analysis.coverage.labels import as_labels
from ..analysis.tables import Sites, as_sites
from ..elements.selection import operators_of
from ..errors import UsageError
from ..propagator import Propagator
from ..time.durations import in_words
from ..time.instants import parse_instant
from ..time.units import DAY, HOUR
from ..typing import Array, Duration, Instant
from .caption import facts_of, of_satellites, of_table
from .clock import clock, marks, step_for, window_in_words
from .counts import Counts, Race, counted, interval_of, intervals_of
from .labels import spread
from .paper import WIDTH, MakeFigure, Page, fitted, ink, look_of_line, plain, style, width_of
from .window import window_of

MOST_SITES = 12
MOST_LABELS = 12
LEFT, RIGHT, TICKS = 0.5, 1.85, 0.3  # inches
LEADER = 0.22  # inches: from the end of a line to its name
ROW, ABOVE = 1.2, 0.26  # inches: of a site, and of its name above it
FAR_APART = 5.0  # from this ratio of means on, the scale is a square root
SIZE = 6.5  # of labels, points


def race(
    prop: Propagator,
    sites: Sites,
    start: Instant | None = None,
    stop: Instant | None = None,
    *,
    duration: Duration | None = None,
    min_elevation_deg: float = 25.0,
    by: str | Sequence[str] | npt.ArrayLike = "source",
    title: str | None = None,
    source: str | None = None,
    progress: Progress | None = None,
    make: MakeFigure | None = None,
) -> npt.NDArray[Any]:
    """Draw how many satellites of each constellation are in view of sites, through a day.

    Parameters
    ----------
    prop : Propagator
        The satellites; each has one element set.
    sites : Site, iterable of Site, str or path
        As for `gpuprop.access`; at most 12.
    start : instant, optional
        First instant, UTC. When most of the element sets are from, unless given.
    stop : instant, optional
        End of the window, not included.
    duration : duration, optional
        Length of time, in place of stop; a day unless given.
    min_elevation_deg : float
        Minimum elevation of a satellite in view, deg, in [0, 90).
    by : {"source", "operator"} or (n_sats,) labels
        What a line is about, as for `gpuprop.coverage`; at most 12 labels.
    title, source : str, optional
        In place of the window, and of `Elements.source`.
    progress : callable, optional
        Called as progress(seconds of the window done, all seconds).
    make : callable, optional
        Makes the figure: matplotlib.pyplot.figure unless given.

    Returns
    -------
    (n_sites,) array of matplotlib.axes.Axes
        The axes of each site, from top to bottom: hours since the first instant, and satellites.

    Raises
    ------
    UsageError
        For too many sites or labels, and if no satellite is ever in view.
    ValueError
        As for `gpuprop.access` and `gpuprop.coverage`.

    Notes
    -----
    The counts follow from the exact instants of rise and set of `gpuprop.access`: a line is the
    mean of a bin (a 144th of the window), its band goes from the fewest to the most at any
    instant within the bin.
    """
    elements = prop.elements
    places = as_sites(sites)
    labelled = as_labels(by, elements)
    assert labelled is not None
    names = tuple(dict.fromkeys(labelled.names[number] for number in labelled.of.tolist()))
    _check(len(places), len(names))
    begin, end = window_of(elements, start, stop, duration, DAY)
    number_of = {name: number for number, name in enumerate(names)}
    group = np.array([number_of.get(name, -1) for name in labelled.names])[labelled.of]
    intervals = intervals_of(prop, places, group, begin, end, min_elevation_deg, progress)
    # the order in which the user gave the sites
    given = [site.name for site in places]
    if isinstance(sites, list | tuple):
        given = [site.label for site in sites]
    found = counted(intervals, names, tuple(given), begin, end)
    about = of_satellites(elements, source)
    return _draw(found, min_elevation_deg, about, title, make)


def race_of_passes(
    passes: pa.Table,
    *,
    title: str | None = None,
    source: str = "",
    make: MakeFigure | None = None,
) -> npt.NDArray[Any]:
    """Draw the same of a table of passes, as `gpuprop access` wrote it, by operator.

    Parameters
    ----------
    passes : pyarrow.Table
        The passes, all of them: with the metadata of `gpuprop.access`.
    title, source : str, optional
        As for `race`. Where the passes are from.
    make : callable, optional
        As for `race`.

    Returns
    -------
    (n_sites,) array of matplotlib.axes.Axes
        As from `race`.

    Raises
    ------
    UsageError
        If it is no table of passes, if it has no metadata (a CSV has none), if passes were left
        out of it, if there are none, and for too many sites.
    """
    for column in ("site", "rise", "set", "object_name"):
        if column not in passes.column_names:
            raise UsageError(f"the table has no column {column}: give what gpuprop access writes")
    if not passes.num_rows:
        raise UsageError("there are no passes in the table")
    try:
        facts = json.loads((passes.schema.metadata or {})[b"gpuprop"])["options"]
        begin, end = parse_instant(facts["start"]), parse_instant(facts["stop"])
        least = float(facts["min_elevation_deg"])
        filters = [facts.get(name) for name in ("sunlit", "site_sun_below_deg", "min_duration_s")]
    except (KeyError, ValueError, TypeError):
        raise UsageError(
            "the table does not say its window and minimum elevation: give the .parquet or .arrow "
            "file that gpuprop access writes, or SOURCE and --site"
        ) from None
    if any(each not in (None, False, 0.0) for each in filters):
        raise UsageError(
            "passes were left out of the table (short ones, or by light): give a table of all"
        )
    encoded = passes["object_name"].combine_chunks().dictionary_encode()
    names = np.array([str(name) for name in encoded.dictionary.to_pylist()], object)
    every, group = np.unique(operators_of(names), return_inverse=True)
    sites = tuple(pc.unique(passes["site"]).to_pylist())
    _check(len(sites), len(every))
    of_pass = group.ravel()[encoded.indices.to_numpy(zero_copy_only=False)]
    intervals = [interval_of(passes, sites, of_pass)]
    found = counted(intervals, tuple(every.tolist()), sites, begin, end)
    return _draw(found, least, of_table(facts_of(passes), source or None), title, make)


def _draw(
    found: Race, least: float, about: str, title: str | None, make: MakeFigure | None
) -> npt.NDArray[Any]:
    rows = len(found.sites)
    if not any(each.most.any() for site in found.counts for each in site):
        raise UsageError(
            f"no satellite is in view of any site above {least:g} deg: give a lower minimum "
            "elevation, or a longer duration"
        )
    begin, end = int(found.edges_ns[0]), int(found.edges_ns[-1])
    bin_ns = int(found.edges_ns[1] - begin)
    means = [float(each.mean.mean()) for site in found.counts for each in site]
    known = [mean for mean in means if mean > 0]
    is_root = bool(known) and max(known) > FAR_APART * min(known)
    scale = "; square-root scale" if is_root else ""
    caption = [
        about,
        f"line: mean of {in_words(bin_ns)}; band: fewest to most at any instant within, from exact "
        f"instants of rise and set; right: mean (fewest to most) of the whole window{scale}",
    ]
    named = (
        plain(title)
        if title is not None
        else f"Satellites in view above {least:g}° of elevation, {window_in_words(begin, end)}"
    )
    hours = (found.edges_ns - begin) / HOUR
    step = step_for(end - begin, 8)
    at = marks(begin, end, step)
    days = end - begin > 2 * DAY
    width = WIDTH - LEFT - RIGHT
    drawn = np.empty(rows, object)
    with style(None):
        page = Page(make, rows * (ROW + ABOVE) + TICKS, named, caption)
        for row, (site, counts) in enumerate(zip(found.sites, found.counts, strict=True)):
            ax = page.axes(LEFT, row * (ROW + ABOVE) + ABOVE, width, ROW)
            drawn[row] = ax
            if is_root:
                ax.set_yscale("function", functions=(_root, np.square))
            for number, each in enumerate(counts):
                line = look_of_line(number)
                ax.stairs(
                    each.most,
                    hours,
                    baseline=each.fewest,
                    fill=True,
                    color=line["color"],
                    alpha=min(0.2, 0.5 / len(counts)),
                    linewidth=0,
                )
                middle = (hours[1:] + hours[:-1]) / 2
                ax.plot(middle, each.mean, linewidth=1.2, **line)
            ax.set_title(fitted(plain(site, 200), width, 8.5), loc="left", pad=3)
            ax.set_xlim(hours[0], hours[-1])
            high = max((float(each.most.max()) for each in counts), default=1.0)
            ax.set_ylim(0.0, 1.06 * max(high, 1.0))
            ax.set_yticks(_ticks(high, is_root))
            ax.set_xticks((at - begin) / HOUR, [clock(int(ns), day=days) for ns in at])
            ax.tick_params(length=2.5, width=0.5, labelbottom=row == rows - 1, labelsize=7)
            ax.grid(alpha=0.3, linewidth=0.5)
            ax.set_ylabel("satellites", fontsize=7)
            _name(ax, found.labels, counts)
        drawn[-1].set_xlabel("UTC", fontsize=7, labelpad=1)
    return drawn


def _name(ax: Axes, labels: Sequence[str], counts: Sequence[Counts]) -> None:
    """Name the lines at their right ends, with what they are on average."""
    low, high = ax.bbox.y0, ax.bbox.y1
    pixel = ax.figure.dpi / 72.0
    ends = [ax.transData.transform((0.0, each.mean[-1]))[1] for each in counts]
    height = SIZE * 1.32 * pixel
    size = SIZE
    # names may stand below and above the axes, where the next site has none
    low, high = low - 4 * pixel, high + 14 * pixel
    if len(counts) * height > high - low:
        height = (high - low) / len(counts)
        size = height / 1.32 / pixel
    width = WIDTH - LEFT - RIGHT
    room = RIGHT - LEADER - 0.16
    across = 1.0 + np.array([0.0, 0.2, 0.5, 0.85]) * LEADER / width
    for number, (label, y) in enumerate(zip(labels, spread(ends, height, low, high), strict=True)):
        each = counts[number]
        facts = f" {each.mean.mean():.1f} ({each.fewest.min():.0f} to {each.most.max():.0f})"
        place = (y - ax.bbox.y0) / ax.bbox.height
        at = (ends[number] - ax.bbox.y0) / ax.bbox.height
        look: dict[str, Any] = dict(transform=ax.transAxes, clip_on=False)
        ax.plot(across, [at, at, place, place], **look_of_line(number), **look)
        ax.lines[-1].set_linewidth(0.9)
        # the name is cut, never the numbers
        name = _beside(plain(label, 60), facts, room, size)
        ax.text(
            1.0 + LEADER / width, place, name, fontsize=size, va="center", color=ink(number), **look
        )


def _beside(name: str, facts: str, room: float, size: float) -> str:
    return fitted(name, room - width_of(facts, size), size, 4) + facts


def _root(values: npt.ArrayLike) -> Array:
    return np.sqrt(np.maximum(np.asarray(values, np.float64), 0.0))


def _ticks(high: float, is_root: bool) -> list[float]:
    """Return whole numbers as ticks; on a square-root scale 0, 1, 2, 5, 10, 20 ..."""
    if not is_root:
        ticks = MaxNLocator(4, integer=True).tick_values(0.0, max(high, 1.0))
        return [float(tick) for tick in ticks if 0 <= tick <= max(high, 1.0)]
    ticks, last = [0.0], 0.0
    for tick in (step * 10.0**power for power in range(6) for step in (1, 2, 5)):
        root = math.sqrt(tick / max(high, 1.0))
        if tick <= high and root - last > 0.13:  # there is room for both
            ticks.append(tick)
            last = root
    return ticks


def _check(sites: int, labels: int) -> None:
    if sites > MOST_SITES:
        raise UsageError(f"{sites:,} sites are too many for one picture: give at most {MOST_SITES}")
    if labels > MOST_LABELS:
        raise UsageError(
            f"{labels} constellations are too many for one picture: give at most {MOST_LABELS}"
        )
