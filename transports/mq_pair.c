/*
 * mq_pair.c - two POSIX message queues without names, one each way
 *
 * A queue can only be made with a name. Ours is the same for all processes of a uid, and is taken
 * away again at once: so what was left by one that was killed in between is found and removed by
 * whoever makes a queue next, without a list of names, which only /dev/mqueue has. O_EXCL says
 * that a queue is our own, so it does no harm that two processes remove each other's names.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "fd.h"
#include "mq_pair.h"
#include "note.h"

int via_mq_size_of(struct via_mq_size *size, const struct via_uri *uri, struct via_note *note) {
        int r = via_note_unless_number(uri, "maxmsg", 1, 65536, VIA_MQ_MSGS_DEFAULT, &size->maxmsg,
                                       note);

        return r ? r
                 : via_note_unless_number(uri, "msgsize", VIA_MQ_SIZE_LEAST, VIA_MQ_SIZE_MOST,
                                          VIA_MQ_SIZE_DEFAULT, &size->msgsize, note);
}

/* --- names ------------------------------------------------------------------------------------ */

static void usual_name(char *name, size_t size) {
        snprintf(name, size, "/via-%u", geteuid());
}

void via_mq_clean(void) {
        char name[64];

        usual_name(name, sizeof(name));
        mq_unlink(name);
}

/* The mode lets nobody open it while it has a name; what is open stays so. */
static int make_queue(const struct via_mq_size *size, int *ret_queue) {
        struct mq_attr attr = { .mq_maxmsg = size->maxmsg, .mq_msgsize = size->msgsize };
        char name[64];

        usual_name(name, sizeof(name));
        for (int i = 0; i < 1000; i++) {
                mqd_t queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0, &attr);

                if (queue >= 0) {
                        VIA_POINT("mq: a queue that has a name");
                        mq_unlink(name);
                        *ret_queue = queue;
                        return 0;
                }
                if (errno != EEXIST)
                        return -errno;
                if (mq_unlink(name) < 0 && errno != ENOENT) {   /* somebody else's: another name */
                        uint64_t random;

                        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                                return -EEXIST;
                        snprintf(name, sizeof(name), "/via-%u-%016llx", geteuid(),
                                 (unsigned long long)random);
                }
        }
        return -EEXIST;
}

/* --- limits ----------------------------------------------------------------------------------- */

#define FOLDER "/proc/sys/fs/mqueue/"

/* What the kernel says there, or 0. */
static long kernel_limit(const char *path) {
        FILE *file = fopen(path, "re");
        long value = 0;

        if (file && fscanf(file, "%ld", &value) != 1)
                value = 0;
        if (file)
                fclose(file);
        return value;
}

/* What one queue costs: the kernel counts 96 bytes beside each message. */
static uint64_t cost(const struct via_mq_size *size) {
        return (uint64_t)size->maxmsg * (size->msgsize + 96);
}

/* Was it descriptors that were missing, and not bytes of queues? */
static bool out_of_descriptors(void) {
        int fd = open("/", O_PATH | O_CLOEXEC);
        bool out = fd < 0 && (errno == EMFILE || errno == ENFILE);

        via_fd_drop(&fd, 0);
        return out;
}

static int too_many_bytes(const struct via_mq_size *size, struct via_note *note) {
        struct rlimit limit = { 0 };

        if (out_of_descriptors())
                return via_note(note, -EMFILE, "no descriptor is free (ulimit -n)");
        getrlimit(RLIMIT_MSGQUEUE, &limit);
        return via_note(
                note, -EMFILE,
                "RLIMIT_MSGQUEUE (ulimit -q) gives uid %u %llu bytes of queues, enough for %llu "
                "clients with maxmsg=%u, msgsize=%u: they are there, or other queues are",
                geteuid(), (unsigned long long)limit.rlim_cur,
                (unsigned long long)(limit.rlim_cur / (2 * cost(size))), size->maxmsg,
                size->msgsize);
}

static int too_large(const struct via_mq_size *size, struct via_note *note) {
        long most = kernel_limit(FOLDER "msg_max");

        if (most && size->maxmsg > most)
                return via_note(note, -EINVAL, "maxmsg=%u: %smsg_max allows %ld", size->maxmsg,
                                FOLDER, most);
        most = kernel_limit(FOLDER "msgsize_max");
        if (most && size->msgsize > most)
                return via_note(note, -EINVAL, "msgsize=%u: %smsgsize_max allows %ld",
                                size->msgsize, FOLDER, most);
        return via_note(note, -EINVAL,
                        "maxmsg=%u, msgsize=%u: more than the kernel allows, see %s", size->maxmsg,
                        size->msgsize, FOLDER);
}

static int explain(const struct via_mq_size *size, int r, struct via_note *note) {
        switch (r) {
        case -EMFILE:
                return too_many_bytes(size, note);
        case -EINVAL:
                return too_large(size, note);
        case -ENOSPC:
                return via_note(note, r,
                                "there are %ld message queues, as many as %squeues_max allows",
                                kernel_limit(FOLDER "queues_max"), FOLDER);
        case -ENOSYS:
                return via_note(note, r, "this kernel has no POSIX message queues");
        default:
                return via_note(note, r, "cannot make a message queue: %s", strerror(-r));
        }
}

/* --- pairs ------------------------------------------------------------------------------------ */

int via_mq_pair_make(struct via_mq_pair *pair, const struct via_mq_size *size,
                     struct via_note *note) {
        int r = make_queue(size, &pair->in);

        if (r)
                return explain(size, r, note);
        r = make_queue(size, &pair->out);
        if (r)
                return via_fd_drop(&pair->in, explain(size, r, note));
        pair->size = *size;
        return 0;
}

void via_mq_pair_close(struct via_mq_pair *pair) {
        via_fd_drop(&pair->in, 0);
        via_fd_drop(&pair->out, 0);
}

void via_mq_pair_offer(const struct via_mq_pair *pair, struct via_hello *hello) {
        *hello = (struct via_hello){ .fds = { pair->out, pair->in }, .n_fds = 2 };
        memcpy(hello->bytes, &pair->size, sizeof(pair->size));
}

static bool is_queue(int fd, const struct via_mq_size *size) {
        int flags = fcntl(fd, F_GETFL);
        struct mq_attr attr;

        return flags >= 0 && (flags & O_ACCMODE) == O_RDWR && mq_getattr(fd, &attr) == 0 &&
               attr.mq_maxmsg == (long)size->maxmsg && attr.mq_msgsize == (long)size->msgsize;
}

int via_mq_pair_check(struct via_mq_pair *pair, const struct via_hello *hello) {
        struct via_mq_size size;

        memcpy(&size, hello->bytes, sizeof(size));
        if (hello->n_fds != 2 || size.maxmsg < 1 || size.msgsize < VIA_MQ_SIZE_LEAST ||
            size.msgsize > VIA_MQ_SIZE_MOST || !is_queue(hello->fds[0], &size) ||
            !is_queue(hello->fds[1], &size))
                return -EPROTO;
        *pair = (struct via_mq_pair){ .size = size, .in = hello->fds[0], .out = hello->fds[1] };
        return 0;
}

/* --- messages --------------------------------------------------------------------------------- */

enum { TICK_MS = 10 };                          /* the kernel's, at most */

static const struct timespec long_ago;          /* does not wait, whatever O_NONBLOCK is */

int via_mq_put(int queue, const void *data, size_t size, unsigned priority) {
        int r;

        do
                r = mq_timedsend(queue, data, size, priority, &long_ago) < 0 ? -errno : 0;
        while (r == -EINTR);
        return r == -ETIMEDOUT ? -EAGAIN : r;
}

/*
 * The kernel knows only the clock that people set. Should they set it back in this moment, the
 * wait is as much longer, unless something comes. What is longer than a tick may end a tick early.
 */
static struct timespec after(int ms) {
        struct timespec t;

        clock_gettime(ms < TICK_MS ? CLOCK_REALTIME : CLOCK_REALTIME_COARSE, &t);
        t.tv_sec += ms / 1000;
        t.tv_nsec += ms % 1000 * 1000000L;
        if (t.tv_nsec >= 1000000000) {
                t.tv_sec++;
                t.tv_nsec -= 1000000000;
        }
        return t;
}

ssize_t via_mq_get(int queue, void *buf, size_t size, int timeout_ms, unsigned *ret_priority) {
        struct timespec until = timeout_ms ? after(timeout_ms) : long_ago;
        ssize_t n;

        do
                n = mq_timedreceive(queue, buf, size, ret_priority, &until);
        while (n < 0 && errno == EINTR && timeout_ms == 0);
        if (n >= 0)
                return n;
        n = -errno;
        if (n == -EAGAIN && timeout_ms)         /* it should have waited: so it will next time */
                fcntl(queue, F_SETFL, fcntl(queue, F_GETFL) & ~O_NONBLOCK);
        return n == -ETIMEDOUT ? -EAGAIN : n;
}
