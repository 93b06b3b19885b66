"""The window of time that a picture shows."""

import numpy as np

from ..elements.sets import Elements
from ..errors import UsageError
from ..time.durations import duration_ns
from ..time.instants import format_ns
from ..time.times import instant_ns
from ..time.units import SECOND
from ..typing import Duration, Instant


def window_of(
    elements: Elements,
    start: Instant | None,
    stop: Instant | None,
    duration: Duration | None,
    default_ns: int,
) -> tuple[int, int]:
    """Return the first and the last instant of a picture, ns since 1970 UTC.

    Parameters
    ----------
    elements
        The satellites: without a start, it is when most of them are from.
    start, stop, duration
        As for `gpuprop.access`.
    default_ns
        The length without stop and duration.

    Raises
    ------
    UsageError
        For stop and duration together, and for a window that does not go forwards.
    """
    if stop is not None and duration is not None:
        raise UsageError("give either stop or duration")
    begin = (
        int(elements.default_start.astype("datetime64[ns]").astype(np.int64))
        if start is None
        else instant_ns(start)
    )
    if stop is not None:
        end = instant_ns(stop)
    else:
        end = begin + (default_ns if duration is None else duration_ns(duration))
    if end <= begin:
        raise UsageError(
            f"the window ends at {format_ns(end)}, and begins at {format_ns(begin)}: give a later "
            "stop"
        )
    if end - begin < SECOND:
        raise UsageError("the window is shorter than a second: give a longer one")
    return begin, end
