/*
 * service_streams.c - a server of conformance.idl: handlers that stream
 */
#include <stdlib.h>
#include <string.h>
#include "service.h"

/* --- source: so many items, as the caller takes them --- */

struct source {
        struct via_call *call;
        uint32_t         left, size;
        uint8_t          bytes[];
};

static void source_end(struct source *source, int code) {
        if (code)
                via_call_end(source->call, code);
        else
                conf_Streams_source_reply(source->call);
        free(source);
}

static void source_more(void *user, struct via_stream *stream) {
        struct source *source = user;
        int code = VIA_OK;

        while (source->left && code == VIA_OK) {
                code = conf_Streams_source_write(stream, source->size, source->bytes, NULL);
                if (code == VIA_OK)
                        source->left--;
        }
        if (code != VIA_LATER)
                source_end(source, code);
}

static int source(struct via_call *call, uint32_t n, uint32_t size, struct via_stream *stream) {
        struct source *self = malloc(sizeof(*self) + size);
        int code;

        if (!self)
                return VIA_RESOURCE_EXHAUSTED;
        self->call = call;
        self->left = n;
        self->size = size;
        for (uint32_t i = 0; i < size; i++)
                self->bytes[i] = (uint8_t)(i % 251);
        code = via_call_defer(call);
        if (code == VIA_DEFERRED)
                via_stream_on_ready(stream, source_more, self);
        else
                free(self);
        return code;
}

/* --- sink --- */

struct sink {
        struct via_call *call;
        uint64_t         n;
};

static bool is_pattern(size_t n, const uint8_t *data) {
        for (size_t i = 0; i < n; i++)
                if (data[i] != i % 251)
                        return false;
        return true;
}

static void sink_more(void *user, struct via_stream *stream) {
        struct sink *sink = user;
        uint8_t *data;
        size_t n;
        int code;

        while ((code = conf_Streams_sink_read(stream, &n, &data, NULL)) == VIA_OK) {
                if (!is_pattern(n, data))
                        code = via_call_fail(sink->call, VIA_DATA_LOSS, "not what was agreed on");
                free(data);
                sink->n += n;
                if (code)
                        break;
        }
        if (code == VIA_LATER)
                return;
        if (code == VIA_END)
                conf_Streams_sink_reply(sink->call, sink->n);
        else
                via_call_end(sink->call, code);
        free(sink);
}

static int sink(struct via_call *call, struct via_stream *stream, uint64_t *ret_result) {
        struct sink *self = calloc(1, sizeof(*self));
        int code = self ? via_call_defer(call) : VIA_RESOURCE_EXHAUSTED;

        (void)ret_result;
        if (code != VIA_DEFERRED) {
                free(self);
                return code;
        }
        self->call = call;
        via_stream_on_ready(stream, sink_more, self);
        return code;
}

/* --- mirror: one item at a time, so that who is not read stops reading --- */

struct mirror {
        struct via_call *call;
        uint8_t         *data;                  /* read, and not yet written; or NULL */
        size_t           n;
};

static int mirror_one(struct mirror *mirror, struct via_stream *stream) {
        int code = VIA_OK;

        if (!mirror->data)
                code = conf_Streams_mirror_read(stream, &mirror->n, &mirror->data, NULL);
        if (code == VIA_OK)
                code = conf_Streams_mirror_write(stream, mirror->n, mirror->data, NULL);
        if (code == VIA_OK) {
                free(mirror->data);
                mirror->data = NULL;
        }
        return code;
}

static void mirror_more(void *user, struct via_stream *stream) {
        struct mirror *mirror = user;
        int code;

        do
                code = mirror_one(mirror, stream);
        while (code == VIA_OK);
        if (code == VIA_LATER)
                return;
        if (code == VIA_END)
                conf_Streams_mirror_reply(mirror->call);
        else
                via_call_end(mirror->call, code);
        free(mirror->data);
        free(mirror);
}

static int mirror(struct via_call *call, struct via_stream *stream) {
        struct mirror *self = calloc(1, sizeof(*self));
        int code = self ? via_call_defer(call) : VIA_RESOURCE_EXHAUSTED;

        if (code != VIA_DEFERRED) {
                free(self);
                return code;
        }
        self->call = call;
        via_stream_on_ready(stream, mirror_more, self);
        return code;
}

static int pool_mirror_work(struct via_call *call, void *user) {
        struct via_stream *stream = via_call_stream(call);
        uint8_t *data;
        size_t n;
        int code;

        (void)user;
        while ((code = conf_Streams_pool_mirror_read(stream, &n, &data, NULL)) == VIA_OK) {
                code = conf_Streams_pool_mirror_write(stream, n, data, NULL);
                free(data);
                if (code)
                        break;
        }
        return code == VIA_END ? conf_Streams_pool_mirror_reply(call) : code;
}

static int pool_mirror(struct via_call *call, struct via_stream *stream) {
        (void)stream;
        return via_call_offload(call, pool_mirror_work, NULL);
}

/* --- what a handler may do before it returns --- */

static int few(struct via_call *call, uint32_t n, struct via_stream *stream) {
        struct conf_Refused refused;

        for (uint32_t i = 0; i < n; i++) {
                int code = conf_Streams_few_write(stream, i, NULL);

                if (code)
                        return code == VIA_LATER ? VIA_RESOURCE_EXHAUSTED : code;
        }
        conf_Refused_init(&refused);
        refused.code = (int32_t)n;
        return conf_Refused_raise(call, &refused);
}

static void early_more(void *user, struct via_stream *stream) {
        uint32_t n;
        int code = conf_Streams_early_read(stream, &n, NULL);

        if (code == VIA_LATER)
                return;
        if (code == VIA_OK)
                conf_Streams_early_reply(user, n);
        else
                via_call_end(user, code == VIA_END ? VIA_INVALID_ARGUMENT : code);
}

static int early(struct via_call *call, struct via_stream *stream, uint32_t *ret_result) {
        int code = via_call_defer(call);

        (void)ret_result;
        if (code == VIA_DEFERRED)
                via_stream_on_ready(stream, early_more, call);
        return code;
}

static int deaf(struct via_call *call, struct via_stream *stream) {
        (void)stream;
        return service_wait_in_vain(call);
}

static const struct conf_Streams_ops streams = {
        .source = source,
        .sink = sink,
        .mirror = mirror,
        .pool_mirror = pool_mirror,
        .few = few,
        .early = early,
        .deaf = deaf,
};

int service_add_streams(struct via_server *server, struct service *service,
                        struct via_error *err) {
        return conf_Streams_serve(server, &streams, service, err);
}
