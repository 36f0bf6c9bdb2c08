/*
 * test_failure.c - the body of a reply that says no
 */
#include "alloc.h"
#include "failure.h"
#include "test.h"
#include "wire.h"

/* What the text @in, from a peer, becomes. */
static const char *cleaned(const char *in, size_t n) {
        static char buf[WIRE_TEXT_MAX + 1];
        char *exact = malloc(n), *text; /* so that a byte read past it is seen */

        memcpy(exact, in, n);
        text = via_failure_text(&(struct via_failure){ .text = exact, .text_size = n });
        REQUIRE(text);
        free(exact);
        snprintf(buf, sizeof(buf), "%s", text);
        free(text);
        return buf;
}

#define CLEANED(literal) cleaned(literal, sizeof(literal) - 1)

TEST(comes_back_as_it_went) {
        struct via_failure f = { .text = "no such city", .text_size = 12, .exception = 1ull << 63 };
        struct via_failure got;
        uint8_t buf[100];
        size_t n;

        f.body_size = 5;
        n = via_failure_put(buf, &f);
        memcpy(buf + n, "hello", 5);
        CHECK_INT(n + 5, ==, via_failure_size(&f));
        REQUIRE(via_failure_get(buf, n + 5, &got) == 0);
        CHECK(got.text_size == 12 && memcmp(got.text, "no such city", 12) == 0);
        CHECK(got.exception == 1ull << 63);
        CHECK(got.body_size == 5 && memcmp(got.body, "hello", 5) == 0);
}

TEST(may_say_nothing) {
        struct via_failure f = { 0 }, got;
        uint8_t buf[VIA_FAILURE_HEAD];

        CHECK_INT(via_failure_put(buf, &f), ==, VIA_FAILURE_HEAD);
        REQUIRE(via_failure_get(buf, sizeof(buf), &got) == 0);
        CHECK(got.text_size == 0 && got.exception == 0 && got.body_size == 0);
}

TEST(what_does_not_fit_is_refused) {
        struct via_failure f = { .text = "sentence", .text_size = 8 }, got = { .text_size = 77 };
        uint8_t whole[VIA_FAILURE_HEAD + 8];

        via_failure_put(whole, &f);
        for (size_t n = 0; n < sizeof(whole); n++) {
                uint8_t *cut = malloc(n ? n : 1);

                memcpy(cut, whole, n);
                CHECK_INT(via_failure_get(cut, n, &got), ==, -EPROTO);
                free(cut);
        }
        for (uint32_t n = 9; n; n *= 2) {
                wire_put32(whole, n);
                CHECK_INT(via_failure_get(whole, sizeof(whole), &got), ==, -EPROTO);
        }
        wire_put32(whole, UINT32_MAX);
        CHECK_INT(via_failure_get(whole, sizeof(whole), &got), ==, -EPROTO);
        CHECK_INT(got.text_size, ==, 77);
}

TEST(text_is_fit_to_be_printed) {
        CHECK_STR(CLEANED("plain, with spaces: 100 %"), "plain, with spaces: 100 %");
        CHECK_STR(CLEANED("caf\303\251 \342\202\254 \360\237\231\202"),
                  "caf\303\251 \342\202\254 \360\237\231\202");
        CHECK_STR(CLEANED("two\nlines\r\t\033[31m"), "two?lines???[31m");
        CHECK_STR(CLEANED("nul\0inside\177"), "nul?inside?");
        CHECK_STR(CLEANED("next\302\233line \302\200 \302\237 \302\240"),
                  "next??line ?? ?? \302\240");         /* U+009B moves cursors too */
}

/* One byte that is not text spoils that byte only. */
TEST(text_with_something_else_in_it) {
        CHECK_STR(CLEANED("caf\303\251 \377 \342\202"), "caf\303\251 ? ??");
        CHECK_STR(CLEANED("\300\200\355\240\200\364\220\200\200"), "?????????");
        CHECK_STR(CLEANED("\303"), "?");
        CHECK_STR(CLEANED("\303\0\303\251"), "??\303\251");
}

TEST(text_is_cut_between_characters) {
        char in[WIRE_TEXT_MAX + 100];
        const char *out;

        memset(in, 'x', sizeof(in));
        CHECK_INT(strlen(cleaned(in, sizeof(in))), ==, WIRE_TEXT_MAX);
        memcpy(in + WIRE_TEXT_MAX - 2, "\342\202\254", 3);
        out = cleaned(in, sizeof(in));
        CHECK_INT(strlen(out), ==, WIRE_TEXT_MAX - 2);
        CHECK(strspn(out, "x") == WIRE_TEXT_MAX - 2);
        memset(in, '\200', sizeof(in));         /* no boundary far and wide */
        CHECK_INT(strlen(cleaned(in, sizeof(in))), <=, WIRE_TEXT_MAX);
}

TEST(no_memory_no_text) {
        struct alloc_turns turns = { 0 };

        while (alloc_turn(&turns)) {
                char *text = via_failure_text(&(struct via_failure){ .text = "x", .text_size = 1 });

                CHECK(!text == alloc_failed());
                free(text);
        }
        CHECK_INT(turns.n, ==, 2);
}
