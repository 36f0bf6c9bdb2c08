/*
 * serve_work.c - handlers that block: run in libuv's pool, with a stream that waits
 *
 * The thread of the work never touches the link. Items go through two queues under a lock, and
 * the thread that serves moves them to and from the stream; each tells the other when there is
 * something to do. What is in the queues is bounded, so that credit says what it always says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "serve.h"
#include "stream.h"

enum { QUEUE_MAX = 1 << 16 };                   /* bytes of either queue, or one item */

struct item {
        struct item *next;
        size_t       size;
        uint8_t      bytes[];
};

struct queue {
        struct item *first, **last;
        size_t       bytes;
};

struct via_work {
        struct via_posted   posted;             /* first */
        uv_work_t           uv;
        struct via_call    *call;
        int               (*run)(struct via_call *call, void *user);
        void               *user;
        int                 code;
        struct via_limits   limits;             /* a copy: the link's may go */
        bool                serving;            /* of the thread that serves */
        bool                returned;
        pthread_mutex_t     lock;
        pthread_cond_t      cond;
        struct queue        in, out;            /* under the lock, as are these */
        bool                asks;               /* a reader waits */
        bool                ended;              /* no more items will come */
};

static void queue_add(struct queue *queue, struct item *item) {
        item->next = NULL;
        if (!queue->first)
                queue->last = &queue->first;
        *queue->last = item;
        queue->last = &item->next;
        queue->bytes += item->size;
}

static struct item *queue_take(struct queue *queue) {
        struct item *item = queue->first;

        if (item) {
                queue->first = item->next;
                queue->bytes -= item->size;
        }
        return item;
}

static void queue_fini(struct queue *queue) {
        struct item *item;

        while ((item = queue_take(queue)))
                free(item);
}

static struct item *item_new(size_t size) {
        struct item *item = malloc(sizeof(*item) + size);

        if (item)
                item->size = size;
        return item;
}

/* --- the thread that serves --- */

/* Moves items between the stream and the queues, as far as either has room. */
static void move_items(struct via_work *work) {
        struct via_stream *stream = work->call->stream;
        const uint8_t *bytes;
        struct item *item;
        size_t size;

        while (work->in.bytes < QUEUE_MAX && via_stream_peek(stream, &bytes, &size)) {
                item = item_new(size);
                if (!item) {
                        via_call_abort(work->call, VIA_RESOURCE_EXHAUSTED, "no memory for an item");
                        return;
                }
                memcpy(item->bytes, bytes, size);
                via_stream_pop(stream);
                queue_add(&work->in, item);
        }
        if (work->asks && !work->in.first)
                via_stream_ask(stream);
        work->ended = !stream->n_whole && (stream->flow.state & VIA_FLOW_ENDED);
        while (work->out.first) {
                item = work->out.first;
                if (via_call_head(work->call) ||
                    via_stream_put_bytes(stream, item->bytes, item->size) == VIA_LATER)
                        break;
                free(queue_take(&work->out));
        }
}

static void work_free(struct via_work *work) {
        queue_fini(&work->in);
        queue_fini(&work->out);
        pthread_mutex_destroy(&work->lock);
        pthread_cond_destroy(&work->cond);
        free(work);
}

/* The work has returned, and all that it wrote has left, or never will: the call ends. */
static void end(struct via_work *work) {
        struct via_call *call = work->call;

        if (!call->held || work->code)
                via_call_hold(call, work->code, NULL);
        call->work = NULL;
        if (call->stream)
                call->stream->work = NULL;
        via_dispatch_unpost(call->dispatch, &work->posted);
        work_free(work);
        via_call_finish(call);
}

/* Something has changed for the work, or it has asked for something. */
void via_work_wake(struct via_work *work) {
        struct via_call *call = work->call;
        bool left;

        if (work->serving)                      /* moving items makes room for items */
                return;
        work->serving = true;
        pthread_mutex_lock(&work->lock);
        if (call->stream && call->stream->session && !call->stream->done) {
                move_items(work);
                via_session_kick(call->session);
        }
        left = !work->out.first || atomic_load(&call->over);
        pthread_cond_broadcast(&work->cond);
        pthread_mutex_unlock(&work->lock);
        work->serving = false;
        if (work->returned && left)
                end(work);
}

static void on_asked(struct via_posted *posted) {
        via_work_wake((struct via_work *)posted);
}

static void on_returned(uv_work_t *uv, int status) {
        struct via_work *work = uv->data;

        (void)status;
        work->returned = true;
        work->call->state &= (uint8_t)~VIA_CALL_WORKS;
        via_work_wake(work);
}

/* --- the thread that works --- */

static void on_work(uv_work_t *uv) {
        struct via_work *work = uv->data;

        work->code = work->run(work->call, work->user);
        if (work->code < 0 || work->code > VIA_UNAUTHENTICATED)
                work->code = via_call_fail(work->call, VIA_UNKNOWN,
                                           "the work returned %d, which is no code", work->code);
}

/* Waits, with the lock, for via_work_wake(): VIA_OK, or why it is of no use. */
static int wait_for(struct via_work *work, struct via_error *err) {
        struct timespec until;
        int64_t left = work->call->due - via_clock_ms();

        if (atomic_load(&work->call->over))
                return via_call_over(work->call, err);
        if (left < 0)
                left = 0;
        via_dispatch_post(work->call->dispatch, &work->posted);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += left / 1000;
        until.tv_nsec += left % 1000 * 1000000 + 1000000;
        if (until.tv_nsec >= 1000000000) {
                until.tv_nsec -= 1000000000;
                until.tv_sec++;
        }
        if (pthread_cond_timedwait(&work->cond, &work->lock, &until) == ETIMEDOUT)
                return via_error_set(err, VIA_DEADLINE_EXCEEDED, "the call is overdue");
        return VIA_OK;
}

int via_work_read(struct via_stream *stream, void *item, struct via_error *err) {
        struct via_work *work = stream->work;
        struct item *came;
        int code = VIA_OK;

        pthread_mutex_lock(&work->lock);
        while (!(came = queue_take(&work->in)) && !code) {
                if (work->ended) {
                        code = VIA_END;
                        break;
                }
                work->asks = true;
                code = wait_for(work, err);
        }
        if (came)
                work->asks = false;
        if (came && work->in.bytes < QUEUE_MAX / 2)
                via_dispatch_post(work->call->dispatch, &work->posted);
        pthread_mutex_unlock(&work->lock);
        if (!came)
                return code;
        code = via_stream_decode(stream, came->bytes, came->size, item, &work->limits, err);
        free(came);
        return code;
}

int via_work_write(struct via_stream *stream, const void *item, struct via_error *err) {
        struct via_work *work = stream->work;
        const struct via_type *type = via_stream_writes(stream);
        struct item *goes;
        size_t size;
        int code = via_message_size(type, item, &size, err);

        if (!code && size > work->call->most)
                code = via_error_set(err, VIA_RESOURCE_EXHAUSTED,
                                     "the item has %zu bytes, more than the %llu that either end "
                                     "takes", size, (unsigned long long)work->call->most);
        if (code)
                return code;
        goes = item_new(size);
        if (!goes)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for the item");
        via_message_encode(type, item, goes->bytes, size);
        pthread_mutex_lock(&work->lock);
        while (!code && work->out.first && work->out.bytes + size > QUEUE_MAX)
                code = wait_for(work, err);
        if (!code && atomic_load(&work->call->over))
                code = via_call_over(work->call, err);
        if (!code) {
                queue_add(&work->out, goes);
                via_dispatch_post(work->call->dispatch, &work->posted);
        }
        pthread_mutex_unlock(&work->lock);
        if (code)
                free(goes);
        return code;
}

/* --- how it begins --- */

int via_call_offload(struct via_call *call, int (*run)(struct via_call *call, void *user),
                     void *user) {
        struct via_session *session = call->session;
        struct via_work *work;
        pthread_condattr_t attr;
        int code;

        if (!call->dispatch->has_loop)
                return via_call_fail(call, VIA_FAILED_PRECONDITION,
                                     "work can be offloaded only where there is a loop");
        work = calloc(1, sizeof(*work));
        if (!work)
                return via_call_fail(call, VIA_RESOURCE_EXHAUSTED, "no memory");
        code = via_call_later(call);
        if (code) {
                free(work);
                return code;
        }
        work->call = call;
        work->run = run;
        work->uv.data = work;
        work->posted.on_posted = on_asked;
        work->user = user;
        work->limits = *session->limits;
        pthread_mutex_init(&work->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&work->cond, &attr);
        pthread_condattr_destroy(&attr);
        call->work = work;
        if (call->stream)
                call->stream->work = work;
        call->state |= VIA_CALL_WORKS;
        uv_queue_work(session->loop, &work->uv, on_work, on_returned);
        return VIA_DEFERRED;
}
