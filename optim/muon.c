/* muon.c - the momentum of a matrix, made nearly orthogonal (Jordan et al. 2024; as optax.contrib.muon).
 *
 *     m <- m + (1 - momentum) (g - m)
 *     x = momentum m / (1 - momentum^(t+1)) + (1 - momentum) g / (1 - momentum^t),   x / |x|
 *     five times  x <- a x + (b A + c A^2) x,  A = x x^T            (Newton and Schulz: singular values towards 1)
 *     w <- (1 - lr weight_decay) w - lr sqrt(max(1, columns / rows)) x
 *
 * The polynomial is odd, so it acts on the singular values alone; its numbers make small ones grow fast, at
 * the price of ending between 0.7 and 1.2. It is the same for x^T, so A is as small as it can be. Vectors, which have no
 * singular values to speak of, are left to Adam, which looks ahead as the matrices' momentum does.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"
#include <math.h>

enum { ITERATIONS = 5 };

static int moments(const tw__numbers *o, const tw_node *w)
{
    (void)o;
    return tw_rank(w) < 2 ? 2 : 1;
}

static tw_node *orthogonal(const tw_loc *at, tw_node *x, double epsilon)
{
    const bool tall = tw_dim(x, 0) > tw_dim(x, 1);
    if (tall) x = tw_transpose(x);
    x = tw_div(x, tw_add(tw_sqrt(tw_sum(tw_square(x))), tw__slot(epsilon)));
    for (int i = 0; i < ITERATIONS; i++) {
        tw_node *a = tw_matmul(x, x, .transpose_b = true);
        tw_node *b = tw_add(tw_mul(-4.7750, a), tw_mul(2.0315, tw_matmul(a, a)));
        x = tw_add(tw_mul(3.4445, x), tw_matmul(b, x));
    }
    return tall ? tw_transpose(x) : x;
}

/* The momentum as it will be, corrected for its start at 0: both of its terms by their own age. */
static tw_node *ahead(const tw_loc *at, tw_node *m, tw_node *g, double beta, double t)
{
    return tw_add(tw_mul(tw__slot(beta / (1 - pow(beta, t + 1))), m), tw_mul(tw__slot((1 - beta) / (1 - pow(beta, t))), g));
}

static tw_node *of_vector(const tw_loc *at, const tw__turn *u)
{
    const tw__numbers *o = u->o;
    const double t = (double)u->t;
    tw_node *m = tw__moved(at, u->m[0], u->g, o->beta1), *v = tw__moved(at, u->m[1], tw_square(u->g), o->beta2);
    tw_assign(u->m[0], m);
    tw_assign(u->m[1], v);
    tw_node *step = tw_div(ahead(at, m, u->g, o->beta1, t), tw__root(at, v, sqrt(1 - pow(o->beta2, t)), o->epsilon));
    return tw_sub(u->w, tw_mul(tw__slot(u->lr), step));
}

static tw_node *next(const tw_loc *at, const tw__turn *u)
{
    if (tw_rank(u->w) < 2) return of_vector(at, u);
    const tw__numbers *o = u->o;
    tw_node *m = tw__moved(at, u->m[0], u->g, o->momentum);
    tw_assign(u->m[0], m);

    const int64_t columns = tw_dim(u->w, -1), rows = columns ? tw_count(u->w) / columns : 0;
    tw_node *x = tw_reshape(ahead(at, m, u->g, o->momentum, (double)u->t), TW_SHAPE(rows, columns));
    const double scale = sqrt(fmax(1, (double)columns / (double)rows));
    x = tw_reshape(orthogonal(at, x, o->epsilon), tw_shape_of(u->w));
    return tw_sub(tw__decayed(at, u), tw_mul(tw__slot(u->lr * scale), x));
}

static const tw__update muon = { .name = "muon", .moments = moments, .next = next };

tw_opt *tw_muon_at(const tw_loc *at, tw_net *net, const tw_muon_args *o)
{
    TW_OPTIONS(tw_muon_args, o);
    return tw__opt_new(at, net, &muon, o, 1e-3, (tw__numbers){
        .momentum = tw__rate_or(o->momentum, 0.95), .beta1 = tw__rate_or(o->beta1, 0.9), .beta2 = tw__rate_or(o->beta2, 0.999),
        .epsilon = tw__rate_or(o->epsilon, 1e-8),
    });
}
