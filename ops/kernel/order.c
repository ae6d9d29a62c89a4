/* order.c - kernels that put rows in order: argsort, searchsorted.
 *
 * Elements become unsigned keys of the same order: the bits of a float, flipped so that they rise with
 * it, both zeros equal, NaN above all; descending flips the key. Short rows are inserted, long ones
 * sorted by digits of eight bits from the lowest on, those that all keys share left out. Both leave
 * equal keys as they stand. A unit of work is a row, or an element that is searched for.
 */
#include "ops/kernel/pick.h"
#include "ops/kernel/plain.h"
#include <stdbool.h>
#include <string.h>

enum { SHORT = 48 };

#define JOIN_(a, b) a##_##b
#define JOIN(a, b)  JOIN_(a, b)

typedef uint32_t key_32;
typedef uint64_t key_64;
typedef struct pair_32 { uint32_t key, at; } pair_32;
typedef struct pair_64 { uint64_t key, at; } pair_64;

#define BITS 32
#include "ops/kernel/radix_tmpl.h"
#undef BITS
#define BITS 64
#include "ops/kernel/radix_tmpl.h"
#undef BITS

static inline uint32_t rising_32(uint32_t bits) { return bits ^ (bits >> 31 ? UINT32_MAX : (uint32_t)1 << 31); }
static inline uint64_t rising_64(uint64_t bits) { return bits ^ (bits >> 63 ? UINT64_MAX : (uint64_t)1 << 63); }

static inline uint32_t key_f32(float v)
{
    uint32_t bits;
    if (v != v) return UINT32_MAX;
    v += 0.0f;                          /* -0 is 0 */
    memcpy(&bits, &v, sizeof bits);
    return rising_32(bits);
}
static inline uint64_t key_f64(double v)
{
    uint64_t bits;
    if (v != v) return UINT64_MAX;
    v += 0.0;
    memcpy(&bits, &v, sizeof bits);
    return rising_64(bits);
}
static inline uint32_t key_i32(int32_t v) { return (uint32_t)v ^ (uint32_t)1 << 31; }
static inline uint64_t key_i64(int64_t v) { return (uint64_t)v ^ (uint64_t)1 << 63; }
static inline uint32_t key_u8(uint8_t v)  { return v; }

#define FN(name) JOIN(name, SUFFIX)
#define T      float
#define SUFFIX f32
#define BITS   32
#include "ops/kernel/order_tmpl.h"
#define T      int32_t
#define SUFFIX i32
#include "ops/kernel/order_tmpl.h"
#define T      uint8_t
#define SUFFIX u8
#include "ops/kernel/order_tmpl.h"
#undef BITS
#define T      double
#define SUFFIX f64
#define BITS   64
#include "ops/kernel/order_tmpl.h"
#define T      int64_t
#define SUFFIX i64
#include "ops/kernel/order_tmpl.h"

int64_t tw__k_argsort(const tw_call *c)      { PICK(argsort, c) }
int64_t tw__k_searchsorted(const tw_call *c) { PICK(searchsorted, c) }

size_t tw__argsort_scratch(int64_t n, tw_dtype dtype)
{
    return (size_t)(n ? n : 1) * 2 * (tw_dtype_size(dtype) == 8 ? sizeof(pair_64) : sizeof(pair_32));
}
