/* lapack.c - kernels that factorise matrices, by LAPACK.
 *
 * LAPACK is called as Fortran calls it: everything by address, names in lower case with an underscore,
 * the lengths of strings at the end. It sees columns where we have rows: our matrix is its transpose,
 * our lower triangle its upper one. Compiled once: the instruction sets are LAPACK's affair.
 * LAPACK stops the process when an argument is wrong; there are none, as dimensions are at least 1.
 */
#include "ops/kernel/lapack.h"
#include <math.h>
#include <string.h>

#ifdef TW_HAVE_LAPACK
#define JOIN_(a, b, c) a##b##c
#define JOIN(a, b, c)  JOIN_(a, b, c)
#define FN(name)       JOIN(name, _, SUFFIX)
#define LA(name)       JOIN(LETTER, name, _)

#define T      double
#define SUFFIX f64
#define LETTER d
#include "ops/kernel/lapack_tmpl.h"

#define T      float
#define SUFFIX f32
#define LETTER s
#include "ops/kernel/lapack_tmpl.h"

#define KERNEL(name) int64_t tw__##name##_kernel(const tw_call *c) \
    { return c->in[0].dtype == TW_F32 ? name##_f32(c) : name##_f64(c); }
#else
/* Never called: shape rules refuse. */
#define KERNEL(name) int64_t tw__##name##_kernel(const tw_call *c) { (void)c; return 0; }
#endif

KERNEL(cholesky)
KERNEL(lu_factor)
KERNEL(qr)
KERNEL(eigh)
KERNEL(svd)
