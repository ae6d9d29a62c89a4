/* share.c - one instruction: at once, or in parts that threads share.
 *
 * The parts are cut by shape only, and kernels give the same bits however their work is cut, so results
 * do not depend on who takes part. To wake a thread takes some twenty microseconds, to share with one that still
 * waits for work one: light work, of less than the former, is shared only then.
 */
#include "core/plan_impl.h"
#include "core/pool_impl.h"
#include <stdatomic.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#if defined(__x86_64__)
unsigned tw__mode_enter(void) { const unsigned was = _mm_getcsr(); _mm_setcsr(0x1f80); return was; }
void tw__mode_leave(unsigned was) { _mm_setcsr(was); }
#else
unsigned tw__mode_enter(void) { return 0; }
void tw__mode_leave(unsigned was) { (void)was; }
#endif

/* ---- how many parts ----------------------------------------------------------------------- */

enum { HEAVY = 20000, LIGHT = 5000, PARTS_A_THREAD = 4 };     /* nanoseconds of work that is shared */

/* By the bytes that are moved, at the pace of the second-level cache, and something for each element. */
static double default_cost(const tw_node *y)
{
    double bytes = (double)y->shape->count * (double)tw_dtype_size((tw_dtype)y->dtype);
    for (int k = 0; k < y->n_in; k++) {
        const tw_node *x = tw_inputs(y)[k];
        bytes += (double)x->shape->count * (double)tw_dtype_size((tw_dtype)x->dtype);
    }
    return bytes / 32 + 0.1 * (double)y->shape->count;
}

double tw__cost(const tw_node *y) { return y->op->cost ? y->op->cost(y) : default_cost(y); }

int32_t tw__parts(const tw_ctx *cx, const tw_node *y)
{
    const tw_op *op = y->op;
    const bool ours = op->kernel_id || tw_is_block_op(op);
    if (!(ours || op->work)) return 1;                          /* a user's kernel need not know ranges */
    return tw__parts_of(cx, tw__cost(y), op->work ? op->work(y) : y->shape->count);
}

/* The same number for each thread, lest the others wait for one. */
int32_t tw__parts_of(const tw_ctx *cx, double cost, int64_t work)
{
    if (cx->threads < 2 || cost < LIGHT || work < 2) return 1;
    const double each = cost / ((double)HEAVY * cx->threads) + 1;
    const int64_t parts = (int64_t)(each > PARTS_A_THREAD ? PARTS_A_THREAD : each) * cx->threads;
    return (int32_t)(parts < work ? parts : work);
}

/* ---- running ------------------------------------------------------------------------------ */

static int64_t whole(const tw__instr *t)
{
    if (t->kernel) return t->call.hi > 0 ? t->kernel(&t->call) : -1;
    if (t->program) tw__program_run(t, 0, t->call.hi, t->call.scratch);
    else tw__tiles_run(t, 0, t->count);
    return -1;
}

typedef struct share { const tw__instr *t; _Atomic int64_t bad; } share;

/* Elements are cut where lines of the cache end; other units of work as they come. */
static int64_t cut(const tw__instr *t, int64_t all, int64_t k)
{
    if (k == t->parts) return all;
    const int64_t at = (int64_t)((double)all * (double)k / (double)t->parts);
    return t->program || t->op->work ? at : at & ~(int64_t)63;
}

static void part(void *arg, int64_t k, int me)
{
    share *s = arg;
    const tw__instr *t = s->t;
    const unsigned mode = tw__mode_enter();
    int64_t bad = -1;
    if (t->kernel) {
        tw_call c = t->call;
        c.lo = cut(t, t->call.hi, k), c.hi = cut(t, t->call.hi, k + 1);
        if (c.scratch) c.scratch = (char *)c.scratch + me * t->scratch;
        if (c.lo < c.hi) bad = t->kernel(&c);
    } else if (t->program) {
        tw__program_run(t, cut(t, t->call.hi, k), cut(t, t->call.hi, k + 1), (char *)t->call.scratch + me * t->scratch);
    } else {
        tw__tiles_run(t, cut(t, t->count, k), cut(t, t->count, k + 1));
    }
    tw__mode_leave(mode);
    if (bad < 0) return;
    int64_t first = atomic_load(&s->bad);
    while ((first < 0 || bad < first) && !atomic_compare_exchange_weak(&s->bad, &first, bad)) { }
}

int64_t tw__instr_run(const tw__instr *t, int threads)
{
    const bool light = t->cost < HEAVY;
    if (t->parts < 2 || (light && !tw__pool_awake())) return whole(t);
    share s = { .t = t, .bad = -1 };
    tw__pool_run(threads, t->parts, light, part, &s);
    return atomic_load(&s.bad);
}
