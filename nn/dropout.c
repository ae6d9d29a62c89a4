/* dropout.c - zeros at random, against co-adaptation (Srivastava et al. 2014).
 *
 * The survivors are scaled by 1 / (1 - p) in training, so that inference is the identity.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include <math.h>

static tw_node *dropout(const tw__layer *l, tw_node *x, double given)
{
    const tw_loc *at = l->at;
    const double p = given == 0 ? (signbit(given) ? 0 : 0.5) : given;
    if (!(p >= 0 && p < 1)) return tw__layer_fail(l, TW_EARG, l->kind, "p is %g: at least 0 and below 1", p);
    if (!tw_is_float(x->dtype))
        return tw__layer_fail(l, TW_EDTYPE, l->kind, "x is %s, not floating", tw_dtype_name(tw_dtype_of(x)));
    if (!tw_net_is_training(l->net) || p == 0) return x;

    tw_node *u = tw_uniform(x->cx, tw_shape_of(x), .dtype = tw_dtype_of(x));
    return tw_where(tw_greater_equal(u, tw__slot(p)), tw_mul(x, tw__slot(1 / (1 - p))), 0.0);
}

tw_node *tw_nn_dropout_at(const tw_loc *at, tw_net *net, tw_node *x, const tw_nn_dropout_args *o)
{
    TW_OPTIONS(tw_nn_dropout_args, o);
    tw__layer l = tw__layer_enter(at, "dropout", net, NULL, &x);
    return tw__layer_leave(&l, l.ok ? dropout(&l, x, o->p) : NULL);
}
