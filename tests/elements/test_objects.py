"""Element sets show themselves, and other libraries take them."""

import copy
import pickle

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from html_checks import Balanced
from state_samples import random_elements

import gpuprop
from gpuprop import Elements
from gpuprop.elements.description import shells_of


def test_reprs():
    filed = gpuprop.constellation("starlink-gen1")
    assert repr(filed) == (
        "<Elements: 4,408 satellites of 5 shells (starlink-g1-s1 ... starlink-g1-s5), "
        "epoch 2026-01-01T00:00:00Z>"
    )
    catalogued = random_elements(1, 3)
    assert repr(catalogued) == "<Elements: 3 satellites, epoch 2026-01-01T00:00:00Z>"
    both = Elements.concat([catalogued, gpuprop.constellation("qianfan")])
    assert repr(both) == (
        "<Elements: 1,299 satellites, 1,296 of 1 shell (qianfan-p1), epoch 2026-01-01T00:00:00Z>"
    )
    reject = gpuprop.Reject(1, "x", "y")
    assert repr(Elements(dict(catalogued[:0].fields), [reject])) == (
        "<Elements: 0 satellites, 1 record rejected>"
    )


@pytest.mark.parametrize("name", sorted(gpuprop.constellations()))
def test_the_shells_of_every_filing_are_found(name):
    sats = gpuprop.constellation(name)
    shells = shells_of(sats)
    assert sum(count for _, count in shells.values()) == len(sats)
    # the names of satellites begin with their shell
    assert {each.upper() for each in shells} == {each.rsplit(" ", 2)[0] for each in sats.name}


def test_filings():
    filings = gpuprop.constellations()
    assert repr(filings["starlink-gen1"]) == (
        "<Constellation starlink-gen1: Starlink Gen1 as modified in April 2021; "
        "4,408 satellites in 5 shells>"
    )
    for filing in filings.values():
        shown = "".join(Balanced(filing._repr_html_()).text)
        assert filing.title in shown and all(shell.id in shown for shell in filing.shells)


def test_html_escapes_and_closes():
    fields = dict(random_elements(2, 9).fields)
    fields["OBJECT_NAME"] = np.array(["<script>alert(1)</script>", *["A & B"] * 8], object)
    text = Elements(fields, notes=("a <b> note",))._repr_html_()
    assert "<script" not in text and "<b>" not in text
    shown = "".join(Balanced(text).text)
    assert (
        "<script>alert(1)</script>" in shown and "a <b> note" in shown and "9 satellites" in shown
    )
    assert "color: inherit" in text and "#" not in text  # the notebook's colours, light or dark
    Balanced(random_elements(2, 0)._repr_html_())


def test_columns_are_attributes():
    sats = random_elements(3, 5)
    assert {"MEAN_MOTION", "OBJECT_ID", "sat_id", "plane"} < set(dir(sats))
    for name in dir(sats):
        assert hasattr(sats, name)
    assert sats.MEAN_MOTION is sats.fields["MEAN_MOTION"]
    assert not hasattr(sats, "MEAN_MOTIONS")
    for other in (copy.copy(sats), copy.deepcopy(sats), pickle.loads(pickle.dumps(sats))):
        assert other.to_arrow().equals(sats.to_arrow())


def test_other_libraries_take_element_sets():
    sats = Elements.concat([random_elements(4, 50), gpuprop.walker("53:24/3/1", altitude_km=600.0)])
    table = sats.to_arrow()
    assert pa.table(sats).equals(table, check_metadata=True)

    frame = pl.DataFrame(sats)
    assert frame.columns == table.column_names
    back = frame.to_arrow().cast(table.schema)
    assert back.equals(table)

    found = duckdb.sql("from sats").to_arrow_table()
    assert found.num_rows == 74
    assert found.column("MEAN_MOTION").to_pylist() == table.column("MEAN_MOTION").to_pylist()
    [(count,)] = duckdb.sql("select count(*) from sats where INCLINATION = 53").fetchall()
    assert count == (sats.fields["INCLINATION"] == 53).sum() > 0

    if hasattr(pd.DataFrame, "from_arrow"):  # pandas 3
        assert pd.DataFrame.from_arrow(sats)["OBJECT_NAME"].tolist() == sats.name.tolist()
    # instants come back as they were
    assert np.array_equal(gpuprop.as_times(frame["EPOCH"]).datetime64, sats.epoch)
    with pytest.raises(TypeError, match="give one of its columns"):
        gpuprop.as_times(sats)


@pytest.mark.parametrize("library", ["polars", "pandas", "duckdb"])
def test_what_other_libraries_write_is_read_back(library, tmp_path):
    """A catalogue is filtered in a table, and read again: to the microsecond, as DuckDB has it."""
    sats = random_elements(6, 40)
    epoch = sats.epoch.astype("datetime64[us]").astype("datetime64[ns]")
    sats = Elements(dict(sats.fields, EPOCH=epoch))
    path = tmp_path / "chosen.csv"
    if library == "polars":
        pl.DataFrame(sats).filter(pl.col("INCLINATION") > 50).write_csv(path)
    elif library == "pandas":
        frame = sats.to_arrow().to_pandas()
        frame[frame["INCLINATION"] > 50].to_csv(path, index=False)
    else:
        duckdb.sql("SET TimeZone = 'UTC'")
        duckdb.sql("from sats where INCLINATION > 50").write_csv(str(path))
    chosen = sats[sats.fields["INCLINATION"] > 50]
    assert 0 < len(chosen) < len(sats)
    back = gpuprop.read_elements(path).to_arrow()
    assert back.equals(chosen.to_arrow())
