/*
 * floor_ring.c - the least that shared memory can do: two rings of bytes, and nothing around them
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench.h"
#include "floor_ring.h"
#include "meter.h"
#include "sock.h"

enum { PAGE = 4096, RING_LEAST = 64 * 1024, WINDOW_MAX = 256, PAYLOAD_MAX = 64 };

struct word {
        _Alignas(64) _Atomic uint64_t value;
};

struct words { /* of one side: what it has written and read */
        struct word tail, head, sleeping, left;
};

struct end {
        struct words *me, *peer;
        unsigned char *out, *in; /* each twice in a row, so that no piece is cut */
        uint64_t mask, tail, head, seen;
        int bell, peer_bell;
        int epoll; /* of a server, which sleeps in it; or -1 */
        bool spin;
        void *memory;
        size_t size;
};

/* memory, and the bells of the server and of the client */
enum { FDS = 3 };

static int pass(int sock, int *fds, bool send_them) {
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS * sizeof(int))] = { 0 };
        struct iovec iov = { .iov_base = &(char){ 0 }, .iov_len = 1 };
        struct msghdr msg = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = sizeof(control) };
        struct cmsghdr *cmsg = (struct cmsghdr *)control;

        if (!send_them) {
                if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1 || msg.msg_flags & MSG_CTRUNC)
                        return -EPROTO;
                memcpy(fds, CMSG_DATA(cmsg), FDS * sizeof(int));
                return 0;
        }
        *cmsg = (struct cmsghdr){ .cmsg_len = CMSG_LEN(FDS * sizeof(int)),
                                  .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS };
        memcpy(CMSG_DATA(cmsg), fds, FDS * sizeof(int));
        return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

/* Maps the @ring bytes at @at of the file twice in a row at @to. */
static bool map_twice(unsigned char *to, size_t ring, int fd, off_t at) {
        for (int i = 0; i < 2; i++)
                if (mmap(to + (size_t)i * ring, ring, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, at) == MAP_FAILED)
                        return false;
        return true;
}

static int end_init(struct end *end, struct bench_side *side, bool server, const int *fds) {
        size_t ring = RING_LEAST;
        unsigned char *at;

        while (ring < 2 * side->kind->size)
                ring *= 2;
        end->size = PAGE + 4 * ring;
        at = mmap(NULL, end->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED)
                return -errno;
        end->memory = at;
        if ((server && ftruncate(fds[0], (off_t)(PAGE + 2 * ring)) < 0) ||
            mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fds[0], 0) ==
                    MAP_FAILED ||
            !map_twice(at + PAGE, ring, fds[0], PAGE) ||
            !map_twice(at + PAGE + 2 * ring, ring, fds[0], (off_t)(PAGE + ring)))
                return -errno;
        end->me = (struct words *)(void *)at + server;
        end->peer = (struct words *)(void *)at + !server;
        end->out = at + PAGE + (server ? 2 * ring : 0);
        end->in = at + PAGE + (server ? 0 : 2 * ring);
        end->mask = ring - 1;
        end->bell = fds[server ? 1 : 2];
        end->peer_bell = fds[server ? 2 : 1];
        end->spin = bench_spins(side->system);
        end->epoll = server ? epoll_create1(EPOLL_CLOEXEC) : -1;
        close(fds[0]);
        return server && epoll_ctl(end->epoll, EPOLL_CTL_ADD, end->bell,
                                   &(struct epoll_event){ .events = EPOLLIN }) < 0
                       ? -errno
                       : 0;
}

static void end_fini(struct end *end) {
        munmap(end->memory, end->size);
        close(end->bell);
        close(end->peer_bell);
        if (end->epoll >= 0)
                close(end->epoll);
}

static int end_serve(struct end *end, struct bench_side *side) {
        int fds[FDS] = { memfd_create("floor", MFD_CLOEXEC), eventfd(0, EFD_CLOEXEC),
                         eventfd(0, EFD_CLOEXEC) };
        int sock, r = end_init(end, side, true, (int[FDS]){ dup(fds[0]), fds[1], fds[2] });

        if (r < 0)
                return side_fail(side, r, "no memory for a ring");
        sock = sock_serve(side);
        if (sock < 0)
                return sock;
        r = pass(sock, fds, true);
        close(sock);
        close(fds[0]);
        return r < 0 ? side_fail(side, r, "cannot pass the ring") : 0;
}

static int end_connect(struct end *end, struct bench_side *side) {
        int fds[FDS], r, sock = sock_connect(side);

        if (sock < 0)
                return sock;
        r = pass(sock, fds, false);
        close(sock);
        r = r ? r : end_init(end, side, false, fds);
        return r < 0 ? side_fail(side, r, "cannot have the ring") : 0;
}

static void ring_bell(struct end *end) {
        if (write(end->peer_bell, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0)
                abort();
}

static inline void publish(struct end *end) {
        if (end->spin) {
                atomic_store_explicit(&end->me->tail.value, end->tail, memory_order_release);
                return;
        }
        atomic_store(&end->me->tail.value, end->tail);
        if (atomic_load(&end->peer->sleeping.value))
                ring_bell(end);
}

static void leave(struct end *end) {
        atomic_store(&end->me->left.value, 1);
        ring_bell(end);
        end_fini(end);
}

static inline bool have(struct end *end, uint64_t size) {
        if (end->seen - end->head < size)
                end->seen = atomic_load(&end->peer->tail.value);
        return end->seen - end->head >= size;
}

static int sleep_once(struct end *end) {
        struct epoll_event event;
        uint64_t count;

        if (end->epoll >= 0 && epoll_wait(end->epoll, &event, 1, -1) < 0)
                return -errno;
        return read(end->bell, &count, sizeof(count)) < 0 ? -errno : 0;
}

/* Waits until @size bytes have come; -ECONNRESET: the peer has left. */
static inline int await(struct end *end, uint64_t size) {
        int r;

        while (!have(end, size)) {
                if (atomic_load_explicit(&end->peer->left.value, memory_order_relaxed))
                        return -ECONNRESET;
#if defined(__x86_64__) || defined(__i386__)
                __builtin_ia32_pause();
#endif
                if (end->spin)
                        continue;
                atomic_store(&end->me->sleeping.value, 1);
                r = have(end, size) ? 0 : sleep_once(end);
                if (r)
                        return r;
                atomic_store_explicit(&end->me->sleeping.value, 0, memory_order_relaxed);
        }
        return 0;
}

static inline unsigned char *room(struct end *end) {
        return end->out + (end->tail & end->mask);
}

static inline const unsigned char *there(struct end *end) {
        return end->in + (end->head & end->mask);
}

/* What was read may be written over. Nobody looks: neither side sends more than fits. */
static inline void release(struct end *end) {
        atomic_store_explicit(&end->me->head.value, end->head, memory_order_release);
}

/* --- raw --- */

struct raw {
        struct end end;
        unsigned char *data;
        size_t size;
};

static inline void raw_put(struct raw *raw) {
        memcpy(room(&raw->end), raw->data, raw->size);
        raw->end.tail += raw->size;
        publish(&raw->end);
}

static inline int raw_get(struct raw *raw) {
        int r = await(&raw->end, raw->size);

        if (r)
                return r;
        memcpy(raw->data, there(&raw->end), raw->size);
        raw->end.head += raw->size;
        release(&raw->end);
        return 0;
}

static int raw_init(struct raw *raw, struct bench_side *side) {
        *raw = (struct raw){ .size = side->kind->size, .data = malloc(side->kind->size) };
        if (!raw->data)
                return side_fail(side, -ENOMEM, "no buffer");
        memset(raw->data, 'v', raw->size);
        return 0;
}

int ring_serve_raw(struct bench_side *side) {
        struct raw raw;
        int r = raw_init(&raw, side);

        r = r ? r : end_serve(&raw.end, side);
        if (r)
                return r;
        while ((r = raw_get(&raw)) == 0)
                raw_put(&raw);
        end_fini(&raw.end);
        free(raw.data);
        return r == -ECONNRESET ? 0 : side_fail(side, r, "echo");
}

static int raw_call(void *self) {
        raw_put(self);
        return raw_get(self);
}

int ring_drive_raw(struct bench_side *side) {
        struct raw raw;
        int r = raw_init(&raw, side);

        r = r ? r : end_connect(&raw.end, side);
        if (r)
                return r;
        r = meter_sequential(side, raw_call, &raw);
        leave(&raw.end);
        free(raw.data);
        return r < 0 ? side_fail(side, r, "a round trip failed") : 0;
}

/* --- hand --- */

struct header {
        uint32_t size, id, method;
};

static inline void put(struct end *end, struct header header, const void *payload) {
        unsigned char *p = room(end);

        memcpy(p, &header, sizeof(header));
        memcpy(p + sizeof(header), payload, header.size);
        end->tail += sizeof(header) + header.size;
}

/* The next message, in place; false: none is there. */
static inline bool get(struct end *end, struct header *ret, const unsigned char **ret_payload) {
        if (!have(end, sizeof(*ret)))
                return false;
        memcpy(ret, there(end), sizeof(*ret));
        *ret_payload = there(end) + sizeof(*ret);
        end->head += sizeof(*ret) + ret->size;
        return true;
}

static void echo(struct end *end, struct header header, const void *payload) {
        put(end, (struct header){ header.size, header.id, 0 }, payload);
}

static void (*const methods[])(struct end *, struct header, const void *) = { NULL, echo };

int ring_serve_hand(struct bench_side *side) {
        struct end end = { 0 };
        int r = end_serve(&end, side);

        if (r)
                return r;
        while ((r = await(&end, 1)) == 0) {
                const unsigned char *payload;
                struct header header;

                while (get(&end, &header, &payload))
                        methods[header.method & 1](&end, header, payload);
                release(&end);
                publish(&end);
        }
        end_fini(&end);
        return r == -ECONNRESET ? 0 : side_fail(side, r, "serving");
}

struct slot {
        uint32_t id;
        char request[PAYLOAD_MAX], result[PAYLOAD_MAX];
};

/* The caller would look at its result here; without this the copy could be left out. */
static inline void used(const void *result) {
        __asm__ volatile("" ::"r"(result)
                         : "memory");
}

static void call(struct end *end, struct slot *slot, uint32_t size) {
        slot->id += WINDOW_MAX;
        put(end, (struct header){ size, slot->id, 1 }, slot->request);
}

int ring_drive_hand(struct bench_side *side) {
        static struct slot slots[WINDOW_MAX];
        uint32_t size = (uint32_t)side->kind->size;
        struct end end = { 0 };
        struct meter meter;
        uint64_t calls = 0;
        int r = end_connect(&end, side);

        if (r)
                return r;
        if (meter_init(&meter, side) < 0)
                return side_fail(side, -ENOMEM, "no buffers");
        for (uint32_t i = 0; i < side->kind->window; i++) {
                slots[i].id = i;
                memset(slots[i].request, 'v', size);
                call(&end, &slots[i], size);
        }
        publish(&end);
        while (r == 0 && meter_more(&meter, calls)) {
                const unsigned char *payload;
                struct header header;

                r = await(&end, 1);
                while (r == 0 && get(&end, &header, &payload)) {
                        struct slot *slot = &slots[header.id % WINDOW_MAX];

                        if (slot->id != header.id || header.size != size) {
                                r = -EPROTO;
                                break;
                        }
                        memcpy(slot->result, payload, size);
                        used(slot->result);
                        calls++;
                        call(&end, slot, size);
                }
                release(&end);
                publish(&end);
        }
        meter_fini(&meter);
        leave(&end);
        return r < 0 ? side_fail(side, r, "the calls failed") : 0;
}
