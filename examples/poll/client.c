/*
 * client.c - a client in a loop of one's own: poll(2), with a timer and the keyboard beside it
 *
 * Each line that is typed is a name to be greeted; the answers come when they come, also after
 * the server was gone for a while. The timer says every second what is still waited for.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <via/via.h>
#include "hello.h"

static unsigned waiting;                        /* greetings that have not come yet */

static void on_greeting(void *user, int code, const char *greeting, const struct via_error *err) {
        (void)user;
        waiting--;
        if (code == VIA_OK)
                puts(greeting);
        else
                fprintf(stderr, "%s: %s\n", via_code_name(code), err->message);
}

/* Reads what was typed, and asks for each whole line: false at its end. */
static bool on_input(struct via_client *client) {
        static char line[256];
        static size_t n;
        struct via_call_options patient = { .flags = VIA_WAIT_FOR_READY };
        ssize_t got = read(STDIN_FILENO, line + n, sizeof(line) - 1 - n);
        char *end;

        if (got <= 0)
                return got < 0 && errno == EINTR;
        n += (size_t)got;
        line[n] = 0;
        while ((end = strchr(line, '\n')) || n == sizeof(line) - 1) {
                size_t used = end ? (size_t)(end - line) + 1 : n;

                line[used - 1] = 0;
                waiting++;
                hello_Greeter_greet_async(client, line, &patient, on_greeting, NULL);
                n -= used;
                memmove(line, line + used, n + 1);
        }
        return true;
}

static void on_timer(int timer, const struct via_client *client) {
        static const char *const states[] = { "idle", "connecting", "ready", "backing off",
                                              "closed" };
        uint64_t times;

        if (read(timer, &times, sizeof(times)) > 0 && waiting)
                fprintf(stderr, "%u to come, and the link is %s\n", waiting,
                        states[via_client_state(client)]);
}

/* Until nothing more is typed and every greeting has come. */
static void loop(struct via_client *client, int timer) {
        struct pollfd fds[] = { { .fd = via_client_fd(client),
                                  .events = via_client_events(client) },
                                { .fd = timer, .events = POLLIN },
                                { .fd = STDIN_FILENO, .events = POLLIN } };

        while (fds[2].fd >= 0 || waiting) {
                if (poll(fds, 3, via_client_timeout(client)) < 0 && errno != EINTR)
                        break;
                if (fds[1].revents)
                        on_timer(timer, client);
                if (fds[2].revents && !on_input(client))
                        fds[2].fd = -1;
                via_client_process(client, NULL);
        }
}

int main(int argc, char **argv) {
        struct via_client_options options = { .flags = VIA_CLIENT_EXTERNAL | VIA_CLIENT_LAZY };
        struct itimerspec second = { .it_value = { .tv_sec = 1 }, .it_interval = { .tv_sec = 1 } };
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *client;
        int timer;

        if (argc != 2)
                return fprintf(stderr, "usage: client ENDPOINT\n"), 2;
        if (via_client_open(&client, argv[1], &options, &err))
                return via_error_report(&err);
        timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (timer < 0 || timerfd_settime(timer, 0, &second, NULL) < 0)
                return perror("a timer"), 1;
        setvbuf(stdout, NULL, _IOLBF, 0);
        loop(client, timer);
        close(timer);
        return via_client_close(client);
}
