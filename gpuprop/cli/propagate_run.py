"""What `gpuprop propagate` does: read the satellites, plan the run, write it, report."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from rich.filesize import decimal

from ..catalogs.sources import median_age_days
from ..dataset.session import JobOptions
from ..dataset.shards import Shard
from ..messages import counted
from ..snapshots.contents import SNAPSHOTS
from ..snapshots.plan import Plan, make_plan
from ..snapshots.write import Report, run_plan
from ..states import STATUS
from ..time.durations import format_duration
from ..time.instants import format_ns
from ..time.scales import leap_seconds_expire
from ..time.times import Times
from ..time.units import SECOND
from .app import COMMAND_LINE
from .console import DONE, print_result, say, silent
from .directories import cluster_workers, given_cluster, report_steps, resume_hint
from .inputs import given_store, repeated_numbers
from .options import wrong_call
from .progress import progress_bar
from .propagate_options import PropagateOptions
from .propagators import (
    open_propagator,
    precision_counts,
    report_engine,
    report_inputs,
    report_precision,
)
from .satellites import read_satellites, time_steps

# When pyarrow first converts an array, it imports pandas if that is installed. A signal during an
# import may be lost, so this happens now, while signals wait (see __main__.py).
pa.array(np.empty(0))

Tell = Callable[[str], None]


def run_propagate(sources: Sequence[str], options: PropagateOptions) -> int:
    """Run the command, and return the exit code."""
    with wrong_call():
        shard = None if options.shard is None else Shard.parse(options.shard)
        how = JobOptions(options.overwrite, options.resume, shard)
        cluster = given_cluster(options.cluster)
    store = given_store(options.output) if options.output is not None else None
    tell = silent if options.messages.quiet else say
    elements, start = read_satellites(
        sources,
        options.satellites,
        options.instants,
        tell,
        gravity=options.run.gravity,
        verbose=options.messages.verbose,
    )
    times = time_steps(start, options.instants)
    propagator = open_propagator(
        elements,
        options.run,
        tell,
        eop=options.eop,
        cluster=cluster,
        precision=options.precision,
    )
    with wrong_call():
        plan = make_plan(elements, times, options.snapshots, propagator.model, options.eop)
    report_inputs(elements, times.start_ns, tell, plan.earth_orientation)
    if options.instants.scale != "utc" and int(times.edges.max()) > leap_seconds_expire():
        tell(
            f"leap seconds are known until {format_ns(leap_seconds_expire())}: later ones would "
            f"shift the instants of --scale {options.instants.scale}"
        )
    size = _planned(plan, shard)
    packed = plan.options.format == "parquet" or plan.options.compression != "none"
    summary = f"{_size(size, packed)}, {_span(times)}, in {plan.options.frame}"
    duplicates = repeated_numbers(elements)
    if options.dry_run:
        facts: dict[str, object] = {
            **size,
            "start": format_ns(times.start_ns),
            "step": format_duration(times.step_ns) if times.step_ns else None,
            "step_s": times.step_ns / SECOND if times.step_ns else None,
            "median_age_days": median_age_days(elements, times.start_ns),
            "frame": plan.options.frame,
            "earth_orientation": plan.earth_orientation,
            "engine": options.run.engine or "auto" if cluster else propagator.engine,
            **precision_counts(propagator),
        }
        print_result(facts | duplicates, options.messages.json, summary)
        return DONE
    assert store is not None
    tell(summary)
    report_engine(propagator, options.run, tell, cluster)
    report_precision(propagator, tell)
    command = COMMAND_LINE.get([])
    with (
        cluster_workers(cluster, options.run) as workers,
        progress_bar(options.messages.quiet, _rate(plan.row_bytes)) as progress,
        resume_hint(store, command, SNAPSHOTS, shard),
    ):
        report = run_plan(
            store,
            plan,
            propagator,
            how,
            workers=workers,
            command=command,
            progress=progress and (lambda rows, total, _: progress(rows, total)),
        )
    report_steps(report, tell)
    facts = report.to_dict() | precision_counts(propagator) | duplicates
    print_result(facts, options.messages.json, _wrote(report))
    for code, states in sorted(report.status.items()):
        if code:
            tell(f"status {code}: {states:,} states: {STATUS.get(code, 'unknown')}")
    return DONE


def _rate(row_bytes: int) -> Callable[[float], str]:
    """Return what writes a speed in rows a second as states/s and bytes/s."""
    return lambda speed: f"{speed / 1e6:.2f} M states/s {speed * row_bytes / 1e6:,.0f} MB/s"


def _size(size: dict[str, int], before_compression: bool = False) -> str:
    satellites, instants, rows, parts = (
        counted(size[f"{noun}s"], noun) for noun in ("satellite", "instant", "row", "part")
    )
    length = decimal(size["bytes"]) + " before compression" * before_compression
    return f"{satellites} x {instants} = {rows}, {length} in {parts}"


def _planned(plan: Plan, shard: Shard | None) -> dict[str, int]:
    """Count what a run, or a shard of it, will write."""
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


def _wrote(report: Report) -> str:
    """Describe what a run wrote, in one line."""
    what = f"{report.path}, shard {report.shard}" if report.shard else report.path
    size = _size(vars(report))
    if not report.parts:
        return f"{what} has nothing to write: there are fewer parts than shards"
    if not report.computed:
        return f"{what} is complete already: {size}"
    rate = report.computed / max(report.seconds, 1e-9) / 1e6
    return (
        f"wrote {what}: {size}, in {report.seconds:.1f} s ({rate:.2f} M states/s, {report.engine})"
    )


def _span(times: Times) -> str:
    every = (
        f"every {format_duration(times.step_ns)}"
        if times.step_ns
        else f"to {format_ns(int(times.instants[-1]))}, over a leap second"
    )
    return f"from {format_ns(times.start_ns)} {every}"
