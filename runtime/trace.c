/*
 * trace.c - a place in a trace, as W3C's traceparent writes it
 */
#include <string.h>
#include "trace.h"

static int digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* @n bytes out of 2 @n digits; whether all are digits. */
static bool unhex(const char *text, unsigned n, uint8_t *ret) {
        for (unsigned i = 0; i < n; i++) {
                int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);

                if (low < 0)
                        return false;
                ret[i] = (uint8_t)(high << 4 | low);
        }
        return true;
}

static bool is_zero(const uint8_t *bytes, unsigned n) {
        uint8_t all = 0;

        for (unsigned i = 0; i < n; i++)
                all |= bytes[i];
        return all == 0;
}

/* Whether @text is a traceparent; only then *@ret is set. */
bool via_trace_parse(const char *text, struct via_trace *ret) {
        struct via_trace trace;

        if (strlen(text) != VIA_TRACE_TEXT || memcmp(text, "00-", 3) != 0 || text[35] != '-' ||
            text[52] != '-')
                return false;
        if (!unhex(text + 3, 16, trace.id) || !unhex(text + 36, 8, trace.span) ||
            !unhex(text + 53, 1, &trace.flags))
                return false;
        if (is_zero(trace.id, 16) || is_zero(trace.span, 8))
                return false;
        *ret = trace;
        return true;
}

/* Writes 2 @n digits, and a 0 behind them. */
void via_trace_hex(const uint8_t *bytes, unsigned n, char *ret_text) {
        static const char digits[] = "0123456789abcdef";

        for (unsigned i = 0; i < n; i++) {
                ret_text[2 * i] = digits[bytes[i] >> 4];
                ret_text[2 * i + 1] = digits[bytes[i] & 15];
        }
        ret_text[2 * n] = 0;
}

void via_trace_format(const struct via_trace *trace, char ret_text[VIA_TRACE_TEXT + 1]) {
        memcpy(ret_text, "00-", 3);
        via_trace_hex(trace->id, 16, ret_text + 3);
        ret_text[35] = '-';
        via_trace_hex(trace->span, 8, ret_text + 36);
        ret_text[52] = '-';
        via_trace_hex(&trace->flags, 1, ret_text + 53);
}

/*
 * The next number out of @state (splitmix64). @salt, the time, keeps two processes apart that
 * have one state because one is a copy of the other. Never 0.
 */
static uint64_t next(uint64_t *state, uint64_t salt) {
        uint64_t x = (*state += 0x9e3779b97f4a7c15) ^ (salt * 0xd6e8feb86659fd93);

        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        x ^= x >> 31;
        return x ? x : 1;
}

/* A trace of its own, with a first span that is to be kept. */
void via_trace_begin(struct via_trace *trace, uint64_t *state, uint64_t salt) {
        uint64_t id[2] = { next(state, salt), next(state, salt) };

        memcpy(trace->id, id, sizeof(id));
        trace->flags = VIA_TRACE_SAMPLED;
        via_trace_child(trace, state, salt);
}

/* A new span within that of @trace. */
void via_trace_child(struct via_trace *trace, uint64_t *state, uint64_t salt) {
        uint64_t span = next(state, salt);

        memcpy(trace->span, &span, sizeof(span));
        trace->flags &= VIA_TRACE_SAMPLED;
}
