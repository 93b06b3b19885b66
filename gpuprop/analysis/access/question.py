"""What is asked for: sites, window, minimum elevation and filters, checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...literals import TimestampUnit
from ...propagator import Propagator
from ...time.durations import duration_ns, format_duration
from ...time.instants import format_ns
from ...time.times import Times, instant_ns
from ...typing import Duration, Instant
from ...views import check_reach
from ..events import MICROSECOND
from ..look_angles import Site
from ..tables import Sites, answer_metadata, as_sites, check_one_set_each, checked_unit
from .table import Filters


@dataclass(frozen=True)
class Question:
    """What `access` looks for. `ask` makes it.

    Attributes
    ----------
    sites : tuple of Site
        Sorted by name.
    window : tuple of int
        First instant and the instant after the last one, microseconds since 1970.
    min_elevation_deg : float
        Minimum elevation, deg.
    filters : Filters
        Which passes are kept.
    timestamp_unit : {"ns", "us"}
        Unit of the instants in files.
    """

    sites: tuple[Site, ...]
    window: tuple[int, int]
    min_elevation_deg: float
    filters: Filters
    timestamp_unit: TimestampUnit = "ns"

    @property
    def times(self) -> Times:
        """The first and the last instant."""
        first, stop = self.window
        return Times(np.array([first, stop - 1], np.int64) * MICROSECOND)

    def metadata(self, propagator: Propagator) -> dict[str, object]:
        """Compute the metadata of the table."""
        first, stop = self.window
        options = {
            "start": format_ns(first * MICROSECOND),
            "stop": format_ns(stop * MICROSECOND),
            "min_elevation_deg": self.min_elevation_deg,
            "min_duration_s": self.filters.min_duration_us / 1e6,
            "sunlit": self.filters.sunlit,
            "site_sun_below_deg": self.filters.site_sun_below_deg,
            "sites": [
                [site.name, site.latitude_deg, site.longitude_deg, site.height_km]
                for site in self.sites
            ],
        }
        return answer_metadata(propagator, self.times, options)


def ask(
    propagator: Propagator,
    sites: Sites,
    start: Instant,
    stop: Instant | None = None,
    duration: Duration | None = None,
    min_elevation_deg: float = 10.0,
    timestamp_unit: TimestampUnit = "ns",
    **options: Any,
) -> Question:
    """Check what `access` is given. Parameters and errors as there."""
    if not isinstance(propagator, Propagator):
        raise TypeError(
            f"access takes a Propagator, not {type(propagator).__name__}: "
            "gpuprop.Propagator(elements) makes one"
        )
    check_one_set_each(propagator.elements, "access")
    asked = Question(
        as_sites(sites),
        window_us(start, stop, duration),
        least_elevation(min_elevation_deg),
        _filters(options),
        checked_unit(timestamp_unit),
    )
    check_reach(asked.times, "itrs", propagator.eop, True)
    return asked


def least_elevation(value: float, what: str = "min_elevation_deg") -> float:
    """Return a minimum elevation, deg, in [0, 90). ValueError otherwise."""
    number = _number(value, what)
    if not 0.0 <= number < 90.0:
        raise ValueError(f"{what} is {value}: give degrees from 0 up to, not including, 90")
    return number + 0.0  # no -0


def window_us(start: Instant, stop: Instant | None, duration: Duration | None) -> tuple[int, int]:
    """Return the first microsecond of a window and the one after its last."""
    if (stop is None) == (duration is None):
        raise ValueError("give either stop or duration, such as duration='1d'")
    first = instant_ns(start)
    last = instant_ns(stop) if stop is not None else first + _duration(duration)
    first_us, stop_us = -(-first // MICROSECOND), -(-last // MICROSECOND)
    if stop_us - first_us < 1:
        raise ValueError(
            f"the window from {format_ns(first)} to {format_ns(last)} is empty: stop must be later"
        )
    return first_us, stop_us


def _duration(duration: Duration | None) -> int:
    if duration is None:
        return 0
    return duration_ns(duration)


def _filters(options: Mapping[str, Any]) -> Filters:
    min_duration = options.get("min_duration")
    shortest = 0 if min_duration is None else duration_ns(min_duration, "min_duration")
    if shortest < 0:
        raise ValueError(f"min_duration is {format_duration(shortest)}: give 0s or more")
    dark = options.get("site_sun_below_deg")
    if dark is not None:
        dark = _number(dark, "site_sun_below_deg")
        if not -90.0 <= dark <= 90.0:
            raise ValueError(f"site_sun_below_deg is {dark}: give degrees from -90 to 90")
    return Filters(-(-shortest // MICROSECOND), bool(options.get("sunlit", False)), dark)


def _number(value: object, what: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(f"{what} must be a number of degrees, not {value!r}") from None
    if math.isnan(number):
        raise ValueError(f"{what} is not a number: give degrees")
    return number
