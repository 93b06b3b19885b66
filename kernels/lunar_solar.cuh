// Effects of the Sun and the Moon on a deep-space orbit. Source: AIAA 2006-6753, routines dscom,
// dpper and the rates of dsinit. Twin: gpuprop/sgp4/lunar_solar.py.
#pragma once
#include "constants.cuh"
#include "trig.cuh"

namespace gpuprop {

// A third body on its fixed orbit. motion: rad/min; strength: the paper's c1, rad/min.
struct Body {
    double motion, eccentricity, strength;
};
constexpr Body SUN_BODY = {1.19459e-5, 0.01675, 2.9864797e-6};
constexpr Body MOON_BODY = {1.5835218e-4, 0.05490, 4.7968065e-7};
constexpr double SUN_SIN_I = 0.39785416;  // obliquity of the ecliptic
constexpr double SUN_COS_I = 0.91744867;
constexpr double SUN_SIN_G = -0.98088458;  // argument of perigee of the Sun
constexpr double SUN_COS_G = 0.1945905;

// Orientation of a third body's orbit relative to the satellite's node.
struct Direction {
    Real sing, cosg, sini, cosi, sinh, cosh;
};

// Contribution of one third body: amplitudes of the long-period terms, and secular rates.
struct Terms {
    Real e2, e3, i2, i3, l2, l3, l4, gh2, gh3, gh4, h2, h3;
    Real de, di, dl, dgh, dh;
};

FN Terms third_body(const Constants& c, Body body, const Direction& direction) {
    Real sinim = c.sinio, cosim = c.cosio;
    SinCos om = sincos(c.argpo);
    Real sinomm = om.s, cosomm = om.c;
    Real em = c.ecco;
    Real emsq = em * em;
    Real betasq = 1.0 - emsq;
    Real rtemsq = sqrt(betasq);

    Real a1 = direction.cosg * direction.cosh + direction.sing * direction.cosi * direction.sinh;
    Real a3 = -direction.sing * direction.cosh + direction.cosg * direction.cosi * direction.sinh;
    Real a7 = -direction.cosg * direction.sinh + direction.sing * direction.cosi * direction.cosh;
    Real a8 = direction.sing * direction.sini;
    Real a9 = direction.sing * direction.sinh + direction.cosg * direction.cosi * direction.cosh;
    Real a10 = direction.cosg * direction.sini;
    Real a2 = cosim * a7 + sinim * a8;
    Real a4 = cosim * a9 + sinim * a10;
    Real a5 = -sinim * a7 + cosim * a8;
    Real a6 = -sinim * a9 + cosim * a10;

    Real x1 = a1 * cosomm + a2 * sinomm;
    Real x2 = a3 * cosomm + a4 * sinomm;
    Real x3 = -a1 * sinomm + a2 * cosomm;
    Real x4 = -a3 * sinomm + a4 * cosomm;
    Real x5 = a5 * sinomm;
    Real x6 = a6 * sinomm;
    Real x7 = a5 * cosomm;
    Real x8 = a6 * cosomm;

    Real z31 = 12.0 * x1 * x1 - 3.0 * x3 * x3;
    Real z32 = 24.0 * x1 * x2 - 6.0 * x3 * x4;
    Real z33 = 12.0 * x2 * x2 - 3.0 * x4 * x4;
    Real z1 = 3.0 * (a1 * a1 + a2 * a2) + z31 * emsq;
    Real z2 = 6.0 * (a1 * a3 + a2 * a4) + z32 * emsq;
    Real z3 = 3.0 * (a3 * a3 + a4 * a4) + z33 * emsq;
    Real z11 = -6.0 * a1 * a5 + emsq * (-24.0 * x1 * x7 - 6.0 * x3 * x5);
    Real z12 = -6.0 * (a1 * a6 + a3 * a5) +
               emsq * (-24.0 * (x2 * x7 + x1 * x8) - 6.0 * (x3 * x6 + x4 * x5));
    Real z13 = -6.0 * a3 * a6 + emsq * (-24.0 * x2 * x8 - 6.0 * x4 * x6);
    Real z21 = 6.0 * a2 * a5 + emsq * (24.0 * x1 * x5 - 6.0 * x3 * x7);
    Real z22 =
        6.0 * (a4 * a5 + a2 * a6) + emsq * (24.0 * (x2 * x5 + x1 * x6) - 6.0 * (x4 * x7 + x3 * x8));
    Real z23 = 6.0 * a4 * a6 + emsq * (24.0 * x2 * x6 - 6.0 * x4 * x8);
    z1 = z1 + z1 + betasq * z31;
    z2 = z2 + z2 + betasq * z32;
    z3 = z3 + z3 + betasq * z33;
    Real s3 = body.strength / c.no_unkozai;
    Real s2 = -0.5 * s3 / rtemsq;
    Real s4 = s3 * rtemsq;
    Real s1 = -15.0 * em * s4;
    Real s5 = x1 * x3 + x2 * x4;
    Real s6 = x2 * x3 + x1 * x4;
    Real s7 = x2 * x4 - x1 * x3;

    // The rate of the node is divided by sin i: within 3 degrees of the equator it is set to zero.
    Mask level = either(c.inclo<5.2359877e-2, c.inclo> PI - 5.2359877e-2);
    Terms terms;
    terms.e2 = 2.0 * s1 * s6;
    terms.e3 = 2.0 * s1 * s7;
    terms.i2 = 2.0 * s2 * z12;
    terms.i3 = 2.0 * s2 * (z13 - z11);
    terms.l2 = -2.0 * s3 * z2;
    terms.l3 = -2.0 * s3 * (z3 - z1);
    terms.l4 = -2.0 * s3 * (-21.0 - 9.0 * emsq) * body.eccentricity;
    terms.gh2 = 2.0 * s4 * z32;
    terms.gh3 = 2.0 * s4 * (z33 - z31);
    terms.gh4 = -18.0 * s4 * body.eccentricity;
    terms.h2 = -2.0 * s2 * z22;
    terms.h3 = -2.0 * s2 * (z23 - z21);
    terms.de = s1 * body.motion * s5;
    terms.di = s2 * body.motion * (z11 + z13);
    terms.dl = -body.motion * s3 * (z1 + z3 - 14.0 - 6.0 * emsq);
    terms.dgh = s4 * body.motion * (z31 + z33 - 6.0);
    terms.dh = select(level, splat(0.0), -body.motion * s2 * (z21 + z23));
    return terms;
}

// Compute the lunar-solar constants. epoch: days since 1949-12-31.
FN void lunar_solar_initialise(Constants& c, Real epoch) {
    SinCos node = sincos(c.nodeo);
    Terms sun = third_body(c, SUN_BODY,
                           Direction{splat(SUN_SIN_G), splat(SUN_COS_G), splat(SUN_SIN_I),
                                     splat(SUN_COS_I), node.s, node.c});

    Real day = epoch + 18261.5;  // since 1900-01-00
    Real xnodce = 4.5236020 - 9.2422029e-4 * day;
    SinCos tem = sincos(xnodce);
    Real zcosil = 0.91375164 - 0.03568096 * tem.c;
    Real zsinil = sqrt(1.0 - zcosil * zcosil);
    Real zsinhl = 0.089683511 * tem.s / zsinil;
    Real zcoshl = sqrt(1.0 - zsinhl * zsinhl);
    Real gam = 5.8351514 + 0.0019443680 * day;
    Real zx = atan2(SUN_SIN_I * tem.s / zsinil, zcoshl * tem.c + SUN_COS_I * zsinhl * tem.s);
    SinCos zgl = sincos(gam + zx - xnodce);
    Real sinh = node.s * zcoshl - node.c * zsinhl;
    Real cosh = zcoshl * node.c + zsinhl * node.s;
    Terms moon = third_body(c, MOON_BODY, Direction{zgl.s, zgl.c, zsinil, zcosil, sinh, cosh});

    Real sinim = select(c.sinio == 0.0, splat(1.0), c.sinio);
    c.zmos = first_turn(6.2565837 + 0.017201977 * day);
    c.zmol = first_turn(4.7199672 + 0.22997150 * day - gam);
    c.dedt = sun.de + moon.de;
    c.didt = sun.di + moon.di;
    c.dmdt = sun.dl + moon.dl;
    c.dnodt = (sun.dh + moon.dh) / sinim;
    c.domdt = (sun.dgh + moon.dgh) - c.cosio * c.dnodt;
    c.se2 = sun.e2, c.se3 = sun.e3, c.si2 = sun.i2, c.si3 = sun.i3, c.sl2 = sun.l2, c.sl3 = sun.l3,
    c.sl4 = sun.l4;
    c.sgh2 = sun.gh2, c.sgh3 = sun.gh3, c.sgh4 = sun.gh4, c.sh2 = sun.h2, c.sh3 = sun.h3;
    c.ee2 = moon.e2, c.e3 = moon.e3, c.xi2 = moon.i2, c.xi3 = moon.i3, c.xl2 = moon.l2,
    c.xl3 = moon.l3, c.xl4 = moon.l4;
    c.xgh2 = moon.gh2, c.xgh3 = moon.gh3, c.xgh4 = moon.gh4, c.xh2 = moon.h2, c.xh3 = moon.h3;
}

// Long-period lunar-solar corrections at one instant.
struct Periodics {
    Real e, inc, l, gh, h;
};

struct Anomaly {
    Real sinzf, f2, f3;
};

// sin zf, f2 and f3 of a third body from its mean anomaly zm, where zf = zm + 2 e sin zm.
FN Anomaly anomaly(Real zm, double eccentricity) {
    SinCos m = sincos(zm);
    Real d = 2.0 * eccentricity * m.s;
    Real z = d * d;  // |d| < 0.11: the series end below rounding
    Real ds =
        d * (1.0 - z * (1.0 / 6.0 - z * (1.0 / 120.0 - z * (1.0 / 5040.0 - z * (1.0 / 362880.0)))));
    Real dc =
        1.0 - z * (0.5 - z * (1.0 / 24.0 -
                              z * (1.0 / 720.0 - z * (1.0 / 40320.0 - z * (1.0 / 3628800.0)))));
    SinCos zf = rotate(m, {ds, dc});
    return {zf.s, 0.5 * zf.s * zf.s - 0.25, -0.5 * zf.s * zf.c};
}

// The corrections t minutes after the epoch. They are not zero at the epoch: there the element set
// contains them already.
FN Periodics periodics(const Constants& c, Real t) {
    Anomaly s = anomaly(c.zmos + SUN_BODY.motion * t, SUN_BODY.eccentricity);
    Anomaly l = anomaly(c.zmol + MOON_BODY.motion * t, MOON_BODY.eccentricity);
    Periodics p;
    p.e = (c.se2 * s.f2 + c.se3 * s.f3) + (c.ee2 * l.f2 + c.e3 * l.f3);
    p.inc = (c.si2 * s.f2 + c.si3 * s.f3) + (c.xi2 * l.f2 + c.xi3 * l.f3);
    p.l = (c.sl2 * s.f2 + c.sl3 * s.f3 + c.sl4 * s.sinzf) +
          (c.xl2 * l.f2 + c.xl3 * l.f3 + c.xl4 * l.sinzf);
    p.gh = (c.sgh2 * s.f2 + c.sgh3 * s.f3 + c.sgh4 * s.sinzf) +
           (c.xgh2 * l.f2 + c.xgh3 * l.f3 + c.xgh4 * l.sinzf);
    p.h = (c.sh2 * s.f2 + c.sh3 * s.f3) + (c.xh2 * l.f2 + c.xh3 * l.f3);
    return p;
}

}  // namespace gpuprop
