#pragma once
/*
 * ring.h - bytes from one thread or process to one other, through memory
 *
 * Two positions count bytes since the beginning and never go back: the writer's tail and the
 * reader's head. Each is published in one word that only its owner writes; each side works on a
 * private copy, and takes from the other's word nothing but a number that it reads once and
 * checks: whoever shares the memory can lie, and end the link with -EPROTO, but cannot lead
 * anybody outside the ring. The four verbs: reserve and commit to write, peek and release to
 * read.
 *
 * Publishing is sequentially consistent, and so is looking: who publishes and then sees nobody
 * asleep can rely on the other, who said so and then looked again, to have seen what was
 * published. Never sleeps, wakes or allocates.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

/*
 * A position as the other side sees it; in a cache line of its own, since both sides are busy.
 */
struct via_ring_position {
        _Alignas(64) _Atomic uint64_t bytes;
};

struct via_ring_writer {
        unsigned char                  *bytes;
        uint64_t                        size;   /* a power of two */
        uint64_t                        tail, head;             /* head: as far as we know */
        struct via_ring_position       *ret_tail;
        const struct via_ring_position *peer_head;
};

struct via_ring_reader {
        const unsigned char            *bytes;
        uint64_t                        size;
        uint64_t                        head, tail;             /* tail: as far as we know */
        struct via_ring_position       *ret_head;
        const struct via_ring_position *peer_tail;
};

/*
 * How much can be written: more than 0, 0 or -EPROTO. Looks at the peer's word only if less
 * than @want (1 or more) is known to be free.
 */
static inline int64_t via_ring_room(struct via_ring_writer *ring, size_t want) {
        if (ring->size - (ring->tail - ring->head) < want) {
                uint64_t head = atomic_load(&ring->peer_head->bytes);

                if (ring->tail - head > ring->size)
                        return -EPROTO;
                ring->head = head;
        }
        return (int64_t)(ring->size - (ring->tail - ring->head));
}

/* How much can be read: more than 0, 0 or -EPROTO. @want as above. */
static inline int64_t via_ring_filled(struct via_ring_reader *ring, size_t want) {
        if (ring->tail - ring->head < want) {
                uint64_t tail = atomic_load(&ring->peer_tail->bytes);

                if (tail - ring->head > ring->size)
                        return -EPROTO;
                ring->tail = tail;
        }
        return (int64_t)(ring->tail - ring->head);
}

/*
 * Lends the free bytes that lie together, to be filled before via_ring_commit(): how many, 0 or
 * -EPROTO.
 */
static inline int64_t via_ring_reserve(struct via_ring_writer *ring, size_t want,
                                       unsigned char **ret_bytes) {
        int64_t room = via_ring_room(ring, want);
        uint64_t at = ring->tail & (ring->size - 1);

        if (room <= 0)
                return room;
        *ret_bytes = ring->bytes + at;
        return (uint64_t)room < ring->size - at ? room : (int64_t)(ring->size - at);
}

static inline void via_ring_commit(struct via_ring_writer *ring, uint64_t n) {
        ring->tail += n;
        atomic_store(&ring->ret_tail->bytes, ring->tail);
}

/*
 * Lends the filled bytes that lie together, until via_ring_release(): how many, 0 or -EPROTO.
 */
static inline int64_t via_ring_peek(struct via_ring_reader *ring, const unsigned char **ret_bytes) {
        int64_t filled = via_ring_filled(ring, 1);
        uint64_t at = ring->head & (ring->size - 1);

        if (filled <= 0)
                return filled;
        *ret_bytes = ring->bytes + at;
        return (uint64_t)filled < ring->size - at ? filled : (int64_t)(ring->size - at);
}

static inline void via_ring_release(struct via_ring_reader *ring, uint64_t n) {
        ring->head += n;
        atomic_store(&ring->ret_head->bytes, ring->head);
}

/*
 * Copies as much of @data as there is room for and publishes it at once: how much, or -EPROTO.
 */
static inline ssize_t via_ring_write(struct via_ring_writer *ring, const void *data, size_t size) {
        uint64_t at = ring->tail & (ring->size - 1), first;
        int64_t room = via_ring_room(ring, size);

        if (room <= 0)
                return (ssize_t)room;
        size = (uint64_t)room < size ? (size_t)room : size;
        first = ring->size - at < size ? ring->size - at : size;
        memcpy(ring->bytes + at, data, first);
        memcpy(ring->bytes, (const char *)data + first, size - first);
        via_ring_commit(ring, size);
        return (ssize_t)size;
}

/* Copies out what is there, at most @size, and gives its room back: how much, or -EPROTO. */
static inline ssize_t via_ring_read(struct via_ring_reader *ring, void *buf, size_t size) {
        uint64_t at = ring->head & (ring->size - 1), first;
        int64_t filled = via_ring_filled(ring, size);

        if (filled <= 0)
                return (ssize_t)filled;
        size = (uint64_t)filled < size ? (size_t)filled : size;
        first = ring->size - at < size ? ring->size - at : size;
        memcpy(buf, ring->bytes + at, first);
        memcpy((char *)buf + first, ring->bytes, size - first);
        via_ring_release(ring, size);
        return (ssize_t)size;
}
