"""Shells found in element sets: those of operators, of patterns with known planes, and how full
they are.
"""

import json
import re

import numpy as np
import pytest
from sgp4.api import WGS72, Satrec

import gpuprop
from gpuprop import Elements, filling, read_elements, shells, walker
from gpuprop.__main__ import main
from gpuprop.catalogs.write import write_elements
from gpuprop.elements.altitudes import ALTITUDE
from gpuprop.filings.survey import STATES
from gpuprop.filings.survey.orbits import orbits_of
from gpuprop.filings.survey.planes import planes_of

ACTIVE = "celestrak_active_2025-04-15.3le"


@pytest.fixture(scope="module")
def active(shared_data):
    return read_elements(shared_data / ACTIVE)


def changed(elements: Elements, **fields) -> Elements:
    return Elements({**elements.fields, **fields})


def scattered(
    elements: Elements, seed: int, km: float = 0.3, deg: float = 0.003, node: float = 0.2
) -> Elements:
    """As kept on station, with normally distributed deviations; and as in a catalogue, which says
    nothing of planes and slots.
    """
    rng = np.random.default_rng(seed)
    n = len(elements)
    motion = elements.fields["MEAN_MOTION"] * (1.0 - 1.5 * rng.normal(0.0, km, n) / 6928.0)
    inclination = elements.fields["INCLINATION"] + rng.normal(0.0, deg, n)
    nodes = (elements.fields["RA_OF_ASC_NODE"] + rng.normal(0.0, node, n)) % 360.0
    unsaid = np.full(n, -1)
    return changed(
        elements,
        MEAN_MOTION=motion,
        INCLINATION=inclination,
        RA_OF_ASC_NODE=nodes,
        plane=unsaid,
        slot=unsaid,
    )


# --- the sky of 2025-04-15 ---


def test_starlinks_shells_are_found(active):
    """53.0, 53.2, 43, 70 and 97.6 deg. FCC 21-48: 550, 540, 570 and 560 km with 72, 72, 36 and 6 +
    4 planes; Gen2: 28 planes at 43 deg.
    """
    found = shells(active.select("STARLINK*"))
    large = {
        round(shell.inclination_deg, 1): shell
        for shell in sorted(found, key=len)
        if len(shell) > 200
    }
    assert set(large) == {43.0, 53.1, 53.2, 70.0, 97.7}  # 53.05, 53.22, 97.65 deg: what flies
    altitudes = {deg: round(shell.altitude_km) for deg, shell in large.items()}
    assert altitudes == {43.0: 558, 53.1: 547, 53.2: 540, 70.0: 573, 97.7: 565}
    axes = {deg: round(shell.semi_major_axis_km - 6378.135, 1) for deg, shell in large.items()}
    # what the operator keeps is the axis
    assert (axes[53.2], axes[70.0], axes[97.7]) == (540.0, 570.0, 560.0)
    planes = {
        deg: (len(shell.planes), round(shell.planes.spacing_deg, 1)) for deg, shell in large.items()
    }
    assert planes[53.1] == planes[53.2] == (72, 5.0)
    assert planes[43.0] == (28, 12.9)  # 360 / 28
    assert planes[97.7] == (5, 60.0)  # one of the six is empty
    assert len(large[53.1]) == 854 and large[53.1].satellites_per_plane == 12.0


def test_raising_and_decaying_satellites_are_apart(active):
    """Independent of the clusters: the rate of altitude by MEAN_MOTION_DOT; and nobody is lost."""
    found = shells(active.select("STARLINK*"))
    rate = found.orbits.altitude_rate
    raising, decaying = found.where("raising"), found.where("decaying")
    assert rate[raising].min() > 0.1 and rate[decaying].max() < -0.1
    assert np.abs(rate[found.where("on station")]).max() <= 1.0
    assert (sum(found.where(name).astype(int) for name in STATES) == 1).all()
    members = np.concatenate([shell.members for shell in found])
    assert (
        np.array_equal(np.sort(members), np.flatnonzero(found.shell_number >= 0))
        and len(members) == found.where("on station").sum()
    )
    between = np.concatenate([each for group in found.between() for each in group.members.values()])
    assert np.array_equal(np.sort(np.concatenate([members, between])), np.arange(7196))
    # those sinking out of the first shell, which SpaceX lowers since 2024, are told apart from
    # those of the second
    family = {
        round(group.inclination_deg, 2): {state: len(each) for state, each in group.members.items()}
        for group in found.between()
    }
    assert (
        family[53.05]["raising"] == 0
        and family[53.05]["decaying"] > 100 > family[53.22]["decaying"]
    )


def test_other_constellations_have_the_planes_they_are_known_for(active):
    """OneWeb: 12 planes at 15.2 deg, 4 km above each other; Iridium: 6 at 31.6 deg; O3b and GEO:
    one.
    """
    oneweb, iridium, o3b = (
        max(shells(active.select(name)), key=len) for name in ("ONEWEB*", "IRIDIUM*", "O3B*")
    )
    assert (len(oneweb.planes), round(oneweb.planes.spacing_deg, 1)) == (12, 15.2)
    assert (len(iridium.planes), round(iridium.planes.spacing_deg, 1), len(iridium)) == (
        6,
        31.6,
        67,
    )
    assert sorted(iridium.planes.satellites.tolist()) == [11, 11, 11, 11, 11, 12]
    assert len(o3b.planes) == 1 and round(o3b.semi_major_axis_km - 6378.135) == 8069
    whole = shells(active)
    belt = min(whole, key=lambda shell: abs(shell.altitude_km - 35_786.0))
    assert len(belt.planes) == 1 and len(belt) > 300


def test_the_order_of_the_satellites_does_not_matter(active):
    starlink = active.select("STARLINK*")
    order = np.random.default_rng(7).permutation(len(starlink))
    straight, shuffled = shells(starlink), shells(starlink[order])
    assert np.array_equal(straight.shell_number[order], shuffled.shell_number) and np.array_equal(
        straight.state[order], shuffled.state
    )
    assert [len(shell.planes) for shell in straight] == [len(shell.planes) for shell in shuffled]


def test_neighbours_do_not_matter(active):
    """Starlink's shells are the same alone and among everybody."""
    alone = shells(active.select("STARLINK*"))
    names = np.array([name.startswith("STARLINK") for name in active.name])
    together = shells(active)
    assert np.array_equal(alone.where("on station"), together.where("on station")[names])


def test_several_sets_of_one_satellite_are_one_satellite(tmp_path, capsys):
    """Two days of a catalogue: the older sets are somewhere else and do not count."""
    new = scattered(walker("53:720/36/1", 550.0, first_id=1), 1)
    old = changed(
        new, EPOCH=new.epoch - np.timedelta64(1, "D"), INCLINATION=new.fields["INCLINATION"] + 1.0
    )
    twice = Elements.concat([old, new])
    (shell,) = survey = shells(twice)
    assert len(shell) == len(survey.elements) == len(survey.shell_number) == 720
    assert survey.elements[shell.members].epoch.tolist() == new.epoch.tolist()
    assert "latest element set of each satellite: 720 of 1,440" in survey.elements.notes
    compared = filling(survey, walker("53:720/36/1", 550.0))
    assert compared.percent == 100.0
    write_elements(twice, tmp_path / "twice.csv")
    assert main(["shells", str(tmp_path / "twice.csv"), "--latest", "--json"]) == 0
    assert capsys.readouterr().out.startswith('{"satellites": 720')
    assert main(["shells", str(tmp_path / "twice.csv"), "--json"]) == 0
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert facts["satellites"] == facts["shells"][0]["satellites"] == 720 and facts[
        "duplicates"
    ] == list(range(1, 721))
    assert (
        "720 catalogue numbers occur more than once, the newest element set of each is kept" in err
    )


# --- patterns ---


@pytest.mark.parametrize(
    ("notation", "altitude", "kind"),
    [
        ("53:1584/72/39", 550.0, "delta"),
        ("86.4:66/6/2", 780.0, "star"),
        ("97.6:348/6/1", 560.0, "delta"),
    ],
)
@pytest.mark.parametrize("scatter", [False, True])
def test_walker_patterns(notation, altitude, kind, scatter):
    elements = walker(notation, altitude, kind=kind)
    inclination, total, planes = (
        float(notation.split(":")[0]),
        *map(int, notation.split(":")[1].split("/")[:2]),
    )
    (shell,) = shells(scattered(elements, 1) if scatter else elements)
    assert (len(shell), len(shell.planes), shell.planes.strays) == (total, planes, 0)
    assert shell.planes.satellites.tolist() == [total // planes] * planes
    assert shell.inclination_deg == pytest.approx(inclination, abs=0.001)
    assert shell.altitude_km == pytest.approx(altitude, abs=0.1)
    assert shell.planes.spacing_deg == pytest.approx(
        (360.0 if kind == "delta" else 180.0) / planes, abs=0.1
    )


def test_shells_a_fifth_of_a_degree_or_ten_km_apart_are_two():
    filed = [("53:720/36/1", 550.0), ("53.2:720/36/1", 550.0), ("53:720/36/1", 560.0)]
    parts = [
        scattered(walker(notation, km, first_id=seed * 1000 + 1), seed)
        for seed, (notation, km) in enumerate(filed)
    ]
    found = shells(Elements.concat(parts))
    assert [
        (round(shell.inclination_deg, 1), round(shell.altitude_km), len(shell)) for shell in found
    ] == [
        (53.0, 550, 720),
        (53.0, 560, 720),
        (53.2, 550, 720),
    ]
    assert found.shell_number.tolist() == [0] * 720 + [2] * 720 + [1] * 720


def test_nodes_of_different_days_are_brought_to_one_epoch():
    """Epochs over three weeks, in which the nodes move by 95 deg: python-sgp4's own rate of the
    node moves them here.
    """
    elements = walker("53:1584/72/39", 550.0, first_id=1)
    satrec = Satrec()
    satrec.sgp4init(
        WGS72,
        "i",
        1,
        20000.0,
        *(0.0,) * 5,
        elements.inclination[0],
        0.0,
        elements.mean_motion[0],
        0.0,
    )
    days = np.random.default_rng(3).uniform(-10.0, 10.0, 1584)
    nodes = elements.fields["RA_OF_ASC_NODE"] + np.degrees(satrec.nodedot) * 1440.0 * days
    epochs = elements.epoch + (days * 86400e9).astype("timedelta64[ns]")
    spread = changed(elements, EPOCH=epochs, RA_OF_ASC_NODE=nodes % 360.0)
    (shell,) = shells(spread)
    assert (len(shell.planes), round(shell.planes.spacing_deg, 3)) == (72, 5.0)
    # as they stand, they run into each other
    assert len(planes_of(spread.fields["RA_OF_ASC_NODE"], 53.0)) < 72


def test_the_axis_is_python_sgp4s(active):
    """Kozai's mean motion to Brouwer's semi-major axis, near Earth and in deep space."""
    some = active[:: len(active) // 200]
    theirs = np.array([satrec.a * 6378.135 for satrec in some.to_satrecs()])
    assert np.allclose(orbits_of(some).semi_major_axis, theirs, rtol=0, atol=1e-6)


def test_altitudes_are_those_of_conditions_and_filings(active):
    """One definition: what `shells` calls the altitude is what --where selects by and what a filing
    states.
    """
    starlink = active.select("STARLINK*")
    for shell in shells(starlink):
        low, high = shell.altitudes_km
        assert len(starlink[shell.members].where(f"{low} <= altitude_km <= {high}")) == len(shell)
    for filed in gpuprop.constellations()["starlink-gen1"].shells:
        (found,) = shells(filed.elements())
        assert found.altitude_km == pytest.approx(filed.altitude_km, abs=0.001)


def test_passing_satellites_and_leftovers_are_in_no_shell():
    shell = walker("53:720/36/1", 550.0, first_id=1)
    # 9 km a day
    raising = changed(
        shell[:50], NORAD_CAT_ID=np.arange(8000, 8050), MEAN_MOTION_DOT=np.full(50, -0.005)
    )
    low = walker("53:7/7/1", 500.0, first_id=5000)
    elliptic = changed(walker("53:20/1/0", 550.0, first_id=6000), ECCENTRICITY=np.full(20, 0.02))
    found = shells(Elements.concat([shell, raising, low, elliptic]))
    assert len(found) == 1 and np.array_equal(found[0].members, np.arange(720))
    assert found.where("raising").nonzero()[0].tolist() == list(range(720, 770))
    assert found.where("drifting").nonzero()[0].tolist() == list(range(770, 797))


def test_nothing_and_what_is_no_orbit():
    empty = shells(walker("53:24/3/1", 550.0)[:0])
    assert (len(empty), empty.between(), list(empty)) == (0, (), [])
    broken = walker("53:24/3/1", 550.0)
    fields = changed(
        broken, MEAN_MOTION=np.where(np.arange(24) < 12, -1.0, broken.fields["MEAN_MOTION"])
    )
    found = shells(fields)
    assert [len(shell) for shell in found] == [12]
    with pytest.raises(ValueError, match="'falling' is not one of on station, raising"):
        found.where("falling")


# --- planes ---


def nodes(*planes: tuple[float, int], scatter: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(11)
    return np.concatenate([rng.normal(node, scatter, count) for node, count in planes]) % 360.0


def test_planes_across_the_zero_and_gaps():
    planes = planes_of(nodes(*((node, 20) for node in (0.0, 5.0, 10.0, 120.0, 355.0))), 53.0)
    assert planes.satellites.tolist() == [20] * 5
    assert np.allclose(
        np.sort((planes.node + 90.0) % 360.0), [85.0, 90.0, 95.0, 100.0, 210.0], atol=0.1
    )
    assert planes.spacing_deg == pytest.approx(5.0, abs=0.1) and not planes.double.any()


def test_double_planes_are_one_and_strays_none():
    pairs = [
        (12.86 * k + half, 20) for k in range(28) for half in ((0.0, 2.2) if k % 2 else (0.0,))
    ]
    planes = planes_of(nodes(*pairs, (7.0, 1), (20.0, 2)), 53.16)
    assert (len(planes), int(planes.double.sum()), planes.strays) == (28, 14, 3)
    assert planes.satellites.tolist() == [20 + 20 * (k % 2) for k in range(28)]


def test_planes_of_a_star_are_not_pairs():
    """The seam of 192 deg between counter-rotating planes is no pattern."""
    planes = planes_of(nodes(*((15.2 * k, 49) for k in range(12))), 87.9)
    assert (len(planes), planes.double.any()) == (12, False)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_satellites(count):
    planes = planes_of(np.arange(count) * 90.0, 53.0)
    assert (len(planes), planes.strays) == (count, 0)
    assert np.isnan(planes.spacing_deg) == (count < 2)


def test_the_equator_has_one_plane():
    assert len(planes_of(np.arange(0.0, 360.0, 10.0), 0.05)) == 1


# --- against a filing ---


def test_a_filing_fills_itself():
    for name in ("starlink-gen1", "kuiper", "guowang"):
        filed = gpuprop.constellation(name)
        comparison = filling(shells(filed), filed)
        assert (
            comparison.satellites_filed == comparison.satellites_flown == len(filed)
            and comparison.outside == ()
        )
        assert all(
            len(each.planes) == len(each.filed.planes) and each.percent == 100.0 and each.near == 0
            for each in comparison.fillings
        )


def test_starlink_against_its_filing(active):
    """FCC 21-48: 1,584 and 1,584 in 72 planes, 720 in 36, 348 in 6 and 172 in 4. The counts flown
    are those of the shells.
    """
    survey = shells(active.select("STARLINK*"))
    comparison = filling(survey, gpuprop.constellation("starlink-gen1"))
    rows = {round(each.filed.inclination_deg, 1): each for each in comparison.fillings}
    assert {deg: (len(each.filed), len(each.filed.planes)) for deg, each in rows.items()} == {
        53.0: (1584, 72),
        53.2: (1584, 72),
        70.0: (720, 36),
        97.6: (520, 10),
    }
    assert {deg: each.altitude_km for deg, each in rows.items()} == pytest.approx(
        {53.0: 550, 53.2: 540, 70.0: 570, 97.6: 560}, abs=0.01
    )
    assert len(rows[53.2].members) == 1418 and len(rows[53.2].planes) == 72
    assert all(
        round(shell.inclination_deg, 1) == 43.0
        for shell in comparison.outside
        if shell.inclination_deg < 50.0
    )
    taken = np.concatenate([each.members for each in comparison.fillings])
    assert len(np.unique(taken)) == len(taken) == comparison.satellites_flown
    outside = np.concatenate([shell.members for shell in comparison.outside])
    assert len(taken) + len(outside) == survey.where("on station").sum()


def test_guowangs_flown_shell_is_in_no_filing(active):
    survey = shells(active.select("HULIANWANG*"))
    as_filed, as_flown = (
        filling(survey, gpuprop.constellation(name)) for name in ("guowang", "guowang-flown")
    )
    assert (as_filed.satellites_filed, as_filed.satellites_flown, len(as_filed.outside)) == (
        12_992,
        0,
        1,
    )
    assert as_flown.satellites_flown == 10 and as_flown.outside == ()


def test_the_report_names_the_better_preset_for_qianfan_and_the_tolerance(shared_data, capsys):
    """None of 90 satellites is at the planned 1,160 km: the report must also say which preset
    matches.
    """
    asked = ["shells", str(shared_data / ACTIVE), "--select", "@qianfan", "--against", "qianfan"]
    assert main(asked) == 0
    text = capsys.readouterr().out
    assert "matched within 0.5 deg and 10 km (--tolerance-deg, --tolerance-km)" in text
    assert (
        "other known constellations: qianfan-flown (31 satellites on station); compare with "
        "--against qianfan-flown" in text
    )
    assert main([*asked, "--json"]) == 0
    against = json.loads(capsys.readouterr().out)["against"]
    assert (against["flown"], against["others"]) == (
        0,
        [{"name": "qianfan-flown", "satellites": 31}],
    )
    assert main([*asked[:-1], "qianfan-flown", "--json"]) == 0
    against = json.loads(capsys.readouterr().out)["against"]
    assert (against["flown"], against["others"]) == (31, [])


def test_every_table_and_help_text_defines_the_altitude(shared_data, capsys):
    """In the table, in the help of --where and of shells, and the same for a filing with numbers of
    its own choice.
    """
    assert main(["shells", "starlink-g1-s4", "--against", "starlink-g1-s4"]) == 0
    assert f"altitude in km: {ALTITUDE}" in capsys.readouterr().out
    for command in ("shells", "propagate", "info", "export"):
        assert main([command, "--help"]) == 0
        # whatever lines and boxes they stand in
        words = re.findall(r"\w+", capsys.readouterr().out)
        assert " ".join(re.findall(r"\w+", ALTITUDE)) in " ".join(words)
    filed = gpuprop.constellation("starlink-g1-s4", first_id=1)
    (filled,) = filling(shells(filed), filed).fillings
    assert (filled.percent, filled.altitude_km) == (100.0, pytest.approx(560.0, abs=0.001))


def test_a_catalogue_against_a_catalogue(active):
    oneweb = active.select("ONEWEB*")
    comparison = filling(shells(oneweb[::2]), oneweb)
    assert [round(each.percent) for each in comparison.fillings] == [50]


def test_tolerances():
    flown, filed = shells(walker("53.3:240/24/1", 555.0)), walker("53:720/36/1", 550.0)
    assert filling(flown, filed).satellites_flown == 240
    assert filling(flown, filed, tolerance_deg=0.2).satellites_flown == 0
    assert filling(flown, filed, tolerance_km=4.0).satellites_flown == 0
    with pytest.raises(ValueError, match="match nothing"):
        filling(flown, filed, tolerance_km=0.0)
    with pytest.raises(ValueError, match="no satellites"):
        filling(flown, filed[:0])


# --- the command ---


def test_the_command_prints_tables_and_json(shared_data, capsys):
    arguments = [
        "shells",
        str(shared_data / ACTIVE),
        "--select",
        "STARLINK*",
        "--against",
        "starlink-gen1",
    ]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    for fact in (
        "7,196 satellites",
        "on station",
        "53.22     539.6",
        "in shells that are not filed",
        "matched within 0.5 deg and 10 km",
    ):
        assert fact in text
    assert "…" not in text
    assert main([*arguments, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert sum(len(shell["sat_ids"]) for shell in facts["shells"]) == facts["states"]["on station"]
    assert sum(facts["states"].values()) == 7196 and facts["against"]["filed"] == 4408
    assert {
        shell["planes"]["planes"] for shell in facts["shells"] if shell["satellites"] > 1400
    } == {72}


def test_the_command_takes_any_source(tmp_path, capsys):
    assert (
        main(
            [
                "shells",
                "walker:53:1584/72/39@550",
                "--against",
                "walker:53:3168/72/39@552",
                "--json",
            ]
        )
        == 0
    )
    printed = capsys.readouterr()
    against = json.loads(printed.out)["against"]
    assert (against["percent"], against["shells"][0]["planes_flown"]) == (50.0, 72)
    assert "satellites of every operator in a filed orbit count" in printed.err
    assert main(["shells", "walker:53:4/2/1@550"]) == 0
    assert "no shell" in capsys.readouterr().out
    for wrong in (
        ["shells"],
        ["shells", "walker:53:24/3/1@550", "--against", "starlynk"],
        ["shells", "walker:53:24/3/1@550", "--where", "x >"],
    ):
        assert main(wrong) == 2
    assert (
        main(["shells", "walker:53:24/3/1@550", "--against", "iridium", "--tolerance-km", "-1"])
        == 2
    )
