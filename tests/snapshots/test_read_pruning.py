"""Reading touches only the part, the batch and the rows that were asked for."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import duckdb
import numpy as np
import polars
import pyarrow as pa
import pyarrow.dataset as pads
import pytest
from arrow_samples import COORDINATES, GRID, IRREGULAR, propagator, rows, small_layout
from datasets import read_manifest

from gpuprop import Propagator, open_snapshots, time_grid, walker, write_snapshots
from gpuprop.dataset.local import LocalStore
from gpuprop.dataset.location import open_store
from gpuprop.dataset.shards import Shard
from gpuprop.errors import DamagedError
from gpuprop.snapshots import plan_snapshots
from gpuprop.time.instants import format_ns
from gpuprop.time.times import as_times

FORMS = [("arrow", "none"), ("arrow", "zstd"), ("parquet", "zstd")]
when = pads.field("time")
# three parts of 8, 8 and 1
UNORDERED = as_times(GRID.ns[[20, 3, 50, 4, 1, 30, 0, 2, *range(10, 18), 9]].astype("M8[ns]"))


def instant(ns):
    return pa.scalar(int(ns), pa.timestamp("ns", "UTC"))


def only(directory: Path, *parts: int) -> None:
    """Leave these parts, remove the others: what opens one of those fails."""
    for file in (directory / "snapshots").iterdir():
        if int(file.stem.removeprefix("part-")) not in parts:
            file.unlink()


# --- the dataset ---
@pytest.mark.parametrize("format, compression", FORMS)
@pytest.mark.parametrize(
    "options",
    [{}, {"velocity": False, "dtype": "float32"}, {"frame": "geodetic", "sunlit": True}],
    ids=str,
)
def test_the_schema_is_that_of_the_parts(tmp_path, monkeypatch, format, compression, options):
    small_layout(monkeypatch)
    prop = propagator()
    write_snapshots(tmp_path, prop, GRID, format=format, compression=compression, **options)
    dataset = open_snapshots(tmp_path).dataset
    written = pads.dataset(tmp_path / "snapshots", format="ipc" if format == "arrow" else format)
    plan = plan_snapshots(prop.elements, GRID, format=format, compression=compression, **options)
    assert dataset.schema.equals(plan.schema, check_metadata=True)
    assert dataset.schema.equals(written.schema, check_metadata=True)
    table = dataset.to_table()
    assert table.schema.equals(plan.schema, check_metadata=True)
    assert np.array_equal(table["time"].cast(pa.int64()).to_numpy(), np.repeat(GRID.ns, 37))


@pytest.mark.parametrize("format, compression", FORMS)
def test_a_filter_on_time_opens_the_parts_concerned(tmp_path, monkeypatch, format, compression):
    small_layout(monkeypatch)
    prop = propagator()
    write_snapshots(tmp_path, prop, GRID, format=format, compression=compression)
    ds = open_snapshots(tmp_path)
    only(tmp_path, 2, 3)  # instants 16 to 31
    dataset = ds.dataset
    expected = rows(prop, GRID[15:33])
    for first, last in ((16, 17), (18, 19), (20, 28), (16, 32)):
        wanted = (when >= instant(GRID.ns[first])) & (when < instant(GRID.ns[last]))
        if last - first == 1:
            wanted = when == instant(GRID.ns[first])
        table = dataset.to_table(filter=wanted)
        for name in COORDINATES:
            assert np.array_equal(
                table[name].to_numpy(),
                expected[name][37 * (first - 15) : 37 * (last - 15)],
                equal_nan=True,
            )
        chosen = dataset.filter(wanted)
        n = 37 * (last - first)
        assert dataset.scanner(filter=wanted).count_rows() == chosen.count_rows() == n
        assert duckdb.sql("SELECT count(*), sum(status) FROM chosen").fetchall() == [
            (n, int(table["status"].to_numpy().sum()))
        ]
        assert polars.scan_pyarrow_dataset(chosen).select(polars.len()).collect().item() == n
    with pytest.raises(FileNotFoundError):
        dataset.to_table(filter=when == instant(GRID.ns[15]))


@pytest.mark.parametrize("format", ["arrow", "parquet"])
def test_conditions_of_duckdb_and_polars_find_the_same_rows(tmp_path, monkeypatch, format):
    """Whether they hand them on to the dataset or not."""
    small_layout(monkeypatch)
    write_snapshots(tmp_path, propagator(), GRID, format=format)
    dataset = open_snapshots(tmp_path).dataset
    first, last = (datetime(2026, 1, 1, 0, minute, tzinfo=timezone.utc) for minute in (13, 27))
    where = f"time >= TIMESTAMPTZ '{first}' AND time < TIMESTAMPTZ '{last}'"
    found = duckdb.sql(
        f"SELECT count(*), sum(z) FROM dataset WHERE {where} AND status = 0"
    ).fetchall()[0]
    between = polars.col("time").is_between(first, last, closed="left") & (
        polars.col("status") == 0
    )
    seen = (
        polars.scan_pyarrow_dataset(dataset)
        .filter(between)
        .select(polars.len(), polars.col("z").sum())
        .collect()
        .row(0)
    )
    table = dataset.to_table(
        filter=(when >= instant(GRID.ns[13]))
        & (when < instant(GRID.ns[27]))
        & (pads.field("status") == 0)
    )
    assert found[0] == seen[0] == len(table) > 0
    assert found[1] == pytest.approx(seen[1]) == pytest.approx(table["z"].to_numpy().sum())


@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
@pytest.mark.parametrize(
    "times",
    [UNORDERED, IRREGULAR, as_times(["2026-01-02", "2026-01-01"])],
    ids=["unordered", "few", "backwards"],
)
def test_instants_out_of_order_are_all_found(tmp_path, monkeypatch, times, read):
    """The first and the last instant of a part are not its earliest and latest."""
    small_layout(monkeypatch)
    write_snapshots(tmp_path, propagator(), times)
    ds = open_snapshots(tmp_path)
    if read:
        assert ds.times == times
    for ns in times.ns:
        table = ds.dataset.to_table(filter=when == instant(ns))
        assert np.array_equal(
            table["x"].to_numpy(),
            propagator().states(as_times(ns.astype("M8[ns]"))).x[0],
            equal_nan=True,
        )


def test_instants_out_of_order_once_read_are_pruned_by(tmp_path, monkeypatch):
    small_layout(monkeypatch)
    write_snapshots(tmp_path, propagator(), UNORDERED)
    ds = open_snapshots(tmp_path)
    assert len(ds.times) == 17
    only(tmp_path, 0)
    assert ds.dataset.count_rows(filter=when == instant(GRID.ns[50])) == 37


@pytest.mark.parametrize("format", ["arrow", "parquet"])
def test_the_dataset_of_a_run_that_did_not_finish(tmp_path, monkeypatch, format):
    small_layout(monkeypatch)
    write_snapshots(tmp_path, propagator(), GRID, format=format)
    manifest = read_manifest(tmp_path)
    manifest.drop({0, 3, 6})
    manifest.write(open_store(tmp_path))
    only(tmp_path, 1, 2, 4, 5)
    dataset = open_snapshots(tmp_path, partial=True).dataset
    there = GRID.ns[np.r_[8:24, 32:48]]
    assert np.array_equal(
        dataset.to_table()["time"].cast(pa.int64()).to_numpy(), np.repeat(there, 37)
    )
    assert dataset.count_rows(filter=when == instant(GRID.ns[26])) == 0


# --- an instant ---
@pytest.mark.parametrize("format, compression", FORMS)
@pytest.mark.parametrize("times", [GRID, UNORDERED], ids=["grid", "unordered"])
def test_at_opens_one_part(tmp_path, monkeypatch, format, compression, times):
    small_layout(monkeypatch)
    prop = propagator()
    write_snapshots(tmp_path, prop, times, format=format, compression=compression)
    ds = open_snapshots(tmp_path)
    only(tmp_path, 1)
    for index in (8, 11, 15):
        assert np.array_equal(
            ds.at(times[index])["x"].to_numpy(), prop.states(times[index]).x[0], equal_nan=True
        )
    with pytest.raises(FileNotFoundError):
        ds.at(times[0])


def test_at_looks_everywhere_and_reads_instants_once(tmp_path, monkeypatch):
    """Instants 50, 1 and 0 lie outside what the ends of their part, 20 and 2, enclose."""
    small_layout(monkeypatch)
    write_snapshots(tmp_path, propagator(), UNORDERED)
    ds = open_snapshots(tmp_path)
    opened = []
    arrow_file = LocalStore.arrow_file
    monkeypatch.setattr(
        LocalStore,
        "arrow_file",
        lambda self, name, size: opened.append(Path(name).stem) or arrow_file(self, name, size),
    )
    for ns in (GRID.ns[50], GRID.ns[0]):
        assert ds.at(ns.astype("M8[ns]"))["time"].cast(pa.int64()).unique().to_pylist() == [ns]
        assert opened[-1].endswith("0000")
    assert len(opened) <= 3 + 2
    opened.clear()
    assert ds.times == UNORDERED and len(opened) <= 2


BATCHES, BATCH_INSTANTS, N_SATS = 32, 8, 2_000
ROW = 8 + 4 + 6 * 8 + 1
BATCH = BATCH_INSTANTS * N_SATS * ROW  # bytes of columns


# What Arrow has allocated at most, in a process that does nothing else: for at(), then for track()
# as well.
READ = """
import json, sys
import pyarrow as pa
from gpuprop import open_snapshots

ds, pool = open_snapshots(sys.argv[1]), pa.default_memory_pool()
for read in (lambda: ds.at("2026-01-01T01:41:00Z"), lambda: ds.track(1_000_000_777)):
    table = read()
    print(json.dumps([len(table), table.nbytes, table.get_total_buffer_size(), pool.max_memory()]))
"""


@pytest.mark.parametrize("format, compression", FORMS)
def test_at_reads_one_batch_and_track_holds_one(tmp_path, monkeypatch, format, compression):
    """Of a part of 32 batches, of a megabyte each."""
    small_layout(monkeypatch, batch_rows=BATCH_INSTANTS * N_SATS, most=1 << 20, part_bytes=1 << 30)
    times = time_grid("2026-01-01", duration=f"{BATCHES * BATCH_INSTANTS}min", step="1min")
    write_snapshots(
        tmp_path,
        Propagator(walker("53:2000/40/1", altitude_km=550.0)),
        times,
        format=format,
        compression=compression,
    )
    ds = open_snapshots(tmp_path)
    assert len(ds.manifest.parts) == 1 and ds.metadata["batch_instants"] == BATCH_INSTANTS
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path)], stdout=subprocess.PIPE, text=True, check=True
    )
    at, track = map(json.loads, done.stdout.splitlines())
    rows, size, kept, peak = at
    assert (rows, size) == (N_SATS, N_SATS * ROW)
    if compression == "none":
        assert peak < 4096 < size  # the footer, and no row
    else:
        # the batch, compressed and not, and the rows of it that are kept: an eighth
        assert size < peak < 3 * BATCH
        assert kept < BATCH / 4
    rows, size, kept, peak = track
    assert (rows, size) == (BATCHES * BATCH_INSTANTS, BATCHES * BATCH_INSTANTS * ROW)
    assert kept < BATCH / 8 and peak < 3 * BATCH


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="/proc says what is mapped where")
def test_at_hands_out_the_mapping(tmp_path):
    write_snapshots(tmp_path, propagator(), GRID)
    table = open_snapshots(tmp_path).at(GRID[17])
    spans = [
        line.split()[0]
        for line in Path("/proc/self/maps").read_text().splitlines()
        if line.endswith("snapshots/part-000000.arrow")
    ]
    ranges = [[int(end, 16) for end in span.split("-")] for span in spans]
    for column in table.columns:
        address = column.chunk(0).buffers()[1].address
        assert any(first <= address < last for first, last in ranges)


# --- a terabyte ---
@pytest.mark.slow
def test_a_terabyte_costs_the_part_asked_for(tmp_path, monkeypatch):
    """4,000 parts: one is real, the others are holes of 256 MiB, no Arrow files, so that opening
    one would fail.
    """
    small_layout(monkeypatch)
    real, count, size = 2_345, 4_000, 1 << 28
    times = time_grid("2026-01-01", duration=f"{8 * count}min", step="1min")
    write_snapshots(tmp_path, propagator("numpy", 1), times, shard=f"{real + 1}/{count}")
    shard = read_manifest(tmp_path, Shard.parse(f"{real + 1}/{count}"))
    (entry,) = shard.parts
    assert entry.part == real
    parts = []
    for part in range(count):
        first, last = (format_ns(ns) for ns in times[8 * part : 8 * part + 8].ns[[0, -1]])
        parts.append(
            replace(
                entry,
                part=part,
                file=shard.files.part(part),
                first=first,
                last=last,
                bytes=size,
            )
        )
    parts[real] = entry
    for each in parts:
        if each is not entry:
            with open(tmp_path / each.file, "xb") as file:
                file.truncate(size)
    replace(shard, shard=None, parts=parts, complete=True).write(open_store(tmp_path))

    opened = []
    arrow_file = LocalStore.arrow_file
    monkeypatch.setattr(
        LocalStore,
        "arrow_file",
        lambda self, name, size: opened.append(name) or arrow_file(self, name, size),
    )
    ds = open_snapshots(tmp_path)
    assert sum(each.bytes for each in parts) > 10**12 and len(ds) == 37 * 8 * count
    assert all(not part or parts[part - 1].last < parts[part].first for part in (0, real, real + 1))
    index = 8 * real + 5
    table = ds.at(times[index])
    assert opened == [entry.file]
    states = propagator("numpy", 1).states(times[index])
    assert np.array_equal(table["x"].to_numpy(), states.x[0], equal_nan=True)
    found = ds.dataset.to_table(filter=when == instant(times.ns[index]))
    assert np.array_equal(found["x"].to_numpy(), states.x[0], equal_nan=True)
    with pytest.raises(
        DamagedError, match=rf"part-{real + 1:06d}.arrow is damaged: .*gpuprop verify"
    ):
        ds.at(times[index + 8])
