/*
 * limits.c - everything that a peer could make grow, and how far it may
 */
#include <inttypes.h>
#include <via/error.h>
#include <via/limits.h>

static const struct limit {
        const char *key, *unit;
        uint64_t    def, least, most;
} table[VIA_LIMIT_COUNT] = {
#define LIMIT(name, key, def, least, most, unit, what) \
        [VIA_LIMIT_##name] = { key, unit, def, least, most },
        VIA_LIMITS(LIMIT)
#undef LIMIT
};

int via_limits_set(struct via_limits *limits, enum via_limit limit, uint64_t value,
                   struct via_error *err) {
        const struct limit *l;

        if ((unsigned)limit >= VIA_LIMIT_COUNT)
                return via_error_set(err, VIA_OUT_OF_RANGE, "there is no limit %u",
                                     (unsigned)limit);
        l = &table[limit];
        if (value && (value < l->least || value > l->most))
                return via_error_set(err, VIA_OUT_OF_RANGE,
                                     "%s: %" PRIu64 " is not within %" PRIu64 " to %" PRIu64
                                     " %s",
                                     l->key, value, l->least, l->most, l->unit);
        limits->v[limit] = value;
        return VIA_OK;
}

uint64_t via_limits_get(const struct via_limits *limits, enum via_limit limit) {
        if ((unsigned)limit >= VIA_LIMIT_COUNT)
                return 0;
        return limits->v[limit] ? limits->v[limit] : table[limit].def;
}
