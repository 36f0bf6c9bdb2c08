#ifndef VIA_STREAM_H
#define VIA_STREAM_H
/*
 * via/stream.h - calls in which any number of messages go to and fro
 *
 * What a generated X_open(), X_read(), X_write() and X_finish() are made of; programs need from
 * here only the conditions, via_stream_on_ready(), via_stream_cancel() and via_stream_done().
 *
 * A stream is one end of a streaming call. A client's comes from via_stream_open(), is the
 * client's own until via_stream_finish(), and is used by the client's thread only, or by any of
 * VIA_CLIENT_SHARED: several may read, and several write, and each item is one's. A handler's
 * comes with the call, is borrowed from it, and lives as long: until the handler returns, or,
 * if it has deferred, until the call is answered. It is used by the thread that runs the
 * handler, and within via_call_offload() by the one that runs the work.
 *
 * Nobody sends more than the other side has room for: an end that is not read stops the other's
 * writes when its window (the limits stream_credit and link_credit) is full. Either end may be
 * read and written in any order, by turns.
 */
#include <stdbool.h>
#include <via/error.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct via_arena;
struct via_call_options;
struct via_client;
struct via_method;
struct via_stream;

/* What a function of a stream, or a handler, may return beside the codes: no errors. */
enum {
        VIA_END      = 100,     /* no more items will come */
        VIA_LATER    = 101,     /* not now, and nothing has happened: wait for on_ready */
        VIA_DEFERRED = 102,     /* from a handler: the call is answered later, see via/server.h */
};

/*
 * Begins a call of @method, which has a stream, with @request, the arguments that are not
 * streamed; @request is read now and stays yours. Does not wait for the server: what it says
 * against the call is told by read, write and finish. On success *@ret_stream is yours; only
 * via_stream_finish() frees it, and it must be finished before its client is closed.
 *
 * @options (NULL: none) is read now. What options->arena, ->header and ->trailer point to is
 * lent until the stream is finished: items and results live in the arena, which may be reset
 * between two items. The timeout is that of the whole call, from here to its reply.
 *
 * VIA_INVALID_ARGUMENT: the request breaks a rule of the .idl, or the priority is none.
 * VIA_RESOURCE_EXHAUSTED: larger than the server takes, too many calls in flight, no memory.
 * VIA_UNAVAILABLE: the link has ended.
 */
int via_stream_open(struct via_client *client, const struct via_method *method,
                    const struct via_call_options *options, const void *request,
                    struct via_stream **ret_stream, struct via_error *err);

/*
 * Takes the next item: fills @item, a message of method->out_item for a client and of
 * method->in_item for a handler. VIA_OK: @item is filled, and what it holds is owned as a result
 * is: on the heap and yours, for a handler too, or in via_stream_arena(). In all other cases
 * @item is untouched.
 *
 * VIA_END: there are no more. For a client the call has ended, and via_stream_finish() tells
 * how; for a handler the client has closed its side. Said again by each later read.
 * VIA_LATER, only with a loop: none is there yet. Without one (a blocking client, work that was
 * offloaded) it waits, at most until the call's deadline.
 * Codes: VIA_INTERNAL (a client) or VIA_INVALID_ARGUMENT (a handler), the item breaks a rule of
 * the .idl; VIA_RESOURCE_EXHAUSTED, it is larger than max_message or max_memory: with any of
 * them the call has ended. A handler whose call the client has given up gets VIA_CANCELLED, one
 * that is overdue VIA_DEADLINE_EXCEEDED. VIA_FAILED_PRECONDITION: nothing is streamed to here.
 */
int via_stream_read(struct via_stream *stream, const struct via_method *method, void *item,
                    struct via_error *err);

/*
 * Sends @item, a message of method->in_item for a client and of method->out_item for a handler.
 * VIA_OK: it is encoded and on its way; what you passed stays yours.
 *
 * VIA_LATER, only with a loop: the other side has no room for it now, and nothing was sent.
 * Without one it waits for room. An item is taken whole or not at all.
 * Codes: VIA_INVALID_ARGUMENT, the item breaks a rule of the .idl, and VIA_RESOURCE_EXHAUSTED, it
 * is larger than the other side takes: then the call goes on without it.
 * VIA_FAILED_PRECONDITION: after via_stream_close_send(), or nothing is streamed from here. Any
 * other code: the call has ended, with this code where it is known (VIA_CANCELLED,
 * VIA_DEADLINE_EXCEEDED, VIA_UNAVAILABLE, ...), VIA_CANCELLED if the server has answered VIA_OK
 * already; via_stream_finish() tells all of it.
 */
int via_stream_write(struct via_stream *stream, const struct via_method *method, const void *item,
                     struct via_error *err);

/*
 * Says that this client writes no more items; a handler then reads VIA_END. Never waits. Again,
 * or after the call has ended: VIA_OK, and nothing happens. VIA_FAILED_PRECONDITION: for a
 * handler, whose answer ends its side, and where nothing is streamed to the server.
 */
int via_stream_close_send(struct via_stream *stream, struct via_error *err);

/*
 * Ends a client's stream: closes its sending side if that is open, waits for the server's answer
 * and fills @response, a message of method->response, which is owned as the result of a call
 * is. Items that come meanwhile are dropped. Returns how the call ended, and frees @stream,
 * whatever that is; but VIA_LATER, only with a loop, means: not answered yet, @stream is as it
 * was, try again from on_ready. No other thread may be using @stream. NULL for @response drops the
 * result. After anything but VIA_OK
 * @response is untouched. VIA_FAILED_PRECONDITION for a handler's stream, which stays.
 */
int via_stream_finish(struct via_stream *stream, const struct via_method *method, void *response,
                      struct via_error *err);

/*
 * Gives a client's call up: it ends with VIA_CANCELLED at once, unless it has ended before, and
 * the server is told. The stream stays, for via_stream_finish() to free, which then never says
 * VIA_LATER. Does nothing to a handler's stream, which ends with its call.
 */
void via_stream_cancel(struct via_stream *stream);

/*
 * With a loop: calls @on_ready, with @user, when read, write or finish may do more than the last
 * time, from the loop and never from within a function of the stream. It may come without
 * reason: whoever is told VIA_LATER again just waits on. Replaces the one before; NULL: none.
 * Within it the stream may be finished, or its call be answered, and then it is not called
 * again. If there is already something to do it is called in the next turn.
 */
void via_stream_on_ready(struct via_stream *stream,
                         void (*on_ready)(void *user, struct via_stream *stream), void *user);

/*
 * The arena that items and results of @stream are put into: a client's options->arena, borrowed;
 * NULL: they are on the heap. Generated code asks it whether to free what nobody wanted.
 */
struct via_arena *via_stream_arena(const struct via_stream *stream);

/*
 * Whether the call has ended: for a client answered, cancelled, overdue or without a link; for a
 * handler given up by its client, or overdue. There may be items left to read.
 */
bool via_stream_done(const struct via_stream *stream);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
