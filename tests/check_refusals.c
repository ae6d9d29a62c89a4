/* check_refusals.c - every operation that has something to refuse refuses it here, by code, operation, line and words; the
 * test fails for one that does not.
 */
#include "tests/fixture.h"

static char   refused[512][32];
static size_t n_refused;

static void note(const char *op)
{
    for (size_t i = 0; i < n_refused; i++)
        if (!strcmp(refused[i], op)) return;
    snprintf(refused[n_refused++], sizeof *refused, "%s", op);
}

#define BAD(code, op, words, ...) do {                          \
        REFUSES(code, op, words, __VA_ARGS__);                  \
        note(op);                                               \
    } while (0)

/* Functions of one float that know no other dtype. */
static const struct { const char *name; tw_node *(*f)(const tw_loc *at, tw_node *x); } of_floats[] = {
#define F(name) { #name, tw_##name##_at }
    F(ceil), F(trunc), F(tan), F(asin), F(acos), F(atan), F(sinh), F(cosh), F(asinh), F(acosh), F(atanh), F(exp2), F(log2), F(log10),
    F(cbrt), F(isnan), F(isinf), F(isfinite), F(silu), F(mish), F(selu), F(log_sigmoid), F(relu6), F(hardsigmoid), F(hardswish),
    F(softsign), F(tanhshrink), F(erfc), F(erfinv), F(ndtr), F(log_ndtr), F(ndtri), F(lgamma),
#undef F
};

static void functions(void)
{
    tw_node *i = tw_arange(cx, 3), *b = tw_less(i, 1), *x = Z(2), *y = Z(3);
    for (size_t k = 0; k < sizeof of_floats / sizeof *of_floats; k++) {
        BAD(TW_EDTYPE, of_floats[k].name, "i64", of_floats[k].f(TW_HERE, i));
        BAD(TW_EDTYPE, of_floats[k].name, "bool", of_floats[k].f(TW_HERE, b));
    }
    BAD(TW_ESHAPE, "mod", "[2]", tw_mod(x, y));
    BAD(TW_EDTYPE, "mod", "bool", tw_mod(b, b));
    BAD(TW_ESHAPE, "atan2", "[2]", tw_atan2(x, y));
    BAD(TW_EDTYPE, "hypot", "i64", tw_hypot(i, i));
    BAD(TW_EDTYPE, "logaddexp", "i64", tw_logaddexp(i, y));
    BAD(TW_EDTYPE, "xlogy", "i64", tw_xlogy(i, i));
    BAD(TW_ESHAPE, "xlogy", "[3]", tw_xlogy(x, y));
    BAD(TW_EDTYPE, "copysign", "i64", tw_copysign(i, i));
    BAD(TW_ESHAPE, "fma", "[2]", tw_fma(x, 2, y));
    BAD(TW_EDTYPE, "fma", "i64", tw_fma(i, i, i));
    BAD(TW_EDTYPE, "logical_xor", "i64", tw_logical_xor(b, i));
    BAD(TW_EDTYPE, "gelu", "i64", tw_gelu(i));
    BAD(TW_EDTYPE, "gelu_tanh", "i64", tw_gelu(i, .tanh = true));
    BAD(TW_EDTYPE, "softplus", "i64", tw_softplus(i));
    BAD(TW_EDTYPE, "softplus", "i64", tw_softplus(i, .beta = 2));
    BAD(TW_EARG, "softplus", "-1", tw_softplus(x, .beta = -1));
    BAD(TW_EDTYPE, "elu", "i64", tw_elu(i));
    BAD(TW_EDTYPE, "celu", "i64", tw_celu(i));
    BAD(TW_EARG, "celu", "0", tw_celu(x, .alpha = TW_ZERO));
    BAD(TW_EDTYPE, "leaky_relu", "i64", tw_leaky_relu(i));
    BAD(TW_EDTYPE, "prelu", "i64", tw_prelu(i, i));
    BAD(TW_EARG, "hardtanh", "2", tw_hardtanh(x, .low = 2));
    BAD(TW_EARG, "softshrink", "-1", tw_softshrink(x, .lambda = -1));
    BAD(TW_EARG, "hardshrink", "-2", tw_hardshrink(x, .lambda = -2));
    BAD(TW_EDTYPE, "threshold", "i64", tw_threshold(i, 0, 1));
    BAD(TW_ESHAPE, "glu", "3", tw_glu(y));
    BAD(TW_EARG, "glu", "2 axes", tw_glu(x, .axes = TW_AXES(0, 1)));
    BAD(TW_EARG, "glu", "1", tw_glu(x, .axes = TW_AXES(1)));
    BAD(TW_EDTYPE, "glu", "i64", tw_glu(i));
    BAD(TW_EDTYPE, "polygamma", "i64", tw_digamma(i));
    BAD(TW_EARG, "polygamma", "-1", tw_polygamma(-1, x));
    BAD(TW_EDTYPE, "betaln", "i64", tw_betaln(i, i));
    BAD(TW_ESHAPE, "betaln", "[2]", tw_betaln(x, y));
    BAD(TW_EDTYPE, "bessel_i", "i64", tw_i0e(i));
    BAD(TW_EARG, "norm", "-3", tw_norm(x, .p = -3));
    BAD(TW_EARG, "norm", "1", tw_norm(x, .axes = TW_AXES(1)));
    BAD(TW_EDTYPE, "norm", "i64", tw_norm(i));
    BAD(TW_EARG, "std", "3", tw_std(y, .ddof = 3));
    BAD(TW_EARG, "any", "1", tw_any(b, .axes = TW_AXES(1)));
    BAD(TW_EARG, "all", "-2", tw_all(b, .axes = TW_AXES(-2)));
    BAD(TW_EARG, "argmin", "2", tw_argmin(x, .axis = 2));
    BAD(TW_ESHAPE, "argmax", "", tw_argmin(Z(0)));
}

static void elementwise(void)
{
    tw_node *i = tw_arange(cx, 3), *b = tw_less(i, 1), *x = Z(2), *y = Z(3);
    BAD(TW_EDTYPE, "exp", "i64", tw_exp(i));
    BAD(TW_EDTYPE, "expm1", "i64", tw_expm1(i));
    BAD(TW_EDTYPE, "log", "i64", tw_log(i));
    BAD(TW_EDTYPE, "log1p", "bool", tw_log1p(b));
    BAD(TW_EDTYPE, "sqrt", "i64", tw_sqrt(i));
    BAD(TW_EDTYPE, "rsqrt", "i64", tw_rsqrt(i));
    BAD(TW_EDTYPE, "recip", "i64", tw_recip(i));
    BAD(TW_EDTYPE, "sin", "i64", tw_sin(i));
    BAD(TW_EDTYPE, "cos", "i64", tw_cos(i));
    BAD(TW_EDTYPE, "tanh", "i64", tw_tanh(i));
    BAD(TW_EDTYPE, "sigmoid", "i64", tw_sigmoid(i));
    BAD(TW_EDTYPE, "erf", "i64", tw_erf(i));
    BAD(TW_EDTYPE, "round", "bool", tw_round(b));
    BAD(TW_EDTYPE, "floor", "bool", tw_floor(b));
    BAD(TW_EDTYPE, "neg", "bool", tw_neg(b));
    BAD(TW_EDTYPE, "abs", "bool", tw_abs(b));
    BAD(TW_EDTYPE, "sign", "bool", tw_sign(b));
    BAD(TW_EDTYPE, "square", "bool", tw_square(b));
    BAD(TW_EDTYPE, "relu", "bool", tw_relu(b));
    BAD(TW_ESHAPE, "add", "[2]", tw_add(x, y));
    BAD(TW_ESHAPE, "sub", "[3]", tw_sub(x, y));
    BAD(TW_ESHAPE, "mul", "[2]", tw_mul(x, y));
    BAD(TW_ESHAPE, "div", "[2]", tw_div(x, y));
    BAD(TW_ESHAPE, "pow", "[2]", tw_pow(x, y));
    BAD(TW_ESHAPE, "maximum", "[2]", tw_maximum(x, y));
    BAD(TW_ESHAPE, "minimum", "[2]", tw_minimum(x, y));
    BAD(TW_ESHAPE, "equal", "[2]", tw_equal(x, y));
    BAD(TW_ESHAPE, "not_equal", "[2]", tw_not_equal(x, y));
    BAD(TW_ESHAPE, "less", "[2]", tw_less(x, y));
    BAD(TW_ESHAPE, "less_equal", "[2]", tw_less_equal(x, y));
    BAD(TW_EDTYPE, "logical_and", "i64", tw_logical_and(b, i));
    BAD(TW_EDTYPE, "logical_or", "i64", tw_logical_or(i, i));
    BAD(TW_EDTYPE, "logical_not", "i64", tw_logical_not(i));
    BAD(TW_EDTYPE, "where", "i64", tw_where(i, y, y));
    BAD(TW_ESHAPE, "where", "[2]", tw_where(b, x, 0));
    BAD(TW_EDTYPE, "add", "bool", tw_add(b, b));
    BAD(TW_EDTYPE, "powi", "i64", tw_pow(i, -2));
}

static void layout(void)
{
    tw_node *x = Z(2, 3), *i = tw_arange(cx, 3);
    BAD(TW_EARG, "cast", "99", tw_cast(x, (tw_dtype)99));
    BAD(TW_ESHAPE, "reshape", "[2, 3]", tw_reshape(x, TW_SHAPE(4)));
    BAD(TW_EARG, "reshape", "-1", tw_reshape(x, TW_SHAPE(-1, -1)));
    BAD(TW_ESHAPE, "reshape", "[2, 3]", tw_reshape(x, TW_SHAPE(-1, 4)));
    BAD(TW_EARG, "permute", "", tw_permute(x, TW_AXES(0, 0)));
    BAD(TW_EARG, "permute", "", tw_permute(x, TW_AXES(0)));
    BAD(TW_EARG, "permute", "", tw_permute(x, TW_AXES(0, 2)));
    BAD(TW_ESHAPE, "broadcast_to", "[2, 3]", tw_broadcast_to(x, TW_SHAPE(2, 4)));
    BAD(TW_ESHAPE, "broadcast_to", "[2, 3]", tw_broadcast_to(x, TW_SHAPE(3)));
    BAD(TW_ESHAPE, "sum_to", "[2, 3]", tw_sum_to(x, TW_SHAPE(2)));
    BAD(TW_EARG, "slice", "3", tw_slice(x, .start = { 0, 2 }, .size = { 0, 2 }));
    BAD(TW_EARG, "slice", "axis 0", tw_slice(x, .start = { -3 }));
    BAD(TW_EARG, "slice", "axis 2", tw_slice(x, .start = { 0, 0, 1 }));
    BAD(TW_EARG, "slice", "stop 1", tw_slice(x, .size = { 1 }, .stop = { 1 }));
    BAD(TW_EARG, "pad", "-1", tw_pad(x, .before = { -1 }));
    BAD(TW_EARG, "flip", "2", tw_flip(x, .axes = TW_AXES(2)));
    BAD(TW_ESHAPE, "concat", "[2, 4]", tw_concat(2, ((tw_node *[]){ x, Z(2, 4) })));
    BAD(TW_EDTYPE, "concat", "i64", tw_concat(2, ((tw_node *[]){ Z(3), i })));
    BAD(TW_EARG, "concat", "2", tw_concat(2, ((tw_node *[]){ x, x }), .axis = 2));
    BAD(TW_EARG, "index", "5", tw_index(x, .at = 5));
    BAD(TW_EDTYPE, "gather", "f64", tw_gather(x, x));
    BAD(TW_ESHAPE, "gather", "rank 1", tw_gather(x, i));
    BAD(TW_EARG, "gather", "7", tw_gather(x, tw_reshape(i, TW_SHAPE(3, 1)), .axis = 7));
    BAD(TW_ESHAPE, "scatter_add", "", tw_scatter_add(x, tw_reshape(i, TW_SHAPE(3, 1)), Z(2, 3)));
    BAD(TW_EDTYPE, "scatter_add", "f64", tw_scatter_add(x, x, x));
    BAD(TW_EDTYPE, "scatter_set", "f64", tw_scatter_set(x, x, x));
    BAD(TW_EARG, "slice_update", "2", tw_slice_update(x, Z(3), 2));
    BAD(TW_EARG, "slice_add", "axis 1", tw_slice_add(x, x, .start = { 0, 1 }));
    BAD(TW_EARG, "arange", "-1", tw_arange(cx, -1));
    BAD(TW_EDTYPE, "uniform", "i64", tw_uniform(cx, TW_SHAPE(2), .dtype = TW_I64));
    BAD(TW_EDTYPE, "normal", "i32", tw_normal(cx, TW_SHAPE(2), .dtype = TW_I32));
    BAD(TW_ESHAPE, "random_bits", "-2", tw_random_bits(cx, TW_SHAPE(-2)));
}

static void scans(void)
{
    tw_node *x = Z(2, 3), *i = tw_arange(cx, 3), *b = tw_less(i, 1);
    BAD(TW_EDTYPE, "cumsum", "bool", tw_cumsum(b));
    BAD(TW_EDTYPE, "cumprod", "bool", tw_cumprod(b));
    BAD(TW_EDTYPE, "logcumsumexp", "i64", tw_logcumsumexp(i));
    BAD(TW_EARG, "cumargmax", "exclusive", tw_cumargmax(x, .exclusive = true));
    BAD(TW_EARG, "cumargmin", "exclusive", tw_cumargmin(x, .exclusive = true));
    BAD(TW_EDTYPE, "linear_recurrence", "i64", tw_linear_recurrence(i, i));
    BAD(TW_EARG, "randint", "3", tw_randint(cx, TW_SHAPE(2), 3, 3));
    BAD(TW_EARG, "randint", "u8 holds 0 to 255", tw_randint(cx, TW_SHAPE(2), 0, 1000, .dtype = TW_U8));
    BAD(TW_EARG, "uniform", "from nan to 1", tw_uniform(cx, TW_SHAPE(2), .low = NaN));
    BAD(TW_EARG, "normal", "deviation -1", tw_normal(cx, TW_SHAPE(2), .std = -1));
    BAD(TW_EARG, "laplace", "scale -1", tw_laplace(cx, TW_SHAPE(2), .scale = -1));
    BAD(TW_EDTYPE, "fill", "300 is no number of dtype u8", tw_fill(cx, TW_SHAPE(2), .value = 300, .dtype = TW_U8));
    BAD(TW_EDTYPE, "fill", "0.5 is no number of dtype i32", tw_full(cx, TW_SHAPE(2), 0.5, .dtype = TW_I32));
    BAD(TW_EARG, "interpolate", "nan", tw_interpolate(Z(1, 4, 4, 2), .scale = {NaN}));
    BAD(TW_EARG, "adaptive_avg_pool2d", "2^31", tw_adaptive_avg_pool2d(Z(1, 4, 4, 2), .size = {INT64_MAX}));
    BAD(TW_ESHAPE, "diag_embed", "columns", tw_diag_embed(Z(3), .k = INT64_MIN));
    BAD(TW_ESHAPE, "constant", "2^46", tw_laplace(cx, TW_SHAPE(INT64_MAX, 3)));
    BAD(TW_EARG, "truncated_normal", "2", tw_truncated_normal(cx, TW_SHAPE(2), .low = 2, .high = 1));
    BAD(TW_EDTYPE, "gamma", "i64", tw_gamma(tw_arange(cx, 3)));
    BAD(TW_EDTYPE, "beta", "i64", tw_beta(tw_arange(cx, 3), 1));
    BAD(TW_ESHAPE, "dirichlet", "a number", tw_dirichlet(tw_scalar(cx, 1)));
    BAD(TW_EARG, "argsort", "2", tw_argsort(x, .axes = TW_AXES(2)));
    BAD(TW_ESHAPE, "searchsorted", "[2, 3]", tw_searchsorted(x, Z(3, 3)));
}

static void heavy(void)
{
    tw_node *x = Z(2, 3), *b = tw_less(x, 1);
    BAD(TW_EARG, "sum", "2", tw_sum(x, .axes = TW_AXES(2)));
    BAD(TW_EARG, "sum", "", tw_sum(x, .axes = TW_AXES(0, 0)));
    BAD(TW_EARG, "prod", "-3", tw_prod(x, .axes = TW_AXES(-3)));
    BAD(TW_EARG, "max", "2", tw_max(x, .axes = TW_AXES(2)));
    BAD(TW_ESHAPE, "max", "", tw_max(Z(0, 2), .axes = TW_AXES(0)));
    BAD(TW_ESHAPE, "min", "", tw_min(Z(0)));
    BAD(TW_ESHAPE, "argmax", "", tw_argmax(Z(0)));
    BAD(TW_EARG, "argmax", "2", tw_argmax(x, .axis = 2));
    BAD(TW_EDTYPE, "prod", "bool", tw_prod(b));
    BAD(TW_ESHAPE, "matmul", "3", tw_matmul(x, x));
    BAD(TW_ESHAPE, "matmul", "", tw_matmul(x, Z(3)));
    BAD(TW_ESHAPE, "matmul", "2", tw_matmul(Z(2, 3, 4), Z(5, 4, 3)));
    BAD(TW_EDTYPE, "matmul", "bool", tw_matmul(b, b));
    BAD(TW_ESHAPE, "window", "rank 2", tw_window(x, .window = { 2 }));
    BAD(TW_ESHAPE, "window_add", "not the windows", tw_window_add(Z(1, 3, 2, 2), TW_SHAPE(1, 5, 2), .window = { 2 }));
}

static void matrices(void)
{
    tw_node *x = Z(2, 3), *q = Z(3, 3), *b = tw_less(q, 1), *i = tw_cast(q, TW_I64);
    BAD(TW_ESHAPE, "triangular_solve", "[2, 3]", tw_triangular_solve(x, x));
    BAD(TW_ESHAPE, "triangular_solve", "[2, 3]", tw_triangular_solve(q, x));
    BAD(TW_ESHAPE, "triangular_solve", "[3]", tw_triangular_solve(q, Z(3)));
    BAD(TW_ESHAPE, "triangular_solve", "[4, 3, 1]", tw_triangular_solve(Z(2, 3, 3), Z(4, 3, 1)));
    BAD(TW_EDTYPE, "triangular_solve", "f32", tw_triangular_solve(q, tw_cast(q, TW_F32)));
    BAD(TW_EDTYPE, "triangular_solve", "bool", tw_triangular_solve(b, q));
    BAD(TW_ESHAPE, "einsum", "'j' is 3 in operand 0 and 2 in operand 1", tw_einsum("ij,jk->ik", x, x));
    BAD(TW_ESHAPE, "einsum", "ellipsis is 2 in operand 0 and 3", tw_einsum("...,...", Z(2), Z(3)));
    BAD(TW_ESHAPE, "einsum", "3 letters for operand 1 of rank 2", tw_einsum("ij,ijk", x, x));
    BAD(TW_EARG, "einsum", "1 terms for 2", tw_einsum("ij", x, x));
    BAD(TW_EARG, "einsum", "more than 1 terms", tw_einsum("ij,jk", x));
    BAD(TW_EARG, "einsum", "'k' is in no operand", tw_einsum("ij->k", x));
    BAD(TW_EARG, "einsum", "'i' is given twice", tw_einsum("ij->ii", x));
    BAD(TW_EARG, "einsum", "'?'", tw_einsum("i?", x));
    BAD(TW_EARG, "einsum", "followed by ','", tw_einsum("ij->i,j", x));
    BAD(TW_EARG, "einsum", "two ellipses", tw_einsum("......", x));
    BAD(TW_EARG, "einsum", "lacks the ellipsis", tw_einsum("...i->i", x));
    BAD(TW_EDTYPE, "einsum", "operand 1 is i64", tw_einsum("ij,ij", q, i));
    BAD(TW_EDTYPE, "einsum", "f32", tw_einsum("ij,ij", q, tw_cast(q, TW_F32)));
    BAD(TW_EARG, "einsum", "argument 1 is NULL", tw_einsum("ij,ij", q, NULL));
    BAD(TW_ESHAPE, "matrix_exp", "[2, 3]", tw_matrix_exp(x));
    BAD(TW_ESHAPE, "matrix_power", "[2, 3]", tw_matrix_power(x, 2));
    BAD(TW_EARG, "tensordot", "1 axes of the first operand and 0", tw_tensordot(x, x, .a = TW_AXES(1)));
    BAD(TW_EARG, "tensordot", "3 axes of ranks 2 and 2", tw_tensordot(x, x, .axes = 3));
    BAD(TW_ESHAPE, "tensordot", "axis 0 of [2, 3] and axis 1 of [3, 3]", tw_tensordot(x, q, .a = TW_AXES(0), .b = TW_AXES(-1)));
    BAD(TW_ESHAPE, "inner", "3 and 2", tw_inner(x, Z(2)));
    BAD(TW_ESHAPE, "inner", "ranks 2 and 0", tw_inner(x, tw_scalar(cx, 1)));
    BAD(TW_ESHAPE, "kron", "[3]", tw_kron(x, Z(3)));
    BAD(TW_ESHAPE, "cross", "axis 0 has 2 elements", tw_cross(x, x, .axes = TW_AXES(0)));
    BAD(TW_EARG, "cross", "2 axes", tw_cross(x, x, .axes = TW_AXES(0, 1)));
    BAD(TW_ESHAPE, "fft", "[2, 3]", tw_fft(x));
    BAD(TW_EARG, "fft", "\"none\"", tw_fft(Z(3, 2), .norm = "none"));
    BAD(TW_EARG, "fft2", "2 axes of rank 1", tw_fft2(Z(3, 2)));
    BAD(TW_EARG, "ifft", "axis 1 of rank 1", tw_ifft(Z(3, 2), .axes = TW_AXES(1)));
    BAD(TW_EARG, "ifft2", "axis 0 is given twice", tw_ifft2(Z(3, 3, 2), .axes = TW_AXES(0, -2)));
    BAD(TW_EDTYPE, "rfft", "i64", tw_rfft(i));
    BAD(TW_EDTYPE, "rfft2", "bool", tw_rfft2(b));
    BAD(TW_ESHAPE, "irfft", "3 elements is not that of 6 numbers, which is 4", tw_irfft(Z(3, 2), .n = 6));
    BAD(TW_ESHAPE, "irfft2", "[2, 3]", tw_irfft2(x));
    BAD(TW_EDTYPE, "complex", "i64", tw_complex(i, i));
    BAD(TW_ESHAPE, "real", "[2, 3]", tw_real(x));
    BAD(TW_ESHAPE, "imag", "[2, 3]", tw_imag(x));
    BAD(TW_ESHAPE, "complex_mul", "[3]", tw_complex_mul(Z(3, 2), Z(3)));
    BAD(TW_ESHAPE, "einsum", "10 axes", tw_einsum("abcde,fghij->abcdefghij", Z(1, 1, 1, 1, 1), Z(1, 1, 1, 1, 1)));
}

/* What needs LAPACK refuses everything when it is not built in. */
#ifdef TW_HAVE_LAPACK
#define UNLESS_MISSING(code, words) code, words
#define IF_THERE(op, factor) op
#else
#define IF_THERE(op, factor) factor
#define UNLESS_MISSING(code, words) TW_EMISSING, "LAPACK"
#endif
#define BAD_FACTOR(op, kind, ...) BAD_FACTOR_(op, kind, __VA_ARGS__)
#define BAD_FACTOR_(op, code, words, ...) BAD(code, op, words, __VA_ARGS__)

static void factors(void)
{
    tw_node *x = Z(2, 3);
    BAD_FACTOR("cholesky", UNLESS_MISSING(TW_ESHAPE, "[2, 3]"), tw_cholesky(x));
    BAD_FACTOR("cholesky", UNLESS_MISSING(TW_ESHAPE, "[3]"), tw_cholesky(Z(3)));
    BAD_FACTOR("cholesky", UNLESS_MISSING(TW_EDTYPE, "i64"), tw_cholesky(tw_arange(cx, 3)));
    BAD_FACTOR("lu_factor", UNLESS_MISSING(TW_ESHAPE, "[3]"), tw_lu(Z(3), NULL, NULL));
    BAD_FACTOR("qr", UNLESS_MISSING(TW_ESHAPE, "[3]"), tw_qr(Z(3), NULL));
    BAD_FACTOR("eigh", UNLESS_MISSING(TW_ESHAPE, "[2, 3]"), tw_eigvalsh(x));
    BAD_FACTOR("svd", UNLESS_MISSING(TW_ESHAPE, "[3]"), tw_svdvals(Z(3)));
    BAD(TW_ESHAPE, "inv", "[2, 3]", tw_inv(x));
    BAD(TW_ESHAPE, "det", "[2, 3]", tw_det(x));
    BAD(TW_ESHAPE, "slogdet", "[2, 3]", tw_slogdet(x, NULL));
    BAD(TW_ESHAPE, "solve", "[2, 3]", tw_solve(x, x));
    BAD_FACTOR(IF_THERE("solve", "lu_factor"), UNLESS_MISSING(TW_ESHAPE, "[3, 3] for right-hand sides [2, 3]"), tw_solve(Z(3, 3), x));
    BAD(TW_EDTYPE, "pinv", "bool", tw_pinv(tw_less(x, 1)));
    BAD(TW_ESHAPE, "lstsq", "[2, 3] for right-hand sides [3, 1]", tw_lstsq(x, Z(3)));
    BAD(TW_ESHAPE, "matrix_rank", "[3]", tw_matrix_rank(Z(3)));
    BAD(TW_EARG, "matrix_norm", "\"max\"", tw_matrix_norm(x, .ord = "max"));
    BAD(TW_ESHAPE, "cond", "[2, 3]", tw_cond(x, .ord = "1"));
}

/* What only rules make with operands that fit, or builders of other names that refuse, and what takes anything of any dtype. */
static const char *const refuse_nothing[] = {
    "log_ndtr_slope", "gelu_slope", "gelu_tanh_slope", "silu_slope", "mish_slope", "elu_slope", "gamma_slope", "sparse_check",
    "conv", "conv_x", "conv_w", "max_pool", "max_pool_x", "max_pool_y", "sum_pool", "sum_pool_x", "sum_bool",
    "linear_solve", "solution", "extern", "extern_vjp", "extern_jvp",       /* check_transforms.c */
    "number", "constant", "data", "kept", "cell", "read", "assign", "keep", "project", "stop_grad", "custom", "checkpoint", "barrier", "dummy", "nil",
};

static void wants_refusal(const tw_op *op, void *user)
{
    (void)user;
    for (size_t i = 0; i < sizeof refuse_nothing / sizeof *refuse_nothing; i++)
        if (!strcmp(refuse_nothing[i], op->name)) return;
    for (size_t i = 0; i < n_refused; i++)
        if (!strcmp(refused[i], op->name)) return;
    ck_abort_msg("%s refuses nothing here", op->name);
}

START_TEST(every_operation_refuses_something)
{
    elementwise();
    functions();
    layout();
    heavy();
    matrices();
    factors();
    scans();
    tw_op_each(cx, wants_refusal, NULL);
}
END_TEST

int main(void)
{
    const TTest *tests[] = { every_operation_refuses_something };
    return run_programs("refusals", sizeof tests / sizeof *tests, tests);
}
