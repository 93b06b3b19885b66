"""What `gpuprop access` does: read satellites and sites, find passes, write and report them."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.filesize import decimal

from ..analysis.access.cluster import produce
from ..analysis.access.contents import PASSES
from ..analysis.access.directory import PassReport, open_passes, write_passes
from ..analysis.access.passes import passes_in
from ..analysis.access.question import Question, ask
from ..analysis.look_angles import Site
from ..analysis.tables import check_suffix, read_sites, site_of, write_table
from ..catalogs.sources import ages_in_words
from ..dataset.session import JobOptions
from ..engine.choice import EngineWarning, requested_name
from ..errors import UsageError
from ..literals import Scale
from ..messages import counted
from ..propagator import Propagator
from ..snapshots.cluster import Workers, connected, known_cluster
from ..time.durations import duration_ns, in_words
from ..time.times import time_grid
from .access_options import AccessOptions
from .app import COMMAND_LINE
from .console import DONE, err, out, print_result, say, silent, wide
from .inputs import check_outputs, given_store, repeated_numbers, warnings_as_notes
from .options import wrong_call
from .propagation import resume_hint
from .satellites import read_satellites

SHOWN = 10  # passes on the terminal


def run_access(sources: Sequence[str], options: AccessOptions) -> int:
    """Run the command, and return the exit code."""
    begun = time.perf_counter()
    output = str(options.output)
    tell = silent if options.quiet else say
    with wrong_call():
        is_file = bool(Path(output).suffix) and "://" not in output
        how = JobOptions(options.overwrite, options.resume)
        cluster = known_cluster(options.cluster) if options.cluster is not None else None
        if is_file:
            check_suffix(output)
            check_outputs([output], [*sources, *(options.sites or ()), options.eop])
            _refuse_for_file(options)
        sites = _sites(options)
    elements, start = read_satellites(sources, options, tell)
    with wrong_call():
        if options.stop is not None and options.duration is not None:
            raise UsageError("give either --stop or --duration")
        duration = options.duration or "1d"
        begin = _instant(start, options.scale)
        end = (
            begin + duration_ns(duration)
            if options.stop is None
            else _instant(options.stop, options.scale)
        )
        # with a cluster, the engines of the workers count, not those of this machine
        engine = options.engine if cluster is None else "numpy"
        with warnings_as_notes(tell, EngineWarning):
            propagator = Propagator(
                elements,
                engine,
                options.gravity,
                options.opsmode,
                threads=options.threads,
                eop=options.eop,
            )
        asked = ask(
            propagator,
            sites,
            np.datetime64(begin, "ns"),
            np.datetime64(end, "ns"),
            None,
            options.min_elevation,
            min_duration=options.min_duration,
            sunlit=options.sunlit,
            site_sun_below_deg=options.site_dark,
        )
    tell(f"Earth orientation: {propagator.eop.described(asked.times.edges)}")
    if ages := ages_in_words(elements, begin):
        tell(ages)
    tell(_summary(asked, len(elements)))
    if cluster is None and requested_name(options.engine).startswith("auto"):
        tell(f"engine: {propagator.engine} (auto)")
    facts: dict[str, object]
    with _progress(options.quiet) as progress:
        if is_file:
            table = passes_in(propagator, asked, *asked.window, progress=progress)
            size = write_table(output, table)
            facts = dict(path=output, passes=table.num_rows, bytes=size, engine=propagator.engine)
            wrote = f"wrote {output}: {_passes(table.num_rows)}, {decimal(size)}"
        else:
            report = _into_directory(options, propagator, asked, how, cluster, progress)
            table = _first_passes(output)
            facts, wrote = asdict(report), _wrote(report)
    facts |= dict(seconds=time.perf_counter() - begun, **repeated_numbers(elements))
    if not options.json and out.is_terminal and table.num_rows:
        _show(table)
    print_result(facts, options.json, f"{wrote}, in {time.perf_counter() - begun:.1f} s")
    return DONE


def _instant(text: str, scale: Scale) -> int:
    """Read an instant on a time scale: nanoseconds of UTC since 1970."""
    return time_grid(text, duration="1s", step="1s", scale=scale).start_ns


def _refuse_for_file(options: AccessOptions) -> None:
    for name, given in (
        ("resume", options.resume),
        ("overwrite", options.overwrite),
        ("cluster", options.cluster),
    ):
        if given:
            raise UsageError(
                f"--{name} is for a directory of parts, and {options.output} is one file: give a "
                "name without a suffix"
            )


def _sites(options: AccessOptions) -> list[Site]:
    sites = [
        site_of([part.strip() for part in text.rsplit(",", 3)], f"--site {text!r}")
        if text.count(",") >= 3
        else site_of([part.strip() for part in text.split(",")], f"--site {text!r}")
        for text in options.site or ()
    ]
    for path in options.sites or ():
        sites += read_sites(path)
    return sites


def _summary(asked: Question, satellites: int) -> str:
    first, stop = asked.window
    return (
        f"{counted(satellites, 'satellite')} over {counted(len(asked.sites), 'site')}, "
        f"{in_words((stop - first) * 1000)}, from {asked.min_elevation_deg:g} deg"
    )


def _into_directory(
    options: AccessOptions,
    propagator: Propagator,
    asked: Question,
    how: JobOptions,
    cluster: str | None,
    progress: Callable[[float, float], None] | None,
) -> PassReport:
    store = given_store(str(options.output))
    command = COMMAND_LINE.get([])
    with (
        connected(cluster) if cluster else nullcontext() as client,
        resume_hint(store, command, PASSES),
    ):
        workers = Workers(client, options.engine, options.threads) if client else None
        return write_passes(
            store,
            propagator,
            asked,
            how,
            produce=partial(produce, workers, propagator, asked) if workers else None,
            engine=(options.engine or "auto") if workers else None,
            command=command,
            progress=progress,
        )


def _passes(count: int) -> str:
    return f"{count:,} pass{'' if count == 1 else 'es'}"


def _first_passes(output: str) -> pa.Table:
    return open_passes(given_store(output).path).dataset.head(SHOWN)


def _wrote(report: PassReport) -> str:
    resumed = f" ({report.resumed:,} complete before)" if report.resumed else ""
    return (
        f"wrote {report.path}: {_passes(report.passes)}, "
        f"{decimal(report.bytes)} in {counted(report.parts, 'part')}{resumed}"
    )


def _show(table: pa.Table) -> None:
    """Show the first passes as a table."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    for name in ("rise (UTC)", "set", "site", "satellite", "s", "max deg", "azimuths deg"):
        shown.add_column(name, no_wrap=True)
    table = table.slice(0, SHOWN)
    texts = {
        name: pc.strftime(table.column(name).cast(pa.timestamp("s", "UTC"), safe=False), form)
        for name, form in (("rise", "%Y-%m-%d %H:%M:%S"), ("set", "%H:%M:%S"))
    }
    for number, row in enumerate(table.drop_columns(["rise", "culmination", "set"]).to_pylist()):
        azimuths = "  ".join(
            f"{row[name]:5.1f}"
            for name in ("rise_azimuth_deg", "culmination_azimuth_deg", "set_azimuth_deg")
        )
        shown.add_row(
            texts["rise"][number].as_py(),
            texts["set"][number].as_py(),
            row["site"],
            row["object_name"] or str(row["sat_id"]),
            f"{row['duration_s']:.1f}",
            f"{row['max_elevation_deg']:.1f}",
            azimuths,
        )
    wide.print(shown)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[float, float], None] | None]:
    """Show a progress bar on stderr if that is a terminal."""
    if quiet or not err.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    columns = BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
