/* check_weights.c - the weights of networks in files: ours come back, PyTorch's give the same outputs, and what does not fit is an error. */
#include "io/io.h"
#include "nn/nn.h"
#include "tests/folder.h"

#ifdef TW_HAVE_LIBZIP
enum { TW_LIBZIP = 1 };
#else
enum { TW_LIBZIP = 0 };
#endif

#ifdef TW_HAVE_JANSSON

/* The network of data/make.py. */
static tw_node *model(tw_net *net, tw_node *x)
{
    x = tw_nn_conv2d(net, "conv1", x, .filters = 4, .kernel = {3}, .padding = TW_PAD(1));
    x = tw_relu(tw_nn_batch_norm(net, "bn", x));
    x = tw_relu(tw_nn_conv2d(net, "conv2", x, .filters = 6, .kernel = {3, 2}, .stride = {2}, .padding = TW_PAD(1), .groups = 2));
    return tw_nn_dense(net, "fc", tw_flatten(tw_permute(x, TW_AXES(0, 3, 1, 2))), .units = 5);
}

static tw_net *net_of(tw_ctx *cx)
{
    tw_net *net = tw_net_new(cx);
    tw_net_training(net, false);
    return net;
}

static const char *data(const char *name)
{
    static char p[2][512];
    static int  turn;
    turn = !turn;
    snprintf(p[turn], sizeof p[turn], "%s/%s", TESTS_DATA, name);
    return p[turn];
}

/* Into a network that has run, and into one that has not; in f64, too. */
START_TEST(pytorch_weights_give_pytorch_outputs)
{
    tw_ctx *cx = tw_open(.dtype = _i & 2 ? TW_F64 : TW_F32);
    tw_net *net = net_of(cx);
    tw_node *x = tw_cast(tw_npy_read(cx, data("torch_x.npy")), _i & 2 ? TW_F64 : TW_F32);
    arr want = arr_of(tw_npy_read(cx, data("torch_y.npy")));
    if (_i & 1) model(net, x);
    ck_assert(tw_net_load(net, data("torch.safetensors"), .names = TW_NAMES_TORCH));
    arr y = arr_of(model(net, x));
    ok(cx);
    arr_near(&y, &want, 1e-5, "logits");
    arrs_drop();
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(pytorch_would_load_ours)
{
    tw_ctx *cx = tw_open();
    tw_net *net = net_of(cx);
    tw_node *x = tw_npy_read(cx, data("torch_x.npy"));
    tw_net_load(net, data("torch.safetensors"), .names = TW_NAMES_TORCH);
    model(net, x);
    ck_assert(tw_net_save(net, in_folder("a"), .names = TW_NAMES_TORCH));
    tw_archive *ours = tw_archive_read(cx, in_folder("a")), *theirs = tw_archive_read(cx, data("torch.safetensors"));
    ok(cx);
    ck_assert_int_eq(tw_archive_count(ours), tw_archive_count(theirs) - 1);        /* no counter of batches */
    for (int i = 0; i < tw_archive_count(ours); i++) {
        const char *name = tw_archive_name(ours, i);
        tw_node *a = tw_archive_get(ours, name), *b = tw_archive_get(theirs, name);
        ck_assert_msg(tw_rank(a) == tw_rank(b) && same_bits(a, b), "%s", name);
    }
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(ours_come_back)
{
    if (_i & 2 && !TW_LIBZIP) return;
    const char *to = in_folder(_i & 2 ? "a.npz" : "a.safetensors");
    tw_ctx *cx = tw_open(.seed = 3);
    tw_net *net = net_of(cx), *again = net_of(cx);
    tw_node *x = tw_npy_read(cx, data("torch_x.npy")), *y = model(net, x);
    tw_assign(tw_net_param(net, "bn/running_mean"), tw_data(cx, TW_F32, TW_SHAPE(4), ((float[]){ 1, 2, 3, 4 })));
    y = model(net, x);
    ck_assert(tw_net_save(net, to));
    if (_i & 1) {
        model(again, x);
        TW_NET_EACH(item, again, NULL) tw_assign(item->cell, tw_fill(cx, tw_shape_of(item->cell), .value = 9));
    }
    ck_assert(tw_net_load(again, to));
    ck_assert(same_bits(model(again, x), y));
    ck_assert(tw_net_next(again, "bn/running_mean", NULL)->buffer && !tw_net_next(again, "bn/bias", NULL)->buffer);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static tw_node *dense(tw_net *net, const char *name, int units)
{
    return tw_nn_dense(net, name, tw_fill(tw_net_ctx(net), TW_SHAPE(1, 2), .value = 1), .units = units);
}

START_TEST(names_are_mapped_and_axes_permuted)
{
    tw_ctx *cx = tw_open();
    tw_net *net = net_of(cx), *again = net_of(cx);
    dense(net, "enc/0/fc", 3), dense(net, "head", 2);
    const tw_name_rule rules[] = {
        { "enc/*/fc/*", "model.layers.*.proj_*", TW_AXES(0) },
        { "enc/*/fc/*", "never", { 0 } },
        { "head/weight", "lm_head", TW_AXES(1, 0) },
    };
    ck_assert(tw_net_save(net, in_folder("a"), .rules = rules, .n_rules = 3));
    tw_archive *a = tw_archive_read(cx, in_folder("a"));
    ck_assert_int_eq(tw_archive_count(a), 4);
    ck_assert_str_eq(tw_archive_name(a, 0), "head/bias");
    ck_assert_str_eq(tw_archive_name(a, 1), "lm_head");
    ck_assert_str_eq(tw_archive_name(a, 2), "model.layers.0.proj_bias");
    ck_assert_str_eq(tw_archive_name(a, 3), "model.layers.0.proj_weight");
    ck_assert(same_bits(tw_archive_get(a, "lm_head"), tw_transpose(tw_net_param(net, "head/weight"))));
    ck_assert(same_bits(tw_archive_get(a, "model.layers.0.proj_weight"), tw_net_param(net, "enc/0/fc/weight")));
    ck_assert(tw_net_load(again, in_folder("a"), .rules = rules, .n_rules = 3));
    ck_assert(same_bits(dense(again, "enc/0/fc", 3), dense(net, "enc/0/fc", 3)));
    ck_assert(same_bits(dense(again, "head", 2), dense(net, "head", 2)));
    ok(cx);

    const tw_name_rule bad[] = { { NULL, "a", { 0 } }, { "a*", "**", { 0 } }, { "a", NULL, TW_AXES(0, 0) }, { "a", NULL, TW_AXES(1, 2) } };
    tw_net_save(net, in_folder("a"), .rules = bad, .n_rules = 1); fails_with(cx, TW_EARG, "net_save", __LINE__, "rule 0 has no pattern");
    tw_net_load(net, in_folder("a"), .rules = bad + 1, .n_rules = 1); fails_with(cx, TW_EARG, "net_load", __LINE__, "more * than");
    tw_net_load(net, in_folder("a"), .rules = bad + 2, .n_rules = 1); fails_with(cx, TW_EARG, "net_load", __LINE__, "no permutation");
    tw_net_load(net, in_folder("a"), .rules = bad + 3, .n_rules = 1); fails_with(cx, TW_EARG, "net_load", __LINE__, "no permutation");
    tw_net_load(net, in_folder("a"), .n_rules = 1); fails(cx, TW_EARG, "net_load", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* A network that exists: all or nothing. */
START_TEST(what_does_not_fit_changes_nothing)
{
    tw_ctx *cx = tw_open();
    tw_net *small = net_of(cx), *net = net_of(cx);
    dense(small, "a", 3), dense(small, "b", 3);
    ck_assert(tw_net_save(small, in_folder("a")));
    dense(net, "a", 3);
    const float before = tw_f32(tw_net_param(net, "a/weight"))[0];
    tw_net_load(net, in_folder("a")); fails_with(cx, TW_EIO, "net_load", __LINE__, "the network has nothing for \"b/");
    dense(net, "b", 4);
    tw_net_load(net, in_folder("a")); fails_with(cx, TW_ESHAPE, "net_load", __LINE__, "\"b/weight\" is [2, 3] in the file, which does not make [2, 4]");
    ck_assert(tw_f32(tw_net_param(net, "a/weight"))[0] == before);
    ck_assert(tw_net_load(net, in_folder("a"), .only = "a/*"));
    ck_assert(same_bits(tw_net_param(net, "a/weight"), tw_net_param(small, "a/weight")));

    dense(small, "c", 3);
    tw_net_load(small, in_folder("a")); fails_with(cx, TW_EIO, "net_load", __LINE__, "has no \"c/weight\" for \"c/weight\"");
    ck_assert(tw_net_load(small, in_folder("a"), .partial = true));
    tw_net_load(net, "/nonexistent"); fails(cx, TW_EIO, "net_load", __LINE__);
    tw_net_save(net, in_folder("a"), .only = "nothing*"); fails_with(cx, TW_EARG, "net_save", __LINE__, "no parameter matches \"nothing*\"");
    tw_net_save(net, "/nonexistent/a"); fails(cx, TW_EIO, "net_save", __LINE__);
    tw_net_save(net, in_folder("a"), .n_rules = 1, .rules = &(tw_name_rule){ "*", NULL, { 77, { 0 } } }); fails_with(cx, TW_EARG, "net_save", __LINE__, "77 .axes");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* A network that is yet to be: the layer's line is to blame. */
/* An estimate that began in another process goes on from where it was. */
START_TEST(a_running_estimate_goes_on)
{
    tw_ctx *cx = tw_open();
    tw_net *net = net_of(cx), *again = net_of(cx);
    tw_nn_running(net, "risk", tw_scalar(cx, 8), 0.5);
    ck_assert(tw_eval(cx) && tw_net_save(net, in_folder("a")) && tw_net_load(again, in_folder("a")));
    near(tw_item(tw_nn_running(again, "risk", tw_scalar(cx, 4), 0.5)), 6, 0);
    ck_assert(tw_net_next(again, "risk/estimate", NULL)->loaded && !tw_net_next(net, "risk/estimate", NULL)->loaded);
    ck_assert(tw_eval(cx));
    near(tw_item(tw_nn_running(again, "risk", tw_scalar(cx, 4), 0.5)), 5, 0);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(what_comes_later_is_checked_then)
{
    tw_ctx *cx = tw_open();
    tw_net *small = net_of(cx), *net = net_of(cx);
    dense(small, "a", 3);
    ck_assert(tw_net_save(small, in_folder("a")));
    ck_assert(tw_net_load(net, in_folder("a")));
    tw_nn_dense(net, "z", tw_fill(cx, TW_SHAPE(1, 2), .value = 1), .units = 3); fails_with(cx, TW_EIO, "net_load", __LINE__, "has no \"z/weight\"");
    tw_nn_dense(net, "a", tw_fill(cx, TW_SHAPE(1, 2), .value = 1), .units = 4); fails_with(cx, TW_ESHAPE, "net_load", __LINE__, "[2, 3]");
    ck_assert(tw_net_load(net, in_folder("a"), .partial = true));
    dense(net, "z", 3);
    ck_assert(same_bits(dense(net, "a", 3), dense(small, "a", 3)));
    dense(net, "later", 3);             /* everything was taken: initialisers again */

    const tw_archive_item whole[] = { { "w", tw_data(cx, TW_I32, TW_SHAPE(1), ((int32_t[]){ 1 })) } };
    ck_assert(tw_archive_write(cx, in_folder("a"), 1, whole) && tw_net_load(net, in_folder("a"), .partial = true));
    tw_nn_param(net, "w", TW_SHAPE(1), tw_ones_init); fails_with(cx, TW_EDTYPE, "net_load", __LINE__, "\"w\" is i32 in the file, not f32");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static void everything(tw_ctx *cx)
{
    tw_net *net = net_of(cx), *again = net_of(cx);
    const tw_name_rule rules[] = { { "*", "m.*", { 0 } } };
    dense(net, "a", 3);
    tw_net_save(net, in_folder("a"), .rules = rules, .n_rules = 1, .names = TW_NAMES_TORCH);
    tw_net_load(again, in_folder("a"), .rules = rules, .n_rules = 1, .names = TW_NAMES_TORCH, .only = "a/*");
    tw_item(tw_sum(dense(again, "a", 3)));
    tw_net_load(again, in_folder("a"), .rules = rules, .n_rules = 1, .names = TW_NAMES_TORCH, .partial = true);
}

START_TEST(every_allocation_may_fail) { every_allocation_fails_once(everything); }
END_TEST

int main(void)
{
    Suite *s = suite_create("weights");
    TCase *t = tcase_create("weights");
    tcase_add_checked_fixture(t, folder_make, folder_drop);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, pytorch_weights_give_pytorch_outputs, 0, 4);
    tcase_add_test(t, pytorch_would_load_ours);
    tcase_add_loop_test(t, ours_come_back, 0, 4);
    tcase_add_test(t, names_are_mapped_and_axes_permuted);
    tcase_add_test(t, what_does_not_fit_changes_nothing);
    tcase_add_test(t, what_comes_later_is_checked_then);
    tcase_add_test(t, a_running_estimate_goes_on);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return rig_run(s);
}

#else

int main(void) { return 77; }       /* weights need jansson */

#endif
