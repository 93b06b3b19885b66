"""What `gpuprop view` does: read satellites or snapshots, and write the page."""

import re
import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.filesize import decimal

from ..errors import UsageError
from ..files.addresses import is_url
from ..messages import counted
from ..snapshots import Snapshots, open_snapshots
from ..time.durations import in_words
from ..time.units import SECOND
from ..viewer import view as make_globe
from ..viewer.computed import USUAL_NS
from .console import DONE, print_result, say, silent
from .inputs import check_outputs, given_store
from .options import wrong_call
from .propagators import open_propagator, report_engine
from .satellites import chosen_satellites, instant_ns
from .shared_options import SatelliteOptions
from .sites import given_sites
from .view_options import ViewOptions

WEB = ("http://", "https://", "ftp://")
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(k|M|G)?B?", re.ASCII | re.IGNORECASE)


def run_view(sources: tuple[str, ...], output: Path, options: ViewOptions) -> int:
    """Run the command, and return the exit code."""
    check_outputs([output], [*sources, *(options.sites or ()), options.coverage, options.eop])
    if output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{str(output)!r} is no page: its name must end in .html")
    tell = silent if options.quiet else say
    most = _bytes(options.max_size)
    begin: np.datetime64 | None
    end: np.datetime64 | None
    with wrong_call():
        places = given_sites(options.site, options.sites)
        begin, end = (
            None if each is None else np.datetime64(instant_ns(each, options.scale), "ns")
            for each in (options.start, options.stop)
        )
    snapshots = _directory(sources)
    source: Any = snapshots
    if snapshots is not None:
        if replace(options.satellites, on_error="raise", checksum="verify") != SatelliteOptions():
            raise UsageError(
                "--select, --where, --latest, --epoch and --first-id are for catalogues and "
                f"constellations: {snapshots.path} holds snapshots"
            )
    else:
        elements, begin = chosen_satellites(
            sources, options.satellites, begin, tell, options.run.gravity
        )
        source = open_propagator(elements, options.run, tell, eop=options.eop)
        report_engine(source, options.run, tell)
    with wrong_call():
        globe = make_globe(
            source,
            start=begin,
            stop=end,
            duration=options.duration,
            sites=places,
            min_elevation_deg=options.min_elevation,
            coverage=options.coverage,
            title=options.title,
            sources=sources,
            max_bytes=most,
        )
    globe.save(output)
    facts = globe.facts
    shown_ns = round(facts["duration_s"] * SECOND)
    text = (
        f"wrote {output}: {counted(facts['satellites'], 'satellite')} for {in_words(shown_ns)} "
        f"from {facts['start']}, {decimal(facts['bytes'])}"
    )
    if snapshots is None and not options.duration and end is None and shown_ns < USUAL_NS:
        tell(
            f"{in_words(shown_ns)} are what fits {options.max_size}: --max-size and --duration "
            "give more"
        )
    if error := facts["error_m"]:
        tell(
            f"error of interpolation: median {error['median']} m, 99 % below {error['p99']} m, at "
            f"most {error['largest']} m"
        )
    print_result(dict(path=str(output)) | facts, options.json, text)
    if options.open:
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
