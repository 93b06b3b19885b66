// TEME -> the requested frame: rotation, geodetic coordinates, sunlight. Twin:
// gpuprop/sgp4/frames.py. gpuprop/frames computes what depends on the instant alone (the matrix,
// the Sun), once per instant.
#pragma once
#include "constants.cuh"
#include "trig.cuh"

namespace gpuprop {

constexpr double WGS84_A = 6378.137;  // km
constexpr double WGS84_F = 1.0 / 298.257223563;
constexpr double WGS84_E2 = WGS84_F * (2.0 - WGS84_F);
constexpr double WGS84_B = WGS84_A * (1.0 - WGS84_F);
constexpr double WGS84_EP2 = WGS84_E2 / (1.0 - WGS84_E2);
constexpr double DEGREES = 180.0 / PI;
constexpr double SUN_RADIUS = 695700.0;                            // km, IAU 2015 resolution B3
constexpr int UMBRA = 0, PENUMBRA = 1, SUNLIT = 2, UNKNOWN = 255;  // values of `sunlit`

// From TEME to a frame at one instant: r' = m r, v' = m v - w x r'. m: rows of the matrix; w:
// angular velocity of the frame in its own axes, rad/s.
struct Rotation {
    double m[9], w[3];
};

// Rotation, or LaneRotation
template <class R>
FN void rotate(const R& q, State& s) {
    Real x = (q.m[0] * s.x + q.m[1] * s.y) + q.m[2] * s.z;
    Real y = (q.m[3] * s.x + q.m[4] * s.y) + q.m[5] * s.z;
    Real z = (q.m[6] * s.x + q.m[7] * s.y) + q.m[8] * s.z;
    Real vx = (q.m[0] * s.vx + q.m[1] * s.vy) + q.m[2] * s.vz;
    Real vy = (q.m[3] * s.vx + q.m[4] * s.vy) + q.m[5] * s.vz;
    Real vz = (q.m[6] * s.vx + q.m[7] * s.vy) + q.m[8] * s.vz;
    s.vx = vx - (q.w[1] * z - q.w[2] * y);
    s.vy = vy - (q.w[2] * x - q.w[0] * z);
    s.vz = vz - (q.w[0] * y - q.w[1] * x);
    s.x = x;
    s.y = y;
    s.z = z;
}

// Replace x, y, z by latitude (deg), longitude (deg, in [-180, 180)) and height (km) on WGS-84:
// one step of Bowring's formula (1976) from his starting value of 1985, written as a fraction so
// that the only division comes last. Error below 3e-13 rad from 100 km below the ground upwards.
FN void geodetic(State& s) {
    Real p2 = s.x * s.x + s.y * s.y;
    Real p = sqrt(p2);
    Real r = sqrt(p2 + s.z * s.z);
    // sine and cosine of the reduced latitude, both times the same length
    Real sine = ((1.0 - WGS84_F) * s.z) * (r + WGS84_EP2 * WGS84_B);
    Real cosine = p * r;
    Real scale2 = sine * sine + cosine * cosine;
    Real scale3 = scale2 * sqrt(scale2);
    Real up = s.z * scale3 + (WGS84_EP2 * WGS84_B) * (sine * sine * sine);
    Real out = p * scale3 - (WGS84_E2 * WGS84_A) * (cosine * cosine * cosine);
    Real up2 = up * up;
    Real length2 = up2 + out * out;
    Real longitude = atan2(s.y, s.x) * DEGREES;
    s.x = atan2(up, out) * DEGREES;
    s.y = select(longitude >= 180.0, longitude - 360.0, longitude);
    s.z = ((p * out + s.z * up) - WGS84_A * sqrt(length2 - WGS84_E2 * up2)) / sqrt(length2);
}

// Whether the Sun (TEME, km) shines on a position (TEME): umbra and penumbra are cones around the
// ellipsoidal Earth. Stretching space along the Earth's axis makes the Earth a sphere and keeps
// light rays straight. The discs of Earth and Sun, as the satellite sees them, are compared by
// three cosines: of the angle between the centres, and of the sum and the difference of the angular
// radii. All three are multiplied by both distances, which saves the divisions. Sun: double, or Real
// with a Sun of each lane.
template <class Sun>
FN Code sunlight(const Sun* sun, const State& s) {
    const double stretch = 1.0 / (1.0 - WGS84_F);
    Real z = stretch * s.z;
    Real dx = sun[0] - s.x, dy = sun[1] - s.y, dz = stretch * sun[2] - z;
    Real r2 = (s.x * s.x + s.y * s.y) + z * z;
    Real d2 = (dx * dx + dy * dy) + dz * dz;
    Real along = -((s.x * dx + s.y * dy) + z * dz);
    Real outside = r2 - WGS84_A * WGS84_A;
    Real edge = sqrt(select(outside < 0.0, splat(0.0), outside) * (d2 - SUN_RADIUS * SUN_RADIUS));
    Mask touched = along > edge - WGS84_A * SUN_RADIUS;
    Mask covered = both(along > edge + WGS84_A * SUN_RADIUS,
                        (WGS84_A * WGS84_A) * d2 > (SUN_RADIUS * SUN_RADIUS) * r2);
    Code light = select(covered, code(UMBRA), select(touched, code(PENUMBRA), code(SUNLIT)));
    return select(r2 != r2, code(UNKNOWN), light);
}

// Replace every NaN by the same one: processors produce different bits for it.
FN void one_nan(State& s) {
    Real sum = ((s.x + s.y) + (s.z + s.vx)) + (s.vy + s.vz);
    if (unlikely(any(sum != sum))) {
        Real nan = not_a_number();
        s.x = select(s.x != s.x, nan, s.x);
        s.y = select(s.y != s.y, nan, s.y);
        s.z = select(s.z != s.z, nan, s.z);
        s.vx = select(s.vx != s.vx, nan, s.vx);
        s.vy = select(s.vy != s.vy, nan, s.vy);
        s.vz = select(s.vz != s.vz, nan, s.vz);
    }
}

// A state in TEME -> the requested frame.
template <class R>
FN void to_frame(const R& q, bool in_geodetic, State& s) {
    rotate(q, s);
    if (in_geodetic) geodetic(s);
    one_nan(s);
}

}  // namespace gpuprop
