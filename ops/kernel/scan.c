/* scan.c - kernels of scans along an axis: sums, products, recurrences, extremes so far.
 *
 * Along a line the elements are taken one after the other, from the end when reversed; floats are
 * carried in double, and rounded once for each output. That is the one order of additions there is.
 * Lines side by side, which are consecutive in memory, are taken in strips together.
 */
#include "ops/kernel/pick.h"
#include "ops/kernel/plain.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { STRIP = 64 };

/* A strip of lines: element i of line j is at first + i * along + j. */
typedef struct strip { int64_t first, along, n; int lines; bool exclusive; } strip;

/* The strip that starts at line l and ends before hi. */
static strip strip_at(const tw_call *c, const tw_dims *d, int64_t l, int64_t hi)
{
    const tw_scan_attr *t = c->attr;
    int64_t inner = 1;
    for (int i = t->axis + 1; i < d->n; i++) inner *= d->at[i];
    const int64_t n = d->at[t->axis], column = l % inner, room = inner - column < hi - l ? inner - column : hi - l;
    strip s = { .n = n, .along = inner, .lines = (int)(room < STRIP ? room : STRIP), .exclusive = t->exclusive };
    s.first = l / inner * n * inner + column;
    if (t->reverse) s.first += (n - 1) * inner, s.along = -inner;
    return s;
}

#define EACH_STRIP(c, s) \
    for (strip s, *more_ = &s; more_; more_ = NULL) \
        for (int64_t l_ = (c)->lo; l_ < (c)->hi && (s = strip_at(c, (c)->in[0].shape, l_, (c)->hi), true); l_ += s.lines)

#define JOIN_(a, b) a##_##b
#define JOIN(a, b)  JOIN_(a, b)
#define FN(name)    JOIN(name, SUFFIX)

#define T      float
#define ACC    double
#define SUFFIX f32
#define IS_NUMBER(a) ((a) == (a))
#include "ops/kernel/scan_tmpl.h"
#include "ops/kernel/scan_float_tmpl.h"
#undef T
#undef SUFFIX

#define T      double
#define SUFFIX f64
#include "ops/kernel/scan_tmpl.h"
#include "ops/kernel/scan_float_tmpl.h"
#undef T
#undef ACC
#undef SUFFIX
#undef IS_NUMBER

#define IS_NUMBER(a) 1
#define T      int32_t
#define ACC    uint32_t
#define SUFFIX i32
#include "ops/kernel/scan_tmpl.h"
#undef T
#undef ACC
#undef SUFFIX

#define T      int64_t
#define ACC    uint64_t
#define SUFFIX i64
#include "ops/kernel/scan_tmpl.h"
#undef T
#undef ACC
#undef SUFFIX

#define T      uint8_t
#define ACC    uint32_t
#define SUFFIX u8
#include "ops/kernel/scan_tmpl.h"

int64_t tw__k_cumsum(const tw_call *c)    { PICK(cumsum, c) }
int64_t tw__k_cumprod(const tw_call *c)   { PICK(cumprod, c) }
int64_t tw__k_cumargmax(const tw_call *c) { PICK(cumargmax, c) }
int64_t tw__k_cumargmin(const tw_call *c) { PICK(cumargmin, c) }

int64_t tw__k_logcumsumexp(const tw_call *c)
{
    return c->in[0].dtype == TW_F32 ? logcumsumexp_f32(c) : logcumsumexp_f64(c);
}
int64_t tw__k_linear_recurrence(const tw_call *c)
{
    return c->in[0].dtype == TW_F32 ? linear_recurrence_f32(c) : linear_recurrence_f64(c);
}
