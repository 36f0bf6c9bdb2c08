/*
 * serve_answer.c - what is said to a caller in return: results, failures, metadata
 */
#include <stdlib.h>
#include <string.h>
#include "metadata.h"
#include "serve.h"

/* Bytes of metadata that any caller takes whose max_metadata is the default. */
enum { SENT_MAX = 8192 };

/* A reply that can be written: sizes are known, and what it is made of stays. */
struct answer {
        int                code;
        const void        *response;
        struct via_failure failure;
        const uint8_t     *meta;
        size_t             meta_size, body_size;
};

/* Says in words what is wrong with a result. */
__attribute__((cold))
static int bad_response(struct via_call *call, const void *response) {
        struct via_error why = VIA_ERROR_INIT;
        size_t size;

        via_message_size(call->served->method->response, response, &size, &why);
        via_call_fail(call, VIA_INTERNAL, "the result breaks the interface: %s",
                      why.message ? why.message : "");
        via_error_fini(&why);
        return VIA_INTERNAL;
}

__attribute__((cold))
static int big_response(struct via_call *call, size_t size) {
        const struct via_session *session = call->session;
        bool clients = session && call->most < session->pump.conn.max_message;

        return via_call_fail(call, VIA_RESOURCE_EXHAUSTED,
                             "the response has %zu bytes, more than the %s max_message, %llu", size,
                             clients ? "client's" : "server's", (unsigned long long)call->most);
}

/* A failure: @code, the call's sentence, and the exception if one was raised. */
__attribute__((cold))
static void failure_of(struct via_call *call, int code, struct answer *answer) {
        struct via_failure *f = &answer->failure;
        size_t size;

        answer->code = code;
        *f = (struct via_failure){ .text = call->text };
        f->text_size = call->text ? strnlen(call->text, WIRE_TEXT_MAX) : 0;
        if (call->raised && via_message_size(call->raised, call->exception, &size, NULL) == 0) {
                f->exception = via_method_id(call->raised->desc.name);
                f->body_size = size;
        }
        if (via_failure_size(f) + answer->meta_size > call->most)
                *f = (struct via_failure){ 0 };         /* the code is what matters most */
        answer->body_size = via_failure_size(f);
}

/* An answer without a message is one where there are no results. */
static bool has_no_results(const struct via_call *call) {
        const struct via_type *type = call->served->method->response;

        return !type || !type->desc.n_fields;
}

/*
 * What is to be said: @response, or a failure of @code, or of what is wrong with @response. Returns
 * its code.
 */
static inline int answer_of(struct via_call *call, int code, const void *response,
                            struct answer *answer) {
        answer->code = VIA_OK;
        answer->response = response;
        answer->meta_size = 0;
        if (__builtin_expect(call->has_extras && call->trailer, 0))
                answer->meta = via_metadata_bytes(call->trailer, &answer->meta_size);
        answer->body_size = 0;
        if (!code && !response && !has_no_results(call))
                code = via_call_fail(call, VIA_INTERNAL, "the answer has no results");
        if (!code && response && via_message_size(call->served->method->response, response,
                                      &answer->body_size, NULL) != VIA_OK)
                code = bad_response(call, response);
        if (!code && answer->body_size + answer->meta_size > call->most)
                code = big_response(call, answer->body_size);
        if (code)
                failure_of(call, code, answer);
        return code;
}

static inline size_t answer_size(const struct answer *answer) {
        return WIRE_HEADER + answer->meta_size + answer->body_size;
}

static inline void answer_write(const struct via_call *call, const struct answer *answer,
                                uint8_t *room) {
        const struct via_failure *f = &answer->failure;

        wire_put_header(room, &(struct wire_header){
                                      .length = (uint32_t)(answer->meta_size + answer->body_size),
                                      .type = WIRE_REPLY,
                                      .meta = (uint16_t)answer->meta_size,
                                      .id = call->id,
                                      .value = (uint32_t)answer->code });
        room += WIRE_HEADER;
        if (answer->meta_size)
                room = (uint8_t *)mempcpy(room, answer->meta, answer->meta_size);
        if (!answer->code) {
                if (answer->response)
                        via_message_encode(call->served->method->response, answer->response, room,
                                           answer->body_size);
                return;
        }
        room += via_failure_put(room, f);
        if (f->exception)
                via_message_encode(call->raised, call->exception, room, f->body_size);
}

/* Queues any answer to a call that has its link: the code that it tells, and its size. */
__attribute__((noinline))
static int say_anything(struct via_call *call, int code, const void *response, size_t *ret_size) {
        struct via_pump *pump = &call->session->pump;
        struct answer answer;
        uint8_t *room;

        if (__builtin_expect(call->has_extras, 0))
                via_call_head(call);
        if (call->most == 0)
                call->most = pump->conn.peer_message;
        answer_of(call, code, response, &answer);
        room = via_pump_reserve_for(pump, call->high, answer_size(&answer));
        if (__builtin_expect(!room && !answer.code, 0)) {
                failure_of(call, via_call_fail(call, VIA_RESOURCE_EXHAUSTED,
                                               "the server has no memory for the call"), &answer);
                room = via_pump_reserve_for(pump, call->high, answer_size(&answer));
        }
        *ret_size = room ? answer_size(&answer) : 0;
        if (!room)                              /* the caller's deadline will tell */
                return answer.code;
        answer_write(call, &answer, room);
        via_pump_commit(pump, answer_size(&answer));
        return answer.code;
}

/*
 * A result that is mostly octets: they go from where they are, as far as the link takes them now.
 * False: that cannot be, and nothing has been done.
 */
bool via_call_respond_large(struct via_call *call, const void *response, size_t size) {
        const struct via_type *type = call->served->method->response;
        const struct via_octets *octets = via_octets_large(type, response);
        struct via_pump *pump = &call->session->pump;
        uint8_t head[WIRE_HEADER + VIA_OCTETS_HEAD], *p;

        if (!octets || !via_pump_takes_large(pump))
                return false;
        wire_put_header(head, &(struct wire_header){ .length = (uint32_t)size,
                                                     .type = WIRE_REPLY,
                                                     .id = call->id });
        p = via_octets_head(type, octets->data.len, head + WIRE_HEADER);
        return via_pump_put_large(pump, head, (size_t)(p - head), octets->data.data,
                                  octets->data.len) == 0;
}

/* Queues the answer to a call that has its link. */
void via_call_say(struct via_call *call, int code, const void *response) {
        size_t size;

        if (__builtin_expect(code || !response || call->has_extras, 0) ||
            !via_call_respond(call, response))
                say_anything(call, code, response, &size);
}

/* The same for who wants to know what was said: its code, and its size. */
int via_call_tell(struct via_call *call, int code, const void *response, size_t *ret_size) {
        return say_anything(call, code, response, ret_size);
}

/*
 * Keeps the answer, encoded, to be sent by the thread that serves: VIA_OK, or what is wrong with
 * @response, which is what the caller will hear.
 */
int via_call_hold(struct via_call *call, int code, const void *response) {
        struct answer answer;
        int wrong = answer_of(call, code, response, &answer);

        free(call->held);
        call->held = malloc(answer_size(&answer));
        call->held_size = answer_size(&answer);
        call->held_fails = answer.code != VIA_OK;
        call->seen.code = answer.code;
        if (!call->held)
                return VIA_RESOURCE_EXHAUSTED;
        answer_write(call, &answer, call->held);
        return code ? VIA_OK : wrong;
}

/* --- metadata --- */

/* Sends the header, if there is one and it has not been sent: VIA_OK or RESOURCE_EXHAUSTED. */
int via_call_head(struct via_call *call) {
        struct via_pump *pump = &call->session->pump;
        const uint8_t *meta;
        uint8_t *room;
        size_t size;

        if (call->head_sent || !call->has_extras || !call->header ||
            !via_metadata_count(call->header)) {
                call->head_sent = true;
                return VIA_OK;
        }
        meta = via_metadata_bytes(call->header, &size);
        room = via_pump_reserve_for(pump, call->high, WIRE_HEADER + size);
        if (!room)
                return VIA_RESOURCE_EXHAUSTED;
        wire_put_header(room, &(struct wire_header){ .length = (uint32_t)size,
                                                     .type = WIRE_HEAD,
                                                     .meta = (uint16_t)size,
                                                     .id = call->id });
        memcpy(room + WIRE_HEADER, meta, size);
        via_pump_commit(pump, WIRE_HEADER + size);
        call->head_sent = true;
        call->seen.facts.bytes_out += WIRE_HEADER + size;
        return VIA_OK;
}

const struct via_metadata *via_call_metadata(const struct via_call *call) {
        return call->has_metadata ? call->metadata : NULL;
}

/* What a call keeps from the last one is cleared when the first entry of this one comes. */
static int add(struct via_call *call, struct via_metadata **to, const char *key, const void *data,
               size_t size, bool is_text) {
        size_t used;
        int code;

        if (!call->has_extras) {
                if (call->header)
                        via_metadata_clear(call->header);
                if (call->trailer)
                        via_metadata_clear(call->trailer);
                call->has_extras = true;
        }
        if (!*to)
                *to = via_metadata_new();
        if (!*to)
                return VIA_RESOURCE_EXHAUSTED;
        via_metadata_bytes(*to, &used);
        if (used + strlen(key) + size + 4 > SENT_MAX)
                return VIA_RESOURCE_EXHAUSTED;
        code = is_text ? via_metadata_add(*to, key, data, NULL)
                       : via_metadata_add_bin(*to, key, data, size, NULL);
        return code;
}

int via_call_add_header(struct via_call *call, const char *key, const char *value) {
        return call->head_sent ? VIA_FAILED_PRECONDITION
                               : add(call, &call->header, key, value, strlen(value), true);
}

int via_call_add_header_bin(struct via_call *call, const char *key, const void *data,
                            size_t size) {
        return call->head_sent ? VIA_FAILED_PRECONDITION
                               : add(call, &call->header, key, data, size, false);
}

int via_call_add_trailer(struct via_call *call, const char *key, const char *value) {
        return add(call, &call->trailer, key, value, strlen(value), true);
}

int via_call_add_trailer_bin(struct via_call *call, const char *key, const void *data,
                             size_t size) {
        return add(call, &call->trailer, key, data, size, false);
}
