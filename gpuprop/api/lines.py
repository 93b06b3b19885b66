"""TLE lines one set at a time, in microseconds and as leniently as python-sgp4 reads them;
gpuprop.catalogs.read is for files.
"""

from ..elements.fields import ALPHA5, LAST_ALPHA5

# What every line of a TLE holds in columns (from 0) that no number touches; d is a digit.
LAYOUTS = {
    1: (64, "1 dddddC dddddAAA ddddd.dddddddd +.dddddddd +ddddd-d +ddddd-d d ddddd"),
    2: (68, "2 ddddd ddd.dddd ddd.dddd ddddddd ddd.dddd ddd.dddd dd.dddddddddddddd"),
}
MARKS = {1: (8, 23, 32, 34, 43, 52, 61, 63), 2: (7, 11, 16, 20, 25, 33, 37, 42, 46, 51)}


def tle_line(line: str, number: int) -> str:
    """A line without the blanks after it; ValueError if it does not look like line `number` (1 or
    2) of a TLE.
    """
    width, layout = LAYOUTS[number]
    line = line.rstrip()
    if not line.isascii():
        raise ValueError(
            f"TLE format error: line {number} has characters that are not ASCII: {line!r}"
        )
    if (
        len(line) < width
        or line[:2] != layout[:2]
        or any(line[at] != layout[at] for at in MARKS[number])
    ):
        raise ValueError(
            f"TLE format error: line {number} is cut, or its blanks and decimal points are not in "
            "their columns, here as they should be "
            f"(d is a digit) and as they are:\n{layout}\n{line}"
        )
    return line


def whole(text: str) -> int:
    """A whole number; blank is 0."""
    return int(text.strip() or 0)


def exponential(text: str) -> float:
    """` 28098-4` is 0.28098e-4. The product is python-sgp4's, and not always the nearest double."""
    return float(f"{text[0]}.{text[1:6].replace(' ', '0')}") * 10.0 ** whole(text[6:8])


def to_alpha5(number: int) -> str:
    """A catalogue number in five characters, with a letter first above 99999; ValueError above
    339999, where they end.
    """
    if number > LAST_ALPHA5:
        raise ValueError(
            f"satellite number cannot exceed {LAST_ALPHA5}, whose Alpha 5 encoding is 'Z9999': it "
            f"is {number}"
        )
    return (
        f"{number:05d}" if number < 100_000 else f"{ALPHA5[number // 10_000]}{number % 10_000:04d}"
    )


def from_alpha5(text: str) -> int:
    """The catalogue number of five characters: the inverse of to_alpha5; 0 for none."""
    return ALPHA5.index(text[0]) * 10_000 + int(text[1:]) if text[:1].isalpha() else int(text or 0)
