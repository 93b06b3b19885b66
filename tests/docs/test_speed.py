"""The figures of speed in README and docs/measured/speed.md are those of bench/results."""

import json

import pytest
from documents import PAGES, flowing
from project import ROOT

README, SPEED = flowing(PAGES["README.md"]), flowing(PAGES["docs/measured/speed.md"])


def results(name):
    """Committed figures that the page names."""
    path = f"bench/results/{name}.json"
    assert path in SPEED
    return json.loads((ROOT / path).read_text())["results"]


def rates(workload):
    """M states/s by program and number of cores."""
    return {(row["name"], row["cores"]): row["states_per_second"] / 1e6 for row in workload["rows"]}


STARLINK = rates(results("propagate-starlink-2026-11-26")[0])
CATALOGUE = rates(results("propagate-2026-11-25")[1])


@pytest.mark.parametrize(
    ("begin", "name", "cores"),
    [
        ("`cpu` | 1", "cpu", 1),
        ("`cpu` | 2", "cpu", 2),
        ("`numpy` | 1", "numpy", 1),
        ("`numpy` | 2", "numpy", 2),
        ("python-sgp4 (C++) | 1", "python-sgp4", 1),
        ("astroz | 1", "astroz", 1),
    ],
)
def test_rates(begin, name, cores):
    told = f"| {begin} | {STARLINK[name, cores]:.1f} | {CATALOGUE[name, cores]:.1f} |"
    assert told in SPEED


def test_ratios():
    one = STARLINK["cpu", 1]
    for told in (
        f"one core is {one / STARLINK['astroz', 1]:.2f} times astroz",
        f"{one / STARLINK['heyoka', 1]:.2f} times heyoka",
        f"two cores are {STARLINK['cpu', 2] / one:.2f} times one",
        f"{CATALOGUE['cpu', 1] / CATALOGUE['astroz', 1]:.1f} times as fast as by astroz",
    ):
        assert told in SPEED
    assert f"One core computes {one:.0f} million states a second" in README


def test_a_gpu():
    rows = results("gpu-h200-2026-11-28")["results"]
    best = round(max(row["kernel_states_per_s"] for row in rows) / 1e9, 1)
    assert f"{best:.1f} G states/s" in SPEED and f"{best * 1e3:,.0f} million" in README


def test_files():
    rows = {row["name"]: row for row in results("stream-2026-11-26")["rows"]}
    written = rows["cpu, written"]
    for told in (
        f"{written['bytes'] / 1e6:.0f} MB, took {written['seconds']:.2f} s",
        f"{written['of_raw']:.2f} of the rate of a plain write of as many bytes",
        f"{written['times_astroz']:.1f} times the rate of astroz",
        f"{written['of_direct']:.2f} of the rate of a plain write that bypasses",
    ):
        assert told in SPEED


def test_long_jobs():
    arrow, parquet, hour = results("memory-flat-2026-11-26")
    for told in (
        f"{arrow['flat'][0]['peak_bytes'] / 1e9:.2f} GB for a day and "
        f"{(arrow['ratio'] - 1.0) * 100.0:.0f} % more for thirty days",
        f"Parquet: {parquet['flat'][0]['peak_bytes'] / 1e9:.2f} GB and "
        f"{(parquet['ratio'] - 1.0) * 100.0:.0f} %",
        f"{hour['rows'] / 1e6:.0f} million states",
        f"took {hour['seconds']:.0f} s on two cores, {hour['bytes'] / 1e9:.1f} GB on the disk and "
        f"{hour['peak_bytes'] / 1e9:.2f} GB of memory",
    ):
        assert told in SPEED


def test_answers():
    rows = results("coverage-2026-11-28")["rows"]
    covered = next(row for row in rows if row["sets"] in SPEED)
    race = results("access-2026-11-28")["race"]
    day = results("screening-2026-11-28")["speed"]
    assert race["threads"] == 1 and race["engine"] == day["engine"] == "cpu"
    for told in (
        f"{covered['coverage_s']:.1f} s | {covered['times_brute_force']:,} times as fast",
        f"{race['passes']:,} passes | {race['wall']['seconds']:.2f} s | "
        f"{race['wall']['ratio']:.0f} times as fast as Skyfield",
        f"{day['objects']:,} satellites, a day, 5 km: {day['conjunctions']:,} conjunctions | "
        f"{day['day_wall_s']:.1f} s | {day['times_faster']} times as fast as a k-d tree",
    ):
        assert told in SPEED
