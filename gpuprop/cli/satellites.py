"""Which satellites a command is given: sources, their epochs and the selection."""

import os
from collections.abc import Callable, Sequence

import numpy as np

from ..catalogs.sources import read_parts
from ..elements.sets import Elements
from ..errors import UsageError
from ..time.instants import format_ns
from ..time.times import time_grid
from .access_options import AccessOptions
from .coverage_options import CoverageOptions
from .inputs import choose, report_records
from .options import wrong_call
from .propagate_options import PropagateOptions
from .screen_options import ScreenOptions

ASSUMED = "assumed: "  # how a note on an assumption begins
Tell = Callable[[str], None]
SatelliteOptions = PropagateOptions | AccessOptions | CoverageOptions | ScreenOptions


def read_satellites(
    sources: Sequence[str], options: SatelliteOptions, tell: Tell
) -> tuple[Elements, str]:
    """Read and choose the satellites. Return them and the first instant, as time_grid takes it.

    `Elements.source` is the SOURCE of each, as it was given.
    """
    given: np.datetime64 | None = None
    with wrong_call():
        if options.start is None and options.scale != "utc":
            raise UsageError(f"--scale {options.scale} says how to read --start: give --start")
        if options.start:
            first = time_grid(options.start, duration="1s", step="1s", scale=options.scale)
            given = np.datetime64(first.start_ns, "ns")
    parts = read_parts(
        sources,
        on_error=options.on_error,
        checksum=options.checksum,
        gravity=options.gravity,
        epoch=given if options.epoch is None else options.epoch,
        first_id=options.first_id,
        latest=options.latest,
    )
    named = zip(parts, source_names(sources), strict=True)
    elements = Elements.concat([part.from_source(name) for part, name in named])
    report_records(elements, tell, options.latest)
    with wrong_call():
        start = given
        if start is None:
            start = (elements.latest() if options.latest else elements).default_start
        elements = choose(
            elements,
            options.select,
            options.where,
            start,
            options.gravity,
            latest=options.latest,
            tell=tell,
        )
    for note in _notes(elements.notes, options.verbose):
        tell(note)
    instant = options.start or format_ns(int(start.astype(np.int64)))
    return elements, instant


def source_names(sources: Sequence[str]) -> list[str]:
    """Name sources as they were given.

    A file has its name without the folders, unless two sources would have the same name.
    """
    names = [os.path.basename(each) if os.path.isfile(each) else each for each in sources]
    return names if len(set(names)) == len(set(sources)) else list(sources)


def _notes(notes: Sequence[str], every: bool) -> list[str]:
    """Choose the notes on the satellites that are printed before a run: one line unless `every`.

    The files always have all notes.
    """
    assumptions_first = sorted(notes, key=lambda note: not note.startswith(ASSUMED))
    if every or len(notes) < 2:
        return [f"note: {note}" for note in assumptions_first]
    assumed = [note.removeprefix(ASSUMED) for note in assumptions_first if note.startswith(ASSUMED)]
    names = list(dict.fromkeys(note.partition(":")[0] for note in assumed))
    if len(names) > 1 or len(assumed) > 1:
        what = f"parts of {', '.join(names)} are assumed, because no source states them; "
    else:
        what = "".join(f"{ASSUMED}{note}; " for note in assumed)
    return [
        f"note: {what}the files record {len(notes)} notes on the satellites, --verbose shows them"
    ]
