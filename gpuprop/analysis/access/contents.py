"""What dataset/ must know about a directory of passes."""

from typing import ClassVar

from ...dataset.contents import Kind
from ..parts_by_time import SATELLITES, PartsByTime


class PassContents(PartsByTime):
    """The plan of passes, and what follows from it for every file."""

    folder: ClassVar[str] = "passes"

    def sorted_by(self, index: int) -> str:
        """Return the column of instants by which the rows of a file are in its part."""
        return "rise"


PASSES = Kind(PassContents.folder, SATELLITES, "access", "gpuprop.access", PassContents.of)
