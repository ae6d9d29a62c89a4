/* dataset.c - examples in memory.
 *
 * A data set has two columns, x and y, whose rows are the examples. Images stay the bytes that
 * they were in their file, a quarter of what they would take as f32; a batch is converted when it
 * is drawn, which costs less than a thousandth of any step that learns from it.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/idx_impl.h"
#include "train/train_impl.h"

#include <string.h>

tw_dataset tw__dataset_dead = { .unit = "examples" };

double tw__column_element(const tw__column *c, int64_t i)
{
    switch (c->stored) {
    case TW_U8:   return ((const uint8_t *)c->data)[i];
    case TW_BOOL: return ((const bool    *)c->data)[i];
    case TW_I32:  return ((const int32_t *)c->data)[i];
    case TW_I64:  return (double)((const int64_t *)c->data)[i];
    case TW_F32:  return (double)((const float *)c->data)[i];
    case TW_F64:  return ((const double  *)c->data)[i];
    default:      return 0;
    }
}

static void convert(const tw__column *c, int64_t from, void *to)
{
    const int64_t n = c->size;
    if (c->dtype == TW_I32)
        for (int64_t i = 0; i < n; i++) ((int32_t *)to)[i] = (int32_t)tw__column_element(c, from + i);
    else if (c->dtype == TW_F64)
        for (int64_t i = 0; i < n; i++) ((double *)to)[i] = tw__column_element(c, from + i) * c->scale;
    else if (c->stored == TW_U8)
        for (int64_t i = 0; i < n; i++) ((float *)to)[i] = (float)(((const uint8_t *)c->data)[from + i] * c->scale);
    else
        for (int64_t i = 0; i < n; i++) ((float *)to)[i] = (float)(tw__column_element(c, from + i) * c->scale);
}

void tw__column_get(const tw__column *c, int64_t example, void *to)
{
    const size_t  size = tw_dtype_size(c->dtype);
    const int64_t from = example * c->size;
    if (c->stored == c->dtype && c->scale == 1) memcpy(to, (const char *)c->data + (size_t)from * size, (size_t)c->size * size);
    else convert(c, from, to);
}

static void column_drop(tw_ctx *cx, tw__column *c)
{
    if (c->data) tw_resize(cx, c->data, c->bytes, 0);
    c->data = NULL;
}

/* What a data set owns, but itself. */
static void contents_drop(tw_dataset *d)
{
    if (!d->base) column_drop(d->cx, &d->x), column_drop(d->cx, &d->y);
    if (!d->base && d->class_names) tw_resize(d->cx, (void *)(uintptr_t)d->class_names, d->class_room, 0);
    if (d->index) tw_resize(d->cx, d->index, (size_t)d->count * sizeof *d->index, 0);
    d->index = NULL;
}

static void drop(void *object)
{
    tw_dataset *d = object;
    contents_drop(d);
    tw_resize(d->cx, d, sizeof *d, 0);
}

tw_dataset *tw__dataset_settle(tw_dataset *made)
{
    tw_ctx *cx = made->cx;
    tw_dataset *d = tw_ok(cx) ? tw_resize(cx, NULL, 0, sizeof *d) : NULL;
    if (!d) return contents_drop(made), &tw__dataset_dead;
    *d = *made;
    if (tw_on_close(cx, drop, d)) return d;
    drop(d);
    return &tw__dataset_dead;
}

tw_dataset tw__dataset_view(const tw_dataset *d)
{
    tw_dataset v = *d;
    v.base = d->base ? d->base : d, v.index = NULL;
    return v;
}

bool tw__dataset_usable(const tw_dataset *d) { return d && d->cx && tw_ok(d->cx); }

/* Takes the bytes of f. */
static tw__column column_of(const tw__idx *f, tw_dtype dtype, double scale)
{
    const tw__tensor *t = &f->t;
    tw__column c = { .stored = t->dtype, .dtype = dtype, .scale = scale, .size = 1, .bytes = t->room, .data = t->data };
    c.item.n = t->dims.n - 1;
    for (int i = 0; i < c.item.n; i++) c.size *= c.item.at[i] = t->dims.at[i + 1];
    return c;
}

static bool load_labels(const tw_loc *at, tw_dataset *d, const char *path, int64_t limit, int64_t images)
{
    tw__idx f;
    if (!tw__idx_load(at, d->cx, "dataset_idx", path, limit, &f)) return false;
    d->y = column_of(&f, TW_I32, 1);
    if (f.rows != images)
        tw_fail(d->cx, TW_ESHAPE, "dataset_idx", at, "%lld images but %lld labels", (long long)images, (long long)f.rows);
    if (tw_is_float(f.t.dtype))
        tw_fail(d->cx, TW_EDTYPE, "dataset_idx", at, "labels are classes, so integers, but these are %s", tw_dtype_name(f.t.dtype));
    return tw_ok(d->cx);
}

tw_dataset *tw_dataset_idx_at(const tw_loc *at, tw_ctx *cx, const char *images, const char *labels, const tw_idx_args *o)
{
    TW_OPTIONS(tw_idx_args, o);
    if (o->limit < 0) {
        tw_fail(cx, TW_EARG, "dataset_idx", at, ".limit is %lld", (long long)o->limit);
        return &tw__dataset_dead;
    }
    tw__idx f;
    if (!tw__idx_load(at, cx, "dataset_idx", images, o->limit, &f)) return &tw__dataset_dead;

    tw_dataset d = { .cx = cx, .count = f.t.dims.at[0], .unit = f.t.dims.n >= 3 ? "images" : "examples" };
    d.x = column_of(&f, tw_default_dtype(cx), o->scale != 0 ? o->scale : 1);
    if (d.x.item.n == 2) d.x.item.at[d.x.item.n++] = 1;
    if (labels) load_labels(at, &d, labels, o->limit, f.rows);
    return tw__dataset_settle(&d);
}

static bool copy_column(const tw_loc *at, tw_ctx *cx, tw_node *n, tw__column *c)
{
    const tw_dtype dtype = tw_dtype_of(n);
    const void *from = tw_read_at(at, n, dtype);
    if (!from) return false;

    const tw_shape shape = tw_shape_of(n);
    char text[96];
    if (shape.n < 1) return tw_fail(cx, TW_ESHAPE, "dataset_tensors", at, "a single number has no axis of examples"), false;
    if (!tw_count(n))
        return tw_fail(cx, TW_ESHAPE, "dataset_tensors", at, "%s has no elements", tw_shape_text(n->shape, text, sizeof text)), false;
    *c = (tw__column){ .stored = dtype, .dtype = dtype, .scale = 1, .size = 1 };
    c->item.n = shape.n - 1;
    for (int i = 0; i < c->item.n; i++) c->size *= c->item.at[i] = shape.at[i + 1];
    c->bytes = (size_t)tw_count(n) * tw_dtype_size(dtype);
    c->data  = tw_resize(cx, NULL, 0, c->bytes);
    if (c->data) memcpy(c->data, from, c->bytes);
    return c->data;
}

tw_dataset *tw_dataset_tensors_at(const tw_loc *at, tw_node *x, tw_node *y)
{
    if (!x) {
        tw_fail(y ? tw_ctx_of(y) : NULL, TW_EARG, "dataset_tensors", at, "x is NULL");
        return &tw__dataset_dead;
    }
    tw_ctx *cx = tw_ctx_of(x);
    if (y && tw_ctx_of(y) != cx) {
        tw_fail(cx, TW_ESCOPE, "dataset_tensors", at, "y belongs to another context than x");
        tw_fail(tw_ctx_of(y), TW_ESCOPE, "dataset_tensors", at, "x belongs to another context than y");
        return &tw__dataset_dead;
    }
    tw_dataset d = { .cx = cx, .unit = "examples" };
    const bool ok = copy_column(at, cx, x, &d.x) && (!y || copy_column(at, cx, y, &d.y));
    if (!ok) return tw__dataset_settle(&d);

    d.count = tw_dim(x, 0);
    if (y && tw_dim(y, 0) != d.count)
        tw_fail(cx, TW_ESHAPE, "dataset_tensors", at, "%lld examples in x but %lld in y", (long long)d.count, (long long)tw_dim(y, 0));
    return tw__dataset_settle(&d);
}

bool tw_dataset_name_classes_at(const tw_loc *at, tw_dataset *d, int n, const char *const *names)
{
    if (!tw__dataset_usable(d)) return false;
    if (n < 1 || !names) return tw_fail(d->cx, TW_EARG, "dataset_name_classes", at, "%d names%s", n, names ? "" : ": NULL"), false;
    if (d->classes) return tw_fail(d->cx, TW_EARG, "dataset_name_classes", at, "its %d classes have names already", d->classes), false;
    if (d->base) return tw_fail(d->cx, TW_EARG, "dataset_name_classes", at, "it is a part of another data set: name the classes of that one"), false;
    const size_t size = (size_t)n * sizeof *names;
    const char **kept = tw_resize(d->cx, NULL, 0, size);
    for (int k = 0; kept && k < n; k++) kept[k] = tw_intern(d->cx, names[k] ? names[k] : "");
    if (kept && tw_ok(d->cx)) d->classes = n, d->class_names = kept, d->class_room = size;
    else if (kept) tw_resize(d->cx, kept, size, 0);
    return tw_ok(d->cx);
}

const char *const *tw_dataset_class_names(const tw_dataset *d) { return d ? d->class_names : NULL; }
int tw_dataset_classes(const tw_dataset *d) { return d ? d->classes : 0; }
int64_t tw_dataset_count(const tw_dataset *d) { return d ? d->count : 0; }
