"""--resume, --shard, verify, merge and signals, with processes that are stopped, killed and
restarted.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from arrow_samples import contents
from patience import PATIENCE_S

import gpuprop.snapshots.layout
from gpuprop import open_snapshots
from gpuprop.dataset.resume_command import CAUTION

# a part for each instant of 24 satellites: a job of a second or two has hundreds
PART_BYTES = 2_000
JOB = (
    "propagate",
    "walker:53:24/3/1@600",
    "-o",
    "out",
    "--duration",
    "5h",
    "--engine",
    "numpy",
    "--threads",
    "1",
)
PROGRAM = f"""
import sys, time
import gpuprop.snapshots.layout as plan
plan.BATCH_ROWS, plan.PART_BYTES = 24, {PART_BYTES}
from gpuprop.__main__ import main
from gpuprop.dataset.session import Job
real, done = Job.commit, []
def commit(self, part=None):
    # It waits after 200 parts: the job must not end before the test has ended it.
    real(self, part)
    done.append(part)
    while len(done) > 200:
        time.sleep(0.1)
Job.commit = commit
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def run(run, monkeypatch):
    """The same, with many small parts."""
    monkeypatch.setattr(gpuprop.snapshots.layout, "BATCH_ROWS", 24)
    monkeypatch.setattr(gpuprop.snapshots.layout, "PART_BYTES", PART_BYTES)
    return run


def started(folder, *options, parts=3):
    """A job in a process of its own, and so many parts of it done."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *JOB, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not len(list((folder / "out" / "snapshots").glob("part-*"))) > parts:
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    return process


def whole_run(run, *options):
    assert run(*JOB[:2], "-o", "undisturbed", *JOB[4:], *options)[0] == 0
    return contents(Path("undisturbed"))


# --- signals ---
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        pytest.param(signal.SIGINT, 130, "interrupted", marks=pytest.mark.slow),
        (signal.SIGTERM, 143, "terminated"),
    ],
)
def test_a_signal_ends_the_job_in_order(run, tmp_path, number, code, word):
    process = started(tmp_path)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code and out == "" and "Traceback" not in err
    again = (
        "gpuprop propagate walker:53:24/3/1@600 -o out --duration 5h --engine numpy --threads "
        "1 --resume"
    )
    said = (
        f"gpuprop: {word}\nComplete parts are kept, the unfinished part is discarded. Resume "
        f"with: {again}\n"
    )
    assert err.endswith(said)
    listed = {
        entry["file"]
        for entry in json.loads((tmp_path / "out" / "manifest.json").read_text())["parts"]
    }
    assert 3 <= len(listed) < 300
    assert {
        str(path.relative_to(tmp_path / "out"))
        for path in (tmp_path / "out" / "snapshots").iterdir()
    } == listed
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "manifest.json",
        "satellites.arrow",
        "snapshots",
    }

    code, out, err = run(*again.split()[1:])
    assert (
        code == 0
        and "wrote out: 24 satellites x 300 instants" in out
        and f"resumed: {len(listed)} of 300 parts were complete" in err
    )
    assert contents(tmp_path / "out") == whole_run(run)
    code, out, err = run(*again.split()[1:], "--json")
    report = json.loads(out)
    assert code == 0 and (report["computed"], report["resumed"], report["rows"]) == (0, 300, 7200)
    assert "out is complete already: 24 satellites x 300 instants" in run(*again.split()[1:])[1]


def test_handlers_of_others_are_left_alone(run):
    before = signal.getsignal(signal.SIGTERM)
    mine = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        handler = signal.getsignal(signal.SIGTERM)
        assert run("constellations")[0] == 0
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, mine)
    assert run("constellations")[0] == 0 and signal.getsignal(signal.SIGTERM) is before


# --- a second job, a kill ---
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_second_job_is_refused_until_the_first_is_dead(run, tmp_path):
    process = started(tmp_path)
    process.send_signal(signal.SIGSTOP)
    for option in ("--resume", "--overwrite"):
        code, out, err = run(*JOB, option)
        assert (code, out) == (1, "") and (
            f"gpuprop: out is locked by another job (pid {process.pid} on {os.uname().nodename}"
        ) in err
        assert "Resume with" not in err
    code, out, err = run("verify", "out", "--quick")
    assert code == 1 and "of 300 parts are not written yet" in out and "--threads 1 --resume" in out
    process.kill()  # while it is stopped
    process.communicate(timeout=PATIENCE_S)
    assert (tmp_path / "out" / ".lock").exists()
    assert run(*JOB, "--resume")[0] == 0
    assert contents(tmp_path / "out") == whole_run(run)


# --- resume ---
@pytest.mark.slow
def test_another_plan_exits_with_2(run, tmp_path):
    assert run(*JOB, "--resume")[0] == 0
    before = contents(tmp_path / "out")
    code, out, err = run(*JOB, "--resume", "--step", "30s", "--no-velocity")
    assert (code, out) == (2, "")
    for key in (
        "velocity: True there, False asked for",
        "step: 1min there, 30s asked for",
        "instants: 300 there, 600 asked for",
    ):
        assert key in err
    assert contents(tmp_path / "out") == before
    code, out, err = run(*JOB)
    assert code == 2 and "--resume" in err and "--overwrite" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--resume", "--overwrite"],
            "and resume keeps it: leave out --overwrite or --resume",
        ),
        (["--shard", "1/2", "--overwrite"], "leave out --overwrite or --shard"),
        (["--shard", "3/2"], "there is no shard 3/2: they count from 1/2 to 2/2"),
        (["--shard", "two"], "the second of eight is 2/8"),
    ],
)
def test_wrong_calls(run, tmp_path, options, message):
    code, out, err = run(*JOB, *options)
    assert (code, out) == (2, "") and message in err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_failure_says_how_to_go_on(run, tmp_path, monkeypatch):
    fsync, left = os.fsync, [40]

    def full(descriptor):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        code, _, err = run(*JOB)
    assert code == 1 and "No space left on device while committing the file" in err
    assert "Resume with: gpuprop propagate walker:53:24/3/1@600 -o out" in err and err.endswith(
        " --resume\n"
    )
    assert run(*JOB, "--resume")[0] == 0
    assert contents(tmp_path / "out") == whole_run(run)


# --- shards ---
@pytest.mark.slow
def test_shards_from_a_batch_system(run, tmp_path):
    code, out, err = run(*JOB, "--shard", "2/3", "--resume")
    assert code == 0 and "wrote out, shard 2/3: 24 satellites x 100 instants" in out
    assert "not merged yet: the last shard will do it, or gpuprop merge out" in err
    code, out, _ = run(*JOB, "--shard", "2/3", "--dry-run", "--json")
    assert code == 0 and (json.loads(out)["parts"], json.loads(out)["rows"]) == (100, 2400)
    code, out, err = run("merge", "out")
    again = (
        "gpuprop propagate walker:53:24/3/1@600 -o out --duration 5h --engine numpy --threads "
        "1 --shard"
    )
    assert (
        (code, out) == (1, "")
        and "  shard 1/3 is not there\n" in err
        and f"{CAUTION}\n  {again} 1/3 --resume\n" in err
    )
    assert f"  {again} 3/3 --resume\n" in err
    code, out, _ = run("verify", "out")
    assert (
        code == 1
        and f"{CAUTION}\n  {again} 1/3 --resume\n" in out
        and "shard 1/3 is not there\n" in out
        and "out: 101 files" in out
        and "2 findings" in out
    )
    assert run(*JOB, "--shard=1/3")[0] == 0
    code, out, err = run(*JOB, "--shard", "3/3", "--json")
    assert code == 0 and json.loads(out)["merged"] is True and json.loads(out)["shard"] == "3/3"
    assert "all shards are complete: out is one run now" in err
    assert contents(tmp_path / "out") == whole_run(run)
    code, out, _ = run("merge", "out", "--json")
    assert code == 0 and json.loads(out) == dict(
        path="out", shards=3, parts=300, rows=7200, bytes=json.loads(out)["bytes"]
    )
    assert "complete already" in run(*JOB, "--shard", "3/3", "--resume")[1]
    assert (
        "there are fewer parts than shards"
        in run(*JOB[:2], "-o", "few", "--duration", "1min", "--shard", "1/2")[1]
    )


# --- verify ---
def test_verify(run, tmp_path):
    assert run(*JOB)[0] == 0
    expected = contents(tmp_path / "out")
    code, out, _ = run("verify", "out")
    assert (
        code == 0 and out.startswith("out: 301 files, ") and out.endswith(", every byte: sound\n")
    )
    file = tmp_path / "out" / "snapshots" / "part-000017.arrow"
    data = bytearray(file.read_bytes())
    data[1500] ^= 1
    file.write_bytes(data)
    assert run("verify", "out", "--quick")[0] == 0
    code, out, _ = run("verify", "out", "--json")
    found = json.loads(out)
    assert code == 1 and found["sound"] is False and found["dropped"] == []
    again = " ".join(["gpuprop", *JOB, "--resume"])
    what = "snapshots/part-000017.arrow is damaged: its digest is not the one in the manifest"
    assert found["findings"] == [
        dict(
            what=what,
            file="snapshots/part-000017.arrow",
            part=17,
            shard=None,
            command=None,
            command_in_manifest=again,
        )
    ]
    code, out, _ = run("verify", "out", "--drop")
    assert (
        code == 1
        and out.startswith(f"{what}\n")
        and f"{CAUTION}\n  {again}\n" in out
        and "1 finding, 1 dropped" in out
        and not file.exists()
    )
    with pytest.raises(ValueError, match="299 of 300 parts are complete; continue it"):
        open_snapshots("out")
    code, out, err = run(*again.split()[1:])
    assert code == 0 and "resumed: 299 of 300 parts were complete" in err
    assert contents(tmp_path / "out") == expected and run("verify", "out")[0] == 0


def test_the_command_is_given_for_where_it_was_called(run, tmp_path, monkeypatch):
    assert run(*JOB[:4], "--duration", "1min")[0] == 0
    next((tmp_path / "out" / "snapshots").iterdir()).unlink()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code, out, _ = run("verify", "../out")
    assert (
        code == 1
        and (
            f"cd {tmp_path} && gpuprop propagate walker:53:24/3/1@600 -o out --duration 1min "
            "--resume"
        )
        in out
    )


def test_verify_of_what_is_not_there(run, tmp_path):
    for path, message in (
        ("absent", "is not a directory of snapshots"),
        (".", "has no manifest.json"),
    ):
        for command in ("verify", "merge"):
            code, out, err = run(command, path)
            assert (code, out) == (1, "") and message in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "more", [[], ["--format", "parquet"], ["--shard", "1/2"]], ids=["arrow", "parquet", "shard"]
)
def test_a_run_of_satellites_with_another_epoch_is_refused_with_the_epoch(run, more):
    """Older runs have it from the constellation, not from --start. With the epoch that the error
    names the run goes on.
    """
    job = [
        "propagate",
        "walker:53:24/3/1@600",
        "-o",
        "out",
        "--duration",
        "10min",
        "--start",
        "2026-03-01",
        *more,
    ]
    assert run(*job, "--epoch", "2026-01-01")[0] == 0
    code, _, err = run(*job, "--resume")
    said = " ".join(err.split())
    assert code != 0 and "was written from another plan" in said
    assert "the same otherwise: give --epoch 2026-01-01T00:00:00Z" in said
    assert run(*job, "--resume", "--epoch", "2026-01-01T00:00:00Z")[0] == 0
    other = [*job[:1], "walker:54:24/3/1@600", *job[2:]]
    assert "--epoch" not in run(*other, "--resume")[2]
