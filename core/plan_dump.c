/* plan_dump.c - the latest plan as text: instructions, programs, shapes, places, bytes that they move, and
 * how long they take: as the planner believes, and in the shortest run that was timed (.profile).
 *
 * At the end stands the same by operation, so that one sees where the time of a step goes.
 */
#include "core/look_impl.h"
#include "core/plan_impl.h"
#include <stdlib.h>
#include <string.h>

static int64_t bytes_of(const tw_view *v)
{
    return v->shape->count * (int64_t)tw_dtype_size(v->dtype);
}

/* What a view touches: of repeated axes one. */
static int64_t bytes_touched(const tw_view *v)
{
    int64_t n = (int64_t)tw_dtype_size(v->dtype);
    for (int k = 0; k < v->shape->n; k++) if (v->strides[k] || !v->shape->at[k]) n *= v->shape->at[k];
    return n;
}

static int64_t bytes_moved(const tw_call *c)
{
    int64_t bytes = 0;
    for (int k = 0; k < c->n_in; k++) bytes += bytes_touched(&c->in[k]);
    for (int k = 0; k < c->n_out; k++) bytes += bytes_of(&c->out[k]);
    return bytes;
}

static const char *name_of(const tw__instr *t) { return t->program ? "(program)" : t->op ? t->op->name : "(copy)"; }

static void write_place(const tw_plan *p, const void *at, FILE *to)
{
    const char *base = p->slab_seen, *x = at;
    if (base && x >= base && x < base + p->slab_bytes) fprintf(to, " @%lld", (long long)(x - base));
}

static void write_times(double estimated, double took, bool timed, FILE *to)
{
    fprintf(to, "  about %.1f us", estimated / 1e3);
    if (timed) fprintf(to, ", took %.1f", took / 1e3);
}

static void write_views(const tw_plan *p, const tw_call *c, FILE *to)
{
    char s[96];
    for (int k = 0; k < c->n_in; k++) fprintf(to, " %s", tw_shape_text(c->in[k].shape, s, sizeof s));
    fprintf(to, " ->");
    for (int k = 0; k < c->n_out; k++) {
        fprintf(to, " %s %s", tw_dtype_name(c->out[k].dtype), tw_shape_text(c->out[k].shape, s, sizeof s));
        write_place(p, c->out[k].data, to);
    }
    fprintf(to, "  %lld bytes", (long long)bytes_moved(c));
}

/* in2: an input; out0: an output; r512: a register, s512: a strip, by their places in scratch. */
static void write_spot(const tw__spot *s, FILE *to)
{
    if (s->kind == TW__STRIP) fprintf(to, " s%lld", (long long)s->offset);
    else if (s->kind == TW__REGISTER) fprintf(to, " r%lld", (long long)s->offset);
    else if (s->k < 0) fprintf(to, " part");
    else fprintf(to, " %s%d", s->output ? "out" : "in", s->k);
}

static void write_chain(const tw__program *g, const tw__step *s, FILE *to)
{
    fprintf(to, "            chain        x %lld%s\n", (long long)s->per, s->chain->rows ? ", row by row" : "");
    for (int32_t k = 0; k + 1 < s->chain->n_link; k++) {
        const tw_link *l = &s->chain->link[k];
        fprintf(to, "              %-10s", s->chain->name[k]);
        for (int j = 0; j < s->chain->operands[k]; j++) write_spot(&g->spot[j ? l->y : l->x], to);
        fprintf(to, "\n");
    }
}

static void write_program(const tw__program *g, FILE *to)
{
    for (int32_t k = 0; k < g->n_step; k++) {
        const tw__step *s = &g->step[k];
        if (s->kind == TW__CHAIN) {
            write_chain(g, s, to);
            continue;
        }
        fprintf(to, "       %s %-12s", k < g->n_once ? "once" : "    ", s->op ? s->op->name : "spread");
        for (int j = 0; j < s->n_in; j++) write_spot(&g->spot[s->x[j]], to);
        fprintf(to, " ->");
        write_spot(&g->spot[s->y], to);
        if (s->per > 1) fprintf(to, " x %lld", (long long)s->per);
        fprintf(to, "\n");
    }
}

/* ---- by operation ------------------------------------------------------------------------- */

typedef struct total { const char *name; int64_t n, bytes; double cost, took; } total;

static int longer(const void *a, const void *b)
{
    const total *x = a, *y = b;
    const double d = y->took - x->took ? y->took - x->took : y->cost - x->cost;
    return d < 0 ? -1 : d > 0;
}

static void write_totals(tw_ctx *cx, const tw_plan *p, FILE *to)
{
    const size_t size = ((size_t)p->n_instr + 1) * sizeof(total);
    total *t = tw_resize(cx, NULL, 0, size), all = { .name = "all" };
    int n = 0;
    for (int32_t i = 0; t && i < p->n_instr; i++) {
        const tw__instr *x = &p->instr[i];
        int k = 0;
        while (k < n && strcmp(t[k].name, name_of(x))) k++;
        if (k == n) t[n++] = (total){ .name = name_of(x) };
        for (total *to_both[] = { &t[k], &all }, **s = to_both; s < to_both + 2; s++)
            (*s)->n++, (*s)->bytes += bytes_moved(&x->call), (*s)->cost += x->cost, (*s)->took += x->took;
    }
    if (!t) return;
    qsort(t, (size_t)n, sizeof *t, longer);
    t[n] = all;
    for (int k = 0; k <= n; k++) {
        fprintf(to, "     %-14s %6lld  %lld bytes", t[k].name, (long long)t[k].n, (long long)t[k].bytes);
        write_times(t[k].cost, t[k].took, p->timed > 0, to);
        if (p->timed && all.took > 0) fprintf(to, " (%.1f %%)", 100 * t[k].took / all.took);
        fprintf(to, "\n");
    }
    tw_resize(cx, t, size, 0);
}

/* ---- groups ------------------------------------------------------------------------------- */

int32_t tw__plan_group(const tw_ctx *cx, const tw_node *n)
{
    const tw_plan *p = cx->last_plan;
    for (int32_t i = 0; p && i < p->n_instr; i++) {
        const tw__program *g = p->instr[i].program;
        for (int32_t k = 0; g && k < g->n_step; k++)
            if (g->step[k].op && g->step[k].rel == n->id - p->first) return i;
    }
    return -1;
}

void tw__plan_group_text(const tw_ctx *cx, int32_t group, char *text, size_t size)
{
    const tw__instr *t = &cx->last_plan->instr[group];
    const int used = snprintf(text, size, "instruction %d: %d operations", group, t->n_nodes);
    if (t->took > 0 && used > 0 && (size_t)used < size) snprintf(text + used, size - (size_t)used, ", %.1f us", t->took / 1e3);
}

/* ---- all of it ---------------------------------------------------------------------------- */

void tw_plan_dump(tw_ctx *cx, FILE *to)
{
    const tw_plan *p = cx ? cx->last_plan : NULL;
    if (!to) to = stdout;
    if (!p) {
        fprintf(to, "no plan is kept\n");
        return;
    }
    fprintf(to, "plan %llu: %d instructions, %d leaves, %d outputs, %lld bytes of temporaries\n", (unsigned long long)p->uid,
            p->n_instr, p->n_ext, p->n_out, (long long)p->slab_bytes);
    for (int32_t i = 0; i < p->n_instr; i++) {
        const tw__instr *t = &p->instr[i];
        fprintf(to, "%4d %-14s", i, name_of(t));
        write_views(p, &t->call, to);
        write_times(t->cost, t->took, p->timed > 0, to);
        fprintf(to, "\n");
        if (!t->program) continue;
        fprintf(to, "       %d operations on %lld rows, %lld at once\n", t->n_nodes, (long long)t->program->rows, (long long)t->program->tile);
        write_program(t->program, to);
    }
    for (int32_t k = 0; k < p->n_commit; k++)
        fprintf(to, "     assign %s%s\n", p->commit[k].cell->name ? p->commit[k].cell->name : "state", p->commit[k].in_place ? " in place" : "");
    write_totals(cx, p, to);
}
