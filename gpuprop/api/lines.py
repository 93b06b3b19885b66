"""Read the lines of one TLE, quickly and as leniently as python-sgp4 does.

gpuprop.catalogs.read reads files.
"""

from ..elements.tle_format import LAST_TLE_NUMBER, to_alpha5

# The shortest line that is read, and the layout of a line; d is a digit.
LAYOUTS = {
    1: (64, "1 dddddC dddddAAA ddddd.dddddddd +.dddddddd +ddddd-d +ddddd-d d ddddd"),
    2: (68, "2 ddddd ddd.dddd ddd.dddd ddddddd ddd.dddd ddd.dddd dd.dddddddddddddd"),
}
# columns (from 0) of the blanks and decimal points that no number touches
MARKS = {1: (8, 23, 32, 34, 43, 52, 61, 63), 2: (7, 11, 16, 20, 25, 33, 37, 42, 46, 51)}


def tle_line(line: str, number: int) -> str:
    """Strip a line; ValueError if it does not look like line `number` (1 or 2) of a TLE."""
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
            f"TLE format error: line {number} is too short, or a blank or decimal point is not in "
            "its column. The columns of a TLE (d is a digit), and the line:\n"
            f"{layout}\n{line}"
        )
    return line


def whole(text: str) -> int:
    """Read an integer; blank is 0."""
    return int(text.strip() or 0)


def exponential(text: str) -> float:
    """Read ` 28098-4` as 0.28098e-4: python-sgp4's product, not always the nearest double."""
    return float(f"{text[0]}.{text[1:6].replace(' ', '0')}") * 10.0 ** whole(text[6:8])


def five_characters(number: int) -> str:
    """Write a catalogue number in five characters; ValueError above LAST_TLE_NUMBER."""
    if number > LAST_TLE_NUMBER:
        raise ValueError(
            f"satellite number cannot exceed {LAST_TLE_NUMBER}, whose Alpha 5 encoding is "
            f"'Z9999': it is {number}"
        )
    return f"{number:05d}" if number < 100_000 else to_alpha5(number)
