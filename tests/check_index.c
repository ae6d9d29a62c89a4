/* check_index.c - programs that index: rows of states written in place, many reads of one table. */
#include "tests/fixture.h"

/* ---- rows of a state ------------------------------------------------------------------- */

/* A thousand times one row of a large state: if each copied the state, that would be 8 GB. */
START_TEST(a_row_of_a_state_is_written_in_place)
{
    enum { ROWS = 1000, WIDTH = 1000 };
    tw_node *state = tw_state(cx, tw_zeros(cx, TW_SHAPE(ROWS, WIDTH)));
    tw_eval(cx);
    const int64_t peak = tw_counts(cx).bytes_peak;
    int64_t misses = 0;
    for (int i = 0; i < ROWS; i++) {
        TW_SCOPE(cx);
        tw_assign(state, tw_slice_update(state, tw_fill(cx, TW_SHAPE(WIDTH), .value = i + 1), i));
        tw_eval(cx);
        if (i == 3) misses = tw_counts(cx).misses;
    }
    ck_assert_int_eq(tw_counts(cx).misses, misses);             /* i is a slot */
    ck_assert_int_lt(tw_counts(cx).bytes_peak - peak, 1 << 20); /* no second copy of the state */
    item_is(tw_sum(state), 1000.0 * ROWS * (ROWS + 1) / 2);
    item_is(tw_index(tw_index(state, .at = 17), .at = 3), 18);
}
END_TEST

/* An old reader keeps the old rows; what is written does not see itself. */
START_TEST(updates_are_as_if_at_once)
{
    tw_node *s = tw_state(cx, tw_data(cx, TW_F64, TW_SHAPE(3, 2), ((double[]){ 1, 2, 3, 4, 5, 6 })));
    tw_node *old = tw_sum(s, .axes = TW_AXES(1));
    tw_assign(s, tw_slice_update(s, tw_index(s, .at = 2), 0));
    tw_node *between = tw_mul(s, 1);
    tw_assign(s, tw_slice_update(s, tw_flip(tw_index(s, .at = 0)), 1));
    tw_assign(s, tw_slice_add(s, tw_slice(s, .size = { 2 }), .start = { 1 }));
    ELEMENTS(s, 5, 6, 11, 11, 11, 11);
    ELEMENTS(between, 5, 6, 3, 4, 5, 6);
    ELEMENTS(old, 3, 7, 11);
}
END_TEST

START_TEST(an_updated_value_that_is_read_again_stays)
{
    tw_node *x = tw_exp(tw_zeros(cx, TW_SHAPE(3))), *i = tw_data(cx, TW_I64, TW_SHAPE(2), ((int64_t[]){ 1, 1 }));
    tw_node *a = tw_slice_update(x, tw_scalar(cx, 5), 1), *b = tw_scatter_add(x, i, tw_data(cx, TW_F64, TW_SHAPE(2), ((double[]){ 2, 3 })));
    tw_node *all[] = { tw_mul(x, 2), tw_mul(a, 1), tw_mul(b, 1), tw_add(x, tw_add(a, b)) };
    tw_eval_nodes(4, all);
    ELEMENTS(all[0], 2, 2, 2);
    ELEMENTS(all[1], 1, 5, 1);
    ELEMENTS(all[2], 1, 6, 1);
    ELEMENTS(all[3], 3, 12, 3);
}
END_TEST

/* ---- many reads ------------------------------------------------------------------------ */

/* The gradient of many reads is one tensor that each is added to: two of the table's size at most live at once. */
START_TEST(many_reads_take_constant_memory)
{
    enum { ROWS = 200, WIDTH = 500, READS = 400 };
    tw_node *table = tw_param(cx, "table", tw_ones(cx, TW_SHAPE(ROWS, WIDTH)));
    tw_node *loss = tw_scalar(cx, 0);
    for (int k = 0; k < READS; k++) {
        tw_node *i = tw_data(cx, TW_I64, TW_SHAPE(1), ((int64_t[]){ k * 7 % ROWS }));
        tw_node *row = k % 2 ? tw_index(table, .at = k % ROWS) : tw_take(table, i);
        loss = tw_add(loss, tw_sum(row));
    }
    tw_node *g = tw_grad(loss, table);
    tw_eval_nodes(1, &g);
    ck_assert_int_lt(tw_counts(cx).slab, 3 * ROWS * WIDTH * 8);
    item_is(tw_sum(g), READS * WIDTH);
    double want[ROWS] = { 0 };
    for (int k = 0; k < READS; k++) want[k % 2 ? k % ROWS : k * 7 % ROWS]++;
    elements(tw_index(g, .axis = 1, .at = 9), ROWS, want, __LINE__);
}
END_TEST

/* ---- by index -------------------------------------------------------------------------- */

START_TEST(of_elements_set_to_one_place_the_last_has_the_derivative)
{
    tw_node *x = tw_zeros(cx, TW_SHAPE(3)), *src = tw_data(cx, TW_F64, TW_SHAPE(4), ((double[]){ 1, 2, 3, 4 }));
    tw_node *i = tw_data(cx, TW_I64, TW_SHAPE(4), ((int64_t[]){ 2, 0, 2, 0 }));
    tw_node *y = tw_scatter_set(x, i, src), *loss = tw_sum(tw_mul(y, tw_arange(cx, 3, .dtype = TW_F64)));
    ELEMENTS(y, 4, 0, 3);
    ELEMENTS(tw_grad(loss, src), 0, 0, 2, 0);
    ELEMENTS(tw_grad(loss, x), 0, 1, 0);
}
END_TEST

#define BAD(code, op, words, ...) do { ck_assert(tw_is_nil(__VA_ARGS__)); fails_with(cx, code, op, __LINE__, words); } while (0)

START_TEST(indexing_refuses)
{
    tw_node *x = tw_zeros(cx, TW_SHAPE(2, 3)), *row = tw_zeros(cx, TW_SHAPE(3)), *i = tw_arange(cx, 2), *f = tw_cast(i, TW_F32);
    BAD(TW_EARG, "slice", "step -1", tw_slice(x, .start = { 2 }, .step = { -1 }));
    BAD(TW_EARG, "slice", "size 3", tw_slice(x, .start = { 1 }, .step = { -1 }, .size = { 3 }));
    BAD(TW_EARG, "slice_update", "2 along axis 0 of size 2", tw_slice_update(x, row, 2));
    BAD(TW_EARG, "slice_update", "-3", tw_slice_update(x, row, -3));
    BAD(TW_EARG, "slice_update", "axis 2", tw_slice_update(x, row, 0, .axis = 2));
    BAD(TW_ESHAPE, "slice_update", "[2]", tw_slice_update(x, tw_zeros(cx, TW_SHAPE(2)), 0));
    BAD(TW_ESHAPE, "slice_update", "[]", tw_slice_update(x, tw_scalar(cx, 1), 0));
    BAD(TW_EDTYPE, "slice_update", "f32", tw_slice_update(x, tw_cast(row, TW_F32), 0));
    BAD(TW_EARG, "slice_update", "argument 1", tw_slice_update(x, NULL, 0));
    BAD(TW_ESHAPE, "slice_scatter", "[3]", tw_slice_scatter(x, row));
    BAD(TW_EARG, "slice_scatter", "axis 1", tw_slice_scatter(x, x, .start = { 0, 1 }));
    BAD(TW_ESHAPE, "slice_scatter", "[2, 3]", tw_slice_scatter(x, x, .stop = { 1 }));
    BAD(TW_EARG, "slice_add", "axis 0", tw_slice_add(x, tw_zeros(cx, TW_SHAPE(3, 3))));
    BAD(TW_EDTYPE, "take", "f32", tw_take(x, f));
    BAD(TW_EARG, "take", "2", tw_take(x, i, .axis = 2));
    BAD(TW_ESHAPE, "take", "rank 8", tw_take(x, tw_reshape(i, TW_SHAPE(1, 1, 1, 1, 1, 1, 1, 2))));
    BAD(TW_EDTYPE, "scatter_set", "i64", tw_scatter_set(row, i, i));
    BAD(TW_ESHAPE, "scatter_set", "rank 1", tw_scatter_set(x, i, row));
    BAD(TW_ESHAPE, "take_along_axis", "rank 1", tw_take_along_axis(x, i));
    BAD(TW_EDTYPE, "where", "f64", tw_masked_fill(x, x, 0));
    BAD(TW_EARG, "masked_fill", "argument 1", tw_masked_fill(x, NULL, 0));
}
END_TEST

START_TEST(layouts_refuse)
{
    tw_node *x = tw_zeros(cx, TW_SHAPE(2, 3)), *v = tw_zeros(cx, TW_SHAPE(3)), *s = tw_scalar(cx, 1), *outs[8];
    BAD(TW_EARG, "tile", "-1", tw_tile(x, TW_SHAPE(-1, 2)));
    BAD(TW_EARG, "repeat", "-2", tw_repeat(x, -2));
    BAD(TW_EARG, "repeat", "axis 2", tw_repeat(x, 2, .axis = 2));
    BAD(TW_EARG, "roll", "axis 0 of rank 0", tw_roll(s, 1));
    BAD(TW_ESHAPE, "diagonal", "rank 1", tw_diagonal(v));
    BAD(TW_ESHAPE, "trace", "rank 0", tw_trace(s));
    BAD(TW_ESHAPE, "tril", "rank 1", tw_tril(v));
    BAD(TW_ESHAPE, "diag", "rank 0", tw_diag(s));
    BAD(TW_ESHAPE, "diag_embed", "rank 0", tw_diag_embed(s));
    BAD(TW_EARG, "eye", "-1", tw_eye(cx, -1));
    BAD(TW_EARG, "cartesian_prod", "9 vectors", tw_cartesian_prod(9, ((tw_node *[]){ v, v, v, v, v, v, v, v, v })));
    BAD(TW_ESHAPE, "cartesian_prod", "rank 2", tw_cartesian_prod(2, ((tw_node *[]){ v, x })));
    BAD(TW_EARG, "linspace", "-1", tw_linspace(cx, 0, 1, -1));
    BAD(TW_EDTYPE, "linspace", "i64", tw_linspace(cx, 0, 1, 5, .dtype = TW_I64));
    BAD(TW_EARG, "swapaxes", "axis 2", tw_swapaxes(x, 0, 2));
    BAD(TW_EARG, "moveaxis", "axis -3", tw_moveaxis(x, -3, 0));
    tw_chunk(x, 0, outs); int line = __LINE__;
    fails_with(cx, TW_EARG, "chunk", line, "0 parts");
    tw_unstack(x, 3, outs); line = __LINE__;
    fails_with(cx, TW_EARG, "unstack", line, "size 2 into 3");
    tw_meshgrid(2, ((tw_node *[]){ v, x }), outs); line = __LINE__;
    fails_with(cx, TW_ESHAPE, "meshgrid", line, "argument 1");
    ck_assert(tw_is_nil(outs[0]) && tw_is_nil(outs[1]));
}
END_TEST

START_TEST(slices_into_nodes)
{
    tw_node *x = tw_reshape(tw_arange(cx, 6), TW_SHAPE(2, 3)), *part[4];
    tw_unstack(x, 3, part, .axis = -1);
    ELEMENTS(part[2], 2, 5);
    ck_assert_int_eq(tw_rank(part[0]), 1);
    ck_assert_int_eq(tw_chunk(x, 4, part, .axis = 1), 3);
    ELEMENTS(part[1], 1, 4);
    ck_assert(tw_is_nil(part[3]));
    ELEMENTS(tw_linspace(cx, 0.1, 0.7, 3), 0.1, 0.4, 0.7);
}
END_TEST

/* A shift and a row number are slots: no plan is made anew. */
START_TEST(shifts_make_no_new_plans)
{
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(4), ((double[]){ 1, 2, 3, 4 }));
    tw_item(tw_sum(x));
    int64_t misses = 0;
    for (int k = 0; k < 6; k++) {
        TW_SCOPE(cx);
        tw_node *y = tw_index(tw_roll(x, k), .at = 0);
        item_is(y, (4 - k % 4) % 4 + 1);
        if (k == 2) misses = tw_counts(cx).misses;
    }
    ck_assert_int_eq(tw_counts(cx).misses, misses);
}
END_TEST

START_TEST(bad_indices_are_errors_of_their_line)
{
    tw_node *x = tw_ones(cx, TW_SHAPE(3, 2)), *i = tw_data(cx, TW_I64, TW_SHAPE(2), ((int64_t[]){ 0, 3 }));
    tw_node *y = tw_take(x, i); int line = __LINE__;
    ck_assert_ptr_null(tw_f64(y));
    fails_with(cx, TW_EVALUE, "gather", line, "3");
    y = tw_scatter_set(x, tw_reshape(i, TW_SHAPE(2, 1)), tw_ones(cx, TW_SHAPE(2, 2))); line = __LINE__;
    ck_assert_ptr_null(tw_f64(y));
    fails_with(cx, TW_EVALUE, "scatter_set", line, "3");
}
END_TEST

START_TEST(results_need_a_place)
{
    tw_node *x = VECTOR(1, 2, 3, 4);
    tw_split(x, 2, NULL); const int split = __LINE__;
    fails(cx, TW_EARG, "split", split);
    tw_chunk(x, 2, NULL); const int chunk = __LINE__;
    fails(cx, TW_EARG, "chunk", chunk);
    tw_unstack(x, 4, NULL); const int unstack = __LINE__;
    fails(cx, TW_EARG, "unstack", unstack);
    tw_meshgrid(1, &x, NULL); const int meshgrid = __LINE__;
    fails(cx, TW_EARG, "meshgrid", meshgrid);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_row_of_a_state_is_written_in_place, updates_are_as_if_at_once, an_updated_value_that_is_read_again_stays,
        many_reads_take_constant_memory, of_elements_set_to_one_place_the_last_has_the_derivative, indexing_refuses,
        bad_indices_are_errors_of_their_line, layouts_refuse, slices_into_nodes, shifts_make_no_new_plans, results_need_a_place,
    };
    return run_programs("index", sizeof tests / sizeof *tests, tests);
}
