/*
 * serve_later.c - calls that outlive their handler: deferred, and answered by whoever likes
 *
 * Such a call is open: the machine knows its id, so that a cancel, a deadline or an item finds
 * it. It is closed when its answer has left; and when its handler has returned, too, it is idle
 * again. An answer waits for the items that were written before it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "budget.h"
#include "serve.h"
#include "shared.h"
#include "stream.h"

static void link_in(struct via_call *call) {
        struct via_session *session = call->session;

        call->next = session->open;
        call->prev = &session->open;
        if (call->next)
                call->next->prev = &call->next;
        session->open = call;
        call->state |= VIA_CALL_OPEN;
}

static void link_out(struct via_call *call) {
        *call->prev = call->next;
        if (call->next)
                call->next->prev = call->prev;
        call->state &= (uint8_t)~VIA_CALL_OPEN;
}

/* Counts @call among those of its user and of the server, until it is over. */
static int count(struct via_call *call) {
        struct via_budget *budget = call->session->budget;
        int r = budget ? via_budget_take(budget) : 0;

        if (r == VIA_BUDGET_USER)
                return via_call_fail(call, VIA_RESOURCE_EXHAUSTED,
                                     "%u calls of this user are open, as many as "
                                     "max_calls_per_uid allows", budget->max);
        if (r == VIA_BUDGET_ALL)
                return via_call_fail(call, VIA_RESOURCE_EXHAUSTED,
                                     "the server has %u calls open, as many as max_open_calls "
                                     "allows", budget->max_all);
        call->budget = budget;
        return VIA_OK;
}

/* Nobody asks any more when the server is gone; and then there is no budget. */
static void uncount(struct via_call *call) {
        if (call->budget && !call->dispatch->closed)
                via_budget_give(call->budget);
        call->budget = NULL;
}

/* Makes @call one of the open ones: VIA_OK, or why it cannot be. */
int via_call_open(struct via_call *call) {
        struct via_opens *opens = &call->session->pump.conn.opens;
        int r = 0, code;

        if (call->state & VIA_CALL_OPEN)
                return VIA_OK;
        code = count(call);
        if (code)
                return code;
        if (!call->oneway)
                r = via_opens_add(opens, call->id, call, call->due,
                                  call->stream ? &call->stream->flow : NULL);
        if (r)
                uncount(call);
        if (r == VIA_CALLS_FULL)
                return via_call_fail(call, VIA_RESOURCE_EXHAUSTED,
                                     "%u calls are open, as many as max_calls allows", opens->n);
        if (r < 0)
                return via_call_fail(call, r == -EEXIST ? VIA_INVALID_ARGUMENT
                                                        : VIA_RESOURCE_EXHAUSTED,
                                     r == -EEXIST ? "a call with this id is open"
                                                  : "the server has no memory for the call");
        link_in(call);
        return VIA_OK;
}

/* The call has nothing to do with its link any more. */
void via_call_leave(struct via_call *call) {
        void *same;

        if (call->state & VIA_CALL_OPEN) {
                if (!call->oneway)
                        via_opens_take(&call->session->pump.conn.opens, call->id, &same);
                link_out(call);
        }
        if (call->stream)
                via_stream_leave(call->stream);
}

/* All is said; if nobody is inside any more either, the call is idle again. */
void via_call_retire(struct via_call *call) {
        if (call->state & (VIA_CALL_RUNS | VIA_CALL_WORKS))
                return;
        if (call->state & VIA_CALL_SEEN)
                via_intercept_after(call, call->seen.code);
        if (call->stream) {
                via_stream_fini(call->stream);
                free(call->stream);
                call->stream = NULL;
        }
        free(call->held);
        call->held = NULL;
        uncount(call);
        via_dispatch_put(call);
}

/* Sends what is held, when the items before it have left. */
void via_call_finish(struct via_call *call) {
        struct via_session *session = call->session;
        uint8_t *room;

        call->state |= VIA_CALL_ANSWERED;
        if (atomic_load(&call->over))           /* nobody waits: not even for bad news */
                call->state |= VIA_CALL_REPLIED;
        if (session && !(call->state & VIA_CALL_REPLIED)) {
                if (call->stream && call->stream->out.data && !call->held_fails)
                        return;                 /* via_call_items_left() comes back */
                if (call->has_extras)
                        via_call_head(call);
                room = call->held && !call->oneway
                               ? via_pump_reserve_for(&session->pump, call->high, call->held_size)
                               : NULL;
                if (room) {
                        memcpy(room, call->held, call->held_size);
                        via_pump_commit(&session->pump, call->held_size);
                        call->seen.facts.bytes_out += call->held_size;
                }
                call->state |= VIA_CALL_REPLIED;
                via_session_kick(session);
        }
        if (session) {
                via_call_leave(call);
                if (session->closing)           /* its driver may be waiting for this one */
                        via_session_kick(session);
        }
        via_call_retire(call);
}

static void on_answered(struct via_posted *posted) {
        via_call_finish((struct via_call *)posted);
}

/* The last item before the answer has left. */
void via_call_items_left(struct via_call *call) {
        if (call->work)
                /* it may have returned: then the call is gone now */
                via_work_wake(call->work);
        else if (call->state & VIA_CALL_ANSWERED)
                via_call_finish(call);
}

void via_call_items_end(struct via_call *call) {
        if (call->work)
                via_work_wake(call->work);
}

/* The handler of a call that is not an ordinary one has returned @code. */
void via_call_done(struct via_call *call, int code, const void *response) {
        call->state &= (uint8_t)~VIA_CALL_RUNS;
        if (call->state & VIA_CALL_ANSWERED) {  /* while the handler ran */
                if (!call->session || (call->state & VIA_CALL_REPLIED))
                        via_call_retire(call);
                return;
        }
        if (code == VIA_DEFERRED && call->later)
                return;
        if (call->state == VIA_CALL_SEEN) {
                via_intercept_say(call, code, response);
                return;
        }
        via_call_hold(call, code, response);
        via_call_finish(call);
}

/* Lets @call outlive its handler: VIA_OK or why it cannot. */
int via_call_later(struct via_call *call) {
        int code;

        if (call->later)
                return VIA_OK;
        code = via_call_open(call);
        if (code)
                return code;
        via_dispatch_hold(call);
        call->posted.on_posted = on_answered;
        call->later = true;
        return VIA_OK;
}

int via_call_defer(struct via_call *call) {
        int code = call->oneway ? VIA_OK : via_call_later(call);

        return code || call->oneway ? code : VIA_DEFERRED;
}

/* Answers a deferred call, from any thread. */
static int answer(struct via_call *call, int code, const void *response) {
        bool works = call->work;
        bool here = call->dispatch->shared || via_dispatch_is_here(call->dispatch);
        int over, wrong;

        VIA_GUEST(call->dispatch->shared);
        if (!call->later || call->held)
                return VIA_FAILED_PRECONDITION;
        if (!works && !here && !call->dispatch->has_loop)
                return VIA_FAILED_PRECONDITION;
        over = atomic_load(&call->over);
        wrong = via_call_hold(call, code, response);
        if (here && !works)
                via_call_finish(call);
        else if (!works && via_dispatch_post(call->dispatch, &call->posted))
                via_call_finish(call);
        return over ? VIA_CANCELLED : wrong;
}

int via_call_reply(struct via_call *call, const void *response) {
        return answer(call, VIA_OK, response);
}

int via_call_end(struct via_call *call, int code) {
        if (code < 0 || code > VIA_UNAUTHENTICATED)
                code = VIA_UNKNOWN;
        return answer(call, code, NULL);
}

struct via_stream *via_call_stream(struct via_call *call) {
        return call->stream;
}
