/* value.c - reading values: each read evaluates what it needs. */
#include "core/ctx_impl.h"
#include "core/look_impl.h"
#include <math.h>
#include <string.h>

bool tw_eval_at(const tw_loc *at, tw_ctx *cx)
{
    return tw_ok(cx) && tw__evaluate(cx, at, 0, NULL, true);
}

bool tw_eval_nodes_at(const tw_loc *at, int n, tw_node *const *ys)
{
    if (n <= 0) return true;
    tw_ctx *cx = NULL;
    tw_node *few[32], **all = few;
    const size_t size = (size_t)n * sizeof *all;
    for (int i = 0; ys && i < n && !cx; i++) if (ys[i]) cx = ys[i]->cx;
    if (!tw_ok(cx)) return false;
    if (n > 32 && !(all = tw_resize(cx, NULL, 0, size))) return false;
    bool ok = true;
    for (int i = 0; ok && i < n; i++) {
        all[i] = ys[i] ? tw_input(at, "eval_nodes", i, ys[i]) : tw_fail(cx, TW_EARG, "eval_nodes", at, "argument %d is NULL", i);
        ok = all[i] && !(all[i]->flags & TW_N_NIL);
        if (ok && all[i]->cx != cx) ok = (tw_fail(cx, TW_ESCOPE, "eval_nodes", at, "argument %d belongs to another context", i), false);
    }
    ok = ok && tw__evaluate(cx, at, n, all, false);
    if (all != few) tw_resize(cx, all, size, 0);
    return ok;
}

/* The bytes of n, computed if need be; NULL in error. Empty tensors have bytes too. */
static const void *bytes_of(const tw_loc *at, const char *op, tw_node **n)
{
    tw_node *r = tw_input(at, op, 0, *n);
    if (!r) return NULL;
    *n = r;
    if (r->flags & TW_N_NIL || r->cx->error.code) return NULL;
    if (!(r->flags & TW_N_REALISED) && !tw__evaluate(r->cx, at, 1, &r, false)) return NULL;
    return (const char *)r->buf->data + r->offset;
}

double tw_item_at(const tw_loc *at, tw_node *n)
{
    const void *p = bytes_of(at, "item", &n);
    if (!p) return (double)NAN;
    if (n->shape->count != 1) {
        char s[96];
        tw_fail(n->cx, TW_ESHAPE, "item", at, "a tensor of shape %s is not one element", tw_shape_text(n->shape, s, sizeof s));
        return (double)NAN;
    }
    return tw__element(p, (tw_dtype)n->dtype, 0);
}

const void *tw_read_at(const tw_loc *at, tw_node *n, tw_dtype dtype)
{
    const void *p = bytes_of(at, "read", &n);
    if (p && n->dtype != dtype) {
        tw_fail(n->cx, TW_EDTYPE, "read", at, "a tensor of dtype %s read as %s", tw_dtype_name((tw_dtype)n->dtype), tw_dtype_name(dtype));
        return NULL;
    }
    return p;
}

bool tw_copy_at(const tw_loc *at, tw_node *n, void *to, size_t bytes)
{
    const void *p = bytes_of(at, "copy", &n);
    if (!p) return false;
    const size_t size = (size_t)n->shape->count * tw_dtype_size((tw_dtype)n->dtype);
    if (bytes != size || (!to && bytes))
        return tw_fail(n->cx, TW_EARG, "copy", at, "room for %zu bytes, but the elements take %zu", to ? bytes : 0, size), false;
    if (size) memcpy(to, p, size);
    return true;
}
