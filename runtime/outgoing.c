/*
 * outgoing.c - what a client's interceptors may ask of a call, and do with it
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "client_impl.h"
#include "metadata.h"

const char *via_outgoing_method(const struct via_outgoing *outgoing) {
        return outgoing->method->name;
}

const char *via_outgoing_endpoint(const struct via_outgoing *outgoing) {
        return outgoing->client->endpoint;
}

const struct via_method *via_outgoing_table(const struct via_outgoing *outgoing) {
        return outgoing->method;
}

struct via_client *via_outgoing_client(const struct via_outgoing *outgoing) {
        return outgoing->client;
}

const void *via_outgoing_request(const struct via_outgoing *outgoing) {
        return outgoing->request;
}

const struct via_call *via_outgoing_parent(const struct via_outgoing *outgoing) {
        return outgoing->options ? outgoing->options->parent : NULL;
}

uint32_t via_outgoing_timeout(const struct via_outgoing *outgoing) {
        return outgoing->timeout_ms;
}

void via_outgoing_shorten(struct via_outgoing *outgoing, uint32_t timeout_ms) {
        if (outgoing->options && timeout_ms < outgoing->timeout_ms)
                outgoing->timeout_ms = timeout_ms;
}

/* --- metadata --- */

const struct via_metadata *via_outgoing_metadata(const struct via_outgoing *outgoing) {
        if (outgoing->has_metadata)
                return outgoing->metadata;
        return outgoing->options ? outgoing->options->metadata : NULL;
}

/* The metadata of the call's own: a copy of the caller's, when the first entry is added. */
int via_outgoing_own_metadata(struct via_outgoing *o) {
        const uint8_t *bytes = NULL;
        size_t size = 0;

        if (!o->options)
                return VIA_FAILED_PRECONDITION;
        if (o->has_metadata)
                return VIA_OK;
        if (!o->metadata)
                o->metadata = via_metadata_new();
        if (o->options->metadata)
                bytes = via_metadata_bytes(o->options->metadata, &size);
        if (!o->metadata || via_metadata_read(o->metadata, bytes, size) < 0)
                return VIA_RESOURCE_EXHAUSTED;
        o->has_metadata = true;
        return VIA_OK;
}

int via_outgoing_add(struct via_outgoing *outgoing, const char *key, const char *value) {
        int code = via_outgoing_own_metadata(outgoing);

        return code ? code : via_metadata_add(outgoing->metadata, key, value, NULL);
}

int via_outgoing_add_bin(struct via_outgoing *outgoing, const char *key, const void *data,
                         size_t size) {
        int code = via_outgoing_own_metadata(outgoing);

        return code ? code : via_metadata_add_bin(outgoing->metadata, key, data, size, NULL);
}

/* --- how it may end here --- */

int via_outgoing_fail(struct via_outgoing *outgoing, enum via_code code, const char *format, ...) {
        va_list args, again;
        int n;

        va_start(args, format);
        va_copy(again, args);
        n = vsnprintf(NULL, 0, format, again);
        va_end(again);
        outgoing->text = n < 0 ? NULL : via_arena_alloc(&outgoing->arena, (size_t)n + 1);
        if (outgoing->text)
                vsnprintf(outgoing->text, (size_t)n + 1, format, args);
        va_end(args);
        return (int)code;
}

int via_outgoing_answer(struct via_outgoing *outgoing, const void *response) {
        const struct via_type *type = outgoing->method->response;

        outgoing->answer = NULL;
        outgoing->answered = false;
        if (type && !response) {
                if (type->desc.n_fields)
                        return via_outgoing_fail(outgoing, VIA_INTERNAL,
                                                 "the answer has no results");
                outgoing->answer = via_arena_alloc(&outgoing->arena, type->desc.sizeof_message);
                if (outgoing->answer)
                        via_message_init(type, outgoing->answer);
        } else if (type) {
                outgoing->answer = via_message_dup(type, response, &outgoing->arena);
        }
        if (type && !outgoing->answer)
                return via_outgoing_fail(outgoing, VIA_RESOURCE_EXHAUSTED,
                                         "no memory for the answer");
        outgoing->answered = true;
        return VIA_ANSWERED;
}
