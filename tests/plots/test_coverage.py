"""The map of coverage: what it shows, and that it can be read."""

import io
import re
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
from coverage_samples import sample
from matplotlib.collections import PathCollection, PolyCollection, QuadMesh
from matplotlib.patches import PathPatch
from picture_texts import assert_readable, texts

from gpuprop import plots
from gpuprop.errors import UsageError
from gpuprop.geography.countries import regions
from gpuprop.plots.cells import unrolled
from gpuprop.plots.columns import MEANINGS
from gpuprop.plots.coverage import coverage_page
from gpuprop.plots.paper import TEXT, picture
from gpuprop.time.durations import in_words
from gpuprop.time.units import DAY, MINUTE, SECOND

matplotlib.use("Agg")
LABELS = ("starlink-gen1", "guowang", "qianfan", "honghu-3")


@pytest.fixture(autouse=True)
def _close():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def drawn(ax, kind):
    """The artists of a kind in the axes."""
    return [artist for artist in ax.get_children() if type(artist) is kind]


def test_the_map_shows_each_cell_where_it_is():
    coverage = sample("10deg")
    ax = coverage.map()
    (mesh,) = drawn(ax, QuadMesh)
    cells = coverage.cells.to_pydict()
    table = mesh.get_array()
    assert table.shape == (18, 36)
    for lat, lon, value in zip(cells["lat"], cells["lon"], cells["visible_mean"], strict=True):
        row, column = int((lat + 90) // 10), int((lon + 180) // 10)
        assert table[row, column] == value
        corner = mesh.get_coordinates()[row, column].tolist()
        assert corner == pytest.approx([lon - 5, lat - 5])


def test_the_axes_are_the_world_with_coasts_and_borders():
    ax = sample().map()
    assert ax.get_xlim() == (-180, 180) and ax.get_ylim() == (-90, 90)
    assert ax.get_aspect() == 1.0
    coasts, borders = drawn(ax, PathPatch)
    assert len(coasts.get_path().vertices) > len(borders.get_path().vertices) > 3000
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "60°S",
        "30°S",
        "0°",
        "30°N",
        "60°N",
    ]
    assert "above 25° of elevation" in ax.get_title(loc="left")


@pytest.mark.parametrize(
    "column", [name for name in MEANINGS if name in sample().cells.column_names]
)
def test_the_colour_bar_names_the_unit(column):
    ax = sample().map(column)
    (bar,) = (other for other in ax.figure.axes if other is not ax)
    unit = "s" if column.endswith("_s") else "%" if column == "covered" else "satellites"
    assert bar.get_xlabel().endswith(f" ({unit})")
    (mesh,) = drawn(ax, QuadMesh)
    if column == "covered":
        assert mesh.get_array().max() == pytest.approx(700 / 9)  # per cent
    low, high = mesh.get_clim()
    assert low <= mesh.get_array().min()
    assert high == (100 if column == "covered" else mesh.get_array().max())


def test_colours_can_be_printed_in_grey():
    """Their lightness grows evenly: the steps of CIE L* differ by less than a third."""
    ax = sample().map()
    (mesh,) = drawn(ax, QuadMesh)
    red, green, blue, _ = mesh.cmap(np.linspace(0, 1, 9)).T ** 2.2
    steps = np.diff(116 * np.cbrt(0.2126 * red + 0.7152 * green + 0.0722 * blue) - 16)
    assert (steps > 0).all() and steps.max() < 4 / 3 * steps.mean()


def test_axes_and_colours_of_ones_own():
    from matplotlib.figure import Figure

    figure = Figure()
    ax = figure.subplots()
    coverage = sample(labels=LABELS[:2])
    assert coverage.map("visible_mean", ax, constellation="guowang", vmin=1, vmax=20) is ax
    (mesh,) = drawn(ax, QuadMesh)
    assert mesh.get_clim() == (1, 20)
    assert mesh.get_array().min() == pytest.approx(5 * (1 + 5 / 90))
    assert ax.get_title(loc="left").startswith("guowang: ")
    everything = coverage.map()  # all satellites together
    assert drawn(everything, QuadMesh)[0].get_array().min() == pytest.approx(6 * (1 + 5 / 90))


@pytest.mark.parametrize(
    "labels",
    [(), LABELS[:2], LABELS[:3], LABELS, ("a_catalogue_2026-07-24.3le", "starlink-gen2-2026")],
)
@pytest.mark.parametrize("column", ["visible_mean", "longest_gap_s"])
def test_no_text_of_a_page_hides_another(labels, column):
    with matplotlib.rc_context(TEXT):
        figure = coverage_page(
            sample(labels=labels, regions=("BRA", "KAZ")),
            column,
            source="starlink-gen1, guowang, qianfan, honghu-3; epoch 2026-01-01T00:00:00Z",
        )
        assert_readable(figure, 16)


@pytest.mark.parametrize("labels", [(), LABELS])
def test_map_and_profile_share_the_latitudes(labels):
    figure = coverage_page(sample(labels=labels))
    maps = [ax for ax in figure.axes if drawn(ax, QuadMesh) and ax.get_xlim() == (-180, 180)]
    profiles = [ax for ax in figure.axes if ax.get_ylim() == (-90, 90) and ax not in maps]
    assert len(maps) == (len(labels) or 1) and len(profiles) == (2 if labels else 1)
    for profile in profiles:
        y0, y1 = profile.get_position().y0, profile.get_position().y1
        beside = [ax for ax in maps if ax.get_position().y0 == pytest.approx(y0)]
        assert len(beside) == (2 if labels else 1)
        assert all(ax.get_position().y1 == pytest.approx(y1) for ax in beside)
        lines = [line for line in profile.lines if len(line.get_xdata()) == 18]
        assert len(lines) == len(maps)
        for line in lines:
            assert (np.diff(line.get_ydata()) > 0).all()
    assert len({ax.collections[0].get_clim() for ax in maps}) == 1  # the same colours


def test_the_caption_says_what_is_shown():
    figure = coverage_page(sample(), source="starlink-gen1; epoch 2026-01-01T00:00:00Z")
    caption = figure.texts[-1].get_text()
    assert "starlink-gen1; epoch 2026-01-01T00:00:00Z; 1,234 satellites" in caption
    assert "1 d from 2026-01-01T00:00:00Z, every 30 s; grid: 10deg" in caption
    assert "Natural Earth" in caption
    assert "above 25° of elevation" in figure.texts[0].get_text()
    assert in_words(90 * MINUTE) == "90 min" and in_words(7 * DAY) == "7 d"
    assert in_words(30 * SECOND) == "30 s" and in_words(SECOND // 10) == "0.1 s"


def test_some_labels_in_an_order_of_ones_own():
    figure = coverage_page(sample(labels=LABELS), constellations=["qianfan", "guowang"])
    titles = [ax.get_title(loc="left") for ax in figure.axes if ax.get_xlim() == (-180, 180)]
    assert titles == ["qianfan", "guowang"]
    assert "satellites" not in figure.texts[-1].get_text()  # the number is that of all four


def test_numbers_far_apart_have_a_square_root_scale():
    coverage = sample(labels=LABELS[:2])
    few = coverage.cells.column("visible_mean").to_numpy().copy()
    few[: len(few) // 3] /= 100  # of the first label
    place = coverage.cells.schema.get_field_index("visible_mean")
    object.__setattr__(coverage, "cells", coverage.cells.set_column(place, "visible_mean", [few]))
    figure = coverage_page(coverage)
    bars = [ax for ax in figure.axes if "mean number in view" in ax.get_xlabel()]
    assert [ax.get_xlabel() for ax in bars] == [
        "mean number in view (satellites), square-root scale"
    ]
    assert bars[0].get_xticks().tolist() == [0, 0.1, 0.5, 1, 2, 5]


def test_other_does_not_set_the_scale_of_named_ones():
    """The catalogue has thousands of others: the maps of constellations must be readable."""
    coverage = sample(labels=("guowang", "other"))
    changed(coverage, slice(648, 1296), lambda old: 100 * old)
    figure = coverage_page(coverage)
    named, other = (drawn(ax, QuadMesh)[0] for ax in figure.axes if ax.get_xlim() == (-180, 180))
    assert (
        named.get_clim()
        == other.get_clim()
        == (
            named.get_array().min(),
            named.get_array().max(),
        )
    )
    assert other.get_array().min() > 10 * named.get_array().max()
    assert named.colorbar is None and other.colorbar.extend == "max"
    # alone, it has its own scale; and without more of them there is no arrow
    (mesh,) = drawn(coverage.map(constellation="other"), QuadMesh)
    assert mesh.get_clim()[1] == mesh.get_array().max() and mesh.colorbar.extend == "neither"
    (mesh,) = drawn(sample().map(vmax=5), QuadMesh)
    assert mesh.colorbar.extend == "max"


@pytest.mark.parametrize(("value", "said"), [(0.0, "no gaps"), (np.nan, "not known")])
def test_without_gaps_the_bar_has_one_colour_and_says_so(value, said):
    coverage = changed(sample(), slice(None), lambda _: value, "longest_gap_s")
    ax = coverage.map("longest_gap_s")
    (mesh,) = drawn(ax, QuadMesh)
    assert mesh.cmap.N == 1
    assert mesh.colorbar.ax.get_xlabel() == f"longest gap without a satellite: {said}"
    assert mesh.colorbar.ax.get_xticks().tolist() == []
    page = coverage_page(coverage, "longest_gap_s")
    assert any(text.endswith(said) for text, _ in texts(page))


def changed(coverage, rows, change, column="visible_mean"):
    """Change some values of a column of the cells."""
    values = coverage.cells[column].to_numpy().copy()
    values[rows] = change(values[rows])
    place = coverage.cells.schema.get_field_index(column)
    object.__setattr__(coverage, "cells", coverage.cells.set_column(place, column, [values]))
    return coverage


def test_regions_have_white_outlines():
    plain, outlined = (
        drawn(sample(regions=codes).map(), PathPatch) for codes in ((), ("BRA", "MYS"))
    )
    white = [patch for patch in outlined if patch.get_edgecolor()[:3] == (1, 1, 1)]
    assert len(outlined) == len(plain) + 2 == 4 and len(white) == 2
    (brazil,) = regions(["BRA"])
    west, south = white[0].get_path().vertices.min(axis=0)
    assert brazil.contains(-7.5, west + 1) and west == pytest.approx(-73.98, abs=0.1)
    assert south == pytest.approx(-33.75, abs=0.1)


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_pictures_are_files_of_their_kind_and_the_same_bytes(ending):
    page = picture(coverage_page(sample()), f"a.{ending}")
    assert picture(coverage_page(sample()), f"b.{ending.upper()}") == page
    begins = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}[ending]
    assert page.startswith(begins)
    assert len(page) < 1_500_000


def test_an_svg_has_lines_as_lines_and_text_as_text():
    page = picture(coverage_page(sample()), "a.svg")
    root = ET.parse(io.BytesIO(page)).getroot()
    name = "{http://www.w3.org/2000/svg}"
    words = " ".join("".join(text.itertext()) for text in root.iter(f"{name}text"))
    assert "mean number in view (satellites)" in words and "60°N" in words
    lines = max((path.get("d") for path in root.iter(f"{name}path")), key=len)
    assert len(re.findall("[ML] ", lines)) > 5000  # the coasts
    assert len(list(root.iter(f"{name}image"))) <= 2  # the cells, and the colour bar


def test_points_have_their_colours():
    coverage = sample("points")
    ax = coverage.map()
    (dots,) = drawn(ax, PathCollection)
    assert dots.get_offsets().tolist() == [[-170, -60], [10, 0], [179, 45]]
    assert dots.get_array().tolist() == coverage.cells["visible_mean"].to_pylist()
    picture(coverage_page(coverage), "a.png")


def test_hexagons_cover_the_map_once():
    coverage = sample("h3:1")
    ax = coverage.map()
    (hexagons,) = drawn(ax, PolyCollection)
    random = np.random.default_rng(2)
    places = np.column_stack((random.uniform(-180, 180, 400), random.uniform(-90, 90, 400)))
    hit = np.array([path.contains_points(places) for path in hexagons.get_paths()])
    assert (hit.sum(axis=0) == 1).all()
    values = hexagons.get_array()[hit.argmax(axis=0)]
    # the value of the cell, whose centre is within some 600 km
    assert abs(values - 4 * (1 + abs(places[:, 1]) / 90)).max() < 4 * 8 / 90


def test_cells_across_the_date_line_and_around_a_pole():
    across = unrolled(np.array([[179.0, 0.0], [-179.0, 0.0], [-179.0, 1.0], [179.0, 1.0]]))
    assert [piece[:, 0].tolist() for piece in across] == [
        [-181.0, -179.0, -179.0, -181.0],
        [179.0, 181.0, 181.0, 179.0],
    ]
    lon = np.array([-150.0, -90.0, -30.0, 30.0, 90.0, 150.0])
    for turned in (lon, lon[::-1]):
        (cap,) = unrolled(np.column_stack((turned, np.full(6, -85.0))))
        area = matplotlib.path.Path(cap).contains_points(
            [[0, -89], [-179, -86], [179, -86], [0, -84]]
        )
        assert area.tolist() == [True, True, True, False]


@pytest.mark.parametrize("column", ["gap_cut", "constellation", "lat", "visible"])
def test_a_column_without_a_meaning_is_refused(column):
    with pytest.raises(UsageError, match=f"cannot show '{column}': it shows visible_min, "):
        sample().map(column)


def test_a_label_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="there is no constellation 'oneweb': there are starlink"):
        sample(labels=LABELS).map(constellation="oneweb")
    with pytest.raises(UsageError, match="without by="):
        sample().map(constellation="oneweb")


def test_values_that_do_not_vary_and_values_that_are_missing():
    coverage = sample()
    table = coverage.cells
    place = table.schema.get_field_index("visible_mean")
    for values in (np.zeros(648), np.full(648, 7.0), np.full(648, np.nan)):
        cells = table.set_column(place, "visible_mean", [values])
        object.__setattr__(coverage, "cells", cells)
        (mesh,) = drawn(coverage.map(), QuadMesh)
        low, high = mesh.get_clim()
        assert low < high


def test_without_matplotlib_an_error_names_the_extra(monkeypatch):
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=re.escape("pip install 'gpuprop[plot]'")):
        sample().map()
    with pytest.raises(plots.PlotError):
        plots.need_matplotlib()


def test_a_picture_needs_an_ending():
    for name in ("a.png", "a.PDF", "b.svg"):
        plots.check_picture(name)
    with pytest.raises(UsageError, match=r"must end in \.pdf, \.png or \.svg"):
        plots.check_picture("map.jpg")
