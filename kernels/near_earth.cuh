// SGP4: secular effects of gravity and drag on a near-Earth orbit. Source: AIAA 2006-6753, routine
// sgp4, first part. Twin: gpuprop/sgp4/near_earth.py.
#pragma once
#include "constants.cuh"
#include "trig.cuh"

namespace gpuprop {

constexpr double SMALLEST_EM = 1.0e-6;

// Status 1 where the mean eccentricity has left [-0.001, 1).
FN Code eccentricity_status(Real em) {
    return select(either(em >= 1.0, em < -0.001), code(1), code(0));
}

// The mean orbit t minutes after the epoch. If the perigee is below 220 km (isimp = 1), the
// constants of the full drag series are zero, so that the same formulas hold.
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

// Lanes in which an angle is lost (see LARGEST_ANGLE).
FN Mask angles_lost(const Mean& mean) {
    return not_below((mean.argpm * mean.argpm + mean.nodem * mean.nodem) + mean.mm * mean.mm,
                     LARGEST_ANGLE * LARGEST_ANGLE);
}

// The status of a state with a lost angle: 10 unless it has another error, since its place on the
// orbit is arbitrary.
FN Code lost_status(Code status) { return select(status == 0, code(10), status); }

// The mean elements where an angle is lost. The eccentricity depends on the anomaly only in a
// bounded term, which is absent if isimp is 1 (delmo is 0).
FN void near_earth_without_angles(const Constants& c, Real t, Mean& mean) {
    Mask lost = angles_lost(mean);
    Real temp = c.omgcof * t + c.xmcof * (1.0 - c.delmo);
    Real mm = (c.mo + c.mdot * t) + temp;
    Real periodic = select(c.delmo == 0.0, splat(0.0), c.bcc5 * (lost_angle(mm) - c.sinmao));
    Real em = c.ecco - (c.bcc4 * t + periodic);
    mean.em = select(lost, select(em < SMALLEST_EM, splat(SMALLEST_EM), em), mean.em);
    Real argpm = (c.argpo + c.argpdot * t) - temp;
    mean.mm = select(lost, lost_angle((mm + argpm) + mean.nodem),
                     mean.mm);  // through the mean longitude, as in SGP4
    mean.argpm = select(lost, lost_angle(argpm), mean.argpm);
    mean.nodem = select(lost, lost_angle(mean.nodem), mean.nodem);
    mean.status = select(lost, lost_status(eccentricity_status(em)), mean.status);
}

FN Inclination inclination_at_epoch(const Constants& c) {
    return {c.sinio, c.cosio, c.con41, c.x1mth2, c.x7thm1, c.aycof, c.xlcof};
}

}  // namespace gpuprop
