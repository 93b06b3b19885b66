"""Shards of one run, written side by side by independent jobs, and merged."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from arrow_samples import GRID, contents, propagator, put_manifest, small_layout
from datasets import inventory, locked_directory
from patience import PATIENCE_S
from writing_jobs import SERVER, fill, killed

from gpuprop import open_snapshots, write_snapshots
from gpuprop.dataset.location import open_store
from gpuprop.dataset.manifest import Manifest
from gpuprop.dataset.resume_command import CAUTION
from gpuprop.dataset.shards import Shard
from gpuprop.snapshots import (
    LockedError,
    PlanDiffersError,
    UnmergedError,
    merge_snapshots,
    verify_snapshots,
)

COMMAND = ["gpuprop", "propagate", "my catalogue.csv", "-o", "out"]


@pytest.fixture(autouse=True)
def many_parts(monkeypatch):
    """Seven parts of eight instants."""
    small_layout(monkeypatch)


@pytest.fixture
def undisturbed(tmp_path):
    write_snapshots(tmp_path / "undisturbed", propagator("numpy", 1), GRID)
    return contents(tmp_path / "undisturbed")


def write(directory, shard=None, **options):
    command = [*COMMAND, *(["--shard", shard] if shard else [])]
    return write_snapshots(
        directory, propagator("numpy", 1), GRID, shard=shard, command=command, **options
    )


def files(directory):
    return {path.name for path in directory.iterdir() if path.is_file()}


def assert_whole(directory, expected):
    assert contents(directory) == expected
    assert files(directory) == {"manifest.json", "satellites.arrow"}
    assert open_snapshots(directory).complete and verify_snapshots(directory).sound


# --- which parts are whose ---
@pytest.mark.parametrize(
    "text", ["", "2", "2/", "/8", "0/8", "9/8", "1/0", "-1/8", "1.5/8", "1/8/2", "one/two"]
)
def test_what_is_no_shard(tmp_path, text):
    with pytest.raises(
        ValueError,
        match=r"is not I/N: the second of eight is 2/8|there is no shard .*: they count from 1/",
    ):
        write(tmp_path / "out", text)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 1000])
@pytest.mark.parametrize("parts", [1, 7, 999])
def test_every_part_is_in_one_shard_in_the_order_of_time(count, parts):
    ranges = [shard.parts(parts) for shard in Shard(count, 1).all()]
    assert [index for each in ranges for index in each] == list(range(parts))
    assert max(map(len, ranges)) - min(map(len, ranges)) <= 1


def test_names():
    shard = Shard.parse("2/8")
    assert (str(shard), shard.manifest, shard.lock) == (
        "2/8",
        "shard-002-of-008.json",
        ".lock-002-of-008",
    )
    assert (
        Shard.named(Shard(1200, 1001).manifest) == Shard(1200, 1001)
        and Shard.named("shard-009-of-008.json") is None
    )


# --- the same bytes ---
@pytest.mark.parametrize(
    "order",
    [
        ["1/3", "2/3", "3/3"],
        ["3/3", "1/3", "2/3"],
        ["1/1"],
        [f"{i}/9" for i in (9, 2, 4, 6, 8, 1, 3, 5, 7)],
    ],
)
def test_the_last_shard_merges(tmp_path, undisturbed, order):
    out = tmp_path / "out"
    reports = []
    for shard in order:
        reports.append(write(out, shard))
        if shard != order[-1]:
            assert Shard.parse(shard).manifest in files(out) and "manifest.json" not in files(out)
    assert_whole(out, undisturbed)
    assert [report.merged for report in reports] == [False] * (len(order) - 1) + [True]
    assert (
        sum(report.rows for report in reports) == 37 * 53
        and sum(report.parts for report in reports) == 7
    )
    whole = json.loads((tmp_path / "undisturbed" / "manifest.json").read_text())
    merged = json.loads((out / "manifest.json").read_text())
    assert [merged[key] for key in ("plan", "satellites", "parts", "complete")] == [
        whole[key] for key in ("plan", "satellites", "parts", "complete")
    ]
    assert set(merged["run"]["shards"]) == set(order)


def test_a_shard_without_parts_is_complete_at_once(tmp_path):
    report = write(tmp_path, "1/9")  # 7 * 1 // 9
    assert (report.parts, report.rows, report.instants, report.first, report.last) == (
        0,
        0,
        0,
        None,
        None,
    )
    assert json.loads((tmp_path / "shard-001-of-009.json").read_text())["complete"] is True


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="fork is POSIX")
def test_shards_that_begin_and_end_together(tmp_path, undisturbed):
    """Eight processes, let go at once: none is refused, nothing is lost, and one of them merges."""
    for number in range(4):
        out = tmp_path / str(number)
        ready = SERVER.Barrier(8)
        shards = [
            SERVER.Process(target=fill, args=(out, f"{index}/8", ready)) for index in range(1, 9)
        ]
        for each in shards:
            each.start()
        for each in shards:
            each.join(PATIENCE_S)
        assert [each.exitcode for each in shards] == [0] * 8
        assert_whole(out, undisturbed)


def test_a_shard_that_was_cut_off_goes_on_beside_the_others(tmp_path, undisturbed):
    out = tmp_path / "out"

    def progress(done, total, size):
        assert total == 37 * 21
        if done == 37 * 12:
            raise KeyboardInterrupt

    write(out, "1/3")
    with pytest.raises(KeyboardInterrupt):
        write(out, "3/3", progress=progress)
    (out / "snapshots" / "part-000000.arrow").touch()  # another's: not this one's to look after
    report = write(out, "3/3", resume=True)
    assert (report.resumed, report.computed, report.rows) == (1, 37 * 13, 37 * 21)
    with pytest.raises(FileExistsError, match="already holds shard 3/3: continue it"):
        write(out, "3/3")
    assert write(out, "3/3", resume=True).computed == 0
    assert write(out, "2/3").merged
    assert_whole(out, undisturbed)
    late = write(out, "2/3", resume=True)  # a batch system does it once more
    assert (late.computed, late.resumed, late.merged) == (0, 2, True)
    assert_whole(out, undisturbed)


# --- what does not go together ---
def test_shards_of_another_plan_or_number_are_refused(tmp_path):
    write(tmp_path, "1/3")
    before = contents(tmp_path)
    with pytest.raises(
        PlanDiffersError,
        match=r"shard 1/3 in .* another plan \(compression: none there, zstd asked for\)",
    ):
        write(tmp_path, "2/3", compression="zstd")
    with pytest.raises(
        FileExistsError, match="holds shard 1/3, so 1/4 is not of the same run: give I/3"
    ):
        write(tmp_path, "1/4")
    assert contents(tmp_path) == before


def test_two_first_shards_of_different_plans(tmp_path, monkeypatch):
    """Both find the directory empty; whoever writes its manifest second sees the other's."""
    real = Manifest.write

    def slow(self, directory):
        monkeypatch.setattr(Manifest, "write", real)
        write(tmp_path, "1/3", compression="zstd")
        real(self, directory)

    monkeypatch.setattr(Manifest, "write", slow)
    with pytest.raises(PlanDiffersError):
        write(tmp_path, "2/3")
    assert files(tmp_path) == {"shard-001-of-003.json", "satellites.arrow"}


def test_whole_runs_and_shards_do_not_mix(tmp_path, undisturbed):
    write(tmp_path / "shards", "1/3")
    for options in ({}, {"resume": True}):
        with pytest.raises(
            FileExistsError,
            match=(
                r"holds shards of a run \(of 3\): continue each .* or merge them \(gpuprop "
                "merge"
            ),
        ):
            write(tmp_path / "shards", **options)
    write(tmp_path / "shards", overwrite=True)
    assert_whole(tmp_path / "shards", undisturbed)
    for options in ({}, {"resume": True}):
        with pytest.raises(FileExistsError, match="holds a whole run: continue it without a shard"):
            write(tmp_path / "shards", "1/3", **options)
    with pytest.raises(
        ValueError,
        match="overwrite removes what the directory holds, and a shard has others beside it",
    ):
        write(tmp_path / "shards", "1/3", overwrite=True)
    assert_whole(tmp_path / "shards", undisturbed)


def test_locks_of_shards(tmp_path, monkeypatch):
    monkeypatch.setattr("gpuprop.dataset.session.PATIENCE_S", 0.1)
    refused = []

    def progress(done, total, size):
        if done == 37 * 2:
            with pytest.raises(
                LockedError,
                match=rf"shard 1/3 of .* is locked by another job \(pid {os.getpid()} on ",
            ):
                write(tmp_path, "1/3", resume=True)
            for attempt in (
                lambda: write(tmp_path),
                lambda: merge_snapshots(tmp_path),
                lambda: verify_snapshots(tmp_path, drop=True),
            ):
                with pytest.raises(
                    LockedError,
                    match=rf"is locked by another job \(shard 1/3: pid {os.getpid()} on ",
                ):
                    attempt()
            write(tmp_path, "3/3")
            refused.append(True)

    write(tmp_path, "1/3", progress=progress)
    assert refused
    assert files(tmp_path) == {"shard-001-of-003.json", "shard-003-of-003.json", "satellites.arrow"}


def test_a_shard_begins_while_others_make_and_remove_files(tmp_path, monkeypatch):
    """A directory that another makes meanwhile is no file, and a lock that another has removed
    since is no foreign file.
    """
    real, asked = Path.is_dir, []
    # at first it is not there
    monkeypatch.setattr(
        Path, "is_dir", lambda path: bool(asked or asked.append(path)) and real(path)
    )
    (tmp_path / "out").mkdir()
    open_store(tmp_path / "out").create()
    monkeypatch.undo()
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is a file: give a directory"):
        open_store(tmp_path / "file").create()
    monkeypatch.setattr(
        "gpuprop.dataset.local.LocalStore.contents", lambda *_: {".lock-001-of-008": True}
    )
    assert not inventory(tmp_path / "out").foreign


def test_a_shard_begins_while_another_checks_whether_it_was_the_last(
    tmp_path, undisturbed, monkeypatch
):
    """Who merges holds the directory alone for a moment: that is no reason to refuse a shard."""
    monkeypatch.setattr("gpuprop.dataset.session.PATIENCE_S", PATIENCE_S)
    out = tmp_path / "out"
    out.mkdir()
    with locked_directory(out):
        thread = threading.Thread(target=write, args=(out, "1/1"))
        thread.start()
        thread.join(0.3)
        assert thread.is_alive() and files(out) == {".lock"}
    thread.join()
    assert_whole(out, undisturbed)


# --- reading, merging, verifying ---
def test_reading_before_the_merge(tmp_path):
    write(tmp_path, "3/3")
    with pytest.raises(
        ValueError,
        match=(
            r"holds shards that are not merged, 1 of 3 complete: "
            r"`gpuprop merge .*`.*partial=True"
        ),
    ):
        open_snapshots(tmp_path)
    ds = open_snapshots(tmp_path, partial=True)
    assert not ds.complete and len(ds) == ds.dataset.count_rows() == 37 * 21
    assert len(ds.at(GRID[40])) == 37
    with pytest.raises(LookupError, match="is in part 0, which is missing"):
        ds.at(GRID[0])


def test_merging_says_what_is_missing_with_the_command_for_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no manifest\.json"):
        merge_snapshots(tmp_path)
    write(tmp_path, "2/4")
    write(tmp_path, "4/4")
    record = json.loads((tmp_path / "shard-004-of-004.json").read_text())
    record["parts"], record["complete"] = record["parts"][1:], False
    put_manifest(tmp_path, record, "shard-004-of-004.json")
    (tmp_path / "snapshots" / "part-000002.arrow").unlink()
    command = "gpuprop propagate 'my catalogue.csv' -o out --shard"
    with pytest.raises(UnmergedError) as caught:
        merge_snapshots(tmp_path)
    assert str(caught.value).splitlines() == [
        f"{tmp_path} cannot be merged yet:",
        "  shard 1/4 is not there",
        "  shard 2/4: snapshots/part-000002.arrow is missing, but the manifest lists it",
        "  shard 3/4 is not there",
        "  shard 4/4 has 1 of 2 parts",
        "to write what is missing, repeat the command of the run with --resume and --shard. "
        f"{CAUTION}",
        *(f"  {command} {number}/4 --resume" for number in (1, 2, 3, 4)),
    ]
    found = {(each.shard, each.file, each.command) for each in verify_snapshots(tmp_path).findings}
    assert found == {
        ("1/4", None, f"{command} 1/4 --resume"),
        ("2/4", "snapshots/part-000002.arrow", f"{command} 2/4 --resume"),
        ("3/4", None, f"{command} 3/4 --resume"),
        ("4/4", None, f"{command} 4/4 --resume"),
    }


def test_the_commands_are_enough(tmp_path, undisturbed):
    """What verify says is missing, done one after the other, makes the directory whole."""
    out = tmp_path / "out"
    for shard in ("1/3", "3/3"):
        write(out, shard)
    for index in (0, 5):
        file = out / "snapshots" / f"part-{index:06d}.arrow"
        file.write_bytes(file.read_bytes()[:-100] + bytes(100))
    found = verify_snapshots(out, drop=True)
    assert sorted(found.dropped) == ["snapshots/part-000000.arrow", "snapshots/part-000005.arrow"]
    for each in verify_snapshots(out).findings:
        write(out, each.command.split("--shard ")[1].split()[0], resume=True)
    assert_whole(out, undisturbed)


def test_a_merged_run_goes_on_without_shards(tmp_path, undisturbed):
    out = tmp_path / "out"
    for shard in ("1/2", "2/2"):
        write(out, shard)
    (out / "snapshots" / "part-000004.arrow").unlink()
    (finding,) = verify_snapshots(out).findings
    assert finding.command == "gpuprop propagate 'my catalogue.csv' -o out --resume"
    verify_snapshots(out, drop=True)
    with pytest.raises(
        FileExistsError, match="holds the merged shards of a run: continue it without a shard"
    ):
        write(out, "2/2", resume=True)
    assert write(out, resume=True).computed == 37 * 8
    assert_whole(out, undisturbed)
    assert write(out, "2/2", resume=True).merged


def test_a_merge_that_failed_is_done_by_hand(tmp_path, undisturbed, monkeypatch):
    out = tmp_path / "out"
    write(out, "1/2")
    with monkeypatch.context() as patch:
        patch.setattr("gpuprop.dataset.merge.PATIENCE_S", 0.1)
        patch.setattr(
            "gpuprop.dataset.merge.joined",
            lambda holdings: (_ for _ in ()).throw(OSError("no space")),
        )
        assert write(out, "2/2").merged is False
    assert [each.what for each in verify_snapshots(out).findings] == [
        "all shards are complete, but not merged"
    ]
    merged = merge_snapshots(out)
    assert (merged.shards, merged.parts, merged.rows) == (2, 7, 37 * 53)
    assert_whole(out, undisturbed)
    assert merge_snapshots(out) == merged


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_shard_that_was_killed_holds_up_nobody(tmp_path, undisturbed):
    out = tmp_path / "out"
    process = SERVER.Process(target=killed, args=(out,))
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == -signal.SIGKILL
    assert {".lock", ".lock-001-of-002", "shard-001-of-002.json"} <= files(out)
    write(out, "2/2")
    assert write(out, "1/2", resume=True).merged
    assert_whole(out, undisturbed)
