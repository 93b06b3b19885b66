"""Reading a directory back: an instant, a satellite, everything; and errors."""

import json

import numpy as np
import pyarrow as pa
import pytest
from arrow_samples import (
    COORDINATES,
    GRID,
    IRREGULAR,
    propagator,
    put_manifest,
    rows,
    satellites,
    small_layout,
)

from gpuprop import open_snapshots, time_grid, write_snapshots
from gpuprop.errors import DamagedError
from gpuprop.time.times import as_times

FORMS = [("arrow", "none"), ("arrow", "lz4"), ("parquet", "zstd")]
LAYOUTS = {
    "whole": (1 << 19, 1 << 20, 768_000_000),
    "many parts": (100, 200, 20_000),
    "instants split": (8, 16, 20_000),
}


@pytest.fixture(params=LAYOUTS.values(), ids=LAYOUTS)  # type: ignore[call-overload]
def layout(request, monkeypatch):
    small_layout(monkeypatch, *request.param)


@pytest.mark.parametrize("format, compression", FORMS)
@pytest.mark.parametrize("times", [GRID, IRREGULAR], ids=["grid", "irregular"])
def test_at_and_track_are_the_states(tmp_path, layout, format, compression, times):
    prop = propagator()
    write_snapshots(tmp_path, prop, times, format=format, compression=compression)
    ds = open_snapshots(tmp_path)
    states = prop.states(times)
    assert ds.times == times and ds.times.is_grid == times.is_grid
    for i in range(times.count):
        table = ds.at(times[i])
        assert table["time"].cast(pa.int64()).unique().to_pylist() == [int(times.ns[i])]
        assert np.array_equal(table["sat_id"].to_numpy(), prop.elements.sat_id)
        for name in (*COORDINATES, "status"):
            assert np.array_equal(table[name].to_numpy(), getattr(states, name)[i], equal_nan=True)
    for j in (0, 3, 20, 36):
        table = ds.track(int(prop.elements.sat_id[j]))
        assert np.array_equal(table["time"].cast(pa.int64()).to_numpy(), times.ns)
        assert set(table["sat_id"].to_pylist()) == {int(prop.elements.sat_id[j])}
        for name in (*COORDINATES, "status"):
            assert np.array_equal(
                table[name].to_numpy(), getattr(states, name)[:, j], equal_nan=True
            )


@pytest.mark.parametrize("format", ["arrow", "parquet"])
def test_track_of_a_number_that_occurs_twice_has_both(tmp_path, layout, format):
    prop = propagator()
    write_snapshots(tmp_path, prop, GRID, format=format)
    table = open_snapshots(tmp_path).track(int(prop.elements.sat_id[5]))
    assert np.array_equal(table["x"].to_numpy(), prop.states(GRID).x[:, [5, 30]].ravel())
    assert np.array_equal(table["time"].cast(pa.int64()).to_numpy(), np.repeat(GRID.ns, 2))


@pytest.mark.parametrize("format", ["arrow", "parquet"])
def test_dataset_and_facts(tmp_path, layout, format):
    prop = propagator()
    report = write_snapshots(tmp_path, prop, GRID, format=format)
    ds = open_snapshots(tmp_path)
    expected = rows(prop, GRID)
    table = ds.dataset.to_table()
    assert json.loads(table.schema.metadata[b"gpuprop"])["frame"] == "teme"
    for name in COORDINATES:
        assert np.array_equal(table[name].to_numpy(), expected[name], equal_nan=True)
    assert ds.dataset.count_rows() == len(ds) == report.rows
    assert ds.satellites.replace_schema_metadata(None).equals(satellites().to_arrow())
    assert ds.status_counts() == report.status
    assert ds.metadata["notes"] == ["a note", "another"]
    assert (ds.metadata["frame"], ds.metadata["gravity"], ds.metadata["format"]) == (
        "teme",
        "wgs72",
        format,
    )
    assert ds.complete
    assert (
        "37 satellites at 53 instants, teme, 2026-01-01T00:00:00Z to 2026-01-01T00:52:00Z"
        in repr(ds)
    )
    assert all(text in ds._repr_html_() for text in ("vz (km/s)", "1,961", "wgs72", "teme"))
    ds.verify()


def test_without_velocity(tmp_path):
    write_snapshots(tmp_path, propagator(), GRID, velocity=False)
    ds = open_snapshots(tmp_path)
    assert (
        ds.at("2026-01-01T00:17:00Z").column_names
        == ds.track(1_000_000_000).column_names
        == ["time", "sat_id", "x", "y", "z", "status"]
    )


def test_at_maps_and_does_not_read(tmp_path):
    write_snapshots(tmp_path, propagator(), GRID)
    ds = open_snapshots(tmp_path)
    before = pa.total_allocated_bytes()
    table = ds.at("2026-01-01T00:17:00Z")
    assert len(table) == 37
    assert pa.total_allocated_bytes() == before


def test_some_columns_of_a_mapped_part_are_not_copied(tmp_path):
    """Nor are they for the check of the instants at the ends of a part, which --resume makes."""
    write_snapshots(tmp_path, propagator(), GRID)
    ds = open_snapshots(tmp_path)
    part = ds._parts[0]
    assert part.is_mapped
    before = pa.total_allocated_bytes()
    batches = list(part.batches(columns=["time"]))
    part.check_ends()
    assert pa.total_allocated_bytes() == before
    assert batches[0].column("time").view(pa.int64())[0].as_py() == GRID.start_ns


@pytest.mark.parametrize("format, compression", [("arrow", "lz4"), ("parquet", "zstd")])
def test_of_other_parts_only_the_columns_asked_for_are_read(tmp_path, format, compression):
    write_snapshots(tmp_path, propagator(), GRID, format=format, compression=compression)
    part = open_snapshots(tmp_path)._parts[0]
    assert not part.is_mapped
    assert [batch.schema.names for batch in part.batches(columns=["time"])] == [["time"]]


@pytest.mark.parametrize("format, compression", FORMS)
def test_reading_goes_on_in_another_directory(tmp_path, monkeypatch, format, compression):
    """The snapshots were opened by a relative path."""
    write_snapshots(tmp_path / "out", propagator(), GRID, format=format, compression=compression)
    monkeypatch.chdir(tmp_path)
    ds = open_snapshots("out")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(ds.satellites) == len(ds.at(GRID[17])) == 37
    assert len(ds.track(1_000_000_001)) == 53
    assert ds.dataset.count_rows() == len(ds)
    ds.verify()


def test_what_was_read_outlives_an_overwrite(tmp_path):
    """Mapped memory is that of the replaced file, which stays until nobody looks at it."""
    write_snapshots(tmp_path, propagator(), GRID)
    table = open_snapshots(tmp_path).at(GRID[17])
    values = table["x"].to_pylist()
    write_snapshots(
        tmp_path, propagator(), time_grid("2030-01-01", duration="5min"), overwrite=True
    )
    assert table["x"].to_pylist()[0] == values[0]
    assert np.array_equal(table["x"].to_numpy(), np.array(values), equal_nan=True)


def test_instants_may_be_spelled_as_anywhere(tmp_path):
    write_snapshots(tmp_path, propagator(), GRID)
    ds = open_snapshots(tmp_path)
    same = [
        ds.at(t)
        for t in (
            "2026-01-01T00:17:00Z",
            "2026-01-01T01:17+01:00",
            np.datetime64("2026-01-01T00:17"),
            GRID[17:18],
        )
    ]
    assert all(
        np.array_equal(table["x"].to_numpy(), same[0]["x"].to_numpy(), equal_nan=True)
        for table in same
    )
    assert not np.array_equal(
        ds.at(GRID[18:19])["x"].to_numpy(), same[0]["x"].to_numpy(), equal_nan=True
    )
    assert {table["time"][0].as_py() for table in same} == {same[0]["time"][0].as_py()}
    with pytest.raises(ValueError, match="takes one instant, not 53"):
        ds.at(GRID)
    with pytest.raises(TypeError, match="is a number, not an instant"):
        ds.at(2461041.5)


@pytest.mark.parametrize(
    "times, asked, nearest",
    [
        (GRID, "2026-01-01T00:17:29Z", r"2026-01-01T00:17:00Z \(times\[17\]\)"),
        (GRID, "2020-01-01", r"2026-01-01T00:00:00Z \(times\[0\]\)"),
        (GRID, "2030-01-01", r"2026-01-01T00:52:00Z \(times\[52\]\)"),
        (IRREGULAR, "2026-01-02T00:00:00Z", r"2026-01-02T00:00:00.000000001Z \(times\[3\]\)"),
    ],
)
def test_another_instant_names_the_nearest(tmp_path, times, asked, nearest):
    write_snapshots(tmp_path, propagator(), times)
    with pytest.raises(
        LookupError, match=f"not an instant of these snapshots: the nearest is {nearest}"
    ):
        open_snapshots(tmp_path).at(asked)


def test_an_instant_that_occurs_twice(tmp_path):
    twice = as_times(["2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", "2026-01-01T00:00:00Z"])
    write_snapshots(tmp_path, propagator(), twice)
    ds = open_snapshots(tmp_path)
    assert ds.times == twice
    assert len(ds.at("2026-01-01T00:00:00Z")) == 37
    assert len(ds.track(1_000_000_000)) == 3


def test_another_satellite(tmp_path):
    write_snapshots(tmp_path, propagator(), GRID)
    with pytest.raises(LookupError, match=r"no satellite in .* has the number 25544"):
        open_snapshots(tmp_path).track(25544)


# --- what is not there ---
@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """A directory of seven parts, and its manifest to be changed."""
    small_layout(monkeypatch)
    write_snapshots(tmp_path, propagator(), GRID)
    return tmp_path, json.loads((tmp_path / "manifest.json").read_text())


def test_no_directory_no_manifest(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent is not a directory of snapshots"):
        open_snapshots(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match=r"has no manifest\.json"):
        open_snapshots(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError, match="it is a file"):
        open_snapshots(tmp_path / "file")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "a web page"}'])
def test_a_manifest_of_something_else(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match="is not a manifest of gpuprop"):
        open_snapshots(tmp_path)


def test_a_manifest_of_a_later_layout_names_both(damaged):
    directory, manifest = damaged
    put_manifest(directory, {**manifest, "gpuprop": "9.0", "layout": 2})
    with pytest.raises(
        ValueError, match=r"was written by gpuprop '9\.0' in layout 2; .* reads layout 1"
    ):
        open_snapshots(directory)


def test_a_manifest_with_a_hole(damaged):
    directory, manifest = damaged
    del manifest["parts"]
    put_manifest(directory, manifest)
    with pytest.raises(ValueError, match="damaged: it has no 'parts'"):
        open_snapshots(directory)


@pytest.mark.parametrize(
    "place, value, says",
    [
        (["parts", 2], {}, "its entry 2 of the parts has no 'part'"),
        (["parts", 0], "part", "its entry 0 of the parts is not an object but 'part'"),
        (["parts", 1, "status"], [], "'status' of its entry 1 of the parts cannot be []"),
        (
            ["parts", 3, "file"],
            "../part-000003.arrow",
            "part 3 of its plan cannot be '../part-000003.arrow'",
        ),
        (
            ["parts", 3, "file"],
            "snapshots/part-000004.arrow",
            "part 3 of its plan cannot be 'snapshots/part-000004.arrow'",
        ),
        (["parts", 3, "part"], 7, "part 7 is not in its plan"),
        (["parts", 3, "part"], 2, "part 2 is listed twice"),
        (["parts"], {}, "'parts' of it cannot be {}"),
        (["satellites"], {}, "its entry of the satellites has no 'file'"),
        (["plan"], {}, "its plan has no 'format'"),
        (["plan"], None, "'plan' of it cannot be None"),
        (["plan", "instants"], "53", "'instants' of its plan cannot be '53'"),
        (["plan", "part_instants"], 0, "'part_instants' of its plan cannot be 0"),
    ],
)
def test_a_damaged_manifest(damaged, place, value, says):
    directory, manifest = damaged
    record = manifest
    for key in place[:-1]:
        record = record[key]
    record[place[-1]] = value
    put_manifest(directory, manifest)
    with pytest.raises(DamagedError) as caught:
        open_snapshots(directory, partial=True)
    advice = "restore it from a backup, or write the snapshots again into another directory"
    assert str(caught.value) == f"{directory / 'manifest.json'} is damaged: {says}; {advice}"


def test_a_missing_a_truncated_and_an_altered_part(damaged):
    directory, _ = damaged
    file = directory / "snapshots" / "part-000003.arrow"
    data = file.read_bytes()
    middle = len(data) // 2
    file.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    with pytest.raises(ValueError, match=r"part-000003\.arrow is damaged: its digest"):
        open_snapshots(directory).verify()
    file.write_bytes(data[:-1])
    with pytest.raises(
        ValueError,
        match=(
            rf"part-000003\.arrow is damaged: it has {len(data) - 1:,} bytes, {len(data):,} "
            r"were written"
        ),
    ):
        open_snapshots(directory)
    file.unlink()
    with pytest.raises(FileNotFoundError, match=r"part-000003\.arrow is missing"):
        open_snapshots(directory)


@pytest.mark.parametrize("kept", [[0, 1, 2], [2, 5]])
def test_a_run_that_did_not_finish(damaged, kept):
    directory, manifest = damaged
    manifest["parts"] = [manifest["parts"][index] for index in kept]
    manifest["complete"] = False
    put_manifest(directory, manifest)
    with pytest.raises(
        ValueError, match=rf"did not finish: {len(kept)} of 7 parts are complete; .*partial=True"
    ):
        open_snapshots(directory)
    ds = open_snapshots(directory, partial=True)
    assert not ds.complete and f"{len(kept)} of 7 parts" in repr(ds)
    instants = np.concatenate([np.arange(8 * index, 8 * index + 8) for index in kept])
    states = propagator().states(GRID)
    assert np.array_equal(ds.track(1_000_000_000)["y"].to_numpy(), states.y[instants, 0])
    assert len(ds) == ds.dataset.count_rows() == 37 * 8 * len(kept)
    assert np.array_equal(ds.at(GRID[20])["y"].to_numpy(), states.y[20], equal_nan=True)
    with pytest.raises(LookupError, match="00:30:00Z is in part 3, which is missing"):
        ds.at("2026-01-01T00:30:00Z")


def test_an_irregular_run_that_did_not_finish(tmp_path, monkeypatch):
    small_layout(monkeypatch, part_bytes=1, batch_rows=1)
    write_snapshots(tmp_path, propagator(), IRREGULAR)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["parts"], manifest["complete"] = [manifest["parts"][1], manifest["parts"][3]], False
    put_manifest(tmp_path, manifest)
    ds = open_snapshots(tmp_path, partial=True)
    assert ds.times.ns.tolist() == IRREGULAR.ns[[1, 3]].tolist()
    assert np.array_equal(
        ds.at(IRREGULAR[3])["x"].to_numpy(), propagator().states(IRREGULAR).x[3], equal_nan=True
    )


def test_a_run_without_any_part(damaged):
    directory, manifest = damaged
    put_manifest(directory, {**manifest, "parts": [], "complete": False})
    with pytest.raises(ValueError, match="0 of 7 parts"):
        open_snapshots(directory)
    with pytest.raises(ValueError, match="no part of it is complete yet"):
        open_snapshots(directory, partial=True)
