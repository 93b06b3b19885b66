"""SOURCE on the command line: a catalogue file, - for standard input, a constellation or its file, a Walker pattern; several are joined."""

import os
import re
import sys
from collections.abc import Iterable
from typing import IO, Literal, cast

from .elements import FIRST_SYNTHETIC_ID, Elements
from .presets import (
    Constellation,
    find_constellation,
    is_preset,
    is_walker_source,
    load_constellation,
    parse_walker_source,
    read_constellation,
)
from .reading import read_elements
from .reading.source import is_url, url_advice

STANDARD_INPUT = "-"  # a file of this name is ./-
PIPED = "standard input"
NUMBER = r"\d+(?:\.\d+)?"
AT = re.compile(rf"(?P<altitude>{NUMBER})(?:\s*km)?/(?P<inclination>{NUMBER})(?:\s*deg)?", re.ASCII | re.IGNORECASE)


class SourceError(ValueError):
    """A SOURCE that is neither a file nor a constellation nor a Walker pattern."""


def read_sources(
    sources: Iterable[str],
    *,
    on_error: Literal["raise", "skip"] = "raise",
    checksum: Literal["verify", "ignore"] = "verify",
    gravity: str = "wgs72",
) -> Elements:
    """All satellites of all sources, in order; synthetic ones are numbered on from source to source, and after those of files.

    Raises SourceError for a source that is nothing known, otherwise what read_elements and read_constellation raise.
    """
    sources = [STANDARD_INPUT if source == PIPED else source for source in sources]
    for source in filter(is_url, sources):
        raise SourceError(url_advice(source))
    if sources.count(STANDARD_INPUT) > 1:
        raise SourceError("standard input can be read once: give - as one SOURCE only")
    catalogues = {
        number: read_elements(
            cast(IO[bytes], _StandardInput()) if source == STANDARD_INPUT else source, on_error=on_error, checksum=checksum
        )
        for number, source in enumerate(sources)
        if _is_file(source) and not source.lower().endswith(".toml")
    }
    taken = [int(part.sat_id.max()) for part in catalogues.values() if len(part)]
    first_id = max([FIRST_SYNTHETIC_ID, *(number + 1 for number in taken)])
    parts = []
    for number, source in enumerate(sources):
        part = catalogues[number] if number in catalogues else _synthetic(source, first_id, gravity)
        first_id += 0 if number in catalogues else len(part)
        parts.append(part)
    return Elements.concat(parts)


def named_constellation(source: str) -> Constellation:
    """What a source names: NAME, NAME@ALTITUDE/INCLINATION, or a TOML file. ValueError and FileNotFoundError otherwise."""
    if source.lower().endswith(".toml"):
        return load_constellation(source)
    name, at, orbit = source.partition("@")
    if not at:
        return find_constellation(name)
    match = AT.fullmatch(orbit.strip())
    if not match:
        raise ValueError(f"cannot read {source!r}: write {name}@ALTITUDE/INCLINATION, in km and degrees, such as {name}@550/53")
    return find_constellation(name, altitude_km=float(match["altitude"]), inclination_deg=float(match["inclination"]))


def named_input(arguments: list[str]) -> list[str]:
    """The arguments of a command with - as a SOURCE replaced by a name, as the parser takes a lone - for an option."""
    before = ["", *arguments]
    return [
        PIPED if each == STANDARD_INPUT and last not in ("-o", "--output") else each for last, each in zip(before, arguments, strict=False)
    ]


class _StandardInput:
    """What is piped into the program, as a file that read_elements can name."""

    name = PIPED

    def read(self, size: int) -> bytes:
        return sys.stdin.buffer.read(size)


def _is_file(source: str) -> bool:
    """Whether a source means a file, there or not; a pattern or a constellation can hold a slash or a dot too."""
    if source == STANDARD_INPUT or os.path.exists(source):
        return True
    name, at, orbit = source.partition("@")
    if is_walker_source(source) or (at and (is_preset(name) or AT.fullmatch(orbit))):
        return False
    return any(sign in source for sign in (os.sep, "/", "."))


def _synthetic(source: str, first_id: int, gravity: str) -> Elements:
    """A constellation of a file, a Walker pattern, or a constellation known: NAME or NAME@ALTITUDE/INCLINATION."""
    if _is_file(source):
        return read_constellation(source, gravity=gravity, first_id=first_id)
    try:
        if is_walker_source(source):
            return parse_walker_source(source, first_id=first_id, gravity=gravity)
        return named_constellation(source).elements(gravity=gravity, first_id=first_id)
    except ValueError as error:
        known = is_walker_source(source) or is_preset(source.partition("@")[0])
        raise SourceError(str(error) if known else f"there is no file {source!r} here, and {error}") from None
