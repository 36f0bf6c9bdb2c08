#pragma once
/*
 * conn_impl.h - what the files of the machine share
 *
 *      conn.c          what it makes of the frames that come in
 *      conn_life.c     how it begins and ends: init, fini, hello, goaway
 *      conn_flow.c     streams: items, and the credit for them, both ways
 *      conn_talk.c     what it says itself, and how long it waits for the peer
 */
#include "conn.h"

/* The call that a frame speaks of. */
struct via_subject {
        void            *call;          /* NULL: it is not there, or not any more */
        struct via_flow *flow;          /* NULL: it has no stream */
        struct via_slot *slot;          /* if it is one that this end has made */
};

/* Room for VIA_CONN_WHY bytes at conn->why, which most links never need; NULL: no memory. */
char *via_conn_words(struct via_conn *conn);

/* Remembers what the peer did wrong: -EPROTO, the connection is over. */
int  via_conn_fault(struct via_conn *conn, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

int  via_conn_on_hello(struct via_conn *conn, const struct wire_header *h, const uint8_t *body);
void via_conn_on_goaway(struct via_conn *conn, const struct wire_header *h, const uint8_t *body);

void via_conn_flows_init(struct via_conn *conn, const struct via_limits *limits);
int  via_conn_flows_hello(struct via_conn *conn, uint32_t stream, uint32_t link);

int  via_conn_check_item(struct via_conn *conn, const struct wire_header *h,
                        const struct via_subject *of);
void via_conn_item(struct via_conn *conn, const struct wire_header *h,
                   const struct via_subject *of);
int  via_conn_end(struct via_conn *conn, const struct via_subject *of);
int  via_conn_credit(struct via_conn *conn, const struct wire_header *h,
                    const struct via_subject *of);
uint32_t via_conn_announce(struct via_conn *conn);
