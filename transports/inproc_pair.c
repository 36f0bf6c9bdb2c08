/*
 * inproc_pair.c - the memory between two ends in one process
 */
#include <poll.h>
#include <stdlib.h>
#include "inproc_pair.h"

void via_inproc_pair_free(struct via_inproc_pair *pair) {
        for (int i = 0; i < 2; i++) {
                close(pair->sides[i].bell);
                free(pair->sides[i].bytes);
        }
        free(pair);
}

void via_inproc_pair_leave(struct via_inproc_pair *pair, int side, int why) {
        atomic_store(&pair->sides[side].gone, why);
        via_inproc_wake(&pair->sides[!side], POLLIN | POLLOUT | POLLHUP);
        if (atomic_fetch_sub(&pair->users, 1) == 1)
                via_inproc_pair_free(pair);
}

int via_inproc_pair_new(struct via_inproc_pair **ret_pair) {
        struct via_inproc_pair *pair =
                aligned_alloc(_Alignof(struct via_inproc_pair), sizeof(*pair));
        int r;

        if (!pair)
                return -ENOMEM;
        memset(pair, 0, sizeof(*pair));
        atomic_init(&pair->users, 2);
        r = via_bell_new(&pair->sides[0].bell);
        if (r == 0) {
                r = via_bell_new(&pair->sides[1].bell);
                if (r)
                        close(pair->sides[0].bell);
        }
        if (r) {
                free(pair);
                return r;
        }
        *ret_pair = pair;
        return 0;
}
