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
    Mask after = ns < day * DAY_NS;
    day = select(after, day - 1, day);
    return {day, ns - day * DAY_NS};
}

// The row of each lane (EarthDay in operations.def).
struct EarthRow {
    Real ut1_tai, ut1_tai_change, tai_utc, length_ns, xp, xp_change, yp, yp_change, speed;
};

FN Real floor(Real x) {
    Real whole = nearest(x);
    return whole - select(whole > x, splat(1.0), splat(0.0));
}

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

// TEME -> PEF, or with polar motion TEME -> ITRS.
FN LaneRotation earth_rotation(Instant at, const EarthRow& row, bool polar) {
    Real since = number(at.since);
    Real fraction = since / double(DAY_NS);
    Real part = fraction;
    if (unlikely(any(row.length_ns != double(DAY_NS)))) part = since / row.length_ns;
    Real ut1_utc = (row.ut1_tai + part * row.ut1_tai_change) + row.tai_utc;
    Real days = number(at.day) - 10957.5;  // from J2000.0
    SinCos a = sincos(gmst82(days, fraction + ut1_utc / DAY_S));
    Real zero = splat(0.0), one = splat(1.0);
    if (!polar)
        return {{a.c, a.s, zero, -a.s, a.c, zero, zero, zero, one}, {zero, zero, row.speed}};
    SinCos x = sincos_small(row.xp + part * row.xp_change);
    SinCos y = sincos_small(row.yp + part * row.yp_change);
    Real sxsy = x.s * y.s, cxsy = -x.c * y.s, sxcy = -x.s * y.c, cxcy = x.c * y.c;
    return {{x.c * a.c, x.c * a.s, x.s, sxsy * a.c - y.c * a.s, sxsy * a.s + y.c * a.c, cxsy,
             sxcy * a.c - y.s * a.s, sxcy * a.s + y.s * a.c, cxcy},
            {x.s * row.speed, cxsy * row.speed, cxcy * row.speed}};
}

}  // namespace gpuprop
