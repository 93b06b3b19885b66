"""Parquet files whose columns are encoded apart, on any thread, and put together in order.

pyarrow encodes one row group at a time on the thread that writes the file, a tenth of what an
engine computes, and encodes a column that is the same in every row group as often. Here each column
of a row group is a file of pyarrow's own with that column alone, and what lies between its two ends
goes into the file as it is; only the footer has to be told where. The files are, byte for byte,
those that pyarrow writes by itself: `alike` sees to that, for the pyarrow that is installed.

Source: parquet.thrift of the Apache Parquet format, whose names and numbers the constants have.
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
from .thrift import I64, LIST, STRUCT, Struct, decode, encode

MAGIC = b"PAR1"
NUM_ROWS, ROW_GROUPS = 3, 4  # of FileMetaData
# of RowGroup
COLUMNS, TOTAL_BYTE_SIZE, ROW_GROUP_ROWS, ROW_GROUP_OFFSET, TOTAL_COMPRESSED_SIZE, ORDINAL = (
    1,
    2,
    3,
    5,
    6,
    7,
)
CHUNK_OFFSET, META_DATA = 2, 3  # of ColumnChunk
DATA_PAGE_OFFSET, INDEX_PAGE_OFFSET, DICTIONARY_PAGE_OFFSET = 9, 10, 11  # of ColumnMetaData
KEPT = 64  # chunks that may come again


@dataclass(frozen=True)
class Chunk:
    """A column of a row group, encoded: its pages, and its structures in a file that holds nothing
    else.
    """

    pages: memoryview
    row_group: Struct
    column: Struct


def options(plan: Plan, names: "list[str] | None" = None) -> dict[str, Any]:
    """How pyarrow is to encode the columns of a plan, or some of them."""
    of = plan.schema.names if names is None else names
    encodings = {
        "sat_id": "DELTA_BINARY_PACKED",
        **dict.fromkeys(plan.coordinates, "BYTE_STREAM_SPLIT"),
    }
    return dict(
        compression=plan.options.compression,
        use_dictionary=[name for name in ("time", "status") if name in of],
        column_encoding={name: encoding for name, encoding in encodings.items() if name in of},
        # what readers prune by
        write_statistics=[name for name in ("time", "status", "sat_id") if name in of],
    )


class Encoder:
    """Encodes the batches of a plan; any number of threads may share it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._kept: dict[tuple[str, bytes], Chunk] = {}

    def __call__(self, batch: pa.RecordBatch) -> list[Chunk]:
        """The columns of a batch."""
        return [
            self._column(field, column)
            for field, column in zip(batch.schema, batch.columns, strict=True)
        ]

    def _column(self, field: pa.Field, column: pa.Array) -> Chunk:
        if pa.types.is_floating(field.type) or field.name == "time":
            return self._encoded(field, column)
        # Most of the others are the same in every batch: which satellites, and that all is well.
        key = field.name, xxhash.xxh3_128_digest(column.buffers()[1])
        chunk = self._kept.get(key)
        if chunk is None:
            chunk = self._encoded(field, column)
            self._kept[key] = chunk
            if len(self._kept) > KEPT:
                self._kept.pop(next(iter(self._kept)), None)  # another thread may have done it
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
        self._at = 0
        self._write(MAGIC)

    def write(self, chunks: list[Chunk]) -> None:
        """A row group."""
        begin, columns = self._at, []
        for chunk in chunks:
            columns.append(_moved(chunk.column, self._at - len(MAGIC)))
            self._write(chunk.pages)
        totals = {
            number: sum(chunk.row_group[number][1] for chunk in chunks)
            for number in (TOTAL_BYTE_SIZE, TOTAL_COMPRESSED_SIZE)
        }
        here = {
            ROW_GROUP_OFFSET: begin,
            ORDINAL: len(self._row_groups),
            **totals,
            COLUMNS: (STRUCT, columns),
        }
        self._row_groups.append(
            {
                number: (kind, here.get(number, value))
                for number, (kind, value) in chunks[0].row_group.items()
            }
        )

    def close(self) -> None:
        """The footer."""
        self._metadata[NUM_ROWS] = (
            I64,
            sum(row_group[ROW_GROUP_ROWS][1] for row_group in self._row_groups),
        )
        self._metadata[ROW_GROUPS] = (LIST, (STRUCT, self._row_groups))
        footer = encode(self._metadata)
        self._write(footer + len(footer).to_bytes(4, "little") + MAGIC)

    def _write(self, data: "bytes | memoryview") -> None:
        self._sink.write(data)
        self._at += len(data)


def _footer(data: memoryview) -> tuple[Struct, int]:
    """The FileMetaData of a file, and where it begins."""
    size = int.from_bytes(data[-8:-4], "little")
    begin = len(data) - 8 - size
    return decode(bytes(data[begin:-8])), begin


def _moved(column: Struct, by: int) -> Struct:
    """A ColumnChunk that lies so many bytes further on. Offsets of 0 stand for what is not there."""
    moved, meta = dict(column), dict(column[META_DATA][1])
    for struct, numbers in (
        (moved, (CHUNK_OFFSET,)),
        (meta, (DATA_PAGE_OFFSET, INDEX_PAGE_OFFSET, DICTIONARY_PAGE_OFFSET)),
    ):
        for number in numbers:
            if number in struct and struct[number][1]:
                kind, offset = struct[number]
                struct[number] = kind, offset + by
    moved[META_DATA] = (STRUCT, meta)
    return moved


def alike(plan: Plan) -> bool:
    """Whether two small row groups come out as from pyarrow alone; else it has a Parquet that this
    module does not know.
    """
    rows = np.arange(8)
    columns = [pa.array(rows, pa.int64()).cast(field.type, safe=False) for field in plan.schema]
    batches = [
        pa.RecordBatch.from_arrays(
            [column.slice(first, 4) for column in columns], schema=plan.schema
        )
        for first in (0, 4)
    ]
    theirs, ours = io.BytesIO(), io.BytesIO()
    with pq.ParquetWriter(theirs, plan.schema, **options(plan)) as writer:
        for batch in batches:
            writer.write_batch(batch)
        writer.close()
        expected = theirs.getvalue()
    with suppress(Exception):  # whatever it is that is not as expected
        encoder, own = Encoder(plan), Writer(ours, plan)
        for batch in batches:
            own.write(
                encoder(
                    pa.RecordBatch.from_arrays(
                        [pa.concat_arrays([column]) for column in batch.columns], schema=plan.schema
                    )
                )
            )
        own.close()
        return ours.getvalue() == expected
    return False
