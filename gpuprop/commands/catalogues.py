"""`gpuprop info | fetch | export | shells`: catalogues in, and what is in them."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.filesize import decimal
from rich.table import Table

from ..arrow import open_snapshots
from ..arrow.place import is_remote
from ..clock import format_ns
from ..constants import NEAR_EARTH
from ..elements import Elements
from ..flown.against import TOLERANCE_DEG, TOLERANCE_KM
from ..snapshots import Propagator
from ..sources import read_sources
from ..writing.formats import format_of
from .console import (
    DONE,
    SHOWN,
    Checksum,
    Json,
    Latest,
    OnError,
    Output,
    Select,
    Where,
    WrongCall,
    app,
    chosen,
    given_place,
    out,
    print_json,
    print_result,
    say,
    say_what_is_odd,
    wrong_call,
)

WIDE = 200  # columns: none of a table's cells is broken, a narrow terminal wraps its lines


@app.command
def info(
    path: Annotated[str, Parameter(name="PATH", help="A catalogue, or a directory of snapshots; or the URL of one (s3://bucket/out).")],
    /,
    *,
    select: Select = None,
    where: Where = None,
    latest: Latest = False,
    on_error: OnError = "skip",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """What a catalogue or a snapshot directory holds."""
    there = given_place(path)
    if is_remote(there) or there.is_dir():
        if select or where or latest:
            raise WrongCall(f"--select, --where and --latest are for catalogues: {there} holds snapshots")
        snapshots = open_snapshots(there, partial=True)
        facts = snapshots.metadata | dict(complete=snapshots.complete)
    else:
        facts = _catalogue(chosen(read_sources([str(there)], on_error=on_error, checksum=checksum), select, where, latest=latest))
    if json:
        print_json(facts)
        return DONE
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in facts.items():
        for line in value if isinstance(value, list) else [value]:
            table.add_row(key, f"{line:,}" if isinstance(line, int) and not isinstance(line, bool) else str(line))
            key = ""
    out.print(table)
    return DONE


def _catalogue(elements: Elements) -> dict[str, Any]:
    """What `info` says of element sets."""
    epochs = elements.epoch.astype("int64")
    bounds = Propagator(elements, "numpy", threads=1).constants.bounds
    near_earth = bounds[NEAR_EARTH].stop - bounds[NEAR_EARTH].start if NEAR_EARTH in bounds else 0
    return dict(
        satellites=len(elements),
        epochs=f"{format_ns(int(epochs.min()))} to {format_ns(int(epochs.max()))}",
        near_earth=near_earth,
        deep_space=len(elements) - near_earth,
        sat_ids=f"{elements.sat_id.min()} to {elements.sat_id.max()}",
        duplicates=[int(number) for number in elements.duplicates],
        rejected=[str(reject) for reject in elements.rejected],
        notes=list(elements.notes),
    )


@app.command
def fetch(
    source: Annotated[str, Parameter(name="GROUP|URL", help="A group of CelesTrak (active, starlink ...), an operator, or an address.")],
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="The file to write.")] = None,
    timeout: Annotated[float, Parameter(help="Seconds to wait for each step of the connection.")] = 60.0,
    json: Json = False,
) -> int:
    """Download element sets from CelesTrak, at most once in two hours: in between the cache answers."""
    from ..fetch import fetch as fetch_elements

    if output is None:
        raise WrongCall("-o FILE is missing: name the file to write")
    with wrong_call():
        fetched = fetch_elements(source, output, timeout_s=timeout)
    print_result(fetched.to_dict(), json, str(fetched))
    return DONE


@app.command
def export(
    *sources: Annotated[str, Parameter(name="SOURCE", help="Catalogues or constellations, as for propagate; joined.")],
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="The file to write; one that is there is replaced.")] = None,
    format: Annotated[
        Literal["tle", "2le", "3le", "csv", "json", "kvn", "xml"] | None,
        Parameter(help="tle, 3le, 2le, or an OMM as csv, json, kvn or xml [default: by the ending of FILE]."),
    ] = None,
    select: Select = None,
    where: Where = None,
    latest: Latest = False,
    on_error: Annotated[Literal["raise", "skip"], Parameter(help="What to do with sets that cannot be read, or not be written.")] = "raise",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """Write element sets as TLE or OMM, so that reading the file gives the same again."""
    from ..writing import write_elements

    if not sources or output is None:
        raise WrongCall("name what to write and where: gpuprop export SOURCE -o FILE")
    with wrong_call():
        format_of(output, format)
    elements = read_sources(sources, on_error=on_error, checksum=checksum)
    say_what_is_odd(elements, say, latest)
    elements = chosen(elements, select, where, latest=latest)
    written = write_elements(elements, output, format, on_error)
    for refused in written.rejected[:SHOWN]:
        say(f"left out: {refused}")
    if len(written.rejected) > SHOWN:
        say(f"left out: {len(written.rejected) - SHOWN:,} more")
    for loss in written.losses:
        say(f"note: {loss}")
    text = f"wrote {written.path}: {written.satellites:,} satellites as {written.format}, {decimal(written.bytes)}"
    print_result(written.to_dict() | dict(duplicates=elements.duplicates.tolist()), json, text)
    return DONE


@app.command
def shells(
    *sources: Annotated[str, Parameter(name="CATALOGUE", help="A catalogue file; several are joined.")],
    against: Annotated[str | None, Parameter(help="What to compare with: a constellation as filed, a file of yours, a catalogue.")] = None,
    tolerance_deg: Annotated[float, Parameter(help="How far in inclination a flown shell may be from the one it fills.")] = TOLERANCE_DEG,
    tolerance_km: Annotated[float, Parameter(help="How far in altitude.")] = TOLERANCE_KM,
    select: Select = None,
    where: Where = None,
    latest: Annotated[bool, Parameter(negative="", help="The newest element set of each satellite counts, asked for or not.")] = True,
    on_error: OnError = "raise",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """The shells that satellites really fill: inclination, altitude, planes; against a filing, how much of it is filled."""
    from ..flown import filling, report
    from ..flown import shells as survey_of

    if not sources:
        raise WrongCall("CATALOGUE is missing: name a file of element sets")
    elements = read_sources(sources, on_error=on_error, checksum=checksum)
    say_what_is_odd(elements, say, latest)
    duplicates = dict(duplicates=elements.duplicates.tolist())
    survey, comparison = survey_of(chosen(elements, select, where, latest=latest)), None
    elements = survey.elements
    if against is not None:
        filed = read_sources([against], on_error=on_error, checksum=checksum)
        with wrong_call():
            comparison = filling(survey, filed, tolerance_deg=tolerance_deg, tolerance_km=tolerance_km)
        if not select:
            say("note: whoever flies in a filed orbit counts; --select, such as @guowang, keeps one operator's satellites")
    if json:
        print_json(report.to_dict(elements, survey, comparison) | duplicates)
        return DONE
    wide = Output(soft_wrap=True, highlight=False, width=WIDE)
    for part in report.to_text(elements, survey, comparison):
        wide.print(part, markup=False)
    return DONE
