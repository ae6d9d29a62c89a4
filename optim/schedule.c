/* schedule.c - learning rates that change with the step.
 * SPDX-License-Identifier: MIT
 */
#include "optim/optim.h"

static double inverse_time(int64_t step, const tw_schedule *s)
{
    return s->a / (1 + (double)step / s->b);
}

tw_schedule tw_inverse_time(double h0, double tau)
{
    tw_schedule s = { inverse_time, h0, tau, NULL };
    return s;
}
