/* naive.c - the value of a graph, node after node: see naive.h.
 *
 * Ids are a topological order, so the nodes behind y, sorted by id, are computed in one pass. An
 * operation's attributes are read as ops/kernel/attrs.h and kernels.def describe them.
 */
#include "tests/naive.h"
#include "tests/slow.h"
#include "ops/kernel/attrs.h"

typedef naive_fn rule;

static double sign_of(double a)    { return a > 0 ? 1 : a < 0 ? -1 : a; }
static double neg_of(double a)     { return -a; }
static double rsqrt_of(double a)   { return 1 / sqrt(a); }
static double recip_of(double a)   { return 1 / a; }
static double square_of(double a)  { return a * a; }
static double sigmoid_of(double a) { return 1 / (1 + exp(-a)); }
static double relu_of(double a)    { return a > 0 ? a : a < 0 ? 0 : a; }
static double not_of(double a)     { return a == 0; }

static double add_of(double a, double b) { return a + b; }
static double sub_of(double a, double b) { return a - b; }
static double mul_of(double a, double b) { return a * b; }
static double div_of(double a, double b) { return a / b; }
static double max_of(double a, double b) { return a > b || isnan(a) ? a : b; }
static double min_of(double a, double b) { return a < b || isnan(a) ? a : b; }
static double equal_of(double a, double b)      { return a == b; }
static double not_equal_of(double a, double b)  { return a != b; }
static double less_of(double a, double b)       { return a < b; }
static double less_equal_of(double a, double b) { return a <= b; }
static double and_of(double a, double b) { return a != 0 && b != 0; }
static double or_of(double a, double b)  { return a != 0 || b != 0; }

#define ONE(name, f) static arr n_##name(const tw_node *y, const arr *x) { (void)y; return slow_map1(&x[0], f); }
#define TWO(name, f) static arr n_##name(const tw_node *y, const arr *x) { (void)y; return slow_map2(&x[0], &x[1], f); }
#define IS(name, expr) static arr n_##name(const tw_node *y, const arr *x) { (void)y; return expr; }

ONE(neg, neg_of)       ONE(abs, fabs)     ONE(sign, sign_of)   ONE(exp, exp)         ONE(expm1, expm1)
ONE(log, log)          ONE(log1p, log1p)  ONE(sqrt, sqrt)      ONE(rsqrt, rsqrt_of)  ONE(recip, recip_of)
ONE(square, square_of) ONE(sin, sin)      ONE(cos, cos)        ONE(tanh, tanh)       ONE(sigmoid, sigmoid_of)
ONE(erf, erf)          ONE(relu, relu_of) ONE(round, nearbyint) ONE(floor, floor)    ONE(logical_not, not_of)
TWO(add, add_of)       TWO(sub, sub_of)   TWO(mul, mul_of)     TWO(div, div_of)      TWO(pow, pow)
TWO(maximum, max_of)   TWO(minimum, min_of) TWO(equal, equal_of) TWO(not_equal, not_equal_of)
TWO(less, less_of)     TWO(less_equal, less_equal_of) TWO(logical_and, and_of) TWO(logical_or, or_of)

IS(where, slow_where(&x[0], &x[1], &x[2]))
IS(same, x[0])
IS(reshape, slow_reshape(&x[0], y->shape->n, y->shape->at))
IS(broadcast_to, slow_broadcast(&x[0], y->shape->n, y->shape->at))
IS(sum_to, slow_sum_to(&x[0], y->shape->n, y->shape->at))
IS(concat, slow_concat(y->n_in, x, *(const int32_t *)tw_attr(y)))
IS(argmax, slow_argmax(&x[0], *(const int32_t *)tw_attr(y)))
IS(gather, slow_gather(&x[0], &x[1], *(const int32_t *)tw_attr(y)))
IS(scatter_add, slow_scatter_add(&x[0], &x[1], &x[2], *(const int32_t *)tw_attr(y)))

static arr n_powi(const tw_node *y, const arr *x)
{
    arr r = arr_like(&x[0]);
    for (int64_t k = 0; k < r.count; k++) r.v[k] = pow(x[0].v[k], (double)*(const int64_t *)tw_attr(y));
    return r;
}

static arr n_cast(const tw_node *y, const arr *x)
{
    return arr_rounded(&x[0], (tw_dtype)y->dtype);      /* whose booleans are 0 and 1 */
}

static arr n_permute(const tw_node *y, const arr *x)
{
    const uint8_t *axes = tw_attr(y);
    int a[8];
    for (int d = 0; d < x[0].n; d++) a[d] = axes[d];
    return slow_permute(&x[0], a);
}

static arr n_slice(const tw_node *y, const arr *x)
{
    const int32_t *step = tw_attr(y);
    int64_t by[8];
    for (int d = 0; d < 8; d++) by[d] = step[d];
    return slow_slice(&x[0], tw_slot(y), y->shape->at, by);
}

static arr n_pad(const tw_node *y, const arr *x)
{
    const tw_pad_attr *a = tw_attr(y);
    int64_t by[8];
    for (int d = 0; d < 8; d++) by[d] = a->step[d];
    return slow_pad(&x[0], tw_slot(y), y->shape->at, by, a->value);
}

static arr reduced(const tw_node *y, const arr *x, char how)
{
    const tw_reduce_attr *a = tw_attr(y);
    return slow_reduce(&x[0], a->axes, a->keep_dims, how);
}
IS(sum, reduced(y, x, '+'))
IS(sum_bool, reduced(y, x, '+'))
IS(prod, reduced(y, x, '*'))
IS(max, reduced(y, x, 'M'))
IS(min, reduced(y, x, 'm'))

static arr n_matmul(const tw_node *y, const arr *x)
{
    const tw_matmul_attr *a = tw_attr(y);
    return slow_matmul(&x[0], &x[1], a->transpose_a, a->transpose_b);
}

/* Triples of attributes hold the spatial axes at their end. */
static slow_window window_of(const tw_window *w, int axes)
{
    slow_window o = { .groups = 1 };
    for (int d = 0; d < axes; d++) {
        const int k = 3 - axes + d;
        o.stride[d] = w->stride[k], o.dilation[d] = w->dilation[k], o.before[d] = w->before[k], o.after[d] = w->after[k];
    }
    return o;
}

static slow_window conv_window(const tw_node *y)
{
    const tw_conv_attr *a = tw_attr(y);
    slow_window o = window_of(&a->at, y->shape->n - 2);
    o.groups = a->groups;
    return o;
}

static arr n_conv(const tw_node *y, const arr *x)
{
    const slow_window o = conv_window(y);
    return slow_conv(&x[0], &x[1], &o);
}
static arr n_conv_x(const tw_node *y, const arr *x)
{
    const slow_window o = conv_window(y);
    const arr like = arr_new(y->shape->n, y->shape->at);
    return slow_conv_x(&x[0], &x[1], &o, &like);
}
static arr n_conv_w(const tw_node *y, const arr *x)
{
    const slow_window o = conv_window(y);
    const arr like = arr_new(y->shape->n, y->shape->at);
    return slow_conv_w(&x[0], &x[1], &o, &like);
}

static slow_window axes_window(const tw_node *y, int axes)
{
    const tw_pool_attr *a = tw_attr(y);
    slow_window o = window_of(&a->at, axes);
    for (int d = 0; d < axes; d++) o.size[d] = a->window[3 - axes + d];
    return o;
}

static slow_window pool_window(const tw_node *y) { return axes_window(y, y->shape->n - 2); }

static arr n_max_pool(const tw_node *y, const arr *x)
{
    const slow_window o = pool_window(y);
    return slow_pool(&x[0], &o, 'M');
}
static arr n_sum_pool(const tw_node *y, const arr *x)
{
    const slow_window o = pool_window(y);
    return slow_pool(&x[0], &o, '+');
}
static arr n_max_pool_x(const tw_node *y, const arr *x)
{
    const slow_window o = pool_window(y);
    return slow_max_pool_x(&x[0], &x[1], &x[2], &o);
}
static arr n_max_pool_y(const tw_node *y, const arr *x)
{
    const slow_window o = pool_window(y);
    return slow_max_pool_y(&x[0], &x[1], &x[2], &o);
}
static arr n_sum_pool_x(const tw_node *y, const arr *x)
{
    const slow_window o = pool_window(y);
    const arr like = arr_new(y->shape->n, y->shape->at);
    return slow_sum_pool_x(&x[0], &o, &like);
}

/* A function of the program's is its own reference: its kernel, on doubles. */
static arr n_opaque(const tw_node *y, const arr *x)
{
    arr r = arr_new(y->shape->n, y->shape->at);
    tw_view in[16], out = { .data = r.v, .shape = y->shape, .dtype = TW_F64 };
    for (int k = 0; k < y->n_in; k++) in[k] = (tw_view){ .data = x[k].v, .shape = tw_inputs(y)[k]->shape, .dtype = TW_F64 };
    double scratch[256];
    tw_call c = { .scratch = scratch, .in = in, .out = &out, .n_in = y->n_in, .n_out = 1, .attr = tw_attr(y), .slot = tw_slot(y), .hi = 1 };
    if (y->op->kernel(&c) >= 0) ck_abort_msg("%s failed", y->op->name);
    return r;
}

static arr n_window(const tw_node *y, const arr *x)
{
    const slow_window o = axes_window(y, x[0].n - 2);
    return slow_unfold(&x[0], &o);
}
static arr n_window_add(const tw_node *y, const arr *x)
{
    const slow_window o = axes_window(y, y->shape->n - 2);
    const arr like = arr_new(y->shape->n, y->shape->at);
    return slow_fold(&x[0], &o, &like);
}

#define R(name) { #name, n_##name }
static const naive_rule rules[] = {
    R(neg), R(abs), R(sign), R(exp), R(expm1), R(log), R(log1p), R(sqrt), R(rsqrt), R(recip), R(square), R(sin), R(cos),
    R(tanh), R(sigmoid), R(erf), R(relu), R(round), R(floor), R(logical_not), R(add), R(sub), R(mul), R(div), R(pow),
    R(powi), R(maximum), R(minimum), R(equal), R(not_equal), R(less), R(less_equal), R(logical_and), R(logical_or),
    R(where), R(cast), R(reshape), R(permute), R(broadcast_to), R(sum_to), R(slice), R(pad), R(concat), R(sum), R(sum_bool),
    R(prod), R(max), R(min), R(argmax), R(matmul), R(conv), R(conv_x), R(conv_w), R(max_pool), R(max_pool_x),
    R(max_pool_y), R(sum_pool), R(sum_pool_x), R(gather), R(scatter_add),
    R(window), R(window_add),
    { "extern", n_opaque }, { "extern_vjp", n_opaque }, { "extern_jvp", n_opaque },
    { "stop_grad", n_same }, { "custom", n_same }, { "keep", n_same },
    { "checkpoint", n_same }, { "barrier", n_same }, { "linear_solve", n_opaque }, { "solution", n_same }, { "sparse_check", n_same },
    { NULL, NULL },
};

static const naive_rule *const parts[] = {
    rules,
    naive_index,
    naive_math,
    naive_matrix,
};

static rule rule_of(const char *op)
{
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
        for (const naive_rule *r = parts[p]; r->op; r++)
            if (!strcmp(r->op, op)) return r->f;
    return NULL;
}

bool naive_knows(const char *op) { return rule_of(op) != NULL; }

static int by_id(const void *a, const void *b)
{
    const tw_node *const *p = a, *const *q = b;
    return (*p)->id < (*q)->id ? -1 : (*p)->id > (*q)->id;
}

/* All nodes behind y, by id; the caller frees. */
static tw_node **reachable(tw_node *y, size_t *count)
{
    size_t n = 0, size = 64;
    tw_node **all = malloc(size * sizeof *all);
    char *seen = calloc((size_t)y->id + 1, 1);
    if (!all || !seen) abort();
    all[n++] = y, seen[y->id] = 1;
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < all[i]->n_in; k++) {
            tw_node *x = tw_inputs(all[i])[k];
            if (seen[x->id]) continue;
            seen[x->id] = 1;
            if (n == size && !(all = realloc(all, (size *= 2) * sizeof *all))) abort();
            all[n++] = x;
        }
    free(seen);
    qsort(all, n, sizeof *all, by_id);
    *count = n;
    return all;
}

arr naive(tw_node *y)
{
    size_t n;
    tw_node **all = reachable(y, &n);
    arr *value = calloc((size_t)y->id + 1, sizeof *value);
    if (!value) abort();
    for (size_t i = 0; i < n; i++) {
        const tw_node *v = all[i];
        if (v->op->traits & (TW_LEAF | TW_RANDOM)) {     /* nobody else has these numbers */
            value[v->id] = arr_of(all[i]);
            continue;
        }
        const rule f = rule_of(v->op->name);
        if (!f) ck_abort_msg("the naive evaluator does not know %s", v->op->name);
        arr *in = calloc((size_t)v->n_in + 1, sizeof *in);
        for (int k = 0; k < v->n_in; k++) in[k] = value[tw_inputs(v)[k]->id];
        value[v->id] = f(v, in);
        free(in);
    }
    const arr r = value[y->id];
    free(value);
    free(all);
    return r;
}
