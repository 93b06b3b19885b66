"""What commands are given: a directory, files, and the selection of satellites."""

import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from ..dataset.location import open_store
from ..dataset.store import Store
from ..elements.selection import SelectionError, SelectionWarning
from ..elements.sets import Elements
from ..errors import UsageError
from .console import say
from .options import wrong_call

SHOWN = 5  # of a list, on the terminal


def given_store(directory: str) -> Store:
    """Return the store of a directory given on the command line: a path or a URL."""
    with wrong_call():
        return open_store(directory)


def check_outputs(
    outputs: Iterable[str | os.PathLike[str]], inputs: Iterable[str | os.PathLike[str] | None]
) -> None:
    """Raise UsageError if a file to write is one that the command reads, or has no folder.

    This is checked before anything is read. inputs may be names of constellations, too.
    """
    read = [each for each in inputs if each and os.path.exists(each)]
    for path in outputs:
        name, folder = os.fspath(path), os.path.dirname(path) or "."
        if os.path.exists(path) and any(os.path.samefile(path, each) for each in read):
            raise UsageError(f"{name!r} is read by this command: write to another file")
        if not os.path.isdir(folder):
            raise UsageError(
                f"there is no directory {folder!r} to write {os.path.basename(path)} in"
            )
        if os.path.isdir(path):
            raise UsageError(f"{name!r} is a directory: name a file")
        try:
            with tempfile.TemporaryFile(dir=folder):  # a mode does not say all: /proc, full disks
                pass
        except OSError as error:
            raise UsageError(f"{name!r} cannot be written: {error.strerror or error}") from None


@contextmanager
def warnings_as_notes(
    tell: Callable[[str], None], category: type[Warning], where: str = ""
) -> Iterator[None]:
    """Print warnings of a category as notes.

    where: what each note begins with, such as the name of an option.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("always", category)
        warnings.showwarning = lambda message, *_, **__: tell(f"note: {where}{message}")
        yield


def report_records(
    elements: Elements, tell: Callable[[str], None] = say, latest: bool = False
) -> None:
    """Report records that cannot be read and catalogue numbers that occur more than once."""
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
            "show that they differ. If gpuprop export made the files, give each another --first-id"
        )


def repeated_numbers(elements: Elements) -> dict[str, list[int]]:
    """Return repeated catalogue numbers, for --json.

    duplicates: the numbers of several element sets. shared_numbers: those of different satellites.
    """
    return dict(
        duplicates=elements.duplicates.tolist(), shared_numbers=elements.shared_numbers.tolist()
    )


def _numbers(count: int) -> str:
    return f"{count:,} catalogue numbers occur" if count != 1 else "1 catalogue number occurs"


def _listed(numbers: npt.NDArray[np.int32]) -> str:
    return ", ".join(map(str, numbers[:SHOWN])) + (", ..." if len(numbers) > SHOWN else "")


def choose(
    elements: Elements,
    select: list[str] | None,
    where: list[str] | None,
    start: np.datetime64 | None = None,
    gravity: str = "wgs72",
    *,
    latest: bool = False,
    tell: Callable[[str], None] = say,
) -> Elements:
    """Choose the satellites of --latest, --select and --where. UsageError if there are none.

    start: the instant that age_days is counted to; by default that of the sets that --latest
    keeps. tell: prints a line about patterns that match no satellite.
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
            matching = elements.where(condition, start=start, gravity=gravity)
        except ValueError as error:
            raise UsageError(f"--where, {error}") from None
        if not len(matching):
            raise UsageError(
                f"--where {condition!r} holds for none of the {len(elements):,} "
                f"satellites{' selected' if select else ''}"
            )
        elements = matching
    return elements
