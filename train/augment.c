/* augment.c - examples as batches want them: converted, and changed at random.
 *
 * What happens to an example is a function of the seed, the epoch and the number of the example in
 * its file: not of the batch, the thread, or what happened before. So any thread may make any
 * example at any time, and a run that is resumed sees what the uninterrupted one would have seen.
 *
 *     x'(i) = own(flip(window(x_i)) + noise)                 each with random numbers of (seed, epoch, i)
 *     mixed(i) = l x'(i) + (1 - l) x'(j),  and so the labels;  l ~ Beta(alpha, alpha), j any example
 *
 * Window: of the size of .crop, anywhere within the image widened by .shift zeros at each side.
 * References: H. Zhang et al., "mixup", 2018; G. Marsaglia, W. Tsang, "A simple method for
 * generating gamma variables", 2000.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/train_impl.h"

#include <math.h>
#include <string.h>

typedef struct tw__augment {
    tw_augment_args o;
    int64_t h, w, pixel;        /* of the images that come in; bytes of a pixel */
    int64_t out_h, out_w;
    bool    spatial;
    tw__piece x, y;              /* what goes out */
} augment;

/* ---- random numbers */

static double uniform(tw__random *r) { return ((double)(tw__random_next(r) >> 11) + 0.5) * 0x1p-53; }

static double normal(tw__random *r)
{
    const double radius = sqrt(-2 * log(uniform(r)));
    return radius * cos(2 * 3.14159265358979323846 * uniform(r));
}

/* For a < 1 through a + 1, times a power of an uniform number. */
static double gamma_of(tw__random *r, double a)
{
    if (a < 1) {
        const double power = pow(uniform(r), 1 / a);
        return power * gamma_of(r, a + 1);
    }
    const double d = a - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        const double x = normal(r), v = (1 + c * x) * (1 + c * x) * (1 + c * x);
        if (v > 0 && log(uniform(r)) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
    }
}

static double beta_of(tw__random *r, double alpha)
{
    const double a = gamma_of(r, alpha), b = gamma_of(r, alpha);
    return a + b > 0 ? a / (a + b) : 0.5;
}

/* ---- one example */

static void window(const augment *a, tw__random *r, const char *from, char *to)
{
    const int64_t shift = a->o.shift, size = a->pixel;
    const int64_t top  = tw__random_below(r, a->h - a->out_h + 2 * shift + 1) - shift;
    const int64_t left = tw__random_below(r, a->w - a->out_w + 2 * shift + 1) - shift;
    const uint64_t coins = tw__random_next(r);
    const bool mirror = a->o.flip && coins & 1, upside = a->o.flip_vertical && coins & 2;
    for (int64_t i = 0; i < a->out_h; i++) {
        const int64_t row = top + (upside ? a->out_h - 1 - i : i);
        for (int64_t j = 0; j < a->out_w; j++, to += size) {
            const int64_t column = left + (mirror ? a->out_w - 1 - j : j);
            const bool inside = row >= 0 && row < a->h && column >= 0 && column < a->w;
            if (inside) memcpy(to, from + (row * a->w + column) * size, (size_t)size);
            else memset(to, 0, (size_t)size);
        }
    }
}

/* y = scale y + by for n elements; by may be NULL. */
static void combine(tw_dtype dtype, int64_t n, void *y, double scale, const void *x, double x_scale)
{
    if (dtype == TW_F32)
        for (int64_t i = 0; i < n; i++) ((float *)y)[i] = (float)(scale * (double)((float *)y)[i] + x_scale * (double)((const float *)x)[i]);
    else
        for (int64_t i = 0; i < n; i++) ((double *)y)[i] = scale * ((double *)y)[i] + x_scale * ((const double *)x)[i];
}

static void add_noise(tw_dtype dtype, int64_t n, void *x, double std, tw__random *r)
{
    for (int64_t i = 0; i < n; i++) {
        const double e = std * normal(r);
        if (dtype == TW_F32) ((float *)x)[i] += (float)e;
        else ((double *)x)[i] += e;
    }
}

static int64_t elements(const tw__piece *p) { return (int64_t)(p->bytes / tw_dtype_size(p->dtype)); }

static void one(const tw_dataset *d, int64_t example, tw__random *r, void *x, char *scratch)
{
    const augment *a = d->augment;
    if (a->spatial) {
        tw__column_get(&d->x, example, scratch);
        window(a, r, scratch, x);
    }
    else tw__column_get(&d->x, example, x);
    if (a->o.noise > 0) add_noise(a->x.dtype, elements(&a->x), x, a->o.noise, r);
    if (a->o.own) a->o.own(a->o.user, a->x.dtype, &a->x.item, x, tw__random_next(r));
}

/* The label; of a class its distribution when labels are to be mixed. */
static void label(const tw_dataset *d, int64_t example, void *y)
{
    const augment *a = d->augment;
    if (!a || !a->o.mix_up || tw_is_float(d->y.dtype)) {
        tw__column_get(&d->y, example, y);
        return;
    }
    const int64_t c = (int64_t)tw__column_element(&d->y, example);
    memset(y, 0, a->y.bytes);
    if (a->y.dtype == TW_F32) ((float *)y)[c] = 1;
    else ((double *)y)[c] = 1;
}

static size_t rounded(size_t n) { return (n + 63) / 64 * 64; }

size_t tw__example_scratch(const tw_dataset *d)
{
    const augment *a = d->augment;
    if (!a) return 0;
    return rounded((size_t)d->x.size * tw_dtype_size(d->x.dtype)) + (a->o.mix_up > 0 ? rounded(a->x.bytes) + rounded(a->y.bytes) : 0);
}

void tw__example(const tw_dataset *d, uint64_t seed, int epoch, int64_t i, void *x, void *y, void *scratch)
{
    const augment *a = d->augment;
    const int64_t  example = d->index ? d->index[i] : i;
    if (d->y.data) label(d, example, y);
    if (!a) {
        tw__column_get(&d->x, example, x);
        return;
    }
    const uint64_t key = tw__mix(seed ^ 0x6175676d656e74u) + (uint64_t)(int64_t)epoch;
    tw__random r = tw__random_of(key, example);
    one(d, example, &r, x, scratch);
    if (!(a->o.mix_up > 0)) return;

    const double  share = beta_of(&r, a->o.mix_up);
    const int64_t j = tw__random_below(&r, d->count), other = d->index ? d->index[j] : j;
    char *other_x = (char *)scratch + rounded((size_t)d->x.size * tw_dtype_size(d->x.dtype)), *other_y = other_x + rounded(a->x.bytes);
    tw__random s = tw__random_of(key, other);
    one(d, other, &s, other_x, scratch);
    combine(a->x.dtype, elements(&a->x), x, share, other_x, 1 - share);
    if (!d->y.data) return;
    label(d, other, other_y);
    combine(a->y.dtype, elements(&a->y), y, share, other_y, 1 - share);
}

/* ---- what goes out */

static tw__piece part_of(const tw__column *c)
{
    return (tw__piece){ c->dtype, c->item, c->data ? (size_t)c->size * tw_dtype_size(c->dtype) : 0 };
}

tw__piece tw__piece_x(const tw_dataset *d) { return d->augment ? d->augment->x : part_of(&d->x); }
tw__piece tw__piece_y(const tw_dataset *d) { return d->augment ? d->augment->y : part_of(&d->y); }

/* ---- making one */

static bool refuse(const tw_loc *at, const tw_dataset *d, tw_code code, const char *why)
{
    tw_fail(d->cx, code, "dataset_augment", at, "%s", why);
    return false;
}

static bool shapes(const tw_loc *at, const tw_dataset *d, augment *a)
{
    const tw_augment_args *o = &a->o;
    const tw_shape *s = &d->x.item;
    const bool crop = o->crop[0] || o->crop[1];
    a->spatial = o->shift || o->flip || o->flip_vertical || crop;
    a->x = part_of(&d->x);
    if (!a->spatial) return true;
    if (s->n != 2 && s->n != 3) return refuse(at, d, TW_ESHAPE, "only images, [h, w] or [h, w, channels], can be shifted, flipped or cropped");
    a->h = s->at[0], a->w = s->at[1];
    a->pixel = (s->n == 3 ? s->at[2] : 1) * (int64_t)tw_dtype_size(d->x.dtype);
    a->out_h = crop ? o->crop[0] : a->h, a->out_w = crop ? (o->crop[1] ? o->crop[1] : o->crop[0]) : a->w;
    const int64_t wider = 2 * (int64_t)o->shift;
    if (a->out_h < 1 || a->out_w < 1 || a->out_h > a->h + wider || a->out_w > a->w + wider) {
        tw_fail(d->cx, TW_EARG, "dataset_augment", at, "a crop of %lld by %lld from images of %lld by %lld", (long long)a->out_h,
                (long long)a->out_w, (long long)a->h, (long long)a->w);
        return false;
    }
    a->x.item.at[0] = a->out_h, a->x.item.at[1] = a->out_w;
    int64_t bytes;
    if (__builtin_mul_overflow(a->out_h * a->out_w, a->pixel, &bytes)) return refuse(at, d, TW_EARG, ".crop is more than any memory holds");
    a->x.bytes = (size_t)bytes;
    return true;
}

/* Labels that are to be mixed are numbers, or classes that become distributions. */
static bool labels(const tw_loc *at, const tw_dataset *d, augment *a)
{
    a->y = part_of(&d->y);
    if (!(a->o.mix_up > 0) || !d->y.data || tw_is_float(d->y.dtype)) return true;
    const int64_t classes = a->o.classes;
    if (classes < 1 || classes > INT32_MAX)
        return refuse(at, d, TW_EARG, "labels that are classes are mixed as distributions: say how many, .classes = n");
    if (d->y.size != 1) return refuse(at, d, TW_ESHAPE, "labels to be mixed are one class each");
    for (int64_t i = 0; i < d->count; i++) {
        const double c = tw__column_element(&d->y, d->index ? d->index[i] : i);
        if (c >= 0 && c < (double)classes) continue;
        tw_fail(d->cx, TW_EVALUE, "dataset_augment", at, "label %g of example %lld is not within the %lld classes", c, (long long)i, (long long)classes);
        return false;
    }
    a->y = (tw__piece){ d->x.dtype, { 1, { classes } }, (size_t)classes * tw_dtype_size(d->x.dtype) };
    return true;
}

static bool sensible(const tw_loc *at, const tw_dataset *d, const tw_augment_args *o)
{
    if (d->augment) return refuse(at, d, TW_EARG, "the data set is augmented already");
    if (!tw_is_float(d->x.dtype)) return refuse(at, d, TW_EDTYPE, "examples are integers");
    if (o->shift < 0 || !(o->noise >= 0) || !(o->mix_up >= 0) || o->noise > 1e300 || o->mix_up > 1e300)
        return refuse(at, d, TW_EARG, ".shift, .noise and .mix_up are not negative, and finite");
    return true;
}

static void augment_drop(void *object)
{
    tw_dataset *d = object;     /* a record with nothing but the augmentation, which views share */
    tw_ctx *cx = d->cx;
    tw_resize(cx, (void *)(uintptr_t)d->augment, sizeof(augment), 0);
    tw_resize(cx, d, sizeof *d, 0);
}

/* The augmentation in a block of its own, until tw_close. */
static const augment *keep(tw_ctx *cx, const augment *made)
{
    tw_dataset *owner = tw_resize(cx, NULL, 0, sizeof *owner);
    augment    *a = owner ? tw_resize(cx, NULL, 0, sizeof *a) : NULL;
    if (a) *a = *made, *owner = (tw_dataset){ .cx = cx, .augment = a };
    if (a && tw_on_close(cx, augment_drop, owner)) return a;
    if (a) tw_resize(cx, a, sizeof *a, 0);
    if (owner) tw_resize(cx, owner, sizeof *owner, 0);
    return NULL;
}

tw_dataset *tw_dataset_augment_at(const tw_loc *at, const tw_dataset *d, const tw_augment_args *o)
{
    TW_OPTIONS(tw_augment_args, o);
    augment a = { .o = *o };
    if (!tw__dataset_usable(d) || !sensible(at, d, o) || !shapes(at, d, &a) || !labels(at, d, &a)) return &tw__dataset_dead;
    tw_dataset v = tw__dataset_view(d);
    if (d->index) {
        if (!(v.index = tw_resize(d->cx, NULL, 0, (size_t)d->count * sizeof *v.index))) return &tw__dataset_dead;
        memcpy(v.index, d->index, (size_t)d->count * sizeof *v.index);
    }
    v.augment = keep(d->cx, &a);
    return tw__dataset_settle(&v);
}
