/* taps.h - which taps of a window meet which pixels, along one axis, for convolutions that gather.
 *
 * With p s + k d - b = i, as the three convolutions have it: output pixel p meets pixel i of x through tap k. Seen from
 * p all taps count, and i goes up by d. Seen from i, as the derivative to x is, only those count for which s divides
 * i + b - k d: every s / gcd(s, d)-th, and p goes down. Either is a progression; here places always go up.
 */
#pragma once
#include "ops/kernel/attrs.h"
#include "ops/kernel/scratch.h"

typedef struct tw_taps {
    int64_t n;                  /* taps that count */
    int64_t tap, tap_step;      /* the first one, and from one to the next */
    int64_t at, step;           /* the places they meet */
} tw_taps;

/* Those of output pixel p along axis k of so many taps; one pixel on moves all places on by the stride. */
static inline tw_taps tw__taps_of_output(const tw_window *w, int k, int64_t taps, int64_t p)
{
    return (tw_taps){ .n = taps, .tap = 0, .tap_step = 1, .at = p * w->stride[k] - w->before[k], .step = w->dilation[k] };
}

/* Those of pixel i of x; a stride on the taps are the same, and all places one on. */
static inline tw_taps tw__taps_of_input(const tw_window *w, int k, int64_t taps, int64_t i)
{
    const int64_t s = w->stride[k], d = w->dilation[k], r = i + w->before[k];
    int64_t first = 0, every = 1;
    while (first < taps && first < s && (r - first * d) % s != 0) first++;
    while (every * d % s != 0) every++;
    if (first == s || first >= taps) return (tw_taps){ .tap_step = 1, .step = 1 };
    const int64_t n = (taps - 1 - first) / every + 1, last = first + (n - 1) * every;
    return (tw_taps){ .n = n, .tap = last, .tap_step = -every, .at = (r - last * d) / s, .step = every * d / s };
}

/* Without the taps that meet no pixel of [0, pixels). */
static inline tw_taps tw__taps_inside(tw_taps t, int64_t pixels)
{
    const int64_t skip = t.at < 0 ? (t.step - 1 - t.at) / t.step : 0;
    const int64_t end = t.at < pixels ? (pixels - t.at + t.step - 1) / t.step : 0;
    const int64_t last = end < t.n ? end : t.n;
    t.n = last > skip ? last - skip : 0;
    t.tap += skip * t.tap_step;
    t.at += skip * t.step;
    return t;
}

/* Destination pixels with the same taps, which see the source through the same window: all of y for the value, those a
 * stride apart for the derivative to x. Along each axis, destination i meets places at + i * shift + t * step. */
typedef struct tw_field {
    tw_taps taps[3];            /* of destination 0 */
    int64_t shift[3], count[3]; /* destinations along each axis */
    int64_t in[3], c;           /* pixels and channels of the source */
    /* The block of the source that is looked at together, with its padding: `slabs` planes of `lines` lines of destinations. */
    int64_t lines, slabs, height, width, line, plane, slab;     /* in source lines and pixels; in elements */
} tw_field;

static inline tw_field tw__field_of_outputs(const tw_dims *x, const tw_dims *w, const tw_dims *y, const tw_window *t)
{
    tw_field f = { .c = x->at[x->n - 1] };
    for (int k = 0; k < 3; k++) {
        f.taps[k] = tw__taps_of_output(t, k, tw__taps_at(w, k), 0);
        f.shift[k] = t->stride[k], f.count[k] = tw__pixels_at(y, k), f.in[k] = tw__pixels_at(x, k);
    }
    return f;
}

/* Of the pixels first, first + stride, ... of x. */
static inline tw_field tw__field_of_inputs(const tw_dims *x, const tw_dims *w, const tw_dims *y, const tw_window *t,
                                           const int64_t first[3])
{
    tw_field f = { .c = y->at[y->n - 1] };
    for (int k = 0; k < 3; k++) {
        f.taps[k] = tw__taps_of_input(t, k, tw__taps_at(w, k), first[k]);
        f.count[k] = (tw__pixels_at(x, k) - first[k] + t->stride[k] - 1) / t->stride[k];
        f.shift[k] = 1, f.in[k] = tw__pixels_at(y, k);
    }
    return f;
}

static inline int64_t tw__clamp(int64_t v, int64_t low, int64_t high) { return v > high ? high : v < low ? low : v; }

/* Chooses the block: what the second-level cache holds beside the weights, and at most so many destinations. */
static inline void tw__field_block(tw_field *f, int64_t planes, int64_t most, int64_t size)
{
    enum { BYTES = 192 << 10 };
    const int64_t reach = (f->taps[1].n - 1) * f->taps[1].step + 1, pixels = f->count[2] > 0 ? f->count[2] : 1;
    f->width = (pixels - 1) * f->shift[2] + (f->taps[2].n - 1) * f->taps[2].step + 1;
    f->line = f->width * f->c;
    const int64_t row = f->taps[0].n * f->line * size, lines = (BYTES / row - reach) / f->shift[1] + 1;
    f->lines = tw__clamp(tw__clamp(lines, 1, most / pixels), 1, f->count[1] > 0 ? f->count[1] : 1);
    f->height = (f->lines - 1) * f->shift[1] + reach;
    f->plane = f->height * f->line;
    f->slab = f->taps[0].n * f->plane;
    f->slabs = 1;
    if (f->lines == f->count[1])
        f->slabs = tw__clamp(tw__clamp(BYTES / (f->slab * size), 1, most / (f->lines * pixels)), 1, planes > 0 ? planes : 1);
}

/* Lines of taps that a destination sees as one run of memory, or single taps; and the terms in each. */
static inline bool tw__field_in_runs(const tw_field *f, int64_t groups) { return groups == 1 && f->taps[2].step == 1; }
static inline int64_t tw__field_segments(const tw_field *f, int64_t groups)
{
    return f->taps[0].n * f->taps[1].n * (tw__field_in_runs(f, groups) ? 1 : f->taps[2].n);
}

/* Elements of the scratch of direct_tmpl.h: the table (of int64_t, whole cache lines) and the block. */
static inline int64_t tw__direct_table(const tw_field *f, int64_t groups)
{
    return (tw__field_segments(f, groups) + f->lines * f->slabs + 7) / 8 * 8;
}
static inline int64_t tw__direct_block(const tw_field *f, int64_t size)
{
    const int64_t lane = 64 / size;
    return (f->slabs * f->slab + lane - 1) / lane * lane;
}
