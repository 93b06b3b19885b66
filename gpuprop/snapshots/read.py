"""Reading: a directory of snapshots, an instant, a satellite or everything at a time. Parts are
never loaded whole.
"""

from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from ..dataset.check import Checker
from ..dataset.inventory import Inventory
from ..dataset.location import AnyPath, open_store
from ..dataset.manifest import Manifest
from ..dataset.merge import joined, shards_in
from ..dataset.resume_command import merge_command
from ..dataset.sink import digest_text
from ..dataset.store import Store
from ..errors import DamagedError
from ..time.instants import format_ns
from ..time.times import Times, as_times, instant_ns
from .contents import FOLDER, SNAPSHOTS, SnapshotContents
from .part_reader import ADVICE, damaged
from .schema import schema_of

if TYPE_CHECKING:
    import pyarrow.dataset as pads


def open_snapshots(path: AnyPath, partial: bool = False) -> "Snapshots":
    """Open the snapshots in a directory that write_snapshots filled.

    The manifest and the sizes of the parts are read; no part is opened. What is read later is
    compared with the manifest at that time: the satellites by their digest, each part by its plan,
    its rows and its instants. `verify_snapshots` compares every byte.

    Parameters
    ----------
    path : str, path or UPath
        The directory, on a disk or in an object store (a URL, or a UPath with the options of the
        store).
    partial : bool
        Open also a run that did not finish, or shards that are not merged, with the complete parts.

    Returns
    -------
    Snapshots
        The snapshots.

    Raises
    ------
    ValueError
        The run did not finish, or its shards are not merged, without `partial`.
    FileNotFoundError
        The directory, its manifest or a part is missing.
    DamagedError
        A part does not have the size that was written, a file is a link, or the manifest was
        altered or is of a version that is not known.
    OSError
        A store does not answer.
    RuntimeError
        The packages for a store are not installed.
    """
    store = open_store(path)
    manifest = _manifest(store, partial)
    if not manifest.complete and not partial:
        raise ValueError(
            f"{store} holds a run that did not finish: {len(manifest.parts)} of "
            f"{manifest.files.parts} parts are there; continue it (resume=True, --resume), or open "
            "it with partial=True to read those"
        )
    if not manifest.parts:
        raise ValueError(
            f"{store} holds a run that did not finish, and no part of it is complete yet"
        )
    store.refuse_link(FOLDER)
    names = [entry.file for entry in manifest.entries]
    reader = store.reader(names)
    for entry in manifest.entries:
        file, size = store.path / entry.file, reader.size(entry.file)
        if size is None:
            other = reader.other(entry.file)
            if other:
                raise DamagedError(
                    f"{file} {other}, which gpuprop does not follow or write: put the file itself "
                    "there"
                )
            raise FileNotFoundError(f"{file} is missing, but the manifest lists it")
        if size != entry.bytes:
            raise DamagedError(
                f"{file} is damaged: it has {size:,} bytes, {entry.bytes:,} were written"
            )
    if not manifest.sealed:
        # older manifests have no digest: every file must carry the plan
        carriers = set(Checker(store, manifest.contents, names).carriers(names))
        for name in names:
            if name not in carriers:
                raise DamagedError(
                    f"{store.path / name} was written under another plan than the manifest has: "
                    "one of them was altered"
                )
    return Snapshots(store, manifest)


def _manifest(store: Store, partial: bool) -> Manifest:
    """Read the manifest of a directory, or join those of its shards."""
    try:
        return Manifest.read(store, SNAPSHOTS)
    except FileNotFoundError:
        shards = shards_in(store)
        if not shards:
            raise
    inventory = Inventory.of(store, SNAPSHOTS)
    if inventory.whole:  # merged just now
        return inventory.whole
    if inventory.damaged:
        raise inventory.damaged
    manifest = joined(inventory)
    if not partial:
        complete = sum(each.complete for each in inventory.shards.values())
        raise ValueError(
            f"{store} holds shards that are not merged, {complete} of {shards[0].count} "
            f"complete: `{merge_command(store.path)}` merges them, or says what is missing; "
            "partial=True reads the complete parts"
        )
    manifest.complete = False
    return manifest


class Snapshots:
    """States of satellites at instants, in files. Made by open_snapshots.

    Attributes
    ----------
    path : Path
        The directory.
    metadata : dict
        The plan of the run: frame, units, gravity, opsmode, start, step, counts, notes, format.
    manifest : Manifest
        The rest: what computed the states, where and when, and the parts.
    complete : bool
        Whether no part is missing.
    """

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self.path = store.path
        self.metadata: dict[str, Any] = dict(manifest.plan)
        self.manifest = manifest
        self.complete = manifest.complete
        # reading goes on when the process changes its directory
        self._store = open_store(store.shared_path())
        contents = SnapshotContents.of(manifest.plan)
        self._layout, self._grid, self._format = contents.layout, contents.times, contents.format
        self._parts = {entry.part: contents.part(self._store, entry) for entry in manifest.parts}
        # the instants of parts that are not of a grid, once they were read
        self._read: dict[int, npt.NDArray[np.int64]] = {}

    def __repr__(self) -> str:
        n_sats, n_times, frame = (
            self.metadata[name] for name in ("satellites", "instants", "frame")
        )
        first, last = self.manifest.parts[0].first, self.manifest.parts[-1].last
        missing = "" if self.complete else f", {len(self._parts)} of {self._layout.parts} parts"
        return (
            f"<Snapshots {str(self.path)!r}: {n_sats:,} satellites at {n_times:,} instants, "
            f"{frame}, {first} to {last}{missing}>"
        )

    def __len__(self) -> int:
        """Return the number of rows of the complete parts."""
        return sum(entry.rows for entry in self.manifest.parts)

    @cached_property
    def satellites(self) -> pa.Table:
        """One row per satellite, in the order of the rows of an instant: sat_id and the fields of
        its element set.

        The file is compared with its digest before it is decoded: a damaged file could crash the
        decoder.
        """
        return read_satellites(self._store, self.manifest)

    @cached_property
    def times(self) -> Times:
        """The instants, as a grid if they were one; otherwise they are read from the `time` column
        of the parts that are there.
        """
        if self._grid is not None:
            return self._grid
        return Times(np.concatenate([self._instants(part) for part in sorted(self._parts)]))

    @property
    def dataset(self) -> "pads.Dataset":
        """All rows, in order, as a pyarrow dataset: what DuckDB and Polars query, and `scanner`,
        `to_table(filter=...)` read lazily.

        No part is opened to make it. It knows the instants of each part, so a filter on `time`
        opens only the parts concerned: `dataset.filter(...)` before DuckDB or Polars, which do not
        always hand their conditions on. Of instants that are not a grid it knows those of parts of
        one or two instants, and of the parts that `times` or `at` has read; other parts are always
        looked into. pyarrow reads the parts then, without the checks of `at` and `track`: where two
        parts were exchanged on the disk, a filter on `time` misses their rows.
        `verify_snapshots(path, quick=True)` finds such parts.
        """
        # imports pandas, if it is installed: 0.2 s that a run need not spend
        import pyarrow.dataset as pads

        kind = pads.IpcFileFormat() if self._format == "arrow" else pads.ParquetFileFormat()
        filesystem, fragments = self._store.arrow_filesystem(), []
        for part in sorted(self._parts):
            span, holds = self._span(part), None
            if span is not None:
                first, last = (pa.scalar(ns, pa.timestamp("ns", "UTC")) for ns in span)
                holds = (pads.field("time") >= first) & (pads.field("time") <= last)
            file = self._store.arrow_path(self._parts[part].entry.file)
            fragments.append(kind.make_fragment(file, filesystem, holds))
        return pads.FileSystemDataset(fragments, schema_of(self.metadata), kind, filesystem)

    def at(self, instant: Any) -> pa.Table:
        """The rows of one instant (ISO text, datetime64, datetime), one per satellite in the order
        of `satellites`.

        Reads that instant's batch alone; uncompressed IPC on a disk is mapped, not read. Instants
        that are not a grid are looked for first in the parts that begin before and end after it.
        LookupError if the instant is not one of `times` (it names the nearest) or its part is not
        there. Where an instant occurs twice: one of them; their rows are equal.
        """
        wanted = as_times(instant)
        if wanted.count != 1:
            raise ValueError(
                f"at() takes one instant, not {wanted.count}: for several, filter `dataset` by time"
            )
        part, batches, first = self._layout.find(self._index(wanted.start_ns))
        if part not in self._parts:
            raise LookupError(
                f"{format_ns(wanted.start_ns)} is in part {part}, which is not there: the run did "
                "not finish"
            )
        table = pa.Table.from_batches(self._parts[part].batches(batches))
        n_sats = self._layout.satellites
        for batch in table.slice(first, n_sats).to_batches():
            times = batch.column("time").view(pa.int64()).to_numpy()
            if (times.min(), times.max()) != (wanted.start_ns, wanted.start_ns):
                raise DamagedError(
                    f"{self._parts[part].file} has other instants than "
                    f"{format_ns(wanted.start_ns)} in its place; {ADVICE}"
                )
        if self._parts[part].is_mapped:
            return table.slice(first, n_sats)
        # a slice would keep the whole batch in memory
        return table.take(pa.array(np.arange(first, first + n_sats)))

    def track(self, sat_id: int) -> pa.Table:
        """The rows of one satellite at all instants that are there.

        A catalogue may hold several element sets of one number: then each instant has a row for
        each, in the order of `satellites`. Reads a batch at a time and keeps these rows alone.
        LookupError if no satellite has that number, TypeError if it is not a number.
        """
        if not isinstance(sat_id, Integral) or isinstance(sat_id, bool):
            raise TypeError(
                f"track() takes one catalogue number, not {sat_id!r}: for several satellites, "
                "filter `dataset` by sat_id"
            )
        places = np.flatnonzero(self.satellites.column("sat_id").to_numpy() == sat_id)
        if not len(places):
            raise LookupError(f"no satellite in {self.path} has the number {sat_id}")
        # batch i of a part holds slice i modulo their number
        slices = list(self._layout.satellite_slices())
        here = [places[(places >= one.start) & (places < one.stop)] - one.start for one in slices]
        chosen = []
        for part in sorted(self._parts):
            numbers = [
                number
                for number in range(self._layout.part_batches(part))
                if len(here[number % len(slices)])
            ]
            batches = self._parts[part].batches(numbers)
            for number in numbers:
                batch = next(batches)
                one = slices[number % len(slices)]
                firsts = np.arange(0, batch.num_rows, one.stop - one.start)
                rows = batch.take(pa.array((firsts[:, None] + here[number % len(slices)]).ravel()))
                del batch  # the next one is about to be read
                self._compare(part, number, rows, sat_id)
                chosen.append(rows)
        return pa.Table.from_batches(chosen).combine_chunks()

    def _compare(self, part: int, number: int, rows: pa.RecordBatch, sat_id: int) -> None:
        """DamagedError unless the rows taken from a batch are those of the satellite, at the
        instants that belong there.
        """
        file, layout = self._parts[part].file, self._layout
        if (rows.column("sat_id").to_numpy() != sat_id).any():
            raise DamagedError(f"{file} has another satellite where {sat_id} belongs; {ADVICE}")
        if self._grid is not None:
            group = number // layout.instant_batches * layout.batch_instants
            instants = layout.part(part)[group : group + layout.batch_instants]
            due = self._grid[instants.start : instants.stop].ns
            times = rows.column("time").view(pa.int64()).to_numpy()
            if (times.reshape(len(due), -1) != due[:, None]).any():
                raise DamagedError(f"{file} has other instants than its plan; {ADVICE}")

    def status_counts(self) -> dict[int, int]:
        """{code: states} of the rows that are there, from the manifest."""
        counts: dict[int, int] = {}
        for entry in self.manifest.parts:
            for code, states in entry.status.items():
                counts[code] = counts.get(code, 0) + states
        return dict(sorted(counts.items()))

    def verify(self) -> None:
        """Read every file and compare it with the digest in the manifest; DamagedError names the
        first that differs.
        """
        checker = Checker.of(self._store, self.manifest)
        for entry in self.manifest.entries:
            if wrong := checker.fault(entry, full=True):
                raise DamagedError(f"{self.path / entry.file} {wrong}")

    def _index(self, ns: int) -> int:
        """The position of an instant in `times`."""
        if not self.metadata["step"]:
            for part in self._likely(ns):
                found = np.flatnonzero(self._instants(part) == ns)
                if len(found):
                    return self._layout.part(part)[int(found[0])]
        instants = self.times.instants
        if isinstance(instants, range):
            if ns in instants:
                return instants.index(ns)
            near = min(max(round((ns - instants.start) / instants.step), 0), len(instants) - 1)
        else:
            near = int(np.argmin(np.abs(instants.astype(object) - ns)))
        raise LookupError(
            f"{format_ns(ns)} is not an instant of these snapshots: the nearest is "
            f"{format_ns(int(instants[near]))} (times[{near}])"
        )

    @cached_property
    def _ends(self) -> dict[int, tuple[int, int]]:
        """The first and the last instant of the parts that are there, the earlier of the two first."""
        ends = {
            entry.part: (instant_ns(entry.first), instant_ns(entry.last))
            for entry in self.manifest.parts
        }
        return {part: (min(both), max(both)) for part, both in ends.items()}

    def _likely(self, ns: int) -> list[int]:
        """The parts that are there: those whose first and last instants enclose this one, the
        closest first, then the others.
        """

        def unlikely(part: int) -> tuple[bool, int, int]:
            first, last = self._ends[part]
            return not first <= ns <= last, last - first, part

        return sorted(self._ends, key=unlikely)

    def _span(self, part: int) -> tuple[int, int] | None:
        """The earliest and the latest instant of a part, None if a part would have to be read for
        them: they need not be in order.
        """
        if part in self._read:
            return int(self._read[part].min()), int(self._read[part].max())
        if self.metadata["step"] or len(self._layout.part(part)) <= 2:
            return self._ends[part]
        return None

    def _instants(self, part: int) -> npt.NDArray[np.int64]:
        """The instants of a part, from its `time` column, which is read once."""
        if part not in self._read:
            n_sats, every = self._layout.satellites, self._layout.instant_batches
            batches = self._parts[part].batches(
                range(0, self._layout.part_batches(part), every), ["time"]
            )
            self._read[part] = np.concatenate(
                [batch.column("time").cast(pa.int64()).to_numpy()[::n_sats] for batch in batches]
            )
        return self._read[part]


def read_satellites(store: Store, manifest: Manifest) -> pa.Table:
    """Read the table of the satellites of a run.

    DamagedError if its file is not the one that the manifest lists.
    """
    entry, plan = manifest.companion, manifest.plan
    if entry is None:
        raise DamagedError(f"the manifest of {store} lists no file of the satellites")
    file = store.path / entry.file
    with damaged(file):
        data = store.read(entry.file, entry.bytes)
    if digest_text(xxhash.xxh3_128(data)) != entry.digest:
        raise DamagedError(
            f"{file} is damaged: its digest is not the one in the manifest; {ADVICE}"
        )
    with damaged(file):
        if plan["format"] == "parquet":
            table = pq.read_table(pa.BufferReader(data))
        else:
            table = pa.ipc.open_file(pa.BufferReader(data)).read_all()
        table.validate(full=True)
        if table.num_rows != plan["satellites"] or "sat_id" not in table.schema.names:
            raise DamagedError(
                f"{file} has {table.num_rows:,} satellites, the plan {plan['satellites']:,}; "
                f"{ADVICE}"
            )
    return table
