// Mean orbit -> position, velocity, status. Source: AIAA 2006-6753, routine sgp4, from the
// long-period terms on. Twin: gpuprop/sgp4/orbit.py.
#pragma once
#include "constants.cuh"
#include "trig.cuh"

namespace gpuprop {

constexpr int KEPLER_STEPS = 12;
constexpr double LARGEST_STEP = 0.75;   // rad
constexpr double LARGEST_ENERGY = 2.2;  // speed^2 * distance / mu: a bound orbit stays below two

FN Real clamp(Real x) {
    return select(x > LARGEST_STEP, splat(LARGEST_STEP),
                  select(x < -LARGEST_STEP, splat(-LARGEST_STEP), x));
}

// One step towards the solution, from e = (sin, cos)(E + argp) and d = E + argp - u. Returns the
// lanes that need another step. A step of Newton is the last one if its square is below rounding.
// Otherwise a step of Halley is taken, which is the last one if its third power is below rounding.
FN Mask kepler_step(Real axnl, Real aynl, SinCos& e, Real& d) {
    Real esine = axnl * e.s - aynl * e.c;
    Real slope = 1.0 - (axnl * e.c + aynl * e.s);
    Real f = esine - d;
    Real step = f / slope;
    SinCos turned = {e.s + e.c * step, e.c - e.s * step};
    Mask far = reaches(step, 1.0e-8);
    if (unlikely(any(far))) {
        Real wide = clamp((f * slope) / (slope * slope + (0.5 * f) * esine));
        SinCos turned_wide = rotate(e, sincos_near_zero(wide));
        step = select(far, wide, step);
        turned.s = select(far, turned_wide.s, turned.s);
        turned.c = select(far, turned_wide.c, turned.c);
        far = both(far, absolute(wide) >= 1.0e-5 * slope);
    }
    d = d + step;
    e = turned;
    return far;
}

// Sine and cosine of E + argp, the solution of E + argp = u + axnl sin(E + argp) - aynl cos(E +
// argp). Starts with three terms of the series in the eccentricity; then steps until only rounding
// is left.
FN SinCos kepler(Real u, Real axnl, Real aynl) {
    SinCos e = sincos(u);
    Real esine = axnl * e.s - aynl * e.c;
    Real ecose = axnl * e.c + aynl * e.s;
    Real d = clamp(esine * minus_half(1.0 + ecose * (1.0 + ecose), esine * esine));
    e = rotate(e, sincos_near_zero(d));
    Mask active = kepler_step(axnl, aynl, e, d);
    for (int i = 1; i < KEPLER_STEPS && unlikely(any(active)); i++) {
        SinCos next = e;
        Real further = d;
        Mask again = kepler_step(axnl, aynl, next, further);
        d = select(active, further, d);
        e.s = select(active, next.s, e.s);
        e.c = select(active, next.c, e.c);
        active = both(active, again);
    }
    return e;
}

// The eccentricity vector with its long-period terms, and the eccentric anomaly.
struct Eccentric {
    Real axnl, aynl;
    Real ram;    // 1 / am
    SinCos eo1;  // sine and cosine of E + argp
};

FN Eccentric eccentric(const Mean& mean, const Inclination& inc) {
    Real am = mean.am, em = mean.em;
    SinCos argp = sincos(mean.argpm);
    Real axnl = em * argp.c;
    Real omemsq = 1.0 - em * em;
    Real temp = 1.0 / (am * omemsq);
    Real aynl = em * argp.s + temp * inc.aycof;
    return {axnl, aynl, temp * omemsq,
            kepler((mean.mm + mean.argpm) + (temp * inc.xlcof) * axnl, axnl, aynl)};
}

// Position, velocity and status. rmax (er): a larger distance is not plausible; negative if the
// mean motion is not positive.
FN State orbit(const Gravity& gravity, Real rmax, const Mean& mean, const Inclination& inc,
               const Eccentric& e) {
    Real am = mean.am, axnl = e.axnl, aynl = e.aynl;
    SinCos eo1 = e.eo1;
    double j2 = gravity.j2;

    // short-period preliminary quantities; one division gives three reciprocals
    Real ecose = axnl * eo1.c + aynl * eo1.s;
    Real esine = axnl * eo1.s - aynl * eo1.c;
    Real omel2 = 1.0 - (axnl * axnl + aynl * aynl);
    Real betal = sqrt(omel2);
    Real onebeta = 1.0 + betal;
    Real omecose = 1.0 - ecose;
    Real p1 = omel2 * omecose;
    Real recip = 1.0 / (p1 * onebeta);
    Real romecose = recip * (omel2 * onebeta);
    Real romel2 = recip * (omecose * onebeta);
    Real ronebeta = recip * p1;
    Real rsqrt_am = e.ram * mean.sqrt_am;
    Real speed = rsqrt_am * romecose;
    Real temp = esine * ronebeta;
    SinCos u = {romecose * ((eo1.s - aynl) - axnl * temp),
                romecose * ((eo1.c - axnl) + aynl * temp)};
    Real sin2u = (u.c + u.c) * u.s;
    Real cos2u = (u.c - u.s) * (u.c + u.s);

    // short-period periodics
    Real rpl = e.ram * romel2;
    Real temp1 = (0.5 * j2) * rpl;
    Real temp2 = temp1 * rpl;
    Real mrt = (am * omecose) * (1.0 - (1.5 * temp2) * (betal * inc.con41)) +
               (0.5 * temp1) * (inc.x1mth2 * cos2u);
    SinCos su = rotate(u, sincos_tiny((-0.25 * temp2) * (inc.x7thm1 * sin2u)));
    Real turn = (1.5 * temp2) * inc.cosi;
    SinCos node = sincos(mean.nodem + turn * sin2u);
    SinCos i = rotate({inc.sini, inc.cosi}, sincos_tiny(turn * (inc.sini * cos2u)));
    Real rate = (e.ram * rsqrt_am) * temp1;  // mean motion / xke * temp1
    Real mvt = speed * esine - rate * (inc.x1mth2 * sin2u);
    Real rvdot = speed * betal + rate * (inc.x1mth2 * cos2u + 1.5 * inc.con41);

    // along the node, and along its normal in the plane of the orbit
    Real xmx = -node.s * i.c;
    Real xmy = node.c * i.c;
    Real r = mrt * gravity.radius;
    Real rdot = mvt * gravity.vkmpersec;
    Real rfdot = rvdot * gravity.vkmpersec;
    Real rn = r * su.c, rm = r * su.s;
    Real vn = rdot * su.c - rfdot * su.s, vm = rdot * su.s + rfdot * su.c;
    State state = {xmx * rm + node.c * rn,
                   xmy * rm + node.s * rn,
                   i.s * rm,
                   xmx * vm + node.c * vn,
                   xmy * vm + node.s * vn,
                   i.s * vm,
                   mean.status};

    Real energy = (mvt * mvt + rvdot * rvdot) * mrt;
    Mask plausible = both(mrt <= rmax, energy <= LARGEST_ENERGY);
    Mask fine = both(both(plausible, mrt >= 1.0), mean.status == 0);  // el2 > 1 makes mrt a NaN
    if (unlikely(any(opposite(fine)))) {
        // 10 here: the place on the orbit is arbitrary; a specific error below takes precedence.
        Mask early = both(mean.status != 0, mean.status != 10);
        Code late = select(both(plausible, mean.status == 0), code(0), code(10));
        late = select(omel2 < 0.0, code(4), select(mrt < 1.0, code(6), late));
        state.status = select(rmax < 0.0, code(2), select(early, mean.status, late));
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

// The two stages above, one after the other.
FN State orbit(const Gravity& gravity, Real rmax, const Mean& mean, const Inclination& inc) {
    return orbit(gravity, rmax, mean, inc, eccentric(mean, inc));
}

}  // namespace gpuprop
