/* group.c - other numbers for some of the parameters.
 *
 * Groups form a list in order, so that later ones win; a parameter's numbers are looked up once, when its record is made,
 * and again when a group is added.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"
#include "nn/net_impl.h"
#include <math.h>

typedef struct tw__group {
    struct tw__group *next;
    const char       *pattern;
    tw__group_numbers o;
} group;

static bool given(double v) { return v != 0 || signbit(v); }

static void take(double *number, double v)
{
    if (given(v)) *number = v == 0 ? 0 : v;
}

static void override(tw__group_numbers *o, const tw__group_numbers *v)
{
    take(&o->lr_scale, v->lr_scale);
    take(&o->weight_decay, v->weight_decay);
    take(&o->l2, v->l2);
    take(&o->l1, v->l1);
    take(&o->proximal_l1, v->proximal_l1);
    take(&o->max_norm, v->max_norm);
}

tw__group_numbers tw__group_numbers_of(const tw_opt *opt, const char *path)
{
    const tw__common *c = &opt->o;
    tw__group_numbers o = { 1, c->weight_decay, c->l2, c->l1, c->proximal_l1, c->max_norm };
    for (const group *g = opt->groups; g; g = g->next)
        if (tw__matches(g->pattern, path)) override(&o, &g->o);
    return o;
}

void tw__groups_free(tw_opt *opt)
{
    for (group *g = opt->groups, *next; g; g = next) {
        next = g->next;
        tw_resize(opt->cx, g, sizeof *g, 0);
    }
    opt->groups = NULL;
}

void tw_opt_group_at(const tw_loc *at, tw_opt *opt, const char *pattern, const tw_group_args *o)
{
    TW_OPTIONS(tw_group_args, o);
    if (!opt || !opt->cx || !tw_ok(opt->cx)) return;
    const double numbers[] = { o->lr_scale, o->weight_decay, o->l2, o->l1, o->proximal_l1, o->max_norm };
    static const char *const names[] = { "lr_scale", "weight_decay", "l2", "l1", "proximal_l1", "max_norm" };
    if (!pattern) tw_fail(opt->cx, TW_EARG, "opt_group", at, "the pattern is NULL");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!(numbers[i] >= 0 && numbers[i] < HUGE_VAL))
            tw_fail(opt->cx, TW_EARG, "opt_group", at, "%s is %g: at least 0 and finite", names[i], numbers[i]);
    if (!tw_ok(opt->cx) || !(pattern = tw_intern(opt->cx, pattern))) return;

    group *g = tw_resize(opt->cx, NULL, 0, sizeof *g);
    if (!g) return;
    *g = (group){ NULL, pattern, { o->lr_scale, o->weight_decay, o->l2, o->l1, o->proximal_l1, o->max_norm } };
    group **end = &opt->groups;
    while (*end) end = &(*end)->next;
    *end = g;
    for (int i = 0; i < opt->n; i++) opt->trained[i].o = tw__group_numbers_of(opt, opt->trained[i].item->path);
}
