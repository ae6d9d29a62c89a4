/* slow_special.h - activations and special functions, from their definitions, in doubles: see slow.h. */
#pragma once
#include "tests/slow.h"

double slow_gelu(double x);
double slow_gelu_slope(double x);
double slow_gelu_tanh(double x);
double slow_gelu_tanh_slope(double x);
double slow_silu_slope(double x);
double slow_mish(double x);
double slow_mish_slope(double x);
double slow_elu_slope(double x, double alpha);

double slow_ndtr(double x);
double slow_hazard(double x);               /* density over distribution function */
double slow_ndtri(double p);
double slow_erfinv(double x);
double slow_polygamma(int n, double x);     /* by its series; n = 0: digamma */
double slow_bessel_i(int n, double x);      /* by its integral */
double slow_gamma_cdf(double a, double y);  /* of the gamma distribution, by its series */
double slow_gamma_slope(double a, double y);    /* dy / da where that stays, by differences */
