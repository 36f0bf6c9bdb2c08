/*
 * exec.c - a child that serves on its standard input and output, exec:command arguments…
 *
 * The command is split at spaces, and no shell is asked. 'Single' and "double" quotes hold words
 * together, and a backslash takes the next character for itself, but not inside single quotes.
 * What stands in a URI is escaped besides: %3F for a question mark, which would begin the
 * options. A command without a slash is looked for in $PATH.
 *
 * The child gets descriptors 0, 1 and 2 and no other; 2 is ours, for what it has to say to the
 * user. Its signals are as for any new program: none is blocked or ignored.
 *
 * The child's death is the link's, whoever else has its pipes. Its end is ours to wait for, so
 * that no zombie stays: a link whose child has died picks it up at once. close() is the end of
 * the child's input, upon which it should end, and does so in no time if it is a Via server with
 * nothing left to do. It gets a second for that, then SIGTERM and another second, then SIGKILL.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fd.h"
#include "note.h"
#include "pipe.h"
#include "table.h"

enum { PATIENCE_MS = 1000 };

struct exec_link {
        struct via_pipe_link pipe;              /* first */
        int                  held;              /* the reading end of its input */
        int                  pidfd;
        pid_t                pid;
        bool                 ended;             /* and has been waited for */
};

struct words {
        char  text[VIA_URI_MAX];
        char *argv[VIA_URI_MAX / 2 + 1];
};

static int split(struct words *words, const char *command, struct via_note *note) {
        char *out = words->text, quote = 0;
        size_t n = 0;

        for (const char *c = command;;) {
                while (*c == ' ')
                        c++;
                if (!*c)
                        break;
                words->argv[n++] = out;
                for (; *c && (quote || *c != ' '); c++) {
                        if (quote ? *c == quote : *c == '\'' || *c == '"')
                                quote = quote ? 0 : *c;
                        else if (*c == '\\' && quote != '\'' && c[1])
                                *out++ = *++c;
                        else
                                *out++ = *c;
                }
                if (quote)
                        return via_note(note, -EINVAL, "the quote %c is not closed", quote);
                *out++ = 0;
        }
        words->argv[n] = NULL;
        if (n == 0 || !*words->argv[0])
                return via_note(note, -EINVAL, "a command should follow exec:");
        return 0;
}

/* A pipe whose ends are not 0, 1 or 2, where the child gets its own. */
static int make_pipe(int ends[2]) {
        int low[2], r = 0;

        if (pipe2(low, O_CLOEXEC) < 0)
                return -errno;
        for (int i = 0; i < 2; i++) {
                ends[i] = low[i] > 2 ? low[i] : fcntl(low[i], F_DUPFD_CLOEXEC, 3);
                if (ends[i] < 0)
                        r = -errno;
                if (ends[i] != low[i])
                        close(low[i]);
        }
        if (r) {
                via_fd_drop(&ends[0], 0);
                via_fd_drop(&ends[1], 0);
        }
        return r;
}

static int start(char *const *argv, int in, int out, pid_t *ret_pid) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
        sigset_t none, all;
        int r;

        sigemptyset(&none);
        sigfillset(&all);
        r = posix_spawn_file_actions_init(&actions);
        if (r)
                return -r;
        r = posix_spawnattr_init(&attr);
        if (r) {
                posix_spawn_file_actions_destroy(&actions);
                return -r;
        }
        r = posix_spawn_file_actions_adddup2(&actions, in, 0);
        r = r ? r : posix_spawn_file_actions_adddup2(&actions, out, 1);
        r = r ? r : posix_spawn_file_actions_addclosefrom_np(&actions, 3);
        r = r ? r : posix_spawnattr_setsigmask(&attr, &none);
        r = r ? r : posix_spawnattr_setsigdefault(&attr, &all);
        r = r ? r
              : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        r = r ? r : posix_spawnp(ret_pid, argv[0], &actions, &attr, argv, environ);
        posix_spawnattr_destroy(&attr);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static int explain(const char *command, int r, struct via_note *note) {
        if (r == -ENOENT)
                return via_note(note, r, "there is no command %s%s", command,
                                strchr(command, '/') ? "" : " in $PATH");
        if (r == -EACCES)
                return via_note(note, r, "%s may not be run", command);
        return via_note(note, r, "cannot run %s: %s", command, strerror(-r));
}

/* Whether the child has ended: then it has been waited for, now or before. */
static bool has_ended(struct exec_link *self, int timeout_ms) {
        struct pollfd pfd = { .fd = self->pidfd, .events = POLLIN };

        if (self->ended)
                return true;
        if (poll(&pfd, 1, timeout_ms) <= 0)
                return false;
        /* Unless the application did, or ignores SIGCHLD. */
        waitid(P_PIDFD, (id_t)self->pidfd, NULL, WEXITED | WNOHANG);
        self->ended = true;
        return true;
}

static void end_child(struct exec_link *self) {
        static const int signals[] = { SIGTERM, SIGKILL };

        for (size_t i = 0; i < 2 && !has_ended(self, PATIENCE_MS); i++)
                syscall(SYS_pidfd_send_signal, self->pidfd, signals[i], NULL, 0);
        has_ended(self, PATIENCE_MS);
}

static void exec_close(struct via_link *link) {
        struct exec_link *self = (struct exec_link *)link;

        via_fd_drop(&self->pipe.out, 0);
        via_fd_drop(&self->held, 0);
        VIA_POINT("exec: said goodbye");
        via_fd_drop(&self->pipe.in, 0);
        end_child(self);
        via_fd_drop(&self->pidfd, 0);
}

static int exec_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                        struct via_note *note) {
        struct exec_link *self = (struct exec_link *)link;
        int r = via_note_unless_path(uri, note);
        int to[2], from[2];
        struct words words;

        (void)timeout_ms;
        r = r ? r : split(&words, uri->path, note);
        r = r ? r : make_pipe(to);
        if (r)
                return r;
        r = make_pipe(from);
        if (r) {
                close(to[0]);
                close(to[1]);
                return r;
        }
        VIA_POINT("exec: pipes and no child");
        r = start(words.argv, to[0], from[1], &self->pid);
        VIA_POINT("exec: a child, not yet held");
        close(from[1]);
        if (r == 0) {
                self->pidfd = (int)syscall(SYS_pidfd_open, self->pid, 0);
                if (self->pidfd >= 0) {
                        fcntl(to[1], F_SETFL, O_NONBLOCK);
                        fcntl(from[0], F_SETFL, O_NONBLOCK);
                        via_pipe_sign(to[1]);
                        self->pipe.in = from[0];
                        self->pipe.out = to[1];
                        self->held = to[0];
                        return 0;
                }
                r = -errno;
                kill(self->pid, SIGKILL);
                waitpid(self->pid, NULL, 0);
        } else if (r != -EMFILE && r != -ENFILE && r != -ENOMEM) {
                r = explain(words.argv[0], r, note);
        }
        close(to[0]);
        close(to[1]);
        close(from[0]);
        return r;
}

static int exec_listen(struct via_listener *listener, const struct via_uri *uri,
                       struct via_note *note) {
        (void)listener;
        (void)uri;
        return via_note(note, -EINVAL,
                        "a client starts its server at exec:, which listens at stdio:");
}

static ssize_t exec_recv(struct via_link *link, void *buf, size_t size) {
        struct exec_link *self = (struct exec_link *)link;
        ssize_t n = via_pipe_recv(link, buf, size);

        if (n != -EAGAIN)
                return n;
        if (!has_ended(self, 0))
                return n;
        n = via_pipe_recv(link, buf, size);             /* what it said before that */
        return n == -EAGAIN ? -ECONNRESET : n;
}

static ssize_t exec_send(struct via_link *link, const void *data, size_t size) {
        ssize_t n = via_pipe_send(link, data, size);

        return n == -EAGAIN && has_ended((struct exec_link *)link, 0) ? -EPIPE : n;
}

static int exec_arm(struct via_link *link, int want, struct via_wait *ret_wait) {
        struct exec_link *self = (struct exec_link *)link;
        int r = via_pipe_arm(link, want, ret_wait);

        ret_wait->fds[ret_wait->n_fds++] =
                (struct pollfd){ .fd = self->pidfd, .events = POLLIN };
        return r;
}

/* The child has not been waited for, so its number is still its own. */
static void exec_peer(const struct via_link *link, struct via_peer *ret_peer) {
        const struct exec_link *self = (const struct exec_link *)link;
        struct stat st;
        char path[32];

        snprintf(path, sizeof(path), "/proc/%d", (int)self->pid);
        if (self->ended || stat(path, &st) < 0)
                return;
        *ret_peer = (struct via_peer){
                .known = true, .uid = st.st_uid, .gid = st.st_gid, .pid = self->pid };
}

const struct via_transport via_exec = {
        .scheme = "exec",
        .options = "",
        .form = "exec:command arguments",
        .traits = VIA_ALONE | VIA_YIELD,
        .link_size = sizeof(struct exec_link),
        .listener_size = sizeof(struct via_listener),
        .listen = exec_listen,
        .connect = exec_connect,
        .send = exec_send,
        .recv = exec_recv,
        .recv_wait = via_pipe_recv_wait,
        .arm = exec_arm,
        .peer = exec_peer,
        .close = exec_close,
};
