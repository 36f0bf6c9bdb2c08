/*
 * method.c - the number by which a method goes over the wire
 */
#include <via/message.h>

uint64_t via_method_id(const char *name) {
        uint64_t hash = 0xcbf29ce484222325;

        for (; *name; name++) {
                hash ^= (uint8_t)*name;
                hash *= 0x100000001b3;
        }
        return hash;
}
