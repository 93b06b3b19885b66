"""The command line: `gpuprop propagate | info | verify | merge | fetch | export | shells | constellations | doctor`."""

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from . import __version__
from .arrow import Busy, Plan, PlanDiffers, Report, merge_snapshots, open_snapshots, plan_snapshots, verify_snapshots, write_snapshots
from .arrow.command import again, remembered
from .arrow.shards import Shard
from .clock import DAY, MINUTE, Times, format_duration, format_ns, time_grid
from .conditions import QUANTITIES
from .constants import NEAR_EARTH
from .presets import Constellation, closest_approach_km, find_constellation, load_constellation, without_geometry
from .presets import constellations as known_constellations
from .doctor import examine
from .elements import Elements
from .engine import asked_for
from .flown.against import TOLERANCE_DEG, TOLERANCE_KM
from .reading import ElementsError
from .snapshots import STATUS, Propagator
from .sources import SourceError, read_sources
from .time_scales import leap_seconds_expire
from .writing.formats import format_of

DONE, FAILED, WRONG_CALL, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
SHOWN = 5
WEIGHTY = ("altitude_km", "inclination_deg", "planes", "sats_per_plane")  # what a constellation is, phasing aside
OLD_DAYS = 30
WIDE = 200  # columns: none of a table's cells is broken, a narrow terminal wraps its lines

app = App(
    name="gpuprop",
    help="Propagate whole constellations with SGP4 and write position snapshots to Apache Arrow files.",
    version=__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)


class Output(Console):
    """stdout; when nobody reads it any more, that is no failure of the job."""

    def on_broken_pipe(self) -> None:
        try:
            super().on_broken_pipe()
        except SystemExit:
            raise SystemExit(DONE) from None


out = Output(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

Json = Annotated[bool, Parameter(negative="", help="Print one JSON object on stdout instead of text.")]
OnError = Annotated[Literal["raise", "skip"], Parameter(help="What to do with element sets that cannot be read.")]
Checksum = Annotated[Literal["verify", "ignore"], Parameter(help="Checksums of TLE lines.")]
Select = Annotated[
    list[str] | None,
    Parameter(negative="", help="Keep satellites by name ('STARLINK*') or operator (@guowang, @qianfan ...). Repeated: any of them."),
]
Where = Annotated[
    list[str] | None,
    Parameter(
        negative="",
        help="Keep satellites for which a condition holds: 'altitude_km > 500 and inclination_deg < 60'. Names: "
        f"{', '.join(QUANTITIES)}; < <= > >= == !=, like, and, or, not. age_days is counted to --start, else to when most of the "
        "catalogue is from. Repeated: all of them.",
    ),
]


COMMAND: ContextVar[list[str]] = ContextVar("command")  # the command line as it was given, for the manifest of what it writes


class WrongCall(ValueError):
    """The arguments do not make sense together, or name something that is not known."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a command as SIGINT does."""


@app.command
def propagate(
    *sources: Annotated[
        str,
        Parameter(name="SOURCE", help="Catalogues, constellations (guowang, honghu-3@550/53, my.toml), walker:53:1584/72/39@550; joined."),
    ],
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="The directory to write.")] = None,
    start: Annotated[
        str | None, Parameter(help="First instant, UTC unless --scale [default: the newest epoch, rounded down to the minute].")
    ] = None,
    stop: Annotated[str | None, Parameter(help="End of the instants, itself not included.")] = None,
    duration: Annotated[str | None, Parameter(help="Length instead of a stop [default: 1d].")] = None,
    step: Annotated[str, Parameter(help="Between instants: 60s, 1min, 100ms ...")] = "60s",
    scale: Annotated[Literal["utc", "tai", "tt", "gps"], Parameter(help="Time scale of --start and --stop; files are in UTC.")] = "utc",
    frame: Annotated[
        Literal["teme", "pef", "itrs", "gcrs", "geodetic"],
        Parameter(help="Inertial teme (SGP4's own) or gcrs (J2000); Earth-fixed pef, itrs (ECEF) or geodetic (lat, lon, height)."),
    ] = "teme",
    eop: Annotated[
        str | None,
        Parameter(help="Earth orientation: a finals2000A or EOP C04 file, or none (UT1 = UTC) [default: that of astropy-iers-data]."),
    ] = None,
    sunlit: Annotated[bool, Parameter(negative="", help="Write whether the Sun shines: 0 umbra, 1 penumbra, 2 sunlit.")] = False,
    select: Select = None,
    where: Where = None,
    velocity: Annotated[bool, Parameter(help="Write velocities too.")] = True,
    dtype: Annotated[Literal["float64", "float32"], Parameter(help="Of positions and velocities.")] = "float64",
    format: Annotated[Literal["arrow", "parquet"], Parameter(help="Of the files.")] = "arrow",
    compression: Annotated[Literal["none", "lz4", "zstd"] | None, Parameter(help="[default: none for arrow, zstd for parquet].")] = None,
    engine: Annotated[
        str | None, Parameter(help="auto, cuda (cuda:1: the second GPU), cpu or numpy [default: $GPUPROP_ENGINE, else auto].")
    ] = None,
    threads: Annotated[int | None, Parameter(help="Cores to use, one or more [default: all].")] = None,
    gravity: Annotated[Literal["wgs72", "wgs72old", "wgs84"], Parameter(help="Gravity model.")] = "wgs72",
    opsmode: Annotated[Literal["i", "a"], Parameter(help="SGP4's mode: i (improved) or a (as AFSPC).")] = "i",
    on_error: OnError = "raise",
    checksum: Checksum = "verify",
    overwrite: Annotated[bool, Parameter(negative="", help="Replace the snapshots that the directory holds.")] = False,
    resume: Annotated[
        bool, Parameter(negative="", help="Go on with a run that was cut off; what is complete stays. Begins one where there is none.")
    ] = False,
    shard: Annotated[
        str | None, Parameter(name="--shard", help="I/N: write one of N shares, beside the others; the last to be done merges them.")
    ] = None,
    dry_run: Annotated[bool, Parameter(negative="", help="Only say how much would be written.")] = False,
    json: Json = False,
    quiet: Annotated[bool, Parameter(negative="", help="Nothing on stderr but errors.")] = False,
) -> int:
    """Write where every satellite is, at every instant."""
    if not sources:
        raise WrongCall("SOURCE is missing: name a catalogue file, a constellation (gpuprop constellations) or walker:53:1584/72/39@550")
    if output is None and not dry_run:
        raise WrongCall("-o DIR is missing: name the directory to write, or ask for --dry-run")
    if overwrite and (resume or shard):
        raise WrongCall(f"--overwrite removes what is there: leave it out, or leave out {'--resume' if resume else '--shard'}")
    with wrong_call():
        one = Shard.parse(shard) if shard is not None else None
    say: Callable[[str], None] = _silent if quiet else _say
    elements = read_sources(sources, on_error=on_error, checksum=checksum, gravity=gravity)
    _say_what_is_odd(elements, say)
    with wrong_call():
        first = np.datetime64(time_grid(start, duration="1s", step="1s", scale=scale).start_ns, "ns") if start and where else None
        elements = _chosen(elements, select, where, first, gravity)
    for note in sorted(elements.notes, key=lambda note: not note.startswith("assumed:")):  # the loudest first, and never cut
        (say if quiet or not note.startswith("assumed:") else _say_whole)(f"note: {note}")
    with wrong_call():
        if start is None:
            if scale != "utc":
                raise WrongCall(f"--scale {scale} says how --start is meant: give --start")
            newest = int(elements.epoch.astype("int64").max())
            start = format_ns(newest - newest % MINUTE)
        times = time_grid(start, stop, step=step, duration=duration if duration or stop else "1d", scale=scale)
        propagator = Propagator(elements, engine, gravity, opsmode, threads=threads, eop=eop)
        options: dict[str, Any] = dict(frame=frame, dtype=dtype, velocity=velocity, format=format, compression=compression, sunlit=sunlit)
        plan = plan_snapshots(elements, times, **options, gravity=gravity, opsmode=opsmode, eop=eop)
    if plan.earth_orientation:
        say(f"Earth orientation: {plan.earth_orientation}")
    stale = int((abs(elements.epoch.astype("int64") - times.start_ns) > OLD_DAYS * DAY).sum())
    if stale:
        say(f"{stale:,} element sets are more than {OLD_DAYS} days from the first instant: SGP4 is good for days")
    if scale != "utc" and int(times.edges.max()) > leap_seconds_expire():
        say(f"leap seconds are known until {format_ns(leap_seconds_expire())}: later ones would shift what --scale {scale} means")
    size = _planned(plan, one)
    if dry_run:
        span = dict(start=format_ns(times.start_ns), step=format_duration(times.step_ns) if times.step_ns else None)
        seen = dict(frame=plan.frame, earth_orientation=plan.earth_orientation, engine=propagator.engine)
        _print(size | span | seen, json, f"{_size(size)}, {_span(times)}, in {plan.frame}")
        return DONE
    assert output is not None
    say(f"{_size(size)}, {_span(times)}, in {plan.frame}")
    if asked_for(engine) == "auto":
        say(f"engine: {propagator.engine} (auto)")
    command = COMMAND.get([])
    options |= dict(overwrite=overwrite, resume=resume, shard=shard, command=command)
    with _progress(size["rows"], plan.row_bytes, quiet) as progress, _going_on(output, again(remembered(command), one)):
        report = write_snapshots(output, propagator, times, **options, progress=progress)
    _say_how_it_went(report, say)
    _print(report.to_dict(), json, _wrote(report))
    for code, states in sorted(report.status.items()):
        if code:
            say(f"status {code}: {states:,} states: {STATUS.get(code, 'unknown')}")
    return DONE


@app.command
def info(
    path: Path,
    /,
    *,
    select: Select = None,
    where: Where = None,
    on_error: OnError = "skip",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """What a catalogue or a snapshot directory holds."""
    if path.is_dir():
        if select or where:
            raise WrongCall(f"--select and --where are for catalogues: {path} holds snapshots")
        snapshots = open_snapshots(path, partial=True)
        facts = snapshots.metadata | dict(complete=snapshots.complete)
    else:
        facts = _catalogue(_chosen(read_sources([str(path)], on_error=on_error, checksum=checksum), select, where))
    if json:
        _print_json(facts)
        return DONE
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in facts.items():
        for line in value if isinstance(value, list) else [value]:
            table.add_row(key, f"{line:,}" if isinstance(line, int) and not isinstance(line, bool) else str(line))
            key = ""
    out.print(table)
    return DONE


@app.command
def verify(
    directory: Annotated[Path, Parameter(name="DIR", help="A directory of snapshots, or of shards of them.")],
    /,
    *,
    quick: Annotated[bool, Parameter(negative="", help="Look at sizes and endings only, not at every byte.")] = False,
    drop: Annotated[bool, Parameter(negative="", help="Remove what is damaged, so that --resume writes it again.")] = False,
    json: Json = False,
) -> int:
    """Compare files with their manifest: what is missing or damaged, and the command that writes it again. Exit 1 if anything is."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal or quick) as bar:
        task = bar.add_task("", total=None)
        found = verify_snapshots(directory, quick, drop, lambda done, total: bar.update(task, completed=done, total=total))
    if json:
        _print_json(found.to_dict())
        return DONE if found.sound else FAILED
    for each in found.findings:
        out.print(f"{each.what}\n  {each.command}", markup=False)
    seen = f"{found.files} files, {decimal(found.bytes)}, {'sizes and endings' if quick else 'every byte'}"
    dropped = f", {len(found.dropped)} dropped" if drop else ""
    out.print(f"{directory}: {seen}: {f'{len(found.findings)} findings{dropped}' if found.findings else 'sound'}", markup=False)
    return DONE if found.sound else FAILED


@app.command
def merge(
    directory: Annotated[Path, Parameter(name="DIR", help="The directory that the shards were written to.")], /, *, json: Json = False
) -> int:
    """Make one run of the shards in a directory; or say which are missing, with the command for each."""
    merged = merge_snapshots(directory)
    text = f"{merged.path}: {merged.shards} shards merged, " if merged.shards else f"{merged.path}: a whole run, "
    _print(merged.to_dict(), json, f"{text}{merged.rows:,} rows, {decimal(merged.bytes)} in {merged.parts} parts")
    return DONE


@app.command
def fetch(
    source: Annotated[str, Parameter(name="GROUP|URL", help="A group of CelesTrak (active, starlink ...), an operator, or an address.")],
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="The file to write.")] = None,
    timeout: Annotated[float, Parameter(help="Seconds to wait for the server.")] = 60.0,
    json: Json = False,
) -> int:
    """Download element sets from CelesTrak, at most once in two hours: in between the cache answers."""
    from .fetch import fetch as fetch_elements

    if output is None:
        raise WrongCall("-o FILE is missing: name the file to write")
    with wrong_call():
        fetched = fetch_elements(source, output, timeout_s=timeout)
    _print(fetched.to_dict(), json, str(fetched))
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
    on_error: Annotated[Literal["raise", "skip"], Parameter(help="What to do with sets that cannot be read, or not be written.")] = "raise",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """Write element sets as TLE or OMM, so that reading the file gives the same again."""
    from .writing import write_elements

    if not sources or output is None:
        raise WrongCall("name what to write and where: gpuprop export SOURCE -o FILE")
    with wrong_call():
        format_of(output, format)
    elements = read_sources(sources, on_error=on_error, checksum=checksum)
    _say_what_is_odd(elements, _say)
    written = write_elements(_chosen(elements, select, where), output, format, on_error)
    for refused in written.rejected[:SHOWN]:
        _say(f"left out: {refused}")
    if len(written.rejected) > SHOWN:
        _say(f"left out: {len(written.rejected) - SHOWN:,} more")
    for loss in written.losses:
        _say(f"note: {loss}")
    text = f"wrote {written.path}: {written.satellites:,} satellites as {written.format}, {decimal(written.bytes)}"
    _print(written.to_dict(), json, text)
    return DONE


@app.command
def shells(
    *sources: Annotated[str, Parameter(name="CATALOGUE", help="A catalogue file; several are joined.")],
    against: Annotated[str | None, Parameter(help="What to compare with: a constellation as filed, a file of yours, a catalogue.")] = None,
    tolerance_deg: Annotated[float, Parameter(help="How far in inclination a flown shell may be from the one it fills.")] = TOLERANCE_DEG,
    tolerance_km: Annotated[float, Parameter(help="How far in altitude.")] = TOLERANCE_KM,
    select: Select = None,
    where: Where = None,
    on_error: OnError = "raise",
    checksum: Checksum = "verify",
    json: Json = False,
) -> int:
    """The shells that satellites really fill: inclination, altitude, planes; against a filing, how much of it is filled."""
    from .flown import filling, report
    from .flown import shells as survey_of

    if not sources:
        raise WrongCall("CATALOGUE is missing: name a file of element sets")
    elements = read_sources(sources, on_error=on_error, checksum=checksum)
    _say_what_is_odd(elements, _say)
    elements = _chosen(elements, select, where)
    survey, comparison = survey_of(elements), None
    if against is not None:
        filed = read_sources([against], on_error=on_error, checksum=checksum)
        with wrong_call():
            comparison = filling(survey, filed, tolerance_deg=tolerance_deg, tolerance_km=tolerance_km)
        if not select:
            _say("note: whoever flies in a filed orbit counts; --select, such as @guowang, keeps one operator's satellites")
    if json:
        _print_json(report.to_dict(elements, survey, comparison))
        return DONE
    wide = Output(soft_wrap=True, highlight=False, width=WIDE)
    for part in report.to_text(elements, survey, comparison):
        wide.print(part, markup=False)
    return DONE


@app.command
def constellations(name: str | None = None, /, *, json: Json = False) -> int:
    """The constellations known; of NAME (or of a TOML file of yours) the shells, sources, conflicts and assumptions."""
    if name is None:
        known = known_constellations()
        if json:
            _print_json({key: each.to_dict() for key, each in known.items()})
            return DONE
        for text in _table_of(known.values()):
            out.print(text, markup=False)
        for key, fact in without_geometry().items():
            out.print(f"{key}: no preset: {fact}", markup=False)
        return DONE
    if name.lower().endswith(".toml"):
        each = load_constellation(name)
    else:
        with wrong_call():
            each = find_constellation(name)
    if json:
        _print_json({each.name: each.to_dict()})
        return DONE
    also = f" (also {', '.join(each.aliases)})" if each.aliases else ""
    out.print(f"{each.name}{also}: {each.title}, {each.total:,} satellites", markup=False)
    for shell in each.shells:
        apart = f"; satellites stay {closest_approach_km(shell):.1f} km apart" if shell.total > 1 else ""
        out.print(f"  {shell.describe()}{apart}", markup=False)
    for line in (*(f"conflict: {conflict}" for conflict in each.conflicts), *each.assumptions):
        out.print(line, markup=False)
    return DONE


def _table_of(known: Iterable[Constellation]) -> Iterator[str]:
    """A line for each constellation, in columns."""
    rows = [("name", "satellites", "shells", "status", "confidence", "assumed in part")]
    for each in known:
        name = f"{each.name} ({each.aliases[0]})" if each.aliases else each.name
        assumed = ", ".join(key for key in WEIGHTY if any(key in shell.assumed for shell in each.shells))
        rows.append((name, f"{each.total:,}", str(len(each.shells)), ", ".join(each.statuses), ", ".join(each.confidences), assumed))
    name_width, status_width, confidence_width = (max(len(row[column]) for row in rows) for column in (0, 3, 4))
    for name, total, shells, status, confidence, assumed in rows:
        line = f"{name:<{name_width}}  {total:>10}  {shells:>6}  {status:<{status_width}}  {confidence:<{confidence_width}}  {assumed}"
        yield line.rstrip()


@app.command
def doctor(*, json: Json = False) -> int:
    """What runs here and why not more; proves each engine against the committed digest."""
    report = examine()
    if json:
        _print_json(report.to_dict())
    else:
        for part in report.to_text():
            out.print(part, markup=False)
    return DONE if report.healthy else FAILED


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


def _say(text: str) -> None:
    """A line on stderr; a terminal gets as much of it as fits."""
    if err.is_terminal:
        err.print(text, markup=False, no_wrap=True, overflow="ellipsis", soft_wrap=False)
    else:
        err.print(text, markup=False)


def _say_whole(text: str) -> None:
    err.print(text, markup=False, style="bold")


def _silent(text: str) -> None:
    pass


def _say_what_is_odd(elements: Elements, say: Callable[[str], None]) -> None:
    if elements.rejected:
        say(f"skipped {len(elements.rejected):,} element sets that cannot be read:")
        for reject in elements.rejected[:SHOWN]:
            say(f"  {reject}")
        if len(elements.rejected) > SHOWN:
            say("  ... (gpuprop info lists all)")
    if len(elements.duplicates):
        shown = ", ".join(map(str, elements.duplicates[:SHOWN])) + (", ..." if len(elements.duplicates) > SHOWN else "")
        say(f"{len(elements.duplicates):,} catalogue numbers occur more than once, all are kept: {shown}")


def _size(size: dict[str, int]) -> str:
    rows = f"{size['satellites']:,} satellites x {size['instants']:,} instants = {size['rows']:,} rows"
    return f"{rows}, {decimal(size['bytes'])} in {size['parts']} part{'s' if size['parts'] != 1 else ''}"


def _planned(plan: Plan, shard: Shard | None) -> dict[str, int]:
    """How much a run, or a shard of it, is to write."""
    parts = shard.parts(plan.parts) if shard else range(plan.parts)
    instants = sum(len(plan.layout.part(index)) for index in parts)
    rows = instants * plan.satellites
    return dict(satellites=plan.satellites, instants=instants, rows=rows, parts=len(parts), bytes=rows * plan.row_bytes)


def _wrote(report: Report) -> str:
    """What a run wrote, in a line."""
    what = f"{report.path}, shard {report.shard}" if report.shard else report.path
    size = _size(dict(satellites=report.satellites, instants=report.instants, rows=report.rows, parts=report.parts, bytes=report.bytes))
    if not report.parts:
        return f"{what} has nothing to write: there are fewer parts than shards"
    if not report.computed:
        return f"{what} is complete already: {size}"
    rate = report.computed / max(report.seconds, 1e-9) / 1e6
    return f"wrote {what}: {size}, in {report.seconds:.1f} s ({rate:.2f} M states/s, {report.engine})"


def _say_how_it_went(report: Report, say: Callable[[str], None]) -> None:
    """What was resumed, rewritten and merged."""
    if report.resumed:
        say(f"resumed: {report.resumed:,} of {report.parts:,} parts were there")
    for what in report.rewritten[:SHOWN]:
        say(f"written again: {what}")
    if len(report.rewritten) > SHOWN:
        say(f"written again: {len(report.rewritten) - SHOWN:,} more")
    if report.shard:
        waits = f"other shards are to come: the last one merges all, or gpuprop merge {report.path}"
        say(f"all shards are there: {report.path} is whole" if report.merged else waits)
    for note in report.notes:
        say(f"note: {note}")


@contextmanager
def _going_on(directory: Path, command: str) -> Iterator[None]:
    """What ends a run on its way is given the command that goes on with it."""
    try:
        yield
    except (KeyboardInterrupt, OSError, RuntimeError) as error:
        refused = isinstance(error, (FileExistsError, Busy))
        if not refused and directory.is_dir() and any(directory.glob("*.json")):
            error.__notes__ = [f"what is complete stays, the part in hand is dropped; to go on: {command}"]
        raise


def _span(times: Times) -> str:
    every = f"every {format_duration(times.step_ns)}" if times.step_ns else f"to {format_ns(int(times.instants[-1]))}, over a leap second"
    return f"from {format_ns(times.start_ns)} {every}"


@contextmanager
def _progress(rows: int, row_bytes: int, quiet: bool) -> Iterator[Callable[[int, int, int], None] | None]:
    """A progress bar on stderr where that is a terminal: states/s, bytes/s, time left."""
    if quiet or not err.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed / 1e6:.2f} M states/s {speed * row_bytes / 1e6:,.0f} MB/s")

    with Progress(BarColumn(), TaskProgressColumn(), Rate(), TimeRemainingColumn(), console=err, transient=True) as bar:
        task = bar.add_task("", total=rows)
        yield lambda done, total, bytes_done: bar.update(task, completed=done)


def _print_json(facts: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    out.print(json.dumps(facts), markup=False)


def _print(facts: dict[str, Any], as_json: bool, text: str) -> None:
    """The facts as JSON, or as a text."""
    if as_json:
        _print_json(facts)
    else:
        out.print(text)


def _chosen(
    elements: Elements, select: list[str] | None, where: list[str] | None, start: np.datetime64 | None = None, gravity: str = "wgs72"
) -> Elements:
    """The satellites of --select and --where. WrongCall where none is left."""
    if select:
        named = elements.select(select)
        if not len(named):
            nameless = "" if any(elements.name) else ", and none has a name: these are two-line sets without name lines"
            raise WrongCall(f"--select {' or '.join(select)} fits the name of none of the {len(elements):,} satellites{nameless}")
        elements = named
    for condition in where or ():
        try:
            held = elements.where(condition, start=start, gravity=gravity)
        except ValueError as error:
            raise WrongCall(f"--where, {error}") from None
        if not len(held):
            raise WrongCall(f"--where {condition!r} holds for none of the {len(elements):,} satellites{' selected' if select else ''}")
        elements = held
    return elements


@contextmanager
def wrong_call() -> Iterator[None]:
    """ValueError, TypeError and a file that is not there are the caller's: exit 2."""
    try:
        yield
    except (ValueError, TypeError, FileNotFoundError) as error:
        raise WrongCall(str(error)) from error


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 the job failed, 2 the call was wrong, 130 interrupted, 143 terminated."""
    COMMAND.set(["gpuprop", *(sys.argv[1:] if arguments is None else arguments)])
    try:
        with _terminable():
            result = app(arguments, exit_on_error=False, result_action="return_value")
        return result if isinstance(result, int) else DONE
    except CycloptsError:  # printed by cyclopts
        return WRONG_CALL
    except (WrongCall, SourceError, FileExistsError, PlanDiffers) as error:
        return _fail(error, WRONG_CALL)
    except MemoryError:
        return _fail("out of memory: fewer satellites at once need less", FAILED)
    except (ElementsError, OSError, RuntimeError, ValueError) as error:
        return _fail(error, FAILED)
    except KeyboardInterrupt as error:
        terminated = isinstance(error, Terminated)
        return _fail("terminated" if terminated else "interrupted", TERMINATED if terminated else INTERRUPTED, error)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the command as SIGINT does, with everything put in order, where it is the main thread that runs it."""

    def terminate(number: int, frame: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield  # whoever set a handler, or ignores it, has their reasons
        return
    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _fail(what: BaseException | str, code: int, error: BaseException | None = None) -> int:
    """Print what happened, and what is to be said besides."""
    err.print(f"gpuprop: {what}", markup=False)
    for note in getattr(error or what, "__notes__", ()):
        err.print(note, markup=False)
    return code


if __name__ == "__main__":
    sys.exit(main())
