"""Files of answers with instants in microseconds: the same instants, and runs keep the unit."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gpuprop
from gpuprop.__main__ import main
from gpuprop.analysis import tables
from gpuprop.errors import PlanDiffersError

START, SITE = "2026-01-01", gpuprop.Site(-15.79, -47.88, 1.17, "Brasilia")
US = pa.timestamp("us", "UTC")


@pytest.fixture(scope="module")
def propagator():
    sets = gpuprop.Elements.concat(
        [gpuprop.constellation(name)[:60] for name in ("starlink-g1-s1", "qianfan")]
    )
    return gpuprop.Propagator(sets)


def units(path):
    schema = pq.read_schema(path)
    return {field.type for field in schema if pa.types.is_timestamp(field.type)}


def test_passes(propagator, tmp_path):
    found = gpuprop.access(propagator, SITE, START, duration="1d")
    out = tmp_path / "passes"
    asked = dict(duration="1d", out=out, resume=True)
    read = gpuprop.access(propagator, SITE, START, **asked, timestamp_unit="us")
    assert found.num_rows and read.to_table().equals(found, check_metadata=True)
    files = [*out.glob("passes/*.parquet"), out / "satellites.parquet"]
    assert len(files) > 1 and all(units(path) == {US} for path in files)
    assert main(["verify", str(out)]) == 0
    again = gpuprop.access(propagator, SITE, START, **asked, timestamp_unit="us")
    assert len(again) == found.num_rows
    with pytest.raises(PlanDiffersError, match="timestamp_unit"):
        gpuprop.access(propagator, SITE, START, **asked)


def test_close_approaches(propagator, tmp_path):
    asked = dict(duration="6h", threshold_km=100.0)
    found = gpuprop.screen(propagator, START, **asked)
    out = tmp_path / "close"
    read = gpuprop.screen(propagator, START, **asked, out=out, timestamp_unit="us")
    assert read.conjunctions.num_rows and read.conjunctions.equals(found.conjunctions)
    assert read.companions.equals(found.companions)
    assert all(units(path) == {US} for path in out.glob("screening/*.parquet"))
    assert main(["verify", str(out)]) == 0


def test_one_file(propagator, tmp_path):
    where = ["--start", START, "--duration", "2h", "--quiet"]
    paths = {unit: str(tmp_path / f"{unit}.parquet") for unit in ("ns", "us")}
    for unit, path in paths.items():
        site = ["--site", "Brasilia,-15.79,-47.88,1.17"]
        command = ["access", "starlink-g1-s1", *where, *site, "-o", path, "--timestamp", unit]
        assert main(command) == 0
        assert units(path) == {pa.timestamp(unit, "UTC")}
    a, b = (pq.read_table(path) for path in paths.values())
    assert a.num_rows and tables.with_timestamps(b, "ns").equals(a, check_metadata=True)
    close = str(tmp_path / "close.parquet")
    assert main(["screen", "starlink-g1-s1", *where, "-o", close, "--timestamp", "us"]) == 0
    assert units(close) == units(tmp_path / "close.companions.parquet") == {US}


def test_what_is_refused(propagator, tmp_path):
    for ask in (
        gpuprop.screen,
        lambda *args, **given: gpuprop.access(args[0], SITE, *args[1:], **given),
    ):
        with pytest.raises(ValueError, match="timestamp_unit is for files: give out=DIR"):
            ask(propagator, START, duration="1h", timestamp_unit="us")
        with pytest.raises(ValueError, match="timestamp_unit is 's': give 'ns', or 'us' for Spark"):
            ask(propagator, START, duration="1h", out=tmp_path / "out", timestamp_unit="s")
    finer = pa.table({"TCA": pa.array([1_001], tables.UTC)})
    with pytest.raises(ValueError, match="not a whole number of microseconds"):
        tables.with_timestamps(finer, "us")
