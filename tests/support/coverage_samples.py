"""Answers of coverage with values made up, for pictures."""

import json

import numpy as np
import pyarrow as pa

import gpuprop
from gpuprop.analysis.coverage import Coverage


def sample(grid="10deg", labels=(), regions=(), cells=None):
    """Make coverage whose values depend on the latitude, and on the label, alone.

    grid: N deg, h3:N, or points. cells: indices of the cells that are kept.
    """
    names = None
    if grid.startswith("h3:"):
        import h3

        level = int(grid[3:])
        names = sorted(c for base in h3.get_res0_cells() for c in h3.cell_to_children(base, level))
        lat, lon = np.transpose([h3.cell_to_latlng(name) for name in names])
    elif grid == "points":
        lat, lon = np.array([-60.0, 0.0, 45.0]), np.array([-170.0, 10.0, 179.0])
        names = ["a", "b", "c"]
    else:
        step = float(grid.removesuffix("deg"))
        rows, columns = np.arange(step / 2 - 90, 90, step), np.arange(step / 2 - 180, 180, step)
        lat, lon = (each.ravel() for each in np.meshgrid(rows, columns, indexing="ij"))
    tables, latitudes = [], []
    for number, label in enumerate([*labels, "all"] if labels else [None]):
        table = _rows(lat, lon, number, label)
        if names is not None:
            table = table.append_column("name" if grid == "points" else "cell", pa.array(names))
        tables.append(table)
        band = np.unique(np.round(lat))
        latitudes.append(_rows(band, band, number, label).drop_columns(["lon"]))
    about = {"gpuprop": json.dumps({"satellites": 1234})}
    return Coverage(
        pa.concat_tables(tables).replace_schema_metadata(about),
        pa.concat_tables(latitudes),
        pa.table({"region": pa.array(list(regions), pa.string())}),
        grid,
        25.0,
        gpuprop.time_grid("2026-01-01", duration="1d", step="30s"),
        (*labels, "all") if labels else (),
    )


def _rows(lat, lon, number, label):
    mean = (4 + number) * (1 + abs(lat) / 90)
    columns = dict(
        lat=lat,
        lon=lon,
        visible_min=np.floor(mean).astype(np.int32),
        visible_mean=mean,
        visible_max=np.ceil(1.5 * mean).astype(np.int32),
        covered=np.clip(mean / 10, 0, 1),
        longest_gap_s=600 - 30 * mean,
        gap_cut=mean > 5,
    )
    return pa.table(({"constellation": [label] * len(lat)} if label else {}) | columns)
