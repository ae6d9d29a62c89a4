/* check_sparse.c - sparse Jacobians: patterns that are found miss nothing and hold little more, given ones are checked. */
#include "tests/fixture.h"

static tw_node *wave(tw_shape s) { return rig_wave(cx, s, 1, 0.3, 1.7); }

/* ---- patterns by what depends on what ------------------------------------------------------------ */

static tw_node *image(tw_node *x)  { return tw_reshape(x, TW_SHAPE(2, 3, 2, 2)); }        /* of the 24 elements of x */
static tw_node *matrix(tw_node *x) { return tw_reshape(x, TW_SHAPE(4, 6)); }
static tw_node *numbers(void)      { return tw_data(cx, TW_I64, TW_SHAPE(3), ((int64_t[]){ 2, 0, 2 })); }
static tw_node *spd(tw_node *x)
{
    tw_node *a = tw_slice(tw_reshape(x, TW_SHAPE(6, 2, 2)), .size = { 2 });
    return tw_add(tw_matmul(a, a, .transpose_b = true), tw_eye(cx, 2));
}

static void twice(tw_rule *r) { r->gx[0] = tw_mul(2, r->gy[0]); }

#define F(name, expr) static tw_node *name(tw_node *x) { return expr; }
F(itself, x)
F(square, tw_square(x))
F(band, tw_sub(tw_mul(x, x), tw_slice(tw_pad(x, .before = { 1 }), .size = { 24 })))
F(transposed, tw_sin(tw_transpose(matrix(x))))
F(picked, tw_exp(tw_take(matrix(x), numbers(), .axis = 1)))
F(flipped, tw_roll(tw_flip(x), 5))
F(joined, tw_concat(2, ((tw_node *[]){ tw_sin(x), x })))
F(padded, tw_pad(x, .before = { 2 }, .after = { 3 }, .value = -7))
F(repeated, tw_mul(tw_broadcast_to(tw_slice(x, .size = { 3 }), TW_SHAPE(4, 3)), 2))
F(summed, tw_sum(tw_square(matrix(x)), .axes = TW_AXES(0)))
F(largest, tw_max(matrix(x), .axes = TW_AXES(0)))
F(product_of, tw_prod(matrix(x), .axes = TW_AXES(1), .keep_dims = true))
F(softened, tw_softmax(matrix(x)))
F(normed, tw_sub(matrix(x), tw_mean(matrix(x), .axes = TW_AXES(1), .keep_dims = true)))
F(weighted, tw_matmul(matrix(x), wave(TW_SHAPE(6, 5))))
F(weighting, tw_matmul(wave(TW_SHAPE(5, 4)), matrix(x)))
F(both_ways, tw_matmul(matrix(x), matrix(x), .transpose_b = true))
F(convolved, tw_conv2d(image(x), wave(TW_SHAPE(2, 1, 2, 3)), .padding = TW_PAD(1, 0, 0, 0)))
F(grouped, tw_conv2d(image(x), wave(TW_SHAPE(2, 2, 1, 2)), .groups = 2))
F(kernels, tw_conv1d(wave(TW_SHAPE(1, 9, 2)), tw_reshape(x, TW_SHAPE(4, 2, 3))))
F(deconvolved, tw_conv_transpose2d(image(x), wave(TW_SHAPE(2, 1, 3, 2)), .stride = { 2, 1 }))
F(pooled, tw_max_pool2d(image(x), .window = { 2, 1 }, .stride = { 1, 1 }))
F(averaged, tw_avg_pool2d(image(x), .window = { 2, 2 }, .stride = { 1, 1 }))
F(unfolded, tw_window(image(x), .window = { 2, 2 }))
F(running, tw_cumsum(matrix(x), .axis = 1))
F(selected, tw_where(tw_less(matrix(x), 0), 3, tw_square(matrix(x))))
F(scattered, tw_scatter_add(tw_zeros(cx, TW_SHAPE(3)), numbers(), tw_slice(x, .size = { 3 })))
F(updated, tw_slice_update(matrix(x), tw_full(cx, TW_SHAPE(6), 1), 2))
F(factored, tw_cholesky(spd(x)))
F(transformed, tw_rfft(matrix(x)))
F(resized, tw_interpolate(image(x), .size = { 6, 2 }, .mode = TW_INTERP_LINEAR))
F(stopped, tw_add(x, tw_stop_grad(tw_sum(x))))
F(rounded, tw_mul(tw_floor(tw_sum(x)), x))
F(again, tw_checkpoint(tw_square(tw_sin(x)), 1, &x))
F(own, tw_custom_grad(tw_sin(x), 1, &x, twice, NULL))
F(parts, tw_sub(tw_index(matrix(x), .at = 1), tw_index(matrix(x), .at = -1)))

static const struct { const char *name; tw_node *(*f)(tw_node *x); int64_t elements; } table[] = {
#define T(f, elements) { #f, f, elements }
    T(itself, 24), T(square, 24), T(band, 47), T(transposed, 24), T(picked, 12), T(flipped, 24), T(joined, 48), T(padded, 24),
    T(repeated, 12), T(summed, 24), T(largest, 24), T(product_of, 24), T(softened, 4 * 36), T(normed, 4 * 36), T(weighted, 20 * 6),
    T(weighting, 30 * 4), T(both_ways, 4 * 6 + 12 * 12), T(convolved, 2 * 3 * 2 * 3 * 4 - 2 * 2 * 3 * 2), T(grouped, 2 * 2 * 2 * 4), T(kernels, 6 * 3 * 8),
    T(deconvolved, 2 * 6 * 2 * 3 * 2), T(pooled, 2 * 2 * 2 * 2 * 2), T(averaged, 2 * 2 * 2 * 4), T(unfolded, 2 * 2 * 2 * 2 * 2), T(running, 4 * 36),
    T(selected, 24), T(scattered, 3), T(updated, 18), T(factored, 2 * 16), T(transformed, 4 * 8 * 6), T(resized, 0), T(stopped, 24), T(rounded, 24),
    T(again, 24), T(own, 24 * 24), T(parts, 12),
#undef T
};

/* elements: how many the pattern has; 0: not said. */
START_TEST(a_pattern_that_is_found_misses_nothing)
{
    const char *name = table[_i].name;
    tw_node *x = wave(TW_SHAPE(24)), *y = table[_i].f(x), *rows = NULL, *cols = NULL;
    ok(cx);
    int64_t products = -1;
    tw_node *values = tw_jacobian_sparse(y, x, .row_index = &rows, .col_index = &cols, .products = &products);
    const arr dense = arr_of(tw_jacobian(y, x)), v = arr_of(values), r = arr_of(rows), c = arr_of(cols);
    if (table[_i].elements) ck_assert_msg(v.count == table[_i].elements, "%s: %lld elements, not %lld", name, (long long)v.count, (long long)table[_i].elements);
    ck_assert(products > 0 && products <= 24);
    arr seen = arr_like(&dense);
    for (int64_t e = 0; e < seen.count; e++) seen.v[e] = 0;
    for (int64_t k = 0; k < v.count; k++) {
        const int64_t e = (int64_t)r.v[k] * 24 + (int64_t)c.v[k];
        ck_assert(e < seen.count && seen.v[e] < 0.5);
        seen.v[e] = 1;
        ck_assert_msg(close_to(v.v[k], dense.v[e], 1e-12), "%s: at %g, %g: %g, not %g", name, r.v[k], c.v[k], v.v[k], dense.v[e]);
    }
    for (int64_t e = 0; e < seen.count; e++) ck_assert_msg(seen.v[e] > 0.5 || fabs(dense.v[e]) < 1e-300, "%s: element %lld is %g", name, (long long)e, dense.v[e]);
}
END_TEST

/* A heat equation's step on a grid: five points each, seven or so products for any size. */
static tw_node *heat(tw_node *u)
{
    tw_node *w = tw_data(cx, TW_F64, TW_SHAPE(3, 3, 1, 1), ((double[]){ 0, 1, 0, 1, -4, 1, 0, 1, 0 }));
    tw_node *flat = tw_reshape(u, TW_SHAPE(1, tw_dim(u, 0), tw_dim(u, 1), 1));
    return tw_add(u, tw_mul(0.1, tw_mul(tw_square(u), tw_reshape(tw_conv2d(flat, w, .padding = TW_PAD(1)), tw_shape_of(u)))));
}

START_TEST(products_do_not_grow_with_the_grid)
{
    int64_t products[2];
    for (int i = 0; i < 2; i++) {
        tw_node *u = wave(TW_SHAPE(10 + 30 * i, 12)), *y = heat(u);
        tw_f64(tw_jacobian_sparse(y, u, .products = &products[i]));
        ok(cx);
    }
    ck_assert_int_eq(products[0], products[1]);
    ck_assert_int_le(products[0], 20);
}
END_TEST

START_TEST(parameters_have_patterns_too)
{
    tw_node *w = tw_param(cx, "w", tw_data(cx, TW_F64, TW_SHAPE(4), ((double[]){ 1, 2, 3, 4 })));
    ELEMENTS(tw_jacobian_sparse(tw_square(w), w), 2, 4, 6, 8);
    tw_node *rows, *other = VECTOR(1, 2);
    ck_assert_int_eq(arr_of(tw_jacobian_sparse(tw_square(w), other, .row_index = &rows)).count, 0);        /* nothing depends */
    ck_assert_int_eq(arr_of(rows).count, 0);
}
END_TEST

/* ---- patterns that are given ---------------------------------------------------------------------- */

START_TEST(a_pattern_that_lacks_an_element_is_an_error)
{
    enum { N = 40 };
    int64_t rows[3 * N], cols[3 * N], n = 0;
    for (int i = 0; i < N; i++)
        for (int k = i - 1; k <= i; k++) if (k >= 0) rows[n] = i, cols[n++] = k;
    for (int t = 0; t < 2; t++)
        for (int mode = 1; mode <= 2; mode++) {
            tw_node *x = tw_cast(wave(TW_SHAPE(N)), t ? TW_F32 : TW_F64);
            tw_node *y = tw_sub(tw_mul(x, x), tw_slice(tw_pad(x, .before = { 1 }), .size = { N }));
            tw_item(tw_sum(tw_jacobian_sparse(y, x, .n = n, .rows = rows, .cols = cols, .mode = (tw_mode)mode)));
            ok(cx);
            tw_node *j = tw_jacobian_sparse(y, x, .n = n - 1, .rows = rows, .cols = cols, .mode = (tw_mode)mode); const int line = __LINE__;
            ok(cx);
            tw_item(tw_sum(j));
            fails_with(cx, TW_EVALUE, "sparse_check", line, mode == TW_FORWARD ? "lacks elements: row 39" : "lacks elements: column 39");
            tw_item(tw_sum(tw_jacobian_sparse(y, x, .n = n - 1, .rows = rows, .cols = cols, .mode = (tw_mode)mode, .unchecked = true)));
            ok(cx);
        }
}
END_TEST

START_TEST(elements_may_be_given_twice_or_be_zero)
{
    tw_node *x = VECTOR(1, 2, 3), *y = tw_square(x);
    const int64_t rows[] = { 0, 1, 1, 2, 0 }, cols[] = { 0, 1, 1, 2, 2 };
    for (int mode = 1; mode <= 2; mode++)
        ELEMENTS(tw_jacobian_sparse(y, x, .n = 5, .rows = rows, .cols = cols, .mode = (tw_mode)mode), 2, 4, 4, 6, 0);
    /* the check is no part of the derivative */
    ELEMENTS(tw_grad(tw_sum(tw_square(tw_jacobian_sparse(y, x, .n = 5, .rows = rows, .cols = cols))), x), 8, 32, 24);
}
END_TEST

START_TEST(half_a_pattern_is_refused)
{
    tw_node *x = VECTOR(1, 2), *y = tw_square(x);
    const int64_t k[] = { 0 };
    REFUSES(TW_EARG, "jacobian_sparse", "half a pattern", tw_jacobian_sparse(y, x, .n = 1, .rows = k));
    REFUSES(TW_EARG, "jacobian_sparse", "half a pattern", tw_jacobian_sparse(y, x, .rows = k, .cols = k));
    REFUSES(TW_EARG, "jacobian_sparse", "half a pattern", tw_jacobian_sparse(y, x, .n = -1));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sparse");
    const TTest *tests[] = {
        products_do_not_grow_with_the_grid, parameters_have_patterns_too, a_pattern_that_lacks_an_element_is_an_error,
        elements_may_be_given_twice_or_be_zero, half_a_pattern_is_refused,
    };
    TCase *found = tcase_create("patterns"), *programs = tcase_create("programs");
    tcase_add_checked_fixture(found, open_f64, close_clean);
    tcase_add_checked_fixture(programs, open_f64, close_clean);
    tcase_add_loop_test(found, a_pattern_that_is_found_misses_nothing, 0, (int)(sizeof table / sizeof *table));
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(programs, tests[i]);
    suite_add_tcase(s, found);
    suite_add_tcase(s, programs);
    return rig_run(s);
}
