// Access on a CPU, a part of cpu.cpp: loads, calls and stores, in vectors of W satellites. It is
// included in the middle of cpu.cpp, whose functions it uses.

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
