"""Instants: integer nanoseconds since 1970-01-01T00:00:00 UTC, in days of 86,400 s (POSIX, numpy's datetime64[ns]).

SGP4 knows no leap seconds, so these count none; readings of clocks in TAI, TT or GPS time are converted once, on the way in. An int64
reaches from 1677-09-21 to 2262-04-11. No instant and no duration is ever a float: a Julian date in one float64 is rounded by up to
20 microseconds, 15 cm at orbital speed (bench/mistakes.py). Text is read with integers only, so it is exact.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

# Any: also the instants and durations of pandas, pyarrow, xarray, astropy and Skyfield (time_values.readings, duration_ns)
Instant: TypeAlias = str | datetime | date | np.datetime64 | Any
Duration: TypeAlias = str | timedelta | np.timedelta64 | Any

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
JD_1950, JD_1970 = 2433281.5, 2440587.5  # Julian dates of 1949-12-31 and 1970-01-01, 0 h
MOST_LISTED = 100_000_000  # the largest grid that becomes a list of instants: 0.8 GB
FIRST_NS, LAST_NS = -(2**63) + 1, 2**63 - 1  # -2**63 is datetime64's NaT
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
UNIT_WORDS = {"min": "min", "sec": "s", "second": "s", "minute": "min", "hr": "h", "hour": "h", "day": "d", "week": "w"}
# numpy's spelling, for datetime64 and timedelta64 arrays
NUMPY_UNITS = {"W": 7 * DAY, "D": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}
FINER_UNITS = {"ps": 10**3, "fs": 10**6, "as": 10**9}  # parts of a nanosecond

INSTANT = re.compile(
    r"(?P<year>\d{4})-(?:(?P<month>\d\d)-(?P<day>\d\d)|(?P<yearday>\d{3}))"
    r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r" ?(?P<zone>Z|UTC|(?P<sign>[+-])(?P<zone_hour>\d\d)(?::?(?P<zone_minute>\d\d))?)?)?",
    re.ASCII | re.IGNORECASE,
)
NUMBER = r"\d+(?:\.\d*)?|\.\d+"
QUANTITY = re.compile(rf"\s*({NUMBER})\s*([a-zµμ]+)", re.ASCII)
ISO_DURATION = re.compile(
    rf"P(?=.)(?:({NUMBER})W)?(?:({NUMBER})D)?(?:T(?=.)(?:({NUMBER})H)?(?:({NUMBER})M)?(?:({NUMBER})S)?)?", re.ASCII | re.IGNORECASE
)
ACCEPTED = (
    "use ISO 8601 text ('2026-11-22T00:00:00Z'), a datetime, numpy.datetime64, or instants of pandas, Polars, pyarrow, xarray, astropy "
    "or Skyfield"
)


def in_range(ns: int, what: str) -> int:
    """`ns` unchanged. ValueError, with the name `what`, if it does not fit into 64 bits."""
    if not FIRST_NS <= ns <= LAST_NS:
        raise ValueError(f"{what} is outside the years 1677 to 2262 that 64-bit nanoseconds reach")
    return ns


def julian(ns: Any) -> tuple[Any, Any]:
    """Julian date of the midnight before, and the fraction of the day, of nanoseconds since 1970 (one, or an array)."""
    days = ns // DAY
    return JD_1970 + days, (ns - days * DAY) / DAY


def format_ns(ns: int) -> str:
    """ISO 8601 text of an instant in UTC with a trailing Z; the fraction has no trailing zeros and is absent when it is zero."""
    days, rest = divmod(int(ns), DAY)
    seconds, fraction = divmod(rest, SECOND)
    hour, minute = divmod(seconds // 60, 60)
    tail = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{date.fromordinal(EPOCH.toordinal() + days)}T{hour:02d}:{minute:02d}:{seconds % 60:02d}{tail}Z"


def format_duration(ns: int) -> str:
    """A duration in the largest unit, up to the minute, that gives a whole number: '1min', '90s', '10ms'; parse_duration reads it."""
    unit = next(name for name in ("min", "s", "ms", "us", "ns") if ns % UNITS[name] == 0)
    return f"{ns // UNITS[unit]}{unit}"


def parse_instant(text: str) -> int:
    """Nanoseconds since 1970 UTC of an ISO 8601 text.

    Accepts `T` or a space, a date alone, a day of the year (`2026-326`), up to nine decimals of the second, and `Z`, an offset
    (converted) or nothing (UTC). ValueError with the text and the reason otherwise; a leap second is refused with its neighbours.
    """
    match = INSTANT.fullmatch(text.strip())
    if not match:
        raise ValueError(f"cannot read {text!r} as an instant: write it like 2026-11-22T00:00:00Z")
    part = {name: int(digits) for name, digits in match.groupdict(default="0").items() if digits.isdecimal()}
    try:
        if match["yearday"]:
            day = date(part["year"], 1, 1) + timedelta(days=part["yearday"] - 1)
            if day.year != part["year"]:
                raise ValueError(f"the year has no day {part['yearday']}")
        else:
            day = date(part["year"], part["month"], part["day"])
        for name, limit in (("hour", 23), ("minute", 59), ("second", 60), ("zone_hour", 23), ("zone_minute", 59)):
            if part[name] > limit:
                raise ValueError(f"{name.replace('_', ' ')} {part[name]} is more than {limit}")
        fraction = (match["fraction"] or "").rstrip("0")
        if len(fraction) > 9:
            raise ValueError("instants are whole nanoseconds: nine decimals at most")
    except (ValueError, OverflowError) as error:
        raise ValueError(f"cannot read {text!r} as an instant: {error}") from None
    offset = part["zone_hour"] * HOUR + part["zone_minute"] * MINUTE
    minutes = (day.toordinal() - EPOCH.toordinal()) * DAY + part["hour"] * HOUR + part["minute"] * MINUTE
    minutes += offset if match["sign"] == "-" else -offset
    if part["second"] == 60:
        raise ValueError(
            f"{text!r} is a leap second, which SGP4's days of 86,400 s do not have: "
            f"use {format_ns(minutes + 59 * SECOND)} or {format_ns(minutes + 60 * SECOND)}"
        )
    return in_range(minutes + part["second"] * SECOND + int(fraction.ljust(9, "0")), repr(text))


def _exact(number: str, unit: str, named: str) -> int:
    """`number` (decimal digits) times UNITS[unit], which must be whole nanoseconds."""
    whole, _, decimals = number.partition(".")
    scale: int = 10 ** len(decimals)
    ns, rest = divmod(int(whole + decimals) * UNITS[unit], scale)
    if rest:
        raise ValueError(f"{named} is finer than a nanosecond: it must be a whole number of nanoseconds")
    return ns


def parse_duration(text: str, what: str = "duration") -> int:
    """Nanoseconds, exact, of a duration: '60s', '10ms', '1.5h', '1d12h', 'P1D', 'PT0.1S', with a sign if need be.

    Units: ns us ms s min h d w. what: its name in errors. ValueError for no unit, an unknown one, months or years (no fixed length), or
    less than a nanosecond.
    """
    stripped = text.strip()
    body, sign = stripped.lstrip("+-"), -1 if stripped.startswith("-") else 1
    if len(stripped) - len(body) > 1:
        raise ValueError(f"cannot read {what} {text!r}: it has more than one sign")
    iso = ISO_DURATION.fullmatch(body)
    if iso:
        pairs = [(number, unit) for number, unit in zip(iso.groups(), ("w", "d", "h", "min", "s"), strict=True) if number]
    else:
        pairs, end = [], 0
        lowered = body.lower()
        while match := QUANTITY.match(lowered, end):
            unit = match[2] if match[2] in UNITS else UNIT_WORDS.get(match[2].removesuffix("s"), "")
            if not unit:
                hint = ": write min for minutes" if match[2] == "m" else ""
                raise ValueError(f"{what} {text!r}: unit {match[2]!r} is not one of ns, us, ms, s, min, h, d, w{hint}")
            pairs.append((match[1], unit))
            end = match.end()
        if lowered[end:].strip() or not pairs:
            if re.fullmatch(NUMBER, body, re.ASCII):
                raise ValueError(f"{what} {text!r} has no unit: write {body}s for seconds")
            hint = "; months and years have no fixed length, use days" if body[:1] in "Pp" else ""
            raise ValueError(f"cannot read {what} {text!r}: write it like 60s, 10ms, 1.5h, 1d or PT60S{hint}")
    return sign * sum(_exact(number, unit, f"{what} {text!r}") for number, unit in pairs)


def array_ns(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """int64 nanoseconds of a datetime64 or timedelta64 array of any unit, exactly or ValueError (numpy's own cast overflows silently)."""
    if np.isnat(values).any():
        place = np.argwhere(np.isnat(values)).tolist()[0]
        raise ValueError(f"NaT{f' at {place}' if place else ''}: every instant must be a time")
    unit, count = np.datetime_data(values.dtype)
    if unit in ("Y", "M") and (np.abs(values.astype(np.int64)) <= 12_000 // count).all():  # calendar units; a thousand years fit into days
        values, unit, count = values.astype("datetime64[D]"), "D", 1
    numbers, scale = values.astype(np.int64), NUMPY_UNITS.get(unit, 0) * count
    if unit in FINER_UNITS and count == 1:
        ns, rest = np.divmod(numbers, FINER_UNITS[unit])
        exact = rest == 0
    elif 0 < scale <= LAST_NS:
        exact, ns = (numbers >= -(LAST_NS // scale)) & (numbers <= LAST_NS // scale), numbers * scale
    else:
        exact, ns = np.zeros(numbers.shape, bool), numbers
    if not exact.all():
        raise ValueError(
            f"{values.dtype} value {values[~exact].flat[0]} is not a whole number of nanoseconds within 64 bits (dates: 1677 to 2262)"
        )
    return np.asarray(ns)


def instant_ns(value: Instant) -> int:
    """Nanoseconds since 1970 UTC of one instant, in any of the forms that time_values.readings takes; without a zone it is UTC.

    TypeError for numbers and for several instants, ValueError for what cannot be read, NaT, or one out of range.
    """
    from .time_values import one_reading  # imported here: time_values imports this module

    return one_reading(value)


def duration_ns(value: Duration, what: str = "duration") -> int:
    """Nanoseconds, exact, of one duration.

    Parameters
    ----------
    value : str, timedelta, numpy.timedelta64
        Text as parse_duration takes it; also pandas' Timedelta, a pyarrow DurationScalar, astropy's TimeDelta, or an array of no dimensions
        that holds a timedelta64 (numpy, xarray).
    what : str
        Its name in error messages.

    Raises
    ------
    TypeError
        For a number, which has no unit, and for anything else that is not a duration.
    ValueError
        For text that cannot be read, NaT, a unit of no fixed length, and what is not a whole number of nanoseconds within 64 bits.
    """
    if isinstance(value, str):
        return parse_duration(value, what)
    if hasattr(value, "to_timedelta64"):  # pandas' Timedelta, which as a timedelta has no nanoseconds
        value = value.to_timedelta64()
    if isinstance(value, timedelta):
        return (value.days * 86_400 + value.seconds) * SECOND + value.microseconds * 1_000
    if isinstance(value, (int, float, np.number)) and not isinstance(value, np.timedelta64):
        raise TypeError(f"{what}={value!r} has no unit: write {what}='{value}s' for seconds")
    if isinstance(value, pa.DurationScalar):
        value = np.timedelta64("NaT" if value.value is None else value.value, value.type.unit)
    elif type(value).__name__ == "TimeDelta" and np.ndim(getattr(value, "jd1", [])) == 0:  # astropy's: days of 86,400 s in two doubles
        return _delta_ns(value, what)
    elif hasattr(value, "__array__") and np.asarray(value).dtype.kind == "m" and np.ndim(value) == 0:
        value = np.asarray(value)[()]
    if isinstance(value, np.timedelta64):
        if np.isnat(value):
            raise ValueError(f"{what} is NaT: it must be a length of time")
        unit, _ = np.datetime_data(value.dtype)
        if unit in ("Y", "M", "generic"):
            raise ValueError(f"{what} {value!r} has no fixed length: use a unit from ns to W")
        return int(array_ns(np.asarray(value)))
    raise TypeError(f"{what}={value!r} is not a duration: use text such as '60s', a timedelta or a timedelta64")


def _delta_ns(delta: Any, what: str) -> int:
    """Nanoseconds of an astropy TimeDelta. ValueError if it is masked or not finite."""
    if np.any(delta.mask) or not np.isfinite(delta.jd):
        raise ValueError(f"{what} {delta!r} is not a length of time")
    return round((Fraction(float(delta.jd1)) + Fraction(float(delta.jd2))) * DAY)


def _count(grid: range) -> int:
    """As len(), which Python limits to sys.maxsize."""
    return max(0, -((grid.start - grid.stop) // grid.step))


def _materialised(grid: range) -> npt.NDArray[np.int64]:
    """start + i * step, (n,). Products may wrap around 64 bits; the sums, which fit, are right all the same."""
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
            f"{_count(grid):,} instants are a grid, and a list holds at most {MOST_LISTED:,}: compute blocks with Propagator.snapshots, "
            "take a longer step, or a part of them (times[first:last])"
        )
    return _materialised(grid)


@dataclass(frozen=True, eq=False, repr=False)
class Times:
    """An immutable sequence of instants: a grid, which is never materialised unless asked to be, or an explicit array.

    instants: nanoseconds since 1970 UTC, as a `range` with a positive step (a grid: start + i * step in integers, so it does not drift)
    or as an int64 array (n,), in any order and with repetitions. ValueError if one is outside the years 1677 to 2262.
    """

    instants: range | npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if isinstance(self.instants, range):
            if self.instants.step < 0:
                raise ValueError(f"the step of a grid must be positive, not {self.instants.step} ns")
            if self.instants:
                for edge in (self.instants[0], self.instants[-1]):
                    in_range(edge, f"an instant of the grid, {edge} ns from 1970,")
            return
        array = np.array(self.instants)
        if array.dtype != np.int64 or array.ndim != 1:
            raise TypeError(f"instants must be a range or a one-dimensional int64 array, not {array.dtype} of shape {array.shape}")
        if (array < FIRST_NS).any():
            raise ValueError("-2**63 ns is not an instant but datetime64's NaT")
        array.flags.writeable = False
        object.__setattr__(self, "instants", array)

    @staticmethod
    def grid(start_ns: int, step_ns: int, count: int) -> "Times":
        """`count` instants from `start_ns`, `step_ns` apart. ValueError if one of them does not fit, or there are none."""
        start, step, count = int(start_ns), int(step_ns), int(count)
        if count < 1:
            raise ValueError(f"a grid of {count} instants holds no instants: count must be 1 or more")
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
        """Nanoseconds since 1970 UTC, (n,), read-only; materialises a grid. ValueError if it has more than MOST_LISTED instants."""
        if not isinstance(self.instants, range):
            return self.instants
        ns = _listed(self.instants)
        ns.flags.writeable = False
        return ns

    @property
    def edges(self) -> npt.NDArray[np.int64]:
        """The first and the last instant of a grid; all instants of an array, which may be in any order; empty where there are none."""
        if isinstance(self.instants, range):
            return np.array([self.instants[0], self.instants[-1]] if self.instants else [], np.int64)
        return self.instants

    @property
    def datetime64(self) -> npt.NDArray[np.datetime64]:
        """datetime64[ns], (n,), read-only; materialises a grid, as `ns` does."""
        return self.ns.view("datetime64[ns]")

    def __len__(self) -> int:
        return len(self.instants)

    def __getitem__(self, index: Any) -> Any:
        """An integer gives a datetime64[ns]; a slice gives Times, lazily for a grid (one that runs backwards is an array)."""
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
        one, another = (_materialised(each) if isinstance(each, range) else each for each in (self.instants, other.instants))
        return np.array_equal(one, another)

    __hash__ = None  # type: ignore[assignment]  # equal across forms, and an array has no cheap hash

    def __repr__(self) -> str:
        if not self.count:
            return "<Times: no instants>"
        text = f"<Times: {self.count:,} instants, {format_ns(self.start_ns)} to {format_ns(int(self.instants[-1]))}"
        return text + (f", step {format_duration(self.step_ns)}>" if self.step_ns else ">")


def time_grid(
    start: Instant, stop: Instant | None = None, *, step: Duration = "60s", duration: Duration | None = None, scale: str = "utc"
) -> Times:
    """The instants start, start + step, ... before `stop` (half open), or before start + `duration`: give exactly one of the two.

    start, stop: as instant_ns; step, duration: as duration_ns. An incomplete last step still has its instant:
    count = ceil((stop - start) / step). scale: what clock start and stop are read from, utc, tai, tt or gps; the result is UTC all the
    same, and in equal steps of that clock, so that a leap second between them makes it an array.
    ValueError for a step or length that is not positive, for text that cannot be read, and for an instant within a leap second.
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
            raise ValueError(f"start and stop are both {start!s}: no instants, because stop is not included")
    elif duration is not None:
        length = duration_ns(duration)
        if length <= 0:
            raise ValueError(f"duration {duration!r} must be positive, otherwise there are no instants")
    return _in_utc(Times.grid(start_ns, step_ns, -(-length // step_ns)), scale)


def _reading(value: Instant, scale: str) -> int:
    """What a clock in `scale` shows at one instant."""
    from .time_values import one_reading

    return one_reading(value, scale)


def _in_utc(times: Times, scale: str) -> Times:
    """Instants that are readings of a clock in `scale`, in UTC; a grid stays one if no leap second is in it."""
    if scale == "utc":
        return times
    from .time_scales import utc_ns  # late: it counts in the units of this room

    if isinstance(times.instants, range) and times.count:
        first, last = (utc_ns(int(edge), scale) for edge in (times.instants[0], times.instants[-1]))
        if last - first == times.instants[-1] - times.instants[0]:
            return Times.grid(first, times.instants.step, times.count)
        if times.count > MOST_LISTED:
            raise ValueError(
                f"{times.count:,} instants of {scale} over a leap second are not a grid in UTC, and a list holds at most {MOST_LISTED:,}: "
                "take a longer step, or a grid before the leap second and one after it"
            )
    return Times(utc_ns(times.ns, scale))


def as_times(instants: Any, scale: str = "utc") -> Times:
    """Times from one instant or a one-dimensional sequence of them, in the order given.

    Parameters
    ----------
    instants : Times, one instant, or (n,) instants
        ISO text, datetimes, dates, datetime64; lists and arrays of these; and what pandas, Polars, pyarrow, xarray, astropy and Skyfield
        hold instants in. time_values.readings has the list, and the rule for time zones, which is the same for all of them.
    scale : str
        The scale of instants without a zone or scale of their own: utc, tai, tt or gps. Times are always UTC.

    Raises
    ------
    TypeError
        For numbers: an int has no unit, a float is not exact.
    ValueError
        For NaT and nulls (with the place), for what does not fit into int64 nanoseconds, for more than one dimension, and for a scale that
        contradicts the zone or scale of the instants.
    """
    if isinstance(instants, Times):
        if scale != "utc":
            raise ValueError(f"Times are UTC, not {scale}: give the scale where they are made (time_grid, as_times)")
        return instants
    from .time_values import readings

    ns = readings(instants, scale)
    if ns.ndim > 1:
        raise ValueError(f"times of shape {ns.shape} have {ns.ndim} dimensions: give one row of instants, times.ravel() if all are meant")
    return _in_utc(Times(np.atleast_1d(ns)), scale)
