"""A table of coverage, as `gpuprop coverage` writes it, read for a picture."""

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from ..analysis.coverage import Coverage
from ..analysis.tables import SUFFIXES, check_suffix
from ..errors import UsageError
from ..geography.countries import regions as known_regions
from ..messages import shown
from ..time.durations import parse_duration
from ..time.instants import parse_instant
from ..time.times import Times
from .columns import MEANINGS

PLACES = ("constellation", "lat", "lon", "cell", "name", "area_km2")
FROM_CELLS = "cells of `gpuprop coverage`"


def read_table(
    path: str | os.PathLike[str], what: str, columns: Sequence[str] | None = None
) -> pa.Table:
    """Read a table that gpuprop wrote: .parquet, .arrow or .csv.

    Parameters
    ----------
    path
        The file.
    what
        What should be in it, for messages.
    columns
        Those that are needed; a .parquet file is read in part.

    Returns
    -------
    pyarrow.Table
        The table.

    Raises
    ------
    UsageError
        For another ending, and for a file that is no table.
    OSError
        If it cannot be read.
    """
    try:
        suffix = check_suffix(path)
    except ValueError:
        raise UsageError(
            f"{shown(os.fspath(path))} is no table of {what}: its name must end in "
            f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        ) from None
    try:
        if suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                there = file.schema_arrow.names
                needed = [name for name in there if columns is None or name in columns]
                return file.read(needed)
        if suffix == ".arrow":
            with pa.memory_map(os.fspath(path)) as file:
                return pa.ipc.open_file(file).read_all()
        return pyarrow.csv.read_csv(path)
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{shown(os.fspath(path))} cannot be read as a table: {reason}") from None


def read_coverage(
    path: str | os.PathLike[str],
    *,
    regions: Sequence[str] | None = None,
    column: str | None = None,
) -> Coverage:
    """Read the cells that `gpuprop coverage` wrote.

    Parameters
    ----------
    path
        The table of cells: .parquet, .arrow or .csv.
    regions
        ISO 3166 alpha-3 codes of countries that a map outlines.
    column
        The only column that is needed: the rest of a .parquet file is not read.

    Returns
    -------
    Coverage
        The cells as they are in the file; the values by latitude are computed from them, as
        `gpuprop.coverage` does. A CSV does not say the minimum elevation (NaN) and the instants
        (none).

    Raises
    ------
    UsageError
        If it is no table of cells, if a value is missing, and for an unknown region.
    OSError
        If it cannot be read.
    """
    wanted: list[str] | None = None
    if column in MEANINGS:
        bounds = MEANINGS[column].low, MEANINGS[column].high
        wanted = [*PLACES, column, *(name for name in bounds if name)]
    cells = read_table(path, "cells", wanted)
    if column is not None and column not in cells.column_names:
        cells = read_table(path, "cells")  # for the message, which lists what there is
    name = shown(os.fspath(path))
    missing = [column for column in ("lat", "lon") if column not in cells.column_names]
    if missing:
        raise UsageError(f"{name} has no column {missing[0]}: give the {FROM_CELLS}")
    if not cells.num_rows:
        raise UsageError(f"{name} has no rows: give the {FROM_CELLS}")
    for column in ("lat", "lon"):
        values = _numbers(cells, column, name)
        if not np.isfinite(values).all() or abs(values).max() > (90 if column == "lat" else 360):
            raise UsageError(f"{name}: {column} must be degrees: give the {FROM_CELLS}")
    labels: tuple[str, ...] = ()
    if "constellation" in cells.column_names:
        labels = tuple(map(str, pc.unique(cells["constellation"]).to_pylist()))
    facts = _facts(cells)
    codes = [region.code for region in known_regions(regions or ())]
    return Coverage(
        cells,
        _by_latitude(cells, name),
        pa.table({"region": pa.array(codes, pa.string())}),
        str(facts.get("grid") or _grid(cells)),
        float(facts.get("min_elevation_deg", np.nan)),
        _times(facts),
        labels,
    )


def _facts(table: pa.Table) -> dict[str, Any]:
    """Return the options that a table was computed with, from its metadata."""
    try:
        found = json.loads((table.schema.metadata or {})[b"gpuprop"])["options"]
    except (KeyError, ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _times(facts: dict[str, Any]) -> Times:
    try:
        start, step = parse_instant(facts["start"]), facts["step"]
        return Times.grid(start, parse_duration(step) if step else 1, int(facts["instants"]))
    except (KeyError, ValueError, TypeError):
        return Times(np.empty(0, np.int64))


def _grid(cells: pa.Table) -> str:
    if "cell" in cells.column_names:
        return "h3"
    return "points" if "name" in cells.column_names else "degrees"


def _numbers(table: pa.Table, column: str, name: str) -> Any:
    try:
        return table[column].cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        raise UsageError(f"{name}: the column {column} is not of numbers") from None


def _by_latitude(cells: pa.Table, name: str) -> pa.Table:
    """Compute the values of rows of a grid, or of bands of a degree: means weighted by area."""
    lat = _numbers(cells, "lat", name)
    is_grid = not {"cell", "name"} & set(cells.column_names)
    bands = lat if is_grid else np.clip(np.floor(lat), -90, 89) + 0.5
    label = np.zeros(len(lat), np.int64)
    if "constellation" in cells.column_names:
        encoded = cells["constellation"].combine_chunks().dictionary_encode()
        label = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    latitudes, band = np.unique(bands, return_inverse=True)
    keys, group = np.unique(label * len(latitudes) + band.ravel(), return_inverse=True)
    group, n = group.ravel(), len(keys)
    weight = (
        _numbers(cells, "area_km2", name) if "area_km2" in cells.column_names else np.ones(len(lat))
    )
    found: dict[str, Any] = {"lat": latitudes[keys % len(latitudes)]}
    if "constellation" in cells.column_names:
        found["constellation"] = encoded.dictionary.take(pa.array(keys // len(latitudes)))
    for column in cells.schema:
        if column.name in ("lat", "lon", "area_km2") or not _is_number(column.type):
            continue
        values = _numbers(cells, column.name, name)
        if column.name == "visible_min":
            reduced = np.full(n, np.inf)
            np.minimum.at(reduced, group, values)
        elif column.name in ("visible_max", "longest_gap_s"):
            reduced = np.full(n, -np.inf)
            with np.errstate(invalid="ignore"):  # one instant has gaps of no known length
                np.maximum.at(reduced, group, values)
        else:
            total = np.bincount(group, values * weight, n)
            reduced = total / np.bincount(group, weight, n)
        found[column.name] = reduced
    found["area_km2"] = np.bincount(group, weight, n)
    return pa.table(found)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
