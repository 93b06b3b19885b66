"""SDP4: secular and lunar-solar effects on an orbit of 225 minutes or more.

Twin of kernels/deep_space.cuh. Source: AIAA 2006-6753, routines sgp4 and dpper.
"""

import numpy as np

from ..typing import Array
from . import lunar_solar, resonance
from .constants import ONE_DAY
from .gravity import Gravity
from .initialise import long_period
from .near_earth import SMALLEST_EM, Inclination, Mean, eccentricity_status, lost_status
from .trig import LARGEST_ANGLE, PI, TWO_PI, absolute, atan2, cbrt, lost_angle, sincos, wrap

# rad: below this inclination the periodics are applied without a division by sin i (Lyddane)
LYDDANE = 0.2


def deep_space(
    gravity: Gravity,
    opsmode: str,
    resonant: resonance.Integrator | None,
    c: dict[str, Array],
    t: Array,
) -> tuple[Mean, Inclination]:
    """Compute the mean orbit with lunar-solar periodics at t (n_times, n_sats) minutes since epoch.

    resonant: the integration of satellites in resonance; None without resonance.
    """
    t2 = t * t
    em = (c["ecco"] + c["dedt"] * t) - c["bcc4"] * t
    status = eccentricity_status(em)
    inclm = c["inclo"] + c["didt"] * t
    argpm = (c["argpo"] + c["argpdot"] * t) + c["domdt"] * t
    nodem = ((c["nodeo"] + c["nodedot"] * t) + c["nodecf"] * t2) + c["dnodt"] * t
    if resonant is None:
        mm = (c["mo"] + c["mdot"] * t) + c["dmdt"] * t
        root = c["sqrt_ao"]
    else:
        nm, xl = resonant.at(t)
        theta = c["gsto"] + t * resonance.RPTIM
        mm = (
            ((xl - nodem) - argpm) + theta
            if resonant.regime == ONE_DAY
            else (xl - (nodem + nodem)) + (theta + theta)
        )
        root = cbrt(gravity.xke / nm)
        status = np.where(nm <= 0.0, np.uint8(2), status)
    tempa = 1.0 - c["cc1"] * t
    root = root * absolute(tempa)
    em = np.where(em < SMALLEST_EM, SMALLEST_EM, em)
    mm = mm + c["no_unkozai"] * (c["t2cof"] * t2)
    lost = ~(
        (argpm * argpm + nodem * nodem) + (mm * mm + inclm * inclm) < LARGEST_ANGLE * LARGEST_ANGLE
    )
    if lost.any():
        argpm = np.where(lost, lost_angle(argpm), argpm)
        nodem = np.where(lost, lost_angle(nodem), nodem)
        mm = np.where(lost, lost_angle(mm), mm)
        inclm = np.where(lost, lost_angle(inclm), inclm)
        t = np.where(lost, lost_angle(t), t)  # used by the periodics
        status = np.where(lost, lost_status(status), status)
    # Whole turns are removed at the same place as in the reference: for e = 0.96 the rounding of
    # this sum is visible in the published vectors.
    xlm = wrap((mm + argpm) + nodem)
    nodem = wrap(nodem)
    argpm = wrap(argpm)
    mm = (xlm - argpm) - nodem

    p = lunar_solar.periodics(c, t)
    ep = em + p.e
    xincp = inclm + p.inc
    sini, cosi = sincos(xincp)
    low = xincp < LYDDANE
    safe_sini = np.where(low, 1.0, sini)
    dnode = p.h / safe_sini
    dargp = p.gh - cosi * dnode
    if low.any():
        # The paper adds the periodics to the components of the node and takes atan2. The change of
        # the node is then the angle of (sin i + di cos i, dh), the multiple of 2 pi included. Only
        # xnoh differs between the two modes.
        xnoh = np.where(nodem < 0.0, nodem + TWO_PI, nodem) if opsmode == "a" else nodem
        change = atan2(p.h, sini + p.inc * cosi)
        dnode = np.where(low, change, dnode)
        dargp = np.where(low, (p.gh - cosi * change) - (p.inc * sini) * xnoh, dargp)
    nodep = nodem + dnode
    argpp = argpm + dargp
    mp = mm + p.l
    backward = xincp < 0.0
    if backward.any():
        nodep = np.where(backward, nodep + PI, nodep)
        argpp = np.where(backward, argpp - PI, argpp)
        sini = np.where(backward, -sini, sini)
    status = np.where((status == 0) & ((ep < 0.0) | (ep > 1.0)), np.uint8(3), status)

    cosisq = cosi * cosi
    aycof, xlcof = long_period(gravity, sini, cosi)
    inclination = Inclination(
        sini, cosi, 3.0 * cosisq - 1.0, 1.0 - cosisq, 7.0 * cosisq - 1.0, aycof, xlcof
    )
    return Mean(root * root, root, ep, argpp, nodep, mp, status), inclination
