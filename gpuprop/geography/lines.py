"""Coast lines and borders."""

import functools
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq

from ..typing import Array

HERE = Path(__file__).parent


class Line(NamedTuple):
    """A coast line, or a border between two countries."""

    lon: Array  # (n,) deg in [-180, 180]
    lat: Array  # (n,) deg
    border: bool


@functools.cache
def lines() -> tuple[Line, ...]:
    """Read the lines that the shapes of countries consist of.

    Returns
    -------
    tuple of Line
        In the order of lines.parquet. A line may jump between 180 and -180 degrees.
    """
    table = pq.read_table(HERE / "lines.parquet")
    about = json.loads(table.schema.metadata[b"gpuprop"])
    scale, origin = json.loads(about["scale"]), json.loads(about["origin"])
    columns = []
    for name, unit, first in zip(("lon", "lat"), scale, origin, strict=True):
        column = table[name].combine_chunks()
        offsets = column.offsets.to_numpy()
        steps = column.values.to_numpy().astype(np.int64)
        sums = np.cumsum(steps)
        before = (sums - steps)[offsets[:-1]]  # the sum of the lines before
        points = (sums - np.repeat(before, np.diff(offsets))) * unit + first
        columns.append(np.split(points, offsets[1:-1]))
    borders = table["border"].to_pylist()
    return tuple(Line(lon, lat, border) for lon, lat, border in zip(*columns, borders, strict=True))


def pieces(border: bool) -> list[Array]:
    """Return what a map draws: coast lines, or borders.

    Parameters
    ----------
    border
        Borders instead of coast lines.

    Returns
    -------
    list of arrays (n, 2)
        Longitude and latitude, deg. Lines are cut where they pass 180 degrees, and the edge of the
        map (180 degrees, as a cut through a country) is left out.
    """
    found = []
    for line in lines():
        if line.border is not border:
            continue
        points = np.column_stack((line.lon, line.lat))
        edge = abs(line.lon) > 179.9999
        cut = (abs(np.diff(line.lon)) > 180) | (edge[1:] & edge[:-1])
        found += [piece for piece in np.split(points, np.flatnonzero(cut) + 1) if len(piece) > 1]
    return found
