"""The formats, and which one the name of a file means."""

import os
from typing import Literal, get_args

Format = Literal["tle", "2le", "3le", "csv", "json", "kvn", "xml"]
FORMATS: tuple[str, ...] = get_args(Format)
_ENDINGS = {format: format for format in FORMATS} | {"txt": "tle", "omm": "kvn"}


def format_of(path: str | os.PathLike[str], format: str | None) -> str:
    """Return `format`, or the format that the ending of `path` (before .gz) means.

    ValueError for an unknown format or ending.
    """
    if format is not None:
        if format not in FORMATS:
            raise ValueError(f"format {format!r} is not known: use one of {', '.join(FORMATS)}")
        return format
    name = os.path.basename(os.fspath(path)).lower().removesuffix(".gz")
    ending = name.rpartition(".")[2] if "." in name else ""
    if ending not in _ENDINGS:
        said = f"the ending .{ending}" if ending else "a name without an ending"
        raise ValueError(
            f"{os.fspath(path)}: {said} does not say the format: use one of the endings "
            f"{', '.join('.' + each for each in FORMATS)}, or name the format"
        )
    return _ENDINGS[ending]
