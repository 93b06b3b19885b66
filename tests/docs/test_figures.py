"""Tables and sentences of README and docs/ are those of bench/results, and smaller measurements
agree with them.
"""

import json
import math

import numpy as np
import pytest
from documents import PAGES, flowing
from project import ROOT
from walker_samples import mean_radius, satrec

from gpuprop import walker
from gpuprop.catalogs.celestrak import INTERVAL_S
from gpuprop.catalogs.http import DEADLINE_S
from gpuprop.dataset.shards import MOST_PARTS
from gpuprop.elements.sets import Elements
from gpuprop.engine.numpy import WORTH_WORKERS
from gpuprop.filings.presets import brouwer_mean_motion, mean_motion_at
from gpuprop.frames import earth_orientation
from gpuprop.sgp4.gravity import GRAVITY
from gpuprop.snapshots.layout import PART_BYTES
from gpuprop.time.times import as_times

README, ACCURACY, FRAMES, FILES, LONG_JOBS, CONSTELLATIONS, ENGINES = (
    flowing(PAGES[name])
    for name in (
        "README.md",
        "docs/measured/accuracy.md",
        "docs/guides/frames_and_time.md",
        "docs/guides/files.md",
        "docs/guides/long_jobs.md",
        "docs/guides/constellations.md",
        "docs/guides/engines.md",
    )
)
EARTH = 6378.135  # km


def results(name):
    """Committed figures that a page names."""
    path = f"bench/results/{name}"
    assert any(path in text for text in PAGES.values())
    return json.loads((ROOT / path).read_text())["results"]


def tables():
    import accuracy
    import frames_accuracy
    import mistakes

    figures = results("mistakes-2026-11-28.json")
    return {
        "accuracy": accuracy.table(results("accuracy-2026-11-28.json")["catalogues"]),
        "mistakes": mistakes.table(figures["mistakes"]),
        "float32": mistakes.float32_table(figures["float32"]),
        "frames": frames_accuracy.table(results("frames-accuracy-2026-11-28.json")),
    }


@pytest.mark.parametrize(
    ("name", "rows", "page"),
    [
        ("accuracy", 4, "docs/measured/accuracy.md"),
        ("mistakes", 10, "README.md"),
        ("float32", 3, "docs/guides/files.md"),
        ("frames", 6, "docs/measured/accuracy.md"),
    ],
)
def test_tables_are_what_was_measured(name, rows, page):
    lines = tables()[name]
    assert len(lines) == rows
    assert "\n" + "\n".join(lines) + "\n" in PAGES[page]


def test_sentences_are_what_was_measured():
    catalogues = results("accuracy-2026-11-28.json")["catalogues"]
    for days, in_words in ((7.0, "a week"), (30.0, "thirty days")):
        rows = [row for row in catalogues if row["span_days"] == days]
        assert f"over {sum(row['satellites'] for row in rows):,} element sets" in ACCURACY
        assert f"{sum(row['satellites_lost'] for row in rows):,} sets ({in_words})" in ACCURACY
        assert not any(row["wrong_errors"] or row["invented_errors"] for row in rows)
    largest = max(row["good"]["largest"]["km"] for row in catalogues if row["span_days"] == 7.0)
    assert f"{largest * 1e6:.2f} mm at most, until SGP4 itself reports an error" in README
    earth = results("mistakes-2026-11-28.json")["mistakes"]
    assert (
        f"{earth['frame_bias_mas']:.0f} milliarcseconds ({earth['frame_bias_m']:.1f} m at 550 km)"
        in FRAMES
    )


def test_mistakes_cost_what_is_told():
    """Newer tables of the IERS may move the predicted part of 2026 by metres on the ground."""
    import mistakes

    told = results("mistakes-2026-11-28.json")["mistakes"]
    found = mistakes.mistakes()
    assert found.keys() == told.keys()
    for name, value in told.items():
        assert found[name] == pytest.approx(value, rel=0.05 if name == "ut1_2026_m" else 0.002), (
            name
        )
    with pytest.raises(
        TypeError,
        match=(
            f"off by hours, a float64 Julian date by up to {found['julian_date_cm']:.0f} cm at "
            "orbital speed"
        ),
    ):
        as_times(2461041.5)


def test_float32_loses_what_is_told(shared_data):
    import mistakes

    for found, told in zip(
        mistakes.float32(), results("mistakes-2026-11-28.json")["float32"], strict=True
    ):
        assert found["states"] == told["states"]
        assert found["orbit"] == told["orbit"]
        for name in (
            "axis_m",
            "position_m",
            "axis_mm_s",
            "latitude_deg",
            "longitude_deg",
            "height_m",
        ):
            assert found[name] == pytest.approx(told[name], rel=1e-6), name


def test_frames_are_as_close_as_told():
    import frames_accuracy

    found, told = frames_accuracy.frames(60), results("frames-accuracy-2026-11-28.json")["frames"]
    for mine, row in zip(found, told, strict=True):
        assert {
            name: mine[name] for name in ("frame", "witness", "orbit", "years")
        }.items() <= row.items()
        locator = (row["frame"], row["witness"]) in {("itrs", "Skyfield"), ("gcrs", "astropy")}
        assert mine["mm"] < max(1.05 * row["mm"], row["tio_locator_mm"]) + 0.002
        # that it is s' which differs
        assert not locator or mine["mm"] > 0.5 * mine["tio_locator_mm"]
        assert row["frame"] != "itrs" or row["witness"] != "astropy" or mine["mm"] < 0.003


def test_look_angles_are_as_close_as_told():
    """The same Earth orientation is what makes them so: Skyfield's own is tens of metres away."""
    import frames_accuracy

    for row in frames_accuracy.skies(40):
        if row["same_orientation"]:
            assert row["sky_deg"] < 1e-7 and row["range_m"] < 1e-3
        else:
            assert row["range_m"] > 10.0


def test_geodetic_coordinates_are_exact():
    """Against long double, not against ERFA, whose way back is 2e-11 rad off at the distance of
    GPS.
    """
    import frames_accuracy

    rows = frames_accuracy.places(4_000)
    if not rows:
        pytest.skip("long double is no wider than double here")
    assert "3e-13 rad and a micrometre of exact ones" in ACCURACY
    assert [rows[0]["height_km"], rows[-1]["height_km"]] == [-100.0, 400_000.0]
    for row in rows:
        assert (
            row["gpuprop_latitude_rad"] < 3e-13
            and row["gpuprop_longitude_rad"] < 1e-15
            and row["gpuprop_height_mm"] < 1e-3
        )
    assert max(row["erfa_latitude_rad"] for row in rows) > 1e-11


@pytest.mark.slow
def test_where_sgp4_divides_by_nothing(installed_engine):
    import accuracy

    found = {
        (row["regime"], row["inclination_deg"]): row["largest_km"]
        for row in accuracy.near_180(installed_engine)
    }
    for regime, least, most in (("near Earth", 1e-5, 1e-2), ("deep space", 1.0, 100.0)):
        assert (
            least
            < max(found[regime, inclination] for inclination in (180.0, 179.9999, 179.99))
            < most
        )
        assert found[regime, 179.0] < 1e-7 and found[regime, 170.0] < 1e-7


def test_constants_are_those_told():
    assert (
        f"A directory holds at most {MOST_PARTS:,} parts, {MOST_PARTS * PART_BYTES / 1e12:.0f} TB"
        in LONG_JOBS
    )
    assert WORTH_WORKERS == 4_000_000 and "for jobs of more than four million states" in ENGINES
    assert INTERVAL_S == 7200.0 and "at most one request in two hours for a group" in CONSTELLATIONS
    assert DEADLINE_S == 900.0 and "A download ends within 15 minutes" in CONSTELLATIONS


# --- figures of docstrings ---
def test_what_keplers_law_and_brouwers_axis_cost():
    """Docstrings of filings.altitude and apsides: from 200 to 2,000 km, over the equator and near
    the poles.
    """
    model = GRAVITY["wgs72"]

    def off(altitude_km, inclination_deg):
        kozai = mean_motion_at(altitude_km, inclination_deg, model) * 2.0 * math.pi / 1440.0
        brouwer = brouwer_mean_motion(
            kozai, 3.0 * math.cos(math.radians(inclination_deg)) ** 2 - 1.0, model
        )
        return [
            (model.xke / n) ** (2.0 / 3.0) * model.radius - model.radius - altitude_km
            for n in (kozai, brouwer)
        ]

    for inclinations, told in (((0.0, 180.0), (3.3, 10.0)), ((80.0, 90.0, 100.0), (1.7, 5.0))):
        found = np.abs(
            [
                off(altitude, inclination)
                for altitude in np.arange(200.0, 2001.0, 50.0)
                for inclination in inclinations
            ]
        )
        assert found.max(axis=0).round(1).tolist() == list(told)


@pytest.mark.parametrize(
    ("eccentricity", "altitude_km", "told_km"),
    [(0.0004, 550.0, 5e-3), (0.02, 700.0, 0.25), (0.3, 6_000.0, 3.7)],
)
def test_mean_radius_of_ellipses(eccentricity, altitude_km, told_km):
    off = []
    for argp in (0.0, 90.0, 180.0, 270.0):
        for inclination in (53.0, 90.0):
            motion = mean_motion_at(altitude_km, inclination, GRAVITY["wgs72"], eccentricity)
            fields = dict(walker(f"{inclination}:1/1/0", altitude_km).fields)
            fields |= dict(
                ECCENTRICITY=np.array([eccentricity]),
                ARG_OF_PERICENTER=np.array([argp]),
                MEAN_MOTION=np.array([motion]),
            )
            axis = EARTH + altitude_km
            off.append(
                abs(
                    mean_radius(satrec(Elements(fields), 0, "wgs72"), 15)
                    - axis * (1.0 + 0.5 * eccentricity**2)
                )
            )
    assert 0.8 * told_km < max(off) < told_km


def test_the_order_of_the_rotations_of_polar_motion():
    """Docstring of rotations: R1 R2 and R2 R1 differ by xp yp."""
    table = earth_orientation()
    assert 2e-12 < np.abs(table.xp * table.yp).max() < 3.1e-12
