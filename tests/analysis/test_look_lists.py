"""Look angles as lists: above a minimum elevation, of pairs, of tables and of datasets."""

import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from fake_cupy import FakeCupy
from state_samples import TIMES, random_elements

from gpuprop import (
    Propagator,
    Site,
    convert,
    look_angles,
    open_snapshots,
    time_grid,
    walker,
    write_snapshots,
)
from gpuprop.analysis import look_angles as module

SITES = [
    Site(-15.793889, -47.882778, 1.172, "Brasilia"),
    Site(51.1694, 71.4491, 0.347, "Astana"),
    Site(90.0, 0.0),
]
GRID = time_grid("2026-01-01T00:00:00Z", duration="30min", step="60s")


@pytest.fixture(scope="module")
def propagator():
    return Propagator(walker("53:40/5/1", altitude_km=550.0), "numpy", threads=1)


@pytest.fixture(scope="module")
def written(propagator, tmp_path_factory):
    """Snapshots in every frame, by frame."""
    folder = tmp_path_factory.mktemp("snapshots")
    for frame in ("teme", "itrs", "gcrs", "geodetic"):
        write_snapshots(folder / frame, propagator, GRID, frame)
    return {path.name: open_snapshots(path) for path in folder.iterdir()}


def rows_of(angles):
    """A list as sorted rows: instant, site, number and the bits of the angles."""
    keys = angles.times.ns, angles.site_index, angles.sat_id
    order = np.lexsort(keys[::-1])
    columns = [np.ascontiguousarray(values)[order] for values in (*keys, *angles.columns.values())]
    return [column.view(np.uint8).tobytes() for column in columns]


def test_those_above_are_those_of_the_block(engine, propagator):
    states = propagator.states(GRID)
    every = look_angles(states, SITES, engine="numpy")
    found = look_angles(states, SITES, min_elevation_deg=10.0, engine=engine)
    t, n, s = np.nonzero(every.elevation.transpose(0, 2, 1) >= np.radians(10.0))
    assert 0 < len(found) == len(t) < every.elevation.size / 5
    for name in every.columns:
        assert np.array_equal(getattr(found, name), getattr(every, name)[t, s, n])
    assert np.array_equal(found.times.ns, GRID.ns[t])
    assert np.array_equal(found.sat_id, states.sat_id[n])
    assert found.name.tolist() == states.name[n].tolist()
    assert np.array_equal(found.site_index, s) and np.array_equal(found.index, n)


def test_a_list_without_a_limit_and_edges(propagator):
    states = Propagator(random_elements(50, 1000), "numpy", threads=1).states(TIMES)
    every = look_angles(states, SITES)
    found = look_angles(states, SITES, min_elevation_deg=-90.0)
    assert len(found) == np.isfinite(every.elevation).sum() < every.elevation.size  # no position
    none = look_angles(propagator.states(GRID), SITES[0], min_elevation_deg=90.0)
    assert len(none) == 0 and none.azimuth.shape == none.sat_id.shape == none.site_index.shape
    assert none.to_arrow().num_rows == 0 and "0 directions above 90 deg" in repr(none)
    edge = float(np.degrees(every.elevation[1, 0, 5]))
    with_it = look_angles(states, SITES[0], min_elevation_deg=edge - 1e-12)
    assert 5 in with_it.index[with_it.times.ns == TIMES.ns[1]]
    for wrong in (90.1, float("nan"), -91):
        with pytest.raises(ValueError, match=r"min_elevation_deg .* is not from -90 to 90"):
            look_angles(states, SITES, min_elevation_deg=wrong)
    with pytest.raises(TypeError, match="min_elevation_deg must be a number, not '10'"):
        look_angles(states, SITES, min_elevation_deg="10")


def test_pairs_are_a_list(engine, propagator):
    rng = np.random.default_rng(81)
    index, instants = rng.integers(0, 40, 50), rng.integers(0, 30, 50)
    pairs = propagator.pair_states(index, GRID.datetime64[instants])
    every = look_angles(propagator.states(GRID), SITES)
    found = look_angles(pairs, SITES, engine=engine)
    assert found.elevation.shape == (150,)  # in their order, and the sites of each
    for name in every.columns:
        expected = getattr(every, name)[instants, :, index].reshape(-1)
        assert np.array_equal(getattr(found, name), expected)
    assert np.array_equal(found.index, np.repeat(index, 3))
    assert found.name.tolist() == np.repeat(pairs.name, 3).tolist()
    assert np.array_equal(found.site_index, np.tile([0, 1, 2], 50))


@pytest.mark.parametrize("frame", ["teme", "itrs", "gcrs", "geodetic"])
@pytest.mark.parametrize("portion", [50, 200, 1 << 20])
def test_snapshots_read_back(written, propagator, frame, portion, monkeypatch):
    """Tables and datasets in any frame, in portions that cut instants anywhere."""
    monkeypatch.setattr(module, "PORTION", portion)
    snapshots = written[frame]
    expected = look_angles(propagator.states(GRID, frame), SITES, min_elevation_deg=10.0)
    whole = snapshots.dataset.to_table()
    for source in (snapshots.dataset, whole):
        found = look_angles(source, SITES, min_elevation_deg=10.0)
        assert rows_of(found) == rows_of(expected)
        assert np.array_equal(whole["sat_id"].to_numpy()[found.index], found.sat_id)
    assert found.name is None and found.metadata["earth_orientation"]
    assert found.metadata["gravity"] == "wgs72"
    one = look_angles(snapshots.at(GRID[7]), SITES)
    block = look_angles(propagator.states(GRID[7:8], frame), SITES)
    assert np.array_equal(one.azimuth, block.azimuth[0].T.reshape(-1))


def test_rows_in_any_order(written, propagator):
    whole = written["teme"].dataset.to_table()
    expected = look_angles(whole, SITES)
    order = np.random.default_rng(82).permutation(len(whole))
    found = look_angles(whole.take(order), SITES)
    assert rows_of(found) == rows_of(expected)
    assert np.array_equal(found.index, np.repeat(np.arange(len(whole)), 3))
    some = written["teme"].dataset.filter(pc.field("z") > 5000.0)
    assert len(look_angles(some, SITES)) == 3 * some.count_rows() > 0
    track = written["teme"].track(1_000_000_007)
    assert len(look_angles(track, SITES[0])) == 30


def test_tables_of_states_have_names(propagator):
    table = propagator.states(GRID).to_arrow()
    expected = look_angles(propagator.states(GRID), SITES, min_elevation_deg=10.0)
    for each in (
        table,
        table.set_column(2, "object_name", table["object_name"].cast(pa.string())),
    ):
        found = look_angles(each, SITES, min_elevation_deg=10.0)
        assert found.name.tolist() == expected.name.tolist()
    assert "object_name" in found.to_arrow().schema.names


def test_no_velocities(propagator):
    """The same angles without them; range rates are an error that says how to go on."""
    states = propagator.states(GRID)
    expected = look_angles(states, SITES)
    still = propagator.states(GRID, velocity=False)
    for source in (still, still.to_arrow()):
        with pytest.raises(ValueError, match=r"no velocities, .* range_rate=False"):
            look_angles(source, SITES)
        with pytest.raises(ValueError, match="range rates and angular rates need"):
            look_angles(source, SITES, range_rate=False, rates=True)
    found = look_angles(still, SITES, range_rate=False)
    assert found.range_rate is None and "range_rate" not in dir(found)
    for name in ("azimuth", "elevation", "range"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))


def test_what_is_refused(written, propagator, tmp_path):
    table = written["teme"].at(GRID[0])
    with pytest.raises(ValueError, match="does not say which frame"):
        look_angles(table.replace_schema_metadata(None), SITES)
    with pytest.raises(ValueError, match="has no column sat_id"):
        look_angles(table.drop_columns(["sat_id"]), SITES)
    metres = table.schema.field("y").with_metadata({"unit": "m"})
    schema = table.schema.set(table.schema.get_field_index("y"), metres)
    with pytest.raises(ValueError, match=r"the column y is in m, .* give it in km"):
        look_angles(table.cast(schema), SITES)
    with pytest.raises(TypeError, match=r"not Snapshots: give its \.dataset"):
        look_angles(written["teme"], SITES)
    nulls = table.set_column(
        2,
        table.schema.field("x").with_nullable(True),
        pc.replace_with_mask(
            table["x"], pa.array([True] + [False] * 39), pa.scalar(None, pa.float64())
        ),
    )
    with pytest.raises(ValueError, match="the column x has 1 nulls"):
        look_angles(nulls, SITES)


def test_memory_is_that_of_a_portion(propagator, monkeypatch):
    """Forty times as many instants need no more, when next to nothing is above."""
    monkeypatch.setattr(module, "PORTION", 4000)
    peaks = []
    for duration in ("50min", "2000min"):
        states = propagator.states(time_grid("2026-01-01", duration=duration))
        look_angles(states, SITES, min_elevation_deg=89.99, radec=True, rates=True, engine="numpy")
        tracemalloc.start()
        look_angles(states, SITES, min_elevation_deg=89.99, radec=True, rates=True, engine="numpy")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0], peaks
    assert peaks[1] < states.x.size * len(SITES) * 8, peaks  # one column of all directions


def test_a_list_of_a_gpus_block(kernels, monkeypatch):
    cupy = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    propagator = Propagator(random_elements(83, 300), "cuda:1")
    here, there = propagator.states(TIMES), propagator.states(TIMES, device=True)
    options = dict(radec=True, rates=True)
    expected = look_angles(here, SITES, engine="numpy", **options)
    monkeypatch.setattr(module, "PORTION", 1000)
    cupy.launches.clear()
    for found in (
        look_angles(there, SITES, **options),
        look_angles(there, SITES, min_elevation_deg=5.0, **options),
    ):
        wanted = expected
        if found.site_index is not None:
            wanted = look_angles(here, SITES, engine="numpy", min_elevation_deg=5.0, **options)
        for name in expected.columns:
            assert np.array_equal(getattr(found, name), getattr(wanted, name), equal_nan=True)
    assert {name for name, *_ in cupy.launches} == {"look_angles"}
    assert {device for *_, device in cupy.launches} == {1}
    # without them the angles stay on the GPU, also without velocities
    still = propagator.states(TIMES, velocity=False, device=True)
    stays = look_angles(still, SITES, range_rate=False)
    assert not isinstance(stays.azimuth, np.ndarray) and stays.range_rate is None
    assert np.array_equal(stays.azimuth.get(), expected.azimuth, equal_nan=True)
    assert stays.to_arrow().num_rows == expected.azimuth.size and stays._repr_html_()
    nothing = look_angles(propagator.states(TIMES[:0], device=True), SITES)
    assert nothing.azimuth.shape == (0, 3, 300) and nothing._repr_html_()
    cupy.check_guards()


def test_conversion_keeps_names(propagator):
    states = propagator.states(GRID[:2])
    assert look_angles(convert(states, "gcrs"), SITES).name.tolist() == states.name.tolist()
    assert look_angles(replace(states, elements=None), SITES).name is None
