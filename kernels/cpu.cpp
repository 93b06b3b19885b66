// The kernels on a CPU, W satellites at a time: loads, calls and stores, no formulas. Compiled once
// for each width (-DW=2, 4, 8), with entry points that end in the width; a plain C interface for
// gpuprop/engine/cpu.py. Of the C++ library only headers are used: the linker could take a library
// function from the object file of a wider CPU.
#include <cstdint>
#include <cstring>

#include "deep_space.cuh"
#include "frames.cuh"
#include "initialise.cuh"
#include "look_angles.cuh"
#include "near_earth.cuh"
#include "orbit.cuh"

#define JOIN(a, b) a##b
#define NAME(a, b) JOIN(a, b)
#define ENTRY(name) NAME(gpuprop_##name##_, W)

using namespace gpuprop;

namespace {

typedef uint8_t Bytes __attribute__((vector_size(W)));

constexpr int64_t TILE = 64;  // satellites whose constants stay in the cache for all instants
constexpr int64_t AHEAD = 2;  // rows between a store and the prefetch for a later one

FN Real load(const double* from) {
    Real x;
    std::memcpy(&x, from, sizeof x);
    return x;
}

FN void store(double* to, Real x) { std::memcpy(to, &x, sizeof x); }

FN Constants load_constants(const double* from, int64_t stride) {
    Constants c;
#define FIELD(name, unit, meaning) c.name = load(from + FIELD_##name * stride);
#include "constants.def"
#undef FIELD
    return c;
}

// The constants of one satellite in every lane.
FN Constants repeat_constants(const double* from, int64_t stride) {
    Constants c;
#define FIELD(name, unit, meaning) c.name = splat(from[FIELD_##name * stride]);
#include "constants.def"
#undef FIELD
    return c;
}

// Whether W satellites follow from i on, and are neighbours in the output too.
bool in_order(const PropagateJob& job, int64_t i, int64_t last) {
    if (i + W > last) return false;
    for (int64_t lane = 1; lane < W; lane++)
        if (job.place[i + lane] != job.place[i] + lane) return false;
    return true;
}

// Minutes from the epochs of the satellites i to i + W - 1 to instant k.
FN Real minutes_since(const PropagateJob& job, int64_t k, int64_t i) {
    Mask epoch;
    std::memcpy(&epoch, job.epoch_ns + i, sizeof epoch);
    return minutes(job.ns[k] - epoch);
}

// Store the lanes from satellite i on into the row that begins at `row`. The tile's next row is a
// whole row of all satellites further on, which no processor prefetches by itself: without the
// prefetch
// (`ahead`: elements between this row and a later one) the stores wait for memory, on some
// processors for two thirds of the time.
FN void store_state(const PropagateJob& job, const State& s, Code light, int64_t row, int64_t ahead,
                    int64_t i, int64_t last, bool ordered) {
    double* const out[6] = {job.x, job.y, job.z, job.vx, job.vy, job.vz};
    const Real columns[6] = {s.x, s.y, s.z, s.vx, s.vy, s.vz};
    if (ordered) {
        int64_t at = row + job.place[i];
        for (int j = 0; j < 6; j++) {
            if (!out[j]) continue;
            store(out[j] + at, columns[j]);
            __builtin_prefetch(out[j] + at + ahead, 1);
        }
        Bytes status = __builtin_convertvector(s.status, Bytes);
        if (job.status) std::memcpy(job.status + at, &status, sizeof status);
        Bytes sunlit = __builtin_convertvector(light, Bytes);
        if (job.sunlit) std::memcpy(job.sunlit + at, &sunlit, sizeof sunlit);
        return;
    }
    for (int64_t lane = 0; lane < W && i + lane < last; lane++) {
        int64_t at = row + job.place[i + lane];
        for (int j = 0; j < 6; j++) {
            if (!out[j]) continue;
            out[j][at] = columns[j][lane];
            __builtin_prefetch(out[j] + at + ahead, 1);
        }
        if (job.status) job.status[at] = uint8_t(s.status[lane]);
        if (job.sunlit) job.sunlit[at] = uint8_t(light[lane]);
    }
}

// Replace the mean orbits of a near-Earth tile in which angles are lost. Not inlined, because that
// would make the loop slower.
__attribute__((noinline)) void without_angles(const PropagateJob& job, int64_t k, int64_t tile,
                                              int64_t tile_end, Mean* mean) {
    for (int64_t i = tile, v = 0; i < tile_end; i += W, v++)
        near_earth_without_angles(load_constants(job.constants + i, job.stride),
                                  minutes_since(job, k, i), mean[v]);
}

// States of satellites of one regime at some instants.
template <int REGIME>
void propagate(const PropagateJob& job, const Task& task) {
    const int64_t first = task.first, last = task.last, begin = task.begin, end = task.end;
    for (int64_t tile = first; tile < last; tile += TILE) {
        int64_t tile_end = tile + TILE < last ? tile + TILE : last;
        Integrator reached[TILE / W];
        bool ordered[TILE / W];
        for (int64_t i = tile, v = 0; i < tile_end; i += W, v++) {
            reached[v] = at_epoch(load_constants(job.constants + i, job.stride));
            ordered[v] = in_order(job, i, tile_end);
        }
        for (int64_t k = begin; k < end; k++) {
            int64_t ahead = k + AHEAD < end ? AHEAD * job.n_sats : 0;
            // Stage by stage over the tile: each stage is short enough that the processor overlaps
            // several vectors.
            Mean mean[TILE / W];
            Inclination inclination[TILE / W];
            Eccentric anomaly[TILE / W];
            Mask lost = {};
            for (int64_t i = tile, v = 0; i < tile_end; i += W, v++) {
                Constants c = load_constants(job.constants + i, job.stride);
                Real t = minutes_since(job, k, i);
                if constexpr (REGIME == NEAR_EARTH) {
                    mean[v] = near_earth(c, t);
                    lost = either(lost, angles_lost(mean[v]));
                } else
                    mean[v] = deep_space<REGIME>(job.gravity, job.afspc, c, reached[v], t,
                                                 inclination[v]);
            }
            if (unlikely(any(lost))) without_angles(job, k, tile, tile_end, mean);
            for (int64_t i = tile, v = 0; i < tile_end; i += W, v++) {
                Constants c = load_constants(job.constants + i, job.stride);
                if constexpr (REGIME == NEAR_EARTH)
                    anomaly[v] = eccentric(mean[v], inclination_at_epoch(c));
                else
                    anomaly[v] = eccentric(mean[v], inclination[v]);
            }
            for (int64_t i = tile, v = 0; i < tile_end; i += W, v++) {
                Constants c = load_constants(job.constants + i, job.stride);
                State state;
                if constexpr (REGIME == NEAR_EARTH)
                    state =
                        orbit(job.gravity, c.rmax, mean[v], inclination_at_epoch(c), anomaly[v]);
                else
                    state = orbit(job.gravity, c.rmax, mean[v], inclination[v], anomaly[v]);
                Code light = code(UNKNOWN);
                if (job.sunlit) light = sunlight(job.sun + 3 * k, state);
                if (job.rotation) to_frame(job.rotation[k], job.geodetic, state);
                store_state(job, state, light, k * job.n_sats, ahead, i, tile_end, ordered[v]);
            }
        }
    }
}

// The state t minutes after the epoch, in one stage.
template <int REGIME>
FN State state_of(const Gravity& gravity, bool afspc, const Constants& c, Integrator& reached,
                  Real t) {
    if constexpr (REGIME == NEAR_EARTH) {
        Mean mean = near_earth(c, t);
        if (unlikely(any(angles_lost(mean)))) near_earth_without_angles(c, t, mean);
        return orbit(gravity, c.rmax, mean, inclination_at_epoch(c));
    } else {
        Inclination inclination;
        Mean mean = deep_space<REGIME>(gravity, afspc, c, reached, t, inclination);
        return orbit(gravity, c.rmax, mean, inclination);
    }
}

// Store one lane of a state in the layout of python-sgp4.
FN void store_julian(const JulianJob& job, const State& s, int lane, int64_t at) {
    double* r = job.r + 3 * at;
    double* v = job.v + 3 * at;
    r[0] = s.x[lane], r[1] = s.y[lane], r[2] = s.z[lane];
    v[0] = s.vx[lane], v[1] = s.vy[lane], v[2] = s.vz[lane];
    job.status[at] = uint8_t(s.status[lane]);
}

// A vector is W satellites at one instant. The last satellites, too few for a vector, are computed
// one by one: then a vector is one satellite at W instants.
template <int REGIME>
void julian(const JulianJob& job, const Task& task) {
    const int64_t last = task.last;
    int64_t i = task.first;
    for (; i + W <= last; i += W) {
        Constants c = load_constants(job.constants + i, job.stride);
        Integrator reached = at_epoch(c);
        Real whole = load(job.jd0 + i), part = load(job.fr0 + i);
        for (int64_t k = 0; k < job.n_times; k++) {
            Real t = (job.jd[k] - whole) * 1440.0 + (job.fr[k] - part) * 1440.0;
            State s = state_of<REGIME>(job.gravity, job.afspc, c, reached, t);
            for (int lane = 0; lane < W; lane++)
                store_julian(job, s, lane, job.place[i + lane] * job.n_times + k);
        }
    }
    for (; i < last; i++) {
        Constants c = repeat_constants(job.constants + i, job.stride);
        Integrator reached = at_epoch(c);
        for (int64_t k = 0; k < job.n_times; k += W) {
            int lanes = k + W <= job.n_times ? W : int(job.n_times - k);
            // The unused lanes of the last vector repeat the last instant: no further steps of the
            // resonance.
            Real jd, fr;
            for (int lane = 0; lane < W; lane++) {
                jd[lane] = job.jd[lane < lanes ? k + lane : job.n_times - 1];
                fr[lane] = job.fr[lane < lanes ? k + lane : job.n_times - 1];
            }
            Real t = (jd - job.jd0[i]) * 1440.0 + (fr - job.fr0[i]) * 1440.0;
            State s = state_of<REGIME>(job.gravity, job.afspc, c, reached, t);
            for (int lane = 0; lane < lanes; lane++)
                store_julian(job, s, lane, job.place[i] * job.n_times + k + lane);
        }
    }
}

template <int REGIME>
void satellite_regime(const Satellite& satellite, double t, const SatelliteState& before,
                      SatelliteState& after) {
    Constants c = repeat_constants(satellite.constants, 1);
    Integrator reached = {splat(before.step), splat(before.xli), splat(before.xni)};
    State s = state_of<REGIME>(satellite.gravity, satellite.afspc, c, reached, splat(t));
    after = {s.x[0],  s.y[0],      s.z[0],          s.vx[0],        s.vy[0],
             s.vz[0], s.status[0], reached.step[0], reached.xli[0], reached.xni[0]};
}

// Constants and regimes of element sets; the first satellite is a multiple of W.
void initialise_each(const InitialiseJob& job, const Task& task) {
    for (int64_t i = task.first; i < task.last; i += W) {
        Real e[8];
        for (int j = 0; j < 8; j++) e[j] = load(job.elements + j * job.stride + i);
        Code regime;
        Constants c =
            initialise(job.gravity, job.afspc,
                       MeanElements{e[0], e[1], e[2], e[3], e[4], e[5], e[6], e[7]}, regime);
#define FIELD(name, unit, meaning) \
    if (job.constants) store(job.constants + FIELD_##name * job.stride + i, c.name);
#include "constants.def"
#undef FIELD
        if (job.regimes) std::memcpy(job.regimes + i, &regime, sizeof regime);
    }
}

// Look angles of some instants, from every site.
void look_from_sites(const LookJob& job, const Task& task) {
    const double* const in[6] = {job.x, job.y, job.z, job.vx, job.vy, job.vz};
    double* const out[4] = {job.azimuth, job.elevation, job.range, job.range_rate};
    for (int64_t k = task.begin; k < task.end; k++)
        for (int64_t i = task.first; i < task.last; i += W) {
            const size_t bytes = sizeof(double) * (i + W < task.last ? W : task.last - i);
            Real from[6] = {};
            for (int j = 0; j < 6; j++) std::memcpy(&from[j], in[j] + k * job.n_sats + i, bytes);
            State state = {from[0], from[1], from[2], from[3], from[4], from[5], code(0)};
            if (job.rotation) rotate(job.rotation[k], state);
            for (int64_t site = 0; site < job.n_sites; site++) {
                LookAngles look = look_from(job.sites[site], state);
                const Real to[4] = {look.azimuth, look.elevation, look.range, look.range_rate};
                for (int j = 0; j < 4; j++)
                    std::memcpy(out[j] + (k * job.n_sites + site) * job.n_sats + i, &to[j], bytes);
            }
        }
}

// The kernels by number.
typedef void (*Function)(const void* job, const Task& task);
const Function FUNCTIONS[] = {
#define KERNEL_OF_CPU(name, argument, function) \
    [](const void* job, const Task& task) { function(*static_cast<const argument*>(job), task); },
#define KERNEL(name, argument, function, blocks) KERNEL_OF_CPU(name, argument, function)
#include "operations.def"
};

}  // namespace

extern "C" {

// Do tasks of a list until all are taken. Several threads may work on one list. job: the argument
// of their kernels.
void ENTRY(work)(const void* job, TaskList* list) {
    for (;;) {
        Integer k = __atomic_fetch_add(&list->next, 1, __ATOMIC_RELAXED);
        if (k >= list->n_tasks) return;
        FUNCTIONS[list->tasks[k].kernel](job, list->tasks[k]);
    }
}

// For one state wider vectors have no use, and the processor needs time to power them up.
#if W == 2
// Initialise a satellite whose gravity and afspc are set: its regime and constants from `elements`
// (the fields of MeanElements), and `start`, its resonance at the epoch.
void gpuprop_satellite_initialise(Satellite* satellite, const double* elements,
                                  SatelliteState* start) {
    Real e[8];
    for (int j = 0; j < 8; j++) e[j] = splat(elements[j]);
    Code regime;
    Constants c = initialise(satellite->gravity, satellite->afspc,
                             MeanElements{e[0], e[1], e[2], e[3], e[4], e[5], e[6], e[7]}, regime);
    satellite->regime = regime[0];
#define FIELD(name, unit, meaning) satellite->constants[FIELD_##name] = c.name[0];
#include "constants.def"
#undef FIELD
    Integrator reached = at_epoch(c);
    *start = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, reached.step[0], reached.xli[0], reached.xni[0]};
}

// The state t minutes after the epoch. before: an earlier result for this satellite, or its start.
void gpuprop_satellite_state(const Satellite* satellite, double t, const SatelliteState* before,
                             SatelliteState* after) {
    if (satellite->regime == NEAR_EARTH)
        satellite_regime<NEAR_EARTH>(*satellite, t, *before, *after);
    if (satellite->regime == DEEP_SPACE)
        satellite_regime<DEEP_SPACE>(*satellite, t, *before, *after);
    if (satellite->regime == ONE_DAY) satellite_regime<ONE_DAY>(*satellite, t, *before, *after);
    if (satellite->regime == HALF_DAY) satellite_regime<HALF_DAY>(*satellite, t, *before, *after);
}
#endif
}
