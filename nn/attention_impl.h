/* attention_impl.h - the cache of keys and values, to the attention that fills it. */
#pragma once
#include "nn/net_impl.h"
#include "nn/sequence.h"

/* Writes k and v [n, heads, steps, d] at the cache's position, in the states of the layer at path; they become all that is
 * there, [n, heads, capacity, d]. False after an error. */
bool tw__cache_extend(const tw__layer *l, tw_nn_cache *cache, tw_node **k, tw_node **v);
