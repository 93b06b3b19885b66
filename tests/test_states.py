"""States show themselves, and xarray, pandas, Polars, DuckDB, astropy and DLPack take them."""

import importlib
import json
import sys
from dataclasses import replace

import dlpack
import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr
from astropy import units as u
from astropy.coordinates import ITRS, CartesianRepresentation, EarthLocation
from astropy.time import Time
from fake_cupy import FakeCupy
from state_samples import FRAMES, TIMES, random_elements

import gpuprop
from gpuprop import Propagator, block_tables, convert

N = 40


@pytest.fixture(scope="module")
def propagator():
    sats = gpuprop.Elements.concat(
        [random_elements(60, N - 24), gpuprop.walker("53:24/3/1", altitude_km=600.0)]
    )
    return Propagator(sats, "numpy", threads=1)


def bits(values):
    return np.ascontiguousarray(values).view(np.uint8)


def same(column, states, name):
    """A column of a table has the bits of the states, row after row."""
    assert np.array_equal(bits(np.asarray(column)), bits(states.columns[name].reshape(-1)))


def equal(a, b):
    """Tables with the same schema and values, a NaN being equal to a NaN."""
    return a.schema.equals(b.schema, check_metadata=True) and all(
        np.array_equal(one.to_numpy(), other.to_numpy(), equal_nan=one.type == pa.float64())
        for one, other in zip(a.columns, b.columns, strict=True)
    )


def both(propagator, frame):
    """A block, and pairs of two satellites at the same instants."""
    yield propagator.states(TIMES, frame, sunlit=True)
    yield propagator.pair_states([7, 39, 7, 0, 39], TIMES, frame)


@pytest.mark.parametrize("frame", FRAMES)
def test_arrow(propagator, frame):
    for states in both(propagator, frame):
        table = states.to_arrow()
        table.validate(full=True)
        for name in states.columns:
            same(table.column(name), states, name)
        pairs = states.index is not None
        times, sats, names = states.times.datetime64, states.sat_id, states.name
        if not pairs:
            times, sats, names = np.repeat(times, N), np.tile(sats, 5), np.tile(names, 5)
        assert np.array_equal(table.column("time").to_numpy(), times)
        assert table.column("sat_id").to_pylist() == sats.tolist()
        assert table.column("object_name").to_pylist() == names.tolist()
        if pairs:
            assert table.column("index").to_pylist() == states.index.tolist()
        # units and frame travel with each column, the rest with the schema
        assert table.schema.field("vx").metadata[b"unit"] == b"km/s"
        first = gpuprop.states.position_names(frame)[0]
        assert table.schema.field(first).metadata[b"frame"] == frame.encode()
        facts = json.loads(table.schema.metadata[b"gpuprop"])
        assert facts == states.metadata
        assert (facts["frame"], facts["gravity"], facts["time_scale"]) == (frame, "wgs72", "UTC")
        # so the table can be converted, with the same bits as the states
        other = "gcrs" if frame != "gcrs" else "itrs"
        assert equal(convert(table, other), convert(states, other).to_arrow())


def test_columns_are_shared_not_copied(propagator):
    states = propagator.states(TIMES)
    column = states.to_arrow().column("y").chunk(0)
    assert column.buffers()[1].address == states.y.ctypes.data
    assert np.shares_memory(states.to_xarray()["y"].values, states.y)


@pytest.mark.parametrize("rows", [1, 39, 40, 100, 1 << 20])
def test_a_stream_has_whole_instants(propagator, rows, monkeypatch):
    monkeypatch.setattr(block_tables, "BATCH_ROWS", rows)
    states = propagator.states(TIMES)
    reader = pa.RecordBatchReader.from_stream(states)
    lengths = [len(batch) for batch in reader]
    assert sum(lengths) == 5 * N and all(length % N == 0 for length in lengths)
    assert max(lengths) <= max(rows, N)
    assert equal(pa.table(states), states.to_arrow())


def test_polars_and_duckdb(propagator):
    for states in both(propagator, "geodetic"):
        frame = pl.DataFrame(states)
        assert frame.shape == (states.lat.size, 11)
        for name in states.columns:
            same(frame[name].to_numpy(), states, name)
        assert np.array_equal(
            gpuprop.as_times(frame["time"]).ns, states.to_arrow()["time"].cast(pa.int64())
        )
        chosen = frame.filter(pl.col("object_name") == "WALKER P03 S08")
        assert set(chosen["sat_id"]) == {1_000_000_023}
        found = duckdb.sql("select * from states").to_arrow_table()
        for name in states.columns:
            same(found.column(name), states, name)
        for back in (frame.to_arrow(), found):  # with the schema, the whole table is back
            assert equal(back.cast(states.to_arrow().schema), states.to_arrow())
        [(count,)] = duckdb.sql(
            "select count(*) from states where object_name = 'WALKER P03 S08'"
        ).fetchall()
        assert count == len(chosen) > 0


def test_pandas(propagator):
    for states in both(propagator, "itrs"):
        frame = states.to_pandas()
        for name in states.columns:
            same(frame[name], states, name)
        assert gpuprop.as_times(frame["time"]) == gpuprop.as_times(states.to_arrow()["time"])
        assert frame["object_name"].tolist() == states.to_arrow()["object_name"].to_pylist()
        assert frame.attrs["frame"] == frame.attrs["frames"]["z"] == "itrs"
        assert frame.attrs["units"]["vz"] == "km/s" and frame.attrs["opsmode"] == "i"
        # and back to a table that knows its frame
        good = frame[frame["status"] == 0]  # pandas takes NaN for a null
        back = pa.Table.from_pandas(good, preserve_index=False)
        facts = {"gpuprop": json.dumps(good.attrs)}
        turned = convert(back.replace_schema_metadata(facts), "gcrs")
        expected = convert(states, "gcrs").x[states.status == 0]
        assert np.array_equal(turned.column("x").to_numpy(), expected)


@pytest.mark.parametrize("frame", ["teme", "geodetic"])
def test_xarray(propagator, frame, tmp_path):
    for states in both(propagator, frame):
        data = states.to_xarray()
        pairs = states.index is not None
        assert dict(data.sizes) == ({"pair": 5} if pairs else {"time": 5, "sat_id": N})
        for name, column in states.columns.items():
            assert np.array_equal(bits(data[name].values), bits(column))
        assert gpuprop.as_times(data["time"]) == states.times
        assert data["object_name"].values.tolist() == states.name.tolist()
        assert data.attrs["frame"] == frame and data.attrs["gravity"] == "wgs72"
        if frame == "geodetic":
            assert data["lat"].attrs["units"] == "degrees_north"
            assert data["lat"].attrs["standard_name"] == "latitude"
        assert data["vx"].attrs["units"] == "km/s"
        meanings = data["status"].attrs["flag_meanings"].split()
        assert len(meanings) == len(data["status"].attrs["flag_values"]) == len(gpuprop.STATUS)
        path = tmp_path / f"{pairs}.nc"
        data.to_netcdf(path, engine="h5netcdf")
        with xr.open_dataset(path, engine="h5netcdf") as back:
            assert back.identical(data) and gpuprop.as_times(back["time"]) == states.times
    block = propagator.states(TIMES).to_xarray()
    one = block.sel(sat_id=1_000_000_023)
    assert one["object_name"].item() == "WALKER P03 S08"
    assert np.array_equal(one["x"], propagator.states(TIMES).x[:, -1])


def test_astropy(propagator):
    """Positions go through astropy's coordinates, and come back; its instants, too."""
    states = propagator.states(TIMES, "itrs")
    place = CartesianRepresentation(states.position.T * u.km).xyz.to_value(u.km)
    assert np.array_equal(place.T, states.position, equal_nan=True)
    times = Time(states.times.datetime64, scale="utc")
    assert gpuprop.as_times(times) == states.times
    good = states.status[2] == 0
    seen = ITRS(CartesianRepresentation(states.position[2, good].T * u.km), obstime=times[2])
    assert np.array_equal(seen.x.to_value(u.km), states.x[2, good])
    geodetic = propagator.states(TIMES, "geodetic")
    lat, lon, height = (geodetic.columns[name][2, good] for name in ("lat", "lon", "height"))
    location = EarthLocation.from_geodetic(lon, lat, height * u.km)
    off = np.stack([each.to_value(u.km) for each in location.geocentric]).T
    off -= states.position[2, good]
    assert np.abs(off).max() < 1e-11 * np.abs(states.position[2, good]).max()


def test_dlpack(propagator):
    """numpy, and a consumer written from the protocol's header, see the memory of the columns."""
    states = propagator.states(TIMES)
    for name, column in states.columns.items():
        taken = np.from_dlpack(column)
        assert np.shares_memory(taken, column) and np.array_equal(bits(taken), bits(column))
        code = (2, 64) if name != "status" else (1, 8)  # kDLFloat, kDLUInt
        device, kind, shape, strides, address = dlpack.described(column)
        assert (device, kind, shape) == (1, code, column.shape)  # kDLCPU
        assert strides in (None, tuple(step // column.itemsize for step in column.strides))
        assert address == column.ctypes.data


@pytest.mark.parametrize("library", ["torch", "tvm_ffi"])
def test_columns_go_to_other_libraries_and_back(propagator, library):
    """By DLPack, without a copy. tvm_ffi is small, so it is always there."""
    if library == "torch":
        pytest.importorskip(library, reason="torch is too large for the tests' environment")
    take = importlib.import_module(library).from_dlpack
    for states in both(propagator, "itrs"):
        tensors = {name: take(column) for name, column in states.columns.items()}
        for name, column in states.columns.items():
            assert tuple(tensors[name].shape) == column.shape
            assert str(tensors[name].dtype).removeprefix("torch.") == str(column.dtype)
        columns = {name: np.from_dlpack(tensor) for name, tensor in tensors.items()}
        assert all(np.shares_memory(columns[name], states.columns[name]) for name in columns)
        assert equal(replace(states, columns=columns).to_arrow(), states.to_arrow())


def test_reprs(propagator):
    states, pairs = both(propagator, "teme")
    lost = int((states.status != 0).sum())
    assert lost  # the decaying and the impossible
    span = "2025-12-18T00:00:00Z to 2026-01-02T00:00:00Z"
    assert repr(states) == (
        f"<States: 40 satellites at 5 instants, teme, {span}; "
        f"x y z vx vy vz status sunlit; status of {lost} not good>"
    )
    assert repr(pairs).startswith(f"<States: 5 pairs of satellite and instant, teme, {span}; x y z")
    for each in (states, pairs, propagator.states(TIMES[:0]), replace(states, elements=None)):
        text = each._repr_html_()
        assert f"{len(each):,}" in text and len(text) < 10_000
    few = Propagator(propagator.elements[:0], "numpy", threads=1).states(TIMES)
    assert repr(few).startswith("<States: 0 satellites at 5 instants") and few._repr_html_()
    assert few.to_arrow().num_rows == few.to_pandas().shape[0] == few.to_xarray()["x"].size == 0


def test_dir_has_the_columns_that_are_there(propagator):
    names = set(dir(propagator.states(TIMES, "geodetic", velocity=False)))
    assert {"lat", "lon", "height", "status", "to_arrow"} < names
    assert not names & {"x", "vx", "sunlit"}
    assert {"x", "vx", "sunlit"} < set(dir(propagator.states(TIMES, sunlit=True)))


def test_names_are_those_of_the_element_sets(propagator):
    states = propagator.states(TIMES)
    assert states.name is propagator.elements.name or np.shares_memory(
        states.name, propagator.elements.name
    )  # not copied for each block
    assert convert(states, "itrs").name.tolist() == states.name.tolist()
    [block] = propagator.snapshots(TIMES)
    assert block.elements is propagator.elements
    unnamed = replace(states, elements=None).to_arrow()
    assert set(unnamed.column("object_name").to_pylist()) == {""}


@pytest.mark.parametrize("kind", [np.float32, ">f8"])
def test_columns_of_other_types(propagator, kind):
    states = propagator.states(TIMES, velocity=False)
    columns = {name: np.asfortranarray(column) for name, column in states.columns.items()}
    columns |= {name: columns[name].astype(kind) for name in "xyz"}
    table = replace(states, columns=columns).to_arrow()
    assert table.schema.field("x").type == (pa.float32() if kind == np.float32 else pa.float64())
    expected = states.x.astype(kind).astype(float).reshape(-1)
    assert np.array_equal(np.asarray(table["x"], float), expected, equal_nan=True)


def test_blocks_on_a_gpu_are_copied_to_the_host(kernels, monkeypatch):
    cupy = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(block_tables, "BATCH_ROWS", 600)
    propagator = Propagator(random_elements(61, 300), "cuda")
    here, there = propagator.states(TIMES), propagator.states(TIMES, device=True)
    assert equal(there.to_arrow(), here.to_arrow())
    assert there.to_xarray().equals(here.to_xarray())
    assert "on a GPU" in repr(there) and "on a GPU" in there._repr_html_()
    cupy.check_guards()


@pytest.mark.parametrize("package", ["xarray", "pandas"])
def test_a_package_that_is_missing_is_named(propagator, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"needs {package}, .* pip install {package}"):
        getattr(propagator.states(TIMES), f"to_{package}")()
