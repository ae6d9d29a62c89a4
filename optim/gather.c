/* gather.c - gradients summed over several calls before there is an update.
 *
 * A batch that does not fit into memory is taken in k parts: their gradients' mean is the whole batch's, so
 * each part adds g / k to a state beside the parameter. Which states hold something is known to the program
 * and not to the graph, so the first part overwrites what the last update left.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"

static tw_node *with_earlier(const tw_loc *at, const tw__trained *t, tw_node *g, double share)
{
    if (tw_is_zero(g)) return t->gathered ? tw_add(t->sum, g) : g;
    tw_node *part = tw_mul(tw__slot(share), g);
    return t->gathered ? tw_add(t->sum, part) : part;
}

static bool keep(const tw_loc *at, tw_opt *opt, tw_node *const *grads)
{
    for (int i = 0; i < opt->active; i++) {
        tw__trained *t = opt->live[i];
        if (tw_is_zero(grads[i])) continue;
        if (!t->sum && !(t->sum = tw__zeros_of(at, opt->cells[i]))) return false;
        tw_assign(t->sum, grads[i]);
    }
    if (!tw_ok(opt->cx) || !tw_eval(opt->cx)) return false;
    for (int i = 0; i < opt->active; i++)
        if (!tw_is_zero(grads[i])) opt->live[i]->gathered = true;
    opt->gathered++;
    return true;
}

bool tw__gathered(const tw_loc *at, tw_opt *opt, tw_node **grads, bool *good)
{
    const int64_t parts = opt->o.accumulate;
    *good = true;
    if (parts <= 1) return true;
    for (int i = 0; i < opt->active; i++) grads[i] = with_earlier(at, opt->live[i], grads[i], 1 / (double)parts);
    if (opt->gathered + 1 >= parts) return true;
    *good = keep(at, opt, grads);
    return false;
}

void tw__gather_done(tw_opt *opt)
{
    opt->gathered = 0;
    for (int i = 0; i < opt->n; i++) opt->trained[i].gathered = false;
}
