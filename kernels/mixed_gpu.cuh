// Precision mixed on a GPU, a part of propagate.cu. It is included in the middle of propagate.cu,
// whose functions it uses.

// The column of the output of satellite i, and the instants of this thread: the grid is that of
// `propagate`.
struct MixedTask {
    Integer i, k, end;
};

FN MixedTask mixed_task(const Task& task) {
    Integer k = task.begin + (Integer)blockIdx.y * task.chunk;
    return {task.first + (Integer)blockIdx.x * blockDim.x + threadIdx.x, k,
            k + task.chunk < task.end ? k + task.chunk : task.end};
}

FN void store_in_frame(const PropagateJob& job, State& s, Integer k, Integer i) {
    const Integer at = k * job.n_sats + job.place[i];
    if (job.sunlit) job.sunlit[at] = (unsigned char)sunlight(job.sun + 3 * k, s);
    if (job.rotation) to_frame(job.rotation[k], job.geodetic, s);
    store_state(job, s, at);
}

// The instants within reach.
FN void propagate_mixed(const PropagateJob& job, const Task& task) {
    MixedTask mine = mixed_task(task);
    const Integer i = mine.i;
    if (i >= task.last) return;
    MixedConstants c;
#define PHASE(name, unit, meaning) c.name[0] = job.phases[PHASE_##name * job.mixed_stride + i];
#define TERM(name, unit, meaning) c.name = job.terms[TERM_##name * job.mixed_stride + i];
#include "mixed.def"
    const Integer epoch_ns = job.epoch_ns[i];
    for (Integer k = mine.k; k < mine.end; k++) {
        const Bits since[PARTS] = {job.ns[k] - epoch_ns};
        if (beyond(since[0], job.reach)) continue;
        const Real ns[PARTS] = {number(since[0])};
        MixedMean mean = mixed_mean(c, ns, spans(since));
        State s = state_part<0>(mixed_state(mixed_orbit(c, mean, mixed_anomaly(mean))));
        store_in_frame(job, s, k, i);
    }
}

// The exact states at the other instants. A kernel of its own, so that the one above has few
// registers.
FN void propagate_beyond(const PropagateJob& job, const Task& task) {
    MixedTask mine = mixed_task(task);
    const Integer i = mine.i;
    if (i >= task.last) return;
    const Integer epoch_ns = job.epoch_ns[i];
    bool some = false;
    for (Integer k = mine.k; k < mine.end; k++)
        some = some || beyond(job.ns[k] - epoch_ns, job.reach);
    if (!some) return;
    Constants c;
#define FIELD(name, unit, meaning) c.name = job.constants[FIELD_##name * job.stride + i];
#include "constants.def"
#undef FIELD
    Integrator none = at_epoch(c);
    for (Integer k = mine.k; k < mine.end; k++) {
        if (!beyond(job.ns[k] - epoch_ns, job.reach)) continue;
        State s = state_of<NEAR_EARTH>(job.gravity, job.afspc, c, none,
                                       minutes(job.ns[k] - epoch_ns));
        store_in_frame(job, s, k, i);
    }
}
