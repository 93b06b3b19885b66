"""Encode record batches on threads, while later states are computed and earlier ones written."""

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
from .compression import ipc_options

# A thread encodes some 200 MB/s of Parquet, so 8 are faster than most disks. Each has a batch of
# its own in memory.
MOST_THREADS = 8


class Writer(Protocol):
    """Writes encoded batches into a file."""

    def write(self, content: Any, /) -> None:
        """Write a batch."""

    def close(self) -> None:
        """Write the end of the file."""


@dataclass(frozen=True)
class Form:
    """How the files of a plan are encoded.

    Attributes
    ----------
    encode : callable
        Encodes a record batch for the writer, on any thread.
    open : callable
        Makes a writer into a sink.
    threads : int
        Number of useful encoder threads; 0 if encoding is trivial.
    """

    encode: Callable[[pa.RecordBatch], Any]
    open: Callable[[Any], Writer]
    threads: int

    @staticmethod
    def of(plan: Plan) -> "Form":
        """Choose the form for a plan."""
        options = plan.options
        if options.format == "arrow":
            # Batches of float64 need no conversion, and Arrow compresses on threads of its own.
            threads = MOST_THREADS if options.dtype == "float32" else 0
            return Form(_unchanged, lambda sink: _ipc_writer(sink, plan), threads)
        if parquet.matches_pyarrow(plan):
            return Form(
                parquet.Encoder(plan), lambda sink: parquet.Writer(sink, plan), MOST_THREADS
            )
        return Form(_unchanged, lambda sink: _parquet_writer(sink, plan), 0)


class _ArrowWriter:
    """One of pyarrow's writers of record batches."""

    def __init__(self, writer: Any) -> None:
        self.write, self.close = writer.write_batch, writer.close


def _ipc_writer(sink: Any, plan: Plan) -> _ArrowWriter:
    file = pa.PythonFile(sink, "w")
    return _ArrowWriter(pa.ipc.new_file(file, plan.schema, options=ipc_options(plan.options)))


def _parquet_writer(sink: Any, plan: Plan) -> _ArrowWriter:
    file = pa.PythonFile(sink, "w")
    return _ArrowWriter(pq.ParquetWriter(file, plan.schema, **parquet.options(plan)))


def _unchanged(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch


@dataclass(frozen=True)
class Encoded:
    """An encoded batch.

    Attributes
    ----------
    rows : int
        Number of rows.
    status : Counter
        {code: rows with that status}.
    content
        What the writer takes.
    """

    rows: int
    status: Counter[int]
    content: Any


def encoded(
    plan: Plan, form: Form, blocks: Iterable[States], first: int, threads: int
) -> Generator[Encoded, None, None]:
    """Encode the batches of a plan, in order.

    Parameters
    ----------
    plan : Plan
        The plan.
    form : Form
        How its files are encoded.
    blocks : iterable of States
        The states from instant number `first` on.
    first : int
        The first instant of a part.
    threads : int
        Most threads to use. There are at most as many batches in memory.

    Yields
    ------
    Encoded
        The next batch.

    Raises
    ------
    ValueError
        The blocks are not those of the plan.
    """
    batches = Batches(plan)

    def encode(rows: Rows) -> Encoded:
        batch = batches(rows)
        return Encoded(len(rows), _status_counts(batch), form.encode(batch))

    return ahead(encode, in_batches(plan, blocks, first), min(threads, form.threads), "encode")


def _status_counts(batch: pa.RecordBatch) -> Counter[int]:
    """Return {code: rows with that status} of a batch."""
    codes = batch.column("status").to_numpy()
    if not np.count_nonzero(codes):  # the common case, several times faster than bincount
        return Counter({0: len(codes)})
    return Counter(
        {code: states for code, states in enumerate(np.bincount(codes).tolist()) if states}
    )
