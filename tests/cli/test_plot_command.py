"""`gpuprop plot`: its five pictures, what they are made from, and what is refused."""

import errno
import json
import re
import sys

import pyarrow.parquet as pq
import pytest
from picture_texts import texts_of_svg

import gpuprop
from gpuprop import plots
from gpuprop.cli.plot import KINDS

SITE = ("--site", "Brasilia,-15.79,-47.88,1.17")
SHELL = "walker:53:60/6/1@1200"
HOUR = ("--duration", "2h")
CALLS = {
    "ground-track": ("iridium", "--where", "sat_id < 1000000003"),
    "sky": ("iridium", *SITE, *HOUR),
    "shells": ("guowang",),
    "race": ("iridium", SHELL, *SITE, "--site", "$x$,51.2,71.4,0", *HOUR),
}


def test_each_kind_draws_its_picture(run, tmp_path):
    for kind, arguments in CALLS.items():
        code, out, err = run("plot", kind, *arguments, "-o", f"{kind}.svg")
        assert code == 0, err
        assert re.fullmatch(rf"wrote {kind}\.svg: [\d.]+ kB\n", out)
        said = " ".join(texts_of_svg((tmp_path / f"{kind}.svg").read_bytes()))
        assert f"source: {arguments[0]}" in said and "epoch 2026-01-01T00:00:00Z" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{kind}.svg" for kind in CALLS
    )
    assert set(KINDS) == {*CALLS, "coverage"}


@pytest.mark.parametrize("ending", ["png", "pdf", "SVG"])
def test_the_same_call_gives_the_same_bytes(run, tmp_path, ending):
    for name in ("a", "b"):
        call = ("plot", "race", SHELL, *SITE, *HOUR, "-o", f"{name}.{ending}")
        assert run(*call)[0] == 0
    first, second = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("a", "b"))
    assert first == second and len(first) > 10_000


def test_a_table_of_coverage(run, tmp_path):
    small = ("--grid", "30deg", "--duration", "20min", "--step", "5min", "--start", "2026-01-01")
    code, _, _ = run(
        "coverage", "iridium", SHELL, *small, "--by", "source", "-o", "c.parquet", "--quiet"
    )
    assert code == 0
    code, out, err = run(
        *("plot", "coverage", "c.parquet", "--column", "covered", "--region", "BRA,KAZ"),
        *("--source", "Iridium & a shell", "--title", "Cover", "-o", "c.svg", "--json"),
    )
    assert code == 0 and json.loads(out) == {
        "path": "c.svg",
        "bytes": (tmp_path / "c.svg").stat().st_size,
        "rows": 3 * 72,
    }
    said = " ".join(texts_of_svg((tmp_path / "c.svg").read_bytes()))
    for words in (
        "Cover",
        "Iridium & a shell; 126 satellites",
        "iridium",
        SHELL,
        "20 min from 2026",
    ):
        assert words in said
    assert "time with a satellite in view (%)" in said
    code, _, err = run("plot", "coverage", "c.parquet", "--constellation", "x", "-o", "c.svg")
    assert code == 2 and "there is no constellation 'x'" in err
    code, _, err = run("plot", "coverage", "c.parquet", "--column", "x", "-o", "c.svg")
    assert code == 2 and "cannot show 'x'" in err
    code, _, err = run("plot", "coverage", "c.parquet", "--region", "XXX", "-o", "c.svg")
    assert code == 2 and "XXX" in err
    code, _, err = run("plot", "coverage", "iridium", "-o", "c.svg")
    assert code == 2 and "gpuprop coverage SOURCE... -o coverage.parquet" in err


def test_a_table_of_passes_becomes_a_race(run, tmp_path):
    window = (*SITE, *HOUR, "--min-elevation", "5", "--quiet")
    assert run("access", "iridium", *window, "-o", "p.parquet")[0] == 0
    code, out, _ = run("plot", "race", "p.parquet", "-o", "p.svg", "--json")
    assert code == 0 and json.loads(out)["passes"] == pq.read_metadata("p.parquet").num_rows
    said = " ".join(texts_of_svg((tmp_path / "p.svg").read_bytes()))
    assert "above 5° of elevation" in said
    assert "source: p.parquet; 66 satellites; epoch 2026-01-01" in said
    code, _, err = run("plot", "race", "p.parquet", *SITE, "-o", "p.svg")
    assert code == 2 and "leave --site and --sites out" in err
    code, _, err = run("plot", "race", "q.parquet", "-o", "p.svg")
    assert code == 2 and "there is no file 'q.parquet'" in err


def test_a_filing_beside_a_catalogue_has_its_epoch(run, tmp_path):
    real = gpuprop.walker("53:40/4/1", 600.0, epoch="2026-05-04T03:02:01Z", first_id=1)
    gpuprop.write_elements(real, tmp_path / "some.csv")
    code, out, _ = run(
        *("plot", "shells", "some.csv", "--against", "iridium", "-o", "s.svg", "--json"),
    )
    assert code == 0
    facts = json.loads(out)
    assert (facts["satellites"], facts["filed"]) == (40, 66)
    said = texts_of_svg((tmp_path / "s.svg").read_bytes())
    assert "as flown: source: some.csv; 40 satellites; epoch 2026-05-04T03:02:01Z" in said
    assert "as filed: source: iridium; 66 satellites; epoch 2026-05-04T03:02:01Z" in said


def test_instants_on_another_scale(run, tmp_path):
    call = ("plot", "sky", "iridium", *SITE, "--scale", "tai", "--start", "2026-01-01T00:00:37")
    code, _, err = run(*call, "--stop", "2026-01-01T02:00:37", "-o", "s.svg")
    assert code == 0, err
    said = texts_of_svg((tmp_path / "s.svg").read_bytes())
    assert "Sky over Brasilia, 2026-01-01 00:00 to 02:00 UTC" in said


@pytest.mark.parametrize("command", [("access", "-o", "s.csv"), ("plot", "sky", "-o", "s.svg")])
def test_what_is_rarely_meant_is_told(run, command):
    sky = ("--site", "Garden,-30,-70,110", "--site-dark", "12", "--duration", "12h")
    code, _, err = run(*command, "iridium", *sky)
    assert code == 0, err
    assert "the height of 'Garden' is 110 km; if these are metres, give 0.11" in err
    assert "--site-dark 12 keeps passes by day, too: the Sun 12 deg below the horizon is -12" in err
    code, _, err = run(*command, "iridium", *SITE, "--site-dark", "-6", "--duration", "12h")
    assert code == 0 and "height" not in err and "by day" not in err


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("sky", "iridium", *SITE), "-o FILE is missing"),
        (("sky", "-o", "a.svg", *SITE), "SOURCE is missing"),
        (("coverage", "-o", "a.svg"), "TABLE is missing"),
        (("sky", "iridium", "-o", "a.svg"), "give one --site"),
        (("sky", "iridium", *SITE, *SITE, "-o", "a.svg"), "give one --site"),
        (("race", "iridium", "-o", "a.svg"), "there is no site"),
        (("sky", "iridium", "--site", "a,95,0,0", "-o", "a.svg"), "latitude_deg 95.0 is not"),
        (("sky", "iridium", *SITE, "-o", "a.jpg"), "must end in .pdf, .png or .svg"),
        (("sky", "iridium", *SITE, "-o", "a"), "must end in .pdf, .png or .svg"),
        (("sky", "iridium", *SITE, "-o", "no/a.svg"), "there is no directory 'no'"),
        (("sky", "nothing", *SITE, "-o", "a.svg"), "nothing"),
        (
            ("sky", "iridium", *SITE, "-o", "a.svg", "--duration", "1min", "--min-elevation", "89"),
            "no satellite passes over Brasilia",
        ),
        (("sky", "iridium", *SITE, "-o", "a.svg", "--min-elevation", "90"), "90"),
        (("ground-track", "iridium", "-o", "a.svg"), "at most 20 satellites"),
        (("sky", "iridium", *SITE, *HOUR, "--stop", "2027-01-01", "-o", "a.svg"), "--stop or"),
        (("sky", "iridium", *SITE, "--stop", "2020-01-01", "-o", "a.svg"), "2020"),
        (("sky", "iridium", *SITE, "--east", "up", "-o", "a.svg"), "--east"),
        (("ski",), "gpuprop plot has no 'ski': did you mean sky?"),
        (("sky", "--colour", "red"), "gpuprop plot sky --help lists the options"),
    ],
)
def test_wrong_calls_say_what_to_do(run, tmp_path, call, said):
    code, out, err = run("plot", *call)
    assert code == 2 and said in err and not out
    assert not list(tmp_path.iterdir())


def test_a_picture_is_whole_or_absent(run, tmp_path, monkeypatch):
    call = ("plot", "shells", "iridium", "-o", "a.svg")
    (tmp_path / "a.svg").write_text("old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("gpuprop.files.whole_file._write_all", full)
        code, _, err = run(*call)
    assert code == 1 and "No space left" in err and "a.svg" in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]
    assert (tmp_path / "a.svg").read_text() == "old"
    assert run(*call)[0] == 0 and (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")


def test_a_file_that_is_read_is_not_written_over(run, tmp_path):
    gpuprop.write_elements(gpuprop.walker("53:4/2/1", 600.0, first_id=1), tmp_path / "a.csv")
    (tmp_path / "a.svg").symlink_to(tmp_path / "a.csv")
    code, _, err = run("plot", "shells", "a.csv", "-o", "a.svg")
    assert code == 2 and "is read by this command" in err


def test_without_matplotlib_every_picture_names_the_extra(run, tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    for kind, arguments in (*CALLS.items(), ("coverage", ("c.parquet",))):
        code, _, err = run("plot", kind, *arguments, "-o", "a.svg")
        assert code == 1 and "pip install 'gpuprop[plot]'" in err
    with pytest.raises(ImportError, match="matplotlib"):
        plots.sky  # noqa: B018
    assert not list(tmp_path.iterdir())


def test_a_command_that_draws_does_not_need_pyplot(run, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    assert run("plot", "shells", "iridium", "-o", "a.svg")[0] == 0
    assert "matplotlib.pyplot" not in sys.modules
