/*
 * client_call.c - making a call and waiting for its end, and turning the wheel for those that were
 * started
 */
#define _GNU_SOURCE
#include <errno.h>
#include "client_begin.h"
#include "clock.h"

/*
 * Only a blocking client may wait, and only outside of on_done: a turn within a turn would
 * overwrite the answer being read.
 */
static int can_wait(struct via_client *client, struct via_error *err) {
        if (!client->loop && !via_client_may_wait(client))
                return via_error_set(err, VIA_FAILED_PRECONDITION,
                                     "%s: not from within another of its functions; start the call",
                                     client->endpoint);
        if (client->loop)
                return via_error_set(err, VIA_FAILED_PRECONDITION,
                                     "%s: a client in a loop cannot block; start the call",
                                     client->endpoint);
        if (client->delivering)
                return via_error_set(err, VIA_FAILED_PRECONDITION,
                                     "%s: not from within on_done; start the call",
                                     client->endpoint);
        return VIA_OK;
}

static int late_oneway(struct via_client *client, struct via_handle *handle,
                       struct via_error *err) {
        return via_client_fail(err, client, handle->method, VIA_DEADLINE_EXCEEDED,
                               "could not be sent in time");
}

/*
 * The same for one of several threads: when it wakes the link may be another one, so it is told
 * of its end by whoever finds that.
 */
static int send_oneway_shared(struct via_client *client, struct via_handle *handle,
                              struct via_error *err) {
        struct via_sync *sync = handle->sync;

        via_handle_leaving(client, handle);
        while (!sync->done) {
                int r = via_client_send(client, handle->due);

                if (sync->done || (r < 0 && r != -EAGAIN))
                        continue;
                if (r == 0 || !via_client_unseen(client, handle)) {
                        via_handle_stay(client, handle);
                        return VIA_OK;
                }
                if (r == -EAGAIN) {
                        via_handle_stay(client, handle);
                        return late_oneway(client, handle, err);
                }
        }
        return sync->code;
}

/* Sends a oneway call, all of it: what has not left when the link ends is made again. */
static int send_oneway(struct via_client *client, struct via_handle *handle,
                       struct via_error *err) {
        if (client->shared)
                return send_oneway_shared(client, handle, err);
        while (!client->dead.code) {
                int r = via_client_send(client, handle->due);

                if (r == 0)
                        return VIA_OK;
                if (r == -EAGAIN)
                        return late_oneway(client, handle, err);
        }
        if (!via_client_unseen(client, handle))
                return VIA_OK;
        via_client_cannot(client, handle->method, err);
        via_client_again(client, handle, true, (int)client->dead.code);
        return (int)client->dead.code;
}

/* A call has ended by @code without an answer: its interceptors may not know yet. */
static int end_here(struct via_client *client, struct via_handle *handle, int code) {
        if (handle->outgoing) {
                via_outgoing_after(handle, code);
                via_outgoing_put(client, handle);
        }
        return code;
}

/* Makes the call, and waits for its end. */
static inline int attempt(struct via_client *client, const struct via_method *method,
                          const struct via_call_options *options, const void *request,
                          struct via_handle *handle) {
        struct via_sync *sync = handle->sync;
        int code = via_client_begin(client, method, options, request, handle, sync->err);

        if (code)
                return code;
        if (!method->response && !sync->done) {
                code = send_oneway(client, handle, sync->err);
                return sync->again ? code : end_here(client, handle, code);
        }
        while (!sync->done)
                via_client_sleep(client, INT64_MAX);
        if (__builtin_expect(client->session->pump.aimed.data != NULL, 0))
                via_client_unaim(client);
        return sync->code;
}

/*
 * The same when the first attempt has ended with @code, and is to be followed by others until one
 * ends for good, or the time of the first is over. Interceptors take it for one call.
 */
__attribute__((noinline, cold)) static int attempt_again(struct via_client *client,
                                                         const struct via_method *method,
                                                         const struct via_call_options *options,
                                                         const void *request,
                                                         struct via_handle *handle, int code) {
        struct via_call_options with = options ? *options : (struct via_call_options){ 0 };
        uint32_t timeout_ms = handle->timeout_ms;
        struct via_sync *sync = handle->sync;
        int64_t now, due = handle->due;

        sync->timeout_ms = timeout_ms;
        if (handle->outgoing && handle->outgoing->has_metadata)
                with.metadata = handle->outgoing->metadata;
        while (sync->again) {
                sync->done = sync->again = false;       /* or who waits would not sleep */
                while ((now = via_clock_ms()) < sync->not_before && now < due && !client->closing)
                        via_client_sleep(client, sync->not_before < due ? sync->not_before : due);
                if (now >= due)
                        break;                  /* what went wrong says more than that it is late */
                with.timeout_ms = (uint32_t)(due - now);
                code = attempt(client, method, &with, request, handle);
                handle->timeout_ms = timeout_ms;
        }
        if (!code)                              /* what an earlier attempt said is over */
                via_error_fini(sync->err);
        return end_here(client, handle, code);
}

/* The whole of a blocking call, by a thread that may make one. */
static VIA_IN_LINE int make(struct via_client *client, const struct via_method *method,
                            const struct via_call_options *options, const void *request,
                            void *response, struct via_error *err, bool shared) {
        struct via_handle handle;               /* as much of it as a blocking call needs */
        struct via_sync sync;
        int code;

        sync.done = sync.again = false;
        sync.timeout_ms = 0;
        sync.response = response;
        sync.arena = options ? options->arena : NULL;
        sync.err = err;
        sync.options = options;
        handle.client = client;
        handle.sync = &sync;
        handle.stream = NULL;
        handle.outgoing = NULL;
        handle.due = 0;
        handle.special = false;
        handle.made = 0;
        if (shared && method->response)
                client->shared->me->done = &sync.done;
        via_client_enter(client);
        code = attempt(client, method, options, request, &handle);
        if (__builtin_expect(sync.again, 0))
                code = attempt_again(client, method, options, request, &handle, code);
        if (shared)
                client->shared->me->done = NULL;
        via_client_leave(client);
        return code;
}

/* The same where it is not just one thread that blocks. */
__attribute__((noinline, cold)) static int make_oddly(struct via_client *client,
                                                      const struct via_method *method,
                                                      const struct via_call_options *options,
                                                      const void *request, void *response,
                                                      struct via_error *err) {
        int code;

        VIA_GUEST(client->shared);
        code = can_wait(client, err);
        return code ? code : make(client, method, options, request, response, err, true);
}

int via_client_call(struct via_client *client, const struct via_method *method,
                    const struct via_call_options *options, const void *request, void *response,
                    struct via_error *err) {
        if (__builtin_expect(client->odd, 0))
                return make_oddly(client, method, options, request, response, err);
        if (__builtin_expect(client->delivering, 0))
                return can_wait(client, err);
        return make(client, method, options, request, response, err, false);
}

int via_client_start(struct via_client *client, const struct via_method *method,
                     const struct via_call_options *options, const void *request,
                     via_done_fn on_done, void *user, struct via_error *err) {
        struct via_handle *handle;
        int code;

        VIA_GUEST(client->shared);
        handle = via_handle_take(client);
        if (!handle)
                return via_client_no_room(err, client, method, -ENOMEM);
        handle->reply = NULL;
        handle->on_done = method->response ? (via_any_fn)on_done : NULL;
        handle->user = user;
        if (!options && method->response &&
            via_client_begin_plain(client, method, request, handle)) {
                via_session_kick(client->session);
                return VIA_OK;
        }
        code = via_client_begin(client, method, options, request, handle, err);
        if (!code)
                via_session_kick(client->session);
        if (!method->response && !handle->waiting)
                end_here(client, handle, code);         /* nobody waits for it */
        if (code || (!method->response && !handle->waiting))
                via_handle_put_told(client, handle);
        return code;
}

static int turn(struct via_client *client, uint32_t timeout_ms, struct via_error *err) {
        if ((!client->dead.code || client->links.waiting || client->ending) &&
            !via_client_sleep(client, via_clock_ms() + timeout_ms)) {
                int r = via_pump_flush(&client->session->pump);  /* what on_done has started */

                if (r >= 0)
                        return VIA_OK;
                via_client_lost(client, r);
        }
        if (client->links.waiting)              /* for another link */
                return VIA_OK;
        via_session_ready(client->session);     /* those that could not even be started */
        return via_error_set(err, client->dead.code, "%s: %s", client->endpoint,
                             client->dead.message ? client->dead.message : "the link has ended");
}

int via_client_turn(struct via_client *client, uint32_t timeout_ms, struct via_error *err) {
        int code;

        VIA_GUEST(client->shared);
        code = can_wait(client, err);
        if (code)
                return code;
        via_client_enter(client);
        code = turn(client, timeout_ms, err);
        via_client_leave(client);
        return code;
}
