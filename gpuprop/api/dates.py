"""Julian and calendar dates, as python-sgp4 counts them."""

from datetime import datetime, timezone
from typing import Any, Protocol, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from ..elements.tle_format import four_digit_year

Numbers: TypeAlias = float | npt.NDArray[np.float64] | npt.NDArray[np.int64]


class HasEpoch(Protocol):
    """A satellite with python-sgp4's epoch."""

    epochyr: int
    epochdays: float


@overload
def jday(
    year: float, mon: float, day: float, hr: float, minute: float, sec: float
) -> tuple[float, float]: ...
@overload
def jday(
    year: Numbers, mon: Numbers, day: Numbers, hr: Numbers, minute: Numbers, sec: Numbers
) -> tuple[Numbers, Numbers]: ...
def jday(
    year: Numbers, mon: Numbers, day: Numbers, hr: Numbers, minute: Numbers, sec: Numbers
) -> tuple[Numbers, Numbers]:
    """Return the Julian date of a calendar date of the years 1901 to 2099.

    Parameters
    ----------
    year, mon, day, hr, minute : int or ndarray
        The calendar date and the time of day.
    sec : float or ndarray
        Seconds of the minute.

    Returns
    -------
    jd : float or ndarray
        Julian date of midnight, days.
    fr : float or ndarray
        Fraction of the day.

    Notes
    -----
    Algorithm 14 of Vallado, Fundamentals of Astrodynamics and Applications.
    """
    jd: Any = (
        367.0 * year
        - 7 * (year + (mon + 9) // 12.0) * 0.25 // 1.0
        + 275 * mon / 9.0 // 1.0
        + day
        + 1721013.5
    )
    fr: Any = (sec + minute * 60.0 + hr * 3600.0) / 86400.0
    return jd, fr


def days2mdhms(
    year: int, days: float, round_to_microsecond: int = 6
) -> tuple[int, int, int, int, float]:
    """Return the month, day, hour, minute and second of a day of the year.

    Parameters
    ----------
    year : int
        The year, which may be a leap year.
    days : float
        Day of the year; 1.0 is January 1, 0 h. Days after the end of the year are added to
        December.
    round_to_microsecond : int, default 6
        Decimals of the second; 0 does not round.

    Returns
    -------
    month, day, hour, minute : int
        The calendar date and the time of day.
    second : float
        Seconds of the minute.
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
    """Return the Julian date (UTC) of a datetime.

    Parameters
    ----------
    instant : datetime
        The instant; without a time zone it is local time.

    Returns
    -------
    jd : float
        Julian date of midnight, days.
    fr : float
        Fraction of the day.
    """
    utc = instant.astimezone(timezone.utc)
    jd, fr = jday(
        utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second + utc.microsecond * 1e-6
    )
    return jd, fr


def sat_epoch_datetime(satrec: HasEpoch) -> datetime:
    """Return the epoch of a satellite.

    Parameters
    ----------
    satrec : Satrec
        A satellite of gpuprop.api or of python-sgp4.

    Returns
    -------
    datetime
        The epoch in UTC, truncated to whole microseconds.
    """
    year = four_digit_year(satrec.epochyr)
    month, day, hour, minute, second = days2mdhms(year, satrec.epochdays)
    if day > 31:  # a TLE may have days after the end of the year: "December 32"
        year, month, day = year + 1, 1, day - 31
    whole, fraction = divmod(second, 1.0)
    return datetime(year, month, day, hour, minute, int(whole), int(fraction * 1e6), timezone.utc)
