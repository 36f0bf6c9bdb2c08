#pragma once
/*
 * trace.h - a place in a trace, as W3C's traceparent writes it
 *
 *      00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 *      version, trace, span, flags: in lower case, 55 characters
 *
 * Reads what a peer has sent, so anything that is not exactly this is nothing. Makes ids from a
 * state that somebody else has seeded, and asks nobody.
 */
#include <stdbool.h>
#include <stdint.h>

enum {
        VIA_TRACE_TEXT    = 55,
        VIA_TRACE_SAMPLED = 1,                  /* in flags; the others are not ours to pass on */
};

struct via_trace {
        uint8_t id[16];                         /* not all zero, as is this: */
        uint8_t span[8];
        uint8_t flags;
};

bool via_trace_parse(const char *text, struct via_trace *ret);
void via_trace_format(const struct via_trace *trace, char ret_text[VIA_TRACE_TEXT + 1]);
void via_trace_hex(const uint8_t *bytes, unsigned n, char *ret_text);

void via_trace_begin(struct via_trace *trace, uint64_t *state, uint64_t salt);
void via_trace_child(struct via_trace *trace, uint64_t *state, uint64_t salt);
