"""Writing: the parts that are missing, in order, each followed by the manifest that lists it."""

import os
import socket
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from typing import Any, TypeAlias

from ..dataset.location import AnyPath, open_store
from ..dataset.manifest import PartEntry, RunFacts
from ..dataset.merge import merge_if_complete
from ..dataset.session import Job, JobOptions, claim
from ..dataset.shards import Shard
from ..dataset.store import Store
from ..frames import EarthOrientation
from ..propagator import Propagator
from ..states import States
from ..time.times import Times
from ..typing import Compression, DType, FileFormat, Frame, Instants
from .cluster import Workers, parts_of
from .contents import SNAPSHOTS
from .encoding.encode import Form, encoded
from .encoding.part import Progress, Written, write_part, write_satellites
from .options import SnapshotOptions
from .other_epoch import explain_epochs
from .plan import Plan, make_plan

# makes blocks of the states at these instants
Compute: TypeAlias = Callable[[Times], AbstractContextManager[Iterable[States]]]
# writes the parts that are missing, and yields their entries
Produce: TypeAlias = Callable[[Job, Written, Progress | None], Generator[PartEntry, None, None]]


@dataclass(frozen=True)
class Report:
    """What a run wrote, or a shard of it.

    Attributes
    ----------
    path : str
        The directory.
    satellites, instants : int
        Of the complete parts.
    rows, parts, bytes : int
        Of all parts that are complete now.
    seconds : float
        From the first state to the last file.
    engine : str
        What computed the states.
    options : SnapshotOptions
        What was written of each state, and the form of the files.
    earth_orientation : str or None
        What turned the Earth, in the frames other than teme.
    elements : str
        The digest of the element sets.
    first, last : str or None
        The first and last instants, UTC; None for a shard without parts.
    status : dict
        {code: states}, of the codes that occur.
    computed : int
        Rows that this run computed.
    resumed : int
        Parts that an earlier run had written.
    rewritten : list of str
        Files that were damaged, and how.
    shard : str or None
        `I/N`.
    merged : bool
        Whether all shards are complete and merged.
    notes : list of str
        What else a user should know.
    """

    path: str
    satellites: int
    instants: int
    rows: int
    parts: int
    bytes: int
    seconds: float
    engine: str
    options: SnapshotOptions
    earth_orientation: str | None
    elements: str
    first: str | None
    last: str | None
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
        """Return all fields, those of the options among them, for JSON. Status codes are text."""
        record = asdict(self)
        record |= record.pop("options")
        return {**record, "status": {str(code): rows for code, rows in self.status.items()}}


def write_snapshots(
    path: AnyPath,
    propagator: Propagator,
    times: Instants,
    frame: Frame = "teme",
    dtype: DType = "float64",
    velocity: bool = True,
    format: FileFormat = "arrow",
    compression: Compression | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
    *,
    sunlit: bool = False,
    resume: bool = False,
    shard: str | None = None,
    client: object = None,
    command: Sequence[str] | None = None,
) -> Report:
    """Write the states of all satellites at some instants into a directory of Arrow files.

    The directory gets `satellites.arrow`, `snapshots/part-000000.arrow`, ... and `manifest.json`.
    Rows are ordered by time, then as the satellites are. The parts depend on satellites, instants
    and options alone, byte for byte. Memory does not grow with the number of instants.

    Each file is complete or absent, and the manifest lists the complete parts, also after a failure
    or a kill.

    Parameters
    ----------
    path : str, path or UPath
        The directory: on a disk, or in an object store (`s3://bucket/out`, or a UPath of
        universal-pathlib with the options of the store).
    propagator : Propagator
        Computes the states; its Earth orientation is used in the frames other than teme.
    times : (n_times,) instants
        Anything that `as_times` takes.
    frame : {"teme", "pef", "itrs", "gcrs", "geodetic"}
        The frame of positions (km) and velocities (km/s). geodetic: lat, lon (deg) and height (km)
        on WGS-84 instead of x, y, z, with velocities along the axes of ITRS.
    dtype : {"float64", "float32"}
        Of positions and velocities.
    velocity : bool
        Write velocities too.
    format : {"arrow", "parquet"}
        arrow: IPC files, which can be mapped into memory.
    compression : {"none", "lz4", "zstd"}, optional
        Unless given, none for arrow and zstd for parquet.
    progress : callable, optional
        progress(rows_done, rows_total, bytes_done) is called after each batch, on the calling
        thread; with a client, after each part.
    overwrite : bool
        Replace the snapshots that the directory holds.
    sunlit : bool
        Write a column that says whether the Sun shines on the satellite: 0 umbra, 1 penumbra, 2
        sunlit.
    resume : bool
        Continue a run that was interrupted: complete and sound parts stay, the rest is written. In
        the end the files are those of a run that was not interrupted, byte for byte. If the
        directory holds nothing, begin a run.
    shard : str, optional
        `2/8` writes the second of eight shares of the parts. Jobs on any machines write the shares
        into one directory; the last to finish (or merge_snapshots) merges them.
    client : distributed.Client or Workers, optional
        Workers of a Dask cluster write the parts, each with the fastest engine that it has. All of
        them must see `path`.
    command : sequence of str, optional
        The words of a command line, which the manifest keeps, so that missing parts can be written
        again.

    Returns
    -------
    Report
        What was written.

    Raises
    ------
    ValueError
        An option is not known, or options contradict each other.
    FileExistsError
        The directory holds snapshots, without overwrite or resume.
    ForeignFileError
        The directory holds files that gpuprop did not write.
    LockedError
        Another job writes the directory.
    PlanDiffersError
        resume finds a run with other satellites, instants or options.
    OSError
        A disk is full or may not be written, or a store refuses or does not answer.
    RuntimeError
        Something failed on a cluster; complete parts stay. The package of a store is not installed.
        In a store, which has no locks, another job has begun to write the same directory.
    """
    propagator = _checked_propagator(propagator)
    how = JobOptions(overwrite, resume, None if shard is None else Shard.parse(shard))
    options = SnapshotOptions(frame, velocity, sunlit, dtype, format, compression)
    plan = make_plan(
        propagator.elements, times, options, propagator.model, _eop(propagator, options)
    )
    return run_plan(
        open_store(path),
        plan,
        propagator,
        how,
        workers=None if client is None else Workers.of(client),
        command=command,
        progress=progress,
    )


def run_plan(
    store: Store,
    plan: Plan,
    propagator: Propagator,
    how: JobOptions,
    *,
    workers: Workers | None = None,
    command: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Write the parts of a plan, or of a shard of it, that are missing.

    Parameters
    ----------
    store : Store
        The directory.
    plan : Plan
        What to write, made for the element sets and the model of the propagator.
    propagator : Propagator
        Computes the states, if no workers do.
    how : JobOptions
        How the job begins: new, resumed, overwriting; whole or a shard.
    workers : Workers, optional
        The workers of a cluster that write the parts.
    command : sequence of str, optional
        The words of the command line, for the manifest.
    progress : callable, optional
        progress(rows_done, rows_total, bytes_done) is called after each batch.

    Returns
    -------
    Report
        What was written.
    """

    def compute(times: Times) -> "closing[Generator[States, None, None]]":
        # a block is a batch, so that no row is copied on its way into the file
        blocks = propagator.snapshots(
            times,
            plan.options.frame,
            plan.options.velocity,
            sunlit=plan.options.sunlit,
            instants=plan.layout.batch_instants,
        )
        return closing(blocks)

    with compute(plan.times):  # what cannot be computed is refused before anything is touched
        pass
    if workers is not None:
        eop = _eop(propagator, plan.options)
        produce: Produce = partial(parts_of, workers, plan, eop)
        engine = workers.engine or "auto"
    else:
        produce = _here(plan, compute, propagator.engine, propagator.threads)
        engine = propagator.engine
    return _write(store, plan, produce, engine, how, command, progress)


def write_plan(
    path: AnyPath,
    plan: Plan,
    blocks: Iterable[States],
    *,
    engine: str,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Report:
    """Write states that are computed already, as write_snapshots does.

    Parameters
    ----------
    path : str, path or UPath
        The directory.
    plan : Plan
        Made by plan_snapshots.
    blocks : iterable of States
        All instants of the plan, in order, in blocks of any size.
    engine : str
        What computed them, for the manifest.
    progress, overwrite
        As in write_snapshots.

    Returns
    -------
    Report
        What was written.

    Raises
    ------
    ValueError
        The blocks do not hold the rows of the plan.
    """
    # the caller may fill the same arrays again, so nothing is encoded on other threads
    produce = _here(plan, lambda _: nullcontext(blocks), engine, 0)
    return _write(open_store(path), plan, produce, engine, JobOptions(overwrite), None, progress)


def _checked_propagator(propagator: Propagator) -> Propagator:
    if not isinstance(propagator, Propagator):
        raise TypeError(
            f"write_snapshots takes a Propagator, not {type(propagator).__name__}: "
            "gpuprop.Propagator(elements) makes one"
        )
    return propagator


def _eop(propagator: Propagator, options: SnapshotOptions) -> EarthOrientation | None:
    """The Earth orientation, where the frame needs one."""
    return None if options.frame == "teme" else propagator.eop


def _write(
    store: Store,
    plan: Plan,
    produce: Produce,
    engine: str,
    how: JobOptions,
    command: Sequence[str] | None,
    progress: Progress | None,
) -> Report:
    """Write the parts of the plan, or of the shard, that are missing."""
    begun = time.perf_counter()
    facts = RunFacts(
        engine=engine,
        host=socket.gethostname(),
        started=datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z"),
        command=[str(word) for word in command] if command else None,
        directory=os.getcwd() if command else None,
    )
    explain = explain_epochs(store, plan.elements)
    with claim(store, SNAPSHOTS, plan.to_dict(), facts, how, explain) as job:
        written, engines = _fill(job, plan, produce, progress, begun)
    merged = job.merged or (
        how.shard is not None and merge_if_complete(store, SNAPSHOTS, how.shard.count)
    )
    parts = job.manifest.parts
    return Report(
        path=str(store),
        satellites=plan.satellites,
        instants=sum(len(plan.layout.part(entry.part)) for entry in parts),
        rows=written.rows,
        parts=len(parts),
        bytes=written.bytes,
        seconds=time.perf_counter() - begun,
        engine=engines or engine,
        options=plan.options,
        earth_orientation=plan.earth_orientation,
        elements=plan.metadata["elements"],
        first=parts[0].first if parts else None,
        last=parts[-1].last if parts else None,
        status=dict(sorted(written.status.items())),
        computed=written.rows - written.found,
        resumed=job.resumed,
        rewritten=job.rewritten,
        shard=str(how.shard) if how.shard else None,
        merged=merged,
        notes=job.notes,
    )


def _fill(
    job: Job, plan: Plan, produce: Produce, progress: Progress | None, begun: float
) -> tuple[Written, str]:
    """Write what the job has to write. Returns what is there now, and the engines that computed."""
    manifest, todo = job.manifest, job.todo
    written = Written(sum(len(plan.layout.part(index)) for index in manifest.own) * plan.satellites)
    for entry in manifest.parts:
        written.add(entry)
    written.found = written.rows
    if progress is not None and written.found:
        progress(written.rows, written.total, written.bytes)
    if job.writes_companion:
        manifest.companion = write_satellites(job.store, plan)
    engines: set[str] = set()
    with closing(produce(job, written, progress)) as entries:
        for entry in entries:
            engines.add(entry.engine or "")
            manifest.run.engine = ", ".join(sorted(engines))
            manifest.run.seconds = round(time.perf_counter() - begun, 3)
            job.commit(entry)
    if not todo and (job.writes_companion or not manifest.complete):
        job.commit()
    return written, ", ".join(sorted(engines))


def _here(plan: Plan, compute: Compute, engine: str, threads: int) -> Produce:
    """Write the parts in this process, in order."""

    def produce(
        job: Job, written: Written, progress: Progress | None
    ) -> Generator[PartEntry, None, None]:
        form = Form.of(plan)
        for parts in job.todo:
            instants = plan.layout.instants_of(parts)
            first = instants.start
            with (
                compute(plan.times[first : instants.stop]) as blocks,
                closing(encoded(plan, form, blocks, first, threads)) as batches,
            ):
                for index in parts:
                    job.check()
                    entry = write_part(job.store, plan, index, form, batches, written, progress)
                    yield replace(entry, engine=engine)

    return produce
