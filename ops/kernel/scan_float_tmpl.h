/* scan_float_tmpl.h - scans that exist for floats only; see scan.c. */

/* log of the sum of exps so far: their maximum m, and the sum of exp(x - m). */
static int64_t FN(logcumsumexp)(const tw_call *c)
{
    const T *x = c->in[0].data;
    T *y = c->out[0].data;
    EACH_STRIP(c, s) {
        double most[STRIP], sum[STRIP];
        for (int j = 0; j < s.lines; j++) most[j] = -(double)INFINITY, sum[j] = 0;
        int64_t p = s.first;
        for (int64_t i = 0; i < s.n; i++, p += s.along)
            for (int j = 0; j < s.lines; j++) {
                const double v = (double)x[p + j], m = most[j];
                if (v == m)      sum[j] += 1;
                else if (v < m)  sum[j] += exp(v - m);
                else if (m == m) sum[j] = sum[j] * exp(m - v) + 1, most[j] = v;     /* and NaN stays */
                y[p + j] = (T)(most[j] + (most[j] == -(double)INFINITY ? 0 : log(sum[j])));
            }
    }
    return -1;
}

/* y_i = a_i y_{i-1} + b_i, from y_0 = b_0. */
static int64_t FN(linear_recurrence)(const tw_call *c)
{
    const T *a = c->in[0].data, *b = c->in[1].data;
    T *y = c->out[0].data;
    EACH_STRIP(c, s) {
        double acc[STRIP] = { 0 };
        int64_t p = s.first;
        for (int64_t i = 0; i < s.n; i++, p += s.along)
            for (int j = 0; j < s.lines; j++) {
                acc[j] = i ? (double)a[p + j] * acc[j] + (double)b[p + j] : (double)b[p + j];
                y[p + j] = (T)acc[j];
            }
    }
    return -1;
}
