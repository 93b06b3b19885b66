"""Instants: integer nanoseconds since 1970-01-01T00:00:00 UTC, in days of 86,400 s (POSIX, numpy's
datetime64[ns]).

SGP4 knows no leap seconds, so these count none; readings of clocks in TAI, TT or GPS time are
converted once, on the way in. An int64 reaches from 1677-09-21 to 2262-04-11. No instant and no
duration is ever a float: a Julian date in one float64 is rounded by up to 20 microseconds, 15 cm at
orbital speed (bench/mistakes.py). Text is read with integers only, so it is exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .durations import Duration, duration_ns, format_duration
from .instants import Instant, format_ns
from .scales import utc_ns
from .units import FIRST_NS, in_range
from .values import one_reading, readings

MOST_LISTED = 100_000_000  # the largest grid that becomes a list of instants: 0.8 GB


def instant_ns(value: Instant) -> int:
    """Nanoseconds since 1970 UTC of one instant, in any of the forms that values.readings takes;
    without a zone it is UTC.

    TypeError for numbers and for several instants, ValueError for what cannot be read, NaT, or one
    out of range.
    """
    return one_reading(value)


def _count(grid: range) -> int:
    """As len(), which Python limits to sys.maxsize."""
    return max(0, -((grid.start - grid.stop) // grid.step))


def _materialised(grid: range) -> npt.NDArray[np.int64]:
    """start + i * step, (n,). Products may wrap around 64 bits; the sums, which fit, are right all
    the same.
    """
    if not grid:
        return np.empty(0, np.int64)
    ns = np.arange(len(grid), dtype=np.int64)
    ns *= (grid.step + 2**63) % 2**64 - 2**63
    ns += grid.start
    return ns


def _listed(grid: range) -> npt.NDArray[np.int64]:
    """As _materialised; ValueError if the list would be too long."""
    if _count(grid) > MOST_LISTED:
        raise ValueError(
            f"{_count(grid):,} instants are a grid, and a list holds at most {MOST_LISTED:,}: "
            "compute blocks with Propagator.snapshots, "
            "take a longer step, or a part of them (times[first:last])"
        )
    return _materialised(grid)


@dataclass(frozen=True, eq=False, repr=False)
class Times:
    """An immutable sequence of instants: a grid, which is never materialised unless asked to be, or
    an explicit array.

    instants: nanoseconds since 1970 UTC, as a `range` with a positive step (a grid: start + i *
    step in integers, so it does not drift) or as an int64 array (n,), in any order and with
    repetitions. ValueError if one is outside the years 1677 to 2262.
    """

    instants: range | npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if isinstance(self.instants, range):
            if self.instants.step < 0:
                raise ValueError(
                    f"the step of a grid must be positive, not {self.instants.step} ns"
                )
            if self.instants:
                for edge in (self.instants[0], self.instants[-1]):
                    in_range(edge, f"an instant of the grid, {edge} ns from 1970,")
            return
        array = np.array(self.instants)
        if array.dtype != np.int64 or array.ndim != 1:
            raise TypeError(
                f"instants must be a range or a one-dimensional int64 array, not {array.dtype} of "
                f"shape {array.shape}"
            )
        if (array < FIRST_NS).any():
            raise ValueError("-2**63 ns is not an instant but datetime64's NaT")
        array.flags.writeable = False
        object.__setattr__(self, "instants", array)

    @staticmethod
    def grid(start_ns: int, step_ns: int, count: int) -> "Times":
        """`count` instants from `start_ns`, `step_ns` apart. ValueError if one of them does not
        fit, or there are none.
        """
        start, step, count = int(start_ns), int(step_ns), int(count)
        if count < 1:
            raise ValueError(
                f"a grid of {count} instants holds no instants: count must be 1 or more"
            )
        if step < 1:
            raise ValueError(f"the step of a grid must be positive, not {step} ns")
        return Times(range(start, start + step * count, step))

    @property
    def is_grid(self) -> bool:
        return isinstance(self.instants, range)

    @property
    def start_ns(self) -> int:
        """The first instant; IndexError if there is none."""
        return int(self.instants[0])

    @property
    def step_ns(self) -> int | None:
        """The step of a grid, None for an array."""
        return self.instants.step if isinstance(self.instants, range) else None

    @property
    def count(self) -> int:
        """How many instants, also where len() raises OverflowError (more than sys.maxsize)."""
        if isinstance(self.instants, range):
            return _count(self.instants)
        return len(self.instants)

    @property
    def ns(self) -> npt.NDArray[np.int64]:
        """Nanoseconds since 1970 UTC, (n,), read-only; materialises a grid. ValueError if it has
        more than MOST_LISTED instants.
        """
        if not isinstance(self.instants, range):
            return self.instants
        ns = _listed(self.instants)
        ns.flags.writeable = False
        return ns

    @property
    def edges(self) -> npt.NDArray[np.int64]:
        """The first and the last instant of a grid; all instants of an array, which may be in any
        order; empty where there are none.
        """
        if isinstance(self.instants, range):
            return np.array(
                [self.instants[0], self.instants[-1]] if self.instants else [], np.int64
            )
        return self.instants

    @property
    def datetime64(self) -> npt.NDArray[np.datetime64]:
        """datetime64[ns], (n,), read-only; materialises a grid, as `ns` does."""
        return self.ns.view("datetime64[ns]")

    def __len__(self) -> int:
        return len(self.instants)

    def __getitem__(self, index: Any) -> Any:
        """An integer gives a datetime64[ns]; a slice gives Times, lazily for a grid (one that runs
        backwards is an array).
        """
        if not isinstance(index, slice):
            return np.datetime64(int(self.instants[index]), "ns")
        part = self.instants[index]
        if isinstance(part, range) and part.step < 0:
            return Times(_listed(part))
        return Times(part)

    def __iter__(self) -> Iterator[np.datetime64]:
        return (np.datetime64(int(ns), "ns") for ns in self.instants)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.datetime64, dtype=dtype)

    def __eq__(self, other: object) -> bool:
        """The same instants in the same order, whether as a grid or as an array."""
        if not isinstance(other, Times):
            return NotImplemented
        if isinstance(self.instants, range) and isinstance(other.instants, range):
            return self.instants == other.instants
        if self.count != other.count:
            return False
        one, another = (
            _materialised(each) if isinstance(each, range) else each
            for each in (self.instants, other.instants)
        )
        return np.array_equal(one, another)

    __hash__ = None  # type: ignore[assignment]  # equal across forms, and an array has no cheap hash

    def __repr__(self) -> str:
        if not self.count:
            return "<Times: no instants>"
        text = f"<Times: {self.count:,} instants, {format_ns(self.start_ns)} to {format_ns(int(self.instants[-1]))}"
        return text + (f", step {format_duration(self.step_ns)}>" if self.step_ns else ">")


def time_grid(
    start: Instant,
    stop: Instant | None = None,
    *,
    step: Duration = "60s",
    duration: Duration | None = None,
    scale: str = "utc",
) -> Times:
    """The instants start, start + step, ... before `stop` (half open), or before start +
    `duration`: give exactly one of the two.

    start, stop: as instant_ns; step, duration: as duration_ns. An incomplete last step still has
    its instant: count = ceil((stop - start) / step). scale: what clock start and stop are read
    from, utc, tai, tt or gps; the result is UTC all the same, and in equal steps of that clock, so
    that a leap second between them makes it an array. ValueError for a step or length that is not
    positive, for text that cannot be read, and for an instant within a leap second.
    """
    if (stop is None) == (duration is None):
        raise ValueError("give exactly one of stop and duration")
    start_ns, step_ns = _reading(start, scale), duration_ns(step, "step")
    if step_ns <= 0:
        raise ValueError(f"step {step!r} must be positive")
    if stop is not None:
        length = _reading(stop, scale) - start_ns
        if length < 0:
            raise ValueError(f"stop {stop!s} is before start {start!s}: exchange them")
        if length == 0:
            raise ValueError(
                f"start and stop are both {start!s}: no instants, because stop is not included"
            )
    elif duration is not None:
        length = duration_ns(duration)
        if length <= 0:
            raise ValueError(
                f"duration {duration!r} must be positive, otherwise there are no instants"
            )
    return _in_utc(Times.grid(start_ns, step_ns, -(-length // step_ns)), scale)


def _reading(value: Instant, scale: str) -> int:
    """What a clock in `scale` shows at one instant."""
    return one_reading(value, scale)


def _in_utc(times: Times, scale: str) -> Times:
    """Instants that are readings of a clock in `scale`, in UTC; a grid stays one if no leap second
    is in it.
    """
    if scale == "utc":
        return times
    if isinstance(times.instants, range) and times.count:
        first, last = (utc_ns(int(edge), scale) for edge in (times.instants[0], times.instants[-1]))
        if last - first == times.instants[-1] - times.instants[0]:
            return Times.grid(first, times.instants.step, times.count)
        if times.count > MOST_LISTED:
            raise ValueError(
                f"{times.count:,} instants of {scale} over a leap second are not a grid in UTC, "
                f"and a list holds at most {MOST_LISTED:,}: "
                "take a longer step, or a grid before the leap second and one after it"
            )
    return Times(utc_ns(times.ns, scale))


def as_times(instants: Any, scale: str = "utc") -> Times:
    """Times from one instant or a one-dimensional sequence of them, in the order given.

    Parameters
    ----------
    instants : Times, one instant, or (n,) instants
        ISO text, datetimes, dates, datetime64; lists and arrays of these; and what pandas, Polars,
        pyarrow, xarray, astropy and Skyfield hold instants in. values.readings has the list, and
        the rule for time zones, which is the same for all of them.
    scale : str
        The scale of instants without a zone or scale of their own: utc, tai, tt or gps. Times are
        always UTC.

    Raises
    ------
    TypeError
        For numbers: an int has no unit, a float is not exact.
    ValueError
        For NaT and nulls (with the place), for what does not fit into int64 nanoseconds, for more
        than one dimension, and for a scale that contradicts the zone or scale of the instants.
    """
    if isinstance(instants, Times):
        if scale != "utc":
            raise ValueError(
                f"Times are UTC, not {scale}: give the scale where they are made (time_grid, "
                "as_times)"
            )
        return instants
    ns = readings(instants, scale)
    if ns.ndim > 1:
        raise ValueError(
            f"times of shape {ns.shape} have {ns.ndim} dimensions: give one row of instants, "
            "times.ravel() if all are meant"
        )
    return _in_utc(Times(np.atleast_1d(ns)), scale)
