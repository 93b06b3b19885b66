"""Parquet files of columns that are encoded separately, on any thread, and assembled in order.

pyarrow encodes a file on the thread that writes it, at a tenth of the speed of an engine. It also
encodes a column again that is equal in every row group. Here pyarrow encodes each column of a row
group as a file of its own. The pages between the two ends of that file are copied into the part,
and the footer of the part is made from the footers of these files. The parts have the bytes that
pyarrow alone would write: `matches_pyarrow` checks it for the pyarrow that is installed.

pyarrow has no function for this. Its C++ library encodes columns on threads, which ParquetWriter
does not offer (https://github.com/apache/arrow/issues/50866), and has no rewriter that copies
encoded columns (https://github.com/apache/arrow/issues/47628). The test
`test_pyarrow_still_encodes_on_one_thread` fails when ParquetWriter does: then compare its speed in
bench/, and if it suffices, remove this module and thrift.py.

Source: parquet.thrift of the Apache Parquet format, which has the names and numbers of the fields.
"""

import io
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from ..plan import Plan
from .compression import parquet_options
from .thrift import I64, LIST, STRUCT, Struct, decode, encode

MAGIC = b"PAR1"

# Numbers of fields.
# FileMetaData
NUM_ROWS, ROW_GROUPS = 3, 4
# RowGroup
COLUMNS, TOTAL_BYTE_SIZE, ROW_GROUP_ROWS = 1, 2, 3
ROW_GROUP_OFFSET, TOTAL_COMPRESSED_SIZE, ORDINAL = 5, 6, 7
# ColumnChunk
CHUNK_OFFSET, META_DATA = 2, 3
# ColumnMetaData
DATA_PAGE_OFFSET, INDEX_PAGE_OFFSET, DICTIONARY_PAGE_OFFSET = 9, 10, 11

CACHED_CHUNKS = 64


@dataclass(frozen=True)
class Chunk:
    """An encoded column of a row group.

    Attributes
    ----------
    pages : memoryview
        Its bytes.
    row_group, column : Struct
        The structures RowGroup and ColumnChunk of a file that holds this column alone.
    """

    pages: memoryview
    row_group: Struct
    column: Struct


def options(plan: Plan, names: "list[str] | None" = None) -> dict[str, Any]:
    """Return the arguments of ParquetWriter for the columns of a plan, or some of them."""
    chosen = plan.schema.names if names is None else names
    encodings = {
        "sat_id": "DELTA_BINARY_PACKED",
        **dict.fromkeys(plan.coordinates, "BYTE_STREAM_SPLIT"),
    }
    return {
        **parquet_options(plan.options),
        "use_dictionary": [name for name in ("time", "status") if name in chosen],
        "column_encoding": {
            name: encoding for name, encoding in encodings.items() if name in chosen
        },
        # Readers skip row groups by these.
        "write_statistics": [name for name in ("time", "status", "sat_id") if name in chosen],
    }


class Encoder:
    """Encodes the batches of a plan. Threads may share it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._cache: dict[tuple[str, bytes], Chunk] = {}

    def __call__(self, batch: pa.RecordBatch) -> list[Chunk]:
        """Encode the columns of a batch."""
        return [
            self._column(field, column)
            for field, column in zip(batch.schema, batch.columns, strict=True)
        ]

    def _column(self, field: pa.Field, column: pa.Array) -> Chunk:
        if pa.types.is_floating(field.type) or field.name == "time":
            return self._encoded(field, column)
        # The other columns are equal in most batches: the same satellites, and no errors.
        key = field.name, xxhash.xxh3_128_digest(column.buffers()[1])
        chunk = self._cache.get(key)
        if chunk is None:
            chunk = self._encoded(field, column)
            self._cache[key] = chunk
            if len(self._cache) > CACHED_CHUNKS:
                self._cache.pop(next(iter(self._cache)), None)  # another thread may be faster
        return chunk

    def _encoded(self, field: pa.Field, column: pa.Array) -> Chunk:
        sink = pa.BufferOutputStream()
        schema = pa.schema([field])
        with pq.ParquetWriter(sink, schema, **options(self._plan, [field.name])) as writer:
            writer.write_batch(pa.RecordBatch.from_arrays([column], schema=schema))
        data = memoryview(sink.getvalue())
        metadata, begin = _footer(data)
        (row_group,) = metadata[ROW_GROUPS][1][1]
        (chunk,) = row_group[COLUMNS][1][1]
        return Chunk(data[len(MAGIC) : begin], row_group, chunk)


class Writer:
    """Writes encoded batches to a sink as the row groups of one file."""

    def __init__(self, sink: Any, plan: Plan) -> None:
        self._sink = sink
        empty = pa.BufferOutputStream()
        pq.ParquetWriter(empty, plan.schema, **options(plan)).close()
        self._metadata, _ = _footer(memoryview(empty.getvalue()))
        self._row_groups: list[Struct] = []
        self._offset = 0
        self._write(MAGIC)

    def write(self, chunks: list[Chunk]) -> None:
        """Write a row group."""
        begin, columns = self._offset, []
        for chunk in chunks:
            columns.append(_shifted(chunk.column, self._offset - len(MAGIC)))
            self._write(chunk.pages)
        changed = {
            ROW_GROUP_OFFSET: begin,
            ORDINAL: len(self._row_groups),
            COLUMNS: (STRUCT, columns),
        }
        for number in (TOTAL_BYTE_SIZE, TOTAL_COMPRESSED_SIZE):
            changed[number] = sum(chunk.row_group[number][1] for chunk in chunks)
        self._row_groups.append(
            {
                number: (kind, changed.get(number, value))
                for number, (kind, value) in chunks[0].row_group.items()
            }
        )

    def close(self) -> None:
        """Write the footer."""
        rows = sum(row_group[ROW_GROUP_ROWS][1] for row_group in self._row_groups)
        self._metadata[NUM_ROWS] = (I64, rows)
        self._metadata[ROW_GROUPS] = (LIST, (STRUCT, self._row_groups))
        footer = encode(self._metadata)
        self._write(footer + len(footer).to_bytes(4, "little") + MAGIC)

    def _write(self, data: "bytes | memoryview") -> None:
        self._sink.write(data)
        self._offset += len(data)


def _footer(data: memoryview) -> tuple[Struct, int]:
    """Return the FileMetaData of a file, and where it begins."""
    size = int.from_bytes(data[-8:-4], "little")
    begin = len(data) - 8 - size
    return decode(bytes(data[begin:-8])), begin


def _shifted(column: Struct, by: int) -> Struct:
    """Return a ColumnChunk with its offsets `by` bytes larger. An offset of 0 means: no page."""
    shifted, meta = dict(column), dict(column[META_DATA][1])
    for struct, numbers in (
        (shifted, (CHUNK_OFFSET,)),
        (meta, (DATA_PAGE_OFFSET, INDEX_PAGE_OFFSET, DICTIONARY_PAGE_OFFSET)),
    ):
        for number in numbers:
            if number in struct and struct[number][1]:
                kind, offset = struct[number]
                struct[number] = kind, offset + by
    shifted[META_DATA] = (STRUCT, meta)
    return shifted


def matches_pyarrow(plan: Plan) -> bool:
    """Return whether two small row groups get the bytes that pyarrow alone writes.

    If they do not, the installed pyarrow writes a form of Parquet that this module does not know.
    """
    rows = np.arange(4)
    columns = [
        [pa.array(rows + first, pa.int64()).cast(field.type, safe=False) for field in plan.schema]
        for first in (0, 4)
    ]
    batches = [pa.RecordBatch.from_arrays(arrays, schema=plan.schema) for arrays in columns]
    expected, found = io.BytesIO(), io.BytesIO()
    with pq.ParquetWriter(pa.PythonFile(expected, "w"), plan.schema, **options(plan)) as reference:
        for batch in batches:
            reference.write_batch(batch)
    with suppress(Exception):  # an unknown footer can fail anywhere
        encoder, writer = Encoder(plan), Writer(found, plan)
        for batch in batches:
            writer.write(encoder(batch))
        writer.close()
        return found.getvalue() == expected.getvalue()
    return False
