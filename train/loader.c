/* loader.c - batches as bytes, made ahead of their use.
 *
 *     workers:  next -> [slot next % slots] -> ready        while next < released + slots
 *     caller:   waits for its batch, copies it, and releases the slot
 *
 * Workers touch bytes, never contexts. Batches are numbered, and an example is a function of its
 * number and the epoch, so the order and the bits are the same with any number of workers. They
 * block all signals. A child of fork has no workers: it notices, and works alone.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/train_impl.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS = 16 };

struct tw__loader {
    const struct tw__loop *l;
    uint64_t seed;              /* the context's: workers do not look at contexts */
    int64_t  of;                /* batches */
    size_t   bytes;             /* of this block */
    size_t   scratch;           /* bytes for one thread; the first is the caller's */
    char    *memory;            /* slots, then scratch */
    int      slots, hired;      /* workers that run */
    int      present;           /* workers that have begun */
    pid_t    pid;
    pthread_t       thread[WORKERS];
    pthread_mutex_t lock;
    pthread_cond_t  change;
    int64_t  next, released;    /* to be made by the next free worker; batches that the caller has done with */
    bool     stop;
    int64_t  ready[];           /* the batch that a slot holds, or -1 */
};

static size_t rounded(size_t n) { return (n + 63) / 64 * 64; }
static size_t x_bytes(const tw__loader *w) { return rounded((size_t)w->l->o.size * w->l->x.bytes); }
static size_t slot_bytes(const tw__loader *w) { return x_bytes(w) + rounded((size_t)w->l->o.size * w->l->y.bytes); }
static char  *slot_of(const tw__loader *w, int64_t batch) { return w->memory + (size_t)(batch % w->slots) * slot_bytes(w); }
static void  *scratch_of(const tw__loader *w, int who) { return w->memory + (size_t)w->slots * slot_bytes(w) + (size_t)who * w->scratch; }

static void make(const tw__loader *w, int64_t batch, int who)
{
    const struct tw__loop *l = w->l;
    const int64_t from = batch * l->o.size, rest = l->d->count - from, n = rest < l->o.size ? rest : l->o.size;
    char *x = slot_of(w, batch), *y = x + x_bytes(w);
    for (int64_t k = 0; k < n; k++)
        tw__example(l->d, w->seed, l->o.epoch, l->order[from + k], x + (size_t)k * l->x.bytes, y + (size_t)k * l->y.bytes, scratch_of(w, who));
}

static void work(tw__loader *w, int who)
{
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        if (w->next == w->of || w->next >= w->released + w->slots) {
            pthread_cond_wait(&w->change, &w->lock);
            continue;
        }
        const int64_t batch = w->next++;
        pthread_mutex_unlock(&w->lock);
        make(w, batch, who);
        pthread_mutex_lock(&w->lock);
        w->ready[batch % w->slots] = batch;
        pthread_cond_broadcast(&w->change);
    }
    pthread_mutex_unlock(&w->lock);
}

/* Which worker one is: the place in thread[] is not known to the thread itself. */
static void *worker(void *loader)
{
    tw__loader *w = loader;
    pthread_mutex_lock(&w->lock);
    const int who = ++w->present;
    pthread_mutex_unlock(&w->lock);
    work(w, who);
    return NULL;
}

/* As many as the system gives. */
static int start(tw__loader *w, int wanted)
{
    sigset_t all, old;
    int n = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    while (n < wanted && pthread_create(&w->thread[n], NULL, worker, w) == 0) n++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return n;
}

tw__loader *tw__loader_start(const struct tw__loop *l, int64_t of)
{
    tw_ctx *cx = l->d->cx;
    const int workers = l->o.workers < 0 ? 0 : l->o.workers > WORKERS ? WORKERS : l->o.workers;
    const int64_t ahead = !workers ? 1 : l->o.prefetch > 0 ? l->o.prefetch : 2 * workers;
    const int slots = (int)(ahead < of ? ahead : of > 1 ? of : 1);
    tw__loader w = { .l = l, .seed = tw_seed(cx), .of = of, .slots = slots, .scratch = rounded(tw__example_scratch(l->d)), .pid = getpid() };
    const size_t head = rounded(sizeof w + (size_t)slots * sizeof *w.ready);
    w.bytes = head + (size_t)slots * slot_bytes(&w) + (size_t)(workers + 1) * w.scratch;
    tw__loader *p = tw_resize(cx, NULL, 0, w.bytes);
    if (!p) return NULL;
    memcpy(p, &w, sizeof w);
    p->memory = (char *)p + head;
    p->next = p->released = l->o.first;
    for (int i = 0; i < slots; i++) p->ready[i] = -1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->change, NULL);
    p->hired = start(p, workers);
    return p;
}

void tw__loader_get(tw__loader *w, int64_t batch, const void **x, const void **y)
{
    if (!w->hired || w->pid != getpid()) make(w, batch, 0);
    else {
        pthread_mutex_lock(&w->lock);
        w->released = batch;            /* what was handed out before was copied */
        pthread_cond_broadcast(&w->change);
        while (w->ready[batch % w->slots] != batch) pthread_cond_wait(&w->change, &w->lock);
        pthread_mutex_unlock(&w->lock);
    }
    *x = slot_of(w, batch), *y = slot_of(w, batch) + x_bytes(w);
}

void tw__loader_stop(tw__loader *w)
{
    if (w->hired && w->pid == getpid()) {
        pthread_mutex_lock(&w->lock);
        w->stop = true;
        pthread_cond_broadcast(&w->change);
        pthread_mutex_unlock(&w->lock);
        for (int i = 0; i < w->hired; i++) pthread_join(w->thread[i], NULL);
        pthread_mutex_destroy(&w->lock);
        pthread_cond_destroy(&w->change);
    }
    tw_resize(w->l->d->cx, w, w->bytes, 0);
}
