/* optim.h - update rules: from a loss and a network to better parameters.
 *
 * One step differentiates the loss with respect to the parameters that the network has by then, that
 * match .only and are not frozen, and assigns new values. Parameters that the loss does not reach stay
 * as they are. Every number may change from step to step without a new plan.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "nn/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tw_opt tw_opt;

/* ---- learning rates ------------------------------------------------------------------------ */

/* The learning rate as a function of the step, which counts from 0: .schedule = { rate_of, .user = &mine }. */
typedef struct tw_schedule {
    double (*rate)(int64_t step, const struct tw_schedule *s);
    double   a, b;          /* for rate to use */
    void    *user;
} tw_schedule;

/* h0 / (1 + step / tau): sums to infinity while its squares do not, as Robbins and Monro ask for. */
TW_API tw_schedule tw_inverse_time(double h0, double tau);

/* ---- rules --------------------------------------------------------------------------------- */

typedef struct tw_sgd_args {
    int         _size;
    double      lr;                 /* required, unless there is a .schedule; TW_ZERO says 0 */
    tw_schedule schedule;           /* instead of .lr */
    double      momentum;           /* default 0 */
    double      weight_decay;       /* in the update: wd * w is added to the gradient, after clipping */
    double      l2, l1;             /* in the loss: plus l2/2 sum w^2 + l1 sum |w| (tw_opt_objective) */
    double      proximal_l1;        /* in the update: w is moved towards 0 by lr * proximal_l1, and stops there: exact zeros */
    double      clip_norm;          /* gradients are scaled so that their common norm is at most this; default never */
    const char *only;               /* pattern of the parameters to train; default all */
} tw_sgd_args;
/* g = gradient + weight_decay w;  v = momentum v + g;  w = w - lr v. As torch.optim.SGD. */
TW_API tw_opt *tw_sgd_at(const tw_loc *at, tw_net *net, const tw_sgd_args *options);
#define tw_sgd(...) TW__RULE(tw_sgd_at, tw_sgd_args, __VA_ARGS__, )
#define TW__RULE(f, T, net, ...) f(TW_HERE, net, TW_OPTS(T, __VA_ARGS__))

/* A double whose default is not 0 takes TW_ZERO for 0. */
typedef struct tw_adam_args {
    int         _size;
    double      lr;                 /* default 1e-3 */
    tw_schedule schedule;           /* instead of .lr */
    double      beta1, beta2;       /* default 0.9, 0.999 */
    double      epsilon;            /* default 1e-8 */
    double      weight_decay;       /* in the update, apart from the moments: w is multiplied by 1 - lr weight_decay */
    double      l2, l1;             /* in the loss: plus l2/2 sum w^2 + l1 sum |w| (tw_opt_objective) */
    double      clip_norm;          /* gradients are scaled so that their common norm is at most this; default never */
    const char *only;               /* pattern of the parameters to train; default all */
} tw_adam_args;
/* m and v are running means of g and g^2, corrected for their start at 0:  w = w - lr m / (sqrt(v) + epsilon).
 * As torch.optim.AdamW (Kingma and Ba 2015, Loshchilov and Hutter 2019). */
TW_API tw_opt *tw_adam_at(const tw_loc *at, tw_net *net, const tw_adam_args *options);
#define tw_adam(...) TW__RULE(tw_adam_at, tw_adam_args, __VA_ARGS__, )

/* ---- steps --------------------------------------------------------------------------------- */

/* Gradient, update, the loss and what is wanted in one evaluation: reading the loss afterwards costs nothing.
 * False in error, and then nothing changed. */
TW_API bool tw_opt_step_at(const tw_loc *at, tw_opt *opt, tw_node *loss);
#define tw_opt_step(opt, loss) tw_opt_step_at(TW_HERE, opt, loss)

/* The step in two: gradients as nodes, to be looked at, summed or replaced, then clipping and update.
 * There are tw_opt_count(opt) of them, zero (tw_is_zero) where the loss does not reach; the array lasts until the
 * next call. NULL in error. */
TW_API tw_node **tw_opt_grads_at(const tw_loc *at, tw_opt *opt, tw_node *loss);
#define tw_opt_grads(opt, loss) tw_opt_grads_at(TW_HERE, opt, loss)
TW_API bool tw_opt_apply_at(const tw_loc *at, tw_opt *opt, tw_node *const *grads);
#define tw_opt_apply(opt, grads) tw_opt_apply_at(TW_HERE, opt, grads)
TW_API int tw_opt_count(const tw_opt *opt);
/* The parameter that gradient i is of. */
TW_API tw_node *tw_opt_param(const tw_opt *opt, int i);

/* The loss and the penalties .l1 and .l2: what the steps minimise, for reports. Steps add it themselves. */
TW_API tw_node *tw_opt_objective_at(const tw_loc *at, tw_opt *opt, tw_node *loss);
#define tw_opt_objective(opt, loss) tw_opt_objective_at(TW_HERE, opt, loss)

TW_API int64_t tw_opt_steps(const tw_opt *opt);      /* completed */
TW_API double  tw_opt_lr(const tw_opt *opt);         /* of the next step */

#ifdef __cplusplus
}
#endif
