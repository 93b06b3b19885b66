"""The mean number of satellites in view by latitude, from a formula.

docs/methods/coverage.md derives it.

Satellites of a shell are at equal distances in time on circular orbits with SGP4's short-period
terms of J2, and the nodes anywhere. The Earth is the ellipsoid of WGS-84.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gpuprop.sgp4.frames import WGS84_A, WGS84_E2
from gpuprop.sgp4.gravity import GRAVITY

WGS72 = GRAVITY["wgs72"]


class Shell(NamedTuple):
    """Satellites at one altitude (above the equatorial radius of WGS-72) and inclination."""

    altitude_km: float
    inclination_deg: float
    satellites: int


STARLINK_GEN1 = (
    Shell(550.0, 53.0, 1584),
    Shell(540.0, 53.2, 1584),
    Shell(570.0, 70.0, 720),
    Shell(560.0, 97.6, 520),
)


def visible_mean(
    shells: tuple[Shell, ...], lat_deg: npt.ArrayLike, least_deg: float, points: int = 2001
) -> npt.NDArray[np.float64]:
    """Compute the mean number of satellites above `least_deg` at geodetic latitudes (n,), deg.

    points: on each orbit.
    """
    latitudes = np.asarray(lat_deg, np.float64)
    return np.array(
        [
            sum(each.satellites * _share(each, lat, least_deg, points) for each in shells)
            for lat in latitudes
        ]
    )


def _share(shell: Shell, lat_deg: float, least_deg: float, points: int) -> float:
    """Compute the share of the time that one satellite is in view."""
    mean = WGS72.radius + shell.altitude_km
    i = np.radians(shell.inclination_deg)
    u = (np.arange(points) + 0.5) * (2.0 * np.pi / points)
    # Short-period terms of J2 for e = 0 (Spacetrack Report 3; AIAA 2006-6753, "short period
    # periodics"); p: semi-latus rectum in Earth radii
    p = mean / WGS72.radius
    first, second = 0.5 * WGS72.j2 / p, 0.5 * WGS72.j2 / p**2
    r = mean + WGS72.radius * 0.5 * first * np.sin(i) ** 2 * np.cos(2.0 * u)
    inclination = i + 1.5 * second * np.cos(i) * np.sin(i) * np.cos(2.0 * u)
    u = u - 0.25 * second * (7.0 * np.cos(i) ** 2 - 1.0) * np.sin(2.0 * u)
    z = r * np.sin(inclination) * np.sin(u)
    rxy = np.sqrt(r * r - z * z)

    sin, cos, s = (
        np.sin(np.radians(lat_deg)),
        np.cos(np.radians(lat_deg)),
        np.sin(np.radians(least_deg)),
    )
    prime = WGS84_A / np.sqrt(1.0 - WGS84_E2 * sin * sin)
    place_xy, place_z = prime * cos, prime * (1.0 - WGS84_E2) * sin
    big_p, big_q = rxy * cos, z * sin - (place_xy * cos + place_z * sin)
    big_u = r * r + place_xy**2 + place_z**2 - 2.0 * place_z * z
    big_v = 2.0 * place_xy * rxy

    def in_view(c: float) -> npt.NDArray[np.bool_]:
        up = big_p * c + big_q
        return np.asarray((up >= 0.0) & (up * up >= s * s * (big_u - big_v * c)), np.bool_)

    a, b = big_p**2, 2.0 * big_p * big_q + s * s * big_v
    root = np.sqrt(np.maximum(b * b - 4.0 * a * (big_q**2 - s * s * big_u), 0.0))
    half = np.arccos(np.clip((root - b) / (2.0 * a), -1.0, 1.0))
    half = np.where(in_view(1.0), np.where(in_view(-1.0), np.pi, half), 0.0)
    return float(half.mean() / np.pi)
