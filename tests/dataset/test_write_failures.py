"""A file is complete or absent, and files of others are left alone, whatever fails."""

import errno
import fcntl
import json
import mmap
import os
import resource
import stat
import threading
import time
from contextlib import suppress

import numpy as np
import pytest
import xxhash
from arrow_samples import GRID, contents, propagator, satellites, small_layout
from datasets import new_file
from patience import PATIENCE_S

from gpuprop import open_snapshots, time_grid, write_snapshots
from gpuprop.dataset import disk_file as disk
from gpuprop.dataset.disk_file import PIECE
from gpuprop.snapshots import plan_snapshots, write_plan


@pytest.fixture(autouse=True)
def many_parts(monkeypatch):
    """Seven parts of eight instants."""
    small_layout(monkeypatch)


def assert_consistent(directory, parts):
    """No temporary is left; the manifest lists exactly `parts` parts, all of them whole; no other
    part is there.
    """
    found = [path for path in directory.rglob("*") if path.is_file()]
    assert not [path for path in found if path.name.startswith(".") or path.suffix == ".partial"]
    manifest = json.loads((directory / "manifest.json").read_text())
    assert [entry["part"] for entry in manifest["parts"]] == list(range(parts))
    assert manifest["complete"] is (parts == 7)
    assert sorted(path.name for path in found if path.name.startswith("part-")) == [
        f"part-{i:06d}.arrow" for i in range(parts)
    ]
    for entry in manifest["parts"]:
        assert entry["digest"] == "xxh3-128:" + xxhash.xxh3_128_hexdigest(
            (directory / entry["file"]).read_bytes()
        )


def failing(function, at):
    """`function`, but the call number `at` (from 0) finds the disk full."""
    calls = iter(range(10**6))

    def call(*arguments):
        if next(calls) == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return function(*arguments)

    return call


# Files are written in the order manifest, satellites, part, manifest, part, ...; each syncs itself,
# then its directory.
@pytest.mark.parametrize("at", range(4, 14))
def test_a_disk_that_is_full_at_fsync(tmp_path, monkeypatch, at):
    monkeypatch.setattr(os, "fsync", failing(os.fsync, at))
    with pytest.raises(
        OSError, match="No space left on device while committing the file"
    ) as caught:
        write_snapshots(tmp_path / "out", propagator(), GRID)
    monkeypatch.undo()
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename.startswith(str(tmp_path / "out"))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert not manifest["complete"]
    assert not list(tmp_path.rglob("*.partial"))
    for entry in manifest["parts"]:
        assert entry["digest"] == "xxh3-128:" + xxhash.xxh3_128_hexdigest(
            (tmp_path / "out" / entry["file"]).read_bytes()
        )


@pytest.mark.parametrize("format", ["arrow", "parquet"])
def test_a_rename_that_fails(tmp_path, monkeypatch, format):
    real = os.replace

    def replace(source, target):
        if "part-000002" in str(target):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(PermissionError, match="Permission denied while committing") as caught:
        write_snapshots(tmp_path, propagator(), GRID, format=format)
    assert caught.value.filename.endswith(f"part-000002.{format}")
    assert len(json.loads((tmp_path / "manifest.json").read_text())["parts"]) == 2
    assert not list(tmp_path.rglob("*.partial")) and not list(tmp_path.rglob("part-000002*"))


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "format, compression", [("arrow", "none"), ("arrow", "zstd"), ("parquet", "none")]
)
def test_a_write_that_the_system_refuses_half_way(tmp_path, monkeypatch, format, compression):
    """A real one: no file of this process may grow beyond 30 kB."""
    monkeypatch.setattr("gpuprop.snapshots.layout.PART_BYTES", 60_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        with pytest.raises(OSError, match="File too large while writing") as caught:
            write_snapshots(
                tmp_path, propagator(threads=1), GRID, format=format, compression=compression
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno == errno.EFBIG
    assert caught.value.filename == str(tmp_path / f"snapshots/part-000000.{format}")
    assert not list((tmp_path / "snapshots").iterdir())
    assert json.loads((tmp_path / "manifest.json").read_text())["parts"] == []


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("format", ["arrow", "parquet"])
@pytest.mark.parametrize("stop", [0, 8, 21])
def test_a_propagation_that_fails(tmp_path, format, stop):
    prop = propagator()
    plan = plan_snapshots(prop.elements, GRID, format=format)

    def states():
        for i, block in enumerate(prop.snapshots(GRID, instants=1)):
            if i == stop:
                raise RuntimeError("a worker died")
            yield block

    with pytest.raises(RuntimeError, match="a worker died"):
        write_plan(tmp_path, plan, states(), engine="numpy")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [entry["part"] for entry in manifest["parts"]] == list(
        range(stop // 8)
    ) and not manifest["complete"]
    assert len(list((tmp_path / "snapshots").iterdir())) == stop // 8


def test_an_interrupt(tmp_path):
    def progress(rows_done, rows_total, bytes_done):
        if rows_done >= 37 * 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_snapshots(tmp_path, propagator(), GRID, progress=progress)
    assert_consistent(tmp_path, 2)
    assert len(open_snapshots(tmp_path, partial=True)) == 2 * 8 * 37


def test_states_of_another_job_are_refused(tmp_path):
    prop = propagator()
    plan = plan_snapshots(prop.elements, GRID)
    with pytest.raises(
        ValueError, match="part 2 of the plan has 296 rows, the states given have 148"
    ):
        write_plan(tmp_path / "short", plan, prop.snapshots(GRID[:20]), engine="numpy")
    assert_consistent(tmp_path / "short", 2)
    fewer = type(prop)(satellites()[:30])
    with pytest.raises(ValueError, match="have 30 satellites, the plan has 37"):
        write_plan(tmp_path / "narrow", plan, fewer.snapshots(GRID), engine="numpy")
    with pytest.raises(ValueError, match="at other instants than the plan's"):
        write_plan(tmp_path / "later", plan, prop.snapshots(GRID[1:]), engine="numpy")
    with pytest.raises(ValueError, match="have no vx, which the plan writes"):
        write_plan(tmp_path / "still", plan, prop.snapshots(GRID, velocity=False), engine="numpy")


# --- one file ---
def test_a_file_is_on_the_disk_before_it_has_its_name_and_then_the_name_is(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda fd: (done.append(("sync", os.fstat(fd).st_ino)), fsync(fd))
    )
    monkeypatch.setattr(
        os,
        "replace",
        lambda source, target: (
            done.append(("rename", os.stat(source).st_ino)),
            replace(source, target),
        ),
    )
    write_snapshots(tmp_path, propagator(), GRID)
    del done[0]  # of the lock
    # manifest, satellites, parts, and the manifest after each
    assert len(done) == 3 * (1 + 1 + 7 + 7)
    for (first, file), (second, same), (third, directory) in zip(
        done[::3], done[1::3], done[2::3], strict=True
    ):
        assert (first, second, third) == ("sync", "rename", "sync")
        assert file == same
        assert directory in (tmp_path.stat().st_ino, (tmp_path / "snapshots").stat().st_ino)


def written(path, data, step=1_234_567):
    """The sink that data went through, so many bytes at a time."""
    with new_file(path) as file:
        for first in range(0, len(data), step):
            assert file.write(memoryview(data)[first : first + step]) == len(
                data[first : first + step]
            )
        assert not path.exists()
    assert path.read_bytes() == data
    assert file.bytes == path.stat().st_size == len(data)
    assert file.digest == "xxh3-128:" + xxhash.xxh3_128_hexdigest(data)


DATA = np.random.default_rng(0).bytes(3 * PIECE + 4567)


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 4567])
def test_files_of_any_size(tmp_path, size):
    written(tmp_path / "file", DATA[:size])


def test_a_file_system_that_has_no_writes_past_its_cache(tmp_path, monkeypatch):
    def refuse(descriptor, command, flags=0):
        if command == fcntl.F_SETFL:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return real(descriptor, command, flags)

    real = fcntl.fcntl
    monkeypatch.setattr(fcntl, "fcntl", refuse)
    written(tmp_path / "file", DATA)


def test_a_disk_that_takes_larger_blocks_only(tmp_path, monkeypatch):
    def pwrite(descriptor, data, offset):
        if real_fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return real(descriptor, data, offset)

    real, real_fcntl = os.pwrite, fcntl.fcntl
    monkeypatch.setattr(os, "pwrite", pwrite)
    written(tmp_path / "file", DATA)


def refuses_writes_past_the_cache(directory):
    with open(directory / "probe", "wb") as probe:
        try:
            flags = fcntl.fcntl(probe.fileno(), fcntl.F_GETFL)
            fcntl.fcntl(probe.fileno(), fcntl.F_SETFL, flags | os.O_DIRECT)
        except OSError:
            return True
    return False


def test_large_writes_go_past_the_cache_aligned(tmp_path, monkeypatch):
    def pwrite(descriptor, data, offset):
        past = bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT)
        seen.append((past, offset, len(data), np.frombuffer(data, np.uint8).ctypes.data % 4096))
        return real(descriptor, data, offset)

    if refuses_writes_past_the_cache(tmp_path):
        pytest.skip("this file system has no writes past its cache")
    seen, real = [], os.pwrite
    monkeypatch.setattr(os, "pwrite", pwrite)
    written(tmp_path / "file", DATA)
    assert sorted(seen, key=lambda each: each[1]) == [
        *((True, n * PIECE, PIECE, 0) for n in range(3)),
        (False, 3 * PIECE, 4567, 0),
    ]


def test_a_disk_that_is_slow_is_waited_for(tmp_path, monkeypatch):
    """With as many pieces in memory as may wait for it."""
    gate, made, real, real_map = threading.Event(), [], os.pwrite, mmap.mmap
    monkeypatch.setattr(os, "pwrite", lambda *given: gate.wait(PATIENCE_S) and real(*given))
    monkeypatch.setattr(mmap, "mmap", lambda *given: made.append(given) or real_map(*given))
    monkeypatch.setattr(disk, "PIECE", 4096)
    writer = threading.Thread(
        target=written, args=(tmp_path / "file", DATA[: 100 * 4096 + 5], 10_000)
    )
    writer.start()
    while writer.is_alive() and len(made) < disk.PIECES:
        time.sleep(0.01)
    time.sleep(0.2)
    assert writer.is_alive() and len(made) == disk.PIECES
    gate.set()
    writer.join()
    assert len(made) == disk.PIECES
    assert (tmp_path / "file").read_bytes() == DATA[: 100 * 4096 + 5]


def test_two_writes_past_the_cache_that_are_refused_at_once(tmp_path, monkeypatch):
    """The first has the file written through the cache; the second, refused as well, goes on like
    that.
    """
    both = threading.Barrier(2)

    def pwrite(descriptor, data, offset):
        if real_fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
            both.wait(PATIENCE_S)
            if offset:
                time.sleep(0.05)
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return real(descriptor, data, offset)

    real, real_fcntl = os.pwrite, fcntl.fcntl
    if refuses_writes_past_the_cache(tmp_path):
        pytest.skip("this file system has no writes past its cache")
    monkeypatch.setattr(os, "pwrite", pwrite)
    written(tmp_path / "file", DATA[: 2 * PIECE])


def test_an_error_is_not_forgotten(tmp_path, monkeypatch):
    """A caller that goes on all the same gets no file."""

    def pwrite(descriptor, data, offset):
        if offset == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(descriptor, data, offset)

    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", pwrite)
    with (
        pytest.raises(OSError, match="Input/output error while writing"),
        new_file(tmp_path / "file") as file,
    ):
        for _ in range(3 * disk.PIECES):
            with suppress(OSError):
                file.write(DATA[:PIECE])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("most", [7, 1_000_003])
def test_a_system_that_writes_a_little_at_a_time(tmp_path, monkeypatch, most):
    """Which leaves writes past the cache within a block."""
    real = os.pwrite
    monkeypatch.setattr(
        os, "pwrite", lambda descriptor, data, offset: real(descriptor, data[:most], offset)
    )
    written(tmp_path / "file", DATA if most > 7 else DATA[:256])


@pytest.mark.parametrize("failing", [0, PIECE, 3 * PIECE])
def test_an_error_of_a_write_under_way_comes_with_a_later_one_or_at_the_end(
    tmp_path, monkeypatch, failing
):
    def pwrite(descriptor, data, offset):
        if offset == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data, offset)

    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(OSError, match="No space left on device while writing") as caught:
        written(tmp_path / "file", DATA)
    assert caught.value.filename == str(tmp_path / "file")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("most", [PIECE // 2, 2 * PIECE + 100])
def test_a_large_write_that_the_system_refuses(tmp_path, most):
    """The same of a file of several pieces: in the first, and in one that is under way while the
    next is filled.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        with pytest.raises(OSError, match="File too large while writing") as caught:
            written(tmp_path / "file", DATA)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.filename == str(tmp_path / "file")
    assert not list(tmp_path.iterdir())


def test_a_file_system_that_cannot_sync_directories(tmp_path, monkeypatch):
    real = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_snapshots(tmp_path, propagator(), GRID)
    assert_consistent(tmp_path, 7)


# --- directories ---
def test_a_directory_that_holds_snapshots_is_refused_unless_told_otherwise(tmp_path):
    write_snapshots(tmp_path, propagator(), GRID)
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match=r"already holds snapshots: .*overwrite=True"):
        write_snapshots(tmp_path, propagator(), GRID)
    assert contents(tmp_path) == before
    write_snapshots(
        tmp_path,
        propagator(),
        time_grid("2026-02-01", duration="9min"),
        format="parquet",
        overwrite=True,
    )
    names = set(contents(tmp_path))
    assert names == {
        "satellites.parquet",
        "snapshots/part-000000.parquet",
        "snapshots/part-000001.parquet",
    }
    assert open_snapshots(tmp_path).metadata["instants"] == 9


def test_overwriting_removes_what_an_interrupted_run_left(tmp_path):
    write_snapshots(tmp_path, propagator(), GRID)
    # the second as version 0.1.0 called it
    for name in (".part-000004.arrow.0123abcd.partial", ".part-000004.arrow.partial"):
        (tmp_path / "snapshots" / name).write_bytes(b"half")
    (tmp_path / ".manifest.json.0123abcd.partial").write_bytes(b"half")
    (tmp_path / ".lock").write_bytes(b'{"gpuprop": "0.1.0"}')
    write_snapshots(tmp_path, propagator(), GRID, overwrite=True)
    assert_consistent(tmp_path, 7)


def test_a_bad_option_does_not_cost_the_old_run(tmp_path):
    write_snapshots(tmp_path, propagator(), GRID)
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="292 years"):
        write_snapshots(tmp_path, propagator(), ["1700-01-01"], overwrite=True)
    assert contents(tmp_path) == before
    open_snapshots(tmp_path).verify()


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "foreign",
    [
        "thesis.tex",
        "snapshots/notes.txt",
        "manifest.json",
        "satellites.arrow",
        "snapshots/part-000000.arrow",
        ".git/config",
    ],
)
def test_foreign_files_are_never_touched(tmp_path, foreign, overwrite):
    file = tmp_path / foreign
    file.parent.mkdir(exist_ok=True)
    file.write_text('{"name": "mine"}')
    with pytest.raises(FileExistsError, match="holds files that gpuprop did not write there"):
        write_snapshots(tmp_path, propagator(), GRID, overwrite=overwrite)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]
    assert file.read_text() == '{"name": "mine"}'


def test_a_foreign_file_beside_snapshots_is_refused_with_its_name(tmp_path):
    write_snapshots(tmp_path, propagator(), GRID)
    (tmp_path / "thesis.tex").write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match=r"\(thesis\.tex\): choose another directory"):
        write_snapshots(tmp_path, propagator(), GRID, overwrite=True)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "name",
    [
        "part-000007.arrow",
        "part-000000.parquet",
        "part-0000003.arrow",
        ".part-000000.arrow",
        ".partial",
    ],
)
def test_a_file_that_the_plan_does_not_name_is_refused(tmp_path, name):
    write_snapshots(tmp_path, propagator(), GRID)
    (tmp_path / "snapshots" / name).write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match=rf"\(snapshots/{name}\): choose another directory"):
        write_snapshots(tmp_path, propagator(), GRID, overwrite=True)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("manifest", [{"gpuprop": "1"}, {"gpuprop": "1", "layout": 1, "plan": {}}])
def test_a_manifest_without_a_plan_makes_nothing_ours(tmp_path, manifest):
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "part-000000.arrow").write_text("mine")
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(
        FileExistsError,
        match=r"did not write there \(manifest\.json, snapshots/part-000000\.arrow\)",
    ):
        write_snapshots(tmp_path, propagator(), GRID, overwrite=True)
    assert (tmp_path / "snapshots" / "part-000000.arrow").read_text() == "mine"


@pytest.mark.parametrize("target", ["elsewhere", "absent"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_link_in_the_place_of_the_parts_is_not_followed(tmp_path, target, overwrite):
    write_snapshots(tmp_path / "elsewhere", propagator(), GRID)
    write_snapshots(tmp_path / "out", propagator(), GRID)
    before = contents(tmp_path / "elsewhere")
    for file in (tmp_path / "out" / "snapshots").iterdir():
        file.unlink()
    (tmp_path / "out" / "snapshots").rmdir()
    (tmp_path / "out" / "snapshots").symlink_to(tmp_path / target / "snapshots")
    with pytest.raises(FileExistsError, match="snapshots is a symbolic link"):
        write_snapshots(tmp_path / "out", propagator(), GRID, overwrite=overwrite)
    assert contents(tmp_path / "elsewhere") == before


def test_overwriting_that_was_interrupted_can_be_done_again(tmp_path, monkeypatch):
    """Killed while the old parts are removed: no part is claimed, and those that are left are still
    known as gpuprop's.
    """
    write_snapshots(tmp_path, propagator(), GRID)
    real = os.unlink

    def unlink(path, *arguments, **options):
        if "part-000003" in str(path):
            raise KeyboardInterrupt
        real(path, *arguments, **options)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "unlink", unlink)
        write_snapshots(tmp_path, propagator(), GRID[:8], format="parquet", overwrite=True)
    with pytest.raises(ValueError, match="0 of 7 parts are complete"):
        open_snapshots(tmp_path)
    write_snapshots(tmp_path, propagator(), GRID[:8], format="parquet", overwrite=True)
    assert set(contents(tmp_path)) == {"satellites.parquet", "snapshots/part-000000.parquet"}


def test_an_empty_directory_and_absent_parents_are_fine(tmp_path):
    (tmp_path / "snapshots").mkdir()
    write_snapshots(tmp_path, propagator(), GRID)
    write_snapshots(str(tmp_path / "a" / "b"), propagator(), GRID)
    assert len(contents(tmp_path / "a" / "b")) == 8


def test_a_run_that_was_killed_in_its_first_breath_leaves_a_usable_directory(tmp_path):
    (tmp_path / "snapshots").mkdir()
    (tmp_path / ".manifest.json.0123abcd.partial").write_bytes(b"half")
    write_snapshots(tmp_path, propagator(), GRID)
    assert_consistent(tmp_path, 7)


def test_two_writers_of_one_file_do_not_share_a_temporary(tmp_path):
    with new_file(tmp_path / "file") as one, new_file(tmp_path / "file") as other:
        one.write(b"one")
        other.write(b"other")
        assert len(list(tmp_path.iterdir())) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"] and (
        tmp_path / "file"
    ).read_bytes() == b"one"


def test_a_path_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(NotADirectoryError, match="out is a file"):
        write_snapshots(tmp_path / "out", propagator(), GRID)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_directory_that_may_not_be_written(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    if os.access(tmp_path / "closed", os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(PermissionError, match="closed"):
        write_snapshots(tmp_path / "closed", propagator(), GRID)
