"""The plan of a directory of passes as its manifest records it, and what follows for every file.

This is what dataset/ must know about passes. The plan comes from a disk or a store: nothing in it
is used before `PassContents.of` has checked it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...dataset.contents import Files, Kind, Plan
from ...dataset.entries import FileEntry, PartEntry
from ...dataset.fields import FieldError, check_fields, digest, integer, json_object, one_of, text
from ...dataset.store import Store
from ...errors import DamagedError
from ...time.instants import format_ns
from ..events import MICROSECOND

FOLDER, SATELLITES = "passes", "satellites"
# Fields of a plan that describe its files. They are not in the metadata of a schema.
FILE_FIELDS = ("format", "parts", "part_us", "first_us", "stop_us")
BEGINNING, ENDING = b"PAR1", b"PAR1"
SCHEMA_BYTES = 64 << 10  # more than the schema takes without the text of the plan


def _instant(value: object) -> bool:
    return type(value) is int and abs(value) < 1 << 63


@dataclass(frozen=True, eq=False)
class PassContents:
    """The plan of passes, and what follows from it for every file: dataset.contents.Contents."""

    plan: Plan

    @staticmethod
    def of(plan: Plan) -> "PassContents":
        """Check a plan. FieldError if a field cannot be correct."""
        check_fields(
            "its plan",
            plan,
            {
                "version": text,
                "elements": digest,
                "options": json_object,
                "satellites": integer(1),
                "format": one_of("parquet"),
                "parts": integer(1),
                "part_us": integer(1),
                "first_us": _instant,
                "stop_us": _instant,
            },
        )
        span = plan["stop_us"] - plan["first_us"]
        if span < 1 or plan["parts"] != -(-span // plan["part_us"]):
            raise FieldError(f"its plan has {plan['parts']} parts; its window makes another number")
        return PassContents(plan)

    @property
    def format(self) -> str:
        """The format of the files."""
        return "parquet"

    @property
    def files(self) -> Files:
        """The names of the files."""
        return Files(FOLDER, SATELLITES, self.format, self.plan["parts"])

    @property
    def ending(self) -> bytes:
        """The last bytes of every complete file."""
        return ENDING

    def span(self, part: int) -> tuple[int, int]:
        """Return the first instant of a part and the one after its last, microseconds."""
        begin = self.plan["first_us"] + part * self.plan["part_us"]
        return begin, min(begin + self.plan["part_us"], self.plan["stop_us"])

    def ends(self, part: int) -> tuple[str, str]:
        """Return the first and the last instant at which passes of a part may rise, UTC."""
        begin, end = self.span(part)
        return format_ns(begin * MICROSECOND), format_ns((end - 1) * MICROSECOND)

    @property
    def metadata(self) -> dict[str, object]:
        """The metadata in the schema of every part."""
        return {name: value for name, value in self.plan.items() if name not in FILE_FIELDS}

    def text(self, file: str) -> bytes:
        """Return the text in a file that proves that it was written under this plan."""
        return json.dumps(self.metadata).encode()

    def text_range(self, file: str, size: int) -> tuple[int, int]:
        """Return the bytes [first, stop) of a file that must hold the text: its footer."""
        return max(0, size - 4 * len(self.text(file)) - SCHEMA_BYTES), size

    def was_cut(self, read: Callable[[int, int], bytes], size: int) -> bool:
        """Say whether a file has lost its end, so that nobody can read it."""
        begin = read(0, min(size, 4))
        return BEGINNING.startswith(begin) and read(max(4, size - 4), size) != ENDING

    def check_companion(self, entry: FileEntry) -> None:
        """Raise FieldError unless the entry of the satellites has a row for each of them."""
        if entry.rows != self.plan["satellites"]:
            raise FieldError(
                f"its entry of the satellites has {entry.rows} rows; its plan has "
                f"{self.plan['satellites']} satellites"
            )

    def check_part(self, entry: PartEntry) -> None:
        """Raise FieldError unless an entry has the instants of its part."""
        if (entry.first, entry.last) != self.ends(entry.part):
            raise FieldError(f"the instants of part {entry.part} are not those of its plan")

    def check_ends(self, store: Store, entry: PartEntry) -> None:
        """Raise DamagedError unless the passes of a file rise within its part."""
        try:
            with store.arrow_file(entry.file, entry.bytes) as file:
                rises = pq.ParquetFile(file).read(columns=["rise"]).column("rise")
        except (OSError, ValueError) as error:
            raise DamagedError(f"it cannot be read ({error})") from None
        if len(rises) != entry.rows:
            raise DamagedError(f"it has {len(rises):,} rows, {entry.rows:,} were written")
        if entry.rows:
            first, last = (value.value for value in pc.min_max(rises).values())
            begin, end = self.span(entry.part)
            if first < begin * MICROSECOND or last >= end * MICROSECOND:
                raise DamagedError("its passes are those of another part")


PASSES = Kind(FOLDER, SATELLITES, "access", "gpuprop.access", PassContents.of)
