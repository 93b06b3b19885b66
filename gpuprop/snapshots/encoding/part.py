"""Write a part of encoded batches, and the file of the satellites."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from ...dataset.entries import FileEntry, PartEntry
from ...dataset.sink import NewFile
from ...dataset.store import Store
from ...time.instants import format_ns
from ..plan import Plan
from ..schema import satellites_text
from .compression import ipc_options, parquet_options
from .encode import Encoded, Form

# progress(rows done, all rows, bytes written)
Progress: TypeAlias = Callable[[int, int, int], None]


@dataclass
class Written:
    """What has been written of a run.

    Attributes
    ----------
    total : int
        Rows of the complete run.
    rows, bytes : int
        Rows and bytes of the complete parts.
    found : int
        Rows that an earlier run wrote.
    status : Counter
        {code: rows with that status}.
    """

    total: int
    rows: int = 0
    found: int = 0
    bytes: int = 0
    status: Counter[int] = field(default_factory=Counter)

    def add(self, entry: PartEntry) -> None:
        """Count a complete part."""
        self.rows += entry.rows
        self.bytes += entry.bytes
        self.status.update(entry.status)


def write_part(
    store: Store,
    plan: Plan,
    index: int,
    form: Form,
    batches: Iterator[Encoded],
    written: Written,
    progress: Progress | None,
) -> PartEntry:
    """Write part `index` from the next batches, and add it to `written`.

    Returns its entry for the manifest.
    """
    rows, status = 0, Counter[int]()
    instants = plan.layout.part(index)
    name = plan.files.part(index)
    with NewFile(store, name) as file:
        writer = form.open(file)
        for batch in islice(batches, plan.layout.part_batches(index)):
            writer.write(batch.content)
            rows += batch.rows
            status.update(batch.status)
            if progress is not None:
                progress(written.rows + rows, written.total, written.bytes + file.bytes)
            del batch  # it may hold the memory that the next batch needs
        writer.close()
        if rows != len(instants) * plan.satellites:
            raise ValueError(
                f"part {index} of the plan has {len(instants) * plan.satellites} rows, the states "
                f"given have {rows}"
            )
    first, last = (format_ns(int(plan.times.instants[at])) for at in (instants[0], instants[-1]))
    found = dict(sorted(status.items()))
    entry = PartEntry(name, rows, file.bytes, file.digest, index, first, last, found)
    written.add(entry)
    return entry


def write_satellites(store: Store, plan: Plan) -> FileEntry:
    """Write the file of the satellites. Returns its entry for the manifest."""
    table = plan.elements.to_arrow()
    if plan.options.timestamp_unit != "ns":
        place = table.schema.get_field_index("EPOCH")
        kind = pa.timestamp(plan.options.timestamp_unit, "UTC")
        field = table.schema.field(place).with_type(kind)
        table = table.set_column(place, field, table.column(place).cast(kind))
    table = table.replace_schema_metadata({"gpuprop": satellites_text(plan.metadata)})
    name = plan.files.companion
    with NewFile(store, name) as file:
        sink = pa.PythonFile(file, "w")
        if plan.options.format == "arrow":
            with pa.ipc.new_file(sink, table.schema, options=ipc_options(plan.options)) as writer:
                writer.write_table(table)
        else:
            pq.write_table(table, sink, **parquet_options(plan.options))
    return FileEntry(name, table.num_rows, file.bytes, file.digest)
