"""`gpuprop view`."""

import json
from pathlib import Path

import pytest

from gpuprop import Site, open_snapshots
from gpuprop.cli.sites import given_sites
from gpuprop.cli.view_options import ViewOptions
from gpuprop.viewer.globe import MOST_BYTES


def test_a_constellation_becomes_a_globe(run):
    code, out, err = run(
        "view", "walker:53:60/5/1@550", "guowang", "-o", "globe.html", "--duration", "10min",
        "--site", "Brasília,-15.79,-47.88,1.17", "--select", "@guowang", "--where",
        "altitude_km > 1000", "--json",
    )  # fmt: skip
    facts = json.loads(out)
    assert code == 0 and facts["path"] == "globe.html" and facts["duration_s"] == 600.0
    html = Path("globe.html").read_bytes()
    assert len(html) == facts["bytes"] and html.startswith(b"<!doctype html>")
    assert facts["satellites"] == 6912 and "error of interpolation: median 8.8 m" in err


def test_a_window_that_was_shortened_is_said(run):
    code, out, err = run("view", "walker:53:60/5/1@550", "-o", "g.html", "--max-size", "350kB")
    assert code == 0 and "60 satellites for 45 min " in out
    assert "45 min are what fits 350kB" in err.replace("\n", " ")
    _, out, err = run("view", "walker:53:60/5/1@550", "-o", "g.html")
    assert "for 90 min from" in out and "what fits" not in err


def test_a_directory_becomes_a_globe(run):
    code, _, _ = run(
        "propagate", "walker:53:60/5/1@550", "-o", "out", "--duration", "20min", "--quiet"
    )
    assert code == 0 and len(open_snapshots("out")) == 1200
    code, out, _ = run("view", "out", "-o", "globe.html", "--quiet")
    assert code == 0 and "60 satellites for 19 min " in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "g.html"), "SOURCE is missing"),
        (("guowang",), "-o FILE is missing"),
        (("guowang", "-o", "g.html", "--duration", "1d"), "What fits: --duration"),
        (("guowang", "-o", "g.html", "--max-size", "big"), "--max-size 'big'"),
        (("guowang", "-o", "g.html", "--site", "A,1"), "--site 'A,1'"),
        (("guowang", "-o", "g.html", "--sites", "none.csv"), "there is no file 'none.csv'"),
        (("guowang", "-o", "g.csv"), "'g.csv' is no page: its name must end in .html"),
        (("guowang", "-o", "g.html", "--coverage", "none.parquet"), "none.parquet"),
        (("guowang", "-o", "g.html", "--stop", "2020-01-01"), "a second or more"),
    ],
)
def test_a_wrong_call_ends_with_2_and_writes_nothing(run, tmp_path, arguments, words):
    code, out, err = run("view", *arguments)
    assert (code, out) == (2, "") and words in err.replace("\n", " ")
    assert not list(tmp_path.iterdir())


def test_the_window_is_read_in_a_time_scale(run):
    code, out, _ = run(
        "view", "walker:53:6/2/1@550", "-o", "g.html", "--json", "--quiet", "--scale", "tai",
        "--start", "2026-01-01T00:00:37", "--stop", "2026-01-01T00:05:37", "--eop", "none",
    )  # fmt: skip
    facts = json.loads(out)
    assert code == 0 and facts["duration_s"] == 300.0
    assert facts["start"] == "2026-01-01T00:00:00Z"


def test_a_directory_must_be_alone(run):
    assert (
        run("propagate", "walker:53:6/2/1@550", "-o", "out", "--duration", "5min", "--quiet")[0]
        == 0
    )
    code, _, err = run("view", "out", "guowang", "-o", "g.html")
    assert code == 2 and "must be the only SOURCE" in err.replace("\n", " ")
    code, _, err = run("view", "out", "-o", "g.html", "--latest")
    assert code == 2 and "holds snapshots" in err.replace("\n", " ")


def test_the_largest_size_is_that_of_the_function():
    assert ViewOptions().max_size == f"{MOST_BYTES // 1_000_000}MB"


def test_sites_of_a_command(tmp_path):
    def read(text):
        return given_sites([text], None)[0]

    assert read("A, 1,-2 ,0.5") == Site(1.0, -2.0, 0.5, "A")
    assert read("A,1,-2") == Site(1.0, -2.0, 0.0, "A")
    assert read("Washington, D.C.,38.9,-77.0,0") == Site(38.9, -77.0, 0.0, "Washington, D.C.")
    for text in ("A,1", "A,1,2,x", "A,91,0", "A,x,0", "A,,5", "A,5,"):
        with pytest.raises(ValueError, match=f"--site '{text}'"):
            read(text)
    path = tmp_path / "sites.csv"
    path.write_text("name,lat,lon\nB,3,4\n")
    assert [site.name for site in given_sites(["A,1,2"], [str(path)])] == ["A", "B"]
