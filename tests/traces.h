#pragma once
/*
 * traces.h - what a process could leave behind, or keep for ever: shared memory and queues with
 * names, System V's, files of a folder; descriptors and maps of one that goes on
 */
#include <stdint.h>
#include <sys/types.h>

struct traces {
        unsigned dev_shm, queues, sysv, files;  /* of the machine; of a folder and those in it */
        /* of a process; maps of what has no name any more */
        unsigned fds, maps;
};

void traces_find(struct traces *traces, pid_t pid, const char *folder);

/* Until all is as @before, which it may not be at once: microseconds. A failure if it never is. */
int64_t traces_wait(const struct traces *before, pid_t pid, const char *folder);

int64_t now_us(void);
