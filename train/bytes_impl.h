/* bytes_impl.h - bytes that grow: messages, pages and drawings while they are made. */
#pragma once
#include "core/op.h"

/* Starts as { .cx = cx }. Without memory the context is in error, and what is put is dropped. */
typedef struct tw__bytes { tw_ctx *cx; size_t n, room; char *b; } tw__bytes;

void tw__bytes_put(tw__bytes *t, const void *from, size_t n);
void tw__bytes_drop(tw__bytes *t);
/* Text: as printf, and as it is. */
void tw__print(tw__bytes *t, const char *format, ...) TW_PRINTF(2, 3);
void tw__print_text(tw__bytes *t, const char *text);
/* Somebody's text between tags or within quotes: what could end either is an entity, what is no UTF-8 a question mark. */
void tw__print_escaped(tw__bytes *t, const char *text);
/* The length of the UTF-8 sequence at s, 0 if it is none. */
size_t tw__utf8_length(const unsigned char *s);
/* The bytes as base64. */
void tw__print_base64(tw__bytes *t, const void *from, size_t n);
