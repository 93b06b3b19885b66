"""Tables of answers: files, metadata, sites. Instants of events: bisection on a grid of cells."""

import errno
import io

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from state_samples import random_elements

from gpuprop import Elements, Propagator, Site, access, constellation
from gpuprop.analysis import events, tables
from gpuprop.analysis.coverage.places import as_places
from gpuprop.files import whole_file
from gpuprop.time.times import as_times

SECOND = 1_000_000  # microseconds


def small_table():
    times = pa.array(np.array(["2026-01-01T00:00:00.123456"], "datetime64[ns]"), tables.UTC)
    schema = tables.with_metadata(
        pa.schema([tables.field("rise", tables.UTC), tables.field("range", pa.float64(), "km")]),
        {"version": "1"},
    )
    return pa.table([times, [1.5]], schema=schema)


def test_files_by_suffix(tmp_path):
    table = small_table()
    for suffix in tables.SUFFIXES:
        tables.write_table(tmp_path / f"x{suffix}", table)
    assert pq.read_table(tmp_path / "x.parquet").equals(table, check_metadata=True)
    with pa.ipc.open_file(tmp_path / "x.arrow") as file:
        assert file.read_all().equals(table, check_metadata=True)
    assert (tmp_path / "x.csv").read_text().splitlines() == [
        '"rise","range"',
        '"2026-01-01T00:00:00.123456Z",1.5',
    ]
    with pytest.raises(ValueError, match=r"'x.txt' does not say the format: end it in .parquet"):
        tables.write_table("x.txt", table)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.arrow", "x.csv", "x.parquet"]


@pytest.mark.parametrize("suffix", tables.SUFFIXES)
def test_a_file_that_cannot_be_finished_is_absent(tmp_path, monkeypatch, suffix):
    """A disk that takes a part of every write, and then is full."""
    table = pa.table({"x": np.random.default_rng(1).uniform(size=200_000)})
    whole, path, room = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}", [None]

    class Disk(io.FileIO):
        def write(self, data):
            if room[0] is None:
                return super().write(memoryview(data)[:1000])
            room[0] -= 1
            if room[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    size = tables.write_table(whole, table)
    monkeypatch.setattr(whole_file, "open", lambda name, *_, **__: Disk(name, "x"), raising=False)
    assert tables.write_table(path, table) == size
    assert path.read_bytes() == whole.read_bytes()
    room[0] = 1
    with pytest.raises(OSError, match=f"while writing the file.*b{suffix}"):
        tables.write_table(path, table)
    assert path.read_bytes() == whole.read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_metadata_does_not_depend_on_the_order():
    elements = constellation("starlink-g1-s1")[:20]
    window = as_times(["2026-01-01", "2026-01-02"])
    found = [
        tables.answer_metadata(Propagator(each, "numpy"), window, {"a": 1.0})
        for each in (elements, elements[::-1])
    ]
    assert found[0] == found[1]
    assert found[0]["satellites"] == 20 and found[0]["gravity"] == "wgs72"
    assert found[0]["epochs"] == dict.fromkeys(("first", "median", "last"), "2026-01-01T00:00:00Z")
    assert tables.named_sources(elements) == ["starlink-g1-s1"]
    fewer = tables.answer_metadata(Propagator(elements[:19], "numpy"), window, {"a": 1.0})
    assert fewer["elements"] != found[0]["elements"]
    assert found[0]["earth_orientation"] is not None
    in_teme = tables.answer_metadata(Propagator(elements, "numpy"), window, {}, "teme")
    assert in_teme["earth_orientation"] is None


def test_several_sets_of_one_number():
    elements = constellation("starlink-g1-s1")[[0, 1, 0]]
    with pytest.raises(ValueError, match=r"1 catalogue number has several \(1000000000\).*filings"):
        tables.check_one_set_each(elements, "access")
    tables.check_one_set_each(elements[:2], "access")


@pytest.mark.parametrize(
    ("numbers", "inclinations", "says", "not_said"),
    [
        ([7, 7, 8], [53.0, 53.0, 53.0], "--latest", "--first-id"),
        ([7, 7, 8], [53.0, 97.0, 53.0], "--first-id", "--latest"),
        ([0, 0, 8], [53.0, 53.0, 53.0], "number 0 means that a set has no number", "latest"),
    ],
)
def test_the_remedy_for_several_sets(numbers, inclinations, says, not_said):
    few = random_elements(5, 3)
    changed = dict(NORAD_CAT_ID=np.array(numbers), INCLINATION=np.array(inclinations))
    elements = Elements(dict(few.fields, **changed, OBJECT_ID=[""] * 3, OBJECT_NAME=[""] * 3))
    with pytest.raises(ValueError) as raised:
        tables.check_one_set_each(elements, "access")
    assert says in str(raised.value) and not_said not in str(raised.value)


def test_sites(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("\ufeffname, lat,lon,height_km\nB,1,-2,0.5\n\nA,-3,4,\n", "utf-8")
    expected = (Site(-3.0, 4.0, 0.0, "A"), Site(1.0, -2.0, 0.5, "B"))
    assert tables.as_sites(path) == tables.as_sites(str(path)) == expected
    assert tables.as_sites([expected[1], expected[0]]) == expected
    assert tables.as_sites(Site(1.5, 2.0)) == (Site(1.5, 2.0, 0.0, "1.5,2"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,lat\nA,1\n", "line 1 lacks the column lon: a file of sites begins with name,lat"),
        ("name,lat,lon\nA,1,2\nB,x,2\n", "line 3: lat 'x' is not a number"),
        ("name,lat,lon\nA,nan,2\n", "line 2: site 'A': latitude_deg nan is not from -90 to 90"),
        ("name,lat,lon\nA,1,361\n", "line 2: site 'A': longitude_deg 361.0 is not from"),
        ("name,lat,lon\n", "there are no sites after line 1"),
        ("name,lat,lon\nA,1,2\nA,3,4\n", "several sites are called 'A'"),
        ("", "line 1 lacks the column name"),
    ],
)
def test_wrong_sites(tmp_path, text, message):
    path = tmp_path / "sites.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        tables.as_sites(path)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_sites_that_are_not_utf_8_are_refused(tmp_path, encoding):
    path = tmp_path / "sites.csv"
    path.write_text("name,lat,lon\nA,1,2\nSão Paulo,-23.5,-46.6\n", encoding)
    line = 3 if encoding == "latin-1" else 1
    for read in (tables.as_sites, as_places, tables.read_sites):
        with pytest.raises(ValueError, match=rf"sites\.csv: line {line} is not UTF-8 .*save"):
            read(path)
    path.write_text("\ufeffname,lat,lon\nSão Paulo,-23.5,-46.6\n", "utf-8")
    assert tables.as_sites(path)[0].name == tables.read_sites(path)[0].name == "São Paulo"


def test_wrong_types_of_sites():
    for wrong in (3, [(1.0, 2.0)], None):
        with pytest.raises(TypeError, match=r"is not a gpuprop\.Site: write Site"):
            tables.as_sites(wrong)
    with pytest.raises(ValueError, match="there are no sites: give"):
        tables.as_sites([])


@given(
    crossing=st.lists(st.integers(1, 20 * SECOND), min_size=1, max_size=9),
    step=st.sampled_from([1, events.EXTREMUM_STEP]),
)
def test_bisection_in_integers(crossing, step):
    """Several levels at once find the same as one after another."""
    at = np.array(crossing)
    low, high = np.zeros_like(at), np.full_like(at, 20 * SECOND)

    def predicate(which, instants):
        return instants >= at[which]

    found = events.first_true(low, high, predicate, step)
    assert ((found >= at) & (found - at < step)).all()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "FEW", 0)
        assert np.array_equal(events.first_true(low, high, predicate, step), found)


@given(st.lists(st.tuples(*[st.integers(-(1 << width), 1 << width) for width in (3, 30, 40)])))
def test_order_of_several_keys(rows):
    keys = np.array(rows, np.int64).reshape(-1, 3).T
    order = events.sorted_by(*keys)
    assert sorted(order.tolist()) == list(range(len(rows)))
    assert [rows[place] for place in order] == sorted(rows)


def test_cells():
    edges = events.cell_edges(-1, events.CELL + 1)
    assert list(edges) == [-events.CELL, 0, events.CELL, 2 * events.CELL]
    assert list(events.cell_edges(0, events.CELL)) == [0, events.CELL]


@pytest.mark.parametrize("height", [-7000.0, -12.1, 100_001.0, np.nan, np.inf])
def test_heights_that_no_site_has(tmp_path, height):
    with pytest.raises(ValueError, match=r"site 'A': height_km .* is not from -12 to 100000"):
        Site(1.0, 2.0, height, "A")
    path = tmp_path / "sites.csv"
    path.write_text(f"name,lat,lon,height_km\nA,1,2,{height}\n")
    with pytest.raises(ValueError, match="line 2: site 'A': height_km"):
        tables.as_sites(path)


def test_a_directory_is_not_called_like_a_file(tmp_path):
    propagator = Propagator(constellation("starlink-g1-s1")[:2], "numpy")
    for name in ("zz.csv", "zz.PARQUET", "s3://bucket/zz.arrow"):
        out = name if "://" in name else tmp_path / name
        with pytest.raises(ValueError, match=r"is a directory of parts: name it without \.\w+"):
            access(propagator, Site(1.0, 2.0), "2026-01-01", duration="1min", out=out)
    assert not list(tmp_path.iterdir())
