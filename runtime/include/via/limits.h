#ifndef VIA_LIMITS_H
#define VIA_LIMITS_H
/*
 * via/limits.h - everything that a peer could make grow, and how far it may
 *
 * Each limit has a name (which is also the key in an endpoint's query:
 * unix:/run/x?max_message=16M), a default that is on, and a range. docs/limits.md says what
 * happens when one is crossed.
 */
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* constant, key, default, least, most, unit, what is limited */
#define VIA_LIMITS(X) \
        X(MESSAGE,        "max_message",     4194304,   64, 1073741824, "bytes",  "one message on the wire") \
        X(MEMORY,         "max_memory",     16777216, 1024, 4294967296, "bytes",  "what one message may occupy once decoded") \
        X(DEPTH,          "max_depth",           100,    1,       1000, "levels", "messages inside messages") \
        X(CALLS,          "max_calls",          1024,    1,      65536, "calls",  "in flight on one link") \
        X(CALLS_PER_UID,  "max_calls_per_uid",  4096,    1,    1000000, "calls",  "open on one listener by one peer uid") \
        X(OPEN_CALLS,     "max_open_calls",    16384,    1,    1000000, "calls",  "open on the whole server") \
        X(LINKS,          "max_links",         10000,    1,    1000000, "links",  "open on one listener") \
        X(LINKS_PER_UID,  "max_links_per_uid",  1000,    1,    1000000, "links",  "open on one listener by one peer uid") \
        X(HALF_OPEN,      "max_half_open",       128,    1,    1000000, "links",  "accepted but not yet greeted") \
        X(HANDSHAKE,      "handshake",          5000,    1,    3600000, "ms",     "until the peer's hello") \
        X(STALL,          "stall",             30000,    1,    3600000, "ms",     "silence in the middle of a frame") \
        X(QUEUE,          "max_queue",       8388608, 4096, 4294967296, "bytes",  "unsent on one link; then it is not read") \
        X(STREAM_CREDIT,  "stream_credit",     65536, 16384, 1073741824, "bytes", "items of one stream that nobody has read yet") \
        X(LINK_CREDIT,    "link_credit",     1048576, 16384, 1073741824, "bytes", "the same of all streams of one link") \
        X(METADATA,       "max_metadata",       8192,   64,      65535, "bytes",  "metadata of one call, head or reply")

enum via_limit {
#define VIA_LIMIT_(name, key, def, least, most, unit, what) VIA_LIMIT_##name,
        VIA_LIMITS(VIA_LIMIT_)
#undef VIA_LIMIT_
        VIA_LIMIT_COUNT
};

/* The limits of one client or server: 0 means the default, so that { 0 } is all defaults. */
struct via_limits {
        uint64_t v[32];                         /* by enum via_limit; the rest is zero */
};

struct via_error;

/*
 * Sets one limit; VIA_OUT_OF_RANGE, naming limit and range, if @value is not allowed. 0 sets
 * the default.
 */
int via_limits_set(struct via_limits *limits, enum via_limit limit, uint64_t value,
                   struct via_error *err);

/* The value in force: what was set, or the default. */
uint64_t via_limits_get(const struct via_limits *limits, enum via_limit limit);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
