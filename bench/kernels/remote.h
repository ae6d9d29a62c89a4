/* remote.h - work done by a Python program beside us, which times itself (bench/peers/kernels_bench.py). */
#pragma once
#include "bench/kernels/contest.h"

/* Without it, or when it fails, there are no remote peers. */
void remote_open(const char *python, const char *script);
void remote_close(void);
bool remote_there(void);
/* A block of work by that name and size: a contestant's, whose arg is a remote *. */
typedef struct remote { const char *work; int64_t n; } remote;
int  remote_block(contestant *c, double ns, double *samples, int most);
