// Mean orbit -> position, velocity, status. AIAA 2006-6753, routine sgp4, from the long-period terms on. Twin: orbit.py.
#pragma once
#include "constants.cuh"
#include "trig.cuh"

namespace gpuprop {

#define KEPLER_STEPS 12
#define LARGEST_STEP 0.75  /* rad */
#define LARGEST_ENERGY 2.2 /* speed^2 * distance / mu: a bound orbit stays below two */

// Sine and cosine of E + argp, where E + argp = u + axnl sin(E + argp) - aynl cos(E + argp), by Halley's method.
// A lane stops where the next step would be below rounding: the third power of the last one, by Halley's order.
FN SinCos kepler(Real u, Real axnl, Real aynl) {
    SinCos e = sincos(u);
    Real d = splat(0.0);  // E + argp - u
    Mask active = d == 0.0;
    for (int i = 0; i < KEPLER_STEPS; i++) {
        Real esine = axnl * e.s - aynl * e.c;
        Real slope = 1.0 - (axnl * e.c + aynl * e.s);
        Real f = esine - d;
        Real step = (f * slope) / (slope * slope + (0.5 * f) * esine);
        step = select(step > LARGEST_STEP, splat(LARGEST_STEP), select(step < -LARGEST_STEP, splat(-LARGEST_STEP), step));
        SinCos turned = rotate(e, sincos_near_zero(step));
        d = select(active, d + step, d);
        e.s = select(active, turned.s, e.s);
        e.c = select(active, turned.c, e.c);
        active = both(active, absolute(step) >= 1.0e-5 * slope);
        if (!any(active)) break;
    }
    return e;
}

// Position and velocity; beyond rmax (er) a distance is not plausible.
FN State orbit(const Gravity& gravity, Real rmax, const Mean& mean, const Inclination& inc) {
    Real am = mean.am, em = mean.em;
    double j2 = gravity.j2;
    SinCos argp = sincos(mean.argpm);
    Real axnl = em * argp.c;
    Real temp = 1.0 / (am * (1.0 - em * em));
    Real aynl = em * argp.s + temp * inc.aycof;
    SinCos eo1 = kepler((mean.mm + mean.argpm) + (temp * inc.xlcof) * axnl, axnl, aynl);

    // short-period preliminary quantities; one division gives four reciprocals
    Real ecose = axnl * eo1.c + aynl * eo1.s;
    Real esine = axnl * eo1.s - aynl * eo1.c;
    Real el2 = axnl * axnl + aynl * aynl;
    Real omel2 = 1.0 - el2;
    Real betal = root(omel2);
    Real onebeta = 1.0 + betal;
    Real omecose = 1.0 - ecose;
    Real rl = am * omecose;
    Real p1 = omel2 * omecose;
    Real p2 = onebeta * am;
    Real recip = 1.0 / (p1 * p2);
    Real ram = recip * (p1 * onebeta);
    Real romecose = recip * (omel2 * p2);
    Real romel2 = recip * (omecose * p2);
    Real ronebeta = recip * (p1 * am);
    Real rsqrt_am = ram * mean.sqrt_am;
    Real rdotl = (rsqrt_am * esine) * romecose;
    Real rvdotl = (rsqrt_am * betal) * romecose;
    temp = esine * ronebeta;
    SinCos u = {romecose * ((eo1.s - aynl) - axnl * temp), romecose * ((eo1.c - axnl) + aynl * temp)};
    Real sin2u = (u.c + u.c) * u.s;
    Real cos2u = 1.0 - (2.0 * u.s) * u.s;

    // short-period periodics
    Real rpl = ram * romel2;
    Real temp1 = (0.5 * j2) * rpl;
    Real temp2 = temp1 * rpl;
    Real mrt = rl * (1.0 - (1.5 * temp2) * (betal * inc.con41)) + (0.5 * temp1) * (inc.x1mth2 * cos2u);
    SinCos su = rotate(u, sincos_near_zero((-0.25 * temp2) * (inc.x7thm1 * sin2u)));
    Real turn = (1.5 * temp2) * inc.cosi;
    SinCos node = sincos(mean.nodem + turn * sin2u);
    SinCos i = rotate({inc.sini, inc.cosi}, sincos_near_zero(turn * (inc.sini * cos2u)));
    Real rate = (ram * rsqrt_am) * temp1;  // mean motion / xke * temp1
    Real mvt = rdotl - rate * (inc.x1mth2 * sin2u);
    Real rvdot = rvdotl + rate * (inc.x1mth2 * cos2u + 1.5 * inc.con41);

    // orientation vectors
    Real xmx = -node.s * i.c;
    Real xmy = node.c * i.c;
    Real ux = xmx * su.s + node.c * su.c;
    Real uy = xmy * su.s + node.s * su.c;
    Real uz = i.s * su.s;
    Real vx = xmx * su.c - node.c * su.s;
    Real vy = xmy * su.c - node.s * su.s;
    Real vz = i.s * su.c;
    Real r = mrt * gravity.radius;
    Real rdot = mvt * gravity.vkmpersec;
    Real rfdot = rvdot * gravity.vkmpersec;
    State state = {r * ux,
                   r * uy,
                   r * uz,
                   rdot * ux + rfdot * vx,
                   rdot * uy + rfdot * vy,
                   rdot * uz + rfdot * vz,
                   mean.status};

    Real energy = (mvt * mvt + rvdot * rvdot) * mrt;
    Mask plausible = both(mrt <= rmax, energy <= LARGEST_ENERGY);
    Mask fine = both(both(both(plausible, mrt >= 1.0), mean.status == 0), omel2 >= 0.0);
    if (RARELY(any(opposite(fine)))) {
        Code late = select(omel2 < 0.0, code(4), select(mrt < 1.0, code(6), select(plausible, code(0), code(10))));
        state.status = select(mean.status != 0, mean.status, late);
        Mask lost = both(state.status >= 1, state.status <= 4);
        Real nan = not_a_number();
        state.x = select(either(lost, state.x != state.x), nan, state.x);
        state.y = select(either(lost, state.y != state.y), nan, state.y);
        state.z = select(either(lost, state.z != state.z), nan, state.z);
        state.vx = select(either(lost, state.vx != state.vx), nan, state.vx);
        state.vy = select(either(lost, state.vy != state.vy), nan, state.vy);
        state.vz = select(either(lost, state.vz != state.vz), nan, state.vz);
    }
    return state;
}

}  // namespace gpuprop
