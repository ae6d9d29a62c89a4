/* pool.c - the process's threads: parts of one job at a time, the caller among those who work.
 *
 * A job is a number of parts. Every participant has a range of them, so that the same thread sees the same
 * memory from one job to the next, and takes parts of others' ranges when its own is empty: a thread that
 * the system does not run leaves its parts to the caller, who can finish alone. A range is one word, taken
 * from by compare-and-swap; what to do is read after a part was taken, and a job ends when all its parts
 * are done, so a thread that comes late finds empty ranges or the next job, never the last one.
 * Threads start at the first need, spin for some microseconds after a job (the next instruction of a plan
 * follows at once), then sleep on a futex. A pool at work for another context is not waited for: run alone.
 */
#define _GNU_SOURCE     /* sched_getaffinity */
#include "core/pool_impl.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { SPIN_NS = 20000, LINE = 64 };

/* next, end: 24 bits each; above them, how many threads may take part. */
typedef struct range { _Alignas(LINE) _Atomic uint64_t word; } range;

static struct {
    pthread_mutex_t lock;               /* of starting and joining */
    int             contexts, workers, limit;
    int             away_from;          /* the processor that the workers keep off; -1: none */
    pthread_t       thread[TW__MOST_THREADS];
    tw__part_fn     f;
    void           *arg;
    _Alignas(LINE) _Atomic int      busy;
    _Alignas(LINE) _Atomic uint32_t turn;       /* one more with each job: what idle threads watch */
    _Atomic int     sleeping, stop;
    _Atomic uint32_t alone;             /* pieces of light work that were not shared */
    _Atomic int64_t wakes;
    _Alignas(LINE) _Atomic int64_t  done;       /* parts of this job */
    range           of[TW__MOST_THREADS];
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .away_from = -1 };

/* ---- the machine -------------------------------------------------------------------------- */

static void relax(void)
{
#if defined(__x86_64__)
    _mm_pause();
#endif
}

static int64_t nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#if defined(__linux__)
static void sleep_on(_Atomic uint32_t *word, uint32_t seen)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}
static void wake_all(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
static int affinity(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
}

/* The workers may run where the caller may, but not on the processor where it runs: there the system likes to put
 * who is woken, to wait for who wakes. */
static void keep_off(void)
{
    const int cpu = sched_getcpu();
    cpu_set_t set;
    if (cpu == pool.away_from || cpu < 0 || cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof set, &set)) return;
    pool.away_from = cpu;
    CPU_CLR(cpu, &set);
    for (int k = 0; CPU_COUNT(&set) && k < pool.workers; k++) pthread_setaffinity_np(pool.thread[k], sizeof set, &set);
}
#else
static void sleep_on(_Atomic uint32_t *word, uint32_t seen)
{
    if (atomic_load(word) == seen) nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
}
static void wake_all(_Atomic uint32_t *word) { (void)word; }
static int affinity(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }
static void keep_off(void) { }
#endif

/* A container's share of the machine, rounded up; 0: no limit known. */
static int quota(void)
{
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
    long long most = 0, period = 0;
    if (!f) return 0;
    const int n = fscanf(f, "%lld %lld", &most, &period);
    fclose(f);
    return n == 2 && most > 0 && period > 0 ? (int)((most + period - 1) / period) : 0;
}

static int machine_threads(void)
{
    int n = affinity();
    const int q = quota();
    if (q > 0 && q < n) n = q;
    return n < 1 ? 1 : n > TW__MOST_THREADS ? TW__MOST_THREADS : n;
}

/* ---- taking parts ------------------------------------------------------------------------- */

static uint64_t pack(int64_t next, int64_t end, int threads) { return (uint64_t)threads << 48 | (uint64_t)end << 24 | (uint64_t)next; }

/* Does parts of r until none is left, as participant number me. */
static void work_off(range *r, int me)
{
    uint64_t w = atomic_load_explicit(&r->word, memory_order_acquire);
    for (;;) {
        const int64_t next = w & 0xffffff, end = w >> 24 & 0xffffff;
        if (next >= end || me >= (int)(w >> 48)) return;
        if (!atomic_compare_exchange_weak_explicit(&r->word, &w, w + 1, memory_order_acq_rel, memory_order_acquire)) continue;
        pool.f(pool.arg, next, me);
        atomic_fetch_add_explicit(&pool.done, 1, memory_order_acq_rel);
        w = atomic_load_explicit(&r->word, memory_order_acquire);
    }
}

static void take_part(int me, int ranges)
{
    for (int k = 0; k < ranges; k++) work_off(&pool.of[(me + k) % ranges], me);
}

static bool wait_for_turn(uint32_t seen)
{
    const int64_t until = nanoseconds() + SPIN_NS;
    while (atomic_load_explicit(&pool.turn, memory_order_acquire) == seen) {
        for (int k = 0; k < 32 && atomic_load_explicit(&pool.turn, memory_order_relaxed) == seen; k++) relax();
        if (nanoseconds() < until) continue;
        atomic_fetch_add(&pool.sleeping, 1);
        if (atomic_load(&pool.turn) == seen) sleep_on(&pool.turn, seen);
        atomic_fetch_sub(&pool.sleeping, 1);
    }
    return !atomic_load_explicit(&pool.stop, memory_order_acquire);
}

/* Touches what kernels may need of the stack, so that no step takes page faults for it. */
static __attribute__((noinline)) void use_stack(void)
{
    volatile char bytes[192 << 10];
    for (size_t k = 0; k < sizeof bytes; k += 4096) bytes[k] = 0;
}

static void *worker(void *number)
{
    const int me = (int)(intptr_t)number;
    uint32_t seen = 0;
    use_stack();
    while (wait_for_turn(seen)) {
        seen = atomic_load_explicit(&pool.turn, memory_order_acquire);
        take_part(me, TW__MOST_THREADS < pool.limit ? TW__MOST_THREADS : pool.limit);
    }
    return NULL;
}

/* ---- starting and ending ------------------------------------------------------------------ */

/* The child of a fork has one thread: it starts its own when it needs them. */
static void in_child(void)
{
    pthread_mutex_init(&pool.lock, NULL);
    pool.workers = 0;
    pool.away_from = -1;
    atomic_store(&pool.busy, 0);
    atomic_store(&pool.sleeping, 0);
    atomic_store(&pool.stop, 0);
    for (int k = 0; k < TW__MOST_THREADS; k++) atomic_store(&pool.of[k].word, 0);
}

static void set_up(void)
{
    pool.limit = machine_threads();
    pthread_atfork(NULL, NULL, in_child);
}

int tw__pool_limit(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_up);
    return pool.limit;
}

/* Fewer than asked for when the system gives no more; the work gets done all the same. */
static void start(void)
{
    sigset_t all, was;
    sigfillset(&all);
    use_stack();
    pthread_mutex_lock(&pool.lock);
    pthread_sigmask(SIG_SETMASK, &all, &was);       /* signals are for the program's own threads */
    while (pool.workers < pool.limit - 1
           && pthread_create(&pool.thread[pool.workers], NULL, worker, (void *)(intptr_t)(pool.workers + 1)) == 0) pool.workers++;
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    pthread_mutex_unlock(&pool.lock);
}

void tw__pool_open(void)
{
    tw__pool_limit();
    pthread_mutex_lock(&pool.lock);
    pool.contexts++;
    pthread_mutex_unlock(&pool.lock);
}

void tw__pool_close(void)
{
    pthread_mutex_lock(&pool.lock);
    if (--pool.contexts == 0 && pool.workers) {
        atomic_store(&pool.stop, 1);
        atomic_fetch_add(&pool.turn, 1);
        wake_all(&pool.turn);
        for (int k = 0; k < pool.workers; k++) pthread_join(pool.thread[k], NULL);
        pool.workers = 0;
        pool.away_from = -1;
        atomic_store(&pool.stop, 0);
    }
    pthread_mutex_unlock(&pool.lock);
}

/* ---- a job -------------------------------------------------------------------------------- */

static void alone(int64_t parts, tw__part_fn f, void *arg)
{
    for (int64_t k = 0; k < parts; k++) f(arg, k, 0);
}

static void publish(int threads, int64_t parts, bool light)
{
    atomic_store_explicit(&pool.done, 0, memory_order_relaxed);
    for (int k = 0; k < threads; k++)
        atomic_store_explicit(&pool.of[k].word, pack(parts * k / threads, parts * (k + 1) / threads, threads), memory_order_release);
    atomic_fetch_add(&pool.turn, 1);
    const int sleeping = atomic_load(&pool.sleeping);
    if (sleeping > 0 && (!light || sleeping == pool.workers)) {
        atomic_fetch_add_explicit(&pool.wakes, 1, memory_order_relaxed);
        wake_all(&pool.turn);
    }
}

/* One in so many pieces of light work that find all threads asleep wakes them: where there is one there may be more. */
bool tw__pool_awake(void)
{
    enum { PATIENCE = 16 };
    if (atomic_load_explicit(&pool.busy, memory_order_relaxed)) return false;
    if (atomic_load_explicit(&pool.sleeping, memory_order_relaxed) < pool.workers) return true;
    return atomic_fetch_add_explicit(&pool.alone, 1, memory_order_relaxed) % PATIENCE == PATIENCE - 1;
}

void tw__pool_run(int threads, int64_t parts, bool light, tw__part_fn f, void *arg)
{
    if (threads > pool.limit) threads = pool.limit;
    if (threads < 2 || parts < 2 || parts > TW__MOST_PARTS || atomic_exchange(&pool.busy, 1)) {
        alone(parts, f, arg);
        return;
    }
    if (pool.workers < pool.limit - 1) start();
    keep_off();
    pool.f = f, pool.arg = arg;
    publish(threads, parts, light);
    take_part(0, threads);
    for (int spins = 0; atomic_load_explicit(&pool.done, memory_order_acquire) < parts; spins++) {
        relax();
        if (spins > 2000) sched_yield();        /* somebody was put off the processor with a part in hand */
    }
    atomic_store_explicit(&pool.busy, 0, memory_order_release);
}

int64_t tw__pool_wakes(void) { return atomic_load(&pool.wakes); }
