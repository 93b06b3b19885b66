"""What the commands share: where they print, how they ask for satellites, and what is wrong with a call."""

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import App, Parameter
from rich.console import Console

from .. import __version__
from ..arrow.place import place
from ..conditions import QUANTITIES
from ..elements import Elements
from ..selection import SelectionError, SelectionWarning

DONE, FAILED, WRONG_CALL, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143


SHOWN = 5


app = App(
    name="gpuprop",
    help="Propagate whole constellations with SGP4 and write position snapshots to Apache Arrow files.",
    version=__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)


class Output(Console):
    """stdout; when nobody reads it any more, that is no failure of the job."""

    def on_broken_pipe(self) -> None:
        try:
            super().on_broken_pipe()
        except SystemExit:
            raise SystemExit(DONE) from None


out = Output(soft_wrap=True, highlight=False)


err = Console(stderr=True, soft_wrap=True, highlight=False)


Json = Annotated[bool, Parameter(negative="", help="Print one JSON object on stdout instead of text.")]


OnError = Annotated[Literal["raise", "skip"], Parameter(help="What to do with element sets that cannot be read.")]


Checksum = Annotated[Literal["verify", "ignore"], Parameter(help="Checksums of TLE lines.")]


Select = Annotated[
    list[str] | None,
    Parameter(
        negative="",
        help="Keep satellites by name ('STARLINK*'; only * and ? are wild), catalogue number (25544) or operator (@guowang, @qianfan ...). "
        "Repeated: any of them.",
    ),
]


Latest = Annotated[
    bool,
    Parameter(negative="", help="Keep the newest element set of each satellite; before --select and --where. Synthetic ones are all kept."),
]


Where = Annotated[
    list[str] | None,
    Parameter(
        negative="",
        help="Keep satellites for which a condition holds: 'altitude_km > 500 and inclination_deg < 60'. Names: "
        f"{', '.join(QUANTITIES)}; < <= > >= == !=, in (1, 2), like, and, or, not. age_days is counted to --start, else to when most of "
        "the catalogue is from. Repeated: all of them.",
    ),
]


class WrongCall(ValueError):
    """The arguments do not make sense together, or name something that is not known."""


@contextmanager
def wrong_call() -> Iterator[None]:
    """ValueError, TypeError and a file that is not there are the caller's: exit 2."""
    try:
        yield
    except (ValueError, TypeError, FileNotFoundError) as error:
        raise WrongCall(str(error)) from error


def given_place(directory: str) -> Path:
    """A directory as it stands on the command line: a path, or a URL."""
    with wrong_call():
        return place(directory)


def say(text: str) -> None:
    """A line on stderr; a terminal gets as much of it as fits."""
    if err.is_terminal:
        err.print(text, markup=False, no_wrap=True, overflow="ellipsis", soft_wrap=False)
    else:
        err.print(text, markup=False)


def say_whole(text: str) -> None:
    err.print(text, markup=False, style="bold")


def silent(text: str) -> None:
    pass


def print_json(facts: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    out.print(json.dumps(facts), markup=False)


def print_result(facts: dict[str, Any], as_json: bool, text: str) -> None:
    """The facts as JSON, or as a text."""
    if as_json:
        print_json(facts)
    else:
        out.print(text)


def say_what_is_odd(elements: Elements, say: Callable[[str], None], latest: bool = False) -> None:
    if elements.rejected:
        say(f"skipped {len(elements.rejected):,} element sets that cannot be read:")
        for reject in elements.rejected[:SHOWN]:
            say(f"  {reject}")
        if len(elements.rejected) > SHOWN:
            say("  ... (gpuprop info lists all)")
    if len(elements.duplicates):
        shown = ", ".join(map(str, elements.duplicates[:SHOWN])) + (", ..." if len(elements.duplicates) > SHOWN else "")
        kept = "the newest element set of each is kept" if latest else "all are kept (--latest keeps the newest set of each)"
        say(f"{len(elements.duplicates):,} catalogue numbers occur more than once, {kept}: {shown}")


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
    """The satellites of --latest, --select and --where. WrongCall where none is left. tell: for patterns that fit none."""
    if latest:
        elements = elements.latest()
    if select:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", SelectionWarning)
            try:
                elements = elements.select(select)
            except ValueError as error:
                raise WrongCall(f"--select {error}" if isinstance(error, SelectionError) else str(error)) from None
        for warning in caught:
            tell(f"note: --select {warning.message}")
    for condition in where or ():
        try:
            held = elements.where(condition, start=start, gravity=gravity)
        except ValueError as error:
            raise WrongCall(f"--where, {error}") from None
        if not len(held):
            raise WrongCall(f"--where {condition!r} holds for none of the {len(elements):,} satellites{' selected' if select else ''}")
        elements = held
    return elements
