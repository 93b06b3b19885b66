"""gpuprop screen: what it writes, prints and refuses."""

import json
import re

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from approach_samples import START, crowd

from gpuprop import Propagator, open_screening, read_elements, screen, write_elements
from gpuprop.cli.screen_run import threshold_km

WINDOW = ("--start", "2026-01-01T00:00:11Z", "--duration", "40min", "--engine", "numpy")


@pytest.fixture
def catalogue(tmp_path):
    path = tmp_path / "crowd.csv"
    write_elements(crowd(3, 120, 15.0), path)
    return str(path)


@pytest.fixture
def expected(catalogue):
    prop = Propagator(read_elements(catalogue), "numpy")
    start = np.datetime64("2026-01-01T00:00:11")
    assert abs(start.astype("datetime64[us]").astype(int) - START) < 1e6
    return screen(prop, start, duration="40min", threshold_km=60.0)


def test_a_directory(run, catalogue, expected):
    code, out, err = run("screen", catalogue, *WINDOW, "--threshold", "60km", "-o", "close")
    assert code == 0 and "Traceback" not in err
    found = open_screening("close")
    assert found.conjunctions.equals(expected.conjunctions, check_metadata=True)
    assert found.companions.equals(expected.companions, check_metadata=True)
    closest = expected.closest(10)
    lines = out.splitlines()
    assert len(lines) == 12 and f"{expected.conjunctions.num_rows:,} conjunctions" in lines[-1]
    for line, row in zip(lines[1:], closest.to_pylist(), strict=False):
        assert str(row["NORAD_CAT_ID_1"]) in line and f"{row['TCA_RANGE']:.3f}" in line
    assert "without the status 0" in err and "below 60 km" in err
    code, out, err = run("screen", catalogue, *WINDOW, "--threshold", "60km", "-o", "close")
    assert code == 2 and "already holds screening" in err
    again = ("screen", catalogue, *WINDOW, "--threshold", "60km", "-o", "close", "--resume")
    code, out, err = run(*again)
    assert code == 0 and "files were complete" in err


def test_json(run, catalogue, expected):
    code, out, _ = run(
        "screen", catalogue, *WINDOW, "--threshold", "60", "-o", "close", "--json", "--quiet"
    )
    facts = json.loads(out)
    assert code == 0 and facts["path"].endswith("close")
    assert {name: facts[name] for name in expected.summary} == expected.summary
    assert facts["conjunctions"] == expected.conjunctions.num_rows and facts["bytes"] > 0


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_two_files(run, catalogue, expected, suffix):
    code, _, err = run(
        "screen", catalogue, *WINDOW, "--threshold", "60000m", "-o", f"close.{suffix}"
    )
    assert code == 0, err
    read = pq.read_table if suffix == "parquet" else pyarrow.csv.read_csv
    for name, table in (
        ("close", expected.conjunctions),
        ("close.companions", expected.companions),
    ):
        found = read(f"{name}.{suffix}")
        assert found.column_names == table.column_names and found.num_rows == table.num_rows
        assert found.column("TCA_RANGE").to_pylist() == table.column("TCA_RANGE").to_pylist()


def test_shards(run, catalogue, expected):
    for number in (2, 1):
        code, _, err = run(
            "screen", catalogue, *WINDOW, "--threshold", "60km", "-o", "s", "--shard", f"{number}/2"
        )
        assert code == 0, err
        assert ("not merged yet" if number == 2 else "all shards are complete") in err
    assert open_screening("s").conjunctions.equals(expected.conjunctions, check_metadata=True)
    for command, word in (("verify", "sound"), ("merge", "2 shards merged"), ("info", "60 km")):
        code, out, _ = run(command, "s")
        assert code == 0 and word in out
    code, out, _ = run("info", "s", "--json")
    assert json.loads(out)["companions"] == expected.companions.num_rows


def test_primaries(run, catalogue):
    code, _, err = run(
        "screen", catalogue, *WINDOW, "--threshold", "60km", "--primaries", "O 1*", "--primaries",
        "nothing*", "-o", "close",
    )  # fmt: skip
    assert code == 0 and "against 120 satellites" in err and "nothing*" in err
    rows = open_screening("close").conjunctions.to_pylist()
    assert rows and all("O 1" in row["OBJECT_NAME_1"] + row["OBJECT_NAME_2"] for row in rows)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threshold", "far"], "is not a length: write 5km or 500m"),
        (["--threshold", "5m"], "from 0.01 km (10 m) to 100 km"),
        (["--stop", "2026-01-02", "--duration", "1d"], "either --stop or --duration"),
        (["--primaries", "nothing*"], "--primaries nothing* matches the name of none"),
        (["-o", "x.txt"], "does not say the format"),
        (["-o", "nowhere/x.csv"], "there is no directory 'nowhere' to write x.csv in"),
        (["-o", "x.csv", "--resume"], "--resume is for a directory"),
        (["-o", "x.csv", "--shard", "1/2"], "--shard is for a directory"),
        (["--shard", "3/2"], "3/2"),
        (["--resume", "--overwrite"], "leave out"),
    ],
)
def test_a_wrong_call_exits_with_2(run, catalogue, options, message):
    output = [] if "-o" in options else ["-o", "out"]
    code, out, err = run("screen", catalogue, "--engine", "numpy", *options, *output)
    assert code == 2 and message in err and not out and "Traceback" not in err


def test_without_source_or_output(run, catalogue):
    assert "SOURCE is missing" in run("screen")[2]
    assert "-o is missing" in run("screen", catalogue)[2]
    assert "gpuprop screen finds" in run("conjunctions", "x")[2]


def test_several_sets_of_one_number(run, catalogue):
    code, _, err = run("screen", catalogue, catalogue, *WINDOW, "-o", "out")
    assert code == 2 and "--latest" in err
    assert run("screen", catalogue, catalogue, "--latest", *WINDOW, "-o", "out")[0] == 0


@pytest.mark.parametrize(
    ("text", "km"), [("5km", 5.0), ("10m", 0.01), ("0.5 km", 0.5), ("7", 7.0), ("250M", 0.25)]
)
def test_lengths(text, km):
    assert threshold_km(text) == km


def test_an_interrupted_run_says_how_to_go_on(run, catalogue, monkeypatch):
    from gpuprop.analysis.screening import directory

    write, written = directory.write_file, []

    def fail(*arguments):
        if written:
            raise OSError(28, "No space left on device")
        written.append(1)
        return write(*arguments)

    monkeypatch.setattr(directory, "write_file", fail)
    code, _, err = run("screen", catalogue, *WINDOW, "--threshold", "60km", "-o", "close")
    assert code == 1 and re.search(r"Resume with: gpuprop screen .*--resume", err)
    monkeypatch.undo()
