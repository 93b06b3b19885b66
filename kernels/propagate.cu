// The kernels on a GPU: loads, calls and stores, no formulas. A thread holds the constants of one
// satellite and computes a chunk of instants; grid x is satellites, grid y chunks of instants.
// gpuprop/engine/cuda joins the sources into one text and launches them.
#include "deep_space.cuh"
#include "frames.cuh"
#include "initialise.cuh"
#include "look_angles.cuh"
#include "near_earth.cuh"
#include "orbit.cuh"

namespace gpuprop {

// Most threads of a block, and the least blocks that a multiprocessor of 65,536 registers holds at
// once: four near the Earth (128 registers a thread are enough), two in deep space, where three
// would spill registers to memory. bench/variants/registers.json has the compiler's figures.
constexpr int THREADS = 128, BLOCKS = 2, NEAR_EARTH_BLOCKS = 4;

// The arguments of the kernels, filled by the host. Every member has 8 bytes: no padding.
struct InitialiseJob {
    Gravity gravity;
    long long afspc;
    const double* elements;  // (8, n_sats): epoch no_kozai ecco inclo nodeo argpo mo bstar
    long long n_sats;
    double* constants;   // (FIELD_COUNT, n_sats)
    long long* regimes;  // (n_sats,)
};

struct PropagateJob {
    Gravity gravity;
    long long afspc;
    const double* constants;    // (FIELD_COUNT, n_sats), satellites in execution order
    const long long* epoch_ns;  // (n_sats,)
    const long long* place;     // (n_sats,) column of each satellite in the output
    long long n_sats;           // columns of the output
    long long first, last;      // satellites of this launch, all of one regime
    const long long* ns;        // (n_times,) instants
    long long n_times;
    long long chunk;           // instants of a thread
    const Rotation* rotation;  // (n_times,) TEME -> frame, or null
    long long geodetic;        // write latitude, longitude and height (the frame is Earth-fixed)
    const double* sun;         // (n_times, 3) TEME, km; null without sunlit
    double* out[6];            // x y z vx vy vz: (n_times, n_sats) each, or null
    unsigned char* status;     // (n_times, n_sats), or null
    unsigned char* sunlit;     // (n_times, n_sats), or null
};

struct LookJob {
    const Rotation* rotation;  // (n_times,) the states' frame -> ITRS, or null
    const Site* sites;         // (n_sites,)
    long long n_sites, n_times, n_sats;
    const double* in[6];  // x y z vx vy vz: (n_times, n_sats) each
    double* out[4];       // azimuth elevation range range_rate: (n_times, n_sites, n_sats) each
};

// Grid x is satellites, grid y instants; beyond the limit of the grid a thread takes several
// instants.
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) look_angles(LookJob job) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= job.n_sats) return;
    for (long long k = blockIdx.y; k < job.n_times; k += gridDim.y) {
        long long at = k * job.n_sats + i;
        State s = {job.in[0][at],
                   job.in[1][at],
                   job.in[2][at],
                   job.in[3][at],
                   job.in[4][at],
                   job.in[5][at],
                   0};
        if (job.rotation) rotate(job.rotation[k], s);
        for (long long site = 0; site < job.n_sites; site++) {
            LookAngles look = look_from(job.sites[site], s);
            long long to = (k * job.n_sites + site) * job.n_sats + i;
            job.out[0][to] = look.azimuth;
            job.out[1][to] = look.elevation;
            job.out[2][to] = look.range;
            job.out[3][to] = look.range_rate;
        }
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
    initialise_satellites(InitialiseJob job) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= job.n_sats) return;
    double e[8];
    for (int j = 0; j < 8; j++) e[j] = job.elements[j * job.n_sats + i];
    Code regime;
    Constants c = initialise(job.gravity, job.afspc,
                             MeanElements{e[0], e[1], e[2], e[3], e[4], e[5], e[6], e[7]}, regime);
#define FIELD(name, unit, meaning) job.constants[FIELD_##name * job.n_sats + i] = c.name;
#include "constants.def"
#undef FIELD
    job.regimes[i] = regime;
}

template <int REGIME>
FN State state_of(const PropagateJob& job, const Constants& c, Integrator& reached, Real t) {
    if (REGIME == NEAR_EARTH) {
        Mean mean = near_earth(c, t);
        if (angles_lost(mean)) near_earth_without_angles(c, t, mean);
        return orbit(job.gravity, c.rmax, mean, inclination_at_epoch(c));
    }
    Inclination inclination;
    Mean mean = deep_space<REGIME>(job.gravity, job.afspc, c, reached, t, inclination);
    return orbit(job.gravity, c.rmax, mean, inclination);
}

// A row of the output is an instant. Satellites come in execution order and are stored in the order
// of the input. Execution order keeps the input's order within a regime and class of eccentricity,
// so the stores of a constellation are coalesced.
template <int REGIME>
FN void propagate(const PropagateJob& job) {
    long long i = job.first + (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= job.last) return;
    Constants c;
#define FIELD(name, unit, meaning) c.name = job.constants[FIELD_##name * job.n_sats + i];
#include "constants.def"
#undef FIELD
    Integrator reached = at_epoch(c);
    long long epoch_ns = job.epoch_ns[i];
    long long k = (long long)blockIdx.y * job.chunk;
    long long end = k + job.chunk < job.n_times ? k + job.chunk : job.n_times;
    for (long long at = k * job.n_sats + job.place[i]; k < end; k++, at += job.n_sats) {
        State s = state_of<REGIME>(job, c, reached, minutes(job.ns[k] - epoch_ns));
        if (job.sunlit) job.sunlit[at] = (unsigned char)sunlight(job.sun + 3 * k, s);
        if (job.rotation) to_frame(job.rotation[k], job.geodetic, s);
        if (job.out[0]) job.out[0][at] = s.x;
        if (job.out[1]) job.out[1][at] = s.y;
        if (job.out[2]) job.out[2][at] = s.z;
        if (job.out[3]) job.out[3][at] = s.vx;
        if (job.out[4]) job.out[4][at] = s.vy;
        if (job.out[5]) job.out[5][at] = s.vz;
        if (job.status) job.status[at] = (unsigned char)s.status;
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, NEAR_EARTH_BLOCKS)
    propagate_near_earth(PropagateJob job) {
    propagate<NEAR_EARTH>(job);
}
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
    propagate_deep_space(PropagateJob job) {
    propagate<DEEP_SPACE>(job);
}
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) propagate_one_day(PropagateJob job) {
    propagate<ONE_DAY>(job);
}
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) propagate_half_day(PropagateJob job) {
    propagate<HALF_DAY>(job);
}

}  // namespace gpuprop
