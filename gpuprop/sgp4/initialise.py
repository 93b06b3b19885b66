"""Element sets -> constants.

Twin of kernels/initialise.cuh. Source: AIAA 2006-6753, routines sgp4init and initl.
"""

import numpy as np

from ..typing import Array, Bits
from . import lunar_solar, resonance
from .constants import DEEP_SPACE, FIELDS, HALF_DAY, NEAR_EARTH, ONE_DAY
from .gravity import Gravity
from .model import MeanElements
from .trig import (
    LARGEST_ANGLE,
    TWO_PI,
    absolute,
    cbrt,
    cosine,
    first_turn,
    lost_angle,
    sincos,
    truncate,
)

RATES = FIELDS[FIELDS.index("mdot") : FIELDS.index("sinio")]  # secular rates and drag
DEEP_FIELDS = FIELDS[FIELDS.index("zmos") :]  # constants.def lists them last


def known_angle(x: Array) -> Array:
    """Return the angle; 0 if it is lost (see LARGEST_ANGLE)."""
    return np.where(absolute(x) < LARGEST_ANGLE, x, lost_angle(x))


def initialise(
    gravity: Gravity, opsmode: str, given: MeanElements
) -> tuple[dict[str, Array], Bits]:
    """Compute the constants by name (kernels/constants.def) and the regime, each (n,).

    A constant that a regime does not have is zero.
    """
    inclo, nodeo, argpo, mo = (
        known_angle(angle) for angle in (given.inclo, given.nodeo, given.argpo, given.mo)
    )
    e = given._replace(inclo=inclo, nodeo=nodeo, argpo=argpo, mo=mo)
    lost = (
        (inclo != given.inclo) | (nodeo != given.nodeo) | (argpo != given.argpo) | (mo != given.mo)
    )
    c: dict[str, Array] = dict(ecco=e.ecco, inclo=e.inclo, nodeo=e.nodeo, argpo=e.argpo, mo=e.mo)
    j2, j3oj2, j4 = gravity.j2, gravity.j3oj2, gravity.j4
    sinio, cosio = sincos(e.inclo)
    cosio2 = cosio * cosio
    eccsq = e.ecco * e.ecco
    omeosq = 1.0 - eccsq
    rteosq = np.sqrt(omeosq)
    con41 = 3.0 * cosio2 - 1.0
    con42 = 1.0 - 5.0 * cosio2

    # from Kozai's mean motion to Brouwer's
    root = cbrt(gravity.xke / e.no_kozai)
    ak = root * root
    d1 = (0.75 * j2) * con41 / (rteosq * omeosq)
    del_ = d1 / (ak * ak)
    adel = ak * (1.0 - del_ * del_ - del_ * (1.0 / 3.0 + 134.0 * del_ * del_ / 81.0))
    del_ = d1 / (adel * adel)
    # A mean motion that is not positive is kept, so that it gives status 2. With an eccentricity
    # above 1 it becomes NaN, as in SGP4.
    no = np.where((e.no_kozai <= 0.0) & (omeosq >= 0.0), e.no_kozai, e.no_kozai / (1.0 + del_))
    sqrt_ao = cbrt(gravity.xke / no)
    ao = sqrt_ao * sqrt_ao
    po = ao * omeosq
    posq = po * po
    rp = ao * (1.0 - e.ecco)
    deep = TWO_PI / no >= 225.0
    simple = (rp < 220.0 / gravity.radius + 1.0) | deep
    c |= dict(no_unkozai=no, ao=ao, sqrt_ao=sqrt_ao)
    # Beyond rmax a position is not plausible: near the Earth only a drag term that grew without
    # limit leads there; in deep space the Moon can raise the apogee, but at most to 2 ao. With a
    # lost angle no position is plausible.
    c["rmax"] = np.where(lost, 0.0, ao * np.where(deep, 2.1, 1.25 * (1.0 + e.ecco)))
    c["rmax"] = np.where(no <= 0.0, -1.0, c["rmax"])
    c |= dict(sinio=sinio, cosio=cosio, con41=con41, x1mth2=1.0 - cosio2, x7thm1=7.0 * cosio2 - 1.0)

    # the fitted density profile: its lower end follows the perigee down to 20 km above the ground
    perige = (rp - 1.0) * gravity.radius
    foot = np.where(perige < 98.0, 20.0, np.where(perige < 156.0, perige - 78.0, 78.0))
    qzms2t = (120.0 - foot) / gravity.radius
    qzms24 = (qzms2t * qzms2t) * (qzms2t * qzms2t)
    sfour = foot / gravity.radius + 1.0

    pinvsq = 1.0 / posq
    tsi = 1.0 / (ao - sfour)
    eta = ao * e.ecco * tsi
    etasq = eta * eta
    eeta = e.ecco * eta
    psisq = absolute(1.0 - etasq)
    coef = qzms24 * ((tsi * tsi) * (tsi * tsi))
    coef1 = coef / ((psisq * psisq * psisq) * np.sqrt(psisq))
    cc2 = (coef1 * no) * (
        ao * (1.0 + 1.5 * etasq + eeta * (4.0 + etasq))
        + ((0.375 * j2) * tsi / psisq) * con41 * (8.0 + 3.0 * etasq * (8.0 + etasq))
    )
    cc1 = e.bstar * cc2
    eccentric = e.ecco > 1.0e-4
    safe_ecco = np.where(eccentric, e.ecco, 1.0)
    cc3 = np.where(eccentric, -2.0 * coef * tsi * j3oj2 * no * sinio / safe_ecco, 0.0)
    cc4 = (2.0 * no * coef1 * ao * omeosq) * (
        eta * (2.0 + 0.5 * etasq)
        + e.ecco * (0.5 + 2.0 * etasq)
        - (j2 * tsi / (ao * psisq))
        * (
            -3.0 * con41 * (1.0 - 2.0 * eeta + etasq * (1.5 - 0.5 * eeta))
            + 0.75 * c["x1mth2"] * (2.0 * etasq - eeta * (1.0 + etasq)) * cosine(2.0 * e.argpo)
        )
    )
    cc5 = (2.0 * coef1 * ao * omeosq) * (1.0 + 2.75 * (etasq + eeta) + eeta * etasq)
    c |= dict(cc1=cc1, bcc4=e.bstar * cc4, t2cof=1.5 * cc1)

    # secular rates
    cosio4 = cosio2 * cosio2
    temp1 = (1.5 * j2) * pinvsq * no
    temp2 = (0.5 * j2) * temp1 * pinvsq
    temp3 = (-0.46875 * j4) * pinvsq * pinvsq * no
    mdot = (
        no
        + 0.5 * temp1 * rteosq * con41
        + 0.0625 * temp2 * rteosq * (13.0 - 78.0 * cosio2 + 137.0 * cosio4)
    )
    argpdot = (
        -0.5 * temp1 * con42
        + 0.0625 * temp2 * (7.0 - 114.0 * cosio2 + 395.0 * cosio4)
        + temp3 * (3.0 - 36.0 * cosio2 + 49.0 * cosio4)
    )
    xhdot1 = -temp1 * cosio
    nodedot = (
        xhdot1 + (0.5 * temp2 * (4.0 - 19.0 * cosio2) + 2.0 * temp3 * (3.0 - 7.0 * cosio2)) * cosio
    )
    c |= dict(mdot=mdot, argpdot=argpdot, nodedot=nodedot, nodecf=3.5 * omeosq * xhdot1 * cc1)

    aycof, xlcof = long_period(gravity, sinio, cosio)
    c |= dict(aycof=aycof, xlcof=xlcof)

    # the full drag series
    def full(x: Array) -> Array:
        return np.where(simple, 0.0, x)

    sinmo, cosmo = sincos(e.mo)
    delmotemp = 1.0 + eta * cosmo
    safe_eeta = np.where(eccentric, eeta, 1.0)
    xmcof = np.where(eccentric, (-2.0 / 3.0) * coef * e.bstar / safe_eeta, 0.0)
    cc1sq = cc1 * cc1
    d2 = 4.0 * ao * tsi * cc1sq
    temp = d2 * tsi * cc1 / 3.0
    d3 = (17.0 * ao + sfour) * temp
    d4 = 0.5 * temp * ao * tsi * (221.0 * ao + 31.0 * sfour) * cc1
    c |= dict(
        eta=full(eta),
        omgcof=full(e.bstar * cc3 * sincos(e.argpo)[1]),
        xmcof=full(xmcof),
        delmo=full(delmotemp * delmotemp * delmotemp),
        bcc5=full(e.bstar * cc5),
        sinmao=full(sinmo),
        d2=full(d2),
        d3=full(d3),
        d4=full(d4),
        t3cof=full(d2 + 2.0 * cc1sq),
        t4cof=full(0.25 * (3.0 * d3 + cc1 * (12.0 * d2 + 10.0 * cc1sq))),
        t5cof=full(
            0.2 * (3.0 * d4 + 12.0 * cc1 * d3 + 6.0 * d2 * d2 + 15.0 * cc1sq * (2.0 * d2 + cc1sq))
        ),
    )

    # With an eccentricity above 1 SGP4 has no rates: the eccentricity stays constant and gives
    # status 1 at every instant.
    no_orbit = ~((omeosq >= 0.0) | (no >= 0.0))
    if no_orbit.any():
        for name in RATES:
            c[name] = np.where(no_orbit, 0.0, c[name])

    c["gsto"] = sidereal_time(e.epoch, opsmode)
    regime = np.where(deep, DEEP_SPACE, NEAR_EARTH)
    for name in DEEP_FIELDS:
        c[name] = np.zeros_like(ao)
    there = np.flatnonzero(deep)
    if there.size:
        some = {name: c[name][there] for name in c}
        some |= lunar_solar.initialise(some, e.epoch[there])
        resonant, one_day, half_day = resonance.initialise(some)
        some |= resonant
        for name in DEEP_FIELDS:
            c[name][there] = some[name]
        regime[there] = np.where(one_day, ONE_DAY, np.where(half_day, HALF_DAY, DEEP_SPACE))
    return c, regime


def long_period(gravity: Gravity, sini: Array, cosi: Array) -> tuple[Array, Array]:
    """Compute aycof and xlcof; the divisor 1 + cos i is kept away from zero at 180 degrees."""
    denominator = 1.0 + cosi
    denominator = np.where(absolute(denominator) > 1.5e-12, denominator, 1.5e-12)
    xlcof = ((-0.25 * gravity.j3oj2) * sini) * (3.0 + 5.0 * cosi) / denominator
    return (-0.5 * gravity.j3oj2) * sini, xlcof


def sidereal_time(epoch: Array, opsmode: str) -> Array:
    """Compute Greenwich sidereal time (rad, in [0, 2 pi)) at `epoch` (days since 1949-12-31).

    GMST of 1982, or with opsmode `a` the series of 1970.
    """
    if opsmode == "a":
        ts70 = epoch - 7305.0
        ds70 = truncate(ts70 + 1.0e-8)
        ds70 = ds70 - np.where(ds70 > ts70 + 1.0e-8, 1.0, 0.0)  # a floor, before 1970 too
        c1 = 1.72027916940703639e-2
        angle = (
            1.7321343856509374
            + c1 * ds70
            + (c1 + TWO_PI) * (ts70 - ds70)
            + ts70 * ts70 * 5.07551419432269442e-15
        )
    else:
        tut1 = (epoch + (2433281.5 - 2451545.0)) / 36525.0
        seconds = (
            -6.2e-6 * tut1 * tut1 * tut1
            + 0.093104 * tut1 * tut1
            + (876600.0 * 3600.0 + 8640184.812866) * tut1
            + 67310.54841
        )
        angle = seconds * (TWO_PI / 86400.0)
    return first_turn(angle)
