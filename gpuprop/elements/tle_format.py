"""Facts of the two-line format that several packages need: catalogue numbers, years, epochs.

Source: https://www.space-track.org/documentation#tle and #tle-alpha5.
"""

from typing import TypeVar

from ..typing import Bits

# Alpha-5: the first of five characters is a digit or a letter, A = 10 to Z = 33, without I and O.
ALPHA5 = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LAST_TLE_NUMBER = len(ALPHA5) * 10_000 - 1  # 339,999, which is Z9999
# Years have two digits, and the first satellite flew in 1957.
FIRST_TLE_YEAR, LAST_TLE_YEAR = 1957, 2056
TLE_EPOCH_STEP = 864_000  # ns: 1e-8 day, the last decimal of an epoch

Year = TypeVar("Year", int, Bits)


def to_alpha5(number: int) -> str:
    """Write a catalogue number from 0 to LAST_TLE_NUMBER in five characters."""
    return f"{ALPHA5[number // 10_000]}{number % 10_000:04d}"


def from_alpha5(text: str) -> int:
    """Read the catalogue number of five characters, or of a shorter decimal number; 0 if empty."""
    if text[:1].isalpha():
        return ALPHA5.index(text[0]) * 10_000 + int(text[1:])
    return int(text or 0)


def four_digit_year(year: Year) -> Year:
    """Add the century to a year of two digits: 57 is 1957, 56 is 2056."""
    return 1900 + year + 100 * (year < FIRST_TLE_YEAR % 100)
