// CUDA's words for a C++ compiler, so that kernels/propagate.cu, or its PTX as C++ (ptx.py), runs on a CPU, one thread of the grid after
// another (fake_cupy.py).
// The kernels take the same path as on a GPU: a lane is a double.
#define __CUDACC_RTC__
#define __device__
#define __global__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

struct Index {
    unsigned x, y;
};
static thread_local Index blockIdx, threadIdx, blockDim, gridDim;

inline double __dsqrt_rn(double x) { return __builtin_sqrt(x); }
inline double __fma_rn(double a, double b, double c) { return __builtin_fma(a, b, c); }
inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline float __int2float_rn(int x) { return float(x); }
inline float __uint_as_float(unsigned bits) {
    float x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}
inline unsigned __float_as_uint(float x) {
    unsigned bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}
inline double __ll2double_rn(long long x) { return double(x); }
inline double __longlong_as_double(long long bits) {
    double x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}
inline long long __double_as_longlong(double x) {
    long long bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}

// threads run one after another
inline int atomicAdd(int* to, int value) {
    int before = *to;
    *to += value;
    return before;
}

static thread_local int failed_line;  // the first line of PTX that a GPU would not run (ptx_shim.h)

// An entry point by the name of a kernel: its grid, its block, and the size and bytes of its argument. It returns 1, or 0 if the size is
// wrong, or the line of PTX that failed as a negative number.
#define RUN_ON_CPU(kernel, Job)                                                                                       \
    extern "C" int run_##kernel(unsigned grid_x, unsigned grid_y, unsigned block, long size, const void* bytes) {     \
        Job job;                                                                                                      \
        if (size != sizeof job) return 0;                                                                             \
        __builtin_memcpy(&job, bytes, sizeof job);                                                                    \
        failed_line = 0;                                                                                              \
        blockDim = {block, 1};                                                                                        \
        gridDim = {grid_x, grid_y};                                                                                   \
        for (blockIdx.y = 0; blockIdx.y < grid_y; blockIdx.y++)                                                       \
            for (blockIdx.x = 0; blockIdx.x < grid_x; blockIdx.x++)                                                   \
                for (threadIdx.x = 0; threadIdx.x < block; threadIdx.x++) kernel(job);                                \
        return failed_line ? -failed_line : 1;                                                                        \
    }
