/*
 * signals.c - what SIGTERM, SIGINT and SIGHUP do to a server that handles them
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include "caller.h"
#include "host.h"
#include "service.h"
#include "test.h"
#include "waiting.h"

/* --- the server, in a process of its own --- */

struct how {
        unsigned  workers;              /* 0: on an application's loop */
        bool      hup;
        uint32_t  drain_ms;
        bool      freed;                /* it is gone, and its process goes on */
};

static struct shared {
        atomic_int hups, elsewhere;     /* elsewhere: not in the thread that serves */
} *shared;

static pthread_t serving;

static void on_hup(void *user) {
        struct shared *all = user;

        if (!pthread_equal(serving, pthread_self()))
                all->elsewhere++;
        all->hups++;
}

static int serve(const struct how *how, const char *place, int ready) {
        struct via_server_options options = { .drain_ms = how->drain_ms };
        struct service *service = calloc(1, sizeof(*service));
        struct via_error err = VIA_ERROR_INIT;
        struct via_server *server;
        uv_loop_t loop;

        serving = pthread_self();
        if (!how->workers && uv_loop_init(&loop) == 0)
                options.loop = &loop;
        server = via_server_new(&options);
        if (!service || service_add(server, service, &err) ||
            via_server_handle_signals(server, how->hup ? on_hup : NULL, shared, &err) ||
            via_server_listen(server, place, &err)) {
                via_error_report(&err);
                return 1;
        }
        CHECK_INT(via_server_handle_signals(server, NULL, NULL, NULL), ==, VIA_ALREADY_EXISTS);
        if (how->freed)
                via_server_free(server);
        if (write(ready, "x", 1) != 1)
                return 1;
        close(ready);
        while (how->freed)
                pause();
        if (how->workers)
                CHECK_INT(via_server_run_workers(server, how->workers, NULL), ==, VIA_OK);
        else
                uv_run(&loop, UV_RUN_DEFAULT);
        via_server_free(server);
        if (!how->workers) {
                uv_run(&loop, UV_RUN_DEFAULT);
                CHECK_INT(uv_loop_close(&loop), ==, 0);
        }
        free(service);
        return test_failures;
}

static char dir[64], place[128];
static pid_t pid;

static void start(const struct how *how) {
        int ready[2];
        char c;

        snprintf(dir, sizeof(dir), "/tmp/via-signals-XXXXXX");
        REQUIRE(mkdtemp(dir) && pipe(ready) == 0);
        snprintf(place, sizeof(place), "unix:%s/socket", dir);
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        REQUIRE(shared != MAP_FAILED);
        fflush(stdout);
        pid = fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(ready[0]);
                exit(serve(how, place, ready[1]));
        }
        close(ready[1]);
        REQUIRE(read(ready[0], &c, 1) == 1);
        close(ready[0]);
}

/* That it ends: by itself, if @by is 0, or by the signal @by. */
static void check_end(int by) {
        char path[128];
        int status = 0;

        REQUIRE(waitpid(pid, &status, 0) == pid);
        CHECK_INT(WIFSIGNALED(status) ? WTERMSIG(status) : 0, ==, by);
        CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : 0, ==, 0);
        munmap(shared, sizeof(*shared));
        for (int i = 0; i < 2; i++) {           /* what one that was killed has left */
                snprintf(path, sizeof(path), "%s/socket%s", dir, i ? ".lock" : "");
                unlink(path);
        }
        CHECK_INT(rmdir(dir), ==, 0);
}

static void open_caller(struct caller *caller) {
        REQUIRE(caller_open(caller, BLOCKING, place, NULL, NULL) == VIA_OK);
        CHECK_INT(call_echo(caller, "x", 1, NULL), ==, VIA_OK);
}

static void until_it_drains(void) {
        struct caller caller;

        while (caller_open(&caller, BLOCKING, place, NULL, NULL) == VIA_OK) {
                caller_close(&caller);
                nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        }
}

/* --- what is to be seen --- */

static void drains(const struct how *how, int signo) {
        struct msg_pool {
                ProtobufCMessage base;
                uint32_t n, ms;
        } request = { .n = 7, .ms = 200 };
        struct outcome outcome;
        struct caller caller;

        start(how);
        open_caller(&caller);
        REQUIRE(caller_start(&caller, "Later/thread", NULL, &request, &outcome) == VIA_OK);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        kill(pid, signo);
        caller_wait(&caller, 1, &outcome);
        CHECK_INT(outcome.code, ==, VIA_OK);
        outcome_fini(&outcome);
        check_end(0);
        caller_close(&caller);
}

TEST(sigterm_drains) {
        drains(&(struct how){ .workers = 1 }, SIGTERM);
}
TEST(sigint_drains) {
        drains(&(struct how){ .workers = 1 }, SIGINT);
}
TEST(sigterm_drains_workers) {
        drains(&(struct how){ .workers = 3 }, SIGTERM);
}
TEST(sigterm_drains_in_a_loop) {
        drains(&(struct how){ .workers = 0 }, SIGTERM);
}

static void second_one(int first, int second) {
        struct msg_none request = { 0 };
        struct outcome outcome;
        struct caller caller;

        start(&(struct how){ .workers = 1, .drain_ms = 1000000 });
        open_caller(&caller);
        REQUIRE(caller_start(&caller, "Later/never", NULL, &request, &outcome) == VIA_OK);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        kill(pid, first);
        until_it_drains();
        kill(pid, second);
        check_end(second);
        caller_close(&caller);
        outcome_fini(&outcome);
}

TEST(a_second_one_ends_it) {
        second_one(SIGTERM, SIGTERM);
}
TEST(a_second_one_of_the_other_kind_ends_it) {
        second_one(SIGTERM, SIGINT);
}

/* The loop sees neither of them: a handler runs that does not return. */
TEST(a_second_one_ends_it_in_a_handler) {
        struct msg_number request = { .n = 1000000 };
        siginfo_t ended;
        struct outcome outcome;
        struct caller caller;

        start(&(struct how){ .workers = 1 });
        open_caller(&caller);
        REQUIRE(caller_start(&caller, "nap", NULL, &request, &outcome) == VIA_OK);
        via_client_turn(caller.client, 100, NULL);
        do {                                    /* two of a kind may become one on the way */
                kill(pid, SIGTERM);
                nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
                ended.si_pid = 0;
                waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT);
        } while (!ended.si_pid);
        check_end(SIGTERM);
        caller_close(&caller);
        outcome_fini(&outcome);
}

TEST(sighup_is_told) {
        struct caller caller;

        start(&(struct how){ .workers = 2, .hup = true });
        open_caller(&caller);
        for (int i = 1; i <= 3; i++) {
                kill(pid, SIGHUP);
                for (int k = 0; k < 10000 && shared->hups < i; k++)
                        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
                CHECK_INT(shared->hups, ==, i);
        }
        CHECK_INT(shared->elsewhere, ==, 0);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        caller_close(&caller);
        kill(pid, SIGTERM);
        check_end(0);
}

TEST(sighup_is_left_alone) {
        start(&(struct how){ .workers = 1 });
        kill(pid, SIGHUP);
        check_end(SIGHUP);
}

TEST(what_was_handled_is_undone) {
        start(&(struct how){ .workers = 1, .hup = true, .freed = true });
        kill(pid, SIGTERM);
        check_end(SIGTERM);
        start(&(struct how){ .workers = 1, .hup = true, .freed = true });
        kill(pid, SIGHUP);
        check_end(SIGHUP);
}
