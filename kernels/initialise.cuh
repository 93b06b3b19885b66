// Element sets -> constants. Source: AIAA 2006-6753, routines sgp4init and initl. Twin:
// gpuprop/sgp4/initialise.py.
#pragma once
#include "constants.cuh"
#include "lunar_solar.cuh"
#include "resonance.cuh"
#include "trig.cuh"

namespace gpuprop {

// The element set of each lane, in the units of SGP4.
struct MeanElements {
    Real epoch;     // days since 1949-12-31T00:00 UTC
    Real no_kozai;  // rad/min
    Real ecco;
    Real inclo, nodeo, argpo, mo;  // rad
    Real bstar;                    // 1/er
};

struct LongPeriod {
    Real aycof, xlcof;
};

// aycof and xlcof of an inclination. The divisor 1 + cos i is kept away from zero at 180 degrees.
FN LongPeriod long_period(const Gravity& gravity, Real sini, Real cosi) {
    Real denominator = 1.0 + cosi;
    denominator = select(absolute(denominator) > 1.5e-12, denominator, splat(1.5e-12));
    return {(-0.5 * gravity.j3oj2) * sini,
            ((-0.25 * gravity.j3oj2) * sini) * (3.0 + 5.0 * cosi) / denominator};
}

// Greenwich sidereal time (rad, in [0, 2 pi)) at `epoch`: GMST of 1982, or with opsmode a the
// series of 1970.
FN Real sidereal_time(Real epoch, bool afspc) {
    Real angle;
    if (afspc) {
        Real ts70 = epoch - 7305.0;
        Real ds70 = truncate(ts70 + 1.0e-8);
        ds70 = ds70 -
               select(ds70 > ts70 + 1.0e-8, splat(1.0), splat(0.0));  // a floor, before 1970 too
        double c1 = 1.72027916940703639e-2;
        angle = 1.7321343856509374 + c1 * ds70 + (c1 + TWO_PI) * (ts70 - ds70) +
                ts70 * ts70 * 5.07551419432269442e-15;
    } else {
        Real tut1 = (epoch + (2433281.5 - 2451545.0)) / 36525.0;
        Real seconds = -6.2e-6 * tut1 * tut1 * tut1 + 0.093104 * tut1 * tut1 +
                       (876600.0 * 3600.0 + 8640184.812866) * tut1 + 67310.54841;
        angle = seconds * (TWO_PI / 86400.0);
    }
    return first_turn(angle);
}

FN Real known_angle(Real x) { return select(absolute(x) < LARGEST_ANGLE, x, lost_angle(x)); }

// The constants and the regime of each lane.
FN Constants initialise(const Gravity& gravity, bool afspc, const MeanElements& given,
                        Code& regime) {
    MeanElements e = given;
    e.inclo = known_angle(e.inclo), e.nodeo = known_angle(e.nodeo), e.argpo = known_angle(e.argpo),
    e.mo = known_angle(e.mo);
    Mask lost = either(either(e.inclo != given.inclo, e.nodeo != given.nodeo),
                       either(e.argpo != given.argpo, e.mo != given.mo));
    Constants c;
    c.ecco = e.ecco, c.inclo = e.inclo, c.nodeo = e.nodeo, c.argpo = e.argpo, c.mo = e.mo;
    double j2 = gravity.j2, j3oj2 = gravity.j3oj2, j4 = gravity.j4;
    Real zero = splat(0.0);
    SinCos i = sincos(e.inclo);
    Real sinio = i.s, cosio = i.c;
    Real cosio2 = cosio * cosio;
    Real eccsq = e.ecco * e.ecco;
    Real omeosq = 1.0 - eccsq;
    Real rteosq = sqrt(omeosq);
    Real con41 = 3.0 * cosio2 - 1.0;
    Real con42 = 1.0 - 5.0 * cosio2;

    // from Kozai's mean motion to Brouwer's
    Real root_ak = cbrt(gravity.xke / e.no_kozai);
    Real ak = root_ak * root_ak;
    Real d1 = (0.75 * j2) * con41 / (rteosq * omeosq);
    Real del = d1 / (ak * ak);
    Real adel = ak * (1.0 - del * del - del * (1.0 / 3.0 + 134.0 * del * del / 81.0));
    del = d1 / (adel * adel);
    // A mean motion that is not positive is kept, so that it gives status 2. With an eccentricity
    // above 1 it becomes NaN, as in SGP4.
    Real no = select(both(e.no_kozai <= 0.0, omeosq >= 0.0), e.no_kozai, e.no_kozai / (1.0 + del));
    Real sqrt_ao = cbrt(gravity.xke / no);
    Real ao = sqrt_ao * sqrt_ao;
    Real po = ao * omeosq;
    Real posq = po * po;
    Real rp = ao * (1.0 - e.ecco);
    Mask deep = TWO_PI / no >= 225.0;
    Mask simple = either(rp < 220.0 / gravity.radius + 1.0, deep);
    c.no_unkozai = no, c.ao = ao, c.sqrt_ao = sqrt_ao;
    // Beyond rmax a position is not plausible: near the Earth only a drag term that grew without
    // limit leads there; in deep space the Moon can raise the apogee, but at most to 2 ao. With a
    // lost angle no position is plausible.
    c.rmax = select(lost, zero, ao * select(deep, splat(2.1), 1.25 * (1.0 + e.ecco)));
    c.rmax = select(no <= 0.0, splat(-1.0), c.rmax);
    c.sinio = sinio, c.cosio = cosio, c.con41 = con41, c.x1mth2 = 1.0 - cosio2,
    c.x7thm1 = 7.0 * cosio2 - 1.0;

    // the fitted density profile: its lower end follows the perigee down to 20 km above the ground
    Real perige = (rp - 1.0) * gravity.radius;
    Real foot =
        select(perige < 98.0, splat(20.0), select(perige < 156.0, perige - 78.0, splat(78.0)));
    Real qzms2t = (120.0 - foot) / gravity.radius;
    Real qzms24 = (qzms2t * qzms2t) * (qzms2t * qzms2t);
    Real sfour = foot / gravity.radius + 1.0;

    Real pinvsq = 1.0 / posq;
    Real tsi = 1.0 / (ao - sfour);
    Real eta = ao * e.ecco * tsi;
    Real etasq = eta * eta;
    Real eeta = e.ecco * eta;
    Real psisq = absolute(1.0 - etasq);
    Real coef = qzms24 * ((tsi * tsi) * (tsi * tsi));
    Real coef1 = coef / ((psisq * psisq * psisq) * sqrt(psisq));
    Real cc2 =
        (coef1 * no) * (ao * (1.0 + 1.5 * etasq + eeta * (4.0 + etasq)) +
                        ((0.375 * j2) * tsi / psisq) * con41 * (8.0 + 3.0 * etasq * (8.0 + etasq)));
    Real cc1 = e.bstar * cc2;
    Mask eccentric = e.ecco > 1.0e-4;
    Real safe_ecco = select(eccentric, e.ecco, splat(1.0));
    Real cc3 = select(eccentric, -2.0 * coef * tsi * j3oj2 * no * sinio / safe_ecco, zero);
    Real cc4 =
        (2.0 * no * coef1 * ao * omeosq) *
        (eta * (2.0 + 0.5 * etasq) + e.ecco * (0.5 + 2.0 * etasq) -
         (j2 * tsi / (ao * psisq)) *
             (-3.0 * con41 * (1.0 - 2.0 * eeta + etasq * (1.5 - 0.5 * eeta)) +
              0.75 * c.x1mth2 * (2.0 * etasq - eeta * (1.0 + etasq)) * cosine(2.0 * e.argpo)));
    Real cc5 = (2.0 * coef1 * ao * omeosq) * (1.0 + 2.75 * (etasq + eeta) + eeta * etasq);
    c.cc1 = cc1, c.bcc4 = e.bstar * cc4, c.t2cof = 1.5 * cc1;

    // secular rates
    Real cosio4 = cosio2 * cosio2;
    Real temp1 = (1.5 * j2) * pinvsq * no;
    Real temp2 = (0.5 * j2) * temp1 * pinvsq;
    Real temp3 = (-0.46875 * j4) * pinvsq * pinvsq * no;
    c.mdot = no + 0.5 * temp1 * rteosq * con41 +
             0.0625 * temp2 * rteosq * (13.0 - 78.0 * cosio2 + 137.0 * cosio4);
    c.argpdot = -0.5 * temp1 * con42 + 0.0625 * temp2 * (7.0 - 114.0 * cosio2 + 395.0 * cosio4) +
                temp3 * (3.0 - 36.0 * cosio2 + 49.0 * cosio4);
    Real xhdot1 = -temp1 * cosio;
    c.nodedot =
        xhdot1 + (0.5 * temp2 * (4.0 - 19.0 * cosio2) + 2.0 * temp3 * (3.0 - 7.0 * cosio2)) * cosio;
    c.nodecf = 3.5 * omeosq * xhdot1 * cc1;

    LongPeriod l = long_period(gravity, sinio, cosio);
    c.aycof = l.aycof, c.xlcof = l.xlcof;

    // the full drag series
    SinCos m = sincos(e.mo);
    Real delmotemp = 1.0 + eta * m.c;
    Real safe_eeta = select(eccentric, eeta, splat(1.0));
    Real xmcof = select(eccentric, (-2.0 / 3.0) * coef * e.bstar / safe_eeta, zero);
    Real cc1sq = cc1 * cc1;
    Real d2 = 4.0 * ao * tsi * cc1sq;
    Real temp = d2 * tsi * cc1 / 3.0;
    Real d3 = (17.0 * ao + sfour) * temp;
    Real d4 = 0.5 * temp * ao * tsi * (221.0 * ao + 31.0 * sfour) * cc1;
    c.eta = select(simple, zero, eta);
    c.omgcof = select(simple, zero, e.bstar * cc3 * sincos(e.argpo).c);
    c.xmcof = select(simple, zero, xmcof);
    c.delmo = select(simple, zero, delmotemp * delmotemp * delmotemp);
    c.bcc5 = select(simple, zero, e.bstar * cc5);
    c.sinmao = select(simple, zero, m.s);
    c.d2 = select(simple, zero, d2);
    c.d3 = select(simple, zero, d3);
    c.d4 = select(simple, zero, d4);
    c.t3cof = select(simple, zero, d2 + 2.0 * cc1sq);
    c.t4cof = select(simple, zero, 0.25 * (3.0 * d3 + cc1 * (12.0 * d2 + 10.0 * cc1sq)));
    c.t5cof = select(
        simple, zero,
        0.2 * (3.0 * d4 + 12.0 * cc1 * d3 + 6.0 * d2 * d2 + 15.0 * cc1sq * (2.0 * d2 + cc1sq)));

    // With an eccentricity above 1 SGP4 has no rates: the eccentricity stays constant and gives
    // status 1 at every instant.
    Mask no_orbit = opposite(either(omeosq >= 0.0, no >= 0.0));
    if (unlikely(any(no_orbit))) {
#define FIELD(name, unit, meaning)                                \
    if (FIELD_##name >= FIELD_mdot && FIELD_##name < FIELD_sinio) \
        c.name = select(no_orbit, zero, c.name);
#include "constants.def"
#undef FIELD
    }

    c.gsto = sidereal_time(e.epoch, afspc);
    regime = code(NEAR_EARTH);
    // constants of deep space; zero in other lanes
    Constants d = c;
    Mask one_day = deep, half_day = deep;
    if (any(deep)) {
        lunar_solar_initialise(d, e.epoch);
        resonance_initialise(d, one_day, half_day);
        regime = select(
            deep,
            select(one_day, code(ONE_DAY), select(half_day, code(HALF_DAY), code(DEEP_SPACE))),
            regime);
    }
#define FIELD(name, unit, meaning) \
    if (FIELD_##name >= FIELD_zmos) c.name = any(deep) ? select(deep, d.name, zero) : zero;
#include "constants.def"
#undef FIELD
    return c;
}

}  // namespace gpuprop
