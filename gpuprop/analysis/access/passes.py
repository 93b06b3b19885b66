"""The passes that rise in a span of time, as a table."""

from collections.abc import Callable

import pyarrow as pa

from ...propagator import Propagator
from ..tables import with_metadata
from .question import Question
from .search import STEP_S, Search
from .table import COLUMNS, table_of

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
    search = Search(propagator, asked.sites, asked.min_elevation_deg, asked.window, step_s)

    def tell(us: int) -> None:
        if progress is not None:
            progress((us - begin) / 1e6, (end - begin) / 1e6)

    found = search.passes(begin, end, tell)
    table = table_of(propagator, asked.sites, search.places, found, asked.filters)
    schema = with_metadata(COLUMNS, asked.metadata(propagator))
    return table.cast(schema).combine_chunks()
