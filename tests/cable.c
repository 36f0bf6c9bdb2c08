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
        uint8_t        *lent, *shown;           /* on the heap, so that a byte too far is seen */
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

/* Puts @n bytes, for which there is room, on their way. */
static void put(struct cable *cable, struct cable_way *way, const void *data, size_t n) {
        int64_t arrives = cable->now + random_below(&cable->random, cable->delay + 1);
        const struct cable_way *high = way + 1;

        /* What is normal never overtakes what is high. */
        if ((way == cable->ways[0] || way == cable->ways[1]) && high->n_pieces &&
            high->pieces[high->n_pieces - 1].arrives > arrives)
                arrives = high->pieces[high->n_pieces - 1].arrives;

        for (size_t i = 0, part; i < n; i += part, way->sent += part) {
                part = CABLE_ROOM - way->sent % CABLE_ROOM;
                part = part < n - i ? part : n - i;
                memcpy(way->bytes + way->sent % CABLE_ROOM, (const uint8_t *)data + i, part);
        }
        if (way->n_pieces && way->pieces[way->n_pieces - 1].arrives > arrives)
                arrives = way->pieces[way->n_pieces - 1].arrives;
        way->pieces[way->n_pieces].end = way->sent;
        way->pieces[way->n_pieces++].arrives = arrives;
}

static size_t room_in(const struct cable *cable, const struct cable_way *way) {
        return way->n_pieces == CABLE_PIECES ? 0 : cable->room - (size_t)(way->sent - way->got);
}

static ssize_t cable_send(struct via_link *link, const void *data, size_t size) {
        struct cable_link *self = cable_of(link);
        struct cable *cable = self->cable;
        struct cable_way *way = &cable->ways[self->end][cable->lanes ? link->send_priority : 0];
        size_t n = room_in(cable, way);

        if (way->deaf)
                return -EPIPE;
        n = some(cable, n < size ? n : size);
        if (n == 0 || (!cable->whole && random_once(&cable->random, 10)))
                return -EAGAIN;
        put(cable, way, data, n);
        return (ssize_t)n;
}

/* How many bytes are there of @size asked for; or what recv() returns when none are. */
static ssize_t arrived(struct cable *cable, const struct cable_way *way, size_t size) {
        uint64_t there = way->got;
        size_t n;

        for (unsigned i = 0; i < way->n_pieces && way->pieces[i].arrives <= cable->now; i++)
                there = way->pieces[i].end;
        n = (size_t)(there - way->got);
        n = some(cable, n < size ? n : size);
        if (n)
                return (ssize_t)n;
        if (way->n_pieces || !way->ended)
                return -EAGAIN;
        return way->ended < 0 ? way->ended : 0;
}

static void show(const struct cable_way *way, uint8_t *buf, size_t n) {
        size_t from = way->got % CABLE_ROOM, part = CABLE_ROOM - from < n ? CABLE_ROOM - from : n;

        memcpy(buf, way->bytes + from, part);
        memcpy(buf + part, way->bytes, n - part);
}

static void take(struct cable_way *way, size_t n) {
        way->got += n;
        while (way->n_pieces && way->pieces[0].end <= way->got)
                memmove(way->pieces, way->pieces + 1, --way->n_pieces * sizeof(way->pieces[0]));
}

static ssize_t cable_recv(struct via_link *link, void *buf, size_t size) {
        struct cable_link *self = cable_of(link);
        struct cable_way *ways = self->cable->ways[!self->end];
        ssize_t n = 0;

        for (int high = self->cable->lanes; high >= 0; high--) {
                n = arrived(self->cable, &ways[high], size);
                if (n <= 0)
                        continue;
                show(&ways[high], buf, (size_t)n);
                take(&ways[high], (size_t)n);
                link->recv_priority = (uint8_t)high;
                return n;
        }
        return ways[1].n_pieces ? -EAGAIN : n;
}

static uint8_t *cable_reserve(struct via_link *link, size_t size) {
        struct cable_link *self = cable_of(link);
        struct cable *cable = self->cable;
        struct cable_way *way = cable->ways[self->end];
        uint8_t *lent;

        if (way->deaf || size > room_in(cable, way) || random_once(&cable->random, 10))
                return NULL;
        lent = realloc(self->lent, size ? size : 1);
        if (lent)
                self->lent = lent;
        return lent;
}

static void cable_commit(struct via_link *link, size_t size) {
        struct cable_link *self = cable_of(link);
        struct cable_way *way = self->cable->ways[self->end];

        if (!way->deaf)
                put(self->cable, way, self->lent, size);
        free(self->lent);
        self->lent = NULL;
}

static ssize_t cable_peek(struct via_link *link, const uint8_t **ret_data) {
        struct cable_link *self = cable_of(link);
        struct cable_way *way = self->cable->ways[!self->end];
        ssize_t n = arrived(self->cable, way, CABLE_ROOM);

        if (n <= 0)
                return n;
        free(self->shown);
        self->shown = malloc((size_t)n);
        if (!self->shown)
                return -EAGAIN;
        show(way, self->shown, (size_t)n);
        *ret_data = self->shown;
        return n;
}

static void cable_release(struct via_link *link, size_t size) {
        struct cable_link *self = cable_of(link);

        free(self->shown);
        self->shown = NULL;
        take(self->cable->ways[!self->end], size);
}

static int cable_arm(struct via_link *link, int want, struct via_wait *ret_wait) {
        (void)link;
        (void)want;
        ret_wait->n_fds = 0;
        return 0;
}

static void cable_close(struct via_link *link) {
        struct cable_link *self = cable_of(link);
        struct cable *cable = self->cable;

        for (int high = 0; high < 2; high++) {
                if (!cable->ways[self->end][high].ended)
                        cable->ways[self->end][high].ended = 1;
                cable->ways[!self->end][high].deaf = true;
        }
        free(self->lent);
        free(self->shown);
}

static const struct via_loan cable_loan = {
        .reserve = cable_reserve,
        .commit = cable_commit,
        .peek = cable_peek,
        .release = cable_release,
};

static const struct via_transport cable_transport = {
        .scheme = "cable",
        .send = cable_send,
        .recv = cable_recv,
        .arm = cable_arm,
        .close = cable_close,
};

static const struct via_transport cable_lending = {
        .scheme = "cable",
        .send = cable_send,
        .recv = cable_recv,
        .arm = cable_arm,
        .close = cable_close,
        .loan = &cable_loan,
};

static const struct via_transport cable_with_lanes = {
        .scheme = "cable",
        .traits = VIA_PRIORITY,
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
        *link = (struct cable_link){ .cable = cable, .end = end };
        link->link.by = cable->lends ? &cable_lending
                        : cable->lanes ? &cable_with_lanes
                                       : &cable_transport;
        return &link->link;
}

/* Loses the last of what is on its way, or all; whether anything was lost. */
static bool lose(struct cable *cable, struct cable_way *way, bool all) {
        uint32_t left = (uint32_t)(way->sent - way->got);
        uint64_t sent = way->got + (all ? 0 : random_below(&cable->random, left + 1));
        bool some_lost = sent < way->sent;

        way->sent = sent;
        while (way->n_pieces && way->pieces[way->n_pieces - 1].end > way->sent) {
                way->n_pieces--;
                if (way->sent > (way->n_pieces ? way->pieces[way->n_pieces - 1].end : way->got))
                        way->pieces[way->n_pieces++].end = way->sent;
        }
        way->ended = -ECONNRESET;
        way->deaf = true;
        return some_lost;
}

void cable_cut(struct cable *cable) {
        for (int i = 0; i < 2; i++)
                lose(cable, &cable->ways[i][0], lose(cable, &cable->ways[i][1], false));
}

int64_t cable_next(const struct cable *cable) {
        int64_t next = INT64_MAX;

        for (int i = 0; i < 4; i++) {
                const struct cable_way *way = &cable->ways[i / 2][i % 2];

                if (way->n_pieces && way->pieces[0].arrives < next)
                        next = way->pieces[0].arrives;
        }
        return next;
}
