/*
 * server.c - counts primes at the endpoints given, until SIGTERM
 *
 * Handlers run in the thread that serves, and so does status(). count() leaves it to the pool,
 * whose threads (four, or UV_THREADPOOL_SIZE) share with it nothing but three numbers.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <via/via.h>
#include "primes.h"

static struct via_server *server;
static atomic_uint running, done, given_up;

struct range {
        uint32_t from, to;
};

static bool is_prime(uint32_t n) {
        for (uint32_t d = 2; (uint64_t)d * d <= n; d++)
                if (n % d == 0)
                        return false;
        return n >= 2;
}

/*
 * In a thread of the pool. A few thousand numbers take a moment: so often it looks whether to
 * stop.
 */
static int count_range(struct via_call *call, void *user) {
        const struct range *range = user;
        uint32_t n = 0;

        for (uint32_t i = range->from; i < range->to; i++) {
                if (i % 4096 == 0 && via_call_cancelled(call))
                        break;
                n += is_prime(i);
        }
        running--;
        if (via_call_cancelled(call)) {
                given_up++;
                return VIA_CANCELLED;
        }
        done++;
        return primes_Counter_count_reply(call, n);
}

static int count(struct via_call *call, uint32_t from, uint32_t to, uint32_t *ret_result) {
        struct range *range = via_call_alloc(call, sizeof(*range));
        int code;

        (void)ret_result;                       /* the answer comes later */
        if (!range)
                return VIA_RESOURCE_EXHAUSTED;
        *range = (struct range){ .from = from, .to = to };
        running++;
        code = via_call_offload(call, count_range, range);
        if (code != VIA_DEFERRED)
                running--;
        return code;
}

static int status(struct via_call *call, struct primes_Status *ret_result) {
        (void)call;
        ret_result->running = running;
        ret_result->done = done;
        ret_result->given_up = given_up;
        return VIA_OK;
}

static int listen_on(char **endpoints, struct via_error *err) {
        for (unsigned i = 0; endpoints[i]; i++) {
                int code = via_server_listen(server, endpoints[i], err);

                if (code)
                        return code;
                puts(via_server_endpoint(server, i));
                fflush(stdout);
        }
        return VIA_OK;
}

int main(int argc, char **argv) {
        static const struct primes_Counter_ops ops = { .count = count, .status = status };
        struct via_error err = VIA_ERROR_INIT;

        if (argc < 2)
                return fprintf(stderr, "usage: server ENDPOINT...\n"), 2;

        server = via_server_new(NULL);
        if (primes_Counter_serve(server, &ops, NULL, &err) == 0 &&
            via_server_handle_signals(server, NULL, NULL, &err) == 0 &&
            listen_on(argv + 1, &err) == 0) {
                via_server_run(server);
        }
        server = via_server_free(server);
        return err.code ? via_error_report(&err) : 0;
}
