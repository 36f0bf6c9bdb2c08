#pragma once
/*
 * service.h - a server of conformance.idl: what its handlers do
 *
 * Keeps what note(), nap() and make() were given, in order, for noted() to tell.
 */
#include "conformance.h"

enum { SERVICE_NOTES = 65536 };

struct service {
        unsigned n_notes;               /* it may have missed those above SERVICE_NOTES */
        uint32_t notes[SERVICE_NOTES];
};

int service_add(struct via_server *server, struct service *service, struct via_error *err);
