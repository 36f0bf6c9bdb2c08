/*
 * client.c - has primes counted in several calls at once, and asks meanwhile how far they are
 *
 * One thread: the calls are started, and a turn of the client ends those that were answered.
 * Ctrl-C gives up those that were not.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <via/via.h>
#include "primes.h"

enum { CALLS_MAX = 1000 };

static volatile sig_atomic_t interrupted;

static struct {
        struct via_handle *handle;              /* NULL: it has ended */
        struct via_error   err;
        uint32_t           primes;
} parts[CALLS_MAX];

static void on_interrupt(int number) {
        signal(number, SIG_DFL);                /* a second one ends us at once */
        interrupted = 1;
}

static double now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void on_count(void *user, int code, uint32_t result, const struct via_error *err) {
        size_t i = (size_t)(uintptr_t)user;

        parts[i].handle = NULL;
        parts[i].primes = result;
        if (code)
                via_error_copy(&parts[i].err, err);
}

static void start(struct via_client *client, uint32_t below, uint32_t n) {
        for (uint32_t i = 0; i < n; i++) {
                uint32_t from = (uint32_t)((uint64_t)below * i / n);
                uint32_t to = (uint32_t)((uint64_t)below * (i + 1) / n);

                parts[i].handle = primes_Counter_count_async(client, from, to, NULL, on_count,
                                                             (void *)(uintptr_t)i);
        }
}

/*
 * Asks how far they are, every tenth of a second: *@ret_slowest is the longest an answer took,
 * in ms.
 */
static int watch(struct via_client *client, uint32_t n, double *ret_slowest,
                 struct via_error *err) {
        int code = VIA_OK;

        while (!code && via_client_pending(client)) {
                struct primes_Status *status;
                double before = now_ms();

                code = primes_Counter_status(client, &status, err);
                if (code)
                        break;
                if (now_ms() - before > *ret_slowest)
                        *ret_slowest = now_ms() - before;
                fprintf(stderr, "\r%" PRIu32 " running, %u of %" PRIu32 " answered ",
                        status->running, n - via_client_pending(client), n);
                primes_Status_free(status);
                for (uint32_t i = 0; interrupted && i < n; i++)
                        via_handle_cancel(parts[i].handle);
                code = via_client_turn(client, 100, err);
        }
        fputc('\n', stderr);
        return code;
}

/* What the parts say together, and frees their errors. */
static void sum_up(uint32_t n, double slowest, struct via_error *err) {
        uint32_t primes = 0, answered = 0;

        for (uint32_t i = 0; i < n; i++) {
                primes += parts[i].primes;
                answered += !parts[i].err.code;
                if (parts[i].err.code && !err->code)
                        via_error_copy(err, &parts[i].err);
                via_error_fini(&parts[i].err);
        }
        printf("%" PRIu32 " primes in %" PRIu32 " of %" PRIu32
               " parts; status took at most %.1f ms\n",
               primes, answered, n, slowest);
}

int main(int argc, char **argv) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *client = NULL;
        uint32_t below, n;
        double slowest = 0;

        if (argc != 4)
                return fprintf(stderr, "usage: client ENDPOINT BELOW CALLS\n"), 2;
        below = (uint32_t)strtoul(argv[2], NULL, 10);
        n = (uint32_t)strtoul(argv[3], NULL, 10);
        if (n < 1 || n > CALLS_MAX)
                return fprintf(stderr, "client: 1 to %d calls, please\n", CALLS_MAX), 2;

        signal(SIGINT, on_interrupt);
        if (via_client_open(&client, argv[1], NULL, &err) == 0) {
                start(client, below, n);
                if (watch(client, n, &slowest, &err) == 0)
                        sum_up(n, slowest, &err);
        }
        via_client_close(client);
        return err.code ? via_error_report(&err) : 0;
}
