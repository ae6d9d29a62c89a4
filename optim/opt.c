/* opt.c - an optimiser: its numbers, the parameters it trains, and their records.
 *
 * Networks grow while their model first runs, so a record is made when a step first meets a parameter.
 * Items of a network never move or go: it is enough to look at those after the latest one seen.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"
#include <math.h>
#include <string.h>

static tw_opt dead;     /* without memory, or with numbers that make no sense: does nothing, never written to */

double tw__rate_or(double given, double otherwise)
{
    return given == 0 && !signbit(given) ? otherwise : given;
}

tw__common tw__common_of(const void *options)
{
    tw__common c;
    memcpy(&c, options, sizeof c);
    return c;
}

static bool in_range(const tw_loc *at, tw_ctx *cx, const tw__update *update, const tw__common *c, const tw__numbers *o)
{
    const char *op = update->name;
    const double any = HUGE_VAL;
    const struct { const char *name; double value, below; } limits[] = {
        { "lr", c->lr, any },                   { "momentum", o->momentum, 1 },         { "beta1", o->beta1, 1 },
        { update->beta2 ? update->beta2 : "beta2", o->beta2, 1 },               { "epsilon", o->epsilon, any },         { "weight_decay", c->weight_decay, any },
        { "l1", c->l1, any },                   { "l2", c->l2, any },                   { "proximal_l1", c->proximal_l1, any },
        { "clip_norm", c->clip_norm, any },     { "clip_value", c->clip_value, any },   { "max_norm", c->max_norm, any },
        { "dampening", o->dampening, any },     { "average.decay", c->average.decay, 1 },
        { "momentum_decay", o->momentum_decay, any },                                   { "plateau.factor", c->plateau.factor, 1 },
        { "lookahead.alpha", c->lookahead.alpha, any },                                 { "accumulate", (double)c->accumulate, any },
        { "lookahead.steps", (double)c->lookahead.steps, any },                         { "plateau.threshold", c->plateau.threshold, any },
        { "plateau.cooldown", (double)c->plateau.cooldown, any },                       { "plateau.lowest", c->plateau.lowest, any },
        { "average.from", (double)c->average.from, any },                               { "average.every", (double)c->average.every, any },
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (limits[i].value >= 0 && limits[i].value < limits[i].below) continue;
        tw_fail(cx, TW_EARG, op, at, "%s is %g: at least 0%s", limits[i].name, limits[i].value,
                limits[i].below < any ? " and below 1" : " and finite");
        return false;
    }
    if (c->schedule.parts > TW__SCHEDULE_PARTS)
        return tw_fail(cx, TW_EARG, op, at, "the schedule has %d parts: at most %d", c->schedule.parts + 1, TW__SCHEDULE_PARTS + 1), false;
    if (c->schedule.rate ? c->lr == 0 : c->lr > 0 || signbit(c->lr)) return true;
    tw_fail(cx, TW_EARG, op, at, c->schedule.rate ? "lr is %g and there is a schedule: one of them"
                                                  : "lr is %g: give the learning rate, .lr = h, or a .schedule", c->lr);
    return false;
}

static size_t block_size(int room)
{
    return (size_t)room * (sizeof(tw__trained) + sizeof(tw__trained *) + 2 * sizeof(tw_node *));
}

static void opt_close(void *object)
{
    tw_opt *opt = object;
    tw__opt_source_set(opt, NULL);
    if (opt->trained) tw_resize(opt->cx, opt->trained, block_size(opt->room), 0);
    tw__groups_free(opt);
    tw_resize(opt->cx, opt, sizeof *opt, 0);
}

tw_opt *tw__opt_new(const tw_loc *at, tw_net *net, const tw__update *update, const void *options, double lr, tw__numbers own)
{
    tw_ctx *cx = tw_net_ctx(net);
    tw__common o = tw__common_of(options);
    if (!o.schedule.rate && lr > 0) o.lr = tw__rate_or(o.lr, lr);
    if (!cx || !tw_ok(cx) || !in_range(at, cx, update, &o, &own)) return &dead;
    if (o.only && !(o.only = tw_intern(cx, o.only))) return &dead;
    tw_opt *opt = tw_resize(cx, NULL, 0, sizeof *opt);
    if (!opt) return &dead;
    *opt = (tw_opt){ .cx = cx, .net = net, .update = update, .o = o, .numbers = own, .plateau.scale = 1 };
    if (tw_on_close(cx, opt_close, opt)) return opt;
    tw_resize(cx, opt, sizeof *opt, 0);
    return &dead;
}

tw_node *tw__zeros_of(const tw_loc *at, tw_node *w)
{
    tw_node *zero = tw_state(w->cx, tw_zeros(w->cx, tw_shape_of(w), .dtype = tw_dtype_of(w)));
    return tw_ok(w->cx) ? zero : NULL;
}

/* ---- the parameters */

static bool grow(tw_opt *opt)
{
    const int room = opt->room ? 2 * opt->room : 16;
    tw__trained *block = tw_resize(opt->cx, NULL, 0, block_size(room));
    if (!block) return false;
    for (int i = 0; i < opt->n; i++) block[i] = opt->trained[i];
    if (opt->trained) tw_resize(opt->cx, opt->trained, block_size(opt->room), 0);

    opt->room    = room;
    opt->trained = block;
    opt->live    = (tw__trained **)(void *)(block + room);
    opt->cells   = (tw_node **)(void *)(opt->live + room);
    opt->grads   = opt->cells + room;
    return true;
}

bool tw__opt_collect(tw_opt *opt)
{
    const tw_net_item *item = opt->seen;
    for (; (item = tw_net_next(opt->net, opt->o.only, item)); opt->seen = item) {
        if (item->buffer) continue;
        if (opt->n == opt->room && !grow(opt)) return false;
        opt->trained[opt->n++] = (tw__trained){ .item = item, .o = tw__group_numbers_of(opt, item->path) };
        if (opt->source && !tw__opt_restore_one(item->at, opt, &opt->trained[opt->n - 1])) return false;
    }
    while ((item = tw_net_next(opt->net, NULL, opt->seen))) opt->seen = item;

    opt->active = 0;
    for (int i = 0; i < opt->n; i++) {
        tw__trained *t = &opt->trained[i];
        if (t->item->frozen) continue;
        opt->live[opt->active] = t;
        opt->cells[opt->active++] = t->item->cell;
    }
    return true;
}

bool tw__opt_usable(const tw_loc *at, const char *op, tw_opt *opt, tw_node **loss)
{
    tw_ctx *cx = opt ? opt->cx : NULL;
    if (!cx) {
        if (*loss) tw_fail((*loss)->cx, TW_EARG, op, at, opt ? "the optimiser could not be made" : "the optimiser is NULL");
        return false;
    }
    if (!tw_ok(cx)) return false;
    if (!*loss) return tw_fail(cx, TW_EARG, op, at, "the loss is NULL"), false;
    if (!(*loss = tw_input(at, op, 0, *loss)) || tw_is_nil(*loss)) return false;
    if ((*loss)->cx != cx) {
        tw_fail(cx, TW_ESCOPE, op, at, "the loss belongs to another context than the optimiser");
        tw_fail((*loss)->cx, TW_ESCOPE, op, at, "the optimiser belongs to another context than the loss");
        return false;
    }
    if (tw_count(*loss) == 1) return true;
    char text[96];
    tw_fail(cx, TW_ESHAPE, op, at, "the loss is %s, not one number: take its mean", tw_shape_text((*loss)->shape, text, sizeof text));
    return false;
}

int64_t tw_opt_steps(const tw_opt *opt)
{
    return opt ? opt->steps : 0;
}

int tw_opt_count(const tw_opt *opt)
{
    return opt ? opt->active : 0;
}

tw_node *tw_opt_param(const tw_opt *opt, int i)
{
    return i >= 0 && i < tw_opt_count(opt) ? opt->cells[i] : tw_nil(opt ? opt->cx : NULL);
}
