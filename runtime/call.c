/*
 * call.c - what a handler may ask of its call
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "client_impl.h"
#include "clock.h"
#include "serve.h"

void *via_call_self(const struct via_call *call) {
        return call->served->self;
}

void via_call_peer(const struct via_call *call, struct via_peer *ret_peer) {
        *ret_peer = (struct via_peer){ 0 };
        if (call->session)
                call->session->pump.link->by->peer(call->session->pump.link, ret_peer);
}

const char *via_call_endpoint(const struct via_call *call) {
        return call->session ? call->session->endpoint : "";
}

const char *via_call_method(const struct via_call *call) {
        return call->served->method->name;
}

uint32_t via_call_time_left(const struct via_call *call) {
        int64_t left = call->due - via_clock_ms();

        return left > 0 ? (uint32_t)left : 0;
}

void *via_call_alloc(struct via_call *call, size_t size) {
        void *p = via_arena_alloc(&call->arena, size);

        return p ? memset(p, 0, size) : NULL;
}

void *via_call_new(struct via_call *call, const struct via_type *type) {
        void *message = via_arena_take(&call->arena, type->desc.sizeof_message, VIA_ARENA_ALIGN);

        if (message)
                via_default(type, message);
        return message;
}

__attribute__((format(printf, 2, 0)))
static char *vprint(struct via_call *call, const char *format, va_list args) {
        va_list again;
        char *text = NULL;
        int n;

        va_copy(again, args);
        n = vsnprintf(NULL, 0, format, again);
        va_end(again);
        if (n >= 0)
                text = via_arena_alloc(&call->arena, (size_t)n + 1);
        if (text)
                vsnprintf(text, (size_t)n + 1, format, args);
        return text;
}

int via_call_printf(struct via_call *call, char **ret_string, const char *format, ...) {
        va_list args;
        char *text;

        va_start(args, format);
        text = vprint(call, format, args);
        va_end(args);
        if (!text)
                return VIA_RESOURCE_EXHAUSTED;
        *ret_string = text;
        return VIA_OK;
}

int via_call_strdup(struct via_call *call, char **ret_string, const char *string) {
        size_t n = strlen(string) + 1;
        char *text = via_arena_alloc(&call->arena, n);

        if (!text)
                return VIA_RESOURCE_EXHAUSTED;
        *ret_string = memcpy(text, string, n);
        return VIA_OK;
}

int via_call_fail(struct via_call *call, enum via_code code, const char *format, ...) {
        va_list args;

        va_start(args, format);
        call->text = vprint(call, format, args);
        va_end(args);
        call->raised = NULL;
        return (int)code;
}

int via_call_raise(struct via_call *call, const struct via_type *type, const void *exception) {
        const struct via_method *method = call->served->method;
        unsigned i = 0;

        while (i < method->n_raises && method->raises[i] != type)
                i++;
        if (i == method->n_raises)
                return via_call_fail(call, VIA_INTERNAL,
                                     "%s raised %s, which it does not declare", method->name,
                                     type->desc.name);
        via_call_fail(call, VIA_UNKNOWN, "%s", type->desc.name);
        call->exception = via_message_dup(type, exception, &call->arena);
        call->raised = call->exception ? type : NULL;
        return VIA_UNKNOWN;
}

struct via_client *via_call_client(struct via_call *call) {
        struct via_session *session = call->session;

        if (!session)
                return NULL;
        return session->client ? session->client : via_client_back(session);
}
