// States of pairs of a satellite and an instant on a CPU, a part of cpu.cpp. It is included in
// the middle of cpu.cpp, whose functions it uses.

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

// Where the integration of W pairs in resonance starts.
FN Integrator pair_start(const PairJob& job, const PairTile& tile, int64_t i, const Constants& c) {
    Integrator reached = at_epoch(c);
    for (int lane = 0; job.starts && lane < W && i + lane < tile.count; lane++) {
        const Start& start = job.starts[(tile.row[i + lane] - job.constants) / ROW];
        reached.step[lane] = start.step;
        reached.xli[lane] = start.xli;
        reached.xni[lane] = start.xni;
    }
    return reached;
}

// Integrate the resonances of some satellites. A pair that lies before its start is integrated from
// the epoch, so that starts save time and change nothing.
template <int REGIME>
void start(const StartJob& job, const Task& task) {
    for (int64_t i = task.first; i < task.last; i += W) {
        Mask epoch;
        std::memcpy(&epoch, job.epoch_ns + i, sizeof epoch);
        Bits span = select(epoch < job.earliest, job.earliest - epoch,
                           select(epoch > job.latest, job.latest - epoch, (Bits){}));
        Constants c = load_constants(job.constants + i, job.stride);
        Integrator reached = at_epoch(c);
        resonance_at<REGIME == HALF_DAY>(c, reached, minutes(span));
        for (int64_t lane = 0; lane < W && i + lane < task.last; lane++)
            job.starts[job.order[i + lane]] = {reached.step[lane], reached.xli[lane],
                                               reached.xni[lane]};
    }
}

// Where the constants of a tile of pairs are.
struct PairColumns {
    int64_t column[TILE / W];  // in the table
    bool goes_on[TILE / W];    // all lanes have the satellite of the vector before
};

// Copy the constants of the pairs of a tile into the table.
template <int REGIME>
FN PairColumns fill_table(const PairTile& tile, double (&table)[ROW][TILE]) {
    PairColumns columns;
    const double* before = nullptr;
    for (int64_t i = 0, v = 0; i < tile.count; i += W, v++) {
        const double* const* row = tile.row + i;
        const double *first = row[0], *second = row[W - 1];
        Bits rows;
        std::memcpy(&rows, row, sizeof rows);
        const Mask others = rows != rows[0];
        const bool same = !any(others);
        columns.goes_on[v] = same && first == before;
        before = same ? first : nullptr;
        columns.column[v] = columns.goes_on[v] ? columns.column[v - 1] : i;
        if (columns.goes_on[v]) continue;
        if (same)
            for (int j = 0; j < used<REGIME>(); j++) store(table[j] + i, splat(first[j]));
        else if (!any(both(others, rows != rows[W - 1])))  // two satellites
            for (int j = 0; j < used<REGIME>(); j++)
                store(table[j] + i, select(others, splat(second[j]), splat(first[j])));
        else
            for (int j = 0; j < used<REGIME>(); j += W) {
                Real block[W];
                for (int lane = 0; lane < W; lane++) block[lane] = load(row[lane] + j);
                transpose(block);
                for (int lane = 0; lane < W; lane++) store(table[j + lane] + i, block[lane]);
            }
    }
    return columns;
}

// Minutes from the epochs of W pairs to their instants.
FN Real minutes_of_pairs(const PairTile& tile, const double (&table)[ROW][TILE],
                         const PairColumns& columns, int64_t i) {
    Bits ns, epoch;
    std::memcpy(&ns, tile.ns + i, sizeof ns);
    std::memcpy(&epoch, table[0] + columns.column[i / W], sizeof epoch);
    return minutes(ns - epoch);
}

// The Earth's rotation at all pairs of a tile.
FN void earth_rotations(const PairJob& job, const PairTile& tile, LaneRotation (&rotation)[TILE / W]) {
    EarthAngles angles[TILE / W];
    for (int64_t i = 0, v = 0; i < tile.count; i += W, v++) angles[v] = pair_angles(job, tile, i);
    for (int64_t i = 0, v = 0; i < tile.count; i += W, v++)
        rotation[v] = earth_rotation(angles[v], job.polar);
}

// Compute the pairs of a tile. next: the tile after it, whose constants are brought to the cache
// meanwhile.
template <int REGIME>
void pair_tile(const PairJob& job, const PairTile& tile, const PairTile& next,
               double (&table)[ROW][TILE]) {
    const int64_t count = tile.count;
    Integrator reached[TILE / W];
    const PairColumns columns = fill_table<REGIME>(tile, table);
    LaneRotation rotation[TILE / W];
    const bool rotated = job.earth || job.rotation;
    if (job.earth)
        earth_rotations(job, tile, rotation);
    else if (job.rotation)
        for (int64_t i = 0, v = 0; i < count; i += W, v++)
            rotation[v] = pair_rotation(job, tile, i);
    const double* constants = table[1];
    if constexpr (REGIME == ONE_DAY || REGIME == HALF_DAY)
        for (int64_t i = 0, v = 0; i < count; i += W, v++)
            reached[v] =
                pair_start(job, tile, i, load_constants(constants + columns.column[v], TILE));
    tile_states<REGIME>(
        job.gravity, job.afspc, constants, TILE, count, reached,
        [&](int64_t i) INLINE { return columns.column[i / W]; },
        [&](int64_t i) INLINE {
            prefetch<REGIME>(next, i, i + W / 2);
            if constexpr (REGIME == ONE_DAY || REGIME == HALF_DAY)
                if (columns.goes_on[i / W] && !job.starts) reached[i / W] = reached[i / W - 1];
            return minutes_of_pairs(tile, table, columns, i);
        },
        [&](int64_t i, int64_t v, State& state) INLINE {
            prefetch<REGIME>(next, i + W / 2, i + W);
            const Integer* pair = tile.pair + i;
            const int lanes = count - i < W ? int(count - i) : W;
            Code light = code(UNKNOWN);
            if (job.sunlit) {
                Real sun[3] = {};
                for (int lane = 0; lane < lanes; lane++)
                    for (int j = 0; j < 3; j++) sun[j][lane] = job.sun[3 * pair[lane] + j];
                light = sunlight(sun, state);
            }
            if (rotated) to_frame(rotation[v], job.geodetic, state);
            // pairs are in increasing order, but for those of add_pair
            const bool adjacent = (REGIME == NEAR_EARTH || REGIME == DEEP_SPACE || job.starts) &&
                                  lanes == W && pair[W - 1] == pair[0] + W - 1;
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
        for (int64_t i = waiting.count; i % W; i++) waiting.copy(waiting.count - 1, i);
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

// Add a pair of a satellite in resonance, without `starts`. Several pairs of one satellite are sorted
// by time, and fill vectors of their own: then one integration serves them all.
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
                if (job.starts)
                    k = add_pairs(job, one_day, table, k, task.end);
                else
                    add_pair(job, one_day, table, k++);
                break;
            default:
                if (job.starts)
                    k = add_pairs(job, half_day, table, k, task.end);
                else
                    add_pair(job, half_day, table, k++);
        }
    finish_pairs(job, near_earth, table);
    finish_pairs(job, deep_space, table);
    finish_pairs(job, one_day, table);
    finish_pairs(job, half_day, table);
}
