"""The meaning of SOURCE on the command line.

A SOURCE is a catalogue file, - for standard input, a known constellation or shell, a TOML file of
shells, or a Walker pattern.
"""

import os
import re
import sys
from collections.abc import Iterable
from typing import IO, Literal, cast

import numpy as np

from ..elements.fields import FIRST_SYNTHETIC_ID
from ..elements.sets import Elements
from ..errors import UsageError
from ..files.addresses import is_url, refuse_url, url_advice
from ..files.standard_input import PIPED, STANDARD_INPUT
from ..filings.presets import (
    EPOCH,
    Constellation,
    find_constellation,
    is_preset,
    is_walker_source,
    load_constellation,
    parse_walker_source,
    read_constellation,
)
from ..time.instants import format_ns
from ..time.times import instant_ns
from ..time.units import DAY
from ..typing import Instant
from .read import read_elements

NUMBER = r"\d+(?:\.\d+)?"
AT = re.compile(
    rf"(?P<altitude>{NUMBER})(?:\s*km)?/(?P<inclination>{NUMBER})(?:\s*deg)?",
    re.ASCII | re.IGNORECASE,
)
OLD_DAYS = 30  # so far from its epoch, the states of an element set are useless


class SourceError(UsageError):
    """A call names a SOURCE, an epoch or a number that cannot be used.

    The call is wrong, not a file: the command line exits with 2, and with 1 for other errors.
    """


def read_sources(
    sources: Iterable[str],
    *,
    on_error: Literal["raise", "skip"] = "raise",
    checksum: Literal["verify", "ignore"] = "verify",
    gravity: str = "wgs72",
    epoch: Instant | None = None,
    first_id: int | None = None,
    latest: bool = False,
) -> Elements:
    """Read the element sets of all sources, in order. See `read_parts`, which has the parameters.

    Returns
    -------
    Elements
        The sets of all sources together.
    """
    return Elements.concat(
        read_parts(
            sources,
            on_error=on_error,
            checksum=checksum,
            gravity=gravity,
            epoch=epoch,
            first_id=first_id,
            latest=latest,
        )
    )


def read_parts(
    sources: Iterable[str],
    *,
    on_error: Literal["raise", "skip"] = "raise",
    checksum: Literal["verify", "ignore"] = "verify",
    gravity: str = "wgs72",
    epoch: Instant | None = None,
    first_id: int | None = None,
    latest: bool = False,
) -> list[Elements]:
    """Read the element sets of all sources, in order.

    Parameters
    ----------
    sources : iterable of str
        As SOURCE on the command line.
    on_error, checksum
        As for `read_elements`.
    gravity : str
        The gravity model of the constellations.
    epoch : str, datetime or numpy.datetime64, optional
        Epoch of the constellations, UTC. Default: Elements.default_start of the catalogues among
        the sources; 2026-01-01 without catalogues.
    first_id : int, optional
        Number of the first satellite of the constellations; numbers continue from source to source.
        Default: the first number from 1,000,000,000 up that is greater than all numbers of the
        catalogues.
    latest : bool
        True if the caller keeps only the latest set of each satellite (Elements.latest). Then only
        these sets count for the default epoch of the constellations. The result has all sets in
        both cases.

    Returns
    -------
    list of Elements
        The sets of each source.

    Raises
    ------
    SourceError
        For an unknown source, an epoch that cannot be read, and a `first_id` that gives
        constellations the numbers of satellites in a catalogue.
    ElementsError, OSError, ValueError
        As from `read_elements` and `read_constellation`.
    """
    sources = [STANDARD_INPUT if source == PIPED else source for source in sources]
    for source in filter(is_url, sources):
        raise SourceError(url_advice(source))
    if sources.count(STANDARD_INPUT) > 1:
        raise SourceError("standard input can be read only once: give - as one SOURCE")
    if epoch is not None:
        try:
            epoch = np.datetime64(instant_ns(epoch), "ns")
        except (TypeError, ValueError) as error:
            raise SourceError(f"--epoch: {error}") from None
    catalogues = {
        number: read_elements(
            cast(IO[bytes], _StandardInput()) if source == STANDARD_INPUT else source,
            on_error=on_error,
            checksum=checksum,
        )
        for number, source in enumerate(sources)
        if _is_file(source) and not source.lower().endswith(".toml")
    }
    known = [part for part in catalogues.values() if len(part)]
    if epoch is None and known:
        every = Elements.concat(known)
        epoch = (every.latest() if latest else every).default_start
    used_ids = np.concatenate([part.sat_id for part in known]) if known else np.zeros(0, np.int32)
    first = first_id
    if first is None:
        first = max(FIRST_SYNTHETIC_ID, int(used_ids.max(initial=0)) + 1)
    parts, next_id = [], first
    for number, source in enumerate(sources):
        part = catalogues.get(number)
        if part is None:
            part = _synthetic(source, next_id, gravity, EPOCH if epoch is None else epoch)
            next_id += len(part)
        parts.append(part)
    if first_id is not None and ((used_ids >= first) & (used_ids < next_id)).any():
        raise SourceError(
            f"--first-id {first} numbers the constellations from {first} to {next_id - 1}, and "
            "catalogues have some of these numbers: "
            f"use a number from {int(used_ids.max()) + 1} up, or leave --first-id out"
        )
    return parts


def median_age_days(elements: Elements, start_ns: int) -> float:
    """Return the days from the median epoch to an instant, to 0.001 days.

    `start_ns` is in nanoseconds since 1970. Negative if most of the epochs are after the instant.
    """
    # 0.0 + turns -0.0 into 0.0
    return 0.0 + round((start_ns - int(elements.median_epoch.astype(np.int64))) / DAY, 3)


def ages_in_words(elements: Elements, start_ns: int) -> str:
    """Describe the age of the element sets at the first instant, in one line.

    Empty if all epochs are that instant.
    """
    ages = start_ns - elements.epoch.view(np.int64)
    if not ages.any():
        return ""
    old = int((abs(ages) > OLD_DAYS * DAY).sum())
    age = round(median_age_days(elements, start_ns), 1)
    at = format_ns(start_ns)
    text = f"median age of the element sets at {at}: {age + 0.0:.1f} days"
    if age < 0.0:
        text = f"the median epoch of the element sets is {-age:.1f} days after {at}"
    return (
        f"{text}; {old:,} of {len(elements):,} are more than {OLD_DAYS} days away, and SGP4 is "
        "accurate for days only"
        if old
        else text
    )


def named_constellation(source: str) -> Constellation:
    """Return the constellation of NAME, NAME@ALTITUDE/INCLINATION, or a TOML file.

    ValueError or FileNotFoundError for any other source.
    """
    refuse_url(source)
    if source.lower().endswith(".toml"):
        return load_constellation(source)
    name, at, orbit = source.partition("@")
    if not at:
        return find_constellation(name)
    match = AT.fullmatch(orbit.strip())
    if not match:
        raise ValueError(
            f"cannot read {source!r}: write {name}@ALTITUDE/INCLINATION, in km and degrees, such "
            f"as {name}@550/53"
        )
    return find_constellation(
        name, altitude_km=float(match["altitude"]), inclination_deg=float(match["inclination"])
    )


class _StandardInput:
    """Standard input as a file with a name, for the messages of `read_elements`."""

    name = PIPED

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        return sys.stdin.buffer.read(size)


def _is_file(source: str) -> bool:
    """Return whether a source means a file, even a missing one.

    A pattern or a constellation can contain a slash or a dot too.
    """
    if source == STANDARD_INPUT or os.path.exists(source):
        return True
    name, at, orbit = source.partition("@")
    if is_walker_source(source) or (at and (is_preset(name) or AT.fullmatch(orbit))):
        return False
    return any(sign in source for sign in (os.sep, "/", "."))


def _synthetic(source: str, first_id: int, gravity: str, epoch: Instant) -> Elements:
    """Make a constellation from a TOML file, a Walker pattern or a known name.

    A known name is NAME or NAME@ALTITUDE/INCLINATION, of a constellation or a shell.
    """
    if _is_file(source):
        return read_constellation(source, gravity=gravity, epoch=epoch, first_id=first_id)
    try:
        if is_walker_source(source):
            return parse_walker_source(source, epoch=epoch, first_id=first_id, gravity=gravity)
        return named_constellation(source).elements(epoch, gravity, first_id=first_id)
    except ValueError as error:
        known = is_walker_source(source) or is_preset(source.partition("@")[0])
        raise SourceError(
            str(error) if known else f"there is no file {source!r} here, and {error}"
        ) from None
