"""A screening in a directory: interrupted, in shards, on a cluster, damaged; the same bytes."""

import signal
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pyarrow.parquet as pq
import pytest
from approach_samples import START, crowd

from gpuprop import Propagator, open_screening, screen, write_elements
from gpuprop.analysis.screening import directory as screening_directory
from gpuprop.analysis.screening.contents import SCREENING, ScreeningContents
from gpuprop.analysis.screening.directory import plan_of
from gpuprop.analysis.screening.question import ask
from gpuprop.dataset.fields import FieldError
from gpuprop.dataset.inventory import Inventory
from gpuprop.dataset.location import open_store
from gpuprop.dataset.manifest import Manifest
from gpuprop.dataset.verify import verify
from gpuprop.errors import ForeignFileError, PlanDiffersError

ELEMENTS = crowd(3, 120, 15.0)
FIRST = np.datetime64(START, "us").astype("datetime64[ns]")
OPTIONS = dict(duration="75min", threshold_km=60.0)


@pytest.fixture(autouse=True)
def short_parts(monkeypatch):
    """Parts of 18 minutes: five of them."""
    monkeypatch.setattr(screening_directory, "LONGEST_PART_US", 1_080_000_000)


@pytest.fixture(scope="module")
def prop():
    return Propagator(ELEMENTS, "numpy")


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.parquet")
    }


def test_a_directory_holds_what_memory_holds(prop, tmp_path):
    told = []
    whole = screen(prop, FIRST, out=tmp_path / "out", progress=lambda *a: told.append(a), **OPTIONS)
    memory = screen(prop, FIRST, **OPTIONS)
    assert len(files(tmp_path / "out")) == 11
    for result in (whole, open_screening(tmp_path / "out")):
        assert result.conjunctions.equals(memory.conjunctions, check_metadata=True)
        assert result.companions.equals(memory.companions, check_metadata=True)
        assert result.summary == memory.summary and result.summary["lost_status"]
        assert result.closest(7).equals(memory.closest(7), check_metadata=True)
    assert open_screening(tmp_path / "out").satellites.num_rows == len(ELEMENTS)
    assert memory.conjunctions.num_rows > 40 and memory.companions.num_rows >= 3
    done = [each for each, _ in told]
    assert done == sorted(done) and told[-1] == (4500.0, 4500.0)
    assert verify(open_store(tmp_path / "out"), SCREENING).sound


def test_long_stays_are_in_the_part_in_which_they_begin(prop, tmp_path):
    """Three objects fly together all the time, others come back after each revolution."""
    group = Propagator(ELEMENTS[:6], "numpy")
    how = dict(duration="8h", threshold_km=60.0)
    memory = screen(group, FIRST, **how)
    parts = screen(group, FIRST, out=tmp_path / "out", **how)
    assert len(list((tmp_path / "out" / "screening").iterdir())) == 2 * 27
    assert parts.companions.equals(memory.companions, check_metadata=True)
    assert parts.conjunctions.equals(memory.conjunctions, check_metadata=True)
    cut = memory.companions.column("LEAVE_CUT").to_pylist()
    assert cut[:3] == [True] * 3 and memory.companions.num_rows >= 3


def test_an_interrupted_run_resumes_with_the_same_bytes(prop, tmp_path):
    screen(prop, FIRST, out=tmp_path / "whole", **OPTIONS)

    def interrupt(done, total):
        if done > 2000.0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        screen(prop, FIRST, out=tmp_path / "cut", progress=interrupt, **OPTIONS)
    store = open_store(tmp_path / "cut")
    found = Manifest.read(store, SCREENING)
    assert 0 < len(found.parts) < 10
    with pytest.raises(ValueError, match="did not finish"):
        open_screening(tmp_path / "cut")
    with pytest.raises(FileExistsError, match="already holds screening"):
        screen(prop, FIRST, out=tmp_path / "cut", **OPTIONS)
    # also after the loss of one table of a part
    (tmp_path / "cut" / found.parts[0].file).unlink()
    result = screen(prop, FIRST, out=tmp_path / "cut", resume=True, **OPTIONS)
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
    assert result.summary == open_screening(tmp_path / "whole").summary
    again = screen(prop, FIRST, out=tmp_path / "cut", resume=True, **OPTIONS)
    assert again.summary == result.summary


def test_another_order_and_engine_write_the_same_bytes(prop, tmp_path, installed_engine):
    screen(prop, FIRST, out=tmp_path / "a", **OPTIONS)
    other = ELEMENTS[np.random.default_rng(2).permutation(len(ELEMENTS))]
    screen(Propagator(other, installed_engine), FIRST, out=tmp_path / "b", **OPTIONS)
    assert files(tmp_path / "a") == files(tmp_path / "b")


@pytest.mark.parametrize("count", [2, 3])
def test_shards_become_one_run(prop, tmp_path, count):
    screen(prop, FIRST, out=tmp_path / "whole", **OPTIONS)
    rows = 0
    for number in range(count, 0, -1):
        shard = screen(prop, FIRST, out=tmp_path / "shards", **OPTIONS, shard=f"{number}/{count}")
        rows += shard.conjunctions.num_rows if number > 1 else 0
    assert 0 < rows < shard.conjunctions.num_rows  # the last one has merged them
    assert files(tmp_path / "shards") == files(tmp_path / "whole")
    assert Manifest.read(open_store(tmp_path / "shards"), SCREENING).complete


@pytest.mark.slow
def test_a_cluster_writes_the_same_bytes(prop, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    from gpuprop.analysis.screening.cluster import produce
    from gpuprop.analysis.screening.parts import Screening
    from gpuprop.dataset.session import JobOptions
    from gpuprop.snapshots.cluster import Workers

    screen(prop, FIRST, out=tmp_path / "here", **OPTIONS)
    asked = ask(prop, FIRST, None, OPTIONS["duration"], OPTIONS["threshold_km"], None)
    store = open_store(tmp_path / "there")
    screened, part = [], Screening.part

    def counted(self, *arguments):
        screened.append(arguments[:2])
        return part(self, *arguments)

    monkeypatch.setattr(Screening, "part", counted)
    # threads: they see the length of parts of this test
    with (
        closing(
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
            )
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        workers = Workers(client, "numpy", 1)
        screening_directory.write_screening(
            store, prop, asked, JobOptions(), engine="numpy",
            produce=lambda job, todo: produce(workers, prop, asked, job, todo),
        )  # fmt: skip
    assert files(tmp_path / "there") == files(tmp_path / "here")
    assert len(screened) == 5  # each part once


def test_damage_and_foreign_files_are_found(prop, tmp_path):
    screen(prop, FIRST, out=tmp_path, **OPTIONS)
    store, whole = open_store(tmp_path), files(tmp_path)
    folder = tmp_path / "screening"
    # two tables are exchanged, and one is cut
    pair = [folder / f"conjunctions-00000{k}.parquet" for k in (1, 2)]
    first, second = (path.read_bytes() for path in pair)
    pair[0].write_bytes(second)
    pair[1].write_bytes(first)
    cut = folder / "companions-000003.parquet"
    cut.write_bytes(cut.read_bytes()[:-30])
    found = verify(store, SCREENING)
    assert {each.part for each in found.findings} == {2, 4, 7}
    assert not verify(store, SCREENING, drop=True).sound
    screen(prop, FIRST, out=tmp_path, resume=True, **OPTIONS)
    assert files(tmp_path) == whole
    (folder / "mine.parquet").write_text("my own file")
    assert Inventory.of(store, SCREENING).foreign == ["screening/mine.parquet"]
    with pytest.raises(ForeignFileError, match=r"mine\.parquet"):
        screen(prop, FIRST, out=tmp_path, overwrite=True, **OPTIONS)
    (folder / "mine.parquet").unlink()
    screen(prop, FIRST, out=tmp_path, overwrite=True, **OPTIONS)
    assert files(tmp_path) == whole


def test_a_lost_file_is_named(prop, tmp_path):
    screen(prop, FIRST, out=tmp_path, **OPTIONS)
    lost = tmp_path / "screening" / "companions-000001.parquet"
    content = lost.read_bytes()
    lost.write_bytes(content[:-1])
    with pytest.raises(ValueError, match=r"companions-000001\.parquet is damaged"):
        open_screening(tmp_path)
    lost.unlink()
    with pytest.raises(FileNotFoundError, match=r"companions-000001\.parquet is missing"):
        open_screening(tmp_path)


def test_another_plan_is_refused(prop, tmp_path):
    screen(prop, FIRST, out=tmp_path, **OPTIONS)
    for how in (dict(threshold_km=50.0), dict(primaries="O 1*")):
        with pytest.raises(PlanDiffersError, match="options"):
            screen(prop, FIRST, out=tmp_path, resume=True, **{**OPTIONS, **how})
    with pytest.raises(PlanDiffersError, match="elements"):
        other = Propagator(ELEMENTS[:-1], "numpy")
        screen(other, FIRST, out=tmp_path, resume=True, **OPTIONS)


def test_a_plan_is_checked(prop):
    asked = ask(prop, FIRST, None, "1d", 5.0, None)
    plan = dict(plan_of(prop, asked).plan)
    assert ScreeningContents.of(plan).files.parts == plan["parts"] == 2 * 80
    for name, value in (
        ("parts", 3), ("parts", 10**9), ("part_us", 0), ("satellites", 0), ("format", "csv"),
        ("elements", "x"), ("options", []), ("first_us", "now"), ("stop_us", None),
    ):  # fmt: skip
        with pytest.raises(FieldError):
            ScreeningContents.of({**plan, name: value})
    names = ScreeningContents.of(plan).files
    assert names.part(3) == "screening/companions-000001.parquet"
    for name, known in (
        ("satellites.parquet", True), ("screening/conjunctions-000079.parquet", True),
        ("screening/conjunctions-000080.parquet", False), ("screening/part-000001.parquet", False),
        ("screening/companions-000001.csv", False), ("conjunctions-000001.parquet", False),
        ("screening/companions-0000001.parquet", False),
    ):  # fmt: skip
        assert (name in names) == known, name


def test_long_windows_and_many_objects_have_more_parts(prop, monkeypatch):
    monkeypatch.undo()
    asked = ask(prop, FIRST, None, "7d", 5.0, None)
    assert plan_of(prop, asked).files.parts == 2 * 28
    monkeypatch.setattr(screening_directory, "ROWS_OF_A_PART", 20_000)
    close = ask(prop, FIRST, None, "1d", 100.0, None)
    plan = plan_of(Propagator(crowd(1, 3000), "numpy"), close)
    assert plan.files.parts > 8


def test_parts_have_the_metadata(prop, tmp_path):
    screen(prop, FIRST, out=tmp_path, **OPTIONS)
    for name in ("conjunctions-000000", "companions-000004"):
        schema = pq.read_schema(tmp_path / "screening" / f"{name}.parquet")
        assert b"threshold_km" in schema.metadata[b"gpuprop"]


@pytest.mark.slow
def test_a_killed_run_resumes_with_the_same_bytes(tmp_path):
    """SIGKILL at any moment: what is there is complete, and the rest is written by --resume."""
    catalogue = tmp_path / "crowd.csv"
    write_elements(crowd(3, 400, 15.0), catalogue)
    command = [
        sys.executable, "-m", "gpuprop", "screen", str(catalogue), "--start",
        "2026-01-01T00:00:11Z", "--duration", "2d", "--threshold", "60km", "--quiet", "-o",
    ]  # fmt: skip
    subprocess.run([*command, "whole"], cwd=tmp_path, check=True, capture_output=True)
    running = subprocess.Popen([*command, "cut"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    manifest = tmp_path / "cut" / "manifest.json"
    while running.poll() is None and not (
        manifest.exists() and b"conjunctions-000001" in manifest.read_bytes()
    ):
        time.sleep(0.005)
    running.kill()
    assert running.wait() in (-signal.SIGKILL, 0)
    subprocess.run([*command, "cut", "--resume"], cwd=tmp_path, check=True, capture_output=True)
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
    assert len(files(tmp_path / "cut")) == 1 + 2 * 8
