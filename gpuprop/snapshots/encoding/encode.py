"""Encoding: rows into what their file is made of, on threads of their own, while the states after
them are computed and those before them are written.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...engine.prefetch import ahead
from ...states import States
from ..plan import Plan
from . import parquet
from .batches import Batches, Rows, in_batches

# a thread makes some 200 MB/s of Parquet: these outrun most disks, and each has a batch of its own
# in memory
MOST_THREADS = 8


class Writer(Protocol):
    """Puts what an encoder made into a file."""

    def write(self, content: Any, /) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Form:
    """How the files of a plan are made. encode: of a record batch what the writer takes, on any
    thread. open: a writer into a sink. threads: how many encoders are of use; none where there is
    next to nothing to be done.
    """

    encode: Callable[[pa.RecordBatch], Any]
    open: Callable[[Any], Writer]
    threads: int

    @staticmethod
    def of(plan: Plan) -> "Form":
        if plan.options.format == "parquet" and parquet.alike(plan):
            return Form(
                parquet.Encoder(plan), lambda sink: parquet.Writer(sink, plan), MOST_THREADS
            )
        if plan.options.format == "parquet":
            return Form(
                _as_it_is,
                lambda sink: _Arrow(
                    pq.ParquetWriter(pa.PythonFile(sink, "w"), plan.schema, **parquet.options(plan))
                ),
                0,
            )
        # float64 goes into the file as it is; Arrow compresses on its own threads
        threads = MOST_THREADS if plan.options.dtype == "float32" else 0
        return Form(
            _as_it_is,
            lambda sink: _Arrow(
                pa.ipc.new_file(pa.PythonFile(sink, "w"), plan.schema, options=ipc_options(plan))
            ),
            threads,
        )


class _Arrow:
    """pyarrow's own writer of record batches."""

    def __init__(self, writer: Any) -> None:
        self.write, self.close = writer.write_batch, writer.close


def _as_it_is(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch


def ipc_options(plan: Plan) -> pa.ipc.IpcWriteOptions:
    return pa.ipc.IpcWriteOptions(
        compression=None if plan.options.compression == "none" else plan.options.compression
    )


@dataclass(frozen=True)
class Encoded:
    """A batch as its file takes it. status: {code: states}."""

    rows: int
    status: Counter[int]
    content: Any


def encoded(
    plan: Plan, form: Form, blocks: Iterable[States], first: int, threads: int
) -> Generator[Encoded, None, None]:
    """The batches of the plan from its instant number `first`, where a part begins, in order,
    encoded on at most so many threads; as many batches are in hand. Errors as in_batches.
    """
    batches = Batches(plan)

    def encode(rows: Rows) -> Encoded:
        batch = batches(rows)
        return Encoded(len(rows), _status(batch), form.encode(batch))

    return ahead(encode, in_batches(plan, blocks, first), min(threads, form.threads), "encode")


def _status(batch: pa.RecordBatch) -> Counter[int]:
    """{code: states} of a batch."""
    codes = batch.column("status").to_numpy()
    if not np.count_nonzero(codes):  # the common case, at memory speed
        return Counter({0: len(codes)})
    return Counter(
        {code: states for code, states in enumerate(np.bincount(codes).tolist()) if states}
    )
