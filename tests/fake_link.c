/*
 * fake_link.c - a link that does what it is told, and a pump on it
 */
#include "alloc.h"
#include "fake_link.h"

static ssize_t fake_recv(struct via_link *link, void *buf, size_t size) {
        struct fake *fake = (struct fake *)link;
        size_t n = fake->n_in < size ? fake->n_in : size;

        if (fake->in_most && n > fake->in_most)
                n = fake->in_most;
        if (n == 0)
                return fake->in_end;
        memcpy(buf, fake->in, n);
        link->recv_priority = fake->in_priority;
        fake->in += n;
        fake->n_in -= n;
        return (ssize_t)n;
}

static ssize_t fake_recv_wait(struct via_link *link, void *buf, size_t size, int timeout_ms) {
        ((struct fake *)link)->waited = timeout_ms;
        return fake_recv(link, buf, size);
}

static ssize_t fake_send(struct via_link *link, const void *data, size_t size) {
        struct fake *fake = (struct fake *)link;
        size_t n = fake->out_room < size ? fake->out_room : size;

        if (fake->out_most && n > fake->out_most)
                n = fake->out_most;
        if (n == 0)
                return fake->out_end;
        if (strlen(fake->sent) < sizeof(fake->sent) - 1)
                strcat(fake->sent, link->send_priority ? "H" : "N");
        for (size_t i = 0; i < n; i++, fake->n_out++)
                if (fake->n_out < sizeof(fake->out))
                        fake->out[fake->n_out] = ((const uint8_t *)data)[i];
        fake->out_room -= n;
        return (ssize_t)n;
}

static int fake_arm(struct via_link *link, int want, struct via_wait *ret_wait) {
        ((struct fake *)link)->wanted = want;
        return ret_wait->n_fds == 0 ? VIA_AWAKE : -EINVAL;
}

int fake_closed;

static void fake_close(struct via_link *link) {
        CHECK(link->by);
        fake_closed++;
}

const struct via_transport transport = {
        .scheme = "fake",
        .send = fake_send,
        .recv = fake_recv,
        .recv_wait = fake_recv_wait,
        .arm = fake_arm,
        .close = fake_close,
};

const struct via_transport transport_without_wait = {
        .send = fake_send, .recv = fake_recv, .arm = fake_arm, .close = fake_close
};

const struct via_transport transport_with_lanes = {
        .traits = VIA_PRIORITY, .send = fake_send, .recv = fake_recv, .arm = fake_arm,
        .close = fake_close
};

struct via_pool pool;
const struct via_limits defaults;
struct frames input;

struct fake *start_by(struct via_pump *pump, const struct via_transport *by) {
        struct fake *fake = calloc(1, sizeof(*fake));

        REQUIRE(fake);
        fake->link.by = by;
        fake->in_end = fake->out_end = -EAGAIN;
        fake->out_room = SIZE_MAX;
        fake->waited = -1;
        via_pump_init(pump, &fake->link, &pool, &defaults, 0);
        return fake;
}

struct fake *start(struct via_pump *pump) {
        return start_by(pump, &transport);
}

void arrives(struct fake *fake, const void *bytes, size_t n) {
        fake->in = bytes;
        fake->n_in = n;
}

unsigned receive(struct via_pump *pump, struct via_event *ev) {
        unsigned n = 0;
        int r = via_pump_drain(pump, 0);

        CHECK_INT(r, ==, 0);
        while ((r = via_pump_next(pump, ev)) == 0)
                n++;
        CHECK_INT(r, ==, VIA_CONN_MORE);
        return n;
}

struct fake *greet(struct via_pump *pump, struct fake *fake) {
        struct via_event ev;

        input.n = 0;
        frames_hello(&input);
        arrives(fake, input.data, input.n);
        CHECK_INT(receive(pump, &ev), ==, 0);
        via_pump_rest(pump, 0);
        CHECK_INT(via_pump_flush(pump), ==, 0);
        input.n = fake->n_out = 0;
        *fake->sent = 0;
        return fake;
}

struct fake *start_greeted(struct via_pump *pump) {
        return greet(pump, start(pump));
}

void queue(struct via_pump *pump, const char *bytes) {
        uint8_t *room = via_pump_reserve(pump, strlen(bytes) + 100);

        REQUIRE(room);
        memcpy(room, bytes, strlen(bytes));
        via_pump_commit(pump, strlen(bytes));
}

void stop(struct via_pump *pump) {
        via_pump_fini(pump);
        via_pump_fini(pump);
        via_pool_fini(&pool);
        CHECK_INT(alloc_live(), ==, 0);
}
