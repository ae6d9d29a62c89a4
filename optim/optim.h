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

/* A learning rate as a function of the step, which counts from 0: .schedule = { rate_of, .user = &mine }.
 * A value: composed schedules carry the parts before the last with them. */
enum { TW__SCHEDULE_PARTS = 6 };
typedef struct tw_schedule {
    double (*rate)(int64_t step, const struct tw_schedule *s);
    double   a, b, c, d;    /* for rate to use */
    void    *user;
    int      parts;         /* before this one, which counts its steps from the end of the last of them */
    struct tw__part { double (*rate)(int64_t step, const struct tw_schedule *s); double a, b, c, d; void *user; int64_t until; }
             part[TW__SCHEDULE_PARTS];
} tw_schedule;

TW_API tw_schedule tw_constant_rate(double h0);
/* h0 factor^(step / every), rounded down. */
TW_API tw_schedule tw_step_decay(double h0, int64_t every, double factor);
/* h0 factor^step. */
TW_API tw_schedule tw_exponential_decay(double h0, double factor);
/* h0 / (1 + step / tau): sums to infinity while its squares do not, as Robbins and Monro ask for. */
TW_API tw_schedule tw_inverse_time(double h0, double tau);
/* From one number to the other in equal steps, and then that. */
TW_API tw_schedule tw_linear_rate(double from, double to, int64_t steps);
/* From h0 to the end along half a cosine, and then that. */
TW_API tw_schedule tw_cosine(double h0, double end, int64_t steps);
/* Up from highest / 25 along half a cosine during 3/10 of the steps, then down to highest / 250,000 (Smith 2018). */
TW_API tw_schedule tw_one_cycle(double highest, int64_t steps);
/* The first for so many steps; then the second, which counts from 0. At most 7 parts in all. */
TW_API tw_schedule tw_then(tw_schedule first, int64_t steps, tw_schedule second);
/* 1/steps, 2/steps, ... of s's first rate, and then s. */
TW_API tw_schedule tw_warmup(int64_t steps, tw_schedule s);
/* The rate of a step. */
TW_API double tw_rate(const tw_schedule *s, int64_t step);

/* Lower rates once an observed number stops falling: see tw_opt_observe. */
typedef struct tw_plateau {
    double  factor;         /* multiplies the rate each time; required, below 1 */
    int64_t patience;       /* observations without progress before that; default 10, negative: none */
    double  threshold;      /* progress is to fall below (1 - threshold) times the best; default 1e-4 */
    int64_t cooldown;       /* observations after a change that do not count */
    double  lowest;         /* the rate stays at or above this */
    bool    rising;         /* progress is to rise: above (1 + threshold) times the best */
} tw_plateau;

/* ---- averages of weights --------------------------------------------------------------------- */

/* Beside each parameter an average over steps, kept by the same evaluation: see tw_opt_use_average. */
typedef struct tw_averaging { double decay; int64_t from, every; bool on, mean; } tw_averaging;
/* average = decay average + (1 - decay) w, after every step. */
TW_API tw_averaging tw_ema(double decay);
/* The mean of w after the steps from, from + every, ... (Izmailov et al. 2018). */
TW_API tw_averaging tw_swa(int64_t from, int64_t every);

/* Every so many steps the weights return part of the way to where they were: w = slow = slow + alpha (w - slow)
 * (Zhang et al. 2019). */
typedef struct tw_lookahead { int64_t steps; double alpha; } tw_lookahead;      /* alpha: default 0.5 */

/* ---- rules --------------------------------------------------------------------------------- */

/* What every rule takes; 0 says default, TW_ZERO zero. Gradients are penalised (l2, l1), averaged over .accumulate
 * calls, clipped by value, clipped by norm; then comes the rule, and then shrinking (weight_decay, proximal_l1), max_norm. */
#define TW__RULE_OPTIONS                                                                                                \
    int          _size;                                                                                                 \
    double       lr;             /* the learning rate */                                                                \
    tw_schedule  schedule;       /* instead of .lr */                                                                   \
    tw_plateau   plateau;        /* on top of either; default never */                                                  \
    double       weight_decay;   /* in the update: w is multiplied by 1 - lr weight_decay. (SGD and LAMB: below) */     \
    double       l2, l1;         /* in the loss: plus l2/2 sum w^2 + l1 sum |w| (tw_opt_objective): an elastic net */   \
    double       proximal_l1;    /* in the update: w is moved towards 0 by lr proximal_l1, and stops there: exact zeros */ \
    double       max_norm;       /* weights into a unit are scaled so that their norm is at most this; not for vectors */ \
    double       clip_value;     /* each element of the gradients is kept within so much of 0 */                        \
    double       clip_norm;      /* gradients are scaled so that their common norm is at most this */                   \
    int64_t      accumulate;     /* an update every so many steps, with the mean of their gradients; default 1 */       \
    tw_averaging average;        /* tw_ema or tw_swa; default none */                                                   \
    tw_lookahead lookahead;      /* default none */                                                                     \
    const char  *only;           /* pattern of the parameters to train; default all */

#define TW__RULE(f, T, net, ...) f(TW_HERE, net, TW_OPTS(T, __VA_ARGS__))

typedef struct tw_sgd_args {
    TW__RULE_OPTIONS            /* .lr or .schedule is required; .weight_decay w is added to the clipped gradient */
    double momentum;            /* default 0 */
    double dampening;           /* default 0 */
    bool   nesterov;            /* looks ahead along the momentum */
} tw_sgd_args;
/* g = gradient + weight_decay w;  v = momentum v + (1 - dampening) g, at first g;  w = w - lr v, with nesterov
 * w - lr (g + momentum v). As torch.optim.SGD. */
TW_API tw_opt *tw_sgd_at(const tw_loc *at, tw_net *net, const tw_sgd_args *options);
#define tw_sgd(...) TW__RULE(tw_sgd_at, tw_sgd_args, __VA_ARGS__, )

typedef struct tw_adam_args {
    TW__RULE_OPTIONS            /* .lr default 1e-3 */
    double beta1, beta2;        /* default 0.9, 0.999 */
    double epsilon;             /* default 1e-8 */
    bool   amsgrad;             /* divides by the largest v so far (Reddi et al. 2018) */
} tw_adam_args;
/* m and v are running means of g and g^2, corrected for their start at 0:  w = w - lr m / (sqrt(v) + epsilon).
 * As torch.optim.AdamW (Kingma and Ba 2015, Loshchilov and Hutter 2019); with .l2 instead of .weight_decay torch's Adam. */
TW_API tw_opt *tw_adam_at(const tw_loc *at, tw_net *net, const tw_adam_args *options);
#define tw_adam(...) TW__RULE(tw_adam_at, tw_adam_args, __VA_ARGS__, )
/* The same with .weight_decay default 0.01, as torch. */
TW_API tw_opt *tw_adamw_at(const tw_loc *at, tw_net *net, const tw_adam_args *options);
#define tw_adamw(...) TW__RULE(tw_adamw_at, tw_adam_args, __VA_ARGS__, )

typedef struct tw_nadam_args {
    TW__RULE_OPTIONS            /* .lr default 2e-3 */
    double beta1, beta2;        /* default 0.9, 0.999 */
    double epsilon;             /* default 1e-8 */
    double momentum_decay;      /* default 4e-3 */
} tw_nadam_args;
/* Adam that looks ahead along the momentum (Dozat 2016). As torch.optim.NAdam. */
TW_API tw_opt *tw_nadam_at(const tw_loc *at, tw_net *net, const tw_nadam_args *options);
#define tw_nadam(...) TW__RULE(tw_nadam_at, tw_nadam_args, __VA_ARGS__, )

typedef struct tw_radam_args {
    TW__RULE_OPTIONS            /* .lr default 1e-3 */
    double beta1, beta2;        /* default 0.9, 0.999 */
    double epsilon;             /* default 1e-8 */
} tw_radam_args;
/* Adam whose first steps do without v while it is known too badly (Liu et al. 2020). As torch.optim.RAdam. */
TW_API tw_opt *tw_radam_at(const tw_loc *at, tw_net *net, const tw_radam_args *options);
#define tw_radam(...) TW__RULE(tw_radam_at, tw_radam_args, __VA_ARGS__, )

typedef struct tw_rmsprop_args {
    TW__RULE_OPTIONS            /* .lr default 1e-2 */
    double alpha;               /* default 0.99 */
    double epsilon;             /* default 1e-8 */
    double momentum;            /* default 0 */
    bool   centered;            /* divides by the deviation from the running mean of g */
} tw_rmsprop_args;
/* v = alpha v + (1 - alpha) g^2;  w = w - lr g / (sqrt(v) + epsilon) (Hinton 2012). As torch.optim.RMSprop. */
TW_API tw_opt *tw_rmsprop_at(const tw_loc *at, tw_net *net, const tw_rmsprop_args *options);
#define tw_rmsprop(...) TW__RULE(tw_rmsprop_at, tw_rmsprop_args, __VA_ARGS__, )

typedef struct tw_adagrad_args {
    TW__RULE_OPTIONS            /* .lr default 1e-2 */
    double epsilon;             /* default 1e-10 */
} tw_adagrad_args;
/* v = v + g^2;  w = w - lr g / (sqrt(v) + epsilon) (Duchi et al. 2011). As torch.optim.Adagrad. */
TW_API tw_opt *tw_adagrad_at(const tw_loc *at, tw_net *net, const tw_adagrad_args *options);
#define tw_adagrad(...) TW__RULE(tw_adagrad_at, tw_adagrad_args, __VA_ARGS__, )

typedef struct tw_adadelta_args {
    TW__RULE_OPTIONS            /* .lr default 1 */
    double rho;                 /* default 0.9 */
    double epsilon;             /* default 1e-6 */
} tw_adadelta_args;
/* d = sqrt((u + epsilon) / (v + epsilon)) g, with v and u the running means of g^2 and d^2;  w = w - lr d (Zeiler 2012).
 * As torch.optim.Adadelta. */
TW_API tw_opt *tw_adadelta_at(const tw_loc *at, tw_net *net, const tw_adadelta_args *options);
#define tw_adadelta(...) TW__RULE(tw_adadelta_at, tw_adadelta_args, __VA_ARGS__, )

typedef struct tw_lion_args {
    TW__RULE_OPTIONS            /* .lr default 1e-4 */
    double beta1, beta2;        /* default 0.9, 0.99 */
} tw_lion_args;
/* w = w - lr sign(beta1 m + (1 - beta1) g);  m = beta2 m + (1 - beta2) g (Chen et al. 2023). As optax.lion. */
TW_API tw_opt *tw_lion_at(const tw_loc *at, tw_net *net, const tw_lion_args *options);
#define tw_lion(...) TW__RULE(tw_lion_at, tw_lion_args, __VA_ARGS__, )

typedef struct tw_lamb_args {
    TW__RULE_OPTIONS            /* .lr default 1e-3; .weight_decay w joins the direction */
    double beta1, beta2;        /* default 0.9, 0.999 */
    double epsilon;             /* default 1e-6 */
} tw_lamb_args;
/* Adam's direction d, scaled for each tensor:  w = w - lr |w| / |d| d (You et al. 2020). As optax.lamb. */
TW_API tw_opt *tw_lamb_at(const tw_loc *at, tw_net *net, const tw_lamb_args *options);
#define tw_lamb(...) TW__RULE(tw_lamb_at, tw_lamb_args, __VA_ARGS__, )

typedef struct tw_muon_args {
    TW__RULE_OPTIONS            /* .lr default 1e-3 */
    double momentum;            /* default 0.95 */
    double beta1, beta2;        /* of Adam, for vectors; default 0.9, 0.999 */
    double epsilon;             /* default 1e-8 */
} tw_muon_args;
/* The momentum of each matrix (a convolution's weight is [kh kw in, out]) made nearly orthogonal by five Newton-Schulz
 * steps; vectors by Adam (Jordan et al. 2024). As optax.contrib.muon. */
TW_API tw_opt *tw_muon_at(const tw_loc *at, tw_net *net, const tw_muon_args *options);
#define tw_muon(...) TW__RULE(tw_muon_at, tw_muon_args, __VA_ARGS__, )

/* ---- methods for tw_opt_minimise --------------------------------------------------------------- */

typedef struct tw_lbfgs_args {
    int         _size;
    int64_t     iterations;         /* at most; default 100 */
    int64_t     history;            /* pairs of steps and changes of the gradient that are kept; default 10 */
    double      tolerance_grad;     /* done when no element of the gradient is larger; default 1e-7 */
    double      tolerance_change;   /* done when neither weights nor loss change by more; default 1e-9 */
    double      l2, l1;             /* in the loss, as of the rules */
    const char *only;               /* pattern of the parameters to train; default all */
} tw_lbfgs_args;
/* Quasi-Newton steps along lines that meet the strong Wolfe conditions (Nocedal and Wright, chapters 3 and 7). As
 * torch.optim.LBFGS with line_search_fn="strong_wolfe". For losses that are the same at every call. */
TW_API tw_opt *tw_lbfgs_at(const tw_loc *at, tw_net *net, const tw_lbfgs_args *options);
#define tw_lbfgs(...) TW__RULE(tw_lbfgs_at, tw_lbfgs_args, __VA_ARGS__, )

typedef struct tw_levenberg_args {
    int         _size;
    int64_t     iterations;         /* at most; default 100 */
    double      damping;            /* at first; default 1e-3; TW_ZERO: always 0, which is Gauss and Newton's method */
    double      tolerance_grad;     /* done when no element of the gradient is larger; default 1e-7 */
    double      tolerance_change;   /* done when no weight changes by more; default 1e-9 */
    const char *only;               /* pattern of the parameters to train; default all */
} tw_levenberg_args;
/* Least squares, by Levenberg and Marquardt: steps d with (J'J + damping) d = -J'r, where r are the residuals, solved by
 * conjugate gradients on products with J and J'. The function gives r, of any shape; sum r^2 / 2 is minimised. */
TW_API tw_opt *tw_levenberg_at(const tw_loc *at, tw_net *net, const tw_levenberg_args *options);
#define tw_levenberg(...) TW__RULE(tw_levenberg_at, tw_levenberg_args, __VA_ARGS__, )

typedef struct tw_opt_result {
    double  loss;                       /* at the weights that the network has now; NaN in error */
    int64_t iterations, evaluations;
    bool    converged;                  /* a tolerance was met */
} tw_opt_result;
/* Minimises what loss_of(user) builds: it is called for each evaluation, in a scope of its own. */
TW_API tw_opt_result tw_opt_minimise_at(const tw_loc *at, tw_opt *opt, tw_node *(*loss_of)(void *user), void *user);
#define tw_opt_minimise(opt, loss_of, user) tw_opt_minimise_at(TW_HERE, opt, loss_of, user)

/* ---- groups ---------------------------------------------------------------------------------- */

typedef struct tw_group_args {
    int    _size;
    double lr_scale;            /* multiplies the learning rate */
    double weight_decay, l2, l1, proximal_l1, max_norm;
} tw_group_args;
/* Other numbers for the parameters that match: 0 leaves a number as it was, TW_ZERO says zero. Of several groups that
 * match the latest wins, number by number. */
TW_API void tw_opt_group_at(const tw_loc *at, tw_opt *opt, const char *pattern, const tw_group_args *options);
#define tw_opt_group(...) TW__GROUP(__VA_ARGS__, )
#define TW__GROUP(opt, pattern, ...) tw_opt_group_at(TW_HERE, opt, pattern, TW_OPTS(tw_group_args, __VA_ARGS__))

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

TW_API int64_t tw_opt_steps(const tw_opt *opt);      /* updates completed */
TW_API double  tw_opt_lr(const tw_opt *opt);         /* of the next one */
/* A number to be lowered, such as the validation loss of an epoch, for .plateau. True when the rate was lowered by it. */
TW_API bool tw_opt_observe(tw_opt *opt, double value);

/* Exchanges the trained weights and their .average, for a test or to be saved; false exchanges them back, and no step is
 * taken before. Batch statistics are not averaged. False in error. */
TW_API bool tw_opt_use_average_at(const tw_loc *at, tw_opt *opt, bool on);
#define tw_opt_use_average(opt, on) tw_opt_use_average_at(TW_HERE, opt, on)

#ifdef __cplusplus
}
#endif
