/* init_more.c - first values that take more than one draw: truncated, orthogonal.
 *
 * Truncated normal numbers are drawn again while they lie beyond two standard deviations, six times; then one in 10^8
 * would be left, and is cut off. Variances are those of the numbers kept: the deviation before is 1 / 0.8796 of it, as
 * in Keras and JAX.
 * Orthogonal (Saxe et al. 2014): the rows or columns, whichever are shorter, of a normal matrix, made orthonormal one after
 * the other; each is done twice, which is as good as a factorisation, and uniform over all such matrices.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include <math.h>

static tw_node *truncated(const tw_loc *at, const tw_init_request *r, double std)
{
    tw_node *z = tw_normal(r->cx, r->shape, .key = r->key);
    for (uint64_t round = 1; round <= 6; round++)
        z = tw_where(tw_greater(tw_abs(z), 2), tw_normal(r->cx, r->shape, .key = r->key ^ round << 48), z);
    return tw_mul(std / 0.87962566103423978, tw_clip(z, -2, 2));
}

static tw_node *draw_truncated(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    return truncated(at, r, init->value);
}

static tw_node *draw_lecun_normal(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    (void)init;
    return truncated(at, r, sqrt(tw__variance(1, (double)r->fan_in)));
}

static tw_node *draw_lecun_uniform(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    (void)init;
    const double a = sqrt(3 * tw__variance(1, (double)r->fan_in));
    return tw_uniform(r->cx, r->shape, .low = -a, .high = a, .key = r->key);
}

static tw_node *draw_uniform(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    return tw_uniform(r->cx, r->shape, .low = -init->value, .high = init->value, .key = r->key);
}

/* ---- orthogonal */

/* Vector k of a set, whose elements are a stride apart. */
typedef struct set { double *v; int64_t n, length, from, stride; } set;

static double product(const set *s, int64_t a, int64_t b)
{
    double sum = 0;
    for (int64_t i = 0; i < s->length; i++) sum += s->v[a * s->from + i * s->stride] * s->v[b * s->from + i * s->stride];
    return sum;
}

static void subtract(const set *s, int64_t a, double times, int64_t b)
{
    for (int64_t i = 0; i < s->length; i++) s->v[a * s->from + i * s->stride] -= times * s->v[b * s->from + i * s->stride];
}

static void orthonormalise(const set *s, double gain)
{
    for (int64_t k = 0; k < s->n; k++) {
        for (int twice = 0; twice < 2; twice++)
            for (int64_t j = 0; j < k; j++) subtract(s, k, product(s, k, j), j);
        const double norm = sqrt(product(s, k, k));
        if (norm > 0) subtract(s, k, 1 - 1 / norm, k);
    }
    for (int64_t i = 0; i < s->n * s->length; i++) s->v[i] *= gain;
}

static tw_node *draw_orthogonal(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    const int n = r->shape.n;
    const int64_t columns = n ? r->shape.at[n - 1] : 1;
    tw_node *z = tw_normal(r->cx, r->shape, .dtype = TW_F64, .key = r->key);
    const int64_t count = tw_count(z), rows = columns ? count / columns : 0;
    const size_t size = (size_t)(count + 1) * sizeof(double);
    double *v = tw_resize(r->cx, NULL, 0, size);
    if (!v) return tw_nil(r->cx);
    tw_node *w = tw_nil(r->cx);
    if (tw_copy(z, v, (size_t)count * sizeof *v)) {
        const bool wide = columns > rows;
        orthonormalise(&(set){ v, wide ? rows : columns, wide ? columns : rows, wide ? columns : 1, wide ? 1 : columns }, init->value);
        w = tw_cast(tw_data(r->cx, TW_F64, r->shape, v), tw_default_dtype(r->cx));
    }
    tw_resize(r->cx, v, size, 0);
    return w;
}

const tw_init tw_lecun_uniform = { .draw = draw_lecun_uniform };
const tw_init tw_lecun_normal  = { .draw = draw_lecun_normal };
const tw_init tw_orthogonal    = { .draw = draw_orthogonal, .value = 1 };

tw_init tw_orthogonal_init(double gain)      { return (tw_init){ .draw = draw_orthogonal, .value = gain }; }
tw_init tw_uniform_init(double limit)        { return (tw_init){ .draw = draw_uniform, .value = limit }; }
tw_init tw_truncated_normal_init(double std) { return (tw_init){ .draw = draw_truncated, .value = std }; }
