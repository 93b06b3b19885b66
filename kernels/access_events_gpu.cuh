// Instants of events on a GPU, a part of propagate.cu, which includes it in its middle.

FN Constants constants_of(const PairJob& job, Integer i) {
    Constants c;
#define FIELD(name, unit, meaning) c.name = job.constants[FIELD_##name * job.stride + i];
#include "constants.def"
#undef FIELD
    return c;
}

// The exact position of a satellite at an instant, seen from a site: NaN unless its status is 0.
template <int REGIME>
FN LocalPosition seen_from(const PairJob& job, Integer i, const Site& site, Integer ns) {
    const Constants c = constants_of(job, i);
    Integrator reached = at_epoch(c);
    State s = state_of<REGIME>(job.gravity, job.afspc, c, reached, minutes(ns - job.epoch_ns[i]));
    to_frame(earth_rotation_at(job, ns), 0, s);
    return local_position(site, Position{select(s.status == 0, s.x, not_a_number()), s.y, s.z});
}

// Grid x is events; a thread whose satellite is not one of the task has nothing to do. A store in the
// loop makes the compiler read constants and places again for each state: there are too few registers
// to keep them.
template <int REGIME>
FN void search_events(const EventJob& job, const Task& task) {
    Integer place = task.begin + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (place >= task.end) return;
    const Integer candidate = job.wanted[place] >> 1;
    const bool top = job.wanted[place] & 1;
    const Integer satellite = job.satellite[candidate], i = job.pairs.rank[satellite];
    if (i < task.first || i >= task.last) return;
    const Integer knot = job.knot_us + job.knot[candidate] * job.step_us;
    double local[12];
    for (int j = 0; j < 12; j++) local[j] = job.local[12 * candidate + j];
    const Real noise = rounding(knot * 1000 - job.pairs.epoch_ns[i], job.turn_rate[satellite]);
    Event event = top ? begin_culmination(job, local, knot, noise)
                      : begin_crossing(job, local, job.kind[candidate], knot, noise);
    for (int k = 0; k < (top ? CULMINATION_STATES : CROSSING_STATES) && event.open; k++) {
        const Integer again = job.wanted[place] >> 1;
        Integer us = top ? culmination_instant(job, event, k) : crossing_instant(event, k);
        LocalPosition p = seen_from<REGIME>(job.pairs, job.pairs.rank[job.satellite[again]],
                                            job.sites[job.site[again]], us * 1000);
        if (top)
            take_culmination(job, event, k, p);
        else
            take_crossing(job, event, k, p);
        job.found[place] = event.us;
    }
    job.found[place] = event.us;
    job.certainty[place] =
        (unsigned char)(top ? culmination_certainty(event) : crossing_certainty(event));
}

// Grid x is brackets. The store in the loop: as above.
template <int REGIME>
FN void bisect(const BisectJob& job, const Task& task) {
    Integer place = task.begin + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (place >= task.end) return;
    const Integer i = job.pairs.rank[job.satellite[place]];
    if (i < task.first || i >= task.last) return;
    Bracket bracket = {job.low[place], job.high[place], job.goal[place] != 0, 0.0};
    for (int k = 0; is_open(job, bracket); k++) {
        Integer us = middle_instant(job, bracket, k % 2);
        take_middle(job, bracket, k % 2,
                    seen_from<REGIME>(job.pairs, job.pairs.rank[job.satellite[place]],
                                      job.sites[job.site[place]], us * 1000));
        job.high[place] = bracket.high;
    }
}
