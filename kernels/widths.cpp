// The widths that the library has and this CPU runs. Compiled without wide instructions, because it
// is called before they are known to exist. WIDTH_4 and WIDTH_8 are defined if cpu.cpp was compiled
// for them. The features are those that CMakeLists.txt passes to the compiler.
#include <cstdint>

#include "exported.cuh"

#if defined(WIDTH_4) || defined(WIDTH_8)
#include <cpuid.h>

namespace {

// Asked by CPUID itself: __builtin_cpu_supports needs a library that clang++ lacks on Windows.
// (Intel's Software Developer's Manual, volume 1, 14.3 and 15.2.)
struct Cpu {
    unsigned features = 0;  // leaf 7, EBX
    unsigned saved = 0;     // the registers that the operating system saves

    // Without FMA, which CPUs with AVX2 have, none of these.
    Cpu() {
        unsigned a, b, c, d;
        if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, OSXSAVE | AVX | FMA)) return;
        __asm__("xgetbv" : "=a"(saved), "=d"(d) : "c"(0));
        if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) features = b;
    }
    bool runs(unsigned instructions, unsigned registers) const {
        return has(features, instructions) && has(saved, registers);
    }
    static bool has(unsigned word, unsigned bits) { return (word & bits) == bits; }

    static constexpr unsigned FMA = 1u << 12, OSXSAVE = 1u << 27, AVX = 1u << 28;
    static constexpr unsigned AVX2 = 1u << 5;
    static constexpr unsigned AVX512F = 1u << 16, AVX512DQ = 1u << 17, AVX512VL = 1u << 31;
    static constexpr unsigned YMM = 0x6, ZMM = 0xe6;
};

}  // namespace
#endif

extern "C" {

// Bit W is set if the kernels of W lanes are compiled, and this CPU and operating system run them.
EXPORTED int64_t gpuprop_widths() {
    int64_t widths = 1 << 2;
#if defined(WIDTH_4) || defined(WIDTH_8)
    const Cpu cpu;
#endif
#ifdef WIDTH_4
    if (cpu.runs(Cpu::AVX2, Cpu::YMM)) widths |= 1 << 4;
#endif
#ifdef WIDTH_8
    if (cpu.runs(Cpu::AVX512F | Cpu::AVX512DQ | Cpu::AVX512VL, Cpu::ZMM)) widths |= 1 << 8;
#endif
    return widths;
}

// SHA-256 of the sources that were compiled, as gpuprop.sgp4.constants.kernels_digest computes it.
EXPORTED const char* gpuprop_sources() { return SOURCES; }

// The compiler, its version and its flags, without those of a width.
EXPORTED const char* gpuprop_build() { return BUILD; }
}
