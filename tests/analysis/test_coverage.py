"""Coverage has the counts of brute force in every cell, on every engine, and its tables add up."""

import json
import pickle
import re
import tracemalloc

import numpy as np
import pytest
from coverage_checks import check_cells, counts_of
from state_samples import random_elements

import gpuprop
from gpuprop import Propagator, Site, coverage, time_grid
from gpuprop.analysis.coverage.places import BYTES_OF_COUNT, MOST_CELLS, as_places
from gpuprop.elements.selection import operators
from gpuprop.engine import digest
from gpuprop.engine.cpu import CpuEngine, library, usable
from gpuprop.engine.cpu import coverage as cpu_coverage
from gpuprop.engine.cuda import coverage as cuda_coverage

TIMES = time_grid("2009-12-30", step="7min", duration="84min")
needs_kernels = pytest.mark.skipif(not usable()[0], reason=usable()[1])


@pytest.fixture(scope="module")
def elements():
    """Orbits of every kind, and sets that fail, decay, or do so within the instants."""
    return digest.sets(4)[0][::8]


def states(elements, times=TIMES):
    return Propagator(elements, "numpy").states(times, "itrs", velocity=False)


def places_of(kind):
    rng = np.random.default_rng(2)
    if kind == "points":
        lat = np.degrees(np.arcsin(rng.uniform(-1, 1, 200)))
        lon = rng.uniform(-180, 180, 200)
        # poles, places within a micro-degree of one, and the date line
        lat[:4], lon[4:8] = [90, -90, 90 - 1e-7, 1e-7 - 90], [-180, 180, 179.9999999, -179.9999999]
        return lat, lon
    return kind


@pytest.mark.parametrize("grid", ["10deg", "points", "h3:1"])
@pytest.mark.parametrize("least", [0.0, 25.0])
def test_every_number_is_that_of_brute_force(engine, elements, grid, least):
    found = coverage(Propagator(elements, engine), TIMES, places_of(grid), min_elevation_deg=least)
    ground, slots = as_places(places_of(grid)).ground(least)
    counts = counts_of(states(elements), ground)[:, 0]
    check_cells(found.cells, counts, slots, 420.0)
    assert counts[:, slots].max() > 8


def test_only_status_0_counts(elements):
    """The sets of the other tests have states that count only if the status is not looked at."""
    status = states(elements).status
    decayed = np.isfinite(states(elements).x) & (status != 0)
    assert {1, 2, 4, 6} <= set(status.ravel().tolist()) and decayed.any()
    assert (np.diff(status.astype(int), axis=0) != 0).any()


def test_gaps_are_those_of_a_plain_count_of_runs(engine):
    low = gpuprop.walker("60:40/8/1", altitude_km=1200.0)
    times = time_grid("2026-01-01", step="90s", duration="3h")
    found = coverage(Propagator(low, engine), times, "12deg", min_elevation_deg=10.0)
    ground, slots = as_places("12deg").ground(10.0)
    counts = counts_of(states(low, times), ground)[:, 0]
    check_cells(found.cells, counts, slots, 90.0)
    gaps = found.cells["gaps"].to_numpy()
    cut = found.cells["gap_cut"].to_numpy(zero_copy_only=False)
    assert (
        gaps.max() > 5 and gaps.min() == 0 and (cut & (gaps > 0)).any() and (~cut & gaps > 0).any()
    )


@pytest.mark.parametrize("grid", ["20deg", "points"])
def test_labels_are_counted_apart_and_together(engine, elements, grid):
    labels = np.array(["b", "a", "c"])[np.arange(len(elements)) % 3]
    found = coverage(
        Propagator(elements, engine), TIMES, places_of(grid), min_elevation_deg=5.0, by=labels
    )
    assert found.labels == ("a", "b", "c", "all")
    ground, slots = as_places(places_of(grid)).ground(5.0)
    of = np.searchsorted(["a", "b", "c"], labels)
    counts = counts_of(states(elements), ground, of, 3)
    for plane, label in enumerate(found.labels):
        rows = found.cells.filter(np.array(found.cells["constellation"]) == label)
        check_cells(rows, counts[:, plane], slots, 420.0)


def answers(found):
    return [found.cells, found.by_latitude, found.by_region]


def same(one, other):
    for a, b in zip(answers(one), answers(other), strict=True):
        assert a.equals(b, check_metadata=True)


class Box:
    code, name = "BOX", "a box"

    def contains(self, lat, lon):
        return (np.abs(lat) < 20) & (np.abs(lon) > 150)


def test_neither_engine_threads_blocks_nor_order_change_a_byte(engine, elements, monkeypatch):
    labels = np.array(["x", "y"])[np.arange(len(elements)) % 2]
    options = dict(min_elevation_deg=5.0, regions=[Box()])
    expected = coverage(Propagator(elements, "numpy"), TIMES, "15deg", by=labels, **options)
    order = np.random.default_rng(1).permutation(len(elements))
    for threads, size in ((1, 1), (2, 5000)):
        monkeypatch.setattr(cpu_coverage, "PASS_BYTES", 4 * size)
        monkeypatch.setattr(cuda_coverage, "PASS_BYTES", 4 * size)
        for each in ("cpu.CpuPropagation", "numpy.NumpyPropagation", "cuda.CudaPropagation"):
            monkeypatch.setattr(f"gpuprop.engine.{each}.block_bytes", 92 * 25 * 2)
        monkeypatch.setattr(
            Propagator.snapshots,
            "__kwdefaults__",
            Propagator.snapshots.__kwdefaults__ | dict(instants=5 if threads == 1 else None),
        )
        turned = Propagator(elements[order], engine, threads=threads)
        same(expected, coverage(turned, TIMES, "15deg", by=labels[order], **options))


@needs_kernels
@pytest.mark.parametrize("width", library().widths if usable()[0] else ())
@pytest.mark.parametrize("grid", ["4deg", "points"])
def test_every_width_gives_the_same(elements, width, grid):
    expected = coverage(Propagator(elements, "numpy"), TIMES, places_of(grid))
    propagator = Propagator(elements, "cpu")
    propagator._engine = CpuEngine(2, width)
    same(expected, coverage(propagator, TIMES, places_of(grid)))


def test_by_operator():
    elements = random_elements(8, 4)
    names = np.array(["STARLINK-1007", "ONEWEB-0012", "THING", "QIANFAN-1"], object)
    elements = gpuprop.Elements(dict(elements.fields) | dict(OBJECT_NAME=names))
    found = coverage(Propagator(elements, "numpy"), TIMES[:1], "30deg", by="operator")
    assert found.labels == ("oneweb", "other", "qianfan", "starlink", "all")
    assert {"oneweb", "qianfan", "starlink"} <= {each.name for each in operators().values()}
    assert repr(found) == (
        "<Coverage: 30deg, 72 cells; 1 instant; above 25 deg; "
        "by oneweb, other, qianfan, starlink, all>"
    )


def test_by_source(tmp_path):
    """Constellations and files; a selection and a new number keep the source."""
    path = tmp_path / "few.csv"
    gpuprop.write_elements(random_elements(4, 6), path)
    parts = [gpuprop.constellation("oneweb")[:9], gpuprop.constellation("guowang")[:9]]
    elements = gpuprop.Elements.concat([*parts, gpuprop.read_elements(path)]).latest()[::2]
    found = coverage(Propagator(elements, "numpy"), TIMES[:2], "30deg", by="source")
    assert found.labels == ("few.csv", "guowang", "oneweb", "all")
    assert pickle.loads(pickle.dumps(elements)).source.tolist() == elements.source.tolist()
    with pytest.raises(ValueError, match="what satellite 1 is from"):
        coverage(Propagator(random_elements(4, 6), "numpy"), TIMES[:2], "30deg", by="source")


def test_areas_are_those_of_the_ellipsoid():
    """The whole of WGS-84 has 510,065,621.724 km^2."""
    for grid in ("1deg", "7.5deg"):
        assert as_places(grid).weight.sum() == pytest.approx(510_065_621.724, abs=0.001)
    # one degree at the equator: 110.574 km by 111.320 km
    assert as_places("1deg").weight[90 * 360] == pytest.approx(12308.46, abs=0.01)


def test_tables_by_latitude_and_region(elements):
    found = coverage(Propagator(elements, "numpy"), TIMES, "10deg", regions=[Box()])
    cells = found.cells.to_pandas()
    row = found.by_latitude.to_pandas().iloc[9]
    members = cells[cells.lat == 5.0]
    assert row.lat == 5.0 and row.area_km2 == pytest.approx(members.area_km2.sum())
    assert row.visible_mean == pytest.approx(members.visible_mean.mean())
    assert row.covered_min == members.covered.min()
    [region] = found.by_region.to_pylist()
    inside = cells[(abs(cells.lat) < 20) & (abs(cells.lon) > 150)]
    assert (region["region"], region["name"], region["cells"]) == ("BOX", "a box", len(inside))
    for name in ("visible_mean", "covered_2", "gaps", "mean_gap_s"):
        mean = np.average(inside[name], weights=inside.area_km2)
        assert region[name] == pytest.approx(mean, rel=1e-14)
    assert region["visible_min"] == inside.visible_min.min()
    assert region["longest_gap_s"] == inside.longest_gap_s.max()
    assert region["gap_cut"] == inside.gap_cut.any()
    about = json.loads(found.cells.schema.metadata[b"gpuprop"])
    assert about["satellites"] == len(elements) and about["options"]["grid"] == "10deg"
    assert all(field.metadata[b"unit"] is not None for field in found.cells.schema)


class Nowhere(Box):
    code, name = "NOW", "Nowhere"

    def contains(self, lat, lon):
        return np.zeros(len(lat), bool)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(grid="7deg"), "7deg: 7 does not divide 180"),
        (dict(grid="0deg"), "does not divide"),
        (dict(grid="0.09deg"), "too many: use 0.1deg"),
        (dict(grid="h3:9"), "from 0 to 5"),
        (dict(grid="nowhere.csv"), "no such file"),
        (dict(min_elevation_deg=90.0), "less than 90"),
        (dict(min_elevation_deg=-1.0), "give 0 or more"),
        (dict(min_elevation_deg=np.nan), "min_elevation_deg is nan"),
        (dict(by="country"), "'operator'"),
        (dict(by=["a"]), r"shape \(1,\)"),
        (dict(by=["all"] * 92), "has the label 'all'"),
        (dict(times=["2026-01-01", "2026-01-03", "2026-01-04"]), "equal steps"),
        (dict(times=[]), "no instants"),
        (dict(regions=[Nowhere()]), r"NOW \(Nowhere\) has no cell centre of the grid 30deg .*1deg"),
    ],
)
def test_wrong_calls_say_what_to_do(elements, options, message):
    options = dict(times=TIMES, grid="30deg") | options
    with pytest.raises(ValueError, match=message):
        coverage(Propagator(elements, "numpy"), **options)


def test_wrong_types(elements):
    with pytest.raises(TypeError, match="Propagator"):
        coverage(elements, TIMES)
    with pytest.raises(TypeError, match="grid must be"):
        coverage(Propagator(elements, "numpy"), TIMES, 3)
    with pytest.raises(TypeError, match="min_elevation_deg"):
        coverage(Propagator(elements, "numpy"), TIMES, min_elevation_deg="high")


@pytest.mark.parametrize("wrong", [[3], 3, ["BRA", None], [["BRA"]]])
def test_wrong_types_of_regions(elements, wrong):
    with pytest.raises(TypeError, match=r"is no region: give codes of countries, such as \['BRA'"):
        coverage(Propagator(elements, "numpy"), TIMES, "30deg", regions=wrong)


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, "", np.datetime64("NaT")])
def test_a_label_that_is_missing_is_refused(elements, missing):
    labels = ["a"] * len(elements)
    labels[3] = missing
    with pytest.raises(
        ValueError, match=rf"satellite {elements.sat_id[3]} has the label .*'other'"
    ):
        coverage(Propagator(elements, "numpy"), TIMES, "30deg", by=labels)


def test_too_many_counts(elements):
    labels = [str(number) for number in range(len(elements))]
    assert len(elements) * 720 * 360 > MOST_CELLS
    with pytest.raises(ValueError, match="coarser grid or fewer labels"):
        coverage(Propagator(elements, "numpy"), TIMES, "0.5deg", by=labels)


@needs_kernels
def test_memory_of_a_fine_grid_is_what_is_stated(elements):
    n_cells, propagator = 2 * 720**2, Propagator(elements[:8], "cpu")
    coverage(propagator, TIMES[:3], "30deg")  # what is imported at first is not counted
    tracemalloc.start()
    try:
        found = coverage(propagator, TIMES[:3], "0.25deg")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.cells.num_rows == n_cells
    assert peak < n_cells * BYTES_OF_COUNT + cpu_coverage.PASS_BYTES
    # the table shares the arrays: only the flags are packed anew
    assert found.cells["lat"].to_numpy().base is not None


@pytest.mark.parametrize(
    ("code", "grid", "finer"), [("LUX", "10deg", 1), ("MLT", "1deg", 1), ("VAT", "1deg", 0)]
)
def test_the_grid_that_is_named_has_a_cell_in_the_country(elements, code, grid, finer):
    """A country in which no grid has a cell gets no advice that fails, too."""
    propagator = Propagator(elements[:2], "numpy")
    with pytest.raises(ValueError, match=rf"region {code} .* has no cell centre") as error:
        coverage(propagator, TIMES[:1], grid, regions=code)
    named = re.findall(r"such as ([\w.]+),", str(error.value))
    assert len(named) == finer
    for each in named:
        assert coverage(propagator, TIMES[:1], each, regions=code).by_region.num_rows == 1


@pytest.mark.parametrize(
    ("grid", "advice"),
    [
        ("10deg", "use a finer grid than 10deg, such as 1deg, or give points"),
        ("1deg", "use a finer grid than 1deg, such as 0.5deg, or give points"),
        ("0.703125deg", "such as 0.5deg,"),
        ("0.15deg", "such as 0.1deg,"),
        ("0.1deg", "grid 0.1deg inside: give points inside of it"),
        ("h3:2", "such as h3:4,"),
        ("h3:4", "such as h3:5,"),
        ((np.array([1.0]), np.array([2.0])), "inside: give points inside of it"),
    ],
)
def test_a_region_without_a_cell_gets_a_grid_that_works(elements, grid, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        coverage(Propagator(elements, "numpy"), TIMES, grid, regions=[Nowhere()])
    for name in re.findall(r"such as ([\w:.]+),", advice):
        assert len(as_places(name).lat) <= MOST_CELLS


def test_two_sets_of_one_satellite_are_an_error(elements):
    numbered = gpuprop.Elements(dict(elements.fields, NORAD_CAT_ID=np.arange(1, len(elements) + 1)))
    later = gpuprop.Elements(
        dict(numbered[:1].fields, EPOCH=numbered[:1].epoch + np.timedelta64(1, "h"))
    )
    twice = gpuprop.Elements.concat([numbered, later])
    with pytest.raises(ValueError, match="latest"):
        coverage(Propagator(twice, "numpy"), TIMES)


def test_points_of_a_file_of_sites_and_of_arrays(elements, tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("name,lat,lon,height_km\nb,10,190,1.5\na,-20,30,\n")
    sites = [Site(-20, 30, 0.0, "a"), Site(10, 190, 1.5, "b")]
    propagator = Propagator(elements, "numpy")
    found = [coverage(propagator, TIMES, grid) for grid in (path, str(path), sites)]
    same(found[0], found[1])
    same(found[0], found[2])
    assert found[0].cells["name"].to_pylist() == ["a", "b"]
    assert found[0].cells["lon"].to_pylist() == [30.0, -170.0]
    assert "area_km2" not in found[0].cells.column_names
    of_arrays = coverage(propagator, TIMES, (np.array([-20.0, 10.0]), np.array([30.0, 190.0])))
    of_array = coverage(propagator, TIMES, np.array([[-20.0, 30.0], [10.0, 190.0]]))
    same(of_arrays, of_array)
    assert of_arrays.cells["name"].to_pylist() == ["0", "1"]
    assert of_arrays.by_latitude["lat"].to_pylist() == [-19.5, 10.5]


def test_one_instant_has_no_length(elements):
    found = coverage(Propagator(elements, "numpy"), "2009-12-30T00:00:00Z", "30deg")
    assert np.isnan(found.cells["longest_gap_s"].to_numpy()).all()
    assert set(found.cells["gaps"].to_pylist()) <= {0, 1}
    assert found.cells["gap_cut"].to_pylist() == [n == 1 for n in found.cells["gaps"].to_pylist()]
    # a window that is shorter than the step has one instant, too
    short = time_grid("2009-12-30", duration="10min", step="1h")
    found = coverage(Propagator(elements, "numpy"), short, "30deg")
    assert np.isnan(found.cells["longest_gap_s"].to_numpy()).all()


def test_a_listed_grid_has_the_step_of_the_grid(elements):
    propagator = Propagator(elements, "numpy")
    listed = coverage(propagator, TIMES.datetime64, "30deg")
    same(coverage(propagator, TIMES, "30deg"), listed)


def test_progress_reaches_the_end(elements):
    seen = []
    coverage(
        Propagator(elements, "numpy"),
        TIMES,
        "30deg",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen and seen[-1] == (12, 12)


def test_no_satellites(engine):
    none = random_elements(1, 3)[:0]
    found = coverage(Propagator(none, engine), TIMES, "30deg")
    assert set(found.cells["visible_max"].to_pylist()) == {0}
    assert set(found.cells["gaps"].to_pylist()) == {1}
    assert set(found.cells["longest_gap_s"].to_pylist()) == {84 * 60.0}
    assert all(found.cells["gap_cut"].to_pylist())
