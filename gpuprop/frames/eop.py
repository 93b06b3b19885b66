"""Earth orientation: daily tables of UT1 and polar motion, and their values at any instant."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import astropy_iers_data
import numpy as np
import numpy.typing as npt
import xxhash

from ..files.addresses import refuse_url
from ..files.small_file import read_small_file
from ..time.instants import format_ns
from ..time.scales import tai_minus_utc, tai_minus_utc_ns
from ..time.units import DAY, MJD_1970, SECOND
from ..typing import Array, Bits, Mask

MAX_ROWS = 73_050  # 200 years; tables begin in 1962
MAX_BYTES = 16 << 20  # MAX_ROWS of EOP C04, whose lines are the longest, with two-character ends
ARCSECOND = 3.14159265358979323846 / 648_000.0  # rad
NEWER = (
    "use a newer table: pip install -U astropy-iers-data, or --eop finals2000A.all "
    "(eop='finals2000A.all') as the IERS publishes it daily"
)
WITHOUT = (
    "or use no table: --eop none (eop='none': UT1 = UTC, no polar motion; the error is up to 0.9 "
    "s, 420 m at the equator)"
)
PREDICTED = "; predictions are used"
HTML = re.compile(rb"\s*<")
NUMBER = re.compile(rb"\s*[-+]?(\d+\.?\d*|\.\d+)\s*")


@dataclass(frozen=True, eq=False, repr=False)
class EarthOrientation:
    """A table of UT1 and polar motion with one row a day.

    Parameters
    ----------
    ns : (n,) int64
        UTC midnights, nanoseconds since 1970, each a day after the one before.
    ut1_utc : (n,) float64
        UT1 - UTC, s.
    xp, yp : (n,) float64
        Position of the pole in ITRS, rad.
    predicted_from_ns : int, optional
        Instant of the first row that is a prediction; None if there are no predictions.
    source : str
        Name of the table for the metadata of files.

    Raises
    ------
    ValueError
        For fewer than two rows, columns of different lengths, numbers that are not finite, and rows
        that are not a day apart.

    Notes
    -----
    The arrays are copied and read-only, so threads may share a table.
    """

    ns: Bits
    ut1_utc: Array
    xp: Array
    yp: Array
    predicted_from_ns: int | None = None
    source: str = ""

    def __post_init__(self) -> None:
        for name, dtype in (
            ("ns", np.int64),
            ("ut1_utc", np.float64),
            ("xp", np.float64),
            ("yp", np.float64),
        ):
            values = np.array(getattr(self, name), dtype)
            if values.shape != (len(self.ns),):
                raise ValueError(
                    f"Earth orientation: {name} has shape {values.shape}, ns has {len(self.ns)} "
                    "rows"
                )
            if not np.isfinite(values).all():
                raise ValueError(
                    f"Earth orientation: {name}[{int(np.isfinite(values).argmin())}] is not a "
                    "number"
                )
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        self._check_rows()
        if not self.source:
            object.__setattr__(
                self,
                "source",
                f"a table given, {values_digest(self.ns, self.ut1_utc, self.xp, self.yp)}",
            )

    def _check_rows(self) -> None:
        if len(self.ns) < 2:
            raise ValueError(f"Earth orientation needs two rows or more, not {len(self.ns)}")
        wrong = (self.ns[:-1] % DAY != 0) | (np.diff(self.ns) != DAY)
        if wrong.any():
            i = int(wrong.argmax())
            a, b = (format_ns(at) for at in self.ns[i : i + 2])
            raise ValueError(
                f"Earth orientation: rows {i} and {i + 1}, {a} and {b}, are not two UTC midnights "
                "a day apart"
            )

    def __repr__(self) -> str:
        return f"<EarthOrientation: {self.source}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _table, (
            int(self.ns[0]),
            self.ut1_utc,
            self.xp,
            self.yp,
            self.predicted_from_ns,
            self.source,
        )

    @cached_property
    def ut1_tai(self) -> Array:
        """UT1 - TAI of the rows, s. It is smooth where UT1 - UTC jumps."""
        return self.ut1_utc - tai_minus_utc(self.ns)

    def at(self, ns: Bits) -> tuple[Array, Array, Array, Array]:
        """Interpolate between the rows of the table.

        Parameters
        ----------
        ns : (n_times,) int64
            UTC instants, nanoseconds since 1970.

        Returns
        -------
        ut1_utc : (n_times,) float64
            UT1 - UTC, s.
        xp, yp : (n_times,) float64
            Position of the pole in ITRS, rad.
        lod : (n_times,) float64
            Excess length of day, s.

        Raises
        ------
        ValueError
            For instants before the first or after the last row; the message has the first of them.

        Notes
        -----
        UT1 - TAI, xp and yp are linear in TAI between rows, so a leap second makes no difference.
        The excess length of day is minus the slope of UT1 - TAI, in seconds a day, so it is
        constant between rows. Each value depends on its instant alone. Ocean tides within the day
        (some 3 cm on the ground) are left out.
        """
        ns = np.asarray(ns, np.int64)
        outside = (ns < self.ns[0]) | (ns > self.ns[-1])
        if outside.any():
            raise ValueError(
                f"there is no Earth orientation for {format_ns(ns[outside][0])}: {self.source} "
                f"reaches from {format_ns(self.ns[0])} to "
                f"{format_ns(self.ns[-1])}; {NEWER}, {WITHOUT}"
            )
        row = np.minimum((ns - self.ns[0]) // DAY, len(self.ns) - 2)
        tai_utc, tai_utc_row = tai_minus_utc_ns(ns), tai_minus_utc_ns(self.ns[row])
        # of the day between the rows, ns
        length = DAY + (tai_minus_utc_ns(self.ns[row + 1]) - tai_utc_row)
        part = ((ns - self.ns[row]) + (tai_utc - tai_utc_row)) / length
        change = self.ut1_tai[row + 1] - self.ut1_tai[row]
        ut1_utc = (self.ut1_tai[row] + part * change) + tai_utc / SECOND
        xp, yp = (
            values[row] + part * (values[row + 1] - values[row]) for values in (self.xp, self.yp)
        )
        return ut1_utc, xp, yp, -change * (DAY / length)

    def predictions(self, ns: Bits) -> Mask:
        """Compute which instants depend on a predicted row of the table.

        These are all instants after the last measured row: up to the next row they are interpolated
        between a measured and a predicted one. That row itself counts, too.

        Parameters
        ----------
        ns : (n_times,) int64
            UTC instants, nanoseconds since 1970.

        Returns
        -------
        (n_times,) bool
            True for instants that depend on a prediction.
        """
        if self.predicted_from_ns is None:
            return np.zeros(len(ns), bool)
        return np.asarray(np.asarray(ns, np.int64) >= self.predicted_from_ns - DAY)

    def described(self, ns: Bits) -> str:
        """Describe the Earth orientation of states at some instants, for metadata.

        Parameters
        ----------
        ns : (n_times,) int64
            UTC instants, nanoseconds since 1970.

        Returns
        -------
        str
            The source, with "; predictions are used" if an instant depends on one.
        """
        return self.source + (PREDICTED if self.predictions(ns).any() else "")


# What earth_orientation takes.
EarthOrientationLike: TypeAlias = str | os.PathLike[str] | EarthOrientation | None


class NoEarthOrientation(EarthOrientation):
    """UT1 = UTC and no polar motion at every instant: a table without rows."""

    def __init__(self) -> None:
        nothing = np.empty(0)
        super().__init__(
            nothing.astype(np.int64),
            nothing,
            nothing,
            nothing,
            source="none: UT1 = UTC, no polar motion",
        )

    def _check_rows(self) -> None:
        pass

    def __reduce__(self) -> tuple[object, ...]:
        return NoEarthOrientation, ()

    def at(self, ns: Bits) -> tuple[Array, Array, Array, Array]:
        """Return zeros, (n_times,) each."""
        zero = np.zeros(len(ns))
        return zero, zero.copy(), zero.copy(), zero.copy()


def earth_orientation(
    eop: EarthOrientationLike = None,
) -> EarthOrientation:
    """Read a table of Earth orientation.

    Parameters
    ----------
    eop : str, path or EarthOrientation, optional
        None or "iers": the tables that astropy-iers-data ships, EOP C04 from 1962, then
        finals2000A.all, whose last year is a prediction. They are read once. "none": UT1 = UTC and
        no polar motion. A path: a file of the IERS, finals2000A (.all, .daily, .data) or EOP C04,
        recognised by its content. An EarthOrientation is returned unchanged.

    Returns
    -------
    EarthOrientation
        The table.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        For a file that is not such a table (a web page, an empty file, an incomplete line, text in
        place of a number, dates that do not follow each other), with its name and line; for a
        directory, a pipe or a device; for an address; and for a file of more than 16 MiB.
    TypeError
        For anything else.

    Notes
    -----
    A row of finals2000A may have the rapid values of Bulletin A and the final values of Bulletin B.
    The final values are used if they are there.
    """
    if isinstance(eop, EarthOrientation):
        return eop
    if eop is None or eop == "iers":
        return _packaged()
    if eop == "none":
        return NoEarthOrientation()
    if not isinstance(eop, (str, os.PathLike)) or not str(eop):
        raise TypeError(
            f"eop={eop!r} is no Earth orientation: give a file's path, 'none', 'iers' or an "
            "EarthOrientation"
        )
    refuse_url(eop)
    path = Path(eop)
    rows = read_rows(path)
    return rows.table(f"{path.name} ({rows.kind})")


def values_digest(*columns: npt.NDArray[Any]) -> str:
    """Hash columns, little endian: `xxh3-128:` and 32 hexadecimal digits."""
    digest = xxhash.xxh3_128()
    for values in columns:
        digest.update(values.astype(values.dtype.newbyteorder("<")).tobytes())
    return f"xxh3-128:{digest.hexdigest()}"


class Rows(NamedTuple):
    """The rows of a file, (n,) each."""

    kind: str  # of the file
    ns: Bits
    ut1_utc: Array  # s
    pole_x: Array  # arc seconds
    pole_y: Array  # arc seconds
    predicted: Mask

    def table(self, name: str) -> EarthOrientation:
        """Convert to Earth orientation; `name` begins its source."""
        predicted_from = int(self.ns[self.predicted.argmax()]) if self.predicted.any() else None
        xp, yp = self.pole_x * ARCSECOND, self.pole_y * ARCSECOND
        until = f"to {_date(self.ns[-1])}" + (
            f", predicted from {_date(predicted_from)}" if predicted_from is not None else ""
        )
        source = f"{name} {until}, {values_digest(self.ns, self.ut1_utc, xp, yp)}"
        return EarthOrientation(self.ns, self.ut1_utc, xp, yp, predicted_from, source=source)


class Layout(NamedTuple):
    """The columns of a kind of file: the first character and the one after the last."""

    kind: str
    mjd: tuple[int, int]
    pole_x: tuple[int, int]
    pole_y: tuple[int, int]
    ut1_utc: tuple[int, int]
    # pole_x, pole_y, ut1_utc of Bulletin B, which replace the others if they are there
    final: tuple[tuple[int, int], ...] = ()
    flags: tuple[int, ...] = ()  # "P" in such a column marks a prediction


FINALS = Layout(
    "finals2000A",
    (7, 15),
    (18, 27),
    (37, 46),
    (58, 68),
    ((134, 144), (144, 154), (154, 165)),
    (16, 57),
)
C04 = Layout("EOP C04", (16, 26), (26, 38), (38, 50), (50, 62))  # 20 C04
C04_2014 = Layout("EOP C04", (12, 19), (19, 30), (30, 41), (41, 53))  # 14 C04 and before
# How a row of each begins: two-digit dates; four-digit dates, hour and MJD; four-digit dates and
# MJD.
BEGINNINGS = (
    (re.compile(rb"[ \d]\d[ \d]\d[ \d]\d [ \d]{5}\.\d\d"), FINALS),
    (re.compile(rb"\d{4}( [ \d]{2}\d){3} +\d{5}\.\d\d"), C04),
    (re.compile(rb"\d{4}( [ \d]{2}\d){2}  \d{5} "), C04_2014),
)


def read_rows(path: Path) -> Rows:
    """Read the rows of a finals2000A or EOP C04 file. Errors are those of earth_orientation."""
    try:
        data = read_small_file(path, MAX_BYTES, "a finals2000A or EOP C04 file")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: there is no such file of Earth orientation; eop is 'iers', 'none' or a "
            "finals2000A or EOP C04 file"
        ) from None
    if not data.strip():
        raise ValueError(f"{path} is empty: download it again")
    if HTML.match(data):
        raise ValueError(
            f"{path} is a web page or XML, not a table in text: download finals2000A.all or EOP "
            "C04 themselves"
        )
    if data.count(b"\n") + data.count(b"\r") > 2 * MAX_ROWS:
        raise ValueError(
            f"{path} has far more lines than the {MAX_ROWS:,} days of the longest table: name a "
            "finals2000A or EOP C04 file"
        )
    lines = data.splitlines()
    layout, first = _recognised(lines)
    if layout is None:
        raise ValueError(
            f"{path} is neither finals2000A nor EOP C04 of the IERS: no line begins as theirs do; "
            "finals2000A.all is at https://datacenter.iers.org/data/9/finals2000A.all"
        )
    places = [place for place in range(first, len(lines)) if lines[place].strip()]
    return _rows([lines[place] for place in places], np.array(places) + 1, layout, path)


def _recognised(lines: Sequence[bytes]) -> tuple[Layout | None, int]:
    """Recognise the layout, and find the first row after comments and headings."""
    for index, line in enumerate(lines[:100]):
        for beginning, layout in BEGINNINGS:
            if beginning.match(line):
                return layout, index
    return None, 0


def _rows(lines: list[bytes], numbers: npt.NDArray[np.int64], layout: Layout, path: Path) -> Rows:
    """Parse lines of data, none blank; `numbers` are those of the lines in the file."""
    lines = [line.rstrip() for line in lines]
    length = np.array([len(line) for line in lines])
    needed = layout.ut1_utc[1]
    # after the last prediction, finals2000A has rows with dates alone
    without = (length == layout.mjd[1]) & bool(layout.flags)
    count = int(without.argmax()) if without.any() else len(lines)
    if not without[count:].all():
        raise ValueError(
            f"{path}, line {numbers[count]} has a date without values, lines after it have some: "
            "download it again"
        )
    lines, numbers, length = lines[:count], numbers[:count], length[:count]
    final_from, final_to = (
        (layout.final[0][0], layout.final[-1][1]) if layout.final else (needed, needed)
    )
    cut = (length < needed) | ((length > final_from) & (length < final_to))
    if cut.any():
        i = int(cut.argmax())
        raise ValueError(
            f"{path}, line {numbers[i]} is cut short after {length[i]} characters: download it "
            "again"
        )
    chars = np.array(lines, f"S{final_to}").view("S1").reshape(count, final_to)
    mjd, *values = (
        _column(chars, bound, numbers, path)
        for bound in (layout.mjd, layout.pole_x, layout.pole_y, layout.ut1_utc)
    )
    final = length >= final_to
    for column, bound in zip(values, layout.final, strict=False):
        column[final] = _column(chars[final], bound, numbers[final], path)
    pole_x, pole_y, ut1_utc = values
    predicted = np.zeros(count, bool)
    for flag in layout.flags:
        predicted |= chars[:, flag] == b"P"
    _check_dates(mjd, numbers, path)
    return Rows(
        layout.kind, (mjd.astype(np.int64) - MJD_1970) * DAY, ut1_utc, pole_x, pole_y, predicted
    )


def _column(
    chars: npt.NDArray[Any], bound: tuple[int, int], numbers: npt.NDArray[np.int64], path: Path
) -> Array:
    """Parse one column of characters (n, width), (n,). ValueError names a line without a number."""
    begin, end = bound
    texts = np.ascontiguousarray(chars[:, begin:end]).view(f"S{end - begin}").ravel()
    try:
        values = texts.astype(np.float64)
        if np.isfinite(values).all():
            return values
    except ValueError:
        pass
    wrong = next(i for i, text in enumerate(texts) if not NUMBER.fullmatch(text))
    text = texts[wrong].decode("latin-1").strip()
    raise ValueError(
        f"{path}, line {numbers[wrong]}: {text!r} in columns {begin + 1} to {end} is not a "
        "number: download it again"
    )


def _check_dates(mjd: Array, numbers: npt.NDArray[np.int64], path: Path) -> None:
    """Check that dates are whole and each is a day after the one before."""
    if len(mjd) < 2:
        raise ValueError(f"{path} has {len(mjd)} row of values: two or more are needed")
    wrong = (mjd % 1.0 != 0.0) | (np.diff(mjd, prepend=mjd[0] - 1.0) != 1.0)
    if wrong.any():
        i = int(wrong.argmax())
        was = f"after {mjd[i - 1]:.2f} " if i else ""
        raise ValueError(
            f"{path}, line {numbers[i]}: MJD {mjd[i]:.2f} {was}is not the next UTC midnight: rows "
            "must be one day apart"
        )


def _date(ns: int) -> str:
    return format_ns(ns)[:10]


def _table(
    first_ns: int, ut1_utc: Array, xp: Array, yp: Array, predicted_from_ns: int | None, source: str
) -> EarthOrientation:
    """Restore a table from its pickle: the rows are a day apart."""
    ns = first_ns + DAY * np.arange(len(ut1_utc), dtype=np.int64)
    return EarthOrientation(ns, ut1_utc, xp, yp, predicted_from_ns, source=source)


@cache
def _packaged() -> EarthOrientation:
    """Read EOP C04, then the later rows of finals2000A."""
    final, recent = (
        read_rows(Path(name))
        for name in (astropy_iers_data.IERS_B_FILE, astropy_iers_data.IERS_A_FILE)
    )
    later = recent.ns > final.ns[-1]
    if not later.any() or recent.ns[later][0] != final.ns[-1] + DAY:
        raise ValueError(
            f"astropy-iers-data {astropy_iers_data.__version__}: finals2000A.all has no row after "
            f"the end of EOP C04, {_date(final.ns[-1])}: install it again"
        )
    joined = Rows(
        "", *(np.concatenate((a, b[later])) for a, b in zip(final[1:], recent[1:], strict=True))
    )
    return joined.table(
        f"astropy-iers-data {astropy_iers_data.__version__}: EOP C04 to {_date(final.ns[-1])}, "
        "then finals2000A.all"
    )
