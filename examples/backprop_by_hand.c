/* backprop_by_hand.c - derivatives worked out on paper beside those of the graph.
 *
 *     backprop_by_hand [folder]
 *
 * Leaves the first graph, with its values and gradients, in folder/backprop_by_hand.dot. Exit status 1
 * if any two numbers differ by more than 1e-12.
 */
#include <math.h>
#include <stdio.h>
#include <thalweg.h>

static int wrong;

static void compare(const char *what, double paper, double graph)
{
    const bool same = fabs(paper - graph) <= 1e-12;
    printf("%-10s %22.16f %22.16f%s\n", what, paper, graph, same ? "" : "  differ");
    wrong += !same;
}

/* The logistic loss of one object: L = -log s(m) = log(1 + e^-m), m = y (w0 + w1 x1 + w2 x2), y = 1 or -1.
 * dL/dw0 = -y e^-m / (1 + e^-m), and dL/dwi is xi times that. */
static void logistic(tw_ctx *cx, const char *file)
{
    const double w[] = { -3, 2, -3 }, x[] = { 1, -1, -2 }, y = -1;     /* x0 = 1 */
    double paper = 0;
    for (int i = 0; i < 3; i++) paper += y * w[i] * x[i];
    paper = -y * exp(-paper) / (1 + exp(-paper));

    enum { W0, W1, W2, X1W1, X2W2, SUM, ALL, M, MINUS_M, EXP, LOSS, NODES };
    tw_node *all[2 * NODES], **v = all, **g = all + NODES;              /* every value, and dL/d each of them */
    for (int i = 0; i < 3; i++) v[i] = tw_scalar(cx, w[i]);
    v[X1W1]    = tw_mul(x[1], v[W1]);
    v[X2W2]    = tw_mul(x[2], v[W2]);
    v[SUM]     = tw_add(v[W0], v[X1W1]);
    v[ALL]     = tw_add(v[SUM], v[X2W2]);
    v[M]       = tw_mul(y, v[ALL]);
    v[MINUS_M] = tw_neg(v[M]);
    v[EXP]     = tw_exp(v[MINUS_M]);
    v[LOSS]    = tw_log1p(v[EXP]);
    tw_grads(v[LOSS], NODES, v, g);

    const char *names[NODES] = { [W0] = "w0", [W1] = "w1", [W2] = "w2", [M] = "m", [LOSS] = "loss" };
    const char *primes[] = { "dL_dw0", "dL_dw1", "dL_dw2" };
    for (int i = 0; i < NODES; i++)
        if (names[i]) tw_named(v[i], names[i]);
    for (int i = 0; i < 3; i++) tw_named(g[i], primes[i]);
    tw_eval_nodes(2 * NODES, all);
    for (int i = 0; i < 3; i++) compare(primes[i], x[i] * paper, tw_item(g[i]));
    tw_dot_nodes(2 * NODES, all, .file = file, .title = "logistic loss of one object", .values = true);
}

/* Two layers: H = tanh(X U), P = s(H W), L = 1/2 sum (P - T)^2.
 * E = (P - T) P (1 - P), dL/dW = H' E, dL/dU = X' (E W' (1 - H^2)), products of equal shapes elementwise. */
enum { N = 4, D = 3, K = 2 };

static void two_layers(tw_ctx *cx)
{
    const double X[N][D] = { { 1, 0.5, -1 }, { 0, 2, 0.3 }, { -1.5, 1, 1 }, { 0.2, -0.7, 2 } }, T[N] = { 1, 0, 1, 0 };
    const double U[D][K] = { { 0.1, -0.4 }, { 0.7, 0.2 }, { -0.3, 0.5 } }, W[K] = { 0.8, -0.6 };
    double dW[K] = { 0 }, dU[D][K] = { { 0 } };
    for (int n = 0; n < N; n++) {
        double H[K] = { 0 }, z = 0;
        for (int k = 0; k < K; k++) {
            for (int d = 0; d < D; d++) H[k] += X[n][d] * U[d][k];
            H[k] = tanh(H[k]);
            z += H[k] * W[k];
        }
        const double P = 1 / (1 + exp(-z)), E = (P - T[n]) * P * (1 - P);
        for (int k = 0; k < K; k++) {
            dW[k] += H[k] * E;
            for (int d = 0; d < D; d++) dU[d][k] += X[n][d] * E * W[k] * (1 - H[k] * H[k]);
        }
    }

    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(N, D), X), *t = tw_data(cx, TW_F64, TW_SHAPE(N, 1), T);
    tw_node *u = tw_data(cx, TW_F64, TW_SHAPE(D, K), U), *w = tw_data(cx, TW_F64, TW_SHAPE(K, 1), W);
    tw_node *p = tw_sigmoid(tw_matmul(tw_tanh(tw_matmul(x, u)), w));
    tw_node *loss = tw_mul(0.5, tw_sum(tw_square(tw_sub(p, t)))), *g[2];
    tw_grads(loss, 2, ((tw_node *[]){ u, w }), g);

    const double *gu = tw_f64(g[0]), *gw = tw_f64(g[1]);
    if (!gu || !gw) return;
    char what[32];
    for (int i = 0; i < D * K; i++) {
        snprintf(what, sizeof what, "dL_dU[%d,%d]", i / K, i % K);
        compare(what, dU[i / K][i % K], gu[i]);
    }
    for (int k = 0; k < K; k++) {
        snprintf(what, sizeof what, "dL_dW[%d]", k);
        compare(what, dW[k], gw[k]);
    }
}

int main(int argc, char **argv)
{
    char file[1024];
    snprintf(file, sizeof file, "%s/backprop_by_hand.dot", argc > 1 ? argv[1] : ".");
    tw_ctx *cx = tw_open(.dtype = TW_F64);
    printf("%-10s %22s %22s\n", "", "on paper", "from the graph");
    logistic(cx, file);
    two_layers(cx);
    return tw_close(cx) || wrong;
}
