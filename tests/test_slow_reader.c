/*
 * test_slow_reader.c - a client that asks for much and reads nothing for a while loses nothing
 */
#include <uv.h>
#include <via/idl.h>
#include "pump.h"
#include "test.h"
#include "types.h"

enum { CALLS = 200, ANSWER = 65536 };

static int much(struct via_call *call, const void *ops, const void *request, void *response) {
        struct t_Octets *answer = response;

        (void)ops;
        (void)request;
        answer->data.len = ANSWER;
        answer->data.data = via_call_alloc(call, ANSWER);
        return answer->data.data ? VIA_OK : VIA_RESOURCE_EXHAUSTED;
}

static struct via_method method = { .name = "test.Slow/much",
                                    .request = &t_Octets_type,
                                    .response = &t_Octets_type,
                                    .invoke = much };
static const struct via_interface interface = { .name = "test.Slow",
                                                .methods = &method,
                                                .n_methods = 1 };

static uv_loop_t loop;
static struct via_server *server;
static struct via_pump pump;
static struct via_pool pool;

/* Lets the server do all it can, and @ms pass. */
static void serve(int ms) {
        for (int i = 0; i <= ms; i++) {
                uv_run(&loop, UV_RUN_NOWAIT);
                if (ms)
                        usleep(1000);
        }
}

static void start(void) {
        struct via_server_options options = { .loop = &loop };
        struct via_limits limits = { { 0 } };
        struct via_note note = { "" };
        struct via_link *link;
        struct via_uri uri;
        char name[80];
        const struct via_transport *by = NULL;

        method.id = via_method_id(method.name);
        REQUIRE(uv_loop_init(&loop) == 0);
        server = via_server_new(&options);
        REQUIRE(server && via_server_add(server, &interface, &method, NULL, NULL) == VIA_OK);
        snprintf(name, sizeof(name), "unix:@via-slow-%d?max_queue=4096&stall=20ms", (int)getpid());
        REQUIRE(via_server_listen(server, name, NULL) == VIA_OK);

        for (int i = 0; via_transports[i]; i++)
                if (strcmp(via_transports[i]->scheme, "unix") == 0)
                        by = via_transports[i];
        REQUIRE(by && via_uri_parse(&uri, name, NULL) == VIA_OK);
        link = calloc(1, by->link_size);
        REQUIRE(link);
        link->by = by;
        REQUIRE(by->connect(link, &uri, 1000, &note) == 0);
        via_pump_init(&pump, link, &pool, &limits, 0);
}

static void stop(void) {
        via_pump_fini(&pump);
        via_pool_fini(&pool);
        via_server_free(server);
        while (uv_run(&loop, UV_RUN_DEFAULT))
                ;
        CHECK_INT(uv_loop_close(&loop), ==, 0);
        uv_library_shutdown();                  /* a pipe of libuv's own */
}

static void ask(uint32_t first, uint32_t n) {
        for (uint32_t id = first; id < first + n; id++) {
                uint8_t *room = via_pump_reserve(&pump, WIRE_HEADER + WIRE_METHOD);
                uint32_t own;

                REQUIRE(room);
                wire_put_header(room, &(struct wire_header){ .length = WIRE_METHOD,
                                                             .type = WIRE_CALL,
                                                             .id = id,
                                                             .value = 60000 });
                wire_put64(room + WIRE_HEADER, method.id);
                via_pump_commit(&pump, WIRE_HEADER + WIRE_METHOD);
                REQUIRE(via_calls_add(&pump.conn.calls, &pump, INT64_MAX, &own) == 0 && own == id);
        }
        REQUIRE(via_pump_flush(&pump) == 0);
}

/* Reads until @n whole answers have come. */
static void hear(unsigned n) {
        struct via_event ev;
        int r;

        for (int tries = 0; n && tries < 10000; tries++) {
                serve(0);
                r = via_pump_drain(&pump, 0);
                if (r == -EAGAIN) {
                        usleep(100);
                        continue;
                }
                REQUIRE(r == 0);
                while ((r = via_pump_next(&pump, &ev)) == 0) {
                        if (ev.type == VIA_EVENT_GOAWAY)
                                test_fail(__FILE__, __LINE__, "turned away: %s", pump.conn.why);
                        REQUIRE(ev.type == VIA_EVENT_REPLY && ev.value == VIA_OK);
                        CHECK_INT(ev.size, >, ANSWER);
                        n--;
                }
                REQUIRE(r == VIA_CONN_MORE);
                via_pump_rest(&pump, 0);
        }
        CHECK_INT(n, ==, 0);
}

/*
 * It is the server that does not go on with what it has received: the client keeps nobody
 * waiting.
 */
TEST(who_does_not_read_is_not_turned_away) {
        start();
        serve(5);
        ask(1, CALLS);
        serve(100);                             /* five times what half a frame may take */
        CHECK_INT(via_server_links(server), ==, 1);
        hear(CALLS);
        stop();
}

TEST(who_has_read_again_may_be_idle) {
        start();
        serve(5);
        ask(1, CALLS);
        serve(5);
        hear(CALLS);
        serve(100);
        CHECK_INT(via_server_links(server), ==, 1);
        ask(CALLS + 1, 1);
        hear(1);
        stop();
}

/* And again, once the server goes on, for whoever has left half a frame behind. */
TEST(half_a_frame_behind_a_full_queue_is_not_waited_for) {
        uint8_t half[3] = { 1, 2, 3 };

        start();
        serve(5);
        ask(1, CALLS);
        REQUIRE(pump.link->by->send(pump.link, half, sizeof(half)) == 3);
        serve(100);
        CHECK_INT(via_server_links(server), ==, 1);
        hear(CALLS);
        serve(100);
        CHECK_INT(via_server_links(server), ==, 0);
        stop();
}

/* The clock runs for whoever leaves half a frame behind. */
TEST(half_a_frame_is_not_waited_for) {
        uint8_t half[3] = { 1, 2, 3 };

        start();
        ask(1, 1);
        hear(1);
        REQUIRE(pump.link->by->send(pump.link, half, sizeof(half)) == 3);
        serve(100);
        CHECK_INT(via_server_links(server), ==, 0);
        stop();
}
