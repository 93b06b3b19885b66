"""Reading: a directory of snapshots, an instant, a satellite or everything at a time. Parts are
never loaded whole.
"""

from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from ..dataset.sink import digest_text
from ..dataset.store import AnyPath, Look, is_remote, key, place, read_bytes, refuse_links, store
from ..errors import DamagedError
from ..time.instants import format_ns
from ..time.times import Times, as_times, instant_ns
from .check import Checker
from .inventory import Holdings
from .layout import PARTS
from .manifest import Manifest
from .merge import joined, shard_manifests
from .part_reader import ADVICE, Part, damaged
from .recorded_plan import RecordedPlan
from .resume_command import merge_command
from .schema import schema_of

if TYPE_CHECKING:
    import pyarrow.dataset as pads


def open_snapshots(path: AnyPath, partial: bool = False) -> "Snapshots":
    """The snapshots in a directory that write_snapshots filled, on a disk or in an object store (a
    URL, or a UPath with the options of the store). Reads the manifest and the sizes of the parts,
    and opens none of them.

    partial: open a run that did not finish, or shards that are not merged, with the parts that are
    complete; else that is a ValueError. FileNotFoundError if the directory, its manifest or a part
    is missing. DamagedError (a ValueError) for a part that has not the size that was written, for a
    link, and for a manifest that was altered or that this version cannot read. OSError for a store
    that does not answer, RuntimeError if the packages for it are not installed.

    What is read later is compared with the manifest at that time: the satellites by their digest,
    each part by its plan, its rows and its instants. `verify_snapshots` compares every byte.
    """
    directory = place(path)
    manifest = _manifest(directory, partial)
    if not manifest.complete and not partial:
        raise ValueError(
            f"{directory} holds a run that did not finish: {len(manifest.parts)} of "
            f"{manifest.plan['parts']} parts are there; "
            "go on with it (resume=True, --resume), or open it with partial=True to read those"
        )
    if not manifest.parts:
        raise ValueError(
            f"{directory} holds a run that did not finish, and no part of it is complete yet"
        )
    refuse_links(directory, PARTS)
    entries = [manifest.satellites, *manifest.parts]
    look = Look(directory, [entry["file"] for entry in entries])
    for entry in entries:
        file, size = directory / entry["file"], look.size(entry["file"])
        if size is None:
            other = look.other(entry["file"])
            if other:
                raise DamagedError(
                    f"{file} {other}, which gpuprop does not follow or write: put the file itself "
                    "there"
                )
            raise FileNotFoundError(f"{file} is missing, but the manifest lists it")
        if size != entry["bytes"]:
            raise DamagedError(
                f"{file} is damaged: it has {size:,} bytes, {entry['bytes']:,} were written"
            )
    if not manifest.sealed:
        _carry_the_plan(directory, manifest, entries)
    return Snapshots(directory, manifest)


def _carry_the_plan(directory: Path, manifest: Manifest, entries: list[dict[str, Any]]) -> None:
    """DamagedError unless every file carries the plan of the manifest: the check for older
    manifests, which have no digest.
    """
    names = [entry["file"] for entry in entries]
    carried = set(Checker(directory, manifest.plan, names).carriers(names))
    for name in names:
        if name not in carried:
            raise DamagedError(
                f"{directory / name} was written under another plan than the manifest has: one of "
                "them was altered"
            )


def _manifest(directory: Path, partial: bool) -> Manifest:
    """The manifest of a directory, or what those of its shards come to."""
    try:
        return Manifest.read(directory)
    except FileNotFoundError:
        shards = shard_manifests(directory)
        if not shards:
            raise
    holdings = Holdings.of(directory)
    if holdings.whole:  # merged just now
        return holdings.whole
    if holdings.damaged:
        raise holdings.damaged
    manifest = joined(holdings)
    if not partial:
        complete = sum(each.complete for each in holdings.shards.values())
        raise ValueError(
            f"{directory} holds shards that are not merged, {complete} of {shards[0].count} "
            f"complete: `{merge_command(directory)}` merges "
            "them, or says what is missing; partial=True reads what is there"
        )
    manifest.complete = False
    return manifest


class Snapshots:
    """States of satellites at instants, in files. Made by open_snapshots.

    path: the directory. metadata: the plan of the run: frame, units, gravity, opsmode, start, step,
    counts, notes, format. complete: whether all parts are there. manifest: the rest: what computed
    them, where and when, and the parts.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.metadata: dict[str, Any] = manifest.plan
        self.manifest = manifest
        self.complete = manifest.complete
        plan = manifest.plan
        self._format: str = plan["format"]
        recorded = RecordedPlan(plan)
        self._layout, self._grid = recorded.layout, recorded.times
        self._parts = {
            entry["part"]: Part((path / entry["file"]).absolute(), entry, recorded)
            for entry in manifest.parts
        }
        # the instants of parts that are not of a grid, once they were read
        self._read: dict[int, npt.NDArray[np.int64]] = {}

    def __repr__(self) -> str:
        n_sats, n_times, frame = (
            self.metadata[name] for name in ("satellites", "instants", "frame")
        )
        first, last = self.manifest.parts[0]["first"], self.manifest.parts[-1]["last"]
        missing = "" if self.complete else f", {len(self._parts)} of {self._layout.parts} parts"
        return f"<Snapshots {str(self.path)!r}: {n_sats:,} satellites at {n_times:,} instants, {frame}, {first} to {last}{missing}>"

    def __len__(self) -> int:
        """Rows that are there."""
        return sum(entry["rows"] for entry in self.manifest.parts)

    @cached_property
    def satellites(self) -> pa.Table:
        """One row per satellite, in the order of the rows of an instant: sat_id and the fields of
        its element set.

        The file is compared with its digest before it is decoded: a damaged file could crash the
        decoder.
        """
        return read_satellites(self.path, self.manifest)

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
        import pyarrow.fs as pafs

        kind = pads.IpcFileFormat() if self._format == "arrow" else pads.ParquetFileFormat()
        files = (
            pafs.PyFileSystem(pafs.FSSpecHandler(store(self.path)))
            if is_remote(self.path)
            else pafs.LocalFileSystem()
        )
        fragments = []
        for part in sorted(self._parts):
            file, span, holds = self._parts[part].file, self._span(part), None
            if span is not None:
                first, last = (pa.scalar(ns, pa.timestamp("ns", "UTC")) for ns in span)
                holds = (pads.field("time") >= first) & (pads.field("time") <= last)
            fragments.append(
                kind.make_fragment(key(file) if is_remote(file) else str(file), files, holds)
            )
        return pads.FileSystemDataset(fragments, schema_of(self.metadata), kind, files)

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
        if (
            self._format == "arrow"
            and self.metadata["compression"] == "none"
            and not is_remote(self.path)
        ):
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
            for code, states in entry["status"].items():
                counts[int(code)] = counts.get(int(code), 0) + states
        return dict(sorted(counts.items()))

    def verify(self) -> None:
        """Read every file and compare it with the digest in the manifest; DamagedError names the
        first that differs.
        """
        entries = [self.manifest.satellites, *self.manifest.parts]
        checker = Checker(
            self.path, self.metadata, [entry["file"] for entry in entries], self.manifest.sealed
        )
        for entry in entries:
            if wrong := checker.fault(entry, full=True):
                raise DamagedError(f"{self.path / entry['file']} {wrong}")

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
            entry["part"]: (instant_ns(entry["first"]), instant_ns(entry["last"]))
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


def read_satellites(directory: Path, manifest: Manifest) -> pa.Table:
    """The table of the satellites of a run. DamagedError if its file is not the one that the
    manifest lists.
    """
    entry = manifest.satellites
    file = directory / entry["file"]
    with damaged(file):
        data = read_bytes(file, entry["bytes"])
    if digest_text(xxhash.xxh3_128(data)) != entry["digest"]:
        raise DamagedError(
            f"{file} is damaged: its digest is not the one in the manifest; {ADVICE}"
        )
    with damaged(file):
        if manifest.plan["format"] == "parquet":
            table = pq.read_table(pa.BufferReader(data))
        else:
            table = pa.ipc.open_file(pa.BufferReader(data)).read_all()
        table.validate(full=True)
        if table.num_rows != manifest.plan["satellites"] or "sat_id" not in table.schema.names:
            raise DamagedError(
                f"{file} has {table.num_rows:,} satellites, the plan "
                f"{manifest.plan['satellites']:,}; {ADVICE}"
            )
    return table
