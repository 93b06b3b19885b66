"""What `gpuprop screen` does: read the satellites, screen them, write and report."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rich.filesize import decimal

from ..analysis.screening.cluster import produce
from ..analysis.screening.contents import SCREENING
from ..analysis.screening.directory import ScreeningReport, write_screening
from ..analysis.screening.parts import Screening
from ..analysis.screening.question import Question, ask
from ..analysis.screening.result import Screened, ScreenedInMemory, open_screening
from ..analysis.tables import check_suffix, write_table
from ..catalogs.sources import ages_in_words
from ..dataset.session import JobOptions
from ..dataset.shards import Shard
from ..elements.selection import SelectionError, SelectionWarning
from ..engine.choice import EngineWarning, requested_name
from ..errors import UsageError
from ..literals import Scale
from ..messages import counted
from ..propagator import Propagator
from ..snapshots.cluster import Workers, connected, known_cluster
from ..time.durations import duration_ns, in_words
from ..time.times import time_grid
from .app import COMMAND_LINE
from .console import DONE, err, print_result, say, silent, wide
from .inputs import check_outputs, given_store, repeated_numbers, warnings_as_notes
from .options import wrong_call
from .propagation import resume_hint
from .satellites import read_satellites
from .screen_options import ScreenOptions

SHOWN = 10  # conjunctions on the terminal
UNITS = {"km": 1.0, "m": 0.001}
Progress = Callable[[float, float], None]


def run_screen(sources: Sequence[str], options: ScreenOptions) -> int:
    """Run the command, and return the exit code."""
    begun = time.perf_counter()
    output = str(options.output)
    tell = silent if options.quiet else say
    with wrong_call():
        threshold = threshold_km(options.threshold)
        is_file = bool(Path(output).suffix) and "://" not in output
        shard = None if options.shard is None else Shard.parse(options.shard)
        how = JobOptions(options.overwrite, options.resume, shard)
        cluster = known_cluster(options.cluster) if options.cluster is not None else None
        if is_file:
            check_suffix(output)
            check_outputs([output, _companions(output)], sources)
            _refuse_for_file(options)
    elements, start = read_satellites(sources, options, tell)
    with wrong_call():
        if options.stop is not None and options.duration is not None:
            raise UsageError("give either --stop or --duration")
        begin = _instant(start, options.scale)
        end = (
            begin + duration_ns(options.duration or "1d")
            if options.stop is None
            else _instant(options.stop, options.scale)
        )
        # with a cluster, the engines of the workers count, not those of this machine
        engine = options.engine if cluster is None else "numpy"
        with warnings_as_notes(tell, EngineWarning):
            propagator = Propagator(
                elements, engine, options.gravity, options.opsmode, threads=options.threads
            )
        window = np.datetime64(begin, "ns"), np.datetime64(end, "ns")
        with warnings_as_notes(tell, SelectionWarning, "--primaries "):
            try:
                asked = ask(propagator, *window, None, threshold, options.primaries or None)
            except SelectionError as error:
                raise UsageError(f"--primaries {error}") from None
    if ages := ages_in_words(elements, begin):
        tell(ages)
    tell(_question(asked, len(elements)))
    if cluster is None and requested_name(options.engine).startswith("auto"):
        tell(f"engine: {propagator.engine} (auto)")
    facts: dict[str, Any]
    found: Screened | None = None
    with _progress(options.quiet) as progress:
        if is_file:
            found, facts = _into_files(output, propagator, asked, progress)
        else:
            report = _into_directory(options, propagator, asked, how, cluster, progress)
            if report.shard is None or report.merged:
                found = open_screening(given_store(output).path)
            facts = asdict(report)
            _report(report, tell)
    if found is not None:
        facts |= found.summary
        _tell_lost(facts["lost_status"], tell)
        if not options.json and found.conjunctions.num_rows:
            _show(found.closest(SHOWN))
    facts |= dict(seconds=time.perf_counter() - begun, **repeated_numbers(elements))
    facts.setdefault("path", output)
    wrote = f"wrote {facts['path']}: {_counts(facts)}, {decimal(facts['bytes'])}"
    print_result(facts, options.json, f"{wrote}, in {facts['seconds']:.1f} s")
    return DONE


def threshold_km(text: str) -> float:
    """Read a length: 5km, 500m, or a number of kilometres. ValueError for other text."""
    number, factor = text.strip().lower(), 1.0
    for unit, size in UNITS.items():
        if number.endswith(unit):
            number, factor = number.removesuffix(unit).strip(), size
            break
    try:
        # the nearest number to what is written: 10m is 0.01, not 10 * 0.001
        return float(number) if factor == 1.0 else float(number) / round(1.0 / factor)
    except ValueError:
        raise ValueError(f"--threshold {text!r} is not a length: write 5km or 500m") from None


def _instant(text: str, scale: Scale) -> int:
    """Read an instant on a time scale: nanoseconds of UTC since 1970."""
    return time_grid(text, duration="1s", step="1s", scale=scale).start_ns


def _refuse_for_file(options: ScreenOptions) -> None:
    for name, given in (
        ("resume", options.resume),
        ("overwrite", options.overwrite),
        ("shard", options.shard),
        ("cluster", options.cluster),
    ):
        if given:
            raise UsageError(
                f"--{name} is for a directory of parts, and {options.output} is one file: give a "
                "name without a suffix"
            )


def _question(asked: Question, satellites: int) -> str:
    window = asked.window
    what = counted(satellites, "satellite")
    if asked.numbers is not None:
        primaries = counted(len(asked.numbers), "satellite")
        what = f"{primaries} ({', '.join(asked.primaries or ())}) against {what}"
    return (
        f"{what}, below {asked.threshold:g} km, for {in_words((window.stop - window.first) * 1000)}"
    )


def _into_files(
    output: str, propagator: Propagator, asked: Question, progress: Progress | None
) -> tuple[Screened, dict[str, Any]]:
    """Write both tables beside each other: FILE.parquet and FILE.companions.parquet."""
    window = asked.window
    total = 1e-6 * (window.stop - window.first)

    def tell(instant: int) -> None:
        if progress is not None:
            progress(1e-6 * (instant - window.first), total)

    part = Screening(propagator, asked).part(window.first, window.stop, tell)
    found = ScreenedInMemory(asked.metadata(propagator), part)
    beside = _companions(output)
    size = write_table(beside, found.companions) + write_table(output, found.conjunctions)
    return found, dict(
        path=output, companions_path=str(beside), bytes=size, engine=propagator.engine
    )


def _companions(output: str) -> Path:
    """Name the table of companions, beside that of conjunctions."""
    path = Path(output)
    return path.with_name(f"{path.stem}.companions{path.suffix}")


def _into_directory(
    options: ScreenOptions,
    propagator: Propagator,
    asked: Question,
    how: JobOptions,
    cluster: str | None,
    progress: Progress | None,
) -> ScreeningReport:
    store = given_store(str(options.output))
    command = COMMAND_LINE.get([])
    with (
        connected(cluster) if cluster else nullcontext() as client,
        resume_hint(store, command, SCREENING, how.shard),
    ):
        workers = Workers(client, options.engine, options.threads) if client else None
        return write_screening(
            store,
            propagator,
            asked,
            how,
            produce=partial(produce, workers, propagator, asked) if workers else None,
            engine=(options.engine or "auto") if workers else None,
            command=command,
            progress=progress,
        )


def _report(report: ScreeningReport, tell: Callable[[str], None]) -> None:
    """Print what was resumed, rewritten and merged."""
    if report.resumed:
        tell(f"resumed: {report.resumed:,} of {report.parts:,} files were complete")
    for what in report.rewritten:
        tell(f"written again: {what}")
    if report.shard:
        if report.merged:
            tell(f"all shards are complete: {report.path} is one run now")
        else:
            tell(f"not merged yet: the last shard will do it, or gpuprop merge {report.path}")
    for note in report.notes:
        tell(f"note: {note}")


def _tell_lost(lost: list[int], tell: Callable[[str], None]) -> None:
    if lost:
        shown = ", ".join(map(str, lost[:5])) + (", ..." if len(lost) > 5 else "")
        tell(
            f"{counted(len(lost), 'satellite')} lost the status 0 (decayed, or not computable), "
            f"and were screened while they had it: {shown}"
        )


def _counts(facts: dict[str, Any]) -> str:
    conjunctions, companions = facts["conjunctions"], facts["companions"]
    return f"{counted(conjunctions, 'conjunction')}, {counted(companions, 'companion')}"


def _show(table: pa.Table) -> None:
    """Show the closest conjunctions as a table."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    for name in ("TCA (UTC)", "km", "km/s", "first", "second", "radial", "in-track", "cross"):
        left = name in ("TCA (UTC)", "first", "second")
        shown.add_column(name, no_wrap=True, justify="left" if left else "right")
    for row in table.to_pylist():
        names = [f"{row[f'NORAD_CAT_ID_{k}']} {row[f'OBJECT_NAME_{k}']}".rstrip() for k in (1, 2)]
        shown.add_row(
            f"{row['TCA'].strftime('%Y-%m-%d %H:%M:%S')}.{row['TCA'].microsecond // 1000:03d}",
            f"{row['TCA_RANGE']:.3f}",
            f"{row['TCA_RELATIVE_SPEED']:.3f}",
            *names,
            *(f"{row[name]:.3f}" for name in ("RADIAL", "IN_TRACK", "CROSS_TRACK")),
        )
    wide.print(shown)


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress | None]:
    """Show a progress bar on stderr if that is a terminal: window/s, time left."""
    if quiet or not err.is_terminal:
        yield None
        return
    from rich.progress import (
        BarColumn,
        ProgressColumn,
        TaskProgressColumn,
        TimeRemainingColumn,
    )
    from rich.progress import (
        Progress as Bar,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed / 3600.0:,.1f} hours of orbit a second")

    columns = BarColumn(), TaskProgressColumn(), Rate(), TimeRemainingColumn()
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
