"""Ground tracks: the points of the Earth below satellites, on a map."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.markers import MarkerStyle

from ..analysis.site import Site
from ..elements.sets import Elements
from ..errors import UsageError
from ..messages import counted
from ..propagator import Propagator
from ..sgp4.gravity import Gravity
from ..time.instants import format_ns
from ..time.times import Times
from ..time.units import DAY, MINUTE, SECOND
from ..typing import Array, Bits, Duration, Instant
from .caption import of_satellites
from .clock import clock, marks, step_for, window_in_words
from .labels import Labels, around
from .paper import TITLE_SIZE, WIDTH, MakeFigure, Page, fitted, ink, look_of_line, plain, style
from .window import window_of
from .world import SOURCE, draw_world

MOST_SATELLITES = 20
MOST_STATES = 400_000
TURN_DEG = 1.5  # of a satellite between two points of its track
MOST_MARKS = 12  # on a track
NAME_CHARACTERS = 24
FEW = 4  # satellites whose labels all have room
LEFT, RIGHT, TICKS = 0.45, 0.15, 0.24


def ground_track(
    prop: Propagator,
    start: Instant | None = None,
    stop: Instant | None = None,
    *,
    duration: Duration | None = None,
    sites: Sequence[Site] = (),
    ax: Axes | None = None,
    title: str | None = None,
    source: str | None = None,
    make: MakeFigure | None = None,
) -> Axes:
    """Draw the ground tracks of satellites.

    Parameters
    ----------
    prop : Propagator
        The satellites, at most 20.
    start : instant, optional
        First instant, UTC. When most of the element sets are from, unless given.
    stop : instant, optional
        Last instant, UTC.
    duration : duration, optional
        Length of time, in place of stop. One revolution of the slowest satellite, at most a day,
        unless given.
    sites : sequence of Site
        Places that are marked.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; a new figure, with a caption, unless given.
    title, source : str, optional
        In place of the satellites' names and of `Elements.source`.
    make : callable, optional
        Makes the figure: matplotlib.pyplot.figure unless given.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, in longitude and geodetic latitude (WGS-84), deg.

    Raises
    ------
    UsageError
        For no satellite or more than 20, for a span that is too long for so many, and if no
        satellite has a position.

    Notes
    -----
    A ring is the position at the first instant, triangles point where the satellite goes, and dots
    are whole minutes or hours. Colours and dashes both tell satellites apart. Labels hide no
    others: what has no room is left out, and the caption counts it.
    """
    elements = prop.elements
    _check(elements)
    begin, end = window_of(elements, start, stop, duration, _revolution(elements))
    times = _instants(elements, prop.model.gravity, begin, end)
    block = prop.states(times, "geodetic", velocity=False)
    good = np.isfinite(block.lat) & np.isfinite(block.lon)
    seen = np.flatnonzero(good.any(axis=0))
    if not len(seen):
        raise UsageError(
            f"none of the {counted(len(elements), 'satellite')} has a position from "
            f"{format_ns(begin)} on: choose instants near their epochs"
        )
    step = step_for(end - begin, max(3, MOST_MARKS // max(1, len(elements) // 4)))
    instants = marks(begin, end, step)
    dots = prop.states(Times(instants), "geodetic", velocity=False)
    named = plain(title) if title is not None else _title(elements, begin, end)
    with style(ax):
        if ax is None:
            width = WIDTH - LEFT - RIGHT
            about = _caption(elements, begin, end, step, len(elements) - len(seen), source)
            page = Page(make, width / 2 + TICKS, named, about)
            ax = page.axes(LEFT, 0.0, width, width / 2)
        else:
            ax.set_title(fitted(named, WIDTH, TITLE_SIZE), loc="left", parse_math=False)
        draw_world(ax, pale=True)
        ax.grid(alpha=0.25, linewidth=0.4)
        for number in seen.tolist():
            lon, lat = unrolled_track(block.lon[:, number], block.lat[:, number])
            ax.plot(lon, lat, linewidth=1.1, zorder=4, **look_of_line(number))
        _label(ax, elements, seen, block, dots, instants, sites, end - begin > DAY)
    return ax


def unrolled_track(lon: Array, lat: Array) -> tuple[Array, Array]:
    """Cut a track where it passes 180 degrees, and at instants without a position.

    Parameters
    ----------
    lon, lat
        The points (n,), deg; NaN without a position.

    Returns
    -------
    lon, lat
        The points, with points on 180 and -180 degrees and NaN between them at every passage.
    """
    good = np.isfinite(lon) & np.isfinite(lat)
    pieces_lon: list[Array] = []
    pieces_lat: list[Array] = []
    cuts = np.flatnonzero(np.diff(good)) + 1
    for part in np.split(np.arange(len(lon)), cuts):
        if not len(part) or not good[part[0]]:
            continue
        x, y = np.degrees(np.unwrap(np.radians(lon[part]))), lat[part]
        turn = np.floor((x + 180.0) / 360.0)
        at = np.flatnonzero(np.diff(turn))
        edge = 360.0 * np.maximum(turn[at], turn[at + 1]) - 180.0
        share = (edge - x[at]) / (x[at + 1] - x[at])
        lat_edge = y[at] + share * (y[at + 1] - y[at])
        # 180 and -180 in the direction of the passage, and a gap between them
        side = np.where(turn[at + 1] > turn[at], 180.0, -180.0)
        nothing = np.full(len(at), np.nan)
        place = np.repeat(at + 1, 3)
        pieces_lon += [
            np.insert(x - 360.0 * turn, place, np.stack([side, nothing, -side], 1).ravel()),
            np.array([np.nan]),
        ]
        pieces_lat += [
            np.insert(y, place, np.stack([lat_edge, nothing, lat_edge], 1).ravel()),
            np.array([np.nan]),
        ]
    if not pieces_lon:
        return np.empty(0), np.empty(0)
    return np.concatenate(pieces_lon[:-1]), np.concatenate(pieces_lat[:-1])


def _check(elements: Elements) -> None:
    if not len(elements):
        raise UsageError("there is no satellite to draw")
    if len(elements) > MOST_SATELLITES:
        raise UsageError(
            f"{len(elements):,} ground tracks would hide each other: choose at most "
            f"{MOST_SATELLITES} satellites, such as --select 'ISS*' or elements.select(...)"
        )


def _revolution(elements: Elements) -> int:
    """Return the longest period in whole minutes, at most a day, ns."""
    motion = elements.fields["MEAN_MOTION"].astype(np.float64)
    days = 1.0 / motion[motion > 0].min() if (motion > 0).any() else 1.0
    return min(DAY, max(1, int(np.ceil(days * DAY / MINUTE))) * MINUTE)


def _instants(elements: Elements, gravity: Gravity, begin: int, end: int) -> Times:
    """Return instants, both ends included, between which no satellite turns by more than 1.5 deg.

    At perigee the angular speed is n (1 + e)^2 / (1 - e^2)^(3/2).
    """
    e = np.clip(elements.eccentricity, 0.0, 0.99)
    rate = elements.mean_motion / 60.0 * (1.0 + e) ** 2 / (1.0 - e * e) ** 1.5  # rad/s
    step = np.radians(TURN_DEG) / max(float(np.nan_to_num(rate).max()), 1e-6)
    count = max(2, int(np.ceil((end - begin) / SECOND / step)) + 1)
    if count * len(elements) > MOST_STATES:
        most = MOST_STATES // len(elements) * step
        raise UsageError(
            f"so long a ground track of {counted(len(elements), 'satellite')} cannot be read: "
            f"give at most {most / 86_400:.3g} days, or fewer satellites"
        )
    offsets = np.round(np.linspace(0.0, float(end - begin), count)).astype(np.int64)
    return Times(begin + offsets)


def _label(
    ax: Axes,
    elements: Elements,
    seen: Bits,
    block: Any,
    dots: Any,
    instants: Bits,
    sites: Sequence[Site],
    days: bool,
) -> None:
    """Mark the beginnings, the directions and the time, and write names and times."""
    for site in sites:
        lon = (site.longitude_deg + 180.0) % 360.0 - 180.0
        ax.plot(lon, site.latitude_deg, "^", color="black", markersize=4, zorder=5)
    labels = Labels(ax)
    for number in seen.tolist():
        lon, lat = block.lon[:, number], block.lat[:, number]
        look: dict[str, Any] = dict(color=look_of_line(number)["color"], zorder=5)
        labels.prefer_clear_of_points(ax.transData.transform(np.column_stack((lon, lat))))
        _arrows(ax, lon, lat, look)
        ax.plot(dots.lon[:, number], dots.lat[:, number], "o", markersize=2.4, **look)
        first = int(np.flatnonzero(np.isfinite(lat))[0])
        ax.plot(lon[first], lat[first], "o", markersize=6, markerfacecolor="white", **look)
        start = ax.transData.transform([[lon[first], lat[first]]])
        labels.keep_clear_of_points(start, 4.0)
    for site in sites:
        lon = (site.longitude_deg + 180.0) % 360.0 - 180.0
        point = ax.transData.transform((lon, site.latitude_deg))
        labels.keep_clear_of_points(point[None], 3.0)
        labels.place(point, plain(site.label, NAME_CHARACTERS), around(6.0), fontsize=6.5)
    for number in seen.tolist():
        first = int(np.flatnonzero(np.isfinite(block.lat[:, number]))[0])
        point = ax.transData.transform((block.lon[first, number], block.lat[first, number]))
        name = plain(str(elements.name[number]), NAME_CHARACTERS) or str(elements.sat_id[number])
        bold: dict[str, Any] = dict(fontsize=7.5, fontweight="bold", color=ink(number))
        labels.place(point, name, around(7.0), **bold)
    for number in seen.tolist():
        for which, ns in enumerate(instants.tolist()):
            place = dots.lon[which, number], dots.lat[which, number]
            if np.isfinite(place).all():
                point = ax.transData.transform(place)
                text = clock(ns, day=days)
                labels.place(point, text, around(4.0), fontsize=6, color=ink(number))


def _arrows(ax: Axes, lon: Array, lat: Array, look: dict[str, Any]) -> None:
    """Draw triangles that point along a track: three on the way, and one at its end."""
    n = len(lon)
    for share in (0.15, 0.4, 0.65, 1.0):
        at = min(int(share * (n - 1)), n - 2)
        if not np.isfinite([lon[at], lon[at + 1], lat[at], lat[at + 1]]).all():
            continue
        if abs(lon[at + 1] - lon[at]) > 180.0:
            continue
        (x0, y0), (x1, y1) = ax.transData.transform(
            [[lon[at], lat[at]], [lon[at + 1], lat[at + 1]]]
        )
        if np.hypot(x1 - x0, y1 - y0) < 0.05:  # it stands still
            continue
        marker = MarkerStyle("^").rotated(deg=float(np.degrees(np.arctan2(y1 - y0, x1 - x0))) - 90)
        ax.plot(lon[at + 1], lat[at + 1], marker=marker, markersize=5.5, linestyle="", **look)


def _title(elements: Elements, begin: int, end: int) -> str:
    names = [plain(str(name), NAME_CHARACTERS) for name in elements.name[:3]]
    if len(elements) > 3:
        names = [f"{len(elements)} satellites"]
    return f"Ground track of {', '.join(names)}, {window_in_words(begin, end)}"


def _caption(
    elements: Elements, begin: int, end: int, step: int, lost: int, source: str | None
) -> list[str]:
    every = f"{step // MINUTE:,} min" if step % MINUTE == 0 else f"{step / SECOND:g} s"
    said = [
        f"ring: first instant; triangles: direction; dots: UTC every {every}",
        *(["labels without room are left out"] if len(elements) > FEW else []),
        *([f"{counted(lost, 'satellite')} without a position"] if lost else []),
        "geodetic latitude of WGS-84",
        SOURCE,
    ]
    return [of_satellites(elements, source), "; ".join(said)]
