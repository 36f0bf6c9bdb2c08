/*
 * serve_over.c - calls that nobody waits for any more: given up, overdue, or their link has ended
 *
 * Their handlers are told so, once, and may go on: nobody hears what they say.
 */
#include "serve.h"
#include "stream.h"

/* Tells the handler, who may answer the call right there; it is ours until then. */
static void tell(struct via_call *call) {
        void (*on_cancel)(void *user, struct via_call *call) = call->on_cancel;
        uint8_t runs = call->state & VIA_CALL_RUNS;

        call->on_cancel = NULL;
        call->state |= VIA_CALL_RUNS;
        if (on_cancel)
                on_cancel(call->user, call);
        if (runs)
                return;
        call->state &= (uint8_t)~VIA_CALL_RUNS;
        if (call->state & VIA_CALL_ANSWERED)
                via_call_retire(call);
}

/* Once: the caller has given the call up, or it is overdue, or its link has ended. */
void via_call_given_up(struct via_call *call, int code) {
        int none = VIA_OK;

        if (!atomic_compare_exchange_strong(&call->over, &none, code))
                return;
        if (call->stream)
                call->stream->done = true;
        /* it may have returned: then the call is gone now */
        if (call->work) {
                via_work_wake(call->work);
                return;
        }
        if (call->stream)
                via_stream_mark(call->stream);
        if (call->state & VIA_CALL_ANSWERED) {  /* it was only waiting for its items to leave */
                call->state |= VIA_CALL_REPLIED;
                via_call_finish(call);
        } else {
                tell(call);
        }
}

/* Ends the call from here, with words; what its handler says later is not heard any more. */
void via_call_abort(struct via_call *call, int code, const char *text) {
        /* its own words may be somebody else's just now: another thread's */
        struct via_call words = { .session = call->session, .id = call->id, .high = call->high };

        if (atomic_load(&call->over) || (call->state & VIA_CALL_REPLIED))
                return;
        via_arena_init(&words.arena, 0);
        via_call_fail(&words, (enum via_code)code, "%s", text);
        via_call_say(&words, code, NULL);
        via_arena_fini(&words.arena);
        call->state |= VIA_CALL_REPLIED;
        via_call_given_up(call, code);
}

/*
 * Its link is about to end. There is no turn to come in which its stream could be told, so that
 * is done here; meanwhile the call is held as if its handler ran.
 */
void via_call_lost(struct via_call *call) {
        struct via_stream *stream = call->work ? NULL : call->stream;
        uint8_t runs = call->state & VIA_CALL_RUNS;

        if (call->state & VIA_CALL_SEEN)
                via_intercept_after(call, VIA_UNAVAILABLE);
        via_call_leave(call);
        call->session = NULL;
        call->state |= VIA_CALL_RUNS;
        via_call_given_up(call, VIA_UNAVAILABLE);
        if (stream && stream->on_ready && !(call->state & VIA_CALL_ANSWERED))
                stream->on_ready(stream->user, stream);
        if (runs)
                return;
        call->state &= (uint8_t)~VIA_CALL_RUNS;
        if (call->state & VIA_CALL_ANSWERED)
                via_call_retire(call);
}

bool via_call_cancelled(const struct via_call *call) {
        return atomic_load(&((struct via_call *)(uintptr_t)call)->over) != VIA_OK;
}

void via_call_on_cancel(struct via_call *call,
                        void (*on_cancel)(void *user, struct via_call *call), void *user) {
        call->on_cancel = on_cancel;
        call->user = user;
        if (!on_cancel || !via_call_cancelled(call))
                return;
        call->on_cancel = NULL;
        on_cancel(user, call);
}

/* Why nobody waits any more, for a handler that reads or writes. */
int via_call_over(const struct via_call *call, struct via_error *err) {
        int over = atomic_load(&((struct via_call *)(uintptr_t)call)->over);

        if (over == VIA_DEADLINE_EXCEEDED)
                return via_error_set(err, VIA_DEADLINE_EXCEEDED, "the call is overdue");
        if (over == VIA_UNAVAILABLE)
                return via_error_set(err, VIA_CANCELLED, "the client closed the link, or died");
        return via_error_set(err, VIA_CANCELLED, "the client has given the call up");
}
