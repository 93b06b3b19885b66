"""Read instants of any library as integer nanoseconds.

The accepted forms and the rule for zones and scales are in the documentation of as_times. No
library is imported to recognise its types: the module names of an object's classes say which
library they are from.
"""

from datetime import date, datetime, timezone
from typing import Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..messages import shortened
from ..typing import Bits, Instants
from .durations import duration_ns
from .instants import ACCEPTED, INSTANT, parse_instant
from .scales import julian_reading, julian_utc, utc_ns
from .units import DAY, EPOCH, array_ns, in_range

MISSING = "every instant must be a time"


class Readings(NamedTuple):
    """Readings of a clock."""

    ns: Bits  # nanoseconds since the clock read 1970-01-01T00:00:00, of any shape
    scale: str | None  # utc, tai or tt if the values have a zone or a scale
    named: str = ""  # the scale as the values name it, if it was another (tdb) or has another name


def readings(values: Instants, scale: str = "utc") -> Bits:
    """Compute what a clock in `scale` reads at one or several instants.

    Parameters
    ----------
    values : one instant, or an array or column of instants
        As as_times takes them, of any number of dimensions.
    scale : str
        Scale of the values that have no zone or scale of their own: utc, tai, tt or gps.

    Returns
    -------
    (...) int64
        Nanoseconds since the clock read 1970-01-01T00:00:00, of the shape of `values`. A list has
        one dimension, a single instant none.

    Raises
    ------
    TypeError, ValueError
        As as_times.
    """
    if isinstance(values, (list, tuple)):
        ns = np.empty(len(values), np.int64)
        for i, value in enumerate(values):
            if _is_missing(value):
                raise ValueError(f"times[{i}]: {value} is a missing value: {MISSING}")
            try:
                ns[i] = one_reading(value, scale)
            except (TypeError, ValueError) as error:
                raise type(error)(f"times[{i}]: {error}") from None
        return ns
    read = _read(values)
    if isinstance(read, np.ndarray):
        return readings(read.ravel().tolist(), scale).reshape(read.shape)
    if read.scale in (None, scale):
        return read.ns
    if scale != "utc":
        if read.scale != "utc" or library_of(values) in ("astropy", "skyfield"):
            own, fix = f"its own time scale ({read.named or read.scale})", "the scale"
        else:
            own, fix = "a time zone, which makes it UTC", "the zone, or the scale"
        raise ValueError(f"{_shown(values)} has {own}, but scale is {scale!r}: leave out {fix}")
    return np.asarray(utc_ns(read.ns, str(read.scale)))


def one_reading(value: Instants, scale: str = "utc") -> int:
    """Compute what a clock in `scale` reads at one instant. TypeError for several instants.

    Otherwise as `readings`.
    """
    if isinstance(value, (list, tuple)):
        _refuse(value)
    ns = readings(value, scale)
    if ns.ndim:
        raise TypeError(f"{_shown(value)} holds {ns.size:,} instants, where one is needed")
    return int(ns)


def library_of(value: object) -> str:
    """Name the library of an object's class, or of a class that it is derived from.

    The name is empty if the library is not one of those that have types of instants.
    """
    roots = (cls.__module__.partition(".")[0] for cls in type(value).__mro__)
    return next(
        (
            root
            for root in roots
            if root in ("astropy", "pandas", "polars", "pyarrow", "skyfield", "xarray")
        ),
        "",
    )


def _read(values: Any) -> Readings | npt.NDArray[Any]:
    """Read one instant or an array. An array of objects or text is returned as it is."""
    if isinstance(values, str):
        match = INSTANT.fullmatch(values.strip())
        return Readings(
            np.asarray(parse_instant(values)), "utc" if match and match["zone"] else None
        )
    if isinstance(values, datetime):
        # pandas' Timestamp and NaT: arithmetic of datetime leaves out their nanoseconds
        if hasattr(values, "to_datetime64"):
            return Readings(
                array_ns(np.asarray(values.to_datetime64())),
                None if values.tzinfo is None else "utc",
            )
        own = None if values.utcoffset() is None else "utc"
        elapsed = (values if own else values.replace(tzinfo=timezone.utc)) - EPOCH
        return Readings(np.asarray(in_range(duration_ns(elapsed), str(values))), own)
    if isinstance(values, date):
        return Readings(
            np.asarray(in_range((values.toordinal() - EPOCH.toordinal()) * DAY, str(values))), None
        )
    library = library_of(values)
    if library == "xarray" and hasattr(values, "data_vars"):
        _refuse(values)
    if library == "astropy" and type(values).__name__ != "TimeDelta" and hasattr(values, "jd1"):
        return _astropy(values)
    if library == "skyfield" and hasattr(values, "tt_fraction"):
        return Readings(julian_reading(values.whole, values.tt_fraction), "tt")
    if library == "pandas" and hasattr(values, "dtype"):
        return _pandas(values)
    exports = any(hasattr(values, f"__arrow_c_{kind}__") for kind in ("array", "stream"))
    if isinstance(values, pa.Scalar) or (exports and library != "xarray"):
        return _arrow(values)
    if isinstance(values, (np.generic, np.ndarray)) or hasattr(values, "__array__"):
        return _numpy(values)
    _refuse(values)


def _astropy(time: Any) -> Readings:
    masked = np.asarray(time.mask)
    if masked.any():
        _missing("masked", masked)
    if time.scale == "local":
        raise ValueError(
            "an astropy Time in the scale 'local' is not an instant: give it in utc, tai or tt"
        )
    own = f"{time.scale}, in the format gps" if time.format == "gps" else str(time.scale)
    if time.scale not in ("utc", "tai", "tt"):
        time = time.tt
    one, two = np.asarray(time.jd1), np.asarray(time.jd2)
    return Readings(
        julian_utc(one, two) if time.scale == "utc" else julian_reading(one, two),
        str(time.scale),
        own,
    )


def _pandas(values: Any) -> Readings | npt.NDArray[Any]:
    """Read a Series, an Index or an extension array."""
    dtype = values.dtype
    if hasattr(dtype, "pyarrow_dtype"):
        return _arrow(pa.array(values))
    if getattr(dtype, "tz", None) is None:
        return _numpy(values)
    # to_numpy gives UTC for every zone
    return Readings(array_ns(values.to_numpy(dtype=f"datetime64[{dtype.unit}]")), "utc")


def _arrow(values: Any) -> Readings | npt.NDArray[Any]:
    """Read a column or a scalar of Arrow, or of a library that exports it, such as Polars."""
    if isinstance(values, pa.Scalar):
        if not values.is_valid:
            _missing("null", np.asarray(True))
        read = _arrow(pa.array([values], values.type))
        return (
            read.reshape(())
            if isinstance(read, np.ndarray)
            else Readings(read.ns.reshape(()), read.scale)
        )
    if not isinstance(values, (pa.Array, pa.ChunkedArray)):
        values = (
            pa.chunked_array(values) if hasattr(values, "__arrow_c_stream__") else pa.array(values)
        )
    kind = values.type
    if pa.types.is_struct(kind):
        raise TypeError(
            f"a table with the columns {', '.join(field.name for field in kind)} is not a column "
            "of instants: give one of its columns"
        )
    if pa.types.is_dictionary(kind):
        return _arrow(values.cast(kind.value_type))
    if values.null_count:
        _missing("null", np.asarray(values.is_null()))
    if pa.types.is_timestamp(kind):
        numbers = np.asarray(values.cast(pa.int64()))
        return Readings(
            array_ns(numbers.view(f"datetime64[{kind.unit}]")), None if kind.tz is None else "utc"
        )
    if pa.types.is_date(kind):
        days = np.asarray(values.cast(pa.date32()).cast(pa.int32())).astype(np.int64)
        return Readings(array_ns(days.view("datetime64[D]")), None)
    if (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_null(kind)
    ):
        return np.array(values.to_pylist(), object)
    what = (
        "a number, not an instant: it may be seconds, minutes or a Julian date"
        if _is_number(kind)
        else "not an instant"
    )
    raise TypeError(f"a column of the type {kind} is {what}; {ACCEPTED}")


def _is_number(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_decimal,
            pa.types.is_boolean,
        )
    )


def _numpy(values: Any) -> Readings | npt.NDArray[Any]:
    """Read a numpy array or scalar, or what converts to one (xarray DataArray, pandas Series)."""
    if np.ma.isMaskedArray(values) and np.ma.getmaskarray(values).any():
        _missing("masked", np.ma.getmaskarray(values))
    array = np.asarray(values)
    if array.dtype.kind == "M":
        return Readings(array_ns(array), None)
    if array.dtype.kind in "fiucb":
        _refuse(array.ravel()[0] if array.size else array)
    if array.dtype.kind == "m":
        raise TypeError(f"{array.dtype} holds durations, not instants; {ACCEPTED}")
    return array


def _missing(what: str, where: npt.NDArray[np.bool_]) -> NoReturn:
    place = np.argwhere(where).tolist()[0]
    raise ValueError(f"{what}{f' at {place}' if place else ''}: {MISSING}")


def _is_missing(value: object) -> bool:
    """Whether a value stands for a missing instant: None, NaN, or NA of pandas."""
    return (
        value is None
        or (isinstance(value, (float, np.floating)) and value != value)
        or type(value).__name__ == "NAType"
    )


def _refuse(value: object) -> NoReturn:
    if isinstance(value, (int, float, np.number, np.bool_, np.ndarray)):
        raise TypeError(
            f"{value!r} is a number, not an instant: it may be seconds, minutes or a Julian date, "
            "and a float is not exact (a float32 date is off by hours, a float64 Julian date by up "
            f"to 15 cm at orbital speed); {ACCEPTED}"
        )
    name = type(value).__name__
    if name in ("DataFrame", "LazyFrame", "Dataset", "Table"):
        raise TypeError(
            f"a {name} is a table, not a column of instants: give one of its columns; {ACCEPTED}"
        )
    raise TypeError(f"{_shown(value)} ({name}) is not an instant; {ACCEPTED}")


def _shown(value: object) -> str:
    """Describe an object in one line: by its text, or by the type of a column."""
    if library_of(value) or isinstance(value, np.ndarray):
        return f"this {type(value).__name__}" if not isinstance(value, date) else str(value)
    return shortened(
        " ".join((str(value) if isinstance(value, (str, date)) else repr(value)).split()), 100
    )
