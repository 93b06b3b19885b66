"""The examples run with small settings, and show the right numbers."""

import re
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from project import ROOT

import gpuprop

EXAMPLES = ROOT / "examples"
WINDOW = ("--duration", "30min", "--step", "15min")


def run(name, *arguments, folder):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def race(tmp_path_factory):
    """The tables of half an hour, and the folder with the files.

    The catalogue has six satellites of Qianfan on station, two elsewhere, and four of Starlink.
    """
    folder = tmp_path_factory.mktemp("race")
    fleets = [("QIANFAN", 1070.0, 6), ("QIANFAN", 800.0, 2), ("STARLINK", 550.0, 4)]
    parts = []
    for name, altitude, count in fleets:
        first = 1 + sum(map(len, parts))
        part = gpuprop.walker(f"60:{count}/2/1", altitude, epoch="2026-07-24", first_id=first)
        names = [f"{name}-{number}" for number in range(count)]
        parts.append(gpuprop.Elements({**part.fields, "OBJECT_NAME": names}))
    gpuprop.write_elements(gpuprop.Elements.concat(parts), folder / "active.csv")
    return run("race.py", *WINDOW, "--catalogue", "active.csv", "-o", "out", folder=folder), folder


def numbers(table):
    """{name: (satellites, [(mean, fewest, most) by country])} of the printed tables."""
    found = {}
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 6:
            continue
        name, satellites, *countries = cells
        matches = [re.fullmatch(r"([0-9.]+) \((\d+) to (\d+)\)", each) for each in countries]
        if all(matches):
            found[name] = (
                int(satellites.replace(",", "")),
                [(float(each[1]), int(each[2]), int(each[3])) for each in matches],
            )
    return found


def test_the_constellations_of_the_race(race):
    found = numbers(race[0])
    assert {name: satellites for name, (satellites, _) in found.items()} == {
        "spacesail-brazil": 324,
        "qianfan-648": 648,
        "qianfan": 1296,
        "spacesail-15000": 15000,
        "starlink-gen1": 4408,
        "starlink-gen2-2026": 15000,
        "guowang": 12992,
        "honghu-3": 10000,
        "qianfan on station": 6,
        "qianfan elsewhere": 2,
        "starlink": 4,
    }
    assert all(len(countries) == 4 for _, countries in found.values())


def test_its_files(race):
    out = race[1] / "out"
    for name in ("spacesail", "filed", "flown", "flown_mean"):
        assert (out / f"{name}.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert pq.read_table(out / "filed.by_region.parquet").num_rows == 4 * 9


def test_a_country_gets_what_coverage_says(race):
    """One constellation by itself: the others change nothing."""
    satellites = gpuprop.constellation("qianfan-648", epoch="2026-01-01")
    times = gpuprop.time_grid("2026-01-01", duration="30min", step="15min")
    found = gpuprop.coverage(
        gpuprop.Propagator(satellites), times, "1deg", regions="BRA,KAZ,MYS,THA"
    )
    assert numbers(race[0])["qianfan-648"][1] == [
        (round(row["visible_mean"], 1), row["visible_min"], row["visible_max"])
        for row in found.by_region.to_pylist()
    ]
