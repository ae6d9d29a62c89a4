/* ops.h - the vocabulary: tw_<name>(nodes, options). ops.def has a line on each.
 *
 * Dimensions and axes: negative axes count from the end. Options are by name, zero means default.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Padding of the spatial axes: TW_SAME (the output is the input divided by the stride, rounded up), TW_PAD(p), a number
 * for each axis, TW_PAD(height, width), or two, TW_PAD(top, bottom, left, right); default none. */
typedef struct tw_padding { int n; int at[6]; } tw_padding;
#ifdef __cplusplus
#define TW_PAD(...) (tw_padding{ tw__many(__VA_ARGS__), { __VA_ARGS__ } })
#define TW_SAME (tw_padding{ -1, { 0 } })
#else
#define TW_PAD(...) ((tw_padding){ (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), { __VA_ARGS__ } })
#define TW_SAME ((tw_padding){ .n = -1 })
#endif

typedef struct tw_reduce_args  { int _size; tw_axes axes; bool keep_dims; } tw_reduce_args;
typedef struct tw_var_args     { int _size; tw_axes axes; bool keep_dims; int ddof; } tw_var_args;
typedef struct tw_norm_args    { int _size; tw_axes axes; bool keep_dims; double p; } tw_norm_args;     /* p default 2 */
typedef struct tw_gelu_args     { int _size; bool tanh; } tw_gelu_args;
typedef struct tw_softplus_args { int _size; double beta; } tw_softplus_args;           /* default 1 */
typedef struct tw_elu_args      { int _size; double alpha; } tw_elu_args;               /* default 1 */
typedef struct tw_leaky_relu_args { int _size; double negative_slope; } tw_leaky_relu_args;     /* default 0.01 */
typedef struct tw_hardtanh_args { int _size; double low, high; } tw_hardtanh_args;      /* default -1, 1 */
typedef struct tw_shrink_args   { int _size; double lambda; } tw_shrink_args;           /* default 0.5 */
typedef struct tw_softmax_args { int _size; tw_axes axes; } tw_softmax_args;
typedef struct tw_axes_args    { int _size; tw_axes axes; } tw_axes_args;
typedef struct tw_axis_args    { int _size; int axis; } tw_axis_args;
typedef struct tw_index_args   { int _size; int axis; int64_t at; } tw_index_args;
typedef struct tw_matmul_args  { int _size; bool transpose_a, transpose_b; } tw_matmul_args;
typedef struct tw_triangular_solve_args { int _size; bool upper, transpose, unit; } tw_triangular_solve_args;  /* unit: ones on the diagonal */
typedef struct tw_cholesky_args { int _size; bool upper; } tw_cholesky_args;
typedef struct tw_tolerance_args { int _size; double tolerance; } tw_tolerance_args;      /* relative to the largest singular value */
typedef struct tw_matrix_norm_args { int _size; const char *ord; } tw_matrix_norm_args;
typedef struct tw_tensordot_args { int _size; int axes; tw_axes a, b; } tw_tensordot_args;
typedef struct tw_fft_args { int _size; tw_axes axes; const char *norm; } tw_fft_args;      /* axes of the data: without the pair */
typedef struct tw_irfft_args { int _size; tw_axes axes; const char *norm; int64_t n; } tw_irfft_args;
typedef struct tw_random_args  { int _size; uint64_t key; } tw_random_args;     /* key: a stream of one's own; default the context's next */
typedef struct tw_uniform_args { int _size; tw_dtype dtype; double low, high; uint64_t key; } tw_uniform_args;
typedef struct tw_normal_args  { int _size; tw_dtype dtype; double mean, std; uint64_t key; } tw_normal_args;

/* One entry for each axis of x. .start counts from the end when negative and is a slot: it may change without a new
 * plan. Of .size and .stop one may be given. */
typedef struct tw_slice_args {
    int     _size;
    int64_t start[TW_MAX_RANK];     /* default: the first element; of negative steps the last */
    int64_t size[TW_MAX_RANK];      /* default: all that remain */
    int64_t step[TW_MAX_RANK];      /* default 1; may be negative */
    int64_t stop[TW_MAX_RANK];      /* the first not to be taken, from the end when negative; beyond the ends as many as there are */
} tw_slice_args;

typedef struct tw_pad_args {
    int     _size;
    int64_t before[TW_MAX_RANK], after[TW_MAX_RANK];    /* default 0; not negative */
    double  value;                                       /* default 0 */
} tw_pad_args;

/* Of one to three spatial axes; {2} means {2, 2, 2}. */
typedef struct tw_conv_args {
    int        _size;
    int        stride[3], dilation[3];      /* default 1 */
    int        input_dilation[3];           /* default 1: that many less one zeros between the pixels of x */
    tw_padding padding;                     /* default none */
    int        groups;                      /* default 1 */
} tw_conv_args;

/* Those of the convolution that it is the transpose of. */
typedef struct tw_conv_transpose_args {
    int        _size;
    int        stride[3], dilation[3];      /* default 1 */
    int        output_padding[3];           /* default 0: pixels more at the end, below the stride; no repetition */
    tw_padding padding;                     /* cuts this much off; TW_SAME: the output is the input times the stride */
    int        groups;                      /* default 1 */
} tw_conv_transpose_args;

typedef struct tw_pool_args {
    int        _size;
    int        window[3], stride[3];        /* {2} means {2, 2, 2}; stride default: the window */
    int        dilation[3];                 /* default 1 */
    tw_padding padding;                     /* default none */
    bool       ceil_mode;                   /* a last window that reaches beyond the padding counts, if it begins before it */
    bool       exclude_padding;             /* means divide by what lies inside of x, not by the window */
} tw_pool_args;

/* The windows of pools without them: stride default 1. */
typedef struct tw_window_args {
    int        _size;
    int        window[3], stride[3], dilation[3];   /* {2} means {2, 2, 2}; default 1 but for the window */
    tw_padding padding;                             /* default none */
} tw_window_args;

typedef struct tw_adaptive_pool_args { int _size; int64_t size[3]; } tw_adaptive_pool_args;     /* of the output; {2} means {2, 2, 2} */

typedef enum tw_interpolation { TW_INTERP_NEAREST, TW_INTERP_NEAREST_EXACT, TW_INTERP_LINEAR, TW_INTERP_CUBIC } tw_interpolation;
typedef struct tw_interpolate_args {
    int              _size;
    tw_interpolation mode;              /* default TW_INTERP_NEAREST */
    int64_t          size[3];           /* of the output, or */
    double           scale[3];          /* its ratio to the input; {2} means {2, 2, 2} */
    bool             align_corners;     /* the first and last pixels of both stand on each other, not their outer edges */
} tw_interpolate_args;

typedef struct tw_attention_args {
    int      _size;
    tw_node *mask;          /* broadcast to [.., t, s]: booleans, true where a query sees a key, or numbers to add; default none */
    bool     causal;        /* query i sees keys 0 to i */
    double   scale;         /* default 1 / sqrt(features) */
} tw_attention_args;

typedef enum tw_mode { TW_CHEAPER, TW_FORWARD, TW_REVERSE } tw_mode;
typedef struct tw_jacobian_args { int _size; tw_mode mode; int64_t chunk; } tw_jacobian_args;
typedef struct tw_dtype_args    { int _size; tw_dtype dtype; } tw_dtype_args;
typedef struct tw_scan_args     { int _size; int axis; bool reverse, exclusive; } tw_scan_args;
typedef struct tw_randint_args  { int _size; tw_dtype dtype; uint64_t key; } tw_randint_args;
typedef struct tw_draw_args     { int _size; tw_dtype dtype; double loc, scale; uint64_t key; } tw_draw_args;
typedef struct tw_truncated_normal_args { int _size; tw_dtype dtype; double mean, std, low, high; uint64_t key; } tw_truncated_normal_args;
typedef struct tw_bernoulli_args { int _size; tw_dtype dtype; double p; uint64_t key; } tw_bernoulli_args;
/* .samples: so many along a new first axis; default one, without it */
typedef struct tw_sample_args   { int _size; int64_t samples; uint64_t key; } tw_sample_args;
typedef struct tw_gamma_args    { int _size; int64_t samples; bool log; uint64_t key; } tw_gamma_args;
/* .axes: one, default the last; .index: where to put the node of the places, besides. */
typedef struct tw_sort_args     { int _size; tw_axes axes; bool descending; tw_node **index; } tw_sort_args;
typedef struct tw_topk_args     { int _size; tw_axes axes; bool smallest; tw_node **index; } tw_topk_args;
typedef struct tw_search_args   { int _size; bool right; } tw_search_args;
typedef struct tw_diagonal_args { int _size; int64_t k; } tw_diagonal_args;         /* default 0, the main one */
typedef struct tw_eye_args      { int _size; tw_dtype dtype; int64_t columns, k; } tw_eye_args;

/* The pattern is read at the call. *products gets the number of vector products that it takes, unless NULL. */
typedef struct tw_jacobian_sparse_args {
    int            _size;
    int64_t        n;                           /* of the pattern; */
    const int64_t *rows, *cols;                 /* its places, flat; default: found by what depends on what, rows first */
    tw_mode        mode;
    bool           unchecked;                   /* no product more to see whether the given pattern lacks elements */
    int64_t       *products;                    /* where to put how many products it takes, without that one; */
    tw_node      **row_index, **col_index;      /* and nodes of the places, i64 */
} tw_jacobian_sparse_args;

#define TW__SPLICE(...) (const tw_loc *at, __VA_ARGS__)
#define OP(name, params, text) RULE(name, text) FN(name, params, text)
#define RULE(name, text) TW_API extern const tw_op tw_op_##name;
#define FN(name, params, text) TW_API tw_node *tw_##name##_at TW__SPLICE params;
#include "ops/ops.def"
#undef OP
#undef RULE
#undef FN

/* ---- functions of one's own that are given memory ------------------------------------------- */

typedef struct tw_array { void *data; tw_dtype dtype; int64_t count; tw_shape shape; } tw_array;    /* row by row */

/* What such a function gets. It must not call the library, and fills what is marked "fill". */
typedef struct tw_extern_call {
    int             n;          /* inputs */
    const tw_array *in;
    tw_array        y;          /* .forward: fill. Others: the value */
    tw_array        gy;         /* .vjp: the cotangent of y */
    const tw_array *gx;         /* .vjp: fill gx[k], the sum over y of gy dy/dx, unless its data are NULL */
    const tw_array *t;          /* .jvp: tangents of the inputs */
    tw_array        ty;         /* .jvp: fill, the sum over inputs of dy/dx t */
    void           *user;
} tw_extern_call;
typedef int (*tw_extern_fn)(const tw_extern_call *c);       /* 0, or a status that fails the evaluation (TW_EUSER) */

#define TW_EXTERN_INPUTS 7
typedef struct tw_extern_args {
    int          _size;
    const char  *name;                      /* for errors and drawings */
    tw_node     *in[TW_EXTERN_INPUTS];
    tw_shape     out;                       /* default: one number */
    tw_dtype     dtype;                     /* of the output; default: that of the first float input */
    tw_extern_fn forward, vjp, jvp;         /* without .vjp there is no reverse mode, without .jvp (or .linear) no forward mode */
    bool         linear;                    /* y is linear in the inputs: .forward serves as .jvp, and all orders of derivatives are there */
    void        *user;
} tw_extern_args;
TW_API tw_node *tw_extern_at(const tw_loc *at, tw_ctx *cx, const tw_extern_args *options);
#define tw_extern(cx, ...) tw_extern_at(TW_HERE, cx, TW_OPTS(tw_extern_args, __VA_ARGS__))

/* ---- derivatives against differences ---------------------------------------------------------- */

/* A function of nodes: called again and again, it builds the same for others. */
typedef tw_node *(*tw_function)(int n, tw_node *const *xs, void *user);
typedef struct tw_check_args {
    int         _size;
    void       *user;               /* of the function */
    double      tol;                /* of derivatives, relative to the largest; default 1e-7 */
    bool        first_order;        /* do not ask for second derivatives */
    tw_node    *in[4];              /* op_check: inputs of at most 8 elements; default: what the operation takes */
    const void *attr;               /* op_check: attributes; default zeros */
    double      low, high;          /* op_check: the domain; default: what gives finite numbers */
} tw_check_args;
/* vjp, jvp, adjointness and second order of f at xs (f64) against central differences. False with an error that says what is wrong. */
TW_API bool tw_grad_check_at(const tw_loc *at, tw_function f, int n, tw_node *const *xs, const tw_check_args *options);
#define tw_grad_check(...) tw__grad_check(__VA_ARGS__, )
#define tw__grad_check(f, n, xs, ...) tw_grad_check_at(TW_HERE, f, n, xs, TW_OPTS(tw_check_args, __VA_ARGS__))
/* The same for a registered operation, and f32 against f64, and that its shape rule refuses what it must. */
TW_API bool tw_op_check_at(const tw_loc *at, tw_ctx *cx, const char *name, const tw_check_args *options);
#define tw_op_check(...) tw__op_check(__VA_ARGS__, )
#define tw__op_check(cx, name, ...) tw_op_check_at(TW_HERE, cx, name, TW_OPTS(tw_check_args, __VA_ARGS__))

/* n equal parts along .axis (default 0), into outs. */
TW_API void tw_split_at(const tw_loc *at, tw_node *x, int n, tw_node **outs, const tw_axis_args *options);
#define tw_split(...) tw__split(__VA_ARGS__, )
#define tw__split(x, n, outs, ...) tw_split_at(TW_HERE, x, n, outs, TW_OPTS(tw_axis_args, __VA_ARGS__))

/* The same, but the last part may be smaller, and there may be fewer: returns how many. */
TW_API int tw_chunk_at(const tw_loc *at, tw_node *x, int n, tw_node **outs, const tw_axis_args *options);
#define tw_chunk(...) tw__chunk(__VA_ARGS__, )
#define tw__chunk(x, n, outs, ...) tw_chunk_at(TW_HERE, x, n, outs, TW_OPTS(tw_axis_args, __VA_ARGS__))
/* All n slices along .axis (default 0), without that axis, into outs. */
TW_API void tw_unstack_at(const tw_loc *at, tw_node *x, int n, tw_node **outs, const tw_axis_args *options);
#define tw_unstack(...) tw__unstack(__VA_ARGS__, )
#define tw__unstack(x, n, outs, ...) tw_unstack_at(TW_HERE, x, n, outs, TW_OPTS(tw_axis_args, __VA_ARGS__))
/* n vectors, each repeated over the grid of all: outs[i] varies along axis i only. */
TW_API void tw_meshgrid_at(const tw_loc *at, int n, tw_node *const *xs, tw_node **outs);
#define tw_meshgrid(n, xs, outs) tw_meshgrid_at(TW_HERE, n, xs, outs)

#define tw_neg(x)      tw_neg_at(TW_HERE, x)
#define tw_abs(x)      tw_abs_at(TW_HERE, x)
#define tw_sign(x)     tw_sign_at(TW_HERE, x)
#define tw_exp(x)      tw_exp_at(TW_HERE, x)
#define tw_expm1(x)    tw_expm1_at(TW_HERE, x)
#define tw_log(x)      tw_log_at(TW_HERE, x)
#define tw_log1p(x)    tw_log1p_at(TW_HERE, x)
#define tw_sqrt(x)     tw_sqrt_at(TW_HERE, x)
#define tw_rsqrt(x)    tw_rsqrt_at(TW_HERE, x)
#define tw_recip(x)    tw_recip_at(TW_HERE, x)
#define tw_square(x)   tw_square_at(TW_HERE, x)
#define tw_sin(x)      tw_sin_at(TW_HERE, x)
#define tw_cos(x)      tw_cos_at(TW_HERE, x)
#define tw_tanh(x)     tw_tanh_at(TW_HERE, x)
#define tw_sigmoid(x)  tw_sigmoid_at(TW_HERE, x)
#define tw_erf(x)      tw_erf_at(TW_HERE, x)
#define tw_relu(x)     tw_relu_at(TW_HERE, x)
#define tw_round(x)    tw_round_at(TW_HERE, x)
#define tw_floor(x)    tw_floor_at(TW_HERE, x)
#define tw_ceil(x)     tw_ceil_at(TW_HERE, x)
#define tw_trunc(x)    tw_trunc_at(TW_HERE, x)
#define tw_tan(x)      tw_tan_at(TW_HERE, x)
#define tw_asin(x)     tw_asin_at(TW_HERE, x)
#define tw_acos(x)     tw_acos_at(TW_HERE, x)
#define tw_atan(x)     tw_atan_at(TW_HERE, x)
#define tw_sinh(x)     tw_sinh_at(TW_HERE, x)
#define tw_cosh(x)     tw_cosh_at(TW_HERE, x)
#define tw_asinh(x)    tw_asinh_at(TW_HERE, x)
#define tw_acosh(x)    tw_acosh_at(TW_HERE, x)
#define tw_atanh(x)    tw_atanh_at(TW_HERE, x)
#define tw_exp2(x)     tw_exp2_at(TW_HERE, x)
#define tw_log2(x)     tw_log2_at(TW_HERE, x)
#define tw_log10(x)    tw_log10_at(TW_HERE, x)
#define tw_cbrt(x)     tw_cbrt_at(TW_HERE, x)
#define tw_isnan(x)    tw_isnan_at(TW_HERE, x)
#define tw_isinf(x)    tw_isinf_at(TW_HERE, x)
#define tw_isfinite(x) tw_isfinite_at(TW_HERE, x)
#define tw_silu(x)     tw_silu_at(TW_HERE, x)
#define tw_mish(x)     tw_mish_at(TW_HERE, x)
#define tw_selu(x)     tw_selu_at(TW_HERE, x)
#define tw_log_sigmoid(x) tw_log_sigmoid_at(TW_HERE, x)
#define tw_relu6(x)    tw_relu6_at(TW_HERE, x)
#define tw_hardsigmoid(x) tw_hardsigmoid_at(TW_HERE, x)
#define tw_hardswish(x) tw_hardswish_at(TW_HERE, x)
#define tw_softsign(x) tw_softsign_at(TW_HERE, x)
#define tw_tanhshrink(x) tw_tanhshrink_at(TW_HERE, x)
#define tw_erfc(x)     tw_erfc_at(TW_HERE, x)
#define tw_erfinv(x)   tw_erfinv_at(TW_HERE, x)
#define tw_ndtr(x)     tw_ndtr_at(TW_HERE, x)
#define tw_log_ndtr(x) tw_log_ndtr_at(TW_HERE, x)
#define tw_ndtri(x)    tw_ndtri_at(TW_HERE, x)
#define tw_lgamma(x)   tw_lgamma_at(TW_HERE, x)
#define tw_digamma(x)  tw_digamma_at(TW_HERE, x)
#define tw_i0(x)       tw_i0_at(TW_HERE, x)
#define tw_i0e(x)      tw_i0e_at(TW_HERE, x)
#define tw_i1(x)       tw_i1_at(TW_HERE, x)
#define tw_i1e(x)      tw_i1e_at(TW_HERE, x)
#define tw_polygamma(n, x) tw_polygamma_at(TW_HERE, n, x)
#define tw_flatten(x)  tw_flatten_at(TW_HERE, x)
#define tw_transpose(x) tw_transpose_at(TW_HERE, x)
#define tw_logical_not(x) tw_logical_not_at(TW_HERE, x)

#define tw_add(a, b)       TW__CALL_AA(tw_add_at, a, b)
#define tw_sub(a, b)       TW__CALL_AA(tw_sub_at, a, b)
#define tw_mul(a, b)       TW__CALL_AA(tw_mul_at, a, b)
#define tw_div(a, b)       TW__CALL_AA(tw_div_at, a, b)
#define tw_pow(a, b)       TW__CALL_AA(tw_pow_at, a, b)
#define tw_mod(a, b)       TW__CALL_AA(tw_mod_at, a, b)
#define tw_atan2(a, b)     TW__CALL_AA(tw_atan2_at, a, b)
#define tw_hypot(a, b)     TW__CALL_AA(tw_hypot_at, a, b)
#define tw_logaddexp(a, b) TW__CALL_AA(tw_logaddexp_at, a, b)
#define tw_xlogy(a, b)     TW__CALL_AA(tw_xlogy_at, a, b)
#define tw_copysign(a, b)  TW__CALL_AA(tw_copysign_at, a, b)
#define tw_fma(a, b, c)    TW__CALL_AAA(tw_fma_at, a, b, c)
#define tw_betaln(a, b)    TW__CALL_AA(tw_betaln_at, a, b)
#define tw_maximum(a, b)   TW__CALL_AA(tw_maximum_at, a, b)
#define tw_minimum(a, b)   TW__CALL_AA(tw_minimum_at, a, b)
#define tw_equal(a, b)     TW__CALL_AA(tw_equal_at, a, b)
#define tw_not_equal(a, b) TW__CALL_AA(tw_not_equal_at, a, b)
#define tw_less(a, b)      TW__CALL_AA(tw_less_at, a, b)
#define tw_less_equal(a, b) TW__CALL_AA(tw_less_equal_at, a, b)
#define tw_greater(a, b)   TW__CALL_AA(tw_greater_at, a, b)
#define tw_greater_equal(a, b) TW__CALL_AA(tw_greater_equal_at, a, b)
#define tw_solution(x, equation) TW__CALL_NN(tw_solution_at, x, equation)
#define tw_implicit(x, equation, theta) TW__CALL_NNN(tw_implicit_at, x, equation, theta)
#define tw_logical_and(a, b) TW__CALL_NN(tw_logical_and_at, a, b)
#define tw_logical_or(a, b)  TW__CALL_NN(tw_logical_or_at, a, b)
#define tw_logical_xor(a, b) TW__CALL_NN(tw_logical_xor_at, a, b)
#define tw_prelu(x, slope)   TW__CALL_NN(tw_prelu_at, x, slope)
#define tw_threshold(x, threshold, value) TW__CALL_NAA(tw_threshold_at, x, threshold, value)
#define tw_where(c, a, b)  TW__CALL_NAA(tw_where_at, c, a, b)
#define tw_clip(x, low, high) TW__CALL_NAA(tw_clip_at, x, low, high)

#define tw_cast(x, dtype)  tw_cast_at(TW_HERE, x, dtype)
#define tw_reshape(x, ...) tw_reshape_at(TW_HERE, x, __VA_ARGS__)
#define tw_permute(x, ...) tw_permute_at(TW_HERE, x, __VA_ARGS__)
#define tw_broadcast_to(x, ...) tw_broadcast_to_at(TW_HERE, x, __VA_ARGS__)
#define tw_pixel_shuffle(x, factor)   tw_pixel_shuffle_at(TW_HERE, x, factor)
#define tw_pixel_unshuffle(x, factor) tw_pixel_unshuffle_at(TW_HERE, x, factor)
#define tw_sum_to(x, ...)  tw_sum_to_at(TW_HERE, x, __VA_ARGS__)

/* One operand and options. */
#define TW__X(f, T, x, ...) f(TW_HERE, x, TW_OPTS(T, __VA_ARGS__))
#define tw_slice(...)       TW__X1(tw_slice_at, tw_slice_args, __VA_ARGS__, )
#define tw_pad(...)         TW__X1(tw_pad_at, tw_pad_args, __VA_ARGS__, )
#define tw_flip(...)        TW__X1(tw_flip_at, tw_axes_args, __VA_ARGS__, )
#define tw_gelu(...)         TW__X1(tw_gelu_at, tw_gelu_args, __VA_ARGS__, )
#define tw_softplus(...)     TW__X1(tw_softplus_at, tw_softplus_args, __VA_ARGS__, )
#define tw_elu(...)          TW__X1(tw_elu_at, tw_elu_args, __VA_ARGS__, )
#define tw_celu(...)         TW__X1(tw_celu_at, tw_elu_args, __VA_ARGS__, )
#define tw_leaky_relu(...)   TW__X1(tw_leaky_relu_at, tw_leaky_relu_args, __VA_ARGS__, )
#define tw_hardtanh(...)     TW__X1(tw_hardtanh_at, tw_hardtanh_args, __VA_ARGS__, )
#define tw_softshrink(...)   TW__X1(tw_softshrink_at, tw_shrink_args, __VA_ARGS__, )
#define tw_hardshrink(...)   TW__X1(tw_hardshrink_at, tw_shrink_args, __VA_ARGS__, )
#define tw_glu(...)          TW__X1(tw_glu_at, tw_axes_args, __VA_ARGS__, )
#define tw_sum(...)         TW__X1(tw_sum_at, tw_reduce_args, __VA_ARGS__, )
#define tw_prod(...)        TW__X1(tw_prod_at, tw_reduce_args, __VA_ARGS__, )
#define tw_max(...)         TW__X1(tw_max_at, tw_reduce_args, __VA_ARGS__, )
#define tw_min(...)         TW__X1(tw_min_at, tw_reduce_args, __VA_ARGS__, )
#define tw_argmax(...)      TW__X1(tw_argmax_at, tw_axis_args, __VA_ARGS__, )
#define tw_max_pool1d(...)  TW__X1(tw_max_pool1d_at, tw_pool_args, __VA_ARGS__, )
#define tw_argmin(...)      TW__X1(tw_argmin_at, tw_axis_args, __VA_ARGS__, )
#define tw_any(...)         TW__X1(tw_any_at, tw_reduce_args, __VA_ARGS__, )
#define tw_all(...)         TW__X1(tw_all_at, tw_reduce_args, __VA_ARGS__, )
#define tw_norm(...)        TW__X1(tw_norm_at, tw_norm_args, __VA_ARGS__, )
#define tw_std(...)         TW__X1(tw_std_at, tw_var_args, __VA_ARGS__, )
#define tw_max_pool2d(...)  TW__X1(tw_max_pool2d_at, tw_pool_args, __VA_ARGS__, )
#define tw_max_pool3d(...)  TW__X1(tw_max_pool3d_at, tw_pool_args, __VA_ARGS__, )
#define tw_sum_pool1d(...)  TW__X1(tw_sum_pool1d_at, tw_pool_args, __VA_ARGS__, )
#define tw_sum_pool2d(...)  TW__X1(tw_sum_pool2d_at, tw_pool_args, __VA_ARGS__, )
#define tw_sum_pool3d(...)  TW__X1(tw_sum_pool3d_at, tw_pool_args, __VA_ARGS__, )
#define tw_avg_pool1d(...)  TW__X1(tw_avg_pool1d_at, tw_pool_args, __VA_ARGS__, )
#define tw_avg_pool2d(...)  TW__X1(tw_avg_pool2d_at, tw_pool_args, __VA_ARGS__, )
#define tw_avg_pool3d(...)  TW__X1(tw_avg_pool3d_at, tw_pool_args, __VA_ARGS__, )
#define tw_window(...)      TW__X1(tw_window_at, tw_window_args, __VA_ARGS__, )
#define tw_adaptive_avg_pool1d(...) TW__X1(tw_adaptive_avg_pool1d_at, tw_adaptive_pool_args, __VA_ARGS__, )
#define tw_adaptive_avg_pool2d(...) TW__X1(tw_adaptive_avg_pool2d_at, tw_adaptive_pool_args, __VA_ARGS__, )
#define tw_adaptive_avg_pool3d(...) TW__X1(tw_adaptive_avg_pool3d_at, tw_adaptive_pool_args, __VA_ARGS__, )
#define tw_adaptive_max_pool1d(...) TW__X1(tw_adaptive_max_pool1d_at, tw_adaptive_pool_args, __VA_ARGS__, )
#define tw_adaptive_max_pool2d(...) TW__X1(tw_adaptive_max_pool2d_at, tw_adaptive_pool_args, __VA_ARGS__, )
#define tw_adaptive_max_pool3d(...) TW__X1(tw_adaptive_max_pool3d_at, tw_adaptive_pool_args, __VA_ARGS__, )
#define tw_interpolate(...) TW__X1(tw_interpolate_at, tw_interpolate_args, __VA_ARGS__, )
#define tw_mean(...)        TW__X1(tw_mean_at, tw_reduce_args, __VA_ARGS__, )
#define tw_var(...)         TW__X1(tw_var_at, tw_var_args, __VA_ARGS__, )
#define tw_softmax(...)     TW__X1(tw_softmax_at, tw_softmax_args, __VA_ARGS__, )
#define tw_log_softmax(...) TW__X1(tw_log_softmax_at, tw_softmax_args, __VA_ARGS__, )
#define tw_logsumexp(...)   TW__X1(tw_logsumexp_at, tw_reduce_args, __VA_ARGS__, )
#define tw_squeeze(...)     TW__X1(tw_squeeze_at, tw_axes_args, __VA_ARGS__, )
#define tw_expand_dims(...) TW__X1(tw_expand_dims_at, tw_axis_args, __VA_ARGS__, )
#define tw_index(...)       TW__X1(tw_index_at, tw_index_args, __VA_ARGS__, )
#define TW__X1(f, T, x, ...) TW__X(f, T, x, __VA_ARGS__)

/* Two or three operands, in order, and options. */
#define tw_matmul(...)      TW__X2(tw_matmul_at, tw_matmul_args, __VA_ARGS__, )
#define tw_conv1d(...)      TW__X2(tw_conv1d_at, tw_conv_args, __VA_ARGS__, )
#define tw_conv2d(...)      TW__X2(tw_conv2d_at, tw_conv_args, __VA_ARGS__, )
#define tw_conv3d(...)      TW__X2(tw_conv3d_at, tw_conv_args, __VA_ARGS__, )
#define tw_conv_transpose1d(...) TW__X2(tw_conv_transpose1d_at, tw_conv_transpose_args, __VA_ARGS__, )
#define tw_conv_transpose2d(...) TW__X2(tw_conv_transpose2d_at, tw_conv_transpose_args, __VA_ARGS__, )
#define tw_conv_transpose3d(...) TW__X2(tw_conv_transpose3d_at, tw_conv_transpose_args, __VA_ARGS__, )
#define tw_gather(...)      TW__X2(tw_gather_at, tw_axis_args, __VA_ARGS__, )
#define tw_jacobian(...)    TW__X2(tw_jacobian_at, tw_jacobian_args, __VA_ARGS__, )
#define tw_jacobian_sparse(...) TW__X2(tw_jacobian_sparse_at, tw_jacobian_sparse_args, __VA_ARGS__, )
#define tw_hessian(...)     TW__X2(tw_hessian_at, tw_jacobian_args, __VA_ARGS__, )
#define TW__X2(f, T, a, b, ...) TW__CALL_NNO(f, T, a, b, __VA_ARGS__)
#define tw_triangular_solve(...) TW__X2(tw_triangular_solve_at, tw_triangular_solve_args, __VA_ARGS__, )
#define tw_cholesky(...)    TW__X1(tw_cholesky_at, tw_cholesky_args, __VA_ARGS__, )
#define tw_cholesky_solve(...) TW__X2(tw_cholesky_solve_at, tw_cholesky_args, __VA_ARGS__, )
#define tw_lu_factor(x, order) tw_lu_factor_at(TW_HERE, x, order)
#define tw_lu(x, l, u)      tw_lu_at(TW_HERE, x, l, u)
#define tw_solve(a, b)      TW__CALL_NN(tw_solve_at, a, b)
#define tw_inv(x)           tw_inv_at(TW_HERE, x)
#define tw_det(x)           tw_det_at(TW_HERE, x)
#define tw_slogdet(x, logabsdet) tw_slogdet_at(TW_HERE, x, logabsdet)
#define tw_logdet(x)        tw_logdet_at(TW_HERE, x)
#define tw_qr(x, r)         tw_qr_at(TW_HERE, x, r)
#define tw_eigh(x, vectors) tw_eigh_at(TW_HERE, x, vectors)
#define tw_eigvalsh(x)      tw_eigvalsh_at(TW_HERE, x)
#define tw_svd(x, s, vh)    tw_svd_at(TW_HERE, x, s, vh)
#define tw_svdvals(x)       tw_svdvals_at(TW_HERE, x)
#define tw_pinv(...)        TW__X1(tw_pinv_at, tw_tolerance_args, __VA_ARGS__, )
#define tw_lstsq(...)       TW__X2(tw_lstsq_at, tw_tolerance_args, __VA_ARGS__, )
#define tw_matrix_rank(...) TW__X1(tw_matrix_rank_at, tw_tolerance_args, __VA_ARGS__, )
#define tw_matrix_norm(...) TW__X1(tw_matrix_norm_at, tw_matrix_norm_args, __VA_ARGS__, )
#define tw_cond(...)        TW__X1(tw_cond_at, tw_matrix_norm_args, __VA_ARGS__, )
#define tw_matrix_exp(x)    tw_matrix_exp_at(TW_HERE, x)
#define tw_matrix_power(x, n) tw_matrix_power_at(TW_HERE, x, n)
#define tw_tensordot(...)   TW__X2(tw_tensordot_at, tw_tensordot_args, __VA_ARGS__, )
#define tw_inner(a, b)      TW__CALL_NN(tw_inner_at, a, b)
#define tw_bilinear(x, w, y) TW__CALL_NNN(tw_bilinear_at, x, w, y)
#define tw_kron(a, b)       TW__CALL_NN(tw_kron_at, a, b)
#define tw_cross(...)       TW__X2(tw_cross_at, tw_axes_args, __VA_ARGS__, )
#define tw_fft(...)         TW__X1(tw_fft_at, tw_fft_args, __VA_ARGS__, )
#define tw_ifft(...)        TW__X1(tw_ifft_at, tw_fft_args, __VA_ARGS__, )
#define tw_fft2(...)        TW__X1(tw_fft2_at, tw_fft_args, __VA_ARGS__, )
#define tw_ifft2(...)       TW__X1(tw_ifft2_at, tw_fft_args, __VA_ARGS__, )
#define tw_rfft(...)        TW__X1(tw_rfft_at, tw_fft_args, __VA_ARGS__, )
#define tw_rfft2(...)       TW__X1(tw_rfft2_at, tw_fft_args, __VA_ARGS__, )
#define tw_irfft(...)       TW__X1(tw_irfft_at, tw_irfft_args, __VA_ARGS__, )
#define tw_irfft2(...)      TW__X1(tw_irfft2_at, tw_irfft_args, __VA_ARGS__, )
#define tw_complex(re, im)  TW__CALL_NN(tw_complex_at, re, im)
#define tw_real(z)          tw_real_at(TW_HERE, z)
#define tw_imag(z)          tw_imag_at(TW_HERE, z)
#define tw_complex_mul(a, b) TW__CALL_NN(tw_complex_mul_at, a, b)
/* The equation, then its operands. */
#define tw_einsum(equation, ...) TW__EINSUM(TW__U(tw__in_), equation, __VA_ARGS__)
#define TW__EINSUM(in, equation, ...) __extension__({ tw_node *in[] = { __VA_ARGS__ }; tw_einsum_at(TW_HERE, equation, (int)(sizeof in / sizeof *in), in); })
#define tw_scatter_add(...) TW__X3(tw_scatter_add_at, tw_axis_args, __VA_ARGS__, )
#define tw_attention(...)   TW__X3(tw_attention_at, tw_attention_args, __VA_ARGS__, )
#define tw_scatter_set(...) TW__X3(tw_scatter_set_at, tw_axis_args, __VA_ARGS__, )
#define TW__X3(f, T, a, b, c, ...) TW__CALL_NNNO(f, T, a, b, c, __VA_ARGS__)

/* Layout. */
#define tw_tile(x, ...)         tw_tile_at(TW_HERE, x, __VA_ARGS__)
#define tw_repeat(...)          TW__XN(tw_repeat_at, tw_axis_args, __VA_ARGS__, )
#define tw_roll(...)            TW__XN(tw_roll_at, tw_axis_args, __VA_ARGS__, )
#define tw_diagonal(...)        TW__X1(tw_diagonal_at, tw_diagonal_args, __VA_ARGS__, )
#define tw_diag_embed(...)      TW__X1(tw_diag_embed_at, tw_diagonal_args, __VA_ARGS__, )
#define tw_diag(...)            TW__X1(tw_diag_at, tw_diagonal_args, __VA_ARGS__, )
#define tw_trace(x)             tw_trace_at(TW_HERE, x)
#define tw_tril(...)            TW__X1(tw_tril_at, tw_diagonal_args, __VA_ARGS__, )
#define tw_triu(...)            TW__X1(tw_triu_at, tw_diagonal_args, __VA_ARGS__, )
#define tw_eye(...)             TW__CX1(tw_eye_at, tw_eye_args, __VA_ARGS__, )
#define tw_outer(a, b)          TW__CALL_NN(tw_outer_at, a, b)
#define tw_cartesian_prod(n, xs) tw_cartesian_prod_at(TW_HERE, n, xs)
#define tw_full(...)            TW__CXN(tw_full_at, tw_dtype_args, __VA_ARGS__, )
#define tw_zeros_like(...)      TW__X1(tw_zeros_like_at, tw_dtype_args, __VA_ARGS__, )
#define tw_ones_like(...)       TW__X1(tw_ones_like_at, tw_dtype_args, __VA_ARGS__, )
#define tw_full_like(...)       TW__XN(tw_full_like_at, tw_dtype_args, __VA_ARGS__, )
#define tw_linspace(...)        TW__LINSPACE(__VA_ARGS__, )
#define TW__LINSPACE(cx, start, stop, n, ...) tw_linspace_at(TW_HERE, cx, start, stop, n, TW_OPTS(tw_dtype_args, __VA_ARGS__))
#define tw_swapaxes(x, a, b)    tw_swapaxes_at(TW_HERE, x, a, b)
#define tw_moveaxis(x, from, to) tw_moveaxis_at(TW_HERE, x, from, to)
/* One operand, or a context and a shape; a number, and options. */
#define TW__XN(f, T, x, n, ...) f(TW_HERE, x, n, TW_OPTS(T, __VA_ARGS__))
#define TW__CXN(f, T, cx, shape, n, ...) f(TW_HERE, cx, shape, n, TW_OPTS(T, __VA_ARGS__))

/* Scans. */
#define tw_cumsum(...)          TW__X1(tw_cumsum_at, tw_scan_args, __VA_ARGS__, )
#define tw_cumprod(...)         TW__X1(tw_cumprod_at, tw_scan_args, __VA_ARGS__, )
#define tw_logcumsumexp(...)    TW__X1(tw_logcumsumexp_at, tw_scan_args, __VA_ARGS__, )
#define tw_linear_recurrence(...) TW__X2(tw_linear_recurrence_at, tw_scan_args, __VA_ARGS__, )
#define tw_cumargmax(...)       TW__X1(tw_cumargmax_at, tw_scan_args, __VA_ARGS__, )
#define tw_cumargmin(...)       TW__X1(tw_cumargmin_at, tw_scan_args, __VA_ARGS__, )
#define tw_cummax(...)          TW__X1(tw_cummax_at, tw_scan_args, __VA_ARGS__, )
#define tw_cummin(...)          TW__X1(tw_cummin_at, tw_scan_args, __VA_ARGS__, )

/* Random draws. */
#define tw_randint(...)         TW__RANDINT(__VA_ARGS__, )
#define TW__RANDINT(cx, shape, low, high, ...) tw_randint_at(TW_HERE, cx, shape, low, high, TW_OPTS(tw_randint_args, __VA_ARGS__))
#define tw_truncated_normal(...) TW__CX1(tw_truncated_normal_at, tw_truncated_normal_args, __VA_ARGS__, )
#define tw_exponential(...)     TW__CX1(tw_exponential_at, tw_draw_args, __VA_ARGS__, )
#define tw_gumbel(...)          TW__CX1(tw_gumbel_at, tw_draw_args, __VA_ARGS__, )
#define tw_laplace(...)         TW__CX1(tw_laplace_at, tw_draw_args, __VA_ARGS__, )
#define tw_bernoulli(...)       TW__CX1(tw_bernoulli_at, tw_bernoulli_args, __VA_ARGS__, )
#define tw_categorical(...)     TW__X1(tw_categorical_at, tw_sample_args, __VA_ARGS__, )
#define tw_gamma(...)           TW__X1(tw_gamma_at, tw_gamma_args, __VA_ARGS__, )
#define tw_beta(...)            TW__AAO(tw_beta_at, tw_sample_args, __VA_ARGS__, )
#define TW__AAO(f, T, a, b, ...) TW__AAO_(f, T, a, b, TW__U(tw__a_), TW__U(tw__b_), __VA_ARGS__)
#define TW__AAO_(f, T, a, b, u, v, ...) __extension__({ tw_arg u = TW_ARG(a), v = TW_ARG(b); f(TW_HERE, u, v, TW_OPTS(T, __VA_ARGS__)); })
#define tw_dirichlet(...)       TW__X1(tw_dirichlet_at, tw_sample_args, __VA_ARGS__, )
#define tw_permutation(...)     TW__CX1(tw_permutation_at, tw_random_args, __VA_ARGS__, )

/* Order. */
#define tw_argsort(...)         TW__X1(tw_argsort_at, tw_sort_args, __VA_ARGS__, )
#define tw_sort(...)            TW__X1(tw_sort_at, tw_sort_args, __VA_ARGS__, )
#define tw_topk(...)            TW__XN(tw_topk_at, tw_topk_args, __VA_ARGS__, )
#define tw_kthvalue(...)        TW__XN(tw_kthvalue_at, tw_reduce_args, __VA_ARGS__, )
#define tw_median(...)          TW__X1(tw_median_at, tw_reduce_args, __VA_ARGS__, )
#define tw_quantile(...)        TW__XN(tw_quantile_at, tw_reduce_args, __VA_ARGS__, )
#define tw_searchsorted(...)    TW__X2(tw_searchsorted_at, tw_search_args, __VA_ARGS__, )
#define tw_nonzero_now(x)       tw_nonzero_now_at(TW_HERE, x)
#define tw_unique_now(x)        tw_unique_now_at(TW_HERE, x)

/* Indexing. */
#define tw_slice_scatter(...)   TW__X2(tw_slice_scatter_at, tw_slice_args, __VA_ARGS__, )
#define tw_slice_add(...)       TW__X2(tw_slice_add_at, tw_slice_args, __VA_ARGS__, )
#define tw_take(...)            TW__X2(tw_take_at, tw_axis_args, __VA_ARGS__, )
#define tw_take_along_axis(...) TW__X2(tw_take_along_axis_at, tw_axis_args, __VA_ARGS__, )
#define tw_masked_fill(x, mask, value) TW__MASKED(x, mask, value, TW__U(tw__a_), TW__U(tw__b_), TW__U(tw__c_))
#define TW__MASKED(x, mask, value, u, v, w) __extension__({ tw_node *u = (x), *v = (mask); tw_arg w = TW_ARG(value); tw_masked_fill_at(TW_HERE, u, v, w); })
#define tw_slice_update(...)    TW__X2N(tw_slice_update_at, tw_axis_args, __VA_ARGS__, )
/* Two operands, a number, and options. */
#define TW__X2N(f, T, a, b, n, ...) TW__X2N_(f, T, a, b, n, TW__U(tw__a_), TW__U(tw__b_), __VA_ARGS__)
#define TW__X2N_(f, T, a, b, n, u, v, ...) __extension__({ tw_node *u = (a), *v = (b); f(TW_HERE, u, v, n, TW_OPTS(T, __VA_ARGS__)); })

/* One operand, a shape, and options. */
#define tw_window_add(...)  TW__XS(tw_window_add_at, tw_window_args, __VA_ARGS__, )
#define TW__XS(f, T, x, shape, ...) f(TW_HERE, x, shape, TW_OPTS(T, __VA_ARGS__))

/* A context or a count first, one argument, and options. */
#define TW__CX(f, T, cx, v, ...) f(TW_HERE, cx, v, TW_OPTS(T, __VA_ARGS__))
#define TW__CX1(f, T, cx, v, ...) TW__CX(f, T, cx, v, __VA_ARGS__)
#define tw_fill(...)        TW__CX1(tw_fill_at, tw_fill_args, __VA_ARGS__, )
#define tw_zeros(...)       TW__CX1(tw_zeros_at, tw_fill_args, __VA_ARGS__, )
#define tw_ones(...)        TW__CX1(tw_ones_at, tw_fill_args, __VA_ARGS__, )
#define tw_random_bits(...) TW__CX1(tw_random_bits_at, tw_random_args, __VA_ARGS__, )
#define tw_uniform(...)     TW__CX1(tw_uniform_at, tw_uniform_args, __VA_ARGS__, )
#define tw_normal(...)      TW__CX1(tw_normal_at, tw_normal_args, __VA_ARGS__, )
#define tw_arange(...)      TW__CX1(tw_arange_at, tw_fill_args, __VA_ARGS__, )
#define tw_one_hot(...)     TW__CX1(tw_one_hot_at, tw_fill_args, __VA_ARGS__, )
#define tw_concat(...)      TW__CX1(tw_concat_at, tw_axis_args, __VA_ARGS__, )
#define tw_stack(...)       TW__CX1(tw_stack_at, tw_axis_args, __VA_ARGS__, )

#ifdef __cplusplus
}
#endif
