/* block_tmpl.h - elementwise kernels on consecutive elements.
 *
 * What is exact or correctly rounded whatever the code (arithmetic, comparisons) is written for one
 * element and left to the compiler to vectorise; the functions of vmath_tmpl.h go through the same
 * vector code for whole vectors and for the tail. y may be an input itself: each element is read
 * before it is written, and none is read by another.
 */

#if IS_FLOAT
#define IS_NAN(a)      ((a) != (a))
#define IS_NEGATIVE(a) ((a) < 0)
#elif BITS == 8                                 /* said so, lest compilers wonder at what is always false */
#define IS_NAN(a)      0
#define IS_NEGATIVE(a) 0
#else
#define IS_NAN(a)      0
#define IS_NEGATIVE(a) ((a) < 0)
#endif

TW_INLINE void FN(map1)(const tw_block *b, T (*f)(T))
{
    const T *x = b->x[0];
    T *y = b->y;
    const int64_t n = b->n;
    TW_INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = f(x[i]);
}

TW_INLINE void FN(map2)(const tw_block *b, T (*f)(T, T))
{
    const T *x0 = b->x[0], *x1 = b->x[1];
    T *y = b->y;
    const int64_t n = b->n;
    TW_INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = f(x0[i], x1[i]);
}

TW_INLINE void FN(compare)(const tw_block *b, uint8_t (*f)(T, T))
{
    const T *x0 = b->x[0], *x1 = b->x[1];
    uint8_t *y = b->y;
    const int64_t n = b->n;
    TW_INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = f(x0[i], x1[i]);
}

/* ---- arithmetic; integers wrap ------------------------------------------------------------ */

#if IS_FLOAT
TW_INLINE T FN(neg1)(T a)      { return -a; }
TW_INLINE T FN(add2)(T a, T b) { return a + b; }
TW_INLINE T FN(sub2)(T a, T b) { return a - b; }
TW_INLINE T FN(mul2)(T a, T b) { return a * b; }
TW_INLINE T FN(div2)(T a, T b) { return a / b; }
TW_INLINE T FN(abs1)(T a)      { return BITS == 32 ? (T)fabsf((float)a) : (T)fabs((double)a); }
TW_INLINE T FN(recip1)(T a)    { return 1 / a; }
static void FN(div)(const tw_block *b)   { FN(map2)(b, FN(div2)); }
static void FN(recip)(const tw_block *b) { FN(map1)(b, FN(recip1)); }
#else
TW_INLINE T FN(neg1)(T a)      { return (T)(0 - (TU)a); }
TW_INLINE T FN(add2)(T a, T b) { return (T)((TU)a + (TU)b); }
TW_INLINE T FN(sub2)(T a, T b) { return (T)((TU)a - (TU)b); }
TW_INLINE T FN(mul2)(T a, T b) { return (T)((TU)a * (TU)b); }
TW_INLINE T FN(abs1)(T a)      { return IS_NEGATIVE(a) ? FN(neg1)(a) : a; }
#endif
TW_INLINE T FN(square1)(T a)   { return FN(mul2)(a, a); }

/* NaN goes through all four: it compares false, and then is returned. */
TW_INLINE T FN(sign1)(T a)         { return IS_NAN(a) ? a : (T)((a > 0) - IS_NEGATIVE(a)); }
TW_INLINE T FN(relu1)(T a)         { return IS_NEGATIVE(a) ? 0 : a; }
TW_INLINE T FN(maximum2)(T a, T b) { return a > b || IS_NAN(a) ? a : b; }
TW_INLINE T FN(minimum2)(T a, T b) { return a < b || IS_NAN(a) ? a : b; }

TW_MAYBE static void FN(neg)(const tw_block *b)     { FN(map1)(b, FN(neg1)); }
TW_MAYBE static void FN(abs)(const tw_block *b)     { FN(map1)(b, FN(abs1)); }
TW_MAYBE static void FN(sign)(const tw_block *b)    { FN(map1)(b, FN(sign1)); }
TW_MAYBE static void FN(square)(const tw_block *b)  { FN(map1)(b, FN(square1)); }
TW_MAYBE static void FN(relu)(const tw_block *b)    { FN(map1)(b, FN(relu1)); }
TW_MAYBE static void FN(add)(const tw_block *b)     { FN(map2)(b, FN(add2)); }
TW_MAYBE static void FN(sub)(const tw_block *b)     { FN(map2)(b, FN(sub2)); }
TW_MAYBE static void FN(mul)(const tw_block *b)     { FN(map2)(b, FN(mul2)); }
TW_MAYBE static void FN(maximum)(const tw_block *b) { FN(map2)(b, FN(maximum2)); }
TW_MAYBE static void FN(minimum)(const tw_block *b) { FN(map2)(b, FN(minimum2)); }

/* x^|k| by repeated squaring, over 1 if k is negative, where 1 / x of integers is 0 but for 1 and -1. */
TW_INLINE void FN(powers)(T *r, T *p, int m, uint64_t k)
{
    for (int j = 0; j < m; j++) r[j] = 1;
    for (; k; k >>= 1) {
        if (k & 1)
            for (int j = 0; j < m; j++) r[j] = FN(mul2)(r[j], p[j]);
        if (k > 1)
            for (int j = 0; j < m; j++) p[j] = FN(mul2)(p[j], p[j]);
    }
}

TW_INLINE T FN(inverse)(T r)
{
#if IS_FLOAT
    return 1 / r;
#else
    return r == 1 || r == (T)-1 ? r : 0;
#endif
}

TW_MAYBE static void FN(powi)(const tw_block *b)
{
    enum { M = 64 };
    const T *x = b->x[0];
    T *y = b->y, r[M], p[M];
    const int64_t n = b->n;
    int64_t k;
    memcpy(&k, b->attr, sizeof k);
    for (int64_t i = 0; i < n; i += M) {
        const int m = n - i < M ? (int)(n - i) : M;
        memcpy(p, x + i, (size_t)m * sizeof(T));
        FN(powers)(r, p, m, k < 0 ? 0 - (uint64_t)k : (uint64_t)k);
        for (int j = 0; j < m; j++) y[i + j] = k < 0 ? FN(inverse)(r[j]) : r[j];
    }
}

/* ---- comparisons, choice, conversion ------------------------------------------------------ */

TW_INLINE uint8_t FN(equal2)(T a, T b)      { return a == b; }
TW_INLINE uint8_t FN(not_equal2)(T a, T b)  { return a != b; }
TW_INLINE uint8_t FN(less2)(T a, T b)       { return a < b; }
TW_INLINE uint8_t FN(less_equal2)(T a, T b) { return a <= b; }

static void FN(equal)(const tw_block *b)      { FN(compare)(b, FN(equal2)); }
static void FN(not_equal)(const tw_block *b)  { FN(compare)(b, FN(not_equal2)); }
static void FN(less)(const tw_block *b)       { FN(compare)(b, FN(less2)); }
static void FN(less_equal)(const tw_block *b) { FN(compare)(b, FN(less_equal2)); }

static void FN(where)(const tw_block *b)
{
    const uint8_t *c = b->x[0];
    const T *x1 = b->x[1], *x2 = b->x[2];
    T *y = b->y;
    const int64_t n = b->n;
    TW_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const T u = x1[i], v = x2[i];               /* both loaded, so that the choice needs no branch */
        y[i] = c[i] ? u : v;
    }
}

#if !IS_FLOAT && BITS == 8
TW_INLINE T FN(and2)(T a, T b) { return a && b; }
TW_INLINE T FN(or2)(T a, T b)  { return a || b; }
TW_INLINE T FN(xor2)(T a, T b) { return !a != !b; }
TW_INLINE T FN(not1)(T a)      { return !a; }
TW_MAYBE static void FN(logical_and)(const tw_block *b) { FN(map2)(b, FN(and2)); }
TW_MAYBE static void FN(logical_or)(const tw_block *b)  { FN(map2)(b, FN(or2)); }
TW_MAYBE static void FN(logical_xor)(const tw_block *b) { FN(map2)(b, FN(xor2)); }
TW_MAYBE static void FN(logical_not)(const tw_block *b) { FN(map1)(b, FN(not1)); }
#endif

/* From floats: towards zero, to the nearest bound beyond the range, NaN to 0. The bounds are powers of 2,
 * hence exact. */
#if IS_FLOAT
#define TO_INTEGER(x, type, min, max, end) \
    ((x) < (T)(end) ? (x) >= (T)(min) ? (type)(x) : (min) : (x) == (x) ? (max) : 0)
#else
#define TO_INTEGER(x, type, min, max, end) ((type)(x))
#endif

static void FN(cast)(const tw_block *b)
{
    const T *x = b->x[0];
    const int64_t n = b->n;
    switch (b->to) {
    case TW_F32: { float *y = b->y;
        for (int64_t i = 0; i < n; i++) y[i] = (float)x[i];
        break; }
    case TW_F64: { double *y = b->y;
        for (int64_t i = 0; i < n; i++) y[i] = (double)x[i];
        break; }
    case TW_I32: { int32_t *y = b->y;
        for (int64_t i = 0; i < n; i++) y[i] = TO_INTEGER(x[i], int32_t, INT32_MIN, INT32_MAX, 0x1p31);
        break; }
    case TW_I64: { int64_t *y = b->y;
        for (int64_t i = 0; i < n; i++) y[i] = TO_INTEGER(x[i], int64_t, INT64_MIN, INT64_MAX, 0x1p63);
        break; }
    case TW_U8: { uint8_t *y = b->y;
        for (int64_t i = 0; i < n; i++) y[i] = TO_INTEGER(x[i], uint8_t, 0, UINT8_MAX, 0x1p8);
        break; }
    case TW_BOOL: { uint8_t *y = b->y;
        for (int64_t i = 0; i < n; i++) y[i] = x[i] != 0;
        break; }
    default:
        break;
    }
}
#undef TO_INTEGER

/* ---- functions on vectors ----------------------------------------------------------------- */

#if IS_FLOAT
TW_INLINE void FN(vmap1)(const tw_block *b, V (*f)(V))
{
    const T *x = b->x[0];
    T *y = b->y;
    int64_t i = 0;
    for (; i + VL <= b->n; i += VL) FN(st)(y + i, f(FN(ld)(x + i)));
    if (i < b->n) FN(stn)(y + i, f(FN(ldn)(x + i, b->n - i, 1)), b->n - i);
}

TW_INLINE V FN(vsqrt)(V x)  { return TW_SQRT(x); }
TW_INLINE V FN(vrsqrt)(V x) { return 1 / TW_SQRT(x); }

static void FN(exp)(const tw_block *b)     { FN(vmap1)(b, FN(vexp)); }
static void FN(expm1)(const tw_block *b)   { FN(vmap1)(b, FN(vexpm1)); }
static void FN(log)(const tw_block *b)     { FN(vmap1)(b, FN(vlog)); }
static void FN(log1p)(const tw_block *b)   { FN(vmap1)(b, FN(vlog1p)); }
static void FN(sqrt)(const tw_block *b)    { FN(vmap1)(b, FN(vsqrt)); }
static void FN(rsqrt)(const tw_block *b)   { FN(vmap1)(b, FN(vrsqrt)); }
static void FN(sin)(const tw_block *b)     { FN(vmap1)(b, FN(vsin)); }
static void FN(cos)(const tw_block *b)     { FN(vmap1)(b, FN(vcos)); }
static void FN(tanh)(const tw_block *b)    { FN(vmap1)(b, FN(vtanh)); }
static void FN(sigmoid)(const tw_block *b) { FN(vmap1)(b, FN(vsigmoid)); }
static void FN(erf)(const tw_block *b)     { FN(vmap1)(b, FN(verf)); }
static void FN(round)(const tw_block *b)   { FN(vmap1)(b, FN(vround)); }
static void FN(floor)(const tw_block *b)   { FN(vmap1)(b, FN(vfloor)); }
static void FN(ceil)(const tw_block *b)    { FN(vmap1)(b, FN(vceil)); }
static void FN(trunc)(const tw_block *b)   { FN(vmap1)(b, FN(vtrunc)); }

TW_INLINE void FN(vmap2)(const tw_block *b, V (*f)(V, V))
{
    const T *x0 = b->x[0], *x1 = b->x[1];
    T *y = b->y;
    int64_t i = 0;
    for (; i + VL <= b->n; i += VL) FN(st)(y + i, f(FN(ld)(x0 + i), FN(ld)(x1 + i)));
    if (i < b->n) FN(stn)(y + i, f(FN(ldn)(x0 + i, b->n - i, 1), FN(ldn)(x1 + i, b->n - i, 1)), b->n - i);
}

static void FN(pow)(const tw_block *b)      { FN(vmap2)(b, FN(vpow)); }
static void FN(copysign)(const tw_block *b) { FN(vmap2)(b, FN(vcopysign)); }

/* Rounded once on every machine: in software where the instruction is missing. */
#if BITS == 32
TW_INLINE T FN(fma1)(T a, T b, T c) { return __builtin_fmaf(a, b, c); }
#else
TW_INLINE T FN(fma1)(T a, T b, T c) { return __builtin_fma(a, b, c); }
#endif

static void FN(fma)(const tw_block *b)
{
    const T *x0 = b->x[0], *x1 = b->x[1], *x2 = b->x[2];
    T *y = b->y;
    const int64_t n = b->n;
    TW_INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = FN(fma1)(x0[i], x1[i], x2[i]);
}

/* fmod's remainder has the sign of a; b is added where that is not the sign of b. */
TW_INLINE T FN(mod2)(T a, T b)
{
    const T r = (T)fmod((double)a, (double)b);             /* exact, also for f32 */
    if (r != 0) return (r < 0) == (b < 0) ? r : r + b;
    return (T)copysign((double)r, (double)b);
}
#else
/* By 0: 0. The least number by -1 overflows in C. */
TW_INLINE T FN(mod2)(T a, T b)
{
    if (b == 0 || b == (T)-1) return BITS == 8 && b ? (T)(a % b) : 0;
    const T r = (T)(a % b);
    return r != 0 && IS_NEGATIVE(r) != IS_NEGATIVE(b) ? (T)(r + b) : r;
}
#endif

TW_MAYBE static void FN(mod)(const tw_block *b) { FN(map2)(b, FN(mod2)); }

#undef IS_NAN
#undef IS_NEGATIVE
