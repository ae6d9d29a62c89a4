/* check_report.c - pages about runs: what is on them, that they load nothing, and that no text from outside breaks them; landscapes. */
#define _GNU_SOURCE
#include "core/op.h"
#include "ops/ops.h"
#include "tests/folder.h"
#include "train/train.h"

#include <math.h>

static char page[1 << 20];

/* The page in memory; its length. */
static size_t read_page(const char *name)
{
    const size_t n = get(name, page, sizeof page - 1);
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_lt(n, sizeof page - 1);
    page[n] = 0;
    return n;
}

static int count(const char *what)
{
    int n = 0;
    for (const char *c = page; (c = strstr(c, what)); c++) n++;
    return n;
}

#define HAS(text)   ck_assert_msg(strstr(page, text), "the page has no \"%s\"", text)
#define LACKS(text) ck_assert_msg(!strstr(page, text), "the page has \"%s\"", text)

/* As a browser would: elements closed, nothing from elsewhere, no handlers, no scripts but those with the page's number. */
static void parses(const char *name, int scripts)
{
    static const char program[] =
        "import sys, html.parser\n"
        "open_ = []; scripts = []; bad = []\n"
        "void = {'meta', 'img', 'br'}\n"
        "class P(html.parser.HTMLParser):\n"
        "    def handle_starttag(self, tag, attrs):\n"
        "        if tag not in void: open_.append(tag)\n"
        "        if tag in ('link', 'iframe', 'object', 'embed', 'base', 'form'): bad.append(tag)\n"
        "        if tag == 'script': scripts.append(dict(attrs))\n"
        "        for k, v in attrs:\n"
        "            if k.startswith('on') or k in ('srcset', 'action', 'background'): bad.append(k)\n"
        "            if k in ('src', 'href', 'xlink:href') and not v.startswith('data:image/png;base64,'): bad.append(v)\n"
        "    def handle_startendtag(self, tag, attrs):\n"
        "        self.handle_starttag(tag, attrs)\n"
        "        if tag not in void: open_.pop()\n"
        "    def handle_endtag(self, tag):\n"
        "        if not open_ or open_.pop() != tag: bad.append('/' + tag)\n"
        "P().feed(open(sys.argv[1]).read())\n"
        "assert not bad and not open_, (bad[:5], open_[:5])\n"
        "assert len(scripts) == int(sys.argv[2]), scripts\n"
        "assert all(s.get('type') == 'text/plain' or len(s['nonce']) == 32 for s in scripts)\n";
    char command[4096];
    if (system("command -v python3 >/dev/null 2>&1")) return;
    put("parse.py", program, sizeof program - 1);
    snprintf(command, sizeof command, "python3 %s %s %d", in_folder("parse.py"), in_folder(name), scripts);
    ck_assert_msg(system(command) == 0, "%s does not parse", name);
}

static void without_chart_js(void) { setenv("TW_CHART_JS", "", 1); }

/* A library of ours, which says the worst. */
static void hostile_chart_js(void)
{
    static const char text[] = "var a = '</script><img src=x onerror=alert(1)>', b = '<!--<script>', c = '</SCRIPT >', Chart = 1 < 2;";
    put("chart.js", text, sizeof text - 1);
    setenv("TW_CHART_JS", in_folder("chart.js"), 1);
}

/* ---- what is on a page ------------------------------------------------------------------------- */

static tw_dataset *pictures(tw_ctx *cx, int n)
{
    uint64_t seed = 1;
    float *x = malloc((size_t)n * 36 * sizeof *x);
    int32_t *y = malloc((size_t)n * sizeof *y);
    for (int i = 0; i < n; i++) {
        y[i] = (int32_t)(noise_bits(&seed) % 4);
        for (int k = 0; k < 36; k++) x[36 * i + k] = (float)(noise(&seed, 0, 1) + (k / 18 * 2 + k % 6 / 3 == y[i] ? 0.3 : 0));
    }
    TW_SCOPE(cx);
    tw_dataset *d = tw_dataset_tensors(tw_data(cx, TW_F32, TW_SHAPE(n, 6, 6, 1), x), tw_data(cx, TW_I32, TW_SHAPE(n), y));
    free(x), free(y);
    return d;
}

static tw_node *model(tw_net *net, tw_node *x, void *user)
{
    (void)user;
    x = tw_relu(tw_nn_batch_norm(net, "norm", tw_nn_conv2d(net, "conv", x, .filters = 4, .kernel = {3})));
    x = tw_nn_dropout(net, tw_flatten(x), .p = 0.3);
    return tw_nn_dense(net, "out", x, .units = 4);
}

static tw_fit_result fitted(tw_ctx *cx, tw_net *net, const char *report, const char *checkpoint, int epochs)
{
    tw_dataset *train, *valid;
    tw_dataset_split(pictures(cx, 90), &train, &valid);
    tw_opt *opt = tw_adam(net, .lr = 0.01, .average = tw_ema(0.9), .accumulate = 2);
    return tw_fit(net, model, .loss = tw_cross_entropy_loss, .metric = tw_accuracy_metric, .opt = opt, .train = train, .valid = valid, .epochs = epochs,
                  .batch = 8, .quiet = true, .report = report, .events = report ? in_folder("events") : NULL, .checkpoint = checkpoint, .keep_best = true);
}

START_TEST(a_run_has_a_page_and_the_same_bits)
{
    tw_ctx *cx = tw_open(.seed = 3), *own = tw_open(.seed = 3);
    tw_net *net = tw_net_new(cx), *other = tw_net_new(own);
    hostile_chart_js();
    ck_assert(fitted(cx, net, in_folder("run.html"), NULL, 3).ok);
    ok(cx);
    ck_assert(fitted(own, other, NULL, NULL, 3).ok);
    ck_assert_uint_eq(tw_random_count(cx), tw_random_count(own));
    TW_NET_EACH(item, net, NULL) ck_assert_msg(same_bits(item->cell, tw_net_param(other, item->path)), "%s", item->path);

    read_page("events/scalars.csv");
    HAS("\n1,gradient norm/conv,"), HAS("\n27,gradient norm/all,"), HAS("\n1,learning rate/rate,0.01"), HAS("\n27,epoch/valid_loss,");
    read_page("run.html");
    static const char *const parts[] = {
        "<title>run.html</title>", "default-src 'none'", "<dt>optimiser</dt><dd>adam</dd>", "<h3>loss</h3>", "<h3>metric</h3>", "<h3>learning rate</h3>",
        "<h3>gradient norm</h3>", "tag loss/each%20step 1\n", "tag loss/valid 1\n", "tag gradient%20norm/all 1\n", "tag gradient%20norm/conv 1\n",
        "<h2>weights</h2>", "<h3>conv/weight</h3>", "<h2>activations</h2>", "<h3>norm</h3>", "<h2>Confusion</h2>", "<h2>Worst mistakes</h2>",
        "<h2>Time by layer</h2>", "<tr><th>conv</th><td class=bars>", "<h2>Graph</h2>", "canvas data-chart=3", "new Chart(",
    };
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) HAS(parts[k]);
    LACKS("summary>points");
#ifdef TW_HAVE_PNG
    HAS("<img src=\"data:image/png;base64,iVBORw0KGgo");
#endif
    if (system("command -v dot >/dev/null 2>&1") == 0) HAS("<polygon"), HAS("check_report.c:");
    parses("run.html", 3);
    ck_assert_int_eq(tw_close(cx) + tw_close(own), 0);
}
END_TEST

START_TEST(without_chart_js_there_are_tables)
{
    tw_ctx *cx = tw_open(.seed = 3);
    without_chart_js();
    fitted(cx, tw_net_new(cx), in_folder("run.html"), NULL, 2);
    ok(cx);
    read_page("run.html");
    HAS("<summary>points</summary>");
    HAS("<path class=line style=\"stroke:var(--c3)\" d=\"M");
    LACKS("<canvas"), LACKS("new Chart("), LACKS("nonce=\"");
    parses("run.html", 1);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(debian_s_chart_js_is_embedded_whole)
{
    static const char path[] = "/usr/share/javascript/chart.js/chart.min.js";
    static char library[1 << 19];
    FILE *f = fopen(path, "rb");
    if (!f) return;                 /* not installed */
    const size_t n = fread(library, 1, sizeof library - 1, f);
    fclose(f);
    library[n] = 0;
    unsetenv("TW_CHART_JS");
    tw_ctx *cx = tw_open();
    tw_report *r = tw_report_open(cx, in_folder("p.html"), .title = "one");
    tw_report_scalar(r, "loss/train", 1, 2);
    ck_assert(tw_report_write(r));
    read_page("p.html");
    HAS("<h1>one</h1>");
    const char *from = strstr(page, "/*!");
    ck_assert(from && !strncmp(from, library, 2000));
    ck_assert_ptr_nonnull(strstr(from, library + n - 200));
    parses("p.html", 3);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- texts from outside ------------------------------------------------------------------------ */

static const char evil[] = "</title></script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;\n\x01\xff\xc3%s%n";

static void evil_page(tw_ctx *cx, bool graph)
{
    char tag[400];
    tw_report *r = tw_report_open(cx, in_folder("evil.html"), .title = evil);
    tw_report_note(r, evil, evil);
    tw_report_scalar(r, evil, 1, (double)NAN);
    snprintf(tag, sizeof tag, "a/%s", evil);
    tw_report_scalar(r, tag, 2, (double)INFINITY);
    tw_report_histogram(r, tag, tw_data(cx, TW_F32, TW_SHAPE(4), ((float[]){ NAN, 1, 0, 2 })));
    tw_report_histogram(r, evil, tw_fill(cx, TW_SHAPE(3)));
    tw_net *net = tw_net_new(cx);
    tw_node *y = tw_nn_dense(net, "<script>alert(3)</script>", tw_fill(cx, TW_SHAPE(2, 3), .value = 1), .units = 2);
    tw_report_network(r, net, y);
#ifdef TW_HAVE_PNG
    tw_report_picture(r, evil, tw_fill(cx, TW_SHAPE(2, 2), .value = 0.5));
#endif
    if (graph) tw_report_graph(r, 1, (tw_node *[]){ tw_named(tw_sum(y), evil) });
    tw_report_write(r);
}

START_TEST(hostile_texts_stay_texts)
{
    tw_ctx *cx = tw_open();
    hostile_chart_js();
    evil_page(cx, true);
    ok(cx);
    read_page("evil.html");
    LACKS("<script>alert"), LACKS("<img src=x onerror=alert(2)"), LACKS("\xff"), LACKS("\x01"), LACKS("'</script>");
    ck_assert_int_eq(count("<script"), 3);
    HAS("'<\\/script><img src=x onerror=alert(1)>'"), HAS("'<\\!--<\\x73cript>'"), HAS("'<\\/SCRIPT >'");
    HAS("&lt;/title&gt;&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img");
    parses("evil.html", 3);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- numbers ------------------------------------------------------------------------------------ */

START_TEST(numbers_are_taken_over)
{
    tw_ctx *cx = tw_open();
    without_chart_js();
    const char *path = in_folder("p.html");
    tw_report *r = tw_report_open(cx, path);
    for (int step = 1; step < 6; step++) tw_report_scalar(r, evil, step, 0.5 * step), tw_report_scalar(r, "b/c d", step, step == 2 ? (double)NAN : -step);
    ck_assert(tw_report_write(r));
    r = tw_report_open(cx, path, .from = 4);
    tw_report_scalar(r, "b/c d", 4, 7);
    ck_assert(tw_report_write(r));
    ok(cx);
    read_page("p.html");
    HAS("tag b/c%20d 1\n1 -1\n2 nan\n3 -3\n4 7\n");
    HAS("%22%27%3e%3cimg%20src%3dx"), HAS("%3f%25s%25n 1\n1 0.5\n2 1\n3 1.5\n");
    LACKS("\n4 2\n"), LACKS("\n5 -5\n");

    static const char damaged[] = "id=\"numbers\"\ntag\ntag x\ntag y 0\n1 2\ntag %zz%4 3\n1 5\nnonsense\n99999999999999999999999 1\n2 x\n";
    put("d.html", damaged, sizeof damaged - 1);
    ck_assert(tw_report_write(tw_report_open(cx, in_folder("d.html"), .from = 9)));
    read_page("d.html");
    HAS("tag %25zz%254 3\n1 5\n");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* However many there are, a line has some thousand points, which keep the mean. */
START_TEST(long_lines_become_shorter)
{
    tw_ctx *cx = tw_open();
    without_chart_js();
    tw_report *r = tw_report_open(cx, in_folder("p.html"));
    for (int step = 1; step <= 100000; step++) tw_report_scalar(r, "loss", step, step % 2);
    ck_assert(tw_report_write(r));
    const size_t n = read_page("p.html");
    ck_assert_uint_lt(n, 40000);
    const char *at = strstr(page, "tag loss 128\n");
    ck_assert_ptr_nonnull(at);
    int points = 0;
    for (at = strchr(at, '\n') + 1; *at != '<'; at = strchr(at, '\n') + 1, points++) {
        int step;
        double value;
        ck_assert_int_eq(sscanf(at, "%d %lf", &step, &value), 2);
        ck_assert(step == 128 * (points + 1) && value == 0.5);
    }
    ck_assert_int_eq(points, 100000 / 128);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

#ifdef TW_HAVE_JANSSON
START_TEST(a_run_that_goes_on_keeps_its_page)
{
    without_chart_js();
    for (int epochs = 1; epochs < 3; epochs++) {
        tw_ctx *cx = tw_open(.seed = 3);
        ck_assert_int_eq(fitted(cx, tw_net_new(cx), in_folder("run.html"), in_folder("c"), epochs).resumed, epochs == 2);
        ok(cx);
        ck_assert_int_eq(tw_close(cx), 0);
    }
    read_page("run.html");
    const char *at = strstr(page, "tag loss/train 1\n9 ");
    ck_assert(at && strstr(at, "\n18 ") && strstr(at, "\n18 ") < strstr(at, "tag metric"));
    ck_assert_int_eq(count("tag loss/train"), 1);
}
END_TEST
#endif

/* ---- answers ------------------------------------------------------------------------------------- */

START_TEST(answers_are_counted)
{
    tw_ctx *cx = tw_open();
    without_chart_js();
    tw_dataset *d = pictures(cx, 4);
    const int32_t *y = tw_i32(tw_dataset_targets(d));
    float logits[16] = { 0 };
    for (int i = 0; i < 4; i++) logits[4 * i + (y[i] + (i == 1 ? 1 : i == 3 ? 2 : 0)) % 4] = i == 3 ? 9 : 2;
    tw_report *r = tw_report_open(cx, in_folder("p.html"));
    static const char *const names[] = { "one", "two", "<three>" };
    ck_assert(tw_dataset_name_classes(d, 3, names) && tw_dataset_classes(d) == 3);
    tw_report_answers(r, d, tw_data(cx, TW_F32, TW_SHAPE(4, 4), logits));
    ck_assert(tw_report_write(r));
    read_page("p.html");
    HAS("2 of 4 right: accuracy 0.5000"), HAS("<th>one</th>"), HAS("<th>&lt;three&gt;</th>"), HAS("<th>3</th>");
    const char *worst = strstr(page, "Worst mistakes"), *third = worst ? strstr(worst, "example 3<") : NULL;
    ck_assert(third && strstr(third, "example 1<"));
    LACKS("example 0<"), LACKS("example 2<");
    tw_report_answers(r, d, tw_data(cx, TW_F32, TW_SHAPE(2, 4), logits));       /* of the first ones */
    ck_assert(tw_report_write(r));
    read_page("p.html");
    HAS("1 of 2 right");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- times --------------------------------------------------------------------------------------- */

static void add_times(void *user, const tw_node *n, double ns)
{
    double *sum = user;
    sum[!strcmp(n->op->name, "matmul")] += ns;
}

START_TEST(times_are_those_of_nodes)
{
    tw_ctx *cx = tw_open();
    double sum[2] = { 0, 0 };
    TW_SCOPE(cx);
    ck_assert(!tw_profile(cx, true) && tw_profile(cx, true));
    tw_node *a = tw_normal(cx, TW_SHAPE(300, 300));
    tw_item(tw_mean(tw_exp(tw_matmul(a, a))));
    tw_plan_times(cx, add_times, sum);
    ck_assert(sum[1] > 1000 && sum[0] > 100 && sum[0] + sum[1] < 60e9);
    ck_assert(tw_profile(cx, false));
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- what is refused ----------------------------------------------------------------------------- */

START_TEST(what_pages_refuse)
{
    tw_ctx *cx = tw_open(), *other = tw_open(.on_error = rig_quiet);
    tw_report_open(cx, NULL); fails_with(cx, TW_EARG, "report", __LINE__, "NULL");
    tw_report_open(cx, "/nonexistent/a.html"); fails_with(cx, TW_EIO, "report", __LINE__, "/nonexistent/a.html: cannot be written");
    tw_report_open(cx, in_folder("p.html"), .from = -1); fails(cx, TW_EARG, "report", __LINE__);
    ck_assert_int_eq(get("p.html", page, 10), 0);
    tw_report *r = tw_report_open(cx, in_folder("p.html"));
    tw_report_histogram(r, "a", NULL); fails_with(cx, TW_EARG, "report", __LINE__, "NULL");
    tw_report_histogram(r, NULL, tw_scalar(cx, 1)); fails_with(cx, TW_EARG, "report", __LINE__, "tag");
    tw_report_histogram(r, "a", tw_scalar(other, 1)); fails_with(cx, TW_ESCOPE, "report", __LINE__, "another context");
    tw_report_picture(r, "a", tw_scalar(cx, 1)); fails_with(cx, TW_ESHAPE, "report", __LINE__, "no picture");
    tw_report_graph(r, 0, NULL); fails_with(cx, TW_EARG, "report", __LINE__, "no values");
    tw_dataset *d = pictures(cx, 4);
    tw_report_answers(r, d, NULL); fails_with(cx, TW_EARG, "report", __LINE__, "NULL");
    tw_report_answers(r, d, tw_fill(cx, TW_SHAPE(5, 4))); fails_with(cx, TW_ESHAPE, "report", __LINE__, "[5, 4] f32 to labels [4] i32");
    tw_dataset_name_classes(d, 0, NULL); fails_with(cx, TW_EARG, "dataset_name_classes", __LINE__, "0 names: NULL");
    ck_assert(tw_dataset_name_classes(d, 1, (const char *[]){ NULL }));
    tw_dataset_name_classes(d, 1, (const char *[]){ "a" }); fails_with(cx, TW_EARG, "dataset_name_classes", __LINE__, "have names already");
    tw_dataset *some = pictures(cx, 4);
    tw_dataset_name_classes(tw_dataset_take(some, 1, (int64_t[]){ 0 }), 1, (const char *[]){ "a" });
    fails_with(cx, TW_EARG, "dataset_name_classes", __LINE__ - 1, "part of another");
    tw_net *net = tw_net_new(cx);
    tw_opt *none = tw_sgd(net, .lr = -1);
    ck_assert(tw_error_take(cx, NULL));
    tw_fit(net, model, .loss = tw_cross_entropy_loss, .opt = none, .train = d, .report = in_folder("q.html"), .quiet = true);
    fails_with(cx, TW_EARG, "opt_grads", __LINE__ - 1, "could not be made");
    tw_fit(net, model, .loss = tw_cross_entropy_loss, .opt = tw_sgd(net, .lr = 1), .train = d, .report = "/nonexistent/a.html", .quiet = true);
    fails_with(cx, TW_EIO, "report", __LINE__ - 1, "/nonexistent/a.html");
    tw_node *nil = tw_matmul(tw_scalar(cx, 1), tw_scalar(cx, 1));
    ck_assert(!tw_report_write(r));                         /* in error it does nothing */
    ck_assert(tw_error_take(cx, NULL) && get("p.html", page, 10) == 0);
    tw_report_histogram(r, "a", nil);
    ok(cx);
    ck_assert(!tw_report_write(NULL));
    tw_close(other);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static void small_page(tw_ctx *cx)
{
    without_chart_js();
    evil_page(cx, false);
    tw_report *r = tw_report_open(cx, in_folder("evil.html"), .from = 5);
    tw_dataset *d = pictures(cx, 4);
    tw_report_answers(r, d, tw_fill(cx, TW_SHAPE(4, 4), .value = 0));
    tw_report_write(r);
}

START_TEST(every_allocation_may_fail) { every_allocation_fails_once(small_page); }
END_TEST

/* ---- landscapes ----------------------------------------------------------------------------------- */

enum { SIDE = 5 };
typedef struct ground { tw_ctx *cx; tw_net *net; tw_node *w, *w0; int layers; } ground;

/* The squared distance of all matrices from where they were, and a loss through dropout, batch statistics and a bias. */
static tw_node *distance(void *user)
{
    const ground *g = user;
    return tw_sum(tw_square(tw_sub(tw_net_param(g->net, "conv/weight"), g->w0)));
}

static tw_node *of_the_model(void *user)
{
    const ground *g = user;
    tw_node *loss = tw_mean(tw_square(model(g->net, g->w, NULL)));
    return g->layers ? loss : tw_add(loss, tw_nn_running(g->net, "risk", loss, 0.5));       /* which assigns */
}

START_TEST(directions_are_as_long_as_filters)
{
    tw_ctx *cx = tw_open(.seed = 2, .dtype = TW_F64);
    ground g = { cx, tw_net_new(cx), tw_normal(cx, TW_SHAPE(3, 6, 6, 1)), NULL, 0 };
    model(g.net, g.w, NULL);
    g.w0 = tw_data(cx, TW_F64, TW_SHAPE(3, 3, 1, 4), tw_f64(tw_net_param(g.net, "conv/weight")));
    const double norm = tw_item(tw_sum(tw_square(g.w0)));
    double z[SIDE * SIDE], again[SIDE * SIDE], others[SIDE * SIDE];
    ck_assert(tw_landscape(g.net, distance, &g, .losses = z, .points = SIDE, .reach = 0.5));
    ok(cx);
    ck_assert(z[12] == 0);
    for (int k = 0; k < SIDE; k++) {
        const double at = 0.25 * (k - 2);
        near(z[2 * SIDE + k], at * at * norm, 1e-12);
        near(z[SIDE * k + 2], at * at * norm, 1e-12);
    }
    ck_assert(fabs(z[0] - 0.5 * norm) > 1e-6 * norm);       /* neither the same direction twice nor at right angles */
    tw_normal(cx, TW_SHAPE(1));
    ck_assert(tw_landscape(g.net, distance, &g, .losses = again, .points = SIDE, .reach = 0.5));
    ck_assert_mem_eq(z, again, sizeof z);
    ck_assert(tw_landscape(g.net, distance, &g, .losses = others, .points = SIDE, .reach = 0.5, .seed = 1));
    ck_assert(others[0] != z[0]);
    ck_assert(tw_landscape(g.net, distance, &g, .losses = others, .points = SIDE, .only = "out/*"));
    for (int k = 0; k < SIDE * SIDE; k++) ck_assert(others[k] == 0);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(a_landscape_changes_nothing)
{
    tw_ctx *cx = tw_open(.seed = 2), *own = tw_open(.seed = 2);
    tw_net *nets[2];
    double z[SIDE * SIDE];
    int64_t misses = 0;
    for (int k = 0; k < 2; k++) {
        tw_ctx *c = k ? own : cx;
        ground g = { c, nets[k] = tw_net_new(c), tw_normal(c, TW_SHAPE(3, 6, 6, 1)), NULL, 0 };
        tw_item(of_the_model(&g));
        if (k) continue;
        for (g.layers = 0; g.layers < 3; g.layers++) {
            misses = tw_counts(c).misses;
            ck_assert(tw_landscape(g.net, of_the_model, &g, .losses = z, .points = SIDE, .file = in_folder("l.svg")));
        }
        ok(c);
        ck_assert(tw_net_is_training(g.net));
        ck_assert_int_le(tw_counts(c).misses, misses + 2);     /* every point is the same plan */
        tw_net_training(g.net, false);
        item_is(of_the_model(&g), z[12]);
        tw_net_training(g.net, true);
    }
    ck_assert_uint_eq(tw_random_count(cx), tw_random_count(own));
    TW_NET_EACH(item, nets[0], NULL) ck_assert_msg(same_bits(item->cell, tw_net_param(nets[1], item->path)), "%s", item->path);
    read_page("l.svg");
    HAS("<svg xmlns="), HAS("second direction"), HAS("</svg>");
    ck_assert_int_eq(count("<path fill=\"#"), 11);
    ck_assert_int_eq(tw_close(cx) + tw_close(own), 0);
}
END_TEST

static tw_node *many_layers(void *user)
{
    ground *g = user;
    tw_node *x = g->w;
    for (int k = 0; k < g->layers; k++) {
        char name[16];
        snprintf(name, sizeof name, "l%d", k);
        x = tw_tanh(tw_nn_dense(g->net, name, x, .units = 3));
    }
    return tw_mean(tw_square(x));
}

static tw_node *no_number(void *user) { return model(((ground *)user)->net, ((ground *)user)->w, NULL); }
static tw_node *nothing(void *user) { (void)user; return NULL; }

START_TEST(landscapes_of_many_layers_and_what_is_refused)
{
    tw_ctx *cx = tw_open(.seed = 2);
    ground g = { cx, tw_net_new(cx), tw_normal(cx, TW_SHAPE(3, 3)), NULL, 40 };
    double z[9];
    tw_report *r = tw_report_open(cx, in_folder("p.html"));
    ck_assert(tw_landscape(g.net, many_layers, &g, .losses = z, .points = 3, .report = r) && tw_report_write(r));
    item_is(many_layers(&g), z[4]);
    ck_assert(z[0] != z[4] && z[0] != z[8]);
    read_page("p.html");
    HAS("<h2>Loss landscape</h2>");
    g.w = tw_normal(cx, TW_SHAPE(3, 6, 6, 1));
    tw_landscape(g.net, NULL, &g, .losses = z); fails_with(cx, TW_EARG, "landscape", __LINE__, "NULL");
    tw_landscape(g.net, no_number, &g); fails_with(cx, TW_EARG, "landscape", __LINE__, "no place");
    tw_landscape(g.net, no_number, &g, .losses = z, .points = 3); fails_with(cx, TW_ESHAPE, "landscape", __LINE__, "[3, 4], not one number");
    tw_landscape(g.net, nothing, &g, .losses = z, .points = 3); fails_with(cx, TW_EARG, "landscape", __LINE__, "the loss is NULL");
    tw_landscape(g.net, no_number, &g, .losses = z, .points = 1); fails_with(cx, TW_EARG, "landscape", __LINE__, ".points is 1");
    tw_landscape(g.net, no_number, &g, .losses = z, .reach = -1); fails_with(cx, TW_EARG, "landscape", __LINE__, ".reach is -1");
    tw_landscape(g.net, no_number, &g, .losses = z, .only = "q*"); fails_with(cx, TW_EARG, "landscape", __LINE__, "\"q*\"");
    g.w = tw_normal(cx, TW_SHAPE(3, 3));
    tw_landscape(g.net, many_layers, &g, .file = "/nonexistent/l.svg", .points = 2); fails(cx, TW_EIO, "landscape", __LINE__);
    ck_assert(tw_net_is_training(g.net));
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("report");
    TCase *t = tcase_create("report");
    tcase_add_checked_fixture(t, folder_make, folder_drop);
    tcase_set_timeout(t, 200);
    tcase_add_test(t, a_run_has_a_page_and_the_same_bits);
    tcase_add_test(t, without_chart_js_there_are_tables);
    tcase_add_test(t, debian_s_chart_js_is_embedded_whole);
    tcase_add_test(t, hostile_texts_stay_texts);
    tcase_add_test(t, numbers_are_taken_over);
    tcase_add_test(t, long_lines_become_shorter);
#ifdef TW_HAVE_JANSSON
    tcase_add_test(t, a_run_that_goes_on_keeps_its_page);
#endif
    tcase_add_test(t, answers_are_counted);
    tcase_add_test(t, times_are_those_of_nodes);
    tcase_add_test(t, what_pages_refuse);
    tcase_add_test(t, every_allocation_may_fail);
    tcase_add_test(t, directions_are_as_long_as_filters);
    tcase_add_test(t, a_landscape_changes_nothing);
    tcase_add_test(t, landscapes_of_many_layers_and_what_is_refused);
    suite_add_tcase(s, t);
    return rig_run(s);
}
