"""What the columns of coverage mean, in words, with their units."""

from typing import NamedTuple

import pyarrow as pa

from ..errors import UsageError


class Meaning(NamedTuple):
    """How a picture names a column."""

    words: str
    unit: str  # "%" for shares: the values are multiplied by 100
    low: str | None = None  # the columns that bound it, by latitude
    high: str | None = None

    @property
    def label(self) -> str:
        """The words and the unit."""
        return f"{self.words} ({self.unit})"

    @property
    def scale(self) -> float:
        """What a value is multiplied with."""
        return 100.0 if self.unit == "%" else 1.0


SATELLITES = "satellites"
MEANINGS = {
    "visible_min": Meaning("fewest in view", SATELLITES),
    "visible_mean": Meaning("mean number in view", SATELLITES, "visible_min", "visible_max"),
    "visible_max": Meaning("most in view", SATELLITES),
    "covered": Meaning("time with a satellite in view", "%"),
    "covered_2": Meaning("time with two or more in view", "%"),
    "covered_4": Meaning("time with four or more in view", "%"),
    "covered_8": Meaning("time with eight or more in view", "%"),
    "gaps": Meaning("gaps without a satellite", "number"),
    "longest_gap_s": Meaning("longest gap without a satellite", "s"),
    "mean_gap_s": Meaning("mean gap without a satellite", "s"),
    "area_km2": Meaning("area of the cell", "km²"),
}


def check_column(column: str) -> None:
    """Raise UsageError for a column that no map shows."""
    if column not in MEANINGS:
        raise UsageError(f"a map cannot show {column!r}: it shows {', '.join(MEANINGS)}")


def meaning(column: str, cells: pa.Table) -> Meaning:
    """Return what a column means.

    Raises
    ------
    UsageError
        If it is not a column of numbers that a map can show.
    """
    if column in MEANINGS and column in cells.column_names:
        return MEANINGS[column]
    raise UsageError(
        f"a map cannot show {column!r}: it shows "
        f"{', '.join(name for name in MEANINGS if name in cells.column_names)}"
    )
