/*
 * stream_verbs.c - reading and writing, whoever's stream it is: one that waits, or one that says
 * that it is too early
 */
#include "client_impl.h"
#include "clock.h"
#include "serve.h"
#include "stream.h"

__attribute__((cold)) static int not_this(const struct via_stream *stream,
                                          const struct via_method *method, const char *what,
                                          struct via_error *err) {
        if (stream->method != method)
                return via_error_set(err, VIA_FAILED_PRECONDITION,
                                     "this is a stream of %s, not of %s", stream->method->name,
                                     method->name);
        return via_error_set(err, VIA_FAILED_PRECONDITION, "%s: nothing is %s here", method->name,
                             what);
}

/* Why a call that has ended takes no more items, or gives none. */
static int over(const struct via_stream *stream, struct via_error *err) {
        if (stream->served)
                return via_call_over(stream->call, err);
        if (stream->err.code) {
                via_error_copy(err, &stream->err);
                return (int)stream->err.code;
        }
        return via_client_fail(err, stream->client, stream->method, VIA_CANCELLED,
                               "the server has answered the call");
}

/* --- read --- */

/*
 * Takes turns until an item or the end comes; it may be put where it is wanted as it comes. If
 * several threads read, that is where one of them wants it.
 */
static int read_waiting(struct via_stream *stream, void *item, struct via_error *err) {
        struct via_wanted wanted = { .item = item, .err = err };
        int code = VIA_LATER;

        while (code == VIA_LATER && !stream->done) {
                stream->wanted = &wanted;
                via_client_sleep(stream->client, INT64_MAX);
                if (stream->wanted == &wanted)
                        stream->wanted = NULL;
                code = wanted.came ? wanted.code : via_stream_next(stream, item, err);
        }
        if (stream->client->session->pump.aimed.data)
                via_client_unaim(stream->client);
        return code;
}

static int read_own(struct via_stream *stream, void *item, struct via_error *err) {
        int code = via_stream_next(stream, item, err);

        if (code == VIA_LATER && !stream->done) {
                via_stream_ask(stream);
                if (!via_client_may_wait(stream->client))
                        return VIA_LATER;
                code = read_waiting(stream, item, err);
        }
        if (code == VIA_LATER)
                return VIA_END;
        if (code)
                via_stream_fail(stream, code, "an item could not be decoded");
        return code;
}

static int read_served(struct via_stream *stream, void *item, struct via_error *err) {
        int code;

        if (stream->done)
                return over(stream, err);
        code = via_stream_next(stream, item, err);
        if (code == VIA_LATER) {
                if (stream->flow.state & VIA_FLOW_ENDED)
                        return VIA_END;
                via_stream_ask(stream);
        } else if (code) {
                via_stream_fail(stream, code, "an item could not be decoded");
        }
        return code;
}

int via_stream_read(struct via_stream *stream, const struct via_method *method, void *item,
                    struct via_error *err) {
        VIA_GUEST(stream->shared);

        if (stream->method != method || !via_stream_reads(stream))
                return not_this(stream, method, "streamed", err);
        if (stream->work)
                return via_work_read(stream, item, err);
        return stream->served ? read_served(stream, item, err) : read_own(stream, item, err);
}

/* --- write --- */

__attribute__((cold)) static int closed(const struct via_stream *stream, struct via_error *err) {
        return via_error_set(err, VIA_FAILED_PRECONDITION, "%s: the sending side is closed",
                             stream->method->name);
}

/* A blocking client's item leaves now; if it cannot, with what the client does next. */
static int write_own(struct via_stream *stream, const void *item, struct via_error *err) {
        struct via_client *client = stream->client;
        int code;

        while ((code = via_stream_put(stream, item, err)) == VIA_LATER &&
               via_client_may_wait(client)) {
                if (via_pump_queued(&client->session->pump))    /* perhaps that is all */
                        via_client_send(client, INT64_MAX);
                else
                        via_client_sleep(client, INT64_MAX);
                if (stream->done)
                        return over(stream, err);
                if (stream->flow.state & VIA_FLOW_CLOSED)       /* by another thread */
                        return closed(stream, err);
        }
        if (via_client_may_wait(client))
                via_client_send(client, via_clock_ms());
        else if (code == VIA_OK)
                via_session_kick(client->session);
        return code;
}

/* The call has not even been sent, for want of a link: whether that is not for us to change. */
static bool wait_for_link(struct via_stream *stream) {
        struct via_client *client = stream->client;

        while (via_client_may_wait(client) && stream->handle && stream->handle->waiting)
                via_client_sleep(client, INT64_MAX);
        stream->full = !via_client_may_wait(client);
        return stream->full;
}

static int write_served(struct via_stream *stream, const void *item, struct via_error *err) {
        int code = via_call_head(stream->call);

        code = code ? code : via_stream_put(stream, item, err);
        if (code == VIA_OK)
                via_session_kick(stream->session);
        return code;
}

int via_stream_write(struct via_stream *stream, const struct via_method *method, const void *item,
                     struct via_error *err) {
        VIA_GUEST(stream->shared);

        if (stream->method != method || !via_stream_writes(stream))
                return not_this(stream, method, "streamed", err);
        if (stream->work)                       /* the rest is the serving thread's */
                return via_work_write(stream, item, err);
        if (stream->handle && stream->handle->waiting &&
            !(stream->flow.state & VIA_FLOW_CLOSED) && wait_for_link(stream))
                return VIA_LATER;
        if (stream->flow.state & VIA_FLOW_CLOSED)
                return closed(stream, err);
        if (stream->done || !stream->session)
                return over(stream, err);
        return stream->served ? write_served(stream, item, err) : write_own(stream, item, err);
}
