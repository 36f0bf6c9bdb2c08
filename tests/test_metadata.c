/*
 * test_metadata.c - keys and values beside a call, as they are used and as they are on the wire
 */
#include <via/error.h>
#include "alloc.h"
#include "metadata.h"
#include "random.h"
#include "test.h"

static struct via_metadata *make(void) {
        struct via_metadata *md = via_metadata_new();

        REQUIRE(md);
        return md;
}

/* What @md is on the wire is @size bytes at @bytes. */
static void check_bytes(const struct via_metadata *md, const char *bytes, size_t size) {
        size_t n;
        const uint8_t *got = via_metadata_bytes(md, &n);

        CHECK_INT(n, ==, size);
        CHECK(n == size && (!n || memcmp(got, bytes, n) == 0));
}

/* --- as it is used ---------------------------------------------------------------------------- */

TEST(the_first_of_a_key_is_got) {
        struct via_metadata *md = make();
        const void *bin;
        size_t size = 77;

        CHECK_INT(via_metadata_add(md, "key", "one", NULL), ==, VIA_OK);
        CHECK_INT(via_metadata_add(md, "other", "", NULL), ==, VIA_OK);
        CHECK_INT(via_metadata_add(md, "key", "two", NULL), ==, VIA_OK);
        CHECK_INT(via_metadata_add_bin(md, "trace-bin", "\0\1\377", 3, NULL), ==, VIA_OK);
        CHECK_INT(via_metadata_add_bin(md, "none-bin", NULL, 0, NULL), ==, VIA_OK);
        CHECK_STR(via_metadata_get(md, "key"), "one");
        CHECK_STR(via_metadata_get(md, "other"), "");
        CHECK_STR(via_metadata_get(md, "ke"), NULL);
        CHECK_STR(via_metadata_get(md, "keys"), NULL);
        CHECK_STR(via_metadata_get(md, ""), NULL);
        bin = via_metadata_get_bin(md, "trace-bin", &size);
        CHECK(bin && size == 3 && memcmp(bin, "\0\1\377", 3) == 0);
        bin = via_metadata_get_bin(md, "none-bin", &size);
        CHECK(bin && size == 0);
        size = 77;
        CHECK(!via_metadata_get_bin(md, "key", &size) && size == 77);
        CHECK(!via_metadata_get(md, "trace-bin"));
        CHECK_INT(via_metadata_count(md), ==, 5);
        CHECK(!via_metadata_free(md));
        CHECK(!via_metadata_free(NULL));
}

TEST(order_is_kept) {
        struct via_metadata *md = make();
        char key[20], value[20];

        CHECK(!via_metadata_at(md, 0, NULL, NULL, NULL));
        for (int i = 0; i < 64; i++) {
                snprintf(key, sizeof(key), "key.%d", i % 7);
                snprintf(value, sizeof(value), "value %d", i);
                CHECK_INT(via_metadata_add(md, key, value, NULL), ==, VIA_OK);
        }
        for (int i = 0; i < 64; i++) {
                const char *got_key = NULL;
                const void *got = NULL;
                size_t size = 0;

                snprintf(key, sizeof(key), "key.%d", i % 7);
                snprintf(value, sizeof(value), "value %d", i);
                REQUIRE(via_metadata_at(md, (size_t)i, &got_key, &got, &size));
                CHECK_STR(got_key, key);
                CHECK_STR(got, value);
                CHECK_INT(size, ==, strlen(value));
        }
        CHECK(!via_metadata_at(md, 64, NULL, NULL, NULL));
        CHECK(via_metadata_at(md, 63, NULL, NULL, NULL));
        via_metadata_free(md);
}

TEST(what_is_cleared_is_used_again) {
        struct via_metadata *md = make();
        unsigned long before;

        via_metadata_clear(md);
        for (int i = 0; i < 60; i++)
                via_metadata_add(md, "key", "value", NULL);
        before = alloc_count();
        via_metadata_clear(md);
        CHECK_INT(via_metadata_count(md), ==, 0);
        check_bytes(md, "", 0);
        CHECK(!via_metadata_get(md, "key"));
        for (int i = 0; i < 60; i++)
                CHECK_INT(via_metadata_add(md, "key", "value", NULL), ==, VIA_OK);
        CHECK_INT(alloc_count(), ==, before);
        via_metadata_free(md);
}

static void wont(int code, const char *key, const char *value, const char *why) {
        struct via_metadata *md = make();
        struct via_error err = VIA_ERROR_INIT;

        via_metadata_add(md, "before", "x", NULL);
        CHECK_INT(via_metadata_add(md, key, value, &err), ==, code);
        CHECK_STR(err.message, why);
        CHECK_INT(via_metadata_add(md, key, value, NULL), ==, code);
        CHECK_INT(via_metadata_count(md), ==, 1);
        check_bytes(md, "\6\0\1\0beforex", 11);
        via_error_fini(&err);
        via_metadata_free(md);
}

TEST(bad_keys_and_values_are_not_added) {
        static char key[257], value[65536];
        struct via_metadata *md = make();
        struct via_error err = VIA_ERROR_INIT;

        wont(VIA_INVALID_ARGUMENT, "", "x", "a key of metadata has 0 bytes, not 1 to 255");
        wont(VIA_INVALID_ARGUMENT, "Key", "x",
             "byte 0 of a key of metadata is 0x4b: it may be a-z, 0-9, '.', '_' and '-'");
        wont(VIA_INVALID_ARGUMENT, "ke\n", "x",
             "byte 2 of a key of metadata is 0x0a: it may be a-z, 0-9, '.', '_' and '-'");
        wont(VIA_INVALID_ARGUMENT, "k\303\266y", "x",
             "byte 1 of a key of metadata is 0xc3: it may be a-z, 0-9, '.', '_' and '-'");
        wont(VIA_INVALID_ARGUMENT, "key", "a\tb",
             "key: byte 1 of the value is 0x09, not printable ASCII");
        wont(VIA_INVALID_ARGUMENT, "key", "\177",
             "key: byte 0 of the value is 0x7f, not printable ASCII");
        wont(VIA_INVALID_ARGUMENT, "key", "ab\303\266",
             "key: byte 2 of the value is 0xc3, not printable ASCII");
        wont(VIA_INVALID_ARGUMENT, "key-bin", "x", "key-bin: a key that ends in -bin is for bytes");
        memset(key, 'k', 256);
        wont(VIA_INVALID_ARGUMENT, key, "x", "a key of metadata has 256 bytes, not 1 to 255");
        memset(value, 'v', 65535 - 11 - 4 - 3 + 1);
        wont(VIA_RESOURCE_EXHAUSTED, "key", value,
             "key: with 65518 bytes more the metadata would have more than 65535");

        CHECK_INT(via_metadata_add_bin(md, "key", "x", 1, &err), ==, VIA_INVALID_ARGUMENT);
        CHECK_STR(err.message, "key: a key for bytes ends in -bin");
        CHECK_INT(via_metadata_add_bin(md, "a b-bin", "x", 1, &err), ==, VIA_INVALID_ARGUMENT);
        CHECK_INT(via_metadata_add_bin(md, "big-bin", value, SIZE_MAX - 8, NULL), ==,
                  VIA_RESOURCE_EXHAUSTED);
        key[255] = 0;
        CHECK_INT(via_metadata_add(md, key, " ~", NULL), ==, VIA_OK);
        CHECK_INT(via_metadata_add_bin(md, "-bin", "\n", 1, NULL), ==, VIA_OK);
        value[65535 - 261 - 9 - 7] = 0;
        CHECK_INT(via_metadata_add(md, "key", value, NULL), ==, VIA_OK);        /* just fits */
        CHECK_INT(via_metadata_add(md, "k", "", NULL), ==, VIA_RESOURCE_EXHAUSTED);
        via_error_fini(&err);
        via_metadata_free(md);
}

TEST(no_more_than_64_entries) {
        struct via_metadata *md = make();
        struct via_error err = VIA_ERROR_INIT;

        for (int i = 0; i < 64; i++)
                CHECK_INT(via_metadata_add(md, "k", "", NULL), ==, VIA_OK);
        CHECK_INT(via_metadata_add(md, "k", "", &err), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK_STR(err.message, "metadata has 64 entries already, as many as it may");
        CHECK_INT(via_metadata_count(md), ==, 64);
        via_error_fini(&err);
        via_metadata_free(md);
}

/* --- as it is on the wire --------------------------------------------------------------------- */

/* Whether the @size bytes at @bytes are metadata; read from memory of just their size. */
static int reads(const void *bytes, size_t size) {
        struct via_metadata *md = make();
        uint8_t *copy = malloc(size ? size : 1);
        int r, checked;

        if (size)
                memcpy(copy, bytes, size);
        r = via_metadata_read(md, copy, size);
        checked = via_metadata_check(copy, size, 65535);
        CHECK_INT(checked, ==, r);
        free(copy);
        if (r)
                CHECK_INT(via_metadata_count(md), ==, 0);
        else
                check_bytes(md, bytes, size);
        via_metadata_free(md);
        return r;
}

TEST(it_is_so_on_the_wire) {
        struct via_metadata *md = make();

        via_metadata_add(md, "key", "value", NULL);
        via_metadata_add_bin(md, "a-bin", "\0\n", 2, NULL);
        via_metadata_add(md, "k", "", NULL);
        check_bytes(md, "\3\0\5\0keyvalue\5\0\2\0a-bin\0\n\1\0\0\0k", 28);
        via_metadata_free(md);
        CHECK_INT(reads("\3\0\5\0keyvalue\5\0\2\0a-bin\0\n\1\0\0\0k", 28), ==, 0);
        CHECK_INT(reads("", 0), ==, 0);
}

TEST(what_is_read_can_be_got) {
        struct via_metadata *md = make();
        const void *bin;
        size_t size;

        via_metadata_add(md, "old", "gone", NULL);
        CHECK_INT(via_metadata_read(md, (const uint8_t *)"\3\0\5\0keyvalue\5\0\2\0a-bin\0\n", 23),
                  ==, 0);
        CHECK_STR(via_metadata_get(md, "key"), "value");
        CHECK_STR(via_metadata_get(md, "old"), NULL);
        bin = via_metadata_get_bin(md, "a-bin", &size);
        CHECK(bin && size == 2 && memcmp(bin, "\0\n", 2) == 0);
        CHECK_INT(via_metadata_add(md, "more", "x", NULL), ==, VIA_OK);
        CHECK_INT(via_metadata_count(md), ==, 3);
        CHECK_INT(via_metadata_read(md, (const uint8_t *)"x", 1), ==, -EBADMSG);
        CHECK_INT(via_metadata_count(md), ==, 0);
        via_metadata_free(md);
}

TEST(bad_bytes_are_refused) {
        static const char whole[] = "\3\0\5\0keyvalue\5\0\2\0a-bin\0\n";
        static uint8_t many[65 * 5];

        for (size_t n = 0; n <= 23; n++)        /* cut short anywhere but between entries */
                CHECK_INT(reads(whole, n), ==, n == 0 || n == 12 || n == 23 ? 0 : -EBADMSG);
        CHECK_INT(reads("\0\0\1\0x", 5), ==, -EBADMSG);         /* a key of no bytes */
        CHECK_INT(reads("\1\1\1\0kx", 6), ==, -EBADMSG);        /* what has to be 0 */
        CHECK_INT(reads("\1\0\1\0Kx", 6), ==, -EBADMSG);
        CHECK_INT(reads("\1\0\1\0k\n", 6), ==, -EBADMSG);
        CHECK_INT(reads("\1\0\1\0k\0", 6), ==, -EBADMSG);
        CHECK_INT(reads("\1\0\1\0k\377", 6), ==, -EBADMSG);
        CHECK_INT(reads("\2\0\1\0k\0x", 7), ==, -EBADMSG);
        CHECK_INT(reads("\377\0\0\0k", 5), ==, -EBADMSG);
        CHECK_INT(reads("\1\0\377\377k", 5), ==, -EBADMSG);
        CHECK_INT(reads("\4\0\1\0-bin\0", 9), ==, 0);
        for (unsigned c = 0; c < 256; c++) {
                char key[] = { 1, 0, 1, 0, (char)c, 'x' }, value[] = { 1, 0, 1, 0, 'k', (char)c };
                bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                            c == '-' || c == '_';

                CHECK_INT(reads(key, 6), ==, good ? 0 : -EBADMSG);
                CHECK_INT(reads(value, 6), ==, c >= 0x20 && c <= 0x7e ? 0 : -EBADMSG);
        }
        for (int i = 0; i < 65; i++)
                memcpy(many + 5 * (size_t)i, "\1\0\0\0k", 5);
        CHECK_INT(reads(many, 64 * 5), ==, 0);
        CHECK_INT(reads(many, 65 * 5), ==, -EBADMSG);
        CHECK_INT(via_metadata_check(many, 320, 319), ==, -EMSGSIZE);
        CHECK_INT(via_metadata_check(many, 320, 320), ==, 0);
}

/*
 * Nearly good bytes: whatever is made of them, reading and checking agree, and nothing is
 * beyond.
 */
TEST(any_bytes_can_be_read) {
        struct random random = { 1 };
        unsigned good = 0;

        for (int i = 0; i < 100000; i++) {
                uint8_t bytes[64];
                size_t n = 0;

                while (n < 40 && !random_once(&random, 4)) {
                        bytes[n++] = (uint8_t)(1 + random_below(&random, 3));
                        bytes[n++] = 0;
                        bytes[n++] = (uint8_t)random_below(&random, 4);
                        bytes[n++] = 0;
                        for (int k = bytes[n - 4] + bytes[n - 2]; k; k--)
                                bytes[n++] = (uint8_t)('a' + random_below(&random, 26));
                }
                if (n && random_once(&random, 2))
                        bytes[random_below(&random, (uint32_t)n)] = (uint8_t)random_next(&random);
                good += reads(bytes, n) == 0;
        }
        CHECK(good > 10000 && good < 90000);
}

/* --- memory ----------------------------------------------------------------------------------- */

TEST(no_memory_changes_nothing) {
        struct alloc_turns turns = { 0 };
        static char value[1000];

        memset(value, 'v', sizeof(value) - 1);
        while (alloc_turn(&turns)) {
                struct via_metadata *md = via_metadata_new();
                struct via_error err = VIA_ERROR_INIT;
                size_t n = 0;

                if (!md) {
                        CHECK(alloc_failed());
                        continue;
                }
                for (int i = 0; i < 10; i++) {
                        int code = via_metadata_add(md, "key", value, &err);

                        CHECK(code == VIA_OK ||
                              (code == VIA_RESOURCE_EXHAUSTED && alloc_failed()));
                        n += code == VIA_OK;
                        CHECK_INT(via_metadata_count(md), ==, n);
                        if (n)
                                CHECK_STR(via_metadata_get(md, "key"), value);
                }
                if (via_metadata_read(md, (const uint8_t *)"\1\0\1\0kv", 6) == 0)
                        CHECK_STR(via_metadata_get(md, "k"), "v");
                else
                        CHECK(alloc_failed() && via_metadata_count(md) == 0);
                via_error_fini(&err);
                via_metadata_free(md);
        }
        CHECK_INT(turns.n, >, 5);

        turns = (struct alloc_turns){ 0 };
        while (alloc_turn(&turns)) {            /* read is the first to want memory */
                struct via_metadata *md = via_metadata_new();
                int r = md ? via_metadata_read(md, (const uint8_t *)"\1\0\1\0kv", 6) : -ENOMEM;

                CHECK(r == 0 || (r == -ENOMEM && alloc_failed()));
                via_metadata_free(md);
        }
}
