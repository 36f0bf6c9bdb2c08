#pragma once
/*
 * tcp_address.h - addresses of TCP as people write them
 *
 * The time that getaddrinfo() takes is the resolver's (resolv.conf), not ours to bound; numbers
 * never ask it. Nothing here opens a socket.
 */
#include <netdb.h>
#include <sys/socket.h>
#include <via/transport.h>

enum { VIA_TCP_ADDRESS_SIZE = 64 };             /* as in struct via_peer */

/* "10.0.0.5:4242", "[::1]:4242"; "" if it is none of these. */
void via_tcp_format(const struct sockaddr *sa, socklen_t size,
                    char ret[static VIA_TCP_ADDRESS_SIZE]);

/*
 * All addresses that @uri can mean, for a server (AI_PASSIVE in @flags) or a client; 0, and the
 * list is the caller's to free, or a negative errno with a note.
 */
int  via_tcp_resolve(const struct via_uri *uri, int flags, struct addrinfo **ret_list,
                    struct via_note *note);
