#pragma once
/*
 * fifo_door.h - the FIFO that everybody knows, and the cards that clients write into it
 *
 * A card has a fixed size and is smaller than PIPE_BUF, so the kernel does not tear it.
 *
 * Who may write to the FIFO may connect; who could read it could read the cards of others, so
 * reading is taken from group and others whatever ?mode= says. And neither end uses a folder in
 * which everybody may make files, /tmp above all: anybody could be the server there, or make the
 * file first, and no sticky bit and no fs.protected_fifos prevents that.
 *
 * Opens no pair, and moves no byte of a link.
 */
#include "fd.h"
#include "fifo_pair.h"
#include "lock.h"

struct via_fifo_listener {
        struct via_fd_listener fd;              /* first */
        struct via_lock        lock;
        struct stat            mine;
        union {
                struct via_fifo_card card;      /* the next, of which we have got so much: */
                char                 bytes[sizeof(struct via_fifo_card)];
        };
        size_t                 got;
        char                   path[VIA_URI_MAX];
};

/* As via_transport.listen, name and shut. */
int  via_fifo_listen(struct via_listener *listener, const struct via_uri *uri,
                    struct via_note *note);
void via_fifo_name(const struct via_listener *listener, char *buf, size_t size);
void via_fifo_shut(struct via_listener *listener);

/* Gets the next card: 0 or -EAGAIN. */
int  via_fifo_next_card(struct via_fifo_listener *self);

/* Whether a FIFO in the folder can be trusted: 0, or a negative errno with a note. */
int  via_fifo_check_folder(const struct via_lock *lock, struct via_note *note);

/* Opens the server's FIFO as a client does: -ENXIO if nobody reads it. */
int  via_fifo_open_door(const struct via_lock *lock, int *ret_fd);

/* Puts the card in, when there is room, within @timeout_ms: 0, or a negative errno. */
int  via_fifo_put_card(int door, const struct via_fifo_card *card, int timeout_ms);

/* Says in words why a client did not get in, which was @r; returns the errno of that. */
int  via_fifo_explain(const struct via_lock *lock, int r, struct via_note *note);
