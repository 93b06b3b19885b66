"""Schema and values of the files follow the contract with users, and every writer writes the same
bytes.
"""

import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
import xxhash
from arrow_samples import (
    COORDINATES,
    GRID,
    IRREGULAR,
    contents,
    propagator,
    rows,
    satellites,
    small_layout,
)
from hypothesis import given
from hypothesis import strategies as st

import gpuprop
from gpuprop import STATUS, Elements, Propagator, time_grid, write_snapshots
from gpuprop.elements.fields import OMM_FIELDS
from gpuprop.snapshots import SnapshotOptions, elements_digest, plan_snapshots, write_plan
from gpuprop.snapshots.layout import MOST_BATCH_ROWS, Layout
from gpuprop.time.times import Times
from gpuprop.version import __version__

FORMS = [
    ("arrow", "none"),
    pytest.param("arrow", "lz4", marks=pytest.mark.slow),
    pytest.param("arrow", "zstd", marks=pytest.mark.slow),
    pytest.param("parquet", "none", marks=pytest.mark.slow),
    pytest.param("parquet", "lz4", marks=pytest.mark.slow),
    ("parquet", "zstd"),
]


def part(directory, index=0):
    return next(directory.glob(f"snapshots/part-{index:06d}.*"))


def read_part(file):
    return pq.read_table(file) if file.suffix == ".parquet" else pa.ipc.open_file(file).read_all()


# --- schema and metadata ---
@pytest.mark.parametrize("format", ["arrow", "parquet"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("velocity", [True, False])
def test_schema(tmp_path, format, dtype, velocity):
    write_snapshots(tmp_path, propagator(), GRID, dtype=dtype, velocity=velocity, format=format)
    schema = read_part(part(tmp_path)).schema
    real = pa.float64() if dtype == "float64" else pa.float32()
    names = COORDINATES if velocity else COORDINATES[:3]
    assert schema.names == ["time", "sat_id", *names, "status"]
    assert schema.types == [pa.timestamp("ns", "UTC"), pa.int32(), *[real] * len(names), pa.uint8()]
    assert not any(field.nullable for field in schema)
    for name in names:
        assert schema.field(name).metadata[b"unit"] == (b"km/s" if name.startswith("v") else b"km")
        assert schema.field(name).metadata[b"frame"] == b"teme"
    assert json.loads(schema.field("status").metadata[b"codes"]) == {
        str(code): text for code, text in STATUS.items()
    }


def test_metadata(tmp_path):
    prop = Propagator(satellites(), gravity="wgs84", opsmode="a")
    write_snapshots(tmp_path, prop, GRID)
    facts = json.loads(read_part(part(tmp_path)).schema.metadata[b"gpuprop"])
    assert facts == {
        "version": __version__,
        "model": "SGP4",
        "frame": "teme",
        "time_scale": "UTC",
        "earth_orientation": None,
        "gravity": "wgs84",
        "opsmode": "a",
        "units": {"position": "km", "velocity": "km/s"},
        "dtype": "float64",
        "velocity": True,
        "sunlit": False,
        "elements": elements_digest(prop.elements),
        "start": "2026-01-01T00:00:00Z",
        "step": "1min",
        "satellites": 37,
        "instants": 53,
        "rows": 37 * 53,
        "notes": ["a note", "another"],
    }


def test_metadata_of_irregular_times_has_a_digest_of_them(tmp_path):
    write_snapshots(tmp_path, propagator(), IRREGULAR)
    facts = json.loads(read_part(part(tmp_path)).schema.metadata[b"gpuprop"])
    assert facts["start"] is None and facts["step"] is None
    assert facts["times"] == "xxh3-128:" + xxhash.xxh3_128_hexdigest(IRREGULAR.ns.tobytes())


@pytest.mark.parametrize("format", ["arrow", "parquet"])
def test_satellites_file_holds_the_element_sets(tmp_path, format):
    write_snapshots(tmp_path, propagator(), GRID, format=format)
    table = read_part(tmp_path / f"satellites.{format}")
    assert table.replace_schema_metadata(None).equals(satellites().to_arrow())
    assert json.loads(table.schema.metadata[b"gpuprop"])["notes"] == ["a note", "another"]


# --- values ---
@pytest.mark.parametrize("format, compression", FORMS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("times", [GRID, IRREGULAR], ids=["grid", "irregular"])
def test_values_are_the_propagators_bit_for_bit(
    tmp_path, monkeypatch, engine, format, compression, dtype, times
):
    small_layout(monkeypatch)
    prop = propagator(engine)
    report = write_snapshots(
        tmp_path, prop, times, dtype=dtype, format=format, compression=compression
    )
    expected = rows(prop, times, dtype)
    assert len(np.unique(expected["status"])) >= 3, "the sample must have states that are not good"
    table = pa.concat_tables([read_part(part(tmp_path, index)) for index in range(report.parts)])
    assert (
        table.column("time").cast(pa.int64()).to_numpy().tobytes() == expected.pop("time").tobytes()
    )
    for name, values in expected.items():
        assert table.column(name).null_count == 0
        assert table.column(name).to_numpy().tobytes() == values.tobytes(), name


@pytest.mark.parametrize("batch_rows, most", [(8, 16), (100, 200), (1, 37), (1 << 19, 1 << 20)])
@pytest.mark.parametrize("part_bytes", [1, 10_000, 768_000_000])
def test_values_do_not_depend_on_the_layout(tmp_path, monkeypatch, batch_rows, most, part_bytes):
    small_layout(monkeypatch, batch_rows, most, part_bytes)
    report = write_snapshots(tmp_path, propagator(), GRID)
    table = pa.concat_tables([read_part(part(tmp_path, index)) for index in range(report.parts)])
    expected = rows(propagator(), GRID)
    assert len(table) == report.rows == 37 * 53
    assert max(len(batch) for batch in table.to_batches()) <= max(batch_rows, most)
    for name in (*COORDINATES, "sat_id"):
        assert table.column(name).to_numpy().tobytes() == expected[name].tobytes()


def test_float32_beyond_its_range_is_infinite_and_does_not_end_the_job(tmp_path):
    prop = propagator()
    plan = plan_snapshots(prop.elements, GRID, dtype="float32")
    (block,) = prop.snapshots(GRID)
    block.x[0, 0] = 1e300
    write_plan(tmp_path, plan, [block], engine="numpy")
    assert read_part(part(tmp_path)).column("x")[0].as_py() == float("inf")


def test_instants_in_equal_steps_are_a_grid_however_they_are_spelled(tmp_path):
    write_snapshots(tmp_path / "grid", propagator(), GRID)
    write_snapshots(tmp_path / "array", propagator(), GRID.datetime64)
    assert contents(tmp_path / "grid") == contents(tmp_path / "array")


# --- the same bytes ---
@pytest.fixture(scope="module")
def worker_processes():
    """A propagator of the numpy engine whose two worker processes serve several jobs."""
    prop = propagator("numpy", threads=2)
    yield prop
    prop.close()


@pytest.mark.parametrize("format, compression", FORMS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_bytes_do_not_depend_on_blocks_threads_or_run(
    tmp_path, monkeypatch, engine, worker_processes, format, compression, dtype
):
    small_layout(monkeypatch)
    # Even this small job is given to worker processes.
    monkeypatch.setattr("gpuprop.engine.numpy.WORTH_WORKERS", 1, raising=False)
    write_snapshots(
        tmp_path / "once",
        propagator(engine, threads=1),
        GRID,
        dtype=dtype,
        format=format,
        compression=compression,
    )
    write_snapshots(
        tmp_path / "two",
        worker_processes if engine == "numpy" else propagator(engine, threads=2),
        GRID,
        dtype=dtype,
        format=format,
        compression=compression,
    )
    once = contents(tmp_path / "once")
    assert len(once) > 4
    assert contents(tmp_path / "two") == once
    prop = propagator(engine, threads=1)
    plan = plan_snapshots(prop.elements, GRID, dtype=dtype, format=format, compression=compression)
    for count in (1, 3, 8, 50, 53):
        write_plan(
            tmp_path / str(count), plan, prop.snapshots(GRID, instants=count), engine="another"
        )
        assert contents(tmp_path / str(count)) == once, f"blocks of {count} instants"


def test_blocks_that_lie_differently_in_memory_give_the_same_bytes(tmp_path):
    prop = propagator()
    plan = plan_snapshots(prop.elements, GRID)
    (block,) = prop.snapshots(GRID)
    fortran = replace(
        block, columns={name: np.asfortranarray(column) for name, column in block.columns.items()}
    )
    write_plan(tmp_path / "c", plan, [block], engine="numpy")
    write_plan(tmp_path / "fortran", plan, [fortran], engine="numpy")
    assert contents(tmp_path / "c") == contents(tmp_path / "fortran")


def test_blocks_in_another_frame_are_refused(tmp_path):
    prop = propagator()
    with pytest.raises(ValueError, match="in the frame teme, the plan is for itrs"):
        write_plan(
            tmp_path / "a",
            plan_snapshots(prop.elements, GRID, "itrs"),
            [prop.states(GRID)],
            engine="numpy",
        )
    bare = Propagator(prop.elements, eop="none").states(GRID, "itrs")
    with pytest.raises(
        ValueError, match=r"Earth orientation 'none: .*the plan has 'astropy-iers-data"
    ):
        write_plan(
            tmp_path / "b", plan_snapshots(prop.elements, GRID, "itrs"), [bare], engine="numpy"
        )
    write_plan(
        tmp_path / "c",
        plan_snapshots(prop.elements, GRID, "itrs", eop="none"),
        [bare],
        engine="numpy",
    )


def test_float32_files_hold_all_that_float64_files_do(tmp_path):
    write_snapshots(
        tmp_path, propagator(), GRID, "geodetic", dtype="float32", format="parquet", sunlit=True
    )
    found = gpuprop.open_snapshots(tmp_path).dataset.to_table()
    states = propagator().states(GRID, "geodetic", sunlit=True)
    assert np.array_equal(found.column("sunlit").to_numpy(), states.sunlit.ravel())
    assert np.array_equal(
        found.column("height").to_numpy(), states.height.ravel().astype(np.float32), equal_nan=True
    )


# --- manifest and report ---
def test_manifest_and_report(tmp_path, monkeypatch):
    small_layout(monkeypatch)
    prop = propagator(threads=1)
    calls = []
    report = write_snapshots(tmp_path, prop, GRID, progress=lambda *done: calls.append(done))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    plan = plan_snapshots(prop.elements, GRID)
    assert manifest["plan"] == plan.to_dict()
    assert manifest["complete"] is True
    assert manifest["gpuprop"] == __version__
    assert manifest["run"]["engine"] == prop.engine
    assert [entry["file"] for entry in manifest["parts"]] == [
        f"snapshots/part-{index:06d}.arrow" for index in range(plan.parts)
    ]
    for entry in (*manifest["parts"], manifest["satellites"]):
        data = (tmp_path / entry["file"]).read_bytes()
        assert entry["bytes"] == len(data)
        assert entry["digest"] == "xxh3-128:" + xxhash.xxh3_128_hexdigest(data)
    for index, entry in enumerate(manifest["parts"]):
        table = read_part(part(tmp_path, index))
        time = table.column("time").to_numpy()
        assert entry["rows"] == len(table)
        assert [
            np.datetime64(entry[edge].removesuffix("Z"), "ns") for edge in ("first", "last")
        ] == [time[0], time[-1]]
        assert entry["status"] == {
            str(code): n
            for code, n in zip(*np.unique(table["status"], return_counts=True), strict=True)
        }

    status = rows(prop, GRID)["status"]
    assert report.status == {
        int(code): int(n) for code, n in zip(*np.unique(status, return_counts=True), strict=True)
    }
    assert report.not_good == np.count_nonzero(status) > 0
    assert (report.satellites, report.instants, report.rows, report.parts) == (
        37,
        53,
        37 * 53,
        plan.parts,
    )
    assert report.bytes == sum(entry["bytes"] for entry in manifest["parts"])
    assert (report.first, report.last) == ("2026-01-01T00:00:00Z", "2026-01-01T00:52:00Z")
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()

    assert [done for done, _, _ in calls] == [min(74 * (i + 1), 37 * 53) for i in range(27)]
    assert {total for _, total, _ in calls} == {37 * 53}
    assert all(a[2] < b[2] for a, b in pairwise(calls))


def test_plan_foretells_the_size(tmp_path):
    prop = Propagator(gpuprop.constellation("starlink-gen1"))
    times = time_grid("2026-01-01T00:00:00Z", duration="20min")
    for dtype, velocity, row in (
        ("float64", True, 61),
        ("float64", False, 37),
        ("float32", True, 37),
        ("float32", False, 25),
    ):
        plan = plan_snapshots(prop.elements, times, dtype=dtype, velocity=velocity)
        report = write_snapshots(
            tmp_path / f"{dtype}-{velocity}", prop, times, dtype=dtype, velocity=velocity
        )
        assert plan.bytes == plan.rows * row
        # the schema, twice, with the notes on every shell
        assert 0 < report.bytes - plan.bytes < 16_384


@given(
    satellites=st.integers(1, 3_000_000),
    instants=st.integers(1, 10**7),
    row=st.sampled_from([25, 37, 61]),
)
def test_layout_places_every_row_once(satellites, instants, row):
    layout = Layout.of(satellites, instants, row, 768_000_000)
    slices = list(layout.satellite_slices())
    assert [one.start for one in slices] == [0, *[one.stop for one in slices[:-1]]] and slices[
        -1
    ].stop == satellites
    assert len(slices) == layout.instant_batches
    assert layout.batch_instants == 1 or layout.instant_batches == 1
    for one in slices:
        assert (one.stop - one.start) * layout.batch_instants <= MOST_BATCH_ROWS
        # full batches hold 128 Ki rows or more
        assert (one.stop - one.start) * layout.batch_instants > 1 << 17
    assert layout.part_instants % layout.batch_instants == 0
    full_part = layout.part_instants * satellites * row
    assert (
        full_part <= 768_000_000 and full_part > 256_000_000
    ) or layout.part_instants == layout.batch_instants
    for index in {0, layout.parts // 2, layout.parts - 1}:
        chosen = layout.part(index)
        assert len(chosen) >= 1
        for instant in {chosen[0], chosen[len(chosen) // 2], chosen[-1]}:
            where, batches, first = layout.find(instant)
            assert where == index
            assert batches[-1] < layout.part_batches(index)
            rows_before = batches[0] // layout.instant_batches * layout.batch_instants * satellites
            assert rows_before + first == (instant - chosen[0]) * satellites
    assert layout.part(layout.parts - 1).stop == instants


# --- the digest of the element sets ---
def test_elements_digest_is_that_of_the_fields_alone():
    sats = satellites()
    same = Elements({name: values.copy() for name, values in sats.fields.items()})
    assert elements_digest(sats) == elements_digest(same)
    assert elements_digest(sats) != elements_digest(sats[::-1])
    digests = {elements_digest(sats)}
    for name in OMM_FIELDS:
        values = sats.fields[name]
        changed = values.copy()
        changed[2] = changed[2] + {"O": "x", "M": np.timedelta64(1, "ns")}.get(values.dtype.kind, 1)
        digests.add(elements_digest(Elements({**sats.fields, name: changed})))
    assert len(digests) == 1 + len(OMM_FIELDS)
    filed = Elements({**sats.fields, "plane": np.arange(len(sats)), "slot": np.arange(len(sats))})
    # runs of before there were planes and slots go on
    assert elements_digest(sats) == elements_digest(filed)


def test_elements_digest_knows_where_a_name_ends():
    sats = satellites()
    name = sats.fields["OBJECT_NAME"].copy()
    name[0], name[1] = "AB", "C"
    moved = name.copy()
    moved[0], moved[1] = "A", "BC"
    one, other = (Elements({**sats.fields, "OBJECT_NAME": names}) for names in (name, moved))
    assert elements_digest(one) != elements_digest(other)


def test_elements_digest_is_fixed():
    """Manifests and parts hold it, so it may not change from version to version."""
    sats = Elements(
        {
            "OBJECT_NAME": np.array(["ISS (ZARYA)", ""], object),
            "EPOCH": np.array(
                ["2026-01-01T00:00:00.000000001", "1999-12-31T12:00:00"], "datetime64[ns]"
            ),
            "MEAN_MOTION": [15.5, 1.0],
            "ECCENTRICITY": [0.5, 0.0],
            "INCLINATION": [51.6, 0.0],
            "RA_OF_ASC_NODE": [1.0, 2.0],
            "ARG_OF_PERICENTER": [3.0, 4.0],
            "MEAN_ANOMALY": [5.0, 6.0],
            "NORAD_CAT_ID": [25544, 100000],
        },
        notes=("do not count",),
    )
    assert elements_digest(sats) == "xxh3-128:49b6427f773660702fe815cec88d3625"


# --- the tools users have ---
@pytest.fixture(params=["arrow", "parquet"])
def written(request, tmp_path, monkeypatch):
    small_layout(monkeypatch)
    write_snapshots(tmp_path, propagator(), GRID, format=request.param)
    return tmp_path


def test_pyarrow_dataset_reads_the_directory(written):
    table = pads.dataset(
        written / "snapshots",
        format="ipc" if (written / "satellites.arrow").exists() else "parquet",
    ).to_table()
    assert np.array_equal(table["x"].to_numpy(), rows(propagator(), GRID)["x"], equal_nan=True)


def test_polars_reads_the_parts(written):
    scan = pl.scan_parquet if (written / "satellites.parquet").exists() else pl.scan_ipc
    sat = int(satellites().sat_id[9])
    frame = scan(sorted(written.glob("snapshots/*"))).filter(pl.col("sat_id") == sat).collect()
    assert frame.schema["time"] == pl.Datetime("ns", "UTC")
    assert np.array_equal(frame["vz"].to_numpy(), propagator().states(GRID).vz[:, 9])
    assert np.array_equal(frame["time"].dt.timestamp("ns").to_numpy(), GRID.ns)


def test_duckdb_queries_the_parts(written):
    # DuckDB finds the variable by its name.
    snapshots = gpuprop.open_snapshots(written).dataset  # noqa: F841
    source = (
        f"read_parquet('{written}/snapshots/*.parquet')"
        if (written / "satellites.parquet").exists()
        else "snapshots"
    )
    status = rows(propagator(), GRID)["status"]
    counted = duckdb.sql(
        f"select status, count(*) from {source} group by status order by status"
    ).fetchall()
    assert counted == [
        (int(code), int(n)) for code, n in zip(*np.unique(status, return_counts=True), strict=True)
    ]
    at = duckdb.sql(
        f"select sat_id, x from {source} where time = timestamptz '2026-01-01 00:17:00+00'"
    ).fetchnumpy()
    states = propagator().states("2026-01-01T00:17:00Z")
    assert sorted(at["sat_id"]) == sorted(satellites().sat_id)
    assert np.array_equal(np.sort(at["x"]), np.sort(states.x[0]), equal_nan=True)


def test_parquet_is_encoded_for_coordinates_and_pruned_by_time(tmp_path, monkeypatch):
    small_layout(monkeypatch)
    write_snapshots(tmp_path, propagator(), GRID, format="parquet")
    metadata = pq.ParquetFile(part(tmp_path, 1)).metadata
    assert metadata.num_row_groups == 4
    for group in range(4):
        columns = {
            metadata.row_group(group).column(i).path_in_schema: metadata.row_group(group).column(i)
            for i in range(9)
        }
        for name in COORDINATES:
            assert "BYTE_STREAM_SPLIT" in columns[name].encodings
            assert not columns[name].has_dictionary_page
            assert columns[name].compression == "ZSTD"
        stamps = columns["time"].statistics
        first = GRID.ns[8 + 2 * group : 10 + 2 * group]
        assert [stamps.min_raw, stamps.max_raw] == first.tolist()


def test_uncompressed_ipc_memory_maps(tmp_path):
    write_snapshots(tmp_path, propagator(), GRID)
    before = pa.total_allocated_bytes()
    with pa.memory_map(str(part(tmp_path))) as source:
        table = pa.ipc.open_file(source).read_all()
    assert len(table) == 37 * 53
    assert pa.total_allocated_bytes() - before < 10_000


# --- memory ---
MEMORY = """
import sys, gpuprop, gpuprop.snapshots
def peak():
    lines = open("/proc/self/status")
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
prop = gpuprop.Propagator(gpuprop.constellation("starlink-gen1"), threads=1)
prop.elements.to_arrow()  # pyarrow imports pandas here, if it is installed
before = peak()
times = gpuprop.time_grid("2026-01-01", duration="720min")
report = gpuprop.write_snapshots(sys.argv[1], prop, times)
print(peak() - before, report.bytes)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="reads the peak of this program alone from /proc"
)
def test_memory_does_not_grow_with_the_instants(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path)], capture_output=True, text=True, check=True
    )
    grown, size = map(int, run.stdout.split())
    assert size > 190_000_000
    assert grown < 120_000_000  # three blocks of 25 MB, the columns made here, and buffers


# --- options ---
@pytest.mark.parametrize(
    "option, message",
    [
        ({"dtype": "float16"}, "dtype 'float16' is not known: use float64 or float32"),
        ({"format": "csv"}, "format 'csv' is not known: use arrow or parquet"),
        ({"compression": "gzip"}, "compression 'gzip' is not known: use none, lz4, zstd"),
        ({"frame": "mars"}, "frame 'mars'"),
    ],
)
def test_options_not_known_are_refused_before_anything_is_written(tmp_path, option, message):
    with pytest.raises(ValueError, match=message):
        write_snapshots(tmp_path / "out", propagator(), GRID, **option)
    assert not (tmp_path / "out").exists()


def test_nothing_to_write_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no satellites"):
        write_snapshots(tmp_path / "out", Propagator(satellites()[:0]), GRID)
    with pytest.raises(ValueError, match="no instants"):
        write_snapshots(tmp_path / "out", propagator(), Times(np.empty(0, np.int64)))
    assert not (tmp_path / "out").exists()


def test_options_are_checked_when_they_are_made():
    """A wrong frame is found before a plan; truth values of other libraries become Python's."""
    with pytest.raises(ValueError, match="frame 'mars' is not known: use teme, pef, itrs, gcrs or"):
        SnapshotOptions(frame="mars")
    with pytest.raises(TypeError, match="sunlit must be True or False, not 'yes'"):
        SnapshotOptions(sunlit="yes")
    options = SnapshotOptions(velocity=np.False_, sunlit=1)
    assert options.velocity is False and options.sunlit is True
    assert options.compression == "none" and SnapshotOptions(format="parquet").compression == "zstd"
