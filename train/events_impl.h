/* events_impl.h - the checksum of TensorBoard's records, for the tests. */
#pragma once
#include "train/train.h"

uint32_t tw__crc32c(const void *from, size_t n);
