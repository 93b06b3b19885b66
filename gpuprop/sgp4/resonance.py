"""Resonance with the Earth's rotation, for periods near one day and half a day.

Twin of kernels/resonance.cuh. Source: AIAA 2006-6753, routines dsinit and dspace.

The mean longitude is integrated from the epoch in steps of 720 minutes. The steps are always the
same, so that a state depends on its element set and instant alone.
"""

from typing import NamedTuple

import numpy as np

from ..typing import Array, Mask
from .constants import ONE_DAY
from .trig import absolute, nearest, rotate, sincos

RPTIM = 4.37526908801129966e-3  # the Earth's rotation, rad/min
Q22, Q31, Q33 = 1.7891679e-6, 2.1460748e-6, 2.2123015e-7
ROOT22, ROOT32, ROOT44, ROOT52, ROOT54 = (
    1.7891679e-6,
    3.7393792e-7,
    7.3636953e-9,
    1.1428639e-7,
    2.1765803e-9,
)
STEP = 720.0  # min
STEP2 = STEP * STEP / 2.0
# 11,500 years: every Julian date from 0 on. Beyond it there is no state, because each step takes
# time.
LARGEST_STEPS = 8388608.0

# Sine and cosine of the phases of the resonant terms (tests/sgp4/test_trig.py): one day 0.13130908,
# 2 * 2.8843198 and 3 * 0.37448087 rad; half day 5.7686396, 0.95240898, 1.8014998, 1.0508330 and
# 4.4108898 rad.
FASX2 = (0.130932065016401, 0.9913913426848859)
FASX4 = (-0.4921394304891554, 0.8705163875297293)
FASX6 = (0.9015949901666641, 0.43258117585763345)
G22 = FASX4  # 2 * 2.8843198 = 5.7686396
G32 = (0.8148144061638924, 0.5797219018700115)
G44 = (0.9735057780180799, -0.22866241528815548)
G52 = (0.8678374012812774, 0.49684831179884187)
G54 = (-0.9548923776153001, -0.2969520957531686)


def initialise(c: dict[str, Array]) -> tuple[dict[str, Array], Mask, Mask]:
    """Compute the resonance constants of kernels/constants.def.

    Returns them with the masks of the satellites in one-day and in half-day resonance.
    """
    nm, em = c["no_unkozai"], c["ecco"]
    one_day = (nm > 0.0034906585) & (nm < 0.0052359877)
    half_day = (nm >= 8.26e-3) & (nm <= 9.24e-3) & (em >= 0.5)
    aonv = 1.0 / c["ao"]
    emsq = em * em
    sinim, cosim = c["sinio"], c["cosio"]

    # one day
    g200 = 1.0 + emsq * (-2.5 + 0.8125 * emsq)
    g310 = 1.0 + 2.0 * emsq
    g300 = 1.0 + emsq * (-6.0 + 6.60937 * emsq)
    f330 = 1.0 + cosim
    f220 = 0.75 * f330 * f330
    f311 = 0.9375 * sinim * sinim * (1.0 + 3.0 * cosim) - 0.75 * f330
    f330 = 1.875 * f330 * f330 * f330
    del1 = 3.0 * nm * nm * aonv * aonv
    constants = dict(
        del1=np.where(one_day, del1 * f311 * g310 * Q31 * aonv, 0.0),
        del2=np.where(one_day, 2.0 * del1 * f220 * g200 * Q22, 0.0),
        del3=np.where(one_day, 3.0 * del1 * f330 * g300 * Q33 * aonv, 0.0),
    )

    # half day
    cosisq = cosim * cosim
    sini2 = sinim * sinim
    f220 = 0.75 * (1.0 + 2.0 * cosim + cosisq)
    f221 = 1.5 * sini2
    f321 = 1.875 * sinim * (1.0 - 2.0 * cosim - 3.0 * cosisq)
    f322 = -1.875 * sinim * (1.0 + 2.0 * cosim - 3.0 * cosisq)
    f441 = 35.0 * sini2 * f220
    f442 = 39.3750 * sini2 * sini2
    f522 = (
        9.84375
        * sinim
        * (
            sini2 * (1.0 - 2.0 * cosim - 5.0 * cosisq)
            + 0.33333333 * (-2.0 + 4.0 * cosim + 6.0 * cosisq)
        )
    )
    f523 = sinim * (
        4.92187512 * sini2 * (-2.0 - 4.0 * cosim + 10.0 * cosisq)
        + 6.56250012 * (1.0 + 2.0 * cosim - 3.0 * cosisq)
    )
    f542 = 29.53125 * sinim * (2.0 - 8.0 * cosim + cosisq * (-12.0 + 8.0 * cosim + 10.0 * cosisq))
    f543 = 29.53125 * sinim * (-2.0 - 8.0 * cosim + cosisq * (12.0 + 8.0 * cosim - 10.0 * cosisq))
    temp2 = 3.0 * nm * nm * aonv * aonv
    temp3 = temp2 * aonv
    temp4 = temp3 * aonv
    temp5 = temp4 * aonv
    g = eccentricity_functions(em)
    for name, value in dict(
        d2201=temp2 * ROOT22 * f220 * g["g201"],
        d2211=temp2 * ROOT22 * f221 * g["g211"],
        d3210=temp3 * ROOT32 * f321 * g["g310"],
        d3222=temp3 * ROOT32 * f322 * g["g322"],
        d4410=2.0 * temp4 * ROOT44 * f441 * g["g410"],
        d4422=2.0 * temp4 * ROOT44 * f442 * g["g422"],
        d5220=temp5 * ROOT52 * f522 * g["g520"],
        d5232=temp5 * ROOT52 * f523 * g["g532"],
        d5421=2.0 * temp5 * ROOT54 * f542 * g["g521"],
        d5433=2.0 * temp5 * ROOT54 * f543 * g["g533"],
    ).items():
        constants[name] = np.where(half_day, value, 0.0)

    theta = c["gsto"]
    xlamo = np.where(
        one_day,
        (c["mo"] + c["nodeo"]) + (c["argpo"] - theta),
        (c["mo"] + c["nodeo"]) + (c["nodeo"] - theta - theta),
    )
    common = c["mdot"] + c["dmdt"]
    xfact = np.where(
        one_day,
        common + (c["argpdot"] + c["nodedot"]) - RPTIM + c["domdt"] + c["dnodt"] - nm,
        common + 2.0 * (c["nodedot"] + c["dnodt"] - RPTIM) - nm,
    )
    resonant = one_day | half_day
    constants["xlamo"] = np.where(resonant, xlamo, 0.0)
    constants["xfact"] = np.where(resonant, xfact, 0.0)
    return constants, one_day, half_day


def eccentricity_functions(em: Array) -> dict[str, Array]:
    """Compute the fitted functions G of the eccentricity, piece by piece as in the 1980 report."""
    emsq = em * em
    eoc = em * emsq

    def cubic(a0: float, a1: float, a2: float, a3: float) -> Array:
        return a0 + a1 * em + a2 * emsq + a3 * eoc

    low = em <= 0.65
    below = em < 0.7
    return dict(
        g201=-0.306 - (em - 0.64) * 0.440,
        g211=np.where(
            low, 3.616 - 13.2470 * em + 16.2900 * emsq, cubic(-72.099, 331.819, -508.738, 266.724)
        ),
        g310=np.where(
            low,
            cubic(-19.302, 117.3900, -228.4190, 156.5910),
            cubic(-346.844, 1582.851, -2415.925, 1246.113),
        ),
        g322=np.where(
            low,
            cubic(-18.9068, 109.7927, -214.6334, 146.5816),
            cubic(-342.585, 1554.908, -2366.899, 1215.972),
        ),
        g410=np.where(
            low,
            cubic(-41.122, 242.6940, -471.0940, 313.9530),
            cubic(-1052.797, 4758.686, -7193.992, 3651.957),
        ),
        g422=np.where(
            low,
            cubic(-146.407, 841.8800, -1629.014, 1083.4350),
            cubic(-3581.690, 16178.110, -24462.770, 12422.520),
        ),
        g520=np.where(
            low,
            cubic(-532.114, 3017.977, -5740.032, 3708.2760),
            np.where(
                em > 0.715,
                cubic(-5149.66, 29936.92, -54087.36, 31324.56),
                1464.74 - 4664.75 * em + 3763.64 * emsq,
            ),
        ),
        g533=np.where(
            below,
            cubic(-919.22770, 4988.6100, -9064.7700, 5542.21),
            cubic(-37995.780, 161616.52, -229838.20, 109377.94),
        ),
        g521=np.where(
            below,
            cubic(-822.71072, 4568.6173, -8491.4146, 5337.524),
            cubic(-51752.104, 218913.95, -309468.16, 146349.42),
        ),
        g532=np.where(
            below,
            cubic(-853.66600, 4690.2500, -8624.7700, 5341.4),
            cubic(-40023.880, 170470.89, -242699.48, 115605.82),
        ),
    )


class Rates(NamedTuple):
    """Derivatives of the mean motion.

    xndt: the first, rad/min^2. xnddt: the second without its factor xldot, rad/min^2 per rad.
    """

    xndt: Array
    xnddt: Array


def one_day_rates(c: dict[str, Array], xli: Array, atime: Array | float) -> Rates:
    """Compute the one-day terms at the resonance angle xli; atime is not used."""
    s1, c1 = sincos(xli)
    s2, c2 = rotate(s1, c1, s1, c1)
    s3, c3 = rotate(s2, c2, s1, c1)
    del1, del2, del3 = c["del1"], c["del2"], c["del3"]
    return Rates(
        del1 * (s1 * FASX2[1] - c1 * FASX2[0])
        + del2 * (s2 * FASX4[1] - c2 * FASX4[0])
        + del3 * (s3 * FASX6[1] - c3 * FASX6[0]),
        del1 * (c1 * FASX2[1] + s1 * FASX2[0])
        + 2.0 * del2 * (c2 * FASX4[1] + s2 * FASX4[0])
        + 3.0 * del3 * (c3 * FASX6[1] + s3 * FASX6[0]),
    )


def half_day_rates(c: dict[str, Array], xli: Array, atime: Array | float) -> Rates:
    """Compute the half-day terms at the resonance angle xli, atime minutes after the epoch."""
    s, co = sincos(xli)
    sw, cw = sincos(c["argpo"] + c["argpdot"] * atime)
    sp, cp = rotate(s, co, sw, cw)  # xli + xomi
    sm, cm = rotate(s, co, -sw, cw)  # xli - xomi
    swp, cwp = rotate(sp, cp, sw, cw)  # xli + 2 xomi
    s2, c2 = rotate(s, co, s, co)  # 2 xli
    spp, cpp = rotate(sp, cp, sp, cp)  # 2 xli + 2 xomi
    slp, clp = rotate(sp, cp, s, co)  # 2 xli + xomi
    slm, clm = rotate(sm, cm, s, co)  # 2 xli - xomi
    xndt = np.zeros_like(s)
    xnddt = np.zeros_like(s)
    for factor, (sing, cosg), sine, cosine in (
        (1.0, G22, c["d2201"] * swp + c["d2211"] * s, c["d2201"] * cwp + c["d2211"] * co),
        (1.0, G32, c["d3210"] * sp + c["d3222"] * sm, c["d3210"] * cp + c["d3222"] * cm),
        (2.0, G44, c["d4410"] * spp + c["d4422"] * s2, c["d4410"] * cpp + c["d4422"] * c2),
        (1.0, G52, c["d5220"] * sp + c["d5232"] * sm, c["d5220"] * cp + c["d5232"] * cm),
        (2.0, G54, c["d5421"] * slp + c["d5433"] * slm, c["d5421"] * clp + c["d5433"] * clm),
    ):
        xndt = xndt + (sine * cosg - cosine * sing)
        xnddt = xnddt + factor * (cosine * cosg + sine * sing)
    return Rates(xndt, xnddt)


class Integrator:
    """The integration of some satellites of one resonant regime.

    It keeps the last step that it reached. This saves time and changes no result, because every
    instant is reached by the same steps from the epoch.
    """

    def __init__(self, c: dict[str, Array], regime: int) -> None:
        self._c = c
        self.regime = regime
        self._rates = one_day_rates if regime == ONE_DAY else half_day_rates
        self._reached = {1: self._epoch(), -1: self._epoch()}

    def _epoch(self) -> tuple[int, Array, Array]:
        return 0, self._c["xlamo"], self._c["no_unkozai"]

    def at(self, t: Array) -> tuple[Array, Array]:
        """Compute mean motion (rad/min) and resonance angle (rad) at t minutes."""
        size = absolute(t) / STEP
        steps = nearest(size)
        steps = steps - np.where(steps > size, 1.0, 0.0)
        steps = np.where(t < 0.0, -steps, steps)
        near = size <= LARGEST_STEPS
        wanted, row = np.unique(np.where(near, steps, 0.0), return_inverse=True)
        table = np.empty((4, len(wanted), t.shape[1]))
        table[:, wanted < 0.0] = self._walk(-1, wanted[wanted < 0.0][::-1])[:, ::-1]
        table[:, wanted >= 0.0] = self._walk(1, wanted[wanted >= 0.0])
        place = row.reshape(t.shape) * t.shape[1] + np.arange(t.shape[1])
        xli, xni, xndt, xnddt = (column.ravel().take(place) for column in table)
        ft = t - np.where(near, steps, np.nan) * STEP
        half_ft2 = ft * ft * 0.5
        nm = xni + xndt * ft + xnddt * half_ft2
        xl = xli + (xni + self._c["xfact"]) * ft + xndt * half_ft2
        return nm, xl

    def _walk(self, sign: int, wanted: Array) -> Array:
        """Compute xli, xni, xndt, xnddt (4, n_steps, n_sats) at the steps `wanted`.

        The steps lead away from the epoch.
        """
        c, delt = self._c, sign * STEP
        step, xli, xni = self._reached[sign]
        if len(wanted) and abs(wanted[0]) < abs(step):
            step, xli, xni = self._epoch()
        rows = np.empty((4, len(wanted), len(xli)))
        for row, target in enumerate(wanted):
            while True:
                xndt, slope = self._rates(c, xli, step * STEP)
                xldot = xni + c["xfact"]
                xnddt = slope * xldot
                if step == target:
                    break
                xli, xni = xli + xldot * delt + xndt * STEP2, xni + xndt * delt + xnddt * STEP2
                step += sign
            rows[:, row] = xli, xni, xndt, xnddt
        self._reached[sign] = step, xli, xni
        return rows
