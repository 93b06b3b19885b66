"""Satellites selected by name, operator and condition: counts in real catalogs, and errors."""

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import element_sets

from gpuprop import (
    Elements,
    Propagator,
    as_times,
    constellation,
    open_snapshots,
    read_elements,
    walker,
)
from gpuprop.__main__ import main
from gpuprop.elements.altitudes import altitudes_km
from gpuprop.elements.conditions import (
    MOST_CHARACTERS,
    MOST_NESTED,
    QUANTITIES,
    ConditionError,
    read_condition,
)
from gpuprop.elements.selection import (
    SelectionError,
    SelectionWarning,
    celestrak_groups,
    matching,
    operator,
    operators,
)
from gpuprop.filings.presets import constellations
from gpuprop.sgp4.gravity import gravity_model

ACTIVE, ALL_2022, NEW_2026 = (
    "celestrak_active_2025-04-15.3le",
    "celestrak_catalog_omm_2022-07-01.csv",
    "celestrak_2026-09_omm.csv",
)


@pytest.fixture(scope="module")
def catalogue(shared_data):
    """Read a real catalogue, once."""
    read = {}

    def get(name):
        if name not in read:
            read[name] = read_elements(shared_data / name, on_error="skip")
        return read[name]

    return get


def altitudes(elements, gravity="wgs72"):
    fields = elements.fields
    return altitudes_km(
        fields["MEAN_MOTION"], fields["ECCENTRICITY"], fields["INCLINATION"], gravity_model(gravity)
    )


# --- operators ---
@pytest.mark.parametrize(
    ("name", "chosen", "number"),
    [
        (ACTIVE, "@starlink", 7196),  # the four counts are those of ../shared/data/README.md
        (ACTIVE, "@oneweb", 651),
        (ACTIVE, "@qianfan", 90),
        (ACTIVE, "@spacesail", 90),
        (ACTIVE, "@guowang", 24),
        (ACTIVE, "@hulianwang", 24),
        (ACTIVE, "@kuiper", 1),
        (ACTIVE, "@galileo", 31),
        (ACTIVE, "@iridium", 80),
        (ALL_2022, "@iridium", 411 - 307),  # IRIDIUM 33 left 307 pieces in this catalogue
        (ALL_2022, "@globalstar", 88 - 3),
        (NEW_2026, "@guowang", 10),  # GUOWANG 25 OBJECT A to K
        (NEW_2026, "@qianfan", 19),
        (NEW_2026, "@o3b", 3),  # one of them is spelt 03B
    ],
)
def test_operators_of_real_catalogues(catalogue, name, chosen, number):
    assert len(catalogue(name).select(chosen)) == number


def test_every_constellation_known_is_its_operators():
    """Whole, by the operator of any of its names or of the companies that its shells name; so that
    `@guowang` works on a filing too.
    """
    known = operators()
    for each in constellations().values():
        words = [each.name, *each.aliases, *(shell.constellation for shell in each.shells)]
        spelt = {
            word.lower()
            for name in words
            for word in (name, name.partition("-")[0], name.partition(" ")[0])
        }
        whose = {known[word].name for word in spelt & known.keys()}
        assert whose, f"{each.name} has no operator"
        names = [shell.elements().name[0] for shell in each.shells] + [
            shell.elements().name[-1] for shell in each.shells
        ]
        for operator_name in whose:
            assert matching(f"@{operator_name}", names).all(), (
                f"@{operator_name} does not select all of {each.name}"
            )
    assert len(constellation("guowang-flown").select("@guowang")) == 168


def test_no_piece_and_no_stage_is_an_operators_and_nobody_is_two_operators(catalogue):
    whose = {each.name for each in operators().values()} - {"iridium-next"}  # a part of iridium
    for name in (ACTIVE, ALL_2022, NEW_2026):
        names = catalogue(name).name
        masks = np.array([matching(f"@{each}", names) for each in sorted(whose)])
        assert masks.sum(axis=0).max() == 1
        assert not [each for each in names[masks.any(axis=0)] if " DEB" in each or " R/B" in each]


def test_each_satellite_has_the_operator_that_selects_it(catalogue):
    """And `other` means that no operator selects it."""
    active = catalogue(ACTIVE)
    whose = active.operator
    assert whose.shape == (len(active),)
    for name in {each.name for each in operators().values()} - {"iridium-next"}:
        np.testing.assert_array_equal(whose == name, matching(f"@{name}", active.name))
    assert not np.isin(whose, ["iridium-next", ""]).any()
    assert (whose == "other").any()


def test_names_alike_are_told_apart():
    for chosen, theirs, others in (
        (
            "@guowang",
            ["HULIANWANG DIGUI-01", "hulianwang jishu shiyan*"],
            ["HULIANWANG GAOGUI-04", "HULIANWAN GAOGUI-01 (H*)"],
        ),
        ("@kuiper", ["KUIPER-P2", "KUIPER-00008"], ["AMAZONAS 2", "AMAZONIA 1"]),
        ("@swarm", ["SPACEBEE-7"], ["SWARM A"]),
        ("@tianqi", ["TIANQI-3", "TIANQI 25"], ["TIANQIN 1 (CAS-6)"]),
        ("@blacksky", ["GLOBAL-2"], ["GLOBALSTAR M065"]),
        ("@galileo", ["GSAT0201 (GALILEO 5)"], ["GSAT-8"]),
        (
            "@glonass",
            ["COSMOS 2433 [GLONASS-M]", "COSMOS 2456 (730)"],
            ["COSMOS 2493 (SKRL-756 1)", "COSMOS 2400", "COSMOS 1408 DEB"],
        ),
        (
            "@iridium-next",
            ["IRIDIUM 100", "IRIDIUM 181 [+]"],
            ["IRIDIUM 33", "IRIDIUM 914", "IRIDIUM 33 DEB"],
        ),
        (
            "@starlink",
            ["STARLINK-1008", "STARLINK-3 [-]"],
            ["STARLINK-1008 DEB", "STARLINK DEB [PLATE]", "TINTIN A"],
        ),
        ("@gps", ["NAVSTAR 43 (USA 132)", "GPS BIIR-2  (PRN 13)"], ["NAVSTAR 9 DEB", "GPSAT"]),
    ):
        assert matching(chosen, theirs + others).tolist() == [True] * len(theirs) + [False] * len(
            others
        )


def test_every_operator_says_why_and_can_be_asked_for():
    for name, each in operators().items():
        assert name == name.lower() and each.why and each.patterns
        assert operator(f"@{name.upper()}") is each
        assert all(pattern == pattern.upper() for pattern in (*each.patterns, *each.without))
        assert not each.group or each.group in celestrak_groups()
    assert len(celestrak_groups()) == len({group.lower() for group in celestrak_groups()})
    with pytest.raises(
        ValueError, match=r"did you mean @starlink\? the known ones are @ast, .*@yaogan; any name"
    ):
        element_sets().select("@starlnk")
    with pytest.raises(ValueError, match="'@' is not known: the known ones are"):
        matching("@", [])


def test_patterns_and_operators_are_alternatives():
    names = ["STARLINK-1", "ONEWEB-2", "ISS (ZARYA)", ""]
    assert matching(["@starlink", "iss*"], names).tolist() == [True, False, True, False]
    assert matching("", names).tolist() == [False, False, False, True]
    assert matching(["iss (zarya)", "ONEWEB-?"], names).tolist() == [False, True, True, False]
    assert not matching("*[0-9]", names).any()  # brackets stand for themselves


# --- names, numbers ---
def test_only_the_star_and_the_question_mark_are_wildcards():
    names = [
        "STARLINK-11072 [DTC]",
        "STARLINK-1008 [-]",
        "STARLINK-1008",
        "SL-D",
        "HULIANWAN GAOGUI-01 (H*)",
        "A]B",
        "A\\B",
        "A!B",
        "A.B",
    ]
    assert matching("*[DTC]", names).tolist() == [True] + [False] * 8
    assert matching("*[?]", names).tolist() == [False, True] + [False] * 7
    assert matching("STARLINK-1008*", names).tolist() == [False, True, True] + [False] * 6
    for i, name in enumerate(names):
        assert matching(name, names).tolist() == [i == j for j in range(9)]


@given(st.lists(st.text("AZaz09 -+*?[]()!^\\.%|$'\u00a0ß", max_size=8), min_size=1, max_size=5))
def test_every_name_selects_itself(names):
    for i, name in enumerate(names):
        assert matching(name, names)[i]
        assert matching(f"  {name.lower()} ", names)[i] or name.lower().upper() != name.upper()


def test_every_name_of_real_catalogues_selects_itself_alone(catalogue):
    """The name as it is in the file. One with a star, a wildcard, selects at least itself."""
    for name in (ACTIVE, NEW_2026):
        known = catalogue(name)
        odd = sorted({each for each in known.name if set(each) & set("[]*?")})
        if name == ACTIVE:
            assert len(odd) > 500
        for each in odd[:40]:
            chosen = set(known.select(each).name)
            assert each in chosen and (chosen == {each} or set(each) & set("*?"))
    active = catalogue(ACTIVE)
    assert len(active.select("*[DTC]")) == sum(each.endswith("[DTC]") for each in active.name) > 500


def test_numbers_select():
    elements = element_sets()
    for asked in (
        8195,
        "8195",
        " 08195",
        np.int32(8195),
        [8195],
        np.array([8195]),
        (8195, "@starlink")[:1],
    ):
        assert elements.select(asked).sat_id.tolist() == [8195]
    assert elements.select([20413, "5"]).sat_id.tolist() == [
        each for each in elements.sat_id.tolist() if each in (5, 20413)
    ]
    assert elements.select(5).notes == ("selected by 5: 1 of 33",)
    for asked, wrong in (
        (1.0, "float"),
        (None, "NoneType"),
        (b"A", "bytes"),
        ([5, 1.5], "float"),
        ({}, "no pattern"),
        (elements, "Elements"),
    ):
        with pytest.raises((TypeError, ValueError), match=wrong):
            elements.select(asked)
    for mask in (True, np.ones(33, bool)):
        with pytest.raises(TypeError, match=r"elements\[mask\] takes a mask"):
            elements.select(mask)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (
            "STARLINK-G1-S6*",
            (
                r"STARLINK-G1-S6\* matches the name of none of the 4,408 satellites; the "
                "nearest names are STARLINK-G1-S"
            ),
        ),
        ("STARLNK*", "the nearest names are STARLINK-G1-S1 P01 S01"),
        ("*[G]1*", "only \\* and \\? are wildcards, brackets stand for themselves"),
        ("STARLINK%", "% is not a wildcard: write \\*"),
        ("25544,48274", "give each number by itself"),
        (25544, "25544 is the catalogue number of none of the 4,408 satellites"),
        (10**12, "is the catalogue number of none"),
        ("@kuiper", "@kuiper has none of the 4,408 satellites"),
        (["A1", "@kuiper"], "A1 matches .*; @kuiper has none"),
        ([f"A{i}" for i in range(9)], "4 more match none"),
    ],
)
def test_a_pattern_without_a_match_is_an_error(pattern, says):
    with pytest.raises(SelectionError, match=says):
        constellation("starlink-gen1").select(pattern)


def test_one_of_several_patterns_without_a_match_is_a_warning(capsys):
    gen1 = constellation("starlink-gen1")
    with pytest.warns(
        SelectionWarning,
        match=(
            "STARLNK-G1-S5. matches the name of none of the 4,408 satellites; the nearest names are"
        ),
    ):
        assert len(gen1.select(["*G1-S5 *", "STARLNK-G1-S5*"])) == 172
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gen1.select(["*G1-S5 *", "*G1-S4 *"])
    asked = [
        "propagate",
        "starlink-gen1",
        "--dry-run",
        "--select",
        "*G1-S5 *",
        "--select",
        "@oneweb",
    ]
    assert main(asked) == 0
    assert "note: --select @oneweb has none of the 4,408 satellites" in capsys.readouterr().err
    assert main([*asked, "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_what_was_selected_is_noted(tmp_path):
    asked = [
        "--select",
        "*G1-S5 *",
        "--select",
        "@oneweb",
        "--where",
        "raan_deg < 90",
        "--where",
        "age_days < 1",
    ]
    assert (
        main(
            [
                "propagate",
                "starlink-gen1",
                "-o",
                str(tmp_path / "out"),
                "--duration",
                "2min",
                "--quiet",
                *asked,
            ]
        )
        == 0
    )
    snapshots = open_snapshots(tmp_path / "out")
    chosen = [note for note in snapshots.metadata["notes"] if note.startswith("selected")]  # type: ignore[attr-defined]
    assert chosen == [
        "selected by *G1-S5 * or @oneweb: 172 of 4,408",
        f"selected by raan_deg < 90: {len(snapshots.satellites)} of 172",
        f"selected by age_days < 1 (age at 2026-01-01T00:00:00Z): {len(snapshots.satellites)} of "
        f"{len(snapshots.satellites)}",
    ]


# --- quantities ---
def test_altitude_is_that_of_the_filing():
    assert set(altitudes(constellation("starlink-gen1"))[0]) == {540.0, 550.0, 560.0, 570.0}
    for gravity in ("wgs72", "wgs72old", "wgs84"):
        for altitude, inclination in (
            (200.0, 0.0),
            (1200.0, 86.4),
            (20_180.0, 55.0),
            (35_786.0, 0.0),
        ):
            made = walker(f"{inclination:g}:1/1/0", altitude, gravity=gravity)
            assert altitudes(made, gravity)[0].tolist() == [altitude]
            assert (
                len(
                    made.where(
                        f"altitude_km >= {altitude} and altitude_km <= {altitude}", gravity=gravity
                    )
                )
                == 1
            )


def test_altitudes_are_those_of_the_propagated_orbit():
    """Over a revolution SGP4's height has the mean that the altitude says, to 0.5 km; short-period
    terms move the extremes by 10 km.
    """
    lasting = element_sets().where(
        "mean_motion > 6.4 and perigee_km > 200 and -1e-3 < bstar < 1e-3"
    )
    assert lasting.sat_id.tolist() == [5, 6251, 28057, 88888]
    mean, apogee, perigee = altitudes(lasting)
    for number, each in enumerate(lasting):
        period_ns = round(60e9 * 2.0 * math.pi / each.mean_motion[0])
        instants = int(each.epoch.view(np.int64)[0]) + np.linspace(0, period_ns, 721)[:-1].astype(
            np.int64
        )
        states = Propagator(each, "numpy", threads=1).states(
            as_times(instants.view("datetime64[ns]"))
        )
        height = np.linalg.norm(states.position[:, 0], axis=1) - 6378.135
        e = each.eccentricity[0]
        # an ellipse is higher than its axis most of the time
        over_time = mean[number] + (mean[number] + 6378.135) * e * e / 2.0
        assert abs(height.mean() - over_time) < 0.5
        assert (
            abs(height.max() - apogee[number]) < 10.0 and abs(height.min() - perigee[number]) < 10.0
        )


def test_the_station_is_where_it_was(catalogue):
    """ISS (ZARYA), April 2025: 414 by 421 km, as NASA's trajectory page of that month says within 5
    km.
    """
    station = catalogue(ACTIVE).where("sat_id == 25544")
    assert station.name.tolist() == ["ISS (ZARYA)"]
    assert [
        len(station.where(text))
        for text in (
            "409 < perigee_km < 419",
            "416 < apogee_km < 426",
            "51.6 < inclination_deg < 51.7",
        )
    ] == [1] * 3
    assert len(catalogue(ACTIVE).where("object_id like '1998-067*' and name == 'iss (zarya)'")) == 1


def test_every_quantity_is_the_field_it_names():
    elements = element_sets()
    fields = elements.fields
    for text, expected in {
        "inclination_deg < 60": fields["INCLINATION"] < 60,
        "eccentricity >= 0.1": fields["ECCENTRICITY"] >= 0.1,
        "period_min > 225": 1440.0 / fields["MEAN_MOTION"] > 225,
        "mean_motion < 2.0": fields["MEAN_MOTION"] < 2.0,
        "raan_deg > 180": fields["RA_OF_ASC_NODE"] > 180,
        "bstar < 1e-4": fields["BSTAR"] < 1e-4,
        "sat_id != 20413": elements.sat_id != 20413,
        "epoch < '2006-06-26'": elements.epoch < np.datetime64("2006-06-26"),
        "epoch >= '2006-177T00:00:00Z'": elements.epoch >= np.datetime64("2006-06-26"),
        "0 <= age_days < 2.5": (elements.default_start >= elements.epoch)
        & (elements.default_start - elements.epoch < np.timedelta64(60, "h")),
        "object_id like '1980*' or object_id == '1979-017a'": [
            each.startswith("1980") or each == "1979-017A" for each in fields["OBJECT_ID"]
        ],
        "name == ''": np.ones(33, bool),
        "sat_id in (5, 20413, 99999)": np.isin(elements.sat_id, (5, 20413)),
        "sat_id not in (5, 20413) and not sat_id in (8195)": ~np.isin(
            elements.sat_id, (5, 20413, 8195)
        ),
        "object_id in ('1979-017a', '1958-002B')": np.isin(
            fields["OBJECT_ID"].astype(str), ("1979-017A", "1958-002B")
        ),
        f"epoch in ('{elements.epoch[3]}', '1999-01-01')": elements.epoch == elements.epoch[3],
        "perigee_km < altitude_km < apogee_km": fields["ECCENTRICITY"] > 0.0,
    }.items():
        mask = np.asarray(expected, bool)
        assert elements.where(text).sat_id.tolist() == elements.sat_id[mask].tolist(), text


def test_ages_are_counted_to_the_start_or_to_the_median_epoch(catalogue):
    active = catalogue(ACTIVE)
    # one planned manoeuvre, eight days after the catalogue
    assert str(active.epoch.max()) > "2025-04-23"
    assert (
        "2025-04-15T11:46"
        == str(active.default_start)[:16]
        > str(np.sort(active.epoch)[5652])
        > "2025-04-15T11:45"
    )
    days = (active.default_start - active.epoch) / np.timedelta64(1, "D")
    assert (
        len(active.where("-0.5 < age_days < 3"))
        == ((days > -0.5) & (days < 3)).sum()
        < len(active.where("age_days < 3"))
    )
    held = (days < 3).sum()
    assert active.where("age_days < 3").notes == (
        f"selected by age_days < 3 (age at 2025-04-15T11:46:00Z): {held:,} of 11,304",
    )
    assert len(active.where("age_days < 3", start="2025-04-25")) == 1
    assert len(active.where("age_days > 3", start="2025-04-25")) == 11_303


def test_what_has_no_orbit_is_nowhere():
    fields = dict(element_sets()[:3].fields) | dict(
        MEAN_MOTION=[0.0, -1.0, np.nan], ECCENTRICITY=[0.0, 2.0, 0.1]
    )
    broken = Elements(fields)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("altitude_km", "apogee_km", "perigee_km"):
            assert [len(broken.where(f"{name} {sign} 0")) for sign in ("<", ">=", "==", "!=")] == [
                0,
                0,
                0,
                3,
            ]
        assert len(broken.where("period_min > 0")) == 1  # 1440 / 0
    assert len(broken[:0].where("altitude_km > 0")) == 0


# --- the language ---
NUMBERS = [name for name, quantity in QUANTITIES.items() if quantity.kind == "a number"]
members = st.lists(
    st.sampled_from(["53.0", "-1e-4", "5", "20413", "2."]), min_size=1, max_size=3
).map(lambda each: f"({', '.join(each)},)")
operands = st.sampled_from(NUMBERS) | st.sampled_from(
    ["0", "53.0", "-1e-4", "+500", "1e3", ".5", "20413", "2."]
)
signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
single = st.tuples(st.sampled_from(NUMBERS), signs, operands).map(" ".join)
between = st.tuples(operands, signs, st.sampled_from(NUMBERS), signs, operands).map(" ".join)
listed = st.tuples(
    operands.map("{} < ".format) | st.just(""),
    st.sampled_from(NUMBERS),
    st.sampled_from(["in", "not in"]),
    members,
).map(" ".join)
expressions = st.recursive(
    single | between | listed,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join)
        | inner.map(lambda text: f"not {text}")
        | inner.map(lambda text: f"({text})")
    ),
    max_leaves=12,
)


@given(expressions)
def test_it_means_what_python_means(text):
    """Numbers, chains, and, or, not and parentheses are Python's own: the same expression,
    evaluated satellite by satellite, agrees.
    """
    elements = element_sets()
    from gpuprop.elements.conditions import Satellites

    asked = Satellites(
        elements.fields, int(elements.epoch.view(np.int64).max()), gravity_model("wgs72")
    )
    values = {name: QUANTITIES[name].values(asked) for name in NUMBERS}
    wanted = [
        eval(text, {"__builtins__": {}}, {name: column[i] for name, column in values.items()})
        for i in range(len(elements))
    ]
    assert read_condition(text)(asked).tolist() == [bool(each) for each in wanted]


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("altitude > 500", 1, "there is no quantity 'altitude': did you mean altitude_km"),
        ("altitude_km > 500 and inclination_dge < 60", 23, "did you mean inclination_deg"),
        ("altitude_km > 500km", 18, "units are in the names"),
        ("altitude_km > 1,000", 16, "without commas"),
        ("altitude_km > 1_000", 16, "a number is digits"),
        ("(altitude_km > 1,000)", 17, "without commas"),
        ("sat_id in 25544", 11, "in parentheses: sat_id in (25544, 48274)"),
        ("sat_id in [25544]", 11, "write a list in parentheses"),
        ("sat_id in (25544 48274)", 18, "commas between its values"),
        ("sat_id in (25544, 48274", 24, "a parenthesis after them"),
        ("sat_id in ()", 12, "missing before"),
        ("sat_id in (5,,6)", 14, "without commas; commas are for lists"),
        ("sat_id in (raan_deg)", 12, "not quantities"),
        ("sat_id in ('5')", 12, "without quotation marks"),
        ("name in (5)", 10, "quotation marks"),
        ("epoch in ('yesterday')", 11, "cannot read 'yesterday'"),
        ("5 in (5, 6)", 1, "in needs a quantity before it"),
        ("sat_id in (5) in (6)", 15, "does not belong here"),
        (
            "object_id like '2024-%'",
            16,
            "% is not a wildcard; * stands for any characters and ? for one: write '2024-*'",
        ),
        ("epoch like '2024-*'", 1, "epoch >= '2024-01-01'"),
        ("altitude_km > 0x10", 16, "a number is digits"),
        ("altitude_km > 1.2.3", 18, "a number is digits"),
        ("altitude_km = 500", 13, "write =="),
        ("altitude_km > 500 && raan_deg < 1", 19, "write and"),
        ("altitude_km > 500 | raan_deg < 1", 19, "write or"),
        ("!(altitude_km > 500)", 1, "write not"),
        ("altitude_km ≥ 500", 13, "write >="),
        ("apogee_km - perigee_km < 10", 11, "no arithmetic"),
        ("altitude_km", 1, "compared with nothing"),
        ("500", 1, "altitude_km > 500"),
        ("", 1, "missing before the end"),
        ("altitude_km > ", 15, "missing before the end"),
        ("altitude_km > 5 raan_deg", 17, "join comparisons with and, or"),
        ("(altitude_km > 5", 1, "not closed"),
        ("altitude_km > 5)", 16, "does not belong here"),
        ("1 < 2", 1, "two constants"),
        ("altitude_km > 1e999", 15, "too large"),
        ("altitude_km > nan", 15, "there is no quantity 'nan'"),
        ("altitude_km > inf", 15, "there is no quantity 'inf'"),
        ("altitude_km > '500'", 15, "without quotation marks"),
        ("name == STARLINK", 9, "there is no quantity 'starlink'"),
        ("name == 'STARLINK", 9, "the second quotation mark is missing"),
        ("name == 5", 9, "quotation marks, such as 'STARLINK-1008'"),
        ("name < 'A'", 8, "use ==, != or like"),
        ("name like '@starlnk'", 11, "did you mean @starlink"),
        ("altitude_km like '5*'", 1, "like compares name or object_id"),
        ("name like name", 1, "in quotation marks"),
        ("epoch > 5", 9, "age_days is a number"),
        ("epoch > 'yesterday'", 9, "cannot read 'yesterday'"),
        ("epoch == name", 10, "name is text, the other side is an instant"),
        ("altitude_km > sat_id > name", 24, "name is text, the other side is a number"),
        # not a program
        ("name.__class__", 5, "'.' does not belong here"),
        ("__import__('os').system('true')", 1, "there is no quantity '__import__'"),
        ("altitude_km()", 12, "nothing to call"),
        ("altitude_km > min(1)", 15, "there is no quantity 'min'"),
        ("altitude_km > 5 (1)", 17, "nothing to call"),
        ("name[0]", 5, "'[' does not belong here"),
        ("lambda: 1", 1, "there is no quantity 'lambda'"),
        ("altitude_km > 500; raan_deg", 18, "';' does not belong here"),
        ("altitude_km > \0", 15, "does not belong here"),
        ("altitude_km > 5\u00a0", 16, "does not belong here"),
        ("altitude_km > ٣", 15, "does not belong here"),
        ("аltitude_km > 5", 1, "does not belong here"),  # a Cyrillic a
        ("(" * 10_000, MOST_NESTED + 1, "nest 50 deep at most"),
        (
            "altitude_km > 5 " + "or altitude_km > 5 " * 1000,
            MOST_CHARACTERS + 1,
            "10,000 characters at most",
        ),
    ],
)
def test_what_is_refused_and_where(text, column, says):
    with pytest.raises(ConditionError) as raised:
        read_condition(text)
    first, shown, mark = str(raised.value).split("\n")
    assert says in first and first.startswith(f"column {column}: ")
    assert raised.value.column == column and len(first) < 700
    assert set(mark[:-1]) <= {" "} and mark[-1] == "^"
    if (
        len(text) < 100
        and text[column - 1 : column].isascii()
        and text[column - 1 : column].isprintable()
    ):
        assert (shown + " ")[len(mark) - 1] == (text + " ")[column - 1]


def test_long_and_repeated_is_no_trouble():
    elements = element_sets()
    assert len(elements.where("not " * 2001 + "sat_id == 5")) == 32
    assert len(elements.where(" or ".join(["(sat_id == 5)"] * 500))) == 1
    assert len(elements.where("(" * MOST_NESTED + "sat_id == 5" + ")" * MOST_NESTED)) == 1
    assert len(elements.where("sat_id == " + "0" * 9000 + "5")) == 1
    assert len(elements.where("NOT SAT_ID == 5\tAND\n(sat_id<6)")) == 0
    assert len(elements.where("name not like '" + "*a" * 2000 + "b'")) == 33


@given(st.text() | st.text("()<>=!&|.,'\"andortlike _05eE-+*@ \n", max_size=40))
def test_any_text_is_a_condition_or_an_error_with_a_column(text):
    try:
        read_condition(text)
    except ConditionError as error:
        assert 1 <= error.column <= len(text) + 1


# --- the command line ---
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            ["--select", "NOBODY*"],
            "--select NOBODY* matches the name of none of the 4,408 satellites",
        ),
        (["--select", "@starlnk"], "did you mean @starlink"),
        (
            ["--where", "altitude_km > 1e4"],
            "--where 'altitude_km > 1e4' holds for none of the 4,408 satellites",
        ),
        (
            ["--select", "*G1-S5 *", "--where", "altitude_km < 1"],
            "none of the 172 satellites selected",
        ),
        (
            ["--where", "altitud > 1"],
            "--where, column 1: there is no quantity 'altitud': did you mean altitude_km",
        ),
    ],
)
def test_nothing_selected_is_a_wrong_call(capsys, options, says):
    assert main(["propagate", "starlink-gen1", "--dry-run", *options]) == 2
    printed = capsys.readouterr()
    assert says in printed.err and printed.out == ""


def test_info_tells_of_those_selected(capsys, shared_data, tmp_path):
    path = str(shared_data / ACTIVE)
    assert (
        main(["info", path, "--select", "@guowang", "--where", "inclination_deg > 80", "--json"])
        == 0
    )
    facts = json.loads(capsys.readouterr().out)
    assert facts["satellites"] == 12
    assert facts["notes"] == [
        "selected by @guowang: 24 of 11,304",
        "selected by inclination_deg > 80: 12 of 24",
    ]
    assert (
        main(["info", str(shared_data / "spacetrack_full_2025-04-15.2le"), "--select", "@guowang"])
        == 2
    )
    assert "none has a name" in capsys.readouterr().err
    assert main(["info", str(tmp_path), "--select", "@guowang"]) == 2
    assert "is a directory that gpuprop wrote" in capsys.readouterr().err


def test_ages_on_the_command_line_are_counted_to_the_start_in_its_time_scale(capsys):
    asked = [
        "propagate",
        "starlink-gen1",
        "--dry-run",
        "--json",
        "--where",
        "age_days <= 1",
        "--start",
        "2026-01-02T00:00:18",
    ]
    asked += ["--epoch", "2026-01-01"]
    assert main([*asked, "--scale", "gps"]) == 0
    assert json.loads(capsys.readouterr().out)["satellites"] == len(constellation("starlink-gen1"))
    assert main(asked) == 2
    assert "none of the 4,408" in capsys.readouterr().err


def test_altitudes_on_the_command_line_are_counted_in_its_gravity(capsys):
    asked = [
        "propagate",
        "walker:53:24/3/1@550",
        "--dry-run",
        "--json",
        "--where",
        "550 <= altitude_km <= 550",
    ]
    for gravity in ("wgs72", "wgs84"):
        assert main([*asked, "--gravity", gravity]) == 0
        assert json.loads(capsys.readouterr().out)["satellites"] == 24
