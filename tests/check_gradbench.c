/* check_gradbench.c - build/bench/gradbench answers GradBench's requests as JAX does.
 *
 * data/gradbench.jsonl has the requests and the answers; tools/reference_gradbench.py wrote it. Elements are compared
 * as GradBench compares them, |x - y| / max(1, |x| + |y|), but with 1e-8.
 */
#include "tests/folder.h"

#include <jansson.h>

/* What the program says to the lines, and whether it ended well. */
static json_t *said(const char *requests, size_t bytes)
{
    char command[1200];
    put("requests", requests, bytes);
    snprintf(command, sizeof command, "%s <%s >%s", GRADBENCH, in_folder("requests"), in_folder("replies"));
    ck_assert_int_eq(system(command), 0);
    FILE *f = fopen(in_folder("replies"), "r");
    ck_assert_ptr_nonnull(f);
    json_t *all = json_array(), *one;
    while ((one = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL))) json_array_append_new(all, one);
    fclose(f);
    return all;
}

static double distance(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b)) {
        const double x = json_number_value(a), y = json_number_value(b);
        return fabs(x - y) / fmax(1, fabs(x) + fabs(y));
    }
    double most = 0;
    const char *key;
    size_t i;
    json_t *v;
    if (json_is_array(a) && json_array_size(a) == json_array_size(b)) {
        json_array_foreach((json_t *)(uintptr_t)a, i, v) most = fmax(most, distance(v, json_array_get(b, i)));
        return most;
    }
    if (!json_is_object(a) || json_object_size(a) != json_object_size(b)) return (double)INFINITY;
    json_object_foreach((json_t *)(uintptr_t)a, key, v) most = fmax(most, distance(v, json_object_get(b, key)));
    return most;
}

START_TEST(answers_are_those_of_jax)
{
    json_t *cases = json_array(), *one;
    FILE *f = fopen(TESTS_DATA "/gradbench.jsonl", "r");
    ck_assert_ptr_nonnull(f);
    char *requests = NULL;
    size_t bytes = 0, i;
    FILE *to = open_memstream(&requests, &bytes);
    while ((one = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL))) {
        json_array_append_new(cases, one);
        json_dumpf(json_object_get(one, "request"), to, JSON_COMPACT | JSON_REAL_PRECISION(17));
        putc('\n', to);
    }
    fclose(f);
    fclose(to);
    ck_assert_uint_ge(json_array_size(cases), 40);
    json_t *replies = said(requests, bytes);
    ck_assert_uint_eq(json_array_size(replies), json_array_size(cases));
    json_array_foreach(cases, i, one) {
        const json_t *request = json_object_get(one, "request"), *reply = json_array_get(replies, i);
        const double d = distance(json_object_get(reply, "output"), json_object_get(one, "output"));
        if (!(d <= 1e-8)) {
            const char *error = json_string_value(json_object_get(reply, "error"));
            ck_abort_msg("%s %s, case %d: %g %s", json_string_value(json_object_get(request, "module")),
                         json_string_value(json_object_get(request, "function")), (int)i, d, error ? error : "");
        }
    }
    free(requests);
    json_decref(replies);
    json_decref(cases);
}
END_TEST

/* One line and its reply, without the times that a run took. */
static const struct { const char *request, *reply; } talk[] = {
    { "{\"id\":0,\"kind\":\"start\",\"eval\":\"gmm\",\"config\":{}}", "{\"id\":0,\"tool\":\"thalweg\"}" },
    { "{\"id\":1,\"kind\":\"define\",\"module\":\"gmm\"}", "{\"id\":1,\"success\":true}" },
    { "{\"id\":2,\"kind\":\"define\",\"module\":\"none\"}", "{\"id\":2,\"success\":false}" },
    { "{\"id\":3,\"kind\":\"analysis\",\"of\":2,\"valid\":true}", "{\"id\":3}" },
    { "{\"id\":4,\"kind\":\"evaluate\",\"module\":\"lse\",\"function\":\"cost\",\"input\":{}}",
      "{\"id\":4,\"success\":false,\"error\":\"no function cost of lse\"}" },
    { "{\"id\":5,\"kind\":\"evaluate\",\"module\":\"lse\",\"function\":\"primal\",\"input\":{}}",
      "{\"id\":5,\"success\":false,\"error\":\"no x in the input\"}" },
    { "{\"id\":6,\"kind\":\"evaluate\",\"module\":\"kmeans\",\"function\":\"cost\",\"input\":{\"points\":[[1,2],[3]],\"centroids\":[[1,2]]}}",
      "{\"id\":6,\"success\":false,\"error\":\"points is not a table of numbers\"}" },
    { "{\"id\":7,\"kind\":\"evaluate\",\"module\":\"kmeans\",\"function\":\"cost\",\"input\":{\"points\":[[1,2]],\"centroids\":[[1,2,3]]}}",
      "{\"id\":7,\"success\":false,\"error\":\"matmul: shape: inner dimensions 2 and 3 differ: [1, 2] by [1, 3] transposed\"}" },
    { "{\"id\":8,\"kind\":\"evaluate\",\"module\":\"hello\",\"function\":\"double\",\"input\":5.0}", "{\"id\":8,\"success\":true,\"output\":10.0}" },
};

START_TEST(the_protocol)
{
    char line[300];
    snprintf(line, sizeof line, "%s\n", talk[_i].request);
    json_t *replies = said(line, strlen(line)), *reply = json_array_get(replies, 0), *want = json_loads(talk[_i].reply, 0, NULL);
    json_object_del(reply, "timings");
    char *text = json_dumps(reply, JSON_COMPACT);
    ck_assert_ptr_nonnull(want);
    ck_assert_msg(json_equal(reply, want), "%s", text);
    free(text);
    json_decref(want);
    json_decref(replies);
}
END_TEST

START_TEST(runs_as_often_as_asked)
{
    static const char line[] = "{\"id\":1,\"kind\":\"evaluate\",\"module\":\"llsq\",\"function\":\"gradient\","
                               "\"input\":{\"x\":[1,2,3],\"n\":5,\"min_runs\":7,\"min_seconds\":0}}\n";
    json_t *replies = said(line, sizeof line - 1), *timings = json_object_get(json_array_get(replies, 0), "timings"), *one;
    size_t i;
    ck_assert_uint_eq(json_array_size(timings), 8);
    json_array_foreach(timings, i, one) {
        ck_assert_str_eq(json_string_value(json_object_get(one, "name")), i ? "evaluate" : "prepare");
        ck_assert_int_gt(json_integer_value(json_object_get(one, "nanoseconds")), 0);
    }
    json_decref(replies);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gradbench");
    TCase *t = tcase_create("gradbench");
    tcase_add_checked_fixture(t, folder_make, folder_drop);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, answers_are_those_of_jax);
    tcase_add_loop_test(t, the_protocol, 0, (int)(sizeof talk / sizeof *talk));
    tcase_add_test(t, runs_as_often_as_asked);
    suite_add_tcase(s, t);
    return rig_run(s);
}
