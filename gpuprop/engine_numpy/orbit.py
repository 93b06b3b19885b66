"""Mean orbit -> position, velocity, status (kernels/orbit.cuh): AIAA 2006-6753, routine sgp4, from the long-period terms on.

The argument of latitude and the inclination differ from angles whose sine and cosine are known by a small short-period term, so they are
turned by it instead of being formed; Kepler's equation turns (sin E, cos E) by each correction.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..gravity import Gravity
from ..typing import Array, Mask
from .near_earth import Inclination, Mean
from .trig import rotate, sincos, sincos_near_zero

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


def kepler(u: Array, axnl: Array, aynl: Array) -> tuple[Array, Array]:
    """Sine and cosine of E + argp, where E + argp = u + axnl sin(E + argp) - aynl cos(E + argp), by Halley's method.

    A lane stops where the next step would be below rounding: the third power of the last one, by Halley's order.
    """
    s, c = sincos(u)
    d = np.zeros_like(u)  # E + argp - u
    active: Mask = np.ones(u.shape, bool)
    for _ in range(KEPLER_STEPS):
        esine = axnl * s - aynl * c
        slope = 1.0 - (axnl * c + aynl * s)
        f = esine - d
        step = (f * slope) / (slope * slope + (0.5 * f) * esine)
        step = np.where(step > LARGEST_STEP, LARGEST_STEP, np.where(step < -LARGEST_STEP, -LARGEST_STEP, step))
        ds, dc = sincos_near_zero(step)
        turned_s, turned_c = rotate(s, c, ds, dc)
        if active.all():
            d, s, c = d + step, turned_s, turned_c
        else:
            d, s, c = np.where(active, d + step, d), np.where(active, turned_s, s), np.where(active, turned_c, c)
        active = active & (np.where(step < 0.0, -step, step) >= 1.0e-5 * slope)
        if not active.any():
            break
    return s, c


def orbit(gravity: Gravity, rmax: Array, mean: Mean, inc: Inclination) -> State:
    """Position and velocity of a mean orbit; beyond rmax (er) its distance is not plausible."""
    am, em, j2 = mean.am, mean.em, gravity.j2
    sinargp, cosargp = sincos(mean.argpm)
    axnl = em * cosargp
    temp = 1.0 / (am * (1.0 - em * em))
    aynl = em * sinargp + temp * inc.aycof
    sineo1, coseo1 = kepler((mean.mm + mean.argpm) + (temp * inc.xlcof) * axnl, axnl, aynl)

    # short-period preliminary quantities; one division gives four reciprocals
    ecose = axnl * coseo1 + aynl * sineo1
    esine = axnl * sineo1 - aynl * coseo1
    el2 = axnl * axnl + aynl * aynl
    omel2 = 1.0 - el2
    betal = np.sqrt(omel2)
    onebeta = 1.0 + betal
    omecose = 1.0 - ecose
    rl = am * omecose
    p1 = omel2 * omecose
    p2 = onebeta * am
    recip = 1.0 / (p1 * p2)
    ram = recip * (p1 * onebeta)
    romecose = recip * (omel2 * p2)
    romel2 = recip * (omecose * p2)
    ronebeta = recip * (p1 * am)
    rsqrt_am = ram * mean.sqrt_am
    rdotl = (rsqrt_am * esine) * romecose
    rvdotl = (rsqrt_am * betal) * romecose
    temp = esine * ronebeta
    sinu = romecose * ((sineo1 - aynl) - axnl * temp)
    cosu = romecose * ((coseo1 - axnl) + aynl * temp)
    sin2u = (cosu + cosu) * sinu
    cos2u = 1.0 - (2.0 * sinu) * sinu

    # short-period periodics
    rpl = ram * romel2
    temp1 = (0.5 * j2) * rpl
    temp2 = temp1 * rpl
    mrt = rl * (1.0 - (1.5 * temp2) * (betal * inc.con41)) + (0.5 * temp1) * (inc.x1mth2 * cos2u)
    ds, dc = sincos_near_zero((-0.25 * temp2) * (inc.x7thm1 * sin2u))
    sinsu, cossu = rotate(sinu, cosu, ds, dc)
    turn = (1.5 * temp2) * inc.cosi
    snod, cnod = sincos(mean.nodem + turn * sin2u)
    ds, dc = sincos_near_zero(turn * (inc.sini * cos2u))
    sini, cosi = rotate(inc.sini, inc.cosi, ds, dc)
    rate = (ram * rsqrt_am) * temp1  # mean motion / xke * temp1
    mvt = rdotl - rate * (inc.x1mth2 * sin2u)
    rvdot = rvdotl + rate * (inc.x1mth2 * cos2u + 1.5 * inc.con41)

    # orientation vectors
    xmx = -snod * cosi
    xmy = cnod * cosi
    ux = xmx * sinsu + cnod * cossu
    uy = xmy * sinsu + snod * cossu
    uz = sini * sinsu
    vx = xmx * cossu - cnod * sinsu
    vy = xmy * cossu - snod * sinsu
    vz = sini * cossu
    r = mrt * gravity.radius
    rdot = mvt * gravity.vkmpersec
    rfdot = rvdot * gravity.vkmpersec
    state = (r * ux, r * uy, r * uz, rdot * ux + rfdot * vx, rdot * uy + rfdot * vy, rdot * uz + rfdot * vz)

    energy = (mvt * mvt + rvdot * rvdot) * mrt
    fine = (mrt >= 1.0) & (mrt <= rmax) & (energy <= LARGEST_ENERGY) & (mean.status == 0) & (omel2 >= 0.0)
    if fine.all():
        return State(*state, mean.status)
    fine = (mrt <= rmax) & (energy <= LARGEST_ENERGY)
    late = np.where(omel2 < 0.0, np.uint8(4), np.where(mrt < 1.0, np.uint8(6), np.where(fine, np.uint8(0), np.uint8(10))))
    status = np.where(mean.status != 0, mean.status, late)
    lost = (status >= 1) & (status <= 4)
    x, y, z, vx, vy, vz = (np.where(lost | (part != part), NAN, part) for part in state)
    return State(x, y, z, vx, vy, vz, status)
