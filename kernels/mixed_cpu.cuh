// Precision mixed on a CPU, a part of cpu.cpp. It is included in the middle of cpu.cpp, whose
// functions it uses. Vectors without a fused multiply-add have none.

#ifndef MIXED
constexpr int64_t HAS_MIXED = 0;
void propagate_mixed(const PropagateJob&, const Task&) {}
#else
constexpr int64_t HAS_MIXED = 1;

// The constants of 2 W satellites.
FN MixedConstants load_mixed(const PropagateJob& job, int64_t i) {
    MixedConstants c;
#define PHASE(name, unit, meaning)     \
    for (int k = 0; k < PARTS; k++)    \
        c.name[k] = load(job.phases + PHASE_##name * job.mixed_stride + i + k * W);
#define TERM(name, unit, meaning) \
    std::memcpy(&c.name, job.terms + TERM_##name * job.mixed_stride + i, sizeof c.name);
#include "mixed.def"
    return c;
}

// The exact states of some vectors of a tile at instant k. Not inlined, because they are seldom
// needed.
__attribute__((noinline)) void exact_vectors(const PropagateJob& job, int64_t tile, int64_t k,
                                             const int64_t* which, int64_t count, State* states) {
    Integrator none[TILE / W];
    tile_states<NEAR_EARTH>(
        job.gravity, job.afspc, job.constants + tile, job.stride, count * W, none,
        [&](int64_t i) INLINE { return which[i / W] * W; },
        [&](int64_t i) INLINE { return minutes_since(job, k, tile + which[i / W] * W); },
        [&](int64_t, int64_t v, State& state) INLINE { states[which[v]] = state; });
}

// Store one of the parts of a vector.
template <int PART>
FN void store_part(const PropagateJob& job, const MixedState& mixed, const State* exact, Mask far,
                   int64_t k, int64_t ahead, int64_t i, int64_t tile_end, bool ordered) {
    if (i >= tile_end) return;
    State state = state_part<PART>(mixed);
    if (unlikely(exact != nullptr && any(far))) {
        state.x = select(far, exact->x, state.x);
        state.y = select(far, exact->y, state.y);
        state.z = select(far, exact->z, state.z);
        state.vx = select(far, exact->vx, state.vx);
        state.vy = select(far, exact->vy, state.vy);
        state.vz = select(far, exact->vz, state.vz);
        state.status = select(far, exact->status, state.status);
    }
    Code light = code(UNKNOWN);
    if (job.sunlit) light = sunlight(job.sun + 3 * k, state);
    if (job.rotation) to_frame(job.rotation[k], job.geodetic, state);
    store_state(job, state, light, k * job.n_sats, ahead, i, tile_end, ordered);
}

// States of satellites of precision mixed at some instants. Each lane decides for itself whether
// its instant is within reach: a state does not depend on its neighbours.
void propagate_mixed(const PropagateJob& job, const Task& task) {
    const int64_t last = task.last, end = task.end;
    for (int64_t tile = task.first; tile < last; tile += TILE) {
        const int64_t tile_end = tile + TILE < last ? tile + TILE : last;
        bool ordered[TILE / W];
        for (int64_t i = tile, v = 0; i < tile_end; i += W, v++)
            ordered[v] = in_order(job, i, tile_end);
        for (int64_t k = task.begin; k < end; k++) {
            const int64_t ahead = k + AHEAD < end ? AHEAD * job.n_sats : 0;
            Bits since[TILE / W];
            Mask far[TILE / W];
            int64_t beyond_reach[TILE / W], n = 0;
            for (int64_t v = 0; tile + v / 2 * 2 * W < tile_end; v++) {
                std::memcpy(&since[v], job.epoch_ns + tile + v * W, sizeof since[v]);
                since[v] = job.ns[k] - since[v];
                far[v] = beyond(since[v], job.reach);
                if (unlikely(any(far[v]))) beyond_reach[n++] = v;
            }
            State exact[TILE / W];
            if (unlikely(n)) exact_vectors(job, tile, k, beyond_reach, n, exact);
            // Stage by stage over the tile: each is short enough that the processor overlaps
            // several vectors.
            MixedMean mean[TILE / (2 * W)];
            MixedAnomaly anomaly[TILE / (2 * W)];
            MixedOrbit orbit[TILE / (2 * W)];
            for (int64_t i = tile, v = 0; i < tile_end; i += 2 * W, v += 2) {
                const Bits whole[PARTS] = {since[v], since[v + 1]};
                const Real real[PARTS] = {number(since[v]), number(since[v + 1])};
                mean[v / 2] = mixed_mean(load_mixed(job, i), real, spans(whole));
            }
            for (int64_t i = tile, v = 0; i < tile_end; i += 2 * W, v++)
                anomaly[v] = mixed_anomaly(mean[v]);
            for (int64_t i = tile, v = 0; i < tile_end; i += 2 * W, v++)
                orbit[v] = mixed_orbit(load_mixed(job, i), mean[v], anomaly[v]);
            for (int64_t i = tile, v = 0; i < tile_end; i += 2 * W, v += 2) {
                const MixedState s = mixed_state(orbit[v / 2]);
                store_part<0>(job, s, n ? exact + v : nullptr, far[v], k, ahead, i, tile_end,
                              ordered[v]);
                store_part<1>(job, s, n ? exact + v + 1 : nullptr, far[v + 1], k, ahead,
                              i + W, tile_end, ordered[v + 1]);
            }
        }
    }
    if (job.streamed) stores_done();
}
#endif
