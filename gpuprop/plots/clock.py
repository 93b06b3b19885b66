"""Marks in time: whole minutes, hours or days of UTC, and how they are written."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from ..errors import UsageError
from ..time.instants import format_ns
from ..time.units import DAY, HOUR, MINUTE, SECOND
from ..typing import Bits

STEPS_NS = (
    *(each * SECOND for each in (1, 2, 5, 10, 15, 30)),
    *(each * MINUTE for each in (1, 2, 5, 10, 15, 20, 30)),
    *(each * HOUR for each in (1, 2, 3, 6, 12)),
    *(each * DAY for each in (1, 2, 5, 10, 20, 50, 100)),
)


def step_for(span_ns: int, most: int) -> int:
    """Return the shortest step, ns, of which a span has at most so many."""
    return next((step for step in STEPS_NS if span_ns <= most * step), STEPS_NS[-1])


def marks(begin_ns: int, end_ns: int, step_ns: int) -> Bits:
    """Return the whole multiples of a step in [begin, end], ns since 1970 UTC."""
    first = -(-begin_ns // step_ns)
    return np.arange(first, end_ns // step_ns + 1, dtype=np.int64) * step_ns


def clock(ns: int, *, seconds: bool = False, day: bool = False) -> str:
    """Write an instant as 21:05, with seconds as 21:05:09, with the day as 07-24 21:05."""
    text = format_ns(ns // SECOND * SECOND)
    written = text[11:19] if seconds else text[11:16]
    return f"{text[5:10]} {written}" if day else written


def offset_of(zone: str, ns: int) -> int:
    """Return how far a time zone is ahead of UTC at an instant, ns.

    Parameters
    ----------
    zone : str
        A name of the IANA database, such as America/Santiago.
    ns : int
        The instant, ns since 1970 UTC.

    Raises
    ------
    UsageError
        If the zone is not known here.
    """
    if zone == "UTC":  # without the database, too
        return 0
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"time zone {zone!r} is not known: give a name such as America/Santiago or UTC "
            "(if this machine knows no names: pip install tzdata)"
        ) from None
    instant = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=ns // SECOND)
    ahead = instant.astimezone(known).utcoffset() or timedelta()
    return ahead // timedelta(seconds=1) * SECOND


def name_of_offset(offset_ns: int) -> str:
    """Write a difference from UTC as UTC, UTC-04:00 or UTC+05:45."""
    minutes = abs(offset_ns) // MINUTE
    sign = "-" if offset_ns < 0 else "+"
    return f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}" if minutes else "UTC"


def window_in_words(begin_ns: int, end_ns: int, offset_ns: int = 0) -> str:
    """Write a window as 2026-01-01 00:00 to 01:30 UTC, with seconds only where there are some.

    offset_ns: how far the clock is ahead of UTC.
    """
    begin_ns, end_ns = begin_ns + offset_ns, end_ns + offset_ns
    whole = begin_ns % MINUTE == 0 and end_ns % MINUTE == 0
    first, last = (
        np.datetime_as_string(np.datetime64(each, "ns"), "m" if whole else "s").replace("T", " ")
        for each in (begin_ns, end_ns)
    )
    same_day = first[:10] == last[:10]
    return f"{first} to {last[11:] if same_day else last} {name_of_offset(offset_ns)}"
