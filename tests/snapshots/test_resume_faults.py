"""Runs resume after faults: lost directories, jumping clocks, full or read-only disks."""

import errno
import os
import shutil
import subprocess
import time
from datetime import datetime

import pytest
from arrow_samples import (
    GRID,
    contents,
    cut_off,
    listed,
    manifest,
    propagator,
    resume,
    satellites,
    small_layout,
)

from gpuprop import open_snapshots, write_snapshots
from gpuprop.dataset import entries
from gpuprop.snapshots import plan_snapshots, verify_snapshots, write


@pytest.fixture(autouse=True)
def many_parts(monkeypatch):
    """Seven parts of eight instants."""
    small_layout(monkeypatch)


@pytest.fixture
def undisturbed(tmp_path):
    """The files of a run that nothing happened to."""
    write_snapshots(tmp_path / "undisturbed", propagator("numpy", 1), GRID)
    return contents(tmp_path / "undisturbed")


def test_a_run_without_its_satellites_is_not_complete(tmp_path, undisturbed, monkeypatch):
    """A job that resumes it and fails before they are written again leaves it incomplete."""
    write_snapshots(tmp_path / "out", propagator("numpy", 1), GRID)
    (tmp_path / "out" / "satellites.arrow").unlink()

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(write, "write_satellites", fail)
        with pytest.raises(OSError, match="No space left"):
            resume(tmp_path / "out")
    assert not manifest(tmp_path / "out")["complete"]
    assert resume(tmp_path / "out").rewritten == [
        "satellites.arrow is missing, but the manifest lists it"
    ]
    assert contents(tmp_path / "out") == undisturbed and manifest(tmp_path / "out")["complete"]


# --- the ground gives way ---
def test_the_directory_is_removed_under_a_run(tmp_path, undisturbed):
    def progress(done, total, size):
        if done == 37 * 20:
            shutil.rmtree(tmp_path / "out")

    with pytest.raises(
        FileNotFoundError,
        match=r"the directory .*snapshots has been removed while committing the file",
    ):
        write_snapshots(tmp_path / "out", propagator("numpy", 1), GRID, progress=progress)
    assert not (tmp_path / "out").exists()
    resume(tmp_path / "out")
    assert contents(tmp_path / "out") == undisturbed


@pytest.mark.parametrize("at", [16, 20])
def test_another_job_takes_the_place_of_a_directory_that_was_removed(tmp_path, undisturbed, at):
    """The first job stops: nothing of it gets into the directory of the other."""

    def progress(done, total, size):
        if done == 37 * at:
            shutil.rmtree(tmp_path / "out")
            write_snapshots(tmp_path / "out", propagator("numpy", 1), GRID)

    with pytest.raises(
        (RuntimeError, FileNotFoundError),
        match=r"No such file or directory while committing|was removed while the job ran",
    ):
        write_snapshots(
            tmp_path / "out", propagator("numpy", 1), GRID, compression="zstd", progress=progress
        )
    assert contents(tmp_path / "out") == undisturbed
    assert verify_snapshots(tmp_path / "out").sound


def test_a_lock_that_somebody_removed_stops_the_job(tmp_path, undisturbed):
    def progress(done, total, size):
        if done == 37 * 20:
            (tmp_path / "out" / ".lock").unlink()

    with pytest.raises(
        RuntimeError,
        match=(
            r"out: its \.lock was removed while the job ran, so another job may write there "
            "now; stopped"
        ),
    ):
        write_snapshots(tmp_path / "out", propagator("numpy", 1), GRID, progress=progress)
    assert listed(tmp_path / "out") == [0, 1]
    resume(tmp_path / "out")
    assert contents(tmp_path / "out") == undisturbed


def test_a_clock_that_jumps(tmp_path, undisturbed, monkeypatch):
    """Neither the time of day nor that of files decides anything."""
    times = iter([4e9, 1.0, 2e9] * 1000)
    monkeypatch.setattr(time, "time", lambda: next(times))

    class Jumping(datetime):
        @classmethod
        def now(cls, zone=None):
            return cls.fromtimestamp(next(times), zone)

    monkeypatch.setattr(entries, "datetime", Jumping)
    cut_off(tmp_path / "out")
    for number, path in enumerate(sorted(tmp_path.rglob("out/**/*"))):
        os.utime(path, (0, 0) if number % 2 else (4e9, 4e9))
    report = resume(tmp_path / "out")
    assert 0 <= report.seconds < 60 and 0 <= manifest(tmp_path / "out")["run"]["seconds"] < 60
    assert (report.resumed, report.rewritten) == (2, [])
    assert contents(tmp_path / "out") == undisturbed


# --- a disk that is full, or read only: real ones, where root may mount them ---
@pytest.fixture
def small_disk(tmp_path):
    """mount(size=..., ...): a disk of one's own at tmp_path/disk, mounted (again) with these
    options; skipped where that is not allowed.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = []

    def mount(options):
        how = ["-o", f"remount,{options}"] if mounted else ["-t", "tmpfs", "-o", options, "tmpfs"]
        done = subprocess.run(["mount", *how, str(disk)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no file system may be mounted here: {done.stderr.strip()}")
        mounted.append(options)
        return disk

    yield mount
    if mounted:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    "kilobytes", [4, 8, 16, 32, 36, 48, 64, 68, 72, 76, 80, 100, 104, 108, 140, 180]
)
def test_a_disk_that_is_full(small_disk, undisturbed, kilobytes):
    """Wherever it happens: in the lock, the manifest, the satellites, a part, its manifest. Emptied
    a little, it goes on.
    """
    out = small_disk(f"size={kilobytes}k") / "out"
    for options in ({}, {"resume": True}, {"resume": True}):
        if options and not (out / "manifest.json").exists():
            continue
        with pytest.raises(OSError, match="No space left on device") as caught:
            write_snapshots(out, propagator("numpy", 1), GRID, **options)
        assert caught.value.errno == errno.ENOSPC and str(caught.value.filename).startswith(
            str(out)
        )
        assert not list(out.rglob("*.partial")) and not (out / ".lock").exists()
        if (out / "manifest.json").exists():
            found = [each for each in verify_snapshots(out).findings if each.file]
            assert not found, "what the manifest lists is whole"
    count = len(listed(out)) if (out / "manifest.json").exists() else 0
    small_disk("size=10m")
    report = resume(out)
    assert report.resumed == count and report.rewritten == []
    assert contents(out) == undisturbed


def test_a_disk_that_is_read_only(small_disk, undisturbed):
    out = small_disk("size=10m") / "out"
    cut_off(out)
    small_disk("ro")
    before = contents(out)
    with pytest.raises(
        OSError, match=r"Read-only file system while locking the directory: '.*/out/\.lock'"
    ):
        resume(out)
    with pytest.raises(OSError, match="Read-only file system"):
        write_snapshots(out.parent / "another", propagator("numpy", 1), GRID)
    assert contents(out) == before
    assert (
        len(open_snapshots(out, partial=True)) == 37 * 16
        and len(verify_snapshots(out).findings) == 1
    )
    small_disk("rw")
    resume(out)
    assert contents(out) == undisturbed


def test_a_disk_that_becomes_read_only_on_the_way(small_disk, undisturbed):
    """As Linux does after errors of the device."""
    out = small_disk("size=10m") / "out"
    plan = plan_snapshots(satellites(), GRID)

    def progress(done, total, size):
        if done == plan.satellites * 16:
            subprocess.run(["mount", "--bind", str(out), str(out)], check=True)
            subprocess.run(["mount", "-o", "remount,ro,bind", str(out)], check=True)

    with pytest.raises(OSError, match="Read-only file system while committing the file"):
        write_snapshots(out, propagator("numpy", 1), GRID, progress=progress)
    subprocess.run(["umount", str(out)], check=True)
    assert listed(out) == [0]
    resume(out)
    assert contents(out) == undisturbed
