"""A run that was interrupted resumes: sound parts are kept, and the bytes are those of an
undisturbed run.
"""

import errno
import os
from types import SimpleNamespace

import pytest
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
    satellites,
    small_layout,
)
from datasets import lock, locked_directory

import gpuprop
from gpuprop import Elements, Propagator, open_snapshots, time_grid, write_snapshots
from gpuprop.dataset.contents import Files
from gpuprop.dataset.entries import PartEntry
from gpuprop.dataset.file_lock import FileLock, holder, is_ours
from gpuprop.dataset.manifest import Manifest
from gpuprop.dataset.session import Job
from gpuprop.snapshots import LockedError, PlanDiffersError, verify_snapshots
from gpuprop.snapshots.contents import SNAPSHOTS


@pytest.fixture(autouse=True)
def many_parts(monkeypatch):
    """Seven parts of eight instants."""
    small_layout(monkeypatch)


@pytest.fixture
def undisturbed(tmp_path):
    """The files of a run that nothing happened to."""
    write_snapshots(tmp_path / "undisturbed", propagator("numpy", 1), GRID)
    return contents(tmp_path / "undisturbed")


# --- what is there stays, what is not is written ---
@pytest.mark.parametrize(
    "form", [{}, {"format": "parquet", "dtype": "float32"}, {"compression": "zstd"}], ids=str
)
def test_every_engine_goes_on_with_the_same_bytes(tmp_path, engine, form):
    write_snapshots(tmp_path / "undisturbed", propagator("numpy", 1), GRID, **form)
    cut_off(tmp_path / "out", **form)
    before = {name: (tmp_path / "out" / name).stat().st_ino for name in contents(tmp_path / "out")}
    count = 1 if form.get("dtype") == "float32" else 2  # its parts hold 14 instants
    report = resume(tmp_path / "out", engine, **form)
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed")
    assert (report.resumed, report.computed, report.rewritten) == (
        count,
        37 * (53 - (14 if count == 1 else 16)),
        [],
    )
    assert report.rows == 37 * 53 and report.bytes == sum(
        entry["bytes"] for entry in manifest(tmp_path / "out")["parts"]
    )
    assert report.status == open_snapshots(tmp_path / "out").status_counts()
    parts = [name for name in before if "part" in name]
    assert len(parts) == count
    assert all((tmp_path / "out" / name).stat().st_ino == before[name] for name in parts), (
        "they were not written again"
    )
    engines = [entry["engine"] for entry in manifest(tmp_path / "out")["parts"]]
    assert engines == ["numpy"] * count + [report.engine] * (report.parts - count)


def test_a_run_of_a_version_without_planes_and_slots_is_resumed(tmp_path, monkeypatch):
    """Its file of the satellites has neither column, and stays as it is; the digest of the element
    sets is the same.
    """
    filed = gpuprop.walker("53:37/37/1", 550.0)
    with monkeypatch.context() as before:
        before.setattr(
            Elements,
            "to_arrow",
            lambda sats, to_arrow=Elements.to_arrow: to_arrow(sats).drop_columns(["plane", "slot"]),
        )
        write_snapshots(tmp_path, Propagator(filed, "numpy", threads=1), GRID)
    old = contents(tmp_path)
    (tmp_path / "snapshots" / "part-000002.arrow").unlink()
    report = write_snapshots(tmp_path, Propagator(filed, "numpy", threads=1), GRID, resume=True)
    assert report.resumed == report.parts - 1 and contents(tmp_path) == old
    assert (
        open_snapshots(tmp_path).satellites.column_names[-1] == "MEAN_MOTION_DDOT"
        and not verify_snapshots(tmp_path).findings
    )
    (tmp_path / "satellites.arrow").unlink()
    assert (
        write_snapshots(tmp_path, Propagator(filed, "numpy", threads=1), GRID, resume=True).computed
        == 0
    )
    assert (
        open_snapshots(tmp_path).satellites["plane"].to_pylist() == list(range(37))
        and not verify_snapshots(tmp_path).findings
    )


def test_nothing_there_is_a_run_anew(tmp_path, undisturbed):
    report = resume(tmp_path / "a" / "b")
    assert contents(tmp_path / "a" / "b") == undisturbed and report.resumed == 0
    (tmp_path / "empty" / "snapshots").mkdir(parents=True)
    resume(tmp_path / "empty")
    assert contents(tmp_path / "empty") == undisturbed


def test_a_complete_run_is_left_as_it_is(tmp_path):
    write_snapshots(tmp_path, propagator("numpy", 1), GRID)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    report = resume(tmp_path)
    assert (report.computed, report.resumed, report.rewritten) == (0, 7, [])
    assert {
        path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()
    } == before


def gaps(missing, parts=7):
    """The parts that a manifest does not list, as Manifest.missing gives them."""
    entries = [
        PartEntry("a file", 1, 1, "a digest", index, "first", "last")
        for index in range(parts)
        if index not in missing
    ]
    contents = SimpleNamespace(files=Files("snapshots", "satellites", "arrow", parts))
    return Manifest(SNAPSHOTS, contents, parts=entries).missing


@pytest.mark.parametrize("missing", [[0], [3], [6], [0, 2, 3, 6], [0, 1, 2, 3, 4, 5, 6]])
def test_parts_missing_anywhere(tmp_path, undisturbed, missing, monkeypatch):
    write_snapshots(tmp_path / "out", propagator("numpy", 1), GRID)
    for index in missing:
        (tmp_path / "out" / "snapshots" / f"part-{index:06d}.arrow").unlink()
    asked = []
    snapshots = Propagator.snapshots
    monkeypatch.setattr(
        Propagator,
        "snapshots",
        lambda self, times, *a, **k: asked.append(len(times)) or snapshots(self, times, *a, **k),
    )
    report = resume(tmp_path / "out")
    assert contents(tmp_path / "out") == undisturbed
    lengths = [8] * 6 + [5]
    assert asked[1:] == [sum(lengths[index] for index in gap) for gap in gaps(missing)], (
        "a pipeline for each run of parts, no more"
    )
    assert report.computed == 37 * sum(lengths[index] for index in missing)
    assert report.rewritten == [
        f"snapshots/part-{index:06d}.arrow is missing, but the manifest lists it"
        for index in missing
    ]


def test_irregular_instants(tmp_path, monkeypatch):
    small_layout(monkeypatch, part_bytes=1, batch_rows=1)
    write_snapshots(tmp_path / "undisturbed", propagator("numpy", 1), IRREGULAR)
    write_snapshots(tmp_path / "out", propagator("numpy", 1), IRREGULAR)
    (tmp_path / "out" / "snapshots" / "part-000002.arrow").unlink()
    write_snapshots(tmp_path / "out", propagator("numpy", 1), IRREGULAR, resume=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed")


def test_progress_goes_on_from_what_is_there(tmp_path):
    cut_off(tmp_path)
    size = sum(entry["bytes"] for entry in manifest(tmp_path)["parts"])
    calls = []
    resume(tmp_path, progress=lambda *done: calls.append(done))
    assert calls[0] == (37 * 16, 37 * 53, size)
    assert [done for done, _, _ in calls[1:]] == [
        37 * min(instants, 53) for instants in range(18, 55, 2)
    ]


def test_missing_parts_are_ranges():
    assert gaps([], 1) == [] and gaps([4]) == [range(4, 5)]
    assert gaps([0, 1, 3, 5, 6, 7], 9) == [range(0, 2), range(3, 4), range(5, 8)]
    whole = SimpleNamespace(files=Files("snapshots", "satellites", "arrow", 10**15))
    assert Manifest(SNAPSHOTS, whole).missing == [range(10**15)], "no list of them is made"


# --- another plan ---
@pytest.mark.parametrize(
    "options, says",
    [
        (
            {"frame": "itrs"},
            r"frame: teme there, itrs asked for; earth_orientation: None there, astropy-iers-data",
        ),
        (
            {"dtype": "float32"},
            (
                r"\(dtype: float64 there, float32 asked for; part_instants: 8 there, 14 asked "
                "for.*parts: 7|parts"
            ),
        ),
        (
            {"format": "parquet"},
            r"\(format: arrow there, parquet asked for; compression: none there, zstd asked for\)",
        ),
        ({"compression": "lz4"}, r"\(compression: none there, lz4 asked for\)"),
        ({"sunlit": True}, "sunlit: False there, True asked for"),
    ],
)
@pytest.mark.parametrize("complete", [False, True])
def test_another_plan_is_refused_with_what_differs(tmp_path, options, says, complete):
    write_snapshots(tmp_path, propagator("numpy", 1), GRID) if complete else cut_off(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(PlanDiffersError, match=says) as caught:
        resume(tmp_path, **options)
    assert "was written from another plan" in str(
        caught.value
    ) and "choose another directory" in str(caught.value)
    assert contents(tmp_path) == before


def test_other_satellites_instants_and_models_are_refused(tmp_path):
    cut_off(tmp_path)
    before = contents(tmp_path)
    fields = {name: values.copy() for name, values in satellites().fields.items()}
    fields["MEAN_ANOMALY"][7] += 1e-9
    for prop, times, says in (
        (
            Propagator(Elements(fields, notes=satellites().notes), "numpy"),
            GRID,
            r"plan \(elements: xxh3-128:[0-9a-f]{32} there, xxh3-128",
        ),
        (
            propagator("numpy"),
            time_grid("2026-01-01T00:00:00Z", duration="53min", step="30s"),
            "step: 1min there, 30s asked for; instants",
        ),
        (
            Propagator(satellites(), "numpy", "wgs84"),
            GRID,
            r"plan \(gravity: wgs72 there, wgs84 asked for\)",
        ),
    ):
        with pytest.raises(PlanDiffersError, match=says):
            write_snapshots(tmp_path, prop, times, resume=True)
    record = manifest(tmp_path)
    record["plan"]["version"] = "0.0.9"
    put_manifest(tmp_path, record)
    with pytest.raises(PlanDiffersError, match=r"plan \(version: 0\.0\.9 there, "):
        resume(tmp_path)
    assert contents(tmp_path) == before


def test_overwrite_and_resume_are_two_things(tmp_path):
    with pytest.raises(
        ValueError,
        match=(
            "overwrite removes what the directory holds, and resume keeps it: leave out "
            "--overwrite or --resume"
        ),
    ):
        resume(tmp_path / "out", overwrite=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("foreign", ["thesis.tex", "snapshots/notes.txt", ".lock"])
def test_foreign_files_are_refused(tmp_path, foreign):
    cut_off(tmp_path)
    (tmp_path / foreign).write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match="choose another directory"):
        resume(tmp_path)
    assert contents(tmp_path) == before


def test_a_manifest_that_is_damaged_is_said_so(tmp_path):
    cut_off(tmp_path)
    (tmp_path / "manifest.json").write_text((tmp_path / "manifest.json").read_text()[:300])
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=r"manifest\.json is not a manifest of gpuprop"):
        resume(tmp_path)
    assert contents(tmp_path) == before


# --- damage ---
def flip(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


DAMAGE = {
    "truncated": (lambda data: data[:-1], "it has 24,513 bytes, 24,514 were written"),
    "empty": (lambda data: b"", "it has 0 bytes"),
    "longer": (lambda data: data + b"x", "it has 24,515 bytes"),
    "zeros": (lambda data: bytes(len(data)), "it does not end as a complete arrow file does"),
    "end lost": (
        lambda data: data[:-4096] + bytes(4096),
        "it does not end as a complete arrow file does",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("index", [0, 3, 5])
def test_damaged_parts_are_written_again(tmp_path, undisturbed, kind, index):
    write_snapshots(tmp_path / "out", propagator("numpy", 1), GRID)
    change, says = DAMAGE[kind]
    file = tmp_path / "out" / "snapshots" / f"part-{index:06d}.arrow"
    file.write_bytes(change(file.read_bytes()))
    report = resume(tmp_path / "out")
    assert len(report.rewritten) == 1 and report.rewritten[0].startswith(
        f"snapshots/{file.name} is damaged: {says}"
    )
    assert (report.resumed, report.computed) == (6, 37 * 8)
    assert contents(tmp_path / "out") == undisturbed and verify_snapshots(tmp_path / "out").sound


def test_a_bit_that_has_turned_in_what_was_committed_last(tmp_path, undisturbed):
    """The last two are what a power loss may have reached: their digest is looked at. That of all
    is verify's.
    """
    cut_off(tmp_path / "out", rows=37 * 40)
    assert manifest(tmp_path / "out")["last"] == [2, 3]
    for index in (0, 3):
        file = tmp_path / "out" / "snapshots" / f"part-{index:06d}.arrow"
        file.write_bytes(flip(file.read_bytes(), 10_000))
    report = resume(tmp_path / "out")
    assert report.rewritten == [
        "snapshots/part-000003.arrow is damaged: its digest is not the one in the manifest"
    ]
    found = verify_snapshots(tmp_path / "out", drop=True)
    assert (
        [each.file for each in found.findings] == found.dropped == ["snapshots/part-000000.arrow"]
    )
    assert listed(tmp_path / "out") == [1, 2, 3, 4, 5, 6]
    resume(tmp_path / "out")
    assert contents(tmp_path / "out") == undisturbed


@pytest.mark.parametrize("change", [None, lambda data: data[:100], lambda data: flip(data, 1000)])
def test_the_file_of_the_satellites(tmp_path, undisturbed, change):
    write_snapshots(tmp_path / "out", propagator("numpy", 1), GRID)
    file = tmp_path / "out" / "satellites.arrow"
    file.write_bytes(change(file.read_bytes())) if change else file.unlink()
    report = resume(tmp_path / "out")
    assert (
        report.computed == 0
        and len(report.rewritten) == 1
        and report.rewritten[0].startswith("satellites.arrow is ")
    )
    assert contents(tmp_path / "out") == undisturbed and manifest(tmp_path / "out")["complete"]


def test_what_was_left_half_done_is_removed(tmp_path, undisturbed):
    cut_off(tmp_path / "out")
    out = tmp_path / "out"
    for name in (
        ".manifest.json.00000000.partial",
        "snapshots/.part-000002.arrow.12345678.partial",
        "snapshots/.part-000006.arrow.partial",
    ):
        (out / name).write_bytes(b"half")
    # not committed: the manifest does not list them
    for name in ("snapshots/part-000002.arrow", "snapshots/part-000005.arrow"):
        (out / name).write_bytes(undisturbed[name])
    (out / ".lock").write_bytes(b'{"gpuprop": "0.1.0", "pid": 1}')
    resume(out)
    assert contents(out) == undisturbed
    assert {path.name for path in out.iterdir()} == {
        "manifest.json",
        "satellites.arrow",
        "snapshots",
    }


# --- one job per directory ---
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_with_the_name_of_a_lock_is_not_read(tmp_path):
    path = tmp_path / ".lock-001-of-002"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    assert holder(path) == "which one is not known yet" and not is_ours(path)
    os.close(writer)


def test_a_second_job_is_refused_and_told_of_the_first(tmp_path, undisturbed):
    refused = []

    def progress(done, total, size):
        if done == 37 * 20:
            for options in ({}, {"resume": True}, {"overwrite": True}, {"shard": "1/2"}):
                with pytest.raises(
                    LockedError,
                    match=(
                        rf"out is locked by another job \(pid {os.getpid()} on .+, "
                        r"since 2"
                    ),
                ) as caught:
                    write_snapshots(tmp_path / "out", propagator("numpy", 1), GRID, **options)
                refused.append(caught.value)
            with pytest.raises(LockedError):
                verify_snapshots(tmp_path / "out", drop=True)
            assert len(open_snapshots(tmp_path / "out", partial=True)) == 37 * 16
            assert [each.what for each in verify_snapshots(tmp_path / "out").findings] == [
                "5 of 7 parts are not written yet (number 2, 3, 4 ...)"
            ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gpuprop.dataset.session.PATIENCE_S", 0.1)
        write_snapshots(tmp_path / "out", propagator("numpy", 1), GRID, progress=progress)
    assert len(refused) == 4
    assert contents(tmp_path / "out") == undisturbed


def test_a_lock_that_its_holder_removes_while_another_waits_for_it(tmp_path, monkeypatch):
    """The other opened the file before it was removed: what it locks then protects nothing, and it
    takes the new one.
    """
    first = lock(tmp_path / ".lock")
    take = FileLock._take
    opened = []

    def after_the_first_has_gone(self, shared):
        opened.append(os.fstat(self._file).st_ino)
        if len(opened) == 1:
            first.release(remove=True)
        take(self, shared)

    monkeypatch.setattr(FileLock, "_take", after_the_first_has_gone)
    second = lock(tmp_path / ".lock")
    assert len(opened) == 2
    second.check("manifest.json", b"")
    monkeypatch.undo()
    with pytest.raises(LockedError):
        lock(tmp_path / ".lock")
    second.release(remove=True)
    assert not list(tmp_path.iterdir())


def test_where_there_are_no_locks_a_run_goes_on_and_says_so(tmp_path, undisturbed, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    report = write_snapshots(tmp_path / "out", propagator("numpy", 1), GRID)
    assert report.notes == [
        "the file system has no locks (No locks available): make sure that no second job writes "
        f"{tmp_path / 'out'}"
    ]
    assert contents(tmp_path / "out") == undisturbed


def test_locks_leave_nothing_behind(tmp_path):
    with locked_directory(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert not list(tmp_path.iterdir())


def test_an_interrupt_between_a_part_and_its_manifest(tmp_path, undisturbed, monkeypatch):
    """The part is dropped: what no manifest lists does not stay behind."""
    real = Job.commit

    def commit(self, part=None):
        if part and part.part == 2:
            raise KeyboardInterrupt
        real(self, part)

    monkeypatch.setattr(Job, "commit", commit)
    with pytest.raises(KeyboardInterrupt):
        write_snapshots(tmp_path / "out", propagator("numpy", 1), GRID)
    assert listed(tmp_path / "out") == [0, 1]
    assert sorted(path.name for path in (tmp_path / "out" / "snapshots").iterdir()) == [
        "part-000000.arrow",
        "part-000001.arrow",
    ]
    monkeypatch.undo()
    small_layout(monkeypatch)
    resume(tmp_path / "out")
    assert contents(tmp_path / "out") == undisturbed
