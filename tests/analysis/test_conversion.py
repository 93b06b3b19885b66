"""Computed states in another frame: blocks and tables, there and back, and errors."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from state_samples import FRAMES, TIMES, random_elements

from gpuprop import Propagator, convert, open_snapshots, sun_position, walker, write_snapshots
from gpuprop.snapshots import plan_snapshots, write_plan
from gpuprop.time.times import as_times

VELOCITY = ("vx", "vy", "vz")


def propagator():
    return Propagator(walker("53:40/5/1", altitude_km=550.0))


def largest(a, b):
    """Largest difference of columns of the same names, longitudes modulo a turn."""
    assert list(a.columns) == list(b.columns)
    found = {
        name: np.abs(a.columns[name].astype(float) - b.columns[name].astype(float))
        for name in a.columns
    }
    if "lon" in found:
        found["lon"] = np.minimum(found["lon"], 360 - found["lon"])
    return max(float(np.nanmax(values)) for values in found.values())


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("origin", FRAMES)
def test_blocks_from_every_frame_to_every_frame(origin, frame):
    prop = propagator()
    converted = convert(prop.states(TIMES, origin, sunlit=True), frame)
    assert converted.frame == frame
    assert largest(converted, prop.states(TIMES, frame, sunlit=True)) < 2e-9  # km, km/s, deg


def test_lost_states_stay_lost():
    states = Propagator(random_elements(60, 500)).states(TIMES)
    converted = convert(states, "itrs")
    assert np.array_equal(np.isnan(converted.x), np.isnan(states.x))
    assert np.array_equal(converted.status, states.status)


@pytest.mark.parametrize("format", ["arrow", "parquet"])
def test_what_was_written_in_teme_is_read_in_itrs(tmp_path, format):
    prop = propagator()
    for frame in ("teme", "itrs"):
        write_snapshots(tmp_path / frame, prop, TIMES, frame, format=format)
    teme, itrs = (open_snapshots(tmp_path / frame).dataset.to_table() for frame in ("teme", "itrs"))
    converted = convert(teme, "itrs")
    assert converted.schema.equals(itrs.schema) and [
        field.metadata for field in converted.schema
    ] == [field.metadata for field in itrs.schema]
    mine, theirs = (json.loads(table.schema.metadata[b"gpuprop"]) for table in (converted, itrs))
    assert mine == theirs and mine["frame"] == "itrs"
    for name in ("x", "y", "z", *VELOCITY):
        assert np.abs(converted.column(name).to_numpy() - itrs.column(name).to_numpy()).max() < 2e-9
    assert converted.column("sat_id").equals(itrs.column("sat_id")) and converted.column(
        "time"
    ).equals(itrs.column("time"))


def test_rows_in_any_order_and_positions_alone(tmp_path):
    prop = propagator()
    write_snapshots(tmp_path, prop, TIMES, velocity=False)
    table = open_snapshots(tmp_path).dataset.to_table()
    rows = np.random.default_rng(1).permutation(table.num_rows)
    shuffled = convert(table.take(pa.array(rows)), "geodetic")
    expected = prop.states(TIMES, "geodetic")
    for name in ("lat", "lon", "height"):
        off = np.abs(shuffled.column(name).to_numpy() - expected.columns[name].ravel()[rows])
        assert (np.minimum(off, 360 - off) if name == "lon" else off).max() < 2e-9
        assert shuffled.schema.field(name).metadata[b"frame"] == b"geodetic"
    assert json.loads(shuffled.schema.metadata[b"gpuprop"])["units"] == {"position": "deg, deg, km"}
    assert "vx" not in shuffled.column_names and "x" not in shuffled.column_names


def test_float32_stays_float32(tmp_path):
    write_snapshots(tmp_path, propagator(), TIMES, "itrs", dtype="float32")
    converted = convert(open_snapshots(tmp_path).at(TIMES[1]), "teme")
    assert converted.schema.field("x").type == pa.float32()
    assert (
        np.abs(converted.column("x").to_numpy() - propagator().states(TIMES[1:2]).x[0]).max() < 2e-3
    )


def test_a_table_without_a_frame_is_refused(tmp_path):
    write_snapshots(tmp_path, propagator(), TIMES)
    table = open_snapshots(tmp_path).dataset.to_table()
    for bare in (
        table.replace_schema_metadata(None),
        table.replace_schema_metadata({"gpuprop": '{"frame": "earth"}'}),
    ):
        with pytest.raises(ValueError, match=r"does not say which frame.*open_snapshots"):
            convert(bare, "itrs")
    for name in ("time", "y", "vx", "vy"):
        with pytest.raises(ValueError, match=f"in the frame teme, has no column {name}$"):
            convert(table.drop_columns([name]), "itrs")
    with pytest.raises(ValueError, match="'mars' is not known"):
        convert(table, "mars")
    with pytest.raises(TypeError, match="not dict"):
        convert({"x": 1}, "itrs")


def test_a_frame_survives_parquet(tmp_path):
    write_snapshots(tmp_path, propagator(), TIMES, "gcrs")
    pq.write_table(open_snapshots(tmp_path).at(TIMES[0]), tmp_path / "one.parquet")
    converted = convert(pq.read_table(tmp_path / "one.parquet"), "geodetic")
    assert (
        np.abs(
            converted.column("height").to_numpy()
            - propagator().states(TIMES[:1], "geodetic").height[0]
        ).max()
        < 2e-9
    )


def test_the_earth_orientation_is_that_asked_for():
    states = propagator().states(TIMES)
    bare = convert(states, "itrs", eop="none")
    assert (
        largest(
            bare,
            Propagator(walker("53:40/5/1", altitude_km=550.0), eop="none").states(TIMES, "itrs"),
        )
        < 2e-9
    )
    assert largest(bare, convert(states, "itrs")) > 1e-3


def test_states_remember_their_earth_orientation(tmp_path):
    prop = Propagator(walker("53:40/5/1", altitude_km=550.0), eop="none")
    itrs, teme = prop.states(TIMES, "itrs"), prop.states(TIMES)
    assert (
        itrs.earth_orientation == "none: UT1 = UTC, no polar motion"
        and teme.earth_orientation is None
    )
    assert largest(convert(itrs, "teme"), teme) < 2e-9
    assert largest(convert(teme, "itrs"), itrs) < 2e-9
    assert largest(convert(itrs, "gcrs", eop="iers"), propagator().states(TIMES, "gcrs")) < 2e-9
    assert (
        convert(itrs, "gcrs", eop="iers").earth_orientation
        == propagator().states(TIMES, "gcrs").earth_orientation
    )
    late = as_times(["2150-01-01T00:00:00Z"])
    assert convert(prop.states(late), "itrs").frame == "itrs"

    write_snapshots(tmp_path, prop, TIMES, "itrs")
    table = convert(open_snapshots(tmp_path).dataset.to_table(), "teme")
    assert np.abs(table.column("x").to_numpy() - teme.x.ravel()).max() < 2e-9
    assert (
        json.loads(table.schema.metadata[b"gpuprop"])["earth_orientation"]
        == "none: UT1 = UTC, no polar motion"
    )


def test_an_earth_orientation_that_is_not_at_hand_must_be_given(tmp_path):
    write_snapshots(tmp_path, propagator(), TIMES, "itrs")
    table = open_snapshots(tmp_path).dataset.to_table()
    facts = json.loads(table.schema.metadata[b"gpuprop"]) | {
        "earth_orientation": "an older table; predictions are used"
    }
    old = table.replace_schema_metadata({"gpuprop": json.dumps(facts)})
    with pytest.raises(
        ValueError, match=r"'an older table', which is not available here.*eop='iers'"
    ):
        convert(old, "teme")
    assert convert(old, "teme", eop="iers").column("x").equals(convert(table, "teme").column("x"))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", None])
def test_times_of_any_unit(tmp_path, unit, zone):
    """Files pass through tools that count in other units than nanoseconds."""
    times = as_times(TIMES.datetime64.astype("datetime64[s]"))
    write_snapshots(tmp_path, propagator(), times)
    table = open_snapshots(tmp_path).dataset.to_table()
    place = table.column_names.index("time")
    other = table.set_column(place, "time", table.column("time").cast(pa.timestamp(unit, zone)))
    assert convert(other, "itrs").column("x").equals(convert(table, "itrs").column("x"))


@pytest.mark.parametrize(
    ("name", "column", "message"),
    [
        ("time", lambda column: column.cast(pa.int64()), "is of type int64, not a timestamp"),
        ("time", lambda column: column.cast(pa.string()), "is of type string, not a timestamp"),
        (
            "time",
            lambda column: pa.array([None] * len(column), pa.timestamp("ns")),
            "time has 200 nulls",
        ),
        ("y", lambda column: pa.array([None] * len(column), pa.float64()), "y has 200 nulls"),
        ("vz", lambda column: pc.cast(pc.round(column), pa.int64()), "vz is of type int64"),
    ],
)
def test_columns_of_another_kind_are_refused(tmp_path, name, column, message):
    write_snapshots(tmp_path, propagator(), TIMES)
    table = open_snapshots(tmp_path).dataset.to_table()
    with pytest.raises(ValueError, match=message):
        convert(
            table.set_column(table.column_names.index(name), name, column(table.column(name))),
            "itrs",
        )


def test_columns_that_would_be_there_twice_are_refused(tmp_path):
    write_snapshots(tmp_path, propagator(), TIMES)
    table = open_snapshots(tmp_path).dataset.to_table()
    with pytest.raises(ValueError, match="has a column lat already"):
        convert(table.append_column("lat", table.column("x")), "geodetic")
    with pytest.raises(ValueError, match="has 2 columns y"):
        convert(table.append_column("y", table.column("x")), "geodetic")
    with pytest.raises(TypeError, match="not FileSystemDataset: take its to_table"):
        convert(open_snapshots(tmp_path).dataset, "itrs")


def test_longitudes_in_float32_stay_below_180(tmp_path):
    """The nearest float32 of 179.99999999 is 180."""
    prop = propagator()
    states = prop.states(TIMES, "geodetic")
    states.lon[:] = np.nextafter(180.0, 0.0)
    plan = plan_snapshots(prop.elements, TIMES, "geodetic", "float32")
    write_plan(tmp_path, plan, [states], engine="numpy")
    table = open_snapshots(tmp_path).dataset.to_table()
    assert set(table.column("lon").to_numpy()) == {np.float32(-180.0)}
    back = convert(convert(table, "itrs"), "geodetic").column("lon").to_numpy()
    assert back.min() >= -180.0 and back.max() < 180.0


def test_the_sun():
    """Its distance at perihelion and aphelion of 2026 (3 January, 6 July), its declination at the
    solstice, and one place in all frames.
    """
    au = 149_597_870.7
    times = as_times(["2026-01-03T17:00:00Z", "2026-07-06T17:30:00Z", "2026-06-21T08:25:00Z"])
    gcrs = sun_position(times)
    distance = np.linalg.norm(gcrs, axis=1)
    assert np.abs(distance[:2] / au - [0.98330, 1.01664]).max() < 2e-5
    z = sun_position(times, "teme")[2, 2] / distance[2]
    assert abs(np.degrees(np.arcsin(z)) - 23.436) < 0.003  # the obliquity of date
    for frame in ("teme", "pef", "itrs"):
        assert (
            np.abs(np.linalg.norm(sun_position(times, frame), axis=1) / distance - 1).max() < 1e-14
        )
    with pytest.raises(ValueError, match="no geodetic position"):
        sun_position(times, "geodetic")
