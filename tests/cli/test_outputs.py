"""No answer is written over a file that it is computed of (`export` may replace its catalogue), and
nothing is computed that cannot be written.
"""

import pytest

import gpuprop

SHELL = "walker:53:8/2/1@1200"
SITES = "name,lat,lon\nA,1,2\n"
SHORT = ("--start", "2026-01-01", "--duration", "10min")


@pytest.fixture
def files(tmp_path):
    """A catalogue, sites, and their bytes."""
    (tmp_path / "sites.csv").write_text(SITES)
    gpuprop.write_elements(gpuprop.walker("53:8/2/1", 1200.0, first_id=1), tmp_path / "few.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "sites.csv")
    (tmp_path / "few.companions.csv").write_bytes((tmp_path / "few.csv").read_bytes())
    return {path: path.read_bytes() for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    "call",
    [
        ("coverage", "few.csv", "-o", "few.csv"),
        ("coverage", SHELL, "--grid", "sites.csv", "-o", "./sites.csv"),
        ("access", "few.csv", "--sites", "sites.csv", "-o", "few.csv"),
        ("access", SHELL, "--sites", "sites.csv", "-o", "sites.csv"),
        ("access", SHELL, "--sites", "sites.csv", "-o", "link.csv"),
        ("screen", "few.csv", "-o", "few.csv"),
        ("screen", "few.companions.csv", "-o", "few.csv"),
        ("view", "few.csv", "-o", "few.csv"),
        ("view", SHELL, "--sites", "sites.csv", "-o", "sites.csv"),
        ("view", SHELL, "--coverage", "few.csv", "-o", "few.csv"),
    ],
)
def test_a_file_that_is_read_is_not_replaced(run, files, call):
    code, _, err = run(*call)
    assert code == 2 and "is read by this command: write to another file" in err
    assert all(path.read_bytes() == before for path, before in files.items())


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("nowhere/a.csv", "there is no directory 'nowhere' to write a.csv in"),
        ("folder.csv", "'folder.csv' is a directory: name a file"),
        ("/proc/a.csv", "'/proc/a.csv' cannot be written: "),
    ],
)
@pytest.mark.parametrize("command", ["access", "screen", "coverage"])
def test_what_cannot_be_written_is_found_first(run, tmp_path, output, message, command):
    (tmp_path / "folder.csv").mkdir()
    site = ("--site", "A,1,2") if command == "access" else ()
    code, _, err = run(command, "no-such-catalogue.tle", *SHORT, *site, "-o", output)
    assert code == 2 and message in err


def test_a_picture_that_cannot_be_written_is_found_first(run, tmp_path):
    call = ("coverage", "no-such-catalogue.tle", "-o", "c.parquet", "--map", "/proc/m.png")
    code, _, err = run(*call)
    assert code == 2 and "'/proc/m.png' cannot be written: " in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("duration", "words"), [("1d", "1 d"), ("90min", "90 min"), ("6h", "6 h")])
def test_the_window_is_in_the_largest_unit(run, duration, words):
    window = ("--start", "2026-01-01", "--duration", duration)
    code, _, err = run("access", SHELL, "--site", "A,1,2", *window, "-o", "a.parquet")
    assert code == 0 and f"8 satellites over 1 site, {words}, from 10 deg" in err
