/* penalty.c - what a prior on the weights adds to the loss: 1/2 sum w^2 for a Gaussian, sum |w| for a Laplace prior.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"

static tw_node *square(const tw_loc *at, tw_node *w)    { return tw_square(w); }
static tw_node *magnitude(const tw_loc *at, tw_node *w) { return tw_abs(w); }

static tw_node *total(const tw_loc *at, const char *op, const tw_net *net, const char *pattern,
                      tw_node *(*term)(const tw_loc *at, tw_node *w))
{
    if (!net || !net->cx || !tw_ok(net->cx)) return tw__net_nil(net);
    tw_node *sum = NULL;
    TW_NET_EACH(item, net, pattern) {
        if (item->buffer || item->frozen) continue;
        tw_node *s = tw_sum(term(at, item->cell));
        sum = sum ? tw_add(sum, s) : s;
    }
    return sum ? sum : tw_fail(net->cx, TW_EARG, op, at, "no parameter to train matches \"%s\"", pattern ? pattern : "*");
}

tw_node *tw_l2_penalty_at(const tw_loc *at, tw_net *net, const char *pattern)
{
    return tw_mul(0.5, total(at, "l2_penalty", net, pattern, square));
}

tw_node *tw_l1_penalty_at(const tw_loc *at, tw_net *net, const char *pattern)
{
    return total(at, "l1_penalty", net, pattern, magnitude);
}
