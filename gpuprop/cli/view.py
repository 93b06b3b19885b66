"""`gpuprop view`: the globe with satellites, in one HTML file."""

import re
import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter
from rich.filesize import decimal

from ..errors import UsageError
from ..files.addresses import is_url
from ..literals import Scale
from ..messages import counted
from ..snapshots import Snapshots, open_snapshots
from ..viewer import view as make_globe
from ..viewer.globe import MOST_BYTES
from ..viewer.sites import site_of_text, sites_of_file
from .console import DONE, print_result, say, silent
from .inputs import check_outputs, given_store
from .options import FILES, INSTANTS, MESSAGES, STATES, Json, flag, wrong_call
from .propagators import open_propagator, report_engine
from .satellites import chosen_satellites, instant_ns
from .shared_options import TOGETHER, EarthOrientationFile, EngineOptions, SatelliteOptions

SATELLITES, RUN = SatelliteOptions(), EngineOptions()
WEB = ("http://", "https://", "ftp://")
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(k|M|G)?B?", re.ASCII | re.IGNORECASE)


def view(
    *sources: Annotated[
        str,
        Parameter(
            name="SOURCE",
            help="Catalogues or constellations, as for propagate; or one directory of snapshots.",
        ),
    ],
    output: Annotated[
        Path | None,
        Parameter(
            name=["--output", "-o"],
            help="The HTML file to write; an existing file is replaced.",
            group=FILES,
        ),
    ] = None,
    start: Annotated[
        str | None,
        Parameter(
            help="First instant, UTC [default: median epoch of the input, rounded up to the "
            "minute].",
            group=INSTANTS,
        ),
    ] = None,
    stop: Annotated[str | None, Parameter(help="Last instant, UTC.", group=INSTANTS)] = None,
    duration: Annotated[
        str | None,
        Parameter(
            help="Length of time from --start, in place of --stop [default: 90min, or less if the "
            "page would be larger than --max-size].",
            group=INSTANTS,
        ),
    ] = None,
    scale: Annotated[
        Scale, Parameter(help="Time scale of --start and --stop.", group=INSTANTS)
    ] = "utc",
    coverage: Annotated[
        Path | None,
        Parameter(help="A table of cells of gpuprop coverage, drawn on the Earth.", group=STATES),
    ] = None,
    site: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="A site on the ground, NAME,LAT,LON[,HEIGHT] (deg, km): 'Brasilia,-15.79,-47.88'. "
            "Repeated: several.",
            group=STATES,
        ),
    ] = None,
    sites: Annotated[
        Path | None,
        Parameter(help="A CSV file of sites: name, lat, lon, height_km.", group=STATES),
    ] = None,
    min_elevation: Annotated[
        float, Parameter(help="Minimum elevation for sites, deg.", group=STATES)
    ] = 25.0,
    title: Annotated[
        str | None, Parameter(help="Title of the page [default: the SOURCEs].", group=FILES)
    ] = None,
    max_size: Annotated[
        str, Parameter(help="Largest size of the file: 15MB, 800kB ...", group=FILES)
    ] = f"{MOST_BYTES // 1_000_000}MB",
    open: Annotated[bool, flag("Open the file in the browser.", FILES)] = False,
    satellites: Annotated[SatelliteOptions, TOGETHER] = SATELLITES,
    eop: EarthOrientationFile = None,
    run: Annotated[EngineOptions, TOGETHER] = RUN,
    json: Json = False,
    quiet: Annotated[bool, flag("Print nothing but errors on stderr.", MESSAGES)] = False,
) -> int:
    """Run `gpuprop view`."""
    if not sources:
        raise UsageError("SOURCE is missing: name a catalogue, a constellation or a directory")
    if output is None:
        raise UsageError("-o FILE is missing: name the HTML file to write, such as globe.html")
    check_outputs([output], [*sources, sites, coverage, eop])
    tell = silent if quiet else say
    places = [site_of_text(text) for text in site or ()]
    places += sites_of_file(sites) if sites is not None else []
    most = _bytes(max_size)
    begin: np.datetime64 | None
    end: np.datetime64 | None
    with wrong_call():
        begin, end = (
            None if each is None else np.datetime64(instant_ns(each, scale), "ns")
            for each in (start, stop)
        )
    snapshots = _directory(sources)
    source: Any = snapshots
    if snapshots is not None:
        if replace(satellites, on_error="raise", checksum="verify") != SATELLITES:
            raise UsageError(
                "--select, --where, --latest, --epoch and --first-id are for catalogues and "
                f"constellations: {snapshots.path} holds snapshots"
            )
    else:
        elements, begin = chosen_satellites(sources, satellites, begin, tell, run.gravity)
        source = open_propagator(elements, run, tell, eop=eop)
        report_engine(source, run, tell)
    with wrong_call():
        globe = make_globe(
            source,
            start=begin,
            stop=end,
            duration=duration,
            sites=places,
            min_elevation_deg=min_elevation,
            coverage=coverage,
            title=title,
            sources=sources,
            max_bytes=most,
        )
    globe.save(output)
    facts = globe.facts
    minutes = facts["duration_s"] / 60.0
    text = (
        f"wrote {output}: {counted(facts['satellites'], 'satellite')} for {minutes:g} minutes from "
        f"{facts['start']}, {decimal(facts['bytes'])}"
    )
    if error := facts["error_m"]:
        tell(
            f"error of interpolation: median {error['median']} m, 99 % below {error['p99']} m, at "
            f"most {error['largest']} m"
        )
    print_result(dict(path=str(output)) | facts, json, text)
    if open:
        webbrowser.open(output.resolve().as_uri())
    return DONE


def _directory(sources: tuple[str, ...]) -> Snapshots | None:
    """Return the snapshots that the only SOURCE names, or None for catalogues."""
    first = sources[0]
    stored = is_url(first) and not first.lower().startswith(WEB)  # an object store
    if len(sources) == 1 and (stored or Path(first).is_dir()):
        return open_snapshots(given_store(first).path, partial=True)
    for each in sources:
        if Path(each).is_dir():
            raise UsageError(f"{each} is a directory: it must be the only SOURCE")
    return None


def _bytes(text: str) -> int:
    match = SIZE.fullmatch(text.strip())
    if not match:
        raise UsageError(f"--max-size {text!r}: write a number and a unit, such as 15MB")
    unit = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}[(match[2] or "").lower()]
    return int(float(match[1]) * unit)
