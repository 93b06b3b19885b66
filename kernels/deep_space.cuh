// SDP4: secular and lunar-solar effects on an orbit of 225 minutes or more. Source: AIAA 2006-6753,
// routines sgp4 and dpper. Twin: gpuprop/sgp4/deep_space.py.
#pragma once
#include "initialise.cuh"
#include "lunar_solar.cuh"
#include "near_earth.cuh"
#include "resonance.cuh"

namespace gpuprop {

// rad: below this inclination the periodics are applied without a division by sin i (Lyddane).
constexpr double LYDDANE = 0.2;

// The mean orbit with lunar-solar periodics, t minutes after the epoch. afspc: opsmode a.
template <int REGIME>
FN Mean deep_space(const Gravity& gravity, bool afspc, const Constants& c, Integrator& reached,
                   Real t, Inclination& inclination) {
    Real t2 = t * t;
    Real em = (c.ecco + c.dedt * t) - c.bcc4 * t;
    Mean mean;
    mean.status = eccentricity_status(em);
    Real inclm = c.inclo + c.didt * t;
    Real argpm = (c.argpo + c.argpdot * t) + c.domdt * t;
    Real nodem = ((c.nodeo + c.nodedot * t) + c.nodecf * t2) + c.dnodt * t;
    Real mm, sqrt_am;
    if (REGIME == DEEP_SPACE) {
        mm = (c.mo + c.mdot * t) + c.dmdt * t;
        sqrt_am = c.sqrt_ao;
    } else {
        Resonance resonance = resonance_at<REGIME == HALF_DAY>(c, reached, t);
        Real theta = c.gsto + t * RPTIM;
        mm = REGIME == ONE_DAY ? ((resonance.xl - nodem) - argpm) + theta
                               : (resonance.xl - (nodem + nodem)) + (theta + theta);
        sqrt_am = cbrt(gravity.xke / resonance.nm);
        mean.status = select(resonance.nm <= 0.0, code(2), mean.status);
    }
    Real tempa = 1.0 - c.cc1 * t;
    sqrt_am = sqrt_am * absolute(tempa);
    em = select(em < SMALLEST_EM, splat(SMALLEST_EM), em);
    mm = mm + c.no_unkozai * (c.t2cof * t2);
    Mask lost = opposite((argpm * argpm + nodem * nodem) + (mm * mm + inclm * inclm) <
                         LARGEST_ANGLE * LARGEST_ANGLE);
    if (unlikely(any(lost))) {
        argpm = select(lost, lost_angle(argpm), argpm);
        nodem = select(lost, lost_angle(nodem), nodem);
        mm = select(lost, lost_angle(mm), mm);
        inclm = select(lost, lost_angle(inclm), inclm);
        t = select(lost, lost_angle(t), t);  // used by the periodics
        mean.status = select(lost, lost_status(mean.status), mean.status);
    }
    // Whole turns are removed at the same place as in the reference: for e = 0.96 the rounding of
    // this sum is visible in the published vectors.
    Real xlm = wrap((mm + argpm) + nodem);
    nodem = wrap(nodem);
    argpm = wrap(argpm);
    mm = (xlm - argpm) - nodem;

    Periodics p = periodics(c, t);
    Real ep = em + p.e;
    Real xincp = inclm + p.inc;
    SinCos i = sincos(xincp);
    Mask low = xincp < LYDDANE;
    Real safe_sini = select(low, splat(1.0), i.s);
    Real dnode = p.h / safe_sini;
    Real dargp = p.gh - i.c * dnode;
    if (any(low)) {
        // The paper adds the periodics to the components of the node and takes atan2. The change of
        // the node is then the angle of (sin i + di cos i, dh), up to the multiple of 2 pi that the
        // twin explains.
        Real xnoh = afspc ? select(nodem < 0.0, nodem + TWO_PI, nodem) : nodem;
        Real change = atan2(p.h, i.s + p.inc * i.c);
        dnode = select(low, change, dnode);
        dargp = select(low, (p.gh - i.c * change) - (p.inc * i.s) * xnoh, dargp);
    }
    Real nodep = nodem + dnode;
    Real argpp = argpm + dargp;
    Mask backward = xincp < 0.0;
    nodep = select(backward, nodep + PI, nodep);
    argpp = select(backward, argpp - PI, argpp);
    i.s = select(backward, -i.s, i.s);
    mean.status = select(both(mean.status == 0, either(ep < 0.0, ep > 1.0)), code(3), mean.status);

    Real cosisq = i.c * i.c;
    LongPeriod l = long_period(gravity, i.s, i.c);
    inclination = {i.s,     i.c,    3.0 * cosisq - 1.0, 1.0 - cosisq, 7.0 * cosisq - 1.0,
                   l.aycof, l.xlcof};
    mean.am = sqrt_am * sqrt_am;
    mean.sqrt_am = sqrt_am;
    mean.em = ep;
    mean.argpm = argpp;
    mean.nodem = nodep;
    mean.mm = mm + p.l;
    return mean;
}

}  // namespace gpuprop
