"""A part: encoded batches into one file; and the file of the satellites beside the parts."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from ...dataset.sink import NewFile
from ...time.instants import format_ns
from ..plan import Plan
from ..schema import satellites_text
from .encode import Encoded, Form, ipc_options

Progress: TypeAlias = Callable[[int, int, int], None]  # rows done, rows in all, bytes written


@dataclass
class Written:
    """What is in files so far, of `total` rows; `found` of them were there before."""

    total: int
    rows: int = 0
    found: int = 0
    bytes: int = 0
    status: Counter[int] = field(default_factory=Counter)

    def add(self, entry: dict[str, Any]) -> None:
        """A part that is complete, by its entry in the manifest."""
        self.rows += entry["rows"]
        self.bytes += entry["bytes"]
        self.status.update({int(code): states for code, states in entry["status"].items()})


def write_part(
    directory: Path,
    plan: Plan,
    index: int,
    form: Form,
    batches: Iterator[Encoded],
    written: Written,
    progress: Progress | None,
) -> dict[str, Any]:
    """Part `index`, from the next batches; its entry in the manifest. `written` grows by it."""
    rows, status = 0, Counter[int]()
    instants = plan.layout.part(index)
    with NewFile(directory / plan.files.part(index)) as file:
        writer = form.open(file)
        for batch in islice(batches, plan.layout.part_batches(index)):
            writer.write(batch.content)
            rows += batch.rows
            status.update(batch.status)
            if progress is not None:
                progress(written.rows + rows, written.total, written.bytes + file.bytes)
            del batch  # it may hold a block, and the next one is about to be waited for
        writer.close()
        if rows != len(instants) * plan.satellites:
            raise ValueError(
                f"part {index} of the plan has {len(instants) * plan.satellites} rows, the states "
                f"given have {rows}"
            )
    entry = {
        "part": index,
        "file": plan.files.part(index),
        "rows": rows,
        "first": format_ns(int(plan.times.instants[instants[0]])),
        "last": format_ns(int(plan.times.instants[instants[-1]])),
        "bytes": file.bytes,
        "digest": file.digest,
        "status": {str(code): states for code, states in sorted(status.items())},
    }
    written.add(entry)
    return entry


def write_satellites(directory: Path, plan: Plan) -> dict[str, Any]:
    """The satellites file; its entry in the manifest."""
    table = plan.elements.to_arrow().replace_schema_metadata(
        {"gpuprop": satellites_text(plan.metadata)}
    )
    with NewFile(directory / plan.files.satellites) as file:
        sink = pa.PythonFile(file, "w")
        if plan.format == "arrow":
            with pa.ipc.new_file(sink, table.schema, options=ipc_options(plan)) as writer:
                writer.write_table(table)
        else:
            pq.write_table(table, sink, compression=plan.compression)
    return {
        "file": plan.files.satellites,
        "rows": table.num_rows,
        "bytes": file.bytes,
        "digest": file.digest,
    }
