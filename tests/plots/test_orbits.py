"""Shells: every satellite is drawn where its orbit is, and the picture can be read."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from picture_texts import assert_readable

import gpuprop
from gpuprop import plots
from gpuprop.errors import UsageError
from gpuprop.plots.orbits import MOST_LABELS
from gpuprop.plots.paper import picture

matplotlib.use("Agg")


def flown(n=400, seed=3):
    """A catalogue: a shell of 300 satellites, and others on their way to it, and far away."""
    random = np.random.default_rng(seed)
    shell = gpuprop.walker("53:400/20/1", 550.0)[:n]
    motion = shell.fields["MEAN_MOTION"].copy()
    motion[300:] = random.uniform(15.3, 15.9, n - 300)
    motion[-3:] = 1.0027
    dot = np.zeros(n)
    dot[300:] = random.choice([-1e-3, 0.0, 1e-3], n - 300)
    fields = dict(shell.fields) | {
        "NORAD_CAT_ID": np.arange(1, n + 1, dtype=np.int32),
        "MEAN_MOTION": motion,
        "MEAN_MOTION_DOT": dot,
        "plane": np.full(n, -1, np.int32),  # not synthetic
    }
    return gpuprop.Elements(fields).from_source("catalogue.csv")


def draw(*elements, **how):
    """Draw into a figure that pyplot does not keep."""
    return plots.shells(*elements, make=Figure, **how)


def points(ax):
    """What is drawn, by name: (n, 2)."""
    return {each.get_label(): np.asarray(each.get_offsets()) for each in ax.collections}


CASES = {
    "filed": (lambda: [gpuprop.constellation("guowang")]),
    "many shells": (lambda: [gpuprop.constellation("espace")[::50]]),
    "flown": (lambda: [flown()]),
    "both": (lambda: [flown(), gpuprop.constellation("starlink-gen1")]),
    "low": (lambda: [flown()[:397], gpuprop.constellation("starlink-gen1")]),
    "one": (lambda: [gpuprop.walker("53:1/1/0", 550.0)]),
}


@pytest.mark.parametrize("case", CASES)
def test_no_text_hides_another(case):
    elements = CASES[case]()
    drawn = draw(*elements)
    assert drawn.shape == (len(elements), 2)
    found = assert_readable(drawn[0, 0].figure, 12)
    assert {"altitude (km)", "inclination (deg)"} <= set(found)
    assert "right ascension of the node (deg, TEME)" in found
    assert any("epoch 2026-01-01T00:00:00Z" in each for each in found)


def test_every_satellite_is_drawn_at_its_orbit():
    elements = flown()
    survey = gpuprop.shells(elements)
    (axes,) = draw(elements)
    for ax, across in zip(axes, (survey.orbits.inclination, survey.orbits.node), strict=True):
        groups = points(ax)
        assert set(groups) == {"on station", "raising", "decaying", "drifting"}
        assert sum(map(len, groups.values())) == len(elements)
        for name, drawn in groups.items():
            there = survey.where(name)
            true = np.column_stack((across[there], survey.orbits.altitude[there]))
            assert np.array_equal(drawn, true)


def test_filed_planes_are_drawn_once_each_on_the_scale_of_the_flown():
    filed = gpuprop.constellation("starlink-gen1")
    drawn = draw(flown()[:397], filed)
    inclinations, nodes = (points(ax)["filed"] for ax in drawn[1])
    assert len(nodes) == 72 + 72 + 36 + 6 + 4 and len(inclinations) == 4
    for column in range(2):
        assert drawn[0, column].get_ylim() == drawn[1, column].get_ylim()
        assert drawn[0, column].get_xlim() == drawn[1, column].get_xlim()
    labels = [text.get_text() for text in drawn[1, 1].texts]
    assert labels == [
        "53°, 550 km: 1,584 in 72",
        "53.2°, 540 km: 1,584 in 72",
        "70°, 570 km: 720 in 36",
        "97.6°, 560 km: 520 in 10",
    ]
    assert drawn[0, 0].get_title(loc="left") == "as flown: 397 satellites"
    assert drawn[1, 0].get_title(loc="left") == "as filed: 4,408 satellites"


def test_altitudes_far_apart_have_a_logarithmic_scale():
    high, low = (draw(flown()[:n])[0, 0] for n in (400, 397))
    assert high.get_yscale() == "log" and low.get_yscale() == "linear"
    assert "36,000" not in {text.get_text() for text in low.get_yticklabels()}


def test_shells_without_room_are_counted():
    ((_, ax),) = draw(gpuprop.constellation("espace")[::50])
    labels = [text.get_text() for text in ax.texts]
    assert len(labels) == MOST_LABELS + 1 and labels[-1].startswith("and ")


def test_many_satellites_are_an_image_in_a_small_file():
    drawn = draw(gpuprop.constellation("starlink-gen2"))
    page = picture(drawn[0, 0].figure, "a.svg")
    assert len(page) < 300_000
    few = picture(draw(flown())[0, 0].figure, "a.svg")
    assert few.count(b"<use") > 600  # markers stay vectors


def test_orbits_that_are_none_are_counted():
    elements = flown()
    motion = elements.fields["MEAN_MOTION"].copy()
    motion[0] = 0.0
    lost = gpuprop.Elements(dict(elements.fields) | {"MEAN_MOTION": motion})
    caption = draw(lost)[0, 0].figure.texts[-1].get_text().replace("\n", " ")
    assert "1 without an orbit" in caption
    with pytest.raises(UsageError, match="no satellite with an orbit"):
        draw(lost[:1])
    with pytest.raises(UsageError, match="no satellite with an orbit"):
        draw(lost[:0])
    with pytest.raises(TypeError, match="elements"):
        draw("guowang")
