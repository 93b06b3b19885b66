// Resonance with the Earth's rotation, for periods near one day and half a day. Source: AIAA
// 2006-6753, routines dsinit and dspace. Twin: gpuprop/sgp4/resonance.py.
//
// The mean longitude is integrated from the epoch in steps of 720 minutes. The steps are always the
// same, so that a state depends on its element set and instant alone. An Integrator keeps the last
// step that it reached, which saves time and changes no result.
#pragma once
#include "constants.cuh"
#include "trig.cuh"

namespace gpuprop {

constexpr double RPTIM = 4.37526908801129966e-3;  // the Earth's rotation, rad/min
constexpr double Q22 = 1.7891679e-6;
constexpr double Q31 = 2.1460748e-6;
constexpr double Q33 = 2.2123015e-7;
constexpr double ROOT22 = 1.7891679e-6;
constexpr double ROOT32 = 3.7393792e-7;
constexpr double ROOT44 = 7.3636953e-9;
constexpr double ROOT52 = 1.1428639e-7;
constexpr double ROOT54 = 2.1765803e-9;
constexpr double STEP = 720.0;  // min
constexpr double STEP2 = STEP * STEP / 2.0;
// 11,500 years: every Julian date from 0 on. Beyond it there is no state, because each step takes
// time.
constexpr double LARGEST_STEPS = 8388608.0;

// Sine and cosine of the phases of the resonant terms.
struct Phase {
    double s, c;
};
constexpr Phase FASX2 = {0.130932065016401, 0.9913913426848859};
constexpr Phase FASX4 = {-0.4921394304891554, 0.8705163875297293};
constexpr Phase FASX6 = {0.9015949901666641, 0.43258117585763345};
constexpr Phase G22 = FASX4;
constexpr Phase G32 = {0.8148144061638924, 0.5797219018700115};
constexpr Phase G44 = {0.9735057780180799, -0.22866241528815548};
constexpr Phase G52 = {0.8678374012812774, 0.49684831179884187};
constexpr Phase G54 = {-0.9548923776153001, -0.2969520957531686};

FN Real cubic(Real em, Real emsq, Real eoc, double a0, double a1, double a2, double a3) {
    return a0 + a1 * em + a2 * emsq + a3 * eoc;
}

// The resonance constants of deep-space lanes, and which lanes are in one-day and half-day
// resonance.
FN void resonance_initialise(Constants& c, Mask& one_day, Mask& half_day) {
    Real nm = c.no_unkozai, em = c.ecco;
    one_day = both(nm > 0.0034906585, nm < 0.0052359877);
    half_day = both(both(nm >= 8.26e-3, nm <= 9.24e-3), em >= 0.5);
    Real zero = splat(0.0);
    Real aonv = 1.0 / c.ao;
    Real emsq = em * em;
    Real sinim = c.sinio, cosim = c.cosio;

    // one day
    Real g200 = 1.0 + emsq * (-2.5 + 0.8125 * emsq);
    Real g310 = 1.0 + 2.0 * emsq;
    Real g300 = 1.0 + emsq * (-6.0 + 6.60937 * emsq);
    Real f330 = 1.0 + cosim;
    Real f220 = 0.75 * f330 * f330;
    Real f311 = 0.9375 * sinim * sinim * (1.0 + 3.0 * cosim) - 0.75 * f330;
    f330 = 1.875 * f330 * f330 * f330;
    Real del1 = 3.0 * nm * nm * aonv * aonv;
    c.del1 = select(one_day, del1 * f311 * g310 * Q31 * aonv, zero);
    c.del2 = select(one_day, 2.0 * del1 * f220 * g200 * Q22, zero);
    c.del3 = select(one_day, 3.0 * del1 * f330 * g300 * Q33 * aonv, zero);

    // half day
    Real cosisq = cosim * cosim;
    Real sini2 = sinim * sinim;
    f220 = 0.75 * (1.0 + 2.0 * cosim + cosisq);
    Real f221 = 1.5 * sini2;
    Real f321 = 1.875 * sinim * (1.0 - 2.0 * cosim - 3.0 * cosisq);
    Real f322 = -1.875 * sinim * (1.0 + 2.0 * cosim - 3.0 * cosisq);
    Real f441 = 35.0 * sini2 * f220;
    Real f442 = 39.3750 * sini2 * sini2;
    Real f522 = 9.84375 * sinim *
                (sini2 * (1.0 - 2.0 * cosim - 5.0 * cosisq) +
                 0.33333333 * (-2.0 + 4.0 * cosim + 6.0 * cosisq));
    Real f523 = sinim * (4.92187512 * sini2 * (-2.0 - 4.0 * cosim + 10.0 * cosisq) +
                         6.56250012 * (1.0 + 2.0 * cosim - 3.0 * cosisq));
    Real f542 =
        29.53125 * sinim * (2.0 - 8.0 * cosim + cosisq * (-12.0 + 8.0 * cosim + 10.0 * cosisq));
    Real f543 =
        29.53125 * sinim * (-2.0 - 8.0 * cosim + cosisq * (12.0 + 8.0 * cosim - 10.0 * cosisq));
    Real temp2 = 3.0 * nm * nm * aonv * aonv;
    Real temp3 = temp2 * aonv;
    Real temp4 = temp3 * aonv;
    Real temp5 = temp4 * aonv;

    // the fitted functions G of the eccentricity, piece by piece as in the 1980 report
    Real eoc = em * emsq;
    Mask low = em <= 0.65;
    Mask below = em < 0.7;
    Real g201 = -0.306 - (em - 0.64) * 0.440;
    Real g211 = select(low, 3.616 - 13.2470 * em + 16.2900 * emsq,
                       cubic(em, emsq, eoc, -72.099, 331.819, -508.738, 266.724));
    g310 = select(low, cubic(em, emsq, eoc, -19.302, 117.3900, -228.4190, 156.5910),
                  cubic(em, emsq, eoc, -346.844, 1582.851, -2415.925, 1246.113));
    Real g322 = select(low, cubic(em, emsq, eoc, -18.9068, 109.7927, -214.6334, 146.5816),
                       cubic(em, emsq, eoc, -342.585, 1554.908, -2366.899, 1215.972));
    Real g410 = select(low, cubic(em, emsq, eoc, -41.122, 242.6940, -471.0940, 313.9530),
                       cubic(em, emsq, eoc, -1052.797, 4758.686, -7193.992, 3651.957));
    Real g422 = select(low, cubic(em, emsq, eoc, -146.407, 841.8800, -1629.014, 1083.4350),
                       cubic(em, emsq, eoc, -3581.690, 16178.110, -24462.770, 12422.520));
    Real g520 =
        select(low, cubic(em, emsq, eoc, -532.114, 3017.977, -5740.032, 3708.2760),
               select(em > 0.715, cubic(em, emsq, eoc, -5149.66, 29936.92, -54087.36, 31324.56),
                      1464.74 - 4664.75 * em + 3763.64 * emsq));
    Real g533 = select(below, cubic(em, emsq, eoc, -919.22770, 4988.6100, -9064.7700, 5542.21),
                       cubic(em, emsq, eoc, -37995.780, 161616.52, -229838.20, 109377.94));
    Real g521 = select(below, cubic(em, emsq, eoc, -822.71072, 4568.6173, -8491.4146, 5337.524),
                       cubic(em, emsq, eoc, -51752.104, 218913.95, -309468.16, 146349.42));
    Real g532 = select(below, cubic(em, emsq, eoc, -853.66600, 4690.2500, -8624.7700, 5341.4),
                       cubic(em, emsq, eoc, -40023.880, 170470.89, -242699.48, 115605.82));
    c.d2201 = select(half_day, temp2 * ROOT22 * f220 * g201, zero);
    c.d2211 = select(half_day, temp2 * ROOT22 * f221 * g211, zero);
    c.d3210 = select(half_day, temp3 * ROOT32 * f321 * g310, zero);
    c.d3222 = select(half_day, temp3 * ROOT32 * f322 * g322, zero);
    c.d4410 = select(half_day, 2.0 * temp4 * ROOT44 * f441 * g410, zero);
    c.d4422 = select(half_day, 2.0 * temp4 * ROOT44 * f442 * g422, zero);
    c.d5220 = select(half_day, temp5 * ROOT52 * f522 * g520, zero);
    c.d5232 = select(half_day, temp5 * ROOT52 * f523 * g532, zero);
    c.d5421 = select(half_day, 2.0 * temp5 * ROOT54 * f542 * g521, zero);
    c.d5433 = select(half_day, 2.0 * temp5 * ROOT54 * f543 * g533, zero);

    Real theta = c.gsto;
    Real xlamo = select(one_day, (c.mo + c.nodeo) + (c.argpo - theta),
                        (c.mo + c.nodeo) + (c.nodeo - theta - theta));
    Real common = c.mdot + c.dmdt;
    Real xfact = select(one_day, common + (c.argpdot + c.nodedot) - RPTIM + c.domdt + c.dnodt - nm,
                        common + 2.0 * (c.nodedot + c.dnodt - RPTIM) - nm);
    Mask resonant = either(one_day, half_day);
    c.xlamo = select(resonant, xlamo, zero);
    c.xfact = select(resonant, xfact, zero);
}

// First derivative of the mean motion (rad/min^2), and the second one without its factor xldot
// (rad/min^2 per rad).
struct Rates {
    Real xndt, xnddt;
};

FN Real in_phase(SinCos a, Phase g) { return a.s * g.c - a.c * g.s; }
FN Real in_quadrature(SinCos a, Phase g) { return a.c * g.c + a.s * g.s; }

// The one-day terms at the resonance angle xli.
FN Rates one_day_rates(const Constants& c, Real xli) {
    SinCos a1 = sincos(xli);
    SinCos a2 = rotate(a1, a1);
    SinCos a3 = rotate(a2, a1);
    return {
        c.del1 * in_phase(a1, FASX2) + c.del2 * in_phase(a2, FASX4) + c.del3 * in_phase(a3, FASX6),
        c.del1 * in_quadrature(a1, FASX2) + 2.0 * c.del2 * in_quadrature(a2, FASX4) +
            3.0 * c.del3 * in_quadrature(a3, FASX6)};
}

FN SinCos weighted(Real a, SinCos x, Real b, SinCos y) {
    return {a * x.s + b * y.s, a * x.c + b * y.c};
}

// The half-day terms at the resonance angle xli, atime minutes after the epoch.
FN Rates half_day_rates(const Constants& c, Real xli, Real atime) {
    SinCos l = sincos(xli);
    SinCos w = sincos(c.argpo + c.argpdot * atime);
    SinCos lp = rotate(l, w);            // xli + xomi
    SinCos lm = rotate(l, {-w.s, w.c});  // xli - xomi
    SinCos lpp = rotate(lp, w);          // xli + 2 xomi
    SinCos ll = rotate(l, l);            // 2 xli
    SinCos llpp = rotate(lp, lp);        // 2 xli + 2 xomi
    SinCos llp = rotate(lp, l);          // 2 xli + xomi
    SinCos llm = rotate(lm, l);          // 2 xli - xomi
    SinCos a22 = weighted(c.d2201, lpp, c.d2211, l);
    SinCos a32 = weighted(c.d3210, lp, c.d3222, lm);
    SinCos a44 = weighted(c.d4410, llpp, c.d4422, ll);
    SinCos a52 = weighted(c.d5220, lp, c.d5232, lm);
    SinCos a54 = weighted(c.d5421, llp, c.d5433, llm);
    Real xndt = 0.0 + in_phase(a22, G22);
    xndt = xndt + in_phase(a32, G32);
    xndt = xndt + in_phase(a44, G44);
    xndt = xndt + in_phase(a52, G52);
    xndt = xndt + in_phase(a54, G54);
    Real xnddt = 0.0 + in_quadrature(a22, G22);
    xnddt = xnddt + in_quadrature(a32, G32);
    xnddt = xnddt + 2.0 * in_quadrature(a44, G44);
    xnddt = xnddt + in_quadrature(a52, G52);
    xnddt = xnddt + 2.0 * in_quadrature(a54, G54);
    return {xndt, xnddt};
}

// The integration of one lane: the number of steps from the epoch, and the values there.
struct Integrator {
    Real step, xli, xni;
};

FN Integrator at_epoch(const Constants& c) { return {splat(0.0), c.xlamo, c.no_unkozai}; }

// Mean motion (rad/min) and resonance angle (rad).
struct Resonance {
    Real nm, xl;
};

// The resonance t minutes after the epoch. HALF: half-day resonance, otherwise one-day.
template <bool HALF>
FN Resonance resonance_at(const Constants& c, Integrator& reached, Real t) {
    Real size = absolute(t) / STEP;
    Real steps = nearest(size);
    steps = steps - select(steps > size, splat(1.0), splat(0.0));
    steps = select(t < 0.0, -steps, steps);
    steps = select(size <= LARGEST_STEPS, steps, not_a_number());
    Mask passed = either(absolute(steps) < absolute(reached.step), steps * reached.step < 0.0);
    Real step = select(passed, splat(0.0), reached.step);
    Real xli = select(passed, c.xlamo, reached.xli);
    Real xni = select(passed, c.no_unkozai, reached.xni);
    Real sign = select(steps < 0.0, splat(-1.0), splat(1.0));
    Real delt = sign * STEP;
    Real xldot, xnddt;
    Rates rates;
    for (;;) {
        rates = HALF ? half_day_rates(c, xli, step * STEP) : one_day_rates(c, xli);
        xldot = xni + c.xfact;
        xnddt = rates.xnddt * xldot;
        Mask behind = either(step > steps, step < steps);  // false for a NaN
        if (!any(behind)) break;
        xli = select(behind, xli + xldot * delt + rates.xndt * STEP2, xli);
        xni = select(behind, xni + rates.xndt * delt + xnddt * STEP2, xni);
        step = select(behind, step + sign, step);
    }
    reached = {step, xli, xni};
    Real ft = t - steps * STEP;
    Real half_ft2 = ft * ft * 0.5;
    return {xni + rates.xndt * ft + xnddt * half_ft2, xli + xldot * ft + rates.xndt * half_ft2};
}

}  // namespace gpuprop
