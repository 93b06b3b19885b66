"""What is asked for: window, threshold and primaries, checked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...literals import TimestampUnit
from ...propagator import Propagator
from ...time.durations import duration_ns
from ...time.instants import format_ns
from ...time.times import Times, instant_ns
from ...typing import Bits, Duration, Instant
from ..events import MICROSECOND
from ..tables import answer_metadata, check_one_set_each, checked_unit
from .stays import Window

LEAST_KM, MOST_KM = 0.01, 100.0
# the first thing that a reader must know of recall
RECALL = (
    "No pair below the threshold is missed if, within 30 s of each state (one every 60 s), the "
    "path of SGP4 departs from the integral of its velocities by less than twice what it departs "
    "by over the steps to the states before and after (docs/methods/screening.md has the margin "
    "that was measured)."
)
NO_PROBABILITY = "none: public element sets have no covariance"

Primaries = str | int | Sequence[str | int]


@dataclass(frozen=True, eq=False)
class Question:
    """What `screen` looks for. `ask` makes it.

    Attributes
    ----------
    window : Window
        First instant and the instant after the last one, microseconds since 1970.
    threshold : float
        km.
    primaries : tuple of str or None
        The patterns of the primaries; None for all against all.
    numbers : (n,) int64 or None
        Catalogue numbers of the primaries, sorted.
    timestamp_unit : {"ns", "us"}
        Unit of the instants in files.
    """

    window: Window
    threshold: float
    primaries: tuple[str, ...] | None
    numbers: Bits | None
    timestamp_unit: TimestampUnit = "ns"

    def primary(self, propagator: Propagator) -> npt.NDArray[np.uint8] | None:
        """Return 1 for each satellite that is a primary, (n_sats,); None for all against all."""
        if self.numbers is None:
            return None
        return np.isin(propagator.elements.sat_id, self.numbers).astype(np.uint8)

    def metadata(self, propagator: Propagator) -> dict[str, object]:
        """Compute the metadata of both tables."""
        window = self.window
        options = {
            "start": format_ns(window.first * MICROSECOND),
            "stop": format_ns(window.stop * MICROSECOND),
            "threshold_km": self.threshold,
            "primaries": None if self.primaries is None else list(self.primaries),
        }
        times = Times(np.array([window.first, window.last], np.int64) * MICROSECOND)
        return {
            **answer_metadata(propagator, times, options, "teme"),
            "recall": RECALL,
            "probability": NO_PROBABILITY,
        }


def ask(
    propagator: Propagator,
    start: Instant,
    stop: Instant | None,
    duration: Duration | None,
    threshold_km: float,
    primaries: Primaries | None,
    timestamp_unit: TimestampUnit = "ns",
) -> Question:
    """Check what `screen` is given. Parameters and errors as there."""
    if not isinstance(propagator, Propagator):
        raise TypeError(
            f"screen takes a Propagator, not {type(propagator).__name__}: "
            "gpuprop.Propagator(elements) makes one"
        )
    elements = propagator.elements
    if not len(elements):
        raise ValueError("there are no satellites: the element sets are empty")
    check_one_set_each(elements, "screen")
    patterns, numbers = None, None
    if primaries is not None:
        given = [primaries] if isinstance(primaries, str | int) else list(primaries)
        patterns = tuple(str(each) for each in given)
        numbers = np.unique(elements.select(given).sat_id).astype(np.int64)
    return Question(
        _window(start, stop, duration),
        checked_threshold(threshold_km),
        patterns,
        numbers,
        checked_unit(timestamp_unit),
    )


def checked_threshold(value: float) -> float:
    """Return a threshold in km. ValueError for one that is out of range."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"threshold_km must be a number of kilometres, not {value!r}") from None
    if math.isnan(number) or not LEAST_KM <= number <= MOST_KM:
        raise ValueError(f"a threshold of {value} km: give one from 0.01 km (10 m) to 100 km")
    return number


def _window(start: Instant, stop: Instant | None, duration: Duration | None) -> Window:
    if stop is not None and duration is not None:
        raise ValueError("give either stop or duration, such as duration='1d'")
    first = instant_ns(start)
    if stop is not None:
        last = instant_ns(stop)
    else:
        last = first + duration_ns("1d" if duration is None else duration)
    first_us, stop_us = -(-first // MICROSECOND), -(-last // MICROSECOND)
    if stop_us - first_us < 1:
        raise ValueError(
            f"the window from {format_ns(first)} to {format_ns(last)} is empty: stop must be later"
        )
    return Window(first_us, stop_us)
