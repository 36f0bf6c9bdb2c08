/*
 * cable.c - two links in one process, and between them a cable that is held in memory
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cable.h"

struct cable_link {
        struct via_link link;
        struct cable   *cable;
        int             end;
};

static struct cable_link *cable_of(struct via_link *link) {
        return (struct cable_link *)link;
}

/* As many of @n as go this time; 0 only if @n is. */
static size_t some(struct cable *cable, size_t n) {
        if (n < 2 || cable->whole || random_once(&cable->random, 3))
                return n;
        if (random_once(&cable->random, 4) && n > 20)
                n = 20;                         /* about a header */
        return 1 + random_below(&cable->random, (uint32_t)n);
}

static ssize_t cable_send(struct via_link *link, const void *data, size_t size) {
        struct cable_link *self = cable_of(link);
        struct cable *cable = self->cable;
        struct cable_way *way = &cable->ways[self->end];
        int64_t arrives;
        size_t n = cable->room - (size_t)(way->sent - way->got);

        if (way->deaf)
                return -EPIPE;
        n = some(cable, n < size ? n : size);
        if (n == 0 || way->n_pieces == CABLE_PIECES ||
            (!cable->whole && random_once(&cable->random, 10)))
                return -EAGAIN;
        for (size_t i = 0; i < n; i++)
                way->bytes[way->sent++ % CABLE_ROOM] = ((const uint8_t *)data)[i];

        arrives = cable->now + random_below(&cable->random, cable->delay + 1);
        if (way->n_pieces && way->pieces[way->n_pieces - 1].arrives > arrives)
                arrives = way->pieces[way->n_pieces - 1].arrives;
        way->pieces[way->n_pieces].end = way->sent;
        way->pieces[way->n_pieces++].arrives = arrives;
        return (ssize_t)n;
}

static ssize_t cable_recv(struct via_link *link, void *buf, size_t size) {
        struct cable_link *self = cable_of(link);
        struct cable *cable = self->cable;
        struct cable_way *way = &cable->ways[!self->end];
        uint64_t there = way->got;
        size_t n;

        for (unsigned i = 0; i < way->n_pieces && way->pieces[i].arrives <= cable->now; i++)
                there = way->pieces[i].end;
        n = (size_t)(there - way->got);
        n = some(cable, n < size ? n : size);
        if (n == 0) {
                if (way->n_pieces || !way->ended)
                        return -EAGAIN;
                return way->ended < 0 ? way->ended : 0;
        }
        for (size_t i = 0; i < n; i++)
                ((uint8_t *)buf)[i] = way->bytes[way->got++ % CABLE_ROOM];
        while (way->n_pieces && way->pieces[0].end <= way->got)
                memmove(way->pieces, way->pieces + 1, --way->n_pieces * sizeof(way->pieces[0]));
        return (ssize_t)n;
}

static int cable_arm(struct via_link *link, int want, struct via_wait *ret_wait) {
        (void)link;
        (void)want;
        ret_wait->n_fds = 0;
        return 0;
}

static void cable_close(struct via_link *link) {
        struct cable_link *self = cable_of(link);
        struct cable_way *ways = self->cable->ways;

        if (!ways[self->end].ended)
                ways[self->end].ended = 1;
        ways[!self->end].deaf = true;
}

static const struct via_transport cable_transport = {
        .scheme = "cable",
        .link_size = sizeof(struct cable_link),
        .send = cable_send,
        .recv = cable_recv,
        .arm = cable_arm,
        .close = cable_close,
};

void cable_init(struct cable *cable, uint64_t seed) {
        memset(cable, 0, sizeof(*cable));
        cable->random.state = seed;
        cable->room = CABLE_ROOM;
}

struct via_link *cable_link(struct cable *cable, int end) {
        struct cable_link *link = calloc(1, sizeof(*link));

        if (!link)
                return NULL;
        *link = (struct cable_link){ .link.by = &cable_transport, .cable = cable, .end = end };
        return &link->link;
}

void cable_cut(struct cable *cable) {
        for (int i = 0; i < 2; i++) {
                struct cable_way *way = &cable->ways[i];
                uint32_t left = (uint32_t)(way->sent - way->got);

                way->sent = way->got + random_below(&cable->random, left + 1);
                while (way->n_pieces && way->pieces[way->n_pieces - 1].end > way->sent) {
                        way->n_pieces--;
                        if (way->sent >
                            (way->n_pieces ? way->pieces[way->n_pieces - 1].end : way->got))
                                way->pieces[way->n_pieces++].end = way->sent;
                }
                way->ended = -ECONNRESET;
                way->deaf = true;
        }
}

int64_t cable_next(const struct cable *cable) {
        int64_t next = INT64_MAX;

        for (int i = 0; i < 2; i++)
                if (cable->ways[i].n_pieces && cable->ways[i].pieces[0].arrives < next)
                        next = cable->ways[i].pieces[0].arrives;
        return next;
}
