/* fft.c - discrete Fourier transforms of any length, along any axes; complex numbers as pairs.
 *
 *     y_k = sum over t of x_t exp(-2 pi i k t / n)
 *
 * A complex tensor has one axis more, the last one, of size 2: real and imaginary part. complex makes
 * one, real and imag take it apart. Axes are counted without the pair, so that .axes = TW_AXES(-1)
 * is the last axis of the data. .norm is that of NumPy and PyTorch: "backward" (default) divides the
 * inverse by n, "forward" the other one, "ortho" both by the root of n.
 *
 * Linear. As a map of pairs the transform is its own transpose but for the sign of the exponent: the
 * derivative is the inverse transform with this one's scale. The real ones are spelled: rfft cuts
 * off what is conjugate; irfft is the real part of the transform of a spectrum whose inner elements
 * count twice, and so ignores the imaginary parts of the first and, for even n, the last element.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/fft.h"
#include <math.h>
#include <string.h>

static const tw_fft_attr *attr_of(const tw_node *y) { return tw_attr(y); }

/* Whether z is complex: floats with a last axis of size 2. */
static bool is_complex(const tw_loc *at, const char *op, const tw_node *z)
{
    char text[96];
    const tw_dims *d = z->shape;
    if (!tw__need_float(at, op, z)) return false;
    if (d->n >= 1 && d->at[d->n - 1] == 2) return true;
    tw_fail(z->cx, TW_ESHAPE, op, at, "%s: the last axis of a complex tensor has 2 elements, real and imaginary part", tw_shape_text(d, text, sizeof text));
    return false;
}

static bool shape(tw_node *y)
{
    const tw_node *x = tw_in(y, 0);
    if (!is_complex(y->at, y->op->name, x)) return false;
    return x->shape->n >= 2 || tw_reject(y, TW_ESHAPE, "a single complex number: an axis to transform is needed");
}

static tw_node *transform(const tw_loc *at, tw_node *x, const tw_fft_attr *attr)
{
    return tw_build_node(&(tw_build){ .op = &tw_op_fft, .at = at, .attr = attr, .n = 1, .in = &x });
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    tw_fft_attr back;
    (void)i;
    memset(&back, 0, sizeof back);
    back.scale = attr_of(y)->scale, back.inverse = !attr_of(y)->inverse;
    return transform(y->at, g, &back);
}

static int64_t work(const tw_node *y)
{
    const int64_t n = y->shape->at[y->shape->n - 2];
    return n ? y->shape->count / n / 2 : 0;
}

static size_t scratch(const tw_node *y)
{
    return (size_t)tw__fft_scratch(y->shape->at[y->shape->n - 2]) * tw_dtype_size((tw_dtype)y->dtype);
}

static void label(const tw_node *y, char *text, size_t size)
{
    snprintf(text, size, "%stimes %g", attr_of(y)->inverse ? "inverse " : "", attr_of(y)->scale);
}

const tw_op tw_op_fft = {
    TW_WORD(fft),
    .arity     = 1,
    .attr_size = sizeof(tw_fft_attr),
    .traits    = TW_STRIDED,
    .rule      = TW_LINEAR,
    .shape     = shape,
    .d         = d,
    .batch     = tw__batch_leading,
    .depends   = tw__depends_matrix,
    .kernel    = tw__fft_kernel,
    .work      = work,
    .scratch   = scratch,
    .label     = label,
};

/* ---- axes and norms ------------------------------------------------------------------------------ */

/* What one transform of length n is multiplied by; negative: no such norm, after an error. */
static double scale_of(const tw_loc *at, const char *op, tw_node *x, const char *norm, bool inverse, int64_t n)
{
    const double length = n > 0 ? (double)n : 1;
    if (!norm || !strcmp(norm, "backward")) return inverse ? 1 / length : 1;
    if (!strcmp(norm, "forward")) return inverse ? 1 : 1 / length;
    if (!strcmp(norm, "ortho")) return 1 / sqrt(length);
    tw_fail(x->cx, TW_EARG, op, at, "norm \"%.20s\" is none of backward, forward, ortho", norm);
    return -1;
}

/* The axes of the data, which has so many; the last `otherwise` when none are given. False after an error. */
static bool axes_of(const tw_loc *at, const char *op, tw_node *x, int rank, tw_axes axes, int otherwise, int *out, int *n)
{
    *n = axes.n ? axes.n : otherwise;
    if (*n > rank || *n < 0) return tw_fail(x->cx, TW_EARG, op, at, "%d axes of rank %d", *n, rank), false;
    for (int i = 0; i < *n; i++) {
        if (!tw__axis(at, op, x, axes.n ? axes.at[i] : rank - *n + i, rank, &out[i])) return false;
        for (int k = 0; k < i; k++)
            if (out[k] == out[i]) return tw_fail(x->cx, TW_EARG, op, at, "axis %d is given twice", out[i]), false;
    }
    return true;
}

/* x with axis k exchanged with the one before the pair. */
static tw_node *exchanged(const tw_loc *at, tw_node *x, int k)
{
    tw_axes axes = { .n = x->shape->n };
    for (int i = 0; i < axes.n; i++) axes.at[i] = i;
    axes.at[k] = axes.n - 2, axes.at[axes.n - 2] = k;
    return tw_permute(x, axes);
}

static tw_node *along(const tw_loc *at, const char *op, tw_node *z, int axis, const char *norm, bool inverse)
{
    tw_fft_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.inverse = inverse;
    attr.scale = scale_of(at, op, z, norm, inverse, z->shape->at[axis]);
    if (attr.scale < 0) return tw_nil(z->cx);
    tw_node *y = transform(at, exchanged(at, z, axis), &attr);
    return tw_is_nil(y) ? y : exchanged(at, y, axis);
}

static tw_node *complex_transform(const tw_loc *at, const char *op, tw_node *z, const tw_fft_args *o, int otherwise, bool inverse)
{
    int axes[TW_MAX_RANK], n;
    TW_OPTIONS(tw_fft_args, o);
    if (!tw__operand(at, op, 0, &z)) return z;
    if (!is_complex(at, op, z) || !axes_of(at, op, z, z->shape->n - 1, o->axes, otherwise, axes, &n)) return tw_nil(z->cx);
    for (int i = n - 1; i >= 0 && !tw_is_nil(z); i--) z = along(at, op, z, axes[i], o->norm, inverse);
    return z;
}

tw_node *tw_fft_at(const tw_loc *at, tw_node *z, const tw_fft_args *o)   { return complex_transform(at, "fft", z, o, 1, false); }
tw_node *tw_ifft_at(const tw_loc *at, tw_node *z, const tw_fft_args *o)  { return complex_transform(at, "ifft", z, o, 1, true); }
tw_node *tw_fft2_at(const tw_loc *at, tw_node *z, const tw_fft_args *o)  { return complex_transform(at, "fft2", z, o, 2, false); }
tw_node *tw_ifft2_at(const tw_loc *at, tw_node *z, const tw_fft_args *o) { return complex_transform(at, "ifft2", z, o, 2, true); }

/* ---- of real numbers ----------------------------------------------------------------------------- */

/* Half of the spectrum along the last of the axes, all of it along the others. */
static tw_node *real_transform(const tw_loc *at, const char *op, tw_node *x, const tw_fft_args *o, int otherwise)
{
    int axes[TW_MAX_RANK], n;
    TW_OPTIONS(tw_fft_args, o);
    if (!tw__operand(at, op, 0, &x)) return x;
    if (!tw__need_float(at, op, x) || !axes_of(at, op, x, x->shape->n, o->axes, otherwise, axes, &n)) return tw_nil(x->cx);
    tw_node *z = tw_complex(x, tw_constant_like(at, x, 0));
    if (tw_is_nil(z)) return z;
    const int last = axes[n - 1];
    z = along(at, op, z, last, o->norm, false);
    if (tw_is_nil(z)) return z;
    z = tw__range(at, z, last, 0, x->shape->at[last] / 2 + 1 - (x->shape->at[last] == 0));
    for (int i = n - 2; i >= 0 && !tw_is_nil(z); i--) z = along(at, op, z, axes[i], o->norm, false);
    return z;
}

/* Factors of the k elements of half a spectrum of n: 2, but 1 of the first and, for even n, of the last. */
static tw_node *doubled(const tw_loc *at, tw_node *z, int axis, int64_t n)
{
    const int64_t k = z->shape->at[axis];
    tw_shape s = { .n = z->shape->n };
    for (int i = 0; i < s.n; i++) s.at[i] = i == axis ? k : 1;
    tw_node *t = tw_arange(z->cx, k, .dtype = TW_I64), *single = tw_equal(t, 0);
    if (n % 2 == 0) single = tw_logical_or(single, tw_equal(t, n / 2));
    return tw_mul(z, tw_reshape(tw_sub(2, tw_cast(single, (tw_dtype)z->dtype)), s));
}

static tw_node *real_inverse(const tw_loc *at, const char *op, tw_node *z, const tw_irfft_args *o, int otherwise)
{
    int axes[TW_MAX_RANK], n;
    TW_OPTIONS(tw_irfft_args, o);
    if (!tw__operand(at, op, 0, &z)) return z;
    if (!is_complex(at, op, z) || !axes_of(at, op, z, z->shape->n - 1, o->axes, otherwise, axes, &n)) return tw_nil(z->cx);
    const int last = axes[n - 1];
    const int64_t have = z->shape->at[last], length = o->n ? o->n : 2 * (have - 1);
    if (length < 1 || have != length / 2 + 1)
        return tw_fail(z->cx, TW_ESHAPE, op, at, "half a spectrum of %lld elements is not that of %lld numbers, which is %lld", (long long)have,
                       (long long)length, (long long)(length / 2 + 1));
    for (int i = 0; i < n - 1 && !tw_is_nil(z); i++) z = along(at, op, z, axes[i], o->norm, true);
    if (tw_is_nil(z)) return z;
    tw_pad_args pad = { ._size = sizeof pad };
    pad.after[last] = length - have;
    z = along(at, op, tw_pad_at(at, doubled(at, z, last, length), &pad), last, o->norm, true);
    return tw_is_nil(z) ? z : tw_real(z);
}

tw_node *tw_rfft_at(const tw_loc *at, tw_node *x, const tw_fft_args *o)      { return real_transform(at, "rfft", x, o, 1); }
tw_node *tw_rfft2_at(const tw_loc *at, tw_node *x, const tw_fft_args *o)     { return real_transform(at, "rfft2", x, o, 2); }
tw_node *tw_irfft_at(const tw_loc *at, tw_node *z, const tw_irfft_args *o)   { return real_inverse(at, "irfft", z, o, 1); }
tw_node *tw_irfft2_at(const tw_loc *at, tw_node *z, const tw_irfft_args *o)  { return real_inverse(at, "irfft2", z, o, 2); }

/* ---- complex numbers ----------------------------------------------------------------------------- */

tw_node *tw_complex_at(const tw_loc *at, tw_node *re, tw_node *im)
{
    tw_node *in[2] = { re, im };
    if (!tw__operands(at, "complex", 2, in) || !tw_operands(at, "complex", 2, (tw_arg[]){ tw__arg_node(in[0]), tw__arg_node(in[1]) }, in))
        return tw_nil(tw_ctx_of(in[0]));
    if (!tw__need_float(at, "complex", in[0]) || !tw__need_float(at, "complex", in[1])) return tw_nil(in[0]->cx);
    return tw_stack(2, in, .axis = -1);
}

static tw_node *part(const tw_loc *at, const char *op, tw_node *z, int64_t k)
{
    if (!tw__operand(at, op, 0, &z)) return z;
    if (!is_complex(at, op, z)) return tw_nil(z->cx);
    tw_shape s = tw_shape_of(z);
    s.n--;
    return tw_reshape(tw__range(at, z, s.n, k, 1), s);
}

tw_node *tw_real_at(const tw_loc *at, tw_node *z) { return part(at, "real", z, 0); }
tw_node *tw_imag_at(const tw_loc *at, tw_node *z) { return part(at, "imag", z, 1); }

tw_node *tw_complex_mul_at(const tw_loc *at, tw_node *a, tw_node *b)
{
    tw_node *in[2] = { a, b };
    if (!tw__operands(at, "complex_mul", 2, in)) return in[0];
    if (!is_complex(at, "complex_mul", in[0]) || !is_complex(at, "complex_mul", in[1])) return tw_nil(in[0]->cx);
    tw_node *ar = tw_real(in[0]), *ai = tw_imag(in[0]), *br = tw_real(in[1]), *bi = tw_imag(in[1]);
    return tw_complex(tw_sub(tw_mul(ar, br), tw_mul(ai, bi)), tw_add(tw_mul(ar, bi), tw_mul(ai, br)));
}
