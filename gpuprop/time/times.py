"""Times: a sequence of instants, which are integer nanoseconds since 1970-01-01T00:00:00 UTC.

Days have 86,400 s, as in POSIX and numpy's datetime64[ns]. SGP4 has no leap seconds, so none are
counted; readings of clocks in TAI, TT or GPS time are converted when they are given. An int64
reaches from 1677-09-21 to 2262-04-11. No instant and no duration is ever a float: a Julian date in
one float64 is rounded by up to 20 microseconds, 15 cm at orbital speed (bench/mistakes.py). Text is
read with integers only, so it is exact.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import SupportsIndex, overload

import numpy as np
import numpy.typing as npt

from ..literals import Scale
from ..messages import counted
from ..notebook import page
from ..typing import Bits, Duration, Instant, Instants
from .durations import duration_ns, format_duration
from .instants import format_ns
from .scales import utc_ns
from .units import FIRST_NS, in_range
from .values import one_reading, readings

NANOSECONDS = np.dtype("datetime64[ns]")
MOST_LISTED = 100_000_000  # the largest grid that becomes a list of instants: 0.8 GB


def instant_ns(value: Instant) -> int:
    """Convert one instant, in any form that as_times takes, to nanoseconds since 1970 UTC.

    TypeError for numbers and for several instants. ValueError for text that cannot be read, for
    NaT, and for an instant out of range.
    """
    return one_reading(value)


def _count(grid: range) -> int:
    """Return the length of a range, which may be more than len() can return (sys.maxsize)."""
    return max(0, -((grid.start - grid.stop) // grid.step))


def _materialised(grid: range) -> Bits:
    """Compute start + i * step, (n,).

    Products may wrap around 64 bits. The sums fit into 64 bits, so they are right.
    """
    if not grid:
        return np.empty(0, np.int64)
    ns = np.arange(len(grid), dtype=np.int64)
    ns *= (grid.step + 2**63) % 2**64 - 2**63
    ns += grid.start
    return ns


def _listed(grid: range) -> Bits:
    """Compute all instants of a grid. ValueError if the list would be too long."""
    if _count(grid) > MOST_LISTED:
        raise ValueError(
            f"{_count(grid):,} instants are a grid, and a list holds at most {MOST_LISTED:,}: "
            "compute blocks with Propagator.snapshots, take a longer step, or a part of them "
            "(times[first:last])"
        )
    return _materialised(grid)


@dataclass(frozen=True, eq=False, repr=False)
class Times:
    """An immutable sequence of instants: a grid or an array.

    Make it with `time_grid` or `as_times`. A grid takes no memory until its array is used.

    Parameters
    ----------
    instants : range or (n,) int64
        Nanoseconds since 1970 UTC. A range with a positive step is a grid: start + i * step, in
        integers, so it does not drift. An array may have any order and repetitions; it is copied.

    Raises
    ------
    ValueError
        If an instant is outside the years 1677 to 2262, or the step of a grid is negative.
    TypeError
        For anything but a range or a one-dimensional int64 array.
    """

    instants: range | Bits

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
        if array.size and array.min() < FIRST_NS:
            raise ValueError("-2**63 ns is not an instant but datetime64's NaT")
        array.flags.writeable = False
        object.__setattr__(self, "instants", array)

    @staticmethod
    def grid(start_ns: int, step_ns: int, count: int) -> "Times":
        """Make a grid from integers.

        Parameters
        ----------
        start_ns : int
            First instant, nanoseconds since 1970 UTC.
        step_ns : int
            Step in nanoseconds, positive.
        count : int
            Number of instants, 1 or more.

        Returns
        -------
        Times
            The grid.

        Raises
        ------
        ValueError
            If an instant is outside the years 1677 to 2262, or `step_ns` or `count` is not
            positive.
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
        """Whether these are a grid, not an array."""
        return isinstance(self.instants, range)

    @property
    def start_ns(self) -> int:
        """First instant, ns since 1970 UTC; IndexError if there are no instants."""
        return int(self.instants[0])

    @property
    def step_ns(self) -> int | None:
        """Step of a grid in ns, None for an array."""
        return self.instants.step if isinstance(self.instants, range) else None

    @property
    def count(self) -> int:
        """Number of instants, also where len() raises OverflowError (more than sys.maxsize)."""
        if isinstance(self.instants, range):
            return _count(self.instants)
        return len(self.instants)

    @property
    def ns(self) -> Bits:
        """Nanoseconds since 1970 UTC, (n,) int64, read-only.

        Each use of a grid computes a new array. ValueError for a grid of more than 100,000,000
        instants.
        """
        if not isinstance(self.instants, range):
            return self.instants
        ns = _listed(self.instants)
        ns.flags.writeable = False
        return ns

    @property
    def edges(self) -> Bits:
        """First and last instant of a grid, all instants of an array, ns since 1970 UTC.

        These are enough to find the earliest and the latest instant: a grid is in order, an array
        need not be. Empty if there are no instants.
        """
        if isinstance(self.instants, range):
            return np.array(
                [self.instants[0], self.instants[-1]] if self.instants else [], np.int64
            )
        return self.instants

    @property
    def datetime64(self) -> npt.NDArray[np.datetime64]:
        """The instants in UTC, (n,) datetime64[ns], read-only. Otherwise as `ns`."""
        return self.ns.view("datetime64[ns]")

    def __len__(self) -> int:
        return len(self.instants)

    @overload
    def __getitem__(self, index: SupportsIndex) -> np.datetime64: ...
    @overload
    def __getitem__(self, index: slice) -> "Times": ...
    def __getitem__(self, index: SupportsIndex | slice) -> "np.datetime64 | Times":
        """Return one instant, or the Times of a slice.

        A slice of a grid is a grid, unless it runs backwards.
        """
        if not isinstance(index, slice):
            return np.datetime64(int(self.instants[index]), "ns")
        part = self.instants[index]
        if isinstance(part, range) and part.step < 0:
            return Times(_listed(part))
        return Times(part)

    def __iter__(self) -> Iterator[np.datetime64]:
        return (np.datetime64(int(ns), "ns") for ns in self.instants)

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[np.generic]:
        return np.array(self.datetime64, dtype=dtype)

    def __eq__(self, other: object) -> bool:
        """Compare instants in their order. A grid can be equal to an array."""
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
        first, last = format_ns(self.start_ns), format_ns(int(self.instants[-1]))
        step = f", step {format_duration(self.step_ns)}" if self.step_ns else ""
        return f"<Times: {counted(self.count, 'instant')}, {first} to {last}{step}>"

    def _repr_html_(self) -> str:
        if not self.count:
            return page("Times: no instants", {})
        facts = {"first": format_ns(self.start_ns), "last": format_ns(int(self.instants[-1]))}
        if self.step_ns:
            facts["step"] = format_duration(self.step_ns)
        return page(f"Times: {counted(self.count, 'instant')}, UTC", facts)


def time_grid(
    start: Instant,
    stop: Instant | None = None,
    *,
    step: Duration = "60s",
    duration: Duration | None = None,
    scale: Scale = "utc",
) -> Times:
    """Make instants in equal steps: start, start + step, and so on, before an end.

    Parameters
    ----------
    start : instant
        First instant, as `as_times` takes it.
    stop : instant, optional
        End, which is not included. Give either `stop` or `duration`.
    step : duration
        Step, positive: text such as "60s", "10ms", "1.5h", "PT60S", a timedelta or a timedelta64.
    duration : duration, optional
        End as a length of time from `start`, positive.
    scale : {"utc", "tai", "tt", "gps"}
        Scale of the clock that `start` and `stop` are read from, if they have no zone or scale of
        their own.

    Returns
    -------
    Times
        The instants in UTC, ceil((stop - start) / step) of them: an incomplete last step still has
        its instant. They are in equal steps of the clock in `scale`, so with a leap second between
        them they are an array, otherwise a grid.

    Raises
    ------
    TypeError
        For numbers, which have no unit.
    ValueError
        For a step or a length that is not positive, for text that cannot be read, and for an
        instant within a leap second.
    """
    if (stop is None) == (duration is None):
        raise ValueError("give exactly one of stop and duration")
    start_ns, step_ns = one_reading(start, scale), duration_ns(step, "step")
    if step_ns <= 0:
        raise ValueError(f"step {step!r} must be positive")
    if stop is not None:
        length = one_reading(stop, scale) - start_ns
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


def _in_utc(times: Times, scale: str) -> Times:
    """Convert readings of a clock in `scale` to UTC.

    A grid without a leap second in it stays a grid.
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
                f"and a list holds at most {MOST_LISTED:,}: take a longer step, or a grid before "
                "the leap second and one after it"
            )
    return Times(utc_ns(times.ns, scale))


def as_times(instants: Instants, scale: Scale = "utc") -> Times:
    """Convert one instant or a sequence of instants, of many libraries, to Times.

    Every function of gpuprop that takes instants takes them in these forms.

    Parameters
    ----------
    instants : Times, one instant, or (n,) instants
        An instant is ISO 8601 text, a `datetime`, a `date`, a `numpy.datetime64`, a pandas
        `Timestamp`, a pyarrow `Scalar`, an astropy `Time` or a Skyfield `Time`. Several instants
        are a list, a tuple or a numpy array of these, a pandas `Series` or `Index`, a Polars
        `Series`, a pyarrow `Array` or `ChunkedArray`, any other column that exports Arrow's C
        interface, an xarray `DataArray`, or a `Time` that holds an array.
    scale : {"utc", "tai", "tt", "gps"}
        Scale of the instants that have no zone or scale of their own.

    Returns
    -------
    Times
        The instants in UTC, in the order given.

    Raises
    ------
    TypeError
        For numbers: an int has no unit, a float is not exact. For tables, and for anything else
        that is not an instant.
    ValueError
        For text that cannot be read; for NaT, nulls and masked values (with their index); for
        instants that are not a whole number of nanoseconds within 64 bits (the years 1677 to 2262);
        for instants within a leap second; for more than one dimension; and for a `scale` that
        contradicts the zone or scale of the instants.

    Notes
    -----
    An instant with a time zone or a scale is read in it: text, a datetime or a column with a time
    zone is converted to UTC, an astropy `Time` has a scale, a Skyfield `Time` is TT. An instant
    without one is read in `scale`. Nothing is rounded to a float: an astropy or Skyfield `Time` is
    read from its two doubles, exact to the nanosecond.
    """
    if isinstance(instants, Times):
        if scale != "utc":
            raise ValueError(
                f"Times are UTC, not {scale}: give the scale where they are made (time_grid, "
                "as_times)"
            )
        return instants
    listed = type(instants) is np.ndarray and instants.dtype == NANOSECONDS and instants.ndim == 1
    if listed and scale == "utc":
        # without the checks and copies of other types: Times copies the values
        with suppress(ValueError):  # for NaT, which is named with its index below
            return Times(np.asarray(instants).view(np.int64))
    ns = readings(instants, scale)
    if ns.ndim > 1:
        raise ValueError(
            f"times of shape {ns.shape} have {ns.ndim} dimensions: give one dimension, such as "
            "times.ravel()"
        )
    return _in_utc(Times(np.atleast_1d(ns)), scale)
