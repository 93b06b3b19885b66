// Which pairs of objects may come close around a knot. Twin: gpuprop/sgp4/screening.py, which
// explains the method. Only a superset of the close pairs is found here, and exact states decide
// later; so these formulas need not round as the twin does.
#pragma once
#include "lane.cuh"
#include "trig.cuh"

namespace gpuprop {

constexpr double MU = 398600.8;         // km^3/s^2
constexpr double LEAST_SLACK = 0.003;   // km
constexpr double FLOAT_SLACK = 1.5e-7;  // of the radius, for rounding to float32
constexpr double ROUGH_SLACK = 10.0;    // km, where a neighbouring knot has no state
constexpr double LARGE_SLACK = 4.0;     // km: with more, velocities are not used
constexpr double OBLATENESS = 0.004;    // of the central acceleration
constexpr double GRADIENT = 1.01;       // of 2 mu / r^3

// Classes after the cells, as in gpuprop/engine/screening.py.
enum { FAST, WILD, DORMANT, CLASSES };

struct Motion {
    Real x, y, z, vx, vy, vz;
};

// Where an object can be within half a step of a knot.
struct Reach {
    Real low, high;  // km, radius, with half of the threshold
    Real angle;      // rad, from the direction at the knot
    Real gradient;   // 1/s^2
};

// When a pair may be closer than the threshold, seconds from the knot.
struct Approach {
    Mask close;
    Real begin, end;
    Real speed;  // km/s
};

FN Real smaller(Real a, Real b) { return select(a < b, a, b); }
FN Real larger(Real a, Real b) { return select(a > b, a, b); }

// -mu / r^3
FN Real central_gravity(const Motion& m) {
    Real r2 = m.x * m.x + m.y * m.y + m.z * m.z;
    return -MU / (r2 * sqrt(r2));
}

// The distance of the path from a to b from the integral of the velocities, km (corrected
// trapezoidal rule).
FN Real path_residual(const Motion& a, const Motion& b, double step) {
    Real ga = central_gravity(a), gb = central_gravity(b);
    double half = 0.5 * step, twelfth = step * step / 12.0;
    Real dx = (b.x - a.x) - half * (a.vx + b.vx) + twelfth * (gb * b.x - ga * a.x);
    Real dy = (b.y - a.y) - half * (a.vy + b.vy) + twelfth * (gb * b.y - ga * a.y);
    Real dz = (b.z - a.z) - half * (a.vz + b.vz) + twelfth * (gb * b.z - ga * a.z);
    return sqrt(dx * dx + dy * dy + dz * dz);
}

// The motion t seconds later, along a parabola.
FN Motion extrapolated(const Motion& m, double t) {
    Real g = central_gravity(m);
    Real half = 0.5 * t * t * g;
    return {m.x + t * m.vx + half * m.x, m.y + t * m.vy + half * m.y, m.z + t * m.vz + half * m.z,
            m.vx + t * g * m.x,          m.vy + t * g * m.y,          m.vz + t * g * m.z};
}

FN Motion select(Mask some, const Motion& a, const Motion& b) {
    return {select(some, a.x, b.x),   select(some, a.y, b.y),   select(some, a.z, b.z),
            select(some, a.vx, b.vx), select(some, a.vy, b.vy), select(some, a.vz, b.vz)};
}

// The motion by three positions alone, for element sets whose velocities are wrong by kilometres per
// second; slack: km, for the curvature (second difference) and its change.
FN Motion through_positions(const Motion& a, const Motion& m, const Motion& b, double step,
                            Real& slack) {
    Real dx = b.x - a.x, dy = b.y - a.y, dz = b.z - a.z;
    Real bx = (b.x - m.x) - (m.x - a.x), by = (b.y - m.y) - (m.y - a.y),
         bz = (b.z - m.z) - (m.z - a.z);
    Real moved = 0.5 * sqrt(dx * dx + dy * dy + dz * dz);
    Real bend = sqrt(bx * bx + by * by + bz * bz);
    Real r = sqrt(m.x * m.x + m.y * m.y + m.z * m.z);
    slack = bend * (0.125 + 0.125 * (moved + bend) / r) + LEAST_SLACK;
    double per_second = 0.5 / step;
    return {m.x, m.y, m.z, dx * per_second, dy * per_second, dz * per_second};
}

// The motion of an object at a knot: its own state, or that of a neighbouring knot with status 0,
// moved. Which neighbour: before if good_before. residuals: to both neighbours, maybe NaN.
FN Motion around_knot(const Motion& before, const Motion& here, const Motion& after,
                      Mask good_before, double step, Real residual_before, Real residual_after,
                      Real& slack) {
    Real sum = (here.x + here.y + here.z) + (here.vx + here.vy + here.vz);
    Mask lost = opposite(sum == sum);
    Real sum_of_both = residual_before + residual_after;
    slack = select(sum_of_both == sum_of_both, LEAST_SLACK + 2.0 * larger(residual_before, residual_after),
                   ROUGH_SLACK);
    Motion m = here;
    if (unlikely(any(lost)))
        m = select(lost,
                   select(good_before, extrapolated(before, step), extrapolated(after, -step)), m);
    Mask large = slack > LARGE_SLACK;
    if (unlikely(any(large))) {
        Real other;
        Motion through = through_positions(before, m, after, step, other);
        large = both(large, other < slack);
        m = select(large, through, m);
        slack = select(large, other, slack);
    }
    return m;
}

FN Reach reach_around(const Motion& m, double half_step, double threshold, Real& slack) {
    Real r2 = m.x * m.x + m.y * m.y + m.z * m.z;
    Real r = sqrt(r2);
    Real inverse = 1.0 / r;
    Real climb = absolute((m.x * m.vx + m.y * m.vy + m.z * m.vz) * inverse);
    Real across2 =
        larger((m.vx * m.vx + m.vy * m.vy + m.vz * m.vz) - climb * climb, splat(0.0));
    Real gravity = MU * inverse * inverse;
    Real centrifugal = across2 * inverse;
    Real second = absolute(centrifugal - gravity);
    Real turn = (3.0 * centrifugal + 2.0 * gravity) * inverse;
    Real third = 1.2 * climb * turn;
    Real fourth = 1.2 * (12.0 * climb * climb * centrifugal * inverse * inverse + second * turn);
    double t = half_step;
    Real change = t * (climb + t * (0.5 * (second + OBLATENESS * gravity) +
                                    t * (third * (1.0 / 6.0) + t * (fourth * (1.0 / 24.0)))));
    slack = slack + FLOAT_SLACK * r;
    Real margin = slack + 0.5 * threshold;
    Real low = larger(r - change - margin, splat(1.0));
    Real inverse_low = 1.0 / low;
    Real angle =
        1.001 * (r * sqrt(across2) * t * inverse_low * inverse_low + margin * inverse_low);
    Real gradient = 2.0 * MU * GRADIENT * inverse_low * inverse_low * inverse_low;
    return {low, r + change + margin, angle, gradient};
}

// The place of a direction in the bands, from 0 to 1 south to north, and along its band.
FN Real place_in_bands(const Motion& m) {
    return atan2(m.z, sqrt(m.x * m.x + m.y * m.y)) * (1.0 / PI) + 0.5;
}
FN Real place_along_band(const Motion& m) { return atan2(m.y, m.x) * (1.0 / TWO_PI) + 0.5; }

// The cell of a direction from its places.
FN Integer sky_cell(const Integer* first_cell, Integer bands, double across, double along) {
    Integer band = truncated(across * bands);
    band = band < 0 ? 0 : band < bands ? band : bands - 1;
    Integer count = first_cell[band + 1] - first_cell[band], place = truncated(along * count);
    return first_cell[band] + (place < 0 ? 0 : place < count ? place : count - 1);
}

// Which pairs may be closer than the threshold, from the motion d of one to the other. slack: of
// both, km. gradient: the larger of both.
FN Approach approach(const Motion& d, Real slack, Real gradient, double half_step,
                     double threshold) {
    double t = half_step;
    Real d2 = d.x * d.x + d.y * d.y + d.z * d.z;
    Real v2 = d.vx * d.vx + d.vy * d.vy + d.vz * d.vz;
    Real dv = d.x * d.vx + d.y * d.vy + d.z * d.vz;
    Real limit = threshold + (slack + (0.5 * t * t) * gradient * (sqrt(d2) + threshold));
    Real l2 = limit * limit;
    Real safe = larger(v2, splat(1e-18));
    Real nearest = -dv / safe;
    Real inside = smaller(larger(nearest, splat(-t)), splat(t));
    Approach a;
    a.close = d2 + inside * (2.0 * dv + inside * v2) <= l2;
    a.begin = nearest;
    a.end = larger(l2 - (d2 + nearest * dv), splat(0.0)) / safe;  // squared half of the span
    a.speed = v2;
    return a;
}

// Finish an approach that is close; few are.
FN Approach finished(Approach a, double half_step) {
    Real span = sqrt(a.end), middle = a.begin;
    a.begin = larger(middle - span, splat(-half_step));
    a.end = smaller(middle + span, splat(half_step));
    a.speed = sqrt(a.speed);
    return a;
}

}  // namespace gpuprop
