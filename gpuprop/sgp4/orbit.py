"""Mean orbit -> position, velocity, status.

Twin of kernels/orbit.cuh. Source: AIAA 2006-6753, routine sgp4, from the long-period terms on.

The argument of latitude and the inclination differ by a small short-period term from angles whose
sine and cosine are known. So the known sine and cosine are rotated by this term, which is cheaper
than another sine and cosine. The solution of Kepler's equation rotates (sin E, cos E) by each
correction for the same reason.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..typing import Array, Mask
from .gravity import Gravity
from .near_earth import Inclination, Mean
from .trig import absolute, rotate, sincos, sincos_near_zero, sincos_tiny

KEPLER_STEPS = 12
LARGEST_STEP = 0.75  # rad
LARGEST_ENERGY = 2.2  # speed^2 * distance / mu: a bound orbit stays below two
NAN = float("nan")


class State(NamedTuple):
    """TEME position (km), velocity (km/s) and status of each lane."""

    x: Array
    y: Array
    z: Array
    vx: Array
    vy: Array
    vz: Array
    status: npt.NDArray[np.uint8]


def clamp(x: Array) -> Array:
    """Limit x to the largest step."""
    return np.where(x > LARGEST_STEP, LARGEST_STEP, np.where(x < -LARGEST_STEP, -LARGEST_STEP, x))


def kepler_step(
    axnl: Array, aynl: Array, s: Array, c: Array, d: Array
) -> tuple[Array, Array, Array, Mask]:
    """Take one step towards the solution from s, c = sin, cos(E + argp) and d = E + argp - u.

    Returns the new s, c and d, and the lanes that need another step. A step of Newton is the last
    one if its square is below rounding. Otherwise a step of Halley is taken, which is the last one
    if its third power is below rounding.
    """
    esine = axnl * s - aynl * c
    slope = 1.0 - (axnl * c + aynl * s)
    f = esine - d
    step = f / slope
    turned_s, turned_c = s + c * step, c - s * step
    far = absolute(step) >= 1.0e-8
    if far.any():
        wide = clamp((f * slope) / (slope * slope + (0.5 * f) * esine))
        wide_s, wide_c = rotate(s, c, *sincos_near_zero(wide))
        step = np.where(far, wide, step)
        turned_s, turned_c = np.where(far, wide_s, turned_s), np.where(far, wide_c, turned_c)
        far = far & (absolute(wide) >= 1.0e-5 * slope)
    return turned_s, turned_c, d + step, far


def kepler(u: Array, axnl: Array, aynl: Array) -> tuple[Array, Array]:
    """Solve E + argp = u + axnl sin(E + argp) - aynl cos(E + argp) for sine and cosine of E + argp.

    Starts with three terms of the series in the eccentricity; then steps until only rounding is
    left. A lane that has converged does not change any more.
    """
    s, c = sincos(u)
    esine = axnl * s - aynl * c
    ecose = axnl * c + aynl * s
    d = clamp(esine * ((1.0 + ecose * (1.0 + ecose)) - 0.5 * (esine * esine)))  # E + argp - u
    s, c = rotate(s, c, *sincos_near_zero(d))
    s, c, d, active = kepler_step(axnl, aynl, s, c, d)
    for _ in range(1, KEPLER_STEPS):
        if not active.any():
            break
        next_s, next_c, next_d, again = kepler_step(axnl, aynl, s, c, d)
        s, c, d = (
            np.where(active, next_s, s),
            np.where(active, next_c, c),
            np.where(active, next_d, d),
        )
        active = active & again
    return s, c


class Eccentric(NamedTuple):
    """The eccentricity vector with its long-period terms, and the eccentric anomaly."""

    axnl: Array
    aynl: Array
    ram: Array  # 1 / am
    sineo1: Array  # sine and cosine of E + argp
    coseo1: Array


def eccentric(mean: Mean, inc: Inclination) -> Eccentric:
    """Add the long-period terms and solve Kepler's equation."""
    am, em = mean.am, mean.em
    sinargp, cosargp = sincos(mean.argpm)
    axnl = em * cosargp
    omemsq = 1.0 - em * em
    temp = 1.0 / (am * omemsq)
    aynl = em * sinargp + temp * inc.aycof
    return Eccentric(
        axnl,
        aynl,
        temp * omemsq,
        *kepler((mean.mm + mean.argpm) + (temp * inc.xlcof) * axnl, axnl, aynl),
    )


def orbit(gravity: Gravity, rmax: Array, mean: Mean, inc: Inclination, e: Eccentric) -> State:
    """Compute position, velocity and status.

    rmax (er): a larger distance is not plausible; negative if the mean motion is not positive.
    """
    am, axnl, aynl, sineo1, coseo1, j2 = mean.am, e.axnl, e.aynl, e.sineo1, e.coseo1, gravity.j2

    # short-period preliminary quantities; one division gives three reciprocals
    ecose = axnl * coseo1 + aynl * sineo1
    esine = axnl * sineo1 - aynl * coseo1
    omel2 = 1.0 - (axnl * axnl + aynl * aynl)
    betal = np.sqrt(omel2)
    onebeta = 1.0 + betal
    omecose = 1.0 - ecose
    p1 = omel2 * omecose
    recip = 1.0 / (p1 * onebeta)
    romecose = recip * (omel2 * onebeta)
    romel2 = recip * (omecose * onebeta)
    ronebeta = recip * p1
    rsqrt_am = e.ram * mean.sqrt_am
    speed = rsqrt_am * romecose
    temp = esine * ronebeta
    sinu = romecose * ((sineo1 - aynl) - axnl * temp)
    cosu = romecose * ((coseo1 - axnl) + aynl * temp)
    sin2u = (cosu + cosu) * sinu
    cos2u = (cosu - sinu) * (cosu + sinu)

    # short-period periodics
    rpl = e.ram * romel2
    temp1 = (0.5 * j2) * rpl
    temp2 = temp1 * rpl
    mrt = (am * omecose) * (1.0 - (1.5 * temp2) * (betal * inc.con41)) + (0.5 * temp1) * (
        inc.x1mth2 * cos2u
    )
    ds, dc = sincos_tiny((-0.25 * temp2) * (inc.x7thm1 * sin2u))
    sinsu, cossu = rotate(sinu, cosu, ds, dc)
    turn = (1.5 * temp2) * inc.cosi
    snod, cnod = sincos(mean.nodem + turn * sin2u)
    ds, dc = sincos_tiny(turn * (inc.sini * cos2u))
    sini, cosi = rotate(inc.sini, inc.cosi, ds, dc)
    rate = (e.ram * rsqrt_am) * temp1  # mean motion / xke * temp1
    mvt = speed * esine - rate * (inc.x1mth2 * sin2u)
    rvdot = speed * betal + rate * (inc.x1mth2 * cos2u + 1.5 * inc.con41)

    # along the node, and along its normal in the plane of the orbit
    xmx = -snod * cosi
    xmy = cnod * cosi
    r = mrt * gravity.radius
    rdot = mvt * gravity.vkmpersec
    rfdot = rvdot * gravity.vkmpersec
    rn, rm = r * cossu, r * sinsu
    vn, vm = rdot * cossu - rfdot * sinsu, rdot * sinsu + rfdot * cossu
    state = (
        xmx * rm + cnod * rn,
        xmy * rm + snod * rn,
        sini * rm,
        xmx * vm + cnod * vn,
        xmy * vm + snod * vn,
        sini * vm,
    )

    energy = (mvt * mvt + rvdot * rvdot) * mrt
    plausible = (mrt <= rmax) & (energy <= LARGEST_ENERGY)
    if (plausible & (mrt >= 1.0) & (mean.status == 0)).all():  # el2 > 1 makes mrt a NaN
        return State(*state, mean.status)
    # 10 here: the place on the orbit is arbitrary; a specific error below takes precedence.
    early = (mean.status != 0) & (mean.status != 10)
    late = np.where(plausible & (mean.status == 0), np.uint8(0), np.uint8(10))
    late = np.where(omel2 < 0.0, np.uint8(4), np.where(mrt < 1.0, np.uint8(6), late))
    status = np.where(rmax < 0.0, np.uint8(2), np.where(early, mean.status, late))
    lost = (status >= 1) & (status <= 4)
    x, y, z, vx, vy, vz = (np.where(lost | (part != part), NAN, part) for part in state)
    return State(x, y, z, vx, vy, vz, status)
