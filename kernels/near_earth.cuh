// SGP4: secular gravity and drag on a near-Earth orbit. AIAA 2006-6753, routine sgp4, first part. Twin: near_earth.py.
#pragma once
#include "constants.cuh"
#include "trig.cuh"

namespace gpuprop {

#define SMALLEST_EM 1.0e-6

// Status 1 where the mean eccentricity has left [-0.001, 1).
FN Code eccentricity_status(Real em) { return select(either(em >= 1.0, em < -0.001), code(1), code(0)); }

// t minutes since epoch. Where isimp is 1 the constants of the full series are zero, so one text serves both.
FN Mean near_earth(const Constants& c, Real t) {
    Real t2 = t * t;
    Real xmdf = c.mo + c.mdot * t;
    Real q = 1.0 + c.eta * cosine(xmdf);
    Real temp = c.omgcof * t + c.xmcof * (q * q * q - c.delmo);
    Real mm = xmdf + temp;
    Real sinmm = cosine(mm - 1.57079632679489661923);
    Real tempa = 1.0 - ((c.cc1 * t + c.d2 * t2) + t2 * (c.d3 * t + c.d4 * t2));
    Real tempe = c.bcc4 * t + c.bcc5 * (sinmm - c.sinmao);
    Real templ = t2 * (c.t2cof + c.t3cof * t) + (t2 * t2) * (c.t4cof + t * c.t5cof);
    Real em = c.ecco - tempe;
    Mean mean;
    mean.am = c.ao * (tempa * tempa);
    mean.sqrt_am = c.sqrt_ao * absolute(tempa);
    mean.em = select(em < SMALLEST_EM, splat(SMALLEST_EM), em);
    mean.argpm = (c.argpo + c.argpdot * t) - temp;
    mean.nodem = (c.nodeo + c.nodedot * t) + c.nodecf * t2;
    mean.mm = mm + c.no_unkozai * templ;
    mean.status = eccentricity_status(em);
    return mean;
}

FN Inclination inclination_at_epoch(const Constants& c) {
    return {c.sinio, c.cosio, c.con41, c.x1mth2, c.x7thm1, c.aycof, c.xlcof};
}

}  // namespace gpuprop
