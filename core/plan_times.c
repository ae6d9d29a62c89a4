/* plan_times.c - how long the nodes of the latest evaluation took: for whoever sums them by layer.
 *
 * Operations that run as one program have one time; each gets the share of it that it is believed to
 * cost.
 * SPDX-License-Identifier: MIT
 */
#include "core/plan_impl.h"

bool tw_profile(tw_ctx *cx, bool on)
{
    if (!cx) return false;
    const bool before = cx->args.profile;
    cx->args.profile = on;
    return before;
}

typedef struct listener { void (*f)(void *user, const tw_node *n, double ns); void *user; } listener;

static void tell(const tw_ctx *cx, const listener *r, int64_t id, double ns)
{
    const tw_node *n = id >= 0 && id < cx->next_id ? cx->by_id[id] : NULL;
    if (n && ns > 0) r->f(r->user, n, ns);
}

static void tell_program(const tw_ctx *cx, const listener *r, const tw__instr *t, int32_t first)
{
    const tw__program *g = t->program;
    double all = 0;
    for (int32_t k = 0; k < g->n_step; k++) if (g->step[k].op) all += tw__cost(cx->by_id[first + g->step[k].rel]);
    for (int32_t k = 0; k < g->n_step; k++)
        if (g->step[k].op) tell(cx, r, first + g->step[k].rel, t->took * tw__cost(cx->by_id[first + g->step[k].rel]) / all);
}

void tw_plan_times(tw_ctx *cx, void (*f)(void *user, const tw_node *n, double ns), void *user)
{
    const tw_plan *p = cx ? cx->last_plan : NULL;
    const listener r = { f, user };
    if (!p || !p->timed || p->first + p->reach > cx->next_id) return;
    for (int32_t k = 0; k < p->n_instr; k++) {
        if (p->instr[k].program) tell_program(cx, &r, &p->instr[k], p->first);
        else tell(cx, &r, p->first + p->instr[k].rel, p->instr[k].took);
    }
}
