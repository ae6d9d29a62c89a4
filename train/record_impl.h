/* record_impl.h - messages of protocol buffers, and the records of TensorBoard's files of events. */
#pragma once
#include "train/bytes_impl.h"

/* Fields: a whole number, a double, a float, a text, a message, which is dropped, and doubles in a row. */
void tw__put_int(tw__bytes *m, int field, int64_t v);
void tw__put_double(tw__bytes *m, int field, double v);
void tw__put_float(tw__bytes *m, int field, float v);
void tw__put_text(tw__bytes *m, int field, const void *from, size_t n);
void tw__put_message(tw__bytes *m, int field, tw__bytes *inner);
void tw__put_doubles(tw__bytes *m, int field, int64_t n, const double *v);

/* Writes m as one record, and drops it. */
void tw__record_write(FILE *f, tw__bytes *m);
uint32_t tw__crc32c(const void *from, size_t n);
