"""Write passes into a crash-safe directory, in parts by the time of their rise, and open it."""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

from ...dataset.contents import Plan
from ...dataset.entries import PartEntry, RunFacts
from ...dataset.location import AnyPath
from ...dataset.manifest import Manifest
from ...dataset.session import Job, JobOptions, claim
from ...dataset.store import Store
from ...propagator import Propagator
from ..parts_by_time import open_complete, write_groups, write_satellites
from ..tables import with_metadata, with_timestamps
from .contents import PASSES, PassContents
from .passes import tables_in
from .question import Question
from .table import COLUMNS

DAY_US, MINUTE_US = 86_400_000_000, 60_000_000
ROWS_OF_A_PART = 150_000  # about so many
# Satellites are followed beyond the end of a part until they set. If a part were short, this would
# be most of the work: it may have more rows then.
LONG_ENOUGH_US, MOST_ROWS_OF_A_PART = 10 * MINUTE_US, 1_000_000
SHORTEST_PART_US = 2 * MINUTE_US
PASSES_A_DAY = 6  # of a satellite in low orbit over a site, at most places

# progress(seconds of the window done, all seconds)
Progress: TypeAlias = Callable[[float, float], None]
# writes parts, given by their numbers, and yields their entries
Produce: TypeAlias = Callable[[Job, Iterable[int]], Generator[PartEntry, None, None]]


def plan_of(propagator: Propagator, asked: Question) -> PassContents:
    """Plan a directory: a function of the question and the element sets alone.

    ValueError without satellites, or for too many parts.
    """
    n_sats = len(propagator.elements)
    if not n_sats:
        raise ValueError("there are no satellites: the element sets are empty")
    first, stop = asked.window
    part = part_length(n_sats, len(asked.sites))
    return PassContents.planned(asked.metadata(propagator), first, stop, part, asked.timestamp_unit)


def part_length(n_sats: int, n_sites: int) -> int:
    """Return the length of the parts of a directory, microseconds."""
    a_day = n_sats * n_sites * PASSES_A_DAY
    usual, longest = (
        DAY_US * rows // a_day // MINUTE_US * MINUTE_US
        for rows in (ROWS_OF_A_PART, MOST_ROWS_OF_A_PART)
    )
    return max(SHORTEST_PART_US, usual, min(LONG_ENOUGH_US, longest))


@dataclass(frozen=True)
class PassReport:
    """What a run wrote.

    Parameters
    ----------
    path : str
        The directory.
    passes : int
        Rows of the complete parts.
    parts : int
        Complete parts, with those of an earlier run.
    resumed : int
        Parts that an earlier run wrote.
    bytes : int
        Size of the complete parts.
    seconds : float
        Duration of the run.
    engine : str
        The engine that computed the states.
    rewritten : tuple of str
        Names of damaged files that were written again, with the fault of each.
    notes : tuple of str
        Remarks for the user.
    """

    path: str
    passes: int
    parts: int
    resumed: int
    bytes: int
    seconds: float
    engine: str
    rewritten: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def write_passes(
    store: Store,
    propagator: Propagator,
    asked: Question,
    how: JobOptions,
    *,
    produce: Produce | None = None,
    engine: str | None = None,
    command: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> PassReport:
    """Write the missing parts of a directory of passes.

    produce: writes parts elsewhere, as on a cluster. engine: who computes, for the manifest.
    command: the words of the command line. Errors as in dataset.session.claim.
    """
    begun = time.perf_counter()
    contents = plan_of(propagator, asked)
    facts = RunFacts.of_this_process(engine or propagator.engine, command)
    total = (contents.plan["stop_us"] - contents.plan["first_us"]) / 1e6
    with claim(store, PASSES, contents.plan, facts, how) as job:
        manifest = job.manifest
        if job.writes_companion:
            manifest.companion = write_satellites(store, contents, propagator.elements)
        todo = [part for parts in job.todo for part in parts]
        done = total - sum(_seconds(contents, part) for part in todo)
        if progress is not None:
            progress(done, total)
        parts = produce or (lambda job, todo: _parts_here(job, todo, propagator, asked, contents))
        with closing(parts(job, todo)) as entries:
            for entry in entries:
                manifest.run.engine = entry.engine or manifest.run.engine
                manifest.run.seconds = round(time.perf_counter() - begun, 3)
                job.commit(entry)
                done += _seconds(contents, entry.part)
                if progress is not None:
                    progress(done, total)
        if not todo and (job.writes_companion or not manifest.complete):
            job.commit()
    return PassReport(
        path=str(store),
        passes=sum(entry.rows for entry in manifest.parts),
        parts=len(manifest.parts),
        resumed=job.resumed,
        bytes=sum(entry.bytes for entry in manifest.parts),
        seconds=time.perf_counter() - begun,
        engine=manifest.run.engine or "",
        rewritten=tuple(job.rewritten),
        notes=tuple(job.notes),
    )


def _seconds(contents: PassContents, part: int) -> float:
    begin, end = contents.span(part)
    return (end - begin) / 1e6


def _parts_here(
    job: Job,
    todo: Iterable[int],
    propagator: Propagator,
    asked: Question,
    contents: PassContents,
) -> Generator[PartEntry, None, None]:
    """Write parts in this process. Yields their entries."""
    for part in todo:
        job.check()
        yield write_part(job.store, propagator, asked, contents, part)


def write_part(
    store: Store, propagator: Propagator, asked: Question, contents: PassContents, part: int
) -> PartEntry:
    """Write a part: a pure function of the plan and its number. Returns its entry."""
    tables = tables_in(propagator, asked, *contents.span(part))
    schema = with_metadata(COLUMNS, contents.metadata)
    return write_groups(store, contents, part, tables, schema, propagator.engine)


# --- reading ---
class PassesDirectory:
    """Passes in a directory. `open_passes` opens it.

    Attributes
    ----------
    path : path
        The directory.
    metadata : dict
        Model, Earth orientation, digest of the element sets, options: what every part has in its
        schema.
    """

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self.path = store.path
        self._store, self._manifest = store, manifest
        contents: Any = manifest.contents
        self.metadata: Plan = contents.metadata

    def __repr__(self) -> str:
        return f"<passes in {self.path}: {len(self):,} in {len(self._manifest.parts)} parts>"

    def __len__(self) -> int:
        return sum(entry.rows for entry in self._manifest.parts)

    @property
    def satellites(self) -> pa.Table:
        """The element sets, a row per satellite, sorted by number."""
        return pq.read_table(
            self._store.arrow_path(self._manifest.files.companion),
            filesystem=self._store.arrow_filesystem(),
        )

    @cached_property
    def dataset(self) -> "pyarrow.dataset.Dataset":
        """All passes as a pyarrow.dataset: to filter and read without loading all."""
        files = [self._store.arrow_path(entry.file) for entry in self._manifest.parts]
        schema = pq.read_schema(files[0], filesystem=self._store.arrow_filesystem())
        return pyarrow.dataset.dataset(
            files, schema, format="parquet", filesystem=self._store.arrow_filesystem()
        )

    def to_table(self) -> pa.Table:
        """Read all passes: what `access` without a directory returns."""
        return with_timestamps(self.dataset.to_table().combine_chunks(), "ns")


def open_passes(path: AnyPath) -> PassesDirectory:
    """Open a directory that `access(..., out=DIR)` or `gpuprop access -o DIR` wrote.

    Parameters
    ----------
    path : str, path or UPath
        The directory, on a disk or in an object store.

    Returns
    -------
    PassesDirectory
        With `dataset` (pyarrow), `to_table()`, `satellites` and `metadata`.

    Raises
    ------
    FileNotFoundError
        There is no such directory, or a file is missing.
    ValueError
        The run did not finish: continue it with resume.
    DamagedError
        A file has another size than was written, or the manifest was altered.
    """
    store, manifest = open_complete(path, PASSES)
    return PassesDirectory(store, manifest)
