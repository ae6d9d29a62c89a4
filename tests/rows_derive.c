/* rows_derive.c - rows of matrices of derivatives, and of functions that are given memory: see rows.h. */
#include "tests/rows.h"
#include "tests/slow.h"

/* ---- jacobian, hessian: of y_i = x_i^2 x_(i+1), cyclic; p: mode, chunk ------------------- */

static tw_node *cyclic(tw_node *x)
{
    const int64_t n = tw_dim(x, 0);
    tw_node *next = n > 1 ? tw_concat(2, ((tw_node *[]){ tw_slice(x, .start = { 1 }), tw_slice(x, .size = { 1 }) })) : x;
    return tw_mul(tw_square(x), next);
}

BUILD(b_jacobian, tw_jacobian(cyclic(x[0]), x[0], .mode = (tw_mode)r->p[0], .chunk = r->p[1]))
static arr r_jacobian(const row *r, const arr *x)
{
    (void)r;
    const int64_t n = x->count;
    arr j = arr_new(2, (int64_t[]){ n, n });
    for (int64_t i = 0; i < n; i++) {
        j.v[i * n + i] += 2 * x->v[i] * x->v[(i + 1) % n];
        j.v[i * n + (i + 1) % n] += x->v[i] * x->v[i];
    }
    return j;
}

BUILD(b_hessian, tw_hessian(tw_sum(cyclic(x[0])), x[0], .mode = (tw_mode)r->p[0], .chunk = r->p[1]))
static arr r_hessian(const row *r, const arr *x)
{
    (void)r;
    const int64_t n = x->count;
    arr h = arr_new(2, (int64_t[]){ n, n });
    for (int64_t i = 0; i < n; i++) {
        const int64_t k = (i + 1) % n;
        h.v[i * n + i] += 2 * x->v[k];
        h.v[i * n + k] += 2 * x->v[i];
        h.v[k * n + i] += 2 * x->v[i];
    }
    return h;
}

/* ---- extern: y = A x + B z, linear; and y = x * x, whose jvp is its own ------------------ */

static double at(const tw_array *a, int64_t i) { return a->dtype == TW_F64 ? ((const double *)a->data)[i] : (double)((const float *)a->data)[i]; }
static void set(const tw_array *a, int64_t i, double v)
{
    if (a->dtype == TW_F64) ((double *)a->data)[i] = v;
    else ((float *)a->data)[i] = (float)v;
}

static double weight(int which, int64_t i, int64_t j) { return which ? 0.25 * (double)(i + 2 * j) - 1 : (double)(1 + i) - 0.5 * (double)j; }

static int mix(const tw_extern_call *c)
{
    for (int64_t i = 0; i < c->y.count; i++) {
        double sum = 0;
        for (int k = 0; k < c->n; k++)
            for (int64_t j = 0; j < c->in[k].count; j++) sum += weight(k, i, j) * at(&c->in[k], j);
        set(&c->y, i, sum);
    }
    return 0;
}

static int mix_transposed(const tw_extern_call *c)
{
    for (int k = 0; k < c->n; k++)
        for (int64_t j = 0; j < c->gx[k].count && c->gx[k].data; j++) {
            double sum = 0;
            for (int64_t i = 0; i < c->gy.count; i++) sum += weight(k, i, j) * at(&c->gy, i);
            set(&c->gx[k], j, sum);
        }
    return 0;
}

static int squares(const tw_extern_call *c)
{
    for (int64_t i = 0; i < c->y.count; i++) set(&c->y, i, at(&c->in[0], i) * at(&c->in[0], i));
    return 0;
}
static int squares_transposed(const tw_extern_call *c)
{
    for (int64_t i = 0; i < c->y.count; i++) set(&c->gx[0], i, 2 * at(&c->in[0], i) * at(&c->gy, i));
    return 0;
}
static int squares_along(const tw_extern_call *c)
{
    for (int64_t i = 0; i < c->y.count; i++) set(&c->ty, i, 2 * at(&c->in[0], i) * at(&c->t[0], i));
    return 0;
}

static tw_node *mixed(tw_ctx *cx, tw_node *x, tw_node *z)
{
    return tw_extern(cx, .name = "mix", .in = { x, z }, .out = TW_SHAPE(2), .forward = mix, .vjp = mix_transposed, .linear = true);
}

BUILD(b_extern, mixed(cx, x[0], x[1]))
static arr r_extern(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_new(1, (int64_t[]){ 2 });
    for (int64_t i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++)
            for (int64_t j = 0; j < x[k].count; j++) y.v[i] += weight(k, i, j) * x[k].v[j];
    return y;
}

static tw_node *b_extern_vjp(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)r;
    tw_node *y = mixed(cx, x[0], NULL), *g = NULL;
    tw_vjp(1, &y, &x[1], 1, &x[0], &g);
    return g;
}
static arr r_extern_vjp(const row *r, const arr *x)
{
    (void)r;
    arr g = arr_like(&x[0]);
    for (int64_t j = 0; j < g.count; j++)
        for (int64_t i = 0; i < 2; i++) g.v[j] += weight(0, i, j) * x[1].v[i];
    return g;
}

static tw_node *b_extern_jvp(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)r;
    tw_node *at = tw_data(cx, TW_F64, TW_SHAPE(3), ((double[]){ 1, -2, 0.5 }));
    at = tw_cast(at, tw_dtype_of(x[0]));
    tw_node *y = tw_extern(cx, .name = "squares", .in = { at }, .out = TW_SHAPE(3), .forward = squares, .vjp = squares_transposed, .jvp = squares_along);
    return tw_jvp(y, 1, &at, &x[0]);
}
static arr r_extern_jvp(const row *r, const arr *x)
{
    (void)r;
    arr t = arr_like(&x[0]);
    const double at[3] = { 1, -2, 0.5 };
    for (int64_t i = 0; i < t.count; i++) t.v[i] = 2 * at[i] * x[0].v[i];
    return t;
}

/* ---- implicit: x^3 + x = theta + p, elementwise but for a coupling by the sum of x ------------------ */

static tw_node *equation(tw_node *x, tw_node *theta)
{
    return tw_sub(tw_add(tw_add(tw_mul(tw_square(x), x), tw_mul(2, x)), tw_mul(0.1, tw_sum(x))), theta);
}

/* Newton's method without derivatives of the coupling: it converges all the same. */
static tw_node *root(tw_node *theta)
{
    tw_node *x = tw_mul(0.4, theta);
    for (int i = 0; i < 18; i++) x = tw_sub(x, tw_div(equation(x, theta), tw_add(2.1, tw_mul(3, tw_square(x)))));
    return tw_stop_grad(x);
}

static void root_in_c(const arr *theta, double *x)
{
    for (int64_t k = 0; k < theta->count; k++) x[k] = 0.4 * theta->v[k];
    for (int i = 0; i < 80; i++) {
        double sum = 0;
        for (int64_t k = 0; k < theta->count; k++) sum += x[k];
        for (int64_t k = 0; k < theta->count; k++)
            x[k] -= (x[k] * x[k] * x[k] + 2 * x[k] + 0.1 * sum - theta->v[k]) / (2.1 + 3 * x[k] * x[k]);
    }
}

static tw_node *b_solution(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)r, (void)cx;
    tw_node *s = root(x[0]);
    return tw_solution(s, equation(s, x[0]));
}
static arr r_solution(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_like(&x[0]);
    root_in_c(&x[0], y.v);
    return y;
}

/* (D + 0.1 1 1')^-1 by Sherman and Morrison. */
static tw_node *b_implicit(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)r, (void)cx;
    tw_node *s = root(x[0]);
    return tw_implicit(s, equation(s, x[0]), x[0]);
}
static arr r_implicit(const row *r, const arr *x)
{
    (void)r;
    const int64_t n = x[0].count;
    arr j = arr_new(2, (int64_t[]){ n, n });
    double s[16], sum = 0;
    root_in_c(&x[0], s);
    for (int64_t k = 0; k < n; k++) s[k] = 1 / (2 + 3 * s[k] * s[k]), sum += s[k];
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < n; k++) j.v[i * n + k] = (i == k ? s[i] : 0) - 0.1 * s[i] * s[k] / (1 + 0.1 * sum);
    return j;
}

static tw_node *b_linear_solve(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)r;
    tw_node *in[] = { tw_add(x[0], tw_mul(3, tw_one_hot(tw_arange(cx, 3), 3, .dtype = tw_dtype_of(x[0])))), x[1] };
    return tw_apply_at(TW_HERE, tw_op_find(cx, "linear_solve"), 2, in);
}
static arr r_linear_solve(const row *r, const arr *x)
{
    (void)r;
    const int64_t m = x[1].at[1];
    arr y = arr_like(&x[1]);
    double a[9];
    for (int k = 0; k < 9; k++) a[k] = x[0].v[k] + (k % 4 == 0 ? 3 : 0);
    const double det = a[0] * (a[4] * a[8] - a[5] * a[7]) - a[1] * (a[3] * a[8] - a[5] * a[6]) + a[2] * (a[3] * a[7] - a[4] * a[6]);
    for (int i = 0; i < 3; i++)
        for (int64_t k = 0; k < m; k++)
            for (int j = 0; j < 3; j++) {       /* Cramer: the cofactor of row j, column i */
                const int p = (j + 1) % 3, q = (j + 2) % 3, s = (i + 1) % 3, t = (i + 2) % 3;
                y.v[i * m + k] += (a[3 * p + s] * a[3 * q + t] - a[3 * p + t] * a[3 * q + s]) / det * x[1].v[j * m + k];
            }
    return y;
}

/* The pattern of cyclic, and one element that is 0. */
static const int64_t sparse_rows[] = { 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 0 }, sparse_cols[] = { 0, 1, 1, 2, 2, 3, 3, 4, 4, 0, 3 };
BUILD(b_jacobian_sparse, tw_jacobian_sparse(cyclic(x[0]), x[0], .n = 11, .rows = sparse_rows, .cols = sparse_cols, .mode = (tw_mode)r->p[0]))
static arr r_jacobian_sparse(const row *r, const arr *x)
{
    const arr j = r_jacobian(r, x);
    arr v = arr_new(1, (int64_t[]){ 11 });
    for (int k = 0; k < 11; k++) v.v[k] = j.v[5 * sparse_rows[k] + sparse_cols[k]];
    return v;
}

const row rows_derive[] = {
    { "sparse_check", "a pattern that is one", { REAL(5) }, IS(jacobian_sparse) },
    { "jacobian_sparse", "whichever is cheaper", { REAL(5) }, IS(jacobian_sparse) },
    { "jacobian_sparse", "forward", { REAL(5) }, IS(jacobian_sparse), .p = { TW_FORWARD } },
    { "jacobian_sparse", "reverse", { REAL(5) }, IS(jacobian_sparse), .p = { TW_REVERSE } },
    { "solution", "of a cubic", { REAL(3) }, IS(solution), .tol = 64 },
    { "implicit", "of a cubic", { REAL(3) }, IS(implicit), .tol = 64 },
    { "linear_solve", "2 columns", { IN(-1, 1, 3, 3), REAL(3, 2) }, IS(linear_solve), .tol = 64 },
    { "jacobian", "whichever is cheaper", { REAL(4) }, IS(jacobian) },
    { "jacobian", "forward", { REAL(4) }, IS(jacobian), .p = { TW_FORWARD } },
    { "jacobian", "reverse, two at once", { REAL(5) }, IS(jacobian), .p = { TW_REVERSE, 2 } },
    { "jacobian", "forward, three at once", { REAL(5) }, IS(jacobian), .p = { TW_FORWARD, 3 } },
    { "jacobian", "of one", { REAL(1) }, IS(jacobian) },
    { "hessian", "forward over reverse", { REAL(4) }, IS(hessian) },
    { "hessian", "reverse over reverse, one at a time", { REAL(3) }, IS(hessian), .p = { TW_REVERSE, 1 } },
    { "extern", "linear, two inputs", { REAL(3), REAL(2) }, IS(extern) },
    { "extern_vjp", "of one input", { REAL(3), REAL(2) }, IS(extern_vjp) },
    { "extern_jvp", "of squares", { REAL(3) }, IS(extern_jvp) },
};
const int n_rows_derive = sizeof rows_derive / sizeof *rows_derive;
