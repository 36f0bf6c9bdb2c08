/*
 * test_lock.c - of those who lock a path one has it, however they come and go
 */
#include <errno.h>
#include <fcntl.h>
#include "links.h"
#include "lock.h"

/*
 * Takes and drops the lock many times; each time it has it, nobody else does. Ends with how
 * that went.
 */
static int contend(const char *path, const char *claim) {
        for (int n = 0; n < 3000; n++) {
                struct via_lock lock;
                int r = via_lock_take(&lock, path, NULL), fd;

                if (r == -EADDRINUSE)
                        continue;
                if (r)
                        return 2;
                fd = open(claim, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
                if (fd < 0)
                        return 3;                       /* somebody else has it too */
                close(fd);
                unlink(claim);
                via_lock_drop(&lock, NULL);
        }
        return 0;
}

TEST(one_at_a_time) {
        char path[80], claim[80];
        pid_t pids[4];
        int status;

        snprintf(path, sizeof(path), "%s/x", links_folder());
        snprintf(claim, sizeof(claim), "%s/claim", links_folder());
        for (int i = 0; i < 4; i++) {
                pids[i] = fork();
                if (pids[i] == 0)
                        _exit(contend(path, claim));
        }
        for (int i = 0; i < 4; i++) {
                waitpid(pids[i], &status, 0);
                CHECK_INT(status, ==, 0);
        }
        links_folder_end();
}

TEST(two_in_one_process_exclude_each_other) {
        struct via_lock first, second;
        char path[80];

        snprintf(path, sizeof(path), "%s/x", links_folder());
        REQUIRE(via_lock_take(&first, path, NULL) == 0);
        CHECK_INT(via_lock_take(&second, path, NULL), ==, -EADDRINUSE);
        via_lock_drop(&first, NULL);
        CHECK_INT(via_lock_take(&second, path, NULL), ==, 0);
        via_lock_drop(&second, NULL);
        links_folder_end();
}
