"""Durations: text and values of many libraries to nanoseconds, exactly."""

import re
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from ..typing import Duration
from .units import DAY, HOUR, MINUTE, SECOND, UNIT_WORDS, UNITS, array_ns

NUMBER = r"\d+(?:\.\d*)?|\.\d+"
QUANTITY = re.compile(rf"\s*({NUMBER})\s*([a-zµμ]+)", re.ASCII)
ISO_DURATION = re.compile(
    rf"P(?=.)(?:({NUMBER})W)?(?:({NUMBER})D)?(?:T(?=.)(?:({NUMBER})H)?(?:({NUMBER})M)?(?:({NUMBER})S)?)?",
    re.ASCII | re.IGNORECASE,
)


def format_duration(ns: int) -> str:
    """Write a duration as a whole number of a unit: '1min', '90s', '10ms'.

    The unit is the largest that gives a whole number, and at most the minute. parse_duration reads
    the text.
    """
    unit = next(name for name in ("min", "s", "ms", "us", "ns") if ns % UNITS[name] == 0)
    return f"{ns // UNITS[unit]}{unit}"


def in_words(duration_ns: int) -> str:
    """Return a duration in the largest unit that divides it: 1 d, 90 min, 30 s."""
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if duration_ns and duration_ns % unit == 0:
            return f"{duration_ns // unit:,} {name}"
    return f"{duration_ns / SECOND:g} s"


def _exact(number: str, unit: str, named: str) -> int:
    """Multiply decimal digits by a unit. ValueError if that is not a whole number of ns."""
    whole, _, decimals = number.partition(".")
    scale: int = 10 ** len(decimals)
    ns, rest = divmod(int(whole + decimals) * UNITS[unit], scale)
    if rest:
        raise ValueError(
            f"{named} is finer than a nanosecond: it must be a whole number of nanoseconds"
        )
    return ns


def parse_duration(text: str, what: str = "duration") -> int:
    """Read a duration such as '60s', '10ms', '-1.5h', '1d12h', 'P1D' or 'PT0.1S'.

    Parameters
    ----------
    text : str
        One or more numbers with a unit (ns us ms s min h d w), or ISO 8601. A sign may come first.
    what : str
        Name of the duration in error messages.

    Returns
    -------
    int
        Nanoseconds, exact.

    Raises
    ------
    ValueError
        For a number without a unit, an unknown unit, months and years (they have no fixed length),
        and fractions of a nanosecond.
    """
    stripped = text.strip()
    body, sign = stripped.lstrip("+-"), -1 if stripped.startswith("-") else 1
    if len(stripped) - len(body) > 1:
        raise ValueError(f"cannot read {what} {text!r}: it has more than one sign")
    iso = ISO_DURATION.fullmatch(body)
    if iso:
        pairs = [
            (number, unit)
            for number, unit in zip(iso.groups(), ("w", "d", "h", "min", "s"), strict=True)
            if number
        ]
    else:
        pairs, end = [], 0
        lowered = body.lower()
        while match := QUANTITY.match(lowered, end):
            unit = match[2] if match[2] in UNITS else UNIT_WORDS.get(match[2].removesuffix("s"), "")
            if not unit:
                hint = ": write min for minutes" if match[2] == "m" else ""
                raise ValueError(
                    f"{what} {text!r}: unit {match[2]!r} is not one of ns, us, ms, s, min, h, d, "
                    f"w{hint}"
                )
            pairs.append((match[1], unit))
            end = match.end()
        if lowered[end:].strip() or not pairs:
            if re.fullmatch(NUMBER, body, re.ASCII):
                raise ValueError(f"{what} {text!r} has no unit: write {body}s for seconds")
            hint = "; months and years have no fixed length, use days" if body[:1] in "Pp" else ""
            raise ValueError(
                f"cannot read {what} {text!r}: write it like 60s, 10ms, 1.5h, 1d or PT60S{hint}"
            )
    return sign * sum(_exact(number, unit, f"{what} {text!r}") for number, unit in pairs)


def duration_ns(value: Duration, what: str = "duration") -> int:
    """Convert one duration to nanoseconds, exactly.

    Parameters
    ----------
    value : str, timedelta, numpy.timedelta64
        Text as parse_duration takes it; also pandas' Timedelta, a pyarrow DurationScalar, astropy's
        TimeDelta, or an array of no dimensions that holds a timedelta64 (numpy, xarray).
    what : str
        Name of the duration in error messages.

    Returns
    -------
    int
        Nanoseconds.

    Raises
    ------
    TypeError
        For a number, which has no unit, and for anything else that is not a duration.
    ValueError
        For text that cannot be read, NaT, a unit of no fixed length, and a value that is not a
        whole number of nanoseconds within 64 bits.
    """
    if isinstance(value, str):
        return parse_duration(value, what)
    # pandas' Timedelta is a timedelta, too, but its attributes leave out nanoseconds
    if hasattr(value, "to_timedelta64"):
        value = value.to_timedelta64()
    if isinstance(value, timedelta):
        return (value.days * 86_400 + value.seconds) * SECOND + value.microseconds * 1_000
    if isinstance(value, (int, float, np.number)) and not isinstance(value, np.timedelta64):
        raise TypeError(f"{what}={value!r} has no unit: write {what}='{value}s' for seconds")
    if isinstance(value, pa.DurationScalar):
        value = np.timedelta64("NaT" if value.value is None else value.value, value.type.unit)
    elif type(value).__name__ == "TimeDelta" and np.ndim(getattr(value, "jd1", [])) == 0:
        return _astropy_ns(value, what)
    elif hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.dtype.kind == "m" and array.ndim == 0:
            value = array[()]
    if isinstance(value, np.timedelta64):
        if np.isnat(value):
            raise ValueError(f"{what} is NaT: it must be a length of time")
        unit, _ = np.datetime_data(value.dtype)
        if unit in ("Y", "M", "generic"):
            raise ValueError(f"{what} {value!r} has no fixed length: use a unit from ns to W")
        return int(array_ns(np.asarray(value)))
    raise TypeError(
        f"{what}={value!r} is not a duration: use text such as '60s', a timedelta or a timedelta64"
    )


def _astropy_ns(delta: Any, what: str) -> int:
    """Convert an astropy TimeDelta: days of 86,400 s in two doubles."""
    if np.any(delta.mask) or not np.isfinite(delta.jd):
        raise ValueError(f"{what} {delta!r} is not a length of time")
    return round((Fraction(float(delta.jd1)) + Fraction(float(delta.jd2))) * DAY)
