/* taps.h - which taps of a window meet which pixels, along one axis, for convolutions that gather.
 *
 * With p s + k d - b = i, as the three convolutions have it: output pixel p meets pixel i of x through tap k. Seen from
 * p all taps count, and i goes up by d. Seen from i, as the derivative to x is, only those count for which s divides
 * i + b - k d: every s / gcd(s, d)-th, and p goes down. Either is a progression; here places always go up.
 */
#pragma once
#include "ops/kernel/attrs.h"

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
