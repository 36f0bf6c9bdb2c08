#pragma once
/*
 * bell.h - what wakes who sleeps on memory: an eventfd
 *
 * However often it rang, it is hushed once. Nothing here waits.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static inline int via_bell_new(int *ret_bell) {
        int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

        if (fd < 0)
                return -errno;
        *ret_bell = fd;
        return 0;
}

static inline void via_bell_ring(int bell) {
        uint64_t one = 1;

        if (write(bell, &one, sizeof(one)) < 0) {
                /* It can only be too full of rings to take one more. */
        }
}

static inline void via_bell_hush(int bell) {
        uint64_t count;

        if (read(bell, &count, sizeof(count)) < 0) {
                /* It has not rung. */
        }
}
