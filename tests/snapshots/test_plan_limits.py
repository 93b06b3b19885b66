"""Plans of any size take the same time; one that is too large is refused, and a smaller one is
named.
"""

import re

import numpy as np
import pytest

import gpuprop
from gpuprop.cli.propagate_run import _planned
from gpuprop.dataset.shards import MOST_PARTS, Shard
from gpuprop.snapshots import plan_snapshots
from gpuprop.snapshots.layout import Layout
from gpuprop.time.durations import parse_duration
from gpuprop.time.instants import format_ns
from gpuprop.time.times import Times
from gpuprop.time.units import DAY, SECOND

SATELLITES = gpuprop.walker("53:24/3/1", altitude_km=600.0)
START = "2026-01-01T00:00:00Z"


@pytest.mark.parametrize("satellites", [1, 24, 4408, 300_000, 3_000_000])
@pytest.mark.parametrize("instants", [1, 2, 1000, 86_399, 86_400])
def test_instants_of_parts_equal_those_of_the_single_parts(satellites, instants):
    layout = Layout.of(satellites, instants, 61, 200_000_000)
    for count in (1, 2, 7, 1000):
        for number in {1, count // 2 + 1, count}:
            parts = Shard(count, number).parts(layout.parts)
            each = (
                [instant for part in parts for instant in layout.part(part)]
                if instants < 2000
                else None
            )
            assert len(layout.instants_of(parts)) == sum(len(layout.part(part)) for part in parts)
            assert each is None or list(layout.instants_of(parts)) == each


def test_the_size_of_a_run_is_counted_without_a_loop_over_its_parts(monkeypatch):
    plan = plan_snapshots(SATELLITES, gpuprop.time_grid(START, duration="1000000s", step="20us"))
    asked, part = [], Layout.part
    monkeypatch.setattr(
        Layout, "part", lambda layout, index: asked.append(index) or part(layout, index)
    )
    size = _planned(plan, None)
    assert size == dict(
        satellites=24, instants=5 * 10**10, rows=12 * 10**11, parts=95_369, bytes=61 * 12 * 10**11
    )
    shards = [_planned(plan, Shard(8, number)) for number in range(1, 9)]
    assert {
        name: sum(each[name] for each in shards) for name in ("instants", "rows", "parts", "bytes")
    } == {name: size[name] for name in ("instants", "rows", "parts", "bytes")}
    assert len(asked) <= 2 * 9


@pytest.mark.parametrize(
    ("start", "length", "step"),
    [
        (START, "1000000s", "1us"),
        (START, "14d", "1us"),
        ("1700-01-01", "200000d", "1ns"),
        (START, "1000000s", "19us"),
        (START, "36500d", "7ms"),
        ("1678-01-01", "213000d", "100ms"),
    ],
)
def test_a_grid_too_large_for_a_directory_is_refused_with_one_that_fits(start, length, step):
    with pytest.raises(
        ValueError,
        match=(
            r"24 satellites at [\d,]+ instants are [\d.]+ [PZETk]+B in [\d,]+ parts, and a "
            "directory"
        ),
    ) as caught:
        plan_snapshots(SATELLITES, gpuprop.time_grid(start, duration=length, step=step))
    coarser, shorter = re.search(
        r"take a step of (\w+) or more, or a duration of (\w+) or less", str(caught.value)
    ).groups()
    assert re.fullmatch("[1-9]0*[a-z]+", coarser) and re.fullmatch("[1-9]0*[a-z]+", shorter)
    for options in (dict(duration=length, step=coarser), dict(duration=shorter, step=step)):
        plan = plan_snapshots(SATELLITES, gpuprop.time_grid(start, **options))
        assert MOST_PARTS // 20 < plan.parts <= MOST_PARTS
    assert parse_duration(coarser) > parse_duration(step) and parse_duration(
        shorter
    ) < parse_duration(length)


def test_the_limit_is_exact(monkeypatch):
    """The last plan that fits, and the first that does not."""
    layout = Layout.of(24, 1, 61, 768_000_000)
    most = MOST_PARTS * layout.part_instants
    assert plan_snapshots(SATELLITES, Times.grid(0, SECOND // 1000, most)).parts == MOST_PARTS
    with pytest.raises(
        ValueError, match=r"in 100,001 parts, and a directory holds at most 100,000"
    ):
        plan_snapshots(SATELLITES, Times.grid(0, SECOND // 1000, most + 1))
    monkeypatch.setattr("gpuprop.snapshots.layout.BATCH_ROWS", 24)
    # of a list, there is no step to change
    with pytest.raises(ValueError, match=r"take 100,000 instants or fewer"):
        plan_snapshots(SATELLITES, Times(np.arange(100_001) ** 2), part_bytes=1)


def test_a_grid_over_a_leap_second_becomes_a_list_only_if_it_fits_into_memory():
    before = "2016-12-31T23:59:00"
    with pytest.raises(
        ValueError,
        match=(
            "120,000,000 instants of gps over a leap second are not a grid in UTC, and a list "
            "holds at most 100,000,000"
        ),
    ):
        gpuprop.time_grid(before, duration="2min", step="1us", scale="gps")
    assert gpuprop.time_grid(before, duration="2min", step="2s", scale="gps").count == 60
    assert gpuprop.time_grid(
        "2026-01-01T00:00:00", duration="2min", step="1us", scale="gps"
    ).is_grid


def test_the_longest_run_in_the_readme_is_allowed():
    assert plan_snapshots(SATELLITES, Times.grid(0, DAY, 10)).parts == 1
    # a week of 100,000 satellites at one second: 3.7 TB
    layout = Layout.of(100_000, 7 * 86_400, 61, 768_000_000)
    assert layout.parts < MOST_PARTS / 10, format_ns(0)
