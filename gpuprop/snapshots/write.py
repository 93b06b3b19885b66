"""Writing: states in, parts out. The parts that are not there yet, in order, each with the manifest
that lists it.
"""

import socket
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from ..dataset.shards import Shard
from ..dataset.store import AnyPath, place
from ..propagator import Propagator
from ..states import States
from ..time.times import Times
from .cluster import Workers, parts_of
from .encoding.encode import Form, encoded
from .encoding.part import Progress, Written, write_part, write_satellites
from .merge import merge_when_whole
from .plan import Plan, plan_snapshots
from .resume_command import remembered
from .session import Job, claimed

# blocks of the states at these instants
Compute: TypeAlias = Callable[[Times], AbstractContextManager[Iterable[States]]]
Produce: TypeAlias = Callable[
    [Job, Written, Progress | None], Generator[dict[str, Any], None, None]
]  # the parts that are missing, by their entries


@dataclass(frozen=True)
class Report:
    """What a run wrote, or a shard of it.

    rows, parts, bytes: of all parts that are there now, on the disk. seconds: what passed from the
    first state to the last rename. first, last: instants, None for a shard without parts. status:
    {code: states}, of the codes that occur. computed: rows that this run computed. resumed: parts
    that an earlier run had written. rewritten: files that were damaged, and how. shard: `I/N`;
    merged: whether all shards are there and the directory is whole. notes: what is to be known
    besides.
    """

    path: str
    satellites: int
    instants: int
    rows: int
    parts: int
    bytes: int
    seconds: float
    engine: str
    frame: str
    earth_orientation: str | None
    dtype: str
    velocity: bool
    format: str
    compression: str
    first: str | None
    last: str | None
    elements: str
    status: dict[int, int] = field(default_factory=dict)
    computed: int = 0
    resumed: int = 0
    rewritten: list[str] = field(default_factory=list)
    shard: str | None = None
    merged: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def not_good(self) -> int:
        """States whose status is not 0."""
        return self.rows - self.status.get(0, 0)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; status codes are text, as JSON has it."""
        return {
            **asdict(self),
            "status": {str(code): states for code, states in self.status.items()},
        }


def write_snapshots(
    path: AnyPath,
    propagator: Propagator,
    times: Any,
    frame: str = "teme",
    dtype: str = "float64",
    velocity: bool = True,
    format: str = "arrow",
    compression: str | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
    *,
    sunlit: bool = False,
    resume: bool = False,
    shard: str | None = None,
    client: Any = None,
    command: Sequence[str] | None = None,
) -> Report:
    """Write the states of all satellites of `propagator` at `times` (anything clock.as_times takes)
    into the directory `path`: on a disk, or in an object store (`s3://bucket/out`, or a UPath of
    universal-pathlib with the options of the store).

    The directory gets `satellites.arrow`, `snapshots/part-000000.arrow`, ... and `manifest.json`;
    rows are ordered by time, then as the satellites are. frame: teme, pef, itrs, gcrs, or geodetic:
    lat, lon (deg) and height (km) on WGS-84 in the place of x, y, z, with velocities along the axes
    of ITRS; its Earth orientation is the propagator's. sunlit: a column that says whether the Sun
    shines on the satellite (0 umbra, 1 penumbra, 2 sunlit). dtype: `float64` or `float32`, of
    positions and velocities. format: `arrow` (IPC, which memory-maps) or `parquet`. compression:
    `none`, `lz4` or `zstd`; by default none for arrow, zstd for parquet.

    progress(rows_done, rows_total, bytes_done) is called after each batch, on the calling thread.
    Memory does not grow with the number of instants. The parts depend on satellites, instants and
    options alone, byte for byte.

    Each file is complete or absent, and the manifest lists the parts that are complete, also after
    a failure or a kill. A directory that already holds snapshots is refused with FileExistsError
    unless `overwrite`, which replaces them, or `resume`; one that holds other files always is, and
    one that another job writes, with dataset.lock.LockedError. A store has no locks: there, of two jobs
    the one that began first finds the manifest of the other and stops, with RuntimeError.

    resume: go on with a run that was cut off: what is complete and sound stays, the rest is
    written, and the files are in the end, byte for byte, those of a run that was not; a directory
    that holds nothing is begun. snapshots.PlanDiffersError if what it holds was written from other
    satellites, instants or options. shard: `2/8` writes the second of eight shares of the parts;
    the shares, in processes or on machines of their own, go into one directory, and the last to be
    done (or merge_snapshots) makes it whole. client: a distributed.Client (or cluster.Workers,
    which says their engine too), whose workers write the parts, each with the fastest engine it
    has, to `path`, which they all must see; progress is called after each part. command: the words
    of a command line, which the manifest keeps so that what is missing one day can be written
    again.

    ValueError for options that are not known, OSError (with the path) for a disk that is full or
    may not be written, and for a store that refuses or does not answer. RuntimeError for what fails
    on a cluster; what is complete stays then, too; and for a store whose package is not installed.
    """
    if overwrite and (resume or shard is not None):
        what = "resume goes on with what is there" if resume else "a shard has others beside it"
        raise ValueError(f"overwrite removes what is there, and {what}: give one of them")
    if not isinstance(propagator, Propagator):
        raise TypeError(
            f"write_snapshots takes a Propagator, not {type(propagator).__name__}: "
            "gpuprop.Propagator(elements) makes one"
        )
    directory = place(path)
    one = None if shard is None else Shard.parse(shard)
    workers = None if client is None else Workers.of(client)
    plan = plan_snapshots(
        propagator.elements,
        times,
        frame,
        dtype,
        velocity,
        format,
        compression=compression,
        gravity=propagator.model.gravity.name,
        opsmode=propagator.model.opsmode,
        sunlit=sunlit,
        eop=propagator.eop if frame != "teme" else None,
    )

    def compute(times: Times) -> "closing[Generator[States, None, None]]":
        """A block is a batch, so that no row is copied on its way into the file."""
        blocks = propagator.snapshots(
            times, frame, velocity, sunlit=sunlit, instants=plan.layout.batch_instants
        )
        return closing(blocks)

    with compute(plan.times):  # what cannot be computed is refused before anything is touched
        pass
    produce, engine = _here(plan, compute, propagator.engine, propagator.threads), propagator.engine
    if workers is not None:
        eop = propagator.eop if frame != "teme" else None
        produce, engine = partial(parts_of, workers, plan, eop), workers.engine or "auto"
    run = {"engine": engine, **remembered(command)}
    return _write(
        directory, plan, produce, run, progress, overwrite=overwrite, resume=resume, shard=one
    )


def write_plan(
    path: AnyPath,
    plan: Plan,
    blocks: Iterable[States],
    *,
    engine: str,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Report:
    """Write the states in `blocks` (all instants of the plan, in order, in blocks of any size) as
    write_snapshots does.

    ValueError if the blocks do not hold the rows of the plan.
    """
    # whoever gives blocks may fill the same arrays again
    produce = _here(plan, lambda _: nullcontext(blocks), engine, 0)
    return _write(place(path), plan, produce, {"engine": engine}, progress, overwrite=overwrite)


def _write(
    directory: Path,
    plan: Plan,
    produce: Produce,
    run: dict[str, Any],
    progress: Progress | None,
    *,
    overwrite: bool = False,
    resume: bool = False,
    shard: Shard | None = None,
) -> Report:
    """Write the parts of the plan, or of the shard, that are not there yet."""
    begun = time.perf_counter()
    started = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    run = {
        "engine": run["engine"],
        "host": socket.gethostname(),
        "started": started,
        "seconds": 0.0,
        **run,
    }
    merged = False
    with claimed(directory, plan, run, overwrite=overwrite, resume=resume, shard=shard) as job:
        written, engine = _fill(job, plan, produce, progress, begun)
    if shard is not None:
        merged = merge_when_whole(directory, shard.count)
    manifest = job.manifest
    return Report(
        path=str(directory),
        satellites=plan.satellites,
        instants=sum(len(plan.layout.part(entry["part"])) for entry in manifest.parts),
        rows=written.rows,
        parts=len(manifest.parts),
        bytes=written.bytes,
        seconds=time.perf_counter() - begun,
        engine=engine or run["engine"],
        frame=plan.frame,
        earth_orientation=plan.earth_orientation,
        dtype=plan.dtype,
        velocity=plan.velocity,
        format=plan.format,
        compression=plan.compression,
        first=manifest.parts[0]["first"] if manifest.parts else None,
        last=manifest.parts[-1]["last"] if manifest.parts else None,
        elements=plan.metadata["elements"],
        status=dict(sorted(written.status.items())),
        computed=written.rows - written.found,
        resumed=job.resumed,
        rewritten=job.rewritten,
        shard=str(shard) if shard else None,
        merged=merged or job.merged,
        notes=job.notes,
    )


def _fill(
    job: Job, plan: Plan, produce: Produce, progress: Progress | None, begun: float
) -> tuple[Written, str]:
    """Write what the job is to write; the engines that did."""
    manifest, todo = job.manifest, job.todo
    written = Written(sum(len(plan.layout.part(index)) for index in manifest.own) * plan.satellites)
    for entry in manifest.parts:
        written.add(entry)
    written.found = written.rows
    if progress is not None and written.found:
        progress(written.rows, written.total, written.bytes)
    if job.satellites:
        manifest.satellites = write_satellites(job.directory, plan)
    engines: set[str] = set()
    with closing(produce(job, written, progress)) as entries:
        for entry in entries:
            engines.add(entry["engine"])
            manifest.run |= {
                "engine": ", ".join(sorted(engines)),
                "seconds": round(time.perf_counter() - begun, 3),
            }
            job.commit(entry)
    if not todo and (job.satellites or not manifest.complete):
        job.commit()
    return written, ", ".join(sorted(engines))


def _here(plan: Plan, compute: Compute, engine: str, threads: int) -> Produce:
    """The parts as this process writes them, in order."""

    def produce(
        job: Job, written: Written, progress: Progress | None
    ) -> Generator[dict[str, Any], None, None]:
        form = Form.of(plan)
        for parts in job.todo:
            first, last = plan.layout.part(parts[0]).start, plan.layout.part(parts[-1]).stop
            with (
                compute(plan.times[first:last]) as blocks,
                closing(encoded(plan, form, blocks, first, threads)) as batches,
            ):
                for index in parts:
                    job.check()
                    yield {
                        **write_part(job.directory, plan, index, form, batches, written, progress),
                        "engine": engine,
                    }

    return produce
