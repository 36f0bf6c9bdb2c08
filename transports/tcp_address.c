/*
 * tcp_address.c - addresses of TCP as people write them
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "note.h"
#include "tcp_address.h"

void via_tcp_format(const struct sockaddr *sa, socklen_t size,
                    char ret[static VIA_TCP_ADDRESS_SIZE]) {
        char host[46 + 16 + 1], port[8];        /* with a scope: fe80::1%eth0 */

        *ret = 0;
        if (getnameinfo(sa, size, host, sizeof(host), port, sizeof(port),
                        NI_NUMERICHOST | NI_NUMERICSERV) == 0)
                snprintf(ret, VIA_TCP_ADDRESS_SIZE,
                         sa->sa_family == AF_INET6 ? "[%.52s]:%s" : "%.54s:%s", host, port);
}

int via_tcp_resolve(const struct via_uri *uri, int flags, struct addrinfo **ret_list,
                    struct via_note *note) {
        struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV };
        const char *host = uri->host && *uri->host ? uri->host : NULL;
        char port[16];
        int r;

        if (!uri->host || (*uri->path && strcmp(uri->path, "/") != 0))
                return via_note(note, -EINVAL, "an endpoint of tcp looks like tcp://host:port");
        if (uri->port < 0)
                return via_note(note, -EINVAL, "a port is missing: tcp://host:port");
        if (uri->port == 0 && !(flags & AI_PASSIVE))
                return via_note(note, -EINVAL,
                                "port 0 is for servers: it lets the kernel choose one");
        snprintf(port, sizeof(port), "%d", uri->port);

        hints.ai_flags |= AI_NUMERICHOST;
        r = getaddrinfo(host, port, &hints, ret_list);
        if (r == EAI_NONAME && host) {
                hints.ai_flags ^= AI_NUMERICHOST;
                r = getaddrinfo(host, port, &hints, ret_list);
        }
        switch (r) {
        case 0:
                return 0;
        case EAI_SYSTEM:
                return -errno;
        case EAI_MEMORY:
                return -ENOMEM;
        case EAI_AGAIN:
                return via_note(note, -EHOSTUNREACH,
                                "no name server could be asked for the address of %s", host);
        default:
                return via_note(note, -ENOENT, "no host has the name %s", host ? host : "");
        }
}
