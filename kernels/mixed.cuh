// SGP4 near the Earth in mixed precision: angles in whole ticks (2^-32 of a turn) from float64,
// periodic terms in float32, pairs of float32 where a metre needs them. Source: AIAA 2006-6753,
// routine sgp4; the same terms as near_earth.cuh and orbit.cuh.
//
// Only + - * and fused: no contraction, division or square root, so that a CPU and a GPU give the
// same bits. gpuprop/sgp4/mixed.py says for which satellites and instants this holds: small
// eccentricity, little drag, at most seven days from the epoch. There every state has status 0, all
// series below end early enough, and no tick overflows. docs/methods/mixed_precision.md has the
// errors.
#pragma once
#include "constants.cuh"
#include "single.cuh"

#ifdef MIXED
namespace gpuprop {

struct MixedConstants {
#define PHASE(name, unit, meaning) Real name[PARTS];
#define TERM(name, unit, meaning) Single name;
#include "mixed.def"
};

enum MixedPhase {
#define PHASE(name, unit, meaning) PHASE_##name,
#include "mixed.def"
    PHASE_COUNT
};

enum MixedTerm {
#define TERM(name, unit, meaning) TERM_##name,
#include "mixed.def"
    TERM_COUNT
};

struct MixedState {
    Pair x, y, z;       // TEME, km
    Single vx, vy, vz;  // km/s
};

constexpr float RADIANS = 1.46291807926715968e-09f;  // in a tick
constexpr float RADIANS_REST = float(1.46291807926715968e-09 - double(RADIANS));
constexpr float TICKS = 683565275.576431f;  // in a radian

struct SingleSinCos {
    Single s, c;
};

struct PairSinCos {
    Pair s, c;
};

// sin(x) / x^3 - 1 / x^2 and (cos(x) - 1 + x^2 / 2) / x^4 for |x| <= pi/4, z = x^2 (polynomials of
// Cephes, sinf.c).
FN Single sine_rest(Single z) {
    return fused(z, fused(z, fused(z, 2.7183114e-6f, -1.9839335e-4f), 8.3333293e-3f),
                 -1.6666667e-1f);
}
FN Single cosine_rest(Single z) {
    return fused(z, fused(z, 2.4433157e-5f, -1.3887316e-3f), 4.1666646e-2f);
}

// The quadrant of an angle, of which the lowest two bits count, and the rest in [-1/8, 1/8) turn.
FN Ticks quadrant_of(Ticks angle) { return (angle + 0x20000000u) >> 30; }

FN SingleSinCos sincos(Ticks angle) {
    Ticks q = quadrant_of(angle);
    Single x = whole(angle - (q << 30)) * RADIANS;
    Single z = x * x;
    Single s = fused(x * z, sine_rest(z), x);
    Single c = fused(z * z, cosine_rest(z), fused(z, -0.5f, 1.0f));
    return {flipped(odd(q, c, s), (q & 2u) << 30), flipped(odd(q, s, c), ((q + 1u) & 2u) << 30)};
}

FN PairSinCos sincos_pair(Ticks angle) {
    Ticks q = quadrant_of(angle);
    Ticks rest = angle - (q << 30);
    Ticks low = rest & 255u;
    Single high = whole(rest - low), small = whole(low);  // both exact
    Single product = high * RADIANS;
    Pair x = sum_of_sorted(
        product, fused(small, RADIANS, fused(high, RADIANS_REST, fused(high, RADIANS, -product))));
    Single z = x.high * x.high, z_rest = fused(x.high, x.high, -z);
    Single near_one = fused(z, -0.5f, 1.0f);
    Single left = fused(z, -0.5f, 1.0f - near_one);  // what rounding near_one has left
    Single c_rest = fused(z * z, cosine_rest(z), fused(z_rest, -0.5f, left));
    Pair c = sum_of_sorted(near_one, fused(-x.rest, x.high, c_rest));
    Pair s = sum_of_sorted(x.high, fused(x.rest, c.high, (x.high * z) * sine_rest(z)));
    Ticks flip_s = (q & 2u) << 30, flip_c = ((q + 1u) & 2u) << 30;
    return {{flipped(odd(q, c.high, s.high), flip_s), flipped(odd(q, c.rest, s.rest), flip_s)},
            {flipped(odd(q, s.high, c.high), flip_c), flipped(odd(q, s.rest, c.rest), flip_c)}};
}

// 1 / (1 - x) for |x| <= 0.003, in error by x^4.
FN Single reciprocal_of_rest(Single x) {
    return fused(x, fused(x, fused(x, 1.0f, 1.0f), 1.0f), 1.0f);
}

// The same for |x| <= 0.06, in error by x^6.
FN Single longer_reciprocal(Single x) {
    Single near = fused(x, fused(x, fused(x, 1.0f, 1.0f), 1.0f), 1.0f);
    return fused(x, fused(x, fused(x, near, 1.0f), 1.0f), 1.0f);
}

// 1 - sqrt(1 - x) for 0 <= x <= 0.003.
FN Single flattening(Single x) { return x * fused(x, fused(x, 0.0625f, 0.125f), 0.5f); }

// The mean orbit at an instant, with drag and the long-period terms.
struct MixedMean {
    Single shrunk, grown;  // 1 - am / ao, and sqrt(ao / am)
    Single ram;            // 1 / am, 1/km
    Single axnl, aynl;     // eccentricity vector
    Ticks u, node;         // mean argument of latitude and node
};

// since: ns from the epoch; t: the same in spans.
FN MixedMean mixed_mean(const MixedConstants& c, const Real (&since)[PARTS], Single t) {
    Ticks l = phase(c.l0, c.l1, c.l2, since);
    Ticks w = phase(c.w0, c.w1, since);
    Ticks n = phase(c.n0, c.n1, since);
    Single t2 = t * t;

    // secular drag; m: mean anomaly without drag
    SingleSinCos m = sincos(l - w - ticks(c.drag2 * t2));
    Single q = fused(c.eta, m.c, 1.0f);
    Single temp = fused(c.omgcof, t, c.xmcof * fused(q * q, q, -c.delmo));
    Single sinmm = fused(temp, fused(temp * m.s, -0.5f, m.c), m.s);
    Single da = t * fused(t, fused(t, fused(t, c.d4, c.d3), c.d2), c.cc1);
    Single em = c.ecco - fused(c.bcc4, t, c.bcc5 * (sinmm - c.sinmao));
    em = not_below(em, 1.0e-6f);
    Single higher = (t2 * t) * fused(t, fused(t, c.drag5, c.drag4), c.drag3);

    // the semi-major axis, ao (1 - da)^2
    Single grown = longer_reciprocal(da);
    Single ram = c.rao * (grown * grown);

    // long-period terms
    SingleSinCos argp = sincos(w - ticks(temp * TICKS));
    Single axnl = em * argp.c;
    Single rp = ram * reciprocal_of_rest(em * em);
    return {fused(-da, da, da + da),
            grown,
            ram,
            axnl,
            fused(em, argp.s, rp * c.aycof),
            l + ticks(fused(rp * c.xlcof, axnl, higher)),
            n + ticks(c.node2 * t2)};
}

struct MixedAnomaly {
    Single esine, ecose;  // e sin E and e cos E
    Ticks u;              // argument of latitude
};

FN MixedAnomaly mixed_anomaly(const MixedMean& mean) {
    Single axnl = mean.axnl, aynl = mean.aynl;
    // Kepler's equation for d = E + argp - u: the series to the third power of the eccentricity,
    // then one step of Newton; es and ec are e sin E and e cos E for E + argp = u
    SingleSinCos at_u = sincos(mean.u);
    Single es = fused(axnl, at_u.s, -(aynl * at_u.c)), ec = fused(axnl, at_u.c, aynl * at_u.s);
    Single d = es * fused(ec, 1.0f + ec, fused(es * es, -0.5f, 1.0f));
    Single d2 = d * d;
    Single sind = d * fused(d2, fused(d2, 8.3333333e-3f, -0.16666667f), 1.0f);
    Single cosd = fused(d2, fused(d2, 0.041666667f, -0.5f), 1.0f);
    Single esd = fused(es, cosd, ec * sind), ecd = fused(ec, cosd, -(es * sind));
    Single step = (esd - d) * fused(ecd, fused(ecd, 1.0f + ecd, 1.0f), 1.0f);
    d = d + step;
    Single esine = fused(ecd, step, esd), ecose = fused(-esd, step, ecd);

    // from the eccentric to the true anomaly, which is 2 atan(g) more
    Single flat = flattening(fused(axnl, axnl, aynl * aynl));
    Single g = (esine * 0.5f) * longer_reciprocal(0.5f * (flat + ecose));
    Single g2 = g * g;
    Single delta = (g + g) * fused(g2, fused(g2, 0.2f, -0.33333333f), 1.0f);
    return {esine, ecose, mean.u + ticks((d + delta) * TICKS)};
}

// The orbit with its short-period terms.
struct MixedOrbit {
    Pair r;              // km
    Pair sini, cosi;     // of the inclination
    Ticks u, node;       // argument of latitude and node
    Single rdot, rfdot;  // velocity along the radius and across it, km/s
};

FN MixedOrbit mixed_orbit(const MixedConstants& c, const MixedMean& mean,
                          const MixedAnomaly& anomaly) {
    Single esine = anomaly.esine, ecose = anomaly.ecose, ram = mean.ram;
    Pair am = sum_of_sorted(c.ao, fused(-mean.shrunk, c.ao, c.ao_rest));
    Single el2 = fused(mean.axnl, mean.axnl, mean.aynl * mean.aynl);
    Single betal = 1.0f - flattening(el2);

    // short-period terms
    SingleSinCos at = sincos(anomaly.u);
    Single sin2u = (at.s + at.s) * at.c, cos2u = fused(at.s * -2.0f, at.s, 1.0f);
    Single rpl = ram * reciprocal_of_rest(el2);
    Single rpl2 = rpl * rpl;
    Single nearer = am.high * ecose;
    Pair r = sum_of_sorted(am.high, -nearer);
    Single left = fused(-am.rest, ecose, am.rest - fused(am.high, ecose, -nearer));
    Single periodic =
        fused(c.radial * 0.5f, rpl * cos2u, -(r.high * (c.level * (rpl2 * betal))));
    r = sum_of_sorted(r.high, periodic + (r.rest + left));
    Single di = (c.tilt * rpl2) * cos2u, half = di * (di * -0.5f);

    Single velocity = c.speed * mean.grown;
    Single swept = velocity * longer_reciprocal(ecose);
    Single rate = velocity * (ram * rpl);
    return {r,
            sum_of_sorted(c.sini, fused(di, c.cosi, fused(half, c.sini, c.sini_rest))),
            sum_of_sorted(c.cosi, fused(-di, c.sini, fused(half, c.cosi, c.cosi_rest))),
            anomaly.u + ticks((c.along * rpl2) * sin2u),
            mean.node + ticks((c.across * rpl2) * sin2u),
            fused(swept, esine, -(rate * (c.radial * sin2u))),
            fused(swept, betal, rate * fused(c.radial, cos2u, c.level))};
}

FN MixedState mixed_state(const MixedOrbit& o) {
    PairSinCos u = sincos_pair(o.u), node = sincos_pair(o.node);
    Pair a = product(node.s, o.cosi), b = product(node.c, o.cosi);
    Pair ux = sum(product(node.c, u.c), -product(a, u.s));
    Pair uy = sum(product(node.s, u.c), product(b, u.s));
    Pair uz = product(o.sini, u.s);
    Single vx = fused(a.high, -u.c.high, -(node.c.high * u.s.high));
    Single vy = fused(b.high, u.c.high, -(node.s.high * u.s.high));
    Single vz = o.sini.high * u.c.high;
    return {product(ux, o.r),
            product(uy, o.r),
            product(uz, o.r),
            fused(o.rdot, ux.high, o.rfdot * vx),
            fused(o.rdot, uy.high, o.rfdot * vy),
            fused(o.rdot, uz.high, o.rfdot * vz)};
}

// One of the PARTS of a mixed state.
template <int PART>
FN State state_part(const MixedState& s) {
    return {number<PART>(s.x.high) + number<PART>(s.x.rest),
            number<PART>(s.y.high) + number<PART>(s.y.rest),
            number<PART>(s.z.high) + number<PART>(s.z.rest),
            number<PART>(s.vx),
            number<PART>(s.vy),
            number<PART>(s.vz),
            code(0)};
}

// Whether an instant is further from the epoch than precision mixed reaches.
FN Mask beyond(Bits since, Integer reach) { return either(since > reach, since < -reach); }

}  // namespace gpuprop
#endif
