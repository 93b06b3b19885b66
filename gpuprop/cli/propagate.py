"""`gpuprop propagate`."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter
from rich.filesize import decimal

from ..catalogs.sources import ages_in_words, median_age_days, read_sources
from ..dataset.manifest import RunFacts
from ..dataset.resume_command import again
from ..dataset.session import JobOptions
from ..dataset.shards import Shard
from ..dataset.store import Store
from ..engine.choice import EngineWarning, asked_for
from ..errors import UsageError
from ..messages import counted
from ..propagator import Propagator
from ..snapshots import LockedError, Plan, Report, SnapshotOptions
from ..snapshots.cluster import Workers, connected, known_cluster
from ..snapshots.contents import SNAPSHOTS
from ..snapshots.plan import make_plan
from ..snapshots.write import run_plan
from ..states import STATUS
from ..time.durations import format_duration
from ..time.instants import format_ns
from ..time.scales import leap_seconds_expire
from ..time.times import Times, time_grid
from ..time.units import SECOND
from .app import COMMAND_LINE
from .console import DONE, err, print_result, say, silent
from .options import (
    FILES,
    INSTANTS,
    MESSAGES,
    RUN,
    SHOWN,
    STATES,
    Checksum,
    Epoch,
    FirstId,
    Json,
    Latest,
    OnError,
    Select,
    Where,
    chosen,
    flag,
    given_store,
    repeated_numbers,
    say_what_is_odd,
    warnings_as_notes,
    wrong_call,
)

ASSUMED = "assumed: "  # how a note on an assumption begins


DEFAULTS = SnapshotOptions()


def _shown(default: object) -> object:
    """The default of an option as the help shows it; a flag that is off shows none."""
    return None if default is False else default


def propagate(
    *sources: Annotated[
        str,
        Parameter(
            name="SOURCE",
            help="Catalogues, constellations and shells (guowang, honghu-3@550/53, starlink-g1-s1, my.toml), walker:53:1584/72/39@550.",
        ),
    ],
    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="The directory to write, or its URL in an object store (s3://bucket/out).",
            group=FILES,
        ),
    ] = None,
    start: Annotated[
        str | None,
        Parameter(
            help="First instant, UTC unless --scale is given [default: median epoch of the input, rounded up to the minute].",
            group=INSTANTS,
        ),
    ] = None,
    stop: Annotated[
        str | None, Parameter(help="End of the instants, not included.", group=INSTANTS)
    ] = None,
    duration: Annotated[
        str | None, Parameter(help="Length, instead of --stop [default: 1d].", group=INSTANTS)
    ] = None,
    step: Annotated[
        str, Parameter(help="Between instants: 60s, 1min, 100ms ...", group=INSTANTS)
    ] = "60s",
    scale: Annotated[
        Literal["utc", "tai", "tt", "gps"],
        Parameter(help="Time scale of --start and --stop; files are in UTC.", group=INSTANTS),
    ] = "utc",
    epoch: Epoch = None,
    first_id: FirstId = None,
    options: Annotated[
        SnapshotOptions, Parameter(name="*", group=STATES, show_default=_shown)
    ] = DEFAULTS,
    eop: Annotated[
        str | None,
        Parameter(
            help="Earth orientation: a finals2000A or EOP C04 file, or none (UT1 = UTC) [default: that of astropy-iers-data].",
            group=STATES,
        ),
    ] = None,
    select: Select = None,
    where: Where = None,
    latest: Latest = False,
    engine: Annotated[
        str | None,
        Parameter(
            help="auto, cuda (cuda:1: the second GPU), cpu or numpy [default: $GPUPROP_ENGINE, else auto].",
            group=RUN,
        ),
    ] = None,
    threads: Annotated[
        int | None, Parameter(help="Cores to use, one or more [default: all].", group=RUN)
    ] = None,
    gravity: Annotated[
        Literal["wgs72", "wgs72old", "wgs84"], Parameter(help="Gravity model.", group=STATES)
    ] = "wgs72",
    opsmode: Annotated[
        Literal["i", "a"],
        Parameter(help="SGP4's mode: i (improved) or a (as AFSPC).", group=STATES),
    ] = "i",
    on_error: OnError = "raise",
    checksum: Checksum = "verify",
    overwrite: Annotated[
        bool, flag("Replace the snapshots that the directory holds.", FILES)
    ] = False,
    resume: Annotated[
        bool,
        flag(
            "Continue an interrupted run; complete parts are kept. Without a run, begin one.", FILES
        ),
    ] = False,
    shard: Annotated[
        str | None,
        Parameter(
            name="--shard",
            help="I/N: write one of N shares in parallel; the last one to finish merges them.",
            group=FILES,
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        Parameter(
            help="Have a Dask cluster write the parts: its scheduler (tcp://host:8786), or local:4, processes here.",
            group=RUN,
        ),
    ] = None,
    dry_run: Annotated[bool, flag("Only print how much would be written.", RUN)] = False,
    json: Json = False,
    verbose: Annotated[
        bool,
        flag(
            "Print all notes on the satellites: sources, assumptions, selections.",
            MESSAGES,
            ["--verbose", "-v"],
        ),
    ] = False,
    quiet: Annotated[bool, flag("Print nothing but errors on stderr.", MESSAGES)] = False,
) -> int:
    """Run `gpuprop propagate`."""
    if not sources:
        raise UsageError(
            "SOURCE is missing: name a catalogue file, a constellation (gpuprop constellations) "
            "or walker:53:1584/72/39@550"
        )
    if output is None and not dry_run:
        raise UsageError("-o DIR is missing: name the directory to write, or ask for --dry-run")
    with wrong_call():
        how = JobOptions(overwrite, resume, None if shard is None else Shard.parse(shard))
        there = known_cluster(cluster) if cluster is not None else None
    store = given_store(output) if output is not None else None
    tell: Callable[[str], None] = silent if quiet else say
    with wrong_call():
        if start is None and scale != "utc":
            raise UsageError(f"--scale {scale} says how to read --start: give --start")
        given = (
            np.datetime64(time_grid(start, duration="1s", step="1s", scale=scale).start_ns, "ns")
            if start
            else None
        )
    reading: dict[str, Any] = dict(on_error=on_error, checksum=checksum, gravity=gravity)
    elements = read_sources(
        sources,
        **reading,
        epoch=given if epoch is None else epoch,
        first_id=first_id,
        latest=latest,
    )
    say_what_is_odd(elements, tell, latest)
    with wrong_call():
        first = (
            (elements.latest() if latest else elements).default_start if given is None else given
        )
        elements = chosen(elements, select, where, first, gravity, latest=latest, tell=tell)
    for note in _notes(elements.notes, verbose):
        tell(note)
    with wrong_call():
        times = time_grid(
            format_ns(int(first.astype(np.int64))) if start is None else start,
            stop,
            step=step,
            duration=duration if duration or stop else "1d",
            scale=scale,
        )
        # what the workers have is not asked of this machine
        here = engine if there is None else "numpy"
        with warnings_as_notes(tell, EngineWarning):
            propagator = Propagator(elements, here, gravity, opsmode, threads=threads, eop=eop)
        plan = make_plan(elements, times, options, propagator.model, eop)
    if plan.earth_orientation:
        tell(f"Earth orientation: {plan.earth_orientation}")
    if ages := ages_in_words(elements, times.start_ns):
        tell(ages)
    if scale != "utc" and int(times.edges.max()) > leap_seconds_expire():
        tell(
            f"leap seconds are known until {format_ns(leap_seconds_expire())}: later ones would "
            f"shift what --scale {scale} means"
        )
    size = _planned(plan, how.shard)
    duplicates = repeated_numbers(elements)
    if dry_run:
        span: dict[str, Any] = dict(
            start=format_ns(times.start_ns),
            step=format_duration(times.step_ns) if times.step_ns else None,
        )
        span |= dict(step_s=times.step_ns / SECOND if times.step_ns else None)
        span |= dict(median_age_days=median_age_days(elements, times.start_ns))
        seen = dict(
            frame=plan.options.frame,
            earth_orientation=plan.earth_orientation,
            engine=engine or "auto" if there else propagator.engine,
        )
        print_result(
            size | span | seen | duplicates,
            json,
            f"{_size(size)}, {_span(times)}, in {plan.options.frame}",
        )
        return DONE
    assert store is not None
    tell(f"{_size(size)}, {_span(times)}, in {plan.options.frame}")
    if there is None and asked_for(engine).startswith("auto"):
        tell(f"engine: {propagator.engine} (auto)")
    command = COMMAND_LINE.get([])
    with (
        connected(there) if there else nullcontext() as client,
        _progress(size["rows"], plan.row_bytes, quiet) as progress,
        _resume_hint(store, command, how.shard),
    ):
        workers = Workers(client, engine, threads) if client else None
        report = run_plan(
            store, plan, propagator, how, workers=workers, command=command, progress=progress
        )
    _say_how_it_went(report, tell)
    print_result(report.to_dict() | duplicates, json, _wrote(report))
    for code, states in sorted(report.status.items()):
        if code:
            tell(f"status {code}: {states:,} states: {STATUS.get(code, 'unknown')}")
    return DONE


def _size(size: dict[str, int]) -> str:
    satellites, instants, rows, parts = (
        counted(size[f"{noun}s"], noun) for noun in ("satellite", "instant", "row", "part")
    )
    return f"{satellites} x {instants} = {rows}, {decimal(size['bytes'])} in {parts}"


def _planned(plan: Plan, shard: Shard | None) -> dict[str, int]:
    """How much a run, or a shard of it, is to write."""
    parts = shard.parts(plan.parts) if shard else range(plan.parts)
    instants = len(plan.layout.instants_of(parts))
    rows = instants * plan.satellites
    return dict(
        satellites=plan.satellites,
        instants=instants,
        rows=rows,
        parts=len(parts),
        bytes=rows * plan.row_bytes,
    )


def _notes(notes: Sequence[str], every: bool) -> list[str]:
    """The notes on the satellites that are printed before a run: one line unless `every`. The files
    always have all notes.
    """
    loudest_first = sorted(notes, key=lambda note: not note.startswith(ASSUMED))
    if every or len(notes) < 2:
        return [f"note: {note}" for note in loudest_first]
    assumed = [note.removeprefix(ASSUMED) for note in loudest_first if note.startswith(ASSUMED)]
    names = list(dict.fromkeys(note.partition(":")[0] for note in assumed))
    if len(names) > 1 or len(assumed) > 1:
        what = f"parts of {', '.join(names)} are assumed, because no source states them; "
    else:
        what = "".join(f"{ASSUMED}{note}; " for note in assumed)
    return [
        f"note: {what}the files record {len(notes)} notes on the satellites, --verbose shows them"
    ]


def _wrote(report: Report) -> str:
    """What a run wrote, in a line."""
    what = f"{report.path}, shard {report.shard}" if report.shard else report.path
    size = _size(
        dict(
            satellites=report.satellites,
            instants=report.instants,
            rows=report.rows,
            parts=report.parts,
            bytes=report.bytes,
        )
    )
    if not report.parts:
        return f"{what} has nothing to write: there are fewer parts than shards"
    if not report.computed:
        return f"{what} is complete already: {size}"
    rate = report.computed / max(report.seconds, 1e-9) / 1e6
    return (
        f"wrote {what}: {size}, in {report.seconds:.1f} s ({rate:.2f} M states/s, {report.engine})"
    )


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
def _resume_hint(store: Store, command: Sequence[str], shard: Shard | None) -> Iterator[None]:
    """Add the command that resumes a run to an error that ends it."""
    try:
        yield
    except (KeyboardInterrupt, OSError, RuntimeError) as error:
        begun = False
        if not isinstance(error, (FileExistsError, LockedError)):
            with suppress(OSError):
                begun = any(name.endswith(".json") for name in store.names())
        if begun:
            facts = RunFacts(command=list(command), directory=os.getcwd())
            error.__notes__ = [
                "Complete parts are kept, the unfinished part is discarded. Resume with: "
                f"{again(facts, SNAPSHOTS, shard)}"
            ]
        raise


def _span(times: Times) -> str:
    every = (
        f"every {format_duration(times.step_ns)}"
        if times.step_ns
        else f"to {format_ns(int(times.instants[-1]))}, over a leap second"
    )
    return f"from {format_ns(times.start_ns)} {every}"


@contextmanager
def _progress(
    rows: int, row_bytes: int, quiet: bool
) -> Iterator[Callable[[int, int, int], None] | None]:
    """A progress bar on stderr where that is a terminal: states/s, bytes/s, time left."""
    if quiet or not err.is_terminal:
        yield None
        return
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        TaskProgressColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text(
                ""
                if speed is None
                else f"{speed / 1e6:.2f} M states/s {speed * row_bytes / 1e6:,.0f} MB/s"
            )

    with Progress(
        BarColumn(),
        TaskProgressColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    ) as bar:
        task = bar.add_task("", total=rows)
        yield lambda done, total, bytes_done: bar.update(task, completed=done)
