"""Two-line element sets, with or without a name line before them.

This is the inverse of read/tle.py, which has the columns.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from ...elements.fields import OMM_FIELDS
from ...elements.sets import Elements
from ...elements.tle_format import (
    FIRST_TLE_YEAR,
    LAST_TLE_NUMBER,
    LAST_TLE_YEAR,
    TLE_EPOCH_STEP,
    to_alpha5,
)
from ...time.units import DAY
from .report import Report

USE_OMM = "write an OMM (csv, json, kvn or xml)"
NAME_WIDTH = 24  # as CelesTrak pads names
SMALLEST_EXPONENT, LARGEST_EXPONENT = -9, 9
_FULL_DESIGNATOR = re.compile(r"(\d{4})-(\d{3}.{0,3})", re.ASCII)
_OTHER_DESIGNATOR = re.compile(r"(?!\d{5})[!-~][ -~]{0,7}", re.ASCII)
# Names that look like something else (a line of a set, a comment, another format) are written with
# the "0 " of Space-Track before them.
_PLAIN_NAME = re.compile(r"(?![012] )[A-Za-z0-9(][^=,]*")
_HEADER = frozenset(OMM_FIELDS)
_WEIGHTS = str.maketrans(
    {
        chr(code): str(code - 48) if 48 <= code < 58 else "1" if code == 45 else "0"
        for code in range(128)
    }
)


def write(elements: Elements, report: Report) -> Iterator[str]:
    """Write the two lines of each satellite after its name, which is padded to 24 characters."""
    return _sets(
        elements,
        report,
        lambda name: f"{name:<{NAME_WIDTH}}" if _PLAIN_NAME.fullmatch(name) else f"0 {name}",
    )


def write_with_zeros(elements: Elements, report: Report) -> Iterator[str]:
    """Write the two lines of each satellite after `0 ` and its name."""
    return _sets(elements, report, lambda name: f"0 {name}")


def write_without_names(elements: Elements, report: Report) -> Iterator[str]:
    """Write the two lines of each satellite."""
    report.note_loss("OBJECT_NAME", elements.name != "", "is left out, as 2le has no names")
    return _sets(elements, report, None)


def _sets(
    elements: Elements, report: Report, name_line: Callable[[str], str] | None
) -> Iterator[str]:
    if name_line:
        header = np.array(
            [
                len(_HEADER.intersection(name.upper().split(","))) > 1
                for name in map(str, elements.name)
            ],
            bool,
        )
        report.refuse(
            header, "its name looks like the header of a CSV file: write 2le, csv, json, kvn or xml"
        )
    columns = _Columns(elements, report)
    lines = columns.lines()
    names = elements.name.tolist()

    def pieces() -> Iterator[str]:
        for i in np.flatnonzero(report.writable).tolist():
            name = f"{name_line(names[i])}\n" if name_line and names[i] else ""
            first, second = lines(i)
            yield f"{name}{first}{checksum(first)}\n{second}{checksum(second)}\n"

    return pieces()


def checksum(line: str) -> int:
    """Add up the digits of a line, with a minus as 1, modulo 10."""
    return sum(map(int, line.translate(_WEIGHTS))) % 10


class _Columns:
    """The fields of n satellites as texts with the widths of a TLE.

    Values that do not fit are refused, and values that are rounded are noted, in the report.
    """

    def __init__(self, elements: Elements, report: Report) -> None:
        self.fields = elements.fields
        self.report = report
        number, synthetic = elements.sat_id, elements.synthetic
        too_large = f"a TLE holds catalogue numbers up to {LAST_TLE_NUMBER} (Alpha-5): "
        advice = (
            USE_OMM,
            "number the constellation from 1 with --first-id 1 (first_id=1), or write an OMM",
        )
        report.refuse(number > LAST_TLE_NUMBER, lambda i: too_large + advice[int(synthetic[i])])

    def lines(self) -> Callable[[int], tuple[str, str]]:
        """Return a function that gives both lines of satellite i, without their checksums."""
        number = [
            to_alpha5(n) if 0 <= n <= LAST_TLE_NUMBER else ""
            for n in self.fields["NORAD_CAT_ID"].tolist()
        ]
        code = self._texts(
            "CLASSIFICATION_TYPE",
            lambda text: text if re.fullmatch(r"[!-~]", text) else None,
            "U",
            "is written as U",
        )
        designator = self._texts(
            "OBJECT_ID", _designator, " " * 8, "does not fit and is left blank"
        )
        epoch = self._epochs()
        ndot = self._numbers("MEAN_MOTION_DOT", _signed_fraction)
        nddot, bstar = (self._numbers(name, _exponential) for name in ("MEAN_MOTION_DDOT", "BSTAR"))
        kind = self.fields["EPHEMERIS_TYPE"].tolist()
        set_number = self._counts("ELEMENT_SET_NO", 4)
        inclination = self._numbers("INCLINATION", lambda value: f"{value:8.4f}")
        node, perigee, anomaly = (
            self._angles(name) for name in ("RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY")
        )
        eccentricity = self._numbers("ECCENTRICITY", _fraction)
        motion = self._numbers(
            "MEAN_MOTION", lambda value: f"{value:11.8f}" if value >= 0.5e-8 else None
        )
        revolution = self._counts("REV_AT_EPOCH", 5)

        def both(i: int) -> tuple[str, str]:
            drag = f"{ndot[i]} {nddot[i]} {bstar[i]}"
            first = (
                f"1 {number[i]}{code[i]} {designator[i]} {epoch[i]} {drag} {kind[i]} "
                f"{set_number[i]}"
            )
            orbit = f"{inclination[i]} {node[i]} {eccentricity[i]} {perigee[i]} {anomaly[i]}"
            return first, f"2 {number[i]} {orbit} {motion[i]}{revolution[i]}"

        return both

    def _texts(
        self, name: str, text_of: Callable[[str], str | None], instead: str, how: str
    ) -> list[str]:
        values = np.where(self.report.writable, self.fields[name], "").tolist()
        texts = [text_of(value) for value in values]
        # report.py notes these already
        blank_code = np.array(
            [value == "" and name == "CLASSIFICATION_TYPE" for value in values], bool
        )
        self.report.note_loss(
            name, np.array([text is None for text in texts], bool) & ~blank_code, how
        )
        return [instead if text is None else text for text in texts]

    def _numbers(self, name: str, text_of: Callable[[float], str | None]) -> list[str]:
        values = np.where(self.report.writable, self.fields[name], 0.0)
        texts = [text_of(value) for value in values.tolist()]
        self.report.refuse_values(
            name,
            np.array([text is None for text in texts], bool),
            f", which does not fit in the columns of a TLE: {USE_OMM}",
        )
        self._note_rounding(
            name, np.array([0.0 if text is None else _value(name, text) for text in texts]), values
        )
        return ["" if text is None else text for text in texts]

    def _angles(self, name: str) -> list[str]:
        """Write an angle. Line 2 has no columns for signs."""
        values = np.where(self.report.writable, self.fields[name], 0.0)
        turned = np.where(values < 0.0, values % 360.0, values)
        self.report.note_loss(name, values < 0.0, "is negative and written with 360 deg added")
        texts = [f"{abs(value):8.4f}" for value in turned.tolist()]
        self._note_rounding(name, np.array(list(map(float, texts))), turned)
        return texts

    def _note_rounding(
        self, name: str, written: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
    ) -> None:
        self.report.note_loss(
            name, written != values, "is rounded to the decimals of a TLE", written - values
        )

    def _counts(self, name: str, width: int) -> list[str]:
        values = self.fields[name].astype(np.int64)
        written = values % 10**width
        self.report.note_loss(
            name,
            written != values,
            f"has more than {width} digits; only the last {width} are written",
        )
        return [f"{value:{width}d}" for value in written.tolist()]

    def _epochs(self) -> list[str]:
        ns = np.where(self.report.writable, self.fields["EPOCH"].astype(np.int64), 0)
        count, rest = np.divmod(ns, TLE_EPOCH_STEP)
        count += (rest * 2 > TLE_EPOCH_STEP) | ((rest * 2 == TLE_EPOCH_STEP) & (count % 2 == 1))
        written = count * TLE_EPOCH_STEP
        days = written.view("datetime64[ns]").astype("datetime64[D]")
        years = days.astype("datetime64[Y]")
        year = years.astype(np.int64) + 1970
        self.report.refuse_values(
            "EPOCH",
            (year < FIRST_TLE_YEAR) | (year > LAST_TLE_YEAR),
            f", not within {FIRST_TLE_YEAR} to {LAST_TLE_YEAR}, the years of a TLE: {USE_OMM}",
        )
        self.report.note_loss(
            "EPOCH", written != ns, "is rounded to the decimals of a TLE", (written - ns) / 1e9, "s"
        )
        day = (days - years.astype("datetime64[D]")).astype(np.int64) + 1
        fraction = written % DAY // TLE_EPOCH_STEP
        rows = zip((year % 100).tolist(), day.tolist(), fraction.tolist(), strict=True)
        return [f"{y:02d}{d:03d}.{f:08d}" for y, d, f in rows]


def _designator(text: str) -> str | None:
    """Write `1998-067A` as `98067A  `; None if reading would not give the same."""
    full = _FULL_DESIGNATOR.fullmatch(text)
    if full and text.isascii() and FIRST_TLE_YEAR <= int(full[1]) <= LAST_TLE_YEAR:
        return f"{full[1][2:]}{full[2]:<6}"
    return f"{text:<8}" if not text or _OTHER_DESIGNATOR.fullmatch(text) else None


def _signed_fraction(value: float) -> str | None:
    """Write ` .00000246` or `-.00003657`; None for 1 and more."""
    text = f"{abs(value):.8f}"
    return (
        ("-" if np.signbit(value) else " ") + text[1:]
        if text[0] == "0" and len(text) == 10
        else None
    )


def _fraction(value: float) -> str | None:
    """Write `0007417`: seven decimals without their point; None if they round to 1."""
    text = f"{value:.7f}"
    return text[2:] if text[0] == "0" else None


def _exponential(value: float) -> str | None:
    """Write ` 38792-4`: five decimals and a power of ten; None if the power has two digits."""
    sign = "-" if np.signbit(value) else " "
    digits, _, power = f"{abs(value):.4e}".partition("e")
    exponent = int(power) + 1
    if exponent > LARGEST_EXPONENT:
        return None
    if value and exponent >= SMALLEST_EXPONENT:
        return f"{sign}{digits[0]}{digits[2:]}{exponent:+d}"
    small = round(Decimal(abs(value)).scaleb(5 - SMALLEST_EXPONENT))
    return f"{sign}{small:05d}{SMALLEST_EXPONENT if small else '+0'}"


def _value(name: str, text: str) -> float:
    """Return the number that a reader makes of a text."""
    if name in ("MEAN_MOTION_DDOT", "BSTAR"):
        return float(f"{text[0].strip()}.{text[1:6]}e{text[6:]}")
    return float(f".{text}" if name == "ECCENTRICITY" else text)
