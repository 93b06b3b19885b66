"""A table of coverage (the cells of `gpuprop coverage`) as images of the whole Earth."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq

from ..analysis.coverage import Coverage
from ..errors import UsageError
from ..messages import counted, shown
from ..typing import Array, Mask

# column: name on the page, unit
COLUMNS = {
    "visible_mean": ("Satellites in view, mean", ""),
    "visible_min": ("Satellites in view, least", ""),
    "visible_max": ("Satellites in view, most", ""),
    "covered": ("Share of time covered", ""),
    "longest_gap_s": ("Longest gap", "s"),
    "mean_gap_s": ("Mean gap", "s"),
}
NOTHING = 255  # pixels without a cell; others are 0 to 254, from the least value to the most
ALL = "all"


@dataclass(frozen=True, eq=False)
class Image:
    """One column as an image.

    Parameters
    ----------
    column, title, unit : str
        Its name in the table, and for people.
    low, high : float
        Values of pixels 0 and 254.
    pixels : (height, width) uint8
        Rows from the north pole southwards, columns from 180 degrees west eastwards.
    """

    column: str
    title: str
    unit: str
    low: float
    high: float
    pixels: npt.NDArray[np.uint8]

    @property
    def facts(self) -> dict[str, str | float]:
        """All but the pixels."""
        height, width = self.pixels.shape
        return dict(
            column=self.column,
            title=self.title,
            unit=self.unit,
            low=self.low,
            high=self.high,
            height=height,
            width=width,
        )


@dataclass(frozen=True, eq=False)
class Layer:
    """The images of a table of coverage.

    Parameters
    ----------
    images : list of Image
        One for each column that the page shows.
    source : str
        Where the table is from, and what it was computed with.
    """

    images: list[Image]
    source: str


def coverage_layer(table: str | os.PathLike[str] | pa.Table | Coverage) -> Layer:
    """Make images of a table of coverage.

    Parameters
    ----------
    table : str, path, pyarrow.Table or gpuprop.Coverage
        The cells: columns lat and lon (deg) and at least one of visible_mean, visible_min,
        visible_max, covered, longest_gap_s, mean_gap_s. With a column `constellation`, its rows
        `all`.

    Returns
    -------
    Layer
        Images of 1 degree, or of the cells of the grid if these are smaller.

    Raises
    ------
    UsageError
        If a column is missing, or there are no cells.
    OSError
        If the file cannot be read.
    """
    cells, name = _read(table)
    if "constellation" in cells.column_names:
        chosen = np.array([each == ALL for each in cells.column("constellation").to_pylist()])
        if chosen.any():
            cells = cells.filter(pa.array(chosen))
    present = [column for column in COLUMNS if column in cells.column_names]
    missing = [column for column in ("lat", "lon") if column not in cells.column_names]
    if missing or not present or not cells.num_rows:
        what = f"no column {missing[0]}" if missing else "no cells" if present else "no column of"
        known = "" if missing or present else f" {', '.join(COLUMNS)}"
        raise UsageError(f"{name}: {what}{known}: give the cells that gpuprop coverage writes")
    lat, lon = (_numbers(cells, column) for column in ("lat", "lon"))
    place, inside = _pixels(lat, lon, cells)
    images = []
    for column in present:
        values = _numbers(cells, column)
        good = values[np.isfinite(values)]
        low, high = (float(good.min()), float(good.max())) if len(good) else (0.0, 1.0)
        scaled = np.round((values - low) * (254.0 / ((high - low) or 1.0)))
        pixels = np.where(np.isfinite(scaled), scaled, NOTHING).astype(np.uint8)[place]
        pixels[~inside] = NOTHING
        images.append(Image(column, *COLUMNS[column], low, high, pixels))
    return Layer(images, _described(cells, name))


def _read(table: str | os.PathLike[str] | pa.Table | Coverage) -> tuple[pa.Table, str]:
    if isinstance(table, pa.Table):
        return table, "the table of coverage"
    if isinstance(table, Coverage):
        return table.cells, repr(table).strip("<>")
    path = Path(table)
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return pq.read_table(path), path.name
    if suffix == ".arrow":
        return pyarrow.feather.read_table(path), path.name
    if suffix == ".csv":
        return pyarrow.csv.read_csv(path), path.name
    raise UsageError(
        f"--coverage {shown(str(table))}: a table of coverage ends in .parquet, .arrow or .csv"
    )


def _numbers(cells: pa.Table, name: str) -> Array:
    return np.asarray(
        cells.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64
    )


def _pixels(lat: Array, lon: Array, cells: pa.Table) -> tuple[npt.NDArray[np.int64], Mask]:
    """Find the cell of each pixel: its row in the table (height, width), and whether it has one."""
    rows = np.unique(lat)
    step = float(np.diff(rows).min()) if len(rows) > 1 else 180.0
    regular = len(rows) > 1 and np.allclose(np.diff(rows), step) and step >= 0.25
    columns = np.unique(lon)
    if regular and len(columns) * len(rows) == len(lat) and abs(len(columns) * step - 360.0) < 1e-6:
        place = np.empty((round(180.0 / step), len(columns)), np.int64)
        inside = np.zeros(place.shape, bool)
        i = np.floor((90.0 - lat) / step).astype(np.int64)
        j = np.floor(np.mod(lon + 180.0, 360.0) / step).astype(np.int64)
        place[:] = 0
        place[i, j], inside[i, j] = np.arange(len(lat)), True
        return place, inside
    return _nearest(lat, lon, cells)


def _nearest(lat: Array, lon: Array, cells: pa.Table) -> tuple[npt.NDArray[np.int64], Mask]:
    """Find the nearest cell of pixels of 1 degree, within the radius of a circle of its area."""
    area = _numbers(cells, "area_km2") if "area_km2" in cells.column_names else np.zeros(len(lat))
    reach = np.cos(np.maximum(1.3 * np.sqrt(np.nan_to_num(area) / np.pi) / 6371.0, 0.0175))
    centres = _units(lat, lon)
    place, inside = np.zeros((180, 360), np.int64), np.zeros((180, 360), bool)
    longitude = np.arange(-179.5, 180.0)
    for row in range(180):
        latitude = 89.5 - row
        near = np.flatnonzero(np.abs(lat - latitude) < np.degrees(np.arccos(reach.min())) + 0.5)
        if not len(near):
            continue
        for part in np.array_split(np.arange(360), max(1, len(near) // 20_000)):
            cosine = _units(np.full(len(part), latitude), longitude[part]) @ centres[near].T
            best = cosine.argmax(axis=1)
            place[row, part] = near[best]
            inside[row, part] = cosine[np.arange(len(part)), best] >= reach[near[best]]
    return place, inside


def _units(lat: Array, lon: Array) -> Array:
    phi, lam = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def _described(cells: pa.Table, name: str) -> str:
    """Say what a table was computed with, from its metadata."""
    try:
        facts = json.loads((cells.schema.metadata or {})[b"gpuprop"])
        options = facts.get("options", {})
        least = options.get("min_elevation_deg")
    except (KeyError, ValueError, AttributeError):
        return name
    number = facts.get("satellites")
    said = [counted(number, "satellite")] if isinstance(number, int) else []
    said += [f"above {least:g}°"] if isinstance(least, int | float) else []
    said += [f"from {options['start']}"] if "start" in options else []
    return ", ".join([name, *said])
