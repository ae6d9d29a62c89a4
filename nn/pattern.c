/* pattern.c - does a path match "generator/" and a star?
 *
 * A star takes as little as it can; on a mismatch the latest star takes one character more. An
 * earlier star never needs to be revisited, so this is at most pattern times text, without recursion.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"

bool tw__matches(const char *pattern, const char *text)
{
    if (!pattern) return true;
    const char *star = NULL, *resume = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return !*pattern;
}
