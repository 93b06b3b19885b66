"""Gravity models of SGP4: WGS-72old, WGS-72 and WGS-84.

Source: AIAA 2006-6753 (Vallado, Crawford, Hujsak, Kelso), table 1 and function getgravconst.
Derived quantities are computed, not copied.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Gravity:
    """One gravity model. Canonical units: Earth radii, minutes."""

    name: str
    mu: float  # km^3 / s^2
    radius: float  # Earth's equatorial radius, km
    xke: float  # sqrt(mu) in Earth radii^1.5 / minute
    j2: float
    j3: float
    j4: float

    @property
    def j3oj2(self) -> float:
        """J3 / J2."""
        return self.j3 / self.j2

    @property
    def vkmpersec(self) -> float:
        """km/s in one canonical unit of speed (Earth radii per 1/xke minutes)."""
        return self.radius * self.xke / 60.0


def _xke(mu: float, radius: float) -> float:
    return 60.0 / math.sqrt(radius * radius * radius / mu)


# WGS-72old is the model of the 1980 report, which prints XKE with ten digits: here it is data, not
# derived.
GRAVITY = {
    "wgs72old": Gravity(
        "wgs72old",
        398600.79964,
        6378.135,
        0.0743669161,
        0.001082616,
        -0.00000253881,
        -0.00000165597,
    ),
    "wgs72": Gravity(
        "wgs72",
        398600.8,
        6378.135,
        _xke(398600.8, 6378.135),
        0.001082616,
        -0.00000253881,
        -0.00000165597,
    ),
    "wgs84": Gravity(
        "wgs84",
        398600.5,
        6378.137,
        _xke(398600.5, 6378.137),
        0.00108262998905,
        -0.00000253215306,
        -0.00000161098761,
    ),
}


def gravity_model(name: str) -> Gravity:
    """Return the model called `name`; ValueError with the known names otherwise."""
    try:
        return GRAVITY[name]
    except KeyError:
        raise ValueError(
            f"gravity {name!r} is not known: use one of {', '.join(GRAVITY)}"
        ) from None
