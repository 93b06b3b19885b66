// Intervals between knots in which a satellite may rise, culminate or set at a site. They are
// proposals: exact states decide. Twin: gpuprop/sgp4/access.py. docs/methods/access.md derives
// the bounds.
#pragma once
#include "look_angles.cuh"

namespace gpuprop {

// bits of a kind
constexpr int RISING = 1;          // the elevation rises above the least one once, between the knots
constexpr int SUSPECT = 2;         // it may cross the least one any number of times
constexpr int CULMINATION = 4;     // the first knot is higher than both of its neighbours
constexpr int UNKNOWN_STATES = 8;  // a state of the four is missing or not good
constexpr int SETTING = 16;        // the elevation falls below the least one once

// km/s^2: the largest acceleration in ITRS near the Earth, and what a kilometre of distance adds
constexpr double ACCELERATION = 0.0135, ACCELERATION_PER_KM = 1.6e-8;
constexpr double LONGER = 1.01;  // than its chord is a path of less than a fifth of a radian
constexpr double EARTH_MU = 398600.8;  // km^3/s^2
constexpr int SEGMENTS = 4;      // of a suspect interval
constexpr double EARTH_RADIUS = 6378.0;  // km; a satellite below has decayed
constexpr int DECAYED = 6;

struct Position {
    Real x, y, z;  // km in ITRS
};

struct LocalPosition {
    Real east, north, up;  // km
};

// What all sites have in common in an interval.
struct Interval {
    Real radius;        // distance from the centre of the Earth at the first of the middle knots, km
    Real longest;       // of the path between the middle knots, km
    Real acceleration;  // at most, km/s^2
    Mask all_good;      // the four states are known and good
    Mask some_good;     // the satellite may be good between the middle knots
};

FN Real up_of(const Site& site, const Position& r) {
    return (site.up[0] * (r.x - site.position[0]) + site.up[1] * (r.y - site.position[1])) +
           site.up[2] * (r.z - site.position[2]);
}

// site: one, or one for each lane.
template <class Place>
FN LocalPosition local_position(const Place& site, const Position& r) {
    Real dx = r.x - site.position[0], dy = r.y - site.position[1], dz = r.z - site.position[2];
    return {(site.east[0] * dx + site.east[1] * dy) + site.east[2] * dz,
            (site.north[0] * dx + site.north[1] * dy) + site.north[2] * dz,
            (site.up[0] * dx + site.up[1] * dy) + site.up[2] * dz};
}

// r and status: of the four knots. known: their instants are those of the grid.
FN Interval interval_of(const Position (&r)[4], const Code (&status)[4], double step, Mask known) {
    Real dx = r[2].x - r[1].x, dy = r[2].y - r[1].y, dz = r[2].z - r[1].z;
    Real radius = sqrt(r[1].x * r[1].x + r[1].y * r[1].y + r[1].z * r[1].z);
    Real next = sqrt(r[2].x * r[2].x + r[2].y * r[2].y + r[2].z * r[2].z);
    Real acceleration = ACCELERATION + ACCELERATION_PER_KM * radius;
    Interval interval;
    interval.radius = radius;
    interval.acceleration = acceleration;
    interval.longest = LONGER * sqrt((dx * dx + dy * dy) + dz * dz) + acceleration * (step * step * 0.25);
    const Code zero = code(0), lost = code(DECAYED);
    Mask here = status[1] == zero, after = status[2] == zero;
    Mask four = both(both(status[0] == zero, here), both(after, status[3] == zero));
    Mask decayed = both(status[1] == lost, status[2] == lost);
    Real risen = EARTH_RADIUS - acceleration * (step * step * 0.125);
    Mask back = both(decayed, either(radius > risen, next > risen));
    Mask some = either(either(here, after), back);
    interval.all_good = both(four, known);
    interval.some_good = either(some, opposite(known));
    return interval;
}

// Whether the satellite may be above the horizontal plane between the middle knots.
FN Mask may_be_up(const Interval& interval, Real up0, Real up1) {
    return both(opposite(up0 + up1 + interval.longest < 0.0), interval.some_good);
}

// Whether the satellite may reach the minimum elevation between the middle knots.
FN Mask may_reach(double cosine, double sine, const Interval& interval, const LocalPosition& p1,
                  const LocalPosition& p2) {
    Real level0 = sqrt(p1.east * p1.east + p1.north * p1.north);
    Real level1 = sqrt(p2.east * p2.east + p2.north * p2.north);
    return opposite((cosine * p1.up - sine * level0) + (cosine * p2.up - sine * level1) +
                        interval.longest < 0.0);
}

struct Cubic {
    Real a, b, c, d;  // ((d s + c) s + b) s + a, with s in knots
};

FN Cubic cubic_through(Real before, Real here, Real after, Real last) {
    constexpr double THIRD = 1.0 / 3.0, SIXTH = 1.0 / 6.0;
    return {here, ((after - before * THIRD) - here * 0.5) - last * SIXTH,
            (before + after) * 0.5 - here, (last - before) * SIXTH + (here - after) * 0.5};
}

FN Real at(const Cubic& p, Real s) { return ((p.d * s + p.c) * s + p.b) * s + p.a; }

// Whether the cubic through four knots, with its error and the bounds of a path in a segment of it,
// may touch the cone of the minimum elevation.
FN Mask may_touch(double cosine, double sine, double step, const Interval& interval,
                  const LocalPosition (&p)[4]) {
    Cubic east = cubic_through(p[0].east, p[1].east, p[2].east, p[3].east);
    Cubic north = cubic_through(p[0].north, p[1].north, p[2].north, p[3].north);
    Cubic up = cubic_through(p[0].up, p[1].up, p[2].up, p[3].up);
    Real r = interval.radius, turned = (EARTH_MU * (step * step)) / (r * r * r);
    Real error = r * (0.2 * (turned * turned) + 1.0e-10) + 1.0e-6;
    double seconds = step / SEGMENTS, scale = cosine + sine;
    Real length = interval.longest / double(SEGMENTS) + interval.acceleration * (step * step * 0.25);
    Real speed = length / seconds, straight = interval.acceleration * scale;
    Real level = splat(0.0), above = splat(0.0);
    Mask found = either(level < -1.0, level < -1.0);
    for (int k = 0; k <= SEGMENTS; k++) {
        Real s = splat(double(k) / SEGMENTS);
        Real e = at(east, s), n = at(north, s);
        Real next_level = sqrt(e * e + n * n), next = cosine * at(up, s) - sine * next_level;
        if (k) {
            Real low = select(above < next, above, next), high = select(above < next, next, above);
            Real nearest_level = select(level < next_level, level, next_level) - (length + 2.0 * error);
            Real bend = (straight + sine * (speed * speed) / nearest_level) * (seconds * seconds * 0.125);
            Real reach = select(nearest_level > 0.0, bend + error * scale, (length + error) * scale);
            found = either(found, opposite(either(low > reach, high < -reach)));
        }
        level = next_level, above = next;
    }
    return found;
}

// The kind of an interval: 0 where nothing can happen. p: at its knots.
FN Code interval_kind(double cosine, double sine, double step, const Interval& interval,
                      const LocalPosition (&p)[4]) {
    Real longest = interval.longest;
    Real level0 = sqrt(p[1].east * p[1].east + p[1].north * p[1].north);
    Real level1 = sqrt(p[2].east * p[2].east + p[2].north * p[2].north);
    // distances above the cone of the minimum elevation
    Real above0 = cosine * p[1].up - sine * level0, above1 = cosine * p[2].up - sine * level1;
    Mask alive = opposite(above0 + above1 + longest < 0.0);
    Real speed = longest / step;
    Real lowest = 0.5 * (level0 + level1 - longest);
    double curve = step * step * 0.125;
    Real sag = curve * (interval.acceleration * (cosine + sine));
    Real bulge =
        select(lowest > 0.0, sag + curve * (sine * (speed * speed) / lowest), longest);
    Mask is_up0 = above0 >= 0.0, is_up1 = above1 >= 0.0;
    Mask first = above0 > above1;
    Real larger = select(first, above0, above1), smaller = select(first, above1, above0);
    Mask crossing = either(both(is_up0, opposite(is_up1)), both(opposite(is_up0), is_up1));
    Real wide = select(bulge > sag, bulge, sag) * 4.0;
    Mask turning = both(crossing, opposite(larger - smaller > wide));
    Mask dipping = both(both(opposite(crossing), is_up0), opposite(smaller - sag > 0.0));
    Mask grazing = both(both(opposite(crossing), opposite(is_up0)), opposite(larger + bulge < 0.0));
    Mask suspect = either(turning, either(dipping, grazing));
    if (any(suspect))
        suspect = both(suspect, may_touch(cosine, sine, step, interval, p));
    // elevations are compared by the tangents, without a division
    Real level = sqrt(p[0].east * p[0].east + p[0].north * p[0].north);
    Mask highest = both(is_up0, both(p[1].up * level > p[0].up * level0,
                                     p[1].up * level1 >= p[2].up * level0));
    Code kind = select(suspect, code(SUSPECT),
                       select(crossing, select(is_up0, code(SETTING), code(RISING)), code(0)));
    kind = kind + select(highest, code(CULMINATION), code(0));
    kind = select(interval.all_good, kind, code(UNKNOWN_STATES));
    return select(alive, kind, code(0));
}

}  // namespace gpuprop
