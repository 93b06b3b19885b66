"""The cells of a grid as areas or points of a map."""

from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap, Normalize

from ..typing import Array


def draw_cells(ax: Axes, cells: pa.Table, values: Array, colours: Colormap, norm: Normalize) -> Any:
    """Draw cells, and return what a colour bar takes.

    Parameters
    ----------
    ax
        Axes in longitude and latitude, deg.
    cells
        Rows of `Coverage.cells` of one constellation.
    values
        Their values (n,).
    colours, norm
        The colours of the values.
    """
    how: dict[str, Any] = dict(cmap=colours, norm=norm, zorder=1)
    lat, lon = cells["lat"].to_numpy(), cells["lon"].to_numpy()
    if "cell" in cells.column_names:
        shapes, owners = _hexagons(cells["cell"].to_pylist())
        drawn = PolyCollection(
            shapes, array=values[owners], edgecolors="face", linewidths=0.2, rasterized=True, **how
        )
        ax.add_collection(drawn, autolim=False)
        return drawn
    if "name" in cells.column_names:
        size = float(np.clip(3000 / max(len(lat), 1), 4, 60))
        return ax.scatter(
            lon, lat, size, values, edgecolors="black", linewidths=0.5, **how | dict(zorder=4)
        )
    rows, columns = np.unique(lat), np.unique(lon)
    table = np.full((len(rows), len(columns)), np.nan)
    table[np.searchsorted(rows, lat), np.searchsorted(columns, lon)] = values
    step = 360.0 / len(columns)
    edges = np.linspace(-180, 180, len(columns) + 1), np.linspace(-90, 90, round(180 / step) + 1)
    # as an image: a mesh of lines would make a file of many megabytes
    return ax.pcolormesh(*edges, table, rasterized=True, **how)


def _hexagons(cells: list[Any]) -> tuple[list[Array], list[int]]:
    """Return outlines (n, 2) of the cells of h3, and the index of the cell of each.

    A cell across 180 degrees has an outline on either side of the map.
    """
    import h3

    shapes: list[Array] = []
    owners: list[int] = []
    for i, cell in enumerate(cells):
        name = cell if isinstance(cell, str) else h3.int_to_str(cell)
        outline = np.array(h3.cell_to_boundary(name))[:, ::-1]
        for piece in unrolled(outline):
            shapes.append(piece)
            owners.append(i)
    return shapes, owners


def unrolled(outline: Array) -> list[Array]:
    """Return the outline (n, 2) of a cell on the globe as outlines on a map, deg."""
    lon, lat = outline.T
    steps = np.remainder(np.diff(lon, append=lon[0]) + 180.0, 360.0) - 180.0
    if abs(steps.sum()) > 180.0:  # it goes around a pole
        order = np.argsort(lon)
        pole = np.copysign(90.0, lat.mean())
        lon = np.concatenate(
            ([lon[order[-1]] - 360.0], lon[order], [lon[order[0]] + 360.0, 180.0, -180.0])
        )
        lat = np.concatenate(([lat[order[-1]]], lat[order], [lat[order[0]], pole, pole]))
        return [np.column_stack((lon, lat))]
    lon = lon[0] + np.concatenate(([0.0], np.cumsum(steps[:-1])))
    places = [lon + turn for turn in (-360.0, 0.0, 360.0)]
    return [
        np.column_stack((each, lat)) for each in places if each.max() > -180 and each.min() < 180
    ]
