/* reduce_tmpl.h - sum, prod, max, min over any axes; argmax; the sum of booleans.
 *
 * The order of additions is a matter of the logical shape and the axes alone. Leave out axes of size
 * 1. What is reduced at the end of the shape is the row; what is reduced before it (in front of some
 * axis that is kept) are the lines. An element is the fold of its lines, each being the fold of its
 * row, or a single element if there is no row.
 *
 *   row     blocks of 256 elements in logical order. In a block lane l of 64 bytes' worth of lanes folds
 *           elements l, l + lanes, ... in order; then lanes l and l + lanes/2, and so on, halving.
 *   lines   blocks of 32 lines, folded one after the other.
 *   blocks  in pairs, pairs in pairs (a binary counter), so that the error grows with the logarithm.
 *
 * Strided rows are packed block by block and then folded by the same code; many columns at once fold
 * the same lines in the same order as one column. So strides, ranges and threads change no bit, and
 * since lanes are 64 bytes whatever the vector, neither do instruction sets. A unit of work is one
 * element of the output.
 */
#define LANES (64 / (int)sizeof(T))
#define WIDE  (64 / TW_VEC)                     /* vectors that hold the lanes */
enum { FN(STRIP) = 2048 / sizeof(T) };          /* columns folded at once */

/* How to fold two elements, vectors of them, and what changes nothing when folded in. */
typedef struct FN(fold) { T (*one)(T, T); V (*many)(V, V); T none, empty; } FN(fold);

#if IS_FLOAT
TW_INLINE V FN(vadd)(V a, V b) { return a + b; }
TW_INLINE V FN(vmul)(V a, V b) { return a * b; }
/* NaN wins, and of zeros the second: the machine's own maximum and minimum choose the second for either. */
TW_INLINE V FN(vmaximum)(V a, V b) { return FN(select)(a != a, a, JOIN2(tw__at_least_, SUFFIX)(a, b)); }
TW_INLINE V FN(vminimum)(V a, V b) { return FN(select)(a != a, a, JOIN2(tw__at_most_, SUFFIX)(a, b)); }
#define IS_NUMBER(a) ((a) == (a))
#define LARGEST  ((T)INFINITY)
#define SMALLEST (-(T)INFINITY)
#define NOTHING  ((T)-0.0)                      /* -0 + -0 is -0, +0 + -0 is 0 */
#else
TW_INLINE V FN(vadd)(V a, V b) { return (V)((VU)a + (VU)b); }
TW_INLINE V FN(vmul)(V a, V b) { return (V)((VU)a * (VU)b); }
TW_INLINE V FN(vmaximum)(V a, V b) { return FN(select)((VI)(a > b), a, b); }
TW_INLINE V FN(vminimum)(V a, V b) { return FN(select)((VI)(a < b), a, b); }
#define IS_NUMBER(a) 1
#define LARGEST  ((T)(BITS == 8 ? UINT8_MAX : BITS == 32 ? INT32_MAX : INT64_MAX))
#define SMALLEST ((T)(BITS == 8 ? 0 : BITS == 32 ? INT32_MIN : INT64_MIN))
#define NOTHING  0
#endif

/* Sums of blocks, in pairs: the sum at level l is there if bit l of n is set, and is of 2^l blocks. */
typedef struct FN(counter) { uint64_t n; T sum[64]; } FN(counter);

TW_INLINE void FN(count)(FN(counter) *c, T s, FN(fold) f)
{
    int level = 0;
    for (; c->n >> level & 1; level++) s = f.one(c->sum[level], s);
    c->sum[level] = s;
    c->n++;
}

TW_INLINE T FN(counted)(const FN(counter) *c, FN(fold) f)
{
    int level = __builtin_ctzll(c->n) & 63;
    T s = c->sum[level];
    while (c->n >> level >> 1 != 0)
        if (c->n >> ++level & 1) s = f.one(c->sum[level], s);
    return s;
}

/* ---- rows --------------------------------------------------------------------------------- */

/* The lanes in w vectors to one element, halving. */
TW_INLINE T FN(fold_lanes)(const V *lanes, FN(fold) f)
{
    V v[WIDE];
    for (int w = 0; w < WIDE; w++) v[w] = lanes[w];
    for (int half = WIDE / 2; half; half /= 2)
        for (int w = 0; w < half; w++) v[w] = f.many(v[w], v[w + half]);
#if TW_ROTATE && BITS > 8
    for (int half = VL / 2; half; half /= 2) v[0] = f.many(v[0], (V)JOIN2(tw__rotate_, BITS)((VI)v[0], half));
    return v[0][0];
#else
    T t[VL];
    FN(st)(t, v[0]);
    for (int half = VL / 2; half; half /= 2)
        for (int l = 0; l < half; l++) t[l] = f.one(t[l], t[l + half]);
    return t[0];
#endif
}

/* Lanes of n elements, none where there are no more. */
TW_INLINE V FN(lanes_of)(const T *x, int64_t n, T none)
{
    return n >= VL ? FN(ld)(x) : n > 0 ? FN(ldn)(x, n, none) : FN(splat)(none);
}

/* 1 to 256 consecutive elements. */
TW_INLINE T FN(fold_block)(const T *x, int64_t n, FN(fold) f)
{
    V lanes[WIDE];
    for (int w = 0; w < WIDE; w++) lanes[w] = FN(lanes_of)(x + (n > w * VL ? w * VL : 0), n - w * VL, f.none);
    int64_t i = LANES;
    for (; i + LANES <= n; i += LANES)
        for (int w = 0; w < WIDE; w++) lanes[w] = f.many(lanes[w], FN(ld)(x + i + w * VL));
    for (int w = 0; w < WIDE && i + w * VL < n; w++)
        lanes[w] = f.many(lanes[w], FN(lanes_of)(x + i + w * VL, n - i - w * VL, f.none));
    return FN(fold_lanes)(lanes, f);
}

/* Four blocks of 256 at once: each is a chain of operations that wait for one another. */
TW_INLINE void FN(fold_four)(const T *x, T *s, FN(fold) f)
{
    V lanes[4][WIDE];
    for (int k = 0; k < 4; k++)
        for (int w = 0; w < WIDE; w++) lanes[k][w] = FN(ld)(x + k * 256 + w * VL);
    for (int64_t i = LANES; i < 256; i += LANES)
        for (int k = 0; k < 4; k++)
            for (int w = 0; w < WIDE; w++) lanes[k][w] = f.many(lanes[k][w], FN(ld)(x + k * 256 + i + w * VL));
    for (int k = 0; k < 4; k++) s[k] = FN(fold_lanes)(lanes[k], f);
}

/* A row of n > 0 elements of any strides. */
TW_INLINE T FN(fold_row)(const T *x, const tw_grid *row, int64_t n, FN(fold) f)
{
    const bool packed = row->n == 0 || (row->n == 1 && row->stride[0][0] == 1);
    FN(counter) sums;                                   /* without its 64 zeros: rows may be short */
    sums.n = 0;
    T buffer[256];
    int64_t i = 0;
    for (; packed && i + 1024 <= n; i += 1024) {
        T s[4];
        FN(fold_four)(x + i, s, f);
        if (n == 1024) return f.one(f.one(s[0], s[1]), f.one(s[2], s[3]));
        for (int k = 0; k < 4; k++) FN(count)(&sums, s[k], f);
    }
    for (; i < n; i += 256) {
        const int64_t m = n - i < 256 ? n - i : 256;
        if (!packed && row->n == 1) FN(copy_run)(buffer, x + i * row->stride[0][0], m, row->stride[0][0]);
        else if (!packed) FN(copy_rows)(buffer, x, row, i, i + m);
        const T s = FN(fold_block)(packed ? x + i : buffer, m, f);
        if (m == n) return s;
        FN(count)(&sums, s, f);
    }
    return FN(counted)(&sums, f);
}

/* ---- lines -------------------------------------------------------------------------------- */

/* m columns of one block of lines, which begin at the given offsets; k vectors at once. With more, y is what the lines before them gave. */
TW_INLINE int64_t FN(fold_vectors)(T *y, const T *x, const int64_t *line, int lines, int64_t c, int64_t m,
                                   int k, bool more, FN(fold) f)
{
    for (; c + k * VL <= m; c += k * VL) {
        V a[4];
        for (int j = 0; j < k; j++) a[j] = FN(ld)((more ? y : x + line[0]) + c + j * VL);
        for (int r = !more; r < lines; r++)
            for (int j = 0; j < k; j++) a[j] = f.many(a[j], FN(ld)(x + line[r] + c + j * VL));
        for (int j = 0; j < k; j++) FN(st)(y + c + j * VL, a[j]);
    }
    return c;
}

/* The same for many columns: along the lines, four at a time, as memory likes to be read. */
TW_INLINE int64_t FN(fold_long)(T *y, const T *x, const int64_t *line, int lines, int64_t m, bool more, FN(fold) f)
{
    const int64_t whole = m / VL * VL;
    if (!more) memcpy(y, x + line[0], (size_t)whole * sizeof(T));
    for (int r = !more, k; r < lines; r += k) {
        const T *p[4];
        k = lines - r < 4 ? 1 : 4;
        for (int j = 0; j < k; j++) p[j] = x + line[r + j];
        if (k == 1) for (int64_t c = 0; c < whole; c += VL) FN(st)(y + c, f.many(FN(ld)(y + c), FN(ld)(p[0] + c)));
        else
            for (int64_t c = 0; c < whole; c += VL) {
                V a = FN(ld)(y + c);
                for (int j = 0; j < 4; j++) a = f.many(a, FN(ld)(p[j] + c));
                FN(st)(y + c, a);
            }
    }
    return whole;
}

TW_INLINE void FN(fold_lines)(T *y, const T *x, const int64_t *line, int lines, int64_t m, int64_t stride,
                              bool more, FN(fold) f)
{
    int64_t c = 0;
    if (stride == 1) {
        if (m >= 8 * VL) c = FN(fold_long)(y, x, line, lines, m, more, f);
        c = FN(fold_vectors)(y, x, line, lines, c, m, 4, more, f);
        c = FN(fold_vectors)(y, x, line, lines, c, m, 1, more, f);
#if TW_PARTS && BITS > 8
        if (c < m) {
            V a = FN(ldn)((more ? y : x + line[0]) + c, m - c, 0);
            for (int r = !more; r < lines; r++) a = f.many(a, FN(ldn)(x + line[r] + c, m - c, 0));
            FN(stn)(y + c, a, m - c);
            return;
        }
#endif
    }
    for (; c < m; c++) {
        T s = more ? y[c] : x[line[0] + c * stride];
        for (int r = !more; r < lines; r++) s = f.one(s, x[line[r] + c * stride]);
        y[c] = s;
    }
}

/* y[c] = fold of y[c] after sums[c], up to the end of the vector that holds the last of m: there is room. */
TW_INLINE void FN(fold_sums)(T *y, const T *sums, int64_t m, FN(fold) f)
{
    for (int64_t c = 0; c < m; c += VL) FN(st)(y + c, f.many(FN(ld)(sums + c), FN(ld)(y + c)));
}

/* m columns, at most a strip, that lie stride apart; in blocks of so many lines. */
TW_INLINE void FN(fold_columns)(T *y, const T *x, int64_t m, int64_t stride, const tw_grid *lines, int64_t n,
                                int block, FN(fold) f)
{
    T sums[64][FN(STRIP)], s[FN(STRIP)];                /* as in a counter */
    uint64_t blocks = 0;
    tw_walk w = tw__walk(lines, 0);
    for (int64_t i = 0; i < n; i += block, blocks++) {
        int64_t line[32];
        const int k = n - i < block ? (int)(n - i) : block;
        for (int r = 0; r < k; r++, tw__walk_on(&w, 1)) line[r] = w.offset[0];
        FN(fold_lines)(s, x, line, k, m, stride, false, f);
        int level = 0;
        for (; blocks >> level & 1; level++) FN(fold_sums)(s, sums[level], m, f);
        memcpy(sums[level], s, (size_t)m * sizeof(T));
    }
    int level = 0;
    while (level < 63 && !(blocks >> level & 1)) level++;
    memcpy(s, sums[level], (size_t)m * sizeof(T));
    while (blocks >> level >> 1 != 0)
        if (blocks >> ++level & 1) FN(fold_sums)(s, sums[level], m, f);
    memcpy(y, s, (size_t)m * sizeof(T));
}

/* Lines that are rows, or the only row: one element. */
TW_INLINE T FN(fold_rows)(const T *x, const tw_reduction *r, FN(fold) f)
{
    FN(counter) sums;                                   /* without its 64 zeros: rows may be short */
    sums.n = 0;
    T s = f.none;
    tw_walk w = tw__walk(&r->lines, 0);
    for (int64_t i = 0; i < r->n_lines; i++, tw__walk_on(&w, 1)) {
        const T v = FN(fold_row)(x + w.offset[0], &r->row, r->n_row, f);
        if (r->n_lines == 1) return v;
        s = i % 32 ? f.one(s, v) : v;
        if (i % 32 != 31 && i + 1 < r->n_lines) continue;
        FN(count)(&sums, s, f);
    }
    return FN(counted)(&sums, f);
}

/* ---- kernels ------------------------------------------------------------------------------ */

/* Sums and maxima of floats have one of these each; other folds, and integers, of which less is asked, share one. */
#if IS_FLOAT
TW_INLINE
#else
TW_MAYBE static __attribute__((noinline))
#endif
int64_t FN(reduce)(const tw_call *c, FN(fold) f)
{
    const tw_reduction r = tw__reduction(&c->in[0], ((const tw_reduce_attr *)c->attr)->axes);
    const T *x = c->in[0].data;
    T *y = c->out[0].data;
    const bool columns = r.n_lines > 1 && r.n_row == 1;
    const int64_t inner = tw__grid_inner(&r.kept, 0);

    if (r.n_lines * r.n_row == 0) {
        for (int64_t o = c->lo; o < c->hi; o++) y[o] = f.empty;
        return -1;
    }
    tw_walk w = tw__walk(&r.kept, c->lo);
    for (int64_t o = c->lo, k; o < c->hi; o += k, tw__walk_on(&w, k)) {
        k = columns ? tw__walk_run(&w, c->hi - o < FN(STRIP) ? c->hi - o : FN(STRIP)) : 1;
        if (columns) FN(fold_columns)(y + o, x + w.offset[0], k, inner, &r.lines, r.n_lines, 32, f);
        else         y[o] = FN(fold_rows)(x + w.offset[0], &r, f);
    }
    return -1;
}

TW_MAYBE static int64_t FN(sum)(const tw_call *c)
{
    return FN(reduce)(c, (FN(fold)){ FN(add2), FN(vadd), NOTHING, 0 });
}

#if IS_FLOAT
/* The first half of a sum of lines that follow one another: lines [lo, hi), where in[0] begins with line lo. */
static int64_t FN(sum_lines)(const tw_call *c)
{
    const int64_t m = c->out[0].shape->at[1];
    const T *x = c->in[0].data;
    T *y = c->out[0].data;
    int64_t line[32];
    for (int r = 0; r < 32; r++) line[r] = r * m;
    for (int64_t i = c->lo, k; i < c->hi; i += k, x += k * m) {
        k = 32 - i % 32 < c->hi - i ? 32 - i % 32 : c->hi - i;
        FN(fold_lines)(y + i / 32 * m, x, line, (int)k, m, 1, i % 32 != 0, (FN(fold)){ FN(add2), FN(vadd), NOTHING, 0 });
    }
    return -1;
}

/* The second: the blocks in pairs. */
static int64_t FN(sum_blocks)(const tw_call *c)
{
    const tw_dims *d = c->in[0].shape;
    tw_grid lines = { .tensors = 1 };
    tw__grid_push(&lines, d->at[0], &(int64_t){ d->at[1] });
    for (int64_t o = c->lo, k; o < c->hi; o += k) {
        k = c->hi - o < FN(STRIP) ? c->hi - o : FN(STRIP);
        FN(fold_columns)((T *)c->out[0].data + o, (const T *)c->in[0].data + o, k, 1, &lines, d->at[0], 1,
                         (FN(fold)){ FN(add2), FN(vadd), NOTHING, 0 });
    }
    return -1;
}
#endif

TW_MAYBE static __attribute__((noinline)) int64_t FN(reduce_by)(const tw_call *c, FN(fold) f) { return FN(reduce)(c, f); }

TW_MAYBE static int64_t FN(prod)(const tw_call *c)
{
    return FN(reduce_by)(c, (FN(fold)){ FN(mul2), FN(vmul), 1, 1 });
}

TW_MAYBE static int64_t FN(max)(const tw_call *c)
{
    return FN(reduce)(c, (FN(fold)){ FN(maximum2), FN(vmaximum), SMALLEST, SMALLEST });
}

TW_MAYBE static int64_t FN(min)(const tw_call *c)
{
    return FN(reduce_by)(c, (FN(fold)){ FN(minimum2), FN(vminimum), LARGEST, LARGEST });
}

/* How many are not zero. */
TW_MAYBE static int64_t FN(sum_bool)(const tw_call *c)
{
    const tw_reduction r = tw__reduction(&c->in[0], ((const tw_reduce_attr *)c->attr)->axes);
    int64_t *y = c->out[0].data;
    tw_walk w = tw__walk(&r.kept, c->lo);
    for (int64_t o = c->lo; o < c->hi; o++, tw__walk_on(&w, 1)) {
        const T *x = (const T *)c->in[0].data + (r.n_lines && r.n_row ? w.offset[0] : 0);
        const int64_t inner = tw__grid_inner(&r.row, 0);
        int64_t n = 0;
        tw_walk l = tw__walk(&r.lines, 0);
        for (int64_t i = 0; i < r.n_lines; i++, tw__walk_on(&l, 1)) {
            tw_walk e = tw__walk(&r.row, 0);
            for (int64_t j = 0, k; j < r.n_row; j += k, tw__walk_on(&e, k)) {
                k = tw__walk_run(&e, r.n_row - j);
                const T *p = x + l.offset[0] + e.offset[0];
                for (int64_t q = 0; q < k; q++) n += p[q * inner] != 0;
            }
        }
        y[o] = n;
    }
    return -1;
}

/* The first of the largest along the axis; the first NaN, if there is one. */
static int64_t FN(argmax)(const tw_call *c)
{
    int32_t axis;
    memcpy(&axis, c->attr, sizeof axis);
    const tw_view *v = &c->in[0];
    tw_grid g = { .tensors = 1 };
    for (int i = 0; i < v->shape->n; i++)
        if (i != axis) tw__grid_push(&g, v->shape->at[i], &v->strides[i]);
    const int64_t n = v->shape->at[axis], along = v->strides[axis];
    int64_t *y = c->out[0].data;

    tw_walk w = tw__walk(&g, c->lo);
    for (int64_t o = c->lo; o < c->hi; o++, tw__walk_on(&w, 1)) {
        const T *x = (const T *)v->data + w.offset[0];
        int64_t best = 0;
        for (int64_t i = 1; i < n; i++) {
            const T a = x[best * along], b = x[i * along];
            if (!(b <= a) && IS_NUMBER(a)) best = i;    /* also where b is NaN */
        }
        y[o] = best;
    }
    return -1;
}

#undef LANES
#undef WIDE
#undef IS_NUMBER
#undef LARGEST
#undef SMALLEST
#undef NOTHING
