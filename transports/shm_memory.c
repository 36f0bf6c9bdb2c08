/*
 * shm_memory.c - the memory of one end of a shm: link, and how the other end may look at it
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "fd.h"
#include "shm_memory.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8                       /* Linux 6.3 */
#endif

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)
#define TMPFS 0x01021994                        /* TMPFS_MAGIC, without the kernel's headers */

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would have to be written by who only reads");

static bool size_is_right(size_t size) {
        return size >= VIA_SHM_RING_LEAST && size <= VIA_SHM_RING_MOST &&
               size % (size_t)getpagesize() == 0 && (size & (size - 1)) == 0;
}

/*
 * The ring twice, one right behind the other. Not for forked children: they would write as if
 * they were us.
 */
static int map(struct via_shm_memory *memory, size_t size, int fd, int protection) {
        size_t page = (size_t)getpagesize();
        unsigned char *at =
                mmap(NULL, page + 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (at == MAP_FAILED)
                return -errno;
        if (mmap(at, page + size, protection, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
            mmap(at + page + size, size, protection, MAP_SHARED | MAP_FIXED, fd,
                 (off_t)page) == MAP_FAILED ||
            madvise(at, page + 2 * size, MADV_DONTFORK) < 0) {
                int r = -errno;

                munmap(at, page + 2 * size);
                return r;
        }
        *memory = (struct via_shm_memory){ .words = (struct via_shm_words *)(void *)at,
                                           .ring = at + page,
                                           .size = size };
        return 0;
}

void via_shm_drop(struct via_shm_memory *memory) {
        if (memory->words)
                munmap(memory->words, (size_t)getpagesize() + 2 * memory->size);
        memory->words = NULL;
}

static int new_memfd(int *ret_fd) {
        unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
        int fd = memfd_create("via", flags | MFD_NOEXEC_SEAL);

        if (fd < 0 && errno == EINVAL)
                fd = memfd_create("via", flags);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

/*
 * All of it is allocated now: when memory is short, this fails, and not a store later. The seals
 * come after our mapping, which is the last one that may write.
 */
int via_shm_make(struct via_shm_memory *memory, size_t size, int *ret_fd) {
        int fd, r;

        if (!size_is_right(size))
                return -EINVAL;
        r = new_memfd(&fd);
        if (r)
                return r;
        do
                r = fallocate(fd, 0, 0, (off_t)((size_t)getpagesize() + size)) < 0 ? -errno : 0;
        while (r == -EINTR);
        r = r ? r : map(memory, size, fd, PROT_READ | PROT_WRITE);
        if (r)
                return via_fd_drop(&fd, r);
        VIA_POINT("shm: mapped, not sealed");
        if (fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
                r = -errno;
                via_shm_drop(memory);
                return via_fd_drop(&fd, r);
        }
        *ret_fd = fd;
        return 0;
}

/*
 * Sealed, so it cannot shrink under us; of tmpfs, because huge pages can run out when they are
 * touched; without holes, which would be filled at our expense, and which can no longer be made.
 */
static bool can_be_trusted(size_t size, int fd) {
        off_t all = (off_t)((size_t)getpagesize() + size);
        int seals = fcntl(fd, F_GET_SEALS);
        struct statfs fs;
        struct stat st;

        return seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &st) == 0 &&
               S_ISREG(st.st_mode) && st.st_size == all && st.st_blocks >= all / 512 &&
               fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS;
}

int via_shm_take(struct via_shm_memory *memory, size_t size, int fd) {
        if (!size_is_right(size) || !can_be_trusted(size, fd))
                return -EPROTO;
        return map(memory, size, fd, PROT_READ);
}
