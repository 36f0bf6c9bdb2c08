/*
 * behaviours_inside.c - what somebody does who has just been told something
 *
 * Every function that the library calls may close, cancel, start, and find that the peer is dead
 * or that its time is over. Whatever it does, each call ends once, and memory is looked at by the
 * sanitizers.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "behaviour.h"
#include "waiting.h"

enum act { CLOSE, CANCEL, START, STOP, KILL, LATE, ACTS };
enum place { ANSWERED, NOT_STARTED, CANCELLED, OVERDUE, READY, HANDLER, PLACES };
enum { OTHERS = 5, MORE = 3 };

struct told {
        int  ended, code;
        bool acts;                              /* whoever is told so does something */
};

static struct inside {
        struct caller     *caller;
        struct host       *host;
        enum act           act;
        bool               acted, closed;
        struct told        first, others[OTHERS], more[MORE];
        size_t             size;                /* of what is answered */
        struct via_handle *handles[OTHERS];
        struct via_stream *stream;
} in;

static void on_nothing(void *user, int code, const struct via_error *err);

static void on_text(void *user, int code, const char *result, const struct via_error *err) {
        (void)result;
        on_nothing(user, code, err);
}

/* What was answered can be read to the end, whatever was done meanwhile. */
static void on_octets(void *user, int code, size_t n, const uint8_t *result,
                      const struct via_error *err) {
        on_nothing(user, code, err);
        if (code == VIA_OK)
                CHECK(n == in.size && memcmp(result, pattern(n), n) == 0);
}

static void on_number(void *user, int code, uint32_t result, const struct via_error *err) {
        (void)result;
        on_nothing(user, code, err);
}

static void act(void) {
        if (in.acted)
                return;
        in.acted = true;
        switch (in.act) {
        case CLOSE:
                in.closed = true;
                CHECK_INT(via_client_close(in.caller->client), ==, 0);
                break;
        case CANCEL:
                for (int i = 0; i < OTHERS; i++)
                        if (!in.others[i].ended)
                                via_handle_cancel(in.handles[i]);
                via_stream_cancel(in.stream);
                break;
        case START:
                for (int i = 0; i < MORE; i++)
                        conf_Basic_text_async(in.caller->client, "more", NULL, on_text,
                                              &in.more[i]);
                break;
        case STOP:
                host_ask_to_stop(in.host);
                break;
        case KILL:
                kill(in.host->pid, SIGKILL);
                break;
        default:
                usleep(60000);
        }
}

static void on_nothing(void *user, int code, const struct via_error *err) {
        struct told *told = user;

        told->ended++;
        told->code = code;
        CHECK((code == VIA_OK) == (err == NULL));
        if (told->acts)
                act();
}

static void on_ready(void *user, struct via_stream *stream) {
        uint8_t *data;
        size_t n;

        (void)user;
        if (conf_Streams_mirror_read(stream, &n, &data, NULL) != VIA_OK)
                return;
        free(data);
        act();
}

static int twofold(struct via_call *call, uint32_t n, uint32_t *ret_result) {
        (void)call;
        *ret_result = n;
        act();
        return VIA_OK;
}

static const struct conf_Listener_ops listener = { .twofold = twofold };

static void go_to(enum place place, const struct via_call_options *soon) {
        struct via_client *client = in.caller->client;

        switch (place) {
        case ANSWERED:
                in.size = 100;
                conf_Basic_echo_async(client, in.size, pattern(in.size), NULL, on_octets,
                                      &in.first);
                break;
        case NOT_STARTED:
                conf_Basic_text_async(client, "\xff", NULL, on_text, &in.first);
                break;
        case CANCELLED:
                via_handle_cancel(conf_Later_never_async(client, NULL, on_nothing, &in.first));
                break;
        case OVERDUE:
                conf_Later_never_async(client, soon, on_nothing, &in.first);
                break;
        case READY:
                in.first.ended = 1;
                via_stream_on_ready(in.stream, on_ready, NULL);
                CHECK_INT(conf_Streams_mirror_write(in.stream, 1, pattern(1), NULL), ==, VIA_OK);
                break;
        default:
                conf_Listener_serve_client(client, &listener, NULL, NULL);
                conf_Later_ask_async(client, 1, NULL, on_number, &in.first);
                in.first.acts = false;
        }
}

/* Some turns, until all that must end has. */
static void go_on(void) {
        bool ends = in.act != START && in.act != STOP;

        for (int i = 0; i < 2000 && !in.closed; i++) {
                bool all = in.acted && in.first.ended;

                for (int k = 0; k < OTHERS && ends; k++)
                        all = all && in.others[k].ended;
                for (int k = 0; k < MORE && in.act == START; k++)
                        all = all && in.more[k].ended;
                if (all)
                        break;
                caller_poll(in.caller);
                usleep(500);
        }
        CHECK(in.acted);
        CHECK_INT(in.first.ended, ==, 1);
        for (int k = 0; k < OTHERS && (ends || in.closed); k++)
                CHECK_INT(in.others[k].ended, ==, 1);
        for (int k = 0; k < MORE && in.act == START; k++)
                CHECK_INT(in.more[k].ended, ==, 1);
}

/* Whether there is such a place: somebody was told something then. */
static bool one(struct scene *scene, enum place place, enum act what) {
        struct via_call_options soon = { .timeout_ms = 30 }, late = { .timeout_ms = 50 };
        struct caller caller;

        if ((place == READY && scene->caller.driver == BLOCKING) ||
            ((what == KILL || what == STOP) && !scene->host.pid))
                return false;
        scene_open(scene, &caller);
        in = (struct inside){ .caller = &caller, .host = &scene->host, .act = what };
        in.first.acts = true;
        REQUIRE(conf_Streams_mirror_open(caller.client, &in.stream, NULL) == VIA_OK);
        for (int i = 0; i < OTHERS; i++)
                in.handles[i] = conf_Later_never_async(caller.client, what == LATE ? &late : NULL,
                                                       on_nothing, &in.others[i]);
        go_to(place, &soon);
        go_on();
        via_stream_cancel(in.stream);
        conf_Streams_mirror_finish(in.stream, NULL);
        if (in.closed)
                caller_closed(&caller);
        else
                caller_close(&caller);
        for (int k = 0; k < OTHERS; k++)
                CHECK_INT(in.others[k].ended, ==, 1);
        return true;
}

static void everywhere(struct scene *scene, enum act what) {
        for (int place = 0; place < PLACES; place++)
                one(scene, (enum place)place, what);
}

BEHAVIOUR(closing_inside, .shared = true) {
        everywhere(scene, CLOSE);
}

BEHAVIOUR(cancelling_inside, .shared = true) {
        everywhere(scene, CANCEL);
}

BEHAVIOUR(starting_inside, .shared = true) {
        everywhere(scene, START);
}

BEHAVIOUR(being_late_inside, .shared = true) {
        everywhere(scene, LATE);
}

/* A new server each time, in the place of the one that stops or dies. */
static void once_each(struct scene *scene, enum act what) {
        for (int place = 0; place < PLACES && scene->host.pid; place++) {
                if (!one(scene, (enum place)place, what))
                        continue;
                if (what == KILL)
                        host_forget(&scene->host);
                else
                        host_wait(&scene->host);
                host_start(&scene->host, scene->place, NULL);
        }
}

BEHAVIOUR(the_server_stops_inside, .shared = true) {
        caller_close(&scene->caller);
        once_each(scene, STOP);
        scene_open(scene, &scene->caller);
}

BEHAVIOUR(the_server_dies_inside, .shared = true) {
        caller_close(&scene->caller);
        once_each(scene, KILL);
        scene_open(scene, &scene->caller);
}
