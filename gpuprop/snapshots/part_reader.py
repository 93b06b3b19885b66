"""Read the batches of a part by number, and compare each with the manifest and the plan.

A file on a disk may have been exchanged, cut or altered since it was written. So these are checked
before its values are used: the schema and the plan in it, the number of batches, the rows of each
batch and its first and last instants.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..dataset.entries import PartEntry
from ..dataset.store import NOT_REGULAR, Store
from ..errors import DamagedError
from ..time.instants import format_ns
from ..time.times import Times, instant_ns
from .layout import Layout
from .options import SnapshotOptions
from .schema import columns_of, instants_of

ADVICE = "run gpuprop verify on the directory to see what else is wrong"
# What pyarrow raises for damaged files.
NOT_ARROW = (pa.ArrowException, SystemError, UnicodeError, LookupError, OverflowError, ValueError)


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a run, to be read.

    Attributes
    ----------
    store : Store
        The directory of the run.
    entry : PartEntry
        What the manifest says of the part.
    layout : Layout
        The layout of the run.
    times : Times or None
        The instants of the run if they are a grid.
    options : SnapshotOptions
        The columns and the format of the run.
    text : bytes
        The value of the key `gpuprop` in its schema.
    """

    store: Store
    entry: PartEntry
    layout: Layout
    times: Times | None
    options: SnapshotOptions
    text: bytes

    @property
    def file(self) -> Path:
        """Its file."""
        return self.store.path / self.entry.file

    @property
    def is_mapped(self) -> bool:
        """Whether its batches are views of the file, mapped into memory, rather than copies."""
        options = self.options
        uncompressed = options.format == "arrow" and options.compression == "none"
        return uncompressed and self.store.maps_files

    def batches(
        self, numbers: Sequence[int] | range | None = None, columns: list[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Read batches by their numbers, all of them unless given.

        With `columns`, only these columns are read. Batches of a mapped part have all columns: a
        column takes no time or memory until its values are used.

        Raises
        ------
        DamagedError
            The file is not the part that the manifest lists.
        OSError
            It cannot be read.
        """
        with damaged(self.file):
            for number, batch in self._read(numbers, columns):
                batch.validate()
                self._compare(number, batch)
                yield batch
                del batch  # before the next one is read

    def check_ends(self) -> None:
        """Raise DamagedError unless the schema, first and last instants of the file are right."""
        last = self.layout.part_batches(self.entry.part) - 1
        for _ in self.batches(sorted({0, last}), ["time"]):
            pass

    def _read(
        self, numbers: Sequence[int] | range | None, columns: list[str] | None
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        with self.store.arrow_file(self.entry.file, self.entry.bytes) as file:
            if self.options.format == "parquet":
                with pq.ParquetFile(file, pre_buffer=not self.store.reads_are_cheap) as parquet:
                    wanted = self._wanted(parquet.schema_arrow, parquet.num_row_groups, numbers)
                    for number in wanted:
                        yield number, _row_group(parquet, number, columns)
            else:
                reader = pa.ipc.open_file(file)
                wanted = self._wanted(reader.schema, reader.num_record_batches, numbers)
                if columns and not self.is_mapped:  # a choice of columns would copy them
                    chosen = [reader.schema.get_field_index(name) for name in columns]
                    options = pa.ipc.IpcReadOptions(included_fields=chosen)
                    reader = pa.ipc.open_file(file, options=options)
                for number in wanted:
                    yield number, reader.get_batch(number)

    def _wanted(
        self, schema: pa.Schema, batches: int, numbers: Sequence[int] | range | None
    ) -> Sequence[int] | range:
        """Return the numbers of the wanted batches.

        DamagedError if the number of batches or the schema is not that of the plan.
        """
        expected = self.layout.part_batches(self.entry.part)
        if batches != expected:
            raise DamagedError(
                f"{self.file} is not part {self.entry.part}: it has {batches} batches, not "
                f"{expected}; {ADVICE}"
            )
        if (schema.metadata or {}).get(b"gpuprop") != self.text:
            raise DamagedError(
                f"{self.file} was written under another plan than its manifest has; {ADVICE}"
            )
        if not schema.remove_metadata().equals(columns_of(self.options)):
            raise DamagedError(f"{self.file} has other columns than its plan; {ADVICE}")
        return range(batches) if numbers is None else numbers

    def _compare(self, number: int, batch: pa.RecordBatch) -> None:
        """Raise DamagedError if the rows or the instants of a batch are not those of the plan."""
        layout = self.layout
        part = layout.part(self.entry.part)
        group, position = divmod(number, layout.instant_batches)
        instants = part[group * layout.batch_instants : (group + 1) * layout.batch_instants]
        satellites = layout.satellite_slice(position)
        rows = len(instants) * (satellites.stop - satellites.start)
        if batch.num_rows != rows:
            raise DamagedError(
                f"{self.file}: batch {number} has {batch.num_rows:,} rows, its plan says "
                f"{rows:,}; {ADVICE}"
            )
        if "time" not in batch.schema.names:
            return
        ns = instants_of(batch.column("time"))
        for instant, row in ((instants[0], 0), (instants[-1], batch.num_rows - 1)):
            expected, found = self._instant(instant, part), int(ns[row])
            if expected is not None and found != expected:
                raise DamagedError(
                    f"{self.file} has {format_ns(found)} where {format_ns(expected)} belongs: it "
                    f"is another part; {ADVICE}"
                )

    def _instant(self, instant: int, part: range) -> int | None:
        """Return an instant of the plan in nanoseconds, or None if the manifest lacks it."""
        if self.times is not None:
            return int(self.times.instants[instant])
        ends = {part[0]: self.entry.first, part[-1]: self.entry.last}
        return instant_ns(ends[instant]) if instant in ends else None


def _row_group(parquet: pq.ParquetFile, number: int, columns: list[str] | None) -> pa.RecordBatch:
    """Read a row group as one batch; nothing else of it is kept while the next one is read."""
    return parquet.read_row_group(number, columns).combine_chunks().to_batches()[0]


@contextmanager
def damaged(file: Path) -> Iterator[None]:
    """Turn what pyarrow raises for a damaged file into DamagedError."""
    try:
        yield
    except DamagedError:
        raise
    except NOT_ARROW as error:
        raise DamagedError(
            f"{file} is damaged: {str(error) or type(error).__name__}; {ADVICE}"
        ) from error
    except OSError as error:
        # Arrow's errors for damaged files have no errno; those of open_regular are NOT_REGULAR.
        if error.errno is None or error.errno in NOT_REGULAR:
            raise DamagedError(f"{file} is damaged: {error.strerror or error}; {ADVICE}") from error
        raise
