// Screening on a GPU, a part of propagate.cu: loads, calls and stores. It is included in the middle
// of propagate.cu.

// Grid y is knots, without the first and the last of the block; beyond the limit of the grid a
// thread takes several.
FN Motion motion_at(const ScreenJob& job, Integer at) {
    return {job.x[at], job.y[at], job.z[at], job.vx[at], job.vy[at], job.vz[at]};
}

FN Motion motion_around(const ScreenJob& job, Integer at, double& slack) {
    const Integer n = job.n_sats;
    Motion before = motion_at(job, at - n), here = motion_at(job, at),
           after = motion_at(job, at + n);
    return around_knot(before, here, after, job.status[at - n] == 0, job.step,
                       path_residual(before, here, job.step), path_residual(here, after, job.step),
                       slack);
}

// The cell of each object, and its place in it.
FN void screen_count(const ScreenJob& job, const Task& task) {
    const Integer n = job.n_sats, i = (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    for (Integer k = blockIdx.y; k < task.end; k += gridDim.y) {
        Integer at = (k + 1) * n + i;
        double slack;
        Motion m = motion_around(job, at, slack);
        Reach reach = reach_around(m, 0.5 * job.step, job.threshold, slack);
        Integer home =
            sky_cell(job.first_cell, job.bands, place_in_bands(m), place_along_band(m));
        Integer cell = reach.angle <= job.angle  ? home
                       : reach.angle <= job.wide ? job.cells + FAST
                                                 : job.cells + WILD;
        if (job.status[at] && job.status[at - n] && job.status[at + n]) cell = job.cells + DORMANT;
        job.home[k * n + i] = (int)home;
        job.cell[k * n + i] = (int)cell;
        job.rank[k * n + i] = next_of(job.start + k * (job.cells + CLASSES + 1) + cell);
    }
}

// The first place of each cell: a thread sums the cells of a knot.
FN void screen_start(const ScreenJob& job, const Task& task) {
    Integer k = (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= task.end) return;
    int* start = job.start + k * (job.cells + CLASSES + 1);
    int total = 0;
    for (Integer c = 0; c <= job.cells + CLASSES; c++) {
        int count = start[c];
        start[c] = total;
        total += count;
    }
}

// Motion and reach of each object at its place.
FN void screen_place(const ScreenJob& job, const Task& task) {
    const Integer n = job.n_sats, i = (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    for (Integer k = blockIdx.y; k < task.end; k += gridDim.y) {
        double slack;
        Motion m = motion_around(job, (k + 1) * n + i, slack);
        Reach reach = reach_around(m, 0.5 * job.step, job.threshold, slack);
        Integer place = job.start[k * (job.cells + CLASSES + 1) + job.cell[k * n + i]] +
                        job.rank[k * n + i];
        const double columns[10] = {m.x,  m.y,   m.z,             m.vx,      m.vy,
                                    m.vz, slack, reach.gradient, reach.low, reach.high};
        for (int j = 0; j < 10; j++) job.rows[(k * 10 + j) * n + place] = columns[j];
        job.order[k * n + place] = (int)i;
    }
}

// Test the object at place q against that at place p.
FN void screen_pair(const ScreenJob& job, Integer k, Integer p, const double (&own)[10], Integer q,
                    bool always) {
    const Integer n = job.n_sats;
    const double* rows = job.rows + k * 10 * n + q;
    if (!always && !(rows[8 * n] <= own[9] && rows[9 * n] >= own[8])) return;
    Motion d = {rows[0] - own[0],     rows[n] - own[1],     rows[2 * n] - own[2],
                rows[3 * n] - own[3], rows[4 * n] - own[4], rows[5 * n] - own[5]};
    Approach near = approach(d, own[6] + rows[6 * n], larger(own[7], rows[7 * n]), 0.5 * job.step,
                             job.threshold);
    if (!near.close) return;
    Integer i = job.order[k * n + p], j = job.order[k * n + q];
    if (job.primary && !job.primary[i] && !job.primary[j]) return;
    near = finished(near, 0.5 * job.step);
    Integer to = next_of(job.count);
    if (to >= job.capacity) return;
    job.knot[to] = k + 1;
    job.first[to] = i < j ? i : j;
    job.second[to] = i < j ? j : i;
    job.since[to] = near.begin;
    job.until[to] = near.end;
    job.speed[to] = near.speed;
}

// The pairs of the object at each place.
FN void screen_join(const ScreenJob& job, const Task& task) {
    const Integer n = job.n_sats, p = (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    for (Integer k = blockIdx.y; k < task.end; k += gridDim.y) {
        const int* start = job.start + k * (job.cells + CLASSES + 1);
        const Integer fast = start[job.cells + FAST], wild = start[job.cells + WILD],
                      dormant = start[job.cells + DORMANT];
        if (p >= dormant) continue;
        double own[10];
        for (int j = 0; j < 10; j++) own[j] = job.rows[(k * 10 + j) * n + p];
        if (p >= wild) {
            for (Integer q = 0; q < p; q++) screen_pair(job, k, p, own, q, true);
            continue;
        }
        const Integer home = job.home[k * n + job.order[k * n + p]];
        const Integer last = p < fast ? start[home + 1] : wild;
        for (Integer q = p + 1; q < last; q++) screen_pair(job, k, p, own, q, false);
        const Integer* first = p < fast ? job.near_first : job.far_first;
        const Integer* ranges = p < fast ? job.near : job.far;
        for (Integer r = first[home]; r < first[home + 1]; r++) {
            const Integer end = start[ranges[2 * r + 1]];
            for (Integer q = start[ranges[2 * r]]; q < end; q++)
                screen_pair(job, k, p, own, q, false);
        }
    }
}
