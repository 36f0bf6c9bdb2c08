/*
 * wrong.c - tests that are wrong on purpose, each in one way test.h has to notice
 *
 * Run by test_test.sh, one by one.
 */
#include <fcntl.h>
#include "test.h"

TEST(right) {
        CHECK(1 + 1 == 2);
        CHECK_INT(1, <, 2);
        CHECK_STR("a", "a");
        CHECK_STR(NULL, NULL);
}

TEST(goes_on) {
        CHECK(1 + 1 == 3);
        CHECK_INT(2 + 2, ==, 5);
        CHECK_STR("left", "right");
        CHECK_STR(NULL, "right");
}

TEST(stops) {
        REQUIRE(1 + 1 == 3);
        puts("not reached");
}

TEST(leaks_descriptor) {
        CHECK_INT(open("/dev/null", O_RDONLY | O_CLOEXEC), >=, 0);
}

TEST(hangs, .timeout = 1) {
        for (;;)
                pause();
}

TEST(dies) {
        raise(SIGKILL);
}

TEST(leaves) {
        exit(0);
}

TEST(skips) {
        SKIP("no reason but this");
}
