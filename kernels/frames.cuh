// TEME -> the frame asked for: rotation, geodetic coordinates, sunlight. Twin: frames.py. What depends on the instant alone (the matrix,
// the Sun) is computed once per instant by gpuprop/frames.
#pragma once
#include "constants.cuh"
#include "trig.cuh"

namespace gpuprop {

#define WGS84_A 6378.137 /* km */
#define WGS84_F (1.0 / 298.257223563)
#define WGS84_E2 (WGS84_F * (2.0 - WGS84_F))
#define WGS84_B (WGS84_A * (1.0 - WGS84_F))
#define WGS84_EP2 (WGS84_E2 / (1.0 - WGS84_E2))
#define DEGREES (180.0 / PI)
#define SUN_RADIUS 695700.0 /* km, IAU 2015 resolution B3 */
#define UMBRA 0
#define PENUMBRA 1
#define SUNLIT 2
#define UNKNOWN 255

// From TEME at one instant: r' = m r, v' = m v - w x r', with m by rows and w (rad/s) in the axes of the frame.
struct Rotation {
    double m[9], w[3];
};

FN void rotate(const Rotation& q, State& s) {
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

// x, y, z become latitude (deg), longitude (deg, in [-180, 180)) and height (km) on WGS-84. Bowring's formula (1976) once, from his start of
// 1985, as a fraction, so that nothing is divided by before the end: within 3e-13 rad from 100 km below the ground upwards.
FN void geodetic(State& s) {
    Real p2 = s.x * s.x + s.y * s.y;
    Real p = root(p2);
    Real r = root(p2 + s.z * s.z);
    Real sine = ((1.0 - WGS84_F) * s.z) * (r + WGS84_EP2 * WGS84_B);  // of the reduced latitude, times p r or so
    Real cosine = p * r;
    Real scale2 = sine * sine + cosine * cosine;
    Real scale3 = scale2 * root(scale2);
    Real up = s.z * scale3 + (WGS84_EP2 * WGS84_B) * (sine * sine * sine);
    Real out = p * scale3 - (WGS84_E2 * WGS84_A) * (cosine * cosine * cosine);
    Real up2 = up * up;
    Real length2 = up2 + out * out;
    Real longitude = atan2(s.y, s.x) * DEGREES;
    s.x = atan2(up, out) * DEGREES;
    s.y = select(longitude >= 180.0, longitude - 360.0, longitude);
    s.z = ((p * out + s.z * up) - WGS84_A * root(length2 - WGS84_E2 * up2)) / root(length2);
}

// Whether the Sun (TEME, km) shines on a place (TEME): cones around the ellipsoidal Earth. Stretched along its axis, the Earth is a sphere and
// light still straight; seen from the satellite, its disc and the Sun's are compared by the cosines of their distance and of the sum and
// difference of their radii, all times both distances.
FN Code sunlight(const double* sun, const State& s) {
    const double stretch = 1.0 / (1.0 - WGS84_F);
    Real z = stretch * s.z;
    Real dx = sun[0] - s.x, dy = sun[1] - s.y, dz = stretch * sun[2] - z;
    Real r2 = (s.x * s.x + s.y * s.y) + z * z;
    Real d2 = (dx * dx + dy * dy) + dz * dz;
    Real along = -((s.x * dx + s.y * dy) + z * dz);
    Real outside = r2 - WGS84_A * WGS84_A;
    Real edge = root(select(outside < 0.0, splat(0.0), outside) * (d2 - SUN_RADIUS * SUN_RADIUS));
    Mask touched = along > edge - WGS84_A * SUN_RADIUS;
    Mask covered = both(along > edge + WGS84_A * SUN_RADIUS, (WGS84_A * WGS84_A) * d2 > (SUN_RADIUS * SUN_RADIUS) * r2);
    Code light = select(covered, code(UMBRA), select(touched, code(PENUMBRA), code(SUNLIT)));
    return select(r2 != r2, code(UNKNOWN), light);
}

// One NaN for all: hardware makes different ones.
FN void one_nan(State& s) {
    Real sum = ((s.x + s.y) + (s.z + s.vx)) + (s.vy + s.vz);
    if (RARELY(any(sum != sum))) {
        Real nan = not_a_number();
        s.x = select(s.x != s.x, nan, s.x);
        s.y = select(s.y != s.y, nan, s.y);
        s.z = select(s.z != s.z, nan, s.z);
        s.vx = select(s.vx != s.vx, nan, s.vx);
        s.vy = select(s.vy != s.vy, nan, s.vy);
        s.vz = select(s.vz != s.vz, nan, s.vz);
    }
}

// A state in TEME as it is asked for.
FN void seen_from(const Rotation& q, bool in_geodetic, State& s) {
    rotate(q, s);
    if (in_geodetic) geodetic(s);
    one_nan(s);
}

}  // namespace gpuprop
