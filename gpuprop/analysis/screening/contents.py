"""What dataset/ must know about a directory of a screening.

Of each part of the window there are two files, which dataset/ sees as two parts: 2 p holds the
conjunctions, 2 p + 1 the companions of part p.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...dataset.contents import Files, Kind
from ...dataset.fields import Check, text
from ..parts_by_time import SATELLITES, PartsByTime

TABLES = ("conjunctions", "companions")
SORTED_BY = ("TCA", "ENTER")


@dataclass(frozen=True)
class ScreeningFiles(Files):
    """The names of the files: conjunctions-000000 and companions-000000 for each part."""

    def part(self, index: int) -> str:
        """Return the name of a part."""
        return f"{self.folder}/{TABLES[index % 2]}-{index // 2:06d}.{self.suffix}"

    def __contains__(self, name: str) -> bool:
        found = re.fullmatch(rf"{self.folder}/({'|'.join(TABLES)})-([0-9]{{6,18}})\..*", name)
        if found is None:
            return name == self.companion
        index = 2 * int(found[2]) + TABLES.index(found[1])
        return index < self.parts and name == self.part(index)


class ScreeningContents(PartsByTime):
    """The plan of a screening, and what follows from it for every file."""

    folder: ClassVar[str] = "screening"
    tables: ClassVar[int] = len(TABLES)
    optional: ClassVar[Mapping[str, Check]] = {
        **dict.fromkeys(("recall", "probability", "model", "frame", "time_scale"), text),
        **dict.fromkeys(("gravity", "opsmode"), text),
        "earth_orientation": lambda value: value is None,
    }

    @property
    def files(self) -> Files:
        """The names of the files."""
        return ScreeningFiles(self.folder, SATELLITES, self.format, self.plan["parts"])

    def sorted_by(self, index: int) -> str:
        """Return the column of instants by which the rows of a file are in its part."""
        return SORTED_BY[index % 2]


SCREENING = Kind(
    ScreeningContents.folder, SATELLITES, "screen", "gpuprop.screen", ScreeningContents.of
)
