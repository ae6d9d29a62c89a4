/* det.c - the determinant of a square matrix by minors along the first row.
 *
 * The minors of the last s rows are numbered by their sets of s columns, in order of the set as a binary number. A level
 * is one vector, so each minor is computed once: 2^ell of them, where the recursion as written makes ell! products.
 */
#include "bench/gradbench/gradbench.h"

#include <stdlib.h>

enum { A, COLUMN, REST };       /* for each level, set and column of the set: the column, and the number of the set without it */
enum { ELL };
enum { LARGEST = 16 };

static void read_input(job *j)
{
    const int64_t ell = integer(j, "ell");
    j->in[A] = numbers(j, "A");
    j->size[ELL] = ell;
    if (ell < 1 || ell > LARGEST) fault(j, "ell is %lld", (long long)ell);
    if (*j->error) return;

    const int64_t sets = (int64_t)1 << ell, all = sets / 2 * ell;       /* columns of all sets */
    int64_t *column = malloc((size_t)all * sizeof *column), *rest = malloc((size_t)all * sizeof *rest), n = 0;
    int64_t *place = malloc((size_t)sets * sizeof *place);              /* of a set among those of its size */
    if (!column || !rest || !place) fault(j, "no memory");
    for (int64_t s = 0; s <= ell && !*j->error; s++)
        for (int64_t set = 0, next = 0; set < sets; set++) {
            if (__builtin_popcountll((unsigned long long)set) != s) continue;
            place[set] = next++;
            for (int64_t c = 0; c < ell; c++)
                if (set >> c & 1) column[n] = c, rest[n++] = place[set & ~((int64_t)1 << c)];
        }
    if (!*j->error) {
        j->in[A] = tw_reshape(j->in[A], TW_SHAPE(ell, ell));
        j->in[COLUMN] = tw_data(j->cx, TW_I64, TW_SHAPE(all), column);
        j->in[REST] = tw_data(j->cx, TW_I64, TW_SHAPE(all), rest);
    }
    free(column);
    free(rest);
    free(place);
}

static tw_node *determinant(const job *j)
{
    static const double signs[LARGEST] = { 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1 };
    const int64_t ell = j->size[ELL];
    tw_node *minors = tw_ones(j->cx, TW_SHAPE(1));
    int64_t begin = 0;
    for (int64_t s = 1, sets = ell; s <= ell; sets = sets * (ell - s) / (s + 1), s++) {
        const tw_shape shape = TW_SHAPE(sets, s);
        tw_node *column = tw_reshape(tw_slice(j->in[COLUMN], .start = { begin }, .size = { sets * s }), shape);
        tw_node *rest = tw_reshape(tw_slice(j->in[REST], .start = { begin }, .size = { sets * s }), shape);
        tw_node *row = tw_mul(tw_take(tw_index(j->in[A], .at = ell - s), column), tw_data(j->cx, TW_F64, TW_SHAPE(s), signs));
        minors = tw_sum(tw_mul(row, tw_take(minors, rest)), .axes = TW_AXES(1));
        begin += sets * s;
    }
    return tw_reshape(minors, TW_SCALAR_SHAPE);
}

static void primal(job *j)   { answer(j, NULL, determinant(j)); }
static void gradient(job *j) { answer(j, NULL, tw_reshape(tw_grad(determinant(j), j->in[A]), TW_SHAPE(-1))); }

static json_t *sample(void) { return json_pack("{s:o, s:i}", "A", DRAWN(UNIFORM, 100), "ell", 10); }

const evaluation det_evaluation = {
    .name = "det", .read = read_input, .sample = sample,
    .functions = (const function[]){ { .name = "primal", .run = primal }, { .name = "gradient", .run = gradient }, { 0 } },
};
