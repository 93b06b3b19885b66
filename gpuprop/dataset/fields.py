"""Check the fields of a manifest: their types and their bounds.

A manifest comes from a disk or a store, so no field is used before it is checked.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ..errors import GpupropError
from ..messages import shown

LARGEST = 2**63 - 1  # of a count: what fits into the integers of Arrow and numpy
LONGEST = 100  # characters of an instant or a duration
DIGEST = re.compile(r"xxh3-128:[0-9a-f]{32}")
CODE = re.compile(r"[0-9]{1,3}")  # a status, as JSON has it

Check: TypeAlias = Callable[[Any], bool]


class FieldError(GpupropError):
    """A field has a value that cannot be right; the message says which and why."""


def check_fields(
    what: str,
    record: Any,
    needed: Mapping[str, Check],
    optional: Mapping[str, Check] | None = None,
) -> None:
    """Raise FieldError unless a record is an object whose fields pass their checks.

    Parameters
    ----------
    what : str
        What the record is called in the message.
    record : object
        The record, as JSON has it. Other fields are allowed.
    needed, optional : mapping
        {name of a field: its check}.
    """
    if not isinstance(record, dict):
        raise FieldError(f"{what} is not an object but {shown(record)}")
    for name, check in needed.items():
        if name not in record:
            raise FieldError(f"{what} has no {name!r}")
        if not check(record[name]):
            raise FieldError(f"{name!r} of {what} cannot be {shown(record[name])}")
    for name, check in (optional or {}).items():
        if name in record and not check(record[name]):
            raise FieldError(f"{name!r} of {what} cannot be {shown(record[name])}")


def text(value: Any) -> bool:
    """Accept any text."""
    return isinstance(value, str)


def short_text(value: Any) -> bool:
    """Accept a text as long as an instant or a duration may be."""
    return isinstance(value, str) and len(value) <= LONGEST


def flag(value: Any) -> bool:
    """Accept a truth value."""
    return isinstance(value, bool)


def any_integer(value: Any) -> bool:
    """Accept an integer of any size."""
    return isinstance(value, int) and not isinstance(value, bool)


def integer(least: int) -> Check:
    """Accept an integer from `least` to LARGEST."""
    return lambda value: any_integer(value) and least <= value <= LARGEST


def one_of(*known: str) -> Check:
    """Accept one of these texts."""
    return lambda value: isinstance(value, str) and value in known


def or_null(check: Check) -> Check:
    """Accept what the check accepts, or null."""
    return lambda value: value is None or check(value)


def texts(value: Any) -> bool:
    """Accept a list of texts."""
    return isinstance(value, list) and all(map(text, value))


def digest(value: Any) -> bool:
    """Accept a digest, as digest_text writes it."""
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None


def seconds(value: Any) -> bool:
    """Accept a duration in seconds."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LARGEST


def status_counts(value: Any) -> bool:
    """Accept an object of counts by status code."""
    states = integer(0)
    return isinstance(value, dict) and all(
        CODE.fullmatch(code) and int(code) < 256 and states(count) for code, count in value.items()
    )


def json_object(value: Any) -> bool:
    """Accept an object."""
    return isinstance(value, dict)


def json_list(value: Any) -> bool:
    """Accept a list."""
    return isinstance(value, list)
