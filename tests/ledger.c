/*
 * ledger.c - what two machines on a cable owe each other: the judge of test_cable
 *
 * What one side queues is what comes out at the other: in this order (of each stream, where
 * there are two), nothing twice, nothing missing. Only a reply to a call that has ended by
 * itself may stay unseen.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ledger.h"

void ledger_wrong(const char *format, ...) {
        va_list args;

        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        putchar('\n');
        fflush(stdout);
        exit(1);
}

void ledger_init(struct ledger *ledger) {
        for (int i = 0; i < 2; i++)
                ledger->sides[i].n_calls = ledger->sides[i].n_frames =
                        ledger->sides[i].n_arrived[0] = ledger->sides[i].n_arrived[1] = 0;
}

struct ledger_call *ledger_call(struct ledger *ledger, int side) {
        struct ledger_side *s = &ledger->sides[side];
        struct ledger_call *call = &s->calls[s->n_calls];

        *call = (struct ledger_call){ .number = s->n_calls };
        return call;
}

uint64_t ledger_method(uint32_t number) {
        return (number + 1) * 0x9e3779b97f4a7c15;
}

static uint8_t byte_of(const struct ledger_frame *frame, size_t i) {
        return (uint8_t)(frame->number * 31 + frame->what * 101 + i * 7 + (i >> 8));
}

void ledger_fill(uint8_t *body, const struct ledger_frame *frame) {
        for (size_t i = 0; i < frame->size; i++)
                body[i] = byte_of(frame, i);
}

void ledger_sent(struct ledger *ledger, int side, struct ledger_frame frame) {
        struct ledger_side *s = &ledger->sides[side];

        if (s->n_frames == LEDGER_MOST)
                ledger_wrong("the ledger is full");
        s->frames[s->n_frames++] = frame;
        if (frame.what == LEDGER_CALL) {
                s->calls[s->n_calls].id = frame.id;
                s->calls[s->n_calls++].state = LEDGER_WAITS;
        }
}

/* The frame of the other side's that must come out at @side now, of that stream; NULL: none. */
static struct ledger_frame *expected(struct ledger *ledger, int side, bool high, bool taken) {
        struct ledger_side *s = &ledger->sides[side], *from = &ledger->sides[!side];
        uint32_t *at = &s->n_arrived[high];

        for (; *at < from->n_frames; ++*at) {
                struct ledger_frame *frame = &from->frames[*at];

                if (frame->what == LEDGER_CANCEL && !via_opens_find(s->opens, frame->id))
                        continue;
                if (frame->high == high && (frame->what != LEDGER_REPLY ||
                                            s->calls[frame->number].state == LEDGER_WAITS))
                        return taken ? (++*at, frame) : frame;
        }
        return NULL;
}

static void check_body(const struct ledger_frame *frame, const struct via_event *ev,
                       uint64_t max_message) {
        uint64_t length = frame->size + (frame->what == LEDGER_REPLY ? 0 : WIRE_METHOD);

        if (ev->too_big != (length > max_message))
                ledger_wrong("%u bytes are%s too big", frame->size, ev->too_big ? "" : " not");
        if (ev->size != (ev->too_big ? length : frame->size))
                ledger_wrong("%u bytes were sent, %zu came", frame->size, ev->size);
        for (size_t i = 0; !ev->too_big && i < frame->size; i++)
                if (ev->body[i] != byte_of(frame, i))
                        ledger_wrong("byte %zu of %u is wrong", i, frame->size);
}

const struct ledger_frame *ledger_arrived(struct ledger *ledger, int side,
                                          const struct via_event *ev, uint64_t max_message) {
        static const enum via_event_type types[] = {
                [LEDGER_CALL] = VIA_EVENT_CALL,     [LEDGER_ONEWAY] = VIA_EVENT_CALL,
                [LEDGER_REPLY] = VIA_EVENT_REPLY,   [LEDGER_CANCEL] = VIA_EVENT_CANCEL,
                [LEDGER_GOAWAY] = VIA_EVENT_GOAWAY,
        };
        struct ledger_frame *frame = expected(ledger, side, ev->high, true);

        if (!frame)
                ledger_wrong("event %d came out, but nothing was sent", ev->type);
        if (ev->type != types[frame->what])
                ledger_wrong("event %d came out, but frame %d was sent", ev->type, frame->what);
        if (frame->what != LEDGER_GOAWAY && ev->id != frame->id)
                ledger_wrong("id %u was sent, %u came", frame->id, ev->id);
        if (frame->what != LEDGER_CANCEL && ev->value != frame->value)
                ledger_wrong("value %u was sent, %u came", frame->value, ev->value);
        if (ev->type == VIA_EVENT_CALL) {
                if (ev->method != ledger_method(frame->number))
                        ledger_wrong("a call of another method came");
                if (ev->oneway != (frame->what == LEDGER_ONEWAY))
                        ledger_wrong("oneway or not: it was the other");
                check_body(frame, ev, max_message);
        }
        if (ev->type == VIA_EVENT_REPLY) {
                struct ledger_call *call = &ledger->sides[side].calls[frame->number];

                if (ev->call != call)
                        ledger_wrong("the reply to call %u ended another", frame->number);
                if (call->state != LEDGER_WAITS)
                        ledger_wrong("call %u ended twice", frame->number);
                call->state = LEDGER_ENDED;
                check_body(frame, ev, max_message);
        }
        return frame;
}

void ledger_expired(struct ledger *ledger, int side, void *which, uint32_t id, int64_t now) {
        struct ledger_side *s = &ledger->sides[side];
        struct ledger_call *call = which;

        if (call < s->calls || call >= s->calls + s->n_calls)
                ledger_wrong("what expired is no call");
        if (call->state != LEDGER_WAITS)
                ledger_wrong("call %u ended twice", call->number);
        if (call->id != id)
                ledger_wrong("call %u expired as %u, but is %u", call->number, id, call->id);
        if (call->due > now)
                ledger_wrong("call %u ended before it was due", call->number);
        call->state = LEDGER_ENDED;
}

void ledger_swept(const struct ledger *ledger, int side, int64_t now) {
        const struct ledger_side *s = &ledger->sides[side];

        for (uint32_t i = 0; i < s->n_calls; i++)
                if (s->calls[i].state != LEDGER_ENDED && s->calls[i].due <= now)
                        ledger_wrong("call %u is due and was not ended", i);
}

void ledger_complete(struct ledger *ledger, int side) {
        for (int high = 0; high < 2; high++) {
                const struct ledger_frame *frame = expected(ledger, side, high, false);

                if (frame)
                        ledger_wrong("frame %u of %u, a %d, never came",
                                     ledger->sides[side].n_arrived[high],
                                     ledger->sides[!side].n_frames, frame->what);
        }
}

void ledger_over(const struct ledger *ledger, int side) {
        const struct ledger_side *s = &ledger->sides[side];

        for (uint32_t i = 0; i < s->n_calls; i++)
                if (s->calls[i].state != LEDGER_ENDED)
                        ledger_wrong("call %u never ended", i);
}
