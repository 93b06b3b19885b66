"""Dask's workers write the bytes of a run without Dask, also when workers die or the caller is
interrupted.
"""

import contextlib
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import distributed
import pytest
from arrow_samples import GRID, contents, propagator, small_layout
from dask_workers import Patient
from patience import PATIENCE_S

import gpuprop.dataset.disk_file
import gpuprop.snapshots.cluster
from gpuprop import write_snapshots
from gpuprop.__main__ import main
from gpuprop.dataset.local import LocalStore
from gpuprop.snapshots import verify_snapshots
from gpuprop.snapshots.cluster import Workers, connected, known_cluster

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX"),
]
FORMS = [{}, {"format": "parquet", "dtype": "float32", "frame": "itrs", "sunlit": True}]
# What distributed's sync logs where the interrupt comes before its coroutine has begun: a fault of
# its own, and none of the job's.
DASKS_OWN = re.compile(
    r"^[^\n]+tornado\.application - ERROR - [^\n]*sync\.<locals>\.cancel.*?^NameError: [^\n]*\n",
    re.MULTILINE | re.DOTALL,
)
RACE = ("propagate", "walker:53:24/3/1@600", "--duration", "10min")


@pytest.fixture(scope="module")
def client():
    """Two processes."""
    with connected("local:2") as client:
        client.register_plugin(Patient())
        yield client


@pytest.fixture(autouse=True)
def many_parts(monkeypatch):
    """27 parts of two instants."""
    small_layout(monkeypatch, part_bytes=1)


@pytest.fixture
def workers(client):
    client.wait_for_workers(2, timeout=PATIENCE_S)
    return Workers(client, "numpy", 1)


def write(directory, workers=None, **options):
    return write_snapshots(directory, propagator("numpy", 1), GRID, client=workers, **options)


def undisturbed(tmp_path, **form):
    write(tmp_path / "undisturbed", **form)
    return contents(tmp_path / "undisturbed")


def manifest(directory):
    return json.loads((directory / "manifest.json").read_text())


# --- the same bytes ---
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_same_bytes(tmp_path, workers, form):
    calls = []
    report = write(tmp_path / "out", workers, progress=lambda *done: calls.append(done), **form)
    assert (
        contents(tmp_path / "out") == undisturbed(tmp_path, **form)
        and verify_snapshots(tmp_path / "out").sound
    )
    assert (report.parts, report.rows, report.computed, report.engine) == (
        27,
        37 * 53,
        37 * 53,
        "numpy",
    )
    assert [done for done, _, _ in calls] == sorted({done for done, _, _ in calls}) and calls[
        -1
    ] == (37 * 53, 37 * 53, report.bytes)
    record = manifest(tmp_path / "out")
    assert record["complete"] and [entry["part"] for entry in record["parts"]] == list(range(27))
    assert {(entry["engine"], entry["host"]) for entry in record["parts"]} == {
        ("numpy", os.uname().nodename)
    }


def test_every_worker_takes_the_fastest_engine_it_has(tmp_path, client):
    report = write(tmp_path / "out", client)
    assert contents(tmp_path / "out") == undisturbed(tmp_path)
    assert report.engine == next(
        iter(name for name, each in gpuprop.engines().items() if each.usable)
    )


def test_few_parts_are_under_way(tmp_path, workers, monkeypatch):
    """Two a worker, and the element sets are sent once."""
    under_way, sent = [], []
    idle, kept = gpuprop.snapshots.cluster._idle, pickle.dumps
    monkeypatch.setattr(
        gpuprop.snapshots.cluster,
        "_idle",
        lambda live, pending: under_way.append(len(pending)) or idle(live, pending),
    )
    monkeypatch.setattr(pickle, "dumps", lambda order: sent.append(order) or kept(order))
    write(tmp_path / "out", workers)
    assert (
        max(under_way) == 4
        and len([each for each in sent if isinstance(each, gpuprop.snapshots.cluster.Order)]) == 1
    )


# --- with what there is besides ---
def cut_off(directory, workers=None, rows=37 * 20):
    def progress(done, total, size):
        if done >= rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(directory, workers, progress=progress)


@pytest.mark.parametrize("first, then", [(True, False), (False, True), (True, True)])
def test_a_run_that_was_cut_off_goes_on(tmp_path, workers, first, then):
    """And nothing is written any more once the caller has its interrupt."""
    out = tmp_path / "out"
    cut_off(out, workers if first else None)
    record = manifest(out)
    expected = {entry["file"] for entry in record["parts"]} | {"satellites.arrow"}
    assert set(contents(out)) == expected and 0 < len(record["parts"]) < 27
    time.sleep(0.2)
    assert set(contents(out)) == expected
    report = write(out, workers if then else None, resume=True)
    assert report.resumed == len(record["parts"])
    assert contents(out) == undisturbed(tmp_path)


def test_a_complete_run_overwriting_and_shards(tmp_path, workers):
    out, bytes_ = tmp_path / "out", undisturbed(tmp_path)
    for number in (2, 1):
        report = write(out, workers, shard=f"{number}/2")
    assert report.merged and contents(out) == bytes_ and manifest(out)["complete"]
    assert write(out, workers, resume=True).computed == 0
    write(tmp_path / "other", workers, frame="itrs")
    write(tmp_path / "other", workers, overwrite=True)
    assert contents(tmp_path / "other") == bytes_
    for index in (0, 13, 26):
        (out / "snapshots" / f"part-{index:06d}.arrow").unlink()
    assert write(out, workers, resume=True).resumed == 24
    assert contents(out) == bytes_


# --- a worker dies ---
def doomed(after, last_sign=None):
    """Kill this worker when it flushes its part number `after`: the temporary file exists, the part
    does not.

    last_sign: a file that it makes before.
    """
    count, real = [0], os.fsync

    def fsync(descriptor):
        count[0] += 1
        if count[0] == 2 * after - 1:  # a part flushes its file, then the directory
            if last_sign is not None:
                last_sign.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        real(descriptor)

    os.fsync = fsync


def held(until):
    """Make this worker flush nothing until a file exists. Otherwise it could write all parts, and
    the other worker none.
    """
    real = os.fsync

    def fsync(descriptor):
        limit = time.monotonic() + PATIENCE_S
        while not until.exists() and time.monotonic() < limit:
            time.sleep(0.01)
        os.fsync = real
        real(descriptor)

    os.fsync = fsync


@pytest.mark.parametrize("after", [1, 5])
def test_a_worker_is_killed(tmp_path, client, workers, after):
    before = set(client.run(os.getpid).values())
    first, other = client.nthreads()
    client.run(doomed, after, tmp_path / "dead", workers=[first])
    client.run(held, tmp_path / "dead", workers=[other])
    report = write(tmp_path / "out", workers)
    client.wait_for_workers(2, timeout=PATIENCE_S)
    assert len(before - set(client.run(os.getpid).values())) == 1, "it was"
    assert contents(tmp_path / "out") == undisturbed(tmp_path) and report.computed == 37 * 53


def test_all_workers_are_killed(tmp_path, client, workers):
    """What they were sent is sent again."""
    client.run(doomed, 3)
    write(tmp_path / "out", workers)
    assert contents(tmp_path / "out") == undisturbed(tmp_path)


# --- what goes wrong ---
def test_a_directory_that_a_worker_does_not_see(tmp_path, workers, monkeypatch):
    says = (
        f"^{os.uname().nodename}, a worker of the cluster, does not see .*: give a directory "
        r"on a file system that all machines share"
    )
    for there, why in (("nowhere", "is not a directory"), ("", "has no manifest.json")):
        monkeypatch.setattr(
            LocalStore, "shared_path", lambda store, there=there: str(tmp_path / there)
        )
        with pytest.raises(gpuprop.snapshots.cluster.NotSharedError, match=says) as caught:
            write(tmp_path / "out", workers, resume=True)
        assert why in str(caught.value)
    # as a job that was begun on that machine too would leave it
    shutil.copytree(tmp_path / "out", tmp_path / "copy")
    monkeypatch.setattr(LocalStore, "shared_path", lambda store: str(tmp_path / "copy"))
    monkeypatch.setattr(gpuprop.snapshots.cluster, "SEEN_S", 0.2)
    with pytest.raises(gpuprop.snapshots.cluster.NotSharedError, match=says) as caught:
        write(tmp_path / "out", workers, resume=True)
    assert "which is missing" in str(caught.value)
    monkeypatch.undo()
    small_layout(monkeypatch, part_bytes=1)
    write(tmp_path / "out", workers, resume=True)
    assert contents(tmp_path / "out") == undisturbed(tmp_path)


def test_what_fails_on_a_worker_is_told_with_its_host(tmp_path, client, workers):
    with pytest.raises(
        RuntimeError,
        match=rf"^part \d+ failed on {os.uname().nodename}: engine 'warp' is not known",
    ):
        write(tmp_path / "out", Workers(client, "warp"))
    write(tmp_path / "out", workers, resume=True)
    assert contents(tmp_path / "out") == undisturbed(tmp_path)


def test_another_version_is_refused_before_its_order_is_read(tmp_path, workers, monkeypatch):
    """Its order may have classes that this version lacks."""
    version, cluster = gpuprop.__version__, gpuprop.snapshots.cluster
    with monkeypatch.context() as patched:
        patched.setattr(cluster, "__version__", "0.0.1")
        says = rf"^part \d+ failed on .*: it has gpuprop {version}, the caller 0\.0\.1: install one"
        with pytest.raises(cluster.WorkerFailedError, match=says):
            write(tmp_path / "out", workers)
    with pytest.raises(RuntimeError, match="install one version"):
        cluster._unpack(pickle.dumps(("0.0.1", b"not a pickle")))
    write(tmp_path / "out", workers, resume=True)
    assert contents(tmp_path / "out") == undisturbed(tmp_path)


def test_what_is_no_client(tmp_path):
    with pytest.raises(TypeError, match=r"client 'tcp://.*' is not a distributed\.Client"):
        write(tmp_path / "out", "tcp://localhost:8786")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["local", "local:0", "local:two", "head:8786", ""])
def test_what_is_no_cluster(text, tmp_path, capsys):
    with pytest.raises(
        ValueError,
        match=r"is not known: give a scheduler's address \(tcp://host:8786\), or local:4",
    ):
        known_cluster(text)
    assert main([*RACE, "-o", str(tmp_path / "out"), "--cluster", text]) == 2
    assert (
        "give a scheduler's address" in capsys.readouterr().err and not (tmp_path / "out").exists()
    )


def test_no_scheduler_answers(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gpuprop.snapshots.cluster, "CONNECT_S", 0.5)
    waits, real = [], distributed.Client
    monkeypatch.setattr(
        distributed,
        "Client",
        lambda *given, timeout: waits.append(timeout) or real(*given, timeout=timeout),
    )
    assert main([*RACE, "-o", str(tmp_path / "out"), "--cluster", "tcp://127.0.0.1:9"]) == 1
    assert (
        "gpuprop: no Dask scheduler answers at tcp://127.0.0.1:9"
        in capsys.readouterr().err.splitlines()[-1]
    )
    assert waits == [0.5] and not (tmp_path / "out").exists()


def test_without_dask(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main([*RACE, "-o", str(tmp_path / "out"), "--cluster", "local:1"]) == 1
    assert (
        "pip install 'gpuprop[cluster]'" in capsys.readouterr().err
        and not (tmp_path / "out").exists()
    )


def test_no_worker_and_no_scheduler(tmp_path, monkeypatch):
    def live(client):
        asked.append(client)
        if len(asked) == 2:  # while the caller waits for a worker
            threading.Thread(target=client.close).start()
        return real(client)

    asked, real = [], gpuprop.snapshots.cluster._live
    monkeypatch.setattr(gpuprop.snapshots.cluster, "NO_WORKER_S", 0.1)
    options = dict(n_workers=0, processes=False, dashboard_address="127.0.0.1:0")
    with distributed.LocalCluster(**options) as empty, distributed.Client(empty) as client:
        with pytest.raises(RuntimeError, match="the Dask cluster has had no worker for"):
            write(tmp_path / "out", client)
        monkeypatch.setattr(gpuprop.snapshots.cluster, "NO_WORKER_S", PATIENCE_S)
        monkeypatch.setattr(gpuprop.snapshots.cluster, "_live", live)
        with pytest.raises(RuntimeError, match=r"scheduler has ended|has cancelled a part"):
            write(tmp_path / "out", client, resume=True)


# --- the command line ---
def test_the_command_line(tmp_path, monkeypatch, capsys):
    """SIGTERM, then the command that it names; the workers are this machine's own."""
    monkeypatch.chdir(tmp_path)
    program = (
        "import sys, gpuprop.snapshots.layout as plan\nplan.BATCH_ROWS, plan.PART_BYTES = 24, "
        "2_000\n"
        "from gpuprop.__main__ import main\nif __name__ == '__main__': "
        "sys.exit(main(sys.argv[1:]))\n"
    )
    Path("job.py").write_text(program)
    words = [
        "propagate",
        "walker:53:24/3/1@600",
        "-o",
        "out",
        "--duration",
        "5h",
        "--engine",
        "numpy",
        "--cluster",
        "local:1",
    ]
    process = subprocess.Popen(
        [sys.executable, "job.py", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with contextlib.closing(process.stderr):  # type: ignore[type-var]
        while not Path("out/manifest.json").exists() or len(manifest(Path("out"))["parts"]) < 3:
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 143 and err.splitlines()[-1].endswith(
        f"gpuprop {' '.join(words)} --resume"
    ), err
    assert "Traceback" not in DASKS_OWN.sub("", err), err
    small_layout(monkeypatch, batch_rows=24, most=1 << 20, part_bytes=2_000)
    assert main([*words[:-2], "--resume", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["resumed"] >= 3
    assert main([*words[:2], "-o", "undisturbed", *words[4:-2]]) == 0
    assert contents(Path("out")) == contents(Path("undisturbed"))
