"""The largest preset and the largest catalogue, a day at 60 s: within a gigabyte of memory, and
read back by pyarrow, Polars and DuckDB.
"""

from pathlib import Path

import duckdb
import memory
import polars
import pyarrow.dataset
import pytest

pytestmark = pytest.mark.slow

DAY = ["--duration", "1d", "--step", "60s"]


def read_back(folder: Path, kind: str) -> set[tuple[int, int, int]]:
    """Rows, satellites and states that are not good, as each reader counts them."""
    dataset = pyarrow.dataset.dataset(
        folder / "snapshots", format="ipc" if kind == "arrow" else "parquet"
    )
    ids = (
        polars.scan_ipc(folder / "snapshots/*.arrow")
        if kind == "arrow"
        else polars.scan_parquet(folder / "snapshots/*.parquet")
    )
    polars_row = (
        ids.select(
            polars.len(),
            polars.col("sat_id").n_unique().alias("sats"),
            (polars.col("status") > 0).sum(),
        )
        .collect()
        .row(0)
    )
    duck = duckdb.sql(
        "SELECT count(*), count(DISTINCT sat_id), count(*) FILTER (status > 0) FROM dataset"
    ).fetchall()[0]
    bad = dataset.count_rows(filter=pyarrow.dataset.field("status") > 0)
    satellites = len(dataset.head(1_000_000, columns=["sat_id"])["sat_id"].unique())
    return {
        tuple(map(int, polars_row)),
        tuple(map(int, duck)),
        (dataset.count_rows(), satellites, bad),
    }


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_largest_preset(tmp_path, kind):
    figures = memory.job(["starlink-gen1", *DAY, "--format", kind], tmp_path / "day")
    assert figures["peak_bytes"] < memory.LIMIT
    assert read_back(tmp_path / "day", kind) == {(4408 * 1440, 4408, 0)}


def test_largest_catalogue(tmp_path, shared_data):
    catalogue = str(shared_data / "spacetrack_full_2025-04-15.2le")
    figures = memory.job([catalogue, *DAY, "--start", "2025-04-15"], tmp_path / "day")
    assert figures["peak_bytes"] < memory.LIMIT
    counts = read_back(tmp_path / "day", "arrow")
    assert len(counts) == 1
    rows, satellites, not_good = counts.pop()
    assert (rows, satellites) == (27_485 * 1440, 27_485)
    assert 0 < not_good < rows / 100  # element sets that were stale already
