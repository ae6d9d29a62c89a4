/* link_tmpl.h - links of chains (core/link.h): an operation on eight vectors, and on to the next.
 *
 * A link is a function that gets its place in the chain, how far the strip and the row are along, the table of
 * addresses, and eight vectors, all in registers, and ends with a call of the next link, which compilers make a
 * jump. Each operation rounds as its block kernel does, so chains change no bit.
 */
typedef void (*FN(link_fn))(const tw_link *s, int64_t i, int64_t j, char *const *at, V, V, V, V, V, V, V, V);

#define ONWARD(...) ((FN(link_fn))s[1].run)(s + 1, i, j, at, __VA_ARGS__)
#define LINK(name) static void FN(link_##name)(TW_MAYBE const tw_link *s, TW_MAYBE int64_t i, TW_MAYBE int64_t j, TW_MAYBE char *const *at, \
    TW_MAYBE V a0, TW_MAYBE V a1, TW_MAYBE V a2, TW_MAYBE V a3, TW_MAYBE V a4, TW_MAYBE V a5, TW_MAYBE V a6, TW_MAYBE V a7)
#define EACH(E) ONWARD(E(a0, 0), E(a1, 1), E(a2, 2), E(a3, 3), E(a4, 4), E(a5, 5), E(a6, 6), E(a7, 7))

/* Operands: M(p, k) is vector k from memory, S a single element in all lanes. */
#define MEMORY(x, m) ((const T *)(at[s->x] + (i & s->m)))
#define SINGLE(x, m) FN(splat)(*(const T *)(at[s->x] + (j & s->m)))
#define M(p, k)      FN(ld)(p + (k) * VL)

/* ---- memory ------------------------------------------------------------------------------- */

#define BYTES (at[s->x] + (i / (int64_t)sizeof(T) & s->mx))
#define E(a, k) M(x, k)
LINK(load) { const T *x = MEMORY(x, mx); EACH(E); }
#undef E
#define E(a, k) x
LINK(spread) { const V x = SINGLE(x, mx); EACH(E); }
#undef E

LINK(store)
{
    T *y = (T *)(at[s->x] + (i & s->mx));
    FN(st)(y, a0), FN(st)(y + VL, a1), FN(st)(y + 2 * VL, a2), FN(st)(y + 3 * VL, a3);
    FN(st)(y + 4 * VL, a4), FN(st)(y + 5 * VL, a5), FN(st)(y + 6 * VL, a6), FN(st)(y + 7 * VL, a7);
    ONWARD(a0, a1, a2, a3, a4, a5, a6, a7);
}

/* A byte for each lane. */
typedef uint8_t FN(bytes) __attribute__((vector_size(VL)));

TW_INLINE V FN(unpacked)(const char *p)
{
    FN(bytes) b;
    memcpy(&b, p, sizeof b);
    return (V)(__builtin_convertvector(b, VI) != 0);
}

TW_INLINE void FN(packed)(char *p, V a)
{
    const FN(bytes) b = __builtin_convertvector((VI)a & 1, FN(bytes));
    memcpy(p, &b, sizeof b);
}

#define E(a, k) FN(unpacked)(x + (k) * VL)
LINK(unpack) { const char *x = BYTES; EACH(E); }
#undef E

LINK(pack)
{
    char *y = BYTES;
    FN(packed)(y, a0), FN(packed)(y + VL, a1), FN(packed)(y + 2 * VL, a2), FN(packed)(y + 3 * VL, a3);
    FN(packed)(y + 4 * VL, a4), FN(packed)(y + 5 * VL, a5), FN(packed)(y + 6 * VL, a6), FN(packed)(y + 7 * VL, a7);
    ONWARD(a0, a1, a2, a3, a4, a5, a6, a7);
}
#undef BYTES

LINK(end) { }

static void FN(chain)(const tw_link *first, char *const *at, int64_t lo, int64_t hi, int64_t row)
{
    const V o = { 0 };
    for (int64_t i = lo; i < hi; i += 8 * (int64_t)sizeof o) ((FN(link_fn))first->run)(first, i, row, at, o, o, o, o, o, o, o, o);
}

/* ---- one operand -------------------------------------------------------------------------- */

#define LINK1(name, f) LINK(name) { EACH(f); }
#define NEG(a, k)    (-(a))
#define ABS(a, k)    FN(magnitude)(a)
#define SQUARE(a, k) ((a) * (a))
#define SQRT(a, k)   TW_SQRT(a)
#define RSQRT(a, k)  (1 / TW_SQRT(a))
#define RECIP(a, k)  (1 / (a))
#define RELU(a, k)   (V)(~(VI)((a) < 0) & (VI)(a))
#define NOT(a, k)    (V)~(VI)(a)
LINK1(neg, NEG)
LINK1(abs, ABS)
LINK1(square, SQUARE)
LINK1(sqrt, SQRT)
LINK1(rsqrt, RSQRT)
LINK1(recip, RECIP)
LINK1(relu, RELU)
LINK1(not, NOT)
#undef NEG
#undef ABS
#undef SQUARE
#undef SQRT
#undef RSQRT
#undef RECIP
#undef RELU
#undef NOT
#undef LINK1

/* ---- two operands: G(a, b) ---------------------------------------------------------------- */

#define RM(a, k) G(a, M(x, k))
#define MR(a, k) G(M(x, k), a)
#define RS(a, k) G(a, x)
#define SR(a, k) G(x, a)
#define WITH_M(name, E) LINK(name) { const T *x = MEMORY(x, mx); EACH(E); }
#define WITH_S(name, E) LINK(name) { const V x = SINGLE(x, mx); EACH(E); }
#define LINK2(name)     WITH_M(name##_rm, RM) WITH_S(name##_rs, RS)
#define LINK2_BOTH(name) LINK2(name) WITH_M(name##_mr, MR) WITH_S(name##_sr, SR)

#define G(a, b) ((a) + (b))
LINK2(add)
#undef G
#define G(a, b) ((a) * (b))
LINK2(mul)
#undef G
#define G(a, b) ((a) - (b))
LINK2_BOTH(sub)
#undef G
#define G(a, b) ((a) / (b))
LINK2_BOTH(div)
#undef G
#define G(a, b) FN(vmaximum)(a, b)
LINK2_BOTH(maximum)
#undef G
#define G(a, b) FN(vminimum)(a, b)
LINK2_BOTH(minimum)
#undef G
#define G(a, b) (V)((a) == (b))
LINK2(equal)
#undef G
#define G(a, b) (V)((a) != (b))
LINK2(not_equal)
#undef G
#define G(a, b) (V)((a) < (b))
LINK2_BOTH(less)
#undef G
#define G(a, b) (V)((a) <= (b))
LINK2_BOTH(less_equal)
#undef G
#define G(a, b) (V)((VI)(a) & (VI)(b))
WITH_M(and, RM)
#undef G
#define G(a, b) (V)((VI)(a) | (VI)(b))
WITH_M(or, RM)
#undef G
#define G(a, b) (V)((VI)(a) ^ (VI)(b))
WITH_M(xor, RM)
#undef G
#undef RM
#undef MR
#undef RS
#undef SR
#undef LINK2
#undef LINK2_BOTH
#undef WITH_M
#undef WITH_S

/* ---- a choice ----------------------------------------------------------------------------- */

#define XM const T *x = MEMORY(x, mx)
#define XS const V x = SINGLE(x, mx)
#define YM const T *y = MEMORY(y, my)
#define YS const V y = SINGLE(y, my)
#define E(a, k) FN(select)((VI)(a), M(x, k), M(y, k))
LINK(where_rmm) { XM; YM; EACH(E); }
#undef E
#define E(a, k) FN(select)((VI)(a), M(x, k), y)
LINK(where_rms) { XM; YS; EACH(E); }
#undef E
#define E(a, k) FN(select)((VI)(a), x, M(y, k))
LINK(where_rsm) { XS; YM; EACH(E); }
#undef E
#define E(a, k) FN(select)((VI)(a), x, y)
LINK(where_rss) { XS; YS; EACH(E); }
#undef E
#define E(a, k) FN(select)((VI)M(x, k), a, M(y, k))
LINK(where_mrm) { XM; YM; EACH(E); }
#undef E
#define E(a, k) FN(select)((VI)M(x, k), a, y)
LINK(where_mrs) { XM; YS; EACH(E); }
#undef E
#define E(a, k) FN(select)((VI)M(x, k), M(y, k), a)
LINK(where_mmr) { XM; YM; EACH(E); }
#undef E
#define E(a, k) FN(select)((VI)M(x, k), y, a)
LINK(where_msr) { XM; YS; EACH(E); }
#undef E

#undef XM
#undef XS
#undef YM
#undef YS

/* ---- the table ---------------------------------------------------------------------------- */

#define AT(name)      (tw_link_fn)FN(link_##name)
#define ONE(b, name)  { TW_B_##b, false, { [TW_R] = AT(name) } }
#define SWAPS(b)      { TW_B_##b, true, { [TW_RM] = AT(b##_rm), [TW_RS] = AT(b##_rs) } }
#define BOTH(b)       { TW_B_##b, false, { [TW_RM] = AT(b##_rm), [TW_RS] = AT(b##_rs), [TW_MR] = AT(b##_mr), [TW_SR] = AT(b##_sr) } }
#define LOGIC(b, name) { TW_B_##b, true, { [TW_RM] = AT(name) } }
static const tw_link_row FN(link_rows)[] = {
    ONE(neg, neg), ONE(abs, abs), ONE(square, square), ONE(sqrt, sqrt), ONE(rsqrt, rsqrt), ONE(recip, recip), ONE(relu, relu),
    ONE(logical_not, not), SWAPS(add), SWAPS(mul), BOTH(sub), BOTH(div), BOTH(maximum), BOTH(minimum),
    SWAPS(equal), SWAPS(not_equal), BOTH(less), BOTH(less_equal), LOGIC(logical_and, and), LOGIC(logical_or, or), LOGIC(logical_xor, xor),
    { TW_B_where, false, { [TW_RMM] = AT(where_rmm), [TW_RMS] = AT(where_rms), [TW_RSM] = AT(where_rsm), [TW_RSS] = AT(where_rss),
                           [TW_MRM] = AT(where_mrm), [TW_MRS] = AT(where_mrs), [TW_MMR] = AT(where_mmr), [TW_MSR] = AT(where_msr) } },
};
static const tw_links FN(links) = {
    .strip = 8 * VL, .run = FN(chain), .load = AT(load), .spread = AT(spread), .store = AT(store), .unpack = AT(unpack), .pack = AT(pack),
    .end = AT(end), .n = (int)(sizeof FN(link_rows) / sizeof *FN(link_rows)), .row = FN(link_rows),
};
#undef AT
#undef ONE
#undef SWAPS
#undef BOTH
#undef LOGIC
#undef LINK
#undef EACH
#undef ONWARD
#undef MEMORY
#undef SINGLE
#undef M
