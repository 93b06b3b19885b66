"""The plan of snapshots as a manifest records it, and what follows from it for every file.

This is what dataset/ must know about snapshots. The plan comes from a disk or a store: nothing in
it is used before `_check_plan` has checked it.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property

from ..dataset.contents import Files, Kind, Plan
from ..dataset.entries import FileEntry, PartEntry
from ..dataset.fields import (
    Check,
    FieldError,
    any_integer,
    check_fields,
    digest,
    flag,
    integer,
    json_object,
    one_of,
    or_null,
    short_text,
    text,
    texts,
)
from ..dataset.store import Store
from ..messages import shown
from ..states import FRAMES
from ..time.durations import duration_ns
from ..time.instants import format_ns
from ..time.times import Times, instant_ns
from .layout import Layout
from .options import COMPRESSIONS, DTYPES, FORMATS, TIMESTAMP_UNITS, SnapshotOptions
from .part_reader import Part
from .schema import metadata_text, options_of, satellites_text

FOLDER, SATELLITES = "snapshots", "satellites"
PLAN: dict[str, Check] = {
    "format": one_of(*FORMATS),
    "compression": one_of(*COMPRESSIONS),
    "frame": one_of(*FRAMES),
    "dtype": one_of(*DTYPES),
    "velocity": flag,
    "start": or_null(short_text),
    "step": or_null(short_text),
    **dict.fromkeys(
        ("satellites", "instants", "parts", "part_instants", "batch_instants", "instant_batches"),
        integer(1),
    ),
}
PLAN_OPTIONAL: dict[str, Check] = {  # Older plans may lack these.
    "version": text,
    "model": text,
    "time_scale": text,
    "earth_orientation": or_null(text),
    "gravity": text,
    "opsmode": text,
    "precision": json_object,
    "units": json_object,
    "sunlit": flag,
    "elements": digest,
    "rows": any_integer,
    "times": digest,
    "timestamp_unit": one_of(*TIMESTAMP_UNITS),
    "notes": texts,
}
ENDINGS = {"arrow": b"ARROW1", "parquet": b"PAR1"}  # The last bytes of a complete file.
ARROW_BEGINS, PARQUET_BEGINS = b"ARROW1\0\0", b"PAR1"
# More than the schema takes without the text of the plan: a few thousand bytes in both formats.
SCHEMA_BYTES = 64 << 10


@dataclass(frozen=True, eq=False)
class SnapshotContents:
    """The plan of snapshots, and what follows from it for every file.

    Implements dataset.contents.Contents.

    Attributes
    ----------
    plan : dict
        In the form of Plan.to_dict().
    layout : Layout
        Which rows are in which part.
    times : Times or None
        The instants if they are a grid.
    """

    plan: Plan
    layout: Layout
    times: Times | None

    @staticmethod
    def of(plan: Plan) -> "SnapshotContents":
        """Check every field of a plan. FieldError if one cannot be correct."""
        return SnapshotContents(plan, *_check_plan(plan))

    @property
    def format(self) -> str:
        """The format of the files."""
        return str(self.plan["format"])

    @cached_property
    def files(self) -> Files:
        """The names of the files."""
        return Files(FOLDER, SATELLITES, self.format, self.layout.parts)

    @property
    def ending(self) -> bytes:
        """The last bytes of every complete file."""
        return ENDINGS[self.format]

    @cached_property
    def options(self) -> SnapshotOptions:
        """The options of the run."""
        return options_of(self.plan)

    @cached_property
    def part_text(self) -> bytes:
        """The value of the key `gpuprop` in the schema of each part."""
        return metadata_text(self.plan).encode()

    @cached_property
    def satellites_text(self) -> bytes:
        """The value of this key in the file of the satellites."""
        return satellites_text(self.plan).encode()

    def text(self, file: str) -> bytes:
        """Return the value of this key in a file of the run, given by its name."""
        return self.satellites_text if file == self.files.companion else self.part_text

    def text_range(self, file: str, size: int) -> tuple[int, int]:
        """Return the bytes [first, stop) of a file of `size` bytes in which the text must be."""
        length = len(self.text(file))
        if self.format == "arrow":
            return 0, min(size, length + SCHEMA_BYTES)
        # The footer ends with two copies of the plan. The row groups come before them.
        return max(0, size - 4 * length - SCHEMA_BYTES), size

    def was_cut(self, read: Callable[[int, int], bytes], size: int) -> bool:
        """Return whether an Arrow file ends inside its schema, or a Parquet file lost its end.

        Nobody can read such a file. read(first, stop) returns bytes of the file.
        """
        begin = read(0, min(size, 16))
        if self.format == "parquet":
            return PARQUET_BEGINS.startswith(begin[:4]) and read(max(4, size - 4), size) != b"PAR1"
        # In files of the older IPC format no marker comes before the length of the schema.
        marked = begin[8:12] == b"\xff" * 4
        length = int.from_bytes(begin[12:16] if marked else begin[8:12], "little")
        return ARROW_BEGINS.startswith(begin[:8]) and (size < 16 or size < 12 + 4 * marked + length)

    def check_companion(self, entry: FileEntry) -> None:
        """Raise FieldError unless the entry of the satellites has a row for each of them."""
        if entry.rows != self.layout.satellites:
            raise FieldError(
                f"its entry of the satellites has {entry.rows} rows; its plan has "
                f"{self.layout.satellites} satellites"
            )

    def check_part(self, entry: PartEntry) -> None:
        """Raise FieldError unless an entry has the rows and the instants of its part."""
        instants = self.layout.part(entry.part)
        rows = len(instants) * self.layout.satellites
        if entry.rows != rows or sum(entry.status.values()) != rows:
            raise FieldError(
                f"part {entry.part} of its plan has {rows} rows; its entry has another number"
            )
        for name, found, instant in (
            ("first", entry.first, instants[0]),
            ("last", entry.last, instants[-1]),
        ):
            if self.times is not None:
                expected = format_ns(int(self.times.instants[instant]))
                if found != expected:
                    raise FieldError(
                        f"{name!r} of part {entry.part} is {shown(found)}; its plan says {expected}"
                    )
            else:
                try:
                    instant_ns(found)
                except ValueError as error:
                    raise FieldError(f"{name!r} of part {entry.part}: {error}") from None

    def check_ends(self, store: Store, entry: PartEntry) -> None:
        """Raise DamagedError unless a file begins and ends with the instants of its part."""
        self.part(store, entry).check_ends()

    def part(self, store: Store, entry: PartEntry) -> Part:
        """Make the reader of a part."""
        return Part(store, entry, self.layout, self.times, self.options, self.part_text)


SNAPSHOTS = Kind(FOLDER, SATELLITES, "propagate", "write_snapshots", SnapshotContents.of)


def _check_plan(plan: Plan) -> tuple[Layout, Times | None]:
    """Check a plan. Return its layout, and its instants if they are a grid."""
    check_fields("its plan", plan, PLAN, PLAN_OPTIONAL)
    layout = Layout(**{each.name: plan[each.name] for each in fields(Layout)})
    if layout.part_instants % layout.batch_instants or (
        layout.instant_batches > 1 and layout.batch_instants > 1
    ):
        raise FieldError("its plan has parts that are not a whole number of batches")
    if layout.instant_batches > layout.satellites or plan["parts"] != layout.parts:
        raise FieldError(f"its plan has {plan['parts']} parts; its instants make {layout.parts}")
    rows = layout.satellites * layout.instants
    if plan.get("rows", rows) != rows:
        raise FieldError(
            f"its plan has {shown(plan['rows'])} rows; its satellites and instants make {rows}"
        )
    start, step = plan["start"], plan["step"]
    if (start is None) != (step is None):
        raise FieldError("its plan has only one of start and step; a grid has both")
    if step is None:
        return layout, None
    try:
        return layout, Times.grid(instant_ns(start), duration_ns(step), layout.instants)
    except ValueError as error:
        raise FieldError(f"its plan has wrong instants: {error}") from None
