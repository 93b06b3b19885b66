"""What the commands that write a directory share: workers, reports, and how to resume."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..dataset.contents import Kind
from ..dataset.entries import RunFacts
from ..dataset.resume_command import command_to_resume
from ..dataset.shards import Shard
from ..dataset.store import Store
from ..errors import LockedError, UsageError
from ..snapshots.cluster import Workers, connected, known_cluster
from .inputs import SHOWN
from .shared_options import EngineOptions

if TYPE_CHECKING:
    from ..analysis.screening.directory import ScreeningReport
    from ..snapshots.write import Report


def is_file(output: str) -> bool:
    """Say whether a name is that of one file: it has a suffix, and is no URL."""
    return bool(Path(output).suffix) and "://" not in output


def refuse_for_file(output: str, options: dict[str, object]) -> None:
    """Raise UsageError if an option is given that only a directory of parts can have.

    options: the values by the names of the options.
    """
    for name, value in options.items():
        if value:
            raise UsageError(
                f"--{name} is for a directory of parts, and {output} is one file: give a name "
                "without a suffix"
            )


def given_cluster(cluster: str | None) -> str | None:
    """Return a cluster given on the command line, if there is one. ValueError for wrong text."""
    return None if cluster is None else known_cluster(cluster)


def report_steps(
    report: "Report | ScreeningReport", tell: Callable[[str], None], nouns: str = "parts"
) -> None:
    """Print what was resumed, rewritten and merged. nouns: what the report counts as parts."""
    if report.resumed:
        tell(f"resumed: {report.resumed:,} of {report.parts:,} {nouns} were complete")
    for what in report.rewritten[:SHOWN]:
        tell(f"written again: {what}")
    if len(report.rewritten) > SHOWN:
        tell(f"written again: {len(report.rewritten) - SHOWN:,} more")
    if report.shard:
        if report.merged:
            tell(f"all shards are complete: {report.path} is one run now")
        else:
            tell(f"not merged yet: the last shard will do it, or gpuprop merge {report.path}")
    for note in report.notes:
        tell(f"note: {note}")


@contextmanager
def cluster_workers(cluster: str | None, options: EngineOptions) -> Iterator[Workers | None]:
    """Connect to a cluster, if one is given, and yield its workers."""
    with connected(cluster) if cluster else nullcontext() as client:
        yield Workers(client, options.engine, options.threads) if client else None


@contextmanager
def resume_hint(
    store: Store, command: Sequence[str], kind: Kind, shard: Shard | None = None
) -> Iterator[None]:
    """Add the command that resumes a run to an error that ends it."""
    try:
        yield
    except (KeyboardInterrupt, OSError, RuntimeError) as error:
        begun = False
        if not isinstance(error, (FileExistsError, LockedError)):
            with suppress(OSError):
                begun = any(name.endswith(".json") for name in store.names())
        if begun:
            facts = RunFacts(command=list(command), directory=os.getcwd())
            error.__notes__ = [
                "Complete parts are kept, the unfinished part is discarded. Resume with: "
                f"{command_to_resume(facts, kind, shard)}"
            ]
        raise
