/* dump.c - graphs and values as text: a node a line, a tensor as rows.
 *
 *     %7 = matmul(%3, %5) [4, 8] f32  transpose_b  "fc1/product"  = -1.2 .. 3  net.c:21
 *
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "core/ctx_impl.h"
#include "core/look_impl.h"

#include <stdlib.h>
#include <string.h>

/* ---- a graph ------------------------------------------------------------------------------ */

static void dump_node(tw_node *n, FILE *to)
{
    char text[200];
    double value;
    const char *name = tw__own_name(n);

    fprintf(to, "%%%d = %s", n->id, n->op->name);
    if (tw__number_of(n, &value)) fprintf(to, " %.17g", value);
    for (int i = 0; i < n->n_in; i++) fprintf(to, "%s%%%d", i ? ", " : "(", tw_inputs(n)[i]->id);
    fprintf(to, "%s %s %s", n->n_in ? ")" : "", tw_shape_text(n->shape, text, sizeof text), tw_dtype_name((tw_dtype)n->dtype));

    text[0] = 0;
    if (n->op->label && n->op != &tw_op_read && !tw__number_of(n, &value)) n->op->label(n, text, sizeof text);
    if (text[0]) fprintf(to, "  %s", text);
    if (name) fprintf(to, "  \"%s\"", name);
    else if (n->name) fprintf(to, "  in \"%s\"", n->name);
    if (n->flags & TW_N_GRAD) fprintf(to, "  gradient of %%%d", n->origin);
    tw__value_text(n, text, sizeof text);
    if (text[0] && !tw__number_of(n, &value)) fprintf(to, "  = %s", text);
    if (n->at && n->at->file) fprintf(to, "  %s:%d", n->at->file, n->at->line);
    fputc('\n', to);
}

void tw_dump(tw_node *y, FILE *to)
{
    if (!to) to = stdout;
    if (!y || tw_is_nil(y)) {
        fputs("nil\n", to);
        return;
    }
    if (!(y = tw_input(y->at, "dump", 0, y))) return;

    tw__reached r;
    if (tw__reach(&r, 1, &y))
        for (int64_t id = 0; id < r.size; id++)
            if (r.by_id[id]) dump_node(r.by_id[id], to);
    tw__reach_done(&r);
}

/* ---- a value ------------------------------------------------------------------------------ */

enum { EDGE = 3, LONG = 2 * EDGE + 2 };     /* of an axis longer than LONG, the first and last EDGE */

typedef struct printing {
    const void    *p;
    const tw_dims *shape;
    tw_dtype       dtype;
    int            width;       /* of the widest element shown */
} printing;

/* Calls f for every element of the axis that is shown; f gets -1 for those left out. */
static void each_shown(printing *c, int axis, int64_t offset, void (*f)(printing *c, int axis, int64_t i, int64_t offset))
{
    const int64_t n = c->shape->at[axis];
    for (int64_t i = 0; i < n; i++) {
        if (n > LONG && i == EDGE) {
            f(c, axis, -1, offset);
            i = n - EDGE;
        }
        f(c, axis, i, offset * n + i);
    }
}

static void measure(printing *c, int axis, int64_t i, int64_t offset)
{
    if (i < 0) return;
    if (axis + 1 < c->shape->n) {
        each_shown(c, axis + 1, offset, measure);
        return;
    }
    char text[40];
    const int width = tw__element_text(c->p, c->dtype, offset, text, sizeof text);
    if (width > c->width) c->width = width;
}

static void show(printing *c, int axis, int64_t i, int64_t offset)
{
    const bool rows = axis + 1 < c->shape->n;
    if (i != 0) {
        fputs(rows ? ",\n" : ", ", stdout);
        for (int k = axis + 2; rows && k < c->shape->n; k++) fputc('\n', stdout);
        if (rows) printf("%*s", axis + 1, "");
    }
    if (i < 0) fputs("...", stdout);
    else if (rows) {
        fputc('[', stdout);
        each_shown(c, axis + 1, offset, show);
        fputc(']', stdout);
    } else {
        char text[40];
        tw__element_text(c->p, c->dtype, offset, text, sizeof text);
        printf("%*s", c->width, text);
    }
}

void tw_print_at(const tw_loc *at, tw_node *n)
{
    char shape[200];
    printing c = { .p = n && !tw_is_nil(n) ? tw_read_at(at, n, tw_dtype_of(n)) : NULL };
    if (!c.p) return;
    if (!(n = tw_input(at, "print", 0, n))) return;

    c.shape = n->shape, c.dtype = (tw_dtype)n->dtype;
    printf("%s %s\n", tw_shape_text(n->shape, shape, sizeof shape), tw_dtype_name(c.dtype));
    if (n->shape->n == 0) {
        tw__element_text(c.p, c.dtype, 0, shape, sizeof shape);
        puts(shape);
        return;
    }
    each_shown(&c, 0, 0, measure);
    fputc('[', stdout);
    each_shown(&c, 0, 0, show);
    puts("]");
}
