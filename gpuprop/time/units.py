"""Units of time in nanoseconds, Julian dates, and exact conversion of numpy's arrays of times."""

from datetime import datetime, timezone
from typing import Any, overload

import numpy as np
import numpy.typing as npt

MICROSECOND, SECOND = 1_000, 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
JD_1950, JD_1970 = 2433281.5, 2440587.5  # Julian dates of 1949-12-31 and 1970-01-01, 0 h
JD_J2000 = 2451545.0  # 2000-01-01, 12 h
MJD_1970 = 40587
FIRST_NS, LAST_NS = -(2**63) + 1, 2**63 - 1  # -2**63 is datetime64's NaT
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "min": MINUTE,
    "h": HOUR,
    "d": DAY,
    "w": 7 * DAY,
}
UNIT_WORDS = {
    "min": "min",
    "sec": "s",
    "second": "s",
    "minute": "min",
    "hr": "h",
    "hour": "h",
    "day": "d",
    "week": "w",
}
# numpy's spelling, for datetime64 and timedelta64 arrays
NUMPY_UNITS = {
    "W": 7 * DAY,
    "D": DAY,
    "h": HOUR,
    "m": MINUTE,
    "s": SECOND,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}
FINER_UNITS = {"ps": 10**3, "fs": 10**6, "as": 10**9}  # parts of a nanosecond


def in_range(ns: int, what: str) -> int:
    """Return `ns` unchanged. ValueError, with the name `what`, if it does not fit into 64 bits."""
    if not FIRST_NS <= ns <= LAST_NS:
        raise ValueError(f"{what} is outside the years 1677 to 2262 that 64-bit nanoseconds reach")
    return ns


@overload
def julian(ns: int) -> tuple[float, float]: ...
@overload
def julian(
    ns: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
def julian(ns: Any) -> tuple[Any, Any]:
    """Split nanoseconds since 1970 (one, or an array) into a Julian date and a fraction of a day.

    The Julian date is that of the midnight before.
    """
    days = ns // DAY
    return JD_1970 + days, (ns - days * DAY) / DAY


def array_ns(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Convert a datetime64 or timedelta64 array of any unit to int64 nanoseconds, exactly.

    ValueError where that is not possible. (numpy's own cast overflows silently.)
    """
    if np.isnat(values).any():
        place = np.argwhere(np.isnat(values)).tolist()[0]
        raise ValueError(f"NaT{f' at {place}' if place else ''}: every instant must be a time")
    unit, count = np.datetime_data(values.dtype)
    # Years and months have no fixed length. A thousand years, counted in days, fit into 64 bits.
    if unit in ("Y", "M") and (np.abs(values.astype(np.int64)) <= 12_000 // count).all():
        values, unit, count = values.astype("datetime64[D]"), "D", 1
    numbers, scale = values.astype(np.int64), NUMPY_UNITS.get(unit, 0) * count
    if unit in FINER_UNITS and count == 1:
        ns, rest = np.divmod(numbers, FINER_UNITS[unit])
        exact = rest == 0
    elif scale == 1:
        return numbers
    elif 0 < scale <= LAST_NS:
        exact, ns = (
            (numbers >= -(LAST_NS // scale)) & (numbers <= LAST_NS // scale),
            numbers * scale,
        )
    else:
        exact, ns = np.zeros(numbers.shape, bool), numbers
    if not exact.all():
        raise ValueError(
            f"{values.dtype} value {values[~exact].flat[0]} is not a whole number of nanoseconds "
            "within 64 bits (dates: 1677 to 2262)"
        )
    return np.asarray(ns)
