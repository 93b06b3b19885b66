"""The examples run with small settings, and show the right numbers."""

import re
import subprocess
import sys

import numpy as np
import pytest
from project import ROOT

from gpuprop import Propagator, constellation, look_angles, time_grid

EXAMPLES = ROOT / "examples"


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
    """The table of half an hour, and the folder with its picture."""
    folder = tmp_path_factory.mktemp("race")
    return run(
        "race.py", "--duration", "30min", "--step", "15min", "-o", "race.png", folder=folder
    ), folder


def rows(table):
    """{name: (satellites, [(fewest, median, most) by city])} of the printed table."""
    found = {}
    for line in table.splitlines():
        match = re.match(r"(\S+ \((?:filed|flown)\)) +([\d,]+) +(.*)$", line)
        if match:
            found[match[1]] = (
                int(match[2].replace(",", "")),
                [tuple(map(int, each.split("/"))) for each in match[3].split()],
            )
    return found


def test_the_filings_of_the_race(race):
    found = rows(race[0])
    assert (
        found["starlink-gen1 (filed)"][0] == 4408
        and found["guowang (filed)"][0] == 12992
        and found["honghu-3 (filed)"][0] == 10000
    )
    assert all(len(cities) == 10 for _, cities in found.values())


def test_the_picture(race):
    assert (race[1] / "race.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_count_is_what_elevations_say(race):
    """One constellation and one city again, from positions alone: the angle between the satellite
    and the plumb line.
    """
    sys.path.insert(0, str(EXAMPLES))
    try:
        from race import CITIES  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    times = time_grid("2026-01-01T00:00:00Z", duration="30min", step="15min")
    states = Propagator(constellation("starlink-gen1", epoch=times[0])).states(times, "itrs")
    city = CITIES[4]
    lat, lon = np.radians([city.latitude_deg, city.longitude_deg])
    up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    normal = 6378.137 / np.sqrt(1 - 0.0066943799901413165 * np.sin(lat) ** 2)
    place = np.array([normal, normal, normal * (1 - 0.0066943799901413165)]) * up
    line = states.position - place
    above = (line @ up) / np.linalg.norm(line, axis=2) > np.sin(np.radians(25.0))
    assert rows(race[0])["starlink-gen1 (filed)"][1][4] == tuple(
        np.percentile(above.sum(axis=1), (0, 50, 100)).round().astype(int)
    )
    assert np.array_equal(
        above.sum(axis=1),
        (look_angles(states, city).elevation[:, 0] > np.radians(25.0)).sum(axis=1),
    )
