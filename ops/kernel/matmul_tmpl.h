/* matmul_tmpl.h - matrix products over any number of batch axes.
 *
 * Work comes in blocks of rows, or of columns where these are many more, across the batch; a range
 * of it is one run of rows (or columns) in each matrix that it touches. A batch whose left operands
 * follow one another like rows, and share the right one, is one long product.
 */
#include "ops/kernel/gemm_tmpl.h"

/* Whether the batch axes of x are as if it were one matrix of more rows, `stride` apart. */
TW_INLINE bool FN(rows_go_on)(const tw_view *x, int64_t rows, int64_t stride)
{
    int64_t expected = rows * stride;
    for (int i = x->shape->n - 3; i >= 0; i--) {
        if (x->shape->at[i] != 1 && x->strides[i] != expected) return false;
        expected *= x->shape->at[i];
    }
    return true;
}

TW_INLINE bool FN(shared)(const tw_view *x)
{
    for (int i = 0; i < x->shape->n - 2; i++)
        if (x->shape->at[i] != 1 && x->strides[i] != 0) return false;
    return true;
}

/* Where matrix `index` of the batch begins, in elements. */
TW_INLINE int64_t FN(batch_offset)(const tw_view *x, int64_t index)
{
    int64_t offset = 0;
    for (int i = x->shape->n - 3; i >= 0 && index; i--) {
        offset += index % x->shape->at[i] * x->strides[i];
        index /= x->shape->at[i];
    }
    return offset;
}

/* Rows, or columns, [from, to) of the product of matrices a and b of the batch, into c. */
TW_INLINE void FN(matmul_part)(struct FN(gemm) *g, const T *a, const T *b, T *c,
                               bool columns, int64_t from, int64_t to)
{
    g->a = columns ? a : a + from * g->ars;
    g->b = columns ? b + from * g->bcs : b;
    g->c = c + (columns ? from : from * g->crs);
    if (columns) g->n = to - from;
    else g->m = to - from;
    FN(gemm)(g);
}

static int64_t FN(matmul)(const tw_call *call)
{
    const tw_matmul_attr *t = call->attr;
    const tw_view *va = &call->in[0], *vb = &call->in[1];
    const tw_product p = tw__matmul_product(va->shape, vb->shape, t);
    const int64_t *as = va->strides + va->shape->n - 2, *bs = vb->strides + vb->shape->n - 2;
    const T *a = va->data, *b = vb->data;
    T *c = call->out->data;
    struct FN(gemm) g = {
        .m = p.m, .n = p.n, .k = p.k, .scratch = call->scratch,
        .ars = as[t->transpose_a], .acs = as[!t->transpose_a],
        .brs = bs[t->transpose_b], .bcs = bs[!t->transpose_b],
        .crs = p.n, .ccs = 1,
    };
    const bool columns = tw__matmul_by_columns(p);
    const int64_t length = columns ? p.n : p.m, unit = columns ? TW_GEMM_COLUMNS : TW_GEMM_ROWS;
    const int64_t units = tw__matmul_units(p);
    if (call->lo >= call->hi) return -1;

    /* From unit `lo` of matrix `first` to unit `hi` of matrix `last`. */
    const bool one = call->hi <= units;
    const int64_t first = one ? 0 : call->lo / units, last = one ? 0 : (call->hi - 1) / units;
    const int64_t start = (call->lo - first * units) * unit;
    const int64_t end = FN(least)((call->hi - last * units) * unit, length);
    if (!columns && first < last && FN(shared)(vb) && FN(rows_go_on)(va, p.m, g.ars)) {
        FN(matmul_part)(&g, a, b, c, false, first * p.m + start, last * p.m + end);
        return -1;
    }
    for (int64_t i = first; i <= last; i++)
        FN(matmul_part)(&g, a + FN(batch_offset)(va, i), b + FN(batch_offset)(vb, i),
                        c + i * p.m * p.n, columns,
                        i == first ? start : 0, i == last ? end : length);
    return -1;
}
