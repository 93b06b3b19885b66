"""Ground tracks: they pass where the satellites pass, and can be read."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from picture_texts import assert_readable

import gpuprop
from gpuprop import plots
from gpuprop.errors import UsageError
from gpuprop.plots.clock import clock, marks, step_for, window_in_words
from gpuprop.plots.track import MOST_SATELLITES, unrolled_track
from gpuprop.time.units import DAY, HOUR, MINUTE, SECOND

matplotlib.use("Agg")
START = np.datetime64("2026-01-01T00:00", "ns")


def draw(elements, **how):
    """Draw into a figure that pyplot does not keep."""
    return plots.ground_track(gpuprop.Propagator(elements), make=Figure, **how)


def geostationary():
    shell = gpuprop.walker("53:2/2/1", 600.0)
    fields = dict(shell.fields) | {
        "MEAN_MOTION": np.full(2, 1.0027),
        "INCLINATION": np.array([0.01, 63.4]),
        "ECCENTRICITY": np.array([0.0001, 0.7]),
    }
    return gpuprop.Elements(fields)


CASES = {
    "one": (lambda: gpuprop.constellation("iridium")[:1], {}),
    "some": (lambda: gpuprop.constellation("starlink-gen1")[::600], {}),
    "at one place": (lambda: gpuprop.constellation("iridium")[[0] * 6], {"duration": "3h"}),
    "many": (lambda: gpuprop.constellation("qianfan")[::66], {}),
    "days": (lambda: gpuprop.constellation("iridium")[:2], {"duration": "2d"}),
    "far": (geostationary, {"duration": "1d"}),
    "minutes": (lambda: gpuprop.constellation("iridium")[:2], {"duration": "90s"}),
}


@pytest.mark.parametrize("case", CASES)
def test_no_text_hides_another(case):
    elements, how = CASES[case]
    sites = [gpuprop.Site(-15.79, -47.88, 1.17, "Brasilia"), gpuprop.Site(51.1, 179.99)]
    ax = draw(elements(), sites=sites, **how)
    found = assert_readable(ax.figure, 15)
    assert "Brasilia" in found and any("epoch 2026-01-01T00:00:00Z" in each for each in found)
    assert any("source: " in each for each in found) or case == "far"
    if case == "some":
        ax.figure.dpi = 200  # as in a PNG
        assert_readable(ax.figure)


def test_a_track_passes_where_the_satellite_is():
    elements = gpuprop.constellation("starlink-gen1")[:1]
    ax = draw(elements, start=START, duration="95min")
    line, *_ = ax.lines
    drawn = np.column_stack((line.get_xdata(), line.get_ydata()))
    n = round((95 * MINUTE) / SECOND)
    times = gpuprop.as_times(START + np.arange(n) * np.timedelta64(1, "s"))
    states = gpuprop.Propagator(elements).states(times, "geodetic")
    there = np.column_stack((states.lon[:, 0], states.lat[:, 0]))
    # every point that is drawn is one of the track, and none of the track is far from a drawn one
    inner = drawn[np.isfinite(drawn[:, 0]) & (abs(drawn[:, 0]) < 180)]
    assert len(inner) > 200
    for points, others, most in ((inner, there, 0.07), (there, inner, 1.6)):
        apart = np.abs(points[:, None] - others[None])
        apart[:, :, 0] = np.minimum(apart[:, :, 0], 360 - apart[:, :, 0])
        assert np.hypot(*np.moveaxis(apart, 2, 0)).min(axis=1).max() < most


def test_no_line_crosses_the_map_at_the_date_line():
    random = np.random.default_rng(5)
    for _ in range(50):
        lon = np.cumsum(random.uniform(-40, 40, 60)) + random.uniform(-180, 180)
        lat = random.uniform(-80, 80, 60)
        lat[random.random(60) < 0.05] = np.nan
        reduced = (lon + 180) % 360 - 180
        x, y = unrolled_track(reduced, lat)
        assert np.nanmax(abs(x)) <= 180
        step = abs(np.diff(x))
        assert not (step > 40.001).any()  # NaN is not greater: there the line is cut
        assert (np.isnan(x) == np.isnan(y)).all()
        # nothing is lost, and what is added lies on the edges of the map
        good = np.isfinite(lat)
        kept = {(a, b) for a, b in zip(np.round(x, 6), np.round(y, 6), strict=True)}
        assert {
            (a, b) for a, b in zip(np.round(reduced, 6)[good], np.round(lat, 6)[good], strict=True)
        } <= kept
        assert (abs(x[np.isfinite(x)]) > 179.999999).sum() % 2 == 0


def test_the_line_reaches_both_edges_at_one_latitude():
    x, y = unrolled_track(np.array([170.0, -170.0, -160.0]), np.array([0.0, 10.0, 20.0]))
    assert x.tolist()[:2] == [170, 180] and x.tolist()[3:] == [-180, -170, -160]
    assert np.isnan(x[2]) and y[1] == y[3] == pytest.approx(5)
    x, y = unrolled_track(np.array([-170.0, 170.0]), np.array([0.0, 10.0]))
    assert x.tolist()[:2] == [-170, -180] and x.tolist()[3:] == [180, 170]
    empty = unrolled_track(np.array([np.nan]), np.array([np.nan]))
    assert len(empty[0]) == 0


def test_beginning_direction_and_time_are_marked():
    elements = gpuprop.constellation("starlink-gen1")[:1]
    ax = draw(elements, start=START, duration="60min")
    states = gpuprop.Propagator(elements).states(
        gpuprop.time_grid("2026-01-01", duration="61min", step="5min"), "geodetic"
    )
    by_marker = {}
    for line in ax.lines[1:]:
        by_marker.setdefault(line.get_markersize(), []).append(line)
    (ring,), (dots,) = by_marker[6.0], by_marker[2.4]
    assert ring.get_xdata()[0] == pytest.approx(states.lon[0, 0])
    assert ring.get_markerfacecolor() == "white"
    assert dots.get_xdata() == pytest.approx(states.lon[:, 0])
    assert {text.get_text() for text in ax.texts} >= {"00:05", "00:10", "01:00"}
    arrows = by_marker[5.5]
    assert len(arrows) == 4
    for arrow in arrows:  # the tip, the first point of the triangle, lies in front of its middle
        marker = arrow._marker
        tip = marker.get_transform().transform(marker.get_path().vertices[0])
        lon, lat = arrow.get_xdata()[0], arrow.get_ydata()[0]
        track = np.column_stack((ax.lines[0].get_xdata(), ax.lines[0].get_ydata()))
        at = int(np.nanargmin(np.hypot(track[:, 0] - lon, track[:, 1] - lat)))
        ahead = track[at] - track[at - 1]
        assert tip @ ahead > 0.9 * np.hypot(*tip) * np.hypot(*ahead)


def test_axes_of_ones_own_keep_their_figure():
    figure = Figure()
    ax = figure.subplots()
    assert draw(gpuprop.constellation("iridium")[:1], ax=ax, title="$mine$") is ax
    assert ax.get_title(loc="left") == "$mine$" and not figure.texts
    assert_readable(figure)


def test_what_cannot_be_drawn_is_refused():
    many = gpuprop.constellation("iridium")
    with pytest.raises(UsageError, match=f"at most {MOST_SATELLITES} satellites"):
        draw(many)
    with pytest.raises(UsageError, match="no satellite to draw"):
        draw(many[:0])
    with pytest.raises(UsageError, match=r"at most [\d.]+ days, or fewer"):
        draw(many[:9], duration="900d")
    with pytest.raises(UsageError, match="give a later stop"):
        draw(many[:1], start=START, stop=START)
    with pytest.raises(UsageError, match="either stop or duration"):
        draw(many[:1], stop=START, duration="1h")
    with pytest.raises(UsageError, match="shorter than a second"):
        draw(many[:1], duration="10ms")
    shell = gpuprop.walker("53:1/1/0", 600.0)
    gone = gpuprop.Elements(dict(shell.fields) | {"BSTAR": np.array([1.0])})
    with pytest.raises(UsageError, match="none of the 1 satellite has a position"):
        draw(gone, start="2027-01-01")


def test_marks_are_whole_multiples_of_nice_steps():
    begin = int(START.astype(np.int64)) + 7 * MINUTE
    assert step_for(90 * MINUTE, 12) == 10 * MINUTE and step_for(3 * DAY, 12) == 6 * HOUR
    at = marks(begin, begin + HOUR, 20 * MINUTE)
    assert [clock(int(ns)) for ns in at] == ["00:20", "00:40", "01:00"]
    assert clock(begin + 9 * SECOND, seconds=True, day=True) == "01-01 00:07:09"
    assert window_in_words(begin, begin + HOUR) == "2026-01-01 00:07 to 01:07 UTC"
    assert window_in_words(begin, begin + DAY) == "2026-01-01 00:07 to 2026-01-02 00:07 UTC"
    assert window_in_words(begin + SECOND, begin + HOUR).startswith(
        "2026-01-01 00:07:01 to 01:07:00"
    )
