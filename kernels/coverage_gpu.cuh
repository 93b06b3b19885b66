// Coverage on a GPU, a part of propagate.cu: loads, calls and stores. It is included in the middle
// of propagate.cu.

// Whether a column, which may be outside of the grid by one turn, sees a satellite.
FN bool column_sees(const CoverageJob& job, Integer row, Integer column, double x, double y,
                    double z) {
    if (column < 0) column += job.n_columns;
    if (column >= job.n_columns) column -= job.n_columns;
    const double* from = job.rows + row;
    const Integer n = job.row_stride;
    const double cosine = job.columns[column], sine = job.columns[job.n_columns + 7 + column];
    const double rxy = 0.5 * from[3 * n], rz = 0.5 * from[4 * n];
    return sees(rxy * cosine, rxy * sine, rz, from[0] * cosine, from[0] * sine, from[n], x, y, z,
                job.sine);
}

// Satellites in view of the cells of a grid: the changes from column to column. Grid x is
// satellites, grid y instants.
FN void cover_grid(const CoverageJob& job, const Task& task) {
    Integer i = task.first + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= task.last) return;
    const Integer n_rows = job.n_rows, n = job.row_stride;
    for (Integer k = task.begin + blockIdx.y; k < task.end; k += gridDim.y) {
        const Integer at = k * job.n_sats + i;
        if (job.status[at]) continue;
        int* plane = job.counts + k * job.n_planes * job.n_slots;
        if (job.label) plane += job.label[i] * job.n_slots;
        const double x = job.x[at], y = job.y[at], z = job.z[at];
        const Footprint f = footprint(job, x, y, z, 0.5);
        const Integer last = to_integer(f.last);
        for (Integer row = to_integer(f.first); row <= last; row++) {
            const double* from = job.rows + row;
            const GroundRow of = {from[0],     from[n],     from[2 * n],
                                  from[3 * n], from[4 * n], from[5 * n]};
            Span s = span_of_row(job, of, z, f.rxy, f.r2, f.column);
            if (s.none) continue;
            if (s.whole) {
                for (Integer column = 0; column < job.n_columns; column++)
                    if (column_sees(job, row, column, x, y, z)) {
                        add_to(plane + column * n_rows + row, 1);
                        if (column + 1 < job.n_columns)
                            add_to(plane + (column + 1) * n_rows + row, -1);
                    }
                continue;
            }
            const Integer low = to_integer(s.low), high = to_integer(s.high);
            if (s.low_is_open && !column_sees(job, row, low, x, y, z)) s.low += 1.0;
            if (s.high_is_open && !column_sees(job, row, high, x, y, z)) s.high -= 1.0;
            Change change = change_of_span(job, s);
            if (change.none) continue;
            add_to(plane + to_integer(change.rise) * n_rows + row, 1);
            add_to(plane + to_integer(change.fall) * n_rows + row, -1);
            if (change.turns) add_to(plane + row, 1);
        }
    }
}

// Cells of a band before a bin, which may be outside of the band by one turn.
FN Integer cells_before(const Integer* bins, Integer n_bins, double bin) {
    Integer b = to_integer(bin), turn = b < 0 ? -1 : b < n_bins ? 0 : b < 2 * n_bins ? 1 : 2;
    return turn * bins[n_bins] + bins[b - turn * n_bins];
}

// Satellites in view of cells that are sorted into bands. Grid x is satellites, grid y instants.
FN void cover_cells(const CoverageJob& job, const Task& task) {
    Integer i = task.first + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= task.last) return;
    const Integer n = job.row_stride, stride = job.cell_stride;
    for (Integer k = task.begin + blockIdx.y; k < task.end; k += gridDim.y) {
        const Integer at = k * job.n_sats + i;
        if (job.status[at]) continue;
        int* plane = job.counts + k * job.n_planes * job.n_slots;
        if (job.label) plane += job.label[i] * job.n_slots;
        const double x = job.x[at], y = job.y[at], z = job.z[at];
        const Footprint f = footprint(job, x, y, z, 0.0);
        const Integer last = to_integer(f.last);
        for (Integer row = to_integer(f.first); row <= last; row++) {
            const double* from = job.rows + row;
            const Band band = {from[0], from[n], from[2 * n], from[3 * n]};
            const Reaches reaches = reaches_of_band(job, band, z, f.rxy, f.r2);
            const Bins bins = bins_of_band(job, reaches, f.column);
            const Integer* of = job.bins + row * (job.n_columns + 1);
            const Integer size = of[job.n_columns], slot = job.first[row];
            if (bins.none || !size) continue;
            const Integer sure = cells_before(of, job.n_columns, bins.inner),
                          sure_end = cells_before(of, job.n_columns, bins.inner_end),
                          end = cells_before(of, job.n_columns, bins.outer_end);
            Integer cell = cells_before(of, job.n_columns, bins.outer);
            Integer turn = cell < 0 ? -size : cell < size ? 0 : size;
            while (cell < end) {
                Integer here = cell - turn;
                if (here >= size) {
                    turn += size;
                    continue;
                }
                if (cell == sure && sure < sure_end) {
                    // to the end of what is sure, or of the band
                    const Integer until = sure_end - turn < size ? sure_end - turn : size;
                    add_to(plane + slot + here, 1);
                    add_to(plane + slot + until, -1);
                    cell = turn + until;
                    if (cell < sure_end) {  // the rest, behind the end of the band
                        add_to(plane + slot, 1);
                        add_to(plane + slot + (sure_end - cell), -1);
                        cell = sure_end;
                    }
                    continue;
                }
                const double* place = job.cells + slot + here;
                if (sees(place[0], place[stride], place[2 * stride], place[3 * stride],
                         place[4 * stride], place[5 * stride], x, y, z, job.sine)) {
                    add_to(plane + slot + here, 1);
                    add_to(plane + slot + here + 1, -1);
                }
                cell++;
            }
        }
    }
}

// Sum the changes along each row, and the labels into the last plane. Grid x is rows, grid y
// instants.
FN void sum_counts(const CoverageJob& job, const Task& task) {
    Integer row = task.first + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= task.last) return;
    const Integer first = job.first ? job.first[row] : row;
    const Integer count = job.first ? job.first[row + 1] - first : job.n_columns;
    const Integer step = job.first ? 1 : job.n_rows;
    for (Integer k = task.begin + blockIdx.y; k < task.end; k += gridDim.y) {
        int* planes = job.counts + k * job.n_planes * job.n_slots + first;
        int* all = planes + job.n_labels * job.n_slots;
        for (Integer label = 0; label < job.n_labels; label++) {
            int* of = planes + label * job.n_slots;
            int sum = 0;
            for (Integer column = 0; column < count; column++) {
                sum += of[column * step];
                of[column * step] = sum;
                if (job.n_planes > job.n_labels) all[column * step] += sum;
            }
        }
    }
}

// Add the counts of some instants to the tallies. Grid x is slots of all planes.
FN void tally_counts(const TallyJob& job, const Task& task) {
    Integer i = task.first + (Integer)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= task.last) return;
    Tally t = {job.least[i],     job.most[i], job.covered[i], job.covered_2[i], job.covered_4[i],
               job.covered_8[i], job.gaps[i], job.longest[i], job.run[i],       job.cut[i],
               0};
    for (Integer k = 0; k < job.n_instants; k++) {
        int* count = job.counts + k * job.size + i;
        add_instant(t, *count, k == 0 && job.is_first);
        *count = 0;
    }
    job.least[i] = t.least;
    job.most[i] = t.most;
    job.covered[i] = t.covered;
    job.covered_2[i] = t.covered_2;
    job.covered_4[i] = t.covered_4;
    job.covered_8[i] = t.covered_8;
    job.gaps[i] = t.gaps;
    job.longest[i] = t.longest;
    job.run[i] = t.run;
    job.cut[i] = t.cut;
    job.total[i] += t.total;
}
