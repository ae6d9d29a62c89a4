/* own_gradient.c - derivatives set by hand: straight through a rounding, reversed, clipped. */
#include <stdio.h>
#include <thalweg.h>

static void through(tw_rule *r)  { r->gx[0] = r->gy[0]; }
static void reversed(tw_rule *r) { r->gx[0] = tw_mul(-*(const double *)r->user, r->gy[0]); }
static void clipped(tw_rule *r)  { r->gx[0] = tw_clip(r->gy[0], -1, 1); }

/* Rounds in the forward pass; the derivative is that of the identity. */
static tw_node *quantised(tw_node *x) { return tw_custom_grad(tw_round(x), 1, &x, through, NULL); }
/* The identity, whose gradient is turned round: what an adversary of the layers before sees. */
static tw_node *adversary(tw_node *x, double *strength) { return tw_custom_grad(tw_mul(x, 1), 1, &x, reversed, strength); }
/* The identity, whose gradient stays within [-1, 1]. */
static tw_node *careful(tw_node *x) { return tw_custom_grad(tw_mul(x, 1), 1, &x, clipped, NULL); }

static int wrong;
static void expect(const char *what, tw_node *g, double first, double second)
{
    const double *v = tw_f64(g);
    const bool good = v && v[0] == first && v[1] == second;
    printf("%-18s [%g, %g]%s\n", what, v ? v[0] : 0, v ? v[1] : 0, good ? "" : "  wrong");
    wrong += !good;
}

int main(void)
{
    tw_ctx *cx = tw_open(.dtype = TW_F64);
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(2), ((double[]){ 0.2, 1.7 }));
    double strength = 0.5;
    expect("quantised", quantised(x), 0, 2);
    expect("straight through", tw_grad(tw_sum(tw_square(quantised(x))), x), 0, 4);
    expect("reversed", tw_grad(tw_sum(adversary(x, &strength)), x), -0.5, -0.5);
    expect("clipped", tw_grad(tw_sum(tw_mul(tw_arange(cx, 2, .dtype = TW_F64), tw_mul(10, careful(x)))), x), 0, 1);
    expect("second derivative", tw_grad(tw_sum(tw_grad(tw_sum(tw_square(adversary(x, &strength))), x)), x), 0.5, 0.5);
    return tw_close(cx) || wrong;
}
