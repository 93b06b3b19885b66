// The kernels on a GPU: loads, calls and stores, no formulas. operations.def lists them.
// gpuprop/engine/cuda joins the sources into one text and launches them. A thread holds the
// constants of one satellite.
#include "access.cuh"
#include "access_events.cuh"
#include "coverage.cuh"
#include "deep_space.cuh"
#include "earth_rotation.cuh"
#include "frames.cuh"
#include "initialise.cuh"
#include "look_angles.cuh"
#include "mixed.cuh"
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

// The Earth's rotation at an instant, from the table of the job.
FN LaneRotation earth_rotation_at(const PairJob& job, Integer ns) {
    Instant when = instant(ns);
    Integer row = when.day - job.first_day;
    row = row < 0 ? 0 : row < job.n_days ? row : job.n_days - 1;
    EarthDay d = job.earth[row];
    EarthRow earth = {d.ut1_tai, d.ut1_tai_change, d.tai_utc, d.length_ns, d.xp, d.xp_change,
                      d.yp,      d.yp_change,      d.speed};
    return earth_rotation(earth_angles(when, earth), job.polar);
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
        to_frame(earth_rotation_at(job, ns), job.geodetic, s);
    } else if (job.rotation) {
        to_frame(job.rotation[at], job.geodetic, s);
    }
    store_state(job, s, at);
}

#include "access_gpu.cuh"
#include "access_events_gpu.cuh"
#include "coverage_gpu.cuh"
#include "mixed_gpu.cuh"
#include "screening_gpu.cuh"

#define KERNEL(name, argument, function, blocks)                                                  \
    extern "C" __global__ void __launch_bounds__(THREADS, blocks) name(Launch<argument> launch) { \
        function(launch.job, launch.task);                                                        \
    }
#define KERNEL_OF_GPU(name, argument, function, blocks) KERNEL(name, argument, function, blocks)
#include "operations.def"

}  // namespace gpuprop
