"""`gpuprop coverage`: its table, its files, its map, and what it refuses before it computes."""

import importlib
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

import gpuprop
from gpuprop import plots
from gpuprop.geography.countries import regions

answer = importlib.import_module("gpuprop.cli.coverage_run")
SMALL = ("--grid", "10deg", "--duration", "20min", "--step", "5min", "--start", "2026-01-01")
SHELL = "walker:53:60/6/1@1200"


@pytest.fixture
def never(monkeypatch):
    """Nothing is read or computed."""

    def fail(*_, **__):
        raise AssertionError("the command went on")

    for name in ("coverage", "read_satellites", "open_propagator"):
        monkeypatch.setattr(answer, name, fail)


def table_of(out):
    """The rows of the printed table, each as a list of words."""
    return [line.split() for line in out.splitlines()[2:]]


def test_the_table_of_regions_and_three_files(run, tmp_path):
    code, out, err = run("coverage", SHELL, *SMALL, "--region", "KAZ,BRA", "-o", "c.parquet")
    assert code == 0
    assert out.startswith("satellites above 25 deg")
    rows = table_of(out)
    assert [row[:2] for row in rows] == [["KAZ", "Kazakhstan"], ["BRA", "Brazil"]]
    assert "60 satellites x 4 instants from 2026-01-01T00:00:00Z, every 5min, grid 10deg" in err
    assert "wrote c.parquet, c.by_latitude.parquet, c.by_region.parquet" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "c.by_latitude.parquet",
        "c.by_region.parquet",
        "c.parquet",
    ]
    assert pq.read_table("c.parquet").num_rows == 18 * 36
    assert pq.read_table("c.by_latitude.parquet").num_rows == 18
    # the printed numbers are those of the file
    by_region = {row["region"]: row for row in pq.read_table("c.by_region.parquet").to_pylist()}
    for row in rows:
        there = by_region[row[0]]
        assert [int(row[2]), float(row[3]), int(row[4])] == [
            there["visible_min"],
            pytest.approx(there["visible_mean"], abs=0.005),
            there["visible_max"],
        ]
        assert float(row[5].removesuffix("%")) <= 100 * there["covered"] + 1e-9


def test_the_command_says_what_the_function_says(run):
    code, _, _ = run("coverage", SHELL, *SMALL, "--region", "BRA", "-o", "c.parquet")
    assert code == 0
    satellites = gpuprop.walker("53:60/6/1", 1200.0, epoch="2026-01-01")
    times = gpuprop.time_grid("2026-01-01", duration="20min", step="5min")
    found = gpuprop.coverage(gpuprop.Propagator(satellites), times, "10deg", regions=["BRA"])
    for name, table in (("", found.cells), (".by_region", found.by_region)):
        assert pq.read_table(f"c{name}.parquet").equals(table)


def test_by_source_counts_each_source_in_the_order_given(run):
    code, out, _ = run(
        *("coverage", "walker:86:40/4/1@1200", SHELL, *SMALL),
        *("--by", "source", "--region", "BRA", "-o", "c.parquet", "--quiet"),
    )
    assert code == 0
    rows = table_of(out)
    assert [row[2:4] for row in rows] == [
        ["walker:86:40/4/1@1200", "40"],
        [SHELL, "60"],
        ["all", "100"],
    ]
    assert float(rows[2][5]) == pytest.approx(float(rows[0][5]) + float(rows[1][5]), abs=0.011)
    assert set(pq.read_table("c.parquet")["constellation"].to_pylist()) == {
        "walker:86:40/4/1@1200",
        SHELL,
        "all",
    }


def test_by_source_names_files_and_keeps_the_newest_set(run, tmp_path):
    old = gpuprop.walker("53:8/2/1", 1200.0, epoch="2026-01-01", first_id=1)
    day = np.timedelta64(1, "D")
    new = gpuprop.Elements({**old[:4].fields, "EPOCH": old.epoch[:4] + day})
    (tmp_path / "a").mkdir()
    gpuprop.write_elements(old, tmp_path / "a" / "old.csv")
    gpuprop.write_elements(new, tmp_path / "new.csv")
    code, _, err = run("coverage", "a/old.csv", "new.csv", *SMALL, "-o", "c.parquet")
    assert code == 2 and "--latest" in err and "latest()" in err
    code, out, _ = run(
        *("coverage", "a/old.csv", "new.csv", *SMALL, "--latest", "--by", "source"),
        *("--region", "BRA", "-o", "c.parquet"),
    )
    assert code == 0
    assert [row[2:4] for row in table_of(out)] == [["old.csv", "4"], ["new.csv", "4"], ["all", "8"]]


def test_sources_of_one_name_have_their_folders(run, tmp_path):
    for number, folder in enumerate(("a", "b")):
        (tmp_path / folder).mkdir()
        part = gpuprop.walker("53:8/2/1", 1200.0, first_id=1 + 8 * number)
        gpuprop.write_elements(part, tmp_path / folder / "some.csv")
    code, out, _ = run(
        *("coverage", "a/some.csv", "b/some.csv", *SMALL, "--by", "source", "--region", "BRA"),
        *("-o", "c.parquet"),
    )
    assert code == 0
    assert [row[2:4] for row in table_of(out)] == [
        ["a/some.csv", "8"],
        ["b/some.csv", "8"],
        ["all", "16"],
    ]


def test_by_operator_puts_the_unknown_last(run):
    code, out, _ = run(
        *("coverage", SHELL, "qianfan-flown", "oneweb-588", *SMALL, "--by", "operator"),
        *("--region", "BRA", "-o", "c.parquet"),
    )
    assert code == 0
    assert [row[2:4] for row in table_of(out)] == [
        ["oneweb", "588"],
        ["qianfan", "1,296"],
        ["other", "60"],
        ["all", "1,944"],
    ]


def test_one_instant_has_gaps_of_unknown_length(run):
    call = ("coverage", SHELL, "--grid", "10deg", "--duration", "10min", "--step", "1h")
    code, out, _ = run(*call, "--region", "BRA", "-o", "c.parquet")
    assert code == 0 and out.splitlines()[-1].endswith("unknown")
    code, out, _ = run(*call, "--region", "BRA", "-o", "c.parquet", "--json")
    facts = json.loads(out, parse_constant=pytest.fail)  # NaN is no JSON
    assert facts["instants"] == 1 and facts["step_s"] is None
    assert facts["regions"][0]["longest_gap_s"] is None


def test_a_source_that_is_given_twice_is_noted(run):
    call = ("coverage", SHELL, SHELL, *SMALL, "--by", "source", "--region", "bra")
    code, out, err = run(*call, "-o", "c.parquet")
    assert code == 0 and f"note: {SHELL} is given 2 times, and counts as one source" in err
    assert table_of(out)[0][:4] == ["BRA", "Brazil", SHELL, "120"]


def test_json_is_one_object(run):
    code, out, err = run(
        *("coverage", SHELL, *SMALL, "--region", "BRA", "--by", "source", "-o", "c.csv"),
        *("--map", "c.svg", "--json", "--quiet"),
    )
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert facts["files"] == {
        "cells": "c.csv",
        "by_latitude": "c.by_latitude.csv",
        "by_region": "c.by_region.csv",
        "map": "c.svg",
    }
    assert (facts["satellites"], facts["instants"], facts["step_s"]) == (60, 4, 300.0)
    assert facts["constellations"] == [SHELL, "all"] and facts["grid"] == "10deg"
    assert [row["region"] for row in facts["regions"]] == ["BRA", "BRA"]
    assert facts["duplicates"] == []


def test_the_map_is_written_and_says_what_it_shows(run, tmp_path):
    code, _, _ = run(
        *("coverage", SHELL, *SMALL, "-o", "c.arrow", "--map", "c.svg", "--map-column", "covered")
    )
    assert code == 0
    page = (tmp_path / "c.svg").read_text()
    assert "time with a satellite in view (%)" in page
    assert f"source: {SHELL}; 60 satellites; epoch 2026-01-01T00:00:00Z" in page
    assert "Satellites above 25° of elevation" in page


def test_a_file_that_is_read_is_not_replaced(run, tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("name,lat,lon\nA,1,2\n")
    asked = ["--duration", "5min", "--grid", "points.csv", "-o"]
    code, _, err = run("coverage", SHELL, *asked, "points.csv")
    assert code == 2 and "'points.csv' is read by this command: write to another file" in err
    (tmp_path / "c.by_latitude.csv").symlink_to("points.csv")
    code, _, err = run("coverage", SHELL, *asked, "c.csv")
    assert code == 2 and "c.by_latitude.csv' is read by this command" in err
    assert points.read_text() == "name,lat,lon\nA,1,2\n"


def test_a_map_shows_no_more_constellations_than_a_page_holds(run, monkeypatch):
    pytest.importorskip("matplotlib")
    drawn = []

    def page(*arguments, constellations, **options):
        drawn.append(constellations)
        return plots.coverage_page(*arguments, constellations=constellations, **options)

    monkeypatch.setattr(answer, "coverage_page", page)
    shells = [f"walker:53:{n}/1/0@1200" for n in (9, 1, 2, 8, 3, 4, 5, 6, 7, 10)]
    code, _, err = run(
        "coverage", *shells, *SMALL, "--by", "source", "-o", "c.csv", "--map", "m.png"
    )
    assert code == 0
    most = [shell for shell in shells if shell not in (shells[1], shells[2])]
    assert drawn == [most]
    assert f"the map shows the 8 of 10 with the most satellites: {', '.join(most)}" in err


def test_without_regions_stdout_says_what_was_written(run):
    code, out, _ = run("coverage", SHELL, *SMALL, "-o", "c.parquet", "--engine", "numpy")
    assert code == 0
    assert out.startswith("wrote c.parquet, c.by_latitude.parquet, computed in ")
    assert out.rstrip().endswith("(numpy)")


def test_points_from_a_file(run, tmp_path):
    (tmp_path / "towns.csv").write_text(
        "name,lat,lon,height_km\nBrasilia,-15.79,-47.88,1.17\nBangkok,13.76,100.5,0\n"
    )
    code, _, _ = run(
        *("coverage", SHELL, "--grid", "towns.csv", *SMALL[2:], "--region", "BRA"),
        *("-o", "c.parquet", "--map", "c.png"),
    )
    assert code == 0
    assert pq.read_table("c.parquet")["name"].to_pylist() == ["Bangkok", "Brasilia"]
    assert pq.read_table("c.by_region.parquet")["region"].to_pylist() == ["BRA"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--region", "BRA,Kazakhstan"],
            "--region: there is no region 'Kazakhstan': did you mean KAZ",
        ),
        (["--region", "BRA", "--region", "BRA"], "BRA is given more than once"),
        (["--region", ","], "--region names no country"),
        (["--map", "map.jpg"], "must end in .pdf, .png or .svg"),
        (["--map", "a.png", "--map-column", "lat"], "a map cannot show 'lat'"),
        (["--map", "nowhere/a.png"], "there is no directory 'nowhere'"),
        (["-o", "nowhere/c.parquet"], "there is no directory 'nowhere'"),
        (["-o", "c.txt"], "'c.txt' does not say the format"),
        (["-o", "c"], "'c' does not say the format"),
        (["--grid", "7deg"], "7 does not divide 180"),
        (["--grid", "0.05deg"], "use 0.1deg or a coarser grid"),
        (["--grid", "towns.csv"], "there is no such file"),
        (["--min-elevation", "90"], "less than 90"),
        (["--min-elevation", "-1"], "0 or more"),
        (["--grid", "10deg", "--region", "LUX"], "use a finer grid than 10deg, such as 0.5deg"),
        (["--region", "VAT"], "no cell centre of the grid 1deg inside: give points inside of it"),
    ],
)
def test_wrong_calls_end_before_anything_is_read(run, never, options, said):
    output = () if "-o" in options else ("-o", "c.parquet")
    code, out, err = run("coverage", SHELL, *output, *options)
    assert (code, out) == (2, "") and said in err


def test_without_matplotlib_nothing_is_computed(run, never, monkeypatch):
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    code, _, err = run("coverage", SHELL, "-o", "c.parquet", "--map", "c.png")
    assert code == 1 and "pip install 'gpuprop[plot]'" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--step", "0s"], "step"),
        (["--stop", "2025-01-01"], "stop"),
        (["--engine", "abacus"], "abacus"),
    ],
)
def test_what_cannot_be_computed_is_a_wrong_call_and_leaves_no_file(run, tmp_path, options, said):
    grid = () if "--grid" in options else SMALL[:2]
    window = () if "--step" in options or "--stop" in options else SMALL[2:6]
    code, out, err = run("coverage", SHELL, *grid, *window, *SMALL[6:], "-o", "c.parquet", *options)
    assert (code, out) == (2, "") and said in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("arguments", "said"), [([SHELL], "-o FILE"), (["-o", "a.csv"], "SOURCE")])
def test_what_is_missing_is_named(run, arguments, said):
    code, _, err = run("coverage", *arguments)
    assert code == 2 and f"{said} is missing" in err


def test_shares_are_rounded_down():
    assert answer._share(1.0) == "100.00%" and answer._share(0.99999) == "99.99%"
    assert answer._share(0.0) == "0.00%" and answer._share(0.29) == "29.00%"


def test_regions_are_what_the_borders_say(run):
    """Every cell whose centre lies in Brazil, and no other."""
    code, _, _ = run("coverage", SHELL, *SMALL, "--region", "BRA", "-o", "c.parquet")
    assert code == 0
    cells = pq.read_table("c.parquet")
    inside = regions(["BRA"])[0].contains(cells["lat"].to_numpy(), cells["lon"].to_numpy())
    (row,) = pq.read_table("c.by_region.parquet").to_pylist()
    area = cells["area_km2"].to_numpy()[inside]
    means = cells["visible_mean"].to_numpy()[inside]
    assert row["visible_mean"] == pytest.approx(float(means @ area / area.sum()))
    assert row["area_km2"] == pytest.approx(area.sum())
