"""Timestamps in microseconds, which Spark needs: the same instants, rows and checks."""

import json

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from arrow_samples import (
    GRID,
    IRREGULAR,
    contents,
    cut_off,
    manifest,
    propagator,
    resume,
    satellites,
    small_layout,
)

from gpuprop import (
    Elements,
    Propagator,
    as_times,
    convert,
    open_snapshots,
    time_grid,
    write_snapshots,
)
from gpuprop.errors import DamagedError
from gpuprop.snapshots import PlanDiffersError, plan_snapshots, verify_snapshots
from gpuprop.time.times import Times

US = pa.timestamp("us", "UTC")
LISTED = Times(IRREGULAR.ns // 1000 * 1000)


@pytest.mark.parametrize("format", ["arrow", "parquet"])
@pytest.mark.parametrize("times", [GRID, LISTED], ids=["grid", "list"])
def test_the_rows_are_those_with_nanoseconds(tmp_path, monkeypatch, format, times):
    small_layout(monkeypatch)
    read = []
    for unit in ("ns", "us"):
        write_snapshots(tmp_path / unit, propagator(), times, format=format, timestamp_unit=unit)
        assert verify_snapshots(tmp_path / unit).sound
        read.append(open_snapshots(tmp_path / unit))
    ns, us = read
    assert us.dataset.schema.field("time").type == US
    assert us.satellites.schema.field("EPOCH").type == US
    assert us.satellites.schema.field("EPOCH").metadata == {b"unit": b"UTC"}
    assert us.metadata["timestamp_unit"] == "us" and "timestamp_unit" not in ns.metadata
    assert us.times == ns.times == times

    def without_time(table):
        columns = table.drop_columns(["time"]).columns
        return [np.ascontiguousarray(each.to_numpy()).view(np.uint8).tobytes() for each in columns]

    def same(a, b):
        return without_time(a) == without_time(b) and a.column("time").cast(
            pa.timestamp("ns", "UTC")
        ).equals(b.column("time"))

    assert same(us.dataset.to_table(), ns.dataset.to_table())
    for instant in times:
        assert same(us.at(instant), ns.at(instant))
    assert same(us.track(1_000_000_012), ns.track(1_000_000_012))
    late = pc.field("time") > pa.scalar(int(times.ns[2]), pa.timestamp("ns", "UTC"))
    assert same(us.dataset.to_table(filter=late), ns.dataset.to_table(filter=late))
    first = times[0]
    assert same(convert(us.at(first), "itrs"), convert(ns.at(first), "itrs"))


def test_what_spark_reads(tmp_path):
    """INT64 with the logical type TIMESTAMP(isAdjustedToUTC, MICROS), in both files."""
    write_snapshots(tmp_path, propagator(), GRID, format="parquet", timestamp_unit="us")
    for file, name in (("snapshots/part-000000", "time"), ("satellites", "EPOCH")):
        schema = pq.ParquetFile(tmp_path / f"{file}.parquet").schema
        column = schema.column(schema.names.index(name))
        logical = json.loads(column.logical_type.to_json())
        assert column.physical_type == "INT64"
        assert (logical["timeUnit"], logical["isAdjustedToUTC"]) == ("microseconds", True)


@pytest.mark.parametrize("unit", ["ns", "us"])
def test_what_other_programs_read(tmp_path, unit):
    """The same instants in both units, and that they are UTC."""
    write_snapshots(tmp_path, propagator(), GRID, format="parquet", timestamp_unit=unit)
    part = str(tmp_path / "snapshots" / "part-000000.parquet")
    expected = np.repeat(GRID.datetime64, len(satellites()))
    assert pl.scan_parquet(part).collect_schema()["time"] == pl.Datetime(unit, "UTC")
    assert np.array_equal(pl.read_parquet(part)["time"].to_numpy(), expected)
    read = pd.read_parquet(part)["time"]
    assert str(read.dtype) == f"datetime64[{unit}, UTC]"
    assert np.array_equal(read.dt.tz_localize(None).to_numpy(), expected)
    found = duckdb.sql(f"SELECT DISTINCT time FROM '{part}' ORDER BY time").to_arrow_table()
    assert as_times(found["time"]) == GRID


def test_a_run_is_resumed_in_its_own_unit(tmp_path, monkeypatch):
    small_layout(monkeypatch)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    write_snapshots(whole, propagator(), GRID, timestamp_unit="us")
    cut_off(cut, timestamp_unit="us")
    with pytest.raises(PlanDiffersError, match="timestamp_unit: us there, ns asked for"):
        resume(cut)
    resume(cut, timestamp_unit="us")
    assert contents(cut) == contents(whole)


def test_exchanged_parts_are_found(tmp_path, monkeypatch):
    small_layout(monkeypatch)
    write_snapshots(tmp_path, propagator(), GRID, timestamp_unit="us")
    one, other = (tmp_path / f"snapshots/part-00000{number}.arrow" for number in (1, 2))
    aside = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(aside)
    with pytest.raises(DamagedError, match=r"has 2026-01-01T00:16:00Z where 2026-01-01T00:08:00Z"):
        open_snapshots(tmp_path).at("2026-01-01T00:08:00Z")


def test_nanoseconds_are_refused(tmp_path):
    sats = satellites()
    with pytest.raises(ValueError, match=r"instant 2026-01-02T00:00:00.000000001Z is not a whole"):
        plan_snapshots(sats, IRREGULAR, timestamp_unit="us")
    fine = time_grid("2026-01-01", duration="1us", step="10ns")
    with pytest.raises(ValueError, match=r"instant 2026-01-01T00:00:00.00000001Z is not a whole"):
        plan_snapshots(sats, fine, timestamp_unit="us")
    epoch = sats.epoch.copy()
    epoch[5] += np.timedelta64(1, "ns")
    with pytest.raises(ValueError, match=r"epoch .*000000001Z of satellite 1000000005 .*"):
        write_snapshots(
            tmp_path / "out",
            Propagator(Elements(dict(sats.fields, EPOCH=epoch))),
            GRID,
            timestamp_unit="us",
        )
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match="timestamp_unit 'ms' is not known: use ns or us"):
        plan_snapshots(sats, GRID, timestamp_unit="ms")


def test_the_default_says_nothing_of_it(tmp_path):
    """So files without the option have the bytes that they had before there was one."""
    assert "timestamp_unit" not in plan_snapshots(satellites(), GRID).to_dict()


def test_the_command_line(run, tmp_path):
    code, out, _ = run(
        *("propagate", "walker:53:8/2/1@600", "-o", "out", "--duration", "5min"),
        *("--format", "parquet", "--timestamp", "us", "--json"),
    )
    assert code == 0
    assert (
        json.loads(out)["rows"] == 40
        and manifest(tmp_path / "out")["plan"]["timestamp_unit"] == "us"
    )
    assert as_times(pq.read_table(tmp_path / "out/snapshots")["time"]).count == 40
