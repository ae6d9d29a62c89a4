/* rows_layout.c - rows of operations that move elements, pick them, or make them: see rows.h. */
#include "tests/rows.h"
#include "tests/slow.h"

/* p: rank, dimensions. */
static tw_shape target(const row *r)
{
    tw_shape s = { .n = r->p[0] };
    for (int d = 0; d < s.n; d++) s.at[d] = r->p[1 + d];
    return s;
}

/* p: count, axes. */
static tw_axes axes_of(const row *r)
{
    tw_axes a = { .n = r->p[0] };
    for (int d = 0; d < a.n; d++) a.at[d] = r->p[1 + d];
    return a;
}

BUILD(b_reshape, tw_reshape(x[0], target(r)))
static arr r_reshape(const row *r, const arr *x)
{
    tw_shape s = target(r);
    int64_t known = 1;
    for (int d = 0; d < s.n; d++) known *= s.at[d] < 0 ? 1 : s.at[d];
    for (int d = 0; d < s.n; d++)
        if (s.at[d] < 0) s.at[d] = x[0].count / known;
    return slow_reshape(&x[0], s.n, s.at);
}

BUILD(b_permute, tw_permute(x[0], axes_of(r)))
static arr r_permute(const row *r, const arr *x)
{
    tw_axes a = axes_of(r);
    for (int d = 0; d < a.n; d++) a.at[d] += a.at[d] < 0 ? x[0].n : 0;
    return slow_permute(&x[0], a.at);
}

/* A view of a view: nothing is contiguous. */
BUILD(b_permute_twice, tw_permute(tw_slice(tw_permute(x[0], TW_AXES(2, 0, 1)), .start = { 1 }, .step = { 2 }), TW_AXES(1, 0, 2)))
static arr r_permute_twice(const row *r, const arr *x)
{
    (void)r;
    arr a = slow_permute(&x[0], (int[]){ 2, 0, 1 });
    arr b = slow_slice(&a, (int64_t[]){ 1, 0, 0 }, (int64_t[]){ (a.at[0] - 1 + 1) / 2, a.at[1], a.at[2] }, (int64_t[]){ 2, 1, 1 });
    return slow_permute(&b, (int[]){ 1, 0, 2 });
}

BUILD(b_broadcast_to, tw_broadcast_to(x[0], target(r)))
static arr r_broadcast_to(const row *r, const arr *x)
{
    const tw_shape s = target(r);
    return slow_broadcast(&x[0], s.n, s.at);
}

BUILD(b_sum_to, tw_sum_to(x[0], target(r)))
static arr r_sum_to(const row *r, const arr *x)
{
    const tw_shape s = target(r);
    return slow_sum_to(&x[0], s.n, s.at);
}

/* p: start, size, step of up to three axes, as .slice takes them; 0 is the default. */
static tw_node *b_slice(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    tw_slice_args o = { ._size = sizeof o };
    for (int d = 0; d < 3; d++) o.start[d] = r->p[d], o.size[d] = r->p[3 + d], o.step[d] = r->p[6 + d];
    return tw_slice_at(TW_HERE, x[0], &o);
}
static arr r_slice(const row *r, const arr *x)
{
    int64_t start[8], size[8], step[8];
    for (int d = 0; d < x[0].n; d++) {
        start[d] = r->p[d] < 0 ? r->p[d] + x[0].at[d] : r->p[d];
        step[d] = r->p[6 + d] ? r->p[6 + d] : 1;
        size[d] = r->p[3 + d] ? r->p[3 + d] : (x[0].at[d] - start[d] + step[d] - 1) / step[d];
    }
    return slow_slice(&x[0], start, size, step);
}

/* p: before and after of up to three axes, value. */
static tw_node *b_pad(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    tw_pad_args o = { ._size = sizeof o, .value = r->p[6] };
    for (int d = 0; d < 3; d++) o.before[d] = r->p[d], o.after[d] = r->p[3 + d];
    return tw_pad_at(TW_HERE, x[0], &o);
}
static arr r_pad(const row *r, const arr *x)
{
    int64_t before[8], size[8], step[8];
    for (int d = 0; d < x[0].n; d++) before[d] = r->p[d], size[d] = x[0].at[d] + r->p[d] + r->p[3 + d], step[d] = 1;
    return slow_pad(&x[0], before, size, step, r->p[6]);
}

BUILD(b_flip, tw_flip(x[0], .axes = axes_of(r)))
static arr r_flip(const row *r, const arr *x)
{
    const tw_axes a = axes_of(r);
    unsigned mask = a.n ? 0 : 255;
    for (int k = 0; k < a.n; k++) mask |= 1u << (a.at[k] < 0 ? a.at[k] + x[0].n : a.at[k]);
    return slow_flip(&x[0], mask);
}

/* p: axis. */
BUILD(b_concat, tw_concat(row_inputs(r), x, .axis = r->p[0]))
static arr r_concat(const row *r, const arr *x)
{
    return slow_concat(row_inputs(r), x, r->p[0] < 0 ? r->p[0] + x[0].n : r->p[0]);
}

/* One node several times: its cotangents add up. */
BUILD(b_concat_same, tw_concat(3, ((tw_node *[]){ x[0], x[1], x[0] }), .axis = 1))
static arr r_concat_same(const row *r, const arr *x)
{
    (void)r;
    return slow_concat(3, (arr[]){ x[0], x[1], x[0] }, 1);
}

BUILD(b_stack, tw_stack(row_inputs(r), x, .axis = r->p[0]))
static arr r_stack(const row *r, const arr *x)
{
    arr with[4];
    const int axis = r->p[0] < 0 ? r->p[0] + x[0].n + 1 : r->p[0];
    for (int k = 0; k < row_inputs(r); k++) {
        int64_t at[8];
        for (int d = 0, m = 0; d <= x[k].n; d++) at[d] = d == axis ? 1 : x[k].at[m++];
        with[k] = slow_reshape(&x[k], x[k].n + 1, at);
    }
    return slow_concat(row_inputs(r), with, axis);
}

/* The middle of three parts along the last axis, times the first. */
static tw_node *b_split(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)r, (void)cx;
    tw_node *part[3];
    tw_split(x[0], 3, part, .axis = 1);
    return tw_mul(part[0], part[1]);
}
static arr r_split(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_new(2, (int64_t[]){ x[0].at[0], x[0].at[1] / 3 });
    for (int64_t i = 0; i < y.at[0]; i++)
        for (int64_t j = 0; j < y.at[1]; j++)
            y.v[i * y.at[1] + j] = x[0].v[i * x[0].at[1] + j] * x[0].v[i * x[0].at[1] + y.at[1] + j];
    return y;
}

BUILD(b_flatten, tw_flatten(x[0]))
REF(r_flatten, slow_reshape(&x[0], 2, (int64_t[]){ x[0].at[0], x[0].at[0] ? x[0].count / x[0].at[0] : 0 }))
BUILD(b_transpose, tw_transpose(x[0]))
REF(r_transpose, slow_permute(&x[0], x[0].n == 2 ? (int[]){ 1, 0 } : (int[]){ 0, 2, 1 }))
BUILD(b_squeeze, tw_squeeze(x[0]))
BUILD(b_squeeze_axes, tw_squeeze(x[0], .axes = TW_AXES(-1)))
REF(r_squeeze, slow_reshape(&x[0], 2, (int64_t[]){ x[0].at[1], x[0].at[3] }))
REF(r_squeeze_axes, slow_reshape(&x[0], x[0].n - 1, x[0].at))
BUILD(b_expand_dims, tw_expand_dims(x[0], .axis = r->p[0]))
static arr r_expand_dims(const row *r, const arr *x)
{
    int64_t at[8];
    const int axis = r->p[0] < 0 ? r->p[0] + x[0].n + 1 : r->p[0];
    for (int d = 0, m = 0; d <= x[0].n; d++) at[d] = d == axis ? 1 : x[0].at[m++];
    return slow_reshape(&x[0], x[0].n + 1, at);
}

/* p: axis, at. */
BUILD(b_index, tw_index(x[0], .axis = r->p[0], .at = r->p[1]))
static arr r_index(const row *r, const arr *x)
{
    int64_t start[8] = { 0 }, size[8], step[8], at[8];
    const int axis = r->p[0] < 0 ? r->p[0] + x[0].n : r->p[0];
    int n = 0;
    for (int d = 0; d < x[0].n; d++) {
        size[d] = d == axis ? 1 : x[0].at[d], step[d] = 1;
        if (d == axis) start[d] = r->p[1] < 0 ? r->p[1] + x[0].at[d] : r->p[1];
        else at[n++] = x[0].at[d];
    }
    arr y = slow_slice(&x[0], start, size, step);
    return slow_reshape(&y, n, at);
}

BUILD(b_gather, tw_gather(x[0], x[1], .axis = r->p[0]))
static arr r_gather(const row *r, const arr *x)
{
    return slow_gather(&x[0], &x[1], r->p[0] < 0 ? r->p[0] + x[0].n : r->p[0]);
}
BUILD(b_scatter_add, tw_scatter_add(x[0], x[1], x[2], .axis = r->p[0]))
static arr r_scatter_add(const row *r, const arr *x)
{
    return slow_scatter_add(&x[0], &x[1], &x[2], r->p[0] < 0 ? r->p[0] + x[0].n : r->p[0]);
}

/* p: classes. */
BUILD(b_one_hot, tw_one_hot(x[0], r->p[0]))
static arr r_one_hot(const row *r, const arr *x)
{
    int64_t at[8];
    for (int d = 0; d < x[0].n; d++) at[d] = x[0].at[d];
    at[x[0].n] = r->p[0];
    arr y = arr_new(x[0].n + 1, at);
    for (int64_t k = 0; k < x[0].count; k++) y.v[k * r->p[0] + (int64_t)x[0].v[k]] = 1;
    return y;
}

/* ---- leaves ---------------------------------------------------------------------------- */

/* p: dtype, n. */
BUILD(b_arange, tw_arange(cx, r->p[1], .dtype = (tw_dtype)r->p[0]))
static arr r_arange(const row *r, const arr *x)
{
    (void)x;
    arr y = arr_new(1, (int64_t[]){ r->p[1] });
    for (int64_t k = 0; k < y.count; k++) y.v[k] = (double)k;
    return y;
}

static arr filled(const row *r, double value)
{
    const tw_shape s = target(r);
    arr y = arr_new(s.n, s.at);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = value;
    return y;
}
BUILD(b_zeros, tw_zeros(cx, target(r)))
BUILD(b_ones, tw_ones(cx, target(r)))
BUILD(b_fill, tw_fill(cx, target(r), .value = 0.375))
static arr r_zeros(const row *r, const arr *x) { (void)x; return filled(r, 0); }
static arr r_ones(const row *r, const arr *x)  { (void)x; return filled(r, 1); }
static arr r_fill(const row *r, const arr *x)  { (void)x; return filled(r, 0.375); }

/* Random numbers: the words are Philox's own; what is spelled from them stays where it must. */
BUILD(b_random_bits, tw_random_bits(cx, target(r), .key = 5))
static arr r_random_bits(const row *r, const arr *x)
{
    (void)x;
    arr y = filled(r, 0);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = (int32_t)slow_random_word(7, (uint64_t)1 << 63 | 5, (uint64_t)k);
    return y;
}
BUILD(b_uniform, tw_floor(tw_uniform(cx, target(r))))
BUILD(b_uniform_range, tw_floor(tw_uniform(cx, target(r), .low = 3, .high = 4)))
BUILD(b_normal, tw_less(tw_abs(tw_normal(cx, target(r))), 100))
static arr r_uniform(const row *r, const arr *x) { (void)x; return filled(r, 0); }
static arr r_uniform_range(const row *r, const arr *x) { (void)x; return filled(r, 3); }
static arr r_normal(const row *r, const arr *x) { (void)x; return filled(r, 1); }

const row rows_layout[] = {
    { "reshape", "2 3 to 3 2", { REAL(2, 3) }, IS(reshape), .p = { 2, 3, 2 } },
    { "reshape", "to a scalar", { REAL(1, 1) }, IS(reshape), .p = { 0 } },
    { "reshape", "-1", { REAL(4, 3, 2) }, IS(reshape), .p = { 2, 6, -1 } },
    { "reshape", "empty", { REAL(0, 3) }, IS(reshape), .p = { 3, 3, 5, 0 } },
    { "reshape", "i64", { I64(9, 3, 4) }, IS(reshape), .p = { 1, 12 }, .flags = R_VALUE },
    { "permute", "2 axes", { REAL(2, 3) }, IS(permute), .p = { 2, 1, 0 } },
    { "permute", "3 axes, negative", { REAL(2, 3, 4) }, IS(permute), .p = { 3, -1, 0, 1 } },
    { "permute", "4 axes", { REAL(2, 1, 3, 2) }, IS(permute), .p = { 4, 3, 1, 0, 2 } },
    { "permute", "of a slice of a permute", { REAL(2, 3, 5) }, IS(permute_twice) },
    { "permute", "large", { REAL(33, 7, 65) }, IS(permute), .p = { 3, 2, 1, 0 }, .flags = R_VALUE },
    { "permute", "bool", { BOOLS(5, 7) }, IS(permute), .p = { 2, 1, 0 }, .flags = R_VALUE },
    { "broadcast_to", "a row", { REAL(3) }, IS(broadcast_to), .p = { 2, 4, 3 } },
    { "broadcast_to", "a column", { REAL(3, 1) }, IS(broadcast_to), .p = { 3, 2, 3, 2 } },
    { "broadcast_to", "a scalar", { { K_REAL, 0, 0, S0 } }, IS(broadcast_to), .p = { 2, 2, 2 } },
    { "broadcast_to", "to nothing", { REAL(1, 3) }, IS(broadcast_to), .p = { 2, 0, 3 } },
    { "broadcast_to", "i64", { I64(9, 3) }, IS(broadcast_to), .p = { 2, 2, 3 }, .flags = R_VALUE },
    { "sum_to", "a row", { REAL(4, 3) }, IS(sum_to), .p = { 1, 3 } },
    { "sum_to", "a column", { REAL(2, 3, 4) }, IS(sum_to), .p = { 2, 3, 1 } },
    { "sum_to", "a scalar", { REAL(2, 3) }, IS(sum_to), .p = { 0 } },
    { "sum_to", "outer axes", { REAL(3, 2, 4) }, IS(sum_to), .p = { 3, 1, 2, 1 } },
    { "sum_to", "from nothing", { REAL(0, 3) }, IS(sum_to), .p = { 1, 3 } },
    { "sum_to", "large rows", { REAL(301, 37) }, IS(sum_to), .p = { 1, 37 }, .tol = 300, .flags = R_VALUE },
    { "slice", "inside", { REAL(5, 4) }, IS(slice), .p = { 1, 2, 0, 3, 1 } },
    { "slice", "from the end", { REAL(5, 4) }, IS(slice), .p = { -2, -3, 0, 0, 2 } },
    { "slice", "steps", { REAL(7, 5) }, IS(slice), .p = { 1, 0, 0, 0, 0, 0, 2, 3 } },
    { "slice", "steps and sizes", { REAL(3, 9, 5) }, IS(slice), .p = { 0, 2, 1, 2, 3, 2, 1, 2, 3 } },
    { "slice", "everything", { REAL(2, 3) }, IS(slice), .p = { 0 } },
    { "slice", "i32", { { K_I32, -9, 9, S(6, 4) } }, IS(slice), .p = { 2, 1, 0, 3, 2 }, .flags = R_VALUE },
    { "pad", "both sides", { REAL(2, 3) }, IS(pad), .p = { 1, 0, 0, 2, 1 } },
    { "pad", "a value", { REAL(2, 2, 2) }, IS(pad), .p = { 0, 1, 2, 1, 0, 1, 5 } },
    { "pad", "nothing", { REAL(2, 3) }, IS(pad), .p = { 0 } },
    { "pad", "around nothing", { REAL(0, 2) }, IS(pad), .p = { 1, 1, 0, 1, 0, 0, 3 } },
    { "pad", "i64", { I64(9, 3, 2) }, IS(pad), .p = { 1, 0, 0, 0, 2, 0, -4 }, .flags = R_VALUE },
    { "flip", "all axes", { REAL(2, 3) }, IS(flip) },
    { "flip", "last axis", { REAL(2, 3, 2) }, IS(flip), .p = { 1, -1 } },
    { "flip", "two axes", { REAL(2, 3, 4) }, IS(flip), .p = { 2, 0, 2 } },
    { "flip", "u8", { { K_U8, 0, 255, S(3, 5) } }, IS(flip), .p = { 1, 0 }, .flags = R_VALUE },
    { "concat", "axis 0", { REAL(2, 3), REAL(1, 3) }, IS(concat) },
    { "concat", "last axis", { REAL(2, 1, 2), REAL(2, 1, 3), REAL(2, 1, 1) }, IS(concat), .p = { -1 } },
    { "concat", "four, one empty", { REAL(2, 2), REAL(2, 0), REAL(2, 1), REAL(2, 3) }, IS(concat), .p = { 1 } },
    { "concat", "one", { REAL(2, 2) }, IS(concat) },
    { "concat", "one node twice", { REAL(2, 2), REAL(2, 1) }, IS(concat_same) },
    { "concat", "bool", { BOOLS(2, 3), BOOLS(2, 4) }, IS(concat), .p = { 1 }, .flags = R_VALUE },
    { "stack", "axis 0", { REAL(2, 3), REAL(2, 3) }, IS(stack) },
    { "stack", "last axis", { REAL(2, 3), REAL(2, 3), REAL(2, 3) }, IS(stack), .p = { -1 } },
    { "split", "three parts", { REAL(2, 6) }, IS(split) },
    { "flatten", "images", { REAL(2, 3, 2, 2) }, IS(flatten) },
    { "transpose", "a matrix", { REAL(2, 3) }, IS(transpose) },
    { "transpose", "a batch", { REAL(2, 3, 4) }, IS(transpose) },
    { "squeeze", "all", { REAL(1, 3, 1, 2) }, IS(squeeze) },
    { "squeeze", "last axis", { REAL(1, 3, 1) }, IS(squeeze_axes) },
    { "expand_dims", "first", { REAL(3, 2) }, IS(expand_dims) },
    { "expand_dims", "last", { REAL(3, 2) }, IS(expand_dims), .p = { -1 } },
    { "index", "first axis", { REAL(4, 3) }, IS(index), .p = { 0, 2 } },
    { "index", "last axis, from the end", { REAL(2, 4, 3) }, IS(index), .p = { -1, -2 } },
    { "gather", "rows", { REAL(5, 3), I64(4, 4, 1) }, IS(gather) },
    { "gather", "last axis, of equal shape", { REAL(3, 5), I64(4, 3, 2) }, IS(gather), .p = { -1 } },
    { "gather", "middle axis", { REAL(2, 4, 3), I64(3, 1, 5, 3) }, IS(gather), .p = { 1 } },
    { "gather", "i32 indices", { REAL(5, 3), { K_I32, 0, 4, S(7, 1) } }, IS(gather) },
    { "gather", "no index", { REAL(5, 3), I64(4, 0, 1) }, IS(gather) },
    { "gather", "of integers", { { K_I64, -9, 9, S(5, 3) }, I64(4, 4, 3) }, IS(gather), .flags = R_VALUE },
    { "scatter_add", "rows, colliding", { REAL(3, 2), I64(2, 6, 1), REAL(6, 2) }, IS(scatter_add) },
    { "scatter_add", "last axis", { REAL(3, 4), I64(3, 3, 5), REAL(3, 5) }, IS(scatter_add), .p = { -1 } },
    { "scatter_add", "i64", { { K_I64, -9, 9, S(3, 2) }, I64(2, 6, 1), { K_I64, -9, 9, S(6, 2) } }, IS(scatter_add), .flags = R_VALUE },
    { "one_hot", "of a vector", { I64(4, 6) }, IS(one_hot), .p = { 5 }, .flags = R_VALUE },
    { "one_hot", "of i32", { { K_I32, 0, 2, S(2, 3) } }, IS(one_hot), .p = { 3 }, .flags = R_VALUE },
    { "arange", "i64", { { 0 } }, IS(arange), .p = { TW_DTYPE_DEFAULT, 7 }, .flags = R_VALUE },
    { "arange", "f32", { { 0 } }, IS(arange), .p = { TW_F32, 1003 }, .flags = R_VALUE },
    { "arange", "f64", { { 0 } }, IS(arange), .p = { TW_F64, 5 }, .flags = R_VALUE },
    { "arange", "i32", { { 0 } }, IS(arange), .p = { TW_I32, 5 }, .flags = R_VALUE },
    { "zeros", "2 3", { { 0 } }, IS(zeros), .p = { 2, 2, 3 }, .flags = R_VALUE },
    { "ones", "2 3", { { 0 } }, IS(ones), .p = { 2, 2, 3 }, .flags = R_VALUE },
    { "fill", "a value", { { 0 } }, IS(fill), .p = { 2, 2, 3 }, .flags = R_VALUE },
    { "random_bits", "a key", { { 0 } }, IS(random_bits), .p = { 2, 9, 31 }, .flags = R_VALUE },
    { "uniform", "in [0, 1)", { { 0 } }, IS(uniform), .p = { 1, 5000 }, .flags = R_VALUE },
    { "uniform", "in [3, 4)", { { 0 } }, IS(uniform_range), .p = { 1, 5000 }, .flags = R_VALUE },
    { "normal", "within 100", { { 0 } }, IS(normal), .p = { 1, 5000 }, .flags = R_VALUE },
};
const int n_rows_layout = sizeof rows_layout / sizeof *rows_layout;
