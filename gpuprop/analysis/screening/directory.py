"""Write a screening into a crash-safe directory, in parts by time, and open it."""

import json
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow.parquet as pq

from ...dataset.check import file_digest
from ...dataset.entries import PartEntry, RunFacts
from ...dataset.merge import merge_if_complete
from ...dataset.session import Job, JobOptions, claim
from ...dataset.store import Store
from ...propagator import Propagator
from ..parts_by_time import write_rows, write_satellites
from ..tables import with_metadata
from .contents import SCREENING, ScreeningContents
from .parts import Part, Progress, Screening
from .propose import STATUS_STEP
from .question import Question
from .table import COMPANIONS, CONJUNCTIONS

ROWS_OF_A_PART = 500_000  # about so many
# conjunctions a day within 1 km of each other, divided by the square of the number of objects
EVENTS_A_DAY = 1.4e-6
DAY_US = 86_400_000_000
LONGEST_PART_US = DAY_US // 4
SHORTEST_PART_US = 3 * STATUS_STEP
LOST = b"lost_status"  # metadata of the companions: numbers without the status 0 in the part

# writes files, given by their numbers, and yields their entries
Produce: TypeAlias = Callable[[Job, list[int]], Generator[PartEntry, None, None]]


def plan_of(propagator: Propagator, asked: Question) -> ScreeningContents:
    """Plan a directory: a function of the question and the element sets alone.

    ValueError for too many files.
    """
    window, n = asked.window, len(propagator.elements)
    a_day = max(1.0, EVENTS_A_DAY * (n * asked.threshold) ** 2)
    part = int(DAY_US * min(1.0, ROWS_OF_A_PART / a_day)) // STATUS_STEP * STATUS_STEP
    part = min(max(part, SHORTEST_PART_US), LONGEST_PART_US)
    return ScreeningContents.planned(
        asked.metadata(propagator), window.first, window.stop, part, asked.timestamp_unit
    )


@dataclass(frozen=True)
class ScreeningReport:
    """What a run wrote.

    Parameters
    ----------
    path : str
        The directory.
    conjunctions, companions : int
        Rows of the complete files.
    parts : int
        Complete files, with those of an earlier run.
    resumed : int
        Files that an earlier run wrote.
    bytes : int
        Size of the complete files.
    seconds : float
        Duration of the run.
    engine : str
        The engine that computed the states.
    shard : str or None
        The shard, as `2/8`.
    merged : bool
        Whether all shards are complete and merged.
    rewritten : tuple of str
        Names of damaged files that were written again, with the fault of each.
    notes : tuple of str
        Remarks for the user.
    """

    path: str
    conjunctions: int
    companions: int
    parts: int
    resumed: int
    bytes: int
    seconds: float
    engine: str
    shard: str | None = None
    merged: bool = False
    rewritten: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def write_screening(
    store: Store,
    propagator: Propagator,
    asked: Question,
    how: JobOptions,
    *,
    produce: Produce | None = None,
    engine: str | None = None,
    command: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> ScreeningReport:
    """Write the missing files of a directory, or of a shard of it.

    produce: writes files elsewhere, as on a cluster. engine: who computes, for the manifest.
    command: the words of the command line. Errors as in dataset.session.claim.
    """
    begun = time.perf_counter()
    contents = plan_of(propagator, asked)
    facts = RunFacts.of_this_process(engine or propagator.engine, command)
    with claim(store, SCREENING, contents.plan, facts, how) as job:
        manifest = job.manifest
        if job.writes_companion:
            manifest.companion = write_satellites(store, contents, propagator.elements)
        todo = [index for indices in job.todo for index in indices]
        counted = Seconds(contents, list(manifest.own), todo, progress)
        writes = produce or (
            lambda job, todo: files_here(job, todo, propagator, asked, contents, counted)
        )
        with closing(writes(job, todo)) as entries:
            for entry in entries:
                manifest.run.engine = entry.engine or manifest.run.engine
                manifest.run.seconds = round(time.perf_counter() - begun, 3)
                job.commit(entry)
                counted.wrote(entry.part)
        if not todo and (job.writes_companion or not manifest.complete):
            job.commit()
    merged = job.merged or (
        how.shard is not None and merge_if_complete(store, SCREENING, how.shard.count)
    )
    rows = [sum(each.rows for each in manifest.parts if each.part % 2 == k) for k in (0, 1)]
    return ScreeningReport(
        path=str(store),
        conjunctions=rows[0],
        companions=rows[1],
        parts=len(manifest.parts),
        resumed=job.resumed,
        bytes=sum(entry.bytes for entry in manifest.parts),
        seconds=time.perf_counter() - begun,
        engine=manifest.run.engine or "",
        shard=str(how.shard) if how.shard else None,
        merged=merged,
        rewritten=tuple(job.rewritten),
        notes=tuple(job.notes),
    )


class Seconds:
    """Counts the seconds of the window that are done, for progress."""

    def __init__(
        self,
        contents: ScreeningContents,
        own: list[int],
        todo: list[int],
        progress: Progress | None,
    ) -> None:
        self._contents, self._progress = contents, progress
        self._shown = 0.0
        missing = set(todo)
        self._total = sum(map(self._half, own))
        self._done = sum(self._half(index) for index in own if index not in missing)
        self._tell(0.0)

    def _half(self, index: int) -> float:
        """Return half of the seconds of a file: it has a table of two."""
        begin, end = self._contents.span(index)
        return 0.5e-6 * (end - begin)

    def _tell(self, more: float) -> None:
        if self._progress is not None:
            self._shown = max(self._shown, min(self._done + more, self._total))
            self._progress(self._shown, self._total)

    def reached(self, index: int, instant: int) -> None:
        """Tell that a part has been screened up to an instant."""
        self._tell(1e-6 * (instant - self._contents.span(index)[0]))

    def wrote(self, index: int) -> None:
        """Tell that a file is complete."""
        self._done += self._half(index)
        self._tell(0.0)


def files_here(
    job: Job,
    todo: Iterable[int],
    propagator: Propagator,
    asked: Question,
    contents: ScreeningContents,
    counted: Seconds | None = None,
) -> Generator[PartEntry, None, None]:
    """Write files in this process. Yields their entries."""
    screening = Screening(propagator, asked)
    part: tuple[int, Part] | None = None
    for index in todo:
        job.check()
        if part is None or part[0] != index // 2:
            reached = (
                None
                if counted is None
                else (lambda instant, index=index: counted.reached(index, instant))
            )
            part = index // 2, screening.part(*contents.span(index), reached)
        yield write_file(job.store, contents, index, part[1], propagator.engine)


def write_file(
    store: Store, contents: ScreeningContents, index: int, part: Part, engine: str
) -> PartEntry:
    """Write one table of a part: a pure function of the plan and its number."""
    if index % 2 == 0:
        table = part.conjunctions.cast(with_metadata(CONJUNCTIONS, contents.metadata))
    else:
        schema = with_metadata(COMPANIONS, contents.metadata)
        lost = json.dumps(part.lost.tolist()).encode()
        table = part.companions.cast(schema.with_metadata({**schema.metadata, LOST: lost}))
    return write_rows(store, contents, index, table, engine)


def written_file(
    store: Store, contents: ScreeningContents, index: int, engine: str
) -> PartEntry | None:
    """Return the entry of a table that was written but is not listed yet; None without it."""
    name = contents.files.part(index)
    size = store.reader([name]).size(name)
    if not size:
        return None
    with store.arrow_file(name, size) as file:
        footer = pq.ParquetFile(file)
        rows, metadata = footer.metadata.num_rows, footer.schema_arrow.metadata or {}
    if metadata.get(b"gpuprop") != contents.text(name):
        return None
    digest = file_digest(store, name, size)
    return PartEntry(name, rows, size, digest, index, *contents.ends(index), {}, engine=engine)
