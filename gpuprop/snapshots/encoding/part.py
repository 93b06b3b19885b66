"""A part: encoded batches into one file; and the file of the satellites beside the parts."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from ...dataset.manifest import FileEntry, PartEntry
from ...dataset.sink import NewFile
from ...dataset.store import Store
from ...time.instants import format_ns
from ..plan import Plan
from ..schema import satellites_text
from .encode import Encoded, Form, ipc_options

# progress(rows done, rows in all, bytes written)
Progress: TypeAlias = Callable[[int, int, int], None]


@dataclass
class Written:
    """What the files of a run hold so far.

    Attributes
    ----------
    total : int
        Rows that they hold in the end.
    rows, bytes : int
        Rows and bytes of the complete parts.
    found : int
        Rows that an earlier run has written.
    status : Counter
        {code: rows with that status}.
    """

    total: int
    rows: int = 0
    found: int = 0
    bytes: int = 0
    status: Counter[int] = field(default_factory=Counter)

    def add(self, entry: PartEntry) -> None:
        """Count a part that is complete."""
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
            del batch  # it may hold a block, and the next batch has to wait for memory
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
    table = plan.elements.to_arrow().replace_schema_metadata(
        {"gpuprop": satellites_text(plan.metadata)}
    )
    name = plan.files.companion
    with NewFile(store, name) as file:
        sink = pa.PythonFile(file, "w")
        if plan.options.format == "arrow":
            with pa.ipc.new_file(sink, table.schema, options=ipc_options(plan)) as writer:
                writer.write_table(table)
        else:
            pq.write_table(table, sink, compression=plan.options.compression)
    return FileEntry(name, table.num_rows, file.bytes, file.digest)
