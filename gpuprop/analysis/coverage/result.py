"""The answer of `coverage`: tables by cell, by latitude and by region."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import pyarrow as pa

from ...messages import counted, printable, shortened
from ...notebook import MOST_ROWS, page
from ...time.times import Times

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LABELS = 100  # characters of the labels in one line


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
        Minimum elevation, deg.
    times : Times
        The instants.
    labels : tuple of str
        The values of the column `constellation`; empty without `by`.

    Notes
    -----
    docs/methods/coverage.md defines the columns.
    """

    cells: pa.Table
    by_latitude: pa.Table
    by_region: pa.Table
    grid: str
    min_elevation_deg: float
    times: Times
    labels: tuple[str, ...] = ()

    def map(
        self,
        column: str = "visible_mean",
        ax: "Axes | None" = None,
        *,
        constellation: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
    ) -> "Axes":
        """Draw a world map of one column, with coast lines and borders.

        Parameters
        ----------
        column : str
            A column of `cells`.
        ax : matplotlib.axes.Axes, optional
            Axes to draw into; new ones unless given.
        constellation : str, optional
            A label, if coverage was computed `by` labels. All satellites together unless given.
        vmin, vmax : float, optional
            Values of the first and the last colour. Those of the map unless given. Shares in %.

        Returns
        -------
        matplotlib.axes.Axes
            The axes with the map, in longitude and latitude, deg, and a colour bar below.

        Raises
        ------
        ImportError
            If matplotlib is not installed: it is in the extra `plot`.
        ValueError
            For an unknown column or label.

        Notes
        -----
        Regions that were asked for have white outlines. The colours (viridis) can be read with any
        colour vision, and printed in grey. Lines: Natural Earth. Nothing is downloaded.
        """
        # plots/ is above this package: it is found when a map is asked for
        plots = import_module("gpuprop.plots")
        drawn: Axes = plots.coverage_map(
            self, column, ax, constellation=constellation, vmin=vmin, vmax=vmax
        )
        return drawn

    def __repr__(self) -> str:
        cells = self.cells.num_rows // max(1, len(self.labels))
        regions = self.by_region.num_rows // max(1, len(self.labels))
        what = [
            f"{self.grid}, {counted(cells, 'cell')}",
            f"{counted(self.times.count, 'instant')}",
            f"above {self.min_elevation_deg:g} deg",
            *([counted(regions, "region")] if regions else []),
            *([f"by {shortened(', '.join(self.labels), MOST_LABELS)}"] if self.labels else []),
        ]
        return f"<Coverage: {printable('; '.join(what))}>"

    def _repr_html_(self) -> str:
        what, first = ("by_region", "name") if self.by_region.num_rows else ("by_latitude", "lat")
        table = self.by_region if self.by_region.num_rows else self.by_latitude
        names = [first, *(["constellation"] if self.labels else [])]
        names += ["visible_min", "visible_mean", "visible_max", "covered", "longest_gap_s"]
        rows = table.select(names).slice(0, MOST_ROWS).to_pylist()
        facts = {"instants": repr(self.times)[1:-1].partition(": ")[2]}
        caption = f"{what}, {min(MOST_ROWS, table.num_rows)} of {counted(table.num_rows, 'row')}"
        return page(repr(self)[1:-1], facts, names, [row.values() for row in rows], caption)
