/*
 * test_generated_streams.c - every kind of item through the functions that idlc makes of a stream
 *
 * The runtime is not in it: what the functions call stands here, and hands an item's bytes from
 * one end to the other. So what is tested is that arguments become the right message, and a
 * message the right arguments; the sanitizers see who frees what.
 */
#include <via/via.h>
#include "streams.h"
#include "test.h"

struct via_stream {                     /* one end */
        bool server;
        struct via_stream *other;
        struct via_arena *arena;        /* where items are put; NULL: the heap */
        uint8_t *item;                  /* sent to here, not read yet */
        size_t size;
        bool closed;
};

static struct via_stream ends[2] = {
        { .server = false, .other = &ends[1] }, { .server = true, .other = &ends[0] },
};
#define CLIENT (&ends[0])
#define SERVER (&ends[1])

static struct via_arena *calls;         /* what lives as long as a call */
static const struct via_method *opened;
static uint8_t request[256], response[256];
static size_t request_size, response_size;

static size_t keep(const struct via_type *type, const void *message, uint8_t *bytes, size_t room) {
        size_t size = 0;

        REQUIRE(via_message_size(type, message, &size, NULL) == VIA_OK);
        REQUIRE(size <= room);
        via_message_encode(type, message, bytes, size);
        return size;
}

/* As a client's results are: in the arena, or else each part on the heap. */
static void give(const struct via_type *type, const uint8_t *bytes, size_t size,
                 struct via_arena *arena, void *message) {
        struct via_arena *own = via_arena_new(0);
        void *copy;

        REQUIRE(via_message_decode(type, bytes, size, NULL, arena ? arena : own, message, NULL) ==
                VIA_OK);
        if (!arena) {
                copy = via_message_dup(type, message, NULL);
                memcpy(message, copy, type->desc.sizeof_message);
                free(copy);
        }
        via_arena_free(own);
}

int via_stream_open(struct via_client *client, const struct via_method *method,
                    const struct via_call_options *options, const void *message,
                    struct via_stream **ret_stream, struct via_error *err) {
        (void)err;
        CHECK(client == NULL);
        opened = method;
        request_size = keep(method->request, message, request, sizeof(request));
        CLIENT->arena = options ? options->arena : NULL;
        *ret_stream = CLIENT;
        return VIA_OK;
}

int via_stream_write(struct via_stream *stream, const struct via_method *method, const void *item,
                     struct via_error *err) {
        struct via_stream *to = stream->other;

        (void)err;
        if (to->item)
                return VIA_LATER;
        to->item = malloc(4096);
        to->size = keep(stream->server ? method->out_item : method->in_item, item, to->item, 4096);
        return VIA_OK;
}

int via_stream_read(struct via_stream *stream, const struct via_method *method, void *item,
                    struct via_error *err) {
        if (!stream->item)
                return stream->closed ? VIA_END : via_error_set(err, VIA_ABORTED, "no item");
        give(stream->server ? method->in_item : method->out_item, stream->item, stream->size,
             stream->arena, item);
        free(stream->item);
        stream->item = NULL;
        return VIA_OK;
}

int via_stream_close_send(struct via_stream *stream, struct via_error *err) {
        (void)err;
        stream->other->closed = true;
        return VIA_OK;
}

int via_stream_finish(struct via_stream *stream, const struct via_method *method, void *message,
                      struct via_error *err) {
        (void)err;
        if (!stream->other->closed)
                return VIA_LATER;
        stream->other->closed = false;
        give(method->response, response, response_size, stream->arena, message);
        return VIA_OK;
}

struct via_arena *via_stream_arena(const struct via_stream *stream) {
        return stream->arena;
}

struct via_stream *via_call_stream(struct via_call *call) {
        CHECK(call == NULL);
        return SERVER;
}

void *via_call_alloc(struct via_call *call, size_t size) {
        (void)call;
        return memset(via_arena_alloc(calls, size), 0, size);
}

void *via_call_new(struct via_call *call, const struct via_type *type) {
        void *message = via_call_alloc(call, type->desc.sizeof_message);

        via_message_init(type, message);
        return message;
}

/* These are test_generated_async's. */
int via_call_reply(struct via_call *call, const void *message) {
        CHECK(call == NULL);
        response_size = keep(opened->response, message, response, sizeof(response));
        return VIA_OK;
}

struct via_handle *via_client_async(struct via_client *client, const struct via_method *method,
                                    const struct via_call_options *options, const void *message,
                                    via_reply_fn reply, via_any_fn on_done, void *user) {
        (void)client, (void)method, (void)options, (void)message;
        reply(on_done, user, VIA_UNIMPLEMENTED, NULL, NULL);
        return NULL;
}

int via_client_add(struct via_client *client, const struct via_interface *interface,
                   const void *ops, void *self, struct via_error *err) {
        (void)client, (void)interface, (void)ops, (void)self;
        return via_error_set(err, VIA_UNIMPLEMENTED, "not here");
}

/* The call that CLIENT has opened reaches @ops, whose answer is kept for its finish. */
static int handle(const void *ops) {
        struct via_arena *arena = via_arena_new(0);
        uint8_t in[512], out[512];
        int r;

        calls = via_arena_new(0);
        REQUIRE(via_message_decode(opened->request, request, request_size, NULL, arena, in, NULL) ==
                VIA_OK);
        via_message_init(opened->response, out);
        r = opened->invoke(NULL, ops, in, out);
        if (r == VIA_OK)
                response_size = keep(opened->response, out, response, sizeof(response));
        calls = via_arena_free(calls);
        via_arena_free(arena);
        return r;
}

/* An item is @written, is @read, and is then looked at. */
#define GOES(function, written, read, ...) \
        do { \
                CHECK_INT(flow_##function##_write written, ==, VIA_OK); \
                CHECK_INT(flow_##function##_read read, ==, VIA_OK); \
                __VA_ARGS__; \
        } while (0)
/* The same of a result, and of the parameter that goes the other way. */
#define BOTH(name, written, read, ...) \
        do { \
                struct via_stream *from = SERVER, *to = CLIENT; \
\
                GOES(Results_##name, written, read, __VA_ARGS__); \
                from = CLIENT; \
                to = SERVER; \
                GOES(Parameters_##name, written, read, __VA_ARGS__); \
        } while (0)

TEST(scalars_go_through) {
        enum flow_Sky sky = flow_Sky_CLEAR;
        bool flag = false;
        char letter = 0;
        int16_t number = 0;
        uint8_t byte = 0;
        int64_t large = 0;
        double real = 0;

        BOTH(skies, (from, flow_Sky_RAIN, NULL), (to, &sky, NULL), CHECK(sky == flow_Sky_RAIN));
        BOTH(flags, (from, true, NULL), (to, &flag, NULL), CHECK(flag));
        BOTH(letters, (from, (char)-1, NULL), (to, &letter, NULL), CHECK(letter == (char)-1));
        BOTH(shorts, (from, INT16_MIN, NULL), (to, &number, NULL), CHECK(number == INT16_MIN));
        GOES(Results_bytes, (SERVER, 255, NULL), (CLIENT, &byte, NULL), CHECK(byte == 255));
        GOES(Results_longs, (SERVER, INT64_MIN, NULL), (CLIENT, &large, NULL),
             CHECK(large == INT64_MIN));
        GOES(Parameters_summed, (CLIENT, 0.1, NULL), (SERVER, &real, NULL), CHECK(real == 0.1));
        GOES(Results_doubles, (SERVER, -0.5, NULL), (CLIENT, NULL, NULL), );
}

TEST(memory_goes_through_and_is_the_readers) {
        static const uint8_t six[6] = { 1, 2, 3, 4, 5, 6 };
        static const double ones[6] = { 1, 1, 1, 1, 1, 2 };
        struct flow_Point point = { .x = 1, .y = 2 }, *got = NULL;
        double *matrix = NULL;
        uint8_t *octets = NULL;
        char *text = NULL;
        size_t n = 0;

        BOTH(structs, (from, &point, NULL), (to, &got, NULL), CHECK(got->y == 2),
             flow_Point_free(got));
        BOTH(strings, (from, "text", NULL), (to, &text, NULL), CHECK(!strcmp(text, "text")),
             free(text));
        BOTH(blobs, (from, 3, six, NULL), (to, &n, &octets, NULL), CHECK(n == 3 && octets[2] == 3),
             free(octets));
        BOTH(macs, (from, six, NULL), (to, &octets, NULL), CHECK(octets[5] == 6), free(octets));
        BOTH(matrices, (from, ones, NULL), (to, &matrix, NULL), CHECK(matrix[5] == 2),
             free(matrix));
}

TEST(sequences_go_through) {
        int32_t numbers[3] = { 1, -2, 3 }, *got = NULL;
        char a[] = "a", bc[] = "bc", *words[2] = { a, bc }, **strings = NULL;
        struct flow_Point point, *points[1] = { &point }, **line = NULL;
        size_t n = 0;

        flow_Point_init(&point);
        point.x = 1;
        BOTH(numbers, (from, 3, numbers, NULL), (to, &n, &got, NULL), CHECK(n == 3 && got[1] == -2),
             free(got));
        BOTH(lists, (from, 2, words, NULL), (to, &n, &strings, NULL),
             CHECK(n == 2 && !strcmp(strings[1], "bc")), via_strings_free(n, strings));
        BOTH(lines, (from, 1, points, NULL), (to, &n, &line, NULL), CHECK(line[0]->x == 1),
             flow_Point_free_all(n, line));

        /* One function for either end, though each side has a bound of its own. */
        GOES(inner_Both_bounds, (CLIENT, 3, numbers, NULL), (SERVER, &n, &got, NULL),
             CHECK(n == 3 && got[2] == 3), free(got));
        GOES(inner_Both_bounds, (SERVER, 2, numbers, NULL), (CLIENT, &n, &got, NULL),
             CHECK(n == 2 && got[1] == -2), free(got));
}

TEST(items_nobody_wants_are_freed) {
        char a[] = "a", bc[] = "bc", *words[2] = { a, bc };
        size_t n = 0;

        BOTH(strings, (from, "text", NULL), (to, NULL, NULL), );
        BOTH(lists, (from, 2, words, NULL), (to, &n, NULL, NULL), CHECK(n == 2));
        BOTH(lists, (from, 2, words, NULL), (to, NULL, NULL, NULL), );
}

TEST(items_live_in_the_arena_of_the_options) {
        struct via_arena *arena = via_arena_new(0);
        struct via_call_options options = { .arena = arena };
        struct via_stream *stream = NULL;
        struct flow_Point point = { .x = 4 }, *got = NULL;

        REQUIRE(flow_Results_structs_open_with(NULL, &options, "home", &stream, NULL) == VIA_OK);
        REQUIRE(stream == CLIENT);
        for (int i = 0; i < 3; i++) {
                via_arena_reset(arena);
                CHECK_INT(flow_Results_structs_write(SERVER, &point, NULL), ==, VIA_OK);
                CHECK_INT(flow_Results_structs_read(stream, i == 1 ? NULL : &got, NULL), ==,
                          VIA_OK);
                CHECK(got->x == 4);
        }
        CLIENT->arena = NULL;
        via_arena_free(arena);
}

TEST(conditions_and_errors_pass_through) {
        struct via_error err = VIA_ERROR_INIT;
        struct flow_Point *untouched = (struct flow_Point *)&err;

        CHECK_INT(flow_inner_Both_same_read(SERVER, &untouched, &err), ==, VIA_ABORTED);
        CHECK(untouched == (struct flow_Point *)&err);
        CHECK_STR(err.message, "no item");
        CHECK_INT(flow_Parameters_strings_write(CLIENT, "one", NULL), ==, VIA_OK);
        CHECK_INT(flow_Parameters_strings_write(CLIENT, "two", NULL), ==, VIA_LATER);
        CHECK_INT(flow_Parameters_strings_read(SERVER, NULL, NULL), ==, VIA_OK);
        CHECK_INT(flow_Parameters_strings_finish(CLIENT, NULL), ==, VIA_LATER);
        CHECK_INT(flow_Parameters_strings_close_send(CLIENT, NULL), ==, VIA_OK);
        CHECK_INT(flow_Parameters_strings_read(SERVER, NULL, NULL), ==, VIA_END);
        SERVER->closed = false;
        via_error_fini(&err);
}

TEST(each_side_has_its_own_items) {
        struct flow_Point point = { .x = 1, .y = 2 }, *got = NULL;
        uint8_t wide = 0;
        char *text = NULL, narrow = 0;

        CHECK_INT(flow_inner_Both_other_write(CLIENT, &point, NULL), ==, VIA_OK);
        CHECK_INT(flow_inner_Both_other_read_in(SERVER, &got, NULL), ==, VIA_OK);
        CHECK(got->y == 2);
        flow_Point_free(got);
        CHECK_INT(flow_inner_Both_other_write_out(SERVER, "back", NULL), ==, VIA_OK);
        CHECK_INT(flow_inner_Both_other_read(CLIENT, &text, NULL), ==, VIA_OK);
        CHECK_STR(text, "back");
        free(text);
        CHECK_INT(flow_inner_Both_narrow_write(CLIENT, 200, NULL), ==, VIA_OK);
        CHECK_INT(flow_inner_Both_narrow_read_in(SERVER, &wide, NULL), ==, VIA_OK);
        CHECK_INT(wide, ==, 200);
        CHECK_INT(flow_inner_Both_narrow_write_out(SERVER, 'x', NULL), ==, VIA_OK);
        CHECK_INT(flow_inner_Both_narrow_read(CLIENT, &narrow, NULL), ==, VIA_OK);
        CHECK_INT(narrow, ==, 'x');
}

/* The sum of what is streamed, and all that is beside it. */
static int summed(struct via_call *call, const char *name, size_t n_bytes, const uint8_t *bytes,
                  struct via_stream *stream, uint32_t *ret_result, char **ret_last,
                  size_t *ret_n_bytes, uint8_t **ret_bytes) {
        double number = 0;

        while (flow_Parameters_summed_read(stream, &number, NULL) == VIA_OK)
                *ret_result += (uint32_t)number;
        *ret_last = via_call_alloc(call, strlen(name) + 1);
        memcpy(*ret_last, name, strlen(name));
        *ret_n_bytes = n_bytes;
        *ret_bytes = via_call_alloc(call, n_bytes);
        memcpy(*ret_bytes, bytes, n_bytes);
        return VIA_OK;
}

TEST(a_handler_gets_its_stream_between_what_goes_in_and_out) {
        static const struct flow_Parameters_ops ops = { .summed = summed }, none = { 0 };
        struct via_stream *stream = NULL;
        uint32_t sum = 0;
        char *last = NULL;
        uint8_t *bytes = NULL;
        size_t n = 0;

        for (int i = 0; i < 2; i++) {
                CHECK_INT(flow_Parameters_summed_open(NULL, "sum", 2, (uint8_t[]){ 5, 6 },
                                                      &stream, NULL),
                          ==, VIA_OK);
                CHECK_STR(opened->name, "flow.Parameters/summed");
                CHECK_INT(handle(&none), ==, VIA_UNIMPLEMENTED);
                CHECK_INT(flow_Parameters_summed_write(stream, 40, NULL), ==, VIA_OK);
                CHECK_INT(flow_Parameters_summed_close_send(stream, NULL), ==, VIA_OK);
                REQUIRE(handle(&ops) == VIA_OK);
                /* at first all of it, then a part */
                CHECK_INT(flow_Parameters_summed_finish(stream, &sum, i ? NULL : &last, &n,
                                                        &bytes, NULL),
                          ==, VIA_OK);
                CHECK_INT(sum, ==, 40);
                CHECK(n == 2 && bytes[1] == 6);
                free(bytes);
        }
        CHECK_STR(last, "sum");
        free(last);
}

TEST(a_stream_is_answered_later_with_what_is_not_streamed) {
        struct via_stream *stream = NULL;
        uint32_t sum = 0;
        char *last = NULL;

        CHECK_INT(flow_Parameters_summed_open(NULL, "", 0, NULL, &stream, NULL), ==, VIA_OK);
        CHECK_INT(flow_Parameters_summed_reply(NULL, 7, "late", 0, NULL), ==, VIA_OK);
        CHECK_INT(flow_Parameters_summed_close_send(stream, NULL), ==, VIA_OK);
        CHECK_INT(flow_Parameters_summed_finish(stream, &sum, &last, NULL, NULL, NULL), ==, VIA_OK);
        CHECK_INT(sum, ==, 7);
        CHECK_STR(last, "late");
        free(last);
}

static int hashed(struct via_call *call, struct via_stream *stream, uint8_t ret_result[6],
                  struct flow_Point *ret_where, bool *ret_fine, double ret_m[6]) {
        (void)call;
        ret_result[5] = 9;
        ret_where->x = 3;
        *ret_fine = stream == SERVER;
        ret_m[5] = 1;
        return VIA_OK;
}

TEST(results_beside_a_stream_are_prepared_as_ever) {
        static const struct flow_Parameters_ops ops = { .hashed = hashed };
        struct via_stream *stream = NULL;
        uint8_t *hash = NULL;
        struct flow_Point *where = NULL;
        bool fine = false;

        CHECK_INT(flow_Parameters_hashed_open(NULL, &stream, NULL), ==, VIA_OK);
        REQUIRE(handle(&ops) == VIA_OK);
        CHECK_INT(flow_Parameters_hashed_close_send(stream, NULL), ==, VIA_OK);
        CHECK_INT(flow_Parameters_hashed_finish(stream, &hash, &where, &fine, NULL, NULL), ==,
                  VIA_OK);
        CHECK(hash[5] == 9 && where->x == 3 && fine);
        free(hash);
        flow_Point_free(where);
}

static const struct via_method *method(const struct via_interface *interface, const char *name) {
        for (unsigned i = 0; i < interface->n_methods; i++)
                if (!strcmp(strchr(interface->methods[i].name, '/') + 1, name))
                        return &interface->methods[i];
        test_fail(__FILE__, __LINE__, "no method %s", name);
        exit(TEST_FAILED);
}

TEST(the_table_tells_what_streams) {
        const struct via_method *m = method(&flow_Results_interface, "words");

        CHECK(!m->in_item && m->out_item);
        CHECK_STR(m->out_item->desc.name, "flow.Results.words_out_item");
        CHECK_STR(m->out_item->desc.fields[0].name, "return_");
        CHECK_INT(m->out_item->desc.fields[0].id, ==, 1);
        CHECK_INT(m->request->desc.n_fields, ==, 3);
        CHECK_INT(m->response->desc.n_fields, ==, 0);

        m = method(&flow_Parameters_interface, "summed");
        CHECK(m->in_item && !m->out_item);
        CHECK_STR(m->in_item->desc.fields[0].name, "number");
        CHECK_INT(m->in_item->desc.fields[0].id, ==, 1);
        CHECK_INT(m->request->desc.n_fields, ==, 2);
        CHECK_INT(m->response->desc.n_fields, ==, 3);

        m = method(&flow_inner_Both_interface, "flag");
        CHECK(m->in_item && m->out_item);
        CHECK_INT(m->flags, ==, VIA_METHOD_IDEMPOTENT);
        m = method(&flow_inner_Both_interface, "structs");
        CHECK(!m->in_item && m->out_item && m->n_raises == 1);
        m = method(&flow_Results_interface, "unary");
        CHECK(!m->in_item && !m->out_item);
}
