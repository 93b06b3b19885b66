// States of a grid of satellites and instants on a CPU, a part of cpu.cpp. It is included in the
// middle of cpu.cpp, whose functions it uses.

// The column of a satellite in the output.
FN int64_t place(const PropagateJob& job, int64_t i) { return job.place ? job.place[i] : i; }

// Whether W satellites follow from i on, and are neighbours in the output too.
bool in_order(const PropagateJob& job, int64_t i, int64_t last) {
    if (i + W > last) return false;
    if (!job.place) return true;
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
// prefetch (`ahead`: elements between this row and a later one) the stores wait for memory, on some
// processors for two thirds of the time.
FN void store_state(const PropagateJob& job, const State& s, Code light, int64_t row, int64_t ahead,
                    int64_t i, int64_t last, bool ordered) {
    double* const out[6] = {job.x, job.y, job.z, job.vx, job.vy, job.vz};
    const Real columns[6] = {s.x, s.y, s.z, s.vx, s.vy, s.vz};
    if (ordered) {
        int64_t at = row + place(job, i);
        for (int j = 0; j < 6; j++) {
            if (!out[j] || (job.streamed && stream(out[j] + at, columns[j]))) continue;
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
        int64_t at = row + place(job, i + lane);
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
template <class Column, class Minutes>
__attribute__((noinline)) void without_angles(const double* constants, int64_t stride,
                                              int64_t count, const Column& column_of,
                                              const Minutes& minutes_of, Mean* mean) {
    for (int64_t i = 0, v = 0; i < count; i += W, v++)
        near_earth_without_angles(load_constants(constants + column_of(i), stride), minutes_of(i),
                                  mean[v]);
}

// The states of a tile: `count` satellites of one regime, with the constants in the columns from
// column_of(i) on, at minutes_of(i) since their epochs; `use` takes each vector of them. Stage by
// stage over the tile: each stage is short enough that the processor overlaps several vectors.
template <int REGIME, class Column, class Minutes, class Use>
FN void tile_states(const Gravity& gravity, bool afspc, const double* constants, int64_t stride,
                    int64_t count, Integrator* reached, const Column& column_of,
                    const Minutes& minutes_of, const Use& use) {
    Mean mean[TILE / W];
    Inclination inclination[TILE / W];
    Eccentric anomaly[TILE / W];
    Mask lost = {};
    for (int64_t i = 0, v = 0; i < count; i += W, v++) {
        Constants c = load_constants(constants + column_of(i), stride);
        Real t = minutes_of(i);
        if constexpr (REGIME == NEAR_EARTH) {
            mean[v] = near_earth(c, t);
            lost = either(lost, angles_lost(mean[v]));
        } else
            mean[v] = deep_space<REGIME>(gravity, afspc, c, reached[v], t, inclination[v]);
    }
    if constexpr (REGIME == NEAR_EARTH)
        if (unlikely(any(lost))) without_angles(constants, stride, count, column_of, minutes_of, mean);
    for (int64_t i = 0, v = 0; i < count; i += W, v++) {
        Constants c = load_constants(constants + column_of(i), stride);
        if constexpr (REGIME == NEAR_EARTH)
            anomaly[v] = eccentric(mean[v], inclination_at_epoch(c));
        else
            anomaly[v] = eccentric(mean[v], inclination[v]);
    }
    for (int64_t i = 0, v = 0; i < count; i += W, v++) {
        Constants c = load_constants(constants + column_of(i), stride);
        State state;
        if constexpr (REGIME == NEAR_EARTH)
            state = orbit(gravity, c.rmax, mean[v], inclination_at_epoch(c), anomaly[v]);
        else
            state = orbit(gravity, c.rmax, mean[v], inclination[v], anomaly[v]);
        use(i, v, state);
    }
}

// Bring constants of W satellites to the cache. A row of them is far from the next one, so that no
// processor does it by itself.
template <int REGIME>
FN void prefetch_constants(const double* constants, int64_t stride) {
    constexpr int FIELDS = REGIME == NEAR_EARTH ? int(FIELD_gsto) : int(FIELD_COUNT);
    for (int j = 0; j < FIELDS; j++) __builtin_prefetch(constants + j * stride);
}

// States of satellites of one regime at some instants.
template <int REGIME>
void propagate(const PropagateJob& job, const Task& task) {
    const int64_t last = task.last, end = task.end;
    for (int64_t tile = task.first; tile < last; tile += TILE) {
        int64_t tile_end = tile + TILE < last ? tile + TILE : last;
        Integrator reached[TILE / W];
        bool ordered[TILE / W];
        for (int64_t i = tile, v = 0; i < tile_end; i += W, v++) {
            reached[v] = at_epoch(load_constants(job.constants + i, job.stride));
            ordered[v] = in_order(job, i, tile_end);
        }
        for (int64_t k = task.begin; k < end; k++) {
            int64_t ahead = k + AHEAD < end ? AHEAD * job.n_sats : 0;
            tile_states<REGIME>(
                job.gravity, job.afspc, job.constants + tile, job.stride, tile_end - tile, reached,
                [](int64_t i) INLINE { return i; },
                [&](int64_t i) INLINE {
                    if (k + 1 == end && tile_end + i < last)
                        prefetch_constants<REGIME>(job.constants + tile_end + i, job.stride);
                    return minutes_since(job, k, tile + i);
                },
                [&](int64_t i, int64_t v, State& state) INLINE {
                    Code light = code(UNKNOWN);
                    if (job.sunlit) light = sunlight(job.sun + 3 * k, state);
                    if (job.rotation) to_frame(job.rotation[k], job.geodetic, state);
                    store_state(job, state, light, k * job.n_sats, ahead, tile + i, tile_end,
                                ordered[v]);
                });
        }
    }
    if (job.streamed) stores_done();
}
