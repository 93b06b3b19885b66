"""SGP4: secular effects of gravity and drag on a near-Earth orbit.

Twin of kernels/near_earth.cuh. Source: AIAA 2006-6753, routine sgp4, first part.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..typing import Array, Mask
from .trig import LARGEST_ANGLE, absolute, cosine, lost_angle

SMALLEST_EM = 1.0e-6


class Mean(NamedTuple):
    """Mean orbit at an instant, with the lunar-solar periodics."""

    am: Array  # semi-major axis, er
    sqrt_am: Array
    em: Array  # eccentricity
    argpm: Array  # argument of perigee, rad
    nodem: Array  # node, rad
    mm: Array  # mean anomaly, rad
    status: npt.NDArray[np.uint8]


class Inclination(NamedTuple):
    """Functions of the inclination that the periodic terms use."""

    sini: Array
    cosi: Array
    con41: Array
    x1mth2: Array
    x7thm1: Array
    aycof: Array
    xlcof: Array


def near_earth(c: dict[str, Array], t: Array) -> tuple[Mean, Inclination]:
    """Compute the mean orbit at t minutes since epoch.

    If the perigee is below 220 km (isimp = 1), the constants of the full drag series are zero, so
    that the same formulas hold.
    """
    t2 = t * t
    xmdf = c["mo"] + c["mdot"] * t
    q = 1.0 + c["eta"] * cosine(xmdf)
    temp = c["omgcof"] * t + c["xmcof"] * (q * q * q - c["delmo"])
    mm = xmdf + temp
    sinmm = cosine(mm - 1.57079632679489661923)
    tempa = 1.0 - ((c["cc1"] * t + c["d2"] * t2) + t2 * (c["d3"] * t + c["d4"] * t2))
    tempe = c["bcc4"] * t + c["bcc5"] * (sinmm - c["sinmao"])
    templ = t2 * (c["t2cof"] + c["t3cof"] * t) + (t2 * t2) * (c["t4cof"] + t * c["t5cof"])
    em = c["ecco"] - tempe
    status = eccentricity_status(em)
    mean = Mean(
        am=c["ao"] * (tempa * tempa),
        sqrt_am=c["sqrt_ao"] * absolute(tempa),
        em=np.where(em < SMALLEST_EM, SMALLEST_EM, em),
        argpm=(c["argpo"] + c["argpdot"] * t) - temp,
        nodem=(c["nodeo"] + c["nodedot"] * t) + c["nodecf"] * t2,
        mm=mm + c["no_unkozai"] * templ,
        status=status,
    )
    if angles_lost(mean).any():
        mean = near_earth_without_angles(c, t, mean)
    return mean, Inclination(
        c["sinio"], c["cosio"], c["con41"], c["x1mth2"], c["x7thm1"], c["aycof"], c["xlcof"]
    )


def angles_lost(mean: Mean) -> Mask:
    """Return where an angle is lost (see LARGEST_ANGLE)."""
    return ~(
        (mean.argpm * mean.argpm + mean.nodem * mean.nodem) + mean.mm * mean.mm
        < LARGEST_ANGLE * LARGEST_ANGLE
    )


def lost_status(status: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the status where an angle is lost: 10 unless there is another error.

    The place on the orbit is arbitrary there.
    """
    return np.where(status == 0, np.uint8(10), status)


def near_earth_without_angles(c: dict[str, Array], t: Array, mean: Mean) -> Mean:
    """Compute the mean elements where an angle is lost.

    The eccentricity depends on the anomaly only in a bounded term, which is absent if isimp is 1
    (delmo is 0).
    """
    lost = angles_lost(mean)
    temp = c["omgcof"] * t + c["xmcof"] * (1.0 - c["delmo"])
    mm = (c["mo"] + c["mdot"] * t) + temp
    periodic = np.where(c["delmo"] == 0.0, 0.0, c["bcc5"] * (lost_angle(mm) - c["sinmao"]))
    em = c["ecco"] - (c["bcc4"] * t + periodic)
    argpm = (c["argpo"] + c["argpdot"] * t) - temp
    return mean._replace(
        em=np.where(lost, np.where(em < SMALLEST_EM, SMALLEST_EM, em), mean.em),
        # through the mean longitude, as in SGP4
        mm=np.where(lost, lost_angle((mm + argpm) + mean.nodem), mean.mm),
        argpm=np.where(lost, lost_angle(argpm), mean.argpm),
        nodem=np.where(lost, lost_angle(mean.nodem), mean.nodem),
        status=np.where(lost, lost_status(eccentricity_status(em)), mean.status),
    )


def eccentricity_status(em: Array) -> npt.NDArray[np.uint8]:
    """Return status 1 where the mean eccentricity has left [-0.001, 1), else 0."""
    return ((em >= 1.0) | (em < -0.001)).view(np.uint8)
