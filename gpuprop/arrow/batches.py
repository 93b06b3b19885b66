"""Blocks of states as record batches: the columns of a block go to the file as they lie in memory."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..model import CODES
from ..orientation import earth_orientation
from ..snapshots import States
from .plan import Plan

Piece: TypeAlias = tuple[States, int, int]  # a block, and the first and past-the-last of its instants that are meant


def record_batches(plan: Plan, blocks: Iterable[States], first: int = 0) -> Iterator[pa.RecordBatch]:
    """The batches of the plan, in order, from its instant number `first`, where a part begins. ValueError if the blocks are those of
    another plan."""
    n_sats, done = plan.satellites, first
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
