#ifndef VIA_PEER_H
#define VIA_PEER_H
/*
 * via/peer.h - who is at the other end, as far as the kernel can tell
 *
 * Filled by a transport, read by a handler. It says nothing of what the peer claims about itself.
 */
#include <stdbool.h>
#include <sys/types.h>

struct via_peer {
        bool   known;                   /* whether uid, gid and pid are */
        uid_t  uid;
        gid_t  gid;
        pid_t  pid;
        char   address[64];             /* "10.0.0.5:4242", or "" where a transport has none */
};

#endif
