/* ceiling.h - what this machine can do, by loops compiled for it: memory, multiply-adds, clock. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef enum loop { READ_ONE, WRITE_ONE, COPY_ONE, ADD_TWO, IN_PLACE, COPY_PAST, ADD_PAST, LOOPS } loop;    /* ..._PAST: stores go past the caches */

/* y from x and z, n floats each, at 64-byte boundaries. */
typedef struct stream {
    loop         kind;
    int          threads;           /* 1 or 2 */
    int64_t      n;
    const float *x, *z;
    float       *y;
} stream;

void   stream_run(void *s);         /* a stream * */
int    stream_bytes(loop kind);     /* of an element, read and written */
/* Floating-point operations of one call, on so many threads. */
double fma_run(int threads);
/* GHz, by a chain of multiplications of three cycles each. */
double clock_rate(void);
/* Ends the second thread, if there is one. */
void   ceiling_close(void);
