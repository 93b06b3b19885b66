"""Time scales: a clock's reading in UTC, TAI, TT or GPS time to nanoseconds of UTC.

UTC has days of 86,400 s here, as everywhere in gpuprop. TT = TAI + 32.184 s, GPS = TAI - 19 s, and
since 1972 TAI = UTC + a whole number of seconds. All of this is exact in integers. The leap seconds
are those of the table that astropy-iers-data ships. From 1960 to 1971 UTC ran at other rates than
TAI and was stepped by fractions of a second: erfa.dat has them.
"""

import re
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import NamedTuple, get_args, overload

import astropy_iers_data
import erfa
import numpy as np
import numpy.typing as npt

from ..literals import Scale
from ..typing import Array, Bits
from .instants import format_ns
from .units import DAY, FIRST_NS, JD_1970, LAST_NS, MJD_1970, SECOND

SCALES: tuple[Scale, ...] = get_args(Scale)
MINUS_TAI = {"tai": 0, "tt": 32_184_000_000, "gps": -19 * SECOND}  # reading minus that of TAI, ns
EXPIRES = re.compile(r"expires on +(\d+ +\w+ +\d{4})")


@cache
def leap_seconds() -> tuple[Bits, Bits, int]:
    """Read the table of leap seconds, from 1972 on.

    Returns
    -------
    begins : (n,) int64
        From when each offset holds, ns UTC, increasing.
    offsets : (n,) int64
        TAI - UTC, ns.
    expires : int
        When the table expires, ns UTC.

    Raises
    ------
    ValueError
        With the line, if the file is not such a table.

    Notes
    -----
    Source: IERS, Leap_Second.dat, as astropy-iers-data ships it.
    """
    path = Path(astropy_iers_data.IERS_LEAP_SECOND_FILE)
    fix = "install it again: pip install --force-reinstall astropy-iers-data"
    text = path.read_text()
    expires = EXPIRES.search(text)
    if not expires:
        raise ValueError(f"{path} does not say when it expires: {fix}")
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                mjd, _, _, _, offset = line.split()
                rows.append((int(float(mjd)), int(offset)))
            except ValueError:
                raise ValueError(
                    f"{path}, line {number}: {line!r} is not an MJD, day, month, year and TAI - "
                    f"UTC: {fix}"
                ) from None
    begins, offsets = np.array(rows, np.int64).reshape(-1, 2).T
    if not len(rows) or (np.diff(begins) <= 0).any():
        raise ValueError(f"{path} has no rows of increasing dates: {fix}")
    end = datetime.strptime(expires[1], "%d %B %Y").replace(tzinfo=timezone.utc)
    return (begins - MJD_1970) * DAY, offsets * SECOND, int(end.timestamp()) * SECOND


def leap_seconds_expire() -> int:
    """Return until when leap seconds are known, ns since 1970 UTC.

    After that the last TAI - UTC is used.
    """
    return leap_seconds()[2]


class UtcHistory(NamedTuple):
    """TAI - UTC from 1960 on, in intervals of a constant rate, (n,) each.

    From `begin` (ns UTC) on, TAI - UTC is `offset` (ns) plus `rate` times the time since `begin`.
    """

    begin: Bits
    offset: Bits
    rate: Array  # 0 from 1972 on


@cache
def utc_history() -> UtcHistory:
    """Return every month from 1960 to 1971, then the leap seconds.

    Before 1972 UTC was stepped at the beginning of a month. Source: erfa.dat.
    """
    month = np.arange("1960-01", "1972-01", dtype="datetime64[M]")
    year = month.astype("datetime64[Y]")
    date = year.astype(np.int64) + 1970, (month - year).astype(np.int64) + 1, 1
    first, last = erfa.dat(*date, 0.0), erfa.dat(*date, 1.0)
    begin, offset, _ = leap_seconds()
    return UtcHistory(
        np.concatenate((month.astype("datetime64[ns]").astype(np.int64), begin)),
        np.concatenate((np.rint(first * SECOND).astype(np.int64), offset)),
        np.concatenate(((last - first) / 86_400.0, np.zeros(len(begin)))),
    )


def tai_minus_utc_ns(ns: Bits) -> Bits:
    """Compute TAI - UTC, (n,) ns, at UTC instants (n,) ns since 1970.

    It is exact from 1972 on, and rounded to the nanosecond before. ValueError before 1960, when
    there was no UTC.
    """
    ns = np.asarray(ns, np.int64)
    utc = utc_history()
    row = np.searchsorted(utc.begin, ns, side="right") - 1
    if (row < 0).any():
        raise ValueError(
            "there is no UTC before 1960-01-01, so TAI, TT and GPS time are not known at "
            f"{format_ns(ns[row < 0][0])}"
        )
    return utc.offset[row] + np.rint((ns - utc.begin[row]) * utc.rate[row]).astype(np.int64)


def tai_minus_utc(ns: Bits) -> Array:
    """Compute TAI - UTC, (n,) s. Otherwise as tai_minus_utc_ns."""
    return tai_minus_utc_ns(ns) / SECOND


@overload
def utc_ns(ns: int, scale: str) -> int: ...
@overload
def utc_ns(ns: Bits, scale: str) -> Bits: ...
def utc_ns(ns: int | Bits, scale: str) -> int | Bits:
    """Convert readings of a clock to UTC.

    Parameters
    ----------
    ns : int or (...) int64
        Readings: nanoseconds since the same clock read 1970-01-01T00:00:00, as datetime64 counts.
    scale : str
        Scale of the clock: utc, tai, tt or gps.

    Returns
    -------
    int or (...) int64
        Nanoseconds of UTC since 1970 in days of 86,400 s, of the shape of `ns`. Exact from 1972 on,
        rounded to the nanosecond before.

    Raises
    ------
    ValueError
        For an unknown scale; before 1960, except in utc; for an instant within a leap second (or,
        before 1972, within a step by which UTC was set back), which days of 86,400 s do not have;
        for results that do not fit into 64 bits.
    """
    if scale not in SCALES:
        raise ValueError(
            f"time scale {scale!r} is not known: use {', '.join(SCALES[:-1])} or {SCALES[-1]}"
        )
    if scale == "utc":
        return ns
    reading = np.asarray(ns, np.int64)
    shift = MINUS_TAI[scale]
    off = (reading < FIRST_NS + max(shift, 0)) | (reading > LAST_NS + min(shift, 0))
    if off.any():
        raise ValueError(
            f"{_label(reading[off][0], scale)} is outside the years 1677 to 2262 that 64-bit "
            "nanoseconds reach"
        )
    tai = reading.ravel() - shift
    known = utc_history()
    row = np.searchsorted(known.begin + known.offset, tai, side="right") - 1
    if (row < 0).any():
        first = _label(tai[row < 0][0] + shift, scale)
        raise ValueError(
            f"there is no UTC before 1960-01-01, so {first} cannot be converted to it: give such "
            "instants in utc"
        )
    utc = tai - known.offset[row]
    utc -= np.rint((utc - known.begin[row]) * (known.rate[row] / (1.0 + known.rate[row]))).astype(
        np.int64
    )
    # A result at or after the beginning of the next interval means an instant within a leap second.
    leap = utc >= np.append(known.begin[1:], LAST_NS)[row]
    if leap.any():
        midnight = int(known.begin[row[leap][0] + 1])
        last, first = (
            _label(at + int(tai_minus_utc_ns(np.array([at]))[0]) + shift, scale)
            for at in (midnight - SECOND, midnight)
        )
        raise ValueError(
            f"{_label(tai[leap][0] + shift, scale)} is within the leap second before "
            f"{format_ns(midnight)}, which SGP4's days of 86,400 s do not have: "
            f"use {last} or {first}"
        )
    return int(utc[0]) if reading.ndim == 0 else utc.reshape(reading.shape)


def julian_reading(jd1: npt.ArrayLike, jd2: npt.ArrayLike) -> Bits:
    """Convert Julian dates jd1 + jd2, in days of 86,400 s, to readings of a clock of their scale.

    Parameters
    ----------
    jd1, jd2 : (...) float64
        Days: the larger part and the rest, as astropy (jd1, jd2) and Skyfield (whole, tt_fraction)
        keep them.

    Returns
    -------
    (...) int64
        Nanoseconds since the clock read 1970-01-01T00:00:00, rounded. The two doubles resolve
        0.01 ns.

    Raises
    ------
    ValueError
        For dates that are not finite or outside the years 1677 to 2262.
    """
    day, fraction = _days(jd1, jd2)
    return np.asarray(day * DAY + np.rint(fraction * DAY).astype(np.int64))


def julian_utc(jd1: npt.ArrayLike, jd2: npt.ArrayLike) -> Bits:
    """Convert quasi-Julian dates of UTC, as ERFA and astropy have them, to nanoseconds since 1970.

    In these, a day that ends with a leap second is 86,401 s long, and the fraction is a fraction of
    it (SOFA, Time Scale and Calendar Tools, section 3.5.1). Otherwise as julian_reading. ValueError
    also for an instant within a leap second.
    """
    day, fraction = _days(jd1, jd2)
    midnight = (day + 1) * DAY
    length = DAY + _leap_ns(midnight)
    ns = np.rint(fraction * length).astype(np.int64)
    leap = (ns >= DAY) & (ns < length)
    if leap.any():
        end = int(np.broadcast_to(midnight, leap.shape)[leap][0])
        raise ValueError(
            f"an instant is within the leap second before {format_ns(end)}, which SGP4's days of "
            f"86,400 s do not have: use {format_ns(end - SECOND)} or {format_ns(end)}"
        )
    return np.asarray(midnight - DAY + np.where(ns < length, ns, DAY))


def _days(jd1: npt.ArrayLike, jd2: npt.ArrayLike) -> tuple[Bits, Array]:
    """Split Julian dates into whole days since 1970-01-01 and the rest of the day, from 0 to 1."""
    days, rest = np.asarray(jd1, np.float64) - JD_1970, np.asarray(jd2, np.float64)
    if not np.isfinite(days + rest).all():
        raise ValueError("a Julian date is not finite: every instant must be a time")
    fraction = (days - np.floor(days)) + rest  # before the days are added, which would round it
    day = np.floor(days) + np.floor(fraction)
    if (np.abs(day) >= LAST_NS // DAY).any():
        raise ValueError(
            "a Julian date is outside the years 1677 to 2262 that 64-bit nanoseconds reach"
        )
    return day.astype(np.int64), fraction - np.floor(fraction)


def _leap_ns(midnight: Bits) -> Bits:
    """Compute how much longer than 86,400 s the day before each midnight (ns UTC) is, ns.

    It is 1e9 if the day ends with a leap second, else mostly 0.
    """
    utc = utc_history()
    row = np.searchsorted(utc.begin, midnight, side="right") - 1
    before = np.maximum(row - 1, 0)
    grown = np.rint((utc.begin[row] - utc.begin[before]) * utc.rate[before]).astype(np.int64)
    step = utc.offset[row] - utc.offset[before] - grown
    return np.where((row > 0) & (utc.begin[row] == midnight), step, 0)


def _label(reading: int, scale: str) -> str:
    """Write the reading of a clock, then its scale."""
    return f"{format_ns(reading).removesuffix('Z')} {scale.upper()}"
