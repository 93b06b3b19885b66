"""States of satellites at instants: blocks and pairs, and what other libraries make of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .block_tables import BlockTable, Column, Label, typed
from .columns import (
    CF,
    FRAMES,
    GEODETIC,
    OBJECT_NAME,
    POSITION,
    STATUS,
    SUNLIT,
    UNITS,
    VELOCITY,
    column_names,
    position_names,
    position_unit,
    state_columns,
)
from .elements.sets import Elements
from .frames import EarthOrientation, earth_orientation
from .literals import Frame, Precision
from .messages import counted
from .notebook import MOST_ROWS, page
from .sgp4.mixed import precision_facts
from .sgp4.model import Model
from .time.instants import format_ns
from .time.times import Times
from .typing import Array, Columns
from .version import __version__

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = [
    "FRAMES",
    "GEODETIC",
    "POSITION",
    "STATUS",
    "SUNLIT",
    "UNITS",
    "VELOCITY",
    "States",
    "column_names",
    "position_names",
    "position_unit",
    "state_columns",
]


@dataclass(frozen=True, eq=False, repr=False)
class States:
    """States of n_sats satellites at n_times instants.

    Each column is an attribute, too, (n_times, n_sats). Positions and velocities are NaN for status
    1 to 4. Libraries that take Arrow data take States: `polars.DataFrame(states)`.

    Parameters
    ----------
    times : Times
        The n_times instants.
    sat_id : (n_sats,) int32
        Catalogue numbers.
    frame : {"teme", "pef", "itrs", "gcrs", "geodetic"}
        Frame of positions and velocities. In `geodetic`, velocities are along the axes of ITRS.
    columns : dict of str to (n_times, n_sats) array
        Columns by name: x, y, z (km), or lat, lon (deg) and height (km) in the frame `geodetic`;
        vx, vy, vz (km/s) if they were computed; status; sunlit if it was computed. float64, status
        and sunlit uint8.
    eop : EarthOrientation, optional
        Earth orientation that the states were computed with; None for the packaged tables.
    index : (n,) int64, optional
        States of pairs only (`Propagator.pair_states`): the satellite of each pair, as its position
        in the element sets. Then times, sat_id and columns are (n,), too.
    elements : Elements, optional
        The element sets of the states, from which `name` comes.
    model : Model, optional
        The gravity model, mode and precision of SGP4, for the metadata of tables.
    """

    times: Times
    sat_id: npt.NDArray[np.int32]
    frame: Frame
    columns: Columns
    eop: EarthOrientation | None = None
    index: npt.NDArray[np.int64] | None = None
    elements: Elements | None = None
    model: Model | None = None

    def _column(self, name: str) -> Array:
        if name in self.columns:
            return cast(Array, self.columns[name])
        raise AttributeError(
            f"these states, in the frame {self.frame}, have no {name} but {', '.join(self.columns)}"
        )

    @property
    def x(self) -> Array:
        """Position, x, km."""
        return self._column("x")

    @property
    def y(self) -> Array:
        """Position, y, km."""
        return self._column("y")

    @property
    def z(self) -> Array:
        """Position, z, km."""
        return self._column("z")

    @property
    def lat(self) -> Array:
        """Geodetic latitude on WGS-84, deg, north positive."""
        return self._column("lat")

    @property
    def lon(self) -> Array:
        """Longitude, deg in [-180, 180), east positive."""
        return self._column("lon")

    @property
    def height(self) -> Array:
        """Height above the WGS-84 ellipsoid, km."""
        return self._column("height")

    @property
    def vx(self) -> Array | None:
        """Velocity relative to the axes of the frame, x, km/s; None if it was not computed."""
        return self._column("vx") if "vx" in self.columns else None

    @property
    def vy(self) -> Array | None:
        """Velocity relative to the axes of the frame, y, km/s; None if it was not computed."""
        return self._column("vy") if "vy" in self.columns else None

    @property
    def vz(self) -> Array | None:
        """Velocity relative to the axes of the frame, z, km/s; None if it was not computed."""
        return self._column("vz") if "vz" in self.columns else None

    @property
    def status(self) -> npt.NDArray[np.uint8]:
        """Status, a code of gpuprop.STATUS; 0 is good."""
        return cast("npt.NDArray[np.uint8]", self.columns["status"])

    @property
    def sunlit(self) -> npt.NDArray[np.uint8]:
        """Sunlight: 0 in the umbra, 1 in the penumbra, 2 in sunlight, 255 no position."""
        return cast("npt.NDArray[np.uint8]", self._column("sunlit"))

    @property
    def earth_orientation(self) -> str | None:
        """Source of the Earth orientation, and whether it is predicted; None in the frame teme."""
        return (
            None if self.frame == "teme" else earth_orientation(self.eop).described(self.times.ns)
        )

    @property
    def position(self) -> Array:
        """Positions, (n_times, n_sats, 3) km, a copy; ValueError in the frame `geodetic`."""
        if self.frame == "geodetic":
            raise ValueError(
                "geodetic states have lat, lon and height: use the frame itrs to get "
                "Earth-fixed positions"
            )
        return np.stack([self._column(name) for name in POSITION], axis=-1)

    @property
    def velocity(self) -> Array:
        """Velocities, (n_times, n_sats, 3) km/s, a copy; ValueError if they were not computed."""
        if "vx" not in self.columns:
            raise ValueError("velocities were not computed: give velocity=True")
        return np.stack([self._column(name) for name in VELOCITY], axis=-1)

    @property
    def name(self) -> npt.NDArray[np.object_]:
        """Names of the satellites, (n_sats,) str, or (n,) of pairs; empty if they are not known."""
        if self.elements is None:
            return np.full(len(self.sat_id), "", object)
        names = self.elements.name
        return names if self.index is None else names.take(self.index)

    @property
    def precision(self) -> Precision | None:
        """The precision of the states, exact or mixed; None if the model is not known."""
        return None if self.model is None else self.model.precision

    @property
    def metadata(self) -> dict[str, object]:
        """Facts about the states: frame, units, time scale, model, counts, as files have them."""
        model, notes = self.model, () if self.elements is None else self.elements.notes
        return {
            "version": __version__,
            "model": "SGP4",
            "frame": self.frame,
            "time_scale": "UTC",
            "earth_orientation": self.earth_orientation if len(self) else None,
            "gravity": None if model is None else model.gravity.name,
            "opsmode": None if model is None else model.opsmode,
            **({} if model is None else precision_facts(model)),
            "units": {"position": position_unit(self.frame)}
            | ({"velocity": "km/s"} if "vx" in self.columns else {}),
            **({"notes": list(notes)} if notes else {}),
        }

    def __len__(self) -> int:
        return len(self.times)

    # --- how they show themselves ---
    def __dir__(self) -> list[str]:
        """List what there is: columns that were not computed are left out."""
        absent = set((*POSITION, *GEODETIC, *VELOCITY, "sunlit")) - set(self.columns)
        return sorted(set(super().__dir__()) - absent)

    def __repr__(self) -> str:
        return f"<States: {self._title()}; {' '.join(self.columns)}{self._lost()}>"

    def _repr_html_(self) -> str:
        units = [f"{name} ({UNITS[name]})" if name in UNITS else name for name in self.columns]
        facts = {"columns": ", ".join(units), "instants": repr(self.times)[1:-1]}
        if lost := self._lost():
            facts["status"] = lost.removeprefix("; ")
        title = f"States: {self._title()}"
        if not (self._is_on_host and len(self) and len(self.sat_id)):
            return page(title, facts)
        shown = self if self.index is not None else self._first_instant()
        rows = list(
            zip(
                shown.sat_id[:MOST_ROWS],
                shown.name[:MOST_ROWS],
                *(shown.columns[name][:MOST_ROWS] for name in self.columns),
                strict=True,
            )
        )
        caption = (
            "first pairs" if self.index is not None else f"at {format_ns(self.times.start_ns)}"
        )
        return page(title, facts, ("sat_id", "object_name", *self.columns), rows, caption)

    def _title(self) -> str:
        first, last = (
            (format_ns(int(edge)) for edge in (self.times.edges[0], self.times.edges[-1]))
            if len(self)
            else ("", "")
        )
        span = f", {first}" + (f" to {last}" if last != first else "") if len(self) else ""
        if self.index is not None:
            return f"{counted(len(self), 'pair')} of satellite and instant, {self.frame}{span}"
        satellites = counted(len(self.sat_id), "satellite")
        return f"{satellites} at {counted(len(self), 'instant')}, {self.frame}{span}"

    def _lost(self) -> str:
        """Count the states that are not good, if that needs no copy from a GPU."""
        if not self._is_on_host:
            return "; on a GPU"
        lost = int(np.count_nonzero(self.columns["status"])) if "status" in self.columns else 0
        return f"; status of {lost:,} not good" if lost else ""

    @property
    def _is_on_host(self) -> bool:
        return all(isinstance(column, np.ndarray) for column in self.columns.values())

    def _first_instant(self) -> "States":
        """Take the states at the first instant, as pairs."""
        first = {name: column[0] for name, column in self.columns.items()}
        index = np.arange(len(self.sat_id))
        return States(
            self.times[:1], self.sat_id, self.frame, first, index=index, elements=self.elements
        )

    # --- conversion to other libraries ---
    def to_arrow(self) -> pa.Table:
        """Convert to an Arrow table.

        Returns
        -------
        pyarrow.Table
            A row for each satellite and instant, by time, then in the order of the satellites:
            `time`, `sat_id`, `object_name` (a dictionary), then the columns. Pairs have a row each,
            in their order, and `index`, too. Units and frame are in the metadata of each field, the
            other facts (`metadata`) under the key `gpuprop` of the schema, so that
            `gpuprop.convert` takes the table.

        Notes
        -----
        Columns in float64 are shared with the states, not copied. Columns on a GPU are copied to
        the host.
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
            The rows and columns of `to_arrow`; `object_name` is categorical. `attrs` has the facts
            of `metadata`, and `units` and `frames` of the columns.

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
            The columns with the dimensions `time` and `sat_id`, or `pair` for pairs; `object_name`
            is a coordinate. Attributes follow the CF conventions (`units`, `long_name`,
            `standard_name`, `flag_values`, `flag_meanings`); `frame` is one, too. Those of the
            dataset are the facts of `metadata`.

        Raises
        ------
        ImportError
            If xarray is not installed.

        Notes
        -----
        The columns are shared with the states, not copied. Columns on a GPU are copied to the host.
        """
        return self._table().xarray()

    def _table(self) -> BlockTable:
        if not all(name in self.columns for name in position_names(self.frame)):
            raise ValueError(
                f"these states, in the frame {self.frame}, have no position but "
                f"{', '.join(self.columns)}"
            )
        fields = {
            each.name: each
            for each in state_columns(self.frame, "float64", True, "sunlit" in self.columns)
        }
        satellites = 0 if self.index is not None else 1
        labels = [
            Label(fields["time"], self.times.ns),
            Label(fields["sat_id"], self.sat_id, satellites),
            Label(OBJECT_NAME, self.name, satellites),
        ]
        if self.index is not None:
            labels.append(Label(pa.field("index", pa.int64(), nullable=False), self.index))
        return BlockTable(
            labels,
            [Column(typed(fields[name], values), values) for name, values in self.columns.items()],
            ("pair",) if self.index is not None else ("time", "sat_id"),
            self.metadata,
            CF,
        )
