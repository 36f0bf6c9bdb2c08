#pragma once
/*
 * fifo_pair.h - the two FIFOs that a client makes for itself, and the card that says where
 *
 * They lie in a folder of the client's own, beside the server's FIFO, or in /tmp if it may not
 * write there. They have names only until both have opened them. The folder is locked as long as
 * its client lives: what a killed client left has no lock, and goes when the next one makes such
 * a folder, or the next server starts.
 */
#include <stdbool.h>
#include <via/transport.h>

/*
 * What a client writes into the server's FIFO, in one piece. It names no path, so nobody can
 * send a server to files that are none of this.
 */
struct via_fifo_card {
        char magic[12];                         /* VIA_FIFO_MAGIC, with the version */
        char in_tmp;                            /* 1: in /tmp; 0: beside the server's FIFO */
        char folder[37];                        /* "via-" and 32 hex digits, terminated */
        char secret[33];                        /* likewise, in the names of both FIFOs */
};

#define VIA_FIFO_MAGIC "via-fifo 1\n"

struct via_fifo_pair {
        int                  dir, folder;       /* where the folder is; the folder, locked */
        pid_t                owner;             /* a forked child removes nothing */
        struct via_fifo_card card;
};

/* The client's part: open FIFOs, which nobody else has opened yet. @beside is a folder. */
int  via_fifo_pair_make(struct via_fifo_pair *pair, int beside, bool for_another_user,
                       int *ret_in, int *ret_out, struct via_note *note);

/* Removes them, if they are still there. */
void via_fifo_pair_remove(struct via_fifo_pair *pair);

/*
 * The server's part: opens what the card of a client says, and removes the names.
 * -ECONNABORTED: the client is gone, or what is there is not as it should be.
 */
int  via_fifo_pair_open(const struct via_fifo_card *card, int beside, int *ret_in, int *ret_out,
                       struct via_peer *ret_peer);

/* Removes what killed clients left in @dir. */
void via_fifo_sweep(int dir);
