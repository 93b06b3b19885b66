"""What `gpuprop screen` does: read the satellites, screen them, write and report."""

import time
from collections.abc import Callable, Sequence
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
from ..analysis.tables import check_suffix, with_timestamps, write_table
from ..dataset.session import JobOptions
from ..dataset.shards import Shard
from ..elements.selection import SelectionError, SelectionWarning
from ..errors import UsageError
from ..messages import counted
from ..propagator import Propagator
from ..time.durations import in_words
from ..time.instants import format_ns
from .app import COMMAND_LINE
from .console import DONE, print_result, say, silent, wide
from .directories import (
    cluster_workers,
    given_cluster,
    is_file,
    refuse_for_file,
    report_steps,
    resume_hint,
)
from .inputs import check_outputs, given_store, repeated_numbers, warnings_as_notes
from .options import wrong_call
from .progress import Progress, progress_bar
from .propagators import open_propagator, report_engine, report_inputs
from .satellites import read_satellites, window_ns
from .screen_options import ScreenOptions

SHOWN = 10  # conjunctions on the terminal
UNITS = {"km": 1.0, "m": 0.001}


def run_screen(sources: Sequence[str], options: ScreenOptions) -> int:
    """Run the command, and return the exit code."""
    begun = time.perf_counter()
    output = str(options.output)
    tell = silent if options.messages.quiet else say
    with wrong_call():
        threshold = threshold_km(options.threshold)
        one_file = is_file(output)
        shard = None if options.shard is None else Shard.parse(options.shard)
        how = JobOptions(options.directory.overwrite, options.directory.resume, shard)
        cluster = given_cluster(options.directory.cluster)
        if one_file:
            check_suffix(output)
            check_outputs([output, _companions(output)], sources)
            refuse_for_file(output, asdict(options.directory) | dict(shard=options.shard))
    elements, start = read_satellites(
        sources,
        options.satellites,
        options.window,
        tell,
        gravity=options.run.gravity,
        verbose=options.messages.verbose,
    )
    begin, end = window_ns(start, options.window)
    propagator = open_propagator(elements, options.run, tell, cluster=cluster)
    with wrong_call():
        window = np.datetime64(begin, "ns"), np.datetime64(end, "ns")
        with warnings_as_notes(tell, SelectionWarning, "--primaries "):
            try:
                asked = ask(
                    propagator,
                    *window,
                    None,
                    threshold,
                    options.primaries or None,
                    options.timestamp,
                )
            except SelectionError as error:
                raise UsageError(f"--primaries {error}") from None
    report_inputs(elements, begin, tell)
    tell(_question(asked, len(elements)))
    report_engine(propagator, options.run, tell, cluster)
    facts: dict[str, Any]
    found: Screened | None = None
    with progress_bar(options.messages.quiet, _rate) as progress:
        if one_file:
            found, facts = _into_files(output, propagator, asked, progress)
        else:
            report = _into_directory(options, propagator, asked, how, cluster, progress)
            if report.shard is None or report.merged:
                found = open_screening(given_store(output).path)
            facts = asdict(report)
            report_steps(report, tell, "files")
    if found is not None:
        facts |= found.summary
        _tell_lost(facts["lost_status"], tell)
        if not options.messages.json and facts["conjunctions"]:
            _show(found.closest(SHOWN))
    facts |= dict(seconds=time.perf_counter() - begun, **repeated_numbers(elements))
    facts.setdefault("path", output)
    wrote = f"wrote {facts['path']}: {_counts(facts)}, {decimal(facts['bytes'])}"
    print_result(facts, options.messages.json, f"{wrote}, in {facts['seconds']:.1f} s")
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


def _rate(speed: float) -> str:
    return f"{speed / 3600.0:,.1f} hours of orbit a second"


def _question(asked: Question, satellites: int) -> str:
    window = asked.window
    what = counted(satellites, "satellite")
    if asked.numbers is not None:
        primaries = counted(len(asked.numbers), "satellite")
        what = f"{primaries} ({', '.join(asked.primaries or ())}) against {what}"
    first, stop = window.first * 1000, window.stop * 1000  # ns
    return (
        f"{what}, below {asked.threshold:g} km, for {in_words(stop - first)} "
        f"from {format_ns(first)}"
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
    size = sum(
        write_table(path, with_timestamps(table, asked.timestamp_unit))
        for path, table in ((beside, found.companions), (output, found.conjunctions))
    )
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
        cluster_workers(cluster, options.run) as workers,
        resume_hint(store, command, SCREENING, how.shard),
    ):
        return write_screening(
            store,
            propagator,
            asked,
            how,
            produce=partial(produce, workers, propagator, asked) if workers else None,
            engine=(options.run.engine or "auto") if workers else None,
            command=command,
            progress=progress,
        )


def _tell_lost(lost: list[int], tell: Callable[[str], None]) -> None:
    if lost:
        shown = ", ".join(map(str, lost[:5])) + (", ..." if len(lost) > 5 else "")
        tell(
            f"{counted(len(lost), 'satellite')} without the status 0 (decayed, or not computable) "
            f"for all or some of the time, screened only while it is 0: {shown}"
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
