// Lanes of float32 (Single), of whole angles (Ticks, 2^-32 of a turn) and pairs of float32, for
// mixed.cuh. As lane.cuh, it depends on the compiler.
//
// On a CPU a Single has 2 W lanes, in a vector as wide as the Real of W lanes: two of these make
// one (PARTS). On a GPU all are scalars. The instructions there are written out: CuPy compiles with
// -ftz=true, which would flush subnormal float32 to zero, and a CPU does not.
#pragma once
#include "lane.cuh"

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define MIXED
namespace gpuprop {
constexpr int PARTS = 1;
typedef unsigned Ticks;

struct Single {
    float value;
    Single() = default;
    FN Single(float x) : value(x) {}
};

#ifdef __CUDA_ARCH__
#define INSTRUCTION(name, instruction)                                            \
    FN Single name(Single a, Single b) {                                          \
        Single y;                                                                 \
        asm(instruction " %0, %1, %2;" : "=f"(y.value) : "f"(a.value), "f"(b.value)); \
        return y;                                                                 \
    }
INSTRUCTION(operator+, "add.rn.f32")
INSTRUCTION(operator-, "sub.rn.f32")
INSTRUCTION(operator*, "mul.rn.f32")
#undef INSTRUCTION
FN Single operator-(Single a) {
    Single y;
    asm("neg.f32 %0, %1;" : "=f"(y.value) : "f"(a.value));
    return y;
}
FN Single fused(Single a, Single b, Single c) {
    Single y;
    asm("fma.rn.f32 %0, %1, %2, %3;" : "=f"(y.value) : "f"(a.value), "f"(b.value), "f"(c.value));
    return y;
}
FN Real number(Single a) {
    Real y;
    asm("cvt.f64.f32 %0, %1;" : "=d"(y) : "f"(a.value));
    return y;
}
FN Ticks ticks(Single a) {
    int y;
    asm("cvt.rzi.s32.f32 %0, %1;" : "=r"(y) : "f"(a.value));
    return (Ticks)y;
}
#else  // this text for a CPU: the tests run it
FN Single operator+(Single a, Single b) { return a.value + b.value; }
FN Single operator-(Single a, Single b) { return a.value - b.value; }
FN Single operator*(Single a, Single b) { return a.value * b.value; }
FN Single operator-(Single a) { return -a.value; }
FN Single fused(Single a, Single b, Single c) { return __fmaf_rn(a.value, b.value, c.value); }
FN Real number(Single a) { return a.value; }
FN Ticks ticks(Single a) { return (Ticks)(int)a.value; }
#endif

template <int PART>
FN Real number(Single a) { return number(a); }
FN Single whole(Ticks a) { return __int2float_rn((int)a); }
FN Single not_below(Single a, float limit) { return a.value < limit ? Single(limit) : a; }
FN Single odd(Ticks q, Single a, Single b) { return q & 1u ? a : b; }
FN Single flipped(Single a, Ticks sign) {
    return __uint_as_float(__float_as_uint(a.value) ^ sign);
}
FN Ticks low_words(const Bits (&a)[1]) { return (Ticks)a[0]; }
}  // namespace gpuprop

#elif defined(__FMA__) || defined(__AVX512F__) || defined(__ARM_FEATURE_FMA)
#define MIXED
namespace gpuprop {
constexpr int PARTS = 2;
typedef Floats Single;
typedef unsigned Ticks __attribute__((vector_size(W * 8)));
typedef unsigned HalfTicks __attribute__((vector_size(W * 4)));
typedef int Whole __attribute__((vector_size(W * 8)));

FN Single single(float x) { return x - (Single){}; }
// One instruction; GCC does not make it of a loop everywhere.
#if defined(__has_builtin)
#if __has_builtin(__builtin_elementwise_fma)
#define FUSE(type, a, b, c) __builtin_elementwise_fma(a, b, c)
#endif
#endif
#if !defined(FUSE) && W == 8 && defined(__AVX512F__)
#define FUSE(type, a, b, c) FUSE_##type(a, b, c)
#define FUSE_Single(a, b, c) __builtin_ia32_vfmaddps512_mask(a, b, c, -1, 4)
#define FUSE_Real(a, b, c) __builtin_ia32_vfmaddpd512_mask(a, b, c, -1, 4)
#elif !defined(FUSE) && W == 4 && defined(__FMA__)
#define FUSE(type, a, b, c) FUSE_##type(a, b, c)
#define FUSE_Single(a, b, c) __builtin_ia32_vfmaddps256(a, b, c)
#define FUSE_Real(a, b, c) __builtin_ia32_vfmaddpd256(a, b, c)
#endif
#ifdef FUSE
FN Single fused(Single a, Single b, Single c) { return FUSE(Single, a, b, c); }
#else
FN Single fused(Single a, Single b, Single c) {
    Single y;
    for (int i = 0; i < FLOATS; i++) y[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return y;
}
#endif
FN Single fused(Single a, float b, Single c) { return fused(a, single(b), c); }
FN Single fused(Single a, Single b, float c) { return fused(a, b, single(c)); }
FN Single fused(Single a, float b, float c) { return fused(a, single(b), single(c)); }
#ifndef FUSED
FN Real fused(Real a, Real b, Real c) {
#ifdef FUSE
    return FUSE(Real, a, b, c);
#else
    Real y;
    for (int i = 0; i < W; i++) y[i] = __builtin_fma(a[i], b[i], c[i]);
    return y;
#endif
}
#endif
FN Single whole(Ticks a) { return __builtin_convertvector((Whole)a, Single); }
FN Ticks ticks(Single a) { return (Ticks)__builtin_convertvector(a, Whole); }
FN Single not_below(Single a, float limit) { return a < limit ? single(limit) : a; }
FN Single odd(Ticks q, Single a, Single b) { return (Whole)(q & 1u) != 0 ? a : b; }
FN Single flipped(Single a, Ticks sign) { return (Single)((Ticks)a ^ sign); }
template <int PART>
FN Real number(Single a) {
    HalfFloats half;
    __builtin_memcpy(&half, reinterpret_cast<const char*>(&a) + PART * sizeof half, sizeof half);
    return to_doubles(half);
}
FN Ticks low_words(const Bits (&a)[2]) {
    Ticks words;
    for (int part = 0; part < 2; part++) {
        HalfTicks half = __builtin_convertvector(a[part], HalfTicks);
        __builtin_memcpy(reinterpret_cast<char*>(&words) + part * sizeof half, &half, sizeof half);
    }
    return words;
}
}  // namespace gpuprop
#endif

#ifdef MIXED
namespace gpuprop {

// The value of both together; `rest` is at most about half a unit in the last place of `high`.
struct Pair {
    Single high, rest;
};

FN Pair operator-(Pair a) { return {-a.high, -a.rest}; }

// a + b without error, for |a| >= |b|.
FN Pair sum_of_sorted(Single a, Single b) {
    Single s = a + b;
    return {s, b - (s - a)};
}

// a + b without error.
FN Pair sum(Single a, Single b) {
    Single s = a + b, v = s - a;
    return {s, (a - (s - v)) + (b - v)};
}

FN Pair sum(Pair a, Pair b) {
    Pair s = sum(a.high, b.high);
    return {s.high, s.rest + (a.rest + b.rest)};
}

FN Pair product(Pair a, Pair b) {
    Single p = a.high * b.high;
    return {p, fused(a.high, b.rest, fused(a.rest, b.high, fused(a.high, b.high, -p)))};
}

// c0 + c1 since + c2 since^2 in ticks: the low bits of the sum, as c0 has 1.5 * 2^52 in it. The sum
// of the turns must be below 2^19.
FN Ticks phase(const Real (&c0)[PARTS], const Real (&c1)[PARTS], const Real (&since)[PARTS]) {
    Bits sums[PARTS];
    for (int k = 0; k < PARTS; k++) sums[k] = bits(fused(c1[k], since[k], c0[k]));
    return low_words(sums);
}
FN Ticks phase(const Real (&c0)[PARTS], const Real (&c1)[PARTS], const Real (&c2)[PARTS],
               const Real (&since)[PARTS]) {
    Real rate[PARTS];
    for (int k = 0; k < PARTS; k++) rate[k] = fused(c2[k], since[k], c1[k]);
    return phase(c0, rate, since);
}

// ns from the epoch in spans of 2^49 ns, rounded down to whole 2^21 ns (2 ms), then to float32.
FN Single spans(const Bits (&since)[PARTS]) {
    Bits steps[PARTS];
    for (int k = 0; k < PARTS; k++) steps[k] = since[k] >> 21;
    return whole(low_words(steps)) * 3.7252902984619140625e-9f;  // 2^-28
}

}  // namespace gpuprop
#endif
