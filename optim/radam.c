/* radam.c - rectified Adam (Liu et al. 2020; as torch.optim.RAdam).
 *
 * The root of v is a bad estimate while it is a mean of few: r = 2 / (1 - beta2) - 1 is how many v is of in
 * the end, r_t = r - 2 t beta2^t / (1 - beta2^t) of how many after t steps. Up to r_t = 5 a step does without,
 *
 *     w <- w - lr m / (1 - beta1^t)
 *
 * and after that it is Adam's times sqrt((r_t - 4) (r_t - 2) r / ((r - 4) (r - 2) r_t)), epsilon being added to
 * the root of v before its correction.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"
#include <math.h>

static int moments(const tw__numbers *o, const tw_node *w)
{
    (void)o, (void)w;
    return 2;
}

static tw_node *next(const tw_loc *at, const tw__turn *u)
{
    const tw__numbers *o = u->o;
    const double t = (double)u->t, lr = u->lr / (1 - pow(o->beta1, t)), left = pow(o->beta2, t);
    const double r = 2 / (1 - o->beta2) - 1, now = r - 2 * t * left / (1 - left);

    tw_node *m = tw__moved(at, u->m[0], u->g, o->beta1), *v = tw__moved(at, u->m[1], tw_square(u->g), o->beta2);
    tw_assign(u->m[0], m);
    tw_assign(u->m[1], v);
    tw_node *w = tw__decayed(at, u);
    if (now <= 5) return tw_sub(w, tw_mul(tw__slot(lr), m));
    const double rectified = sqrt((now - 4) * (now - 2) * r / ((r - 4) * (r - 2) * now)) * sqrt(1 - left);
    return tw_sub(w, tw_mul(tw__slot(lr * rectified), tw_div(m, tw__root(at, v, 1, o->epsilon))));
}

static const tw__update radam = { .name = "radam", .moments = moments, .next = next };

tw_opt *tw_radam_at(const tw_loc *at, tw_net *net, const tw_radam_args *o)
{
    TW_OPTIONS(tw_radam_args, o);
    return tw__opt_new(at, net, &radam, o, 1e-3, (tw__numbers){
        .beta1 = tw__rate_or(o->beta1, 0.9), .beta2 = tw__rate_or(o->beta2, 0.999), .epsilon = tw__rate_or(o->epsilon, 1e-8),
    });
}
