"""Write the missing parts in order. After each part, write the manifest that lists it."""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TypeAlias

from ..dataset.entries import PartEntry, RunFacts
from ..dataset.location import AnyPath, open_store
from ..dataset.merge import merge_if_complete
from ..dataset.session import Job, JobOptions, claim
from ..dataset.shards import Shard
from ..dataset.store import Store
from ..frames import EarthOrientation
from ..literals import Compression, DType, FileFormat, Frame, TimestampUnit
from ..messages import counted, shown
from ..propagator import Propagator
from ..states import States
from ..typing import Instants
from .cluster import Workers, parts_of
from .contents import SNAPSHOTS
from .encoding.batches import compute
from .encoding.encode import Form, encoded
from .encoding.part import Progress, Written, write_part, write_satellites
from .options import SnapshotOptions
from .other_epoch import explain_epochs
from .plan import Plan, decimal_bytes, make_plan

# Computes blocks of the states at consecutive instants, given by their numbers.
BlocksAt: TypeAlias = Callable[[range], AbstractContextManager[Iterable[States]]]
# Writes the missing parts, and yields their entries.
Produce: TypeAlias = Callable[[Job, Written, Progress | None], Generator[PartEntry, None, None]]


@dataclass(frozen=True, repr=False)
class Report:
    """What a run wrote, or a shard of it.

    Parameters
    ----------
    path : str
        The directory.
    satellites : int
        Number of satellites.
    instants : int
        Number of instants of the complete parts.
    rows : int
        Number of rows of the complete parts.
    parts : int
        Number of complete parts, with those of an earlier run.
    bytes : int
        Size of the complete parts.
    seconds : float
        Duration of the run.
    engine : str
        The engine that computed the states. If there were several: their names, with commas.
    options : SnapshotOptions
        The columns and the format of the files.
    earth_orientation : str or None
        The source of the Earth orientation; None for the frame teme.
    elements : str
        The digest of the element sets, as from elements_digest.
    first : str or None
        The first instant, UTC; None for a shard without parts.
    last : str or None
        The last instant, UTC; None for a shard without parts.
    status : dict
        {code: number of states}, for the status codes that occur.
    computed : int
        Number of rows that this run computed.
    resumed : int
        Number of parts that an earlier run wrote.
    rewritten : list of str
        Names of damaged files that were written again, with the fault of each.
    shard : str or None
        The shard, as `2/8`.
    merged : bool
        Whether all shards are complete and merged.
    notes : list of str
        Remarks for the user, such as why the directory could not be locked.
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
        """Number of states whose status is not 0."""
        return self.rows - self.status.get(0, 0)

    def __repr__(self) -> str:
        what = [
            f"{counted(self.rows, 'row')} in {counted(self.parts, 'part')}",
            decimal_bytes(self.bytes),
            f"{self.seconds:.1f} s",
            self.engine,
            *([f"{self.not_good:,} states not good"] if self.not_good else []),
            *([f"{counted(len(self.rewritten), 'file')} written again"] if self.rewritten else []),
            *([f"shard {self.shard}"] if self.shard else []),
        ]
        return f"<Report {shown(self.path, 200)}: {', '.join(what)}>"

    def to_dict(self) -> dict[str, object]:
        """Return all fields for JSON.

        Returns
        -------
        dict
            The fields of the report, and those of its options beside them. Status codes are text.
        """
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
    timestamp_unit: TimestampUnit = "ns",
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
        Type of positions and velocities.
    velocity : bool
        Write velocities too.
    format : {"arrow", "parquet"}
        Format of the files; `arrow` means IPC files, which can be mapped into memory.
    compression : {"none", "lz4", "zstd"}, optional
        Compression of the files; by default none for arrow and zstd for parquet.
    progress : callable, optional
        Is called as progress(rows_done, rows_total, bytes_done) after each batch, on the calling
        thread; with a client, after each part.
    overwrite : bool
        Replace the snapshots that the directory holds.
    sunlit : bool
        Write a column that says whether the Sun shines on the satellite: 0 umbra, 1 penumbra, 2
        sunlit.
    timestamp_unit : {"ns", "us"}
        Unit of the column time, and of the epochs in the file of the satellites. Spark does not
        read Parquet files with ns.
    resume : bool
        Continue an interrupted run: keep complete and undamaged parts, and write the others. The
        files become, byte for byte, those of an uninterrupted run. In an empty directory, begin a
        run.
    shard : str, optional
        `2/8` writes the second of eight shares of the parts. Jobs on any machines write the shares
        into one directory; the last to finish (or merge_snapshots) merges them.
    client : distributed.Client or Workers, optional
        The Dask cluster whose workers write the parts, each with the fastest engine that it has.
        All workers must see `path`.
    command : sequence of str, optional
        The words of the command line that made this call. The manifest records them, so that
        messages can show how to write lost parts again.

    Returns
    -------
    Report
        What was written.

    Raises
    ------
    ValueError
        An option is not known, options contradict each other, or an instant or an epoch is not a
        whole number of microseconds and the unit is us.
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
        Something failed on a cluster (complete parts are kept), the package for a store is not
        installed, or another job began to write the same directory of a store, which has no locks.
    """
    propagator = _checked_propagator(propagator)
    how = JobOptions(overwrite, resume, None if shard is None else Shard.parse(shard))
    options = SnapshotOptions(frame, velocity, sunlit, dtype, format, compression, timestamp_unit)
    eop = _earth_orientation(propagator, options)
    plan = make_plan(propagator.elements, times, options, propagator.model, eop)
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
    """Write the missing parts of a plan, or of a shard of it, as write_snapshots does.

    Parameters
    ----------
    store : Store
        The directory.
    plan : Plan
        What to write, made for the element sets and the model of the propagator.
    propagator : Propagator
        Computes the states, unless there are workers.
    how : JobOptions
        How the job begins: new, resumed or overwriting; whole or a shard.
    workers : Workers, optional
        The workers of a cluster that write the parts.
    command : sequence of str, optional
        The words of the command line, for the manifest.
    progress : callable, optional
        See write_snapshots.

    Returns
    -------
    Report
        What was written.
    """
    # Refuses what cannot be computed, before the directory is changed.
    compute(plan, propagator, range(plan.instants)).close()
    if workers is not None:
        eop = _earth_orientation(propagator, plan.options)
        produce: Produce = partial(parts_of, workers, plan, eop)
        engine = workers.engine or "auto"
    else:
        produce = partial(
            _parts_here,
            plan,
            lambda instants: closing(compute(plan, propagator, instants)),
            propagator.engine,
            propagator.threads,
        )
        engine = propagator.engine
    return _write(store, plan, produce, RunFacts.of_this_process(engine, command), how, progress)


def write_plan(
    path: AnyPath,
    plan: Plan,
    blocks: Iterable[States],
    *,
    engine: str,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Report:
    """Write states that have been computed, as write_snapshots does.

    Parameters
    ----------
    path : str, path or UPath
        The directory.
    plan : Plan
        What plan_snapshots made.
    blocks : iterable of States
        The states at all instants of the plan, in order, in blocks of any size.
    engine : str
        What computed them, for the manifest.
    progress : callable, optional
        Is called as progress(rows_done, rows_total, bytes_done) after each batch.
    overwrite : bool
        Replace the snapshots that the directory holds.

    Returns
    -------
    Report
        What was written.

    Raises
    ------
    ValueError
        The blocks do not hold the rows of the plan.
    FileExistsError, ForeignFileError, LockedError, OSError, RuntimeError
        As in write_snapshots.
    """
    # No encoder threads: the caller may use the arrays of a block again for the next block.
    produce = partial(_parts_here, plan, lambda _: nullcontext(blocks), engine, 0)
    facts = RunFacts.of_this_process(engine)
    return _write(open_store(path), plan, produce, facts, JobOptions(overwrite), progress)


def _checked_propagator(propagator: Propagator) -> Propagator:
    if not isinstance(propagator, Propagator):
        raise TypeError(
            f"write_snapshots takes a Propagator, not {type(propagator).__name__}: "
            "gpuprop.Propagator(elements) makes one"
        )
    return propagator


def _earth_orientation(propagator: Propagator, options: SnapshotOptions) -> EarthOrientation | None:
    """Return the Earth orientation, which is not read for the frame teme."""
    return None if options.frame == "teme" else propagator.eop


def _write(
    store: Store,
    plan: Plan,
    produce: Produce,
    facts: RunFacts,
    how: JobOptions,
    progress: Progress | None,
) -> Report:
    """Write the missing parts of the plan, or of the shard."""
    begun = time.perf_counter()
    engine = facts.engine
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
        elements=str(plan.metadata["elements"]),
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
    """Write the missing files. Return what the run has now, and the engines that computed it."""
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


def _parts_here(
    plan: Plan,
    blocks_at: BlocksAt,
    engine: str,
    threads: int,
    job: Job,
    written: Written,
    progress: Progress | None,
) -> Generator[PartEntry, None, None]:
    """Write the missing parts in this process, in order. Yields their entries."""
    form = Form.of(plan)
    for parts in job.todo:
        instants = plan.layout.instants_of(parts)
        with (
            blocks_at(instants) as blocks,
            closing(encoded(plan, form, blocks, instants.start, threads)) as batches,
        ):
            for index in parts:
                job.check()
                entry = write_part(job.store, plan, index, form, batches, written, progress)
                yield replace(entry, engine=engine)
