// Access on a GPU, a part of propagate.cu: loads, calls and stores. It is included in the middle of
// propagate.cu.

// Grid x is satellites, grid y chunks of the knots at which intervals begin. First the candidates of
// each interval are counted, then `counts` has the place of the first of them.
FN void propose_passes(const AccessJob& job, const Task& task) {
    Integer i = task.first + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= task.last) return;
    Integer k = task.begin + (Integer)blockIdx.y * task.chunk;
    Integer end = k + task.chunk < task.end ? k + task.chunk : task.end;
    for (; k < end; k++) {
        Position r[4];
        Code status[4];
        for (int j = 0; j < 4; j++) {
            Integer at = (k - 1 + j) * job.n_sats + i;
            r[j] = {job.x[at], job.y[at], job.z[at]};
            status[j] = job.status[at];
        }
        Interval interval = interval_of(
            r, status, job.step, k - 1 >= job.first_known && k + 2 <= job.last_known);
        Integer* count = job.counts + (k - task.begin) * job.n_sats + i;
        Integer to = job.room ? *count : 0;
        for (Integer site = 0; site < job.n_sites; site++) {
            const Site& place = job.sites[site];
            if (!may_be_up(interval, up_of(place, r[1]), up_of(place, r[2]))) continue;
            LocalPosition p[4] = {local_position(place, r[0]), local_position(place, r[1]),
                                  local_position(place, r[2]), local_position(place, r[3])};
            Code kind = interval_kind(job.cosine, job.sine, job.step, interval, p);
            if (!kind) continue;
            if (job.room) {
                Integer* what = job.what + 4 * to;
                what[0] = k, what[1] = i, what[2] = site, what[3] = kind;
                double* local = job.local + 12 * to;
                for (int j = 0; j < 4; j++) {
                    local[3 * j] = p[j].east;
                    local[3 * j + 1] = p[j].north;
                    local[3 * j + 2] = p[j].up;
                }
            }
            to++;
        }
        if (!job.room) *count = to;
    }
}
