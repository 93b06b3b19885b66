"""The sky: paths stand where the satellites stand, and can be read."""

import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from picture_texts import assert_readable

import gpuprop
from gpuprop import plots
from gpuprop.errors import UsageError
from gpuprop.plots.clock import name_of_offset, offset_of
from gpuprop.plots.dome import BRIGHT, MOST_DRAWN, POINTS

matplotlib.use("Agg")
BRASILIA = gpuprop.Site(-15.79, -47.88, 1.17, "Brasilia")
IRIDIUM = gpuprop.constellation("iridium")


def draw(elements, site=BRASILIA, **how):
    """Draw into a figure that pyplot does not keep."""
    return plots.sky(gpuprop.Propagator(elements), site, make=Figure, **how)


def bright(ax):
    """The paths in sunlight."""
    return [
        each
        for each in ax.collections
        if isinstance(each, LineCollection) and tuple(each.get_colors()[0][:3]) == to_rgb(BRIGHT)
    ]


CASES = {
    "few": (IRIDIUM[:6], {"duration": "4h", "start": "2026-01-01T07:00"}),
    "nine": (IRIDIUM[:6], {"duration": "12h"}),
    "many": (IRIDIUM, {"duration": "3h", "east": "right"}),
    "fifty": (IRIDIUM, {"duration": "8h", "min_elevation_deg": 0.0}),
    "hundreds": (gpuprop.constellation("starlink-gen1")[::9], {"duration": "2h"}),
    "days": (IRIDIUM[:1], {"duration": "3d", "min_elevation_deg": 30.0}),
}


@pytest.mark.parametrize("case", CASES)
def test_no_text_hides_another(case):
    elements, how = CASES[case]
    ax = draw(elements, **how)
    found = assert_readable(ax.figure, 12)
    assert {"N", "E", "S", "W"} <= set(found)
    assert any("source: " in each and "epoch 2026-01-01T00:00:00Z" in each for each in found)
    if case == "nine":
        ax.figure.dpi = 200  # as in a PNG
        assert_readable(ax.figure)


def test_paths_stand_where_the_satellites_stand_and_are_bright_in_sunlight():
    elements = IRIDIUM[::5]
    prop = gpuprop.Propagator(elements)
    window = dict(start="2026-01-01T00:00", duration="3h")
    passes = gpuprop.access(prop, BRASILIA, window["start"], duration="3h", min_elevation_deg=10.0)
    assert passes.num_rows >= 3
    ax = draw(elements, **window)
    lines = [
        (path.vertices, bool(collection in bright(ax)))
        for collection in ax.collections
        if isinstance(collection, LineCollection)
        and tuple(collection.get_colors()[0][:3]) != to_rgb("#7A5300")  # the edges
        for path in collection.get_paths()
    ]
    # the parts cover each pass once: their lengths are those of the passes
    assert sum(len(line) - 1 for line, _ in lines) == passes.num_rows * (POINTS - 1)
    light = {True: 0, False: 0}
    for number in range(passes.num_rows):
        rise, last = (passes[name].to_numpy()[number] for name in ("rise", "set"))
        index = int(np.flatnonzero(elements.sat_id == passes["sat_id"][number].as_py())[0])
        share = np.round((last - rise).astype(np.int64) * np.linspace(0, 1, 400)).astype(np.int64)
        instants = rise + share
        states = prop.pair_states(np.full(400, index), instants, "itrs", sunlit=True)
        seen = gpuprop.look_angles(states, BRASILIA)
        radius = 90 - np.degrees(np.asarray(seen.elevation).ravel())
        azimuth = np.asarray(seen.azimuth).ravel()
        true = radius[:, None] * np.column_stack((np.cos(azimuth), np.sin(azimuth)))
        for line, is_bright in lines:
            theta, r = line.T
            drawn = r[:, None] * np.column_stack((np.cos(theta), np.sin(theta)))
            apart = np.hypot(*np.moveaxis(drawn[:, None] - true[None], 2, 0))
            if len(line) < 3 or apart.min(axis=1).max() > 1.0:  # deg: of another pass
                continue
            nearest = apart.argmin(axis=1)[1:-1]
            assert ((states.sunlit[nearest] == 2) == is_bright).mean() > 0.9
            light[is_bright] += 1
    assert light[True] >= 1 and light[False] >= passes.num_rows - 1


@pytest.mark.parametrize(("east", "side"), [("left", -1), ("right", 1)])
def test_north_is_up_and_east_on_the_side_that_was_asked_for(east, side):
    ax = draw(IRIDIUM[:6], duration="12h", east=east)
    middle = ax.transData.transform((0.0, 0.0))
    north = ax.transData.transform((0.0, 90.0)) - middle
    to_east = ax.transData.transform((np.pi / 2, 90.0)) - middle
    assert north[1] > 0 and abs(north[0]) < 1e-6 * north[1]
    assert side * to_east[0] > 0 and abs(to_east[1]) < 1e-6 * abs(to_east[0])
    caption = ax.figure.texts[-1].get_text().replace("\n", " ")
    assert f"north up, east {east}" in caption


def test_the_list_has_the_times_of_gpuprop_access():
    ax = draw(IRIDIUM[:6], start="2026-01-01T00:00", duration="12h")
    passes = gpuprop.access(
        gpuprop.Propagator(IRIDIUM[:6]), BRASILIA, "2026-01-01", duration="12h"
    ).to_pylist()
    (table,) = (each for each in ax.figure.axes if each is not ax)
    rows = np.array([text.get_text() for text in table.texts])[4:].reshape(-1, 5)
    assert len(rows) == len(passes) == 9
    for number, (row, one) in enumerate(zip(rows, passes, strict=True)):
        assert row[0] == str(number + 1) and row[1] == one["object_name"]
        assert row[2] == f"{one['rise']:%H:%M:%S}"
        assert row[3] == f"{one['culmination']:%H:%M} {one['max_elevation_deg']:2.0f}°"
        assert row[4] == f"{one['set']:%H:%M}"
    assert {text.get_text() for text in ax.texts} >= {"1", "5", "9"}


def test_more_passes_than_can_be_drawn_are_counted():
    elements = gpuprop.constellation("starlink-gen1")[::3]
    ax = draw(elements, duration="3h")
    caption = ax.figure.texts[-1].get_text().replace("\n", " ")
    found = gpuprop.access(gpuprop.Propagator(elements), BRASILIA, "2026-01-01", duration="3h")
    assert f"the highest {MOST_DRAWN} of {found.num_rows:,} passes above 10°" in caption
    assert "272 more" in " ".join(
        text.get_text() for text in ax.figure.findobj(matplotlib.text.Text)
    )


def test_the_least_elevation_is_a_dashed_ring():
    ax = draw(IRIDIUM[:6], duration="12h", min_elevation_deg=20.0)
    ring = ax.lines[0]
    assert set(ring.get_ydata()) == {70.0} and ring.get_linestyle() == "--"
    assert len(ring.get_xdata()) == 361


def test_times_are_on_the_clock_that_is_asked_for():
    """Kathmandu is 5 h 45 min ahead of UTC; New York goes from -5 to -4 h in March."""
    window = dict(start="2026-01-01T18:00", duration="4h")
    utc, there = (
        [each.get_text() for axes in figure.axes for each in axes.texts] + texts_of(figure)
        for figure in (
            draw(IRIDIUM[:6], **window).figure,
            draw(IRIDIUM[:6], time_zone="Asia/Kathmandu", **window).figure,
        )
    )
    assert "Sky over Brasilia, 2026-01-01 18:00 to 22:00 UTC" in utc
    assert "Sky over Brasilia, 2026-01-01 23:45 to 2026-01-02 03:45 UTC+05:45" in there
    assert any("times in UTC+05:45" in each for each in there)
    times = [
        [
            pd.Timedelta(each.strip("<>"))
            for each in texts
            if re.fullmatch(r"[<>]?\d+:\d+:\d+", each)
        ]
        for texts in (utc, there)
    ]
    day = pd.Timedelta("24h")
    assert times[0] and [(each + pd.Timedelta("5:45:00")) % day for each in times[0]] == times[1]
    summer, winter = (
        offset_of("America/New_York", int(np.datetime64(f"2026-{month}-01", "ns").astype(int)))
        for month in ("07", "01")
    )
    assert [name_of_offset(each) for each in (summer, winter, 0)] == [
        "UTC-04:00",
        "UTC-05:00",
        "UTC",
    ]


def texts_of(figure):
    return [each.get_text() for each in figure.texts]


def test_polar_axes_of_ones_own():
    figure = Figure()
    ax = figure.add_subplot(projection="polar")
    assert draw(IRIDIUM[:6], duration="12h", ax=ax, title="mine") is ax
    assert ax.get_title() == "mine" and len(figure.axes) == 1
    assert_readable(figure)
    with pytest.raises(UsageError, match="needs polar axes"):
        draw(IRIDIUM[:6], ax=Figure().subplots())


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(UsageError, match=r"no satellite passes over Brasilia above 80 deg"):
        draw(IRIDIUM[:1], duration="1h", min_elevation_deg=80.0)
    where = r"above 10 deg, in sunlight, with the Sun below -6 deg from 2026-01-01T15:00"
    with pytest.raises(UsageError, match=where):
        noon = dict(start="2026-01-01T15:00", duration="1h")
        draw(IRIDIUM, sunlit=True, site_sun_below_deg=-6.0, **noon)
    with pytest.raises(UsageError, match="time zone 'Mars/Tharsis' is not known: give a name"):
        draw(IRIDIUM[:1], time_zone="Mars/Tharsis")
    with pytest.raises(UsageError, match="east 'up' is not known"):
        draw(IRIDIUM[:1], east="up")
    with pytest.raises(ValueError, match="elevation"):
        draw(IRIDIUM[:1], min_elevation_deg=90.0)
