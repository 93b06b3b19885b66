"""States of satellites at instants, and their columns: names, units, frames, codes."""

import json
from dataclasses import dataclass
from typing import cast, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .frames import EarthOrientation, earth_orientation
from .literals import Frame
from .time.times import Times
from .typing import Array, Columns

FRAMES: tuple[Frame, ...] = get_args(Frame)
POSITION, VELOCITY, GEODETIC = ("x", "y", "z"), ("vx", "vy", "vz"), ("lat", "lon", "height")
STATUS = {
    0: "good",
    1: "mean eccentricity outside [-0.001, 1): no position",
    2: "mean motion is not positive: no position",
    3: "eccentricity with lunar-solar periodics outside [0, 1]: no position",
    4: "semi-latus rectum is negative: no position",
    5: "not used (SGP4's code for sub-orbital epoch elements)",
    6: "the satellite has decayed: it is below the Earth's surface",
    10: "SGP4 reports no error, but distance or speed is impossible for the element set",
}
SUNLIT = {
    0: "in the Earth's umbra",
    1: "in its penumbra",
    2: "sunlit",
    255: "not known: no position",
}


def position_names(frame: str) -> tuple[str, ...]:
    """Return the columns of a position: x y z, or lat lon height in the frame `geodetic`.

    ValueError for an unknown frame.
    """
    if frame not in FRAMES:
        raise ValueError(
            f"frame {frame!r} is not known: use {', '.join(FRAMES[:-1])} or {FRAMES[-1]}"
        )
    return GEODETIC if frame == "geodetic" else POSITION


@dataclass(frozen=True, eq=False)
class States:
    """States of n_sats satellites at n_times instants.

    Each column is an attribute, too, (n_times, n_sats). Positions and velocities are NaN for status
    1 to 4.

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
    """

    times: Times
    sat_id: npt.NDArray[np.int32]
    frame: Frame
    columns: Columns
    eop: EarthOrientation | None = None
    index: npt.NDArray[np.int64] | None = None

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

    def __len__(self) -> int:
        return len(self.times)


def column_names(velocity: bool, sunlit: bool) -> tuple[str, ...]:
    """Return the columns that engines compute in any frame; x y z are renamed later."""
    return (*POSITION, *(VELOCITY if velocity else ()), "status", *(("sunlit",) if sunlit else ()))


UNITS = {
    "lat": "deg",
    "lon": "deg",
    **dict.fromkeys(("x", "y", "z", "height"), "km"),
    **dict.fromkeys(VELOCITY, "km/s"),
}


def position_unit(frame: str) -> str:
    """Return the units of the three columns of a position."""
    return "deg, deg, km" if frame == "geodetic" else "km"


def state_columns(frame: str, dtype: str, velocity: bool, sunlit: bool) -> list[pa.Field]:
    """Describe the columns of a part. Velocities of geodetic positions are along ITRS axes."""
    real = pa.float64() if dtype == "float64" else pa.float32()
    frames = dict.fromkeys(position_names(frame), frame)
    if velocity:
        frames |= dict.fromkeys(VELOCITY, "itrs" if frame == "geodetic" else frame)
    columns = [
        pa.field("time", pa.timestamp("ns", "UTC"), nullable=False, metadata={"unit": "UTC"}),
        pa.field("sat_id", pa.int32(), nullable=False),
        *(
            pa.field(name, real, nullable=False, metadata={"unit": UNITS[name], "frame": of})
            for name, of in frames.items()
        ),
        pa.field("status", pa.uint8(), nullable=False, metadata={"codes": json.dumps(STATUS)}),
    ]
    if sunlit:
        columns.append(
            pa.field("sunlit", pa.uint8(), nullable=False, metadata={"codes": json.dumps(SUNLIT)})
        )
    return columns
