"""Damaged or forged run directories are refused quickly; nothing outside is read or changed."""

import copy
import errno
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pytest
import xxhash
from arrow_samples import (
    GRID,
    IRREGULAR,
    contents,
    cut_off,
    listed,
    manifest,
    propagator,
    put_manifest,
    resume,
    small_layout,
)
from datasets import inventory, lock, read_manifest
from patience import PATIENCE_S

from gpuprop import Propagator, open_snapshots, time_grid, walker, write_snapshots
from gpuprop.__main__ import main
from gpuprop.dataset import file_lock
from gpuprop.dataset.check import Checker
from gpuprop.dataset.local import LocalStore
from gpuprop.dataset.location import open_store
from gpuprop.errors import DamagedError, ForeignFileError, GpupropError
from gpuprop.snapshots import PlanDiffersError, merge_snapshots, verify_snapshots

NOON = GRID[20]
NEST: list = []
for _ in range(500):
    NEST = [NEST]
VALUES = [
    *(None, True, False, 0, -1, 1, 7, 2**31, 2**63 - 1, 2**63, 10**30, 100_000_000, 0.5, 1e308),
    *(
        "",
        "0",
        "x",
        "\0",
        "\ud800",
        "\x1b[2J",
        "x" * 100_000,
        "../victim/thesis.docx",
        "snapshots/../../victim/thesis.docx",
        "ABSOLUTE",
    ),
    *(
        "snapshots/part-000007.arrow",
        "satellites.arrow",
        "manifest.json",
        "xxh3-128:" + "0" * 32,
        "2026-01-01T00:00:00Z",
        "1min",
        "-1s",
    ),
    *(
        "9999-99-99T00:00:00Z",
        "geodetic",
        "float32",
        "parquet",
        "zstd",
        [],
        [None],
        NEST,
        {},
        {"0": []},
        {"0": -1},
        {"0": 10**30},
    ),
]


@pytest.fixture(autouse=True)
def many_parts(monkeypatch):
    """Seven parts of eight instants."""
    small_layout(monkeypatch)


@pytest.fixture
def run(tmp_path):
    """A whole run, and beside it files of somebody else's."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "thesis.docx").write_text("years of work")
    os.mkfifo(victim / "pipe")
    write_snapshots(tmp_path / "run", propagator("numpy", 1), GRID)
    return tmp_path / "run"


def fields(record, path=()):
    """The place of every field of a manifest; of the parts, those of one entry."""
    for name, value in record.items():
        yield (*path, name)
        if name == "parts" and not path:
            yield from ((*place, key) for place in [("parts", 3)] for key in value[3])
        elif isinstance(value, dict) and value:
            yield from fields(value, (*path, name))


def altered(record, where, value):
    record = copy.deepcopy(record)
    inner = record
    for name in where[:-1]:
        inner = inner[name]
    inner[where[-1]] = value
    return record


class Opened:
    """Which files Python opens. An audit hook cannot be removed, so there is one, which listens
    while it is asked to.
    """

    def __init__(self):
        self.paths, self.listening = [], False
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        if self.listening and event in ("open", "os.remove", "os.rename"):
            self.paths.append(str(arguments[0]))


OPENED = Opened()


def same(table, other):
    """Whether two tables have the same columns, NaN being equal to NaN."""
    pairs = zip(table.columns, other.columns, strict=True)
    return table.column_names == other.column_names and all(
        np.array_equal(a.to_numpy(), b.to_numpy(), equal_nan=pa.types.is_floating(a.type))
        for a, b in pairs
    )


def same_answers(directory, expected):
    """Open and read; DamagedError, or what was written."""
    ds = open_snapshots(directory, partial=True)
    assert same(ds.at(NOON), expected["at"]), "rows of another instant"
    assert same(ds.track(1_000_000_002), expected["track"])
    assert len(ds.times) == len(GRID)


# --- every field, forty values ---
@pytest.mark.slow
def test_every_field_of_a_manifest(run, tmp_path):
    """Each field is replaced by each of forty values, with a new digest, as a forger would do. What
    is accepted gives right data.
    """
    assert len(VALUES) >= 40
    ds = open_snapshots(run)
    expected = {"at": ds.at(NOON), "track": ds.track(1_000_000_002)}
    record, before, outside = manifest(run), contents(run), tmp_path / "victim" / "thesis.docx"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    places = [each for each in fields(record) if each != ("digest",)]
    assert len(places) > 45
    refused = accepted = 0
    OPENED.paths.clear()
    OPENED.listening = True
    try:
        for number, where in enumerate(places):
            for value in VALUES:
                value = str(outside) if value == "ABSOLUTE" else value
                put_manifest(run, altered(record, where, value))
                asked = [lambda: same_answers(run, expected), lambda: verify_snapshots(run)]
                if number % 4 == 0:
                    asked.append(lambda: verify_snapshots(run, quick=True))
                for ask in asked:
                    try:
                        ask()
                        accepted += 1
                    except DamagedError as error:
                        refused += 1
                        assert str(run) in str(error) and len(str(error)) < 1000
    finally:
        OPENED.listening = False
    assert refused > 2500 and accepted > 100, (refused, accepted)
    victim = str(tmp_path / "victim")
    assert not [path for path in OPENED.paths if path.startswith(victim) or "thesis" in path], (
        "a file outside was opened"
    )
    assert outside.read_text() == "years of work" and contents(run) == before
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100_000, "KB"


@pytest.mark.parametrize("act", ["drop", "resume", "overwrite", "merge", "info"])
def test_functions_that_write_refuse_the_same_manifests(run, tmp_path, act):
    """Wrong files, types and bounds, for each function that changes something, and for `info`. The
    user's files stay unchanged.
    """
    record, thesis = manifest(run), tmp_path / "victim" / "thesis.docx"
    before, good = contents(run), (run / "manifest.json").read_bytes()
    for where in (
        ("satellites", "file"),
        ("parts", 3, "file"),
        ("plan", "parts"),
        ("parts", 3, "rows"),
        ("plan", "format"),
        ("parts",),
    ):
        for value in (
            "../victim/thesis.docx",
            str(thesis),
            "snapshots/../../victim/thesis.docx",
            10**30,
            NEST,
            {"0": []},
            100_000_000,
        ):
            put_manifest(run, altered(record, where, value))
            if act == "info":
                assert main(["info", str(run)]) == 1
                continue
            with pytest.raises((DamagedError, FileExistsError)):
                if act == "drop":
                    verify_snapshots(run, drop=True)
                elif act == "merge":
                    merge_snapshots(run)
                else:
                    write_snapshots(run, propagator("numpy", 1), GRID, **{act: True})
            assert thesis.read_text() == "years of work" and contents(run) == before
    (run / "manifest.json").write_bytes(good)
    assert verify_snapshots(run).sound


@pytest.mark.parametrize("where", [("plan", "parts"), ("plan", "instants"), ("parts", 3, "status")])
def test_huge_counts_in_a_manifest_take_no_memory(run, where):
    """A count in a small file takes no memory, even if it agrees with the other counts."""
    record = manifest(run)
    record["plan"] |= dict(
        parts=10**17,
        instants=8 * 10**17,
        rows=37 * 8 * 10**17,
        step="1ns",
        start="1700-01-01T00:00:00Z",
    )
    record |= dict(complete=False, parts=[])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    put_manifest(run, record)
    found = read_manifest(run)
    assert sum(map(len, found.missing)) == 10**17
    (finding,) = verify_snapshots(run).findings
    assert finding.what.startswith(
        "100,000,000,000,000,000 of 100,000,000,000,000,000 parts are not written yet (number 0, "
        "1, 2 ...)"
    )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000, "KB"


def test_text_that_is_no_manifest(run):
    good = (run / "manifest.json").read_bytes()
    deep = b'{"gpuprop": ' + b"[" * 1_000_000
    many = b'{"gpuprop": [' + b"[]," * 1_000_000 + b"0]}"
    texts = [
        b"",
        b"null",
        b"[]",
        deep,
        many,
        good[:-10],
        good + b"}",
        b"\xff\xfe" + good,
        b"\0" * 100,
    ]
    texts += [
        good.replace(b'"layout": 1', b'"layout": ' + number)
        for number in (b"NaN", b"Infinity", b"1.0", b"1e999", b"true")
    ]
    texts += [
        good.replace(b'"layout": 1', b'"layout": 1, "layout": 1'),
        good.replace(b'"layout": 1', b'"layout": ' + b"1" * 10_000),
    ]
    texts += [
        good.replace(b'"plan": {', b'"plan": {"x": ' + b"[" * depth + b"]" * depth + b",")
        for depth in range(900, 1000)
    ]
    texts += [good[:cut] for cut in range(0, len(good), 97)]
    for text in texts:
        (run / "manifest.json").write_bytes(text)
        with pytest.raises(DamagedError):
            open_snapshots(run)
    assert issubclass(DamagedError, GpupropError) and issubclass(DamagedError, ValueError)


# --- names ---
def test_a_store_is_no_less_strict():
    """`memory://`: nothing beside the directory is removed."""
    out = pytest.importorskip("upath").UPath("memory://bucket/run")
    try:
        write_snapshots(out, propagator("numpy", 1), GRID)
        (out.parent / "victim").write_bytes(b"mine")
        for name in ("../victim", "/bucket/victim", "memory://bucket/victim"):
            record = json.loads((out / "manifest.json").read_text())
            record["satellites"]["file"] = name
            put_manifest(out, record)
            with pytest.raises(DamagedError, match="the file of the satellites cannot be"):
                verify_snapshots(out, drop=True)
        assert (out.parent / "victim").read_bytes() == b"mine"
    finally:
        out.fs.store.clear()  # type: ignore[attr-defined]


@pytest.mark.parametrize("claim", ["listed", "listed with its digest", "not listed"])
@pytest.mark.parametrize("act", ["overwrite", "resume", "drop"])
def test_a_manifest_alone_is_no_reason_to_remove_a_file(tmp_path, claim, act):
    """A manifest that claims seven parts, beside files of the same names that gpuprop did not
    write.
    """
    write_snapshots(tmp_path / "other", propagator("numpy", 1), GRID)
    mine = tmp_path / "mine"
    (mine / "snapshots").mkdir(parents=True)
    for name in ("snapshots/part-000003.arrow", "satellites.arrow"):
        record, data = manifest(tmp_path / "other"), b"my own measurements ARROW1"
        if claim == "not listed":
            record |= dict(parts=[], complete=False)
        if claim == "listed with its digest":
            entry = record["satellites"] if name == "satellites.arrow" else record["parts"][3]
            entry |= dict(bytes=len(data), digest=f"xxh3-128:{xxhash.xxh3_128_hexdigest(data)}")
        put_manifest(mine, record)
        (mine / name).write_bytes(data)
        if act == "drop":
            found = verify_snapshots(mine, drop=True)
            assert not found.sound and name not in found.dropped
            assert claim == "not listed" or any(
                "it may be your own file" in each.what for each in found.findings
            )
        else:
            with pytest.raises(
                ForeignFileError,
                match=rf"gpuprop did not write there \({re.escape(name)}\).*move them away",
            ):
                write_snapshots(mine, propagator("numpy", 1), GRID, **{act: True})
        assert (mine / name).read_bytes() == data
        (mine / name).unlink()


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("act", ["overwrite", "resume", "drop"])
def test_a_small_arrow_file_of_the_user_stays(run, legacy, act):
    """Whole, and readable by others, in the form of today or of Arrow before 0.15."""
    file = run / "snapshots" / "part-000003.arrow"
    table = pa.table({"mine": [1, 2, 3]})
    with pa.ipc.new_file(
        file, table.schema, options=pa.ipc.IpcWriteOptions(use_legacy_format=legacy)
    ) as writer:
        writer.write_table(table)
    data = file.read_bytes()
    if act == "drop":
        assert verify_snapshots(run, drop=True).dropped == []
    else:
        with pytest.raises(ForeignFileError):
            write_snapshots(run, propagator("numpy", 1), GRID, **{act: True})
    assert file.read_bytes() == data


@pytest.mark.parametrize(
    "form",
    [
        {},
        pytest.param({"format": "parquet"}, marks=pytest.mark.slow),
        pytest.param({"compression": "zstd"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
@pytest.mark.parametrize("left", [0, 3, 100, 5000, "zeros"])
@pytest.mark.parametrize("act", ["overwrite", "resume", "drop"])
def test_a_part_that_was_cut_is_written_again(tmp_path, form, left, act):
    """A file that nobody can read may be replaced: an empty one, one without its schema or footer,
    one of zeros.
    """
    write_snapshots(tmp_path, propagator("numpy", 1), GRID, **form)
    undisturbed = contents(tmp_path)
    for file in (
        sorted((tmp_path / "snapshots").iterdir())[2],
        next(tmp_path.glob("satellites.*")),
    ):
        data = file.read_bytes()
        file.write_bytes(bytes(len(data)) if left == "zeros" else data[:left])
    if act == "drop":
        assert len(verify_snapshots(tmp_path, drop=True).dropped) == 2
    write_snapshots(
        tmp_path, propagator("numpy", 1), GRID, **{"resume" if act == "drop" else act: True}, **form
    )
    assert contents(tmp_path) == undisturbed


@pytest.mark.parametrize("form", [{}, {"format": "parquet"}, {"compression": "zstd"}], ids=str)
def test_a_damaged_run_can_be_overwritten(tmp_path, form):
    write_snapshots(tmp_path, propagator("numpy", 1), GRID, **form)
    undisturbed = contents(tmp_path)
    file = sorted((tmp_path / "snapshots").iterdir())[2]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    write_snapshots(tmp_path, propagator("numpy", 1), GRID, overwrite=True, **form)
    assert contents(tmp_path) == undisturbed


# --- accidents: the digest of the manifest ---
@pytest.mark.parametrize(
    "where, value",
    [
        (("complete",), False),
        (("parts",), lambda parts: parts[:3] + parts[4:]),
        (("parts",), lambda parts: [*parts[:3], parts[2], *parts[3:]]),
        (("parts",), lambda parts: [parts[1] | {"part": 0, "file": parts[0]["file"]}, *parts[1:]]),
        (("plan", "start"), "2026-01-02T00:00:00Z"),
        (("plan", "step"), "30s"),
        (("plan", "frame"), "itrs"),
        (("plan", "dtype"), "float32"),
        (("plan", "satellites"), 36),
        (("plan", "batch_instants"), 4),
        (("parts", 2, "rows"), 295),
        (("parts", 2, "first"), "2026-01-01T00:17:00Z"),
        (("parts", 2, "last"), "2026-01-01T00:22:00Z"),
        (("parts", 2, "bytes"), 1),
        (("run", "engine"), "cuda"),
    ],
    ids=str,
)
def test_an_altered_manifest_is_refused(run, where, value):
    record = manifest(run)
    inner = record
    for name in where[:-1]:
        inner = inner[name]
    value = value(inner[where[-1]]) if callable(value) else value
    assert inner[where[-1]] != value
    before = contents(run)
    (run / "manifest.json").write_text(json.dumps(altered(record, where, value)))
    for ask in (
        open_snapshots,
        verify_snapshots,
        merge_snapshots,
        resume,
        lambda path: verify_snapshots(path, drop=True),
    ):
        with pytest.raises(DamagedError, match="it was changed after gpuprop wrote it"):
            ask(run)
    assert contents(run) == before


def test_blanks_do_not_count(run):
    (run / "manifest.json").write_text(json.dumps(manifest(run), separators=(",", ":")))
    assert verify_snapshots(run).sound and resume(run).computed == 0


def test_a_field_given_twice_is_refused(run):
    text = (run / "manifest.json").read_text()
    (run / "manifest.json").write_text(
        text.replace('"complete": true', '"complete": true, "complete": true')
    )
    with pytest.raises(DamagedError, match="it names a field twice"):
        open_snapshots(run)


# --- parts that are not what they should be ---
def swap(first, second):
    """Exchange the contents of two files."""
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def test_two_parts_exchanged(run):
    """On the disk. The sizes are the same, so only the instants show it."""
    first, second = (run / "snapshots" / f"part-{index:06d}.arrow" for index in (2, 4))
    swap(first, second)
    ds = open_snapshots(run)
    with pytest.raises(
        DamagedError,
        match=r"part-000002\.arrow has 2026-01-01T00:36:00Z where 2026-01-01T00:20:00Z belongs",
    ):
        ds.at(GRID[20])
    with pytest.raises(DamagedError, match=r"part-000002\.arrow has"):
        ds.track(1_000_000_002)
    assert len(ds.at(GRID[0])) == 37
    assert len(verify_snapshots(run).findings) == 2


def rewritten(directory, index, change):
    """Part `index`, written again by pyarrow after change(number of batch, columns by name), and
    listed with its new size and digest.
    """
    record = manifest(directory)
    entry = record["parts"][index]
    file = directory / entry["file"]
    with pa.ipc.open_file(file) as reader:
        batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        schema = reader.schema
    with pa.ipc.new_file(file, schema) as writer:
        for number, batch in enumerate(batches):
            columns = {
                name: batch.column(name).to_numpy(zero_copy_only=False).copy()
                for name in schema.names
            }
            change(number, columns)
            writer.write_batch(
                pa.record_batch(
                    [pa.array(columns[field.name], field.type) for field in schema], schema
                )
            )
    data = file.read_bytes()
    entry |= dict(bytes=len(data), digest=f"xxh3-128:{xxhash.xxh3_128_hexdigest(data)}")
    put_manifest(directory, record)


@pytest.mark.parametrize("column", ["time", "sat_id"])
def test_rows_within_a_batch(tmp_path, monkeypatch, column):
    """A wrong instant or number in the middle of a batch, which its ends do not show: `at` and
    `track` compare their rows.
    """
    small_layout(monkeypatch, batch_rows=200)  # five instants a batch
    write_snapshots(tmp_path, propagator("numpy", 1), GRID)
    assert manifest(tmp_path)["plan"]["batch_instants"] == 5

    def change(number, columns):
        if number == 0:
            columns[column][2 * 37 + 2] += 1

    rewritten(tmp_path, 2, change)
    instant = open_snapshots(tmp_path)._layout.part(2)[2]
    ds = open_snapshots(tmp_path)
    if column == "time":
        with pytest.raises(DamagedError, match="has other instants than"):
            ds.at(GRID[instant])
    with pytest.raises(DamagedError, match=r"has other instants than|has another satellite where"):
        ds.track(1_000_000_002)
    assert len(ds.at(GRID[instant + 1])) == 37 and len(ds.track(1_000_000_001)) == 53


@pytest.mark.parametrize("what", ["columns", "rows", "batches"])
def test_the_form_of_a_part(run, what):
    """Columns of another type, a row too few, a batch too many, with the right plan."""
    record = manifest(run)
    file = run / record["parts"][2]["file"]
    with pa.ipc.open_file(file) as reader:
        batches, schema = (
            [reader.get_batch(number) for number in range(reader.num_record_batches)],
            reader.schema,
        )
    if what == "columns":
        fields = [
            pa.field(field.name, pa.float32()) if field.name == "x" else field for field in schema
        ]
        schema = pa.schema(fields, schema.metadata)
        batches = [
            pa.record_batch([b.column(f.name).cast(f.type) for f in schema], schema)
            for b in batches
        ]
    batches = (
        [batches[0][:-1], *batches[1:]]
        if what == "rows"
        else [*batches, batches[-1]]
        if what == "batches"
        else batches
    )
    with pa.ipc.new_file(file, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    record["parts"][2]["bytes"] = file.stat().st_size
    put_manifest(run, record)
    with pytest.raises(
        DamagedError,
        match=r"has other columns than its plan|rows, its plan says 74|it has 5 batches, not 4",
    ):
        open_snapshots(run).at(GRID[16])


def test_a_pipe_that_takes_the_place_of_a_part(run):
    """After the directory was opened: the reader does not block."""
    ds = open_snapshots(run)
    for name in ("snapshots/part-000002.arrow", "satellites.arrow"):
        (run / name).unlink()
        os.mkfifo(run / name)
    with pytest.raises(DamagedError, match="it is not a regular file"):
        ds.at(GRID[20])
    with pytest.raises(DamagedError, match="it is not a regular file"):
        _ = ds.satellites


def test_exchanged_parts_are_written_again(run):
    """--resume and --quick look at the instants at the ends of each part."""
    undisturbed = contents(run)
    first, second = (run / "snapshots" / f"part-{index:06d}.arrow" for index in (1, 3))
    swap(first, second)
    assert len(verify_snapshots(run, quick=True).findings) == 2
    assert len(resume(run).rewritten) == 2 and contents(run) == undisturbed


def test_a_footer_of_any_length(tmp_path):
    """A sparse Parquet file that claims a footer of 2 GiB: its end is read, no more."""
    write_snapshots(tmp_path, propagator("numpy", 1), GRID, format="parquet")
    record = manifest(tmp_path)
    file = tmp_path / "snapshots" / "part-000003.parquet"
    with open(file, "r+b") as sparse:
        sparse.truncate(1 << 31)
        sparse.seek(-8, os.SEEK_END)
        sparse.write((2**31 - 100).to_bytes(4, "little") + b"PAR1")
    record |= dict(parts=record["parts"][:3], complete=False)
    put_manifest(tmp_path, record)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ForeignFileError):
        resume(tmp_path, format="parquet")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000, "KB"


def test_many_shards_have_one_plan(tmp_path, monkeypatch):
    """The directory is examined once for all shards: a file that no manifest lists is read once."""
    for number in range(1, 8):
        write_snapshots(tmp_path, propagator("numpy", 1), GRID, shard=f"{number}/8")
    looked = []
    ours = Checker.ours
    monkeypatch.setattr(
        Checker, "ours", lambda self, names: looked.append(list(names)) or ours(self, names)
    )
    shutil.copy(
        tmp_path / "snapshots" / "part-000005.arrow", tmp_path / "snapshots" / "part-000006.arrow"
    )
    assert len(inventory(tmp_path).shards) == 7 and sum(map(len, looked)) <= 1


def test_two_parts_exchanged_with_their_entries(run):
    """With a new digest of the manifest: verify finds this too."""
    first, second = (run / "snapshots" / f"part-{index:06d}.arrow" for index in (2, 4))
    swap(first, second)
    record = manifest(run)
    a, b = record["parts"][2], record["parts"][4]
    for name in ("digest", "status", "bytes"):
        a[name], b[name] = b[name], a[name]
    put_manifest(run, record)
    with pytest.raises(DamagedError):
        open_snapshots(run).at(GRID[20])
    assert len(verify_snapshots(run).findings) == 2


def test_irregular_instants_exchanged(tmp_path, monkeypatch):
    small_layout(monkeypatch, part_bytes=1, batch_rows=1)
    write_snapshots(tmp_path, propagator("numpy", 1), IRREGULAR)
    first, second = (tmp_path / "snapshots" / f"part-{index:06d}.arrow" for index in (0, 2))
    swap(first, second)
    for instant in (IRREGULAR[0], IRREGULAR[2]):
        with pytest.raises(DamagedError, match="belongs: it is another part"):
            open_snapshots(tmp_path).at(instant)


def test_a_part_of_another_plan(run, tmp_path):
    other = Propagator(propagator().elements, "numpy", "wgs84", threads=1)
    write_snapshots(tmp_path / "other", other, GRID)
    record, entry = manifest(run), manifest(tmp_path / "other")["parts"][2]
    shutil.copy(tmp_path / "other" / entry["file"], run / entry["file"])
    record["parts"][2] = entry
    put_manifest(run, record)
    with pytest.raises(DamagedError, match="was written under another plan than its manifest has"):
        open_snapshots(run).at(GRID[20])
    (finding,) = verify_snapshots(run).findings
    assert "it was not written under the plan of its manifest" in finding.what


# --- manifests of before ---
def without_digest(directory, **changes):
    record = manifest(directory)
    del record["digest"]
    record["plan"] |= changes
    (directory / "manifest.json").write_text(json.dumps(record))


def test_an_older_manifest_is_read_and_resumed_after_a_full_check(run):
    undisturbed = contents(run)
    without_digest(run)
    assert len(open_snapshots(run).at(NOON)) == 37 and verify_snapshots(run).sound
    file = run / "snapshots" / "part-000001.arrow"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    report = resume(run)
    assert report.rewritten == [
        "snapshots/part-000001.arrow is damaged: its digest is not the one in the manifest"
    ]
    assert contents(run) == undisturbed and "digest" in manifest(run)


@pytest.mark.parametrize(
    "changes",
    [{"frame": "gcrs"}, {"gravity": "wgs84"}, {"dtype": "float32"}, {"notes": []}],
    ids=str,
)
def test_an_older_manifest_that_was_altered(run, changes):
    """Without a digest, the plan that each part carries is compared when it is opened."""
    without_digest(run, **changes)
    with pytest.raises(DamagedError, match="was written under another plan than the manifest has"):
        open_snapshots(run)
    assert not verify_snapshots(run, quick=True).sound
    with pytest.raises(PlanDiffersError):
        resume(run)


# --- damaged files that are mapped ---
def test_a_flipped_byte_in_the_file_of_the_satellites(run):
    """Without the digest, decoding some of these would crash the process."""
    file = run / "satellites.arrow"
    data = file.read_bytes()
    for at in range(0, len(data), 11):
        file.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        with pytest.raises(DamagedError, match="its digest is not the one in the manifest"):
            _ = open_snapshots(run).satellites
    file.write_bytes(data)
    assert open_snapshots(run).satellites.num_rows == 37


FLIPS = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from gpuprop import open_snapshots
from gpuprop.errors import DamagedError
run, instant = Path(sys.argv[1]), sys.argv[2]
file = run / "snapshots" / "part-000002.arrow"
data = file.read_bytes()
refused = kept = 0
first, last = 6_000, len(data) - 6_000
places = *range(0, first, 23), *range(last, len(data), 23), *range(first, last, 401)
for number, at in enumerate(places):
    for bit in (1 << number % 8,):
        file.write_bytes(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])
        ds = open_snapshots(run)
        for ask in (lambda: ds.at(instant), lambda: ds.track(1_000_000_002)):
            try:
                table = ask()
                table.validate(full=True)
                kept += 1
            except DamagedError:
                refused += 1
print(refused, kept)
"""


@pytest.mark.slow
def test_a_flipped_byte_in_a_part(run):
    """In a process of its own, in case it crashes: the result is DamagedError or a valid table."""
    code = [sys.executable, "-c", FLIPS, str(run), "2026-01-01T00:20:00Z"]
    done = subprocess.run(code, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr[-2000:]
    refused, kept = map(int, done.stdout.split())
    assert refused > 100 and kept > 100


# --- what is no regular file ---
@pytest.mark.parametrize(
    "name", ["manifest.json", "satellites.arrow", "snapshots/part-000002.arrow"]
)
@pytest.mark.parametrize(
    "kind", ["link", "pipe", "directory", "link to a pipe", "link into nothing"]
)
def test_links_and_pipes(run, tmp_path, name, kind):
    """Pipes do not block, and no link is followed, not even to the right bytes."""
    file = run / name
    file.rename(tmp_path / "moved")
    if kind == "directory":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to(
            {"link": tmp_path / "moved", "link to a pipe": tmp_path / "victim" / "pipe"}.get(
                kind, tmp_path / "nothing"
            )
        )
    for ask in (
        open_snapshots,
        resume,
        lambda path: write_snapshots(path, propagator("numpy", 1), GRID, overwrite=True),
    ):
        with pytest.raises((DamagedError, FileExistsError)):
            ask(run)
    if name == "manifest.json":
        with pytest.raises(DamagedError, match=r"manifest\.json is not a manifest of gpuprop"):
            verify_snapshots(run)
        assert main(["info", str(run)]) == main(["verify", str(run)]) == 1
    else:
        found = verify_snapshots(run, drop=True)
        assert not found.sound and found.dropped == []
    assert (tmp_path / "moved").exists() and os.path.lexists(file)


def test_a_directory_of_parts_that_is_a_link(run, tmp_path):
    (run / "snapshots").rename(tmp_path / "elsewhere")
    (run / "snapshots").symlink_to(tmp_path / "elsewhere")
    for ask in (open_snapshots, verify_snapshots, resume):
        with pytest.raises(ForeignFileError, match="is a symbolic link") as caught:
            ask(run)
        assert isinstance(caught.value, DamagedError) and isinstance(caught.value, FileExistsError)


# --- places ---
@pytest.mark.parametrize("url", ["file://localhost{}", "file://{}", "FILE://LOCALHOST{}"])
def test_a_url_of_this_machine(tmp_path, monkeypatch, url):
    monkeypatch.chdir(tmp_path)
    assert (
        open_store(url.format(tmp_path / "a b%20c").replace(" ", "%20")).path == tmp_path / "a b c"
    )
    write_snapshots(url.format(tmp_path / "out"), propagator("numpy", 1), GRID[:2])
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "url",
    [
        "file://elsewhere/out",
        "file://",
        "file://localhost",
        "file:/out",
        "file://out",
        "local:/out",
        "FILE:/out",
    ],
)
def test_a_file_url_of_another_machine_or_without_a_path(tmp_path, monkeypatch, url):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ValueError, match=r"names another machine|names no directory|which has two slashes"
    ):
        write_snapshots(url, propagator("numpy", 1), GRID[:2])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        *(
            "memory://a:SECRET/x@b/c",
            "s3://AKIA:SECRET@bucket/out",
            "foo://user:pw/SECRET@h",
            "file://u:SECRET@host/out",
        ),
        *(
            "s3:/AKIA:SECRET@b",
            "simplecache::s3://a:SECRET@b/x",
            "s3://b/x?token=SECRET",
            "memory://b/x?key=SECRET&y",
            "file://u:SECRET@h?SECRET",
        ),
    ],
)
@pytest.mark.parametrize("command", ["verify", "merge", "info", "propagate"])
def test_a_secret_in_a_url_is_not_repeated(tmp_path, monkeypatch, capsys, url, command):
    """A key of S3 may hold slashes. What has a login or a query is refused before anything is asked
    or written.
    """
    monkeypatch.chdir(tmp_path)
    words = (
        ["propagate", "walker:53:4/2/1@600", "-o", url]
        if command == "propagate"
        else [command, url]
    )
    assert main(words) == 2
    said = capsys.readouterr()
    shown = (said.out + said.err).replace("AWS_SECRET_ACCESS_KEY", "")  # named as advice
    assert "SECRET" not in shown and said.err.startswith("gpuprop: ")
    assert not list(tmp_path.iterdir())


# --- locks ---
@pytest.mark.parametrize("name", [".lock", ".lock-001-of-002", ".lock-002-of-002"])
@pytest.mark.parametrize("content", [b"", b"mine", b"{}", None])
def test_a_file_with_the_name_of_a_lock(tmp_path, monkeypatch, name, content):
    """A file that gpuprop did not write is neither locked nor removed, even if it is empty."""
    monkeypatch.setattr(file_lock, "EMPTY_S", 0.0)
    cut_off(tmp_path, shard="1/2")
    file = tmp_path / name
    file.unlink(missing_ok=True)
    os.mkfifo(file) if content is None else file.write_bytes(content)
    for options in ({"shard": "1/2", "resume": True}, {"shard": "2/2"}, {"overwrite": True}):
        if content != b"" or name == ".lock" or options.get("shard", "")[:1] == name[8:9]:  # type: ignore[index]
            with pytest.raises(ForeignFileError):
                write_snapshots(tmp_path, propagator("numpy", 1), GRID, **options)
        else:  # an empty one that the job does not need
            write_snapshots(tmp_path, propagator("numpy", 1), GRID, **options)
    assert os.path.lexists(file) and (content is None or file.read_bytes() == content)


@pytest.mark.parametrize(
    "content",
    [b'{"gpuprop": ' + b"[" * 100_000, b'{"gpuprop": 1, "pid": []}', b'{"gpuprop": "\xff"}', None],
)
def test_whoever_holds_a_lock_is_told_from_any_content(tmp_path, content):
    """The file is data from a disk: deep, of another form, no text, or longer than any lock."""
    file = tmp_path / ".lock"
    if content is None:
        file.write_bytes(b'{"gpuprop": ')
        os.truncate(file, 1 << 30)
    else:
        file.write_bytes(content)
    assert file_lock.holder(file).startswith(("which one is not known yet", "pid [] on"))


def test_an_empty_lock_is_waited_for(tmp_path):
    """Without hard links, another job makes its lock first and writes it then. In between it does
    not count as foreign.
    """
    file, content = tmp_path / ".lock", file_lock._content(shared=True)
    file.touch()
    timer = threading.Timer(0.2, lambda: file.write_bytes(content))
    timer.start()
    held = lock(file, shared=True)
    timer.join()
    assert file.read_bytes() == content
    held.release(remove=True)


def test_locks_that_come_and_go(tmp_path):
    """Parallel shards: a lock that is removed between the listing and the check is not foreign."""
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(
                write_snapshots, tmp_path, propagator("numpy", 1), GRID, shard=f"{n}/7", resume=True
            )
            for n in range(1, 8)
        ]
        for each in jobs:
            each.result()
    assert open_snapshots(tmp_path).complete and verify_snapshots(tmp_path).sound


def test_files_that_are_gone_since_the_listing_are_not_foreign(tmp_path, monkeypatch):
    """They were listed, and do not exist any more."""
    cut_off(tmp_path, shard="1/2")
    listed_then = LocalStore.contents
    gone = {".lock-002-of-002": True, "snapshots/part-000006.arrow": True, "notes.txt": True}
    monkeypatch.setattr(LocalStore, "contents", lambda *asked: listed_then(*asked) | gone)
    assert inventory(tmp_path).foreign == []


def test_a_lock_never_stands_empty(tmp_path, monkeypatch):
    """It appears with its content, so that an empty file is not taken for a lock."""
    seen = []
    link = os.link
    monkeypatch.setattr(
        os,
        "link",
        lambda source, path: (seen.append(Path(source).read_bytes()), link(source, path)),
    )
    lock(tmp_path / ".lock").release(remove=True)
    assert seen and seen[0].startswith(b'{"gpuprop": ') and not list(tmp_path.iterdir())

    def without(*_):
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", without)
    held = lock(tmp_path / ".lock")
    assert (tmp_path / ".lock").read_bytes().startswith(b'{"gpuprop": ')
    held.release(remove=True)
    assert not list(tmp_path.iterdir())


# --- what is sound is read as before ---
def test_a_large_run_is_opened_without_reading_it(tmp_path):
    """Only what is read is checked: opening a directory opens no part, and the dataset reads only
    what a query needs.
    """
    prop = Propagator(walker("53:37/37/1", altitude_km=550.0), "numpy", threads=1)
    write_snapshots(tmp_path, prop, time_grid("2026-01-01", duration="53min", step="60s"))
    OPENED.paths.clear()
    OPENED.listening = True
    ds = open_snapshots(tmp_path)
    OPENED.listening = False
    assert {path for path in OPENED.paths if path.startswith(str(tmp_path))} == {
        str(tmp_path / "manifest.json")
    }
    noon = pa.scalar(int(GRID.ns[20]), pa.timestamp("ns", "UTC"))
    assert np.array_equal(
        ds.dataset.to_table(filter=pads.field("time") == noon)["x"].to_numpy(),
        prop.states(GRID[20]).x[0],
    )
    assert listed(tmp_path) == list(range(7))
