/* init.c - first values of parameters.
 *
 * Glorot: with variance 2 / (fan_in + fan_out) activations and gradients keep their variance through
 * linear layers. He: relu drops half of it, so 2 / fan_in. A uniform number of [-a, a) has variance
 * a^2 / 3. Normal ones are not truncated (Keras truncates them at two standard deviations).
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include <math.h>

static tw_node *uniform(const tw_loc *at, const tw_init_request *r, double variance)
{
    const double a = sqrt(3 * variance);
    return tw_uniform(r->cx, r->shape, .low = -a, .high = a, .key = r->key);
}

static tw_node *normal(const tw_loc *at, const tw_init_request *r, double variance)
{
    return tw_normal(r->cx, r->shape, .std = sqrt(variance), .key = r->key);
}

static double glorot(const tw_init_request *r) { return tw__variance(2, (double)r->fan_in + (double)r->fan_out); }
static double he(const tw_init_request *r)     { return tw__variance(2, (double)r->fan_in); }

static tw_node *draw_glorot_uniform(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    (void)init;
    return uniform(at, r, glorot(r));
}

static tw_node *draw_glorot_normal(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    (void)init;
    return normal(at, r, glorot(r));
}

static tw_node *draw_he_uniform(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    (void)init;
    return uniform(at, r, he(r));
}

static tw_node *draw_he_normal(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    (void)init;
    return normal(at, r, he(r));
}

static tw_node *draw_normal(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    return normal(at, r, init->value * init->value);
}

static tw_node *draw_constant(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    return tw_constant(at, r->cx, TW_DTYPE_DEFAULT, &r->shape, init->value);
}

const tw_init tw_glorot_uniform = { .draw = draw_glorot_uniform };
const tw_init tw_glorot_normal  = { .draw = draw_glorot_normal };
const tw_init tw_he_uniform     = { .draw = draw_he_uniform };
const tw_init tw_he_normal      = { .draw = draw_he_normal };
const tw_init tw_zeros_init     = { .draw = draw_constant, .value = 0 };
const tw_init tw_ones_init      = { .draw = draw_constant, .value = 1 };

tw_init tw_constant_init(double value)
{
    return (tw_init){ .draw = draw_constant, .value = value };
}

tw_init tw_normal_init(double std)
{
    return (tw_init){ .draw = draw_normal, .value = std };
}
