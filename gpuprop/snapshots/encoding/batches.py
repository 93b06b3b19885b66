"""Blocks of states as record batches: the columns of a block go to the file as they lie in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...engine.buffers import BufferPool
from ...frames import earth_orientation
from ...sgp4.model import CODES
from ...states import States
from ...typing import Bits
from ..plan import Plan

# a block, and the first and past-the-last of its instants that are meant
Piece: TypeAlias = tuple[States, int, int]


@dataclass(frozen=True)
class Rows:
    """The rows of a batch, in the blocks as they were computed. ns: the instants, (n_times,).
    satellites: which of the plan's.
    """

    pieces: list[Piece]
    ns: Bits
    satellites: slice

    def __len__(self) -> int:
        return int(len(self.ns) * (self.satellites.stop - self.satellites.start))


def in_batches(plan: Plan, blocks: Iterable[States], first: int = 0) -> Iterator[Rows]:
    """The rows of the batches of the plan, in order, from its instant number `first`, where a part
    begins. ValueError if the blocks are those of another plan.
    """
    done = first
    for pieces in regroup(blocks, plan.layout.batch_instants):
        for block, _, _ in pieces:
            if block.frame != plan.options.frame:
                raise ValueError(
                    f"the states given are in the frame {block.frame}, the plan is for "
                    f"{plan.options.frame}: gpuprop.convert turns them"
                )
            if plan.earth_orientation and not plan.earth_orientation.startswith(
                source := earth_orientation(block.eop).source
            ):
                raise ValueError(
                    f"the states given have the Earth orientation {source!r}, the plan has "
                    f"{plan.earth_orientation!r}"
                )
        ns = np.concatenate([block.times[first:last].ns for block, first, last in pieces])
        if not np.array_equal(ns, plan.times[done : done + len(ns)].ns):
            raise ValueError("the states given are at other instants than the plan's")
        done += len(ns)
        for satellites in plan.layout.satellite_slices():
            yield Rows(pieces, ns, satellites)
        del pieces, block  # the next ones are about to be waited for


class Batches:
    """Makes record batches of a plan of their rows; any number of threads may share it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._dtypes = {
            **dict.fromkeys(plan.coordinates, plan.options.dtype),
            **dict.fromkeys(CODES[: 1 + plan.options.sunlit], "uint8"),
        }
        self._sat_ids = np.tile(plan.elements.sat_id, plan.layout.batch_instants)
        self._memory = BufferPool()

    def __call__(self, rows: Rows) -> pa.RecordBatch:
        """Not copied, but for `time`, where one contiguous block holds all columns in the plan's
        dtypes.
        """
        shape = len(rows.ns), rows.satellites.stop - rows.satellites.start
        given = {name: self._given(rows, name) for name in self._dtypes}
        ready = {
            name: each[0]
            for name, each in given.items()
            if len(each) == 1 and _lies_ready(each[0], self._dtypes[name])
        }
        if len(ready) < len(given):
            ready = {}  # a block is let go of as soon as all of it is copied
        made = self._memory.columns(
            shape,
            {
                "time": "int64",
                **{name: of for name, of in self._dtypes.items() if name not in ready},
            },
        )
        made["time"][:] = rows.ns[:, None]
        # an implausible state may be beyond float32: it becomes infinite, its status says why
        with np.errstate(over="ignore"):
            for name in made.keys() - {"time"}:
                np.concatenate(given[name], out=made[name], casting="unsafe")
        if self._plan.options.dtype == "float32" and "lon" in made:
            made["lon"][made["lon"] >= 180.0] -= 360  # what lies below 180 may round to it
        columns = {"sat_id": self._sat_ids[rows.satellites.start :][: len(rows)], **ready, **made}
        arrays = [
            _arrow_array(field.type, columns[field.name].reshape(-1)) for field in self._plan.schema
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self._plan.schema)

    def _given(self, rows: Rows, name: str) -> list[npt.NDArray[Any]]:
        """A column, (n_times, n_sats) in pieces."""
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


def _lies_ready(values: npt.NDArray[Any], dtype: str) -> bool:
    return bool(values.dtype == dtype and values.flags.c_contiguous)


def regroup(blocks: Iterable[States], instants: int) -> Iterator[list[Piece]]:
    """Pieces of consecutive blocks that together hold `instants` instants (the last group: what is
    left).
    """
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
    """The memory of a contiguous array under an Arrow type of the same width, without a copy; NaN
    stays NaN.
    """
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])
