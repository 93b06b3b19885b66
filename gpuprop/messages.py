"""Prepare text from files, servers and callers for messages: printable and short."""

import reprlib


def printable(text: str, keep: str = "") -> str:
    r"""Replace every character that is not printable by an escape such as \x1b.

    Characters in `keep` stay.
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign in keep else sign.encode("unicode_escape").decode()
        for sign in text
    )


def shortened(text: str, most: int) -> str:
    """Cut a text to at most `most` characters, with three dots if something is left out."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def shown(value: object, most: int = 60) -> str:
    """Write any value as Python does, in at most `most` characters.

    The cost is small for large and deeply nested values, too.
    """
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = most
    try:
        text = short.repr(value)
    except ValueError:  # Python writes no integer with more than 4300 digits
        text = f"{type(value).__name__} with too many digits"
    return shortened(text, most)


def counted(number: int, noun: str) -> str:
    """Write a number of things: `1 satellite`, `2,000 satellites`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
