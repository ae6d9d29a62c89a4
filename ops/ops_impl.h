/* ops_impl.h - what the files of ops/ share: operands, axes, shape rules of elementwise operations.
 *
 * Names: x a b operands, y the node that a rule is about, g its cotangent, o options (never NULL
 * after TW_OPTIONS). A builder that looks at an operand before it builds starts with
 *     if (!tw__operand(at, "name", 0, &x)) return x;
 * after which x is a node that can be an input; a nil operand is handed on in silence.
 */
#pragma once
#include "core/here_impl.h"
#include "ops/kernel/attrs.h"
#include "ops/kernel/plain.h"
#include "ops/kernel/table.h"
#include "ops/ops.h"

/* The documentation of each operation, as ops.def words it. */
#define OP(name, params, text) RULE(name, text)
#define RULE(name, text) extern const char tw__doc_##name[];
#define FN(name, params, text)
#include "ops/ops.def"
#undef OP
#undef RULE
#undef FN

/* How a descriptor starts. */
#define TW_WORD(word) .name = #word, .doc = tw__doc_##word

/* The descriptor of an elementwise function of n floats with the rule d_<word> and the block kernel of its name. */
#define TW_MAP(word, n)                 \
    const tw_op tw_op_##word = {        \
        TW_WORD(word),                  \
        .arity    = n,                  \
        .rule     = TW_ELEMENTWISE,     \
        .shape    = tw__shape_float,    \
        .d        = d_##word,           \
        .block_id = TW_B_##word,        \
    }

/* ---- operands (operand.c) ------------------------------------------------------------------ */

/* Resolves *x; false, with a nil in *x to be returned, when there is nothing to build on. */
bool tw__operand(const tw_loc *at, const char *op, int index, tw_node **x);
/* The same for several, in xs, whose first is then the nil. A NULL among nodes is their context's error. */
bool tw__operands(const tw_loc *at, const char *op, int n, tw_node **xs);
/* That error's nil; NULL if no x is NULL. */
tw_node *tw__null_among(const tw_loc *at, const char *op, int n, tw_node *const *xs);
/* The error's nil when argument 0 is NULL beside a node among the other two; NULL otherwise. */
tw_node *tw__null_beside(const tw_loc *at, const char *op, const tw_node *x, tw_arg a, tw_arg b);
/* Nodes of one and two operands without attributes. */
tw_node *tw__unary(const tw_loc *at, const tw_op *op, tw_node *x);
tw_node *tw__binary(const tw_loc *at, const tw_op *op, tw_arg a, tw_arg b);
static inline bool tw__is_number(tw_arg a) { return !a.node || a.node == &tw__structure; }
/* v, or the default where v is 0; TW_ZERO says zero. */
double tw__or(double v, double otherwise);
/* The dtype asked for, or the context's. */
tw_dtype tw__dtype_or(tw_dtype asked, tw_ctx *cx);

/* Shape rules of elementwise operations: floats; floats and integers; booleans; any two alike, giving booleans. */
bool tw__shape_float(tw_node *y);
bool tw__shape_number(tw_node *y);
bool tw__shape_bool(tw_node *y);
bool tw__shape_compare(tw_node *y);
/* For builders and rules of other forms: false, with the error that names x's dtype and the cast. */
bool tw__need_float(const tw_loc *at, const char *op, const tw_node *x);
bool tw__reject_dtype(tw_node *y, int dtype);
bool tw__reject_dtypes(tw_node *y, int a, int b);

/* ---- axes and shapes (axes.c) -------------------------------------------------------------- */

/* axis of x, negative ones from the end of rank, into *out; false after an error. */
bool tw__axis(const tw_loc *at, const char *op, tw_node *x, int axis, int rank, int *out);
/* The axes as bits; all when none are given. False after an error. */
bool tw__axes_mask(const tw_loc *at, const char *op, tw_node *x, tw_axes axes, uint8_t *mask);
/* x's shape with the axes of the mask set to 1. */
tw_shape tw__kept_shape(const tw_node *x, unsigned mask);
/* The product of x's dimensions along the axes of the mask. */
int64_t tw__mask_count(const tw_node *x, unsigned mask);
/* The order of axes that puts those of the mask last. */
tw_axes tw__axes_last(int rank, unsigned mask);
/* g, of the shape of a reduction of x over the mask with or without kept axes, repeated to x's shape. */
tw_node *tw__spread(const tw_loc *at, tw_node *g, const tw_node *x, unsigned mask);
/* "name 0 2" of the axes of a mask. */
void tw__axes_label(const char *name, unsigned mask, char *text, size_t size);
bool tw__same_shape(const tw_dims *a, const tw_shape *b);

/* ---- reductions (sum.c) -------------------------------------------------------------------- */

tw_node *tw__reduce(const tw_loc *at, const tw_op *op, tw_node *x, const tw_reduce_args *o);
bool tw__shape_reduced(tw_node *y);
void tw__label_reduced(const tw_node *y, char *text, size_t size);
/* Whether what is reduced lies at the end of the shape: the rows of tw_op. */
bool tw__rows_reduced(const tw_node *y, tw_rows *r);
bool tw__lines_reduced(const tw_node *y, tw_rows *r);
extern const tw_op tw_op_sum_lines, tw_op_sum_blocks;
/* For sparsity: the sum instead. */
tw_node *tw__depends_reduced(tw_node *y, tw_node *const *in);
static inline unsigned tw__reduced(const tw_node *y) { return ((const tw_reduce_attr *)tw_attr(y))->axes; }

/* ---- many values at once (vmap.c, and a batching rule beside each operation) ------------------- */

/* Input k of a batching rule with the new first axis, repeated along it if it lacks it. */
tw_node *tw__many(const tw_batching *b, int k);
/* s with the new first axis. */
tw_shape tw__batch_shape(const tw_batching *b, tw_shape s);
/* Of reductions, and of operations whose tensors start with an axis of independent images. */
tw_node *tw__batch_reduced(const tw_batching *b);
tw_node *tw__batch_images(const tw_batching *b);

/* ---- slices (slice.c, pad.c, slice_update.c): two pairs of adjoints -------------------------- */

extern const int32_t tw__ones[TW_MAX_RANK];
/* Elements start + i * step of x, shape->at[k] of them along axis k; step NULL: ones. Checks nothing. */
tw_node *tw__slice(const tw_loc *at, tw_node *x, const int64_t *start, const int32_t *step, const tw_shape *shape);
/* Element i of x at before + i * step of a tensor of that shape full of value. Checks nothing. */
tw_node *tw__pad(const tw_loc *at, tw_node *x, const int64_t *before, const int32_t *step, double value,
                 const tw_shape *shape);
/* x, with element i of src added at start + i * step. Checks nothing. */
tw_node *tw__slice_add(const tw_loc *at, tw_node *x, tw_node *src, const int64_t *start, const int32_t *step);
/* size elements of x from start along axis. Checks nothing. */
tw_node *tw__range(const tw_loc *at, tw_node *x, int axis, int64_t start, int64_t size);
/* Whether such a slice, which has the given shape, is all of x in its own order. */
bool tw__covers(const tw_dims *x, const int32_t *step, const tw_shape *shape);
/* The user's slice of x: where it starts, its steps and its shape. False after an error. */
bool tw__cut(const tw_loc *at, const char *op, const tw_node *x, const tw_slice_args *o, int64_t *start, int32_t *step,
             tw_shape *shape);
/* The user's i, from the end when negative, where size elements find room along axis. False after an error. */
bool tw__place(const tw_loc *at, const char *op, const tw_node *x, int axis, int64_t i, int64_t size, int64_t *start);

/* ---- matrices: the last two axes (matrix.c) --------------------------------------------------- */

/* False after an error, unless x is of floats and has two axes, equal ones if asked. */
bool tw__is_matrix(const tw_loc *at, const char *op, const tw_node *x, bool square);
/* Whether LAPACK is built in; otherwise y is refused, in words. */
bool tw__has_lapack(tw_node *y);
/* How many matrices there are. */
int64_t tw__batch(const tw_dims *d);
/* For descriptors: a unit of work is a matrix of the first input. */
int64_t tw__batch_work(const tw_node *y);
/* a and b repeated to a common batch; false after an error. */
bool tw__common_batch(const tw_loc *at, const char *op, tw_node **a, tw_node **b);
/* x with zeros below (or above) the diagonal, which goes too, with those next to it, as skip says. */
tw_node *tw__triangle(const tw_loc *at, tw_node *x, bool upper, int skip);
/* [..., n, n] to [..., n]; and back, among zeros. */
tw_node *tw__diagonal(const tw_loc *at, tw_node *x);
tw_node *tw__on_diagonal(const tw_loc *at, tw_node *x);
/* [n, n] of like's dtype. */
tw_node *tw__identity(const tw_loc *at, const tw_node *like, int64_t n);
/* The lower triangle of x, mirrored to the upper. */
tw_node *tw__mirrored(const tw_loc *at, tw_node *x);
/* 1 / gap, but 0 on the diagonal, where gap must be 0. */
tw_node *tw__apart(const tw_loc *at, tw_node *gap);
/* Batching rule of operations that take any leading axes: those of the operands that lack the new one are repeated. */
tw_node *tw__batch_leading(const tw_batching *b);
/* For sparsity: all of the matrices in the last two axes depends on all of the inputs' there. */
tw_node *tw__depends_matrix(tw_node *y, tw_node *const *in);
/* For descriptors of eigh and svd. */
void tw__explain_values(const tw_node *y, const tw_call *c, int64_t bad, char *text, size_t size);
/* (x + x') / 2 */
tw_node *tw__symmetric(const tw_loc *at, tw_node *x);
/* sqrt(x) with derivative 0, not infinite, where x is 0: for roots of sums of squares. */
tw_node *tw__safe_sqrt(const tw_loc *at, tw_node *x);
/* The number of a random node: the context's next, or one of the stream that the key names (random.c). */
uint64_t tw__random_number(tw_ctx *cx, uint64_t key);
/* Shape rule of random leaves: floats. */
bool tw__shape_draw(tw_node *y);

/* For sparsity: the inputs that are not NULL summed over axes, added, and repeated to y's shape. */
tw_node *tw__depends_over(tw_node *y, tw_node *const *in, tw_axes axes);

/* ---- scans along an axis (cumsum.c) ----------------------------------------------------------- */

static inline const tw_scan_attr *tw__scan_of(const tw_node *y) { return tw_attr(y); }
/* The n operands in, checked, through a scan; a nil after an error. in[0] becomes what was resolved. */
tw_node *tw__scan(const tw_loc *at, const tw_op *op, const tw_scan_args *o, int n, tw_node **in);
/* For rules: another scan at like's place. */
tw_node *tw__scan_with(const tw_node *like, const tw_op *op, tw_scan_attr attr, int n, tw_node *const *in);
tw_node *tw__batch_scan(const tw_batching *b);
/* For sparsity: all of a line depends on all of the inputs'. */
tw_node *tw__depends_scan(tw_node *y, tw_node *const *in);
/* Of shape rules: not .exclusive. */
bool tw__inclusive(tw_node *y);
int64_t tw__scan_lines(const tw_node *y);
void tw__label_scan(const tw_node *y, char *text, size_t size);

/* x to the power of n. */
tw_node *tw__powi(const tw_loc *at, tw_node *x, int64_t n);

/* ---- windows of images (window.c) ------------------------------------------------------------ */

/* Options of up to three spatial axes into a triple that holds them at its end, behind ones: 0 stands for the first
 * number, or for the default. False after an error: below 1, or more numbers than axes. */
bool tw__triple(const tw_loc *at, const char *op, tw_node *x, const char *what, const int v[3], int axes, int otherwise,
                int32_t out[3]);
/* w's before and after for windows that extend so far over so many pixels, strides known; false after an error. */
bool tw__padding(const tw_loc *at, const char *op, tw_node *x, tw_padding padding, int axes, const int64_t in[3],
                 const int64_t extent[3], tw_window *w);
/* False, with an error, where along some axis not one window fits. */
bool tw__windows_fit(const tw_loc *at, const char *op, tw_node *x, int axes, const int64_t in[3], const int64_t extent[3],
                     const tw_window *w);
/* How many windows fit; 0: none. */
int64_t tw__windows(int64_t in, int64_t before, int64_t after, int64_t extent, int64_t stride);
/* For sparsity: the windows of x, as wide as taps, summed; and y, of that shape, added to each element of its windows. */
tw_node *tw__windows_summed(const tw_loc *at, tw_node *x, const tw_window *t, const int32_t taps[3]);
tw_node *tw__windows_spread(const tw_loc *at, tw_node *y, const tw_window *t, const int32_t taps[3], tw_shape x);
/* False, with an error, unless x is floating, of rank axes + 2. */
bool tw__images(const tw_loc *at, const char *op, tw_node *x, int axes);
/* The spatial sizes of x as a triple. */
void tw__pixels(const tw_dims *x, int64_t out[3]);
/* "name 1 2" of the axes of a triple; what snprintf would have written. */
int tw__triple_label(const char *name, const int32_t v[3], int axes, char *text, size_t size);
