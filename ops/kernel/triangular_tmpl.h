/* triangular_tmpl.h - substitution: op(T) X = B, a block of columns of one matrix at a time.
 *
 * Every element of X is b - t x - t x ... in the order of the rows, multiplied, subtracted, and at last
 * divided: no sum in an order of its own and no fma, so that all instruction sets give the same bits.
 */
static int64_t FN(triangular_solve)(const tw_call *c)
{
    const tw_triangular_attr *a = c->attr;
    const tw_view *vt = &c->in[0], *vb = &c->in[1];
    const int rank = vb->shape->n;
    const int64_t n = vb->shape->at[rank - 2], width = vb->shape->at[rank - 1], blocks = tw__triangular_blocks(width);
    const int64_t row = vt->strides[rank - 2 + a->transpose], column = vt->strides[rank - 1 - a->transpose];
    const int64_t b_row = vb->strides[rank - 2], b_column = vb->strides[rank - 1];
    const bool up = a->upper != a->transpose;       /* from the last row up */

    for (int64_t unit = c->lo; unit < c->hi; unit++) {
        const int64_t matrix = unit / blocks, from = unit % blocks * TW_TRIANGULAR_COLUMNS;
        const int64_t w = width - from < TW_TRIANGULAR_COLUMNS ? width - from : TW_TRIANGULAR_COLUMNS;
        const T *t = (const T *)vt->data + FN(batch_offset)(vt, matrix);
        const T *b = (const T *)vb->data + FN(batch_offset)(vb, matrix) + from * b_column;
        T *x = (T *)c->out->data + matrix * n * width + from;

        for (int64_t s = 0; s < n; s++) {
            const int64_t i = up ? n - 1 - s : s;
            T *restrict xi = x + i * width;
            for (int64_t k = 0; k < w; k++) xi[k] = b[i * b_row + k * b_column];
            for (int64_t r = 0; r < s; r++) {
                const int64_t j = up ? n - 1 - r : r;
                const T by = t[i * row + j * column], *xj = x + j * width;
                for (int64_t k = 0; k < w; k++) xi[k] -= by * xj[k];
            }
            if (a->unit) continue;
            const T by = t[i * row + i * column];
            if (by == 0) return matrix * n + i;
            for (int64_t k = 0; k < w; k++) xi[k] /= by;
        }
    }
    return -1;
}
