"""How high an element set flies: mean altitude, apogee and perigee of the orbit that SGP4 makes of
it.
"""

from typing import TypeVar

import numpy as np

from ..sgp4.gravity import Gravity
from ..typing import Array

ALTITUDE = (
    # what altitude means everywhere in gpuprop
    "mean radius of SGP4's orbit minus the Earth's equatorial radius (WGS-72: 6378.135 km)"
)


Reals = TypeVar("Reals", float, Array)


def kozai_over_brouwer(
    no_kozai: Reals, omeosq_power: Reals, con41: Reals, gravity: Gravity
) -> Reals:
    """Divide Kozai's mean motion by Brouwer's, for the same orbit.

    Parameters
    ----------
    no_kozai : float or (n,) array
        Kozai's mean motion, rad/min.
    omeosq_power : float or (n,) array
        (1 - e^2)^(3/2).
    con41 : float or (n,) array
        3 cos^2 i - 1.
    gravity : Gravity
        Gravity model.

    Notes
    -----
    Source: initl of AIAA 2006-6753. The engines have this step too, in the kernels and their twin
    (`sgp4.initialise`), with a cube root that gives the same bits everywhere. This one uses pow.
    """
    ak: Reals = (gravity.xke / no_kozai) ** (2.0 / 3.0)
    d1 = 0.75 * gravity.j2 * con41 / omeosq_power
    del_ = d1 / (ak * ak)
    adel = ak * (1.0 - del_ * del_ - del_ * (1.0 / 3.0 + 134.0 * del_ * del_ / 81.0))
    return 1.0 + d1 / (adel * adel)


def altitudes_km(
    mean_motion: Array, eccentricity: Array, inclination: Array, gravity: Gravity
) -> tuple[Array, Array, Array]:
    """Altitude (see ALTITUDE), apogee and perigee, each (n,) km above the equatorial radius; to the
    metre, NaN where there is no orbit.

    mean_motion: Kozai's, rev/day, and inclination, deg: as in the element set.

    This is the altitude of presets, conditions and surveys of what flies. Operators control the
    semi-major axis instead. That minus the equatorial radius is up to 5 km lower in polar low
    orbits, up to 3 km higher at 43 degrees, and the same at 54.

    The radius is that of SGP4's orbit averaged over the revolution, short-period terms included
    (AIAA 2006-6753): with Brouwer's semi-major axis `ao` (initl) it is

        a = ao (1 + e'^2 / 2) (1 - 1.5 temp2 betal con41)        e' = J3 sin i / (2 J2 ao (1 -
        e^2)): the long-period term

    and the apsides are a (1 + e) and a (1 - e). For a circular orbit this undoes
    gpuprop.filings.presets.mean_motion_at, so a shell filed at 550 km is at 550 km. From 200 to
    2,000 km, Kepler's law applied to the mean motion is off by up to 3.3 km (1.7 km near the
    poles), Brouwer's axis by up to 10 km (5.0 km near the poles).
    """
    with np.errstate(all="ignore"):
        no_kozai = np.where(mean_motion > 0.0, mean_motion, np.nan) * (2.0 * np.pi / 1440.0)
        cosio2 = np.cos(np.radians(inclination)) ** 2
        omeosq = 1.0 - eccentricity * eccentricity
        betal = np.sqrt(omeosq)
        con41 = 3.0 * cosio2 - 1.0
        ratio = kozai_over_brouwer(no_kozai, betal * omeosq, con41, gravity)
        ao = (gravity.xke / no_kozai * ratio) ** (2.0 / 3.0)
        e2 = 0.25 * gravity.j3oj2**2 * (1.0 - cosio2) / (ao * omeosq) ** 2
        temp2 = 0.5 * gravity.j2 / (ao * (omeosq - e2)) ** 2
        a = ao * (1.0 + 0.5 * e2) * (1.0 - 1.5 * temp2 * np.sqrt(1.0 - e2) * betal * con41)
        mean, apogee, perigee = (
            np.round((a * apsis - 1.0) * gravity.radius, 3)
            for apsis in (1.0, 1.0 + eccentricity, 1.0 - eccentricity)
        )
    return mean, apogee, perigee
