"""Convert element sets to python-sgp4's satellites and back.

Elements hold the decimals of a file; a Satrec holds doubles in radians and minutes. On the way back
every value becomes the decimal from which python-sgp4 makes the same double, so that a catalogue
returns unchanged.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..time.units import DAY, JD_1950, JD_1970, julian
from .fields import DEG, OMM_FIELDS, REV_PER_DAY
from .tle_format import LAST_TLE_NUMBER, four_digit_year

if TYPE_CHECKING:
    from sgp4.api import Satrec

Conversion = Callable[[float], float]

FARTHEST = 106_000  # days from 1970 that 64-bit nanoseconds reach
DESIGNATOR = re.compile(r"(\d\d)(\d{3}.*)", re.ASCII)  # 98067A, which an OMM writes 1998-067A
OBJECT_ID = re.compile(r"\d\d(\d\d)-(\d{3}.*)", re.ASCII)


def _of_tle(value: float) -> float:
    """Convert a number with five digits and a power of ten (`38792-4`) as python-sgp4 does.

    The result is a product, which is not always the nearest double.
    """
    mantissa, _, exponent = f"{value:.4e}".partition("e")
    return float(f"{mantissa}e-1") * 10.0 ** (int(exponent) + 1)


# From the units of a file to those of a Satrec: first as gpuprop converts, then as python-sgp4 does
# for a TLE and for an OMM, where that is different.
ANGLE: tuple[Conversion, ...] = (lambda deg: deg * DEG,)
CONVERSIONS: dict[str, tuple[str, tuple[Conversion, ...]]] = {
    "MEAN_MOTION": ("no_kozai", (lambda n: n / REV_PER_DAY, lambda n: n / 720.0 * math.pi)),
    "ECCENTRICITY": ("ecco", (lambda e: e,)),
    "INCLINATION": ("inclo", ANGLE),
    "RA_OF_ASC_NODE": ("nodeo", ANGLE),
    "ARG_OF_PERICENTER": ("argpo", ANGLE),
    "MEAN_ANOMALY": ("mo", ANGLE),
    "BSTAR": ("bstar", (lambda b: b, _of_tle)),
    "MEAN_MOTION_DOT": (
        "ndot",
        (lambda d: d / (REV_PER_DAY * 1440.0), lambda d: d / (1036800.0 / math.pi)),
    ),
    "MEAN_MOTION_DDOT": (
        "nddot",
        (
            lambda d: d / (REV_PER_DAY * 1440.0 * 1440),
            lambda d: _of_tle(d) / (REV_PER_DAY * 1440.0 * 1440),
            lambda d: d / (2985984000.0 / 2.0 / math.pi),
        ),
    ),
}


def fields_of(satrecs: Iterable[object]) -> dict[str, Any]:
    """Read the fields of Elements from satellites of python-sgp4 or of gpuprop.api.

    The satellites have no names.
    """
    columns: dict[str, list[Any]] = {name: [] for name in OMM_FIELDS}
    if not isinstance(satrecs, Iterable):
        raise TypeError(
            "from_satrecs takes several satellites, as in Elements.from_satrecs([satrec]), not "
            f"one {type(satrecs).__name__}"
        )
    satrec: Any
    for i, satrec in enumerate(satrecs):
        if not hasattr(satrec, "jdsatepoch"):
            raise TypeError(
                f"satrecs[{i}] must be a Satrec of python-sgp4 or gpuprop.api, not "
                f"{type(satrec).__name__}"
            )
        whole, part = divmod(satrec.jdsatepoch - JD_1970, 1.0)
        if not abs(whole) < FARTHEST:
            raise ValueError(
                f"satrec {i} has its epoch at Julian date {satrec.jdsatepoch}: it is not "
                "initialised, or outside 1680 to 2260"
            )
        columns["OBJECT_NAME"].append("")
        columns["OBJECT_ID"].append(_object_id(getattr(satrec, "intldesg", "")))
        columns["EPOCH"].append(int(whole) * DAY + round((part + satrec.jdsatepochF) * DAY))
        columns["EPHEMERIS_TYPE"].append(getattr(satrec, "ephtype", 0))
        columns["CLASSIFICATION_TYPE"].append(satrec.classification.strip("\0 ") or "U")
        columns["NORAD_CAT_ID"].append(satrec.satnum)
        columns["ELEMENT_SET_NO"].append(getattr(satrec, "elnum", 0))
        columns["REV_AT_EPOCH"].append(getattr(satrec, "revnum", 0))
        for name, (attribute, conversions) in CONVERSIONS.items():
            columns[name].append(_decimal(getattr(satrec, attribute), conversions))
    columns["EPOCH"] = np.array(columns["EPOCH"], np.int64).view("datetime64[ns]")  # type: ignore[assignment]
    return columns


def _decimal(value: float, conversions: tuple[Conversion, ...]) -> float:
    """Invert one of the conversions, which are linear.

    Return a short decimal, as a file may hold it, if any conversion turns it into `value`; else a
    number that the first conversion turns into `value`; else the nearest number.
    """
    rough = value / conversions[0](1.0)
    short = float(f"{rough:.12g}")
    if any(convert(short) == value for convert in conversions):
        return short
    for number in (
        float(f"{rough:.15g}"),
        rough,
        math.nextafter(rough, math.inf),
        math.nextafter(rough, -math.inf),
    ):
        if conversions[0](number) == value:
            return number
    return rough


def satrecs_of(fields: Mapping[str, npt.NDArray[np.generic]]) -> list["Satrec"]:
    """Make satellites of python-sgp4, WGS-72 and improved mode, from the fields of element sets.

    ImportError without python-sgp4. ValueError for a catalogue number above 339999.
    """
    try:
        from sgp4.api import WGS72, Satrec
    except ImportError:
        raise ImportError(
            "to_satrecs makes satellites of python-sgp4, which is not installed: pip install sgp4"
        ) from None
    numbers = fields["NORAD_CAT_ID"].astype(np.int64)
    epochs = fields["EPOCH"].view(np.int64).tolist()
    beyond = np.flatnonzero(numbers > LAST_TLE_NUMBER)
    if beyond.size:
        number, name = numbers[beyond[0]], fields["OBJECT_NAME"][beyond[0]]
        raise ValueError(
            f"satellite {number} {name!r} (and {beyond.size - 1} more): python-sgp4 has no "
            f"numbers above {LAST_TLE_NUMBER}; "
            f"leave them out with elements[elements.sat_id <= {LAST_TLE_NUMBER}]"
        )
    satrecs = []
    values = {
        attribute: [conversions[0](value) for value in fields[name].tolist()]
        for name, (attribute, conversions) in CONVERSIONS.items()
    }
    for i, number in enumerate(numbers.tolist()):
        jd, fraction = julian(epochs[i])
        satrec = Satrec()
        satrec.classification = fields["CLASSIFICATION_TYPE"][i]
        order = ("bstar", "ndot", "nddot", "ecco", "argpo", "inclo", "mo", "no_kozai", "nodeo")
        arguments = (values[attribute][i] for attribute in order)
        satrec.sgp4init(WGS72, "i", number, jd + fraction - JD_1950, *arguments)
        day = date.fromordinal(date(1970, 1, 1).toordinal() + int(jd - JD_1970))
        count = day.timetuple().tm_yday + fraction
        # In sgp4init the epoch is one double, rounded to 40 microseconds, as in SGP4 itself.
        # Instants are counted from the exact epoch, which the attributes hold.
        satrec.jdsatepoch, satrec.jdsatepochF = jd, fraction
        satrec.epochyr = day.year % 100
        satrec.epochdays = round(count, 8) if round(fraction, 8) == fraction else count
        match = OBJECT_ID.fullmatch(fields["OBJECT_ID"][i])
        satrec.intldesg = match[1] + match[2] if match else fields["OBJECT_ID"][i]
        satrec.ephtype = int(fields["EPHEMERIS_TYPE"][i])
        satrec.elnum = int(fields["ELEMENT_SET_NO"][i])
        satrec.revnum = int(fields["REV_AT_EPOCH"][i])
        satrecs.append(satrec)
    return satrecs


def _object_id(designator: str) -> str:
    match = DESIGNATOR.fullmatch(designator)
    return f"{four_digit_year(int(match[1]))}-{match[2]}" if match else designator.strip()
