// The kernels on a CPU, W satellites at a time: loads, calls and stores, no formulas. Compiled once
// for each width (-DW=2, 4, 8), with entry points that end in the width; a plain C interface for
// gpuprop/engine/cpu.py. Of the C++ library only headers are used: the linker could take a library
// function from the object file of a wider CPU.
#include <cstdint>
#include <cstring>

#include "access.cuh"
#include "deep_space.cuh"
#include "earth_rotation.cuh"
#include "frames.cuh"
#include "initialise.cuh"
#include "look_angles.cuh"
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
template <class Column, class Minutes>
__attribute__((noinline)) void without_angles(const double* constants, int64_t stride,
                                              int64_t count, const Column& column_of,
                                              const Minutes& minutes_of, Mean* mean) {
    for (int64_t i = 0, v = 0; i < count; i += W, v++)
        near_earth_without_angles(load_constants(constants + column_of(i), stride), minutes_of(i),
                                  mean[v]);
}

// The states of a tile: `count` satellites of one regime, with the constants in the columns from
// column_of(i) on, at minutes_of(i) since their epochs; `use` takes each vector of them. Stage by stage over the tile: each stage is short enough that
// the processor overlaps several vectors.
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
    constexpr int FIELDS = REGIME == NEAR_EARTH ? int(FIELD_zmos) : int(FIELD_COUNT);
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
}

// Of two vectors, the first or the second halves, lane by lane in turns. Compilers without the
// builtin are much slower here.
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLE __builtin_shufflevector
#endif
#endif
#ifndef SHUFFLE
FN Real first_halves(Real a, Real b) {
    Real c;
    for (int lane = 0; lane < W; lane++) c[lane] = (lane % 2 ? b : a)[lane / 2];
    return c;
}
FN Real second_halves(Real a, Real b) {
    Real c;
    for (int lane = 0; lane < W; lane++) c[lane] = (lane % 2 ? b : a)[W / 2 + lane / 2];
    return c;
}
#elif W == 2
FN Real first_halves(Real a, Real b) { return SHUFFLE(a, b, 0, 2); }
FN Real second_halves(Real a, Real b) { return SHUFFLE(a, b, 1, 3); }
#elif W == 4
FN Real first_halves(Real a, Real b) { return SHUFFLE(a, b, 0, 4, 1, 5); }
FN Real second_halves(Real a, Real b) { return SHUFFLE(a, b, 2, 6, 3, 7); }
#else
FN Real first_halves(Real a, Real b) { return SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
FN Real second_halves(Real a, Real b) { return SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15); }
#endif

// Transpose W rows of W numbers.
FN void transpose(Real (&rows)[W]) {
    for (int size = W; size > 1; size /= 2) {
        Real next[W];
        for (int i = 0; i < W / 2; i++) {
            next[2 * i] = first_halves(rows[i], rows[i + W / 2]);
            next[2 * i + 1] = second_halves(rows[i], rows[i + W / 2]);
        }
        for (int i = 0; i < W; i++) rows[i] = next[i];
    }
}

// The Earth orientation of W instants. They are on one or two days, as a rule.
FN EarthRow earth_row(const PairJob& job, Bits day) {
    Bits place = day - job.first_day, last = job.n_days - 1 - (Bits){};
    place = select(place < 0, (Bits){}, select(place > last, last, place));
    const EarthDay& first = job.earth[place[0]];
    EarthRow row = {splat(first.ut1_tai),   splat(first.ut1_tai_change), splat(first.tai_utc),
                    splat(first.length_ns), splat(first.xp),             splat(first.xp_change),
                    splat(first.yp),        splat(first.yp_change),      splat(first.speed)};
    Mask others = place != place[0];
    for (int lane = 1; lane < W && unlikely(any(others)); lane++) {
        if (!others[lane]) continue;
        const EarthDay& of = job.earth[place[lane]];
        Mask same = place == place[lane];
        row.ut1_tai = select(same, of.ut1_tai, row.ut1_tai);
        row.ut1_tai_change = select(same, of.ut1_tai_change, row.ut1_tai_change);
        row.tai_utc = select(same, of.tai_utc, row.tai_utc);
        row.length_ns = select(same, of.length_ns, row.length_ns);
        row.xp = select(same, of.xp, row.xp);
        row.xp_change = select(same, of.xp_change, row.xp_change);
        row.yp = select(same, of.yp, row.yp);
        row.yp_change = select(same, of.yp_change, row.yp_change);
        row.speed = select(same, of.speed, row.speed);
        others = both(others, opposite(same));
    }
    return row;
}

// Pairs whose satellites are of one regime.
struct PairTile {
    int64_t count;
    Integer pair[TILE], ns[TILE];
    const double* row[TILE];  // in PairJob.constants

    void copy(int64_t from, int64_t to) {
        pair[to] = pair[from], ns[to] = ns[from], row[to] = row[from];
    }
};

// Doubles of a row of PairJob.constants: the epoch, then the constants, of which those of deep
// space come last; to whole cache lines.
constexpr int ROW = (FIELD_COUNT + 1 + 7) / 8 * 8;
template <int REGIME>
constexpr int used() {
    return ((REGIME == NEAR_EARTH ? int(FIELD_gsto) : int(FIELD_COUNT)) + 1 + 7) / 8 * 8;
}

// Bring the constants of the pairs first to last to the cache.
template <int REGIME>
FN void prefetch(const PairTile& tile, int64_t first, int64_t last) {
    for (int64_t i = first; i < last && i < tile.count; i++)
        if (!i || tile.row[i] != tile.row[i - 1])
            for (int j = 0; j < used<REGIME>(); j += 8) __builtin_prefetch(tile.row[i] + j);
}

// Store a vector of a column, in the order of the pairs.
template <class Column, class Vector>
FN void store_pairs(Column* column, Vector values, const Integer* pair, int lanes, bool adjacent) {
    if (!column) return;
    if (adjacent)
        std::memcpy(column + pair[0], &values, sizeof values);
    else
        for (int lane = 0; lane < lanes; lane++) column[pair[lane]] = values[lane];
}

// The Earth's orientation at W pairs.
FN EarthAngles pair_angles(const PairJob& job, const PairTile& tile, int64_t i) {
    Bits ns;
    std::memcpy(&ns, tile.ns + i, sizeof ns);
    Instant when = instant(ns);
    return earth_angles(when, earth_row(job, when.day));
}

// The rotation of W pairs from TEME to the frame, without `earth`.
FN LaneRotation pair_rotation(const PairJob& job, const PairTile& tile, int64_t i) {
    LaneRotation q = {};
    for (int lane = 0; lane < W && i + lane < tile.count; lane++) {
        const Rotation& from = job.rotation[tile.pair[i + lane]];
        for (int j = 0; j < 9; j++) q.m[j][lane] = from.m[j];
        for (int j = 0; j < 3; j++) q.w[j][lane] = from.w[j];
    }
    return q;
}

// Compute the pairs of a tile. next: the tile after it, whose constants are brought to the cache
// meanwhile.
template <int REGIME>
void pair_tile(const PairJob& job, const PairTile& tile, const PairTile& next,
               double (&table)[ROW][TILE]) {
    const int64_t count = tile.count;
    Integrator reached[TILE / W];
    int64_t column[TILE / W];  // of the constants in the table
    bool goes_on[TILE / W];    // all lanes have the satellite of the vector before
    const double* before = nullptr;
    for (int64_t i = 0, v = 0; i < count; i += W, v++) {
        const double* row[W];
        bool same = true;
        for (int lane = 0; lane < W; lane++) {
            row[lane] = tile.row[i + lane < count ? i + lane : count - 1];  // repeats the last one
            same = same && row[lane] == row[0];
        }
        goes_on[v] = same && row[0] == before;
        before = same ? row[0] : nullptr;
        column[v] = goes_on[v] ? column[v - 1] : i;
        if (goes_on[v]) continue;
        if (same)
            for (int j = 0; j < used<REGIME>(); j++) store(table[j] + i, splat(row[0][j]));
        else
            for (int j = 0; j < used<REGIME>(); j += W) {
                Real block[W];
                for (int lane = 0; lane < W; lane++) block[lane] = load(row[lane] + j);
                transpose(block);
                for (int lane = 0; lane < W; lane++) store(table[j + lane] + i, block[lane]);
            }
    }
    LaneRotation rotation[TILE / W];
    const bool rotated = job.earth || job.rotation;
    if (job.earth) {
        EarthAngles angles[TILE / W];
        for (int64_t i = 0, v = 0; i < count; i += W, v++) angles[v] = pair_angles(job, tile, i);
        for (int64_t i = 0, v = 0; i < count; i += W, v++)
            rotation[v] = earth_rotation(angles[v], job.polar);
    } else if (job.rotation)
        for (int64_t i = 0, v = 0; i < count; i += W, v++)
            rotation[v] = pair_rotation(job, tile, i);
    const double* constants = table[1];
    if constexpr (REGIME == ONE_DAY || REGIME == HALF_DAY)
        for (int64_t i = 0, v = 0; i < count; i += W, v++)
            reached[v] = at_epoch(load_constants(constants + column[v], TILE));
    tile_states<REGIME>(
        job.gravity, job.afspc, constants, TILE, count, reached,
        [&](int64_t i) INLINE { return column[i / W]; },
        [&](int64_t i) INLINE {
            prefetch<REGIME>(next, i, i + W / 2);
            Bits ns, epoch;
            std::memcpy(&ns, tile.ns + i, sizeof ns);
            std::memcpy(&epoch, table[0] + column[i / W], sizeof epoch);
            if constexpr (REGIME == ONE_DAY || REGIME == HALF_DAY)
                if (goes_on[i / W]) reached[i / W] = reached[i / W - 1];
            return minutes(ns - epoch);
        },
        [&](int64_t i, int64_t v, State& state) INLINE {
            prefetch<REGIME>(next, i + W / 2, i + W);
            const Integer* pair = tile.pair + i;
            const int lanes = count - i < W ? int(count - i) : W;
            Code light = code(UNKNOWN);
            if (job.sunlit)
                for (int lane = 0; lane < lanes; lane++)
                    light[lane] = sunlight(job.sun + 3 * pair[lane], state)[lane];
            if (rotated) to_frame(rotation[v], job.geodetic, state);
            // pairs are in increasing order, but for those in resonance
            const bool adjacent = (REGIME == NEAR_EARTH || REGIME == DEEP_SPACE) && lanes == W &&
                                  pair[W - 1] == pair[0] + W - 1;
            store_pairs(job.x, state.x, pair, lanes, adjacent);
            store_pairs(job.y, state.y, pair, lanes, adjacent);
            store_pairs(job.z, state.z, pair, lanes, adjacent);
            store_pairs(job.vx, state.vx, pair, lanes, adjacent);
            store_pairs(job.vy, state.vy, pair, lanes, adjacent);
            store_pairs(job.vz, state.vz, pair, lanes, adjacent);
            store_pairs(job.status, __builtin_convertvector(state.status, Bytes), pair, lanes,
                        adjacent);
            store_pairs(job.sunlit, __builtin_convertvector(light, Bytes), pair, lanes, adjacent);
        });
}

// The pairs of one regime: a tile that is filled, and the one before it, which waits for its
// constants.
template <int REGIME>
struct PairTiles {
    PairTile tiles[2];
    int filled = 0;

    PairTiles() { tiles[0].count = tiles[1].count = 0; }
};

// Compute the tile that waits; the filled one waits then.
template <int REGIME>
void compute_waiting(const PairJob& job, PairTiles<REGIME>& pairs, double (&table)[ROW][TILE]) {
    PairTile &next = pairs.tiles[pairs.filled], &waiting = pairs.tiles[1 - pairs.filled];
    if (waiting.count) {
        // the last vector repeats the last pair
        for (int64_t i = waiting.count; i % W; i++) waiting.ns[i] = waiting.ns[waiting.count - 1];
        pair_tile<REGIME>(job, waiting, next, table);
    }
    waiting.count = 0;
    pairs.filled = 1 - pairs.filled;
}

// Add the pairs from `pair` on whose satellites are of this regime; return the pair after them.
template <int REGIME>
FN Integer add_pairs(const PairJob& job, PairTiles<REGIME>& pairs, double (&table)[ROW][TILE],
                     Integer pair, Integer end) {
    PairTile* tile = &pairs.tiles[pairs.filled];
    int64_t n = tile->count;
    do {
        tile->pair[n] = pair;
        tile->ns[n] = job.ns[pair];
        tile->row[n] = job.constants + job.index[pair] * ROW;
        if (++n == TILE) {
            tile->count = n;
            compute_waiting(job, pairs, table);
            tile = &pairs.tiles[pairs.filled];
            n = tile->count;
        }
        pair++;
    } while (pair < end && job.regimes[job.index[pair]] == REGIME);
    tile->count = n;
    return pair;
}

// Add a pair of a satellite in resonance. Several pairs of one satellite are sorted by time, and
// fill vectors of their own: then one integration serves them all.
template <int REGIME>
FN void add_pair(const PairJob& job, PairTiles<REGIME>& pairs, double (&table)[ROW][TILE],
                 Integer pair) {
    const double* row = job.constants + job.index[pair] * ROW;
    const Integer ns = job.ns[pair];
    PairTile* tile = &pairs.tiles[pairs.filled];
    int64_t n = tile->count;
    if (n % W && n >= W / 2 && tile->row[n - 1] != row &&
        tile->row[n - 1] == tile->row[n - W / 2]) {
        for (; n % W; n++) tile->copy(n - 1, n);  // the last pair again
        tile->count = n;
        if (n == TILE) {
            compute_waiting(job, pairs, table);
            tile = &pairs.tiles[pairs.filled];
            n = tile->count;
        }
    }
    for (; n > 0 && tile->row[n - 1] == row && tile->ns[n - 1] > ns; n--) tile->copy(n - 1, n);
    tile->pair[n] = pair;
    tile->ns[n] = ns;
    tile->row[n] = row;
    if (++tile->count == TILE) compute_waiting(job, pairs, table);
}

template <int REGIME>
void finish_pairs(const PairJob& job, PairTiles<REGIME>& pairs, double (&table)[ROW][TILE]) {
    compute_waiting(job, pairs, table);
    compute_waiting(job, pairs, table);
}

// States of pairs, whose satellites may be of any regime.
void pairs(const PairJob& job, const Task& task) {
    alignas(64) double table[ROW][TILE];
    PairTiles<NEAR_EARTH> near_earth;
    PairTiles<DEEP_SPACE> deep_space;
    PairTiles<ONE_DAY> one_day;
    PairTiles<HALF_DAY> half_day;
    for (Integer k = task.begin; k < task.end;) switch (job.regimes[job.index[k]]) {
            case NEAR_EARTH:
                k = add_pairs(job, near_earth, table, k, task.end);
                break;
            case DEEP_SPACE:
                k = add_pairs(job, deep_space, table, k, task.end);
                break;
            case ONE_DAY:
                add_pair(job, one_day, table, k++);
                break;
            default:
                add_pair(job, half_day, table, k++);
        }
    finish_pairs(job, near_earth, table);
    finish_pairs(job, deep_space, table);
    finish_pairs(job, one_day, table);
    finish_pairs(job, half_day, table);
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

FN Constants initialise_at(const InitialiseJob& job, int64_t i, Code& regime) {
    Real e[8];
    for (int j = 0; j < 8; j++) e[j] = load(job.elements + j * job.stride + i);
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

// The states of W satellites at a knot.
FN void load_knot(const AccessJob& job, int64_t at, size_t lanes, Position& r, Code& status) {
    r.x = r.y = r.z = Real{};
    std::memcpy(&r.x, job.x + at, sizeof(double) * lanes);
    std::memcpy(&r.y, job.y + at, sizeof(double) * lanes);
    std::memcpy(&r.z, job.z + at, sizeof(double) * lanes);
    Bytes bytes = Bytes{} + uint8_t(255);  // unused lanes are never good
    std::memcpy(&bytes, job.status + at, lanes);
    status = __builtin_convertvector(bytes, Code);
}

// Store the candidates among W satellites.
__attribute__((noinline)) void store_candidates(const AccessJob& job, Integer k, int64_t i,
                                                int64_t site, const Code& kind,
                                                const Position (&r)[4]) {
    LocalPosition p[4];
    for (int j = 0; j < 4; j++) p[j] = local_position(job.sites[site], r[j]);
    for (int lane = 0; lane < W; lane++) {
        if (!kind[lane]) continue;
        Integer to = __atomic_fetch_add(job.counts, 1, __ATOMIC_RELAXED);
        if (to >= job.room) continue;
        Integer* what = job.what + 4 * to;
        what[0] = k, what[1] = i + lane, what[2] = site, what[3] = kind[lane];
        double* local = job.local + 12 * to;
        for (int j = 0; j < 4; j++) {
            local[3 * j] = p[j].east[lane];
            local[3 * j + 1] = p[j].north[lane];
            local[3 * j + 2] = p[j].up[lane];
        }
    }
}

// Candidates of passes, of the intervals that begin at the instants of the task.
void propose_passes(const AccessJob& job, const Task& task) {
    for (Integer k = task.begin; k < task.end; k++) {
        const bool known = k - 1 >= job.first_known && k + 2 <= job.last_known;
        for (int64_t i = task.first; i < task.last; i += W) {
            const size_t lanes = i + W < task.last ? W : task.last - i;
            Position r[4];
            Code status[4];
            for (int j = 0; j < 4; j++)
                load_knot(job, (k - 1 + j) * job.n_sats + i, lanes, r[j], status[j]);
            Interval interval = interval_of(r, status, job.step, known);
            for (size_t lane = lanes; lane < W; lane++) interval.some_good[lane] = 0;
            for (int64_t site = 0; site < job.n_sites; site++) {
                const Site& place = job.sites[site];
                Mask up = may_be_up(interval, up_of(place, r[1]), up_of(place, r[2]));
                if (!any(up)) continue;
                LocalPosition p[3];
                for (int j = 1; j < 3; j++) p[j] = local_position(place, r[j]);
                up = both(up, may_reach(job.cosine, job.sine, interval, p[1], p[2]));
                if (!any(up)) continue;
                p[0] = local_position(place, r[0]);
                Code kind = interval_kind(job.cosine, job.sine, job.step, interval, p);
                kind = select(up, kind, code(0));
                if (any(kind != code(0))) store_candidates(job, k, i, site, kind, r);
            }
        }
    }
}

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
