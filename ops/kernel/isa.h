/* isa.h - vectors of the instruction set that kernels.c is being compiled for.
 *
 * Vectors are those of gcc and clang (vector_size), so that one source serves every machine: +, *, <
 * and conversions are operators, and only what C cannot say (fma, widening products) is spelled per
 * instruction set here. A comparison gives all ones or all zeros per lane, as integers; a choice is
 * made with bits, (m & a) | (~m & b), which both compilers turn into one blend.
 *
 * TW_FMA(a, b, c) is a * b + c for floats, doubles and vectors of them: rounded once where the
 * instruction set has it, and multiply, then add, on the baseline. It is the only fma there is:
 * kernels are compiled with -ffp-contract=off.
 */
#pragma once
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define TW_VEC 64                       /* bytes of a vector */
#elif defined(__AVX2__)
#define TW_VEC 32
#else
#define TW_VEC 16
#endif

#define TW_INLINE static inline __attribute__((always_inline, unused))
/* Kernels of a dtype that have no place in the table, and helpers that a dtype has no use for. */
#define TW_MAYBE __attribute__((unused))

/* Before a loop: iterations touch no element of one another (an output may be an input itself). */
#if defined(__clang__)
#define TW_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define TW_INDEPENDENT _Pragma("GCC ivdep")
#endif

typedef float    tw_vf32 __attribute__((vector_size(TW_VEC)));
typedef double   tw_vf64 __attribute__((vector_size(TW_VEC)));
typedef int8_t   tw_vi8  __attribute__((vector_size(TW_VEC)));
typedef int32_t  tw_vi32 __attribute__((vector_size(TW_VEC)));
typedef int64_t  tw_vi64 __attribute__((vector_size(TW_VEC)));
typedef uint8_t  tw_vu8  __attribute__((vector_size(TW_VEC)));
typedef uint32_t tw_vu32 __attribute__((vector_size(TW_VEC)));
typedef uint64_t tw_vu64 __attribute__((vector_size(TW_VEC)));
typedef tw_vu8   tw_vb8;

#define JOIN2_(a, b)    a##b
#define JOIN2(a, b)     JOIN2_(a, b)
#define JOIN3_(a, b, c) a##_##b##_##c
#define JOIN3(a, b, c)  JOIN3_(a, b, c)


/* ---- fma ---------------------------------------------------------------------------------- */

#if defined(__FMA__)
TW_INLINE float  tw__fma_f32(float a, float b, float c)    { return __builtin_fmaf(a, b, c); }
TW_INLINE double tw__fma_f64(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
TW_INLINE float  tw__fma_f32(float a, float b, float c)    { return a * b + c; }
TW_INLINE double tw__fma_f64(double a, double b, double c) { return a * b + c; }
#endif

#if defined(__AVX512F__)
TW_INLINE tw_vf32 tw__fma_vf32(tw_vf32 a, tw_vf32 b, tw_vf32 c) { return (tw_vf32)_mm512_fmadd_ps(a, b, c); }
TW_INLINE tw_vf64 tw__fma_vf64(tw_vf64 a, tw_vf64 b, tw_vf64 c) { return (tw_vf64)_mm512_fmadd_pd(a, b, c); }
#elif defined(__FMA__)
TW_INLINE tw_vf32 tw__fma_vf32(tw_vf32 a, tw_vf32 b, tw_vf32 c) { return (tw_vf32)_mm256_fmadd_ps(a, b, c); }
TW_INLINE tw_vf64 tw__fma_vf64(tw_vf64 a, tw_vf64 b, tw_vf64 c) { return (tw_vf64)_mm256_fmadd_pd(a, b, c); }
#else
TW_INLINE tw_vf32 tw__fma_vf32(tw_vf32 a, tw_vf32 b, tw_vf32 c) { return a * b + c; }
TW_INLINE tw_vf64 tw__fma_vf64(tw_vf64 a, tw_vf64 b, tw_vf64 c) { return a * b + c; }
#endif

#define TW_FMA(a, b, c) _Generic((a), float: tw__fma_f32, double: tw__fma_f64, \
                                 tw_vf32: tw__fma_vf32, tw_vf64: tw__fma_vf64)(a, b, c)

/* ---- what C cannot say -------------------------------------------------------------------- */

/* The 64-bit products of the low halves of each lane; the high halves are ignored. */
#if defined(__AVX512F__)
TW_INLINE tw_vu64 tw__mul_low(tw_vu64 a, tw_vu64 b) { return (tw_vu64)_mm512_mul_epu32((__m512i)a, (__m512i)b); }
#elif defined(__AVX2__)
TW_INLINE tw_vu64 tw__mul_low(tw_vu64 a, tw_vu64 b) { return (tw_vu64)_mm256_mul_epu32((__m256i)a, (__m256i)b); }
#elif defined(__SSE2__)
TW_INLINE tw_vu64 tw__mul_low(tw_vu64 a, tw_vu64 b) { return (tw_vu64)_mm_mul_epu32((__m128i)a, (__m128i)b); }
#else
TW_INLINE tw_vu64 tw__mul_low(tw_vu64 a, tw_vu64 b) { return (a & 0xffffffffu) * (b & 0xffffffffu); }
#endif

/* The halves of a vector as doubles, and doubles as a vector. */
#if defined(__AVX512F__)
TW_INLINE tw_vf64 tw__widen_low(tw_vf32 x)  { return (tw_vf64)_mm512_cvtps_pd(_mm512_castps512_ps256(x)); }
TW_INLINE tw_vf64 tw__widen_high(tw_vf32 x) { return (tw_vf64)_mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)); }
TW_INLINE tw_vf32 tw__narrow(tw_vf64 low, tw_vf64 high)
{
    return (tw_vf32)_mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low)), _mm512_cvtpd_ps(high), 1);
}
#elif defined(__AVX2__)
TW_INLINE tw_vf64 tw__widen_low(tw_vf32 x)  { return (tw_vf64)_mm256_cvtps_pd(_mm256_castps256_ps128(x)); }
TW_INLINE tw_vf64 tw__widen_high(tw_vf32 x) { return (tw_vf64)_mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)); }
TW_INLINE tw_vf32 tw__narrow(tw_vf64 low, tw_vf64 high)
{
    return (tw_vf32)_mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low));
}
#elif defined(__SSE2__)
TW_INLINE tw_vf64 tw__widen_low(tw_vf32 x)  { return (tw_vf64)_mm_cvtps_pd(x); }
TW_INLINE tw_vf64 tw__widen_high(tw_vf32 x) { return (tw_vf64)_mm_cvtps_pd(_mm_movehl_ps(x, x)); }
TW_INLINE tw_vf32 tw__narrow(tw_vf64 low, tw_vf64 high)
{
    return (tw_vf32)_mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
}
#else
TW_INLINE tw_vf64 tw__widen_low(tw_vf32 x)  { return (tw_vf64){ x[0], x[1] }; }
TW_INLINE tw_vf64 tw__widen_high(tw_vf32 x) { return (tw_vf64){ x[2], x[3] }; }
TW_INLINE tw_vf32 tw__narrow(tw_vf64 low, tw_vf64 high)
{
    return (tw_vf32){ (float)low[0], (float)low[1], (float)high[0], (float)high[1] };
}
#endif

/* The lesser and the greater of a and x; x where it is NaN. */
#if defined(__AVX512F__)
TW_INLINE tw_vf32 tw__at_most_f32(tw_vf32 a, tw_vf32 x)  { return (tw_vf32)_mm512_min_ps(a, x); }
TW_INLINE tw_vf64 tw__at_most_f64(tw_vf64 a, tw_vf64 x)  { return (tw_vf64)_mm512_min_pd(a, x); }
TW_INLINE tw_vf32 tw__at_least_f32(tw_vf32 a, tw_vf32 x) { return (tw_vf32)_mm512_max_ps(a, x); }
TW_INLINE tw_vf64 tw__at_least_f64(tw_vf64 a, tw_vf64 x) { return (tw_vf64)_mm512_max_pd(a, x); }
#elif defined(__AVX2__)
TW_INLINE tw_vf32 tw__at_most_f32(tw_vf32 a, tw_vf32 x)  { return (tw_vf32)_mm256_min_ps(a, x); }
TW_INLINE tw_vf64 tw__at_most_f64(tw_vf64 a, tw_vf64 x)  { return (tw_vf64)_mm256_min_pd(a, x); }
TW_INLINE tw_vf32 tw__at_least_f32(tw_vf32 a, tw_vf32 x) { return (tw_vf32)_mm256_max_ps(a, x); }
TW_INLINE tw_vf64 tw__at_least_f64(tw_vf64 a, tw_vf64 x) { return (tw_vf64)_mm256_max_pd(a, x); }
#elif defined(__SSE2__)
TW_INLINE tw_vf32 tw__at_most_f32(tw_vf32 a, tw_vf32 x)  { return (tw_vf32)_mm_min_ps(a, x); }
TW_INLINE tw_vf64 tw__at_most_f64(tw_vf64 a, tw_vf64 x)  { return (tw_vf64)_mm_min_pd(a, x); }
TW_INLINE tw_vf32 tw__at_least_f32(tw_vf32 a, tw_vf32 x) { return (tw_vf32)_mm_max_ps(a, x); }
TW_INLINE tw_vf64 tw__at_least_f64(tw_vf64 a, tw_vf64 x) { return (tw_vf64)_mm_max_pd(a, x); }
#else
TW_INLINE tw_vi32 tw__choose_32(tw_vi32 m, tw_vf32 a, tw_vf32 b) { return (m & (tw_vi32)a) | (~m & (tw_vi32)b); }
TW_INLINE tw_vi64 tw__choose_64(tw_vi64 m, tw_vf64 a, tw_vf64 b) { return (m & (tw_vi64)a) | (~m & (tw_vi64)b); }
TW_INLINE tw_vf32 tw__at_most_f32(tw_vf32 a, tw_vf32 x)  { return (tw_vf32)tw__choose_32(x > a, a, x); }
TW_INLINE tw_vf64 tw__at_most_f64(tw_vf64 a, tw_vf64 x)  { return (tw_vf64)tw__choose_64(x > a, a, x); }
TW_INLINE tw_vf32 tw__at_least_f32(tw_vf32 a, tw_vf32 x) { return (tw_vf32)tw__choose_32(x < a, a, x); }
TW_INLINE tw_vf64 tw__at_least_f64(tw_vf64 a, tw_vf64 x) { return (tw_vf64)tw__choose_64(x < a, a, x); }
#endif

/* p * 2^n for whole n, rounded once, in one instruction where TW_SCALE is 1. */
#if defined(__AVX512F__)
#define TW_SCALE 1
TW_INLINE tw_vf32 tw__scale_f32(tw_vf32 p, tw_vf32 n) { return (tw_vf32)_mm512_scalef_ps(p, n); }
TW_INLINE tw_vf64 tw__scale_f64(tw_vf64 p, tw_vf64 n) { return (tw_vf64)_mm512_scalef_pd(p, n); }
#else
#define TW_SCALE 0
#endif

/* The first n of a vector's lanes from and to memory, where TW_PARTS is 1; for 32 and 64 bits. */
#if defined(__AVX512F__)
#define TW_PARTS 1
TW_INLINE tw_vi32 tw__load_part_32(const void *p, int64_t n, tw_vi32 fill)
{
    return (tw_vi32)_mm512_mask_loadu_epi32((__m512i)fill, (__mmask16)((1u << n) - 1), p);
}
TW_INLINE tw_vi64 tw__load_part_64(const void *p, int64_t n, tw_vi64 fill)
{
    return (tw_vi64)_mm512_mask_loadu_epi64((__m512i)fill, (__mmask8)((1u << n) - 1), p);
}
TW_INLINE void tw__store_part_32(void *p, int64_t n, tw_vi32 v)
{
    _mm512_mask_storeu_epi32(p, (__mmask16)((1u << n) - 1), (__m512i)v);
}
TW_INLINE void tw__store_part_64(void *p, int64_t n, tw_vi64 v)
{
    _mm512_mask_storeu_epi64(p, (__mmask8)((1u << n) - 1), (__m512i)v);
}
#elif defined(__AVX2__)
#define TW_PARTS 1
TW_INLINE tw_vi32 tw__first_32(int64_t n) { return (tw_vi32){ 0, 1, 2, 3, 4, 5, 6, 7 } < (int32_t)n; }
TW_INLINE tw_vi64 tw__first_64(int64_t n) { return (tw_vi64){ 0, 1, 2, 3 } < n; }
TW_INLINE tw_vi32 tw__load_part_32(const void *p, int64_t n, tw_vi32 fill)
{
    const tw_vi32 m = tw__first_32(n), v = (tw_vi32)_mm256_maskload_epi32((const int *)p, (__m256i)m);
    return (m & v) | (~m & fill);
}
TW_INLINE tw_vi64 tw__load_part_64(const void *p, int64_t n, tw_vi64 fill)
{
    const tw_vi64 m = tw__first_64(n), v = (tw_vi64)_mm256_maskload_epi64((const long long *)p, (__m256i)m);
    return (m & v) | (~m & fill);
}
TW_INLINE void tw__store_part_32(void *p, int64_t n, tw_vi32 v)
{
    _mm256_maskstore_epi32((int *)p, (__m256i)tw__first_32(n), (__m256i)v);
}
TW_INLINE void tw__store_part_64(void *p, int64_t n, tw_vi64 v)
{
    _mm256_maskstore_epi64((long long *)p, (__m256i)tw__first_64(n), (__m256i)v);
}
#else
#define TW_PARTS 0
#endif

/* Lane l takes what lane l + k, modulo their number, has; where TW_ROTATE is 1. */
#if defined(__AVX512F__)
#define TW_ROTATE 1
TW_INLINE tw_vi32 tw__rotate_32(tw_vi32 v, int k)
{
    const tw_vi32 lane = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    return (tw_vi32)_mm512_permutexvar_epi32((__m512i)(lane + k), (__m512i)v);
}
TW_INLINE tw_vi64 tw__rotate_64(tw_vi64 v, int k)
{
    const tw_vi64 lane = { 0, 1, 2, 3, 4, 5, 6, 7 };
    return (tw_vi64)_mm512_permutexvar_epi64((__m512i)(lane + k), (__m512i)v);
}
#elif defined(__AVX2__)
#define TW_ROTATE 1
TW_INLINE tw_vi32 tw__rotate_32(tw_vi32 v, int k)
{
    const tw_vi32 lane = { 0, 1, 2, 3, 4, 5, 6, 7 };
    return (tw_vi32)_mm256_permutevar8x32_epi32((__m256i)v, (__m256i)(lane + k));
}
TW_INLINE tw_vi64 tw__rotate_64(tw_vi64 v, int k) { return (tw_vi64)tw__rotate_32((tw_vi32)v, 2 * k); }
#else
#define TW_ROTATE 0
#endif

/* Whether any bit is set. */
#if defined(__AVX512F__)
TW_INLINE int tw__any(tw_vi64 m) { return _mm512_test_epi64_mask((__m512i)m, (__m512i)m) != 0; }
#elif defined(__AVX2__)
TW_INLINE int tw__any(tw_vi64 m) { return !_mm256_testz_si256((__m256i)m, (__m256i)m); }
#else
TW_INLINE int tw__any(tw_vi64 m) { return (m[0] | m[1]) != 0; }
#endif

#if defined(__AVX512F__)
TW_INLINE tw_vf32 tw__sqrt_vf32(tw_vf32 x) { return (tw_vf32)_mm512_sqrt_ps(x); }
TW_INLINE tw_vf64 tw__sqrt_vf64(tw_vf64 x) { return (tw_vf64)_mm512_sqrt_pd(x); }
#elif defined(__AVX2__)
TW_INLINE tw_vf32 tw__sqrt_vf32(tw_vf32 x) { return (tw_vf32)_mm256_sqrt_ps(x); }
TW_INLINE tw_vf64 tw__sqrt_vf64(tw_vf64 x) { return (tw_vf64)_mm256_sqrt_pd(x); }
#elif defined(__SSE2__)
TW_INLINE tw_vf32 tw__sqrt_vf32(tw_vf32 x) { return (tw_vf32)_mm_sqrt_ps(x); }
TW_INLINE tw_vf64 tw__sqrt_vf64(tw_vf64 x) { return (tw_vf64)_mm_sqrt_pd(x); }
#else
TW_INLINE tw_vf32 tw__sqrt_vf32(tw_vf32 x)
{
    for (int i = 0; i < TW_VEC / 4; i++) x[i] = __builtin_sqrtf(x[i]);
    return x;
}
TW_INLINE tw_vf64 tw__sqrt_vf64(tw_vf64 x)
{
    for (int i = 0; i < TW_VEC / 8; i++) x[i] = __builtin_sqrt(x[i]);
    return x;
}
#endif
#define TW_SQRT(x) _Generic((x), tw_vf32: tw__sqrt_vf32, tw_vf64: tw__sqrt_vf64)(x)
