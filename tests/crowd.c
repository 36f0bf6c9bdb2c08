/*
 * crowd.c - ten thousand links of which a hundred are busy: what the others cost in memory and in
 * the time of a call
 *
 * Two servers in processes of their own, one with the crowd and one without; batches of calls go
 * to them by turns, and the best of each are compared, so that what else the machine does matters
 * as little as can be.
 */
#include <errno.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "caller.h"
#include "test.h"
#include "wire.h"

#if defined(__SANITIZE_ADDRESS__) || TEST_HAS_HELPER
enum { HAS_HEAP = 0 };                          /* the allocator is the sanitizer's */
#else
enum { HAS_HEAP = 1 };
#endif

enum { CROWD = 10000, BUSY = 100, BESIDES = 300, ROUNDS = 20, LINK_MOST = 1024 };

/* --- a server --- */

static int echo(struct via_call *call, size_t n_data, const uint8_t *data, size_t *ret_n_result,
                uint8_t **ret_result) {
        (void)call;
        *ret_n_result = n_data;
        *ret_result = (uint8_t *)(uintptr_t)data;
        return VIA_OK;
}

/* Bytes that are allocated, and links that are open. */
static int name(struct via_call *call, char **ret_result) {
        struct mallinfo2 info = mallinfo2();

        return via_call_printf(call, ret_result, "%zu %u", info.uordblks + info.hblkhd,
                               via_server_links(via_call_self(call)));
}

struct place {
        char               path[64], endpoint[80];
        pid_t              pid;
        struct via_client *asks;
        struct caller      callers[BUSY];
        int64_t            best;                /* ns, of a batch */
};

static int serve(const struct place *place, int ready) {
        static const struct conf_Basic_ops basic = { .echo = echo };
        static const struct conf_Other_ops other = { .name = name };
        struct via_error err = VIA_ERROR_INIT;
        struct via_server *server = via_server_new(NULL);
        char endpoint[200];

        snprintf(endpoint, sizeof(endpoint),
                 "%s?max_links=20000&max_links_per_uid=20000&max_half_open=20000&handshake=300s",
                 place->endpoint);
        if (conf_Basic_serve(server, &basic, NULL, &err) ||
            conf_Other_serve(server, &other, server, &err) ||
            via_server_listen(server, endpoint, &err) ||
            via_server_handle_signals(server, NULL, NULL, &err) || write(ready, "x", 1) != 1) {
                via_error_report(&err);
                return 1;
        }
        close(ready);
        via_server_run(server);
        via_server_free(server);
        return 0;
}

static void start(struct place *place, const char *dir, const char *name) {
        int ready[2];
        char c;

        *place = (struct place){ .best = INT64_MAX };
        snprintf(place->path, sizeof(place->path), "%s/%s", dir, name);
        snprintf(place->endpoint, sizeof(place->endpoint), "unix:%s", place->path);
        REQUIRE(pipe(ready) == 0);
        fflush(stdout);
        place->pid = fork();
        REQUIRE(place->pid >= 0);
        if (place->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(ready[0]);
                exit(serve(place, ready[1]));
        }
        close(ready[1]);
        REQUIRE(read(ready[0], &c, 1) == 1);
        close(ready[0]);
        REQUIRE(via_client_open(&place->asks, place->endpoint, NULL, NULL) == VIA_OK);
        for (int i = 0; i < BUSY; i++) {
                REQUIRE(caller_open(&place->callers[i], BLOCKING, place->endpoint, NULL, NULL) ==
                        VIA_OK);
                CHECK_INT(call_echo(&place->callers[i], "x", 1, NULL), ==, VIA_OK);
        }
}

static void stop(struct place *place) {
        int status = 1;

        for (int i = 0; i < BUSY; i++)
                caller_close(&place->callers[i]);
        via_client_close(place->asks);
        kill(place->pid, SIGTERM);
        REQUIRE(waitpid(place->pid, &status, 0) == place->pid);
        CHECK_INT(status, ==, 0);
}

static size_t heap(struct place *place, unsigned *ret_links) {
        size_t bytes = 0;
        char *text = NULL;

        REQUIRE(conf_Other_name(place->asks, &text, NULL) == VIA_OK);
        CHECK_INT(sscanf(text, "%zu %u", &bytes, ret_links), ==, 2);
        free(text);
        return bytes;
}

/* --- the crowd: they connect, say hello, and are silent --- */

static int crowd[CROWD];

static int gather(struct place *place, int n) {
        struct sockaddr_un sun = { .sun_family = AF_UNIX };
        uint8_t hello[WIRE_HEADER + WIRE_HELLO];
        unsigned links = 0;

        snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", place->path);
        wire_put_header(hello, &(struct wire_header){ .length = WIRE_HELLO,
                                                      .type = WIRE_HELLO_FRAME,
                                                      .id = WIRE_MAGIC,
                                                      .value = WIRE_VERSION << 16 | WIRE_VERSION });
        for (int i = 0; i < 4; i++)
                wire_put32(hello + WIRE_HEADER + 4 * i, 1 << 20);
        for (int i = 0; i < n; i++) {
                crowd[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
                REQUIRE(crowd[i] >= 0 &&
                        connect(crowd[i], (struct sockaddr *)&sun, sizeof(sun)) == 0);
                REQUIRE(send(crowd[i], hello, sizeof(hello), MSG_NOSIGNAL) == sizeof(hello));
        }
        for (int i = 0; i < 1000 && links <= (unsigned)n + BUSY; i++)
                heap(place, &links);            /* until the last of them has been greeted */
        return (int)links;
}

/* --- a batch: each of the busy ones has a call under way, all the time --- */

static int64_t now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * 1000000000 + t.tv_nsec;
}

static void on_done(void *user, int code, const void *response, const struct via_error *err) {
        (void)response;
        (void)err;
        CHECK_INT(code, ==, VIA_OK);
        ++*(int *)user;
}

static void batch(struct place *place) {
        struct msg_octets request = { .data = { 16, (uint8_t *)(uintptr_t)pattern(16) } };
        int64_t began = now_ns(), took;
        int done = 0;

        for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < BUSY; i++) {
                        REQUIRE(via_client_start(place->callers[i].client, method("echo"), NULL,
                                                 &request, on_done, &done, NULL) == VIA_OK);
                        via_client_turn(place->callers[i].client, 0, NULL);
                }
                for (int i = 0; i < BUSY; i++)
                        while (via_client_pending(place->callers[i].client))
                                via_client_turn(place->callers[i].client, 10000, NULL);
        }
        CHECK_INT(done, ==, ROUNDS * BUSY);
        took = now_ns() - began;
        if (took < place->best)
                place->best = took;
}

static int room_for(int n) {
        struct rlimit limit;

        REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
        limit.rlim_cur = (rlim_t)n + BESIDES;
        if (limit.rlim_cur > limit.rlim_max)
                limit.rlim_cur = limit.rlim_max;
        REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        return (int)limit.rlim_cur < n + BESIDES ? (int)limit.rlim_cur - BESIDES : n;
}

TEST(a_crowd_that_is_silent, .timeout = 300) {
        static struct place alone, crowded;
        int n = room_for(CROWD), least = getenv("VIA_TEST_SOAK") ? 600 : 15, batches = 0;
        char dir[] = "/tmp/via-crowd-XXXXXX";
        unsigned links;
        size_t before, after;

        REQUIRE(mkdtemp(dir) != NULL);
        start(&alone, dir, "alone");
        start(&crowded, dir, "crowded");
        before = heap(&crowded, &links);
        CHECK_INT(links, ==, BUSY + 1);
        CHECK_INT(gather(&crowded, n), ==, n + BUSY + 1);
        after = heap(&crowded, &links);
        if (HAS_HEAP) {
                printf("count: %zu bytes of a server's heap for each silent link\n",
                       (after - before) / (size_t)n);
                CHECK_INT((after - before) / (size_t)n, <=, LINK_MOST);
        }
        /* until the best ones agree; if they never do, it is no accident */
        for (; batches < least || (batches < 20 * least && crowded.best * 5 > alone.best * 6);
             batches++) {
                batch(&alone);
                batch(&crowded);
        }
        printf("%d links, %d busy: %.1f us a call, alone %.1f us (%d batches)\n", n + BUSY,
               BUSY, (double)crowded.best / ROUNDS / BUSY / 1000,
               (double)alone.best / ROUNDS / BUSY / 1000, batches);
        CHECK_INT(crowded.best * 5, <=, alone.best * 6);
        for (int i = 0; i < n; i++)
                close(crowd[i]);
        stop(&alone);
        stop(&crowded);
        CHECK_INT(rmdir(dir), ==, 0);
}
