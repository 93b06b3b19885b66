"""The column of coverage that a picture shows, its values and its colours."""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib
import numpy as np
import pyarrow.compute as pc
from matplotlib.colors import Colormap, ListedColormap, Normalize, PowerNorm
from matplotlib.ticker import MaxNLocator

from ..errors import UsageError
from .columns import SATELLITES, Meaning, meaning

if TYPE_CHECKING:
    from ..analysis.coverage import Coverage

ALL = "all"  # the label of all satellites together
OTHER = "other"  # the label of satellites of no known operator
FAR_APART = 5.0  # a scale that ends above so many times a map's median is a square-root one
DARKEST = 0.15  # of viridis: darker colours would hide the black lines
TICK_SPACE = 0.05  # of the bar, between two ticks of a square-root scale
STEPS = (1, 2, 2.5, 5, 10)  # of ticks


class Look(NamedTuple):
    """The column that a picture shows, and its colours."""

    column: str
    what: Meaning
    colours: Colormap
    norm: Normalize
    extend: str = "neither"  # ends of the bar that get an arrow: there are values beyond
    only: str = ""  # what all cells have, instead of a scale


def rows_of(coverage: "Coverage", table: Any, label: str | None) -> Any:
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


def values_of(rows: Any, column: str, what: Meaning) -> Any:
    """Return the values of a column of some rows (n,), in the unit of the picture."""
    return rows[column].to_numpy().astype(np.float64) * what.scale


def look_of(
    coverage: "Coverage",
    column: str,
    labels: list[str | None],
    vmin: float | None = None,
    vmax: float | None = None,
) -> Look:
    """Choose the colours of the values of some labels. `other` has those of the named ones."""
    what = meaning(column, coverage.cells)
    of = {
        label: values_of(rows_of(coverage, coverage.cells, label), column, what) for label in labels
    }
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
    if what.unit == SATELLITES and low == 0 and high > FAR_APART * min(middles):
        return Look(column, what, colours, PowerNorm(0.5, low, high), extend)
    return Look(column, what, colours, Normalize(low, high), extend)


def ends_of_bar(look: Look) -> dict[str, Any]:
    """Return how a colour bar shows what is beyond its ends."""
    return dict(extend=look.extend, extendfrac=0.03)


def describe_bar(bar: Any, look: Look) -> None:
    """Write what a colour bar shows, with its unit, and its ticks."""
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
        ticks = [0.0]
        for tick in (each for each in series if 0.008 * high <= each <= high):
            if math.sqrt(tick / high) - math.sqrt(ticks[-1] / high) >= TICK_SPACE:
                ticks.append(tick)
        if ticks[-1] < 0.8 * high and high >= 10:  # what the last colour means
            ticks.append(math.floor(high))
        bar.set_ticks(ticks)
        bar.ax.xaxis.set_major_formatter("{x:g}")
