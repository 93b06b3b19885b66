"""What `gpuprop plot` does: read, compute, draw, write one file."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rich.filesize import decimal

from ..catalogs.sources import read_sources
from ..errors import UsageError
from ..files.whole_file import replace
from ..messages import shown
from ..plots import check_picture, need_matplotlib
from ..propagator import Propagator
from .console import DONE, print_result, say, silent
from .inputs import check_outputs
from .options import wrong_call
from .plot_options import (
    CoverageMapOptions,
    GroundTrackOptions,
    PictureOptions,
    RaceOptions,
    ShellOptions,
    SkyOptions,
)
from .progress import progress_bar
from .propagators import open_propagator, report_engine, report_inputs
from .satellites import Tell, instant_ns, read_satellites, source_names
from .shared_options import EngineOptions, MessageOptions, WindowOptions
from .sites import doubt, given_sites

# When pyarrow first converts an array, it imports pandas if that is installed. A signal during an
# import may be lost, so this happens now, while signals wait (see __main__.py).
pa.array(np.empty(0))
if find_spec("matplotlib") is not None:  # the same for matplotlib; its absence is reported later
    for name in ("coverage", "coverage_table", "day", "dome", "orbits", "track"):
        import_module(f"gpuprop.plots.{name}")

MOST_MAPS = 8  # on a page that can be printed
ONE_DAY = WindowOptions(duration="1d")


def draw_coverage(table: str, options: CoverageMapOptions) -> int:
    """Draw a table of coverage."""
    _prepare(options.picture, [table])
    from ..plots.caption import facts_of
    from ..plots.coverage import coverage_page
    from ..plots.coverage_table import read_coverage
    from ..plots.scale import ALL

    if not Path(table).is_file():
        raise UsageError(
            f"{shown(table)} is no file: gpuprop coverage SOURCE... -o coverage.parquet writes the "
            "table; with --map it also draws it"
        )
    codes = [code for word in options.region or () for code in word.replace(",", " ").split()]
    found = read_coverage(table, regions=codes, column=options.column)
    labels = [label for label in found.labels if label != ALL]
    chosen = options.constellation or (labels[:MOST_MAPS] if labels else None)
    if chosen and len(chosen) > MOST_MAPS:
        raise UsageError(f"a page has room for {MOST_MAPS} maps: give fewer --constellation")
    tell = _teller(options.messages)
    if chosen and not options.constellation and len(chosen) < len(labels):
        tell(f"the picture shows the first {len(chosen)} of {len(labels)}: {', '.join(chosen)}")
    named = facts_of(found.cells).get("sources")
    page = coverage_page(
        found,
        options.column,
        source=options.picture.source or (None if named else f"source: {Path(table).name}"),
        constellations=chosen,
        title=options.picture.title,
    )
    return _write(page, options.picture, options.messages, rows=found.cells.num_rows)


def draw_ground_track(sources: Sequence[str], options: GroundTrackOptions) -> int:
    """Draw ground tracks."""
    _prepare(options.picture, [*sources, *(options.sites or ()), options.eop])
    from matplotlib.figure import Figure

    from ..plots.track import ground_track

    with wrong_call():
        sites = given_sites(options.site, options.sites)
    prop, window = _open(sources, options)
    with prop, wrong_call():
        ax = ground_track(
            prop,
            **window,
            sites=sites,
            title=options.picture.title,
            source=options.picture.source,
            make=Figure,
        )
    return _write(ax.figure, options.picture, options.messages, satellites=len(prop.elements))


def draw_sky(sources: Sequence[str], options: SkyOptions) -> int:
    """Draw the sky over a site."""
    _prepare(options.picture, [*sources, options.eop])
    from matplotlib.figure import Figure

    from ..plots.dome import sky

    with wrong_call():
        (site,) = given_sites(options.site, None)
    doubt([site], options.site_dark, _teller(options.messages))
    prop, window = _open(sources, options)
    with prop, wrong_call():
        ax = sky(
            prop,
            site,
            **window,
            min_elevation_deg=options.min_elevation,
            sunlit=options.sunlit,
            site_sun_below_deg=options.site_dark,
            east=options.east,
            time_zone=options.time_zone,
            title=options.picture.title,
            source=options.picture.source,
            make=Figure,
        )
    return _write(ax.figure, options.picture, options.messages, satellites=len(prop.elements))


def draw_shells(sources: Sequence[str], options: ShellOptions) -> int:
    """Draw shells."""
    against = options.against
    _prepare(options.picture, [*sources, against])
    from matplotlib.figure import Figure

    from ..plots.orbits import shells

    tell = _teller(options.messages)
    elements, _ = read_satellites(
        sources,
        options.satellites,
        ONE_DAY,
        tell,
        gravity=EngineOptions().gravity,
        verbose=options.messages.verbose,
    )
    filed = None
    if against is not None:
        # the nodes of both at one epoch
        filed = read_sources([against], epoch=elements.median_epoch).from_source(
            source_names([against])[0]
        )
    with wrong_call():
        drawn = shells(
            elements,
            filed,
            title=options.picture.title,
            source=options.picture.source,
            make=Figure,
        )
    figure = drawn[0, 0].figure
    facts = dict(satellites=len(elements), filed=None if filed is None else len(filed))
    return _write(figure, options.picture, options.messages, **facts)


def draw_race(sources: Sequence[str], options: RaceOptions) -> int:
    """Draw the race."""
    _prepare(options.picture, [*sources, *(options.sites or ()), options.eop])
    from matplotlib.figure import Figure

    from ..plots.coverage_table import read_table
    from ..plots.day import race, race_of_passes

    picture = options.picture
    if len(sources) == 1 and sources[0].lower().endswith((".parquet", ".arrow")):
        if options.site or options.sites:
            raise UsageError(f"{shown(sources[0])} has its sites: leave --site and --sites out")
        if not Path(sources[0]).is_file():
            raise UsageError(f"there is no file {shown(sources[0])}")
        passes = read_table(sources[0], "passes")
        named = picture.source or f"source: {Path(sources[0]).name}"
        drawn = race_of_passes(passes, title=picture.title, source=named, make=Figure)
        return _write(drawn[0].figure, picture, options.messages, passes=passes.num_rows)
    with wrong_call():
        sites = given_sites(options.site, options.sites)
    if not sites:
        raise UsageError(
            "there is no site: give --site 'Brasilia,-15.79,-47.88,1.17' or --sites FILE.csv"
        )
    prop, window = _open(sources, options)
    with prop, progress_bar(options.messages.quiet) as progress, wrong_call():
        drawn = race(
            prop,
            sites,
            **window,
            min_elevation_deg=options.min_elevation,
            by=options.by,
            title=picture.title,
            source=picture.source,
            progress=progress,
            make=Figure,
        )
    return _write(drawn[0].figure, picture, options.messages, satellites=len(prop.elements))


def _prepare(picture: PictureOptions, inputs: Sequence[str | None]) -> None:
    """Check before anything is read that the picture can be made and written."""
    assert picture.output is not None
    check_picture(picture.output)
    need_matplotlib()
    check_outputs([picture.output], [each for each in inputs if each is not None])


def _teller(messages: MessageOptions) -> Tell:
    return silent if messages.quiet else say


def _open(
    sources: Sequence[str], options: GroundTrackOptions | SkyOptions | RaceOptions
) -> tuple[Propagator, dict[str, Any]]:
    """Read the satellites. Return their propagator, and the window as the functions take it."""
    tell = _teller(options.messages)
    elements, start = read_satellites(
        sources,
        options.satellites,
        options.window,
        tell,
        gravity=options.run.gravity,
        verbose=options.messages.verbose,
    )
    prop = open_propagator(elements, options.run, tell, eop=options.eop)
    given = _window(start, options.window)
    report_inputs(elements, int(given["start"].astype(np.int64)), tell)
    report_engine(prop, options.run, tell)
    return prop, given


def _window(start: str, window: WindowOptions) -> dict[str, Any]:
    """Return start, stop and duration, in UTC, as the functions of plots/ take them."""

    def utc(text: str) -> np.datetime64:
        return np.datetime64(instant_ns(text, window.scale), "ns")

    with wrong_call():
        if window.stop is not None and window.duration is not None:
            raise UsageError("give either --stop or --duration")
        return dict(
            start=utc(start),
            stop=None if window.stop is None else utc(window.stop),
            duration=window.duration,
        )


def _write(
    figure: Any, picture: PictureOptions, messages: MessageOptions, **facts: int | None
) -> int:
    """Write the picture, whole or not at all, and report it."""
    from ..plots.paper import picture as file_of

    assert picture.output is not None
    size = replace(Path(picture.output), [file_of(figure, picture.output)])
    told = dict(path=picture.output, bytes=size) | facts
    print_result(told, messages.json, f"wrote {picture.output}: {decimal(size)}")
    return DONE
