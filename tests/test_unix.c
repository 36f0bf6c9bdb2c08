/*
 * test_unix.c - what only unix: can do or suffer: paths, permissions, what dead servers leave,
 * races for a name
 */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "paths.h"

static const char *endpoint(const char *name, const char *query) {
        return links_at("unix", name, query);
}

TEST(what_a_dead_server_left_is_taken_over) {
        paths_dead("unix");
}

TEST(a_living_server_is_named) {
        paths_living("unix");
}

TEST(the_lock_is_asked_first) {
        struct via_listener *listener = NULL;
        pid_t pid = links_server(endpoint("s", ""));
        int fd;

        links_kill(pid);
        fd = open(links_file("s.lock"), O_RDWR | O_CLOEXEC);
        REQUIRE(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EADDRINUSE);
        CHECK(links_exists("s"));                             /* stale, but not ours to remove */
        close(fd);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, 0);
        links_shut(&listener);
        links_folder_end();
}

TEST(an_abstract_name_is_named_too) {
        struct via_listener *listener = NULL;
        char name[64], pid_text[32];
        pid_t pid;

        snprintf(name, sizeof(name), "unix:@via-test-%d", (int)getpid());
        pid = links_server(name);
        snprintf(pid_text, sizeof(pid_text), "process %d ", (int)pid);
        CHECK_INT(links_listen(name, &listener), ==, -EADDRINUSE);
        CHECK(strstr(links_note.text, pid_text));
        links_kill(pid);
        CHECK_INT(links_listen(name, &listener), ==, 0);
        links_shut(&listener);
        strcat(name, "?mode=0600");
        CHECK_INT(links_listen(name, &listener), ==, -EINVAL);
        CHECK(strstr(links_note.text, "mode"));
        CHECK_INT(links_listen("unix:@", &listener), ==, -EINVAL);
}

TEST(racing_servers) {
        paths_race(endpoint("s", ""), 40);
        links_folder_end();
}

/* The same with servers that leave politely and remove their lock: never two at once. */
TEST(comings_and_goings) {
        const char *uri = endpoint("s", "");
        pid_t pids[4];
        int status;

        links_folder();
        for (int i = 0; i < 4; i++) {
                pids[i] = fork();
                if (pids[i] == 0) {
                        int claim, wins = 0;

                        for (int n = 0; n < 400; n++) {
                                struct via_listener *listener = NULL;
                                int r = links_listen(uri, &listener);

                                if (r != 0 && r != -EADDRINUSE)
                                        _exit(2);
                                if (r)
                                        continue;
                                claim = open(links_file("claim"), O_CREAT | O_EXCL | O_CLOEXEC,
                                             0600);
                                if (claim < 0)
                                        _exit(3);       /* somebody else won as well */
                                wins++;
                                unlink(links_file("claim"));
                                close(claim);
                                links_shut(&listener);
                        }
                        _exit(wins ? 0 : 4);
                }
        }
        for (int i = 0; i < 4; i++) {
                waitpid(pids[i], &status, 0);
                CHECK(WIFEXITED(status));
                CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 4);
        }
        links_folder_end();
}

TEST(other_files_are_left_alone) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        int fd = open(links_file("s"), O_CREAT | O_RDWR | O_CLOEXEC, 0600);

        REQUIRE(write(fd, "precious", 8) == 8);
        close(fd);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EEXIST);
        CHECK(strstr(links_note.text, "no socket"));
        CHECK(!links_exists("s.lock"));
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -ECONNREFUSED);
        CHECK(strstr(links_note.text, "no socket"));
        CHECK(links_exists("s"));
        unlink(links_file("s"));

        /* Nor is what took our file's place while we served. */
        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        unlink(links_file("s"));
        close(open(links_file("s"), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
        links_shut(&listener);
        CHECK(links_exists("s"));
        CHECK(!links_exists("s.lock"));
        unlink(links_file("s"));

        REQUIRE(symlink("elsewhere", links_file("s")) == 0);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EEXIST);
        unlink(links_file("s"));
        REQUIRE(symlink("elsewhere", links_file("s.lock")) == 0);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -ELOOP);
        CHECK(!links_exists("elsewhere"));
        unlink(links_file("s.lock"));
        links_folder_end();
}

TEST(a_forked_child_does_not_clean_up) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        pid_t pid;

        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        pid = fork();
        if (pid == 0) {
                links_shut(&listener);
                _exit(0);
        }
        waitpid(pid, NULL, 0);
        CHECK(links_exists("s"));
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);
        links_folder_end();
}

TEST(folders) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        char cwd[256], name[512];

        CHECK_INT(links_listen(endpoint("no/s", ""), &listener), ==, -ENOENT);
        CHECK(strstr(links_note.text, "there is no folder"));
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -ENOENT);
        CHECK(strstr(links_note.text, "is the server running?"));
        CHECK_INT(links_listen(endpoint("", ""), &listener), ==, -EINVAL);
        CHECK_INT(links_listen(endpoint("..", ""), &listener), ==, -EINVAL);
        CHECK_INT(links_listen("unix:/dev/null/s", &listener), ==, -ENOTDIR);

        REQUIRE(mkdir(links_file("in"), 0700) == 0);
        CHECK_INT(links_listen(endpoint("in/../s", ""), &listener), ==, 0);
        CHECK(links_exists("s"));
        links_shut(&listener);

        /* Relative to the folder at that time. */
        REQUIRE(getcwd(cwd, sizeof(cwd)) && chdir(links_file("in")) == 0);
        CHECK_INT(links_listen("unix:s", &listener), ==, 0);
        CHECK(links_exists("in/s"));
        REQUIRE(chdir(cwd) == 0);
        listener->by->name(listener, name, sizeof(name));
        CHECK_STR(name, "unix:s");
        links_shut(&listener);
        CHECK_INT(rmdir(links_file("in")), ==, 0);
        links_folder_end();
}

TEST(odd_names) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        char name[512], longest[128];

        CHECK_INT(links_listen(endpoint("a%20b%3f%25", ""), &listener), ==, 0);
        CHECK(links_exists("a b?%"));
        listener->by->name(listener, name, sizeof(name));
        CHECK_STR(name, endpoint("a b%3F%25", ""));
        CHECK_INT(links_connect(name, 1000, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);

        /* 107 bytes are the most, and work. */
        memset(longest, 'x', sizeof(longest));
        longest[107 - strlen(links_folder()) - 1] = 0;
        CHECK_INT(links_listen(endpoint(longest, ""), &listener), ==, 0);
        CHECK_INT(links_connect(endpoint(longest, ""), 1000, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);
        strcat(longest, "x");
        CHECK_INT(links_listen(endpoint(longest, ""), &listener), ==, -ENAMETOOLONG);
        CHECK(strstr(links_note.text, "108") && strstr(links_note.text, "107"));
        CHECK_INT(links_connect(endpoint(longest, ""), 1000, &link), ==, -ENAMETOOLONG);
        CHECK(strstr(links_note.text, "107"));
        links_folder_end();
}

TEST(modes) {
        struct via_listener *listener = NULL;
        mode_t old = umask(077);

        REQUIRE(links_listen(endpoint("s", "?mode=0666"), &listener) == 0);
        CHECK_INT(links_mode_of("s"), ==, 0666);              /* whatever the umask took */
        CHECK_INT(links_mode_of("s.lock"), ==, 0600);
        links_shut(&listener);
        umask(0);
        REQUIRE(links_listen(endpoint("s", "?mode=0600"), &listener) == 0);
        CHECK_INT(links_mode_of("s"), ==, 0600);
        links_shut(&listener);
        umask(027);
        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        CHECK_INT(links_mode_of("s"), ==, 0750);              /* no wish: the umask's */
        links_shut(&listener);
        umask(old);
        CHECK_INT(links_listen(endpoint("s", "?mode=rw"), &listener), ==, -EINVAL);
        CHECK(strstr(links_note.text, "0660"));
        links_folder_end();
}

/*
 * Looks at the file as fast as it can while servers come and go under an umask that forbids
 * nothing.
 */
TEST(never_wider_than_its_mode) {
        const char *uri = endpoint("s", "?mode=0600");
        struct via_listener *listener = NULL;
        pid_t pid;
        int status;

        links_folder();
        umask(0);
        pid = fork();
        if (pid == 0) {
                struct stat st;

                for (;;)
                        if (stat(links_file("s"), &st) == 0 && (st.st_mode & 0177))
                                _exit(1);
        }
        for (int i = 0; i < 3000; i++) {
                REQUIRE(links_listen(uri, &listener) == 0);
                links_shut(&listener);
        }
        CHECK_INT(waitpid(pid, &status, WNOHANG), ==, 0);
        links_kill(pid);
        links_folder_end();
}

static void nobody_listens(void) {
        struct via_listener *listener = NULL;

        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EACCES);
        CHECK(strstr(links_note.text, "s.lock"));
}

static void nobody_connects_to_the_socket(void) {
        struct via_link *link = NULL;

        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -EACCES);
        CHECK(strstr(links_note.text, "has mode 0600"));
}

static void nobody_enters_the_folder(void) {
        struct via_link *link = NULL;

        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -EACCES);
        CHECK(strstr(links_note.text, "a folder on the way"));
}

TEST(not_permitted) {
        struct via_listener *listener = NULL;

        if (geteuid() != 0)
                SKIP("only root can become nobody");
        chmod(links_folder(), 0755);
        links_as_nobody(nobody_listens);
        REQUIRE(links_listen(endpoint("s", "?mode=0600"), &listener) == 0);
        links_as_nobody(nobody_connects_to_the_socket);
        chmod(links_folder(), 0700);
        links_as_nobody(nobody_enters_the_folder);
        links_shut(&listener);
        links_folder_end();
}

TEST(a_full_backlog_is_waited_for_and_named) {
        struct via_link *links[16] = { NULL };
        struct via_listener *listener = NULL;
        int r = 0, n = 0;

        REQUIRE(links_listen(endpoint("s", "?backlog=2"), &listener) == 0);
        for (n = 0; n < 16 && r == 0; n++)
                r = links_connect(endpoint("s", ""), 20, &links[n]);
        CHECK_INT(r, ==, -ETIMEDOUT);
        CHECK(strstr(links_note.text, "backlog"));
        CHECK_INT(n, <, 8);

        /* It is alive all the same. */
        struct via_listener *second;
        CHECK_INT(links_listen(endpoint("s", ""), &second), ==, -EADDRINUSE);
        for (int i = 0; i < 16; i++)
                links_close(&links[i]);
        links_shut(&listener);
        links_folder_end();
}

TEST(sockets_of_another_kind) {
        struct sockaddr_un sun = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;

        REQUIRE(strlen(links_file("s")) < sizeof(sun.sun_path));
        strcpy(sun.sun_path, links_file("s"));
        REQUIRE(bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0);
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -EPROTOTYPE);
        CHECK(strstr(links_note.text, "not a stream"));
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EADDRINUSE);
        CHECK(links_exists("s"));
        close(fd);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, 0);
        links_shut(&listener);
        links_folder_end();
}
