"""The tables of the README and of docs/race.md agree, and a row computed again is the same."""

import re

import pytest
from project import ROOT

import gpuprop

README, PAGE = ((ROOT / name).read_text() for name in ("README.md", "docs/race.md"))
ROW = re.compile(r"^\| [\w. -]+ \| [\d,]+ \|(?: [\d.]+ \(\d+ to \d+\) \|){4}$", re.MULTILINE)


def test_the_readme_has_rows_of_the_page():
    rows = ROW.findall(README)
    assert len(rows) == 4 and set(rows) <= set(ROW.findall(PAGE))


def test_pictures_of_the_page_are_there_and_small():
    pictures = re.findall(r"\]\((race/\w+\.png)\)", PAGE)
    assert len(pictures) == 4
    for name in pictures:
        assert (ROOT / "docs" / name).stat().st_size < 300_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["starlink-gen1", "spacesail-brazil"])
def test_a_row_computed_again(name):
    satellites = gpuprop.constellation(name)
    times = gpuprop.time_grid("2026-01-01", duration="1d", step="30s")
    with gpuprop.Propagator(satellites) as propagator:
        found = gpuprop.coverage(propagator, times, regions="BRA,KAZ,MYS,THA")
    cells = [
        f"{row['visible_mean']:.1f} ({row['visible_min']} to {row['visible_max']})"
        for row in found.by_region.to_pylist()
    ]
    assert f"| {name} | {len(satellites):,} | {' | '.join(cells)} |" in PAGE
