/*
 * test_generated_calls.c - every kind of argument and result through the stubs that idlc makes
 *
 * The server, a thread of this program, answers what the client can check; the sanitizers see
 * who frees what.
 */
#include <pthread.h>
#include <uv.h>
#include <via/via.h>
#include "everything.h"
#include "test.h"

/* written by the server's thread, read after its end */
static char told[32];

static int echo(struct via_call *call, const char *text, char **ret_result) {
        return via_call_strdup(call, ret_result, text);
}

static int same_scalars(struct via_call *call, const struct all_Scalars *s,
                        struct all_Scalars *ret_result) {
        struct all_Scalars same = *s;

        if (!strcmp(s->s, "own"))
                return all_Everything_Own_raise(call,
                                                &(struct all_Everything_Own){ .code = s->i32 });
        if (!strcmp(s->s, "refused"))
                return all_Refused_raise(
                        call, &(struct all_Refused){ .why = s->s, .level = s->level });
        /* what it points to is the request's: it lives long enough */
        *ret_result = same;
        return VIA_OK;
}

static int each(struct via_call *call, bool b, char c, uint8_t o, int8_t i8, uint8_t u8,
                int16_t i16, uint16_t u16, int32_t i32, uint32_t u32, int64_t i64, uint64_t u64,
                float f, double d, enum all_Sky sky, bool *ret_result) {
        (void)call;
        *ret_result = b && c == (char)-1 && o == 255 && i8 == -128 && u8 == 255 &&
                      i16 == INT16_MIN && u16 == UINT16_MAX && i32 == INT32_MIN &&
                      u32 == UINT32_MAX && i64 == INT64_MIN && u64 == UINT64_MAX && f == 0.5f &&
                      d == 0.1 && sky == all_Sky_RAIN;
        return VIA_OK;
}

static int turn(struct via_call *call, bool b, char c, uint8_t o, int8_t i8, int16_t i16,
                int64_t i64, double d, enum all_Level level, const char *s,
                const struct all_Point *p, bool *ret_b, char *ret_c, uint8_t *ret_o,
                int8_t *ret_i8, int16_t *ret_i16, int64_t *ret_i64, double *ret_d,
                enum all_Level *ret_level, char **ret_s, struct all_Point *ret_p) {
        *ret_b = !b;
        *ret_c = (char)(c + 1);
        *ret_o = (uint8_t)~o;
        *ret_i8 = (int8_t)-i8;
        *ret_i16 = (int16_t)-i16;
        *ret_i64 = -i64;
        *ret_d = -d;
        *ret_level = level == all_Level_LOW ? all_Level_TOP : all_Level_LOW;
        ret_p->x = p->y;
        ret_p->y = p->x;
        return via_call_printf(call, ret_s, "%s%s", s, s);
}

static int numbers(struct via_call *call, size_t n_i, const int32_t *i, size_t n_bytes,
                   const uint8_t *bytes, size_t *ret_n_o, int32_t **ret_o, size_t *ret_n_bytes,
                   uint8_t **ret_bytes) {
        *ret_o = via_call_alloc(call, n_i * sizeof(**ret_o));
        *ret_bytes = via_call_alloc(call, n_bytes);
        *ret_n_o = n_i;
        *ret_n_bytes = n_bytes;
        for (size_t k = 0; k < n_i; k++)
                (*ret_o)[k] = i[n_i - 1 - k];
        for (size_t k = 0; k < n_bytes; k++)
                (*ret_bytes)[k] = bytes[n_bytes - 1 - k];
        return VIA_OK;
}

static int strings(struct via_call *call, size_t n_i, char *const *i, size_t *ret_n_result,
                   char ***ret_result, char **ret_first) {
        *ret_result = via_call_alloc(call, n_i * sizeof(**ret_result));
        *ret_n_result = n_i;
        for (size_t k = 0; k < n_i; k++)
                (*ret_result)[k] = i[n_i - 1 - k];
        *ret_first = n_i ? i[0] : NULL;
        return VIA_OK;
}

static int points(struct via_call *call, size_t n_i, struct all_Point *const *i,
                  size_t *ret_n_result, struct all_Point ***ret_result) {
        *ret_result = via_call_alloc(call, n_i * sizeof(**ret_result));
        *ret_n_result = n_i;
        for (size_t k = 0; k < n_i; k++)
                (*ret_result)[k] = i[n_i - 1 - k];
        return VIA_OK;
}

static int arrays(struct via_call *call, const double m[6], const uint8_t mac[6],
                  struct all_Point *const corners[2], double ret_result[6], uint8_t ret_back[6],
                  struct all_Point *ret_back_corners[2]) {
        (void)call;
        for (unsigned k = 0; k < 6; k++) {
                ret_result[k] = m[5 - k];
                ret_back[k] = mac[5 - k];
        }
        ret_back_corners[0]->x = corners[1]->x;
        ret_back_corners[1]->x = corners[0]->x;
        return VIA_OK;
}

static int same_table(struct via_call *call, size_t n_t, struct all_Row *const *t,
                      size_t n_blobs, const ProtobufCBinaryData *blobs, size_t *ret_n_result,
                      struct all_Row ***ret_result, size_t *ret_n_back,
                      ProtobufCBinaryData **ret_back) {
        *ret_n_result = n_t;
        *ret_result = via_call_alloc(call, n_t * sizeof(**ret_result));
        memcpy(*ret_result, t, n_t * sizeof(*t));
        *ret_n_back = n_blobs;
        *ret_back = via_call_alloc(call, n_blobs * sizeof(*blobs));
        memcpy(*ret_back, blobs, n_blobs * sizeof(*blobs));
        return VIA_OK;
}

static int make_inner(struct via_call *call, int32_t x, struct all_Everything_Inner *ret_result) {
        (void)call;
        ret_result->x = x;
        return VIA_OK;
}

static int tell(struct via_call *call, const char *what) {
        (void)call;
        snprintf(told, sizeof(told), "%s", what);
        return VIA_OK;
}

static const struct all_Everything_ops ops = {
        .echo = echo,
        .same_scalars = same_scalars,
        .each = each,
        .turn = turn,
        .numbers = numbers,
        .strings = strings,
        .points = points,
        .arrays = arrays,
        .same_table = same_table,
        .make_inner = make_inner,
        .tell = tell,                           /* left, right, quick and same_many are missing */
};

static void *serve(void *server) {
        via_server_run(server);
        return NULL;
}

/* A server and a client of it; each test of a call lies between the two functions. */
static struct via_server *server;
static struct via_client *client;
static struct via_error err;
static pthread_t thread;

static void begin(void) {
        server = via_server_new(NULL);
        REQUIRE(server != NULL);
        REQUIRE(all_Everything_serve(server, &ops, NULL, NULL) == 0);
        REQUIRE(via_server_listen(server, "inproc:generated", NULL) == 0);
        REQUIRE(pthread_create(&thread, NULL, serve, server) == 0);
        REQUIRE(via_client_open(&client, "inproc:generated", NULL, NULL) == 0);
}

static void end(void) {
        via_client_close(client);
        via_server_stop(server);
        pthread_join(thread, NULL);
        via_server_free(server);
        via_error_fini(&err);
        uv_library_shutdown();                  /* libuv keeps a pipe for signals */
}

#define CALL(call) do { \
        if (call) { \
                test_fail(__FILE__, __LINE__, "%s: %s", #call, err.message ? err.message : "?"); \
                exit(TEST_FAILED); \
        } \
} while (0)

TEST(scalars_arrive_both_ways) {
        struct all_Point p = { .x = 1, .y = 2 }, *q;
        enum all_Level level;
        int64_t i64;
        int16_t i16;
        bool b = false;
        int8_t i8;
        uint8_t o;
        double d;
        char c, *s;

        begin();
        CALL(all_Everything_each(client, true, (char)-1, 255, -128, 255, INT16_MIN, UINT16_MAX,
                                 INT32_MIN, UINT32_MAX, INT64_MIN, UINT64_MAX, 0.5f, 0.1,
                                 all_Sky_RAIN, &b, &err));
        CHECK(b);
        CALL(all_Everything_turn(client, true, 'a', 0xf0, 127, -5, 1ll << 40, 0.5,
                                 all_Level_LOW, "ab", &p, &b, &c, &o, &i8, &i16, &i64, &d,
                                 &level, &s, &q, &err));
        CHECK(!b && c == 'b' && o == 0x0f && i8 == -127 && i16 == 5 && i64 == -(1ll << 40) &&
              d == -0.5);
        CHECK(level == all_Level_TOP && q->x == 2 && q->y == 1);
        CHECK_STR(s, "abab");
        free(s);
        all_Point_free(q);

        /* nothing is wanted back, and nothing leaks */
        CALL(all_Everything_turn(client, true, 'a', 0, 1, 1, 1, 1, all_Level_LOW, NULL, &p,
                                 NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                 &err));
        CALL(all_Everything_turn(client, true, 'a', 0, 1, 1, 1, 1, all_Level_LOW, "x", &p, NULL,
                                 NULL, NULL, NULL, NULL, NULL, NULL, NULL, &s, NULL, &err));
        CHECK_STR(s, "xx");
        free(s);
        end();
}

TEST(strings_are_the_callers) {
        char *s;

        begin();
        CALL(all_Everything_echo(client, "hello", &s, &err));
        CHECK_STR(s, "hello");
        free(s);
        CALL(all_Everything_echo(client, "", &s, &err));
        CHECK_STR(s, "");
        free(s);
        CALL(all_Everything_echo(client, NULL, &s, &err));
        CHECK_STR(s, "");
        free(s);
        CALL(all_Everything_echo(client, "dropped", NULL, &err));
        end();
}

TEST(structs_and_exceptions_arrive) {
        struct all_Point at = { .x = 1, .y = -1 };
        struct all_Scalars in, *out;

        begin();
        all_Scalars_init(&in);
        in.s = (char *)"text";
        in.i32 = 7;
        in.level = all_Level_MIDDLE;
        in.point = &at;
        CALL(all_Everything_same_scalars(client, &in, &out, &err));
        CHECK(all_Scalars_equal(&in, out));
        all_Scalars_free(out);

        in.s = (char *)"own";
        CHECK_INT(all_Everything_same_scalars(client, &in, &out, &err), !=, 0);
        REQUIRE(all_Everything_Own_get(&err) != NULL);
        CHECK_INT(all_Everything_Own_get(&err)->code, ==, 7);
        CHECK(all_Refused_get(&err) == NULL);

        in.s = (char *)"refused";
        CHECK_INT(all_Everything_same_scalars(client, &in, NULL, &err), !=, 0);
        REQUIRE(all_Refused_get(&err) != NULL);
        CHECK_STR(all_Refused_get(&err)->why, "refused");
        CHECK_INT(all_Refused_get(&err)->level, ==, all_Level_MIDDLE);
        end();
}

TEST(sequences_arrive) {
        struct all_Point a = { .x = 1 }, b = { .x = 2 }, *in[] = { &a, &b }, **out;
        const int32_t numbers_in[] = { 1, 2, 3 };
        char first[] = "a", second[] = "b", *strings_in[] = { first, second }, **strings_out, *s;
        uint8_t *bytes;
        size_t n, n_bytes;
        int32_t *o;

        begin();
        all_Point_init(&a);
        all_Point_init(&b);
        a.x = 1;
        b.x = 2;
        CALL(all_Everything_numbers(client, 3, numbers_in, 2, (const uint8_t *)"xy", &n, &o,
                                    &n_bytes, &bytes, &err));
        CHECK(n == 3 && o[0] == 3 && o[2] == 1 && n_bytes == 2 && !memcmp(bytes, "yx", 2));
        free(o);
        free(bytes);
        CALL(all_Everything_numbers(client, 0, NULL, 0, NULL, &n, &o, &n_bytes, &bytes, &err));
        CHECK(n == 0 && n_bytes == 0);
        free(o);
        free(bytes);
        CALL(all_Everything_numbers(client, 3, numbers_in, 2, (const uint8_t *)"xy", NULL, NULL,
                                    NULL, NULL, &err));

        CALL(all_Everything_strings(client, 2, strings_in, &n, &strings_out, &s, &err));
        CHECK_INT(n, ==, 2);
        CHECK_STR(strings_out[0], "b");
        CHECK_STR(strings_out[1], "a");
        CHECK_STR(s, "a");
        via_strings_free(n, strings_out);
        free(s);

        CALL(all_Everything_points(client, 2, in, &n, &out, &err));
        CHECK(n == 2 && out[0]->x == 2 && out[1]->x == 1);
        all_Point_free_all(n, out);
        end();
}

TEST(arrays_arrive) {
        const double m[6] = { 1, 2, 3, 4, 5, 6 };
        const uint8_t mac[6] = { 1, 2, 3, 4, 5, 6 };
        struct all_Point a, b, *in[2] = { &a, &b }, **corners;
        double *back;
        uint8_t *mac_back;

        begin();
        all_Point_init(&a);
        all_Point_init(&b);
        a.x = 1;
        b.x = 2;
        CALL(all_Everything_arrays(client, m, mac, in, &back, &mac_back, &corners, &err));
        CHECK(back[0] == 6 && back[5] == 1 && mac_back[0] == 6 && mac_back[5] == 1);
        CHECK(corners[0]->x == 2 && corners[1]->x == 1);
        free(back);
        free(mac_back);
        all_Point_free_all(2, corners);
        CALL(all_Everything_arrays(client, m, mac, in, NULL, NULL, NULL, &err));
        end();
}

TEST(tables_arrive_in_an_arena) {
        struct via_arena *arena = via_arena_new(0);
        struct via_call_options options = { .arena = arena };
        int32_t cells[] = { 1, 2, 3 };
        struct all_Row one, two, *rows[] = { &one, &two }, **back;
        const ProtobufCBinaryData blobs[] = { { 1, (uint8_t *)(char[]){ "x" } }, { 0, NULL } };
        ProtobufCBinaryData *blobs_back;
        struct all_Everything_Inner *inner;
        size_t n, n_blobs;

        begin();
        all_Row_init(&one);
        all_Row_init(&two);
        one.n_v = 3;
        one.v = cells;
        CALL(all_Everything_same_table_with(client, &options, 2, rows, 2, blobs, &n, &back,
                                            &n_blobs, &blobs_back, &err));
        CHECK(n == 2 && all_Row_equal(back[0], &one) && all_Row_equal(back[1], &two));
        CHECK(n_blobs == 2 && blobs_back[0].len == 1 && blobs_back[0].data[0] == 'x' &&
              !blobs_back[1].len);
        CALL(all_Everything_make_inner_with(client, &options, 42, &inner, &err));
        CHECK_INT(inner->x, ==, 42);
        CALL(all_Everything_make_inner_with(client, &options, 42, NULL, &err));
        CALL(all_Everything_same_table_with(client, &options, 2, rows, 2, blobs, NULL, NULL, NULL,
                                            NULL, &err));
        via_arena_free(arena);
        end();
}

TEST(what_is_missing_is_unimplemented) {
        begin();
        CHECK_INT(all_Everything_left(client, &err), ==, VIA_UNIMPLEMENTED);
        CHECK_INT(all_Everything_quick(client, NULL, &err), ==, VIA_UNIMPLEMENTED);
        end();
}

TEST(oneway_is_sent) {
        begin();
        CALL(all_Everything_tell(client, "once", &err));
        CALL(all_Everything_echo(client, "and then", NULL, &err));
        end();
        CHECK_STR(told, "once");
}
