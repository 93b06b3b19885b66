"""A value of the wrong type raises a TypeError that says what is expected."""

import numpy as np
import pyarrow as pa
import pytest

import gpuprop
from gpuprop import Elements, Propagator, api
from gpuprop.snapshots import plan_snapshots

SATELLITES = gpuprop.walker("53:24/3/1", altitude_km=600.0)
TIMES = gpuprop.time_grid("2026-01-01T00:00:00Z", duration="1min")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: Propagator("qianfan"),
            r"must be gpuprop.Elements, not str 'qianfan': gpuprop.constellation\('qianfan'\)",
        ),
        (lambda: Propagator([SATELLITES]), "must be gpuprop.Elements, not list"),
        (lambda: Propagator(None), "not NoneType"),
        (
            lambda: plan_snapshots("active.csv", TIMES),
            r"gpuprop.read_elements\('active.csv'\) makes them",
        ),
        (
            lambda: gpuprop.write_snapshots("out", SATELLITES, TIMES),
            r"takes a Propagator, not Elements: gpuprop.Propagator\(elements\)",
        ),
        (
            lambda: gpuprop.write_snapshots("out", Propagator(SATELLITES, "numpy"), TIMES, shard=1),
            "the second of eight is '2/8'",
        ),
        (lambda: gpuprop.write_elements("x", "y.tle"), "must be gpuprop.Elements, not str"),
        (
            lambda: gpuprop.shells(Propagator(SATELLITES, "numpy")),
            "must be gpuprop.Elements, not Propagator",
        ),
        (
            lambda: gpuprop.filling(SATELLITES, SATELLITES),
            "survey must be a result of gpuprop.shells, not Elements",
        ),
        (
            lambda: gpuprop.constellation(1),
            r"takes a name, not int 1: gpuprop.constellations\(\) lists them",
        ),
        (lambda: gpuprop.walker(53, 550.0), "walker takes text and a number"),
        (lambda: gpuprop.walker("53:24/3/1", "550"), "walker takes text and a number"),
        (lambda: SATELLITES.select(np.ones(24, bool)), r"elements\[mask\] takes a mask"),
        (lambda: SATELLITES.where(1), "where takes one condition as text"),
        (lambda: SATELLITES.where(["altitude_km > 500"]), "where takes one condition as text"),
        (
            lambda: gpuprop.constellation("qianfan", first_id="a"),
            r"first_id is a catalogue number, such as 1, not 'a' \(str\)",
        ),
        (
            lambda: gpuprop.constellation("qianfan", first_id=None),
            "first_id is a catalogue number, such as 1, not None",
        ),
        (
            lambda: gpuprop.walker("53:24/3/1", 550.0, first_id="x"),
            "first_id is a catalogue number",
        ),
        (
            lambda: gpuprop.walker("53:24/3/1", 550.0, first_id=1.5),
            r"first_id is a catalogue number, such as 1, not 1.5 \(float\)",
        ),
        (
            lambda: gpuprop.walker("53:24/3/1", 550.0, first_id=True),
            r"first_id is a catalogue number, such as 1, not True \(bool\)",
        ),
        (
            lambda: Elements.concat(5),
            r"concat takes several Elements, as in Elements.concat\(\[a, b\]\), not int 5",
        ),
        (
            lambda: Elements.from_satrecs(SATELLITES),
            r"satrecs\[0\] must be a Satrec of python-sgp4 or gpuprop.api, not Elements",
        ),
        (
            lambda: Elements.from_satrecs(5),
            r"from_satrecs takes several satellites, .*, not one int",
        ),
        (lambda: SATELLITES[None], r"elements\[...\] takes a whole number, a slice, .* not None"),
        (lambda: SATELLITES[True], "takes a whole number"),
        (lambda: SATELLITES[1.0], "takes a whole number"),
        (lambda: SATELLITES["WALKER P01 S01"], "takes a whole number"),
        (lambda: SATELLITES[[[0]]], "takes a whole number"),
        (lambda: gpuprop.Site("a", 5), r"site '': latitude_deg must be a number, not 'a' \(str\)"),
        (lambda: gpuprop.Site(5, None), "longitude_deg must be a number, not None"),
        (
            lambda: api.Satrec().sgp4init(api.WGS72, "i", "5", *[0.0] * 10),
            r"satnum is a catalogue number, such as 25544, not '5' \(str\)",
        ),
        (
            lambda: api.Satrec().sgp4init(api.WGS72, "i", 5.5, *[0.0] * 10),
            "satnum is a catalogue number",
        ),
        (
            lambda: gpuprop.look_angles(Propagator(SATELLITES, "numpy").states(TIMES), "Delft"),
            "'Delft' is not a gpuprop.Site",
        ),
        (
            lambda: gpuprop.look_angles(Propagator(SATELLITES, "numpy").states(TIMES), 5),
            "5 is not a gpuprop.Site",
        ),
        (
            lambda: Elements.concat([SATELLITES, 1]),
            r"parts\[1\] must be gpuprop.Elements, not int 1",
        ),
    ],
)
def test_a_wrong_type_is_named(call, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match=message):
        call()
    assert not list(tmp_path.iterdir())


def test_a_track_is_of_one_satellite(tmp_path):
    gpuprop.write_snapshots(tmp_path / "out", Propagator(SATELLITES, "numpy"), TIMES)
    snapshots = gpuprop.open_snapshots(tmp_path / "out")
    for wrong in ([1_000_000_000, 1_000_000_001], "1000000000", 1e9, True, None):
        with pytest.raises(TypeError, match=r"track\(\) takes one catalogue number, not "):
            snapshots.track(wrong)
    assert len(snapshots.track(np.int32(1_000_000_000))) == 1
    with pytest.raises(TypeError, match="a directory is a path or a URL, not 1"):
        gpuprop.open_snapshots(1)


def test_any_iterable_of_patterns_selects():
    for patterns in (
        "*P01*",
        ["*P01*"],
        ("*P01*",),
        {"*P01*"},
        np.array(["*P01*"]),
        iter(["*P01*"]),
        pa.array(["*P01*"]),
    ):
        assert len(SATELLITES.select(patterns)) == 8
    assert SATELLITES.select(pa.array([1_000_000_003])).sat_id.tolist() == [1_000_000_003]


def test_what_chooses_satellites():
    for index in (
        3,
        np.int32(3),
        [3],
        np.array([3]),
        slice(3, 4),
        SATELLITES.sat_id == 1_000_000_003,
        pa.array([3]),
        (3,),
    ):
        assert SATELLITES[index].sat_id.tolist() == [1_000_000_003]
    assert len(SATELLITES[[]]) == len(SATELLITES[np.array([], bool)[:0].astype(int)]) == 0
    assert gpuprop.walker("53:24/3/1", 550.0, first_id=np.int32(7)).sat_id[0] == 7
