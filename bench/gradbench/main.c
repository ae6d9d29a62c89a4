/* main.c - GradBench's protocol: one JSON object a line, in and out.
 *
 * usage: gradbench                     answer requests from standard input until it ends
 *        gradbench --ratios [NAME ...] time of the derivative by that of its function, on inputs made here
 *
 * A request to evaluate runs the function until both of min_runs and min_seconds are reached. One run builds the
 * graph, the derivative's too, and computes it; structures that come again use the plan of the first run. Reading
 * the input is "prepare". One thread, unless TW_THREADS says otherwise. tools/gradbench_inputs.py asks GradBench's own
 * inputs and checks the answers.
 */
#include "bench/gradbench/gradbench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const evaluation *const evaluations[] = {
#define EVALUATION(name) &name##_evaluation,
#include "bench/gradbench/evaluations.def"
#undef EVALUATION
};
enum { EVALUATIONS = sizeof evaluations / sizeof *evaluations };

static const evaluation *evaluation_called(const char *name)
{
    for (int i = 0; name && i < EVALUATIONS; i++)
        if (!strcmp(evaluations[i]->name, name)) return evaluations[i];
    return NULL;
}

static const function *function_called(const evaluation *e, const char *name)
{
    for (const function *f = e ? e->functions : NULL; name && f && f->name; f++)
        if (!strcmp(f->name, name)) return f;
    return NULL;
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- one request --------------------------------------------------------------------------- */

static job job_begin(const evaluation *e, const json_t *input)
{
    job j = { .cx = tw_open(.dtype = TW_F64, .threads = getenv("TW_THREADS") ? 0 : 1), .input = input };
    e->read(&j);
    int n = 0;
    while (n < (int)(sizeof j.in / sizeof *j.in) && j.in[n]) n++;
    if (!*j.error) tw_eval_nodes(n, j.in);
    return j;
}

/* Builds and computes; what was answered stays until the scope ends. Nanoseconds. */
static int64_t job_run(job *j, const function *f)
{
    const int64_t since = now();
    j->outs = 0;
    f->run(j);
    tw_eval_nodes(j->outs, j->out);
    return now() - since;
}

static json_t *printed(const job *j, const function *f)
{
    if (f->print) return f->print(j);
    if (!j->name[0]) return lists(j->out[0]);
    json_t *all = json_object();
    for (int i = 0; i < j->outs; i++) json_object_set_new(all, j->name[i], lists(j->out[i]));
    return all;
}

/* Whether the job went well; closes its context and says what went wrong. */
static bool job_end(job *j)
{
    tw_error e;
    if (tw_error_take(j->cx, &e)) fault(j, "%s: %s: %s", e.op, tw_code_name(e.code), e.text);
    tw_close(j->cx);
    return !*j->error;
}

static json_t *timing(const char *name, int64_t nanoseconds)
{
    return json_pack("{s:s, s:I}", "name", name, "nanoseconds", (json_int_t)nanoseconds);
}

static void evaluate(const json_t *request, json_t *reply)
{
    const json_t *input = json_object_get(request, "input");
    const char *module = json_string_value(json_object_get(request, "module"));
    const char *name = json_string_value(json_object_get(request, "function"));
    const evaluation *e = evaluation_called(module);
    const function *f = function_called(e, name);
    if (!f) {
        json_object_set_new(reply, "error", json_sprintf("no function %s of %s", name ? name : "?", module ? module : "?"));
        return;
    }
    const json_int_t min_runs = json_integer_value(json_object_get(input, "min_runs"));
    const double min_seconds = json_number_value(json_object_get(input, "min_seconds"));

    const int64_t since = now();
    job j = job_begin(e, input);
    json_t *timings = json_array(), *output = NULL;
    json_array_append_new(timings, timing("prepare", now() - since));
    int64_t spent = 0;
    for (json_int_t runs = 1; !output && !*j.error && tw_ok(j.cx); runs++) {
        TW_SCOPE(j.cx);
        const int64_t took = job_run(&j, f);
        spent += took;
        json_array_append_new(timings, timing("evaluate", took));
        if (runs >= min_runs && (double)spent >= 1e9 * min_seconds && tw_ok(j.cx)) output = printed(&j, f);
    }
    if (job_end(&j)) {
        json_object_set_new(reply, "success", json_true());
        json_object_set(reply, "output", output);
        json_object_set(reply, "timings", timings);
    } else json_object_set_new(reply, "error", json_string(j.error));
    json_decref(output);
    json_decref(timings);
}

static json_t *reply_to(const json_t *request)
{
    json_t *reply = json_object(), *id = json_object_get(request, "id");
    const char *kind = json_string_value(json_object_get(request, "kind"));
    if (id) json_object_set(reply, "id", id);
    if (!kind) return reply;
    if (!strcmp(kind, "start")) json_object_set_new(reply, "tool", json_string("thalweg"));
    else if (!strcmp(kind, "define"))
        json_object_set_new(reply, "success", json_boolean(evaluation_called(json_string_value(json_object_get(request, "module")))));
    else if (!strcmp(kind, "evaluate")) {
        json_object_set_new(reply, "success", json_false());
        evaluate(request, reply);
    }
    return reply;
}

static int serve(void)
{
    char *line = NULL;
    size_t room = 0;
    for (ssize_t n; (n = getline(&line, &room, stdin)) > 0; ) {
        json_error_t e;
        json_t *request = json_loadb(line, (size_t)n, 0, &e);
        if (!request) {
            fprintf(stderr, "gradbench: %s, at character %d of a line\n", e.text, e.position);
            free(line);
            return 1;
        }
        json_t *reply = reply_to(request);
        json_dumpf(reply, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17));
        putchar('\n');
        fflush(stdout);
        json_decref(reply);
        json_decref(request);
    }
    free(line);
    return 0;
}

/* ---- ratios ------------------------------------------------------------------------------------ */

/* The shortest of many runs, in seconds: a second's worth, at least three. */
static double shortest(const evaluation *e, const function *f, const json_t *input, bool *good)
{
    job j = job_begin(e, input);
    int64_t least = INT64_MAX, spent = 0;
    for (int runs = 0; (runs < 3 || spent < 1000000000) && !*j.error && tw_ok(j.cx); runs++) {
        TW_SCOPE(j.cx);
        const int64_t took = job_run(&j, f);
        spent += took;
        if (took < least) least = took;
    }
    if (!job_end(&j)) fprintf(stderr, "gradbench: %s %s: %s\n", e->name, f->name, j.error), *good = false;
    return 1e-9 * (double)least;
}

static bool ratio(const evaluation *e)
{
    bool good = true;
    json_t *input = e->sample();
    const function *f = e->timed ? e->timed : e->functions;
    const double value = shortest(e, &f[0], input, &good), derivative = shortest(e, &f[1], input, &good);
    if (good) printf("{\"eval\": \"%s\", \"%s\": %.4g, \"%s\": %.4g, \"ratio\": %.2f}\n", e->name, f[0].name, value, f[1].name, derivative, derivative / value);
    fflush(stdout);
    json_decref(input);
    return good;
}

int main(int argc, char **argv)
{
    if (argc == 1) return serve();
    bool good = !strcmp(argv[1], "--ratios");
    for (int i = 2; i < argc; i++) good &= evaluation_called(argv[i]) != NULL;
    if (!good) {
        fprintf(stderr, "usage: gradbench [--ratios [NAME ...]]\n");
        return 2;
    }
    for (int i = 0; argc == 2 && i < EVALUATIONS; i++) good &= ratio(evaluations[i]);
    for (int i = 2; i < argc; i++) good &= ratio(evaluation_called(argv[i]));
    return !good;
}
