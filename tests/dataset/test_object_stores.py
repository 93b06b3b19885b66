"""Object stores hold the bytes of a disk, complete or absent, with no more requests than needed."""

import _thread
import errno
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pytest
from arrow_samples import GRID, IRREGULAR, cut_off, propagator, resume, satellites, small_layout
from arrow_samples import contents as disk_contents
from datasets import claimed, fault, new_file
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations
from patience import PATIENCE_S
from project import SUPPORT
from rich.filesize import decimal
from stores import SECRET, CountedStore, contents, s3_server
from upath import UPath

import gpuprop.dataset.upload
import gpuprop.snapshots.cluster
from gpuprop import open_snapshots, time_grid, write_snapshots
from gpuprop.__main__ import main
from gpuprop.dataset.location import open_store
from gpuprop.dataset.merge import merge_if_complete
from gpuprop.dataset.session import Job
from gpuprop.snapshots import (
    PlanDiffersError,
    UnmergedError,
    merge_snapshots,
    plan_snapshots,
    verify_snapshots,
    write,
)
from gpuprop.snapshots.cluster import NotSharedError, Sealed, Workers, connected
from gpuprop.snapshots.contents import SNAPSHOTS

FORMS = [{}, {"format": "parquet", "dtype": "float32"}, {"compression": "zstd"}]
PIECES = pytest.mark.parametrize(
    "whole_bytes", [0, 16 << 20], indirect=True, ids=["in pieces", "at once"]
)
NOTE = "an object store has no locks: make sure that no second job writes"


@pytest.fixture(autouse=True)
def stores(monkeypatch):
    """Seven parts of eight instants; stores without anything in them."""
    small_layout(monkeypatch)
    CountedStore.reset()
    MemoryFileSystem.store.clear()
    yield
    CountedStore.reset()
    MemoryFileSystem.store.clear()


@pytest.fixture
def whole_bytes(request, monkeypatch):
    monkeypatch.setattr(gpuprop.dataset.upload, "WHOLE_BYTES", request.param)


@pytest.fixture(params=["memory", "counted"])
def out(request):
    """A place in a store that shows what is being uploaded, and in one that does not."""
    return UPath(f"{request.param}://bucket/out")


@pytest.fixture
def counted():
    return UPath("counted://bucket/out")


@pytest.fixture(scope="module")
def s3():
    with s3_server() as url:
        UPath("s3://snapshots").fs.mkdir("snapshots")
        yield url


def run(where, times=GRID, **options):
    return write_snapshots(where, propagator("numpy", 1), times, **options)


def undisturbed(tmp_path, times=GRID, **options):
    run(tmp_path / "undisturbed", times, **options)
    return disk_contents(tmp_path / "undisturbed")


def manifest(where):
    where.fs.invalidate_cache()
    return json.loads(where.fs.cat_file(f"{where.path}/manifest.json"))


def listed(where):
    return [entry["part"] for entry in manifest(where)["parts"]]


def put(where, name, data):
    where.fs.pipe_file(f"{where.path}/{name}", data)


def damage(where, name, change):
    put(where, name, change(where.fs.cat_file(f"{where.path}/{name}")))


# --- the same bytes ---
@pytest.mark.parametrize("form", FORMS, ids=str)
@PIECES
def test_the_same_bytes_as_on_a_disk(tmp_path, out, form, whole_bytes):
    report = run(str(out), **form)
    assert contents(out) == undisturbed(tmp_path, **form)
    assert report.path == str(out) and report.notes == [f"{NOTE} {out}"]
    assert not CountedStore.uploads
    assert verify_snapshots(str(out)).sound and verify_snapshots(out, quick=True).sound
    assert {name.removeprefix("/bucket/out/") for name in out.fs.store} == {
        *contents(out),
        "manifest.json",
    }


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_what_is_read_is_what_is_read_from_a_disk(tmp_path, out, form):
    run(tmp_path / "disk", **form)
    run(out, **form)
    disk, there = open_snapshots(tmp_path / "disk"), open_snapshots(str(out))
    assert (
        there.times == disk.times
        and there.metadata == disk.metadata
        and there.satellites.equals(disk.satellites)
    )
    assert repr(there) == repr(disk).replace(repr(str(tmp_path / "disk")), repr(str(out)))
    for instant in ("2026-01-01T00:00:00Z", "2026-01-01T00:17:00Z", "2026-01-01T00:52:00Z"):
        assert same(there.at(instant), disk.at(instant))
    number = int(satellites().sat_id[5])  # which two satellites have
    assert same(there.track(number), disk.track(number))
    assert same(there.dataset.to_table(), disk.dataset.to_table())
    there.verify()


def same(one, other):
    """NaN is equal to NaN."""
    return one.schema.equals(other.schema, check_metadata=True) and all(
        np.array_equal(
            one[name].to_numpy(),
            other[name].to_numpy(),
            equal_nan=pa.types.is_floating(one[name].type),
        )
        for name in one.column_names
    )


def test_irregular_instants(tmp_path, out):
    run(out, IRREGULAR)
    assert contents(out) == undisturbed(tmp_path, IRREGULAR)
    assert np.array_equal(open_snapshots(out).times.ns, IRREGULAR.ns)
    assert open_snapshots(out).at("2026-01-03T12:00:00Z").num_rows == 37


# --- how much is asked for ---
def asked():
    """What was asked for since the last call, but listings that say whether something is there:
    {what: (times, bytes)}.
    """
    found = {}
    for what, _, size in CountedStore.requests:
        count, total = found.get(what, (0, 0))
        found[what] = (count + 1, total + size)
    CountedStore.requests.clear()
    return found


def test_an_instant_is_read_by_ranges_of_its_batch_alone(counted):
    run(counted, dtype="float64")
    size = manifest(counted)["parts"][0]["bytes"]
    batch = 2 * 37 * 61  # two instants of 37 satellites, 61 bytes a row
    asked()
    snapshots = open_snapshots(str(counted))
    assert set(asked()) == {"get", "list"}, "the manifest, and sizes from one listing"
    table = snapshots.at("2026-01-01T00:17:00Z")
    (what,) = asked().items()
    assert what[0] == "get" and what[1][0] <= 3 and batch < what[1][1] < batch + 6000 < size / 2
    assert table.get_total_buffer_size() < 1.1 * batch / 2, "nor is the other instant kept"
    run(counted, format="parquet", overwrite=True)
    snapshots = open_snapshots(counted)
    asked()
    snapshots.at("2026-01-01T00:17:00Z")
    assert asked()["get"][0] == 2, "the footer, and the columns of a row group together"


@pytest.mark.parametrize("form", FORMS[:2], ids=str)
def test_a_filter_on_time_opens_the_part_concerned(counted, form):
    run(counted, **form)
    dataset = open_snapshots(counted).dataset
    asked()
    wanted = pa.scalar(int(GRID.ns[17]), pa.timestamp("ns", "UTC"))
    assert dataset.to_table(filter=pads.field("time") == wanted).num_rows == 37
    record = manifest(counted)
    part = record["parts"][17 // record["plan"]["part_instants"]]
    assert {path for what, path, _ in CountedStore.requests if what == "open"} == {
        f"/bucket/out/{part['file']}"
    }


def test_quick_looks_ask_for_a_listing_and_endings(counted):
    run(counted)
    asked()
    open_snapshots(counted)
    found = asked()
    assert found["list"] == (1, 0) and found["get"][0] == 1 and len(found) == 2
    verify_snapshots(counted, quick=True)
    found = asked()
    assert found["list"] == (2, 0) and "head" not in found
    assert found["get"][0] == 1 + 8 and found["get"][1] == len(
        counted.fs.store["/bucket/out/manifest.json"].getvalue()
    ) + 8 * len(b"ARROW1")
    assert resume(counted).computed == 0
    found = asked()
    assert not {"put", "delete", "begin"} & set(found)
    assert found["list"][0] <= 4 and found["head"][0] <= 3, (
        "the sizes of what is read whole: satellites, and the two parts done last"
    )


def test_a_shard_reads_its_manifest_twice_for_each_part(counted):
    """Before the part and before it is listed: another job may have begun to write there."""
    run(counted, shard="1/2")
    assert asked()["get"][0] == 1 + 2 * 3, "and once at the beginning"


def test_a_shard_that_is_not_the_last_looks_at_no_part_of_the_others(counted):
    """Others that have begun have their manifests there; how their parts end is looked at once all
    are complete.
    """
    run(counted, shard="2/2")
    cut_off(counted, rows=37 * 10, shard="1/2")
    asked()
    assert not merge_if_complete(open_store(counted), SNAPSHOTS, 2)
    assert asked()["get"][0] == 2, "the two manifests"


def test_nothing_is_remembered_of_what_another_machine_may_change(counted):
    """fsspec keeps listings."""
    run(counted)
    entry, name = manifest(counted)["parts"][2], "/bucket/out/snapshots/part-000002.arrow"
    store, files = open_store(counted), [entry["file"], "satellites.arrow"]
    assert store.reader(files).size(entry["file"]) == entry["bytes"]
    assert "shard-001-of-002.json" not in store.names()
    assert fault(counted, entry["file"], full=False) is None
    del CountedStore.store[name]
    CountedStore.store["/bucket/out/shard-001-of-002.json"] = CountedStore.store[
        "/bucket/out/manifest.json"
    ]
    assert fault(counted, entry["file"], full=False) == "is missing, but the manifest lists it"
    assert store.reader(files).size(entry["file"]) is None
    assert "shard-001-of-002.json" in store.names()


# --- complete or absent ---
class Lost(Exception):
    """As the libraries of stores have them: no OSError."""


def fail_at(at, error, after):
    """Raise the error at request number `at` from here on: before it is done, or after that."""
    first = len(CountedStore.requests)

    def failing(number, what, done):
        if number == first + at and done == after:
            raise error

    CountedStore.failing = failing


def assert_nothing_lost(where):
    """What the manifest lists is whole, no upload is under way."""
    assert not CountedStore.uploads
    if "/bucket/out/manifest.json" in where.fs.store:
        for entry in manifest(where)["parts"]:
            assert fault(where, entry["file"], full=True) is None


@pytest.mark.parametrize(
    "error",
    [Lost("connection reset"), pytest.param(KeyboardInterrupt(), marks=pytest.mark.slow)],
    ids=["error", "interrupt"],
)
@pytest.mark.parametrize(
    "after", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["before", "after"]
)
@PIECES
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_cut_off_at_every_request(tmp_path, counted, error, after, whole_bytes, monkeypatch):
    """Listings, pieces, completions, manifests: each fails once, before the store has done it or
    when it has, unknown to the job.
    """
    small_layout(monkeypatch, part_bytes=60_000)  # three parts
    expected, steps, resumed = undisturbed(tmp_path), 0, set()
    for steps in range(1000):
        CountedStore.reset()
        fail_at(steps, error, after)
        try:
            run(counted)
        except (OSError, KeyboardInterrupt) as caught:
            if not isinstance(error, KeyboardInterrupt):
                assert "connection reset (check the network" in str(
                    caught
                ) and caught.filename.startswith(str(counted))
        else:
            if len(CountedStore.requests) <= steps:
                break  # it was through before
        CountedStore.failing = None
        assert_nothing_lost(counted)
        resumed.add(resume(counted).resumed)
        assert (
            contents(counted) == expected
            and verify_snapshots(counted).sound
            and not CountedStore.uploads
        )
    assert steps > 15 and resumed >= {0, 1, 2}


def test_a_store_that_shows_what_is_being_uploaded(tmp_path, monkeypatch):
    """A part that is cut off does not stay; one that was there already, committed by another,
    would.
    """
    monkeypatch.setattr(gpuprop.dataset.upload, "WHOLE_BYTES", 0)
    out = UPath("memory://bucket/out")
    cut_off(out)
    assert set(contents(out)) == {
        "satellites.arrow",
        "snapshots/part-000000.arrow",
        "snapshots/part-000001.arrow",
    }
    resume(out)
    assert contents(out) == undisturbed(tmp_path)


@pytest.mark.parametrize("whole_bytes", [0, 100], indirect=True)
def test_one_file_that_is_cut_off(out, whole_bytes):
    """By itself, without a job that clears up."""
    with pytest.raises(KeyboardInterrupt), new_file(out / "file") as file:
        file.write(b"x" * 50)
        file.write(b"x" * 100_000)
        raise KeyboardInterrupt
    assert not contents(out) and not CountedStore.uploads


@PIECES
def test_an_interrupt_comes_after_the_request_that_is_under_way(counted, whole_bytes):
    """So that nothing appears in the store once the job has been told."""

    def failing(number, what, done):
        if what in ("put", "complete") and not done:
            _thread.interrupt_main()
            time.sleep(0.05)

    with pytest.raises(KeyboardInterrupt), new_file(counted / "file") as file:
        file.write(b"x" * 10_000)
        CountedStore.failing = failing
    assert set(contents(counted)) == {"file"}


def test_an_upload_that_fails_leaves_what_another_job_has_completed(counted, monkeypatch):
    monkeypatch.setattr(gpuprop.dataset.upload, "WHOLE_BYTES", 0)
    with pytest.raises(KeyboardInterrupt), new_file(counted / "file") as file:
        file.write(b"x" * 10_000)
        put(counted, "file", b"of another job")
        raise KeyboardInterrupt
    assert contents(counted) == {"file": b"of another job"} and not CountedStore.uploads
    del file
    assert contents(counted) == {"file": b"of another job"}, "nor when it is collected"


# --- going on ---
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_resume(tmp_path, out, form):
    cut_off(out, rows=37 * 30, **form)
    before = listed(out)
    assert 0 < len(before) < 7
    report = resume(str(out), **form)
    assert report.resumed == len(before) and contents(out) == undisturbed(tmp_path, **form)
    with pytest.raises(PlanDiffersError, match=r"frame: teme there, itrs asked for"):
        resume(out, frame="itrs", **form)


def test_what_is_damaged_or_missing_is_written_again(tmp_path, out):
    run(out)
    damage(out, "snapshots/part-000001.arrow", lambda data: data[:-1000])
    damage(out, "snapshots/part-000003.arrow", lambda data: data[:-8] + bytes(8))
    # one of the last two
    damage(out, "snapshots/part-000006.arrow", lambda data: bytes([data[0] ^ 1]) + data[1:])
    out.fs.rm_file(f"{out.path}/snapshots/part-000004.arrow")
    with pytest.raises(
        ValueError, match=r"part-000001\.arrow is damaged: it has 23,514 bytes, 24,514 were written"
    ):
        open_snapshots(out)
    quick = [each.file for each in verify_snapshots(out, quick=True).findings]
    assert quick == [f"snapshots/part-{index:06d}.arrow" for index in (1, 3, 4)]
    report = resume(out)
    assert [text.split(" ", 1)[0][-12:-6] for text in report.rewritten] == [
        "000001",
        "000003",
        "000004",
        "000006",
    ]
    assert report.resumed == 3 and contents(out) == undisturbed(tmp_path)


def test_verify_and_drop(tmp_path, out):
    run(out)
    damage(
        out,
        "snapshots/part-000002.arrow",
        lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
    )
    assert verify_snapshots(out, quick=True).sound
    found = verify_snapshots(str(out), drop=True)
    assert found.dropped == ["snapshots/part-000002.arrow"] and listed(out) == [0, 1, 3, 4, 5, 6]
    assert "snapshots/part-000002.arrow" not in contents(out)
    resume(out)
    assert contents(out) == undisturbed(tmp_path)


def test_overwriting(tmp_path, out):
    run(out, GRID[:30], format="parquet")
    with pytest.raises(FileExistsError, match="already holds snapshots"):
        run(out)
    run(out, overwrite=True)
    assert contents(out) == undisturbed(tmp_path)


@pytest.mark.parametrize(
    "options", [{}, {"overwrite": True}, {"resume": True}, {"shard": "1/2"}], ids=str
)
@pytest.mark.parametrize(
    "foreign", ["thesis.tex", "snapshots/notes.txt", "deep/er/file", "snapshots/part-000000.arrow"]
)
def test_objects_of_somebody_else_are_left_alone(out, foreign, options):
    put(out, foreign, b"mine")
    with pytest.raises(
        FileExistsError, match=f"holds files that gpuprop did not write there \\({foreign}\\)"
    ):
        run(out, **options)
    assert contents(out) == {foreign: b"mine"}


def test_neighbours_and_placeholders(tmp_path, out):
    """Names that begin alike, and the empty objects that consoles make for directories."""
    for name in ("bucket/out2/thesis.tex", "bucket/outer"):
        out.fs.pipe_file(f"/{name}", b"mine")
    run(out)
    assert contents(out) == undisturbed(tmp_path)
    run(out, overwrite=True)
    assert out.fs.cat_file("/bucket/out2/thesis.tex") == out.fs.cat_file("/bucket/outer") == b"mine"
    with pytest.raises(NotADirectoryError, match="outer is an object"):
        run(out.parent / "outer")


# --- shards ---
def test_shards_are_merged_by_the_last(tmp_path, out):
    for shard in ("3/3", "1/3"):
        assert not run(out, shard=shard).merged
    with pytest.raises(UnmergedError, match=r"shard 2/3 is not there"):
        merge_snapshots(out)
    with pytest.raises(ValueError, match="holds shards that are not merged, 2 of 3 complete"):
        open_snapshots(out)
    assert len(open_snapshots(str(out), partial=True)) == 37 * (53 - 16)
    with pytest.raises(FileExistsError, match="already holds shard 1/3"):
        run(out, shard="1/3")
    assert [each.what for each in verify_snapshots(out).findings] == ["shard 2/3 is not there"]
    report = run(out, shard="2/3", resume=True)
    assert report.merged and contents(out) == undisturbed(tmp_path) and open_snapshots(out).complete
    assert merge_snapshots(str(out)).shards == 3


def test_merging_afterwards(tmp_path, out, monkeypatch):
    monkeypatch.setattr(write, "merge_if_complete", lambda *_: False)
    for number in (1, 2):
        run(out, shard=f"{number}/2")
    out.fs.rm_file(f"{out.path}/snapshots/part-000001.arrow")
    with pytest.raises(UnmergedError, match=r"part-000001\.arrow is missing"):
        merge_snapshots(out)
    run(out, shard="1/2", resume=True)
    assert merge_snapshots(out).parts == 7
    assert contents(out) == undisturbed(tmp_path)


# --- two jobs ---
@pytest.mark.parametrize(
    "options",
    [{"resume": True}, {"overwrite": True}, {"overwrite": True, "format": "parquet"}],
    ids=str,
)
def test_of_two_jobs_the_first_notices_the_second(tmp_path, out, options):
    """And takes nothing away from it."""
    second = []

    def progress(done, total, size):
        if done == 37 * 20:
            second.append(run(out, **options))

    with pytest.raises(
        RuntimeError,
        match=(
            rf"^another job writes {out} \(manifest\.json there is not what this one wrote\); "
            r"stopped$"
        ),
    ):
        run(out, progress=progress)
    options = {"format": options["format"]} if "format" in options else {}
    there = {
        name: data
        for name, data in contents(out).items()
        if name in {entry["file"] for entry in manifest(out)["parts"]}
    }
    expected = undisturbed(tmp_path, **options)
    assert (
        there == {name: data for name, data in expected.items() if "part" in name}
        and manifest(out)["complete"]
    )
    run(out, resume=True, **options)
    assert set(contents(out)) >= set(expected) and verify_snapshots(out).sound


@pytest.mark.parametrize("options", [{"overwrite": True}, {"resume": True}], ids=str)
def test_a_second_job_that_begins_at_the_same_moment(out, options):
    """Of the same plan, on the same machine, in the same second: their manifests differ all the
    same.
    """
    plan = plan_snapshots(satellites(), GRID)
    with claimed(out, plan) as first:
        first.check()
        with claimed(out, plan, **options) as second:
            second.check()
            with pytest.raises(RuntimeError, match="another job writes"):
                first.check()
        second.check()


def test_a_manifest_that_is_taken_away(out):
    def progress(done, total, size):
        if done == 37 * 20:
            out.fs.rm_file(f"{out.path}/manifest.json")

    with pytest.raises(RuntimeError, match="another job writes"):
        run(out, progress=progress)


# --- the command line ---
JOB = (
    "propagate",
    "walker:53:24/3/1@600",
    "--duration",
    "10min",
    "--engine",
    "numpy",
    "--threads",
    "1",
)


def test_the_command_line(tmp_path, capsys, monkeypatch):
    url, out = "memory://bucket/out/", UPath("memory://bucket/out")
    assert main([*JOB, "-o", url, "--shard", "1/2"]) == 0
    assert "note: an object store has no locks" in capsys.readouterr().err
    assert main(["merge", url]) == 1
    again = (
        "gpuprop propagate walker:53:24/3/1@600 --duration 10min --engine numpy --threads 1 -o "
        "memory://bucket/out/ --shard 2/2 --resume"
    )
    assert again in capsys.readouterr().err
    assert main(again.split()[1:]) == 0
    assert "wrote memory://bucket/out, shard 2/2: 24 satellites" in capsys.readouterr().out
    assert main([*JOB, "-o", str(tmp_path / "disk")]) == 0
    assert contents(out) == disk_contents(tmp_path / "disk")
    capsys.readouterr()
    assert main(["info", url, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["complete"] and (facts["satellites"], facts["instants"]) == (24, 10)
    size = decimal(
        sum(entry["bytes"] for entry in (manifest(out)["satellites"], *manifest(out)["parts"]))
    )
    assert main(["verify", url, "--quick"]) == 0
    assert (
        capsys.readouterr().out
        == f"memory://bucket/out: 2 files, {size}, sizes and endings: sound\n"
    )
    damage(out, "satellites.arrow", lambda data: data[:100])
    assert main(["verify", url, "--drop"]) == 1
    assert "-o memory://bucket/out/" in capsys.readouterr().out
    assert main([*JOB, "-o", url, "--resume"]) == 0
    assert contents(out) == disk_contents(tmp_path / "disk")
    assert not list(tmp_path.glob("memory*")) and not Path("memory:").exists()


def test_an_interrupted_command_names_the_one_that_goes_on(capsys, monkeypatch):
    commit = Job.commit

    def interrupted(self, part=None):
        commit(self, part)
        raise KeyboardInterrupt

    monkeypatch.setattr(Job, "commit", interrupted)
    assert main([*JOB, "-o", "memory://bucket/out"]) == 130
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .endswith(f"Resume with: gpuprop {' '.join(JOB)} -o memory://bucket/out --resume")
    )


# --- what goes wrong ---
def test_without_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "upath", None)
    with pytest.raises(
        RuntimeError,
        match=(
            "s3://bucket/out needs fsspec and universal-pathlib .*pip install "
            r"'gpuprop\[remote\]'"
        ),
    ):
        open_snapshots("s3://bucket/out")
    assert main([*JOB, "-o", "s3://bucket/out"]) == 1
    assert "pip install 'gpuprop[remote]'" in capsys.readouterr().err


def test_without_the_package_of_the_store(monkeypatch, capsys):
    """fsspec names it."""
    monkeypatch.setitem(
        known_implementations, "nowhere", {"class": "no.such.Thing", "err": "Install nowherefs"}
    )
    with pytest.raises(
        RuntimeError, match="nowhere://bucket/out cannot be reached: Install nowherefs"
    ):
        open_snapshots("nowhere://bucket/out")
    assert main(["info", "unheard-of://bucket/out"]) == 2
    assert "unheard-of" in capsys.readouterr().err


def test_paths_that_are_no_urls(tmp_path):
    assert open_store("file:///tmp/a%20b").path == Path("/tmp/a b")
    assert open_store("local:///tmp/a").path == Path("/tmp/a")
    assert type(open_store(UPath(tmp_path)).path) is type(tmp_path)
    assert open_store("C:/x").path == Path("C:/x") and open_store(tmp_path).path == tmp_path
    with pytest.raises(ValueError, match="chained URLs are not supported"):
        open_store("simplecache::s3://bucket/out")
    for spoilt in (Path("s3://bucket/out"), "gs:/bucket"):
        with pytest.raises(
            ValueError, match="is not a URL, which has two slashes: give it as text"
        ):
            open_store(spoilt)
    run(f"file://{tmp_path}/out")
    assert len(disk_contents(tmp_path / "out")) == 8


@pytest.mark.parametrize("url", [f"s3://key:{SECRET}@bucket/out", f"sftp://me:{SECRET}@host/out"])
def test_a_password_in_a_url_is_refused_unseen(url, capsys):
    assert main([*JOB, "-o", url]) == 2
    err = capsys.readouterr().err
    assert "leave the login out of the URL" in err and SECRET not in err


@pytest.mark.slow
def test_workers_that_do_not_see_the_store(tmp_path):
    """memory:// is each process's own."""
    with connected("local:1") as client:
        says = (
            "a worker of the cluster, does not see memory://bucket/out as it is here "
            r"\(memory://bucket/out has no manifest\.json"
        )
        with pytest.raises(NotSharedError, match=says) as caught:
            run("memory://bucket/out", client=Workers(client, "numpy", 1))
        assert str(caught.value).endswith(
            "under the same path, or in an object store that all reach"
        )


# --- S3's protocol ---
def s3_place(name, s3, **options):
    return UPath(f"s3://snapshots/{name}", key="someone", secret=SECRET, endpoint_url=s3, **options)


def uploads(where):
    return where.fs.list_multipart_uploads("snapshots")


@pytest.mark.slow
@PIECES
def test_s3_the_whole_life(tmp_path, s3, whole_bytes, request):
    out = s3_place(f"life-{request.node.callspec.indices['whole_bytes']}", s3)
    expected = undisturbed(tmp_path)
    cut_off(out)
    assert listed(out) == [0, 1] and not uploads(out)
    assert resume(str(out)).resumed == 2, "a URL alone: what the environment says"
    assert contents(out) == expected
    damage(out, "snapshots/part-000003.arrow", lambda data: data[:-1])
    out.fs.rm_file(f"{out.path}/snapshots/part-000005.arrow")
    assert len(verify_snapshots(out, drop=True).dropped) == 2
    assert resume(out).resumed == 5 and contents(out) == expected
    there = open_snapshots(out)
    assert (
        there.at("2026-01-01T00:17:00Z").num_rows == 37
        and there.dataset.to_table().num_rows == 37 * 53
    )
    run(out, GRID[:20], format="parquet", overwrite=True)
    assert open_snapshots(out).at("2026-01-01T00:17:00Z").num_rows == 37
    assert open_snapshots(out).track(int(satellites().sat_id[0])).num_rows == 20
    assert SECRET not in str(manifest(out)) + repr(open_snapshots(out)) and not uploads(out)


@pytest.mark.slow
def test_s3_shards_and_placeholders(tmp_path, s3):
    out = s3_place("shards", s3)
    # as a console makes directories
    out.fs.call_s3("put_object", Bucket="snapshots", Key="shards/", Body=b"")
    out.fs.call_s3("put_object", Bucket="snapshots", Key="shards/snapshots/", Body=b"")
    for number in (2, 1):
        report = run(out, shard=f"{number}/2")
    assert report.merged
    assert {name: data for name, data in contents(out).items() if data} == undisturbed(
        tmp_path
    ) and verify_snapshots(out).sound


JOB_THAT_WAITS = """
import sys
import gpuprop.snapshots.layout as plan, gpuprop.dataset.upload as upload
sys.path.insert(0, {support!r})
from arrow_samples import GRID, propagator
from gpuprop import time_grid, write_snapshots
from upath import UPath
plan.BATCH_ROWS, plan.MOST_BATCH_ROWS, plan.PART_BYTES = 20_000, 40_000, 8_000_000
upload.WHOLE_BYTES = 1 << 20

def progress(done, total, size):
    if size > 13_500_000:  # within the second part, some of which is uploaded
        print("here", flush=True)
        sys.stdin.read()

if __name__ == "__main__":
    times = time_grid("2026-01-01T00:00:00Z", duration="2h", step="1s")
    out = UPath("s3://snapshots/{name}", default_block_size=5 << 20)
    waits = progress if sys.argv[1:] else None
    write_snapshots(out, propagator("numpy", 1), times, progress=waits, resume=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_s3_ended_in_the_middle_of_an_upload(tmp_path, s3, number, monkeypatch):
    """The object is not there, then or later; what was there stays; the bytes are in the end those
    of a disk.
    """
    name = f"ended-{number.name}"
    out = s3_place(name, s3)
    program = JOB_THAT_WAITS.format(support=str(SUPPORT), name=name)
    process = subprocess.Popen(
        [sys.executable, "-c", program, "wait"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "here\n", process.communicate()
    assert (
        len(uploads(out)) == 1
        and len(
            out.fs.call_s3(
                "list_parts",
                Bucket="snapshots",
                Key=uploads(out)[0]["Key"],
                UploadId=uploads(out)[0]["UploadId"],
            )["Parts"]
        )
        >= 1
    )
    process.send_signal(number)
    process.communicate(timeout=PATIENCE_S)
    assert set(contents(out)) == {"satellites.arrow", "snapshots/part-000000.arrow"} and listed(
        out
    ) == [0]
    assert len(uploads(out)) == (1 if number == signal.SIGKILL else 0), (
        "what a kill leaves is no object; the store forgets it by its own rules"
    )
    before = contents(out)["snapshots/part-000000.arrow"]
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    monkeypatch.setattr("gpuprop.snapshots.layout.BATCH_ROWS", 20_000)
    monkeypatch.setattr("gpuprop.snapshots.layout.MOST_BATCH_ROWS", 40_000)
    monkeypatch.setattr("gpuprop.snapshots.layout.PART_BYTES", 8_000_000)
    expected = undisturbed(tmp_path, time_grid("2026-01-01T00:00:00Z", duration="2h", step="1s"))
    assert contents(out) == expected and expected["snapshots/part-000000.arrow"] == before
    for each in uploads(out):
        out.fs.abort_mpu("snapshots", each["Key"], each["UploadId"])


@pytest.mark.slow
def test_s3_workers_of_a_cluster(tmp_path, s3):
    """They write there, with the options that the caller gave; what is secret of these is in no log
    and no manifest.
    """
    out = s3_place("cluster", s3)
    with connected("local:2") as client:
        given, submit = [], client.submit
        client.submit = lambda call, *arguments, **options: (
            given.extend(arguments) or submit(call, *arguments, **options)
        )
        report = run(out, client=Workers(client, "numpy", 1))
        assert given and SECRET not in repr(given)
        assert contents(out) == undisturbed(tmp_path) and report.computed == 37 * 53
        with pytest.raises(RuntimeError, match="engine 'warp' is not known"):
            run(s3_place("cluster-fails", s3), client=Workers(client, "warp"))
        assert (
            client.submit(repr, Sealed(SECRET.encode())).result()
            == f"<an order, {len(SECRET)} bytes>"
        )
        logs = str(client.get_worker_logs()) + str(client.get_scheduler_logs())
    assert "Compute Failed" in logs and SECRET not in logs
    assert SECRET not in str(manifest(out))


@pytest.mark.slow
def test_s3_what_is_refused(s3, monkeypatch):
    """An OSError that says what, where, and what to do."""
    for call in (run, open_snapshots):
        with pytest.raises(
            FileNotFoundError,
            match=(
                r"bucket does not exist \(create it first: gpuprop creates no buckets\) while .*: "
                "'s3://nobucket/out'"
            ),
        ) as caught:
            call("s3://nobucket/out")
        assert caught.value.errno == errno.ENOENT
    with pytest.raises(FileNotFoundError, match="s3://snapshots/nothing has no manifest"):
        open_snapshots("s3://snapshots/nothing")
    with pytest.raises(
        OSError,
        match=(
            r"Could not connect .*check the network, and the endpoint of the store\) while "
            ".*'s3://snapshots/out/manifest"
        ),
    ):
        open_snapshots(
            UPath(
                "s3://snapshots/out",
                endpoint_url="http://127.0.0.1:9",
                config_kwargs={"retries": {"total_max_attempts": 1}, "connect_timeout": 1},
            )
        )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(
        PermissionError,
        match=r"Unable to locate credentials \(check the credentials and their rights",
    ) as caught:
        run(UPath("s3://snapshots/out", endpoint_url=s3, skip_instance_cache=True))
    assert caught.value.errno == errno.EACCES
