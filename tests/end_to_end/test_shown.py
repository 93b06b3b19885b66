"""Results print as one short line, and as a table in a notebook."""

import pytest
from html_checks import Balanced

import gpuprop
from gpuprop.snapshots import plan_snapshots

EPOCH = "2026-01-01T00:00:00Z"
TIMES = gpuprop.time_grid(EPOCH, duration="10min", step="60s")
SATS = gpuprop.walker("53:24/3/1", altitude_km=1200.0)
# two satellites on one orbit, 0.9 s apart: companions
NEAR = gpuprop.walker("53:1/1/0", altitude_km=1200.0, phase0_deg=0.05, first_id=5, name="NEAR")


@pytest.fixture(scope="module")
def propagator():
    return gpuprop.Propagator(SATS, "numpy")


def text(shown):
    return " ".join(Balanced(shown._repr_html_()).text)


def test_coverage(propagator):
    found = gpuprop.coverage(propagator, TIMES, "10deg", regions="BRA,KAZ", by="source")
    assert repr(found) == (
        "<Coverage: 10deg, 648 cells; 10 instants; above 25 deg; 2 regions; by "
        f"{SATS.source[0]}, all>"
    )
    shown = text(found)
    assert "Brazil" in shown and "Kazakhstan" in shown and "visible_mean" in shown
    assert f"{EPOCH} to 2026-01-01T00:09:00Z" not in repr(found) and "step 1min" in shown
    assert "-85" in text(gpuprop.coverage(propagator, TIMES, "10deg"))  # by latitude, no regions


def test_screening(tmp_path):
    both = gpuprop.Propagator(gpuprop.Elements.concat([SATS, NEAR]), "numpy")
    far = gpuprop.walker("97:8/1/0", altitude_km=1200.0, first_id=50, name="<FAR>")
    crossing = gpuprop.Propagator(gpuprop.Elements.concat([SATS, far]), "numpy")
    found = gpuprop.screen(both, EPOCH, duration="10min", threshold_km=50.0)
    assert repr(found) == (
        "<screening: 0 conjunctions and 1 companion within 50 km, 2026-01-01T00:00:00Z to "
        "2026-01-01T00:10:00Z>"
    )
    assert "1 companion" in text(found) and "TCA" not in text(found)
    out = tmp_path / "out"
    found = gpuprop.screen(crossing, EPOCH, duration="3h", threshold_km=100.0, out=out)
    [name, *_] = found.closest(1)["OBJECT_NAME_2"].to_pylist()
    shown = text(gpuprop.open_screening(out))
    assert name in shown and "TCA_RANGE" in shown and shown == text(found)
    assert str(found.closest(1)["TCA"][0].as_py())[:19] in shown.replace("T", " ")


def test_shells():
    sats = gpuprop.constellation("starlink-gen1")
    survey = gpuprop.shells(sats)
    assert repr(survey) == (
        "<Survey: 4,408 satellites in 4 shells; 4,408 on station, 0 raising, "
        "0 decaying, 0 drifting>"
    )
    shown = text(survey)
    assert "97.60" in shown and "560.0" in shown and "1,584" in shown and "72" in shown
    part = gpuprop.filling(survey, gpuprop.constellation("guowang"))
    assert repr(part).startswith(
        "<Comparison: 0 of 12,992 satellites (0.0 %) in 7 filed shells; 4 "
    )
    whole = gpuprop.filling(survey, sats)
    assert repr(whole) == (
        "<Comparison: 4,408 of 4,408 satellites (100.0 %) in 4 filed shells; "
        "0 flown shells not filed>"
    )
    assert "100.0" in text(whole) and "0.5 deg, 10 km" in text(whole)


def test_plans_and_reports(tmp_path, propagator):
    assert repr(plan_snapshots(SATS, TIMES)) == (
        "<Plan: 24 satellites at 10 instants, teme, float64, arrow: 240 rows in 1 part, "
        "14.6 kB before compression>"
    )
    report = gpuprop.write_snapshots(tmp_path / "out", propagator, TIMES)
    assert repr(report).startswith(f"<Report '{tmp_path}")
    assert "240 rows in 1 part, " in repr(report) and "numpy" in repr(report)


def test_names_cannot_control_a_terminal_or_a_page(propagator):
    name = '\x1b[31m"<b>\u202e'
    sky = gpuprop.look_angles(propagator.states(TIMES), gpuprop.Site(0.0, 0.0, 0.0, name))
    labels = [name] * len(SATS)
    counts = gpuprop.coverage(propagator, TIMES, "10deg", by=labels)
    for shown in (sky, counts):
        assert repr(shown).isprintable() and r"\x1b[31m" in repr(shown)
        page = shown._repr_html_()
        assert "<b>" not in page and page.isprintable()
    many = gpuprop.coverage(propagator, TIMES, "10deg", by=[f"label {i:03d}" for i in range(24)])
    assert len(repr(many)) < 200 and "label 000, label 001" in repr(many)
