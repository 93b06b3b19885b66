"""Altitude, apogee and perigee of the orbit that SGP4 makes of an element set."""

from typing import TypeVar

import numpy as np

from ..sgp4.gravity import Gravity
from ..typing import Array

T = TypeVar("T", float, Array)

# what altitude means everywhere in gpuprop
ALTITUDE = "mean radius of SGP4's orbit minus the Earth's equatorial radius (WGS-72: 6378.135 km)"


def brouwer_mean_motion(
    no_kozai: T, con41: T, gravity: Gravity, eccentricity: T | float = 0.0
) -> T:
    """Compute SGP4's mean motion (Brouwer's) from that of an element set (Kozai's), rad/min.

    con41 is 3 cos^2 i - 1. Numbers or arrays. Source: AIAA 2006-6753, initl.
    """
    ak: T = (gravity.xke / no_kozai) ** (2.0 / 3.0)
    betao2 = 1.0 - eccentricity * eccentricity
    betao: T = np.sqrt(betao2)
    d1 = 0.75 * gravity.j2 * con41 / (betao * betao2)
    delta = d1 / (ak * ak)
    adel = ak * (1.0 - delta * delta - delta * (1.0 / 3.0 + 134.0 * delta * delta / 81.0))
    return no_kozai / (1.0 + d1 / (adel * adel))


def altitudes_km(
    mean_motion: Array, eccentricity: Array, inclination: Array, gravity: Gravity
) -> tuple[Array, Array, Array]:
    """Compute altitude, apogee and perigee from element sets.

    Parameters
    ----------
    mean_motion : (n,) float64
        Kozai's mean motion, rev/day, as in the element set.
    eccentricity : (n,) float64
        Eccentricity.
    inclination : (n,) float64
        Inclination, deg.
    gravity : Gravity
        Gravity model of SGP4.

    Returns
    -------
    altitude, apogee, perigee : (n,) float64
        km above the equatorial radius, rounded to the metre; NaN where there is no orbit.

    Notes
    -----
    Presets, conditions and surveys of satellites in orbit use this altitude. Operators control the
    semi-major axis instead. That minus the equatorial radius is up to 5 km lower in polar low
    orbits, up to 3 km higher at 43 degrees, and the same at 54.

    The radius is that of SGP4's orbit averaged over the revolution, short-period terms included
    (AIAA 2006-6753). With Brouwer's semi-major axis `ao` (initl) and the long-period term e' it
    is::

        a = ao (1 + e'^2 / 2) (1 - 1.5 temp2 betal con41)
        e' = J3 sin i / (2 J2 ao (1 - e^2))

    and the apsides are a (1 + e) and a (1 - e). For a circular orbit this is the inverse of
    gpuprop.filings.presets.mean_motion_at, so a shell filed at 550 km is at 550 km. From 200 to
    2,000 km, Kepler's law applied to the mean motion is off by up to 3.3 km (1.7 km near the
    poles), Brouwer's axis by up to 10 km (5.0 km near the poles).
    """
    with np.errstate(all="ignore"):
        no_kozai = np.where(mean_motion > 0.0, mean_motion, np.nan) * (2.0 * np.pi / 1440.0)
        cosio2 = np.cos(np.radians(inclination)) ** 2
        con41 = 3.0 * cosio2 - 1.0
        omeosq = 1.0 - eccentricity * eccentricity
        betal = np.sqrt(omeosq)
        no_unkozai = brouwer_mean_motion(no_kozai, con41, gravity, eccentricity)
        ao = (gravity.xke / no_unkozai) ** (2.0 / 3.0)
        e2 = 0.25 * gravity.j3oj2**2 * (1.0 - cosio2) / (ao * omeosq) ** 2
        temp2 = 0.5 * gravity.j2 / (ao * (omeosq - e2)) ** 2
        a = ao * (1.0 + 0.5 * e2) * (1.0 - 1.5 * temp2 * np.sqrt(1.0 - e2) * betal * con41)
        mean, apogee, perigee = (
            np.round((a * apsis - 1.0) * gravity.radius, 3)
            for apsis in (1.0, 1.0 + eccentricity, 1.0 - eccentricity)
        )
    return mean, apogee, perigee
