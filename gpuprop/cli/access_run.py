"""What `gpuprop access` does: read satellites and sites, find passes, write and report them."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.filesize import decimal

from ..analysis.access.cluster import produce
from ..analysis.access.contents import PASSES
from ..analysis.access.directory import PassReport, open_passes, write_passes
from ..analysis.access.passes import passes_in
from ..analysis.access.question import Question, ask
from ..analysis.tables import check_suffix, with_timestamps, write_table
from ..dataset.session import JobOptions
from ..messages import counted
from ..propagator import Propagator
from ..time.durations import in_words
from .access_options import AccessOptions
from .app import COMMAND_LINE
from .console import DONE, out, print_result, say, silent, wide
from .directories import cluster_workers, given_cluster, is_file, refuse_for_file, resume_hint
from .inputs import check_outputs, given_store, repeated_numbers
from .options import wrong_call
from .progress import Progress, progress_bar
from .propagators import open_propagator, report_engine, report_inputs
from .satellites import read_satellites, window_ns
from .sites import doubt, given_sites

SHOWN = 10  # passes on the terminal


def run_access(sources: Sequence[str], options: AccessOptions) -> int:
    """Run the command, and return the exit code."""
    begun = time.perf_counter()
    output = str(options.output)
    tell = silent if options.messages.quiet else say
    with wrong_call():
        one_file = is_file(output)
        how = JobOptions(options.directory.overwrite, options.directory.resume)
        cluster = given_cluster(options.directory.cluster)
        if one_file:
            check_suffix(output)
            check_outputs([output], [*sources, *(options.sites or ()), options.eop])
            refuse_for_file(output, asdict(options.directory))
        sites = given_sites(options.site, options.sites)
    doubt(sites, options.site_dark, tell)
    elements, start = read_satellites(
        sources,
        options.satellites,
        options.window,
        tell,
        gravity=options.run.gravity,
        verbose=options.messages.verbose,
    )
    begin, end = window_ns(start, options.window)
    propagator = open_propagator(elements, options.run, tell, eop=options.eop, cluster=cluster)
    with wrong_call():
        asked = ask(
            propagator,
            sites,
            np.datetime64(begin, "ns"),
            np.datetime64(end, "ns"),
            None,
            options.min_elevation,
            options.timestamp,
            min_duration=options.min_duration,
            sunlit=options.sunlit,
            site_sun_below_deg=options.site_dark,
        )
    earth_orientation = propagator.eop.described(asked.times.edges)
    report_inputs(elements, begin, tell, earth_orientation)
    tell(_summary(asked, len(elements)))
    report_engine(propagator, options.run, tell, cluster)
    facts: dict[str, object]
    with progress_bar(options.messages.quiet) as progress:
        if one_file:
            table = passes_in(propagator, asked, *asked.window, progress=progress)
            size = write_table(output, with_timestamps(table, options.timestamp))
            facts = dict(path=output, passes=table.num_rows, bytes=size, engine=propagator.engine)
            wrote = f"wrote {output}: {_passes(table.num_rows)}, {decimal(size)}"
        else:
            report = _into_directory(options, propagator, asked, how, cluster, progress)
            table = _first_passes(output)
            facts, wrote = asdict(report), _wrote(report)
    facts |= dict(seconds=time.perf_counter() - begun, **repeated_numbers(elements))
    if not options.messages.json and out.is_terminal and table.num_rows:
        _show(table)
    print_result(facts, options.messages.json, f"{wrote}, in {time.perf_counter() - begun:.1f} s")
    return DONE


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
    progress: Progress | None,
) -> PassReport:
    store = given_store(str(options.output))
    command = COMMAND_LINE.get([])
    with (
        cluster_workers(cluster, options.run) as workers,
        resume_hint(store, command, PASSES),
    ):
        return write_passes(
            store,
            propagator,
            asked,
            how,
            produce=partial(produce, workers, propagator, asked) if workers else None,
            engine=(options.run.engine or "auto") if workers else None,
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
