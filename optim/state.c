/* state.c - what a step needs of the steps before: for checkpoints.
 *
 * Numbers go as text, floating ones in hexadecimal, so that they come back to the bit; cells go as
 * they are. Options are not saved: the program gives them again. A network that resumes has no
 * parameters before its model runs, so each takes its state when a step first meets it.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"
#include <inttypes.h>
#include <string.h>

/* Every cell beside a parameter, by name. */
static const struct { const char *what; size_t at; } cells[] = {
    { "moment0", offsetof(tw__trained, moment[0]) }, { "moment1", offsetof(tw__trained, moment[1]) },
    { "moment2", offsetof(tw__trained, moment[2]) }, { "sum", offsetof(tw__trained, sum) },
    { "slow", offsetof(tw__trained, slow) },         { "average", offsetof(tw__trained, average) },
};
enum { CELLS = sizeof cells / sizeof *cells };
_Static_assert(TW__MOMENTS == 3, "cells[] names each moment");

static tw_node **cell_of(tw__trained *t, int k) { return (tw_node **)(void *)((char *)t + cells[k].at); }

bool tw__opt_save(tw_opt *opt, tw__opt_sink *to)
{
    char text[320];
    snprintf(text, sizeof text, "%s %" PRId64 " %" PRId64 " %a %a %" PRId64 " %" PRId64 " %d %" PRId64 " %a", opt->update->name,
             opt->steps, opt->gathered, opt->plateau.scale, opt->plateau.best, opt->plateau.bad, opt->plateau.cooling,
             (int)opt->plateau.any, opt->nadam.t, opt->nadam.product);
    if (!to->text(to, "", text)) return false;
    for (int i = 0; i < opt->n; i++) {
        tw__trained *t = &opt->trained[i];
        snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " %d", t->steps, t->averaged, (int)t->gathered);
        if (!to->text(to, t->item->path, text)) return false;
        for (int k = 0; k < CELLS; k++)
            if (*cell_of(t, k) && !to->cell(to, t->item->path, cells[k].what, *cell_of(t, k))) return false;
    }
    return true;
}

bool tw__opt_restore_one(const tw_loc *at, tw_opt *opt, tw__trained *t)
{
    const char *path = t->item->path, *text = opt->source->text(opt->source, path);
    int gathered = 0;
    if (!text) return true;
    if (sscanf(text, "%" SCNd64 " %" SCNd64 " %d", &t->steps, &t->averaged, &gathered) != 3 ||
        t->steps < 0 || t->steps > opt->steps || t->averaged < 0 || t->averaged > opt->steps)
        return tw_fail(opt->cx, TW_EIO, opt->update->name, at, "damaged state of \"%.80s\": %.40s", path, text), false;
    t->gathered = gathered;
    for (int k = 0; k < CELLS; k++) {
        tw_node *value = opt->source->cell(at, opt->source, path, cells[k].what, t->item->cell);
        *cell_of(t, k) = value ? tw_state(opt->cx, value) : NULL;
        if (!tw_ok(opt->cx)) return *cell_of(t, k) = NULL, false;
    }
    return true;
}

static bool numbers(const tw_loc *at, tw_opt *opt, const char *text)
{
    char name[32];
    int any = 0;
    const int n = sscanf(text, "%31s %" SCNd64 " %" SCNd64 " %la %la %" SCNd64 " %" SCNd64 " %d %" SCNd64 " %la", name, &opt->steps,
                         &opt->gathered, &opt->plateau.scale, &opt->plateau.best, &opt->plateau.bad, &opt->plateau.cooling, &any,
                         &opt->nadam.t, &opt->nadam.product);
    if (n != 10 || opt->steps < 0 || opt->steps > INT64_MAX / 2 || opt->gathered < 0 || opt->gathered > INT64_MAX / 2)
        return tw_fail(opt->cx, TW_EIO, opt->update->name, at, "damaged state: %.80s", text), false;
    if (strcmp(name, opt->update->name))
        return tw_fail(opt->cx, TW_EARG, opt->update->name, at, "the state is one of %s", name), false;
    opt->plateau.any = any;
    return true;
}

void tw__opt_source_set(tw_opt *opt, tw__opt_source *s)
{
    if (opt->source) opt->source->drop(opt->source);
    opt->source = s;
}

bool tw__opt_restore(const tw_loc *at, tw_opt *opt, tw__opt_source *from)
{
    tw__opt_source_set(opt, from);
    opt->swapped = false;
    const char *text = from->text(from, "");
    if (!text) return tw_fail(opt->cx, TW_EIO, opt->update->name, at, "no state of an optimiser"), false;
    bool ok = numbers(at, opt, text);
    for (int i = 0; ok && i < opt->n; i++) ok = tw__opt_restore_one(at, opt, &opt->trained[i]);
    return ok;
}
