// The instants of most crossings and culminations between knots: an estimate on a cubic, then exact
// states. Twin: gpuprop/sgp4/access_events.py; docs/access.md says when an instant is sure.
#pragma once
#include "access.cuh"

namespace gpuprop {

// the certainty of an instant: it is none in view in the window; it is that of the definition; it is
// an estimate
constexpr int OUTSIDE = 0, SURE = 1, UNSURE = 2;
constexpr int NEWTON_STEPS = 4;                             // on the cubic
constexpr int CROSSING_STATES = 5, CULMINATION_STATES = 7;  // at most
// microseconds: see gpuprop/analysis/events.py
constexpr long long CELL = 1 << 20, SPAN = 1000, EXTREMUM_STEP = 1 << 10;
constexpr double CLEAR = 6.0;         // times the rounding errors
constexpr double ROUNDING = 4.0e-16;   // of a number near one, twice
constexpr double EARTH_ROUNDING = 5.0e-14;  // rad: of the Earth's rotation angle
constexpr double SPHERE = 2.0 * 6400.0;     // km
constexpr double FALL = 1.4;  // times a clear difference: the change in a step of sure signs

// A site for each lane.
struct LaneSite {
    Real position[3], east[3], north[3], up[3];
};

struct Path {
    Cubic east, north, up;  // km
};

// What is known of an event. `rate` is the speed of a crossing (km/us), or how fast the difference of
// the heights at a culmination falls (in a microsecond).
struct Event {
    Bits us;  // the instant that is examined
    Real rate, least;
    Real before;  // of the state before
    Mask rises, inside;
    Mask open;  // still to be examined
};

// local: east, north and up at the four knots.
FN Path path_through(const Real (&local)[12]) {
    return {cubic_through(local[0], local[3], local[6], local[9]),
            cubic_through(local[1], local[4], local[7], local[10]),
            cubic_through(local[2], local[5], local[8], local[11])};
}

FN Real rate(const Cubic& p, Real s) { return (3.0 * p.d * s + 2.0 * p.c) * s + p.b; }
FN Real bend(const Cubic& p, Real s) { return 6.0 * p.d * s + 2.0 * p.c; }
FN LocalPosition at(const Path& path, Real s) {
    return {at(path.east, s), at(path.north, s), at(path.up, s)};
}

// The tangent of half of the elevation.
FN Real height(const LocalPosition& p) {
    Real level2 = p.east * p.east + p.north * p.north;
    return p.up / (sqrt(level2 + p.up * p.up) + sqrt(level2));
}

// How far a position is above the minimum elevation, km, measured upwards.
FN Real elevated(double tangent, const LocalPosition& p) {
    return p.up - tangent * sqrt(p.east * p.east + p.north * p.north);
}

// s where it is between low and high, or the middle of these.
FN Real or_middle(Real s, Real low, Real high) {
    return select(both(s >= low, s <= high), s, 0.5 * (low + high));
}

FN Bits clip(Bits us, Bits first, Bits last) {
    Bits later = select(us < first, first, us);
    return select(later > last, last, later);
}

FN Mask same(Mask a, Mask b) { return either(both(a, b), both(opposite(a), opposite(b))); }

// Rounding errors of directions, rad. age: since the epoch, ns; turn_rate: rad/ns.
FN Real rounding(Bits age, Real turn_rate) {
    Real turned = absolute(number(age)) * turn_rate;
    return ROUNDING * (turned + 10.0) + EARTH_ROUNDING;
}

// --- crossings: the first state corrects the estimate, then two tell whether it is right ---
// kind: of the candidate
FN Event begin_crossing(const EventJob& job, const Real (&local)[12], Bits kind, Bits knot,
                        Real noise) {
    Path path = path_through(local);
    double tangent = job.tangent;
    Real zero = splat(0.0), one = splat(1.0);
    Real begin = elevated(tangent, at(path, zero)), end = elevated(tangent, at(path, one));
    Event event = {};
    event.rises = (kind & whole(RISING)) != whole(0);
    Real low = zero, high = one, s = begin / (begin - end), slope = zero;
    for (int turn = 0; turn <= NEWTON_STEPS; turn++) {
        LocalPosition p = at(path, s);
        Real level = sqrt(p.east * p.east + p.north * p.north);
        Real above = p.up - tangent * level;
        slope = rate(path.up, s) -
                tangent * ((p.east * rate(path.east, s) + p.north * rate(path.north, s)) / level);
        if (turn == NEWTON_STEPS) break;
        Mask begins = same(above < 0.0, event.rises);
        low = select(begins, s, low);
        high = select(begins, high, s);
        s = or_middle(s - above / slope, low, high);
    }
    event.rate = slope / double(job.step_us);
    event.us = knot + to_integer(nearest(s * double(job.step_us)));
    event.inside = both(event.us > whole(job.first_us - CELL), event.us < whole(job.last_us + CELL));
    Real distance = SPHERE + sqrt((local[3] * local[3] + local[4] * local[4]) + local[5] * local[5]);
    event.least = (CLEAR * (1.0 + tangent)) * (noise * distance);
    event.open = both(event.inside, absolute(event.rate) > event.least);
    event.us = clip(event.us, whole(job.first_us + 1), whole(job.last_us));
    return event;
}

FN void move_crossing(const EventJob& job, Event& event, Real above) {
    Real ahead = -above / event.rate;
    Mask near = absolute(ahead) < double(CELL);
    ahead = select(near, -floor(select(near, -ahead, splat(0.0))), splat(0.0));
    Bits moved = clip(event.us + to_integer(ahead), whole(job.first_us + 1), whole(job.last_us));
    event.us = select(event.open, moved, event.us);
}


// The instant of state k.
FN Bits crossing_instant(const Event& event, int k) { return k % 2 ? event.us - 1 : event.us; }

FN void take_crossing(const EventJob& job, Event& event, int k, const LocalPosition& p) {
    Real above = elevated(job.tangent, p);
    if (k % 2) {
        event.before = above;
        return;
    }
    if (k) {
        Real before = event.before;
        Mask good = both(before - before == 0.0, above - above == 0.0);
        Mask turns = both(opposite(same(before >= 0.0, event.rises)),
                          same(above >= 0.0, event.rises));
        event.open = both(event.open, opposite(both(good, turns)));
    }
    move_crossing(job, event, above);
}

FN Code crossing_certainty(const Event& event) {
    Mask sure = both(absolute(event.rate) > event.least, opposite(event.open));
    return select(event.inside, select(sure, code(SURE), code(UNSURE)), code(OUTSIDE));
}

// --- culminations: two states and a step of Newton, four states around, one at the instant ---
FN Event begin_culmination(const EventJob& job, const Real (&local)[12], Bits knot, Real noise) {
    Path path = path_through(local);
    Real before = height({local[0], local[1], local[2]});
    Real here = height({local[3], local[4], local[5]});
    Real after = height({local[6], local[7], local[8]});
    Real low = splat(-1.0), high = splat(1.0);
    Real s = or_middle(0.5 * (after - before) / ((here - before) + (here - after)), low, high);
    Real level2 = low, climb_rate = low, up = low;
    for (int turn = 0; turn <= NEWTON_STEPS; turn++) {
        LocalPosition p = at(path, s);
        LocalPosition v = {rate(path.east, s), rate(path.north, s), rate(path.up, s)};
        LocalPosition b = {bend(path.east, s), bend(path.north, s), bend(path.up, s)};
        level2 = p.east * p.east + p.north * p.north;
        up = p.up;
        Real level_rate = p.east * v.east + p.north * v.north;
        Real level_bend = ((v.east * v.east + v.north * v.north) + p.east * b.east) + p.north * b.north;
        Real climb = v.up * level2 - p.up * level_rate;
        climb_rate = (b.up * level2 + v.up * level_rate) - p.up * level_bend;
        if (turn == NEWTON_STEPS) break;
        Mask rises = climb > 0.0;
        low = select(rises, s, low);
        high = select(rises, high, s);
        s = or_middle(s - climb / climb_rate, low, high);
    }
    Real level = sqrt(level2), distance = sqrt(level2 + up * up);
    Real tangent = up / (distance + level);
    Real bends = (0.5 * (1.0 + tangent * tangent)) * (climb_rate / (level * (distance * distance)));
    Event event = {};
    double step = double(job.step_us);
    event.rate = -2.0 * double(SPAN) / (step * step) * bends;
    event.least = CLEAR * noise * ((SPHERE + distance) / distance);
    event.us = clip(knot + to_integer(nearest(s * step)), whole(job.first_us), whole(job.last_us));
    event.open = both(opposite(event.us < whole(job.first_us + CELL)),
                      opposite(event.us > whole(job.last_us - CELL)));
    return event;
}

FN Bits culmination_instant(const EventJob& job, const Event& event, int k) {
    Bits us = event.us;
    if (k == 4 || k == 5) us = us + EXTREMUM_STEP;
    if (k < 6) us = k % 2 ? us + SPAN : us - SPAN;
    return clip(us, whole(job.first_us), whole(job.last_us));
}

FN void take_culmination(const EventJob& job, Event& event, int k, const LocalPosition& p) {
    if (k == 6) {
        event.inside = elevated(job.tangent, p) >= 0.0;
        return;
    }
    Real value = height(p);
    if (k % 2 == 0) {
        event.before = value;
        return;
    }
    Real difference = value - event.before, zero = splat(0.0);
    if (k == 1) {
        Real ahead = difference / event.rate;
        event.open = both(event.open, absolute(ahead) < double(CELL / 2));
        Bits us = event.us + to_integer(nearest(select(event.open, ahead, zero)));
        event.us = select(event.open, us & whole(-EXTREMUM_STEP), event.us);
    } else if (k == 3) {
        event.rate = difference;  // it is not needed any more, and a GPU has few registers
    } else {
        Real left = event.rate, right = difference;
        Bits cell = event.us & whole(-CELL);
        Mask inside = both(opposite(cell < whole(job.first_us)),
                           opposite(cell + CELL > whole(job.last_us)));
        Mask turns = both(left > 0.0, right <= 0.0);
        Mask clear = left - right > FALL * event.least;
        event.open = both(both(event.open, inside), both(turns, clear));
        Real part = select(event.open, left / (left - right), zero);
        event.us = event.us + to_integer(nearest(part * double(EXTREMUM_STEP)));
    }
}

FN Code culmination_certainty(const Event& event) {
    return select(event.open, select(event.inside, code(SURE), code(OUTSIDE)), code(UNSURE));
}

// --- bisection: a state or two in the middle of each bracket ---
struct Bracket {
    Bits low, high;
    Mask goal;  // what becomes true
    Real before;
};

FN Mask is_open(const BisectJob& job, const Bracket& b) { return b.high - b.low > whole(job.step_us); }

// The instant of state k of a level.
FN Bits middle_instant(const BisectJob& job, const Bracket& b, int k) {
    Bits us = (b.low + b.high) >> 1;
    if (!job.climbing) return us;
    return clip(k ? us + SPAN : us - SPAN, whole(job.first_us), whole(job.last_us));
}

FN void take_middle(const BisectJob& job, Bracket& b, int k, const LocalPosition& p) {
    Mask holds;
    if (job.climbing) {
        Real value = height(p);
        if (!k) {
            b.before = value;
            return;
        }
        holds = value - b.before > 0.0;
    } else
        holds = elevated(job.tangent, p) >= 0.0;
    Mask reached = same(holds, b.goal), open = is_open(job, b);
    Bits middle = (b.low + b.high) >> 1;
    b.high = select(both(open, reached), middle, b.high);
    b.low = select(both(open, opposite(reached)), middle, b.low);
}

}  // namespace gpuprop
