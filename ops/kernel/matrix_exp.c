/* matrix_exp.c - exp(A) = (r(A / 2^s))^(2^s), with r = p / q the diagonal Pade approximant of degree 13.
 *
 * (Higham 2005, "The scaling and squaring method for the matrix exponential revisited".) s makes the
 * norm of A / 2^s so small that r is exact to double precision; lower degrees would save products, and
 * gain nothing in accuracy. What is not finite gives NaN. s depends on the data, so that this cannot be
 * spelled as a graph.
 *
 * Further inputs E1, E2, ... ask for the derivative along all of them, which is the upper right corner of
 * the exponential of a matrix twice as large for each (Higham and Relton 2014, "Higher order Frechet
 * derivatives of matrix functions and the level-2 condition number"):
 *
 *     X1 = [A E1]    X2 = [X1 1 x E2]    ...
 *          [0 A ]         [0  X1    ]
 */
#include "ops/kernel/matrix_exp.h"
#include <math.h>
#include <string.h>

static const double SMALL = 5.371920351148152;      /* a norm for which degree 13 is enough */
static const double PADE[14] = {
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600, 670442572800,
    33522128640, 1323241920, 40840800, 960960, 16380, 182, 1
};

#define JOIN_(a, b) a##_##b
#define JOIN(a, b)  JOIN_(a, b)
#define FN(name)    JOIN(name, SUFFIX)

#define T      double
#define SUFFIX f64
#include "ops/kernel/matrix_exp_tmpl.h"

#define T      float
#define SUFFIX f32
#include "ops/kernel/matrix_exp_tmpl.h"

int64_t tw__matrix_exp_kernel(const tw_call *c) { return c->in->dtype == TW_F32 ? matrix_exp_f32(c) : matrix_exp_f64(c); }
