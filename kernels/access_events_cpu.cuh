// Instants of events on a CPU, a part of cpu.cpp: a tile has events of one kind, of satellites of one
// regime. It is included in the middle of cpu.cpp, whose functions it uses.

constexpr int REGIMES = 4;

FN LaneSite lane_site(const Site* sites, const Integer* numbers, const Integer* places) {
    LaneSite site;
    for (int lane = 0; lane < W; lane++) {
        const Site& from = sites[numbers[places[lane]]];
        for (int j = 0; j < 3; j++) {
            site.position[j][lane] = from.position[j];
            site.east[j][lane] = from.east[j];
            site.north[j][lane] = from.north[j];
            site.up[j][lane] = from.up[j];
        }
    }
    return site;
}

// Crossings or culminations that are searched for together.
template <bool TOP>
struct Events {
    static constexpr int STATES = TOP ? CULMINATION_STATES : CROSSING_STATES;
    const EventJob& job;
    LaneSite site[TILE / W];
    Event event[TILE / W];

    void begin(const PairTile& pairs, int64_t i, int64_t v) {
        Real local[12], turn_rate;
        Bits kind, knot, epoch;
        Integer candidate[W];
        for (int lane = 0; lane < W; lane++) {
            const Integer at = candidate[lane] = job.wanted[pairs.pair[i + lane]] >> 1;
            for (int j = 0; j < 12; j++) local[j][lane] = job.local[12 * at + j];
            turn_rate[lane] = job.turn_rate[job.satellite[at]];
            kind[lane] = job.kind[at];
            knot[lane] = job.knot_us + job.knot[at] * job.step_us;
            Integer ns;
            std::memcpy(&ns, pairs.row[i + lane], sizeof ns);
            epoch[lane] = ns;
        }
        Real noise = rounding(knot * 1000 - epoch, turn_rate);
        if constexpr (TOP)
            event[v] = begin_culmination(job, local, knot, noise);
        else
            event[v] = begin_crossing(job, local, kind, knot, noise);
        site[v] = lane_site(job.sites, job.site, candidate);
    }

    Mask open(int64_t v) const { return event[v].open; }

    Bits instant(int64_t v, int k) const {
        if constexpr (TOP)
            return culmination_instant(job, event[v], k);
        else
            return crossing_instant(event[v], k);
    }

    void take(int64_t v, int k, const LocalPosition& p) {
        if constexpr (TOP)
            take_culmination(job, event[v], k, p);
        else
            take_crossing(job, event[v], k, p);
    }

    void finish(const PairTile& pairs, int64_t i, int64_t v) const {
        const Code certainty = TOP ? culmination_certainty(event[v]) : crossing_certainty(event[v]);
        for (int lane = 0; lane < W; lane++) {
            job.found[pairs.pair[i + lane]] = event[v].us[lane];
            job.certainty[pairs.pair[i + lane]] = (unsigned char)certainty[lane];
        }
    }
};

// Brackets that are bisected together.
struct Brackets {
    static constexpr int STATES = 1 << 7;  // no bracket of 64 bits needs more
    const BisectJob& job;
    LaneSite site[TILE / W];
    Bracket bracket[TILE / W];

    void begin(const PairTile& pairs, int64_t i, int64_t v) {
        for (int lane = 0; lane < W; lane++) {
            const Integer at = pairs.pair[i + lane];
            bracket[v].low[lane] = job.low[at];
            bracket[v].high[lane] = job.high[at];
            bracket[v].goal[lane] = -job.goal[at];
        }
        site[v] = lane_site(job.sites, job.site, pairs.pair + i);
    }

    Mask open(int64_t v) const { return is_open(job, bracket[v]); }

    Bits instant(int64_t v, int k) const { return middle_instant(job, bracket[v], k % 2); }

    void take(int64_t v, int k, const LocalPosition& p) { take_middle(job, bracket[v], k % 2, p); }

    void finish(const PairTile& pairs, int64_t i, int64_t v) const {
        for (int lane = 0; lane < W; lane++) job.high[pairs.pair[i + lane]] = bracket[v].high[lane];
    }
};

// Examine exact states until all of a tile is decided, and empty the tile.
template <int REGIME, class Search>
void search_tile(Search& search, PairTile& pairs, double (&table)[ROW][TILE]) {
    const PairJob& job = search.job.pairs;
    for (const int64_t last = pairs.count - 1; pairs.count % W; pairs.count++)
        pairs.copy(last, pairs.count);
    const int64_t count = pairs.count;
    const PairColumns columns = fill_table<REGIME>(pairs, table);
    for (int64_t i = 0, v = 0; i < count; i += W, v++) search.begin(pairs, i, v);
    for (int k = 0; k < Search::STATES; k++) {
        Mask open = {};
        for (int64_t i = 0, v = 0; i < count; i += W, v++) {
            Bits ns = search.instant(v, k) * 1000;
            std::memcpy(pairs.ns + i, &ns, sizeof ns);
            open = either(open, search.open(v));
        }
        if (!any(open)) break;
        LaneRotation rotation[TILE / W];
        Integrator reached[TILE / W];
        if constexpr (REGIME == ONE_DAY || REGIME == HALF_DAY)
            for (int64_t i = 0, v = 0; i < count; i += W, v++)
                reached[v] =
                    pair_start(job, pairs, i, load_constants(table[1] + columns.column[v], TILE));
        earth_rotations(job, pairs, rotation);
        tile_states<REGIME>(
            job.gravity, job.afspc, table[1], TILE, count, reached,
            [&](int64_t i) INLINE { return columns.column[i / W]; },
            [&](int64_t i) INLINE { return minutes_of_pairs(pairs, table, columns, i); },
            [&](int64_t, int64_t v, State& state) INLINE {
                to_frame(rotation[v], 0, state);
                Real x = select(state.status == code(0), state.x, not_a_number());
                search.take(v, k, local_position(search.site[v], Position{x, state.y, state.z}));
            });
    }
    for (int64_t i = 0, v = 0; i < count; i += W, v++) search.finish(pairs, i, v);
    pairs.count = 0;
}

// Distribute the events of a task among tiles, by regime and kind (0 or 1).
template <class Satellite, class Kind, class Search>
FN void search_tiles(const PairJob& job, const Task& task, const Satellite& satellite_of,
                     const Kind& kind_of, const Search& search) {
    PairTile tiles[REGIMES][2];
    for (auto& row : tiles)
        for (auto& tile : row) tile.count = 0;
    for (Integer k = task.begin; k < task.end; k++) {
        const Integer satellite = satellite_of(k);
        const int regime = job.regimes[satellite], kind = kind_of(k);
        PairTile& tile = tiles[regime][kind];
        tile.pair[tile.count] = k;
        tile.row[tile.count] = job.constants + satellite * ROW;
        if (++tile.count == TILE) search(regime, kind, tile);
    }
    for (int regime = 0; regime < REGIMES; regime++)
        for (int kind = 0; kind < 2; kind++)
            if (tiles[regime][kind].count) search(regime, kind, tiles[regime][kind]);
}

template <class Search>
void search_regime(int regime, Search&& search, PairTile& pairs, double (&table)[ROW][TILE]) {
    if (regime == NEAR_EARTH) search_tile<NEAR_EARTH>(search, pairs, table);
    if (regime == DEEP_SPACE) search_tile<DEEP_SPACE>(search, pairs, table);
    if (regime == ONE_DAY) search_tile<ONE_DAY>(search, pairs, table);
    if (regime == HALF_DAY) search_tile<HALF_DAY>(search, pairs, table);
}

void search_events(const EventJob& job, const Task& task) {
    alignas(64) double table[ROW][TILE];
    search_tiles(
        job.pairs, task, [&](Integer k) { return job.satellite[job.wanted[k] >> 1]; },
        [&](Integer k) { return int(job.wanted[k] & 1); },
        [&](int regime, int top, PairTile& tile) {
            if (top)
                search_regime(regime, Events<true>{job, {}, {}}, tile, table);
            else
                search_regime(regime, Events<false>{job, {}, {}}, tile, table);
        });
}

void bisect(const BisectJob& job, const Task& task) {
    alignas(64) double table[ROW][TILE];
    search_tiles(
        job.pairs, task, [&](Integer k) { return job.satellite[k]; }, [](Integer) { return 0; },
        [&](int regime, int, PairTile& tile) {
            search_regime(regime, Brackets{job, {}, {}}, tile, table);
        });
}
