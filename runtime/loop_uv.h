#pragma once
/*
 * loop_uv.h - the driver that sleeps in libuv: for servers, and for clients inside an
 * application's loop
 *
 * A watch is what one link or listener sleeps on; a timer is one moment to be woken at; a tail
 * is one function to run before the loop sleeps. Each wakes its owner through the function it
 * was made with, and never after it was closed. Their memory is their own and goes when libuv
 * has let go of it, which needs one more turn of the loop. Not thread-safe.
 */
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include <via/transport.h>

typedef void (*via_wake_fn)(void *owner);

struct via_watch;
struct via_watch *via_watch_new(uv_loop_t *loop, via_wake_fn wake, void *owner);
int  via_watch_sleep(struct via_watch *watch, const struct via_wait *wait);
bool via_watch_wait(struct via_watch *watch);
struct via_watch *via_watch_close(struct via_watch *watch);

struct via_timer;
struct via_timer *via_timer_new(uv_loop_t *loop, via_wake_fn wake, void *owner);
void via_timer_set(struct via_timer *timer, int64_t due, int64_t now);
void via_timer_stop(struct via_timer *timer);
void via_timer_hold(struct via_timer *timer, bool hold);
struct via_timer *via_timer_close(struct via_timer *timer);

struct via_tail;
struct via_tail *via_tail_new(uv_loop_t *loop, via_wake_fn wake, void *owner);
void via_tail_run(struct via_tail *tail);
struct via_tail *via_tail_close(struct via_tail *tail);
