/* summary.c - the network as a table: a line for each parameter, and how many numbers there are.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include <string.h>

static const char *kind_of(const tw_net_item *item)
{
    return item->buffer ? "buffer" : item->frozen ? "frozen" : "";
}

/* 1234567 as 1,234,567. */
static const char *grouped(int64_t n, char text[32])
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%lld", (long long)n);
    int k = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) text[k++] = ',';
        text[k++] = digits[i];
    }
    text[k] = 0;
    return text;
}

void tw_net_summary(const tw_net *net, FILE *to)
{
    if (!to) to = stdout;
    int width = (int)strlen("parameter");
    TW_NET_EACH(item, net, NULL)
        if ((int)strlen(item->path) > width) width = (int)strlen(item->path);

    int64_t passes = 0;
    TW_NET_EACH(item, net, NULL)
        if (!passes || item->calls < passes) passes = item->calls;

    char shape[96], count[32];
    int64_t trained = 0, frozen = 0, buffers = 0;
    fprintf(to, "%-*s  %-20s %14s  uses\n", width, "parameter", "shape", "numbers");
    TW_NET_EACH(item, net, NULL) {
        const int64_t n = tw_count(item->cell);
        *(item->buffer ? &buffers : item->frozen ? &frozen : &trained) += n;
        fprintf(to, "%-*s  %-20s %14s  %4lld%s%s\n", width, item->path, tw_shape_text(item->cell->shape, shape, sizeof shape),
                grouped(n, count), (long long)(item->calls / passes),
                *kind_of(item) ? "  " : "", kind_of(item));
    }
    fprintf(to, "%s to be trained", grouped(trained, count));
    if (frozen)  fprintf(to, ", %s frozen", grouped(frozen, count));
    if (buffers) fprintf(to, ", %s in buffers", grouped(buffers, count));
    fprintf(to, "\n");
}
