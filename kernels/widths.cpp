// The widths that the library has and this CPU runs. Compiled without wide instructions, because it
// is called before they are known to exist. WIDTH_4 and WIDTH_8 are defined if cpu.cpp was compiled
// for them. The features are those that CMakeLists.txt passes to the compiler.
#include <cstdint>

extern "C" {

// Bit W is set if the kernels of W lanes are compiled, and this CPU and operating system run them.
int64_t gpuprop_widths() {
    int64_t widths = 1 << 2;
#if defined(WIDTH_4) || defined(WIDTH_8)
    __builtin_cpu_init();
#endif
#ifdef WIDTH_4
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) widths |= 1 << 4;
#endif
#ifdef WIDTH_8
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        widths |= 1 << 8;
#endif
    return widths;
}

// SHA-256 of the sources that were compiled, as gpuprop.sgp4.constants.kernels_digest computes it.
const char* gpuprop_sources() { return SOURCES; }

// The compiler, its version and its flags, without those of a width.
const char* gpuprop_build() { return BUILD; }
}
