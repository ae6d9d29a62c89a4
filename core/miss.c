/* miss.c - advice for programs whose plans are never found again: what differs from the time before. */
#include "core/plan_impl.h"
#include <string.h>

enum { PATIENCE = 12, LONG = 64 };      /* misses in a row; words of a log: shorter ones are quickly planned */

static int64_t words_of(const uint64_t *w)
{
    if (w[0] == TW__EV_EVAL) return 3 + (int64_t)(w[1] >> 8);
    if (w[0] <= TW__EV_NONCE) return 2;
    return 4 + (int64_t)((w[3] >> 8 & 0xffff) + 1) / 2;
}

static void differ(tw_ctx *cx, const uint64_t *was, const uint64_t *is, const tw_node *y)
{
    char a[96], b[96];
    const tw_op *op = (const tw_op *)(uintptr_t)was[0];
    int *once = &cx->said_missed;
    const char *say = "no plan could be used again in the last evaluations: ";
    if (was[0] <= TW__EV_NONCE || was[0] != is[0])
        tw_advise(cx, once, y->op->name, y->at, "%sthis was %s the time before", say, was[0] <= TW__EV_NONCE ? "nothing" : op->name);
    else if (was[1] != is[1])
        tw_advise(cx, once, y->op->name, y->at, "%sthe shape is %s, and was %s the time before: pad to a few sizes", say,
                  tw_shape_text(y->shape, a, sizeof a), tw_shape_text((const tw_dims *)(uintptr_t)was[1], b, sizeof b));
    else if (was[2] != is[2] && (op == &tw_op_constant || op->attr_size))
        tw_advise(cx, once, y->op->name, y->at, "%san attribute (a constant, an integer power, an axis, a step) is not what it was the time before", say);
    else if ((uint8_t)was[3] != (uint8_t)is[3])
        tw_advise(cx, once, y->op->name, y->at, "%sthe dtype is %s, and was %s the time before", say, tw_dtype_name((tw_dtype)y->dtype),
                  tw_dtype_name((tw_dtype)(uint8_t)was[3]));
    else
        tw_advise(cx, once, y->op->name, y->at, "%sthis reads other nodes than the time before", say);
}

/* The first record that is not the same, if it is a node's. */
static void explain(tw_ctx *cx, const tw__scope *s, const tw_plan *before)
{
    int32_t id = s->log_first;
    for (int64_t k = 0; k < s->log.n && k < before->key_words; ) {
        const uint64_t *is = s->log.at + k, *was = before->key + k;
        const int64_t n = words_of(is);
        const bool node = is[0] > TW__EV_NONCE;
        if (memcmp(is, was, (size_t)(k + n <= before->key_words ? n : before->key_words - k) * sizeof *is)) {
            if (node && id < cx->next_id && k + 4 <= before->key_words) differ(cx, was, is, cx->by_id[id]);
            return;
        }
        k += n, id += node;
    }
}

void tw__missed(tw_ctx *cx, const tw__scope *s, const tw_plan *before)
{
    if (cx->said_missed || cx->depth == 0 || s->log.n < LONG || !before || before->key_words < LONG) return;
    if (++cx->missed >= PATIENCE) explain(cx, s, before);
}
