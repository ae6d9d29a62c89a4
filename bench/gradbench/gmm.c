/* gmm.c - the log-likelihood of a Gaussian mixture with a Wishart prior.
 *
 *     inner[i, k] = alpha[k] + sum(q[k]) - |Q_k (x_i - mu_k)|^2 / 2,    Q_k = diag(exp(q_k)) + L_k
 *
 * L_k is strictly below the diagonal, given column by column. Q_k x_i for all i and k is one product, x [n, d] by
 * [d, k d], from which Q_k mu_k is taken.
 */
#include "bench/gradbench/gradbench.h"

#include <math.h>
#include <stdlib.h>

enum { ALPHA, MU, Q, L, X, PLACE };
enum { M };

/* Where in l, followed by a zero, the elements of L are: [d, d]. */
static tw_node *places(job *j, int64_t d)
{
    const int64_t zero = d * (d - 1) / 2;
    int64_t *at = malloc((size_t)(d * d) * sizeof *at);
    if (!at) return fault(j, "no memory"), NULL;
    int64_t next = 0;
    for (int64_t i = 0; i < d * d; i++) at[i] = zero;
    for (int64_t column = 0; column < d; column++)
        for (int64_t row = column + 1; row < d; row++) at[row * d + column] = next++;
    tw_node *y = tw_data(j->cx, TW_I64, TW_SHAPE(d, d), at);
    free(at);
    return y;
}

static void read_input(job *j)
{
    const int64_t d = integer(j, "d"), k = integer(j, "k"), below = d * (d - 1) / 2;
    j->size[M] = integer(j, "m");
    j->in[ALPHA] = numbers(j, "alpha");
    j->in[MU] = numbers(j, "mu");
    j->in[Q] = numbers(j, "q");
    j->in[L] = numbers(j, "l");
    j->in[X] = numbers(j, "x");
    if (d < 1 || d > 10000) fault(j, "d is %lld", (long long)d);
    if (*j->error) return;
    if (tw_count(j->in[L]) != k * below) fault(j, "l has %lld elements, not %lld", (long long)tw_count(j->in[L]), (long long)(k * below));
    else j->in[L] = tw_reshape(j->in[L], TW_SHAPE(k, below));
    j->in[PLACE] = places(j, d);
}

static double log_gamma_distrib(double a, int64_t p)
{
    double y = 0.25 * (double)(p * (p - 1)) * log(3.14159265358979323846);
    for (int64_t i = 1; i <= p; i++) y += lgamma(a + 0.5 * (double)(1 - i));
    return y;
}

static tw_node *log_prior(const job *j, double gamma)
{
    const int64_t k = tw_dim(j->in[MU], 0), d = tw_dim(j->in[MU], 1), n = d + j->size[M] + 1;
    const double c = (double)(n * d) * (log(gamma) - 0.5 * log(2)) - log_gamma_distrib(0.5 * (double)n, d);
    tw_node *squares = tw_add(tw_sum(tw_square(tw_exp(j->in[Q]))), tw_sum(tw_square(j->in[L])));
    tw_node *rest = tw_sub(tw_mul(0.5 * gamma * gamma, squares), tw_mul((double)j->size[M], tw_sum(j->in[Q])));
    return tw_sub((double)k * c, rest);
}

/* Q_k for all k: [k, d, d]. */
static tw_node *factors(const job *j)
{
    tw_node *l = tw_pad(j->in[L], .after = { 0, 1 });
    tw_node *below = tw_take(l, j->in[PLACE], .axis = 1);
    const int64_t k = tw_dim(j->in[Q], 0), d = tw_dim(j->in[Q], 1);
    tw_node *one = tw_one_hot(tw_arange(j->cx, d), d);
    return tw_add(below, tw_mul(one, tw_reshape(tw_exp(j->in[Q]), TW_SHAPE(k, 1, d))));
}

static tw_node *log_likelihood(const job *j)
{
    const int64_t n = tw_dim(j->in[X], 0), k = tw_dim(j->in[MU], 0), d = tw_dim(j->in[MU], 1);
    tw_node *q = factors(j);
    tw_node *qx = tw_matmul(j->in[X], tw_reshape(q, TW_SHAPE(k * d, d)), .transpose_b = true);
    tw_node *qmu = tw_matmul(q, tw_reshape(j->in[MU], TW_SHAPE(k, d, 1)));
    tw_node *away = tw_reshape(tw_sub(qx, tw_reshape(qmu, TW_SHAPE(k * d))), TW_SHAPE(n, k, d));
    tw_node *offset = tw_add(j->in[ALPHA], tw_sum(j->in[Q], .axes = TW_AXES(1)));
    tw_node *inner = tw_sub(offset, tw_mul(0.5, tw_sum(tw_square(away), .axes = TW_AXES(2))));
    tw_node *sum = tw_sub(tw_sum(tw_logsumexp(inner, .axes = TW_AXES(1))), tw_mul((double)n, tw_logsumexp(j->in[ALPHA])));
    return tw_sub(sum, 0.5 * (double)(n * d) * log(2 * 3.14159265358979323846));
}

static tw_node *value(job *j) { return tw_add(log_likelihood(j), log_prior(j, number(j, "gamma"))); }

static void objective_of(job *j) { answer(j, NULL, value(j)); }

static void jacobian(job *j)
{
    tw_node *g[4];
    tw_grads(value(j), 4, j->in, g);
    answer(j, "alpha", g[ALPHA]);
    answer(j, "mu", g[MU]);
    answer(j, "q", g[Q]);
    answer(j, "l", g[L]);
}

static json_t *sample(void)
{
    enum { d = 10, k = 25, n = 1000 };
    return json_pack("{s:i, s:i, s:i, s:o, s:i, s:f, s:o, s:o, s:o, s:o}", "d", d, "k", k, "n", n, "x", DRAWN(NORMAL, n, d), "m", 0,
                     "gamma", 1.0, "alpha", DRAWN(NORMAL, k), "mu", DRAWN(UNIFORM, k, d), "q", DRAWN(NORMAL, k, d),
                     "l", DRAWN(NORMAL, k, d * (d - 1) / 2));
}

const evaluation gmm_evaluation = {
    .name = "gmm", .read = read_input, .sample = sample,
    .functions = (const function[]){ { .name = "objective", .run = objective_of }, { .name = "jacobian", .run = jacobian }, { 0 } },
};
