/* random_tmpl.h - random bits, uniform and normal numbers out of Philox (philox.h).
 *
 * A counter gives 16 bytes, hence four elements of f32 and i32, or two of f64: element e comes from
 * counter e / 4, or e / 2. Blocks of counters are computed whole and cut to the range.
 */
enum { FN(PER) = 16 / sizeof(T), FN(RANDOM) = TW_PHILOX * 16 / sizeof(T) };

/* Fills a range in blocks that f makes from words. */
TW_INLINE int64_t FN(random)(const tw_call *c, void (*f)(T *, const uint32_t *))
{
    uint64_t number;
    memcpy(&number, c->slot, sizeof number);
    T *y = c->out[0].data;
    for (int64_t o = c->lo; o < c->hi;) {
        uint32_t words[4 * TW_PHILOX];
        T block[FN(RANDOM)];
        const int64_t counter = o / FN(PER), skip = o - counter * FN(PER);
        const int64_t n = FN(RANDOM) - skip < c->hi - o ? FN(RANDOM) - skip : c->hi - o;
        tw__philox(c->seed, (uint64_t)counter, number, words);
        f(block, words);
        memcpy(y + o, block + skip, (size_t)n * sizeof(T));
        o += n;
    }
    return -1;
}

#if IS_FLOAT
/* Element e as a whole number below 2^24 or 2^53. */
TW_INLINE T FN(random_digits)(const uint32_t *words, int e)
{
#if BITS == 32
    return (T)(int32_t)(words[e] >> 8);
#else
    return (T)(int64_t)(((uint64_t)words[2 * e + 1] << 32 | words[2 * e]) >> 11);
#endif
}
#define ULP ((T)(BITS == 32 ? 0x1p-24 : 0x1p-53))

TW_INLINE void FN(uniform_block)(T *y, const uint32_t *words)
{
    for (int e = 0; e < FN(RANDOM); e++) y[e] = FN(random_digits)(words, e) * ULP;
}

static int64_t FN(uniform)(const tw_call *c)
{
    return FN(random)(c, FN(uniform_block));
}

/* Box and Muller: from u in (0, 1] and v in [0, 1), sqrt(-2 log u) cos(2 pi v) and ... sin(2 pi v), elements
 * 2j and 2j + 1. The angle is reduced in quarters of a turn, exactly. */
TW_INLINE void FN(normal_block)(T *y, const uint32_t *words)
{
    enum { PAIRS = FN(RANDOM) / 2 };
    T u[PAIRS], v[PAIRS];
    for (int j = 0; j < PAIRS; j++) {
        u[j] = (FN(random_digits)(words, 2 * j) + 1) * ULP;
        v[j] = FN(random_digits)(words, 2 * j + 1) * (4 * ULP);
    }
    for (int j = 0; j < PAIRS; j += VL) {
        const V radius = TW_SQRT(-2 * FN(vlog)(FN(ld)(u + j))), quarters = FN(ld)(v + j);
        const V whole = FN(vround)(quarters), angle = (quarters - whole) * (T)1.5707963267948966;
        VI q = { 0 };
        for (int turn = 1; turn <= 4; turn++) q -= whole >= (T)turn;
        FN(st)(u + j, radius * FN(sin_of)(angle, q + 1));
        FN(st)(v + j, radius * FN(sin_of)(angle, q));
    }
    for (int j = 0; j < PAIRS; j++) {
        y[2 * j]     = u[j];
        y[2 * j + 1] = v[j];
    }
}

static int64_t FN(normal)(const tw_call *c)
{
    return FN(random)(c, FN(normal_block));
}
#undef ULP
#else
TW_INLINE void FN(bits_block)(T *y, const uint32_t *words)
{
    memcpy(y, words, 16 * TW_PHILOX);
}

TW_MAYBE static int64_t FN(random_bits)(const tw_call *c)
{
    return FN(random)(c, FN(bits_block));
}
#endif
