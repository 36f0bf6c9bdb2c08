/*
 * traces.c - what a process could leave behind, or keep for ever
 */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <ftw.h>
#include <mqueue.h>
#include <time.h>
#include "test.h"
#include "traces.h"

int64_t now_us(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static unsigned entries(const char *path, const char *with) {
        DIR *dir = opendir(path);
        struct dirent *entry;
        unsigned n = 0;

        while (dir && (entry = readdir(dir)))
                n += entry->d_name[0] != '.' && strstr(entry->d_name, with) != NULL;
        if (dir)
                closedir(dir);
        return n;
}

static unsigned lines(const char *path, const char *with) {
        FILE *file = fopen(path, "re");
        char line[1024];
        unsigned n = 0;

        while (file && fgets(line, sizeof(line), file))
                n += strstr(line, with) != NULL;
        if (file)
                fclose(file);
        return n;
}

/* Where the queues of the machine are not mounted, the name that ours have for a moment. */
static unsigned queues(void) {
        char name[32];
        mqd_t queue;

        if (access("/dev/mqueue", F_OK) == 0 && lines("/proc/self/mounts", " /dev/mqueue "))
                return entries("/dev/mqueue", "via");
        snprintf(name, sizeof(name), "/via-%u", geteuid());
        queue = mq_open(name, O_RDONLY | O_CLOEXEC);
        if (queue >= 0)
                mq_close(queue);
        return queue >= 0;
}

static unsigned n_files;

static int count_file(const char *path, const struct stat *st, int type, struct FTW *at) {
        (void)path;
        (void)st;
        (void)at;
        n_files += type != FTW_D && type != FTW_DP;
        n_files += type == FTW_D && at->level > 0 && strcmp(path + at->base, "via") != 0;
        return 0;
}

void traces_find(struct traces *traces, pid_t pid, const char *folder) {
        char fds[64], maps[64];

        snprintf(fds, sizeof(fds), "/proc/%d/fd", (int)pid);
        snprintf(maps, sizeof(maps), "/proc/%d/maps", (int)pid);
        n_files = 0;
        nftw(folder, count_file, 8, FTW_PHYS);
        *traces = (struct traces){
                .dev_shm = entries("/dev/shm", "via"),
                .queues = queues(),
                .sysv = lines("/proc/sysvipc/shm", "") + lines("/proc/sysvipc/msg", "") +
                        lines("/proc/sysvipc/sem", ""),
                .files = n_files,
                .fds = entries(fds, ""),
                .maps = lines(maps, "(deleted)"),
        };
}

int64_t traces_wait(const struct traces *before, pid_t pid, const char *folder) {
        int64_t start = now_us(), now;
        struct timespec pause = { .tv_nsec = 100000 };
        struct traces after;

        for (;;) {
                traces_find(&after, pid, folder);
                now = now_us();
                if (memcmp(&after, before, sizeof(after)) == 0)
                        return now - start;
                if (now > start + 10000000)
                        break;
                nanosleep(&pause, NULL);
        }
        CHECK_INT(after.dev_shm, ==, before->dev_shm);
        CHECK_INT(after.queues, ==, before->queues);
        CHECK_INT(after.sysv, ==, before->sysv);
        CHECK_INT(after.files, ==, before->files);
        CHECK_INT(after.fds, ==, before->fds);
        CHECK_INT(after.maps, ==, before->maps);
        return now - start;
}
