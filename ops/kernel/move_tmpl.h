/* move_tmpl.h - kernels that move elements: copy, slice, slice_update, pad, concat, gather, scatter, arange.
 *
 * Slices are copies of another view of the same bytes. A copy walks rows of the innermost
 * axis, as bytes where it is contiguous; where another axis is the contiguous one (a transpose), it
 * goes through small squares, so that both sides use whole cache lines. All split by elements of the
 * output, but for concat, by rows before its axis. What only moves bytes exists once for each size.
 */

TW_INLINE void FN(copy_run)(T *y, const T *x, int64_t n, int64_t stride)
{
    if (stride == 1) {
        memcpy(y, x, (size_t)n * sizeof(T));
    } else if (stride == 0) {
        const T v = x[0];
        for (int64_t i = 0; i < n; i++) y[i] = v;
    } else {
        for (int64_t i = 0; i < n; i++) y[i] = x[i * stride];
    }
}

/* Elements [lo, hi) of the view, in logical order, to y. */
static __attribute__((noinline))
void FN(copy_rows)(T *y, const T *x, const tw_grid *g, int64_t lo, int64_t hi)
{
    const int64_t inner = tw__grid_inner(g, 0);
    tw_walk w = tw__walk(g, lo);
    for (int64_t k; lo < hi; lo += k, y += k) {
        k = tw__walk_run(&w, hi - lo);
        FN(copy_run)(y, x + w.offset[0], k, inner);
        tw__walk_on(&w, k);
    }
}

/* y[r * pitch + c] = x[r + c * stride], in squares */
static void FN(copy_square)(T *y, const T *x, int64_t rows, int64_t columns, int64_t pitch, int64_t stride)
{
    enum { SIDE = 16 };
    for (int64_t r = 0; r < rows; r += SIDE)
        for (int64_t c = 0; c < columns; c += SIDE) {
            const int64_t r_end = r + SIDE < rows ? r + SIDE : rows;
            const int64_t c_end = c + SIDE < columns ? c + SIDE : columns;
            for (int64_t i = c; i < c_end; i++)
                for (int64_t j = r; j < r_end; j++) y[j * pitch + i] = x[j + i * stride];
        }
}

/* Elements [lo, hi), whole indices of the contiguous axis a: for each index of the axes before it, a
 * range of it; for each of those between, one transpose with the innermost axis. */
TW_MAYBE static void FN(copy_squares)(T *y, const T *x, const tw_grid *g, int a, int64_t lo, int64_t hi)
{
    const int inner = g->n - 1;
    tw_grid before = { .tensors = 1, .n = a + 1 }, between = { .tensors = 1, .n = inner - a - 1 };
    for (int i = 0; i <= a; i++) before.dim[i] = g->dim[i], before.stride[0][i] = g->stride[0][i];
    for (int i = 0; i < between.n; i++)
        between.dim[i] = g->dim[a + 1 + i], between.stride[0][i] = g->stride[0][a + 1 + i];
    const int64_t columns = g->dim[inner], planes = tw__grid_count(&between), pitch = columns * planes;

    tw_walk w = tw__walk(&before, lo / pitch);
    for (int64_t left = (hi - lo) / pitch, k; left > 0; left -= k, y += k * pitch) {
        k = tw__walk_run(&w, left);
        tw_walk p = tw__walk(&between, 0);
        for (int64_t i = 0; i < planes; i++, tw__walk_on(&p, 1))
            FN(copy_square)(y + i * columns, x + w.offset[0] + p.offset[0], k, columns, pitch,
                            g->stride[0][inner]);
        tw__walk_on(&w, k);
    }
}

/* The axis with stride 1, if it is not the innermost and squares pay; or -1. */
TW_INLINE int FN(contiguous_axis)(const tw_grid *g)
{
    const int64_t inner = tw__grid_inner(g, 0);
    if (g->n < 2 || inner == 1 || inner == 0 || g->dim[g->n - 1] < 4) return -1;
    for (int i = g->n - 2; i >= 0; i--)
        if (g->stride[0][i] == 1) return g->dim[i] < 4 ? -1 : i;
    return -1;
}

/* Elements [lo, hi) of the view, in logical order, to y[0], y[1], ... */
TW_MAYBE static void FN(copy_range)(T *y, const T *x, const tw_grid *g, int64_t lo, int64_t hi)
{
    const int a = FN(contiguous_axis)(g);
    if (a < 0) {
        FN(copy_rows)(y, x, g, lo, hi);
        return;
    }
    int64_t pitch = 1;
    for (int i = a + 1; i < g->n; i++) pitch *= g->dim[i];
    const int64_t first = (lo + pitch - 1) / pitch * pitch, last = hi / pitch * pitch;
    if (first >= last) {
        FN(copy_rows)(y, x, g, lo, hi);
        return;
    }
    FN(copy_rows)(y, x, g, lo, first);
    FN(copy_squares)(y + (first - lo), x, g, a, first, last);
    FN(copy_rows)(y + (last - lo), x, g, last, hi);
}

TW_INLINE int64_t FN(copy_view)(const tw_call *c, const T *x, const int64_t *strides)
{
    const tw_grid g = tw__grid_of(c->out[0].shape, strides);
    if (c->lo < c->hi) FN(copy_range)((T *)c->out[0].data + c->lo, x, &g, c->lo, c->hi);
    return -1;
}

TW_MAYBE static int64_t FN(copy)(const tw_call *c)
{
    return FN(copy_view)(c, c->in[0].data, c->in[0].strides);
}

TW_MAYBE static int64_t FN(slice)(const tw_call *c)
{
    const int32_t *step = c->attr;
    const int64_t *start = c->slot;
    const T *x = c->in[0].data;
    int64_t strides[TW_MAX_RANK];
    for (int i = 0; i < c->in[0].shape->n; i++) {
        strides[i] = c->in[0].strides[i] * step[i];
        if (c->lo < c->hi) x += start[i] * c->in[0].strides[i];
    }
    return FN(copy_view)(c, x, strides);
}

TW_MAYBE static int64_t FN(concat)(const tw_call *c)
{
    int32_t axis;
    memcpy(&axis, c->attr, sizeof axis);
    const tw_dims *shape = c->out[0].shape;
    int64_t inner = 1, at = 0;
    for (int i = axis + 1; i < shape->n; i++) inner *= shape->at[i];
    const int64_t row = shape->at[axis] * inner;

    for (int k = 0; k < c->n_in; k++) {
        const int64_t n = c->in[k].shape->at[axis] * inner;
        const tw_grid g = tw__grid_of(c->in[k].shape, c->in[k].strides);
        for (int64_t r = c->lo; n && r < c->hi; r++)
            FN(copy_range)((T *)c->out[0].data + r * row + at, c->in[k].data, &g, r * n, r * n + n);
        at += n;
    }
    return -1;
}

/* ---- pad ---------------------------------------------------------------------------------- */

/* One axis of a padded tensor: index o holds element (o - before) / step, if that is whole and within. */
typedef struct FN(pad_axis) { int64_t in, out, before, step, stride; } FN(pad_axis);

/* The axes, with positive steps: those that run backwards read x, whose first element moves, from its
 * end. Axes without padding are merged into the ones before them; returns how many. */
TW_INLINE int FN(pad_axes)(const tw_call *c, FN(pad_axis) *axes, const T **x)
{
    const tw_pad_attr *t = c->attr;
    const int64_t *before = c->slot;
    int n = 0;
    for (int i = 0; i < c->in[0].shape->n; i++) {
        FN(pad_axis) a = { c->in[0].shape->at[i], c->out[0].shape->at[i], before[i], t->step[i],
                           c->in[0].strides[i] };
        if (a.step < 0 && a.in > 0) {
            *x += (a.in - 1) * a.stride;
            a.before += (a.in - 1) * a.step;
            a.step = -a.step, a.stride = -a.stride;
        }
        FN(pad_axis) *p = n ? &axes[n - 1] : NULL;
        const bool bare = a.in == a.out && !a.before && a.step == 1;
        if (p && bare && p->step == 1 && p->stride == a.stride * a.in)
            *p = (FN(pad_axis)){ p->in * a.in, p->out * a.in, p->before * a.in, 1, a.stride };
        else
            axes[n++] = a;
    }
    if (!n) axes[n++] = (FN(pad_axis)){ 1, 1, 0, 1, 0 };
    return n;
}

/* Elements [from, to) of one padded row. */
TW_INLINE void FN(pad_row)(T *y, const T *x, const FN(pad_axis) *a, int64_t from, int64_t to, T value)
{
    int64_t i = from > a->before ? (from - a->before + a->step - 1) / a->step : 0;
    int64_t end = to > a->before ? (to - a->before + a->step - 1) / a->step : 0;
    if (end > a->in) end = a->in;
    if (i >= end) i = end;
    const int64_t first = i < end ? a->before + i * a->step : to;
    for (int64_t o = from; o < first; o++) y[o - from] = value;
    if (i == end) return;

    y += first - from;
    if (a->step == 1) {
        FN(copy_run)(y, x + i * a->stride, end - i, a->stride);
        for (int64_t o = first + (end - i); o < to; o++) y[o - first] = value;
        return;
    }
    for (int64_t o = 0; o < to - first; o++) y[o] = value;
    for (int64_t k = i; k < end; k++) y[(k - i) * a->step] = x[k * a->stride];
}

static int64_t FN(pad)(const tw_call *c)
{
    FN(pad_axis) axes[TW_MAX_RANK];
    const T *x = c->in[0].data;
    const int n = FN(pad_axes)(c, axes, &x), inner = n - 1;
    const T value = (T)((const tw_pad_attr *)c->attr)->value;
    T *y = (T *)c->out[0].data;
    const int64_t width = axes[inner].out;

    for (int64_t o = c->lo, end; o < c->hi; o = end) {
        int64_t row = o / width, offset = 0;
        bool within = axes[inner].in > 0;
        end = (row + 1) * width < c->hi ? (row + 1) * width : c->hi;
        const int64_t from = o - row * width, to = from + (end - o);
        for (int k = inner - 1; k >= 0; k--) {
            const int64_t rows = row / axes[k].out, i = row - rows * axes[k].out - axes[k].before;
            const int64_t e = axes[k].step == 1 || i < 0 ? i : i / axes[k].step;
            if (i < 0 || e >= axes[k].in || (axes[k].step != 1 && e * axes[k].step != i)) within = false;
            if (within) offset += e * axes[k].stride;
            row = rows;
        }
        if (within) FN(pad_row)(y + o, x + offset, &axes[inner], from, to, value);
        else for (int64_t i = o; i < end; i++) y[i] = value;
    }
    return -1;
}

/* ---- gather and its transpose ------------------------------------------------------------- */

/* The index at an offset, or -1 if it is not one of n. */
TW_INLINE int64_t FN(index_at)(const tw_view *index, int64_t offset, int64_t n)
{
    const int64_t i = index->dtype == TW_I32 ? ((const int32_t *)index->data)[offset]
                                             : ((const int64_t *)index->data)[offset];
    return i >= 0 && i < n ? i : -1;
}

/* Strides of a tensor that an index moves along an axis: none along it. */
TW_INLINE int64_t FN(stride_but)(const int64_t *strides, int i, int axis)
{
    return i == axis ? 0 : strides[i];
}

/* Where the index does not change along the innermost axis, whole rows are copied. */
TW_MAYBE static int64_t FN(gather)(const tw_call *c)
{
    int32_t axis;
    memcpy(&axis, c->attr, sizeof axis);
    const tw_view *x = &c->in[0], *index = &c->in[1];
    tw_grid g = { .tensors = 2 };
    for (int i = 0; i < index->shape->n; i++) {
        const int64_t strides[] = { FN(stride_but)(x->strides, i, axis), index->strides[i] };
        tw__grid_push(&g, index->shape->at[i], strides);
    }
    const int64_t n = x->shape->at[axis], along = x->strides[axis];
    const int64_t x_inner = tw__grid_inner(&g, 0), index_inner = tw__grid_inner(&g, 1);
    T *y = c->out[0].data;

    tw_walk w = tw__walk(&g, c->lo);
    for (int64_t o = c->lo, k; o < c->hi; o += k, tw__walk_on(&w, k)) {
        k = tw__walk_run(&w, c->hi - o);
        const T *from = (const T *)x->data + w.offset[0];
        for (int64_t j = 0; j < (index_inner ? k : 1); j++) {
            const int64_t i = FN(index_at)(index, w.offset[1] + j * index_inner, n);
            if (i < 0) return o + j;
            if (index_inner) y[o + j] = from[j * x_inner + i * along];
            else FN(copy_run)(y + o, from + i * along, k, x_inner);
        }
    }
    return -1;
}

/* ---- writing and adding in place ------------------------------------------------------------ */

/* y[to], y[to + step], ... = or += src[0], src[stride], ..., where they lie within [lo, hi). */
typedef void (*FN(put_fn))(T *y, int64_t to, int64_t step, const T *src, int64_t stride, int64_t n, int64_t lo, int64_t hi);

TW_MAYBE static __attribute__((noinline))
void FN(add_run)(T *y, int64_t to, int64_t step, const T *src, int64_t stride, int64_t n, int64_t lo, int64_t hi)
{
    if (step == 1) {
        const int64_t first = to < lo ? lo - to : 0, last = to + n > hi ? hi - to : n;
        if (stride == 1)
            for (int64_t j = first; j < last; j++) y[to + j] = FN(add2)(y[to + j], src[j]);
        else
            for (int64_t j = first; j < last; j++) y[to + j] = FN(add2)(y[to + j], src[j * stride]);
        return;
    }
    for (int64_t j = 0; j < n; j++) {
        const int64_t o = to + j * step;
        if (o >= lo && o < hi) y[o] = FN(add2)(y[o], src[j * stride]);
    }
}

TW_MAYBE static __attribute__((noinline))
void FN(set_run)(T *y, int64_t to, int64_t step, const T *src, int64_t stride, int64_t n, int64_t lo, int64_t hi)
{
    if (step == 1) {
        const int64_t first = to < lo ? lo - to : 0, last = to + n > hi ? hi - to : n;
        if (first < last) FN(copy_run)(y + to + first, src + first * stride, last - first, stride);
        return;
    }
    for (int64_t j = 0; j < n; j++) {
        const int64_t o = to + j * step;
        if (o >= lo && o < hi) y[o] = src[j * stride];
    }
}

/* x to y, unless y is x already. */
TW_INLINE void FN(start_from_x)(const tw_call *c)
{
    if (c->in[0].data != c->out[0].data) FN(copy_view)(c, c->in[0].data, c->in[0].strides);
}

TW_INLINE int64_t FN(put_slice)(const tw_call *c, FN(put_fn) put)
{
    const int32_t *step = c->attr;
    const int64_t *start = c->slot;
    const tw_view *src = &c->in[1];
    int64_t to[TW_MAX_RANK], count = 1, first = 0;
    for (int i = src->shape->n - 1; i >= 0; i--) {
        to[i] = count * step[i], first += count * start[i];
        count *= c->out[0].shape->at[i];
    }
    tw_grid g = { .tensors = 2 };
    for (int i = 0; i < src->shape->n; i++) tw__grid_push(&g, src->shape->at[i], (int64_t[]){ to[i], src->strides[i] });
    FN(start_from_x)(c);

    tw_walk w = tw__walk(&g, 0);
    for (int64_t o = 0, k; o < src->shape->count; o += k, tw__walk_on(&w, k)) {
        k = tw__walk_run(&w, src->shape->count - o);
        put(c->out[0].data, first + w.offset[0], tw__grid_inner(&g, 0), (const T *)src->data + w.offset[1],
            tw__grid_inner(&g, 1), k, c->lo, c->hi);
    }
    return -1;
}

TW_MAYBE static int64_t FN(slice_update)(const tw_call *c) { return FN(put_slice)(c, FN(set_run)); }
TW_MAYBE static int64_t FN(slice_add)(const tw_call *c)    { return FN(put_slice)(c, FN(add_run)); }

/* Each range of the output reads all of src and puts what falls to it, in the order of src. */
TW_INLINE int64_t FN(scatter)(const tw_call *c, FN(put_fn) put)
{
    int32_t axis;
    memcpy(&axis, c->attr, sizeof axis);
    const tw_view *x = &c->in[0], *index = &c->in[1], *src = &c->in[2];
    int64_t to[TW_MAX_RANK], count = 1;
    for (int i = x->shape->n - 1; i >= 0; i--) {
        to[i] = count;
        count *= x->shape->at[i];
    }
    tw_grid g = { .tensors = 3 };
    for (int i = 0; i < src->shape->n; i++) {
        const int64_t strides[] = { FN(stride_but)(to, i, axis), index->strides[i], src->strides[i] };
        tw__grid_push(&g, src->shape->at[i], strides);
    }
    const int64_t y_inner = tw__grid_inner(&g, 0), index_inner = tw__grid_inner(&g, 1);
    const int64_t src_inner = tw__grid_inner(&g, 2);
    FN(start_from_x)(c);

    tw_walk w = tw__walk(&g, 0);
    for (int64_t o = 0, k; o < src->shape->count; o += k, tw__walk_on(&w, k)) {
        k = tw__walk_run(&w, src->shape->count - o);
        const T *from = (const T *)src->data + w.offset[2];
        const int64_t run = index_inner ? 1 : k;
        for (int64_t j = 0; j < k; j += run) {
            const int64_t i = FN(index_at)(index, w.offset[1] + j * index_inner, x->shape->at[axis]);
            if (i < 0) return o + j;
            put(c->out[0].data, w.offset[0] + j * y_inner + i * to[axis], y_inner, from + j * src_inner, src_inner, run,
                c->lo, c->hi);
        }
    }
    return -1;
}

TW_MAYBE static int64_t FN(scatter_add)(const tw_call *c) { return FN(scatter)(c, FN(add_run)); }
TW_MAYBE static int64_t FN(scatter_set)(const tw_call *c) { return FN(scatter)(c, FN(set_run)); }

TW_MAYBE static int64_t FN(arange)(const tw_call *c)
{
    T *y = c->out[0].data;
    for (int64_t i = c->lo; i < c->hi; i++) y[i] = (T)i;
    return -1;
}
