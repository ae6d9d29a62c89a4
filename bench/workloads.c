/* workloads.c - one of the standing workloads, as bench/peers/workloads.md defines them: workloads NAME [THREADS [plan]].
 *
 * The weights and data are those of every peer, to the bit; the models are written in small operations,
 * and every step builds its graph anew. Prints the JSON line that the peers print, and beside it how much
 * arithmetic the products and convolutions of a step are. `./dev bench peers` runs it against them.
 * With "plan" the plan of the step follows, each instruction with its time.
 */
#include <thalweg.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char *workload;
static tw_net     *net;

/* ---- numbers from names ------------------------------------------------------------------- */

static uint64_t mixed(uint64_t hash, uint64_t i)
{
    uint64_t z = hash + (i + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

static uint64_t hash_of(const char *owner, const char *name)
{
    char full[128];
    uint64_t h = 0xCBF29CE484222325;
    snprintf(full, sizeof full, "%s/%s", owner, name);
    for (const char *s = full; *s; s++) h = (h ^ (uint8_t)*s) * 0x100000001B3;
    return h;
}

static int64_t count(tw_shape s)
{
    int64_t n = 1;
    for (int k = 0; k < s.n; k++) n *= s.at[k];
    return n;
}

static tw_node *uniform(tw_ctx *cx, const char *owner, const char *name, tw_shape shape, float scale)
{
    const uint64_t h = hash_of(owner, name);
    const int64_t n = count(shape);
    float *v = malloc((size_t)n * sizeof *v);
    for (int64_t i = 0; v && i < n; i++) v[i] = ((float)(mixed(h, (uint64_t)i) >> 40) * 0x1p-23f - 1.0f) * scale;
    tw_node *x = tw_data(cx, TW_F32, shape, v);
    free(v);
    return x;
}

static tw_node *integers(tw_ctx *cx, const char *owner, const char *name, tw_shape shape, uint64_t below)
{
    const uint64_t h = hash_of(owner, name);
    const int64_t n = count(shape);
    int64_t *v = malloc((size_t)n * sizeof *v);
    for (int64_t i = 0; v && i < n; i++) v[i] = (int64_t)((mixed(h, (uint64_t)i) >> 33) % below);
    tw_node *x = tw_data(cx, TW_I64, shape, v);
    free(v);
    return x;
}

/* ---- parameters: the path names the numbers, the value is the fan-in ----------------------- */

static tw_node *drawn(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    (void)at;
    return uniform(r->cx, workload, r->path, r->shape, (float)(1 / sqrt(init->value)));
}

static tw_node *weight(const char *name, double fan_in, tw_shape shape)
{
    return tw_nn_param(net, name, shape, ((tw_init){ drawn, fan_in }));
}

static const char *join(const char *a, const char *b)
{
    static char name[16][64];
    static int k;
    k = (k + 1) % 16;
    snprintf(name[k], sizeof name[k], "%s%s", a, b);
    return name[k];
}

static tw_node *dense(const char *name, tw_node *x, int64_t out)
{
    const int64_t in = tw_dim(x, -1);
    tw_node *w = weight(join(name, ".w"), (double)in, TW_SHAPE(in, out));
    return tw_add(tw_matmul(x, w), tw_nn_param(net, join(name, ".b"), TW_SHAPE(out), tw_zeros_init));
}

static tw_node *conv(const char *name, tw_node *x, int k, int64_t out, int stride)
{
    const int64_t in = tw_dim(x, -1);
    tw_node *w = weight(join(name, ".w"), (double)(k * k * in), TW_SHAPE(k, k, in, out));
    return tw_conv2d(x, w, .stride = { stride }, .padding = TW_PAD(k / 2));
}

static tw_node *bias(const char *name, tw_node *x)
{
    return tw_add(x, tw_nn_param(net, join(name, ".b"), TW_SHAPE(tw_dim(x, -1)), tw_zeros_init));
}

/* ---- models -------------------------------------------------------------------------------- */

static tw_node *mlp(tw_node *x, const int *sizes)
{
    char name[16];
    for (int i = 0; sizes[i]; i++) {
        snprintf(name, sizeof name, "l%d", i);
        x = dense(name, i ? tw_relu(x) : x, sizes[i]);
    }
    return x;
}

static tw_node *tiny5(tw_node *x)  { return mlp(x, (int[]){ 5, 4, 1, 0 }); }
static tw_node *tiny32(tw_node *x) { return mlp(x, (int[]){ 32, 32, 4, 0 }); }
static tw_node *mlp2(tw_node *x)   { return mlp(x, (int[]){ 512, 10, 0 }); }
static tw_node *mlp3(tw_node *x)   { return mlp(x, (int[]){ 512, 512, 10, 0 }); }

static tw_node *cnn(tw_node *x)
{
    x = tw_max_pool2d(tw_relu(bias("conv1", conv("conv1", x, 3, 32, 1))), .window = { 2 });
    x = tw_max_pool2d(tw_relu(bias("conv2", conv("conv2", x, 3, 64, 1))), .window = { 2 });
    x = tw_relu(dense("fc1", tw_flatten(x), 128));
    return dense("fc2", x, 10);
}

static tw_node *batch_norm(const char *name, tw_node *x)
{
    const tw_axes axes = TW_AXES(0, 1, 2);
    const int64_t c = tw_dim(x, -1), n = tw_count(x) / c;
    tw_node *m = tw_nn_buffer(net, join(name, ".m"), TW_SHAPE(c), tw_zeros_init);
    tw_node *v = tw_nn_buffer(net, join(name, ".v"), TW_SHAPE(c), tw_ones_init);
    tw_node *mean = tw_mean(x, .axes = axes), *away = tw_sub(x, mean), *var = tw_mean(tw_square(away), .axes = axes);
    tw_assign(m, tw_add(tw_mul(0.9, m), tw_mul(0.1, mean)));
    tw_assign(v, tw_add(tw_mul(0.9, v), tw_mul(0.1 * (double)n / (double)(n - 1), var)));
    tw_node *g = tw_nn_param(net, join(name, ".g"), TW_SHAPE(c), tw_ones_init);
    return bias(name, tw_mul(tw_mul(away, tw_rsqrt(tw_add(var, 1e-5))), g));
}

static tw_node *resnet(tw_node *x)
{
    x = tw_relu(batch_norm("stem.bn", conv("stem", x, 3, 16, 1)));
    for (int s = 0; s < 3; s++)
        for (int b = 0; b < 3; b++) {
            char name[32];
            snprintf(name, sizeof name, "s%db%d", s, b);
            const int stride = s > 0 && b == 0 ? 2 : 1;
            const int64_t width = 16 << s;
            tw_node *y = tw_relu(batch_norm(join(name, ".bn1"), conv(join(name, ".c1"), x, 3, width, stride)));
            y = batch_norm(join(name, ".bn2"), conv(join(name, ".c2"), y, 3, width, 1));
            if (stride == 2) x = batch_norm(join(name, ".bn3"), conv(join(name, ".sc"), x, 1, width, 2));
            x = tw_relu(tw_add(x, y));
        }
    return dense("fc", tw_mean(x, .axes = TW_AXES(1, 2)), 10);
}

static tw_node *lstm(tw_node *tokens)
{
    enum { HIDDEN = 256 };
    tw_ctx *cx = tw_net_ctx(net);
    const int64_t batch = tw_dim(tokens, 0), steps = tw_dim(tokens, 1);
    tw_node *e = tw_take(weight("emb", 64, TW_SHAPE(64, 64)), tokens);
    tw_node *wx = weight("wx", 64, TW_SHAPE(64, 4 * HIDDEN)), *wh = weight("wh", HIDDEN, TW_SHAPE(HIDDEN, 4 * HIDDEN));
    tw_node *x = tw_add(tw_matmul(e, wx), tw_nn_param(net, "b", TW_SHAPE(4 * HIDDEN), tw_zeros_init));
    tw_node *h = tw_zeros(cx, TW_SHAPE(batch, HIDDEN)), *c = h, *seen[256];
    for (int t = 0; t < steps; t++) {
        tw_node *gate[4];
        tw_split(tw_add(tw_index(x, .axis = 1, .at = t), tw_matmul(h, wh)), 4, gate, .axis = 1);
        c = tw_add(tw_mul(tw_sigmoid(gate[1]), c), tw_mul(tw_sigmoid(gate[0]), tw_tanh(gate[2])));
        seen[t] = h = tw_mul(tw_sigmoid(gate[3]), tw_tanh(c));
    }
    return dense("out", tw_stack((int)steps, seen, .axis = 1), 64);
}

static tw_node *layer_norm(const char *name, tw_node *x)
{
    const int64_t d = tw_dim(x, -1);
    tw_node *away = tw_sub(x, tw_mean(x, .axes = TW_AXES(-1), .keep_dims = true));
    tw_node *scale = tw_rsqrt(tw_add(tw_mean(tw_square(away), .axes = TW_AXES(-1), .keep_dims = true), 1e-5));
    return bias(name, tw_mul(tw_mul(away, scale), tw_nn_param(net, join(name, ".g"), TW_SHAPE(d), tw_ones_init)));
}

static tw_node *gelu(tw_node *x)
{
    tw_node *inner = tw_mul(sqrt(2 / 3.14159265358979323846), tw_add(x, tw_mul(0.044715, tw_mul(tw_square(x), x))));
    return tw_mul(tw_mul(0.5, x), tw_add(1, tw_tanh(inner)));
}

static tw_node *attention(tw_node *qkv, int64_t heads)
{
    const int64_t batch = tw_dim(qkv, 0), steps = tw_dim(qkv, 1), width = tw_dim(qkv, 2) / 3;
    tw_node *part[3], *at = tw_arange(tw_net_ctx(net), steps);
    tw_split(qkv, 3, part, .axis = 2);
    for (int k = 0; k < 3; k++)
        part[k] = tw_permute(tw_reshape(part[k], TW_SHAPE(batch, steps, heads, width / heads)), TW_AXES(0, 2, 1, 3));
    tw_node *score = tw_mul(1 / sqrt((double)(width / heads)), tw_matmul(part[0], part[1], .transpose_b = true));
    tw_node *past = tw_less_equal(at, tw_reshape(at, TW_SHAPE(steps, 1)));
    tw_node *y = tw_matmul(tw_softmax(tw_where(past, score, -(double)INFINITY)), part[2]);
    return tw_reshape(tw_permute(y, TW_AXES(0, 2, 1, 3)), TW_SHAPE(batch, steps, width));
}

static tw_node *gpt(tw_node *tokens)
{
    enum { WIDTH = 128 };
    char name[16];
    tw_node *x = tw_add(tw_take(weight("tok", WIDTH, TW_SHAPE(256, WIDTH)), tokens), weight("pos", WIDTH, TW_SHAPE(128, WIDTH)));
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "h%d", i);
        tw_node *a = attention(dense(join(name, ".qkv"), layer_norm(join(name, ".ln1"), x), 3 * WIDTH), 4);
        x = tw_add(x, dense(join(name, ".proj"), a, WIDTH));
        tw_node *up = gelu(dense(join(name, ".up"), layer_norm(join(name, ".ln2"), x), 4 * WIDTH));
        x = tw_add(x, dense(join(name, ".down"), up, WIDTH));
    }
    return tw_matmul(layer_norm("lnf", x), weight("head.w", WIDTH, TW_SHAPE(WIDTH, 256)));
}

/* ---- training ------------------------------------------------------------------------------ */

typedef struct task {
    const char *name;
    tw_node  *(*model)(tw_node *x);
    tw_shape    x, y;
    int         tokens, classes;        /* 0: uniform numbers */
    double      lr, momentum, decay;
    bool        adam;
    double      mflop;                  /* of products and convolutions in a step: forward, and both gradients where needed */
} task;

#define S(...) { (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), { __VA_ARGS__ } }
static const task tasks[] = {
    { "tiny_2_5_4_1",       tiny5,  S(8, 2),   S(8, 1),   0,  0,  0.01,  0,   0,    false, 0.0015 },
    { "tiny_16_32_32_4",    tiny32, S(8, 16),  S(8),      0,  4,  0.01,  0,   0,    false, 0.0717 },
    { "mlp_784_512_10_b64", mlp2,   S(64, 784), S(64),    0, 10,  0.1,   0,   0,    false, 104.7 },
    { "mlp_784_512_512_10", mlp3,   S(128, 784), S(128),  0, 10,  0.1,   0,   0,    false, 410.7 },
    { "mlp_adam",           mlp3,   S(128, 784), S(128),  0, 10,  1e-3,  0,   0,    true,  410.7 },
    { "cnn_28",             cnn,    S(64, 28, 28, 1), S(64), 0, 10, 0.01, 0.9, 0,   false, 1600 },
    { "resnet20_32",        resnet, S(64, 32, 32, 3), S(64), 0, 10, 0.01, 0.9, 1e-4, false, 15616 },
    { "lstm_char",          lstm,   S(32, 64), S(32, 64), 64, 64, 1e-3,  0,   0,    true,  4228 },
    { "gpt_small",          gpt,    S(8, 128), S(8, 128), 256, 256, 1e-3, 0,  0,    true,  5838 },
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

typedef struct job {
    tw_ctx     *cx;
    const task *task;
    tw_opt     *opt;
    tw_node    *x, *y, *z, *w;
    double      loss, scale;
    int         which;
} job;

/* One call of one step; what it reports is read outside of the clock. */
typedef double (*step_fn)(job *j);

static double train(job *j)
{
    TW_SCOPE(j->cx);
    const double t = now();
    tw_node *out = j->task->model(j->x), *loss;
    if (!j->task->classes) loss = tw_mean(tw_square(tw_sub(out, j->y)));
    else loss = tw_cross_entropy(tw_reshape(out, TW_SHAPE(-1, tw_dim(out, -1))), tw_reshape(j->y, TW_SHAPE(-1)));
    tw_opt_step(j->opt, loss);
    const double took = now() - t;
    j->loss = tw_item(loss);
    return took;
}

static void prepare(job *j, const task *t)
{
    j->task = t;
    net = tw_net_new(j->cx);
    j->opt = t->adam ? tw_adam(net, .lr = t->lr) : tw_sgd(net, .lr = t->lr, .momentum = t->momentum, .weight_decay = t->decay);
    j->x = t->tokens ? integers(j->cx, t->name, "x", t->x, (uint64_t)t->tokens) : uniform(j->cx, t->name, "x", t->x, 1);
    j->y = t->classes ? integers(j->cx, t->name, "y", t->y, (uint64_t)t->classes) : uniform(j->cx, t->name, "y", t->y, 1);
}

/* ---- single operations --------------------------------------------------------------------- */

static double evaluated(job *j, double t, int n, tw_node **ys, tw_node *report)
{
    tw_eval_nodes(n, ys);
    const double took = now() - t;
    tw_node *first = tw_index(tw_reshape(report, TW_SHAPE(-1)), .at = 0);
    j->loss = tw_item(first);
    return took;
}

static double chain_gelu(job *j)
{
    TW_SCOPE(j->cx);
    const double t = now();
    tw_node *y = tw_mean(tw_add(tw_mul(gelu(j->x), 1.5), 0.25)), *g = tw_grad(y, j->x);
    return evaluated(j, t, 2, (tw_node *[]){ y, g }, y);
}

static double softmax_ce(job *j)
{
    TW_SCOPE(j->cx);
    const double t = now();
    tw_node *y = tw_cross_entropy(j->x, j->y), *g = tw_grad(y, j->x);
    return evaluated(j, t, 2, (tw_node *[]){ y, g }, y);
}

static double norm(job *j)
{
    TW_SCOPE(j->cx);
    const double t = now();
    tw_node *away = tw_sub(j->x, tw_mean(j->x, .axes = TW_AXES(-1), .keep_dims = true));
    tw_node *scale = tw_rsqrt(tw_add(tw_mean(tw_square(away), .axes = TW_AXES(-1), .keep_dims = true), 1e-5));
    tw_node *y = tw_mean(tw_mul(tw_add(tw_mul(tw_mul(away, scale), j->w), j->z), j->y));
    tw_node *x[] = { j->x, j->w, j->z }, *out[4] = { y };
    tw_grads(y, 3, x, out + 1);
    return evaluated(j, t, 4, out, y);
}

static double gemm(job *j)
{
    TW_SCOPE(j->cx);
    const double t = now();
    tw_node *y = tw_matmul(j->x, j->y);
    return evaluated(j, t, 1, &y, y);
}

static double convolution(job *j)
{
    TW_SCOPE(j->cx);
    const double t = now();
    tw_node *y = tw_conv2d(j->x, j->w, .padding = TW_PAD(1));
    if (j->which) {
        tw_node *x = j->which == 1 ? j->x : j->w, *g;
        tw_vjp(1, &y, &j->z, 1, &x, &g);
        y = g;
    }
    return evaluated(j, t, 1, &y, y);
}

static double scalar_chain(job *j)
{
    TW_SCOPE(j->cx);
    const double t = now();
    tw_node *x0 = tw_scalar(j->cx, 0.5), *x = x0;
    for (int i = 0; i < j->which; i++) x = tw_add(tw_mul(tw_sin(x), 1e-5), x);
    tw_node *g = tw_grad(x, x0);
    return evaluated(j, t, 2, (tw_node *[]){ x, g }, g);
}

/* The step of a workload by name, and what it needs; NULL for a name that is none. */
static step_fn single(job *j, const char *name)
{
    long m = 0, k = 0, n = 0;
    if (sscanf(name, "gemm_%ldx%ldx%ld", &m, &k, &n) != 3 && sscanf(name, "gemm_%ld", &m) == 1) k = n = m;
    if (!strncmp(name, "gemm_", 5) && m > 0) {
        j->x = uniform(j->cx, name, "a", TW_SHAPE(m, k), 1);
        j->y = uniform(j->cx, name, "b", TW_SHAPE(k, n), (float)(1 / sqrt((double)k)));
        j->scale = 2e-3 * (double)m * (double)k * (double)n;
        return gemm;
    }
    if (!strncmp(name, "conv_", 5)) {
        j->x = uniform(j->cx, "conv", "x", TW_SHAPE(32, 56, 56, 64), 1);
        j->w = uniform(j->cx, "conv", "w", TW_SHAPE(3, 3, 64, 64), (float)(1 / sqrt(576)));
        j->z = uniform(j->cx, "conv", "g", TW_SHAPE(32, 56, 56, 64), 1);
        j->which = !strcmp(name, "conv_dgrad") ? 1 : !strcmp(name, "conv_wgrad") ? 2 : 0;
        j->scale = 2e-3 * 32 * 56 * 56 * 64 * 64 * 9;
        return convolution;
    }
    if (!strcmp(name, "chain_gelu_1m")) return j->x = uniform(j->cx, "chain", "x", TW_SHAPE(1 << 20), 3), chain_gelu;
    if (!strcmp(name, "softmax_ce_1024x1024")) {
        j->x = uniform(j->cx, "softmax", "x", TW_SHAPE(1024, 1024), 3);
        j->y = integers(j->cx, "softmax", "y", TW_SHAPE(1024), 1024);
        return softmax_ce;
    }
    if (!strcmp(name, "layer_norm_1024x1024")) {
        j->x = uniform(j->cx, "norm", "x", TW_SHAPE(1024, 1024), 2);
        j->y = uniform(j->cx, "norm", "r", TW_SHAPE(1024, 1024), 1);
        j->w = tw_ones(j->cx, TW_SHAPE(1024)), j->z = tw_zeros(j->cx, TW_SHAPE(1024));
        return norm;
    }
    if (!strncmp(name, "scalar_chain_", 13)) return j->which = strstr(name, "1m") ? 333334 : 3334, scalar_chain;
    return NULL;
}

/* ---- the clock ------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    enum { MOST = 1 << 20 };
    const char *name = argc > 1 ? argv[1] : "tiny_2_5_4_1";
    const int threads = argc > 2 ? atoi(argv[2]) : 1;
    const bool plan = argc > 3 && !strcmp(argv[3], "plan");
    job j = { .cx = tw_open(.threads = threads, .profile = plan) };
    step_fn step = NULL;
    double mflop = 0;
    workload = name;
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (!strcmp(tasks[i].name, name)) prepare(&j, &tasks[i]), step = train, mflop = tasks[i].mflop;
    if (!step) step = single(&j, name), mflop = j.scale * 1e-3;
    if (!step) return fprintf(stderr, "workloads: there is no workload %s\n", name), 2;

    double first_loss = 0, sixth_loss = 0, first = 0, *took = malloc(MOST * sizeof *took);
    const bool once = !strcmp(name, "scalar_chain_1m");
    for (int i = 0; i < (once ? 1 : 6); i++) {
        const double t = step(&j);
        if (i == 0) first = t, first_loss = j.loss;
        sixth_loss = j.loss;
    }
    int n = 0;
    if (once) took[n++] = first;
    for (const double begun = now(); took && !once && tw_ok(j.cx) && n < MOST; ) {
        took[n++] = step(&j);
        const double since = now() - begun;
        if ((since > 2e6 && n >= 30) || since > 8e6) break;
    }
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    if (took && n) {
        qsort(took, (size_t)n, sizeof *took, ascending);
        printf("{\"peer\": \"thalweg\", \"mode\": \"rebuilt\", \"workload\": \"%s\", \"threads\": %d, \"median_us\": %.2f, \"p10_us\": %.2f, "
               "\"p90_us\": %.2f, \"n\": %d, \"loss_first\": %.9g, \"loss_after5\": %.9g, \"first_s\": %.3g, \"rss_mb\": %ld, \"mflop\": %g}\n",
               name, threads, took[n / 2], took[n / 10], took[n - 1 - n / 10], n, first_loss, sixth_loss, first * 1e-6, use.ru_maxrss / 1024, mflop);
    }
    if (plan) tw_plan_dump(j.cx, NULL);
    free(took);
    return tw_close(j.cx);
}
