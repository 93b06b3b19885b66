"""What dataset/ must know about the files of a run. The package that fills them provides it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .entries import FileEntry, PartEntry

if TYPE_CHECKING:
    from .store import Store

Plan = Mapping[str, Any]  # as a manifest records it: a JSON object


@dataclass(frozen=True)
class Kind:
    """A kind of dataset, such as snapshots.

    Attributes
    ----------
    folder : str
        The folder of the parts.
    companion : str
        The file beside the parts, without its suffix: what all parts have in common.
    command : str
        The command of gpuprop that writes such a dataset.
    function : str
        The function that writes it.
    contents : callable
        Makes the Contents of a plan. FieldError for a plan that cannot be right.
    """

    folder: str
    companion: str
    command: str
    function: str
    contents: "Callable[[Plan], Contents]"


class Contents(Protocol):
    """What a plan says of every file of its run."""

    @property
    def plan(self) -> Plan:
        """The plan, as a manifest records it."""

    @property
    def files(self) -> "Files":
        """The names of the files."""

    @property
    def format(self) -> str:
        """The format of the files, for messages."""

    @property
    def ending(self) -> bytes:
        """What every complete file ends with."""

    def check_companion(self, entry: FileEntry) -> None:
        """Raise FieldError unless an entry of the companion agrees with the plan."""

    def check_part(self, entry: PartEntry) -> None:
        """Raise FieldError unless an entry of a part agrees with the plan."""

    def check_ends(self, store: "Store", entry: PartEntry) -> None:
        """Raise DamagedError unless a file begins and ends as its part does."""

    def text(self, file: str) -> bytes:
        """Return the text in a file that proves that it was written under this plan."""

    def text_range(self, file: str, size: int) -> tuple[int, int]:
        """Return the bytes [first, stop) of a file of `size` bytes that must hold the text."""

    def was_cut(self, read: Callable[[int, int], bytes], size: int) -> bool:
        """Whether nobody can read a file, because its end or its beginning is missing.

        Parameters
        ----------
        read : callable
            read(first, stop) returns the bytes [first, stop) of the file.
        size : int
            Bytes of the file.
        """


@dataclass(frozen=True)
class Files:
    """The names of the files of a run, relative to its directory.

    `name in files` tells whether one of them has that name.
    """

    folder: str
    companion_name: str
    suffix: str
    parts: int

    @property
    def companion(self) -> str:
        """The name of the file beside the parts."""
        return f"{self.companion_name}.{self.suffix}"

    def part(self, index: int) -> str:
        """Return the name of a part."""
        return f"{self.folder}/part-{index:06d}.{self.suffix}"

    def __contains__(self, name: str) -> bool:
        number = re.match(rf"{self.folder}/part-([0-9]{{6,18}})\.", name)
        return name == self.companion or (
            number is not None and int(number[1]) < self.parts and name == self.part(int(number[1]))
        )
