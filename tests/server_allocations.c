/*
 * server_allocations.c - whichever allocation of a server's fails, on its way to serving with
 * workers: it says so, or goes on, and nothing is left
 */
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>
#include <via/via.h>
#include "alloc.h"
#include "conformance.h"
#include "test.h"

/* What libuv keeps open from its first loop on is not to be at descriptor 3. */
__attribute__((constructor(150))) static void keep_three(void) {
        dup2(0, 3);
}

static int echo(struct via_call *call, size_t n_data, const uint8_t *data, size_t *ret_n_result,
                uint8_t **ret_result) {
        (void)call;
        *ret_n_result = n_data;
        *ret_result = (uint8_t *)(uintptr_t)data;
        return VIA_OK;
}

/* One that is deferred, and answered at once. */
static int betray(struct via_call *call) {
        int code = via_call_defer(call);

        if (code == VIA_DEFERRED)
                via_call_end(call, VIA_ABORTED);
        return code;
}

static int authorize(void *user, struct via_call *call) {
        (void)user;
        (void)call;
        return VIA_OK;
}

static const struct conf_Basic_ops ops = { .echo = echo, .betray = betray };

static char endpoint[128];

/* Leaves a socket as a service manager would, at descriptor 3. */
static void leave_socket(void) {
        struct sockaddr_un sun = { .sun_family = AF_UNIX };
        char number[32];
        int n = snprintf(sun.sun_path + 1, sizeof(sun.sun_path) - 1, "via-allocations-%d",
                         (int)getpid());
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        snprintf(endpoint, sizeof(endpoint), "unix:@%s", sun.sun_path + 1);
        REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&sun,
                                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) +
                                        (socklen_t)n) == 0);
        REQUIRE(listen(fd, 10) == 0);
        if (fd != 3) {
                REQUIRE(dup2(fd, 3) == 3);
                close(fd);
        }
        snprintf(number, sizeof(number), "%d", (int)getpid());
        setenv("LISTEN_PID", number, 1);
        setenv("LISTEN_FDS", "1", 1);
        setenv("LISTEN_FDNAMES", "calls", 1);
}

static struct via_server *server;
static int run_code;

static void *server_main(void *arg) {
        (void)arg;
        run_code = via_server_run_workers(server, 3, NULL);
        return NULL;
}

/* What may come of it when memory was wanted somewhere. */
static void check_code(int code) {
        if (alloc_failed())
                CHECK(code == VIA_OK || code == VIA_RESOURCE_EXHAUSTED);
        else
                CHECK_INT(code, ==, VIA_OK);
}

static void call_some(void) {
        struct via_client_options options = { .timeout_ms = 300 };

        for (int i = 0; i < 4; i++) {
                struct via_client *client = NULL;
                uint8_t byte = 1;
                int code = via_client_open(&client, endpoint, &options, NULL);

                for (int k = 0; k < 2 && !code; k++) {
                        code = conf_Basic_echo(client, 1, &byte, NULL, NULL, NULL);
                        if (!code)
                                code = conf_Basic_betray(client, NULL) == VIA_ABORTED ? 0 : 1;
                }
                /* it may have been anything: the link, the answer */
                if (code)
                        CHECK(alloc_failed());
                via_client_close(client);
        }
}

static void one_turn(void) {
        pthread_t thread;
        int code;

        leave_socket();
        server = via_server_new(NULL);
        code = conf_Basic_serve(server, &ops, NULL, NULL);
        if (!code)
                code = via_server_authorize(server, authorize, NULL, NULL);
        if (!code)
                code = via_server_handle_signals(server, NULL, NULL, NULL);
        if (!code) {
                code = via_server_listen_inherited(server, NULL);
                if (code)
                        close(3);
        } else {
                close(3);
        }
        check_code(code);
        if (!code) {
                REQUIRE(pthread_create(&thread, NULL, server_main, NULL) == 0);
                call_some();
                via_server_stop(server);
                pthread_join(thread, NULL);
                check_code(run_code);
        }
        via_server_free(server);
}

TEST(any_allocation_of_a_server_fails, .timeout = 200) {
        struct alloc_turns turns = { 0 };
        unsigned n = 0;

        close(3);
        while (alloc_turn(&turns)) {
                one_turn();
                n++;
        }
        CHECK_INT(n, >, 20);
        printf("count: %u allocations of a server with workers that fail, one after the other\n",
               n);
}
