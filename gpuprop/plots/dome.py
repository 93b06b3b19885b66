"""The sky over a site: its passes on a polar plot, with a list of them."""

from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.markers import MarkerStyle

from ..analysis.access import access
from ..analysis.look_angles import look_angles
from ..analysis.site import Site
from ..elements.sets import Elements
from ..errors import UsageError
from ..propagator import Propagator
from ..time.instants import format_ns
from ..time.times import Times
from ..time.units import DAY
from ..typing import Array, Duration, Instant
from .caption import of_satellites
from .clock import clock, name_of_offset, offset_of, window_in_words
from .labels import Labels, Offset, around
from .paper import TITLE_SIZE, WIDTH, MakeFigure, Page, fitted, plain, style
from .pass_list import write_list
from .window import window_of

East = Literal["left", "right"]
LIT = 2  # the code of `sunlit` outside of the shadow
BRIGHT, EDGE, PENUMBRA, SHADOW = "#E69F00", "#7A5300", "#9A6A00", "#30343B"
MOST_DRAWN = 300  # passes: more hide each other
MOST_LISTED = 28  # rows beside the sky
MOST_TIMED = 12  # passes with times at their ends: with more, the list alone has them
MOST_TIMED_TOPS = 6  # passes with the time at their culmination
MOST_NUMBERED = 60  # passes with numbers, rings and triangles
SIGNS = "ring: rise; triangle: set; number: highest point, or beside the triangle"
POINTS = 61  # of a path
RINGS = (60, 30)  # deg of elevation
ON_IT = Offset(0.0, 0.0, "center", "center")
DIAMETER, SKY = 3.95, 0.3  # inches: of the horizon, and the room around it


class Paths(NamedTuple):
    """Where satellites stand during their passes, (n_passes, POINTS) each."""

    azimuth: Array  # rad, from north over east
    elevation: Array  # deg
    lit: Array  # code of `sunlit`


def sky(
    prop: Propagator,
    site: Site,
    start: Instant | None = None,
    stop: Instant | None = None,
    *,
    duration: Duration | None = None,
    min_elevation_deg: float = 10.0,
    sunlit: bool = False,
    site_sun_below_deg: float | None = None,
    east: East = "left",
    time_zone: str = "UTC",
    ax: Axes | None = None,
    title: str | None = None,
    source: str | None = None,
    make: MakeFigure | None = None,
) -> Axes:
    """Draw the passes of satellites over a site on the dome of the sky.

    Parameters
    ----------
    prop : Propagator
        The satellites; each has one element set.
    site : Site
        The place on the ground.
    start : instant, optional
        First instant, UTC. When most of the element sets are from, unless given.
    stop : instant, optional
        End of the window, not included.
    duration : duration, optional
        Length of time, in place of stop; a day unless given.
    min_elevation_deg : float
        Minimum elevation of a pass, deg, in [0, 90); a dashed ring.
    sunlit, site_sun_below_deg
        Which passes are kept, as for `gpuprop.access`.
    east : {"left", "right"}
        `left`: as one who looks up sees the sky, as on star charts. `right`: as on a compass, with
        azimuths clockwise.
    time_zone : str
        The clock of the times in the picture, such as "America/Santiago"; its difference from UTC
        at the start holds for the whole picture. `start` and `stop` stay UTC.
    ax : matplotlib.axes.Axes, optional
        Polar axes to draw into, without the list; a new figure, with a caption, unless given.
    title, source : str, optional
        In place of the site's name and the window, and of `Elements.source`.
    make : callable, optional
        Makes the figure: matplotlib.pyplot.figure unless given.

    Returns
    -------
    matplotlib.axes.Axes
        Polar axes: azimuth from north over east, rad, and distance from the zenith, deg.

    Raises
    ------
    UsageError
        If there is no pass, for axes that are not polar, for another word for east, and for a
        time zone that is not known.
    ValueError
        As for `gpuprop.access`.

    Notes
    -----
    Bright parts of a path are in sunlight, dark parts in the Earth's shadow. A ring is the rise, a
    triangle the set; the number stands at the culmination, and the list has the times. Of more
    than 300 passes the highest are drawn, and the caption says so. Refraction is left out.
    """
    if east not in ("left", "right"):
        raise UsageError(f"east {east!r} is not known: use 'left' or 'right'")
    if ax is not None and ax.name != "polar":
        raise UsageError(
            "a sky needs polar axes: make them with subplot_kw={'projection': 'polar'}"
        )
    elements = prop.elements
    begin, end = window_of(elements, start, stop, duration, DAY)
    ahead = offset_of(time_zone, begin)
    passes = access(
        prop,
        site,
        np.datetime64(begin, "ns"),
        np.datetime64(end, "ns"),
        min_elevation_deg=min_elevation_deg,
        sunlit=sunlit,
        site_sun_below_deg=site_sun_below_deg,
    )
    if not passes.num_rows:
        raise UsageError(
            f"no satellite passes over {plain(site.label, 60)} above {min_elevation_deg:g} deg"
            f"{_which(sunlit, site_sun_below_deg)} from {format_ns(begin)} to {format_ns(end)}: "
            "give another time, a longer duration, or a lower minimum elevation"
        )
    found, chosen = passes.num_rows, passes
    if found > MOST_DRAWN:
        highest = np.argsort(-passes["max_elevation_deg"].to_numpy(), kind="stable")[:MOST_DRAWN]
        chosen = passes.take(pa.array(np.sort(highest)))
    paths = _paths(prop, site, chosen)
    shown = _on_the_clock(chosen, ahead)
    named = plain(title) if title is not None else _title(site, begin, end, ahead)
    with style(ax):
        if ax is None:
            listed = min(chosen.num_rows, MOST_LISTED)
            about = _caption(elements, site, found, min_elevation_deg, east, source, ahead)
            across = DIAMETER + 2 * SKY
            page = Page(make, across, named, about)
            ax = page.axes(SKY, SKY, DIAMETER, DIAMETER, projection="polar")
            table = page.axes(across, 0.0, WIDTH - across, across)
            write_list(table, shown.slice(0, listed), chosen.num_rows - listed, end - begin > DAY)
        else:
            ax.set_title(fitted(named, WIDTH, TITLE_SIZE), parse_math=False)
        _dress(ax, min_elevation_deg, east)
        _draw(ax, paths, shown, end - begin > DAY)
    return ax


def _which(sunlit: bool, site_sun_below_deg: float | None) -> str:
    """Say which passes are kept."""
    dark = "" if site_sun_below_deg is None else f", with the Sun below {site_sun_below_deg:g} deg"
    return (", in sunlight" if sunlit else "") + dark


def _on_the_clock(passes: pa.Table, ahead: int) -> pa.Table:
    """Return passes with their instants moved to a clock that is so many ns ahead of UTC."""
    for name in ("rise", "culmination", "set"):
        place = passes.schema.get_field_index(name)
        field = passes.schema.field(place)
        moved = passes[name].to_numpy().astype("datetime64[ns]") + np.timedelta64(ahead, "ns")
        passes = passes.set_column(place, field, pa.array(moved).cast(field.type))
    return passes


def _paths(prop: Propagator, site: Site, passes: pa.Table) -> Paths:
    """Compute where satellites stand at equal distances in time, from rise to set."""
    ids = passes["sat_id"].to_numpy()
    order = np.argsort(prop.elements.sat_id, kind="stable")
    index = order[np.searchsorted(prop.elements.sat_id, ids, sorter=order)]
    rise, last = (passes[name].to_numpy().astype(np.int64) for name in ("rise", "set"))
    share = np.linspace(0.0, 1.0, POINTS)
    ns = rise[:, None] + np.round((last - rise - 1)[:, None] * share).astype(np.int64)
    states = prop.pair_states(
        np.repeat(index, POINTS), Times(ns.ravel()), "itrs", velocity=False, sunlit=True
    )
    seen = look_angles(states, site, range_rate=False)
    shape = ns.shape
    return Paths(
        np.asarray(seen.azimuth).reshape(shape),
        np.degrees(np.asarray(seen.elevation)).reshape(shape),
        np.asarray(states.sunlit).reshape(shape),
    )


def _dress(ax: Axes, least: float, east: East) -> None:
    """Set north, east, directions and rings of elevation of polar axes."""
    polar: Any = ax
    polar.set_theta_zero_location("N")
    polar.set_theta_direction(1 if east == "left" else -1)
    polar.set_rlim(0.0, 90.0)
    polar.set_rgrids([90 - elevation for elevation in RINGS], [""] * len(RINGS))
    polar.set_thetagrids(range(0, 360, 45), ["N", "NE", "E", "SE", "S", "SW", "W", "NW"])
    ax.tick_params(pad=0)
    ax.grid(alpha=0.35, linewidth=0.5)
    if least > 0.0:
        ring = np.linspace(0.0, 2 * np.pi, 361)
        ax.plot(ring, np.full(361, 90.0 - least), color="0.35", linewidth=0.7, dashes=(4, 2))


def _draw(ax: Axes, paths: Paths, passes: pa.Table, days: bool) -> None:
    n = passes.num_rows
    few = n <= MOST_TIMED
    radius = 90.0 - paths.elevation
    points = np.stack([np.unwrap(paths.azimuth, axis=1), radius], axis=-1)  # (n, POINTS, 2)
    # a part of a path has the light of its first point; parts of one light are one line
    lines, lit = [], []
    for number in range(n):
        cuts = np.flatnonzero(np.diff(paths.lit[number])) + 1
        for first, last in zip([0, *cuts], [*cuts, POINTS - 1], strict=True):
            if last > first:
                lines.append(points[number, first : last + 1])
                lit.append(int(paths.lit[number, first]))
    thick = 2.2 if few else 1.4 if n <= MOST_NUMBERED else 0.7

    # in print without colour, a bright path is a wide one with dark edges
    def add(some: list[Array], colour: str, width: float, zorder: float) -> None:
        drawn = LineCollection(some, colors=colour, linewidths=width, zorder=zorder)
        drawn.set(capstyle="butt", rasterized=n > MOST_DRAWN // 3)
        ax.add_collection(drawn, autolim=False)

    for light, colour in ((0, SHADOW), (1, PENUMBRA), (LIT, BRIGHT)):
        some = [line for line, each in zip(lines, lit, strict=True) if each == light]
        if light == LIT:
            add(some, EDGE, thick + 0.35 * max(thick, 1.0), 3.3)
        add(some, colour, thick if light == LIT else 0.55 * thick, 3.0 if light < LIT else 3.5)
    if n > MOST_NUMBERED:
        return
    size = 4.5 if few else 3.0
    dark: dict[str, Any] = dict(color="black", zorder=5, clip_on=False)
    for number in range(n):
        ax.plot(*points[number, 0], "o", markersize=size, markerfacecolor="white", **dark)
        (x0, y0), (x1, y1) = ax.transData.transform(points[number, -2:])
        turn = float(np.degrees(np.arctan2(y1 - y0, x1 - x0))) - 90.0
        arrow = MarkerStyle("^").rotated(deg=turn)
        ax.plot(*points[number, -1], marker=arrow, markersize=size + 1, linestyle="", **dark)
    _label(ax, points, passes, few, days)


def _label(ax: Axes, points: Array, passes: pa.Table, few: bool, days: bool) -> None:
    """Write numbers at culminations and, of few passes, times at all three events."""
    labels = Labels(ax, inside=False)
    pixels = ax.transData.transform(points.reshape(-1, 2)).reshape(points.shape)
    labels.prefer_clear_of_points(_dense(pixels))
    labels.keep_clear_of_points(pixels[:, [0, -1]].reshape(-1, 2), 3.0)
    instants = {
        name: passes[name].to_numpy().astype(np.int64) for name in ("rise", "culmination", "set")
    }
    elevation = passes["max_elevation_deg"].to_numpy()
    for number in range(len(points)):
        # the point of the path that is the nearest to the culmination
        top = pixels[number, int(points[number, :, 1].argmin())]
        bold: dict[str, Any] = dict(fontsize=8, fontweight="bold")
        if len(points) <= MOST_TIMED_TOPS:
            at = clock(int(instants["culmination"][number]), day=days)
            text = f"{number + 1}: {at}, {elevation[number]:.0f}°"
            if labels.place(top, text, around(6.0), fontsize=7, fontweight="bold", strict=True):
                continue
        text, end = f"{number + 1}", pixels[number, -1]
        if not (
            labels.place(top, text, around(6.0), **bold, strict=True)
            or labels.place(end, text, _outwards(ax, end), **bold, strict=True)
        ):
            labels.place(top, text, around(6.0), **bold)
    for elevation_of_ring in RINGS:  # its name, where there is no path
        for azimuth in np.radians(np.arange(157.5, 517.5, 45.0)):
            point = ax.transData.transform((azimuth, 90.0 - elevation_of_ring))
            look: dict[str, Any] = dict(fontsize=6, color="0.4")
            if labels.place(point, f"{elevation_of_ring}°", [ON_IT], strict=True, **look):
                break
    if not few:
        return
    for number in range(len(points)):
        for name, end in (("rise", 0), ("set", -1)):
            offsets = _outwards(ax, pixels[number, end])
            text = clock(int(instants[name][number]), day=days)
            labels.place(pixels[number, end], text, offsets, fontsize=6)


def _outwards(ax: Axes, point: Array) -> list[Offset]:
    """Return the places of a label around an end of a path: first those away from the zenith."""
    away = point - ax.bbox.get_points().mean(axis=0)
    away = away / max(float(np.hypot(*away)), 1e-9)
    return sorted(
        [*around(7.0), *around(12.0)],
        key=lambda each: (
            -(each.right * away[0] + each.up * away[1]) / np.hypot(each.right, each.up)
        ),
    )


def _dense(pixels: Array) -> Array:
    """Put a point between any two of paths (n, POINTS, 2)."""
    between = (pixels[:, 1:] + pixels[:, :-1]) / 2
    return np.concatenate((pixels, between), axis=1).reshape(-1, 2)


def _title(site: Site, begin: int, end: int, ahead: int) -> str:
    return f"Sky over {plain(site.label, 40)}, {window_in_words(begin, end, ahead)}"


def _caption(
    elements: Elements,
    site: Site,
    found: int,
    least: float,
    east: East,
    source: str | None,
    ahead: int,
) -> list[str]:
    drawn = "1 pass" if found == 1 else f"{found:,} passes"
    if found > MOST_DRAWN:
        drawn = f"the highest {MOST_DRAWN} of {drawn}"
    convention = {
        "left": "north up, east left, as one looks up",
        "right": "north up, east right, as on a compass",
    }[east]
    where = (
        f"{abs(site.latitude_deg):g}°{'N' if site.latitude_deg >= 0 else 'S'}, "
        f"{abs(site.longitude_deg):g}°{'E' if site.longitude_deg >= 0 else 'W'}, "
        f"{site.height_km:g} km"
    )
    said = [
        f"{where}; {drawn} above {least:g}° (dashed ring), without refraction; {convention}",
        "wide bright lines: in sunlight; thin dark lines: in shadow",
        *([] if found > MOST_NUMBERED else [SIGNS]),
        f"times in {name_of_offset(ahead)}; < and >: cut by the window",
    ]
    return [of_satellites(elements, source), "; ".join(said)]
