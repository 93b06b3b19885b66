"""Effects of the Sun and the Moon on a deep-space orbit.

Twin of kernels/lunar_solar.cuh. Source: AIAA 2006-6753, routines dscom, dpper and the rates of
dsinit.
"""

from typing import NamedTuple

import numpy as np

from ..typing import Array
from .trig import PI, atan2, first_turn, rotate, sincos


class Body(NamedTuple):
    """A third body on its fixed orbit."""

    motion: float  # rad/min
    eccentricity: float
    strength: float  # rad/min, the paper's c1


SUN = Body(1.19459e-5, 0.01675, 2.9864797e-6)
MOON = Body(1.5835218e-4, 0.05490, 4.7968065e-7)
SUN_SIN_I, SUN_COS_I = 0.39785416, 0.91744867  # obliquity of the ecliptic
SUN_SIN_G, SUN_COS_G = -0.98088458, 0.1945905  # argument of perigee of the Sun


class Direction(NamedTuple):
    """Orientation of a third body's orbit relative to the satellite's node."""

    sing: Array | float
    cosg: Array | float
    sini: Array | float
    cosi: Array | float
    sinh: Array
    cosh: Array


class Terms(NamedTuple):
    """Contribution of one third body: amplitudes of the long-period terms, and secular rates."""

    e2: Array
    e3: Array
    i2: Array
    i3: Array
    l2: Array
    l3: Array
    l4: Array
    gh2: Array
    gh3: Array
    gh4: Array
    h2: Array
    h3: Array
    de: Array
    di: Array
    dl: Array
    dgh: Array
    dh: Array


def third_body(c: dict[str, Array], body: Body, direction: Direction) -> Terms:
    """Compute the terms of one body on an orbit with this orientation."""
    sinim, cosim = c["sinio"], c["cosio"]
    sinomm, cosomm = sincos(c["argpo"])
    em = c["ecco"]
    emsq = em * em
    betasq = 1.0 - emsq
    rtemsq = np.sqrt(betasq)

    a1 = direction.cosg * direction.cosh + direction.sing * direction.cosi * direction.sinh
    a3 = -direction.sing * direction.cosh + direction.cosg * direction.cosi * direction.sinh
    a7 = -direction.cosg * direction.sinh + direction.sing * direction.cosi * direction.cosh
    a8 = direction.sing * direction.sini
    a9 = direction.sing * direction.sinh + direction.cosg * direction.cosi * direction.cosh
    a10 = direction.cosg * direction.sini
    a2 = cosim * a7 + sinim * a8
    a4 = cosim * a9 + sinim * a10
    a5 = -sinim * a7 + cosim * a8
    a6 = -sinim * a9 + cosim * a10

    x1 = a1 * cosomm + a2 * sinomm
    x2 = a3 * cosomm + a4 * sinomm
    x3 = -a1 * sinomm + a2 * cosomm
    x4 = -a3 * sinomm + a4 * cosomm
    x5 = a5 * sinomm
    x6 = a6 * sinomm
    x7 = a5 * cosomm
    x8 = a6 * cosomm

    z31 = 12.0 * x1 * x1 - 3.0 * x3 * x3
    z32 = 24.0 * x1 * x2 - 6.0 * x3 * x4
    z33 = 12.0 * x2 * x2 - 3.0 * x4 * x4
    z1 = 3.0 * (a1 * a1 + a2 * a2) + z31 * emsq
    z2 = 6.0 * (a1 * a3 + a2 * a4) + z32 * emsq
    z3 = 3.0 * (a3 * a3 + a4 * a4) + z33 * emsq
    z11 = -6.0 * a1 * a5 + emsq * (-24.0 * x1 * x7 - 6.0 * x3 * x5)
    z12 = -6.0 * (a1 * a6 + a3 * a5) + emsq * (
        -24.0 * (x2 * x7 + x1 * x8) - 6.0 * (x3 * x6 + x4 * x5)
    )
    z13 = -6.0 * a3 * a6 + emsq * (-24.0 * x2 * x8 - 6.0 * x4 * x6)
    z21 = 6.0 * a2 * a5 + emsq * (24.0 * x1 * x5 - 6.0 * x3 * x7)
    z22 = 6.0 * (a4 * a5 + a2 * a6) + emsq * (
        24.0 * (x2 * x5 + x1 * x6) - 6.0 * (x4 * x7 + x3 * x8)
    )
    z23 = 6.0 * a4 * a6 + emsq * (24.0 * x2 * x6 - 6.0 * x4 * x8)
    z1 = z1 + z1 + betasq * z31
    z2 = z2 + z2 + betasq * z32
    z3 = z3 + z3 + betasq * z33
    s3 = body.strength / c["no_unkozai"]
    s2 = -0.5 * s3 / rtemsq
    s4 = s3 * rtemsq
    s1 = -15.0 * em * s4
    s5 = x1 * x3 + x2 * x4
    s6 = x2 * x3 + x1 * x4
    s7 = x2 * x4 - x1 * x3

    # The rate of the node is divided by sin i: within 3 degrees of the equator it is set to zero.
    inclm = c["inclo"]
    level = (inclm < 5.2359877e-2) | (inclm > PI - 5.2359877e-2)
    return Terms(
        e2=2.0 * s1 * s6,
        e3=2.0 * s1 * s7,
        i2=2.0 * s2 * z12,
        i3=2.0 * s2 * (z13 - z11),
        l2=-2.0 * s3 * z2,
        l3=-2.0 * s3 * (z3 - z1),
        l4=-2.0 * s3 * (-21.0 - 9.0 * emsq) * body.eccentricity,
        gh2=2.0 * s4 * z32,
        gh3=2.0 * s4 * (z33 - z31),
        gh4=-18.0 * s4 * body.eccentricity,
        h2=-2.0 * s2 * z22,
        h3=-2.0 * s2 * (z23 - z21),
        de=s1 * body.motion * s5,
        di=s2 * body.motion * (z11 + z13),
        dl=-body.motion * s3 * (z1 + z3 - 14.0 - 6.0 * emsq),
        dgh=s4 * body.motion * (z31 + z33 - 6.0),
        dh=np.where(level, 0.0, -body.motion * s2 * (z21 + z23)),
    )


def initialise(c: dict[str, Array], epoch: Array) -> dict[str, Array]:
    """Compute the lunar-solar constants of kernels/constants.def.

    epoch: days since 1949-12-31.
    """
    snodm, cnodm = sincos(c["nodeo"])
    sun = third_body(c, SUN, Direction(SUN_SIN_G, SUN_COS_G, SUN_SIN_I, SUN_COS_I, snodm, cnodm))

    day = epoch + 18261.5  # since 1900-01-00
    xnodce = 4.5236020 - 9.2422029e-4 * day
    stem, ctem = sincos(xnodce)
    zcosil = 0.91375164 - 0.03568096 * ctem
    zsinil = np.sqrt(1.0 - zcosil * zcosil)
    zsinhl = 0.089683511 * stem / zsinil
    zcoshl = np.sqrt(1.0 - zsinhl * zsinhl)
    gam = 5.8351514 + 0.0019443680 * day
    zx = atan2(SUN_SIN_I * stem / zsinil, zcoshl * ctem + SUN_COS_I * zsinhl * stem)
    zsingl, zcosgl = sincos(gam + zx - xnodce)
    sinh, cosh = snodm * zcoshl - cnodm * zsinhl, zcoshl * cnodm + zsinhl * snodm
    moon = third_body(c, MOON, Direction(zsingl, zcosgl, zsinil, zcosil, sinh, cosh))

    sinim = np.where(c["sinio"] == 0.0, 1.0, c["sinio"])
    dnodt = (sun.dh + moon.dh) / sinim
    return dict(
        zmos=first_turn(6.2565837 + 0.017201977 * day),
        zmol=first_turn(4.7199672 + 0.22997150 * day - gam),
        dedt=sun.de + moon.de,
        didt=sun.di + moon.di,
        dmdt=sun.dl + moon.dl,
        dnodt=dnodt,
        domdt=(sun.dgh + moon.dgh) - c["cosio"] * dnodt,
        **dict(zip(SUN_NAMES, sun, strict=False)),
        **dict(zip(MOON_NAMES, moon, strict=False)),
    )


# the names that the paper gives to the first twelve Terms
SUN_NAMES = ("se2", "se3", "si2", "si3", "sl2", "sl3", "sl4", "sgh2", "sgh3", "sgh4", "sh2", "sh3")
MOON_NAMES = ("ee2", "e3", "xi2", "xi3", "xl2", "xl3", "xl4", "xgh2", "xgh3", "xgh4", "xh2", "xh3")


class Periodics(NamedTuple):
    """Long-period lunar-solar corrections at one instant."""

    e: Array
    inc: Array
    l: Array  # noqa: E741  (the paper's pl)
    gh: Array
    h: Array


def periodics(c: dict[str, Array], t: Array) -> Periodics:
    """Compute the corrections at t minutes since epoch.

    They are not zero at the epoch: there the element set contains them already.
    """
    sin_s, f2s, f3s = _anomaly(c["zmos"] + SUN.motion * t, SUN.eccentricity)
    sin_l, f2l, f3l = _anomaly(c["zmol"] + MOON.motion * t, MOON.eccentricity)
    return Periodics(
        e=(c["se2"] * f2s + c["se3"] * f3s) + (c["ee2"] * f2l + c["e3"] * f3l),
        inc=(c["si2"] * f2s + c["si3"] * f3s) + (c["xi2"] * f2l + c["xi3"] * f3l),
        l=(c["sl2"] * f2s + c["sl3"] * f3s + c["sl4"] * sin_s)
        + (c["xl2"] * f2l + c["xl3"] * f3l + c["xl4"] * sin_l),
        gh=(c["sgh2"] * f2s + c["sgh3"] * f3s + c["sgh4"] * sin_s)
        + (c["xgh2"] * f2l + c["xgh3"] * f3l + c["xgh4"] * sin_l),
        h=(c["sh2"] * f2s + c["sh3"] * f3s) + (c["xh2"] * f2l + c["xh3"] * f3l),
    )


def _anomaly(zm: Array, eccentricity: float) -> tuple[Array, Array, Array]:
    """Compute sin zf, f2 and f3 of a third body from its mean anomaly zm: zf = zm + 2 e sin zm."""
    sinzm, coszm = sincos(zm)
    d = 2.0 * eccentricity * sinzm
    z = d * d  # |d| < 0.11: the series end below rounding
    ds = d * (1.0 - z * (1.0 / 6.0 - z * (1.0 / 120.0 - z * (1.0 / 5040.0 - z * (1.0 / 362880.0)))))
    dc = 1.0 - z * (
        0.5 - z * (1.0 / 24.0 - z * (1.0 / 720.0 - z * (1.0 / 40320.0 - z * (1.0 / 3628800.0))))
    )
    sinzf, coszf = rotate(sinzm, coszm, ds, dc)
    return sinzf, 0.5 * sinzf * sinzf - 0.25, -0.5 * sinzf * coszf
