/* check_bits.c - the same bits: what an element may depend on, and what it may not.
 *
 * Operation, attributes, dtypes, logical shape and instruction set make an element; strides, offsets,
 * alignment, plans, neighbours, threads and the caller's rounding mode do not.
 */
#include "tests/rig.h"
#include "tests/rows.h"
#include "tests/slow.h"
#include "core/vocab_impl.h"
#include "nn/nn.h"
#include <fenv.h>

/* ---- instruction sets ------------------------------------------------------------------ */

/* Floats as integers in their order: the distance is in units of the last place. */
static int64_t place_f32(double v)
{
    const float f = (float)v;
    int32_t i;
    memcpy(&i, &f, sizeof i);
    return i < 0 ? (int64_t)INT32_MIN - i : i;
}
static int64_t place_f64(double v)
{
    int64_t i;
    memcpy(&i, &v, sizeof i);
    return i < 0 ? INT64_MIN - i : i;
}
static double ulps(double a, double b, tw_dtype dtype)
{
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b) ? 0 : INF;
    if (dtype == TW_F32) return fabs((double)(place_f32(a) - place_f32(b)));
    const int64_t p = place_f64(a), q = place_f64(b);
    return (p < 0) == (q < 0) ? fabs((double)(p - q)) : fabs((double)p) + fabs((double)q);
}

typedef tw_node *(*one)(const tw_loc *at, tw_node *x);
typedef struct function {
    const char *name;
    one         f;
    long double (*exact)(long double);
    double      low, high;      /* where accuracy is measured; of either sign if low < 0 */
    bool        basic;          /* the same on every instruction set; correctly rounded but for rsqrt */
} function;

static long double rsqrt_exact(long double x)   { return 1 / sqrtl(x); }
static long double recip_exact(long double x)   { return 1 / x; }
static long double square_exact(long double x)  { return x * x; }
static long double sigmoid_exact(long double x) { return 1 / (1 + expl(-x)); }
static long double neg_exact(long double x)     { return -x; }
static long double relu_exact(long double x)    { return x < 0 ? 0 : x; }

static const function functions[] = {
    { "exp", tw_exp_at, expl, -80, 80, false },
    { "expm1", tw_expm1_at, expm1l, -80, 80, false },
    { "log", tw_log_at, logl, 1e-30, 1e30, false },
    { "log1p", tw_log1p_at, log1pl, -0.999, 1e6, false },
    { "sin", tw_sin_at, sinl, -1e4, 1e4, false },
    { "cos", tw_cos_at, cosl, -1e4, 1e4, false },
    { "tanh", tw_tanh_at, tanhl, -12, 12, false },
    { "sigmoid", tw_sigmoid_at, sigmoid_exact, -80, 80, false },
    { "erf", tw_erf_at, erfl, -6, 6, false },
    { "tan", tw_tan_at, tanl, -1e4, 1e4, false },
    { "asin", tw_asin_at, asinl, -1, 1, false },
    { "acos", tw_acos_at, acosl, -1, 1, false },
    { "atan", tw_atan_at, atanl, -1e4, 1e4, false },
    { "sinh", tw_sinh_at, sinhl, -80, 80, false },
    { "cosh", tw_cosh_at, coshl, -80, 80, false },
    { "asinh", tw_asinh_at, asinhl, -1e30, 1e30, false },
    { "acosh", tw_acosh_at, acoshl, 1, 1e30, false },
    { "atanh", tw_atanh_at, atanhl, -1, 1, false },
    { "exp2", tw_exp2_at, exp2l, -100, 100, false },
    { "log2", tw_log2_at, log2l, 1e-30, 1e30, false },
    { "log10", tw_log10_at, log10l, 1e-30, 1e30, false },
    { "cbrt", tw_cbrt_at, cbrtl, -1e30, 1e30, false },
    { "sqrt", tw_sqrt_at, sqrtl, 0, 1e30, true },
    { "rsqrt", tw_rsqrt_at, rsqrt_exact, 1e-30, 1e30, true },
    { "recip", tw_recip_at, recip_exact, -1e15, 1e15, true },
    { "square", tw_square_at, square_exact, -1e15, 1e15, true },
    { "neg", tw_neg_at, neg_exact, -9, 9, true },
    { "abs", tw_abs_at, fabsl, -9, 9, true },
    { "relu", tw_relu_at, relu_exact, -9, 9, true },
    { "round", tw_round_at, nearbyintl, -1e6, 1e6, true },
    { "floor", tw_floor_at, floorl, -1e6, 1e6, true },
    { "ceil", tw_ceil_at, ceill, -1e6, 1e6, true },
    { "trunc", tw_trunc_at, truncl, -1e6, 1e6, true },
};
enum { FUNCTIONS = sizeof functions / sizeof *functions, POINTS = 20011 };

/* Points over a wide range: magnitudes evenly by exponent, some near zero, and what is special. */
static arr points(const function *f, tw_dtype dtype)
{
    uint64_t seed = 17;
    arr x = arr_new(1, (int64_t[]){ POINTS });
    for (int i = 0; i < POINTS; i++) {
        const double top = i & 1 && f->low < 0 ? f->low : f->high;
        x.v[i] = i % 3 == 0 ? noise(&seed, f->low, f->high) : top * exp2(-noise(&seed, 0, 40));
        if (x.v[i] < f->low) x.v[i] = f->low;
    }
    return arr_rounded(&x, dtype);
}

/* The function's value, rounded to the dtype. */
static double exactly(const function *f, double x, tw_dtype dtype)
{
    const long double y = f->exact((long double)x);
    return dtype == TW_F32 ? (double)(float)y : (double)y;
}

static arr values(const function *f, const arr *x, tw_dtype dtype, const char *isa)
{
    tw_ctx *cx = rig_open(dtype, isa, true);
    arr y = arr_of(f->f(TW_HERE, node_of(cx, dtype, x)));
    ck_assert_int_eq(tw_close(cx), 0);
    return y;
}

START_TEST(functions_are_accurate_on_every_instruction_set)
{
    const function *f = &functions[_i];
    for (int d = 0; d < 2; d++) {
        const tw_dtype dtype = d ? TW_F64 : TW_F32;
        const arr x = points(f, dtype);
        arr first = { 0 }, last = { 0 };
        for (const char *const *isa = rig_isas(); *isa; isa++) {
            const arr y = values(f, &x, dtype, *isa);
            double worst = 0;
            int64_t at = 0;
            for (int64_t i = 0; i < y.count; i++) {
                const double u = ulps(y.v[i], exactly(f, x.v[i], dtype), dtype);
                if (u > worst) worst = u, at = i;
            }
            const double twice = dtype == TW_F64;      /* the reference was rounded to long double before */
            const double allowed = f->basic && strcmp(f->name, "rsqrt") ? twice : 2;
            ck_assert_msg(worst <= allowed, "%s, %s, %s: %g ulp at %.17g", f->name, tw_dtype_name(dtype), *isa, worst, x.v[at]);
            if (!first.v) { first = y; continue; }
            for (int64_t i = 0; i < y.count; i++)
                ck_assert_msg(ulps(y.v[i], first.v[i], dtype) <= (f->basic ? 0 : 2), "%s, %s: base and %s differ at %.17g", f->name,
                              tw_dtype_name(dtype), *isa, x.v[i]);
            if (last.v)
                ck_assert_msg(!memcmp(last.v, y.v, (size_t)y.count * sizeof *y.v), "%s, %s: avx2 and avx512 differ", f->name, tw_dtype_name(dtype));
            last = y;
        }
        arrs_drop();
    }
}
END_TEST

START_TEST(special_values_are_as_in_c)
{
    static const double special[] = { 0, -0.0, INF, -INF, NaN, 1e-310, -1e-310, 1, -1, 1e300, -1e300, 0.5, -0.5, 1.5, 2.5 };
    enum { N = sizeof special / sizeof *special };
    const function *f = &functions[_i];
    for (int d = 0; d < 2; d++)
        for (const char *const *isa = rig_isas(); *isa; isa++) {
            const tw_dtype dtype = d ? TW_F64 : TW_F32;
            arr x = arr_new(1, (int64_t[]){ N });
            memcpy(x.v, special, sizeof special);
            x = arr_rounded(&x, dtype);
            const arr y = values(f, &x, dtype, *isa);
            for (int i = 0; i < N; i++) {
                const double want = exactly(f, x.v[i], dtype);
                const bool huge = fabs(x.v[i]) > 1e6 && isfinite(x.v[i]) && (!strcmp(f->name, "sin") || !strcmp(f->name, "cos"));
                ck_assert_msg(huge ? fabs(y.v[i]) <= 1 : ulps(y.v[i], want, dtype) <= 2, "%s, %s, %s: of %g: %.17g, not %.17g", f->name,
                              tw_dtype_name(dtype), *isa, x.v[i], y.v[i], want);
            }
        }
    arrs_drop();
}
END_TEST

/* Operations whose results are the same on every instruction set: arithmetic, square root, comparison, moves. */
static bool same_everywhere(const row *r)
{
    static const char *const not[] = {
        "exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sigmoid", "erf", "pow", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh",
        "acosh", "atanh", "exp2", "log2", "log10", "cbrt", "atan2", "hypot", "logaddexp", "xlogy",
    };
    for (size_t i = 0; i < sizeof not / sizeof *not; i++)
        if (!strcmp(r->name, not[i])) return false;
    return true;
}

static const row *elementwise_row(int i)
{
    if (i < n_rows_elementwise) return &rows_elementwise[i];
    i -= n_rows_elementwise;
    return i < n_rows_math ? &rows_math[i] : &rows_activation[i - n_rows_math];
}

/* Base against the others: to 2 units; activations, which may cancel near their zeros, to 4 times the precision. */
static bool agree(int i, double a, double b, tw_dtype dtype)
{
    if (i >= n_rows_elementwise + n_rows_math) return close_to(a, b, dtype == TW_F32 ? 0x1p-21 : 0x1p-50);
    return ulps(a, b, dtype) <= (same_everywhere(elementwise_row(i)) ? 0 : 2);
}

START_TEST(rows_agree_between_instruction_sets)
{
    const row *r = elementwise_row(_i);
    for (int d = 0; d < 2; d++) {
        arr x[4], base = { 0 }, last = { 0 };
        const tw_dtype dtype = d ? TW_F64 : TW_F32;
        row_noise(r, dtype, x);
        for (const char *const *isa = rig_isas(); *isa; isa++) {
            tw_ctx *cx = rig_open(dtype, *isa, true);
            tw_node *in[4];
            row_leaves(r, cx, dtype, x, in);
            tw_node *n = r->build(r, cx, in);
            const tw_dtype out = tw_dtype_of(n);
            const arr y = arr_of(n);
            tw_close(cx);
            if (!base.v) { base = y; continue; }
            for (int64_t i = 0; i < y.count; i++)
                ck_assert_msg(agree(_i, y.v[i], base.v[i], out), "%s (%s), %s: base and %s: %.17g, %.17g", r->name,
                              r->what, tw_dtype_name(dtype), *isa, base.v[i], y.v[i]);
            if (last.v) ck_assert_msg(!memcmp(last.v, y.v, (size_t)y.count * sizeof *y.v), "%s (%s): avx2 and avx512 differ", r->name, r->what);
            last = y;
        }
    }
    arrs_drop();
}
END_TEST

/* ---- where the elements lie ------------------------------------------------------------ */

START_TEST(offsets_and_neighbours_do_not_matter)
{
    const function *f = &functions[_i];
    for (const char *const *isa = rig_isas(); *isa; isa++)
        for (int d = 0; d < 2; d++) {
            const tw_dtype dtype = d ? TW_F64 : TW_F32;
            tw_ctx *cx = rig_open(dtype, *isa, true);
            uint64_t seed = 5;
            arr x = arr_noise(TW_SHAPE(1040), f->low < 0 ? -3 : 0.1, 3, &seed);
            tw_node *n = node_of(cx, dtype, &x), *all = f->f(TW_HERE, n);
            const arr y = arr_of(all);
            for (int start = 0; start < 17; start++) {
                tw_node *part = f->f(TW_HERE, tw_slice(n, .start = { start }, .size = { 1003 - 3 * start }));
                const arr p = arr_of(part);
                ck_assert_msg(!memcmp(p.v, y.v + start, (size_t)p.count * sizeof *p.v), "%s, %s, %s: start %d", f->name, tw_dtype_name(dtype), *isa, start);
            }
            for (int at = 0; at < 1040; at += 97) {
                const arr p = arr_of(f->f(TW_HERE, tw_index(n, .at = at)));
                ck_assert_msg(!memcmp(p.v, y.v + at, sizeof *p.v), "%s, %s, %s: element %d alone", f->name, tw_dtype_name(dtype), *isa, at);
            }
            tw_close(cx);
            arrs_drop();
        }
}
END_TEST

/* The same values, laid out contiguously, as a transpose, as a slice with gaps, as a reversed copy's flip. */
enum { LAYOUTS = 5 };
static tw_node *laid_out(tw_ctx *cx, tw_dtype dtype, const arr *a, int how)
{
    const int64_t m = a->at[0], n = a->at[1];
    if (how == 0) return node_of(cx, dtype, a);
    if (how == 1) {
        arr t = slow_permute(a, (int[]){ 1, 0 });
        return tw_transpose(node_of(cx, dtype, &t));
    }
    if (how == 2) {
        arr wide = arr_new(2, (int64_t[]){ m + 3, n + 5 });
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n; j++) wide.v[(i + 2) * (n + 5) + j + 3] = a->v[i * n + j];
        return tw_slice(node_of(cx, dtype, &wide), .start = { 2, 3 }, .size = { m, n });
    }
    if (how == 3) {
        arr gaps = arr_new(2, (int64_t[]){ 2 * m, 3 * n });
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n; j++) gaps.v[2 * i * 3 * n + 3 * j] = a->v[i * n + j];
        return tw_slice(node_of(cx, dtype, &gaps), .step = { 2, 3 });
    }
    arr back = slow_flip(a, 3);
    return tw_flip(node_of(cx, dtype, &back));
}

static tw_node *sum_all(tw_node *a)  { return tw_sum(a); }
static tw_node *sum_rows(tw_node *a) { return tw_sum(a, .axes = TW_AXES(1)); }
static tw_node *sum_cols(tw_node *a) { return tw_sum(a, .axes = TW_AXES(0)); }
static tw_node *prod_rows(tw_node *a) { return tw_prod(tw_add(1, tw_mul(a, 0.001)), .axes = TW_AXES(1)); }
static tw_node *max_cols(tw_node *a) { return tw_max(a, .axes = TW_AXES(0)); }
static tw_node *softmax(tw_node *a)  { return tw_softmax(a); }
static tw_node *gram(tw_node *a)     { return tw_matmul(a, a, .transpose_b = true); }
static tw_node *gram_t(tw_node *a)   { return tw_matmul(a, a, .transpose_a = true); }
static tw_node *conv(tw_node *a)
{
    tw_node *x = tw_reshape(a, TW_SHAPE(1, tw_dim(a, 0), tw_dim(a, 1), 1));
    return tw_conv2d(x, tw_reshape(tw_slice(a, .size = { 3, 6 }), TW_SHAPE(3, 3, 1, 2)), .padding = TW_SAME);
}
static tw_node *(*const reducers[])(tw_node *) = { sum_all, sum_rows, sum_cols, prod_rows, max_cols, softmax, gram, gram_t, conv };

START_TEST(strides_do_not_matter)
{
    static const int64_t sizes[][2] = { { 7, 9 }, { 65, 300 }, { 600, 33 }, { 3, 1025 } };
    for (const char *const *isa = rig_isas(); *isa; isa++)
        for (int d = 0; d < 2; d++)
            for (int s = 0; s < 4; s++) {
                const tw_dtype dtype = d ? TW_F64 : TW_F32;
                uint64_t seed = 31;
                tw_shape shape = TW_SHAPE(sizes[s][0], sizes[s][1]);
                const arr a = arr_noise(shape, -1, 1, &seed);
                for (size_t k = 0; k < sizeof reducers / sizeof *reducers; k++) {
                    tw_ctx *cx = rig_open(dtype, *isa, true);
                    const arr want = arr_of(reducers[k](laid_out(cx, dtype, &a, 0)));
                    for (int how = 1; how < LAYOUTS; how++) {
                        const arr got = arr_of(reducers[k](laid_out(cx, dtype, &a, how)));
                        ck_assert_msg(!memcmp(want.v, got.v, (size_t)want.count * sizeof *want.v),
                                      "%s, %s, [%d, %d]: reducer %d depends on layout %d", *isa, tw_dtype_name(dtype), (int)sizes[s][0], (int)sizes[s][1], (int)k, how);
                    }
                    tw_close(cx);
                }
                arrs_drop();
            }
}
END_TEST

/* ---- plans, rounding modes, threads ---------------------------------------------------- */

/* Loss and gradients of a network with everything in it. */
static void network(tw_ctx *cx, arr *out, int *count)
{
    tw_net *net = tw_net_new(cx);
    for (int turn = 0; turn < 3; turn++) {
        TW_SCOPE(cx);
        tw_node *x = tw_uniform(cx, TW_SHAPE(5, 14, 14, 2), .key = 3), *t = tw_data(cx, TW_I64, TW_SHAPE(5), ((int64_t[]){ 0, 1, 2, 1, 0 }));
        tw_node *h = tw_max_pool2d(tw_relu(tw_nn_conv2d(net, "c", x, .filters = 9, .kernel = { 3 }, .padding = TW_SAME)), .window = { 2 });
        h = tw_tanh(tw_nn_dense(net, "d", tw_flatten(h), .units = 33));
        tw_node *loss = tw_cross_entropy(tw_nn_dense(net, "e", h, .units = 3), t), *ps[6], *gs[7] = { loss };
        int n = 0;
        TW_NET_EACH(item, net, NULL) ps[n++] = item->cell;
        tw_grads(loss, n, ps, gs + 1);
        ok(cx);
        ck_assert(tw_eval_nodes(n + 1, gs));
        for (int i = 0; i <= n; i++) out[i] = arr_of(gs[i]);
        *count = n + 1;
    }
}

static void same_arrays(const arr *a, const arr *b, int n, const char *what)
{
    for (int i = 0; i < n; i++)
        ck_assert_msg(!memcmp(a[i].v, b[i].v, (size_t)a[i].count * sizeof *a[i].v), "%s: result %d differs", what, i);
}

START_TEST(plans_and_threads_do_not_matter)
{
    for (const char *const *isa = rig_isas(); *isa; isa++) {
        arr a[7], b[7];
        int n;
        tw_ctx *cx = rig_open(TW_F32, *isa, true);
        network(cx, a, &n);
        tw_close(cx);
        cx = rig_open(TW_F32, *isa, false);
        network(cx, b, &n);
        tw_close(cx);
        same_arrays(a, b, n, "planned and node by node");
        rig_env("TW_ISA", *isa);
        cx = tw_open(.seed = 7, .threads = 2);
        rig_env("TW_ISA", NULL);
        network(cx, b, &n);
        ck_assert_int_eq(tw_close(cx), 0);
        same_arrays(a, b, n, "one thread and two");
    }
    arrs_drop();
}
END_TEST

enum { MARGIN = 4096 };     /* bytes behind buffers that are to stay as they are */

static void untouched(const void *p, size_t from, size_t to, const char *op)
{
    static const unsigned char fill[2 * MARGIN] = { 0 };
    ck_assert_msg(!memcmp((const char *)p + from, fill, to - from), "%s writes beyond %zu bytes", op, from);
}

/* What a kernel gives for all of y's work, done in ranges of so many units. */
static void in_ranges(const tw_node *y, tw_kernel kernel, const tw_view *in, tw_view out, int64_t units)
{
    const size_t size = y->op->scratch ? y->op->scratch(y) : 0;
    const int64_t work = y->op->work ? y->op->work(y) : y->shape->count;
    const size_t room = (size + 63) / 64 * 64 + MARGIN, bytes = (size_t)y->shape->count * tw_dtype_size(out.dtype);
    void *scratch = aligned_alloc(64, room);
    memset(out.data, 0x5a, bytes), memset((char *)out.data + bytes, 0, MARGIN);
    for (int64_t lo = 0; lo < work; lo += units) {
        memset(scratch, 0xa5, size), memset((char *)scratch + size, 0, room - size);
        const tw_call c = { .in = in, .out = &out, .n_in = y->n_in, .n_out = 1, .attr = tw_attr(y), .slot = tw_slot(y), .lo = lo,
                            .hi = lo + units < work ? lo + units : work, .scratch = scratch, .seed = 7 };
        ck_assert_int_eq(kernel(&c), -1);
        untouched(scratch, size, room, y->op->name);
    }
    untouched(out.data, bytes, bytes + MARGIN, y->op->name);
    free(scratch);
}

static void contiguous(const tw_dims *d, int64_t strides[TW_MAX_RANK])
{
    int64_t n = 1;
    for (int i = TW_MAX_RANK - 1; i >= 0; i--) {
        strides[i] = n;
        if (i < d->n) n *= d->at[i];
    }
}

START_TEST(ranges_of_the_work_do_not_matter)
{
    const row *r = row_at(_i);
    for (int isa = 0; rig_isas()[isa]; isa++)
        for (int d = 0; d < 2; d++) {
            arr x[4];
            tw_node *in[4];
            const tw_dtype dtype = d ? TW_F64 : TW_F32;
            tw_ctx *cx = rig_open(dtype, rig_isas()[isa], true);
            row_noise(r, dtype, x);
            row_leaves(r, cx, dtype, x, in);
            tw_node *y = r->build(r, cx, in);
            const int by = y->n_in ? tw_inputs(y)[y->op->by]->dtype : y->dtype;
            const tw_kernel kernel = y->op->kernel_id ? tw__vocab.kernel((tw_isa)isa, y->op->kernel_id, (tw_dtype)by) : NULL;
            if (kernel && y->n_in <= 4 && y->op->outputs <= 1) {
                tw_view views[4];
                int64_t strides[5][TW_MAX_RANK];
                for (int i = 0; i < y->n_in; i++) {
                    tw_node *n = tw_inputs(y)[i];
                    contiguous(n->shape, strides[i]);
                    views[i] = (tw_view){ (void *)(uintptr_t)tw_read_at(TW_HERE, n, (tw_dtype)n->dtype), n->shape, strides[i], (tw_dtype)n->dtype };
                }
                ok(cx);
                contiguous(y->shape, strides[4]);
                const size_t size = (size_t)y->shape->count * tw_dtype_size((tw_dtype)y->dtype);
                tw_view whole = { malloc(size + MARGIN), y->shape, strides[4], (tw_dtype)y->dtype }, parts = whole;
                parts.data = malloc(size + MARGIN);
                in_ranges(y, kernel, views, whole, INT64_MAX / 2);
                for (int64_t units = 1; units < 8; units += 2) {
                    in_ranges(y, kernel, views, parts, units);
                    ck_assert_msg(!memcmp(whole.data, parts.data, size), "%s (%s), %s, %s: ranges of %d units differ from the whole", r->name,
                                  r->what, tw_dtype_name(dtype), rig_isas()[isa], (int)units);
                }
                free(whole.data), free(parts.data);
            }
            tw_close(cx);
        }
    arrs_drop();
}
END_TEST

START_TEST(the_callers_rounding_mode_does_not_matter_and_stays)
{
    arr a[7], b[7];
    int n;
    tw_ctx *cx = rig_open(TW_F32, NULL, true);
    network(cx, a, &n);
    tw_close(cx);
    ck_assert_int_eq(fesetround(FE_UPWARD), 0);
    cx = rig_open(TW_F32, NULL, true);
    network(cx, b, &n);
    tw_close(cx);
    const int mode = fegetround();
    fesetround(FE_TONEAREST);
    ck_assert_int_eq(mode, FE_UPWARD);
    same_arrays(a, b, n, "rounding to nearest and upward");
    arrs_drop();
}
END_TEST

/* ---- random bits ----------------------------------------------------------------------- */

START_TEST(philox_gives_the_published_words)
{
    static const struct { uint32_t counter[4], key[2], want[4]; } known[] = {    /* kat_vectors of Random123 */
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, { 0xffffffff, 0xffffffff }, { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 }, { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        slow_philox(known[i].counter, known[i].key, out);
        ck_assert_msg(!memcmp(out, known[i].want, sizeof out), "vector %d", i);
    }
}
END_TEST

START_TEST(random_nodes_are_philox_of_seed_number_and_element)
{
    static const uint64_t seeds[] = { 0, 7, 0xa409382229f31d0, UINT64_MAX }, numbers[] = { 1, 5, 0x100000003, UINT64_MAX };
    for (const char *const *isa = rig_isas(); *isa; isa++)
        for (int s = 0; s < 4; s++) {
            rig_env("TW_ISA", *isa);
            tw_ctx *cx = tw_open(.seed = seeds[s]);
            rig_env("TW_ISA", NULL);
            for (int k = 0; k < 4; k++) {
                const int64_t n = 1 + 379 * k;
                tw_node *bits = tw_random_bits(cx, TW_SHAPE(n), .key = numbers[k]), *u = tw_uniform(cx, TW_SHAPE(n), .key = numbers[k]);
                tw_node *d = tw_uniform(cx, TW_SHAPE(n), .key = numbers[k], .dtype = TW_F64);
                const int32_t *b = tw_i32(bits);
                const float *f = tw_f32(u);
                const double *g = tw_f64(d);
                ok(cx);
                for (int64_t i = 0; i < n; i++) {
                    const uint64_t number = numbers[k] | (uint64_t)1 << 63;     /* streams of one's own have the high bit */
                    const uint32_t word = slow_random_word(seeds[s], number, (uint64_t)i);
                    ck_assert_msg((uint32_t)b[i] == word, "%s: element %d of number %d, seed %d", *isa, (int)i, k, s);
                    ck_assert_double_eq((double)f[i], (double)(word >> 8) * 0x1p-24);
                    const uint64_t low = slow_random_word(seeds[s], number, 2 * (uint64_t)i), high = slow_random_word(seeds[s], number, 2 * (uint64_t)i + 1);
                    ck_assert_double_eq(g[i], (double)((high << 32 | low) >> 11) * 0x1p-53);
                }
            }
            ck_assert_int_eq(tw_close(cx), 0);
        }
}
END_TEST

START_TEST(normal_numbers_are_normal)
{
    for (int d = 0; d < 2; d++) {
        tw_ctx *cx = rig_open(d ? TW_F64 : TW_F32, NULL, true);
        tw_node *x = tw_normal(cx, TW_SHAPE(200000), .mean = 1, .std = 2);
        const arr a = arr_of(x);
        double m[5] = { 0 };
        for (int64_t i = 0; i < a.count; i++)
            for (int p = 1; p <= 4; p++) m[p] += pow((a.v[i] - 1) / 2, p) / (double)a.count;
        near(m[1], 0, 0.01);
        near(m[2], 1, 0.015);
        near(m[3], 0, 0.03);
        near(m[4], 3, 0.03);
        ck_assert_int_eq(tw_close(cx), 0);
        arrs_drop();
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bits");
    TCase *c = tcase_create("bits");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, functions_are_accurate_on_every_instruction_set, 0, FUNCTIONS);
    tcase_add_loop_test(c, special_values_are_as_in_c, 0, FUNCTIONS);
    tcase_add_loop_test(c, offsets_and_neighbours_do_not_matter, 0, FUNCTIONS);
    tcase_add_loop_test(c, ranges_of_the_work_do_not_matter, 0, row_count());
    tcase_add_loop_test(c, rows_agree_between_instruction_sets, 0, n_rows_elementwise + n_rows_math + n_rows_activation);
    tcase_add_test(c, strides_do_not_matter);
    tcase_add_test(c, plans_and_threads_do_not_matter);
    tcase_add_test(c, the_callers_rounding_mode_does_not_matter_and_stays);
    tcase_add_test(c, philox_gives_the_published_words);
    tcase_add_test(c, random_nodes_are_philox_of_seed_number_and_element);
    tcase_add_test(c, normal_numbers_are_normal);
    suite_add_tcase(s, c);
    return rig_run(s);
}
