"""Walker patterns and filed shells: their geometry, and the altitude of the orbit that SGP4
propagates.
"""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from walker_samples import mean_radius, satrec, shell_of, wrapped

from gpuprop.elements.sets import Elements
from gpuprop.filings.presets import (
    Shell,
    brouwer_mean_motion,
    constellations,
    is_walker_source,
    mean_motion_at,
    parse_walker_source,
    walker,
)
from gpuprop.sgp4.gravity import GRAVITY, gravity_model

GEN1 = {shell.id: shell for shell in constellations()["starlink-gen1"].shells}


# --- altitude ---


@pytest.mark.parametrize("gravity", GRAVITY)
@pytest.mark.parametrize("altitude_km", [340.0, 550.0, 780.0, 1200.0, 2000.0, 5000.0])
@pytest.mark.parametrize(
    "inclination_deg", [0.0, 30.0, 53.0, 63.4349, 70.0, 90.0, 97.6, 148.0, 180.0]
)
def test_the_propagated_orbit_has_the_altitude_asked_for(
    altitude_km: float, inclination_deg: float, gravity: str
) -> None:
    sats = walker(f"{inclination_deg}:6/2/1", altitude_km, gravity=gravity)
    for i in (0, 4):
        error_km = (
            mean_radius(satrec(sats, i, gravity), 5) - gravity_model(gravity).radius - altitude_km
        )
        assert abs(error_km) < 0.1e-3  # 10 cm; two short of it are what is found


@pytest.mark.parametrize("shell", GEN1.values(), ids=GEN1)
def test_starlink_altitudes(shell: Shell) -> None:
    sats = shell.elements()
    for i in range(0, len(sats), 97):
        assert (
            abs(mean_radius(satrec(sats, i, "wgs72"), 15) - 6378.135 - shell.altitude_km) < 0.1e-3
        )


@pytest.mark.parametrize(
    ("altitude_km", "inclination_deg", "bound_km"),
    [(8000.0, 53.0, 0.003), (20200.0, 55.0, 0.003), (35786.0, 5.0, 0.3)],
)
def test_deep_space_altitudes_but_for_sun_moon_and_resonance(
    altitude_km: float, inclination_deg: float, bound_km: float
) -> None:
    sats = walker(f"{inclination_deg}:4/4/1", altitude_km)
    for i in range(4):
        one = satrec(sats, i, "wgs72")
        assert one.method == "d"
        assert abs(mean_radius(one, 10) - 6378.135 - altitude_km) < bound_km


def test_mean_motion_is_a_fixed_point_of_sgp4s_own_initialisation() -> None:
    """Ours and python-sgp4's step from Kozai to Brouwer agree, and the semi-major axis they lead to
    is the one solved for.
    """
    for shell in GEN1.values():
        one = satrec(shell.elements(), 0, "wgs72")
        con41 = 3.0 * math.cos(one.inclo) ** 2 - 1.0
        no_unkozai = brouwer_mean_motion(one.no_kozai, con41, GRAVITY["wgs72"])
        assert (GRAVITY["wgs72"].xke / no_unkozai) ** (2.0 / 3.0) == pytest.approx(one.a, rel=1e-15)
        e2 = (0.5 * one.j3oj2 * math.sin(one.inclo) / one.a) ** 2
        factor = 1.0 - 0.75 * one.j2 / (one.a * (1.0 - e2)) ** 2 * math.sqrt(1.0 - e2) * con41
        assert one.a * (1.0 + 0.5 * e2) * factor * 6378.135 - 6378.135 == pytest.approx(
            shell.altitude_km, abs=1e-9
        )


@given(st.floats(200.0, 40000.0), st.floats(0.0, 180.0), st.floats(0.1, 100.0))
def test_higher_is_slower_and_retrograde_mirrors(
    altitude_km: float, inclination_deg: float, more_km: float
) -> None:
    model = GRAVITY["wgs72"]
    motion = mean_motion_at(altitude_km, inclination_deg, model)
    assert mean_motion_at(altitude_km + more_km, inclination_deg, model) < motion
    assert mean_motion_at(altitude_km, 180.0 - inclination_deg, model) == pytest.approx(
        motion, rel=1e-13
    )


# --- geometry ---


def directions(sats: Elements) -> npt.NDArray[np.float64]:
    """Unit vectors at the epoch of circular two-body orbits, (n, 3)."""
    u, node, i = sats.mean_anomaly, sats.raan, sats.inclination
    x = np.cos(u) * np.cos(node) - np.sin(u) * np.cos(i) * np.sin(node)
    y = np.cos(u) * np.sin(node) + np.sin(u) * np.cos(i) * np.cos(node)
    return np.stack([x, y, np.sin(u) * np.sin(i)], axis=1)


@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.data(),
    st.sampled_from(["delta", "star"]),
    st.floats(-720.0, 720.0),
    st.floats(-720.0, 720.0),
)
def test_planes_and_phases(
    planes: int, per_plane: int, data: st.DataObject, kind: str, raan0: float, phase0: float
) -> None:
    phasing = data.draw(st.integers(0, planes - 1))
    total = planes * per_plane
    sats = walker(
        f"60:{total}/{planes}/{phasing}",
        1000.0,
        kind=kind,
        raan0_deg=raan0,
        phase0_deg=phase0,
        first_id=7,
    )
    raan = sats.fields["RA_OF_ASC_NODE"].reshape(planes, per_plane)
    anomaly = sats.fields["MEAN_ANOMALY"].reshape(planes, per_plane)
    for angles in (raan, anomaly):
        assert ((angles >= 0.0) & (angles <= 360.0)).all()
    spread = {"delta": 360.0, "star": 180.0}[kind]
    np.testing.assert_allclose(wrapped(np.diff(raan, axis=0) - spread / planes), 0.0, atol=1e-9)
    np.testing.assert_allclose(np.ptp(raan, axis=1), 0.0)
    np.testing.assert_allclose(
        wrapped(np.diff(anomaly, axis=1) - 360.0 / per_plane), 0.0, atol=1e-9
    )
    np.testing.assert_allclose(
        wrapped(np.diff(anomaly, axis=0) - 360.0 * phasing / total), 0.0, atol=1e-9
    )
    np.testing.assert_allclose(
        wrapped([raan[0, 0] - raan0, anomaly[0, 0] - phase0]), 0.0, atol=1e-9
    )
    assert sats.sat_id.tolist() == list(range(7, 7 + total))
    assert len(set(sats.name)) == total


@given(st.integers(2, 8), st.integers(1, 8), st.data())
def test_a_delta_pattern_looks_alike_from_every_plane(
    planes: int, per_plane: int, data: st.DataObject
) -> None:
    """Turned by one plane, and by F slots along the orbits, a Walker delta is the same set of
    places: its last plane meets its first.
    """
    phasing = data.draw(st.integers(0, planes - 1))
    sats = walker(f"60:{planes * per_plane}/{planes}/{phasing}", 1000.0)
    fields = dict(sats.fields)
    fields["RA_OF_ASC_NODE"] = fields["RA_OF_ASC_NODE"] + 360.0 / planes
    fields["MEAN_ANOMALY"] = fields["MEAN_ANOMALY"] + 360.0 * phasing / (planes * per_plane)
    here, turned = directions(sats), directions(Elements(fields))
    distance = np.linalg.norm(here[:, None] - turned[None], axis=2)
    assert distance.min(axis=0).max() < 1e-12
    assert distance.min(axis=1).max() < 1e-12


def test_a_shell_says_what_differs_from_plane_to_plane() -> None:
    shell = shell_of(
        sats_per_plane=[4, 4, 3],
        raan0_deg=10.0,
        raan_deg=[0, 5, 7, 90, 200, 355],
        phase_deg=[0, 20],
        phase0_deg=1.0,
    )
    sats = shell.elements(name="X")
    assert shell.total == len(sats) == 22 and shell.counts.tolist() == [4, 4, 3, 4, 4, 3]
    first = [sats.name.tolist().index(f"X P{plane:02d} S01") for plane in range(1, 7)]
    assert first == [0, 4, 8, 11, 15, 19]
    assert sats.fields["RA_OF_ASC_NODE"][first].tolist() == [10.0, 15.0, 17.0, 100.0, 210.0, 5.0]
    assert sats.fields["MEAN_ANOMALY"][first].tolist() == [1.0, 21.0, 1.0, 21.0, 1.0, 21.0]
    np.testing.assert_allclose(sats.fields["MEAN_ANOMALY"][8:11], [1.0, 121.0, 241.0])
    assert sats.name[21] == "X P06 S03" and (sats.plane[21], sats.slot[21]) == (5, 2)


@pytest.mark.parametrize(("argp_deg", "bound_m"), [(0.0, 5.0), (90.0, 5.0), (213.0, 5.0)])
def test_an_ellipse_has_its_apogee_and_perigee(argp_deg: float, bound_m: float) -> None:
    shell = shell_of(
        altitude_km=math.nan,
        apogee_km=690.0,
        perigee_km=685.0,
        argp_deg=argp_deg,
        inclination_deg=53.0,
    )
    sats = shell.elements()
    a = 6378.135 + 687.5
    assert shell.altitude_km == 687.5
    assert a * (1 + shell.eccentricity) - 6378.135 == pytest.approx(690.0, abs=1e-9)
    assert a * (1 - shell.eccentricity) - 6378.135 == pytest.approx(685.0, abs=1e-9)
    assert (sats.eccentricity == shell.eccentricity).all() and (
        sats.fields["ARG_OF_PERICENTER"] == argp_deg
    ).all()
    latitude = sats.fields["ARG_OF_PERICENTER"] + sats.fields["MEAN_ANOMALY"]
    np.testing.assert_allclose(
        wrapped(latitude - shell_of(inclination_deg=53.0).elements().fields["MEAN_ANOMALY"]),
        0.0,
        atol=1e-9,
    )
    assert (
        abs(mean_radius(satrec(sats, 0, "wgs72"), 20) - a * (1 + shell.eccentricity**2 / 2))
        < bound_m / 1000.0
    )


def test_iridium_is_a_star() -> None:
    sats = walker("86.4:66/6/2", 780.0, kind="star")
    assert np.unique(sats.fields["RA_OF_ASC_NODE"]).tolist() == [
        0.0,
        30.0,
        60.0,
        90.0,
        120.0,
        150.0,
    ]


def test_what_a_walker_satellite_is() -> None:
    sats = walker(
        " 53 : 1584 / 72 / 39 ", altitude_km=550.0, epoch="2026-11-22T01:02:03.000000004Z"
    )
    assert len(sats) == 1584
    assert (sats.sat_id[0], sats.sat_id[-1]) == (1_000_000_000, 1_000_001_583)
    assert (sats.name[0], sats.name[22], sats.name[-1]) == (
        "WALKER P01 S01",
        "WALKER P02 S01",
        "WALKER P72 S22",
    )
    assert (sats.epoch == np.datetime64("2026-11-22T01:02:03.000000004")).all()
    for zero in (sats.eccentricity, sats.argp, sats.bstar, sats.fields["MEAN_MOTION_DOT"]):
        assert not zero.any()
    assert (sats.fields["INCLINATION"] == 53.0).all()
    assert sats.fields["MEAN_ANOMALY"][22] == pytest.approx(39 * 360 / 1584, rel=1e-15)
    assert (
        "altitude" in sats.notes[1]
        and "wgs72" in sats.notes[1]
        and "confidence assumed" in sats.notes[0]
    )


@pytest.mark.parametrize(
    ("notation", "options", "reason"),
    [
        ("53:1584/72", {}, "cannot read Walker '53:1584/72'.*53:1584/72/39"),
        ("53:1584/72/3.5", {}, "F is a whole number"),
        ("x:1584/72/39", {}, "cannot read"),
        ("53:1584/71/39", {}, "1584 satellites cannot be shared out evenly among 71 planes"),
        ("53:0/1/0", {}, "0 satellites"),
        ("53:10/0/0", {}, "0 planes"),
        ("53:1584/72/72", {}, "F = 72 must be from 0 to 71"),
        ("181:10/2/0", {}, "inclination 181"),
        ("-1:10/2/0", {}, "inclination -1"),
        ("53:10/2/0", {"altitude_km": 0.0}, "altitude 0.0 km must be positive"),
        ("53:10/2/0", {"altitude_km": math.nan}, "altitude nan"),
        ("53:10/2/0", {"kind": "rosette"}, "'rosette' is not known: delta.*star"),
        ("53:10/2/0", {"raan0_deg": math.inf}, "not finite"),
        ("53:10/2/0", {"first_id": 2**31 - 9}, "10 satellites numbered from 2147483639"),
        ("53:10/2/0", {"first_id": 0}, "numbered from 0"),
        ("53:10/2/0", {"gravity": "egm96"}, "egm96"),
        ("53:10/2/0", {"epoch": "soon"}, "cannot read 'soon'"),
    ],
)
def test_walker_errors_say_what_is_wrong(
    notation: str, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        walker(notation, **{"altitude_km": 550.0, **options})  # type: ignore[arg-type]


def test_the_last_catalogue_number_can_be_used() -> None:
    assert walker("53:10/2/0", 550.0, first_id=2**31 - 10).sat_id[-1] == 2**31 - 1


def test_a_shell_needs_one_of_each() -> None:
    pattern = {
        "id": "a",
        "altitude_km": 500.0,
        "inclination_deg": 50.0,
        "planes": 2,
        "sats_per_plane": 3,
    }
    with pytest.raises(
        ValueError, match=r"'a'.*exactly one of raan_spread_deg, raan_step_deg and raan_deg"
    ):
        Shell(**pattern, phasing=0)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match="phase_step_deg and phase_deg, not phasing and phase_step_deg"
    ):
        Shell(**pattern, raan_step_deg=1.0, phasing=0, phase_step_deg=0.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="status 'dreamt'"):
        Shell(**pattern, raan_step_deg=1.0, phasing=0, status="dreamt")  # type: ignore[arg-type]
    for key, value, reason in (
        ("raan_deg", [1.0, 2.0, 3.0], "3 nodes for 2 planes"),
        (
            "phase_deg",
            [0.0, 1.0, 2.0],
            "phase_deg has 3 entries, which cannot repeat evenly over 2 planes",
        ),
        ("sats_per_plane", [1, 2, 3], "sats_per_plane has 3 entries"),
        ("sats_per_plane", [3, 0], "hold none"),
        ("sats_per_plane", 6_000_000, "hold more than 10,000,000"),
        ("apogee_km", 700.0, "give both"),
        ("assumed", ["colour"], "assumed names colour"),
        ("confidence", "high", "confidence 'high'"),
    ):
        with pytest.raises(ValueError, match=reason):
            shell_of(**{"planes": 2, key: value})
    with pytest.raises(ValueError, match="not half way"):
        shell_of(apogee_km=700.0, perigee_km=600.0)
    with pytest.raises(ValueError, match="perigee_km = 700"):
        shell_of(altitude_km=math.nan, apogee_km=600.0, perigee_km=700.0)
    assumed = Shell(**pattern, raan_step_deg=1.0, phasing=0, assumed=["altitude_km"])  # type: ignore[arg-type]
    assert "assumed, no source states it: altitude_km" in assumed.elements().notes[0]


# --- command line ---
def test_walker_sources() -> None:
    delta = parse_walker_source("walker:53:1584/72/39@550")
    same = walker("53:1584/72/39", 550.0, name="WALKER:53:1584/72/39@550")
    assert all(np.array_equal(delta.fields[name], same.fields[name]) for name in same.fields)
    star = parse_walker_source(
        "Walker-Star:86.4:66/6/2@780.5km", first_id=2_000_000_000, epoch="2026-11-22"
    )
    assert star.fields["RA_OF_ASC_NODE"].max() == 150.0
    assert star.sat_id[0] == 2_000_000_000 and star.epoch[0] == np.datetime64("2026-11-22")
    assert star.fields["MEAN_MOTION"][0] == mean_motion_at(780.5, 86.4, GRAVITY["wgs72"])
    assert len(set(Elements.concat([delta, star]).name)) == 1650
    assert is_walker_source("walker:anything") and is_walker_source("WALKER-STAR:x")
    assert not is_walker_source("walker.csv") and not is_walker_source("starlink-gen1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("walker:53:1584/72/39", "@ALTITUDE"),
        ("walker:53:1584/72/39@", "@ALTITUDE"),
        ("walker:53:1584/72/39@high", "@ALTITUDE"),
        ("walker:1584/72/39@550", "cannot read Walker '1584/72/39'"),
        ("walker-polar:53:1584/72/39@550", "'polar' is not known"),
    ],
)
def test_unreadable_walker_sources_say_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_walker_source(text)
