/*
 * places.c - what goes wrong where servers and clients meet, the same for every transport
 *
 * Two servers for one name, nobody there, a dead server's leftovers, no permission, no descriptors,
 * names that cannot be, options that do not exist. What only one of them can suffer is in its own
 * test_….c; endpoints as such are in bad_place.c.
 */
#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "caller.h"
#include "host.h"
#include "test.h"

enum { SOMEBODY = 65534 };

/* A line for each. */
static const struct line {
        const char *scheme;
        bool        knows_who;                  /* says the pid of who is there */
        /* how its query closes it to others; NULL: cannot be */
        const char *closed;
        const char *bad[6];                     /* what stands there cannot be a name */
} lines[] = {
        { "unix", true, "mode=0600", { "unix:", "unix:@" } },
        { "tcp", false, NULL, { "tcp://a/b:1", "tcp:x", "tcp://:x" } },
        { "inproc", false, NULL, { "inproc:a/b", "inproc:..", "inproc:a%01b", "inproc:a%0ab" } },
        { "fifo", true, "mode=0600", { "fifo:/", "fifo:/tmp/..", "fifo:/tmp/." } },
        { "mq", true, "mode=0600", { "mq:/a/b", "mq:/..", "mq:a", "mq:/a%01b", "mq:/a%0ab" } },
        { "shm", true, "mode=0600", { "shm:a/b", "shm:..", "shm:/a", "shm:a%01b", "shm:a%0ab" } },
        { "exec", false, NULL, { "exec:", "exec:%20" } },
};

struct scene {
        const struct via_transport *by;
        const struct line          *line;
        char                        dir[64], place[256];
        struct host                 host;
};

static void scene_init(struct scene *scene, const struct line *line, const char *query) {
        int i = 0;

        while (strcmp(via_transports[i]->scheme, line->scheme) != 0)
                i++;
        *scene = (struct scene){ .by = via_transports[i], .line = line };
        snprintf(scene->dir, sizeof(scene->dir), "/tmp/via-places-XXXXXX");
        REQUIRE(mkdtemp(scene->dir) != NULL);
        host_place(scene->by, scene->dir, query, scene->place, sizeof(scene->place));
}

static bool is_alone(const struct scene *scene) {
        return scene->by->traits & VIA_ALONE;
}

#define N_LINES (sizeof(lines) / sizeof(lines[0]))
#define EACH_LINE(line) for (const struct line *line = lines; line < lines + N_LINES; line++)

/* @code and words of @err: no control characters, and the endpoint. */
static void check(const char *what, const char *endpoint, int got, int code,
                  const struct via_error *err, const char *words) {
        char whole[2048];

        if (got != code) {
                test_fail(__FILE__, __LINE__, "%s %s: %s, not %s: %s", what, endpoint,
                          via_code_name(got), via_code_name(code), err->message);
                return;
        }
        via_error_format(err, whole, sizeof(whole));
        if (!strstr(whole, words) || (strlen(endpoint) < 100 && !strstr(whole, endpoint)))
                test_fail(__FILE__, __LINE__, "%s %s: \"%s\" and the endpoint are not in %s", what,
                          endpoint, words, whole);
        for (const char *c = whole; *c; c++)
                CHECK((unsigned char)*c >= ' ');
}

static void cannot_connect(const char *endpoint, int code, const char *words) {
        for (int driver = 0; driver < DRIVERS; driver++) {
                struct via_error err = VIA_ERROR_INIT;
                struct caller caller;
                int got = caller_open(&caller, (enum driver)driver, endpoint, NULL, &err);

                check("connect", endpoint, got, code, &err, words);
                via_error_fini(&err);
                if (!got)
                        caller_close(&caller);
        }
}

static int try_to_listen(const char *endpoint, struct via_error *err) {
        struct via_server *server = via_server_new(NULL);
        int code;

        REQUIRE(server != NULL);
        code = via_server_listen(server, endpoint, err);
        via_server_free(server);
        return code;
}

static void cannot_listen(const char *endpoint, int code, const char *words) {
        struct via_error err = VIA_ERROR_INIT;

        check("listen", endpoint, try_to_listen(endpoint, &err), code, &err, words);
        via_error_fini(&err);
}

static int one_echo(enum driver driver, const char *endpoint, struct via_error *err) {
        struct caller caller;
        int code = caller_open(&caller, driver, endpoint, NULL, err);

        if (code)
                return code;
        code = call_echo(&caller, "x", 1, err);
        caller_close(&caller);
        return code;
}

/* --- who is there --- */

enum { RACERS = 6, ROUNDS = 5 };

/* Listens when @go ends; says how it went, and stays until it is killed. */
__attribute__((noreturn)) static void race(const char *endpoint, int go, int said) {
        struct via_server *server = via_server_new(NULL);
        struct via_error err = VIA_ERROR_INIT;
        char c, how = 'w';

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!server || read(go, &c, 1) != 0)
                _exit(1);
        if (via_server_listen(server, endpoint, &err)) {
                how = err.code == VIA_ALREADY_EXISTS && strstr(err.message, endpoint) ? 'r' : '?';
                if (how == '?')
                        via_error_report(&err);
        }
        if (write(said, &how, 1) != 1)
                _exit(1);
        for (;;)
                pause();
}

static void one_race(const struct scene *scene, const char *endpoint) {
        int go[2], said[2], won = 0, refused = 0;
        pid_t pids[RACERS];
        char c;

        REQUIRE(pipe(go) == 0 && pipe(said) == 0);
        for (int i = 0; i < RACERS; i++) {
                pids[i] = fork();
                REQUIRE(pids[i] >= 0);
                if (pids[i] == 0) {
                        close(go[1]);
                        race(endpoint, go[0], said[1]);
                }
        }
        close(go[0]);
        close(go[1]);
        for (int i = 0; i < RACERS; i++) {
                REQUIRE(read(said[0], &c, 1) == 1);
                won += c == 'w';
                refused += c == 'r';
        }
        CHECK_INT(won, ==, 1);
        CHECK_INT(refused, ==, RACERS - 1);
        cannot_listen(endpoint, VIA_ALREADY_EXISTS,
                      scene->line->knows_who ? "process " : "another process");
        for (int i = 0; i < RACERS; i++) {
                kill(pids[i], SIGKILL);
                waitpid(pids[i], NULL, 0);
        }
        close(said[0]);
        close(said[1]);
}

/* One wins. The others say who it is; what it leaves when it is killed is in nobody's way. */
TEST(servers_race_for_a_name) {
        EACH_LINE(line) {
                struct scene scene;
                char endpoint[256];

                scene_init(&scene, line, NULL);
                if (!is_alone(&scene) && strcmp(line->scheme, "inproc") != 0) {
                        host_start(&scene.host, scene.place, NULL);
                        snprintf(endpoint, sizeof(endpoint), "%s", scene.host.endpoint);
                        host_stop(&scene.host);         /* now a port is known, too */
                        for (int i = 0; i < ROUNDS; i++)
                                one_race(&scene, endpoint);
                        host_start(&scene.host, endpoint, NULL);
                        host_stop(&scene.host);
                }
                host_place_end(scene.dir);
        }
}

TEST(who_has_the_name_is_named) {
        EACH_LINE(line) {
                struct scene scene;
                char who[64];

                scene_init(&scene, line, NULL);
                host_start(&scene.host, scene.place, NULL);
                snprintf(who, sizeof(who), "process %d listens there", (int)scene.host.pid);
                if (!is_alone(&scene))
                        cannot_listen(scene.host.endpoint, VIA_ALREADY_EXISTS,
                                      line->knows_who ? who : "");
                CHECK_INT(one_echo(BLOCKING, scene.host.endpoint, NULL), ==, VIA_OK);
                host_stop(&scene.host);
                host_place_end(scene.dir);
        }
}

/* A server that was killed: clients hear that at once, and the next one finds its place free. */
TEST(what_a_killed_server_leaves) {
        EACH_LINE(line) {
                struct scene scene;
                char endpoint[256];

                scene_init(&scene, line, NULL);
                host_start(&scene.host, scene.place, NULL);
                for (int i = 0; i < 3 && scene.host.pid; i++) {
                        struct caller caller;

                        snprintf(endpoint, sizeof(endpoint), "%s", scene.host.endpoint);
                        REQUIRE(caller_open(&caller, BLOCKING, endpoint, NULL, NULL) == VIA_OK);
                        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
                        kill(scene.host.pid, SIGKILL);
                        waitpid(scene.host.pid, NULL, 0);
                        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_UNAVAILABLE);
                        cannot_connect(endpoint, VIA_UNAVAILABLE, "");
                        host_start(&scene.host, endpoint, NULL);
                        CHECK_INT(one_echo(LOOP, endpoint, NULL), ==, VIA_OK);
                        caller_close(&caller);
                }
                host_stop(&scene.host);
                host_place_end(scene.dir);
        }
}

/* --- who may not --- */

static void as_somebody(const char *endpoint) {
        int status;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                if (setgroups(0, NULL) || setgid(SOMEBODY) || setuid(SOMEBODY))
                        _exit(1);
                test_failures = 0;
                cannot_connect(endpoint, VIA_PERMISSION_DENIED, "");
                cannot_listen(endpoint, VIA_PERMISSION_DENIED, "");
                fflush(stdout);
                _exit(test_failures != 0);
        }
        REQUIRE(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(another_user_may_not) {
        if (geteuid() != 0)
                SKIP("only root can become somebody who may not");
        EACH_LINE(line) {
                struct scene scene;

                if (!line->closed)
                        continue;
                scene_init(&scene, line, line->closed);
                REQUIRE(chmod(scene.dir, 0755) == 0);
                host_start(&scene.host, scene.place, NULL);
                as_somebody(scene.host.endpoint);
                CHECK_INT(one_echo(BLOCKING, scene.host.endpoint, NULL), ==, VIA_OK);
                host_stop(&scene.host);
                host_place_end(scene.dir);
        }
}

/* --- no descriptors --- */

static rlim_t set_descriptors(rlim_t n) {
        struct rlimit limit;
        rlim_t old;

        REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
        old = limit.rlim_cur;
        limit.rlim_cur = n;
        REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        return old;
}

/* With none left, with one, with two…: it says so, until there are enough. */
TEST(too_few_descriptors_to_connect) {
        enum { MOST = 40 };

        EACH_LINE(line) {
                struct scene scene;
                int lowest, n;

                if (strcmp(line->scheme, "exec") == 0)
                        continue;               /* its server would have as few: see test_exec.c */
                scene_init(&scene, line, NULL);
                host_start(&scene.host, scene.place, NULL);
                CHECK_INT(one_echo(BLOCKING, scene.host.endpoint, NULL), ==, VIA_OK);
                lowest = dup(0);
                close(lowest);
                for (n = 0; n < MOST; n++) {
                        struct via_error err = VIA_ERROR_INIT;
                        rlim_t old = set_descriptors((rlim_t)(lowest + n));
                        int code = one_echo(BLOCKING, scene.host.endpoint, &err);

                        set_descriptors(old);
                        if (code)
                                check("connect", scene.host.endpoint, code,
                                      VIA_RESOURCE_EXHAUSTED, &err, "");
                        via_error_fini(&err);
                        if (!code)
                                break;
                }
                CHECK(n < MOST);
                CHECK(n > 0 || !scene.host.pid);        /* a thread may give some back just now */
                host_stop(&scene.host);
                host_place_end(scene.dir);
        }
}

static long cpu_ms(pid_t pid) {
        struct timespec t;
        clockid_t clock;

        REQUIRE(clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0);
        return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The server has too few for all: who is in goes on, the others wait, and nothing spins. */
static void accept_too_many(struct scene *scene) {
        enum { MANY = 18, FEW = 36 };
        struct timespec second = { .tv_sec = 1 };
        struct caller served, callers[MANY];
        struct outcome outcomes[MANY];
        struct msg_octets octets = { .data = { 1, (uint8_t *)(uintptr_t)pattern(1) } };
        rlim_t old = set_descriptors(FEW);
        long before;

        host_start(&scene->host, scene->place, NULL);
        set_descriptors(old);
        REQUIRE(caller_open(&served, BLOCKING, scene->host.endpoint, NULL, NULL) == VIA_OK);
        CHECK_INT(call_echo(&served, "x", 1, NULL), ==, VIA_OK);
        for (int i = 0; i < MANY; i++) {
                REQUIRE(caller_open(&callers[i], BLOCKING, scene->host.endpoint, NULL, NULL) ==
                        VIA_OK);
                CHECK_INT(caller_start(&callers[i], "echo", NULL, &octets, &outcomes[i]), ==,
                          VIA_OK);
                via_client_turn(callers[i].client, 0, NULL);
        }
        CHECK_INT(call_echo(&served, "x", 1, NULL), ==, VIA_OK);
        before = cpu_ms(scene->host.pid);
        nanosleep(&second, NULL);
        CHECK_INT(cpu_ms(scene->host.pid) - before, <, 250);
        CHECK_INT(call_echo(&served, "x", 1, NULL), ==, VIA_OK);
        for (int i = 0; i < MANY; i++) {                /* each makes room for one that waits */
                while (!outcomes[i].ended)
                        caller_turn(&callers[i]);
                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                outcome_fini(&outcomes[i]);
                caller_close(&callers[i]);
        }
        CHECK_INT(one_echo(LOOP, scene->host.endpoint, NULL), ==, VIA_OK);
        caller_close(&served);
        host_stop(&scene->host);
}

TEST(too_few_descriptors_to_accept, .timeout = 120) {
        EACH_LINE(line) {
                struct scene scene;

                scene_init(&scene, line, NULL);
                if (!is_alone(&scene) && strcmp(line->scheme, "inproc") != 0)
                        accept_too_many(&scene);
                host_place_end(scene.dir);
        }
}

/* --- what cannot be --- */

static void both_fail(const struct scene *scene, const char *endpoint, const char *words) {
        cannot_connect(endpoint, VIA_INVALID_ARGUMENT, words);
        if (!is_alone(scene))
                cannot_listen(endpoint, VIA_INVALID_ARGUMENT, words);
}

TEST(names_that_cannot_be) {
        EACH_LINE(line) {
                char endpoint[600], name[301];
                struct scene scene;

                scene_init(&scene, line, NULL);
                for (int i = 0; i < 6 && line->bad[i]; i++)
                        both_fail(&scene, line->bad[i], "");
                snprintf(endpoint, sizeof(endpoint), "%s%s%%00b", scene.place,
                         is_alone(&scene) ? "" : "a");
                both_fail(&scene, endpoint, "");
                memset(name, 'x', 300);
                name[300] = 0;
                snprintf(endpoint, sizeof(endpoint), "%s%s%s",
                         strcmp(line->scheme, "tcp") == 0 ? "tcp://" : scene.place, name,
                         strcmp(line->scheme, "tcp") == 0 ? ":1" : "");
                if (strcmp(line->scheme, "exec") != 0 && strcmp(line->scheme, "tcp") != 0)
                        both_fail(&scene, endpoint, "allow");
                host_place_end(scene.dir);
        }
}

static void misspelt(const struct scene *scene, const char *option) {
        char endpoint[600], words[64];

        snprintf(endpoint, sizeof(endpoint), "%s?%.*s%s=1", scene->place, 2, option, option + 3);
        snprintf(words, sizeof(words), "did you mean %s?", option);
        both_fail(scene, endpoint, words);
}

/* Those that all have, and its own. */
TEST(options_that_do_not_exist) {
        EACH_LINE(line) {
                struct scene scene;
                char own[128], *rest = own, *option;

                scene_init(&scene, line, NULL);
                misspelt(&scene, "max_message");
                misspelt(&scene, "timeout");
                snprintf(own, sizeof(own), "%s", scene.by->options);
                while ((option = strsep(&rest, " ")))
                        if (*option)
                                misspelt(&scene, option);
                host_place_end(scene.dir);
        }
}
