/* pool_impl.h - threads that share the parts of a job; the caller is number 0 of them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { TW__MOST_THREADS = 64, TW__MOST_PARTS = 1 << 20 };

/* Part k of a job; me, below the job's number of threads, is the same for no two that run at once. */
typedef void (*tw__part_fn)(void *arg, int64_t k, int me);

/* How many threads the machine gives this process: processors it may run on, within its container's quota. */
int     tw__pool_limit(void);
/* A context comes and goes: the last to go joins the threads. */
void    tw__pool_open(void);
void    tw__pool_close(void);
/* All parts, each once, in any order, by at most so many threads; returns when they are done. Light work is shared with
 * the threads that are awake, if any is. */
void    tw__pool_run(int threads, int64_t parts, bool light, tw__part_fn f, void *arg);
/* Whether light work should be shared: a thread waits for work, and has not fallen asleep over it, or it is time to wake one. */
bool    tw__pool_awake(void);
/* How often sleeping threads had to be woken. */
int64_t tw__pool_wakes(void);
