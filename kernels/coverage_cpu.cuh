// Coverage on a CPU, a part of cpu.cpp: loads, calls and stores, in vectors of W satellites or
// columns. It is included in the middle of cpu.cpp, whose functions it uses.

// Load at most W numbers; the others are zeros.
FN Real load_some(const double* from, int64_t count) {
    Real x = {};
    std::memcpy(&x, from, sizeof(double) * (count < W ? count : W));
    return x;
}

FN Real lane_numbers() {
    Real x;
    for (int lane = 0; lane < W; lane++) x[lane] = lane;
    return x;
}

constexpr int64_t PACK = 1024;     // satellites that are sorted by the rows that may see them
constexpr int64_t SOUTHERN = 128;  // classes of their first rows
constexpr int64_t LENGTHS = 8;     // classes of the number of rows
constexpr int64_t STRETCH = 32;    // rows whose changes are computed before they are counted

// Footprints of the satellites of a pack at one instant.
struct FootprintPack {
    double x[PACK], y[PACK], z[PACK], rxy[PACK], r2[PACK], column[PACK], first[PACK], last[PACK];
};

FN void fill_footprints(const CoverageJob& job, int64_t at, int64_t count, double half,
                        FootprintPack& pack) {
    for (int64_t i = 0; i < count; i += W) {
        Real x = load_some(job.x + at + i, count - i), y = load_some(job.y + at + i, count - i),
             z = load_some(job.z + at + i, count - i);
        Footprint f = footprint(job, x, y, z, half);
        store(pack.x + i, x), store(pack.y + i, y), store(pack.z + i, z);
        store(pack.rxy + i, f.rxy), store(pack.r2 + i, f.r2), store(pack.column + i, f.column);
        store(pack.first + i, f.first), store(pack.last + i, f.last);
    }
}

// Put satellites with a position and some rows into classes, so that neighbours have nearly the
// same rows. Return their number.
FN int64_t sort_by_rows(const CoverageJob& job, int64_t at, int64_t count,
                        const FootprintPack& pack, int* order) {
    const double scale = 1.0 / double(job.n_rows);
    int end[SOUTHERN * LENGTHS + 1] = {}, class_of[PACK];
    for (int64_t i = 0; i < count; i++) {
        const double rows = pack.last[i] - pack.first[i] + 1.0;
        class_of[i] = -1;
        if (job.status[at + i] || !(rows > 0.0)) continue;
        const int southern = int(pack.first[i] * scale * SOUTHERN);
        const int length = int(rows * scale * (2 * LENGTHS));
        class_of[i] = southern + SOUTHERN * (length < LENGTHS ? length : LENGTHS - 1);
        end[class_of[i] + 1]++;
    }
    for (int64_t i = 1; i <= SOUTHERN * LENGTHS; i++) end[i] += end[i - 1];
    const int64_t total = end[SOUTHERN * LENGTHS];
    for (int64_t i = 0; i < count; i++)
        if (class_of[i] >= 0) order[end[class_of[i]]++] = int(i);
    return total;
}

// Whether W columns from `column` on see a satellite.
FN Mask columns_see(const CoverageJob& job, int64_t row, int64_t column, double x, double y,
                    double z) {
    const double* from = job.rows + row;
    const int64_t n = job.row_stride;
    Real cosine = load(job.columns + column), sine = load(job.columns + job.n_columns + 7 + column);
    const double rxy = 0.5 * from[3 * n], rz = 0.5 * from[4 * n];
    return sees(rxy * cosine, rxy * sine, splat(rz), from[0] * cosine, from[0] * sine,
                splat(from[n]), x, y, z, job.sine);
}

// Count a satellite in every column of a row that sees it.
__attribute__((noinline)) void cover_whole_row(const CoverageJob& job, int* counts, int64_t row,
                                               double x, double y, double z) {
    for (int64_t column = 0; column < job.n_columns; column += W) {
        Mask seen = columns_see(job, row, column, x, y, z);
        for (int64_t lane = 0; lane < W && column + lane < job.n_columns; lane++) {
            if (!seen[lane]) continue;
            counts[(column + lane) * job.n_rows + row]++;
            if (column + lane + 1 < job.n_columns) counts[(column + lane + 1) * job.n_rows + row]--;
        }
    }
}

// Whether one column, which may be outside of the grid by one turn, sees a satellite.
__attribute__((noinline)) bool column_sees(const CoverageJob& job, int64_t row, int64_t column,
                                           double x, double y, double z) {
    column = column < 0 ? column + job.n_columns : column % job.n_columns;
    return columns_see(job, row, column, x, y, z)[0] != 0;
}

// Decide the columns that the spans of W satellites leave open; count whole rows. plane: where the
// counts of each satellite begin.
__attribute__((noinline)) void decide_ends(const CoverageJob& job, int* counts, const Bits& plane,
                                           int64_t row, const Real& x, const Real& y,
                                           const Real& z, Span& span) {
    for (int lane = 0; lane < W; lane++) {
        if (span.none[lane]) continue;
        const auto seen = [&](const Real& column) INLINE {
            return column_sees(job, row, int64_t(column[lane]), x[lane], y[lane], z[lane]);
        };
        if (span.whole[lane]) {
            cover_whole_row(job, counts + plane[lane], row, x[lane], y[lane], z[lane]);
            span.none[lane] = -1;
        } else {
            if (span.low_is_open[lane] && !seen(span.low)) span.low[lane] += 1.0;
            if (span.high_is_open[lane] && !seen(span.high)) span.high[lane] -= 1.0;
        }
    }
}

// Sum the changes along the columns, and the labels into the last plane.
void sum_grid(const CoverageJob& job, int* counts) {
    const int64_t n = job.n_rows;
    for (int64_t plane = 0; plane < job.n_labels; plane++) {
        int* of = counts + plane * job.n_slots;
        for (int64_t column = 1; column < job.n_columns; column++) {
            const int* __restrict before = of + (column - 1) * n;
            int* __restrict here = of + column * n;
            for (int64_t row = 0; row < n; row++) here[row] += before[row];
        }
    }
}

void sum_planes(const CoverageJob& job, int* counts) {
    int* __restrict all = counts + job.n_labels * job.n_slots;
    for (int64_t plane = 0; plane < job.n_labels && job.n_planes > job.n_labels; plane++) {
        const int* __restrict of = counts + plane * job.n_slots;
        for (int64_t slot = 0; slot < job.n_slots; slot++) all[slot] += of[slot];
    }
}

// Count W satellites of a pack in the rows that may see them. count: at most W of them are used.
FN void cover_rows(const CoverageJob& job, int* counts, const FootprintPack& pack, const int* order,
                   int64_t count, int64_t pack_begin) {
    Real x = {}, y = {}, z = {}, rxy = {}, r2 = {}, column = {};
    Bits plane = {};
    double first = double(job.n_rows), last = -1.0;
    for (int64_t lane = 0; lane < W && lane < count; lane++) {
        const int i = order[lane];
        x[lane] = pack.x[i], y[lane] = pack.y[i], z[lane] = pack.z[i];
        rxy[lane] = pack.rxy[i], r2[lane] = pack.r2[i], column[lane] = pack.column[i];
        if (job.label) plane[lane] = job.label[pack_begin + i] * job.n_slots;
        first = pack.first[i] < first ? pack.first[i] : first;
        last = pack.last[i] > last ? pack.last[i] : last;
    }
    const CoverageJob given = job;  // a copy whose members stay in registers
    const double n_rows = double(given.n_rows);
    // where a lane without a change adds and subtracts one: not all in one place
    const Real idle = lane_numbers() * (given.n_columns >= W ? n_rows : 0.0);
    // First the slots of some rows, then the counts: so the processor overlaps several rows.
    Bits rise[STRETCH], fall[STRETCH];
    Mask turns[STRETCH];
    for (int64_t begin = int64_t(first); begin <= int64_t(last); begin += STRETCH) {
        const int64_t rows = int64_t(last) - begin < STRETCH ? int64_t(last) - begin + 1 : STRETCH;
        Mask turned = {};
        for (int64_t i = 0; i < rows; i++) {
            const double* from = given.rows + begin + i;
            const int64_t n = given.row_stride;
            const GroundRow ground = {splat(from[0]),     splat(from[n]),     splat(from[2 * n]),
                                      splat(from[3 * n]), splat(from[4 * n]), splat(from[5 * n])};
            Span s = span_of_row(given, ground, z, rxy, r2, column);
            Mask open = either(either(s.low_is_open, s.high_is_open), s.whole);
            if (unlikely(any(both(open, opposite(s.none))))) {
                Span decided = s;
                decide_ends(job, counts, plane, begin + i, x, y, z, decided);
                s = decided;
            }
            Change change = change_of_span(given, s);
            const double row = double(begin + i);
            rise[i] = plane + to_integer(select(change.none, idle, change.rise * n_rows) + row);
            fall[i] = plane + to_integer(select(change.none, idle, change.fall * n_rows) + row);
            turns[i] = change.turns;
            turned = either(turned, change.turns);
        }
        for (int64_t i = 0; i < rows; i++)
            for (int lane = 0; lane < W; lane++) {
                counts[rise[i][lane]]++;
                counts[fall[i][lane]]--;
            }
        if (!any(turned)) continue;
        for (int64_t i = 0; i < rows; i++)
            for (int lane = 0; lane < W; lane++)
                if (turns[i][lane]) counts[plane[lane] + begin + i]++;
    }
}

// Satellites in view of the cells of a grid. Instants of a task are instants.
void cover_grid(const CoverageJob& job, const Task& task) {
    for (int64_t k = task.begin; k < task.end; k++) {
        int* const counts = job.counts + k * job.n_planes * job.n_slots;
        for (int64_t begin = 0; begin < job.n_sats; begin += PACK) {
            const int64_t count = begin + PACK < job.n_sats ? PACK : job.n_sats - begin;
            FootprintPack pack;
            int order[PACK];
            fill_footprints(job, k * job.n_sats + begin, count, 0.5, pack);
            const int64_t used = sort_by_rows(job, k * job.n_sats + begin, count, pack, order);
            for (int64_t i = 0; i < used; i += W)
                cover_rows(job, counts, pack, order + i, used - i, begin);
        }
        sum_grid(job, counts);
        sum_planes(job, counts);
    }
}

// Cells of a band before a bin, which may be outside of the band by one turn.
FN int64_t cells_before(const Integer* bins, int64_t n_bins, double bin) {
    const int64_t b = int64_t(bin), turn = b < 0 ? -1 : b / n_bins;
    return turn * bins[n_bins] + bins[b - turn * n_bins];
}

// Call `use` with first and end of each piece of first to end, which may pass the ends of a band of
// `size` cells.
template <class Use>
FN void pieces_of_band(int64_t first, int64_t end, int64_t size, const Use& use) {
    while (first < end) {
        const int64_t turn = (first < 0 ? -size : first / size * size);
        const int64_t here = end < turn + size ? end : turn + size;
        use(first - turn, here - turn);
        first = here;
    }
}

// Count a satellite in those cells, of slots first to end of one band, that see it.
FN void decide_cells(const CoverageJob& job, int* counts, int64_t first, int64_t end, double x,
                     double y, double z) {
    for (int64_t slot = first; slot < end; slot += W) {
        Real place[6];
        for (int j = 0; j < 6; j++) place[j] = load(job.cells + j * job.cell_stride + slot);
        Mask seen = sees(place[0], place[1], place[2], place[3], place[4], place[5], x, y, z,
                         job.sine);
        for (int64_t lane = 0; lane < W && slot + lane < end; lane++) {
            counts[slot + lane] -= int(seen[lane]);
            counts[slot + lane + 1] += int(seen[lane]);
        }
    }
}

// Satellites in view of cells that are sorted into bands. Instants of a task are instants.
void cover_cells(const CoverageJob& job, const Task& task) {
    for (int64_t k = task.begin; k < task.end; k++) {
        int* const counts = job.counts + k * job.n_planes * job.n_slots;
        for (int64_t tile = 0; tile < job.n_sats; tile += PACK) {
            const int64_t count = tile + PACK < job.n_sats ? PACK : job.n_sats - tile;
            FootprintPack f;
            fill_footprints(job, k * job.n_sats + tile, count, 0.0, f);
            for (int64_t i = 0; i < count; i++) {
                if (job.status[k * job.n_sats + tile + i]) continue;
                int* const plane = counts + (job.label ? job.label[tile + i] * job.n_slots : 0);
                const int64_t last = int64_t(f.last[i]);
                for (int64_t row = int64_t(f.first[i]); row <= last; row += W) {
                    const double* from = job.rows + row;
                    const int64_t n = job.row_stride;
                    Band band = {load(from), load(from + n), load(from + 2 * n),
                                 load(from + 3 * n)};
                    Reaches reaches =
                        reaches_of_band(job, band, splat(f.z[i]), splat(f.rxy[i]), splat(f.r2[i]));
                    Bins bins = bins_of_band(job, reaches, splat(f.column[i]));
                    for (int lane = 0; lane < W && row + lane <= last; lane++) {
                        const int64_t slot = job.first[row + lane];
                        const Integer* of = job.bins + (row + lane) * (job.n_columns + 1);
                        const int64_t size = of[job.n_columns];
                        if (bins.none[lane] || !size) continue;
                        const double edges[4] = {bins.outer[lane], bins.inner[lane],
                                                 bins.inner_end[lane], bins.outer_end[lane]};
                        int64_t cell[4];
                        for (int j = 0; j < 4; j++)
                            cell[j] = cells_before(of, job.n_columns, edges[j]);
                        const auto decide = [&](int64_t first, int64_t end) INLINE {
                            decide_cells(job, plane, slot + first, slot + end, f.x[i], f.y[i],
                                         f.z[i]);
                        };
                        pieces_of_band(cell[0], cell[1], size, decide);
                        const auto count_all = [&](int64_t first, int64_t end) INLINE {
                            plane[slot + first]++;
                            plane[slot + end]--;
                        };
                        pieces_of_band(cell[1], cell[2], size, count_all);
                        pieces_of_band(cell[2], cell[3], size, decide);
                    }
                }
            }
        }
        for (int64_t label = 0; label < job.n_labels; label++) {
            int* of = counts + label * job.n_slots;
            for (int64_t slot = 1; slot < job.n_slots; slot++) of[slot] += of[slot - 1];
        }
        sum_planes(job, counts);
    }
}

constexpr int64_t STRIP = 256;  // places whose tallies stay in the cache for all instants

// Add counts to the tallies of places first to last.
void tally_counts(const TallyJob& job, const Task& task) {
    int* const kept[10] = {job.least,     job.most,      job.covered, job.covered_2, job.covered_4,
                           job.covered_8, job.gaps,      job.longest, job.run,       job.cut};
    for (int64_t first = task.first; first < task.last; first += STRIP) {
        const int64_t count = first + STRIP < task.last ? STRIP : task.last - first;
        int local[10][STRIP], total[STRIP] = {};
        for (int j = 0; j < 10; j++) std::memcpy(local[j], kept[j] + first, count * sizeof(int));
        for (int64_t k = 0; k < job.n_instants; k++) {
            int* __restrict counts = job.counts + k * job.size + first;
            const int is_first = k == 0 && job.is_first;
            for (int64_t i = 0; i < count; i++) {
                Tally t = {local[0][i], local[1][i], local[2][i], local[3][i],
                           local[4][i], local[5][i], local[6][i], local[7][i],
                           local[8][i], local[9][i], total[i]};
                add_instant(t, counts[i], is_first);
                local[0][i] = t.least, local[1][i] = t.most, local[2][i] = t.covered;
                local[3][i] = t.covered_2, local[4][i] = t.covered_4, local[5][i] = t.covered_8;
                local[6][i] = t.gaps, local[7][i] = t.longest, local[8][i] = t.run;
                local[9][i] = t.cut, total[i] = t.total;
                counts[i] = 0;
            }
        }
        for (int j = 0; j < 10; j++) std::memcpy(kept[j] + first, local[j], count * sizeof(int));
        for (int64_t i = 0; i < count; i++) job.total[first + i] += total[i];
    }
}
