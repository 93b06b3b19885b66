// What the instructions of PTX compute, in C++: one function for each, called by what ptx.py writes. It follows cuda_shim.h, which runs the
// kernels. Source of the semantics: NVIDIA, "PTX ISA", version 8.8, chapter 9.7.
//
// The compiler must not change any of it: -ffp-contract=off, round to nearest, no -ffast-math.
#include <stdint.h>

#define INLINE inline __attribute__((always_inline))

typedef bool pred;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef uint8_t u8, b8;
typedef uint16_t u16, b16;
typedef uint32_t u32, b32;
typedef uint64_t u64, b64;
typedef float f32;
typedef double f64;

template <class T>
constexpr bool is_floating = false;
template <>
constexpr bool is_floating<f32> = true;
template <>
constexpr bool is_floating<f64> = true;

// A register holds bits, and the type of the instruction says what they mean. Between a float and an integer the bits stay; between integers
// of two widths the low bits stay, or a signed value gets more of its sign and an unsigned one zeros (only ld and st do so).
template <class To, class From>
INLINE To as(From from) {
    if constexpr (is_floating<To> == is_floating<From>) {
        return To(from);
    } else {
        static_assert(sizeof(To) == sizeof from);
        To to;
        __builtin_memcpy(&to, &from, sizeof to);
        return to;
    }
}
template <class Register>
INLINE Register unset() { return as<Register>(b64(0xdbdbdbdbdbdbdbdbull)); }  // what is in a register before it is written
template <>
INLINE f32 unset<f32>() { return as<f32>(b32(0xdbdbdbdb)); }

// Memory. A GPU refuses an address that is no multiple of the size of what is there, and a parameter ends somewhere: the first line of PTX
// that would do so is kept, and the kernel fails.
INLINE bool allowed(bool fine, int line) {
    if (!fine && !failed_line) failed_line = line;
    return fine;
}
template <class T>
INLINE T load_global(b64 address, int line) {
    T value = T();
    if (allowed(address % sizeof(T) == 0, line)) __builtin_memcpy(&value, (const void*)address, sizeof value);
    return value;
}
template <class T, class Job>
INLINE T load_param(const Job& job, b64 offset, int line) {
    T value = T();
    bool inside = offset % sizeof(T) == 0 && offset < sizeof job && sizeof(T) <= sizeof job - offset;
    if (allowed(inside, line)) __builtin_memcpy(&value, job.bytes + offset, sizeof value);
    return value;
}
template <class T>
INLINE void store_global(b64 address, T value, int line) {
    if (allowed(address % sizeof(T) == 0, line)) __builtin_memcpy((void*)address, &value, sizeof value);
}

// Add to memory, and return what was there.
template <class T>
INLINE T sum_global(b64 address, T value, int line) {
    const T before = load_global<T>(address, line);
    store_global<T>(address, T(before + value), line);
    return before;
}

// Integers wrap around, signed ones too.
template <class T>
INLINE T add(T a, T b) { return T(b64(a) + b64(b)); }
template <class T>
INLINE T sub(T a, T b) { return T(b64(a) - b64(b)); }
template <class T>
INLINE T negative(T a) { return T(0 - b64(a)); }
template <class T>
INLINE T mul_lo(T a, T b) { return T(b64(a) * b64(b)); }
template <class T>
INLINE T mad_lo(T a, T b, T c) { return T(b64(a) * b64(b) + b64(c)); }
template <class Wide, class T>
INLINE Wide mul_wide(T a, T b) { return Wide(Wide(a) * Wide(b)); }
template <class T>
INLINE T min(T a, T b) { return b < a ? b : a; }
template <class T>
INLINE T max(T a, T b) { return a < b ? b : a; }
template <class T>
INLINE T bit_and(T a, T b) { return T(a & b); }
template <class T>
INLINE T bit_or(T a, T b) { return T(a | b); }
template <class T>
INLINE T bit_xor(T a, T b) { return T(a ^ b); }
template <class T>
INLINE T bit_not(T a) { return T(~a); }
template <>
INLINE pred bit_not<pred>(pred a) { return !a; }

// Shifts by the width or more leave nothing, or the sign.
template <class T>
INLINE T shl(T a, u32 by) { return by < 8 * sizeof(T) ? T(b64(a) << by) : T(0); }
template <class T>
INLINE T shr(T a, u32 by) { return T(by < 8 * sizeof(T) ? a >> by : a < 0 ? -1 : 0); }

template <class T>
INLINE T mov(T a) { return a; }
template <class T>
INLINE T selp(T a, T b, pred p) { return p ? a : b; }
template <class To, class From>
INLINE To cvt(From a) { return To(a); }  // to a wider integer with the sign of a signed one; to float64 rounded to nearest

// float32, rounded once to nearest, ties to even; subnormal numbers stay.
INLINE f32 add_rn(f32 a, f32 b) { return a + b; }
INLINE f32 sub_rn(f32 a, f32 b) { return a - b; }
INLINE f32 mul_rn(f32 a, f32 b) { return a * b; }
INLINE f32 fma_rn(f32 a, f32 b, f32 c) { return __builtin_fmaf(a, b, c); }
INLINE f32 neg(f32 a) { return as<f32>(as<b32>(a) ^ 0x80000000u); }
// To a whole number towards zero; one that does not fit becomes the nearest that does, and NaN zero.
INLINE s32 cvt_rzi(f32 a) { return a != a ? 0 : a >= 0x1p31f ? INT32_MAX : a < -0x1p31f ? INT32_MIN : s32(a); }

// float64, rounded once to nearest, ties to even.
INLINE f64 add_rn(f64 a, f64 b) { return a + b; }
INLINE f64 sub_rn(f64 a, f64 b) { return a - b; }
INLINE f64 mul_rn(f64 a, f64 b) { return a * b; }
INLINE f64 div_rn(f64 a, f64 b) { return a / b; }
INLINE f64 rcp_rn(f64 a) { return 1.0 / a; }
INLINE f64 sqrt_rn(f64 a) { return __builtin_sqrt(a); }
INLINE f64 fma_rn(f64 a, f64 b, f64 c) { return __builtin_fma(a, b, c); }
INLINE f64 neg(f64 a) { return as<f64>(as<b64>(a) ^ 0x8000000000000000ull); }
INLINE f64 abs(f64 a) { return as<f64>(as<b64>(a) & 0x7fffffffffffffffull); }

// The larger and the smaller: of a number and NaN the number, of two NaN the canonical one; +0 is larger than -0.
template <bool LARGER>
INLINE f64 extreme(f64 a, f64 b) {
    if (a != a && b != b) return as<f64>(b64(0x7fffffffffffffffull));
    if (a != a) return b;
    if (b != b) return a;
    if (a == b) return as<b64>(a) >> 63 == LARGER ? b : a;
    return (a > b) == LARGER ? a : b;
}
INLINE f64 max(f64 a, f64 b) { return extreme<true>(a, b); }
INLINE f64 min(f64 a, f64 b) { return extreme<false>(a, b); }

// Comparisons. Of float64, the plain ones are false where an operand is NaN, and those that end in u are true there.
template <class T>
INLINE pred eq(T a, T b) { return a == b; }
template <class T>
INLINE pred ne(T a, T b) { return a < b || a > b; }
template <class T>
INLINE pred lt(T a, T b) { return a < b; }
template <class T>
INLINE pred le(T a, T b) { return a <= b; }
template <class T>
INLINE pred gt(T a, T b) { return a > b; }
template <class T>
INLINE pred ge(T a, T b) { return a >= b; }
INLINE pred nan(f64 a, f64 b) { return a != a || b != b; }
INLINE pred num(f64 a, f64 b) { return !nan(a, b); }
INLINE pred equ(f64 a, f64 b) { return nan(a, b) || a == b; }
INLINE pred neu(f64 a, f64 b) { return nan(a, b) || a != b; }
INLINE pred ltu(f64 a, f64 b) { return nan(a, b) || a < b; }
INLINE pred leu(f64 a, f64 b) { return nan(a, b) || a <= b; }
INLINE pred gtu(f64 a, f64 b) { return nan(a, b) || a > b; }
INLINE pred geu(f64 a, f64 b) { return nan(a, b) || a >= b; }
