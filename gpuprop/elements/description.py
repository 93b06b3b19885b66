"""What element sets are, in a line and as HTML: satellites, shells of filings, epochs."""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..messages import counted, shortened
from ..notebook import MOST_ROWS, page
from ..time.instants import format_ns
from ..typing import Mask

# The note of a shell of a filing: `starlink-g1-s1: 72 planes of 22 at 550 km, 53 deg; nodes ...`
SHELL = re.compile(r"(?P<shell>.+?): (?P<planes>\d[\d,]* planes? [^;]*)")
MOST_SHELLS = 3  # that a line lists by name
PREVIEW = ("NORAD_CAT_ID", "OBJECT_NAME", "EPOCH", "MEAN_MOTION", "ECCENTRICITY", "INCLINATION")


class ElementSets(Protocol):
    """What is described of gpuprop.Elements."""

    @property
    def fields(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """Values by OMM name."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Facts about the satellites."""

    @property
    def noted(self) -> Mask | None:
        """Which satellites each note is about, (n_notes, n)."""

    @property
    def rejected(self) -> Sequence[object]:
        """Records that could not be read."""

    def __len__(self) -> int: ...


def shells_of(elements: ElementSets) -> dict[str, tuple[str, int]]:
    """Return the shells of filings: {name: (planes in words, satellites)}, from the notes."""
    assert elements.noted is not None
    return {
        found["shell"]: (found["planes"], int(members.sum()))
        for note, members in zip(elements.notes, elements.noted, strict=True)
        if (found := SHELL.match(note))
    }


def title(elements: ElementSets) -> str:
    """Describe element sets in a line: how many, of which shells, their epochs."""
    if not len(elements):
        return "0 satellites" + _rejected(elements)
    shells, filed = shells_of(elements), int((elements.fields["plane"].astype(int) >= 0).sum())
    what = counted(len(elements), "satellite")
    if filed and shells:
        names = ", ".join(shells) if len(shells) <= MOST_SHELLS else _some(list(shells))
        of = f"{counted(len(shells), 'shell')} ({names})"
        what += f" of {of}" if filed == len(elements) else f", {filed:,} of {of}"
    return f"{what}, {_epochs(elements)}{_rejected(elements)}"


def html(elements: ElementSets) -> str:
    """Describe element sets as HTML, with the first of them."""
    facts = {}
    if len(elements):
        facts = {
            f"shell {name}": f"{counted(satellites, 'satellite')}: {planes}"
            for name, (planes, satellites) in shells_of(elements).items()
        }
    notes = [note for note in elements.notes if not SHELL.match(note)]
    for number, note in enumerate(notes[:MOST_ROWS]):
        facts[f"note {number + 1}"] = shortened(note, 200)
    if len(notes) > MOST_ROWS:
        facts["more notes"] = f"{len(notes) - MOST_ROWS:,} in notes"
    first = {name: elements.fields[name][:MOST_ROWS] for name in PREVIEW}
    epochs = [format_ns(int(ns)) for ns in first["EPOCH"].view(np.int64)]
    columns = [epochs if name == "EPOCH" else first[name].tolist() for name in PREVIEW]
    rows: list[tuple[object, ...]] = list(zip(*columns, strict=True))
    header = PREVIEW if len(elements) else ()
    caption = f"the first {counted(len(epochs), 'set')}; angles in deg, mean motion in rev/day"
    return page(f"Elements: {title(elements)}", facts, header, rows, caption)


def _epochs(elements: ElementSets) -> str:
    epochs = elements.fields["EPOCH"].astype("datetime64[ns]", copy=False)
    first, last = (str(edge.astype("datetime64[s]")) + "Z" for edge in (epochs.min(), epochs.max()))
    return f"epoch {first}" if first == last else f"epochs {first} to {last}"


def _rejected(elements: ElementSets) -> str:
    return f", {counted(len(elements.rejected), 'record')} rejected" if elements.rejected else ""


def _some(names: list[str]) -> str:
    return f"{names[0]} ... {names[-1]}"
