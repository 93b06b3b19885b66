"""The function `view`, and the page that it returns."""

import html
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from ..analysis.coverage import Coverage
from ..analysis.look_angles import Site
from ..analysis.tables import Sites, read_sites
from ..catalogs.sources import read_sources
from ..elements.sets import Elements
from ..errors import UsageError
from ..files.addresses import is_url
from ..files.whole_file import replace
from ..frames import EarthOrientation, earth_orientation
from ..messages import counted, shortened
from ..propagator import Propagator
from ..snapshots import Snapshots, open_snapshots
from ..time.durations import duration_ns
from ..time.instants import format_ns
from ..time.times import instant_ns
from ..time.units import SECOND
from ..typing import Duration, Instant
from ..version import __version__
from . import earth
from .computed import computed_tracks, usual_duration
from .coverage import coverage_layer
from .groups import groups_of
from .knots import Tracks
from .page import page
from .recorded import recorded_elements, recorded_tracks
from .statement import NOTE_CHARACTERS, Facts, facts_of, statement

MOST_BYTES = 15_000_000

Table: TypeAlias = str | os.PathLike[str] | pa.Table | Coverage
Source: TypeAlias = str | os.PathLike[str] | Sequence[str] | Propagator | Elements | Snapshots


@dataclass(frozen=True, eq=False, repr=False)
class Globe:
    """A page that shows satellites on the globe. A notebook shows it inline.

    Parameters
    ----------
    html : str
        The page: one HTML document that needs no network.
    facts : dict
        What is in it: satellites, start, stop, duration_s, steps_s between knots, bytes, and
        error_m: the measured error of the interpolation in metres (median, 99 %, largest).
    height_px : int
        Height in a notebook.
    """

    html: str = field(repr=False)
    facts: Facts
    height_px: int = 640

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, which is complete or absent.

        Parameters
        ----------
        path : str or path
            The file; an existing one is replaced.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        OSError
            If it cannot be written; the old file is then unchanged.
        """
        replace(Path(path), [self.html])
        return Path(path)

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" title="gpuprop" allow="fullscreen" '
            f'style="width:100%;height:{self.height_px}px;border:0;border-radius:8px"></iframe>'
        )

    def __repr__(self) -> str:
        size = f"{self.facts['bytes'] / 1e6:.1f} MB"
        satellites = counted(self.facts["satellites"], "satellite")
        return f"<Globe: {satellites}, {self.facts['start']} to {self.facts['stop']}, {size}>"


def view(
    source: Source,
    *,
    start: Instant | None = None,
    stop: Instant | None = None,
    duration: Duration | None = None,
    sites: Sites = (),
    min_elevation_deg: float = 25.0,
    coverage: Table | None = None,
    title: str | None = None,
    sources: Sequence[str] = (),
    max_bytes: int = MOST_BYTES,
    height_px: int = 640,
) -> Globe:
    """Make a page that shows satellites on the globe as they move.

    Parameters
    ----------
    source : Propagator, Elements, Snapshots, str, path, or sequence of str
        The satellites: a propagator, element sets, snapshots that `open_snapshots` opened, a
        directory of snapshots, or SOURCEs as on the command line (files, constellations).
    start, stop : instant, optional
        The window, UTC. Default start: when most of the element sets are from; the first instant
        of snapshots.
    duration : duration, optional
        Its length, in place of `stop`. Default: 90 minutes, or less if the page would be too large.
    sites : Site, iterable of Site, str or path
        Sites on the ground, whose satellites in view the page shows; or a CSV file of them with the
        columns name, lat, lon (deg) and, if given, height_km.
    min_elevation_deg : float
        Minimum elevation for sites, deg, from 0 to 90. It can be changed in the page.
    coverage : str, path, pyarrow.Table or Coverage, optional
        A table of coverage that is drawn on the Earth.
    title : str, optional
        Title of the page.
    sources : sequence of str
        What the page names as sources, besides the notes of the element sets; what `source` names
        unless given.
    max_bytes : int
        Largest size of the page.
    height_px : int
        Height in a notebook, in pixels.

    Returns
    -------
    Globe
        The page. `save` writes it to a file; a notebook shows it.

    Raises
    ------
    UsageError
        If the page would be larger than `max_bytes` (the message says what would fit), if there are
        no satellites, and for a window, a site or a table that cannot be used.
    ValueError
        For an instant or a file of sites that cannot be read, and for an instant outside the Earth
        orientation.

    Notes
    -----
    The page has position and velocity of each satellite at knots in TEME, every 120 to 150 s in low
    orbit, less often in higher ones, and draws the cubic Hermite curve between them. It states the
    measured error. The Earth turns as in PEF: polar motion, at most 15 m on the ground, is left
    out.
    """
    if not 0.0 <= min_elevation_deg < 90.0:
        raise UsageError(
            f"min_elevation_deg {min_elevation_deg:g}: give at least 0 and less than 90"
        )
    if stop is not None and duration is not None:
        raise UsageError("give stop or duration, not both")
    places = _sites(sites)
    layer = None if coverage is None else coverage_layer(coverage)
    window = (
        None if start is None else instant_ns(start),
        None if stop is None else instant_ns(stop),
        None if duration is None else duration_ns(duration, "duration"),
    )
    opened = _opened(source)
    if isinstance(opened, Snapshots):
        shown = _recorded(opened, *window, max_bytes)
    else:
        shown = _computed(opened, *window, max_bytes)
    elements, tracks = shown.elements, shown.tracks
    named = list(map(_short, sources or _names(source)))
    name = title or ", ".join(named) or "Satellites"
    about = statement(elements, tracks, shown.begin, shown.end, shown.eop, shown.model)
    about["Sources"] = [", ".join(named) or "element sets as given", *about["Sources"]]
    facts = facts_of(elements, tracks, shown.begin, shown.end)
    data, arrays = _content(shown)
    data |= {"title": name, "about": about, "least_elevation": min_elevation_deg}
    data |= {"sites": list(map(_site_data, places)), "coverage": None}
    if layer is not None:
        about["Coverage"] = layer.source
        data["coverage"] = [image.facts for image in layer.images]
        arrays |= {f"coverage_{image.column}": image.pixels for image in layer.images}
    text = page(name, data, arrays)
    size = len(text.encode())
    if size > max_bytes:
        raise UsageError(
            f"the page has {size / 1e6:.4g} MB, and it may have {max_bytes / 1e6:g} MB: give "
            f"a shorter --duration, fewer satellites (--select), or --max-size "
            f"{-(-size // 1_000_000)}MB"
        )
    facts["bytes"] = size
    return Globe(text, facts, height_px)


@dataclass(frozen=True, eq=False)
class _Shown:
    """Satellites in a window, in ns since 1970 UTC, and how their positions were made."""

    elements: Elements
    tracks: Tracks
    begin: int
    end: int
    gravity: str
    eop: EarthOrientation
    model: str


def _computed(
    prop: Propagator, begin: int | None, end: int | None, length: int | None, most_bytes: int
) -> _Shown:
    """Compute positions in a window that begins where most of the element sets are from."""
    if not len(prop.elements):
        raise UsageError("there are no satellites to show")
    begin = int(prop.elements.default_start.astype(np.int64)) if begin is None else begin
    length = _length(begin, end, length) or usual_duration(prop, most_bytes)
    tracks = computed_tracks(prop, begin, length, most_bytes)
    gravity = prop.model.gravity.name
    model = f"SGP4, {gravity}, opsmode {prop.model.opsmode}"
    return _Shown(prop.elements, tracks, begin, begin + length, gravity, prop.eop, model)


def _recorded(
    snapshots: Snapshots, begin: int | None, end: int | None, length: int | None, most_bytes: int
) -> _Shown:
    """Read positions in a window that begins with the first instant."""
    begin = int(snapshots.times.edges.min()) if begin is None else begin
    length = _length(begin, end, length)
    tracks = recorded_tracks(snapshots, begin, length, most_bytes)
    ns = tracks.tracks[0].ns
    last = int(ns[-1]) if length is None else min(int(ns[-1]), begin + length)
    model = f"snapshots {snapshots.path.name}, written in {snapshots.metadata['frame']}"
    return _Shown(
        recorded_elements(snapshots),
        tracks,
        int(ns[0]),
        last,
        str(snapshots.metadata.get("gravity", "wgs72")),
        earth_orientation(),
        model,
    )


def _length(begin: int, end: int | None, length: int | None) -> int | None:
    """Return the length of a window in ns, None unless it is given."""
    length = length if end is None else end - begin
    if length is not None and length < SECOND:
        raise UsageError("the window of a page must last a second or more")
    return length


def _opened(source: Source) -> Propagator | Snapshots:
    """Return what a source means."""
    if isinstance(source, Propagator | Snapshots):
        return source
    if isinstance(source, Elements):
        return Propagator(source)
    if isinstance(source, str | os.PathLike) and os.path.isdir(source):
        return open_snapshots(source, partial=True)
    given = [os.fspath(source)] if isinstance(source, str | os.PathLike) else list(source)
    return Propagator(read_sources(given))


def _names(source: Source) -> list[str]:
    """Return the names of sources."""
    if isinstance(source, str | os.PathLike):
        return [os.fspath(source).rstrip(os.sep)]
    if isinstance(source, Snapshots):
        return [source.path.name]
    return [] if isinstance(source, Propagator | Elements) else list(source)


def _short(source: str) -> str:
    """Return a source without the folders of this machine; walker:53:60/5/1@550 has none."""
    if os.path.exists(source) or is_url(source):
        source = os.path.basename(source.rstrip("/"))
    return shortened(source, NOTE_CHARACTERS)


def _sites(given: Sites) -> list[Site]:
    """Return the sites, in the order given."""
    if isinstance(given, str | os.PathLike):
        return read_sites(given)
    return [given] if isinstance(given, Site) else list(given)


def _site_data(site: Site) -> dict[str, str | float]:
    return dict(
        name=site.name or f"{site.latitude_deg:g}, {site.longitude_deg:g}",
        lat=site.latitude_deg,
        lon=site.longitude_deg,
        height=site.height_km,
    )


def _content(shown: _Shown) -> tuple[dict[str, Any], dict[str, Any]]:
    """Collect what the page draws: satellites in the order of the tracks, and the Earth."""
    elements, tracks, begin, end = shown.elements, shown.tracks, shown.begin, shown.end
    order = np.concatenate([track.members for track in tracks.tracks])
    groups = groups_of(elements, tracks.status, shown.gravity)
    turning = earth.turning(begin, end, shown.eop)
    arrays: dict[str, Any] = {
        "knots": np.concatenate([track.knots.ravel() for track in tracks.tracks]),
        "times": np.concatenate([(track.ns - begin) / SECOND for track in tracks.tracks]),
        "groups": np.concatenate([each.index[order] for each in groups]),
        "error": tracks.error_m[order].astype(np.float32),
        "epochs": elements.epoch.view(np.int64)[order] / SECOND,
    }
    for name, border in (("coast", False), ("border", True)):
        arrays[f"{name}_points"], arrays[f"{name}_lengths"] = earth.lines(border)
    data: dict[str, Any] = {
        "version": __version__,
        "start_ms": begin / 1e6,
        "start": format_ns(begin),
        "duration_s": (end - begin) / SECOND,
        "tracks": [
            dict(knots=len(track.ns), satellites=len(track.members)) for track in tracks.tracks
        ],
        "names": [str(name) for name in elements.name[order]],
        "numbers": elements.sat_id[order].tolist(),
        "groups": [
            dict(name=each.name, labels=list(each.labels), ordered=each.ordered, rest=each.rest)
            for each in groups
        ],
        "angle_rad": turning.angle_rad,
        "rate_rad_s": turning.rate_rad_s,
        "sun": earth.sun_directions(begin, end).tolist(),
    }
    return data, arrays
