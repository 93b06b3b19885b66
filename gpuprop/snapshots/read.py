"""Read snapshots by instant, by satellite or as a dataset. No part is loaded as a whole."""

from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING

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
from ..notebook import page
from ..time.instants import format_ns
from ..time.times import Times, as_times, instant_ns
from ..typing import Instants
from .contents import FOLDER, SNAPSHOTS, SnapshotContents
from .part_reader import ADVICE, damaged
from .schema import instants_of, schema_of

if TYPE_CHECKING:
    import pyarrow.dataset as pads


def open_snapshots(path: AnyPath, partial: bool = False) -> "Snapshots":
    """Open the snapshots in a directory that write_snapshots filled.

    The manifest and the sizes of the parts are read; no part is opened. Data are compared with the
    manifest when they are read: the satellites by their digest, a part by its plan, its rows and
    its instants. `verify_snapshots` compares every byte.

    Parameters
    ----------
    path : str, path or UPath
        The directory, on a disk or in an object store (a URL, or a UPath with the options of the
        store).
    partial : bool
        Accept a run that did not finish, or shards that are not merged. Only the complete parts are
        read.

    Returns
    -------
    Snapshots
        The snapshots.

    Raises
    ------
    ValueError
        The run did not finish, or its shards are not merged, and `partial` is not set.
    FileNotFoundError
        The directory, its manifest or a part is missing.
    DamagedError
        A part has another size than was written, a file is a symbolic link, or the manifest was
        altered or has an unknown version.
    OSError
        A file cannot be read, or a store does not answer.
    RuntimeError
        The package for a store is not installed.
    """
    store = open_store(path)
    manifest = _manifest(store, partial)
    if not manifest.complete and not partial:
        raise ValueError(
            f"{store} holds a run that did not finish: {len(manifest.parts)} of "
            f"{manifest.files.parts} parts are complete; continue it (resume=True, --resume), "
            "or open it with partial=True to read those"
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
        # An older manifest has no digest of itself: compare its plan with that in every file.
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
    if inventory.whole:  # another job has just merged the shards
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
    """Snapshots in files: states of satellites at instants. open_snapshots makes it.

    `len()` of it is the number of rows of the complete parts.

    Parameters
    ----------
    store : Store
        The directory.
    manifest : Manifest
        Its manifest, with an entry for each complete part.

    Attributes
    ----------
    path : Path
        The directory.
    metadata : dict
        The plan of the run: frame, units, gravity, opsmode, start, step, counts, notes, format.
    manifest : Manifest
        The plan, the parts, and which engine computed them, where and when.
    complete : bool
        Whether all parts are complete.
    """

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self.path = store.path
        self.metadata: dict[str, object] = dict(manifest.plan)
        self.manifest = manifest
        self.complete = manifest.complete
        # an absolute path, since the process may change its working directory
        self._store = open_store(store.shared_path())
        contents = SnapshotContents.of(manifest.plan)
        self._layout, self._grid, self._format = contents.layout, contents.times, contents.format
        self._parts = {entry.part: contents.part(self._store, entry) for entry in manifest.parts}
        # instants that are not a grid, of the parts whose `time` column was read
        self._instants_read: dict[int, npt.NDArray[np.int64]] = {}

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

    def _repr_html_(self) -> str:
        plan = self.metadata
        columns = ", ".join(
            f"{each.name} ({(each.metadata or {}).get(b'unit', b'').decode()})".removesuffix(" ()")
            for each in schema_of(plan)
        )
        facts: dict[str, object] = {"columns": columns, "rows": f"{len(self):,}"}
        shown = (
            "step",
            "dtype",
            "format",
            "compression",
            "earth_orientation",
            "gravity",
            "opsmode",
        )
        facts |= {name: plan[name] for name in shown if plan.get(name) is not None}
        return page(repr(self)[1:-1], facts)

    def __len__(self) -> int:
        """Return the number of rows of the complete parts."""
        return sum(entry.rows for entry in self.manifest.parts)

    @cached_property
    def satellites(self) -> pa.Table:
        """The satellites (n_sats rows), in the order of the rows of an instant.

        The columns are sat_id and the fields of the element sets. The file is compared with its
        digest before it is decoded, since a damaged file could crash the decoder.
        """
        return read_satellites(self._store, self.manifest)

    @cached_property
    def times(self) -> Times:
        """The instants (n_times,), UTC.

        Instants that are not a grid are read from the `time` columns of the complete parts.
        """
        if self._grid is not None:
            return self._grid
        return Times(np.concatenate([self._instants(part) for part in sorted(self._parts)]))

    @property
    def dataset(self) -> "pads.Dataset":
        """All rows, in order, as a pyarrow dataset, which is read lazily.

        DuckDB and Polars can query it. No part is opened to make it. A filter on `time` opens only
        the parts that have such instants. Apply it by `dataset.filter(...)`, since DuckDB and
        Polars do not always pass on their conditions.

        If the instants are not a grid, the dataset knows the range of instants only for parts with
        one or two instants, and for parts that `times` or `at` has read. A filter opens all others.

        pyarrow reads the parts without the checks of `at` and `track`. If two parts were exchanged
        on the disk, a filter on `time` misses their rows; `verify_snapshots(path, quick=True)`
        finds such parts.
        """
        # Imported here because it takes 0.2 s: it imports pandas, if that is installed.
        import pyarrow.dataset as pads

        kind = pads.IpcFileFormat() if self._format == "arrow" else pads.ParquetFileFormat()
        filesystem, fragments = self._store.arrow_filesystem(), []
        schema = schema_of(self.metadata)
        unit = schema.field("time").type
        for part in sorted(self._parts):
            span, holds = self._span(part), None
            if span is not None:
                first, last = (pa.scalar(ns, pa.timestamp("ns", "UTC")).cast(unit) for ns in span)
                holds = (pads.field("time") >= first) & (pads.field("time") <= last)
            file = self._store.arrow_path(self._parts[part].entry.file)
            fragments.append(kind.make_fragment(file, filesystem, holds))
        return pads.FileSystemDataset(fragments, schema, kind, filesystem)

    def at(self, instant: Instants) -> pa.Table:
        """Read the rows of one instant.

        Only the batch of the instant is read. From uncompressed IPC files on a disk nothing is
        copied: the table is a view of the file, mapped into memory.

        Parameters
        ----------
        instant : str, datetime or datetime64
            One of `times`, UTC. If it occurs there twice, the rows are equal; those of one of them
            are returned.

        Returns
        -------
        pyarrow.Table
            A row per satellite (n_sats rows), in the order of `satellites`.

        Raises
        ------
        LookupError
            The instant is not one of `times` (the message names the nearest), or its part is
            missing.
        ValueError
            `instant` is not one instant.
        DamagedError
            The part is not the one that was written.
        """
        wanted = as_times(instant)
        if wanted.count != 1:
            raise ValueError(
                f"at() takes one instant, not {wanted.count}: for several, filter `dataset` by time"
            )
        part, batches, first = self._layout.find(self._index(wanted.start_ns))
        if part not in self._parts:
            raise LookupError(
                f"{format_ns(wanted.start_ns)} is in part {part}, which is missing: the run did "
                "not finish"
            )
        table = pa.Table.from_batches(self._parts[part].batches(batches))
        n_sats = self._layout.satellites
        for batch in table.slice(first, n_sats).to_batches():
            times = instants_of(batch.column("time"))
            if (times.min(), times.max()) != (wanted.start_ns, wanted.start_ns):
                raise DamagedError(
                    f"{self._parts[part].file} has other instants than "
                    f"{format_ns(wanted.start_ns)} in its place; {ADVICE}"
                )
        if self._parts[part].is_mapped:
            return table.slice(first, n_sats)
        # Copies the rows: a slice would keep the whole batch in memory.
        return table.take(pa.array(np.arange(first, first + n_sats)))

    def track(self, sat_id: int) -> pa.Table:
        """Read the rows of one satellite at all instants.

        One batch at a time is read, of the complete parts.

        Parameters
        ----------
        sat_id : int
            Catalogue number.

        Returns
        -------
        pyarrow.Table
            A row per instant, in the order of time. If several element sets have the number, an
            instant has a row for each, in the order of `satellites`.

        Raises
        ------
        LookupError
            No satellite has the number.
        TypeError
            `sat_id` is not an integer.
        DamagedError
            A part is not the one that was written.
        """
        if not isinstance(sat_id, Integral) or isinstance(sat_id, bool):
            raise TypeError(
                f"track() takes one catalogue number, not {sat_id!r}: for several satellites, "
                "filter `dataset` by sat_id"
            )
        places = np.flatnonzero(self.satellites.column("sat_id").to_numpy() == sat_id)
        if not len(places):
            raise LookupError(f"no satellite in {self.path} has the number {sat_id}")
        # batch i of a part has the satellites of slice i modulo the number of slices
        slices = list(self._layout.satellite_slices())
        rows_in_slice = [
            places[(places >= one.start) & (places < one.stop)] - one.start for one in slices
        ]
        chosen = []
        for part in sorted(self._parts):
            numbers = [
                number
                for number in range(self._layout.part_batches(part))
                if len(rows_in_slice[number % len(slices)])
            ]
            batches = self._parts[part].batches(numbers)
            for number in numbers:
                batch = next(batches)
                one = slices[number % len(slices)]
                firsts = np.arange(0, batch.num_rows, one.stop - one.start)
                wanted = firsts[:, None] + rows_in_slice[number % len(slices)]
                rows = batch.take(pa.array(wanted.ravel()))
                del batch  # free its memory before the next one is read
                self._check_rows(part, number, rows, sat_id)
                chosen.append(rows)
        return pa.Table.from_batches(chosen).combine_chunks()

    def _check_rows(self, part: int, number: int, rows: pa.RecordBatch, sat_id: int) -> None:
        """Raise DamagedError if rows of a batch have another satellite or other instants."""
        file, layout = self._parts[part].file, self._layout
        if (rows.column("sat_id").to_numpy() != sat_id).any():
            raise DamagedError(f"{file} has another satellite where {sat_id} belongs; {ADVICE}")
        if self._grid is not None:
            group = number // layout.instant_batches * layout.batch_instants
            instants = layout.part(part)[group : group + layout.batch_instants]
            expected = self._grid[instants.start : instants.stop].ns
            times = instants_of(rows.column("time"))
            if (times.reshape(len(expected), -1) != expected[:, None]).any():
                raise DamagedError(f"{file} has other instants than its plan; {ADVICE}")

    def status_counts(self) -> dict[int, int]:
        """Count the states by status code. No part is opened.

        Returns
        -------
        dict
            {code: number of states} of the complete parts, in the order of the codes; see
            gpuprop.STATUS.
        """
        counts: dict[int, int] = {}
        for entry in self.manifest.parts:
            for code, states in entry.status.items():
                counts[code] = counts.get(code, 0) + states
        return dict(sorted(counts.items()))

    def verify(self) -> None:
        """Read every file and compare it with its digest in the manifest.

        Raises
        ------
        DamagedError
            A file is damaged; the message names the first one.
        """
        checker = Checker.of(self._store, self.manifest)
        for entry in self.manifest.entries:
            if wrong := checker.fault(entry, full=True):
                raise DamagedError(f"{self.path / entry.file} {wrong}")

    def _index(self, ns: int) -> int:
        """Return the position of an instant in `times`. LookupError if it is not one of them."""
        if not self.metadata["step"]:
            for part in self._parts_by_likelihood(ns):
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
        """The first and last instants of each complete part, the earlier one first."""
        ends = {
            entry.part: (instant_ns(entry.first), instant_ns(entry.last))
            for entry in self.manifest.parts
        }
        return {part: (min(both), max(both)) for part, both in ends.items()}

    def _parts_by_likelihood(self, ns: int) -> list[int]:
        """Sort the complete parts by the likelihood that they have an instant.

        First come parts whose first and last instants enclose it, the shortest first.
        """

        def unlikely(part: int) -> tuple[bool, int, int]:
            first, last = self._ends[part]
            return not first <= ns <= last, last - first, part

        return sorted(self._ends, key=unlikely)

    def _span(self, part: int) -> tuple[int, int] | None:
        """Return the earliest and latest instants of a part; None if it had to be read for them.

        Instants that are not a grid may be in any order.
        """
        if part in self._instants_read:
            ns = self._instants_read[part]
            return int(ns.min()), int(ns.max())
        if self.metadata["step"] or len(self._layout.part(part)) <= 2:
            return self._ends[part]
        return None

    def _instants(self, part: int) -> npt.NDArray[np.int64]:
        """Return the instants of a part, from its `time` column, which is read once."""
        if part not in self._instants_read:
            n_sats, every = self._layout.satellites, self._layout.instant_batches
            batches = self._parts[part].batches(
                range(0, self._layout.part_batches(part), every), ["time"]
            )
            self._instants_read[part] = np.concatenate(
                [instants_of(batch.column("time"))[::n_sats] for batch in batches]
            )
        return self._instants_read[part]


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
