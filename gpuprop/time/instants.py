"""Instants as ISO 8601 text, read and written with integers only: nothing is rounded."""

import re
from datetime import date, timedelta

from .units import DAY, EPOCH, HOUR, MINUTE, SECOND, in_range

INSTANT = re.compile(
    r"(?P<year>\d{4})-(?:(?P<month>\d\d)-(?P<day>\d\d)|(?P<yearday>\d{3}))"
    r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r" ?(?P<zone>Z|UTC|(?P<sign>[+-])(?P<zone_hour>\d\d)(?::?(?P<zone_minute>\d\d))?)?)?",
    re.ASCII | re.IGNORECASE,
)
ACCEPTED = (
    "use ISO 8601 text ('2026-11-22T00:00:00Z'), a datetime, numpy.datetime64, or instants of "
    "pandas, Polars, pyarrow, xarray, astropy or Skyfield"
)


def format_ns(ns: int) -> str:
    """Write an instant as ISO 8601 text in UTC: 2026-11-22T00:00:00.5Z.

    A fraction has no trailing zeros; a fraction of zero is left out.
    """
    days, rest = divmod(int(ns), DAY)
    seconds, fraction = divmod(rest, SECOND)
    hour, minute = divmod(seconds // 60, 60)
    day = date.fromordinal(EPOCH.toordinal() + days)
    decimals = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{day}T{hour:02d}:{minute:02d}:{seconds % 60:02d}{decimals}Z"


def parse_instant(text: str) -> int:
    """Read an instant from ISO 8601 text.

    Parameters
    ----------
    text : str
        A date (a day of the year, `2026-326`, is one, too), alone or with a time after `T` or a
        space. The second has up to nine decimals. `Z`, nothing (both UTC) or an offset from UTC
        comes last.

    Returns
    -------
    int
        Nanoseconds since 1970 UTC.

    Raises
    ------
    ValueError
        For other text, with the reason; for a leap second, with the seconds next to it.
    """
    match = INSTANT.fullmatch(text.strip())
    if not match:
        raise ValueError(f"cannot read {text!r} as an instant: write it like 2026-11-22T00:00:00Z")
    part = {
        name: int(digits)
        for name, digits in match.groupdict(default="0").items()
        if digits.isdecimal()
    }
    try:
        if match["yearday"]:
            day = date(part["year"], 1, 1) + timedelta(days=part["yearday"] - 1)
            if day.year != part["year"]:
                raise ValueError(f"the year has no day {part['yearday']}")
        else:
            day = date(part["year"], part["month"], part["day"])
        for name, limit in (
            ("hour", 23),
            ("minute", 59),
            ("second", 60),
            ("zone_hour", 23),
            ("zone_minute", 59),
        ):
            if part[name] > limit:
                raise ValueError(f"{name.replace('_', ' ')} {part[name]} is more than {limit}")
        fraction = (match["fraction"] or "").rstrip("0")
        if len(fraction) > 9:
            raise ValueError("instants are whole nanoseconds: nine decimals at most")
    except (ValueError, OverflowError) as error:
        raise ValueError(f"cannot read {text!r} as an instant: {error}") from None
    offset = part["zone_hour"] * HOUR + part["zone_minute"] * MINUTE
    minutes = (
        (day.toordinal() - EPOCH.toordinal()) * DAY + part["hour"] * HOUR + part["minute"] * MINUTE
    )
    minutes += offset if match["sign"] == "-" else -offset
    if part["second"] == 60:
        raise ValueError(
            f"{text!r} is a leap second, which SGP4's days of 86,400 s do not have: "
            f"use {format_ns(minutes + 59 * SECOND)} or {format_ns(minutes + 60 * SECOND)}"
        )
    return in_range(minutes + part["second"] * SECOND + int(fraction.ljust(9, "0")), repr(text))
