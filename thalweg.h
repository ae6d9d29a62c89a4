/* thalweg.h - everything: graphs and their derivatives, layers, optimisers, training, files.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/core.h"
#include "core/op.h"
#include "ops/ops.h"
#include "nn/nn.h"
#include "nn/sequence.h"
#include "optim/optim.h"
#include "io/io.h"
#include "train/train.h"
