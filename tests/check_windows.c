/* check_windows.c - convolutions, pools, windows, other sizes, attention: what they refuse, and their conventions. */
#include "tests/fixture.h"

START_TEST(wrong_arguments_are_errors)
{
    tw_node *x = Z(2, 3), *image = Z(1, 4, 4, 2);
    REFUSES(TW_ESHAPE, "conv2d", "3", tw_conv2d(image, Z(3, 3, 3, 1)));
    REFUSES(TW_ESHAPE, "conv2d", "rank 2", tw_conv2d(x, Z(3, 3, 2, 1)));
    REFUSES(TW_ESHAPE, "conv2d", "rank 3", tw_conv2d(image, Z(3, 2, 1)));
    REFUSES(TW_ESHAPE, "conv2d", "5", tw_conv2d(image, Z(5, 3, 2, 1)));
    REFUSES(TW_ESHAPE, "conv2d", "no taps", tw_conv2d(image, Z(0, 3, 2, 1)));
    REFUSES(TW_EDTYPE, "conv2d", "bool", tw_conv2d(tw_less(image, 1), Z(3, 3, 2, 1)));
    REFUSES(TW_EDTYPE, "conv2d", "f32", tw_conv2d(image, tw_cast(Z(3, 3, 2, 1), TW_F32)));
    REFUSES(TW_EARG, "conv2d", "-1", tw_conv2d(image, Z(3, 3, 2, 1), .stride = { -1 }));
    REFUSES(TW_EARG, "conv2d", "more than 2", tw_conv2d(image, Z(3, 3, 2, 1), .stride = { 1, 1, 1 }));
    REFUSES(TW_EARG, "conv2d", "-2", tw_conv2d(image, Z(3, 3, 2, 1), .input_dilation = { -2 }));
    REFUSES(TW_EARG, "conv2d", "3", tw_conv2d(image, Z(3, 3, 2, 1), .padding = TW_PAD(1, 2, 3)));
    REFUSES(TW_EARG, "conv2d", "-1", tw_conv2d(image, Z(3, 3, 2, 1), .padding = TW_PAD(-1)));
    REFUSES(TW_EARG, "conv2d", "2 groups", tw_conv2d(image, Z(3, 3, 1, 3), .groups = 2));
    REFUSES(TW_ESHAPE, "conv1d", "rank 4", tw_conv1d(image, Z(3, 2, 1)));
    REFUSES(TW_EARG, "conv1d", "1 or 2", tw_conv1d(Z(1, 4, 2), Z(3, 2, 1), .padding = TW_PAD(1, 2, 3)));
    REFUSES(TW_ESHAPE, "conv3d", "axis 3 of size 2", tw_conv3d(Z(1, 2, 2, 2, 1), Z(1, 1, 3, 1, 1)));
    REFUSES(TW_ESHAPE, "conv_transpose2d", "3 channels", tw_conv_transpose2d(Z(1, 2, 2, 3), Z(2, 2, 1, 4)));
    REFUSES(TW_EARG, "conv_transpose2d", "below the stride, 2", tw_conv_transpose2d(image, Z(2, 2, 1, 2), .stride = { 2 }, .output_padding = { 2 }));
    REFUSES(TW_EARG, "conv_transpose2d", "TW_SAME", tw_conv_transpose2d(image, Z(2, 2, 1, 2), .stride = { 2 }, .padding = TW_SAME, .output_padding = { 1 }));
    REFUSES(TW_ESHAPE, "conv_transpose1d", "padding 3, 3", tw_conv_transpose1d(Z(1, 2, 2), Z(2, 1, 2), .padding = TW_PAD(3)));
    REFUSES(TW_ESHAPE, "max_pool2d", "rank 2", tw_max_pool2d(x, .window = { 2 }));
    REFUSES(TW_EARG, "max_pool2d", "window", tw_max_pool2d(image));
    REFUSES(TW_EARG, "max_pool2d", "padding 2, 2", tw_max_pool2d(image, .window = { 2 }, .padding = TW_PAD(2)));
    REFUSES(TW_EARG, "max_pool1d", "padding 1, 1", tw_max_pool1d(Z(1, 1, 2), .window = { 2 }, .dilation = { 2 }, .padding = TW_PAD(1)));
    REFUSES(TW_EARG, "max_pool1d", "of size 0", tw_max_pool1d(Z(1, 0, 2), .window = { 2 }, .padding = TW_PAD(1)));
    REFUSES(TW_EDTYPE, "max_pool2d", "bool", tw_max_pool2d(tw_less(image, 1), .window = { 2 }));
    REFUSES(TW_ESHAPE, "sum_pool2d", "5", tw_sum_pool2d(image, .window = { 5 }));
    REFUSES(TW_ESHAPE, "avg_pool2d", "5", tw_avg_pool2d(image, .window = { 5 }));
    REFUSES(TW_EARG, "avg_pool3d", "-1", tw_avg_pool3d(Z(1, 2, 2, 2, 1), .window = { 2, -1 }));
    REFUSES(TW_EARG, "adaptive_avg_pool2d", ".size", tw_adaptive_avg_pool2d(image));
    REFUSES(TW_ESHAPE, "adaptive_max_pool1d", "rank 4", tw_adaptive_max_pool1d(image, .size = { 2 }));
    REFUSES(TW_ESHAPE, "adaptive_max_pool1d", "axis 1 has 0 pixels", tw_adaptive_max_pool1d(Z(1, 0, 2), .size = { 2 }));
    REFUSES(TW_EARG, "window", ".window", tw_window(image));
    REFUSES(TW_ESHAPE, "window", "5", tw_window(image, .window = { 5 }));
    REFUSES(TW_ESHAPE, "window_add", "rank 4", tw_window_add(image, TW_SHAPE(1, 4, 4, 2), .window = { 2 }));
    REFUSES(TW_EDTYPE, "window_add", "bool", tw_window_add(tw_less(Z(1, 3, 2, 2), 1), TW_SHAPE(1, 4, 2), .window = { 2 }));
    REFUSES(TW_EARG, "interpolate", "neither", tw_interpolate(image));
    REFUSES(TW_EARG, "interpolate", "both", tw_interpolate(image, .size = { 2 }, .scale = { 2 }));
    REFUSES(TW_EARG, "interpolate", "-3", tw_interpolate(image, .size = { -3 }));
    REFUSES(TW_EARG, "interpolate", ".align_corners", tw_interpolate(image, .size = { 2 }, .align_corners = true));
    REFUSES(TW_ESHAPE, "interpolate", "rank 2", tw_interpolate(x, .size = { 2 }));
    REFUSES(TW_ESHAPE, "interpolate", "to 0", tw_interpolate(image, .scale = { 0.2 }));
    REFUSES(TW_EDTYPE, "interpolate", "bool", tw_interpolate(tw_less(image, 1), .size = { 2 }, .mode = TW_INTERP_LINEAR));
    REFUSES(TW_ESHAPE, "pixel_shuffle", "2 channels", tw_pixel_shuffle(image, 2));
    REFUSES(TW_EARG, "pixel_shuffle", "0", tw_pixel_shuffle(image, 0));
    REFUSES(TW_ESHAPE, "pixel_unshuffle", "squares of 3", tw_pixel_unshuffle(image, 3));
    REFUSES(TW_ESHAPE, "attention", "features", tw_attention(x, Z(4, 2), Z(4, 2)));
    REFUSES(TW_ESHAPE, "attention", "time", tw_attention(x, Z(4, 3), Z(5, 2)));
    REFUSES(TW_ESHAPE, "attention", "mask [5]", tw_attention(x, Z(4, 3), Z(4, 2), .mask = Z(5)));
    REFUSES(TW_EDTYPE, "attention", "bool", tw_attention(tw_less(x, 1), tw_less(x, 1), x));
}
END_TEST

START_TEST(rows_with_everything_masked_are_zero)
{
    const double some[] = { 1, 2, 3, 4 };
    const bool sees[] = { true, true, false, false };
    tw_node *q = tw_data(cx, TW_F64, TW_SHAPE(2, 2), some), *mask = tw_data(cx, TW_BOOL, TW_SHAPE(2, 2), sees);
    tw_node *y = tw_attention(q, q, q, .mask = mask), *in[] = { q }, *g[1], *h[1];
    const double *v = tw_f64(y);
    ck_assert(v[0] > 1 && v[1] > 2);
    ck_assert_double_eq(v[2], 0);
    ck_assert_double_eq(v[3], 0);
    tw_grads(tw_sum(tw_square(y)), 1, in, g);
    tw_grads(tw_sum(tw_square(g[0])), 1, in, h);
    for (int i = 0; i < 4; i++) ck_assert(isfinite(tw_f64(g[0])[i]) && isfinite(tw_f64(h[0])[i]));
    tw_node *none = tw_attention(q, q, q, .mask = tw_mul(Z(2, 2), 0), .causal = true);      /* the first sees itself only */
    ck_assert_double_eq(tw_f64(none)[0], 1);
}
END_TEST

START_TEST(ties_share_evenly_over_a_whole_adaptive_window)
{
    tw_node *x = tw_add(Z(1, 3, 3, 1), 1), *g = tw_grad(tw_sum(tw_adaptive_max_pool2d(x, .size = { 2 })), x);
    for (int i = 0; i < 9; i++) {
        const int rows = i / 3 == 1 ? 2 : 1, columns = i % 3 == 1 ? 2 : 1;      /* windows of 2 by 2 that share the middle */
        ck_assert_double_eq(tw_f64(g)[i], 0.25 * rows * columns);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        wrong_arguments_are_errors, rows_with_everything_masked_are_zero, ties_share_evenly_over_a_whole_adaptive_window,
    };
    return run_programs("windows", sizeof tests / sizeof *tests, tests);
}
