"""Killed with SIGKILL at random moments, and before and after every step by which a file becomes
part of a directory; then resumed.

The jobs are forked from a server that holds one thread, on a disk in memory where there is one:
what is killed is a process, not a machine, so that the speed of the disk proves nothing here.
"""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest
from arrow_samples import GRID, contents, propagator, put_manifest
from datasets import fault
from patience import PATIENCE_S
from writing_jobs import SERVER, job, lay_out

import gpuprop.dataset.disk_file
import gpuprop.dataset.file_lock
import gpuprop.snapshots.layout
from gpuprop import open_snapshots, write_snapshots
from gpuprop.snapshots import PlanDiffersError, merge_snapshots, verify_snapshots

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork are POSIX")

MANY, THREE = 1, 60_000  # bytes of a part, and how many parts that makes: 27, or 3
PARQUET = {"format": "parquet", "compression": "zstd"}
FORMS = {
    "arrow": {},
    "float32-lz4": {"dtype": "float32", "compression": "lz4"},
    "parquet-float32": {**PARQUET, "dtype": "float32"},
}


@pytest.fixture(autouse=True)
def layout(monkeypatch):
    for name in ("BATCH_ROWS", "MOST_BATCH_ROWS", "PART_BYTES"):
        monkeypatch.setattr(
            f"gpuprop.snapshots.layout.{name}", getattr(gpuprop.snapshots.layout, name)
        )
    return lay_out


@pytest.fixture
def memory():
    """A directory in memory, where the system has such a place."""
    folder = tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    yield Path(folder)
    shutil.rmtree(folder)


# --- what the forked processes do ---


def run(directory, part_bytes, options, die_at=None):
    """A job in a process of its own; its exit code."""
    process = SERVER.Process(target=job, args=(directory, part_bytes, options, None, die_at))
    process.start()
    process.join(PATIENCE_S)
    return process.exitcode


# --- what must hold after every death ---
def assert_nothing_lost(directory, at_least=()):
    """What a manifest lists is whole, byte by byte, and holds what it listed before."""
    found = {}
    for path in directory.glob("*.json"):
        written = json.loads(path.read_text())
        for entry in written["parts"]:
            assert fault(directory, entry["file"], full=True) is None
            found[entry["part"]] = entry["digest"]
    assert set(at_least) <= set(found)
    if found:
        assert len(open_snapshots(directory, partial=True)) == sum(
            37 * n for n in instants(directory, found)
        )
    return found


def instants(directory, parts):
    plan = json.loads(next(directory.glob("*.json")).read_text())["plan"]
    return [min(plan["part_instants"], 53 - part * plan["part_instants"]) for part in parts]


def assert_whole(directory, expected):
    assert contents(directory) == expected
    assert {path.name for path in directory.iterdir() if path.is_file()} == {
        "manifest.json",
        next(name for name in expected if "sat" in name),
    }
    assert verify_snapshots(directory).sound and open_snapshots(directory).complete


# --- at random moments ---
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(options, id=name, marks=() if name == "arrow" else pytest.mark.slow)
        for name, options in FORMS.items()
    ],
)
def test_killed_at_random_moments(memory, options):
    """Sixty kills, twenty with each form: of runs that are resumed six times each, or until one of
    the jobs gets through.
    """
    lay_out(MANY)
    begun = time.perf_counter()
    write_snapshots(memory / "undisturbed", propagator("numpy", 1), GRID, **options)
    # of a job, about; how busy the machine is changes it from one job to the next
    length = time.perf_counter() - begun
    expected = contents(memory / "undisturbed")
    moments = random.Random(20261125)
    kills, cut_off, directory = 0, set(), None  # deaths, and how many parts were there after one
    for number in range(300):
        if number % 6 == 0:
            directory, listed = memory / str(number), {}
        event = SERVER.Event()
        process = SERVER.Process(
            target=job, args=(directory, MANY, {**options, "resume": True}, event)
        )
        process.start()
        assert event.wait(PATIENCE_S)
        begun = time.perf_counter()
        process.join(moments.uniform(0.0, length))
        took = time.perf_counter() - begun
        process.kill()
        process.join(PATIENCE_S)
        if process.exitcode == -signal.SIGKILL:
            kills += 1
            length *= 1.05
        else:
            assert process.exitcode == 0
            length = min(length, took)
        if directory.is_dir():
            listed = assert_nothing_lost(directory, listed)
            cut_off.add(len(listed))
        if number % 6 == 5:
            write_snapshots(directory, propagator("numpy", 1), GRID, **options, resume=True)
            assert_whole(directory, expected)
            if kills >= 20 and len(cut_off) >= 6:
                break
    assert kills >= 20, "the jobs were through before they were killed"
    assert len(cut_off) >= 6, "all were killed at the same place"


# --- at every step ---
def every_step(prepare, directory, part_bytes, options, after_death):
    """Kill a job before each of its steps in turn, until one gets through; the number of deaths."""
    for deaths in range(1000):
        shutil.rmtree(directory, ignore_errors=True)
        prepare(directory)
        code = run(directory, part_bytes, options, die_at=deaths)
        assert code in (0, -signal.SIGKILL)
        if code == 0:
            return deaths
        after_death(directory)
    raise AssertionError("a job without an end")


def copied(source):
    return lambda directory: shutil.copytree(source, directory)


@pytest.mark.slow
def test_killed_at_every_step_of_a_run(memory):
    lay_out(THREE)
    write_snapshots(memory / "undisturbed", propagator("numpy", 1), GRID)
    expected = contents(memory / "undisturbed")
    steps = []

    def after_death(directory):
        listed = assert_nothing_lost(directory) if directory.is_dir() else {}
        report = write_snapshots(directory, propagator("numpy", 1), GRID, resume=True)
        assert report.resumed == len(listed) and report.rewritten == []
        assert_whole(directory, expected)
        steps.append(report.resumed)

    deaths = every_step(lambda directory: None, memory / "out", THREE, {}, after_death)
    assert deaths > 50 and steps == sorted(steps) and set(steps) == {0, 1, 2, 3}


@pytest.mark.slow
def test_killed_at_every_step_of_a_resume(memory):
    """Of a run with a hole, a damaged part, one that was not committed and what an earlier death
    left.
    """
    lay_out(THREE)
    write_snapshots(memory / "undisturbed", propagator("numpy", 1), GRID)
    expected = contents(memory / "undisturbed")
    shutil.copytree(memory / "undisturbed", memory / "hurt")
    record = json.loads((memory / "hurt" / "manifest.json").read_text())
    record["parts"], record["complete"] = record["parts"][:2], False
    put_manifest(memory / "hurt", record)
    (memory / "hurt" / "snapshots" / "part-000000.arrow").write_bytes(
        expected["snapshots/part-000000.arrow"][:5_000]
    )
    (memory / "hurt" / "snapshots" / ".part-000002.arrow.01234567.partial").write_bytes(b"half")

    def after_death(directory):
        assert (directory / "snapshots" / "part-000001.arrow").read_bytes() == expected[
            "snapshots/part-000001.arrow"
        ]
        write_snapshots(directory, propagator("numpy", 1), GRID, resume=True)
        assert_whole(directory, expected)

    assert (
        every_step(copied(memory / "hurt"), memory / "out", THREE, {"resume": True}, after_death)
        > 35
    )


@pytest.mark.slow
def test_killed_at_every_step_of_overwriting(memory):
    """Either the old run is there as it was, or it is gone and the new one goes on."""
    lay_out(THREE)
    write_snapshots(memory / "old", propagator("numpy", 1), GRID[:30], **PARQUET)
    write_snapshots(memory / "undisturbed", propagator("numpy", 1), GRID)
    old, expected = contents(memory / "old"), contents(memory / "undisturbed")
    kept = []

    def after_death(directory):
        try:
            write_snapshots(directory, propagator("numpy", 1), GRID, resume=True)
            kept.append(False)
        except PlanDiffersError:
            assert {
                name: data
                for name, data in contents(directory).items()
                if "/." not in name and name[0] != "."
            } == old
            assert open_snapshots(directory).complete
            kept.append(True)
            write_snapshots(directory, propagator("numpy", 1), GRID, overwrite=True)
        assert_whole(directory, expected)

    assert (
        every_step(copied(memory / "old"), memory / "out", THREE, {"overwrite": True}, after_death)
        > 60
    )
    assert kept == sorted(kept, reverse=True) and set(kept) == {True, False}


@pytest.mark.slow
def test_killed_at_every_step_of_the_last_shard(memory):
    """Its own file, the joint manifest, the manifests that it replaces: what is left is merged."""
    lay_out(THREE)
    write_snapshots(memory / "undisturbed", propagator("numpy", 1), GRID)
    expected = contents(memory / "undisturbed")
    for shard in ("1/3", "3/3"):
        write_snapshots(memory / "two", propagator("numpy", 1), GRID, shard=shard)
    through = []

    def after_death(directory):
        assert set(assert_nothing_lost(directory)) >= {0, 2}
        report = write_snapshots(directory, propagator("numpy", 1), GRID, resume=True, shard="2/3")
        through.append(report.resumed)
        assert report.merged
        merge_snapshots(directory)  # the manifests of shards that a killed merge left
        assert_whole(directory, expected)

    assert (
        every_step(copied(memory / "two"), memory / "out", THREE, {"shard": "2/3"}, after_death)
        > 35
    )
    assert set(through) == {0, 1}
