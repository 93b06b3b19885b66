"""Right ascension, declination and angular rates of satellites seen from sites.

They follow from look angles and states in numpy, with the sine and arctangent of gpuprop.sgp4.trig,
so that they are the same whatever the engine. No kernel needs them.
"""

import numpy as np

from ..sgp4.trig import TWO_PI, atan2, sincos
from ..typing import Array

RADEC = ("right_ascension", "declination")
RATES = ("azimuth_rate", "elevation_rate", "angular_rate")


def right_ascension_declination(
    azimuth: Array, elevation: Array, axes: Array, to_gcrs: Array
) -> tuple[Array, Array]:
    """Compute the direction from a site in the axes of GCRS.

    Parameters
    ----------
    azimuth, elevation : (...) float64
        Look angles, rad.
    axes : (..., 9) float64
        The unit vectors East, North and Up of the sites in ITRS.
    to_gcrs : (..., 9) float64
        The matrix from ITRS to GCRS, row by row.

    Returns
    -------
    right_ascension, declination : (...) float64
        Rad, right ascension in [0, 2 pi).

    Notes
    -----
    It is the direction from the site to the satellite at the same instant, in axes fixed to the
    stars: light time, aberration and refraction are left out, as in the look angles.
    """
    (sin_a, cos_a), (sin_e, cos_e) = sincos(azimuth), sincos(elevation)
    east, north = sin_a * cos_e, cos_a * cos_e
    fixed = [
        (axes[..., i] * east + axes[..., 3 + i] * north) + axes[..., 6 + i] * sin_e
        for i in range(3)
    ]
    x, y, z = (
        (to_gcrs[..., 3 * i] * fixed[0] + to_gcrs[..., 3 * i + 1] * fixed[1])
        + to_gcrs[..., 3 * i + 2] * fixed[2]
        for i in range(3)
    )
    right_ascension = atan2(y, x)
    right_ascension = np.where(right_ascension < 0.0, right_ascension + TWO_PI, right_ascension)
    right_ascension = np.where(right_ascension >= TWO_PI, 0.0, right_ascension)
    lost = azimuth != azimuth
    return (
        np.where(lost, np.nan, right_ascension),
        np.where(lost, np.nan, atan2(z, np.sqrt(x * x + y * y))),
    )


def angular_rates(
    place: Array, position: list[Array], velocity: list[Array]
) -> tuple[Array, Array, Array]:
    """Compute the rates of azimuth and elevation, and the angular speed.

    Parameters
    ----------
    place : (..., 12) float64
        The site, as gpuprop.frames.geodetic_site gives it.
    position, velocity : list of three (...) float64
        The satellite in ITRS, km and km/s.

    Returns
    -------
    azimuth_rate, elevation_rate, angular_rate : (...) float64
        Rad/s, relative to the ground. The angular rate is the speed of the direction across the
        sky: its square is elevation_rate^2 + (azimuth_rate cos elevation)^2. In the zenith the
        azimuth has no rate: it is NaN or infinite there, and the angular rate is not.
    """
    d = [position[i] - place[..., i] for i in range(3)]
    (east, north, up), (v_east, v_north, v_up) = (
        [
            (place[..., k] * vector[0] + place[..., k + 1] * vector[1])
            + place[..., k + 2] * vector[2]
            for k in (3, 6, 9)
        ]
        for vector in (d, velocity)
    )
    level2 = east * east + north * north
    level, range2 = np.sqrt(level2), level2 + up * up
    azimuth_rate = (north * v_east - east * v_north) / level2
    elevation_rate = (level2 * v_up - up * (east * v_east + north * v_north)) / (level * range2)
    across = [
        up * v_north - north * v_up,
        east * v_up - up * v_east,
        north * v_east - east * v_north,
    ]
    speed = np.sqrt((across[0] * across[0] + across[1] * across[1]) + across[2] * across[2])
    return azimuth_rate, elevation_rate, speed / range2
