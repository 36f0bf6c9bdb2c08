/*
 * ledger.c - what two machines on a cable owe each other: the judge of test_cable
 *
 * What one side queues is what comes out at the other: in this order (of each stream, where
 * there are two), nothing twice, nothing missing. Only what is for a call that has ended there by
 * itself may stay unseen, and must.
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
        for (int i = 0; i < 2; i++) {
                struct ledger_side *s = &ledger->sides[i];

                for (uint32_t n = 0; n < ledger->sides[!i].n_made; n++)
                        s->served[n].state = 0;
                s->n_frames = s->n_arrived[0] = s->n_arrived[1] = s->last_id = 0;
        }
        ledger->sides[0].n_made = ledger->sides[1].n_made = 0;
}

struct ledger_call *ledger_call(struct ledger *ledger, int side) {
        struct ledger_side *s = &ledger->sides[side];
        struct ledger_call *call = &s->made[s->n_made];

        if (s->n_made == LEDGER_MOST)
                ledger_wrong("the ledger is full of calls");
        *call = (struct ledger_call){ .number = s->n_made, .made = true };
        return call;
}

static uint64_t method_of(uint32_t number) {
        return (number + 1) * 0x9e3779b97f4a7c15;
}

static size_t method_size(const struct ledger_frame *frame) {
        return frame->what == LEDGER_CALL || frame->what == LEDGER_ONEWAY ? WIRE_METHOD : 0;
}

/* Bytes that look random, of which every frame has others; and again from the front. */
static uint8_t bytes[2 << 16];

/* The @n bytes of @frame from @i on, or as many as lie together: sets *@n to how many. */
static const uint8_t *bytes_of(const struct ledger_frame *frame, size_t i, size_t *n) {
        struct random random = { 1 };
        uint32_t from = frame->number * 31321 + (uint32_t)frame->what * 10101 +
                        frame->item * 1313 + (frame->back ? 5757 : 0) + frame->at + (uint32_t)i;

        for (size_t k = 0; !bytes[0] && k < sizeof(bytes); k++)
                bytes[k] = (uint8_t)(k < sizeof(bytes) / 2 ? 1 + random_below(&random, 255)
                                                           : bytes[k - sizeof(bytes) / 2]);
        *n = *n < 1 << 16 ? *n : 1 << 16;
        return bytes + (from & 0xffff);
}

static uint8_t meta_of(const struct ledger_frame *frame, size_t i) {
        return (uint8_t)(frame->number * 17 + frame->what * 11 + i);
}

void ledger_fill(uint8_t *body, const struct ledger_frame *frame) {
        for (size_t i = 0; i < frame->meta; i++)
                *body++ = meta_of(frame, i);
        if (method_size(frame))
                wire_put64(body, method_of(frame->number));
        body += method_size(frame);
        for (size_t i = 0, n; i < frame->size; i += n) {
                const uint8_t *from;

                n = frame->size - i;
                from = bytes_of(frame, i, &n);
                memcpy(body + i, from, n);
        }
}

/* --- what comes next -------------------------------------------------------------------------- */

/* Whether @frame, if it came out at @side now, would be an event there. */
static bool is_seen(const struct ledger_side *s, const struct ledger_frame *frame) {
        switch (frame->what) {
        case LEDGER_CALL:
        case LEDGER_ONEWAY:
        case LEDGER_GOAWAY: return true;
        case LEDGER_REPLY:
        case LEDGER_HEAD: return s->made[frame->number].state == LEDGER_WAITS;
        case LEDGER_CANCEL:
        case LEDGER_END: return s->served[frame->number].state == LEDGER_WAITS;
        case LEDGER_PIECE:
                if (frame->at && frame->value > s->max_message)
                        return false;           /* its first piece was told */
                break;
        case LEDGER_CREDIT: break;
        }
        return (frame->back ? s->made : s->served)[frame->number].state == LEDGER_WAITS;
}

/* The frame of the other side's that must come out at @side now, of that stream; NULL: none. */
static struct ledger_frame *expected(struct ledger *ledger, int side, bool high, bool taken) {
        struct ledger_side *s = &ledger->sides[side], *from = &ledger->sides[!side];
        uint32_t *at = &s->n_arrived[high];

        for (; *at < from->n_frames; ++*at) {
                struct ledger_frame *frame = &from->frames[*at % LEDGER_MOST];

                if (frame->high == high && is_seen(s, frame))
                        return taken ? (++*at, frame) : frame;
        }
        return NULL;
}

bool ledger_has_room(struct ledger *ledger, int side) {
        struct ledger_side *from = &ledger->sides[side], *s = &ledger->sides[!side];

        for (int high = 0; high < 2; high++) {
                while (s->n_arrived[high] < from->n_frames &&
                       from->frames[s->n_arrived[high] % LEDGER_MOST].high != high)
                        s->n_arrived[high]++;
                if (from->n_frames - s->n_arrived[high] > LEDGER_MOST - 64)
                        return false;
        }
        return true;
}

void ledger_sent(struct ledger *ledger, int side, struct ledger_frame frame) {
        struct ledger_side *s = &ledger->sides[side];

        s->frames[s->n_frames++ % LEDGER_MOST] = frame;
        if (frame.what == LEDGER_CALL) {
                s->made[s->n_made].id = frame.id;
                s->made[s->n_made++].state = LEDGER_WAITS;
        }
}

/* --- what has come ---------------------------------------------------------------------------- */

static void check_bytes(const struct ledger_frame *frame, const struct via_event *ev) {
        if (ev->size != frame->size)
                ledger_wrong("%u bytes were sent, %zu came", frame->size, ev->size);
        for (size_t i = 0, n; i < frame->size; i += n) {
                const uint8_t *from;

                n = frame->size - i;
                from = bytes_of(frame, i, &n);
                if (memcmp(ev->body + i, from, n) != 0)
                        ledger_wrong("bytes %zu to %zu of %u are wrong", i, i + n, frame->size);
        }
}

static void check_body(const struct ledger_side *s, const struct ledger_frame *frame,
                       const struct via_event *ev) {
        uint64_t length = frame->meta + method_size(frame) + frame->size;
        bool meta_big = frame->meta > s->max_metadata;
        bool big = meta_big || (frame->what != LEDGER_HEAD && length > s->max_message);

        if (ev->too_big != big)
                ledger_wrong("%u bytes are%s too big", frame->size, ev->too_big ? "" : " not");
        if (ev->meta_size != frame->meta)
                ledger_wrong("%u bytes of metadata were sent, %u came", frame->meta, ev->meta_size);
        if (ev->type == VIA_EVENT_CALL &&
            ev->method != (meta_big ? 0 : method_of(frame->number)))
                ledger_wrong("a call of another method came");
        if (big) {
                if (frame->what != LEDGER_HEAD && ev->size != length)
                        ledger_wrong("%llu bytes were sent, %zu came", (unsigned long long)length,
                                     ev->size);
                return;
        }
        for (size_t i = 0; i < frame->meta; i++)
                if (ev->meta[i] != meta_of(frame, i))
                        ledger_wrong("byte %zu of %u of metadata is wrong", i, frame->meta);
        check_bytes(frame, ev);
}

static void check_piece(const struct ledger_side *s, const struct ledger_frame *frame,
                        const struct via_event *ev) {
        if (ev->first != (frame->at == 0) || ev->more != (frame->at + frame->size < frame->value))
                ledger_wrong("a piece came as another of its item");
        if (ev->too_big != (frame->value > s->max_message))
                ledger_wrong("an item of %u bytes is%s too big", frame->value,
                             ev->too_big ? "" : " not");
        if (!ev->too_big)
                check_bytes(frame, ev);
}

/* That @ev is of the call which the frame was of, and that this is still there. */
static void check_call(struct ledger_side *s, const struct ledger_frame *frame,
                       const struct via_event *ev, bool made) {
        struct ledger_call *call = &(made ? s->made : s->served)[frame->number];

        if (ev->call != call)
                ledger_wrong("what was for call %u came to another", frame->number);
        if (call->state != LEDGER_WAITS)
                ledger_wrong("event %d of call %u came after its end", ev->type, frame->number);
}

const struct ledger_frame *ledger_arrived(struct ledger *ledger, int side,
                                          const struct via_event *ev) {
        static const enum via_event_type types[] = {
                [LEDGER_CALL] = VIA_EVENT_CALL,   [LEDGER_ONEWAY] = VIA_EVENT_CALL,
                [LEDGER_REPLY] = VIA_EVENT_REPLY, [LEDGER_CANCEL] = VIA_EVENT_CANCEL,
                [LEDGER_GOAWAY] = VIA_EVENT_GOAWAY, [LEDGER_HEAD] = VIA_EVENT_HEAD,
                [LEDGER_PIECE] = VIA_EVENT_ITEM,  [LEDGER_END] = VIA_EVENT_END,
                [LEDGER_CREDIT] = VIA_EVENT_CREDIT,
        };
        struct ledger_frame *frame = expected(ledger, side, ev->high, true);
        struct ledger_side *s = &ledger->sides[side];

        if (!frame)
                ledger_wrong("event %d came out, but nothing was sent", ev->type);
        if (ev->type != types[frame->what])
                ledger_wrong("event %d came out, but frame %d was sent", ev->type, frame->what);
        if (ev->id != frame->id)
                ledger_wrong("id %u was sent, %u came", frame->id, ev->id);
        if (frame->what != LEDGER_CANCEL && ev->value != frame->value)
                ledger_wrong("value %u was sent, %u came", frame->value, ev->value);
        switch (frame->what) {
        case LEDGER_CALL:
                s->last_id = (int32_t)(ev->id - s->last_id) > 0 || !s->last_id ? ev->id
                                                                                : s->last_id;
                __attribute__((fallthrough));
        case LEDGER_ONEWAY:
                if (ev->oneway != (frame->what == LEDGER_ONEWAY))
                        ledger_wrong("oneway or not: it was the other");
                check_body(s, frame, ev);
                break;
        case LEDGER_REPLY:
                check_call(s, frame, ev, true);
                check_body(s, frame, ev);
                ledger_ended(ev->call);
                break;
        case LEDGER_HEAD:
                check_call(s, frame, ev, true);
                check_body(s, frame, ev);
                break;
        case LEDGER_PIECE:
                check_call(s, frame, ev, frame->back);
                check_piece(s, frame, ev);
                break;
        case LEDGER_CANCEL:
        case LEDGER_END: check_call(s, frame, ev, false); break;
        case LEDGER_CREDIT: check_call(s, frame, ev, frame->back); break;
        case LEDGER_GOAWAY: break;
        }
        return frame;
}

/* --- ends ------------------------------------------------------------------------------------- */

void ledger_ended(struct ledger_call *call) {
        if (call->state != LEDGER_WAITS && (call->made || call->state != LEDGER_REFUSED))
                ledger_wrong("call %u ended twice", call->number);
        call->state = LEDGER_ENDED;
}

void ledger_expired(struct ledger *ledger, int side, void *which, uint32_t id, int64_t now) {
        struct ledger_side *s = &ledger->sides[side];
        struct ledger_call *call = which;

        if (call < s->made || call >= s->made + s->n_made)
                ledger_wrong("what expired is no call");
        if (call->id != id)
                ledger_wrong("call %u expired as %u, but is %u", call->number, id, call->id);
        if (call->due > now)
                ledger_wrong("call %u ended before it was due", call->number);
        ledger_ended(call);
}

void ledger_swept(const struct ledger *ledger, int side, int64_t now) {
        const struct ledger_side *s = &ledger->sides[side];

        for (uint32_t i = 0; i < s->n_made; i++)
                if (s->made[i].state != LEDGER_ENDED && s->made[i].due <= now)
                        ledger_wrong("call %u is due and was not ended", i);
        for (uint32_t i = 0; i < ledger->sides[!side].n_made; i++)
                if (s->served[i].state == LEDGER_WAITS && s->served[i].due <= now &&
                    !s->served[i].told)
                        ledger_wrong("call %u of the other's is due and nobody heard", i);
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

        for (uint32_t i = 0; i < s->n_made; i++)
                if (s->made[i].state != LEDGER_ENDED)
                        ledger_wrong("call %u never ended", i);
        for (uint32_t i = 0; i < ledger->sides[!side].n_made; i++)
                if (s->served[i].state && s->served[i].state != LEDGER_ENDED)
                        ledger_wrong("call %u of the other's never ended", i);
}
