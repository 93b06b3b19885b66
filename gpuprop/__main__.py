"""The command line: `gpuprop propagate | info | constellations | doctor`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from . import __version__
from .arrow import open_snapshots, plan_snapshots, write_snapshots
from .clock import DAY, MINUTE, Times, format_duration, format_ns, time_grid
from .constants import NEAR_EARTH
from .constellations import constellations as known_constellations
from .doctor import examine
from .elements import Elements
from .engine import asked_for
from .reading import ElementsError
from .snapshots import STATUS, Propagator
from .sources import SourceError, read_sources
from .time_scales import leap_seconds_expire

DONE, FAILED, WRONG_CALL, INTERRUPTED = 0, 1, 2, 130
SHOWN = 5
OLD_DAYS = 30

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


class WrongCall(ValueError):
    """The arguments do not make sense together, or name something that is not known."""


@app.command
def propagate(
    *sources: Annotated[
        str, Parameter(name="SOURCE", help="A catalogue file, a constellation, or walker:53:1584/72/39@550. Several are joined.")
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
    select: Annotated[
        list[str] | None, Parameter(negative="", help="Keep the satellites whose name matches, such as 'STARLINK*'. May be repeated.")
    ] = None,
    velocity: Annotated[bool, Parameter(help="Write velocities too.")] = True,
    dtype: Annotated[Literal["float64", "float32"], Parameter(help="Of positions and velocities.")] = "float64",
    format: Annotated[Literal["arrow", "parquet"], Parameter(help="Of the files.")] = "arrow",
    compression: Annotated[Literal["none", "lz4", "zstd"] | None, Parameter(help="[default: none for arrow, zstd for parquet].")] = None,
    engine: Annotated[
        str | None, Parameter(help="auto, cuda (cuda:1: the second GPU), cpu or numpy [default: $GPUPROP_ENGINE, else auto].")
    ] = None,
    threads: Annotated[int | None, Parameter(help="Cores to use [default: all].")] = None,
    gravity: Annotated[Literal["wgs72", "wgs72old", "wgs84"], Parameter(help="Gravity model.")] = "wgs72",
    opsmode: Annotated[Literal["i", "a"], Parameter(help="SGP4's mode: i (improved) or a (as AFSPC).")] = "i",
    on_error: OnError = "raise",
    checksum: Checksum = "verify",
    overwrite: Annotated[bool, Parameter(negative="", help="Replace the snapshots that the directory holds.")] = False,
    dry_run: Annotated[bool, Parameter(negative="", help="Only say how much would be written.")] = False,
    json: Json = False,
    quiet: Annotated[bool, Parameter(negative="", help="Nothing on stderr but errors.")] = False,
) -> int:
    """Write where every satellite is, at every instant."""
    if not sources:
        raise WrongCall("SOURCE is missing: name a catalogue file, a constellation (gpuprop constellations) or walker:53:1584/72/39@550")
    if output is None and not dry_run:
        raise WrongCall("-o DIR is missing: name the directory to write, or ask for --dry-run")
    say: Callable[[str], None] = _silent if quiet else _say
    elements = read_sources(sources, on_error=on_error, checksum=checksum, gravity=gravity)
    _say_what_is_odd(elements, say)
    if select:
        elements = elements.select(select)
        if not len(elements):
            raise WrongCall(f"no satellite's name matches {' or '.join(select)}")
    for note in elements.notes:
        say(f"note: {note}")
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
    size = dict(satellites=plan.satellites, instants=plan.instants, rows=plan.rows, parts=plan.parts, bytes=plan.bytes)
    if dry_run:
        span = dict(start=format_ns(times.start_ns), step=format_duration(times.step_ns) if times.step_ns else None)
        seen = dict(frame=plan.frame, earth_orientation=plan.earth_orientation, engine=propagator.engine)
        _print(size | span | seen, json, f"{_size(size)}, {_span(times)}, in {plan.frame}")
        return DONE
    assert output is not None
    say(f"{_size(size)}, {_span(times)}, in {plan.frame}")
    if asked_for(engine) == "auto":
        say(f"engine: {propagator.engine} (auto)")
    with _progress(plan.rows, plan.row_bytes, quiet) as progress:
        report = write_snapshots(output, propagator, times, **options, progress=progress, overwrite=overwrite)
    rate = report.rows / max(report.seconds, 1e-9) / 1e6
    speed = f"{report.seconds:.1f} s ({rate:.2f} M states/s, {report.engine})"
    _print(report.to_dict(), json, f"wrote {report.path}: {_size(size | dict(bytes=report.bytes))}, in {speed}")
    for code, states in sorted(report.status.items()):
        if code:
            say(f"status {code}: {states:,} states: {STATUS.get(code, 'unknown')}")
    return DONE


@app.command
def info(path: Path, /, *, on_error: OnError = "skip", checksum: Checksum = "verify", json: Json = False) -> int:
    """What a catalogue or a snapshot directory holds."""
    if path.is_dir():
        snapshots = open_snapshots(path, partial=True)
        facts = snapshots.metadata | dict(complete=snapshots.complete)
    else:
        facts = _catalogue(read_sources([str(path)], on_error=on_error, checksum=checksum))
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
def constellations(name: str | None = None, /, *, json: Json = False) -> int:
    """The filings known, with sources and confidence."""
    known = known_constellations()
    if name is not None:
        chosen = known.get(name.strip().lower())
        if chosen is None:
            raise WrongCall(f"constellation {name!r} is not known: known are {', '.join(known)}")
        known = {chosen.name: chosen}
    if json:
        _print_json({key: asdict(each) | dict(total=each.total) for key, each in known.items()})
        return DONE
    for each in known.values():
        out.print(f"{each.name}: {each.title}, {each.total:,} satellites")
        for shell in each.shells if name is not None else ():
            out.print(f"  {shell.describe()}")
    return DONE


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


@contextmanager
def wrong_call() -> Iterator[None]:
    """ValueError, TypeError and a file that is not there are the caller's: exit 2."""
    try:
        yield
    except (ValueError, TypeError, FileNotFoundError) as error:
        raise WrongCall(str(error)) from error


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 the job failed, 2 the call was wrong, 130 interrupted."""
    try:
        result = app(arguments, exit_on_error=False, result_action="return_value")
        return result if isinstance(result, int) else DONE
    except CycloptsError:  # printed by cyclopts
        return WRONG_CALL
    except (WrongCall, SourceError, FileExistsError) as error:
        return _fail(error, WRONG_CALL)
    except MemoryError:
        return _fail("out of memory: fewer satellites at once need less", FAILED)
    except (ElementsError, OSError, RuntimeError, ValueError) as error:
        return _fail(error, FAILED)
    except KeyboardInterrupt:
        return _fail("interrupted: what is complete stays, the part in hand is dropped", INTERRUPTED)


def _fail(error: BaseException | str, code: int) -> int:
    err.print(f"gpuprop: {error}", markup=False)
    return code


if __name__ == "__main__":
    sys.exit(main())
