"""Make record batches of blocks of states. Columns are copied only where they must be."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...engine.buffers import BufferPool
from ...frames import earth_orientation
from ...propagator import Propagator
from ...states import States
from ...time.units import MICROSECOND
from ...typing import Bits
from ..plan import Plan

# A block, and the range of its instants that is used: first, and one after the last.
Piece: TypeAlias = tuple[States, int, int]


@dataclass(frozen=True)
class Rows:
    """The rows of a batch, in the blocks that were computed.

    Attributes
    ----------
    pieces : list of Piece
        Where they are.
    ns : (n_times,) int64
        Their instants.
    satellites : slice
        Which satellites of the plan they have.
    """

    pieces: list[Piece]
    ns: Bits
    satellites: slice

    def __len__(self) -> int:
        return int(len(self.ns) * (self.satellites.stop - self.satellites.start))


def compute(plan: Plan, propagator: Propagator, instants: range) -> Generator[States, None, None]:
    """Compute the states of a plan at consecutive instants, given by their numbers.

    A block has the instants of a batch, so that its columns need not be copied.
    """
    options = plan.options
    return propagator.snapshots(
        plan.times[instants.start : instants.stop],
        options.frame,
        options.velocity,
        sunlit=options.sunlit,
        instants=plan.layout.batch_instants,
    )


def in_batches(plan: Plan, blocks: Iterable[States], first: int = 0) -> Iterator[Rows]:
    """Divide the states from instant number `first` on, where a part begins, into batches.

    ValueError if the blocks have another frame, Earth orientation or other instants than the plan.
    """
    done = first
    for pieces in regroup(blocks, plan.layout.batch_instants):
        for block, _, _ in pieces:
            _check_frame(plan, block)
        ns = np.concatenate([block.times[first:last].ns for block, first, last in pieces])
        if not np.array_equal(ns, plan.times[done : done + len(ns)].ns):
            raise ValueError("the states given are at other instants than the plan's")
        done += len(ns)
        for satellites in plan.layout.satellite_slices():
            yield Rows(pieces, ns, satellites)
        del pieces, block  # free their memory before the next block is awaited


def _check_frame(plan: Plan, block: States) -> None:
    if block.frame != plan.options.frame:
        raise ValueError(
            f"the states given are in the frame {block.frame}, the plan is for "
            f"{plan.options.frame}: gpuprop.convert turns them"
        )
    if plan.earth_orientation is None:
        return
    source = earth_orientation(block.eop).source
    if not plan.earth_orientation.startswith(source):
        raise ValueError(
            f"the states given have the Earth orientation {source!r}, the plan has "
            f"{plan.earth_orientation!r}"
        )


class Batches:
    """Makes the record batches of a plan. Threads may share it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        # of the columns that come from the states
        self._dtypes: dict[str, str] = {
            field.name: plan.options.dtype if pa.types.is_floating(field.type) else str(field.type)
            for field in plan.schema
            if field.name not in ("time", "sat_id")
        }
        self._sat_ids = np.tile(plan.elements.sat_id, plan.layout.batch_instants)
        self._memory = BufferPool()

    def __call__(self, rows: Rows) -> pa.RecordBatch:
        """Make a record batch.

        If one contiguous block has all columns in the dtypes of the plan, only `time` takes new
        memory; otherwise all columns are copied.
        """
        shape = len(rows.ns), rows.satellites.stop - rows.satellites.start
        given = {name: self._pieces(rows, name) for name in self._dtypes}
        shared = {}
        if all(_is_ready(pieces, self._dtypes[name]) for name, pieces in given.items()):
            shared = {name: pieces[0] for name, pieces in given.items()}
        new = self._memory.columns(shape, {"time": "int64"} | ({} if shared else self._dtypes))
        ns = rows.ns[:, None]
        new["time"][:] = ns if self._plan.options.timestamp_unit == "ns" else ns // MICROSECOND
        # An implausible state may be too large for float32: it becomes infinite, with a status.
        with np.errstate(over="ignore"):
            for name in new.keys() - {"time"}:
                np.concatenate(given[name], out=new[name], casting="unsafe")
        if self._plan.options.dtype == "float32" and "lon" in new:
            new["lon"][new["lon"] >= 180.0] -= 360  # a longitude below 180 may be rounded to it
        columns = {"sat_id": self._sat_ids[rows.satellites.start :][: len(rows)], **shared, **new}
        arrays = [
            _arrow_array(field.type, columns[field.name].reshape(-1)) for field in self._plan.schema
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self._plan.schema)

    def _pieces(self, rows: Rows, name: str) -> list[npt.NDArray[Any]]:
        """Return the pieces (n_times, n_sats) of a column."""
        found = []
        for block, first, last in rows.pieces:
            values = block.columns.get(name)
            if values is None:
                raise ValueError(f"the states given have no {name}, which the plan writes")
            if values.shape[1] != self._plan.satellites:
                raise ValueError(
                    f"the states given have {values.shape[1]} satellites, the plan has "
                    f"{self._plan.satellites}"
                )
            found.append(values[first:last, rows.satellites])
        return found


def _is_ready(pieces: list[npt.NDArray[Any]], dtype: str) -> bool:
    """Return whether a column can be written without a copy."""
    return len(pieces) == 1 and pieces[0].dtype == dtype and bool(pieces[0].flags.c_contiguous)


def regroup(blocks: Iterable[States], instants: int) -> Iterator[list[Piece]]:
    """Divide consecutive blocks into groups of `instants` instants. The last may have fewer."""
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


def _arrow_array(kind: pa.DataType, values: npt.NDArray[Any]) -> pa.Array:
    """Make an Arrow array on the memory of a contiguous array of the same width. NaN stays NaN."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])
