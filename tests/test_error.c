/*
 * test_error.c - what an error holds, and the line it becomes
 */
#include <via/error.h>
#include <via/message.h>
#include "test.h"
#include "types.h"

/* The line of @err. It must be the same however small the buffer is, but for its end. */
static const char *line(const struct via_error *err) {
        static char whole[4096];
        size_t n = via_error_format(err, whole, sizeof(whole));
        char *part;

        CHECK_INT(n, ==, strlen(whole));
        for (size_t size = 0; size <= n + 1; size++) {
                part = malloc(size);
                CHECK_INT(via_error_format(err, part, size), ==, n);
                if (size)
                        CHECK_INT(strlen(part), ==, size - 1);
                CHECK(memcmp(part, whole, size ? size - 1 : 0) == 0);
                free(part);
        }
        return whole;
}

TEST(codes) {
        CHECK_STR(via_code_name(VIA_OK), "OK");
        CHECK_STR(via_code_name(5), "NOT_FOUND");
        CHECK_STR(via_code_name(16), "UNAUTHENTICATED");
        CHECK_STR(via_code_name(17), "?");
        CHECK_STR(via_code_name(-1), "?");
        CHECK_STR(via_code_text(VIA_UNAVAILABLE),
                  "the server cannot be reached, or left during the call");
        CHECK(*via_code_text(99));
        CHECK_INT(VIA_UNAUTHENTICATED, ==, 16);
}

TEST(set_replaces) {
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(via_error_set(&err, VIA_NOT_FOUND, "no city %s", "Ys"), ==, VIA_NOT_FOUND);
        CHECK_STR(err.message, "no city Ys");
        CHECK_INT(via_error_set(&err, VIA_ABORTED, "given up: %s", err.message), ==, VIA_ABORTED);
        CHECK_STR(err.message, "given up: no city Ys");
        err.where = strdup("unix:/run/hello");
        CHECK_INT(via_error_set(&err, VIA_INTERNAL, "x"), ==, VIA_INTERNAL);
        CHECK(!err.where);
        CHECK_INT(via_error_set(NULL, VIA_INTERNAL, "%d", 1), ==, VIA_INTERNAL);
        via_error_fini(&err);
        CHECK_INT(err.code, ==, VIA_OK);
        CHECK(!err.message);
        via_error_fini(&err);
        via_error_fini(NULL);
}

TEST(lines) {
        struct via_error err = VIA_ERROR_INIT;

        err.code = VIA_UNAVAILABLE;
        CHECK_STR(line(&err), "UNAVAILABLE: the server cannot be reached, or left during the call");
        via_error_set(&err, VIA_NOT_FOUND, "no city %s", "Ys");
        CHECK_STR(line(&err), "NOT_FOUND: no city Ys");
        err.where = strdup("unix:/run/hello, Greeter.greet");
        CHECK_STR(line(&err), "NOT_FOUND from unix:/run/hello, Greeter.greet: no city Ys");
        via_error_fini(&err);
}

TEST(exceptions) {
        static const char *const names[] = { "a", "b\"c\\", "d\n\x1b[31m\x7f" };
        struct via_error err = VIA_ERROR_INIT;
        struct t_Node *node = calloc(1, sizeof(*node));
        struct t_Default plain;

        via_message_init(&t_Default_type, &plain);
        err.code = VIA_UNKNOWN;
        err.type = &t_Default_type;
        err.exception = via_message_dup(&t_Default_type, &plain, NULL);
        err.where = strdup("inproc:x, X.y");
        CHECK_STR(line(&err),
                  "t.t_Default from inproc:x, X.y: i32 = -42, u64 = 1099511627776, dbl = 1.5, "
                  "boolean = true, sky = RAIN, string = \"grüezi\"");
        CHECK(via_error_exception(&err, &t_Default_type) == err.exception);
        CHECK(!via_error_exception(&err, &t_Node_type));
        CHECK(!via_error_exception(NULL, &t_Node_type));
        via_error_set(&err, VIA_INTERNAL, "no more");
        CHECK(!via_error_exception(&err, &t_Default_type));
        via_error_fini(&err);

        via_message_init(&t_Node_type, node);
        node->n_children = 3;
        node->children = calloc(3, sizeof(*node->children));
        for (int i = 0; i < 3; i++) {
                node->children[i] = calloc(1, sizeof(*node));
                via_message_init(&t_Node_type, node->children[i]);
                node->children[i]->name = strdup(names[i]);
        }
        err.type = &t_Node_type;
        err.exception = node;
        CHECK_STR(line(&err), "t.t_Node: children = [{ children = [], name = \"a\" }, "
                              "{ children = [], name = \"b\\\"c\\\\\" }, "
                              "{ children = [], name = \"d\\x0a\\x1b[31m\\x7f\" }], name = \"\"");
        via_error_fini(&err);
}

/* However large or deep an exception is, its line is for people. */
TEST(long_exceptions_end) {
        struct via_error err = VIA_ERROR_INIT;
        struct t_Node nodes[100];
        struct t_Lists lists;
        uint32_t numbers[1000];
        uint8_t bytes[1000] = { 0xab };
        ProtobufCBinaryData data = { 1000, bytes };

        via_message_init(&t_Lists_type, &lists);
        memset(numbers, 0, sizeof(numbers));
        lists.n_u32 = 1000;
        lists.u32 = numbers;
        lists.n_bytes = 1;
        lists.bytes = &data;
        err.type = &t_Lists_type;
        err.exception = &lists;
        CHECK(strstr(line(&err), "u32 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...]"));
        CHECK(strstr(line(&err), "<ab000000000000000000000000000000...>"));

        for (int i = 0; i < 100; i++) {
                via_message_init(&t_Node_type, &nodes[i]);
                nodes[i].child = i < 99 ? &nodes[i + 1] : NULL;
        }
        err.type = &t_Node_type;
        err.exception = nodes;
        CHECK(strstr(line(&err), "{ ... }"));
        CHECK_INT(strlen(line(&err)), <, 1000);
}

/* A random exception of any type has a line. */
TEST(any_exception) {
        struct via_error err = VIA_ERROR_INIT;
        uint64_t seed = 1;

        for (int i = 0; i < 200; i++) {
                char buf[200];

                err.type = types_all[i % T_TYPES];
                err.exception = types_random(err.type, &seed);
                CHECK_INT(via_error_format(&err, buf, sizeof(buf)), >, 0);
                CHECK(!strpbrk(buf, "\n\x01"));
                via_error_fini(&err);
        }
}

TEST(report) {
        struct via_error err = VIA_ERROR_INIT;
        char buf[200] = { 0 };
        int fds[2], keep = dup(2);

        REQUIRE(pipe(fds) == 0);
        via_error_set(&err, VIA_NOT_FOUND, "no city %s", "Ys");
        dup2(fds[1], 2);
        CHECK_INT(via_error_report(&err), ==, EXIT_FAILURE);
        dup2(keep, 2);
        close(fds[1]);
        CHECK_INT(read(fds[0], buf, sizeof(buf) - 1), ==, 22);
        CHECK_STR(buf, "NOT_FOUND: no city Ys\n");
        CHECK(!err.message);
        close(fds[0]);
        close(keep);
}
