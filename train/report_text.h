/* report_text.h - the style and the script of a page, line by line; NULL at the end. */
#pragma once

extern const char *const tw__report_css[], *const tw__report_js[];
