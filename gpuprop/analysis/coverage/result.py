"""The answer of `coverage`: tables by cell, by latitude and by region."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pyarrow as pa

from ...messages import counted
from ...time.times import Times


@dataclass(frozen=True, eq=False, repr=False)
class Coverage:
    """How many satellites every cell has in view, and for how long it has none.

    Parameters
    ----------
    cells : pyarrow.Table
        A row for each cell; with `by`, for each cell and label, and for each cell and `all`.
    by_latitude : pyarrow.Table
        The same for the cells of one latitude together.
    by_region : pyarrow.Table
        The same for the cells of each region together; without rows unless regions were given.
    grid : str
        The grid: `1deg`, `h3:4`, or `points`.
    min_elevation_deg : float
        Least elevation, deg.
    times : Times
        The instants.
    labels : tuple of str
        The values of the column `constellation`; empty without `by`.

    Notes
    -----
    docs/coverage.md defines the columns.
    """

    cells: pa.Table
    by_latitude: pa.Table
    by_region: pa.Table
    grid: str
    min_elevation_deg: float
    times: Times
    labels: tuple[str, ...] = ()

    def map(self, column: str = "visible_mean", ax: Any = None, **options: Any) -> Any:
        """Draw a world map of one column.

        Parameters
        ----------
        column : str
            A column of `cells`.
        ax : matplotlib.axes.Axes, optional
            Axes to draw into; new ones unless given.
        **options
            As `gpuprop.plots.coverage_map` takes them.

        Returns
        -------
        matplotlib.axes.Axes
            The axes with the map.

        Raises
        ------
        ImportError
            If matplotlib is not installed: it is in the extra `plot`.
        ValueError
            For an unknown column.
        """
        # plots/ is above this package: it is found when a map is asked for
        return import_module("gpuprop.plots").coverage_map(self, column, ax=ax, **options)

    def __repr__(self) -> str:
        cells = self.cells.num_rows // max(1, len(self.labels))
        regions = self.by_region.num_rows // max(1, len(self.labels))
        what = [
            f"{self.grid}, {counted(cells, 'cell')}",
            f"{counted(self.times.count, 'instant')}",
            f"above {self.min_elevation_deg:g} deg",
            *([counted(regions, "region")] if regions else []),
            *([f"by {', '.join(self.labels)}"] if self.labels else []),
        ]
        return f"<Coverage: {'; '.join(what)}>"
