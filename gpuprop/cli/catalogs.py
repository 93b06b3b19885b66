"""`gpuprop info | fetch | export | shells`: catalogues in, and what is in them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter
from rich.filesize import decimal

from ..catalogs.sources import read_sources
from ..catalogs.write.formats import format_of
from ..dataset.store import is_remote
from ..elements.altitudes import ALTITUDE
from ..elements.conditions import QUANTITIES, Satellites
from ..elements.selection import matching, operators
from ..elements.sets import Elements, Reject
from ..files.addresses import url_advice
from ..filings.survey.against import TOLERANCE_DEG, TOLERANCE_KM
from ..messages import counted
from ..propagator import Propagator
from ..sgp4.constants import NEAR_EARTH
from ..sgp4.gravity import gravity_model
from ..snapshots import open_snapshots
from ..time.durations import duration_ns
from ..time.instants import format_ns
from ..time.units import SECOND
from .console import DONE, out, print_result, say, wide
from .options import (
    SATELLITES,
    SHOWN,
    Checksum,
    Epoch,
    FirstId,
    Json,
    Latest,
    OnError,
    Select,
    UsageError,
    Where,
    app,
    chosen,
    flag,
    given_place,
    repeated_numbers,
    say_what_is_odd,
    wrong_call,
)

# km; the band from 35,586 to 35,986 holds the geostationary ring, 35,786 +- 200 km
BANDS = (
    -math.inf,
    300,
    400,
    500,
    600,
    700,
    800,
    1_000,
    1_200,
    1_500,
    2_000,
    10_000,
    30_000,
    35_586,
    35_986,
    math.inf,
)


WEB = ("http://", "https://", "ftp://")


@app.command
def info(
    path: Annotated[
        str,
        Parameter(
            name="PATH",
            help="A catalogue, or a directory of snapshots; or the URL of one (s3://bucket/out).",
        ),
    ],
    /,
    *,
    select: Select = None,
    where: Where = None,
    latest: Latest = False,
    epoch: Epoch = None,
    first_id: FirstId = None,
    on_error: OnError = "skip",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """What a catalogue or a snapshot directory holds."""
    if path.lower().startswith(WEB):
        raise UsageError(url_advice(path))
    there = given_place(path)
    if is_remote(there) or there.is_dir():
        if select or where or latest or epoch is not None or first_id is not None:
            options = "--select, --where, --latest, --epoch and --first-id"
            raise UsageError(
                f"{options} are for catalogues and constellations: {there} holds snapshots"
            )
        snapshots = open_snapshots(there, partial=True)
        step = snapshots.metadata["step"]
        facts = snapshots.metadata | dict(
            complete=snapshots.complete, step_s=duration_ns(step) / SECOND if step else None
        )
        rows = _rows(facts)
    else:
        elements = read_sources(
            [str(there)],
            on_error=on_error,
            checksum=checksum,
            epoch=epoch,
            first_id=first_id,
            latest=latest,
        )
        facts = _catalogue(chosen(elements, select, where, latest=latest), elements.rejected)
        rows = _catalogue_rows(facts)
    if json:
        out.json(facts)
    else:
        out.facts(rows)
    return DONE


def _catalogue(elements: Elements, rejected: Sequence[Reject]) -> dict[str, Any]:
    """What `info` reports about element sets, as values. rejected: records of the source that could
    not be read.
    """
    epochs = elements.epoch.astype("int64")
    bounds = Propagator(elements, "numpy", threads=1).constants.bounds
    near_earth = bounds[NEAR_EARTH].stop - bounds[NEAR_EARTH].start if NEAR_EARTH in bounds else 0
    whose = {
        name: matching(f"@{name}", elements.name)
        for name in sorted({each.name for each in operators().values()})
    }
    nobody = ~np.any(list(whose.values()), axis=0)
    return dict(
        satellites=len(elements),
        epochs=dict(first=format_ns(int(epochs.min())), last=format_ns(int(epochs.max()))),
        near_earth=near_earth,
        deep_space=len(elements) - near_earth,
        sat_ids=dict(first=int(elements.sat_id.min()), last=int(elements.sat_id.max())),
        altitude_bands=_bands(elements),
        operators={name: int(theirs.sum()) for name, theirs in whose.items() if theirs.any()},
        no_operator_known=int(nobody.sum()),
        **repeated_numbers(elements),
        rejected=[asdict(reject) for reject in rejected],
        notes=list(elements.notes),
    )


def _bands(elements: Elements) -> list[dict[str, Any]]:
    """The number of satellites in each band of altitude (as in --where). The lower bound belongs to
    the band. None: no bound.
    """
    altitude = QUANTITIES["altitude_km"].values(
        Satellites(elements.fields, 0, gravity_model("wgs72"))
    )
    counts, _ = np.histogram(altitude[np.isfinite(altitude)], BANDS)
    bounds = [None if math.isinf(bound) else bound for bound in BANDS]
    bands = [
        dict(from_km=low, to_km=high, satellites=int(n))
        for low, high, n in zip(bounds, bounds[1:], counts, strict=False)
        if n
    ]
    return bands


def _catalogue_rows(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The same facts as names and values for a terminal."""
    epochs, sat_ids = facts["epochs"], facts["sat_ids"]
    yield "satellites", f"{facts['satellites']:,}"
    yield "epochs", f"{epochs['first']} to {epochs['last']}"
    yield "near_earth", f"{facts['near_earth']:,}"
    yield "deep_space", f"{facts['deep_space']:,}"
    yield "sat_ids", f"{sat_ids['first']} to {sat_ids['last']}"
    name = "altitude_km"
    for band in facts["altitude_bands"]:
        low, high = (
            None if band[bound] is None else f"{band[bound]:,}" for bound in ("from_km", "to_km")
        )
        span = (
            f"below {high}"
            if low is None
            else f"{low} and more"
            if high is None
            else f"{low} to {high}"
        )
        yield name, f"{span:<16}  {band['satellites']:>7,}"
        name = ""
    name = "operators"
    for operator, count in sorted(facts["operators"].items(), key=lambda each: -each[1]):
        yield name, f"{'@' + operator:<16}  {count:>7,}"
        name = ""
    if facts["no_operator_known"]:
        yield name, f"{'none known':<16}  {facts['no_operator_known']:>7,}"
    for name, values in (
        ("duplicates", map(str, facts["duplicates"])),
        ("shared numbers", map(str, facts["shared_numbers"])),
        (
            "rejected",
            (
                f"line {each['line']}: {each['reason']}: {each['text']!r}"
                for each in facts["rejected"]
            ),
        ),
        ("notes", facts["notes"]),
    ):
        for value in values:
            yield name, value
            name = ""


def _rows(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Any facts as names and values for a terminal: one line for each value of a list or an object."""
    for name, value in facts.items():
        if isinstance(value, dict):
            lines = [f"{key}: {_shown(each)}" for key, each in value.items()]
        else:
            lines = [_shown(each) for each in value] if isinstance(value, list) else [_shown(value)]
        for line in lines:
            yield name, line
            name = ""


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


@app.command
def fetch(
    source: Annotated[
        str,
        Parameter(
            name="GROUP|URL",
            help="A group of CelesTrak (active, starlink ...), an operator, or an address.",
        ),
    ],
    /,
    *,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="The file to write.")
    ] = None,
    timeout: Annotated[
        float,
        Parameter(
            help="Seconds to wait for each step of the connection; the whole download may take 15 min."
        ),
    ] = 60.0,
    json: Json = False,
) -> int:
    """Download element sets from CelesTrak, at most once in two hours: in between the cache
    answers.
    """
    from ..catalogs.celestrak import fetch as fetch_elements

    if output is None:
        raise UsageError("-o FILE is missing: name the file to write")
    with wrong_call():
        fetched = fetch_elements(source, output, timeout_s=timeout, say=say)
    print_result(fetched.to_dict(), json, str(fetched))
    return DONE


@app.command(usage="Usage: gpuprop export SOURCE... -o FILE [OPTIONS]")
def export(
    *sources: Annotated[
        str,
        Parameter(name="SOURCE", help="Catalogues or constellations, as for propagate; joined."),
    ],
    output: Annotated[
        Path | None,
        Parameter(
            name=["--output", "-o"], help="The file to write; one that is there is replaced."
        ),
    ] = None,
    format: Annotated[
        Literal["tle", "2le", "3le", "csv", "json", "kvn", "xml"] | None,
        Parameter(
            help="tle, 3le, 2le, or an OMM as csv, json, kvn or xml [default: by the ending of FILE]."
        ),
    ] = None,
    select: Select = None,
    where: Where = None,
    latest: Latest = False,
    epoch: Epoch = None,
    first_id: FirstId = None,
    on_error: Annotated[
        Literal["raise", "skip"],
        Parameter(help="What to do with sets that cannot be read, or not be written."),
    ] = "raise",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """Write element sets as TLE or OMM, so that reading the file gives the same again."""
    from ..catalogs.write import write_elements
    from ..catalogs.write.held import in_lines

    if not sources or output is None:
        raise UsageError("name what to write and where: gpuprop export SOURCE -o FILE")
    with wrong_call():
        format_of(output, format)
    elements = read_sources(
        sources, on_error=on_error, checksum=checksum, epoch=epoch, first_id=first_id, latest=latest
    )
    say_what_is_odd(elements, latest=latest)
    elements = chosen(elements, select, where, latest=latest)
    written = write_elements(elements, output, format, on_error)
    for line in in_lines(written.rejected, SHOWN):
        say(f"left out: {line}")
    for loss in written.losses:
        say(f"note: {loss}")
    text = f"wrote {written.path}: {counted(written.satellites, 'satellite')} as {written.format}, {decimal(written.bytes)}"
    print_result(written.to_dict() | repeated_numbers(elements), json, text)
    return DONE


@app.command(usage="Usage: gpuprop shells CATALOGUE... [OPTIONS]")
def shells(
    *sources: Annotated[
        str, Parameter(name="CATALOGUE", help="A catalogue file; several are joined.")
    ],
    against: Annotated[
        str | None,
        Parameter(
            help="What to compare with: a constellation as filed, a file of yours, a catalogue."
        ),
    ] = None,
    tolerance_deg: Annotated[
        float,
        Parameter(
            help="Largest difference in inclination between a flown shell and the filed one it fills, deg."
        ),
    ] = TOLERANCE_DEG,
    tolerance_km: Annotated[
        float, Parameter(help=f"The same for altitude, km. Altitude: {ALTITUDE}.")
    ] = TOLERANCE_KM,
    select: Select = None,
    where: Where = None,
    latest: Annotated[
        bool,
        flag("Always on here: only the newest element set of each satellite counts.", SATELLITES),
    ] = True,
    on_error: OnError = "raise",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """The shells that satellites really fill: inclination, altitude, planes; against a filing, how
    much of it is filled.
    """
    from ..filings.survey import filling, fitting_better, report
    from ..filings.survey import shells as survey_of

    if not sources:
        raise UsageError("CATALOGUE is missing: name a file of element sets")
    elements = read_sources(sources, on_error=on_error, checksum=checksum, latest=latest)
    say_what_is_odd(elements, latest=latest)
    duplicates = repeated_numbers(elements)
    survey, comparison, others = (
        survey_of(chosen(elements, select, where, latest=latest)),
        None,
        list[tuple[str, int]](),
    )
    elements = survey.elements
    if against is not None:
        filed = read_sources([against], on_error=on_error, checksum=checksum)
        with wrong_call():
            comparison = filling(
                survey, filed, tolerance_deg=tolerance_deg, tolerance_km=tolerance_km
            )
            others = fitting_better(survey, comparison, against)
        if not select:
            say(
                "note: whoever flies in a filed orbit counts; --select, such as @guowang, keeps "
                "one operator's satellites"
            )
    if json:
        out.json(report.to_dict(elements, survey, comparison, others) | duplicates)
        return DONE
    for part in report.to_text(elements, survey, comparison, others):
        wide.print(part, soft_wrap=True)
    return DONE
