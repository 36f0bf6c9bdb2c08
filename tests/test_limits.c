/*
 * test_limits.c - the limits of a client or server
 */
#include <via/error.h>
#include <via/limits.h>
#include "test.h"

TEST(unset_is_default) {
        struct via_limits limits = { { 0 } };

        CHECK_INT(via_limits_get(&limits, VIA_LIMIT_MESSAGE), ==, 4 << 20);
        CHECK_INT(via_limits_get(&limits, VIA_LIMIT_MEMORY), ==, 16 << 20);
        CHECK_INT(via_limits_get(&limits, VIA_LIMIT_DEPTH), ==, 100);
        CHECK_INT(via_limits_get(&limits, VIA_LIMIT_CALLS), ==, 1024);
        CHECK_INT(via_limits_get(&limits, VIA_LIMIT_HANDSHAKE), ==, 5000);
}

TEST(ranges) {
        static const struct {
                const char *key;
                uint64_t    least, most;
        } table[] = {
#define ROW(name, key, def, least, most, unit, what) { key, least, most },
                VIA_LIMITS(ROW)
#undef ROW
        };
        struct via_error err = VIA_ERROR_INIT;

        for (int i = 0; i < VIA_LIMIT_COUNT; i++) {
                enum via_limit limit = (enum via_limit)i;
                struct via_limits limits = { { 0 } };
                uint64_t def = via_limits_get(&limits, limit);

                CHECK(def >= table[i].least && def <= table[i].most);
                CHECK_INT(via_limits_set(&limits, limit, table[i].least, &err), ==, VIA_OK);
                CHECK_INT(via_limits_get(&limits, limit), ==, table[i].least);
                CHECK_INT(via_limits_set(&limits, limit, table[i].most, &err), ==, VIA_OK);
                CHECK_INT(via_limits_get(&limits, limit), ==, table[i].most);

                CHECK_INT(via_limits_set(&limits, limit, table[i].most + 1, &err), ==,
                          VIA_OUT_OF_RANGE);
                REQUIRE(err.message);
                CHECK(strncmp(err.message, table[i].key, strlen(table[i].key)) == 0);
                CHECK_INT(via_limits_get(&limits, limit), ==, table[i].most);
                if (table[i].least > 1)
                        CHECK_INT(via_limits_set(&limits, limit, table[i].least - 1, NULL), ==,
                                  VIA_OUT_OF_RANGE);

                CHECK_INT(via_limits_set(&limits, limit, 0, NULL), ==, VIA_OK);
                CHECK_INT(via_limits_get(&limits, limit), ==, def);
        }
        via_error_fini(&err);
}

TEST(no_such_limit) {
        struct via_limits limits = { { 0 } };

        CHECK_INT(via_limits_set(&limits, VIA_LIMIT_COUNT, 1, NULL), ==, VIA_OUT_OF_RANGE);
        CHECK_INT(via_limits_get(&limits, VIA_LIMIT_COUNT), ==, 0);
}

TEST(says_what_is_wrong) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_limits limits = { { 0 } };

        via_limits_set(&limits, VIA_LIMIT_DEPTH, 1001, &err);
        CHECK_STR(err.message, "max_depth: 1001 is not within 1 to 1000 levels");
        via_error_fini(&err);
}
