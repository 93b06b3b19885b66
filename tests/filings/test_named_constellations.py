"""Constellations by name: assumptions, lists, and files of users in the same format."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from walker_samples import mean_radius, satrec

import gpuprop
from gpuprop.__main__ import main
from gpuprop.filings import Shell
from gpuprop.filings.presets import (
    constellation,
    constellations,
    find_constellation,
    load_constellation,
    without_geometry,
)

EARTH = 6378.135


# --- names ---
def test_names_and_aliases_are_unique_and_found() -> None:
    names = [name for each in constellations().values() for name in (each.name, *each.aliases)]
    # a shell's name too
    assert (
        find_constellation("oneweb-2016").total == 720
        and "of FCC" not in find_constellation("oneweb-2016").title
    )
    assert len(names) == len(set(names)) and not set(names) & set(without_geometry())
    for wanted in (
        "starlink-gen1",
        "starlink-gen2",
        "guowang",
        "guowang-a59",
        "guowang-2",
        "qianfan",
        "spacesail",
        "honghu-3",
        "kuiper",
        "oneweb",
        "telesat",
        "iridium",
    ):
        assert find_constellation(f" {wanted.upper()} ").total
    assert find_constellation("spacesail") == find_constellation("qianfan")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "starlnk-gen1",
            (
                r"'starlnk-gen1' is not known: did you mean starlink-gen1.*\? "
                "gpuprop constellations .*lists all"
            ),
        ),
        ("quanfan", "did you mean qianfan"),
        ("xyzzy", r"'xyzzy' is not known: gpuprop constellations .* lists all"),
        ("Starlink-Gen3", "'Starlink-Gen3' has no preset: 100,000 satellites"),
        ("iris2", "264 satellites at 1,200 km"),
    ],
)
def test_a_name_not_known_names_the_nearest(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        constellation(name)


def test_options_reach_every_shell() -> None:
    sats = constellation("starlink-gen1", "2026-11-22T00:00:00Z", "wgs84", first_id=1_500_000_000)
    assert (sats.epoch == np.datetime64("2026-11-22")).all() and sats.sat_id[-1] == 1_500_004_407
    assert abs(mean_radius(satrec(sats, 4407, "wgs84"), 5) - 6378.137 - 560.0) < 0.1e-3


# --- assumptions ---
def test_every_shell_tells_its_source() -> None:
    for each in constellations().values():
        notes = each.elements().notes if each.total < 50_000 else each.shells[0].elements().notes
        for shell in each.shells[: len(each.shells) if each.total < 50_000 else 1]:
            (note,) = [note for note in notes if note.startswith(shell.id + ":")]
            assert shell.source_title in note and shell.confidence in note and shell.status in note
            assert shell.source_url.startswith("http") or each.name == "telesat-phase1"
        assert {key for shell in each.shells for key in shell.assumed} <= {
            field.name for field in fields(Shell)
        }


def test_honghu_takes_its_altitude_and_inclination_or_says_what_it_assumed() -> None:
    assumed = constellation("honghu-3")
    assert assumed.notes[0].startswith(
        "assumed: honghu-3: no source states altitude_km = 550, inclination_deg = 53,"
    )
    assert assumed.notes[0].endswith(
        "honghu-3@ALTITUDE/INCLINATION takes yours, as in honghu-3@550/53"
    )
    given = gpuprop.constellation("honghu-3", altitude_km=1175, inclination_deg=86.5)
    assert (
        not any("altitude_km =" in note for note in given.notes)
        and "given by the caller: altitude_km, inclination_deg" in given.notes[1]
    )
    assert (given.fields["INCLINATION"] == 86.5).all() and given.name[
        0
    ] == "HONGHU-3@1175/86.5 P001 S01"
    assert abs(mean_radius(satrec(given, 0, "wgs72"), 15) - EARTH - 1175.0) < 0.1e-3
    np.testing.assert_array_equal(given.fields["RA_OF_ASC_NODE"], assumed.fields["RA_OF_ASC_NODE"])
    only_one = constellation("honghu-3", inclination_deg=70.0)
    assert only_one.notes[0].startswith(
        "assumed: honghu-3: no source states altitude_km = 550, sats_per_plane"
    )


def test_only_what_is_not_stated_can_be_given() -> None:
    with pytest.raises(
        ValueError, match=r"kuiper: its sources state altitude_km = 630, 610, 590: leave 600 out"
    ):
        constellation("kuiper", altitude_km=600.0)
    with pytest.raises(ValueError, match="qianfan: its sources state altitude_km = 1160"):
        constellation("qianfan", altitude_km=600.0, inclination_deg=86.0)
    sats = constellation("spacesail-15000", altitude_km=480.0, inclination_deg=30.0)
    assert sats.select("QIANFAN-LATER@480/30*").fields["INCLINATION"].tolist() == [30.0] * 13704
    # whose altitude is on record: it stays where it is, and so do the planes spread for it
    first = constellation("qianfan")
    assert np.array_equal(
        sats.select("QIANFAN-P1 *").fields["INCLINATION"], first.fields["INCLINATION"]
    )
    assert (
        "by the caller"
        in find_constellation("spacesail-15000", altitude_km=480.0, inclination_deg=30.0).assumption
    )
    with pytest.raises(ValueError, match="inclination 200"):
        constellation("honghu-3", inclination_deg=200.0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "starlink-gen2-2026",
            "15,000: taken are both shells near 480 km at their ceilings, 13,440, and the 1,560 "
            "left",
        ),
        ("starlink-gen2-2022", "2,500 each"),
        ("spacesail-15000", "only the first 1,296 have a published geometry"),
        ("guowang-flown", "18 more satellites of the catalogue, on their way or low, are left out"),
        ("spacesail-brazil", "which 324 of the 648 is not stated"),
    ],
)
def test_a_ceiling_or_a_total_turned_into_numbers_is_said_aloud(name: str, said: str) -> None:
    notes = constellation(name).notes
    assert notes[0].startswith(f"assumed: {name}: ") and said in notes[0]
    assert all(
        "assumed" not in note or "no source states" in note or note == notes[0] for note in notes
    )


def test_what_is_fully_filed_assumes_nothing() -> None:
    for name in ("starlink-gen1", "kuiper", "telesat", "iridium", "oneweb-2016"):
        assert constellations()[name].assumptions == ()


# --- command line ---
def test_the_list_and_one_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["constellations"]) == 0
    listed = capsys.readouterr().out
    for each in constellations().values():
        (line,) = [line for line in listed.splitlines() if line.split()[0] == each.name]
        assert (
            f" {each.total:,} " in line and each.statuses[0] in line and each.confidences[0] in line
        )
    assert "starlink-gen3: no preset: 100,000" in listed
    assert main(["constellations", "SpaceSail"]) == 0
    shown = capsys.readouterr().out
    assert (
        shown.startswith("qianfan (also spacesail")
        and "conflict: plans say 1,160 km, element sets 1,070" in shown
    )
    assert "; closest approach of two satellites 26.9 km, by SGP4's states\n" in shown
    assert (
        "\nassumed: qianfan: no source states inclination_deg = 89" in shown
        and "https://circleid.com" in shown
    )


@pytest.mark.slow
def test_json_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["constellations", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert list(facts) == list(constellations())
    for each in constellations().values():
        fact = facts[each.name]
        assert (fact["total"], fact["assumptions"], fact["conflicts"]) == (
            each.total,
            list(each.assumptions),
            list(each.conflicts),
        )
        assert [
            Shell(**{field.name: row[field.name] for field in fields(Shell)})
            for row in fact["shells"]
        ] == list(each.shells)
    assert facts["ast"]["shells"][-1]["closest_approach_km"] is None
    assert [
        round(row["closest_approach_km"], 1) for row in facts["starlink-gen1"]["shells"][:2]
    ] == [41.5, 7.1]
    assert main(["constellations", "honghu", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["honghu-3"]


def test_assumptions_reach_stderr_and_the_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert main(["propagate", "iridium", "honghu-3", "-o", str(out), "--duration", "1min"]) == 0
    assert (
        "assumed: honghu-3: no source states altitude_km = 550, inclination_deg = 53"
        in capsys.readouterr().err
    )
    notes = gpuprop.open_snapshots(out).metadata["notes"]
    assert [note for note in notes if note.startswith("assumed: honghu-3")] and any(  # type: ignore[attr-defined]
        "SaVi" in note
        for note in notes  # type: ignore[attr-defined]
    )


# --- a file of one's own ---
OWN = """
[[shell]]
id = "low"
altitude_km = 500
inclination_deg = 45
planes = 6
sats_per_plane = [4, 4, 3]
raan_deg = [0, 50, 120, 180, 230, 300]
phase_deg = [0, 10, 20]
source_title = "mine"

[[filing]]
inclination_deg = 63.4
raan_spread_deg = 360.0
phasing = 1
shells = [
  { id = "a", altitude_km = 1200.5, planes = 3, sats_per_plane = 2 },
  { id = "b", apogee_km = 690.0, perigee_km = 685.0, planes = 2, sats_per_plane = 5 },
]
"""


def test_a_constellation_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(OWN)
    sats = gpuprop.read_constellation(path, epoch="2026-11-22T00:00:00Z")
    assert len(sats) == 22 + 6 + 10 and (sats.epoch == np.datetime64("2026-11-22")).all()
    assert [shell.id for shell in load_constellation(path).shells] == ["low", "a", "b"]
    assert load_constellation(path).name == "my" and "mine" in sats.notes[0]
    assert abs(mean_radius(satrec(sats, 22, "wgs72"), 15) - EARTH - 1200.5) < 0.1e-3
    path.write_text(
        OWN + '[[constellation]]\nname = "x"\nshells = ["b", "a"]\nassumption = "all of it"\n'
    )
    sats = gpuprop.read_constellation(path)
    assert (
        sats.name[0] == "B P01 S01" and len(sats) == 16 and sats.notes[0] == "assumed: x: all of it"
    )


def test_the_presets_are_in_the_format_of_ones_own(tmp_path: Path) -> None:
    """The shells of a preset, written out, are the preset again."""
    known = constellations()["starlink-gen1"]
    path = tmp_path / "gen1.toml"
    path.write_text(
        "".join(
            "[[shell]]\n"
            + "".join(
                f"{field.name} = {json.dumps(value)}\n"
                for field in fields(Shell)
                if (value := getattr(shell, field.name)) is not None
            )
            for shell in known.shells
        )
    )
    again, preset = gpuprop.read_constellation(path), known.elements()
    assert all(np.array_equal(again.fields[name], preset.fields[name]) for name in preset.fields)


def without(line: str) -> str:
    assert line in OWN
    return OWN.replace(line, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[shell]\n", r"my.toml: not TOML: .*line 1"),
        ("", r"my.toml: no shell: write \[\[shell\]\]"),
        ("[shell]\nid = 'a'\n", r"my.toml: shell must be a list of tables: write \[\[shell\]\]"),
        ("[[shel]]\nid = 'a'\n", "my.toml: key 'shel' is not known: did you mean shell"),
        ("[[shell]]\nplanes = 3\n", "my.toml: shell 1 has no id"),
        (
            without("altitude_km = 500\n"),
            "my.toml: shell 'low': altitude nan km must be positive: give altitude_km",
        ),
        (without("planes = 6\n"), "my.toml: shell 'low': planes is missing"),
        (
            OWN.replace("planes = 6", "planes = '6'"),
            "my.toml: shell 'low': planes must be a whole number, not '6'",
        ),
        (
            OWN.replace("planes = 6", "planes = 6.5"),
            "shell 'low': planes must be a whole number, not 6.5",
        ),
        (
            OWN.replace("planes = 6", "planes = true"),
            "shell 'low': planes must be a whole number, not True",
        ),
        (OWN.replace("planes = 6", "planes = 5"), "shell 'low': raan_deg has 6 nodes for 5 planes"),
        (
            OWN.replace("altitude_km = 500", "altitude_km = [500]"),
            r"shell 'low': altitude_km must be a number, not \[500\]",
        ),
        (
            OWN.replace("altitude_km = 500", "altitude = 500"),
            "shell 'low': key 'altitude' is not known: did you mean altitude_km",
        ),
        (
            OWN.replace("[4, 4, 3]", "[4, 'x']"),
            "sats_per_plane must be a whole number or a list of them",
        ),
        (
            OWN.replace("[0, 10, 20]", "10"),
            "shell 'low': phase_deg must be a list of numbers, not 10",
        ),
        (OWN.replace("[0, 10, 20]", "[0, 10, inf]"), "shell 'low': an angle is not finite"),
        (OWN.replace('"mine"', "1"), "shell 'low': source_title must be a text, not 1"),
        (OWN.replace("phasing = 1", "phasing = 2"), "shell 'b': phasing F = 2 must be from 0 to 1"),
        (OWN.replace('id = "b"', 'id = "a"'), "my.toml: shell 'a' occurs twice"),
        (
            OWN + '[[constellation]]\nname = "x"\nshells = ["c"]\n',
            "constellation 'x': shells names c, which is not in the file: it has low, a, b",
        ),
        (OWN + '[[constellation]]\nshells = ["a"]\n', "a constellation has no name"),
        (
            OWN + '[[constellation]]\nname = "x"\n[[constellation]]\nname = "y"\n',
            "2 constellations, x, y: give each",
        ),
        (
            OWN + '[[constellation]]\nname = "x"\nshells = []\n',
            "constellation 'x': shells is empty",
        ),
        (
            OWN + '[[constellation]]\nname = "x"\nplanes = 3\n',
            "constellation 'x': key 'planes' is not known",
        ),
        (
            OWN + '[[constellation]]\nname = "x"\nconflicts = "many"\n',
            "constellation 'x': conflicts must be a list of texts",
        ),
    ],
)
def test_errors_name_file_shell_and_key(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "my.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=reason):
        gpuprop.read_constellation(path)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"my.toml: not a TOML file"):
        gpuprop.read_constellation(tmp_path / "my.toml")
    with pytest.raises(FileNotFoundError):
        gpuprop.read_constellation(tmp_path / "none.toml")
