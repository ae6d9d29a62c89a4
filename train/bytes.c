/* bytes.c - bytes that grow, and texts as HTML wants them.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/bytes_impl.h"

#include <stdarg.h>
#include <string.h>

/* Room for n more. */
static bool room_for(tw__bytes *t, size_t n)
{
    if (t->n + n <= t->room) return true;
    const size_t room = 2 * (t->n + n) + 64;
    char *b = tw_ok(t->cx) ? tw_resize(t->cx, t->b, t->room, room) : NULL;
    if (b) t->b = b, t->room = room;
    return b;
}

void tw__bytes_put(tw__bytes *t, const void *from, size_t n)
{
    if (!n || !room_for(t, n)) return;
    memcpy(t->b + t->n, from, n);
    t->n += n;
}

void tw__bytes_drop(tw__bytes *t)
{
    if (t->b) tw_resize(t->cx, t->b, t->room, 0);
    *t = (tw__bytes){ .cx = t->cx };
}

void tw__print(tw__bytes *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    va_list again;
    va_copy(again, ap);
    const int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n > 0 && room_for(t, (size_t)n + 1)) {
        vsnprintf(t->b + t->n, (size_t)n + 1, format, again);
        t->n += (size_t)n;
    }
    va_end(again);
}

void tw__print_text(tw__bytes *t, const char *text) { tw__bytes_put(t, text, strlen(text)); }

size_t tw__utf8_length(const unsigned char *s)
{
    const size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return n;
}

void tw__print_escaped(tw__bytes *t, const char *text)
{
    for (const unsigned char *s = (const unsigned char *)text; *s; ) {
        const size_t n = tw__utf8_length(s);
        switch (*s) {
        case '&':  tw__print_text(t, "&amp;");  break;
        case '<':  tw__print_text(t, "&lt;");   break;
        case '>':  tw__print_text(t, "&gt;");   break;
        case '"':  tw__print_text(t, "&quot;"); break;
        case '\'': tw__print_text(t, "&#39;");  break;
        default:
            if (n == 0 || *s < ' ' || *s == 0x7f) tw__print_text(t, *s == '\n' || *s == '\t' ? " " : "?");
            else tw__bytes_put(t, s, n);
        }
        s += n ? n : 1;
    }
}

void tw__print_base64(tw__bytes *t, const void *from, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *b = from;
    for (size_t i = 0; i < n; i += 3) {
        const unsigned three = (unsigned)b[i] << 16 | (i + 1 < n ? (unsigned)b[i + 1] << 8 : 0) | (i + 2 < n ? b[i + 2] : 0);
        char four[4] = { digit[three >> 18], digit[three >> 12 & 63], digit[three >> 6 & 63], digit[three & 63] };
        if (i + 1 >= n) four[2] = '=';
        if (i + 2 >= n) four[3] = '=';
        tw__bytes_put(t, four, 4);
    }
}
