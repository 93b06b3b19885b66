"""Text for messages: what comes from files, servers and callers is made printable and short."""

import reprlib
from typing import Any


def printable(text: str, keep: str = "") -> str:
    r"""The text with every character that is not printable (str.isprintable) as an escape such as
    \x1b. Characters in `keep` stay.
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign in keep else sign.encode("unicode_escape").decode()
        for sign in text
    )


def shortened(text: str, most: int) -> str:
    """The beginning of a text: at most `most` characters, the last three are dots if something is
    left out.
    """
    return text if len(text) <= most else f"{text[: most - 3]}..."


def shown(value: Any, most: int = 60) -> str:
    """Any value as Python writes it, in at most `most` characters. The cost is small for large and
    deeply nested values too.
    """
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = most
    try:
        text = short.repr(value)
    except ValueError:  # Python writes no integer with more than 4300 digits
        text = f"{type(value).__name__} with too many digits"
    return shortened(text, most)


def counted(number: int, noun: str) -> str:
    """`1 satellite`, `2,000 satellites`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
