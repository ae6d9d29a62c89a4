/* look.c - the nodes behind some values, and words for one node: what drawings and dumps share.
 *
 * Inputs have smaller ids than their node, so one sweep down an array indexed by id finds all that
 * is reached, without recursion and without marks in the nodes.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "core/ctx_impl.h"
#include "core/look_impl.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

bool tw__reach(tw__reached *r, int n, tw_node *const *ys)
{
    *r = (tw__reached){ .cx = ys[0]->cx };
    for (int k = 0; k < n; k++)
        if (ys[k]->id >= r->size) r->size = (int64_t)ys[k]->id + 1;
    if (!(r->by_id = tw_resize(r->cx, NULL, 0, (size_t)r->size * sizeof *r->by_id))) return false;
    memset(r->by_id, 0, (size_t)r->size * sizeof *r->by_id);

    for (int k = 0; k < n; k++) r->by_id[ys[k]->id] = ys[k];
    for (int64_t id = r->size - 1; id >= 0; id--) {
        const tw_node *y = r->by_id[id];
        for (int i = 0; y && i < y->n_in; i++) {
            tw_node *x = tw_inputs(y)[i];
            r->by_id[x->id] = x;
        }
    }
    return true;
}

void tw__reach_done(tw__reached *r)
{
    if (r->by_id) tw_resize(r->cx, r->by_id, (size_t)r->size * sizeof *r->by_id, 0);
    r->by_id = NULL;
}

bool tw__number_of(const tw_node *n, double *value)
{
    if (n->op != &tw_op_number && n->op != &tw_op_constant) return false;
    *value = n->op == &tw_op_number ? n->slot.num : n->attr.num;
    return true;
}

const char *tw__own_name(const tw_node *n)
{
    if (n->op == &tw_op_read) return tw__cell_of(n)->name;
    return n->flags & TW_N_NAMED ? n->name : NULL;
}

double tw__element(const void *p, tw_dtype dtype, int64_t i)
{
    switch (dtype) {
    case TW_F32:  return (double)((const float *)p)[i];
    case TW_F64:  return ((const double *)p)[i];
    case TW_I32:  return ((const int32_t *)p)[i];
    case TW_I64:  return (double)((const int64_t *)p)[i];
    case TW_U8:   return ((const uint8_t *)p)[i];
    case TW_BOOL: return ((const uint8_t *)p)[i] != 0;
    default:      return (double)NAN;
    }
}

int tw__element_text(const void *p, tw_dtype dtype, int64_t i, char *text, size_t size)
{
    if (dtype == TW_BOOL) return snprintf(text, size, "%s", tw__element(p, dtype, i) != 0 ? "true" : "false");
    if (dtype == TW_I64) return snprintf(text, size, "%" PRId64, ((const int64_t *)p)[i]);
    return snprintf(text, size, dtype == TW_F64 ? "%.10g" : "%.6g", tw__element(p, dtype, i));
}

/* Least and largest element that is a number; *nans says how many are not. */
static void range(const void *p, const tw_node *n, double *low, double *high, int64_t *nans)
{
    *low = (double)INFINITY, *high = -(double)INFINITY, *nans = 0;
    for (int64_t i = 0; i < n->shape->count; i++) {
        const double v = tw__element(p, (tw_dtype)n->dtype, i);
        if (v < *low) *low = v;
        if (v > *high) *high = v;
        *nans += isnan(v) != 0;
    }
}

void tw__value_text(tw_node *n, char *text, size_t size)
{
    text[0] = 0;
    if (!(n->flags & TW_N_REALISED) || n->shape->count < 1) return;
    const void *p = tw_read_at(n->at, n, (tw_dtype)n->dtype);
    if (!p) return;
    if (n->shape->count == 1) {
        tw__element_text(p, (tw_dtype)n->dtype, 0, text, size);
        return;
    }

    double low, high;
    int64_t nans;
    range(p, n, &low, &high, &nans);
    if (nans == n->shape->count) snprintf(text, size, "nan everywhere");
    else if (nans) snprintf(text, size, "%.4g .. %.4g, nan at %" PRId64, low, high, nans);
    else if (low == high) snprintf(text, size, "%.4g everywhere", low);
    else snprintf(text, size, "%.4g .. %.4g", low, high);
}
