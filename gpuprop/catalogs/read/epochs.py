"""Convert columns of calendar text to integer nanoseconds since 1970-01-01 UTC.

No step uses floating-point numbers, so nothing is rounded.
"""

import numpy as np
import numpy.typing as npt

from ...time.units import DAY, SECOND
from .columns import DOT, LONGEST, ZERO, Bytes, Cells, Ints, Mask, digits

FIRST_YEAR, LAST_YEAR = 1678, 2261  # the whole years that datetime64[ns] can hold


def year_start(year: Ints) -> Ints:
    """Return the nanoseconds of January 1 of every year from FIRST_YEAR to LAST_YEAR."""
    return (year - 1970).astype("datetime64[Y]").astype("datetime64[ns]").astype(np.int64)


def days_in_year(year: Ints) -> Ints:
    """Return 365 or 366 for every year."""
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return np.where(leap, 366, 365)


def day_of_year_epochs(year: Ints, day: Ints, nanoseconds: Ints) -> tuple[Ints, Mask]:
    """Convert years, days of the year (1 is January 1) and nanoseconds of the day.

    Returns the instants and where the day exists in its year.
    """
    good = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (day >= 1) & (day <= days_in_year(year))
    year, day = np.where(good, year, 2000), np.where(good, day, 1)
    return year_start(year) + (day - 1) * DAY + nanoseconds, good


def iso_epochs(cells: Cells) -> tuple[Ints, Mask]:
    """Convert `2026-09-20T13:39:33.839424` or `2026-263T13:39:33`.

    The fraction is optional, and so is a final `Z`, `+00:00`, `+0000` (as Polars writes it) or
    `+00` (as DuckDB writes it). A fraction of more than nine digits is rounded to the nearest
    nanosecond (half up). A leap second (`:60`) has no datetime64 and is bad.
    Returns the instants and where they are good.
    """
    cells = _without_zone(_stripped(cells))
    text = cells.matrix(11)
    by_day = np.isin(text[:, 8], (ord("T"), ord(" ")))
    date_ns, good = _calendar(text, by_day)
    clock = Cells(
        cells.buffer,
        cells.start + np.where(by_day, 9, 11),
        np.maximum(cells.length - np.where(by_day, 9, 11), 0),
    )
    clock_ns, clock_good = _clock(clock)
    good &= clock_good & (cells.length <= LONGEST)
    return np.where(good, date_ns + clock_ns, 0), good


def _stripped(cells: Cells) -> Cells:
    text = cells.matrix(int(min(LONGEST, cells.length.max(initial=1))) or 1)
    filled = text != 32
    lead = np.where(filled.any(axis=1), filled.argmax(axis=1), 0)
    tail = np.where(
        cells.length <= text.shape[1], text.shape[1] - filled[:, ::-1].argmax(axis=1), cells.length
    )
    return Cells(cells.buffer, cells.start + lead, np.maximum(tail - lead, 0))


def _without_zone(cells: Cells) -> Cells:
    end = cells.start + cells.length
    zulu = Cells(cells.buffer, end - 1, np.minimum(cells.length, 1)).matrix(1)[:, 0] == ord("Z")
    offset = Cells(cells.buffer, np.maximum(end - 6, 0), np.minimum(cells.length, 6)).matrix(6)
    zone = zulu.astype(np.int64)
    for text in (b"+00", b"+0000", b"+00:00"):
        zero = (offset[:, -len(text) :] == np.frombuffer(text, np.uint8)).all(axis=1)
        zone[zero] = len(text)
    return Cells(cells.buffer, cells.start, cells.length - np.minimum(zone, cells.length))


def _calendar(text: Bytes, by_day: Mask) -> tuple[Ints, Mask]:
    year, good = digits(text[:, :4])
    good &= (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (text[:, 4] == ord("-"))
    year = np.where(good, year, 2000)

    day_of_year, day_good = digits(text[:, 5:8])
    day_good &= (day_of_year >= 1) & (day_of_year <= days_in_year(year))

    month, month_good = digits(text[:, 5:7])
    day, date_good = digits(text[:, 8:10])
    month_good &= (
        (month >= 1)
        & (month <= 12)
        & (text[:, 7] == ord("-"))
        & np.isin(text[:, 10], (ord("T"), ord(" ")))
    )
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (
        np.where(month_good, month, 1) - 1
    )
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    date_good &= month_good & (day >= 1) & (day <= length)

    month_start: npt.NDArray[np.int64] = first.astype("datetime64[ns]").astype(np.int64)
    start = np.where(
        by_day,
        year_start(year) + (day_of_year - 1) * DAY,
        month_start + (day - 1) * DAY,
    )
    return start, good & np.where(by_day, day_good, date_good)


def _clock(cells: Cells) -> tuple[Ints, Mask]:
    text = cells.matrix(9)
    hour, good = digits(text[:, 0:2])
    minute, minute_good = digits(text[:, 3:5])
    second, second_good = digits(text[:, 6:8])
    good &= (
        minute_good
        & second_good
        & (hour < 24)
        & (minute < 60)
        & (second < 60)
        & (text[:, 2] == ord(":"))
        & (text[:, 5] == ord(":"))
    )
    whole = cells.length == 8
    good &= whole | ((cells.length > 9) & (text[:, 8] == DOT))
    fraction = Cells(cells.buffer, cells.start + 9, np.maximum(cells.length - 9, 0)).matrix(
        LONGEST, pad=ZERO
    )
    nanoseconds, _ = digits(fraction[:, :9])
    good &= ((fraction >= ZERO) & (fraction < ZERO + 10)).all(axis=1)
    nanoseconds += fraction[:, 9] >= ZERO + 5
    return ((hour * 60 + minute) * 60 + second) * SECOND + nanoseconds, good
