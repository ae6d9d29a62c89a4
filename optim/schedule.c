/* schedule.c - learning rates that change with the step.
 *
 * A composed schedule is the list of its parts, by value: each says until which step it holds, and counts
 * from the end of the one before. Nothing is allocated, and nothing outlives its block.
 * SPDX-License-Identifier: MIT
 */
#include "optim/optim.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

static double constant(int64_t step, const tw_schedule *s)
{
    (void)step;
    return s->a;
}

static double stepped(int64_t step, const tw_schedule *s)
{
    return s->a * pow(s->b, floor((double)step / s->c));
}

static double inverse_time(int64_t step, const tw_schedule *s)
{
    return s->a / (1 + (double)step / s->b);
}

static double share(int64_t step, double steps)
{
    return steps > 0 ? fmin((double)step / steps, 1) : 1;
}

static double linear(int64_t step, const tw_schedule *s)
{
    return s->a + (s->b - s->a) * share(step, s->c);
}

static double along_cosine(double from, double to, double share_done)
{
    return to + (from - to) * (1 + cos(pi * share_done)) / 2;
}

static double cosine(int64_t step, const tw_schedule *s)
{
    return along_cosine(s->a, s->b, share(step, s->c));
}

/* The top is at step 3/10 steps - 1, the end at steps - 1: as torch.optim.lr_scheduler.OneCycleLR. */
static double one_cycle(int64_t step, const tw_schedule *s)
{
    const double first = s->a / 25, top = 0.3 * s->b - 1, t = (double)step;
    if (t <= top) return along_cosine(first, s->a, t / top);
    return along_cosine(s->a, first / 1e4, fmin((t - top) / (s->b - 1 - top), 1));
}

static double rising(int64_t step, const tw_schedule *s)
{
    return s->a * (double)(step + 1) / s->b;
}

static tw_schedule made(double (*rate)(int64_t step, const tw_schedule *s), double a, double b, double c)
{
    return (tw_schedule){ .rate = rate, .a = a, .b = b, .c = c };
}

tw_schedule tw_constant_rate(double h0)                             { return made(constant, h0, 0, 0); }
tw_schedule tw_step_decay(double h0, int64_t every, double factor)  { return made(stepped, h0, factor, (double)every); }
tw_schedule tw_exponential_decay(double h0, double factor)          { return made(stepped, h0, factor, 1); }
tw_schedule tw_inverse_time(double h0, double tau)                  { return made(inverse_time, h0, tau, 0); }
tw_schedule tw_linear_rate(double from, double to, int64_t steps)   { return made(linear, from, to, (double)steps); }
tw_schedule tw_cosine(double h0, double end, int64_t steps)         { return made(cosine, h0, end, (double)steps); }
tw_schedule tw_one_cycle(double highest, int64_t steps)             { return made(one_cycle, highest, (double)steps, 0); }

/* ---- composition */

/* The last part of s becomes one that ends at a step. */
static void close_part(tw_schedule *s, int64_t until)
{
    if (s->parts >= 0 && s->parts < TW__SCHEDULE_PARTS)
        s->part[s->parts] = (struct tw__part){ s->rate, s->a, s->b, s->c, s->d, s->user, until };
    s->parts++;
}

static int64_t later(int64_t step, int64_t by)
{
    int64_t sum;
    return __builtin_add_overflow(step, by, &sum) ? INT64_MAX : sum;
}

tw_schedule tw_then(tw_schedule first, int64_t steps, tw_schedule second)
{
    tw_schedule s = first;
    if (steps < 0) steps = 0;
    for (int i = 0; i < s.parts && i < TW__SCHEDULE_PARTS; i++)
        if (s.part[i].until > steps) s.part[i].until = steps;
    close_part(&s, steps);
    for (int i = 0; i < second.parts && i < TW__SCHEDULE_PARTS; i++, s.parts++)
        if (s.parts < TW__SCHEDULE_PARTS) s.part[s.parts] = second.part[i], s.part[s.parts].until = later(s.part[s.parts].until, steps);

    s.rate = second.rate, s.a = second.a, s.b = second.b, s.c = second.c, s.d = second.d, s.user = second.user;
    return s;
}

tw_schedule tw_warmup(int64_t steps, tw_schedule s)
{
    return tw_then(made(rising, tw_rate(&s, 0), (double)steps, 0), steps, s);
}

double tw_rate(const tw_schedule *s, int64_t step)
{
    if (!s || !s->rate || s->parts > TW__SCHEDULE_PARTS) return (double)NAN;
    int64_t start = 0;
    for (int i = 0; i < s->parts; i++) {
        const struct tw__part *p = &s->part[i];
        if (step < p->until) {
            const tw_schedule one = { .rate = p->rate, .a = p->a, .b = p->b, .c = p->c, .d = p->d, .user = p->user };
            return one.rate(step - start, &one);
        }
        start = p->until;
    }
    return s->rate(step - start, s);
}
