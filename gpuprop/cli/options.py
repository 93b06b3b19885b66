"""What several commands share: options, and the selection of satellites."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from cyclopts import Group, Parameter

from ..dataset.location import open_store
from ..dataset.store import Store
from ..elements.altitudes import ALTITUDE
from ..elements.conditions import QUANTITIES
from ..elements.selection import SelectionError, SelectionWarning
from ..elements.sets import Elements
from ..errors import UsageError
from .console import say

SHOWN = 5  # of a list of things found, on the terminal


SATELLITES = Group.create_ordered("Which satellites")
INSTANTS = Group.create_ordered("Which instants")
STATES = Group.create_ordered("What is computed")
FILES = Group.create_ordered("Files")
RUN = Group.create_ordered("How it runs")
MESSAGES = Group.create_ordered("What is printed")


def flag(help: str, group: Group | None = None, name: str | list[str] | None = None) -> Parameter:
    """An option without a value, which is off unless given."""
    return Parameter(negative="", show_default=False, help=help, group=group, name=name)


Json = Annotated[bool, flag("Print one JSON object on stdout instead of text.", MESSAGES)]


OnError = Annotated[
    Literal["raise", "skip"],
    Parameter(help="What to do with element sets that cannot be read.", group=SATELLITES),
]


Checksum = Annotated[
    Literal["verify", "ignore"], Parameter(help="Checksums of TLE lines.", group=SATELLITES)
]


Select = Annotated[
    list[str] | None,
    Parameter(
        negative="",
        group=SATELLITES,
        help="Keep satellites by name ('STARLINK*'; only * and ? are wildcards), catalogue number (25544) or operator (@guowang ...). "
        "Repeated: any of them.",
    ),
]


Where = Annotated[
    list[str] | None,
    Parameter(
        negative="",
        group=SATELLITES,
        help="Keep satellites for which a condition holds: 'altitude_km > 500 and inclination_deg < 60'. Names: "
        f"{', '.join(QUANTITIES)}; < <= > >= == !=, in (1, 2), like, and, or, not. altitude_km: "
        f"{ALTITUDE}. age_days is counted to "
        "--start, else to the median epoch of the catalogue. Repeated: all of them.",
    ),
]


Latest = Annotated[
    bool,
    flag(
        "Keep only the newest element set of each satellite; this is done before --select and "
        "--where. Constellations stay whole.",
        SATELLITES,
    ),
]


Epoch = Annotated[
    str | None,
    Parameter(
        group=SATELLITES,
        help="Epoch of constellations, UTC: the instant at which nodes and phases are as filed [default: --start if given, else the median "
        "epoch of the catalogues, else 2026-01-01].",
    ),
]


FirstId = Annotated[
    int | None,
    Parameter(
        name="--first-id",
        group=SATELLITES,
        help="Number of the first satellite of constellations; the others follow [default: 1000000000]. A TLE holds numbers up to 339999.",
    ),
]


@contextmanager
def wrong_call() -> Iterator[None]:
    """Turn ValueError, TypeError and a missing file into UsageError: the call is wrong (exit code
    2).
    """
    try:
        yield
    except (ValueError, TypeError, FileNotFoundError) as error:
        raise UsageError(str(error)) from error


def given_store(directory: str) -> Store:
    """Return the store of a directory given on the command line: a path or a URL."""
    with wrong_call():
        return open_store(directory)


@contextmanager
def warnings_as_notes(
    tell: Callable[[str], None], category: type[Warning], where: str = ""
) -> Iterator[None]:
    """Print warnings of a category as notes. where: what they begin with, such as an option."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", category)
        warnings.showwarning = lambda message, *_, **__: tell(f"note: {where}{message}")
        yield


def say_what_is_odd(
    elements: Elements, tell: Callable[[str], None] = say, latest: bool = False
) -> None:
    """Report the records that cannot be read and the catalogue numbers that occur more than once."""
    if elements.rejected:
        tell(f"skipped {len(elements.rejected):,} element sets that cannot be read:")
        for reject in elements.rejected[:SHOWN]:
            tell(f"  {reject}")
        if len(elements.rejected) > SHOWN:
            tell("  ... (gpuprop info lists all)")
    shared = elements.shared_numbers
    repeated = np.setdiff1d(elements.duplicates, shared)
    if len(repeated):
        kept = (
            "the newest element set of each is kept"
            if latest
            else "all are kept (--latest keeps the newest set of each)"
        )
        tell(f"{_numbers(len(repeated))} more than once, {kept}: {_listed(repeated)}")
    if len(shared):
        tell(
            f"{_numbers(len(shared))} for different satellites, which are all kept: "
            f"{_listed(shared)}. Names, designators and inclinations "
            "tell them apart, the number does not: where gpuprop export made the files, give each "
            "another --first-id"
        )


def repeated_numbers(elements: Elements) -> dict[str, list[int]]:
    """For --json: the numbers of several sets, and those of them that stand for different
    satellites.
    """
    return dict(
        duplicates=elements.duplicates.tolist(), shared_numbers=elements.shared_numbers.tolist()
    )


def _numbers(count: int) -> str:
    return f"{count:,} catalogue numbers occur" if count != 1 else "1 catalogue number occurs"


def _listed(numbers: npt.NDArray[np.int32]) -> str:
    return ", ".join(map(str, numbers[:SHOWN])) + (", ..." if len(numbers) > SHOWN else "")


def chosen(
    elements: Elements,
    select: list[str] | None,
    where: list[str] | None,
    start: np.datetime64 | None = None,
    gravity: str = "wgs72",
    *,
    latest: bool = False,
    tell: Callable[[str], None] = say,
) -> Elements:
    """The satellites of --latest, --select and --where. UsageError if none is left.

    start: the instant that age_days is counted to; the default is that of the sets that --latest
    keeps. tell: reports patterns that match no satellite.
    """
    if latest:
        elements = elements.latest()
    if start is None and len(elements):
        start = elements.default_start
    if select:
        with warnings_as_notes(tell, SelectionWarning, "--select "):
            try:
                elements = elements.select(select)
            except ValueError as error:
                raise UsageError(
                    f"--select {error}" if isinstance(error, SelectionError) else str(error)
                ) from None
    for condition in where or ():
        try:
            held = elements.where(condition, start=start, gravity=gravity)
        except ValueError as error:
            raise UsageError(f"--where, {error}") from None
        if not len(held):
            raise UsageError(
                f"--where {condition!r} holds for none of the {len(elements):,} "
                f"satellites{' selected' if select else ''}"
            )
        elements = held
    return elements
