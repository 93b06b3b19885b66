// Screening on a CPU: loads, sorting, loops and stores; the formulas are in screening.cuh. A task is
// some knots of a block. Included by cpu.cpp alone.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "screening.cuh"

namespace {

using namespace gpuprop;

constexpr int ROW_FLOATS = 8;      // x y z vx vy vz slack gradient: half a cache line
constexpr int64_t BATCH = 256;     // pairs that are tested together
constexpr int64_t BEYOND = 2 * W;  // floats that a vector may read after the last one

// Memory of one task: for all objects, in the order of the input and then in that of the cells.
struct ScreenMemory {
    float* motion[ROW_FLOATS];  // columns, in the order of the input
    float *low, *high, *residual;
    float *sorted_low, *sorted_high, *rows;
    int32_t *home, *cell, *order, *start;
    void* block;

    ScreenMemory(int64_t n, int64_t cells) {
        const int64_t length = (n + BEYOND + 15) / 16 * 16;
        const int64_t lists = ROW_FLOATS + 5 + ROW_FLOATS + 3;
        block = std::malloc(4 * (lists * length + cells + CLASSES + 1) + 64);
        if (!block) return;
        char* next = (char*)(((uintptr_t)block + 63) / 64 * 64);
        auto take = [&](int64_t count) {
            char* here = next;
            next += 4 * count;
            return (void*)here;
        };
        for (int j = 0; j < ROW_FLOATS; j++) motion[j] = (float*)take(length);
        low = (float*)take(length);
        high = (float*)take(length);
        residual = (float*)take(length);
        sorted_low = (float*)take(length);
        sorted_high = (float*)take(length);
        rows = (float*)take(ROW_FLOATS * length);
        home = (int32_t*)take(length);
        cell = (int32_t*)take(length);
        order = (int32_t*)take(length);
        start = (int32_t*)take(cells + CLASSES + 1);
    }
    ~ScreenMemory() { std::free(block); }
};

// The lanes i to i + lanes - 1 of a row of a column.
FN Real some(const double* column, int64_t at, int64_t lanes) {
    Real x = {};
    if (lanes == W)
        std::memcpy(&x, column + at, sizeof x);
    else
        std::memcpy(&x, column + at, sizeof(double) * lanes);
    return x;
}

FN Motion motion_at(const ScreenJob& job, int64_t knot, int64_t i, int64_t lanes) {
    const int64_t at = knot * job.n_sats + i;
    return {some(job.x, at, lanes),  some(job.y, at, lanes),  some(job.z, at, lanes),
            some(job.vx, at, lanes), some(job.vy, at, lanes), some(job.vz, at, lanes)};
}

FN void store_floats(float* to, Real x) {
    HalfFloats f = to_floats(x);
    std::memcpy(to, &f, sizeof f);
}

// Motion, reach and cell of all objects at a knot. known: the residual before it is there already.
void place_objects(const ScreenJob& job, int64_t knot, bool known, ScreenMemory& memory) {
    const int64_t n = job.n_sats;
    const double half = 0.5 * job.step;
    const uint8_t* status = job.status + knot * n;
    for (int64_t i = 0; i < n; i += W) {
        const int64_t lanes = n - i < W ? n - i : W;
        Motion before = motion_at(job, knot - 1, i, lanes), here = motion_at(job, knot, i, lanes),
               after = motion_at(job, knot + 1, i, lanes);
        Real first;
        if (known) {
            HalfFloats f;
            std::memcpy(&f, memory.residual + i, sizeof f);
            first = to_doubles(f);
        } else
            first = path_residual(before, here, job.step);
        Real second = path_residual(here, after, job.step);
        store_floats(memory.residual + i, second);
        Mask good_before = {};
        for (int64_t lane = 0; lane < lanes; lane++)
            good_before[lane] = status[i + lane - n] == 0 ? -1 : 0;
        Real slack;
        Motion m = around_knot(before, here, after, good_before, job.step, first, second, slack);
        Reach reach = reach_around(m, half, job.threshold, slack);
        const Real columns[ROW_FLOATS] = {m.x,  m.y,  m.z,   m.vx,
                                          m.vy, m.vz, slack, reach.gradient};
        for (int j = 0; j < ROW_FLOATS; j++) store_floats(memory.motion[j] + i, columns[j]);
        store_floats(memory.low + i, reach.low);
        store_floats(memory.high + i, reach.high);
        Real across = place_in_bands(m), along = place_along_band(m);
        for (int64_t lane = 0; lane < lanes; lane++) {
            const uint8_t* s = status + i + lane;
            const int32_t home =
                int32_t(sky_cell(job.first_cell, job.bands, across[lane], along[lane]));
            memory.home[i + lane] = home;
            int64_t cell = reach.angle[lane] <= job.angle ? home
                           : reach.angle[lane] <= job.wide ? job.cells + FAST
                                                           : job.cells + WILD;
            if (s[0] && s[-n] && s[n]) cell = job.cells + DORMANT;
            memory.cell[i + lane] = int32_t(cell);
        }
    }
}

// Counting sort by cell; the order within a cell is that of the input.
void sort_objects(const ScreenJob& job, ScreenMemory& memory) {
    const int64_t n = job.n_sats, cells = job.cells + CLASSES;
    int32_t* start = memory.start;
    std::memset(start, 0, sizeof(int32_t) * (cells + 1));
    for (int64_t i = 0; i < n; i++) start[memory.cell[i]]++;
    int32_t total = 0;
    for (int64_t c = 0; c <= cells; c++) {
        const int32_t count = start[c];
        start[c] = total;
        total += count;
    }
    for (int64_t i = 0; i < n; i++) {
        const int32_t at = start[memory.cell[i]]++;  // the end of the cell in the end
        memory.order[at] = int32_t(i);
        memory.sorted_low[at] = memory.low[i];
        memory.sorted_high[at] = memory.high[i];
        float* row = memory.rows + ROW_FLOATS * at;
        for (int j = 0; j < ROW_FLOATS; j++) row[j] = memory.motion[j][i];
    }
    for (int64_t c = cells; c > 0; c--) start[c] = start[c - 1];
    start[0] = 0;
}

// Pairs that wait for the linear test, as places in the order of the cells.
struct Waiting {
    const ScreenJob& job;
    const ScreenMemory& memory;
    int64_t knot, count = 0;
    int32_t left[BATCH + 64], right[BATCH + 64];

    Waiting(const ScreenJob& job, const ScreenMemory& memory, int64_t knot)
        : job(job), memory(memory), knot(knot) {}

    __attribute__((always_inline)) inline void add(int64_t a, int64_t b) {
        left[count] = int32_t(a);
        right[count++] = int32_t(b);
    }

    void test() {
        alignas(64) float d[ROW_FLOATS][BATCH + 64];
        for (int64_t k = 0; k < count; k++) {
            const float *a = memory.rows + ROW_FLOATS * left[k],
                        *b = memory.rows + ROW_FLOATS * right[k];
            for (int j = 0; j < 6; j++) d[j][k] = b[j] - a[j];
            d[6][k] = a[6] + b[6];
            d[7][k] = a[7] > b[7] ? a[7] : b[7];
        }
        const double half = 0.5 * job.step;
        for (int64_t k = 0; k < count; k += W) {
            Real columns[ROW_FLOATS];
            for (int j = 0; j < ROW_FLOATS; j++) {
                HalfFloats f;
                std::memcpy(&f, &d[j][k], sizeof f);
                columns[j] = to_doubles(f);
            }
            Motion m = {columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]};
            Approach near = approach(m, columns[6], columns[7], half, job.threshold);
            if (any(near.close)) store(near, k);
        }
        count = 0;
    }

    __attribute__((noinline)) void store(Approach near, int64_t k) {
        near = finished(near, 0.5 * job.step);
        for (int64_t lane = 0; lane < W && k + lane < count; lane++) {
            if (!near.close[lane]) continue;
            Integer i = memory.order[left[k + lane]], j = memory.order[right[k + lane]];
            if (job.primary && !job.primary[i] && !job.primary[j]) continue;
            Integer at = next_of(job.count);
            if (at >= job.capacity) continue;
            job.knot[at] = knot;
            job.first[at] = i < j ? i : j;
            job.second[at] = i < j ? j : i;
            job.since[at] = near.begin[lane];
            job.until[at] = near.end[lane];
            job.speed[at] = near.speed[lane];
        }
    }

    // Add the places begin ... end - 1 whose radius overlaps that of place k.
    __attribute__((always_inline)) inline void compare(int64_t k, int64_t begin, int64_t end) {
        const float low = memory.sorted_low[k], high = memory.sorted_high[k];
        for (int64_t q = begin; q < end; q += FLOATS) {
            unsigned found =
                overlapping(memory.sorted_low + q, memory.sorted_high + q, low, high);
            if (end - q < FLOATS) found &= (1u << (end - q)) - 1;
            for (; found; found &= found - 1) add(k, q + __builtin_ctz(found));
            if (unlikely(count >= BATCH)) test();
        }
    }
};

void join_objects(const ScreenJob& job, const ScreenMemory& memory, int64_t knot) {
    Waiting waiting(job, memory, knot);
    const int32_t* start = memory.start;
    const int64_t cells = job.cells, fast = start[cells + FAST], wild = start[cells + WILD],
                  dormant = start[cells + DORMANT];
    for (int64_t c = 0; c < cells; c++) {
        const int64_t begin = start[c], end = start[c + 1];
        if (begin == end) continue;
        for (int64_t k = begin; k + 1 < end; k++) waiting.compare(k, k + 1, end);
        for (int64_t r = job.near_first[c]; r < job.near_first[c + 1]; r++) {
            const int64_t first = start[job.near[2 * r]], stop = start[job.near[2 * r + 1]];
            if (first < stop)
                for (int64_t k = begin; k < end; k++) waiting.compare(k, first, stop);
        }
    }
    for (int64_t k = fast; k < wild; k++) {
        waiting.compare(k, k + 1, wild);
        const int64_t c = memory.home[memory.order[k]];
        for (int64_t r = job.far_first[c]; r < job.far_first[c + 1]; r++)
            waiting.compare(k, start[job.far[2 * r]], start[job.far[2 * r + 1]]);
    }
    for (int64_t k = wild; k < dormant; k++)
        for (int64_t q = 0; q < k; q++) {
            waiting.add(k, q);
            if (waiting.count >= BATCH) waiting.test();
        }
    waiting.test();
}

// Candidates of the knots of a task.
void screen(const ScreenJob& job, const Task& task) {
    ScreenMemory memory(job.n_sats, job.cells);
    if (!memory.block) {  // the caller sees it, and raises an error
        next_of(job.failed);
        return;
    }
    for (int64_t knot = task.begin; knot < task.end; knot++) {
        place_objects(job, knot, knot > task.begin, memory);
        sort_objects(job, memory);
        join_objects(job, memory, knot);
    }
}

}  // namespace
