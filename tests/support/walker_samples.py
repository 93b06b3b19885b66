"""Shells of a Walker pattern, and python-sgp4's orbits of their satellites."""

import math

import numpy as np
import numpy.typing as npt
from sgp4.api import WGS72, WGS72OLD, WGS84, Satrec

from gpuprop.elements.sets import Elements
from gpuprop.filings.presets import Shell

WHICHCONST = {"wgs72old": WGS72OLD, "wgs72": WGS72, "wgs84": WGS84}


def satrec(sats: Elements, i: int, gravity: str) -> Satrec:
    """python-sgp4's object of one satellite, made from its element set alone."""
    days = (sats.epoch[i] - np.datetime64("1949-12-31T00:00:00", "ns")) / np.timedelta64(1, "D")
    one = Satrec()
    one.sgp4init(
        WHICHCONST[gravity],
        "i",
        1,
        days,
        sats.bstar[i],
        0.0,
        0.0,
        sats.eccentricity[i],
        sats.argp[i],
        sats.inclination[i],
        sats.mean_anomaly[i],
        sats.mean_motion[i],
        sats.raan[i],
    )
    return one


def mean_radius(one: Satrec, revolutions: int) -> float:
    """Mean distance from Earth's centre, km, over revolutions from node to node, which is what the
    short-period terms repeat with.
    """
    minutes = np.arange(360 * revolutions) * (2.0 * math.pi / (one.mdot + one.argpdot) / 360)
    error, position, _ = one.sgp4_array(
        np.full(minutes.shape, one.jdsatepoch), one.jdsatepochF + minutes / 1440.0
    )
    assert not error.any()
    return float(np.linalg.norm(position, axis=1).mean())


def wrapped(degrees: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Angles between -180 and 180."""
    return (np.asarray(degrees) + 180.0) % 360.0 - 180.0


def shell_of(**keys: object) -> Shell:
    """A shell at 1,000 km, with Walker's keys unless others are given."""
    pattern: dict[str, object] = {
        "id": "a",
        "altitude_km": 1000.0,
        "inclination_deg": 60.0,
        "planes": 6,
        "sats_per_plane": 4,
    }
    if not keys.keys() & {"raan_step_deg", "raan_deg"}:
        pattern["raan_spread_deg"] = 360.0
    if not keys.keys() & {"phase_step_deg", "phase_deg"}:
        pattern["phasing"] = 1
    return Shell(**(pattern | keys))  # type: ignore[arg-type]
