"""The command line as users see it: output, streams, and exit codes."""

import io
import json
import re
import shutil
import signal
import subprocess
import sys
import time

import astropy_iers_data
import numpy as np
import polars
import pyarrow.parquet
import pytest
import rich.console
import rich.progress
from patience import PATIENCE_S
from published import text

import gpuprop
from gpuprop import (
    Elements,
    Propagator,
    earth_orientation,
    engines,
    open_snapshots,
    read_elements,
    write_elements,
)
from gpuprop.catalogs.sources import read_sources
from gpuprop.cli import progress
from gpuprop.cli.app import COMMANDS, GROUPS, app
from gpuprop.time.instants import format_ns
from gpuprop.time.units import DAY
from gpuprop.version import __version__


def test_the_rate_does_not_count_what_was_there(monkeypatch):
    """Nine million rows were found at once by --resume; 100,000 a second are computed."""
    bars, now = [], [0.0]

    class Watched(rich.progress.Progress):
        def __init__(self, *columns, **options):
            super().__init__(*columns, **options, get_time=lambda: now[0], auto_refresh=False)
            bars.append(self)

    monkeypatch.setattr(rich.progress, "Progress", Watched)
    terminal = rich.console.Console(file=io.StringIO(), force_terminal=True)
    monkeypatch.setattr(progress, "err", terminal)
    with progress.progress_bar(False, "{:,.0f}".format) as show:
        for second in range(6):
            now[0] = float(second)
            show(9_000_000 + 100_000 * second, 10_000_000)
        task = bars[0].tasks[0]
        assert (task.completed, task.speed, task.time_remaining) == (9_500_000, 100_000.0, 5.0)


FASTEST = next(name for name, report in engines().items() if report.usable)
HOUR = ("--duration", "1h", "--step", "10min")


def test_a_constellation_becomes_files(run):
    code, out, err = run("propagate", "starlink-gen1", "-o", "race", *HOUR)
    assert code == 0
    assert "4,408 satellites x 6 instants = 26,448 rows" in out
    assert f"engine: {FASTEST} (auto)" in err
    snapshots = open_snapshots("race")
    assert snapshots.metadata["frame"] == "teme" and len(snapshots) == 26_448
    assert polars.read_ipc("race/snapshots/part-000000.arrow")["status"].sum() == 0


def test_sources_are_joined_and_numbered_on(run):
    code, out, _ = run(
        "propagate",
        "starlink-gen1",
        "walker:53:24/3/1@600",
        "walker-star:86:66/6/2@780",
        "-o",
        "all",
        *HOUR,
        "--json",
        "--quiet",
    )
    assert code == 0 and json.loads(out)["satellites"] == 4408 + 24 + 66
    numbers = open_snapshots("all").satellites["sat_id"].to_pylist()
    assert numbers == list(range(1_000_000_000, 1_000_000_000 + 4498))


def test_json_prints_one_object_on_stdout_and_quiet_nothing_on_stderr(run):
    code, out, err = run(
        "propagate", "walker:53:24/3/1@600", "-o", "out", *HOUR, "--json", "--quiet"
    )
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert (report["rows"], report["engine"], report["status"]) == (144, FASTEST, {"0": 144})
    code, out, _ = run("info", "out", "--json")
    assert code == 0 and json.loads(out)["complete"] is True


def test_options_reach_the_files(run):
    options = (
        "--no-velocity",
        "--dtype",
        "float32",
        "--format",
        "parquet",
        "--compression",
        "lz4",
        "--gravity",
        "wgs84",
        "--opsmode",
        "a",
    )
    code, _, _ = run(
        "propagate",
        "walker:53:24/3/1@600",
        "-o",
        "out",
        *HOUR,
        *options,
        "--start",
        "2026-02-01",
        "--select",
        "*P01*",
    )
    assert code == 0
    metadata = open_snapshots("out").metadata
    wanted = dict(
        dtype="float32",
        velocity=False,
        format="parquet",
        gravity="wgs84",
        opsmode="a",
        satellites=8,
        start="2026-02-01T00:00:00Z",
    )
    assert {name: metadata[name] for name in wanted} == wanted
    part = pyarrow.parquet.ParquetFile("out/snapshots/part-000000.parquet")
    assert part.schema_arrow.names == ["time", "sat_id", "x", "y", "z", "status"]
    assert part.metadata.row_group(0).column(2).compression == "LZ4"


def test_a_dry_run_writes_nothing(run, tmp_path):
    code, out, _ = run("propagate", "starlink-gen1", "--dry-run", "--json", "--quiet")
    size = json.loads(out)
    assert code == 0
    assert (size["satellites"], size["instants"], size["rows"], size["step"]) == (
        4408,
        1440,
        4408 * 1440,
        "1min",
    )
    assert size["bytes"] == size["rows"] * (8 + 4 + 6 * 8 + 1)
    assert list(tmp_path.iterdir()) == []


def test_the_start_is_the_median_epoch_rounded_up_to_the_minute(run, tmp_path):
    (tmp_path / "ver.tle").write_text(text("SGP4-VER.TLE"))
    code, out, err = run("propagate", "ver.tle", "--dry-run", "--json", "--checksum", "ignore")
    assert code == 0
    middle = np.sort(read_elements(tmp_path / "ver.tle", checksum="ignore").epoch)[16]  # of 33
    assert json.loads(out)["start"] == "2006-06-20T18:23:00Z" > str(middle) > "2006-06-20T18:22"
    assert "20413" in err and "more than 30 days" in err  # the set holds 20413 twice
    assert "median age of the element sets at 2006-06-20T18:23:00Z: 0.0 days; " in err


def test_sets_of_planned_manoeuvres_do_not_move_the_start(run, tmp_path):
    """As on a real catalogue: one of a hundred is eight days ahead of the others."""
    sats = gpuprop.walker("53:100/10/1", 550.0, epoch="2026-07-23T12:00:01", first_id=1)
    epochs = sats.epoch.copy()
    epochs[17] += np.timedelta64(8, "D")
    gpuprop.write_elements(
        gpuprop.Elements({**sats.fields, "EPOCH": epochs}), tmp_path / "some.csv"
    )
    code, out, err = run("propagate", "some.csv", "starlink-g1-s5", "--dry-run", "--json")
    assert (code, json.loads(out)["start"]) == (0, "2026-07-23T12:01:00Z")
    assert "median age of the element sets at 2026-07-23T12:01:00Z: 0.0 days\n" in err
    late = run("propagate", "some.csv", "--start", "2026-08-02T12:00:01", "--dry-run", "--json")
    assert (
        json.loads(late[1])["median_age_days"] == 10.0
        and "median age of the element sets at 2026-08-02T12:00:01Z: 10.0 days" in late[2]
    )


def test_filings_take_the_start_as_their_epoch(run):
    code, _, err = run(
        "propagate", "starlink-g1-s5", "-o", "out", "--start", "2026-11-22", "--duration", "2min"
    )
    assert code == 0 and "30 days" not in err and "age" not in err
    there = open_snapshots("out")
    assert {str(epoch) for epoch in there.satellites["EPOCH"].to_pylist()} == {
        "2026-11-22 00:00:00+00:00"
    }
    assert there.satellites["plane"].to_pylist() == [plane for plane in range(4) for _ in range(43)]
    assert there.satellites["slot"].to_pylist() == 4 * list(range(43))
    asked = (
        "propagate",
        "starlink-g1-s5",
        "-o",
        "out",
        "--overwrite",
        "--start",
        "2026-11-22T00:00:18",
        "--scale",
        "gps",
        "--duration",
        "2min",
    )
    assert run(*asked, "--first-id", "70001", "--epoch", "2026-11-20T00:00:00Z")[0] == 0
    there = open_snapshots("out")
    assert {str(epoch) for epoch in there.satellites["EPOCH"].to_pylist()} == {
        "2026-11-20 00:00:00+00:00"
    }
    assert there.satellites["sat_id"].to_pylist() == list(range(70001, 70173))
    assert run(*asked)[0] == 0
    # GPS time was 18 s ahead
    assert str(open_snapshots("out").satellites["EPOCH"][0]) == "2026-11-22 00:00:00+00:00"


def test_a_constellation_as_tle(run, tmp_path):
    code, _, err = run("export", "iridium", "-o", "iridium.tle")
    assert code == 1 and "number the constellation from 1 with --first-id 1 (first_id=1)" in err
    code, _, err = run(
        "export", "iridium", "-o", "iridium.tle", "--first-id", "1", "--epoch", "2026-11-22"
    )
    assert (
        code == 0
        and "note: plane of 66 satellites is left out" in err
        and "note: slot of 66 satellites is left out" in err
    )
    back = read_elements(tmp_path / "iridium.tle")
    assert (
        back.sat_id.tolist() == list(range(1, 67))
        and (back.epoch == np.datetime64("2026-11-22")).all()
    )
    code, out, _ = run("info", "iridium", "--first-id", "5", "--epoch", "2026-11-22", "--json")
    assert code == 0 and json.loads(out)["sat_ids"] == dict(first=5, last=70)
    assert json.loads(out)["epochs"] == dict(
        first="2026-11-22T00:00:00Z", last="2026-11-22T00:00:00Z"
    )
    for wrong in (["--epoch", "soon"], ["--first-id", "0"], ["--first-id", "2147483600"]):
        assert run("export", "iridium", "-o", "other.csv", *wrong)[0] == 2


def test_overwriting_is_asked_for(run):
    arguments = ("propagate", "walker:53:24/3/1@600", "-o", "out", *HOUR)
    assert run(*arguments)[0] == 0
    code, _, err = run(*arguments)
    assert code == 2 and "--overwrite" in err
    assert run(*arguments, "--overwrite")[0] == 0


def test_bad_records_are_listed_or_skipped(run, tmp_path):
    good, bad = (
        text("SGP4-VER.TLE"),
        "1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4754\n2 00005\n",
    )
    (tmp_path / "some.tle").write_text(bad + good)
    options = ("--checksum", "ignore", "--dry-run", "--json")
    code, _, err = run("propagate", "some.tle", *options)
    assert code == 1 and "line 2" in err and "--on-error skip" in err
    code, out, err = run("propagate", "some.tle", *options, "--on-error", "skip")
    assert code == 0 and json.loads(out)["satellites"] == 33 and "skipped 1" in err
    code, out, _ = run("info", "some.tle", "--checksum", "ignore", "--json")
    facts = json.loads(out)
    assert (facts["satellites"], len(facts["rejected"]), facts["deep_space"]) == (33, 1, 24)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["propagate"], "SOURCE is missing"),
        (["propagate", "starlink-gen1"], "-o DIR is missing"),
        (["propagate", "starlink-gne1", "-o", "x"], "did you mean starlink-gen1"),
        (["propagate", "walker:53:10/3/1@550", "-o", "x"], "shared out evenly"),
        (["propagate", "starlink-gen1", "-o", "x", "--step", "0s"], "must be positive"),
        (["propagate", "starlink-gen1", "-o", "x", "--step", "60"], "unit"),
        (["propagate", "starlink-gen1", "-o", "x", "--start", "yesterday"], "yesterday"),
        (
            ["propagate", "starlink-gen1", "-o", "x", "--stop", "2027-01-01", "--duration", "1d"],
            "duration",
        ),
        (["propagate", "starlink-gen1", "-o", "x", "--engine", "cuda"], "not usable here"),
        (["propagate", "starlink-gen1", "-o", "x", "--frame", "j2000"], "geodetic"),
        (
            ["propagate", "starlink-gen1", "-o", "x", "--frame", "itrs", "--start", "2100-01-01"],
            "--eop none",
        ),
        (
            ["propagate", "starlink-gen1", "-o", "x", "--frame", "itrs", "--eop", "no-such.all"],
            "no-such.all",
        ),
        (["propagate", "starlink-gen1", "-o", "x", "--scale", "gps"], "give --start"),
        (
            [
                "propagate",
                "starlink-gen1",
                "-o",
                "x",
                "--scale",
                "gps",
                "--start",
                "2026-01-01T00:00:00Z",
            ],
            "leave out the zone",
        ),
        (["propagate", "starlink-gen1", "-o", "x", "--select", "NOBODY*"], "NOBODY"),
        (["propagate", "starlink-gen1", "-o", "x", "--dtype", "float16"], "float16"),
        (["propagate", "starlink-gen1", "-o", "x", "--no-such-option"], "no-such-option"),
        (["constellations", "starlnk"], "not known"),
        (["no-such-command"], "no-such-command"),
        (["propagte"], "there is no command 'propagte': did you mean propagate?"),
        (["passes"], "this version has no command 'passes': gpuprop access finds passes"),
        (["passes", "x.csv", "--site", "Brasilia"], "commands: propagate, "),
        (["starlink-gen1", "-o", "x"], "write gpuprop propagate starlink-gen1 -o DIR"),
        (
            ["propagate", "starlink-gen1", "-o", "x", "--step", "1.5"],
            "step '1.5' has no unit: write 1.5s for seconds",
        ),
        (
            ["propagate", "starlink-gen1", "-o", "x", "--step", "1 parsec"],
            "step '1 parsec': unit 'parsec' is not one of",
        ),
        (
            ["propagate", "starlink-gen1", "-o", "x", "--step", "0.1ns"],
            "step '0.1ns' is finer than a nanosecond",
        ),
        (["propagate", "starlink-gen1", "-o", "x", "--step", "soon"], "cannot read step 'soon'"),
        (
            ["propagate", "starlink-gen1", "-o", "x", "--duration", "soon"],
            "cannot read duration 'soon'",
        ),
        (
            ["propagate", "starlink-gen1", "-o", "x", "--shard", "1/100001"],
            "no run has more than 100,000 parts",
        ),
        (
            ["propagate", "starlink-gen1", "-o", "x", "--duration", "36500d", "--step", "1ms"],
            "take a step of 20s or more, or a duration of 3d or less",
        ),
        (["completion", "tcsh"], "tcsh"),
    ],
)
def test_a_wrong_call_exits_with_2_and_writes_nothing(run, tmp_path, arguments, message):
    code, out, err = run(*arguments)
    assert code == 2
    assert message in err and "Traceback" not in err and out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_cannot_be_done_exits_with_1(run, tmp_path):
    (tmp_path / "page.csv").write_text("<!DOCTYPE html><html><body>Forbidden</body></html>")
    (tmp_path / "file").write_text("in the way")
    for arguments, message in (
        (["propagate", "nosuch.csv", "-o", "x"], "nosuch.csv"),
        (["propagate", "page.csv", "-o", "x"], "page.csv"),
        (["info", "page.csv"], "page.csv"),
        (["propagate", "starlink-gen1", "-o", "/proc/nowhere", *HOUR], "/proc/nowhere"),
    ):
        code, _, err = run(*arguments)
        assert code == 1 and message in err and "Traceback" not in err


def test_constellations_are_listed_with_their_sources(run):
    assert "starlink-gen1" in run("constellations")[1]
    code, out, _ = run("constellations", "Starlink-Gen1")
    assert code == 0 and "FCC 21-48" in out and out.count("planes of") == 5
    facts = json.loads(run("constellations", "--json")[1])
    assert facts["starlink-gen1"]["total"] == 4408


def test_nobody_reading_stdout_is_no_failure(tmp_path):
    command = (
        f"{sys.executable} -m gpuprop propagate walker:53:24/3/1@600 -o out --duration 1h "
        "--quiet; echo $? > code"
    )
    subprocess.run(["bash", "-c", f"({command}) | true"], cwd=tmp_path, check=True)
    assert (tmp_path / "code").read_text() == "0\n"


def test_an_interrupted_job_says_so_and_leaves_no_half_file(tmp_path):
    job = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gpuprop",
            "propagate",
            "starlink-gen1",
            "-o",
            "out",
            "--duration",
            "30d",
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "out" / "snapshots").exists():  # which comes after the manifest
        assert job.poll() is None
        time.sleep(0.02)
    job.send_signal(signal.SIGINT)
    out, err = job.communicate(timeout=PATIENCE_S)
    assert job.returncode == 130
    assert "interrupted" in err and "Traceback" not in err and out == ""
    listed = {
        part["file"]
        for part in json.loads((tmp_path / "out" / "manifest.json").read_text())["parts"]
    }
    assert {
        str(path.relative_to(tmp_path / "out"))
        for path in (tmp_path / "out" / "snapshots").iterdir()
    } == listed


def test_it_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "gpuprop", "propagate", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--overwrite" in done.stdout


# --- frames ---
def test_geodetic_with_sunlight(run):
    call = (
        "propagate",
        "walker:53:24/3/1@550",
        "-o",
        "out",
        *HOUR,
        "--frame",
        "geodetic",
        "--sunlit",
    )
    code, out, err = run(*call, "--json")
    assert code == 0 and json.loads(out)["frame"] == "geodetic"
    assert "in geodetic" in err and "Earth orientation: astropy-iers-data" in err
    table = open_snapshots("out").dataset.to_table()
    assert table.column_names == [
        "time",
        "sat_id",
        "lat",
        "lon",
        "height",
        "vx",
        "vy",
        "vz",
        "status",
        "sunlit",
    ]
    assert [
        table.schema.field(name).metadata[b"unit"] for name in ("lat", "lon", "height", "vx")
    ] == [b"deg", b"deg", b"km", b"km/s"]
    assert (
        table.schema.field("lat").metadata[b"frame"] == b"geodetic"
        and table.schema.field("vx").metadata[b"frame"] == b"itrs"
    )
    elements = read_sources(["walker:53:24/3/1@550"])
    states = Propagator(elements).states(open_snapshots("out").times, "geodetic", sunlit=True)
    for name, column in states.columns.items():
        assert np.array_equal(table.column(name).to_numpy(), column.ravel())
    facts = json.loads(run("info", "out", "--json")[1])
    assert (
        facts["frame"] == "geodetic"
        and facts["sunlit"] is True
        and facts["units"]["position"] == "deg, deg, km"
    )


@pytest.mark.parametrize(
    ("eop", "named"), [(("--eop", "none"), "none: UT1 = UTC"), ((), "astropy-iers-data")]
)
def test_the_earth_orientation_is_recorded(run, eop, named):
    code, out, err = run(
        "propagate", "walker:53:24/3/1@550", "-o", "out", *HOUR, "--frame", "itrs", *eop, "--json"
    )
    assert code == 0 and json.loads(out)["earth_orientation"].startswith(named) and named in err
    assert open_snapshots("out").metadata["earth_orientation"].startswith(named)  # type: ignore[attr-defined]
    dry = json.loads(
        run(
            "propagate",
            "walker:53:24/3/1@550",
            *HOUR,
            "--frame",
            "itrs",
            *eop,
            "--dry-run",
            "--json",
        )[1]
    )
    assert dry["frame"] == "itrs" and dry["earth_orientation"].startswith(named)


def test_a_table_of_earth_orientation_from_a_file(run):
    code, out, _ = run(
        "propagate",
        "walker:53:24/3/1@550",
        "-o",
        "out",
        *HOUR,
        "--frame",
        "itrs",
        "--eop",
        astropy_iers_data.IERS_A_FILE,
        "--json",
    )
    assert code == 0 and "finals2000A.all" in json.loads(out)["earth_orientation"]


def test_predictions_are_said(run):
    last = earth_orientation().predicted_from_ns
    for start, said in ((last + 2 * DAY, True), (last - 9 * DAY, False)):
        _, _, err = run(
            "propagate",
            "walker:53:24/3/1@550",
            "--dry-run",
            *HOUR,
            "--frame",
            "pef",
            "--start",
            format_ns(start),
        )
        assert ("predictions are used" in err) is said


def test_gps_time_on_the_command_line(run):
    code, out, _ = run(
        "propagate",
        "walker:53:24/3/1@550",
        "--dry-run",
        *HOUR,
        "--start",
        "2026-01-01T00:00:18",
        "--scale",
        "gps",
        "--json",
    )
    assert code == 0 and json.loads(out)["start"] == "2026-01-01T00:00:00Z"
    _, _, err = run(
        "propagate",
        "walker:53:24/3/1@550",
        "--dry-run",
        *HOUR,
        "--start",
        "2100-01-01T00:00:18",
        "--scale",
        "gps",
    )
    assert "leap seconds are known until" in err


def test_what_cannot_be_computed_does_not_cost_what_is_there(run):
    """Before 1960 there is no UTC: said before the old run is removed."""
    assert run("propagate", "walker:53:24/3/1@550", "-o", "out", *HOUR)[0] == 0
    for options in (("--sunlit",), ("--frame", "gcrs", "--eop", "none")):
        code, _, err = run(
            "propagate",
            "walker:53:24/3/1@550",
            "-o",
            "out",
            *HOUR,
            "--start",
            "1959-01-01",
            *options,
            "--overwrite",
        )
        assert code == 2 and "no UTC before 1960" in err
    assert open_snapshots("out").complete


# --- what is said, and how much of it ---
def test_notes_are_one_line_unless_verbose(run):
    code, _, err = run("propagate", "guowang", "honghu-3", "--dry-run", *HOUR)
    assert code == 0
    assert err == (
        "note: parts of guowang, honghu-3 are assumed, because no source states them; "
        "the files record 12 notes on the satellites, --verbose shows them\n"
    )
    _, _, err = run("propagate", "honghu-3", "--dry-run", *HOUR)
    assert (
        err.startswith(
            "note: assumed: honghu-3: no source states altitude_km = 550, inclination_deg = 53"
        )
        and err.count("\n") == 1
    )
    for option in ("--verbose", "-v"):
        _, _, err = run("propagate", "guowang", "honghu-3", "--dry-run", *HOUR, option)
        notes = read_sources(["guowang", "honghu-3"]).notes
        assert (
            sorted(err.splitlines()) == sorted(f"note: {note}" for note in notes)
            and len(notes) == 12
        )
        assert err.startswith("note: assumed: guowang: ")
    assert run("propagate", "guowang", "--dry-run", *HOUR, "--quiet")[2] == ""
    assert (
        run("propagate", "walker:53:24/3/1@600", "--dry-run", *HOUR, "--select", "*P01*")[2].count(
            "\n"
        )
        == 1
    )


def test_info_gives_values(run):
    """JSON has values under their names, not sentences; the text shows identifiers without
    separators.
    """
    elements = read_sources(["walker:53:24/3/1@550", "walker:86.4:12/3/1@1200"])
    fields = dict(elements.fields)
    fields["OBJECT_NAME"] = ["STARLINK-1", "ONEWEB-0012", "X", "Y"] * 9
    fields["NORAD_CAT_ID"] = [12_345, 12_345, *range(50_001, 50_035)]
    write_elements(Elements(fields), "some.csv")
    with open("some.csv", "a") as file:
        file.write("no record\n")
    code, out, _ = run("info", "some.csv", "--json")
    facts = json.loads(out, parse_constant=pytest.fail)
    assert code == 0 and facts["satellites"] == 36
    assert facts["epochs"] == dict(first="2026-01-01T00:00:00Z", last="2026-01-01T00:00:00Z")
    assert (facts["sat_ids"], facts["duplicates"]) == (dict(first=12_345, last=50_034), [12_345])
    assert facts["altitude_bands"] == [
        dict(from_km=500, to_km=600, satellites=24),
        dict(from_km=1_200, to_km=1_500, satellites=12),
    ]
    assert (facts["operators"], facts["no_operator_known"]) == (dict(oneweb=9, starlink=9), 18)
    assert [(each["line"], each["text"]) for each in facts["rejected"]] == [
        (38, "no record")
    ] and facts["rejected"][0]["reason"]
    code, out, _ = run("info", "some.csv")
    rows = [line.split() for line in out.splitlines()]
    for row in (
        ["sat_ids", "12345", "to", "50034"],
        ["duplicates", "12345"],
        ["altitude_km", "500", "to", "600", "24"],
        ["1,200", "to", "1,500", "12"],
        ["@starlink", "9"],
        ["none", "known", "18"],
    ):
        assert row in rows or row in [each[1:] for each in rows], out


def test_the_bands_are_those_of_where(run):
    """The lower bound belongs to a band, the upper bound does not, as in the matching condition."""
    for altitude in (299.9995, 300.0, 399.9995, 400.0, 35_586.0, 35_986.0):
        walker = f"walker:53:24/3/1@{altitude}"
        write_elements(read_sources([walker]), "some.csv")
        (band,) = json.loads(run("info", "some.csv", "--json")[1])["altitude_bands"]
        low = -1e9 if band["from_km"] is None else band["from_km"]
        high = 1e9 if band["to_km"] is None else band["to_km"]
        assert (
            len(read_sources([walker]).where(f"altitude_km >= {low} and altitude_km < {high}"))
            == 24
        )


@pytest.mark.slow
def test_json_of_every_command_is_one_line_of_values(run):
    assert run("propagate", "walker:53:24/3/1@600", "-o", "out", *HOUR)[0] == 0
    for arguments in (
        ["propagate", "walker:53:24/3/1@600", "--dry-run", *HOUR],
        ["propagate", "walker:53:24/3/1@600", "-o", "out", *HOUR, "--resume"],
        ["info", "out"],
        ["verify", "out"],
        ["merge", "out"],
        ["export", "walker:53:24/3/1@600", "-o", "some.csv"],
        ["shells", "walker:53:240/12/1@600", "--against", "starlink-gen1"],
        ["constellations"],
        ["constellations", "qianfan"],
    ):
        code, out, _ = run(*arguments, "--json")
        assert code == 0 and out.count("\n") == 1 and out.isascii()
        json.loads(out, parse_constant=pytest.fail)  # NaN and Infinity are no JSON


# --- help ---
def test_help_has_groups_and_names_the_source(run):
    code, out, _ = run("propagate", "--help")
    assert (
        code == 0
        and out.startswith("Usage: gpuprop propagate SOURCE... -o DIR [OPTIONS]\n")
        and "ARGS" not in out
    )
    groups = [
        "Which satellites",
        "Which instants",
        "What is computed",
        "Files",
        "How it runs",
        "What is printed",
    ]
    places = [out.index(f" {group} ") for group in groups]
    assert places == sorted(places)
    for group, option in (
        ("Which instants", "--step"),
        ("Files", "--resume"),
        ("How it runs", "--cluster"),
        ("What is printed", "--json"),
    ):
        assert option in out[out.index(f" {group} ") :].split("\u256e")[1], group
    assert "default: False" not in out
    for command, source in (("export", "SOURCE..."), ("shells", "CATALOGUE...")):
        assert run(command, "--help")[1].startswith(f"Usage: gpuprop {command} {source} ")


CALLABLE = [(name,) for name in COMMANDS if name not in GROUPS] + [
    (name, part) for name in GROUPS for part in app[name] if not part.startswith("-")
]


@pytest.mark.parametrize("command", CALLABLE, ids=" ".join)
def test_help_lists_every_option(run, command):
    """A flag without a group of its own was once in no panel."""
    _, out, _ = run(*command, "--help")
    called = app
    for name in command:
        called = called[name]
    for argument in called.assemble_argument_collection():
        assert argument.names[0] in out or not argument.names[0].startswith("-"), argument.names


def test_version(run):
    assert run("-V") == run("--version") == (0, f"{__version__}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run, shell):
    code, out, err = run("completion", shell)
    assert (
        (code, err) == (0, "")
        and "propagate" in out
        and "--select" in out.replace("-l select", "--select")
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_a_command(run):
    script = run("completion", "bash")[1]
    ask = (
        "\nCOMP_WORDS=(gpuprop prop); COMP_CWORD=1; COMP_LINE='gpuprop prop'; COMP_POINT=12; "
        "_gpuprop; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(["bash", "-c", script + ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["propagate"], done


# two values in one text, or a number for people
PHRASE = re.compile(r"\d (of|to|and) \d|\d+ lanes|as is |\d,\d{3}")
PROSE = {
    "notes",
    "assumptions",
    "conflicts",
    "note",
    "title",
    "source_title",
    "known",
    "command",
    "detail",
    "assumption",
    "build",
}


def texts_in(value, name=""):
    """Every text of a JSON value with the name of what it is in, but for sentences that are meant
    to be read.
    """
    if isinstance(value, dict):
        for key, each in value.items():
            yield from () if key in PROSE else texts_in(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each, name)
    elif isinstance(value, str):
        yield name, value


@pytest.mark.slow
def test_json_gives_values_not_phrases(run, tmp_path, monkeypatch):
    """Every command that has --json."""
    monkeypatch.chdir(tmp_path)
    propagate = [
        "propagate",
        "walker:53:2400/30/1@600",
        "-o",
        "out",
        "--duration",
        "3min",
        "--step",
        "90s",
    ]
    commands = [
        [*propagate, "--dry-run"],
        propagate,
        ["info", "out"],
        ["verify", "out"],
        ["merge", "out"],
        ["export", "walker:53:2400/30/1@600", "-o", "sets.csv"],
        ["info", "sets.csv"],
        ["shells", "sets.csv"],
        ["shells", "sets.csv", "--against", "starlink-gen1"],
        ["constellations"],
        ["constellations", "guowang"],
        ["doctor"],
    ]
    facts = {}
    for command in commands:
        code, out, _ = run(*command, "--json")
        assert code == 0, command
        facts[" ".join(command)] = json.loads(out)
        phrases = [(name, text) for name, text in texts_in(json.loads(out)) if PHRASE.search(text)]
        assert not phrases, command
    dry, done = facts[" ".join(commands[0])], facts["info out"]
    assert (dry["step"], dry["step_s"]) == (done["step"], done["step_s"]) == ("90s", 90.0)
    losses = facts[" ".join(commands[5])]["losses"]
    assert [(loss["field"], loss["satellites"]) for loss in losses] == [
        ("plane", 2400),
        ("slot", 2400),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["info", "x.csv", "--select", "25544", "48274"],
            "--select takes one value: repeat it, as in --select 25544 --select 48274.",
        ),
        (
            ["propagate", "ast", "--dry-run", "--select", "A*", "48274"],
            "repeat it, as in --select 'A*' --select 48274.",
        ),
        (
            ["propagate", "ast", "--dry-run", "--where", "a > 1", "b"],
            "--where takes one value: repeat it, as in --where 'a > 1' --where b.",
        ),
        (
            ["propagate", "ast", "--dry-run", "--duration", "-1d"],
            "--duration needs a value: one that begins with - is given as --duration=-1d.",
        ),
        (["propagate", "ast", "--dry-run", "--duration=-1d"], "duration '-1d' must be positive"),
        (
            ["propagate", "ast", "--dry-run", "--duration"],
            "gpuprop: --duration needs a value. gpuprop propagate --help",
        ),
        (
            ["propagate", "ast", "--dry-run", "--duration", "1h30m"],
            "unit 'm' is not one of ns, us, ms, s, min, h, d, w: write min for minutes",
        ),
        (["info"], "gpuprop: PATH is missing. gpuprop info --help lists"),
        (["verify"], "gpuprop: DIR is missing."),
        (["merge"], "gpuprop: DIR is missing."),
        (["fetch"], "gpuprop: GROUP|URL is missing."),
        (["verify", "nosuchdir", "--drop"], "gpuprop: nosuchdir is not a directory of snapshots"),
    ],
)
def test_calls_that_are_nearly_right_get_a_hint(run, monkeypatch, arguments, said):
    monkeypatch.setenv("COLUMNS", "1000")
    code, out, err = run(*arguments)
    assert code != 0 and not out and said in " ".join(err.split())
