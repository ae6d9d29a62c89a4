/* plateau.c - a lower learning rate once an observed number stops falling.
 *
 * As torch.optim.lr_scheduler.ReduceLROnPlateau, but that the rate it multiplies may follow a schedule:
 * kept is the product of the factors.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"
#include <math.h>

static bool better(const tw_plateau *p, double value, double best)
{
    const double threshold = tw__rate_or(p->threshold, 1e-4);
    return p->rising ? value > best * (1 + threshold) : value < best * (1 - threshold);
}

static double base_rate(const tw_opt *opt)
{
    return opt->o.schedule.rate ? tw_rate(&opt->o.schedule, opt->steps) : opt->o.lr;
}

double tw_opt_lr(const tw_opt *opt)
{
    if (!opt || !opt->cx) return 0;
    const double base = base_rate(opt), lowest = opt->o.plateau.lowest;
    const double lr = base * opt->plateau.scale;
    return lr < lowest ? fmin(base, lowest) : lr;
}

bool tw_opt_observe(tw_opt *opt, double value)
{
    if (!opt || !opt->cx || !tw_ok(opt->cx) || !(opt->o.plateau.factor > 0)) return false;
    const tw_plateau *p = &opt->o.plateau;
    if (opt->plateau.any ? better(p, value, opt->plateau.best) : !isnan(value)) {
        opt->plateau.any  = true;
        opt->plateau.best = value;
        opt->plateau.bad  = 0;
    } else {
        opt->plateau.bad++;
    }
    if (opt->plateau.cooling > 0) {
        opt->plateau.cooling--;
        opt->plateau.bad = 0;
    }
    const int64_t patience = p->patience < 0 ? 0 : p->patience ? p->patience : 10;
    if (opt->plateau.bad <= patience) return false;

    const double before = tw_opt_lr(opt);
    opt->plateau.scale  *= p->factor;
    opt->plateau.bad     = 0;
    opt->plateau.cooling = p->cooldown;
    return tw_opt_lr(opt) < before;
}
