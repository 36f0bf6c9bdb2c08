/*
 * hostile_shm.c - a real server, and a real client, whose peer over shared memory lies
 *
 * About what it hands over, about every position, and about bytes that it changes while they are
 * read. Whatever it does, the victim (under the sanitizers in CI) ends that link, and serves the
 * next one.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include "caller.h"
#include "host.h"
#include "lifeline.h"
#include "random.h"
#include "service.h"
#include "shm_memory.h"
#include "test.h"

#define ENDPOINT "shm:victim"

enum { RING = 65536 };

struct scene {
        char        dir[64];
        struct host host;
};

static void scene_init(struct scene *scene) {
        strcpy(scene->dir, "/tmp/via-hostile-XXXXXX");
        REQUIRE(mkdtemp(scene->dir));
        setenv("XDG_RUNTIME_DIR", scene->dir, 1);
        host_start(&scene->host, ENDPOINT "?ring=64K", NULL);
}

/* A good client is served, and so nothing has happened. */
static void all_is_well(void) {
        struct via_error err = VIA_ERROR_INIT;
        struct caller caller;

        if (caller_open(&caller, BLOCKING, ENDPOINT, NULL, &err)) {
                via_error_report(&err);
                REQUIRE(false);
        }
        CHECK_INT(call_echo(&caller, "hello", 5, NULL), ==, VIA_OK);
        caller_close(&caller);
}

static void scene_fini(struct scene *scene) {
        char via[80];

        all_is_well();
        host_stop(&scene->host);
        snprintf(via, sizeof(via), "%s/via", scene->dir);
        CHECK_INT(rmdir(via), ==, 0);
        CHECK_INT(rmdir(scene->dir), ==, 0);
}

static int meet(void) {
        static struct via_uri uri;
        struct via_note note;
        int fd = -1;

        REQUIRE(via_uri_parse(&uri, ENDPOINT, NULL) == 0);
        REQUIRE(via_lifeline_connect(&uri, uri.path, 5000, &fd, &note) == 0);
        return fd;
}

/* Whether the victim hangs up, sooner or later, and says hello before or not. */
static bool hangs_up_after(int fd, bool hello_too) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        struct via_hello hello;

        while (poll(&wait, 1, 10000 * test_slow()) == 1) {
                int r = via_lifeline_hear(fd, &hello);

                if (r == -ECONNRESET || (r < 0 && wait.revents & POLLHUP))
                        return true;
                if (r == 0 && !hello_too)
                        return via_hello_drop(&hello, 0);
                if (r == 0)
                        via_hello_drop(&hello, 0);
        }
        return false;
}

static bool hangs_up(int fd) {
        return hangs_up_after(fd, true);
}

/* --- what is handed over --- */

static void hello_with(struct via_hello *hello, uint64_t ring, int fd) {
        *hello = (struct via_hello){ .n_fds = fd >= 0, .fds = { fd } };
        memcpy(hello->bytes, &ring, sizeof(ring));
}

static void refused(const char *what, uint64_t ring, int memory, int bell) {
        struct via_hello hello;
        int fd = meet();

        hello_with(&hello, ring, memory);
        if (bell >= 0)
                hello.fds[hello.n_fds++] = bell;
        REQUIRE(via_lifeline_say(fd, &hello) == 0);
        if (!hangs_up_after(fd, false))
                test_fail(__FILE__, __LINE__, "taken: %s", what);
        close(fd);
        if (memory >= 0)
                close(memory);
        if (bell >= 0)
                close(bell);
}

/* Memory as it should be, but for @seals and @allocated. */
static int memory_with(size_t size, int seals, bool allocated, unsigned flags) {
        int fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

        if (fd < 0)
                return -1;
        REQUIRE(ftruncate(fd, (off_t)size) == 0);
        if (allocated)
                REQUIRE(fallocate(fd, 0, 0, (off_t)size) == 0);
        REQUIRE(fcntl(fd, F_ADD_SEALS, seals) == 0);
        return fd;
}

TEST(memory_that_could_hurt_is_refused) {
        enum { ALL = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL };
        static const int without[] = { F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_FUTURE_WRITE,
                                       F_SEAL_SEAL, ALL };
        static const uint64_t sizes[] = { 0, 1, 4095, RING - 4096, RING / 2, RING * 2, RING + 1,
                                          1ull << 32, 1ull << 63, UINT64_MAX, UINT64_MAX - 4095 };
        size_t size = (size_t)getpagesize() + RING;
        int pipes[2];
        struct scene scene;

        scene_init(&scene);
        for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++)
                refused("a seal is missing", RING,
                        memory_with(size, ALL & ~without[i], true, 0), -1);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
                refused("of another size", sizes[i], memory_with(size, ALL, true, 0), -1);
        refused("full of holes", RING, memory_with(size, ALL, false, 0), -1);
        refused("no memory", RING, -1, -1);
        refused("a device", RING, open("/dev/zero", O_RDWR | O_CLOEXEC), -1);
        refused("a folder", RING, open("/", O_RDONLY | O_CLOEXEC), -1);
        refused("only a path", RING, open("/dev/null", O_PATH | O_CLOEXEC), -1);
        refused("an eventfd", RING, eventfd(0, EFD_CLOEXEC), -1);
        refused("a file", RING, open(scene.dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), -1);
        REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
        close(pipes[0]);
        refused("a bell that would kill", RING, memory_with(size, ALL, true, 0), pipes[1]);
        refused("a bell that could block", RING, memory_with(size, ALL, true, 0),
                eventfd(0, EFD_CLOEXEC));
        refused("a bell that is none", RING, memory_with(size, ALL, true, 0),
                open("/dev/null", O_RDWR | O_CLOEXEC));
        scene_fini(&scene);
}

TEST(hellos_that_are_none) {
        static const char *const texts[] = { "", "x", "GET / HTTP/1.1\r\n\r\n" };
        struct via_hello hello = { .n_fds = 4, .fds = { 0, 1, 2, 0 } };
        char longest[5000], most[72] = { 0 };
        struct scene scene;
        int fd;

        scene_init(&scene);
        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
                fd = meet();
                REQUIRE(send(fd, texts[i], strlen(texts[i]), MSG_NOSIGNAL) >= 0);
                CHECK(hangs_up_after(fd, false));
                close(fd);
        }
        memset(longest, 'x', sizeof(longest));
        fd = meet();
        REQUIRE(send(fd, longest, sizeof(longest), MSG_NOSIGNAL) > 0);
        CHECK(hangs_up_after(fd, false));
        close(fd);
        fd = meet();                            /* of the right length */
        REQUIRE(send(fd, most, sizeof(most), MSG_NOSIGNAL) > 0);
        CHECK(hangs_up_after(fd, false));
        close(fd);
        fd = meet();
        REQUIRE(via_lifeline_say(fd, &hello) == 0);
        CHECK(hangs_up_after(fd, false));
        close(fd);
        scene_fini(&scene);
}

/* As many descriptors as the kernel passes: all are closed again (host_stop() would hang). */
TEST(a_flood_of_descriptors) {
        enum { MANY = 253 };
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(MANY * sizeof(int))] = { 0 };
        struct iovec iov = { .iov_base = (char[72]){ 0 }, .iov_len = 72 };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                              .msg_controllen = sizeof(control) };
        struct cmsghdr *cmsg = (struct cmsghdr *)control;
        struct scene scene;

        *cmsg = (struct cmsghdr){ .cmsg_len = CMSG_LEN(MANY * sizeof(int)),
                                  .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
        scene_init(&scene);
        for (int i = 0; i < MANY; i++)
                memcpy(CMSG_DATA(cmsg) + (size_t)i * sizeof(int), &(int){ 0 }, sizeof(int));
        for (int round = 0; round < 20; round++) {
                int fd = meet();

                REQUIRE(sendmsg(fd, &msg, MSG_NOSIGNAL) > 0);
                CHECK(hangs_up(fd));
                close(fd);
        }
        scene_fini(&scene);
}

TEST(who_says_nothing_bothers_nobody) {
        int fds[200];
        struct scene scene;

        scene_init(&scene);
        for (int i = 0; i < 200; i++)
                fds[i] = meet();
        all_is_well();
        CHECK(hangs_up(fds[0]));                /* there were more than are kept aside */
        for (int i = 0; i < 200; i++)
                close(fds[i]);
        scene_fini(&scene);
}

/* --- positions --- */

/* A peer that says hello as it should, and then does what it likes. */
struct liar {
        int                   fd, bell;
        struct via_shm_memory mine, theirs;
};

static void liar_init(struct liar *liar) {
        struct pollfd wait = { .events = POLLIN };
        struct via_hello hello;
        uint64_t ring;
        int memory;

        *liar = (struct liar){ .fd = meet(), .bell = -1 };
        REQUIRE(via_shm_make(&liar->mine, RING, &memory) == 0);
        hello_with(&hello, RING, memory);
        REQUIRE(via_lifeline_say(liar->fd, &hello) == 0);
        close(memory);
        wait.fd = liar->fd;
        REQUIRE(poll(&wait, 1, 10000 * test_slow()) == 1);
        REQUIRE(via_lifeline_hear(liar->fd, &hello) == 0);
        memcpy(&ring, hello.bytes, sizeof(ring));
        REQUIRE(via_shm_take(&liar->theirs, ring, hello.fds[0]) == 0);
        REQUIRE(hello.n_fds == 2);
        liar->bell = hello.fds[--hello.n_fds];
        via_hello_drop(&hello, 0);
}

static void liar_rings(struct liar *liar) {
        REQUIRE(write(liar->bell, &(uint64_t){ 1 }, 8) == 8);
}

static void liar_fini(struct liar *liar) {
        via_shm_drop(&liar->mine);
        via_shm_drop(&liar->theirs);
        close(liar->bell);
        close(liar->fd);
}

TEST(lies_about_every_position) {
        static const uint64_t lies[] = {
                16, 17, 4096, RING - 1, RING, RING + 1, 2 * RING, 2 * RING + 4096, 1ull << 31,
                1ull << 32, 1ull << 63, UINT64_MAX, UINT64_MAX - RING, UINT64_MAX - 4095,
        };
        struct random random = { .state = 1 };
        struct scene scene;
        struct liar liar;

        scene_init(&scene);
        for (size_t i = 0; i < sizeof(lies) / sizeof(*lies) + 100; i++) {
                bool is_random = i >= sizeof(lies) / sizeof(*lies);

                liar_init(&liar);
                for (size_t at = 0; is_random && at < RING; at++)
                        liar.mine.ring[at] = (unsigned char)random_below(&random, 256);
                atomic_store(&liar.mine.words->head.bytes,
                             lies[i % (sizeof(lies) / sizeof(*lies))]);
                atomic_store(&liar.mine.words->sleeping, UINT64_MAX - i);
                atomic_store(&liar.mine.words->tail.bytes,
                             is_random ? 16 + random_below(&random, RING) : lies[i]);
                liar_rings(&liar);
                CHECK(hangs_up(liar.fd));
                liar_fini(&liar);
        }
        scene_fini(&scene);
}

/* --- bytes that change while they are read --- */

/*
 * Until the process ends: scribbles over all that this process has handed over: the rings that
 * its links write, which others read at this moment, and now and then the words. A link may end
 * meanwhile: writing through the kernel says so then.
 */
struct scribbler {
        pthread_t thread;
        uint64_t  seed;
};

static void put(unsigned long to, const void *from, size_t size) {
        struct iovec here = { (void *)(uintptr_t)from, size }, there = { (void *)to, size };

        if (process_vm_writev(getpid(), &here, 1, &there, 1, 0) < 0) {
                /* It has gone. */
        }
}

static void scribble(struct random *random, unsigned long from) {
        unsigned long ring = from + (unsigned long)getpagesize();
        uint64_t word;

        for (int i = 0; i < 200; i++) {
                uint8_t byte = (uint8_t)random_below(random, 256);

                put(ring + random_below(random, i % 4 ? 1024 : RING), &byte, 1);
        }
        if (!random_once(random, 8))
                return;
        word = random_once(random, 2) ? random_below(random, 4 * RING) : random_next(random);
        put(from + 64 * random_below(random, 3), &word, sizeof(word));
}

__attribute__((noreturn))
static void *scribbler_main(void *arg) {
        struct scribbler *self = arg;
        struct random random = { .state = self->seed };

        for (;;) {
                FILE *maps = fopen("/proc/self/maps", "re");
                unsigned long from, to;
                char line[400];

                while (maps && fgets(line, sizeof(line), maps))
                        if (strstr(line, " rw-s 00000000 ") && strstr(line, "/memfd:via") &&
                            sscanf(line, "%lx-%lx", &from, &to) == 2)
                                scribble(&random, from);
                if (maps)
                        fclose(maps);
        }
}

static void scribbler_start(struct scribbler *self, uint64_t seed) {
        *self = (struct scribbler){ .seed = seed };
        REQUIRE(pthread_create(&self->thread, NULL, scribbler_main, self) == 0);
}

/* Calls of all sizes, until one goes wrong in earnest or there were enough. */
static void call_for_a_while(enum driver driver, struct random *random) {
        static char data[300000];
        struct via_error err = VIA_ERROR_INIT;
        struct caller caller;

        if (caller_open(&caller, driver, ENDPOINT "?ring=64K", NULL, &err)) {
                via_error_fini(&err);
                return;
        }
        for (int i = 0; i < 40; i++) {
                struct via_call_options options = { .timeout_ms = 500 };
                struct msg_octets octets = { .data = { random_below(random, i % 8 ? 2000 : 300000),
                                                       (uint8_t *)data } };
                struct msg_octets answer;
                int code = caller_call(&caller, "echo", &options, &octets, &answer, NULL);

                if (code == VIA_OK)
                        free(answer.data.data);
                if (code == VIA_UNAVAILABLE || code == VIA_DEADLINE_EXCEEDED)
                        break;
        }
        caller_close(&caller);
}

/* The clients are hostile, and the server must live. Clients are processes, which may suffer. */
TEST(requests_that_change, .timeout = 240) {
        struct scene scene;

        scene_init(&scene);
        for (unsigned round = 0; round < 60; round++) {
                pid_t pid = fork();
                int status;

                if (pid == 0) {
                        struct random random = { .state = round };
                        struct scribbler scribbler;

                        close(2);               /* what becomes of it is of no interest */
                        scribbler_start(&scribbler, round);
                        for (int i = 0; i < 3; i++)
                                call_for_a_while(round % 2 ? LOOP : BLOCKING, &random);
                        _exit(0);
                }
                REQUIRE(waitpid(pid, &status, 0) == pid);
                if (round % 10 == 0)
                        all_is_well();
        }
        scene_fini(&scene);
}

/* The server is hostile, and the client must live. */
static void be_a_hostile_server(uint64_t seed) {
        struct service *service = calloc(1, sizeof(*service));
        struct via_server *server = via_server_new(NULL);
        struct via_error err = VIA_ERROR_INIT;
        struct scribbler scribbler;

        close(2);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!service || service_add(server, service, &err) ||
            via_server_listen(server, ENDPOINT "?ring=64K", &err))
                _exit(1);
        scribbler_start(&scribbler, seed);
        via_server_run(server);
        _exit(0);
}

TEST(responses_that_change, .timeout = 240) {
        struct random random = { .state = 7 };
        struct scene scene;

        scene_init(&scene);
        host_stop(&scene.host);
        for (unsigned round = 0; round < 20; round++) {
                pid_t pid = fork();

                if (pid == 0)
                        be_a_hostile_server(round);
                for (int i = 0; i < 6; i++)
                        call_for_a_while(i % 2 ? LOOP : BLOCKING, &random);
                kill(pid, SIGKILL);
                REQUIRE(waitpid(pid, NULL, 0) == pid);
        }
        host_start(&scene.host, ENDPOINT, NULL);
        scene_fini(&scene);
}
