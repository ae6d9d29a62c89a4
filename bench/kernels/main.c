/* main.c - single operations against the best that this machine can do.
 *
 *     kernels [--smoke] [--threads 1,2] [--peers PYTHON SCRIPT] [SECTION ... [--only NAME]]
 *
 * Sections: machine, products, convolutions, elementwise, rows, busy, demo; all without one. Prints a JSON line for each row:
 * our median, the best peer's of the same run, taken in turn, and their ratio, above 1 where we are faster; at the end of
 * a section a line with the geometric mean and the least. Peers are oneDNN where it was found when this was built,
 * PyTorch and NumPy by PYTHON SCRIPT (`./dev bench kernels` knows where they are), and loops that show what the
 * memory can do. Ours is a whole evaluation of a graph that was seen before, unless the row says otherwise.
 * --smoke does everything once, what is long or needs Python left out: whether the program works, no figures.
 */
#include "bench/kernels/machine.h"
#include "bench/kernels/contest.h"
#include "bench/kernels/remote.h"
#include <stdio.h>
#include <string.h>

static const struct { const char *name; void (*run)(void); } sections[] = {
    { "machine", machine }, { "products", products }, { "convolutions", convolutions }, { "elementwise", elementwise },
    { "rows", rows }, { "busy", busy_core }, { "demo", demo },
};
enum { SECTIONS = sizeof sections / sizeof *sections };

static int usage(void)
{
    fputs("usage: kernels [--smoke] [--threads 1,2] [--peers PYTHON SCRIPT] [--only NAME] [SECTION ...]\nsections:", stderr);
    for (int i = 0; i < SECTIONS; i++) fprintf(stderr, " %s", sections[i].name);
    fputs("\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    bool chosen[SECTIONS] = { false }, any = false;
    set.n_threads = 2, set.threads[0] = 1, set.threads[1] = 2;
    for (int i = 1; i < argc; i++) {
        bool known = false;
        for (int k = 0; k < SECTIONS; k++)
            if (!strcmp(argv[i], sections[k].name)) chosen[k] = any = known = true;
        if (known) continue;
        if (!strcmp(argv[i], "--smoke")) set.smoke = true;
        else if (!strcmp(argv[i], "--only") && i + 1 < argc) set.name = argv[++i];
        else if (!strcmp(argv[i], "--threads") && i + 1 < argc) set.n_threads = sscanf(argv[++i], "%d,%d", &set.threads[0], &set.threads[1]);
        else if (!strcmp(argv[i], "--peers") && i + 2 < argc) remote_open(argv[i + 1], argv[i + 2]), i += 2;
        else return usage();
    }
    if (set.n_threads < 1 || set.threads[0] < 1) return usage();
    for (int k = 0; k < SECTIONS; k++)
        if (chosen[k] || !any) sections[k].run();
    remote_close();
    return 0;
}
