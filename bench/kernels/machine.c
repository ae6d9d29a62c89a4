/* machine.c - the ceilings: clock, multiply-adds, and memory by the size of what is touched. */
#include "bench/kernels/machine.h"
#include <stdio.h>

static const struct { loop kind; const char *name; } loops[] = {
    { READ_ONE, "read" }, { WRITE_ONE, "write" }, { COPY_ONE, "copy" }, { IN_PLACE, "in place" }, { ADD_TWO, "add" },
    { COPY_PAST, "copy past the caches" }, { ADD_PAST, "add past the caches" },
};

static void fma_once(void *arg) { fma_run(*(int *)arg); }

static void memory(int64_t n, const float *x, float *y)
{
    for (size_t k = 0; k < sizeof loops / sizeof *loops; k++) {
        stream s[2];
        contestant c[2], *all[2];
        for (int t = 0; t < set.n_threads; t++) {
            s[t] = (stream){ loops[k].kind, set.threads[t], n, x, x + n, y };
            c[t] = (contestant){ .name = loops[k].name, .threads = set.threads[t], .run = stream_run, .arg = &s[t] }, all[t] = &c[t];
        }
        alternate(set.n_threads, all);
        for (int t = 0; t < set.n_threads; t++)
            printf("{\"bench\": \"kernels\", \"section\": \"machine\", \"what\": \"%s\", \"floats\": %lld, \"threads\": %d, \"gb_per_s\": %.1f}\n",
                   loops[k].name, (long long)n, set.threads[t], (double)n * stream_bytes(loops[k].kind) / c[t].ns);
    }
}

void machine(void)
{
    static const int64_t sizes[] = { 1024, 100 * 1024, 10 * 1024 * 1024 };
    float *v = NULL;
    if (posix_memalign((void **)&v, 4096, 3 * 4 * (size_t)sizes[2])) exit(1);
    for (int64_t i = 0; i < 3 * sizes[2]; i++) v[i] = 1;
    printf("{\"bench\": \"kernels\", \"section\": \"machine\", \"what\": \"clock\", \"ghz\": %.2f}\n", clock_rate());
    for (int t = 0; t < set.n_threads; t++) {
        contestant c = { .threads = set.threads[t], .run = fma_once, .arg = &set.threads[t] }, *all = &c;
        alternate(1, &all);
        printf("{\"bench\": \"kernels\", \"section\": \"machine\", \"what\": \"multiply-add\", \"threads\": %d, \"gflops\": %.1f}\n", set.threads[t],
               fma_run(set.threads[t]) / c.ns);
    }
    for (int k = 0; k < (set.smoke ? 2 : 3); k++) memory(sizes[k], v, v + 2 * sizes[2]);
    fflush(stdout);
    free(v);
}
