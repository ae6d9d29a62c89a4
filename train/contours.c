/* contours.c - a function over a square as a picture: SVG.
 *
 * Each cell of the grid is two triangles, on which the function is linear. What lies above a level is
 * painted over what lies above the one before, whole cells of a row as one; where a level crosses a
 * triangle is a piece of the line of that height. Heights of different orders of magnitude have
 * levels of equal ratios instead of equal distances.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/landscape_impl.h"

#include <math.h>

enum { LEVELS = 12, LEFT = 56, TOP = 14, SIDE = 400, BAR = LEFT + SIDE + 18 };

typedef struct map {
    const double *z;
    int           n;
    double        low, high;
    bool          ratios;
    tw__bytes    *to;
} map;

typedef struct corner { double x, y, z; } corner;

#define PUT(...) tw__print(m->to, __VA_ARGS__)

/* From deep to high: always lighter, which everybody can tell. */
static void put_colour(const map *m, double share)
{
    static const unsigned char stop[][3] = { { 8, 38, 84 }, { 24, 84, 144 }, { 56, 133, 174 }, { 120, 181, 183 }, { 192, 217, 184 }, { 250, 243, 205 } };
    enum { LAST = sizeof stop / sizeof *stop - 1 };
    const double at = share * LAST;
    const int    k  = at >= LAST ? LAST - 1 : (int)at;
    int c[3];
    for (int i = 0; i < 3; i++) c[i] = (int)(stop[k][i] + (at - k) * (stop[k + 1][i] - stop[k][i]) + 0.5);
    PUT("#%02x%02x%02x", c[0], c[1], c[2]);
}

static double level(const map *m, int k)
{
    const double t = (double)k / LEVELS;
    return m->ratios ? m->low * pow(m->high / m->low, t) : m->low + (m->high - m->low) * t;
}

static corner corner_at(const map *m, int i, int j)
{
    const double z = m->z[(int64_t)j * m->n + i], cell = (double)SIDE / (m->n - 1);
    return (corner){ LEFT + i * cell, TOP + SIDE - j * cell, isfinite(z) ? z : m->high };
}

static corner crossing(const corner *a, const corner *b, double at)
{
    const double t = (at - a->z) / (b->z - a->z);
    return (corner){ a->x + t * (b->x - a->x), a->y + t * (b->y - a->y), at };
}

/* The part of a triangle that is at least that high. */
static void put_above(const map *m, const corner *t, double at)
{
    corner c[4];
    int n = 0;
    for (int k = 0; k < 3; k++) {
        const corner *a = &t[k], *b = &t[(k + 1) % 3];
        if (a->z >= at) c[n++] = *a;
        if ((a->z >= at) != (b->z >= at)) c[n++] = crossing(a, b, at);
    }
    for (int k = 0; k < n; k++) PUT("%c%.1f %.1f", k ? 'L' : 'M', c[k].x, c[k].y);
    if (n) PUT("Z");
}

static void put_line(const map *m, const corner *t, double at)
{
    corner c[3];
    int n = 0;
    for (int k = 0; k < 3; k++)
        if ((t[k].z >= at) != (t[(k + 1) % 3].z >= at)) c[n++] = crossing(&t[k], &t[(k + 1) % 3], at);
    if (n == 2) PUT("M%.1f %.1fL%.1f %.1f", c[0].x, c[0].y, c[1].x, c[1].y);
}

static int corners_above(const map *m, int i, int j, double at)
{
    int n = 0;
    for (int k = 0; k < 4; k++) n += corner_at(m, i + k % 2, j + k / 2).z >= at;
    return n;
}

/* f on both triangles of each cell that the level crosses. */
static void crossed(const map *m, double at, void (*f)(const map *m, const corner *t, double at))
{
    for (int j = 0; j + 1 < m->n; j++)
        for (int i = 0; i + 1 < m->n; i++) {
            const int above = corners_above(m, i, j, at);
            if (above == 0 || above == 4) continue;
            f(m, (const corner[]){ corner_at(m, i, j), corner_at(m, i + 1, j), corner_at(m, i, j + 1) }, at);
            f(m, (const corner[]){ corner_at(m, i + 1, j + 1), corner_at(m, i, j + 1), corner_at(m, i + 1, j) }, at);
        }
}

static void put_whole_cells(const map *m, double at)
{
    for (int j = 0; j + 1 < m->n; j++)
        for (int i = 0, end; i + 1 < m->n; i = end + 1) {
            for (end = i; end + 1 < m->n && corners_above(m, end, j, at) == 4; end++) { }
            const corner a = corner_at(m, i, j), b = corner_at(m, end, j + 1);
            if (end > i) PUT("M%.1f %.1fH%.1fV%.1fH%.1fZ", a.x, a.y, b.x, b.y, a.x);
        }
}

static void put_map(const map *m)
{
    PUT("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"", LEFT, TOP, SIDE, SIDE);
    put_colour(m, 0.5 / LEVELS);
    PUT("\"/>\n");
    for (int k = 1; k < LEVELS; k++) {
        PUT("<path fill=\"");
        put_colour(m, (k + 0.5) / LEVELS);
        PUT("\" d=\"");
        put_whole_cells(m, level(m, k));
        crossed(m, level(m, k), put_above);
        PUT("\"/>\n");
    }
    PUT("<path fill=\"none\" stroke=\"#001a33\" stroke-opacity=\"0.55\" stroke-width=\"0.8\" stroke-linecap=\"round\" d=\"");
    for (int k = 1; k < LEVELS; k++) crossed(m, level(m, k), put_line);
    PUT("\"/>\n");
}

static void put_axes(const map *m, double reach)
{
    for (int k = -2; k <= 2; k++) {
        const double x = LEFT + SIDE * (k + 2) / 4.0, y = TOP + SIDE * (2 - k) / 4.0;
        PUT("<path stroke=\"#5c6670\" d=\"M%.1f %dv4M%d %.1fh-4\"/>", x, TOP + SIDE, LEFT, y);
        PUT("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.3g</text>", x, TOP + SIDE + 18, reach * k / 2);
        PUT("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3g</text>\n", LEFT - 8, y + 4, reach * k / 2);
    }
    PUT("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">first direction</text>", LEFT + SIDE / 2, TOP + SIDE + 38);
    PUT("<text transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\">second direction</text>\n", TOP + SIDE / 2);
}

static void put_bar(const map *m)
{
    const double step = (double)SIDE / LEVELS;
    for (int k = 0; k < LEVELS; k++) {
        PUT("<rect x=\"%d\" y=\"%.2f\" width=\"14\" height=\"%.2f\" fill=\"", BAR, TOP + SIDE - (k + 1) * step, step + 0.3);
        put_colour(m, (k + 0.5) / LEVELS);
        PUT("\"/>");
    }
    for (int k = 0; k <= LEVELS; k += 2)
        PUT("<text x=\"%d\" y=\"%.1f\">%.3g</text>\n", BAR + 20, TOP + SIDE - k * step + 4, level(m, k));
}

void tw__contours(const double *z, int n, double reach, tw__bytes *to)
{
    map all = { z, n, (double)INFINITY, -(double)INFINITY, false, to }, *m = &all;
    for (int64_t i = 0; i < (int64_t)n * n; i++)
        if (isfinite(z[i])) all.low = fmin(all.low, z[i]), all.high = fmax(all.high, z[i]);
    if (!(all.high > all.low)) all.low = isfinite(all.low) ? all.low : 0, all.high = all.low + 1;
    all.ratios = all.low > 0 && all.high > 20 * all.low;
    PUT("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 540 460\" width=\"540\" height=\"460\" font-family=\"sans-serif\" font-size=\"12\" "
        "fill=\"#1c2024\">\n<title>loss over two random directions</title>\n<rect width=\"540\" height=\"460\" fill=\"#fff\"/>\n");
    put_map(m), put_axes(m, reach), put_bar(m);
    PUT("<circle cx=\"%d\" cy=\"%d\" r=\"4\" fill=\"#fff\" stroke=\"#001a33\" stroke-width=\"1.5\"><title>the weights as they are</title></circle>\n</svg>\n",
        LEFT + SIDE / 2, TOP + SIDE / 2);
}
