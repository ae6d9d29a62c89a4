/* grid.h - walking over views: axes without those of size 1, merged where their strides allow.
 *
 * Merging changes how addresses are found, never the logical order of elements. Several tensors of
 * one shape may be walked at once, each with strides of its own; axes merge where all of them agree.
 */
#pragma once
#include "core/op.h"
#include "ops/kernel/isa.h"

enum { TW_GRID_TENSORS = 3 };

typedef struct tw_grid {
    int     n, tensors;
    int64_t dim[TW_MAX_RANK];
    int64_t stride[TW_GRID_TENSORS][TW_MAX_RANK];
} tw_grid;

/* Where a walk stands: the index along each axis of the grid, and the offset into each tensor. */
typedef struct tw_walk {
    const tw_grid *grid;
    int64_t        at[TW_MAX_RANK], offset[TW_GRID_TENSORS];
} tw_walk;

/* Appends an axis, inside of those that are there. */
TW_INLINE void tw__grid_push(tw_grid *g, int64_t dim, const int64_t *strides)
{
    if (dim == 1) return;
    bool merge = g->n > 0;
    for (int t = 0; merge && t < g->tensors; t++)
        if (g->stride[t][g->n - 1] != strides[t] * dim) merge = false;
    if (!merge) g->dim[g->n++] = 1;
    g->dim[g->n - 1] *= dim;
    for (int t = 0; t < g->tensors; t++) g->stride[t][g->n - 1] = strides[t];
}

TW_INLINE tw_grid tw__grid_of(const tw_dims *shape, const int64_t *strides)
{
    tw_grid g = { .tensors = 1 };
    for (int i = 0; i < shape->n; i++) tw__grid_push(&g, shape->at[i], &strides[i]);
    return g;
}

TW_INLINE int64_t tw__grid_count(const tw_grid *g)
{
    int64_t n = 1;
    for (int i = 0; i < g->n; i++) n *= g->dim[i];
    return n;
}

/* At the given element, in logical order. */
TW_INLINE tw_walk tw__walk(const tw_grid *g, int64_t index)
{
    tw_walk w = { .grid = g };
    for (int i = g->n - 1; i >= 0 && g->dim[i]; i--) {
        w.at[i] = index % g->dim[i];
        index /= g->dim[i];
        for (int t = 0; t < g->tensors; t++) w.offset[t] += w.at[i] * g->stride[t][i];
    }
    return w;
}

/* k elements on, which stay within the innermost axis, or just reach its end. */
TW_INLINE void tw__walk_on(tw_walk *w, int64_t k)
{
    const tw_grid *g = w->grid;
    int i = g->n - 1;
    if (i < 0) return;
    w->at[i] += k;
    for (int t = 0; t < g->tensors; t++) w->offset[t] += k * g->stride[t][i];
    while (w->at[i] == g->dim[i] && i > 0) {
        for (int t = 0; t < g->tensors; t++)
            w->offset[t] += g->stride[t][i - 1] - g->dim[i] * g->stride[t][i];
        w->at[i--] = 0;
        w->at[i]++;
    }
}

/* Elements from here to the end of the innermost axis, at most limit. */
TW_INLINE int64_t tw__walk_run(const tw_walk *w, int64_t limit)
{
    const int i = w->grid->n - 1;
    const int64_t left = i < 0 ? 1 : w->grid->dim[i] - w->at[i];
    return left < limit ? left : limit;
}

/* The innermost stride of tensor t; 0 for a single element. */
TW_INLINE int64_t tw__grid_inner(const tw_grid *g, int t)
{
    return g->n ? g->stride[t][g->n - 1] : 0;
}

/* ---- reductions --------------------------------------------------------------------------- */

/* The axes of a reduction, without those of size 1 (reduce_tmpl.h): what is kept, and what is reduced
 * at the end of the shape (the row) and in front of a kept axis (the lines). */
typedef struct tw_reduction {
    tw_grid kept, lines, row;
    int64_t n_lines, n_row;
} tw_reduction;

TW_INLINE tw_reduction tw__reduction(const tw_view *x, unsigned axes)
{
    tw_reduction r = { .kept.tensors = 1, .lines.tensors = 1, .row.tensors = 1, .n_lines = 1, .n_row = 1 };
    int last = x->shape->n - 1;                         /* the last axis that is kept */
    while (last >= 0 && ((axes >> last & 1) || x->shape->at[last] == 1)) last--;
    for (int i = 0; i < x->shape->n; i++) {
        const bool reduced = axes >> i & 1;
        tw_grid *g = !reduced ? &r.kept : i < last ? &r.lines : &r.row;
        tw__grid_push(g, x->shape->at[i], &x->strides[i]);
    }
    r.n_lines = tw__grid_count(&r.lines);
    r.n_row   = tw__grid_count(&r.row);
    return r;
}
