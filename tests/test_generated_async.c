/*
 * test_generated_async.c - calls that do not wait, and replies that come later, as idlc makes them
 *
 * As in test_generated_streams the runtime is not in it: a call that is started is kept here, a
 * reply becomes bytes, and when the test says so the one is answered by the other.
 */
#include <via/via.h>
#include "everything.h"
#include "test.h"

static struct {
        const struct via_method *method;
        const struct via_call_options *options;
        via_reply_fn reply;
        via_any_fn on_done;
        void *user;
        uint8_t bytes[1024];            /* of the request, then of the response */
        size_t size;
} call;

static void keep(const struct via_type *type, const void *message) {
        REQUIRE(via_message_size(type, message, &call.size, NULL) == VIA_OK);
        REQUIRE(call.size <= sizeof(call.bytes));
        via_message_encode(type, message, call.bytes, call.size);
}

struct via_handle *via_client_async(struct via_client *client, const struct via_method *method,
                                    const struct via_call_options *options, const void *request,
                                    via_reply_fn reply, via_any_fn on_done, void *user) {
        CHECK(client == NULL);
        call.method = method;
        call.options = options;
        call.reply = reply;
        call.on_done = on_done;
        call.user = user;
        keep(method->request, request);
        return (struct via_handle *)&call;
}

int via_call_reply(struct via_call *answered, const void *response) {
        CHECK(answered == (struct via_call *)&call);
        keep(call.method->response, response);
        return VIA_OK;
}

int via_client_add(struct via_client *client, const struct via_interface *interface,
                   const void *ops, void *self, struct via_error *err) {
        CHECK(interface == &all_Everything_interface && ops == &call && self == call.bytes);
        return via_error_set(err, VIA_ABORTED, "%s", client ? "" : "no client");
}

/* What CALL was started with, as its handler would see it; in @arena. */
static void *request(struct via_arena *arena) {
        void *message = via_arena_alloc(arena, call.method->request->desc.sizeof_message);

        REQUIRE(via_message_decode(call.method->request, call.bytes, call.size, NULL, arena,
                                   message, NULL) == VIA_OK);
        return message;
}

/* What was replied arrives. */
static void arrives(void) {
        struct via_arena *arena = via_arena_new(0);
        void *message = via_arena_alloc(arena, call.method->response->desc.sizeof_message);

        REQUIRE(via_message_decode(call.method->response, call.bytes, call.size, NULL, arena,
                                   message, NULL) == VIA_OK);
        call.reply(call.on_done, call.user, VIA_OK, message, NULL);
        via_arena_free(arena);
}

static void fails(void) {
        const struct via_error err = { .code = VIA_UNAVAILABLE };

        call.reply(call.on_done, call.user, VIA_UNAVAILABLE, NULL, &err);
}

#define CALL ((struct via_call *)&call)
static unsigned n_done;
static bool failing;                    /* what is expected */

static void done(void *user, int code, const struct via_error *err) {
        CHECK(user == &n_done);
        CHECK_INT(code, ==, failing ? VIA_UNAVAILABLE : VIA_OK);
        CHECK(failing ? err->code == VIA_UNAVAILABLE : !err);
        n_done++;
}

static void on_each(void *user, int code, bool result, const struct via_error *err) {
        CHECK(result == !failing);
        done(user, code, err);
}

static void on_turn(void *user, int code, bool b, char c, uint8_t o, int8_t i8, int16_t i16,
                    int64_t i64, double d, enum all_Level level, const char *s,
                    const struct all_Point *p, const struct via_error *err) {
        CHECK(b == !failing);
        CHECK_INT(c, ==, failing ? 0 : (char)-2);
        CHECK_INT(o, ==, failing ? 0 : 254);
        CHECK_INT(i8, ==, failing ? 0 : -128);
        CHECK_INT(i16, ==, failing ? 0 : INT16_MAX);
        CHECK(i64 == (failing ? 0 : INT64_MIN));
        CHECK(d == (failing ? 0 : 0.25));
        CHECK((int)level == (failing ? 0 : (int)all_Level_TOP));
        CHECK_STR(s, failing ? NULL : "text");
        CHECK(failing ? !p : p->y == 2);
        done(user, code, err);
}

static void on_numbers(void *user, int code, size_t n_o, const int32_t *o, size_t n_bytes,
                       const uint8_t *bytes, const struct via_error *err) {
        CHECK_INT(n_o, ==, failing ? 0 : 2);
        CHECK_INT(n_bytes, ==, failing ? 0 : 3);
        CHECK(failing ? !o && !bytes : o[1] == -2 && bytes[2] == 3);
        done(user, code, err);
}

static void on_strings(void *user, int code, size_t n_result, char *const *result,
                       const char *first, const struct via_error *err) {
        CHECK_INT(n_result, ==, failing ? 0 : 2);
        if (!failing)
                CHECK_STR(result[1], "b");
        CHECK_STR(first, failing ? NULL : "a");
        done(user, code, err);
}

static void on_arrays(void *user, int code, const double result[6], const uint8_t back[6],
                      struct all_Point *const back_corners[2], const struct via_error *err) {
        if (failing)
                CHECK(!result && !back && !back_corners);
        else
                CHECK(result[5] == 6 && back[0] == 9 && back_corners[1]->x == 5);
        done(user, code, err);
}

TEST(arguments_go_in) {
        static const uint8_t mac[6] = { 1, 2, 3, 4, 5, 6 };
        static const double matrix[6] = { 0, 0, 0, 0, 0, 7 };
        struct via_call_options options = { .timeout_ms = 5 };
        struct via_arena *arena = via_arena_new(0);
        struct all_Point a, b, *corners[2] = { &a, &b };

        all_Point_init(&a);
        all_Point_init(&b);
        CHECK((void *)all_Everything_arrays_async(NULL, matrix, mac, corners, &options, on_arrays,
                                                  &n_done) == &call);
        CHECK_STR(call.method->name, "all.Everything/arrays");
        CHECK(call.options == &options);
        CHECK_INT(protobuf_c_message_get_packed_size(request(arena)), ==, (long long)call.size);

        all_Everything_tell_async(NULL, "what", NULL, done, &n_done);
        CHECK_STR(call.method->name, "all.Everything/tell");
        CHECK(call.size == 6 && !memcmp(call.bytes + 2, "what", 4));
        CHECK(!call.options);
        via_arena_free(arena);
}

TEST(results_arrive_or_are_zero) {
        static const uint8_t bytes[6] = { 9, 2, 3 };
        static const double matrix[6] = { 1, 2, 3, 4, 5, 6 };
        static const int32_t numbers[2] = { 1, -2 };
        char a[] = "a", b[] = "b", *strings[2] = { a, b };
        struct all_Point p, *corners[2] = { &p, &p };

        all_Point_init(&p);
        p.x = 5;
        p.y = 2;
        for (failing = false;; failing = true) {
                all_Everything_each_async(NULL, true, 'c', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                          all_Sky_CLEAR, NULL, on_each, &n_done);
                CHECK_INT(all_Everything_each_reply(CALL, true), ==, VIA_OK);
                (failing ? fails : arrives)();
                all_Everything_turn_async(NULL, true, 'c', 0, 0, 0, 0, 0, all_Level_LOW, "s", &p,
                                          NULL, on_turn, &n_done);
                CHECK_INT(all_Everything_turn_reply(CALL, true, (char)-2, 254, -128, INT16_MAX,
                                                    INT64_MIN, 0.25, all_Level_TOP, "text", &p),
                          ==, VIA_OK);
                (failing ? fails : arrives)();
                all_Everything_numbers_async(NULL, 2, numbers, 3, bytes, NULL, on_numbers, &n_done);
                CHECK_INT(all_Everything_numbers_reply(CALL, 2, numbers, 3, bytes), ==, VIA_OK);
                (failing ? fails : arrives)();
                all_Everything_strings_async(NULL, 2, strings, NULL, on_strings, &n_done);
                CHECK_INT(all_Everything_strings_reply(CALL, 2, strings, "a"), ==, VIA_OK);
                (failing ? fails : arrives)();
                all_Everything_arrays_async(NULL, matrix, bytes, corners, NULL, on_arrays, &n_done);
                CHECK_INT(all_Everything_arrays_reply(CALL, matrix, bytes, corners), ==, VIA_OK);
                (failing ? fails : arrives)();
                all_Everything_left_async(NULL, NULL, done, &n_done);
                CHECK_INT(all_Everything_left_reply(CALL), ==, VIA_OK);
                (failing ? fails : arrives)();
                if (failing)
                        break;
        }
        CHECK_INT(n_done, ==, 12);
}

TEST(nobody_need_want_to_know) {
        all_Everything_quick_async(NULL, NULL, NULL, NULL);
        CHECK_INT(all_Everything_quick_reply(CALL, 1), ==, VIA_OK);
        arrives();
        fails();
        all_Everything_tell_async(NULL, "what", NULL, NULL, NULL);
        call.reply(call.on_done, call.user, VIA_OK, NULL, NULL);
}

TEST(a_client_serves_by_the_same_table) {
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(all_Everything_serve_client(NULL, (const struct all_Everything_ops *)&call,
                                              call.bytes, &err),
                  ==, VIA_ABORTED);
        CHECK_STR(err.message, "no client");
        via_error_fini(&err);
}
