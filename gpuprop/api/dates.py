"""Julian and calendar dates, as python-sgp4 counts them."""

from datetime import datetime, timezone
from typing import Any, Protocol

from ..elements.tle_format import four_digit_year


class HasEpoch(Protocol):
    """A satellite with python-sgp4's epoch."""

    epochyr: int
    epochdays: float


def jday(year: Any, mon: Any, day: Any, hr: Any, minute: Any, sec: Any) -> tuple[Any, Any]:
    """The Julian date of a calendar date of 1901 to 2099 as (midnight, fraction of the day);
    numbers or arrays.

    Source: Vallado, Fundamentals of Astrodynamics and Applications, algorithm 14.
    """
    jd = (
        367.0 * year
        - 7 * (year + (mon + 9) // 12.0) * 0.25 // 1.0
        + 275 * mon / 9.0 // 1.0
        + day
        + 1721013.5
    )
    return jd, (sec + minute * 60.0 + hr * 3600.0) / 86400.0


def days2mdhms(
    year: int, days: float, round_to_microsecond: int = 6
) -> tuple[int, int, int, int, float]:
    """Month, day, hour, minute and second of a day of the year (1.0 is the beginning of January 1).

    Seconds have round_to_microsecond decimals, or are not rounded if it is 0. Days after the year's
    end are counted on in December.
    """

    def rounded(seconds: float) -> float:
        return round(seconds, round_to_microsecond) if round_to_microsecond else seconds

    minutes, second = divmod(rounded(days * 86400.0), 60.0)
    hours, minute = divmod(int(minutes), 60)
    day, hour = divmod(hours, 24)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    month = 1
    for length in (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30):
        if day <= length:
            break
        day -= length
        month += 1
    return month, day, hour, minute, rounded(second)


def jday_datetime(instant: datetime) -> tuple[float, float]:
    """The Julian date of a datetime, converted to UTC, as (midnight, fraction of the day)."""
    utc = instant.astimezone(timezone.utc)
    jd, fr = jday(
        utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second + utc.microsecond * 1e-6
    )
    return jd, fr


def sat_epoch_datetime(satrec: HasEpoch) -> datetime:
    """The epoch of a satellite as a datetime in UTC, cut to whole microseconds."""
    year = four_digit_year(satrec.epochyr)
    month, day, hour, minute, second = days2mdhms(year, satrec.epochdays)
    if day > 31:  # a TLE may count on: "December 32"
        year, month, day = year + 1, 1, day - 31
    whole, fraction = divmod(second, 1.0)
    return datetime(year, month, day, hour, minute, int(whole), int(fraction * 1e6), timezone.utc)
