// Access on a CPU, a part of cpu.cpp: loads, calls and stores, in vectors of W intervals of one
// satellite. A satellite is up for several of them or for none, so most vectors are left at once. It
// is included in the middle of cpu.cpp, whose functions it uses.

constexpr int LINE = 8;        // satellites that are copied together: a cache line
constexpr int INTERVALS = 64;  // of a satellite that are judged together
constexpr int KNOTS = INTERVALS + W + 3;  // a vector may begin at the last of the intervals

// The knots of one satellite.
struct KnotRow {
    double x[KNOTS], y[KNOTS], z[KNOTS];
    long long status[KNOTS];

    // The four knots of W intervals.
    void load(int v, Position (&r)[4], Code (&code)[4]) const {
        for (int j = 0; j < 4; j++) {
            std::memcpy(&r[j].x, x + v + j, sizeof r[j].x);
            std::memcpy(&r[j].y, y + v + j, sizeof r[j].y);
            std::memcpy(&r[j].z, z + v + j, sizeof r[j].z);
            std::memcpy(&code[j], status + v + j, sizeof code[j]);
        }
    }
};

// Copy `knots` knots of `count` satellites, from knot k of satellite i on.
FN void copy_knots(const AccessJob& job, Integer k, int knots, int64_t i, int count,
                   KnotRow (&rows)[LINE]) {
    for (int j = 0; j < knots; j++) {
        const int64_t at = (k + j) * job.n_sats + i;
        for (int s = 0; s < count; s++) {
            rows[s].x[j] = job.x[at + s];
            rows[s].y[j] = job.y[at + s];
            rows[s].z[j] = job.z[at + s];
            rows[s].status[j] = job.status[at + s];
        }
    }
}

// Store the candidates among W intervals.
__attribute__((noinline)) void store_candidates(const AccessJob& job, Integer k, int64_t i,
                                                int64_t site, const Code& kind,
                                                const LocalPosition (&p)[4]) {
    Integer found = 0;
    for (int lane = 0; lane < W; lane++) found += kind[lane] != 0;
    Integer to = __atomic_fetch_add(job.counts, found, __ATOMIC_RELAXED) - 1;
    for (int lane = 0; lane < W; lane++) {
        if (!kind[lane] || ++to >= job.room) continue;
        Integer* what = job.what + 4 * to;
        what[0] = k + lane, what[1] = i, what[2] = site, what[3] = kind[lane];
        double* local = job.local + 12 * to;
        for (int j = 0; j < 4; j++) {
            local[3 * j] = p[j].east[lane];
            local[3 * j + 1] = p[j].north[lane];
            local[3 * j + 2] = p[j].up[lane];
        }
    }
}

// Candidates of one satellite, of `count` intervals from knot k on.
FN void propose_of_one(const AccessJob& job, Integer k, int count, int64_t i, const KnotRow& row) {
    Interval intervals[(INTERVALS + W - 1) / W];
    for (int v = 0; v < count; v += W) {
        Position r[4];
        Code status[4];
        row.load(v, r, status);
        Mask known, there;
        for (int lane = 0; lane < W; lane++) {
            const Integer knot = k + v + lane;
            known[lane] = -(knot - 1 >= job.first_known && knot + 2 <= job.last_known);
            there[lane] = -(v + lane < count);
        }
        Interval& interval = intervals[v / W];
        interval = interval_of(r, status, job.step, known);
        interval.some_good = both(interval.some_good, there);
    }
    for (int64_t site = 0; site < job.n_sites; site++) {
        const Site& place = job.sites[site];
        double up[KNOTS + W];  // of the knots: each belongs to two intervals
        for (int v = 0; v <= count; v += W) {
            Position at;
            std::memcpy(&at.x, row.x + 1 + v, sizeof at.x);
            std::memcpy(&at.y, row.y + 1 + v, sizeof at.y);
            std::memcpy(&at.z, row.z + 1 + v, sizeof at.z);
            Real here = up_of(place, at);
            std::memcpy(up + v, &here, sizeof here);
        }
        for (int v = 0; v < count; v += W) {
            const Interval& interval = intervals[v / W];
            Real here, after;
            std::memcpy(&here, up + v, sizeof here);
            std::memcpy(&after, up + v + 1, sizeof after);
            Mask alive = may_be_up(interval, here, after);
            if (!any(alive)) continue;
            Position r[4];
            Code status[4];
            row.load(v, r, status);
            LocalPosition p[4];
            for (int j = 1; j < 3; j++) p[j] = local_position(place, r[j]);
            alive = both(alive, may_reach(job.cosine, job.sine, interval, p[1], p[2]));
            if (!any(alive)) continue;
            p[0] = local_position(place, r[0]), p[3] = local_position(place, r[3]);
            Code kind = interval_kind(job.cosine, job.sine, job.step, interval, p);
            kind = select(alive, kind, code(0));
            if (any(kind != code(0))) store_candidates(job, k + v, i, site, kind, p);
        }
    }
}

// Candidates of passes, of the intervals that begin at the instants of the task.
void propose_passes(const AccessJob& job, const Task& task) {
    KnotRow rows[LINE] = {};
    for (int64_t i = task.first; i < task.last; i += LINE) {
        const int sats = i + LINE < task.last ? LINE : int(task.last - i);
        for (Integer k = task.begin; k < task.end; k += INTERVALS) {
            const int count = k + INTERVALS < task.end ? INTERVALS : int(task.end - k);
            copy_knots(job, k - 1, count + 3, i, sats, rows);
            for (int s = 0; s < sats; s++) propose_of_one(job, k, count, i + s, rows[s]);
        }
    }
}
