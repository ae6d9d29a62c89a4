/* record_impl.h - messages of protocol buffers, and the records of TensorBoard's files of events. */
#pragma once
#include "core/op.h"

/* Bytes that grow. Without memory the context is in error, and what is put is dropped. */
typedef struct tw__message { tw_ctx *cx; size_t n, room; unsigned char *b; } tw__message;

void tw__message_drop(tw__message *m);
void tw__put_bytes(tw__message *m, const void *from, size_t n);
/* Fields: a whole number, a double, a float, a text, a message, which is dropped, and doubles in a row. */
void tw__put_int(tw__message *m, int field, int64_t v);
void tw__put_double(tw__message *m, int field, double v);
void tw__put_float(tw__message *m, int field, float v);
void tw__put_text(tw__message *m, int field, const void *from, size_t n);
void tw__put_message(tw__message *m, int field, tw__message *inner);
void tw__put_doubles(tw__message *m, int field, int64_t n, const double *v);

/* Writes m as one record, and drops it. */
void tw__record_write(FILE *f, tw__message *m);
uint32_t tw__crc32c(const void *from, size_t n);
