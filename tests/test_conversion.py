"""States that are computed already, in another frame: blocks and tables, there and back, and what is refused."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_engine import random_elements
from test_frames import FRAMES, TIMES

from gpuprop import Propagator, convert, open_snapshots, walker, write_snapshots

VELOCITY = ("vx", "vy", "vz")


def propagator():
    return Propagator(walker("53:40/5/1", altitude_km=550.0))


def largest(a, b):
    """Largest difference of columns of the same names, longitudes modulo a turn."""
    assert list(a.columns) == list(b.columns)
    found = {name: np.abs(a.columns[name].astype(float) - b.columns[name].astype(float)) for name in a.columns}
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
    assert converted.schema.equals(itrs.schema) and [field.metadata for field in converted.schema] == [
        field.metadata for field in itrs.schema
    ]
    mine, theirs = (json.loads(table.schema.metadata[b"gpuprop"]) for table in (converted, itrs))
    assert mine == theirs and mine["frame"] == "itrs"
    for name in ("x", "y", "z", *VELOCITY):
        assert np.abs(converted.column(name).to_numpy() - itrs.column(name).to_numpy()).max() < 2e-9
    assert converted.column("sat_id").equals(itrs.column("sat_id")) and converted.column("time").equals(itrs.column("time"))


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
    assert np.abs(converted.column("x").to_numpy() - propagator().states(TIMES[1:2]).x[0]).max() < 2e-3


def test_a_table_without_a_frame_is_refused(tmp_path):
    write_snapshots(tmp_path, propagator(), TIMES)
    table = open_snapshots(tmp_path).dataset.to_table()
    for bare in (table.replace_schema_metadata(None), table.replace_schema_metadata({"gpuprop": '{"frame": "earth"}'})):
        with pytest.raises(ValueError, match=r"does not say which frame.*open_snapshots"):
            convert(bare, "itrs")
    with pytest.raises(ValueError, match="in the frame teme, has no column time, vy"):
        convert(table.drop_columns(["time", "vy"]), "itrs")
    with pytest.raises(ValueError, match="'mars' is not known"):
        convert(table, "mars")
    with pytest.raises(TypeError, match="not dict"):
        convert({"x": 1}, "itrs")


def test_a_frame_survives_parquet(tmp_path):
    write_snapshots(tmp_path, propagator(), TIMES, "gcrs")
    pq.write_table(open_snapshots(tmp_path).at(TIMES[0]), tmp_path / "one.parquet")
    converted = convert(pq.read_table(tmp_path / "one.parquet"), "geodetic")
    assert np.abs(converted.column("height").to_numpy() - propagator().states(TIMES[:1], "geodetic").height[0]).max() < 2e-9


def test_the_earth_orientation_is_that_asked_for():
    states = propagator().states(TIMES)
    bare = convert(states, "itrs", eop="none")
    assert largest(bare, Propagator(walker("53:40/5/1", altitude_km=550.0), eop="none").states(TIMES, "itrs")) < 2e-9
    assert largest(bare, convert(states, "itrs")) > 1e-3
