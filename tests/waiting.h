#pragma once
/*
 * waiting.h - streams and started calls, waited for with either driver
 */
#include "caller.h"

/* What a verb of a stream returns when it does not say VIA_LATER any more. */
#define WAITING(caller, call) \
        ({ \
                int waiting_; \
                while ((waiting_ = (call)) == VIA_LATER) \
                        caller_turn(caller); \
                waiting_; \
        })

/* Has the loop woken for @stream. */
void waits_for(struct caller *caller, struct via_stream *stream);

struct via_stream *open_source(struct caller *caller, uint32_t n, uint32_t size);

/* How many calls the server knows of that nobody waited for; and waits until there are @n. */
uint32_t given_up(struct caller *caller);
void until_given_up(struct caller *caller, uint32_t n);
