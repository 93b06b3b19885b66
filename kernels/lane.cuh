// The types and operations that all kernels are written in: a lane is a double in a CUDA thread,
// and one of W doubles of a vector on a CPU. Only this file and single.cuh depend on the compiler.
//
// Contract: compiles under NVRTC, nvcc, g++ and clang++ without a system header. IEEE 754
// arithmetic, round to nearest, no contraction (-fmad=false, -ffp-contract=off), no library
// function. The kernels consist of + - * /, the correctly rounded sqrt, comparison and select.
#pragma once

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)

#define FN __device__ __forceinline__
namespace gpuprop {
typedef double Real;
typedef bool Mask;
typedef int Code;
typedef long long Bits;
FN Real sqrt(Real x) { return __dsqrt_rn(x); }
FN Real select(Mask m, Real a, Real b) { return m ? a : b; }
FN Code select(Mask m, Code a, Code b) { return m ? a : b; }
FN bool any(Mask m) { return m; }
FN bool unlikely(bool x) { return x; }
FN Real splat(double x) { return x; }
FN Code code(int x) { return x; }
FN Bits whole(long long x) { return x; }
FN Mask both(Mask a, Mask b) { return a && b; }
FN Mask either(Mask a, Mask b) { return a || b; }
FN Mask opposite(Mask m) { return !m; }
FN Bits bits(Real x) { return __double_as_longlong(x); }
FN Real real(Bits b) { return __longlong_as_double(b); }
FN Real not_a_number() { return __longlong_as_double(0x7ff8000000000000ll); }
FN Bits select(Mask m, Bits a, Bits b) { return m ? a : b; }
FN Real number(Bits whole) { return __ll2double_rn(whole); }
// Threads may add to one number at once: the sum does not depend on their order.
FN void add_to(int* sum, int value) { atomicAdd(sum, value); }
// x without its fraction, for 0 <= x < 2^51; a whole number may become the one below.
FN Bits truncated(double x) {
    return __double_as_longlong((x - 0.5) + 6755399441055744.0) - 0x4338000000000000ll;
}
// The next number of a counter that threads share: the number before, and one more for the others.
FN int next_of(int* counter) { return atomicAdd(counter, 1); }
// Below: fewer float64 instructions for the same bits. fused rounds once.
FN Real fused(Real a, Real b, Real c) { return __fma_rn(a, b, c); }
// a - b / 2. The half is exact unless b is subnormal or nearly so, and then it is too small to change
// an `a` near 1: one rounding is the same as two.
FN Real minus_half(Real a, Real b) { return fused(-0.5, b, a); }
// Doubles that are not negative are in the order of their bits. A NaN must have no sign, as all that
// a GPU makes.
FN Mask above(Real x, double limit) { return bits(x) > bits(limit); }
FN Mask not_below(Real x, double limit) { return bits(x) >= bits(limit); }
FN Mask reaches(Real x, double limit) { return (bits(x) & 0x7fffffffffffffffll) >= bits(limit); }
#define FUSED
}  // namespace gpuprop

#else

#ifndef W
#error "give the vector width: -DW=2 (SSE2, NEON), 4 (AVX2) or 8 (AVX-512)"
#endif
#define FN static inline __attribute__((always_inline))
namespace gpuprop {
typedef double Real __attribute__((vector_size(W * 8)));
typedef long long Mask __attribute__((vector_size(W * 8)));
typedef long long Code __attribute__((vector_size(W * 8)));
typedef long long Bits __attribute__((vector_size(W * 8)));
FN Real sqrt(Real x) {
    Real y;
    for (int i = 0; i < W; i++) y[i] = __builtin_sqrt(x[i]);  // -fno-math-errno: one instruction
    return y;
}
FN bool any(Mask m) {
#if W == 8 && defined(__AVX512DQ__)
    return __builtin_ia32_cvtq2mask512(m) != 0;
#elif W == 4 && defined(__AVX__)
    return __builtin_ia32_movmskpd256((Real)m) != 0;
#elif W == 2 && defined(__SSE2__)
    return __builtin_ia32_movmskpd((Real)m) != 0;
#else
    long long found = 0;
    for (int i = 0; i < W; i++) found |= m[i];
    return found != 0;
#endif
}
FN bool unlikely(bool x) { return __builtin_expect(x, 0); }
// Store a whole cache line, past the caches, if `to` begins one and such a store exists; return
// whether it did. An ordinary store reads the line first. After the last one comes stores_done().
#if W == 8 && defined(__AVX512F__)
#define STREAM(to, x) __builtin_ia32_movntpd512(to, x)
#if defined(__has_builtin)
#if __has_builtin(__builtin_nontemporal_store)
#undef STREAM
#define STREAM(to, x) __builtin_nontemporal_store(x, reinterpret_cast<Real*>(to))
#endif
#endif
FN bool stream(double* to, Real x) {
    if (reinterpret_cast<unsigned long long>(to) % sizeof x) return false;
    STREAM(to, x);
    return true;
}
FN void stores_done() { __builtin_ia32_sfence(); }
#undef STREAM
#else
FN bool stream(double*, Real) { return false; }
FN void stores_done() {}
#endif
FN Real splat(double x) { return x - (Real){}; }
FN Code code(int x) { return x - (Code){}; }
FN Bits whole(long long x) { return x - (Bits){}; }
FN Real select(Mask m, Real a, Real b) { return m ? a : b; }
FN Code select(Mask m, Code a, Code b) { return m ? a : b; }
FN Real select(Mask m, double a, Real b) { return select(m, splat(a), b); }
FN Real select(Mask m, Real a, double b) { return select(m, a, splat(b)); }
FN Real select(Mask m, double a, double b) { return select(m, splat(a), splat(b)); }
FN Mask both(Mask a, Mask b) { return a & b; }
FN Mask either(Mask a, Mask b) { return a | b; }
FN Mask opposite(Mask m) { return ~m; }
FN Bits bits(Real x) { return (Bits)x; }
FN Real real(Bits b) { return (Real)b; }
FN Real not_a_number() { return splat(__builtin_nan("")); }
FN Real number(Bits whole) { return __builtin_convertvector(whole, Real); }
#if W == 8 && defined(__AVX512F__)
#define FUSED
FN Real fused(Real a, Real b, Real c) {
    Real y;
    for (int i = 0; i < W; i++) y[i] = __builtin_fma(a[i], b[i], c[i]);  // one instruction
    return y;
}
#endif
// x without its fraction, for 0 <= x < 2^63.
FN long long truncated(double x) { return (long long)x; }
// The next number of a counter that threads share.
FN int next_of(int* counter) { return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }
// a - b / 2
FN Real minus_half(Real a, Real b) { return a - 0.5 * b; }
// x > limit and x >= limit, for x >= 0
FN Mask above(Real x, double limit) { return x > limit; }
FN Mask not_below(Real x, double limit) { return ~(x < limit); }
// |x| >= limit
FN Mask reaches(Real x, double limit) { return select(x < 0.0, -x, x) >= limit; }

// Single precision, twice as many numbers in a vector: for comparisons that may be a little wrong.
constexpr int FLOATS = 2 * W;
typedef float Floats __attribute__((vector_size(W * 8)));
typedef int FloatMask __attribute__((vector_size(W * 8)));
typedef float HalfFloats __attribute__((vector_size(W * 4)));
FN HalfFloats to_floats(Real x) { return __builtin_convertvector(x, HalfFloats); }
FN Real to_doubles(HalfFloats x) { return __builtin_convertvector(x, Real); }
// Bit i is set if number i of the mask is.
FN unsigned bit_mask(FloatMask m) {
#if W == 8 && defined(__AVX512DQ__)
    typedef int Ints __attribute__((vector_size(64)));
    return (unsigned)__builtin_ia32_cvtd2mask512((Ints)m);
#elif W == 4 && defined(__AVX__)
    return (unsigned)__builtin_ia32_movmskps256((Floats)m);
#elif W == 2 && defined(__SSE2__)
    return (unsigned)__builtin_ia32_movmskps((Floats)m);
#else
    unsigned found = 0;
    for (int i = 0; i < FLOATS; i++) found |= (unsigned)(m[i] != 0) << i;
    return found;
#endif
}
// Which intervals from `low` to `high`, FLOATS of each, overlap that from l to h: a bit each.
FN unsigned overlapping(const float* low, const float* high, float l, float h) {
    Floats a, b;
    __builtin_memcpy(&a, low, sizeof a);
    __builtin_memcpy(&b, high, sizeof b);
    return bit_mask((a <= h) & (b >= l));
}
}  // namespace gpuprop

#endif

namespace gpuprop {
FN Real absolute(Real x) { return select(x < 0.0, -x, x); }
// a / b for a constant b whose reciprocal, rounded to nearest, is in error by less than half of
// 2^-53: 6e10 (0.33), 8.64e13 (0.27), 86400 (0.45), 36525 (0.36). Then the product is in error by
// less than one unit in the last place, and Markstein's correction makes it the correctly rounded
// quotient. (Of -0 it makes 0.)
FN Real quotient(Real a, double b) {
#ifdef FUSED
    Real product = a * (1.0 / b);
    return fused(fused(splat(-b), product, a), splat(1.0 / b), product);
#else
    return a / b;
#endif
}
FN Real minutes(Bits nanoseconds) { return quotient(number(nanoseconds), 6.0e10); }
}  // namespace gpuprop
