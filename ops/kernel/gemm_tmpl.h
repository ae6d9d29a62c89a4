/* gemm_tmpl.h - the product of two strided matrices: what matmul and the convolutions share.
 *
 *     b, one row   [   ][   ][   ]  NV vectors    One step: MR elements of a column of a, each
 *                  +---+---+---+                  broadcast, times the vectors of a row of b, onto
 *     a, one    [] |   |   |   |  MR rows         a tile of c that stays in registers while a block
 *     column    [] | c in regs |                  of k runs by.
 *                  +---+---+---+
 *
 * Each element of c is the sum of its k products, by fma in order, in blocks of KC that start at 0
 * and are added to c in order. No path departs from this, so the bits do not depend on strides, on
 * blocking, or on which part of c is asked for.
 *
 * The tile reads a at any strides (it broadcasts single elements) and b along its rows. Copies are
 * made only where they pay: of b, a panel of columns at a time, when its rows are not contiguous,
 * are far apart, or end in part of a vector; of a, when its elements lie so that reading them again
 * for each panel would miss the cache. When c is narrow the transpose is computed instead, with the
 * lanes along m. Tiles are evened out: 9 rows are 5 + 4, 64 columns 2 + 2 vectors, lest a thin
 * rest runs at the latency of the fma.
 *
 * See Goto and van de Geijn, Anatomy of high-performance matrix multiplication, 2008.
 */
#if TW_VEC == 64
#define MR 8
#define NV 3
#elif TW_VEC == 32
#define MR 6
#define NV 2
#else
#define MR 4
#define NV 2
#endif
#define KC TW_GEMM_KC(BITS / 8)
/* Before a loop of a constant number of steps: only unrolled whole do sums stay in registers. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* c = a b, or with add c += a b. Element (i, j) of a is a[i * ars + j * acs], and so on. */
struct FN(gemm) {
    int64_t  m, n, k;
    const T *a;
    int64_t  ars, acs;
    const T *b;
    int64_t  brs, bcs;
    T       *c;
    int64_t  crs, ccs;
    bool     add;
    T       *scratch;           /* tw__gemm_packed elements */
};

/* ---- the tile ----------------------------------------------------------------------------- */

struct FN(tile) {
    int64_t  k, n;              /* terms in each segment; columns, which may end in part of a vector */
    const T *a;
    int64_t  ars, acs;
    int64_t  segments;          /* places of a where k terms begin; b goes on */
    const int64_t *offset;
    const T *b;                 /* whole vectors can be read */
    int64_t  brs;
    T       *c;
    int64_t  crs, ccs;
    bool     add;
};

/* The general way out of the registers: columns of c, or part of a vector where no store can. */
static __attribute__((noinline)) void FN(tile_scatter)(const struct FN(tile) *t, int rows,
                                                       const T *from, int64_t pitch)
{
    for (int i = 0; i < rows; i++) {
        T *c = t->c + i * t->crs;
        for (int64_t j = 0; j < t->n; j++) {
            T *to = c + j * t->ccs;
            *to = t->add ? *to + from[i * pitch + j] : from[i * pitch + j];
        }
    }
}

/* mr rows by nv vectors, both constants where this is inlined. */
TW_INLINE void FN(tile_of)(int mr, int nv, const struct FN(tile) *t)
{
    V sum[MR][NV];
    UNROLL
    for (int i = 0; i < mr; i++)
        UNROLL
        for (int j = 0; j < nv; j++) sum[i][j] = (V){ 0 };

    const T *b = t->b;
    const int64_t ars = t->ars, acs = t->acs, brs = t->brs;
    for (int64_t s = 0; s < t->segments; s++) {
        const T *a = t->a + t->offset[s];
        for (int64_t p = t->k; p > 0; p--) {
            V row[NV];
            UNROLL
            for (int j = 0; j < nv; j++) row[j] = FN(ld)(b + j * VL);
            UNROLL
            for (int i = 0; i < mr; i++) {
                const V x = FN(splat)(a[i * ars]);
                UNROLL
                for (int j = 0; j < nv; j++) sum[i][j] = TW_FMA(x, row[j], sum[i][j]);
            }
            a += acs;
            b += brs;
        }
    }

    const int64_t last = t->n - (nv - 1) * VL;      /* lanes of the last vector */
    if (t->ccs != 1 || (last < VL && !TW_PARTS)) {
        T spill[MR * NV * VL];
        UNROLL
        for (int i = 0; i < mr; i++)
            UNROLL
            for (int j = 0; j < nv; j++) FN(st)(spill + (i * nv + j) * VL, sum[i][j]);
        FN(tile_scatter)(t, mr, spill, nv * VL);
        return;
    }
    UNROLL
    for (int i = 0; i < mr; i++) {
        T *c = t->c + i * t->crs;
        UNROLL
        for (int j = 0; j < nv - 1; j++)
            FN(st)(c + j * VL, t->add ? FN(ld)(c + j * VL) + sum[i][j] : sum[i][j]);
        c += (nv - 1) * VL;
        if (last >= VL) FN(st)(c, t->add ? FN(ld)(c) + sum[i][nv - 1] : sum[i][nv - 1]);
        else FN(stn)(c, t->add ? FN(ldn)(c, last, 0) + sum[i][nv - 1] : sum[i][nv - 1], last);
    }
}

#define TILE(m, v) \
    static __attribute__((noinline)) void FN(tile_##m##x##v)(const struct FN(tile) *t) \
    { \
        FN(tile_of)(m, v, t); \
    }
TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1)
TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2)
#if MR > 4
TILE(5, 1) TILE(6, 1)
TILE(5, 2) TILE(6, 2)
#endif
#if MR > 6
TILE(7, 1) TILE(8, 1)
TILE(7, 2) TILE(8, 2)
TILE(1, 3) TILE(2, 3) TILE(3, 3) TILE(4, 3) TILE(5, 3) TILE(6, 3) TILE(7, 3) TILE(8, 3)
#endif
#undef TILE

static void (*const FN(tiles)[NV][MR])(const struct FN(tile) *t) = {
#if MR == 4
    { FN(tile_1x1), FN(tile_2x1), FN(tile_3x1), FN(tile_4x1) },
    { FN(tile_1x2), FN(tile_2x2), FN(tile_3x2), FN(tile_4x2) },
#elif MR == 6
    { FN(tile_1x1), FN(tile_2x1), FN(tile_3x1),
      FN(tile_4x1), FN(tile_5x1), FN(tile_6x1) },
    { FN(tile_1x2), FN(tile_2x2), FN(tile_3x2),
      FN(tile_4x2), FN(tile_5x2), FN(tile_6x2) },
#else
    { FN(tile_1x1), FN(tile_2x1), FN(tile_3x1), FN(tile_4x1),
      FN(tile_5x1), FN(tile_6x1), FN(tile_7x1), FN(tile_8x1) },
    { FN(tile_1x2), FN(tile_2x2), FN(tile_3x2), FN(tile_4x2),
      FN(tile_5x2), FN(tile_6x2), FN(tile_7x2), FN(tile_8x2) },
    { FN(tile_1x3), FN(tile_2x3), FN(tile_3x3), FN(tile_4x3),
      FN(tile_5x3), FN(tile_6x3), FN(tile_7x3), FN(tile_8x3) },
#endif
};

/* ---- packing ------------------------------------------------------------------------------ */

TW_INLINE int64_t FN(least)(int64_t a, int64_t b) { return a < b ? a : b; }
TW_INLINE int64_t FN(vectors)(int64_t n) { return (n + VL - 1) / VL; }
/* How many of `rest` the next of several tiles of at most `most` takes: they come out even. */
TW_INLINE int64_t FN(even)(int64_t rest, int64_t most)
{
    if (rest <= most) return rest;
    const int64_t parts = (rest + most - 1) / most;
    return (rest + parts - 1) / parts;
}

/* Transposes VL rows of VL elements: exchanges the off-diagonal blocks of size s = 1, 2, 4, ...
 * Lane l of the first row of a pair takes lane l of a where l has no bit s, and lane l - s of b
 * where it has; the second row takes the rest. */
#define LOW(l, s)  ((l) & (s) ? VL + (l) - (s) : (l))
#define HIGH(l, s) ((l) & (s) ? VL + (l) : (l) + (s))
#define LANES_2(f, l, s)  f(l, s), f((l) + 1, s)
#define LANES_4(f, l, s)  LANES_2(f, l, s), LANES_2(f, (l) + 2, s)
#define LANES_8(f, l, s)  LANES_4(f, l, s), LANES_4(f, (l) + 4, s)
#define LANES_16(f, l, s) LANES_8(f, l, s), LANES_8(f, (l) + 8, s)
#define LANES_(n, f, s)   JOIN2(LANES_, n)(f, 0, s)
#if TW_VEC * 8 / BITS == 16
#define LANES(f, s) LANES_16(f, 0, s)
#elif TW_VEC * 8 / BITS == 8
#define LANES(f, s) LANES_8(f, 0, s)
#elif TW_VEC * 8 / BITS == 4
#define LANES(f, s) LANES_4(f, 0, s)
#else
#define LANES(f, s) LANES_2(f, 0, s)
#endif
#define EXCHANGE(s) \
    UNROLL \
    for (int i = 0; i < VL; i++) { \
        if (i & s) continue; \
        const V a = r[i], b = r[i + s]; \
        r[i] = __builtin_shufflevector(a, b, LANES(LOW, s)); \
        r[i + s] = __builtin_shufflevector(a, b, LANES(HIGH, s)); \
    }

/* to[p * pitch + q] = from[q * stride + p] for p, q < VL. */
TW_INLINE void FN(transpose)(T *to, int64_t pitch, const T *from, int64_t stride)
{
    V r[VL];
    UNROLL
    for (int i = 0; i < VL; i++) r[i] = FN(ld)(from + i * stride);
    EXCHANGE(1)
#if TW_VEC * 8 / BITS > 2
    EXCHANGE(2)
#endif
#if TW_VEC * 8 / BITS > 4
    EXCHANGE(4)
#endif
#if TW_VEC * 8 / BITS > 8
    EXCHANGE(8)
#endif
    UNROLL
    for (int i = 0; i < VL; i++) FN(st)(to + i * pitch, r[i]);
}
#undef EXCHANGE
#undef LANES
#undef LANES_
#undef LANES_2
#undef LANES_4
#undef LANES_8
#undef LANES_16
#undef LOW
#undef HIGH

/* Rows of b that end in part of a vector. Where the next row follows, its elements fill the vector:
 * the tile computes with them and drops the results. */
static void FN(pack_rows)(T *to, const T *b, int64_t brs, int64_t k, int64_t n)
{
    const int64_t pitch = FN(vectors)(n) * VL;
    const int64_t end = (k - 1) * brs + n;
    for (int64_t p = 0; p < k; p++, to += pitch) {
        const int64_t at = p * brs;
        int64_t j = 0;
        for (; j < n && at + j + VL <= end; j += VL) FN(st)(to + j, FN(ld)(b + at + j));
        for (; j < n; j += VL) FN(st)(to + j, FN(ldn)(b + at + j, FN(least)(n - j, VL), 0));
    }
}

/* b by columns: its transpose has contiguous rows. */
static void FN(pack_columns)(T *to, const T *b, int64_t bcs, int64_t k, int64_t n)
{
    const int64_t pitch = FN(vectors)(n) * VL;
    int64_t q = 0;
    for (; q + VL <= n; q += VL) {
        int64_t p = 0;
        for (; p + VL <= k; p += VL) FN(transpose)(to + p * pitch + q, pitch, b + q * bcs + p, bcs);
        for (; p < k; p++)
            for (int64_t i = q; i < q + VL; i++) to[p * pitch + i] = b[i * bcs + p];
    }
    for (; q < pitch; q++)
        for (int64_t p = 0; p < k; p++) to[p * pitch + q] = q < n ? b[q * bcs + p] : 0;
}

/* k rows of n columns of b, each row filled up to whole vectors. */
static void FN(pack_b)(T *to, const T *b, int64_t brs, int64_t bcs, int64_t k, int64_t n)
{
    if (bcs == 1 && brs >= 0) {
        FN(pack_rows)(to, b, brs, k, n);
        return;
    }
    if (brs == 1) {
        FN(pack_columns)(to, b, bcs, k, n);
        return;
    }
    const int64_t pitch = FN(vectors)(n) * VL;
    for (int64_t p = 0; p < k; p++, to += pitch)
        for (int64_t q = 0; q < pitch; q++) to[q] = q < n ? b[p * brs + q * bcs] : 0;
}

/* m rows of a as the tiles will take them: for each tile its k columns, one after the other. */
static void FN(pack_a)(T *to, const T *a, int64_t ars, int64_t acs, int64_t m, int64_t k)
{
    for (int64_t i = 0, rows; i < m; i += rows, a += rows * ars) {
        rows = FN(even)(m - i, MR);
        for (int64_t p = 0; p < k; p++, to += rows)
            for (int64_t r = 0; r < rows; r++) to[r] = a[r * ars + p * acs];
    }
}

/* ---- blocks ------------------------------------------------------------------------------- */

/* The tiles of m rows and up to NV vectors of columns; t stands at the first and is used up.
 * Packed a is what pack_a made of these rows. */
static void FN(sweep)(struct FN(tile) *t, int64_t m, bool packed)
{
    void (*const *tiles)(const struct FN(tile) *) = FN(tiles)[FN(vectors)(t->n) - 1];
    for (int64_t i = 0, rows; i < m; i += rows) {
        rows = FN(even)(m - i, MR);
        if (packed) t->acs = rows;
        tiles[rows - 1](t);
        t->a += packed ? rows * t->k : rows * t->ars;
        t->c += rows * t->crs;
    }
}

/* Whether the panels of b are worth copying though their rows are contiguous: few rows of a use
 * them once, and what stays in the cache is best read in place. */
TW_INLINE bool FN(far_rows)(const struct FN(gemm) *g, int64_t k)
{
    const int64_t bytes = g->brs * (BITS / 8);
    return g->m > 2 * MR && (k * bytes > 256 << 10 || bytes % 4096 == 0);
}

TW_INLINE bool FN(worth_packing_a)(const struct FN(gemm) *g, int64_t m, int64_t k)
{
    if (g->n <= 2 * NV * VL) return false;
    if (g->acs == 1) return g->ars * (BITS / 8) % 2048 == 0 || m * k * (BITS / 8) > 1 << 20;
    return k * g->acs * (BITS / 8) > 64 << 10;
}

static const int64_t FN(one_segment)[1];

/* Terms [p, p + k) of columns [j0, j0 + n): at most KC and NC of them. */
static void FN(gemm_block)(const struct FN(gemm) *g, int64_t p, int64_t k, int64_t j0, int64_t n)
{
    T *const pa = g->scratch;
    T *const pb = pa + tw__gemm_packed_a((tw_product){ g->m, g->n, g->k }, BITS / 8);
    const T *const a = g->a + p * g->acs, *const b = g->b + p * g->brs + j0 * g->bcs;
    T *const c = g->c + j0 * g->ccs;
    const bool rows_lie = g->bcs == 1 && !FN(far_rows)(g, k);

    for (int64_t i = 0, m; i < g->m; i += m) {
        m = FN(least)(g->m - i, TW_GEMM_MC);
        const bool packed = FN(worth_packing_a)(g, m, k);
        if (packed) FN(pack_a)(pa, a + i * g->ars, g->ars, g->acs, m, k);

        for (int64_t j = 0, columns; j < n; j += columns) {
            columns = FN(least)(FN(even)(FN(vectors)(n - j), NV) * VL, n - j);
            struct FN(tile) t = {
                .k = k, .n = columns, .add = g->add || p > 0, .segments = 1, .offset = FN(one_segment),
                .a = packed ? pa : a + i * g->ars, .ars = packed ? 1 : g->ars, .acs = g->acs,
                .b = b + j * g->bcs, .brs = g->brs,
                .c = c + i * g->crs + j * g->ccs, .crs = g->crs, .ccs = g->ccs,
            };
            if (!rows_lie || columns % VL) {
                t.b = pb + j * k;
                t.brs = FN(vectors)(columns) * VL;
                if (i == 0) FN(pack_b)(pb + j * k, b + j * g->bcs, g->brs, g->bcs, k, columns);
            }
            FN(sweep)(&t, m, packed);
        }
    }
}

/* Whether lanes are better spent along m: the steps of either way, and the copies they need. */
TW_INLINE bool FN(narrow)(const struct FN(gemm) *g)
{
    if (g->n >= VL || g->ccs != 1 || g->m < VL / 2) return false;
    const int64_t as_is = g->m * FN(vectors)(g->n);
    const int64_t other = g->n * FN(vectors)(g->m) + (g->ars == 1 ? 0 : g->m / 3);
    return 4 * other < 3 * as_is;
}

static void FN(gemm_zero)(const struct FN(gemm) *g)
{
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t j = 0; j < g->n; j++) g->c[i * g->crs + j * g->ccs] = 0;
}

/* A product so small that it is done before a tile would be set up: four rows of a column at a time. */
TW_INLINE bool FN(tiny)(const struct FN(gemm) *g) { return g->m * g->n * g->k <= 256 && g->k <= KC; }

static void FN(gemm_tiny)(const struct FN(gemm) *of)
{
    const struct FN(gemm) g = *of;
    for (int64_t j = 0; j < g.n; j++) {
        const T *const b = g.b + j * g.bcs;
        T *c = g.c + j * g.ccs;
        const T *a = g.a;
        int64_t i = 0;
        for (; i + 4 <= g.m; i += 4, a += 4 * g.ars) {
            const T *p0 = a, *p1 = a + g.ars, *p2 = a + 2 * g.ars, *p3 = a + 3 * g.ars, *q = b;
            T s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            for (int64_t k = g.k; k > 0; k--) {
                const T x = *q;
                s0 = TW_FMA(*p0, x, s0), s1 = TW_FMA(*p1, x, s1), s2 = TW_FMA(*p2, x, s2), s3 = TW_FMA(*p3, x, s3);
                p0 += g.acs, p1 += g.acs, p2 += g.acs, p3 += g.acs, q += g.brs;
            }
            const T s[4] = { s0, s1, s2, s3 };
            for (int r = 0; r < 4; r++, c += g.crs) *c = g.add ? *c + s[r] : s[r];
        }
        for (; i < g.m; i++, a += g.ars, c += g.crs) {
            T s = 0;
            for (int64_t k = 0; k < g.k; k++) s = TW_FMA(a[k * g.acs], b[k * g.brs], s);
            *c = g.add ? *c + s : s;
        }
    }
}

/* One row of c, with the columns of b contiguous: they are far apart, so a copy would cost more than the product. VL of
 * them are turned into rows in registers, VL elements at a time. */
static void FN(gemv)(const struct FN(gemm) *of, int64_t columns)
{
    const struct FN(gemm) g = *of;
    for (int64_t j = 0; j < columns; j += VL) {
        V c = { 0 };
        for (int64_t p = 0; p < g.k; p += KC) {
            const int64_t end = FN(least)(g.k, p + KC);
            const T *b = g.b + j * g.bcs;
            V sum = { 0 };
            int64_t q = p;
            for (; q + VL <= end; q += VL) {
                T block[VL * VL];
                UNROLL
                for (int i = 0; i < VL; i++) __builtin_prefetch(b + i * g.bcs + q + 512 / (int64_t)sizeof(T));
                FN(transpose)(block, VL, b + q, g.bcs);
                UNROLL
                for (int i = 0; i < VL; i++) sum = TW_FMA(FN(splat)(g.a[(q + i) * g.acs]), FN(ld)(block + i * VL), sum);
            }
            for (; q < end; q++) {
                V row;
                for (int i = 0; i < VL; i++) row[i] = b[i * g.bcs + q];
                sum = TW_FMA(FN(splat)(g.a[q * g.acs]), row, sum);
            }
            c = p > 0 ? c + sum : sum;
        }
        for (int i = 0; i < VL; i++) {
            T *to = g.c + (j + i) * g.ccs;
            *to = g.add ? *to + c[i] : c[i];
        }
    }
}

/* How many columns of a product with one row gemv takes. */
TW_INLINE int64_t FN(gemv_columns)(const struct FN(gemm) *g)
{
    return g->m == 1 && g->brs == 1 && g->bcs != 1 && !(g->add && g->k > KC) ? g->n / VL * VL : 0;
}

static void FN(gemm)(const struct FN(gemm) *g)
{
    if (g->k == 0) {
        if (!g->add) FN(gemm_zero)(g);
        return;
    }
    if (FN(tiny)(g)) {
        FN(gemm_tiny)(g);
        return;
    }
    if (FN(narrow)(g)) {
        const struct FN(gemm) transposed = {
            .m = g->n, .n = g->m, .k = g->k, .add = g->add, .scratch = g->scratch,
            .a = g->b, .ars = g->bcs, .acs = g->brs,
            .b = g->a, .brs = g->acs, .bcs = g->ars,
            .c = g->c, .crs = g->ccs, .ccs = g->crs,
        };
        FN(gemm)(&transposed);
        return;
    }
    const int64_t done = FN(gemv_columns)(g);
    if (done) FN(gemv)(g, done);
    for (int64_t j = done; j < g->n; j += TW_GEMM_NC)
        for (int64_t p = 0; p < g->k; p += KC)
            FN(gemm_block)(g, p, FN(least)(g->k - p, KC), j, FN(least)(g->n - j, TW_GEMM_NC));
}
