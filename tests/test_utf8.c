/*
 * test_utf8.c - whether bytes are text
 */
#include "test.h"
#include "utf8.h"

static size_t put(uint32_t c, char *to) {
        if (c < 0x80) {
                to[0] = (char)c;
                return 1;
        }
        if (c < 0x800) {
                to[0] = (char)(0xc0 | c >> 6);
                to[1] = (char)(0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                to[0] = (char)(0xe0 | c >> 12);
                to[1] = (char)(0x80 | (c >> 6 & 0x3f));
                to[2] = (char)(0x80 | (c & 0x3f));
                return 3;
        }
        to[0] = (char)(0xf0 | c >> 18);
        to[1] = (char)(0x80 | (c >> 12 & 0x3f));
        to[2] = (char)(0x80 | (c >> 6 & 0x3f));
        to[3] = (char)(0x80 | (c & 0x3f));
        return 4;
}

/* The copy must agree with the check, wherever the bytes stand among others. */
static bool is_text(const char *bytes, size_t n) {
        char text[64], copy[64];
        bool valid = via_utf8_valid(bytes, n);

        for (size_t before = 0; before < 18; before++) {
                size_t len = before + n + 5;

                memset(text, 'x', sizeof(text));
                memset(copy, 0, sizeof(copy));
                memcpy(text + before, bytes, n);
                CHECK(via_utf8_valid(text, len) == valid);
                CHECK(via_utf8_copy(copy, (const uint8_t *)text, len) == valid);
                CHECK(memcmp(copy, text, len) == 0);
                CHECK(copy[len] == 0);
        }
        return valid;
}

TEST(every_character) {
        char bytes[4];

        for (uint32_t c = 1; c < 0x200000; c++) {
                bool is_one = c < 0x110000 && (c < 0xd800 || c > 0xdfff);
                size_t n = put(c, bytes);

                if (via_utf8_valid(bytes, n) != is_one)
                        test_fail(__FILE__, __LINE__, "U+%04X", c);
                if (n > 1 && via_utf8_valid(bytes, n - 1))
                        test_fail(__FILE__, __LINE__, "U+%04X without its last byte", c);
        }
}

TEST(wherever_it_stands) {
        CHECK(is_text("", 0));
        CHECK(is_text("hello", 5));
        CHECK(is_text("h\xc3\xa9llo w\xc3\xb6rld, \xe2\x82\xac 5, \xf0\x9f\x98\x80", 26));
        CHECK(is_text("\x7f\x01\t\n", 4));
}

TEST(what_is_none) {
        CHECK(!is_text("a\0b", 3));
        CHECK(!is_text("\0", 1));
        CHECK(!is_text("\x80", 1));
        CHECK(!is_text("\xbf", 1));
        CHECK(!is_text("\xc0\x80", 2));                 /* NUL, longer than it needs to be */
        CHECK(!is_text("\xc1\xbf", 2));
        CHECK(!is_text("\xe0\x9f\xbf", 3));
        CHECK(!is_text("\xf0\x8f\xbf\xbf", 4));
        CHECK(!is_text("\xed\xa0\x80", 3));             /* half of a pair */
        CHECK(!is_text("\xf4\x90\x80\x80", 4));         /* past the last */
        CHECK(!is_text("\xf5\x80\x80\x80", 4));
        CHECK(!is_text("\xff", 1));
        CHECK(!is_text("\xc3", 1));
        CHECK(!is_text("\xe2\x82", 2));
        CHECK(!is_text("\xe2\x82 \xac", 4));
        CHECK(!is_text("\xc3\xa9\xa9", 3));
}
