/* custom.c - what stops a derivative, what replaces it, and the other nodes that are their input.
 *
 * stop_grad, custom and keep look at their first input's bytes; project is one output of several.
 * A custom node's first input is the value, which derivatives do not enter; the declared ones follow.
 */
#include "core/ctx_impl.h"
#include <string.h>

enum { FEW = 16 };

tw_node *tw_stop_grad_at(const tw_loc *at, tw_node *x)
{
    return tw_build_node(&(tw_build){ .op = &tw_op_stop_grad, .at = at, .n = 1, .in = &x });
}

tw_node *tw_custom_grad_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, void (*rule)(tw_rule *r), void *user)
{
    tw_node *few[FEW], **in = few;
    tw_ctx *cx = y ? y->cx : NULL;
    if (!cx || cx->dead || !tw_ok(cx)) return tw_nil(cx);
    if (!rule || n < 1) return tw_fail(cx, TW_EARG, "custom_grad", at, rule ? "no inputs are listed" : "the rule is NULL");
    if (!tw__listed(cx, at, "custom_grad", n, xs)) return tw_nil(cx);
    const size_t size = (size_t)(n + 1) * sizeof *in;
    if (n + 1 > FEW && !(in = tw_resize(cx, NULL, 0, size))) return tw_nil(cx);
    in[0] = y;
    memcpy(in + 1, xs, (size_t)n * sizeof *in);
    const tw__own_rule own = { rule, user };
    tw_node *c = tw_build_node(&(tw_build){ .op = &tw_op_custom, .at = at, .slot = &own, .n = n + 1, .in = in });
    if (in != few) tw_resize(cx, in, size, 0);
    return c;
}

static bool same(tw_node *y)
{
    y->shape = tw_inputs(y)[0]->shape, y->dtype = tw_inputs(y)[0]->dtype;
    return true;
}
static bool as_asked(tw_node *y) { (void)y; return true; }
static bool same_view(const tw_node *y, const tw_layout *x, tw_layout *out) { (void)y; *out = *x; return true; }

const tw_op tw_op_stop_grad = { .name = "stop_grad", .doc = "x, a constant for every derivative", .arity = 1, .shape = same, .view = same_view };
const tw_op tw_op_custom = { .name = "custom", .doc = "a value with a derivative of the program's own", .arity = -1, .shape = same,
                             .view = same_view, .slot_size = sizeof(tw__own_rule), .rule = TW_GENERAL };
const tw_op tw_op_keep = { .name = "keep", .doc = "a value for the parent scope", .arity = 1, .shape = same, .view = same_view };
const tw_op tw_op_project = { .name = "project", .doc = "one output of several", .arity = 1, .attr_size = 8, .shape = as_asked, .rule = TW_LINEAR };
