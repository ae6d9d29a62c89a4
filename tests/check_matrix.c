/* check_matrix.c - operations on matrices: what is found while computing, by code, operation, line and element. */
#include "tests/fixture.h"

/* Reading y fails with a value error of that operation, made at that line. */
#define BREAKS(op, line, words, y) do {                         \
        tw_node *breaks_ = (y);                                 \
        ck_assert(!tw_is_nil(breaks_));                         \
        ck_assert_ptr_null(tw_read_at(TW_HERE, breaks_, tw_dtype_of(breaks_)));     \
        fails_with(cx, TW_EVALUE, op, line, words);             \
    } while (0)

START_TEST(a_zero_on_the_diagonal_is_singular)
{
    const double t[] = { 1, 0, 5, 2, /* and */ 1, 9, 2, 0 }, one[] = { 1, 9, 2, 1 };
    tw_node *m = tw_data(cx, TW_F64, TW_SHAPE(2, 2, 2), t), *b = tw_ones(cx, TW_SHAPE(2, 2, 1));
    tw_node *y = tw_triangular_solve(m, b); const int line = __LINE__;
    BREAKS("triangular_solve", line, "matrix 1 of the batch is singular: element [1, 1] is 0", y);
    tw_node *z = tw_triangular_solve(tw_data(cx, TW_F64, TW_SHAPE(2, 2), one), tw_ones(cx, TW_SHAPE(2, 1)));
    const double *v = tw_f64(z);
    ck_assert(v && v[0] == 1 && v[1] == -1);            /* the 9 above the diagonal is never read */
    item_is(tw_sum(tw_triangular_solve(m, b, .unit = true)), 1 - 4 + 1 - 1);
}
END_TEST

START_TEST(nothing_solves_nothing)
{
    ck_assert_int_eq(tw_count(tw_triangular_solve(tw_zeros(cx, TW_SHAPE(0, 0)), tw_zeros(cx, TW_SHAPE(0, 3)))), 0);
    tw_node *none = tw_triangular_solve(tw_zeros(cx, TW_SHAPE(2, 0, 0)), tw_zeros(cx, TW_SHAPE(2, 0, 1)));
    item_is(tw_sum(none), 0);
    item_is(tw_sum(tw_triangular_solve(tw_zeros(cx, TW_SHAPE(2, 2)), tw_zeros(cx, TW_SHAPE(2, 0)))), 0);
    item_is(tw_einsum("ij,jk->", tw_zeros(cx, TW_SHAPE(2, 0)), tw_zeros(cx, TW_SHAPE(0, 3))), 0);
}
END_TEST

/* The planner of a chain takes the cheap side: with the vector first, no product of matrices is ever made. */
START_TEST(einsum_contracts_in_a_good_order)
{
    tw_node *a = tw_ones(cx, TW_SHAPE(64, 64)), *v = tw_ones(cx, TW_SHAPE(64));
    tw_node *y = tw_einsum("ij,jk,kl,l->i", a, a, a, v);
    near(tw_item(tw_sum(y)), 64.0 * 64 * 64 * 64, 1e-15);
    for (tw_node *n = y; n; n = tw_in(n, 0))
        if (!strcmp(n->op->name, "matmul")) ck_assert_int_eq(tw_count(n), 64);
}
END_TEST

#ifdef TW_HAVE_LAPACK
START_TEST(not_positive_definite_is_an_error)
{
    const double a[] = { 4, 2, 2, 3, /* and */ 1, 2, 2, 1 };
    tw_node *y = tw_cholesky(tw_data(cx, TW_F64, TW_SHAPE(2, 2, 2), a)); const int line = __LINE__;
    BREAKS("cholesky", line, "matrix 1 of the batch is not positive definite: its leading minor of order 2", y);
    tw_node *z = tw_cholesky(tw_fill(cx, TW_SHAPE(1, 1), .value = NaN)); const int line2 = __LINE__;
    BREAKS("cholesky", line2, "order 1", z);
    ck_assert_int_eq(tw_count(tw_cholesky(tw_zeros(cx, TW_SHAPE(3, 0, 0)))), 0);
}
END_TEST

START_TEST(singular_matrices_have_a_determinant_and_no_inverse)
{
    const double a[] = { 1, 2, 2, 4 };
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(2, 2), a), *log, *sign = tw_slogdet(x, &log);
    item_is(tw_det(x), 0);
    tw_node *empty = Z(0, 0);
    item_is(tw_det(empty), 1);
    item_is(tw_slogdet(empty, NULL), 1);
    item_is(tw_logdet(empty), 0);
    item_is(sign, 0);
    item_is(log, -INF);
    item_is(tw_matrix_rank(x), 1);
    ck_assert(isnan(tw_item(tw_logdet(tw_data(cx, TW_F64, TW_SHAPE(2, 2), ((double[]){ 0, 1, 1, 0 }))))));
    tw_node *y = tw_inv(x); const int line = __LINE__;
    BREAKS("triangular_solve", line, "singular: element [1, 1] is 0", y);
    tw_node *d = tw_det(x); const int line2 = __LINE__;
    BREAKS("triangular_solve", line2, "singular", tw_grad(d, x));
}
END_TEST

START_TEST(what_is_not_finite_has_no_eigenvalues)
{
    const double a[] = { 1, 0, 0, 1, /* and */ 1, NaN, 0, 1 };
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(2, 2, 2), a);
    tw_node *w = tw_eigvalsh(x); const int line = __LINE__;
    BREAKS("eigh", line, "matrix 1 of the batch has an element that is not finite", w);
    tw_node *s = tw_svdvals(tw_cast(x, TW_F32)); const int line2 = __LINE__;
    BREAKS("svd", line2, "matrix 1 of the batch has an element that is not finite", s);
}
END_TEST

/* First derivatives of values alone are finite at equal ones; those of vectors are not, and say so. */
START_TEST(equal_eigenvalues_are_as_documented)
{
    const double eye[] = { 1, 0, 0, 1 };
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(2, 2), eye), *v, *w = tw_eigh(x, &v), *s, *vh, *u = tw_svd(x, &s, &vh);
    const double *g = tw_f64(tw_grad(tw_sum(w), x)), *h = tw_f64(tw_grad(tw_sum(s), x));
    for (int i = 0; i < 4; i++) near(g[i], eye[i], 1e-15), near(h[i], eye[i], 1e-15);
    tw_node *seen = tw_data(cx, TW_F64, TW_SHAPE(2, 2), ((double[]){ 1, 2, 3, 4 }));
    ck_assert(!isfinite(tw_f64(tw_grad(tw_sum(tw_mul(v, seen)), x))[0]));
    ck_assert(!isfinite(tw_f64(tw_grad(tw_sum(tw_mul(u, seen)), x))[0]));
    const double *p = tw_f64(tw_grad(tw_sum(tw_mul(tw_pinv(x), seen)), x));     /* has a derivative all the same */
    for (int i = 0; i < 4; i++) near(p[i], -((double[]){ 1, 2, 3, 4 })[i], 1e-14);
    tw_node *none = tw_zeros(cx, TW_SHAPE(1, 1));
    item_is(tw_grad(tw_matrix_norm(none), none), 0);
}
END_TEST

/* The least squares of more unknowns than equations, and of columns that repeat, is the shortest. */
START_TEST(least_squares_are_the_shortest)
{
    const double a[] = { 1, 1, 2, 2, 3, 3 }, b[] = { 2, 4, 6 };
    const double *x = tw_f64(tw_lstsq(tw_data(cx, TW_F64, TW_SHAPE(3, 2), a), tw_data(cx, TW_F64, TW_SHAPE(3), b)));
    near(x[0], 1, 1e-14);
    near(x[1], 1, 1e-14);
    tw_node *nearly = tw_data(cx, TW_F64, TW_SHAPE(2, 2), ((double[]){ 1, 0, 0, 1e-3 }));
    item_is(tw_matrix_rank(nearly), 2);
    item_is(tw_matrix_rank(nearly, .tolerance = 1e-2), 1);
    item_is(tw_sum(tw_pinv(nearly, .tolerance = 1e-2)), 1);
}
END_TEST
#endif

int main(void)
{
    Suite *s = suite_create("matrix");
    const TTest *const tests[] = {
        a_zero_on_the_diagonal_is_singular, nothing_solves_nothing, einsum_contracts_in_a_good_order,
#ifdef TW_HAVE_LAPACK
        not_positive_definite_is_an_error, singular_matrices_have_a_determinant_and_no_inverse,
        what_is_not_finite_has_no_eigenvalues, equal_eigenvalues_are_as_documented, least_squares_are_the_shortest,
#endif
    };
    TCase *c = tcase_create("matrix");
    tcase_add_checked_fixture(c, open_f64, close_clean);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return rig_run(s);
}
