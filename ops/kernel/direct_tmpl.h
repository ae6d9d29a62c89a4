/* direct_tmpl.h - convolutions as products whose left operand is never gathered: the tile reads windows where they lie.
 *
 * A window is a few runs of memory (lines of taps times channels), at the same distances for each destination
 * pixel (taps.h), once the source has its padding around it. So a block of source lines is copied with
 * padding, small enough for the second-level cache, and each tile of destination pixels goes
 * through the runs as its segments. Where no window leaves the source, nothing is copied.
 *     value            y[p] = sum over taps of x[p s + k d - b] w[k]
 *     derivative to x  the same with y and x exchanged and w transposed, for each class of pixels with the same taps
 *     to the weights   for each run of taps, rows of the product are the run, and sums go along lines of pixels
 * Sums run in blocks of whole segments, or parts of one, that add up to about TW_CONV_TERMS, in order; to the weights,
 * in blocks of lines of pixels.
 */
struct FN(direct) {
    tw_field f;
    int64_t  groups, cg, og;            /* channels of a group: of the source, of the destination */
    int64_t  segments, run;             /* of one window */
    bool     inside;                    /* no window leaves the source: it is not copied */
    const T *from;                      /* the source, and elements from one to the next */
    int64_t  line, plane, image;
    int64_t *offset;                    /* of segments, in the block */
    T       *block, *packed;
};

static struct FN(direct) FN(direct_of)(const tw_field *f, const tw_call *c, const T *from, int64_t groups, int64_t og)
{
    struct FN(direct) g = { .f = *f, .groups = groups, .cg = f->c / groups, .og = og, .from = from };
    const bool runs = tw__field_in_runs(f, groups);
    const tw_taps *t = f->taps;
    g.segments = tw__field_segments(f, groups);
    g.run = runs ? t[2].n * f->c : g.cg;
    g.line = f->in[2] * f->c, g.plane = f->in[1] * g.line, g.image = f->in[0] * g.plane;
    g.inside = true;
    for (int k = 0; k < 3; k++)
        g.inside &= t[k].at >= 0 && t[k].at + (f->count[k] - 1) * f->shift[k] + (t[k].n - 1) * t[k].step < f->in[k];
    if (g.inside) g.f.line = g.line, g.f.plane = g.plane * t[0].step;

    g.offset = c->scratch;
    g.block = (T *)c->scratch + tw__direct_table(f, groups) * (int64_t)sizeof(int64_t) / (int64_t)sizeof(T);
    g.packed = g.block + tw__direct_block(f, (int64_t)sizeof(T));
    return g;
}

static void FN(direct_offsets)(const struct FN(direct) *g)
{
    const tw_taps *t = g->f.taps;
    int64_t *to = g->offset;
    for (int64_t z = 0; z < t[0].n; z++)
        for (int64_t y = 0; y < t[1].n; y++)
            for (int64_t x = 0; x < (tw__field_in_runs(&g->f, g->groups) ? 1 : t[2].n); x++)
                *to++ = z * g->f.plane + y * t[1].step * g->f.line + x * t[2].step * g->f.c;
}

/* ---- the block ------------------------------------------------------------------------------- */

/* Places [at, at + width) of a line of the source, NULL in the padding. */
static void FN(direct_copy_line)(const struct FN(direct) *g, T *to, const T *line)
{
    const int64_t c = g->f.c, at = g->f.taps[2].at, width = g->f.width;
    const int64_t first = tw__clamp(-at, 0, width), last = tw__clamp(g->f.in[2] - at, first, width);
    if (!line) {
        memset(to, 0, (size_t)(width * c) * sizeof(T));
        return;
    }
    memset(to, 0, (size_t)(first * c) * sizeof(T));
    memcpy(to + first * c, line + (at + first) * c, (size_t)((last - first) * c) * sizeof(T));
    memset(to + last * c, 0, (size_t)((width - last) * c) * sizeof(T));
}

/* What the destinations of `lines` lines from `line` on, in plane `plane` of all images, see: into slab `slab`. */
static void FN(direct_fill)(const struct FN(direct) *g, int64_t slab, int64_t plane, int64_t line, int64_t lines)
{
    const tw_field *f = &g->f;
    const int64_t image = plane / f->count[0], dz = plane - image * f->count[0];
    const int64_t height = (lines - 1) * f->shift[1] + (f->taps[1].n - 1) * f->taps[1].step + 1;
    const T *const from = g->from + image * g->image;
    for (int64_t t = 0; t < f->taps[0].n; t++) {
        const int64_t z = f->taps[0].at + dz * f->shift[0] + t * f->taps[0].step;
        T *to = g->block + slab * f->slab + t * f->plane;
        for (int64_t h = 0; h < height; h++, to += f->line) {
            const int64_t y = f->taps[1].at + line * f->shift[1] + h;
            const bool in = z >= 0 && z < f->in[0] && y >= 0 && y < f->in[1];
            FN(direct_copy_line)(g, to, in ? from + z * g->plane + y * g->line : NULL);
        }
    }
}

/* Where the first window of a line begins. */
TW_INLINE const T *FN(direct_line)(const struct FN(direct) *g, int64_t slab, int64_t plane, int64_t line, int64_t i)
{
    const tw_field *f = &g->f;
    if (!g->inside) return g->block + slab * f->slab + i * f->shift[1] * f->line;
    const int64_t image = plane / f->count[0], dz = plane - image * f->count[0];
    return g->from + image * g->image + (f->taps[0].at + dz * f->shift[0]) * g->plane
         + (f->taps[1].at + (line + i) * f->shift[1]) * g->line + f->taps[2].at * f->c;
}

/* ---- value and derivative to x ----------------------------------------------------------------- */

/* Columns of the panel that begins at column j of a group. */
TW_INLINE int64_t FN(panel)(int64_t og, int64_t j)
{
    return FN(least)(FN(even)(FN(vectors)(og - j), NV) * VL, og - j);
}

/* Destinations of lines that follow one another: element (i, j) of line l is to + l * line + j * pixel. */
struct FN(target) { T *to; int64_t line, plane, image, pixel; };

/* All columns of one block of destinations: `lines` lines of `planes` planes. */
static void FN(direct_block)(const struct FN(direct) *g, const struct FN(target) *d, int64_t plane, int64_t planes,
                             int64_t line, int64_t lines)
{
    const tw_field *f = &g->f;
    const int64_t together = g->run >= TW_CONV_TERMS(BITS / 8) ? 1 : TW_CONV_TERMS(BITS / 8) / g->run;
    const int64_t part = FN(least)(g->run, TW_CONV_TERMS(BITS / 8));
    const T *b = g->packed;
    for (int64_t group = 0; group < g->groups; group++)
        for (int64_t j = 0, columns; j < g->og; j += columns) {
            columns = FN(panel)(g->og, j);
            const int64_t brs = FN(vectors)(columns) * VL;
            for (int64_t s = 0; s < g->segments; s += together)
                for (int64_t k = 0; k < g->run; k += part) {
                    struct FN(tile) t = {
                        .segments = FN(least)(together, g->segments - s), .offset = g->offset + s,
                        .k = FN(least)(part, g->run - k), .n = columns, .add = s > 0 || k > 0,
                        .ars = f->shift[2] * f->c, .acs = 1, .b = b, .brs = brs, .crs = d->pixel, .ccs = 1,
                    };
                    for (int64_t p = plane; p < plane + planes; p++)
                        for (int64_t i = 0; i < lines; i++) {
                            const int64_t image = p / f->count[0];
                            t.a = FN(direct_line)(g, p - plane, p, line, i) + group * g->cg + k;
                            t.c = d->to + image * d->image + (p - image * f->count[0]) * d->plane + (line + i) * d->line
                                + group * g->og + j;
                            FN(sweep)(&t, f->count[2], false);
                        }
                    b += t.segments * t.k * brs;
                }
        }
}

/* Lines [lo, hi) of the destinations, counted through all planes. */
static void FN(direct_lines)(const struct FN(direct) *g, const struct FN(target) *d, int64_t lo, int64_t hi)
{
    const int64_t all = g->f.count[1];
    for (int64_t at = lo; at < hi;) {
        const int64_t plane = at / all, line = at - plane * all;
        int64_t planes = 1, lines = FN(least)(FN(least)(g->f.lines, all - line), hi - at);
        if (lines == all) planes = FN(least)(g->f.slabs, (hi - at) / all);
        for (int64_t p = 0; p < planes && !g->inside; p++) FN(direct_fill)(g, p, plane + p, line, lines);
        FN(direct_block)(g, d, plane, planes, line, lines);
        at += planes * lines;
    }
}

static void FN(direct)(const tw_call *c, int64_t lo, int64_t hi)
{
    const tw_conv_attr *t = c->attr;
    const tw_dims *x = c->in[0].shape, *w = c->in[1].shape, *y = c->out->shape;
    const T *weights = c->in[1].data;
    const int64_t o = y->at[y->n - 1], og = o / t->groups;
    tw_field f = tw__field_of_outputs(x, w, y, &t->at);
    tw__field_block(&f, y->at[0] * f.count[0], INT64_MAX, BITS / 8);
    const struct FN(direct) g = FN(direct_of)(&f, c, c->in[0].data, t->groups, og);
    FN(direct_offsets)(&g);

    const int64_t k = g.segments * g.run;
    T *to = g.packed;
    for (int64_t group = 0; group < t->groups; group++)
        for (int64_t j = 0, columns; j < og; j += columns) {
            columns = FN(panel)(og, j);
            FN(pack_b)(to, weights + group * og + j, o, 1, k, columns);
            to += k * FN(vectors)(columns) * VL;
        }
    const int64_t line = f.count[2] * o, plane = f.count[1] * line;
    const struct FN(target) d = { .to = c->out->data, .line = line, .plane = plane, .image = f.count[0] * plane, .pixel = o };
    FN(direct_lines)(&g, &d, lo, hi);
}

/* The weights of the taps that count, transposed: rows are taps and channels of y, columns channels of x. */
static void FN(direct_pack_transposed)(const struct FN(direct) *g, const T *w, const tw_dims *shape)
{
    const tw_taps *t = g->f.taps;
    const int64_t o = shape->at[shape->n - 1], tap = g->og * o;
    const int64_t row = tw__taps_at(shape, 2) * tap, slice = tw__taps_at(shape, 1) * row;
    T *to = g->packed;
    for (int64_t group = 0; group < g->groups; group++)
        for (int64_t j = 0, columns; j < g->og; j += columns) {
            columns = FN(panel)(g->og, j);
            for (int64_t z = 0; z < t[0].n; z++)
                for (int64_t y = 0; y < t[1].n; y++)
                    for (int64_t x = 0; x < t[2].n; x++) {
                        const T *from = w + (t[0].tap + z * t[0].tap_step) * slice + (t[1].tap + y * t[1].tap_step) * row
                                      + (t[2].tap + x * t[2].tap_step) * tap + j * o + group * g->cg;
                        FN(pack_b)(to, from, 1, o, g->cg, columns);
                        to += g->cg * FN(vectors)(columns) * VL;
                    }
        }
}

/* Images [lo, hi) of the derivative to x. */
static void FN(direct_x)(const tw_call *c, int64_t lo, int64_t hi)
{
    const tw_conv_attr *t = c->attr;
    const tw_dims *x = c->out->shape, *w = c->in[1].shape, *y = c->in[0].shape;
    const int64_t channels = x->at[x->n - 1], line = tw__pixels_at(x, 2) * channels, plane = tw__pixels_at(x, 1) * line;
    const int64_t image = tw__pixels_at(x, 0) * plane;
    int64_t r[3];
    for (r[0] = 0; r[0] < t->at.stride[0] && r[0] < tw__pixels_at(x, 0); r[0]++)
        for (r[1] = 0; r[1] < t->at.stride[1] && r[1] < tw__pixels_at(x, 1); r[1]++)
            for (r[2] = 0; r[2] < t->at.stride[2] && r[2] < tw__pixels_at(x, 2); r[2]++) {
                tw_field f = tw__field_of_inputs(x, w, y, &t->at, r);
                struct FN(target) d = {
                    .to = (T *)c->out->data + r[0] * plane + r[1] * line + r[2] * channels, .line = t->at.stride[1] * line,
                    .plane = t->at.stride[0] * plane, .image = image, .pixel = t->at.stride[2] * channels,
                };
                if (f.taps[0].n && f.taps[1].n && f.taps[2].n) {
                    tw__field_block(&f, x->at[0] * f.count[0], INT64_MAX, BITS / 8);
                    const struct FN(direct) g = FN(direct_of)(&f, c, c->in[0].data, t->groups, channels / t->groups);
                    FN(direct_offsets)(&g);
                    FN(direct_pack_transposed)(&g, c->in[1].data, w);
                    const int64_t lines = f.count[0] * f.count[1];
                    FN(direct_lines)(&g, &d, lo * lines, hi * lines);
                    continue;
                }
                for (int64_t n = lo; n < hi; n++)           /* no tap meets these */
                    for (int64_t z = 0; z < f.count[0]; z++)
                        for (int64_t v = 0; v < f.count[1]; v++)
                            for (int64_t p = 0; p < f.count[2]; p++)
                                memset(d.to + n * d.image + z * d.plane + v * d.line + p * d.pixel, 0, (size_t)channels * sizeof(T));
            }
}

/* ---- derivative to the weights ------------------------------------------------------------------ */

/* Columns [from, to) of a group: the sum over all pixels, block by block. */
static void FN(direct_w)(const tw_call *c, int64_t group, int64_t from, int64_t to)
{
    const tw_conv_attr *a = c->attr;
    const tw_dims *x = c->in[0].shape, *w = c->out->shape, *y = c->in[1].shape;
    const int64_t o = y->at[y->n - 1], og = o / a->groups;
    tw_field f = tw__field_of_outputs(x, w, y, &a->at);
    const int64_t planes = y->at[0] * f.count[0], pixels = f.count[2];
    tw__field_block(&f, planes, TW_CONV_TERMS(BITS / 8), BITS / 8);
    const struct FN(direct) g = FN(direct_of)(&f, c, c->in[0].data, a->groups, og);
    FN(direct_offsets)(&g);
    int64_t *const starts = g.offset + g.segments;
    T *const gw = (T *)c->out->data + group * og;
    const T *const gy = (const T *)c->in[1].data + group * og;

    for (int64_t at = 0; at < planes * f.count[1];) {
        const int64_t plane = at / f.count[1], line = at - plane * f.count[1];
        int64_t slabs = 1, lines = FN(least)(f.lines, f.count[1] - line);
        if (lines == f.count[1]) slabs = FN(least)(f.slabs, planes - plane);
        for (int64_t p = 0; p < slabs && !g.inside; p++) FN(direct_fill)(&g, p, plane + p, line, lines);
        const T *const base = FN(direct_line)(&g, 0, plane, line, 0);
        for (int64_t p = 0; p < slabs; p++)
            for (int64_t i = 0; i < lines; i++) starts[p * lines + i] = FN(direct_line)(&g, p, plane + p, line, i) - base;

        for (int64_t j = from, columns; j < to; j += columns) {
            columns = FN(least)(FN(even)(FN(vectors)(to - j), NV) * VL, to - j);
            struct FN(tile) t = {
                .segments = slabs * lines, .offset = starts, .k = pixels, .n = columns, .add = at > 0,
                .ars = 1, .acs = f.shift[2] * f.c, .b = gy + at * pixels * o + j, .brs = o, .crs = o, .ccs = 1,
            };
            if (columns % VL || o * (BITS / 8) % 1024 == 0) {
                FN(pack_b)(g.packed, t.b, o, 1, slabs * lines * pixels, columns);
                t.b = g.packed, t.brs = FN(vectors)(columns) * VL;
            }
            for (int64_t s = 0; s < g.segments; s++) {
                t.a = base + g.offset[s] + group * g.cg;
                t.c = gw + s * g.run * o + j;
                FN(sweep)(&t, g.run, false);
            }
        }
        at += slabs * lines;
    }
}
