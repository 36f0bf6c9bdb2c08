/*
 * dispatch.c - what an end of a link serves, its idle calls, and answers from other threads
 *
 * A call that was deferred may be answered by any thread: the answer is encoded there and posted,
 * and the serving thread sends it. When nobody serves any more, whoever answers frees the call.
 */
#include <errno.h>
#include <stdlib.h>
#include "metadata.h"
#include "serve.h"
#include "shared.h"

enum { LOOKS_MAX = 1024 };                      /* in one turn: others want theirs */

static void call_free(struct via_call *call) {
        via_arena_fini(&call->arena);
        via_metadata_free(call->metadata);
        via_metadata_free(call->header);
        via_metadata_free(call->trailer);
        free(call);
}

static void unref(struct via_dispatch *dispatch) {
        if (atomic_fetch_sub(&dispatch->refs, 1) != 1)
                return;
        while (dispatch->idle) {
                struct via_call *next = dispatch->idle->next;

                call_free(dispatch->idle);
                dispatch->idle = next;
        }
        via_methods_fini(&dispatch->methods);
        via_intercept_free(dispatch->intercept);
        pthread_mutex_destroy(&dispatch->lock);
        via_shared_put(dispatch->shared);
        free(dispatch);
}

/* --- from other threads --- */

static struct via_posted *take_posted(struct via_dispatch *dispatch) {
        struct via_posted *posted;

        pthread_mutex_lock(&dispatch->lock);
        posted = dispatch->posted;
        if (posted) {
                dispatch->posted = posted->next;
                posted->is = false;
        }
        pthread_mutex_unlock(&dispatch->lock);
        return posted;
}

static void on_async(uv_async_t *async) {
        struct via_dispatch *dispatch = async->data;
        struct via_posted *posted;

        atomic_store_explicit(&dispatch->thread, pthread_self(), memory_order_relaxed);
        for (int i = 0; i < LOOKS_MAX; i++) {
                posted = take_posted(dispatch);
                if (!posted)
                        return;
                posted->on_posted(posted);
        }
        uv_async_send(async);
}

/*
 * Lets the thread that serves call @posted->on_posted: 0; VIA_DISPATCH_CLOSED, there is none any
 * more; VIA_DISPATCH_DEAF, it cannot be reached.
 */
int via_dispatch_post(struct via_dispatch *dispatch, struct via_posted *posted) {
        int r = 0;

        pthread_mutex_lock(&dispatch->lock);
        if (dispatch->closed) {
                r = VIA_DISPATCH_CLOSED;
        } else if (!dispatch->async) {
                r = VIA_DISPATCH_DEAF;
        } else if (!posted->is) {
                posted->is = true;
                posted->next = NULL;
                if (!dispatch->posted)
                        dispatch->posted_last = &dispatch->posted;
                *dispatch->posted_last = posted;
                dispatch->posted_last = &posted->next;
                uv_async_send(dispatch->async);
        }
        pthread_mutex_unlock(&dispatch->lock);
        return r;
}

/* Takes @posted back, if nobody has looked at it yet. */
void via_dispatch_unpost(struct via_dispatch *dispatch, struct via_posted *posted) {
        pthread_mutex_lock(&dispatch->lock);
        for (struct via_posted **p = &dispatch->posted; posted->is && *p; p = &(*p)->next) {
                if (*p != posted)
                        continue;
                *p = posted->next;
                if (!*p)
                        dispatch->posted_last = p;
                posted->is = false;
                break;
        }
        pthread_mutex_unlock(&dispatch->lock);
}

/* Whether this is the thread that serves, and not one that answers later. */
bool via_dispatch_is_here(const struct via_dispatch *dispatch) {
        pthread_t thread = atomic_load_explicit(
                &((struct via_dispatch *)(uintptr_t)dispatch)->thread, memory_order_relaxed);

        return !dispatch->closed && pthread_equal(thread, pthread_self());
}

/* --- its life --- */

static void on_async_closed(uv_handle_t *handle) {
        free(handle);
}

/* Serves nothing yet; @loop NULL: only the thread that serves may answer. NULL: no memory. */
struct via_dispatch *via_dispatch_new(uv_loop_t *loop) {
        struct via_dispatch *dispatch = calloc(1, sizeof(*dispatch));

        if (!dispatch)
                return NULL;
        dispatch->refs = 1;
        dispatch->thread = pthread_self();
        pthread_mutex_init(&dispatch->lock, NULL);
        if (!loop)
                return dispatch;
        dispatch->async = malloc(sizeof(*dispatch->async));
        if (!dispatch->async || uv_async_init(loop, dispatch->async, on_async) < 0) {
                free(dispatch->async);
                dispatch->async = NULL;
                unref(dispatch);
                return NULL;
        }
        dispatch->async->data = dispatch;
        dispatch->has_loop = true;
        uv_unref((uv_handle_t *)dispatch->async);       /* links keep a loop alive, this does not */
        return dispatch;
}

/* Lets @dispatch, which serves nothing, serve what @of does, for another thread: 0 or -ENOMEM. */
int via_dispatch_copy(struct via_dispatch *dispatch, const struct via_dispatch *of) {
        return via_methods_copy(&dispatch->methods, &of->methods) < 0 ||
                               via_intercept_copy(dispatch, of) < 0
                       ? -ENOMEM
                       : 0;
}

/*
 * Nobody serves any more, but calls that were deferred are still to be answered. Its links have
 * ended. NULL is allowed.
 */
void via_dispatch_close(struct via_dispatch *dispatch) {
        struct via_posted *posted;

        if (!dispatch)
                return;
        pthread_mutex_lock(&dispatch->lock);
        if (dispatch->async)
                uv_close((uv_handle_t *)dispatch->async, on_async_closed);
        dispatch->async = NULL;
        dispatch->closed = true;
        pthread_mutex_unlock(&dispatch->lock);
        while ((posted = take_posted(dispatch)))
                posted->on_posted(posted);
        unref(dispatch);
}

/* --- its calls --- */

/* via_dispatch_take() where none is idle. */
struct via_call *via_dispatch_new_call(struct via_dispatch *dispatch) {
        struct via_call *call = calloc(1, sizeof(*call));

        if (call) {
                via_arena_init(&call->arena, 0);
                call->dispatch = dispatch;
        }
        return call;
}

/* @call outlives its handler, and so needs its dispatch, until via_dispatch_put(). */
void via_dispatch_hold(struct via_call *call) {
        atomic_fetch_add(&call->dispatch->refs, 1);
}

/* via_dispatch_put() of one that was deferred: its dispatch may have been closed meanwhile. */
void via_dispatch_put_later(struct via_call *call) {
        struct via_dispatch *dispatch = call->dispatch;

        if (dispatch->closed) {
                call_free(call);
        } else {
                call->next = dispatch->idle;
                dispatch->idle = call;
        }
        unref(dispatch);
}
