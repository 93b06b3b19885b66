// The kernels on a GPU: loads, calls and stores, no formulas. operations.def lists them.
// gpuprop/engine/cuda joins the sources into one text and launches them. A thread holds the
// constants of one satellite.
#include "access.cuh"
#include "deep_space.cuh"
#include "earth_rotation.cuh"
#include "frames.cuh"
#include "initialise.cuh"
#include "look_angles.cuh"
#include "near_earth.cuh"
#include "orbit.cuh"
#include "screening.cuh"

namespace gpuprop {

constexpr int THREADS = 128;  // most threads of a block

// The argument of every kernel: the host fills it.
template <class Job>
struct Launch {
    Job job;
    Task task;
};

// Grid x is satellites.
FN void initialise_each(const InitialiseJob& job, const Task& task) {
    Integer i = task.first + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= task.last) return;
    double e[8];
    for (int j = 0; j < 8; j++) e[j] = job.elements[j * job.stride + i];
    Code regime;
    Constants c = initialise(job.gravity, job.afspc,
                             MeanElements{e[0], e[1], e[2], e[3], e[4], e[5], e[6], e[7]}, regime);
#define FIELD(name, unit, meaning) job.constants[FIELD_##name * job.stride + i] = c.name;
#include "constants.def"
#undef FIELD
    job.regimes[i] = regime;
}

// Grid x is satellites, grid y instants; beyond the limit of the grid a thread takes several
// instants.
FN void look_from_sites(const LookJob& job, const Task& task) {
    Integer i = task.first + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= task.last) return;
    for (Integer k = task.begin + blockIdx.y; k < task.end; k += gridDim.y) {
        Integer at = k * job.n_sats + i;
        State s = {job.x[at], job.y[at], job.z[at], job.vx[at], job.vy[at], job.vz[at], 0};
        if (job.rotation) rotate(job.rotation[k], s);
        for (Integer site = 0; site < job.n_sites; site++) {
            LookAngles look = look_from(job.sites[site], s);
            Integer to = (k * job.n_sites + site) * job.n_sats + i;
            job.azimuth[to] = look.azimuth;
            job.elevation[to] = look.elevation;
            job.range[to] = look.range;
            job.range_rate[to] = look.range_rate;
        }
    }
}

template <int REGIME>
FN State state_of(const Gravity& gravity, bool afspc, const Constants& c, Integrator& reached,
                  Real t) {
    if (REGIME == NEAR_EARTH) {
        Mean mean = near_earth(c, t);
        if (angles_lost(mean)) near_earth_without_angles(c, t, mean);
        return orbit(gravity, c.rmax, mean, inclination_at_epoch(c));
    }
    Inclination inclination;
    Mean mean = deep_space<REGIME>(gravity, afspc, c, reached, t, inclination);
    return orbit(gravity, c.rmax, mean, inclination);
}

// Store the columns of a state that are not null.
template <class Job>
FN void store_state(const Job& job, const State& s, Integer at) {
    if (job.x) job.x[at] = s.x;
    if (job.y) job.y[at] = s.y;
    if (job.z) job.z[at] = s.z;
    if (job.vx) job.vx[at] = s.vx;
    if (job.vy) job.vy[at] = s.vy;
    if (job.vz) job.vz[at] = s.vz;
    if (job.status) job.status[at] = (unsigned char)s.status;
}

// Grid x is satellites of one regime, grid y chunks of instants. A row of the output is an instant,
// with the satellites in the order of the input. Execution order keeps that order within a regime
// and class of eccentricity, so the stores of a constellation are coalesced.
template <int REGIME>
FN void propagate(const PropagateJob& job, const Task& task) {
    Integer i = task.first + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= task.last) return;
    Constants c;
#define FIELD(name, unit, meaning) c.name = job.constants[FIELD_##name * job.stride + i];
#include "constants.def"
#undef FIELD
    Integrator reached = at_epoch(c);
    Integer epoch_ns = job.epoch_ns[i];
    Integer k = task.begin + (Integer)blockIdx.y * task.chunk;
    Integer end = k + task.chunk < task.end ? k + task.chunk : task.end;
    for (Integer at = k * job.n_sats + job.place[i]; k < end; k++, at += job.n_sats) {
        State s =
            state_of<REGIME>(job.gravity, job.afspc, c, reached, minutes(job.ns[k] - epoch_ns));
        if (job.sunlit) job.sunlit[at] = (unsigned char)sunlight(job.sun + 3 * k, s);
        if (job.rotation) to_frame(job.rotation[k], job.geodetic, s);
        store_state(job, s, at);
    }
}

// Grid x is pairs; a thread whose satellite is not one of the task has nothing to do.
template <int REGIME>
FN void pairs(const PairJob& job, const Task& task) {
    Integer at = task.begin + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= task.end) return;
    Integer i = job.rank[job.index[at]];
    if (i < task.first || i >= task.last) return;
    Constants c;
#define FIELD(name, unit, meaning) c.name = job.constants[FIELD_##name * job.stride + i];
#include "constants.def"
#undef FIELD
    Integrator reached = at_epoch(c);
    Integer ns = job.ns[at];
    State s = state_of<REGIME>(job.gravity, job.afspc, c, reached, minutes(ns - job.epoch_ns[i]));
    if (job.sunlit) job.sunlit[at] = (unsigned char)sunlight(job.sun + 3 * at, s);
    if (job.earth) {
        Instant when = instant(ns);
        Integer row = when.day - job.first_day;
        row = row < 0 ? 0 : row < job.n_days ? row : job.n_days - 1;
        EarthDay d = job.earth[row];
        EarthRow earth = {d.ut1_tai, d.ut1_tai_change, d.tai_utc, d.length_ns, d.xp, d.xp_change,
                          d.yp,      d.yp_change,      d.speed};
        to_frame(earth_rotation(earth_angles(when, earth), job.polar), job.geodetic, s);
    } else if (job.rotation) {
        to_frame(job.rotation[at], job.geodetic, s);
    }
    store_state(job, s, at);
}

// Grid x is satellites, grid y the knots at which intervals begin; beyond the limit of the grid a
// thread takes several. First the candidates of each thread are counted, then `counts` has the place
// of the first of them.
FN void propose_passes(const AccessJob& job, const Task& task) {
    Integer i = task.first + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= task.last) return;
    for (Integer k = task.begin + blockIdx.y; k < task.end; k += gridDim.y) {
        Position r[4];
        Code status[4];
        for (int j = 0; j < 4; j++) {
            Integer at = (k - 1 + j) * job.n_sats + i;
            r[j] = {job.x[at], job.y[at], job.z[at]};
            status[j] = job.status[at];
        }
        Interval interval = interval_of(
            r, status, job.step, k - 1 >= job.first_known && k + 2 <= job.last_known);
        Integer* count = job.counts + (k - task.begin) * job.n_sats + i;
        Integer to = job.room ? *count : 0;
        for (Integer site = 0; site < job.n_sites; site++) {
            const Site& place = job.sites[site];
            if (!may_be_up(interval, up_of(place, r[1]), up_of(place, r[2]))) continue;
            LocalPosition p[3] = {local_position(place, r[0]), local_position(place, r[1]),
                                  local_position(place, r[2])};
            Code kind = interval_kind(job.cosine, job.sine, job.step, interval, p);
            if (!kind) continue;
            if (job.room) {
                Integer* what = job.what + 4 * to;
                what[0] = k, what[1] = i, what[2] = site, what[3] = kind;
                double* local = job.local + 12 * to;
                for (int j = 0; j < 4; j++) {
                    LocalPosition at = local_position(place, r[j]);
                    local[3 * j] = at.east, local[3 * j + 1] = at.north, local[3 * j + 2] = at.up;
                }
            }
            to++;
        }
        if (!job.room) *count = to;
    }
}

// --- screening: a knot of a block has its own cells, and a thread an object ---

// Grid y is knots, without the first and the last of the block; beyond the limit of the grid a
// thread takes several.
FN Motion motion_at(const ScreenJob& job, Integer at) {
    return {job.x[at], job.y[at], job.z[at], job.vx[at], job.vy[at], job.vz[at]};
}

FN Motion motion_around(const ScreenJob& job, Integer at, double& slack) {
    const Integer n = job.n_sats;
    Motion before = motion_at(job, at - n), here = motion_at(job, at),
           after = motion_at(job, at + n);
    return around_knot(before, here, after, job.status[at - n] == 0, job.step,
                       path_residual(before, here, job.step), path_residual(here, after, job.step),
                       slack);
}

// The cell of each object, and its place in it.
FN void screen_count(const ScreenJob& job, const Task& task) {
    const Integer n = job.n_sats, i = (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    for (Integer k = blockIdx.y; k < task.end; k += gridDim.y) {
        Integer at = (k + 1) * n + i;
        double slack;
        Motion m = motion_around(job, at, slack);
        Reach reach = reach_around(m, 0.5 * job.step, job.threshold, slack);
        Integer home =
            sky_cell(job.first_cell, job.bands, place_in_bands(m), place_along_band(m));
        Integer cell = reach.angle <= job.angle  ? home
                       : reach.angle <= job.wide ? job.cells + FAST
                                                 : job.cells + WILD;
        if (job.status[at] && job.status[at - n] && job.status[at + n]) cell = job.cells + DORMANT;
        job.home[k * n + i] = (int)home;
        job.cell[k * n + i] = (int)cell;
        job.rank[k * n + i] = next_of(job.start + k * (job.cells + CLASSES + 1) + cell);
    }
}

// The first place of each cell: a thread sums the cells of a knot.
FN void screen_start(const ScreenJob& job, const Task& task) {
    Integer k = (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= task.end) return;
    int* start = job.start + k * (job.cells + CLASSES + 1);
    int total = 0;
    for (Integer c = 0; c <= job.cells + CLASSES; c++) {
        int count = start[c];
        start[c] = total;
        total += count;
    }
}

// Motion and reach of each object at its place.
FN void screen_place(const ScreenJob& job, const Task& task) {
    const Integer n = job.n_sats, i = (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    for (Integer k = blockIdx.y; k < task.end; k += gridDim.y) {
        double slack;
        Motion m = motion_around(job, (k + 1) * n + i, slack);
        Reach reach = reach_around(m, 0.5 * job.step, job.threshold, slack);
        Integer place = job.start[k * (job.cells + CLASSES + 1) + job.cell[k * n + i]] +
                        job.rank[k * n + i];
        const double columns[10] = {m.x,  m.y,   m.z,             m.vx,      m.vy,
                                    m.vz, slack, reach.gradient, reach.low, reach.high};
        for (int j = 0; j < 10; j++) job.rows[(k * 10 + j) * n + place] = columns[j];
        job.order[k * n + place] = (int)i;
    }
}

// Test the object at place q against that at place p.
FN void screen_pair(const ScreenJob& job, Integer k, Integer p, const double (&own)[10], Integer q,
                    bool always) {
    const Integer n = job.n_sats;
    const double* rows = job.rows + k * 10 * n + q;
    if (!always && !(rows[8 * n] <= own[9] && rows[9 * n] >= own[8])) return;
    Motion d = {rows[0] - own[0],     rows[n] - own[1],     rows[2 * n] - own[2],
                rows[3 * n] - own[3], rows[4 * n] - own[4], rows[5 * n] - own[5]};
    Approach near = approach(d, own[6] + rows[6 * n], larger(own[7], rows[7 * n]), 0.5 * job.step,
                             job.threshold);
    if (!near.close) return;
    Integer i = job.order[k * n + p], j = job.order[k * n + q];
    if (job.primary && !job.primary[i] && !job.primary[j]) return;
    near = finished(near, 0.5 * job.step);
    Integer to = next_of(job.count);
    if (to >= job.capacity) return;
    job.knot[to] = k + 1;
    job.first[to] = i < j ? i : j;
    job.second[to] = i < j ? j : i;
    job.since[to] = near.begin;
    job.until[to] = near.end;
    job.speed[to] = near.speed;
}

// The pairs of the object at each place.
FN void screen_join(const ScreenJob& job, const Task& task) {
    const Integer n = job.n_sats, p = (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    for (Integer k = blockIdx.y; k < task.end; k += gridDim.y) {
        const int* start = job.start + k * (job.cells + CLASSES + 1);
        const Integer fast = start[job.cells + FAST], wild = start[job.cells + WILD],
                      dormant = start[job.cells + DORMANT];
        if (p >= dormant) continue;
        double own[10];
        for (int j = 0; j < 10; j++) own[j] = job.rows[(k * 10 + j) * n + p];
        if (p >= wild) {
            for (Integer q = 0; q < p; q++) screen_pair(job, k, p, own, q, true);
            continue;
        }
        const Integer home = job.home[k * n + job.order[k * n + p]];
        const Integer last = p < fast ? start[home + 1] : wild;
        for (Integer q = p + 1; q < last; q++) screen_pair(job, k, p, own, q, false);
        const Integer* first = p < fast ? job.near_first : job.far_first;
        const Integer* ranges = p < fast ? job.near : job.far;
        for (Integer r = first[home]; r < first[home + 1]; r++) {
            const Integer end = start[ranges[2 * r + 1]];
            for (Integer q = start[ranges[2 * r]]; q < end; q++)
                screen_pair(job, k, p, own, q, false);
        }
    }
}

#define KERNEL(name, argument, function, blocks)                                                  \
    extern "C" __global__ void __launch_bounds__(THREADS, blocks) name(Launch<argument> launch) { \
        function(launch.job, launch.task);                                                        \
    }
#define KERNEL_OF_GPU(name, argument, function, blocks) KERNEL(name, argument, function, blocks)
#include "operations.def"

}  // namespace gpuprop
