// The kernels on a CPU, W satellites at a time: loads, calls and stores, no formulas. Compiled once
// for each width (-DW=2, 4, 8), with entry points that end in the width; a plain C interface for
// gpuprop/engine/cpu/. Of the C++ library only headers are used: the linker could take a library
// function from the object file of a wider CPU.
#include <cstdint>
#include <cstring>

#include "access.cuh"
#include "access_events.cuh"
#include "coverage.cuh"
#include "deep_space.cuh"
#include "earth_rotation.cuh"
#include "exported.cuh"
#include "frames.cuh"
#include "initialise.cuh"
#include "look_angles.cuh"
#include "mixed.cuh"
#include "near_earth.cuh"
#include "orbit.cuh"
#include "screening_cpu.cuh"

#define JOIN(a, b) a##b
#define NAME(a, b) JOIN(a, b)
#define ENTRY(name) NAME(gpuprop_##name##_, W)
#define INLINE __attribute__((always_inline))

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

#include "grid_cpu.cuh"
#include "mixed_cpu.cuh"
#include "pairs_cpu.cuh"
#include "julian_cpu.cuh"

template <int REGIME>
void satellite_regime(const Satellite& satellite, double t, const SatelliteState& before,
                      SatelliteState& after) {
    Constants c = repeat_constants(satellite.constants, 1);
    Integrator reached = {splat(before.step), splat(before.xli), splat(before.xni)};
    State s = state_of<REGIME>(satellite.gravity, satellite.afspc, c, reached, splat(t));
    after = {s.x[0],  s.y[0],      s.z[0],          s.vx[0],        s.vy[0],
             s.vz[0], s.status[0], reached.step[0], reached.xli[0], reached.xni[0]};
}

FN Constants initialise_at(const InitialiseJob& job, int64_t i, Code& regime) {
    Real e[8];
    int64_t from[W];
    for (int64_t lane = 0; lane < W; lane++) {
        from[lane] = i + lane < job.n_sats ? i + lane : job.n_sats - 1;
        if (job.order) from[lane] = job.order[from[lane]];
    }
    for (int j = 0; j < 8; j++)
        for (int lane = 0; lane < W; lane++) e[j][lane] = job.fields[j][from[lane]];
    return initialise(job.gravity, job.afspc,
                      MeanElements{e[0], e[1], e[2], e[3], e[4], e[5], e[6], e[7]}, regime);
}

// Constants of element sets; the first satellite is a multiple of W. Constants of deep space are
// not written for vectors without it: the caller has set them to zero, and need not have memory for
// them.
void initialise_each(const InitialiseJob& job, const Task& task) {
    for (int64_t i = task.first; i < task.last; i += W) {
        Code regime;
        Constants c = initialise_at(job, i, regime);
        const int fields = any(regime != code(NEAR_EARTH)) ? int(FIELD_COUNT) : int(FIELD_zmos);
#define FIELD(name, unit, meaning) \
    if (FIELD_##name < fields) store(job.constants + FIELD_##name * job.stride + i, c.name);
#include "constants.def"
#undef FIELD
    }
}

// The regimes alone: the compiler leaves out what they do not depend on.
void classify_each(const InitialiseJob& job, const Task& task) {
    for (int64_t i = task.first; i < task.last; i += W) {
        Code regime;
        initialise_at(job, i, regime);
        std::memcpy(job.regimes + i, &regime, sizeof regime);
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

#include "access_cpu.cuh"
#include "access_events_cpu.cuh"
#include "coverage_cpu.cuh"

// The kernels by number.
typedef void (*Function)(const void* job, const Task& task);
const Function FUNCTIONS[] = {
#define KERNEL_OF_CPU(name, argument, function) \
    [](const void* job, const Task& task) { function(*static_cast<const argument*>(job), task); },
#define KERNEL(name, argument, function, blocks) KERNEL_OF_CPU(name, argument, function)
#define KERNEL_OF_GPU(name, argument, function, blocks) nullptr,
#include "operations.def"
};

}  // namespace

extern "C" {

// Do tasks of a list until all are taken. Several threads may work on one list. job: the argument
// of their kernels.
EXPORTED void ENTRY(work)(const void* job, TaskList* list) {
    for (;;) {
        Integer k = __atomic_fetch_add(&list->next, 1, __ATOMIC_RELAXED);
        if (k >= list->n_tasks) return;
        FUNCTIONS[list->tasks[k].kernel](job, list->tasks[k]);
    }
}

// Whether these kernels have precision mixed.
EXPORTED int64_t ENTRY(has_mixed)() { return HAS_MIXED; }

// For one state wider vectors have no use, and the processor needs time to power them up.
#if W == 2
// Initialise a satellite whose gravity and afspc are set: its regime and constants from `elements`
// (the fields of MeanElements), and `start`, its resonance at the epoch.
EXPORTED void gpuprop_satellite_initialise(Satellite* satellite, const double* elements,
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
EXPORTED void gpuprop_satellite_state(const Satellite* satellite, double t,
                                      const SatelliteState* before, SatelliteState* after) {
    if (satellite->regime == NEAR_EARTH)
        satellite_regime<NEAR_EARTH>(*satellite, t, *before, *after);
    if (satellite->regime == DEEP_SPACE)
        satellite_regime<DEEP_SPACE>(*satellite, t, *before, *after);
    if (satellite->regime == ONE_DAY) satellite_regime<ONE_DAY>(*satellite, t, *before, *after);
    if (satellite->regime == HALF_DAY) satellite_regime<HALF_DAY>(*satellite, t, *before, *after);
}
#endif
}
