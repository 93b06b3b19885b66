"""What every directory of answers has: Parquet files, each with the events of a span of time.

A subclass of `PartsByTime` says what is in the files. This is what dataset/ must know about
them (dataset.contents.Contents).
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..dataset.contents import Files, Kind, Plan
from ..dataset.entries import FileEntry, PartEntry
from ..dataset.fields import (
    Check,
    FieldError,
    check_fields,
    digest,
    integer,
    json_object,
    one_of,
    text,
)
from ..dataset.location import AnyPath, open_store
from ..dataset.manifest import Manifest
from ..dataset.shards import MOST_PARTS
from ..dataset.sink import NewFile
from ..dataset.store import Store
from ..elements.sets import Elements
from ..errors import DamagedError
from ..literals import TimestampUnit
from ..time.instants import format_ns
from .events import MICROSECOND
from .tables import UTC, parquet_writer, with_timestamps, write_parquet

SATELLITES = "satellites"
# Fields of a plan that describe its files. They are not in the metadata of a schema.
FILE_FIELDS = ("format", "parts", "part_us", "first_us", "stop_us", "timestamp_unit")
MARK = b"PAR1"  # at both ends of a file
GROUP_ROWS = 1 << 18  # of a row group, where a file is written group by group
SCHEMA_BYTES = 1 << 20  # more than the schema takes without the text of the plan

Self = TypeVar("Self", bound="PartsByTime")


def _instant(value: object) -> bool:
    return type(value) is int and abs(value) < 1 << 63


@dataclass(frozen=True, eq=False)
class PartsByTime(ABC):
    """The plan of a directory of answers, and what follows from it for every file.

    The plan comes from a disk or a store: nothing in it is used before `of` has checked it.
    """

    plan: Plan
    folder: ClassVar[str]
    tables: ClassVar[int] = 1  # files of each span; their numbers follow each other
    optional: ClassVar[Mapping[str, Check]] = {}  # fields that a plan may have

    @classmethod
    def of(cls: type[Self], plan: Plan) -> Self:
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
                "parts": integer(cls.tables),
                "part_us": integer(1),
                "first_us": _instant,
                "stop_us": _instant,
            },
            {**cls.optional, "timestamp_unit": one_of("us")},
        )
        if plan["parts"] != cls.count(plan["first_us"], plan["stop_us"], plan["part_us"]):
            raise FieldError(f"its plan has {plan['parts']} files; its window makes another number")
        return cls(plan)

    @classmethod
    def count(cls, first: int, stop: int, part: int) -> int:
        """Return the number of files for [first, stop), microseconds, in parts of that length."""
        return cls.tables * -(-(stop - first) // part) if first < stop else 0

    @classmethod
    def planned(
        cls: type[Self],
        metadata: Mapping[str, object],
        first: int,
        stop: int,
        part: int,
        timestamp_unit: TimestampUnit = "ns",
    ) -> Self:
        """Plan a directory for [first, stop), microseconds, in parts of that length.

        timestamp_unit: that of the instants in the files.

        ValueError for more than MOST_PARTS files.
        """
        files = cls.count(first, stop, part)
        if files > MOST_PARTS:
            raise ValueError(
                f"the window makes {files:,} files, and a directory holds at most {MOST_PARTS:,}: "
                "write several directories"
            )
        return cls.of(
            {
                **metadata,
                "format": "parquet",
                "parts": files,
                "part_us": part,
                "first_us": first,
                "stop_us": stop,
                # plans of earlier versions lack it
                **({} if timestamp_unit == "ns" else {"timestamp_unit": timestamp_unit}),
            }
        )

    @abstractmethod
    def sorted_by(self, index: int) -> str:
        """Return the column of instants by which the rows of a file are in its part."""

    @property
    def timestamp_unit(self) -> TimestampUnit:
        """The unit of the instants in the files."""
        return self.plan.get("timestamp_unit", "ns")  # type: ignore[no-any-return]

    @property
    def format(self) -> str:
        """The format of the files."""
        return "parquet"

    @property
    def files(self) -> Files:
        """The names of the files."""
        return Files(self.folder, SATELLITES, self.format, self.plan["parts"])

    @property
    def ending(self) -> bytes:
        """The last bytes of every complete file."""
        return MARK

    def span(self, index: int) -> tuple[int, int]:
        """Return the first instant of a file and the one after its last, microseconds."""
        begin = self.plan["first_us"] + index // self.tables * self.plan["part_us"]
        return begin, min(begin + self.plan["part_us"], self.plan["stop_us"])

    def ends(self, index: int) -> tuple[str, str]:
        """Return the first and the last instant that rows of a file may have, UTC."""
        begin, end = self.span(index)
        return format_ns(begin * MICROSECOND), format_ns((end - 1) * MICROSECOND)

    @property
    def metadata(self) -> dict[str, object]:
        """The metadata in the schema of every file."""
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
        return MARK.startswith(begin) and read(max(4, size - 4), size) != MARK

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
        """Raise DamagedError unless the rows of a file are of its part."""
        name = self.sorted_by(entry.part)
        try:
            with store.arrow_file(entry.file, entry.bytes) as file:
                instants = pq.ParquetFile(file).read(columns=[name]).column(name)
        except (OSError, ValueError) as error:
            raise DamagedError(f"it cannot be read ({error})") from None
        if len(instants) != entry.rows:
            raise DamagedError(f"it has {len(instants):,} rows, {entry.rows:,} were written")
        if entry.rows:
            instants = instants.cast(UTC)
            first, last = (value.value for value in pc.min_max(instants).values())
            begin, end = self.span(entry.part)
            if first < begin * MICROSECOND or last >= end * MICROSECOND:
                raise DamagedError("its rows are those of another part")


def write_rows(
    store: Store, contents: PartsByTime, index: int, table: pa.Table, engine: str
) -> PartEntry:
    """Write a file of a directory. Returns its entry."""
    table = with_timestamps(table, contents.timestamp_unit)
    file = _written(store, contents.files.part(index), table)
    return _entry(contents, index, file, table.num_rows, engine)


def write_groups(
    store: Store,
    contents: PartsByTime,
    index: int,
    tables: Iterable[pa.Table],
    schema: pa.Schema,
    engine: str,
) -> PartEntry:
    """Write a file of a directory from the tables of its rows, in bounded memory.

    Its row groups have GROUP_ROWS rows, whatever the sizes of the tables. Returns its entry.
    """
    rows = 0
    schema = with_timestamps(schema.empty_table(), contents.timestamp_unit).schema
    with (
        NewFile(store, contents.files.part(index)) as file,
        parquet_writer(pa.PythonFile(file, "w"), schema) as writer,
    ):
        for group in _groups(tables, schema):
            writer.write_table(group, row_group_size=GROUP_ROWS)
            rows += group.num_rows
    return _entry(contents, index, file, rows, engine)


def _groups(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield tables of GROUP_ROWS rows, the last one with the rest: at least one table."""
    waiting, rows, yielded = [], 0, False
    for table in tables:
        waiting.append(table.cast(schema))
        rows += table.num_rows
        while rows >= GROUP_ROWS:
            joined = pa.concat_tables(waiting)
            rows -= GROUP_ROWS
            waiting = [joined.slice(GROUP_ROWS).combine_chunks()]  # keeps none of what is written
            joined = joined.slice(0, GROUP_ROWS).combine_chunks()
            yield joined
            yielded = True
    if rows or not yielded:
        yield pa.concat_tables([schema.empty_table(), *waiting]).combine_chunks()


def _entry(contents: PartsByTime, index: int, file: NewFile, rows: int, engine: str) -> PartEntry:
    return PartEntry(
        contents.files.part(index),
        rows,
        file.bytes,
        file.digest,
        index,
        *contents.ends(index),
        {},
        engine=engine,
    )


def _written(store: Store, name: str, table: pa.Table) -> NewFile:
    with NewFile(store, name) as file:
        write_parquet(table, pa.PythonFile(file, "w"))
    return file


def write_satellites(store: Store, contents: PartsByTime, elements: Elements) -> FileEntry:
    """Write the file of the satellites, sorted by number. Returns its entry."""
    table = elements[np.argsort(elements.sat_id, kind="stable")].to_arrow()
    name = contents.files.companion
    table = table.replace_schema_metadata({"gpuprop": contents.text(name).decode()})
    file = _written(store, name, with_timestamps(table, contents.timestamp_unit))
    return FileEntry(name, table.num_rows, file.bytes, file.digest)


def open_complete(path: AnyPath, kind: Kind) -> tuple[Store, Manifest]:
    """Open a directory of answers: its store and its manifest.

    ValueError if the run did not finish, FileNotFoundError and DamagedError for a file that is
    missing or has another size than was written.
    """
    store = open_store(path)
    manifest = Manifest.read(store, kind)
    if not manifest.complete:
        raise ValueError(
            f"{store} holds a run that did not finish: {len(manifest.parts)} of "
            f"{manifest.files.parts} parts are complete; continue it (resume=True, --resume)"
        )
    store.refuse_link(kind.folder)
    reader = store.reader([entry.file for entry in manifest.entries])
    for entry in manifest.entries:
        size = reader.size(entry.file)
        if size is None:
            raise FileNotFoundError(
                f"{store.path / entry.file} is missing, but the manifest lists it: write it again "
                "with resume"
            )
        if size != entry.bytes:
            raise DamagedError(
                f"{store.path / entry.file} is damaged: it has {size:,} bytes, {entry.bytes:,} "
                "were written; write it again with resume"
            )
    return store, manifest
