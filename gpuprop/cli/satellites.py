"""Which satellites and which instants a command is given."""

import os
from collections.abc import Callable, Sequence

import numpy as np

from ..catalogs.sources import read_parts
from ..elements.sets import Elements
from ..errors import UsageError
from ..literals import Scale
from ..time.durations import duration_ns
from ..time.instants import format_ns
from ..time.times import Times, time_grid
from .inputs import choose, report_records
from .options import wrong_call
from .shared_options import InstantOptions, SatelliteOptions, WindowOptions

ASSUMED = "assumed: "  # how a note on an assumption begins
Tell = Callable[[str], None]


def read_satellites(
    sources: Sequence[str],
    options: SatelliteOptions,
    window: InstantOptions | WindowOptions,
    tell: Tell,
    *,
    gravity: str,
    verbose: bool,
) -> tuple[Elements, str]:
    """Read and choose the satellites. Return them and the first instant, as time_grid takes it.

    `Elements.source` is the SOURCE of each, as it was given. verbose: print all notes.
    """
    given: np.datetime64 | None = None
    with wrong_call():
        if window.start is None and window.scale != "utc":
            raise UsageError(f"--scale {window.scale} says how to read --start: give --start")
        if window.start:
            given = np.datetime64(instant_ns(window.start, window.scale), "ns")
    elements, start = chosen_satellites(sources, options, given, tell, gravity)
    for note in _notes(elements.notes, verbose):
        tell(note)
    instant = window.start or format_ns(int(start.astype(np.int64)))
    return elements, instant


def chosen_satellites(
    sources: Sequence[str],
    options: SatelliteOptions,
    given: np.datetime64 | None,
    tell: Tell,
    gravity: str,
) -> tuple[Elements, np.datetime64]:
    """Read and choose the satellites. Return them and the first instant.

    given: the first instant, if there is one; else it is when most of the input is from.
    """
    parts = read_parts(
        sources,
        on_error=options.on_error,
        checksum=options.checksum,
        gravity=gravity,
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
            gravity,
            latest=options.latest,
            tell=tell,
        )
    return elements, start


def window_ns(start: str, window: WindowOptions) -> tuple[int, int]:
    """Return the first instant of a window and its end, nanoseconds of UTC since 1970.

    start: the first instant as read_satellites returns it. A window without an end takes a day.
    """
    with wrong_call():
        if window.stop is not None and window.duration is not None:
            raise UsageError("give either --stop or --duration")
        begin = instant_ns(start, window.scale)
        if window.stop is not None:
            return begin, instant_ns(window.stop, window.scale)
        return begin, begin + duration_ns("1d" if window.duration is None else window.duration)


def time_steps(start: str, instants: InstantOptions) -> Times:
    """Return the instants of a command. start: as read_satellites returns it."""
    with wrong_call():
        return time_grid(
            start,
            instants.stop,
            step=instants.step,
            duration=instants.duration if instants.duration or instants.stop else "1d",
            scale=instants.scale,
        )


def instant_ns(text: str, scale: Scale) -> int:
    """Read an instant on a time scale: nanoseconds of UTC since 1970."""
    return time_grid(text, duration="1s", step="1s", scale=scale).start_ns


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
