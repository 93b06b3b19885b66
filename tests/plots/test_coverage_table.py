"""Tables of coverage, read back from their files."""

import importlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from coverage_samples import sample
from matplotlib.figure import Figure
from picture_texts import assert_readable

import gpuprop
from gpuprop import plots
from gpuprop.analysis.tables import write_table
from gpuprop.errors import UsageError
from gpuprop.plots.paper import picture

table = importlib.import_module("gpuprop.plots.coverage_table")
TWO = gpuprop.Elements.concat(
    [
        gpuprop.constellation("iridium"),
        gpuprop.constellation("telesat-2017", first_id=1_000_100_000),
    ]
)


def computed(grid, by=None, duration="2h"):
    times = gpuprop.time_grid("2026-01-01", duration=duration, step="10min")
    return gpuprop.coverage(gpuprop.Propagator(TWO), times, grid, by=by, min_elevation_deg=10.0)


def equal(one, other):
    """Whether two tables by latitude are the same but for rounding."""
    keys = [(name, "ascending") for name in ("constellation", "lat") if name in one.column_names]
    one, other = one.sort_by(keys), other.sort_by(keys)
    for name in one.column_names:
        if name in ("covered_min", "gap_cut"):
            continue
        a, b = (each[name].to_numpy(zero_copy_only=False) for each in (one, other))
        if a.dtype == object:
            assert (a == b).all(), name
        else:
            assert np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True), name
    return True


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv"])
@pytest.mark.parametrize(("grid", "by"), [("15deg", None), ("30deg", "source"), ("h3:0", "source")])
def test_the_file_gives_what_was_computed(tmp_path, grid, by, suffix):
    found = computed(grid, by)
    path = tmp_path / f"c{suffix}"
    write_table(path, found.cells)
    read = plots.read_coverage(path, regions=["BRA"])
    assert read.labels == found.labels
    assert equal(found.by_latitude, read.by_latitude)
    assert read.by_region["region"].to_pylist() == ["BRA"]
    if suffix == ".csv":  # without metadata
        assert np.isnan(read.min_elevation_deg) and read.times.count == 0
    else:
        assert read.cells.equals(found.cells)
        assert (read.grid, read.times, read.min_elevation_deg) == (grid, found.times, 10.0)
    page = plots.coverage_page(read, source="source: c", make=Figure)
    said = " ".join(assert_readable(page, 12))
    assert ("above 10° of elevation" in said) == (suffix != ".csv")
    assert ("2 h from 2026-01-01T00:00:00Z, every 10 min" in said) == (suffix != ".csv")


def test_only_the_column_that_is_drawn_is_read(tmp_path):
    found = computed("30deg", "source")
    write_table(tmp_path / "c.parquet", found.cells)
    whole, part = (
        plots.read_coverage(tmp_path / "c.parquet", column=name) for name in (None, "visible_mean")
    )
    names = {
        "constellation",
        "lat",
        "lon",
        "area_km2",
        "visible_min",
        "visible_mean",
        "visible_max",
    }
    assert set(part.cells.column_names) == names < set(whole.cells.column_names)
    assert part.times == whole.times and part.labels == whole.labels
    one, other = (
        picture(plots.coverage_page(each, make=Figure), "a.svg") for each in (whole, part)
    )
    assert one == other


def test_points_and_one_instant(tmp_path):
    sites = [gpuprop.Site(0.2, 10.0, 0, "a"), gpuprop.Site(0.7, 20.0, 0, "b"), gpuprop.Site(60, 0)]
    found = computed(sites, duration="1min")
    write_table(tmp_path / "c.parquet", found.cells)
    read = plots.read_coverage(tmp_path / "c.parquet")
    assert equal(found.by_latitude, read.by_latitude)
    assert "one instant" in " ".join(assert_readable(plots.coverage_page(read), 8))


def test_labels_of_any_kind_are_text(tmp_path):
    labels = ("$x_1$ and $y$", "<b>", "x" * 10_000)
    write_table(tmp_path / "c.parquet", sample(labels=labels).cells)
    read = plots.read_coverage(tmp_path / "c.parquet")
    said = assert_readable(plots.coverage_page(read, source="$s$"), 20)
    assert "$x_1$ and $y$" in said and "<b>" in said


def test_what_is_no_table_of_cells_is_refused(tmp_path):
    good = sample().cells
    path = tmp_path / "c.parquet"

    def refused(said):
        with pytest.raises(UsageError, match=said):
            plots.read_coverage(path)

    pq.write_table(good.drop_columns("lat"), path)
    refused("has no column lat")
    pq.write_table(good.slice(0, 0), path)
    refused("has no rows")
    wrong = pa.array(np.where(np.arange(len(good)) == 5, np.nan, good["lat"].to_numpy()))
    pq.write_table(good.set_column(0, "lat", wrong), path)
    refused("lat must be degrees")
    pq.write_table(good.set_column(0, "lat", pa.array(["x"] * len(good))), path)
    refused("not of numbers")
    path.write_bytes(b"PAR1 but no more")
    refused("cannot be read as a table")
    path = tmp_path / "c.arrow"
    path.write_bytes(b"")
    refused("cannot be read as a table")
    path = tmp_path / "c.txt"
    refused("its name must end in .parquet, .arrow or .csv")
    with pytest.raises(UsageError, match="XXX"):
        write_table(tmp_path / "d.parquet", good)
        plots.read_coverage(tmp_path / "d.parquet", regions=["XXX"])
    with pytest.raises(OSError, match="nothing"):
        plots.read_coverage(tmp_path / "nothing.parquet")
