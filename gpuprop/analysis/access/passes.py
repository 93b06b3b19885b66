"""The passes that rise in a span of time, as a table."""

from collections.abc import Callable, Iterator

import pyarrow as pa

from ...propagator import Propagator
from ..tables import with_metadata
from .groups import found_in_groups
from .question import Question
from .search import STEP_S, places_of
from .table import COLUMNS, tables_of

# progress(seconds of the window done, all seconds)
Progress = Callable[[float, float], None]


def passes_in(
    propagator: Propagator,
    asked: Question,
    begin: int,
    end: int,
    *,
    step_s: int = STEP_S,
    progress: Progress | None = None,
) -> pa.Table:
    """Find the passes that rise in [begin, end), microseconds, with their metadata.

    step_s: seconds between knots, which change no result.
    """
    tables = [*tables_in(propagator, asked, begin, end, step_s=step_s, progress=progress)]
    table = pa.concat_tables(tables) if tables else COLUMNS.empty_table()
    schema = with_metadata(COLUMNS, asked.metadata(propagator))
    return table.cast(schema).combine_chunks()


def tables_in(
    propagator: Propagator,
    asked: Question,
    begin: int,
    end: int,
    *,
    step_s: int = STEP_S,
    progress: Progress | None = None,
) -> Iterator[pa.Table]:
    """Find the same passes, and yield some thousand rows at a time, without metadata."""

    def tell(us: float) -> None:
        if progress is not None:
            progress(us / 1e6, (end - begin) / 1e6)

    places = places_of(asked.sites)
    for found in found_in_groups(propagator, asked, begin, end, step_s, tell):
        yield from tables_of(propagator, asked.sites, places, found, asked.filters)
