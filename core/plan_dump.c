/* plan_dump.c - the latest plan as text: instructions, programs, shapes, places, bytes that they move. */
#include "core/plan_impl.h"

static int64_t bytes_of(const tw_view *v)
{
    return v->shape->count * (int64_t)tw_dtype_size(v->dtype);
}

static void write_place(const tw_plan *p, const void *at, FILE *to)
{
    const char *base = p->slab_seen, *x = at;
    if (base && x >= base && x < base + p->slab_bytes) fprintf(to, " @%lld", (long long)(x - base));
}

static void write_views(const tw_plan *p, const tw_call *c, FILE *to)
{
    char s[96];
    int64_t bytes = 0;
    for (int k = 0; k < c->n_in; k++) {
        fprintf(to, " %s", tw_shape_text(c->in[k].shape, s, sizeof s));
        bytes += bytes_of(&c->in[k]);
    }
    fprintf(to, " ->");
    for (int k = 0; k < c->n_out; k++) {
        fprintf(to, " %s %s", tw_dtype_name(c->out[k].dtype), tw_shape_text(c->out[k].shape, s, sizeof s));
        write_place(p, c->out[k].data, to);
        bytes += bytes_of(&c->out[k]);
    }
    fprintf(to, "  %lld bytes\n", (long long)bytes);
}

/* in2: an input; out0: an output; r512: a register, by its place in scratch. */
static void write_spot(const tw__spot *s, FILE *to)
{
    if (s->kind == TW__REGISTER) fprintf(to, " r%lld", (long long)s->offset);
    else if (s->k < 0) fprintf(to, " part");
    else fprintf(to, " %s%d", s->output ? "out" : "in", s->k);
}

static void write_program(const tw__program *g, FILE *to)
{
    for (int32_t k = 0; k < g->n_step; k++) {
        const tw__step *s = &g->step[k];
        fprintf(to, "       %s %-12s", k < g->n_once ? "once" : "    ", s->op ? s->op->name : "spread");
        for (int j = 0; j < s->n_in; j++) write_spot(&g->spot[s->x[j]], to);
        fprintf(to, " ->");
        write_spot(&g->spot[s->y], to);
        if (s->per > 1) fprintf(to, " x %lld", (long long)s->per);
        fprintf(to, "\n");
    }
}

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
        fprintf(to, "%4d %-14s", i, t->program ? "(program)" : t->op ? t->op->name : "(copy)");
        write_views(p, &t->call, to);
        if (!t->program) continue;
        fprintf(to, "       %d operations on %lld rows, %lld at once\n", t->n_nodes, (long long)t->program->rows, (long long)t->program->tile);
        write_program(t->program, to);
    }
    for (int32_t k = 0; k < p->n_commit; k++)
        fprintf(to, "     assign %s%s\n", p->commit[k].cell->name ? p->commit[k].cell->name : "state", p->commit[k].in_place ? " in place" : "");
}
