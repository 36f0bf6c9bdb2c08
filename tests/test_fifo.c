/*
 * test_fifo.c - what only fifo: can do or suffer: folders, modes, what the dead leave, who writes
 * what into the FIFO that everybody knows
 */
#include <fcntl.h>
#include <sys/file.h>
#include "fifo_pair.h"
#include "links.h"
#include "pipe.h"
#include "random.h"

static char text[512];

static const char *endpoint(const char *name, const char *query) {
        snprintf(text, sizeof(text), "fifo:%s/%s%s", links_folder(), name, query);
        return text;
}

static const char *file(const char *name) {
        static char path[512];

        snprintf(path, sizeof(path), "%s/%s", links_folder(), name);
        return path;
}

static bool exists(const char *name) {
        struct stat st;

        return lstat(file(name), &st) == 0;
}

static unsigned mode_of(const char *name) {
        struct stat st = { .st_mode = 0 };

        stat(file(name), &st);
        return st.st_mode & 07777;
}

/* How many folders of clients there are in @folder. */
static int pairs_in(const char *folder) {
        struct dirent *entry;
        DIR *dir = opendir(folder);
        int n = 0;

        REQUIRE(dir);
        while ((entry = readdir(dir)))
                n += strncmp(entry->d_name, "via-", 4) == 0 && strlen(entry->d_name) == 36;
        closedir(dir);
        return n;
}

static void kill_child(pid_t pid) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

/* A child that listens on @uri, says so, and sleeps until it is killed. */
static pid_t start_server(const char *uri) {
        struct via_listener *listener = NULL;
        int pipes[2];
        pid_t pid;
        char c;

        REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
        pid = fork();
        if (pid == 0) {
                if (links_listen(uri, &listener) == 0 && write(pipes[1], "x", 1) == 1)
                        for (;;)
                                pause();
                _exit(1);
        }
        close(pipes[1]);
        REQUIRE(read(pipes[0], &c, 1) == 1);
        close(pipes[0]);
        return pid;
}

/* Runs @check in a child that is nobody; it ends with 0 if all was well. */
static void as_nobody(void (*check)(void)) {
        int status = 1;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                test_failures = 0;
                if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
                        _exit(1);
                check();
                fflush(stdout);
                _exit(test_failures != 0);
        }
        waitpid(pid, &status, 0);
        CHECK_INT(status, ==, 0);
}

/* --- servers --- */

TEST(what_a_dead_server_left_is_taken_over) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        pid_t pid = start_server(endpoint("s", ""));

        kill_child(pid);
        CHECK(exists("s"));
        CHECK_INT(links_connect(endpoint("s", ""), -1, &link), ==, -ECONNREFUSED);
        CHECK(strstr(links_note.text, "is gone"));
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, 0);
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);
        links_folder_end();
}

TEST(a_living_server_is_named) {
        struct via_listener *listener = NULL;
        char pid_text[32];
        pid_t pid = start_server(endpoint("s", ""));

        snprintf(pid_text, sizeof(pid_text), "process %d ", (int)pid);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EADDRINUSE);
        CHECK(strstr(links_note.text, pid_text));

        /* Somebody removed the lock by hand: the server is still not robbed. */
        CHECK_INT(unlink(file("s.lock")), ==, 0);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EADDRINUSE);
        CHECK(strstr(links_note.text, pid_text));
        CHECK(exists("s"));
        CHECK(!exists("s.lock"));
        kill_child(pid);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, 0);
        links_shut(&listener);
        links_folder_end();
}

TEST(racing_servers) {
        enum { RACERS = 8, ROUNDS = 20 };
        const char *uri = endpoint("s", "");
        struct via_listener *listener = NULL;

        for (int round = 0; round < ROUNDS; round++) {
                int go[2], said[2], won = 0, refused = 0;
                pid_t pids[RACERS];
                char c;

                REQUIRE(pipe2(go, O_CLOEXEC) == 0 && pipe2(said, O_CLOEXEC) == 0);
                for (int i = 0; i < RACERS; i++) {
                        pids[i] = fork();
                        if (pids[i] == 0) {
                                int r;

                                close(go[1]);
                                if (read(go[0], &c, 1) != 0)    /* all hear its end together */
                                        _exit(1);
                                r = links_listen(uri, &listener);
                                c = r == 0 ? 'w' : r == -EADDRINUSE ? 'r' : '?';
                                if (write(said[1], &c, 1) != 1)
                                        _exit(1);
                                for (;;)
                                        pause();
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
                for (int i = 0; i < RACERS; i++)
                        kill_child(pids[i]);
                close(said[0]);
                close(said[1]);
        }
        REQUIRE(links_listen(uri, &listener) == 0);
        links_shut(&listener);
        links_folder_end();
}

TEST(other_files_are_left_alone) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        int fd = open(file("s"), O_CREAT | O_RDWR | O_CLOEXEC, 0600);

        REQUIRE(write(fd, "precious", 8) == 8);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EEXIST);
        CHECK(strstr(links_note.text, "no FIFO"));
        CHECK(!exists("s.lock"));
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -ECONNREFUSED);
        CHECK(strstr(links_note.text, "no FIFO"));
        CHECK(exists("s"));
        CHECK_INT(lseek(fd, 0, SEEK_END), ==, 8);
        close(fd);
        unlink(file("s"));

        /* Nor is what took our file's place while we served. */
        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        unlink(file("s"));
        REQUIRE(mkfifo(file("s"), 0600) == 0);
        links_shut(&listener);
        CHECK(exists("s"));
        CHECK(!exists("s.lock"));
        unlink(file("s"));

        /* A link is not followed, even to a FIFO that somebody reads. */
        REQUIRE(links_listen(endpoint("t", ""), &listener) == 0);
        REQUIRE(symlink("t", file("s")) == 0);
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -ECONNREFUSED);
        links_shut(&listener);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EEXIST);
        unlink(file("s"));
        links_folder_end();
}

static void nobody_listens(void) {
        struct via_listener *listener = NULL;

        CHECK_INT(links_listen(endpoint("theirs", ""), &listener), ==, -EEXIST);
        CHECK(strstr(links_note.text, "uid 0"));
        CHECK(exists("theirs"));
}

static void nobody_may(void) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;

        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EACCES);
        CHECK(strstr(links_note.text, "s.lock"));
        CHECK_INT(links_connect(endpoint("theirs", ""), 1000, &link), ==, -EACCES);
        CHECK(strstr(links_note.text, "closed to uid 65534"));
}

TEST(a_fifo_of_somebody_else) {
        struct via_listener *listener = NULL;

        if (geteuid() != 0)
                SKIP("needs to be root, to be somebody else");
        links_folder();
        REQUIRE(chown(links_folder(), 0, 65534) == 0 && chmod(links_folder(), 0770) == 0);
        REQUIRE(mkfifo(file("theirs"), 0600) == 0);
        as_nobody(nobody_listens);
        unlink(file("theirs"));

        REQUIRE(chmod(links_folder(), 0711) == 0);
        REQUIRE(links_listen(endpoint("theirs", "?mode=0600"), &listener) == 0);
        as_nobody(nobody_may);
        links_shut(&listener);
        links_folder_end();
}

TEST(folders_for_everybody_are_refused) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        int fd;

        REQUIRE(chmod(links_folder(), 01777) == 0);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EPERM);
        CHECK(strstr(links_note.text, "XDG_RUNTIME_DIR"));
        CHECK(!exists("s"));
        CHECK(!exists("s.lock"));

        /* Somebody else makes the FIFO there, and reads it: our client says nothing to him. */
        REQUIRE(mkfifo(file("s"), 0666) == 0);
        fd = open(file("s"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -EPERM);
        close(fd);
        unlink(file("s"));
        links_folder_end();
}

TEST(folders_and_names) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        char name[512], longest[320], cwd[256];

        CHECK_INT(links_listen(endpoint("no/s", ""), &listener), ==, -ENOENT);
        CHECK(strstr(links_note.text, "there is no folder"));
        CHECK_INT(links_connect(endpoint("no/s", ""), 1000, &link), ==, -ENOENT);
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -ENOENT);
        CHECK(strstr(links_note.text, "is the server running?"));
        CHECK_INT(links_listen(endpoint("", ""), &listener), ==, -EINVAL);
        CHECK_INT(links_listen(endpoint("..", ""), &listener), ==, -EINVAL);
        CHECK_INT(links_connect(endpoint("..", ""), 1000, &link), ==, -EINVAL);
        memset(longest, 'x', sizeof(longest));
        longest[300] = 0;
        CHECK_INT(links_listen(endpoint(longest, ""), &listener), ==, -ENAMETOOLONG);
        CHECK(strstr(links_note.text, "300"));
        CHECK_INT(links_connect(endpoint(longest, ""), 1000, &link), ==, -ENAMETOOLONG);
        longest[250] = 0;                       /* as long as they may be */
        CHECK_INT(links_listen(endpoint(longest, ""), &listener), ==, 0);
        CHECK_INT(links_connect(endpoint(longest, ""), 1000, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);

        CHECK_INT(links_listen(endpoint("a%20b%3f%25", ""), &listener), ==, 0);
        CHECK(exists("a b?%"));
        listener->by->name(listener, name, sizeof(name));
        CHECK_STR(name, endpoint("a b%3F%25", ""));
        CHECK_INT(links_connect(name, 1000, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);

        /* Relative to the folder at that time. */
        REQUIRE(mkdir(file("in"), 0700) == 0);
        REQUIRE(getcwd(cwd, sizeof(cwd)) && chdir(file("in")) == 0);
        CHECK_INT(links_listen("fifo:s", &listener), ==, 0);
        CHECK(exists("in/s"));
        REQUIRE(chdir(cwd) == 0);
        CHECK_INT(links_connect(endpoint("in/../in/s", ""), 1000, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);
        CHECK_INT(rmdir(file("in")), ==, 0);
        links_folder_end();
}

/* Whoever may write may connect; nobody else may read, whatever the mode says. */
TEST(modes) {
        static const struct {
                const char *query;
                mode_t umask;
                unsigned mode;
        } cases[] = { { "?mode=0666", 077, 0622 }, { "?mode=0600", 0, 0600 },
                      { "?mode=0020", 0, 0620 }, { "", 0, 0622 },
                      { "", 022, 0600 }, { "", 002, 0620 } };
        struct via_listener *listener = NULL;

        links_folder();
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                mode_t old = umask(cases[i].umask);

                REQUIRE(links_listen(endpoint("s", cases[i].query), &listener) == 0);
                CHECK_INT(mode_of("s"), ==, cases[i].mode);
                links_shut(&listener);
                umask(old);
        }
        CHECK_INT(links_listen(endpoint("s", "?mode=rw"), &listener), ==, -EINVAL);
        CHECK(strstr(links_note.text, "0660"));
        links_folder_end();
}

TEST(a_forked_child_does_not_clean_up) {
        struct via_link *waiting = NULL, *server = NULL;
        struct via_listener *listener = NULL;
        pid_t pid;

        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        REQUIRE(links_connect(endpoint("s", ""), 1000, &waiting) == 0);
        pid = fork();
        if (pid == 0) {
                links_close(&waiting);
                links_shut(&listener);
                _exit(0);
        }
        waitpid(pid, NULL, 0);
        CHECK(exists("s"));
        CHECK_INT(pairs_in(links_folder()), ==, 1);
        CHECK_INT(links_accept(listener, &server), ==, 0);
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        links_close(&server);
        links_close(&waiting);
        links_shut(&listener);
        links_folder_end();
}

/* --- clients that have not been let in yet --- */

/* What waits for a server that dies, or shuts, knows at once, whatever it sleeps for. */
static void server_never_accepts(bool kill_it, int want) {
        struct via_wait wait = { .n_fds = 0 };
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        pid_t pid = 0;
        char buf[8];

        if (kill_it)
                pid = start_server(endpoint("s", ""));
        else
                REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        REQUIRE(links_connect(endpoint("s", ""), 1000, &link) == 0);
        if (want & POLLOUT)
                while (links_stuff(link, 0, 1 << 20) > 0)
                        ;
        CHECK_INT(link->by->recv(link, buf, sizeof(buf)), ==, -EAGAIN);
        CHECK_INT(link->by->arm(link, want, &wait), ==, 0);
        CHECK_INT(poll(wait.fds, wait.n_fds, 0), ==, 0);
        if (kill_it)
                kill_child(pid);
        else
                links_shut(&listener);
        CHECK(links_sleep(&wait));
        if (want & POLLOUT)
                CHECK_INT(link->by->send(link, "x", 1), ==, -EPIPE);
        CHECK_INT(link->by->recv(link, buf, sizeof(buf)), ==, -ECONNRESET);
        links_close(&link);
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        links_shut(&listener);
        links_folder_end();
}

TEST(a_server_that_ends_before_it_accepts) {
        for (int kill_it = 0; kill_it < 2; kill_it++) {
                server_never_accepts(kill_it, POLLIN);
                server_never_accepts(kill_it, POLLOUT);
                server_never_accepts(kill_it, POLLIN | POLLOUT);
        }
}

/* The listener goes; whom it has let in stays, though he has heard nothing yet. */
TEST(a_server_that_shuts_after_it_accepted) {
        struct ends ends;
        ssize_t end;
        char c;

        links_open(&ends, links_find("fifo"));
        links_shut(&ends.listener);
        CHECK_INT(ends.client->by->recv(ends.client, &c, 1), ==, -EAGAIN);
        CHECK_INT(links_stuff(ends.server, 0, 5), ==, 5);
        CHECK_INT(links_drain(ends.client, 0, 5, &end), ==, 5);
        links_end(&ends);

        links_open(&ends, links_find("fifo"));
        links_shut(&ends.listener);
        links_stuff(ends.server, 0, 5);
        links_close(&ends.server);
        CHECK_INT(links_drain(ends.client, 0, 100, &end), ==, 5);
        CHECK_INT(end, ==, 0);
        links_end(&ends);

        links_open(&ends, links_find("fifo"));
        links_shut(&ends.listener);
        links_close(&ends.server);              /* politely, without a word */
        CHECK_INT(ends.client->by->recv(ends.client, &c, 1), ==, 0);
        links_end(&ends);
}

TEST(names_last_until_both_are_there) {
        struct via_listener *listener = NULL;
        struct via_link *client = NULL, *server = NULL;

        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        REQUIRE(links_connect(endpoint("s", ""), 1000, &client) == 0);
        CHECK_INT(pairs_in(links_folder()), ==, 1);
        REQUIRE(links_accept(listener, &server) == 0);
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        links_close(&client);

        REQUIRE(links_connect(endpoint("s", ""), 1000, &client) == 0);
        links_close(&client);                   /* before anybody came */
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        links_close(&server);
        links_shut(&listener);
        links_folder_end();
}

/* Clients that are killed at any instant of their coming leave nothing that stays. */
TEST(clients_killed_while_they_connect, .timeout = 120) {
        struct random random = { .state = 1 };
        struct via_listener *listener = NULL;
        const char *uri = endpoint("s", "");
        int left = 0;

        REQUIRE(links_listen(uri, &listener) == 0);
        for (int i = 0; i < 300; i++) {
                struct timespec t = {
                        .tv_nsec = random_below(&random, 1500 * (unsigned)test_slow()) * 1000
                };
                pid_t pid = fork();

                if (pid == 0)
                        for (;;) {
                                struct via_link *link = NULL;

                                if (links_connect(uri, 1000, &link))
                                        _exit(1);
                                link->by->close(link);
                                free(link);
                        }
                nanosleep(&t, NULL);
                kill_child(pid);
                left += pairs_in(links_folder());
                if (i % 10 == 0) {
                        struct via_link *link = calloc(1, listener->by->link_size);

                        link->by = listener->by;
                        while (listener->by->accept(listener, link) == -ECONNABORTED)
                                ;
                        free(link);
                }
        }
        printf("%d folders were left for a while\n", left);
        CHECK_INT(left, >, 0);
        links_shut(&listener);
        REQUIRE(links_listen(uri, &listener) == 0);
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        links_shut(&listener);
        links_folder_end();
}

/* Only what is certainly a dead client's is removed, by who starts and who connects. */
TEST(sweeping) {
        static const char dead[] = "via-00000000000000000000000000000001";
        static const char alive[] = "via-00000000000000000000000000000002";
        static const char strange[] = "via-00000000000000000000000000000003";
        static const char other[] = "via-0000000000000000000000000000000g";
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        char inside[128];
        int fd;

        for (int round = 0; round < 2; round++) {
                REQUIRE(mkdir(file(dead), 0700) == 0 && mkdir(file(alive), 0700) == 0);
                REQUIRE(mkdir(file(strange), 0700) == 0 && mkdir(file(other), 0700) == 0);
                snprintf(inside, sizeof(inside), "%s/to-x", dead);
                REQUIRE(mkfifo(file(inside), 0600) == 0);
                snprintf(inside, sizeof(inside), "%s/precious", strange);
                close(open(file(inside), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
                fd = open(file(alive), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                REQUIRE(fd >= 0 && flock(fd, LOCK_EX) == 0);
                if (round == 0)
                        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
                else
                        REQUIRE(links_connect(endpoint("s", ""), 1000, &link) == 0);
                CHECK(!exists(dead));
                CHECK(exists(alive));
                CHECK(exists(inside));
                CHECK(exists(other));
                close(fd);
                unlink(file(inside));
                CHECK(rmdir(file(alive)) == 0 && rmdir(file(strange)) == 0 &&
                      rmdir(file(other)) == 0);
        }
        links_close(&link);
        links_shut(&listener);
        links_folder_end();
}

/* --- what else may come through the FIFO --- */

static int accept_once(struct via_listener *listener) {
        struct via_link *link = calloc(1, listener->by->link_size);
        int r;

        link->by = listener->by;
        r = listener->by->accept(listener, link);
        if (r == 0)
                links_close(&link);
        free(link);
        return r;
}

TEST(rubbish_before_a_card) {
        static const size_t sizes[] = { 1, 5, 11, 84, 86, 87, 4096, 5000, 60000 };
        struct via_listener *listener = NULL;
        unsigned char rubbish[60000];
        int fd;

        memset(rubbish, 'v', sizeof(rubbish));
        for (size_t i = 0; i < sizeof(rubbish); i += 7)
                memcpy(rubbish + i, "via-fif", sizeof(rubbish) - i < 7 ? sizeof(rubbish) - i : 7);
        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        fd = open(file("s"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
                struct via_link *client = NULL, *server = NULL;
                ssize_t end;

                REQUIRE(write(fd, rubbish, sizes[i]) == (ssize_t)sizes[i]);
                REQUIRE(links_connect(endpoint("s", ""), 1000, &client) == 0);
                REQUIRE(links_accept(listener, &server) == 0);
                CHECK_INT(links_stuff(client, 0, 100), ==, 100);
                CHECK_INT(links_drain(server, 0, 100, &end), ==, 100);
                links_close(&client);
                links_close(&server);
        }
        close(fd);
        links_shut(&listener);
        links_folder_end();
}

static struct via_fifo_card card_of(const char *folder) {
        struct via_fifo_card card = { .magic = VIA_FIFO_MAGIC };

        snprintf(card.folder, sizeof(card.folder), "%s", folder);
        memset(card.secret, '7', 32);
        return card;
}

TEST(cards_that_lie) {
        static const char folder[] = "via-00000000000000000000000000000001";
        char to[128], from[128], another[512], secret[33] = "";
        struct via_listener *listener = NULL;
        struct via_fifo_card card;
        int fd, reader, writer;

        memset(secret, '7', 32);
        snprintf(to, sizeof(to), "%s/to-%s", folder, secret);
        snprintf(from, sizeof(from), "%s/from-%s", folder, secret);
        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        fd = open(file("s"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
#define LIE(how) do { \
                struct via_fifo_card lie_ = (how); \
                REQUIRE(write(fd, &lie_, sizeof(lie_)) == sizeof(lie_)); \
                CHECK_INT(accept_once(listener), ==, -ECONNABORTED); \
                CHECK_INT(accept_once(listener), ==, -EAGAIN); \
        } while (0)
        LIE(card_of(folder));                           /* there is none */
        LIE(card_of(".."));
        LIE(card_of("via-../../../../../../../../etc/pass"));
        card = card_of(folder);
        memset(card.folder, 'a', sizeof(card.folder));  /* not terminated */
        LIE(card);
        card = card_of(folder);
        card.in_tmp = 1;
        LIE(card);

        /* A folder that leads elsewhere. */
        REQUIRE(mkdir(file("elsewhere"), 0700) == 0);
        REQUIRE(symlink("elsewhere", file(folder)) == 0);
        LIE(card_of(folder));
        unlink(file(folder));
        rmdir(file("elsewhere"));

        /* One in which others may put things. */
        REQUIRE(mkdir(file(folder), 0700) == 0 && chmod(file(folder), 0777) == 0);
        LIE(card_of(folder));
        CHECK(exists(folder));
        REQUIRE(chmod(file(folder), 0700) == 0);

        /* What is no FIFO, what has other names, what nobody has signed, what nobody reads. */
        close(open(file(to), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        LIE(card_of(folder));
        mkdir(file(folder), 0700);
        snprintf(another, sizeof(another), "%s", file("another"));
        REQUIRE(mkfifo(another, 0600) == 0 && link(another, file(to)) == 0);
        LIE(card_of(folder));
        CHECK(exists("another"));
        unlink(file("another"));
        mkdir(file(folder), 0700);
        REQUIRE(mkfifo(file(to), 0600) == 0 && mkfifo(file(from), 0600) == 0);
        LIE(card_of(folder));
        CHECK_INT(pairs_in(links_folder()), ==, 0);

        /* All is well but one thing: it is not signed, or has a second name; then all is well. */
        for (int lie = 0; lie < 3; lie++) {
                REQUIRE(mkdir(file(folder), 0700) == 0);
                REQUIRE(mkfifo(file(to), 0600) == 0 && mkfifo(file(from), 0600) == 0);
                snprintf(another, sizeof(another), "%s", file("another"));
                REQUIRE(lie != 1 || link(file(to), another) == 0);
                reader = open(file(from), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
                writer = open(file(to), O_RDWR | O_NONBLOCK | O_CLOEXEC);
                if (lie != 0)
                        via_pipe_sign(writer);
                card = card_of(folder);
                REQUIRE(write(fd, &card, sizeof(card)) == sizeof(card));
                CHECK_INT(accept_once(listener), ==, lie < 2 ? -ECONNABORTED : 0);
                close(reader);
                close(writer);
                CHECK(unlink(another) == 0 || lie != 1);
        }
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        close(fd);
        links_shut(&listener);
        links_folder_end();
}

TEST(a_server_that_accepts_nobody) {
        struct via_link *link = NULL, *server = NULL;
        struct via_listener *listener = NULL;
        char rubbish[1000] = "";
        int fd;

        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        fd = open(file("s"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        while (write(fd, rubbish, sizeof(rubbish)) > 0)
                ;
        while (write(fd, rubbish, 1) > 0)
                ;
        CHECK_INT(links_connect(endpoint("s", ""), 50, &link), ==, -ETIMEDOUT);
        CHECK(strstr(links_note.text, "stuck"));
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        CHECK_INT(accept_once(listener), ==, -EAGAIN);
        CHECK_INT(links_connect(endpoint("s", ""), 50, &link), ==, 0);
        CHECK_INT(links_accept(listener, &server), ==, 0);
        close(fd);
        links_close(&link);
        links_close(&server);
        links_shut(&listener);
        links_folder_end();
}

/* --- writing --- */

/* Many write at once, more than fits: each stream arrives as it was sent. */
TEST(writers_do_not_mix) {
        enum { CLIENTS = 12, SIZE = 300000 };
        struct via_listener *listener = NULL;
        const char *uri = endpoint("s", "");
        pid_t pids[CLIENTS];

        REQUIRE(links_listen(uri, &listener) == 0);
        for (int i = 0; i < CLIENTS; i++) {
                pids[i] = fork();
                if (pids[i] == 0) {
                        struct via_link *link = NULL;
                        size_t done = 0;

                        REQUIRE(links_connect(uri, 10000, &link) == 0);
                        while (done < SIZE) {
                                ssize_t n = links_stuff(link, (size_t)i + done, SIZE - done);

                                REQUIRE(n >= 0);
                                done += (size_t)n;
                                if (done < SIZE)
                                        REQUIRE(links_wait(link, POLLOUT));
                        }
                        links_close(&link);
                        links_shut(&listener);          /* our copy of it */
                        _exit(test_failures != 0);
                }
        }
        for (int i = 0; i < CLIENTS; i++) {
                struct via_peer peer = { .known = false };
                struct via_link *link = NULL;
                ssize_t end;
                int who = 0;

                REQUIRE(links_accept(listener, &link) == 0);
                link->by->peer(link, &peer);
                while (who < CLIENTS - 1 && pids[who] != peer.pid)
                        who++;
                CHECK_INT(pids[who], ==, peer.pid);
                CHECK_INT(links_drain(link, (size_t)who, SIZE + 1, &end), ==, SIZE);
                CHECK_INT(end, ==, 0);
                links_close(&link);
        }
        for (int i = 0; i < CLIENTS; i++) {
                int status;

                waitpid(pids[i], &status, 0);
                CHECK_INT(status, ==, 0);
        }
        links_shut(&listener);
        links_folder_end();
}

/* As much as a pipe may hold, for those who need it. */
TEST(a_full_pipe_grows) {
        struct ends ends;
        int largest = 0;
        FILE *proc = fopen("/proc/sys/fs/pipe-max-size", "re");

        REQUIRE(proc && fscanf(proc, "%d", &largest) == 1);
        fclose(proc);
        if (geteuid() != 0 || largest < 1 << 20)
                SKIP("pipes may not grow here");
        links_open(&ends, links_find("fifo"));
        CHECK_INT(links_stuff(ends.client, 0, 1 << 20), ==, 1 << 20);
        CHECK_INT(links_stuff(ends.server, 0, 1 << 20), ==, 1 << 20);
        links_end(&ends);
}

/* --- other users --- */

static void nobody_connects(void) {
        struct via_link *link = NULL;
        ssize_t end;

        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, 0);
        if (!link)
                return;
        CHECK_INT(links_stuff(link, 0, 1000), ==, 1000);
        CHECK_INT(links_drain(link, 0, 1000, &end), ==, 1000);
        links_close(&link);
}

/* Says back what @link says, until it ends, and is told who that was. */
static void echo_one(struct via_listener *listener, struct via_peer *ret_peer) {
        struct via_link *link = NULL;
        ssize_t end;

        REQUIRE(links_accept(listener, &link) == 0);
        link->by->peer(link, ret_peer);
        CHECK_INT(links_drain(link, 0, 1000, &end), ==, 1000);
        CHECK_INT(links_stuff(link, 0, 1000), ==, 1000);
        CHECK_INT(links_drain(link, 0, 1, &end), ==, 0);
        links_close(&link);
}

TEST(users_do_not_share) {
        struct via_peer peer = { .known = false };
        static struct via_listener *listener;   /* the children of children have copies */
        struct via_link *link = NULL;
        int before, status, ready[2];
        ssize_t end;
        pid_t pid;
        char c;

        if (geteuid() != 0)
                SKIP("needs to be root, to be two users");
        before = pairs_in("/tmp");

        /* The client may not write beside the server's FIFO. */
        REQUIRE(chmod(links_folder(), 0755) == 0);
        REQUIRE(links_listen(endpoint("s", "?mode=0622"), &listener) == 0);
        pid = fork();
        if (pid == 0) {
                as_nobody(nobody_connects);
                _exit(test_failures != 0);
        }
        echo_one(listener, &peer);
        waitpid(pid, &status, 0);
        CHECK_INT(status, ==, 0);
        CHECK(peer.known && peer.uid == 65534 && peer.gid == 65534 && peer.pid > pid);
        links_shut(&listener);

        /* The server may not enter a folder of root's. */
        REQUIRE(chown(links_folder(), 65534, 65534) == 0 && pipe2(ready, O_CLOEXEC) == 0);
        pid = fork();
        if (pid == 0) {
                if (setgid(65534) || setuid(65534) ||
                    links_listen(endpoint("s", ""), &listener) || write(ready[1], "x", 1) != 1)
                        _exit(1);
                echo_one(listener, &peer);
                CHECK(peer.known && peer.uid == 0 && peer.pid == getppid());
                links_shut(&listener);
                _exit(test_failures != 0);
        }
        REQUIRE(read(ready[0], &c, 1) == 1);
        REQUIRE(links_connect(endpoint("s", ""), 1000, &link) == 0);
        link->by->peer(link, &peer);
        CHECK(peer.known && peer.uid == 65534 && peer.pid == pid);
        CHECK_INT(links_stuff(link, 0, 1000), ==, 1000);
        CHECK_INT(links_drain(link, 0, 1000, &end), ==, 1000);
        links_close(&link);
        waitpid(pid, &status, 0);
        CHECK_INT(status, ==, 0);
        close(ready[0]);
        close(ready[1]);
        CHECK_INT(pairs_in("/tmp"), ==, before);
        links_folder_end();
}
