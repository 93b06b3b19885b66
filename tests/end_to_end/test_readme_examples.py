"""The README's Python blocks run in order after its command, and its figures of size are right."""

import os
import re
import subprocess
import sys

import pytest
from project import ROOT

import gpuprop
from gpuprop.__main__ import main

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
RUN = "gpuprop propagate starlink-gen1 -o race"


@pytest.fixture(scope="module")
def race(tmp_path_factory):
    """A directory with the result of the README's first command."""
    folder = tmp_path_factory.mktemp("readme")
    assert f".venv/bin/{RUN}\n" in README
    before = os.getcwd()
    os.chdir(folder)
    try:
        assert main(RUN.split()[1:]) == 0
    finally:
        os.chdir(before)
    return folder


def test_there_are_blocks():
    assert len(BLOCKS) == 11
    assert "SPEED" not in README


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_block(race, number):
    subprocess.run(
        [sys.executable, "-c", BLOCKS[number]], cwd=race, check=True, stdout=subprocess.DEVNULL
    )


def test_sizes_are_as_told(race):
    snapshots = gpuprop.open_snapshots(race / "race")
    assert len(snapshots.satellites) == 4408 and len(snapshots.times) == 1440
    assert round(len(snapshots) / 1e6, 1) == 6.3
    assert (
        round(sum(path.stat().st_size for path in (race / "race").rglob("*.arrow")) / 1e6, -1)
        == 390
    )


def test_status_table_is_complete():
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert codes == set(gpuprop.STATUS) - {5}


def test_the_table_of_packages_is_complete():
    """It has every package and module at the top of gpuprop, and nothing else."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| ((?:`[a-z0-9_./]+` ?)+)\|", text, re.MULTILINE)
    named = {name.strip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)}
    there = {
        path.name
        for path in (ROOT / "gpuprop").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    beside = {"tests", "bench", "examples", "docs"}
    assert named - beside == there - {"__init__.py", "__main__.py"}
