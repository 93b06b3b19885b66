// The rotation from TEME to the Earth-fixed frames PEF and ITRS at an instant, from tabulated Earth
// orientation. Twin: gpuprop/frames (EarthOrientation.at, gmst82, rotations), which names the
// sources.
#pragma once
#include "constants.cuh"
#include "trig.cuh"

namespace gpuprop {

constexpr long long DAY_NS = 86400000000000;
constexpr double DAY_S = 86400.0;

// As Rotation, one for each lane.
struct LaneRotation {
    Real m[9], w[3];
};

// An instant: days from 1970 to the midnight before it, and nanoseconds since then.
struct Instant {
    Bits day, since;
};

FN Instant instant(Bits ns) {
    // The nearest midnight, as an integer in the lowest bits; it may be the one after the instant.
    Bits day = bits(number(ns) * (1.0 / double(DAY_NS)) + TO_INTEGER) - bits(splat(TO_INTEGER));
    Bits since = ns - day * DAY_NS;
    Mask after = since < 0;
    return {select(after, day - 1, day), select(after, since + DAY_NS, since)};
}

// The row of each lane (EarthDay in operations.def).
struct EarthRow {
    Real ut1_tai, ut1_tai_change, tai_utc, length_ns, xp, xp_change, yp, yp_change, speed;
};

// Greenwich mean sidereal time of 1982, rad; days: UT1 from J2000.0 to a midnight, fraction: of the
// day after it.
FN Real gmst82(Real days, Real fraction) {
    Real t = (days + fraction) / 36525.0;
    Real seconds = ((24110.54841 - 43200.0) + (8640184.812866 + (0.093104 - 6.2e-6 * t) * t) * t) +
                   86400.0 * (0.5 + fraction);
    // A product is cheaper than the quotient, and its floor differs near whole numbers only.
    Real turns = seconds * (1.0 / 86400.0);
    if (unlikely(any(absolute(turns - nearest(turns)) < 1.0e-9))) turns = seconds / 86400.0;
    return (seconds - 86400.0 * floor(turns)) * (TWO_PI / 86400.0);
}

// Sine and cosine of a coordinate of the pole, at most 6e-5 rad: the bits of sincos_small, whose
// other terms are below rounding there.
FN SinCos sincos_of_pole(Real r) {
    Real z = r * r;
    return {r + (z * r) * (-1.66666666666666307295e-1 + z * 8.33333333332211858878e-3),
            minus_half(splat(1.0), z)};
}

// The angles of the Earth's orientation at an instant.
struct EarthAngles {
    Real gmst, xp, yp;  // rad
    Real speed;         // rad/s
};

FN EarthAngles earth_angles(Instant at, const EarthRow& row) {
    Real since = number(at.since);
    Real fraction = since / double(DAY_NS);
    Real part = fraction;
    if (unlikely(any(row.length_ns != double(DAY_NS)))) part = since / row.length_ns;
    Real ut1_utc = (row.ut1_tai + part * row.ut1_tai_change) + row.tai_utc;
    Real days = number(at.day) - 10957.5;  // from J2000.0
    return {gmst82(days, fraction + ut1_utc / DAY_S), row.xp + part * row.xp_change,
            row.yp + part * row.yp_change, row.speed};
}

// TEME -> PEF, or with polar motion TEME -> ITRS.
FN LaneRotation earth_rotation(const EarthAngles& angles, bool polar) {
    SinCos a = sincos(angles.gmst);
    Real zero = splat(0.0), one = splat(1.0);
    if (!polar)
        return {{a.c, a.s, zero, -a.s, a.c, zero, zero, zero, one}, {zero, zero, angles.speed}};
    SinCos x = sincos_of_pole(angles.xp);
    SinCos y = sincos_of_pole(angles.yp);
    Real sxsy = x.s * y.s, cxsy = -x.c * y.s, sxcy = -x.s * y.c, cxcy = x.c * y.c;
    return {{x.c * a.c, x.c * a.s, x.s, sxsy * a.c - y.c * a.s, sxsy * a.s + y.c * a.c, cxsy,
             sxcy * a.c - y.s * a.s, sxcy * a.s + y.s * a.c, cxcy},
            {x.s * angles.speed, cxsy * angles.speed, cxcy * angles.speed}};
}

}  // namespace gpuprop
