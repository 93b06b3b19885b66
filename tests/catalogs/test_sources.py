"""SOURCE is a file, a constellation or a pattern; numbers continue from one to the next."""

import json
from pathlib import Path

import numpy as np
import pytest
from published import text

from gpuprop import earth_orientation, read_constellation, walker, write_elements
from gpuprop.__main__ import main
from gpuprop.catalogs.sources import SourceError, ages_in_words, median_age_days, read_sources
from gpuprop.filings.presets import constellation
from gpuprop.time.units import DAY, SECOND

OWN = """
[[shell]]
id = "mine"
altitude_km = 700
inclination_deg = 30
planes = 2
sats_per_plane = 3
raan_spread_deg = 360
phasing = 1
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.toml").write_text(OWN)
    return tmp_path


def test_every_kind_is_joined_and_numbered_on(folder: Path) -> None:
    (folder / "ver.tle").write_text(text("SGP4-VER.TLE"))
    sats = read_sources(
        ["iridium", "my.toml", "ver.tle", "walker:53:24/3/1@600", "Honghu-3@1100.5km/86deg", "ast"],
        checksum="ignore",
    )
    synthetic = sats.sat_id[sats.sat_id >= 1_000_000_000]
    assert synthetic.tolist() == list(
        range(1_000_000_000, 1_000_000_000 + 66 + 6 + 24 + 10_000 + 248)
    )
    assert sats.name[66] == "MINE P01 S01" and sats.sat_id[72] == 5
    assert len(set(sats.name[sats.sat_id >= 1_000_000_000])) == len(synthetic)


def test_a_shell_is_a_source() -> None:
    one = read_sources(["starlink-g1-s1"])
    assert (
        len(one) == 1584
        and one.name[0] == "STARLINK-G1-S1 P01 S01"
        and (one.plane.max(), one.slot.max()) == (71, 21)
    )
    gen1 = constellation("starlink-gen1")
    assert all(np.array_equal(one.fields[name], gen1[:1584].fields[name]) for name in one.fields)
    assert len(read_sources(["QIANFAN-LATER@480/30", "starlink-g1-s5"])) == 13704 + 172
    assert len(constellation("gw-asflown-50")) == 108
    with pytest.raises(SourceError, match="did you mean starlink-g1-s"):
        read_sources(["starlink-g1-s0"])
    assert any(
        note.startswith("assumed: starlink-g2u-8: the order gives ceilings")
        for note in read_sources(["starlink-g2u-8"]).notes
    )
    assert main(["constellations", "starlink-g1-s5"]) == 0


def test_constellations_have_the_median_epoch_of_the_catalogues_by_default(folder: Path) -> None:
    """The median epoch of the catalogues, rounded up to the minute; no catalogue, 2026-01-01."""
    walker_of(folder, "a.csv", "2026-07-23T12:00:01")
    for sources in (
        ["a.csv", "iridium", "my.toml", "walker:53:6/3/1@550"],
        ["walker:53:6/3/1@550", "my.toml", "iridium", "a.csv"],
    ):
        sats = read_sources(sources)
        assert set(sats.epoch[sats.plane >= 0].tolist()) == {
            np.datetime64("2026-07-23T12:01", "ns").astype(int)
        }
        told = read_sources(sources, epoch="2026-02-03T04:05:06Z")
        assert set(told.epoch[told.plane >= 0].astype(str)) == {"2026-02-03T04:05:06.000000000"}
        assert set(told.epoch[told.plane < 0].astype(str)) == {"2026-07-23T12:00:01.000000000"}
    assert set(read_sources(["iridium"]).epoch.astype(str)) == {"2026-01-01T00:00:00.000000000"}
    with pytest.raises(SourceError, match="--epoch: cannot read 'soon'"):
        read_sources(["iridium"], epoch="soon")


def test_first_id_sets_the_numbers(folder: Path) -> None:
    walker_of(folder, "a.csv", "2026-07-23")  # 1 to 24
    sats = read_sources(["iridium", "a.csv", "my.toml"], first_id=100)
    assert sats.sat_id.tolist() == [*range(100, 166), *range(1, 25), *range(166, 172)]
    with pytest.raises(
        SourceError,
        match=r"--first-id 20 numbers the constellations from 20 to 85, .* use a number from 25 up",
    ):
        read_sources(["iridium", "a.csv"], first_id=20)


def test_constellations_have_the_median_epoch_of_the_sets_that_latest_keeps(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not of a whole history, most of which is left out."""
    days = [f"2026-07-{day}" for day in (20, 21, 22)]
    for day in days:
        walker_of(folder, f"{day}.csv", day)
    sources = [*(f"{day}.csv" for day in days), "iridium"]
    for latest, epoch in ((False, "2026-07-21"), (True, "2026-07-22")):
        sats = read_sources(sources, latest=latest)
        assert len(sats) == 3 * 24 + 66 and (sats.epoch[72:] == np.datetime64(epoch)).all()
        assert (
            main(["propagate", *sources, "--dry-run", "--json", *(["--latest"] if latest else [])])
            == 0
        )
        facts = json.loads(capsys.readouterr().out)
        assert (facts["start"], facts["satellites"]) == (
            f"{epoch}T00:00:00Z",
            24 + 66 if latest else 3 * 24 + 66,
        )


def walker_of(folder: Path, name: str, epoch: str) -> None:
    """A file of 24 satellites, numbered from 1."""
    write_elements(walker("53:24/3/1", 600.0, epoch=epoch, first_id=1), folder / name)


def test_altitude_and_inclination_after_the_name() -> None:
    given = read_sources(["honghu-3@550/53"])
    python = constellation("honghu-3", altitude_km=550.0, inclination_deg=53.0)
    assert all(np.array_equal(given.fields[name], python.fields[name]) for name in python.fields)
    assert not any("altitude_km = " in note for note in given.notes)
    assert any(
        note.startswith("assumed: honghu-3: no source states altitude_km = 550")
        for note in read_sources(["honghu-3"]).notes
    )
    both = read_sources(["honghu-3@550/53", "honghu-3@1150/86"])
    assert len(set(both.name)) == 20_000


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "honghu-3@550",
            "cannot read 'honghu-3@550': write honghu-3@ALTITUDE/INCLINATION, in km and degrees, "
            "such as honghu-3@550/53",
        ),
        ("honghu-3@high/53", "write honghu-3@ALTITUDE/INCLINATION"),
        ("honghu-3@550/190", "inclination 190"),
        ("kuiper@600/50", "kuiper: its sources state altitude_km = 630, 610, 590"),
        ("hongu-3@550/53", "there is no file 'hongu-3@550/53' here, and .*did you mean honghu-3"),
        ("hongu-3", "there is no file 'hongu-3' here, and .*did you mean honghu-3"),
        ("starlink-gen3", "no preset: 100,000 satellites"),
    ],
)
def test_what_is_nothing_known_says_what_would_be(source: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        read_sources([source])
    assert main(["propagate", source, "--dry-run"]) == 2


def test_a_file_comes_before_a_name_and_after_none(folder: Path) -> None:
    (folder / "honghu-3@550").mkdir()
    (folder / "honghu-3@550" / "53").write_text(text("SGP4-VER.TLE"))
    assert len(read_sources(["honghu-3@550/53"], checksum="ignore")) == 33
    with pytest.raises(FileNotFoundError, match=r"none\.toml"):
        read_sources(["none.toml"])
    with pytest.raises(OSError, match=r"user@host/none\.csv"):
        read_sources(["user@host/none.csv"])


def test_a_file_of_ones_own_that_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "my.toml").write_text(OWN.replace("planes = 2", "planes = 'two'"))
    assert main(["propagate", "my.toml", "--dry-run"]) == 1
    assert (
        "gpuprop: my.toml: shell 'mine': planes must be a whole number, not 'two'"
        in capsys.readouterr().err
    )
    (folder / "my.toml").write_text(OWN)
    assert main(["constellations", "my.toml"]) == 0
    assert capsys.readouterr().out.startswith(
        "my: my.toml, 6 satellites\n  mine: 2 planes of 3 at 700 km, 30 deg"
    )
    assert main(["info", "my.toml", "--json"]) == 0


def test_synthetic_numbers_go_on_after_those_of_files(folder: Path) -> None:
    """A constellation that was exported comes back with its numbers: what is made beside it takes
    others, before it or after it.
    """
    assert main(["export", "iridium", "-o", "iridium.csv"]) == 0
    for sources in (["iridium.csv", "walker:53:6/3/1@550"], ["walker:53:6/3/1@550", "iridium.csv"]):
        sats = read_sources(sources)
        assert len(set(sats.sat_id.tolist())) == 72 and sats.sat_id.min() == 1_000_000_000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (('shells = ["a"]', 'shells = ["a", "a"]'), "shells names a more than once"),
        (('id = "a"', 'id = " "'), "must be one line"),
        (('id = "a"', 'id = "a\\nb"'), "must be one line"),
    ],
)
def test_shells_that_would_stand_twice_or_break_lines(
    folder: Path, change: tuple[str, str], reason: str
) -> None:
    shell = (
        'id = "a"\naltitude_km = 600.0\ninclination_deg = 53.0\nplanes = 3\nsats_per_plane = '
        "4\nraan_spread_deg = 360.0\nphasing = 1\n"
    )
    text = '[[constellation]]\nname = "mine"\nshells = ["a"]\n[[shell]]\n' + shell
    (folder / "good.toml").write_text(text)
    assert len(read_sources(["good.toml"])) == 12
    (folder / "bad.toml").write_text(text.replace(*change))
    with pytest.raises(ValueError, match=reason):
        read_sources(["bad.toml"])


def test_a_constellation_is_shown_at_the_altitude_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["constellations", "honghu-3@600/60"]) == 0
    assert "at 600 km, 60 deg" in capsys.readouterr().out
    assert main(["constellations", "nowhere.toml"]) == 2


def test_the_median_age_has_no_minus_sign_before_zero():
    """A negative age is said to be one: the epochs are after the instant."""
    sets = walker("53:24/3/1", 550.0, epoch="2026-01-01")
    epoch = int(sets.epoch[0].view(np.int64))
    for start_ns, said, days in (
        (epoch - SECOND, "median age of the element sets at 2025-12-31T23:59:59Z: 0.0 days", 0.0),
        (epoch + SECOND, "median age of the element sets at 2026-01-01T00:00:01Z: 0.0 days", 0.0),
        (
            epoch - 10 * DAY,
            "the median epoch of the element sets is 10.0 days after 2025-12-22T00:00:00Z",
            -10.0,
        ),
        (
            epoch + 10 * DAY,
            "median age of the element sets at 2026-01-11T00:00:00Z: 10.0 days",
            10.0,
        ),
    ):
        assert ages_in_words(sets, start_ns) == said
        assert repr(median_age_days(sets, start_ns)) == repr(days)
    assert "days after 2025-11-02T00:00:00Z; 24 of 24 are more than 30 days away" in ages_in_words(
        sets, epoch - 60 * DAY
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://h/x?token=SECRET",
        "https://me:SECRET@h/x",
        "https://me:SECRET@550/53",
        "https://me:SECRET@h/x.toml",
    ],
)
def test_an_address_is_refused_without_its_secrets(
    folder: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    job = ["--dry-run", "-o", "out"]
    for call in (
        ["constellations", url],
        ["shells", url],
        ["info", url],
        ["propagate", url, *job],
        ["propagate", "guowang", "--frame", "itrs", "--eop", url, *job],
    ):
        assert main(call) in (1, 2), call
        said = capsys.readouterr()
        assert "is an address, and only files are read: download it first" in " ".join(
            said.err.split()
        ), call
        assert "SECRET" not in said.err + said.out, call
    for read in (constellation, read_constellation, earth_orientation):
        with pytest.raises(ValueError, match="is an address") as caught:
            read(url)
        assert "SECRET" not in str(caught.value)
