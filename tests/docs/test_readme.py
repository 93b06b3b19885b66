"""The README is short, its main job writes what it says, and tables of docs/ are complete."""

import re

from documents import PAGES
from project import ROOT

import gpuprop
from gpuprop.__main__ import main

README = PAGES["README.md"]
RUN = "gpuprop propagate starlink-gen1 -o race"


def test_it_is_short():
    assert len(README.encode()) <= 9_000


def test_the_main_job_is_as_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert f".venv/bin/{RUN}\n" in README
    assert main(RUN.split()[1:]) == 0
    snapshots = gpuprop.open_snapshots("race")
    assert len(snapshots.satellites) == 4408 and len(snapshots.times) == 1440
    assert round(len(snapshots) / 1e6, 1) == 6.3
    size = sum(path.stat().st_size for path in (tmp_path / "race").rglob("*.arrow"))
    assert round(size / 1e6, -1) == 390
    assert "4,408 satellites, every minute, 6.3 million states,\n390 MB" in README


def test_status_table_is_complete():
    codes = re.findall(r"^\| (\d+) \|", PAGES["docs/guides/files.md"], re.MULTILINE)
    assert {int(code) for code in codes} == set(gpuprop.STATUS) - {5}


def test_the_table_of_packages_is_complete():
    """It has every package and module at the top of gpuprop, and nothing else."""
    text = PAGES["docs/architecture.md"]
    rows = re.findall(r"^\| ((?:`[a-z0-9_./]+` ?)+)\|", text, re.MULTILINE)
    named = {name.strip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)}
    there = {
        path.name
        for path in (ROOT / "gpuprop").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    beside = {"tests", "bench", "examples", "docs"}
    assert named - beside == there - {"__init__.py", "__main__.py"}
