/* autoencoder.c - pictures of clothes as two numbers, and back; and as 64 numbers of which most are zero.
 *
 * An encoder makes numbers, the code, of a picture of Fashion-MNIST, a decoder makes a picture of them; what is learned
 * from is the difference of the pictures. Two numbers are a map. The sparse variant has many numbers, whose
 * magnitudes are a part of the loss, so that each picture uses few of them. The baseline are the first principal
 * components: the best that is linear.
 *
 *     autoencoder [epochs [limit]]        12 and 60,000 by default; reads data/train-images-idx3-ubyte.gz and others,
 *                                         draws autoencoder.svg, the map, and autoencoder.png, pictures that came back
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <stdlib.h>
#include <unistd.h>

enum { PIXELS = 28 * 28, SHOWN = 14, DOTS = 2000, NO_DATA = 77 };
static const char *const names[] = { "T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot" };

/* How many numbers, and what their mean magnitude costs. */
typedef struct code { int units; double sparse; } code;

static tw_node *encode(tw_net *net, tw_node *x, void *user)
{
    const code *c = user;
    x = tw_gelu(tw_nn_dense(net, "encoder1", tw_flatten(x), .units = 256));
    x = tw_gelu(tw_nn_dense(net, "encoder2", x, .units = 64));
    x = tw_nn_dense(net, "code", x, .units = c->units);
    return c->sparse ? tw_relu(x) : x;
}

static tw_node *decode(tw_net *net, tw_node *z)
{
    z = tw_gelu(tw_nn_dense(net, "decoder1", z, .units = 64));
    z = tw_gelu(tw_nn_dense(net, "decoder2", z, .units = 256));
    return tw_sigmoid(tw_nn_dense(net, "picture", z, .units = PIXELS));
}

static tw_node *there_and_back(tw_net *net, tw_node *x, void *user) { return decode(net, encode(net, x, user)); }
static tw_node *as_rows(tw_net *net, tw_node *x, void *user)        { return (void)net, (void)user, tw_flatten(x); }

static tw_net *learn(tw_ctx *cx, code *c, tw_dataset *train, int epochs)
{
    tw_net *net = tw_net_new(cx);
    tw_opt *opt = tw_adam(net, .schedule = tw_cosine(2e-3, 1e-5, epochs * (tw_dataset_count(train) / 128)));
    for (int epoch = 0; epoch < epochs; epoch++)
        TW_BATCHES(b, train, .size = 128, .shuffle = true, .epoch = epoch, .epochs = epochs) {
            tw_node *z = encode(net, b.x, c), *loss = tw_mean_squared_error(decode(net, z), tw_flatten(b.x));
            if (c->sparse) loss = tw_add(loss, tw_mul(c->sparse, tw_mean(tw_abs(z))));
            tw_opt_step(opt, loss);
            tw_progress(&b, "%d numbers: loss %.4f", c->units, tw_item(loss));
        }
    return net;
}

/* x by way of the k largest principal components of rows. */
static tw_node *principal(tw_node *rows, tw_node *x, int k)
{
    tw_node *mean = tw_mean(rows, .axes = TW_AXES(0)), *d = tw_sub(rows, mean), *v;
    tw_eigh(tw_matmul(d, d, .transpose_a = true), &v);
    tw_node *first = tw_slice(v, .start = { 0, PIXELS - k });
    return tw_add(mean, tw_matmul(tw_matmul(tw_sub(x, mean), first), first, .transpose_b = true));
}

/* Pictures [rows, n, 784] as one, three times as large. */
static void show(int rows, tw_node *const *pictures)
{
    tw_node *p = tw_reshape(tw_stack(rows, pictures), TW_SHAPE(rows, -1, 28, 28));
    p = tw_reshape(tw_permute(p, TW_AXES(0, 2, 1, 3)), TW_SHAPE(rows * 28, -1));
    if (tw_png_write(tw_repeat(tw_repeat(p, 3), 3, .axis = 1), "autoencoder.png")) printf("what came back: autoencoder.png\n");
}

static void map(tw_ctx *cx, tw_node *z, tw_node *labels)
{
    tw_plot *p = tw_plot_new(cx, .title = "Fashion-MNIST as two numbers", .width = 760, .height = 760);
    const double *at = tw_f64(tw_cast(z, TW_F64));
    const int32_t *is = tw_i32(labels);
    for (int64_t i = 0; at && is && i < tw_count(labels) && i < DOTS; i++) tw_plot_dot(p, names[is[i]], at[2 * i], at[2 * i + 1]);
    if (tw_plot_write(p, "autoencoder.svg")) printf("the map: autoencoder.svg\n");
}

static tw_node *few(tw_node *x) { return tw_slice(x, .size = { SHOWN, PIXELS }); }

int main(int argc, char **argv)
{
    if (access("data/train-images-idx3-ubyte.gz", R_OK) != 0) return fprintf(stderr, "no data: ./dev example fetches them\n"), NO_DATA;
    const int   epochs = argc > 1 ? atoi(argv[1]) : 12, limit = argc > 2 ? atoi(argv[2]) : 0;
    tw_ctx     *cx    = tw_open(.seed = 1);
    tw_dataset *train = tw_dataset_idx(cx, "data/train-images-idx3-ubyte.gz", NULL, .scale = 1 / 255.0, .limit = limit);
    tw_dataset *test  = tw_dataset_idx(cx, "data/t10k-images-idx3-ubyte.gz", "data/t10k-labels-idx1-ubyte.gz", .scale = 1 / 255.0, .limit = limit);
    code two = { .units = 2 }, sparse = { .units = 64, .sparse = 1e-3 };

    tw_net  *map_net = learn(cx, &two, train, epochs), *sparse_net = learn(cx, &sparse, train, epochs);
    tw_node *x = tw_predict(map_net, as_rows, test), *rows = tw_predict(map_net, as_rows, train);
    tw_node *back = tw_predict(map_net, there_and_back, test, .user = &two), *linear = principal(rows, x, 2);
    tw_node *sparse_back = tw_predict(sparse_net, there_and_back, test, .user = &sparse), *z = tw_predict(sparse_net, encode, test, .user = &sparse);

    printf("error of a pixel (RMSE): 2 components %.4f, 2 numbers %.4f, 64 sparse numbers %.4f\n", tw_rmse(linear, x), tw_rmse(back, x), tw_rmse(sparse_back, x));
    printf("%.1f of the 64 are not 0 in a picture\n", 64 * tw_item(tw_mean(tw_cast(tw_not_equal(z, 0), TW_F32))));
    show(4, (tw_node *[]){ few(x), few(linear), few(back), few(sparse_back) });
    map(cx, tw_predict(map_net, encode, test, .user = &two), tw_dataset_targets(test));
    return tw_close(cx);
}
