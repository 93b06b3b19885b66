"""One style for all pictures: text of any kind, pages, files."""

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from picture_texts import assert_readable, texts_of_svg

import gpuprop
from gpuprop.plots.labels import Labels, around, spread
from gpuprop.plots.paper import (
    DASHES,
    LINES,
    Page,
    fitted,
    ink,
    look_of_line,
    picture,
    plain,
    style,
    width_of,
    wrapped,
)
from gpuprop.plots.track import ground_track

matplotlib.use("Agg")
HOSTILE = (
    "$\\frac{1}{0}$ $",
    "<script>alert('&')</script>",
    "שלום مرحبا",
    "a\u202eb\x1b[31m\n\r\tc\x00",
    "中文 🛰",
    "\\",
    "%s {0} {{}}",
    "x" * 10_000,
    "",
)


def test_text_of_any_kind_becomes_signs_that_the_font_has():
    from matplotlib.font_manager import findfont, get_font

    known = get_font(findfont("DejaVu Sans")).get_charmap()
    for text in HOSTILE:
        shown = plain(text, 60)
        assert len(shown) <= 60
        assert all(ord(sign) in known for sign in shown) and shown.isprintable()
    assert plain("São Paulo $2$") == "São Paulo $2$"
    assert plain("中\n\x1b") == "\\u4e2d\\n\\x1b"
    assert plain("a" * 50 + "b" * 50, 20) == "a" * 14 + "…" + "b" * 5


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_shows_hostile_text_as_text(text):
    with style(None):
        page = Page(Figure, 1.0, plain(text), [plain(text)] * 3)
        page.axes(0.5, 0.1, 6, 0.6)
    found = assert_readable(page.figure)
    written = texts_of_svg(picture(page.figure, "a.svg"))
    for line in "\n".join(found).split("\n"):
        assert line.strip() in {each.strip() for each in written}
    picture(page.figure, "a.pdf")


def test_names_of_satellites_and_sites_are_text_too():
    shell = gpuprop.walker("53:9/3/1", 600.0)
    fields = dict(shell.fields) | {"OBJECT_NAME": np.array(HOSTILE, object)}
    named = gpuprop.Elements(fields).from_source("$a$ <b>")
    site = gpuprop.Site(0, 0, 0, "<$x_1$>")
    ax = ground_track(gpuprop.Propagator(named), sites=[site], make=Figure)
    found = assert_readable(ax.figure)
    assert "<$x_1$>" in found and "<script>alert('&'…cript>" in found
    written = texts_of_svg(picture(ax.figure, "a.svg"))
    assert "<$x_1$>" in written and any("source: $a$ <b>" in each for each in written)


def test_a_text_is_cut_to_a_width():
    for text in ("short", "a long name of a satellite P01 S22", "x" * 9_999):
        for width in (0.3, 1.0, 2.0):
            assert width_of(fitted(text, width, 7), 7) <= width or len(fitted(text, width, 7)) <= 1
    assert fitted("STARLINK-G1-S1 P01 S22", 1.0, 7, 7).endswith("…P01 S22")
    lines = wrapped(["a b " * 1000, "second"], 5.0, 7, 3)
    assert len(lines) == 3 and lines[-1].endswith("…")
    assert wrapped(["a b c", "", "d"], 5.0, 7, 3) == ["a b c", "d"]


def test_a_notebook_shows_what_pyplot_keeps():
    from matplotlib import pyplot

    before = set(pyplot.get_fignums())
    ax = ground_track(gpuprop.Propagator(gpuprop.walker("53:2/2/1", 600.0)))
    (number,) = set(pyplot.get_fignums()) - before
    assert pyplot.figure(number) is ax.figure
    pyplot.close(number)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_users_settings_change_no_byte(ending):
    def page():
        prop = gpuprop.Propagator(gpuprop.walker("53:2/2/1", 600.0))
        return picture(ground_track(prop, make=Figure).figure, f"a.{ending}")

    first = page()
    changed = {
        "font.size": 20,
        "axes.facecolor": "red",
        "savefig.dpi": 30,
        "text.usetex": True,
        "svg.hashsalt": "x",
        "lines.linewidth": 9,
    }
    with matplotlib.rc_context(changed):
        assert page() == first
    assert b"2026-11" not in first  # today's date


def test_lines_differ_in_colour_and_in_dashes():
    looks = [look_of_line(number) for number in range(len(LINES) * len(DASHES))]
    assert len({(each["color"], str(each["linestyle"])) for each in looks}) == len(looks)
    for one, other in itertools.pairwise(looks):
        assert one["linestyle"] != other["linestyle"]
    for number in range(len(LINES)):  # text has the contrast of WCAG AA on white: 4.5
        linear = np.array(ink(number))
        linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
        assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5, LINES[number]
    assert ink(0) == pytest.approx(to_rgb(LINES[0]))  # dark enough as it is


def test_labels_keep_apart_and_count_what_has_no_room():
    figure = Figure(figsize=(3, 3))
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    ax.set(xticks=[], yticks=[])
    labels = Labels(ax)
    middle = ax.transAxes.transform((0.5, 0.5))
    for number in range(40):
        labels.place(middle, f"label {number}", around(6.0), fontsize=7)
    assert labels.left_out == 40 - len(ax.texts) and 2 < len(ax.texts) < 9
    assert_readable(figure)


def test_a_label_hides_a_line_only_where_there_is_no_other_room():
    figure = Figure(figsize=(3, 3))
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    labels = Labels(ax)
    x, y = ax.transAxes.transform((0.5, 0.5))
    labels.prefer_clear_of_points(np.array([[x + 8 + i, y + 8] for i in range(20)]))
    text = labels.place(np.array([x, y]), "name", around(6.0), fontsize=7)
    assert text.get_va() == "top" and text.get_ha() == "left"  # not above on the right


def test_numbers_are_spread_and_keep_their_order():
    random = np.random.default_rng(1)
    for n in (0, 1, 2, 9, 30):
        wanted = random.uniform(-1, 11, n).tolist()
        placed = spread(wanted, 0.3, 0.0, 10.0)
        assert np.argsort(wanted).tolist() == np.argsort(placed).tolist()
        if n:
            assert min(placed) >= 0.15 - 1e-9 and max(placed) <= 9.85 + 1e-9
            assert (np.diff(sorted(placed)) >= 0.3 - 1e-9).all()
    assert spread([5.0, 1.0], 0.5, 0.0, 10.0) == [5.0, 1.0]  # nothing moves without need
    tight = sorted(spread([1.0] * 50, 0.5, 0.0, 10.0))
    assert np.allclose(np.diff(tight), 0.2)
