"""States of satellites at instants, and the columns that they have: names, units, frames, codes."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .frames import EarthOrientation, earth_orientation
from .time.times import Times
from .typing import Array, Columns

FRAMES = ("teme", "pef", "itrs", "gcrs", "geodetic")
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
    """The columns of a position: x y z, or lat lon height in the frame `geodetic`. ValueError for a
    frame that is not known.
    """
    if frame not in FRAMES:
        raise ValueError(
            f"frame {frame!r} is not known: use {', '.join(FRAMES[:-1])} or {FRAMES[-1]}"
        )
    return GEODETIC if frame == "geodetic" else POSITION


@dataclass(frozen=True, eq=False)
class States:
    """States of n_sats satellites at n_times instants in `frame`, as columns (n_times, n_sats).

    columns: `x y z` (km), or `lat lon` (WGS-84, deg, longitude in [-180, 180)) and `height` (km) in
    the frame `geodetic`; `vx vy vz` (km/s) where velocity was asked for, relative to the axes of
    the frame (those of ITRS for `geodetic`); `status` as in gpuprop.STATUS; `sunlit` where it was
    asked for (0 umbra, 1 penumbra, 2 sunlit, 255 no position). float64, status and sunlit uint8.
    Each is an attribute too. Positions and velocities are NaN for status 1 to 4.
    """

    times: Times
    sat_id: npt.NDArray[np.int32]  # (n_sats,)
    frame: str
    columns: Columns
    eop: EarthOrientation | None = None  # what turns the Earth for them; None: the packaged tables
    # of pairs, whose columns are (n,): the satellite of each, a position in the element sets (n,)
    index: npt.NDArray[np.int64] | None = None

    def __getattr__(self, name: str) -> Any:
        columns = self.__dict__.get("columns", {})
        if name in columns:
            return columns[name]
        if name in VELOCITY:
            return None  # not asked for
        if name in (*POSITION, *GEODETIC, "sunlit"):
            raise AttributeError(
                f"these states, in the frame {self.frame}, have no {name} but {', '.join(columns)}"
            )
        raise AttributeError(f"States has no attribute {name!r}")

    @property
    def earth_orientation(self) -> str | None:
        """Where the Earth orientation in these states comes from, and whether it is predicted; None
        in teme, where there is none.
        """
        return (
            None if self.frame == "teme" else earth_orientation(self.eop).described(self.times.ns)
        )

    @property
    def position(self) -> Array:
        """(n_times, n_sats, 3) km, a copy; ValueError in the frame `geodetic`."""
        if self.frame == "geodetic":
            raise ValueError(
                "geodetic states have lat, lon and height: ask for the frame itrs to have "
                "Earth-fixed positions"
            )
        return np.stack([self.columns[name] for name in POSITION], axis=-1)

    @property
    def velocity(self) -> Array:
        """(n_times, n_sats, 3) km/s, a copy; ValueError where it was not computed."""
        if "vx" not in self.columns:
            raise ValueError("velocity was not computed: ask for velocity=True")
        return np.stack([self.columns[name] for name in VELOCITY], axis=-1)

    def __len__(self) -> int:
        return len(self.times)


def column_names(velocity: bool, sunlit: bool) -> tuple[str, ...]:
    """The columns that the engines compute."""
    return (*POSITION, *(VELOCITY if velocity else ()), "status", *(("sunlit",) if sunlit else ()))


UNITS = {
    "lat": "deg",
    "lon": "deg",
    **dict.fromkeys(("x", "y", "z", "height"), "km"),
    **dict.fromkeys(VELOCITY, "km/s"),
}


def position_unit(frame: str) -> str:
    """Of the three columns of a position."""
    return "deg, deg, km" if frame == "geodetic" else "km"


def state_columns(frame: str, dtype: str, velocity: bool, sunlit: bool) -> list[pa.Field]:
    """The columns of a part. Velocities of geodetic positions are along the axes of ITRS."""
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
