/* rows_index.c - rows of slices of any step, updates, takes and scatters: see rows.h. */
#include "tests/rows.h"
#include "tests/slow_index.h"

static int from_end(int axis, int n) { return axis < 0 ? axis + n : axis; }

/* ---- slices ---------------------------------------------------------------------------- */

/* p: start, stop, step of up to three axes; 0 is the default. */
static tw_slice_args slice_of(const row *r)
{
    tw_slice_args o = { ._size = sizeof o };
    for (int d = 0; d < 3; d++) o.start[d] = r->p[3 * d], o.stop[d] = r->p[3 * d + 1], o.step[d] = r->p[3 * d + 2];
    return o;
}

/* As Python's slice.indices says it: starts, steps and how many. */
static void python_slice(const row *r, const arr *x, int64_t *start, int64_t *step, int64_t *size)
{
    for (int d = 0; d < x->n; d++) {
        const int64_t n = x->at[d], a = r->p[3 * d], b = r->p[3 * d + 1], s = r->p[3 * d + 2] ? r->p[3 * d + 2] : 1;
        int64_t from = a ? a : s > 0 ? 0 : n - 1, to = b ? b : s > 0 ? n : -1;
        if (a < 0) from = a + n;
        if (b < 0) to = b + n < 0 ? (s < 0 ? -1 : 0) : b + n;
        if (to > n) to = n;
        start[d] = from, step[d] = s, size[d] = 0;
        for (int64_t i = from; s > 0 ? i < to : i > to; i += s) size[d]++;
    }
}

static tw_node *b_slice(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const tw_slice_args o = slice_of(r);
    return tw_slice_at(TW_HERE, x[0], &o);
}
static arr r_slice(const row *r, const arr *x)
{
    int64_t start[8], step[8], size[8];
    python_slice(r, x, start, step, size);
    return slow_slice(&x[0], start, size, step);
}

static tw_node *b_slice_scatter(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const tw_slice_args o = slice_of(r);
    return tw_slice_scatter_at(TW_HERE, x[0], x[1], &o);
}
static tw_node *b_slice_add(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const tw_slice_args o = slice_of(r);
    return tw_slice_add_at(TW_HERE, x[0], x[1], &o);
}
static arr slice_put(const row *r, const arr *x, bool add)
{
    int64_t start[8], step[8], size[8];
    python_slice(r, x, start, step, size);
    return slow_slice_put(&x[0], &x[1], start, step, add);
}
REF(r_slice_scatter, slice_put(r, x, false))
REF(r_slice_add, slice_put(r, x, true))

/* p: axis, i. */
BUILD(b_slice_update, tw_slice_update(x[0], x[1], r->p[1], .axis = r->p[0]))
static arr r_slice_update(const row *r, const arr *x)
{
    const int axis = from_end(r->p[0], x[0].n);
    int64_t start[8] = { 0 }, step[8] = { 1, 1, 1, 1, 1, 1, 1, 1 }, at[8];
    start[axis] = r->p[1] < 0 ? r->p[1] + x[0].at[axis] : r->p[1];
    for (int d = 0, m = 0; d < x[0].n; d++) at[d] = d == axis && x[1].n < x[0].n ? 1 : x[1].at[m++];
    const arr src = slow_reshape(&x[1], x[0].n, at);
    return slow_slice_put(&x[0], &src, start, step, false);
}

/* One tensor read in many ways: the cotangents meet in one sum. */
static tw_node *b_reads(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)r, (void)cx;
    tw_node *a = tw_mul(tw_index(x[0], .at = 2), tw_index(x[0], .at = -1)), *b = tw_slice(x[0], .start = { 1 }, .step = { 2 });
    tw_node *c = tw_take(x[0], x[1]), *y = tw_add(tw_exp(tw_index(x[0], .at = 2)), a);
    return tw_mul(tw_add(tw_sum(b), y), tw_sum(tw_square(c), .axes = TW_AXES(0)));
}
static arr r_reads(const row *r, const arr *x)
{
    (void)r;
    const int64_t n = x[0].at[0], m = x[0].at[1];
    arr y = arr_new(1, &m);
    double b = 0;
    for (int64_t i = 1; i < n; i += 2)
        for (int64_t j = 0; j < m; j++) b += x[0].v[i * m + j];
    for (int64_t j = 0; j < m; j++) {
        const double u = x[0].v[2 * m + j];
        double c = 0;
        for (int64_t k = 0; k < x[1].count; k++) c += pow(x[0].v[(int64_t)x[1].v[k] * m + j], 2);
        y.v[j] = (b + exp(u) + u * x[0].v[(n - 1) * m + j]) * c;
    }
    return y;
}

/* ---- by index -------------------------------------------------------------------------- */

/* p: axis. */
BUILD(b_take, tw_take(x[0], x[1], .axis = r->p[0]))
REF(r_take, slow_take(&x[0], &x[1], from_end(r->p[0], x[0].n)))
BUILD(b_take_along_axis, tw_take_along_axis(x[0], x[1], .axis = r->p[0]))
REF(r_take_along_axis, slow_gather(&x[0], &x[1], from_end(r->p[0], x[0].n)))
BUILD(b_scatter_set, tw_scatter_set(x[0], x[1], x[2], .axis = r->p[0]))
REF(r_scatter_set, slow_scatter_set(&x[0], &x[1], &x[2], from_end(r->p[0], x[0].n)))

/* p: what is filled in; 0: a tensor. */
BUILD(b_masked_fill, tw_masked_fill(x[0], x[1], x[2]))
REF(r_masked_fill, slow_where(&x[1], &x[2], &x[0]))
BUILD(b_masked_fill_number, tw_masked_fill(x[0], x[1], -1.5))
static arr r_masked_fill_number(const row *r, const arr *x)
{
    (void)r;
    arr value = arr_new(0, NULL);
    value.v[0] = -1.5;
    return slow_where(&x[1], &value, &x[0]);
}

const row rows_index[] = {
    { "slice", "backwards", { REAL(5, 3) }, IS(slice), .p = { 0, 0, -1 } },
    { "slice", "backwards by two, from inside", { REAL(7, 4) }, IS(slice), .p = { 5, 1, -2, -1, -4, -1 } },
    { "slice", "backwards, all of three axes", { REAL(2, 3, 4) }, IS(slice), .p = { 0, 0, -1, 0, 0, -1, 0, 0, -1 } },
    { "slice", "backwards beyond the first", { REAL(5) }, IS(slice), .p = { 3, -9, -2 } },
    { "slice", "one element backwards", { REAL(5, 2) }, IS(slice), .p = { -5, 0, -3 } },
    { "slice", "without the ends", { REAL(5, 4) }, IS(slice), .p = { 1, -1, 0, 1, -1 } },
    { "slice", "up to more than there is", { REAL(5) }, IS(slice), .p = { 1, 99, 3 } },
    { "slice", "nothing", { REAL(5, 2) }, IS(slice), .p = { 3, 2 } },
    { "slice", "of nothing, backwards", { REAL(0, 2) }, IS(slice), .p = { 0, 0, -1 } },
    { "slice", "u8 backwards", { { K_U8, 0, 255, S(6, 4) } }, IS(slice), .p = { 0, 0, -2, 0, 0, 3 }, .flags = R_VALUE },
    { "slice", "many reads of one tensor", { REAL(6, 3), I64(5, 4) }, IS(reads) },
    { "slice_update", "one row", { REAL(4, 3), REAL(3) }, IS(slice_update), .p = { 0, 2 } },
    { "slice_update", "two rows, from the end", { REAL(5, 3), REAL(2, 3) }, IS(slice_update), .p = { 0, -3 } },
    { "slice_update", "a column", { REAL(2, 4, 3), REAL(2, 3) }, IS(slice_update), .p = { 1, 1 } },
    { "slice_update", "the whole", { REAL(2, 3), REAL(2, 3) }, IS(slice_update) },
    { "slice_update", "bool", { BOOLS(4, 5), BOOLS(4, 2) }, IS(slice_update), .p = { -1, 2 }, .flags = R_VALUE },
    { "slice_scatter", "inside", { REAL(5, 6), REAL(2, 3) }, IS(slice_scatter), .p = { 1, 0, 0, 2, 0, 0 } },
    { "slice_scatter", "steps, one backwards", { REAL(5, 7, 2), REAL(2, 3, 2) }, IS(slice_scatter), .p = { 1, 0, 2, 5, 0, -2 } },
    { "slice_add", "inside", { REAL(5, 6), REAL(2, 6) }, IS(slice_add), .p = { 3 } },
    { "slice_add", "steps, all backwards", { REAL(5, 7), REAL(2, 3) }, IS(slice_add), .p = { 0, 0, -3, 0, 0, -2 } },
    { "slice_add", "i64", { { K_I64, -9, 9, S(4, 3) }, { K_I64, -9, 9, S(2, 3) } }, IS(slice_add), .p = { 1 }, .flags = R_VALUE },
    { "take", "rows by a matrix", { REAL(5, 3), I64(4, 2, 4) }, IS(take) },
    { "take", "one row", { REAL(5, 3), { K_I64, 2, 3, S0 } }, IS(take) },
    { "take", "last axis", { REAL(2, 3, 5), I64(4, 7) }, IS(take), .p = { -1 } },
    { "take", "middle axis, i32", { REAL(2, 4, 3), { K_I32, 0, 3, S(2, 2) } }, IS(take), .p = { 1 } },
    { "take", "no index", { REAL(5, 3), I64(4, 0) }, IS(take) },
    { "take", "wide rows", { REAL(9, 131), I64(8, 17) }, IS(take), .flags = R_VALUE },
    { "take", "of booleans", { BOOLS(5, 3), I64(4, 6) }, IS(take), .flags = R_VALUE },
    { "take_along_axis", "last axis", { REAL(3, 5), I64(4, 3, 2) }, IS(take_along_axis), .p = { -1 } },
    { "scatter_set", "rows, colliding", { REAL(3, 2), I64(2, 6, 1), REAL(6, 2) }, IS(scatter_set) },
    { "scatter_set", "last axis, colliding", { REAL(3, 4), I64(3, 3, 5), REAL(3, 5) }, IS(scatter_set), .p = { -1 } },
    { "scatter_set", "middle axis", { REAL(2, 5, 3), I64(4, 2, 3, 3), REAL(2, 3, 3) }, IS(scatter_set), .p = { 1 } },
    { "scatter_set", "u8", { { K_U8, 0, 9, S(3, 2) }, I64(2, 6, 1), { K_U8, 0, 9, S(6, 2) } }, IS(scatter_set), .flags = R_VALUE },
    { "masked_fill", "a tensor", { REAL(3, 4), BOOLS(3, 4), REAL(4) }, IS(masked_fill) },
    { "masked_fill", "a number, a row of a mask", { REAL(3, 4), BOOLS(4) }, IS(masked_fill_number) },
};
const int n_rows_index = sizeof rows_index / sizeof *rows_index;
