/* demo_net.h - the network of examples/fashion_mnist.c, for what counts and times its steps. */
#pragma once
#include "nn/nn.h"

static inline tw_node *demo_net(tw_net *net, tw_node *x)
{
    x = tw_relu(tw_nn_conv2d(net, "conv1", x, .filters = 32, .kernel = { 3 }, .padding = TW_SAME));
    x = tw_max_pool2d(x, .window = { 2 });
    x = tw_relu(tw_nn_conv2d(net, "conv2", x, .filters = 64, .kernel = { 3 }, .padding = TW_SAME));
    x = tw_max_pool2d(x, .window = { 2 });
    x = tw_relu(tw_nn_dense(net, "fc1", tw_flatten(x), .units = 128));
    x = tw_nn_dropout(net, x, .p = 0.3);
    return tw_nn_dense(net, "fc2", x, .units = 10);
}
