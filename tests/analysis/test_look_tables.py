"""Look angles show themselves, and other libraries take them."""

import json

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr

import gpuprop
from gpuprop import Propagator, Site, look_angles

SITES = [Site(-15.793889, -47.882778, 1.172, "Brasilia"), Site(51.17, 71.45, 0.347)]
TIMES = gpuprop.time_grid("2026-01-01T00:00:00Z", duration="3min", step="60s")
NAMES = {
    "azimuth": "azimuth_deg",
    "elevation": "elevation_deg",
    "range": "range_km",
    "range_rate": "range_rate_km_s",
    "right_ascension": "right_ascension_deg",
    "declination": "declination_deg",
    "azimuth_rate": "azimuth_rate_deg_s",
    "elevation_rate": "elevation_rate_deg_s",
    "angular_rate": "angular_rate_deg_s",
}


@pytest.fixture(scope="module")
def block():
    propagator = Propagator(gpuprop.walker("53:40/5/1", altitude_km=550.0))
    return look_angles(propagator.states(TIMES), SITES, radec=True, rates=True)


@pytest.fixture(scope="module")
def listed():
    propagator = Propagator(gpuprop.walker("53:40/5/1", altitude_km=550.0))
    return look_angles(
        propagator.states(TIMES), SITES, radec=True, rates=True, min_elevation_deg=-30.0
    )


def in_tables(angles, name):
    values = getattr(angles, name).reshape(-1)
    return values if name.startswith("range") else np.degrees(values)


def test_arrow(block, listed):
    for angles in (block, listed):
        table = angles.to_arrow()
        table.validate(full=True)
        assert set(NAMES.values()) < set(table.schema.names)
        for name, column in NAMES.items():
            assert np.array_equal(table[column].to_numpy(), in_tables(angles, name))
        assert table.schema.field("elevation_deg").metadata == {
            b"unit": b"deg",
            b"frame": b"horizon",
        }
        assert table.schema.field("declination_deg").metadata[b"frame"] == b"gcrs"
        assert table.schema.field("angular_rate_deg_s").metadata[b"unit"] == b"deg/s"
        facts = json.loads(table.schema.metadata[b"gpuprop"])
        assert facts["sites"][0] == {
            "name": "Brasilia",
            "lat": -15.793889,
            "lon": -47.882778,
            "height_km": 1.172,
        }
        assert facts["gravity"] == "wgs72" and facts["earth_orientation"]
    assert "min_elevation_deg" not in block.metadata and facts["min_elevation_deg"] == -30.0
    # by time, then site, then satellite; or as the list is
    table = block.to_arrow()
    assert table["time"].to_pylist() == sorted(table["time"].to_pylist())
    assert table["site"].to_pylist()[:80] == ["Brasilia"] * 40 + ["51.17,71.45"] * 40
    assert np.array_equal(table["sat_id"].to_numpy(), np.tile(block.sat_id, 6))
    assert table["object_name"].to_pylist() == np.tile(block.name, 6).tolist()
    table = listed.to_arrow()
    assert table["index"].to_pylist() == listed.index.tolist()
    labels = np.array(["Brasilia", "51.17,71.45"], object)
    assert table["site"].to_pylist() == labels[listed.site_index].tolist()


def test_other_libraries(block, listed, tmp_path):
    for angles in (block, listed):
        n = angles.azimuth.size
        frame, table = pl.DataFrame(angles), angles.to_arrow()
        assert frame.shape == (n, len(table.schema.names))
        assert np.array_equal(frame["azimuth_deg"].to_numpy(), in_tables(angles, "azimuth"))
        above = duckdb.sql("select * from angles where elevation_deg > 0").to_arrow_table()
        assert above.num_rows == (in_tables(angles, "elevation") > 0).sum() > 0
        pandas = angles.to_pandas()
        assert np.array_equal(pandas["range_km"], in_tables(angles, "range"))
        assert pandas.attrs["units"]["range_rate_km_s"] == "km/s"
        assert pandas.attrs["frames"]["right_ascension_deg"] == "gcrs"
        assert pa.table(angles).num_rows == n
        data = angles.to_xarray()
        assert np.array_equal(
            data["declination_deg"].values.ravel(), in_tables(angles, "declination")
        )
        assert data["elevation_rate_deg_s"].attrs["units"] == "deg/s"
        assert gpuprop.as_times(data["time"]) == angles.times
        path = tmp_path / f"{len(data.sizes)}.nc"
        data.to_netcdf(path, engine="h5netcdf")
        with xr.open_dataset(path, engine="h5netcdf") as back:
            assert back.identical(data)
    data = block.to_xarray()
    assert dict(data.sizes) == {"time": 3, "site": 2, "sat_id": 40}
    one = data.sel(site="Brasilia", sat_id=1_000_000_003)
    assert np.array_equal(one["range_km"], block.range[:, 0, 3])
    assert dict(listed.to_xarray().sizes) == {"direction": len(listed)}


def test_how_they_show_themselves(block, listed):
    assert repr(block) == (
        "<LookAngles: 40 satellites from 2 sites (Brasilia; 51.17,71.45) at 3 instants, "
        "2026-01-01T00:00:00Z to 2026-01-01T00:02:00Z; azimuth elevation range range_rate "
        "right_ascension declination azimuth_rate elevation_rate angular_rate>"
    )
    assert repr(listed).startswith(
        f"<LookAngles: {len(listed)} directions above -30 deg from 2 sites (Brasilia; 51.17,71.45),"
    )
    for angles in (block, listed):
        text = angles._repr_html_()
        assert "WALKER P01 S01" in text and "site Brasilia" in text and len(text) < 20_000
    assert {"azimuth", "angular_rate", "to_arrow"} < set(dir(block))
    propagator = Propagator(gpuprop.walker("53:4/1/0", altitude_km=550.0))
    plain = look_angles(propagator.states(TIMES), SITES[0])
    assert not {"declination", "angular_rate"} & set(dir(plain))
    evil = look_angles(propagator.states(TIMES), Site(1.0, 2.0, name="<img src=x>"))
    assert "<img" not in evil._repr_html_()
    nothing = look_angles(propagator.states(TIMES[:0]), SITES)
    assert nothing._repr_html_() and nothing.to_arrow().num_rows == 0
