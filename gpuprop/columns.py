"""The columns of states: names, types, units, frames and codes."""

import json
from typing import get_args

import pyarrow as pa

from .block_tables import NAMES
from .literals import Frame, TimestampUnit

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


def column_names(velocity: bool, sunlit: bool) -> tuple[str, ...]:
    """Return the columns that engines compute in any frame; x y z are renamed later."""
    return (*POSITION, *(VELOCITY if velocity else ()), "status", *(("sunlit",) if sunlit else ()))


UNITS = {
    "lat": "deg",
    "lon": "deg",
    **dict.fromkeys(("x", "y", "z", "height"), "km"),
    **dict.fromkeys(VELOCITY, "km/s"),
}
OBJECT_NAME = pa.field("object_name", NAMES, nullable=False)
LONG_NAMES = {
    "time": "instant, UTC",
    "sat_id": "catalogue number",
    "object_name": "name of the satellite",
    "index": "position in the element sets",
    **{name: f"position, {name}" for name in POSITION},
    **{name: f"velocity, {name[1]}" for name in VELOCITY},
    "lat": "geodetic latitude on WGS-84",
    "lon": "longitude",
    "height": "height above the WGS-84 ellipsoid",
    "status": "status of the state",
    "sunlit": "sunlight at the satellite",
}
# Attributes of the CF conventions, https://cfconventions.org
CF: dict[str, dict[str, object]] = {name: {"long_name": text} for name, text in LONG_NAMES.items()}
CF["time"]["standard_name"] = "time"
CF["lat"] |= {"standard_name": "latitude", "units": "degrees_north"}
CF["lon"] |= {"standard_name": "longitude", "units": "degrees_east"}
CF["height"] |= {"standard_name": "height_above_reference_ellipsoid"}


def position_unit(frame: str) -> str:
    """Return the units of the three columns of a position."""
    return "deg, deg, km" if frame == "geodetic" else "km"


def state_columns(
    frame: str, dtype: str, velocity: bool, sunlit: bool, timestamp_unit: TimestampUnit = "ns"
) -> list[pa.Field]:
    """Describe the columns of a part. Velocities of geodetic positions are along ITRS axes."""
    real = pa.float64() if dtype == "float64" else pa.float32()
    frames = dict.fromkeys(position_names(frame), frame)
    if velocity:
        frames |= dict.fromkeys(VELOCITY, "itrs" if frame == "geodetic" else frame)
    columns = [
        pa.field(
            "time", pa.timestamp(timestamp_unit, "UTC"), nullable=False, metadata={"unit": "UTC"}
        ),
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
