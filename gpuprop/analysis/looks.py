"""LookAngles: directions and distances of satellites from sites, and their tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..block_tables import NAMES, UTC, BlockTable, Column, Label
from ..columns import LONG_NAMES, OBJECT_NAME
from ..messages import counted, printable
from ..notebook import MOST_ROWS, page
from ..time.instants import format_ns
from ..time.times import Times
from ..typing import Array
from .site import Site

if TYPE_CHECKING:
    import pandas
    import xarray

HORIZON = "horizon"  # axes of a site: azimuth from north by east, elevation from the horizon
# attribute: (column of tables, unit there, frame, meaning, whether it is an angle)
COLUMNS: dict[str, tuple[str, str, str, str, bool]] = {
    "azimuth": ("azimuth_deg", "deg", HORIZON, "azimuth from north by east", True),
    "elevation": ("elevation_deg", "deg", HORIZON, "elevation, without refraction", True),
    "range": ("range_km", "km", "", "distance from the site", False),
    "range_rate": ("range_rate_km_s", "km/s", "", "rate of the distance", False),
    "right_ascension": (
        "right_ascension_deg",
        "deg",
        "gcrs",
        "right ascension seen from the site",
        True,
    ),
    "declination": ("declination_deg", "deg", "gcrs", "declination seen from the site", True),
    "azimuth_rate": ("azimuth_rate_deg_s", "deg/s", HORIZON, "rate of the azimuth", True),
    "elevation_rate": ("elevation_rate_deg_s", "deg/s", HORIZON, "rate of the elevation", True),
    "angular_rate": ("angular_rate_deg_s", "deg/s", HORIZON, "speed across the sky", True),
}
SHOWN = 3  # sites that a line lists by name


@dataclass(frozen=True, eq=False, repr=False)
class LookAngles:
    """Directions and distances of n_sats satellites from n_sites sites at n_times instants.

    They are NaN if there is no position. A list of n directions (of pairs, of a table, or above a
    minimum elevation) has one dimension: `times`, `sat_id`, `site_index` and all angles are (n,).
    Libraries that take Arrow data take LookAngles: `polars.DataFrame(angles)`.

    Parameters
    ----------
    times : Times
        The n_times instants; in a list, the instant of each direction.
    sat_id : (n_sats,) int32
        Catalogue numbers; (n,) in a list.
    sites : tuple of Site
        The n_sites sites.
    azimuth : (n_times, n_sites, n_sats) float64
        Azimuth, clockwise from north (east is pi / 2), rad in [0, 2 pi).
    elevation : (n_times, n_sites, n_sats) float64
        Elevation above the plane normal to the vertical of the ellipsoid, rad.
    range : (n_times, n_sites, n_sats) float64
        Distance, km.
    range_rate : (n_times, n_sites, n_sats) float64, optional
        Rate of change of the distance, km/s, positive if the satellite moves away.
    right_ascension : (n_times, n_sites, n_sats) float64, optional
        Right ascension of the direction from the site, in the axes of GCRS, rad in [0, 2 pi).
    declination : (n_times, n_sites, n_sats) float64, optional
        Declination of this direction, in the axes of GCRS, rad.
    azimuth_rate : (n_times, n_sites, n_sats) float64, optional
        Rate of change of the azimuth, rad/s.
    elevation_rate : (n_times, n_sites, n_sats) float64, optional
        Rate of change of the elevation, rad/s.
    angular_rate : (n_times, n_sites, n_sats) float64, optional
        Speed of the direction across the sky, relative to the ground, rad/s.
    name : (n_sats,) str, optional
        Names of the satellites; (n,) in a list. None if they are not known.
    site_index : (n,) int64, optional
        Lists only: the site of each direction, as its position in `sites`.
    index : (n,) int64, optional
        Lists only: the satellite of each direction, as its position in the element sets; of a
        table, the number of its row.
    metadata : dict, optional
        Facts about all directions: model, Earth orientation, sites.

    Notes
    -----
    These are geometric: refraction, which raises satellites near the horizon by up to half a
    degree, light time and aberration are left out.
    """

    times: Times
    sat_id: npt.NDArray[np.int32]
    sites: tuple[Site, ...]
    azimuth: Array
    elevation: Array
    range: Array
    range_rate: Array | None = None
    right_ascension: Array | None = None
    declination: Array | None = None
    azimuth_rate: Array | None = None
    elevation_rate: Array | None = None
    angular_rate: Array | None = None
    name: npt.NDArray[np.object_] | None = None
    site_index: npt.NDArray[np.int64] | None = None
    index: npt.NDArray[np.int64] | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Array]:
        """The angles and distances that were computed, by name."""
        every = {name: getattr(self, name) for name in COLUMNS}
        return {name: values for name, values in every.items() if values is not None}

    def __len__(self) -> int:
        return len(self.times)

    # --- how they show themselves ---
    def __dir__(self) -> list[str]:
        """List what there is: columns that were not computed are left out."""
        return sorted(set(super().__dir__()) - (set(COLUMNS) - set(self.columns)))

    def __repr__(self) -> str:
        return f"<LookAngles: {printable(self._title())}; {' '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        table, title = self._table(), f"LookAngles: {self._title()}"
        names = [f"{column.field.name}" for column in table.columns]
        facts: dict[str, object] = {"columns of tables": ", ".join(names)}
        for site in self.sites[:MOST_ROWS]:
            facts[f"site {site.label}"] = (
                f"{site.latitude_deg:g} deg, {site.longitude_deg:g} deg, {site.height_km:g} km"
            )
        if not all(self.azimuth.shape) or not isinstance(self.azimuth, np.ndarray):
            return page(title, facts)
        batch = next(table.batches(MOST_ROWS)).slice(0, MOST_ROWS)
        times = [format_ns(ns) for ns in batch.column("time").view(pa.int64()).to_pylist()]
        rest = (column.to_pylist() for column in batch.drop_columns(["time"]).columns)
        rows = zip(times, *rest, strict=True)
        return page(title, facts, batch.schema.names, rows, "first rows")

    def _title(self) -> str:
        sites = counted(len(self.sites), "site")
        if len(self.sites) <= SHOWN:
            sites += f" ({'; '.join(site.label for site in self.sites)})"
        edges = self.times.edges
        span = [format_ns(int(edge)) for edge in ((edges[0], edges[-1]) if len(self) else ())]
        when = ", " + " to ".join(dict.fromkeys(span)) if span else ""
        if self.site_index is not None:
            least = self.metadata.get("min_elevation_deg")
            above = f" above {least:g} deg" if isinstance(least, float) else ""
            return f"{counted(len(self), 'direction')}{above} from {sites}{when}"
        satellites = counted(len(self.sat_id), "satellite")
        return f"{satellites} from {sites} at {counted(len(self), 'instant')}{when}"

    # --- conversion to other libraries ---
    def to_arrow(self) -> pa.Table:
        """Convert to an Arrow table.

        Returns
        -------
        pyarrow.Table
            A row for each direction, by time, then site, then satellite, or in the order of the
            list: `time`, `site`, `sat_id`, `object_name`, then `azimuth_deg`, `elevation_deg`,
            `range_km` and what else was computed, in degrees, km and seconds, as the names say. The
            unit and the frame are in the metadata of each field. A list has `index`, too.

        Notes
        -----
        Columns on a GPU are copied to the host.
        """
        return self._table().table()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export the rows of `to_arrow` as Arrow's C stream, a batch of a million at a time.

        Columns on a GPU are copied to the host, a batch at a time.
        """
        return self._table().stream(requested_schema)

    def to_pandas(self) -> "pandas.DataFrame":
        """Convert to a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            The rows and columns of `to_arrow`; `site` and `object_name` are categorical. `attrs`
            has the facts of `metadata`, and `units` and `frames` of the columns.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Notes
        -----
        Columns on a GPU are copied to the host.
        """
        return self._table().pandas()

    def to_xarray(self) -> "xarray.Dataset":
        """Convert to an xarray Dataset.

        Returns
        -------
        xarray.Dataset
            The columns of `to_arrow` with the dimensions `time`, `site` and `sat_id`, or
            `direction` for a list; `object_name` is a coordinate. Attributes follow the CF
            conventions (`units`, `long_name`), and `frame` is one, too.

        Raises
        ------
        ImportError
            If xarray is not installed.

        Notes
        -----
        Columns on a GPU are copied to the host.
        """
        return self._table().xarray()

    def _table(self) -> BlockTable:
        labels = np.array([site.label for site in self.sites], object)
        listed, site_index = self.site_index is not None, self.site_index
        sites, satellites = (0, 0) if listed else (1, 2)
        names = self.name if self.name is not None else np.full(len(self.sat_id), "", object)
        axes = [
            Label(TIME, self.times.ns),
            Label(SITE, labels if site_index is None else labels[site_index], sites),
            Label(SAT_ID, self.sat_id, satellites),
            Label(OBJECT_NAME, names, satellites),
        ]
        if self.index is not None:
            axes.append(Label(INDEX, self.index))
        columns = [
            Column(_field(name), values, COLUMNS[name][-1]) for name, values in self.columns.items()
        ]
        dimensions = ("direction",) if listed else ("time", "site", "sat_id")
        return BlockTable(axes, columns, dimensions, self.metadata, MEANINGS)


TIME = pa.field("time", UTC, nullable=False, metadata={"unit": "UTC"})
SITE = pa.field("site", NAMES, nullable=False)
SAT_ID = pa.field("sat_id", pa.int32(), nullable=False)
INDEX = pa.field("index", pa.int64(), nullable=False)
MEANINGS: dict[str, dict[str, object]] = {
    name: {"long_name": text}
    for name, text in {
        **{name: LONG_NAMES[name] for name in ("time", "sat_id", "object_name")},
        "site": "name of the site",
        "index": "position in the element sets, or number of the row",
        **{name: meaning for name, _, _, meaning, _ in COLUMNS.values()},
    }.items()
}


def _field(name: str) -> pa.Field:
    column, unit, frame, _, _ = COLUMNS[name]
    facts = {"unit": unit} | ({"frame": frame} if frame else {})
    return pa.field(column, pa.float64(), nullable=False, metadata=facts)


def facts_of(
    states: Mapping[str, Any],
    earth_orientation: str,
    sites: tuple[Site, ...],
    min_elevation_deg: float | None,
) -> dict[str, object]:
    """Return the metadata of look angles, from those of states."""
    kept = (
        "version",
        "model",
        "time_scale",
        "gravity",
        "opsmode",
        "precision",
        "elements",
        "notes",
    )
    places = [
        {
            "name": site.label,
            "lat": site.latitude_deg,
            "lon": site.longitude_deg,
            "height_km": site.height_km,
        }
        for site in sites
    ]
    facts: dict[str, object] = {name: states[name] for name in kept if name in states}
    facts |= {"earth_orientation": earth_orientation, "sites": places}
    return facts | (
        {} if min_elevation_deg is None else {"min_elevation_deg": float(min_elevation_deg)}
    )
