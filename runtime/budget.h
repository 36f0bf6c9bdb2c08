#pragma once
/*
 * budget.h - how many calls stay open, counted over more than one link
 *
 * A call that outlives its handler holds memory for as long as that takes, also when its caller
 * has given it up and its link has ended. So it is counted until it is over: for its user at a
 * listener, and for the whole server. Calls that are answered at once are not. Any thread counts.
 */
#include <stdatomic.h>

/* What one user may have at one listener. */
struct via_budget {
        atomic_uint  n;
        unsigned     max;
        atomic_uint *all;                       /* borrowed: of the server */
        unsigned     max_all;
};

/* expected conditions: of whom there are too many */
enum {
        VIA_BUDGET_USER = 1,
        VIA_BUDGET_ALL,
};

static inline void via_budget_give(struct via_budget *budget) {
        atomic_fetch_sub(&budget->n, 1);
        atomic_fetch_sub(budget->all, 1);
}

/* Counts one more call: 0, or a condition, and then it is not counted. */
static inline int via_budget_take(struct via_budget *budget) {
        unsigned n = atomic_fetch_add(&budget->n, 1), all = atomic_fetch_add(budget->all, 1);

        if (n < budget->max && all < budget->max_all)
                return 0;
        via_budget_give(budget);
        return n < budget->max ? VIA_BUDGET_ALL : VIA_BUDGET_USER;
}
