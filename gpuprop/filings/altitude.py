"""From an altitude to the mean motion that SGP4 needs to fly at that altitude."""

import math

from ..elements.altitudes import brouwer_mean_motion
from ..elements.fields import REV_PER_DAY
from ..sgp4.gravity import Gravity


def mean_motion_at(
    altitude_km: float, inclination_deg: float, gravity: Gravity, eccentricity: float = 0.0
) -> float:
    """Return the mean motion of the element set whose SGP4 orbit has an altitude.

    Parameters
    ----------
    altitude_km : float
        Mean radius of the orbit minus `gravity.radius`, km. With an eccentricity: half way between
        perigee and apogee.
    inclination_deg : float
        Inclination, deg.
    gravity : Gravity
        Gravity model with which the set will be propagated.
    eccentricity : float
        Mean eccentricity.

    Returns
    -------
    float
        Kozai's mean motion, rev/day.

    Notes
    -----
    Averaged over a revolution, SGP4's radius (AIAA 2006-6753, short-period periodics) is

        a (1 + e'^2 / 2) (1 - 1.5 temp2 betal con41)

    where e' = J3 sin i / (2 J2 a) is the long-period term, which SGP4 adds to e = 0. So Kepler's
    law alone, a = radius + altitude, is wrong by up to 3.3 km from 200 to 2,000 km (1.7 km near the
    poles). This function solves for Brouwer's semi-major axis `a`, then for the Kozai mean motion
    that initl turns into it. Both iterations are contractions by about J2 and run until the values
    no longer change.

    The mean radius is then right to 2 cm in near-Earth orbits from 340 km up. In deep space (225
    min and more) SGP4 adds lunar-solar and resonance terms, which are not compensated: 2 m over ten
    revolutions at 8,000 and 20,200 km, but 0.11 km at geostationary altitude, where the resonance
    moves the radius by kilometres over a year.

    With an eccentricity e, the mean radius is larger by the e^2 / 2 of an ellipse. The function
    adds e and e' as if at right angles and neglects products of e and J2. So the mean radius is
    wrong by up to 5 m at e = 0.0004 (2 m for the ellipses on record), 0.25 km at e = 0.02 and 3.7
    km at e = 0.3 (tests/docs/test_figures.py).
    """
    radius = 1.0 + altitude_km / gravity.radius  # Earth radii, as are all lengths here
    cosio = math.cos(math.radians(inclination_deg))
    con41 = 3.0 * cosio * cosio - 1.0
    ellipse = 1.0 + 0.5 * eccentricity * eccentricity
    ao = radius
    for _ in range(20):
        e2 = eccentricity * eccentricity + 0.25 * gravity.j3oj2**2 * (1.0 - cosio * cosio) / (
            ao * ao
        )
        temp2 = 0.5 * gravity.j2 / (ao * (1.0 - e2)) ** 2
        ao = (
            radius
            * ellipse
            / ((1.0 + 0.5 * e2) * (1.0 - 1.5 * temp2 * math.sqrt(1.0 - e2) * con41))
        )
    no_unkozai = gravity.xke / (ao * math.sqrt(ao))
    no_kozai = no_unkozai
    for _ in range(20):
        brouwer = brouwer_mean_motion(no_kozai, con41, gravity, eccentricity)
        no_kozai *= no_unkozai / float(brouwer)
    return no_kozai * REV_PER_DAY
