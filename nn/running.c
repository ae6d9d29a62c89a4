/* running.c - a running estimate: q <- weight x + (1 - weight) q, at first x.
 *
 * With the loss of one object a step this is the estimate of the empirical risk of stochastic gradient descent. A buffer of
 * the network, so it is saved with it; moved by the evaluation that takes the step.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"

static tw_node *running(const tw__layer *l, tw_node *x, double weight)
{
    const tw_loc *at = l->at;
    if (!(weight > 0 && weight <= 1)) return tw__layer_fail(l, TW_EARG, l->kind, "weight is %g: above 0 and at most 1", weight);
    x = tw_stop_grad(x);
    const bool old = tw__layer_item(l, "estimate") != NULL;
    tw_node *q = tw_nn_buffer(l->net, "estimate", tw_shape_of(x), tw_zeros_init);
    if (!tw_ok(l->net->cx)) return NULL;
    tw_node *next = old || tw__layer_item(l, "estimate")->loaded ? tw_add(q, tw_mul(tw__slot(weight), tw_sub(x, q))) : x;
    tw_assign(q, next);
    return tw_want(next);
}

tw_node *tw_nn_running_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, double weight)
{
    tw__layer l = tw__layer_enter(at, "running", net, name ? name : "", &x);
    return tw__layer_leave(&l, l.ok ? running(&l, x, weight) : NULL);
}
