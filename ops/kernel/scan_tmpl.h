/* scan_tmpl.h - scans of one dtype: T, carried in ACC; see scan.c. */

static inline void FN(sum_step)(ACC *acc, T x)  { *acc += (ACC)x; }
static inline void FN(prod_step)(ACC *acc, T x) { *acc *= (ACC)x; }

static inline __attribute__((always_inline)) int64_t FN(carry)(const tw_call *c, ACC start, void (*step)(ACC *, T))
{
    const T *x = c->in[0].data;
    T *y = c->out[0].data;
    EACH_STRIP(c, s) {
        ACC acc[STRIP];
        for (int j = 0; j < s.lines; j++) acc[j] = start;
        int64_t p = s.first;
        for (int64_t i = 0; i < s.n; i++, p += s.along)
            for (int j = 0; j < s.lines; j++) {
                const T v = x[p + j];
                if (s.exclusive) y[p + j] = (T)acc[j];
                step(&acc[j], v);
                if (!s.exclusive) y[p + j] = (T)acc[j];
            }
    }
    return -1;
}

static int64_t FN(cumsum)(const tw_call *c)  { return FN(carry)(c, 0, FN(sum_step)); }
static int64_t FN(cumprod)(const tw_call *c) { return FN(carry)(c, 1, FN(prod_step)); }

/* The first met of the extremes so far; the first NaN, once there is one. */
static inline __attribute__((always_inline)) int64_t FN(cumarg)(const tw_call *c, bool largest)
{
    const T *x = c->in[0].data;
    int64_t *y = c->out[0].data;
    EACH_STRIP(c, s) {
        int64_t best[STRIP], p = s.first;
        for (int j = 0; j < s.lines; j++) best[j] = 0;
        for (int64_t i = 0; i < s.n; i++, p += s.along)
            for (int j = 0; j < s.lines; j++) {
                const T a = x[s.first + best[j] * s.along + j], b = x[p + j];
                const bool keeps = largest ? b <= a : b >= a;
                if (!keeps && IS_NUMBER(a)) best[j] = i;
                y[p + j] = s.along > 0 ? best[j] : s.n - 1 - best[j];
            }
    }
    return -1;
}

static int64_t FN(cumargmax)(const tw_call *c) { return FN(cumarg)(c, true); }
static int64_t FN(cumargmin)(const tw_call *c) { return FN(cumarg)(c, false); }
