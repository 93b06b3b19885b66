"""Shells: altitude against inclination and node, as filed and as flown."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, MultipleLocator, NullLocator

from ..elements.sets import Elements, checked_elements
from ..errors import UsageError
from ..filings.survey import FlownShell, Survey
from ..filings.survey import shells as survey_shells
from ..filings.survey.orbits import Orbits, orbits_of
from ..filings.survey.survey import filed_shells
from ..typing import Array, Mask
from .caption import of_satellites
from .labels import spread
from .paper import LINE_HEIGHT, LINES, POINTS, WIDTH, MakeFigure, Page, plain, style

LEFT, RIGHT, GAP, TICKS = 0.55, 1.75, 0.2, 0.36  # inches
WIDER = 0.18  # inches: for altitudes of five and more digits
ROW, ABOVE = 2.3, 0.28  # inches: of a row, and of its name above it
LEADER = 0.2  # inches: from the axes to the label of a shell
SIZE = 6.2  # of labels, points
MOST_LABELS = 18  # shells beside a row
MOST_MARKERS = 2_000  # with more, they are an image in vector formats: a small file
WIDE = 6.0  # from this ratio of altitudes on, the scale is logarithmic
# as flown: what a satellite does, its marker and colour
STATES: dict[str, tuple[str, str]] = {
    "on station": ("o", LINES[0]),
    "raising": ("^", LINES[2]),
    "decaying": ("v", LINES[1]),
    "drifting": ("x", "0.45"),
}
FILED = "filed"


class Group(NamedTuple):
    """Satellites that are drawn alike: mask (n,) of the row. marker: empty for filed ones."""

    name: str
    marker: str
    colour: str
    mask: Mask


class Row(NamedTuple):
    """What one row of the picture shows."""

    name: str
    orbits: Orbits
    groups: list[Group]
    shells: Sequence[FlownShell]


def shells(
    elements: Elements,
    filed: Elements | None = None,
    *,
    title: str | None = None,
    source: str | None = None,
    filed_source: str | None = None,
    make: MakeFigure | None = None,
) -> npt.NDArray[Any]:
    """Draw shells: altitude against inclination and against the node of every orbit.

    Parameters
    ----------
    elements : Elements
        A catalogue, or a filing (synthetic satellites alone).
    filed : Elements, optional
        A filing, which is drawn below the catalogue, on the same scales.
    title, source, filed_source : str, optional
        In place of what is shown, and of `Elements.source` of both.
    make : callable, optional
        Makes the figure: matplotlib.pyplot.figure unless given.

    Returns
    -------
    (n_rows, 2) array of matplotlib.axes.Axes
        As flown and as filed: inclination and node, deg, and altitude, km.

    Raises
    ------
    UsageError
        If there is no satellite with an orbit.
    TypeError
        For anything but Elements.

    Notes
    -----
    Altitude is the mean radius of SGP4's orbit minus the Earth's equatorial radius, as everywhere
    in gpuprop. Nodes are those of TEME at one epoch: the median epoch of the sets. `gpuprop.shells`
    says which satellites are on station, raising, decaying or drifting.
    """
    rows = [_row(checked_elements(elements, "elements"))]
    about = [of_satellites(elements, source)]
    if filed is not None:
        rows.append(_row(checked_elements(filed, "filed")))
        about = [f"{rows[0].name}: {about[0]}"]
        about.append(f"{rows[1].name}: {of_satellites(filed, filed_source)}")
    known = [row.orbits.altitude[np.isfinite(row.orbits.altitude)] for row in rows]
    every = np.concatenate(known)
    if not len(every):
        raise UsageError("there is no satellite with an orbit to draw")
    lost = sum(len(row.orbits.altitude) for row in rows) - len(every)
    caption = [*about, _key(rows, lost)]
    named = plain(title) if title is not None else "Shells: altitude against inclination and node"
    height = len(rows) * (ROW + ABOVE) + TICKS
    margin = LEFT + (WIDER if every.max() >= 10_000.0 else 0.0)
    width = (WIDTH - margin - GAP - RIGHT) / 2
    drawn = np.empty((len(rows), 2), object)
    with style(None):
        page = Page(make, height, named, caption)
        for number, row in enumerate(rows):
            y = number * (ROW + ABOVE) + ABOVE
            left = page.axes(margin, y, width, ROW)
            right = page.axes(margin + width + GAP, y, width, ROW)
            drawn[number] = left, right
            _scatter(left, row, row.orbits.inclination, "s")
            _scatter(right, row, row.orbits.node, "|")  # planes are near to each other
            for ax in (left, right):
                _scale(ax, every)
                ax.tick_params(labelbottom=number == len(rows) - 1)
            _dress(left, right, row, rows)
            _label(right, row)
    return drawn


def _row(elements: Elements) -> Row:
    """Survey satellites: filed ones are on their shells exactly, the others are where they are."""
    if len(elements) and bool(elements.synthetic.all()):
        orbits = orbits_of(elements)
        every = Group(FILED, "", "black", np.isfinite(orbits.altitude))
        return Row("as filed", orbits, [every], filed_shells(elements))
    survey: Survey = survey_shells(elements)
    groups = [
        Group(name, marker, colour, survey.where(name)) for name, (marker, colour) in STATES.items()
    ]
    present = [group for group in groups if group.mask.any()]
    return Row("as flown", survey.orbits, present, survey.shells)


def _scatter(ax: Axes, row: Row, across: Array, filed: str) -> None:
    """Draw the satellites of a row. filed: the marker of those of a filing."""
    many = len(across) > MOST_MARKERS
    for group in reversed(row.groups):  # those on station above the others
        x, y = across[group.mask], row.orbits.altitude[group.mask]
        look: dict[str, Any] = dict(linewidths=0.6, rasterized=many, zorder=3)
        marker = group.marker or filed
        if marker in "xs|":
            look |= dict(color=group.colour)
        else:
            look |= dict(facecolors="none", edgecolors=group.colour)
        size = 9.0 if marker == "|" or not many else 4.0
        if group.name == FILED:  # all satellites of a plane are one marker
            x, y = np.unique(np.round([x, y], 3), axis=1)
        ax.scatter(x, y, size, marker=marker, label=group.name, **look)


def _scale(ax: Axes, altitudes: Array) -> None:
    """Set the scale of altitudes, the same for all rows: logarithmic if they differ much."""
    low, high = float(altitudes.min()), float(altitudes.max())
    if low > 0.0 and high > WIDE * low:
        ax.set_yscale("log")
        ax.set_ylim(low / 1.12, high * 1.12)
        ax.yaxis.set_major_locator(LogLocator(10, (1.0, 2.0, 5.0), numticks=20))
        ax.yaxis.set_minor_locator(NullLocator())
    else:
        margin = max(0.12 * (high - low), 12.0)
        ax.set_ylim(low - margin, high + margin)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.grid(alpha=0.3, linewidth=0.5)
    ax.tick_params(length=2.5, width=0.5, labelsize=7)


def _dress(left: Axes, right: Axes, row: Row, rows: Sequence[Row]) -> None:
    inclinations = np.concatenate([each.orbits.inclination for each in rows])
    low, high = float(inclinations.min()), float(inclinations.max())
    margin = max(0.1 * (high - low), 1.0)
    left.set_xlim(max(low - margin, -3.0), min(high + margin, 183.0))
    left.xaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 3, 5, 10)))
    left.set_ylabel("altitude (km)", fontsize=7)
    right.set_xlim(0.0, 360.0)
    right.xaxis.set_major_locator(MultipleLocator(60))
    right.tick_params(labelleft=False)
    if row is rows[-1]:
        left.set_xlabel("inclination (deg)", fontsize=7, labelpad=1)
        right.set_xlabel("right ascension of the node (deg, TEME)", fontsize=7, labelpad=1)
    total = int(np.isfinite(row.orbits.altitude).sum())
    left.set_title(f"{row.name}: {total:,} satellites", loc="left", pad=3)
    if row.name == "as flown":
        right.legend(
            [_sign(group) for group in row.groups],
            [f"{group.name} {int(group.mask.sum()):,}" for group in row.groups],
            loc="lower right",
            bbox_to_anchor=(1.0 + (RIGHT - 0.05) * right.figure.dpi / right.bbox.width, 0.985),
            ncols=4,
            fontsize=6.5,
            frameon=False,
            handletextpad=0.1,
            columnspacing=0.8,
            borderpad=0.1,
        )


def _sign(group: Group) -> Any:
    from matplotlib.lines import Line2D

    return Line2D(
        [],
        [],
        linestyle="",
        marker=group.marker,
        markersize=4,
        markeredgecolor=group.colour,
        markerfacecolor="none",
    )


def _label(ax: Axes, row: Row) -> None:
    """Write what the largest shells are, each at its altitude beside the axes."""
    shown = sorted(row.shells, key=len, reverse=True)[:MOST_LABELS]
    pixel = ax.figure.dpi / POINTS
    ends = [float(ax.transData.transform((0.0, shell.altitude_km))[1]) for shell in shown]
    texts = [_named(shell) for shell in shown]
    if len(row.shells) > len(shown):
        texts.append(f"and {len(row.shells) - len(shown)} smaller")
        ends.append(ax.bbox.y0)
    height = SIZE * LINE_HEIGHT * pixel
    places = spread(ends, height, ax.bbox.y0, ax.bbox.y1)
    inch = ax.figure.dpi / ax.bbox.width
    look: dict[str, Any] = dict(transform=ax.transAxes, clip_on=False)
    for number, (text, end, place) in enumerate(zip(texts, ends, places, strict=True)):
        y0, y1 = ((y - ax.bbox.y0) / ax.bbox.height for y in (end, place))
        x = 1.0 + np.array([0.0, 0.15, 0.6, 0.85]) * LEADER * inch
        if number < len(shown):
            ax.plot(x, [y0, y0, y1, y1], color="0.4", linewidth=0.5, **look)
        ax.text(1.0 + LEADER * inch, y1, text, fontsize=SIZE, va="center", **look)


def _named(shell: FlownShell) -> str:
    """Describe a shell: inclination, altitude, satellites, planes."""
    planes = f" in {len(shell.planes)}" if len(shell.planes) > 1 else ""
    inclination = f"{round(shell.inclination_deg, 2):g}°"
    return f"{inclination}, {shell.altitude_km:,.0f} km: {len(shell):,}{planes}"


def _key(rows: Sequence[Row], lost: int) -> str:
    said = [
        "altitude: mean radius of SGP4's orbit minus 6378.135 km",
        "nodes at the median epoch of the sets",
        "right: inclination, altitude, satellites and planes of the largest shells",
    ]
    if any(row.name == "as flown" for row in rows):
        said.append(
            "on station: in a shell of eight or more; others raising, decaying or drifting, by the "
            "change of their altitude"
        )
    if lost:
        said.append(f"{lost:,} without an orbit")
    return "; ".join(said)
