// Trigonometry that uses only + - * / sqrt, comparison and select, so that every engine rounds
// alike. Twin: gpuprop/sgp4/trig.py, which states the errors.
#pragma once
#include "lane.cuh"

namespace gpuprop {

constexpr double PI = 3.14159265358979323846;
constexpr double TWO_PI = 2.0 * PI;
constexpr double TO_INTEGER = 6755399441055744.0;     // 1.5 * 2^52
constexpr double PIO2_1 = 1.57079632673412561417e00;  // 33 bits of the double nearest pi/2
constexpr double PIO2_2 = 6.077094383272197e-11;      // the other 20

// rad. A larger angle, or one that is not finite, is *lost*: doubles are too coarse there to say
// where in the circle it is, and its sine and cosine are not computed.
constexpr double LARGEST_ANGLE = 1.0e13;

// The replacement of a lost angle: 0, or NaN for one that is infinite or NaN.
FN Real lost_angle(Real x) { return 0.0 * x; }

// The whole number nearest to x (ties to even) for |x| < 2^51.
FN Real nearest(Real x) { return (x + TO_INTEGER) - TO_INTEGER; }

// A whole number, |x| < 2^51, as an integer.
FN Bits to_integer(Real x) { return bits(x + TO_INTEGER) - bits(splat(TO_INTEGER)); }

// x without its fraction (towards zero).
FN Real truncate(Real x) {
    Real whole = nearest(x);
    whole = whole - select(both(whole > x, x >= 0.0), splat(1.0), splat(0.0));
    return whole + select(both(whole < x, x < 0.0), splat(1.0), splat(0.0));
}

FN Real floor(Real x) {
    Real whole = nearest(x);
    return whole - select(whole > x, splat(1.0), splat(0.0));
}

// x modulo 2 pi with the sign of x, as C's fmod.
FN Real wrap(Real x) {
    Real turns = truncate(x / TWO_PI);
    Real quarters = 4.0 * turns;
    return (x - quarters * PIO2_1) - quarters * PIO2_2;
}

struct SinCos {
    Real s, c;
};

// For |r| <= pi/4 (polynomials of Cephes, sin.c).
FN SinCos sincos_small(Real r) {
    Real z = r * r;
    Real z2 = z * z;
    Real z4 = z2 * z2;
    Real s = ((-1.66666666666666307295e-1 + z * 8.33333333332211858878e-3) +
              z2 * (-1.98412698295895385996e-4 + z * 2.75573136213857245213e-6)) +
             z4 * (-2.50507477628578072866e-8 + z * 1.58962301576546568060e-10);
    Real c = ((4.16666666666665929218e-2 + z * -1.38888888888730564116e-3) +
              z2 * (2.48015872888517045348e-5 + z * -2.75573141792967388112e-7)) +
             z4 * (2.08757008419747316778e-9 + z * -1.13585365213876817300e-11);
    return {r + (z * r) * s, minus_half(splat(1.0), z) + z2 * c};
}

FN SinCos sincos(Real x) {
    Real shifted = x * 0.63661977236758134308 + TO_INTEGER;  // the quadrant, in the lowest bits
    Real q = shifted - TO_INTEGER;
    SinCos small = sincos_small((x - q * PIO2_1) - q * PIO2_2);
    Bits quadrant = bits(shifted);
    Mask odd = (quadrant & 1) != 0;
    return {real(bits(select(odd, small.c, small.s)) ^ ((quadrant & 2) << 62)),
            real(bits(select(odd, small.s, small.c)) ^ (((quadrant + 1) & 2) << 62))};
}

// By one polynomial over half a turn: cheaper than sincos, and less accurate by a few units in the
// last place.
FN Real cosine(Real x) {
    Real shifted = x * 0.31830988618379067154 + TO_INTEGER;  // the half turn, in the lowest bit
    Real q = shifted - TO_INTEGER;
    Real r = (x - q * (2.0 * PIO2_1)) - q * (2.0 * PIO2_2);
    Real z = r * r;
    Real z2 = z * z;
    Real z4 = z2 * z2;
    Real low = (minus_half(splat(1.0), z) +
                z2 * (4.16666666666666666667e-2 - z * 1.38888888888888888889e-3)) +
               z4 * ((2.48015873015873015873e-5 - z * 2.75573192239858906526e-7) +
                     z2 * (2.08767569878680989792e-9 - z * 1.14707455977297247139e-11));
    Real c = low + (z4 * z4) * (4.77947733238738529744e-14 - z * 1.56192069685862264622e-16);
    return real(bits(c) ^ ((bits(shifted) & 1) << 63));
}

// Angle of the point (x, y), in [-pi, pi] (polynomial of fdlibm, s_atan.c, for |t| < 7/16).
FN Real atan2(Real y, Real x) {
    Real ax = absolute(x);
    Real ay = absolute(y);
    Mask steep = ay > ax;
    Real low = select(steep, ax, ay);
    Real high = select(steep, ay, ax);
    Mask far = low > 0.41421356237309503 * high;
    Real below = select(far, low + high, high);
    Real t = select(far, low - high, low) / select(below == 0.0, splat(1.0), below);
    Real z = t * t;
    Real w = z * z;
    Real even =
        z * (3.33333333333329318027e-01 +
             w * (1.42857142725034663711e-01 +
                  w * (9.09088713343650656196e-02 +
                       w * (6.66107313738753120669e-02 +
                            w * (4.97687799461593236017e-02 + w * 1.62858201153657823623e-02)))));
    Real odd =
        w * (-1.99999999998764832476e-01 +
             w * (-1.11111104054623557880e-01 +
                  w * (-7.69187620504482999495e-02 +
                       w * (-5.83357013379057348645e-02 + w * -3.65315727442169155270e-02))));
    Real angle = t - t * (even + odd);
    angle = select(far, 0.78539816339744830962 + angle, angle);
    angle = select(steep, 1.57079632679489661923 - angle, angle);
    angle = select(x < 0.0, PI - angle, angle);
    return select(y < 0.0, -angle, angle);
}

// The angle in [0, 2 pi).
FN Real first_turn(Real angle) {
    angle = wrap(angle);
    return select(angle < 0.0, angle + TWO_PI, angle);
}

// Cube root of x > 0: x^(1/4 + 1/16 + 1/64) by square roots, then three steps of Halley.
FN Real cbrt(Real x) {
    Real quarter = sqrt(sqrt(x));
    Real sixteenth = sqrt(sqrt(quarter));
    Real y = (quarter * sixteenth) * sqrt(sqrt(sixteenth));
    for (int i = 0; i < 3; i++) {
        Real cube = y * y * y;
        y = y * ((cube + (x + x)) / ((cube + cube) + x));
    }
    return y;
}

// Sine and cosine of a + d from those of a and of d.
FN SinCos rotate(SinCos a, SinCos d) { return {a.s * d.c + a.c * d.s, a.c * d.c - a.s * d.s}; }

// For an angle that is nearly always below 1/1024 rad: two terms of the series; sincos if it is
// larger.
FN SinCos sincos_tiny(Real d) {
    Real z = d * d;
    SinCos near = {d * (1.0 - z * 0.16666666666666666667),
                   1.0 - z * (0.5 - z * 0.041666666666666666667)};
    Mask large = above(z, 9.5367431640625e-7);
    if (unlikely(any(large))) {
        SinCos full = sincos(d);
        near.s = select(large, full.s, near.s);
        near.c = select(large, full.c, near.c);
    }
    return near;
}

// For an angle that is nearly always below 1/64 rad: a short series; sincos if it is larger.
FN SinCos sincos_near_zero(Real d) {
    Real z = d * d;
    SinCos near = {d * (1.0 - z * (0.16666666666666666667 - z * 0.0083333333333333333333)),
                   1.0 - z * (0.5 - z * (0.041666666666666666667 - z * 0.0013888888888888888889))};
    Mask large = above(z, 2.44140625e-4);
    if (unlikely(any(large))) {
        SinCos full = sincos(d);
        near.s = select(large, full.s, near.s);
        near.c = select(large, full.c, near.c);
    }
    return near;
}

}  // namespace gpuprop
