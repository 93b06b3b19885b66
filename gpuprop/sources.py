"""SOURCE on the command line: a catalogue file, a constellation's name, or a Walker pattern; several are joined."""

import os
from collections.abc import Iterable
from typing import Literal

from .constellations import constellation, is_walker_source, parse_walker_source
from .elements import FIRST_SYNTHETIC_ID, Elements
from .reading import read_elements


class SourceError(ValueError):
    """A SOURCE that is neither a file nor a constellation nor a Walker pattern."""


def read_sources(
    sources: Iterable[str],
    *,
    on_error: Literal["raise", "skip"] = "raise",
    checksum: Literal["verify", "ignore"] = "verify",
    gravity: str = "wgs72",
) -> Elements:
    """All satellites of all sources, in order; synthetic ones are numbered on from source to source.

    Raises SourceError for a source that is nothing known, otherwise what read_elements raises.
    """
    parts = []
    first_id = FIRST_SYNTHETIC_ID
    for source in sources:
        if is_walker_source(source):
            try:
                part = parse_walker_source(source, first_id=first_id, gravity=gravity)
            except ValueError as error:
                raise SourceError(str(error)) from error
            first_id += len(part)
        elif os.path.exists(source) or any(sign in source for sign in (os.sep, "/", ".")):
            part = read_elements(source, on_error=on_error, checksum=checksum)
        else:
            try:
                part = constellation(source, first_id=first_id, gravity=gravity)
            except ValueError as error:
                raise SourceError(f"there is no file {source!r} here, and {error}") from None
            first_id += len(part)
        parts.append(part)
    return Elements.concat(parts)
