/*
 * lifeline_hello.c - what each end of a lifeline says once
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lifeline_hello.h"

#define MAGIC   0x4c616956u                     /* "ViaL" in memory of this machine's kind */
#define VERSION 1

/* What goes over the socket: never over a network, so as this machine writes numbers. */
struct packet {
        uint32_t      magic, version;
        unsigned char bytes[VIA_HELLO_SIZE];
};

int via_hello_drop(struct via_hello *hello, int r) {
        while (hello->n_fds)
                close(hello->fds[--hello->n_fds]);
        return r;
}

int via_lifeline_say(int fd, const struct via_hello *hello) {
        struct packet packet = { .magic = MAGIC, .version = VERSION };
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(hello->fds))] = { 0 };
        struct iovec iov = { .iov_base = &packet, .iov_len = sizeof(packet) };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
        size_t size = hello->n_fds * sizeof(int);
        ssize_t n;

        memcpy(packet.bytes, hello->bytes, sizeof(packet.bytes));
        if (size) {
                struct cmsghdr *cmsg = (struct cmsghdr *)control;

                *cmsg = (struct cmsghdr){ .cmsg_len = CMSG_LEN(size),
                                          .cmsg_level = SOL_SOCKET,
                                          .cmsg_type = SCM_RIGHTS };
                memcpy(CMSG_DATA(cmsg), hello->fds, size);
                msg.msg_control = control;
                msg.msg_controllen = CMSG_SPACE(size);
        }
        do
                n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EPIPE ? -ECONNRESET : -errno;
        return 0;
}

/* Takes all descriptors out of @msg; those for which there is no room are closed. */
static unsigned take_fds(struct msghdr *msg, struct via_hello *hello) {
        unsigned n = 0;

        for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
                if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t at = 0; at + sizeof(int) <= cmsg->cmsg_len - CMSG_LEN(0);
                     at += sizeof(int)) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(cmsg) + at, sizeof(fd));
                        if (n < VIA_HELLO_FDS)
                                hello->fds[n] = fd;
                        else
                                close(fd);
                        n++;
                }
        }
        hello->n_fds = n < VIA_HELLO_FDS ? n : VIA_HELLO_FDS;
        return n;
}

/*
 * Looks first and takes then: if the descriptors find no room in our table, the packet is still
 * there later. There is space for as many as the kernel ever passes, so that want of room in the
 * table is the one reason why some can be missing.
 */
int via_lifeline_hear(int fd, struct via_hello *ret_hello) {
        enum { MOST = 253 };
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(MOST * sizeof(int))];
        struct packet packet;
        struct iovec iov = { .iov_base = &packet, .iov_len = sizeof(packet) };
        struct msghdr msg;
        ssize_t n;

        /* ECONNRESET comes once: it says that the peer left with something unread. */
        for (int tries = 0; tries < 2; tries++) {
                msg = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1,
                                       .msg_control = control,
                                       .msg_controllen = sizeof(control) };
                do
                        n = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
                while (n < 0 && errno == EINTR);
                if (n >= 0 || errno != ECONNRESET)
                        break;
        }
        if (n < 0)
                return -errno;

        /* A real hello has descriptors or bytes; nothing at all is the end. */
        if (take_fds(&msg, ret_hello) > VIA_HELLO_FDS)
                return via_hello_drop(ret_hello, -EPROTO);
        if (msg.msg_flags & MSG_CTRUNC)
                return via_hello_drop(ret_hello, -EMFILE);
        if (n == 0)
                return via_hello_drop(ret_hello, -ECONNRESET);
        if (n != sizeof(packet) || msg.msg_flags & MSG_TRUNC || packet.magic != MAGIC ||
            packet.version != VERSION)
                return via_hello_drop(ret_hello, -EPROTO);
        memcpy(ret_hello->bytes, packet.bytes, sizeof(ret_hello->bytes));
        if (recv(fd, &packet, sizeof(packet), MSG_DONTWAIT) < 0)
                return via_hello_drop(ret_hello, -errno);
        return 0;
}

int via_lifeline_check(int fd) {
        char waste[64];

        for (int i = 0; i < 16; i++) {
                ssize_t n = recv(fd, waste, sizeof(waste), MSG_DONTWAIT);

                if (n == 0)
                        return -ECONNRESET;
                if (n < 0 && errno != EINTR)
                        return errno == EAGAIN ? 0 : -ECONNRESET;
        }
        return 0;
}
