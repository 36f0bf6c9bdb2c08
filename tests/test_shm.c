/*
 * test_shm.c - what only shm: can do or suffer: its memory, its rings, its bells
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "lifeline.h"
#include "links.h"
#include "shm_memory.h"

enum { RING = 65536 };

/* What is shared lies in one place that others could write to: nothing of it may be left there. */
static unsigned in_dev_shm(void) {
        unsigned n = 0;
        DIR *dir = opendir("/dev/shm");

        while (dir && readdir(dir))
                n++;
        if (dir)
                closedir(dir);
        return n;
}

/* Every way that a peer has of changing what it was given to read. */
TEST(the_peer_can_only_read) {
        size_t page = (size_t)getpagesize(), all = page + RING;
        struct via_shm_memory mine, theirs;
        char path[40];
        void *map;
        int fd, other;

        REQUIRE(via_shm_make(&mine, RING, &fd) == 0);
        REQUIRE(via_shm_take(&theirs, RING, fd) == 0);
        mine.ring[0] = 'x';
        CHECK(theirs.ring[0] == 'x' && theirs.ring[RING] == 'x' && mine.ring[RING] == 'x');

        CHECK(mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
        CHECK(mprotect(theirs.words, page, PROT_READ | PROT_WRITE) < 0);
        CHECK(mprotect(theirs.ring, RING, PROT_READ | PROT_WRITE) < 0);
        map = mmap(NULL, all, PROT_READ, MAP_SHARED, fd, 0);
        CHECK(map != MAP_FAILED && madvise(map, all, MADV_REMOVE) < 0);
        munmap(map, all);
        CHECK(pwrite(fd, "y", 1, (off_t)page) < 0);
        CHECK(ftruncate(fd, 0) < 0);
        CHECK(ftruncate(fd, (off_t)(2 * all)) < 0);
        CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)page, RING) < 0);
        CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        other = open(path, O_RDWR | O_CLOEXEC);
        CHECK(other < 0 || pwrite(other, "y", 1, (off_t)page) < 0);
        if (other >= 0)
                close(other);
        CHECK(theirs.ring[0] == 'x');
        close(fd);
        via_shm_drop(&theirs);
        via_shm_drop(&mine);
}

TEST(ring_sizes) {
        static const char *const wrong[] = { "0", "1", "4095", "65M", "x", "-4096" };
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        char text[64];

        links_folder();
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
                snprintf(text, sizeof(text), "shm:links?ring=%s", wrong[i]);
                CHECK_INT(links_listen(text, &listener), ==, -EINVAL);
                CHECK(strstr(links_note.text, "4096 to 67108864"));
                CHECK_INT(links_connect(text, 0, &link), ==, -EINVAL);
        }
        REQUIRE(links_listen("shm:links?ring=10000", &listener) == 0);
        REQUIRE(links_connect("shm:links?ring=64M", 100, &link) == 0);
        CHECK(link->by->loan->reserve(link, 64 << 20));
        CHECK(!link->by->loan->reserve(link, (64 << 20) + 1));
        links_close(&link);
        links_shut(&listener);
        links_folder_end();
}

/* Of different sizes each way, the smallest there are. */
static void small_ends(struct ends *ends) {
        *ends = (struct ends){ .by = links_find("shm") };
        links_folder();
        REQUIRE(links_listen("shm:links?ring=4K", &ends->listener) == 0);
        REQUIRE(links_connect("shm:links?ring=8K", 1000, &ends->client) == 0);
        REQUIRE(links_accept(ends->listener, &ends->server) == 0);
}

TEST(pieces_lie_together) {
        size_t sent = 0, got = 0;
        struct ends ends;

        small_ends(&ends);
        for (unsigned round = 0; round < 5000; round++) {
                size_t size = 1 + round * 61 % 8192;
                uint8_t *room = ends.by->loan->reserve(ends.client, size);
                const uint8_t *data;

                REQUIRE(room);                  /* wherever in the ring that is */
                links_fill(room, sent, size);
                ends.by->loan->commit(ends.client, size);
                sent += size;
                REQUIRE(ends.by->loan->peek(ends.server, &data) == (ssize_t)size);
                CHECK(links_is_stream(data, got, size));
                ends.by->loan->release(ends.server, size);
                got += size;
        }
        links_end(&ends);
}

static void *pour(void *arg) {
        size_t sent = 0;

        while (sent < 8 << 20) {
                ssize_t n = links_stuff(arg, sent, (8 << 20) - sent);

                if (n < 0)
                        return NULL;
                sent += (size_t)n;
                if (n == 0 && !links_wait(arg, POLLOUT))
                        return NULL;
        }
        return arg;
}

/* Both sleep on the other in turn, thousands of times: through the smallest ring each way. */
static void pour_through(struct ends *ends, struct via_link *from, struct via_link *to) {
        pthread_t thread;
        void *result;
        ssize_t end;

        REQUIRE(pthread_create(&thread, NULL, pour, from) == 0);
        CHECK_INT(links_drain(to, 0, 8 << 20, &end), ==, 8 << 20);
        pthread_join(thread, &result);
        CHECK(result == from);
        (void)ends;
}

TEST(much_more_than_the_ring) {
        struct ends ends;

        small_ends(&ends);
        pour_through(&ends, ends.client, ends.server);
        pour_through(&ends, ends.server, ends.client);
        links_end(&ends);
}

/* Bytes there and back, one at a time, each side asleep in between. */
static void *echo(void *arg) {
        for (size_t i = 0; i < 20000; i++) {
                ssize_t end;

                if (links_drain(arg, i, 1, &end) != 1)
                        return NULL;
                links_stuff(arg, i, 1);
        }
        return arg;
}

TEST(wakes_each_other) {
        struct ends ends;
        pthread_t thread;
        void *result;
        ssize_t end;

        links_open(&ends, links_find("shm"));
        REQUIRE(pthread_create(&thread, NULL, echo, ends.server) == 0);
        for (size_t i = 0; i < 20000; i++) {
                links_stuff(ends.client, i, 1);
                REQUIRE(links_drain(ends.client, i, 1, &end) == 1);
        }
        pthread_join(thread, &result);
        CHECK(result == ends.server);
        links_end(&ends);
}

static unsigned eventfds(void) {
        char path[32], what[64];
        unsigned n = 0;

        for (int fd = 3; fd < 64; fd++) {
                ssize_t size;

                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                size = readlink(path, what, sizeof(what) - 1);
                what[size < 0 ? 0 : size] = 0;
                n += strcmp(what, "anon_inode:[eventfd]") == 0;
        }
        return n;
}

/* A user who could not stop us by a signal gets no descriptor by which he could. */
TEST(another_user_has_no_bell) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        struct via_peer peer = { .known = false };
        char via[80];
        int status;
        pid_t pid;

        if (geteuid() != 0)
                SKIP("only root can become somebody else");
        snprintf(via, sizeof(via), "%s/via", links_folder());
        REQUIRE(links_listen("shm:links?mode=0666", &listener) == 0);
        REQUIRE(chmod(links_folder(), 0755) == 0 && chmod(via, 0755) == 0);
        pid = fork();
        if (pid == 0) {
                REQUIRE(setgid(65534) == 0 && setuid(65534) == 0);
                REQUIRE(links_connect("shm:links", 1000, &link) == 0);
                exit(echo(link) == link && eventfds() == 0 ? 0 : 1);
        }
        REQUIRE(links_accept(listener, &link) == 0);
        link->by->peer(link, &peer);
        CHECK_INT(peer.uid, ==, 65534);
        CHECK_INT(eventfds(), ==, 0);
        for (size_t i = 0; i < 20000; i++) {
                ssize_t end;

                links_stuff(link, i, 1);
                REQUIRE(links_drain(link, i, 1, &end) == 1);
        }
        REQUIRE(waitpid(pid, &status, 0) == pid);
        CHECK_INT(status, ==, 0);
        links_close(&link);
        links_shut(&listener);
        links_folder_end();
}

/* Bytes that were written before anybody accepted, and then who accepts never comes. */
TEST(never_accepted) {
        struct via_listener *listener = NULL;
        struct via_wait wait = { .n_fds = 0 };
        struct via_link *link = NULL;
        char c;

        links_folder();
        REQUIRE(links_listen("shm:links", &listener) == 0);
        REQUIRE(links_connect("shm:links", 0, &link) == 0);
        CHECK_INT(links_stuff(link, 0, 10), ==, 10);
        CHECK_INT(link->by->arm(link, POLLIN, &wait), ==, 0);
        links_shut(&listener);
        CHECK(links_sleep(&wait));
        CHECK_INT(link->by->recv(link, &c, 1), ==, -ECONNRESET);
        links_close(&link);
        links_folder_end();
}

/* A forked child has no memory of ours to write into, and does not say goodbye for us. */
TEST(a_forked_child_closes_nothing) {
        struct ends ends;
        int status;
        ssize_t end;
        pid_t pid;

        links_open(&ends, links_find("shm"));
        pid = fork();
        if (pid == 0) {
                links_close(&ends.client);
                _exit(0);
        }
        REQUIRE(waitpid(pid, &status, 0) == pid);
        CHECK_INT(status, ==, 0);
        CHECK_INT(links_stuff(ends.client, 0, 10), ==, 10);
        CHECK_INT(links_drain(ends.server, 0, 10, &end), ==, 10);
        links_end(&ends);
}

TEST(nothing_in_dev_shm) {
        unsigned before = in_dev_shm();
        struct ends ends;

        links_open(&ends, links_find("shm"));
        CHECK_INT(in_dev_shm(), ==, before);
        links_end(&ends);
}
