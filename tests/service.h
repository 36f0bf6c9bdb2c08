#pragma once
/*
 * service.h - a server of conformance.idl: what its handlers do
 *
 * Keeps what note(), nap() and make() were given, in order, for noted() to tell. The handlers may
 * run in several threads.
 */
#include <stdatomic.h>
#include "conformance.h"

enum { SERVICE_NOTES = 65536 };

struct service {
        unsigned n_notes;               /* it may have missed those above SERVICE_NOTES */
        uint32_t notes[SERVICE_NOTES];
        atomic_uint n_given_up;         /* calls that nobody waited for any more */
        uint32_t second_answer;         /* what became of it; 0: there was none */
};

int service_add(struct via_server *server, struct service *service, struct via_error *err);

/* service_streams.c, service_later.c: the parts of it. */
int service_add_streams(struct via_server *server, struct service *service,
                        struct via_error *err);
int service_add_later(struct via_server *server, struct service *service, struct via_error *err);

/* Defers @call until it is given up, which is counted. */
int service_wait_in_vain(struct via_call *call);
