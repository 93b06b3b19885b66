"""The race: the counts are those of a plain count, and the picture can be read."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from picture_texts import assert_readable

import gpuprop
from gpuprop import plots
from gpuprop.errors import UsageError
from gpuprop.plots import counts as counting
from gpuprop.plots.counts import BINS, in_bins
from gpuprop.plots.day import MOST_LABELS, MOST_SITES

matplotlib.use("Agg")
CITIES = [
    gpuprop.Site(-15.79, -47.88, 1.17, "Brasilia"),
    gpuprop.Site(51.17, 71.45, 0.35, "Astana"),
    gpuprop.Site(13.75, 100.5, 0.0, "Bangkok"),
]
IRIDIUM = gpuprop.constellation("iridium")
TWO = gpuprop.Elements.concat(
    [IRIDIUM, gpuprop.constellation("telesat-2017", first_id=1_000_100_000)]
)


def draw(elements, sites=CITIES, **how):
    """Draw into a figure that pyplot does not keep."""
    return plots.race(gpuprop.Propagator(elements), sites, make=Figure, **how)


def labels_of(ax):
    """The names of the lines, without numbers, by their place from the bottom."""
    return [text.get_text() for text in ax.texts]


def test_intervals_are_counted_in_every_bin():
    random = np.random.default_rng(8)
    for n in (0, 1, 50, 500):
        edges = np.arange(0, 10_001, 100)
        ends = np.sort(random.integers(0, 10_001, (n, 2)), axis=1)
        rise, last = ends[:, 0], ends[:, 1]
        counts = in_bins(rise, last, edges)
        at = np.arange(10_000)
        count = ((rise <= at[:, None]) & (at[:, None] < last)).sum(axis=1).reshape(100, 100)
        assert np.array_equal(counts.fewest, count.min(axis=1))
        assert np.array_equal(counts.most, count.max(axis=1))
        assert np.allclose(counts.mean, count.mean(axis=1), atol=1e-12)


def test_the_lines_are_a_plain_count_of_satellites_above_the_least_elevation():
    drawn = draw(TWO, start="2026-01-01", duration="2h", min_elevation_deg=15.0)
    assert len(drawn) == 3
    times = gpuprop.time_grid("2026-01-01", duration="2h", step="10s")
    states = gpuprop.Propagator(TWO).states(times, "itrs")
    for ax, site in zip(drawn, CITIES, strict=True):
        assert ax.get_title(loc="left") == site.name
        elevation = np.degrees(np.asarray(gpuprop.look_angles(states, site).elevation))
        elevation = elevation.reshape(720, len(TWO))
        lines = [line for line in ax.lines if len(line.get_xdata()) == BINS]
        for name, line, band in zip(("iridium", "telesat-2017"), lines, ax.patches, strict=True):
            mine = TWO.source == name
            count = (elevation[:, mine] >= 15.0).sum(axis=1).reshape(BINS, 5)
            # five instants of each bin of 50 s
            most, _, fewest = band.get_data()
            assert (count.min(axis=1) >= fewest).all() and (count.max(axis=1) <= most).all()
            assert abs(count.mean(axis=1) - line.get_ydata()).max() < 1.0
            assert count.mean() == pytest.approx(line.get_ydata().mean(), abs=0.02)


@pytest.mark.parametrize(
    ("sites", "by", "how"),
    [
        (CITIES[:1], "source", {"duration": "1h"}),
        (CITIES, "source", {"duration": "3d"}),
        ([gpuprop.Site(n, n, 0.0, f"site {n}") for n in range(MOST_SITES)], "operator", {}),
        (CITIES[:2], [f"{n % MOST_LABELS} $x_1$ a long name" for n in range(66)], {}),
        (CITIES[:1], ["x" * 10_000, "<b>שלום"] * 33, {}),
    ],
)
def test_no_text_hides_another(sites, by, how):
    elements = TWO if isinstance(by, str) else IRIDIUM
    drawn = draw(elements, sites, by=by, **{"duration": "6h", "min_elevation_deg": 5.0} | how)
    found = assert_readable(drawn[0].figure, 10)
    assert "satellites" in found and "UTC" in found
    lines = len(set(TWO.source if by == "source" else by))
    for ax in drawn:
        assert by == "operator" or len(ax.texts) == lines
    assert any("epoch 2026-01-01T00:00:00Z" in each for each in found)


def test_a_table_of_passes_gives_the_same_counts():
    prop = gpuprop.Propagator(TWO)
    window = dict(start="2026-01-01", duration="5h", min_elevation_deg=10.0)
    passes = gpuprop.access(prop, CITIES, **window)
    of_table = plots.race_of_passes(passes, source="source: p.parquet", make=Figure)
    direct = draw(TWO, sorted(CITIES, key=lambda site: site.name), by="operator", **window)
    by_name = {ax.get_title(loc="left"): ax for ax in of_table}
    assert set(by_name) == {site.name for site in CITIES}
    for ax in direct:
        other = by_name[ax.get_title(loc="left")]
        assert sorted(labels_of(ax)) == sorted(labels_of(other))
        assert {tuple(line.get_ydata()) for line in ax.lines if len(line.get_xdata()) == BINS} == {
            tuple(line.get_ydata()) for line in other.lines if len(line.get_xdata()) == BINS
        }
    assert_readable(of_table[0].figure)


def test_a_search_in_spans_finds_the_same(monkeypatch):
    window = dict(start="2026-01-01", duration="5h", min_elevation_deg=10.0)
    told = []
    whole = draw(TWO, **window)
    monkeypatch.setattr(counting, "MOST_PASSES", 100)
    parts = draw(TWO, progress=lambda done, total: told.append(done / total), **window)
    for one, other in zip(whole, parts, strict=True):
        assert labels_of(one) == labels_of(other)
        for first, second in zip(one.lines, other.lines, strict=True):
            assert np.array_equal(first.get_ydata(), second.get_ydata())
    assert told == sorted(told) and told[-1] == pytest.approx(1.0)


def test_numbers_far_apart_have_a_square_root_scale():
    both = gpuprop.Elements.concat(
        [IRIDIUM, gpuprop.constellation("oneweb-588", first_id=10**9 + 99)]
    )
    (ax,) = draw(both, CITIES[:1], duration="1h", min_elevation_deg=10.0)
    assert ax.get_yscale() == "function"
    caption = ax.figure.texts[-1].get_text().replace("\n", " ")
    assert "square-root scale" in caption
    assert ax.get_yticks()[:2].tolist() == [0, 1]
    assert_readable(ax.figure)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(UsageError, match="13 sites are too many"):
        draw(IRIDIUM, [gpuprop.Site(n, 0.0) for n in range(13)])
    with pytest.raises(UsageError, match="13 constellations are too many"):
        draw(IRIDIUM[:13], by=[str(n) for n in range(13)])
    with pytest.raises(UsageError, match="no satellite is in view of any site above 89 deg"):
        draw(IRIDIUM[:1], duration="1h", min_elevation_deg=89.0)
    with pytest.raises(ValueError, match="one element set a satellite"):
        draw(IRIDIUM[[0, 0]])


def test_tables_that_are_not_whole_are_refused():
    prop = gpuprop.Propagator(IRIDIUM)
    window = dict(start="2026-01-01", duration="2h")
    passes = gpuprop.access(prop, CITIES, **window)
    for table, said in (
        (passes.drop_columns("rise"), "no column rise"),
        (passes.slice(0, 0), "no passes"),
        (passes.replace_schema_metadata(None), "does not say its window"),
        (gpuprop.access(prop, CITIES, sunlit=True, **window), "passes were left out"),
        (gpuprop.access(prop, CITIES, site_sun_below_deg=-6.0, **window), "passes were left out"),
        (gpuprop.access(prop, CITIES, min_duration="1min", **window), "passes were left out"),
    ):
        with pytest.raises(UsageError, match=said):
            plots.race_of_passes(table, make=Figure)
