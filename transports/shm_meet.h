#pragma once
/*
 * shm_meet.h - how the two ends of a shm: link find each other
 *
 * They meet at a lifeline, over which each hands its memory to the other; the client does not wait
 * for the server's, so until the server has accepted it, it writes into its ring and nobody reads.
 *
 * The bell is an eventfd between processes of one user. A descriptor's flags belong to all who
 * share it, so a peer could make our ring block: one of the same user could as well stop us with a
 * signal, any other gets packets on the lifeline instead, which cannot block.
 *
 * Moves no bytes, and wakes nobody.
 */
#include "lifeline.h"
#include "shm_memory.h"

struct shm_link {
        struct via_link          link;
        int                      fd;            /* the lifeline */
        int                      bell, peer_bell;       /* -1: packets on the lifeline */
        int                      wait;          /* a client's epoll of bell and lifeline, or -1 */
        pid_t                    owner;
        struct via_shm_memory    mine, theirs;  /* theirs: none until we have heard of it */
        struct via_ring_writer   out;
        struct via_ring_reader   in;
        struct via_ring_position nowhere;       /* where the peer has read to, until it is there */
        uint64_t                 sleeps;        /* the word of our last sleep */
        uint64_t                 rung;          /* the word of the peer's sleep that we ended */
        bool                     asleep;        /* as our word says */
        bool                     may_have_rung; /* our bell */
        bool                     armed;         /* and its owner has slept since: hush it */
        bool                     doubt;         /* whether the peer still lives */
        int                      gone;          /* 1: it left; else 0, or why the link is dead */
};

struct via_shm_listener {
        struct via_listener listener;
        struct via_lifeline lifeline;
        size_t              ring;
};

static inline struct shm_link *shm_link(struct via_link *link) {
        return (struct shm_link *)link;
}

/* Gives up memory, bells and lifeline. */
void via_shm_part(struct shm_link *self);

/* Maps what the peer has handed over, if nothing is wrong with it; its descriptors stay. */
int  via_shm_check(struct shm_link *self, const struct via_hello *hello);

/* Both ends are there: the descriptors are closed or kept. */
void via_shm_join(struct shm_link *self, struct via_hello *hello);

/* Makes what a client sleeps in that has nothing else to wait for. */
int  via_shm_make_wait(struct shm_link *self);

/* As those of via_transport. */
int  via_shm_listen(struct via_listener *listener, const struct via_uri *uri,
                   struct via_note *note);
int  via_shm_accept(struct via_listener *listener, struct via_link *link);
void via_shm_watch(struct via_listener *listener, struct via_wait *ret_wait);
void via_shm_name(const struct via_listener *listener, char *buf, size_t size);
void via_shm_shut(struct via_listener *listener);
int  via_shm_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                    struct via_note *note);
void via_shm_peer(const struct via_link *link, struct via_peer *ret_peer);
