"""Writing: states in, parts out. The columns of a block go to the file as they lie in memory."""

import json
import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ..clock import format_ns
from ..model import CODES
from ..orientation import earth_orientation
from ..snapshots import Propagator, States
from .files import NewFile
from .manifest import Manifest, claim
from .plan import Plan, plan_snapshots

Progress: TypeAlias = Callable[[int, int, int], None]  # rows done, rows in all, bytes written
Piece: TypeAlias = tuple[States, int, int]  # a block, and the first and past-the-last of its instants that are meant


@dataclass(frozen=True)
class Report:
    """What a run wrote.

    bytes: of all parts, on the disk. seconds: wall clock, from the first state to the last rename. status: {code: states}, of the codes
    that occur.
    """

    path: str
    satellites: int
    instants: int
    rows: int
    parts: int
    bytes: int
    seconds: float
    engine: str
    frame: str
    earth_orientation: str | None
    dtype: str
    velocity: bool
    format: str
    compression: str
    first: str
    last: str
    elements: str
    status: dict[int, int] = field(default_factory=dict)

    @property
    def not_good(self) -> int:
        """States whose status is not 0."""
        return self.rows - self.status.get(0, 0)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; status codes are text, as JSON has it."""
        return {**asdict(self), "status": {str(code): states for code, states in self.status.items()}}


def write_snapshots(
    path: str | os.PathLike[str],
    propagator: Propagator,
    times: Any,
    frame: str = "teme",
    dtype: str = "float64",
    velocity: bool = True,
    format: str = "arrow",
    compression: str | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
    *,
    sunlit: bool = False,
    resume: bool = False,
    shard: str | None = None,
) -> Report:
    """Write the states of all satellites of `propagator` at `times` (anything clock.as_times takes) into the directory `path`.

    The directory gets `satellites.arrow`, `snapshots/part-000000.arrow`, ... and `manifest.json`; rows are ordered by time, then as the
    satellites are. frame: teme, pef, itrs, gcrs, or geodetic: lat, lon (deg) and height (km) on WGS-84 in the place of x, y, z, with
    velocities along the axes of ITRS; its Earth orientation is the propagator's. sunlit: a column that says whether the Sun shines on the
    satellite (0 umbra, 1 penumbra, 2 sunlit). dtype: `float64` or `float32`, of positions and velocities. format: `arrow` (IPC, which
    memory-maps) or `parquet`. compression: `none`, `lz4` or `zstd`; by default none for arrow, zstd for parquet.

    progress(rows_done, rows_total, bytes_done) is called after each batch, on the calling thread. Memory does not grow with the number
    of instants. The parts depend on satellites, instants and options alone, byte for byte.

    Each file is complete or absent, and the manifest lists the parts that are complete, also after a failure. A directory that already
    holds snapshots is refused with FileExistsError unless `overwrite`, which replaces them; one that holds other files always is.
    resume and shard (a run taken up again, `I/N` of a run) are not in this version: ValueError for anything but the defaults.
    ValueError for options that are not known, OSError (with the path) for a disk that is full or may not be written.
    """
    if resume or shard is not None:
        raise ValueError(f"{'resume' if resume else 'shard'} is not in this version: write the whole run, overwrite=True to write it again")
    plan = plan_snapshots(
        propagator.elements,
        times,
        frame,
        dtype,
        velocity,
        format,
        compression=compression,
        gravity=propagator.model.gravity.name,
        opsmode=propagator.model.opsmode,
        sunlit=sunlit,
        eop=propagator.eop if frame != "teme" else None,
    )
    # A block is a batch, so that no row is copied on its way into the file.
    with closing(propagator.snapshots(plan.times, frame, velocity, sunlit=sunlit, instants=plan.layout.batch_instants)) as blocks:
        return write_plan(path, plan, blocks, engine=propagator.engine, progress=progress, overwrite=overwrite)


def write_plan(
    path: str | os.PathLike[str],
    plan: Plan,
    blocks: Iterable[States],
    *,
    engine: str,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Report:
    """Write the states in `blocks` (all instants of the plan, in order, in blocks of any size) as write_snapshots does.

    ValueError if the blocks do not hold the rows of the plan.
    """
    directory = Path(path)
    claim(directory, overwrite)
    begun = time.perf_counter()
    started = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    manifest = Manifest(plan.to_dict(), run={"engine": engine, "host": socket.gethostname(), "started": started, "seconds": 0.0})
    manifest.write(directory)
    manifest.satellites = _write_satellites(directory, plan)
    batches = record_batches(plan, blocks)
    written = Written()
    for index in range(plan.parts):
        part = _write_part(directory, plan, index, batches, written, progress)
        manifest.parts.append({**part, "engine": engine})
        manifest.complete = len(manifest.parts) == plan.parts
        manifest.run["seconds"] = round(time.perf_counter() - begun, 3)
        manifest.write(directory)
    return Report(
        path=str(directory),
        satellites=plan.satellites,
        instants=plan.instants,
        rows=written.rows,
        parts=plan.parts,
        bytes=written.bytes,
        seconds=time.perf_counter() - begun,
        engine=engine,
        frame=plan.frame,
        earth_orientation=plan.earth_orientation,
        dtype=plan.dtype,
        velocity=plan.velocity,
        format=plan.format,
        compression=plan.compression,
        first=manifest.parts[0]["first"],
        last=manifest.parts[-1]["last"],
        elements=plan.metadata["elements"],
        status=dict(sorted(written.status.items())),
    )


@dataclass
class Written:
    """What is in files so far."""

    rows: int = 0
    bytes: int = 0
    status: Counter[int] = field(default_factory=Counter)


def _write_part(
    directory: Path, plan: Plan, index: int, batches: Iterator[pa.RecordBatch], written: Written, progress: Progress | None
) -> dict[str, Any]:
    """The next part, from the next batches; its entry in the manifest. `written` grows by it."""
    rows, status = 0, Counter[int]()
    instants = plan.layout.part(index)
    with NewFile(directory / plan.files.part(index)) as file, _PartWriter(file, plan) as writer:
        for batch in islice(batches, plan.layout.part_batches(index)):
            writer.write(batch)
            rows += batch.num_rows
            _count_status(batch, status)
            if progress is not None:
                progress(written.rows + rows, plan.rows, written.bytes + file.bytes)
            del batch  # it holds a block, and the next one is about to be waited for
        if rows != len(instants) * plan.satellites:
            raise ValueError(f"part {index} of the plan has {len(instants) * plan.satellites} rows, the states given have {rows}")
    written.rows += rows
    written.bytes += file.bytes
    written.status.update(status)
    return {
        "part": index,
        "file": plan.files.part(index),
        "rows": rows,
        "first": format_ns(int(plan.times.instants[instants[0]])),
        "last": format_ns(int(plan.times.instants[instants[-1]])),
        "bytes": file.bytes,
        "digest": file.digest,
        "status": {str(code): states for code, states in sorted(status.items())},
    }


def record_batches(plan: Plan, blocks: Iterable[States]) -> Iterator[pa.RecordBatch]:
    """The batches of the plan, in order. ValueError if the blocks are those of another plan."""
    n_sats, done = plan.satellites, 0
    sat_ids = np.tile(plan.elements.sat_id, plan.layout.batch_instants)
    slices = list(plan.layout.satellite_slices())
    for pieces in regroup(blocks, plan.layout.batch_instants):
        for block, _, _ in pieces:
            if block.frame != plan.frame:
                raise ValueError(
                    f"the states given are in the frame {block.frame}, the plan is for {plan.frame}: gpuprop.convert turns them"
                )
            if plan.earth_orientation and not plan.earth_orientation.startswith(source := earth_orientation(block.eop).source):
                raise ValueError(f"the states given have the Earth orientation {source!r}, the plan has {plan.earth_orientation!r}")
        ns = np.concatenate([block.times[first:last].ns for block, first, last in pieces])
        if not np.array_equal(ns, plan.times[done : done + len(ns)].ns):
            raise ValueError("the states given are at other instants than the plan's")
        done += len(ns)
        columns = {"time": np.repeat(ns, n_sats), "sat_id": sat_ids[: len(ns) * n_sats]}
        for name in plan.coordinates:
            columns[name] = _column(pieces, name, plan.dtype, n_sats)
        for name in CODES[: 1 + plan.sunlit]:
            columns[name] = _column(pieces, name, "uint8", n_sats)
        for satellites in slices:
            rows = satellites if len(slices) > 1 else slice(None)
            arrays = [_arrow_array(field.type, columns[field.name][rows]) for field in plan.schema]
            yield pa.RecordBatch.from_arrays(arrays, schema=plan.schema)
        del pieces, columns, arrays  # they hold a block, and the next one is about to be waited for


def regroup(blocks: Iterable[States], instants: int) -> Iterator[list[Piece]]:
    """Pieces of consecutive blocks that together hold `instants` instants (the last group: what is left)."""
    pieces: list[Piece] = []
    missing = instants
    for block in blocks:
        first = 0
        while first < len(block):
            last = min(len(block), first + missing)
            pieces.append((block, first, last))
            missing -= last - first
            first = last
            if not missing:
                yield pieces
                pieces, missing = [], instants
        del block
    if pieces:
        yield pieces


def _column(pieces: list[Piece], name: str, dtype: str, n_sats: int) -> npt.NDArray[Any]:
    """A column as rows, (n_times * n_sats,): a view where one contiguous block holds it in this dtype, else a copy."""
    arrays = []
    for block, first, last in pieces:
        values = block.columns.get(name)
        if values is None:
            raise ValueError(f"the states given have no {name}, which the plan writes")
        if values.shape[1] != n_sats:
            raise ValueError(f"the states given have {values.shape[1]} satellites, the plan has {n_sats}")
        arrays.append(values[first:last])
    with np.errstate(over="ignore"):  # an implausible state may be beyond float32: it becomes infinite, its status says why
        column = np.ascontiguousarray(arrays[0] if len(arrays) == 1 else np.concatenate(arrays), dtype).reshape(-1)
    if name == "lon" and dtype == "float32":
        column[column >= 180.0] -= 360.0  # what lies below 180 may round to it
    return column


def _arrow_array(kind: pa.DataType, values: npt.NDArray[Any]) -> pa.Array:
    """The memory of a contiguous array under an Arrow type of the same width, without a copy; NaN stays NaN."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _count_status(batch: pa.RecordBatch, counts: Counter[int]) -> None:
    """Add the states of a batch to {code: states}."""
    codes = batch.column("status").to_numpy()
    if not np.count_nonzero(codes):  # the common case, at memory speed
        counts[0] += len(codes)
    else:
        counts.update({code: states for code, states in enumerate(np.bincount(codes).tolist()) if states})


class _PartWriter:
    """Batches into one file, as IPC or Parquet; a batch is a record batch there and a row group here."""

    def __init__(self, file: NewFile, plan: Plan) -> None:
        sink = pa.PythonFile(file, "w")
        self._writer: Any
        if plan.format == "arrow":
            self._writer = pa.ipc.new_file(sink, plan.schema, options=_ipc_options(plan))
        else:
            runs = ["time", "status"]
            self._writer = pq.ParquetWriter(
                sink,
                plan.schema,
                compression=plan.compression,
                use_dictionary=runs,
                column_encoding={"sat_id": "DELTA_BINARY_PACKED", **dict.fromkeys(plan.coordinates, "BYTE_STREAM_SPLIT")},
                write_statistics=[*runs, "sat_id"],  # what readers prune by
            )

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def __enter__(self) -> "_PartWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._writer.close()


def _write_satellites(directory: Path, plan: Plan) -> dict[str, Any]:
    """The satellites file; its entry in the manifest."""
    about = {name: plan.metadata[name] for name in ("version", "elements", "satellites", "notes") if name in plan.metadata}
    table = plan.elements.to_arrow().replace_schema_metadata({"gpuprop": json.dumps(about)})
    with NewFile(directory / plan.files.satellites) as file:
        sink = pa.PythonFile(file, "w")
        if plan.format == "arrow":
            with pa.ipc.new_file(sink, table.schema, options=_ipc_options(plan)) as writer:
                writer.write_table(table)
        else:
            pq.write_table(table, sink, compression=plan.compression)
    return {"file": plan.files.satellites, "rows": table.num_rows, "bytes": file.bytes, "digest": file.digest}


def _ipc_options(plan: Plan) -> pa.ipc.IpcWriteOptions:
    return pa.ipc.IpcWriteOptions(compression=None if plan.compression == "none" else plan.compression)
